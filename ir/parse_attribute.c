/* parse_attribute.c: what stands in braces after an op's operands, a parameter, a declaration.
 *
 *   braces := '{' [attribute {',' attribute}] '}'
 *   attribute := WORD '=' (item | '[' [item {',' item}] ']')
 *   item := number | true | false | "text" | word | %value | size */
#include "ir/parse.h"

#include <math.h>

enum { MOST_ATTRIBUTES = 64 };

static bool push_item(vmo_parser *parser, vmo_attribute_item item) {
  return vmo_parser_push(parser, &parser->items, item);
}

static bool push_real(vmo_parser *parser, double number) {
  vmo_parse_advance(parser);
  return push_item(parser, (vmo_attribute_item){VMO_ATTRIBUTE_REAL, {.real = number}});
}

static bool push_id(vmo_parser *parser, vmo_attribute_kind kind, uint32_t id) {
  return push_item(parser, (vmo_attribute_item){kind, {.id = id}});
}

static bool parse_quoted(vmo_parser *parser) {
  vmo_token token = parser->token;
  char *decoded = vmo_alloc(parser->context, (size_t)token.length + 1);
  vmr_symbol symbol =
      decoded == NULL ? 0 : vmr_interner_add(parser->context->names, decoded, vmo_lex_decode(&token, decoded));
  if (symbol == 0) {
    parser->out_of_memory = true;
    return false;
  }
  vmo_parse_advance(parser);
  return push_id(parser, VMO_ATTRIBUTE_TEXT, symbol);
}

static bool parse_value_item(vmo_parser *parser) {
  vmo_value_id value;
  if (parser->function == NULL) return vmo_parse_fail_expected(parser, "a number or a word");
  return vmo_parse_value(parser, &value) && push_id(parser, VMO_ATTRIBUTE_VALUE, value);
}

static bool ends_item(const vmo_token *token) {
  return token->kind == VMO_TOKEN_COMMA || token->kind == VMO_TOKEN_RIGHT_BRACE ||
         token->kind == VMO_TOKEN_RIGHT_BRACKET;
}

/* An integer by itself has all 64 bits; within an expression it is a size. */
static bool parse_whole_number(vmo_parser *parser, bool negative) {
  vmo_token token = parser->token;
  uint64_t largest = (uint64_t)INT64_MAX + (negative ? 1 : 0);
  vmo_parse_advance(parser);
  if (token.value.integer > largest) {
    vmo_diag_add(parser->context, VMO_DIAG_LARGE_NUMBER, token.location, "the number %s%.*s is too large",
                 negative ? "-" : "", (int)token.length, token.text);
    return false;
  }
  int64_t number = negative ? (int64_t)(0 - token.value.integer) : (int64_t)token.value.integer;
  return push_item(parser, (vmo_attribute_item){VMO_ATTRIBUTE_INTEGER, {.integer = number}});
}

static bool parse_size_item(vmo_parser *parser) {
  vmo_size_id size;
  int64_t number;
  if (!vmo_parse_size(parser, &size)) return false;
  if (!vmo_size_is_constant(parser->module->sizes, size, &number)) return push_id(parser, VMO_ATTRIBUTE_SIZE, size);
  return push_item(parser, (vmo_attribute_item){VMO_ATTRIBUTE_INTEGER, {.integer = number}});
}

static bool parse_word_item(vmo_parser *parser) {
  vmo_token token = parser->token, next = vmo_parse_peek(parser);
  if (vmo_parse_is_word(&token, "true") || vmo_parse_is_word(&token, "false")) {
    vmo_parse_advance(parser);
    vmo_attribute_item item = {VMO_ATTRIBUTE_BOOL, {.integer = token.text[0] == 't'}};
    return push_item(parser, item);
  }
  if (vmo_parse_is_word(&token, "inf")) return push_real(parser, INFINITY);
  if (vmo_parse_is_word(&token, "nan")) return push_real(parser, NAN);
  vmr_symbol symbol = vmo_parse_symbol(parser, &token);
  if (symbol == 0) return false;
  if (vmo_parse_find_dim(parser, symbol) != VMO_NONE || !ends_item(&next)) return parse_size_item(parser);
  vmo_parse_advance(parser);
  return push_id(parser, VMO_ATTRIBUTE_WORD, symbol);
}

