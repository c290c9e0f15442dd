/* kernel_window.c: ops that look at a window around each element: conv2d, max_pool, avg_pool, lrn.
 *
 * Images are [batch, channel, height, width]. Window element (r, s) of output (p, q) lies at height p * stride - pad +
 * r * dilation, likewise across. What lies in the padding is left out: which elements do not is computed as a range, so
 * that the loops ask nothing. A convolution adds to a row of outputs, filter element after filter element (channel, r, s:
 * the order of each output's sum), which vectorises along the row; f16 and bf16, summed in f32, go output by output. */
#include "codegen/kernels.h"

typedef struct window {
  LLVMValueRef size[2]; /* down, across */
  int64_t stride[2], pad[2], dilation[2];
  LLVMValueRef image[2]; /* height, width */
} window;

static window read_window(vmo_emitter *e, const vmo_emit_op *op, const vmo_emit_array *filters) {
  window w;
  for (uint32_t d = 0; d < 2; d++) {
    int64_t size = vmo_attribute_integer(e, op->op, "size", d, 1);
    w.size[d] = filters != NULL ? filters->sizes[2 + d] : vmo_i64(e, size);
    w.stride[d] = vmo_attribute_integer(e, op->op, "stride", d, filters != NULL ? 1 : size);
    w.pad[d] = vmo_attribute_integer(e, op->op, "pad", d, 0);
    w.dilation[d] = vmo_attribute_integer(e, op->op, "dilation", d, 1);
    w.image[d] = op->operands[0].sizes[2 + d];
  }
  return w;
}

/* The least i with base + i * step >= `from`, at least 0. */
static LLVMValueRef first_beyond(vmo_emitter *e, LLVMValueRef from, LLVMValueRef base, int64_t step) {
  LLVMBuilderRef b = e->builder;
  LLVMValueRef way = vmo_larger_i64(e, vmo_i64(e, 0), vmo_subtract_i64(e, from, base));
  if (step == 1) return way;
  return LLVMBuildUDiv(b, LLVMBuildAdd(b, way, vmo_i64(e, step - 1), ""), vmo_i64(e, step), "");
}

/* A loop over those i of [0, count) for which base + i * step is in [0, size). */
static void begin_range(vmo_emitter *e, vmo_emit_loop *loop, LLVMValueRef base, int64_t step, LLVMValueRef count,
                        LLVMValueRef size, bool parallel) {
  LLVMValueRef low = first_beyond(e, vmo_i64(e, 0), base, step);
  LLVMValueRef high = vmo_smaller_i64(e, count, first_beyond(e, size, base, step));
  vmo_begin_loop(e, loop, low, high, parallel);
}

static LLVMValueRef add_scaled(vmo_emitter *e, LLVMValueRef start, LLVMValueRef index, LLVMValueRef by) {
  return vmo_add_i64(e, start, vmo_multiply_i64(e, index, by));
}

/* Where the window of an output begins in direction `d`. */
static LLVMValueRef begin_of(vmo_emitter *e, const window *w, uint32_t d, LLVMValueRef output) {
  LLVMValueRef at = vmo_multiply_i64(e, output, vmo_i64(e, w->stride[d]));
  return vmo_subtract_i64(e, at, vmo_i64(e, w->pad[d]));
}

/* ---- convolution ---- */

typedef struct convolution {
  const vmo_emit_array *images, *filters, *bias, *to; /* bias may be NULL */
  window w;
  vmo_element sum;
  LLVMValueRef channels;      /* of a filter */
  LLVMValueRef filter;        /* while loops are open: which; the first channel of its group, all images counted */
  LLVMValueRef plane, p, row; /* the output's row, and where it begins */
} convolution;

static LLVMValueRef load_weight(vmo_emitter *e, const convolution *c, LLVMValueRef channel, LLVMValueRef r,
                                LLVMValueRef s) {
  LLVMValueRef at = add_scaled(e, channel, c->filter, c->channels);
  at = add_scaled(e, r, at, c->w.size[0]);
  return vmo_load_element(e, c->filters, add_scaled(e, s, at, c->w.size[1]));
}

/* Where row `y` of the channel begins. */
static LLVMValueRef image_row(vmo_emitter *e, const convolution *c, LLVMValueRef channel, LLVMValueRef r) {
  LLVMValueRef y = add_scaled(e, begin_of(e, &c->w, 0, c->p), r, vmo_i64(e, c->w.dilation[0]));
  LLVMValueRef plane = vmo_add_i64(e, c->plane, channel);
  return vmo_multiply_i64(e, add_scaled(e, y, plane, c->w.image[0]), c->w.image[1]);
}

