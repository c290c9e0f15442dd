/* rules_broadcast.c: shapes that are broadcast, as in numpy: aligned at their last sizes, equal or 1.
 *
 *   f64[N,1,8] with f64[K,8] gives f64[N,K,8]
 *
 * Linear in the ranks. */
#include "ir/verify.h"

#include <string.h>

/* `shape` with `rank - shape->rank` sizes of 1 before it. */
static void widen(vmo_check *check, vmo_shape *shape, uint32_t rank) {
  uint32_t more = rank - shape->rank;
  vmo_size_id one = vmo_size_constant(check->module->sizes, 1);
  memmove(shape->sizes + more, shape->sizes, shape->rank * sizeof *shape->sizes);
  for (uint32_t i = 0; i < more; i++) shape->sizes[i] = one;
  shape->rank = rank;
}

static bool fail_broadcast(vmo_check *check, uint32_t operand, const vmo_shape *shape, uint32_t at) {
  vmo_form form = vmo_operand_form(check, operand);
  vmo_size_id size = form.sizes[form.rank - (shape->rank - at)];
  const char *hint = vmo_formula_hint(check, &size, &shape->sizes[at], 1);
  return vmo_fail_at(check, VMO_DIAG_OPERAND_SHAPE, vmo_operand_location(check, operand),
                     hint != NULL ? hint : "sizes, compared from the last one, must be equal or 1",
                     "'%s' cannot broadcast %s, which is %s, to %s: %s and %s %s", check->name,
                     vmo_operand_text(check, operand), vmo_form_text(check, form),
                     vmo_sizes_text(check, shape->sizes, shape->rank), vmo_size_text(check, size),
                     vmo_size_text(check, shape->sizes[at]), hint != NULL ? "are not provably equal" : "differ");
}

static bool broadcast(vmo_check *check, vmo_shape *shape, uint32_t operand) {
  vmo_form form = vmo_operand_form(check, operand);
  if (form.rank > shape->rank) widen(check, shape, form.rank);
  uint32_t offset = shape->rank - form.rank;
  for (uint32_t i = 0; i < form.rank; i++) {
    vmo_size_id *size = &shape->sizes[offset + i];
    if (*size == form.sizes[i] || vmo_is_one(check, form.sizes[i])) continue;
    if (!vmo_is_one(check, *size)) return fail_broadcast(check, operand, shape, offset + i);
    *size = form.sizes[i];
  }
  return true;
}

static bool check_scalar(vmo_check *check, uint32_t operand) {
  const vmo_pattern *pattern = vmo_signature_operand(check->signature, operand);
  vmo_form form = vmo_operand_form(check, operand);
  if (!pattern->shaped || form.rank == 0) return true;
  return vmo_fail_at(check, VMO_DIAG_OPERAND_SHAPE, vmo_operand_location(check, operand), NULL,
                     "'%s' needs operand %s to be a scalar, but %s is %s", check->name,
                     vmo_word_text(check, pattern->name), vmo_operand_text(check, operand), vmo_form_text(check, form));
}

bool vmo_rule_broadcast(vmo_check *check) {
  vmo_shape shape;
  shape.rank = 0;
  for (uint32_t i = 0; i < check->op->operand_count; i++)
    if (!check_scalar(check, i) || !broadcast(check, &shape, i)) return false;
  return vmo_expect(check, 0, &shape);
}

bool vmo_rule_expand(vmo_check *check) {
  vmo_form form = vmo_operand_form(check, 0), written = vmo_result_form(check, 0);
  const char *hint = "the operand's sizes are aligned at the last ones, and are the result's or 1";
  bool fits = form.rank <= written.rank;
  for (uint32_t i = 0; fits && i < form.rank; i++)
    fits = form.sizes[i] == written.sizes[written.rank - form.rank + i] || vmo_is_one(check, form.sizes[i]);
  if (!fits)
    return vmo_fail(check, VMO_DIAG_RESULT_TYPE, hint, "'%s' cannot broadcast %s, which is %s, to %s", check->name,
                    vmo_operand_text(check, 0), vmo_form_text(check, form), vmo_form_text(check, written));
  vmo_shape shape = {.rank = written.rank};
  memcpy(shape.sizes, written.sizes, written.rank * sizeof *written.sizes);
  return vmo_expect(check, 0, &shape);
}
