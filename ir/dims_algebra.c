/* dims_algebra.c: arithmetic on sizes.
 *
 * Sums and products are polynomial arithmetic. Quotients and maxima are brought to a form that no other spelling
 * shares, as far as that is cheap:
 *
 *   floor((k*P + R) / k)        = P + floor(R / k)          coefficients of R within 0 .. k-1
 *   floor((g*P + c) / (g*k))    = floor((P + floor(c/g)) / k)
 *   floor((floor(P/a) + R) / b) = floor((P + a*R) / (a*b))
 *   max(g*a, g*b)               = g * max(a, b)
 *   max(max(a, b), c)           = max(a, b, c)              members that another one covers are dropped
 *
 * A product costs terms times terms, a maximum members times the cost of a comparison (dims_prove.c). */
#include "ir/dims_table.h"

#include <stdlib.h>

/* ---- sums and products ---- */

vmo_size_id vmo_size_constant(vmo_sizes *sizes, int64_t number) {
  if (number == 0) return VMO_SIZE_ZERO;
  if (number <= -VMO_SIZE_LIMIT || number >= VMO_SIZE_LIMIT) return vmo_sizes_fail(sizes, VMO_SUM_OVERFLOW);
  vmo_term term = {number, VMO_MONOMIAL_ONE};
  vmo_sum sum = {{&term, 1, 1}};
  return vmo_sum_intern(sizes, &sum);
}

static vmo_size_id size_of_atom(vmo_sizes *sizes, int64_t coefficient, vmo_atom_id atom, vmo_sum_status status) {
  vmo_term term = {coefficient, VMO_MONOMIAL_ONE};
  if (status == VMO_SUM_OK) term.monomial = vmo_monomial_of_atom(sizes, atom, &status);
  if (status != VMO_SUM_OK) return vmo_sizes_fail(sizes, status);
  vmo_sum sum = {{&term, 1, 1}};
  return vmo_sum_intern(sizes, &sum);
}

vmo_size_id vmo_size_symbol(vmo_sizes *sizes, vmo_dim_id dim) {
  vmo_sum_status status;
  vmo_atom_id atom = vmo_atom_intern_dim(sizes, dim, &status);
  return size_of_atom(sizes, 1, atom, status);
}

/* Interns `sum` unless making it failed, and gives it back. */
static vmo_size_id finish(vmo_sizes *sizes, vmo_sum *sum, vmo_sum_status status) {
  vmo_size_id result = status == VMO_SUM_OK ? vmo_sum_intern(sizes, sum) : vmo_sizes_fail(sizes, status);
  vmo_sum_give(sizes, sum);
  return result;
}

/* left + factor * right */
static vmo_size_id combine(vmo_sizes *sizes, vmo_size_id left, int64_t factor, vmo_size_id right) {
  if (left == VMO_NONE || right == VMO_NONE) return VMO_NONE;
  vmo_sum *sum = vmo_sum_take(sizes);
  if (sum == NULL) return vmo_sizes_fail(sizes, VMO_SUM_OUT_OF_MEMORY);
  vmo_sum_status status = vmo_sum_accumulate_size(sizes, sum, 1, VMO_MONOMIAL_ONE, left);
  if (status == VMO_SUM_OK) status = vmo_sum_accumulate_size(sizes, sum, factor, VMO_MONOMIAL_ONE, right);
  return finish(sizes, sum, status);
}

vmo_size_id vmo_size_add(vmo_sizes *sizes, vmo_size_id left, vmo_size_id right) {
  if (left == VMO_SIZE_ZERO) return right;
  return right == VMO_SIZE_ZERO ? left : combine(sizes, left, 1, right);
}

vmo_size_id vmo_size_subtract(vmo_sizes *sizes, vmo_size_id left, vmo_size_id right) {
  return right == VMO_SIZE_ZERO ? left : combine(sizes, left, -1, right);
}

vmo_size_id vmo_size_multiply(vmo_sizes *sizes, vmo_size_id left, vmo_size_id right) {
  if (left == VMO_NONE || right == VMO_NONE) return VMO_NONE;
  vmo_sum *sum = vmo_sum_take(sizes);
  if (sum == NULL) return vmo_sizes_fail(sizes, VMO_SUM_OUT_OF_MEMORY);
  vmo_sum_status status = VMO_SUM_OK;
  for (uint32_t i = 0; i < sizes->sizes.data[left].term_count && status == VMO_SUM_OK; i++) {
    vmo_term term = vmo_size_terms(sizes, left)[i];
    status = vmo_sum_accumulate_size(sizes, sum, term.coefficient, term.monomial, right);
  }
  return finish(sizes, sum, status);
}

