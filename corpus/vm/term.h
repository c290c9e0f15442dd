/* term.h: the terms of the symbolic engine: numbers, symbols, and heads with arguments.
 *
 * The engine is written once against this interface. term_plain.c is what a good C programmer writes with malloc, strdup and
 * free: a term owns its arguments, moves where it can, and is copied only where two owners want it. term_managed.c is the same
 * on libvmemrt: a term is a value, equal ones are one node, a copy is a count. ENGINE_MANAGED chooses.
 *
 * A function that makes a term consumes those that it is given; what it returns belongs to the caller. Arguments and names
 * that are asked for are borrowed. When memory is out the engine's status tells, and terms are whatever. */
#ifndef CORPUS_VM_TERM_H
#define CORPUS_VM_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Names that the engine knows: X(NAME, "Name"). */
#define ENGINE_NAMES(X) \
  X(PLUS, "Plus") \
  X(TIMES, "Times") \
  X(POWER, "Power") \
  X(SIN, "Sin") \
  X(COS, "Cos") \
  X(EXP, "Exp") \
  X(LOG, "Log") \
  X(D, "D") \
  X(EXPAND, "Expand") \
  X(SIMPLIFY, "Simplify") \
  X(REPLACE, "ReplaceAll") \
  X(RULE, "Rule") \
  X(LIST, "List") \
  X(NUMERIC, "N") \
  X(SET, "Set") \
  X(BLANK, "Blank")

enum {
  NAME_OTHER,
#define ENGINE_NAME_MEMBER(NAME, text) NAME_##NAME,
  ENGINE_NAMES(ENGINE_NAME_MEMBER)
#undef ENGINE_NAME_MEMBER
      NAME_END
};

/* `id` is of the enum, or anything beyond for other names. */
typedef struct name {
  uint32_t id;
  const char *text;
} name;

typedef enum term_kind { TERM_INTEGER, TERM_REAL, TERM_SYMBOL, TERM_CALL } term_kind;

typedef struct engine engine;

#ifdef ENGINE_MANAGED
#include "vmemrt.h"
typedef vmr_value term;
#else
typedef struct plain_term {
  uint8_t kind;
  uint32_t id; /* of a symbol, or of a call's head */
  uint32_t count;
  union {
    int64_t integer;
    double real;
    char *text; /* when the id is NAME_OTHER */
  } as;
  struct plain_term *arguments[];
} *term;
#endif

/* The memory of an engine. */
typedef struct store store;
store *store_open(bool is_counted); /* its figures are wanted */
void store_close(store *s);
bool store_is_out_of_memory(const store *s);

typedef struct store_figures {
  uint64_t allocations; /* ever: nodes, texts, arrays */
  uint64_t peak_bytes;  /* the most that was obtained at one time; malloc's heads included */
} store_figures;

store_figures store_read_figures(store *s);

/* ---- terms ---- */

term term_integer(store *s, int64_t number);
term term_real(store *s, double number);
term term_symbol(store *s, const char *text, size_t length);
term term_call(store *s, name head, const term *arguments, size_t count);
static inline name name_of(uint32_t id) { return (name){id, NULL}; } /* of one that the engine knows */

term term_copy(store *s, term t);
void term_free(store *s, term t);

#ifdef ENGINE_MANAGED
static inline term_kind term_kind_of(term t) {
  if (t.kind == VMR_VALUE_EXPRESSION) return TERM_CALL;
  if (t.kind == VMR_VALUE_SYMBOL) return TERM_SYMBOL;
  return t.kind == VMR_VALUE_REAL ? TERM_REAL : TERM_INTEGER;
}
static inline int64_t term_integer_of(term t) { return t.as.integer; }
static inline double term_real_of(term t) { return t.as.real; }
static inline uint32_t term_id(term t) {
  return t.kind == VMR_VALUE_SYMBOL ? t.as.symbol : vmr_expression_head(t).as.symbol;
}
static inline size_t term_count(term t) { return t.kind == VMR_VALUE_EXPRESSION ? vmr_expression_count(t) : 0; }
static inline term term_argument(term t, size_t index) { return vmr_expression_arguments(t)[index]; }
#else
static inline term_kind term_kind_of(term t) { return (term_kind)t->kind; }
static inline int64_t term_integer_of(term t) { return t->as.integer; }
static inline double term_real_of(term t) { return t->as.real; }
static inline uint32_t term_id(term t) { return t->id; }
static inline size_t term_count(term t) { return t->count; }
static inline term term_argument(term t, size_t index) { return t->arguments[index]; }
#endif
/* Of a symbol, or of a call's head; where names are numbers, without its text. */
static inline name term_name(term t) {
#ifdef ENGINE_MANAGED
  return (name){term_id(t), NULL};
#else
  return (name){t->id, t->as.text};
#endif
}
const char *term_text(const store *s, term t);
bool name_equals(name first, name second);
/* Whether the names of two symbols, or of the heads of two calls, are the same. */
bool term_same_name(term first, term second);
/* Consumes a call and gives its arguments, which are then the caller's, in a place that holds as many. */
void term_open(store *s, term t, term *arguments);
/* The same, but what is left of the call, its head, is freed by the caller. */
void term_detach(store *s, term t, term *arguments);

/* Whether two terms are the same, and their order: numbers, symbols by text, calls by head, count and arguments. */
bool term_equals(const store *s, term first, term second);
int term_compare(const store *s, term first, term second);

/* ---- what the engine needs for a while: given back in the reverse order ---- */

typedef struct terms { /* a vector; all zero is empty */
  term *items;
  size_t count, capacity;
} terms;

typedef struct scratch {
#ifdef ENGINE_MANAGED
  vmr_scope scope;
#else
  int unused;
#endif
} scratch;

scratch scratch_begin(store *s);
/* `list` was grown since the scratch began. */
void scratch_end(store *s, scratch *begun, terms *list);
/* Room for `count` in all. */
bool terms_reserve(store *s, terms *list, size_t count);
static inline bool terms_push(store *s, terms *list, term t) {
  if (list->count == list->capacity && !terms_reserve(s, list, list->count + 1)) {
    term_free(s, t);
    return false;
  }
  list->items[list->count++] = t;
  return true;
}

enum { BINDINGS = 8 };

typedef struct bindings { /* of one match */
  name names[BINDINGS];
  term values[BINDINGS]; /* borrowed */
  size_t count;
} bindings;

bindings *bindings_take(store *s);
void bindings_give(store *s, bindings *b);

#endif
