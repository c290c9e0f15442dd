/* algebra.c: sums, products and powers in normal form: flat, sorted, numbers and equal parts collected. */
#include <math.h>
#include <string.h>

#include "corpus/vm/engine.h"

/* ---- numbers ---- */

static double real_of(term t) { return term_kind_of(t) == TERM_REAL ? term_real_of(t) : (double)term_integer_of(t); }

static term add_numbers(engine *e, term first, term second) {
  int64_t sum;
  if (term_kind_of(first) == TERM_INTEGER && term_kind_of(second) == TERM_INTEGER &&
      !__builtin_add_overflow(term_integer_of(first), term_integer_of(second), &sum)) {
    term_free(e->store, first);
    term_free(e->store, second);
    return term_integer(e->store, sum);
  }
  double real = real_of(first) + real_of(second);
  term_free(e->store, first);
  term_free(e->store, second);
  return term_real(e->store, real);
}

static term multiply_numbers(engine *e, term first, term second) {
  int64_t product;
  if (term_kind_of(first) == TERM_INTEGER && term_kind_of(second) == TERM_INTEGER &&
      !__builtin_mul_overflow(term_integer_of(first), term_integer_of(second), &product)) {
    term_free(e->store, first);
    term_free(e->store, second);
    return term_integer(e->store, product);
  }
  double real = real_of(first) * real_of(second);
  term_free(e->store, first);
  term_free(e->store, second);
  return term_real(e->store, real);
}

/* ---- parts ---- */

void terms_detach(engine *e, term t, terms *parts) {
  size_t count = term_count(t);
  if (!terms_reserve(e->store, parts, count)) return;
  parts->count = count;
  term_detach(e->store, t, parts->items);
}

term terms_rebuild(engine *e, term t, term (*each)(engine *, term), term (*make)(engine *, name, term *, size_t)) {
  terms parts = {0};
  if (term_kind_of(t) != TERM_CALL || term_count(t) == 0) return t;
  scratch begun = scratch_begin(e->store);
  name head = term_name(t);
  terms_detach(e, t, &parts);
  for (size_t i = 0; i < parts.count; i++) parts.items[i] = each(e, parts.items[i]);
  term result = make(e, head, parts.items, parts.count);
  term_free(e->store, t);
  scratch_end(e->store, &begun, &parts);
  return result;
}

/* The arguments of `parts` that are calls of `head`, and the others, in one list; all are consumed. */
static void flatten(engine *e, uint32_t head, const term *parts, size_t count, terms *flat) {
  for (size_t i = 0; i < count; i++) {
    if (!is_call(parts[i], head)) {
      terms_push(e->store, flat, parts[i]);
      continue;
    }
    size_t first = flat->count, more = term_count(parts[i]);
    if (!terms_reserve(e->store, flat, first + more)) return;
    flat->count += more;
    term_open(e->store, parts[i], flat->items + first);
  }
}

/* A part of a sum without its number, which is given apart: 3 x y is x y and 3. Consumes. */
static term split_number(engine *e, term t, term *number) {
  term arguments[64];
  bool has_number = is_call(t, NAME_TIMES) && is_number(term_argument(t, 0)) && term_count(t) <= 64;
  if (!has_number) {
    *number = term_integer(e->store, 1);
    return t;
  }
  size_t count = term_count(t);
  term_open(e->store, t, arguments);
  *number = arguments[0];
  return count == 2 ? arguments[1] : term_call(e->store, name_of(NAME_TIMES), arguments + 1, count - 1);
}

/* A factor as base and exponent. Consumes. */
static term split_power(engine *e, term t, term *exponent) {
  term arguments[2];
  if (!is_call(t, NAME_POWER)) {
    *exponent = term_integer(e->store, 1);
    return t;
  }
  term_open(e->store, t, arguments);
  *exponent = arguments[1];
  return arguments[0];
}

/* Sorts pairs of key and value by key, each put in its place among those before; equal keys keep their order. */
static void sort_pairs(const engine *e, term *pairs, size_t count) {
  for (size_t i = 1; i < count; i++) {
    term key = pairs[2 * i], value = pairs[2 * i + 1];
    size_t low = 0, high = i;
    while (low < high) {
      size_t middle = (low + high) / 2;
      if (term_compare(e->store, key, pairs[2 * middle]) < 0)
        high = middle;
      else
        low = middle + 1;
    }
    memmove(pairs + 2 * low + 2, pairs + 2 * low, (i - low) * 2 * sizeof *pairs);
    pairs[2 * low] = key;
    pairs[2 * low + 1] = value;
  }
}

