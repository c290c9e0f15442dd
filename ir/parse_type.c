/* parse_type.c: size expressions and types.
 *
 *   size   := ['-'] term {('+' | '-') term}
 *   term   := factor {'*' factor | '/' INTEGER}
 *   factor := INTEGER | DIM | '(' size ')' | 'max' '(' size {',' size} ')'
 *   type   := ELEMENT ['[' size {',' size} ']'] ['@' SPACE] ['align' INTEGER]
 *
 * Parentheses within parentheses are bounded by SIZE_NESTING. A memory space must stand on the line of its type,
 * so that it is not taken for the declared op that starts the next one. */
#include "ir/parse.h"

#include <string.h>

enum { SIZE_NESTING = 64, LARGEST_ALIGNMENT = 1 << 30, LONGEST_SPELLING = 80 };

/* ---- sizes ---- */

static bool parse_sum(vmo_parser *parser, vmo_size_id *size, uint32_t depth);

static bool fail_size(vmo_parser *parser, vmo_location location) {
  vmo_sizes *sizes = parser->module->sizes;
  if (vmo_sizes_status(sizes) == VMO_OUT_OF_MEMORY) {
    parser->out_of_memory = true;
    return false;
  }
  vmo_sizes_clear_status(sizes);
  vmo_diagnostic *diagnostic =
      vmo_diag_add(parser->context, VMO_DIAG_SIZE_TOO_LARGE, location, "this size is beyond what can be computed");
  vmo_diag_hint(parser->context, diagnostic, "numbers in sizes stay below 2^62, and expressions below 4096 terms");
  return false;
}

static const char **list_dims(vmo_parser *parser, size_t *count) {
  const vmo_module *module = parser->module;
  const char **names = vmo_alloc(parser->context, (module->dims.count + 1) * sizeof *names);
  *count = 0;
  for (uint32_t i = 0; names != NULL && i < module->dims.count; i++)
    if (module->dims.data[i].kind != VMO_DIM_LOCAL || parser->in_declaration)
      names[(*count)++] = vmo_name(module, module->dims.data[i].name);
  return names;
}

/* Reports a word that is no dim, and goes on as if it were one. */
static vmo_dim_id report_dim(vmo_parser *parser, const vmo_token *token, vmr_symbol symbol) {
  vmo_context *context = parser->context;
  const char *word = vmo_name(parser->module, symbol);
  vmo_diagnostic *diagnostic =
      vmo_diag_add(context, VMO_DIAG_UNKNOWN_DIM, token->location, "`%s` is not declared as a dim", word);
  if (diagnostic != NULL) {
    size_t count = 0;
    const char **names = list_dims(parser, &count);
    const char *nearest = names == NULL ? NULL : vmo_nearest_word(word, names, count);
    if (nearest != NULL)
      vmo_diag_hint(context, diagnostic, "did you mean `%s`?", nearest);
    else
      vmo_diag_hint(context, diagnostic, "declare it at the top of the file: dim %s", word);
  }
  vmo_dim_id known = vmo_index_find(parser->module, VMO_NAME_DIM, symbol);
  if (known != VMO_NONE || vmo_word_is_reserved(word, token->length)) return known;
  return vmo_build_dim(parser->module, word, VMO_DIM_FREE, 0, token->location);
}

vmo_dim_id vmo_parse_find_dim(const vmo_parser *parser, vmr_symbol symbol) {
  vmo_dim_id dim = vmo_index_find(parser->module, VMO_NAME_DIM, symbol);
  if (dim == VMO_NONE || parser->module->dims.data[dim].kind != VMO_DIM_LOCAL) return dim;
  return parser->in_declaration ? dim : VMO_NONE;
}

