/* parse_plan.c: the plan that the text carries.
 *
 *   plan {align = 64, results = arena, arena = 1600000, call_arena = 800000, arena @sram = 256}
 *
 * after a function's result types, and slot, offset, over, result, workspace_offset and callee_offset in the braces
 * of ops and state parameters. What is said of values is gathered in arrays that are handed to the function when its
 * body is done. */
#include "ir/parse.h"

#include <string.h>

#define LARGEST_ID INT64_C(0x7fffffff)

static const char *const keys[] = {"slot", "offset", "over", "result", "workspace_offset", "callee_offset"};

bool vmo_parse_is_plan_key(const vmo_parser *parser, vmr_symbol name) {
  const char *text = vmo_name(parser->module, name);
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
    if (strcmp(text, keys[i]) == 0) return true;
  return false;
}

/* ---- the function's plan ---- */

static bool fail_plan(vmo_parser *parser, vmo_location location, const char *message) {
  vmo_diag_add(parser->context, VMO_DIAG_BAD_PLAN, location, "%s", message);
  return false;
}

/* The arena of the space, added in the order of spaces when it is new. NULL when memory is out. */
static vmo_arena_plan *find_arena(vmo_parser *parser, vmo_plan *plan, vmo_space_id space) {
  uint32_t at = 0;
  while (at < plan->arena_count && plan->arenas[at].space < space) at++;
  if (at < plan->arena_count && plan->arenas[at].space == space) return &plan->arenas[at];
  size_t old = plan->arena_count * sizeof *plan->arenas;
  vmo_arena_plan *arenas = vmr_arena_grow(parser->context->arena, plan->arenas, old, old + sizeof *arenas);
  if (arenas == NULL) {
    parser->out_of_memory = true;
    return NULL;
  }
  memmove(arenas + at + 1, arenas + at, (plan->arena_count - at) * sizeof *arenas);
  arenas[at] = (vmo_arena_plan){space, VMO_NONE, VMO_NONE};
  plan->arenas = arenas;
  plan->arena_count++;
  return &arenas[at];
}

/* [@space] = size, from behind `arena` or `call_arena`. */
static bool parse_arena(vmo_parser *parser, vmo_plan *plan, bool at_call) {
  vmo_space_id space = 0;
  vmo_location location = parser->token.location;
  if (parser->token.kind == VMO_TOKEN_AT) {
    const char *name = vmo_parse_text(parser, &parser->token);
    space = name == NULL ? VMO_NONE : vmo_build_space(parser->module, name);
    vmo_parse_advance(parser);
  }
  vmo_arena_plan *arena = space == VMO_NONE ? NULL : find_arena(parser, plan, space);
  vmo_size_id size;
  if (arena == NULL || !vmo_parse_expect(parser, VMO_TOKEN_EQUALS, "`=`") || !vmo_parse_size(parser, &size))
    return false;
  vmo_size_id *bytes = at_call ? &arena->call_bytes : &arena->bytes;
  if (*bytes != VMO_NONE) return fail_plan(parser, location, "this arena is given twice");
  *bytes = size;
  return true;
}

static bool parse_plan_alignment(vmo_parser *parser, vmo_plan *plan) {
  int64_t alignment;
  vmo_location location = parser->token.location;
  if (!vmo_parse_expect(parser, VMO_TOKEN_EQUALS, "`=`") ||
      !vmo_parse_integer(parser, "an alignment", 1, 1 << 30, &alignment))
    return false;
  if ((alignment & (alignment - 1)) != 0) return fail_plan(parser, location, "an alignment is a power of two");
  plan->alignment = (uint32_t)alignment;
  return true;
}

static bool parse_plan_results(vmo_parser *parser, vmo_plan *plan) {
  if (!vmo_parse_expect(parser, VMO_TOKEN_EQUALS, "`=`")) return false;
  plan->results_in_caller = vmo_parse_accept_word(parser, "caller");
  return plan->results_in_caller || vmo_parse_accept_word(parser, "arena") ||
         vmo_parse_fail_expected(parser, "`arena` or `caller`");
}

static bool parse_plan_key(vmo_parser *parser, vmo_plan *plan) {
  if (vmo_parse_accept_word(parser, "align")) return parse_plan_alignment(parser, plan);
  if (vmo_parse_accept_word(parser, "results")) return parse_plan_results(parser, plan);
  if (vmo_parse_accept_word(parser, "arena")) return parse_arena(parser, plan, false);
  if (vmo_parse_accept_word(parser, "call_arena")) return parse_arena(parser, plan, true);
  return vmo_parse_fail_expected(parser, "`align`, `results`, `arena` or `call_arena`");
}

