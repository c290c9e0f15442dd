/* test_interner_options.c: what an interner can be opened with: words that are there from the start, limits, several threads;
 * its figures, its memory, and what it does when that fails. */
#define _POSIX_C_SOURCE 200809L

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/runtime_ctx.h"

static vmr_interner *open_interner(vmr_ctx *ctx, const vmr_interner_options *options) {
  vmr_interner *interner = NULL;
  assert_int_equal(vmr_interner_open(&interner, ctx, options), VMR_OK);
  assert_non_null(interner);
  return interner;
}

static vmr_symbol add_number(vmr_interner *interner, unsigned number) {
  char name[32];
  int length = snprintf(name, sizeof name, "value.%u", number);
  return vmr_interner_add(interner, name, (size_t)length);
}

/* ---- preloaded words ---- */

static const vmr_view WORDS[] = {
    VMR_VIEW_INIT("if"),     VMR_VIEW_INIT("else"), VMR_VIEW_INIT("while"),
    VMR_VIEW_INIT("return"), VMR_VIEW_INIT(""),     VMR_VIEW_INIT("a word of more than sixteen bytes"),
};
#define WORD_COUNT ((uint32_t)(sizeof WORDS / sizeof *WORDS))

static vmr_interner_options preload(const vmr_view *words, uint32_t count) {
  vmr_interner_options options = vmr_interner_options_default();
  options.words = words;
  options.word_count = count;
  return options;
}

static void words_have_the_first_symbols_and_their_own_texts(void **state) {
  (void)state;
  vmr_interner_options options = preload(WORDS, WORD_COUNT);
  vmr_interner *interner = open_interner(NULL, &options);
  assert_int_equal(vmr_interner_count(interner), WORD_COUNT);
  for (uint32_t i = 0; i < WORD_COUNT; i++) {
    assert_int_equal(vmr_interner_find(interner, WORDS[i].data, WORDS[i].length), i + 1);
    assert_int_equal(vmr_interner_add(interner, WORDS[i].data, WORDS[i].length), i + 1);
    assert_ptr_equal(vmr_interner_text(interner, i + 1, NULL), WORDS[i].data);
    assert_int_equal(vmr_interner_view(interner, i + 1).length, WORDS[i].length);
  }
  assert_int_equal(vmr_interner_find(interner, "els", 3), 0);
  assert_int_equal(vmr_interner_add(interner, "other", 5), WORD_COUNT + 1);
  for (unsigned i = 0; i < 5000; i++) assert_int_equal(add_number(interner, i), WORD_COUNT + 2 + i);
  assert_int_equal(vmr_interner_find(interner, "return", 6), 4); /* after the table grew */
  assert_string_equal(vmr_interner_text(interner, WORD_COUNT + 1, NULL), "other");
  assert_true(vmr_interner_is_valid(interner));
  vmr_interner_destroy(interner);
}