/* Numbers among `flat` become `*number`; the rest become pairs, of which equal keys are one. Returns the number of pairs. */
static size_t collect_pairs(engine *e, terms *flat, terms *pairs, bool is_sum, term *number) {
  size_t kept = 0;
  for (size_t i = 0; i < flat->count; i++) {
    term part = flat->items[i], value;
    if (is_number(part)) {
      *number = is_sum ? add_numbers(e, *number, part) : multiply_numbers(e, *number, part);
      continue;
    }
    term key = is_sum ? split_number(e, part, &value) : split_power(e, part, &value);
    terms_push(e->store, pairs, key);
    terms_push(e->store, pairs, value);
  }
  sort_pairs(e, pairs->items, pairs->count / 2);
  for (size_t i = 0; i < pairs->count; i += 2) {
    term key = pairs->items[i], value = pairs->items[i + 1];
    if (kept != 0 && term_equals(e->store, pairs->items[kept - 2], key)) {
      term both[2] = {pairs->items[kept - 1], value};
      pairs->items[kept - 1] = is_sum ? add_numbers(e, both[0], both[1]) : make_plus(e, both, 2);
      term_free(e->store, key);
      continue;
    }
    pairs->items[kept++] = key;
    pairs->items[kept++] = value;
  }
  pairs->count = kept;
  return kept / 2;
}

static term finish(engine *e, uint32_t head, term *parts, size_t count, int64_t none) {
  if (count == 0) return term_integer(e->store, none);
  return count == 1 ? parts[0] : term_call(e->store, name_of(head), parts, count);
}

static bool is_zero(term t) { return is_number(t) && real_of(t) == 0; }

/* ---- sums ---- */

term make_plus(engine *e, const term *parts, size_t count) {
  terms flat = {0}, pairs = {0};
  term sum = term_integer(e->store, 0);
  scratch outer = scratch_begin(e->store);
  terms_reserve(e->store, &flat, count + 1);
  flatten(e, NAME_PLUS, parts, count, &flat);
  scratch inner = scratch_begin(e->store);
  size_t pair_count = collect_pairs(e, &flat, &pairs, true, &sum), out = 0;
  flat.count = 0;
  if (!is_zero(sum))
    flat.items[out++] = sum;
  else
    term_free(e->store, sum);
  for (size_t i = 0; i < pair_count; i++) {
    term key = pairs.items[2 * i], factor = pairs.items[2 * i + 1];
    if (is_zero(factor)) {
      term_free(e->store, key);
      term_free(e->store, factor);
    } else if (is_integer(factor, 1)) {
      term_free(e->store, factor);
      flat.items[out++] = key;
    } else {
      term product[65] = {factor, key};
      size_t factors = 2;
      if (is_call(key, NAME_TIMES) && term_count(key) <= 64) {
        factors = 1 + term_count(key);
        term_open(e->store, key, product + 1);
      }
      flat.items[out++] = term_call(e->store, name_of(NAME_TIMES), product, factors);
    }
  }
  scratch_end(e->store, &inner, &pairs);
  term result = finish(e, NAME_PLUS, flat.items, out, 0);
  scratch_end(e->store, &outer, &flat);
  return result;
}

/* ---- products ---- */

term make_times(engine *e, const term *parts, size_t count) {
  terms flat = {0}, pairs = {0};
  term product = term_integer(e->store, 1);
  scratch outer = scratch_begin(e->store);
  flatten(e, NAME_TIMES, parts, count, &flat);
  scratch inner = scratch_begin(e->store);
  size_t pair_count = collect_pairs(e, &flat, &pairs, false, &product), out = 0, again = 0;
  flat.count = 0;
  for (size_t i = 0; i < pair_count; i++) {
    term power = make_power(e, pairs.items[2 * i], pairs.items[2 * i + 1]);
    if (is_number(power)) {
      product = multiply_numbers(e, product, power);
    } else {
      if (is_call(power, NAME_TIMES)) again++;
      pairs.items[out++] = power; /* of a pair that was read */
    }
  }
  term result;
  if (is_zero(product)) {
    for (size_t i = 0; i < out; i++) term_free(e->store, pairs.items[i]);
    result = product;
  } else {
    size_t kept = 0;
    terms all = {0};
    scratch last = scratch_begin(e->store);
    if (!is_integer(product, 1))
      terms_push(e->store, &all, product);
    else
      term_free(e->store, product);
    for (size_t i = 0; i < out; i++) terms_push(e->store, &all, pairs.items[i]);
    kept = all.count;
    result = again != 0 ? make_times(e, all.items, kept) : finish(e, NAME_TIMES, all.items, kept, 1);
    scratch_end(e->store, &last, &all);
  }
  scratch_end(e->store, &inner, &pairs);
  scratch_end(e->store, &outer, &flat);
  return result;
}

