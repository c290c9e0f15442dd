/* parse_function.c: functions and declarations of ops.
 *
 *   func @f(%x: f64[N] donate, state %s: f32[B,64] offset 0) -> f64[N] { ... }
 *   op @fft(%x: f64[n]) -> f64[n] {inplace = [0], workspace = 16*n, effect = true}
 *   op @decay(%x: f64[N]) -> f64[N] {inplace = [0]} do { ... } */
#include "ir/parse.h"

#include <string.h>

/* ---- declarations ---- */

static bool parse_declared_parameter(vmo_parser *parser, uint32_t declaration) {
  vmo_token name = parser->token;
  vmo_type_id type;
  if (!vmo_parse_expect(parser, VMO_TOKEN_VALUE, "a parameter (`%name: type`)")) return false;
  if (!vmo_parse_expect(parser, VMO_TOKEN_COLON, "`:` and a type") || !vmo_parse_type(parser, &type)) return false;
  const char *text = vmo_parse_text(parser, &name);
  if (text == NULL || declaration == VMO_NONE) return text != NULL;
  if (vmo_build_declaration_parameter(parser->module, declaration, text, type)) return true;
  parser->out_of_memory = true;
  return false;
}

static bool parse_declared_parameters(vmo_parser *parser, uint32_t declaration) {
  if (!vmo_parse_expect(parser, VMO_TOKEN_LEFT_PARENTHESIS, "`(`")) return false;
  if (vmo_parse_accept(parser, VMO_TOKEN_RIGHT_PARENTHESIS)) return true;
  do {
    if (!parse_declared_parameter(parser, declaration)) return false;
  } while (vmo_parse_accept(parser, VMO_TOKEN_COMMA));
  return vmo_parse_expect(parser, VMO_TOKEN_RIGHT_PARENTHESIS, "`,` or `)`");
}

static bool fail_fact(vmo_parser *parser, const vmo_attribute *attribute, const char *message) {
  vmo_diag_add(parser->context, VMO_DIAG_BAD_ATTRIBUTE, attribute->location, "%s", message);
  return false;
}

static bool take_inplace(vmo_parser *parser, vmo_declaration *declaration, const vmo_attribute *attribute) {
  for (uint32_t i = 0; i < attribute->item_count; i++) {
    const vmo_attribute_item *item = &parser->items.data[attribute->item_first + i];
    bool is_operand = item->kind == VMO_ATTRIBUTE_INTEGER && item->value.integer >= 0 && item->value.integer < 64 &&
                      item->value.integer < declaration->parameter_types.count;
    if (!is_operand)
      return fail_fact(parser, attribute, "`inplace` lists operands by their number, from 0 and below 64");
    declaration->inplace |= UINT64_C(1) << item->value.integer;
  }
  return true;
}

static bool take_fact(vmo_parser *parser, vmo_declaration *declaration, const vmo_attribute *attribute) {
  const char *name = vmo_name(parser->module, attribute->name);
  if (strcmp(name, "inplace") == 0) return take_inplace(parser, declaration, attribute);
  const vmo_attribute_item *item = attribute->is_list ? NULL : &parser->items.data[attribute->item_first];
  if (strcmp(name, "workspace") == 0) {
    bool is_number = item != NULL && item->kind == VMO_ATTRIBUTE_INTEGER;
    if (is_number) declaration->workspace = vmo_size_constant(parser->module->sizes, item->value.integer);
    if (item != NULL && item->kind == VMO_ATTRIBUTE_SIZE) declaration->workspace = item->value.id;
    if ((is_number && item->value.integer >= 0 && declaration->workspace != VMO_NONE) ||
        (item != NULL && item->kind == VMO_ATTRIBUTE_SIZE))
      return true;
    return fail_fact(parser, attribute, "`workspace` is a number of bytes, over the dims of the operands");
  }
  if (strcmp(name, "effect") == 0) {
    if (item == NULL || item->kind != VMO_ATTRIBUTE_BOOL)
      return fail_fact(parser, attribute, "`effect` is true or false");
    declaration->effect = item->value.integer != 0;
    return true;
  }
  vmo_diagnostic *diagnostic =
      vmo_diag_add(parser->context, VMO_DIAG_BAD_ATTRIBUTE, attribute->location, "`%s` is no fact of an op", name);
  vmo_diag_hint(parser->context, diagnostic, "the facts are `inplace`, `workspace` and `effect`");
  return false;
}

