/* grow.c: realloc of objects that may stand in the frame.
 *
 *   %q = call ptr @realloc(ptr %p, i64 %n)
 *
 *   ->  p is a slot     the slot, when n fits; else a block of the heap gets what the slot holds, and the slot is free
 *       p is null       a slot of this call's own, when n fits and it is free; else the heap
 *       otherwise       realloc
 *
 * glibc's realloc of 0 bytes frees and gives NULL; so does this. One helper does it all; which slot is meant is a chain of
 * selects before the call. */
#include <string.h>

#include "llvm/stack.h"

enum { OLD, BYTES, SLOT, BOUND, FLAG, OWN, OWN_BOUND, OWN_FLAG, PARAMETERS };

typedef struct growth {
  const vmo_ll_edit *edit;
  LLVMBuilderRef b;
  LLVMValueRef helper, callee;
  LLVMValueRef less; /* the size minus one: 1 ... bound is one unsigned comparison */
} growth;

static LLVMValueRef parameter(const growth *g, unsigned index) { return LLVMGetParam(g->helper, index); }

static void set_flag(const growth *g, unsigned flag, bool taken) {
  LLVMBuildStore(g->b, LLVMConstInt(vmo_ll_flag_type(g->edit), taken, false), parameter(g, flag));
}

static LLVMValueRef call_realloc(const growth *g, LLVMValueRef old) {
  LLVMValueRef values[] = {old, parameter(g, BYTES)};
  return LLVMBuildCall2(g->b, LLVMGlobalGetValueType(g->callee), g->callee, values, 2, "");
}

/* The slot is too small: what it holds moves to the heap. */
static void build_leave(const growth *g, LLVMBasicBlockRef at) {
  const vmo_ll_edit *e = g->edit;
  LLVMBasicBlockRef gone = vmo_ll_add_block(e, g->helper, "gone"), move = vmo_ll_add_block(e, g->helper, "move");
  LLVMBasicBlockRef moved = vmo_ll_add_block(e, g->helper, "moved"), failed = vmo_ll_add_block(e, g->helper, "failed");
  LLVMValueRef null = LLVMConstPointerNull(vmo_ll_pointer_type(e));
  LLVMPositionBuilderAtEnd(g->b, at);
  LLVMBuildCondBr(g->b, LLVMBuildIsNull(g->b, parameter(g, BYTES), ""), gone, move);
  LLVMPositionBuilderAtEnd(g->b, gone);
  set_flag(g, FLAG, false);
  LLVMBuildRet(g->b, null);
  LLVMPositionBuilderAtEnd(g->b, move);
  LLVMValueRef block = call_realloc(g, null);
  LLVMBuildCondBr(g->b, LLVMBuildIsNull(g->b, block, ""), failed, moved);
  LLVMPositionBuilderAtEnd(g->b, moved);
  LLVMBuildMemCpy(g->b, block, 16, parameter(g, SLOT), 16, parameter(g, BOUND));
  set_flag(g, FLAG, false);
  LLVMBuildRet(g->b, block);
  LLVMPositionBuilderAtEnd(g->b, failed);
  LLVMBuildRet(g->b, null);
}

/* The object is no slot: it may take the call's own when there is none yet. */
static void build_outside(const growth *g, LLVMBasicBlockRef at) {
  const vmo_ll_edit *e = g->edit;
  LLVMBasicBlockRef take = vmo_ll_add_block(e, g->helper, "take"), heap = vmo_ll_add_block(e, g->helper, "heap");
  LLVMPositionBuilderAtEnd(g->b, at);
  LLVMValueRef fits = LLVMBuildICmp(g->b, LLVMIntULT, g->less, parameter(g, OWN_BOUND), "");
  LLVMValueRef first = LLVMBuildAnd(g->b, LLVMBuildIsNull(g->b, parameter(g, OLD), ""), fits, "");
  LLVMValueRef taken = LLVMBuildLoad2(g->b, vmo_ll_flag_type(e), parameter(g, OWN_FLAG), "");
  LLVMBuildCondBr(g->b, LLVMBuildAnd(g->b, first, LLVMBuildNot(g->b, taken, ""), ""), take, heap);
  LLVMPositionBuilderAtEnd(g->b, take);
  set_flag(g, OWN_FLAG, true);
  LLVMBuildRet(g->b, parameter(g, OWN));
  LLVMPositionBuilderAtEnd(g->b, heap);
  LLVMBuildRet(g->b, call_realloc(g, parameter(g, OLD)));
}