bool vmo_parse_plan(vmo_parser *parser) {
  vmo_location location = parser->token.location;
  parser->has_plan = vmo_parse_accept_word(parser, "plan");
  if (!parser->has_plan) return true;
  vmo_plan *plan = vmo_alloc_array(parser->context, 1, sizeof *plan);
  if (plan == NULL) {
    parser->out_of_memory = true;
    return false;
  }
  plan->alignment = VMO_DEFAULT_ALIGNMENT;
  parser->inside_braces = true;
  if (!vmo_parse_expect(parser, VMO_TOKEN_LEFT_BRACE, "`{`")) return false;
  do {
    if (!parse_plan_key(parser, plan)) return false;
  } while (vmo_parse_accept(parser, VMO_TOKEN_COMMA));
  if (!vmo_parse_expect(parser, VMO_TOKEN_RIGHT_BRACE, "`,` or `}`")) return false;
  parser->inside_braces = false;
  for (uint32_t i = 0; i < plan->arena_count; i++)
    if (plan->arenas[i].bytes == VMO_NONE) return fail_plan(parser, location, "`call_arena` is given without `arena`");
  if (plan->arena_count == 0 || plan->arenas[0].space != 0)
    return fail_plan(parser, location, "the plan does not say how large the arena is");
  parser->function->plan = plan;
  return true;
}

/* ---- values ---- */

/* Makes the entries up to `count` values. */
static bool reach(vmo_parser *parser, uint32_t count) {
  static const vmo_value_plan nothing = {VMO_NONE, VMO_NONE, VMO_NONE, -1};
  while (parser->value_plans.count < count)
    if (!vmo_parser_push(parser, &parser->value_plans, nothing)) return false;
  return true;
}

static bool is_none(const vmo_parser *parser, const vmo_attribute_item *item) {
  return item->kind == VMO_ATTRIBUTE_WORD && strcmp(vmo_name(parser->module, item->value.id), "none") == 0;
}

static bool is_id(const vmo_attribute_item *item) {
  return item->kind == VMO_ATTRIBUTE_INTEGER && item->value.integer >= 0 && item->value.integer < LARGEST_ID;
}

/* A size, or a number of at least 0. */
static bool read_offset(vmo_parser *parser, const vmo_attribute_item *item, vmo_size_id *offset) {
  *offset = VMO_NONE;
  if (item->kind == VMO_ATTRIBUTE_SIZE) *offset = item->value.id;
  if (item->kind == VMO_ATTRIBUTE_INTEGER && item->value.integer >= 0 && item->value.integer < VMO_BYTES_LIMIT)
    *offset = vmo_size_constant(parser->module->sizes, item->value.integer);
  return *offset != VMO_NONE;
}

/* Puts one item of `key` into a value's plan; false when it is of the wrong kind. */
static bool place(vmo_parser *parser, const char *key, const vmo_attribute_item *item, vmo_value_plan *plan) {
  if (is_none(parser, item)) return true;
  if (strcmp(key, "offset") == 0) return read_offset(parser, item, &plan->offset);
  if (strcmp(key, "over") == 0) {
    plan->over = item->value.id;
    return item->kind == VMO_ATTRIBUTE_VALUE;
  }
  if (!is_id(item)) return false;
  if (strcmp(key, "slot") == 0)
    plan->slot = (uint32_t)item->value.integer;
  else
    plan->result = (int32_t)item->value.integer;
  return true;
}

static bool place_values(vmo_parser *parser, const vmo_attribute *attribute, vmo_value_id first, uint32_t count) {
  const char *key = vmo_name(parser->module, attribute->name);
  bool fits = attribute->item_count == count && attribute->is_list == (count > 1);
  if (!reach(parser, first + count)) return false;
  for (uint32_t i = 0; i < count && fits; i++)
    fits = place(parser, key, &parser->items.data[attribute->item_first + i], &parser->value_plans.data[first + i]);
  if (fits) return true;
  vmo_diagnostic *diagnostic =
      vmo_diag_add(parser->context, VMO_DIAG_BAD_PLAN, attribute->location, "`%s` does not say where the %s", key,
                   count > 1 ? "results are" : "result is");
  vmo_diag_hint(parser->context, diagnostic,
                count > 1 ? "it is a list with an item for each result, or `none`"
                          : "slot and result are numbers, offset a size, over a value");
  return false;
}

