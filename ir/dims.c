/* dims.c: the table of sizes: monomials, atoms and sums, each kept once.
 *
 * The idea is hash-consing over a canonical form (see dims_table.h), so that "provably equal" is a comparison of
 * two ids. A look-up costs time proportional to the thing looked up. */
#include "ir/dims_table.h"

#include <string.h>

/* ---- numbers ---- */

bool vmo_checked_add(int64_t left, int64_t right, int64_t *sum) {
  *sum = left + right; /* both are below 2^62, so this cannot wrap */
  return *sum > -VMO_SIZE_LIMIT && *sum < VMO_SIZE_LIMIT;
}

bool vmo_checked_multiply(int64_t left, int64_t right, int64_t *product) {
  int64_t magnitude = left < 0 ? -left : left, other = right < 0 ? -right : right;
  if (magnitude != 0 && other > (VMO_SIZE_LIMIT - 1) / magnitude) return false;
  *product = left * right;
  return true;
}

static uint32_t add_weights(uint32_t left, uint32_t right) {
  uint64_t sum = (uint64_t)left + right;
  return sum > VMO_SIZE_MAX_WEIGHT ? VMO_SIZE_MAX_WEIGHT + 1 : (uint32_t)sum;
}

static uint32_t larger(uint32_t left, uint32_t right) { return left > right ? left : right; }

/* ---- the table ---- */

/* The first monomial is 1, the first size 0; no array starts as NULL. */
static bool push_empty(vmo_sizes *sizes) {
  vmo_monomial one = {.nonnegative = true};
  vmo_size zero = {0};
  vmr_arena *arena = sizes->context->arena;
  return vmo_vec_push(arena, &sizes->monomials, one) && vmo_vec_push(arena, &sizes->sizes, zero) &&
         vmo_vec_reserve(arena, &sizes->terms, 8) && vmo_vec_reserve(arena, &sizes->factors, 8) &&
         vmo_vec_reserve(arena, &sizes->atoms, 8) && vmo_vec_reserve(arena, &sizes->members, 8);
}

vmo_sizes *vmo_sizes_create(vmo_context *context) {
  vmo_sizes *sizes = vmo_alloc_array(context, 1, sizeof *sizes);
  if (sizes == NULL) return NULL;
  sizes->context = context;
  return push_empty(sizes) ? sizes : NULL;
}

vmo_status vmo_sizes_status(const vmo_sizes *sizes) { return sizes->status; }

void vmo_sizes_clear_status(vmo_sizes *sizes) { sizes->status = VMO_OK; }

vmo_size_id vmo_sizes_fail(vmo_sizes *sizes, vmo_sum_status status) {
  if (status == VMO_SUM_OUT_OF_MEMORY)
    sizes->status = VMO_OUT_OF_MEMORY;
  else if (sizes->status == VMO_OK)
    sizes->status = VMO_INPUT_ERROR;
  return VMO_NONE;
}

/* ---- the structural order ---- */

static int compare_numbers(int64_t left, int64_t right) { return (left > right) - (left < right); }

/* NOLINTBEGIN(misc-no-recursion): atoms lie at most VMO_SIZE_MAX_DEPTH deep within each other */

static int compare_atoms(const vmo_sizes *sizes, vmo_atom_id left, vmo_atom_id right) {
  if (left == right) return 0;
  const vmo_atom *a = &sizes->atoms.data[left], *b = &sizes->atoms.data[right];
  if (a->kind != b->kind) return compare_numbers(a->kind, b->kind);
  if (a->kind == VMO_ATOM_DIM) return compare_numbers(a->first, b->first);
  if (a->kind == VMO_ATOM_QUOTIENT) {
    int order = vmo_size_compare(sizes, a->first, b->first);
    return order != 0 ? order : compare_numbers(a->divisor, b->divisor);
  }
  for (uint32_t i = 0; i < a->count && i < b->count; i++) {
    int order = vmo_size_compare(sizes, sizes->members.data[a->first + i], sizes->members.data[b->first + i]);
    if (order != 0) return order;
  }
  return compare_numbers(a->count, b->count);
}

static int compare_monomials(const vmo_sizes *sizes, vmo_monomial_id left, vmo_monomial_id right) {
  if (left == right) return 0;
  const vmo_monomial *a = &sizes->monomials.data[left], *b = &sizes->monomials.data[right];
  if (a->factor_count != b->factor_count) return a->factor_count > b->factor_count ? -1 : 1;
  for (uint32_t i = 0; i < a->factor_count; i++) {
    int order =
        compare_atoms(sizes, sizes->factors.data[a->factor_first + i], sizes->factors.data[b->factor_first + i]);
    if (order != 0) return order;
  }
  return 0;
}

