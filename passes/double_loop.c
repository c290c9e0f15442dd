/* double_loop.c: makes a loop do two trips in one.
 *
 *   before:  %r = for %i = %lo to %hi carry (%x = %p) {     after:  %i.floor = max %hi, -9223372036854775807
 *              %y = @f %x, %i                                       %i.last = sub %i.floor, 1
 *              yield %y                                             %r = for %i = %lo to %hi step 2 carry (%x = %p) {
 *            }                                                        %y = @f %x, %i
 *                                                                     %i.more = lt %i, %i.last
 *                                                                     %y.either = if %i.more {
 *                                                                       %i.next = add %i, 1
 *                                                                       %y.again = @f %y, %i.next
 *                                                                       yield %y.again
 *                                                                     } else { yield %y }
 *                                                                     yield %y.either
 *                                                                   }
 *
 * There is a next trip when i + step < hi, and so when i < hi - step. That cannot wrap around once hi is at least the
 * least number and a step, and what makes it so changes no answer: below that there is no second trip. Linear. */
#include "passes/edit.h"

#include <string.h>

typedef struct doubling {
  vmo_edit e;
  vmo_naming names;
  vmo_operand *replaced;         /* by old value: what stands for it in the second trip */
  vmo_region_id *copied_regions; /* by old region: the one of the second trip */
  vmo_type_id truth;             /* bool */
  bool failed;                   /* memory is out */

  /* of the loop in hand */
  const vmo_op *loop;
  const vmo_region *body;
  vmo_value_id index;
  vmo_operand last; /* the least index without a next trip */
} doubling;

static vmr_arena *arena_of(const doubling *d) { return d->e.module->context->arena; }

static vmo_operand value_operand(vmo_value_id value, vmo_location location) {
  return (vmo_operand){VMO_OPERAND_VALUE, value, location};
}

static int64_t step_of(const doubling *d) { return vmo_op_integer(d->e.module, d->e.from, d->loop, "step", 1); }

/* ---- appending ---- */

static vmo_value_id append_value(doubling *d, vmo_value value, vmo_value_id named_after, const char *suffix) {
  value.name = vmo_name_after(d->e.module, &d->names, vmo_value_name(d->e.module, d->e.to, named_after), suffix);
  bool ok = value.name != 0 && vmo_vec_push(arena_of(d), &d->e.to->values, value);
  d->failed = d->failed || !ok;
  return d->e.to->values.count - 1;
}

static void append_operand(doubling *d, vmo_operand operand) {
  if (!vmo_vec_push(arena_of(d), &d->e.to->operands, operand)) d->failed = true;
}

static void append_op(doubling *d, vmo_op op) {
  if (!vmo_vec_push(arena_of(d), &d->e.to->ops, op)) d->failed = true;
}

static vmo_op begin_op(const doubling *d, vmo_opcode code, vmo_region_id region) {
  return (vmo_op){.code = (uint16_t)code,
                  .operand_first = d->e.to->operands.count,
                  .result_first = d->e.to->values.count,
                  .region_first = d->e.to->regions.count,
                  .region = region,
                  .callee = VMO_NONE,
                  .location = d->loop->location};
}

/* A scalar named after the loop's index. */
static vmo_operand append_scalar(doubling *d, vmo_opcode code, vmo_region_id region, vmo_operand left,
                                 vmo_operand right, vmo_type_id type, const char *suffix) {
  vmo_op op = begin_op(d, code, region);
  op.operand_count = 2;
  op.result_count = 1;
  append_operand(d, left);
  append_operand(d, right);
  vmo_value result = {.type = type, .kind = VMO_VALUE_RESULT, .owner = d->e.to->ops.count, .location = op.location};
  vmo_value_id value = append_value(d, result, d->index, suffix);
  append_op(d, op);
  return value_operand(value, op.location);
}

