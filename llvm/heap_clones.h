/* heap_clones.h: functions that make objects for several structures, once for each of these. Private to llvm/. */
#ifndef VMO_LLVM_HEAP_CLONES_H
#define VMO_LLVM_HEAP_CLONES_H

#include "analysis/analysis.h"
#include "llvm/program.h"

/* Copies such functions, and has their calls mean the copies; tells of each in `facts`, in the order of the module. The arrays
 * are those of the edited module. (heap_clones.c) */
vmo_status vmo_clone_wrappers(vmo_ll_program *program, const vmo_ll_options *options, vmo_heap_copies *facts);

/* A function that does the same, internal; NULL: memory is out. The arrays don't know it. (clone.c) */
LLVMValueRef vmo_ll_clone_function(vmo_ll_program *program, uint32_t function, const char *name);
/* The same with `count` more parameters at its end. `values`: what its values are, by local value id of the original, in the
 * program's arena; NULL for notes that were left out. */
LLVMValueRef vmo_ll_clone_with_parameters(vmo_ll_program *program, uint32_t function, const char *name,
                                          const LLVMTypeRef *more, unsigned count, LLVMValueRef **values);

#endif
