/* parse_operand.c: operands, and what to say of names that mean nothing here.
 *
 * A name is found by its symbol. Whether its value can be seen is then told by the stack of open regions alone, in
 * constant time: the value's region must be open, and so must not be a region of the op that defines it. */
#include "ir/parse.h"

#include <math.h>
#include <string.h>

enum { CANDIDATES = 2000 }; /* names that "did you mean" looks at */

/* ---- definitions ---- */

static vmo_location location_of(const vmo_parser *parser, const vmo_named *names, vmo_value_id first,
                                vmo_value_id value) {
  return value >= first ? names[value - first].location : parser->function->values.data[value].location;
}

bool vmo_parse_define(vmo_parser *parser, const vmo_named *names, uint32_t count, vmo_value_id first) {
  bool free = true;
  for (uint32_t i = 0; i < count; i++) {
    vmo_value_id known = vmo_index_find_value(parser->module, parser->function, names[i].name);
    if (known != VMO_NONE && known != VMO_POISONED) {
      vmo_location place = location_of(parser, names, first, known);
      vmo_diagnostic *diagnostic =
          vmo_diag_add(parser->context, VMO_DIAG_DUPLICATE_NAME, names[i].location, "%%%s is already defined at %u:%u",
                       vmo_name(parser->module, names[i].name), place.line, place.column);
      vmo_diag_hint(parser->context, diagnostic, "each value of a function has a name of its own");
      free = false;
      continue;
    }
    if (!vmo_index_set_value(parser->module, parser->function, names[i].name, first + i)) parser->out_of_memory = true;
  }
  return free && !parser->out_of_memory;
}

/* ---- unknown names ---- */

static bool is_same(const vmo_token *token, const vmo_token *wanted) {
  return token->kind == VMO_TOKEN_VALUE && token->length == wanted->length &&
         memcmp(token->text, wanted->text, wanted->length) == 0;
}

/* Whether the line mentions %name at all: quickly, for most lines don't. */
static bool mentions(const char *line, const char *end, const vmo_token *wanted) {
  for (const char *at = line; (at = memchr(at, '%', (size_t)(end - at))) != NULL;) {
    at++;
    if ((size_t)(end - at) >= wanted->length && memcmp(at, wanted->text, wanted->length) == 0) return true;
  }
  return false;
}

/* Whether the line defines the value: `%x =` anywhere, or %x within `%w, %x =` at its beginning. */
static bool defines(vmo_lexer line, const vmo_token *wanted, vmo_location *place) {
  bool listing = true, seen = false;
  for (vmo_token token = vmo_lex_next(&line); token.kind != VMO_TOKEN_END;) {
    vmo_token next = vmo_lex_next(&line);
    bool same = is_same(&token, wanted);
    if (same && (listing || next.kind == VMO_TOKEN_EQUALS)) *place = token.location;
    seen = seen || (same && listing);
    if (next.kind == VMO_TOKEN_EQUALS && (same || (seen && listing))) return true;
    listing = listing && (token.kind == VMO_TOKEN_VALUE || token.kind == VMO_TOKEN_COMMA);
    token = next;
  }
  return false;
}

/* Where the lines from here to the end of the function define the value. */
static bool find_later_definition(const vmo_parser *parser, const vmo_token *wanted, vmo_location *place) {
  const char *end = parser->lexer.end, *newline = memchr(wanted->text, '\n', (size_t)(end - wanted->text));
  uint32_t number = wanted->location.line;
  while (newline != NULL) {
    vmo_lexer line = {newline + 1, end, newline + 1, ++number, true};
    newline = memchr(line.at, '\n', (size_t)(end - line.at));
    if (newline != NULL) line.end = newline;
    if (line.end - line.at > 4 && memcmp(line.at, "func", 4) == 0) return false;
    if (mentions(line.at, line.end, wanted) && defines(line, wanted, place)) return true;
  }
  return false;
}

static const char *find_nearest_value(vmo_parser *parser, const char *name) {
  const vmo_function *function = parser->function;
  uint32_t first = function->values.count > CANDIDATES ? function->values.count - CANDIDATES : 0, count = 0;
  const char **names = vmo_alloc(parser->context, CANDIDATES * sizeof *names);
  if (names == NULL) return NULL;
  for (uint32_t i = first; i < function->values.count; i++)
    names[count++] = vmo_value_name(parser->module, function, i);
  return vmo_nearest_word(name, names, count);
}

static void hint_for_unknown(vmo_parser *parser, vmo_diagnostic *diagnostic, const char *name, vmr_symbol symbol) {
  const char *nearest = find_nearest_value(parser, name);
  if (nearest != NULL)
    vmo_diag_hint(parser->context, diagnostic, "did you mean %%%s?", nearest);
  else if (vmo_parse_find_dim(parser, symbol) != VMO_NONE)
    vmo_diag_hint(parser->context, diagnostic, "`%s` is a dim; it is written without %%", name);
}

