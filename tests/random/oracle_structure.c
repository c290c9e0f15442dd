/* oracle_structure.c: whether the planned program computes what the program that was given computes.
 *
 * Both are walked side by side. An inserted copy stands for what it copies; apart from those, the planned function must
 * have the ops of the written one, in order, with the same operands and the same results. The written one must be the
 * original, or under -O2 a part of it that has all ops with effects; that nothing is missing that is still used follows
 * from the verifier. Value ids are the same in all three.
 *
 * Under -O2 an op may also be one that the original does not declare. Its body, read from its end, must be what the original
 * computes for its result: op for op, down to the operands that it is given. Loops that do two trips in one are first seen as
 * what they were (oracle_doubled.c). */
#include <inttypes.h>
#include <string.h>

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

/* ---- ops that became one ---- */

typedef struct unfolding {
  comparison *c;
  const vmo_module *module; /* of both */
  const vmo_function *body;
  const vmo_op *use;       /* in the right function */
  const vmo_module *first; /* the original */
  vmo_value_id *values;    /* per value of the body: what it is in the original; VMO_NONE: not met yet */
} unfolding;

static bool same_size(const unfolding *u, vmo_size_id left, vmo_size_id right) {
  vmo_text texts[2];
  const vmo_module *modules[2] = {u->first, u->module};
  vmo_size_id sizes[2] = {left, right};
  for (int i = 0; i < 2; i++) {
    vmo_text_init(&texts[i]);
    vmo_size_print(modules[i]->sizes, sizes[i], modules[i]->dims.data, modules[i]->context->names, &texts[i]);
  }
  bool same = strcmp(texts[0].data ? texts[0].data : "", texts[1].data ? texts[1].data : "") == 0;
  vmo_text_free(&texts[0]);
  vmo_text_free(&texts[1]);
  return same;
}

/* Attributes of the original op and of the body's. */
static bool same_attributes(const unfolding *u, const vmo_op *left, const vmo_op *right) {
  if (left->attribute_count != right->attribute_count) return false;
  for (uint32_t i = 0; i < left->attribute_count; i++) {
    const vmo_attribute *a = &u->c->left->attributes.data[left->attribute_first + i];
    const vmo_attribute *b = &u->body->attributes.data[right->attribute_first + i];
    if (strcmp(vmo_name(u->first, a->name), vmo_name(u->module, b->name)) != 0 || a->item_count != b->item_count)
      return false;
    for (uint32_t k = 0; k < a->item_count; k++) {
      const vmo_attribute_item *x = &u->c->left->items.data[a->item_first + k];
      const vmo_attribute_item *y = &u->body->items.data[b->item_first + k];
      if (x->kind != y->kind) return false;
      if (x->kind == VMO_ATTRIBUTE_SIZE ? !same_size(u, x->value.id, y->value.id)
                                        : x->value.integer != y->value.integer)
        return false;
    }
  }
  return true;
}

/* Operand `wanted` of the original is `given` of the body. */
static bool unfold_operand(const unfolding *u, vmo_operand wanted, vmo_operand given) {
  if (given.kind == VMO_OPERAND_LITERAL) {
    const vmo_literal *b = &u->body->literals.data[given.index];
    if (wanted.kind != VMO_OPERAND_LITERAL) return false;
    const vmo_literal *a = &u->c->left->literals.data[wanted.index];
    return a->kind == b->kind && a->element == b->element && a->negative == b->negative &&
           a->value.bits == b->value.bits;
  }
  if (given.kind == VMO_OPERAND_SIZE) return wanted.kind == VMO_OPERAND_SIZE && same_size(u, wanted.index, given.index);
  if (given.index < u->body->parameters.count) {
    vmo_operand outside = u->c->right->operands.data[u->use->operand_first + given.index];
    return wanted.kind == outside.kind && wanted.index == outside.index;
  }
  if (wanted.kind != VMO_OPERAND_VALUE) return false;
  if (u->values[given.index] == VMO_NONE) u->values[given.index] = wanted.index;
  return u->values[given.index] == wanted.index;
}

static bool unfold_op(const unfolding *u, const vmo_op *inner) {
  vmo_value_id value = u->values[inner->result_first];
  if (value == VMO_NONE || u->c->left->values.data[value].kind != VMO_VALUE_RESULT) return false;
  const vmo_op *op = &u->c->left->ops.data[u->c->left->values.data[value].owner];
  if (op->code != inner->code || op->operand_count != inner->operand_count || op->result_count != 1) return false;
  if (!same_attributes(u, op, inner)) return false;
  for (uint32_t i = 0; i < op->operand_count; i++)
    if (!unfold_operand(u, u->c->left->operands.data[op->operand_first + i],
                        u->body->operands.data[inner->operand_first + i]))
      return false;
  return true;
}

/* Whether op `right` of the right function is what the original computes for its result. */
static bool is_made_of(comparison *c, const vmo_planned *planned, const vmo_module *original, const vmo_op *right) {
  if (right->code != VMO_OP_declared || right->callee < original->declarations.count) return false;
  const vmo_function *body = planned->module->declarations.data[right->callee].body;
  unfolding u = {c, planned->module, body, right, original, NULL};
  if (!body || right->result_count != 1) return false;
  u.values = vmo_alloc(planned->context, ((size_t)body->values.count + 1) * sizeof *u.values);
  if (!u.values) return false;
  for (vmo_value_id v = 0; v < body->values.count; v++) u.values[v] = VMO_NONE;
  u.values[body->operands.data[body->ops.data[body->ops.count - 1].operand_first].index] = right->result_first;
  for (uint32_t i = body->ops.count - 1; i-- > 0;)
    if (!unfold_op(&u, &body->ops.data[i])) return false;
  return true;
}

/* ---- what -O2 left ---- */

static bool has_effect(const vmo_module *module, const vmo_op *op) {
  return op->code == VMO_OP_call || op->code == VMO_OP_return ||
         (op->code == VMO_OP_declared && module->declarations.data[op->callee].effect);
}

/* The right ops are a part of the left ones, and no effect is missing. Ops without results are told apart by what
 * follows: a missing one must not have had an effect. */
static bool compare_written(comparison *c, const vmo_planned *planned, const vmo_module *original) {
  uint32_t right = 0;
  for (uint32_t left = 0; left < c->left->ops.count; left++) {
    vmo_verdict quiet = {VMO_FAULT_NONE, ""};
    comparison same = {c->left, c->right, &quiet, c->name};
    const vmo_op *given = &c->left->ops.data[left];
    bool fused = right < c->right->ops.count && c->right->ops.data[right].result_count > 0 && given->result_count > 0 &&
                 c->right->ops.data[right].result_first == given->result_first &&
                 is_made_of(c, planned, original, &c->right->ops.data[right]);
    if (fused || (right < c->right->ops.count && compare_ops(&same, given, right)))
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
  const vmo_function *folded = planned->refused ? given : vmo_fold_loops(planned, original, function, verdict);
  comparison c = {given, folded, verdict, vmo_name(original, given->name)};
  if (planned->refused) return true;
  if (!folded || !compare_written(&c, planned, original)) return false;
  c.left = written;
  c.right = made;
  return compare_planned(&c);
}
