/* generate_ops.c: one op at a time.
 *
 * Each function below writes one kind of op, as its row in ir/ops.def asks for it. Those that take an array look for a
 * visible one of any shape or of the one shape that suits them; what they find decides the rest. */
#include "tests/random/generator.h"

/* ---- what is looked for ---- */

static bool is_number(const vmo_generator *g, vmo_value_id value, uint32_t user) {
  (void)user;
  return vmo_generated_type(g, value)->element != VMO_BOOL;
}

static bool is_number_array(const vmo_generator *g, vmo_value_id value, uint32_t user) {
  return is_number(g, value, user) && vmo_generated_type(g, value)->rank > 0;
}

static bool is_float_array(const vmo_generator *g, vmo_value_id value, uint32_t user) {
  (void)user;
  return vmo_element_is_float(vmo_generated_type(g, value)->element) && vmo_generated_type(g, value)->rank > 0;
}

static bool is_number_vector(const vmo_generator *g, vmo_value_id value, uint32_t user) {
  return is_number(g, value, user) && vmo_generated_type(g, value)->rank == 1;
}

static bool is_bool(const vmo_generator *g, vmo_value_id value, uint32_t user) {
  (void)user;
  return vmo_generated_type(g, value)->element == VMO_BOOL;
}

static bool has_shape(const vmo_generator *g, vmo_value_id value, uint32_t shape) {
  return vmo_generated_shape(g, value) == shape;
}

static bool is_anything(const vmo_generator *g, vmo_value_id value, uint32_t user) {
  (void)g;
  (void)value;
  (void)user;
  return true;
}

/* A value that suits; a new one of the element and shape given when there is none. */
static vmo_value_id find(vmo_generator *g, vmo_accepts accepts, uint32_t user, vmo_element element,
                         vmo_shape_id shape) {
  vmo_value_id found = vmo_find_visible(g, accepts, user);
  return found != VMO_NONE ? found : vmo_need(g, element, shape);
}

static vmo_value_id find_number_array(vmo_generator *g) {
  return find(g, is_number_array, 0, vmo_draw_number(g), vmo_draw_array_shape(g));
}

static vmo_value_id find_float_array(vmo_generator *g) {
  return find(g, is_float_array, 0, vmo_draw_float(g), vmo_draw_array_shape(g));
}

static vmo_value_id find_shaped(vmo_generator *g, vmo_shape_id shape) {
  return find(g, has_shape, shape, vmo_draw_number(g), shape);
}

static vmo_element element_of(const vmo_generator *g, vmo_value_id value) {
  return vmo_generated_type(g, value)->element;
}

/* An operand to go with `value` element by element: itself, one like it, a scalar, or a literal. */
static vmo_operand draw_partner(vmo_generator *g, vmo_value_id value) {
  vmo_element element = element_of(g, value);
  uint32_t kind = vmo_draw(g, 10);
  if (kind == 0) return vmo_operand_value(value);
  if (kind < 6) return vmo_operand_value(vmo_need(g, element, vmo_generated_shape(g, value)));
  if (kind < 7) return vmo_operand_value(vmo_need(g, element, SHAPE_SCALAR));
  return element == VMO_I64 && kind < 8 ? vmo_operand_dim(g, vmo_draw(g, 4)) : vmo_operand_literal(g, element);
}

/* ---- elementwise ---- */

static void write_unary(vmo_generator *g) {
  static const vmo_opcode of_floats[] = {VMO_OP_exp,   VMO_OP_tanh,  VMO_OP_sigmoid, VMO_OP_gelu,  VMO_OP_sin,
                                         VMO_OP_cos,   VMO_OP_floor, VMO_OP_ceil,    VMO_OP_round, VMO_OP_neg,
                                         VMO_OP_abs,   VMO_OP_sign,  VMO_OP_relu,    VMO_OP_sqrt,  VMO_OP_log,
                                         VMO_OP_recip, VMO_OP_rsqrt};
  static const vmo_opcode of_numbers[] = {VMO_OP_neg, VMO_OP_abs, VMO_OP_sign, VMO_OP_relu};
  vmo_value_id x = find(g, is_number, 0, vmo_draw_number(g), SHAPE_N);
  vmo_opcode code = vmo_element_is_float(element_of(g, x)) ? of_floats[vmo_draw(g, 17)] : of_numbers[vmo_draw(g, 4)];
  vmo_operand operand = vmo_operand_value(x);
  vmo_emit_one(g, code, &operand, 1, element_of(g, x), vmo_generated_shape(g, x));
}

