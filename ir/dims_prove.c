/* dims_prove.c: proves that a size is never negative, for all dims >= 0.
 *
 * A sum whose coefficients are >= 0 over non-negative monomials is plainly >= 0. Else a quotient or a maximum is
 * replaced by a bound and the rest is proven instead:
 *
 *   c * floor(p / k),  c < 0     floor(p / k) <= p / k             the whole sum times k
 *   c * floor(p / k),  c > 0     floor(p / k) >= (p - k + 1) / k   the same
 *                                where floor(q / j) occurs, k = j * m and p = q + j * t, floor(p / k) is
 *                                floor((floor(q / j) + t) / m), and is bounded by that
 *   max(a, b) somewhere          it is a or b: both cases must hold;
 *                                where only added, one case is enough, for max(a, b) >= a
 *
 * The search is incomplete and bounded, in steps and in the terms that its sums are built of (SEARCH_WORK); once all
 * searches together had PATIENCE of these, each gets less. "false" means not proven. */
#include "ir/dims_table.h"

enum { SEARCH_STEPS = 64, SEARCH_DEPTH = 10, SEARCH_WORK = 200000, SHORT_SEARCH_WORK = 5000, PATIENCE = 100000000 };

typedef struct proof_search {
  vmo_sizes *sizes;
  uint32_t steps_left;
  uint64_t work_end; /* of vmo_sizes.work */
} proof_search;

static bool is_over(const proof_search *search) {
  return search->steps_left == 0 || search->sizes->work >= search->work_end;
}

static bool prove(proof_search *search, const vmo_sum *sum, uint32_t depth);

static bool is_plainly_nonnegative(const vmo_sizes *sizes, const vmo_sum *sum) {
  for (uint32_t i = 0; i < sum->terms.count; i++)
    if (sum->terms.data[i].coefficient < 0 || !sizes->monomials.data[sum->terms.data[i].monomial].nonnegative)
      return false;
  return true;
}

/* Where `atom` first stands among the factors of `monomial`; the number of factors when it does not. */
static uint32_t find_factor(const vmo_sizes *sizes, vmo_monomial_id monomial, vmo_atom_id atom) {
  const vmo_monomial *product = &sizes->monomials.data[monomial];
  uint32_t i = 0;
  while (i < product->factor_count && sizes->factors.data[product->factor_first + i] != atom) i++;
  return i;
}

static bool has_factor(const vmo_sizes *sizes, vmo_monomial_id monomial, vmo_atom_id atom) {
  return find_factor(sizes, monomial, atom) < sizes->monomials.data[monomial].factor_count;
}

/* The monomial without `atom`, which it must have exactly once; else VMO_NONE. */
static vmo_monomial_id cofactor(vmo_sizes *sizes, vmo_monomial_id monomial, vmo_atom_id atom) {
  vmo_sum_status status;
  vmo_monomial_id rest = vmo_monomial_without(sizes, monomial, find_factor(sizes, monomial, atom), &status);
  return status == VMO_SUM_OK && !has_factor(sizes, rest, atom) ? rest : VMO_NONE;
}

/* floor(dividend / divisor) by another name: the dividend is the size `of`, or, when that is VMO_NONE, a monomial plus a
 * number. */
typedef struct quotient {
  vmo_size_id of;
  vmo_term terms[2];
  uint32_t term_count; /* 1: plus nothing */
  int64_t divisor;
} quotient;

/* result += coefficient * divisor * bound of the quotient, times a non-negative monomial. */
static bool add_bound(vmo_sizes *sizes, vmo_sum *result, const quotient *q, int64_t coefficient,
                      vmo_monomial_id monomial) {
  if (!sizes->monomials.data[monomial].nonnegative) return false;
  vmo_sum_status status = q->of == VMO_NONE
                              ? vmo_sum_accumulate(sizes, result, coefficient, monomial, q->terms, q->term_count)
                              : vmo_sum_accumulate_size(sizes, result, coefficient, monomial, q->of);
  if (status != VMO_SUM_OK) return false;
  if (coefficient < 0) return true;
  vmo_term slack = {1 - q->divisor, VMO_MONOMIAL_ONE};
  return vmo_sum_accumulate(sizes, result, coefficient, monomial, &slack, 1) == VMO_SUM_OK;
}

/* result = factor * sum without the terms in which the atom occurs. */
static bool take_rest(vmo_sizes *sizes, const vmo_sum *sum, vmo_atom_id id, int64_t factor, vmo_sum *result) {
  uint32_t first = 0;
  for (uint32_t i = 0; i <= sum->terms.count; i++) { /* in runs, for each call costs all that the result has */
    if (i < sum->terms.count && !has_factor(sizes, sum->terms.data[i].monomial, id)) continue;
    if (vmo_sum_accumulate(sizes, result, factor, VMO_MONOMIAL_ONE, sum->terms.data + first, i - first) != VMO_SUM_OK)
      return false;
    first = i + 1;
  }
  return true;
}

