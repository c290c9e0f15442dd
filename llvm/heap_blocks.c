/* heap_blocks.c: the first objects of a scope are cut from a block, and frees leave them alone, where a profile tells that these are nearly
 * all of them.
 *
 *   %p = call ptr @malloc(i64 24)          ->     %p = call ptr @vmemopt.block.take(ptr @vmemopt.block.2, ptr @vmemopt.heap.2, i64 24, ..)
 *   call void @free(ptr %p)                ->     call void @vmemopt.block.give(ptr %p, ptr @vmemopt.block.2)
 *
 * A heap with lists that a function drops, as some free comes before more is allocated, costs more than a bump, and a profile may
 * tell that all that a call of the function makes is little, freed or not. A profile is no proof. So the heap stays, and has a block of
 * BLOCK_BYTES before it: objects are cut off as long as there is room, and those that come later are the heap's, and recycled. A free
 * tells by the address: what lies in the block stays until the function returns, which puts the cursor back to where it was when it began.
 * Whatever a program does, a block keeps no more than BLOCK_BYTES from being given out again, once for each such heap: the peak
 * cannot grow by more. The block is little enough to stay in the cache nearest to the processor, where objects that are recycled would be.
 *
 * It is right where the scope is (heap_scopes.c): when the function returns nobody knows its objects. Cursors are nested as activations
 * are. No object of the block is known to libvmemrt, so that every free that may get one must be seen and changed, and no realloc may get
 * one: structures that are freed by a pointer, moved or hidden have no block, and neither have programs with threads, of which each
 * would need its own. Where objects are watched the runtime gives the block no room. Linear. */
#include "llvm/heap_blocks.h"

#include <stdio.h>

#include "llvm/libc.h"

#define BLOCK_BYTES ((vmo_bytes)16 << 10)

/* ---- which heaps ---- */

static vmo_heap_fact *fact_of(const vmo_ll_heap_plan *plan, uint32_t heap) {
  return heap == VMO_NONE ? NULL : &plan->facts->heaps.data[heap];
}

/* Whether a free that is not seen, or a realloc, may get objects of the node. */
static bool is_beyond_sight(const vmo_ll_structure_node *node) {
  return node->freed_by_pointer || node->moved || node->hidden || node->external;
}

static vmo_libc_kind kind_of(const vmo_ll_program *program, uint32_t call) {
  return program->functions.data[program->instructions.data[call].callee].libc->kind;
}

/* What a call of the function makes, by heap; -1 where that is not known, or a block is out of the question. */
static vmo_bytes *add_up(const vmo_ll_program *program, const vmo_ll_structures *structures,
                         const vmo_ll_heap_plan *plan) {
  vmo_bytes *bytes = vmr_arena_alloc_array(program->arena, (size_t)plan->facts->heaps.count + 1, sizeof *bytes);
  if (bytes == NULL) return NULL;
  for (uint32_t s = 0; s < plan->facts->sites.count; s++) {
    const vmo_heap_site *site = &plan->facts->sites.data[s];
    if (site->heap == VMO_NONE) continue;
    vmo_bytes *sum = &bytes[site->heap], told = site->profile != NULL ? site->profile->scope_bytes : -1;
    bool fine = *sum >= 0 && told >= 0 && kind_of(program, plan->calls.data[s]) != VMO_LIBC_REALLOC;
    *sum = fine && *sum + told <= BLOCK_BYTES ? *sum + told : -1;
  }
  for (uint32_t n = 0; n < structures->nodes.count; n++) {
    const vmo_ll_structure_node *node = &structures->nodes.data[n];
    for (uint32_t i = 0; i < node->site_count && is_beyond_sight(node); i++) {
      uint32_t heap = plan->heap_of[structures->sites.data[node->site_first + i]];
      if (heap != VMO_NONE) bytes[heap] = -1;
    }
  }
  return bytes;
}

