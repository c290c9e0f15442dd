/* depth.c: temporaries of functions that call themselves: a sort with scratch arrays, a recursion 10,000 frames deep whose
 * objects would not fit on the stack together, functions that call each other, walks through a table of functions, and
 * ones that are left by longjmp. */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *get(size_t bytes) {
  void *memory = malloc(bytes); // local
  if (memory == NULL) exit(1);
  return memory;
}

static void sort(int *values, int count) {
  if (count < 2) return;
  int half = count / 2;
  int *left = malloc((size_t)half * sizeof *left);             // local
  int *right = malloc((size_t)(count - half) * sizeof *right); // local
  if (left == NULL || right == NULL) exit(1);
  memcpy(left, values, (size_t)half * sizeof *left);
  memcpy(right, values + half, (size_t)(count - half) * sizeof *right);
  sort(left, half);
  sort(right, count - half);
  for (int i = 0, j = 0, k = 0; k < count; k++)
    values[k] = j == count - half || (i < half && left[i] <= right[j]) ? left[i++] : right[j++];
  free(left);
  free(right);
}

/* Each frame begins with what the one above it made. */
enum { WORDS = 125 };
static long descend(const long *above, int depth) {
  long *mine = malloc(WORDS * sizeof *mine); // local
  if (mine == NULL) exit(1);
  memcpy(mine, above, WORDS * sizeof *mine);
  mine[depth % WORDS] += depth;
  long sum = depth > 0 ? descend(mine, depth - 1) : 0;
  sum += mine[(depth + 1) % WORDS] % 7;
  free(mine);
  return sum;
}

/* A grammar of sums and products in brackets: text is read by functions that call each other. */
typedef struct reader {
  const char *at;
  int deepest, depth;
} reader;

static long read_sum(reader *r);

static long read_factor(reader *r) {
  if (*r->at == '(') {
    r->at++;
    long value = read_sum(r);
    r->at++;
    return value;
  }
  char *digits = get(24);
  int count = 0;
  while (*r->at >= '0' && *r->at <= '9' && count < 23) digits[count++] = *r->at++;
  digits[count] = '\0';
  char *end = NULL;
  long value = strtol(digits, &end, 10);
  if (end != digits + count) value = -1;
  free(digits);
  return value;
}

static long read_sum(reader *r) {
  long *terms = calloc(16, sizeof *terms); // local
  int count = 0;
  long sum = 0;
  if (terms == NULL) exit(1);
  if (++r->depth > r->deepest) r->deepest = r->depth;
  do {
    if (count > 0) r->at++;
    terms[count] = read_factor(r);
    while (*r->at == '*') {
      r->at++;
      terms[count] = (long)((unsigned long)terms[count] * (unsigned long)read_factor(r)) & 0xffffff;
    }
    count++;
  } while (*r->at == '+' && count < 16);
  for (int i = 0; i < count; i++) sum += terms[i];
  r->depth--;
  free(terms);
  return sum & 0xffffff;
}

/* Through a table, with a list that grows. */
typedef long (*step)(int depth);
static long twice(int depth);
static long thrice(int depth);
static const step steps[] = {twice, thrice};

static long twice(int depth) {
  if (depth == 0) return 1;
  int *list = NULL, room = 0;
  long sum = 0;
  for (int i = 0; i < 10; i++) {
    if (i >= room) {
      room = room * 2 + 1;
      list = realloc(list, (size_t)room * sizeof *list); // local
      if (list == NULL) exit(1);
    }
    list[i] = i * depth;
  }
  for (int i = 0; i < 2; i++) sum += steps[(depth + i) % 2](depth - 1) + list[i * 4];
  free(list);
  return sum;
}

static long thrice(int depth) {
  if (depth == 0) return 2;
  long sum = 0;
  for (int i = 0; i < 3; i++) {
    long *one = malloc(sizeof *one); // local
    if (one == NULL) exit(1);
    *one = steps[(depth + i) % 2](depth - 1);
    sum += *one;
    free(one);
  }
  return sum;
}

/* Left in the middle: what the frames had of the budget is lost, and nothing else. */
static jmp_buf out;

static int leave(int depth, int *lost) {
  int *counter = malloc(50 * sizeof *counter); // local
  if (counter == NULL) exit(1);
  memset(counter, depth, 50 * sizeof *counter);
  *lost += counter[depth] != 0;
  if (depth == 0) {
    free(counter);
    longjmp(out, 1);
  }
  int deeper = leave(depth - 1, lost);
  free(counter);
  return deeper;
}

static int leave_often(void) {
  volatile int times = 0;
  static int lost;
  while (times < 20) {
    times++;
    if (setjmp(out) == 0) leave(40, &lost);
  }
  return lost;
}

int main(int argument_count, char **arguments) {
  int depth = argument_count > 1 ? atoi(arguments[1]) : 10000;
  unsigned seed = 3;
  int *values = get(500 * sizeof *values);
  long *first = calloc(WORDS, sizeof *first); // local
  char *text = get(4096), *at = text;
  if (first == NULL) return 1;
  for (int i = 0; i < 500; i++) seed = seed * 1103515245u + 12345u, values[i] = (int)(seed >> 16 & 1023);
  sort(values, 500);
  for (int i = 0; i < 500; i += 100) printf("%d ", values[i]);
  printf("%ld\n", descend(first, depth));
  for (int i = 0; i < 300; i++) at += sprintf(at, "%d*(%d+", i + 1, i + 1);
  *at++ = '7';
  for (int i = 0; i < 300; i++) *at++ = ')';
  *at = '\0';
  reader r = {text, 0, 0};
  long value = read_sum(&r);
  printf("%ld, %d deep\n", value, r.deepest);
  printf("%ld\n", twice(9));
  printf("%d, ", leave_often());
  sort(values, 500);
  printf("%ld\n", descend(first, 100));
  free(text);
  free(first);
  free(values);
  return 0;
}