int vmo_size_compare(const vmo_sizes *sizes, vmo_size_id left, vmo_size_id right) {
  if (left == right) return 0;
  const vmo_size *a = &sizes->sizes.data[left], *b = &sizes->sizes.data[right];
  const vmo_term *x = vmo_size_terms(sizes, left), *y = vmo_size_terms(sizes, right);
  for (uint32_t i = 0; i < a->term_count && i < b->term_count; i++) {
    int order = compare_monomials(sizes, x[i].monomial, y[i].monomial);
    if (order == 0) order = compare_numbers(x[i].coefficient, y[i].coefficient);
    if (order != 0) return order;
  }
  return compare_numbers(a->term_count, b->term_count);
}

/* NOLINTEND(misc-no-recursion) */

/* ---- monomials ---- */

static bool weigh_monomial(const vmo_sizes *sizes, vmo_monomial *monomial, const vmo_atom_id *factors) {
  monomial->nonnegative = true;
  for (uint32_t i = 0; i < monomial->factor_count; i++) {
    const vmo_atom *atom = &sizes->atoms.data[factors[i]];
    monomial->weight = add_weights(monomial->weight, atom->weight);
    monomial->depth = larger(monomial->depth, atom->depth);
    monomial->nonnegative = monomial->nonnegative && atom->nonnegative;
  }
  return monomial->weight <= VMO_SIZE_MAX_WEIGHT;
}

static vmo_monomial_id add_monomial(vmo_sizes *sizes, const vmo_atom_id *factors, uint32_t count, uint32_t hash,
                                    vmo_sum_status *status) {
  vmo_monomial monomial = {.factor_first = sizes->factors.count, .factor_count = count};
  if (!weigh_monomial(sizes, &monomial, factors)) {
    *status = VMO_SUM_OVERFLOW;
    return VMO_NONE;
  }
  vmr_arena *arena = sizes->context->arena;
  uint32_t id = sizes->monomials.count;
  *status = VMO_SUM_OUT_OF_MEMORY;
  if (!vmo_vec_reserve(arena, &sizes->factors, count)) return VMO_NONE;
  for (uint32_t i = 0; i < count; i++) sizes->factors.data[sizes->factors.count++] = factors[i];
  if (!vmo_vec_push(arena, &sizes->monomials, monomial)) return VMO_NONE;
  if (!vmo_hash_index_add(arena, &sizes->monomial_index, hash, id)) return VMO_NONE;
  *status = VMO_SUM_OK;
  return id;
}

static vmo_monomial_id intern_monomial(vmo_sizes *sizes, const vmo_atom_id *factors, uint32_t count,
                                       vmo_sum_status *status) {
  *status = VMO_SUM_OK;
  if (count == 0) return VMO_MONOMIAL_ONE;
  uint32_t hash = count, cursor = 0;
  for (uint32_t i = 0; i < count; i++) hash = vmo_hash_mix(hash, factors[i]);
  for (uint32_t id; (id = vmo_hash_index_next(&sizes->monomial_index, hash, &cursor)) != VMO_NONE;) {
    const vmo_monomial *known = &sizes->monomials.data[id];
    if (known->factor_count == count &&
        memcmp(sizes->factors.data + known->factor_first, factors, count * sizeof *factors) == 0)
      return id;
  }
  return add_monomial(sizes, factors, count, hash, status);
}

vmo_monomial_id vmo_monomial_multiply(vmo_sizes *sizes, vmo_monomial_id left, vmo_monomial_id right,
                                      vmo_sum_status *status) {
  *status = VMO_SUM_OK;
  if (left == VMO_MONOMIAL_ONE) return right;
  if (right == VMO_MONOMIAL_ONE) return left;
  const vmo_monomial *a = &sizes->monomials.data[left], *b = &sizes->monomials.data[right];
  if (a->factor_count + b->factor_count > VMO_SIZE_MAX_DEGREE) {
    *status = VMO_SUM_OVERFLOW;
    return VMO_NONE;
  }
  const vmo_atom_id *x = sizes->factors.data + a->factor_first, *y = sizes->factors.data + b->factor_first;
  vmo_atom_id merged[VMO_SIZE_MAX_DEGREE];
  uint32_t i = 0, j = 0, count = 0;
  while (i < a->factor_count || j < b->factor_count) {
    bool from_left = j == b->factor_count || (i < a->factor_count && compare_atoms(sizes, x[i], y[j]) <= 0);
    merged[count++] = from_left ? x[i++] : y[j++];
  }
  return intern_monomial(sizes, merged, count, status);
}

