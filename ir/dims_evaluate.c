/* dims_evaluate.c: what a size comes to when its dims lie in given intervals.
 *
 * Plain interval arithmetic first: each term is bounded by itself. That is exact for a size without negative
 * coefficients, but N - N/2 comes out as [-N/2, N]. So, for sizes with a negative coefficient and few dims, the
 * growth of the size from d to d + 1 is bounded too, for each dim d; where it cannot be negative (or positive),
 * the size is monotone in d, and d may be put at the end of its interval that gives the bound.
 *
 * INT64_MAX as an upper and INT64_MIN as a lower bound mean "none"; finite bounds that leave the range are moved
 * to its edge on the safe side. Cost: the weight of the size, times its dims squared when it is refined. */
#include "ir/dims_table.h"

enum { REFINED_DIMS = 8 };

#define NO_UPPER INT64_MAX
#define NO_LOWER INT64_MIN

/* ---- numbers with a rounding direction ---- */

/* An overflow of a lower (upper) bound in direction `positive`. */
static int64_t saturate(bool positive, bool upper) {
  if (upper) return positive ? NO_UPPER : INT64_MIN + 1;
  return positive ? INT64_MAX - 1 : NO_LOWER;
}

static bool is_infinite(int64_t number) { return number == NO_UPPER || number == NO_LOWER; }

static int64_t add_bound(int64_t left, int64_t right, bool upper) {
  if (is_infinite(left) || is_infinite(right)) return upper ? NO_UPPER : NO_LOWER;
  if (right > 0 && left > INT64_MAX - 1 - right) return saturate(true, upper);
  if (right < 0 && left < INT64_MIN + 1 - right) return saturate(false, upper);
  return left + right;
}

/* A product of two interval ends, rounded towards where the bound stays true; 0 times infinity is 0. */
static int64_t multiply_bound(int64_t left, int64_t right, bool upper) {
  if (left == 0 || right == 0) return 0;
  bool positive = (left > 0) == (right > 0);
  if (is_infinite(left) || is_infinite(right)) return saturate(positive, upper);
  uint64_t x = left > 0 ? (uint64_t)left : 0 - (uint64_t)left, y = right > 0 ? (uint64_t)right : 0 - (uint64_t)right;
  if (x > (uint64_t)(INT64_MAX - 1) / y) return saturate(positive, upper);
  return left * right;
}

static int64_t least(int64_t left, int64_t right) { return left < right ? left : right; }
static int64_t most(int64_t left, int64_t right) { return left > right ? left : right; }

static vmo_interval add_intervals(vmo_interval left, vmo_interval right) {
  return (vmo_interval){add_bound(left.low, right.low, false), add_bound(left.high, right.high, true)};
}

static vmo_interval multiply_intervals(vmo_interval left, vmo_interval right) {
  vmo_interval result = {INT64_MAX, INT64_MIN};
  const int64_t x[2] = {left.low, left.high}, y[2] = {right.low, right.high};
  for (int i = 0; i < 4; i++) {
    result.low = least(result.low, multiply_bound(x[i & 1], y[i >> 1], false));
    result.high = most(result.high, multiply_bound(x[i & 1], y[i >> 1], true));
  }
  return result;
}

static int64_t divide_bound(int64_t bound, int64_t divisor, bool round_up) {
  if (is_infinite(bound)) return bound;
  int64_t quotient = vmo_floor_divide(bound, divisor);
  return round_up && quotient * divisor != bound ? quotient + 1 : quotient;
}

/* ---- a walk over the size ---- */

/* The value of a part of the size, and by how much it grows when the varied dim grows by 1. */
typedef struct spread {
  vmo_interval value, growth;
} spread;

typedef struct evaluator {
  const vmo_sizes *sizes;
  const vmo_binding *binding;
  vmo_dim_id varied; /* VMO_NONE: growth is not asked for */
  vmo_dim_id dims[REFINED_DIMS];
  vmo_interval intervals[REFINED_DIMS]; /* of dims, in place of the binding's */
  uint32_t dim_count;
} evaluator;

static spread walk_size(const evaluator *evaluation, vmo_size_id size);

static vmo_interval find_interval(const evaluator *evaluation, vmo_dim_id dim) {
  for (uint32_t i = 0; i < evaluation->dim_count; i++)
    if (evaluation->dims[i] == dim) return evaluation->intervals[i];
  if (dim < evaluation->binding->count) return evaluation->binding->dims[dim];
  return (vmo_interval){0, NO_UPPER};
}

