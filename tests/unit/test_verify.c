/* test_verify.c: every op of the table in right uses, and each rule in a wrong one, with what is said of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/verify_text.h"

/* ---- right uses ---- */

/* One line each; the parameters are those of `head`. */
static const char *const uses[] = {
    "%r = add %x, %y : f64[N]",
    "%r = sub 1.0, %x : f64[N]",
    "%r = mul %k, %x : f64[N]",
    "%r = div %w, %x2 : f64[M,N]",
    "%r = pow %x, 2 : f64[N]",
    "%r = mod %i, 7 : i32[N]",
    "%r = min %x, %y : f64[N]",
    "%r = max 0, %x : f64[N]",
    "%r = neg %i : i32[N]",
    "%r = abs %x : f64[N]",
    "%r = sign %i : i32[N]",
    "%r = sqrt %x : f64[N]",
    "%r = rsqrt %k : f64",
    "%r = recip %h : f16[N]",
    "%r = exp %x : f64[N]",
    "%r = log %x : f64[N]",
    "%r = sin %x : f64[N]",
    "%r = cos %x : f64[N]",
    "%r = tanh %x : f64[N]",
    "%r = sigmoid %x : f64[N]",
    "%r = relu %i : i32[N]",
    "%r = gelu %x : f64[N]",
    "%r = floor %x : f64[N]",
    "%r = ceil %x : f64[N]",
    "%r = round %x : f64[N]",
    "%r = clip %x, 0, %k : f64[N]",
    "%r = not %b : bool[N]",
    "%r = and %i, 255 : i32[N]",
    "%r = or %b, true : bool[N]",
    "%r = xor %b, %b : bool[N]",
    "%r = eq %b, false : bool[N]",
    "%r = ne %i, 0 : bool[N]",
    "%r = lt %n, N : bool",
    "%r = le 1, 2.5 : bool",
    "%r = gt %x, %k : bool[N]",
    "%r = ge %x, %y : bool[N]",
    "%r = where %b, %x, 0.0 : f64[N]",
    "%r = fma %x, %y, 1 : f64[N]",
    "%r = axpy %k, %x, %y : f64[N]",
    "%r = cast %x : i64[N]",
    "%r = cast N : f64",
    "%r = const {value = [1, 2, 3]} : f64[3]",
    "%r = const {value = true} : bool[N]",
    "%r = fill 0.0 : f64[N]",
    "%r = fill N : i64[3]",
    "%r = fill inf : f16[N]",
    "%r = iota : i32[N]",
    "%r = iota {start = 0.5, step = -0.25} : f32[N]",
    "%r = random {seed = 7} : f64[N,M]",
    "%r = copy %x : f64[N] @sram",
    "%r = copy 0 : i64",
    "%r = copy N : i64",
    "%r = reshape %w : f64[N*M]",
    "%r = reshape %sum : f64[1,1]",
    "%r = slice %x {start = [1], stop = [N-1]} : f64[N-2]",
    "%r = slice %w {start = 1, size = 2} : f64[2,N]",
    "%r = slice %v {start = [0], stop = [10], step = [3]} : f64[4]",
    "%r, %s = split %v : f64[4], f64[6]",
    "%r, %s = split %w {axis = 1} : f64[M,2], f64[M,N-2]",
    "%r = concat %w, %w {axis = 1} : f64[M,2*N]",
    "%r = concat %x : f64[N]",
    "%r = pad %w {low = [0, 1], high = [0, 2], value = -1} : f64[M,N+3]",
    "%r = broadcast %x : f64[M,N]",
    "%r = broadcast 1 : i32[N]",
    "%r = transpose %w : f64[N,M]",
    "%r = transpose %q {order = [0, 2, 1]} : f32[2,8,N]",
    "%r = sum %w {axis = 1} : f64[M]",
    "%r = mean %w : f64",
    "%r = prod %q {axes = [0, 2]} : f32[N]",
    "%r = min %w {axis = 0} : f64[N]",
    "%r = max %q {axes = [0, 2], keep = true} : f32[1,N,1]",
    "%r = norm %x {axis = 0} : f64",
    "%r = any %b : bool",
    "%r = all %b {axis = 0, keep = true} : bool[1]",
    "%r = argmin %w {axis = 1} : i64[M]",
    "%r = argmax %w : i64",
    "%r = cumsum %x : f64[N]",
    "%r = cumprod %w {axis = 0} : f64[M,N]",
    "%r = sort %x : f64[N]",
    "%r = argsort %w {axis = 0, descending = true} : i64[M,N]",
    "%r, %s = unique %i : i32[N], i64",
    "%r = dot %x, %y : f64",
    "%r = matmul %w, %w {transpose_y = true} : f64[M,M]",
    "%r = matmul %w, %w {transpose_x = true} : f64[N,N]",
    "%r = batch_matmul %q, %q {transpose_y = true} : f32[2,N,N]",
    "%r = outer %x, %v : f64[N,10]",
    "%r = gather %x, %col : f64[E]",
    "%r = gather %w, %at {axis = 1} : f64[M,3,2]",
    "%r = gather %x, 3 : f64",
    "%r = scatter %x, %col, %e : f64[N]",
    "%r = scatter %w, %at, 1 {axis = 1} : f64[M,N]",
    "%r = scatter_add %x, %col, %e : f64[N]",
    "%r = histogram %x {low = 0, high = 1.5} : i64[20]",
    "%r = histogram %i : f32[20]",
    "%r, %s = where_index %b : i64[N], i64",
    "%r = degree %row : f32[N]",
    "%r = neighbor_sum %row, %col, %x : f64[N]",
    "%r = neighbor_mean %row, %col, %x2 : f64[N]",
    "%r = neighbor_min %row, %col, %wn : f64[N,M]",
    "%r = neighbor_max %row, %col, %i : i32[N]",
    "%r = neighbor_mode %row, %col, %i : i32[N]",
    "%r = edge_gather %col, %wn : f64[E,M]",
    "%r = segment_sum %row, %e : f64[N]",
    "%r = segment_mean %row, %e : f64[N]",
    "%r = segment_min %row, %e : f64[N]",
    "%r = segment_max %row, %e : f64[N]",
    "%r = node_count %row : i64",
    "%r = edge_count %col : i64",
    "%r = normalize_sum %w : f64[M,N]",
    "%r = label_propagate %i, %row, %col : i32[N]",
    "%r = conv2d %img, %filters : f32[2,6,30,N-2]",
    "%r = conv2d %img, %filters, %bias {pad = 1, stride = [2, 1]} : f32[2,6,16,N]",
    "%r = conv2d %img, %depth {groups = 3, pad = [0, 1, 1, 0], dilation = 2} : f32[2,6,31,N-1]",
    "%r = max_pool %img {size = 2} : f32[2,3,16,N/2]",
    "%r = avg_pool %img {size = [3, 3], stride = 1, pad = 1} : f32[2,3,32,N]",
    "%r = batch_norm %img, %c, %c, %c, %c : f32[2,3,32,N]",
    "%r = layer_norm %x : f64[N]",
    "%r = layer_norm %w, %x, %y {epsilon = 1e-6} : f64[M,N]",
    "%r = softmax %w {axis = 0} : f64[M,N]",
    "%r = lrn %img {size = 5} : f32[2,3,32,N]",
    "%r = attention %q, %q, %q : f32[2,N,8]",
    "%r = attention %q, %q, %q, %mask {causal = true, scale = 0.125} : f32[2,N,8]",
    "%r = embedding %w, %at : f64[3,2,N]",
    "%r = dropout %x {p = 0.1, seed = 3} : f64[N]",
    "%r = @fft %v : f64[10]",
    "%r = call @id(%x) : f64[N]",
    "%r = for %it = 0 to %n step 2 carry (%a = 1) -> f64 {\n yield %a\n}",
    "%r = while carry (%a = %x) -> f64[N] {\n condition true\n} do {\n yield %a\n}",
    "%r = if %flag -> i64 {\n yield N\n} else {\n yield 2\n}",
    "%r, %s = parallel -> (f64, f64[N]) {\n stream {\n yield 1.5\n}\nstream {\n yield %x\n}\n}",
};