/* ---- quotients ---- */

static int64_t greatest_common_divisor(int64_t left, int64_t right) {
  left = left < 0 ? -left : left;
  right = right < 0 ? -right : right;
  while (right != 0) {
    int64_t rest = left % right;
    left = right;
    right = rest;
  }
  return left;
}

/* Splits `size` into divisor * whole + rest, the coefficients of rest within 0 .. divisor - 1. */
static vmo_sum_status split_multiples(vmo_sizes *sizes, vmo_size_id size, int64_t divisor, vmo_sum *whole,
                                      vmo_sum *rest) {
  vmr_arena *arena = sizes->context->arena;
  const vmo_term *terms = vmo_size_terms(sizes, size);
  for (uint32_t i = 0; i < sizes->sizes.data[size].term_count; i++) {
    vmo_term part = {vmo_floor_divide(terms[i].coefficient, divisor), terms[i].monomial};
    if (part.coefficient != 0 && !vmo_vec_push(arena, &whole->terms, part)) return VMO_SUM_OUT_OF_MEMORY;
    part.coefficient = terms[i].coefficient - part.coefficient * divisor;
    if (part.coefficient != 0 && !vmo_vec_push(arena, &rest->terms, part)) return VMO_SUM_OUT_OF_MEMORY;
  }
  return VMO_SUM_OK;
}

/* Divides coefficients and divisor by what they have in common; the constant is rounded down. */
static void reduce(vmo_sum *sum, int64_t *divisor) {
  int64_t common = *divisor;
  for (uint32_t i = 0; i < sum->terms.count; i++)
    if (sum->terms.data[i].monomial != VMO_MONOMIAL_ONE)
      common = greatest_common_divisor(common, sum->terms.data[i].coefficient);
  uint32_t kept = 0;
  for (uint32_t i = 0; i < sum->terms.count; i++) {
    vmo_term term = sum->terms.data[i];
    term.coefficient /= common;
    if (term.coefficient != 0) sum->terms.data[kept++] = term;
  }
  sum->terms.count = kept;
  *divisor /= common;
}

/* The atom of a term that is a quotient and nothing else; VMO_NONE for other terms. */
static vmo_atom_id find_bare_quotient(const vmo_sizes *sizes, vmo_term term) {
  const vmo_monomial *monomial = &sizes->monomials.data[term.monomial];
  if (term.coefficient != 1 || monomial->factor_count != 1) return VMO_NONE;
  vmo_atom_id atom = sizes->factors.data[monomial->factor_first];
  return sizes->atoms.data[atom].kind == VMO_ATOM_QUOTIENT ? atom : VMO_NONE;
}

/* If `sum` is floor(P / a) + R with no other bare quotient in R, makes it P + a*R and *divisor a times as large.
 * Coefficients stay within 0 .. divisor - 1: at most (a - 1) + a * (divisor - 1). */
static vmo_sum_status merge_nested(vmo_sizes *sizes, vmo_sum *sum, int64_t *divisor) {
  uint32_t which = VMO_NONE;
  for (uint32_t i = 0; i < sum->terms.count; i++) {
    if (find_bare_quotient(sizes, sum->terms.data[i]) == VMO_NONE) continue;
    if (which != VMO_NONE) return VMO_SUM_OK;
    which = i;
  }
  if (which == VMO_NONE) return VMO_SUM_OK;
  vmo_atom inner = sizes->atoms.data[find_bare_quotient(sizes, sum->terms.data[which])];
  if (!vmo_checked_multiply(*divisor, inner.divisor, divisor)) return VMO_SUM_OVERFLOW;
  sum->terms.count--;
  for (uint32_t i = which; i < sum->terms.count; i++) sum->terms.data[i] = sum->terms.data[i + 1];
  for (uint32_t i = 0; i < sum->terms.count; i++)
    if (!vmo_checked_multiply(sum->terms.data[i].coefficient, inner.divisor, &sum->terms.data[i].coefficient))
      return VMO_SUM_OVERFLOW;
  return vmo_sum_accumulate_size(sizes, sum, 1, VMO_MONOMIAL_ONE, inner.first);
}

