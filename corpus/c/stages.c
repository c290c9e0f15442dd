/* A picture goes through stages, each with its own buffer; everything is freed at the end, as tidy programs do. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 400, HEIGHT = 300, PIXELS = WIDTH * HEIGHT };

static void draw(uint8_t *picture, int shift) {
  for (int y = 0; y < HEIGHT; y++)
    for (int x = 0; x < WIDTH; x++) picture[y * WIDTH + x] = (uint8_t)(x * x / 50 + y * shift);
}

static void blur(const uint8_t *in, uint16_t *out) {
  for (int y = 1; y < HEIGHT - 1; y++)
    for (int x = 1; x < WIDTH - 1; x++) {
      const uint8_t *at = in + y * WIDTH + x;
      out[y * WIDTH + x] = (uint16_t)(at[-1] + at[1] + at[-WIDTH] + at[WIDTH] + 4 * at[0]);
    }
}

static void edges(const uint16_t *in, int32_t *out) {
  for (int i = WIDTH; i < PIXELS; i++) {
    int across = in[i] - in[i - 1], down = in[i] - in[i - WIDTH];
    out[i] = across * across + down * down;
  }
}

static void sums(const int32_t *in, int64_t *rows) {
  for (int y = 0; y < HEIGHT; y++)
    for (int x = 0; x < WIDTH; x++) rows[y] += in[y * WIDTH + x];
}

/* A table that is asked once, and kept to the end. */
static long settings(const char *text) {
  char *copy = malloc(4000);
  if (copy == NULL) return -1;
  strcpy(copy, text);
  long value = 0;
  for (char *word = strtok(copy, ","); word != NULL; word = strtok(NULL, ",")) value = value * 7 + atol(word);
  double *curve = malloc(9000 * sizeof *curve);
  if (curve != NULL) {
    curve[0] = (double)value;
    for (int i = 1; i < 9000; i++) curve[i] = curve[i - 1] * 0.5 + i;
    value += (long)curve[8999];
  }
  free(curve);
  free(copy);
  return value;
}

int main(int count, char **arguments) {
  int status = 1;
  uint8_t *picture = NULL;
  uint16_t *soft = NULL;
  int32_t *edge = NULL;
  int64_t *rows = NULL;
  (void)arguments;
  long shift = settings("3,1,4,1,5");
  picture = malloc(PIXELS);
  if (picture == NULL) goto done;
  draw(picture, (int)(shift % 5) + count);
  soft = calloc(PIXELS, sizeof *soft);
  if (soft == NULL) goto done;
  blur(picture, soft);
  edge = calloc(PIXELS, sizeof *edge);
  if (edge == NULL) goto done;
  edges(soft, edge);
  rows = calloc(HEIGHT, sizeof *rows);
  if (rows == NULL) goto done;
  sums(edge, rows);
  long long total = 0;
  for (int y = 0; y < HEIGHT; y++) total = total * 31 % 1000003 + rows[y];
  printf("%ld %lld\n", shift, total);
  status = 0;
done:
  free(rows);
  free(edge);
  free(soft);
  free(picture);
  return status;
}