vmo_monomial_id vmo_monomial_of_atom(vmo_sizes *sizes, vmo_atom_id atom, vmo_sum_status *status) {
  return intern_monomial(sizes, &atom, 1, status);
}

vmo_monomial_id vmo_monomial_without(vmo_sizes *sizes, vmo_monomial_id monomial, uint32_t position,
                                     vmo_sum_status *status) {
  const vmo_monomial *whole = &sizes->monomials.data[monomial];
  vmo_atom_id rest[VMO_SIZE_MAX_DEGREE];
  uint32_t count = 0;
  for (uint32_t i = 0; i < whole->factor_count; i++)
    if (i != position) rest[count++] = sizes->factors.data[whole->factor_first + i];
  return intern_monomial(sizes, rest, count, status);
}

/* ---- atoms ---- */

static bool atoms_are_equal(const vmo_sizes *sizes, const vmo_atom *a, const vmo_atom *b,
                            const vmo_size_id *b_members) {
  if (a->kind != b->kind) return false;
  if (a->kind != VMO_ATOM_MAX) return a->first == b->first && a->divisor == b->divisor;
  return a->count == b->count && b_members &&
         memcmp(sizes->members.data + a->first, b_members, a->count * sizeof *b_members) == 0;
}

static uint32_t hash_atom(const vmo_atom *atom, const vmo_size_id *members) {
  uint32_t hash = vmo_hash_mix((uint32_t)atom->kind + 1, (uint64_t)atom->divisor);
  if (atom->kind != VMO_ATOM_MAX) return vmo_hash_mix(hash, atom->first);
  for (uint32_t i = 0; i < atom->count; i++) hash = vmo_hash_mix(hash, members[i]);
  return hash;
}

/* Adds an atom whose weight and depth are known; a max's members are copied. */
static vmo_atom_id intern_atom(vmo_sizes *sizes, vmo_atom atom, const vmo_size_id *members, vmo_sum_status *status) {
  uint32_t hash = hash_atom(&atom, members), cursor = 0;
  *status = VMO_SUM_OK;
  for (uint32_t id; (id = vmo_hash_index_next(&sizes->atom_index, hash, &cursor)) != VMO_NONE;)
    if (atoms_are_equal(sizes, &sizes->atoms.data[id], &atom, members)) return id;
  if (atom.weight > VMO_SIZE_MAX_WEIGHT || atom.depth > VMO_SIZE_MAX_DEPTH) {
    *status = VMO_SUM_OVERFLOW;
    return VMO_NONE;
  }
  vmr_arena *arena = sizes->context->arena;
  uint32_t id = sizes->atoms.count;
  *status = VMO_SUM_OUT_OF_MEMORY;
  if (atom.kind == VMO_ATOM_MAX) {
    atom.first = sizes->members.count;
    if (!vmo_vec_reserve(arena, &sizes->members, atom.count)) return VMO_NONE;
    for (uint32_t i = 0; i < atom.count; i++) sizes->members.data[sizes->members.count++] = members[i];
  }
  if (!vmo_vec_push(arena, &sizes->atoms, atom)) return VMO_NONE;
  if (!vmo_hash_index_add(arena, &sizes->atom_index, hash, id)) return VMO_NONE;
  *status = VMO_SUM_OK;
  return id;
}

vmo_atom_id vmo_atom_intern_dim(vmo_sizes *sizes, vmo_dim_id dim, vmo_sum_status *status) {
  vmo_atom atom = {.kind = VMO_ATOM_DIM, .nonnegative = true, .weight = 1, .depth = 1, .first = dim};
  return intern_atom(sizes, atom, NULL, status);
}

vmo_atom_id vmo_atom_intern_quotient(vmo_sizes *sizes, vmo_size_id size, int64_t divisor, vmo_sum_status *status) {
  const vmo_size *divided = &sizes->sizes.data[size];
  vmo_atom atom = {.kind = VMO_ATOM_QUOTIENT,
                   .weight = add_weights(divided->weight, 1),
                   .depth = divided->depth + 1,
                   .first = size,
                   .divisor = divisor};
  atom.nonnegative = vmo_size_is_nonnegative(sizes, size);
  return intern_atom(sizes, atom, NULL, status);
}

