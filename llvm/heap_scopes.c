/* heap_scopes.c: heaps whose objects nobody knows any more when a function returns are dropped there.
 *
 *   define ptr @parse(...) {                      define ptr @parse(...) {
 *                                                   %saved = load %bump, ptr @vmemopt.heap.0
 *                                                   store %bump <empty>, ptr @vmemopt.heap.0
 *     ...                                   ->      ...
 *                                                   call void @vmr_bump_release(ptr @vmemopt.heap.0)
 *                                                   store %bump %saved, ptr @vmemopt.heap.0
 *     ret ptr %r                                    ret ptr %r
 *
 * The same for a heap with lists, whose variable holds its address, or null before the first object.
 *
 * Scopes are dynamic: callees allocate from the variable as they did, whoever calls them, so that no argument is added, nothing is
 * cloned, and calls through pointers need no care. It is right where every object that the heap's sites make while the
 * function is active is local to it (llvm/structures.h); recursion saves and restores. A longjmp or an exception across the function
 * leaves its objects where they are, as malloc would have; a heap with lists, which is more, has no such function as its scope, and no
 * recursive one. M. Tofte and J.-P. Talpin, "Region-Based Memory Management" (1997), have
 * regions as scopes of the text; these follow calls. Linear in the program
 * and the sites of its scopes. */
#include "llvm/heap_scopes.h"

#include <string.h>

#include "llvm/heap_blocks.h"
#include "llvm/heap_edit.h"
#include "llvm/plan.h"

#define LONGEST_WAY 64

typedef struct scoper {
  vmo_ll_program *program;
  const vmo_ll_structures *structures;
  vmo_ll_heap_plan *plan;
  vmo_ll_heap_calls calls;
  vmo_ll_marks beneath;
  vmo_ll_marks jump;               /* functions that a jump may leave, or begin in */
  uint32_t *caller, *call, *count; /* by function: the caller and the call seen last, and how many there are */
  bool *is_looked_at, *loops;      /* by function; by block: it is in a loop */
  uint32_t *stamps;                /* by instruction: the scope whose sites it was seen among */
  uint32_t *scope_of;              /* by node: the function that drops its objects; VMO_NONE */
  bool switches_stacks;
} scoper;

/* ---- the program ---- */

static bool is_named(const vmo_ll_function *function, const char *const *names, size_t count) {
  for (size_t i = 0; i < count && !vmo_ll_is_defined(function); i++)
    if (strcmp(function->name, names[i]) == 0) return true;
  return false;
}

static bool find_jumps(scoper *s) {
  static const char *const jumps[] = {"longjmp",
                                      "_longjmp",
                                      "siglongjmp",
                                      "__longjmp_chk",
                                      "__cxa_throw",
                                      "__cxa_rethrow",
                                      "_Unwind_RaiseException",
                                      "_Unwind_ForcedUnwind",
                                      "llvm.eh.sjlj.longjmp"};
  static const char *const switches[] = {"swapcontext", "setcontext", "makecontext"};
  vmo_ll_next_marks(&s->jump);
  for (uint32_t f = 0; f < s->program->functions.count; f++) {
    const vmo_ll_function *function = &s->program->functions.data[f];
    s->switches_stacks |= is_named(function, switches, sizeof switches / sizeof *switches);
    if (is_named(function, jumps, sizeof jumps / sizeof *jumps)) s->jump.entered = true;
  }
  if (!s->jump.entered) return true;
  for (uint32_t i = 0; i < s->program->instructions.count; i++) {
    uint32_t callee = s->program->instructions.data[i].callee;
    if (callee == VMO_NONE || !is_named(&s->program->functions.data[callee], jumps, sizeof jumps / sizeof *jumps))
      continue;
    uint32_t home = vmo_ll_find_function(
        s->program, LLVMGetBasicBlockParent(LLVMGetInstructionParent(s->program->instructions.data[i].ref)));
    if (!vmo_ll_mark_function(&s->calls, &s->jump, home)) return false;
  }
  return vmo_ll_mark_callers(&s->calls, &s->jump, NULL);
}

