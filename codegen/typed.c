/* typed.c: NAME, the typed function: puts what it is given into a vmr_call on the stack and calls NAME_entry; and
 * NAME_arena_bytes. interface.c says which parameters there are. */
#include <string.h>

#include "codegen/compile.h"
#include "codegen/header.h"
#include "codegen/interface.h"

typedef struct typed {
  vmo_emitter *e;
  const vmo_unit *unit;
  vmo_c_interface c;
  LLVMValueRef function;
  LLVMValueRef dims, arguments, results, arenas, arena_bytes; /* arrays on the stack */
} typed;

static LLVMTypeRef type_of_parameter(const typed *t, const vmo_c_parameter *parameter) {
  const vmo_emitter *e = t->e;
  if (parameter->kind == VMO_C_DIM || parameter->kind == VMO_C_ARENA_BYTES) return e->i64;
  if (parameter->kind != VMO_C_ARGUMENT) return e->pointer;
  const vmo_type *type = vmo_value_type(t->unit->module, t->unit->function, parameter->index);
  return type->rank == 0 ? vmo_memory_type(e, type->element) : e->pointer;
}

/* C widens small integers in registers. */
static void note_width(typed *t, uint32_t at, const vmo_c_parameter *parameter) {
  LLVMTypeRef type = type_of_parameter(t, parameter);
  if (type != t->e->i8 && type != t->e->i16) return;
  const vmo_type *described = vmo_value_type(t->unit->module, t->unit->function, parameter->index);
  const char *name = vmo_is_signed(described->element) ? "signext" : "zeroext";
  LLVMAddAttributeAtIndex(t->function, at + 1, vmo_make_attribute(t->e, name, 0));
}

static LLVMValueRef make_items(typed *t, LLVMTypeRef type, uint32_t count) {
  return LLVMBuildAlloca(t->e->builder, LLVMArrayType2(type, count > 0 ? count : 1), "");
}

static void put(typed *t, LLVMTypeRef type, LLVMValueRef items, uint32_t index, LLVMValueRef value) {
  LLVMValueRef at = vmo_i64(t->e, index);
  LLVMBuildStore(t->e->builder, value, LLVMBuildGEP2(t->e->builder, type, items, &at, 1, ""));
}

static LLVMValueRef get(typed *t, LLVMValueRef items, uint32_t index) {
  LLVMValueRef at = vmo_i64(t->e, index);
  return LLVMBuildLoad2(t->e->builder, t->e->pointer, LLVMBuildGEP2(t->e->builder, t->e->pointer, items, &at, 1, ""),
                        "");
}

static void put_argument(typed *t, uint32_t index, LLVMValueRef value) {
  vmo_emitter *e = t->e;
  const vmo_type *type = vmo_value_type(t->unit->module, t->unit->function, index);
  if (type->rank == 0) {
    LLVMValueRef place = LLVMBuildAlloca(e->builder, LLVMTypeOf(value), "");
    LLVMBuildStore(e->builder, value, place);
    value = place;
  }
  put(t, e->pointer, t->arguments, index, value);
}

static void put_parameter(typed *t, const vmo_c_parameter *parameter, LLVMValueRef value) {
  vmo_emitter *e = t->e;
  bool in_caller = t->unit->function->plan->results_in_caller;
  switch (parameter->kind) {
  case VMO_C_DIM: put(t, e->i64, t->dims, parameter->index, value); return;
  case VMO_C_ARGUMENT: put_argument(t, parameter->index, value); return;
  case VMO_C_RESULT:
    put(t, e->pointer, t->results, parameter->index, in_caller ? value : LLVMConstNull(e->pointer));
    return;
  case VMO_C_ARENA: put(t, e->pointer, t->arenas, parameter->index, value); return;
  case VMO_C_ARENA_BYTES: put(t, e->i64, t->arena_bytes, parameter->index, value); return;
  }
}

static LLVMValueRef make_call(typed *t) {
  vmo_emitter *e = t->e;
  LLVMTypeRef type = e->compilation->call_type;
  LLVMValueRef call = LLVMBuildAlloca(e->builder, type, "");
  const LLVMValueRef items[] = {t->dims, t->arguments, t->results, t->arenas, t->arena_bytes};
  for (unsigned i = 0; i < VMO_CALL_MEMBER_COUNT; i++) {
    LLVMTypeRef member = vmo_call_member_type(e, (vmo_call_member)i);
    LLVMValueRef value = i < 5 ? items[i] : LLVMConstNull(member);
    if (i == VMO_CALL_THREADS) value = LLVMConstInt(e->i32, e->options->threads, false);
    LLVMBuildStore(e->builder, value, LLVMBuildStructGEP2(e->builder, type, call, i, ""));
  }
  return call;
}

