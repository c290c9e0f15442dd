/* verify_structure.c: the shape of a function: regions nest and end with their terminators, values are defined before
 * they are used.
 *
 * Ops lie in program order and regions are ranges of them, so one walk checks the nesting, and visibility is a
 * comparison of positions: a result is visible after its op's last region, up to the end of the region the op stands
 * in. What a text says wrong is told in its own words; what only a program that builds a module can get wrong is
 * "malformed". Linear. */
#include "ir/verify.h"

/* ---- regions ---- */

static bool fail_malformed(vmo_check *check, uint32_t op, const char *what) {
  const vmo_function *function = check->function;
  vmo_location location = op < function->ops.count ? function->ops.data[op].location : function->location;
  return vmo_fail_at(check, VMO_DIAG_MALFORMED, location, NULL, "@%s is malformed at op %u: %s",
                     vmo_name(check->module, function->name), op, what);
}

static vmo_opcode terminator_of(vmo_region_kind kind) {
  if (kind == VMO_REGION_BODY) return VMO_OP_return;
  return kind == VMO_REGION_CONDITION ? VMO_OP_condition : VMO_OP_yield;
}

static const char *region_words(vmo_region_kind kind) {
  static const char *const words[] = {
      [VMO_REGION_BODY] = "the function's body",
      [VMO_REGION_FOR] = "the body of 'for'",
      [VMO_REGION_CONDITION] = "the first part of 'while'",
      [VMO_REGION_DO] = "the `do` part of 'while'",
      [VMO_REGION_THEN] = "the first branch of 'if'",
      [VMO_REGION_ELSE] = "the `else` branch of 'if'",
      [VMO_REGION_STREAM] = "a stream of 'parallel'",
  };
  return words[kind];
}

static bool check_region_count(vmo_check *check, uint32_t index, const vmo_op *op) {
  uint32_t least = 0, most = 0;
  if (op->code == VMO_OP_for) least = most = 1;
  if (op->code == VMO_OP_while) least = most = 2;
  if (op->code == VMO_OP_if) least = 1, most = 2;
  if (op->code == VMO_OP_parallel) least = 1, most = UINT32_MAX;
  if (op->region_count >= least && op->region_count <= most) return true;
  if (op->code == VMO_OP_parallel)
    return vmo_fail_at(check, VMO_DIAG_STREAMS, op->location, "write `stream { ... yield }`",
                       "'parallel' has no stream");
  return fail_malformed(check, index, "it has not as many regions as its kind");
}

static vmo_region_kind wanted_kind(const vmo_op *op, uint32_t number) {
  if (op->code == VMO_OP_for) return VMO_REGION_FOR;
  if (op->code == VMO_OP_while) return number == 0 ? VMO_REGION_CONDITION : VMO_REGION_DO;
  if (op->code == VMO_OP_if) return number == 0 ? VMO_REGION_THEN : VMO_REGION_ELSE;
  return VMO_REGION_STREAM;
}

/* Region `number` of op `index` begins at op `first` and ends within its parent, with the right terminator. */
static bool check_region(vmo_check *check, uint32_t index, uint32_t number, uint32_t first) {
  const vmo_function *function = check->function;
  const vmo_op *op = &function->ops.data[index];
  const vmo_region *region = &function->regions.data[op->region_first + number];
  const vmo_region *parent = &function->regions.data[op->region];
  if (region->owner != index || region->parent != op->region || region->depth != parent->depth + 1 ||
      region->kind != wanted_kind(op, number))
    return fail_malformed(check, index, "a region does not know its owner, parent, depth or kind");
  if (region->op_first != first || region->op_end < first || region->op_end > parent->op_end)
    return fail_malformed(check, index, "a region is not where its op is");
  if (region->depth <= VMO_MAX_NESTING) return true;
  return vmo_fail_at(check, VMO_DIAG_NESTING, op->location, "put the inner part into a function of its own",
                     "regions are nested more than %d deep", VMO_MAX_NESTING);
}

static bool check_terminator(vmo_check *check, const vmo_region *region) {
  const vmo_function *function = check->function;
  vmo_opcode wanted = terminator_of(region->kind);
  const char *word = vmo_op_get_info(wanted)->name;
  if (region->op_end > region->op_first && function->ops.data[region->op_end - 1].code == wanted) return true;
  bool is_other = region->op_end > region->op_first &&
                  vmo_op_get_info((vmo_opcode)function->ops.data[region->op_end - 1].code)->terminator;
  vmo_location location = region->op_end > region->op_first ? function->ops.data[region->op_end - 1].location
                          : region->owner == VMO_NONE       ? function->location
                                                            : function->ops.data[region->owner].location;
  const char *hint = vmo_hint_text(check, "its last op must be `%s`", word);
  if (is_other)
    return vmo_fail_at(check, VMO_DIAG_WRONG_TERMINATOR, location, hint, "'%s' cannot end %s",
                       vmo_op_get_info((vmo_opcode)function->ops.data[region->op_end - 1].code)->name,
                       region_words(region->kind));
  return vmo_fail_at(check, VMO_DIAG_MISSING_TERMINATOR, location, hint, "%s does not end with `%s`",
                     region_words(region->kind), word);
}

