/* zeroes.c: bytes of an object of the heap that are written twice are written once.
 *
 *   %p = call ptr @malloc(i64 %n)                     %p = call ptr @calloc(i64 1, i64 %n)
 *   call void @llvm.memset(ptr %p, i8 0, i64 %n) ->   (gone: fresh pages are zero already)
 *
 *   %p = call ptr @calloc(i64 1, i64 %n)              %p = call ptr @malloc(i64 %n)
 *   call void @llvm.memcpy(ptr %p, ..., i64 %n)  ->   call void @llvm.memcpy(ptr %p, ..., i64 %n)
 *
 * The write must be of the whole object, its first use, and stand in the block of the allocation, or in the one that
 * follows when a comparison with null finds that it did not fail: so it runs whenever the object is used. Neither call
 * differs when there is no memory. Linear. */
#include "llvm/zeroes.h"

#include <string.h>

/* The block that follows an allocation's when it did not fail; VMO_NONE: no comparison ends it. */
static uint32_t block_of_success(const vmo_ll_program *program, const vmo_ll_function *function, uint32_t b,
                                 LLVMValueRef call) {
  const vmo_ll_block *block = &program->blocks.data[b];
  LLVMValueRef end = LLVMGetBasicBlockTerminator(block->ref);
  for (uint32_t i = 0; i < block->successor_count; i++)
    if (vmo_ll_null_on_edge(end, i) == call)
      return function->block_first + program->successors.data[block->successor_first + 1 - i];
  return VMO_NONE;
}

/* Whether a block is entered from one other only. */
static bool has_one_predecessor(LLVMBasicBlockRef block) {
  uint32_t entries = 0;
  for (LLVMUseRef use = LLVMGetFirstUse(LLVMBasicBlockAsValue(block)); use != NULL; use = LLVMGetNextUse(use))
    entries++;
  return entries == 1;
}

static bool is_one(LLVMValueRef value) { return LLVMIsAConstantInt(value) && LLVMConstIntGetZExtValue(value) == 1; }

/* The size of the object as a value; NULL: it is a product. */
static LLVMValueRef size_of(LLVMValueRef call, const vmo_libc_row *row) {
  if (row->kind == VMO_LIBC_MALLOC) return LLVMGetOperand(call, 0);
  if (is_one(LLVMGetOperand(call, 0))) return LLVMGetOperand(call, 1);
  return is_one(LLVMGetOperand(call, 1)) ? LLVMGetOperand(call, 0) : NULL;
}

static bool is_memory_write(LLVMValueRef call, bool *zero) {
  if (LLVMIsAMemSetInst(call)) {
    *zero = LLVMIsNull(LLVMGetOperand(call, 1));
    return true;
  }
  *zero = false;
  return LLVMIsAMemCpyInst(call) != NULL;
}

/* Whether a call writes all of the object, and reads none of it. */
static bool writes_all(const vmo_ll_points_to *p, const vmo_ll_instruction *write, uint32_t object, LLVMValueRef call,
                       LLVMValueRef size, bool *zero) {
  if (write->opcode != LLVMCall || !is_memory_write(write->ref, zero)) return false;
  if (LLVMGetOperand(write->ref, 0) != call || LLVMGetOperand(write->ref, 2) != size) return false;
  if (!LLVMIsNull(LLVMGetOperand(write->ref, 3))) return false; /* volatile */
  const vmo_ll_set *from = vmo_ll_operand_set(p, write, 1);
  for (uint32_t i = 0; i < from->count; i++)
    if (from->data[i].object == object) return false;
  return true;
}

/* The first use of the object in the allocation's block, or in the one after a comparison; VMO_NONE: none there. */
static uint32_t first_use(const vmo_ll_program *program, const vmo_ll_points_to *p, const vmo_ll_touches *touches,
                          uint32_t object) {
  uint32_t made = p->objects.data[object].instruction, block = program->instructions.data[made].block;
  uint32_t next = block_of_success(program, p->function, block, program->instructions.data[made].ref);
  uint32_t later = VMO_NONE;
  if (next != VMO_NONE && !has_one_predecessor(program->blocks.data[next].ref)) next = VMO_NONE;
  for (uint32_t t = touches->first[object]; t < touches->first[object + 1]; t++) {
    uint32_t at = touches->instructions[t], in = program->instructions.data[at].block;
    if (in == block && at < made) return VMO_NONE; /* a loop */
    if (in == block) return at;
    if (in == next && later == VMO_NONE) later = at;
  }
  return later;
}

