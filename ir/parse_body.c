/* parse_body.c: statements and regions.
 *
 *   statement := [%a {',' %b} '='] (name [operands] | '@' name [operands] | call | control) [braces] [':' types]
 *
 * A statement ends with its line. Regions are kept on a stack of frames, so that nesting costs no recursion; a `func`
 * at the beginning of a line ends a body whose right brace is missing. */
#include "ir/parse.h"

#include <string.h>

/* ---- results ---- */

/* `%a, %b =`, if it is there. */
static bool parse_names(vmo_parser *parser) {
  if (parser->token.kind != VMO_TOKEN_VALUE) return true;
  do {
    vmo_token name = parser->token;
    if (!vmo_parse_expect(parser, VMO_TOKEN_VALUE, "a value")) return false;
    vmo_named named = {vmo_parse_symbol(parser, &name), name.location};
    if (named.name == 0 || !vmo_parser_push(parser, &parser->names, named)) return false;
  } while (vmo_parse_accept(parser, VMO_TOKEN_COMMA));
  return vmo_parse_expect(parser, VMO_TOKEN_EQUALS, "`=`");
}

bool vmo_parse_take_results(vmo_parser *parser, vmo_location location) {
  uint32_t names = parser->names.count, types = parser->types.count;
  if (names == types) {
    vmo_parse_define(parser, parser->names.data, names, parser->function->values.count); /* read on all the same */
    return !parser->out_of_memory;
  }
  vmo_diagnostic *diagnostic =
      vmo_diag_add(parser->context, VMO_DIAG_RESULT_COUNT, location, "%u name%s for results, but %u type%s", names,
                   names == 1 ? "" : "s", types, types == 1 ? "" : "s");
  vmo_diag_hint(parser->context, diagnostic,
                names == 0 ? "every result has a name: %%y = ..."
                           : "every result has a name and a type: %%a, %%b = ... : f64, i64");
  return false;
}

uint32_t vmo_parse_append(vmo_parser *parser, vmo_opcode code, vmo_location location) {
  vmo_op_spec spec = {.code = code,
                      .callee = VMO_NONE,
                      .operands = parser->operands.data,
                      .operand_count = parser->operands.count,
                      .result_types = parser->types.data,
                      .result_count = parser->types.count,
                      .location = location};
  parser->symbols.count = parser->locations.count = 0;
  for (uint32_t i = 0; i < parser->names.count; i++)
    if (!vmo_parser_push(parser, &parser->symbols, parser->names.data[i].name) ||
        !vmo_parser_push(parser, &parser->locations, parser->names.data[i].location))
      return VMO_NONE;
  uint32_t op = vmo_append_op(parser->module, parser->function, &spec, parser->symbols.data, parser->locations.data);
  if (op == VMO_NONE) parser->out_of_memory = true;
  return op;
}

/* ---- plain ops ---- */

static bool append_attributes(vmo_parser *parser, uint32_t op) {
  for (uint32_t i = 0; i < parser->attributes.count; i++) {
    const vmo_attribute *attribute = &parser->attributes.data[i].attribute;
    if (vmo_parse_is_plan_key(parser, attribute->name)) continue;
    if (!vmo_append_attribute(parser->module, parser->function, op, attribute,
                              parser->items.data + attribute->item_first)) {
      parser->out_of_memory = true;
      return false;
    }
  }
  return true;
}

/* Braces and types, then the op itself; its index in *op. */
static bool finish_op(vmo_parser *parser, vmo_opcode code, vmo_location location, uint32_t *op) {
  bool has_braces = parser->token.kind == VMO_TOKEN_LEFT_BRACE && !parser->token.starts_line;
  if (has_braces && !vmo_parse_braces(parser)) return false;
  if (vmo_parse_accept(parser, VMO_TOKEN_COLON)) {
    do {
      vmo_type_id type;
      if (!vmo_parse_type(parser, &type) || !vmo_parser_push(parser, &parser->types, type)) return false;
    } while (vmo_parse_accept(parser, VMO_TOKEN_COMMA));
  } else if (parser->names.count > 0) {
    return vmo_parse_fail_expected(parser, parser->names.count == 1 ? "`:` and the result's type"
                                                                    : "`:` and the results' types");
  }
  if (!vmo_parse_take_results(parser, location)) return false;
  *op = vmo_parse_append(parser, code, location);
  if (*op == VMO_NONE) return false;
  vmo_value_id first = parser->function->ops.data[*op].result_first;
  return append_attributes(parser, *op) && vmo_parse_place_op(parser, first, parser->types.count, *op) &&
         vmo_parse_end_statement(parser);
}