vmo_atom_id vmo_atom_intern_max(vmo_sizes *sizes, const vmo_size_id *members, uint32_t count, vmo_sum_status *status) {
  vmo_atom atom = {.kind = VMO_ATOM_MAX, .weight = 1, .count = count};
  for (uint32_t i = 0; i < count; i++) {
    atom.weight = add_weights(atom.weight, sizes->sizes.data[members[i]].weight);
    atom.depth = larger(atom.depth, sizes->sizes.data[members[i]].depth + 1);
    atom.nonnegative = atom.nonnegative || vmo_size_is_nonnegative(sizes, members[i]);
  }
  return intern_atom(sizes, atom, members, status);
}

/* ---- sums ---- */

vmo_sum *vmo_sum_take(vmo_sizes *sizes) {
  if (sizes->spare_sums.count > 0) {
    vmo_sum *sum = sizes->spare_sums.data[--sizes->spare_sums.count];
    sum->terms.count = 0;
    return sum;
  }
  return vmo_alloc_array(sizes->context, 1, sizeof(vmo_sum));
}

void vmo_sum_give(vmo_sizes *sizes, vmo_sum *sum) {
  if (sum != NULL) (void)vmo_vec_push(sizes->context->arena, &sizes->spare_sums, sum); /* else it is only not reused */
}

/* result = sum + factor * monomial * terms, a merge of two sorted lists. */
static vmo_sum_status merge(vmo_sizes *sizes, const vmo_sum *sum, int64_t factor, vmo_monomial_id monomial,
                            const vmo_term *terms, uint32_t count, vmo_sum *result) {
  uint32_t i = 0, j = 0;
  vmo_term scaled = {0};
  bool have_scaled = false;
  while (i < sum->terms.count || j < count) {
    vmo_sum_status status = VMO_SUM_OK;
    if (j < count && !have_scaled) {
      if (!vmo_checked_multiply(terms[j].coefficient, factor, &scaled.coefficient)) return VMO_SUM_OVERFLOW;
      scaled.monomial = vmo_monomial_multiply(sizes, terms[j].monomial, monomial, &status);
      if (status != VMO_SUM_OK) return status;
      have_scaled = true;
    }
    int order = 1; /* which comes first: below 0 the sum's term, above 0 the scaled one */
    if (j == count)
      order = -1;
    else if (i < sum->terms.count)
      order = compare_monomials(sizes, sum->terms.data[i].monomial, scaled.monomial);
    vmo_term next = order <= 0 ? sum->terms.data[i] : scaled;
    if (order == 0 && !vmo_checked_add(next.coefficient, scaled.coefficient, &next.coefficient))
      return VMO_SUM_OVERFLOW;
    i += order <= 0;
    j += order >= 0;
    if (order >= 0) have_scaled = false;
    if (next.coefficient == 0) continue;
    if (result->terms.count == VMO_SIZE_MAX_TERMS) return VMO_SUM_OVERFLOW;
    if (!vmo_vec_push(sizes->context->arena, &result->terms, next)) return VMO_SUM_OUT_OF_MEMORY;
  }
  return VMO_SUM_OK;
}

vmo_sum_status vmo_sum_accumulate(vmo_sizes *sizes, vmo_sum *sum, int64_t factor, vmo_monomial_id monomial,
                                  const vmo_term *terms, uint32_t count) {
  if (factor == 0 || count == 0) return VMO_SUM_OK;
  sizes->work += sum->terms.count + (uint64_t)count;
  vmo_sum *result = vmo_sum_take(sizes);
  if (result == NULL) return VMO_SUM_OUT_OF_MEMORY;
  vmo_sum_status status = merge(sizes, sum, factor, monomial, terms, count, result);
  vmo_sum swap = *sum;
  *sum = *result;
  *result = swap;
  vmo_sum_give(sizes, result);
  return status;
}

vmo_sum_status vmo_sum_accumulate_size(vmo_sizes *sizes, vmo_sum *sum, int64_t factor, vmo_monomial_id monomial,
                                       vmo_size_id size) {
  /* Merging makes monomials but no sizes, so the table's terms stay where they are. */
  return vmo_sum_accumulate(sizes, sum, factor, monomial, vmo_size_terms(sizes, size),
                            sizes->sizes.data[size].term_count);
}

