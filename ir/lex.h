/* lex.h: VMIR text to tokens, one at a time; private to ir/.
 *
 * A lexer is a plain value: copy it to look ahead. It never reports; what cannot be a token comes as VMO_TOKEN_BAD
 * with the problem, and the parser says so if it gets that far. */
#ifndef VMO_IR_LEX_H
#define VMO_IR_LEX_H

#include "support/context.h"

typedef enum vmo_token_kind {
  VMO_TOKEN_END, /* of the text */
  VMO_TOKEN_BAD,
  VMO_TOKEN_WORD,    /* add, f64, N */
  VMO_TOKEN_VALUE,   /* %x; the text is `x` */
  VMO_TOKEN_AT,      /* @f; the text is `f` */
  VMO_TOKEN_INTEGER, /* 12, 0x1f */
  VMO_TOKEN_REAL,    /* 1.5, 2e-3 */
  VMO_TOKEN_TEXT,    /* "quoted"; the text is what stands between the quotes, escapes and all */
  VMO_TOKEN_LEFT_PARENTHESIS,
  VMO_TOKEN_RIGHT_PARENTHESIS,
  VMO_TOKEN_LEFT_BRACE,
  VMO_TOKEN_RIGHT_BRACE,
  VMO_TOKEN_LEFT_BRACKET,
  VMO_TOKEN_RIGHT_BRACKET,
  VMO_TOKEN_COMMA,
  VMO_TOKEN_COLON,
  VMO_TOKEN_EQUALS,
  VMO_TOKEN_AT_MOST, /* <= */
  VMO_TOKEN_ARROW,   /* -> */
  VMO_TOKEN_PLUS,
  VMO_TOKEN_MINUS,
  VMO_TOKEN_TIMES,
  VMO_TOKEN_DIVIDE
} vmo_token_kind;

typedef enum vmo_lex_problem {
  VMO_LEX_FINE,
  VMO_LEX_STRAY,         /* a character that starts no token, or a run of bytes that are no text */
  VMO_LEX_NAME_MISSING,  /* % or @ alone */
  VMO_LEX_BAD_NUMBER,    /* 12abc, 1., 0x */
  VMO_LEX_LARGE_NUMBER,  /* an integer of 2^64 or more, a real beyond double */
  VMO_LEX_UNCLOSED_TEXT, /* no closing quote on the line */
  VMO_LEX_BAD_ESCAPE     /* \q */
} vmo_lex_problem;

typedef struct vmo_token {
  vmo_token_kind kind;
  vmo_lex_problem problem;
  vmo_location location;
  const char *text;
  uint32_t length;
  bool starts_line; /* nothing but blanks stands before it on its line */
  union {
    uint64_t integer;
    double real;
  } value;
} vmo_token;

typedef struct vmo_lexer {
  const char *at, *end;
  const char *line_start;
  uint32_t line;
  bool starts_line; /* no token yet on this line */
} vmo_lexer;

/* A byte order mark at the beginning is skipped. */
vmo_lexer vmo_lex_start(const char *text, size_t length);
vmo_token vmo_lex_next(vmo_lexer *lexer);

/* Decodes the text of a VMO_TOKEN_TEXT into `out`, which has room for `token->length` bytes; the number of bytes. */
size_t vmo_lex_decode(const vmo_token *token, char *out);

/* Whether the language uses the word itself, so that no dim may have it as its name. */
bool vmo_word_is_reserved(const char *word, size_t length);

#endif
