/* print.c: a module as text that parses back to the same module.
 *
 * Ops are printed in the order of their array. Where a region begins and ends is read off the regions themselves:
 * the printer walks from region to region by their parents and needs no stack. */
#include "ir/print_internal.h"

#include "support/real.h"

/* ---- small things ---- */

void vmo_print_symbol(const vmo_module *module, vmr_symbol symbol, vmo_text *out) {
  size_t length = 0;
  const char *name = vmr_interner_text(module->context->names, symbol, &length);
  vmo_text_add_bytes(out, name == NULL ? "?" : name, name == NULL ? 1 : length);
}

void vmo_print_value(const vmo_module *module, const vmo_function *function, vmo_value_id value, vmo_text *out) {
  vmo_text_add_char(out, '%');
  vmo_print_symbol(module, value < function->values.count ? function->values.data[value].name : 0, out);
}

void vmo_print_expression(const vmo_module *module, vmo_size_id size, vmo_text *out) {
  vmo_size_print(module->sizes, size, module->dims.data, module->context->names, out);
}

void vmo_print_type(const vmo_module *module, vmo_type_id type, vmo_text *out) {
  const vmo_type *printed = &module->types.data[type];
  vmo_text_add(out, vmo_element_name(printed->element));
  for (uint32_t i = 0; i < printed->rank; i++) {
    vmo_text_add_char(out, i == 0 ? '[' : ',');
    vmo_size_print_compact(module->sizes, module->shapes.data[printed->shape_first + i], module->dims.data,
                           module->context->names, out);
  }
  if (printed->rank > 0) vmo_text_add_char(out, ']');
  if (printed->space != 0) {
    vmo_text_add(out, " @");
    vmo_print_symbol(module, module->spaces.data[printed->space], out);
  }
  if (printed->alignment != 0) {
    vmo_text_add(out, " align ");
    vmo_text_add_integer(out, printed->alignment);
  }
}

void vmo_print_type_list(const vmo_module *module, const vmo_type_id *types, uint32_t count, vmo_text *out) {
  if (count > 1) vmo_text_add_char(out, '(');
  for (uint32_t i = 0; i < count; i++) {
    if (i > 0) vmo_text_add(out, ", ");
    vmo_print_type(module, types[i], out);
  }
  if (count > 1) vmo_text_add_char(out, ')');
}

static void print_literal(const vmo_literal *literal, vmo_text *out) {
  if (literal->kind == VMO_LITERAL_REAL)
    vmo_print_real(out, literal->value.real);
  else if (literal->kind == VMO_LITERAL_BOOL)
    vmo_text_add(out, literal->value.bits != 0 ? "true" : "false");
  else
    vmo_text_addf(out, "%s%llu", literal->negative ? "-" : "", (unsigned long long)literal->value.bits);
}

void vmo_print_operand(const vmo_module *module, const vmo_function *function, const vmo_operand *operand,
                       vmo_text *out) {
  if (operand->kind == VMO_OPERAND_VALUE)
    vmo_print_value(module, function, operand->index, out);
  else if (operand->kind == VMO_OPERAND_LITERAL)
    print_literal(&function->literals.data[operand->index], out);
  else
    vmo_print_expression(module, operand->index, out);
}

static void print_operands(const vmo_module *module, const vmo_function *function, const vmo_op *op, uint32_t from,
                           vmo_text *out) {
  for (uint32_t i = from; i < op->operand_count; i++) {
    if (i > from) vmo_text_add(out, ", ");
    vmo_print_operand(module, function, vmo_op_operands(function, op) + i, out);
  }
}

/* ---- ops ---- */

static void print_results(const vmo_module *module, const vmo_function *function, const vmo_op *op, vmo_text *out) {
  for (uint32_t i = 0; i < op->result_count; i++) {
    if (i > 0) vmo_text_add(out, ", ");
    vmo_print_value(module, function, op->result_first + i, out);
  }
  if (op->result_count > 0) vmo_text_add(out, " = ");
}

