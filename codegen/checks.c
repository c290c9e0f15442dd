/* checks.c: NAME_arenas, which checks that sizes make sense and says how large the arenas then are.
 *
 *   int32_t NAME_arenas(const int64_t *dims, int64_t *bytes)
 *
 * What must hold for a function holds for those that it calls: dims at least 0 and within their bounds; no size of a type,
 * start of a slice or width of a padding below 0; no slice that leaves its operand; no array or arena of 2^53 bytes or
 * more. It is computed with overflow noted, so that all other code may add and multiply plainly. What can be proven while
 * compiling is not asked again. Linear in the functions and their sizes. */
#include <string.h>

#include "codegen/compile.h"
#include "codegen/interface.h"

typedef struct checker {
  vmo_emitter *e;
  vmo_module *module;
  uint8_t *seen_types;
  uint8_t *seen_functions;
  VMO_VEC(vmo_function_id) todo;
  VMO_VEC(uint8_t) seen_sizes; /* by size: 1 least 0 is checked, 2 the limit is, 4 its dims are */
  LLVMValueRef bad;            /* i1: something is wrong so far */
} checker;

static LLVMBuilderRef builder_of(const checker *c) { return c->e->frame->sizes; }

static void note(checker *c, LLVMValueRef bad) { c->bad = LLVMBuildOr(builder_of(c), c->bad, bad, ""); }

/* ---- sizes with overflow noted ---- */

static LLVMValueRef checked(checker *c, const char *intrinsic, LLVMValueRef x, LLVMValueRef y) {
  vmo_emitter *e = c->e;
  LLVMValueRef pair[2] = {x, y};
  unsigned id = LLVMLookupIntrinsicID(intrinsic, strlen(intrinsic));
  LLVMValueRef function = LLVMGetIntrinsicDeclaration(e->code, id, &e->i64, 1);
  LLVMValueRef both =
      LLVMBuildCall2(builder_of(c), LLVMIntrinsicGetType(e->llvm, id, &e->i64, 1), function, pair, 2, "");
  note(c, LLVMBuildExtractValue(builder_of(c), both, 1, ""));
  return LLVMBuildExtractValue(builder_of(c), both, 0, "");
}

/* The size as vmo_emit_size computes it; what overflows on the way is noted as wrong. */
static LLVMValueRef compute(checker *c, vmo_size_id size) {
  vmo_emitter *e = c->e;
  uint32_t count, top = 0;
  vmo_size_step *steps = vmo_size_list_steps(c->module->sizes, size, e->arena, &count);
  LLVMValueRef *stack = vmo_emit_alloc(e, (size_t)count + 1, sizeof *stack);
  if (steps == NULL || stack == NULL) {
    vmo_emit_fail(e, VMO_OUT_OF_MEMORY);
    return vmo_i64(e, 0);
  }
  for (uint32_t i = 0; i < count; i++) {
    if (steps[i].kind == VMO_STEP_ADD || steps[i].kind == VMO_STEP_MULTIPLY) {
      const char *name = steps[i].kind == VMO_STEP_ADD ? "llvm.sadd.with.overflow" : "llvm.smul.with.overflow";
      stack[top - 2] = checked(c, name, stack[top - 2], stack[top - 1]);
      top--;
    } else {
      top = vmo_run_size_step(e, &steps[i], stack, top);
    }
  }
  return stack[0];
}

/* Whether it is the first time; marks it. */
static bool is_new(checker *c, vmo_size_id size, uint8_t mark) {
  while (c->seen_sizes.count <= size)
    if (!vmo_vec_push(c->e->arena, &c->seen_sizes, 0)) {
      vmo_emit_fail(c->e, VMO_OUT_OF_MEMORY);
      return false;
    }
  if (c->seen_sizes.data[size] & mark) return false;
  c->seen_sizes.data[size] |= mark;
  return true;
}

