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
  VMR_HEAP_ALIGN8 = 4,      /* objects need no alignment but that of 8 bytes */
  /* Of a heap without context that lasts as long as the process: its first objects, 2048 or 64 KiB, are malloc's, so that a program with
   * few pays for no memory of heaps. They do not end with the heap. */
  VMR_HEAP_BEGINS_WITH_MALLOC = 8,
};

/* `ctx` may be NULL. */
VMR_API vmr_status vmr_heap_create(vmr_heap **heap, vmr_ctx *ctx, uint32_t flags);

/* Says, before its first object, how many bytes will live in the heap at a time: its chunks have huge pages as far as they will be
 * full. 0, as at first: not known. NULL is accepted. */
VMR_API void vmr_heap_expect(vmr_heap *heap, size_t bytes);

/* Frees the heap with all its objects. NULL is accepted. */
VMR_API void vmr_heap_destroy(vmr_heap *heap);

/* As malloc, calloc, realloc and aligned_alloc, in `heap`; with NULL for the heap, exactly those. An object stays
 * in the heap that it is in, and with malloc when it is malloc's; one that is to become smaller does, or stays as it is; one that
 * is resized to 0 bytes is freed, and the result NULL, as with glibc. Alignment is 16, 8 in a heap with VMR_HEAP_ALIGN8, or
 * as asked for (a power of two). */
VMR_API void *vmr_heap_alloc(vmr_heap *heap, size_t bytes);
VMR_API void *vmr_heap_calloc(vmr_heap *heap, size_t count, size_t size);
VMR_API void *vmr_heap_realloc(vmr_heap *heap, void *object, size_t bytes);
VMR_API void *vmr_heap_aligned(vmr_heap *heap, size_t alignment, size_t bytes);

/* Gives back an object of any heap, or of malloc. NULL is accepted. */
VMR_API void vmr_heap_free(void *object);

/* How many bytes of the object may be used, at least what was asked for. 0 for NULL, and in a bump's chunk. */
VMR_API size_t vmr_heap_usable_size(const void *object);

/* The heap that an object lies in; NULL when it is malloc's, or a bump's. */
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

/* ---- objects that are at hand ---- */

/* What compiled code looks at to take an object, and to give one back, without a call. A heap begins with the address of a list
 * for each class of sizes. The lists of a heap that is shared, never freed, watched, checked or poisoned, that has no object yet, or
 * whose objects are malloc's, are empty, and none is quick: each request goes to vmr_heap_refill, each object to vmr_heap_free. What
 * is taken from a list so is not counted among `heap_objects`. */
typedef struct vmr_heap_list {
  void *idle;                          /* objects, linked through their first words */
  uint32_t live;                       /* objects taken, and not given back */
  bool is_quick;                       /* takes objects back */
  struct vmr_heap_list *next, *former; /* of the class, a ring */
  struct vmr_heap_list *
      *place; /* where the heap has the list that gives next: the one that an object came back to last */
} vmr_heap_list;

#define VMR_HEAP_CLASSES 44
#define VMR_HEAP_QUICK_BYTES 1024 /* up to this it is worth a look */

/* Where the objects lie: those of each 64 KiB from `base` on have one list; the lists lie side by side from `base` on, too, one for
 * each 64 bytes. Behind `taken` bytes there are no objects. */
typedef struct vmr_heap_range {
  uintptr_t base; /* 0: no range, or none yet */
  size_t taken;
} vmr_heap_range;

#define VMR_HEAP_LIST_SHIFT 16 /* of 64 KiB */
#define VMR_HEAP_LIST_BYTES 64

/* That of the process, at one address from its beginning to its end. */
VMR_API const vmr_heap_range *vmr_heap_find_range(void);

/* How many of `bytes` that compiled code has in a block of its own it may cut objects from: all, or 0 where each object is to be seen. */
VMR_API size_t vmr_heap_room(size_t bytes);

/* An object that is not at hand. NULL for the heap: malloc's. */
VMR_API void *vmr_heap_refill(vmr_heap *heap, size_t bytes);

/* The class of up to 32 KiB: 8 bytes: 0, 16: 1, ... 64: 7, 80: 8, ... 128: 11, 160, 192, 224, 256, 320, ... `granule` is the heap's
 * alignment, 8 or 16. */
