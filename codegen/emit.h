/* emit.h: the emitter: LLVM IR for one module, and what kernels build it with; private to codegen/.
 *
 *   lower.c      a function: its ops in order, control flow        places.c   where each value's bytes are
 *   call.c       calls, recursion, declared ops                    sizes.c    size expressions as i64
 *   entry.c      entries, checks of sizes and arenas               arrays.c   operands as arrays, load and store
 *   kernel.c     which kernel emits which op                       numbers.c  conversion, rounding, order of numbers
 *   kernel_*.c   one kind of ops.def each                          loops.c    loops, branches, variables
 *   object.c     targets, LLVM's passes, bytes out                 jit.c      code in this process
 *
 * A kernel gets its operands and results as arrays and appends code that fills the results: it opens loops, loads,
 * computes, stores. Results of values are `LLVMValueRef`; a failure (out of memory) shows in emitter->status, so that most
 * functions here need not be checked one by one.
 *
 * Numbers have two forms. In memory a bool is a byte, 0 or 1, and f16 and bf16 are 16 bits. In registers a bool is an i1;
 * f16 and bf16 are floats that hold a number of the narrow type exactly (what is computed with them is computed as the
 * reference engine does, in double, and rounded once by vmo_round_real). vmo_load_element and vmo_store_element convert.
 *
 * Loops over results whose elements do not depend on each other are opened `parallel`: their loads and stores are then
 * marked so that LLVM vectorises them without checks of overlap, also where the plan computes in place. */
#ifndef VMO_CODEGEN_EMIT_H
#define VMO_CODEGEN_EMIT_H

#include <llvm-c/Core.h>
#include <llvm-c/TargetMachine.h>

#include "codegen/codegen.h"

/* ---- arrays ---- */

typedef struct vmo_emit_array {
  vmo_element element;
  uint32_t rank;
  const vmo_size_id *shape;      /* rank of them; equal ids are equal sizes */
  const LLVMValueRef *sizes;     /* the same as i64 */
  LLVMValueRef count;            /* elements, i64 */
  LLVMValueRef pointer;          /* its bytes; NULL when `scalar` is set: then see vmo_array_pointer */
  LLVMValueRef scalar;           /* register form: every element is this; NULL: look at the bytes */
  const struct vmo_place *place; /* NULL: a literal or a dim */
  bool is_view;                  /* of a result: its bytes are operand 0's already; nothing is to be written */
} vmo_emit_array;

/* ---- places ---- */

/* Where the bytes of a value are: a byte offset from something that has an address when the function runs. */
typedef enum vmo_place_base {
  VMO_PLACE_NOWHERE,   /* no bytes: none are needed, or the value is a scalar in a register */
  VMO_PLACE_ARENA,     /* index: of plan.arenas */
  VMO_PLACE_PARAMETER, /* index: which */
  VMO_PLACE_RESULT,    /* index: which; the caller's bytes */
  VMO_PLACE_CONSTANT   /* index: the value of the const op */
} vmo_place_base;

typedef struct vmo_place {
  vmo_place_base base;
  uint32_t index;
  vmo_size_id offset;
} vmo_place;

/* ---- the emitter ---- */

/* What all functions of one module share; compile.h has the rest. */
typedef struct vmo_compilation vmo_compilation;

/* Members of vmr_call, in their order. */
typedef enum vmo_call_member {
  VMO_CALL_DIMS,
  VMO_CALL_ARGUMENTS,
  VMO_CALL_RESULTS,
  VMO_CALL_ARENAS,
  VMO_CALL_ARENA_BYTES,
  VMO_CALL_WATCH,
  VMO_CALL_THREADS,
  VMO_CALL_DEPTH,
  VMO_CALL_FAULT_LINE,
  VMO_CALL_FAULT_COLUMN,
  VMO_CALL_MEMBER_COUNT
} vmo_call_member;

