/* heap_elide.c: frees that come just before their objects' heap is dropped are left out.
 *
 *   define void @evaluate(...) {                   scope of the heap of %tree
 *     %tree = call ptr @build(...)                 allocates
 *     call void @print(ptr %tree)
 *     call void @free_tree(ptr %tree)        ->    (nothing: all that it did was to walk and free)
 *     ret void                                     drops the heap
 *
 * A free goes if each object that it may get is dropped by some function, and nothing of the program allocates between it
 * and that function's end: then no more memory is in use at any time than before. The way from one to the other is
 * looked for in each function that leads from the one with the scope to the free: of the instructions that may come to it, none leads
 * on to one that may allocate. A heap none of whose objects is freed or moved any more is bumped. Functions that did nothing but
 * walk and free are not called any more; loops that did are LLVM's to delete, which it does where they must end.
 *
 * Linear in the functions beneath a scope for each free, up to a limit in all. */
#include "llvm/heap_scopes.h"

#include <string.h>

#include "llvm/libc.h"

#define MOST_LOOKS 64 /* instructions and functions that are looked at, times those of the program */
#define MOST_ROUNDS 8

typedef struct elider {
  vmo_ll_program *program;
  const vmo_ll_structures *structures;
  vmo_ll_heap_plan *plan;
  const vmo_ll_heap_calls *calls;
  const uint32_t *scope_of;             /* by node: the function that drops its objects; VMO_NONE */
  vmo_heap_recycling *why;              /* by node: why some free of its objects stays */
  bool *is_freed;                       /* by node: some free that may get its objects was looked at */
  vmo_ll_marks allocate, beneath, lead; /* functions: that may allocate; beneath the scope; that lead to the free */
  uint32_t *visited, visits;            /* by block */
  vmo_ll_ids blocks;
  uint64_t room;
} elider;

/* ---- from a free to the end of its scope ---- */

static bool leads(const elider *e, uint32_t instruction, uint32_t release) {
  return instruction == release || vmo_ll_may_call_marked(e->calls, instruction, &e->lead);
}

static bool allocates(const elider *e, uint32_t instruction) {
  return vmo_ll_may_call_marked(e->calls, instruction, &e->allocate);
}

/* Whether what a call calls may come in any order, and several times: by code that is not seen. */
static bool has_no_order(const elider *e, uint32_t instruction) {
  uint32_t callee = e->program->instructions.data[instruction].callee;
  if (callee != VMO_NONE && !vmo_ll_is_defined(&e->program->functions.data[callee])) return true;
  for (uint32_t c = e->structures->callee_first[instruction]; c < e->structures->callee_first[instruction + 1]; c++)
    if (e->structures->callees.data[c] == VMO_NONE) return true;
  return false;
}

static bool push_successors(elider *e, const vmo_ll_function *function, const vmo_ll_block *block) {
  for (uint32_t s = 0; s < block->successor_count; s++) {
    uint32_t to = function->block_first + e->program->successors.data[block->successor_first + s];
    if (e->visited[to] == e->visits) continue;
    e->visited[to] = e->visits;
    if (!vmo_vec_push(e->program->arena, &e->blocks, to)) return false;
  }
  return true;
}

/* Whether what may free leads, in the same function, to what may allocate. */
static vmo_status check_function(elider *e, uint32_t id, uint32_t release, bool *fine) {
  const vmo_ll_function *function = &e->program->functions.data[id];
  e->visits++;
  e->blocks.count = 0;
  for (uint32_t b = function->block_first; b < function->block_first + function->block_count && *fine; b++) {
    const vmo_ll_block *block = &e->program->blocks.data[b];
    bool freed = false;
    for (uint32_t i = block->first; i < block->first + block->count && *fine; i++) {
      bool own = leads(e, i, release), makes = allocates(e, i);
      *fine = !makes || (!freed && !(own && has_no_order(e, i)));
      freed |= own;
    }
    if (freed && !push_successors(e, function, block)) return VMO_OUT_OF_MEMORY;
  }
  for (uint32_t k = 0; k < e->blocks.count && *fine; k++) {
    const vmo_ll_block *block = &e->program->blocks.data[e->blocks.data[k]];
    for (uint32_t i = block->first; i < block->first + block->count && *fine; i++) *fine = !allocates(e, i);
    if (!push_successors(e, function, block)) return VMO_OUT_OF_MEMORY;
  }
  return VMO_OK;
}

/* Pays for what is looked at. */
static bool pay(elider *e, uint64_t looks) {
  bool fits = looks <= e->room;
  e->room = fits ? e->room - looks : 0;
  return fits;
}