/* result = divisor * sum with the quotient, the atom `id`, replaced by its bounds. */
static bool bound_quotient(vmo_sizes *sizes, const vmo_sum *sum, vmo_atom_id id, const quotient *q, vmo_sum *result) {
  if (!take_rest(sizes, sum, id, q->divisor, result)) return false;
  for (uint32_t i = 0; i < sum->terms.count; i++) {
    vmo_term term = sum->terms.data[i];
    if (!has_factor(sizes, term.monomial, id)) continue;
    vmo_monomial_id rest = cofactor(sizes, term.monomial, id);
    if (rest == VMO_NONE || !add_bound(sizes, result, q, term.coefficient, rest)) return false;
  }
  return true;
}

/* Whether left - right is a number. */
static bool differ_by_number(vmo_sizes *sizes, vmo_size_id left, vmo_size_id right, int64_t *number) {
  vmo_sum *difference = vmo_sum_take(sizes);
  bool ok = difference != NULL && vmo_sum_accumulate_size(sizes, difference, 1, VMO_MONOMIAL_ONE, left) == VMO_SUM_OK &&
            vmo_sum_accumulate_size(sizes, difference, -1, VMO_MONOMIAL_ONE, right) == VMO_SUM_OK;
  *number = 0;
  for (uint32_t i = 0; ok && i < difference->terms.count; i++) {
    vmo_term term = difference->terms.data[i];
    if (term.coefficient == 0) continue;
    if (term.monomial == VMO_MONOMIAL_ONE)
      *number = term.coefficient;
    else
      ok = false;
  }
  vmo_sum_give(sizes, difference);
  return ok;
}

/* The quotient `id` by way of the one that is the monomial, when their divisors and dividends allow it. */
static bool relate_quotients(vmo_sizes *sizes, vmo_atom_id id, vmo_monomial_id monomial, quotient *q) {
  const vmo_monomial *product = &sizes->monomials.data[monomial];
  if (product->factor_count != 1 || sizes->factors.data[product->factor_first] == id) return false;
  vmo_atom atom = sizes->atoms.data[id], other = sizes->atoms.data[sizes->factors.data[product->factor_first]];
  int64_t apart;
  if (other.kind != VMO_ATOM_QUOTIENT || atom.divisor == other.divisor || atom.divisor % other.divisor != 0)
    return false;
  if (!differ_by_number(sizes, atom.first, other.first, &apart) || apart % other.divisor != 0) return false;
  *q = (quotient){.of = VMO_NONE, .divisor = atom.divisor / other.divisor};
  q->terms[0] = (vmo_term){1, monomial};
  q->terms[1] = (vmo_term){apart / other.divisor, VMO_MONOMIAL_ONE};
  q->term_count = apart == 0 ? 1 : 2;
  return true;
}

/* result = sum with the maximum replaced by one of its members. */
static bool choose_member(vmo_sizes *sizes, const vmo_sum *sum, vmo_atom_id id, vmo_size_id member, vmo_sum *result) {
  if (!take_rest(sizes, sum, id, 1, result)) return false;
  for (uint32_t i = 0; i < sum->terms.count; i++) {
    vmo_term term = sum->terms.data[i];
    if (!has_factor(sizes, term.monomial, id)) continue;
    vmo_monomial_id rest = cofactor(sizes, term.monomial, id);
    if (rest == VMO_NONE || vmo_sum_accumulate_size(sizes, result, term.coefficient, rest, member) != VMO_SUM_OK)
      return false;
  }
  return true;
}

/* Whether the atom is only ever added, times something non-negative. */
static bool is_only_added(const vmo_sizes *sizes, const vmo_sum *sum, vmo_atom_id id) {
  for (uint32_t i = 0; i < sum->terms.count; i++) {
    vmo_term term = sum->terms.data[i];
    if (!has_factor(sizes, term.monomial, id)) continue;
    if (term.coefficient < 0) return false;
    const vmo_monomial *monomial = &sizes->monomials.data[term.monomial];
    for (uint32_t j = 0; j < monomial->factor_count; j++) {
      vmo_atom_id factor = sizes->factors.data[monomial->factor_first + j];
      if (factor != id && !sizes->atoms.data[factor].nonnegative) return false;
    }
  }
  return true;
}

/* NOLINTBEGIN(misc-no-recursion): at most SEARCH_DEPTH deep */

static bool prove_with_member(proof_search *search, const vmo_sum *sum, vmo_atom_id id, vmo_size_id member,
                              uint32_t depth) {
  vmo_sum *chosen = vmo_sum_take(search->sizes);
  bool proven =
      chosen != NULL && choose_member(search->sizes, sum, id, member, chosen) && prove(search, chosen, depth + 1);
  vmo_sum_give(search->sizes, chosen);
  return proven;
}

