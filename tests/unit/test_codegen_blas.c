/* test_codegen_blas.c: matrix products through CBLAS: within the bound of docs/abi.md of the sums in f64, for all four
 * transpositions; small ones by loops, whose bits do not change. Skipped where the machine has no BLAS. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codegen/codegen.h"
#include "passes/passes.h"
#include "support/random.h"

enum { M = 33, N = 47, K = 61 };

static const char TEXT[] = "dim M\ndim N\ndim K\n"
                           "func @f(%x: f64[2,M,K], %y: f64[2,K,N], %u: f64[2,K,M], %v: f64[2,N,K]) -> (f64[2,M,N], "
                           "f64[2,M,N], f64[2,M,N], f64[2,M,N]) {\n"
                           "  %a = batch_matmul %x, %y : f64[2,M,N]\n"
                           "  %b = batch_matmul %u, %y {transpose_x = true} : f64[2,M,N]\n"
                           "  %c = batch_matmul %x, %v {transpose_y = true} : f64[2,M,N]\n"
                           "  %d = batch_matmul %u, %v {transpose_x = true, transpose_y = true} : f64[2,M,N]\n"
                           "  return %a, %b, %c, %d\n}\n"
                           "func @g(%x: f32[M,K], %y: f32[K,N]) -> f32[M,N] {\n"
                           "  %a = matmul %x, %y : f32[M,N]\n  return %a\n}\n";

static vmo_loaded_code *load(vmo_context *context, bool blas) {
  vmo_module *module;
  vmo_module_facts *facts;
  vmo_code *code;
  vmo_loaded_code *loaded;
  assert_int_equal(vmo_context_set_source(context, "test.vmir", TEXT, strlen(TEXT)), VMO_OK);
  assert_int_equal(vmo_parse_module(context, &module), VMO_OK);
  vmo_binding binding = vmo_declared_binding(module);
  assert_int_equal(vmo_plan_module(module, &binding, &(vmo_plan_options){0}, &facts), VMO_OK);
  vmo_code_options options = {.cpu = "native", .llvm_level = 2, .prefix = "vmo.", .blas = blas};
  assert_int_equal(vmo_compile_module(module, &options, &code), VMO_OK);
  vmo_text text;
  vmo_text_init(&text);
  assert_int_equal(vmo_write_code(context, code, VMO_CODE_LLVM, &text), VMO_OK);
  assert_int_equal(strstr(text.data, "@cblas_dgemm") != NULL, blas);
  assert_int_equal(strstr(text.data, "@cblas_sgemm") != NULL, blas);
  vmo_text_free(&text);
  assert_int_equal(vmo_load_code(module, code, NULL, NULL, &loaded), VMO_OK);
  vmo_destroy_code(code);
  return loaded;
}

/* Runs function `id`; its results are in the arena that is returned. */
static void *run(const vmo_loaded_code *loaded, vmo_function_id id, const int64_t *dims, void *const *arguments,
                 void **results) {
  int64_t bytes[1];
  assert_int_equal(vmo_find_arenas(loaded, id)(dims, bytes), VMR_CALL_OK);
  void *arena = aligned_alloc(64, ((size_t)bytes[0] + 127) / 64 * 64);
  assert_non_null(arena);
  vmr_call call = {.dims = dims, .arguments = arguments, .results = results, .arenas = &arena, .arena_bytes = bytes};
  assert_int_equal(vmo_find_entry(loaded, id)(&call), VMR_CALL_OK);
  return arena;
}

static double *draw(size_t count, uint64_t seed) {
  double *numbers = malloc(count * sizeof *numbers);
  assert_non_null(numbers);
  for (size_t i = 0; i < count; i++) numbers[i] = vmo_random_unit(vmo_next_random(&seed)) * 2 - 1;
  return numbers;
}

static void transpose(const double *from, double *to, size_t rows, size_t columns) {
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < columns; j++) to[j * rows + i] = from[i * columns + j];
}

static void check_product(const double *x, const double *y, const double *z) {
  for (size_t i = 0; i < M; i++)
    for (size_t j = 0; j < N; j++) {
      double sum = 0, magnitude = 0;
      for (size_t k = 0; k < K; k++) {
        sum += x[i * K + k] * y[k * N + j];
        magnitude += fabs(x[i * K + k] * y[k * N + j]);
      }
      assert_true(fabs(z[i * N + j] - sum) <= 2 * K * 0x1p-52 * magnitude);
    }
}

static void test_all_transpositions(void **state) {
  (void)state;
  if (vmo_find_blas() == NULL) skip();
  vmo_context *context = vmo_context_create();
  vmo_loaded_code *loaded = load(context, true);
  const int64_t dims[3] = {M, N, K};
  double *x = draw((size_t)2 * M * K, 1), *y = draw((size_t)2 * K * N, 2), *u = draw((size_t)2 * K * M, 3),
         *v = draw((size_t)2 * N * K, 4);
  for (size_t b = 0; b < 2; b++) {
    transpose(x + b * M * K, u + b * M * K, M, K);
    transpose(y + b * K * N, v + b * K * N, K, N);
  }
  void *arguments[4] = {x, y, u, v}, *results[4];
  void *arena = run(loaded, 0, dims, arguments, results);
  for (int r = 0; r < 4; r++)
    for (size_t b = 0; b < 2; b++) check_product(x + b * M * K, y + b * K * N, (double *)results[r] + b * M * N);
  free(arena);
  free(x), free(y), free(u), free(v);
  vmo_unload_code(loaded);
  vmo_context_destroy(context);
}

/* f32, large and small, with and without: the small ones have the same bits. */
static void test_small_products_are_loops(void **state) {
  (void)state;
  if (vmo_find_blas() == NULL) skip();
  vmo_context *contexts[2] = {vmo_context_create(), vmo_context_create()};
  vmo_loaded_code *loaded[2] = {load(contexts[0], true), load(contexts[1], false)};
  for (int small = 0; small < 2; small++) {
    const int64_t dims[3] = {small ? 15 : M, N, K};
    float x[M * K], y[K * N];
    for (int i = 0; i < M * K; i++) x[i] = (float)(i % 17) / 16 - 0.3F;
    for (int i = 0; i < K * N; i++) y[i] = (float)(i % 23) / 16 - 0.7F;
    void *arguments[2] = {x, y}, *results[2][1], *arenas[2];
    for (int i = 0; i < 2; i++) arenas[i] = run(loaded[i], 1, dims, arguments, results[i]);
    const float *with = results[0][0], *without = results[1][0];
    for (int64_t i = 0; i < dims[0] * N; i++) {
      if (small) assert_memory_equal(&with[i], &without[i], sizeof *with);
      assert_true(fabsf(with[i] - without[i]) <= K * 0x1p-23F * K);
    }
    for (int i = 0; i < 2; i++) free(arenas[i]);
  }
  for (int i = 0; i < 2; i++) {
    vmo_unload_code(loaded[i]);
    vmo_context_destroy(contexts[i]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_all_transpositions),
      cmocka_unit_test(test_small_products_are_loops),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
