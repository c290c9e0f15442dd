/* heap_scopes.h: what heap_scopes.c and heap_elide.c share. Private to llvm/. */
#ifndef VMO_LLVM_HEAP_SCOPES_H
#define VMO_LLVM_HEAP_SCOPES_H

#include "llvm/grouping.h"
#include "llvm/heap_calls.h"

/* Which frees are left out, since a scope's end comes before more memory is needed, and which functions then do nothing any
 * more; heaps that nothing is freed in become bumps. `scope_of`, by node: the function that drops its objects; VMO_NONE. (heap_elide.c) */
vmo_status vmo_elide_frees(vmo_ll_program *program, const vmo_ll_heap_calls *calls, const uint32_t *scope_of,
                           vmo_ll_heap_plan *plan);

#endif