/* A minus may belong to a real, to a whole number by itself, or to an expression. */
static bool parse_negative_item(vmo_parser *parser) {
  vmo_lexer ahead = parser->lexer;
  vmo_token number = vmo_lex_next(&ahead), next = vmo_lex_next(&ahead);
  bool is_infinite = vmo_parse_is_word(&number, "inf");
  bool is_whole = number.kind == VMO_TOKEN_INTEGER && ends_item(&next);
  if (number.kind != VMO_TOKEN_REAL && !is_infinite && !is_whole) return parse_size_item(parser);
  vmo_parse_advance(parser);
  if (is_whole) return parse_whole_number(parser, true);
  return push_real(parser, is_infinite ? -INFINITY : -number.value.real);
}

static bool parse_item(vmo_parser *parser) {
  vmo_token next;
  switch (parser->token.kind) {
  case VMO_TOKEN_TEXT: return parse_quoted(parser);
  case VMO_TOKEN_VALUE: return parse_value_item(parser);
  case VMO_TOKEN_REAL: return push_real(parser, parser->token.value.real);
  case VMO_TOKEN_WORD: return parse_word_item(parser);
  case VMO_TOKEN_MINUS: return parse_negative_item(parser);
  case VMO_TOKEN_LEFT_PARENTHESIS: return parse_size_item(parser);
  case VMO_TOKEN_INTEGER:
    next = vmo_parse_peek(parser);
    return ends_item(&next) ? parse_whole_number(parser, false) : parse_size_item(parser);
  default: return vmo_parse_fail_expected(parser, "an attribute's value");
  }
}

static bool parse_items(vmo_parser *parser, vmo_attribute *attribute) {
  attribute->item_first = parser->items.count;
  attribute->is_list = vmo_parse_accept(parser, VMO_TOKEN_LEFT_BRACKET);
  if (!attribute->is_list) {
    attribute->item_count = 1;
    return parse_item(parser);
  }
  if (vmo_parse_accept(parser, VMO_TOKEN_RIGHT_BRACKET)) return true;
  do {
    if (!parse_item(parser)) return false;
  } while (vmo_parse_accept(parser, VMO_TOKEN_COMMA));
  attribute->item_count = parser->items.count - attribute->item_first;
  return vmo_parse_expect(parser, VMO_TOKEN_RIGHT_BRACKET, "`,` or `]`");
}

static bool check_new(vmo_parser *parser, uint32_t first, const vmo_attribute *attribute) {
  if (parser->attributes.count - first >= MOST_ATTRIBUTES) {
    vmo_diag_add(parser->context, VMO_DIAG_BAD_ATTRIBUTE, attribute->location, "more than %d attributes",
                 MOST_ATTRIBUTES);
    return false;
  }
  for (uint32_t i = first; i < parser->attributes.count; i++)
    if (parser->attributes.data[i].attribute.name == attribute->name) {
      vmo_diag_add(parser->context, VMO_DIAG_BAD_ATTRIBUTE, attribute->location, "`%s` is given twice",
                   vmo_name(parser->module, attribute->name));
      return false;
    }
  return true;
}

static bool parse_attribute(vmo_parser *parser, uint32_t first) {
  vmo_parsed_attribute parsed = {.parameter = VMO_NONE};
  parsed.attribute.location = parser->token.location;
  if (parser->token.kind != VMO_TOKEN_WORD) return vmo_parse_fail_expected(parser, "an attribute's name");
  parsed.attribute.name = vmo_parse_symbol(parser, &parser->token);
  vmo_parse_advance(parser);
  return parsed.attribute.name != 0 && check_new(parser, first, &parsed.attribute) &&
         vmo_parse_expect(parser, VMO_TOKEN_EQUALS, "`=`") && parse_items(parser, &parsed.attribute) &&
         vmo_parser_push(parser, &parser->attributes, parsed);
}

bool vmo_parse_braces(vmo_parser *parser) {
  uint32_t first = parser->attributes.count;
  if (!vmo_parse_expect(parser, VMO_TOKEN_LEFT_BRACE, "`{`")) return false;
  parser->inside_braces = true;
  if (parser->token.kind != VMO_TOKEN_RIGHT_BRACE) {
    do {
      if (!parse_attribute(parser, first)) return false;
    } while (vmo_parse_accept(parser, VMO_TOKEN_COMMA));
  }
  if (!vmo_parse_expect(parser, VMO_TOKEN_RIGHT_BRACE, "`,` or `}`")) return false;
  parser->inside_braces = false;
  return true;
}