static vmo_operand append_integer(doubling *d, int64_t number) {
  uint64_t bits = number < 0 ? -(uint64_t)number : (uint64_t)number;
  vmo_literal literal = {VMO_LITERAL_INTEGER, VMO_I64, number < 0, {.bits = bits}};
  if (!vmo_vec_push(arena_of(d), &d->e.to->literals, literal)) d->failed = true;
  return (vmo_operand){VMO_OPERAND_LITERAL, d->e.to->literals.count - 1, d->loop->location};
}

/* ---- the loop's head ---- */

/* What says whether there is a next trip, before the loop. */
static void append_last(doubling *d) {
  vmo_operand high = vmo_op_operands(d->e.from, d->loop)[1];
  vmo_type_id type = d->e.from->values.data[d->index].type;
  int64_t step = step_of(d);
  if (high.kind == VMO_OPERAND_LITERAL) {
    const vmo_literal *literal = &d->e.from->literals.data[high.index];
    uint64_t bits = literal->negative ? -literal->value.bits : literal->value.bits;
    d->last = append_integer(d, (int64_t)(bits - (uint64_t)step));
    return;
  }
  if (high.kind == VMO_OPERAND_VALUE)
    high = append_scalar(d, VMO_OP_max, d->loop->region, high, append_integer(d, INT64_MIN + step), type, ".floor");
  d->last = append_scalar(d, VMO_OP_sub, d->loop->region, high, append_integer(d, step), type, ".last");
}

static void append_loop(doubling *d) {
  vmo_module *module = d->e.module;
  vmo_function *to = d->e.to;
  vmo_op op = *d->loop;
  vmo_attribute_item item = {VMO_ATTRIBUTE_INTEGER, {.integer = 2 * step_of(d)}};
  vmo_attribute step = {.name = vmr_interner_add(module->context->names, "step", 4),
                        .item_first = to->items.count,
                        .item_count = 1,
                        .location = op.location};
  op.attribute_first = to->attributes.count;
  op.attribute_count = 1;
  d->failed = d->failed || step.name == 0 || !vmo_vec_push(arena_of(d), &to->items, item) ||
              !vmo_vec_push(arena_of(d), &to->attributes, step);
  append_op(d, op);
}

/* ---- the second trip ---- */

static vmo_operand replace(const doubling *d, vmo_operand operand) {
  if (operand.kind != VMO_OPERAND_VALUE || d->replaced[operand.index].kind != VMO_OPERAND_VALUE) return operand;
  return value_operand(d->replaced[operand.index].index, operand.location);
}

static void copy_value(doubling *d, vmo_value_id value, uint32_t owner) {
  vmo_value copied = d->e.from->values.data[value];
  copied.owner = owner;
  d->replaced[value] = value_operand(append_value(d, copied, value, ".again"), copied.location);
}

/* The new region has its ops as far behind `begin` as the old one behind the begin of the body. */
static void copy_region(doubling *d, vmo_region_id id, vmo_region_id parent, uint32_t begin) {
  vmo_region region = d->e.from->regions.data[id];
  uint32_t first = region.argument_first;
  region.owner = d->e.to->ops.count;
  region.parent = parent;
  region.depth++; /* of the `if` around it */
  region.op_first = region.op_first - d->body->op_first + begin;
  region.op_end = region.op_end - d->body->op_first + begin;
  region.argument_first = d->e.to->values.count;
  d->copied_regions[id] = d->e.to->regions.count;
  for (uint32_t i = 0; i < region.argument_count; i++) copy_value(d, first + i, d->e.to->regions.count);
  if (!vmo_vec_push(arena_of(d), &d->e.to->regions, region)) d->failed = true;
}

static void copy_op(doubling *d, const vmo_op *op, uint32_t begin) {
  vmo_op copied = *op;
  copied.operand_first = d->e.to->operands.count;
  copied.result_first = d->e.to->values.count;
  copied.region_first = d->e.to->regions.count;
  copied.region = d->copied_regions[op->region];
  for (uint32_t i = 0; i < op->operand_count; i++) append_operand(d, replace(d, vmo_op_operands(d->e.from, op)[i]));
  for (uint32_t i = 0; i < op->result_count; i++) copy_value(d, op->result_first + i, d->e.to->ops.count);
  for (uint32_t i = 0; i < op->region_count && !d->failed; i++)
    copy_region(d, op->region_first + i, copied.region, begin);
  append_op(d, copied);
}

