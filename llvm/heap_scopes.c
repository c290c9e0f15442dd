/* heap_scopes.c: bump heaps whose objects nobody knows any more when a function returns are dropped there.
 *
 *   define ptr @parse(...) {                      define ptr @parse(...) {
 *                                                   %saved = load %bump, ptr @vmemopt.heap.0
 *                                                   store %bump <empty>, ptr @vmemopt.heap.0
 *     ...                                   ->      ...
 *                                                   call void @vmr_bump_release(ptr @vmemopt.heap.0)
 *                                                   store %bump %saved, ptr @vmemopt.heap.0
 *     ret ptr %r                                    ret ptr %r
 *
 * Scopes are dynamic: callees allocate from the variable as they did, whoever calls them, so that no argument is added, nothing is
 * cloned, and calls through pointers need no care. It is right where every object that the heap's sites make while the
 * function is active is local to it (llvm/structures.h); recursion saves and restores. A longjmp or an exception across the function
 * leaves its objects where they are, as malloc would have. M. Tofte and J.-P. Talpin, "Region-Based Memory Management" (1997), have
 * regions as scopes of the text; these follow calls. Linear in the program
 * and the sites of its scopes. */
#include "llvm/heap_edit.h"

#include <string.h>

#include "llvm/plan.h"

/* ---- functions that are called more than once ---- */

/* Whether a call stands in a loop. */
static vmo_status is_in_loop(const vmo_ll_program *program, const vmo_ll_function *caller, uint32_t call, bool *loops) {
  vmo_cfg *control;
  vmr_arena *arena = vmr_arena_create(0);
  if (arena == NULL) return VMO_OUT_OF_MEMORY;
  vmo_status status = vmo_find_control(program, caller, arena, &control);
  uint32_t block = program->instructions.data[call].block - caller->block_first;
  if (status == VMO_OK) *loops = control->block_loops[block] != VMO_NONE;
  vmr_arena_destroy(arena);
  return status;
}

typedef struct callers {
  uint32_t *function, *call, *count; /* by function: the caller and the call seen last, and how many there are */
} callers;

static bool count_callers(const vmo_ll_program *program, callers *c) {
  size_t functions = (size_t)program->functions.count + 1;
  c->function = vmr_arena_alloc_array(program->arena, functions, sizeof(uint32_t));
  c->call = vmr_arena_alloc_array(program->arena, functions, sizeof(uint32_t));
  c->count = vmr_arena_alloc_array(program->arena, functions, sizeof(uint32_t));
  if (c->function == NULL || c->call == NULL || c->count == NULL) return false;
  for (uint32_t f = 0; f < program->functions.count; f++) {
    const vmo_ll_function *function = &program->functions.data[f];
    for (uint32_t i = function->first; i < function->first + function->count; i++) {
      uint32_t callee = program->instructions.data[i].callee;
      if (callee == VMO_NONE) continue;
      c->function[callee] = f;
      c->call[callee] = i;
      c->count[callee]++;
    }
  }
  return true;
}

/* A function that runs once frees nothing before the process does, and would do so slower. */
static vmo_status is_called_often(const vmo_ll_program *program, const callers *c, uint32_t id, bool *often) {
  *often = false;
  for (uint32_t steps = 0; steps < program->functions.count; steps++) {
    const vmo_ll_function *function = &program->functions.data[id];
    if (strcmp(function->name, "main") == 0 || c->count[id] == 0) {
      *often = function->address_taken;
      return VMO_OK;
    }
    *often = c->count[id] > 1 || function->address_taken || function->recursive;
    vmo_status status = VMO_OK;
    if (!*often) status = is_in_loop(program, &program->functions.data[c->function[id]], c->call[id], often);
    if (status != VMO_OK || *often) return status;
    id = c->function[id];
  }
  return VMO_OK;
}

/* ---- which ---- */

/* The bump heap that all of the scope's sites have; VMO_NONE: there is none. */
static uint32_t heap_of(const vmo_ll_structures *structures, const vmo_ll_structure_scope *scope,
                        const vmo_ll_heap_plan *plan) {
  uint32_t heap = VMO_NONE;
  for (uint32_t i = 0; i < scope->site_count; i++) {
    uint32_t other = plan->heap_of[structures->scope_sites.data[scope->site_first + i]];
    if (other == VMO_NONE || (heap != VMO_NONE && other != heap)) return VMO_NONE;
    heap = other;
  }
  return heap == VMO_NONE || plan->facts->heaps.data[heap].kind == VMO_HEAP_LISTS ? VMO_NONE : heap;
}

