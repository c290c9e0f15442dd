/* term_managed.c: terms on libvmemrt: numbers and symbols are values without nodes, calls are shared expressions, vectors lie in
 * an arena whose scopes end with the function that needs them, bindings come from a pool. */
#include <stdlib.h>
#include <string.h>

#include "corpus/vm/term.h"

struct store {
  vmr_ctx *ctx;
  vmr_interner *names;
  vmr_store *nodes;
  vmr_arena *arena;
  vmr_pool *bindings;
};

/* The symbols of known names are their ids. */
static const vmr_view WORDS[] = {
#define ENGINE_NAME_WORD(NAME, text) VMR_VIEW_INIT(text),
    ENGINE_NAMES(ENGINE_NAME_WORD)
#undef ENGINE_NAME_WORD
};

store *store_open(bool is_counted) {
  (void)is_counted; /* the runtime counts anyway */
  store *s = calloc(1, sizeof *s);
  vmr_interner_options words = vmr_interner_options_default();
  vmr_pool_options frames = vmr_pool_options_for(sizeof(bindings), 0);
  words.words = WORDS;
  words.word_count = sizeof WORDS / sizeof *WORDS;
  bool is_open =
      s != NULL && vmr_ctx_create(&s->ctx, NULL) == VMR_OK && vmr_interner_open(&s->names, s->ctx, &words) == VMR_OK &&
      vmr_store_create(&s->nodes, s->ctx, s->names) == VMR_OK && vmr_arena_open(&s->arena, s->ctx, 0) == VMR_OK &&
      vmr_pool_create(&s->bindings, s->ctx, &frames) == VMR_OK;
  if (is_open) return s;
  if (s != NULL) store_close(s);
  return NULL;
}

void store_close(store *s) {
  vmr_pool_destroy(s->bindings);
  vmr_arena_destroy(s->arena);
  vmr_store_destroy(s->nodes);
  if (s->names != NULL) vmr_interner_destroy(s->names);
  vmr_ctx_destroy(s->ctx);
  free(s);
}

bool store_is_out_of_memory(const store *s) { return vmr_ctx_status(s->ctx) == VMR_OUT_OF_MEMORY; }

store_figures store_read_figures(store *s) {
  vmr_metrics metrics;
  store_figures figures = {0};
  if (vmr_metrics_read(s->ctx, &metrics, sizeof metrics) != VMR_OK) return figures;
  figures.allocations = metrics.allocations + vmr_store_read_figures(s->nodes).made;
  figures.peak_bytes = metrics.peak_bytes;
  return figures;
}

/* ---- terms ---- */

term term_integer(store *s, int64_t number) { return (void)s, vmr_value_integer(number); }

term term_real(store *s, double number) { return (void)s, vmr_value_real(number); }

term term_symbol(store *s, const char *text, size_t length) {
  return vmr_symbol_make(s->nodes, (vmr_view){text, length});
}

term term_call(store *s, name head, const term *arguments, size_t count) {
  return vmr_expression_make(s->nodes, vmr_value_symbol(head.id), arguments, count);
}

term term_copy(store *s, term t) { return (void)s, vmr_value_retain(t); }

void term_free(store *s, term t) { vmr_value_release(s->nodes, t); }

const char *term_text(const store *s, term t) { return vmr_interner_text(s->names, term_id(t), NULL); }

bool name_equals(name first, name second) { return first.id == second.id; }

bool term_same_name(term first, term second) { return term_id(first) == term_id(second); }

void term_open(store *s, term t, term *arguments) { vmr_expression_open(s->nodes, t, arguments); }

void term_detach(store *s, term t, term *arguments) {
  (void)s;
  for (size_t i = 0; i < vmr_expression_count(t); i++) arguments[i] = vmr_value_retain(vmr_expression_arguments(t)[i]);
}

bool term_equals(const store *s, term first, term second) { return (void)s, vmr_value_equals(first, second); }

/* ---- for a while ---- */

scratch scratch_begin(store *s) { return (scratch){vmr_arena_begin(s->arena)}; }

void scratch_end(store *s, scratch *begun, terms *list) {
  (void)s;
  (void)list;
  vmr_arena_end(&begun->scope);
}

bool terms_reserve(store *s, terms *list, size_t count) {
  if (count <= list->capacity) return true;
  size_t more = list->capacity * 2 > count ? list->capacity * 2 : count < 8 ? 8 : count, size = sizeof(term);
  term *grown = list->items == NULL ? vmr_arena_alloc(s->arena, more * size)
                                    : vmr_arena_grow(s->arena, list->items, list->capacity * size, more * size);
  if (grown == NULL) return false;
  list->items = grown;
  list->capacity = more;
  return true;
}

bindings *bindings_take(store *s) {
  bindings *b = vmr_pool_get(s->bindings);
  if (b != NULL) b->count = 0;
  return b;
}

void bindings_give(store *s, bindings *b) { vmr_pool_put(s->bindings, b); }
