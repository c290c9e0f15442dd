/* site.h: one allocation site while it is decided upon: what sites.c and refusals.c share. Private to llvm/. */
#ifndef VMO_LLVM_SITE_H
#define VMO_LLVM_SITE_H

#include "llvm/early_free.h"
#include "llvm/recursion.h"

#define VMO_LL_SLOT_ALIGNMENT 16

/* What becomes of a call that frees an object in a slot. */
typedef enum vmo_ll_way {
  VMO_LL_WAY_HERE,    /* it is edited */
  VMO_LL_WAY_INLINED, /* its callee's body is to stand here first */
  VMO_LL_WAY_SPARED,  /* its callee is, or is to be, a copy that spares slots (sparing.c) */
  VMO_LL_WAY_NONE
} vmo_ll_way;

typedef struct vmo_ll_site {
  vmo_ll_planning *planning;
  vmo_ll_points_to *points_to;
  const vmo_ll_function *function;
  const vmo_cfg *control;
  const uint32_t *release_first; /* by object, and one more: into release_list */
  const uint32_t *release_list;  /* indices of releases, by object */
  const uint32_t *null_checks;   /* by object */
  const bool *carried;           /* by object: of those that a loop makes, several may be there at once */
  const vmo_ll_touches *touches;
  bool split; /* there may be several frames, of which those that a budget holds have slots */
  const vmo_ll_object *object;
  uint32_t id; /* of the object */
  const vmo_ll_instruction *instruction;
  const vmo_libc_row *row;
  vmo_site_fact *fact;
} vmo_ll_site;

/* What the table says of the function that is called; NULL: nothing. */
static inline const vmo_libc_row *vmo_ll_row_of(const vmo_ll_program *program, const vmo_ll_instruction *call) {
  return call->callee == VMO_NONE ? NULL : program->functions.data[call->callee].libc;
}

/* The i-th of its releases, which are those from release_first of the object on. */
static inline const vmo_ll_release *vmo_ll_release_of(const vmo_ll_site *s, uint32_t i) {
  return &s->points_to->releases.data[s->release_list[i]];
}

/* Why no slot is taken in its function, whatever the site; of recursive functions only if they cannot be split. (refusals.c) */
vmo_site_refusal vmo_ll_refuse_function(const vmo_ll_site *site);
/* The same of the site; `row` is that of the function that allocates its objects, here or in a callee. */
vmo_site_refusal vmo_ll_refuse_object(const vmo_ll_site *site);
vmo_site_escape vmo_ll_escape_of(const vmo_ll_object *object);
/* The alignment that aligned_alloc is asked for, when a slot can have it; 16 for others, 0: it cannot, or (below 8)
 * posix_memalign may refuse it. (size_words.c) */
uint32_t vmo_ll_alignment_of(LLVMValueRef call, const vmo_libc_row *row);
uint32_t vmo_ll_depth_of_loops(const vmo_ll_site *site);
/* Whether some release stands in the innermost loop of the allocation. */
bool vmo_ll_is_freed_in_loop(const vmo_ll_site *site);
/* Whether a flag must say that its slot is taken. */
bool vmo_ll_is_flagged(const vmo_ll_site *site);
vmo_ll_way vmo_ll_find_way(const vmo_ll_site *site, const vmo_ll_release *release);
/* Whether some callee frees it that spares slots. */
bool vmo_ll_is_freed_by_sparing(const vmo_ll_site *site);
/* Whether some callee frees it whose body is to stand here first. */
bool vmo_ll_awaits_inlining(const vmo_ll_site *site);
/* Of the function that an instruction calls; NULL: it is not known. */
const char *vmo_ll_callee_name(const vmo_ll_site *site, uint32_t instruction);

#endif
