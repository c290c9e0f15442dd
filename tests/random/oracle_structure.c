/* oracle_structure.c: whether the planned program computes what the program that was given computes.
 *
 * Both are walked side by side. An inserted copy stands for what it copies; apart from those, the planned function must
 * have the ops of the written one, in order, with the same operands and the same results. The written one must be the
 * original, or under -O2 a part of it that has all ops with effects; that nothing is missing that is still used follows
 * from the verifier. Value ids are the same in all three. */
#include <inttypes.h>

#include "tests/random/oracle_internal.h"

typedef struct comparison {
  const vmo_function *left, *right; /* right: fewer ops, or with copies */
  vmo_verdict *verdict;
  const char *name;
} comparison;

static bool differ(comparison *c, uint32_t op, const char *what) {
  return vmo_blame(c->verdict, VMO_FAULT_STRUCTURE, "@%s, op %" PRIu32 ": %s", c->name, op, what);
}

/* What an operand of the right function is, copies that were inserted seen through. */
static vmo_operand see_through(const vmo_function *function, vmo_operand operand) {
  while (operand.kind == VMO_OPERAND_VALUE) {
    const vmo_value *value = &function->values.data[operand.index];
    if (value->kind != VMO_VALUE_RESULT || !function->ops.data[value->owner].inserted) break;
    operand = function->operands.data[function->ops.data[value->owner].operand_first];
  }
  return operand;
}

static bool same_operand(const comparison *c, vmo_operand left, vmo_operand right) {
  right = see_through(c->right, right);
  if (left.kind != right.kind) return false;
  if (left.kind != VMO_OPERAND_LITERAL) return left.index == right.index;
  const vmo_literal *a = &c->left->literals.data[left.index], *b = &c->right->literals.data[right.index];
  return a->kind == b->kind && a->element == b->element && a->negative == b->negative && a->value.bits == b->value.bits;
}

static bool compare_ops(comparison *c, const vmo_op *left, uint32_t at) {
  const vmo_op *right = &c->right->ops.data[at];
  if (left->code != right->code || left->callee != right->callee || left->operand_count != right->operand_count)
    return differ(c, at, "it is another op than in the program that was given");
  if (left->result_count != right->result_count || left->region_count != right->region_count ||
      left->attribute_count != right->attribute_count)
    return differ(c, at, "it has other results, regions or attributes than in the program that was given");
  if (left->result_count > 0 && left->result_first != right->result_first)
    return differ(c, at, "it makes other values than in the program that was given");
  for (uint32_t i = 0; i < left->operand_count; i++)
    if (!same_operand(c, c->left->operands.data[left->operand_first + i],
                      c->right->operands.data[right->operand_first + i]))
      return differ(c, at, "an operand is not that of the program that was given, nor a copy of it");
  for (uint32_t r = 0; r < left->region_count; r++) {
    const vmo_region *a = &c->left->regions.data[left->region_first + r];
    const vmo_region *b = &c->right->regions.data[right->region_first + r];
    if (a->kind != b->kind || a->argument_count != b->argument_count ||
        (a->argument_count > 0 && a->argument_first != b->argument_first))
      return differ(c, at, "a region has other arguments than in the program that was given");
  }
  return true;
}

/* Ops in order; each must stand in the region that is open, which its terminator ends. */
static bool compare_planned(comparison *c) {
  uint32_t left = 0;
  for (uint32_t right = 0; right < c->right->ops.count; right++) {
    if (c->right->ops.data[right].inserted) continue;
    if (left == c->left->ops.count) return differ(c, right, "it was not there");
    if (!compare_ops(c, &c->left->ops.data[left], right)) return false;
    if (c->left->ops.data[left].region != c->right->ops.data[right].region)
      return differ(c, right, "it stands in another region");
    left++;
  }
  return left == c->left->ops.count || differ(c, left, "an op is missing");
}

static bool has_effect(const vmo_module *module, const vmo_op *op) {
  return op->code == VMO_OP_call || op->code == VMO_OP_return ||
         (op->code == VMO_OP_declared && module->declarations.data[op->callee].effect);
}

/* The right ops are a part of the left ones, and no effect is missing. Ops without results are told apart by what
 * follows: a missing one must not have had an effect. */
static bool compare_written(comparison *c, const vmo_module *original) {
  uint32_t right = 0;
  for (uint32_t left = 0; left < c->left->ops.count; left++) {
    vmo_verdict quiet = {VMO_FAULT_NONE, ""};
    comparison same = {c->left, c->right, &quiet, c->name};
    if (right < c->right->ops.count && compare_ops(&same, &c->left->ops.data[left], right))
      right++;
    else if (has_effect(original, &c->left->ops.data[left]))
      return differ(c, left, "an op with an effect was removed");
  }
  return right == c->right->ops.count || differ(c, right, "it was not there, or stood elsewhere");
}

bool vmo_compare_structure(const vmo_planned *planned, uint32_t function, const vmo_module *original,
                           vmo_verdict *verdict) {
  const vmo_function *given = original->functions.data[function], *made = planned->module->functions.data[function];
  const vmo_function *written = planned->refused ? given : planned->written[function];
  comparison c = {given, written, verdict, vmo_name(original, given->name)};
  if (planned->refused) return true;
  if (!compare_written(&c, original)) return false;
  c.left = written;
  c.right = made;
  return compare_planned(&c);
}
