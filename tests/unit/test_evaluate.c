/* test_evaluate.c: the reference engine: every op of the table on small arrays whose results were worked out by hand,
 * element types and their edges, control flow, and programs that do what they may not. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "evaluate/evaluate.h"
#include "evaluate/number.h"

typedef struct sample {
  const char *body;    /* of `func @f() -> (types)`, or from "dim", "op" or "func" on a whole module with an @f */
  const char *types;   /* of the results */
  const char *results; /* elements of all results, one result a line */
} sample;

/* ---- running a text ---- */

static void print_number(vmo_element element, vmo_number number, vmo_text *out) {
  switch (vmo_class_of(element)) {
  case VMO_REAL: vmo_text_addf(out, isnan(number.real) ? "nan" : "%.6g", number.real); break;
  case VMO_INTEGER: vmo_text_addf(out, "%lld", (long long)number.integer); break;
  default: vmo_text_addf(out, "%llu", (unsigned long long)number.natural); break;
  }
}

static void print_results(const vmo_evaluate_result *result, vmo_text *out) {
  for (uint32_t i = 0; i < result->result_count; i++) {
    const vmo_array *array = &result->results[i];
    if (i > 0) vmo_text_add(out, "\n");
    for (int64_t j = 0; j < array->count; j++) {
      if (j > 0) vmo_text_add(out, " ");
      print_number(array->element, vmo_load(array->element, array->data, j), out);
    }
  }
}

static void print_errors(vmo_context *context, vmo_text *out) {
  for (uint32_t i = 0; i < context->diagnostics->count; i++) {
    const vmo_diagnostic *diagnostic = &context->diagnostics->items[i];
    vmo_text_addf(out, "%u:%u: %s [%s]", diagnostic->location.line, diagnostic->location.column, diagnostic->message,
                  vmo_diag_get_info(diagnostic->code)->code);
  }
}

static vmo_binding bind(const vmo_module *module) {
  vmo_binding binding = vmo_declared_binding(module);
  for (uint32_t i = 0; i < binding.count; i++) binding.dims[i].low = binding.dims[i].high;
  return binding;
}

/* Runs @f of the text without arguments; its results, or the errors. */
static void run_text(const char *text, const vmo_evaluate_options *options, vmo_text *out) {
  vmo_context *context = vmo_context_create();
  assert_non_null(context);
  vmo_context_set_source(context, "test", text, strlen(text));
  vmo_module *module;
  vmo_evaluate_result result;
  vmo_text_init(out);
  vmo_status status = vmo_parse_module(context, &module);
  if (status == VMO_OK) {
    vmo_binding binding = bind(module);
    status = vmo_evaluate_function(module, vmo_find_function(module, "f"), &binding, NULL, options, &result);
  }
  if (status == VMO_OK)
    print_results(&result, out);
  else
    print_errors(context, out);
  vmo_text_add(out, "");
  vmo_context_destroy(context);
}

static bool is_module(const char *text) {
  return strncmp(text, "dim", 3) == 0 || strncmp(text, "op", 2) == 0 || strncmp(text, "func", 4) == 0;
}

static void wrap(const sample *s, char *text, size_t size) {
  if (is_module(s->body))
    snprintf(text, size, "%s", s->body);
  else
    snprintf(text, size, "func @f() -> (%s) {\n%s\n}\n", s->types, s->body);
}

static void check(const sample *s) {
  char text[4096];
  vmo_text out;
  wrap(s, text, sizeof text);
  run_text(text, NULL, &out);
  if (strcmp(out.data == NULL ? "" : out.data, s->results) != 0)
    fail_msg("%s\nexpected:\n%s\nfound:\n%s", text, s->results, out.data == NULL ? "" : out.data);
  vmo_text_free(&out);
}

static void check_all(const sample *samples, size_t count) {
  for (size_t i = 0; i < count; i++) check(&samples[i]);
}

#define CHECK_ALL(samples) check_all(samples, sizeof(samples) / sizeof *(samples))

/* ---- every op ---- */

#define I3 "%x = const {value = [3, -2, 7]} : i32[3]\n"
#define F3 "%x = const {value = [1.0, -2.5, 4.0]} : f64[3]\n"
#define B3 "%p = const {value = [true, false, true]} : bool[3]\n"
#define M23 "%x = const {value = [1, 2, 3, 4, 5, 6]} : i64[2,3]\n"
/* Nodes 0: 1 2, 1: none, 2: 0 1 2, 3: 3. */
#define GRAPH "%row = const {value = [0, 2, 2, 5, 6]} : i64[5]\n%col = const {value = [1, 2, 0, 1, 2, 3]} : i32[6]\n"

