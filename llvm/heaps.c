/* heaps.c: sites that have a heap allocate from it, and what may get their objects back tells them from malloc's.
 *
 *   %p = call ptr @malloc(i64 24)                 %p = call ptr @vmemopt.bump(ptr @vmemopt.heap.0, i64 24)
 *
 *   %q = call ptr @malloc(i64 24)           ->    %h = load ptr, ptr @vmemopt.heap.1
 *                                                 %q = call ptr @vmemopt.heap.take(ptr %h, i64 24, i64 ..)
 *   call void @free(ptr %q)                       call void @vmemopt.heap.give(ptr %q)
 *
 * A free that comes just before its object's heap is dropped is left out (heap_elide.c). A bump heap is a variable of its own,
 * `cursor` and `end`: vmemopt.bump, which LLVM's inliner puts in place, moves the cursor, and asks the runtime for more where the
 * room ends. Of threads each has its own. Other heaps are made by a constructor of the module; where that fails the pointer
 * stays null, which the runtime takes for malloc itself. What one thread at a time has is taken from lists and given back to them in
 * place, too; where threads share heaps the runtime does it, under a lock. Linear. */
#include "llvm/heap_blocks.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "vmemrt/heap.h"

#define CONSTRUCTOR_PRIORITY 0
#define EXPECT_FROM ((vmo_bytes)1 << 20) /* bytes of a heap with lists */

/* ---- the variables ---- */

static LLVMValueRef add_variable(vmo_ll_heap_edit *e, uint32_t heap, LLVMTypeRef type, LLVMValueRef value) {
  char name[32];
  snprintf(name, sizeof name, "vmemopt.heap.%u", heap);
  LLVMValueRef variable = LLVMAddGlobal(e->program->module, type, name);
  LLVMSetLinkage(variable, LLVMInternalLinkage);
  LLVMSetInitializer(variable, value);
  LLVMSetAlignment(variable, 16);
  return variable;
}

static LLVMValueRef word(const vmo_ll_heap_edit *e, unsigned long long number) {
  return LLVMConstInt(e->word, number, false);
}

static LLVMValueRef number(const vmo_ll_heap_edit *e, uint32_t value) {
  return LLVMConstInt(LLVMInt32TypeInContext(e->program->llvm), value, false);
}

static uint32_t flags_of(const vmo_heap_fact *fact) {
  uint32_t shared = fact->shared && fact->kind == VMO_HEAP_LISTS ? VMR_HEAP_SHARED : 0;
  return shared | (fact->alignment == 8 ? VMR_HEAP_ALIGN8 : 0);
}

/* Of one that lasts as long as the process, and of which nobody knows that it will be large. */
static uint32_t lasting_flags(const vmo_heap_fact *fact) {
  return flags_of(fact) | (fact->expected_peak < EXPECT_FROM ? VMR_HEAP_BEGINS_WITH_MALLOC : 0);
}

/* What the variable will hold, not each of several; one that is dropped again and again holds but a part. */
static uint32_t expected_kibibytes(const vmo_heap_fact *fact) {
  if (fact->kind != VMO_HEAP_BUMP || fact->shared || fact->expected_bytes <= 0) return 0;
  vmo_bytes kibibytes = (fact->expected_bytes + 1023) / 1024;
  return kibibytes < UINT32_MAX ? (uint32_t)kibibytes : 0;
}

/* As VMR_BUMP_WITH(flags), with what is expected. */
static LLVMValueRef make_bump(vmo_ll_heap_edit *e, uint32_t heap, const vmo_heap_fact *fact) {
  LLVMValueRef nothing = LLVMConstNull(e->pointer);
  LLVMValueRef flags = number(e, flags_of(fact)), expected = number(e, expected_kibibytes(fact));
  LLVMValueRef members[] = {nothing, nothing, word(e, 0), nothing, flags, expected};
  LLVMValueRef value = LLVMConstStructInContext(e->program->llvm, members, 6, false);
  _Static_assert(sizeof(vmr_bump) == 40 && offsetof(vmr_bump, flags) == 32, "the members above");
  LLVMValueRef variable = add_variable(e, heap, LLVMTypeOf(value), value);
  LLVMSetThreadLocal(variable, fact->shared);
  return variable;
}