static const char head[] =
    "dim N\ndim M\ndim E\n"
    "op @fft(%z: f64[n]) -> f64[n] { inplace = [0] }\n"
    "func @id(%z: f64[N]) -> f64[N] {\n return %z\n}\n"
    "func @f(%x: f64[N], %y: f64[N], %x2: f64[N], %v: f64[10], %k: f64, %n: i64, %i: i32[N], %b: bool[N], %h: f16[N],\n"
    "        %w: f64[M,N], %wn: f64[N,M], %q: f32[2,N,8], %mask: bool[N,N], %row: i64[N+1], %col: i32[E], %e: f64[E],\n"
    "        %at: i64[3,2], %img: f32[2,3,32,N], %filters: f32[6,3,3,3], %depth: f32[6,1,2,2], %bias: f32[6],\n"
    "        %c: f32[3], %flag: bool) -> f64 {\n"
    " %sum = sum %x : f64\n ";

static void use(const char *line, char *text, size_t room) {
  int length = snprintf(text, room, "%s%s\n return %%sum\n}\n", head, line);
  assert_true(length > 0 && (size_t)length < room);
}

static void every_op_is_accepted_in_right_uses(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof uses / sizeof *uses; i++) {
    char text[4096];
    use(uses[i], text, sizeof text);
    accepts(text);
  }
}