static bool parse_line_operands(vmo_parser *parser) {
  return parser->token.starts_line || !vmo_parse_starts_operand(parser) || vmo_parse_operands(parser);
}

/* Of two ops of one name, the one that takes so many operands. */
static vmo_opcode choose_op(const vmo_parser *parser, vmo_opcode code) {
  const vmo_op_info *info = vmo_op_get_info(code);
  uint32_t count = parser->operands.count;
  if (count >= info->operand_min && count <= info->operand_max) return code;
  return vmo_op_find_with(info->name, count);
}

static bool parse_plain(vmo_parser *parser, vmo_opcode code, vmo_location location) {
  uint32_t op = VMO_NONE;
  return parse_line_operands(parser) && finish_op(parser, choose_op(parser, code), location, &op);
}

static bool note_callee(vmo_parser *parser, uint32_t op, const vmo_token *name) {
  vmo_pending_callee pending = {parser->function, op, vmo_parse_symbol(parser, name), name->location};
  return pending.name != 0 && vmo_parser_push(parser, &parser->callees, pending);
}

static bool parse_declared(vmo_parser *parser) {
  vmo_token name = parser->token;
  uint32_t op = VMO_NONE;
  vmo_parse_advance(parser);
  return parse_line_operands(parser) && finish_op(parser, VMO_OP_declared, name.location, &op) &&
         note_callee(parser, op, &name);
}

static bool parse_call(vmo_parser *parser, vmo_location location) {
  vmo_token name = parser->token;
  uint32_t op = VMO_NONE;
  if (!vmo_parse_expect(parser, VMO_TOKEN_AT, "a function's name (`call @name(...)`)")) return false;
  if (!vmo_parse_expect(parser, VMO_TOKEN_LEFT_PARENTHESIS, "`(`")) return false;
  if (parser->token.kind != VMO_TOKEN_RIGHT_PARENTHESIS && !vmo_parse_operands(parser)) return false;
  return vmo_parse_expect(parser, VMO_TOKEN_RIGHT_PARENTHESIS, "`,` or `)`") &&
         finish_op(parser, VMO_OP_call, location, &op) && note_callee(parser, op, &name);
}

/* ---- terminators ---- */

static const char *terminator_of(vmo_region_kind kind) {
  if (kind == VMO_REGION_BODY) return "return";
  return kind == VMO_REGION_CONDITION ? "condition" : "yield";
}

static const char *region_name(vmo_region_kind kind) {
  static const char *const names[] = {[VMO_REGION_BODY] = "a function",
                                      [VMO_REGION_FOR] = "the body of `for`",
                                      [VMO_REGION_CONDITION] = "the condition of `while`",
                                      [VMO_REGION_DO] = "the body of `while`",
                                      [VMO_REGION_THEN] = "a branch of `if`",
                                      [VMO_REGION_ELSE] = "a branch of `if`",
                                      [VMO_REGION_STREAM] = "a stream"};
  return names[kind];
}

static vmo_frame *innermost(vmo_parser *parser) { return &parser->frames.data[parser->frames.count - 1]; }

/* `return %a, state %b`: the marks must be on the last ones, as many as there are states. */
static bool parse_returned(vmo_parser *parser) {
  uint32_t states = 0, marked = 0;
  for (uint32_t i = 0; i < parser->function->parameters.count; i++)
    states += parser->function->parameters.data[i].state;
  vmo_location location = parser->token.location;
  if (parser->token.starts_line || !vmo_parse_starts_operand(parser)) return true;
  do {
    vmo_operand operand;
    bool is_state = vmo_parse_accept_word(parser, "state");
    if (!is_state && marked > 0) return vmo_parse_fail_expected(parser, "`state`: the results come first");
    marked += is_state;
    if (!vmo_parse_operand(parser, &operand) || !vmo_parser_push(parser, &parser->operands, operand)) return false;
  } while (vmo_parse_accept(parser, VMO_TOKEN_COMMA));
  if (marked == states || (marked == 0 && parser->operands.count == 0)) return true;
  vmo_diagnostic *diagnostic =
      vmo_diag_add(parser->context, VMO_DIAG_RETURN_STATES, location,
                   "`return` gives %u state%s, but the function has %u", marked, marked == 1 ? "" : "s", states);
  vmo_diag_hint(parser->context, diagnostic, "for each state parameter, its next content: return %%y, state %%t");
  return false;
}