static void make_variables(vmo_ll_heap_edit *e) {
  const vmo_heap_facts *facts = e->plan->facts;
  for (uint32_t h = 0; h < facts->heaps.count; h++) {
    const vmo_heap_fact *fact = &facts->heaps.data[h];
    e->heaps[h] = vmo_heap_is_bump(fact->kind) ? make_bump(e, h, fact)
                                               : add_variable(e, h, e->pointer, LLVMConstNull(e->pointer));
    if (fact->kind == VMO_HEAP_SCOPED_LISTS) LLVMSetThreadLocal(e->heaps[h], fact->shared);
    if (fact->block_bytes > 0) vmo_ll_make_block(e, h);
  }
}

/* Adds the function to the module's constructors, whose array is made anew. */
bool vmo_ll_add_constructor(vmo_ll_heap_edit *e, LLVMValueRef function) {
  static const char name[] = "llvm.global_ctors";
  LLVMModuleRef module = e->program->module;
  LLVMValueRef former = LLVMGetNamedGlobal(module, name);
  unsigned count = former != NULL ? (unsigned)LLVMGetArrayLength2(LLVMGlobalGetValueType(former)) : 0;
  LLVMValueRef *all = vmr_arena_alloc_array(e->program->arena, (size_t)count + 1, sizeof *all);
  if (all == NULL) return false;
  LLVMValueRef members[] = {number(e, CONSTRUCTOR_PRIORITY), function, LLVMConstNull(e->pointer)};
  all[0] = LLVMConstStructInContext(e->program->llvm, members, 3, false);
  for (unsigned i = 0; i < count; i++) all[i + 1] = LLVMGetAggregateElement(LLVMGetInitializer(former), i);
  LLVMTypeRef type = LLVMTypeOf(all[0]);
  LLVMValueRef made = LLVMAddGlobal(module, LLVMArrayType2(type, count + 1), "");
  LLVMSetInitializer(made, LLVMConstArray2(type, all, count + 1));
  LLVMSetLinkage(made, LLVMAppendingLinkage);
  if (former != NULL) LLVMDeleteGlobal(former);
  LLVMSetValueName2(made, name, strlen(name));
  return true;
}

/* Where heaps' objects lie, for vmemopt.heap.give. Nowhere, until the constructor has asked. */
static void make_range(vmo_ll_heap_edit *e) {
  LLVMValueRef members[] = {word(e, 0), word(e, 0)};
  LLVMValueRef value = LLVMConstStructInContext(e->program->llvm, members, 2, false);
  LLVMValueRef nowhere = LLVMAddGlobal(e->program->module, LLVMTypeOf(value), "vmemopt.nowhere");
  LLVMSetInitializer(nowhere, value);
  LLVMSetLinkage(nowhere, LLVMInternalLinkage);
  LLVMSetGlobalConstant(nowhere, true);
  e->range = LLVMAddGlobal(e->program->module, e->pointer, "vmemopt.range");
  LLVMSetInitializer(e->range, nowhere);
  LLVMSetLinkage(e->range, LLVMInternalLinkage);
  LLVMBuildStore(e->builder, vmo_ll_call_heap(e, VMO_LL_HEAP_FIND_RANGE, NULL), e->range);
  _Static_assert(sizeof(vmr_heap_range) == 16 && offsetof(vmr_heap_range, taken) == 8, "the members above");
}

/* Whether some free gives its object back in place. */
static bool has_quick(const vmo_ll_heap_edit *e) {
  bool some = !e->plan->facts->shared;
  for (uint32_t i = 0; i < e->program->instructions.count && !some; i++) some = e->plan->quick[i];
  return some;
}