/* whole += floor(rest / divisor), in a form that neither reduction nor un-nesting changes. */
static vmo_sum_status add_quotient(vmo_sizes *sizes, vmo_sum *whole, vmo_sum *rest, int64_t divisor) {
  vmo_sum_status status = VMO_SUM_OK;
  for (int64_t before = 0; divisor != before && status == VMO_SUM_OK;) {
    reduce(rest, &divisor);
    before = divisor;
    if (divisor > 1) status = merge_nested(sizes, rest, &divisor);
  }
  if (status != VMO_SUM_OK) return status;
  if (divisor == 1) return vmo_sum_accumulate(sizes, whole, 1, VMO_MONOMIAL_ONE, rest->terms.data, rest->terms.count);
  vmo_size_id divided = vmo_sum_intern(sizes, rest);
  if (divided == VMO_NONE)
    return vmo_sizes_status(sizes) == VMO_OUT_OF_MEMORY ? VMO_SUM_OUT_OF_MEMORY : VMO_SUM_OVERFLOW;
  vmo_atom_id atom = vmo_atom_intern_quotient(sizes, divided, divisor, &status);
  if (status != VMO_SUM_OK) return status;
  vmo_term term = {1, vmo_monomial_of_atom(sizes, atom, &status)};
  return status != VMO_SUM_OK ? status : vmo_sum_accumulate(sizes, whole, 1, VMO_MONOMIAL_ONE, &term, 1);
}

vmo_size_id vmo_size_divide(vmo_sizes *sizes, vmo_size_id left, int64_t divisor) {
  if (left == VMO_NONE || divisor == 1) return left;
  if (divisor <= 0 || divisor >= VMO_SIZE_LIMIT) return vmo_sizes_fail(sizes, VMO_SUM_OVERFLOW);
  vmo_sum *whole = vmo_sum_take(sizes), *rest = vmo_sum_take(sizes);
  if (whole == NULL || rest == NULL) return vmo_sizes_fail(sizes, VMO_SUM_OUT_OF_MEMORY);
  vmo_sum_status status = split_multiples(sizes, left, divisor, whole, rest);
  if (status == VMO_SUM_OK) status = add_quotient(sizes, whole, rest, divisor);
  vmo_sum_give(sizes, rest);
  return finish(sizes, whole, status);
}

vmo_size_id vmo_size_align(vmo_sizes *sizes, vmo_size_id size, int64_t alignment) {
  vmo_size_id above = vmo_size_add(sizes, size, vmo_size_constant(sizes, alignment - 1));
  return vmo_size_multiply(sizes, vmo_size_divide(sizes, above, alignment), vmo_size_constant(sizes, alignment));
}

/* ---- maxima ---- */

typedef struct members {
  vmo_size_id ids[VMO_SIZE_MAX_MEMBERS];
  uint32_t count;
} members;

/* Adds `size` unless a member covers it; drops the members that it covers. False when there are too many. */
static bool add_member(vmo_sizes *sizes, members *list, vmo_size_id size) {
  for (uint32_t i = 0; i < list->count; i++)
    if (vmo_size_at_least(sizes, list->ids[i], size)) return true;
  uint32_t kept = 0;
  for (uint32_t i = 0; i < list->count; i++)
    if (!vmo_size_at_least(sizes, size, list->ids[i])) list->ids[kept++] = list->ids[i];
  list->count = kept;
  if (kept == VMO_SIZE_MAX_MEMBERS) return false;
  list->ids[list->count++] = size;
  return true;
}

/* When `size` is c * max(...) with c > 0, its atom, and c in *factor; else VMO_NONE. */
static vmo_atom_id find_maximum(const vmo_sizes *sizes, vmo_size_id size, int64_t *factor) {
  if (sizes->sizes.data[size].term_count != 1) return VMO_NONE;
  vmo_term term = vmo_size_terms(sizes, size)[0];
  const vmo_monomial *monomial = &sizes->monomials.data[term.monomial];
  if (term.coefficient < 0 || monomial->factor_count != 1) return VMO_NONE;
  *factor = term.coefficient;
  vmo_atom_id atom = sizes->factors.data[monomial->factor_first];
  return sizes->atoms.data[atom].kind == VMO_ATOM_MAX ? atom : VMO_NONE;
}

static uint32_t count_members(const vmo_sizes *sizes, vmo_size_id size) {
  int64_t factor;
  vmo_atom_id atom = find_maximum(sizes, size, &factor);
  return atom == VMO_NONE ? 1 : sizes->atoms.data[atom].count;
}