static spread walk_dim(const evaluator *evaluation, vmo_dim_id dim) {
  spread result = {find_interval(evaluation, dim), {0, 0}};
  if (dim != evaluation->varied) return result;
  result.growth = (vmo_interval){1, 1};
  if (result.value.high != NO_UPPER) result.value.high--;
  return result;
}

/* NOLINTBEGIN(misc-no-recursion): atoms lie at most VMO_SIZE_MAX_DEPTH deep within each other */

static spread walk_maximum(const evaluator *evaluation, const vmo_atom *atom) {
  const vmo_size_id *members = evaluation->sizes->members.data + atom->first;
  spread result = walk_size(evaluation, members[0]);
  for (uint32_t i = 1; i < atom->count; i++) {
    spread member = walk_size(evaluation, members[i]);
    result.value.low = most(result.value.low, member.value.low);
    result.value.high = most(result.value.high, member.value.high);
    result.growth.low = least(result.growth.low, member.growth.low);
    result.growth.high = most(result.growth.high, member.growth.high);
  }
  return result;
}

static spread walk_atom(const evaluator *evaluation, const vmo_atom *atom) {
  if (atom->kind == VMO_ATOM_DIM) return walk_dim(evaluation, atom->first);
  if (atom->kind == VMO_ATOM_MAX) return walk_maximum(evaluation, atom);
  spread divided = walk_size(evaluation, atom->first);
  return (spread){
      {divide_bound(divided.value.low, atom->divisor, false), divide_bound(divided.value.high, atom->divisor, false)},
      {divide_bound(divided.growth.low, atom->divisor, false), divide_bound(divided.growth.high, atom->divisor, true)}};
}

/* (x + dx) * (y + dy) - x * y = x * dy + dx * y + dx * dy */
static spread multiply_spreads(const evaluator *evaluation, spread x, spread y) {
  spread product = {multiply_intervals(x.value, y.value), {0, 0}};
  if (evaluation->varied == VMO_NONE) return product;
  product.growth =
      add_intervals(add_intervals(multiply_intervals(x.value, y.growth), multiply_intervals(x.growth, y.value)),
                    multiply_intervals(x.growth, y.growth));
  return product;
}

static spread walk_term(const evaluator *evaluation, vmo_term term) {
  const vmo_sizes *sizes = evaluation->sizes;
  const vmo_monomial *monomial = &sizes->monomials.data[term.monomial];
  spread result = {{term.coefficient, term.coefficient}, {0, 0}};
  for (uint32_t i = 0; i < monomial->factor_count; i++) {
    const vmo_atom *atom = &sizes->atoms.data[sizes->factors.data[monomial->factor_first + i]];
    result = multiply_spreads(evaluation, result, walk_atom(evaluation, atom));
  }
  return result;
}

static spread walk_size(const evaluator *evaluation, vmo_size_id size) {
  const vmo_term *terms = vmo_size_terms(evaluation->sizes, size);
  spread result = {{0, 0}, {0, 0}};
  for (uint32_t i = 0; i < evaluation->sizes->sizes.data[size].term_count; i++) {
    spread term = walk_term(evaluation, terms[i]);
    result.value = add_intervals(result.value, term.value);
    result.growth = add_intervals(result.growth, term.growth);
  }
  return result;
}

/* ---- dims of a size ---- */

static bool collect_dims(evaluator *evaluation, vmo_size_id size);

static bool collect_from_atom(evaluator *evaluation, const vmo_atom *atom) {
  const vmo_sizes *sizes = evaluation->sizes;
  if (atom->kind == VMO_ATOM_QUOTIENT) return collect_dims(evaluation, atom->first);
  if (atom->kind == VMO_ATOM_MAX) {
    for (uint32_t i = 0; i < atom->count; i++)
      if (!collect_dims(evaluation, sizes->members.data[atom->first + i])) return false;
    return true;
  }
  for (uint32_t i = 0; i < evaluation->dim_count; i++)
    if (evaluation->dims[i] == atom->first) return true;
  if (evaluation->dim_count == REFINED_DIMS) return false;
  evaluation->intervals[evaluation->dim_count] = find_interval(evaluation, atom->first);
  evaluation->dims[evaluation->dim_count++] = atom->first;
  return true;
}

