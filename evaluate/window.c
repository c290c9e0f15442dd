/* window.c: ops that look at a window around each element: conv2d, max_pool, avg_pool, lrn.
 *
 * Images are [batch, channel, height, width]. Window element (r, s) of output (p, q) lies at height p * stride - pad +
 * r * dilation, likewise across; outside of the image it is padding, which is left out. Elements are taken channel by
 * channel, then row by row. Linear in outputs times window. */
#include "evaluate/fold.h"
#include "evaluate/kernel.h"

#include <math.h>

typedef struct window {
  int64_t size[2], stride[2], pad[2], dilation[2]; /* down, across; pad: before the first row or column */
  int64_t image[2];                                /* height, width */
} window;

/* Where window element `i` of output `p` lies in direction `d`; false when in the padding. */
static bool find_place(const window *w, uint32_t d, int64_t p, int64_t i, int64_t *place) {
  *place = p * w->stride[d] - w->pad[d] + i * w->dilation[d];
  return *place >= 0 && *place < w->image[d];
}

static window read_window(const vmo_run *run, const vmo_array *filters) {
  window w;
  for (uint32_t d = 0; d < 2; d++) {
    w.size[d] = filters != NULL ? filters->sizes[2 + d] : vmo_run_integer(run, "size", d, 1);
    w.stride[d] = vmo_run_integer(run, "stride", d, filters != NULL ? 1 : w.size[d]);
    w.pad[d] = vmo_run_integer(run, "pad", d, 0);
    w.dilation[d] = vmo_run_integer(run, "dilation", d, 1);
    w.image[d] = run->operands[0].sizes[2 + d];
  }
  return w;
}

/* ---- convolution ---- */

typedef struct convolution {
  const vmo_array *images, *filters, *bias; /* bias may be NULL */
  window w;
  int64_t groups;
  vmo_element element; /* in which sums are kept */
} convolution;

static vmo_number convolve_channel(const convolution *c, int64_t plane, int64_t filter, int64_t p, int64_t q,
                                   vmo_number sum) {
  int64_t y, x;
  for (int64_t r = 0; r < c->w.size[0]; r++) {
    if (!find_place(&c->w, 0, p, r, &y)) continue;
    for (int64_t s = 0; s < c->w.size[1]; s++) {
      if (!find_place(&c->w, 1, q, s, &x)) continue;
      vmo_number pixel = vmo_get(c->images, (plane * c->w.image[0] + y) * c->w.image[1] + x);
      vmo_number weight = vmo_get(c->filters, (filter * c->w.size[0] + r) * c->w.size[1] + s);
      sum = vmo_add_numbers(c->element, sum, vmo_multiply_numbers(c->element, pixel, weight));
    }
  }
  return sum;
}

/* One output of image n and filter o: its group's channels, then the bias. */
static vmo_number convolve(const convolution *c, int64_t n, int64_t o, int64_t p, int64_t q) {
  int64_t channels = c->filters->sizes[1], filters = c->filters->sizes[0] / c->groups;
  int64_t first = n * c->images->sizes[1] + o / filters * channels;
  vmo_number sum = vmo_number_of(c->element, 0);
  for (int64_t i = 0; i < channels; i++) sum = convolve_channel(c, first + i, o * channels + i, p, q, sum);
  if (c->bias == NULL) return sum;
  return vmo_add_numbers(c->element, sum, vmo_get(c->bias, o));
}

bool vmo_run_convolution(vmo_run *run) {
  vmo_array *result = &run->results[0];
  convolution c = {&run->operands[0],
                   &run->operands[1],
                   run->op->operand_count > 2 ? &run->operands[2] : NULL,
                   read_window(run, &run->operands[1]),
                   vmo_run_integer(run, "groups", 0, 1),
                   vmo_sum_element(result->element)};
  int64_t at = 0;
  for (int64_t n = 0; n < result->sizes[0]; n++)
    for (int64_t o = 0; o < result->sizes[1]; o++)
      for (int64_t p = 0; p < result->sizes[2]; p++)
        for (int64_t q = 0; q < result->sizes[3]; q++) vmo_put(result, at++, convolve(&c, n, o, p, q));
  return true;
}

/* ---- pools ---- */

static vmo_number pool(const vmo_array *images, const window *w, vmo_fold_kind kind, int64_t plane, int64_t p,
                       int64_t q) {
  vmo_fold fold = vmo_fold_begin(kind, images->element);
  int64_t y, x;
  for (int64_t r = 0; r < w->size[0]; r++) {
    if (!find_place(w, 0, p, r, &y)) continue;
    for (int64_t s = 0; s < w->size[1]; s++)
      if (find_place(w, 1, q, s, &x)) vmo_fold_add(&fold, vmo_get(images, (plane * w->image[0] + y) * w->image[1] + x));
  }
  return vmo_fold_end(&fold);
}

bool vmo_run_pool(vmo_run *run) {
  vmo_array *result = &run->results[0];
  window w = read_window(run, NULL);
  vmo_fold_kind kind = vmo_run_code(run) == VMO_OP_max_pool ? VMO_FOLD_MAX : VMO_FOLD_MEAN;
  int64_t at = 0;
  for (int64_t plane = 0; plane < result->sizes[0] * result->sizes[1]; plane++)
    for (int64_t p = 0; p < result->sizes[2]; p++)
      for (int64_t q = 0; q < result->sizes[3]; q++)
        vmo_put(result, at++, pool(&run->operands[0], &w, kind, plane, p, q));
  return true;
}

/* ---- local response ---- */

/* Over channels c - (size - 1)/2 to c + size/2, as far as there are such. */
bool vmo_run_local_response(vmo_run *run) {
  const vmo_array *x = &run->operands[0];
  int64_t size = vmo_run_integer(run, "size", 0, 5), channels = x->sizes[1];
  int64_t inner = vmo_count_sizes(x, 2, x->rank);
  double alpha = vmo_run_real(run, "alpha", 1e-4), beta = vmo_run_real(run, "beta", 0.75);
  double bias = vmo_run_real(run, "bias", 1);
  for (int64_t i = 0; i < x->count; i++) {
    int64_t channel = i / inner % channels, base = i - channel * inner;
    int64_t first = channel > (size - 1) / 2 ? channel - (size - 1) / 2 : 0;
    int64_t last = size / 2 < channels - 1 - channel ? channel + size / 2 : channels - 1;
    double squares = 0;
    for (int64_t c = first; c <= last; c++) {
      double real = vmo_get(x, base + c * inner).real;
      squares += real * real;
    }
    double scale = pow(bias + alpha / (double)size * squares, beta);
    vmo_put(&run->results[0], i, (vmo_number){.real = vmo_get(x, i).real / scale});
  }
  return true;
}
