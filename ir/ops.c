/* ops.c: facts of ops, read off the table ops.def.
 *
 * A row becomes one constant vmo_op_row. All questions are answered in constant time, but for vmo_op_find, which looks
 * through the rows: a parser asks once per name. */
#include "ir/ops.h"

#include <string.h>

/* IN and OUT of a row become three columns: the least and the largest count, and the texts joined by ", ". */
#define COUNT(...) (uint32_t)(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))
#define PICK(one, two, three, four, five, name, ...) name
#define JOIN(...) PICK(__VA_ARGS__, JOIN_5, JOIN_4, JOIN_3, JOIN_2, JOIN_1, )(__VA_ARGS__)
#define JOIN_1(a) a
#define JOIN_2(a, b) a ", " b
#define JOIN_3(a, b, c) a ", " b ", " c
#define JOIN_4(a, b, c, d) a ", " b ", " c ", " d
#define JOIN_5(a, b, c, d, e) a ", " b ", " c ", " d ", " e
#define FIRST(a, b, c) a
#define SECOND(a, b, c) b
#define THIRD(a, b, c) c

#define IN(...) COUNT(__VA_ARGS__), COUNT(__VA_ARGS__), JOIN(__VA_ARGS__)
#define IN_OPTIONAL(optional, ...) COUNT(__VA_ARGS__) - (optional), COUNT(__VA_ARGS__), JOIN(__VA_ARGS__)
#define IN_AT_LEAST(count, ...) count, VMO_NONE, JOIN(__VA_ARGS__)
#define IN_MANY(text) 1, VMO_NONE, text
#define IN_ANY(text) 0, VMO_NONE, text
#define IN_NONE 0, 0, ""
#define OUT(...) IN(__VA_ARGS__)
#define OUT_MANY(text) IN_MANY(text)
#define OUT_ANY(text) IN_ANY(text)
#define OUT_NONE IN_NONE

#define EVERY_OPERAND UINT64_MAX
#define BYTES_FRESH .overwrite = VMO_OVERWRITE_NEVER, .bytes = "its own"
#define BYTES_OVER_ANY \
  .overwrite = VMO_OVERWRITE_SAME_INDEX, .inplace = EVERY_OPERAND, .bytes = "its own, or any operand's"
#define BYTES_OVER_FIRST .overwrite = VMO_OVERWRITE_SAME_INDEX, .inplace = 1, .bytes = "its own, or operand 0's"
#define BYTES_DESTINATION \
  .overwrite = VMO_OVERWRITE_DESTINATION, .inplace = 1, .bytes = "operand 0's, or a copy of them"
#define BYTES_VIEW .overwrite = VMO_OVERWRITE_NEVER, .view = true, .bytes = "a view of operand 0 where contiguous"
#define BYTES_CONTROL .overwrite = VMO_OVERWRITE_NEVER, .bytes = "those of what is inside or called"
#define BYTES_DECLARED .overwrite = VMO_OVERWRITE_NEVER, .bytes = "as declared" /* see vmo_op_may_overwrite */

#define WORKSPACE_NONE "none"
#define WORKSPACE_SCORES "one score for each key"
#define WORKSPACE_DECLARED "as declared"

#define EFFECT_PURE .effect = false
#define EFFECT_KEPT .effect = true
#define EFFECT_ENDS .effect = true, .terminator = true

#define X(rule, words) static const char words_##rule[] = words;
VMO_RULES(X)
#undef X