/* Makes the heaps before anything of the program runs. */
static bool make_constructor(vmo_ll_heap_edit *e) {
  const vmo_heap_facts *facts = e->plan->facts;
  LLVMTypeRef type = LLVMFunctionType(LLVMVoidTypeInContext(e->program->llvm), NULL, 0, false);
  LLVMValueRef function = NULL;
  for (uint32_t h = 0; h < facts->heaps.count; h++) {
    if (facts->heaps.data[h].kind != VMO_HEAP_LISTS && e->blocks[h] == NULL) continue;
    if (function == NULL) {
      function = LLVMAddFunction(e->program->module, "vmemopt.heaps", type);
      LLVMSetLinkage(function, LLVMInternalLinkage);
      LLVMPositionBuilderAtEnd(e->builder, LLVMAppendBasicBlockInContext(e->program->llvm, function, "entry"));
    }
    if (e->blocks[h] != NULL) {
      vmo_ll_open_block(e, h);
      continue;
    }
    LLVMValueRef values[] = {e->heaps[h], LLVMConstNull(e->pointer), number(e, lasting_flags(&facts->heaps.data[h]))};
    vmo_ll_call_heap(e, VMO_LL_HEAP_CREATE, values);
    vmo_bytes expected = facts->heaps.data[h].expected_peak;
    if (expected < EXPECT_FROM) continue; /* it would change nothing */
    LLVMValueRef heap = LLVMBuildLoad2(e->builder, e->pointer, e->heaps[h], "");
    vmo_ll_call_heap(e, VMO_LL_HEAP_EXPECT, (LLVMValueRef[]){heap, word(e, (unsigned long long)expected)});
  }
  if (function == NULL) return true;
  if (has_quick(e)) make_range(e);
  LLVMBuildRetVoid(e->builder);
  return vmo_ll_add_constructor(e, function);
}

/* ---- allocations ---- */

static const vmo_libc_row *row_of(const vmo_ll_program *program, const vmo_ll_instruction *call) {
  return call->callee == VMO_NONE ? NULL : program->functions.data[call->callee].libc;
}

static LLVMValueRef argument(vmo_ll_heap_edit *e, LLVMValueRef call, unsigned index) {
  LLVMValueRef value = LLVMGetOperand(call, index);
  if (LLVMTypeOf(value) == e->pointer) return value;
  return LLVMBuildIntCast2(e->builder, value, e->word, false, "");
}

static LLVMValueRef allocate_bumped(vmo_ll_heap_edit *e, uint32_t heap, LLVMValueRef call, const vmo_libc_row *row) {
  LLVMValueRef bump = e->heaps[heap], first = argument(e, call, 0);
  LLVMValueRef mask = word(e, e->plan->facts->heaps.data[heap].alignment - 1);
  LLVMValueRef plain = LLVMConstInt(LLVMInt1TypeInContext(e->program->llvm), 0, false);
  switch (row->kind) {
  case VMO_LIBC_CALLOC:
    return vmo_ll_call_heap(e, VMO_LL_BUMP_CALLOC, (LLVMValueRef[]){bump, first, argument(e, call, 1), mask});
  case VMO_LIBC_ALIGNED:
    return vmo_ll_call_heap(e, VMO_LL_BUMP_ALIGNED, (LLVMValueRef[]){bump, first, argument(e, call, 1)});
  case VMO_LIBC_COPIED:
    if (LLVMGetNumArgOperands(call) == 1) return vmo_ll_call_heap(e, VMO_LL_BUMP_COPY, (LLVMValueRef[]){bump, first});
    return vmo_ll_call_heap(e, VMO_LL_BUMP_COPY_PART, (LLVMValueRef[]){bump, first, argument(e, call, 1)});
  default: return vmo_ll_call_heap(e, VMO_LL_BUMP_ALLOC, (LLVMValueRef[]){bump, first, mask, plain});
  }
}

