/* verify_literal.c: literals take the element that their place gives them, when it can hold them.
 *
 * An integer may stand for a float, a number with a fraction for no integer, and only true and false are bools. */
#include "ir/verify.h"

#include <float.h>
#include <math.h>

/* The largest finite number of a float element. */
static double largest_float(vmo_element element) {
  if (element == VMO_F16) return 65504.0;
  if (element == VMO_BF16) return 0x1.fep127;
  return element == VMO_F32 ? FLT_MAX : DBL_MAX;
}

static bool is_signed(vmo_element element) {
  return element == VMO_I8 || element == VMO_I16 || element == VMO_I32 || element == VMO_I64;
}

/* The largest magnitude of an integer element, on the side of `negative`. */
static uint64_t largest_magnitude(vmo_element element, bool negative) {
  unsigned bits = (unsigned)vmo_element_bytes(element) * 8;
  if (is_signed(element)) return (UINT64_C(1) << (bits - 1)) - (negative ? 0 : 1);
  return negative ? 0 : UINT64_MAX >> (64 - bits);
}

static bool fits(const vmo_literal *literal, vmo_element element) {
  if (vmo_element_is_integer(element)) return literal->value.bits <= largest_magnitude(element, literal->negative);
  double number = literal->kind == VMO_LITERAL_INTEGER ? (double)literal->value.bits : fabs(literal->value.real);
  return isinf(number) || isnan(number) || number <= largest_float(element);
}

static bool fail_range(vmo_check *check, const vmo_literal *literal, vmo_element element, vmo_location location) {
  const char *hint = NULL;
  if (vmo_element_is_integer(element))
    hint = vmo_hint_text(check, "%s holds %s%llu to %llu", vmo_element_name(element), is_signed(element) ? "-" : "",
                         (unsigned long long)largest_magnitude(element, true),
                         (unsigned long long)largest_magnitude(element, false));
  else
    hint = vmo_hint_text(check, "the largest %s is %.8g; write `inf` for infinity", vmo_element_name(element),
                         largest_float(element));
  return vmo_fail_at(check, VMO_DIAG_LITERAL, location, hint, "%s does not fit in %s %s",
                     vmo_literal_text(check, literal), vmo_element_article(element), vmo_element_name(element));
}

static const char *kind_hint(vmo_literal_kind kind, vmo_element element) {
  if (element == VMO_BOOL) return "write `true` or `false`";
  if (kind == VMO_LITERAL_BOOL) return "write 1 or 0";
  return "write a whole number";
}

bool vmo_check_literal(vmo_check *check, vmo_literal *literal, vmo_element element, vmo_location location) {
  bool allowed = literal->kind == VMO_LITERAL_BOOL   ? element == VMO_BOOL
                 : literal->kind == VMO_LITERAL_REAL ? vmo_element_is_float(element)
                                                     : element != VMO_BOOL;
  if (!allowed)
    return vmo_fail_at(check, VMO_DIAG_LITERAL, location, kind_hint(literal->kind, element),
                       "%s is not %s %s, which '%s' takes here", vmo_literal_text(check, literal),
                       vmo_element_article(element), vmo_element_name(element), check->name);
  if (literal->kind != VMO_LITERAL_BOOL && !fits(literal, element))
    return fail_range(check, literal, element, location);
  literal->element = element;
  return true;
}
