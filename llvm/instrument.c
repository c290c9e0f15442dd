/* instrument.c: a module that tells a profile of every object that its sites make, and of every one that it frees.
 *
 *   %p = call ptr @malloc(i64 24)                 %p = call ptr @malloc(i64 24)
 *                                                 call void @vmr_site_profile_note(ptr @vmemopt.sites+40, ptr %p, i64 24)
 *   call void @free(ptr %p)                 ->    call void @vmr_site_profile_forget(ptr %p)
 *                                                 call void @free(ptr %p)
 *   %q = call ptr @realloc(ptr %o, i64 %n)        %q = call ptr @vmr_site_profile_realloc(ptr @vmemopt.sites+0, ptr %o, i64 %n)
 *
 * A function that drops a heap (heap_scopes.c) tells, when it begins, each of that heap's sites, so that what one call makes is counted.
 * @vmemopt.sites is a constant row for each site, that of llvm/grouping.c: its place in the source, by which a later compilation finds it
 * again. A constructor of the module hands them to the runtime, which writes the figures when the process ends. The
 * program allocates as before, so that lifetimes are those that it has without heaps. Linear. */
#include "llvm/heap_edit.h"

#include <stddef.h>
#include <string.h>

#include "vmemrt/site_profile.h"

typedef struct instrumenting {
  vmo_ll_heap_edit edit;
  LLVMValueRef sites; /* the rows */
  LLVMTypeRef row;
} instrumenting;

static LLVMValueRef word(const instrumenting *n, uint64_t number) { return LLVMConstInt(n->edit.word, number, false); }

static LLVMValueRef number(const instrumenting *n, uint32_t value) {
  return LLVMConstInt(LLVMInt32TypeInContext(n->edit.program->llvm), value, false);
}

static const vmo_libc_row *row_of(const instrumenting *n, uint32_t call) {
  uint32_t callee = n->edit.program->instructions.data[call].callee;
  return callee == VMO_NONE ? NULL : n->edit.program->functions.data[callee].libc;
}

/* ---- the rows ---- */

static LLVMValueRef make_constant(const instrumenting *n, const char *name, LLVMValueRef value) {
  LLVMValueRef variable = LLVMAddGlobal(n->edit.program->module, LLVMTypeOf(value), name);
  LLVMSetLinkage(variable, LLVMPrivateLinkage);
  LLVMSetGlobalConstant(variable, true);
  LLVMSetInitializer(variable, value);
  return variable;
}

static LLVMValueRef make_text(const instrumenting *n, const char *text) {
  if (text == NULL) return LLVMConstNull(n->edit.pointer);
  LLVMValueRef value = LLVMConstStringInContext2(n->edit.program->llvm, text, strlen(text), false);
  return make_constant(n, "vmemopt.text", value);
}

/* Whether the runtime can be told of its objects. */
static bool is_noted(const instrumenting *n, uint32_t call) {
  const vmo_ll_instruction *site = &n->edit.program->instructions.data[call];
  const vmo_libc_row *row = row_of(n, call);
  if (site->opcode != LLVMCall || LLVMGetTailCallKind(site->ref) == LLVMTailCallKindMustTail) return false;
  switch (row->kind) {
  case VMO_LIBC_MALLOC:
  case VMO_LIBC_CALLOC:
  case VMO_LIBC_ALIGNED:
  case VMO_LIBC_NEW: return true;
  case VMO_LIBC_REALLOC: return LLVMGetNumArgOperands(site->ref) == 2;
  case VMO_LIBC_COPIED: return strstr(row->name, "strdup") != NULL || strstr(row->name, "strndup") != NULL;
  default: return false;
  }
}

