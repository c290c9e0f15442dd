/* print_plan.c: what stands in braces: attributes, and the plan.
 *
 *   plan {align = 64, results = arena, arena = 24000, arena @sram = 256}      after a function's result types
 *   {axis = 1, slot = 0, offset = 0, over = %x}                               after an op's operands
 *
 * A key of an op with several results has a list; a key that would say `none` throughout is left out. */
#include "ir/print_internal.h"
#include "support/real.h"

/* Writes ` {` before the first key and `, ` before the others. */
static void start_key(const char **before, const char *key, vmo_text *out) {
  vmo_text_add(out, *before);
  vmo_text_add(out, key);
  vmo_text_add(out, " = ");
  *before = ", ";
}

static void close_braces(const char *before, vmo_text *out) {
  if (before[0] == ',') vmo_text_add_char(out, '}');
}

/* ---- attributes ---- */

static void print_quoted(const vmo_module *module, vmr_symbol symbol, vmo_text *out) {
  size_t length = 0;
  const char *text = vmr_interner_text(module->context->names, symbol, &length);
  vmo_text_add_char(out, '"');
  for (size_t i = 0; i < length; i++) {
    unsigned char byte = (unsigned char)text[i];
    if (byte == '"' || byte == '\\')
      vmo_text_addf(out, "\\%c", byte);
    else if (byte == '\n')
      vmo_text_add(out, "\\n");
    else if (byte == '\t')
      vmo_text_add(out, "\\t");
    else if (byte < ' ' || byte == 0x7f)
      vmo_text_addf(out, "\\x%02x", byte);
    else
      vmo_text_add_char(out, text[i]);
  }
  vmo_text_add_char(out, '"');
}

static void print_item(const vmo_module *module, const vmo_function *function, const vmo_attribute_item *item,
                       vmo_text *out) {
  switch (item->kind) {
  case VMO_ATTRIBUTE_INTEGER: vmo_text_add_integer(out, item->value.integer); break;
  case VMO_ATTRIBUTE_REAL: vmo_print_real(out, item->value.real); break;
  case VMO_ATTRIBUTE_BOOL: vmo_text_add(out, item->value.integer != 0 ? "true" : "false"); break;
  case VMO_ATTRIBUTE_SIZE: vmo_print_expression(module, item->value.id, out); break;
  case VMO_ATTRIBUTE_TEXT: print_quoted(module, item->value.id, out); break;
  case VMO_ATTRIBUTE_WORD: vmo_print_symbol(module, item->value.id, out); break;
  case VMO_ATTRIBUTE_VALUE: vmo_print_value(module, function, item->value.id, out); break;
  }
}

static void print_attributes(const vmo_module *module, const vmo_function *function, const vmo_op *op,
                             const char **before, vmo_text *out) {
  for (uint32_t i = 0; i < op->attribute_count; i++) {
    const vmo_attribute *attribute = &function->attributes.data[op->attribute_first + i];
    start_key(before, vmo_name(module, attribute->name), out);
    if (attribute->is_list) vmo_text_add_char(out, '[');
    for (uint32_t j = 0; j < attribute->item_count; j++) {
      if (j > 0) vmo_text_add(out, ", ");
      print_item(module, function, &function->items.data[attribute->item_first + j], out);
    }
    if (attribute->is_list) vmo_text_add_char(out, ']');
  }
}

/* ---- where values are ---- */

typedef enum plan_key { KEY_SLOT, KEY_OFFSET, KEY_OVER, KEY_RESULT, KEY_COUNT } plan_key;

static const char *const key_names[KEY_COUNT] = {"slot", "offset", "over", "result"};

static bool has_key(const vmo_value_plan *plan, plan_key key) {
  switch (key) {
  case KEY_SLOT: return plan->slot != VMO_NONE;
  case KEY_OFFSET: return plan->offset != VMO_NONE;
  case KEY_OVER: return plan->over != VMO_NONE;
  default: return plan->result >= 0;
  }
}

static void print_key(const vmo_module *module, const vmo_function *function, const vmo_value_plan *plan, plan_key key,
                      vmo_text *out) {
  if (!has_key(plan, key))
    vmo_text_add(out, "none");
  else if (key == KEY_SLOT)
    vmo_text_add_integer(out, plan->slot);
  else if (key == KEY_OFFSET)
    vmo_print_expression(module, plan->offset, out);
  else if (key == KEY_OVER)
    vmo_print_value(module, function, plan->over, out);
  else
    vmo_text_add_integer(out, plan->result);
}