static const sample OPS[] = {
    {I3 "%z = add %x, 10 : i32[3]\nreturn %z", "i32[3]", "13 8 17"},
    {I3 "%z = sub 10, %x : i32[3]\nreturn %z", "i32[3]", "7 12 3"},
    {I3 "%z = mul %x, %x : i32[3]\nreturn %z", "i32[3]", "9 4 49"},
    {I3 "%z = div %x, 2 : i32[3]\nreturn %z", "i32[3]", "1 -1 3"},
    {I3 "%z = pow %x, 3 : i32[3]\nreturn %z", "i32[3]", "27 -8 343"},
    {I3 "%z = mod %x, 3 : i32[3]\nreturn %z", "i32[3]", "0 -2 1"},
    {I3 "%z = min %x, 3 : i32[3]\nreturn %z", "i32[3]", "3 -2 3"},
    {I3 "%z = max %x, 3 : i32[3]\nreturn %z", "i32[3]", "3 3 7"},
    {I3 "%z = neg %x : i32[3]\nreturn %z", "i32[3]", "-3 2 -7"},
    {I3 "%z = abs %x : i32[3]\nreturn %z", "i32[3]", "3 2 7"},
    {I3 "%z = sign %x : i32[3]\nreturn %z", "i32[3]", "1 -1 1"},
    {"%z = sqrt 2.25 : f64\nreturn %z", "f64", "1.5"},
    {"%z = rsqrt 4.0 : f64\nreturn %z", "f64", "0.5"},
    {"%z = recip 8.0 : f64\nreturn %z", "f64", "0.125"},
    {"%z = exp 1.0 : f64\nreturn %z", "f64", "2.71828"},
    {"%z = log 10.0 : f64\nreturn %z", "f64", "2.30259"},
    {"%z = sin 1.0 : f64\nreturn %z", "f64", "0.841471"},
    {"%z = cos 1.0 : f64\nreturn %z", "f64", "0.540302"},
    {"%z = tanh 1.0 : f64\nreturn %z", "f64", "0.761594"},
    {"%z = sigmoid 1.0 : f64\nreturn %z", "f64", "0.731059"},
    {F3 "%z = relu %x : f64[3]\nreturn %z", "f64[3]", "1 0 4"},
    {"%z = gelu 1.0 : f64\nreturn %z", "f64", "0.841345"},
    {F3 "%z = floor %x : f64[3]\nreturn %z", "f64[3]", "1 -3 4"},
    {F3 "%z = ceil %x : f64[3]\nreturn %z", "f64[3]", "1 -2 4"},
    {"%x = const {value = [0.5, 1.5, 2.5, -2.6]} : f64[4]\n%z = round %x : f64[4]\nreturn %z", "f64[4]", "0 2 2 -3"},
    {F3 "%z = clip %x, 0.0, 2.0 : f64[3]\nreturn %z", "f64[3]", "1 0 2"},
    {B3 "%z = not %p : bool[3]\nreturn %z", "bool[3]", "0 1 0"},
    {I3 "%z = and %x, 6 : i32[3]\nreturn %z", "i32[3]", "2 6 6"},
    {I3 "%z = or %x, 4 : i32[3]\nreturn %z", "i32[3]", "7 -2 7"},
    {I3 "%z = xor %x, 1 : i32[3]\nreturn %z", "i32[3]", "2 -1 6"},
    {I3 "%z = eq %x, 3 : bool[3]\nreturn %z", "bool[3]", "1 0 0"},
    {I3 "%z = ne %x, 3 : bool[3]\nreturn %z", "bool[3]", "0 1 1"},
    {I3 "%z = lt %x, 3 : bool[3]\nreturn %z", "bool[3]", "0 1 0"},
    {I3 "%z = le %x, 3 : bool[3]\nreturn %z", "bool[3]", "1 1 0"},
    {I3 "%z = gt %x, 3 : bool[3]\nreturn %z", "bool[3]", "0 0 1"},
    {I3 "%z = ge %x, 3 : bool[3]\nreturn %z", "bool[3]", "1 0 1"},
    {I3 B3 "%z = where %p, %x, 9 : i32[3]\nreturn %z", "i32[3]", "3 9 7"},
    {I3 "%z = fma %x, %x, 1 : i32[3]\nreturn %z", "i32[3]", "10 5 50"},
    {I3 "%z = axpy 2, %x, %x : i32[3]\nreturn %z", "i32[3]", "9 -6 21"},
    {F3 "%z = cast %x : i8[3]\nreturn %z", "i8[3]", "1 -2 4"},
    {"%z = const {value = [1, 2]} : u16[2]\n%y = copy %z : u16[2]\nreturn %y", "u16[2]", "1 2"},
    {"%z = fill 2.5 : f32[2,2]\nreturn %z", "f32[2,2]", "2.5 2.5 2.5 2.5"},
    {"%z = iota {start = 5, step = -2} : i16[4]\nreturn %z", "i16[4]", "5 3 1 -1"},
    {"%u = random {seed = 7} : f64[1000]\n%v = random {seed = 7} : f64[1000]\n%same = eq %u, %v : bool[1000]\n"
     "%a = all %same : bool\n%m = mean %u : f64\n%near = gt %m, 0.45 : bool\n%too = lt %m, 0.55 : bool\n"
     "%l = min %u : f64\n%g = max %u : f64\n%in = ge %l, 0.0 : bool\n%out = lt %g, 1.0 : bool\n"
     "return %a, %near, %too, %in, %out",
     "bool, bool, bool, bool, bool", "1\n1\n1\n1\n1"},
    {M23 "%z = reshape %x : i64[3,2]\nreturn %z", "i64[3,2]", "1 2 3 4 5 6"},
    {M23 "%z = slice %x {start = [0, 1], size = [2, 2]} : i64[2,2]\nreturn %z", "i64[2,2]", "2 3 5 6"},
    {M23 "%z = slice %x {start = [1, 0], stop = [2, 3], step = [1, 2]} : i64[1,2]\nreturn %z", "i64[1,2]", "4 6"},
    {M23 "%a, %b = split %x {axis = 1} : i64[2,1], i64[2,2]\nreturn %a, %b", "i64[2,1], i64[2,2]", "1 4\n2 3 5 6"},
    {M23 "%z = concat %x, %x {axis = 1} : i64[2,6]\nreturn %z", "i64[2,6]", "1 2 3 1 2 3 4 5 6 4 5 6"},
    {M23 "%z = pad %x {low = [1, 0], high = [0, 1], value = 9} : i64[3,4]\nreturn %z", "i64[3,4]",
     "9 9 9 9 1 2 3 9 4 5 6 9"},
    {"%x = const {value = [1, 2]} : i64[2,1]\n%z = broadcast %x : i64[2,2,3]\nreturn %z", "i64[2,2,3]",
     "1 1 1 2 2 2 1 1 1 2 2 2"},
    {M23 "%z = transpose %x : i64[3,2]\nreturn %z", "i64[3,2]", "1 4 2 5 3 6"},
    {"%x = iota : i64[12]\n%y = reshape %x : i64[2,3,2]\n%z = transpose %y {order = [1, 2, 0]} : i64[3,2,2]\nreturn %z",
     "i64[3,2,2]", "0 6 1 7 2 8 3 9 4 10 5 11"},
    {M23 "%a = sum %x : i64\n%b = sum %x {axis = 0} : i64[3]\n%c = sum %x {axis = 1, keep = true} : i64[2,1]\n"
         "return %a, %b, %c",
     "i64, i64[3], i64[2,1]", "21\n5 7 9\n6 15"},
    {F3 "%z = mean %x : f64\nreturn %z", "f64", "0.833333"},
    {M23 "%z = prod %x {axis = 1} : i64[2]\nreturn %z", "i64[2]", "6 120"},
    {I3 "%a = min %x : i32\n%b = max %x : i32\nreturn %a, %b", "i32, i32", "-2\n7"},
    {"%x = const {value = [3.0, 4.0]} : f64[2]\n%z = norm %x : f64\nreturn %z", "f64", "5"},
    {B3 "%a = any %p : bool\n%b = all %p : bool\nreturn %a, %b", "bool, bool", "1\n0"},
    {I3 "%a = argmin %x : i64\n%b = argmax %x : i64\nreturn %a, %b", "i64, i64", "1\n2"},
    {M23 "%a = argmax %x {axis = 0} : i64[3]\n%b = argmax %x : i64\nreturn %a, %b", "i64[3], i64", "1 1 1\n5"},
    {M23 "%a = cumsum %x : i64[2,3]\n%b = cumsum %x {axis = 0} : i64[2,3]\nreturn %a, %b", "i64[2,3], i64[2,3]",
     "1 3 6 4 9 15\n1 2 3 5 7 9"},
    {M23 "%a = cumprod %x : i64[2,3]\nreturn %a", "i64[2,3]", "1 2 6 4 20 120"},
    {I3 "%a = sort %x : i32[3]\n%b = sort %x {descending = true} : i32[3]\nreturn %a, %b", "i32[3], i32[3]",
     "-2 3 7\n7 3 -2"},
    {"%x = const {value = [2, 1, 2, 1, 0]} : u8[5]\n%a = argsort %x : i64[5]\n"
     "%b = argsort %x {descending = true} : i64[5]\nreturn %a, %b",
     "i64[5], i64[5]", "4 1 3 0 2\n0 2 1 3 4"},
    {"%x = const {value = [2, 1, 2, 1, 0]} : i64[5]\n%a, %n = unique %x : i64[5], i64\n"
     "%b = slice %a {size = [3]} : i64[3]\nreturn %b, %n",
     "i64[3], i64", "0 1 2\n3"},
    {I3 "%z = dot %x, %x : i32\nreturn %z", "i32", "62"},
    {M23 "%z = matmul %x, %x {transpose_y = true} : i64[2,2]\n%w = matmul %x, %x {transpose_x = true} : i64[3,3]\n"
         "return %z, %w",
     "i64[2,2], i64[3,3]", "14 32 32 77\n17 22 27 22 29 36 27 36 45"},
    {"%x = iota : i64[8]\n%a = reshape %x : i64[2,2,2]\n%z = batch_matmul %a, %a : i64[2,2,2]\nreturn %z", "i64[2,2,2]",
     "2 3 6 11 46 55 66 79"},
    {I3 "%y = const {value = [1, 10]} : i32[2]\n%z = outer %x, %y : i32[3,2]\nreturn %z", "i32[3,2]",
     "3 30 -2 -20 7 70"},
    {M23 "%at = const {value = [2, 0, 2, 1]} : i32[2,2]\n%z = gather %x, %at {axis = 1} : i64[2,2,2]\nreturn %z",
     "i64[2,2,2]", "3 1 3 2 6 4 6 5"},
    {I3 "%at = const {value = [2, 0, 2]} : i64[3]\n%y = const {value = [10, 20, 30]} : i32[3]\n"
        "%a = scatter %x, %at, %y : i32[3]\n%b = scatter_add %x, %at, %y : i32[3]\nreturn %a, %b",
     "i32[3], i32[3]", "20 -2 30\n23 -2 47"},
    {"%x = const {value = [0.0, 0.9, 1.0, 3.9, 4.0, -0.1]} : f64[6]\n%a = histogram %x : i64[4]\n"
     "%b = histogram %x {low = -1, high = 1} : f32[2]\nreturn %a, %b",
     "i64[4], f32[2]", "2 1 0 1\n1 2"},
    {B3 "%a, %n = where_index %p : i64[3], i64\n%b = slice %a {size = [2]} : i64[2]\nreturn %b, %n", "i64[2], i64",
     "0 2\n2"},
    {GRAPH "%z = degree %row : f32[4]\nreturn %z", "f32[4]", "2 0 3 1"},
    {GRAPH "%x = const {value = [1, 2, 4, 8]} : i64[4]\n%a = neighbor_sum %row, %col, %x : i64[4]\n"
           "%b = neighbor_min %row, %col, %x : i64[4]\n%c = neighbor_max %row, %col, %x : i64[4]\nreturn %a, %b, %c",
     "i64[4], i64[4], i64[4]", "6 0 7 8\n2 9223372036854775807 1 8\n4 -9223372036854775808 4 8"},
    {GRAPH "%x = const {value = [1, 2, 4, 8, 0, 0, 0, 1]} : f64[4,2]\n%a = neighbor_mean %row, %col, %x : f64[4,2]\n"
           "return %a",
     "f64[4,2]", "2 4 0 0 1.66667 3.33333 0 1"},
    {GRAPH "%x = const {value = [5, 6, 5, 6]} : i64[4]\n%a = neighbor_mode %row, %col, %x : i64[4]\nreturn %a",
     "i64[4]", "5 6 5 6"},
    {GRAPH "%x = const {value = [10, 20, 30, 40]} : i64[4]\n%a = edge_gather %col, %x : i64[6]\nreturn %a", "i64[6]",
     "20 30 10 20 30 40"},
    {"%row = const {value = [0, 2, 2, 3]} : i64[4]\n%x = const {value = [1.0, 2.0, 5.0]} : f64[3]\n"
     "%a = segment_sum %row, %x : f64[3]\n%b = segment_mean %row, %x : f64[3]\n%c = segment_min %row, %x : f64[3]\n"
     "%d = segment_max %row, %x : f64[3]\nreturn %a, %b, %c, %d",
     "f64[3], f64[3], f64[3], f64[3]", "3 0 5\n1.5 0 5\n1 inf 5\n2 -inf 5"},
    {GRAPH "%a = node_count %row : i64\n%b = edge_count %col : i64\nreturn %a, %b", "i64, i64", "4\n6"},
    {F3 "%z = normalize_sum %x : f64[3]\nreturn %z", "f64[3]", "0.4 -1 1.6"},
    /* 0 takes the smaller of 7 and 1; then 2 sees 1, 7, 1. */
    {GRAPH "%x = const {value = [9, 7, 1, 4]} : i64[4]\n%y = copy %x : i64[4]\n"
           "%a = label_propagate %y, %row, %col : i64[4]\nreturn %a",
     "i64[4]", "1 7 1 4"},
    {"%x = iota {start = 1} : f64[9]\n%i = reshape %x : f64[1,1,3,3]\n"
     "%w = const {value = [1.0, 0.0, 0.0, 2.0]} : f64[1,1,2,2]\n%b = const {value = [0.5]} : f64[1]\n"
     "%z = conv2d %i, %w, %b : f64[1,1,2,2]\n%s = conv2d %i, %w {stride = 2, pad = 1} : f64[1,1,2,2]\nreturn %z, %s",
     "f64[1,1,2,2], f64[1,1,2,2]", "11.5 14.5 20.5 23.5\n2 6 14 23"},
    {"%x = iota {start = 1} : i64[8]\n%i = reshape %x : i64[1,2,2,2]\n%w = const {value = [10, 100]} : i64[2,1,1,1]\n"
     "%z = conv2d %i, %w {groups = 2} : i64[1,2,2,2]\nreturn %z",
     "i64[1,2,2,2]", "10 20 30 40 500 600 700 800"},
    {"%x = iota {start = 1} : f64[9]\n%i = reshape %x : f64[1,1,3,3]\n%a = max_pool %i {size = 2, stride = 1} : "
     "f64[1,1,2,2]\n%b = avg_pool %i {size = 2, pad = 1} : f64[1,1,2,2]\nreturn %a, %b",
     "f64[1,1,2,2], f64[1,1,2,2]", "5 6 8 9\n1 2.5 5.5 7"},
    {"%x = const {value = [1.0, 2.0, 3.0, 4.0]} : f64[1,2,2]\n%s = const {value = [2.0, 1.0]} : f64[2]\n"
     "%b = const {value = [0.0, 1.0]} : f64[2]\n%m = const {value = [1.0, 3.0]} : f64[2]\n"
     "%v = const {value = [4.0, 1.0]} : f64[2]\n%z = batch_norm %x, %s, %b, %m, %v {epsilon = 0} : f64[1,2,2]\n"
     "return %z",
     "f64[1,2,2]", "0 1 1 2"},
    {"%x = const {value = [1.0, 3.0, 5.0, 5.0]} : f64[2,2]\n%z = layer_norm %x {epsilon = 1} : f64[2,2]\nreturn %z",
     "f64[2,2]", "-0.707107 0.707107 0 0"},
    {"%x = const {value = [0.0, 0.0, 1000.0, 0.0]} : f64[2,2]\n%z = softmax %x : f64[2,2]\n"
     "%w = softmax %x {axis = 0} : f64[2,2]\nreturn %z, %w",
     "f64[2,2], f64[2,2]", "0.5 0.5 1 0\n0 0.5 1 0.5"},
    {"%x = const {value = [1.0, 2.0, 3.0]} : f64[1,3,1]\n"
     "%z = lrn %x {size = 2, alpha = 2, beta = 1, bias = 1} : f64[1,3,1]\nreturn %z",
     "f64[1,3,1]", "0.166667 0.142857 0.3"},
    {"%q = const {value = [0.0, 0.0]} : f64[2,1]\n%k = const {value = [1.0, 5.0, 2.0]} : f64[3,1]\n"
     "%v = const {value = [3.0, 6.0, 9.0]} : f64[3,1]\n%a = attention %q, %k, %v : f64[2,1]\n"
     "%b = attention %q, %k, %v {causal = true} : f64[2,1]\n"
     "%m = const {value = [false, false, true, false, false, false]} : bool[2,3]\n"
     "%c = attention %q, %k, %v, %m : f64[2,1]\nreturn %a, %b, %c",
     "f64[2,1], f64[2,1], f64[2,1]", "6 6\n3 4.5\n9 0"},
    {"%t = const {value = [1.0, 2.0, 3.0, 4.0]} : f64[2,2]\n%at = const {value = [1, 0, 1]} : i32[3]\n"
     "%z = embedding %t, %at : f64[3,2]\nreturn %z",
     "f64[3,2]", "3 4 1 2 3 4"},
    {"%x = fill 3.0 : f64[1000]\n%z = dropout %x {p = 0.25, seed = 3} : f64[1000]\n%k = eq %z, 4.0 : bool[1000]\n"
     "%d = eq %z, 0.0 : bool[1000]\n%e = or %k, %d : bool[1000]\n%all = all %e : bool\n%n = cast %k : f64[1000]\n"
     "%m = mean %n : f64\n%lo = gt %m, 0.7 : bool\n%hi = lt %m, 0.8 : bool\nreturn %all, %lo, %hi",
     "bool, bool, bool", "1\n1\n1"},
    {"%r = for %i = 2 to 9 step 3 carry (%x = 0) -> i64 {\n  %y = add %x, %i : i64\n  yield %y\n}\nreturn %r", "i64",
     "15"},
    {"%r = while carry (%x = 1) -> i64 {\n  %go = lt %x, 100 : bool\n  condition %go\n} do {\n"
     "  %y = mul %x, 3 : i64\n  yield %y\n}\nreturn %r",
     "i64", "243"},
    {"%c = gt 1, 2 : bool\n%r = if %c -> i64 {\n  %a = add 1, 0 : i64\n  yield %a\n} else {\n  %b = add 2, 0 : i64\n"
     "  yield %b\n}\nreturn %r",
     "i64", "2"},
    {"%a, %b = parallel -> (i64, i64) {\n  stream {\n    %x = add 1, 1 : i64\n    yield %x\n  }\n  stream {\n"
     "    %y = add 2, 2 : i64\n    yield %y\n  }\n}\nreturn %a, %b",
     "i64, i64", "2\n4"},
};

