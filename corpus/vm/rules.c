/* rules.c: patterns, bindings, rewriting. x_ is Blank[x]: it matches any term, the same one wherever it stands again. */
#include "corpus/vm/engine.h"

static bool bind(const engine *e, name variable, term t, bindings *b) {
  for (size_t i = 0; i < b->count; i++) {
    if (name_equals(b->names[i], variable)) return term_equals(e->store, b->values[i], t);
  }
  if (b->count == BINDINGS) return false;
  b->names[b->count] = variable;
  b->values[b->count++] = t;
  return true;
}

bool match(const engine *e, term pattern, term t, bindings *b) {
  if (is_call(pattern, NAME_BLANK) && term_count(pattern) == 1)
    return bind(e, term_name(term_argument(pattern, 0)), t, b);
  if (term_kind_of(pattern) != TERM_CALL) return term_equals(e->store, pattern, t);
  if (term_kind_of(t) != TERM_CALL || term_count(t) != term_count(pattern)) return false;
  if (!term_same_name(pattern, t)) return false;
  for (size_t i = 0; i < term_count(t); i++) {
    if (!match(e, term_argument(pattern, i), term_argument(t, i), b)) return false;
  }
  return true;
}

term substitute(engine *e, term t, const bindings *b) {
  terms parts = {0};
  if (term_kind_of(t) == TERM_SYMBOL) {
    name symbol = term_name(t);
    for (size_t i = 0; i < b->count; i++) {
      if (name_equals(b->names[i], symbol)) return term_copy(e->store, b->values[i]);
    }
  }
  if (term_count(t) == 0) return term_copy(e->store, t);
  scratch begun = scratch_begin(e->store);
  for (size_t i = 0; i < term_count(t); i++) {
    term part = substitute(e, term_argument(t, i), b);
    terms_push(e->store, &parts, part);
  }
  term result = make_call(e, term_name(t), parts.items, parts.count);
  scratch_end(e->store, &begun, &parts);
  return result;
}

/* The first rule that matches `t`, which is then replaced. */
static bool try_rules(engine *e, term *t, term rules) {
  bool is_list = is_call(rules, NAME_LIST), is_done = false;
  size_t count = is_list ? term_count(rules) : 1;
  bindings *b = bindings_take(e->store);
  for (size_t i = 0; i < count && b != NULL && !is_done; i++) {
    term rule = is_list ? term_argument(rules, i) : rules;
    b->count = 0;
    if (!is_call(rule, NAME_RULE) || term_count(rule) != 2 || !match(e, term_argument(rule, 0), *t, b)) continue;
    term result = substitute(e, term_argument(rule, 1), b);
    term_free(e->store, *t);
    *t = result;
    is_done = true;
  }
  if (b != NULL) bindings_give(e->store, b);
  return is_done;
}

static term rewrite(engine *e, term t, term rules) {
  terms parts = {0};
  if (try_rules(e, &t, rules) || term_kind_of(t) != TERM_CALL || term_count(t) == 0) return t;
  scratch begun = scratch_begin(e->store);
  name head = term_name(t);
  terms_detach(e, t, &parts);
  for (size_t i = 0; i < parts.count; i++) parts.items[i] = rewrite(e, parts.items[i], rules);
  term result = make_call(e, head, parts.items, parts.count);
  term_free(e->store, t);
  scratch_end(e->store, &begun, &parts);
  return result;
}

term replace_all(engine *e, term t, term rules) {
  term result = rewrite(e, t, rules);
  term_free(e->store, rules);
  return result;
}
