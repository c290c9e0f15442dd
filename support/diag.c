/* diag.c: the table of diagnostics, the list of a context, and the search for what was meant.
 *
 * A list keeps the first VMO_MAX_ERRORS errors and VMO_MAX_REMARKS warnings and notes; what comes later is
 * counted without being formatted, so that an input with a million faults costs no more than twenty.
 * The edit distance is that of Damerau in its restricted form (optimal string alignment: a letter
 * inserted, deleted, replaced, or two neighbours exchanged): time is the product of the lengths. */
#include "support/diag.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "support/vec.h"

#define LONGEST_MESSAGE 2000 /* bytes, with the NUL and the dots */
#define LONGEST_WORD 64      /* letters; nobody mistypes longer words */

static const vmo_diag_info infos[] = {
#define X(name, code, severity, title, explanation) {code, severity, title, explanation},
#include "support/diag.def"
#undef X
};

const vmo_diag_info *vmo_diag_get_info(vmo_diag_code code) { return &infos[code]; }

static int fold_case(char letter) { return tolower((unsigned char)letter); }

static bool equal_in_any_case(const char *a, const char *b) {
  while (*a != '\0' && fold_case(*a) == fold_case(*b)) {
    a++;
    b++;
  }
  return *a == *b;
}

vmo_diag_code vmo_diag_find(const char *text) {
  int code = 0;
  while (code < VMO_DIAG_COUNT && !equal_in_any_case(infos[code].code, text)) code++;
  return (vmo_diag_code)code;
}

/* The formatted text in the context's arena; a very long one ends in dots, after a whole character. */
static const char *format_text(vmo_context *context, const char *format, va_list arguments) {
  char buffer[LONGEST_MESSAGE];
  int length = vsnprintf(buffer, sizeof buffer, format, arguments);
  if (length < 0) return NULL;
  if ((size_t)length >= sizeof buffer) {
    size_t cut = sizeof buffer - sizeof "...";
    while (cut > 0 && ((unsigned char)buffer[cut] & 0xc0) == 0x80) cut--;
    memcpy(buffer + cut, "...", sizeof "...");
    length = (int)(cut + 3);
  }
  return vmr_arena_copy_text(context->arena, buffer, (size_t)length);
}

/* Counts one more diagnostic and says whether it is to be kept. */
static bool count_diagnostic(vmo_diagnostics *list, vmo_severity severity) {
  uint32_t errors_kept = list->errors < VMO_MAX_ERRORS ? list->errors : VMO_MAX_ERRORS;
  bool remark_fits = list->count < errors_kept + VMO_MAX_REMARKS;
  if (severity == VMO_NOTE) return remark_fits && !list->dropping;
  list->dropping = severity == VMO_ERROR ? list->errors >= VMO_MAX_ERRORS : !remark_fits;
  uint32_t *total = severity == VMO_ERROR ? &list->errors : &list->warnings;
  if (*total < UINT32_MAX) ++*total;
  return !list->dropping;
}

static vmo_diagnostic *append(vmo_context *context, vmo_diagnostic added) {
  vmo_diagnostics *list = context->diagnostics;
  void *items = list->items;
  if (!vmo_vec_grow(context->arena, &items, &list->capacity, list->count + 1, sizeof *list->items)) return NULL;
  list->items = items;
  list->items[list->count] = added;
  return &list->items[list->count++];
}

vmo_diagnostic *vmo_diag_add(vmo_context *context, vmo_diag_code code, vmo_location location, const char *format, ...) {
  vmo_severity severity = infos[code].severity;
  if (!count_diagnostic(context->diagnostics, severity)) return NULL;
  va_list arguments;
  va_start(arguments, format);
  const char *message = format_text(context, format, arguments);
  va_end(arguments);
  if (message == NULL) return NULL;
  return append(context, (vmo_diagnostic){.code = code,
                                          .severity = severity,
                                          .location = location,
                                          .source = context->source_name,
                                          .message = message});
}

void vmo_diag_hint(vmo_context *context, vmo_diagnostic *diagnostic, const char *format, ...) {
  if (diagnostic == NULL) return;
  va_list arguments;
  va_start(arguments, format);
  diagnostic->hint = format_text(context, format, arguments);
  va_end(arguments);
}

/* ---- did you mean ---- */

static size_t least_of(size_t a, size_t b) { return a < b ? a : b; }

/* The edits between two words of at most LONGEST_WORD letters. */
static size_t edit_distance(const char *from, size_t from_length, const char *to, size_t to_length) {
  size_t rows[3][LONGEST_WORD + 1] = {{0}}; /* distances from the first i, i-1, i-2 letters; rotating */
  size_t *before = rows[0], *last = rows[1], *row = rows[2];
  for (size_t j = 0; j <= to_length; j++) row[j] = j;
  for (size_t i = 1; i <= from_length; i++) {
    size_t *oldest = before;
    before = last;
    last = row;
    row = oldest;
    row[0] = i;
    for (size_t j = 1; j <= to_length; j++) {
      int a = fold_case(from[i - 1]), b = fold_case(to[j - 1]);
      row[j] = least_of(least_of(last[j], row[j - 1]) + 1, last[j - 1] + (a != b));
      bool exchanged = i > 1 && j > 1 && a == fold_case(to[j - 2]) && b == fold_case(from[i - 2]);
      if (exchanged) row[j] = least_of(row[j], before[j - 2] + 1);
    }
  }
  return row[to_length];
}

const char *vmo_nearest_word(const char *word, const char *const *candidates, size_t count) {
  size_t length = strlen(word), least = length / 3 > 1 ? length / 3 + 1 : 2;
  const char *nearest = NULL;
  if (length > LONGEST_WORD) return NULL;
  for (size_t i = 0; i < count; i++) {
    size_t other = strlen(candidates[i]), difference = other > length ? other - length : length - other;
    if (other > LONGEST_WORD || difference >= least) continue;
    size_t distance = edit_distance(word, length, candidates[i], other);
    if (distance >= least || distance >= length || distance >= other) continue;
    least = distance;
    nearest = candidates[i];
  }
  return nearest;
}
