/* An op that the program declares and this file defines. The arena is static: the dims are bounded, so that its largest size
 * is known, and it holds every smaller image too. */
#include <stdio.h>
#include <string.h>

#include <vmemrt/compiled.h>

#include "enhance.h"

/* Each pixel, and half of what sets it apart from those to its left and right. A row that was read is kept in `workspace`,
 * since image and result may be the same bytes. */
int32_t sharpen(const vmr_array *operands, const vmr_array *results, void *workspace) {
  int64_t height = operands[0].sizes[0], width = operands[0].sizes[1];
  float *row = workspace;
  if (operands[0].element != VMR_ELEMENT_F32) return 1;
  for (int64_t y = 0; y < height; y++) {
    float *to = (float *)results[0].data + y * width;
    memcpy(row, (const float *)operands[0].data + y * width, (size_t)width * sizeof *row);
    for (int64_t x = 0; x < width; x++) {
      float left = row[x > 0 ? x - 1 : x], right = row[x + 1 < width ? x + 1 : x];
      to[x] = row[x] + (row[x] - (left + right) / 2) / 2;
    }
  }
  return 0;
}

static _Alignas(enhance_ARENA_ALIGNMENT) char arena[(640 * 480 + 640 + 64) * sizeof(float)];

int main(void) {
  static const float image[2][4] = {{10, 10, 30, 30}, {10, 20, 20, 30}};
  float *sharp, range;
  int32_t status = enhance(2, 4, &image[0][0], &sharp, &range, arena, sizeof arena);
  if (status != 0) {
    fprintf(stderr, "status %d\n", (int)status);
    return 1;
  }
  printf("range %g\n", (double)range);
  for (int y = 0; y < 2; y++, sharp += 4)
    printf("%6.3f %6.3f %6.3f %6.3f\n", (double)sharp[0], (double)sharp[1], (double)sharp[2], (double)sharp[3]);
  return 0;
}
