/* oracle_doubled.c: loops that -O2 made to do two trips in one, seen as the loops that they were.
 *
 *   given:  for %i = %lo to %hi {        made:  %a = max %hi, least + 1      unless %hi is a dim or a literal
 *             first                             %b = sub %a, 1
 *             yield %y                          for %i = %lo to %hi step 2 {
 *           }                                     first
 *                                                 %m = lt %i, %b
 *                                                 %z = if %m { %j = add %i, 1   first, once more   yield %y' }
 *                                                      else { yield %y }
 *                                                 yield %z
 *                                               }
 *
 * The second trip must be the first one op for op, where what is carried is what the first one yields, and the index %j;
 * and it must be taken exactly when there is an index left. Then the loop is the left one, and is compared as that. */
#include <inttypes.h>

#include "tests/random/oracle_internal.h"

typedef struct folding {
  const vmo_module *first, *module; /* of the given and of the made function */
  const vmo_function *given, *made;
  vmo_verdict *verdict;
  vmo_operand *second;    /* by value of the made one: what it is in a second trip */
  vmo_region_id *regions; /* by region: the one of the second trip */
  bool *gone;             /* by op */
  uint32_t *ends;         /* by op: the op that stands for it, plus 1; 0: itself */
  bool *doubled;          /* by op */
} folding;

static bool differ(const folding *f, uint32_t op, const char *what) {
  return vmo_blame(f->verdict, VMO_FAULT_STRUCTURE, "@%s, op %" PRIu32 ": %s", vmo_name(f->first, f->given->name), op,
                   what);
}

static const vmo_op *op_at(const folding *f, uint32_t index) { return &f->made->ops.data[index]; }

static vmo_operand operand_of(const folding *f, const vmo_op *op, uint32_t k) {
  return f->made->operands.data[op->operand_first + k];
}

static bool is_value(vmo_operand operand, vmo_value_id value) {
  return operand.kind == VMO_OPERAND_VALUE && operand.index == value;
}

static bool is_number(const folding *f, vmo_operand operand, __int128 number) {
  if (operand.kind != VMO_OPERAND_LITERAL) return false;
  const vmo_literal *literal = &f->made->literals.data[operand.index];
  __int128 magnitude = (__int128)literal->value.bits;
  return literal->kind == VMO_LITERAL_INTEGER && literal->element == VMO_I64 &&
         (literal->negative ? -magnitude : magnitude) == number;
}

static bool is_same(vmo_operand a, vmo_operand b) { return a.kind == b.kind && a.index == b.index; }

/* The op that makes a value which the given function does not have; VMO_NONE: there is none such. */
static uint32_t maker_of_new(const folding *f, vmo_operand operand, vmo_opcode code) {
  if (operand.kind != VMO_OPERAND_VALUE || operand.index < f->given->values.count) return VMO_NONE;
  const vmo_value *value = &f->made->values.data[operand.index];
  bool made = value->kind == VMO_VALUE_RESULT && op_at(f, value->owner)->code == code;
  return made ? value->owner : VMO_NONE;
}

/* ---- when there is a second trip ---- */

/* Whether `last` is high - step, without wrapping around. */
static bool is_last(folding *f, vmo_operand last, vmo_operand high, int64_t step) {
  if (high.kind == VMO_OPERAND_LITERAL) {
    const vmo_literal *literal = &f->made->literals.data[high.index];
    __int128 number = literal->negative ? -(__int128)literal->value.bits : (__int128)literal->value.bits;
    return number - step >= INT64_MIN && is_number(f, last, number - step);
  }
  uint32_t difference = maker_of_new(f, last, VMO_OP_sub);
  if (difference == VMO_NONE || !is_number(f, operand_of(f, op_at(f, difference), 1), step)) return false;
  f->gone[difference] = true;
  vmo_operand from = operand_of(f, op_at(f, difference), 0);
  if (high.kind == VMO_OPERAND_SIZE) return is_same(from, high); /* a dim is never negative */
  uint32_t larger = maker_of_new(f, from, VMO_OP_max);
  if (larger == VMO_NONE || !is_same(operand_of(f, op_at(f, larger), 0), high)) return false;
  f->gone[larger] = true;
  return is_number(f, operand_of(f, op_at(f, larger), 1), (__int128)INT64_MIN + step);
}