static void write_binary(vmo_generator *g) {
  static const vmo_opcode codes[] = {VMO_OP_add, VMO_OP_sub, VMO_OP_mul, VMO_OP_min,
                                     VMO_OP_max, VMO_OP_add, VMO_OP_mul};
  vmo_value_id x = find(g, is_number, 0, vmo_draw_number(g), SHAPE_N);
  vmo_operand operands[2] = {vmo_operand_value(x), draw_partner(g, x)};
  if (vmo_draw_chance(g, 30)) { /* the first operand need not be the array */
    vmo_operand swap = operands[0];
    operands[0] = operands[1];
    operands[1] = swap;
  }
  vmo_emit_one(g, codes[vmo_draw(g, 7)], operands, 2, element_of(g, x), vmo_generated_shape(g, x));
}

static void write_comparison(vmo_generator *g) {
  static const vmo_opcode codes[] = {VMO_OP_eq, VMO_OP_ne, VMO_OP_lt, VMO_OP_le, VMO_OP_gt, VMO_OP_ge};
  vmo_value_id x = find(g, is_number, 0, vmo_draw_number(g), SHAPE_N);
  vmo_operand operands[2] = {vmo_operand_value(x), draw_partner(g, x)};
  vmo_emit_one(g, codes[vmo_draw(g, 6)], operands, 2, VMO_BOOL, vmo_generated_shape(g, x));
}

static void write_choice(vmo_generator *g) {
  vmo_value_id x = find_number_array(g);
  vmo_value_id mask = vmo_need(g, VMO_BOOL, vmo_generated_shape(g, x));
  vmo_operand operands[3] = {vmo_operand_value(mask), vmo_operand_value(x), draw_partner(g, x)};
  vmo_emit_one(g, VMO_OP_where, operands, 3, element_of(g, x), vmo_generated_shape(g, x));
}

static void write_fused(vmo_generator *g) {
  vmo_value_id x = find(g, is_float_array, 0, vmo_draw_float(g), SHAPE_N);
  vmo_operand operands[3] = {vmo_operand_value(x), draw_partner(g, x), draw_partner(g, x)};
  vmo_emit_one(g, vmo_draw_chance(g, 50) ? VMO_OP_fma : VMO_OP_clip, operands, 3, element_of(g, x),
               vmo_generated_shape(g, x));
}

static void write_cast(vmo_generator *g) {
  vmo_value_id x = find(g, is_anything, 0, VMO_F64, SHAPE_N);
  vmo_operand operand = vmo_operand_value(x);
  vmo_emit_one(g, VMO_OP_cast, &operand, 1, vmo_draw_element(g), vmo_generated_shape(g, x));
}

static void write_logic(vmo_generator *g) {
  static const vmo_opcode codes[] = {VMO_OP_and, VMO_OP_or, VMO_OP_xor, VMO_OP_not};
  vmo_value_id x = find(g, is_bool, 0, VMO_BOOL, SHAPE_N);
  vmo_operand operands[2] = {vmo_operand_value(x), draw_partner(g, x)};
  uint32_t which = vmo_draw(g, 4);
  vmo_emit_one(g, codes[which], operands, which == 3 ? 1 : 2, VMO_BOOL, vmo_generated_shape(g, x));
}

/* ---- shapes ---- */

/* A copy, sometimes into the other memory space or back. */
static void write_copy(vmo_generator *g) {
  vmo_value_id x = find(g, is_anything, 0, VMO_F64, SHAPE_N);
  vmo_space_id space = vmo_generated_type(g, x)->space;
  vmo_operand operand = vmo_operand_value(x);
  vmo_type_id copied = vmo_find_type(g, element_of(g, x), vmo_generated_shape(g, x));
  if (space == 0 && !g->in_body && vmo_draw_chance(g, 40)) copied = vmo_move_near(g, copied);
  if (!g->failed) vmo_emit(g, VMO_OP_copy, VMO_NONE, &operand, 1, &copied, 1);
}