static bool parse_terminator(vmo_parser *parser, vmo_opcode code, vmo_location location) {
  vmo_region_kind kind = innermost(parser)->kind;
  const char *wanted = terminator_of(kind), *found = vmo_op_get_info(code)->name;
  uint32_t op = VMO_NONE;
  if (strcmp(wanted, found) != 0) {
    vmo_diagnostic *diagnostic = vmo_diag_add(parser->context, VMO_DIAG_WRONG_TERMINATOR, location,
                                              "`%s` cannot end %s", found, region_name(kind));
    vmo_diag_hint(parser->context, diagnostic, "it ends with `%s`", wanted);
    return false;
  }
  bool good = code == VMO_OP_return ? parse_returned(parser) : parse_line_operands(parser);
  return good && finish_op(parser, code, location, &op);
}

/* Whether the region at hand has its terminator. */
static bool is_terminated(const vmo_function *function) {
  vmo_region_id region = function->open_regions.data[function->open_regions.count - 1];
  uint32_t count = function->ops.count;
  return count > function->regions.data[region].op_first && function->ops.data[count - 1].region == region &&
         vmo_op_get_info((vmo_opcode)function->ops.data[count - 1].code)->terminator;
}

/* ---- statements ---- */

bool vmo_parse_end_statement(vmo_parser *parser) {
  vmo_token_kind kind = parser->token.kind;
  if (parser->token.starts_line || kind == VMO_TOKEN_RIGHT_BRACE || kind == VMO_TOKEN_END) return true;
  return vmo_parse_fail_expected(parser, "the end of the line");
}

static bool fail_op(vmo_parser *parser, const vmo_token *token) {
  const char *names[VMO_OPCODE_COUNT], *word = vmo_parse_text(parser, token);
  if (word == NULL) return false;
  for (int code = 0; code < VMO_OPCODE_COUNT; code++) names[code] = vmo_op_get_info((vmo_opcode)code)->name;
  vmo_diagnostic *diagnostic =
      vmo_diag_add(parser->context, VMO_DIAG_UNKNOWN_OP, token->location, "there is no op `%s`", word);
  const char *nearest = diagnostic == NULL ? NULL : vmo_nearest_word(word, names, VMO_OPCODE_COUNT);
  if (nearest != NULL)
    vmo_diag_hint(parser->context, diagnostic, "did you mean `%s`?", nearest);
  else
    vmo_diag_hint(parser->context, diagnostic, "`vmemopt ops` lists all ops; one of your own is declared: op @%s(...)",
                  word);
  return false;
}

static bool parse_op(vmo_parser *parser) {
  vmo_token token = parser->token;
  if (token.kind == VMO_TOKEN_AT) return parse_declared(parser);
  if (token.kind != VMO_TOKEN_WORD) return vmo_parse_fail_expected(parser, "an op");
  vmr_symbol symbol = vmo_parse_symbol(parser, &token);
  uint16_t code = symbol < parser->opcodes.count ? parser->opcodes.data[symbol] : VMO_OPCODE_COUNT;
  if (code == VMO_OPCODE_COUNT) return symbol != 0 && fail_op(parser, &token);
  vmo_parse_advance(parser);
  switch (code) {
  case VMO_OP_for:
  case VMO_OP_while:
  case VMO_OP_if:
  case VMO_OP_parallel: return vmo_parse_control(parser, (vmo_opcode)code, token.location);
  case VMO_OP_call: return parse_call(parser, token.location);
  case VMO_OP_return:
  case VMO_OP_yield:
  case VMO_OP_condition: return parse_terminator(parser, (vmo_opcode)code, token.location);
  default: return parse_plain(parser, (vmo_opcode)code, token.location);
  }
}

