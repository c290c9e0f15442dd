/* diag_print.c: diagnostics as text for people.
 *
 *   rank.vmir:7:12: error: %z is not defined [E0201]
 *   ...%y = mul %x, %z : f64[N]...                       at most SHOWN_COLUMNS of the line, around the caret
 *                   ^
 *   hint: did you mean %x?
 *
 * The source is not indexed: a printer remembers where it was and goes on from there, so that a list in
 * order of lines reads the source once. Text from the input goes through one function that lets nothing
 * unprintable out, so that no input can drive the reader's terminal. */
#include <string.h>

#include "support/diag.h"
#include "support/utf8.h"

#define SHOWN_COLUMNS 160
#define DOTS "..."
#define DOTS_COLUMNS 3

/* A walk over the lines of the context's source. */
typedef struct line_cursor {
  uint32_t line; /* 0: not started */
  size_t begin;  /* where that line begins */
} line_cursor;

/* One line of the source, without its end. */
typedef struct source_line {
  const char *text;
  size_t length;
} source_line;

static const char *colour_of(vmo_severity severity) {
  static const char *const colours[] = {"\033[1;36m", "\033[1;35m", "\033[1;31m"};
  return colours[severity];
}

static const char *name_of(vmo_severity severity) {
  static const char *const names[] = {"note", "warning", "error"};
  return names[severity];
}

/* Adds what is printable of `bytes`, tabs too, and U+FFFD for each other character or byte. */
static void add_harmless(vmo_text *out, const char *bytes, size_t count) {
  size_t clean = 0;
  for (size_t at = 0; at < count;) {
    uint32_t character = 0;
    size_t length = vmo_utf8_decode(bytes + at, count - at, &character);
    size_t next = at + (length != 0 ? length : 1);
    if (length == 0 || (character != '\t' && !vmo_utf8_is_printable(character))) {
      vmo_text_add_bytes(out, bytes + clean, at - clean);
      vmo_text_add(out, VMO_REPLACEMENT_CHARACTER);
      clean = next;
    }
    at = next;
  }
  vmo_text_add_bytes(out, bytes + clean, count - clean);
}

static void add_coloured(vmo_text *out, bool colour, const char *escape, const char *string) {
  if (colour) vmo_text_add(out, escape);
  add_harmless(out, string, strlen(string));
  if (colour) vmo_text_add(out, "\033[0m");
}

/* ---- the source line ---- */

/* Moves `cursor` to the beginning of `line`; false when the source has no such line. */
static bool seek_line(const vmo_context *context, line_cursor *cursor, uint32_t line) {
  if (line == 0) return false;
  if (cursor->line == 0 || line < cursor->line) *cursor = (line_cursor){.line = 1};
  while (cursor->line < line) {
    const char *from = context->source_text + cursor->begin;
    const char *end = memchr(from, '\n', context->source_length - cursor->begin);
    if (end == NULL) return false;
    cursor->begin = (size_t)(end + 1 - context->source_text);
    cursor->line++;
  }
  return true;
}

static source_line line_at(const vmo_context *context, const line_cursor *cursor) {
  source_line line = {.text = context->source_text + cursor->begin};
  size_t rest = context->source_length - cursor->begin;
  const char *end = rest > 0 ? memchr(line.text, '\n', rest) : NULL;
  line.length = end != NULL ? (size_t)(end - line.text) : rest;
  if (line.length > 0 && line.text[line.length - 1] == '\r') line.length--;
  return line;
}

static bool is_blank(source_line line) {
  size_t at = 0;
  while (at < line.length && (line.text[at] == ' ' || line.text[at] == '\t')) at++;
  return at == line.length;
}

/* ---- the part of it that is shown ---- */

/* The end of the character (or the wrong byte) that begins at `at`. */
static size_t next_character(source_line line, size_t at) {
  size_t length = vmo_utf8_decode(line.text + at, line.length - at, NULL);
  return at + (length != 0 ? length : 1);
}

/* The beginning of the character (or the wrong byte) that ends at `at`. */
static size_t previous_character(source_line line, size_t at) {
  for (size_t length = 2; length <= 4 && length <= at; length++) {
    if (vmo_utf8_decode(line.text + at - length, length, NULL) == length) return at - length;
  }
  return at - 1;
}

/* Goes forward by at most `columns` characters, and takes from `columns` those it went. */
static size_t walk_forward(source_line line, size_t at, size_t *columns) {
  for (; *columns > 0 && at < line.length; --*columns) at = next_character(line, at);
  return at;
}

static size_t walk_backward(source_line line, size_t at, size_t *columns) {
  for (; *columns > 0 && at > 0; --*columns) at = previous_character(line, at);
  return at;
}

