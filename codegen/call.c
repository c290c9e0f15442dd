/* call.c: calls of functions of the module, and of those that the user supplies for declared ops.
 *
 *   call @f(...)    f's callee unit, with its arenas within the caller's at the places that the plan gives them, arguments,
 *                   and the places of the results. A recursive one has no place there: the runtime gives it a block with
 *                   all its arenas, for as long as it runs.
 *   @op ...         int32_t op(operands, results, workspace), with arrays described on the stack */
#include <string.h>

#include "codegen/fused.h"

LLVMValueRef vmo_call_external(vmo_emitter *e, const char *name, LLVMTypeRef result, LLVMTypeRef *types,
                               LLVMValueRef *arguments, uint32_t count) {
  LLVMTypeRef type = LLVMFunctionType(result, types, count, false);
  LLVMValueRef function = LLVMGetNamedFunction(e->code, name);
  if (function == NULL) function = LLVMAddFunction(e->code, name, type);
  return LLVMBuildCall2(e->builder, type, function, arguments, count, "");
}

/* ---- the callee's arenas ---- */

const vmo_op_plan *vmo_plan_of_op(const vmo_emitter *e) {
  for (uint32_t low = 0, high = e->plan->op_count; low < high;) {
    uint32_t middle = low + (high - low) / 2;
    if (e->plan->ops[middle].op == e->op) return &e->plan->ops[middle];
    if (e->plan->ops[middle].op < e->op)
      low = middle + 1;
    else
      high = middle;
  }
  return NULL;
}

static uint32_t arena_of_space(const vmo_emitter *e, vmo_space_id space) {
  for (uint32_t i = 0; i < e->plan->arena_count; i++)
    if (e->plan->arenas[i].space == space) return i;
  return VMO_NONE;
}

/* Within the caller's arenas. */
static void place_arenas(vmo_emitter *e, const vmo_unit *callee, const vmo_op_plan *entry, LLVMValueRef *arguments) {
  const vmo_plan *called = callee->function->plan;
  for (uint32_t i = 0; i < called->arena_count; i++) {
    uint32_t arena = arena_of_space(e, called->arenas[i].space);
    vmo_size_id offset = i < entry->callee_count ? e->plan->callee_offsets[entry->callee_first + i] : VMO_NONE;
    vmo_place place = {VMO_PLACE_ARENA, arena, offset};
    if (arena == VMO_NONE || offset == VMO_NONE) place = (vmo_place){VMO_PLACE_NOWHERE, 0, 0};
    arguments[i] = vmo_place_pointer(e, &place);
  }
}

/* The bytes of the callee's arena at a call, as the caller's module knows them. */
static vmo_size_id call_bytes(const vmo_emitter *e, const vmo_op *op, uint32_t arena) {
  const vmo_plan *plan = e->module->functions.data[op->callee]->plan;
  return plan->results_in_caller ? plan->arenas[arena].bytes : plan->arenas[arena].call_bytes;
}

/* All of the callee's arenas in one block of the runtime's, each from a multiple of its alignment on. */
static LLVMValueRef begin_activation(vmo_emitter *e, const vmo_unit *callee, const vmo_op *op,
                                     LLVMValueRef *arguments) {
  uint32_t count = callee->function->plan->arena_count;
  int64_t alignment = vmo_arena_alignment(callee->module, callee->function);
  vmo_sizes *sizes = e->module->sizes;
  vmo_size_id bytes = vmo_size_constant(sizes, 0);
  LLVMValueRef *starts = vmo_emit_alloc(e, (size_t)count + 1, sizeof *starts);
  for (uint32_t i = 0; starts != NULL && i < count; i++) {
    starts[i] = vmo_emit_size(e, bytes);
    bytes = vmo_size_add(sizes, bytes, vmo_size_align(sizes, call_bytes(e, op, i), alignment));
  }
  LLVMValueRef block = vmo_make_variable(e, e->pointer), total = vmo_emit_size(e, bytes);
  if (e->status != VMO_OK) return NULL;
  LLVMTypeRef types[4] = {e->pointer, e->i64, e->i64, e->pointer};
  LLVMValueRef values[4] = {e->frame->call, total, vmo_i64(e, alignment), block};
  vmo_require_status(e, vmo_call_external(e, "vmr_call_begin_activation", e->i32, types, values, 4), true);
  LLVMValueRef start = vmo_get_variable(e, block);
  for (uint32_t i = 0; i < count; i++)
    arguments[i] = LLVMBuildInBoundsGEP2(e->builder, e->i8, start, &starts[i], 1, "");
  return start;
}

static void end_activation(vmo_emitter *e, LLVMValueRef block) {
  LLVMTypeRef types[2] = {e->pointer, e->pointer};
  LLVMValueRef values[2] = {e->frame->call, block};
  vmo_call_external(e, "vmr_call_end_activation", e->nothing, types, values, 2);
}

/* ---- calls ---- */

static uint32_t add_arguments(vmo_emitter *e, const vmo_unit *callee, const vmo_op *op, LLVMValueRef *arguments) {
  uint32_t at = 0;
  for (uint32_t i = 0; i < op->operand_count; i++) {
    vmo_emit_array array = vmo_operand_array(e, vmo_op_operands(e->function, op) + i);
    bool by_value = vmo_value_type(callee->module, callee->function, i)->rank == 0;
    arguments[at++] = by_value ? vmo_load_element(e, &array, vmo_i64(e, 0)) : vmo_array_pointer(e, &array);
  }
  for (uint32_t i = 0; i < op->result_count; i++)
    arguments[at++] = vmo_place_pointer(e, &e->places[op->result_first + i]);
  return at;
}

