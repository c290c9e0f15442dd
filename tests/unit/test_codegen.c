/* test_codegen.c: compiled functions, loaded into this process: what they compute, where, and what they refuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codegen/codegen.h"
#include "passes/passes.h"
#include "support/text.h"

/* A program, planned, compiled and loaded. */
typedef struct program {
  vmo_context *contexts[2];
  vmo_module *module;
  vmo_loaded_code *loaded;
  void *arena;
} program;

static void show_diagnostics(vmo_context *context) {
  vmo_text text;
  vmo_text_init(&text);
  vmo_diag_print_all(context, false, &text);
  if (text.count > 0) print_message("%s\n", text.data);
  vmo_text_free(&text);
}

static vmo_module *plan(vmo_context *context, const char *source, bool in_caller) {
  vmo_module *module;
  vmo_module_facts *facts;
  assert_non_null(context);
  assert_int_equal(vmo_context_set_source(context, "test.vmir", source, strlen(source)), VMO_OK);
  vmo_status status = vmo_parse_module(context, &module);
  if (status == VMO_OK) {
    vmo_binding binding = vmo_declared_binding(module);
    vmo_plan_options options = {.results_in_caller = in_caller};
    status = vmo_plan_module(module, &binding, &options, &facts);
  }
  show_diagnostics(context);
  assert_int_equal(status, VMO_OK);
  return module;
}

/* With `only`, that function and what it calls, which tell of the trips of its loops. */
static program load_only(const char *source, uint32_t level, const char *only) {
  program p = {{vmo_context_create(), vmo_context_create()}, NULL, NULL, NULL};
  p.module = plan(p.contexts[0], source, false);
  vmo_code_options options = {.cpu = "native", .llvm_level = level, .prefix = "vmo.", .progress = only != NULL};
  if (only != NULL) options.only = p.module->functions.data[vmo_find_function(p.module, only)];
  options.callees = plan(p.contexts[1], source, true);
  vmo_code *code;
  vmo_status status = vmo_compile_module(p.module, &options, &code);
  show_diagnostics(p.contexts[0]);
  assert_int_equal(status, VMO_OK);
  status = vmo_load_code(p.module, code, NULL, NULL, &p.loaded);
  show_diagnostics(p.contexts[0]);
  assert_int_equal(status, VMO_OK);
  vmo_destroy_code(code);
  return p;
}

static program load(const char *source, uint32_t level) { return load_only(source, level, NULL); }

static void unload(program *p) {
  vmo_unload_code(p->loaded);
  free(p->arena);
  vmo_context_destroy(p->contexts[0]);
  vmo_context_destroy(p->contexts[1]);
}

/* Runs the function of that name in an arena of its own, of just the bytes that it asks for. */
static int32_t run_watched(program *p, const char *name, const int64_t *dims, void *const *arguments, void **results,
                           vmr_call_watch *watch) {
  vmo_function_id id = vmo_find_function(p->module, name);
  int64_t bytes[4] = {-1, -1, -1, -1};
  int32_t status = vmo_find_arenas(p->loaded, id)(dims, bytes);
  if (status != VMR_CALL_OK) return status;
  free(p->arena);
  p->arena = aligned_alloc(64, ((size_t)bytes[0] + 127) / 64 * 64);
  vmr_call call = {.dims = dims, .arguments = arguments, .results = results, .arenas = &p->arena, .arena_bytes = bytes};
  call.watch = watch;
  return vmo_find_entry(p->loaded, id)(&call);
}

static int32_t run(program *p, const char *name, const int64_t *dims, void *const *arguments, void **results) {
  return run_watched(p, name, dims, arguments, results, NULL);
}

static const char CHAIN[] = "dim N\n"
                            "func @chain(%x: f64[N], %by: f64) -> f64[N] {\n"
                            "  %a = mul %x, %by : f64[N]\n"
                            "  %b = add %a, 1.0 : f64[N]\n"
                            "  %c = sqrt %b : f64[N]\n"
                            "  return %c\n"
                            "}\n"
                            "func @powers(%x: f64[N] donate, %count: i64) -> f64[N] {\n"
                            "  %r = for %i = 0 to %count carry (%v = %x) -> f64[N] {\n"
                            "    %y = add %v, %v : f64[N]\n"
                            "    yield %y\n"
                            "  }\n"
                            "  return %r\n"
                            "}\n"
                            "func @both(%x: f64[N]) -> (f64[N], f64[N]) {\n"
                            "  %a = call @chain(%x, 2.0) : f64[N]\n"
                            "  %b = call @chain(%a, 3.0) : f64[N]\n"
                            "  return %a, %b\n"
                            "}\n";

