/* generate.c: the generator's frame: numbers, dims and types, values that can be seen, functions.
 *
 * Numbers come from xorshift64* (S. Vigna, "An experimental exploration of Marsaglia's xorshift generators", 2016). */
#include <stdio.h>
#include <string.h>

#include "tests/random/generator.h"

static const vmo_location nowhere = {0, 0};

/* ---- numbers ---- */

uint32_t vmo_draw(vmo_generator *g, uint32_t count) {
  g->random ^= g->random >> 12;
  g->random ^= g->random << 25;
  g->random ^= g->random >> 27;
  return (uint32_t)((g->random * UINT64_C(2685821657736338717) >> 32) * count >> 32);
}

bool vmo_draw_chance(vmo_generator *g, uint32_t percent) { return vmo_draw(g, 100) < percent; }

vmo_element vmo_draw_float(vmo_generator *g) {
  if (g->narrow) return g->elements[0];
  static const vmo_element floats[] = {VMO_F64, VMO_F64, VMO_F64, VMO_F32, VMO_F32, VMO_F16, VMO_BF16};
  return floats[vmo_draw(g, 7)];
}

vmo_element vmo_draw_number(vmo_generator *g) {
  if (g->narrow) return g->elements[vmo_draw_chance(g, 15)];
  static const vmo_element whole[] = {VMO_I64, VMO_I64, VMO_I32, VMO_U8, VMO_I16, VMO_U64};
  return vmo_draw_chance(g, 70) ? vmo_draw_float(g) : whole[vmo_draw(g, 6)];
}

vmo_element vmo_draw_element(vmo_generator *g) { return vmo_draw_chance(g, 10) ? VMO_BOOL : vmo_draw_number(g); }

vmo_shape_id vmo_draw_array_shape(vmo_generator *g) {
  if (g->narrow) return g->few[vmo_draw(g, 3)];
  return (vmo_shape_id)(SHAPE_N + vmo_draw(g, SHAPE_N1 - SHAPE_N));
}

/* ---- types ---- */

/* Types of declarations come between. */
static bool note_shape(vmo_generator *g, vmo_type_id type, uint32_t shape) {
  while (g->shapes.count <= type)
    if (!vmo_vec_push(g->context->arena, &g->shapes, 0)) return false;
  g->shapes.data[type] = (uint8_t)shape;
  return true;
}

vmo_type_id vmo_move_near(vmo_generator *g, vmo_type_id type) {
  vmo_type moved = g->module->types.data[type];
  vmo_type_id id = vmo_build_type(g->module, moved.element, g->module->shapes.data + moved.shape_first, moved.rank,
                                  g->near, vmo_draw_chance(g, 30) ? 128 : 0);
  g->failed = g->failed || id == VMO_NONE || !note_shape(g, id, g->shapes.data[type]);
  return id;
}

vmo_type_id vmo_draw_type(vmo_generator *g) {
  vmo_shape_id shape = vmo_draw_chance(g, 25) ? SHAPE_SCALAR : vmo_draw_array_shape(g);
  vmo_type_id type = vmo_find_type(g, vmo_draw_element(g), shape);
  return vmo_draw_chance(g, 5) ? vmo_move_near(g, type) : type;
}

const vmo_type *vmo_generated_type(const vmo_generator *g, vmo_value_id value) {
  return vmo_value_type(g->module, g->function, value);
}

vmo_shape_id vmo_generated_shape(const vmo_generator *g, vmo_value_id value) {
  return (vmo_shape_id)g->shapes.data[g->function->values.data[value].type];
}

/* Mostly small: where sizes are near each other, what is placed beside it is near too. */
static int64_t draw_limit(vmo_generator *g, int64_t most) {
  int64_t limit = vmo_draw_chance(g, 20) ? most : 1 + vmo_draw(g, 12);
  return limit < most ? limit : most;
}