static void test_every_op(void **state) {
  (void)state;
  CHECK_ALL(OPS);
}

/* A new row of the table needs a sample here; declared ops and calls have tests below. */
static void test_no_op_is_forgotten(void **state) {
  (void)state;
  for (vmo_opcode code = 0; code < VMO_OPCODE_COUNT; code++) {
    char word[64];
    const vmo_op_info *info = vmo_op_get_info(code);
    bool found = code == VMO_OP_declared || code == VMO_OP_call;
    snprintf(word, sizeof word, "%s ", info->name);
    for (size_t i = 0; i < sizeof OPS / sizeof *OPS && !found; i++) found = strstr(OPS[i].body, word) != NULL;
    if (!found) fail_msg("no sample runs '%s'", info->name);
  }
}

/* ---- element types ---- */

static const sample NUMBERS[] = {
    /* Integers wrap around, and dividing by 0 gives 0. */
    {"%x = const {value = [127, -128]} : i8[2]\n%a = add %x, 1 : i8[2]\n%b = neg %x : i8[2]\n%c = abs %x : i8[2]\n"
     "%d = div %x, -1 : i8[2]\n%e = div %x, 0 : i8[2]\n%f = mod %x, 0 : i8[2]\nreturn %a, %b, %c, %d, %e, %f",
     "i8[2], i8[2], i8[2], i8[2], i8[2], i8[2]", "-128 -127\n-127 -128\n127 -128\n-127 -128\n0 0\n127 -128"},
    {"%x = const {value = [0, 255]} : u8[2]\n%a = sub %x, 1 : u8[2]\n%b = mul %x, 2 : u8[2]\n%c = not %x : u8[2]\n"
     "%d = lt %x, 128 : bool[2]\nreturn %a, %b, %c, %d",
     "u8[2], u8[2], u8[2], bool[2]", "255 254\n0 254\n255 0\n1 0"},
    {"%x = const {value = [-9223372036854775808, 9223372036854775807]} : i64[2]\n%a = sub %x, 1 : i64[2]\n"
     "%b = div %x, -1 : i64[2]\n%c = mod %x, -1 : i64[2]\n%d = sum %x : i64\nreturn %a, %b, %c, %d",
     "i64[2], i64[2], i64[2], i64",
     "9223372036854775807 9223372036854775806\n-9223372036854775808 -9223372036854775807\n0 0\n-1"},
    {"%o = const {value = [1, 0]} : u64[2]\n%n = const {value = [2, 0]} : u64[2]\n%m = sub %o, %n : u64[2]\n"
     "%x = max %m, 1 : u64[2]\n%a = cast %x : f64[2]\n%b = div %x, 2 : u64[2]\n"
     "%c = max %x : u64\nreturn %a, %b, %c",
     "f64[2], u64[2], u64", "1.84467e+19 1\n9223372036854775807 0\n18446744073709551615"},
    {"%x = const {value = [2, 0, -1, 1]} : i64[4]\n%y = const {value = [-1, -1, -3, -2]} : i64[4]\n"
     "%z = pow %x, %y : i64[4]\nreturn %z",
     "i64[4]", "0 0 -1 1"},
    /* Casts truncate and stay in range. */
    {"%x = const {value = [300.7, -300.7, nan, inf, -inf, 0.5]} : f64[6]\n%a = cast %x : i8[6]\n%b = cast %x : u8[6]\n"
     "%c = cast %x : i64[6]\n%d = cast %x : bool[6]\nreturn %a, %b, %c, %d",
     "i8[6], u8[6], i64[6], bool[6]",
     "127 -128 0 127 -128 0\n255 0 0 255 0 0\n300 -300 0 9223372036854775807 -9223372036854775808 0\n1 1 1 1 1 1"},
    {"%x = const {value = [300, -1]} : i64[2]\n%a = cast %x : u8[2]\n%b = cast %x : u64[2]\n%c = cast %x : i8[2]\n"
     "return %a, %b, %c",
     "u8[2], u64[2], i8[2]", "44 255\n300 18446744073709551615\n44 -1"},
    /* Not a number, and zero with a sign. */
    {"%x = const {value = [nan, 1.0]} : f64[2]\n%a = min %x, 5.0 : f64[2]\n%b = max %x : f64\n%c = relu %x : f64[2]\n"
     "%d = eq %x, %x : bool[2]\n%e = sort %x : f64[2]\n%f = argmax %x : i64\n%g = sign %x : f64[2]\n"
     "%h = ne %x, %x : bool[2]\nreturn %a, %b, %c, %d, %e, %f, %g, %h",
     "f64[2], f64, f64[2], bool[2], f64[2], i64, f64[2], bool[2]", "nan 1\nnan\nnan 1\n0 1\n1 nan\n0\nnan 1\n1 0"},
    {"%x = fill -0.0 : f64[1]\n%a = recip %x : f64[1]\n%b = sqrt %x : f64[1]\n%c = recip %b : f64[1]\n"
     "%d = eq %x, 0.0 : bool[1]\nreturn %a, %c, %d",
     "f64[1], f64[1], bool[1]", "-inf\n-inf\n1"},
    /* f32 is rounded at each step: 2^24 + 1 is lost. */
    {"%x = const {value = [16777216.0, 1.0, 1.0]} : f32[3]\n%a = sum %x : f32\n%b = const {value = [1.0, 1.0]} : "
     "f32[2]\n"
     "%c = add 16777216.0, %b : f32[2]\nreturn %a, %c",
     "f32, f32[2]", "1.67772e+07\n1.67772e+07 1.67772e+07"},
    /* f16: 11 bits, ties to even, up to 65504, down to 2^-24; bf16: 8 bits. */
    {"%x = const {value = [2049.0, 2051.0, 65504.0, 65520.0, 6e-8, 2e-8]} : f64[6]\n%h = cast %x : f16[6]\n"
     "%y = cast %h : f64[6]\n%b = cast %x : bf16[6]\n%z = cast %b : f64[6]\nreturn %y, %z",
     "f64[6], f64[6]", "2048 2052 65504 inf 5.96046e-08 0\n2048 2048 65536 65536 6.00703e-08 2.00234e-08"},
    {"%x = fill 0.1 : f16[10]\n%a = sum %x : f16\n%b = cumsum %x : f16[10]\n%c = slice %b {start = [9]} : f16[1]\n"
     "return %a, %c",
     "f16, f16[1]", "1\n1"},
    {"%x = const {value = [nan, -inf, -0.0, -1.5]} : f16[4]\n%a = abs %x : f16[4]\n%b = recip %x : f16[4]\nreturn %a, "
     "%b",
     "f16[4], f16[4]", "nan inf 0 1.5\nnan -0 -inf -0.666504"},
    /* Nothing to reduce. */
    {"%x = fill 1.0 : f64[0]\n%a = sum %x : f64\n%b = mean %x : f64\n%c = prod %x : f64\n%d = min %x : f64\n"
     "%e = max %x : f64\n%f = norm %x : f64\n%i = fill 1 : i16[0]\n%g = min %i : i16\n%h = argmin %x : i64\n"
     "%s = sort %x : f64[0]\nreturn %a, %b, %c, %d, %e, %f, %g, %h, %s",
     "f64, f64, f64, f64, f64, f64, i16, i64, f64[0]", "0\nnan\n1\ninf\n-inf\n0\n32767\n0\n"},
    {"%x = fill 1.0 : f64[3,0]\n%a = sum %x {axis = 1} : f64[3]\n%b = matmul %x, %x {transpose_y = true} : f64[3,3]\n"
     "return %a, %b",
     "f64[3], f64[3,3]", "0 0 0\n0 0 0 0 0 0 0 0 0"},
};

