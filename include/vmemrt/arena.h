/* arena.h: bump allocation, single owner, dropped whole.
 *
 *   chunk   [objects, upward ... | cursor      free      top | ... texts, downward]
 *
 * An object takes a few instructions, which are in this header. Objects live until the arena is reset or destroyed, or
 * until the scope ends that they were made in. One thread at a time uses an arena; its figures may be read by others
 * through the context. */
#ifndef VMEMRT_ARENA_H
#define VMEMRT_ARENA_H

#include "vmemrt/base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define VMR_ARENA_ALIGNMENT ((size_t)16)

/* Private: read and written by the functions of this header alone. More follows these members. */
typedef struct vmr_arena {
  char *cursor; /* the next free byte, a multiple of VMR_ARENA_ALIGNMENT */
  char *limit;  /* up to here bytes are taken without further ado */
} vmr_arena;

/* Creates an arena. `chunk_bytes` is the size of its first chunk (0: 64 KiB), obtained with the first object; chunks
 * grow geometrically up to a cap. `ctx` may be NULL. */
VMR_API vmr_status vmr_arena_open(vmr_arena **arena, vmr_ctx *ctx, size_t chunk_bytes);

/* The same with libc's memory; NULL when there is none. */
VMR_API vmr_arena *vmr_arena_create(size_t chunk_bytes);

/* Creates an arena in the caller's `buffer`, which holds the arena itself (less than 512 bytes) and its first chunk, and
 * must outlive it. When the buffer is full the arena goes on with chunks from elsewhere, unless it is `fixed`. */
VMR_API vmr_status vmr_arena_open_in(vmr_arena **arena, vmr_ctx *ctx, void *buffer, size_t bytes, bool fixed);

/* Frees every chunk and the arena itself. NULL is accepted. */
VMR_API void vmr_arena_destroy(vmr_arena *arena);

/* No more than `bytes` are obtained from the system from now on (SIZE_MAX: no limit, as at creation); an
 * allocation that would need more fails with VMR_OUT_OF_MEMORY. What is already there stays. */
VMR_API void vmr_arena_set_limit(vmr_arena *arena, size_t bytes);

/* ---- objects ---- */

VMR_API void *vmr_arena_alloc_slow(vmr_arena *arena, size_t bytes);

/* `bytes` uninitialised bytes, aligned to 16. Zero bytes give a valid unique pointer. NULL on failure. */
static inline void *vmr_arena_alloc(vmr_arena *arena, size_t bytes) {
  if (VMR_UNLIKELY(arena == NULL)) return NULL;
  size_t size = (bytes + VMR_ARENA_ALIGNMENT - 1) & ~(VMR_ARENA_ALIGNMENT - 1);
  char *object = arena->cursor;
  /* A size of 0, of no bytes or too many of them, is refused here too: 0 - 1 is larger than any room. */
  if (VMR_UNLIKELY(size - 1 >= (size_t)(arena->limit - object))) return vmr_arena_alloc_slow(arena, bytes);
  __atomic_store_n(&arena->cursor, object + size, __ATOMIC_RELAXED); /* a plain store: metrics may read beside it */
  return object;
}

/* As vmr_arena_alloc, aligned to `alignment` (a power of two). Less than 16 packs objects tightly. */
VMR_API void *vmr_arena_alloc_aligned(vmr_arena *arena, size_t bytes, size_t alignment);

/* `count` times `size` zeroed bytes, with the product checked for overflow. */
VMR_API void *vmr_arena_alloc_array(vmr_arena *arena, size_t count, size_t size);

/* Enlarges the object at `old` (NULL: a new one) from `old_bytes` to `new_bytes`, keeping its content;
 * the last object of a chunk grows in place, an object with a chunk of its own has the chunk
 * reallocated, so growing a vector does not leave its old copies behind. NULL on failure: the old
 * object is then untouched. `old_bytes` is what the object was last allocated or grown to; the result is
 * aligned to 16. With `new_bytes` no larger than that, nothing changes. */
VMR_API void *vmr_arena_grow(vmr_arena *arena, void *old, size_t old_bytes, size_t new_bytes);

