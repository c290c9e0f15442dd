/* elementwise.c: ops whose elements depend on the operands' elements at their own index, broadcast. Linear. */
#include "evaluate/kernel.h"

#include <math.h>

/* ---- reals ---- */

/* NaN if either is. */
static double smaller(double x, double y) { return isnan(x) ? x : isnan(y) ? y : x < y ? x : y; }
static double larger(double x, double y) { return isnan(x) ? x : isnan(y) ? y : x > y ? x : y; }

static double compute_real(vmo_opcode code, vmo_element element, double x, double y, double z) {
  switch (code) {
  case VMO_OP_add: return x + y;
  case VMO_OP_sub: return x - y;
  case VMO_OP_mul: return x * y;
  case VMO_OP_div: return x / y;
  case VMO_OP_pow: return pow(x, y);
  case VMO_OP_mod: return fmod(x, y);
  case VMO_OP_min: return smaller(x, y);
  case VMO_OP_max: return larger(x, y);
  case VMO_OP_neg: return -x;
  case VMO_OP_abs: return fabs(x);
  case VMO_OP_sign: return isnan(x) ? x : (x > 0) - (x < 0);
  case VMO_OP_sqrt: return sqrt(x);
  case VMO_OP_rsqrt: return 1 / vmo_round_to(element, sqrt(x));
  case VMO_OP_recip: return 1 / x;
  case VMO_OP_exp: return exp(x);
  case VMO_OP_log: return log(x);
  case VMO_OP_sin: return sin(x);
  case VMO_OP_cos: return cos(x);
  case VMO_OP_tanh: return tanh(x);
  case VMO_OP_sigmoid: return 1 / (1 + exp(-x));
  case VMO_OP_relu: return larger(x, 0);
  case VMO_OP_gelu: return 0.5 * x * (1 + erf(x * 0.70710678118654752440));
  case VMO_OP_floor: return floor(x);
  case VMO_OP_ceil: return ceil(x);
  case VMO_OP_round: return rint(x);
  case VMO_OP_clip: return smaller(larger(x, y), z);
  case VMO_OP_fma: return element == VMO_F32 ? fmaf((float)x, (float)y, (float)z) : fma(x, y, z);
  case VMO_OP_axpy: return vmo_round_to(element, x * y) + z;
  default: return NAN;
  }
}

static bool compare_reals(vmo_opcode code, double x, double y) {
  switch (code) {
  case VMO_OP_eq: return x == y;
  case VMO_OP_ne: return x != y;
  case VMO_OP_lt: return x < y;
  case VMO_OP_le: return x <= y;
  case VMO_OP_gt: return x > y;
  default: return x >= y;
  }
}

/* ---- integers: in 64 bits, of which the store keeps the element's ---- */

static uint64_t power(uint64_t base, uint64_t exponent) {
  uint64_t result = 1;
  for (; exponent != 0; exponent >>= 1, base *= base)
    if (exponent & 1) result *= base;
  return result;
}

static int64_t divide(int64_t x, int64_t y) {
  if (y == 0) return 0;
  return y == -1 ? (int64_t)(0 - (uint64_t)x) : x / y;
}

static int64_t remainder_of(int64_t x, int64_t y) {
  if (y == 0) return x;
  return y == -1 ? 0 : x % y;
}

/* A negative power is 1 / x^-y: 0 but for 1 and -1; 1 / 0 is 0 as everywhere. */
static int64_t signed_power(int64_t x, int64_t y) {
  if (y >= 0) return (int64_t)power((uint64_t)x, (uint64_t)y);
  if (x == 1) return 1;
  return x == -1 ? (y % 2 == 0 ? 1 : -1) : 0;
}

/* What does not depend on the sign; false for the rest. */
static bool compute_bits(vmo_opcode code, uint64_t x, uint64_t y, uint64_t z, uint64_t *result) {
  switch (code) {
  case VMO_OP_add: *result = x + y; return true;
  case VMO_OP_sub: *result = x - y; return true;
  case VMO_OP_mul: *result = x * y; return true;
  case VMO_OP_neg: *result = 0 - x; return true;
  case VMO_OP_not: *result = ~x; return true;
  case VMO_OP_and: *result = x & y; return true;
  case VMO_OP_or: *result = x | y; return true;
  case VMO_OP_xor: *result = x ^ y; return true;
  case VMO_OP_fma:
  case VMO_OP_axpy: *result = x * y + z; return true;
  default: return false;
  }
}