static inline unsigned vmr_heap_class(size_t bytes, size_t granule) {
  unsigned odd = granule != 8;
  if (bytes <= 64) return bytes != 0 ? (unsigned)((bytes - 1) >> 3) | odd : odd;
  if (bytes <= 128) return (unsigned)((bytes - 1) >> 4) + 4;
  unsigned log = 31 - (unsigned)__builtin_clz((uint32_t)(bytes - 1));
  return 12 + (log - 7) * 4 + (unsigned)(((bytes - 1) >> (log - 2)) & 3);
}

/* As vmr_heap_alloc; best where `bytes` is a constant. `granule` is that of the heap, a constant. */
static inline void *vmr_heap_take(vmr_heap *heap, size_t bytes, size_t granule) {
  if (VMR_UNLIKELY(heap == NULL || bytes > VMR_HEAP_QUICK_BYTES)) return vmr_heap_refill(heap, bytes);
  vmr_heap_list *list = ((vmr_heap_list **)(void *)heap)[vmr_heap_class(bytes, granule)];
  void *object = list->idle;
  if (VMR_UNLIKELY(object == NULL)) return vmr_heap_refill(heap, bytes);
  list->idle = *(void **)object;
  list->live++;
  return object;
}

/* ---- objects that nobody gives back, resizes, or asks the size of ---- */

/* Memory that such objects are cut off from one behind the other: nothing is kept about them. What lies between cursor and end
 * is zero. A variable that is zero, or VMR_BUMP_WITH(flags), is ready; it costs nothing before its first object, and its
 * memory grows geometrically. One thread at a time uses it: for several, make the variable thread-local. The objects outlive
 * thread and variable.
 *
 * Where no range can be reserved, objects come from malloc. vmr_heap_free does nothing with an object from the range, and
 * vmr_heap_realloc copies it: an object that came from malloc's memory is not to be given to either, nor to
 * vmr_heap_usable_size. */
typedef struct vmr_bump {
  char *cursor, *end;
  size_t total;      /* bytes obtained */
  void *pieces;      /* newest first */
  uint32_t flags;    /* VMR_HEAP_ALIGN8, or 0 for alignment 16 */
  uint32_t expected; /* KiB that its objects will take, for the size of pieces and huge pages; 0: not known */
} vmr_bump;

#define VMR_BUMP_WITH(flags) {NULL, NULL, 0, NULL, flags, 0}

/* An object that is not at hand: more memory is obtained. `zeroed`: the object is to be zero. NULL, and ENOMEM, when there is none. */
VMR_API void *vmr_bump_refill(vmr_bump *bump, size_t bytes, bool zeroed);

/* As aligned_alloc. */
VMR_API void *vmr_bump_aligned(vmr_bump *bump, size_t alignment, size_t bytes);

/* Frees all objects; `bump` is as at first. For structures that a function builds and leaves behind. */
VMR_API void vmr_bump_release(vmr_bump *bump);

/* `granule` is the alignment, 8 or 16: a constant, that of the bump. What is too large wraps to 0, and 0 is never at hand. */
static inline void *vmr_bump_take(vmr_bump *bump, size_t bytes, size_t granule, bool zeroed) {
  size_t rounded = (bytes + granule - 1) & ~(granule - 1);
  char *object = bump->cursor;
  if (VMR_UNLIKELY(rounded - 1 >= (size_t)(bump->end - object))) return vmr_bump_refill(bump, bytes, zeroed);
  bump->cursor = object + rounded;
  return object;
}

/* As malloc, calloc. */
static inline void *vmr_bump_alloc(vmr_bump *bump, size_t bytes) { return vmr_bump_take(bump, bytes, 16, false); }
static inline void *vmr_bump_alloc8(vmr_bump *bump, size_t bytes) { return vmr_bump_take(bump, bytes, 8, false); }
static inline void *vmr_bump_calloc(vmr_bump *bump, size_t count, size_t size, size_t granule) {
  bool fits = size == 0 || count <= SIZE_MAX / size;
  return vmr_bump_take(bump, fits ? count * size : SIZE_MAX, granule, true);
}

#ifdef __cplusplus
}
#endif

#endif