static bool parse_dim(vmo_parser *parser, vmo_size_id *size) {
  vmo_token token = parser->token;
  vmr_symbol symbol = vmo_parse_symbol(parser, &token);
  if (symbol == 0) return false;
  vmo_parse_advance(parser);
  vmo_dim_id dim = vmo_parse_find_dim(parser, symbol);
  if (dim == VMO_NONE && parser->in_declaration)
    dim = vmo_build_dim(parser->module, vmo_name(parser->module, symbol), VMO_DIM_LOCAL, 0, token.location);
  else if (dim == VMO_NONE)
    dim = report_dim(parser, &token, symbol);
  if (dim == VMO_NONE) return false;
  *size = vmo_size_symbol(parser->module->sizes, dim);
  return *size != VMO_NONE || fail_size(parser, token.location);
}

static bool parse_number(vmo_parser *parser, vmo_size_id *size) {
  vmo_token token = parser->token;
  vmo_parse_advance(parser);
  if (token.value.integer > INT64_MAX) return fail_size(parser, token.location);
  *size = vmo_size_constant(parser->module->sizes, (int64_t)token.value.integer);
  return *size != VMO_NONE || fail_size(parser, token.location);
}

/* NOLINTBEGIN(misc-no-recursion): at most SIZE_NESTING deep */

/* max(size, ...) from behind the word. */
static bool parse_maximum(vmo_parser *parser, vmo_size_id *size, uint32_t depth) {
  vmo_location location = parser->token.location;
  if (!vmo_parse_expect(parser, VMO_TOKEN_LEFT_PARENTHESIS, "`(`") || !parse_sum(parser, size, depth)) return false;
  while (vmo_parse_accept(parser, VMO_TOKEN_COMMA)) {
    vmo_size_id other = VMO_NONE;
    if (!parse_sum(parser, &other, depth)) return false;
    *size = vmo_size_max(parser->module->sizes, *size, other);
    if (*size == VMO_NONE) return fail_size(parser, location);
  }
  return vmo_parse_expect(parser, VMO_TOKEN_RIGHT_PARENTHESIS, "`)`");
}

static bool parse_factor(vmo_parser *parser, vmo_size_id *size, uint32_t depth) {
  if (depth > SIZE_NESTING) {
    vmo_diag_add(parser->context, VMO_DIAG_NESTING, parser->token.location,
                 "more than %d parentheses within each other", SIZE_NESTING);
    return false;
  }
  if (parser->token.kind == VMO_TOKEN_INTEGER) return parse_number(parser, size);
  if (vmo_parse_accept(parser, VMO_TOKEN_LEFT_PARENTHESIS))
    return parse_sum(parser, size, depth + 1) && vmo_parse_expect(parser, VMO_TOKEN_RIGHT_PARENTHESIS, "`)`");
  if (vmo_parse_accept_word(parser, "max")) return parse_maximum(parser, size, depth + 1);
  if (parser->token.kind == VMO_TOKEN_WORD) return parse_dim(parser, size);
  return vmo_parse_fail_expected(parser, "a size (a number, a dim, or an expression of them)");
}

static bool parse_divisor(vmo_parser *parser, vmo_size_id *size) {
  int64_t divisor = 1;
  vmo_location location = parser->token.location;
  if (!vmo_parse_integer(parser, "a divisor", 1, INT64_MAX / 4, &divisor)) return false;
  *size = vmo_size_divide(parser->module->sizes, *size, divisor);
  return *size != VMO_NONE || fail_size(parser, location);
}

static bool parse_term(vmo_parser *parser, vmo_size_id *size, uint32_t depth) {
  if (!parse_factor(parser, size, depth)) return false;
  for (;;) {
    vmo_location location = parser->token.location;
    if (vmo_parse_accept(parser, VMO_TOKEN_DIVIDE)) {
      if (!parse_divisor(parser, size)) return false;
    } else if (vmo_parse_accept(parser, VMO_TOKEN_TIMES)) {
      vmo_size_id factor = VMO_NONE;
      if (!parse_factor(parser, &factor, depth)) return false;
      *size = vmo_size_multiply(parser->module->sizes, *size, factor);
      if (*size == VMO_NONE) return fail_size(parser, location);
    } else {
      return true;
    }
  }
}

