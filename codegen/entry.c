/* entry.c: NAME_entry, by which callers of any language reach a compiled function.
 *
 *   int32_t NAME_entry(vmr_call *call)
 *
 * It asks NAME_arenas whether the sizes make sense, looks whether arenas, arguments and places for results are there, and
 * calls the body. With results in the caller's bytes, one that the plan leaves in a donated argument is copied to the
 * place that the caller names, or told to be there when he names none. */
#include "codegen/compile.h"

typedef struct entry {
  vmo_emitter *e;
  const vmo_unit *unit;
  const vmo_plan *plan;
} entry;

static LLVMValueRef item(vmo_emitter *e, LLVMTypeRef type, LLVMValueRef items, uint32_t index) {
  LLVMValueRef at = vmo_i64(e, index);
  return LLVMBuildGEP2(e->builder, type, items, &at, 1, "");
}

static LLVMValueRef load_item(vmo_emitter *e, LLVMTypeRef type, LLVMValueRef items, uint32_t index) {
  return LLVMBuildLoad2(e->builder, type, item(e, type, items, index), "");
}

static LLVMValueRef load_member(vmo_emitter *e, vmo_call_member member) {
  return vmo_load_call_member(e, e->builder, member);
}

/* Fails with a status, at no op, where `bad` holds. */
static void refuse(vmo_emitter *e, LLVMValueRef bad, vmr_call_status status) {
  LLVMValueRef code = LLVMBuildSelect(e->builder, bad, LLVMConstInt(e->i32, (unsigned)status, false),
                                      LLVMConstInt(e->i32, VMR_CALL_OK, false), "");
  vmo_require_status(e, code, false);
}

static LLVMValueRef is_null(vmo_emitter *e, LLVMValueRef pointer) { return LLVMBuildIsNull(e->builder, pointer, ""); }

/* ---- arenas ---- */

static void check_arena(entry *n, uint32_t index, LLVMValueRef arena, LLVMValueRef wanted, LLVMValueRef given) {
  vmo_emitter *e = n->e;
  LLVMBuilderRef b = e->builder;
  uint32_t alignment = vmo_arena_alignment(n->unit->module, n->unit->function);
  (void)index;
  LLVMValueRef some = LLVMBuildICmp(b, LLVMIntSGT, wanted, vmo_i64(e, 0), "");
  refuse(e, LLVMBuildAnd(b, some, is_null(e, arena), ""), VMR_CALL_NO_ARENA);
  refuse(e, LLVMBuildICmp(b, LLVMIntSLT, given, wanted, ""), VMR_CALL_ARENA_TOO_SMALL);
  LLVMValueRef address = LLVMBuildPtrToInt(b, arena, e->i64, "");
  LLVMValueRef rest = LLVMBuildAnd(b, address, vmo_i64(e, (int64_t)alignment - 1), "");
  LLVMValueRef askew = LLVMBuildICmp(b, LLVMIntNE, rest, vmo_i64(e, 0), "");
  refuse(e, LLVMBuildAnd(b, some, askew, ""), VMR_CALL_ARENA_MISALIGNED);
}

static void add_arenas(entry *n, LLVMValueRef checks, LLVMValueRef *arguments) {
  vmo_emitter *e = n->e;
  LLVMTypeRef types[2] = {e->pointer, e->pointer};
  LLVMValueRef wanted = LLVMBuildAlloca(e->frame->sizes, LLVMArrayType2(e->i64, n->plan->arena_count), "");
  LLVMValueRef values[2] = {load_member(e, VMO_CALL_DIMS), wanted};
  vmo_require_status(e, LLVMBuildCall2(e->builder, LLVMFunctionType(e->i32, types, 2, false), checks, values, 2, ""),
                     false);
  LLVMValueRef arenas = load_member(e, VMO_CALL_ARENAS), bytes = load_member(e, VMO_CALL_ARENA_BYTES);
  for (uint32_t i = 0; i < n->plan->arena_count; i++) {
    arguments[i] = load_item(e, e->pointer, arenas, i);
    check_arena(n, i, arguments[i], load_item(e, e->i64, wanted, i), load_item(e, e->i64, bytes, i));
  }
}

/* ---- arguments and results ---- */

static const vmo_type *type_of(const entry *n, vmo_value_id value) {
  return vmo_value_type(n->unit->module, n->unit->function, value);
}

/* Refuses NULL for what has bytes. */
static void check_bytes(vmo_emitter *e, const vmo_type *type, LLVMValueRef pointer) {
  LLVMValueRef some = LLVMBuildICmp(e->builder, LLVMIntSGT, vmo_emit_size(e, type->bytes), vmo_i64(e, 0), "");
  refuse(e, LLVMBuildAnd(e->builder, some, is_null(e, pointer), ""), VMR_CALL_NO_ARGUMENT);
}

