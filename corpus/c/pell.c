/* Pell's equation, x * x = n * y * y + 1, by the continued fraction of the root of n. Numbers of any length have a count of who
 * holds them, that begins with 0: who is handed a number holds it while it works, and drops it then, so that what nobody else
 * holds is freed there; a result is held by whoever sets a variable to it. That is the convention of D. Barrett's cfrac (1987). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BASE = 10000 };

typedef struct number {
  unsigned short holders, length;
  unsigned short digits[]; /* least first; the last is not zero, but of zero itself */
} number;

#define HOLD(n) ((void)(n)->holders++)
#define DROP(n) ((void)(--(n)->holders == 0 ? dispose(n) : 0))
#define RESULT(n) ((n)->holders--, (n))

static int dispose(number *n) {
  free(n);
  return 0;
}

static number *create(int length) {
  number *n = malloc(sizeof *n + (size_t)length * sizeof n->digits[0]);
  if (n == NULL) exit(1);
  n->holders = 1;
  n->length = (unsigned short)length;
  return n;
}

static void set(number **to, number *n) {
  number *old = *to;
  HOLD(n);
  *to = n;
  if (old != NULL) DROP(old);
}

static void trim(number *n) {
  while (n->length > 1 && n->digits[n->length - 1] == 0) n->length--;
}

static number *small(unsigned value) {
  number *n = create(3);
  for (int i = 0; i < 3; i++, value /= BASE) n->digits[i] = (unsigned short)(value % BASE);
  trim(n);
  return RESULT(n);
}

static number *sum(number *a, number *b) {
  HOLD(a);
  HOLD(b);
  int length = a->length > b->length ? a->length : b->length;
  number *n = create(length + 1);
  unsigned carry = 0;
  for (int i = 0; i <= length; i++) {
    carry += (i < a->length ? a->digits[i] : 0u) + (i < b->length ? b->digits[i] : 0u);
    n->digits[i] = (unsigned short)(carry % BASE);
    carry /= BASE;
  }
  trim(n);
  DROP(a);
  DROP(b);
  return RESULT(n);
}

static number *product(number *a, number *b) {
  HOLD(a);
  HOLD(b);
  number *n = create(a->length + b->length);
  memset(n->digits, 0, n->length * sizeof n->digits[0]);
  for (int i = 0; i < a->length; i++) {
    unsigned carry = 0;
    for (int k = 0; k < b->length || carry > 0; k++) {
      carry += n->digits[i + k] + (k < b->length ? (unsigned)a->digits[i] * b->digits[k] : 0u);
      n->digits[i + k] = (unsigned short)(carry % BASE);
      carry /= BASE;
    }
  }
  trim(n);
  DROP(a);
  DROP(b);
  return RESULT(n);
}

static int compare(number *a, number *b) {
  int order = 0;
  HOLD(a);
  HOLD(b);
  if (a->length != b->length) order = a->length < b->length ? -1 : 1;
  for (int i = a->length; i-- > 0 && order == 0;)
    if (a->digits[i] != b->digits[i]) order = a->digits[i] < b->digits[i] ? -1 : 1;
  DROP(a);
  DROP(b);
  return order;
}

static void print(const char *name, number *n) {
  char *text = malloc(4 * (size_t)n->length + 1); // local
  if (text == NULL) exit(1);
  int at = sprintf(text, "%d", n->digits[n->length - 1]);
  for (int i = n->length - 1; i-- > 0;) at += sprintf(text + at, "%04d", n->digits[i]);
  printf(" %s %s", name, text);
  free(text);
}

/* Whether x and y solve it. */
static int solves(unsigned n, number *x, number *y) {
  number *factor = NULL, *left = NULL, *right = NULL;
  set(&factor, small(n));
  set(&left, product(x, x));
  set(&right, sum(product(factor, product(y, y)), small(1)));
  int same = compare(left, right) == 0;
  DROP(factor);
  DROP(left);
  DROP(right);
  return same;
}

static void solve(unsigned n) {
  unsigned root = 0, m = 0, d = 1, a;
  number *x = NULL, *y = NULL, *last_x = NULL, *last_y = NULL;
  while ((root + 1) * (root + 1) <= n) root++;
  if (root * root == n) return;
  set(&last_x, small(1));
  set(&last_y, small(0));
  set(&x, small(root));
  set(&y, small(1));
  for (a = root; !solves(n, x, y);) {
    number *next = NULL;
    m = d * a - m;
    d = (n - m * m) / d;
    a = (root + m) / d;
    set(&next, sum(product(small(a), x), last_x));
    set(&last_x, x);
    set(&x, next);
    set(&next, sum(product(small(a), y), last_y));
    set(&last_y, y);
    set(&y, next);
    DROP(next);
  }
  printf("%u:", n);
  print("x", x);
  print("y", y);
  printf("\n");
  DROP(x);
  DROP(y);
  DROP(last_x);
  DROP(last_y);
}

/* The argument is how far n goes. */
int main(int count, char **arguments) {
  unsigned most = count > 1 ? (unsigned)atoi(arguments[1]) : 120;
  for (unsigned n = 2; n <= most; n++) solve(n);
  return 0;
}
