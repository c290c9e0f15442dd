/* test_evaluate.c: what the passes edit (copies that they insert, dead values that they remove) computes the same.
 *
 * Random programs run on the reference engine as written, and again after the pipeline; results and states agree bit for
 * bit. Places are not looked at here, for the engine knows none: random.oracle does that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "evaluate/evaluate.h"
#include "evaluate/number.h"
#include "passes/passes.h"
#include "tests/random/generate.h"

enum { PROGRAMS = 400, SIZE = 60, OP_LIMIT = 20000 };

static const int64_t DIMS[] = {3, 2, 1, 5};

static vmo_binding bind(const vmo_module *module) {
  vmo_binding binding = vmo_declared_binding(module);
  for (uint32_t i = 0; i < binding.count; i++) {
    vmo_interval *dim = &binding.dims[i];
    if (dim->low == dim->high) continue;
    int64_t wanted = DIMS[i % 4];
    dim->low = dim->high = dim->high < wanted ? dim->high : wanted;
  }
  return binding;
}

/* Small whole numbers, so that much is equal, less is, and loops stay short. */
static void fill(vmo_array *array, uint64_t seed) {
  for (int64_t i = 0; i < array->count; i++) {
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    vmo_store(array->element, array->data, i, vmo_number_of(array->element, (int64_t)(seed >> 61)));
  }
}

/* Every declared op: each result element is 1 + the sum of what stands at its index in the operands. */
static bool run_declared(void *user, vmo_context *context, const char *name, const vmo_array *operands,
                         uint32_t operand_count, vmo_array *results, uint32_t result_count, void *workspace) {
  (void)workspace;
  (void)user, (void)context, (void)name;
  for (uint32_t r = 0; r < result_count; r++) {
    vmo_array *result = &results[r];
    for (int64_t i = 0; i < result->count; i++) {
      double sum = 1;
      for (uint32_t k = 0; k < operand_count; k++) {
        if (operands[k].count == 0) continue;
        vmo_number number = vmo_load(operands[k].element, operands[k].data, i % operands[k].count);
        sum += vmo_convert(operands[k].element, number, VMO_F64).real;
      }
      vmo_store(result->element, result->data, i, vmo_number_of_real(result->element, sum));
    }
  }
  return true;
}

static vmo_status evaluate(vmo_module *module, vmo_function_id id, const vmo_binding *binding,
                           vmo_evaluate_result *result) {
  const vmo_function *function = module->functions.data[id];
  const vmo_evaluate_options options = {.op_limit = OP_LIMIT, .call_limit = 50, .declared = run_declared};
  vmo_array *arguments = vmo_alloc_array(module->context, function->parameters.count + (size_t)1, sizeof *arguments);
  assert_non_null(arguments);
  for (uint32_t i = 0; i < function->parameters.count; i++) {
    assert_true(vmo_make_array(module, function->values.data[i].type, binding, module->context->arena, &arguments[i]));
    fill(&arguments[i], i + 1);
  }
  return vmo_evaluate_function(module, id, binding, arguments, &options, result);
}

static bool is_equal(const vmo_evaluate_result *left, const vmo_evaluate_result *right) {
  bool equal = left->result_count == right->result_count;
  for (uint32_t i = 0; equal && i < left->result_count; i++) {
    const vmo_array *a = &left->results[i], *b = &right->results[i];
    size_t bytes = (size_t)(a->count * vmo_element_bytes(a->element));
    equal = a->count == b->count && (bytes == 0 || memcmp(a->data, b->data, bytes) == 0);
  }
  return equal;
}

/* Runs every function of both; how many of the first's came to an end. */
static uint32_t compare(vmo_module *written, vmo_module *planned, const vmo_binding *binding, uint64_t seed) {
  uint32_t ended = 0;
  for (vmo_function_id id = 0; id < written->functions.count; id++) {
    vmo_evaluate_result before, after;
    if (evaluate(written, id, binding, &before) != VMO_OK) continue;
    ended++;
    if (evaluate(planned, id, binding, &after) != VMO_OK && after.op_count >= OP_LIMIT) continue; /* its copies count */
    if (!is_equal(&before, &after))
      fail_msg("vmo-random --seed %llu --size %d: @%s computes something else once it is planned",
               (unsigned long long)seed, SIZE, vmo_name(written, written->functions.data[id]->name));
  }
  return ended;
}

static void test_plans_compute_the_same(void **state) {
  (void)state;
  uint32_t functions = 0, ended = 0;
  for (uint64_t seed = 1; seed <= PROGRAMS; seed++) {
    vmo_context *contexts[2] = {vmo_context_create(), vmo_context_create()};
    vmo_module *modules[2];
    for (int i = 0; i < 2; i++) {
      assert_non_null(contexts[i]);
      modules[i] = vmo_generate_module(contexts[i], seed, SIZE);
      assert_non_null(modules[i]);
      assert_int_equal(vmo_verify_module(modules[i]), VMO_OK);
    }
    vmo_binding binding = bind(modules[0]);
    assert_int_equal(vmo_check_binding(modules[0], &binding), VMO_OK);
    vmo_plan_options options = {.optimise = seed % 2 == 0 ? 2 : 0, .results_in_caller = seed % 3 == 0};
    vmo_module_facts *facts;
    vmo_status status = vmo_plan_module(modules[1], &binding, &options, &facts);
    if (status != VMO_INPUT_ERROR) assert_int_equal(status, VMO_OK); /* states pinned over each other are an error */
    if (status == VMO_OK) {
      functions += modules[0]->functions.count;
      ended += compare(modules[0], modules[1], &binding, seed);
    }
    vmo_context_destroy(contexts[0]);
    vmo_context_destroy(contexts[1]);
  }
  assert_true(ended > functions / 2); /* the others left an array, or the limit */
  assert_true(functions > PROGRAMS);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_plans_compute_the_same)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