static void add_parameters(entry *n, LLVMValueRef *arguments) {
  vmo_emitter *e = n->e;
  const vmo_function *function = n->unit->function;
  if (function->parameters.count == 0) return;
  LLVMValueRef given = load_member(e, VMO_CALL_ARGUMENTS);
  refuse(e, is_null(e, given), VMR_CALL_NO_ARGUMENT);
  for (uint32_t i = 0; i < function->parameters.count; i++) {
    const vmo_type *type = type_of(n, i);
    arguments[i] = LLVMConstNull(e->pointer);
    if (function->parameters.data[i].state) continue;
    arguments[i] = load_item(e, e->pointer, given, i);
    check_bytes(e, type, arguments[i]);
    if (type->rank == 0) arguments[i] = vmo_load_number(e, type->element, arguments[i], vmo_i64(e, 0));
  }
}

static bool is_in_argument(const entry *n, uint32_t result) {
  return n->unit->results[result].base == VMO_PLACE_PARAMETER;
}

static void add_results(entry *n, LLVMValueRef results, LLVMValueRef *arguments) {
  vmo_emitter *e = n->e;
  const vmo_function *function = n->unit->function;
  for (uint32_t i = 0; i < function->result_types.count; i++) {
    arguments[i] = load_item(e, e->pointer, results, i);
    if (!is_in_argument(n, i))
      check_bytes(e, &n->unit->module->types.data[function->result_types.data[i]], arguments[i]);
  }
}

/* A result that is in a donated argument, of which the caller may want to have it elsewhere. */
static void hand_over(entry *n, LLVMValueRef results, uint32_t result, LLVMValueRef wanted, LLVMValueRef argument) {
  vmo_emitter *e = n->e;
  const vmo_type *type = &n->unit->module->types.data[n->unit->function->result_types.data[result]];
  vmo_emit_branch branch;
  vmo_begin_if(e, &branch, is_null(e, wanted));
  LLVMBuildStore(e->builder, argument, item(e, e->pointer, results, result));
  vmo_begin_else(e, &branch);
  LLVMBuildMemMove(e->builder, wanted, 1, argument, 1, vmo_emit_size(e, type->bytes));
  vmo_end_if(e, &branch);
}

/* ---- the function ---- */

static void fill_entry(entry *n, LLVMValueRef checks) {
  vmo_emitter *e = n->e;
  const vmo_function *function = n->unit->function;
  uint32_t parameters = function->parameters.count, results = function->result_types.count;
  LLVMValueRef *arguments = vmo_emit_alloc(e, 1 + n->plan->arena_count + parameters + results, sizeof *arguments);
  if (arguments == NULL) return;
  LLVMValueRef *first = arguments + 1 + n->plan->arena_count, places = NULL;
  uint32_t count = 1 + n->plan->arena_count + parameters;
  arguments[0] = e->frame->call;
  add_arenas(n, checks, arguments + 1);
  add_parameters(n, first);
  if (results > 0) {
    places = load_member(e, VMO_CALL_RESULTS);
    refuse(e, is_null(e, places), VMR_CALL_NO_ARGUMENT);
  }
  if (n->plan->results_in_caller && results > 0) {
    add_results(n, places, arguments + count);
    count += results;
  }
  vmo_require_status(e, LLVMBuildCall2(e->builder, n->unit->type, n->unit->body, arguments, count, ""), false);
  for (uint32_t i = 0; n->plan->results_in_caller && i < results; i++)
    if (is_in_argument(n, i)) hand_over(n, places, i, first[parameters + i], first[n->unit->results[i].index]);
  LLVMBuildRet(e->builder, LLVMConstInt(e->i32, VMR_CALL_OK, false));
}

LLVMValueRef vmo_emit_entry(vmo_emitter *e, const vmo_unit *unit, LLVMValueRef checks) {
  entry n = {e, unit, unit->function->plan};
  LLVMTypeRef type = LLVMFunctionType(e->i32, &e->pointer, 1, false);
  const char *name = vmo_symbol_name(e, unit->function, e->options->prefix, "_entry");
  if (name == NULL) return NULL;
  LLVMValueRef function = LLVMAddFunction(e->code, name, type);
  vmo_emit_frame frame;
  vmo_open_frame(e, &frame, function);
  fill_entry(&n, checks);
  vmo_close_frame(e, &frame);
  return function;
}
