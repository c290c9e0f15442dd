/* hash_table.c: words counted in a chained table that grows; the keys are copies. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct entry {
  struct entry *next;
  char *key;
  int count;
} entry;

typedef struct table {
  entry **buckets;
  size_t size, count;
} table;

static size_t hash(const char *key) {
  size_t h = 1469598103934665603u;
  for (; *key; key++) h = (h ^ (unsigned char)*key) * 1099511628211u;
  return h;
}

static table *create(size_t size) {
  table *t = malloc(sizeof *t); // local
  if (t == NULL) return NULL;
  t->buckets = calloc(size, sizeof *t->buckets);
  t->size = size;
  t->count = 0;
  return t;
}

static void grow(table *t) {
  size_t size = 2 * t->size;
  entry **buckets = calloc(size, sizeof *buckets);
  for (size_t i = 0; i < t->size; i++) {
    for (entry *e = t->buckets[i], *next; e != NULL; e = next) {
      next = e->next;
      size_t at = hash(e->key) % size;
      e->next = buckets[at];
      buckets[at] = e;
    }
  }
  free(t->buckets);
  t->buckets = buckets;
  t->size = size;
}

static void count_word(table *t, const char *word) {
  if (t->count >= t->size) grow(t);
  size_t at = hash(word) % t->size;
  for (entry *e = t->buckets[at]; e != NULL; e = e->next) {
    if (strcmp(e->key, word) != 0) continue;
    e->count++;
    return;
  }
  entry *e = malloc(sizeof *e);
  e->key = strdup(word);
  e->count = 1;
  e->next = t->buckets[at];
  t->buckets[at] = e;
  t->count++;
}

static void destroy(table *t) {
  for (size_t i = 0; i < t->size; i++) {
    for (entry *e = t->buckets[i], *next; e != NULL; e = next) {
      next = e->next;
      free(e->key);
      free(e);
    }
  }
  free(t->buckets);
  free(t);
}

static int by_count(const void *left, const void *right) {
  const entry *a = *(const entry *const *)left, *b = *(const entry *const *)right;
  return a->count != b->count ? b->count - a->count : strcmp(a->key, b->key);
}

static void report(const table *t) {
  const entry **list = malloc(t->count * sizeof *list); // local
  size_t count = 0;
  for (size_t i = 0; i < t->size; i++)
    for (const entry *e = t->buckets[i]; e != NULL; e = e->next) list[count++] = e;
  qsort(list, count, sizeof *list, by_count);
  for (size_t i = 0; i < count && i < 8; i++) printf("%d %s\n", list[i]->count, list[i]->key);
  free(list);
}

int main(void) {
  table *t = create(2);
  unsigned seed = 1;
  for (int i = 0; i < 4000; i++) {
    char *word = malloc(8); // local
    seed = seed * 1664525u + 1013904223u;
    snprintf(word, 8, "w%u", (seed >> 20) % (1 + i % 97));
    count_word(t, word);
    free(word);
  }
  printf("%zu words\n", t->count);
  report(t);
  destroy(t);
  return 0;
}
