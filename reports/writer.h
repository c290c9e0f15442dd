/* writer.h: JSON written as it comes. Private to reports/.
 *
 *   {                      vmo_json_open: a member or an element a line, two blanks a level
 *     "a": {"b":1,"c":2},  vmo_json_open_row: all of it on one line
 *     "d": [
 *
 * Nothing is kept in memory: what is wrong (a number of 2^53 or more, memory that ran out for a text) marks the output
 * as failed. */
#ifndef VMO_REPORTS_WRITER_H
#define VMO_REPORTS_WRITER_H

#include "support/json.h"

typedef struct vmo_json_writer {
  vmo_text *out;
  uint32_t depth;   /* of brackets that are open */
  uint32_t row;     /* the depth of the row that is being written; 0: none */
  bool empty;       /* nothing stands in the innermost brackets yet */
  vmo_text scratch; /* to be freed when all is written */
} vmo_json_writer;

/* Opens an object ('{') or list ('['). Here and below `key` is a plain word, or NULL for an element. */
void vmo_json_open(vmo_json_writer *writer, const char *key, char bracket);
void vmo_json_open_row(vmo_json_writer *writer, const char *key, char bracket);
void vmo_json_close(vmo_json_writer *writer, char bracket);

/* What stands before a value, which the caller adds to writer->out. */
void vmo_json_begin_member(vmo_json_writer *writer, const char *key);

/* `string` NULL: null. */
void vmo_put_string(vmo_json_writer *writer, const char *key, const char *string);
void vmo_put_integer(vmo_json_writer *writer, const char *key, int64_t number);
void vmo_put_boolean(vmo_json_writer *writer, const char *key, bool value);
void vmo_put_null(vmo_json_writer *writer, const char *key);

/* An empty text to make a string in, valid until the next call; and that string. */
vmo_text *vmo_json_scratch(vmo_json_writer *writer);
void vmo_put_text(vmo_json_writer *writer, const char *key, const vmo_text *text);

#endif