/* ---- ids ---- */

static bool is_range(uint32_t first, uint32_t count, uint32_t all) { return first <= all && count <= all - first; }

static bool check_callee(vmo_check *check, uint32_t index, const vmo_op *op) {
  const vmo_module *module = check->module;
  uint32_t count = op->code == VMO_OP_call       ? module->functions.count
                   : op->code == VMO_OP_declared ? module->declarations.count
                                                 : 0;
  if (count == 0 ? op->callee == VMO_NONE : op->callee < count) return true;
  return fail_malformed(check, index, "its callee does not exist");
}

static bool check_ids(vmo_check *check, uint32_t index) {
  const vmo_function *function = check->function;
  const vmo_op *op = &function->ops.data[index];
  if (op->code >= VMO_OPCODE_COUNT) return fail_malformed(check, index, "there is no such op");
  if (!is_range(op->operand_first, op->operand_count, function->operands.count) ||
      !is_range(op->result_first, op->result_count, function->values.count) ||
      !is_range(op->attribute_first, op->attribute_count, function->attributes.count) ||
      !is_range(op->region_first, op->region_count, function->regions.count))
    return fail_malformed(check, index, "its operands, results, attributes or regions do not exist");
  for (uint32_t i = 0; i < op->result_count; i++) {
    const vmo_value *value = &function->values.data[op->result_first + i];
    if (value->kind != VMO_VALUE_RESULT || value->owner != index || value->position != i)
      return fail_malformed(check, index, "a result does not know its op");
  }
  return check_callee(check, index, op) && check_region_count(check, index, op);
}

static bool check_arguments(vmo_check *check, uint32_t id) {
  const vmo_function *function = check->function;
  const vmo_region *region = &function->regions.data[id];
  if (!is_range(region->argument_first, region->argument_count, function->values.count))
    return fail_malformed(check, region->owner, "a region's arguments do not exist");
  for (uint32_t i = 0; i < region->argument_count; i++) {
    const vmo_value *value = &function->values.data[region->argument_first + i];
    if (value->kind != VMO_VALUE_ARGUMENT || value->owner != id || value->position != i)
      return fail_malformed(check, region->owner, "an argument does not know its region");
  }
  return true;
}

/* ---- the walk ---- */

/* The region that op `at` stands in, coming from `region`: closes what ends there. */
static vmo_region_id leave(const vmo_function *function, vmo_region_id region, uint32_t at) {
  while (at == function->regions.data[region].op_end && function->regions.data[region].owner != VMO_NONE) {
    const vmo_region *ended = &function->regions.data[region];
    const vmo_op *owner = &function->ops.data[ended->owner];
    bool is_last = region + 1 == owner->region_first + owner->region_count;
    if (!is_last) return region + 1;
    region = ended->parent;
  }
  return region;
}

static bool check_op_regions(vmo_check *check, uint32_t index) {
  const vmo_function *function = check->function;
  const vmo_op *op = &function->ops.data[index];
  uint32_t first = index + 1;
  for (uint32_t i = 0; i < op->region_count; i++) {
    if (!check_region(check, index, i, first) || !check_arguments(check, op->region_first + i)) return false;
    first = function->regions.data[op->region_first + i].op_end;
  }
  return true;
}

/* Empty regions lack a terminator, which is reported before; the walk needs each region to have an op. */
static bool check_terminators(vmo_check *check, uint32_t region_first, uint32_t region_count) {
  bool good = true;
  for (uint32_t i = 0; i < region_count; i++)
    good = check_terminator(check, &check->function->regions.data[region_first + i]) && good;
  return good;
}

