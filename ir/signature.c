/* signature.c: see signature.h. One pass over each text of a row, a cursor that moves from word to word; what does
 * not fit makes the whole row unreadable, which the unit test of the table would show. */
#include "ir/signature.h"

#include <stdlib.h>
#include <string.h>

typedef struct reader {
  const char *at;
} reader;

bool vmo_word_is(vmo_word word, const char *text) {
  return strlen(text) == word.length && memcmp(word.text, text, word.length) == 0;
}

/* ---- pieces ---- */

static bool skip(reader *cursor, const char *text) {
  size_t length = strlen(text);
  if (strncmp(cursor->at, text, length) != 0) return false;
  cursor->at += length;
  return true;
}

static void skip_blanks(reader *cursor) {
  while (*cursor->at == ' ') cursor->at++;
}

static bool is_word_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static vmo_word take_word(reader *cursor) {
  vmo_word word = {cursor->at, 0};
  while (is_word_char(*cursor->at)) cursor->at++;
  word.length = (uint32_t)(cursor->at - word.text);
  return word;
}

static bool is_letter(vmo_word word) { return word.length == 1 && word.text[0] >= 'A' && word.text[0] <= 'Z'; }

static bool take_number(reader *cursor, int64_t *number) {
  char *end;
  *number = strtoll(cursor->at, &end, 10);
  if (end == cursor->at) return false;
  cursor->at = end;
  return true;
}

/* ---- operands and results ---- */

static uint32_t elements_where(bool (*holds)(vmo_element)) {
  uint32_t elements = 0;
  for (int e = 0; e < VMO_ELEMENT_COUNT; e++)
    if (holds((vmo_element)e)) elements |= UINT32_C(1) << e;
  return elements;
}

/* The elements that a class word allows; 0 when it is none. */
static uint32_t class_elements(vmo_word word) {
  uint32_t floats = elements_where(vmo_element_is_float), integers = elements_where(vmo_element_is_integer);
  uint32_t boolean = UINT32_C(1) << VMO_BOOL;
  if (vmo_word_is(word, "any")) return floats | integers | boolean;
  if (vmo_word_is(word, "num")) return floats | integers;
  if (vmo_word_is(word, "float")) return floats;
  if (vmo_word_is(word, "int")) return integers;
  if (vmo_word_is(word, "bits")) return integers | boolean;
  if (vmo_word_is(word, "index")) return UINT32_C(1) << VMO_I32 | UINT32_C(1) << VMO_I64;
  for (int e = 0; e < VMO_ELEMENT_COUNT; e++)
    if (vmo_word_is(word, vmo_element_name((vmo_element)e))) return UINT32_C(1) << e;
  return 0;
}

static bool take_size(reader *cursor, vmo_size_pattern *size) {
  vmo_word word = take_word(cursor);
  if (!is_letter(word)) return false;
  size->letter = word.text[0];
  size->many = skip(cursor, "...");
  size->one_more = skip(cursor, "+1");
  return true;
}

static bool take_shape(reader *cursor, vmo_pattern *pattern) {
  if (!skip(cursor, "[")) return true;
  pattern->shaped = true;
  if (skip(cursor, "]")) return true;
  do {
    if (pattern->size_count == VMO_MAX_SIZES) return false;
    if (!take_size(cursor, &pattern->sizes[pattern->size_count++])) return false;
  } while (skip(cursor, ","));
  return skip(cursor, "]");
}

/* `earlier`: the elements that each variable stands for so far. */
static bool take_elements(reader *cursor, vmo_pattern *pattern, uint32_t *earlier) {
  vmo_word word = take_word(cursor);
  if (!is_letter(word)) {
    pattern->class = word;
    pattern->elements = class_elements(word);
    skip_blanks(cursor);
    word = take_word(cursor);
  }
  if (word.length == 0) return pattern->elements != 0;
  if (!is_letter(word)) return false;
  pattern->variable = word.text[0];
  uint32_t *known = &earlier[pattern->variable - 'A'];
  if (pattern->elements == 0) pattern->elements = *known;
  *known = pattern->elements;
  return pattern->elements != 0;
}

