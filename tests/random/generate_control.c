/* generate_control.c: loops, branches, streams and calls.
 *
 * Loops count to small numbers, or to a dim, so that a program that runs ends. What a region hands over is any visible
 * value of the type that is wanted: computed in it, from outside, a parameter, a view, twice the same. */
#include "tests/random/generator.h"

static const vmo_location nowhere = {0, 0};

static void see(vmo_generator *g, vmo_value_id value) {
  if (value == VMO_NONE || !vmo_vec_push(g->context->arena, &g->visible, value)) g->failed = true;
}

/* Opens a region and returns how many values were visible outside. */
static uint32_t open_region(vmo_generator *g, uint32_t op, vmo_region_kind kind, vmo_region_id *region) {
  *region = vmo_build_region(g->module, g->function, op, kind);
  if (*region == VMO_NONE) g->failed = true;
  g->depth++;
  return g->visible.count;
}

/* Ends it with a terminator that hands over a value of each type. */
static void close_region(vmo_generator *g, vmo_opcode terminator, const vmo_operand *given, uint32_t given_count,
                         const vmo_type_id *types, uint32_t type_count, uint32_t outside) {
  vmo_operand operands[GENERATOR_MOST_RESULTS + 1];
  uint32_t count = 0;
  for (uint32_t i = 0; i < given_count; i++) operands[count++] = given[i];
  for (uint32_t i = 0; i < type_count; i++) operands[count++] = vmo_operand_value(vmo_need_type(g, types[i]));
  vmo_emit(g, terminator, VMO_NONE, operands, count, NULL, 0);
  vmo_build_region_end(g->module, g->function);
  g->visible.count = outside;
  g->depth--;
}

static void see_results(vmo_generator *g, uint32_t op) {
  for (uint32_t i = 0; op != VMO_NONE && i < g->function->ops.data[op].result_count; i++)
    see(g, g->function->ops.data[op].result_first + i);
}

static void add_argument(vmo_generator *g, vmo_region_id region, vmo_type_id type) {
  if (!g->failed) see(g, vmo_build_argument(g->module, g->function, region, NULL, type, nowhere));
}

static bool is_count(const vmo_generator *g, vmo_value_id value, uint32_t user) {
  (void)user;
  const vmo_type *type = vmo_generated_type(g, value);
  return type->element == VMO_I64 && type->rank == 0 && type->space == 0 &&
         g->function->values.data[value].kind == VMO_VALUE_ARGUMENT;
}

/* A small number, a dim, or an outer loop's index. */
static vmo_operand draw_limit(vmo_generator *g) {
  uint32_t kind = vmo_draw(g, 10);
  if (kind < 2) return vmo_operand_dim(g, vmo_draw(g, 3));
  vmo_value_id index = kind < 5 ? vmo_find_visible(g, is_count, 0) : VMO_NONE;
  return index != VMO_NONE ? vmo_operand_value(index) : vmo_operand_integer(g, vmo_draw(g, 5));
}

/* The next value of the first carried place, which is handed on to the second, and that to a third one of its type: how
 * many of `next` are filled in. */
static uint32_t write_shift(vmo_generator *g, const vmo_type_id *types, uint32_t carried, uint32_t first,
                            vmo_operand *next) {
  vmo_operand old[2] = {vmo_operand_value(first), vmo_operand_value(first)};
  vmo_opcode code = vmo_generated_type(g, first)->element == VMO_BOOL ? VMO_OP_and : VMO_OP_max;
  bool early = vmo_draw_chance(g, 50);
  if (early) vmo_generate_block(g, vmo_draw(g, 4));
  uint32_t op = vmo_emit(g, code, VMO_NONE, old, 2, types, 1);
  if (op == VMO_NONE) return 0;
  next[0] = vmo_operand_value(g->function->ops.data[op].result_first);
  next[1] = old[0];
  next[2] = vmo_operand_value(first + 1);
  if (!early) vmo_generate_block(g, vmo_draw(g, 4));
  return carried > 2 && types[2] == types[0] ? 3 : 2;
}

static void write_for(vmo_generator *g) {
  vmo_type_id types[3];
  vmo_operand operands[5];
  vmo_region_id region;
  uint32_t carried = vmo_draw(g, 4);
  operands[0] = vmo_operand_integer(g, vmo_draw(g, 2));
  operands[1] = draw_limit(g);
  for (uint32_t i = 0; i < carried; i++) {
    types[i] = i > 0 && vmo_draw_chance(g, 50) ? types[0] : vmo_draw_type(g); /* equal ones can be exchanged */
    operands[2 + i] = vmo_operand_value(vmo_need_type(g, types[i]));
  }
  uint32_t op = vmo_emit(g, VMO_OP_for, VMO_NONE, operands, 2 + carried, types, carried);
  if (op == VMO_NONE) return;
  if (vmo_draw_chance(g, 30)) vmo_give_integer(g, "step", 2 + vmo_draw(g, 3));
  uint32_t outside = open_region(g, op, VMO_REGION_FOR, &region);
  add_argument(g, region, vmo_find_type(g, VMO_I64, SHAPE_SCALAR));
  for (uint32_t i = 0; i < carried; i++) add_argument(g, region, types[i]);
  vmo_operand next[3];
  uint32_t shifted = 0;
  if (!g->failed && carried > 1 && types[1] == types[0] && vmo_draw_chance(g, 50))
    shifted = write_shift(g, types, carried, g->visible.data[outside + 1], next);
  else
    vmo_generate_block(g, 1 + vmo_draw(g, 8));
  close_region(g, VMO_OP_yield, next, shifted, types + shifted, carried - shifted, outside);
  see_results(g, op);
}

