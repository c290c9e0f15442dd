/* recursion.h: slots in functions that may be active more than once at a time. Private to llvm/. */
#ifndef VMO_LLVM_RECURSION_H
#define VMO_LLVM_RECURSION_H

#include "llvm/plan.h"

/* A function that is to be split. */
typedef struct vmo_ll_split {
  LLVMValueRef function;
  LLVMValueRef heap; /* the copy of it as it was */
  vmo_bytes frame_bytes;
} vmo_ll_split;

/* The most that an object of unknown size takes in such a function: frames are to be many. */
#define VMO_LL_RECURSIVE_OBJECT 256
/* What the slots of all frames of recursive functions take in one thread's stack, in frames. */
#define VMO_LL_RECURSIVE_FRAMES 4

/* The most that an object of unknown size takes in any function. */
static inline vmo_bytes vmo_ll_unknown_bytes(const vmo_ll_options *options, bool recursive) {
  bool less = recursive && options->max_object > VMO_LL_RECURSIVE_OBJECT;
  return less ? VMO_LL_RECURSIVE_OBJECT : options->max_object;
}

/* Whether such a function can be split, so that slots are taken only while a budget lasts. */
bool vmo_ll_can_split(const vmo_ll_program *program, const vmo_ll_options *options, const vmo_ll_function *function);
/* Copies a function that can be split, which was not edited since it was read. NULL: out of memory. */
LLVMValueRef vmo_ll_copy_function(const vmo_ll_program *program, uint32_t function, vmr_arena *arena);
/* Splits a function whose slots were made. */
vmo_status vmo_ll_split_function(vmo_ll_program *program, const vmo_ll_options *options, const vmo_ll_split *split);

#endif