static bool is_own_result(const vmo_parser *parser, vmr_symbol symbol) {
  for (uint32_t i = 0; i < parser->names.count; i++)
    if (parser->names.data[i].name == symbol) return true;
  return false;
}

/* Reports once; from then on the name is poisoned. */
static void report_unknown(vmo_parser *parser, const vmo_token *token, vmr_symbol symbol) {
  vmo_location place = {0, 0};
  const char *name = vmo_name(parser->module, symbol);
  vmo_context *context = parser->context;
  if (!vmo_index_set_value(parser->module, parser->function, symbol, VMO_POISONED)) parser->out_of_memory = true;
  if (context->diagnostics->errors >= VMO_MAX_ERRORS) {
    vmo_diag_add(context, VMO_DIAG_UNKNOWN_VALUE, token->location, "%%%s is not defined", name);
  } else if (is_own_result(parser, symbol)) {
    vmo_diag_add(context, VMO_DIAG_USED_BEFORE_DEFINITION, token->location, "%%%s is used in its own definition", name);
  } else if (find_later_definition(parser, token, &place)) {
    vmo_diag_add(context, VMO_DIAG_USED_BEFORE_DEFINITION, token->location,
                 "%%%s is used before its definition at %u:%u", name, place.line, place.column);
  } else {
    vmo_diagnostic *diagnostic =
        vmo_diag_add(context, VMO_DIAG_UNKNOWN_VALUE, token->location, "%%%s is not defined", name);
    if (diagnostic != NULL) hint_for_unknown(parser, diagnostic, name, symbol);
  }
}

/* ---- uses ---- */

static vmo_region_id region_of(const vmo_function *function, const vmo_value *value) {
  if (value->kind == VMO_VALUE_PARAMETER) return 0;
  return value->kind == VMO_VALUE_RESULT ? function->ops.data[value->owner].region : value->owner;
}

/* The open region at that depth, or VMO_NONE. */
static vmo_region_id open_at(const vmo_function *function, uint32_t depth) {
  return depth < function->open_regions.count ? function->open_regions.data[depth] : VMO_NONE;
}

/* What a `while`'s condition is given, its second region sees too. */
static bool is_loop_argument(const vmo_function *function, const vmo_value *value, vmo_region_id open) {
  const vmo_region *region = &function->regions.data[value->owner];
  return value->kind == VMO_VALUE_ARGUMENT && region->kind == VMO_REGION_CONDITION && open != VMO_NONE &&
         function->regions.data[open].owner == region->owner;
}

static bool check_visible(vmo_parser *parser, vmo_value_id id, const vmo_token *token) {
  const vmo_function *function = parser->function;
  if (function->regions.count == 1) return true; /* all in the body: neither value nor op need be looked at */
  const vmo_value *value = &function->values.data[id];
  vmo_region_id region = region_of(function, value);
  uint32_t depth = function->regions.data[region].depth;
  vmo_region_id open = open_at(function, depth), inside = open_at(function, depth + 1);
  vmo_diagnostic *diagnostic;
  if (open != region && !is_loop_argument(function, value, open)) {
    diagnostic = vmo_diag_add(parser->context, VMO_DIAG_NOT_VISIBLE, token->location,
                              "%%%s is not visible here: it is defined at %u:%u, in a region that has ended",
                              vmo_name(parser->module, value->name), value->location.line, value->location.column);
    vmo_diag_hint(parser->context, diagnostic, "hand it over with `yield`, as a result of the op around it");
    return false;
  }
  if (value->kind != VMO_VALUE_RESULT || inside == VMO_NONE || function->regions.data[inside].owner != value->owner)
    return true;
  diagnostic = vmo_diag_add(parser->context, VMO_DIAG_USED_BEFORE_DEFINITION, token->location,
                            "%%%s is used within its own definition at %u:%u", vmo_name(parser->module, value->name),
                            value->location.line, value->location.column);
  vmo_diag_hint(parser->context, diagnostic, "inside, take the value that is carried");
  return false;
}

bool vmo_parse_value(vmo_parser *parser, vmo_value_id *value) {
  vmo_token token = parser->token;
  if (token.kind != VMO_TOKEN_VALUE) return vmo_parse_fail_expected(parser, "a value");
  vmr_symbol symbol = vmo_parse_symbol(parser, &token);
  if (symbol == 0) return false;
  *value = vmo_index_find_value(parser->module, parser->function, symbol);
  if (*value == VMO_NONE) {
    report_unknown(parser, &token, symbol);
    *value = VMO_POISONED;
  } else if (*value != VMO_POISONED && !check_visible(parser, *value, &token)) {
    *value = VMO_POISONED;
  }
  vmo_parse_advance(parser);
  return true;
}

/* ---- literals ---- */

static bool push_literal(vmo_parser *parser, vmo_literal literal, vmo_operand *operand) {
  operand->kind = VMO_OPERAND_LITERAL;
  operand->index = vmo_build_literal(parser->module, parser->function, literal);
  if (operand->index == VMO_NONE) parser->out_of_memory = true;
  vmo_parse_advance(parser);
  return operand->index != VMO_NONE;
}