static bool may_be_edited(const vmo_ll_function *function) {
  const vmo_ll_obstacles *o = &function->obstacles;
  return !o->setjmp && !o->sanitized && !o->musttail && !o->coroutine && !o->naked && !o->exception &&
         function->exact && strcmp(function->name, "main") != 0;
}

/* Whether no other site allocates from the heap, which the scope's end would take away with it: all of the scope's sites do, so
 * that they need only be counted. `stamps`, by instruction, tells which were. */
static bool has_all(const vmo_ll_structures *structures, uint32_t id, const vmo_heap_fact *heap, uint32_t *stamps) {
  const vmo_ll_structure_scope *scope = &structures->scopes.data[id];
  uint32_t count = 0;
  for (uint32_t i = 0; i < scope->site_count; i++) {
    uint32_t *stamp = &stamps[structures->scope_sites.data[scope->site_first + i]];
    count += *stamp != id + 1;
    *stamp = id + 1;
  }
  return count == heap->site_count;
}

vmo_status vmo_find_heap_scopes(vmo_ll_program *program, const vmo_ll_structures *structures, vmo_ll_heap_plan *plan) {
  callers c;
  uint32_t *stamps = vmr_arena_alloc_array(program->arena, (size_t)program->instructions.count + 1, sizeof *stamps);
  if (stamps == NULL || !count_callers(program, &c)) return VMO_OUT_OF_MEMORY;
  for (uint32_t s = 0; s < structures->scopes.count; s++) {
    const vmo_ll_structure_scope *scope = &structures->scopes.data[s];
    bool often;
    if (!scope->whole || scope->freed || scope->moved || !may_be_edited(&program->functions.data[scope->function]))
      continue;
    uint32_t heap = heap_of(structures, scope, plan);
    if (heap == VMO_NONE || !has_all(structures, s, &plan->facts->heaps.data[heap], stamps)) continue;
    vmo_status status = is_called_often(program, &c, scope->function, &often);
    if (status != VMO_OK) return status;
    if (!often) continue;
    const vmo_ll_heap_scope made = {scope->function, heap};
    if (!vmo_vec_push(program->arena, &plan->scopes, made)) return VMO_OUT_OF_MEMORY;
    plan->facts->heaps.data[heap].kind = VMO_HEAP_SCOPED;
    plan->facts->heaps.data[heap].scope = program->functions.data[scope->function].name;
  }
  return VMO_OK;
}

/* ---- the edit ---- */

static void drop_at_returns(vmo_ll_heap_edit *e, LLVMValueRef function, LLVMValueRef bump, LLVMValueRef saved) {
  for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(function); b != NULL; b = LLVMGetNextBasicBlock(b)) {
    LLVMValueRef end = LLVMGetBasicBlockTerminator(b);
    if (LLVMGetInstructionOpcode(end) != LLVMRet) continue;
    LLVMPositionBuilderBefore(e->builder, end);
    vmo_ll_call_heap(e, VMO_LL_BUMP_RELEASE, (LLVMValueRef[]){bump});
    LLVMBuildStore(e->builder, saved, bump);
  }
}

void vmo_ll_edit_scope(vmo_ll_heap_edit *e, const vmo_ll_heap_scope *scope) {
  LLVMValueRef function = e->program->functions.data[scope->function].ref, bump = e->heaps[scope->heap];
  LLVMValueRef first = LLVMGetFirstInstruction(LLVMGetEntryBasicBlock(function));
  while (LLVMIsAAllocaInst(first)) first = LLVMGetNextInstruction(first);
  LLVMPositionBuilderBefore(e->builder, first);
  LLVMValueRef saved = LLVMBuildLoad2(e->builder, LLVMGlobalGetValueType(bump), bump, "vmemopt.outer");
  LLVMBuildStore(e->builder, LLVMGetInitializer(bump), bump);
  drop_at_returns(e, function, bump, saved);
}