/* reallocarray, as the module declares it; NULL where it does not, or as something else. */
static LLVMValueRef declared_reallocarray(const vmo_ll_edit *e) {
  LLVMValueRef function = LLVMGetNamedFunction(e->program->module, "reallocarray");
  if (function == NULL || LLVMCountParams(function) != 3) return NULL;
  bool plain = LLVMTypeOf(LLVMGetParam(function, 1)) == vmo_ll_word_type(e) &&
               LLVMTypeOf(LLVMGetParam(function, 2)) == vmo_ll_word_type(e);
  return plain ? function : NULL;
}

/* errno is libc's to set, in a call that LLVM takes to set it: it does not take realloc to. The old object stays. */
static LLVMValueRef ask_in_vain(const growth *g) {
  const vmo_ll_edit *e = g->edit;
  LLVMValueRef array = declared_reallocarray(e), null = LLVMConstPointerNull(vmo_ll_pointer_type(e));
  if (array == NULL) return call_realloc(g, null);
  LLVMTypeRef word = vmo_ll_word_type(e);
  LLVMValueRef bytes = LLVMBuildIntCast2(g->b, parameter(g, BYTES), word, false, "");
  LLVMValueRef values[] = {null, bytes, LLVMConstInt(word, 1, false)};
  return LLVMBuildCall2(g->b, LLVMGlobalGetValueType(array), array, values, 3, "");
}

static void build_refusal(const growth *g, LLVMBasicBlockRef at) {
  LLVMPositionBuilderAtEnd(g->b, at);
  LLVMValueRef null = LLVMConstPointerNull(vmo_ll_pointer_type(g->edit)), refused = ask_in_vain(g);
  unsigned opaque = LLVMGetEnumAttributeKindForName("nobuiltin", strlen("nobuiltin"));
  LLVMAddCallSiteAttribute(refused, LLVMAttributeFunctionIndex,
                           LLVMCreateEnumAttribute(g->edit->program->llvm, opaque, 0));
  LLVMBuildRet(g->b, null);
}

static void build_body(growth *g) {
  const vmo_ll_edit *e = g->edit;
  LLVMBasicBlockRef refused = vmo_ll_add_block(e, g->helper, "refused"),
                    asked = vmo_ll_add_block(e, g->helper, "asked");
  LLVMBasicBlockRef inside = vmo_ll_add_block(e, g->helper, "inside"), same = vmo_ll_add_block(e, g->helper, "same");
  LLVMBasicBlockRef leave = vmo_ll_add_block(e, g->helper, "leave");
  LLVMBasicBlockRef outside = vmo_ll_add_block(e, g->helper, "outside");
  LLVMValueRef bytes = LLVMBuildIntCast2(g->b, parameter(g, BYTES), vmo_ll_word_type(e), false, "");
  LLVMValueRef none = LLVMConstInt(vmo_ll_word_type(e), 0, false);
  LLVMBuildCondBr(g->b, LLVMBuildICmp(g->b, LLVMIntSLT, bytes, none, ""), refused, asked);
  build_refusal(g, refused);
  LLVMPositionBuilderAtEnd(g->b, asked);
  g->less = LLVMBuildSub(g->b, bytes, LLVMConstInt(vmo_ll_word_type(e), 1, false), "");
  LLVMValueRef slot = parameter(g, SLOT), equal = LLVMBuildICmp(g->b, LLVMIntEQ, parameter(g, OLD), slot, "");
  LLVMValueRef ours = LLVMBuildAnd(g->b, equal, LLVMBuildIsNotNull(g->b, slot, ""), "");
  LLVMBuildCondBr(g->b, ours, inside, outside);
  LLVMPositionBuilderAtEnd(g->b, inside);
  LLVMBuildCondBr(g->b, LLVMBuildICmp(g->b, LLVMIntULT, g->less, parameter(g, BOUND), ""), same, leave);
  LLVMPositionBuilderAtEnd(g->b, same);
  LLVMBuildRet(g->b, slot);
  build_leave(g, leave);
  build_outside(g, outside);
}

static LLVMValueRef grow_helper(const vmo_ll_edit *e, LLVMValueRef callee) {
  LLVMValueRef helper = LLVMGetNamedFunction(e->program->module, "vmemopt.grow.realloc");
  if (helper != NULL) return helper;
  LLVMTypeRef pointer = vmo_ll_pointer_type(e), word = vmo_ll_word_type(e);
  LLVMTypeRef size = LLVMTypeOf(LLVMGetParam(callee, 1));
  LLVMTypeRef types[PARAMETERS] = {pointer, size, pointer, word, pointer, pointer, word, pointer};
  growth g = {.edit = e, .b = LLVMCreateBuilderInContext(e->program->llvm), .callee = callee};
  g.helper = helper =
      vmo_ll_begin_helper(e, "vmemopt.grow.realloc", LLVMFunctionType(pointer, types, PARAMETERS, false), g.b);
  build_body(&g);
  LLVMDisposeBuilder(g.b);
  return helper;
}

