/* heap_promises.c: what LLVM had found out of malloc's objects, and written down, that is not true of heaps'.
 *
 *   define ptr @build() memory(inaccessiblemem: readwrite)     ->   define ptr @build()
 *   store i64 0, ptr %p, align 16                              ->   store i64 0, ptr %p, align 8
 *   call void @llvm.memcpy(ptr align 16 %p, ptr align 16 %q    ->   call void @llvm.memcpy(ptr align 8 %p, ptr align 8 %q
 *
 * Which memory functions touch: they move cursors now, and a promise that is left would have a caller go on with a cursor
 * that its callee has moved. And how objects are aligned, where an access says more than its type asks for: no such access needs
 * it (llvm/structures.h is told what does), and code made from it would fail with a heap of alignment 8. Linear. */
#include <string.h>

#include "llvm/heap_edit.h"

#define LONGEST_CHAIN 8
#define LEAST 8

static const char *const moves[] = {"llvm.memcpy.", "llvm.memmove.", "llvm.memset.", "memcpy",
                                    "memmove",      "memset",        "mempcpy"};

/* Whether the bytes are a variable's: those stay where they are. */
static bool is_of_variable(LLVMValueRef address) {
  for (int i = 0; i < LONGEST_CHAIN && LLVMIsAGetElementPtrInst(address); i++) address = LLVMGetOperand(address, 0);
  return LLVMIsAAllocaInst(address) || LLVMIsAConstant(address);
}

static void lower_access(const vmo_ll_heap_edit *e, LLVMValueRef access) {
  bool store = LLVMIsAStoreInst(access) != NULL;
  LLVMTypeRef type = LLVMTypeOf(store ? LLVMGetOperand(access, 0) : access);
  unsigned needed = LLVMABIAlignmentOfType(e->program->layout, type);
  bool more = LLVMGetAlignment(access) > LEAST && needed <= LEAST;
  if (more && !is_of_variable(LLVMGetOperand(access, store))) LLVMSetAlignment(access, LEAST);
}

static bool moves_bytes(LLVMValueRef callee) {
  size_t length;
  const char *name = LLVMGetValueName2(callee, &length);
  for (size_t i = 0; i < sizeof moves / sizeof *moves; i++) {
    bool family = moves[i][strlen(moves[i]) - 1] == '.';
    if (family ? strncmp(name, moves[i], strlen(moves[i])) == 0 : strcmp(name, moves[i]) == 0) return true;
  }
  return false;
}

static void lower_move(const vmo_ll_heap_edit *e, LLVMValueRef call) {
  unsigned kind = LLVMGetEnumAttributeKindForName("align", strlen("align"));
  for (unsigned i = 0; i < LLVMGetNumArgOperands(call); i++) {
    LLVMAttributeRef attribute = LLVMGetCallSiteEnumAttribute(call, i + 1, kind);
    if (attribute == NULL || LLVMGetEnumAttributeValue(attribute) <= LEAST) continue;
    if (is_of_variable(LLVMGetOperand(call, i))) continue;
    LLVMRemoveCallSiteEnumAttribute(call, i + 1, kind);
    LLVMAddCallSiteAttribute(call, i + 1, LLVMCreateEnumAttribute(e->program->llvm, kind, LEAST));
  }
}

static void visit(const vmo_ll_heap_edit *e, LLVMValueRef instruction, unsigned memory, bool low) {
  if (low && (LLVMIsALoadInst(instruction) || LLVMIsAStoreInst(instruction))) lower_access(e, instruction);
  if (!vmo_ll_is_call((uint8_t)LLVMGetInstructionOpcode(instruction))) return;
  LLVMValueRef callee = LLVMGetCalledValue(instruction);
  if (!LLVMIsAFunction(callee) || !LLVMIsDeclaration(callee)) {
    LLVMRemoveCallSiteEnumAttribute(instruction, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, memory);
  } else if (low && moves_bytes(callee)) {
    lower_move(e, instruction);
  }
}

void vmo_ll_drop_promises(vmo_ll_heap_edit *e) {
  unsigned memory = LLVMGetEnumAttributeKindForName("memory", strlen("memory"));
  LLVMAttributeIndex all = (LLVMAttributeIndex)LLVMAttributeFunctionIndex;
  bool low = false;
  for (uint32_t h = 0; h < e->plan->facts->heaps.count; h++) low |= e->plan->facts->heaps.data[h].alignment == LEAST;
  for (LLVMValueRef f = LLVMGetFirstFunction(e->program->module); f != NULL; f = LLVMGetNextFunction(f)) {
    if (LLVMIsDeclaration(f)) continue;
    LLVMRemoveEnumAttributeAtIndex(f, all, memory);
    for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(f); b != NULL; b = LLVMGetNextBasicBlock(b))
      for (LLVMValueRef i = LLVMGetFirstInstruction(b); i != NULL; i = LLVMGetNextInstruction(i))
        visit(e, i, memory, low);
  }
}