static void test_a_chain_a_loop_and_calls(void **state) {
  (void)state;
  for (uint32_t level = 0; level <= 3; level += 3) {
    program p = load(CHAIN, level);
    const int64_t dims[] = {5};
    double x[5] = {0, 1.5, 4, 12, 24}, by = 2;
    int64_t count = 3;
    void *arguments[] = {x, &by}, *results[2] = {NULL, NULL};
    assert_int_equal(run(&p, "chain", dims, arguments, results), VMR_CALL_OK);
    const double *c = results[0];
    assert_ptr_equal(c, p.arena);
    assert_true(c[0] == 1 && c[1] == 2 && c[2] == 3 && c[3] == 5 && c[4] == 7);

    assert_int_equal(run(&p, "both", dims, arguments, results), VMR_CALL_OK);
    const double *a = results[0], *b = results[1];
    assert_true(a[2] == 3 && a[4] == 7 && b[0] == 2 && b[3] == 4);

    arguments[1] = &count;
    assert_int_equal(run(&p, "powers", dims, arguments, results), VMR_CALL_OK);
    assert_ptr_equal(results[0], x);
    assert_true(x[0] == 0 && x[1] == 12 && x[4] == 192);
    unload(&p);
  }
}

/* Streams see parameters, loop indices and arrays of the function around them; with threads or without, all is equal. */
typedef struct trips {
  uint64_t told, last, total;
} trips;

static void note_trip(void *user, uint64_t done, uint64_t total) {
  trips *t = user;
  assert_true(t->told == 0 ? done == 0 : done > t->last);
  *t = (trips){t->told + 1, done, total};
}

/* One function and what it calls; its loop tells how far it is, the one within not. */
static void test_one_function_with_progress(void **state) {
  static const char text[] = "func @other(%x: f64) -> f64 {\n  %y = exp %x : f64\n  return %y\n}\n"
                             "func @inner(%x: f64) -> f64 {\n"
                             "  %r = for %i = 0 to 3 carry (%v = %x) -> f64 {\n"
                             "    %y = add %v, 1.0 : f64\n    yield %y\n  }\n  return %r\n}\n"
                             "func @sum(%from: i64, %to: i64) -> f64 {\n"
                             "  %r = for %i = %from to %to step 2 carry (%v = 0.0) -> f64 {\n"
                             "    %y = call @inner(%v) : f64\n    yield %y\n  }\n  return %r\n}\n";
  (void)state;
  for (uint32_t level = 0; level <= 3; level += 3) {
    program p = load_only(text, level, "sum");
    assert_null(vmo_find_entry(p.loaded, vmo_find_function(p.module, "other")));
    assert_null(vmo_find_arenas(p.loaded, vmo_find_function(p.module, "inner")));
    for (int64_t count = 0; count <= 30000; count = count * 100 + 2) {
      int64_t from = -1000, to = from + count;
      trips told = {0, 0, 0};
      vmr_call_watch watch = {.user = &told, .trip = note_trip};
      void *arguments[] = {&from, &to}, *results[1] = {NULL};
      assert_int_equal(run_watched(&p, "sum", NULL, arguments, results, &watch), VMR_CALL_OK);
      assert_true(*(double *)results[0] == (double)(count + 1) / 2 * 3 - (count % 2 == 0 ? 1.5 : 0));
      assert_true(count == 0 ? told.told == 0 : told.total == (uint64_t)count && told.told <= 270);
      assert_true(count < 10000 || told.told > 200);
      assert_int_equal(run(&p, "sum", NULL, arguments, results), VMR_CALL_OK); /* nobody looks */
    }
    unload(&p);
  }
}