/* Nothing is allocated between the release and the end of the function. */
static vmo_status check_release(elider *e, uint32_t release, uint32_t scope, vmo_heap_recycling *why) {
  uint32_t home = vmo_ll_find_function(
      e->program, LLVMGetBasicBlockParent(LLVMGetInstructionParent(e->program->instructions.data[release].ref)));
  bool fine = true;
  vmo_ll_next_marks(&e->beneath);
  vmo_ll_next_marks(&e->lead);
  if (!vmo_ll_mark_function(e->calls, &e->beneath, scope) || !vmo_ll_mark_callees(e->calls, &e->beneath))
    return VMO_OUT_OF_MEMORY;
  if (!vmo_ll_is_marked(&e->beneath, home)) return VMO_OK; /* it is not called there */
  if (!vmo_ll_mark_function(e->calls, &e->lead, home) || !vmo_ll_mark_callers(e->calls, &e->lead, &e->beneath))
    return VMO_OUT_OF_MEMORY;
  if (!pay(e, (uint64_t)e->beneath.list.count + e->lead.list.count)) *why = VMO_HEAP_UNDECIDED;
  for (uint32_t k = 0; k < e->lead.list.count && fine && *why == VMO_HEAP_NOT_RECYCLED; k++) {
    uint32_t function = e->lead.list.data[k];
    if (!pay(e, e->program->functions.data[function].count)) *why = VMO_HEAP_UNDECIDED;
    vmo_status status = check_function(e, function, release, &fine);
    if (status != VMO_OK) return status;
  }
  if (!fine) *why = VMO_HEAP_ALLOCATES;
  return VMO_OK;
}

/* ---- which frees go ---- */

/* Why the free stays, if it does. */
static vmo_status judge(elider *e, uint32_t release, vmo_heap_recycling *why) {
  const uint32_t *nodes = vmo_ll_nodes_of(e->structures, release);
  uint32_t count = vmo_ll_node_count_of(e->structures, release), checked = VMO_NONE;
  *why = e->structures->others[release] ? VMO_HEAP_OTHERS_FREED : VMO_HEAP_NOT_RECYCLED;
  for (uint32_t n = 0; n < count; n++)
    if (e->scope_of[nodes[n]] == VMO_NONE) *why = VMO_HEAP_OTHERS_FREED;
  for (uint32_t n = 0; n < count && *why == VMO_HEAP_NOT_RECYCLED; n++) {
    uint32_t scope = e->scope_of[nodes[n]];
    vmo_status status = scope == checked ? VMO_OK : check_release(e, release, scope, why);
    if (status != VMO_OK) return status;
    checked = scope;
  }
  return VMO_OK;
}

/* Heaps whose objects it may get count it. */
static void leave_out(elider *e, uint32_t release) {
  uint32_t last = VMO_NONE;
  for (uint32_t n = 0; n < vmo_ll_node_count_of(e->structures, release); n++) {
    const vmo_ll_structure_node *node = &e->structures->nodes.data[vmo_ll_nodes_of(e->structures, release)[n]];
    uint32_t heap = e->plan->heap_of[e->structures->sites.data[node->site_first]]; /* that of all its sites */
    if (heap != last) e->plan->facts->heaps.data[heap].elided_count++;
    last = heap;
  }
  e->plan->elided[release] = true;
  e->plan->frees[release] = false;
  e->plan->facts->elided++;
  e->plan->facts->releases--;
}

static vmo_status elide_all(elider *e) {
  for (uint32_t i = 0; i < e->program->instructions.count; i++) {
    const vmo_ll_instruction *call = &e->program->instructions.data[i];
    if (!e->plan->frees[i] || e->program->functions.data[call->callee].libc->kind != VMO_LIBC_FREE) continue;
    if (vmo_ll_node_count_of(e->structures, i) == 0) continue; /* what it frees was a number */
    vmo_heap_recycling why;
    vmo_status status = judge(e, i, &why);
    if (status != VMO_OK) return status;
    if (why == VMO_HEAP_NOT_RECYCLED) leave_out(e, i);
    for (uint32_t n = 0; n < vmo_ll_node_count_of(e->structures, i); n++) {
      uint32_t node = vmo_ll_nodes_of(e->structures, i)[n];
      e->is_freed[node] = true;
      if (why != VMO_HEAP_NOT_RECYCLED) e->why[node] = why;
    }
  }
  return VMO_OK;
}

/* ---- heaps without frees ---- */

