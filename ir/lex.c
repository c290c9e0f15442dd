/* lex.c: see lex.h. A table gives the class of each byte; names, numbers and punctuation are told by their first one.
 * Every byte string becomes some list of tokens, in time proportional to its length. */
#include "ir/lex.h"

#include <string.h>

#include "support/real.h"

enum {
  BLANK = 1,
  LETTER = 2,    /* a-z A-Z _ */
  DIGIT = 4,     /* 0-9 */
  NAME_MARK = 8, /* . $: within names of values */
  PRINTABLE = 16
};

#define NAME (LETTER | DIGIT | NAME_MARK)

/* Bytes that are no text have no class. */
static const unsigned char classes[256] = {
#define A (LETTER | PRINTABLE)
#define D (DIGIT | PRINTABLE)
#define M (NAME_MARK | PRINTABLE)
#define P PRINTABLE
#define B BLANK
    0, 0, 0, 0, 0, 0, 0, 0, 0, B, B, B, B, B, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* controls */
    B, P, P, P, M, P, P, P, P, P, P, P, P, P, M, P, D, D, D, D, D, D, D, D, D, D, P, P, P, P, P, P, /* ' ' to '?' */
    P, A, A, A, A, A, A, A, A, A, A, A, A, A, A, A, A, A, A, A, A, A, A, A, A, A, A, P, P, P, P, A, /* '@' to '_' */
    P, A, A, A, A, A, A, A, A, A, A, A, A, A, A, A, A, A, A, A, A, A, A, A, A, A, A, P, P, P, P, 0, /* '`' to DEL */
#undef A
#undef D
#undef M
#undef P
#undef B
};

static unsigned char_class(char c) { return classes[(unsigned char)c]; }

static bool has_class(const vmo_lexer *lexer, const char *at, unsigned wanted) {
  return at < lexer->end && (char_class(*at) & wanted) != 0;
}

vmo_lexer vmo_lex_start(const char *text, size_t length) {
  static const char mark[3] = {'\xef', '\xbb', '\xbf'};
  size_t skipped = length >= 3 && memcmp(text, mark, 3) == 0 ? 3 : 0;
  return (vmo_lexer){.at = text + skipped, .end = text + length, .line_start = text, .line = 1, .starts_line = true};
}

static void skip_comment(vmo_lexer *lexer) {
  const char *newline = memchr(lexer->at, '\n', (size_t)(lexer->end - lexer->at));
  lexer->at = newline == NULL ? lexer->end : newline;
}

static void skip_blanks(vmo_lexer *lexer) {
  while (lexer->at < lexer->end) {
    if (*lexer->at == '\n') {
      lexer->line++;
      lexer->line_start = lexer->at + 1;
      lexer->starts_line = true;
    } else if (*lexer->at == '/' && lexer->end - lexer->at > 1 && lexer->at[1] == '/') {
      skip_comment(lexer);
      continue;
    } else if (char_class(*lexer->at) != BLANK) {
      return;
    }
    lexer->at++;
  }
}

/* ---- names ---- */

static void take_word(vmo_lexer *lexer, vmo_token *token) {
  while (has_class(lexer, lexer->at, LETTER | DIGIT)) lexer->at++;
  token->kind = VMO_TOKEN_WORD;
}

/* %name and @name; the name may start with a digit. */
static void take_sigil(vmo_lexer *lexer, vmo_token *token) {
  unsigned wanted = *lexer->at == '%' ? NAME : LETTER | DIGIT;
  token->kind = *lexer->at == '%' ? VMO_TOKEN_VALUE : VMO_TOKEN_AT;
  token->text = ++lexer->at;
  while (has_class(lexer, lexer->at, wanted)) lexer->at++;
  if (lexer->at > token->text) return;
  token->kind = VMO_TOKEN_BAD;
  token->problem = VMO_LEX_NAME_MISSING;
  token->text--;
}

/* ---- numbers ---- */

static void refuse_number(vmo_lexer *lexer, vmo_token *token, vmo_lex_problem problem) {
  while (has_class(lexer, lexer->at, NAME)) lexer->at++;
  token->kind = VMO_TOKEN_BAD;
  token->problem = problem;
}

static int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : 99;
}

