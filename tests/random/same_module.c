/* same_module.c: see same_module.h. */
#include "tests/random/same_module.h"

#include <string.h>

typedef struct pair {
  const vmo_module *modules[2];
  const vmo_function *functions[2];
} pair;

#define EACH(pair, member) (pair)->functions[0]->member, (pair)->functions[1]->member

static bool same_name(const pair *p, vmr_symbol left, vmr_symbol right) {
  return strcmp(vmo_name(p->modules[0], left), vmo_name(p->modules[1], right)) == 0;
}

static bool same_text(vmo_text *left, vmo_text *right) {
  bool same = left->count == right->count && (left->count == 0 || memcmp(left->data, right->data, left->count) == 0);
  vmo_text_free(left);
  vmo_text_free(right);
  return same;
}

static bool same_type(const pair *p, vmo_type_id left, vmo_type_id right) {
  vmo_text texts[2];
  for (int i = 0; i < 2; i++) {
    vmo_text_init(&texts[i]);
    vmo_print_type(p->modules[i], i == 0 ? left : right, &texts[i]);
  }
  return same_text(&texts[0], &texts[1]);
}

static bool same_size(const pair *p, vmo_size_id left, vmo_size_id right) {
  vmo_text texts[2];
  if (left == VMO_NONE || right == VMO_NONE) return left == right;
  for (int i = 0; i < 2; i++) {
    vmo_text_init(&texts[i]);
    vmo_size_print(p->modules[i]->sizes, i == 0 ? left : right, p->modules[i]->dims.data, p->modules[i]->context->names,
                   &texts[i]);
  }
  return same_text(&texts[0], &texts[1]);
}

static bool same_reals(double left, double right) { return left == right || (left != left && right != right); }

static const char *compare_ops(const pair *p) {
  for (uint32_t i = 0; i < p->functions[0]->ops.count; i++) {
    const vmo_op *a = &p->functions[0]->ops.data[i], *b = &p->functions[1]->ops.data[i];
    if (a->code != b->code || a->region != b->region || a->callee != b->callee) return "an op";
    if (a->operand_first != b->operand_first || a->operand_count != b->operand_count) return "an op's operands";
    if (a->result_count != b->result_count || (a->result_count > 0 && a->result_first != b->result_first))
      return "an op's results";
    if (a->region_count != b->region_count || (a->region_count > 0 && a->region_first != b->region_first))
      return "an op's regions";
    if (a->attribute_count != b->attribute_count ||
        (a->attribute_count > 0 && a->attribute_first != b->attribute_first))
      return "an op's attributes";
  }
  return NULL;
}

/* Literals by what they are: they may have been made in another order than they are used in. */
static bool same_literal(const pair *p, uint32_t left, uint32_t right) {
  const vmo_literal *a = &p->functions[0]->literals.data[left], *b = &p->functions[1]->literals.data[right];
  if (a->kind != b->kind || a->element != b->element || a->negative != b->negative) return false;
  return a->kind == VMO_LITERAL_REAL ? same_reals(a->value.real, b->value.real) : a->value.bits == b->value.bits;
}

static bool same_operand(const pair *p, const vmo_operand *a, const vmo_operand *b) {
  if (a->kind != b->kind) return false;
  if (a->kind == VMO_OPERAND_LITERAL) return same_literal(p, a->index, b->index);
  return a->kind == VMO_OPERAND_SIZE ? same_size(p, a->index, b->index) : a->index == b->index;
}

static const char *compare_operands(const pair *p) {
  for (uint32_t i = 0; i < p->functions[0]->operands.count; i++)
    if (!same_operand(p, &p->functions[0]->operands.data[i], &p->functions[1]->operands.data[i])) return "an operand";
  return NULL;
}