static void begin_filter(vmo_emitter *e, const convolution *c, vmo_emit_loop *loops) {
  vmo_begin_loop(e, &loops[0], vmo_i64(e, 0), c->channels, false);
  begin_range(e, &loops[1], begin_of(e, &c->w, 0, c->p), c->w.dilation[0], c->w.size[0], c->w.image[0], false);
}

static void end_filter(vmo_emitter *e, vmo_emit_loop *loops) {
  vmo_end_loop(e, &loops[1]);
  vmo_end_loop(e, &loops[0]);
}

/* Sets the row to 0, or adds the bias. */
static void start_or_end_row(vmo_emitter *e, const convolution *c, LLVMValueRef bias) {
  vmo_emit_loop loop;
  vmo_begin_loop(e, &loop, vmo_i64(e, 0), c->to->sizes[3], true);
  LLVMValueRef at = vmo_add_i64(e, c->row, loop.index), number;
  if (bias == NULL)
    number = vmo_whole_number(e, c->to->element, 0);
  else
    number = vmo_emit_add(e, c->sum, vmo_load_element(e, c->to, at), bias);
  vmo_store_element(e, c->to, at, number);
  vmo_end_loop(e, &loop);
}

static void convolve_row(vmo_emitter *e, const convolution *c) {
  vmo_emit_loop loops[2], across, outputs;
  start_or_end_row(e, c, NULL);
  begin_filter(e, c, loops);
  LLVMValueRef from = image_row(e, c, loops[0].index, loops[1].index);
  vmo_begin_loop(e, &across, vmo_i64(e, 0), c->w.size[1], false);
  LLVMValueRef weight = load_weight(e, c, loops[0].index, loops[1].index, across.index);
  LLVMValueRef base = vmo_multiply_i64(e, across.index, vmo_i64(e, c->w.dilation[1]));
  base = vmo_subtract_i64(e, base, vmo_i64(e, c->w.pad[1]));
  begin_range(e, &outputs, base, c->w.stride[1], c->to->sizes[3], c->w.image[1], true);
  LLVMValueRef x = add_scaled(e, base, outputs.index, vmo_i64(e, c->w.stride[1]));
  LLVMValueRef product = vmo_emit_multiply(e, c->sum, vmo_load_element(e, c->images, vmo_add_i64(e, from, x)), weight);
  LLVMValueRef to = vmo_add_i64(e, c->row, outputs.index);
  vmo_store_element(e, c->to, to, vmo_emit_add(e, c->sum, vmo_load_element(e, c->to, to), product));
  vmo_end_loop(e, &outputs);
  vmo_end_loop(e, &across);
  end_filter(e, loops);
  if (c->bias != NULL) start_or_end_row(e, c, vmo_load_element(e, c->bias, c->filter));
}

/* One output, in a register. */
static void convolve_output(vmo_emitter *e, const convolution *c, LLVMValueRef q, LLVMValueRef variable) {
  vmo_emit_loop loops[2], across;
  vmo_set_variable(e, variable, vmo_whole_number(e, c->sum, 0));
  begin_filter(e, c, loops);
  LLVMValueRef from = image_row(e, c, loops[0].index, loops[1].index), base = begin_of(e, &c->w, 1, q);
  begin_range(e, &across, base, c->w.dilation[1], c->w.size[1], c->w.image[1], false);
  LLVMValueRef weight = load_weight(e, c, loops[0].index, loops[1].index, across.index);
  LLVMValueRef x = add_scaled(e, base, across.index, vmo_i64(e, c->w.dilation[1]));
  LLVMValueRef product = vmo_emit_multiply(e, c->sum, vmo_load_element(e, c->images, vmo_add_i64(e, from, x)), weight);
  vmo_set_variable(e, variable, vmo_emit_add(e, c->sum, vmo_get_variable(e, variable), product));
  vmo_end_loop(e, &across);
  end_filter(e, loops);
  LLVMValueRef sum = vmo_get_variable(e, variable);
  if (c->bias != NULL) sum = vmo_emit_add(e, c->sum, sum, vmo_load_element(e, c->bias, c->filter));
  vmo_store_element(e, c->to, vmo_add_i64(e, c->row, q), vmo_round_real(e, c->to->element, sum));
}

static void convolve_outputs(vmo_emitter *e, const convolution *c) {
  vmo_emit_loop outputs;
  LLVMValueRef variable = vmo_make_variable(e, vmo_register_type(e, c->sum));
  vmo_begin_loop(e, &outputs, vmo_i64(e, 0), c->to->sizes[3], false);
  convolve_output(e, c, outputs.index, variable);
  vmo_end_loop(e, &outputs);
}

