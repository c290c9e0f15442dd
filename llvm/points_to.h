/* points_to.h: where the pointers of one function may point. Private to llvm/.
 *
 *   objects   0            outside: all memory that others know
 *             1 + 2i       what parameter i points to               ("argument")
 *             2 + 2i       what can be reached from there            ("reached"), as one
 *             ...          allocas, allocation sites, fresh objects that calls return
 *   element   (object, offset, stride): offset + k * stride for any k; stride 0: exactly offset
 *   cell      eight bytes of an object that may hold pointers, keyed by offset and stride
 *
 * Sets only grow; a set of too many objects gives all of them up as captured. What is captured may be read, written and
 * freed by anyone, and is never rewritten, so nothing needs to be known about it. */
#ifndef VMO_LLVM_POINTS_TO_H
#define VMO_LLVM_POINTS_TO_H

#include "llvm/libc.h"
#include "llvm/program.h"

typedef struct vmo_ll_element {
  uint32_t object;
  uint32_t stride;
  int64_t offset;
} vmo_ll_element;

typedef VMO_VEC(vmo_ll_element) vmo_ll_set;

typedef struct vmo_ll_cell {
  int64_t offset;
  uint32_t stride;
  uint32_t next; /* of the same object; VMO_NONE: none */
  vmo_ll_set set;
} vmo_ll_cell;

typedef enum vmo_ll_object_kind {
  VMO_LL_OBJECT_OUTSIDE,
  VMO_LL_OBJECT_ARGUMENT,
  VMO_LL_OBJECT_REACHED,
  VMO_LL_OBJECT_STACK,
  VMO_LL_OBJECT_SITE, /* an allocation in this function */
  VMO_LL_OBJECT_FRESH /* one that a called function makes */
} vmo_ll_object_kind;

typedef struct vmo_ll_object {
  vmo_ll_object_kind kind;
  uint32_t instruction; /* the alloca, allocation or call; VMO_NONE: none */
  uint32_t parameter;
  uint32_t origin;    /* the instruction that allocates it, in a called function for a fresh one; VMO_NONE: several */
  uint32_t calls;     /* how many calls lie between */
  uint32_t cells;     /* first of the list; VMO_NONE */
  uint32_t last_cell; /* that was looked for; VMO_NONE */
  uint32_t cell_count;
  uint32_t visit;
  uint32_t grew;                   /* by the clock: when it was captured, or a cell of it grew */
  bool captured, returned, stored; /* stored: reachable from an argument */
  bool freed, bytes_copied; /* of arguments and reached ones, for summaries; bytes_copied: read in parts and kept */
  bool written;             /* or freed: what it holds may not be what it held */
  vmo_site_escape escape;   /* why it is captured */
  uint32_t escape_at;       /* the instruction; VMO_NONE */
} vmo_ll_object;

typedef struct vmo_ll_release { /* an instruction that may free or move an object */
  uint32_t instruction, object;
  enum { VMO_LL_FREED, VMO_LL_MOVED, VMO_LL_FREED_BY_CALLEE } kind;
} vmo_ll_release;

typedef struct vmo_ll_write { /* an instruction that may write or free an object */
  uint32_t instruction, object;
} vmo_ll_write;

/* What a function does to what its caller knows. Objects 0 ... 2n are numbered as above; fresh ones follow. */
typedef struct vmo_ll_summary_cell {
  vmo_ll_element place, target;
} vmo_ll_summary_cell;

/* What is taken of a parameter: it is a harmless function, called with so many arguments. (callbacks.c) */
typedef struct vmo_ll_assumption {
  bool called;                  /* false: nothing is taken */
  uint32_t arguments, pointers; /* count; which of them are pointers, a bit each */
} vmo_ll_assumption;

typedef struct vmo_ll_summary {
  bool computed; /* false: not yet; as a function that never returns */
  bool worst;    /* too much to be told: like unknown code */
  vmo_ll_object *objects;
  uint32_t object_count, fresh_first;
  VMO_VEC(vmo_ll_summary_cell) cells;
  vmo_ll_set returned;
  const struct vmo_ll_summary *assuming; /* what it does where assumptions hold; NULL: nothing is known of that */
  vmo_ll_assumption *assumptions;        /* of such a summary: by parameter */
  uint32_t assumption_count;
} vmo_ll_summary;

