/* parse_control.c: ops with regions: their heads, and what follows each of their regions.
 *
 *   for %i = 0 to %n step 2 carry (%x = %p, ...) -> types { ... }
 *   while carry (%x = %p, ...) -> types { ... } do { ... }
 *   if %c -> types { ... } else { ... }
 *   parallel -> types { stream { ... } stream { ... } } */
#include "ir/parse.h"

#include <inttypes.h>

/* `%x = operand`, appended to the arguments and operands. */
static bool parse_carried(vmo_parser *parser) {
  vmo_token name = parser->token;
  vmo_operand init;
  if (!vmo_parse_expect(parser, VMO_TOKEN_VALUE, "a carried value (`%name = %init`)")) return false;
  vmo_named named = {vmo_parse_symbol(parser, &name), name.location};
  return named.name != 0 && vmo_parse_expect(parser, VMO_TOKEN_EQUALS, "`=`") && vmo_parse_operand(parser, &init) &&
         vmo_parser_push(parser, &parser->arguments, named) && vmo_parser_push(parser, &parser->operands, init);
}

static bool parse_carry(vmo_parser *parser) {
  if (!vmo_parse_accept_word(parser, "carry")) return true;
  if (!vmo_parse_expect(parser, VMO_TOKEN_LEFT_PARENTHESIS, "`(`")) return false;
  do {
    if (!parse_carried(parser)) return false;
  } while (vmo_parse_accept(parser, VMO_TOKEN_COMMA));
  return vmo_parse_expect(parser, VMO_TOKEN_RIGHT_PARENTHESIS, "`,` or `)`");
}

/* `%i = low to high [step number]`, from behind `for`. */
static bool parse_bounds(vmo_parser *parser, int64_t *step) {
  vmo_token name = parser->token;
  vmo_operand bound;
  if (!vmo_parse_expect(parser, VMO_TOKEN_VALUE, "the loop's index (`%i = 0 to %n`)")) return false;
  vmo_named named = {vmo_parse_symbol(parser, &name), name.location};
  if (named.name == 0 || !vmo_parser_push(parser, &parser->arguments, named)) return false;
  if (!vmo_parse_expect(parser, VMO_TOKEN_EQUALS, "`=`")) return false;
  if (!vmo_parse_operand(parser, &bound) || !vmo_parser_push(parser, &parser->operands, bound)) return false;
  if (!vmo_parse_expect_word(parser, "to")) return false;
  if (!vmo_parse_operand(parser, &bound) || !vmo_parser_push(parser, &parser->operands, bound)) return false;
  *step = 1;
  return !vmo_parse_accept_word(parser, "step") || vmo_parse_integer(parser, "a step", 1, INT64_MAX, step);
}

static bool check_carried(vmo_parser *parser, uint32_t carried, vmo_location location) {
  if (carried == parser->types.count) return true;
  vmo_diagnostic *diagnostic =
      vmo_diag_add(parser->context, VMO_DIAG_RESULT_COUNT, location, "%u value%s carried, but `->` gives %u type%s",
                   carried, carried == 1 ? " is" : "s are", parser->types.count, parser->types.count == 1 ? "" : "s");
  vmo_diag_hint(parser->context, diagnostic, "each carried value is also a result");
  return false;
}

/* The region's arguments: of `for` an i64 first, then one per type. A double name is reported, but its value is made
 * all the same, so that the ids that names stand for exist. */
static void append_arguments(vmo_parser *parser, vmo_region_id region) {
  vmo_function *function = parser->function;
  uint32_t skipped = parser->arguments.count - parser->types.count;
  vmo_parse_define(parser, parser->arguments.data, parser->arguments.count, function->values.count);
  for (uint32_t i = 0; i < parser->arguments.count; i++) {
    vmo_named named = parser->arguments.data[i];
    vmo_type_id type =
        i < skipped ? vmo_build_type(parser->module, VMO_I64, NULL, 0, 0, 0) : parser->types.data[i - skipped];
    vmo_value_id value = type == VMO_NONE
                             ? VMO_NONE
                             : vmo_append_argument(parser->module, function, region, named.name, type, named.location);
    if (value == VMO_NONE) parser->out_of_memory = true;
  }
}

static bool append_step(vmo_parser *parser, uint32_t op, int64_t step, vmo_location location) {
  vmo_attribute_item item = {VMO_ATTRIBUTE_INTEGER, {.integer = step}};
  if (step == 1 || vmo_build_attribute(parser->module, parser->function, op, "step", false, &item, 1, location))
    return true;
  parser->out_of_memory = true;
  return false;
}

