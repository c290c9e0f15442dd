/* own_threads.c: main's thread turns lists of its own over while two workers, started again and again, do so with theirs; answers,
 * which workers make, are main's to free; notes are made and freed by all. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORKERS 2
#define ROUNDS 4

typedef struct order { /* main's */
  struct order *next;
  long price;
  int *parts;
  int count;
} order;

typedef struct name { /* main's, never freed */
  struct name *left, *right;
  long number;
} name;

typedef struct step { /* workers' */
  struct step *next;
  long number;
} step;

typedef struct answer { /* made by workers, freed by main */
  struct answer *next;
  long sum;
} answer;

typedef struct note { /* everybody's */
  struct note *next;
  long number;
} note;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static answer *answers;
static note *notes;

static void *must(void *memory) {
  if (memory == NULL) exit(1);
  return memory;
}

/* ---- everybody's ---- */

__attribute__((noinline)) static void add_note(long number) {
  note *made = must(malloc(sizeof *made));
  made->number = number;
  pthread_mutex_lock(&lock);
  made->next = notes;
  notes = made;
  pthread_mutex_unlock(&lock);
}

__attribute__((noinline)) static long take_note(void) {
  pthread_mutex_lock(&lock);
  note *taken = notes;
  if (taken != NULL) notes = taken->next;
  pthread_mutex_unlock(&lock);
  long number = taken != NULL ? taken->number : 0;
  free(taken);
  return number;
}

/* ---- workers' ---- */

static step *push_step(step *next, long number) {
  step *made = must(malloc(sizeof *made));
  made->next = next;
  made->number = number;
  return made;
}

__attribute__((noinline)) static long walk_steps(int rounds) {
  step *first = NULL;
  long sum = 0, *seen = must(calloc((size_t)rounds, sizeof *seen));
  for (int i = 0; i < rounds; i++) {
    first = push_step(first, i % 13);
    if (i % 3 == 2) {
      step *gone = first;
      first = gone->next;
      seen[i] = gone->number;
      free(gone);
    }
  }
  while (first != NULL) {
    step *next = first->next;
    sum += first->number;
    free(first);
    first = next;
  }
  for (int i = 0; i < rounds; i++) sum += seen[i];
  free(seen);
  return sum;
}

static void *work(void *argument) {
  const int *rounds = argument;
  answer *made = must(malloc(sizeof *made));
  made->sum = 0;
  for (int i = 0; i < 20; i++) {
    made->sum += walk_steps(*rounds);
    add_note(1);
  }
  pthread_mutex_lock(&lock);
  made->next = answers;
  answers = made;
  pthread_mutex_unlock(&lock);
  return NULL;
}

/* ---- main's ---- */

static order *orders;
static name *names;

__attribute__((noinline)) static void add_order(long price) {
  order *made = must(calloc(1, sizeof *made));
  for (int i = 0; i <= price % 9; i++) {
    made->parts = must(realloc(made->parts, (size_t)(made->count + 1) * sizeof *made->parts));
    made->parts[made->count++] = i;
  }
  made->price = price;
  made->next = orders;
  orders = made;
}

__attribute__((noinline)) static long take_order(void) {
  order *taken = orders;
  if (taken == NULL) return 0;
  long sum = taken->price;
  for (int i = 0; i < taken->count; i++) sum += taken->parts[i];
  orders = taken->next;
  free(taken->parts);
  free(taken);
  return sum;
}

__attribute__((noinline)) static void add_name(long number) {
  name **at = &names;
  while (*at != NULL) at = number < (*at)->number ? &(*at)->left : &(*at)->right;
  *at = must(calloc(1, sizeof **at));
  (*at)->number = number;
}

static long add_up(const name *from) {
  return from == NULL ? 0 : from->number + add_up(from->left) + add_up(from->right);
}

static long turn_over(int rounds) {
  long sum = 0;
  for (int i = 0; i < rounds; i++) {
    add_order(i * 7 % 31);
    if (i % 2 != 0) sum += take_order();
    if (i % 16 == 0) add_name(i * 37 % 101);
    if (i % 8 == 0) add_note(2);
  }
  while (orders != NULL) sum += take_order();
  return sum;
}

int main(void) {
  pthread_t workers[WORKERS];
  int rounds[WORKERS];
  long own = 0, theirs = 0, noted = 0;
  for (int round = 0; round < ROUNDS; round++) {
    for (int w = 0; w < WORKERS; w++) {
      rounds[w] = 50 * (w + 1) + round;
      if (pthread_create(&workers[w], NULL, work, &rounds[w]) != 0) return 1;
    }
    own += turn_over(1000);
    for (int w = 0; w < WORKERS; w++) pthread_join(workers[w], NULL);
    while (answers != NULL) {
      answer *taken = answers;
      answers = taken->next;
      theirs += taken->sum;
      free(taken);
    }
    while (notes != NULL) noted += take_note();
  }
  printf("%ld %ld %ld %ld\n", own, theirs, noted, add_up(names));
  return 0;
}
