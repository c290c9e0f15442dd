/* calculus.c: derivatives, simplification, numbers. */
#include <math.h>

#include "corpus/vm/engine.h"

static term call_one(engine *e, uint32_t head, term argument) {
  return term_call(e->store, name_of(head), &argument, 1);
}

static term times_two(engine *e, term first, term second) {
  term both[2] = {first, second};
  return make_times(e, both, 2);
}

static bool is_free_of(const engine *e, term t, term variable) {
  if (term_equals(e->store, t, variable)) return false;
  for (size_t i = 0; i < term_count(t); i++) {
    if (!is_free_of(e, term_argument(t, i), variable)) return false;
  }
  return true;
}

/* ---- derivatives ---- */

static term derive_sum(engine *e, term t, term variable) {
  terms parts = {0};
  scratch begun = scratch_begin(e->store);
  for (size_t i = 0; i < term_count(t); i++)
    terms_push(e->store, &parts, differentiate(e, term_argument(t, i), variable));
  term sum = make_plus(e, parts.items, parts.count);
  scratch_end(e->store, &begun, &parts);
  return sum;
}

static term derive_product(engine *e, term t, term variable) {
  terms sum = {0};
  size_t count = term_count(t);
  scratch begun = scratch_begin(e->store);
  for (size_t i = 0; i < count; i++) {
    terms factors = {0};
    term inner = differentiate(e, term_argument(t, i), variable);
    if (is_integer(inner, 0)) {
      term_free(e->store, inner);
      continue;
    }
    scratch nested = scratch_begin(e->store);
    for (size_t k = 0; k < count; k++)
      terms_push(e->store, &factors, k == i ? inner : term_copy(e->store, term_argument(t, k)));
    term product = make_times(e, factors.items, count);
    scratch_end(e->store, &nested, &factors);
    terms_push(e->store, &sum, product);
  }
  term result = make_plus(e, sum.items, sum.count);
  scratch_end(e->store, &begun, &sum);
  return result;
}

/* base^exponent: exponent base^(exponent - 1) base' + Log[base] base^exponent exponent' */
static term derive_power(engine *e, term t, term variable) {
  store *s = e->store;
  term base = term_argument(t, 0), exponent = term_argument(t, 1), parts[2], factors[3];
  size_t count = 0;
  if (!is_free_of(e, base, variable)) {
    term less[2] = {term_copy(s, exponent), term_integer(s, -1)};
    factors[0] = term_copy(s, exponent);
    factors[1] = make_power(e, term_copy(s, base), make_plus(e, less, 2));
    factors[2] = differentiate(e, base, variable);
    parts[count++] = make_times(e, factors, 3);
  }
  if (!is_free_of(e, exponent, variable)) {
    factors[0] = call_one(e, NAME_LOG, term_copy(s, base));
    factors[1] = term_copy(s, t);
    factors[2] = differentiate(e, exponent, variable);
    parts[count++] = make_times(e, factors, 3);
  }
  return make_plus(e, parts, count);
}

/* The derivative of a function of one argument by it. */
static term derive_outer(engine *e, term t, uint32_t head) {
  store *s = e->store;
  term inner = term_copy(s, term_argument(t, 0));
  if (head == NAME_SIN) return call_one(e, NAME_COS, inner);
  if (head == NAME_COS) return times_two(e, term_integer(s, -1), call_one(e, NAME_SIN, inner));
  if (head == NAME_LOG) return make_power(e, inner, term_integer(s, -1));
  term_free(s, inner);
  return term_copy(s, t); /* Exp */
}

term differentiate(engine *e, term t, term variable) {
  store *s = e->store;
  if (is_free_of(e, t, variable)) return term_integer(s, 0);
  if (term_kind_of(t) == TERM_SYMBOL) return term_integer(s, 1);
  uint32_t head = term_id(t);
  if (head == NAME_PLUS) return derive_sum(e, t, variable);
  if (head == NAME_TIMES) return derive_product(e, t, variable);
  if (head == NAME_POWER) return derive_power(e, t, variable);
  bool is_known = head >= NAME_SIN && head <= NAME_LOG && term_count(t) == 1;
  if (is_known) return times_two(e, derive_outer(e, t, head), differentiate(e, term_argument(t, 0), variable));
  term both[2] = {term_copy(s, t), term_copy(s, variable)};
  return term_call(s, name_of(NAME_D), both, 2);
}

/* ---- Simplify ---- */

