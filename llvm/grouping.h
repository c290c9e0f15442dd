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

/* A function that begins with an empty heap, and drops it when it ends. */
typedef struct vmo_ll_heap_scope {
  uint32_t function, heap;
} vmo_ll_heap_scope;

typedef struct vmo_ll_heap_plan {
  uint32_t *heap_of;     /* by instruction: into facts->heaps; VMO_NONE: not a site, or left with malloc */
  bool *frees;           /* by instruction: a call of free or realloc that tells heaps' objects from malloc's */
  bool *quick;           /* by instruction: such a free is of a heap that the thread which calls may have alone */
  bool frees_by_pointer; /* free or realloc, called through a pointer, may get such an object */
  VMO_VEC(vmo_ll_heap_scope) scopes;
  VMO_VEC(uint32_t) calls; /* by site of the facts: its instruction */
  bool *elided;            /* by instruction: a call of free that is left out */
  bool *walks;             /* by function: it does nothing, with those left out; so do its calls */
  uint32_t *block_of; /* by instruction: the heap whose block it may free objects of; VMO_NONE: none (heap_blocks.c) */
  vmo_heap_facts *facts;
} vmo_ll_heap_plan;

/* Decides for every site of the program. `plan` lives in the program's arena, its facts in the context's. */
vmo_status vmo_group_sites(vmo_ll_program *program, const vmo_ll_options *options, vmo_ll_heap_plan *plan);

/* Which heaps are dropped when a function returns; adds to the plan. (heap_scopes.c) */
vmo_status vmo_find_heap_scopes(vmo_ll_program *program, const vmo_ll_structures *structures, vmo_ll_heap_plan *plan);

/* Has the module tell a profile of what its sites make and of what it frees, in place of giving it heaps; `file` is what the program
 * writes when it ends. It must be read again afterwards. (instrument.c) */
vmo_status vmo_instrument_sites(vmo_ll_program *program, const vmo_ll_heap_plan *plan, const char *file);

/* What a profile tells of sites that may share a heap. (grouping_profile.c) */
typedef struct vmo_ll_heap_weight {
  vmo_bytes objects, bytes, peak;
  uint32_t site_count, unknown; /* sites; those of which nothing is told */
} vmo_ll_heap_weight;

void vmo_ll_weigh_site(vmo_ll_heap_weight *weight, const vmo_heap_site *site, bool freed);
/* Whether a heap for them would cost more than it gives. */
bool vmo_ll_is_light(const vmo_ll_heap_weight *weight);
/* Whether the objects of a site are large and few. */
bool vmo_ll_is_lone(const vmo_heap_site *site);
/* Joins what two sites make in turn. `slots`: by site, a number for the heap that it would have alone; VMO_NONE: it is not to be joined.
 * `same`, by that number, gets the number that stands for all with which it is joined. */
vmo_status vmo_ll_join_companions(vmr_arena *arena, const vmo_heap_facts *facts, const vmo_heap_profile *profile,
                                  const uint32_t *slots, uint32_t *same, uint32_t slot_count);
/* Finds sites that run once at most: in main, outside of loops. */
vmo_status vmo_ll_find_single_sites(const vmo_ll_program *program, const vmo_ll_heap_plan *plan);
/* Sets what is expected of each heap. */
void vmo_ll_expect_heaps(vmo_heap_facts *facts);

/* Warnings for who asked for what cannot be done: a whole program without main; heaps, of which no site has one. (warnings.c) */
void vmo_warn_of_no_main(const vmo_ll_program *program, const vmo_ll_options *options);
void vmo_warn_of_no_heaps(const vmo_ll_program *program, const vmo_ll_options *options, const vmo_heap_facts *facts);

/* Edits the module as planned; it must be read again afterwards. (heaps.c) */
vmo_status vmo_rewrite_heaps(vmo_ll_program *program, const vmo_ll_heap_plan *plan);

#endif
