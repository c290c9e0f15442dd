/* unseen_input.c: a function that makes a queue and frees most of it on the way, called often with little to do; with an argument, once with
 * much. profile_c.py watches the former, and looks at the memory of the latter. */
#include <stdio.h>
#include <stdlib.h>

struct cell {
  struct cell *next;
  long value, spare;
};

static __attribute__((noinline)) struct cell *make(long value) {
  struct cell *cell = value % 2 == 0 ? calloc(1, sizeof *cell) : malloc(sizeof *cell);
  if (cell == NULL) abort();
  if (value % 2 == 0 && (cell->next != NULL || cell->value != 0 || cell->spare != 0)) abort(); /* not zero */
  cell->next = NULL;
  cell->value = cell->spare = value;
  return cell;
}

static __attribute__((noinline)) long evaluate(long count) {
  struct cell *first = make(0), *last = first;
  long sum = 0;
  for (long i = 1; i < count; i++) {
    last = last->next = make(i);
    if (i % 100 == 99) continue;
    struct cell *old = first;
    first = first->next;
    sum = sum % 1000003 * 31 + old->value + old->spare;
    free(old);
  }
  for (struct cell *next; first != NULL; first = next) {
    next = first->next;
    sum ^= first->value;
    free(first);
  }
  return sum;
}

int main(int argc, char **argv) {
  long sum = 0;
  for (long i = 0; i < 2000; i++) sum += evaluate(10 + i % 20);
  if (argc > 1) sum += evaluate(atol(argv[1]));
  printf("%ld\n", sum);
  return 0;
}
