/* real.c: see real.h. strtod and printf do the work; both use the locale's decimal point, which is exchanged for a
 * point. */
#include "ir/real.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_BYTES = 1000 }; /* no number needs more */

static const char *locale_point(void) {
  const struct lconv *conventions = localeconv();
  return conventions->decimal_point[0] == '\0' ? "." : conventions->decimal_point;
}

bool vmo_read_real(const char *text, size_t length, double *number) {
  char copy[MOST_BYTES + 16];
  const char *point = locale_point(), *found = memchr(text, '.', length);
  if (length > MOST_BYTES || strlen(point) > 8) return false;
  size_t whole = found == NULL ? length : (size_t)(found - text);
  size_t rest = length - whole - (found != NULL);
  snprintf(copy, sizeof copy, "%.*s%s%.*s", (int)whole, text, found == NULL ? "" : point, (int)rest,
           text + length - rest);
  *number = strtod(copy, NULL);
  return isfinite(*number);
}

static void print_finite(vmo_text *out, double number) {
  char digits[64];
  const char *point = locale_point();
  for (int precision = 15; precision <= 17; precision++) {
    snprintf(digits, sizeof digits, "%.*g", precision, number);
    if (strtod(digits, NULL) == number) break;
  }
  char *found = strstr(digits, point);
  if (found != NULL) {
    vmo_text_add_bytes(out, digits, (size_t)(found - digits));
    vmo_text_add_char(out, '.');
    vmo_text_add(out, found + strlen(point));
  } else {
    vmo_text_add(out, digits);
    if (strchr(digits, 'e') == NULL) vmo_text_add(out, ".0");
  }
}

void vmo_print_real(vmo_text *out, double number) {
  if (isnan(number))
    vmo_text_add(out, "nan");
  else if (isinf(number))
    vmo_text_add(out, number < 0 ? "-inf" : "inf");
  else
    print_finite(out, number);
}