static bool begin(scoper *s) {
  vmr_arena *arena = s->program->arena;
  size_t functions = (size_t)s->program->functions.count + 1, instructions = (size_t)s->program->instructions.count + 1;
  size_t nodes = (size_t)s->structures->nodes.count + 1;
  s->caller = vmr_arena_alloc_array(arena, functions, sizeof *s->caller);
  s->call = vmr_arena_alloc_array(arena, functions, sizeof *s->call);
  s->count = vmr_arena_alloc_array(arena, functions, sizeof *s->count);
  s->is_looked_at = vmr_arena_alloc_array(arena, functions, sizeof *s->is_looked_at);
  s->loops = vmr_arena_alloc_array(arena, (size_t)s->program->blocks.count + 1, sizeof *s->loops);
  s->stamps = vmr_arena_alloc_array(arena, instructions, sizeof *s->stamps);
  s->scope_of = vmr_arena_alloc_array(arena, nodes, sizeof *s->scope_of);
  s->plan->elided = vmr_arena_alloc_array(arena, instructions, sizeof *s->plan->elided);
  s->plan->walks = vmr_arena_alloc_array(arena, functions, sizeof *s->plan->walks);
  if (!s->caller || !s->call || !s->count || !s->is_looked_at || !s->loops || !s->stamps || !s->scope_of ||
      !s->plan->elided || !s->plan->walks)
    return false;
  for (size_t n = 0; n < nodes; n++) s->scope_of[n] = VMO_NONE;
  return vmo_ll_begin_marks(&s->calls, &s->jump) && vmo_ll_begin_marks(&s->calls, &s->beneath) && find_jumps(s);
}

static void count_callers(scoper *s) {
  for (uint32_t f = 0; f < s->program->functions.count; f++) {
    const vmo_ll_function *function = &s->program->functions.data[f];
    for (uint32_t i = function->first; i < function->first + function->count; i++) {
      uint32_t callee = s->program->instructions.data[i].callee;
      if (callee == VMO_NONE) continue;
      s->caller[callee] = f;
      s->call[callee] = i;
      s->count[callee]++;
    }
  }
}

/* ---- what runs more than once ---- */

/* Whether an instruction of the function stands in a loop. */
static vmo_status is_in_loop(scoper *s, uint32_t id, uint32_t instruction, bool *loops) {
  const vmo_ll_function *function = &s->program->functions.data[id];
  if (!s->is_looked_at[id]) {
    vmo_cfg *control;
    vmr_arena *arena = vmr_arena_create(0);
    if (arena == NULL) return VMO_OUT_OF_MEMORY;
    vmo_status status = vmo_find_control(s->program, function, arena, &control);
    for (uint32_t b = 0; b < function->block_count && status == VMO_OK; b++)
      s->loops[function->block_first + b] = control->block_loops[b] != VMO_NONE;
    vmr_arena_destroy(arena);
    if (status != VMO_OK) return status;
    s->is_looked_at[id] = true;
  }
  *loops = s->loops[s->program->instructions.data[instruction].block];
  return VMO_OK;
}

/* A function that runs once frees nothing before the process does, and would do so slower. */
static vmo_status is_called_often(scoper *s, uint32_t id, bool *often) {
  *often = false;
  for (uint32_t steps = 0; steps < s->program->functions.count; steps++) {
    const vmo_ll_function *function = &s->program->functions.data[id];
    if (strcmp(function->name, "main") == 0 || s->count[id] == 0) {
      *often = function->address_taken;
      return VMO_OK;
    }
    *often = s->count[id] > 1 || function->address_taken;
    vmo_status status = VMO_OK;
    if (!*often) status = is_in_loop(s, s->caller[id], s->call[id], often);
    if (status != VMO_OK || *often) return status;
    id = s->caller[id];
  }
  return VMO_OK;
}

/* Whether a site may make several objects while the function is active: there is a loop or a choice on the way to it. */
static vmo_status makes_many(scoper *s, uint32_t scope, uint32_t site, bool *many) {
  uint32_t instruction = site;
  uint32_t id = vmo_ll_find_function(
      s->program, LLVMGetBasicBlockParent(LLVMGetInstructionParent(s->program->instructions.data[site].ref)));
  *many = false;
  for (uint32_t steps = 0; steps < LONGEST_WAY; steps++) {
    const vmo_ll_function *function = &s->program->functions.data[id];
    vmo_status status = is_in_loop(s, id, instruction, many);
    if (status != VMO_OK || *many || id == scope) return status;
    if (s->count[id] != 1 || function->address_taken) break;
    instruction = s->call[id];
    id = s->caller[id];
  }
  *many = true;
  return VMO_OK;
}