/* As many allocations as without words, and none of a size that depends on their texts. */
static void words_cost_no_allocation(void **state) {
  (void)state;
  vmr_ctx *ctx = make_ctx();
  vmr_interner *plain = open_interner(ctx, NULL);
  uint64_t allocations = read_account(ctx, VMR_KIND_INTERNER).obtained;
  size_t bytes = read_account(ctx, VMR_KIND_INTERNER).current_bytes;
  vmr_interner_options options = preload(WORDS, WORD_COUNT);
  vmr_interner *loaded = open_interner(ctx, &options);
  assert_int_equal(read_account(ctx, VMR_KIND_INTERNER).obtained, 2 * allocations);
  assert_int_equal(read_account(ctx, VMR_KIND_INTERNER).current_bytes, 2 * bytes);
  for (uint32_t i = 0; i < WORD_COUNT; i++) vmr_interner_add(loaded, WORDS[i].data, WORDS[i].length);
  assert_int_equal(read_account(ctx, VMR_KIND_INTERNER).obtained, 2 * allocations);
  assert_int_equal(vmr_interner_read_figures(loaded).stored_bytes, 0);
  vmr_interner_destroy(plain);
  vmr_interner_destroy(loaded);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

static void a_long_list_of_words_fits(void **state) {
  (void)state;
  enum { COUNT = 20000 };
  char(*texts)[16] = malloc(COUNT * sizeof *texts);
  vmr_view *words = malloc(COUNT * sizeof *words);
  for (uint32_t i = 0; i < COUNT; i++)
    words[i] = (vmr_view){texts[i], (size_t)snprintf(texts[i], sizeof texts[i], "word%u", i)};
  vmr_interner_options options = preload(words, COUNT);
  vmr_interner *interner = open_interner(NULL, &options);
  assert_true(vmr_interner_is_valid(interner));
  for (uint32_t i = 0; i < COUNT; i++)
    assert_int_equal(vmr_interner_find(interner, words[i].data, words[i].length), i + 1);
  vmr_interner_destroy(interner);
  words[COUNT - 1] = words[0];
  assert_int_equal(vmr_interner_open(&interner, NULL, &options), VMR_INVALID_ARGUMENT);
  assert_null(interner);
  free(words);
  free(texts);
}

/* ---- arguments ---- */

static void options_are_checked(void **state) {
  (void)state;
  vmr_ctx *ctx = make_ctx();
  vmr_interner *interner = NULL;
  vmr_interner_options options = vmr_interner_options_default();
  assert_int_equal(vmr_interner_open(NULL, ctx, NULL), VMR_INVALID_ARGUMENT);
  options.struct_size = 2;
  assert_int_equal(vmr_interner_open(&interner, ctx, &options), VMR_INVALID_ARGUMENT);
  options.struct_size = sizeof options + 8;
  assert_int_equal(vmr_interner_open(&interner, ctx, &options), VMR_WRONG_VERSION);
  options = preload(NULL, 1);
  assert_int_equal(vmr_interner_open(&interner, ctx, &options), VMR_INVALID_ARGUMENT);
  options = preload(WORDS, 3);
  options.most_symbols = 2;
  assert_int_equal(vmr_interner_open(&interner, ctx, &options), VMR_INVALID_ARGUMENT);
  vmr_view bad = {NULL, 3};
  options = preload(&bad, 1);
  assert_int_equal(vmr_interner_open(&interner, ctx, &options), VMR_INVALID_ARGUMENT);
  assert_null(interner);
  vmr_interner_destroy(NULL);
  assert_int_equal(read_account(ctx, VMR_KIND_INTERNER).current_bytes, 0);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

/* ---- limits ---- */

static void no_more_symbols_than_allowed(void **state) {
  (void)state;
  vmr_interner_options options = preload(WORDS, 3);
  options.most_symbols = 5;
  vmr_interner *interner = open_interner(NULL, &options);
  assert_int_equal(add_number(interner, 0), 4);
  assert_int_equal(add_number(interner, 1), 5);
  assert_int_equal(vmr_interner_status(interner), VMR_OK);
  assert_int_equal(add_number(interner, 2), 0);
  assert_int_equal(add_number(interner, 1), 5);
  assert_int_equal(vmr_interner_status(interner), VMR_OUT_OF_MEMORY);
  vmr_interner_figures figures = vmr_interner_read_figures(interner);
  assert_int_equal(figures.limits_hit, 1);
  assert_int_equal(figures.refused, 1);
  assert_int_equal(figures.misses, 3);
  assert_int_equal(figures.hits, 1);
  assert_true(vmr_interner_is_valid(interner));
  vmr_interner_destroy(interner);
}

/* Near the limit chunks get smaller, so that most of it is used. */
static void no_more_bytes_than_allowed(void **state) {
  (void)state;
  vmr_ctx *ctx = make_ctx();
  vmr_interner_options options = vmr_interner_options_default();
  options.most_bytes = 100000;
  vmr_interner *interner = open_interner(ctx, &options);
  unsigned count = 0;
  while (add_number(interner, count) != 0) {
    count++;
    assert_true(count < 100000);
  }
  assert_in_range(read_account(ctx, VMR_KIND_INTERNER).peak_bytes, 60000, 100000);
  assert_true(count > 1000);
  assert_int_equal(vmr_interner_read_figures(interner).reserved_bytes,
                   read_account(ctx, VMR_KIND_INTERNER).current_bytes);
  assert_true(vmr_interner_read_figures(interner).limits_hit > 0);
  assert_true(vmr_interner_is_valid(interner));
  for (unsigned i = 0; i < count; i++) assert_int_equal(add_number(interner, i), i + 1);
  vmr_interner_destroy(interner);
  assert_int_equal(read_account(ctx, VMR_KIND_INTERNER).current_bytes, 0);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

static void the_limit_of_the_context_holds(void **state) {
  (void)state;
  vmr_ctx *ctx = make_ctx();
  vmr_interner *interner = open_interner(ctx, NULL);
  vmr_ctx_set_limits(ctx, 0, 50000);
  unsigned count = 0;
  while (add_number(interner, count) != 0) count++;
  assert_true(count > 500);
  assert_true(read_account(ctx, VMR_KIND_INTERNER).peak_bytes <= 50000);
  assert_true(vmr_ctx_limits_hit(ctx) > 0);
  vmr_ctx_set_limits(ctx, 0, 0);
  assert_int_equal(add_number(interner, count), count + 1); /* it goes on when there is memory again */
  assert_true(vmr_interner_is_valid(interner));
  vmr_interner_destroy(interner);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

/* ---- figures ---- */

static void figures_count_what_happened(void **state) {
  (void)state;
  for (int is_shared = 0; is_shared < 2; is_shared++) {
    vmr_interner_options options = vmr_interner_options_default();
    options.is_shared = is_shared != 0;
    vmr_interner *interner = open_interner(NULL, &options);
    vmr_interner_add(interner, "abc", 3);
    vmr_interner_add(interner, "a text that is longer than sixteen", 34);
    vmr_interner_add(interner, "abc", 3);
    vmr_interner_add(interner, "abc", 3);
    vmr_interner_add(interner, "a text that is longer than sixteen", 34);
    vmr_interner_find(interner, "abc", 3);
    vmr_interner_figures figures = vmr_interner_read_figures(interner);
    assert_int_equal(figures.symbols, 2);
    assert_int_equal(figures.hits, 3);
    assert_int_equal(figures.misses, 2);
    assert_int_equal(figures.stored_bytes, 3 + 34);
    assert_int_equal(figures.saved_bytes, 4 + 4 + 35);
    assert_int_equal(figures.refused, 0);
    vmr_interner_destroy(interner);
  }
}

/* Twelve-byte texts: 46 bytes at most for each, everything included; a shared one keeps its outgrown tables until a trim. */
static void bytes_per_text_stay_low(void **state) {
  (void)state;
  for (int is_shared = 0; is_shared < 2; is_shared++) {
    vmr_ctx *ctx = make_ctx();
    vmr_interner_options options = vmr_interner_options_default();
    options.is_shared = is_shared != 0;
    vmr_interner *interner = open_interner(ctx, &options);
    char name[16];
    for (unsigned i = 0; i < 200000; i++) {
      snprintf(name, sizeof name, "name%08u", i);
      assert_int_equal(vmr_interner_add(interner, name, 12), i + 1);
      if (i >= 20000 && i % 1000 == 0)
        assert_true(read_account(ctx, VMR_KIND_INTERNER).current_bytes <= 48 * (size_t)i);
      if (i == 100000) assert_true(read_account(ctx, VMR_KIND_INTERNER).current_bytes <= 46 * (size_t)i);
    }
    size_t retired = vmr_interner_read_figures(interner).retired_bytes,
           before = read_account(ctx, VMR_KIND_INTERNER).current_bytes;
    assert_int_equal(retired != 0, is_shared != 0);
    assert_int_equal(vmr_trim(ctx), retired);
    assert_int_equal(read_account(ctx, VMR_KIND_INTERNER).current_bytes, before - retired);
    assert_true(read_account(ctx, VMR_KIND_INTERNER).current_bytes <= 36 * (size_t)200000);
    assert_int_equal(vmr_interner_find(interner, name, 12), 200000);
    vmr_interner_destroy(interner);
    assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
  }
}

/* ---- memory that fails ---- */

/* The n-th allocation fails, for each n: no crash, no leak, and what was added before is there. */
static void any_allocation_may_fail(void **state) {
  (void)state;
  enum { TEXTS = 3000 };
  bool is_done = false;
  for (uint64_t n = 1; !is_done; n = n < 60 ? n + 1 : n + n / 5) {
    vmr_ctx *ctx = make_ctx();
    vmr_ctx_set_faults(ctx, n, 0, 0, 0);
    vmr_interner_options options = preload(WORDS, WORD_COUNT);
    options.is_shared = n % 2 == 0;
    vmr_interner *interner = NULL;
    vmr_status status = vmr_interner_open(&interner, ctx, &options);
    unsigned failed = 0;
    if (status == VMR_OK) {
      for (unsigned i = 0; i < TEXTS; i++) failed += add_number(interner, i) == 0;
      assert_true(failed <= 1);
      assert_true(vmr_interner_is_valid(interner));
      assert_int_equal(vmr_interner_count(interner), WORD_COUNT + TEXTS - failed);
      assert_int_equal(vmr_interner_status(interner), failed != 0 ? VMR_OUT_OF_MEMORY : VMR_OK);
      for (unsigned i = 0; i < TEXTS; i++) assert_int_not_equal(add_number(interner, i), 0);
      vmr_interner_destroy(interner);
    } else {
      assert_int_equal(status, VMR_OUT_OF_MEMORY);
      assert_null(interner);
    }
    is_done = n > TEXTS && failed == 0;
    assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
  }
}

/* ---- several threads ---- */

typedef struct adder {
  pthread_t thread;
  vmr_interner *interner;
  unsigned first, count;
  vmr_symbol *symbols;
} adder;

static void *run_adder(void *argument) {
  adder *self = argument;
  for (unsigned i = 0; i < self->count; i++)
    self->symbols[i] = add_number(self->interner, (self->first + i) % self->count);
  return NULL;
}

static void threads_agree_about_symbols(void **state) {
  (void)state;
  enum { THREADS = 4, TEXTS = 20000 };
  vmr_interner_options options = vmr_interner_options_default();
  options.is_shared = true;
  vmr_interner *interner = open_interner(NULL, &options);
  adder adders[THREADS];
  for (unsigned i = 0; i < THREADS; i++) {
    adders[i] = (adder){.interner = interner, .first = i * (TEXTS / THREADS), .count = TEXTS};
    adders[i].symbols = calloc(TEXTS, sizeof(vmr_symbol));
    assert_int_equal(pthread_create(&adders[i].thread, NULL, run_adder, &adders[i]), 0);
  }
  for (unsigned i = 0; i < THREADS; i++) pthread_join(adders[i].thread, NULL);
  for (unsigned i = 0; i < THREADS; i++) {
    for (unsigned k = 0; k < TEXTS; k++)
      assert_int_equal(adders[i].symbols[k], add_number(interner, (adders[i].first + k) % TEXTS));
    free(adders[i].symbols);
  }
  vmr_interner_figures figures = vmr_interner_read_figures(interner);
  assert_int_equal(figures.symbols, TEXTS);
  assert_int_equal(figures.hits + figures.misses, 2 * THREADS * TEXTS); /* none is lost */
  assert_true(vmr_interner_is_valid(interner));
  vmr_interner_destroy(interner);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(words_have_the_first_symbols_and_their_own_texts),
      cmocka_unit_test(words_cost_no_allocation),
      cmocka_unit_test(a_long_list_of_words_fits),
      cmocka_unit_test(options_are_checked),
      cmocka_unit_test(no_more_symbols_than_allowed),
      cmocka_unit_test(no_more_bytes_than_allowed),
      cmocka_unit_test(the_limit_of_the_context_holds),
      cmocka_unit_test(figures_count_what_happened),
      cmocka_unit_test(bytes_per_text_stay_low),
      cmocka_unit_test(any_allocation_may_fail),
      cmocka_unit_test(threads_agree_about_symbols),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