/* One LLVM function under construction. Sizes are computed once, in its entry block. */
typedef struct vmo_emit_frame {
  LLVMValueRef function;
  LLVMBuilderRef sizes;      /* appends to the entry block, before its branch */
  LLVMBasicBlockRef fail;    /* returns the status in `status` */
  LLVMValueRef status;       /* phi of `fail` */
  LLVMValueRef call;         /* vmr_call * */
  LLVMValueRef line, column; /* i32: where the op in hand stands, when that is known only as it runs; else NULL */
  LLVMValueRef *arenas;      /* by index in plan.arenas */
  LLVMValueRef *parameters;  /* pointers, or scalars in register form */
  LLVMValueRef *results;     /* pointers of the caller; NULL where results are in the arena */
  LLVMValueRef *size_values; /* by vmo_size_id; NULL until asked for */
  uint32_t size_count;
  LLVMValueRef *dims;        /* by vmo_dim_id; NULL until asked for */
  LLVMValueRef dims_pointer; /* the call's; NULL until asked for */
} vmo_emit_frame;

typedef struct vmo_emitter {
  vmo_context *context;
  vmo_module *module; /* of the function in hand: the entries' or the callees' */
  vmr_arena *arena;   /* for what lives as long as this function's emission */
  const vmo_code_options *options;
  vmo_compilation *compilation;
  vmo_status status; /* the first failure */

  LLVMContextRef llvm;
  LLVMModuleRef code;
  LLVMBuilderRef builder; /* where code is appended */
  LLVMTypeRef i1, i8, i16, i32, i64, f32, f64, pointer, nothing;

  const vmo_function *function;
  const vmo_plan *plan;
  uint32_t unit_alignment;        /* every value in memory begins at a multiple of it */
  vmo_place *places;              /* by value */
  LLVMValueRef *scalars;          /* by value: its register form, where it has one */
  LLVMValueRef *constants;        /* by value: the data of a const op; NULL until it is asked for */
  VMO_VEC(vmo_value_id) captures; /* values in registers that are visible here and that no constant is */
  VMO_VEC(LLVMValueRef) blocks;   /* of the runtime's, to be given back after the op in hand */
  vmo_emit_frame *frame;
  uint32_t op;      /* index of the op in hand */
  bool is_parallel; /* a parallel loop is open */
} vmo_emitter;

/* An op about to be emitted. */
typedef struct vmo_emit_op {
  const vmo_op *op;
  const vmo_emit_array *operands;
  uint32_t operand_count;
  const vmo_emit_array *results;
  uint32_t result_count;
  LLVMValueRef workspace; /* its bytes; NULL: it needs none */
} vmo_emit_op;

typedef void (*vmo_emit_kernel)(vmo_emitter *e, const vmo_emit_op *op);

/* What emits ops of that code; NULL: nothing does. The table is in kernel.c, by the "kernel" column of ops.def. */
vmo_emit_kernel vmo_find_emit_kernel(vmo_opcode code);

void vmo_emit_elementwise(vmo_emitter *e, const vmo_emit_op *op);
void vmo_emit_generate(vmo_emitter *e, const vmo_emit_op *op);
void vmo_emit_move(vmo_emitter *e, const vmo_emit_op *op);
void vmo_emit_count(vmo_emitter *e, const vmo_emit_op *op);

/* One element of an elementwise op from those of its operands, all in register form; `from` is operand 0's element type and
 * `index` the element's (of dropout). What a fused loop computes is made of these. */
LLVMValueRef vmo_compute_element(vmo_emitter *e, const vmo_op *op, vmo_element from, vmo_element to,
                                 const LLVMValueRef *in, LLVMValueRef index);
/* The number at `index` of the sequence that `seed` names, in [0, 1), a double; dropout of one element (random.c). */
LLVMValueRef vmo_emit_draw(vmo_emitter *e, int64_t seed, LLVMValueRef index);
LLVMValueRef vmo_emit_dropout(vmo_emitter *e, const vmo_op *op, vmo_element element, LLVMValueRef number,
                              LLVMValueRef index);