void vmo_emit_call(vmo_emitter *e, const vmo_op *op) {
  const vmo_unit *callee = vmo_callee_unit(e->compilation, op->callee);
  const vmo_plan *called = callee->function->plan;
  uint32_t most = 1 + called->arena_count + op->operand_count + op->result_count;
  LLVMValueRef *arguments = vmo_emit_alloc(e, most, sizeof *arguments), block = NULL;
  if (arguments == NULL) return;
  const vmo_op_plan *entry = vmo_plan_of_op(e);
  arguments[0] = e->frame->call;
  if (entry != NULL && entry->callee_count > 0)
    place_arenas(e, callee, entry, arguments + 1);
  else if (callee->is_recursive)
    block = begin_activation(e, callee, op, arguments + 1);
  if (e->status != VMO_OK) return;
  uint32_t count = 1 + called->arena_count;
  for (uint32_t i = 1; i < count; i++)
    if (arguments[i] == NULL) arguments[i] = LLVMConstNull(e->pointer);
  count += add_arguments(e, callee, op, arguments + count);
  LLVMValueRef status = LLVMBuildCall2(e->builder, callee->type, callee->body, arguments, count, "");
  vmo_drop_blocks(e);
  if (block != NULL) end_activation(e, block);
  vmo_require_status(e, status, false);
}

/* ---- declared ops ---- */

#define OP_PREFIX \
  "op." /* no name of C begins so: nothing else is taken for an op's function, and it for nothing else */

static void fill_member(vmo_emitter *e, LLVMTypeRef type, LLVMValueRef record, unsigned member, LLVMValueRef value) {
  LLVMBuildStore(e->builder, value, LLVMBuildStructGEP2(e->builder, type, record, member, ""));
}

/* vmr_array records for operands or results, on the stack. */
static LLVMValueRef make_records(vmo_emitter *e, LLVMTypeRef type, const vmo_emit_array *arrays, uint32_t count) {
  LLVMBuilderRef b = e->builder;
  LLVMValueRef records = LLVMBuildAlloca(e->frame->sizes, LLVMArrayType2(type, count > 0 ? count : 1), "");
  for (uint32_t i = 0; i < count; i++) {
    const vmo_emit_array *array = &arrays[i];
    LLVMValueRef sizes = LLVMBuildAlloca(e->frame->sizes, LLVMArrayType2(e->i64, array->rank + 1), "");
    LLVMValueRef index = vmo_i64(e, i), record = LLVMBuildGEP2(b, type, records, &index, 1, "");
    for (uint32_t k = 0; k < array->rank; k++) {
      LLVMValueRef axis = vmo_i64(e, k);
      LLVMBuildStore(b, array->sizes[k], LLVMBuildGEP2(b, e->i64, sizes, &axis, 1, ""));
    }
    fill_member(e, type, record, 0, vmo_array_pointer(e, array));
    fill_member(e, type, record, 1, sizes);
    fill_member(e, type, record, 2, array->count);
    fill_member(e, type, record, 3, LLVMConstInt(e->i32, array->element, false));
    fill_member(e, type, record, 4, LLVMConstInt(e->i32, array->rank, false));
  }
  return records;
}

const char *vmo_op_symbol(vmo_module *module, const char *name, bool typed) {
  if (typed) return name;
  size_t length = strlen(name), start = strlen(OP_PREFIX);
  char *symbol = vmo_alloc_array(module->context, start + length + 1, 1);
  if (symbol == NULL) return NULL;
  memcpy(symbol, OP_PREFIX, start);
  memcpy(symbol + start, name, length + 1);
  return symbol;
}

void vmo_emit_declared(vmo_emitter *e, const vmo_op *op) {
  const char *name = vmo_name(e->module, e->module->declarations.data[op->callee].name);
  const vmo_function *body = e->module->declarations.data[op->callee].body;
  vmo_emit_op described;
  vmo_describe_op(e, op, &described);
  if (e->status != VMO_OK) return;
  if (body != NULL) {
    vmo_emit_fused(e, &described, body);
    vmo_drop_blocks(e);
    return;
  }
  LLVMTypeRef members[5] = {e->pointer, e->pointer, e->i64, e->i32, e->i32};
  LLVMTypeRef record = LLVMStructTypeInContext(e->llvm, members, 5, false);
  LLVMTypeRef types[3] = {e->pointer, e->pointer, e->pointer};
  LLVMValueRef values[3] = {make_records(e, record, described.operands, described.operand_count),
                            make_records(e, record, described.results, described.result_count),
                            described.workspace != NULL ? described.workspace : LLVMConstNull(e->pointer)};
  const char *symbol = vmo_op_symbol(e->module, name, e->options->typed);
  if (symbol == NULL) {
    vmo_emit_fail(e, VMO_OUT_OF_MEMORY);
    return;
  }
  LLVMValueRef status = vmo_call_external(e, symbol, e->i32, types, values, 3);
  vmo_drop_blocks(e);
  vmo_require(e, LLVMBuildICmp(e->builder, LLVMIntEQ, status, LLVMConstInt(e->i32, 0, false), ""),
              VMR_CALL_DECLARED_FAILED);
}
