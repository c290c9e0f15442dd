/* engine.c: evaluation: arguments first, then what the head means, then definitions. The newest results are kept. */
#include "corpus/vm/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool engine_open(engine *e, bool is_counted) {
  memset(e, 0, sizeof *e);
  e->store = store_open(is_counted);
  return e->store != NULL;
}

void engine_close(engine *e) {
  size_t kept = e->history_count < ENGINE_HISTORY ? e->history_count : ENGINE_HISTORY;
  for (size_t i = 0; i < kept; i++) term_free(e->store, e->history[i]);
  for (size_t i = 0; i < e->definition_count; i++) {
    term_free(e->store, e->definitions[i].pattern);
    term_free(e->store, e->definitions[i].value);
  }
  store_close(e->store);
}

static term evaluate(engine *e, term t);

/* pattern = value: a definition anew, or in place of the one with that pattern. Gives a copy of the value. */
static term define(engine *e, term pattern, term value) {
  term result = term_copy(e->store, value);
  for (size_t i = 0; i < e->definition_count; i++) {
    definition *each = &e->definitions[i];
    if (!term_equals(e->store, each->pattern, pattern)) continue;
    term_free(e->store, each->value);
    term_free(e->store, pattern);
    each->value = value;
    return result;
  }
  if (e->definition_count == ENGINE_DEFINITIONS) {
    term_free(e->store, pattern);
    term_free(e->store, value);
    e->fault = "too many definitions";
    return result;
  }
  e->definitions[e->definition_count++] = (definition){pattern, value};
  return result;
}

/* What a definition makes of `t`, evaluated; consumes `t`. */
static term apply_definitions(engine *e, term t) {
  if (is_number(t) || e->definition_count == 0) return t;
  bindings *b = bindings_take(e->store);
  term result = t;
  bool is_found = false;
  for (size_t i = 0; i < e->definition_count && b != NULL && !is_found; i++) {
    b->count = 0;
    if (!match(e, e->definitions[i].pattern, t, b)) continue;
    result = substitute(e, e->definitions[i].value, b);
    is_found = true;
  }
  if (b != NULL) bindings_give(e->store, b);
  if (!is_found) return t;
  term_free(e->store, t);
  return evaluate(e, result);
}

/* A call of a name that the engine knows, arguments evaluated; false when it means nothing. */
static bool apply_known(engine *e, uint32_t head, term *parts, size_t count, term *result) {
  if (head == NAME_D && count == 2 && term_kind_of(parts[1]) == TERM_SYMBOL) {
    *result = differentiate(e, parts[0], parts[1]);
    term_free(e->store, parts[0]);
    term_free(e->store, parts[1]);
  } else if (head == NAME_EXPAND && count == 1) {
    *result = expand(e, parts[0]);
  } else if (head == NAME_SIMPLIFY && count == 1) {
    *result = simplify(e, parts[0]);
  } else if (head == NAME_REPLACE && count == 2) {
    *result = replace_all(e, parts[0], parts[1]);
  } else if (head == NAME_NUMERIC && count == 1) {
    *result = numeric(e, parts[0]);
  } else if (head == NAME_NUMERIC && count == 2) {
    *result = numeric(e, replace_all(e, parts[0], parts[1]));
  } else if (head == NAME_SET && count == 2) {
    *result = define(e, parts[0], parts[1]);
  } else {
    return false;
  }
  return true;
}

static term evaluate_call(engine *e, term t) {
  terms parts = {0};
  term result;
  store *s = e->store;
  scratch begun = scratch_begin(s);
  name head = term_name(t);
  terms_detach(e, t, &parts);
  for (size_t i = head.id == NAME_SET ? 1 : 0; i < parts.count; i++) parts.items[i] = evaluate(e, parts.items[i]);
  if (!apply_known(e, head.id, parts.items, parts.count, &result))
    result = make_call(e, head, parts.items, parts.count);
  term_free(s, t);
  scratch_end(s, &begun, &parts);
  return term_kind_of(result) == TERM_CALL && head.id != NAME_SET ? apply_definitions(e, result) : result;
}

static term evaluate(engine *e, term t) {
  if (is_number(t)) return t;
  if (++e->depth > ENGINE_DEPTH) {
    e->fault = "evaluation is nested too deep";
    e->depth--;
    return t;
  }
  term result = term_count(t) != 0 ? evaluate_call(e, t) : apply_definitions(e, t);
  e->depth--;
  return result;
}

static void keep(engine *e, term result) {
  size_t place = e->history_count++ % ENGINE_HISTORY;
  if (e->history_count > ENGINE_HISTORY) term_free(e->store, e->history[place]);
  e->history[place] = result;
}

size_t engine_run(engine *e, const char *line, char *out, size_t capacity) {
  term t;
  if (!parse_term(e, line, &t)) return (size_t)snprintf(out, capacity, "error: %s", e->fault);
  t = evaluate(e, t);
  if (store_is_out_of_memory(e->store)) e->fault = "out of memory";
  if (e->fault != NULL) {
    term_free(e->store, t);
    return (size_t)snprintf(out, capacity, "error: %s", e->fault);
  }
  size_t length = print_term(e, t, out, capacity);
  keep(e, t);
  return length;
}
