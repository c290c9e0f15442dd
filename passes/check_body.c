/* check_body.c: whether the body of a declared op reads an operand at the index that it writes, and there alone.
 *
 *   %t = mul %x, %w : f64[N]        element i of %t: element i of %x
 *   %y = add %t, 1  : f64[N]        and so %y
 *
 * Forwards from that one operand: each value of the body needs nothing of it, for its element i the element i, or
 * something else. Linear in the body. */
#include "passes/plan_checker.h"

enum { NOTHING, SAME, OTHER };

static bool is_elementwise(const vmo_op *op) {
  return vmo_op_get_info((vmo_opcode)op->code)->category == VMO_CATEGORY_ELEMENTWISE;
}

/* What the result of `op` needs, for one of its values needs `need`. */
static uint8_t carry_need(const vmo_plan_checker *c, const vmo_function *body, const vmo_op *op, vmo_value_id value,
                          uint8_t need) {
  if (need != SAME) return need;
  if (op->code == VMO_OP_copy || op->code == VMO_OP_reshape) return SAME;
  vmo_size_id read = vmo_value_type(c->module, body, value)->count;
  vmo_size_id made = vmo_value_type(c->module, body, op->result_first)->count;
  return is_elementwise(op) && vmo_same_size(c, read, made) ? SAME : OTHER;
}

bool vmo_body_reads_in_place(vmo_plan_checker *c, const vmo_op *op, uint32_t operand, bool *in_place) {
  const vmo_function *body = c->module->declarations.data[op->callee].body;
  uint8_t *needs = vmr_arena_alloc_array(c->arena, (size_t)body->values.count + 1, 1);
  if (!needs) return vmo_stop_check(c);
  needs[operand] = SAME;
  for (uint32_t i = 0; i + 1 < body->ops.count; i++) {
    const vmo_op *inner = &body->ops.data[i];
    for (uint32_t k = 0; k < inner->operand_count; k++) {
      vmo_value_id value = vmo_op_value(body, inner, k);
      uint8_t need = value == VMO_NONE ? NOTHING : carry_need(c, body, inner, value, needs[value]);
      for (uint32_t r = 0; r < inner->result_count; r++)
        if (need > needs[inner->result_first + r]) needs[inner->result_first + r] = need;
    }
  }
  vmo_value_id result = vmo_op_value(body, &body->ops.data[body->ops.count - 1], 0);
  *in_place = result != VMO_NONE && needs[result] == SAME;
  return true;
}