/* Whether two parts of a sum are Sin[a]^2 and Cos[a]^2. */
static bool are_squares(const engine *e, term first, term second) {
  if (!is_call(first, NAME_POWER) || !is_call(second, NAME_POWER)) return false;
  if (!is_integer(term_argument(first, 1), 2) || !is_integer(term_argument(second, 1), 2)) return false;
  term cosine = term_argument(first, 0), sine = term_argument(second, 0);
  return is_call(cosine, NAME_COS) && is_call(sine, NAME_SIN) &&
         term_equals(e->store, term_argument(cosine, 0), term_argument(sine, 0));
}

static term simplify_sum(engine *e, term *parts, size_t count) {
  for (size_t i = 0; i < count; i++) {
    for (size_t k = 0; k < count; k++) {
      if (i == k || !are_squares(e, parts[i], parts[k])) continue;
      term_free(e->store, parts[i]);
      term_free(e->store, parts[k]);
      parts[i] = term_integer(e->store, 1);
      parts[k] = term_integer(e->store, 0);
    }
  }
  return make_plus(e, parts, count);
}

/* Exp[Log[a]] and Log[Exp[a]] are a; the argument is consumed. */
static bool undo(engine *e, uint32_t head, uint32_t inverse, uint32_t inner, term argument, term *result) {
  if (head != inverse || !is_call(argument, inner) || term_count(argument) != 1) return false;
  term_open(e->store, argument, result);
  return true;
}

static bool add_exponents(engine *e, term *parts, size_t *count) {
  size_t first = *count, kept = 0;
  for (size_t i = 0; i < *count; i++) {
    if (!is_call(parts[i], NAME_EXP) || term_count(parts[i]) != 1 || first == *count) {
      if (first == *count && is_call(parts[i], NAME_EXP) && term_count(parts[i]) == 1) first = kept;
      parts[kept++] = parts[i];
      continue;
    }
    term sum[2];
    term_open(e->store, parts[first], &sum[0]);
    term_open(e->store, parts[i], &sum[1]);
    parts[first] = call_one(e, NAME_EXP, make_plus(e, sum, 2));
  }
  bool is_changed = kept != *count;
  *count = kept;
  return is_changed;
}

static term simplify_call(engine *e, name head, term *parts, size_t count) {
  term result;
  if (head.id == NAME_PLUS) return simplify_sum(e, parts, count);
  if (head.id == NAME_TIMES) {
    add_exponents(e, parts, &count);
    return make_times(e, parts, count);
  }
  if (count != 1) return make_call(e, head, parts, count);
  if (undo(e, head.id, NAME_EXP, NAME_LOG, parts[0], &result)) return result;
  if (undo(e, head.id, NAME_LOG, NAME_EXP, parts[0], &result)) return result;
  if (is_integer(parts[0], 0) && (head.id == NAME_SIN || head.id == NAME_COS || head.id == NAME_EXP)) {
    term_free(e->store, parts[0]);
    return term_integer(e->store, head.id == NAME_SIN ? 0 : 1);
  }
  if (is_integer(parts[0], 1) && head.id == NAME_LOG) {
    term_free(e->store, parts[0]);
    return term_integer(e->store, 0);
  }
  return make_call(e, head, parts, count);
}

term simplify(engine *e, term t) { return terms_rebuild(e, t, simplify, simplify_call); }

/* ---- numbers ---- */

static bool apply(uint32_t head, double argument, double *result) {
  switch (head) {
  case NAME_SIN: *result = sin(argument); return true;
  case NAME_COS: *result = cos(argument); return true;
  case NAME_EXP: *result = exp(argument); return true;
  case NAME_LOG: *result = log(argument); return true;
  default: return false;
  }
}

term numeric(engine *e, term t) {
  terms parts = {0};
  double number;
  if (term_kind_of(t) == TERM_INTEGER) {
    number = (double)term_integer_of(t);
    term_free(e->store, t);
    return term_real(e->store, number);
  }
  if (term_kind_of(t) != TERM_CALL || term_count(t) == 0) return t;
  scratch begun = scratch_begin(e->store);
  name head = term_name(t);
  bool is_power = head.id == NAME_POWER && term_count(t) == 2; /* whole exponents stay so */
  terms_detach(e, t, &parts);
  for (size_t i = 0; i < parts.count; i++) {
    if (!is_power || i == 0 || term_kind_of(parts.items[i]) != TERM_INTEGER)
      parts.items[i] = numeric(e, parts.items[i]);
  }
  term result;
  if (parts.count == 1 && term_kind_of(parts.items[0]) == TERM_REAL &&
      apply(head.id, term_real_of(parts.items[0]), &number)) {
    term_free(e->store, parts.items[0]);
    result = term_real(e->store, number);
  } else {
    result = make_call(e, head, parts.items, parts.count);
  }
  term_free(e->store, t);
  scratch_end(e->store, &begun, &parts);
  return result;
}