/* A leading minus takes the whole term: -N/2 is -(N/2). */
static bool parse_sum(vmo_parser *parser, vmo_size_id *size, uint32_t depth) {
  vmo_sizes *sizes = parser->module->sizes;
  *size = vmo_size_constant(sizes, 0);
  bool negative = vmo_parse_accept(parser, VMO_TOKEN_MINUS);
  for (;;) {
    vmo_size_id term = VMO_NONE;
    vmo_location location = parser->token.location;
    if (!parse_term(parser, &term, depth)) return false;
    *size = negative ? vmo_size_subtract(sizes, *size, term) : vmo_size_add(sizes, *size, term);
    if (*size == VMO_NONE) return fail_size(parser, location);
    negative = parser->token.kind == VMO_TOKEN_MINUS;
    if (!negative && parser->token.kind != VMO_TOKEN_PLUS) return true;
    vmo_parse_advance(parser);
  }
}

/* NOLINTEND(misc-no-recursion) */

bool vmo_parse_size(vmo_parser *parser, vmo_size_id *size) { return parse_sum(parser, size, 0); }

/* ---- types ---- */

static vmo_element find_element(const vmo_token *token) {
  if (token->length > 4) return VMO_ELEMENT_COUNT;
  for (vmo_element element = 0; element < VMO_ELEMENT_COUNT; element++)
    if (vmo_parse_is_word(token, vmo_element_name(element))) return element;
  return VMO_ELEMENT_COUNT;
}

static bool fail_element(vmo_parser *parser) {
  const vmo_token *token = &parser->token;
  if (token->kind != VMO_TOKEN_WORD) return vmo_parse_fail_expected(parser, "a type");
  const char *names[VMO_ELEMENT_COUNT], *word = vmo_parse_text(parser, token);
  for (int i = 0; i < VMO_ELEMENT_COUNT; i++) names[i] = vmo_element_name((vmo_element)i);
  if (word == NULL) return false;
  vmo_diagnostic *diagnostic =
      vmo_diag_add(parser->context, VMO_DIAG_UNKNOWN_TYPE, token->location, "`%s` is no element type", word);
  const char *nearest = vmo_nearest_word(word, names, VMO_ELEMENT_COUNT);
  if (nearest != NULL)
    vmo_diag_hint(parser->context, diagnostic, "did you mean `%s`?", nearest);
  else
    vmo_diag_hint(parser->context, diagnostic,
                  "the types are bool, i8, u8, i16, u16, i32, u32, i64, u64, f16, bf16, f32 and f64");
  return false;
}

static bool parse_shape(vmo_parser *parser) {
  vmo_location location = parser->token.location;
  parser->shape.count = 0;
  if (!vmo_parse_accept(parser, VMO_TOKEN_LEFT_BRACKET)) return true;
  if (parser->token.kind == VMO_TOKEN_RIGHT_BRACKET) {
    vmo_diagnostic *diagnostic =
        vmo_diag_add(parser->context, VMO_DIAG_UNEXPECTED_TOKEN, location, "an array has at least one size");
    vmo_diag_hint(parser->context, diagnostic, "a scalar is written without brackets");
    return false;
  }
  do {
    vmo_size_id size = VMO_NONE;
    if (!vmo_parse_size(parser, &size) || !vmo_parser_push(parser, &parser->shape, size)) return false;
  } while (vmo_parse_accept(parser, VMO_TOKEN_COMMA));
  return vmo_parse_expect(parser, VMO_TOKEN_RIGHT_BRACKET, "`,` or `]`");
}

