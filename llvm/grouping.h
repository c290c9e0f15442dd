/* grouping.h: which allocation sites of a whole program share a heap. Private to llvm/.
 *
 *   sites     s1 s2 s3 s4 s5        heap_of     0 0 1 - 0       (-: malloc's)
 *   heaps     0: lists, s1 s2 s5    1: bump, s3
 *   frees     calls of free and realloc that an object of a heap may reach
 *
 * heaps.c edits the module as the plan says; it asks nothing else. */
#ifndef VMO_LLVM_GROUPING_H
#define VMO_LLVM_GROUPING_H

#include "analysis/analysis.h"
#include "llvm/libc.h"
#include "llvm/program.h"
#include "llvm/structures.h"

/* A function that empties a bump heap when it begins, and drops it when it ends. */
typedef struct vmo_ll_heap_scope {
  uint32_t function, heap;
} vmo_ll_heap_scope;

typedef struct vmo_ll_heap_plan {
  uint32_t *heap_of;     /* by instruction: into facts->heaps; VMO_NONE: not a site, or left with malloc */
  bool *frees;           /* by instruction: a call of free or realloc that tells heaps' objects from malloc's */
  bool frees_by_pointer; /* free or realloc, called through a pointer, may get such an object */
  VMO_VEC(vmo_ll_heap_scope) scopes;
  vmo_heap_facts *facts;
} vmo_ll_heap_plan;

/* Decides for every site of the program. `plan` lives in the program's arena, its facts in the context's. */
vmo_status vmo_group_sites(vmo_ll_program *program, const vmo_ll_options *options, vmo_ll_heap_plan *plan);

/* Which heaps are dropped when a function returns; adds to the plan. (heap_scopes.c) */
vmo_status vmo_find_heap_scopes(vmo_ll_program *program, const vmo_ll_structures *structures, vmo_ll_heap_plan *plan);

/* Edits the module as planned; it must be read again afterwards. (heaps.c) */
vmo_status vmo_rewrite_heaps(vmo_ll_program *program, const vmo_ll_heap_plan *plan);

#endif