/* Notes the first failure. */
void vmo_emit_fail(vmo_emitter *e, vmo_status status);
/* `count` things in the emitter's arena, zeroed; NULL after noting the failure. */
void *vmo_emit_alloc(vmo_emitter *e, size_t count, size_t size);

/* ---- numbers (numbers.c) ---- */

LLVMTypeRef vmo_memory_type(const vmo_emitter *e, vmo_element element);
LLVMTypeRef vmo_register_type(const vmo_emitter *e, vmo_element element);
bool vmo_is_signed(vmo_element element);
bool vmo_is_small_real(vmo_element element); /* f16, bf16 */
/* The precision in which sums of that element are kept: f32 for f16 and bf16, else its own. */
vmo_element vmo_sum_precision(vmo_element element);

LLVMValueRef vmo_i64(const vmo_emitter *e, int64_t number);
LLVMValueRef vmo_i1(const vmo_emitter *e, bool truth);
/* Whole and real numbers in an element's register form, converted as the reference engine does. */
LLVMValueRef vmo_whole_number(vmo_emitter *e, vmo_element element, int64_t number);
LLVMValueRef vmo_real_number(vmo_emitter *e, vmo_element element, double number);
LLVMValueRef vmo_literal_number(vmo_emitter *e, const vmo_literal *literal);
/* The number of an attribute's item, in that element; `otherwise` when it is not given. */
LLVMValueRef vmo_attribute_number(vmo_emitter *e, const vmo_op *op, const char *name, uint32_t index,
                                  vmo_element element, int64_t otherwise);
double vmo_attribute_real(const vmo_emitter *e, const vmo_op *op, const char *name, double otherwise);
int64_t vmo_attribute_integer(const vmo_emitter *e, const vmo_op *op, const char *name, uint32_t index,
                              int64_t otherwise);
/* The least and the greatest number of the type; of reals the infinities. */
LLVMValueRef vmo_least_number(vmo_emitter *e, vmo_element element);
LLVMValueRef vmo_greatest_number(vmo_emitter *e, vmo_element element);

/* Reals: the register form as a double, and a double (or float, of f32) rounded to the element, in register form. */
/* What stands in memory in register form, and the other way. */
LLVMValueRef vmo_decode_number(vmo_emitter *e, vmo_element element, LLVMValueRef stored);
LLVMValueRef vmo_encode_number(vmo_emitter *e, vmo_element element, LLVMValueRef number);
LLVMValueRef vmo_widen_real(vmo_emitter *e, vmo_element element, LLVMValueRef number);
LLVMValueRef vmo_round_real(vmo_emitter *e, vmo_element element, LLVMValueRef number);
/* A number of one element type in another one, as `cast` does it. */
LLVMValueRef vmo_convert_number(vmo_emitter *e, vmo_element from, LLVMValueRef number, vmo_element to);

/* + - * of two numbers in register form: integers wrap around, reals are rounded. */
LLVMValueRef vmo_emit_add(vmo_emitter *e, vmo_element element, LLVMValueRef x, LLVMValueRef y);
LLVMValueRef vmo_emit_subtract(vmo_emitter *e, vmo_element element, LLVMValueRef x, LLVMValueRef y);
LLVMValueRef vmo_emit_multiply(vmo_emitter *e, vmo_element element, LLVMValueRef x, LLVMValueRef y);
LLVMValueRef vmo_emit_divide(vmo_emitter *e, vmo_element element, LLVMValueRef x, LLVMValueRef y);
/* x < y and x == y as the comparison ops have it: false with NaN. i1. */
LLVMValueRef vmo_is_less(vmo_emitter *e, vmo_element element, LLVMValueRef x, LLVMValueRef y);
LLVMValueRef vmo_is_same(vmo_emitter *e, vmo_element element, LLVMValueRef x, LLVMValueRef y);
LLVMValueRef vmo_is_nan(vmo_emitter *e, vmo_element element, LLVMValueRef x);
/* The smaller and the larger; NaN if either is. */
LLVMValueRef vmo_smaller_number(vmo_emitter *e, vmo_element element, LLVMValueRef x, LLVMValueRef y);
LLVMValueRef vmo_larger_number(vmo_emitter *e, vmo_element element, LLVMValueRef x, LLVMValueRef y);