static bool parse_space(vmo_parser *parser, vmo_space_id *space) {
  *space = 0;
  if (parser->token.kind != VMO_TOKEN_AT || parser->token.starts_line) return true;
  const char *name = vmo_parse_text(parser, &parser->token);
  *space = name == NULL ? VMO_NONE : vmo_build_space(parser->module, name);
  vmo_parse_advance(parser);
  return *space != VMO_NONE;
}

static bool parse_alignment(vmo_parser *parser, int64_t *alignment) {
  *alignment = 0;
  if (parser->token.starts_line || !vmo_parse_accept_word(parser, "align")) return true;
  vmo_location location = parser->token.location;
  if (!vmo_parse_integer(parser, "an alignment", 1, LARGEST_ALIGNMENT, alignment)) return false;
  if ((*alignment & (*alignment - 1)) == 0) return true;
  vmo_diag_add(parser->context, VMO_DIAG_UNEXPECTED_TOKEN, location, "an alignment is a power of two");
  return false;
}

static bool ends_line(char c) { return c == '\n' || c == '\r'; }

/* Types come in runs: one at the end of a line that is spelled like the last such one is not read again. */
static bool repeat_type(vmo_parser *parser, vmo_type_id *type) {
  const vmo_spelled_type *last = &parser->last_type;
  const char *text = parser->token.text;
  if (last->length == 0 || (size_t)(parser->lexer.end - text) <= last->length) return false;
  if (memcmp(text, last->text, last->length) != 0 || !ends_line(text[last->length])) return false;
  parser->lexer.at = text + last->length;
  vmo_parse_advance(parser);
  *type = last->type;
  return true;
}

/* At the token behind a type that starts at `text`. */
static void remember_type(vmo_parser *parser, const char *text, vmo_type_id type) {
  size_t length = (size_t)(parser->behind - text);
  if (!parser->token.starts_line || length > LONGEST_SPELLING || parser->in_declaration) return;
  if (memchr(text, '\n', length) != NULL || !ends_line(*parser->behind)) return;
  parser->last_type = (vmo_spelled_type){text, length, type};
}

bool vmo_parse_type(vmo_parser *parser, vmo_type_id *type) {
  vmo_location location = parser->token.location;
  vmo_space_id space = 0;
  int64_t alignment = 0;
  const char *text = parser->token.text;
  if (repeat_type(parser, type)) return true;
  vmo_element element = find_element(&parser->token);
  if (element == VMO_ELEMENT_COUNT) return fail_element(parser);
  vmo_parse_advance(parser);
  if (!parse_shape(parser) || !parse_space(parser, &space) || !parse_alignment(parser, &alignment)) return false;
  *type = vmo_build_type(parser->module, element, parser->shape.data, parser->shape.count, space, (uint32_t)alignment);
  if (*type != VMO_NONE) {
    remember_type(parser, text, *type);
    return true;
  }
  if (vmo_sizes_status(parser->module->sizes) == VMO_INPUT_ERROR) return fail_size(parser, location);
  parser->out_of_memory = true;
  return false;
}

static bool push_type(vmo_parser *parser) {
  vmo_type_id type = VMO_NONE;
  return vmo_parse_type(parser, &type) && vmo_parser_push(parser, &parser->types, type);
}

bool vmo_parse_type_list(vmo_parser *parser) {
  if (!vmo_parse_accept(parser, VMO_TOKEN_LEFT_PARENTHESIS)) return push_type(parser);
  if (vmo_parse_accept(parser, VMO_TOKEN_RIGHT_PARENTHESIS)) return true;
  do {
    if (!push_type(parser)) return false;
  } while (vmo_parse_accept(parser, VMO_TOKEN_COMMA));
  return vmo_parse_expect(parser, VMO_TOKEN_RIGHT_PARENTHESIS, "`,` or `)`");
}

bool vmo_parse_arrow_types(vmo_parser *parser) {
  return !vmo_parse_accept(parser, VMO_TOKEN_ARROW) || vmo_parse_type_list(parser);
}
