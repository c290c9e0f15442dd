/* heap_calls.h: who calls whom, in both directions, and sets of functions. Private to llvm/. */
#ifndef VMO_LLVM_HEAP_CALLS_H
#define VMO_LLVM_HEAP_CALLS_H

#include "llvm/structures.h"

typedef struct vmo_ll_heap_calls {
  const vmo_ll_program *program;
  const vmo_ll_structures *structures;
  uint32_t *caller_first, *callers; /* by function: each as often as it calls */
  vmo_ll_ids strangers;             /* functions that call code that is not seen */
  bool *is_entered;                 /* by function: such code may call it */
} vmo_ll_heap_calls;

/* A set of functions, and in which order they came. Another stamp and an empty list: another set. */
typedef struct vmo_ll_marks {
  uint32_t *marked, stamp;
  vmo_ll_ids list;
  bool entered; /* callers: code that is not seen may call one of them */
} vmo_ll_marks;

vmo_status vmo_ll_find_heap_calls(const vmo_ll_program *program, const vmo_ll_structures *structures,
                                  vmo_ll_heap_calls *calls);
/* The next three give false when memory is out. */
bool vmo_ll_begin_marks(const vmo_ll_heap_calls *calls, vmo_ll_marks *marks);
bool vmo_ll_mark_function(const vmo_ll_heap_calls *calls, vmo_ll_marks *marks, uint32_t function);
/* Adds all that the functions of the set may call, directly or not. */
bool vmo_ll_mark_callees(const vmo_ll_heap_calls *calls, vmo_ll_marks *marks);
/* Adds all that may call them, directly or not; of a set, or NULL: of all. */
bool vmo_ll_mark_callers(const vmo_ll_heap_calls *calls, vmo_ll_marks *marks, const vmo_ll_marks *within);
/* Whether a call may mean a function of a set of callers. */
bool vmo_ll_may_call_marked(const vmo_ll_heap_calls *calls, uint32_t instruction, const vmo_ll_marks *marks);

static inline void vmo_ll_next_marks(vmo_ll_marks *marks) {
  marks->stamp++;
  marks->list.count = 0;
  marks->entered = false;
}
static inline bool vmo_ll_is_marked(const vmo_ll_marks *marks, uint32_t function) {
  return marks->marked[function] == marks->stamp;
}

#endif
