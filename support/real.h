/* real.h: numbers with a fraction, in VMIR's own spelling whatever the C library's locale says. */
#ifndef VMO_SUPPORT_REAL_H
#define VMO_SUPPORT_REAL_H

#include "support/text.h"

/* The number that `length` bytes of `text` spell (digits, point, exponent); false when it is too large, or longer than
 * any number needs to be. */
bool vmo_read_real(const char *text, size_t length, double *number);
/* The number that `length` bytes of `text` are, all of them: a sign or none, then digits with a point and an exponent, inf or
 * nan; false for anything else. */
bool vmo_parse_real(const char *text, size_t length, double *number);
/* The shortest spelling that reads back as the same number, never that of an integer: `0.1`, `2.0`, `1e+30`, `-inf`. */
void vmo_print_real(vmo_text *out, double number);

#endif