static bool reads_index(const doubling *d) {
  const vmo_function *from = d->e.from;
  for (uint32_t i = d->body->op_first; i < d->body->op_end; i++)
    for (uint32_t k = 0; k < from->ops.data[i].operand_count; k++)
      if (vmo_op_value(from, &from->ops.data[i], k) == d->index) return true;
  return false;
}

static void copy_body(doubling *d, vmo_region_id then) {
  const vmo_op *yield = &d->e.from->ops.data[d->body->op_end - 1];
  vmo_type_id type = d->e.from->values.data[d->index].type;
  d->copied_regions[yield->region] = then;
  if (reads_index(d)) {
    vmo_operand index = value_operand(d->index, d->loop->location);
    d->replaced[d->index] = append_scalar(d, VMO_OP_add, then, index, append_integer(d, step_of(d)), type, ".next");
  }
  for (uint32_t i = 0; i + 1 < d->body->argument_count; i++)
    d->replaced[d->index + 1 + i] = vmo_op_operands(d->e.from, yield)[i];
  uint32_t begin = d->e.to->ops.count;
  for (uint32_t i = d->body->op_first; i < d->body->op_end && !d->failed; i++)
    copy_op(d, &d->e.from->ops.data[i], begin);
}

/* ---- the branch at the end of the body ---- */

static vmo_op begin_yield(const doubling *d, vmo_region_id region) {
  vmo_op yield = d->e.from->ops.data[d->body->op_end - 1];
  yield.operand_first = d->e.to->operands.count;
  yield.region = region;
  return yield;
}

static void append_regions(doubling *d, const vmo_op *branch) {
  for (uint32_t i = 0; i < 2; i++) {
    vmo_region region = {.kind = i == 0 ? VMO_REGION_THEN : VMO_REGION_ELSE,
                         .owner = d->e.to->ops.count,
                         .parent = branch->region,
                         .argument_first = d->e.to->values.count,
                         .depth = d->body->depth + 1};
    if (!vmo_vec_push(arena_of(d), &d->e.to->regions, region)) d->failed = true;
  }
}

/* Appends an `if` whose results are what the body yields; the op's index. */
static vmo_op append_branch(doubling *d, vmo_operand more) {
  const vmo_op *yield = &d->e.from->ops.data[d->body->op_end - 1];
  vmo_op branch = begin_op(d, VMO_OP_if, yield->region);
  branch.operand_count = 1;
  branch.result_count = yield->operand_count;
  branch.region_count = 2;
  append_operand(d, more);
  for (uint32_t i = 0; i < yield->operand_count; i++) {
    vmo_value_id yielded = vmo_op_value(d->e.from, yield, i);
    vmo_value result = d->e.from->values.data[d->index + 1 + i];
    result.kind = VMO_VALUE_RESULT;
    result.owner = d->e.to->ops.count;
    result.position = i;
    append_value(d, result, yielded, ".either");
  }
  append_regions(d, &branch);
  append_op(d, branch);
  return branch;
}

/* Everything between the body's last op and its yield; returns the yield that comes then. */
static vmo_op append_second_trip(doubling *d, vmo_doubled_loop *made) {
  vmo_function *to = d->e.to;
  const vmo_op *yield = &d->e.from->ops.data[d->body->op_end - 1];
  vmo_operand index = value_operand(d->index, d->loop->location);
  vmo_operand more = append_scalar(d, VMO_OP_lt, yield->region, index, d->last, d->truth, ".more");
  vmo_op branch = append_branch(d, more);
  if (d->failed) return branch;
  uint32_t then = to->ops.count;
  copy_body(d, branch.region_first);
  uint32_t otherwise = to->ops.count;
  vmo_op kept = begin_yield(d, branch.region_first + 1);
  for (uint32_t i = 0; i < yield->operand_count; i++) append_operand(d, vmo_op_operands(d->e.from, yield)[i]);
  append_op(d, kept);
  if (d->failed) return branch;
  to->regions.data[branch.region_first].op_first = then;
  to->regions.data[branch.region_first].op_end = otherwise;
  to->regions.data[branch.region_first + 1].op_first = otherwise;
  to->regions.data[branch.region_first + 1].op_end = to->ops.count;
  made->otherwise = branch.region_first + 1;
  vmo_op last = begin_yield(d, yield->region);
  for (uint32_t i = 0; i < yield->operand_count; i++)
    append_operand(d, value_operand(branch.result_first + i, yield->location));
  return last;
}