static const vmo_op_row rows[] = {
#define VMO_OP(op_name, text, op_category, in, attribute_text, out, op_rule, bytes, workspace_rule, effect_word, \
               kernel_text, summary_text) \
  {.info = {.name = text, \
            .category = VMO_CATEGORY_##op_category, \
            .operand_min = FIRST(in), \
            .operand_max = SECOND(in), \
            .result_min = FIRST(out), \
            .result_max = SECOND(out), \
            .operands = THIRD(in), \
            .attributes = attribute_text, \
            .results = THIRD(out), \
            .result = words_##op_rule, \
            BYTES_##bytes, \
            EFFECT_##effect_word, \
            .workspace = WORKSPACE_##workspace_rule, \
            .kernel = kernel_text, \
            .summary = summary_text}, \
   .row_name = #op_name, \
   .rule = VMO_RULE_##op_rule, \
   .workspace = VMO_WORKSPACE_##workspace_rule},
#include "ir/ops.def"
#undef VMO_OP
};

const vmo_op_row *vmo_op_get_row(vmo_opcode code) { return &rows[code]; }

const vmo_op_info *vmo_op_get_info(vmo_opcode code) { return &rows[code].info; }

const char *vmo_op_category_name(vmo_op_category category) {
  static const char *const names[] = {
      [VMO_CATEGORY_ELEMENTWISE] = "elementwise",
      [VMO_CATEGORY_CREATION] = "creation",
      [VMO_CATEGORY_SHAPE] = "shape",
      [VMO_CATEGORY_REDUCTION] = "reduction",
      [VMO_CATEGORY_SCAN] = "scan",
      [VMO_CATEGORY_SORT] = "sort",
      [VMO_CATEGORY_LINEAR_ALGEBRA] = "linear algebra",
      [VMO_CATEGORY_INDEXED] = "indexed",
      [VMO_CATEGORY_GRAPH] = "graph",
      [VMO_CATEGORY_NEURAL] = "neural network",
      [VMO_CATEGORY_CONTROL] = "control",
  };
  return names[category];
}

/* ---- by name ---- */

static bool takes(const vmo_op_info *info, uint32_t operand_count) {
  return operand_count >= info->operand_min && operand_count <= info->operand_max;
}

vmo_opcode vmo_op_find_with(const char *name, uint32_t operand_count) {
  vmo_opcode found = VMO_OPCODE_COUNT;
  for (int code = 0; code < VMO_OPCODE_COUNT; code++) {
    const vmo_op_info *info = &rows[code].info;
    if (info->name[0] != name[0] || strcmp(info->name, name) != 0) continue;
    if (takes(info, operand_count)) return (vmo_opcode)code;
    if (found == VMO_OPCODE_COUNT) found = (vmo_opcode)code;
  }
  return found;
}

vmo_opcode vmo_op_find(const char *name) { return vmo_op_find_with(name, VMO_NONE - 1); }

/* ---- bytes ---- */

bool vmo_op_may_overwrite(const vmo_module *module, const vmo_function *function, const vmo_op *op, uint32_t operand) {
  if (operand >= op->operand_count || vmo_op_value(function, op, operand) == VMO_NONE) return false;
  if (operand >= 64) return false;
  uint64_t inplace =
      op->code == VMO_OP_declared ? module->declarations.data[op->callee].inplace : rows[op->code].info.inplace;
  return inplace >> operand & 1;
}

bool vmo_op_reads_same_index(const vmo_module *module, const vmo_function *function, const vmo_op *op,
                             uint32_t operand) {
  if (vmo_op_is_destination(op) || op->result_count == 0) return false;
  if (!vmo_op_may_overwrite(module, function, op, operand)) return false;
  const vmo_type *read = vmo_value_type(module, function, vmo_op_value(function, op, operand));
  for (uint32_t i = 0; i < op->result_count; i++)
    if (vmo_value_type(module, function, op->result_first + i)->count == read->count) return true;
  return false;
}

bool vmo_op_is_destination(const vmo_op *op) { return rows[op->code].info.overwrite == VMO_OVERWRITE_DESTINATION; }

bool vmo_op_has_effect(const vmo_module *module, const vmo_op *op) {
  if (op->code == VMO_OP_declared) return module->declarations.data[op->callee].effect;
  return rows[op->code].info.effect;
}