/* A function of libm on doubles, called by its name so that LLVM leaves it alone: "exp", "pow", ... */
LLVMValueRef vmo_call_libm(vmo_emitter *e, const char *name, const LLVMValueRef *arguments, uint32_t count);
/* An intrinsic of LLVM that is overloaded in the type of its first argument: "llvm.sqrt", "llvm.smax", ... */
LLVMValueRef vmo_call_intrinsic(vmo_emitter *e, const char *name, const LLVMValueRef *arguments, uint32_t count);

/* ---- sizes (sizes.c) ---- */

/* The size as i64; computed once per function, at its entry. */
LLVMValueRef vmo_emit_size(vmo_emitter *e, vmo_size_id size);
LLVMValueRef vmo_emit_dim(vmo_emitter *e, vmo_dim_id dim);

/* ---- arrays (arrays.c) ---- */

/* What an operand or a value is where it is used: its pointer is valid in the block in hand and those it dominates. */
vmo_emit_array vmo_operand_array(vmo_emitter *e, const vmo_operand *operand);
vmo_emit_array vmo_value_array(vmo_emitter *e, vmo_value_id value);
/* The bytes of an array also where it is a scalar in a register (a copy on the stack, or constant data). */
LLVMValueRef vmo_array_pointer(vmo_emitter *e, const vmo_emit_array *array);
LLVMValueRef vmo_place_pointer(vmo_emitter *e, const vmo_place *place);
/* Whether its sizes are all the number 1. */
bool vmo_has_one_element(const vmo_emitter *e, const vmo_emit_array *array);

/* Element `index` (i64, row-major), in register form. */
LLVMValueRef vmo_load_element(vmo_emitter *e, const vmo_emit_array *array, LLVMValueRef index);
void vmo_store_element(vmo_emitter *e, const vmo_emit_array *array, LLVMValueRef index, LLVMValueRef number);
/* The same where the bytes are not those of an array in the plan (workspace). */
LLVMValueRef vmo_load_number(vmo_emitter *e, vmo_element element, LLVMValueRef pointer, LLVMValueRef index);
void vmo_store_number(vmo_emitter *e, vmo_element element, LLVMValueRef pointer, LLVMValueRef index,
                      LLVMValueRef number);
/* Zeros from element `first` on: what the language leaves undefined is what the reference engine has there. */
void vmo_clear_elements(vmo_emitter *e, const vmo_emit_array *array, LLVMValueRef first);
/* `count` elements from one place to another one, apart from it. */
void vmo_copy_bytes(vmo_emitter *e, LLVMValueRef to, LLVMValueRef from, LLVMValueRef count, vmo_element element);
/* Row-major strides, in elements; rank of them. */
const LLVMValueRef *vmo_array_strides(vmo_emitter *e, const vmo_emit_array *array);
/* The product of sizes [first, end). */
LLVMValueRef vmo_count_axes(vmo_emitter *e, const vmo_emit_array *array, uint32_t first, uint32_t end);

/* ---- i64 arithmetic that cannot wrap: offsets, indices ---- */

LLVMValueRef vmo_add_i64(vmo_emitter *e, LLVMValueRef x, LLVMValueRef y);
LLVMValueRef vmo_subtract_i64(vmo_emitter *e, LLVMValueRef x, LLVMValueRef y);
LLVMValueRef vmo_multiply_i64(vmo_emitter *e, LLVMValueRef x, LLVMValueRef y);

/* ---- loops, branches, variables (loops.c) ---- */

typedef struct vmo_emit_loop {
  LLVMValueRef index; /* i64 */
  LLVMBasicBlockRef header, after;
  bool parallel;
} vmo_emit_loop;

/* Opens a loop over [low, high) in steps of 1; code is then appended to its body. In a `parallel` one no trip reads what
 * another one writes; it has no loop inside. */