static void make_dims(vmo_generator *g) {
  static const char *const names[] = {"N", "M", "K", "E"};
  static const vmo_dim_kind kinds[] = {VMO_DIM_FREE, VMO_DIM_BOUNDED, VMO_DIM_FIXED, VMO_DIM_BOUNDED};
  const int64_t limits[] = {draw_limit(g, 1000), draw_limit(g, 100), draw_limit(g, 16), draw_limit(g, 5000)};
  bool bound_all = vmo_draw_chance(g, 50);
  for (uint32_t i = 0; i < 4; i++) {
    vmo_dim_kind kind = bound_all && kinds[i] == VMO_DIM_FREE ? VMO_DIM_BOUNDED : kinds[i];
    g->dims[i] = vmo_build_dim(g->module, names[i], kind, limits[i], nowhere);
  }
}

vmo_type_id vmo_find_type(vmo_generator *g, vmo_element element, vmo_shape_id shape) {
  const vmo_size_id *sizes = g->shape_sizes[shape];
  uint32_t rank = sizes[0] == VMO_NONE ? 0 : sizes[1] == VMO_NONE ? 1 : 2;
  vmo_type_id id = vmo_build_type(g->module, element, sizes, rank, 0, 0);
  g->failed = g->failed || id == VMO_NONE || !note_shape(g, id, shape);
  return g->failed ? 0 : id;
}

static void make_shapes(vmo_generator *g) {
  vmo_sizes *s = g->module->sizes;
  vmo_size_id n = vmo_size_symbol(s, g->dims[0]), m = vmo_size_symbol(s, g->dims[1]);
  vmo_size_id k = vmo_size_symbol(s, g->dims[2]), e = vmo_size_symbol(s, g->dims[3]);
  vmo_size_id one = vmo_size_constant(s, 1), two = vmo_size_constant(s, 2), four = vmo_size_constant(s, 4);
  vmo_size_id eight = vmo_size_constant(s, 8), none = VMO_NONE;
  vmo_size_id four_n = vmo_size_multiply(s, n, four), odd = vmo_size_add(s, vmo_size_multiply(s, m, two), one);
  const vmo_size_id shapes[SHAPE_COUNT][2] = {[SHAPE_SCALAR] = {none, none},
                                              [SHAPE_N] = {n, none},
                                              [SHAPE_M] = {m, none},
                                              [SHAPE_K] = {k, none},
                                              [SHAPE_2M1] = {odd, none},
                                              [SHAPE_N4] = {n, four},
                                              [SHAPE_4N] = {four_n, none},
                                              [SHAPE_8] = {eight, none},
                                              [SHAPE_32] = {vmo_size_constant(s, 32), none},
                                              [SHAPE_4_8] = {four, eight},
                                              [SHAPE_8_4] = {eight, four},
                                              [SHAPE_4_4] = {four, four},
                                              [SHAPE_1_8] = {one, eight},
                                              [SHAPE_N1] = {vmo_size_add(s, n, one), none},
                                              [SHAPE_E] = {e, none}};
  g->sizes[0] = n;
  g->sizes[1] = four_n;
  memcpy(g->shape_sizes, shapes, sizeof shapes);
}

/* Half of the programs keep to a few types. */
static void choose_types(vmo_generator *g) {
  static const vmo_shape_id sets[][3] = {{SHAPE_N, SHAPE_N, SHAPE_4N},    {SHAPE_32, SHAPE_8, SHAPE_4_8},
                                         {SHAPE_N4, SHAPE_4N, SHAPE_N},   {SHAPE_M, SHAPE_2M1, SHAPE_N},
                                         {SHAPE_4_4, SHAPE_4_8, SHAPE_8}, {SHAPE_8, SHAPE_8, SHAPE_32}};
  vmo_element number = vmo_draw_chance(g, 70) ? VMO_F64 : vmo_draw_float(g);
  uint32_t set = vmo_draw(g, 6);
  g->elements[0] = number;
  g->elements[1] = vmo_draw_chance(g, 60) ? VMO_I64 : VMO_I32;
  for (int i = 0; i < 3; i++) g->few[i] = sets[set][i];
  g->narrow = vmo_draw_chance(g, 50);
}

/* ---- ops of the program's own ---- */