static bool take_facts(vmo_parser *parser, uint32_t declaration) {
  for (uint32_t i = 0; i < parser->attributes.count && declaration != VMO_NONE; i++)
    if (!take_fact(parser, &parser->module->declarations.data[declaration], &parser->attributes.data[i].attribute))
      return false;
  return true;
}

static bool take_declared_results(vmo_parser *parser, uint32_t declaration) {
  for (uint32_t i = 0; i < parser->types.count && declaration != VMO_NONE; i++)
    if (!vmo_build_declaration_result(parser->module, declaration, parser->types.data[i])) {
      parser->out_of_memory = true;
      return false;
    }
  return true;
}

/* From behind the word `op` up to the body or the end of the line; a name that is taken does not keep the rest from being
 * read. */
static bool parse_declaration(vmo_parser *parser, uint32_t *id) {
  vmo_token name = parser->token;
  if (!vmo_parse_expect(parser, VMO_TOKEN_AT, "the op's name (`op @name`)")) return false;
  const char *text = vmo_parse_text(parser, &name);
  if (text == NULL) return false;
  uint32_t declaration = *id = vmo_build_declaration(parser->module, text, name.location);
  if (!parse_declared_parameters(parser, declaration) || !vmo_parse_arrow_types(parser)) return false;
  if (parser->token.kind == VMO_TOKEN_LEFT_BRACE && !vmo_parse_braces(parser)) return false;
  return take_declared_results(parser, declaration) && take_facts(parser, declaration);
}

static void clear_statement(vmo_parser *parser) {
  parser->types.count = 0;
  parser->attributes.count = 0;
  parser->items.count = 0;
}

/* ---- heads of functions ---- */

static bool parse_offset(vmo_parser *parser, vmo_parameter *flags) {
  flags->offset = -1;
  if (!vmo_parse_accept_word(parser, "offset")) return true;
  return vmo_parse_integer(parser, "an offset", 0, VMO_BYTES_LIMIT - 1, &flags->offset);
}

/* The braces' attributes belong to parameter `value`. */
static bool parse_parameter_plan(vmo_parser *parser, vmo_value_id value) {
  uint32_t first = parser->attributes.count;
  if (parser->token.kind != VMO_TOKEN_LEFT_BRACE) return true;
  if (!vmo_parse_braces(parser)) return false;
  for (uint32_t i = first; i < parser->attributes.count; i++) parser->attributes.data[i].parameter = value;
  return true;
}

static bool parse_parameter(vmo_parser *parser) {
  vmo_parameter flags = {.state = vmo_parse_accept_word(parser, "state")};
  vmo_token name = parser->token;
  vmo_type_id type;
  if (!vmo_parse_expect(parser, VMO_TOKEN_VALUE, "a parameter (`%name: type`)")) return false;
  if (!vmo_parse_expect(parser, VMO_TOKEN_COLON, "`:` and a type") || !vmo_parse_type(parser, &type)) return false;
  flags.donate = vmo_parse_accept_word(parser, "donate");
  if (!parse_offset(parser, &flags)) return false;
  vmo_function *function = parser->function;
  vmo_named named = {vmo_parse_symbol(parser, &name), name.location};
  if (named.name == 0) return false;
  vmo_parse_define(parser, &named, 1, function->values.count); /* a double name is reported, and the rest is read */
  vmo_value_id value = vmo_append_parameter(parser->module, function, named.name, type, flags, name.location);
  if (value == VMO_NONE) parser->out_of_memory = true;
  return value != VMO_NONE && parse_parameter_plan(parser, value);
}

static bool parse_parameters(vmo_parser *parser) {
  if (!vmo_parse_expect(parser, VMO_TOKEN_LEFT_PARENTHESIS, "`(`")) return false;
  if (vmo_parse_accept(parser, VMO_TOKEN_RIGHT_PARENTHESIS)) return true;
  do {
    if (!parse_parameter(parser)) return false;
  } while (vmo_parse_accept(parser, VMO_TOKEN_COMMA));
  return vmo_parse_expect(parser, VMO_TOKEN_RIGHT_PARENTHESIS, "`,` or `)`");
}