static bool parse_real(vmo_parser *parser, double number, vmo_operand *operand) {
  vmo_literal literal = {.kind = VMO_LITERAL_REAL, .element = VMO_ELEMENT_COUNT, .value = {.real = number}};
  return push_literal(parser, literal, operand);
}

static bool parse_bool(vmo_parser *parser, bool truth, vmo_operand *operand) {
  vmo_literal literal = {.kind = VMO_LITERAL_BOOL, .element = VMO_ELEMENT_COUNT, .value = {.bits = truth}};
  return push_literal(parser, literal, operand);
}

/* A number behind its sign. */
static bool parse_number(vmo_parser *parser, bool negative, vmo_operand *operand) {
  const vmo_token *token = &parser->token;
  if (token->kind == VMO_TOKEN_REAL)
    return parse_real(parser, negative ? -token->value.real : token->value.real, operand);
  if (vmo_parse_is_word(token, "inf")) return parse_real(parser, negative ? -INFINITY : INFINITY, operand);
  if (token->kind != VMO_TOKEN_INTEGER) return vmo_parse_fail_expected(parser, "a number");
  vmo_literal literal = {.kind = VMO_LITERAL_INTEGER,
                         .element = VMO_ELEMENT_COUNT,
                         .negative = negative && token->value.integer != 0,
                         .value = {.bits = token->value.integer}};
  return push_literal(parser, literal, operand);
}

/* ---- operands ---- */

static bool fail_word(vmo_parser *parser, vmr_symbol symbol) {
  const char *word = vmo_name(parser->module, symbol);
  vmo_diagnostic *diagnostic = vmo_diag_add(parser->context, VMO_DIAG_UNKNOWN_DIM, parser->token.location,
                                            "`%s` is no operand: it is not declared as a dim", word);
  vmo_value_id value = vmo_index_find_value(parser->module, parser->function, symbol);
  if (value != VMO_NONE) vmo_diag_hint(parser->context, diagnostic, "did you mean %%%s?", word);
  return false;
}

static bool parse_word(vmo_parser *parser, vmo_operand *operand) {
  const vmo_token *token = &parser->token;
  if (vmo_parse_is_word(token, "true")) return parse_bool(parser, true, operand);
  if (vmo_parse_is_word(token, "false")) return parse_bool(parser, false, operand);
  if (vmo_parse_is_word(token, "inf")) return parse_number(parser, false, operand);
  if (vmo_parse_is_word(token, "nan")) return parse_real(parser, NAN, operand);
  vmr_symbol symbol = vmo_parse_symbol(parser, token);
  vmo_dim_id dim = symbol == 0 ? VMO_NONE : vmo_parse_find_dim(parser, symbol);
  if (dim == VMO_NONE) return symbol != 0 && fail_word(parser, symbol);
  operand->kind = VMO_OPERAND_SIZE;
  operand->index = vmo_size_symbol(parser->module->sizes, dim);
  if (operand->index == VMO_NONE) parser->out_of_memory = true;
  vmo_parse_advance(parser);
  return operand->index != VMO_NONE;
}

bool vmo_parse_starts_operand(const vmo_parser *parser) {
  vmo_token_kind kind = parser->token.kind;
  return kind == VMO_TOKEN_VALUE || kind == VMO_TOKEN_INTEGER || kind == VMO_TOKEN_REAL || kind == VMO_TOKEN_MINUS ||
         kind == VMO_TOKEN_WORD;
}

bool vmo_parse_operand(vmo_parser *parser, vmo_operand *operand) {
  operand->location = parser->token.location;
  switch (parser->token.kind) {
  case VMO_TOKEN_VALUE: operand->kind = VMO_OPERAND_VALUE; return vmo_parse_value(parser, &operand->index);
  case VMO_TOKEN_INTEGER:
  case VMO_TOKEN_REAL: return parse_number(parser, false, operand);
  case VMO_TOKEN_MINUS: vmo_parse_advance(parser); return parse_number(parser, true, operand);
  case VMO_TOKEN_WORD: return parse_word(parser, operand);
  default: return vmo_parse_fail_expected(parser, "an operand");
  }
}

/* A comma at the end of a line, with the next statement after it. */
static bool at_next_statement(const vmo_parser *parser) {
  if (parser->token.kind != VMO_TOKEN_VALUE || !parser->token.starts_line) return false;
  return vmo_parse_peek(parser).kind == VMO_TOKEN_EQUALS;
}

bool vmo_parse_operands(vmo_parser *parser) {
  do {
    vmo_operand operand;
    if (at_next_statement(parser)) return vmo_parse_fail_expected(parser, "an operand after `,`");
    if (!vmo_parse_operand(parser, &operand) || !vmo_parser_push(parser, &parser->operands, operand)) return false;
  } while (vmo_parse_accept(parser, VMO_TOKEN_COMMA));
  return true;
}