static void declare(vmo_generator *g, uint32_t parameters, uint32_t results, vmo_size_id size, vmo_element element) {
  static const char *const names[] = {"relax", "fold", "report", "merge"};
  uint32_t id = g->module->declarations.count;
  vmo_type_id type = vmo_build_type(g->module, element, &size, 1, 0, 0);
  g->failed = g->failed || vmo_build_declaration(g->module, names[id], nowhere) == VMO_NONE;
  if (g->failed) return;
  for (uint32_t i = 0; i < parameters; i++) vmo_build_declaration_parameter(g->module, id, i == 0 ? "x" : "y", type);
  for (uint32_t i = 0; i < results; i++) vmo_build_declaration_result(g->module, id, type);
}

/* relax may overwrite its operand, fold needs workspace, report only has an effect, merge has two results. */
static void declare_ops(vmo_generator *g) {
  vmo_sizes *s = g->module->sizes;
  vmo_size_id n = vmo_size_symbol(s, vmo_build_dim(g->module, "n", VMO_DIM_LOCAL, 0, nowhere));
  declare(g, 1, 1, n, VMO_F64);
  declare(g, 2, 1, n, VMO_F64);
  declare(g, 1, 0, n, VMO_F64);
  declare(g, 2, 2, n, VMO_F64);
  if (g->failed) return;
  vmo_declaration *declared = g->module->declarations.data;
  declared[0].inplace = 1;
  declared[1].workspace = vmo_size_add(s, vmo_size_multiply(s, n, vmo_size_constant(s, 16)), vmo_size_constant(s, 64));
  declared[2].effect = true;
  declared[3].inplace = 3;
}

/* ---- values ---- */

vmo_value_id vmo_find_visible(vmo_generator *g, vmo_accepts accepts, uint32_t user) {
  enum { PROBES = 40 };
  for (uint32_t i = 0; i < PROBES && g->visible.count > 0; i++) {
    uint32_t near = g->visible.count < 12 ? g->visible.count : 12; /* half of the probes look at the newest */
    uint32_t at = i % 2 == 0 ? g->visible.count - 1 - vmo_draw(g, near) : vmo_draw(g, g->visible.count);
    if (accepts(g, g->visible.data[at], user)) return g->visible.data[at];
  }
  return VMO_NONE;
}

static bool has_type(const vmo_generator *g, vmo_value_id value, uint32_t type) {
  return g->function->values.data[value].type == type;
}

/* A new value of the type: fill, const, iota, random. */
static vmo_value_id make_value(vmo_generator *g, vmo_type_id type) {
  vmo_element element = g->module->types.data[type].element;
  uint32_t rank = g->module->types.data[type].rank, kind = element == VMO_BOOL || g->in_body ? 0 : vmo_draw(g, 5);
  vmo_operand operand = vmo_operand_literal(g, element);
  vmo_opcode code = kind == 1 ? VMO_OP_const : kind == 2 ? VMO_OP_random : VMO_OP_fill;
  if (kind == 3 && rank == 1 && element != VMO_U8) code = VMO_OP_iota;
  uint32_t op = vmo_emit(g, code, VMO_NONE, &operand, code == VMO_OP_fill ? 1 : 0, &type, 1);
  if (op == VMO_NONE) return VMO_NONE;
  if (code == VMO_OP_const) vmo_give_integer(g, "value", vmo_draw(g, 100));
  if (code == VMO_OP_random) vmo_give_integer(g, "seed", vmo_draw(g, 1000));
  return g->function->ops.data[op].result_first;
}

vmo_value_id vmo_need_type(vmo_generator *g, vmo_type_id type) {
  vmo_value_id found = vmo_draw_chance(g, 90) ? vmo_find_visible(g, has_type, type) : VMO_NONE;
  return found != VMO_NONE ? found : make_value(g, type);
}

vmo_value_id vmo_need(vmo_generator *g, vmo_element element, vmo_shape_id shape) {
  return vmo_need_type(g, vmo_find_type(g, element, shape));
}

/* ---- operands ---- */

vmo_operand vmo_operand_value(vmo_value_id value) { return (vmo_operand){VMO_OPERAND_VALUE, value, nowhere}; }

