/* view.h: a piece of text that somebody else owns: trimmed, split, compared and read as a number without a copy. */
#ifndef VMEMRT_VIEW_H
#define VMEMRT_VIEW_H

#include <string.h>

#include "vmemrt/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* `length` bytes at `data`, any bytes, not NUL-terminated. `data` may be NULL when `length` is 0. */
typedef struct vmr_view {
  const char *data;
  size_t length;
} vmr_view;

/* Initialises a vmr_view from a "literal", in a static table too. */
#define VMR_VIEW_INIT(literal) {"" literal, sizeof(literal) - 1}

#define VMR_NOT_FOUND SIZE_MAX

static inline vmr_view vmr_view_make(const char *data, size_t length) {
  vmr_view view;
  view.data = data;
  view.length = length;
  return view;
}

/* Of a whole string; NULL is accepted and empty. */
static inline vmr_view vmr_view_of(const char *text) { return vmr_view_make(text, text != NULL ? strlen(text) : 0); }

/* Bytes `from` to `to`, half-open; what lies outside of the view is left out. */
static inline vmr_view vmr_view_slice(vmr_view view, size_t from, size_t to) {
  if (to > view.length) to = view.length;
  if (from >= to) return vmr_view_make(view.data, 0);
  return vmr_view_make(view.data + from, to - from);
}

static inline bool vmr_view_equal(vmr_view a, vmr_view b) {
  return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

static inline bool vmr_view_starts_with(vmr_view view, vmr_view start) {
  return start.length <= view.length && vmr_view_equal(vmr_view_slice(view, 0, start.length), start);
}

static inline bool vmr_view_ends_with(vmr_view view, vmr_view end) {
  return end.length <= view.length && vmr_view_equal(vmr_view_slice(view, view.length - end.length, view.length), end);
}

/* -1, 0 or 1, by the values of the bytes as unsigned numbers; a start of a longer view comes before it. */
VMR_API int vmr_view_compare(vmr_view a, vmr_view b);

/* Where `wanted` begins first, or VMR_NOT_FOUND. An empty one is found at 0. */
VMR_API size_t vmr_view_find(vmr_view view, vmr_view wanted);

/* Without the blanks, tabs, line ends, vertical tabs and form feeds of ASCII at both ends, or at one. */
VMR_API vmr_view vmr_view_trim(vmr_view view);
VMR_API vmr_view vmr_view_trim_start(vmr_view view);
VMR_API vmr_view vmr_view_trim_end(vmr_view view);

/* Takes the piece before the next separator off `rest`. False when nothing is left, after the last piece. Pieces may be
 * empty: "a,,b" has three, "" has one. An empty separator is nowhere. Behind the last piece the rest is empty. */
VMR_API bool vmr_view_split(vmr_view *rest, vmr_view separator, vmr_view *piece);

/* ---- numbers ---- */

/* The whole view as a decimal number: digits with `-` or `+` before them, or none. VMR_NOT_A_NUMBER for anything else, and
 * `where` (may be NULL) tells at which byte; VMR_OUT_OF_RANGE for a number that does not fit, of which `number` gets
 * the nearest that does. Otherwise `number` is untouched on failure. */
VMR_API vmr_status vmr_view_parse_i64(vmr_view view, int64_t *number, size_t *where);
VMR_API vmr_status vmr_view_parse_u64(vmr_view view, uint64_t *number, size_t *where);

/* The same for hexadecimal digits, without a sign or 0x. */
VMR_API vmr_status vmr_view_parse_hex(vmr_view view, uint64_t *number, size_t *where);

/* A decimal fraction with an exponent if need be (1, -.5, 2.e-3), in any locale; rounded to the nearest double, exactly.
 * VMR_OUT_OF_RANGE: too large (infinity), or not 0 and too small (0). */
VMR_API vmr_status vmr_view_parse_f64(vmr_view view, double *number, size_t *where);

#ifdef __cplusplus
}
#endif

#endif