/* Whether the module leaves malloc or calloc, with words as arguments, to libc. */
static bool is_callable(const vmo_ll_program *program, const char *name, LLVMTypeRef result, LLVMTypeRef word) {
  LLVMTypeRef types[] = {word, word};
  unsigned count = strcmp(name, "calloc") == 0 ? 2 : 1;
  return vmo_libc_is_callable(program->module, name, LLVMFunctionType(result, types, count, false));
}

static vmo_status plan_site(vmo_ll_planning *planning, const vmo_ll_points_to *p, const vmo_ll_touches *touches,
                            uint32_t object, vmo_ll_plan *plan) {
  const vmo_ll_program *program = planning->program;
  uint32_t made = p->objects.data[object].instruction;
  const vmo_ll_instruction *call = &program->instructions.data[made];
  const vmo_libc_row *row = program->functions.data[call->callee].libc;
  vmo_site_fact *fact = &planning->facts->sites.data[planning->fact_of[made]];
  bool cleared = strcmp(row->name, "calloc") == 0, zero;
  if (fact->verdict != VMO_VERDICT_KEPT && fact->verdict != VMO_VERDICT_FREED_EARLY) return VMO_OK;
  if (vmo_ll_leaves_heap(plan, object)) return VMO_OK; /* where callers want it to */
  if ((!cleared && strcmp(row->name, "malloc") != 0) || call->opcode != LLVMCall) return VMO_OK;
  LLVMValueRef size = size_of(call->ref, row);
  uint32_t use = size == NULL ? VMO_NONE : first_use(program, p, touches, object);
  if (use == VMO_NONE || !writes_all(p, &program->instructions.data[use], object, call->ref, size, &zero))
    return VMO_OK;
  const char *name = zero ? "calloc" : "malloc";
  if (zero == cleared || !is_callable(program, name, LLVMTypeOf(call->ref), LLVMTypeOf(size))) return VMO_OK;
  vmo_ll_zeroes change = {made, zero ? use : VMO_NONE};
  fact->becomes = name;
  return vmo_vec_push(planning->arena, &plan->zeroes, change) ? VMO_OK : VMO_OUT_OF_MEMORY;
}

vmo_status vmo_plan_zeroes(vmo_ll_planning *planning, const vmo_ll_points_to *p, const vmo_ll_touches *touches,
                           vmo_ll_plan *plan) {
  const vmo_ll_obstacles *o = &p->function->obstacles;
  vmo_status status = VMO_OK;
  if (o->sanitized || o->naked || o->coroutine || o->exception || planning->program->replaces_malloc) return VMO_OK;
  for (uint32_t i = 1; i < p->objects.count && status == VMO_OK; i++)
    if (p->objects.data[i].kind == VMO_LL_OBJECT_SITE) status = plan_site(planning, p, touches, i, plan);
  return status;
}

/* ---- the edit ---- */

static LLVMValueRef declare(vmo_ll_program *program, const char *name, LLVMTypeRef type) {
  LLVMValueRef function = LLVMGetNamedFunction(program->module, name);
  return function != NULL ? function : LLVMAddFunction(program->module, name, type);
}

void vmo_change_zeroes(vmo_ll_program *program, const vmo_ll_plan *plan) {
  LLVMBuilderRef builder = LLVMCreateBuilderInContext(program->llvm);
  for (uint32_t i = 0; i < plan->zeroes.count; i++) {
    LLVMValueRef call = program->instructions.data[plan->zeroes.data[i].allocation].ref;
    bool zero = plan->zeroes.data[i].write != VMO_NONE;
    LLVMValueRef size = LLVMGetNumArgOperands(call) == 1 || is_one(LLVMGetOperand(call, 1)) ? LLVMGetOperand(call, 0)
                                                                                            : LLVMGetOperand(call, 1);
    LLVMTypeRef word = LLVMTypeOf(size), pair[] = {word, word};
    LLVMTypeRef type = LLVMFunctionType(LLVMTypeOf(call), pair, zero ? 2 : 1, false);
    LLVMValueRef values[] = {zero ? LLVMConstInt(word, 1, false) : size, size};
    LLVMPositionBuilderBefore(builder, call); /* at the call's place in the source */
    LLVMValueRef callee = declare(program, zero ? "calloc" : "malloc", type);
    LLVMReplaceAllUsesWith(call, LLVMBuildCall2(builder, type, callee, values, zero ? 2 : 1, ""));
    LLVMInstructionEraseFromParent(call);
    if (zero) LLVMInstructionEraseFromParent(program->instructions.data[plan->zeroes.data[i].write].ref);
  }
  LLVMDisposeBuilder(builder);
}
