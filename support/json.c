/* json.c: exact integers through cJSON, and JSON text that is always valid UTF-8.
 *
 * cJSON copies the bytes of a string as they are; what it prints passes through a filter here, since a
 * JSON text outside of its strings is ASCII anyway. Costs are linear in what is read or written. */
#include "support/json.h"

#include <stdio.h>
#include <string.h>

#include "support/utf8.h"

static bool is_exact(int64_t number) { return number > -VMO_BYTES_LIMIT && number < VMO_BYTES_LIMIT; }

static cJSON *create_integer(int64_t number) {
  char digits[24];
  if (!is_exact(number)) return NULL;
  snprintf(digits, sizeof digits, "%lld", (long long)number);
  return cJSON_CreateRaw(digits);
}

bool vmo_json_add_integer(cJSON *object, const char *key, int64_t number) {
  cJSON *item = create_integer(number);
  if (item != NULL && cJSON_AddItemToObject(object, key, item)) return true;
  cJSON_Delete(item);
  return false;
}

bool vmo_json_push_integer(cJSON *array, int64_t number) {
  cJSON *item = create_integer(number);
  if (item != NULL && cJSON_AddItemToArray(array, item)) return true;
  cJSON_Delete(item);
  return false;
}

bool vmo_json_get_integer(const cJSON *item, int64_t *number) {
  if (!cJSON_IsNumber(item)) return false;
  double value = item->valuedouble, limit = (double)VMO_BYTES_LIMIT;
  if (!(value > -limit && value < limit)) return false;
  int64_t whole = (int64_t)value;
  if ((double)whole < value || (double)whole > value) return false;
  *number = whole;
  return true;
}

vmo_location vmo_json_locate(const char *text, size_t offset) {
  vmo_location location = {1, 1};
  for (size_t i = 0; i < offset; i++) {
    location.column++;
    if (text[i] == '\n') location = (vmo_location){location.line + 1, 1};
  }
  return location;
}

/* Behind its closing quotes. */
const char *vmo_json_skip_string(const char *at) {
  for (at++; *at != '\0' && *at != '"'; at++) at += *at == '\\' && at[1] != '\0';
  return *at == '"' ? at + 1 : at;
}

void vmo_json_write(vmo_text *out, cJSON *item) {
  char *printed = item != NULL ? cJSON_PrintUnformatted(item) : NULL;
  cJSON_Delete(item);
  if (printed == NULL) {
    out->failed = true;
    return;
  }
  vmo_text_add_utf8(out, printed, strlen(printed));
  cJSON_free(printed);
}

static void add_escape(vmo_text *out, char character) {
  static const char named[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
  const char *found = memchr(named, character, sizeof named - 1);
  if (found != NULL) {
    vmo_text_add_char(out, '\\');
    vmo_text_add_char(out, letters[found - named]);
  } else {
    vmo_text_addf(out, "\\u%04x", (unsigned)(unsigned char)character);
  }
}

void vmo_json_write_string(vmo_text *out, const char *string) {
  vmo_text_add_char(out, '"');
  while (*string != '\0') {
    size_t plain = 0; /* bytes that stand for themselves */
    while ((unsigned char)string[plain] >= 0x20 && string[plain] != '"' && string[plain] != '\\') plain++;
    vmo_text_add_utf8(out, string, plain);
    string += plain;
    if (*string != '\0') add_escape(out, *string++);
  }
  vmo_text_add_char(out, '"');
}
