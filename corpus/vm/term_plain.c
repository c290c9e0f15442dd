/* term_plain.c: terms with malloc, strdup and free. Counting, where it is asked for, is all that is added: bytes are what
 * malloc hands out, its head of 8 bytes included. */
#define _POSIX_C_SOURCE 200809L
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "corpus/vm/term.h"

struct store {
  uint64_t allocations, bytes, peak;
  bool is_out_of_memory, is_counted;
};

static const char *const TEXTS[] = {NULL,
#define ENGINE_NAME_TEXT(NAME, text) text,
                                    ENGINE_NAMES(ENGINE_NAME_TEXT)
#undef ENGINE_NAME_TEXT
};

static void count_out(store *s, void *memory) {
  if (s->is_counted && memory != NULL) s->bytes -= malloc_usable_size(memory) + sizeof(size_t);
}

static void *count_in(store *s, void *memory) {
  if (memory == NULL) {
    s->is_out_of_memory = true;
    return NULL;
  }
  if (!s->is_counted) return memory;
  s->allocations++;
  s->bytes += malloc_usable_size(memory) + sizeof(size_t);
  if (s->bytes > s->peak) s->peak = s->bytes;
  return memory;
}

static void give(store *s, void *memory) {
  count_out(s, memory);
  free(memory);
}

store *store_open(bool is_counted) {
  store *s = calloc(1, sizeof *s);
  if (s != NULL) s->is_counted = is_counted;
  return s;
}

void store_close(store *s) { free(s); }

bool store_is_out_of_memory(const store *s) { return s->is_out_of_memory; }

store_figures store_read_figures(store *s) { return (store_figures){s->allocations, s->peak}; }

/* ---- terms ---- */

static term make(store *s, term_kind kind, size_t count) {
  term t = count_in(s, malloc(sizeof *t + count * sizeof(term)));
  if (t == NULL) abort(); /* the comparison is of programs that have memory */
  t->kind = (uint8_t)kind;
  t->id = NAME_OTHER;
  t->count = (uint32_t)count;
  t->as.text = NULL;
  return t;
}

term term_integer(store *s, int64_t number) {
  term t = make(s, TERM_INTEGER, 0);
  t->as.integer = number;
  return t;
}

term term_real(store *s, double number) {
  term t = make(s, TERM_REAL, 0);
  t->as.real = number;
  return t;
}

static uint32_t find_name(const char *text, size_t length) {
  for (uint32_t id = 1; id < NAME_END; id++) {
    if (strlen(TEXTS[id]) == length && memcmp(TEXTS[id], text, length) == 0) return id;
  }
  return NAME_OTHER;
}

term term_symbol(store *s, const char *text, size_t length) {
  term t = make(s, TERM_SYMBOL, 0);
  t->id = find_name(text, length);
  if (t->id == NAME_OTHER) t->as.text = count_in(s, strndup(text, length));
  return t;
}

term term_call(store *s, name head, const term *arguments, size_t count) {
  term t = make(s, TERM_CALL, count);
  t->id = head.id < NAME_END ? head.id : NAME_OTHER;
  if (t->id == NAME_OTHER) t->as.text = count_in(s, strdup(head.text));
  if (count != 0) memcpy(t->arguments, arguments, count * sizeof *arguments);
  return t;
}

term term_copy(store *s, term t) {
  term copy = make(s, t->kind, t->count);
  copy->id = t->id;
  copy->as = t->as;
  if (t->kind >= TERM_SYMBOL && t->id == NAME_OTHER) copy->as.text = count_in(s, strdup(t->as.text));
  for (uint32_t i = 0; i < t->count; i++) copy->arguments[i] = term_copy(s, t->arguments[i]);
  return copy;
}

static void free_shell(store *s, term t) {
  if (t->kind >= TERM_SYMBOL && t->id == NAME_OTHER) give(s, t->as.text);
  give(s, t);
}

void term_free(store *s, term t) {
  for (uint32_t i = 0; i < t->count; i++) term_free(s, t->arguments[i]);
  free_shell(s, t);
}

const char *term_text(const store *s, term t) {
  (void)s;
  return t->id == NAME_OTHER ? t->as.text : TEXTS[t->id];
}

bool name_equals(name first, name second) {
  if (first.id != second.id) return false;
  return first.id != NAME_OTHER || strcmp(first.text, second.text) == 0;
}

bool term_same_name(term first, term second) {
  return first->id == second->id && (first->id != NAME_OTHER || strcmp(first->as.text, second->as.text) == 0);
}

void term_open(store *s, term t, term *arguments) {
  memcpy(arguments, t->arguments, t->count * sizeof *arguments);
  free_shell(s, t);
}

void term_detach(store *s, term t, term *arguments) {
  (void)s;
  memcpy(arguments, t->arguments, t->count * sizeof *arguments);
  t->count = 0;
}

bool term_equals(const store *s, term first, term second) { return term_compare(s, first, second) == 0; }

/* ---- for a while ---- */

scratch scratch_begin(store *s) { return (void)s, (scratch){0}; }

void scratch_end(store *s, scratch *begun, terms *list) {
  (void)begun;
  give(s, list->items);
}

bool terms_reserve(store *s, terms *list, size_t count) {
  if (count > list->capacity) {
    size_t more = list->capacity * 2 > count ? list->capacity * 2 : count < 8 ? 8 : count;
    count_out(s, list->items);
    term *grown = count_in(s, realloc(list->items, more * sizeof *grown));
    if (grown == NULL) abort();
    list->items = grown;
    list->capacity = more;
  }
  return true;
}

bindings *bindings_take(store *s) {
  bindings *b = count_in(s, malloc(sizeof *b));
  if (b == NULL) abort();
  b->count = 0;
  return b;
}

void bindings_give(store *s, bindings *b) { give(s, b); }