static bool is_known_good(const checker *c, vmo_size_id size) {
  vmo_size_id zero = vmo_size_constant(c->module->sizes, 0);
  return size == VMO_NONE || vmo_size_at_least(c->module->sizes, size, zero);
}

static void require_least(checker *c, vmo_size_id size) {
  if (is_known_good(c, size) || !is_new(c, size, 1)) return;
  note(c, LLVMBuildICmp(builder_of(c), LLVMIntSLT, compute(c, size), vmo_i64(c->e, 0), ""));
}

static LLVMValueRef require_limit(checker *c, vmo_size_id size) {
  LLVMValueRef value = compute(c, size);
  note(c, LLVMBuildICmp(builder_of(c), LLVMIntUGE, value, vmo_i64(c->e, VMO_BYTES_LIMIT), ""));
  return value;
}

static void require_bytes(checker *c, vmo_size_id size) {
  if (vmo_size_is_constant(c->module->sizes, size, NULL) || !is_new(c, size, 2)) return;
  require_limit(c, size);
}

/* ---- what a function asks for ---- */

static void check_type(checker *c, vmo_type_id id) {
  const vmo_type *type = &c->module->types.data[id];
  if (c->seen_types[id]) return;
  c->seen_types[id] = 1;
  for (uint32_t i = 0; i < type->rank; i++) require_least(c, c->module->shapes.data[type->shape_first + i]);
  require_bytes(c, type->bytes);
}

/* An empty cut takes nothing, wherever it stands. */
static void check_slice(checker *c, const vmo_function *function, const vmo_op *op, const vmo_type *type) {
  vmo_sizes *sizes = c->module->sizes;
  vmo_size_id one = vmo_size_constant(sizes, 1);
  for (uint32_t axis = 0; axis < type->rank; axis++) {
    vmo_size_id whole = c->module->shapes.data[type->shape_first + axis];
    vmo_cut cut = vmo_op_cut(c->module, function, op, axis, whole);
    vmo_size_id steps =
        vmo_size_multiply(sizes, vmo_size_subtract(sizes, cut.size, one), vmo_size_constant(sizes, cut.step));
    vmo_size_id last = vmo_size_add(sizes, cut.start, steps);
    vmo_size_id left = vmo_size_subtract(sizes, vmo_size_subtract(sizes, whole, one), last);
    require_least(c, cut.start);
    if (is_known_good(c, left)) continue;
    LLVMBuilderRef b = builder_of(c);
    LLVMValueRef leaves = LLVMBuildICmp(b, LLVMIntSLT, compute(c, left), vmo_i64(c->e, 0), "");
    LLVMValueRef takes = LLVMBuildICmp(b, LLVMIntSGT, compute(c, cut.size), vmo_i64(c->e, 0), "");
    note(c, LLVMBuildAnd(b, leaves, takes, ""));
  }
}

static void check_pad(checker *c, const vmo_function *function, const vmo_op *op, const vmo_type *type) {
  vmo_size_id zero = vmo_size_constant(c->module->sizes, 0);
  for (uint32_t axis = 0; axis < type->rank; axis++) {
    require_least(c, vmo_op_size(c->module, function, op, "low", axis, zero));
    require_least(c, vmo_op_size(c->module, function, op, "high", axis, zero));
  }
}

static void add_function(checker *c, vmo_function_id id) {
  if (c->seen_functions[id]) return;
  c->seen_functions[id] = 1;
  if (!vmo_vec_push(c->e->arena, &c->todo, id)) vmo_emit_fail(c->e, VMO_OUT_OF_MEMORY);
}

static void check_ops(checker *c, const vmo_function *function) {
  for (uint32_t i = 0; i < function->values.count; i++) check_type(c, function->values.data[i].type);
  for (uint32_t i = 0; i < function->ops.count; i++) {
    const vmo_op *op = &function->ops.data[i];
    if (op->code == VMO_OP_call) add_function(c, op->callee);
    vmo_value_id first = op->operand_count > 0 ? vmo_op_value(function, op, 0) : VMO_NONE;
    if (first == VMO_NONE) continue;
    const vmo_type *type = vmo_value_type(c->module, function, first);
    if (op->code == VMO_OP_slice) check_slice(c, function, op, type);
    if (op->code == VMO_OP_pad) check_pad(c, function, op, type);
  }
}

