/* writer.c: JSON as a stream of brackets and members.
 *
 * Reports of big programs have tens of millions of members, so a member is put together in a small buffer and added at
 * once, without a tree in between. */
#include "reports/writer.h"

#include <string.h>

#define LONGEST_KEY 40

/* The comma, the line break and the key that stand before a value. `lead` has room for LONGEST_KEY and 8 bytes more. */
static size_t add_lead(vmo_json_writer *writer, const char *key, char *lead) {
  size_t count = 0, length = key != NULL ? strlen(key) : 0;
  if (!writer->empty) lead[count++] = ',';
  writer->empty = false;
  if (writer->row == 0 && writer->depth > 0) {
    lead[count++] = '\n';
    vmo_text_add_bytes(writer->out, lead, count);
    vmo_text_add_repeat(writer->out, ' ', (size_t)2 * writer->depth);
    count = 0;
  }
  if (length == 0 || length > LONGEST_KEY) return count;
  lead[count++] = '"';
  memcpy(lead + count, key, length);
  count += length;
  lead[count++] = '"';
  lead[count++] = ':';
  if (writer->row == 0) lead[count++] = ' ';
  return count;
}

void vmo_json_begin_member(vmo_json_writer *writer, const char *key) {
  char lead[LONGEST_KEY + 8];
  vmo_text_add_bytes(writer->out, lead, add_lead(writer, key, lead));
}

void vmo_json_open(vmo_json_writer *writer, const char *key, char bracket) {
  vmo_json_begin_member(writer, key);
  vmo_text_add_char(writer->out, bracket);
  writer->depth++;
  writer->empty = true;
}

void vmo_json_open_row(vmo_json_writer *writer, const char *key, char bracket) {
  vmo_json_open(writer, key, bracket);
  if (writer->row == 0) writer->row = writer->depth;
}

void vmo_json_close(vmo_json_writer *writer, char bracket) {
  bool in_row = writer->row > 0;
  if (writer->row == writer->depth) writer->row = 0;
  writer->depth--;
  if (!writer->empty && !in_row) {
    vmo_text_add_char(writer->out, '\n');
    vmo_text_add_repeat(writer->out, ' ', (size_t)2 * writer->depth);
  }
  vmo_text_add_char(writer->out, bracket);
  writer->empty = false;
  if (writer->depth == 0) vmo_text_add_char(writer->out, '\n');
}

static void put_word(vmo_json_writer *writer, const char *key, const char *word) {
  vmo_json_begin_member(writer, key);
  vmo_text_add(writer->out, word);
}

void vmo_put_string(vmo_json_writer *writer, const char *key, const char *string) {
  if (string == NULL) {
    vmo_put_null(writer, key);
    return;
  }
  vmo_json_begin_member(writer, key);
  vmo_json_write_string(writer->out, string);
}

void vmo_put_integer(vmo_json_writer *writer, const char *key, int64_t number) {
  vmo_json_begin_member(writer, key);
  if (number <= -VMO_BYTES_LIMIT || number >= VMO_BYTES_LIMIT) writer->out->failed = true;
  vmo_text_add_integer(writer->out, number);
}

void vmo_put_boolean(vmo_json_writer *writer, const char *key, bool value) {
  put_word(writer, key, value ? "true" : "false");
}

void vmo_put_null(vmo_json_writer *writer, const char *key) { put_word(writer, key, "null"); }

vmo_text *vmo_json_scratch(vmo_json_writer *writer) {
  writer->scratch.count = 0;
  if (writer->scratch.data != NULL) writer->scratch.data[0] = '\0';
  return &writer->scratch;
}

void vmo_put_text(vmo_json_writer *writer, const char *key, const vmo_text *text) {
  if (vmo_text_failed(text)) writer->out->failed = true;
  vmo_put_string(writer, key, text->data != NULL ? text->data : "");
}
