/* utf8.h: the one decoder of UTF-8, as strict as RFC 3629: no overlong forms, no surrogates. */
#ifndef VMO_SUPPORT_UTF8_H
#define VMO_SUPPORT_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VMO_REPLACEMENT_CHARACTER "\xef\xbf\xbd" /* U+FFFD */

/* The length in bytes (1 to 4) of the character at `text`, of which `available` bytes may be read, and
 * the character in `*code_point` (may be NULL); 0 when there is no valid one. */
size_t vmo_utf8_decode(const char *text, size_t available, uint32_t *code_point);

/* False for what does something to a terminal or to the reading order instead of being seen: control
 * characters, line separators, zero-width and bidirectional controls. A tab is not printable either. */
bool vmo_utf8_is_printable(uint32_t code_point);

#endif