static vmo_status has_many(scoper *s, const vmo_ll_structure_scope *scope, bool *many) {
  vmo_status status = VMO_OK;
  *many = false;
  for (uint32_t i = 0; i < scope->site_count && !*many && status == VMO_OK; i++)
    status = makes_many(s, scope->function, s->structures->scope_sites.data[scope->site_first + i], many);
  return status;
}

/* ---- which ---- */

/* The heap that all of the scope's sites have; VMO_NONE: there is none. */
static uint32_t heap_of(const scoper *s, const vmo_ll_structure_scope *scope) {
  uint32_t heap = VMO_NONE;
  for (uint32_t i = 0; i < scope->site_count; i++) {
    uint32_t other = s->plan->heap_of[s->structures->scope_sites.data[scope->site_first + i]];
    if (other == VMO_NONE || (heap != VMO_NONE && other != heap)) return VMO_NONE;
    heap = other;
  }
  return heap;
}

static bool may_be_edited(const vmo_ll_function *function) {
  const vmo_ll_obstacles *o = &function->obstacles;
  return !o->setjmp && !o->sanitized && !o->musttail && !o->coroutine && !o->naked && !o->exception && function->exact;
}

/* Whether no other site allocates from the heap, which the scope's end would take away with it: all of the scope's sites do, so
 * that they need only be counted. */
static bool has_all(scoper *s, uint32_t id, const vmo_heap_fact *heap) {
  const vmo_ll_structure_scope *scope = &s->structures->scopes.data[id];
  uint32_t count = 0;
  for (uint32_t i = 0; i < scope->site_count; i++) {
    uint32_t *stamp = &s->stamps[s->structures->scope_sites.data[scope->site_first + i]];
    count += *stamp != id + 1;
    *stamp = id + 1;
  }
  return count == heap->site_count;
}

/* Whether what the function calls may call it. */
static vmo_status find_recursion(scoper *s, uint32_t id, bool *recursive) {
  const vmo_ll_heap_calls *calls = &s->calls;
  bool strange = false;
  vmo_ll_next_marks(&s->beneath);
  if (!vmo_ll_mark_function(calls, &s->beneath, id) || !vmo_ll_mark_callees(calls, &s->beneath))
    return VMO_OUT_OF_MEMORY;
  *recursive = false;
  for (uint32_t c = calls->caller_first[id]; c < calls->caller_first[id + 1]; c++)
    *recursive |= vmo_ll_is_marked(&s->beneath, calls->callers[c]);
  for (uint32_t i = 0; i < calls->strangers.count; i++)
    strange |= vmo_ll_is_marked(&s->beneath, calls->strangers.data[i]);
  *recursive |= strange && calls->is_entered[id];
  return VMO_OK;
}

/* What a heap with lists asks for beyond what a bump does. */
static vmo_status refuse_lists(scoper *s, const vmo_ll_structure_scope *scope, vmo_heap_scope_refusal *refusal) {
  bool many, recursive;
  vmo_status status = has_many(s, scope, &many);
  if (status == VMO_OK) status = find_recursion(s, scope->function, &recursive);
  if (status != VMO_OK) return status;
  if (vmo_ll_is_marked(&s->jump, scope->function)) {
    *refusal = VMO_HEAP_SCOPE_JUMPS;
  } else if (recursive) {
    *refusal = VMO_HEAP_SCOPE_RECURSIVE;
  } else {
    *refusal = many ? VMO_HEAP_SCOPE_NOT_REFUSED : VMO_HEAP_SCOPE_SINGLE;
  }
  return VMO_OK;
}