static bool take_pattern(reader *cursor, vmo_pattern *pattern, uint32_t *earlier) {
  *pattern = (vmo_pattern){.text = {cursor->at, 0}};
  pattern->name = take_word(cursor);
  pattern->optional = skip(cursor, "?");
  pattern->many = skip(cursor, "...");
  if (pattern->name.length == 0 || !skip(cursor, ": ")) return false;
  if (!take_elements(cursor, pattern, earlier) || !take_shape(cursor, pattern)) return false;
  pattern->text.length = (uint32_t)(cursor->at - pattern->text.text);
  return true;
}

static bool read_patterns(const char *text, vmo_pattern *patterns, uint32_t *count, uint32_t *earlier) {
  reader cursor = {text};
  *count = 0;
  if (*text == '\0') return true;
  do {
    if (*count == VMO_MAX_PATTERNS || !take_pattern(&cursor, &patterns[(*count)++], earlier)) return false;
  } while (skip(&cursor, ", "));
  return *cursor.at == '\0';
}

/* ---- attributes ---- */

static bool take_class(reader *cursor, vmo_attribute_pattern *attribute) {
  static const char *const names[] = {[VMO_CLASS_INT] = "int",
                                      [VMO_CLASS_REAL] = "real",
                                      [VMO_CLASS_BOOL] = "bool",
                                      [VMO_CLASS_SIZE] = "size",
                                      [VMO_CLASS_AXIS] = "axis"};
  vmo_word word = take_word(cursor);
  if (is_letter(word)) {
    attribute->class = VMO_CLASS_NUMBER;
    attribute->variable = word.text[0];
    return true;
  }
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    attribute->class = (vmo_attribute_class)i;
    if (names[i] != NULL && vmo_word_is(word, names[i])) return true;
  }
  return false;
}

static bool take_range(reader *cursor, vmo_attribute_pattern *attribute) {
  if (!skip(cursor, "(")) return true;
  attribute->has_low = take_number(cursor, &attribute->low);
  if (!skip(cursor, "..")) return false;
  attribute->has_high = take_number(cursor, &attribute->high);
  return skip(cursor, ")");
}

static bool take_attribute(reader *cursor, vmo_attribute_pattern *attribute) {
  *attribute = (vmo_attribute_pattern){.name = take_word(cursor)};
  bool optional = skip(cursor, "?");
  if (attribute->name.length == 0 || !skip(cursor, ": ") || !take_class(cursor, attribute)) return false;
  attribute->list = skip(cursor, "[]");
  if (!take_range(cursor, attribute)) return false;
  if (skip(cursor, " = ")) {
    attribute->otherwise.text = cursor->at;
    attribute->otherwise.length = (uint32_t)strcspn(cursor->at, ",");
    cursor->at += attribute->otherwise.length;
  }
  attribute->required = !optional && attribute->otherwise.length == 0;
  return true;
}

static bool read_attributes(const char *text, vmo_signature *signature) {
  reader cursor = {text};
  signature->attribute_count = 0;
  if (*text == '\0') return true;
  do {
    if (signature->attribute_count == VMO_MAX_ATTRIBUTES) return false;
    if (!take_attribute(&cursor, &signature->attributes[signature->attribute_count++])) return false;
  } while (skip(&cursor, ", "));
  return *cursor.at == '\0';
}

/* ---- the row ---- */

bool vmo_read_signature(const vmo_op_row *row, vmo_signature *signature) {
  uint32_t earlier[VMO_VARIABLES] = {0};
  return read_patterns(row->info.operands, signature->operands, &signature->operand_count, earlier) &&
         read_patterns(row->info.results, signature->results, &signature->result_count, earlier) &&
         read_attributes(row->info.attributes, signature);
}

const vmo_pattern *vmo_signature_operand(const vmo_signature *signature, uint32_t index) {
  uint32_t last = signature->operand_count - 1;
  return &signature->operands[index < last ? index : last];
}

const vmo_pattern *vmo_signature_result(const vmo_signature *signature, uint32_t index) {
  uint32_t last = signature->result_count - 1;
  return &signature->results[index < last ? index : last];
}
