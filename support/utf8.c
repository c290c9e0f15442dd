/* utf8.c: reads one character (RFC 3629).
 *
 *   0xxxxxxx                              U+0000  .. U+007F
 *   110xxxxx 10xxxxxx                     U+0080  .. U+07FF
 *   1110xxxx 10xxxxxx 10xxxxxx            U+0800  .. U+FFFF, without D800..DFFF
 *   11110xxx 10xxxxxx 10xxxxxx 10xxxxxx   U+10000 .. U+10FFFF */
#include "support/utf8.h"

size_t vmo_utf8_decode(const char *text, size_t available, uint32_t *code_point) {
  static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
  if (available == 0) return 0;
  unsigned char lead = (unsigned char)text[0];
  size_t length = lead < 0x80 ? 1 : lead < 0xc0 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf8 ? 4 : 0;
  if (length == 0 || length > available) return 0;
  uint32_t value = length == 1 ? lead : lead & (0x7fu >> length);
  for (size_t i = 1; i < length; i++) {
    unsigned char next = (unsigned char)text[i];
    if ((next & 0xc0) != 0x80) return 0;
    value = value << 6 | (next & 0x3f);
  }
  if (value < least[length] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return 0;
  if (code_point != NULL) *code_point = value;
  return length;
}

bool vmo_utf8_is_printable(uint32_t code_point) {
  static const struct {
    uint32_t first, last;
  } hidden[] = {
      {0x00, 0x1f},     {0x7f, 0x9f},     {0xad, 0xad},     {0x61c, 0x61c},   {0x200b, 0x200f},
      {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f},
  };
  for (size_t i = 0; i < sizeof hidden / sizeof hidden[0]; i++) {
    if (code_point >= hidden[i].first && code_point <= hidden[i].last) return false;
  }
  return true;
}
