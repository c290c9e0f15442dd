/* generate_body.c: declared ops with a body.
 *
 * Operands are chosen among the visible values, then the body is written as a function is: its parameters are all that can
 * be seen in it, and the writers of ops do the rest. `inplace` claims some of the operands for which it can be proven. */
#include <stdio.h>

#include "tests/random/generator.h"

enum { MOST_OPERANDS = 4, MOST_OPS = 10 };

static const vmo_location nowhere = {0, 0};

static bool is_array(const vmo_generator *g, vmo_value_id value, uint32_t user) {
  (void)user;
  return vmo_generated_type(g, value)->rank > 0;
}

/* The first is an array; the others are often like it, so that they may be written over. */
static uint32_t choose_operands(vmo_generator *g, vmo_operand *operands) {
  uint32_t count = 1 + vmo_draw(g, MOST_OPERANDS);
  vmo_value_id first = vmo_find_visible(g, is_array, 0);
  if (first == VMO_NONE) first = vmo_need(g, vmo_draw_number(g), vmo_draw_array_shape(g));
  operands[0] = vmo_operand_value(first);
  for (uint32_t i = 1; i < count && !g->failed; i++) {
    vmo_element element = vmo_generated_type(g, first)->element;
    vmo_shape_id shape = vmo_generated_shape(g, first);
    if (vmo_draw_chance(g, 25)) shape = vmo_draw_chance(g, 50) ? SHAPE_SCALAR : vmo_draw_array_shape(g);
    operands[i] = vmo_operand_value(vmo_need(g, element, shape));
  }
  return count;
}

/* The declaration with its operands, in the default space: such takes operands in any. */
static uint32_t declare(vmo_generator *g, const vmo_operand *operands, uint32_t count) {
  static const char *const names[MOST_OPERANDS] = {"a", "b", "c", "d"};
  char name[24];
  snprintf(name, sizeof name, "body%u", g->bodies++);
  uint32_t id = g->failed ? VMO_NONE : vmo_build_declaration(g->module, name, nowhere);
  g->failed = g->failed || id == VMO_NONE;
  for (uint32_t i = 0; i < count && !g->failed; i++) {
    vmo_element element = vmo_generated_type(g, operands[i].index)->element;
    vmo_type_id type = vmo_find_type(g, element, vmo_generated_shape(g, operands[i].index));
    g->failed = g->failed || !vmo_build_declaration_parameter(g->module, id, names[i], type);
  }
  return id;
}

/* Some ops, and the last value as the result. */
static vmo_type_id write_ops(vmo_generator *g, uint32_t id) {
  vmo_function *body = g->function;
  for (uint32_t i = 1 + vmo_draw(g, MOST_OPS); i-- > 0 && !g->failed;) vmo_generate_body_op(g);
  if (vmo_draw_chance(g, 25)) vmo_generate_reduction(g);
  if (g->failed) return VMO_NONE;
  vmo_value_id last = g->visible.data[g->visible.count - 1];
  vmo_operand operand = vmo_operand_value(last);
  vmo_type_id type = body->values.data[last].type;
  if (body->values.data[last].kind == VMO_VALUE_PARAMETER) {
    uint32_t copy = vmo_emit(g, VMO_OP_copy, VMO_NONE, &operand, 1, &type, 1);
    if (copy == VMO_NONE) return VMO_NONE;
    operand = vmo_operand_value(body->ops.data[copy].result_first);
  }
  vmo_emit(g, VMO_OP_return, VMO_NONE, &operand, 1, NULL, 0);
  vmo_build_region_end(g->module, body);
  g->failed =
      g->failed || !vmo_build_declaration_result(g->module, id, type) || !vmo_build_result_type(g->module, body, type);
  return type;
}

static vmo_type_id write_body(vmo_generator *g, uint32_t id) {
  vmo_generator around = *g;
  uint64_t proven = 0, chosen = vmo_draw_chance(g, 70) ? UINT64_MAX : vmo_draw(g, 1 << MOST_OPERANDS);
  g->function = vmo_build_declaration_body(g->module, id);
  g->in_body = true;
  g->visible.data = NULL;
  g->visible.count = g->visible.capacity = 0;
  g->failed = g->failed || g->function == NULL;
  for (uint32_t i = 0; !g->failed && i < g->function->parameters.count; i++)
    g->failed = !vmo_vec_push(g->context->arena, &g->visible, i);
  vmo_type_id type = write_ops(g, id);
  if (!g->failed) g->failed = !vmo_find_same_index(g->module, g->function, g->context->arena, &proven);
  g->module->declarations.data[id].inplace = proven & chosen;
  g->function = around.function;
  g->visible = around.visible;
  g->in_body = false;
  g->budget = around.budget;
  return type;
}

void vmo_generate_body(vmo_generator *g) {
  vmo_operand operands[MOST_OPERANDS];
  uint32_t count = choose_operands(g, operands), id = declare(g, operands, count);
  if (g->failed) return;
  vmo_type_id type = write_body(g, id);
  if (!g->failed) vmo_emit(g, VMO_OP_declared, id, operands, count, &type, 1);
}