static bool is_near(const vmo_generator *g, vmo_value_id value) { return vmo_generated_type(g, value)->space != 0; }

static void write_reshape(vmo_generator *g) {
  static const vmo_shape_id pairs[][2] = {{SHAPE_N4, SHAPE_4N},  {SHAPE_4N, SHAPE_N4}, {SHAPE_4_8, SHAPE_32},
                                          {SHAPE_32, SHAPE_8_4}, {SHAPE_1_8, SHAPE_8}, {SHAPE_8, SHAPE_1_8}};
  uint32_t which = vmo_draw(g, 6);
  vmo_value_id x = find_shaped(g, pairs[which][0]);
  vmo_operand operand = vmo_operand_value(x);
  if (!is_near(g, x)) vmo_emit_one(g, VMO_OP_reshape, &operand, 1, element_of(g, x), pairs[which][1]);
}

/* A part whose bytes are contiguous, or not; of a view, a view of a view. */
static void write_slice(vmo_generator *g) {
  vmo_sizes *s = g->module->sizes;
  vmo_size_id zero = vmo_size_constant(s, 0), four = vmo_size_constant(s, 4), eight = vmo_size_constant(s, 8);
  const struct {
    vmo_shape_id from, to;
    uint32_t rank;
    vmo_size_id start[2], size[2];
  } parts[] = {
      {SHAPE_4N, SHAPE_N, 1, {g->sizes[0], zero}, {g->sizes[0], zero}},
      {SHAPE_32, SHAPE_8, 1, {eight, zero}, {eight, zero}},
      {SHAPE_4_8, SHAPE_1_8, 2, {vmo_size_constant(s, 2), zero}, {vmo_size_constant(s, 1), eight}},
      {SHAPE_8_4, SHAPE_4_4, 2, {four, zero}, {four, four}},
      {SHAPE_4_8, SHAPE_4_4, 2, {zero, four}, {four, four}}, /* columns: a new array */
  };
  uint32_t which = vmo_draw(g, 5);
  vmo_value_id x = find_shaped(g, parts[which].from);
  vmo_operand operand = vmo_operand_value(x);
  if (is_near(g, x)) return;
  vmo_emit_one(g, VMO_OP_slice, &operand, 1, element_of(g, x), parts[which].to);
  vmo_give_sizes(g, "start", parts[which].start, parts[which].rank);
  vmo_give_sizes(g, "size", parts[which].size, parts[which].rank);
}

static void write_split(vmo_generator *g) {
  bool symbolic = vmo_draw_chance(g, 50);
  vmo_value_id x = find_shaped(g, symbolic ? SHAPE_4N : SHAPE_32);
  vmo_operand operand = vmo_operand_value(x);
  vmo_type_id part = vmo_find_type(g, element_of(g, x), symbolic ? SHAPE_N : SHAPE_8),
              types[4] = {part, part, part, part};
  if (!is_near(g, x)) vmo_emit(g, VMO_OP_split, VMO_NONE, &operand, 1, types, 4);
}

static void write_concat(vmo_generator *g) {
  bool symbolic = vmo_draw_chance(g, 50);
  vmo_element element = vmo_draw_number(g);
  vmo_operand operands[4];
  for (int i = 0; i < 4; i++) operands[i] = vmo_operand_value(vmo_need(g, element, symbolic ? SHAPE_N : SHAPE_8));
  vmo_emit_one(g, VMO_OP_concat, operands, 4, element, symbolic ? SHAPE_4N : SHAPE_32);
}

static void write_pad(vmo_generator *g) {
  static const int64_t low[] = {5}, high[] = {19};
  vmo_value_id x = find_shaped(g, SHAPE_8);
  vmo_operand operand = vmo_operand_value(x);
  if (element_of(g, x) == VMO_BOOL) return;
  vmo_emit_one(g, VMO_OP_pad, &operand, 1, element_of(g, x), SHAPE_32);
  vmo_give_integers(g, "low", low, 1);
  vmo_give_integers(g, "high", high, 1);
}

