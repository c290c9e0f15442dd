/* heap_edit.h: what heaps.c, heap_helpers.c, heap_scopes.c and instrument.c share. Private to llvm/. */
#ifndef VMO_LLVM_HEAP_EDIT_H
#define VMO_LLVM_HEAP_EDIT_H

#include "llvm/grouping.h"

/* Functions of the runtime, and those that the module gets. */
typedef enum vmo_ll_heap_function {
  VMO_LL_HEAP_ALLOC,
  VMO_LL_HEAP_REFILL,
  VMO_LL_HEAP_CALLOC,
  VMO_LL_HEAP_REALLOC,
  VMO_LL_HEAP_ALIGNED,
  VMO_LL_HEAP_FREE,
  VMO_LL_HEAP_CREATE,
  VMO_LL_HEAP_EXPECT,
  VMO_LL_BUMP_REFILL,
  VMO_LL_BUMP_ALIGNED,
  VMO_LL_BUMP_RELEASE,
  VMO_LL_PROFILE_BEGIN,
  VMO_LL_PROFILE_NOTE,
  VMO_LL_PROFILE_FORGET,
  VMO_LL_PROFILE_SCOPE,
  VMO_LL_PROFILE_REALLOC,
  VMO_LL_PROFILE_FREE,
  VMO_LL_PROFILE_MOVE,
  VMO_LL_HEAP_DESTROY,
  VMO_LL_HEAP_FIND_RANGE,
  VMO_LL_HEAP_ROOM,
  VMO_LL_BUMP_ALLOC,     /* made here: the short way of a bump heap */
  VMO_LL_BUMP_CALLOC,    /* made here */
  VMO_LL_HEAP_COPY,      /* made here: strdup in a heap */
  VMO_LL_HEAP_COPY_PART, /* strndup */
  VMO_LL_BUMP_COPY,
  VMO_LL_BUMP_COPY_PART,
  VMO_LL_HEAP_GROW,     /* reallocarray */
  VMO_LL_HEAP_MOVE,     /* made here: realloc for calls through pointers */
  VMO_LL_HEAP_SCOPED,   /* made here: the heap of a scope, which is created when it is asked for first */
  VMO_LL_HEAP_TAKE,     /* made here: the short way of a heap of one thread, for a list that is known */
  VMO_LL_HEAP_TAKE_ANY, /* made here: for one that a table knows by the size */
  VMO_LL_HEAP_GIVE,     /* made here: the short way of free, for what one thread has */
  VMO_LL_BLOCK_REFILL,  /* made here: an object of a scope whose block is full */
  VMO_LL_BLOCK_TAKE,    /* made here: one of the block, if it has room */
  VMO_LL_BLOCK_CALLOC,  /* made here */
  VMO_LL_BLOCK_GIVE,    /* made here: free of what may lie in a block */
  VMO_LL_HEAP_FUNCTION_COUNT
} vmo_ll_heap_function;

typedef struct vmo_ll_heap_edit {
  vmo_ll_program *program;
  const vmo_ll_heap_plan *plan;
  LLVMBuilderRef builder;
  LLVMTypeRef pointer, word;
  LLVMValueRef *heaps;  /* the variable of each: a bump heap itself, or the address of another */
  LLVMValueRef *blocks; /* of each, that its first objects are cut from; NULL: it has none */
  LLVMValueRef functions[VMO_LL_HEAP_FUNCTION_COUNT]; /* NULL: not asked for yet */
  LLVMValueRef classes[2];                            /* for granules of 8 and 16: tables; NULL: not asked for yet */
  LLVMValueRef range; /* the variable that holds where heaps' objects lie; NULL: nothing is given back in place */
} vmo_ll_heap_edit;

/* The function, which is declared or made when it is asked for first. (heap_helpers.c) */
LLVMValueRef vmo_ll_heap_helper(vmo_ll_heap_edit *e, vmo_ll_heap_function function);
/* Saves, drops and restores the heap in the function. (heap_scopes.c) */
void vmo_ll_edit_scope(vmo_ll_heap_edit *e, const vmo_ll_heap_scope *scope);
/* Adds a function to the module's constructors, before all of them; false: memory is out. (heaps.c) */
bool vmo_ll_add_constructor(vmo_ll_heap_edit *e, LLVMValueRef function);
/* Puts `other` in the place of a function of libc wherever its address is taken; direct calls stay. (heaps.c) */
void vmo_ll_replace_address(vmo_ll_heap_edit *e, const char *name, vmo_ll_heap_function other);
/* Takes away what LLVM had noted of functions and accesses, and is no longer true. (heap_promises.c) */
void vmo_ll_drop_promises(vmo_ll_heap_edit *e);
/* An object of a heap that one thread at a time has; `granule` is its alignment. (heap_helpers.c) */
LLVMValueRef vmo_ll_take_object(vmo_ll_heap_edit *e, LLVMValueRef heap, LLVMValueRef bytes, unsigned granule);
/* A call of it at the builder's place. (heap_helpers.c) */
LLVMValueRef vmo_ll_call_heap(vmo_ll_heap_edit *e, vmo_ll_heap_function function, LLVMValueRef *values);

#endif
