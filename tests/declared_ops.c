/* declared_ops.c: the ops that programs of the corpus declare, as a shared library for `vmemopt run --library`.
 *
 * Discrete Fourier transforms by their definition, of f32 and f64; quadratic, for small tests. A result may have its
 * operand's bytes, so the operand is first copied to the workspace. */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "vmemrt/compiled.h"

#define EXPORT __attribute__((visibility("default")))
#define TURN 6.283185307179586

static double get(const void *data, uint32_t element, int64_t index) {
  return element == VMR_ELEMENT_F32 ? (double)((const float *)data)[index] : ((const double *)data)[index];
}

static void put(void *data, uint32_t element, int64_t index, double number) {
  if (element == VMR_ELEMENT_F32)
    ((float *)data)[index] = (float)number;
  else
    ((double *)data)[index] = number;
}

/* `count` numbers at `x` (each real, or a pair) to `wanted` pairs. */
static void transform(const void *x, uint32_t element, int64_t count, bool pairs, double sign, double scale, void *y,
                      int64_t wanted) {
  for (int64_t k = 0; k < wanted; k++) {
    double real = 0, imaginary = 0;
    for (int64_t i = 0; i < count; i++) {
      double angle = sign * TURN * (double)(k * i % count) / (double)count;
      double a = get(x, element, pairs ? 2 * i : i), b = pairs ? get(x, element, 2 * i + 1) : 0;
      real += a * cos(angle) - b * sin(angle);
      imaginary += a * sin(angle) + b * cos(angle);
    }
    put(y, element, 2 * k, real * scale);
    put(y, element, 2 * k + 1, imaginary * scale);
  }
}

static int32_t run(const vmr_array *x, const vmr_array *y, void *workspace, double sign, bool inverse) {
  if (x->element != VMR_ELEMENT_F32 && x->element != VMR_ELEMENT_F64) return 1;
  bool pairs = x->rank == 2;
  size_t bytes = (size_t)x->count * (x->element == VMR_ELEMENT_F32 ? 4 : 8);
  memcpy(workspace, x->data, bytes);
  transform(workspace, x->element, x->sizes[0], pairs, sign, inverse ? 1 / (double)x->sizes[0] : 1, y->data,
            y->sizes[0]);
  return 0;
}

EXPORT int32_t fft(const vmr_array *operands, const vmr_array *results, void *workspace);
EXPORT int32_t inverse_fft(const vmr_array *operands, const vmr_array *results, void *workspace);
EXPORT int32_t real_fft(const vmr_array *operands, const vmr_array *results, void *workspace);

int32_t fft(const vmr_array *operands, const vmr_array *results, void *workspace) {
  return run(operands, results, workspace, -1, false);
}

int32_t inverse_fft(const vmr_array *operands, const vmr_array *results, void *workspace) {
  return run(operands, results, workspace, 1, true);
}

int32_t real_fft(const vmr_array *operands, const vmr_array *results, void *workspace) {
  return run(operands, results, workspace, -1, false);
}
