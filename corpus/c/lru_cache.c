/* lru_cache.c: a cache that forgets what was used longest ago: a list through a table of entries. */
#include <stdio.h>
#include <stdlib.h>

typedef struct entry {
  struct entry *before, *after, *chain;
  int key;
  long value;
} entry;

typedef struct cache {
  entry **table;
  entry *first, *last;
  int size, count, hits;
} cache;

static cache *create(int size) {
  cache *c = calloc(1, sizeof *c);                   // local
  c->table = calloc((size_t)size, sizeof *c->table); // local
  c->size = size;
  return c;
}

static void unlink_entry(cache *c, entry *e) {
  *(e->before ? &e->before->after : &c->first) = e->after;
  *(e->after ? &e->after->before : &c->last) = e->before;
}

static void put_first(cache *c, entry *e) {
  e->before = NULL;
  e->after = c->first;
  *(c->first ? &c->first->before : &c->last) = e;
  c->first = e;
}

static void forget(cache *c) {
  entry *e = c->last, **at = &c->table[e->key % c->size];
  while (*at != e) at = &(*at)->chain;
  *at = e->chain;
  unlink_entry(c, e);
  c->count--;
  free(e);
}

static long compute(int key) {
  long *memo = malloc((size_t)(key + 2) * sizeof *memo); // local
  memo[0] = 0, memo[1] = 1;
  for (int i = 2; i <= key; i++) memo[i] = (memo[i - 1] + memo[i - 2]) % 1000003;
  long result = memo[key];
  free(memo);
  return result;
}

static long get(cache *c, int key) {
  for (entry *e = c->table[key % c->size]; e != NULL; e = e->chain) {
    if (e->key != key) continue;
    c->hits++;
    unlink_entry(c, e);
    put_first(c, e);
    return e->value;
  }
  if (c->count == c->size) forget(c);
  entry *e = malloc(sizeof *e);
  e->key = key;
  e->value = compute(key);
  e->chain = c->table[key % c->size];
  c->table[key % c->size] = e;
  put_first(c, e);
  c->count++;
  return e->value;
}

int main(void) {
  for (int size = 1; size < 100; size *= 4) {
    cache *c = create(size);
    long total = 0;
    for (int i = 0; i < 2000; i++) total += get(c, i * i % 257);
    printf("%d %d %ld\n", size, c->hits, total);
    while (c->count > 0) forget(c);
    free(c->table);
    free(c);
  }
  return 0;
}
