/* lower.c: a function of VMIR as a function of LLVM IR.
 *
 * The ops are emitted in the order of their array, which is program order; a region begins when its owner is emitted and
 * ends with its terminator, so what is open is a stack as deep as regions nest. What loops and branches hand over lies in
 * bytes that the plan has made the same, so no phi but the index of a `for` is needed:
 *
 *   for     ─> head: i < high? ──> body ... yield: i + step ─> head           branches share the place of their yields;
 *   while   ─> head: condition ... go? ──> do ... yield ─> head               a yield is a jump
 *
 * Linear in the function. */
#include "codegen/compile.h"

/* What is open: a structured op whose region is being emitted. */
typedef struct open_op {
  const vmo_op *op;
  LLVMBasicBlockRef head, otherwise, after;
  LLVMValueRef index, high;  /* of a for */
  vmo_emit_streams *streams; /* of a parallel; NULL: they are in place */
  uint32_t captures;         /* of the emitter, before */
} open_op;

typedef struct lowering {
  vmo_emitter *e;
  bool is_entry;
  VMO_VEC(open_op) open;
} lowering;

/* ---- frames ---- */

void vmo_open_frame(vmo_emitter *e, vmo_emit_frame *frame, LLVMValueRef function) {
  *frame = (vmo_emit_frame){.function = function};
  frame->dims = vmo_emit_alloc(e, (size_t)e->module->dims.count + 1, sizeof *frame->dims);
  if (LLVMCountParams(function) > 0) frame->call = LLVMGetParam(function, 0);
  LLVMBasicBlockRef entry = LLVMAppendBasicBlockInContext(e->llvm, function, "entry");
  LLVMBasicBlockRef start = LLVMAppendBasicBlockInContext(e->llvm, function, "start");
  frame->fail = LLVMAppendBasicBlockInContext(e->llvm, function, "fail");
  LLVMPositionBuilderAtEnd(e->builder, frame->fail);
  frame->status = LLVMBuildPhi(e->builder, e->i32, "status");
  LLVMBuildRet(e->builder, frame->status);
  LLVMPositionBuilderAtEnd(e->builder, entry);
  LLVMValueRef jump = LLVMBuildBr(e->builder, start);
  frame->sizes = LLVMCreateBuilderInContext(e->llvm);
  LLVMPositionBuilderBefore(frame->sizes, jump);
  LLVMPositionBuilderAtEnd(e->builder, start);
  e->frame = frame;
}

void vmo_close_frame(vmo_emitter *e, vmo_emit_frame *frame) {
  LLVMDisposeBuilder(frame->sizes);
  if (LLVMCountIncoming(frame->status) == 0) LLVMDeleteBasicBlock(frame->fail);
  e->frame = NULL;
}

/* ---- the function's signature ---- */

static LLVMTypeRef parameter_type(const vmo_emitter *e, const vmo_unit *unit, uint32_t index) {
  const vmo_type *type = vmo_value_type(unit->module, unit->function, index);
  bool by_value = type->rank == 0 && !unit->function->parameters.data[index].state;
  return by_value ? vmo_register_type(e, type->element) : e->pointer;
}

static uint32_t count_parameters(const vmo_unit *unit) {
  const vmo_plan *plan = unit->function->plan;
  uint32_t results = plan->results_in_caller ? unit->function->result_types.count : 0;
  return 1 + plan->arena_count + unit->function->parameters.count + results;
}

/* No two of a function's pointers lead to bytes of which one is written: its arena holds nothing of the caller's, a donated
 * argument shares no bytes with another one, and a result in a donated argument's bytes is written through that. Of an
 * arena, no more than the plan's alignment is known: a callee's lies where its own slots are aligned, whatever the types of
 * others ask for. */
static void add_facts(vmo_emitter *e, const vmo_unit *unit) {
  const vmo_plan *plan = unit->function->plan;
  for (uint32_t i = 0; i < count_parameters(unit); i++) {
    bool is_arena = i >= 1 && i <= plan->arena_count;
    if (LLVMTypeOf(LLVMGetParam(unit->body, i)) != e->pointer) continue;
    LLVMAddAttributeAtIndex(unit->body, i + 1, vmo_make_attribute(e, "noalias", 0));
    uint32_t alignment = is_arena ? plan->alignment : 1;
    if (alignment > 1) LLVMAddAttributeAtIndex(unit->body, i + 1, vmo_make_attribute(e, "align", alignment));
  }
  LLVMAddAttributeAtIndex(unit->body, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                          vmo_make_attribute(e, "nounwind", 0));
}

