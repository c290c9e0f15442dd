/* dims.h: dims, size expressions and what is known of their values.
 *
 * A size is a polynomial with integer coefficients over atoms; an atom is a dim, floor(size / literal), or
 * max(size, size). Sizes are kept in canonical form in one table per module and are named by 32-bit ids, so
 * two sizes are provably equal exactly when their ids are equal. Every dim is at least 0.
 *
 * Operations return VMO_NONE when memory is out, a coefficient leaves ±2^62, or an expression gets too large (4096
 * terms, 512 members of a max, nesting of 64); vmo_sizes_status tells which. VMO_NONE as an argument gives VMO_NONE. */
#ifndef VMO_IR_DIMS_H
#define VMO_IR_DIMS_H

#include "support/context.h"
#include "support/text.h"

typedef uint32_t vmo_dim_id;  /* index into the module's dims */
typedef uint32_t vmo_size_id; /* index into the module's table of sizes */

typedef enum vmo_dim_kind {
  VMO_DIM_FREE,    /* dim N */
  VMO_DIM_BOUNDED, /* dim N <= limit */
  VMO_DIM_FIXED,   /* dim N = limit */
  VMO_DIM_LOCAL    /* a name of an op declaration, bound by the operands at each use */
} vmo_dim_kind;

typedef struct vmo_dim {
  vmr_symbol name;
  vmo_dim_kind kind;
  int64_t limit; /* of a bounded or fixed dim */
  vmo_location location;
} vmo_dim;

typedef struct vmo_sizes vmo_sizes;

/* A table in the context's arena; NULL when memory is out. */
vmo_sizes *vmo_sizes_create(vmo_context *context);
vmo_status vmo_sizes_status(
    const vmo_sizes *sizes); /* VMO_OK, VMO_OUT_OF_MEMORY or VMO_INPUT_ERROR (overflow); sticky */
void vmo_sizes_clear_status(vmo_sizes *sizes);

vmo_size_id vmo_size_constant(vmo_sizes *sizes, int64_t number);
vmo_size_id vmo_size_symbol(vmo_sizes *sizes, vmo_dim_id dim);
vmo_size_id vmo_size_add(vmo_sizes *sizes, vmo_size_id left, vmo_size_id right);
vmo_size_id vmo_size_subtract(vmo_sizes *sizes, vmo_size_id left, vmo_size_id right);
vmo_size_id vmo_size_multiply(vmo_sizes *sizes, vmo_size_id left, vmo_size_id right);
/* floor(left / divisor), divisor > 0. */
vmo_size_id vmo_size_divide(vmo_sizes *sizes, vmo_size_id left, int64_t divisor);
/* The larger of the two; one of them when that is provable. */
vmo_size_id vmo_size_max(vmo_sizes *sizes, vmo_size_id left, vmo_size_id right);
/* A size that provably reaches both: the larger one, unless that is a maximum of very many; then term by term the larger
 * coefficient. */
vmo_size_id vmo_size_cover(vmo_sizes *sizes, vmo_size_id left, vmo_size_id right);
/* The same, term by term from the start: no maximum of the two, so it stays as short as they are. */
vmo_size_id vmo_size_cover_terms(vmo_sizes *sizes, vmo_size_id left, vmo_size_id right);
/* `size` rounded up to a multiple of `alignment` (> 0). */
vmo_size_id vmo_size_align(vmo_sizes *sizes, vmo_size_id size, int64_t alignment);
/* `size` with each dim d replaced by replacements[d] where that is not VMO_NONE; `count` replacements. */
vmo_size_id vmo_size_substitute(vmo_sizes *sizes, vmo_size_id size, const vmo_size_id *replacements, uint32_t count);

/* True, with the value in *number (may be NULL), when the size is a plain number. */
bool vmo_size_is_constant(const vmo_sizes *sizes, vmo_size_id size, int64_t *number);
/* True when left >= right is proven for all dims >= 0 (each coefficient of the difference is >= 0, or an atom's
 * own bounds show it). False means not proven. */
bool vmo_size_at_least(vmo_sizes *sizes, vmo_size_id left, vmo_size_id right);
/* True when the dim occurs in the size. */
bool vmo_size_mentions(const vmo_sizes *sizes, vmo_size_id size, vmo_dim_id dim);

/* ---- a size as a computation ---- */

/* What code that computes a size does, with a stack of numbers: the steps are in postfix order. */
typedef enum vmo_size_step_kind {
  VMO_STEP_NUMBER,   /* pushes `number` */
  VMO_STEP_DIM,      /* pushes the value of dim `number` */
  VMO_STEP_ADD,      /* the two topmost, by their sum, ... */
  VMO_STEP_MULTIPLY, /* ... product, ... */
  VMO_STEP_MAX,      /* ... maximum */
  VMO_STEP_DIVIDE    /* the topmost, by itself over `number` (> 0), rounded toward minus infinity */
} vmo_size_step_kind;

typedef struct vmo_size_step {
  vmo_size_step_kind kind;
  int64_t number;
} vmo_size_step;

/* The steps of a size, *count of them, in `arena`; NULL when memory is out. */
vmo_size_step *vmo_size_list_steps(const vmo_sizes *sizes, vmo_size_id size, vmr_arena *arena, uint32_t *count);

/* ---- values for dims ---- */

/* A closed interval; high == INT64_MAX: not bounded. */
typedef struct vmo_interval {
  int64_t low, high;
} vmo_interval;

/* One interval per dim of the module. */
typedef struct vmo_binding {
  vmo_interval *dims;
  uint32_t count;
} vmo_binding;

typedef enum vmo_evaluation {
  VMO_EVALUATION_EXACT,     /* low == high */
  VMO_EVALUATION_BOUNDED,   /* high is an upper bound that holds for every value within the binding */
  VMO_EVALUATION_UNBOUNDED, /* a free dim occurs */
  VMO_EVALUATION_NEGATIVE,  /* exact, and below 0 */
  VMO_EVALUATION_OVERFLOW   /* at or above 2^53 */
} vmo_evaluation;

/* Interval arithmetic; *result is set for EXACT, BOUNDED (low may be below 0) and NEGATIVE. */
vmo_evaluation vmo_size_evaluate(const vmo_sizes *sizes, vmo_size_id size, const vmo_binding *binding,
                                 vmo_interval *result);

/* Writes the size as VMIR reads it back: `8*N + 8`, `(N + 63)/64*64`, `max(8*N, 4*E)`; terms in a fixed order. */
void vmo_size_print(const vmo_sizes *sizes, vmo_size_id size, const vmo_dim *dims, const vmr_interner *names,
                    vmo_text *out);
/* The same without blanks, as types are written: `f64[2*M+1]`. */
void vmo_size_print_compact(const vmo_sizes *sizes, vmo_size_id size, const vmo_dim *dims, const vmr_interner *names,
                            vmo_text *out);

#endif
