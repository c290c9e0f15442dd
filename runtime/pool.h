/* pool.h: the pool from inside: what pool.c, its slabs and its checks share. */
#ifndef VMR_RUNTIME_POOL_H
#define VMR_RUNTIME_POOL_H

#include "runtime/context.h"
#include "vmemrt/pool.h"

/* Addresses in a row. */
typedef struct vmr_region {
  struct vmr_region *next;
  char *low;        /* where units begin: a tag is before it */
  size_t units;     /* that may be read */
  char *base;       /* what was reserved or obtained, */
  size_t bytes;     /* and how much */
  size_t carved;    /* bytes from `base` on that slabs were made of */
  bool is_reserved; /* addresses of the system's, opened slab by slab; else it is one slab */
  bool is_given;    /* in the caller's buffer */
} vmr_region;

/* What is obtained and given back at once; a part of a region. */
typedef struct vmr_slab {
  struct vmr_slab *next; /* newest first */
  vmr_region *region;
  char *begin; /* its memory */
  size_t bytes;
  char *first, *limit; /* its objects */
  char *end;           /* behind the last one that was ever handed out; of the newest slab that is the cursor */
  bool is_open;        /* false: its memory was given back, and its addresses are kept */
} vmr_slab;

typedef struct vmr_pool_body {
  vmr_pool open;        /* what the header sees; first. In a pool that takes the long way its top stays at the base */
  size_t capacity;      /* of the stack: at least `made`, so that a put never needs memory */
  size_t slow_idle;     /* objects in the stack of a pool that takes the long way */
  char *cursor, *limit; /* the next object of the current slab that was never handed out; behind its last one */
  size_t stride;        /* from object to object */
  size_t object_bytes, alignment, max_live, max_idle;
  size_t made;                      /* objects in slabs that were ever handed out */
  size_t due_idle;                  /* with more idle objects than this, slabs are given back */
  size_t trimmed_created;           /* what was created when that was tried last with all of them idle */
  size_t created, failed;           /* gets that made an object; gets that failed */
  size_t tail;                      /* bytes behind an object that are poisoned or hold the guard pattern */
  size_t reserved, next_slab_bytes; /* reserved: slabs, without the stack; next: of those that are not reserved */
  vmr_region *regions;
  vmr_slab *slabs, *current; /* current: where the cursor stands; NULL: none */
  vmr_pool_reset_function reset;
  void *user;
  bool is_slow; /* each object is looked at, for checks, a profile or a reset function */
  bool is_profiled;
  bool is_checked, is_watched, is_guarded, is_in_buffer;
  bool keeps_regions; /* only reserved regions are given back: others are looked at without a lock */
  vmr_status status;
  vmr_handle handle;
} vmr_pool_body;

static inline vmr_pool_body *vmr_pool_body_of(const vmr_pool *pool) { return (vmr_pool_body *)(uintptr_t)pool; }

static inline size_t vmr_round_up(size_t bytes, size_t alignment) { return (bytes + alignment - 1) & ~(alignment - 1); }

/* Behind the last object of a slab that was ever handed out. */
static inline const char *vmr_slab_end(const vmr_pool_body *body, const vmr_slab *slab) {
  return slab == body->current ? body->cursor : slab->end;
}

static inline uintptr_t *vmr_tag_of(const void *object) { return (uintptr_t *)(uintptr_t)object - 1; }

/* Of an object whose tag may be read. */
static inline bool vmr_is_live(const vmr_pool_body *body, const void *object) {
  return *vmr_tag_of(object) == ((uintptr_t)object ^ body->open.key);
}

size_t vmr_pool_count_idle(const vmr_pool_body *body);

/* ---- pool_slabs.c ---- */

/* The region that `object` may be an object of, or NULL: nothing of the object is read. */
vmr_region *vmr_pool_find_region(const vmr_pool_body *body, const void *object);

/* The slab that `object` is an object of, or NULL, likewise. */
const vmr_slab *vmr_pool_find_slab(const vmr_pool_body *body, const void *object);

/* Makes a region the one that the short way knows. NULL: none. */
void vmr_pool_set_window(vmr_pool_body *body, const vmr_region *region);

/* Makes a slab with room for an object the current one; false when memory is out. The stack has room for its objects. */
bool vmr_pool_add_slab(vmr_pool_body *body);

/* A region that is one slab, in memory that begins at `base`, and what of it lies before its objects. */
vmr_slab *vmr_pool_lay_out(vmr_pool_body *body, char *base, size_t bytes);
/* How many objects fit into memory that holds `extra` bytes for each, too. */
size_t vmr_pool_count_fitting(const vmr_pool_body *body, size_t bytes, size_t extra);

/* Frees slabs without live objects as long as `keep` idle objects remain; the stack is to be made anew. */
void vmr_pool_release_idle_slabs(vmr_pool_body *body, size_t keep);

/* Frees all. */
void vmr_pool_release_slabs(vmr_pool_body *body);

/* ---- pool.c ---- */

/* What the caller knows of the options, checked, with a struct_size of this library's. */
vmr_status vmr_pool_copy_options(vmr_pool_options *copy, const vmr_pool_options *given);

/* Makes room for `count` objects in the stack. */
bool vmr_pool_reserve_stack(vmr_pool_body *body, size_t count);

/* ---- pool_check.c ---- */

/* Word to the sanitizers and the guard pattern: for an object that becomes live or idle. `vmr_pool_close` before the first
 * use too. `vmr_pool_check_object` tells whether the pattern is whole and reports when it is not. */
void vmr_pool_open_object(const vmr_pool_body *body, void *object);
void vmr_pool_close_object(const vmr_pool_body *body, void *object);
bool vmr_pool_check_object(const vmr_pool_body *body, const void *object, bool is_live);

/* Whether a live object begins there; nothing is read that is not the pool's. */
bool vmr_pool_has_live(const vmr_pool_body *body, const void *object);

/* Whether an object begins there, or did before its slab was given back. */
bool vmr_pool_was_object(const vmr_pool_body *body, const void *object);

/* vmr_pool_is_valid, where `resting` objects lie in magazines of a shared pool: their tags are neither 0 nor a live one's. */
bool vmr_pool_check_books(const vmr_pool *pool, size_t resting);

vmr_status vmr_pool_misuse(vmr_pool_body *body, vmr_status status, const void *object, const char *words);

#endif