/* A slot comes with an offset, and the other way round. */
static bool check_pairs(vmo_parser *parser, vmo_value_id first, uint32_t count, vmo_location location) {
  for (uint32_t i = first; i < first + count && i < parser->value_plans.count; i++) {
    const vmo_value_plan *plan = &parser->value_plans.data[i];
    if ((plan->slot == VMO_NONE) != (plan->offset == VMO_NONE))
      return fail_plan(parser, location, "`slot` and `offset` are given together or not at all");
  }
  return true;
}

/* ---- ops ---- */

/* The entry of op `op`, which is the last one or a new one. NULL when memory is out. */
static vmo_op_plan *find_op_plan(vmo_parser *parser, uint32_t op) {
  uint32_t count = parser->op_plans.count;
  if (count > 0 && parser->op_plans.data[count - 1].op == op) return &parser->op_plans.data[count - 1];
  vmo_op_plan plan = {op, VMO_NONE, parser->callee_offsets.count, 0};
  return vmo_parser_push(parser, &parser->op_plans, plan) ? &parser->op_plans.data[count] : NULL;
}

static bool place_op(vmo_parser *parser, const vmo_attribute *attribute, uint32_t op) {
  const char *key = vmo_name(parser->module, attribute->name);
  vmo_op_plan *plan = find_op_plan(parser, op);
  const vmo_attribute_item *items = parser->items.data + attribute->item_first;
  bool fits = plan != NULL && attribute->item_count > 0;
  if (fits && strcmp(key, "workspace_offset") == 0)
    return (!attribute->is_list && read_offset(parser, items, &plan->workspace_offset)) ||
           fail_plan(parser, attribute->location, "`workspace_offset` is a size");
  for (uint32_t i = 0; i < attribute->item_count && fits; i++) {
    vmo_size_id offset = VMO_NONE;
    fits = is_none(parser, &items[i]) || read_offset(parser, &items[i], &offset);
    if (fits && !vmo_parser_push(parser, &parser->callee_offsets, offset)) return false;
  }
  if (!fits) return fail_plan(parser, attribute->location, "`callee_offset` is a size or a list of sizes");
  plan->callee_count = attribute->item_count;
  return true;
}

bool vmo_parse_place_op(vmo_parser *parser, vmo_value_id first, uint32_t count, uint32_t op) {
  const vmo_attribute *last = NULL;
  for (uint32_t i = 0; i < parser->attributes.count; i++) {
    const vmo_attribute *attribute = &parser->attributes.data[i].attribute;
    if (!vmo_parse_is_plan_key(parser, attribute->name)) continue;
    if (!parser->has_plan) return fail_plan(parser, attribute->location, "the function has no `plan {...}`");
    bool of_op = strchr(vmo_name(parser->module, attribute->name), '_') != NULL;
    if (of_op ? !place_op(parser, attribute, op) : !place_values(parser, attribute, first, count)) return false;
    last = attribute;
  }
  return last == NULL || check_pairs(parser, first, count, last->location);
}

bool vmo_parse_place_parameters(vmo_parser *parser) {
  for (uint32_t i = 0; i < parser->attributes.count; i++) {
    const vmo_parsed_attribute *parsed = &parser->attributes.data[i];
    const char *key = vmo_name(parser->module, parsed->attribute.name);
    if (!vmo_parse_is_plan_key(parser, parsed->attribute.name) || strchr(key, '_') != NULL)
      return fail_plan(parser, parsed->attribute.location, "parameters have no such attribute");
    if (!parser->has_plan) return fail_plan(parser, parsed->attribute.location, "the function has no `plan {...}`");
    if (!place_values(parser, &parsed->attribute, parsed->parameter, 1)) return false;
  }
  return check_pairs(parser, 0, parser->function->parameters.count, parser->function->location);
}

bool vmo_parse_finish_plan(vmo_parser *parser) {
  vmo_plan *plan = parser->function->plan;
  if (!parser->has_plan || plan == NULL) return true;
  if (!reach(parser, parser->function->values.count)) return false;
  plan->values = parser->value_plans.data;
  plan->value_count = parser->value_plans.count;
  plan->ops = parser->op_plans.data;
  plan->op_count = parser->op_plans.count;
  plan->callee_offsets = parser->callee_offsets.data;
  plan->callee_offset_count = parser->callee_offsets.count;
  return true;
}