/* ---- powers ---- */

/* An integer to a small power, when it fits. */
static bool power_fits(int64_t base, int64_t exponent, int64_t *result) {
  *result = 1;
  for (int64_t i = 0; i < exponent; i++) {
    if (__builtin_mul_overflow(*result, base, result)) return false;
  }
  return true;
}

static term power_of_product(engine *e, term base, term exponent) {
  term factors[64];
  size_t count = term_count(base);
  term_open(e->store, base, factors);
  for (size_t i = 0; i < count; i++) factors[i] = make_power(e, factors[i], term_copy(e->store, exponent));
  term_free(e->store, exponent);
  return make_times(e, factors, count);
}

term make_power(engine *e, term base, term exponent) {
  store *s = e->store;
  int64_t whole;
  if (is_integer(exponent, 1)) return term_free(s, exponent), base;
  if (is_zero(exponent) || is_integer(base, 1)) {
    term_free(s, base);
    term_free(s, exponent);
    return term_integer(s, 1);
  }
  bool is_whole = term_kind_of(exponent) == TERM_INTEGER;
  if (is_whole && term_kind_of(base) == TERM_INTEGER && term_integer_of(exponent) > 0 &&
      term_integer_of(exponent) < 63 && power_fits(term_integer_of(base), term_integer_of(exponent), &whole)) {
    term_free(s, base);
    term_free(s, exponent);
    return term_integer(s, whole);
  }
  if (is_number(base) && is_number(exponent) &&
      (term_kind_of(base) == TERM_REAL || term_kind_of(exponent) == TERM_REAL)) {
    double real = pow(real_of(base), real_of(exponent));
    term_free(s, base);
    term_free(s, exponent);
    return term_real(s, real);
  }
  if (is_whole && is_call(base, NAME_POWER)) { /* (a^b)^2 */
    term inner[2], product[2];
    term_open(s, base, inner);
    product[0] = inner[1];
    product[1] = exponent;
    return make_power(e, inner[0], make_times(e, product, 2));
  }
  if (is_whole && is_call(base, NAME_TIMES) && term_count(base) <= 64) return power_of_product(e, base, exponent);
  term both[2] = {base, exponent};
  return term_call(s, name_of(NAME_POWER), both, 2);
}

term make_call(engine *e, name head, const term *parts, size_t count) {
  if (head.id == NAME_PLUS) return make_plus(e, parts, count);
  if (head.id == NAME_TIMES) return make_times(e, parts, count);
  if (head.id == NAME_POWER && count == 2) return make_power(e, parts[0], parts[1]);
  return term_call(e->store, head, parts, count);
}

/* ---- Expand ---- */

/* The product of two sums, part by part; both are consumed. */
static term multiply_out(engine *e, term first, term second) {
  terms parts = {0};
  scratch begun = scratch_begin(e->store);
  bool is_first_sum = is_call(first, NAME_PLUS), is_second_sum = is_call(second, NAME_PLUS);
  size_t first_count = is_first_sum ? term_count(first) : 1, second_count = is_second_sum ? term_count(second) : 1;
  for (size_t i = 0; i < first_count * second_count; i++) {
    term left = is_first_sum ? term_argument(first, i / second_count) : first;
    term right = is_second_sum ? term_argument(second, i % second_count) : second;
    term both[2] = {term_copy(e->store, left), term_copy(e->store, right)};
    if (!terms_push(e->store, &parts, make_times(e, both, 2))) break;
  }
  term_free(e->store, first);
  term_free(e->store, second);
  term sum = make_plus(e, parts.items, parts.count);
  scratch_end(e->store, &begun, &parts);
  return sum;
}

static term expand_call(engine *e, name head, term *parts, size_t count) {
  if (head.id == NAME_POWER && count == 2 && is_call(parts[0], NAME_PLUS) && term_kind_of(parts[1]) == TERM_INTEGER &&
      term_integer_of(parts[1]) > 1 && term_integer_of(parts[1]) <= 8) {
    int64_t times = term_integer_of(parts[1]);
    term result = term_copy(e->store, parts[0]);
    for (int64_t i = 1; i < times; i++) result = multiply_out(e, result, term_copy(e->store, parts[0]));
    term_free(e->store, parts[0]);
    term_free(e->store, parts[1]);
    return result;
  }
  if (head.id != NAME_TIMES) return make_call(e, head, parts, count);
  term result = parts[0];
  for (size_t i = 1; i < count; i++) result = multiply_out(e, result, parts[i]);
  return result;
}

term expand(engine *e, term t) { return terms_rebuild(e, t, expand, expand_call); }