/* A vector moved by one place, as stencils read it: padded and cut. */
static void write_shift(vmo_generator *g) {
  vmo_sizes *s = g->module->sizes;
  vmo_value_id x = find(g, is_number_vector, 0, vmo_draw_number(g), SHAPE_N);
  vmo_operand operand = vmo_operand_value(x);
  bool up = vmo_draw_chance(g, 50);
  vmo_size_id one = vmo_size_constant(s, 1), start = vmo_size_constant(s, up ? 0 : 1);
  vmo_size_id size = g->module->shapes.data[vmo_generated_type(g, x)->shape_first];
  vmo_size_id longer = vmo_size_add(s, size, one);
  vmo_type_id padded = vmo_build_type(g->module, element_of(g, x), &longer, 1, 0, 0);
  g->failed = g->failed || padded == VMO_NONE;
  uint32_t op = vmo_emit(g, VMO_OP_pad, VMO_NONE, &operand, 1, &padded, 1);
  if (op == VMO_NONE) return;
  vmo_give_sizes(g, up ? "low" : "high", &one, 1);
  g->visible.count--; /* its shape is none of those that occur */
  operand = vmo_operand_value(g->function->ops.data[op].result_first);
  vmo_emit_one(g, VMO_OP_slice, &operand, 1, element_of(g, x), vmo_generated_shape(g, x));
  vmo_give_sizes(g, "start", &start, 1);
  vmo_give_sizes(g, "size", &size, 1);
}

static void write_arrangement(vmo_generator *g) {
  bool transpose = vmo_draw_chance(g, 50);
  vmo_value_id x = find_shaped(g, transpose ? SHAPE_4_8 : SHAPE_8);
  vmo_operand operand = vmo_operand_value(x);
  vmo_emit_one(g, transpose ? VMO_OP_transpose : VMO_OP_broadcast, &operand, 1, element_of(g, x),
               transpose ? SHAPE_8_4 : SHAPE_4_8);
}

/* ---- reductions, scans, sorting ---- */

static void write_reduction(vmo_generator *g) {
  static const vmo_opcode codes[] = {VMO_OP_sum, VMO_OP_mean, VMO_OP_norm, VMO_OP_reduce_max, VMO_OP_reduce_min};
  vmo_value_id x = find_float_array(g);
  vmo_operand operand = vmo_operand_value(x);
  bool rows = vmo_generated_shape(g, x) == SHAPE_N4 && vmo_draw_chance(g, 70);
  vmo_emit_one(g, codes[vmo_draw(g, 5)], &operand, 1, element_of(g, x), rows ? SHAPE_N : SHAPE_SCALAR);
  if (rows) vmo_give_integer(g, "axis", 1);
}

static void write_search(vmo_generator *g) {
  bool of_mask = vmo_draw_chance(g, 30);
  vmo_value_id x = of_mask ? find(g, is_bool, 0, VMO_BOOL, SHAPE_N) : find_number_array(g);
  vmo_operand operand = vmo_operand_value(x);
  vmo_emit_one(g, of_mask ? VMO_OP_any : VMO_OP_argmax, &operand, 1, of_mask ? VMO_BOOL : VMO_I64, SHAPE_SCALAR);
}

static void write_scan(vmo_generator *g) {
  vmo_value_id x = find_number_array(g);
  vmo_operand operand = vmo_operand_value(x);
  vmo_emit_one(g, vmo_draw_chance(g, 70) ? VMO_OP_cumsum : VMO_OP_cumprod, &operand, 1, element_of(g, x),
               vmo_generated_shape(g, x));
}

static void write_rows(vmo_generator *g) {
  static const vmo_opcode codes[] = {VMO_OP_softmax, VMO_OP_normalize_sum, VMO_OP_layer_norm};
  vmo_value_id x = find_float_array(g);
  vmo_operand operand = vmo_operand_value(x);
  vmo_emit_one(g, codes[vmo_draw(g, 3)], &operand, 1, element_of(g, x), vmo_generated_shape(g, x));
}

static void write_sort(vmo_generator *g) {
  vmo_value_id x = find_number_array(g);
  vmo_operand operand = vmo_operand_value(x);
  bool values = vmo_draw_chance(g, 60);
  vmo_emit_one(g, values ? VMO_OP_sort : VMO_OP_argsort, &operand, 1, values ? element_of(g, x) : VMO_I64,
               vmo_generated_shape(g, x));
}

