/* view_real.c: decimal fractions to the nearest double, ties to even.
 *
 * Most numbers have few digits and a small power of ten: both are doubles without an error, and so one multiplication or
 * division rounds right (W. Clinger, "How to read floating point numbers accurately", PLDI 1990). All others go the exact
 * way: a decimal number as an array of digits is halved and doubled until it is between 1/2 and 1, which gives the
 * exponent, and then multiplied by 2^53, which gives the digits of the result and what decides the rounding (the
 * method of Ken Thompson's and Rob Pike's Plan 9 library and of Go's strconv). 800 digits are kept, more than the 767
 * that can matter; that something other than 0 followed is remembered. */
#include <string.h>

#include "vmemrt/view.h"

#define MOST_DIGITS 800
#define MOST_SHIFT 50 /* bits at once: 10 times 2^50 fits in 64 bits with a carry */
#define EXPONENT_CAP 100000

typedef struct decimal {
  uint8_t digits[MOST_DIGITS]; /* 0.d0 d1 d2 ... times 10^point */
  int count, point;
  bool has_more; /* digits that were dropped, not all 0 */
  bool is_negative;
} decimal;

/* ---- reading ---- */

static bool is_digit(vmr_view view, size_t at) {
  return at < view.length && view.data[at] >= '0' && view.data[at] <= '9';
}

static void add_digit(decimal *number, unsigned digit) {
  if (digit == 0 && number->count == 0) return;
  if (number->count < MOST_DIGITS) {
    number->digits[number->count++] = (uint8_t)digit;
  } else if (digit != 0) {
    number->has_more = true;
  }
}

static void drop_zeros(decimal *number) {
  while (number->count != 0 && number->digits[number->count - 1] == 0) number->count--;
  if (number->count == 0) number->point = 0;
}

/* The digits and the point; false when there is no digit. `at` is moved behind them. */
static bool read_digits(vmr_view view, size_t *at, decimal *number, int64_t *point) {
  size_t digits = 0;
  for (; is_digit(view, *at); ++*at, digits++) {
    if (number->count != 0 || view.data[*at] != '0') ++*point;
    add_digit(number, (unsigned)(view.data[*at] - '0'));
  }
  if (*at < view.length && view.data[*at] == '.') {
    for (++*at; is_digit(view, *at); ++*at, digits++) {
      if (number->count == 0 && view.data[*at] == '0') --*point;
      add_digit(number, (unsigned)(view.data[*at] - '0'));
    }
  }
  return digits != 0;
}

static bool read_exponent(vmr_view view, size_t *at, int64_t *point) {
  int64_t exponent = 0;
  bool is_negative = *at + 1 < view.length && view.data[*at + 1] == '-';
  bool is_signed = is_negative || (*at + 1 < view.length && view.data[*at + 1] == '+');
  *at += is_signed ? 2 : 1;
  if (!is_digit(view, *at)) return false;
  for (; is_digit(view, *at); ++*at) {
    if (exponent < INT64_MAX / 100) exponent = exponent * 10 + (view.data[*at] - '0');
  }
  *point += is_negative ? -exponent : exponent;
  return true;
}

static vmr_status read_decimal(vmr_view view, decimal *number, size_t *where) {
  int64_t point = 0;
  size_t at = 0;
  number->count = 0;
  number->has_more = false;
  number->is_negative = view.length != 0 && view.data[0] == '-';
  if (number->is_negative || (view.length != 0 && view.data[0] == '+')) at++;
  bool is_good = read_digits(view, &at, number, &point);
  if (is_good && at < view.length && (view.data[at] == 'e' || view.data[at] == 'E'))
    is_good = read_exponent(view, &at, &point);
  if (!is_good || at != view.length) {
    if (where != NULL) *where = at;
    return VMR_NOT_A_NUMBER;
  }
  number->point = point > EXPONENT_CAP ? EXPONENT_CAP : point < -EXPONENT_CAP ? -EXPONENT_CAP : (int)point;
  drop_zeros(number);
  return VMR_OK;
}

/* ---- the short way ---- */

static bool convert_exactly(const decimal *number, double *value) {
  static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                  1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
  int power = number->point - number->count;
  uint64_t digits = 0;
#if defined(__FLT_EVAL_METHOD__) && __FLT_EVAL_METHOD__ != 0
  return false; /* more than a double's digits are kept between operations: they would be rounded twice */
#endif
  if (number->count > 15 || power < -22 || power > 22) return false;
  for (int i = 0; i < number->count; i++) digits = digits * 10 + number->digits[i];
  *value = power < 0 ? (double)digits / powers[-power] : (double)digits * powers[power];
  return true;
}

