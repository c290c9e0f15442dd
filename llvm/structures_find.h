/* structures_find.h: the state of structures.c while it reads a program into a graph. Private to llvm/.
 *
 *   values     a place for each value of each function that may hold a pointer, made when it is first asked for
 *   returned   by function: what it returns
 *   variadic   by function: what its callers hand over beyond the parameters
 *   made       by instruction: the node of the objects that an allocation call makes */
#ifndef VMO_LLVM_STRUCTURES_FIND_H
#define VMO_LLVM_STRUCTURES_FIND_H

#include "llvm/libc.h"
#include "llvm/structures.h"
#include "llvm/structures_graph.h"

typedef struct vmo_ll_global {
  LLVMValueRef ref;
  vmo_ll_place place;
} vmo_ll_global;

typedef struct vmo_ll_finder {
  vmo_ll_program *program;
  bool whole_program, accesses;
  vmr_arena *arena;
  vmo_ll_graph graph;
  uint32_t *value_first; /* by function: into values, kept and wide */
  vmo_ll_place *values;
  bool *kept; /* by value: bytes of it may become a pointer, or reach memory or another function */
  bool *wide; /* by value: it is more than an address of bytes that hold no pointer */
  vmo_ll_place *returned, *variadic, *functions;
  uint32_t *made;
  VMO_VEC(vmo_ll_global) globals;
  vmo_hash_index global_index;
  uint32_t globals_read;           /* whose initial values are in the graph */
  VMO_VEC(uint32_t) pointer_calls; /* instructions */
  VMO_VEC(vmo_ll_place) arguments; /* of the call being read */
  uint32_t function;               /* being read */
  uint32_t at;                     /* instruction being read */
} vmo_ll_finder;

/* The id of a value in the arrays. */
static inline uint32_t vmo_ll_value_index(const vmo_ll_finder *finder, uint32_t function, uint32_t value) {
  return finder->value_first[function] + value;
}

/* ---- values (structures_values.c) ---- */

/* Fills `kept` and `wide` of one function. */
void vmo_ll_find_uses(vmo_ll_finder *finder, uint32_t function);
/* Whether a value may hold a pointer that matters. */
bool vmo_ll_carries(const vmo_ll_finder *finder, uint32_t function, uint32_t value);
/* The place that is for a parameter or instruction; nowhere: it holds no pointer. */
vmo_ll_place vmo_ll_place_of(vmo_ll_finder *finder, uint32_t function, uint32_t value);
vmo_ll_place vmo_ll_place_of_operand(vmo_ll_finder *finder, const vmo_ll_instruction *instruction, uint32_t operand);
vmo_ll_place vmo_ll_place_of_constant(vmo_ll_finder *finder, LLVMValueRef constant);
vmo_ll_place vmo_ll_place_of_function(vmo_ll_finder *finder, uint32_t function);
/* A place of code that is not seen. */
vmo_ll_place vmo_ll_new_external(vmo_ll_finder *finder, vmo_site_escape escape);
/* Puts the initial values of globals that were named so far into the graph. */
void vmo_ll_read_globals(vmo_ll_finder *finder);

/* ---- instructions (structures_flow.c) ---- */

/* A value gets what is at a place. */
void vmo_ll_flow(vmo_ll_finder *finder, uint32_t value, vmo_ll_place place);
void vmo_ll_read_function(vmo_ll_finder *finder, uint32_t function);

/* ---- calls (structures_calls.c) ---- */

void vmo_ll_read_call(vmo_ll_finder *finder, const vmo_ll_instruction *call);
/* Connects a call through a pointer with all functions that it may mean. */
void vmo_ll_read_pointer_call(vmo_ll_finder *finder, uint32_t call);
/* The place of what a call through a pointer calls. */
vmo_ll_place vmo_ll_place_called(vmo_ll_finder *finder, uint32_t call);
/* Parameters and results that code which is not seen hands over and gets. */
void vmo_ll_expose_function(vmo_ll_finder *finder, uint32_t function);

/* ---- the answer (structures_collect.c) ---- */

vmo_status vmo_ll_collect_structures(vmo_ll_finder *finder, vmr_arena *arena, vmo_ll_structures **structures);

#endif
