/* real.c: see real.h. Numbers with few digits are read and written exactly by one multiplication or division: digits
 * below 2^53 and powers of ten up to 10^22 are doubles themselves, so that the one operation rounds correctly
 * (W. D. Clinger, "How to read floating point numbers accurately", PLDI 1990). strtod and printf do the rest; both use
 * the locale's decimal point, which is exchanged for a point. */
#include "support/real.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_BYTES = 1000 }; /* no number needs more */

static const double powers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

static const char *locale_point(void) {
  const struct lconv *conventions = localeconv();
  return conventions->decimal_point[0] == '\0' ? "." : conventions->decimal_point;
}

/* 1.5, 0.25, 100.0: digits and a point, at most 15 of them. */
static bool read_short(const char *text, size_t length, double *number) {
  uint64_t digits = 0;
  size_t after_point = 0;
  bool seen_point = false;
  if (length > 16) return false;
  for (size_t i = 0; i < length; i++) {
    if (text[i] == '.') {
      seen_point = true;
    } else {
      if (text[i] < '0' || text[i] > '9') return false;
      digits = digits * 10 + (uint64_t)(text[i] - '0');
      after_point += seen_point;
    }
  }
  if (!seen_point) return false;
  *number = (double)digits / powers[after_point];
  return true;
}

bool vmo_read_real(const char *text, size_t length, double *number) {
  if (read_short(text, length, number)) return true;
  char copy[MOST_BYTES + 16];
  const char *point = locale_point(), *found = memchr(text, '.', length);
  if (length > MOST_BYTES || strlen(point) > 8) return false;
  size_t whole = found == NULL ? length : (size_t)(found - text);
  size_t rest = length - whole - (found != NULL);
  snprintf(copy, sizeof copy, "%.*s%s%.*s", (int)whole, text, found == NULL ? "" : point, (int)rest,
           text + length - rest);
  *number = strtod(copy, NULL);
  return isfinite(*number);
}

static size_t count_digits(const char *text, size_t length) {
  size_t count = 0;
  while (count < length && text[count] >= '0' && text[count] <= '9') count++;
  return count;
}

/* Whether the text is digits, a point with digits, an exponent; of the first two one may be missing. */
static bool is_decimal(const char *text, size_t length) {
  size_t whole = count_digits(text, length), at = whole, part = 0;
  if (at < length && text[at] == '.') {
    part = count_digits(text + at + 1, length - at - 1);
    at += 1 + part;
  }
  if (whole + part == 0) return false;
  if (at == length) return true;
  if (text[at] != 'e' && text[at] != 'E') return false;
  at++;
  if (at < length && (text[at] == '-' || text[at] == '+')) at++;
  size_t exponent = count_digits(text + at, length - at);
  return exponent > 0 && at + exponent == length;
}

bool vmo_parse_real(const char *text, size_t length, double *number) {
  bool negative = length > 0 && text[0] == '-';
  if (length > 0 && (text[0] == '-' || text[0] == '+')) {
    text++;
    length--;
  }
  if (length == 3 && memcmp(text, "inf", 3) == 0)
    *number = (double)INFINITY;
  else if (length == 3 && memcmp(text, "nan", 3) == 0)
    *number = (double)NAN;
  else if (!is_decimal(text, length) || !vmo_read_real(text, length, number))
    return false;
  if (negative) *number = -*number;
  return true;
}

/* Numbers below 10^9 with at most 6 digits after the point. */
static bool print_short(vmo_text *out, double number) {
  double magnitude = fabs(number);
  if (!(magnitude < 1e9) || (magnitude < 1e-4 && magnitude > 0) || signbit(number) != (number < 0)) return false;
  for (int digits = 1; digits <= 6; digits++) {
    uint64_t whole = (uint64_t)(magnitude * powers[digits] + 0.5);
    if ((double)whole / powers[digits] != magnitude) continue;
    char text[32];
    size_t at = sizeof text;
    for (int i = 0; i < digits; i++, whole /= 10) text[--at] = (char)('0' + whole % 10);
    text[--at] = '.';
    do {
      text[--at] = (char)('0' + whole % 10);
      whole /= 10;
    } while (whole > 0);
    if (number < 0) text[--at] = '-';
    vmo_text_add_bytes(out, text + at, sizeof text - at);
    return true;
  }
  return false;
}

static void print_finite(vmo_text *out, double number) {
  if (print_short(out, number)) return;
  char digits[64];
  const char *point = locale_point();
  for (int precision = 15; precision <= 17; precision++) {
    snprintf(digits, sizeof digits, "%.*g", precision, number);
    if (strtod(digits, NULL) == number) break;
  }
  char *found = strstr(digits, point);
  if (found != NULL) {
    vmo_text_add_bytes(out, digits, (size_t)(found - digits));
    vmo_text_add_char(out, '.');
    vmo_text_add(out, found + strlen(point));
  } else {
    vmo_text_add(out, digits);
    if (strchr(digits, 'e') == NULL) vmo_text_add(out, ".0");
  }
}

void vmo_print_real(vmo_text *out, double number) {
  if (isnan(number))
    vmo_text_add(out, "nan");
  else if (isinf(number))
    vmo_text_add(out, number < 0 ? "-inf" : "inf");
  else
    print_finite(out, number);
}
