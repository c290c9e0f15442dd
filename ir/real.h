/* real.h: numbers with a fraction, in VMIR's own spelling whatever the C library's locale says; private to ir/. */
#ifndef VMO_IR_REAL_H
#define VMO_IR_REAL_H

#include "support/text.h"

/* The number that `length` bytes of `text` spell (digits, point, exponent); false when it is too large, or longer than
 * any number needs to be. */
bool vmo_read_real(const char *text, size_t length, double *number);
/* The shortest spelling that reads back as the same number, never that of an integer: `0.1`, `2.0`, `1e+30`, `-inf`. */
void vmo_print_real(vmo_text *out, double number);

#endif