static void test_numbers(void **state) {
  (void)state;
  CHECK_ALL(NUMBERS);
}

/* ---- control flow ---- */

static const sample CONTROL[] = {
    /* Yields assign in parallel; zero trips leave the inits. */
    {"%a, %b = for %i = 0 to 3 carry (%x = 1, %y = 2) -> (i64, i64) {\n  yield %y, %x\n}\n"
     "%c, %d = for %j = 5 to 5 carry (%u = 1, %v = 2) -> (i64, i64) {\n  yield %v, %u\n}\nreturn %a, %b, %c, %d",
     "i64, i64, i64, i64", "2\n1\n1\n2"},
    {"%s = for %i = 0 to 3 carry (%x = 0) -> i64 {\n  %t = for %j = 0 to %i carry (%y = %x) -> i64 {\n"
     "    %z = add %y, 1 : i64\n    yield %z\n  }\n  yield %t\n}\nreturn %s",
     "i64", "3"},
    {"%s = for %i = 9223372036854775806 to 9223372036854775807 step 5 carry (%x = 0) -> i64 {\n"
     "  %y = add %x, 1 : i64\n  yield %y\n}\nreturn %s",
     "i64", "1"},
    {"dim N = 4\nfunc @f() -> (i64, i64[N]) {\n  %n = add N, 1 : i64\n  %x = iota {start = 0} : i64[N]\n"
     "  return %n, %x\n}\n",
     "", "5\n0 1 2 3"},
    /* A call gets its own values; recursion too. */
    {"func @g(%n: i64) -> i64 {\n  %end = le %n, 1 : bool\n  %r = if %end -> i64 {\n    %one = add 1, 0 : i64\n"
     "    yield %one\n  } else {\n    %m = sub %n, 1 : i64\n    %s = call @g(%m) : i64\n    %p = mul %s, %n : i64\n"
     "    yield %p\n  }\n  return %r\n}\nfunc @f() -> i64 {\n  %r = call @g(10) : i64\n  return %r\n}\n",
     "", "3628800"},
    {"func @g(%x: i64[2], %y: i64[2]) -> (i64[2], i64[2]) {\n  return %y, %x\n}\nfunc @f() -> (i64[2], i64[2]) {\n"
     "  %a = const {value = [1, 2]} : i64[2]\n  %b = const {value = [3, 4]} : i64[2]\n"
     "  %c, %d = call @g(%a, %b) : i64[2], i64[2]\n  return %c, %d\n}\n",
     "", "3 4\n1 2"},
    {"%c = lt 1, 2 : bool\nif %c {\n  %x = add 1, 1 : i64\n  yield\n}\n%y = add 5, 0 : i64\nreturn %y", "i64", "5"},
    /* Bodies of declared ops: a value before and one behind each, a constant that does not exist elsewhere; in a loop. */
    {"op @around(%x: f64[4], %s: f64) -> f64[4] do {\n  %l = pad %x {low = 1, high = 1, value = 9.0} : f64[6]\n"
     "  %a = slice %l {size = 4} : f64[4]\n  %b = slice %l {start = 2} : f64[4]\n  %d = sub %b, %a : f64[4]\n"
     "  %y = mul %d, %s : f64[4]\n  return %y\n}\n"
     "op @energy(%x: f64[4]) -> f64 do {\n  %q = mul %x, %x : f64[4]\n  %s = sum %q : f64\n  return %s\n}\n"
     "func @f() -> (f64[4], f64) {\n  %x = const {value = [1.0, 2.0, 4.0, 8.0]} : f64[4]\n"
     "  %r = for %i = 0 to 2 carry (%c = %x) -> f64[4] {\n    %y = @around %c, 0.5 : f64[4]\n    yield %y\n  }\n"
     "  %e = @energy %r : f64\n  return %r, %e\n}",
     "", "-3.75 3.25 0.5 3\n33.875"},
};