static vmo_status refuse(scoper *s, uint32_t id, uint32_t heap_id, vmo_heap_scope_refusal *refusal) {
  const vmo_ll_structure_scope *scope = &s->structures->scopes.data[id];
  const vmo_ll_function *function = &s->program->functions.data[scope->function];
  bool often = strcmp(function->name, "main") != 0;
  *refusal = VMO_HEAP_SCOPE_SEVERAL;
  if (heap_id == VMO_NONE) return VMO_OK;
  const vmo_heap_fact *heap = &s->plan->facts->heaps.data[heap_id];
  vmo_status status = often ? is_called_often(s, scope->function, &often) : VMO_OK;
  if (!scope->whole) {
    *refusal = VMO_HEAP_SCOPE_PARTLY;
  } else if (!has_all(s, id, heap)) {
    *refusal = VMO_HEAP_SCOPE_OTHERS;
  } else if (!often) {
    *refusal = VMO_HEAP_SCOPE_ONCE;
  } else if (!may_be_edited(function)) {
    *refusal = VMO_HEAP_SCOPE_FORM;
  } else if (s->switches_stacks) {
    *refusal = VMO_HEAP_SCOPE_STACKS;
  } else {
    *refusal = VMO_HEAP_SCOPE_NOT_REFUSED;
  }
  bool lists = *refusal == VMO_HEAP_SCOPE_NOT_REFUSED && !vmo_heap_is_bump(heap->kind);
  return status == VMO_OK && lists ? refuse_lists(s, scope, refusal) : status;
}

/* Of several, the reason of the scope that comes closest is told. */
static void note_refusal(scoper *s, const vmo_ll_structure_scope *scope, vmo_heap_scope_refusal refusal) {
  for (uint32_t i = 0; i < scope->site_count; i++) {
    uint32_t id = s->plan->heap_of[s->structures->scope_sites.data[scope->site_first + i]];
    vmo_heap_fact *heap = id == VMO_NONE ? NULL : &s->plan->facts->heaps.data[id];
    if (heap == NULL || heap->scope_refusal >= refusal) continue;
    heap->scope_refusal = refusal;
    heap->scope_refused = s->program->functions.data[scope->function].name;
  }
}

/* A heap has a scope but once in each function, whatever structures of the function are in it. */
static bool add_scope(scoper *s, const vmo_ll_structure_scope *scope, uint32_t heap) {
  bool known = false;
  for (uint32_t i = s->plan->scopes.count; i > 0 && s->plan->scopes.data[i - 1].function == scope->function; i--)
    known |= s->plan->scopes.data[i - 1].heap == heap;
  const vmo_ll_heap_scope made = {scope->function, heap};
  if (!known && !vmo_vec_push(s->program->arena, &s->plan->scopes, made)) return false;
  for (uint32_t n = 0; n < scope->node_count; n++)
    s->scope_of[s->structures->scope_nodes.data[scope->node_first + n]] = scope->function;
  vmo_heap_fact *fact = &s->plan->facts->heaps.data[heap];
  fact->kind = vmo_heap_is_bump(fact->kind) ? VMO_HEAP_SCOPED : VMO_HEAP_SCOPED_LISTS;
  fact->scope = s->program->functions.data[scope->function].name;
  return true;
}

static vmo_status choose_scopes(scoper *s) {
  for (uint32_t id = 0; id < s->structures->scopes.count; id++) {
    const vmo_ll_structure_scope *scope = &s->structures->scopes.data[id];
    uint32_t heap = heap_of(s, scope);
    vmo_heap_scope_refusal refusal;
    vmo_status status = refuse(s, id, heap, &refusal);
    if (status != VMO_OK) return status;
    if (refusal != VMO_HEAP_SCOPE_NOT_REFUSED) {
      note_refusal(s, scope, refusal);
    } else if (!add_scope(s, scope, heap)) {
      return VMO_OUT_OF_MEMORY;
    }
  }
  return VMO_OK;
}

/* ---- threads ---- */

/* The heap is one for all threads after all. */
static void share(vmo_heap_fact *heap) {
  heap->kind = VMO_HEAP_LISTS;
  heap->scope_refusal = VMO_HEAP_SCOPE_THREADS;
  heap->scope_refused = heap->scope;
  heap->scope = NULL;
}

