/* engine.h: a small symbolic engine: reads an expression, evaluates it, prints it.
 *
 *   D[Sin[x^2] Exp[y] Plus[x, y], x]     derivatives, Expand, Simplify, N[e, x -> 2], e /. f[a_] -> a^2, x = 3
 *
 *   parse.c     text to terms           algebra.c   sums, products and powers in their normal form; Expand
 *   print.c     terms to text           calculus.c  derivatives, Simplify, numbers
 *   rules.c     patterns, bindings      engine.c    evaluation, definitions, history */
#ifndef CORPUS_VM_ENGINE_H
#define CORPUS_VM_ENGINE_H

#include "corpus/vm/term.h"

enum { ENGINE_DEFINITIONS = 256, ENGINE_HISTORY = 2000, ENGINE_DEPTH = 200, ENGINE_NODES = 100000 };

typedef struct definition {
  term pattern, value;
} definition;

struct engine {
  store *store;
  definition definitions[ENGINE_DEFINITIONS];
  size_t definition_count;
  term history[ENGINE_HISTORY]; /* the newest results, a ring */
  size_t history_count;
  int depth;         /* of evaluation */
  const char *fault; /* of this line; NULL: none */
};

bool engine_open(engine *e, bool is_counted);
void engine_close(engine *e);

/* Evaluates one line and writes the result, or what is wrong, to `out`; as snprintf. */
size_t engine_run(engine *e, const char *line, char *out, size_t capacity);

/* ---- parse.c, print.c ---- */

bool parse_term(engine *e, const char *text, term *result);
size_t print_term(const engine *e, term t, char *out, size_t capacity);

/* ---- algebra.c: normal forms; all consume ---- */

/* Moves the arguments of a call, which keeps its head alone, into an empty vector. */
void terms_detach(engine *e, term t, terms *parts);
/* A call made anew by `make` of what `each` makes of its arguments; anything else as it is. */
term terms_rebuild(engine *e, term t, term (*each)(engine *, term), term (*make)(engine *, name, term *, size_t));

term make_plus(engine *e, const term *parts, size_t count);
term make_times(engine *e, const term *parts, size_t count);
term make_power(engine *e, term base, term exponent);
/* Any head, these three among them. */
term make_call(engine *e, name head, const term *parts, size_t count);
term expand(engine *e, term t);
static inline bool is_call(term t, uint32_t head) { return term_kind_of(t) == TERM_CALL && term_id(t) == head; }
static inline bool is_number(term t) { return term_kind_of(t) <= TERM_REAL; }
static inline bool is_integer(term t, int64_t number) {
  return term_kind_of(t) == TERM_INTEGER && term_integer_of(t) == number;
}

/* ---- calculus.c ---- */

/* The derivative by `variable`, a symbol; both are borrowed. */
term differentiate(engine *e, term t, term variable);
term simplify(engine *e, term t);
/* Numbers in place of what can be computed; consumes. */
term numeric(engine *e, term t);

/* ---- rules.c ---- */

bool match(const engine *e, term pattern, term t, bindings *b);
/* `t`, borrowed, with what names are bound to. */
term substitute(engine *e, term t, const bindings *b);
/* Rewrites `t` by `rules`, a rule or a list of them, from the outside; both are consumed. */
term replace_all(engine *e, term t, term rules);

#endif