static bool take_function_results(vmo_parser *parser) {
  for (uint32_t i = 0; i < parser->types.count; i++)
    if (!vmo_build_result_type(parser->module, parser->function, parser->types.data[i])) {
      parser->out_of_memory = true;
      return false;
    }
  return true;
}

/* ---- bodies ---- */

static void start_function(vmo_parser *parser, vmo_function *function) {
  parser->function = function;
  parser->frames.count = 0;
  parser->names.count = 0;
  parser->has_plan = false;
  memset(&parser->value_plans, 0, sizeof parser->value_plans); /* the last ones belong to the last function's plan */
  memset(&parser->op_plans, 0, sizeof parser->op_plans);
  memset(&parser->callee_offsets, 0, sizeof parser->callee_offsets);
}

/* The parameters of a declared op's body; a double name is reported, and the body is read all the same. */
static bool take_body_parameters(vmo_parser *parser, const vmo_declaration *declaration) {
  for (uint32_t i = 0; i < declaration->parameter_types.count; i++) {
    vmo_named named = {declaration->parameter_names.data[i], declaration->location};
    vmo_parameter flags = {.offset = -1};
    vmo_parse_define(parser, &named, 1, i);
    if (vmo_append_parameter(parser->module, parser->function, named.name, declaration->parameter_types.data[i], flags,
                             named.location) != VMO_NONE)
      continue;
    parser->out_of_memory = true;
    return false;
  }
  return true;
}

/* From behind the word `do`. */
static bool parse_declared_body(vmo_parser *parser, uint32_t declaration) {
  vmo_location opened = parser->token.location;
  if (!vmo_parse_expect(parser, VMO_TOKEN_LEFT_BRACE, "`{`")) return false;
  vmo_function *body = vmo_open_declaration_body(parser->module, declaration);
  parser->out_of_memory = parser->out_of_memory || body == NULL;
  if (body == NULL) return false;
  start_function(parser, body);
  if (!take_body_parameters(parser, &parser->module->declarations.data[declaration])) return false;
  vmo_parse_body(parser, opened);
  parser->function = NULL;
  return true;
}

bool vmo_parse_declaration(vmo_parser *parser) {
  uint32_t declaration = VMO_NONE;
  clear_statement(parser);
  parser->function = NULL;
  parser->in_declaration = true;
  bool good = parse_declaration(parser, &declaration);
  parser->in_declaration = false;
  if (!good || !vmo_parse_accept_word(parser, "do")) return good;
  return declaration != VMO_NONE && parse_declared_body(parser, declaration);
}

enum { LARGEST_ROOM = 8192 }; /* longer arrays grow without waste */

/* How many lines there are to the next one that begins with a brace: about the ops of a body. */
static uint32_t count_body_lines(const vmo_lexer *lexer) {
  uint32_t lines = 0;
  const char *at = lexer->at;
  while (lines < LARGEST_ROOM && (at = memchr(at, '\n', (size_t)(lexer->end - at))) != NULL && ++at < lexer->end) {
    if (*at == '}') break;
    lines++;
  }
  return lines;
}

bool vmo_parse_function(vmo_parser *parser) {
  vmo_token name = parser->token;
  clear_statement(parser);
  if (!vmo_parse_expect(parser, VMO_TOKEN_AT, "the function's name (`func @name`)")) return false;
  const char *text = vmo_parse_text(parser, &name);
  vmo_function *function = text == NULL ? NULL : vmo_build_function(parser->module, text, name.location);
  if (function == NULL) return false;
  start_function(parser, function);
  if (!parse_parameters(parser) || !vmo_parse_arrow_types(parser) || !take_function_results(parser)) return false;
  if (!vmo_parse_plan(parser) || !vmo_parse_place_parameters(parser)) return false;
  vmo_location opened = parser->token.location;
  if (!vmo_parse_expect(parser, VMO_TOKEN_LEFT_BRACE, "`{`")) return false;
  if (!vmo_build_room(parser->module, function, count_body_lines(&parser->lexer))) return false;
  vmo_parse_body(parser, opened);
  if (!vmo_parse_finish_plan(parser)) return false;
  parser->function = NULL;
  return true;
}
