/* dce.c: removes ops whose results nothing reads; only under -O2.
 *
 *   before:  %d = exp %x : f64[N]           %d is never read
 *            %y = mul %x, 2 : f64[N]
 *   after:   %y = mul %x, 2 : f64[N]
 *
 * Marks what `return` and ops with effects need, backwards, and keeps that: an op marks the makers of its operands and
 * the structured op around it; a structured op marks the terminators of its regions. A call is kept when the callee may
 * have an effect. Needs nothing; breaks everything. Linear. */
#include "passes/planning.h"

typedef struct marker {
  const vmo_module *module;
  const vmo_function *function;
  vmr_arena *arena;
  vmo_bitset kept;
  VMO_VEC(uint32_t) work;
} marker;

static bool mark(marker *m, uint32_t op) {
  if (op == VMO_NONE || vmo_bitset_get(&m->kept, op)) return true;
  vmo_bitset_set(&m->kept, op);
  return vmo_vec_push(m->arena, &m->work, op);
}

/* What makes a value: its op, or the structured op whose region has it as an argument. */
static uint32_t maker_of(const vmo_function *function, vmo_value_id value) {
  const vmo_value *v = &function->values.data[value];
  if (v->kind == VMO_VALUE_PARAMETER) return VMO_NONE;
  return v->kind == VMO_VALUE_RESULT ? v->owner : function->regions.data[v->owner].owner;
}

static bool mark_needs(marker *m, uint32_t index) {
  const vmo_function *function = m->function;
  const vmo_op *op = &function->ops.data[index];
  bool ok = mark(m, function->regions.data[op->region].owner);
  for (uint32_t k = 0; k < op->operand_count && ok; k++) {
    vmo_value_id value = vmo_op_value(function, op, k);
    if (value != VMO_NONE) ok = mark(m, maker_of(function, value));
  }
  for (uint32_t r = 0; r < op->region_count && ok; r++)
    ok = mark(m, function->regions.data[op->region_first + r].op_end - 1);
  return ok;
}

/* Structured ops and their terminators are kept for what is inside them, or for their results. */
static bool has_effect(const vmo_module *module, const vmo_op *op) {
  if (op->code == VMO_OP_call || op->code == VMO_OP_return) return true;
  return op->region_count == 0 && !vmo_op_get_info(op->code)->terminator && vmo_op_has_effect(module, op);
}

vmo_status vmo_remove_dead_values(vmo_planning *planning) {
  marker m = {.module = planning->module, .function = planning->function, .arena = planning->scratch->arena};
  if (!vmo_bitset_init(m.arena, &m.kept, m.function->ops.count + 1)) return VMO_OUT_OF_MEMORY;
  for (uint32_t op = 0; op < m.function->ops.count; op++)
    if (has_effect(m.module, &m.function->ops.data[op]) && !mark(&m, op)) return VMO_OUT_OF_MEMORY;
  while (m.work.count > 0)
    if (!mark_needs(&m, m.work.data[--m.work.count])) return VMO_OUT_OF_MEMORY;
  if (vmo_bitset_count(&m.kept) == m.function->ops.count) return VMO_OK;
  planning->function = vmo_keep_ops(planning->module, planning->function, m.arena, &m.kept);
  return planning->function ? VMO_OK : VMO_OUT_OF_MEMORY;
}