/* Loops over an output's planes and rows; the three are to be ended from the last on. */
static LLVMValueRef begin_rows(vmo_emitter *e, const vmo_emit_array *to, vmo_emit_loop *loops) {
  LLVMValueRef plane = vmo_i64(e, 0);
  for (uint32_t i = 0; i < 3; i++) {
    vmo_begin_loop(e, &loops[i], vmo_i64(e, 0), to->sizes[i], false);
    plane = add_scaled(e, loops[i].index, plane, to->sizes[i]);
  }
  return vmo_multiply_i64(e, plane, to->sizes[3]);
}

static void end_rows(vmo_emitter *e, vmo_emit_loop *loops) {
  for (uint32_t i = 3; i-- > 0;) vmo_end_loop(e, &loops[i]);
}

static void emit_convolution(vmo_emitter *e, const vmo_emit_op *op) {
  const vmo_emit_array *in = op->operands;
  convolution c = {&in[0], &in[1], op->operand_count > 2 ? &in[2] : NULL, &op->results[0], .channels = in[1].sizes[1]};
  vmo_emit_loop loops[3];
  c.w = read_window(e, op, c.filters);
  c.sum = vmo_sum_precision(c.to->element);
  LLVMValueRef groups = vmo_i64(e, vmo_attribute_integer(e, op->op, "groups", 0, 1));
  LLVMValueRef filters = LLVMBuildUDiv(e->builder, c.filters->sizes[0], groups, "");
  c.row = begin_rows(e, c.to, loops);
  c.filter = loops[1].index;
  c.p = loops[2].index;
  LLVMValueRef group = LLVMBuildUDiv(e->builder, c.filter, filters, "");
  LLVMValueRef first = vmo_multiply_i64(e, loops[0].index, c.images->sizes[1]);
  c.plane = add_scaled(e, first, group, c.channels);
  if (vmo_is_small_real(c.to->element))
    convolve_outputs(e, &c);
  else
    convolve_row(e, &c);
  end_rows(e, loops);
}

/* ---- pools ---- */

static void pool_output(vmo_emitter *e, const window *w, const vmo_emit_fold *fold, const vmo_emit_op *op,
                        LLVMValueRef plane, LLVMValueRef p, LLVMValueRef q, LLVMValueRef to) {
  vmo_emit_loop down, across;
  LLVMValueRef value = vmo_make_variable(e, vmo_register_type(e, vmo_sum_precision(fold->element)));
  LLVMValueRef count = vmo_make_variable(e, e->i64);
  LLVMValueRef top = begin_of(e, w, 0, p), left = begin_of(e, w, 1, q);
  vmo_set_variable(e, value, vmo_begin_fold(e, fold));
  vmo_set_variable(e, count, vmo_i64(e, 0));
  begin_range(e, &down, top, 1, w->size[0], w->image[0], false);
  LLVMValueRef y = add_scaled(e, vmo_add_i64(e, top, down.index), plane, w->image[0]);
  LLVMValueRef row = add_scaled(e, left, y, w->image[1]);
  begin_range(e, &across, left, 1, w->size[1], w->image[1], false);
  LLVMValueRef number = vmo_load_element(e, &op->operands[0], vmo_add_i64(e, row, across.index));
  vmo_set_variable(e, value, vmo_step_fold(e, fold, vmo_get_variable(e, value), number));
  vmo_set_variable(e, count, vmo_add_i64(e, vmo_get_variable(e, count), vmo_i64(e, 1)));
  vmo_end_loop(e, &across);
  vmo_end_loop(e, &down);
  LLVMValueRef result = vmo_end_fold(e, fold, vmo_get_variable(e, value), vmo_get_variable(e, count));
  vmo_store_element(e, &op->results[0], to, result);
}

static void emit_pool(vmo_emitter *e, const vmo_emit_op *op) {
  const vmo_emit_array *to = &op->results[0];
  const vmo_emit_fold fold = {op->op->code == VMO_OP_max_pool ? VMO_EMIT_MOST : VMO_EMIT_MEAN, to->element};
  window w = read_window(e, op, NULL);
  vmo_emit_loop loops[3], outputs;
  LLVMValueRef row = begin_rows(e, to, loops);
  LLVMValueRef plane = add_scaled(e, loops[1].index, loops[0].index, to->sizes[1]);
  vmo_begin_loop(e, &outputs, vmo_i64(e, 0), to->sizes[3], false);
  pool_output(e, &w, &fold, op, plane, loops[2].index, outputs.index, vmo_add_i64(e, row, outputs.index));
  vmo_end_loop(e, &outputs);
  end_rows(e, loops);
}

