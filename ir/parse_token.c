/* parse_token.c: tokens, expectations and recovery. */
#include "ir/parse.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void vmo_parse_advance(vmo_parser *parser) {
  parser->behind = parser->lexer.at;
  parser->behind_location =
      (vmo_location){parser->lexer.line, (uint32_t)(parser->lexer.at - parser->lexer.line_start) + 1};
  parser->token = vmo_lex_next(&parser->lexer);
}

vmo_token vmo_parse_peek(const vmo_parser *parser) {
  vmo_lexer ahead = parser->lexer;
  return vmo_lex_next(&ahead);
}

bool vmo_parse_is_word(const vmo_token *token, const char *word) {
  return token->kind == VMO_TOKEN_WORD && token->text[0] == word[0] && strncmp(word, token->text, token->length) == 0 &&
         word[token->length] == '\0';
}

bool vmo_parse_accept(vmo_parser *parser, vmo_token_kind kind) {
  if (parser->token.kind != kind) return false;
  vmo_parse_advance(parser);
  return true;
}

bool vmo_parse_accept_word(vmo_parser *parser, const char *word) {
  if (!vmo_parse_is_word(&parser->token, word)) return false;
  vmo_parse_advance(parser);
  return true;
}

bool vmo_parse_same_place(vmo_location left, vmo_location right) {
  return left.line == right.line && left.column == right.column;
}

vmr_symbol vmo_parse_symbol(vmo_parser *parser, const vmo_token *token) {
  vmr_symbol symbol = vmr_interner_add(parser->context->names, token->text, token->length);
  if (symbol == 0) parser->out_of_memory = true;
  return symbol;
}

const char *vmo_parse_text(vmo_parser *parser, const vmo_token *token) {
  vmr_symbol symbol = vmo_parse_symbol(parser, token);
  return symbol == 0 ? NULL : vmo_name(parser->module, symbol);
}

/* ---- what is wrong with a token ---- */

enum { SHOWN_BYTES = 40 };

static void report_stray(vmo_context *context, const vmo_token *token, const char *what) {
  unsigned char byte = (unsigned char)token->text[0];
  if (byte > ' ' && byte < 0x7f) {
    vmo_diag_add(context, VMO_DIAG_STRAY_CHARACTER, token->location, "expected %s, found `%c`", what, byte);
    return;
  }
  vmo_diagnostic *diagnostic = vmo_diag_add(context, VMO_DIAG_STRAY_CHARACTER, token->location,
                                            "expected %s, found the byte 0x%02x", what, byte);
  vmo_diag_hint(context, diagnostic,
                byte < ' ' || byte == 0x7f ? "this looks like a binary file; VMIR is plain text"
                                           : "other letters than a to z stand in comments and quoted text only");
}

static bool fail_bad_token(vmo_parser *parser, const char *what) {
  vmo_context *context = parser->context;
  const vmo_token *token = &parser->token;
  vmo_location location = token->location;
  int shown = token->length < SHOWN_BYTES ? (int)token->length : SHOWN_BYTES;
  switch (token->problem) {
  case VMO_LEX_NAME_MISSING:
    vmo_diag_add(context, VMO_DIAG_UNEXPECTED_TOKEN, location, "a name must follow `%c` at once", token->text[0]);
    break;
  case VMO_LEX_BAD_NUMBER:
    vmo_diag_add(context, VMO_DIAG_BAD_NUMBER, location, "`%.*s` is no number", shown, token->text);
    break;
  case VMO_LEX_LARGE_NUMBER:
    vmo_diag_add(context, VMO_DIAG_LARGE_NUMBER, location, "the number %.*s%s is too large", shown, token->text,
                 token->length > SHOWN_BYTES ? "..." : "");
    break;
  case VMO_LEX_UNCLOSED_TEXT:
    vmo_diag_add(context, VMO_DIAG_BAD_TEXT, location, "the closing `\"` is missing on this line");
    break;
  case VMO_LEX_BAD_ESCAPE:
    vmo_diag_hint(context,
                  vmo_diag_add(context, VMO_DIAG_BAD_TEXT, location, "unknown escape after `\\` in quoted text"),
                  "the escapes are \\\", \\\\, \\n, \\t and \\xHH");
    break;
  default: report_stray(context, token, what);
  }
  return false;
}