/* Carries a counter from 0 up besides other values. */
static void write_while(vmo_generator *g) {
  vmo_type_id types[3] = {vmo_find_type(g, VMO_I64, SHAPE_SCALAR)};
  vmo_operand operands[3] = {vmo_operand_integer(g, 0)}, step[2], test[2];
  vmo_region_id region;
  uint32_t others = vmo_draw(g, 3);
  for (uint32_t i = 1; i <= others; i++) {
    types[i] = vmo_draw_type(g);
    operands[i] = vmo_operand_value(vmo_need_type(g, types[i]));
  }
  uint32_t op = vmo_emit(g, VMO_OP_while, VMO_NONE, operands, 1 + others, types, 1 + others);
  if (op == VMO_NONE) return;
  uint32_t outside = open_region(g, op, VMO_REGION_CONDITION, &region);
  for (uint32_t i = 0; i <= others; i++) add_argument(g, region, types[i]);
  if (g->failed) return;
  vmo_value_id counter = g->visible.data[outside];
  vmo_generate_block(g, vmo_draw(g, 3));
  test[0] = vmo_operand_value(counter);
  test[1] = vmo_operand_integer(g, vmo_draw(g, 6));
  vmo_operand go = vmo_operand_value(vmo_emit_one(g, VMO_OP_lt, test, 2, VMO_BOOL, SHAPE_SCALAR));
  close_region(g, VMO_OP_condition, &go, 1, NULL, 0, outside + 1 + others);
  open_region(g, op, VMO_REGION_DO, &region);
  vmo_generate_block(g, 1 + vmo_draw(g, 6));
  step[0] = vmo_operand_value(counter);
  step[1] = vmo_operand_integer(g, 1 + vmo_draw(g, 3));
  vmo_operand next = vmo_operand_value(vmo_emit_one(g, VMO_OP_add, step, 2, VMO_I64, SHAPE_SCALAR));
  close_region(g, VMO_OP_yield, &next, 1, types + 1, others, outside);
  see_results(g, op);
}

static void write_branch(vmo_generator *g, uint32_t op, vmo_region_kind kind, const vmo_type_id *types,
                         uint32_t count) {
  vmo_region_id region;
  uint32_t outside = open_region(g, op, kind, &region);
  vmo_generate_block(g, vmo_draw(g, 7));
  close_region(g, VMO_OP_yield, NULL, 0, types, count, outside);
}

static void write_if(vmo_generator *g) {
  vmo_type_id types[2];
  uint32_t count = vmo_draw(g, 3);
  for (uint32_t i = 0; i < count; i++) types[i] = vmo_draw_type(g);
  vmo_operand condition = vmo_operand_value(vmo_need(g, VMO_BOOL, SHAPE_SCALAR));
  uint32_t op = vmo_emit(g, VMO_OP_if, VMO_NONE, &condition, 1, types, count);
  if (op == VMO_NONE) return;
  write_branch(g, op, VMO_REGION_THEN, types, count);
  if (count > 0 || vmo_draw_chance(g, 50)) write_branch(g, op, VMO_REGION_ELSE, types, count);
  see_results(g, op);
}

static void write_parallel(vmo_generator *g) {
  vmo_type_id types[GENERATOR_MOST_RESULTS];
  uint32_t streams = 1 + vmo_draw(g, 3), counts[3], total = 0, first = 0;
  for (uint32_t i = 0; i < streams; i++) {
    counts[i] = vmo_draw(g, 3);
    for (uint32_t j = 0; j < counts[i]; j++) types[total++] = vmo_draw_type(g);
  }
  uint32_t op = vmo_emit(g, VMO_OP_parallel, VMO_NONE, NULL, 0, types, total);
  for (uint32_t i = 0; i < streams && op != VMO_NONE && !g->failed; i++) {
    write_branch(g, op, VMO_REGION_STREAM, types + first, counts[i]);
    first += counts[i];
  }
  see_results(g, op);
}

/* Of a function before this one, so that calls end. Functions before the last have no states. */
static void write_call(vmo_generator *g) {
  vmo_operand operands[8];
  vmo_type_id types[GENERATOR_MOST_RESULTS];
  if (g->module->functions.count < 2) return;
  uint32_t which = vmo_draw(g, g->module->functions.count - 1);
  const vmo_function *callee = g->module->functions.data[which];
  for (uint32_t i = 0; i < callee->parameters.count; i++)
    operands[i] = vmo_operand_value(vmo_need_type(g, callee->values.data[i].type));
  for (uint32_t i = 0; i < callee->result_types.count; i++) types[i] = callee->result_types.data[i];
  vmo_emit(g, VMO_OP_call, which, operands, callee->parameters.count, types, callee->result_types.count);
}

void vmo_generate_control(vmo_generator *g) {
  static void (*const kinds[])(vmo_generator *g) = {write_for, write_for,      write_for,  write_while, write_if,
                                                    write_if,  write_parallel, write_call, write_call,  write_call};
  kinds[vmo_draw(g, 10)](g);
}
