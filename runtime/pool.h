/* pool.h: the pool from inside: what pool.c and pool_check.c share. */
#ifndef VMR_RUNTIME_POOL_H
#define VMR_RUNTIME_POOL_H

#include "runtime/context.h"
#include "vmemrt/pool.h"

typedef struct vmr_slab {
  struct vmr_slab *next; /* newest first */
  size_t bytes;          /* as obtained */
  char *first;           /* its first object */
  char *end;             /* behind its last object that was ever handed out; of the newest slab that is the cursor */
  bool is_pages, is_given;
} vmr_slab;

typedef struct vmr_pool_body {
  vmr_pool open;        /* what the header sees; first. In a pool that takes the long way its top stays at the base */
  size_t capacity;      /* of the stack: at least `made`, so that a put never needs memory */
  size_t slow_idle;     /* objects in the stack of a pool that takes the long way */
  char *cursor, *limit; /* the next object of the newest slab that was never handed out; behind its last one */
  size_t stride;        /* from object to object */
  size_t object_bytes, alignment, max_live, max_idle;
  size_t made;                      /* objects in slabs that were ever handed out */
  size_t due_idle;                  /* with more idle objects than this, slabs are given back */
  size_t trimmed_created;           /* what was created when that was tried last with all of them idle */
  size_t created, failed;           /* gets that made an object; gets that failed */
  size_t tail;                      /* bytes behind an object that are poisoned or hold the guard pattern */
  size_t reserved, next_slab_bytes; /* reserved: slabs, without the stack */
  vmr_slab *slabs;
  vmr_pool_reset_function reset;
  void *user;
  bool is_slow; /* each object is looked at, for checks or a reset function */
  bool is_checked, is_watched, is_guarded, is_in_buffer;
  vmr_status status;
  vmr_handle handle;
} vmr_pool_body;

static inline vmr_pool_body *vmr_pool_body_of(const vmr_pool *pool) { return (vmr_pool_body *)(uintptr_t)pool; }

static inline uintptr_t *vmr_tag_of(const void *object) { return (uintptr_t *)(uintptr_t)object - 1; }

static inline bool vmr_is_live(const vmr_pool_body *body, const void *object) {
  return *vmr_tag_of(object) == ((uintptr_t)object ^ body->open.key);
}

/* Behind the last object of a slab that was ever handed out. */
static inline const char *vmr_slab_end(const vmr_pool_body *body, const vmr_slab *slab) {
  return slab == body->slabs ? body->cursor : slab->end;
}

/* The slab that `object` is an object of, or NULL: no byte of the object is read. */
const vmr_slab *vmr_pool_find_slab(const vmr_pool_body *body, const void *object);

/* Word to the sanitizers and the guard pattern: for an object that becomes live or idle. `vmr_pool_close` before the first
 * use too. `vmr_pool_check_object` tells whether the pattern is whole and reports when it is not. */
void vmr_pool_open_object(const vmr_pool_body *body, void *object);
void vmr_pool_close_object(const vmr_pool_body *body, void *object);
bool vmr_pool_check_object(const vmr_pool_body *body, const void *object);

vmr_status vmr_pool_misuse(vmr_pool_body *body, vmr_status status, const void *object, const char *words);

#endif
