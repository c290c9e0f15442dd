/* Factors of whole numbers of any length by Pollard's method (1975); numbers are counted by reference and of base 2^16,
 * with division as in Knuth, The Art of Computer Programming 2, 4.3.1, algorithm D. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct number {
  short references;
  unsigned short length;
  unsigned short digits[]; /* least first; none of zero */
} number;

static number *create(int length) {
  number *n = malloc(sizeof *n + (size_t)length * sizeof n->digits[0]);
  if (n == NULL) exit(1);
  n->references = 1;
  n->length = (unsigned short)length;
  memset(n->digits, 0, (size_t)length * sizeof n->digits[0]);
  return n;
}

static number *share(number *n) {
  n->references++;
  return n;
}

static void release(number *n) {
  if (--n->references == 0) free(n);
}

static void set(number **to, number *n) {
  release(*to);
  *to = n;
}

static number *trimmed(number *n) {
  while (n->length > 0 && n->digits[n->length - 1] == 0) n->length--;
  return n;
}

static number *small(unsigned value) {
  number *n = create(1);
  n->digits[0] = (unsigned short)value;
  return trimmed(n);
}

static int compare(const number *a, const number *b) {
  if (a->length != b->length) return a->length < b->length ? -1 : 1;
  for (int i = a->length; i-- > 0;)
    if (a->digits[i] != b->digits[i]) return a->digits[i] < b->digits[i] ? -1 : 1;
  return 0;
}

static number *multiply_add(const number *a, unsigned by, unsigned more) {
  number *n = create(a->length + 1);
  unsigned long carry = more;
  for (int i = 0; i < a->length; i++) {
    carry += (unsigned long)a->digits[i] * by;
    n->digits[i] = (unsigned short)carry;
    carry >>= 16;
  }
  n->digits[a->length] = (unsigned short)carry;
  return trimmed(n);
}

static number *multiply(const number *a, const number *b) {
  number *n = create(a->length + b->length);
  for (int i = 0; i < a->length; i++) {
    unsigned carry = 0;
    for (int k = 0; k < b->length || carry != 0; k++) {
      carry += n->digits[i + k] + (k < b->length ? (unsigned)a->digits[i] * b->digits[k] : 0);
      n->digits[i + k] = (unsigned short)carry;
      carry >>= 16;
    }
  }
  return trimmed(n);
}

static number *difference(const number *a, const number *b) {
  if (compare(a, b) < 0) return difference(b, a);
  number *n = create(a->length);
  int borrow = 0;
  for (int i = 0; i < a->length; i++) {
    int digit = a->digits[i] - (i < b->length ? b->digits[i] : 0) - borrow;
    borrow = digit < 0;
    n->digits[i] = (unsigned short)digit;
  }
  return trimmed(n);
}

static unsigned remainder_small(const number *a, unsigned by, number *quotient) {
  unsigned long rest = 0;
  for (int i = a->length; i-- > 0;) {
    rest = rest << 16 | a->digits[i];
    if (quotient != NULL) quotient->digits[i] = (unsigned short)(rest / by);
    rest %= by;
  }
  return (unsigned)rest;
}

/* Subtracts times * by from the digits at `at`; gives whether that was too much. */
static int subtract_times(unsigned short *at, const number *by, unsigned times) {
  unsigned long carry = 0;
  for (int i = 0; i <= by->length; i++) {
    unsigned long part = carry + (i < by->length ? (unsigned long)by->digits[i] * times : 0);
    unsigned below = (unsigned)at[i] - (unsigned)(part & 0xffff);
    at[i] = (unsigned short)below;
    carry = (part >> 16) + (below >> 16 != 0);
  }
  return carry != 0;
}

static void add_back(unsigned short *at, const number *by) {
  unsigned carry = 0;
  for (int i = 0; i < by->length; i++) {
    carry += (unsigned)at[i] + by->digits[i];
    at[i] = (unsigned short)carry;
    carry >>= 16;
  }
  at[by->length] = (unsigned short)(at[by->length] + carry);
}

/* The digit of the quotient at a place, which is then taken off. */
static unsigned take_digit(unsigned short *at, const number *by) {
  int n = by->length;
  unsigned long high = (unsigned long)at[n] << 16 | at[n - 1], first = by->digits[n - 1];
  unsigned long guess = high / first, left = high % first;
  while (left <= 65535 && (guess > 65535 || guess * by->digits[n - 2] > (left << 16 | at[n - 2])))
    guess--, left += first;
  if (subtract_times(at, by, (unsigned)guess)) {
    add_back(at, by);
    guess--;
  }
  return (unsigned)guess;
}