/* Adds `size`, or when it is c * max(...) each member times c; into an empty list without comparing them, for
 * none covers another. */
static bool add_members(vmo_sizes *sizes, members *list, vmo_size_id size) {
  int64_t factor;
  bool is_first = list->count == 0;
  vmo_atom_id id = find_maximum(sizes, size, &factor);
  if (id == VMO_NONE) return add_member(sizes, list, size);
  vmo_atom atom = sizes->atoms.data[id];
  for (uint32_t i = 0; i < atom.count; i++) {
    vmo_size_id member =
        vmo_size_multiply(sizes, sizes->members.data[atom.first + i], vmo_size_constant(sizes, factor));
    if (member == VMO_NONE) return false;
    if (is_first)
      list->ids[list->count++] = member;
    else if (!add_member(sizes, list, member))
      return false;
  }
  return true;
}

/* The greatest divisor that all coefficients share, at least 1. */
static int64_t common_factor(const vmo_sizes *sizes, const members *list) {
  int64_t common = 0;
  for (uint32_t i = 0; i < list->count; i++) {
    const vmo_term *terms = vmo_size_terms(sizes, list->ids[i]);
    for (uint32_t j = 0; j < sizes->sizes.data[list->ids[i]].term_count; j++)
      common = greatest_common_divisor(common, terms[j].coefficient);
  }
  return common == 0 ? 1 : common;
}

/* An insertion sort: members come nearly sorted, and there are few. */
static void sort_members(const vmo_sizes *sizes, members *list) {
  for (uint32_t i = 1; i < list->count; i++) {
    vmo_size_id moved = list->ids[i];
    uint32_t j = i;
    for (; j > 0 && vmo_size_compare(sizes, list->ids[j - 1], moved) > 0; j--) list->ids[j] = list->ids[j - 1];
    list->ids[j] = moved;
  }
}

static vmo_size_id size_of_members(vmo_sizes *sizes, members *list) {
  if (list->count == 1) return list->ids[0];
  int64_t common = common_factor(sizes, list);
  for (uint32_t i = 0; i < list->count; i++) {
    list->ids[i] = vmo_size_divide(sizes, list->ids[i], common); /* exact */
    if (list->ids[i] == VMO_NONE) return VMO_NONE;
  }
  sort_members(sizes, list);
  vmo_sum_status status;
  vmo_atom_id atom = vmo_atom_intern_max(sizes, list->ids, list->count, &status);
  return size_of_atom(sizes, common, atom, status);
}

vmo_size_id vmo_size_max(vmo_sizes *sizes, vmo_size_id left, vmo_size_id right) {
  if (left == VMO_NONE || right == VMO_NONE) return VMO_NONE;
  if (left == right) return left;
  members list;
  list.count = 0;
  bool swap = count_members(sizes, right) > count_members(sizes, left);
  if (!add_members(sizes, &list, swap ? right : left) || !add_members(sizes, &list, swap ? left : right))
    return vmo_sizes_fail(sizes, VMO_SUM_OVERFLOW);
  return size_of_members(sizes, &list);
}

/* ---- covers: sizes that reach two others without being their maximum ---- */

#define MOST_COVERED 32 /* members that a maximum may have before it gives way to a cover */

/* Keeps what is added; false when dropping the rest would not make the sum larger for all dims. */
static bool drop_negative_terms(const vmo_sizes *sizes, vmo_sum *sum) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < sum->terms.count; i++) {
    if (!sizes->monomials.data[sum->terms.data[i].monomial].nonnegative) return false;
    if (sum->terms.data[i].coefficient > 0) sum->terms.data[kept++] = sum->terms.data[i];
  }
  sum->terms.count = kept;
  return true;
}

/* left + the part of (right - left) that is added; where it cannot be told which part that is, the maximum. */
static vmo_size_id cover_pair(vmo_sizes *sizes, vmo_size_id left, vmo_size_id right) {
  if (left == VMO_NONE || right == VMO_NONE) return VMO_NONE;
  vmo_sum *sum = vmo_sum_take(sizes);
  if (sum == NULL) return vmo_sizes_fail(sizes, VMO_SUM_OUT_OF_MEMORY);
  vmo_sum_status status = vmo_sum_accumulate_size(sizes, sum, 1, VMO_MONOMIAL_ONE, right);
  if (status == VMO_SUM_OK) status = vmo_sum_accumulate_size(sizes, sum, -1, VMO_MONOMIAL_ONE, left);
  bool split = status == VMO_SUM_OK && drop_negative_terms(sizes, sum);
  if (status == VMO_SUM_OK && split) status = vmo_sum_accumulate_size(sizes, sum, 1, VMO_MONOMIAL_ONE, left);
  if (status != VMO_SUM_OK || split) return finish(sizes, sum, status);
  vmo_sum_give(sizes, sum);
  return vmo_size_max(sizes, left, right);
}