/* A row without a use above would go untested. */
static void every_op_has_a_use(void **state) {
  (void)state;
  bool used[VMO_OPCODE_COUNT] = {[VMO_OP_return] = true};
  for (size_t i = 0; i < sizeof uses / sizeof *uses; i++) {
    char text[4096];
    use(uses[i], text, sizeof text);
    verified v = verify_text(text);
    assert_int_equal(v.status, VMO_OK);
    const vmo_function *function = v.module->functions.data[1];
    for (uint32_t k = 1; k < function->ops.count; k++) used[function->ops.data[k].code] = true;
    vmo_context_destroy(v.context);
  }
  for (int code = 0; code < VMO_OPCODE_COUNT; code++)
    if (!used[code]) fail_msg("`%s` has no use in this test", vmo_op_get_info((vmo_opcode)code)->name);
}

/* ---- wrong uses: one line after `dim N`, `dim M` and the function's head, so on line 4 ---- */

static void wrong(const char *line, const char *code, uint32_t column, const char *message, const char *hint) {
  char text[1024];
  int length = snprintf(
      text, sizeof text,
      "dim N\ndim M\n"
      "func @f(%%x: f64[N], %%y: f32[N], %%z: f64[M], %%i: i32[N], %%b: bool[N], %%k: f64, %%w: f64[N,M]) -> f64 {\n"
      "  %s\n  return %%k\n}\n",
      line);
  assert_true(length > 0 && (size_t)length < sizeof text);
  refuses(text, code, 4, column, message, hint);
}

static const char *const formulas = "sizes are formulas in the dims, and equal only if they are so for all values";
static void counts_are_checked(void **state) {
  (void)state;
  wrong("%r = add %x : f64[N]", "E0301", 8, "'add' takes 2 operands, but 1 is given", "x: num T, y: num T");
  wrong("%r = iota %x : i64[N]", "E0301", 8, "'iota' takes no operands, but 1 is given", NULL);
  wrong("%r = layer_norm %x, %x, %x, %x : f64[N]", "E0301", 8, "'layer_norm' takes 1 to 3 operands, but 4 are given",
        "x: float T[S...,D], scale?: float T[D], bias?: float T[D]");
  wrong("%r = concat : f64[N]", "E0301", 8, "'concat' takes at least 1 operand, but 0 are given", "parts...: any T");
  wrong("%r = unique %x : f64[N]", "E0209", 8, "'unique' has 2 results, but 1 is written", "z: T[N], count: i64[]");
}

static void elements_are_checked(void **state) {
  (void)state;
  wrong("%r = add %x, %y : f64[N]", "E0303", 16,
        "'add' needs operands of one element type, but %x is f64[N] and %y is f32[N]",
        "cast one of them, such as `cast %y : f64[N]`");
  wrong("%r = sqrt %i : i32[N]", "E0303", 13, "'sqrt' needs operand x to be a float, but %i is i32[N]",
        "cast it first: `cast %i : f32[N]`");
  wrong("%r = any %i : bool", "E0303", 12, "'any' needs operand x to be a bool, but %i is i32[N]",
        "a comparison gives a bool, such as `ne %i, 0`");
  wrong("%r = gather %x, %y : f64[N]", "E0303", 19, "'gather' needs operand at to be an i32 or i64, but %y is f32[N]",
        "cast it first: `cast %y : i64[N]`");
  wrong("%r = mul %x, N : f64[N]", "E0303", 16,
        "'mul' needs operands of one element type, but %x is f64[N] and N is i64",
        "cast one of them, such as `cast N : f64`");
  wrong("%r = sqrt 2 : i32", "E0304", 8, "'sqrt' gives a float, but i32 is written", NULL);
  wrong("%r = iota : bool[3]", "E0304", 8, "'iota' gives a number, but bool[3] is written", NULL);
}