static void test_control(void **state) {
  (void)state;
  CHECK_ALL(CONTROL);
}

/* ---- arguments and states ---- */

static void test_arguments_and_states(void **state) {
  (void)state;
  static const char text[] =
      "dim N\nfunc @f(%x: f64[N], state %s: f64[N], %k: f64) -> f64[N] {\n  %t = add %s, %x : f64[N]\n"
      "  %y = mul %t, %k : f64[N]\n  return %y, state %t\n}\n";
  vmo_context *context = vmo_context_create();
  vmo_context_set_source(context, "test", text, strlen(text));
  vmo_module *module;
  assert_int_equal(vmo_parse_module(context, &module), VMO_OK);
  vmo_binding binding = vmo_declared_binding(module);
  assert_int_equal(vmo_bind_dim(module, &binding, "N", 2), VMO_OK);
  double x[2] = {1, 2}, s[2] = {10, 20}, k = 3;
  int64_t sizes[1] = {2}, wrong[1] = {3};
  vmo_array arguments[3] = {{VMO_F64, 1, sizes, 2, x}, {VMO_F64, 1, sizes, 2, s}, {VMO_F64, 0, NULL, 1, &k}};
  vmo_evaluate_result result;
  assert_int_equal(vmo_evaluate_function(module, 0, &binding, arguments, NULL, &result), VMO_OK);
  assert_int_equal(result.result_count, 2);
  assert_true(((double *)result.results[0].data)[1] == 66);
  assert_true(((double *)result.results[1].data)[1] == 22);
  assert_true(s[1] == 20 && x[0] == 1);
  assert_int_equal(result.op_count, 3);
  assert_int_equal(result.largest_bytes, 8 + 2 * 16); /* k, t, y */
  arguments[1].sizes = wrong;
  assert_int_equal(vmo_evaluate_function(module, 0, &binding, arguments, NULL, &result), VMO_INPUT_ERROR);
  assert_string_equal(context->diagnostics->items[0].message, "the argument for %s has another type");
  vmo_context_destroy(context);
}