typedef struct vmo_ll_points_to {
  vmo_ll_program *program;
  const vmo_ll_function *function;
  uint32_t function_id;
  const vmo_ll_summary *summaries; /* of all functions */
  const uint32_t *group;           /* of each function: those of one are not summarised before each other */
  vmr_arena *arena;
  VMO_VEC(vmo_ll_object) objects;
  VMO_VEC(vmo_ll_cell) cells;
  vmo_ll_set *values; /* by local value id */
  uint32_t *made;     /* by instruction of the function: the first object it makes; VMO_NONE */
  bool *kept;         /* by local value id: bytes of it reach memory or another function */
  bool *told; /* by local value id: bits of it choose from a constant table, or a library function may write them */
  vmo_ll_set returned;
  VMO_VEC(vmo_ll_release) releases; /* in program order */
  VMO_VEC(vmo_ll_write) writes;     /* in program order; object 0: whatever others know */
  uint32_t visits;
  uint32_t clock;             /* how many instructions were interpreted */
  uint32_t *interpreted;      /* by instruction of the function: when it was, last; 0: it is due */
  uint32_t *grew;             /* by local value id: when the set grew */
  uint32_t memory_grew;       /* any object */
  uint32_t contents_captured; /* when what stands in captured memory was */
  const vmo_ll_set *result;   /* of the instruction being interpreted */
  bool result_grew;
  bool *idle,
      met_nothing; /* by instruction: it read or wrote where a pointer to nothing points; the one in hand does */
  uint32_t at;     /* the instruction being interpreted */
  bool collecting; /* the last round: releases and writes are written down */
  bool assuming;   /* parameters that are called are taken to be harmless functions */
  bool could_assume;
  vmo_ll_assumption *assumptions; /* by parameter */
  bool strict;                    /* what was found to point nowhere may point outside */
  bool temporary;                 /* the set that grows is no part of the answer */
  bool changed, out_of_memory;
  vmo_ll_set place_sets[2]; /* of the call being interpreted: places and values of the callee's, as the caller's */
  vmo_ll_set *reached;      /* by parameter: what can be reached from the argument */
  bool *reached_known;
} vmo_ll_points_to;

#define VMO_LL_ARGUMENT_OBJECT(parameter) (1u + 2u * (parameter))
#define VMO_LL_REACHED_OBJECT(parameter) (2u + 2u * (parameter))
#define VMO_LL_POINTER_BYTES 8
#define VMO_LL_MAX_FRESH 8 /* further objects that one function hands out are one */

/* Solves one function (solve.c), whose callees' summaries stand in `summaries`. The answer lives in `arena`. */
vmo_status vmo_solve_points_to(vmo_ll_program *program, uint32_t function, const vmo_ll_summary *summaries,
                               const uint32_t *group, vmr_arena *arena, vmo_ll_points_to **points_to);
/* The same, taking it that functions which it is given and calls are harmless; points_to->assumptions says which. */
vmo_status vmo_solve_assuming(vmo_ll_program *program, uint32_t function, const vmo_ll_summary *summaries,
                              const uint32_t *group, vmr_arena *arena, vmo_ll_points_to **points_to);
/* Its summary, in the program's arena. (summary.c) */
vmo_status vmo_summarise(vmo_ll_points_to *points_to, vmo_ll_summary *summary);
bool vmo_same_summary(const vmo_ll_summary *left, const vmo_ll_summary *right);
/* Summaries of all functions, callees first. (summary.c) */
vmo_status vmo_summarise_all(vmo_ll_program *program, const vmo_ll_groups *groups, vmo_ll_summary **summaries);

/* Whether bytes of pointers can be put together again from the result of an instruction. (interpret.c) */
bool vmo_ll_moves_bits(uint8_t opcode);
/* Whether each element of a vector loses bits: as many of them as there are may have room for a pointer, and are none.
 * (structures_digits.c) */
bool vmo_ll_cuts_elements(const vmo_ll_instruction *instruction);
/* Whether an operand is an index into a table that never changes, or a narrow number that a library function gets. */
bool vmo_ll_may_be_digit(const vmo_ll_program *program, const vmo_ll_instruction *user, uint32_t operand);
/* Whether bytes of a local variable are loaded. */
bool vmo_ll_is_of_variable(const vmo_ll_instruction *load);