static vmo_heap_recycling reason_of(const elider *e, uint32_t id) {
  const vmo_ll_structure_node *node = &e->structures->nodes.data[id];
  if (node->freed_by_pointer) return VMO_HEAP_BY_POINTER;
  if (node->moved) return VMO_HEAP_MOVED;
  if (node->hidden) return VMO_HEAP_OTHERS_FREED; /* by its address as a number */
  return node->freed && !e->is_freed[id] ? VMO_HEAP_UNDECIDED : e->why[id];
}

/* A heap recycles if objects of any of its sites, in whatever context, may still be freed or moved. */
static void find_bumps(elider *e) {
  vmo_heap_facts *facts = e->plan->facts;
  for (uint32_t n = 0; n < e->structures->nodes.count; n++) {
    const vmo_ll_structure_node *node = &e->structures->nodes.data[n];
    vmo_heap_recycling reason = reason_of(e, n);
    for (uint32_t i = 0; i < node->site_count && reason != VMO_HEAP_NOT_RECYCLED; i++) {
      uint32_t heap = e->plan->heap_of[e->structures->sites.data[node->site_first + i]];
      if (heap != VMO_NONE && facts->heaps.data[heap].kind == VMO_HEAP_SCOPED_LISTS)
        facts->heaps.data[heap].recycling = reason;
    }
  }
  for (uint32_t i = 0; i < e->program->instructions.count; i++) {
    uint32_t heap = e->plan->heap_of[i];
    if (heap != VMO_NONE && facts->heaps.data[heap].kind == VMO_HEAP_SCOPED_LISTS &&
        e->program->functions.data[e->program->instructions.data[i].callee].libc->kind == VMO_LIBC_REALLOC)
      facts->heaps.data[heap].recycling = VMO_HEAP_MOVED;
  }
  for (uint32_t h = 0; h < facts->heaps.count; h++) {
    vmo_heap_fact *heap = &facts->heaps.data[h];
    if (heap->kind == VMO_HEAP_SCOPED_LISTS && heap->recycling == VMO_HEAP_NOT_RECYCLED) heap->kind = VMO_HEAP_SCOPED;
  }
}

/* ---- functions that did nothing but walk and free ---- */

static bool is_plain_access(const vmo_ll_instruction *access) {
  return !LLVMGetVolatile(access->ref) && LLVMGetOrdering(access->ref) == LLVMAtomicOrderingNotAtomic;
}

static bool is_mere_note(const vmo_ll_function *callee) {
  static const char *const notes[] = {"llvm.dbg.", "llvm.lifetime.", "llvm.assume", "llvm.experimental.noalias.scope."};
  for (size_t i = 0; i < sizeof notes / sizeof *notes; i++)
    if (strncmp(callee->name, notes[i], strlen(notes[i])) == 0) return true;
  return false;
}

/* Whether nothing happens by an instruction that anybody would miss. */
static bool has_no_effect(const vmo_ll_program *program, const vmo_ll_heap_plan *plan, uint32_t id) {
  const vmo_ll_instruction *instruction = &program->instructions.data[id];
  uint32_t callee = instruction->callee;
  switch ((int)instruction->opcode) {
  case LLVMLoad: return is_plain_access(instruction);
  case LLVMStore: return is_plain_access(instruction) && LLVMIsAAllocaInst(LLVMGetOperand(instruction->ref, 1));
  case LLVMCall:
    if (plan->elided[id]) return true;
    if (callee == VMO_NONE) return false;
    return plan->walks[callee] || is_mere_note(&program->functions.data[callee]);
  case LLVMAlloca:
  case LLVMGetElementPtr:
  case LLVMPHI:
  case LLVMSelect:
  case LLVMFreeze:
  case LLVMICmp:
  case LLVMAdd:
  case LLVMSub:
  case LLVMAnd:
  case LLVMShl:
  case LLVMLShr:
  case LLVMTrunc:
  case LLVMZExt:
  case LLVMSExt:
  case LLVMBr:
  case LLVMSwitch:
  case LLVMRet: return true;
  default: return false;
  }
}

