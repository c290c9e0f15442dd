/* number.c: elements in and out of arrays, rounding, conversion.
 *
 * f16 and bf16 are taken apart by hand, since C11 has no such types: a number is rounded to a multiple of the unit in the
 * last place that its exponent gives, ties to even, which the scaling by a power of two leaves to rint (IEEE 754-2019,
 * 4.3.1). Constant time. */
#include "evaluate/number.h"

#include <math.h>
#include <string.h>

vmo_number_class vmo_class_of(vmo_element element) {
  switch (element) {
  case VMO_I8:
  case VMO_I16:
  case VMO_I32:
  case VMO_I64: return VMO_INTEGER;
  case VMO_F16:
  case VMO_BF16:
  case VMO_F32:
  case VMO_F64: return VMO_REAL;
  default: return VMO_NATURAL;
  }
}

/* ---- f16 and bf16 ---- */

/* Where a 16-bit float has its fields. */
typedef struct small_format {
  int fraction_bits, bias;
} small_format;

static small_format format_of(vmo_element element) {
  return element == VMO_F16 ? (small_format){10, 15} : (small_format){7, 127};
}

static double round_small(small_format format, double real) {
  if (isnan(real) || isinf(real) || real == 0) return real;
  int exponent = ilogb(real), least = 1 - format.bias;
  int unit = (exponent > least ? exponent : least) - format.fraction_bits;
  double rounded = ldexp(rint(ldexp(real, -unit)), unit);
  double limit = ldexp(1, format.bias + 1);
  return fabs(rounded) >= limit ? copysign(INFINITY, real) : rounded;
}

static uint16_t encode_small(small_format format, double real) {
  uint16_t sign = signbit(real) ? 0x8000 : 0;
  int infinity = (2 * format.bias + 1) << format.fraction_bits;
  double rounded = fabs(round_small(format, real));
  if (isnan(real)) return (uint16_t)(sign | infinity | 1 << (format.fraction_bits - 1));
  if (isinf(rounded)) return (uint16_t)(sign | infinity);
  int least = 1 - format.bias;
  int exponent = rounded == 0 || ilogb(rounded) < least ? least : ilogb(rounded);
  int units = (int)ldexp(rounded, format.fraction_bits - exponent);
  int biased = units < 1 << format.fraction_bits ? 0 : exponent + format.bias;
  return (uint16_t)(sign | biased << format.fraction_bits | (units & ((1 << format.fraction_bits) - 1)));
}

static double decode_small(small_format format, uint16_t bits) {
  int fraction = bits & ((1 << format.fraction_bits) - 1);
  int biased = (bits & 0x7fff) >> format.fraction_bits;
  double sign = bits & 0x8000 ? -1 : 1;
  if (biased == 2 * format.bias + 1) return fraction != 0 ? (double)NAN : sign * INFINITY;
  if (biased == 0) return sign * ldexp(fraction, 1 - format.bias - format.fraction_bits);
  return sign * ldexp(fraction + (1 << format.fraction_bits), biased - format.bias - format.fraction_bits);
}

double vmo_round_to(vmo_element element, double real) {
  switch (element) {
  case VMO_F16:
  case VMO_BF16: return round_small(format_of(element), real);
  case VMO_F32: return (float)real;
  default: return real;
  }
}

vmo_element vmo_sum_element(vmo_element element) {
  return element == VMO_F16 || element == VMO_BF16 ? VMO_F32 : element;
}

/* ---- in and out ---- */

#define LOAD(type, member, wide) \
  { \
    type item; \
    memcpy(&item, (const char *)data + index * (int64_t)sizeof item, sizeof item); \
    return (vmo_number){.member = (wide)item}; \
  }

vmo_number vmo_load(vmo_element element, const void *data, int64_t index) {
  switch (element) {
  case VMO_BOOL: return (vmo_number){.natural = ((const uint8_t *)data)[index] != 0};
  case VMO_I8: LOAD(int8_t, integer, int64_t)
  case VMO_U8: LOAD(uint8_t, natural, uint64_t)
  case VMO_I16: LOAD(int16_t, integer, int64_t)
  case VMO_U16: LOAD(uint16_t, natural, uint64_t)
  case VMO_I32: LOAD(int32_t, integer, int64_t)
  case VMO_U32: LOAD(uint32_t, natural, uint64_t)
  case VMO_I64: LOAD(int64_t, integer, int64_t)
  case VMO_U64: LOAD(uint64_t, natural, uint64_t)
  case VMO_F32: LOAD(float, real, double)
  case VMO_F64: LOAD(double, real, double)
  case VMO_F16:
  case VMO_BF16: {
    uint16_t bits;
    memcpy(&bits, (const char *)data + index * 2, 2);
    return (vmo_number){.real = decode_small(format_of(element), bits)};
  }
  default: return (vmo_number){.natural = 0};
  }
}

#define STORE(type, value) \
  { \
    type item = (type)(value); \
    memcpy((char *)data + index * (int64_t)sizeof item, &item, sizeof item); \
    return; \
  }