void vmo_declare_unit(vmo_emitter *e, vmo_unit *unit) {
  const vmo_plan *plan = unit->function->plan;
  uint32_t count = count_parameters(unit), at = 0;
  LLVMTypeRef *types = vmo_emit_alloc(e, count, sizeof *types);
  const char *name = vmo_symbol_name(e, unit->function, "", unit->is_entry ? ".entry" : ".callee");
  if (types == NULL || name == NULL) return;
  types[at++] = e->pointer;
  for (uint32_t i = 0; i < plan->arena_count; i++) types[at++] = e->pointer;
  for (uint32_t i = 0; i < unit->function->parameters.count; i++) types[at++] = parameter_type(e, unit, i);
  while (at < count) types[at++] = e->pointer;
  unit->type = LLVMFunctionType(e->i32, types, count, false);
  unit->body = LLVMAddFunction(e->code, name, unit->type);
  LLVMSetLinkage(unit->body, LLVMInternalLinkage);
  add_facts(e, unit);
}

/* A value that lives in a register. */
static void keep_scalar(vmo_emitter *e, vmo_value_id value, LLVMValueRef scalar) {
  e->scalars[value] = scalar;
  if (!LLVMIsConstant(scalar) && !vmo_vec_push(e->arena, &e->captures, value)) vmo_emit_fail(e, VMO_OUT_OF_MEMORY);
}

static void bind_parameters(vmo_emitter *e, const vmo_unit *unit) {
  const vmo_plan *plan = unit->function->plan;
  uint32_t parameters = unit->function->parameters.count, results = unit->function->result_types.count, at = 1;
  vmo_emit_frame *frame = e->frame;
  frame->arenas = vmo_emit_alloc(e, (size_t)plan->arena_count + 1, sizeof(LLVMValueRef));
  frame->parameters = vmo_emit_alloc(e, (size_t)parameters + 1, sizeof(LLVMValueRef));
  frame->results = vmo_emit_alloc(e, (size_t)results + 1, sizeof(LLVMValueRef));
  if (e->status != VMO_OK) return;
  for (uint32_t i = 0; i < plan->arena_count; i++) frame->arenas[i] = LLVMGetParam(unit->body, at++);
  for (uint32_t i = 0; i < parameters; i++) {
    frame->parameters[i] = LLVMGetParam(unit->body, at++);
    bool scalar = LLVMTypeOf(frame->parameters[i]) != e->pointer;
    if (scalar) keep_scalar(e, i, frame->parameters[i]);
  }
  for (uint32_t i = 0; plan->results_in_caller && i < results; i++) frame->results[i] = LLVMGetParam(unit->body, at++);
}

/* ---- structured ops ---- */

static LLVMBasicBlockRef add_block(vmo_emitter *e, const char *name) {
  return LLVMAppendBasicBlockInContext(e->llvm, e->frame->function, name);
}

static LLVMValueRef scalar_operand(vmo_emitter *e, const vmo_op *op, uint32_t index) {
  vmo_emit_array array = vmo_operand_array(e, vmo_op_operands(e->function, op) + index);
  return vmo_load_element(e, &array, vmo_i64(e, 0));
}

static const vmo_region *region_of(const vmo_emitter *e, const vmo_op *op, uint32_t index) {
  return &e->function->regions.data[op->region_first + index];
}

static void begin_for(lowering *l, open_op *open) {
  vmo_emitter *e = l->e;
  LLVMValueRef low = scalar_operand(e, open->op, 0);
  open->high = scalar_operand(e, open->op, 1);
  LLVMBasicBlockRef before = LLVMGetInsertBlock(e->builder), body = add_block(e, "for.body");
  LLVMBuildBr(e->builder, open->head);
  LLVMPositionBuilderAtEnd(e->builder, open->head);
  open->index = LLVMBuildPhi(e->builder, e->i64, "i");
  LLVMAddIncoming(open->index, &low, &before, 1);
  LLVMValueRef more = LLVMBuildICmp(e->builder, LLVMIntSLT, open->index, open->high, "");
  LLVMBuildCondBr(e->builder, more, body, open->after);
  LLVMPositionBuilderAtEnd(e->builder, body);
  keep_scalar(e, region_of(e, open->op, 0)->argument_first, open->index);
  if (e->options->progress && l->is_entry && l->open.count == 0) vmo_emit_watch_trip(e, low, open->index, open->high);
}

/* The next index, or `high` when that would wrap around: the rest of the way is taken as an unsigned number. */
static LLVMValueRef next_index(vmo_emitter *e, const open_op *open) {
  int64_t step = vmo_op_integer(e->module, e->function, open->op, "step", 1);
  LLVMValueRef by = vmo_i64(e, step), next = LLVMBuildAdd(e->builder, open->index, by, "");
  if (step == 1) return next;
  LLVMValueRef rest = LLVMBuildSub(e->builder, open->high, open->index, "");
  return LLVMBuildSelect(e->builder, LLVMBuildICmp(e->builder, LLVMIntUGT, rest, by, ""), next, open->high, "");
}

