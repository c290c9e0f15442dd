/* text.c: builds text in memory, or streams it to a sink in blocks.
 *
 * In memory the buffer doubles. With a sink it is handed on whenever SINK_BLOCK bytes are in it, so that
 * a report of any length needs little memory. After the first failure nothing is added any more. */
#include "support/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/utf8.h"

#define FIRST_CAPACITY ((size_t)256)
#define SINK_BLOCK ((size_t)64 << 10)

void vmo_text_init(vmo_text *text) { *text = (vmo_text){0}; }

void vmo_text_init_sink(vmo_text *text, vmo_text_sink sink, void *user) {
  *text = (vmo_text){.sink = sink, .sink_user = user};
}

bool vmo_text_flush(vmo_text *text) {
  if (text->sink != NULL && text->count > 0) {
    if (!text->failed && !text->sink(text->sink_user, text->data, text->count)) text->failed = true;
    text->count = 0;
    text->data[0] = '\0';
  }
  return !text->failed;
}

void vmo_text_free(vmo_text *text) {
  free(text->data);
  *text = (vmo_text){0};
}

/* Makes room for `extra` bytes and the NUL. */
static bool reserve(vmo_text *text, size_t extra) {
  if (text->failed) return false;
  if (text->data != NULL && extra < text->capacity - text->count) return true;
  size_t capacity = text->capacity > FIRST_CAPACITY / 2 ? text->capacity : FIRST_CAPACITY / 2;
  if (extra < SIZE_MAX / 4 && text->count < SIZE_MAX / 4) {
    capacity = capacity * 2 > text->count + extra + 1 ? capacity * 2 : text->count + extra + 1;
    char *data = realloc(text->data, capacity);
    if (data != NULL) {
      text->data = data;
      text->capacity = capacity;
      return true;
    }
  }
  text->failed = true;
  return false;
}

/* Accounts for `count` bytes that were written behind the text. */
static void commit(vmo_text *text, size_t count) {
  text->count += count;
  text->data[text->count] = '\0';
  if (text->sink != NULL && text->count >= SINK_BLOCK) vmo_text_flush(text);
}

void vmo_text_add(vmo_text *text, const char *string) { vmo_text_add_bytes(text, string, strlen(string)); }

void vmo_text_add_bytes(vmo_text *text, const char *bytes, size_t count) {
  if (text->sink != NULL && count >= SINK_BLOCK) { /* too much to be worth a copy */
    if (vmo_text_flush(text) && !text->sink(text->sink_user, bytes, count)) text->failed = true;
    return;
  }
  if (count == 0 || !reserve(text, count)) return;
  memcpy(text->data + text->count, bytes, count);
  commit(text, count);
}

void vmo_text_add_char(vmo_text *text, char character) {
  if (!reserve(text, 1)) return;
  text->data[text->count] = character;
  commit(text, 1);
}

void vmo_text_add_repeat(vmo_text *text, char character, size_t count) {
  while (count > 0 && !text->failed) {
    size_t part = text->sink != NULL && count > SINK_BLOCK ? SINK_BLOCK : count;
    if (!reserve(text, part)) return;
    memset(text->data + text->count, character, part);
    commit(text, part);
    count -= part;
  }
}

void vmo_text_add_integer(vmo_text *text, int64_t number) {
  char digits[20]; /* the sign and 19 digits */
  size_t at = sizeof digits;
  uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;
  do {
    digits[--at] = (char)('0' + rest % 10);
    rest /= 10;
  } while (rest != 0);
  if (number < 0) digits[--at] = '-';
  vmo_text_add_bytes(text, digits + at, sizeof digits - at);
}

void vmo_text_addf(vmo_text *text, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vmo_text_addv(text, format, arguments);
  va_end(arguments);
}

void vmo_text_addv(vmo_text *text, const char *format, va_list arguments) {
  va_list again;
  if (!reserve(text, FIRST_CAPACITY - 1)) return;
  va_copy(again, arguments);
  size_t room = text->capacity - text->count;
  int length = vsnprintf(text->data + text->count, room, format, arguments);
  if (length >= 0 && (size_t)length < room) {
    commit(text, (size_t)length);
  } else if (length < 0 || !reserve(text, (size_t)length)) {
    text->data[text->count] = '\0';
    text->failed = true;
  } else {
    vsnprintf(text->data + text->count, (size_t)length + 1, format, again);
    commit(text, (size_t)length);
  }
  va_end(again);
}

void vmo_text_add_utf8(vmo_text *text, const char *bytes, size_t count) {
  size_t clean = 0; /* where the valid characters begin that are not added yet */
  for (size_t at = 0; at < count;) {
    if ((unsigned char)bytes[at] < 0x80) { /* nearly always */
      at++;
      continue;
    }
    size_t length = vmo_utf8_decode(bytes + at, count - at, NULL);
    if (length == 0) {
      vmo_text_add_bytes(text, bytes + clean, at - clean);
      vmo_text_add(text, VMO_REPLACEMENT_CHARACTER);
      clean = at + 1;
    }
    at += length != 0 ? length : 1;
  }
  vmo_text_add_bytes(text, bytes + clean, count - clean);
}

static size_t count_characters(const char *text, size_t length) {
  size_t count = 0;
  for (size_t at = 0; at < length; count++) {
    size_t step = vmo_utf8_decode(text + at, length - at, NULL);
    at += step != 0 ? step : 1;
  }
  return count;
}

void vmo_text_add_wrapped(vmo_text *text, const char *words, size_t indent, size_t width) {
  size_t column = indent;
  for (words += strspn(words, " "); *words != '\0'; words += strspn(words, " ")) {
    size_t length = strcspn(words, " "), characters = count_characters(words, length);
    if (column > indent && column + 1 + characters > width) {
      vmo_text_add_char(text, '\n');
      vmo_text_add_repeat(text, ' ', indent);
      column = indent;
    } else if (column > indent) {
      vmo_text_add_char(text, ' ');
      column++;
    }
    vmo_text_add_bytes(text, words, length);
    column += characters;
    words += length;
  }
  vmo_text_add_char(text, '\n');
}

void vmo_text_add_bytes_for_people(vmo_text *text, vmo_bytes bytes) {
  static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  uint64_t magnitude = bytes < 0 ? -(uint64_t)bytes : (uint64_t)bytes;
  unsigned unit = 0, decimals = 0;
  while (unit < 5 && magnitude >> (10 * unit) >= 1024) unit++;
  uint64_t scale = UINT64_C(1) << (10 * unit), whole = magnitude / scale, tenths = 1;
  for (uint64_t most = 100; unit > 0 && decimals < 2 && whole < most; most /= 10) {
    decimals++;
    tenths *= 10;
  }
  uint64_t rounded = whole * tenths + (magnitude % scale * tenths + scale / 2) / scale;
  if (rounded == 1024 && decimals == 0 && unit < 5) { /* 1023.7 of a unit is one of the next */
    rounded = 1;
    unit++;
  }
  for (; decimals > 0 && rounded % 10 == 0; decimals--) {
    rounded /= 10;
    tenths /= 10;
  }
  if (bytes < 0) vmo_text_add_char(text, '-');
  vmo_text_add_integer(text, (int64_t)(rounded / tenths));
  if (decimals > 0) vmo_text_addf(text, ".%0*d", (int)decimals, (int)(rounded % tenths));
  vmo_text_addf(text, " %s", units[unit]);
}