static bool weigh_size(const vmo_sizes *sizes, vmo_size *size, const vmo_term *terms) {
  for (uint32_t i = 0; i < size->term_count; i++) {
    const vmo_monomial *monomial = &sizes->monomials.data[terms[i].monomial];
    size->weight = add_weights(size->weight, add_weights(monomial->weight, 1));
    size->depth = larger(size->depth, monomial->depth);
    size->mixed = size->mixed || terms[i].coefficient < 0;
    for (uint32_t j = 0; j < monomial->factor_count; j++) {
      const vmo_atom *atom = &sizes->atoms.data[sizes->factors.data[monomial->factor_first + j]];
      for (uint32_t k = 0; k < atom->count; k++)
        size->mixed = size->mixed || sizes->sizes.data[sizes->members.data[atom->first + k]].mixed;
      if (atom->kind == VMO_ATOM_QUOTIENT) size->mixed = size->mixed || sizes->sizes.data[atom->first].mixed;
    }
  }
  return size->weight <= VMO_SIZE_MAX_WEIGHT;
}

static bool terms_are_equal(const vmo_term *left, const vmo_term *right, uint32_t count) {
  for (uint32_t i = 0; i < count; i++)
    if (left[i].coefficient != right[i].coefficient || left[i].monomial != right[i].monomial) return false;
  return true;
}

static vmo_size_id add_size(vmo_sizes *sizes, const vmo_sum *sum, uint32_t hash) {
  vmo_size size = {.term_first = sizes->terms.count, .term_count = sum->terms.count};
  if (!weigh_size(sizes, &size, sum->terms.data)) return vmo_sizes_fail(sizes, VMO_SUM_OVERFLOW);
  vmr_arena *arena = sizes->context->arena;
  uint32_t id = sizes->sizes.count;
  if (!vmo_vec_reserve(arena, &sizes->terms, size.term_count)) return vmo_sizes_fail(sizes, VMO_SUM_OUT_OF_MEMORY);
  for (uint32_t i = 0; i < size.term_count; i++) sizes->terms.data[sizes->terms.count++] = sum->terms.data[i];
  if (!vmo_vec_push(arena, &sizes->sizes, size) || !vmo_hash_index_add(arena, &sizes->size_index, hash, id))
    return vmo_sizes_fail(sizes, VMO_SUM_OUT_OF_MEMORY);
  return id;
}

vmo_size_id vmo_sum_intern(vmo_sizes *sizes, const vmo_sum *sum) {
  if (sum->terms.count == 0) return VMO_SIZE_ZERO;
  uint32_t hash = sum->terms.count, cursor = 0;
  for (uint32_t i = 0; i < sum->terms.count; i++)
    hash = vmo_hash_mix(vmo_hash_mix(hash, (uint64_t)sum->terms.data[i].coefficient), sum->terms.data[i].monomial);
  for (uint32_t id; (id = vmo_hash_index_next(&sizes->size_index, hash, &cursor)) != VMO_NONE;)
    if (sizes->sizes.data[id].term_count == sum->terms.count &&
        terms_are_equal(vmo_size_terms(sizes, id), sum->terms.data, sum->terms.count))
      return id;
  return add_size(sizes, sum, hash);
}

/* ---- questions ---- */

bool vmo_size_is_constant(const vmo_sizes *sizes, vmo_size_id size, int64_t *number) {
  const vmo_size *asked = &sizes->sizes.data[size];
  const vmo_term *terms = vmo_size_terms(sizes, size);
  if (asked->term_count > 1 || (asked->term_count == 1 && terms[0].monomial != VMO_MONOMIAL_ONE)) return false;
  if (number != NULL) *number = asked->term_count == 0 ? 0 : terms[0].coefficient;
  return true;
}

/* NOLINTBEGIN(misc-no-recursion): atoms lie at most VMO_SIZE_MAX_DEPTH deep within each other */

static bool atom_mentions(const vmo_sizes *sizes, const vmo_atom *atom, vmo_dim_id dim) {
  if (atom->kind == VMO_ATOM_DIM) return atom->first == dim;
  if (atom->kind == VMO_ATOM_QUOTIENT) return vmo_size_mentions(sizes, atom->first, dim);
  for (uint32_t i = 0; i < atom->count; i++)
    if (vmo_size_mentions(sizes, sizes->members.data[atom->first + i], dim)) return true;
  return false;
}

bool vmo_size_mentions(const vmo_sizes *sizes, vmo_size_id size, vmo_dim_id dim) {
  const vmo_term *terms = vmo_size_terms(sizes, size);
  for (uint32_t i = 0; i < sizes->sizes.data[size].term_count; i++) {
    const vmo_monomial *monomial = &sizes->monomials.data[terms[i].monomial];
    for (uint32_t j = 0; j < monomial->factor_count; j++) {
      const vmo_atom *atom = &sizes->atoms.data[sizes->factors.data[monomial->factor_first + j]];
      if (atom_mentions(sizes, atom, dim)) return true;
    }
  }
  return false;
}

/* NOLINTEND(misc-no-recursion) */