/* What the four have in common once their operands are read: types, `{`, the op and its first region. */
static uint32_t open_op(vmo_parser *parser, vmo_opcode code, vmo_location location, uint32_t carried) {
  if (!vmo_parse_arrow_types(parser)) return VMO_NONE;
  if (carried != VMO_NONE && !check_carried(parser, carried, location)) return VMO_NONE;
  if (parser->token.kind != VMO_TOKEN_LEFT_BRACE) {
    vmo_parse_fail_expected(parser, "`{`");
    return VMO_NONE;
  }
  if (parser->frames.count > VMO_MAX_NESTING) {
    vmo_diag_add(parser->context, VMO_DIAG_NESTING, location, "more than %d regions within each other",
                 VMO_MAX_NESTING);
    return VMO_NONE;
  }
  return vmo_parse_take_results(parser, location) ? vmo_parse_append(parser, code, location) : VMO_NONE;
}

static bool parse_for(vmo_parser *parser, vmo_location location) {
  int64_t step;
  if (!parse_bounds(parser, &step) || !parse_carry(parser)) return false;
  uint32_t op = open_op(parser, VMO_OP_for, location, parser->operands.count - 2);
  if (op == VMO_NONE || !append_step(parser, op, step, location)) return false;
  vmo_location opened = parser->token.location;
  vmo_parse_advance(parser);
  return vmo_parse_open_region(parser, op, VMO_REGION_FOR, opened);
}

static bool parse_while(vmo_parser *parser, vmo_location location) {
  if (!parse_carry(parser)) return false;
  uint32_t op = open_op(parser, VMO_OP_while, location, parser->operands.count);
  if (op == VMO_NONE) return false;
  vmo_location opened = parser->token.location;
  vmo_parse_advance(parser);
  return vmo_parse_open_region(parser, op, VMO_REGION_CONDITION, opened);
}

static bool parse_if(vmo_parser *parser, vmo_location location) {
  vmo_operand condition;
  if (!vmo_parse_operand(parser, &condition) || !vmo_parser_push(parser, &parser->operands, condition)) return false;
  uint32_t op = open_op(parser, VMO_OP_if, location, VMO_NONE);
  if (op == VMO_NONE) return false;
  vmo_location opened = parser->token.location;
  vmo_parse_advance(parser);
  return vmo_parse_open_region(parser, op, VMO_REGION_THEN, opened);
}

static bool parse_parallel(vmo_parser *parser, vmo_location location) {
  uint32_t op = open_op(parser, VMO_OP_parallel, location, VMO_NONE);
  if (op == VMO_NONE) return false;
  vmo_frame frame = {.is_parallel = true, .op = op, .opened = parser->token.location};
  vmo_parse_advance(parser);
  return vmo_parser_push(parser, &parser->frames, frame);
}

bool vmo_parse_control(vmo_parser *parser, vmo_opcode code, vmo_location location) {
  switch (code) {
  case VMO_OP_for: return parse_for(parser, location);
  case VMO_OP_while: return parse_while(parser, location);
  case VMO_OP_if: return parse_if(parser, location);
  default: return parse_parallel(parser, location);
  }
}

/* ---- regions ---- */

bool vmo_parse_open_region(vmo_parser *parser, uint32_t op, vmo_region_kind kind, vmo_location opened) {
  vmo_region_id region = vmo_build_region(parser->module, parser->function, op, kind);
  vmo_frame frame = {.kind = kind, .op = op, .opened = opened};
  if (region == VMO_NONE) {
    parser->out_of_memory = true;
    return false;
  }
  if (!vmo_parser_push(parser, &parser->frames, frame)) return false;
  if (kind != VMO_REGION_FOR && kind != VMO_REGION_CONDITION) return true;
  append_arguments(parser, region);
  return !parser->out_of_memory;
}

/* `word {`, and the region behind it. */
static bool open_next(vmo_parser *parser, uint32_t op, vmo_region_kind kind, const char *word) {
  if (!vmo_parse_expect_word(parser, word)) return false;
  vmo_location opened = parser->token.location;
  return vmo_parse_expect(parser, VMO_TOKEN_LEFT_BRACE, "`{`") && vmo_parse_open_region(parser, op, kind, opened);
}

bool vmo_parse_stream(vmo_parser *parser, uint32_t op) { return open_next(parser, op, VMO_REGION_STREAM, "stream"); }

bool vmo_parse_continue(vmo_parser *parser, vmo_frame closed) {
  if (!closed.is_parallel) {
    if (closed.kind == VMO_REGION_STREAM) return true;
    if (closed.kind == VMO_REGION_CONDITION) return open_next(parser, closed.op, VMO_REGION_DO, "do");
    if (closed.kind == VMO_REGION_THEN && vmo_parse_is_word(&parser->token, "else"))
      return open_next(parser, closed.op, VMO_REGION_ELSE, "else");
  }
  return vmo_parse_end_statement(parser);
}