/* Grows the object in place or not at all: true when it was the last object and there was room. */
VMR_API bool vmr_arena_grow_last(vmr_arena *arena, void *object, size_t old_bytes, size_t new_bytes);

/* A NUL-terminated copy of `length` bytes of `text`, or of a whole string; not aligned. */
VMR_API char *vmr_arena_copy_text(vmr_arena *arena, const char *text, size_t length);
VMR_API char *vmr_arena_strdup(vmr_arena *arena, const char *text);

/* ---- ends of life ---- */

/* Runs when what was allocated before this call dies: at the end of the scope, at reset, at destroy; the last one first. */
typedef void (*vmr_release_function)(void *user);
VMR_API vmr_status vmr_arena_on_release(vmr_arena *arena, vmr_release_function function, void *user);

/* A place to go back to. Scopes nest; they are ended in the reverse order of their begin. */
typedef struct vmr_scope {
  vmr_arena *arena;
  void *chunk, *release, *guarded;
  char *cursor, *top;
  size_t taken, outer, serial;
} vmr_scope;

VMR_API vmr_scope vmr_arena_begin(vmr_arena *arena);

/* Forgets every object made since the scope began; an old one that grew since may be forgotten too. VMR_WRONG_ORDER, and
 * nothing happens, when it is not the innermost open scope of its arena. With VMR_GUARD, VMR_CORRUPTED when bytes around an
 * object that it forgets were overwritten. */
VMR_API vmr_status vmr_arena_end(const vmr_scope *scope);

/* Forgets every object, every scope and the status (which is VMR_CORRUPTED when a guard byte was overwritten); keeps the
 * chunks for reuse, and gives back the big objects' own. */
VMR_API void vmr_arena_reset(vmr_arena *arena);

/* Gives back the chunks that hold no object. Returns their bytes. */
VMR_API size_t vmr_arena_trim(vmr_arena *arena);

/* ---- figures ---- */

/* Bytes of objects since creation or reset, with their padding and the old copies that a growing object left behind;
 * the most of it that there ever was at a reset, an end of scope or now; bytes obtained from the system for objects. */
VMR_API size_t vmr_arena_used_bytes(const vmr_arena *arena);
VMR_API size_t vmr_arena_peak_bytes(const vmr_arena *arena);
VMR_API size_t vmr_arena_reserved_bytes(const vmr_arena *arena);

/* The first failure since creation or reset, or VMR_OK. */
VMR_API vmr_status vmr_arena_status(const vmr_arena *arena);

/* Whether the books agree with the chunks, and with VMR_GUARD whether the bytes around each object are as they were
 * left. A fault is reported to the context. Takes time proportional to chunks and guarded objects. */
VMR_API bool vmr_arena_is_valid(const vmr_arena *arena);

/* ---- arenas that are handed out and come back ---- */

/* Keeps arenas for reuse, so that a task begins with the chunks of an earlier one. Any thread may acquire and release. */
typedef struct vmr_arena_pool vmr_arena_pool;

/* `keep` is how many idle arenas are kept at most; a further one that comes back is destroyed. */
VMR_API vmr_status vmr_arena_pool_create(vmr_arena_pool **pool, vmr_ctx *ctx, size_t chunk_bytes, size_t keep);

/* An arena that is empty, as after a reset, and without a limit. NULL when memory is out. */
VMR_API vmr_arena *vmr_arena_pool_acquire(vmr_arena_pool *pool);

/* Gives an arena back that this pool handed out; NULL is accepted. Its objects are dead from here on. VMR_FOREIGN_POINTER, and
 * nothing happens, for one that is not out: that came back already, or is none of this pool. With VMR_GUARD, VMR_CORRUPTED when
 * bytes around an object were overwritten: it is taken back nevertheless. */
VMR_API vmr_status vmr_arena_pool_release(vmr_arena_pool *pool, vmr_arena *arena);

/* Destroys the pool and its idle arenas. VMR_STILL_IN_USE, and nothing happens, while an arena is out. NULL is accepted. */
VMR_API vmr_status vmr_arena_pool_destroy(vmr_arena_pool *pool);

#ifdef __cplusplus
}
#endif

#endif
