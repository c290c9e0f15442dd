/* check_needs.c: which values matter.
 *
 * A value that is only handed on (init to argument, yield to argument or result) to values that nothing reads may lose
 * its bytes; all others must keep them. Found backwards from what ops read, over the hand-overs; linear. */
#include "passes/plan_checker.h"

typedef struct finder {
  vmo_plan_checker *c;
  VMO_VEC(vmo_value_id) found; /* needed, and their sources not looked at */
} finder;

/* To read a view is to read what it is a view of. */
static bool need(finder *f, vmo_value_id value) {
  for (; value != VMO_NONE && !f->c->needed[value]; value = f->c->viewed[value]) {
    f->c->needed[value] = true;
    if (!vmo_vec_push(f->c->arena, &f->found, value)) return vmo_stop_check(f->c);
  }
  return true;
}

bool vmo_reads_operands(const vmo_plan_checker *c, const vmo_op *op) {
  bool reads = !vmo_op_get_info((vmo_opcode)op->code)->view;
  for (uint32_t i = 0; i < op->result_count && !reads; i++) reads = c->owned[op->result_first + i];
  return reads;
}

/* What the op itself reads. */
static bool note_needs(finder *f, const vmo_op *op) {
  uint32_t end = op->operand_count;
  if (op->code == VMO_OP_yield || op->code == VMO_OP_while) end = 0; /* they only hand on */
  if (op->code == VMO_OP_for) end = 2;
  if (!vmo_reads_operands(f->c, op)) return true;
  for (uint32_t i = 0; i < end; i++)
    if (!need(f, vmo_op_value(f->c->function, op, i))) return false;
  return true;
}

/* The sources of what is handed to value v are needed when v is: they are sources[first[v]..first[v + 1]). */
static bool spread_needs(finder *f) {
  const vmo_plan_checker *c = f->c;
  uint32_t values = c->function->values.count, count = c->hand_overs.count;
  uint32_t *first = vmr_arena_alloc_array(c->arena, (size_t)values + 2, sizeof *first);
  vmo_value_id *sources = vmr_arena_alloc_array(c->arena, (size_t)count + 1, sizeof *sources);
  if (!first || !sources) return vmo_stop_check(f->c);
  for (uint32_t i = 0; i < count; i++) first[c->hand_overs.data[i].target + 2]++;
  for (uint32_t v = 2; v < values + 2; v++) first[v] += first[v - 1];
  for (uint32_t i = 0; i < count; i++)
    sources[first[c->hand_overs.data[i].target + 1]++] = c->hand_overs.data[i].source;
  while (f->found.count > 0) {
    vmo_value_id target = f->found.data[--f->found.count];
    for (uint32_t i = first[target]; i < first[target + 1]; i++)
      if (!need(f, sources[i])) return false;
  }
  return true;
}

bool vmo_find_needs(vmo_plan_checker *c) {
  finder f = {.c = c};
  c->needed = vmr_arena_alloc_array(c->arena, c->function->values.count, sizeof *c->needed);
  if (!c->needed) return vmo_stop_check(c);
  for (uint32_t i = 0; i < c->function->ops.count; i++)
    if (!note_needs(&f, &c->function->ops.data[i])) return false;
  return spread_needs(&f);
}
