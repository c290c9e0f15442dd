/* threads.c: four threads, each with objects of its own; what a thread is started with belongs to both. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct task {
  int from, to;
  long sum;
} task;

static long weight(int number) {
  int *factors = malloc(32 * sizeof *factors); // local
  int count = 0;
  long total = 0;
  for (int f = 2; f * f <= number; f++)
    while (number % f == 0) factors[count++] = f, number /= f;
  if (number > 1) factors[count++] = number;
  for (int i = 0; i < count; i++) total += factors[i];
  free(factors);
  return total;
}

static void *work(void *argument) {
  task *t = argument;
  long *partial = calloc(1, sizeof *partial); // local
  for (int i = t->from; i < t->to; i++) *partial += weight(i);
  t->sum = *partial;
  free(partial);
  return t;
}

int main(void) {
  pthread_t threads[4];
  long total = 0;
  for (int i = 0; i < 4; i++) {
    task *t = malloc(sizeof *t);
    t->from = 2 + i * 1000;
    t->to = 2 + (i + 1) * 1000;
    if (pthread_create(&threads[i], NULL, work, t) != 0) return 1;
  }
  for (int i = 0; i < 4; i++) {
    void *result;
    pthread_join(threads[i], &result);
    total += ((task *)result)->sum;
    free(result);
  }
  printf("%ld\n", total);
  return 0;
}