/* ---- what it does ---- */

static bool copies_values(folding *f, vmo_value_id first, vmo_value_id again, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    if (f->made->values.data[first + i].type != f->made->values.data[again + i].type) return false;
    f->second[first + i] = (vmo_operand){.kind = VMO_OPERAND_VALUE, .index = again + i};
  }
  return true;
}

static bool copies_op(folding *f, uint32_t first, uint32_t again) {
  const vmo_op *a = op_at(f, first), *b = op_at(f, again);
  if (a->code != b->code || a->callee != b->callee || a->operand_count != b->operand_count ||
      a->result_count != b->result_count || a->region_count != b->region_count ||
      a->attribute_first != b->attribute_first || a->attribute_count != b->attribute_count)
    return false;
  if (f->regions[a->region] != b->region) return false;
  for (uint32_t k = 0; k < a->operand_count; k++) {
    vmo_operand wanted = operand_of(f, a, k);
    if (wanted.kind == VMO_OPERAND_VALUE) wanted = f->second[wanted.index];
    if (!is_same(wanted, operand_of(f, b, k))) return false;
  }
  for (uint32_t r = 0; r < a->region_count; r++) {
    const vmo_region *x = &f->made->regions.data[a->region_first + r];
    const vmo_region *y = &f->made->regions.data[b->region_first + r];
    if (x->kind != y->kind || x->argument_count != y->argument_count ||
        !copies_values(f, x->argument_first, y->argument_first, x->argument_count))
      return false;
    f->regions[a->region_first + r] = b->region_first + r;
  }
  return copies_values(f, a->result_first, b->result_first, a->result_count);
}

/* Ops [first, end), and the yield `once` after them, are those of the region `then`, whose carried values and index are
 * the next ones. */
static bool is_second_trip(folding *f, const vmo_region *body, uint32_t end, uint32_t once, vmo_region_id then,
                           int64_t step) {
  const vmo_region *region = &f->made->regions.data[then];
  vmo_value_id index = body->argument_first;
  uint32_t at = region->op_first;
  const vmo_op *next = op_at(f, at);
  bool has_index = next->code == VMO_OP_add && next->result_first >= f->given->values.count &&
                   is_value(operand_of(f, next, 0), index) && is_number(f, operand_of(f, next, 1), step);
  f->second[index] = (vmo_operand){.kind = VMO_OPERAND_VALUE, .index = has_index ? next->result_first : VMO_NONE};
  at += has_index;
  for (uint32_t k = 0; k + 1 < body->argument_count; k++) f->second[index + 1 + k] = operand_of(f, op_at(f, once), k);
  f->regions[op_at(f, end)->region] = then;
  f->regions[op_at(f, once)->region] = then;
  if (region->op_end - at != end - body->op_first + 1) return false;
  for (uint32_t i = body->op_first; i < end; i++)
    if (!copies_op(f, i, at++)) return false;
  return copies_op(f, once, at);
}

/* Whether the loop at op `loop` is the given one, whose step is `step`, with two trips in one. */
static bool is_doubled(folding *f, uint32_t loop, int64_t step) {
  const vmo_op *op = op_at(f, loop);
  const vmo_region *body = &f->made->regions.data[op->region_first];
  const vmo_op *yield = op_at(f, body->op_end - 1);
  if (yield->operand_count == 0 || vmo_op_integer(f->module, f->made, op, "step", 1) != 2 * step) return false;
  uint32_t at = maker_of_new(f, operand_of(f, yield, 0), VMO_OP_if);
  if (at == VMO_NONE || op_at(f, at)->region != yield->region || op_at(f, at)->region_count != 2) return false;
  const vmo_op *branch = op_at(f, at), *test = op_at(f, at - 1);
  const vmo_region *then = &f->made->regions.data[branch->region_first], *otherwise = then + 1;
  if (otherwise->op_end != body->op_end - 1 || otherwise->op_end - otherwise->op_first != 1) return false;
  for (uint32_t k = 0; k < yield->operand_count; k++)
    if (!is_value(operand_of(f, yield, k), branch->result_first + k)) return false;
  if (test->code != VMO_OP_lt || test->region != yield->region || test->result_first < f->given->values.count ||
      !is_value(operand_of(f, branch, 0), test->result_first) ||
      !is_value(operand_of(f, test, 0), body->argument_first))
    return false;
  if (!is_last(f, operand_of(f, test, 1), operand_of(f, op, 1), step)) return false;
  for (uint32_t i = at - 1; i < otherwise->op_end; i++) f->gone[i] = true;
  f->ends[body->op_end - 1] = otherwise->op_first + 1;
  return is_second_trip(f, body, at - 1, otherwise->op_first, branch->region_first, step);
}