static void end_for(vmo_emitter *e, const open_op *open) {
  LLVMValueRef next = next_index(e, open);
  LLVMBasicBlockRef last = LLVMGetInsertBlock(e->builder);
  LLVMBuildBr(e->builder, open->head);
  LLVMAddIncoming(open->index, &next, &last, 1);
}

static void begin_if(lowering *l, open_op *open) {
  vmo_emitter *e = l->e;
  LLVMValueRef condition = scalar_operand(e, open->op, 0);
  LLVMBasicBlockRef then = add_block(e, "then");
  bool two = open->op->region_count > 1;
  open->otherwise = two ? add_block(e, "else") : open->after;
  LLVMBuildCondBr(e->builder, condition, then, open->otherwise);
  LLVMPositionBuilderAtEnd(e->builder, then);
}

static void begin_structured(lowering *l, const vmo_op *op) {
  vmo_emitter *e = l->e;
  if (op->region_count == 0) return; /* a parallel without streams */
  open_op open = {.op = op, .captures = e->captures.count};
  if (op->code == VMO_OP_for || op->code == VMO_OP_while) open.head = add_block(e, "head");
  if (op->code != VMO_OP_parallel) open.after = add_block(e, "after");
  if (op->code == VMO_OP_for) begin_for(l, &open);
  if (op->code == VMO_OP_if) begin_if(l, &open);
  if (op->code == VMO_OP_parallel && !e->options->instrument) {
    open.streams = vmo_begin_streams(e, op);
    if (e->status == VMO_OK) vmo_begin_stream(e, open.streams);
  }
  if (op->code == VMO_OP_while) {
    LLVMBuildBr(e->builder, open.head);
    LLVMPositionBuilderAtEnd(e->builder, open.head);
  }
  if (!vmo_vec_push(e->arena, &l->open, open)) vmo_emit_fail(e, VMO_OUT_OF_MEMORY);
}

static void close_structured(lowering *l, const open_op *open) {
  l->e->captures.count = open->captures;
  LLVMMoveBasicBlockAfter(open->after, LLVMGetLastBasicBlock(l->e->frame->function));
  LLVMPositionBuilderAtEnd(l->e->builder, open->after);
  l->open.count--;
}

static void emit_condition(lowering *l, const vmo_op *op) {
  vmo_emitter *e = l->e;
  const open_op *open = &l->open.data[l->open.count - 1];
  LLVMBasicBlockRef body = add_block(e, "do");
  LLVMBuildCondBr(e->builder, scalar_operand(e, op, 0), body, open->after);
  LLVMPositionBuilderAtEnd(e->builder, body);
}

static void end_branch(lowering *l, open_op *open, bool is_last) {
  LLVMBuilderRef b = l->e->builder;
  LLVMBasicBlockRef after = open->after, otherwise = open->otherwise;
  l->e->captures.count = open->captures; /* what one branch has in registers the other one does not see */
  LLVMBuildBr(b, after);
  if (is_last)
    close_structured(l, open);
  else
    LLVMPositionBuilderAtEnd(b, otherwise);
}

static void end_stream(lowering *l, const open_op *open, bool is_last) {
  vmo_emitter *e = l->e;
  vmo_emit_streams *streams = open->streams;
  e->captures.count = open->captures;
  if (streams != NULL) vmo_end_stream(e, streams);
  if (is_last) {
    if (streams != NULL) vmo_end_streams(e, streams);
    l->open.count--;
  } else if (streams != NULL) {
    vmo_begin_stream(e, streams);
  }
}

static void emit_yield(lowering *l, const vmo_op *op) {
  vmo_emitter *e = l->e;
  open_op *open = &l->open.data[l->open.count - 1];
  bool is_last = op->region + 1 == open->op->region_first + open->op->region_count;
  switch (e->function->regions.data[op->region].kind) {
  case VMO_REGION_FOR:
    end_for(e, open);
    close_structured(l, open);
    return;
  case VMO_REGION_DO:
    LLVMBuildBr(e->builder, open->head);
    close_structured(l, open);
    return;
  case VMO_REGION_STREAM: end_stream(l, open, is_last); return;
  default: end_branch(l, open, is_last); return;
  }
}

/* Results in the arena: where each one is, told to the caller. */
static void emit_return(vmo_emitter *e, const vmo_unit *unit) {
  uint32_t count = e->function->result_types.count;
  LLVMValueRef results = NULL;
  for (uint32_t i = 0; !e->plan->results_in_caller && i < count; i++) {
    if (results == NULL) results = vmo_load_call_member(e, e->builder, VMO_CALL_RESULTS);
    LLVMValueRef index = vmo_i64(e, i), place = vmo_place_pointer(e, &unit->results[i]);
    LLVMBuildStore(e->builder, place, LLVMBuildGEP2(e->builder, e->pointer, results, &index, 1, ""));
  }
  LLVMBuildRet(e->builder, LLVMConstInt(e->i32, VMR_CALL_OK, false));
}

