/* compile.h: one module on its way to LLVM IR; private to codegen/. Kernels need emit.h only.
 *
 * A function is lowered under a plan: as an entry under its own, and, when others call it, under the plan of
 * vmo_code_options.callees, in which results are the caller's. Each of the two is a unit with an LLVM function:
 *
 *   @NAME.entry(call, arenas..., parameters..., results...)      parameters: arrays by address, scalars by value
 *   @NAME.callee(call, arenas..., parameters..., results...)     results: addresses; none when results are in the arena */
#ifndef VMO_CODEGEN_COMPILE_H
#define VMO_CODEGEN_COMPILE_H

#include "codegen/emit.h"

typedef struct vmo_unit {
  vmo_module *module;
  vmo_function_id id;
  const vmo_function *function;
  bool is_entry; /* under its own plan */
  bool is_wanted;
  bool is_recursive;  /* it may call itself */
  vmo_place *places;  /* by value */
  vmo_place *results; /* of what it returns: its results, then its states */
  LLVMTypeRef type;
  LLVMValueRef body; /* NULL until it is wanted */
} vmo_unit;

struct vmo_compilation {
  vmo_context *context;
  const vmo_code_options *options;
  vmo_module *module, *callees; /* the same when there is one plan for both */
  vmo_unit *entry_units, *callee_units;
  LLVMContextRef llvm;
  LLVMModuleRef code;
  LLVMTargetMachineRef machine;
  LLVMTargetDataRef layout;
  LLVMTypeRef call_type;     /* vmr_call */
  LLVMValueRef access_group; /* of all parallel loops */
  unsigned access_group_kind, loop_kind;
};

struct vmo_code {
  LLVMContextRef llvm;
  LLVMModuleRef code;
  LLVMTargetMachineRef machine;
  bool blas;            /* it calls CBLAS */
  bool typed;           /* it has typed functions: names are those that C sees */
  vmo_function_id only; /* the one that has an entry; VMO_NONE: all have */
  char prefix[];        /* of the symbols */
};

/* ---- places.c ---- */

/* Fills the unit's places and results. False when memory is out. */
bool vmo_find_places(vmo_unit *unit, vmr_arena *arena);

/* ---- lower.c ---- */

/* Makes the unit's LLVM function, empty; and fills it. */
void vmo_declare_unit(vmo_emitter *e, vmo_unit *unit);
void vmo_lower_unit(vmo_emitter *e, vmo_unit *unit);
/* The blocks that every function has, and a builder for its sizes; and their end. */
void vmo_open_frame(vmo_emitter *e, vmo_emit_frame *frame, LLVMValueRef function);
void vmo_close_frame(vmo_emitter *e, vmo_emit_frame *frame);

/* Its operands and results as arrays. False when nothing is left to do: all results are views. */
bool vmo_describe_op(vmo_emitter *e, const vmo_op *op, vmo_emit_op *described);

/* ---- loops.c ---- */

/* Ends the function with `status` (i32) unless it is VMR_CALL_OK; `note`: the op in hand is where it failed. */
void vmo_require_status(vmo_emitter *e, LLVMValueRef status, bool note);

/* ---- outline.c ---- */

/* Whether the function in hand is so large that its ops share functions; a call of the one for this op. */
bool vmo_is_outlined(const vmo_emitter *e);
void vmo_emit_outlined(vmo_emitter *e, const vmo_emit_op *op, vmo_emit_kernel kernel);

/* ---- streams.c ---- */

typedef struct vmo_emit_streams vmo_emit_streams;

/* Around the streams of a parallel, and around each of them, whose code goes to a function of its own. */
vmo_emit_streams *vmo_begin_streams(vmo_emitter *e, const vmo_op *op);
void vmo_begin_stream(vmo_emitter *e, vmo_emit_streams *s);
void vmo_end_stream(vmo_emitter *e, vmo_emit_streams *s);
void vmo_end_streams(vmo_emitter *e, const vmo_emit_streams *s);

