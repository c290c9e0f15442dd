/* declared.c: what a declared op of a random program computes, for both engines: each result element is 1 + the sum of what
 * stands at its index in the operands. A compiled call does not say how many operands there are; here that stands in what
 * the op's name leads to. */
#include "tests/random/declared.h"

#include <string.h>

static double sum_at(const vmo_array *operands, uint32_t count, int64_t index) {
  double sum = 1;
  for (uint32_t k = 0; k < count; k++) {
    if (operands[k].count == 0) continue;
    vmo_number number = vmo_load(operands[k].element, operands[k].data, index % operands[k].count);
    sum += vmo_convert(operands[k].element, number, VMO_F64).real;
  }
  return sum;
}

bool sum_declared(void *user, vmo_context *context, const char *name, const vmo_array *operands, uint32_t operand_count,
                  vmo_array *results, uint32_t result_count, void *workspace) {
  (void)user, (void)context, (void)name, (void)workspace;
  for (uint32_t r = 0; r < result_count; r++)
    for (int64_t i = 0; i < results[r].count; i++)
      vmo_store(results[r].element, results[r].data, i,
                vmo_number_of_real(results[r].element, sum_at(operands, operand_count, i)));
  return true;
}

static vmo_array array_of(const vmr_array *array) {
  return (vmo_array){.element = (vmo_element)array->element, .count = array->count, .data = array->data};
}

/* The count of operands and results is known from the declaration; here it stands in what the name leads to. */
typedef struct declared_shape {
  uint32_t operands, results;
} declared_shape;

enum { MOST_DECLARED = 8, MOST_OPERANDS = 16 };
static declared_shape declared_shapes[MOST_DECLARED];

static int32_t run_compiled_declared(int which, const vmr_array *operands, const vmr_array *results) {
  vmo_array in[MOST_OPERANDS], out[MOST_OPERANDS];
  const declared_shape *shape = &declared_shapes[which];
  for (uint32_t i = 0; i < shape->operands; i++) in[i] = array_of(&operands[i]);
  for (uint32_t i = 0; i < shape->results; i++) out[i] = array_of(&results[i]);
  int64_t most = 0;
  for (uint32_t r = 0; r < shape->results; r++)
    if (out[r].count > most) most = out[r].count;
  for (int64_t i = 0; i < most; i++) { /* all results of an index after the operands at it were read */
    double sum = sum_at(in, shape->operands, i);
    for (uint32_t r = 0; r < shape->results; r++)
      if (i < out[r].count) vmo_store(out[r].element, out[r].data, i, vmo_number_of_real(out[r].element, sum));
  }
  return 0;
}

#define DECLARED(n) \
  static int32_t run_declared_##n(const vmr_array *operands, const vmr_array *results, void *workspace) { \
    (void)workspace; \
    return run_compiled_declared(n, operands, results); \
  }
DECLARED(0)
DECLARED(1)
DECLARED(2)
DECLARED(3)
DECLARED(4)
DECLARED(5)
DECLARED(6)
DECLARED(7)

vmr_declared_op find_summing_op(void *user, const char *name) {
  static const vmr_declared_op functions[MOST_DECLARED] = {run_declared_0, run_declared_1, run_declared_2,
                                                           run_declared_3, run_declared_4, run_declared_5,
                                                           run_declared_6, run_declared_7};
  const vmo_module *module = user;
  for (uint32_t i = 0; i < module->declarations.count && i < MOST_DECLARED; i++) {
    const vmo_declaration *declaration = &module->declarations.data[i];
    if (strcmp(vmo_name(module, declaration->name), name) != 0) continue;
    declared_shapes[i] = (declared_shape){declaration->parameter_types.count, declaration->result_types.count};
    return functions[i];
  }
  return NULL;
}
