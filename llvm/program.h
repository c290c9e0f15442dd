/* program.h: a module of LLVM IR in arrays of our own. Private to llvm/.
 *
 *   functions   [ main | xmalloc | malloc (declared) | ... ]
 *   blocks      [ main's ...  | xmalloc's ...              ]   ranges, in the module's order
 *   instructions[ main's ...  | xmalloc's ...              ]   ranges of blocks
 *   operands    value ids, local to the function:
 *                 0           holds no pointer that matters: numbers, null, undef
 *                 1           the address of something that everybody may know: globals, functions
 *                 2 ...       the parameters, then the instructions, in order
 *
 * llvm-c is asked once for each instruction; everything after that works on these arrays. */
#ifndef VMO_LLVM_PROGRAM_H
#define VMO_LLVM_PROGRAM_H

#include <llvm-c/Core.h>
#include <llvm-c/Target.h>

#include "support/diag.h"
#include "support/hash_index.h"
#include "support/vec.h"
#include "llvm/llvm.h"

#define VMO_LL_NOTHING 0u
#define VMO_LL_OUTSIDE 1u
#define VMO_LL_FIRST_PARAMETER 2u

struct vmo_libc_row;

typedef struct vmo_ll_instruction {
  LLVMValueRef ref;
  uint32_t block;
  uint32_t operand_first, operand_count; /* of a call: its arguments */
  uint32_t callee;                       /* function; VMO_NONE: no call, or through a pointer */
  uint32_t stride;                       /* getelementptr: offsets are `bytes` plus multiples of it; 0: exact */
  int64_t bytes;                         /* getelementptr: offset; load, store, alloca: bytes, -1 not known */
  uint8_t opcode;                        /* LLVMOpcode */
  bool wide;                             /* the result has room for a pointer */
  bool pointer;                          /* the result is a pointer */
  bool number;                           /* a load or store of what is no pointer, by its type */
} vmo_ll_instruction;

typedef struct vmo_ll_block {
  LLVMBasicBlockRef ref;
  uint32_t first, count; /* instructions */
  uint32_t successor_first, successor_count;
} vmo_ll_block;

/* What stands in the way of rewriting a function. */
typedef struct vmo_ll_obstacles {
  bool setjmp, sanitized, musttail, coroutine, naked, exception;
} vmo_ll_obstacles;

typedef struct vmo_ll_function {
  LLVMValueRef ref;
  const char *name;
  const struct vmo_libc_row *libc; /* what the table says of a declared one; NULL: nothing */
  uint32_t parameter_count;
  uint32_t block_first, block_count; /* none: only declared */
  uint32_t first, count;             /* instructions */
  vmo_ll_obstacles obstacles;
  bool exact;     /* the definition here is the one that runs */
  bool intrinsic; /* llvm.* */
  bool variadic;
  bool no_return;
  bool no_inline;     /* the author forbids it (optnone apart) */
  bool address_taken; /* used other than as a callee */
  bool computed;      /* its address may be computed, or an ifunc may mean it: it has callers that are not seen */
  bool external;      /* other modules may name it */
  bool calls_itself;
  bool recursive;    /* it may be active more than once (call_graph.c) */
  bool called_back;  /* of these, only because unknown code may call it */
  bool in_recursion; /* such a function calls it, directly or through others */
} vmo_ll_function;

/* A copy of a function that frees nothing between two addresses, its last arguments (sparing.c). */
typedef struct vmo_ll_copy_that_spares {
  LLVMValueRef function;
  const char *original; /* name */
} vmo_ll_copy_that_spares;

struct vmo_ll_program {
  vmo_context *context;
  LLVMContextRef llvm;
  LLVMModuleRef module;
  bool adopted; /* both are somebody else's */
  bool edited;  /* the module is not as it was read */
  LLVMTargetDataRef layout;
  uint32_t pointer_bytes;
  unsigned type_alias_kind; /* of the metadata */
  vmr_arena *arena;         /* of the arrays below: reset when the module was edited and is read again */
  VMO_VEC(vmo_ll_function) functions;
  VMO_VEC(vmo_ll_block) blocks;
  VMO_VEC(vmo_ll_instruction) instructions;
  VMO_VEC(uint32_t) operands;
  VMO_VEC(uint32_t) successors;
  vmo_hash_index index; /* functions, parameters, instructions, blocks by address: into `things` */
  struct vmo_ll_thing {
    const void *ref;
    uint32_t id;
  } *things;
  uint32_t thing_count, thing_capacity;
  bool replaces_malloc;                     /* it defines malloc or free itself */
  VMO_VEC(vmo_ll_copy_that_spares) sparing; /* functions that were copied, in the context's arena */
  bool marks_slots;                         /* slots that share bytes are marked, until heaps are made (stack.c) */
};