/* ---- what programs may not do ---- */

typedef struct failure {
  const char *text, *error;
} failure;

static void test_failures(void **state) {
  (void)state;
  static const failure failures[] = {
      {"func @f() -> i64[1] {\n  %x = fill 1 : i64[3]\n  %at = const {value = [3]} : i64[1]\n"
       "  %y = gather %x, %at : i64[1]\n  return %y\n}\n",
       "4:8: index 3, at place 0 of the indices, is not in [0, 3) [E0701]"},
      {"func @f() -> i64[3] {\n  %x = fill 1 : i64[3]\n  %at = const {value = [0, -1]} : i32[2]\n"
       "  %y = scatter %x, %at, 5 : i64[3]\n  return %y\n}\n",
       "4:8: index -1, at place 1 of the indices, is not in [0, 3) [E0701]"},
      {"func @f() -> i64[2] {\n  %row = const {value = [0, 2, 9]} : i64[3]\n  %col = fill 0 : i32[4]\n"
       "  %x = fill 1 : i64[2]\n  %y = neighbor_sum %row, %col, %x : i64[2]\n  return %y\n}\n",
       "5:8: row 1 reaches from 2 to 9, but there are 4 edges [E0701]"},
      {"func @f() -> f64[2] {\n  %row = const {value = [0, 2, 1]} : i64[3]\n  %y = degree %row : f64[2]\n"
       "  return %y\n}\n",
       "3:8: row 1 reaches from 2 back to 1 [E0701]"},
      {"func @f() -> i64 {\n  %r = while carry (%x = 1) -> i64 {\n    %go = gt %x, 0 : bool\n    condition %go\n  } do "
       "{\n"
       "    yield %x\n  }\n  return %r\n}\n",
       "3:11: the limit of ops is reached [E0702]"},
      {"func @f() -> i64 {\n  %r = call @f() : i64\n  return %r\n}\n", "2:8: calls are nested too deep [E0703]"},
      {"op @g(%x: i64) -> i64\nfunc @f() -> i64 {\n  %r = @g 1 : i64\n  return %r\n}\n",
       "3:8: a declared op has no kernel here [E0704]"},
  };
  vmo_evaluate_options options = {.op_limit = 1000, .call_limit = 100};
  for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
    vmo_text out;
    run_text(failures[i].text, &options, &out);
    assert_string_equal(out.data, failures[i].error);
    vmo_text_free(&out);
  }
}