/* Whether each cycle frees something, so that it ends: without the blocks that do, there is none (Kahn 1962). */
static vmo_status has_end(const vmo_ll_program *program, const vmo_ll_heap_plan *plan, const vmo_ll_function *function,
                          bool *ends) {
  uint32_t blocks = function->block_count, left = 0;
  vmo_ll_ids ready = {0};
  bool *frees = vmr_arena_alloc_array(program->arena, blocks, sizeof *frees);
  uint32_t *entries = vmr_arena_alloc_array(program->arena, blocks, sizeof *entries);
  if (frees == NULL || entries == NULL || !vmo_vec_reserve(program->arena, &ready, blocks)) return VMO_OUT_OF_MEMORY;
  for (uint32_t b = 0; b < blocks; b++) {
    const vmo_ll_block *block = &program->blocks.data[function->block_first + b];
    for (uint32_t i = block->first; i < block->first + block->count; i++) frees[b] |= plan->elided[i];
    left += !frees[b];
    for (uint32_t s = 0; s < block->successor_count && !frees[b]; s++)
      entries[program->successors.data[block->successor_first + s]]++;
  }
  for (uint32_t b = 0; b < blocks; b++)
    if (!frees[b] && entries[b] == 0) ready.data[ready.count++] = b;
  for (uint32_t k = 0; k < ready.count; k++) {
    const vmo_ll_block *block = &program->blocks.data[function->block_first + ready.data[k]];
    left--;
    for (uint32_t s = 0; s < block->successor_count; s++) {
      uint32_t to = program->successors.data[block->successor_first + s];
      if (--entries[to] == 0 && !frees[to]) ready.data[ready.count++] = to;
    }
  }
  *ends = left == 0;
  return VMO_OK;
}

static vmo_status may_walk(const vmo_ll_program *program, const vmo_ll_heap_plan *plan, const vmo_ll_function *function,
                           bool *walks) {
  *walks = false;
  if (!vmo_ll_is_defined(function) || !function->exact || function->obstacles.sanitized) return VMO_OK;
  if (LLVMGetTypeKind(LLVMGetReturnType(LLVMGlobalGetValueType(function->ref))) != LLVMVoidTypeKind) return VMO_OK;
  for (uint32_t i = function->first; i < function->first + function->count; i++) *walks |= plan->elided[i];
  return *walks ? has_end(program, plan, function, walks) : VMO_OK;
}

static bool still_walks(const vmo_ll_program *program, const vmo_ll_heap_plan *plan, const vmo_ll_function *function) {
  for (uint32_t i = function->first; i < function->first + function->count; i++)
    if (!has_no_effect(program, plan, i)) return false;
  return true;
}

/* Those that call each other are walks until one of them is found to do more. */
static vmo_status find_walks(elider *e) {
  bool *walks = e->plan->walks, more = true;
  for (uint32_t f = 0; f < e->program->functions.count; f++) {
    vmo_status status = may_walk(e->program, e->plan, &e->program->functions.data[f], &walks[f]);
    if (status != VMO_OK) return status;
  }
  for (uint32_t round = 0; more; round++) {
    more = false;
    for (uint32_t f = 0; f < e->program->functions.count; f++) {
      if (!walks[f] || (round < MOST_ROUNDS && still_walks(e->program, e->plan, &e->program->functions.data[f])))
        continue;
      walks[f] = false;
      more = true;
    }
  }
  return VMO_OK;
}

/* ---- all of it ---- */

vmo_status vmo_elide_frees(vmo_ll_program *program, const vmo_ll_heap_calls *calls, const uint32_t *scope_of,
                           vmo_ll_heap_plan *plan) {
  elider e = {.program = program, .structures = calls->structures, .plan = plan, .calls = calls};
  e.scope_of = scope_of;
  e.why = vmr_arena_alloc_array(program->arena, (size_t)calls->structures->nodes.count + 1, sizeof *e.why);
  e.is_freed = vmr_arena_alloc_array(program->arena, (size_t)calls->structures->nodes.count + 1, sizeof *e.is_freed);
  e.room = (uint64_t)MOST_LOOKS * program->instructions.count + 1000;
  e.visited = vmr_arena_alloc_array(program->arena, (size_t)program->blocks.count + 1, sizeof *e.visited);
  if (e.visited == NULL || e.why == NULL || e.is_freed == NULL || !vmo_ll_begin_marks(calls, &e.allocate) ||
      !vmo_ll_begin_marks(calls, &e.beneath) || !vmo_ll_begin_marks(calls, &e.lead))
    return VMO_OUT_OF_MEMORY;
  vmo_ll_next_marks(&e.allocate);
  for (uint32_t f = 0; f < program->functions.count; f++)
    if (vmo_libc_allocates(program->functions.data[f].libc) && !vmo_ll_mark_function(calls, &e.allocate, f))
      return VMO_OUT_OF_MEMORY;
  if (!vmo_ll_mark_callers(calls, &e.allocate, NULL)) return VMO_OUT_OF_MEMORY;
  vmo_status status = elide_all(&e);
  if (status != VMO_OK) return status;
  find_bumps(&e);
  return find_walks(&e);
}