/* The keys of `count` values from `first` on: the results of one op, or one parameter. */
static void print_values(const vmo_module *module, const vmo_function *function, vmo_value_id first, uint32_t count,
                         const char **before, vmo_text *out) {
  if (count == 0) return;
  const vmo_value_plan *plans = function->plan->values + first;
  for (plan_key key = 0; key < KEY_COUNT; key++) {
    bool any = false;
    for (uint32_t i = 0; i < count; i++) any = any || has_key(&plans[i], key);
    if (!any) continue;
    start_key(before, key_names[key], out);
    if (count > 1) vmo_text_add_char(out, '[');
    for (uint32_t i = 0; i < count; i++) {
      if (i > 0) vmo_text_add(out, ", ");
      print_key(module, function, &plans[i], key, out);
    }
    if (count > 1) vmo_text_add_char(out, ']');
  }
}

/* The entry of op `op`, or NULL. */
static const vmo_op_plan *find_op_plan(const vmo_plan *plan, uint32_t op) {
  uint32_t low = 0, high = plan->op_count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (plan->ops[middle].op < op)
      low = middle + 1;
    else
      high = middle;
  }
  return low < plan->op_count && plan->ops[low].op == op ? &plan->ops[low] : NULL;
}

static void print_op_plan(const vmo_module *module, const vmo_plan *plan, uint32_t op, const char **before,
                          vmo_text *out) {
  const vmo_op_plan *found = find_op_plan(plan, op);
  if (found != NULL && found->workspace_offset != VMO_NONE) {
    start_key(before, "workspace_offset", out);
    vmo_print_expression(module, found->workspace_offset, out);
  }
  if (found == NULL || found->callee_count == 0) return;
  start_key(before, "callee_offset", out);
  if (found->callee_count > 1) vmo_text_add_char(out, '[');
  for (uint32_t i = 0; i < found->callee_count; i++) {
    vmo_size_id offset = plan->callee_offsets[found->callee_first + i];
    if (i > 0) vmo_text_add(out, ", ");
    if (offset == VMO_NONE)
      vmo_text_add(out, "none");
    else
      vmo_print_expression(module, offset, out);
  }
  if (found->callee_count > 1) vmo_text_add_char(out, ']');
}

void vmo_print_braces(const vmo_module *module, const vmo_function *function, uint32_t index, vmo_text *out) {
  const vmo_op *op = &function->ops.data[index];
  const char *before = " {";
  print_attributes(module, function, op, &before, out);
  if (function->plan != NULL) {
    if (op->result_first + op->result_count <= function->plan->value_count)
      print_values(module, function, op->result_first, op->result_count, &before, out);
    print_op_plan(module, function->plan, index, &before, out);
  }
  close_braces(before, out);
}

void vmo_print_parameter_plan(const vmo_module *module, const vmo_function *function, vmo_value_id value,
                              vmo_text *out) {
  const char *before = " {";
  if (function->plan == NULL || value >= function->plan->value_count) return;
  print_values(module, function, value, 1, &before, out);
  close_braces(before, out);
}

/* ---- the function's plan ---- */

static void print_arena(const vmo_module *module, const vmo_arena_plan *arena, const char *key, vmo_size_id bytes,
                        vmo_text *out) {
  if (bytes == VMO_NONE) return;
  vmo_text_add(out, ", ");
  vmo_text_add(out, key);
  if (arena->space != 0) {
    vmo_text_add(out, " @");
    vmo_print_symbol(module, module->spaces.data[arena->space], out);
  }
  vmo_text_add(out, " = ");
  vmo_print_expression(module, bytes, out);
}

void vmo_print_plan(const vmo_module *module, const vmo_function *function, vmo_text *out) {
  const vmo_plan *plan = function->plan;
  if (plan == NULL) return;
  vmo_text_addf(out, " plan {align = %u, results = %s", plan->alignment, plan->results_in_caller ? "caller" : "arena");
  for (uint32_t i = 0; i < plan->arena_count; i++) {
    print_arena(module, &plan->arenas[i], "arena", plan->arenas[i].bytes, out);
    print_arena(module, &plan->arenas[i], "call_arena", plan->arenas[i].call_bytes, out);
  }
  vmo_text_add_char(out, '}');
}