static void test_streams_on_threads(void **state) {
  (void)state;
  program p = load("func @f(%x: f64[100], %by: f64, %n: i64) -> (f64[100], f64[100]) {\n"
                   "  %start = fill 0.0 : f64[100]\n"
                   "  %other = fill 1.0 : f64[100]\n"
                   "  %a, %b = for %i = 0 to %n carry (%u = %start, %v = %other) -> (f64[100], f64[100]) {\n"
                   "    %c, %d = parallel -> (f64[100], f64[100]) {\n"
                   "      stream {\n"
                   "        %at = cast %i : f64\n"
                   "        %m = mul %x, %at : f64[100]\n"
                   "        %c1 = add %u, %m : f64[100]\n"
                   "        yield %c1\n"
                   "      }\n"
                   "      stream {\n"
                   "        %d1 = mul %v, %by : f64[100]\n"
                   "        yield %d1\n"
                   "      }\n"
                   "    }\n"
                   "    yield %c, %d\n"
                   "  }\n"
                   "  return %a, %b\n"
                   "}\n",
                   2);
  double x[100], by = 3;
  int64_t n = 4, bytes[1];
  for (int i = 0; i < 100; i++) x[i] = i;
  void *arguments[] = {x, &by, &n}, *results[2] = {NULL, NULL};
  assert_int_equal(vmo_find_arenas(p.loaded, 0)(NULL, bytes), VMR_CALL_OK);
  p.arena = aligned_alloc(64, ((size_t)bytes[0] + 63) / 64 * 64);
  for (uint32_t threads = 0; threads <= 3; threads++) {
    vmr_call call = {
        .arguments = arguments, .results = results, .arenas = &p.arena, .arena_bytes = bytes, .threads = threads};
    memset(p.arena, 0x77, (size_t)bytes[0]);
    assert_int_equal(vmo_find_entry(p.loaded, 0)(&call), VMR_CALL_OK);
    const double *a = results[0], *b = results[1];
    for (int i = 0; i < 100; i++) assert_true(a[i] == 6 * x[i] && b[i] == 81);
  }
  unload(&p);
}

/* A scalar that only the first branch has in a register is none of what a stream in the second one sees. */
static void test_a_stream_in_a_branch(void **state) {
  (void)state;
  program p = load("func @f(%c: bool, %x: f64) -> f64[1] {\n"
                   "  %r = if %c -> f64[1] {\n"
                   "    %i = for %k = 0 to 3 carry (%s = 0.0) -> f64 {\n"
                   "      %t = add %s, %x : f64\n"
                   "      yield %t\n"
                   "    }\n"
                   "    %v = fill %x : f64[1]\n"
                   "    %a = add %v, %i : f64[1]\n"
                   "    yield %a\n"
                   "  } else {\n"
                   "    %p = parallel -> f64[1] {\n"
                   "      stream {\n"
                   "        %m = mul %x, 10.0 : f64\n"
                   "        %w = reshape %m : f64[1]\n"
                   "        %b = neg %w : f64[1]\n"
                   "        yield %b\n"
                   "      }\n"
                   "    }\n"
                   "    yield %p\n"
                   "  }\n"
                   "  return %r\n"
                   "}\n",
                   0);
  double x = 2;
  uint8_t c = 1;
  void *arguments[] = {&c, &x}, *results[1] = {NULL};
  assert_int_equal(run(&p, "f", NULL, arguments, results), VMR_CALL_OK);
  assert_true(*(const double *)results[0] == 8);
  c = 0;
  assert_int_equal(run(&p, "f", NULL, arguments, results), VMR_CALL_OK);
  assert_true(*(const double *)results[0] == -20);
  unload(&p);
}

static void test_what_is_refused(void **state) {
  (void)state;
  program p = load(CHAIN, 2);
  vmo_function_id id = vmo_find_function(p.module, "chain");
  vmr_entry entry = vmo_find_entry(p.loaded, id);
  int64_t dims[] = {4}, bytes[1];
  double x[4] = {1, 2, 3, 4}, by = 1;
  void *arguments[] = {x, &by}, *results[1] = {NULL}, *arena = aligned_alloc(64, 128);
  vmr_call call = {.dims = dims, .arguments = arguments, .results = results, .arenas = &arena, .arena_bytes = bytes};
  bytes[0] = 32;
  assert_int_equal(entry(&call), VMR_CALL_OK);
  bytes[0] = 31;
  assert_int_equal(entry(&call), VMR_CALL_ARENA_TOO_SMALL);
  bytes[0] = 32;
  void *odd = (char *)arena + 8, *none = NULL;
  call.arenas = &odd;
  assert_int_equal(entry(&call), VMR_CALL_ARENA_MISALIGNED);
  call.arenas = &none;
  assert_int_equal(entry(&call), VMR_CALL_NO_ARENA);
  call.arenas = &arena;
  arguments[0] = NULL;
  assert_int_equal(entry(&call), VMR_CALL_NO_ARGUMENT);
  arguments[0] = x;
  dims[0] = -1;
  assert_int_equal(entry(&call), VMR_CALL_WRONG_SIZE);
  dims[0] = INT64_C(1) << 61;
  assert_int_equal(entry(&call), VMR_CALL_WRONG_SIZE);
  dims[0] = 0;
  arguments[0] = NULL;
  call.arenas = &none;
  assert_int_equal(entry(&call), VMR_CALL_OK);
  free(arena);
  unload(&p);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_a_chain_a_loop_and_calls), cmocka_unit_test(test_one_function_with_progress),
      cmocka_unit_test(test_streams_on_threads),       cmocka_unit_test(test_a_stream_in_a_branch),
      cmocka_unit_test(test_what_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