/* ---- memory (points_to.c), for the interpretation of instructions and calls ---- */

/* The set of an operand. */
const vmo_ll_set *vmo_ll_operand_set(const vmo_ll_points_to *p, const vmo_ll_instruction *instruction,
                                     uint32_t operand);
void vmo_ll_add(vmo_ll_points_to *p, vmo_ll_set *set, vmo_ll_element element);
/* Adds every element of `from`, moved by `offset` and multiples of `stride`. */
void vmo_ll_add_all(vmo_ll_points_to *p, vmo_ll_set *set, const vmo_ll_set *from, int64_t offset, uint32_t stride);
void vmo_ll_capture(vmo_ll_points_to *p, uint32_t object, vmo_site_escape escape);
void vmo_ll_capture_all(vmo_ll_points_to *p, const vmo_ll_set *set, vmo_site_escape escape);
/* The instruction in hand may write what a pointer points to; if that is nothing that is known, all that others know. */
void vmo_ll_write_all(vmo_ll_points_to *p, const vmo_ll_set *set);
void vmo_ll_write_outside(vmo_ll_points_to *p);
/* What stands in captured memory is captured. */
void vmo_ll_capture_contents(vmo_ll_points_to *p);
/* `bytes` -1: not known. */
void vmo_ll_load(vmo_ll_points_to *p, vmo_ll_element place, int64_t bytes, vmo_ll_set *result);
void vmo_ll_store(vmo_ll_points_to *p, vmo_ll_element place, int64_t bytes, const vmo_ll_set *value);
/* Stores at each of `places`; where there is none, anybody may have it. */
void vmo_ll_store_all(vmo_ll_points_to *p, const vmo_ll_set *places, int64_t bytes, const vmo_ll_set *value);
/* Bytes of pointers at `place` are read one by one, and kept. */
void vmo_ll_copy_bytes(vmo_ll_points_to *p, vmo_ll_element place, int64_t bytes);
void vmo_ll_copy(vmo_ll_points_to *p, vmo_ll_element to, vmo_ll_element from, int64_t bytes);
/* All objects that can be reached from the cells of those in `set`, each as a whole. */
void vmo_ll_add_reached(vmo_ll_points_to *p, const vmo_ll_set *set, vmo_ll_set *result);
/* The same in parts: those that can be reached from one more set, and are not in `result` since the beginning. */
void vmo_ll_begin_reached(vmo_ll_points_to *p);
void vmo_ll_add_further_reached(vmo_ll_points_to *p, const vmo_ll_set *set, vmo_ll_set *result);

/* Interprets an instruction whose result has that local value id. (interpret.c) */
void vmo_ll_interpret(vmo_ll_points_to *p, const vmo_ll_instruction *instruction, uint32_t id);
/* A pointer that comes from memory or a call and points nowhere: null, or something that was written in a way that is
 * not seen here (by va_start, by the kernel, ...). (interpret.c) */
void vmo_ll_widen_unknown(vmo_ll_points_to *p, const vmo_ll_instruction *instruction, uint32_t id);

/* Whether a function keeps, frees and stores in its caller's memory nothing of those parameters, a bit each, that it gets
 * pointers in; of others, it gets none. (callbacks.c) */
bool vmo_ll_is_harmless(const vmo_ll_points_to *p, uint32_t function, uint32_t pointers);
/* The summary of a call's callee that holds there; NULL: that is not known yet, its turn comes. (callbacks.c) */
const vmo_ll_summary *vmo_ll_choose_summary(vmo_ll_points_to *p, const vmo_ll_instruction *call);
/* Interprets a call of a parameter that is taken to be harmless; false: it is not. (callbacks.c) */
bool vmo_ll_call_parameter(vmo_ll_points_to *p, const vmo_ll_instruction *call, vmo_ll_set *result);
/* Whether callers may use a summary that assumes something. (callbacks.c) */
bool vmo_ll_may_take(const vmo_ll_summary *summary);

/* Interprets a call. (effects.c) */
void vmo_ll_apply_call(vmo_ll_points_to *p, const vmo_ll_instruction *call, vmo_ll_set *result);

#endif
