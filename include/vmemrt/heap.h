/* heap.h: objects of any size for a group of allocation sites; what rewritten C programs call in place of malloc.
 *
 * All heaps of a process lie in one reserved range of addresses, so that one comparison tells whether a pointer is
 * theirs: vmr_heap_free and vmr_heap_realloc take any pointer of malloc's too. Where no range can be reserved, and under
 * AddressSanitizer and Valgrind, objects come from malloc and everything behaves the same.
 *
 * A heap belongs to one thread at a time, objects that are given back included; one created with VMR_HEAP_SHARED serves
 * any number. A process that forks has working heaps in the child. Functions that fail set errno to ENOMEM, as malloc
 * does. */
#ifndef VMEMRT_HEAP_H
#define VMEMRT_HEAP_H

#include "vmemrt/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vmr_heap vmr_heap;

enum vmr_heap_flag {
  VMR_HEAP_SHARED = 1,      /* any thread may use it at any time */
  VMR_HEAP_NEVER_FREED = 2, /* objects are not given back one by one: vmr_heap_free does nothing with them */
};

/* `ctx` may be NULL. */
VMR_API vmr_status vmr_heap_create(vmr_heap **heap, vmr_ctx *ctx, uint32_t flags);

/* Frees the heap with all its objects. NULL is accepted. */
VMR_API void vmr_heap_destroy(vmr_heap *heap);

/* As malloc, calloc, realloc and aligned_alloc, in `heap`; with NULL for the heap, exactly those. An object that grows stays
 * in the heap that it is in, and with malloc when it is malloc's. Alignment is 16, or as asked for (a power of two). */
VMR_API void *vmr_heap_alloc(vmr_heap *heap, size_t bytes);
VMR_API void *vmr_heap_calloc(vmr_heap *heap, size_t count, size_t size);
VMR_API void *vmr_heap_realloc(vmr_heap *heap, void *object, size_t bytes);
VMR_API void *vmr_heap_aligned(vmr_heap *heap, size_t alignment, size_t bytes);

/* Gives back an object of any heap, or of malloc. NULL is accepted. */
VMR_API void vmr_heap_free(void *object);

/* How many bytes of the object may be used, at least what was asked for. 0 for NULL. */
VMR_API size_t vmr_heap_usable_size(const void *object);

/* The heap that an object lies in; NULL when it is malloc's. */
VMR_API vmr_heap *vmr_heap_of(const void *object);

/* Bytes of live objects, rounded up to what they occupy (of a heap that is never freed: of all); bytes obtained. Takes
 * time proportional to the heap's chunks. */
VMR_API size_t vmr_heap_used_bytes(vmr_heap *heap);
VMR_API size_t vmr_heap_reserved_bytes(vmr_heap *heap);

/* Bytes of the reserved range; 0 when there is none and objects come from malloc. */
VMR_API size_t vmr_heap_range_bytes(void);

/* The first failure since creation, or VMR_OK. */
VMR_API vmr_status vmr_heap_status(const vmr_heap *heap);

/* Whether the heap's books and lists agree. Takes time proportional to the heap. */
VMR_API bool vmr_heap_is_valid(vmr_heap *heap);

#ifdef __cplusplus
}
#endif

#endif
