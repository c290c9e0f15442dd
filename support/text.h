/* text.h: builds text in memory, or streams it to a sink in blocks.
 *
 * Appending never fails at the call: a text remembers that memory ran out or that its sink refused
 * bytes, and says so at the end (vmo_text_failed). A text owns malloc'ed memory of its own, so that
 * large outputs do not live in the arena. */
#ifndef VMO_SUPPORT_TEXT_H
#define VMO_SUPPORT_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/context.h"

/* Takes `count` bytes; returns false to refuse them (disk full). */
typedef bool (*vmo_text_sink)(void *user, const char *data, size_t count);

typedef struct vmo_text {
  char *data;   /* NUL-terminated whenever it is not NULL */
  size_t count; /* bytes in data, without the NUL */
  size_t capacity;
  vmo_text_sink sink; /* NULL: everything stays in data */
  void *sink_user;
  bool failed;
} vmo_text;

void vmo_text_init(vmo_text *text);
void vmo_text_init_sink(vmo_text *text, vmo_text_sink sink, void *user);
/* Hands what is buffered to the sink; true when nothing failed so far. */
bool vmo_text_flush(vmo_text *text);
void vmo_text_free(vmo_text *text);

void vmo_text_add(vmo_text *text, const char *string); /* NUL-terminated */
void vmo_text_add_bytes(vmo_text *text, const char *bytes, size_t count);
/* Bytes that are no UTF-8 come out as U+FFFD, one for each byte. */
void vmo_text_add_utf8(vmo_text *text, const char *bytes, size_t count);
void vmo_text_add_char(vmo_text *text, char character);
void vmo_text_add_repeat(vmo_text *text, char character, size_t count);
void vmo_text_add_integer(vmo_text *text, int64_t number);
void vmo_text_addf(vmo_text *text, const char *format, ...) VMO_PRINTF(2, 3);
void vmo_text_addv(vmo_text *text, const char *format, va_list arguments);
/* Words, parted by blanks, in lines of at most `width` characters (a longer word gets a line of its own), of which
 * those after the first begin with `indent` blanks; the first is taken to begin at column `indent`. Ends the last line. */
void vmo_text_add_wrapped(vmo_text *text, const char *words, size_t indent, size_t width);
/* "1.5 MiB", "800 B": for people; three significant digits. */
void vmo_text_add_bytes_for_people(vmo_text *text, vmo_bytes bytes);

static inline bool vmo_text_failed(const vmo_text *text) { return text->failed; }

#endif