static bool parse_statement(vmo_parser *parser) {
  if (is_terminated(parser->function)) {
    vmo_diagnostic *diagnostic = vmo_diag_add(
        parser->context, VMO_DIAG_WRONG_TERMINATOR, parser->token.location, "nothing can follow the `%s` that ends %s",
        terminator_of(innermost(parser)->kind), region_name(innermost(parser)->kind));
    vmo_diag_hint(parser->context, diagnostic, "is a `}` missing before this line?");
    return false;
  }
  return parse_names(parser) && parse_op(parser);
}

static void clear_statement(vmo_parser *parser) {
  parser->names.count = 0;
  parser->arguments.count = 0;
  parser->operands.count = 0;
  parser->types.count = 0;
  parser->attributes.count = 0;
  parser->items.count = 0;
}

/* After a statement that failed: its results are poisoned, unless they came to be. */
static void recover(vmo_parser *parser) {
  for (uint32_t i = 0; i < parser->names.count; i++) {
    vmr_symbol name = parser->names.data[i].name;
    vmo_value_id known = vmo_index_find_value(parser->module, parser->function, name);
    if ((known == VMO_NONE || known >= parser->function->values.count) &&
        !vmo_index_set_value(parser->module, parser->function, name, VMO_POISONED))
      parser->out_of_memory = true;
  }
  if (parser->frames.count > 0) innermost(parser)->damaged = true;
  vmo_parse_skip_statement(parser);
}

/* ---- regions ---- */

static void check_terminated(vmo_parser *parser, const vmo_frame *frame) {
  if (frame->damaged || is_terminated(parser->function)) return;
  const char *wanted = terminator_of(frame->kind);
  vmo_diagnostic *diagnostic = vmo_diag_add(parser->context, VMO_DIAG_MISSING_TERMINATOR, parser->token.location,
                                            "%s must end with `%s`", region_name(frame->kind), wanted);
  vmo_diag_hint(parser->context, diagnostic, "write `%s` before this brace, also when there is nothing to hand over",
                wanted);
}

/* At a right brace. */
static bool close_frame(vmo_parser *parser) {
  vmo_frame frame = *innermost(parser);
  if (!frame.is_parallel) {
    check_terminated(parser, &frame);
    vmo_build_region_end(parser->module, parser->function);
  }
  parser->frames.count--;
  vmo_parse_advance(parser);
  if (parser->frames.count > 0) return vmo_parse_continue(parser, frame);
  return vmo_parse_end_statement(parser);
}

/* The text, or the function, ends within regions: says so once, for the innermost. */
static void report_unclosed(vmo_parser *parser) {
  const vmo_token *token = &parser->token;
  vmo_location opened = innermost(parser)->opened;
  vmo_diagnostic *diagnostic =
      token->kind == VMO_TOKEN_END
          ? vmo_diag_add(parser->context, VMO_DIAG_UNEXPECTED_END, token->location,
                         "the file ends, but the `{` at %u:%u is not closed", opened.line, opened.column)
          : vmo_diag_add(parser->context, VMO_DIAG_UNEXPECTED_TOKEN, token->location,
                         "`%.*s` cannot stand within a function, and the `{` at %u:%u is not closed",
                         (int)token->length, token->text, opened.line, opened.column);
  vmo_diag_hint(parser->context, diagnostic, "a `}` is missing before this place");
}

static void leave_body(vmo_parser *parser) {
  if (!parser->end_reported) report_unclosed(parser);
  while (parser->function->open_regions.count > 0) vmo_build_region_end(parser->module, parser->function);
  parser->frames.count = 0;
}

void vmo_parse_body(vmo_parser *parser, vmo_location opened) {
  vmo_frame body = {.kind = VMO_REGION_BODY, .op = VMO_NONE, .opened = opened};
  if (!vmo_parser_push(parser, &parser->frames, body)) return;
  while (parser->frames.count > 0 && !parser->out_of_memory) {
    bool good;
    parser->start = parser->token.location;
    clear_statement(parser);
    if (parser->token.kind == VMO_TOKEN_END || vmo_parse_at_item(parser)) {
      leave_body(parser);
      return;
    }
    if (parser->token.kind == VMO_TOKEN_RIGHT_BRACE)
      good = close_frame(parser);
    else if (innermost(parser)->is_parallel)
      good = vmo_parse_stream(parser, innermost(parser)->op);
    else
      good = parse_statement(parser);
    if (!good && parser->frames.count > 0) recover(parser);
  }
}
