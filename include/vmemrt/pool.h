/* pool.h: objects of one size that are taken and given back in any order.
 *
 *   region  [tag|object] [tag|object] [tag|object] ...     the tag of a live object: its address under the pool's key
 *   stack   [idle object, idle object, ... | top           an idle one's: 0
 *
 * Taking and giving back are a few instructions, which are in this header. Each give-back looks whether the address lies in
 * a region, then at its tag: so one that comes back twice, or from elsewhere, is recognised, and nothing is read that is
 * not the pool's. A vmr_pool belongs to one thread at a time; a vmr_shared_pool serves any
 * number of threads. */
#ifndef VMEMRT_POOL_H
#define VMEMRT_POOL_H

#include "vmemrt/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Private: read and written by the functions of this header alone. More follows these members. */
typedef struct vmr_pool {
  void **base, **top; /* the idle objects; the last one in is the first one out */
  void **limit;       /* with the top here, a put takes the long way */
  uintptr_t key;      /* odd */
  size_t puts;        /* so far */
  uintptr_t low;      /* of the region used last: where its objects begin */
  size_t units;       /* its length, in units of 2^shift bytes, of which each object has a whole number */
  uint32_t shift;     /* from 1 on */
} vmr_pool;

typedef void (*vmr_pool_reset_function)(void *user, void *object);

typedef struct vmr_pool_options {
  size_t struct_size;  /* sizeof(vmr_pool_options) */
  size_t object_bytes; /* at least 1 */
  size_t alignment;    /* a power of two; 0 and less than 16: 16 */
  size_t max_live;     /* objects; a get beyond fails. 0: no limit */
  size_t max_idle;     /* objects; when more are idle, slabs without live objects are given back. 0: all are kept */
  vmr_pool_reset_function reset; /* called with each object that is given back, before it is idle; may be NULL */
  void *user;                    /* for reset */
} vmr_pool_options;

static inline vmr_pool_options vmr_pool_options_for(size_t object_bytes, size_t alignment) {
#ifdef __cplusplus
  vmr_pool_options options = {};
#else
  vmr_pool_options options = {0};
#endif
  options.struct_size = sizeof(vmr_pool_options);
  options.object_bytes = object_bytes;
  options.alignment = alignment;
  return options;
}

/* `ctx` may be NULL. */
VMR_API vmr_status vmr_pool_create(vmr_pool **pool, vmr_ctx *ctx, const vmr_pool_options *options);

/* Creates a pool in the caller's `buffer`, which holds the pool itself (less than 512 bytes) and its objects, and must
 * outlive it. It never holds more than fits: max_idle is ignored. */
VMR_API vmr_status vmr_pool_create_in(vmr_pool **pool, vmr_ctx *ctx, const vmr_pool_options *options, void *buffer,
                                      size_t bytes);

/* Frees the pool with all its objects, live ones too: the status is then VMR_STILL_IN_USE. NULL is accepted. */
VMR_API vmr_status vmr_pool_destroy(vmr_pool *pool);

VMR_API void *vmr_pool_get_slow(vmr_pool *pool);
VMR_API vmr_status vmr_pool_put_slow(vmr_pool *pool, void *object);

/* The number of the unit at which `object` begins; what lies elsewhere, or between, has a number beyond `units`. */
static inline size_t vmr_pool_unit(const vmr_pool *pool, const void *object) {
  size_t offset = (size_t)((uintptr_t)object - pool->low);
  return offset >> pool->shift | offset << (sizeof(size_t) * 8 - pool->shift);
}

/* An object, with the content that it was given back with (or undefined). NULL on failure. */
static inline void *vmr_pool_get(vmr_pool *pool) {
  if (VMR_UNLIKELY(pool == NULL || pool->top == pool->base)) return vmr_pool_get_slow(pool);
  void **top = pool->top - 1;
  uintptr_t *object = (uintptr_t *)*top;
  __atomic_store_n(&pool->top, top, __ATOMIC_RELAXED); /* a plain store: metrics may read beside it */
  object[-1] = (uintptr_t)object ^ pool->key;
  return object;
}

/* Gives an object back. VMR_DOUBLE_FREE when it is idle already, VMR_FOREIGN_POINTER when it is none of this pool;
 * nothing happens then besides the report. With VMR_GUARD, VMR_CORRUPTED when bytes behind the object were overwritten: it is
 * idle nevertheless. NULL is accepted. */
static inline vmr_status vmr_pool_put(vmr_pool *pool, void *object) {
  if (VMR_UNLIKELY(pool == NULL)) return vmr_pool_put_slow(pool, object);
  void **top = pool->top;
  uintptr_t *words = (uintptr_t *)object;
  if (VMR_UNLIKELY(top == pool->limit || object == NULL || vmr_pool_unit(pool, object) >= pool->units ||
                   words[-1] != ((uintptr_t)object ^ pool->key)))
    return vmr_pool_put_slow(pool, object);
  words[-1] = 0;
  *top = object;
  __atomic_store_n(&pool->top, top + 1, __ATOMIC_RELAXED);
  __atomic_store_n(&pool->puts, pool->puts + 1, __ATOMIC_RELAXED);
  return VMR_OK;
}

/* The live objects, in the order of their addresses within each slab: start with NULL, NULL comes after the last. Objects
 * may be given back on the way, the current one too, unless the pool has max_idle. */
VMR_API void *vmr_pool_next_live(const vmr_pool *pool, const void *after);

/* Gives back the slabs that hold no live object. Returns their bytes. Takes time proportional to all objects. */
VMR_API size_t vmr_pool_trim(vmr_pool *pool);

