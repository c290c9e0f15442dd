/* diag.h: diagnostics. They are appended to the context's list and never printed by a library.
 *
 *   file:line:col: error: <message> [E0103]
 *     %y = mul %x, 2 : f64[N]
 *              ^
 *   hint: <what to do>
 *
 * diag.def is the one table of codes: X(name, "E0103", severity, "title", "explanation"). A message is
 * written at the place that finds the fault; the table carries what `vmemopt explain` prints. */
#ifndef VMO_SUPPORT_DIAG_H
#define VMO_SUPPORT_DIAG_H

#include "support/context.h"
#include "support/text.h"

typedef enum vmo_severity { VMO_NOTE, VMO_WARNING, VMO_ERROR } vmo_severity;

typedef enum vmo_diag_code {
#define X(name, code, severity, title, explanation) VMO_DIAG_##name,
#include "support/diag.def"
#undef X
  VMO_DIAG_COUNT
} vmo_diag_code;

typedef struct vmo_diag_info {
  const char *code; /* "E0103" */
  vmo_severity severity;
  const char *title;       /* a few words */
  const char *explanation; /* what it means, with an example, and what to do */
} vmo_diag_info;

typedef struct vmo_diagnostic {
  vmo_diag_code code;
  vmo_severity severity;
  vmo_location location; /* line 0: no place in the source */
  const char *source;    /* the context's source name when it was added */
  const char *message;
  const char *hint; /* may be NULL */
} vmo_diagnostic;

#define VMO_MAX_ERRORS 20   /* further errors are counted, not kept */
#define VMO_MAX_REMARKS 200 /* as many warnings and notes, together */

typedef struct vmo_diagnostics {
  vmo_diagnostic *items;
  uint32_t count, capacity;
  uint32_t errors, warnings; /* all that were added, kept or not */
  bool dropping;             /* the last error or warning was not kept; nor will the notes that follow it be */
} vmo_diagnostics;

const vmo_diag_info *vmo_diag_get_info(vmo_diag_code code);
/* The row whose code is `text` ("E0103", any case), or VMO_DIAG_COUNT. */
vmo_diag_code vmo_diag_find(const char *text);

/* Adds a diagnostic. The message is one line; beyond 2000 bytes it is cut. Notes belong to the error or
 * warning before them. Returns it, so that a hint can be put on it, or NULL when it was not kept. */
vmo_diagnostic *vmo_diag_add(vmo_context *context, vmo_diag_code code, vmo_location location, const char *format, ...)
    VMO_PRINTF(4, 5);
/* Gives `diagnostic` (NULL is accepted) a hint. */
void vmo_diag_hint(vmo_context *context, vmo_diagnostic *diagnostic, const char *format, ...) VMO_PRINTF(3, 4);

/* Writes one diagnostic as above, the source line and the caret (under tabs too) included when the
 * context still has the text; of a very long line the part around the caret. What is no printable UTF-8
 * comes out as U+FFFD. `colour` uses ANSI escapes. */
void vmo_diag_print(const vmo_context *context, const vmo_diagnostic *diagnostic, bool colour, vmo_text *out);
/* All of them in the order they were added, and "N more errors", "N more warnings" when some were not kept. */
void vmo_diag_print_all(const vmo_context *context, bool colour, vmo_text *out);

/* The candidate nearest to `word` in edit distance, upper and lower case alike, for "did you mean"; the
 * first of several; NULL when none is near: a third of the letters may differ. */
const char *vmo_nearest_word(const char *word, const char *const *candidates, size_t count);

#endif