/* ---- plain ops ---- */

static bool is_view(vmo_emitter *e, const vmo_op *op, uint32_t result) {
  const vmo_value_plan *entry = &e->plan->values[op->result_first + result];
  vmo_size_id offset;
  if (entry->over != VMO_NONE || entry->slot != VMO_NONE || entry->result >= 0) return false;
  return vmo_op_is_view(e->module, e->function, op, result, &offset);
}

static LLVMValueRef workspace_of(vmo_emitter *e) {
  const vmo_op_plan *entry = vmo_plan_of_op(e);
  if (entry == NULL || entry->workspace_offset == VMO_NONE) return NULL;
  const vmo_place place = {VMO_PLACE_ARENA, 0, entry->workspace_offset};
  return vmo_place_pointer(e, &place);
}

bool vmo_describe_op(vmo_emitter *e, const vmo_op *op, vmo_emit_op *described) {
  vmo_emit_array *operands = vmo_emit_alloc(e, (size_t)op->operand_count + 1, sizeof *operands);
  vmo_emit_array *results = vmo_emit_alloc(e, (size_t)op->result_count + 1, sizeof *results);
  if (operands == NULL || results == NULL) return false;
  for (uint32_t i = 0; i < op->operand_count; i++)
    operands[i] = vmo_operand_array(e, vmo_op_operands(e->function, op) + i);
  uint32_t views = 0;
  for (uint32_t i = 0; i < op->result_count; i++) {
    bool view = is_view(e, op, i);
    if (view && operands[0].scalar != NULL) keep_scalar(e, op->result_first + i, operands[0].scalar);
    results[i] = vmo_value_array(e, op->result_first + i);
    results[i].is_view = view;
    views += view;
  }
  *described = (vmo_emit_op){op, operands, op->operand_count, results, op->result_count, workspace_of(e)};
  return op->result_count == 0 || views < op->result_count;
}

static void emit_plain(vmo_emitter *e, const vmo_op *op) {
  vmo_emit_op described;
  vmo_emit_kernel kernel = vmo_find_emit_kernel((vmo_opcode)op->code);
  bool is_needed = vmo_describe_op(e, op, &described);
  if (!is_needed || e->status != VMO_OK) return;
  if (vmo_is_outlined(e) && op->code != VMO_OP_const)
    vmo_emit_outlined(e, &described, kernel);
  else
    kernel(e, &described);
}

static void emit_unwatched(lowering *l, const vmo_unit *unit, const vmo_op *op) {
  vmo_emitter *e = l->e;
  switch (op->code) {
  case VMO_OP_for:
  case VMO_OP_while:
  case VMO_OP_if:
  case VMO_OP_parallel: begin_structured(l, op); return;
  case VMO_OP_condition: emit_condition(l, op); return;
  case VMO_OP_yield: emit_yield(l, op); return;
  case VMO_OP_return: emit_return(e, unit); return;
  case VMO_OP_call: vmo_emit_call(e, op); return;
  case VMO_OP_declared: vmo_emit_declared(e, op); return;
  default: emit_plain(e, op); return;
  }
}

static void emit_op(lowering *l, const vmo_unit *unit, const vmo_op *op) {
  vmo_emit_watch_before(l->e, unit, op);
  emit_unwatched(l, unit, op);
  if (l->e->status == VMO_OK) vmo_emit_watch_after(l->e, unit, op);
}

void vmo_lower_unit(vmo_emitter *e, vmo_unit *unit) {
  lowering l = {.e = e, .is_entry = unit->is_entry};
  vmo_emit_frame frame;
  e->module = unit->module;
  e->function = unit->function;
  e->plan = unit->function->plan;
  e->places = unit->places;
  e->scalars = vmo_emit_alloc(e, (size_t)unit->function->values.count + 1, sizeof *e->scalars);
  e->constants = vmo_emit_alloc(e, (size_t)unit->function->values.count + 1, sizeof *e->constants);
  if (e->scalars == NULL || e->constants == NULL) return;
  vmo_open_frame(e, &frame, unit->body);
  e->captures.data = NULL; /* its memory went with the function before */
  e->captures.count = e->captures.capacity = 0;
  e->blocks.data = NULL;
  e->blocks.count = e->blocks.capacity = 0;
  bind_parameters(e, unit);
  vmo_emit_watch_states(e, unit);
  for (e->op = 0; e->op < e->function->ops.count && e->status == VMO_OK; e->op++)
    emit_op(&l, unit, &e->function->ops.data[e->op]);
  vmo_close_frame(e, &frame);
}