static bool check_nesting(vmo_check *check) {
  const vmo_function *function = check->function;
  const vmo_region *body = &function->regions.data[0];
  bool good = check_terminators(check, 0, 1);
  if (body->op_first != 0 || body->op_end != function->ops.count || body->owner != VMO_NONE || body->depth != 0)
    return fail_malformed(check, 0, "the body is not the whole function, or not closed");
  vmo_region_id region = 0;
  for (uint32_t i = 0; i < function->ops.count; i++) {
    const vmo_op *op = &function->ops.data[i];
    region = leave(function, region, i);
    if (!check_ids(check, i)) return false;
    if (op->region != region) return fail_malformed(check, i, "it is not in the region it stands in");
    if (!check_op_regions(check, i)) return false;
    bool ended = check_terminators(check, op->region_first, op->region_count);
    good = ended && good;
    if (!ended) return false;
    bool is_end = i + 1 == function->regions.data[region].op_end;
    if (vmo_op_get_info((vmo_opcode)op->code)->terminator && !is_end)
      good =
          vmo_fail_at(check, VMO_DIAG_WRONG_TERMINATOR, op->location,
                      "remove it, or what follows it in the same braces", "'%s' is not the last op of %s",
                      vmo_op_get_info((vmo_opcode)op->code)->name, region_words(function->regions.data[region].kind));
    if (op->region_count > 0) region = op->region_first;
  }
  return good;
}

/* ---- definitions ---- */

static bool is_in(const vmo_function *function, vmo_region_id region, uint32_t op) {
  const vmo_region *r = &function->regions.data[region];
  return r->op_first <= op && op < r->op_end;
}

/* An argument is visible in its region; those of a while's first region in the second one, too. */
static bool argument_is_visible(const vmo_function *function, const vmo_value *value, uint32_t op) {
  if (value->owner >= function->regions.count) return false;
  if (value->position >= function->regions.data[value->owner].argument_count) return false;
  if (is_in(function, value->owner, op)) return true;
  return function->regions.data[value->owner].kind == VMO_REGION_CONDITION && is_in(function, value->owner + 1, op);
}

static bool result_is_visible(const vmo_function *function, const vmo_value *value, uint32_t op) {
  if (value->owner >= op) return false;
  const vmo_op *owner = &function->ops.data[value->owner];
  if (value->position >= owner->result_count) return false;
  uint32_t end = value->owner + 1;
  if (owner->region_count > 0) end = function->regions.data[owner->region_first + owner->region_count - 1].op_end;
  return end <= op && is_in(function, owner->region, op);
}

static bool is_visible(const vmo_function *function, vmo_value_id id, uint32_t op) {
  const vmo_value *value = &function->values.data[id];
  if (value->kind == VMO_VALUE_PARAMETER) return true;
  if (value->kind == VMO_VALUE_ARGUMENT) return argument_is_visible(function, value, op);
  return result_is_visible(function, value, op);
}

static bool check_definition(vmo_check *check, uint32_t index, uint32_t operand) {
  const vmo_function *function = check->function;
  const vmo_operand *o = vmo_op_operands(function, check->op) + operand;
  if (o->kind == VMO_OPERAND_LITERAL && o->index >= function->literals.count)
    return fail_malformed(check, index, "a literal does not exist");
  if (o->kind != VMO_OPERAND_VALUE) return true;
  if (o->index >= function->values.count) return fail_malformed(check, index, "an operand does not exist");
  if (is_visible(function, o->index, index)) return true;
  const vmo_value *value = &function->values.data[o->index];
  const char *name = vmo_value_text(check, o->index);
  if (value->kind == VMO_VALUE_RESULT && value->owner >= index)
    return vmo_fail_at(check, VMO_DIAG_USED_BEFORE_DEFINITION, vmo_operand_location(check, operand), NULL,
                       "%s is used before it is defined", name);
  return vmo_fail_at(check, VMO_DIAG_NOT_VISIBLE, vmo_operand_location(check, operand),
                     "hand it out of there with `yield`, and use the result", "%s is not visible here", name);
}

static bool check_values(vmo_check *check) {
  const vmo_function *function = check->function;
  for (uint32_t i = 0; i < function->values.count; i++)
    if (function->values.data[i].type >= check->module->types.count)
      return fail_malformed(check, 0, "a value has no type");
  for (uint32_t i = 0; i < function->parameters.count; i++)
    if (i >= function->values.count || function->values.data[i].kind != VMO_VALUE_PARAMETER)
      return fail_malformed(check, 0, "the parameters are not the first values");
  return true;
}

bool vmo_check_structure(vmo_check *check) {
  const vmo_function *function = check->function;
  bool good = true;
  if (!check_values(check) || !check_nesting(check)) return false;
  for (uint32_t i = 0; i < function->ops.count; i++) {
    check->op = &function->ops.data[i];
    for (uint32_t k = 0; k < check->op->operand_count; k++) good = check_definition(check, i, k) && good;
  }
  return good;
}
