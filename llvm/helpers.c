/* helpers.c: small functions that decide, as the program runs, between a slot of the frame and the heap.
 *
 * They are internal and marked `alwaysinline`; LLVM's inliner puts them in the place of their calls, which edits the
 * control flow, and drops them. */
#include <stdio.h>
#include <string.h>

#include "llvm/stack.h"

#define MOST_ARGUMENTS 4 /* of a function that allocates or frees */

LLVMBasicBlockRef vmo_ll_add_block(const vmo_ll_edit *e, LLVMValueRef helper, const char *name) {
  return LLVMAppendBasicBlockInContext(e->program->llvm, helper, name);
}

LLVMValueRef vmo_ll_begin_helper(const vmo_ll_edit *e, const char *name, LLVMTypeRef type, LLVMBuilderRef builder) {
  LLVMValueRef helper = LLVMAddFunction(e->program->module, name, type);
  unsigned kind = LLVMGetEnumAttributeKindForName("alwaysinline", strlen("alwaysinline"));
  LLVMSetLinkage(helper, LLVMInternalLinkage);
  LLVMAddAttributeAtIndex(helper, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                          LLVMCreateEnumAttribute(e->program->llvm, kind, 0));
  LLVMPositionBuilderAtEnd(builder, vmo_ll_add_block(e, helper, "entry"));
  return helper;
}

/* ---- take ---- */

typedef struct take {
  const vmo_ll_edit *edit;
  LLVMBuilderRef b;
  LLVMValueRef helper, callee;
  const vmo_libc_row *row;
  unsigned arguments; /* of the callee */
  bool flagged;
  LLVMValueRef bytes; /* the size asked for; strdup: of the text with its end */
} take;

static LLVMValueRef word_argument(const take *t, unsigned index) {
  return LLVMBuildIntCast2(t->b, LLVMGetParam(t->helper, index), vmo_ll_word_type(t->edit), false, "");
}

static LLVMValueRef is_within(const take *t, LLVMValueRef number) {
  return LLVMBuildICmp(t->b, LLVMIntULE, number, LLVMGetParam(t->helper, t->arguments + 1), "");
}

/* Of the text and its end; strndup takes at most so many characters. */
static LLVMValueRef text_bytes(const take *t) {
  LLVMModuleRef module = t->edit->program->module;
  LLVMTypeRef word = vmo_ll_word_type(t->edit), types[] = {vmo_ll_pointer_type(t->edit), word};
  LLVMTypeRef type = LLVMFunctionType(word, types, t->arguments, false);
  const char *name = t->arguments == 1 ? "strlen" : "strnlen";
  LLVMValueRef length = LLVMGetNamedFunction(module, name), values[] = {LLVMGetParam(t->helper, 0), NULL};
  if (length == NULL) length = LLVMAddFunction(module, name, type);
  if (t->arguments > 1) values[1] = word_argument(t, 1);
  LLVMValueRef characters = LLVMBuildCall2(t->b, type, length, values, t->arguments, "");
  return LLVMBuildAdd(t->b, characters, LLVMConstInt(word, 1, false), "");
}

static void copy_text(const take *t, LLVMValueRef slot) {
  if (t->arguments == 1) {
    LLVMBuildMemCpy(t->b, slot, 16, LLVMGetParam(t->helper, 0), 1, t->bytes);
    return;
  }
  LLVMTypeRef byte = LLVMInt8TypeInContext(t->edit->program->llvm);
  LLVMValueRef characters = LLVMBuildSub(t->b, t->bytes, LLVMConstInt(vmo_ll_word_type(t->edit), 1, false), "");
  LLVMBuildMemCpy(t->b, slot, 16, LLVMGetParam(t->helper, 0), 1, characters);
  LLVMValueRef end = LLVMBuildInBoundsGEP2(t->b, byte, slot, &characters, 1, "");
  LLVMBuildStore(t->b, vmo_ll_byte(t->edit, 0), end);
}

/* Sets t->bytes; returns whether so many fit. */
static LLVMValueRef find_size(take *t) {
  if (t->row->kind == VMO_LIBC_COPIED) {
    t->bytes = text_bytes(t);
  } else if (t->row->kind == VMO_LIBC_ALIGNED || t->row->kind == VMO_LIBC_MEMALIGN) {
    t->bytes = word_argument(t, t->arguments - 1);
  } else {
    t->bytes = word_argument(t, 0);
  }
  LLVMValueRef fits = is_within(t, t->bytes);
  if (t->row->kind != VMO_LIBC_CALLOC) return fits;
  LLVMValueRef size = word_argument(t, 1);
  LLVMValueRef small = LLVMBuildAnd(t->b, fits, is_within(t, size), "");
  t->bytes = LLVMBuildMul(t->b, t->bytes, size, ""); /* does not wrap when both are small */
  return LLVMBuildAnd(t->b, small, is_within(t, t->bytes), "");
}