/* The range of the line to show: all of it, or SHOWN_COLUMNS characters, dots included, with `caret` near
 * their middle as far as the line's ends allow. */
static void choose_window(source_line line, size_t caret, size_t *begin, size_t *end) {
  *begin = 0;
  *end = line.length;
  size_t all = SHOWN_COLUMNS;
  if (walk_forward(line, 0, &all) == line.length) return;
  size_t before = (SHOWN_COLUMNS - 2 * DOTS_COLUMNS) / 2, after = SHOWN_COLUMNS - 2 * DOTS_COLUMNS - before;
  *begin = walk_backward(line, caret, &before);
  after += before; /* what the line does not have on one side, the other side gets */
  *end = walk_forward(line, caret, &after);
  *begin = walk_backward(line, *begin, &after);
}

/* Blanks as wide as what is above them: a tab under a tab, a space under any other character. */
static void add_blanks(vmo_text *out, source_line line, size_t begin, size_t end) {
  for (size_t at = begin; at < end; at = next_character(line, at)) {
    vmo_text_add_char(out, line.text[at] == '\t' ? '\t' : ' ');
  }
}

static void print_source(source_line line, uint32_t column, bool colour, vmo_text *out) {
  size_t caret = column > 0 ? column - 1 : 0, begin, end;
  if (caret > line.length) caret = line.length;
  choose_window(line, caret, &begin, &end);
  if (begin > 0) vmo_text_add(out, DOTS);
  add_harmless(out, line.text + begin, end - begin);
  if (end < line.length) vmo_text_add(out, DOTS);
  vmo_text_add_char(out, '\n');
  if (column == 0) return;
  if (begin > 0) vmo_text_add_repeat(out, ' ', DOTS_COLUMNS);
  add_blanks(out, line, begin, caret);
  add_coloured(out, colour, "\033[1;32m", "^");
  vmo_text_add_char(out, '\n');
}

/* ---- diagnostics ---- */

static void print_location(const vmo_diagnostic *diagnostic, vmo_text *out) {
  const char *source = diagnostic->source != NULL ? diagnostic->source : "<unknown>";
  add_harmless(out, source, strlen(source));
  if (diagnostic->location.line > 0) vmo_text_addf(out, ":%u", diagnostic->location.line);
  if (diagnostic->location.line > 0 && diagnostic->location.column > 0) {
    vmo_text_addf(out, ":%u", diagnostic->location.column);
  }
  vmo_text_add(out, ": ");
}

static void print_diagnostic(const vmo_context *context, const vmo_diagnostic *diagnostic, bool colour,
                             line_cursor *cursor, vmo_text *out) {
  if (colour) vmo_text_add(out, "\033[1m");
  print_location(diagnostic, out);
  add_coloured(out, colour, colour_of(diagnostic->severity), name_of(diagnostic->severity));
  vmo_text_add(out, ": ");
  add_coloured(out, colour, "\033[1m", diagnostic->message);
  vmo_text_addf(out, " [%s]\n", vmo_diag_get_info(diagnostic->code)->code);
  bool has_source = context->source_text != NULL && diagnostic->source == context->source_name;
  if (has_source && seek_line(context, cursor, diagnostic->location.line)) {
    source_line line = line_at(context, cursor);
    if (!is_blank(line)) print_source(line, diagnostic->location.column, colour, out);
  }
  if (diagnostic->hint != NULL) {
    add_coloured(out, colour, "\033[1;34m", "hint");
    vmo_text_add(out, ": ");
    add_harmless(out, diagnostic->hint, strlen(diagnostic->hint));
    vmo_text_add_char(out, '\n');
  }
}

void vmo_diag_print(const vmo_context *context, const vmo_diagnostic *diagnostic, bool colour, vmo_text *out) {
  line_cursor cursor = {0};
  print_diagnostic(context, diagnostic, colour, &cursor, out);
}

static void print_more(vmo_text *out, uint32_t more, const char *what) {
  if (more > 0) vmo_text_addf(out, "%u more %s%s\n", more, what, more > 1 ? "s" : "");
}

void vmo_diag_print_all(const vmo_context *context, bool colour, vmo_text *out) {
  const vmo_diagnostics *list = context->diagnostics;
  line_cursor cursor = {0};
  uint32_t errors = 0, warnings = 0;
  for (uint32_t i = 0; i < list->count; i++) {
    errors += list->items[i].severity == VMO_ERROR;
    warnings += list->items[i].severity == VMO_WARNING;
    print_diagnostic(context, &list->items[i], colour, &cursor, out);
  }
  print_more(out, list->errors - errors, "error");
  print_more(out, list->warnings - warnings, "warning");
}