static void literals_are_checked(void **state) {
  (void)state;
  wrong("%r = add %i, 1.5 : i32[N]", "E0306", 16, "1.5 is not an i32, which 'add' takes here", "write a whole number");
  wrong("%r = add %x, true : f64[N]", "E0306", 16, "true is not an f64, which 'add' takes here", "write 1 or 0");
  wrong("%r = and %b, 1 : bool[N]", "E0306", 16, "1 is not a bool, which 'and' takes here", "write `true` or `false`");
  wrong("%r = fill 256 : u8[3]", "E0306", 13, "256 does not fit in a u8", "u8 holds 0 to 255");
  wrong("%r = fill -1 : u64[3]", "E0306", 13, "-1 does not fit in a u64", "u64 holds 0 to 18446744073709551615");
  wrong("%r = fill -129 : i8[3]", "E0306", 13, "-129 does not fit in an i8", "i8 holds -128 to 127");
  wrong("%r = fill 9223372036854775808 : i64[3]", "E0306", 13, "9223372036854775808 does not fit in an i64",
        "i64 holds -9223372036854775808 to 9223372036854775807");
  wrong("%r = fill 65536 : f16[3]", "E0306", 13, "65536 does not fit in an f16",
        "the largest f16 is 65504; write `inf` for infinity");
  wrong("%r = fill 1e39 : f32[3]", "E0306", 13, "1e+39 does not fit in an f32",
        "the largest f32 is 3.4028235e+38; write `inf` for infinity");
}

static void literals_take_the_element_of_their_place(void **state) {
  (void)state;
  verified v = verify_text("func @f(%x: f32[3]) -> f32[3] {\n"
                           "  %a = add %x, 1 : f32[3]\n"
                           "  %b = fill 2 : u8[3]\n"
                           "  %c = lt 1, 2.5 : bool\n"
                           "  %d = lt 1, 2 : bool\n"
                           "  %e = fill -9223372036854775808 : i64[3]\n"
                           "  %r = for %i = 0 to 9 carry (%k = 0) -> f16 {\n"
                           "    yield 1\n"
                           "  }\n"
                           "  return %a\n"
                           "}\n");
  static const vmo_element wanted[] = {VMO_F32, VMO_U8,  VMO_F64, VMO_F64, VMO_I64, VMO_I64,
                                       VMO_I64, VMO_I64, VMO_I64, VMO_F16, VMO_F16};
  assert_int_equal(v.status, VMO_OK);
  const vmo_function *function = v.module->functions.data[0];
  assert_int_equal(function->literals.count, sizeof wanted / sizeof *wanted);
  for (uint32_t i = 0; i < function->literals.count; i++)
    assert_int_equal(function->literals.data[i].element, wanted[i]);
  vmo_context_destroy(v.context);
}

static void shapes_are_checked(void **state) {
  (void)state;
  wrong("%r = add %x, %z : f64[N]", "E0305", 16,
        "'add' cannot broadcast %z, which is f64[M], to [N]: M and N are not provably equal", formulas);
  refuses("func @f(%x: f64[3,4], %y: f64[3]) -> f64[3,4] {\n"
          "  %z = add %x, %y : f64[3,4]\n"
          "  return %z\n"
          "}\n",
          "E0305", 2, 16, "'add' cannot broadcast %y, which is f64[3], to [3,4]: 3 and 4 differ",
          "sizes, compared from the last one, must be equal or 1");
  wrong("%r = axpy %x, %x, %x : f64[N]", "E0305", 13, "'axpy' needs operand a to be a scalar, but %x is f64[N]", NULL);
  wrong("%r = dot %x, %z : f64", "E0305", 16,
        "'dot' needs N to be the same in all operands, but it is N in %x and M in %z",
        "it takes x: num T[N], y: num T[N]");
  wrong("%r = matmul %w, %x : f64[N,N]", "E0305", 19,
        "'matmul' needs operand y to have the shape [K,N], but %x is f64[N]", "it takes x: num T[M,K], y: num T[K,N]");
  wrong("%r = fill %x : f64[N]", "E0305", 13, "'fill' needs operand value to be a scalar, but %x is f64[N]", NULL);
  wrong("%r = layer_norm %w, %x : f64[N,M]", "E0305", 23,
        "'layer_norm' needs D to be the same in all operands, but it is M in %w and N in %x",
        "it takes x: float T[S...,D], scale?: float T[D], bias?: float T[D]");
  wrong("%r = concat %w, %x {axis = 1} : f64[N,M]", "E0305", 19,
        "'concat' cannot put %x, which is f64[N], after %w, which is f64[N,M]",
        "the parts may differ along axis 1 only");
  wrong("%r = gather %k, 0 : f64", "E0305", 15, "'gather' needs an array, but %k is a scalar", NULL);
  wrong("%r = scatter %x, %i, %z : f64[N]", "E0305", 24,
        "'scatter' needs operand y to be a scalar or to have the shape [N], but %z is f64[M]",
        "give a scalar, or one element for each that is put");
  wrong("%r = slice %k {start = 1} : f64", "E0305", 14, "'slice' needs an array, but %k is a scalar", NULL);
  wrong("%r = broadcast %x : f64[N,M]", "E0304", 8, "'broadcast' cannot broadcast %x, which is f64[N], to f64[N,M]",
        "the operand's sizes are aligned at the last ones, and are the result's or 1");
}

