/* create.c: ops that make arrays out of little: const, fill, iota, random, copy. Linear. */
#include "evaluate/kernel.h"

#include <string.h>

bool vmo_run_const(vmo_run *run) {
  vmo_array *result = &run->results[0];
  for (int64_t i = 0; i < result->count; i++)
    vmo_put(result, i, vmo_run_number(run, "value", (uint32_t)i, result->element, 0));
  return true;
}

bool vmo_run_fill(vmo_run *run) {
  vmo_array *result = &run->results[0];
  vmo_number value = vmo_get(&run->operands[0], 0);
  for (int64_t i = 0; i < result->count; i++) vmo_put(result, i, value);
  return true;
}

/* Each element from its index, so that no error adds up. */
bool vmo_run_iota(vmo_run *run) {
  vmo_array *result = &run->results[0];
  vmo_element element = result->element;
  vmo_number start = vmo_run_number(run, "start", 0, element, 0), step = vmo_run_number(run, "step", 0, element, 1);
  for (int64_t i = 0; i < result->count; i++) {
    vmo_number number;
    if (vmo_element_is_float(element))
      number.real = start.real + vmo_round_to(element, step.real * vmo_round_to(element, (double)i));
    else
      number.natural = start.natural + step.natural * (uint64_t)i;
    vmo_put(result, i, number);
  }
  return true;
}

/* An integer is low + floor(u * (high - low)). */
static vmo_number draw(vmo_element element, vmo_number low, vmo_number high, double uniform) {
  if (vmo_element_is_float(element)) {
    double real = vmo_round_to(element, low.real + uniform * (high.real - low.real));
    return (vmo_number){.real = real < high.real ? real : low.real}; /* rounding may reach the end */
  }
  uint64_t width = high.natural - low.natural;
  bool empty = vmo_compare(element, low, high) >= 0;
  uint64_t steps = empty ? 0 : (uint64_t)(uniform * (double)width);
  return (vmo_number){.natural = low.natural + (steps < width ? steps : width - 1)};
}

bool vmo_run_random(vmo_run *run) {
  vmo_array *result = &run->results[0];
  vmo_element element = result->element;
  uint64_t seed = (uint64_t)vmo_run_integer(run, "seed", 0, 0);
  vmo_number low = vmo_run_number(run, "low", 0, element, 0), high = vmo_run_number(run, "high", 0, element, 1);
  for (int64_t i = 0; i < result->count; i++)
    vmo_put(result, i, draw(element, low, high, vmo_draw_uniform(seed, (uint64_t)i)));
  return true;
}

bool vmo_run_copy(vmo_run *run) {
  vmo_array *result = &run->results[0];
  size_t bytes = (size_t)result->count * (size_t)vmo_element_bytes(result->element);
  if (bytes > 0) memcpy(result->data, run->operands[0].data, bytes);
  return true;
}