static int64_t compute_integer(vmo_opcode code, int64_t x, int64_t y, int64_t z) {
  switch (code) {
  case VMO_OP_div: return divide(x, y);
  case VMO_OP_mod: return remainder_of(x, y);
  case VMO_OP_pow: return signed_power(x, y);
  case VMO_OP_min: return x < y ? x : y;
  case VMO_OP_max: return x > y ? x : y;
  case VMO_OP_abs: return x < 0 ? (int64_t)(0 - (uint64_t)x) : x;
  case VMO_OP_sign: return (x > 0) - (x < 0);
  case VMO_OP_relu: return x > 0 ? x : 0;
  case VMO_OP_clip: x = x < y ? y : x; return x > z ? z : x;
  default: return 0;
  }
}

static uint64_t compute_natural(vmo_opcode code, uint64_t x, uint64_t y, uint64_t z) {
  switch (code) {
  case VMO_OP_div: return y == 0 ? 0 : x / y;
  case VMO_OP_mod: return y == 0 ? x : x % y;
  case VMO_OP_pow: return power(x, y);
  case VMO_OP_min: return x < y ? x : y;
  case VMO_OP_max: return x > y ? x : y;
  case VMO_OP_sign: return x > 0;
  case VMO_OP_clip: x = x < y ? y : x; return x > z ? z : x;
  default: return x; /* abs and relu of what is never negative */
  }
}

/* ---- any ---- */

static bool is_comparison(vmo_opcode code) { return code >= VMO_OP_eq && code <= VMO_OP_ge; }

static bool compare(vmo_opcode code, vmo_element element, vmo_number x, vmo_number y) {
  if (vmo_element_is_float(element)) return compare_reals(code, x.real, y.real);
  int order = vmo_compare(element, x, y);
  return compare_reals(code, order, 0);
}

static vmo_number compute(vmo_opcode code, vmo_element element, const vmo_number *in) {
  vmo_number result;
  if (is_comparison(code)) return (vmo_number){.natural = compare(code, element, in[0], in[1])};
  if (vmo_element_is_float(element))
    return (vmo_number){.real = compute_real(code, element, in[0].real, in[1].real, in[2].real)};
  if (element == VMO_BOOL && code == VMO_OP_not) return (vmo_number){.natural = !in[0].natural};
  if (compute_bits(code, in[0].natural, in[1].natural, in[2].natural, &result.natural)) return result;
  if (vmo_class_of(element) == VMO_INTEGER)
    result.integer = compute_integer(code, in[0].integer, in[1].integer, in[2].integer);
  else
    result.natural = compute_natural(code, in[0].natural, in[1].natural, in[2].natural);
  return result;
}

bool vmo_run_elementwise(vmo_run *run) {
  vmo_opcode code = vmo_run_code(run);
  vmo_array *result = &run->results[0];
  uint32_t count = run->op->operand_count;
  vmo_walk walk;
  vmo_walk_begin(&walk, result);
  for (uint32_t i = 0; i < count; i++) vmo_walk_broadcast(&walk, &run->operands[i]);
  for (int64_t at = 0; at < result->count; at++, vmo_walk_next(&walk)) {
    vmo_number in[3] = {{0}, {0}, {0}};
    for (uint32_t i = 0; i < count; i++) in[i] = vmo_get(&run->operands[i], walk.offsets[i]);
    bool choice = code == VMO_OP_where;
    vmo_put(result, at, choice ? in[in[0].natural ? 1 : 2] : compute(code, run->operands[0].element, in));
  }
  return true;
}

bool vmo_run_cast(vmo_run *run) {
  const vmo_array *from = &run->operands[0];
  vmo_array *to = &run->results[0];
  for (int64_t i = 0; i < to->count; i++) vmo_put(to, i, vmo_convert(from->element, vmo_get(from, i), to->element));
  return true;
}

bool vmo_run_dropout(vmo_run *run) {
  const vmo_array *from = &run->operands[0];
  vmo_array *to = &run->results[0];
  double p = vmo_run_real(run, "p", 0.5);
  uint64_t seed = (uint64_t)vmo_run_integer(run, "seed", 0, 0);
  for (int64_t i = 0; i < to->count; i++) {
    bool dropped = vmo_draw_uniform(seed, (uint64_t)i) < p;
    vmo_put(to, i, (vmo_number){.real = dropped ? 0 : vmo_get(from, i).real / vmo_round_to(to->element, 1 - p)});
  }
  return true;
}