/* Which of the slots the address is: the slot or null, its bound, its flag. */
static void choose_slot(const vmo_ll_edit *e, const vmo_ll_slot_release *release, LLVMValueRef *values) {
  LLVMBuilderRef b = e->builder;
  values[SLOT] = LLVMConstPointerNull(vmo_ll_pointer_type(e));
  values[BOUND] = LLVMConstInt(vmo_ll_word_type(e), 0, false);
  values[FLAG] = e->spare_flag;
  for (uint32_t i = 0; release != NULL && i < release->slot_count; i++) {
    uint32_t s = e->plan->slots_of_releases.data[release->slot_first + i];
    LLVMValueRef bound = LLVMConstInt(vmo_ll_word_type(e), (unsigned long long)e->plan->slots.data[s].bytes, false);
    LLVMValueRef flag = e->flags[s] != NULL ? e->flags[s] : e->spare_flag;
    LLVMValueRef ours = LLVMBuildICmp(b, LLVMIntEQ, values[OLD], e->slots[s], "");
    values[SLOT] = LLVMBuildSelect(b, ours, e->slots[s], values[SLOT], "");
    values[BOUND] = LLVMBuildSelect(b, ours, bound, values[BOUND], "");
    values[FLAG] = LLVMBuildSelect(b, ours, flag, values[FLAG], "");
  }
}

/* What reallocarray asks for; more than there is when the product is too large for a word. */
static LLVMValueRef build_product(const vmo_ll_edit *e, LLVMValueRef call) {
  LLVMTypeRef word = vmo_ll_word_type(e), types[] = {word, word};
  unsigned id = LLVMLookupIntrinsicID("llvm.umul.with.overflow", strlen("llvm.umul.with.overflow"));
  LLVMValueRef multiply = LLVMGetIntrinsicDeclaration(e->program->module, id, &word, 1);
  LLVMValueRef values[] = {LLVMGetOperand(call, 1), LLVMGetOperand(call, 2)};
  LLVMTypeRef type = LLVMIntrinsicGetType(e->program->llvm, id, types, 1);
  LLVMValueRef both = LLVMBuildCall2(e->builder, type, multiply, values, 2, "");
  LLVMValueRef product = LLVMBuildExtractValue(e->builder, both, 0, "");
  LLVMValueRef overflows = LLVMBuildExtractValue(e->builder, both, 1, "");
  return LLVMBuildSelect(e->builder, overflows, LLVMConstAllOnes(word), product, "");
}

/* realloc, which takes the place of reallocarray. */
static LLVMValueRef find_realloc(const vmo_ll_edit *e) {
  LLVMTypeRef types[] = {vmo_ll_pointer_type(e), vmo_ll_word_type(e)};
  LLVMValueRef function = LLVMGetNamedFunction(e->program->module, "realloc");
  if (function != NULL) return function;
  return LLVMAddFunction(e->program->module, "realloc", LLVMFunctionType(types[0], types, 2, false));
}

void vmo_ll_edit_growth(vmo_ll_edit *e, LLVMValueRef call, const vmo_ll_slot_release *release, uint32_t own) {
  bool array = LLVMGetNumArgOperands(call) > 2;
  LLVMValueRef callee = array ? find_realloc(e) : LLVMGetCalledValue(call), helper = grow_helper(e, callee);
  LLVMValueRef values[PARAMETERS];
  LLVMPositionBuilderBefore(e->builder, call);
  values[OLD] = LLVMGetOperand(call, 0);
  values[BYTES] = array ? build_product(e, call) : LLVMGetOperand(call, 1);
  choose_slot(e, release, values);
  bool takes = own != VMO_NONE;
  vmo_bytes bound = takes ? e->plan->slots.data[own].bytes : 0;
  values[OWN] = takes ? e->slots[own] : LLVMConstPointerNull(vmo_ll_pointer_type(e));
  values[OWN_BOUND] = LLVMConstInt(vmo_ll_word_type(e), (unsigned long long)bound, false);
  values[OWN_FLAG] = takes ? e->flags[own] : e->spare_flag;
  LLVMValueRef grown = LLVMBuildCall2(e->builder, LLVMGlobalGetValueType(helper), helper, values, PARAMETERS, "");
  LLVMReplaceAllUsesWith(call, grown);
  LLVMInstructionEraseFromParent(call);
}