/* a modulo by; the quotient too, if it is wanted. */
static number *divide(const number *a, const number *by, number **quotient) {
  number *digits = create(a->length);
  number *rest = NULL;
  if (by->length == 1) {
    rest = small(remainder_small(a, by->digits[0], digits));
  } else {
    unsigned scale = 65536u / (by->digits[by->length - 1] + 1u);
    number *divisor = multiply_add(by, scale, 0), *wide = multiply_add(a, scale, 0);
    rest = create(a->length + 2);
    memcpy(rest->digits, wide->digits, wide->length * sizeof wide->digits[0]);
    for (int k = a->length - divisor->length; k >= 0; k--)
      digits->digits[k] = (unsigned short)take_digit(rest->digits + k, divisor);
    remainder_small(rest, scale, rest);
    release(divisor);
    release(wide);
  }
  if (quotient != NULL) *quotient = share(trimmed(digits));
  release(digits);
  return trimmed(rest);
}

static number *product_modulo(const number *a, const number *b, const number *n) {
  number *wide = multiply(a, b), *rest = divide(wide, n, NULL);
  release(wide);
  return rest;
}

static number *step(const number *x, unsigned more, const number *n) {
  number *square = multiply(x, x), *wide = multiply_add(square, 1, more), *rest = divide(wide, n, NULL);
  release(square);
  release(wide);
  return rest;
}

static number *common_divisor(number *a, number *b) {
  share(a);
  share(b);
  while (b->length > 0) {
    number *rest = divide(a, b, NULL);
    release(a);
    a = b;
    b = rest;
  }
  release(b);
  return a;
}

static int is_small(const number *n, unsigned value) {
  return n->length == (value > 0) && (value == 0 || n->digits[0] == value);
}

/* Fermat's test to one base. */
static int may_be_prime(const number *n, unsigned base) {
  number *one = small(1), *power = small(1), *factor = small(base), *left = difference(n, one);
  for (int bit = 0; bit < 16 * left->length; bit++) {
    if (left->digits[bit / 16] >> (bit % 16) & 1) set(&power, product_modulo(power, factor, n));
    set(&factor, product_modulo(factor, factor, n));
  }
  int result = is_small(power, 1);
  release(one);
  release(power);
  release(factor);
  release(left);
  return result;
}

/* A divisor by the cycle of x * x + more, or n itself. */
static number *find(number *n, unsigned more) {
  number *slow = small(2), *fast = small(2), *product = small(1), *found = small(1);
  for (int i = 1; is_small(found, 1); i++) {
    set(&slow, step(slow, more, n));
    set(&fast, step(fast, more, n));
    set(&fast, step(fast, more, n));
    number *apart = difference(slow, fast);
    set(&product, product_modulo(product, apart, n));
    release(apart);
    if (i % 32 == 0) set(&found, common_divisor(product, n));
  }
  release(slow);
  release(fast);
  release(product);
  return found;
}

static void print(const number *n) {
  char text[400];
  int at = sizeof text - 1;
  number *left = multiply_add(n, 1, 0);
  text[at] = '\0';
  while (left->length > 0 && at > 0) {
    text[--at] = (char)('0' + remainder_small(left, 10, left));
    trimmed(left);
  }
  release(left);
  printf(" %s", text + at);
}

static void factor(number *n) {
  if (is_small(n, 1)) return;
  if (may_be_prime(n, 2) && may_be_prime(n, 3)) {
    print(n);
    return;
  }
  number *divisor = share(n), *other = NULL;
  for (unsigned more = 1; compare(divisor, n) == 0; more++) set(&divisor, find(n, more));
  release(divide(n, divisor, &other));
  factor(divisor);
  factor(other);
  release(divisor);
  release(other);
}

static number *from_text(const char *text) {
  number *n = small(0);
  for (; *text >= '0' && *text <= '9'; text++) set(&n, multiply_add(n, 10, (unsigned)(*text - '0')));
  return n;
}

static void show(const char *text) {
  number *n = from_text(text);
  if (n->length == 0) exit(1);
  printf("%s:", text);
  for (unsigned by = 2; by < 2000; by++) {
    while (remainder_small(n, by, NULL) == 0) {
      number *quotient = create(n->length);
      remainder_small(n, by, quotient);
      set(&n, trimmed(quotient));
      printf(" %u", by);
    }
  }
  factor(n);
  printf("\n");
  release(n);
}

/* The arguments are the numbers. */
int main(int count, char **arguments) {
  static const char *const numbers[] = {
      "1",
      "97",
      "65535",
      "1000000007",
      "8616460799",
      "4295229443",
      "1000036000099",
      "18446744073709551615",
      "340282366920938463463374607431768211455",
  };
  for (int i = 1; i < count; i++) show(arguments[i]);
  for (size_t i = 0; count < 2 && i < sizeof numbers / sizeof numbers[0]; i++) show(numbers[i]);
  return 0;
}