/* Two results: the elements, and how many count. */
static void write_selection(vmo_generator *g) {
  bool of_mask = vmo_draw_chance(g, 40);
  vmo_value_id x = of_mask ? vmo_need(g, VMO_BOOL, SHAPE_N) : find(g, is_number_vector, 0, vmo_draw_number(g), SHAPE_N);
  vmo_operand operand = vmo_operand_value(x);
  vmo_type_id types[2] = {vmo_find_type(g, of_mask ? VMO_I64 : element_of(g, x), vmo_generated_shape(g, x)),
                          vmo_find_type(g, VMO_I64, SHAPE_SCALAR)};
  vmo_emit(g, of_mask ? VMO_OP_where_index : VMO_OP_unique, VMO_NONE, &operand, 1, types, 2);
}

/* ---- matrices, indices, graphs ---- */

static void write_product(vmo_generator *g) {
  vmo_element element = vmo_draw_float(g);
  uint32_t kind = vmo_draw(g, 4);
  vmo_shape_id left = kind == 0 ? SHAPE_4_8 : kind == 1 ? SHAPE_4_4 : kind == 2 ? SHAPE_8_4 : SHAPE_N;
  vmo_shape_id right = kind == 0 ? SHAPE_8_4 : kind == 1 ? SHAPE_4_8 : kind == 2 ? SHAPE_4_4 : SHAPE_N;
  vmo_shape_id result = kind == 0 ? SHAPE_4_4 : kind == 1 ? SHAPE_4_8 : kind == 2 ? SHAPE_8_4 : SHAPE_SCALAR;
  vmo_operand operands[2];
  operands[0] = vmo_operand_value(vmo_need(g, element, left));
  operands[1] = vmo_operand_value(vmo_need(g, element, right));
  vmo_emit_one(g, kind == 3 ? VMO_OP_dot : VMO_OP_matmul, operands, 2, element, result);
}

static void write_attention(vmo_generator *g) {
  vmo_element element = vmo_draw_float(g);
  vmo_operand operands[3];
  for (int i = 0; i < 3; i++) operands[i] = vmo_operand_value(vmo_need(g, element, SHAPE_4_8));
  vmo_emit_one(g, VMO_OP_attention, operands, 3, element, SHAPE_4_8);
}

/* Numbers from 0 to 7, to index an array of 32. */
static vmo_operand make_indices(vmo_generator *g) {
  return vmo_operand_value(vmo_emit_one(g, VMO_OP_iota, NULL, 0, VMO_I64, SHAPE_8));
}

static void write_indexed(vmo_generator *g) {
  static const vmo_opcode codes[] = {VMO_OP_gather, VMO_OP_scatter, VMO_OP_scatter_add};
  vmo_value_id x = find_shaped(g, SHAPE_32);
  vmo_element element = element_of(g, x);
  uint32_t kind = vmo_draw(g, element == VMO_BOOL ? 2 : 3);
  vmo_operand operands[3] = {vmo_operand_value(x), make_indices(g)};
  if (kind > 0) operands[2] = vmo_operand_value(vmo_need(g, element, SHAPE_8));
  vmo_emit_one(g, codes[kind], operands, kind == 0 ? 2 : 3, element, kind == 0 ? SHAPE_8 : SHAPE_32);
}

static void write_histogram(vmo_generator *g) {
  vmo_operand operand = vmo_operand_value(find_number_array(g));
  vmo_emit_one(g, VMO_OP_histogram, &operand, 1, VMO_I64, SHAPE_8);
}

/* A graph without edges fits any N and E. */
static vmo_operand make_rows(vmo_generator *g) {
  vmo_operand zero = vmo_operand_integer(g, 0);
  return vmo_operand_value(vmo_emit_one(g, VMO_OP_fill, &zero, 1, VMO_I64, SHAPE_N1));
}

static void write_neighbors(vmo_generator *g) {
  static const vmo_opcode codes[] = {VMO_OP_neighbor_sum, VMO_OP_neighbor_mean, VMO_OP_neighbor_max};
  vmo_element element = vmo_draw_float(g);
  vmo_shape_id shape = vmo_draw_chance(g, 50) ? SHAPE_N : SHAPE_N4;
  vmo_operand operands[3];
  operands[0] = make_rows(g);
  operands[1] = vmo_operand_value(vmo_need(g, VMO_I32, SHAPE_E));
  operands[2] = vmo_operand_value(vmo_need(g, element, shape));
  vmo_emit_one(g, codes[vmo_draw(g, 3)], operands, 3, element, shape);
}