static void results_are_checked(void **state) {
  (void)state;
  wrong("%r = mul %x, %x : f32[N]", "E0304", 8, "'mul' expects its result to be f64[N], but f32[N] is written",
        "write `f64[N]`, and cast it where another element type is needed");
  wrong("%r = mul %x, %x : f64[M]", "E0304", 8, "'mul' expects its result to be f64[N], but f64[M] is written",
        formulas);
  wrong("%r = sum %x : f64[N]", "E0304", 8, "'sum' expects its result to be f64, but f64[N] is written", "write `f64`");
  wrong("%r = lt %x, %x : f64[N]", "E0304", 8, "'lt' expects its result to be bool[N], but f64[N] is written",
        "write `bool[N]`, and cast it where another element type is needed");
  wrong("%r, %s = unique %x : f64[N], i32", "E0304", 12, "'unique' expects result %s to be i64, but i32 is written",
        "write `i64`, and cast it where another element type is needed");
  wrong("%r = iota : i64[3,4]", "E0304", 8, "'iota' expects its result to be z: num T[N], but i64[3,4] is written",
        NULL);
  wrong("%r = reshape %x : f64[M]", "E0304", 8,
        "'reshape' cannot turn %x, which has N elements, into f64[M], which has M",
        "a reshape keeps the number of elements, provably for all dims");
  wrong("%r = transpose %w : f64[N,M]", "E0304", 8,
        "'transpose' expects its result to be f64[M,N], but f64[N,M] is written", formulas);
  wrong("%r, %s = split %x : f64[2], f64[N]", "E0304", 12,
        "'split' has parts of N+2 elements in all along axis 0, but %x has N",
        "the parts' sizes along the axis add up to the operand's");
}

static void attributes_are_checked(void **state) {
  (void)state;
  wrong("%r = sum %w {axs = 0} : f64[M]", "E0307", 16, "'sum' has no attribute `axs`", "did you mean `axis`?");
  wrong("%r = add %x, %x {axis = 0} : f64[N]", "E0307", 20, "'add' has no attribute `axis`", "'add' has no attributes");
  wrong("%r = random : f64[N]", "E0308", 8, "'random' needs the attribute `seed`", "add `{seed = ...}`: an integer");
  wrong("%r = sum %w {axis = 2} : f64[N]", "E0310", 16, "'sum' has no axis 2 to work on: %w is f64[N,M]",
        "axes are counted from 0 to 1");
  wrong("%r = sum %w {axis = -1} : f64[N]", "E0310", 16, "'sum' has no axis -1 to work on: %w is f64[N,M]",
        "axes are counted from 0 to 1");
  wrong("%r = sum %w {axes = [0, 0]} : f64[M]", "E0309", 8, "'sum' names an axis twice", NULL);
  wrong("%r = sum %w {axis = 0, axes = 1} : f64", "E0309", 8, "'sum' has both `axis` and `axes`",
        "leave one of them out");
  wrong("%r = sum %w {axis = N} : f64", "E0309", 16,
        "attribute `axis` of 'sum' must be the number of an axis, but a size with a dim in it is given", NULL);
  wrong("%r = softmax %x {axis = [0]} : f64[N]", "E0309", 20,
        "attribute `axis` of 'softmax' must be the number of an axis, but a list is given", NULL);
  wrong("%r = dropout %x {seed = 1, p = 1.5} : f64[N]", "E0309", 30,
        "attribute `p` of 'dropout' must be between 0 and 1", NULL);
  wrong("%r = slice %x {step = 0} : f64[N]", "E0309", 18, "attribute `step` of 'slice' must be at least 1", NULL);
  wrong("%r = const {value = [1, 2]} : i8[3]", "E0309", 8, "'const' has 2 values, but i8[3] has 3 elements",
        "give one value for all elements, or each of them in row-major order");
  wrong("%r = const {value = 1000} : i8[3]", "E0306", 15, "1000 does not fit in an i8", "i8 holds -128 to 127");
  wrong("%r = transpose %w {order = [0, 0]} : f64[N,M]", "E0309", 22,
        "attribute `order` of 'transpose' must name each of the 2 axes of %w once", NULL);
}