/* ---- call.c ---- */

void vmo_emit_call(vmo_emitter *e, const vmo_op *op);
/* What the plan keeps of the op in hand; NULL: nothing. */
const vmo_op_plan *vmo_plan_of_op(const vmo_emitter *e);
void vmo_emit_declared(vmo_emitter *e, const vmo_op *op);
/* The symbol of the function for a declared op: its name in code that is linked, where names were checked (`typed`), and one
 * that C cannot have in code for this process. NULL: out of memory. */
const char *vmo_op_symbol(vmo_module *module, const char *name, bool typed);
/* A call of a C function from outside. */
LLVMValueRef vmo_call_external(vmo_emitter *e, const char *name, LLVMTypeRef result, LLVMTypeRef *types,
                               LLVMValueRef *arguments, uint32_t count);

/* ---- constants.c ---- */

/* The bytes of a const op's result as global data. */
LLVMValueRef vmo_constant_data(vmo_emitter *e, vmo_value_id value);
/* Takes note of a const op: one value for all elements is a scalar in a register. */
void vmo_emit_const(vmo_emitter *e, const vmo_emit_op *op);

/* Gives back the blocks that vmo_array_pointer took for the op in hand. */
void vmo_drop_blocks(vmo_emitter *e);

/* ---- watch.c: nothing, unless code is instrumented ---- */

/* States count as written when the function begins. */
void vmo_emit_watch_states(vmo_emitter *e, const vmo_unit *unit);
/* Around an op; those of control flow are passed over. */
void vmo_emit_watch_before(vmo_emitter *e, const vmo_unit *unit, const vmo_op *op);
/* In the body of a `for` from `low` to `high`. */
void vmo_emit_watch_trip(vmo_emitter *e, LLVMValueRef low, LLVMValueRef index, LLVMValueRef high);
void vmo_emit_watch_after(vmo_emitter *e, const vmo_unit *unit, const vmo_op *op);

/* ---- sizes.c ---- */

/* One step upon a stack of which `top` is the height; the new height. */
uint32_t vmo_run_size_step(vmo_emitter *e, const vmo_size_step *step, LLVMValueRef *stack, uint32_t top);

/* ---- checks.c ---- */

/* NAME_arenas; NULL on failure. */
LLVMValueRef vmo_emit_checks(vmo_emitter *e, const vmo_unit *unit);

/* ---- entry.c ---- */

/* NAME_entry, around the unit's body. */
LLVMValueRef vmo_emit_entry(vmo_emitter *e, const vmo_unit *unit, LLVMValueRef checks);

/* ---- typed.c ---- */

/* NAME and NAME_arena_bytes. */
void vmo_emit_typed(vmo_emitter *e, const vmo_unit *unit, LLVMValueRef checks, LLVMValueRef entry);

/* ---- compile.c ---- */

vmo_unit *vmo_callee_unit(vmo_compilation *compilation, vmo_function_id id);
LLVMTypeRef vmo_call_member_type(const vmo_emitter *e, vmo_call_member member);
LLVMValueRef vmo_load_call_member(vmo_emitter *e, LLVMBuilderRef builder, vmo_call_member member);
void vmo_store_call_member(vmo_emitter *e, vmo_call_member member, LLVMValueRef value);
LLVMAttributeRef vmo_make_attribute(const vmo_emitter *e, const char *name, uint64_t value);
/* "PREFIX" "NAME" "SUFFIX", in the emitter's arena. */
const char *vmo_symbol_name(vmo_emitter *e, const vmo_function *function, const char *prefix, const char *suffix);

/* ---- object.c ---- */

/* The machine that the options name; NULL after a diagnostic. */
LLVMTargetMachineRef vmo_make_machine(vmo_context *context, const vmo_code_options *options);
vmo_status vmo_optimise_code(vmo_compilation *compilation);

#endif