/* `fact` is that of the heap; NULL: there is none. Of a heap that threads share the lists are for the runtime alone. */
static LLVMValueRef allocate_listed(vmo_ll_heap_edit *e, const vmo_heap_fact *fact, LLVMValueRef heap,
                                    LLVMValueRef call, const vmo_libc_row *row) {
  LLVMValueRef values[4] = {heap, argument(e, call, 0)};
  unsigned count = LLVMGetNumArgOperands(call);
  for (unsigned i = 1; i < count; i++) values[i + 1] = argument(e, call, i);
  switch (row->kind) {
  case VMO_LIBC_CALLOC: return vmo_ll_call_heap(e, VMO_LL_HEAP_CALLOC, values);
  case VMO_LIBC_REALLOC: return vmo_ll_call_heap(e, count == 2 ? VMO_LL_HEAP_REALLOC : VMO_LL_HEAP_GROW, values);
  case VMO_LIBC_ALIGNED: return vmo_ll_call_heap(e, VMO_LL_HEAP_ALIGNED, values);
  case VMO_LIBC_COPIED: return vmo_ll_call_heap(e, count == 1 ? VMO_LL_HEAP_COPY : VMO_LL_HEAP_COPY_PART, values);
  default:
    if (fact == NULL || (flags_of(fact) & VMR_HEAP_SHARED) != 0) return vmo_ll_call_heap(e, VMO_LL_HEAP_ALLOC, values);
    return vmo_ll_take_object(e, heap, values[1], fact->alignment == 8 ? 8 : 16);
  }
}

/* What is neither malloc nor calloc is the heap's from the beginning. NULL: it has no block, or the call is not for it. */
static LLVMValueRef allocate_from_block(vmo_ll_heap_edit *e, uint32_t heap, LLVMValueRef call,
                                        const vmo_libc_row *row) {
  bool zeroed = row->kind == VMO_LIBC_CALLOC;
  if (e->blocks[heap] == NULL || (row->kind != VMO_LIBC_MALLOC && !zeroed)) return NULL;
  LLVMValueRef flags = number(e, flags_of(&e->plan->facts->heaps.data[heap])), first = argument(e, call, 0);
  LLVMValueRef plain[] = {e->blocks[heap], e->heaps[heap], first, flags};
  if (!zeroed) return vmo_ll_call_heap(e, VMO_LL_BLOCK_TAKE, plain);
  LLVMValueRef values[] = {e->blocks[heap], e->heaps[heap], first, argument(e, call, 1), flags};
  return vmo_ll_call_heap(e, VMO_LL_BLOCK_CALLOC, values);
}

/* Of a realloc that may only move an object of some heap, `heap` is VMO_NONE. */
static LLVMValueRef allocate(vmo_ll_heap_edit *e, LLVMValueRef call, uint32_t heap, const vmo_libc_row *row) {
  if (heap == VMO_NONE) return allocate_listed(e, NULL, LLVMConstNull(e->pointer), call, row);
  const vmo_heap_fact *fact = &e->plan->facts->heaps.data[heap];
  if (vmo_heap_is_bump(fact->kind)) return allocate_bumped(e, heap, call, row);
  LLVMValueRef object = allocate_from_block(e, heap, call, row);
  if (object != NULL) return object;
  if (fact->kind != VMO_HEAP_SCOPED_LISTS)
    return allocate_listed(e, fact, LLVMBuildLoad2(e->builder, e->pointer, e->heaps[heap], ""), call, row);
  LLVMValueRef values[] = {e->heaps[heap], number(e, flags_of(fact))};
  return allocate_listed(e, fact, vmo_ll_call_heap(e, VMO_LL_HEAP_SCOPED, values), call, row);
}

static void edit_allocation(vmo_ll_heap_edit *e, LLVMValueRef call, uint32_t heap, const vmo_libc_row *row) {
  LLVMPositionBuilderBefore(e->builder, call); /* at the call's place in the source */
  LLVMReplaceAllUsesWith(call, allocate(e, call, heap, row));
  LLVMInstructionEraseFromParent(call);
}

/* ---- releases ---- */