/* Lists the dims of the size with their intervals; false when there are more than REFINED_DIMS. */
static bool collect_dims(evaluator *evaluation, vmo_size_id size) {
  const vmo_sizes *sizes = evaluation->sizes;
  const vmo_term *terms = vmo_size_terms(sizes, size);
  for (uint32_t i = 0; i < sizes->sizes.data[size].term_count; i++) {
    const vmo_monomial *monomial = &sizes->monomials.data[terms[i].monomial];
    for (uint32_t j = 0; j < monomial->factor_count; j++) {
      const vmo_atom *atom = &sizes->atoms.data[sizes->factors.data[monomial->factor_first + j]];
      if (!collect_from_atom(evaluation, atom)) return false;
    }
  }
  return true;
}

/* Whether a dim without an upper bound occurs. */
static bool has_free_dim(const evaluator *evaluation, vmo_size_id size);

static bool atom_has_free_dim(const evaluator *evaluation, const vmo_atom *atom) {
  if (atom->kind == VMO_ATOM_DIM) return find_interval(evaluation, atom->first).high == NO_UPPER;
  if (atom->kind == VMO_ATOM_QUOTIENT) return has_free_dim(evaluation, atom->first);
  for (uint32_t i = 0; i < atom->count; i++)
    if (has_free_dim(evaluation, evaluation->sizes->members.data[atom->first + i])) return true;
  return false;
}

static bool has_free_dim(const evaluator *evaluation, vmo_size_id size) {
  const vmo_sizes *sizes = evaluation->sizes;
  const vmo_term *terms = vmo_size_terms(sizes, size);
  for (uint32_t i = 0; i < sizes->sizes.data[size].term_count; i++) {
    const vmo_monomial *monomial = &sizes->monomials.data[terms[i].monomial];
    for (uint32_t j = 0; j < monomial->factor_count; j++) {
      const vmo_atom *atom = &sizes->atoms.data[sizes->factors.data[monomial->factor_first + j]];
      if (atom_has_free_dim(evaluation, atom)) return true;
    }
  }
  return false;
}

/* NOLINTEND(misc-no-recursion) */

/* ---- refinement ---- */

/* Puts dim number `which` at the end of its interval where the size has its upper (lower) bound; false when the
 * size is not monotone in it, or that end is infinite. */
static bool pin_dim(evaluator *evaluation, vmo_size_id size, uint32_t which, bool upper) {
  vmo_interval *interval = &evaluation->intervals[which];
  if (interval->low == interval->high) return false;
  evaluation->varied = evaluation->dims[which];
  vmo_interval growth = walk_size(evaluation, size).growth;
  evaluation->varied = VMO_NONE;
  if (growth.low < 0 && growth.high > 0) return false;
  bool to_high = (growth.low >= 0) == upper;
  if (to_high && interval->high == NO_UPPER) return false;
  *interval = to_high ? (vmo_interval){interval->high, interval->high} : (vmo_interval){interval->low, interval->low};
  return true;
}

static vmo_interval refine(const evaluator *original, vmo_size_id size, bool upper) {
  evaluator pinned = *original;
  for (bool changed = true; changed;) {
    changed = false;
    for (uint32_t i = 0; i < pinned.dim_count; i++) changed = pin_dim(&pinned, size, i, upper) || changed;
  }
  return walk_size(&pinned, size).value;
}

static vmo_interval bound_size(evaluator *evaluation, vmo_size_id size) {
  vmo_interval plain = walk_size(evaluation, size).value;
  if (plain.low == plain.high || !evaluation->sizes->sizes.data[size].mixed) return plain;
  bool few = collect_dims(evaluation, size);
  if (few) {
    plain.low = most(plain.low, refine(evaluation, size, false).low);
    plain.high = least(plain.high, refine(evaluation, size, true).high);
  }
  evaluation->dim_count = 0;
  return plain;
}

vmo_evaluation vmo_size_evaluate(const vmo_sizes *sizes, vmo_size_id size, const vmo_binding *binding,
                                 vmo_interval *result) {
  evaluator evaluation = {.sizes = sizes, .binding = binding, .varied = VMO_NONE};
  vmo_interval bounds = bound_size(&evaluation, size);
  if (bounds.high >= VMO_BYTES_LIMIT)
    return bounds.low < VMO_BYTES_LIMIT && has_free_dim(&evaluation, size) ? VMO_EVALUATION_UNBOUNDED
                                                                           : VMO_EVALUATION_OVERFLOW;
  *result = bounds;
  if (bounds.low != bounds.high) return VMO_EVALUATION_BOUNDED;
  return bounds.low < 0 ? VMO_EVALUATION_NEGATIVE : VMO_EVALUATION_EXACT;
}