/* ---- the function ---- */

/* Literals and attributes are shared by all versions of a function: what is appended here is this one's own. */
static bool own_arrays(doubling *d) {
  vmo_function *to = d->e.to;
  const vmo_function *from = d->e.from;
  memset(&to->literals, 0, sizeof to->literals);
  memset(&to->attributes, 0, sizeof to->attributes);
  memset(&to->items, 0, sizeof to->items);
  if (!vmo_vec_reserve(arena_of(d), &to->literals, from->literals.count + 4) ||
      !vmo_vec_reserve(arena_of(d), &to->attributes, from->attributes.count + 1) ||
      !vmo_vec_reserve(arena_of(d), &to->items, from->items.count + 1))
    return false;
  for (uint32_t i = 0; i < from->literals.count; i++) to->literals.data[to->literals.count++] = from->literals.data[i];
  for (uint32_t i = 0; i < from->attributes.count; i++)
    to->attributes.data[to->attributes.count++] = from->attributes.data[i];
  for (uint32_t i = 0; i < from->items.count; i++) to->items.data[to->items.count++] = from->items.data[i];
  return true;
}

static bool begin(doubling *d) {
  const vmo_function *from = d->e.from;
  vmr_arena *scratch = d->e.scratch;
  if (!vmo_begin_edit(&d->e, from->ops.count, from->operands.count, from->values.count) || !own_arrays(d)) return false;
  d->replaced = vmr_arena_alloc_array(scratch, (size_t)from->values.count + 1, sizeof *d->replaced);
  d->copied_regions = vmr_arena_alloc_array(scratch, (size_t)from->regions.count + 1, sizeof *d->copied_regions);
  d->truth = vmo_build_type(d->e.module, VMO_BOOL, NULL, 0, 0, 0);
  if (!d->replaced || !d->copied_regions || d->truth == VMO_NONE) return false;
  for (vmo_value_id v = 0; v < from->values.count; v++) d->replaced[v].kind = VMO_OPERAND_LITERAL; /* by nothing */
  return vmo_collect_names(from, &d->names);
}

static void open_loop(doubling *d, uint32_t loop) {
  d->loop = &d->e.from->ops.data[loop];
  d->body = &d->e.from->regions.data[d->loop->region_first];
  d->index = d->body->argument_first;
}

vmo_function *vmo_double_loops(vmo_module *module, const vmo_function *function, vmr_arena *scratch,
                               vmo_doubled_loop *loops, uint32_t count) {
  doubling d = {.e = {.module = module, .from = function, .scratch = scratch}, .names = {.arena = scratch}};
  uint32_t next = 0;
  if (!begin(&d)) return NULL;
  for (uint32_t i = 0; i < function->ops.count && !d.failed; i++) {
    bool is_loop = next < count && loops[next].loop == i;
    bool is_end = d.loop && next < count && d.body->op_end - 1 == i && d.loop == &function->ops.data[loops[next].loop];
    d.e.starts[i] = d.e.to->ops.count;
    if (is_loop) open_loop(&d, i);
    if (is_loop) append_last(&d);
    vmo_op op = is_end ? append_second_trip(&d, &loops[next++]) : function->ops.data[i];
    d.e.moved[i] = d.e.to->ops.count;
    if (is_loop)
      append_loop(&d);
    else
      append_op(&d, op);
  }
  if (d.failed) return NULL;
  vmo_end_edit(&d.e);
  return d.e.to;
}
