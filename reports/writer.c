/* writer.c: JSON as a stream of brackets and records. */
#include "reports/writer.h"

#include <string.h>

static void begin_line(vmo_json_writer *writer, const char *key) {
  if (!writer->empty) vmo_text_add_char(writer->out, ',');
  if (writer->depth > 0) {
    vmo_text_add_char(writer->out, '\n');
    vmo_text_add_repeat(writer->out, ' ', (size_t)2 * writer->depth);
  }
  if (key == NULL) return;
  vmo_json_write_string(writer->out, key);
  vmo_text_add(writer->out, ": ");
}

void vmo_json_open(vmo_json_writer *writer, const char *key, char bracket) {
  begin_line(writer, key);
  vmo_text_add_char(writer->out, bracket);
  writer->depth++;
  writer->empty = true;
}

void vmo_json_close(vmo_json_writer *writer, char bracket) {
  writer->depth--;
  if (!writer->empty) {
    vmo_text_add_char(writer->out, '\n');
    vmo_text_add_repeat(writer->out, ' ', (size_t)2 * writer->depth);
  }
  vmo_text_add_char(writer->out, bracket);
  writer->empty = false;
  if (writer->depth == 0) vmo_text_add_char(writer->out, '\n');
}

vmo_record vmo_begin_record(void) {
  vmo_record record = {.object = cJSON_CreateObject()};
  record.failed = record.object == NULL;
  return record;
}

void vmo_set_item(vmo_record *record, const char *key, cJSON *item) {
  if (item != NULL && !record->failed && cJSON_AddItemToObject(record->object, key, item)) return;
  cJSON_Delete(item);
  record->failed = true;
}

void vmo_set_string(vmo_record *record, const char *key, const char *string) {
  vmo_set_item(record, key, string != NULL ? cJSON_CreateString(string) : cJSON_CreateNull());
}

void vmo_set_text(vmo_record *record, const char *key, vmo_text *text) {
  if (vmo_text_failed(text)) record->failed = true;
  vmo_set_item(record, key, cJSON_CreateString(text->data != NULL ? text->data : ""));
  vmo_text_free(text);
}

void vmo_set_integer(vmo_record *record, const char *key, int64_t number) {
  if (record->failed || !vmo_json_add_integer(record->object, key, number)) record->failed = true;
}

void vmo_set_boolean(vmo_record *record, const char *key, bool value) {
  vmo_set_item(record, key, cJSON_CreateBool(value));
}

void vmo_set_null(vmo_record *record, const char *key) { vmo_set_item(record, key, cJSON_CreateNull()); }

void vmo_end_record(vmo_json_writer *writer, const char *key, vmo_record *record) {
  begin_line(writer, key);
  writer->empty = false;
  if (record->failed) writer->out->failed = true;
  vmo_json_write(writer->out, record->object);
  *record = (vmo_record){0};
}

void vmo_spread_record(vmo_json_writer *writer, vmo_record *record) {
  if (record->failed) writer->out->failed = true;
  while (record->object != NULL && record->object->child != NULL) {
    cJSON *item = cJSON_DetachItemViaPointer(record->object, record->object->child);
    begin_line(writer, item->string);
    writer->empty = false;
    vmo_json_write(writer->out, item);
  }
  cJSON_Delete(record->object);
  *record = (vmo_record){0};
}