/* As vmr_profiled_site. */
static LLVMValueRef make_row(const instrumenting *n, uint32_t id) {
  const vmo_heap_site *site = &n->edit.plan->facts->sites.data[id];
  LLVMValueRef members[] = {make_text(n, site->function),
                            make_text(n, site->place.file),
                            make_text(n, site->allocator),
                            number(n, site->place.line),
                            number(n, site->place.column),
                            number(n, site->ordinal),
                            number(n, is_noted(n, n->edit.plan->calls.data[id]))};
  _Static_assert(sizeof(vmr_profiled_site) == 40 && offsetof(vmr_profiled_site, is_noted) == 36, "the members above");
  return LLVMConstStructInContext(n->edit.program->llvm, members, 7, false);
}

static bool make_rows(instrumenting *n) {
  uint32_t count = n->edit.plan->facts->sites.count;
  LLVMValueRef *rows = vmr_arena_alloc_array(n->edit.program->arena, (size_t)count + 1, sizeof *rows);
  if (rows == NULL) return false;
  for (uint32_t s = 0; s < count; s++) rows[s] = make_row(n, s);
  LLVMTypeRef types[] = {n->edit.pointer,          n->edit.pointer,          n->edit.pointer,
                         LLVMTypeOf(number(n, 0)), LLVMTypeOf(number(n, 0)), LLVMTypeOf(number(n, 0)),
                         LLVMTypeOf(number(n, 0))};
  n->row = LLVMStructTypeInContext(n->edit.program->llvm, types, 7, false);
  n->sites = make_constant(n, "vmemopt.sites", LLVMConstArray2(n->row, rows, count));
  LLVMSetLinkage(n->sites, LLVMInternalLinkage);
  return true;
}

static LLVMValueRef address_of_row(const instrumenting *n, uint32_t id) {
  LLVMValueRef indices[] = {word(n, id)};
  return LLVMConstInBoundsGEP2(n->row, n->sites, indices, 1);
}

/* As vmr_profiled_program, which the constructor hands to the runtime. */
static bool make_beginning(instrumenting *n, const char *file) {
  vmo_ll_program *program = n->edit.program;
  const vmo_heap_facts *facts = n->edit.plan->facts;
  LLVMValueRef members[] = {n->sites, word(n, facts->sites.count), word(n, facts->hash), make_text(n, file)};
  _Static_assert(sizeof(vmr_profiled_program) == 32 && offsetof(vmr_profiled_program, file) == 24, "as above");
  LLVMValueRef value = LLVMConstStructInContext(program->llvm, members, 4, false);
  LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(program->llvm), NULL, 0, false);
  LLVMValueRef function = LLVMAddFunction(program->module, "vmemopt.profile", type);
  LLVMSetLinkage(function, LLVMInternalLinkage);
  LLVMPositionBuilderAtEnd(n->edit.builder, LLVMAppendBasicBlockInContext(program->llvm, function, "entry"));
  LLVMValueRef values[] = {make_constant(n, "vmemopt.program", value)};
  vmo_ll_call_heap(&n->edit, VMO_LL_PROFILE_BEGIN, values);
  LLVMBuildRetVoid(n->edit.builder);
  return vmo_ll_add_constructor(&n->edit, function);
}

/* ---- calls ---- */

static LLVMValueRef as_word(const instrumenting *n, LLVMValueRef value) {
  return LLVMBuildIntCast2(n->edit.builder, value, n->edit.word, false, "");
}

/* What is asked for; the largest number: the runtime asks malloc. Products that wrap made no object. */
static LLVMValueRef find_bytes(const instrumenting *n, LLVMValueRef call, const vmo_libc_row *row) {
  switch (row->kind) {
  case VMO_LIBC_CALLOC:
    return LLVMBuildMul(n->edit.builder, as_word(n, LLVMGetOperand(call, 0)), as_word(n, LLVMGetOperand(call, 1)), "");
  case VMO_LIBC_ALIGNED: return as_word(n, LLVMGetOperand(call, 1));
  case VMO_LIBC_COPIED: return word(n, UINT64_MAX);
  default: return as_word(n, LLVMGetOperand(call, 0));
  }
}