/* ` : f64, bool`, or ` -> (f64, bool)` of an op with regions. */
static void print_result_types(const vmo_module *module, const vmo_function *function, const vmo_op *op, bool arrow,
                               vmo_text *out) {
  if (op->result_count == 0) return;
  vmo_text_add(out, arrow ? " -> " : " : ");
  if (arrow && op->result_count > 1) vmo_text_add_char(out, '(');
  for (uint32_t i = 0; i < op->result_count; i++) {
    if (i > 0) vmo_text_add(out, ", ");
    vmo_print_type(module, function->values.data[op->result_first + i].type, out);
  }
  if (arrow && op->result_count > 1) vmo_text_add_char(out, ')');
}

/* ` carry (%x = %a, ...)`: arguments from `skipped` on, operands from `first_init` on. */
static void print_carry(const vmo_module *module, const vmo_function *function, const vmo_op *op, uint32_t first_init,
                        uint32_t skipped, vmo_text *out) {
  if (op->operand_count <= first_init || op->region_count == 0) return;
  const vmo_region *region = &function->regions.data[op->region_first];
  vmo_text_add(out, " carry (");
  for (uint32_t i = first_init; i < op->operand_count; i++) {
    if (i > first_init) vmo_text_add(out, ", ");
    uint32_t argument = i - first_init + skipped;
    vmo_print_value(module, function, argument < region->argument_count ? region->argument_first + argument : VMO_NONE,
                    out);
    vmo_text_add(out, " = ");
    vmo_print_operand(module, function, vmo_op_operands(function, op) + i, out);
  }
  vmo_text_add_char(out, ')');
}

static void print_for(const vmo_module *module, const vmo_function *function, const vmo_op *op, vmo_text *out) {
  const vmo_operand *operands = vmo_op_operands(function, op);
  bool has_index = op->region_count > 0 && function->regions.data[op->region_first].argument_count > 0;
  vmo_text_add(out, "for ");
  vmo_print_value(module, function, has_index ? function->regions.data[op->region_first].argument_first : VMO_NONE,
                  out);
  for (uint32_t i = 0; i < 2 && i < op->operand_count; i++) {
    vmo_text_add(out, i == 0 ? " = " : " to ");
    vmo_print_operand(module, function, &operands[i], out);
  }
  int64_t step = vmo_op_integer(module, function, op, "step", 1);
  if (step != 1) vmo_text_addf(out, " step %lld", (long long)step);
  print_carry(module, function, op, 2, 1, out);
}

static void print_call(const vmo_module *module, const vmo_function *function, const vmo_op *op, vmo_text *out) {
  vmo_text_add(out, "call @");
  vmo_print_symbol(module, op->callee < module->functions.count ? module->functions.data[op->callee]->name : 0, out);
  vmo_text_add_char(out, '(');
  print_operands(module, function, op, 0, out);
  vmo_text_add_char(out, ')');
}

static void print_return(const vmo_module *module, const vmo_function *function, const vmo_op *op, vmo_text *out) {
  vmo_text_add(out, "return");
  for (uint32_t i = 0; i < op->operand_count; i++) {
    vmo_text_add(out, i == 0 ? " " : ", ");
    if (i >= function->result_types.count) vmo_text_add(out, "state ");
    vmo_print_operand(module, function, vmo_op_operands(function, op) + i, out);
  }
}

static void print_plain(const vmo_module *module, const vmo_function *function, const vmo_op *op, vmo_text *out) {
  if (op->code == VMO_OP_declared) {
    vmo_text_add_char(out, '@');
    vmo_print_symbol(module, op->callee < module->declarations.count ? module->declarations.data[op->callee].name : 0,
                     out);
  } else {
    vmo_text_add(out, vmo_op_get_info((vmo_opcode)op->code)->name);
  }
  if (op->operand_count > 0) vmo_text_add_char(out, ' ');
  print_operands(module, function, op, 0, out);
}