/* The bodies of declared ops hold no such ops themselves. */
static void check_function(checker *c, const vmo_function *function) {
  check_ops(c, function);
  for (uint32_t i = 0; i < function->ops.count; i++) {
    const vmo_op *op = &function->ops.data[i];
    const vmo_function *body = op->code == VMO_OP_declared ? c->module->declarations.data[op->callee].body : NULL;
    if (body != NULL) check_ops(c, body);
  }
}

static void check_dims(checker *c, const vmo_unit *unit) {
  LLVMBuilderRef b = builder_of(c);
  const bool *used = vmo_find_used_dims(c->module, unit->function, c->e->arena);
  if (used == NULL) vmo_emit_fail(c->e, VMO_OUT_OF_MEMORY);
  for (uint32_t d = 0; d < c->module->dims.count; d++) {
    const vmo_dim *dim = &c->module->dims.data[d];
    if (used == NULL || !used[d]) continue;
    LLVMValueRef value = vmo_emit_dim(c->e, d);
    note(c, LLVMBuildICmp(b, LLVMIntSLT, value, vmo_i64(c->e, 0), ""));
    if (dim->kind == VMO_DIM_BOUNDED) note(c, LLVMBuildICmp(b, LLVMIntSGT, value, vmo_i64(c->e, dim->limit), ""));
  }
}

/* ---- the function ---- */

static void store_arenas(checker *c, const vmo_unit *unit, LLVMValueRef bytes) {
  LLVMBuilderRef b = builder_of(c);
  const vmo_plan *plan = unit->function->plan;
  for (uint32_t i = 0; i < plan->arena_count; i++) {
    LLVMValueRef index = vmo_i64(c->e, i), size = require_limit(c, plan->arenas[i].bytes);
    LLVMBuildStore(b, size, LLVMBuildGEP2(b, c->e->i64, bytes, &index, 1, ""));
  }
}

static void fill_checks(checker *c, const vmo_unit *unit, LLVMValueRef bytes) {
  vmo_emitter *e = c->e;
  c->bad = vmo_i1(e, false);
  check_dims(c, unit);
  add_function(c, unit->id);
  for (uint32_t i = 0; i < c->todo.count && e->status == VMO_OK; i++)
    check_function(c, c->module->functions.data[c->todo.data[i]]);
  if (e->status != VMO_OK) return;
  store_arenas(c, unit, bytes);
  LLVMValueRef status = LLVMBuildSelect(builder_of(c), c->bad, LLVMConstInt(e->i32, VMR_CALL_WRONG_SIZE, false),
                                        LLVMConstInt(e->i32, VMR_CALL_OK, false), "");
  LLVMBuildRet(e->builder, status);
}

LLVMValueRef vmo_emit_checks(vmo_emitter *e, const vmo_unit *unit) {
  checker c = {.e = e, .module = unit->module};
  LLVMTypeRef types[2] = {e->pointer, e->pointer}, type = LLVMFunctionType(e->i32, types, 2, false);
  const char *name = vmo_symbol_name(e, unit->function, e->options->prefix, "_arenas");
  c.seen_types = vmo_emit_alloc(e, (size_t)unit->module->types.count + 1, 1);
  c.seen_functions = vmo_emit_alloc(e, (size_t)unit->module->functions.count + 1, 1);
  if (e->status != VMO_OK) return NULL;
  LLVMValueRef function = LLVMAddFunction(e->code, name, type);
  vmo_emit_frame frame;
  vmo_open_frame(e, &frame, function);
  frame.dims_pointer = LLVMGetParam(function, 0);
  fill_checks(&c, unit, LLVMGetParam(function, 1));
  vmo_close_frame(e, &frame);
  return function;
}