/* Gives calls whose function was declared without parameters its type; how many. (prototypes.c) */
uint32_t vmo_repair_calls(vmo_ll_program *program);
/* Reads (again) the arrays from the module. (read.c) */
vmo_status vmo_read_arrays(vmo_ll_program *program);
/* The module verifies, or VMO_INTERNAL_ERROR: for what our own edits made. */
vmo_status vmo_verify_llvm(vmo_ll_program *program);

/* Whether a getelementptr is the address of a slot that shares bytes with slots of other objects. (stack.c) */
bool vmo_ll_is_slot(const vmo_ll_program *program, LLVMValueRef gep);
/* Whether a call is an empty piece of assembly that may write some memory: what is there stays as it is. (stack.c) */
bool vmo_ll_is_fence(const vmo_ll_instruction *call);
/* Takes the marks away by which it is known. */
void vmo_ll_forget_slots(const vmo_ll_program *program);

/* Local value ids. */
static inline uint32_t vmo_ll_result_id(const vmo_ll_function *function, uint32_t instruction) {
  return VMO_LL_FIRST_PARAMETER + function->parameter_count + (instruction - function->first);
}
static inline uint32_t vmo_ll_value_count(const vmo_ll_function *function) {
  return VMO_LL_FIRST_PARAMETER + function->parameter_count + function->count;
}
static inline bool vmo_ll_is_call(uint8_t opcode) {
  return opcode == LLVMCall || opcode == LLVMInvoke || opcode == LLVMCallBr;
}
static inline bool vmo_ll_is_defined(const vmo_ll_function *function) { return function->block_count > 0; }
/* The instruction that makes a value, or VMO_NONE. */
static inline uint32_t vmo_ll_instruction_of(const vmo_ll_function *function, uint32_t value) {
  uint32_t first = VMO_LL_FIRST_PARAMETER + function->parameter_count;
  return value >= first ? function->first + (value - first) : VMO_NONE;
}

bool vmo_ll_has_attribute(LLVMValueRef function, const char *name);
/* The function that a value is; VMO_NONE: it is none. */
uint32_t vmo_ll_find_function(const vmo_ll_program *program, LLVMValueRef value);
/* The local id of a parameter or instruction. */
uint32_t vmo_ll_find_value(const vmo_ll_program *program, LLVMValueRef value);
/* The number of a block in its function. */
uint32_t vmo_ll_find_block(const vmo_ll_program *program, LLVMBasicBlockRef block);

/* The offset of a getelementptr, constant expressions too: `bytes` plus multiples of `stride`. (read.c) */
void vmo_ll_sum_indices(const vmo_ll_program *program, LLVMValueRef gep, int64_t *bytes, uint32_t *stride);
/* The greatest common divisor, for strides; 1 when it is beyond 32 bits. (points_to.c) */
uint32_t vmo_ll_gcd(uint64_t a, uint64_t b);

/* ---- call graph (call_graph.c) ---- */

/* Functions in groups that call each other directly, callees first. */
typedef struct vmo_ll_groups {
  uint32_t *order;       /* function ids */
  uint32_t *group;       /* of each function */
  uint32_t *group_first; /* group_count + 1: into order */
  uint32_t group_count;
  const uint32_t *first,
      *targets; /* the graph: the edges of node n are targets[first[n]] ... targets[first[n + 1] - 1] */
} vmo_ll_groups;

/* Groups over direct calls, and `recursive` of every function over all calls that may happen. */
vmo_status vmo_find_groups(vmo_ll_program *program, bool whole_program, vmo_ll_groups *groups);
/* Groups of any graph: from node n edges lead to targets[first[n]] ... targets[first[n + 1] - 1]. */
vmo_status vmo_group_nodes(vmo_ll_program *program, uint32_t *first, uint32_t *targets, uint32_t count,
                           vmo_ll_groups *groups);

#endif
