/* callbacks.c: functions called through pointers, with contexts that live on the heap for one call. */
#include <stdio.h>
#include <stdlib.h>

typedef struct list {
  struct list *next;
  int value;
} list;

typedef void visit(int value, void *context);

static void for_each(const list *l, visit *f, void *context) {
  for (; l != NULL; l = l->next) f(l->value, context);
}

static void add(int value, void *context) { *(long *)context += value; }
static void keep_largest(int value, void *context) {
  int *largest = context;
  if (value > *largest) *largest = value;
}
static void print(int value, void *context) { fprintf((FILE *)context, "%d ", value); }

static long sum(const list *l) {
  long *total = calloc(1, sizeof *total); // local
  for_each(l, add, total);
  long result = *total;
  free(total);
  return result;
}

static int largest(const list *l) {
  int *best = malloc(sizeof *best); // local
  *best = -1;
  for_each(l, keep_largest, best);
  int result = *best;
  free(best);
  return result;
}

static list *insert(list *l, int value) {
  list *new = malloc(sizeof *new);
  new->value = value;
  new->next = l;
  return new;
}

static int compare(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

static int median(const list *l) {
  int count = 0, *values;
  for (const list *at = l; at; at = at->next) count++;
  values = malloc((size_t)count * sizeof *values); // local
  for (int i = 0; l; l = l->next) values[i++] = l->value;
  qsort(values, (size_t)count, sizeof *values, compare);
  int result = values[count / 2];
  free(values);
  return result;
}

int main(void) {
  list *l = NULL;
  for (int i = 1; i <= 9; i++) l = insert(l, i * 29 % 31);
  for_each(l, print, stdout);
  printf("\n%ld %d %d\n", sum(l), largest(l), median(l));
  while (l != NULL) {
    list *next = l->next;
    free(l);
    l = next;
  }
  return 0;
}