/* ---- the exact way ---- */

static void multiply(decimal *number, unsigned bits) {
  uint8_t result[MOST_DIGITS + 20];
  uint64_t carry = 0;
  int at = number->count + 20, end = at;
  for (int i = number->count - 1; i >= 0; i--) {
    carry += (uint64_t)number->digits[i] << bits;
    result[--at] = (uint8_t)(carry % 10);
    carry /= 10;
  }
  for (; carry != 0; carry /= 10) result[--at] = (uint8_t)(carry % 10);
  number->point += end - at - number->count;
  number->count = 0;
  for (; at < end; at++) add_digit(number, result[at]);
  drop_zeros(number);
}

static void divide(decimal *number, unsigned bits) {
  uint64_t rest = 0, mask = ((uint64_t)1 << bits) - 1;
  int in = 0, old_count = number->count, skipped = 0;
  number->count = 0;
  for (; in < old_count || rest != 0; in++) {
    rest = rest * 10 + (in < old_count ? number->digits[in] : 0);
    unsigned digit = (unsigned)(rest >> bits);
    rest &= mask;
    if (number->count == 0 && digit == 0) skipped++;
    add_digit(number, digit); /* never overtakes the reading: one digit out for each one in */
    if (number->count == MOST_DIGITS && in >= old_count && rest != 0) {
      number->has_more = true;
      break;
    }
  }
  number->point -= skipped;
  drop_zeros(number);
}

/* Times two to the power of `bits`. */
static void shift(decimal *number, int bits) {
  int left = bits < 0 ? -bits : bits;
  while (left > 0) {
    int step = left < MOST_SHIFT ? left : MOST_SHIFT;
    if (bits > 0) {
      multiply(number, (unsigned)step);
    } else {
      divide(number, (unsigned)step);
    }
    left -= step;
  }
}

/* The nearest whole number, of one that is below 2^54. */
static uint64_t round_to_even(const decimal *number) {
  uint64_t whole = 0;
  for (int i = 0; i < number->point; i++) whole = whole * 10 + (i < number->count ? number->digits[i] : 0);
  if (number->point < 0 || number->point >= number->count) return whole;
  unsigned next = number->digits[number->point];
  bool is_half = next == 5 && number->point + 1 == number->count && !number->has_more;
  return whole + (is_half ? (whole & 1) : next >= 5);
}

/* How many bits a number of `point` digits is moved at least: 10^point >= 2^bits. */
static int bits_of(int point) { return point < 1 ? 1 : point > 16 ? MOST_SHIFT : point * 3; }

/* The bits of the nearest double, without the sign; all of the exponent for one that is too large. */
static uint64_t convert(decimal *number) {
  const uint64_t infinity = (uint64_t)0x7ff << 52;
  int exponent = 0;
  if (number->count == 0 || number->point < -330) return 0;
  if (number->point > 310) return infinity;
  while (number->point > 0) {
    int bits = bits_of(number->point);
    shift(number, -bits);
    exponent += bits;
  }
  while (number->point < 0 || number->digits[0] < 5) { /* below 1/2 */
    int bits = number->point < 0 ? bits_of(-number->point) : 1;
    shift(number, bits);
    exponent -= bits;
  }
  exponent--; /* now it is the exponent of a number from 1 to 2 */
  if (exponent < -1022) {
    shift(number, exponent + 1022);
    exponent = -1022;
  }
  shift(number, 53);
  uint64_t digits = round_to_even(number);
  if (digits == (uint64_t)1 << 53) {
    digits >>= 1;
    exponent++;
  }
  if (exponent > 1023) return infinity;
  if (digits < (uint64_t)1 << 52) return digits; /* subnormal */
  return (uint64_t)(exponent + 1023) << 52 | (digits & (((uint64_t)1 << 52) - 1));
}

vmr_status vmr_view_parse_f64(vmr_view view, double *number, size_t *where) {
  if (number == NULL) return VMR_INVALID_ARGUMENT;
  decimal read;
  double value = 0;
  vmr_status status = read_decimal(view, &read, where);
  if (status != VMR_OK) return status;
  if (!convert_exactly(&read, &value)) {
    bool is_zero = read.count == 0;
    uint64_t bits = convert(&read);
    memcpy(&value, &bits, sizeof value);
    if (bits >> 52 == 0x7ff || (bits == 0 && !is_zero)) status = VMR_OUT_OF_RANGE;
  }
  *number = read.is_negative ? -value : value;
  return status;
}
