/* vmemrt.h: the public face of libvmemrt, the runtime library of vmemopt.
 *
 * Two parts exist so far: the bump arena and the interner, which the compiler itself lives on.
 * The library depends on libc alone. It never prints, exits or aborts: an allocation that fails
 * returns NULL and leaves a sticky status on its handle. */
#ifndef VMEMRT_H
#define VMEMRT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define VMR_API __attribute__((visibility("default")))
#else
#define VMR_API
#endif

typedef enum vmr_status {
  VMR_OK = 0,
  VMR_OUT_OF_MEMORY,   /* the operating system or a limit refused the bytes */
  VMR_SIZE_OVERFLOW,   /* count times size does not fit in size_t */
  VMR_INVALID_ARGUMENT /* an alignment that is no power of two, and the like */
} vmr_status;

/* ---- arena: bump allocation, single owner, dropped whole ---- */

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

/* ---- interner: strings to small numbers ---- */

typedef struct vmr_interner vmr_interner;
typedef uint32_t vmr_symbol; /* 0 is never a symbol; symbols count up from 1 in order of first use */

VMR_API vmr_interner *vmr_interner_create(void);
VMR_API void vmr_interner_destroy(vmr_interner *interner);

/* The symbol of `text` (any bytes, `length` of them), added when it is new. 0 when memory is out, or for
 * 4 GiB and more. The text is copied. */
VMR_API vmr_symbol vmr_interner_add(vmr_interner *interner, const char *text, size_t length);

/* The symbol of `text`, or 0 when it was never added. */
VMR_API vmr_symbol vmr_interner_find(const vmr_interner *interner, const char *text, size_t length);

/* The NUL-terminated text of `symbol`, valid as long as the interner; its length in `*length` (may be
 * NULL). NULL for a number that is no symbol. */
VMR_API const char *vmr_interner_text(const vmr_interner *interner, vmr_symbol symbol, size_t *length);

VMR_API uint32_t vmr_interner_count(const vmr_interner *interner);

#ifdef __cplusplus
}
#endif

#endif