static void build_stack_path(const take *t) {
  LLVMValueRef slot = LLVMGetParam(t->helper, t->arguments);
  if (t->flagged)
    LLVMBuildStore(t->b, LLVMConstInt(vmo_ll_flag_type(t->edit), 1, false), LLVMGetParam(t->helper, t->arguments + 2));
  if (t->row->kind == VMO_LIBC_CALLOC) LLVMBuildMemSet(t->b, slot, vmo_ll_byte(t->edit, 0), t->bytes, 16);
  if (t->row->kind == VMO_LIBC_COPIED) copy_text(t, slot);
  if (t->row->kind == VMO_LIBC_MEMALIGN) {
    LLVMBuildStore(t->b, slot, LLVMGetParam(t->helper, 0));
    slot = LLVMConstNull(LLVMGetReturnType(LLVMGlobalGetValueType(t->callee)));
  }
  LLVMBuildRet(t->b, slot);
}

static void build_take(take *t) {
  LLVMValueRef values[MOST_ARGUMENTS];
  LLVMBasicBlockRef stack = vmo_ll_add_block(t->edit, t->helper, "stack");
  LLVMBasicBlockRef heap = vmo_ll_add_block(t->edit, t->helper, "heap");
  LLVMValueRef good = find_size(t);
  if (t->flagged) {
    LLVMValueRef flag = LLVMGetParam(t->helper, t->arguments + 2);
    LLVMValueRef taken = LLVMBuildLoad2(t->b, vmo_ll_flag_type(t->edit), flag, "");
    good = LLVMBuildAnd(t->b, good, LLVMBuildNot(t->b, taken, ""), "");
  }
  LLVMBuildCondBr(t->b, good, stack, heap);
  LLVMPositionBuilderAtEnd(t->b, stack);
  build_stack_path(t);
  LLVMPositionBuilderAtEnd(t->b, heap);
  for (unsigned i = 0; i < t->arguments; i++) values[i] = LLVMGetParam(t->helper, i);
  LLVMBuildRet(t->b, LLVMBuildCall2(t->b, LLVMGlobalGetValueType(t->callee), t->callee, values, t->arguments, ""));
}

LLVMValueRef vmo_ll_take_helper(const vmo_ll_edit *e, LLVMValueRef callee, const vmo_libc_row *row, bool flagged) {
  char name[64];
  snprintf(name, sizeof name, "vmemopt.take.%s%s", row->name, flagged ? ".flag" : "");
  LLVMValueRef helper = LLVMGetNamedFunction(e->program->module, name);
  if (helper != NULL) return helper;
  LLVMTypeRef types[MOST_ARGUMENTS + 3];
  unsigned count = LLVMCountParams(callee);
  LLVMGetParamTypes(LLVMGlobalGetValueType(callee), types);
  types[count] = vmo_ll_pointer_type(e);
  types[count + 1] = vmo_ll_word_type(e);
  types[count + 2] = vmo_ll_pointer_type(e);
  LLVMTypeRef result = LLVMGetReturnType(LLVMGlobalGetValueType(callee));
  LLVMTypeRef type = LLVMFunctionType(result, types, count + (flagged ? 3 : 2), false);
  take t = {.edit = e, .b = LLVMCreateBuilderInContext(e->program->llvm), .callee = callee, .row = row};
  t.arguments = count;
  t.flagged = flagged;
  t.helper = helper = vmo_ll_begin_helper(e, name, type, t.b);
  build_take(&t);
  LLVMDisposeBuilder(t.b);
  return helper;
}

/* ---- release ---- */

LLVMValueRef vmo_ll_release_helper(const vmo_ll_edit *e, LLVMValueRef callee, const vmo_libc_row *row) {
  char name[64];
  snprintf(name, sizeof name, "vmemopt.release.%s", row->name);
  LLVMValueRef helper = LLVMGetNamedFunction(e->program->module, name);
  if (helper != NULL) return helper;
  LLVMTypeRef type = LLVMGlobalGetValueType(callee);
  LLVMBuilderRef b = LLVMCreateBuilderInContext(e->program->llvm);
  LLVMValueRef values[MOST_ARGUMENTS];
  unsigned count = LLVMCountParams(callee);
  helper = vmo_ll_begin_helper(e, name, type, b);
  LLVMBasicBlockRef heap = vmo_ll_add_block(e, helper, "heap"), done = vmo_ll_add_block(e, helper, "done");
  for (unsigned i = 0; i < count; i++) values[i] = LLVMGetParam(helper, i);
  LLVMBuildCondBr(b, LLVMBuildIsNull(b, values[0], ""), done, heap);
  LLVMPositionBuilderAtEnd(b, heap);
  LLVMBuildCall2(b, type, callee, values, count, "");
  LLVMBuildBr(b, done);
  LLVMPositionBuilderAtEnd(b, done);
  LLVMBuildRetVoid(b);
  LLVMDisposeBuilder(b);
  return helper;
}