bool vmo_parse_fail_expected(vmo_parser *parser, const char *what) {
  const vmo_token *token = &parser->token;
  vmo_context *context = parser->context;
  if (token->kind == VMO_TOKEN_BAD) return fail_bad_token(parser, what);
  if (token->kind == VMO_TOKEN_END) {
    parser->end_reported = true;
    vmo_diag_add(context, VMO_DIAG_UNEXPECTED_END, token->location, "expected %s, but the file ends here", what);
    return false;
  }
  if (token->starts_line && !vmo_parse_same_place(token->location, parser->start)) {
    vmo_diag_add(context, VMO_DIAG_UNEXPECTED_TOKEN, parser->behind_location, "expected %s, but the line ends here",
                 what);
    return false;
  }
  const char *sigil = token->kind == VMO_TOKEN_VALUE ? "%" : token->kind == VMO_TOKEN_AT ? "@" : "";
  if (token->kind == VMO_TOKEN_TEXT)
    vmo_diag_add(context, VMO_DIAG_UNEXPECTED_TOKEN, token->location, "expected %s, found quoted text", what);
  else
    vmo_diag_add(context, VMO_DIAG_UNEXPECTED_TOKEN, token->location, "expected %s, found `%s%.*s`", what, sigil,
                 (int)(token->length < SHOWN_BYTES ? token->length : SHOWN_BYTES), token->text);
  return false;
}

bool vmo_parse_expect(vmo_parser *parser, vmo_token_kind kind, const char *what) {
  return vmo_parse_accept(parser, kind) || vmo_parse_fail_expected(parser, what);
}

bool vmo_parse_expect_word(vmo_parser *parser, const char *word) {
  char what[32];
  if (vmo_parse_accept_word(parser, word)) return true;
  snprintf(what, sizeof what, "`%s`", word);
  return vmo_parse_fail_expected(parser, what);
}

bool vmo_parse_integer(vmo_parser *parser, const char *what, int64_t low, int64_t high, int64_t *number) {
  vmo_token token = parser->token;
  if (token.kind != VMO_TOKEN_INTEGER) return vmo_parse_fail_expected(parser, what);
  vmo_parse_advance(parser);
  if (token.value.integer <= (uint64_t)high && (int64_t)token.value.integer >= low) {
    *number = (int64_t)token.value.integer;
    return true;
  }
  bool is_small = token.value.integer <= INT64_MAX && (int64_t)token.value.integer < low;
  vmo_diag_add(parser->context, VMO_DIAG_LARGE_NUMBER, token.location, "%s is at %s %" PRId64 ", not %" PRIu64, what,
               is_small ? "least" : "most", is_small ? low : high, token.value.integer);
  return false;
}

/* ---- recovery ---- */

bool vmo_parse_at_item(const vmo_parser *parser) {
  const vmo_token *token = &parser->token;
  return token->starts_line &&
         (vmo_parse_is_word(token, "func") || vmo_parse_is_word(token, "dim") || vmo_parse_is_word(token, "op"));
}

void vmo_parse_skip_statement(vmo_parser *parser) {
  uint32_t depth = 0;
  for (;; vmo_parse_advance(parser)) {
    const vmo_token *token = &parser->token;
    bool moved = !vmo_parse_same_place(token->location, parser->start);
    if (token->kind == VMO_TOKEN_END || vmo_parse_at_item(parser)) break;
    if (depth == 0 && token->starts_line && moved) break;
    if (token->kind == VMO_TOKEN_LEFT_BRACE) depth++;
    if (token->kind != VMO_TOKEN_RIGHT_BRACE) continue;
    if (depth == 0 && !parser->inside_braces) break;
    if (depth == 0)
      parser->inside_braces = false;
    else
      depth--;
  }
  parser->inside_braces = false;
}

void vmo_parse_skip_item(vmo_parser *parser) {
  do {
    vmo_parse_advance(parser);
  } while (parser->token.kind != VMO_TOKEN_END && !vmo_parse_at_item(parser));
  parser->inside_braces = false;
}