static const char *compare_values(const pair *p) {
  for (uint32_t i = 0; i < p->functions[0]->values.count; i++) {
    const vmo_value *a = &p->functions[0]->values.data[i], *b = &p->functions[1]->values.data[i];
    if (a->kind != b->kind || a->owner != b->owner || a->position != b->position) return "a value";
    if (!same_name(p, a->name, b->name)) return "a value's name";
    if (!same_type(p, a->type, b->type)) return "a value's type";
  }
  for (uint32_t i = 0; i < p->functions[0]->parameters.count; i++) {
    const vmo_parameter *a = &p->functions[0]->parameters.data[i], *b = &p->functions[1]->parameters.data[i];
    if (a->donate != b->donate || a->state != b->state || a->offset != b->offset) return "a parameter";
  }
  for (uint32_t i = 0; i < p->functions[0]->result_types.count; i++)
    if (!same_type(p, EACH(p, result_types.data[i]))) return "a result type";
  return NULL;
}

static const char *compare_regions(const pair *p) {
  for (uint32_t i = 0; i < p->functions[0]->regions.count; i++) {
    const vmo_region *a = &p->functions[0]->regions.data[i], *b = &p->functions[1]->regions.data[i];
    if (a->kind != b->kind || a->owner != b->owner || a->parent != b->parent || a->depth != b->depth) return "a region";
    if (a->op_first != b->op_first || a->op_end != b->op_end) return "a region's ops";
    if (a->argument_count != b->argument_count || (a->argument_count > 0 && a->argument_first != b->argument_first))
      return "a region's arguments";
  }
  return NULL;
}

static bool same_item(const pair *p, const vmo_attribute_item *a, const vmo_attribute_item *b) {
  if (a->kind != b->kind) return false;
  switch (a->kind) {
  case VMO_ATTRIBUTE_INTEGER:
  case VMO_ATTRIBUTE_BOOL: return a->value.integer == b->value.integer;
  case VMO_ATTRIBUTE_REAL: return same_reals(a->value.real, b->value.real);
  case VMO_ATTRIBUTE_SIZE: return same_size(p, a->value.id, b->value.id);
  case VMO_ATTRIBUTE_VALUE: return a->value.id == b->value.id;
  default: return same_name(p, a->value.id, b->value.id);
  }
}

static const char *compare_attributes(const pair *p) {
  for (uint32_t i = 0; i < p->functions[0]->attributes.count; i++) {
    const vmo_attribute *a = &p->functions[0]->attributes.data[i], *b = &p->functions[1]->attributes.data[i];
    if (!same_name(p, a->name, b->name) || a->is_list != b->is_list || a->item_first != b->item_first ||
        a->item_count != b->item_count)
      return "an attribute";
  }
  for (uint32_t i = 0; i < p->functions[0]->items.count; i++)
    if (!same_item(p, &p->functions[0]->items.data[i], &p->functions[1]->items.data[i])) return "an attribute's value";
  return NULL;
}

static const char *compare_plans(const pair *p) {
  const vmo_plan *a = p->functions[0]->plan, *b = p->functions[1]->plan;
  if (a == NULL || b == NULL) return a == b ? NULL : "whether there is a plan";
  if (a->alignment != b->alignment || a->results_in_caller != b->results_in_caller ||
      a->value_count != b->value_count || a->op_count != b->op_count || a->arena_count != b->arena_count)
    return "a plan";
  for (uint32_t i = 0; i < a->value_count; i++) {
    const vmo_value_plan *x = &a->values[i], *y = &b->values[i];
    if (x->slot != y->slot || x->over != y->over || x->result != y->result || !same_size(p, x->offset, y->offset))
      return "where a value is";
  }
  for (uint32_t i = 0; i < a->op_count; i++) {
    const vmo_op_plan *x = &a->ops[i], *y = &b->ops[i];
    if (x->op != y->op || x->callee_count != y->callee_count || !same_size(p, x->workspace_offset, y->workspace_offset))
      return "an op's plan";
    for (uint32_t j = 0; j < x->callee_count; j++)
      if (!same_size(p, a->callee_offsets[x->callee_first + j], b->callee_offsets[y->callee_first + j]))
        return "where a callee's arena is";
  }
  for (uint32_t i = 0; i < a->arena_count; i++)
    if (a->arenas[i].space != b->arenas[i].space || !same_size(p, a->arenas[i].bytes, b->arenas[i].bytes) ||
        !same_size(p, a->arenas[i].call_bytes, b->arenas[i].call_bytes))
      return "an arena";
  return NULL;
}