/* The heap whose block a release may get objects of; `more` is set where there are several. */
static uint32_t block_of(const vmo_ll_structures *structures, const vmo_ll_heap_plan *plan, uint32_t release,
                         bool *more) {
  uint32_t found = VMO_NONE;
  *more = false;
  for (uint32_t k = 0; k < vmo_ll_node_count_of(structures, release); k++) {
    const vmo_ll_structure_node *node = &structures->nodes.data[vmo_ll_nodes_of(structures, release)[k]];
    for (uint32_t i = 0; i < node->site_count; i++) {
      uint32_t heap = plan->heap_of[structures->sites.data[node->site_first + i]];
      if (heap == VMO_NONE || heap == found || fact_of(plan, heap)->block_bytes == 0) continue;
      *more |= found != VMO_NONE;
      found = heap;
    }
  }
  return found;
}

/* A release looks at one block. */
static void drop_crossed(const vmo_ll_program *program, const vmo_ll_structures *structures, vmo_ll_heap_plan *plan) {
  for (uint32_t i = 0; i < program->instructions.count; i++) {
    bool more = true;
    while (plan->frees[i] && more) {
      uint32_t heap = block_of(structures, plan, i, &more);
      if (more) fact_of(plan, heap)->block_bytes = 0;
    }
  }
}

vmo_status vmo_ll_choose_blocks(const vmo_ll_program *program, const vmo_ll_structures *structures,
                                vmo_ll_heap_plan *plan) {
  bool more;
  plan->block_of = vmr_arena_alloc_array(program->arena, (size_t)program->instructions.count + 1, sizeof(uint32_t));
  vmo_bytes *bytes = add_up(program, structures, plan);
  if (plan->block_of == NULL || bytes == NULL) return VMO_OUT_OF_MEMORY;
  for (uint32_t h = 0; h < plan->facts->heaps.count; h++) {
    vmo_heap_fact *heap = fact_of(plan, h);
    if (heap->kind != VMO_HEAP_SCOPED_LISTS || plan->facts->shared || bytes[h] <= 0) continue;
    heap->block_bytes = BLOCK_BYTES;
    heap->scope_bytes = bytes[h];
  }
  drop_crossed(program, structures, plan);
  for (uint32_t i = 0; i < program->instructions.count; i++)
    plan->block_of[i] = plan->frees[i] ? block_of(structures, plan, i, &more) : VMO_NONE;
  return VMO_OK;
}

/* ---- the edit ---- */

/* { used, room, bytes }: room is 0 until the constructor has asked the runtime. */
void vmo_ll_make_block(vmo_ll_heap_edit *e, uint32_t heap) {
  char name[40];
  unsigned long long bytes = (unsigned long long)fact_of(e->plan, heap)->block_bytes;
  LLVMTypeRef byte = LLVMInt8TypeInContext(e->program->llvm);
  LLVMTypeRef members[] = {e->word, e->word, LLVMArrayType2(byte, bytes)};
  LLVMTypeRef type = LLVMStructTypeInContext(e->program->llvm, members, 3, false);
  snprintf(name, sizeof name, "vmemopt.block.%u", heap);
  e->blocks[heap] = LLVMAddGlobal(e->program->module, type, name);
  LLVMSetLinkage(e->blocks[heap], LLVMInternalLinkage);
  LLVMSetInitializer(e->blocks[heap], LLVMConstNull(type));
  LLVMSetAlignment(e->blocks[heap], 16);
}

void vmo_ll_open_block(vmo_ll_heap_edit *e, uint32_t heap) {
  LLVMValueRef bytes = LLVMConstInt(e->word, (unsigned long long)fact_of(e->plan, heap)->block_bytes, false);
  LLVMValueRef room = vmo_ll_call_heap(e, VMO_LL_HEAP_ROOM, (LLVMValueRef[]){bytes});
  LLVMTypeRef type = LLVMGlobalGetValueType(e->blocks[heap]);
  LLVMBuildStore(e->builder, room, LLVMBuildStructGEP2(e->builder, type, e->blocks[heap], 1, ""));
}

LLVMValueRef vmo_ll_save_block(vmo_ll_heap_edit *e, uint32_t heap) {
  return e->blocks[heap] == NULL ? NULL : LLVMBuildLoad2(e->builder, e->word, e->blocks[heap], "vmemopt.used");
}

void vmo_ll_restore_block(vmo_ll_heap_edit *e, uint32_t heap, LLVMValueRef saved) {
  if (saved != NULL) LLVMBuildStore(e->builder, saved, e->blocks[heap]);
}