void vmo_print_op(const vmo_module *module, const vmo_function *function, uint32_t index, vmo_text *out) {
  const vmo_op *op = &function->ops.data[index];
  bool structured =
      op->code == VMO_OP_for || op->code == VMO_OP_while || op->code == VMO_OP_if || op->code == VMO_OP_parallel;
  print_results(module, function, op, out);
  switch (op->code) {
  case VMO_OP_for: print_for(module, function, op, out); break;
  case VMO_OP_while:
    vmo_text_add(out, "while");
    print_carry(module, function, op, 0, 0, out);
    break;
  case VMO_OP_call: print_call(module, function, op, out); break;
  case VMO_OP_return: print_return(module, function, op, out); break;
  default: print_plain(module, function, op, out);
  }
  if (!structured) vmo_print_braces(module, function, index, out);
  print_result_types(module, function, op, structured, out);
}

/* ---- regions ---- */

static void start_line(vmo_text *out, uint32_t indentation) { vmo_text_add_repeat(out, ' ', 2 * (size_t)indentation); }

/* What stands before a region's first op. */
static void open_region(const vmo_region *region, bool is_first, uint32_t *indentation, vmo_text *out) {
  if (region->kind == VMO_REGION_STREAM) {
    if (is_first) {
      vmo_text_add(out, " {\n");
      ++*indentation;
    }
    start_line(out, *indentation);
    vmo_text_add(out, "stream {\n");
  } else if (is_first) {
    vmo_text_add(out, " {\n");
  } else {
    vmo_text_add(out, region->kind == VMO_REGION_DO ? " do {\n" : " else {\n");
  }
  ++*indentation;
}

/* What stands after a region's last op. */
static void close_region(const vmo_region *region, bool is_last, uint32_t *indentation, vmo_text *out) {
  --*indentation;
  start_line(out, *indentation);
  vmo_text_add_char(out, '}');
  if (region->kind == VMO_REGION_STREAM) vmo_text_add_char(out, '\n');
  if (!is_last) return;
  if (region->kind == VMO_REGION_STREAM) {
    --*indentation;
    start_line(out, *indentation);
    vmo_text_add_char(out, '}');
  }
  vmo_text_add_char(out, '\n');
}

/* Closes all regions that end before op `next`, and opens the next regions of their ops. Returns the innermost open
 * region, or VMO_NONE behind the body. */
static vmo_region_id leave_regions(const vmo_function *function, vmo_region_id current, uint32_t next,
                                   uint32_t *indentation, vmo_text *out) {
  while (current != 0 && function->regions.data[current].op_end <= next) {
    const vmo_region *region = &function->regions.data[current];
    const vmo_op *owner = &function->ops.data[region->owner];
    bool is_last = current + 1 >= owner->region_first + owner->region_count;
    close_region(region, is_last, indentation, out);
    current = is_last ? region->parent : current + 1;
    if (!is_last) open_region(&function->regions.data[current], false, indentation, out);
  }
  return current;
}

static void print_body(const vmo_module *module, const vmo_function *function, vmo_text *out) {
  uint32_t indentation = 1;
  vmo_region_id current = 0;
  for (uint32_t i = 0; i < function->ops.count; i++) {
    const vmo_op *op = &function->ops.data[i];
    start_line(out, indentation);
    vmo_print_op(module, function, i, out);
    if (op->region_count > 0) {
      current = op->region_first;
      open_region(&function->regions.data[current], true, &indentation, out);
    } else if (op->code == VMO_OP_parallel) {
      vmo_text_add(out, " {\n");
      start_line(out, indentation);
      vmo_text_add(out, "}\n");
    } else {
      vmo_text_add_char(out, '\n');
    }
    current = leave_regions(function, current, i + 1, &indentation, out);
  }
}

/* ---- functions ---- */

static void print_parameter(const vmo_module *module, const vmo_function *function, vmo_value_id value, vmo_text *out) {
  const vmo_parameter *parameter = &function->parameters.data[value];
  if (parameter->state) vmo_text_add(out, "state ");
  vmo_print_value(module, function, value, out);
  vmo_text_add(out, ": ");
  vmo_print_type(module, function->values.data[value].type, out);
  if (parameter->donate) vmo_text_add(out, " donate");
  if (parameter->offset >= 0) {
    vmo_text_add(out, " offset ");
    vmo_text_add_integer(out, parameter->offset);
  }
  vmo_print_parameter_plan(module, function, value, out);
}

