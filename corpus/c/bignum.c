/* bignum.c: numbers of any length, reference counted; factorials, powers and a root by scratch numbers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct number {
  int length, references;
  unsigned char *digits; /* base 10, least first */
} number;

static void *xmalloc(size_t bytes) {
  void *memory = malloc(bytes); // local
  if (memory == NULL) {
    fprintf(stderr, "out of memory\n");
    exit(1);
  }
  return memory;
}

static number *new_number(int length) {
  number *n = xmalloc(sizeof *n);
  n->length = length;
  n->references = 1;
  n->digits = xmalloc((size_t)length);
  memset(n->digits, 0, (size_t)length);
  return n;
}

static void free_number(number **n) {
  if (*n == NULL) return;
  if (--(*n)->references == 0) {
    free((*n)->digits);
    free(*n);
  }
  *n = NULL;
}

static void trim(number *n) {
  while (n->length > 1 && n->digits[n->length - 1] == 0) n->length--;
}

static number *from_long(long value) {
  number *n = new_number(20);
  for (int i = 0; i < 20; i++, value /= 10) n->digits[i] = (unsigned char)(value % 10);
  trim(n);
  return n;
}

static number *multiply(const number *a, const number *b) {
  number *product = new_number(a->length + b->length);
  for (int i = 0; i < a->length; i++) {
    int carry = 0;
    for (int k = 0; k < b->length || carry > 0; k++) {
      int digit = product->digits[i + k] + carry + (k < b->length ? a->digits[i] * b->digits[k] : 0);
      product->digits[i + k] = (unsigned char)(digit % 10);
      carry = digit / 10;
    }
  }
  trim(product);
  return product;
}

static number *add(const number *a, const number *b) {
  int length = a->length > b->length ? a->length : b->length, carry = 0;
  number *sum = new_number(length + 1);
  for (int i = 0; i <= length; i++) {
    carry += (i < a->length ? a->digits[i] : 0) + (i < b->length ? b->digits[i] : 0);
    sum->digits[i] = (unsigned char)(carry % 10);
    carry /= 10;
  }
  trim(sum);
  return sum;
}

static int compare(const number *a, const number *b) {
  if (a->length != b->length) return a->length < b->length ? -1 : 1;
  for (int i = a->length; i-- > 0;)
    if (a->digits[i] != b->digits[i]) return a->digits[i] < b->digits[i] ? -1 : 1;
  return 0;
}

static void print(const char *name, const number *n) {
  char *text = malloc((size_t)n->length + 1); // local
  for (int i = 0; i < n->length; i++) text[i] = (char)('0' + n->digits[n->length - 1 - i]);
  text[n->length] = '\0';
  printf("%s %s\n", name, text);
  free(text);
}

static number *factorial(int count) {
  number *result = from_long(1);
  for (int i = 2; i <= count; i++) {
    number *factor = from_long(i), *next = multiply(result, factor);
    free_number(&factor);
    free_number(&result);
    result = next;
  }
  return result;
}

/* The largest whole number whose square is at most n. */
static long root(const number *n) {
  long low = 0, high = 3000000000;
  while (high - low > 1) {
    long middle = low + (high - low) / 2;
    number *guess = from_long(middle);
    number *square = multiply(guess, guess);
    if (compare(square, n) <= 0) {
      low = middle;
    } else {
      high = middle;
    }
    free_number(&square);
    free_number(&guess);
  }
  return low;
}

static void print_factorial(int of) {
  number *n = factorial(of);
  print("factorial", n);
  free_number(&n);
}

/* Sums of many small products, which is what a calculator makes of a long program. */
static void add_products(int rounds) {
  number *sum = from_long(0);
  for (int i = 1; i <= rounds; i++) {
    number *a = from_long(i), *b = from_long(i % 1000), *product = multiply(a, b), *next = add(sum, product);
    free_number(&a);
    free_number(&b);
    free_number(&product);
    free_number(&sum);
    sum = next;
  }
  print("sum", sum);
  free_number(&sum);
}

/* The argument is a number of products that are summed. */
int main(int count, char **arguments) {
  if (count > 1) {
    add_products(atoi(arguments[1]));
    return 0;
  }
  for (int i = 1; i <= 40; i += 13) print_factorial(i);
  number *two = from_long(2), *power = from_long(1);
  for (int i = 0; i < 60; i++) {
    number *next = multiply(power, two);
    free_number(&power);
    power = next;
  }
  print("power", power);
  printf("root %ld\n", root(power));
  free_number(&power);
  free_number(&two);
  return 0;
}