static vmo_operand literal(vmo_generator *g, vmo_literal value) {
  uint32_t index = vmo_build_literal(g->module, g->function, value);
  g->failed = g->failed || index == VMO_NONE;
  return (vmo_operand){VMO_OPERAND_LITERAL, index, nowhere};
}

vmo_operand vmo_operand_integer(vmo_generator *g, uint64_t number) {
  return literal(g, (vmo_literal){VMO_LITERAL_INTEGER, VMO_ELEMENT_COUNT, false, {.bits = number}});
}

vmo_operand vmo_operand_literal(vmo_generator *g, vmo_element element) {
  if (element == VMO_BOOL)
    return literal(g, (vmo_literal){VMO_LITERAL_BOOL, VMO_ELEMENT_COUNT, false, {.bits = vmo_draw(g, 2)}});
  if (!vmo_element_is_float(element) || vmo_draw_chance(g, 30)) return vmo_operand_integer(g, vmo_draw(g, 100));
  double real = (double)vmo_draw(g, 1000) / 100 - 2;
  return literal(g, (vmo_literal){VMO_LITERAL_REAL, VMO_ELEMENT_COUNT, false, {.real = real}});
}

vmo_operand vmo_operand_dim(vmo_generator *g, uint32_t which) {
  return (vmo_operand){VMO_OPERAND_SIZE, vmo_size_symbol(g->module->sizes, g->dims[which]), nowhere};
}

/* ---- ops ---- */

uint32_t vmo_emit(vmo_generator *g, vmo_opcode code, uint32_t callee, const vmo_operand *operands, uint32_t count,
                  const vmo_type_id *types, uint32_t type_count) {
  vmo_op_spec spec = {.code = code,
                      .callee = callee,
                      .operands = operands,
                      .operand_count = count,
                      .result_types = types,
                      .result_count = type_count};
  uint32_t op = g->failed ? VMO_NONE : vmo_build_op(g->module, g->function, &spec);
  if (g->budget > 0) g->budget--;
  g->failed = g->failed || op == VMO_NONE;
  if (g->failed) return VMO_NONE;
  bool structured = code == VMO_OP_for || code == VMO_OP_while || code == VMO_OP_if || code == VMO_OP_parallel;
  for (uint32_t i = 0; i < type_count && !structured; i++)
    if (!vmo_vec_push(g->context->arena, &g->visible, g->function->ops.data[op].result_first + i)) g->failed = true;
  return op;
}

vmo_value_id vmo_emit_one(vmo_generator *g, vmo_opcode code, const vmo_operand *operands, uint32_t count,
                          vmo_element element, vmo_shape_id shape) {
  vmo_type_id type = vmo_find_type(g, element, shape);
  uint32_t op = vmo_emit(g, code, VMO_NONE, operands, count, &type, 1);
  return op == VMO_NONE ? VMO_NONE : g->function->ops.data[op].result_first;
}

static void give(vmo_generator *g, const char *name, bool is_list, const vmo_attribute_item *items, uint32_t count) {
  if (!g->failed &&
      !vmo_build_attribute(g->module, g->function, g->function->ops.count - 1, name, is_list, items, count, nowhere))
    g->failed = true;
}

void vmo_give_integer(vmo_generator *g, const char *name, int64_t number) {
  vmo_attribute_item item = {VMO_ATTRIBUTE_INTEGER, {.integer = number}};
  give(g, name, false, &item, 1);
}

void vmo_give_integers(vmo_generator *g, const char *name, const int64_t *numbers, uint32_t count) {
  vmo_attribute_item items[4];
  for (uint32_t i = 0; i < count; i++) items[i] = (vmo_attribute_item){VMO_ATTRIBUTE_INTEGER, {.integer = numbers[i]}};
  give(g, name, true, items, count);
}

void vmo_give_sizes(vmo_generator *g, const char *name, const vmo_size_id *sizes, uint32_t count) {
  vmo_attribute_item items[4];
  for (uint32_t i = 0; i < count; i++) {
    int64_t number;
    if (vmo_size_is_constant(g->module->sizes, sizes[i], &number))
      items[i] = (vmo_attribute_item){VMO_ATTRIBUTE_INTEGER, {.integer = number}};
    else
      items[i] = (vmo_attribute_item){VMO_ATTRIBUTE_SIZE, {.id = sizes[i]}};
  }
  give(g, name, true, items, count);
}