/* Of each thread a heap with lists is its own. So no object of it may pass to another: all must be local to scopes. */
static void keep_shared(scoper *s) {
  vmo_ll_heap_plan *plan = s->plan;
  uint32_t kept = 0;
  for (uint32_t n = 0; n < s->structures->nodes.count; n++) {
    const vmo_ll_structure_node *node = &s->structures->nodes.data[n];
    for (uint32_t i = 0; i < node->site_count && s->scope_of[n] == VMO_NONE; i++) {
      uint32_t id = plan->heap_of[s->structures->sites.data[node->site_first + i]];
      vmo_heap_fact *heap = id == VMO_NONE ? NULL : &plan->facts->heaps.data[id];
      if (heap != NULL && heap->shared && heap->kind == VMO_HEAP_SCOPED_LISTS) share(heap);
    }
  }
  for (uint32_t i = 0; i < plan->scopes.count; i++)
    if (plan->facts->heaps.data[plan->scopes.data[i].heap].kind != VMO_HEAP_LISTS)
      plan->scopes.data[kept++] = plan->scopes.data[i];
  plan->scopes.count = kept;
  for (uint32_t n = 0; n < s->structures->nodes.count; n++) {
    if (s->scope_of[n] == VMO_NONE) continue;
    uint32_t heap = plan->heap_of[s->structures->sites.data[s->structures->nodes.data[n].site_first]];
    if (plan->facts->heaps.data[heap].kind == VMO_HEAP_LISTS) s->scope_of[n] = VMO_NONE;
  }
}

vmo_status vmo_find_heap_scopes(vmo_ll_program *program, const vmo_ll_structures *structures, vmo_ll_heap_plan *plan) {
  scoper s = {.program = program, .structures = structures, .plan = plan};
  vmo_status status = vmo_ll_find_heap_calls(program, structures, &s.calls);
  if (status != VMO_OK || !begin(&s)) return VMO_OUT_OF_MEMORY;
  count_callers(&s);
  status = choose_scopes(&s);
  if (status != VMO_OK) return status;
  keep_shared(&s);
  status = vmo_elide_frees(program, &s.calls, s.scope_of, plan);
  return status == VMO_OK ? vmo_ll_choose_blocks(program, structures, plan) : status;
}

/* ---- the edit ---- */

/* Drops what the variable has. */
static void drop(vmo_ll_heap_edit *e, LLVMValueRef variable, bool bump) {
  if (bump) {
    vmo_ll_call_heap(e, VMO_LL_BUMP_RELEASE, (LLVMValueRef[]){variable});
  } else {
    LLVMValueRef heap = LLVMBuildLoad2(e->builder, e->pointer, variable, "");
    vmo_ll_call_heap(e, VMO_LL_HEAP_DESTROY, (LLVMValueRef[]){heap});
  }
}

void vmo_ll_edit_scope(vmo_ll_heap_edit *e, const vmo_ll_heap_scope *scope) {
  LLVMValueRef function = e->program->functions.data[scope->function].ref, variable = e->heaps[scope->heap];
  bool bump = vmo_heap_is_bump(e->plan->facts->heaps.data[scope->heap].kind);
  LLVMValueRef first = LLVMGetFirstInstruction(LLVMGetEntryBasicBlock(function));
  while (LLVMIsAAllocaInst(first)) first = LLVMGetNextInstruction(first);
  LLVMPositionBuilderBefore(e->builder, first);
  LLVMValueRef saved = LLVMBuildLoad2(e->builder, LLVMGlobalGetValueType(variable), variable, "vmemopt.outer");
  LLVMValueRef used = vmo_ll_save_block(e, scope->heap);
  LLVMBuildStore(e->builder, LLVMGetInitializer(variable), variable);
  for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(function); b != NULL; b = LLVMGetNextBasicBlock(b)) {
    LLVMValueRef end = LLVMGetBasicBlockTerminator(b);
    if (LLVMGetInstructionOpcode(end) != LLVMRet) continue;
    LLVMPositionBuilderBefore(e->builder, end);
    drop(e, variable, bump);
    LLVMBuildStore(e->builder, saved, variable);
    vmo_ll_restore_block(e, scope->heap, used);
  }
}