typedef struct vmr_pool_figures {
  uint64_t hits;    /* gets that found an idle object */
  uint64_t misses;  /* gets that made one, or failed */
  uint64_t refused; /* of these, those that failed */
  size_t live, idle;
  size_t object_bytes;   /* as asked for */
  size_t reserved_bytes; /* of slabs */
} vmr_pool_figures;

VMR_API vmr_pool_figures vmr_pool_read_figures(const vmr_pool *pool);

/* The first failure or misuse since creation, or VMR_OK. */
VMR_API vmr_status vmr_pool_status(const vmr_pool *pool);

/* Whether tags, idle objects and slabs agree, and with VMR_GUARD whether the bytes around each object, and inside idle
 * ones, are as they were left. A fault is reported to the context. Takes time proportional to all objects. */
VMR_API bool vmr_pool_is_valid(const vmr_pool *pool);

/* ---- pools for several threads ---- */

/* Objects that any thread takes and gives back. Each thread has up to two magazines of objects of its own; full and empty
 * ones are exchanged with a depot, under a lock, once for some sixty objects. A thread that ends leaves its magazines
 * to the depot. */
typedef struct vmr_shared_pool vmr_shared_pool;

/* The options are a pool's; what lies in the magazines of threads does not count for max_idle. With max_live, and where objects are checked (VMR_GUARD, faults, sanitizers), each operation
 * takes the lock. `reset` runs in the thread that gives an object back. */
VMR_API vmr_status vmr_shared_pool_create(vmr_shared_pool **pool, vmr_ctx *ctx, const vmr_pool_options *options);

/* Frees the pool with all its objects, live ones too: the status is then VMR_STILL_IN_USE. No other thread may use it any
 * more. NULL is accepted. */
VMR_API vmr_status vmr_shared_pool_destroy(vmr_shared_pool *pool);

/* As vmr_pool_get and vmr_pool_put. */
VMR_API void *vmr_shared_pool_get(vmr_shared_pool *pool);
VMR_API vmr_status vmr_shared_pool_put(vmr_shared_pool *pool, void *object);

/* Creates a pool in the caller's `buffer`, which holds the pool itself (less than 1 KiB) and its objects, and must outlive it.
 * It never holds more than fits; each operation takes the lock. */
VMR_API vmr_status vmr_shared_pool_create_in(vmr_shared_pool **pool, vmr_ctx *ctx, const vmr_pool_options *options,
                                             void *buffer, size_t bytes);

/* As vmr_pool_next_live, where no other thread takes or gives back meanwhile. */
VMR_API void *vmr_shared_pool_next_live(vmr_shared_pool *pool, const void *after);

/* Gives back the slabs that hold no live object, and none in a thread's magazines. Returns their bytes. Any thread, any time. */
VMR_API size_t vmr_shared_pool_trim(vmr_shared_pool *pool);

/* As vmr_pool_is_valid, where no other thread takes or gives back meanwhile. */
VMR_API bool vmr_shared_pool_is_valid(vmr_shared_pool *pool);

/* While other threads work, the figures are of slightly different moments. */
VMR_API vmr_pool_figures vmr_shared_pool_read_figures(vmr_shared_pool *pool);

/* The first failure or misuse since creation, or VMR_OK. */
VMR_API vmr_status vmr_shared_pool_status(const vmr_shared_pool *pool);

/* A pool of `type` under a name: NAME_create(&pool, ctx), NAME_create_with(&pool, ctx, &options) (the options' object_bytes and
 * alignment are the type's), NAME_get(pool), NAME_put(pool, object), NAME_destroy(pool). */
#ifdef __cplusplus
#define VMR_ALIGNMENT_OF(type) alignof(type)
#else
#define VMR_ALIGNMENT_OF(type) _Alignof(type)
#endif
#define VMR_POOL_DEFINE(name, type) \
  typedef struct name { \
    vmr_pool untyped; \
  } name; \
  VMR_UNUSED static inline vmr_status name##_create_with(name **vmr_self, vmr_ctx *vmr_context, \
                                                         const vmr_pool_options *vmr_given) { \
    vmr_pool_options vmr_chosen = vmr_pool_options_for(sizeof(type), VMR_ALIGNMENT_OF(type)); \
    vmr_pool *vmr_created = NULL; \
    if (vmr_self == NULL) return VMR_INVALID_ARGUMENT; \
    *vmr_self = NULL; \
    if (vmr_given != NULL && vmr_given->struct_size != sizeof vmr_chosen) return VMR_WRONG_VERSION; \
    if (vmr_given != NULL) vmr_chosen = *vmr_given; \
    vmr_chosen.object_bytes = sizeof(type); \
    if (vmr_chosen.alignment < VMR_ALIGNMENT_OF(type)) vmr_chosen.alignment = VMR_ALIGNMENT_OF(type); \
    vmr_status vmr_result = vmr_pool_create(&vmr_created, vmr_context, &vmr_chosen); \
    *vmr_self = (name *)vmr_created; \
    return vmr_result; \
  } \
  VMR_UNUSED static inline vmr_status name##_create(name **vmr_self, vmr_ctx *vmr_context) { \
    return name##_create_with(vmr_self, vmr_context, NULL); \
  } \
  VMR_UNUSED static inline type *name##_get(name *vmr_self) { return (type *)vmr_pool_get((vmr_pool *)vmr_self); } \
  VMR_UNUSED static inline vmr_status name##_put(name *vmr_self, type *vmr_object) { \
    return vmr_pool_put((vmr_pool *)vmr_self, vmr_object); \
  } \
  VMR_UNUSED static inline vmr_status name##_destroy(name *vmr_self) { \
    return vmr_pool_destroy((vmr_pool *)vmr_self); \
  } \
  typedef name name##_needs_a_semicolon

#ifdef __cplusplus
}
#endif

#endif