/* Digits of the base from lexer->at on; false when the number does not fit in 64 bits. */
static bool take_digits(vmo_lexer *lexer, uint64_t base, uint64_t *number) {
  bool fits = true;
  *number = 0;
  for (; has_class(lexer, lexer->at, LETTER | DIGIT); lexer->at++) {
    uint64_t digit = (uint64_t)digit_value(*lexer->at);
    if (digit >= base) break;
    fits = fits && *number <= (UINT64_MAX - digit) / base;
    if (fits) *number = *number * base + digit;
  }
  return fits;
}

static void skip_digits(vmo_lexer *lexer) {
  while (has_class(lexer, lexer->at, DIGIT)) lexer->at++;
}

/* `.5` and `e-3` after the whole part; false when digits are missing. */
static bool take_fraction(vmo_lexer *lexer) {
  if (lexer->at < lexer->end && *lexer->at == '.') {
    lexer->at++;
    if (!has_class(lexer, lexer->at, DIGIT)) return false;
    skip_digits(lexer);
  }
  if (lexer->at < lexer->end && (*lexer->at == 'e' || *lexer->at == 'E')) {
    lexer->at++;
    if (lexer->at < lexer->end && (*lexer->at == '+' || *lexer->at == '-')) lexer->at++;
    if (!has_class(lexer, lexer->at, DIGIT)) return false;
    skip_digits(lexer);
  }
  return true;
}

static void take_real(vmo_lexer *lexer, vmo_token *token) {
  token->kind = VMO_TOKEN_REAL;
  if (!take_fraction(lexer) || has_class(lexer, lexer->at, NAME))
    refuse_number(lexer, token, VMO_LEX_BAD_NUMBER);
  else if (!vmo_read_real(token->text, (size_t)(lexer->at - token->text), &token->value.real))
    refuse_number(lexer, token, VMO_LEX_LARGE_NUMBER);
}

static void take_number(vmo_lexer *lexer, vmo_token *token) {
  bool is_hex = lexer->end - lexer->at > 1 && *lexer->at == '0' && (lexer->at[1] == 'x' || lexer->at[1] == 'X');
  if (is_hex) lexer->at += 2;
  const char *digits = lexer->at;
  bool fits = take_digits(lexer, is_hex ? 16 : 10, &token->value.integer);
  if (!is_hex && lexer->at < lexer->end && (*lexer->at == '.' || *lexer->at == 'e' || *lexer->at == 'E')) {
    take_real(lexer, token);
    return;
  }
  token->kind = VMO_TOKEN_INTEGER;
  if (lexer->at == digits || has_class(lexer, lexer->at, NAME))
    refuse_number(lexer, token, VMO_LEX_BAD_NUMBER);
  else if (!fits)
    refuse_number(lexer, token, VMO_LEX_LARGE_NUMBER);
}

/* ---- quoted text ---- */

/* The bytes that the escape at `at` (behind the backslash) takes; 0 when it is none. */
static size_t escape_length(const char *at, const char *end) {
  if (at == end) return 0;
  if (*at == 'x') return end - at > 2 && digit_value(at[1]) < 16 && digit_value(at[2]) < 16 ? 3 : 0;
  return *at == '"' || *at == '\\' || *at == 'n' || *at == 't' ? 1 : 0;
}

static void take_text(vmo_lexer *lexer, vmo_token *token) {
  token->kind = VMO_TOKEN_TEXT;
  token->text = ++lexer->at;
  for (;;) {
    if (lexer->at == lexer->end || *lexer->at == '\n') {
      token->kind = VMO_TOKEN_BAD;
      token->problem = VMO_LEX_UNCLOSED_TEXT;
      return;
    }
    if (*lexer->at == '"') break;
    size_t escape = *lexer->at == '\\' ? escape_length(lexer->at + 1, lexer->end) : 0;
    if (*lexer->at == '\\' && escape == 0) {
      token->kind = VMO_TOKEN_BAD;
      token->problem = VMO_LEX_BAD_ESCAPE;
    }
    lexer->at += 1 + escape;
  }
  token->length = (uint32_t)(lexer->at++ - token->text);
}

