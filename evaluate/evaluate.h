/* evaluate.h: the reference engine: runs VMIR as plainly as can be.
 *
 * Every value has bytes of its own; nothing is done in place, no slot is shared, the plan that a program may carry is not
 * looked at. It is what optimised programs are compared with, so it is written to be read and not to be fast.
 *
 * Numbers: f32 and f64 are computed as IEEE 754 says, element by element in row-major order; f16 and bf16 are rounded
 * after each op, and their sums are kept in f32. Integers wrap around; an integer divided by 0 gives 0, and its remainder
 * is the dividend. A real that becomes an integer is truncated and held within the type's range; NaN becomes 0. */
#ifndef VMO_EVALUATE_EVALUATE_H
#define VMO_EVALUATE_EVALUATE_H

#include "ir/ir.h"

/* A dense row-major array; a scalar has rank 0 and one element. */
typedef struct vmo_array {
  vmo_element element; /* a bool is a byte, 0 or 1 */
  uint32_t rank;
  const int64_t *sizes; /* rank of them */
  int64_t count;        /* elements */
  void *data;           /* aligned to 64 */
} vmo_array;

/* Runs an op that the program declares: operands in order (literals and dims as scalars), results with their bytes
 * zeroed, to be filled, and the workspace that its declaration asks for. False stops the run; the callee may have said why in `context`. */
typedef bool (*vmo_declared_kernel)(void *user, vmo_context *context, const char *name, const vmo_array *operands,
                                    uint32_t operand_count, vmo_array *results, uint32_t result_count, void *workspace);

/* All zero is the default. */
typedef struct vmo_evaluate_options {
  uint64_t op_limit;   /* an error after so many ops, those of loops counted each time; 0: none */
  uint32_t call_limit; /* an error at calls nested deeper; 0: 10000 */
  vmo_declared_kernel declared;
  void *user;         /* handed to `declared` */
  vmr_arena *results; /* where the results are made; NULL: the context's arena */
  /* Called before each trip of a `for` in the body of the function; may be NULL. */
  void (*progress)(void *user, uint64_t done, uint64_t total);
  void *progress_user;
} vmo_evaluate_options;

typedef struct vmo_evaluate_result {
  vmo_array *results;      /* of the function, in the arena that the options name */
  uint32_t result_count;   /* those written in its type, then the next content of each state */
  uint64_t op_count;       /* ops run */
  uint64_t buffer_count;   /* buffers that were made for values */
  vmo_bytes largest_bytes; /* the most that the values of all open activations held together */
} vmo_evaluate_result;

/* An array of that type with zeroed elements, in the arena. False when memory is out, or the type has no exact size under
 * the binding. */
bool vmo_make_array(const vmo_module *module, vmo_type_id type, const vmo_binding *binding, vmr_arena *arena,
                    vmo_array *array);

/* Runs a function of a verified module. Every dim has one value in `binding`, which vmo_check_binding accepts; there is
 * an array of the right element and sizes for each parameter, states included, and none of them is changed.
 *
 * VMO_INPUT_ERROR: the program does what it may not (E07xx at the op: an index outside of its array, too many ops, too
 * deep a recursion, a declared op that nobody runs), or an argument has another type than its parameter. */
vmo_status vmo_evaluate_function(vmo_module *module, vmo_function_id function, const vmo_binding *binding,
                                 const vmo_array *arguments, const vmo_evaluate_options *options,
                                 vmo_evaluate_result *result);

#endif