/* ---- local response ---- */

/* The sum of squares over channels [first, end) at one place; `base` is that place in channel 0. */
static LLVMValueRef sum_squares(vmo_emitter *e, const vmo_emit_array *x, LLVMValueRef base, LLVMValueRef inner,
                                LLVMValueRef first, LLVMValueRef end, LLVMValueRef variable) {
  LLVMBuilderRef b = e->builder;
  vmo_emit_loop loop;
  vmo_set_variable(e, variable, LLVMConstReal(e->f64, 0));
  vmo_begin_loop(e, &loop, first, end, false);
  LLVMValueRef number = vmo_load_element(e, x, add_scaled(e, base, loop.index, inner));
  LLVMValueRef real = vmo_widen_real(e, x->element, number);
  LLVMValueRef sum = LLVMBuildFAdd(b, vmo_get_variable(e, variable), LLVMBuildFMul(b, real, real, ""), "");
  vmo_set_variable(e, variable, sum);
  vmo_end_loop(e, &loop);
  return vmo_get_variable(e, variable);
}

/* x / (bias + alpha / size * squares)^beta */
static LLVMValueRef respond(vmo_emitter *e, const vmo_emit_op *op, LLVMValueRef number, LLVMValueRef squares) {
  LLVMBuilderRef b = e->builder;
  double size = (double)vmo_attribute_integer(e, op->op, "size", 0, 5);
  double alpha = vmo_attribute_real(e, op->op, "alpha", 1e-4), beta = vmo_attribute_real(e, op->op, "beta", 0.75);
  LLVMValueRef bias = LLVMConstReal(e->f64, vmo_attribute_real(e, op->op, "bias", 1));
  LLVMValueRef scaled = LLVMBuildFMul(b, LLVMConstReal(e->f64, alpha / size), squares, "");
  LLVMValueRef pair[2] = {LLVMBuildFAdd(b, bias, scaled, ""), LLVMConstReal(e->f64, beta)};
  vmo_element element = op->operands[0].element;
  LLVMValueRef real = vmo_widen_real(e, element, number);
  return vmo_round_real(e, element, LLVMBuildFDiv(b, real, vmo_call_libm(e, "pow", pair, 2), ""));
}

/* Over channels c - (size - 1)/2 to c + size/2, as far as there are such. */
static void emit_local_response(vmo_emitter *e, const vmo_emit_op *op) {
  const vmo_emit_array *x = &op->operands[0];
  int64_t size = vmo_attribute_integer(e, op->op, "size", 0, 5);
  LLVMValueRef inner = vmo_count_axes(e, x, 2, x->rank), channels = x->sizes[1];
  LLVMValueRef variable = vmo_make_variable(e, e->f64);
  vmo_emit_loop images, planes, places;
  vmo_begin_loop(e, &images, vmo_i64(e, 0), x->sizes[0], false);
  vmo_begin_loop(e, &planes, vmo_i64(e, 0), channels, false);
  LLVMValueRef first = vmo_larger_i64(e, vmo_i64(e, 0), vmo_subtract_i64(e, planes.index, vmo_i64(e, (size - 1) / 2)));
  LLVMValueRef after = vmo_subtract_i64(e, channels, planes.index);
  after = vmo_smaller_i64(e, after, vmo_i64(e, size / 2 + 1));
  LLVMValueRef end = vmo_add_i64(e, planes.index, after);
  LLVMValueRef image = vmo_multiply_i64(e, images.index, vmo_multiply_i64(e, channels, inner));
  vmo_begin_loop(e, &places, vmo_i64(e, 0), inner, false);
  LLVMValueRef base = vmo_add_i64(e, image, places.index), at = add_scaled(e, base, planes.index, inner);
  LLVMValueRef squares = sum_squares(e, x, base, inner, first, end, variable);
  vmo_store_element(e, &op->results[0], at, respond(e, op, vmo_load_element(e, x, at), squares));
  vmo_end_loop(e, &places);
  vmo_end_loop(e, &planes);
  vmo_end_loop(e, &images);
}

void vmo_emit_window(vmo_emitter *e, const vmo_emit_op *op) {
  switch (op->op->code) {
  case VMO_OP_conv2d: emit_convolution(e, op); return;
  case VMO_OP_lrn: emit_local_response(e, op); return;
  default: emit_pool(e, op); return;
  }
}
