/* oracle_body.c: what the body of a declared op reads, element by element.
 *
 * For one operand, every element of every value of the body is followed to where it comes from: nowhere (no element of the
 * operand), one element, or several. It is done with the sizes of the run and the definitions of the ops, not with what
 * the compiler proves about them:
 *
 *   %x: f64[3]                               0 1 2
 *   %p = pad %x {low = 1} : f64[4]           - 0 1 2
 *   %s = slice %p {size = 3} : f64[3]        - 0 1
 *   %y = add %s, %x : f64[3]                 0 * *      * several
 *
 * Time and memory: elements of all values of the body. */
#include "tests/random/oracle_internal.h"

enum { NOWHERE = -1, SEVERAL = -2 };

typedef struct array {
  uint32_t rank;
  int64_t sizes[VMO_MAX_RANK], count;
  int64_t *from; /* per element: the operand's element it comes from, NOWHERE or SEVERAL */
} array;

typedef struct tracing {
  const vmo_planned *planned;
  const vmo_function *body;
  array *values;
  const vmo_op *op; /* at hand */
} tracing;

static vmo_sizes *sizes_of(const tracing *t) { return t->planned->module->sizes; }

static int64_t join(int64_t left, int64_t right) {
  if (left == NOWHERE || left == right) return right;
  return right == NOWHERE ? left : SEVERAL;
}

/* The coordinates of element `index`. */
static void locate(const array *a, int64_t index, int64_t *at) {
  for (uint32_t axis = a->rank; axis-- > 0;) {
    at[axis] = index % a->sizes[axis];
    index /= a->sizes[axis];
  }
}

/* The element at those coordinates; -1: outside. */
static int64_t index_of(const array *a, const int64_t *at) {
  int64_t index = 0;
  for (uint32_t axis = 0; axis < a->rank; axis++) {
    if (at[axis] < 0 || at[axis] >= a->sizes[axis]) return -1;
    index = index * a->sizes[axis] + at[axis];
  }
  return index;
}

static int64_t size_attribute(const tracing *t, const char *name, uint32_t axis) {
  return vmo_size_at(t->planned,
                     vmo_op_size(t->planned->module, t->body, t->op, name, axis, vmo_size_constant(sizes_of(t), 0)));
}

static int64_t integer_attribute(const tracing *t, const char *name, uint32_t index, int64_t otherwise) {
  const vmo_attribute *attribute = vmo_op_attribute(t->planned->module, t->body, t->op, name);
  return attribute && index < attribute->item_count ? t->body->items.data[attribute->item_first + index].value.integer
                                                    : otherwise;
}

/* Which element of `operand` (number `number` of the op) the result's element at `at` is made of; -1: of none. */
static int64_t source_of(const tracing *t, const array *result, const array *operand, uint32_t number,
                         const int64_t *at) {
  int64_t there[VMO_MAX_RANK], before = 0;
  switch (t->op->code) {
  case VMO_OP_reshape: return index_of(result, at);
  case VMO_OP_slice:
    for (uint32_t i = 0; i < operand->rank; i++)
      there[i] = size_attribute(t, "start", i) + at[i] * integer_attribute(t, "step", i, 1);
    return index_of(operand, there);
  case VMO_OP_pad:
    for (uint32_t i = 0; i < operand->rank; i++) there[i] = at[i] - size_attribute(t, "low", i);
    return index_of(operand, there);
  case VMO_OP_transpose:
    for (uint32_t i = 0; i < operand->rank; i++)
      there[integer_attribute(t, "order", i, (int64_t)operand->rank - 1 - i)] = at[i];
    return index_of(operand, there);
  case VMO_OP_concat: {
    uint32_t axis = (uint32_t)integer_attribute(t, "axis", 0, 0);
    for (uint32_t k = 0; k < number; k++) before += t->values[vmo_op_value(t->body, t->op, k)].sizes[axis];
    for (uint32_t i = 0; i < operand->rank; i++) there[i] = at[i] - (i == axis ? before : 0);
    return index_of(operand, there);
  }
  default: /* broadcast, and all that is elementwise: what is repeated has one element on that axis */
    for (uint32_t i = 0; i < operand->rank; i++)
      there[i] = operand->sizes[i] == 1 ? 0 : at[result->rank - operand->rank + i];
    return index_of(operand, there);
  }
}

