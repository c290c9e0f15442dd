/* test_fusion.c: what fusion may do to the plan of a random program: its arena is never larger than without, and often
 * smaller. That the program computes the same is random.evaluate's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "passes/passes.h"
#include "tests/random/generate.h"

#ifdef __SANITIZE_ADDRESS__
enum { PROGRAMS = 300 };
#else
enum { PROGRAMS = 2000 };
#endif
enum { SIZE = 60, DIM = 40 };

static vmo_binding bind(const vmo_module *module) {
  vmo_binding binding = vmo_declared_binding(module);
  for (uint32_t i = 0; i < binding.count; i++) {
    vmo_interval *dim = &binding.dims[i];
    if (dim->high == INT64_MAX && module->dims.data[i].kind != VMO_DIM_LOCAL) dim->low = dim->high = DIM;
  }
  return binding;
}

/* Bytes of all arenas of each function, with or without fusion; how many ops were made. */
static uint32_t plan(uint64_t seed, const char *passes, vmo_bytes *arenas, uint32_t *functions) {
  vmo_context *context = vmo_context_create();
  vmo_module *module = vmo_generate_module(context, seed, SIZE);
  vmo_plan_options options = {.optimise = 2, .passes = passes};
  vmo_module_facts *facts;
  uint32_t fused = 0;
  *functions = 0;
  assert_non_null(module);
  assert_int_equal(vmo_verify_module(module), VMO_OK);
  vmo_binding binding = bind(module);
  if (vmo_check_binding(module, &binding) == VMO_OK && vmo_plan_module(module, &binding, &options, &facts) == VMO_OK) {
    *functions = module->functions.count;
    for (uint32_t f = 0; f < *functions; f++) {
      arenas[f] = facts->functions.data[f]->figures.arena.bytes;
      fused += facts->functions.data[f]->fused.count;
    }
  }
  vmo_context_destroy(context);
  return fused;
}

static void test_arenas_do_not_grow(void **state) {
  /* loops that alternate may take a little more, which is not fusion's doing */
  static const char with[] = "dce,fuse,measure,shift,coalesce,buffers,inplace,slots,annotate,record",
                    without[] = "dce,measure,coalesce,buffers,inplace,slots,annotate,record";
  (void)state;
  uint32_t fused = 0, smaller = 0;
  for (uint64_t seed = 1; seed <= PROGRAMS; seed++) {
    vmo_bytes before[16] = {0}, after[16] = {0};
    uint32_t functions, as_many;
    assert_int_equal(plan(seed, without, before, &functions), 0);
    fused += plan(seed, with, after, &as_many);
    assert_int_equal(functions, as_many);
    for (uint32_t f = 0; f < functions; f++) {
      if (before[f] < 0 || after[f] < 0) continue;
      smaller += after[f] < before[f];
      if (after[f] > before[f])
        fail_msg("vmo-random --seed %llu --size %d: function %u has an arena of %lld bytes, with fusion of %lld",
                 (unsigned long long)seed, SIZE, f, (long long)before[f], (long long)after[f]);
    }
  }
  assert_true(fused > PROGRAMS / 4);
  assert_true(smaller > PROGRAMS / 20);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_arenas_do_not_grow)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