/* Tells where an array is; copies a scalar out of the arena. NULL: the caller does not ask. */
static void hand_out(typed *t, const vmo_c_parameter *parameter, LLVMValueRef wanted) {
  vmo_emitter *e = t->e;
  vmo_emit_branch branch;
  const vmo_type *type = &t->unit->module->types.data[t->unit->function->result_types.data[parameter->index]];
  LLVMValueRef place = get(t, t->results, parameter->index);
  vmo_begin_if(e, &branch, LLVMBuildIsNotNull(e->builder, wanted, ""));
  if (type->rank == 0) {
    LLVMValueRef number = LLVMBuildLoad2(e->builder, vmo_memory_type(e, type->element), place, "");
    LLVMSetAlignment(number, 1);
    place = number;
  }
  LLVMBuildStore(e->builder, place, wanted);
  vmo_end_if(e, &branch);
}

static void fill_typed(typed *t, LLVMValueRef entry) {
  vmo_emitter *e = t->e;
  const vmo_function *function = t->unit->function;
  vmo_emit_frame frame = {.function = t->function};
  e->frame = &frame;
  LLVMPositionBuilderAtEnd(e->builder, LLVMAppendBasicBlockInContext(e->llvm, t->function, "entry"));
  t->dims = make_items(t, e->i64, t->unit->module->dims.count);
  t->arguments = make_items(t, e->pointer, function->parameters.count);
  t->results = make_items(t, e->pointer, function->result_types.count);
  t->arenas = make_items(t, e->pointer, function->plan->arena_count);
  t->arena_bytes = make_items(t, e->i64, function->plan->arena_count);
  for (uint32_t i = 0; i < t->c.parameters.count; i++)
    put_parameter(t, &t->c.parameters.data[i], LLVMGetParam(t->function, i));
  LLVMValueRef call = make_call(t);
  LLVMTypeRef type = LLVMFunctionType(e->i32, &e->pointer, 1, false);
  LLVMValueRef status = LLVMBuildCall2(e->builder, type, entry, &call, 1, "");
  vmo_emit_branch branch;
  if (!function->plan->results_in_caller) {
    vmo_begin_if(e, &branch,
                 LLVMBuildICmp(e->builder, LLVMIntEQ, status, LLVMConstInt(e->i32, VMR_CALL_OK, false), ""));
    for (uint32_t i = 0; i < t->c.parameters.count; i++)
      if (t->c.parameters.data[i].kind == VMO_C_RESULT)
        hand_out(t, &t->c.parameters.data[i], LLVMGetParam(t->function, i));
    vmo_end_if(e, &branch);
  }
  LLVMBuildRet(e->builder, status);
  e->frame = NULL;
}

static void emit_function(typed *t, LLVMValueRef entry) {
  vmo_emitter *e = t->e;
  uint32_t count = t->c.parameters.count;
  LLVMTypeRef *types = vmo_emit_alloc(e, (size_t)count + 1, sizeof *types);
  const char *name = vmo_symbol_name(e, t->unit->function, e->options->prefix, "");
  if (types == NULL || name == NULL) return;
  for (uint32_t i = 0; i < count; i++) types[i] = type_of_parameter(t, &t->c.parameters.data[i]);
  t->function = LLVMAddFunction(e->code, name, LLVMFunctionType(e->i32, types, count, false));
  for (uint32_t i = 0; i < count; i++) note_width(t, i, &t->c.parameters.data[i]);
  fill_typed(t, entry);
}

/* ---- NAME_arena_bytes ---- */

static uint32_t count_dims(const typed *t) {
  uint32_t count = 0;
  while (count < t->c.parameters.count && t->c.parameters.data[count].kind == VMO_C_DIM) count++;
  return count;
}

static const char *space_suffix(typed *t, uint32_t arena) {
  vmo_space_id space = t->unit->function->plan->arenas[arena].space;
  if (space == 0) return "_arena_bytes";
  const char *name = vmo_name(t->unit->module, t->unit->module->spaces.data[space]);
  char *suffix = vmo_emit_alloc(t->e, strlen(name) + 16, 1);
  if (suffix != NULL) strcat(strcpy(suffix, "_arena_bytes_"), name);
  return suffix;
}

