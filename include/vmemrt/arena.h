/* arena.h: bump allocation, single owner, dropped whole. */
#ifndef VMEMRT_ARENA_H
#define VMEMRT_ARENA_H

#include "vmemrt/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vmr_arena vmr_arena;

/* Creates an arena. `chunk_bytes` is the size of its first chunk (0: 64 KiB); chunks grow
 * geometrically up to a cap. Returns NULL when memory is out. */
VMR_API vmr_arena *vmr_arena_create(size_t chunk_bytes);

/* Frees every chunk and the arena itself. NULL is accepted. */
VMR_API void vmr_arena_destroy(vmr_arena *arena);

/* No more than `bytes` are obtained from the system from now on (SIZE_MAX: no limit, as at creation); an
 * allocation that would need more fails with VMR_OUT_OF_MEMORY. What is already there stays. */
VMR_API void vmr_arena_set_limit(vmr_arena *arena, size_t bytes);

/* `bytes` uninitialised bytes, aligned to 16. Zero bytes give a valid unique pointer. NULL on failure. */
VMR_API void *vmr_arena_alloc(vmr_arena *arena, size_t bytes);

/* As vmr_arena_alloc, aligned to `alignment` (a power of two). */
VMR_API void *vmr_arena_alloc_aligned(vmr_arena *arena, size_t bytes, size_t alignment);

/* `count` times `size` zeroed bytes, with the product checked for overflow. */
VMR_API void *vmr_arena_alloc_array(vmr_arena *arena, size_t count, size_t size);

/* Enlarges the object at `old` (NULL: a new one) from `old_bytes` to `new_bytes`, keeping its content;
 * the last object of a chunk grows in place, an object with a chunk of its own has the chunk
 * reallocated, so growing a vector does not leave its old copies behind. NULL on failure: the old
 * object is then untouched. `old_bytes` is what the object was last allocated or grown to; the result is
 * aligned to 16. With `new_bytes` no larger than that, nothing changes. */
VMR_API void *vmr_arena_grow(vmr_arena *arena, void *old, size_t old_bytes, size_t new_bytes);

/* A NUL-terminated copy of `length` bytes of `text`, not aligned. */
VMR_API char *vmr_arena_copy_text(vmr_arena *arena, const char *text, size_t length);

/* Forgets every object and the status; keeps the chunks for reuse, and gives back the big objects' own. */
VMR_API void vmr_arena_reset(vmr_arena *arena);

/* Bytes handed out since creation or reset, without padding, and with the old copies that a growing
 * object left behind; bytes obtained from the system for objects. */
VMR_API size_t vmr_arena_used_bytes(const vmr_arena *arena);
VMR_API size_t vmr_arena_reserved_bytes(const vmr_arena *arena);

/* The first failure since creation or reset, or VMR_OK. */
VMR_API vmr_status vmr_arena_status(const vmr_arena *arena);

#ifdef __cplusplus
}
#endif

#endif
