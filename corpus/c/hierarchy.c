/* A health service: villages in a tree, each with lists of patients who wait, are assessed, and are treated or sent up.
 * With KEEP=1 nothing is freed. */
#include <stdio.h>
#include <stdlib.h>

#ifndef KEEP
#define KEEP 0
#endif

typedef struct patient {
  int hops, time, left;
} patient;

typedef struct list {
  struct list *next;
  patient *who;
} list;

typedef struct village {
  struct village *below[4];
  list *waiting, *assessed, *inside;
  int free_staff, level;
  unsigned state;
} village;

typedef struct results {
  long patients, hops, time;
} results;

static void *get(size_t bytes) {
  void *p = malloc(bytes);
  if (p == NULL) exit(1);
  return p;
}

static void release(void *p) {
  if (!KEEP) free(p);
}

static void add(list **l, patient *p) {
  list *link = get(sizeof *link);
  link->who = p;
  link->next = NULL;
  while (*l != NULL) l = &(*l)->next;
  *l = link;
}

static patient *take(list **l) {
  list *link = *l;
  patient *p = link->who;
  *l = link->next;
  release(link);
  return p;
}

static village *build(int level, unsigned state) {
  if (level == 0) return NULL;
  village *v = get(sizeof *v);
  for (unsigned i = 0; i < 4; i++) v->below[i] = build(level - 1, state * 4 + i + 1);
  v->waiting = v->assessed = v->inside = NULL;
  v->free_staff = 1 << (level - 1);
  v->level = level;
  v->state = state * 2654435761u + 1;
  return v;
}

static int chance(village *v, int percent) {
  v->state = v->state * 1103515245u + 12345u;
  return (int)((v->state >> 16) % 100) < percent;
}

static void age(list *l) {
  for (; l != NULL; l = l->next) l->who->time++;
}

/* Moves those whose time is over; gives those who must go up. */
static list *work(village *v) {
  list *up = NULL, *still = NULL;
  while (v->inside != NULL) {
    patient *p = take(&v->inside);
    if (--p->left > 0) {
      add(&still, p);
    } else {
      v->free_staff++;
      release(p);
    }
  }
  v->inside = still;
  still = NULL;
  while (v->assessed != NULL) {
    patient *p = take(&v->assessed);
    if (--p->left > 0) {
      add(&still, p);
    } else if (v->level == 5 || chance(v, 90)) {
      p->left = 10;
      add(&v->inside, p);
    } else {
      v->free_staff++;
      p->hops++;
      add(&up, p);
    }
  }
  v->assessed = still;
  while (v->waiting != NULL && v->free_staff > 0) {
    patient *p = take(&v->waiting);
    v->free_staff--;
    p->left = 3;
    add(&v->assessed, p);
  }
  age(v->waiting);
  return up;
}

static list *step(village *v) {
  if (v == NULL) return NULL;
  for (int i = 0; i < 4; i++) {
    list *up = step(v->below[i]);
    while (up != NULL) add(&v->waiting, take(&up));
  }
  list *up = work(v);
  if (chance(v, 20)) {
    patient *p = get(sizeof *p);
    p->hops = p->time = p->left = 0;
    add(&v->waiting, p);
  }
  return up;
}

static void count(const list *l, results *r) {
  for (; l != NULL; l = l->next) r->patients++, r->hops += l->who->hops, r->time += l->who->time;
}

/* The totals of a village and all below, in an object of the caller's. */
static results *new_results(void) {
  results *r = get(sizeof *r); // local
  r->patients = r->hops = r->time = 0;
  return r;
}

static void sum(const village *v, results *r) {
  if (v == NULL) return;
  for (int i = 0; i < 4; i++) sum(v->below[i], r);
  count(v->waiting, r);
  count(v->assessed, r);
  count(v->inside, r);
}

static void drop_list(list *l) {
  while (l != NULL) release(take(&l));
}

static void drop(village *v) {
  if (v == NULL) return;
  for (int i = 0; i < 4; i++) drop(v->below[i]);
  drop_list(v->waiting);
  drop_list(v->assessed);
  drop_list(v->inside);
  release(v);
}

/* The arguments are the levels and the days. */
int main(int count, char **arguments) {
  int levels = count > 1 ? atoi(arguments[1]) : 4, days = count > 2 ? atoi(arguments[2]) : 120;
  village *top = build(levels, 42);
  for (int day = 1; day <= days; day++) {
    drop_list(step(top));
    if (day % 40 != 0) continue;
    results *r = new_results();
    sum(top, r);
    printf("day %d: %ld patients, %ld hops, %ld days\n", day, r->patients, r->hops, r->time);
    free(r);
  }
  drop(top);
  return 0;
}