static void slices_and_views_are_checked(void **state) {
  (void)state;
  wrong("%r = slice %x {size = N+1} : f64[N+1]", "E0309", 8, "'slice' reaches element N of axis 0 of %x, which has N",
        NULL);
  wrong("%r = slice %x {start = -1, size = 2} : f64[2]", "E0309", 8,
        "'slice' takes 2 elements from -1 on along axis 0 of %x",
        "starts and sizes are 0 or more, and a stop is no less than its start");
  wrong("%r = slice %x {start = [0, 0]} : f64[N]", "E0309", 8,
        "attribute `start` of 'slice' has 2 items, but %x has 1 axis", NULL);
  wrong("%r = slice %x {size = 1, stop = 1} : f64[1]", "E0309", 8, "'slice' has both `size` and `stop`",
        "leave one of them out");
  wrong("%r = pad %x {low = -1} : f64[N-1]", "E0309", 8,
        "'pad' needs `low` and `high` to be 0 or more, but on axis 0 one is not", "`slice` takes elements away");
  wrong("%r = reshape %k : f64[1]", "E0311", 16, "'reshape' gives a view, but %k has no bytes of its own",
        "`fill %k : f64[1]` makes an array of it");
  wrong("%r = reshape %x : f64[N,1] @sram", "E0311", 8, "'reshape' gives a view, which has the memory space of %x",
        "`copy` %x to where it is needed, and reshape the copy");
  wrong("%r = reshape %x : f64[N,1] align 128", "E0311", 8, "'reshape' gives a view, which has the alignment of %x",
        "`copy` %x to where it is needed, and reshape the copy");
}

static void windows_are_checked(void **state) {
  (void)state;
  wrong("%r = max_pool %x {size = 2} : f64[N]", "E0305", 17, "'max_pool' needs an array with 4 axes, but %x is f64[N]",
        "it takes x: num T[N,C,H,W]");
  refuses("func @f(%x: f32[1,4,8,8], %w: f32[6,2,3,3]) -> f32[1,6,6,6] {\n"
          "  %y = conv2d %x, %w : f32[1,6,6,6]\n"
          "  return %y\n"
          "}\n",
          "E0305", 2, 19, "'conv2d' has images of 4 channels, but filters of 2 in 1 group",
          "axis 1 of the filters times `groups` is axis 1 of the images");
  refuses("func @f(%x: f32[1,4,8,8], %w: f32[5,2,3,3]) -> f32[1,5,6,6] {\n"
          "  %y = conv2d %x, %w {groups = 2} : f32[1,5,6,6]\n"
          "  return %y\n"
          "}\n",
          "E0305", 2, 19, "'conv2d' has 5 filters, which is no multiple of its 2 groups", NULL);
  refuses("func @f(%x: f32[1,4,8,8]) -> f32[1,4,4,5] {\n"
          "  %y = max_pool %x {size = 2} : f32[1,4,4,5]\n"
          "  return %y\n"
          "}\n",
          "E0304", 2, 8, "'max_pool' expects its result to be f32[1,4,4,4], but f32[1,4,4,5] is written",
          "write `f32[1,4,4,4]`");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_op_is_accepted_in_right_uses),
      cmocka_unit_test(every_op_has_a_use),
      cmocka_unit_test(counts_are_checked),
      cmocka_unit_test(elements_are_checked),
      cmocka_unit_test(literals_are_checked),
      cmocka_unit_test(literals_take_the_element_of_their_place),
      cmocka_unit_test(shapes_are_checked),
      cmocka_unit_test(results_are_checked),
      cmocka_unit_test(attributes_are_checked),
      cmocka_unit_test(slices_and_views_are_checked),
      cmocka_unit_test(windows_are_checked),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