void vmo_begin_loop(vmo_emitter *e, vmo_emit_loop *loop, LLVMValueRef low, LLVMValueRef high, bool parallel);
void vmo_end_loop(vmo_emitter *e, vmo_emit_loop *loop);

/* A loop as long as a condition (i1) holds: code appended after `begin` computes it. */
void vmo_begin_while(vmo_emitter *e, vmo_emit_loop *loop);
void vmo_test_while(vmo_emitter *e, vmo_emit_loop *loop, LLVMValueRef condition);
void vmo_end_while(vmo_emitter *e, vmo_emit_loop *loop);

typedef struct vmo_emit_branch {
  LLVMBasicBlockRef otherwise, after;
} vmo_emit_branch;

/* if (condition) { ... [begin_else ...] } */
void vmo_begin_if(vmo_emitter *e, vmo_emit_branch *branch, LLVMValueRef condition);
void vmo_begin_else(vmo_emitter *e, vmo_emit_branch *branch);
void vmo_end_if(vmo_emitter *e, vmo_emit_branch *branch);

/* A variable of the function, which LLVM keeps in a register. */
LLVMValueRef vmo_make_variable(vmo_emitter *e, LLVMTypeRef type);
LLVMValueRef vmo_get_variable(vmo_emitter *e, LLVMValueRef variable);
void vmo_set_variable(vmo_emitter *e, LLVMValueRef variable, LLVMValueRef value);

/* Ends the function with a status unless `condition` (i1) holds. */
void vmo_require(vmo_emitter *e, LLVMValueRef condition, vmr_call_status status);
/* The same for an index of the program (i32 or i64 in register form): the index as i64, in [0, limit). */
LLVMValueRef vmo_require_index(vmo_emitter *e, LLVMValueRef index, LLVMValueRef limit);

/* Ends the function with a status (i32) here and now; no code follows in this block. */
void vmo_fail_with(vmo_emitter *e, LLVMValueRef status);

/* Runs through an array's elements in row-major order, with the offset (in elements) in others that are broadcast to it or
 * have a stride for each of its axes. Neighbouring axes that all of them run through alike become one loop.
 *
 *   vmo_begin_nest(&nest, &result);
 *   for (...) vmo_nest_broadcast(e, &nest, &operands[i]);
 *   vmo_open_nest(e, &nest, true);
 *   ... vmo_load_element(e, &operands[i], nest.offsets[i]) ... vmo_store_element(e, &result, nest.at, number);
 *   vmo_close_nest(e, &nest); */
#define VMO_NEST_ARRAYS 64
typedef struct vmo_emit_nest {
  uint32_t rank, others;
  bool parallel;
  const vmo_emit_array *array;
  const LLVMValueRef *strides[VMO_NEST_ARRAYS]; /* rank each; NULL: the array repeats along that axis */
  uint32_t dense_from[VMO_NEST_ARRAYS];         /* from this axis on its strides are those of the nest's array */
  LLVMValueRef starts[VMO_NEST_ARRAYS];
  LLVMValueRef at;                       /* within: the array's own element */
  LLVMValueRef offsets[VMO_NEST_ARRAYS]; /* within: that of each other */
  LLVMValueRef indices[VMO_MAX_RANK];    /* within: index per axis; NULL where axes were merged */
  vmo_emit_loop loops[VMO_MAX_RANK];
  uint32_t depth;
} vmo_emit_nest;

void vmo_begin_nest(vmo_emit_nest *nest, const vmo_emit_array *array);
/* Both return the other array's number, its index in `offsets`. After vmo_nest_strided, `dense_from` of it may be set. */
uint32_t vmo_nest_broadcast(vmo_emitter *e, vmo_emit_nest *nest, const vmo_emit_array *other);
uint32_t vmo_nest_strided(vmo_emitter *e, vmo_emit_nest *nest, const LLVMValueRef *strides, LLVMValueRef start);
void vmo_open_nest(vmo_emitter *e, vmo_emit_nest *nest, bool parallel);
void vmo_close_nest(vmo_emitter *e, vmo_emit_nest *nest);

#endif