static bool prove_maximum(proof_search *search, const vmo_sum *sum, vmo_atom_id id, uint32_t depth) {
  vmo_sizes *sizes = search->sizes;
  vmo_atom atom = sizes->atoms.data[id];
  bool one_is_enough = is_only_added(sizes, sum, id);
  for (uint32_t i = 0; i < atom.count; i++) {
    bool proven = prove_with_member(search, sum, id, sizes->members.data[atom.first + i], depth);
    if (proven == one_is_enough) return proven;
  }
  return !one_is_enough;
}

static bool prove_bounded(proof_search *search, const vmo_sum *sum, vmo_atom_id id, const quotient *q, uint32_t depth) {
  vmo_sum *bounded = vmo_sum_take(search->sizes);
  bool proven =
      bounded != NULL && bound_quotient(search->sizes, sum, id, q, bounded) && prove(search, bounded, depth + 1);
  vmo_sum_give(search->sizes, bounded);
  return proven;
}

static bool prove_without(proof_search *search, const vmo_sum *sum, vmo_atom_id id, uint32_t depth) {
  vmo_atom atom = search->sizes->atoms.data[id];
  if (atom.kind == VMO_ATOM_MAX) return prove_maximum(search, sum, id, depth);
  for (uint32_t i = 0; i < sum->terms.count && !is_over(search); i++) {
    quotient related;
    if (!relate_quotients(search->sizes, id, sum->terms.data[i].monomial, &related)) continue;
    if (prove_bounded(search, sum, id, &related, depth)) return true;
  }
  quotient q = {.of = atom.first, .divisor = atom.divisor};
  return prove_bounded(search, sum, id, &q, depth);
}

/* Tries each quotient and maximum of one term. */
static bool prove_by_term(proof_search *search, const vmo_sum *sum, vmo_monomial_id term, uint32_t depth) {
  vmo_sizes *sizes = search->sizes;
  vmo_monomial monomial = sizes->monomials.data[term];
  for (uint32_t i = 0; i < monomial.factor_count; i++) {
    vmo_atom_id atom = sizes->factors.data[monomial.factor_first + i];
    if (sizes->atoms.data[atom].kind != VMO_ATOM_DIM && prove_without(search, sum, atom, depth)) return true;
  }
  return false;
}

/* Negative terms first: what they name must be bounded in any proof. */
static bool prove(proof_search *search, const vmo_sum *sum, uint32_t depth) {
  if (is_plainly_nonnegative(search->sizes, sum)) return true;
  if (is_over(search) || depth == SEARCH_DEPTH) return false;
  search->steps_left--;
  for (int sign = -1; sign <= 1; sign += 2)
    for (uint32_t i = 0; i < sum->terms.count && !is_over(search); i++)
      if ((sum->terms.data[i].coefficient < 0) == (sign < 0) &&
          prove_by_term(search, sum, sum->terms.data[i].monomial, depth))
        return true;
  return false;
}

/* NOLINTEND(misc-no-recursion) */

bool vmo_sum_is_nonnegative(vmo_sizes *sizes, const vmo_sum *sum) {
  uint64_t most = sizes->work < PATIENCE ? SEARCH_WORK : SHORT_SEARCH_WORK;
  proof_search search = {sizes, SEARCH_STEPS, sizes->work + most};
  return prove(&search, sum, 0);
}

static bool is_difference_nonnegative(vmo_sizes *sizes, vmo_size_id left, vmo_size_id right) {
  vmo_sum *difference = vmo_sum_take(sizes);
  bool proven = difference != NULL &&
                vmo_sum_accumulate_size(sizes, difference, 1, VMO_MONOMIAL_ONE, left) == VMO_SUM_OK &&
                vmo_sum_accumulate_size(sizes, difference, -1, VMO_MONOMIAL_ONE, right) == VMO_SUM_OK &&
                vmo_sum_is_nonnegative(sizes, difference);
  vmo_sum_give(sizes, difference);
  return proven;
}

bool vmo_size_is_nonnegative(vmo_sizes *sizes, vmo_size_id size) {
  return !sizes->sizes.data[size].mixed || is_difference_nonnegative(sizes, size, VMO_SIZE_ZERO);
}

bool vmo_size_at_least(vmo_sizes *sizes, vmo_size_id left, vmo_size_id right) {
  int64_t x, y;
  if (left == VMO_NONE || right == VMO_NONE) return false;
  if (left == right) return true;
  if (vmo_size_is_constant(sizes, left, &x) && vmo_size_is_constant(sizes, right, &y)) return x >= y;
  return is_difference_nonnegative(sizes, left, right);
}