/* int64_t NAME_arena_bytes(dims...): -1 when the sizes make no sense. */
static void emit_arena_bytes(typed *t, LLVMValueRef checks, uint32_t arena) {
  vmo_emitter *e = t->e;
  LLVMBuilderRef b = e->builder;
  uint32_t count = count_dims(t);
  const char *suffix = space_suffix(t, arena);
  const char *name = suffix == NULL ? NULL : vmo_symbol_name(e, t->unit->function, e->options->prefix, suffix);
  LLVMTypeRef *types = vmo_emit_alloc(e, (size_t)count + 1, sizeof *types), pair[2] = {e->pointer, e->pointer};
  if (name == NULL || types == NULL) return;
  for (uint32_t i = 0; i < count; i++) types[i] = e->i64;
  LLVMValueRef function = LLVMAddFunction(e->code, name, LLVMFunctionType(e->i64, types, count, false));
  LLVMPositionBuilderAtEnd(b, LLVMAppendBasicBlockInContext(e->llvm, function, "entry"));
  LLVMValueRef dims = make_items(t, e->i64, t->unit->module->dims.count);
  LLVMValueRef bytes = make_items(t, e->i64, t->unit->function->plan->arena_count);
  for (uint32_t i = 0; i < count; i++) put(t, e->i64, dims, t->c.parameters.data[i].index, LLVMGetParam(function, i));
  LLVMValueRef values[2] = {dims, bytes}, index = vmo_i64(e, arena);
  LLVMValueRef status = LLVMBuildCall2(b, LLVMFunctionType(e->i32, pair, 2, false), checks, values, 2, "");
  LLVMValueRef found = LLVMBuildLoad2(b, e->i64, LLVMBuildGEP2(b, e->i64, bytes, &index, 1, ""), "");
  LLVMValueRef is_fine = LLVMBuildICmp(b, LLVMIntEQ, status, LLVMConstInt(e->i32, VMR_CALL_OK, false), "");
  LLVMBuildRet(b, LLVMBuildSelect(b, is_fine, found, vmo_i64(e, -1), ""));
}

/* ---- NAME_offset_of_STATE ---- */

static void emit_offset(typed *t, uint32_t state) {
  vmo_emitter *e = t->e;
  uint32_t count = count_dims(t);
  const char *value = vmo_value_name(t->unit->module, t->unit->function, state);
  const char *suffix = vmo_state_suffix(e->context->arena, value);
  if (suffix == NULL) {
    vmo_emit_fail(e, VMO_OUT_OF_MEMORY);
    return;
  }
  const char *name = vmo_symbol_name(e, t->unit->function, e->options->prefix, suffix);
  LLVMTypeRef *types = vmo_emit_alloc(e, (size_t)count + 1, sizeof *types);
  if (name == NULL || types == NULL) return;
  for (uint32_t i = 0; i < count; i++) types[i] = e->i64;
  LLVMValueRef function = LLVMAddFunction(e->code, name, LLVMFunctionType(e->i64, types, count, false));
  vmo_emit_frame frame;
  vmo_open_frame(e, &frame, function);
  for (uint32_t i = 0; i < count; i++) frame.dims[t->c.parameters.data[i].index] = LLVMGetParam(function, i);
  LLVMBuildRet(e->builder, vmo_emit_size(e, t->unit->places[state].offset));
  vmo_close_frame(e, &frame);
}

void vmo_emit_typed(vmo_emitter *e, const vmo_unit *unit, LLVMValueRef checks, LLVMValueRef entry) {
  typed t = {.e = e, .unit = unit};
  if (!vmo_find_c_interface(unit->module, unit->function, e->options->prefix, &t.c)) {
    vmo_emit_fail(e, VMO_OUT_OF_MEMORY);
    return;
  }
  emit_function(&t, entry);
  for (uint32_t i = 0; i < unit->function->plan->arena_count && e->status == VMO_OK; i++)
    emit_arena_bytes(&t, checks, i);
  for (uint32_t i = 0; i < unit->function->parameters.count && e->status == VMO_OK; i++)
    if (unit->function->parameters.data[i].state) emit_offset(&t, i);
}