static const char *compare_counts(const pair *p) {
  const vmo_function *a = p->functions[0], *b = p->functions[1];
  if (!same_name(p, a->name, b->name)) return "a function's name";
  bool same = a->ops.count == b->ops.count && a->operands.count == b->operands.count &&
              a->values.count == b->values.count && a->regions.count == b->regions.count &&
              a->attributes.count == b->attributes.count && a->items.count == b->items.count &&
              a->parameters.count == b->parameters.count && a->result_types.count == b->result_types.count;
  return same ? NULL : "the length of a function's arrays";
}

static const char *compare_functions(const pair *p) {
  static const char *(*const parts[])(const pair *p) = {compare_counts, compare_ops,     compare_operands,
                                                        compare_values, compare_regions, compare_attributes,
                                                        compare_plans};
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
    const char *difference = parts[i](p);
    if (difference != NULL) return difference;
  }
  return NULL;
}

static const char *compare_declarations(const pair *p, uint32_t which) {
  const vmo_declaration *a = &p->modules[0]->declarations.data[which], *b = &p->modules[1]->declarations.data[which];
  if (!same_name(p, a->name, b->name) || a->inplace != b->inplace || a->effect != b->effect ||
      a->parameter_types.count != b->parameter_types.count || a->result_types.count != b->result_types.count ||
      !same_size(p, a->workspace, b->workspace))
    return "a declaration";
  for (uint32_t i = 0; i < a->parameter_types.count; i++)
    if (!same_type(p, a->parameter_types.data[i], b->parameter_types.data[i])) return "a declared operand";
  for (uint32_t i = 0; i < a->result_types.count; i++)
    if (!same_type(p, a->result_types.data[i], b->result_types.data[i])) return "a declared result";
  return NULL;
}

static const char *compare_dims(const pair *p) {
  if (p->modules[0]->dims.count != p->modules[1]->dims.count) return "the number of dims";
  for (uint32_t i = 0; i < p->modules[0]->dims.count; i++) {
    const vmo_dim *a = &p->modules[0]->dims.data[i], *b = &p->modules[1]->dims.data[i];
    if (!same_name(p, a->name, b->name) || a->kind != b->kind || a->limit != b->limit) return "a dim";
  }
  return NULL;
}

static const char *compare_bodies(pair *p, uint32_t which) {
  for (int i = 0; i < 2; i++) p->functions[i] = p->modules[i]->declarations.data[which].body;
  if (p->functions[0] == NULL || p->functions[1] == NULL)
    return p->functions[0] == p->functions[1] ? NULL : "whether there is a body";
  return compare_functions(p);
}

const char *vmo_find_difference(const vmo_module *left, const vmo_module *right) {
  pair p = {{left, right}, {NULL, NULL}};
  const char *difference = compare_dims(&p);
  if (difference != NULL) return difference;
  if (left->declarations.count != right->declarations.count || left->functions.count != right->functions.count)
    return "the number of declarations or functions";
  for (uint32_t i = 0; i < left->declarations.count && difference == NULL; i++) {
    difference = compare_declarations(&p, i);
    if (difference == NULL) difference = compare_bodies(&p, i);
  }
  for (uint32_t i = 0; i < left->functions.count && difference == NULL; i++) {
    p.functions[0] = left->functions.data[i];
    p.functions[1] = right->functions.data[i];
    difference = compare_functions(&p);
  }
  return difference;
}
