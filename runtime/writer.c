/* writer.c: text into a buffer of the caller's. One that is NULL has no room, whatever its capacity is said to be. */
#include "runtime/writer.h"

#include <string.h>

void vmr_write_bytes(vmr_writer *writer, const char *bytes, size_t length) {
  size_t room = writer->length < writer->capacity ? writer->capacity - writer->length : 0;
  if (room > length) room = length;
  if (room != 0 && writer->buffer != NULL) memcpy(writer->buffer + writer->length, bytes, room);
  writer->length += length;
}

void vmr_write(vmr_writer *writer, const char *text) { vmr_write_bytes(writer, text, strlen(text)); }

void vmr_write_count(vmr_writer *writer, uint64_t number) {
  char digits[20];
  size_t at = sizeof digits;
  do {
    digits[--at] = (char)('0' + number % 10);
    number /= 10;
  } while (number != 0);
  vmr_write_bytes(writer, digits + at, sizeof digits - at);
}

void vmr_write_ratio(vmr_writer *writer, double number) {
  uint64_t millionths = (uint64_t)(number * 1e6 + 0.5);
  char digits[7] = ".";
  for (size_t at = 6; at >= 1; at--, millionths /= 10) digits[at] = (char)('0' + millionths % 10);
  vmr_write_count(writer, millionths);
  vmr_write_bytes(writer, digits, sizeof digits);
}

size_t vmr_end_text(vmr_writer *writer) {
  if (writer->capacity != 0 && writer->buffer != NULL)
    writer->buffer[writer->length < writer->capacity ? writer->length : writer->capacity - 1] = '\0';
  return writer->length;
}
