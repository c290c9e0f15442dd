/* print.c: terms to text, in the form Head[arguments], which reads back; and their order. */
#include <stdio.h>
#include <string.h>

#include "corpus/vm/engine.h"

typedef struct printer {
  char *out;
  size_t length, capacity;
} printer;

static void put(printer *p, const char *text) {
  size_t length = strlen(text);
  for (size_t i = 0; i < length; i++) {
    if (p->length + i + 1 < p->capacity) p->out[p->length + i] = text[i];
  }
  p->length += length;
}

static void print_in(const engine *e, term t, printer *p) {
  char number[40];
  switch (term_kind_of(t)) {
  case TERM_INTEGER:
    snprintf(number, sizeof number, "%lld", (long long)term_integer_of(t));
    put(p, number);
    return;
  case TERM_REAL:
    snprintf(number, sizeof number, "%.12g", term_real_of(t));
    put(p, number);
    return;
  case TERM_SYMBOL: put(p, term_text(e->store, t)); return;
  case TERM_CALL: break;
  }
  put(p, term_text(e->store, t));
  put(p, "[");
  for (size_t i = 0; i < term_count(t); i++) {
    if (i != 0) put(p, ", ");
    print_in(e, term_argument(t, i), p);
  }
  put(p, "]");
}

size_t print_term(const engine *e, term t, char *out, size_t capacity) {
  printer p = {.out = out, .capacity = capacity};
  print_in(e, t, &p);
  if (capacity != 0) out[p.length < capacity ? p.length : capacity - 1] = '\0';
  return p.length;
}

/* ---- order ---- */

static int compare_reals(double first, double second) { return first < second ? -1 : first > second; }

static int compare_integers(int64_t first, int64_t second) { return first < second ? -1 : first > second; }

int term_compare(const store *s, term first, term second) {
  term_kind kind = term_kind_of(first), other = term_kind_of(second);
#ifdef ENGINE_MANAGED
  if (vmr_value_equals(first, second)) return 0;
#endif
  if (kind != other) return kind < other ? -1 : 1;
  if (kind == TERM_INTEGER) return compare_integers(term_integer_of(first), term_integer_of(second));
  if (kind == TERM_REAL) return compare_reals(term_real_of(first), term_real_of(second));
  if (!term_same_name(first, second)) return strcmp(term_text(s, first), term_text(s, second));
  if (kind == TERM_SYMBOL) return 0;
  size_t count = term_count(first), other_count = term_count(second);
  if (count != other_count) return count < other_count ? -1 : 1;
  for (size_t i = 0; i < count; i++) {
    int order = term_compare(s, term_argument(first, i), term_argument(second, i));
    if (order != 0) return order;
  }
  return 0;
}