/* Of a reduction: each element of the operand goes into one of the result. */
static void trace_reduction(const tracing *t, const array *operand, array *result) {
  uint64_t reduced = vmo_op_reduced_axes(t->planned->module, t->body, t->op, operand->rank);
  int64_t at[VMO_MAX_RANK];
  for (int64_t i = 0; i < operand->count; i++) {
    int64_t to = 0;
    locate(operand, i, at);
    for (uint32_t axis = 0; axis < operand->rank; axis++)
      if ((reduced >> axis & 1) == 0) to = to * operand->sizes[axis] + at[axis];
    result->from[to] = join(result->from[to], operand->from[i]);
  }
}

static void trace_op(const tracing *t) {
  int64_t at[VMO_MAX_RANK];
  array *result = &t->values[t->op->result_first];
  for (uint32_t k = 0; k < t->op->operand_count; k++) {
    vmo_value_id value = vmo_op_value(t->body, t->op, k);
    if (value == VMO_NONE) continue;
    const array *operand = &t->values[value];
    if (vmo_op_get_info((vmo_opcode)t->op->code)->category == VMO_CATEGORY_REDUCTION) {
      trace_reduction(t, operand, result);
      continue;
    }
    for (int64_t i = 0; i < result->count; i++) {
      locate(result, i, at);
      int64_t source = source_of(t, result, operand, k, at);
      if (source >= 0) result->from[i] = join(result->from[i], operand->from[source]);
    }
  }
}

static bool make_arrays(tracing *t, vmr_arena *arena, uint32_t operand) {
  const vmo_module *module = t->planned->module;
  t->values = vmr_arena_alloc_array(arena, (size_t)t->body->values.count + 1, sizeof *t->values);
  for (vmo_value_id v = 0; t->values && v < t->body->values.count; v++) {
    const vmo_type *type = vmo_value_type(module, t->body, v);
    array *a = &t->values[v];
    a->rank = type->rank;
    a->count = vmo_size_at(t->planned, type->count);
    for (uint32_t i = 0; i < type->rank; i++)
      a->sizes[i] = vmo_size_at(t->planned, module->shapes.data[type->shape_first + i]);
    a->from = vmr_arena_alloc_array(arena, (size_t)a->count + 1, sizeof *a->from);
    if (!a->from) return false;
    for (int64_t i = 0; i < a->count; i++) a->from[i] = v == operand ? i : NOWHERE;
  }
  return t->values != NULL;
}

static bool trace_body(tracing *t, vmr_arena *arena, uint32_t operand) {
  if (!make_arrays(t, arena, operand)) return false;
  for (uint32_t i = 0; i + 1 < t->body->ops.count; i++) {
    t->op = &t->body->ops.data[i];
    trace_op(t);
  }
  const array *result = &t->values[vmo_op_value(t->body, &t->body->ops.data[t->body->ops.count - 1], 0)];
  for (int64_t i = 0; i < result->count; i++)
    if (result->from[i] != NOWHERE && result->from[i] != i) return false;
  return true;
}

bool vmo_body_is_in_place(const vmo_planned *planned, uint32_t declaration, uint32_t operand) {
  uint64_t bit = UINT64_C(1) << operand;
  if ((planned->bodies_seen[declaration] & bit) == 0) {
    tracing t = {.planned = planned, .body = planned->module->declarations.data[declaration].body};
    vmr_arena *arena = vmr_arena_create(0);
    if (arena && trace_body(&t, arena, operand)) planned->bodies_here[declaration] |= bit;
    vmr_arena_destroy(arena);
    planned->bodies_seen[declaration] |= bit;
  }
  return (planned->bodies_here[declaration] & bit) != 0;
}