void vmo_print_function(const vmo_module *module, const vmo_function *function, vmo_text *out) {
  vmo_text_add(out, "func @");
  vmo_print_symbol(module, function->name, out);
  vmo_text_add_char(out, '(');
  for (uint32_t i = 0; i < function->parameters.count; i++) {
    if (i > 0) vmo_text_add(out, ", ");
    print_parameter(module, function, i, out);
  }
  vmo_text_add_char(out, ')');
  if (function->result_types.count > 0) {
    vmo_text_add(out, " -> ");
    vmo_print_type_list(module, function->result_types.data, function->result_types.count, out);
  }
  vmo_print_plan(module, function, out);
  vmo_text_add(out, " {\n");
  print_body(module, function, out);
  vmo_text_add(out, "}\n");
}

/* ---- the module ---- */

static bool print_dims(const vmo_module *module, vmo_text *out) {
  bool any = false;
  for (uint32_t i = 0; i < module->dims.count; i++) {
    const vmo_dim *dim = &module->dims.data[i];
    if (dim->kind == VMO_DIM_LOCAL) continue;
    vmo_text_add(out, "dim ");
    vmo_print_symbol(module, dim->name, out);
    if (dim->kind != VMO_DIM_FREE) {
      vmo_text_add(out, dim->kind == VMO_DIM_FIXED ? " = " : " <= ");
      vmo_text_add_integer(out, dim->limit);
    }
    vmo_text_add_char(out, '\n');
    any = true;
  }
  return any;
}

/* `inplace = [0, 2], workspace = 16*n, effect = true`, as far as it applies. */
static void print_facts(const vmo_module *module, const vmo_declaration *declaration, vmo_text *out) {
  const char *before = " {";
  if (declaration->inplace != 0) {
    vmo_text_add(out, " {inplace = ");
    before = "[";
    for (int i = 0; i < 64; i++) {
      if ((declaration->inplace >> i & 1) == 0) continue;
      vmo_text_add(out, before);
      vmo_text_add_integer(out, i);
      before = ", ";
    }
    vmo_text_add_char(out, ']');
  }
  int64_t bytes = 0;
  if (!vmo_size_is_constant(module->sizes, declaration->workspace, &bytes) || bytes != 0) {
    vmo_text_add(out, before);
    vmo_text_add(out, "workspace = ");
    vmo_print_expression(module, declaration->workspace, out);
    before = ", ";
  }
  if (declaration->effect) {
    vmo_text_add(out, before);
    vmo_text_add(out, "effect = true");
    before = ", ";
  }
  if (before[0] == ',') vmo_text_add_char(out, '}');
}

static void print_declaration(const vmo_module *module, const vmo_declaration *declaration, vmo_text *out) {
  vmo_text_add(out, "op @");
  vmo_print_symbol(module, declaration->name, out);
  vmo_text_add_char(out, '(');
  for (uint32_t i = 0; i < declaration->parameter_types.count; i++) {
    if (i > 0) vmo_text_add(out, ", ");
    vmo_text_add_char(out, '%');
    vmo_print_symbol(module, declaration->parameter_names.data[i], out);
    vmo_text_add(out, ": ");
    vmo_print_type(module, declaration->parameter_types.data[i], out);
  }
  vmo_text_add_char(out, ')');
  if (declaration->result_types.count > 0) {
    vmo_text_add(out, " -> ");
    vmo_print_type_list(module, declaration->result_types.data, declaration->result_types.count, out);
  }
  print_facts(module, declaration, out);
  if (declaration->body != NULL) {
    vmo_text_add(out, " do {\n");
    print_body(module, declaration->body, out);
    vmo_text_add_char(out, '}');
  }
  vmo_text_add_char(out, '\n');
}

void vmo_print_module(const vmo_module *module, vmo_text *out) {
  bool any = print_dims(module, out);
  for (uint32_t i = 0; i < module->declarations.count; i++) {
    if (i == 0 && any) vmo_text_add_char(out, '\n');
    print_declaration(module, &module->declarations.data[i], out);
    any = true;
  }
  for (uint32_t i = 0; i < module->functions.count; i++) {
    if (any) vmo_text_add_char(out, '\n');
    vmo_print_function(module, module->functions.data[i], out);
    any = true;
  }
}
