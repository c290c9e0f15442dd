/* writer.h: JSON written as it comes: brackets and lists by hand, records through cJSON. Private to reports/.
 *
 *   { open          a member or an element a line, two blanks a level
 *     "a": {...},   a record: one cJSON object, written and dropped
 *     "b": [        open
 *
 * A record remembers that memory ran out, and marks the text as failed when it is written. */
#ifndef VMO_REPORTS_WRITER_H
#define VMO_REPORTS_WRITER_H

#include "support/json.h"

typedef struct vmo_json_writer {
  vmo_text *out;
  uint32_t depth;
  bool empty; /* nothing stands in the innermost brackets yet */
} vmo_json_writer;

/* Opens an object ('{') or list ('['); `key` is NULL for an element. */
void vmo_json_open(vmo_json_writer *writer, const char *key, char bracket);
void vmo_json_close(vmo_json_writer *writer, char bracket);

typedef struct vmo_record {
  cJSON *object;
  bool failed;
} vmo_record;

vmo_record vmo_begin_record(void);
/* `string` NULL: null. */
void vmo_set_string(vmo_record *record, const char *key, const char *string);
/* The string that the text holds; frees the text. */
void vmo_set_text(vmo_record *record, const char *key, vmo_text *text);
void vmo_set_integer(vmo_record *record, const char *key, int64_t number);
void vmo_set_boolean(vmo_record *record, const char *key, bool value);
void vmo_set_null(vmo_record *record, const char *key);
/* Takes `item`, which may be NULL when memory was out. */
void vmo_set_item(vmo_record *record, const char *key, cJSON *item);
/* Writes the record on one line and drops it. */
void vmo_end_record(vmo_json_writer *writer, const char *key, vmo_record *record);
/* Writes its members into the object that is open, one on each line, and drops it. */
void vmo_spread_record(vmo_json_writer *writer, vmo_record *record);

#endif
