/* parse.c: text to terms, by operator precedence; what is nested deeper than ENGINE_DEPTH is refused.
 *
 *   e /. rule   a -> b   + -   * / (or a blank)   ^   f[a, b]   (a)   {a, b}   x_   12   1.5 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "corpus/vm/engine.h"

typedef struct parser {
  engine *e;
  const char *at;
  int depth;
} parser;

static term parse_level(parser *p, int level);

static void skip_blanks(parser *p) {
  while (*p->at == ' ' || *p->at == '\t') p->at++;
}

static bool accept(parser *p, const char *text) {
  skip_blanks(p);
  size_t length = strlen(text);
  if (strncmp(p->at, text, length) != 0) return false;
  p->at += length;
  return true;
}

static term fault(parser *p, const char *words) {
  if (p->e->fault == NULL) p->e->fault = words;
  return term_integer(p->e->store, 0);
}

static term parse_number(parser *p) {
  char *end = NULL;
  size_t digits = strspn(p->at, "0123456789");
  if (p->at[digits] != '.' && digits < 18) {
    int64_t number = strtoll(p->at, &end, 10);
    p->at = end;
    return term_integer(p->e->store, number);
  }
  double number = strtod(p->at, &end);
  p->at = end;
  return term_real(p->e->store, number);
}

/* What stands between brackets, as a call of `head`. `text` is that of the head, for one that is not known. */
static term parse_arguments(parser *p, name head, const char *closing) {
  terms parts = {0};
  store *s = p->e->store;
  scratch begun = scratch_begin(s);
  if (!accept(p, closing)) {
    do {
      term part = parse_level(p, 0);
      terms_push(s, &parts, part);
    } while (p->e->fault == NULL && accept(p, ","));
    if (p->e->fault == NULL && !accept(p, closing)) p->e->fault = "a bracket is not closed";
  }
  term result = term_call(s, head, parts.items, parts.count);
  scratch_end(s, &begun, &parts);
  return result;
}

static term parse_symbol(parser *p) {
  store *s = p->e->store;
  const char *begin = p->at;
  while (isalnum((unsigned char)*p->at)) p->at++;
  term symbol = term_symbol(s, begin, (size_t)(p->at - begin));
  if (*p->at == '_') {
    p->at++;
    return term_call(s, name_of(NAME_BLANK), &symbol, 1);
  }
  if (*p->at != '[') return symbol;
  p->at++;
  term call = parse_arguments(p, term_name(symbol), "]");
  term_free(s, symbol);
  return call;
}

static term parse_atom(parser *p) {
  skip_blanks(p);
  if (isdigit((unsigned char)*p->at)) return parse_number(p);
  if (isalpha((unsigned char)*p->at)) return parse_symbol(p);
  if (accept(p, "{")) return parse_arguments(p, name_of(NAME_LIST), "}");
  if (!accept(p, "(")) return fault(p, "an expression is missing");
  term inner = parse_level(p, 0);
  if (p->e->fault == NULL && !accept(p, ")")) p->e->fault = "a parenthesis is not closed";
  return inner;
}

static term make_pair(parser *p, uint32_t head, term first, term second) {
  term both[2] = {first, second};
  return term_call(p->e->store, name_of(head), both, 2);
}

static term negate(parser *p, term t) { return make_pair(p, NAME_TIMES, term_integer(p->e->store, -1), t); }

static bool begins_factor(parser *p) {
  skip_blanks(p);
  return isalnum((unsigned char)*p->at) || *p->at == '(';
}

static term parse_product(parser *p) {
  term left = parse_level(p, 4);
  while (p->e->fault == NULL) {
    if (accept(p, "*")) {
      left = make_pair(p, NAME_TIMES, left, parse_level(p, 4));
    } else if (strncmp(p->at, "/.", 2) != 0 && accept(p, "/")) {
      term divisor = parse_level(p, 4);
      left = make_pair(p, NAME_TIMES, left, make_pair(p, NAME_POWER, divisor, term_integer(p->e->store, -1)));
    } else if (begins_factor(p)) {
      left = make_pair(p, NAME_TIMES, left, parse_level(p, 4));
    } else {
      break;
    }
  }
  return left;
}

static term parse_sum(parser *p) {
  term left = accept(p, "-") ? negate(p, parse_product(p)) : parse_product(p);
  while (p->e->fault == NULL) {
    skip_blanks(p);
    if (strncmp(p->at, "->", 2) == 0) break;
    if (accept(p, "+")) {
      left = make_pair(p, NAME_PLUS, left, parse_product(p));
    } else if (accept(p, "-")) {
      left = make_pair(p, NAME_PLUS, left, negate(p, parse_product(p)));
    } else {
      break;
    }
  }
  return left;
}

static term parse_power(parser *p) {
  if (accept(p, "-")) return negate(p, parse_level(p, 4));
  term base = parse_atom(p);
  return p->e->fault == NULL && accept(p, "^") ? make_pair(p, NAME_POWER, base, parse_level(p, 4)) : base;
}

static term parse_rules(parser *p) {
  term left = parse_level(p, 1);
  while (p->e->fault == NULL && accept(p, "/.")) left = make_pair(p, NAME_REPLACE, left, parse_level(p, 1));
  if (p->e->fault == NULL && accept(p, "=")) left = make_pair(p, NAME_SET, left, parse_level(p, 0));
  return left;
}

/* 0: = and /.   1: ->   2: sums   4: powers */
static term parse_level(parser *p, int level) {
  term result;
  if (p->depth == ENGINE_DEPTH) return fault(p, "nested too deep");
  p->depth++;
  if (level == 0) {
    result = parse_rules(p);
  } else if (level == 1) {
    result = parse_sum(p);
    if (p->e->fault == NULL && accept(p, "->")) result = make_pair(p, NAME_RULE, result, parse_level(p, 1));
  } else {
    result = parse_power(p);
  }
  p->depth--;
  return result;
}

bool parse_term(engine *e, const char *text, term *result) {
  parser p = {.e = e, .at = text};
  e->fault = NULL;
  *result = parse_level(&p, 0);
  skip_blanks(&p);
  if (e->fault == NULL && *p.at != '\0') e->fault = "something stands behind the end";
  if (e->fault == NULL) return true;
  term_free(e->store, *result);
  return false;
}
