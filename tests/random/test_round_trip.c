/* test_round_trip.c: random programs and the corpus are valid, and what is printed reads back as the same module. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/random/generate.h"
#include "tests/random/same_module.h"

enum { SEEDS = 400, MOST_OPS = 600 };

static vmo_text print(const vmo_module *module) {
  vmo_text text;
  vmo_text_init(&text);
  vmo_print_module(module, &text);
  assert_false(vmo_text_failed(&text));
  return text;
}

static void show_errors(const vmo_context *context, const char *what) {
  vmo_text shown;
  vmo_text_init(&shown);
  vmo_diag_print_all(context, false, &shown);
  print_error("%s:\n%s", what, shown.data == NULL ? "" : shown.data);
  vmo_text_free(&shown);
}

/* Prints, parses, compares, prints again. */
static void assert_round_trip(const vmo_module *module, const char *what) {
  vmo_text first = print(module);
  vmo_module *again;
  vmo_context *context = vmo_context_create();
  vmo_context_set_source(context, what, first.data, first.count);
  if (vmo_parse_module(context, &again) != VMO_OK) {
    show_errors(context, what);
    fail();
  }
  const char *difference = vmo_find_difference(module, again);
  if (difference != NULL) fail_msg("%s: reading it back changes %s:\n%s", what, difference, first.data);
  vmo_text second = print(again);
  assert_int_equal(first.count, second.count);
  assert_memory_equal(first.data, second.data, first.count);
  vmo_text_free(&first);
  vmo_text_free(&second);
  vmo_context_destroy(context);
}

static void random_programs_read_back(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= SEEDS; seed++) {
    char what[32];
    snprintf(what, sizeof what, "seed %u", (unsigned)seed);
    vmo_context *context = vmo_context_create();
    vmo_module *module = vmo_generate_module(context, seed, (uint32_t)(1 + seed * 37 % MOST_OPS));
    assert_non_null(module);
    if (vmo_verify_module(module) != VMO_OK) {
      show_errors(context, what);
      vmo_text text = print(module);
      fail_msg("not valid:\n%s", text.data);
    }
    assert_round_trip(module, what);
    vmo_context_destroy(context);
  }
}

static void equal_seeds_give_equal_programs(void **state) {
  (void)state;
  vmo_context *contexts[3];
  vmo_text texts[3];
  for (int i = 0; i < 3; i++) {
    contexts[i] = vmo_context_create();
    texts[i] = print(vmo_generate_module(contexts[i], i < 2 ? 77 : 78, 300));
  }
  assert_string_equal(texts[0].data, texts[1].data);
  assert_string_not_equal(texts[0].data, texts[2].data);
  for (int i = 0; i < 3; i++) {
    vmo_text_free(&texts[i]);
    vmo_context_destroy(contexts[i]);
  }
}

/* Every op and construct that the generator knows turns up among the seeds: none is forgotten by mistake. */
static void random_programs_have_every_construct(void **state) {
  (void)state;
  static const char *const wanted[] = {" donate",     "state ",      "offset 0",  "@near",       "align 128",
                                       "call @",      "parallel",    "stream {",  "while carry", "} do {",
                                       "} else {",    " step ",      "for %",     "@relax",      "@merge",
                                       "scatter_add", "unique",      "split",     "attention",   "label_propagate",
                                       "neighbor_",   "reshape",     "copy",      "dim N <=",    "dim N\n",
                                       "axis = 1",    "where_index", "transpose", "segment_sum"};
  bool found[sizeof wanted / sizeof *wanted] = {false};
  for (uint64_t seed = 1; seed <= 60; seed++) {
    vmo_context *context = vmo_context_create();
    vmo_text text = print(vmo_generate_module(context, seed, 300));
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
      found[i] = found[i] || strstr(text.data, wanted[i]) != NULL;
    vmo_text_free(&text);
    vmo_context_destroy(context);
  }
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
    if (!found[i]) fail_msg("`%s` never occurs", wanted[i]);
}

static char *read_file(const char *path, size_t *length) {
  enum { LARGEST = 1 << 20 };
  FILE *file = fopen(path, "rb");
  char *text = file == NULL ? NULL : malloc(LARGEST);
  *length = text == NULL ? 0 : fread(text, 1, LARGEST, file);
  assert_true(*length < LARGEST);
  if (file != NULL) fclose(file);
  return text;
}

/* The files that the build found under corpus/. */
static void the_corpus_reads_back(void **state) {
  (void)state;
  static const char *const files[] = {VMO_CORPUS_FILES};
  assert_true(sizeof files / sizeof *files >= 8);
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    size_t length;
    char *text = read_file(files[i], &length);
    assert_non_null(text);
    vmo_module *module;
    vmo_context *context = vmo_context_create();
    vmo_context_set_source(context, files[i], text, length);
    if (vmo_parse_module(context, &module) != VMO_OK) {
      show_errors(context, files[i]);
      fail();
    }
    assert_round_trip(module, files[i]);
    vmo_context_destroy(context);
    free(text);
  }
}

/* The comparison itself sees differences. */
static void differences_are_seen(void **state) {
  (void)state;
  static const char *const pairs[][2] = {
      {"dim N\nfunc @f(%x: f64[N]) {\n  return\n}\n", "dim N\nfunc @f(%y: f64[N]) {\n  return\n}\n"},
      {"dim N\nfunc @f(%x: f64[N]) {\n  return\n}\n", "dim N <= 4\nfunc @f(%x: f64[N]) {\n  return\n}\n"},
      {"func @f(%x: f64) {\n  return\n}\n", "func @f(%x: f32) {\n  return\n}\n"},
      {"func @f(%x: f64[4]) {\n  return\n}\n", "func @f(%x: f64[4] donate) {\n  return\n}\n"},
      {"func @f() {\n  %x = fill 1 : f64\n  return\n}\n", "func @f() {\n  %x = fill 2 : f64\n  return\n}\n"},
      {"func @f() {\n  %x = fill 1 : f64\n  return\n}\n", "func @f() {\n  %x = const {value = 1} : f64\n  return\n}\n"},
      {"func @f() plan {arena = 8} {\n  %x = fill 1 {slot = 0, offset = 0} : f64\n  return\n}\n",
       "func @f() plan {arena = 8} {\n  %x = fill 1 {slot = 0, offset = 8} : f64\n  return\n}\n"},
  };
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    vmo_module *modules[2];
    vmo_context *contexts[2];
    for (int k = 0; k < 2; k++) {
      contexts[k] = vmo_context_create();
      vmo_context_set_source(contexts[k], "pair", pairs[i][k], strlen(pairs[i][k]));
      assert_int_equal(vmo_parse_module(contexts[k], &modules[k]), VMO_OK);
    }
    assert_null(vmo_find_difference(modules[0], modules[0]));
    assert_non_null(vmo_find_difference(modules[0], modules[1]));
    for (int k = 0; k < 2; k++) vmo_context_destroy(contexts[k]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(random_programs_read_back),
      cmocka_unit_test(equal_seeds_give_equal_programs),
      cmocka_unit_test(random_programs_have_every_construct),
      cmocka_unit_test(the_corpus_reads_back),
      cmocka_unit_test(differences_are_seen),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