size_t vmo_lex_decode(const vmo_token *token, char *out) {
  size_t count = 0;
  for (uint32_t i = 0; i < token->length; i++) {
    char c = token->text[i];
    if (c == '\\') {
      c = token->text[++i];
      if (c == 'n') c = '\n';
      if (c == 't') c = '\t';
      if (c == 'x') {
        c = (char)(digit_value(token->text[i + 1]) * 16 + digit_value(token->text[i + 2]));
        i += 2;
      }
    }
    out[count++] = c;
  }
  return count;
}

/* ---- punctuation and the rest ---- */

static vmo_token_kind punctuation(char c) {
  switch (c) {
  case '(': return VMO_TOKEN_LEFT_PARENTHESIS;
  case ')': return VMO_TOKEN_RIGHT_PARENTHESIS;
  case '{': return VMO_TOKEN_LEFT_BRACE;
  case '}': return VMO_TOKEN_RIGHT_BRACE;
  case '[': return VMO_TOKEN_LEFT_BRACKET;
  case ']': return VMO_TOKEN_RIGHT_BRACKET;
  case ',': return VMO_TOKEN_COMMA;
  case ':': return VMO_TOKEN_COLON;
  case '=': return VMO_TOKEN_EQUALS;
  case '+': return VMO_TOKEN_PLUS;
  case '-': return VMO_TOKEN_MINUS;
  case '*': return VMO_TOKEN_TIMES;
  case '/': return VMO_TOKEN_DIVIDE;
  default: return VMO_TOKEN_BAD;
  }
}

/* One printable character, or all bytes up to the next that may be text. */
static void take_stray(vmo_lexer *lexer, vmo_token *token) {
  token->kind = VMO_TOKEN_BAD;
  token->problem = VMO_LEX_STRAY;
  if (has_class(lexer, lexer->at++, PRINTABLE)) return;
  while (lexer->at < lexer->end && char_class(*lexer->at) == 0) lexer->at++;
}

static void take_punctuation(vmo_lexer *lexer, vmo_token *token) {
  char next = lexer->end - lexer->at > 1 ? lexer->at[1] : '\0';
  token->kind = punctuation(*lexer->at);
  if (*lexer->at == '<' && next == '=') token->kind = VMO_TOKEN_AT_MOST;
  if (*lexer->at == '-' && next == '>') token->kind = VMO_TOKEN_ARROW;
  if (token->kind == VMO_TOKEN_BAD)
    take_stray(lexer, token);
  else
    lexer->at += token->kind == VMO_TOKEN_AT_MOST || token->kind == VMO_TOKEN_ARROW ? 2 : 1;
}

vmo_token vmo_lex_next(vmo_lexer *lexer) {
  skip_blanks(lexer);
  vmo_token token = {.text = lexer->at, .starts_line = lexer->starts_line};
  token.location = (vmo_location){lexer->line, (uint32_t)(lexer->at - lexer->line_start) + 1};
  lexer->starts_line = false;
  if (lexer->at == lexer->end) return token;
  if (has_class(lexer, lexer->at, LETTER))
    take_word(lexer, &token);
  else if (*lexer->at == '%' || *lexer->at == '@')
    take_sigil(lexer, &token);
  else if (has_class(lexer, lexer->at, DIGIT))
    take_number(lexer, &token);
  else if (*lexer->at == '"')
    take_text(lexer, &token);
  else
    take_punctuation(lexer, &token);
  if (token.kind != VMO_TOKEN_TEXT) token.length = (uint32_t)(lexer->at - token.text);
  return token;
}

/* ---- reserved words ---- */

bool vmo_word_is_reserved(const char *word, size_t length) {
  static const char *const words[] = {
      "align", "bf16", "bool",  "call",   "carry", "condition", "dim",   "do",     "donate", "else", "f16",
      "f32",   "f64",  "false", "for",    "func",  "i16",       "i32",   "i64",    "i8",     "if",   "inf",
      "max",   "nan",  "none",  "offset", "op",    "parallel",  "plan",  "return", "state",  "step", "stream",
      "to",    "true", "u16",   "u32",    "u64",   "u8",        "while", "yield"};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (strlen(words[i]) == length && memcmp(words[i], word, length) == 0) return true;
  return false;
}