void vmo_store(vmo_element element, void *data, int64_t index, vmo_number number) {
  switch (element) {
  case VMO_BOOL: STORE(uint8_t, number.natural != 0)
  case VMO_I8:
  case VMO_U8: STORE(uint8_t, number.natural)
  case VMO_I16:
  case VMO_U16: STORE(uint16_t, number.natural)
  case VMO_I32:
  case VMO_U32: STORE(uint32_t, number.natural)
  case VMO_I64:
  case VMO_U64: STORE(uint64_t, number.natural)
  case VMO_F16:
  case VMO_BF16: STORE(uint16_t, encode_small(format_of(element), number.real))
  case VMO_F32: STORE(float, number.real)
  case VMO_F64: STORE(double, number.real)
  default: return;
  }
}

/* ---- numbers of a type ---- */

static int width_of(vmo_element element) { return (int)vmo_element_bytes(element) * 8; }

static bool is_signed(vmo_element element) { return vmo_class_of(element) == VMO_INTEGER; }

vmo_number vmo_least(vmo_element element) {
  if (vmo_element_is_float(element)) return (vmo_number){.real = -INFINITY};
  if (!is_signed(element)) return (vmo_number){.natural = 0};
  return (vmo_number){.integer = INT64_MIN >> (64 - width_of(element))};
}

vmo_number vmo_greatest(vmo_element element) {
  if (vmo_element_is_float(element)) return (vmo_number){.real = INFINITY};
  if (element == VMO_BOOL) return (vmo_number){.natural = 1};
  if (!is_signed(element)) return (vmo_number){.natural = UINT64_MAX >> (64 - width_of(element))};
  return (vmo_number){.integer = INT64_MAX >> (64 - width_of(element))};
}

/* What two's complement leaves of a number when only the element's bits are kept. */
static vmo_number wrap(vmo_element element, uint64_t bits) {
  int unused = 64 - width_of(element);
  uint64_t kept = bits << unused;
  if (!is_signed(element)) return (vmo_number){.natural = kept >> unused};
  return (vmo_number){.integer = (int64_t)kept >> unused};
}

static vmo_number truncate_real(double real, vmo_element to) {
  vmo_number least = vmo_least(to), greatest = vmo_greatest(to);
  if (isnan(real)) return (vmo_number){.natural = 0};
  real = trunc(real);
  if (is_signed(to)) {
    if (real < (double)least.integer) return least;
    if (real >= (double)greatest.integer) return greatest;
    return (vmo_number){.integer = (int64_t)real};
  }
  if (real < 0) return least;
  if (real >= (double)greatest.natural) return greatest;
  return (vmo_number){.natural = (uint64_t)real};
}

static double widen(vmo_element from, vmo_number number, vmo_element to) {
  switch (vmo_class_of(from)) {
  case VMO_REAL: return vmo_round_to(to, number.real);
  case VMO_INTEGER: /* straight to float, or a 64-bit number would be rounded twice */
    return to == VMO_F64 ? (double)number.integer : vmo_round_to(to, (double)(float)number.integer);
  default: return to == VMO_F64 ? (double)number.natural : vmo_round_to(to, (double)(float)number.natural);
  }
}

vmo_number vmo_convert(vmo_element from, vmo_number number, vmo_element to) {
  bool real = vmo_element_is_float(from);
  if (to == VMO_BOOL) return (vmo_number){.natural = real ? number.real != 0 : number.natural != 0};
  if (vmo_element_is_float(to)) return (vmo_number){.real = widen(from, number, to)};
  return real ? truncate_real(number.real, to) : wrap(to, number.natural);
}

vmo_number vmo_number_of(vmo_element element, int64_t number) {
  return vmo_convert(VMO_I64, (vmo_number){.integer = number}, element);
}

vmo_number vmo_number_of_real(vmo_element element, double real) {
  return vmo_convert(VMO_F64, (vmo_number){.real = real}, element);
}

vmo_number vmo_add_numbers(vmo_element element, vmo_number left, vmo_number right) {
  if (vmo_element_is_float(element)) return (vmo_number){.real = vmo_round_to(element, left.real + right.real)};
  return (vmo_number){.natural = left.natural + right.natural};
}

vmo_number vmo_multiply_numbers(vmo_element element, vmo_number left, vmo_number right) {
  if (vmo_element_is_float(element)) return (vmo_number){.real = vmo_round_to(element, left.real * right.real)};
  return (vmo_number){.natural = left.natural * right.natural};
}

int vmo_compare(vmo_element element, vmo_number left, vmo_number right) {
  switch (vmo_class_of(element)) {
  case VMO_INTEGER: return (left.integer > right.integer) - (left.integer < right.integer);
  case VMO_NATURAL: return (left.natural > right.natural) - (left.natural < right.natural);
  default: break;
  }
  if (isnan(left.real) || isnan(right.real)) return (isnan(left.real) != 0) - (isnan(right.real) != 0);
  return (left.real > right.real) - (left.real < right.real);
}