static void edit_free(vmo_ll_heap_edit *e, LLVMValueRef call, bool quick, uint32_t block) {
  LLVMPositionBuilderBefore(e->builder, call);
  LLVMValueRef object = LLVMGetOperand(call, 0);
  if (block == VMO_NONE) {
    vmo_ll_call_heap(e, quick && e->range != NULL ? VMO_LL_HEAP_GIVE : VMO_LL_HEAP_FREE, &object);
  } else {
    LLVMValueRef bytes = word(e, (unsigned long long)e->plan->facts->heaps.data[block].block_bytes);
    vmo_ll_call_heap(e, VMO_LL_BLOCK_GIVE, (LLVMValueRef[]){object, e->blocks[block], bytes});
  }
  LLVMInstructionEraseFromParent(call);
}

static void set_callee(LLVMValueRef call, LLVMValueRef function) {
  LLVMSetOperand(call, (unsigned)LLVMGetNumOperands(call) - 1, function);
}

/* Direct calls get it back. */
void vmo_ll_replace_address(vmo_ll_heap_edit *e, const char *name, vmo_ll_heap_function other) {
  LLVMValueRef function = LLVMGetNamedFunction(e->program->module, name);
  uint32_t id = function == NULL ? VMO_NONE : vmo_ll_find_function(e->program, function);
  if (id == VMO_NONE || !e->program->functions.data[id].address_taken || e->program->functions.data[id].libc == NULL)
    return;
  LLVMReplaceAllUsesWith(function, vmo_ll_heap_helper(e, other));
  for (uint32_t i = 0; i < e->program->instructions.count; i++) {
    const vmo_ll_instruction *call = &e->program->instructions.data[i];
    if (call->callee == id) set_callee(call->ref, function);
  }
}

/* ---- all of it ---- */

static void edit_instruction(vmo_ll_heap_edit *e, uint32_t i) {
  const vmo_ll_instruction *call = &e->program->instructions.data[i];
  uint32_t heap = e->plan->heap_of[i];
  bool walks = call->opcode == LLVMCall && call->callee != VMO_NONE && e->plan->walks[call->callee];
  if (e->plan->elided[i] || walks) {
    LLVMInstructionEraseFromParent(call->ref);
    return;
  }
  if (heap == VMO_NONE && !e->plan->frees[i]) return;
  const vmo_libc_row *row = row_of(e->program, call);
  if (heap == VMO_NONE && row->kind == VMO_LIBC_FREE) {
    edit_free(e, call->ref, e->plan->quick[i], e->plan->block_of[i]);
  } else {
    edit_allocation(e, call->ref, heap, row);
  }
}

vmo_status vmo_rewrite_heaps(vmo_ll_program *program, const vmo_ll_heap_plan *plan) {
  vmo_ll_heap_edit e = {.program = program, .plan = plan, .pointer = LLVMPointerTypeInContext(program->llvm, 0)};
  e.word = LLVMInt64TypeInContext(program->llvm);
  e.heaps = vmr_arena_alloc_array(program->arena, (size_t)plan->facts->heaps.count + 1, sizeof *e.heaps);
  e.blocks = vmr_arena_alloc_array(program->arena, (size_t)plan->facts->heaps.count + 1, sizeof *e.blocks);
  if (e.heaps == NULL || e.blocks == NULL) return VMO_OUT_OF_MEMORY;
  e.builder = LLVMCreateBuilderInContext(program->llvm);
  make_variables(&e);
  bool fine = make_constructor(&e);
  if (fine && plan->frees_by_pointer) {
    vmo_ll_replace_address(&e, "free", VMO_LL_HEAP_FREE);
    vmo_ll_replace_address(&e, "realloc", VMO_LL_HEAP_MOVE);
  }
  for (uint32_t i = 0; fine && i < program->instructions.count; i++) edit_instruction(&e, i);
  for (uint32_t i = 0; fine && i < plan->scopes.count; i++) vmo_ll_edit_scope(&e, &plan->scopes.data[i]);
  if (fine) vmo_ll_drop_promises(&e);
  LLVMDisposeBuilder(e.builder);
  return fine ? vmo_verify_llvm(program) : VMO_OUT_OF_MEMORY;
}