/* Each member of a maximum by itself. */
static vmo_size_id cover_members(vmo_sizes *sizes, vmo_size_id covered, vmo_size_id size) {
  int64_t factor;
  vmo_atom_id id = find_maximum(sizes, size, &factor);
  if (id == VMO_NONE) return cover_pair(sizes, covered, size);
  vmo_atom atom = sizes->atoms.data[id];
  for (uint32_t i = 0; i < atom.count && covered != VMO_NONE; i++) {
    vmo_size_id member =
        vmo_size_multiply(sizes, sizes->members.data[atom.first + i], vmo_size_constant(sizes, factor));
    covered = cover_pair(sizes, covered, member);
  }
  return covered;
}

vmo_size_id vmo_size_cover_terms(vmo_sizes *sizes, vmo_size_id left, vmo_size_id right) {
  if (left == VMO_NONE || right == VMO_NONE) return VMO_NONE;
  if (vmo_size_at_least(sizes, left, right)) return left;
  return cover_members(sizes, cover_members(sizes, VMO_SIZE_ZERO, left), right);
}

vmo_size_id vmo_size_cover(vmo_sizes *sizes, vmo_size_id left, vmo_size_id right) {
  if (left == VMO_NONE || right == VMO_NONE) return VMO_NONE;
  if (left == right) return left;
  bool few = count_members(sizes, left) + count_members(sizes, right) <= MOST_COVERED;
  return few ? vmo_size_max(sizes, left, right) : vmo_size_cover_terms(sizes, left, right);
}

/* ---- substitution ---- */

/* NOLINTBEGIN(misc-no-recursion): depth is bounded by VMO_SIZE_MAX_DEPTH, work by VMO_SIZE_MAX_WEIGHT */

static vmo_size_id substitute_atom(vmo_sizes *sizes, vmo_atom_id id, const vmo_size_id *replacements, uint32_t count) {
  vmo_atom atom = sizes->atoms.data[id];
  if (atom.kind == VMO_ATOM_DIM)
    return atom.first < count && replacements[atom.first] != VMO_NONE ? replacements[atom.first]
                                                                      : vmo_size_symbol(sizes, atom.first);
  if (atom.kind == VMO_ATOM_QUOTIENT)
    return vmo_size_divide(sizes, vmo_size_substitute(sizes, atom.first, replacements, count), atom.divisor);
  vmo_size_id result = VMO_NONE;
  for (uint32_t i = 0; i < atom.count; i++) {
    vmo_size_id member = vmo_size_substitute(sizes, sizes->members.data[atom.first + i], replacements, count);
    result = i == 0 ? member : vmo_size_max(sizes, result, member);
  }
  return result;
}

static vmo_size_id substitute_term(vmo_sizes *sizes, vmo_term term, const vmo_size_id *replacements, uint32_t count) {
  vmo_monomial monomial = sizes->monomials.data[term.monomial];
  vmo_size_id product = vmo_size_constant(sizes, term.coefficient);
  for (uint32_t i = 0; i < monomial.factor_count; i++) {
    vmo_atom_id atom = sizes->factors.data[monomial.factor_first + i];
    product = vmo_size_multiply(sizes, product, substitute_atom(sizes, atom, replacements, count));
  }
  return product;
}

vmo_size_id vmo_size_substitute(vmo_sizes *sizes, vmo_size_id size, const vmo_size_id *replacements, uint32_t count) {
  if (size == VMO_NONE || vmo_size_is_constant(sizes, size, NULL)) return size;
  vmo_size_id result = VMO_SIZE_ZERO;
  for (uint32_t i = 0; i < sizes->sizes.data[size].term_count; i++) {
    vmo_term term = vmo_size_terms(sizes, size)[i];
    result = vmo_size_add(sizes, result, substitute_term(sizes, term, replacements, count));
  }
  return result;
}

/* NOLINTEND(misc-no-recursion) */
