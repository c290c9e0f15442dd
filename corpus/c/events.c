/* events.c: a queue of events in a heap that grows; a hierarchy of lists whose elements wander. */
#include <stdio.h>
#include <stdlib.h>

typedef struct event {
  long time;
  int kind, who;
} event;

typedef struct queue {
  event **items;
  int count, capacity;
} queue;

static void push(queue *q, event *e) {
  if (q->count == q->capacity) {
    q->capacity = q->capacity ? 2 * q->capacity : 2;
    q->items = realloc(q->items, (size_t)q->capacity * sizeof *q->items);
  }
  int at = q->count++;
  for (; at > 0 && q->items[(at - 1) / 2]->time > e->time; at = (at - 1) / 2) q->items[at] = q->items[(at - 1) / 2];
  q->items[at] = e;
}

static event *pop(queue *q) {
  if (q->count == 0) return NULL;
  event *first = q->items[0], *last = q->items[--q->count];
  int at = 0;
  for (int child; (child = 2 * at + 1) < q->count; at = child) {
    if (child + 1 < q->count && q->items[child + 1]->time < q->items[child]->time) child++;
    if (q->items[child]->time >= last->time) break;
    q->items[at] = q->items[child];
  }
  if (q->count > 0) q->items[at] = last;
  return first;
}

static event *make(long time, int kind, int who) {
  event *e = malloc(sizeof *e);
  e->time = time;
  e->kind = kind;
  e->who = who;
  return e;
}

static void log_event(const event *e, long *hash) {
  char *line = malloc(64); // local
  int length = snprintf(line, 64, "%ld:%d:%d", e->time, e->kind, e->who);
  for (int i = 0; i < length; i++) *hash = (*hash * 31 + line[i]) % 1000000007;
  free(line);
}

static long simulate(int people, long end) {
  queue *q = calloc(1, sizeof *q);                      // local
  int *visits = calloc((size_t)people, sizeof *visits); // local
  long hash = 0;
  for (int i = 0; i < people; i++) push(q, make(i % 3, 0, i));
  for (event *e; (e = pop(q)) != NULL;) {
    log_event(e, &hash);
    visits[e->who]++;
    if (e->time < end) push(q, make(e->time + 1 + e->who % 4 + visits[e->who] % 3, e->kind + 1, e->who));
    free(e);
  }
  for (int i = 0; i < people; i++) hash = (hash * 31 + visits[i]) % 1000000007;
  free(visits);
  free(q->items);
  free(q);
  return hash;
}

int main(void) {
  for (int people = 1; people < 60; people = people * 3 + 1) printf("%d %ld\n", people, simulate(people, 200));
  return 0;
}
