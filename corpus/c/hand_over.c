/* hand_over.c: threads that end, and leave lists behind which others read and free; each adds up trees of its own meanwhile. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct name { /* never freed */
  struct name *next;
  long number;
} name;

typedef struct job {
  struct job *next;
  name *of;
  long number;
} job;

typedef struct tree {
  struct tree *left, *right;
  long number;
} tree;

typedef struct maker {
  pthread_t thread;
  int from, to;
  long sum;
} maker;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static job *waiting;
static name *names;

static void *xmalloc(size_t bytes) {
  void *memory = malloc(bytes);
  if (memory == NULL) exit(1);
  return memory;
}

static tree *grow(int depth, long number) {
  tree *t = xmalloc(sizeof *t);
  t->number = number;
  t->left = depth > 0 ? grow(depth - 1, 2 * number) : NULL;
  t->right = depth > 0 ? grow(depth - 1, 2 * number + 1) : NULL;
  return t;
}

static long total(const tree *t) { return t == NULL ? 0 : t->number + total(t->left) + total(t->right); }

static void fell(tree *t) {
  if (t == NULL) return;
  fell(t->left);
  fell(t->right);
  free(t);
}

__attribute__((noinline)) static long evaluate(int number) {
  tree *t = grow(number % 6, number);
  long sum = total(t);
  fell(t);
  return sum;
}

static name *name_of(int number) {
  name *made = xmalloc(sizeof *made);
  made->number = 3 * number;
  return made;
}

static void *make(void *argument) {
  maker *m = argument;
  for (int i = m->from; i < m->to; i++) {
    job *j = xmalloc(sizeof *j);
    j->of = name_of(i);
    j->number = evaluate(i);
    pthread_mutex_lock(&lock);
    j->of->next = names;
    names = j->of;
    j->next = waiting;
    waiting = j;
    pthread_mutex_unlock(&lock);
    m->sum += evaluate(i + 1);
  }
  return NULL;
}

static job *next_job(void) {
  pthread_mutex_lock(&lock);
  job *j = waiting;
  if (j != NULL) waiting = j->next;
  pthread_mutex_unlock(&lock);
  return j;
}

static void *take(void *argument) {
  maker *m = argument;
  for (job *j; (j = next_job()) != NULL;) {
    m->sum += j->number + j->of->number - evaluate(3);
    free(j);
  }
  return NULL;
}

static long run(void *(*what)(void *), int rounds) {
  maker makers[3] = {{.from = 0}};
  long sum = 0;
  for (int i = 0; i < 3; i++) {
    makers[i] = (maker){.from = 100 * i, .to = 100 * i + rounds};
    if (pthread_create(&makers[i].thread, NULL, what, &makers[i]) != 0) exit(1);
  }
  for (int i = 0; i < 3; i++) {
    pthread_join(makers[i].thread, NULL);
    sum += makers[i].sum;
  }
  return sum;
}

int main(void) {
  long sum = 0, others = 0;
  for (int round = 1; round < 4; round++) { /* takers come when all makers have ended */
    sum += run(make, 20 * round);
    sum += run(take, 0);
  }
  for (const name *n = names; n != NULL; n = n->next) others += n->number;
  printf("%ld %ld\n", sum, others);
  return 0;
}
