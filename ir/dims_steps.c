/* dims_steps.c: a size as steps of a stack machine, for who computes it in code of his own.
 *
 *   8*N + (M + 63)/64*64      8 N * M 63 + /64 64 * +
 *
 * Linear in the size written out. */
#include "ir/dims_table.h"

typedef VMO_VEC(vmo_size_step) step_list;

typedef struct lister {
  const vmo_sizes *sizes;
  vmr_arena *arena;
  step_list steps;
  bool failed;
} lister;

static void add(lister *l, vmo_size_step_kind kind, int64_t number) {
  vmo_size_step step = {kind, number};
  if (!vmo_vec_push(l->arena, &l->steps, step)) l->failed = true;
}

/* NOLINTBEGIN(misc-no-recursion): atoms lie at most VMO_SIZE_MAX_DEPTH deep within each other */

static void add_size(lister *l, vmo_size_id size);

static void add_atom(lister *l, const vmo_atom *atom) {
  switch (atom->kind) {
  case VMO_ATOM_DIM: add(l, VMO_STEP_DIM, atom->first); return;
  case VMO_ATOM_QUOTIENT:
    add_size(l, atom->first);
    add(l, VMO_STEP_DIVIDE, atom->divisor);
    return;
  case VMO_ATOM_MAX:
    for (uint32_t i = 0; i < atom->count; i++) {
      add_size(l, l->sizes->members.data[atom->first + i]);
      if (i > 0) add(l, VMO_STEP_MAX, 0);
    }
    return;
  }
}

static void add_term(lister *l, const vmo_term *term) {
  const vmo_monomial *monomial = &l->sizes->monomials.data[term->monomial];
  bool unit = term->coefficient == 1 && monomial->factor_count > 0;
  if (!unit) add(l, VMO_STEP_NUMBER, term->coefficient);
  for (uint32_t i = 0; i < monomial->factor_count; i++) {
    add_atom(l, &l->sizes->atoms.data[l->sizes->factors.data[monomial->factor_first + i]]);
    if (!unit || i > 0) add(l, VMO_STEP_MULTIPLY, 0);
  }
}

static void add_size(lister *l, vmo_size_id size) {
  uint32_t count = l->sizes->sizes.data[size].term_count;
  if (count == 0) add(l, VMO_STEP_NUMBER, 0);
  for (uint32_t i = 0; i < count; i++) {
    add_term(l, &vmo_size_terms(l->sizes, size)[i]);
    if (i > 0) add(l, VMO_STEP_ADD, 0);
  }
}

/* NOLINTEND(misc-no-recursion) */

vmo_size_step *vmo_size_list_steps(const vmo_sizes *sizes, vmo_size_id size, vmr_arena *arena, uint32_t *count) {
  lister l = {.sizes = sizes, .arena = arena};
  add_size(&l, size);
  *count = l.steps.count;
  return l.failed ? NULL : l.steps.data;
}
