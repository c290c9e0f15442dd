/* heap_blocks.h: blocks that the first objects of a scope are cut from. Private to llvm/. */
#ifndef VMO_LLVM_HEAP_BLOCKS_H
#define VMO_LLVM_HEAP_BLOCKS_H

#include "llvm/heap_edit.h"

#define VMO_LL_BLOCK_HEAD \
  16 /* bytes of a block before those that objects are cut from: how many are used, and how many there are */

/* Which heaps have one, and which releases look at it; to be called when scopes and elided frees are known. */
vmo_status vmo_ll_choose_blocks(const vmo_ll_program *program, const vmo_ll_structures *structures,
                                vmo_ll_heap_plan *plan);

/* The variable of a heap's block; what the constructor does with it. */
void vmo_ll_make_block(vmo_ll_heap_edit *e, uint32_t heap);
void vmo_ll_open_block(vmo_ll_heap_edit *e, uint32_t heap);

/* Where the cursor is when a scope begins, and that it is there again when it ends. NULL: the heap has no block. */
LLVMValueRef vmo_ll_save_block(vmo_ll_heap_edit *e, uint32_t heap);
void vmo_ll_restore_block(vmo_ll_heap_edit *e, uint32_t heap, LLVMValueRef saved);

#endif
