/* dims_table.h: the table of sizes from inside; private to ir/dims*.c.
 *
 *   size      a sum of terms              8*N + (M + 63)/64*64
 *   term      coefficient times monomial  8*N          the monomial is N
 *   monomial  a product of factors        N*N*M        each factor an atom, repeated for powers
 *   atom      a dim, floor(size / divisor), or max(size, ...)
 *
 * Each layer is hash-consed, and everything is kept in one structural order (higher degree first, then dims by
 * id, quotients, maxima), so that equal sizes have equal ids whatever the road to them, and print alike after
 * being read back. The order is a monomial order: multiplying a sorted sum by a monomial keeps it sorted.
 *
 * Limits keep every walk over a size short: VMO_SIZE_MAX_TERMS terms in a sum or members in a maximum,
 * VMO_SIZE_MAX_WEIGHT atoms when all that is nested is written out, VMO_SIZE_MAX_DEPTH atoms within atoms. */
#ifndef VMO_IR_DIMS_TABLE_H
#define VMO_IR_DIMS_TABLE_H

#include "ir/dims.h"
#include "support/hash_index.h"
#include "support/vec.h"

#define VMO_SIZE_MAX_TERMS 4096
#define VMO_SIZE_MAX_MEMBERS 512
#define VMO_SIZE_MAX_WEIGHT 65536
#define VMO_SIZE_MAX_DEPTH 64
#define VMO_SIZE_MAX_DEGREE 64
#define VMO_SIZE_LIMIT (INT64_C(1) << 62) /* coefficients stay below it in magnitude */

typedef uint32_t vmo_monomial_id;
typedef uint32_t vmo_atom_id;

#define VMO_MONOMIAL_ONE 0 /* the empty product */
#define VMO_SIZE_ZERO 0    /* the empty sum */

typedef struct vmo_term {
  int64_t coefficient; /* never 0 */
  vmo_monomial_id monomial;
} vmo_term;

typedef struct vmo_monomial {
  uint32_t factor_first, factor_count; /* into factors, in the order of atoms */
  uint32_t weight;
  uint32_t depth;
  bool nonnegative; /* for all dims >= 0, proven */
} vmo_monomial;

typedef enum vmo_atom_kind { VMO_ATOM_DIM, VMO_ATOM_QUOTIENT, VMO_ATOM_MAX } vmo_atom_kind;

typedef struct vmo_atom {
  vmo_atom_kind kind;
  bool nonnegative;
  uint32_t weight, depth;
  uint32_t first;  /* dim: vmo_dim_id; quotient: the divided vmo_size_id; max: index into members */
  uint32_t count;  /* max: number of members, sorted */
  int64_t divisor; /* quotient: at least 2 */
} vmo_atom;

typedef struct vmo_size {
  uint32_t term_first, term_count; /* into terms, sorted, monomials distinct */
  uint32_t weight, depth;
  bool mixed; /* a negative coefficient occurs in it or in an atom of it */
} vmo_size;

/* A sum under construction: sorted as a size's terms, but not in the table. */
typedef struct vmo_sum {
  VMO_VEC(vmo_term) terms;
} vmo_sum;

struct vmo_sizes {
  vmo_context *context;
  vmo_status status;
  VMO_VEC(vmo_size) sizes;
  VMO_VEC(vmo_term) terms;
  VMO_VEC(vmo_monomial) monomials;
  VMO_VEC(vmo_atom_id) factors;
  VMO_VEC(vmo_atom) atoms;
  VMO_VEC(vmo_size_id) members;
  vmo_hash_index size_index, monomial_index, atom_index;
  VMO_VEC(vmo_sum *) spare_sums;
  uint64_t work; /* terms that sums were built of, so far */
};

/* What building a sum can come to. An overflow is a failure only for who wanted the sum itself. */
typedef enum vmo_sum_status { VMO_SUM_OK, VMO_SUM_OVERFLOW, VMO_SUM_OUT_OF_MEMORY } vmo_sum_status;

/* Sums are borrowed and given back. NULL when memory is out. */
vmo_sum *vmo_sum_take(vmo_sizes *sizes);
void vmo_sum_give(vmo_sizes *sizes, vmo_sum *sum);
/* sum += factor * monomial * (the `count` terms at `terms`, which must not lie in `sum`). */
vmo_sum_status vmo_sum_accumulate(vmo_sizes *sizes, vmo_sum *sum, int64_t factor, vmo_monomial_id monomial,
                                  const vmo_term *terms, uint32_t count);
/* The same with a size's terms; the size may be in the table's own memory, which may move meanwhile. */
vmo_sum_status vmo_sum_accumulate_size(vmo_sizes *sizes, vmo_sum *sum, int64_t factor, vmo_monomial_id monomial,
                                       vmo_size_id size);
/* The size with the terms of `sum`, with failures put into the table's status. */
vmo_size_id vmo_sum_intern(vmo_sizes *sizes, const vmo_sum *sum);

/* VMO_NONE, after noting what went wrong. */
vmo_size_id vmo_sizes_fail(vmo_sizes *sizes, vmo_sum_status status);

/* Products and atoms; VMO_NONE with *status set when they cannot be had. */
vmo_monomial_id vmo_monomial_multiply(vmo_sizes *sizes, vmo_monomial_id left, vmo_monomial_id right,
                                      vmo_sum_status *status);
vmo_monomial_id vmo_monomial_of_atom(vmo_sizes *sizes, vmo_atom_id atom, vmo_sum_status *status);
/* `monomial` without one occurrence of its factor number `position`. */
vmo_monomial_id vmo_monomial_without(vmo_sizes *sizes, vmo_monomial_id monomial, uint32_t position,
                                     vmo_sum_status *status);
vmo_atom_id vmo_atom_intern_dim(vmo_sizes *sizes, vmo_dim_id dim, vmo_sum_status *status);
vmo_atom_id vmo_atom_intern_quotient(vmo_sizes *sizes, vmo_size_id size, int64_t divisor, vmo_sum_status *status);
vmo_atom_id vmo_atom_intern_max(vmo_sizes *sizes, const vmo_size_id *members, uint32_t count, vmo_sum_status *status);

/* The structural order: below 0, 0, above 0. */
int vmo_size_compare(const vmo_sizes *sizes, vmo_size_id left, vmo_size_id right);

/* Whether the sum is proven to be >= 0 for all dims >= 0. */
bool vmo_sum_is_nonnegative(vmo_sizes *sizes, const vmo_sum *sum);
bool vmo_size_is_nonnegative(vmo_sizes *sizes, vmo_size_id size);

/* left * right and left + right when within the limit of coefficients. */
bool vmo_checked_multiply(int64_t left, int64_t right, int64_t *product);
bool vmo_checked_add(int64_t left, int64_t right, int64_t *sum);
/* Rounds toward minus infinity; divisor > 0. */
static inline int64_t vmo_floor_divide(int64_t left, int64_t divisor) {
  return left / divisor - (left % divisor < 0 ? 1 : 0);
}

static inline const vmo_term *vmo_size_terms(const vmo_sizes *sizes, vmo_size_id size) {
  return sizes->terms.data + sizes->sizes.data[size].term_first;
}

#endif