static bool double_it(void *user, vmo_context *context, const char *name, const vmo_array *operands,
                      uint32_t operand_count, vmo_array *results, uint32_t result_count, void *workspace) {
  (void)workspace;
  (void)context;
  assert_string_equal(name, "twice");
  assert_int_equal(operand_count, 2);
  assert_int_equal(result_count, 1);
  (*(int *)user)++;
  for (int64_t i = 0; i < results[0].count; i++)
    ((double *)results[0].data)[i] = ((double *)operands[0].data)[i] * *(double *)operands[1].data;
  return true;
}

static void test_declared_op(void **state) {
  (void)state;
  static const char text[] =
      "op @twice(%x: f64[n], %k: f64) -> f64[n] {inplace = [0]}\nfunc @f() -> f64[2] {\n"
      "  %x = const {value = [1.5, 2.5]} : f64[2]\n  %y = @twice %x, 2.0 : f64[2]\n  return %y\n}\n";
  int calls = 0;
  vmo_evaluate_options options = {.declared = double_it, .user = &calls};
  vmo_text out;
  run_text(text, &options, &out);
  assert_string_equal(out.data, "3 5");
  assert_int_equal(calls, 1);
  vmo_text_free(&out);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_every_op),    cmocka_unit_test(test_no_op_is_forgotten),   cmocka_unit_test(test_numbers),
      cmocka_unit_test(test_control),     cmocka_unit_test(test_arguments_and_states), cmocka_unit_test(test_failures),
      cmocka_unit_test(test_declared_op),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
