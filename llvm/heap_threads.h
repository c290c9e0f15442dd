/* heap_threads.h: which threads may execute what a program does with its heap objects. Private to llvm/. */
#ifndef VMO_LLVM_HEAP_THREADS_H
#define VMO_LLVM_HEAP_THREADS_H

#include "analysis/analysis.h"
#include "llvm/structures.h"

/* Sets of threads. */
#define VMO_LL_MAIN_THREAD 1u
#define VMO_LL_OTHER_THREADS 2u

typedef struct vmo_ll_heap_threads {
  const char *because; /* the function that makes threads, or might; NULL: the program has none */
  uint8_t *functions;  /* by function: who may execute it */
  uint8_t *nodes;      /* by node: who may make, free and move its objects */
} vmo_ll_heap_threads;

/* `whole`: other code names none of the program's functions. The arrays live in the program's arena. */
vmo_status vmo_ll_find_heap_threads(const vmo_ll_program *program, const vmo_ll_structures *structures, bool whole,
                                    vmo_ll_heap_threads *threads);

/* Whose a site is, that stands in `function`. */
vmo_heap_threads vmo_ll_threads_of_site(const vmo_ll_structures *structures, const vmo_ll_heap_threads *threads,
                                        uint32_t function, uint32_t site);

#endif
