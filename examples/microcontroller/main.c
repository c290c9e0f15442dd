/* Code written by hand, for a machine that has no malloc, no runtime and perhaps no LLVM: only the places come from
 * vmemopt. features.h has the offset and bytes of each array and of what the ops work in, all in one static arena whose size
 * is known when it is compiled, and static asserts that refuse a header that does not fit together. */
#include <math.h>
#include <stdio.h>

#include "features.h"

static _Alignas(features_ARENA_ALIGNMENT) unsigned char arena[features_ARENA_BYTES];

#define AT(name) ((float *)(void *)(arena + features_##name##_OFFSET))

/* A plain transform: real and imaginary parts of 64 in the workspace, and the power of 32 frequencies. */
static void spectrum(const float *x, float *power, float *work) {
  _Static_assert(features_power_WORKSPACE_BYTES >= 2 * 64 * sizeof(float), "the workspace is too small");
  for (int k = 0; k < 64; k++) {
    work[2 * k] = work[2 * k + 1] = 0;
    for (int n = 0; n < 64; n++) {
      float angle = 6.2831853F * (float)(k * n % 64) / 64;
      work[2 * k] += x[n] * cosf(angle);
      work[2 * k + 1] -= x[n] * sinf(angle);
    }
  }
  for (int k = 0; k < 32; k++) power[k] = work[2 * k] * work[2 * k] + work[2 * k + 1] * work[2 * k + 1];
}

static const float *features(const float *frame) {
  float *shaped = AT(shaped), *power = AT(power), *sums = AT(sums);
  for (int i = 0; i < 64; i++) shaped[i] = frame[i] * 0.5F;
  spectrum(shaped, power, AT(power_WORKSPACE));
  for (int band = 0; band < 4; band++) {
    float sum = 0; /* sums may lie where others did */
    for (int i = 0; i < 8; i++) sum += power[band * 8 + i];
    sums[band] = sum;
  }
  return sums;
}

int main(void) {
  float frame[64];
  for (int i = 0; i < 64; i++) frame[i] = sinf(6.2831853F * 11 * (float)i / 64);
  const float *bands = features(frame);
  printf("arena of %d bytes; bands %.1f %.1f %.1f %.1f\n", features_ARENA_BYTES, fabs((double)bands[0]),
         fabs((double)bands[1]), fabs((double)bands[2]), fabs((double)bands[3]));
  return 0;
}