static void tell_of_site(instrumenting *n, uint32_t id) {
  uint32_t at = n->edit.plan->calls.data[id];
  LLVMValueRef call = n->edit.program->instructions.data[at].ref, site = address_of_row(n, id);
  const vmo_libc_row *row = row_of(n, at);
  if (!is_noted(n, at)) return;
  if (row->kind == VMO_LIBC_REALLOC) {
    LLVMPositionBuilderBefore(n->edit.builder, call);
    LLVMValueRef values[] = {site, LLVMGetOperand(call, 0), as_word(n, LLVMGetOperand(call, 1))};
    LLVMReplaceAllUsesWith(call, vmo_ll_call_heap(&n->edit, VMO_LL_PROFILE_REALLOC, values));
    LLVMInstructionEraseFromParent(call);
    return;
  }
  LLVMPositionBuilderBefore(n->edit.builder, LLVMGetNextInstruction(call));
  vmo_ll_call_heap(&n->edit, VMO_LL_PROFILE_NOTE, (LLVMValueRef[]){site, call, find_bytes(n, call, row)});
}

/* Frees that cannot throw and deletes; what a realloc of another form moves is forgotten, too. */
static void tell_of_release(instrumenting *n, uint32_t i) {
  const vmo_ll_instruction *call = &n->edit.program->instructions.data[i];
  const vmo_libc_row *row = row_of(n, i);
  if (row == NULL) return;
  bool frees = row->kind == VMO_LIBC_FREE || row->kind == VMO_LIBC_DELETE;
  if (!frees && (row->kind != VMO_LIBC_REALLOC || is_noted(n, i))) return;
  LLVMPositionBuilderBefore(n->edit.builder, call->ref);
  vmo_ll_call_heap(&n->edit, VMO_LL_PROFILE_FORGET, (LLVMValueRef[]){LLVMGetOperand(call->ref, 0)});
}

/* Where the lives of what some sites make end with a function, it says when it begins. */
static void tell_of_scope(instrumenting *n, const vmo_ll_heap_scope *scope) {
  const vmo_heap_facts *facts = n->edit.plan->facts;
  LLVMValueRef function = n->edit.program->functions.data[scope->function].ref;
  LLVMValueRef first = LLVMGetFirstInstruction(LLVMGetEntryBasicBlock(function));
  while (LLVMIsAAllocaInst(first)) first = LLVMGetNextInstruction(first);
  LLVMPositionBuilderBefore(n->edit.builder, first);
  for (uint32_t s = 0; s < facts->sites.count; s++) {
    if (facts->sites.data[s].heap != scope->heap || !is_noted(n, n->edit.plan->calls.data[s])) continue;
    vmo_ll_call_heap(&n->edit, VMO_LL_PROFILE_SCOPE, (LLVMValueRef[]){address_of_row(n, s)});
  }
}

vmo_status vmo_instrument_sites(vmo_ll_program *program, const vmo_ll_heap_plan *plan, const char *file) {
  instrumenting n = {.edit = {.program = program, .plan = plan}};
  n.edit.pointer = LLVMPointerTypeInContext(program->llvm, 0);
  n.edit.word = LLVMInt64TypeInContext(program->llvm);
  n.edit.builder = LLVMCreateBuilderInContext(program->llvm);
  bool fine = make_rows(&n) && make_beginning(&n, file);
  if (fine) {
    vmo_ll_replace_address(&n.edit, "free", VMO_LL_PROFILE_FREE);
    vmo_ll_replace_address(&n.edit, "realloc", VMO_LL_PROFILE_MOVE);
  }
  for (uint32_t i = 0; fine && i < plan->scopes.count; i++) tell_of_scope(&n, &plan->scopes.data[i]);
  for (uint32_t i = 0; fine && i < program->instructions.count; i++) tell_of_release(&n, i);
  for (uint32_t s = 0; fine && s < plan->facts->sites.count; s++) tell_of_site(&n, s);
  if (fine) vmo_ll_drop_promises(&n.edit);
  LLVMDisposeBuilder(n.edit.builder);
  return fine ? vmo_verify_llvm(program) : VMO_OUT_OF_MEMORY;
}