/* ---- the function ---- */

static bool begin(folding *f, vmo_context *context) {
  const vmo_function *made = f->made;
  f->second = vmo_alloc(context, ((size_t)made->values.count + 1) * sizeof *f->second);
  f->regions = vmo_alloc(context, ((size_t)made->regions.count + 1) * sizeof *f->regions);
  f->gone = vmo_alloc_array(context, (size_t)made->ops.count + 1, sizeof *f->gone);
  f->ends = vmo_alloc_array(context, (size_t)made->ops.count + 1, sizeof *f->ends);
  f->doubled = vmo_alloc_array(context, (size_t)made->ops.count + 1, sizeof *f->doubled);
  if (!f->second || !f->regions || !f->gone || !f->ends || !f->doubled) return false;
  for (vmo_value_id v = 0; v < made->values.count; v++)
    f->second[v] = (vmo_operand){.kind = VMO_OPERAND_VALUE, .index = v};
  for (vmo_region_id r = 0; r < made->regions.count; r++) f->regions[r] = r;
  return true;
}

static bool find_doubled(folding *f) {
  for (uint32_t i = 0; i < f->made->ops.count; i++) {
    const vmo_op *op = op_at(f, i);
    if (op->code != VMO_OP_for || op->result_count == 0 || op->result_first >= f->given->values.count) continue;
    const vmo_value *value = &f->given->values.data[op->result_first];
    if (value->kind != VMO_VALUE_RESULT || f->given->ops.data[value->owner].code != VMO_OP_for) continue;
    int64_t step = vmo_op_integer(f->first, f->given, &f->given->ops.data[value->owner], "step", 1);
    if (vmo_op_integer(f->module, f->made, op, "step", 1) == step) continue;
    f->doubled[i] = true;
    if (!is_doubled(f, i, step)) return differ(f, i, "a loop has another step, and does not do two trips in one");
  }
  return true;
}

const vmo_function *vmo_fold_loops(const vmo_planned *planned, const vmo_module *original, uint32_t function,
                                   vmo_verdict *verdict) {
  folding f = {.first = original,
               .module = planned->module,
               .given = original->functions.data[function],
               .made = planned->written[function],
               .verdict = verdict};
  vmo_function *folded = vmo_alloc(planned->context, sizeof *folded);
  if (!folded || !begin(&f, planned->context) || !find_doubled(&f)) return NULL;
  *folded = *f.made;
  folded->ops.data = vmo_alloc(planned->context, ((size_t)f.made->ops.count + 1) * sizeof *folded->ops.data);
  folded->values.data = vmo_alloc(planned->context, ((size_t)f.made->values.count + 1) * sizeof *folded->values.data);
  folded->ops.count = 0;
  if (!folded->ops.data || !folded->values.data) return NULL;
  for (vmo_value_id v = 0; v < f.made->values.count; v++) folded->values.data[v] = f.made->values.data[v];
  for (uint32_t i = 0; i < f.made->ops.count; i++) {
    vmo_op op = f.ends[i] == 0 ? *op_at(&f, i) : *op_at(&f, f.ends[i] - 1);
    for (uint32_t k = 0; k < op.result_count; k++) { /* what is gone has no op to look at */
      folded->values.data[op.result_first + k].owner = folded->ops.count;
      if (f.gone[i]) folded->values.data[op.result_first + k].kind = VMO_VALUE_ARGUMENT;
    }
    if (f.gone[i]) continue;
    op.region = op_at(&f, i)->region;
    if (f.doubled[i])
      op.attribute_count = f.given->ops.data[f.given->values.data[op.result_first].owner].attribute_count;
    folded->ops.data[folded->ops.count++] = op;
  }
  return folded;
}