static void write_labels(vmo_generator *g) {
  vmo_operand operands[3];
  operands[0] = vmo_operand_value(vmo_need(g, VMO_I64, SHAPE_N));
  operands[1] = make_rows(g);
  operands[2] = vmo_operand_value(vmo_need(g, VMO_I32, SHAPE_E));
  vmo_emit_one(g, VMO_OP_label_propagate, operands, 3, VMO_I64, SHAPE_N);
}

static void write_segments(vmo_generator *g) {
  vmo_element element = vmo_draw_float(g);
  vmo_operand operands[2] = {make_rows(g)};
  if (vmo_draw_chance(g, 40)) {
    vmo_emit_one(g, VMO_OP_degree, operands, 1, element, SHAPE_N);
    return;
  }
  operands[1] = vmo_operand_value(vmo_need(g, element, SHAPE_E));
  vmo_emit_one(g, VMO_OP_segment_sum, operands, 2, element, SHAPE_N);
}

/* ---- the program's own ops ---- */

static void write_declared(vmo_generator *g) {
  uint32_t which = vmo_draw(g, GENERATOR_DECLARED);
  const vmo_declaration *declared = &g->module->declarations.data[which];
  uint32_t operand_count = declared->parameter_types.count, result_count = declared->result_types.count;
  vmo_shape_id shape = vmo_draw_chance(g, 50) ? SHAPE_N : SHAPE_32;
  vmo_operand operands[2];
  vmo_type_id types[2] = {vmo_find_type(g, VMO_F64, shape), vmo_find_type(g, VMO_F64, shape)};
  for (uint32_t i = 0; i < operand_count; i++) operands[i] = vmo_operand_value(vmo_need(g, VMO_F64, shape));
  vmo_emit(g, VMO_OP_declared, which, operands, operand_count, types, result_count);
}

/* ---- the choice ---- */

typedef struct op_kind {
  void (*write)(vmo_generator *g);
  uint32_t weight;
} op_kind;

static void write_one(vmo_generator *g, const op_kind *kinds, uint32_t count) {
  uint32_t total = 0, which = 0;
  for (uint32_t i = 0; i < count; i++) total += kinds[i].weight;
  uint32_t drawn = vmo_draw(g, total);
  while (drawn >= kinds[which].weight) drawn -= kinds[which++].weight;
  kinds[which].write(g);
}

void vmo_generate_body_op(vmo_generator *g) {
  static const op_kind kinds[] = {
      {write_unary, 10}, {write_binary, 24}, {write_comparison, 3}, {write_choice, 5},      {write_fused, 4},
      {write_cast, 4},   {write_logic, 2},   {write_copy, 2},       {write_reshape, 6},     {write_slice, 6},
      {write_concat, 3}, {write_pad, 3},     {write_shift, 6},      {write_arrangement, 5},
  };
  write_one(g, kinds, sizeof kinds / sizeof *kinds);
}

void vmo_generate_reduction(vmo_generator *g) {
  if (vmo_draw_chance(g, 80))
    write_reduction(g);
  else
    write_search(g);
}

void vmo_generate_op(vmo_generator *g) {
  static const op_kind kinds[] = {
      {write_unary, 14},  {write_binary, 24},   {write_comparison, 4}, {write_choice, 4},      {write_fused, 4},
      {write_cast, 4},    {write_logic, 2},     {write_copy, 4},       {write_reshape, 5},     {write_slice, 6},
      {write_split, 3},   {write_concat, 3},    {write_pad, 2},        {write_arrangement, 3}, {write_reduction, 5},
      {write_search, 2},  {write_scan, 3},      {write_rows, 3},       {write_sort, 2},        {write_selection, 2},
      {write_product, 4}, {write_attention, 1}, {write_indexed, 5},    {write_histogram, 1},   {write_neighbors, 3},
      {write_labels, 1},  {write_segments, 2},  {write_declared, 5},   {write_shift, 2},       {vmo_generate_body, 12},
  };
  write_one(g, kinds, sizeof kinds / sizeof *kinds);
}