void vmo_generate_block(vmo_generator *g, uint32_t most) {
  uint32_t before = g->budget;
  while (g->budget > 0 && before - g->budget < most && !g->failed) {
    if (g->depth < GENERATOR_DEPTH && vmo_draw_chance(g, 14))
      vmo_generate_control(g);
    else
      vmo_generate_op(g);
  }
}

/* ---- functions ---- */

static void add_parameter(vmo_generator *g, vmo_type_id type, vmo_parameter flags) {
  vmo_value_id value = vmo_build_parameter(g->module, g->function, NULL, type, flags, nowhere);
  if (value == VMO_NONE || !vmo_vec_push(g->context->arena, &g->visible, value)) g->failed = true;
}

/* Some parameters; the last function may have states, for no one calls it. */
static void add_parameters(vmo_generator *g, bool may_have_states) {
  uint32_t count = 1 + vmo_draw(g, 4), states = may_have_states ? vmo_draw(g, 3) : 0;
  for (uint32_t i = 0; i < count; i++) {
    vmo_type_id type = vmo_draw_type(g);
    bool is_array = g->module->types.data[type].rank > 0;
    add_parameter(g, type, (vmo_parameter){.donate = is_array && vmo_draw_chance(g, 50), .offset = -1});
  }
  for (uint32_t i = 0; i < states; i++) {
    vmo_element element = vmo_draw_number(g);
    vmo_type_id type = vmo_find_type(g, element, vmo_draw_array_shape(g));
    add_parameter(g, type, (vmo_parameter){.state = true, .offset = i == 0 && vmo_draw_chance(g, 50) ? 0 : -1});
  }
}

static void finish_function(vmo_generator *g) {
  vmo_operand returned[GENERATOR_MOST_RESULTS];
  uint32_t results = 1 + vmo_draw(g, 3), count = 0;
  for (uint32_t i = 0; i < results; i++) {
    vmo_value_id last = g->visible.data[g->visible.count - 1];
    vmo_type_id type = i == 0 ? g->function->values.data[last].type : vmo_draw_type(g);
    if (!vmo_build_result_type(g->module, g->function, type)) g->failed = true;
    returned[count++] = vmo_operand_value(vmo_need_type(g, type));
  }
  for (uint32_t i = 0; i < g->function->parameters.count; i++)
    if (g->function->parameters.data[i].state)
      returned[count++] = vmo_operand_value(vmo_need_type(g, g->function->values.data[i].type));
  vmo_emit(g, VMO_OP_return, VMO_NONE, returned, count, NULL, 0);
  vmo_build_region_end(g->module, g->function);
}

static void make_function(vmo_generator *g, uint32_t number, uint32_t count, uint32_t budget) {
  char name[16];
  snprintf(name, sizeof name, number + 1 == count ? "main" : "f%u", number);
  g->function = vmo_build_function(g->module, name, nowhere);
  g->failed = g->failed || g->function == NULL;
  if (g->failed) return;
  g->budget = budget;
  g->visible.count = 0;
  add_parameters(g, number + 1 == count);
  vmo_generate_block(g, budget);
  if (!g->failed) finish_function(g);
}

vmo_module *vmo_generate_module(vmo_context *context, uint64_t seed, uint32_t size) {
  vmo_generator generator = {.context = context, .random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1};
  vmo_generator *g = &generator;
  g->module = vmo_module_create(context);
  if (g->module == NULL) return NULL;
  if (g->random == 0) g->random = 1;
  for (int i = 0; i < 8; i++) vmo_draw(g, 2); /* small seeds differ in few bits */
  choose_types(g);
  make_dims(g);
  make_shapes(g);
  declare_ops(g);
  g->near = vmo_build_space(g->module, "near");
  uint32_t functions = 1 + vmo_draw(g, size < 20 ? 1 : 4);
  for (uint32_t i = 0; i < functions && !g->failed; i++) make_function(g, i, functions, size / functions + 1);
  return g->failed ? NULL : g->module;
}
