/* shared_pool.c: a pool for several threads: magazines of a thread's own, a depot for full and empty ones.
 *
 *   thread A   loaded [ooo...]  spare [      ]  <-\   full   [oooooo] -> [oooooo]
 *   thread B   loaded [o.....]  spare [oooooo]  <--+-  depot, under a lock
 *                                                 \   empty  [      ] -> [      ]
 *
 * After Bonwick and Adams, Magazines and Vmem (USENIX 2001): two magazines make sure that a thread goes to the depot at
 * most once for each magazine's worth of operations, whichever way it swings. Objects come from a vmr_pool that the
 * lock guards too; their tags are that pool's, and VMR_IN_MAGAZINE while an object lies in one, so that a second put is seen
 * without a lock. A tag is read when the address lies in a region that the thread knows; regions stay until the pool goes.
 * What a thread has of a pool is found by the pool's number, which is never used again. */
#include <pthread.h>
#include <string.h>

#include "runtime/profile.h"
#include "runtime/shared_pool.h"

#define AHEAD 8 /* a get asks for the cache line of so many objects later, which another thread may have written */

/* Over the lists of caches, for a thread may end while a pool is destroyed; and the threads' own. */
static pthread_mutex_t caches_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t ending;
static bool has_ending;
static uint64_t last_number;
#define OF_THREAD static __attribute__((tls_model("initial-exec"))) _Thread_local
OF_THREAD vmr_pool_cache *caches_of_thread;
OF_THREAD vmr_pool_cache *recent;
OF_THREAD uint64_t recent_number; /* 0: none */

vmr_shared_pool *vmr_shared_pool_of(vmr_handle *handle) {
  return (vmr_shared_pool *)(void *)((char *)handle - offsetof(vmr_shared_pool, handle));
}

pthread_mutex_t *vmr_shared_pool_lock_of(vmr_handle *handle) { return &vmr_shared_pool_of(handle)->lock; }

void vmr_shared_pools_lock(void) { pthread_mutex_lock(&caches_lock); }

void vmr_shared_pools_unlock(void) { pthread_mutex_unlock(&caches_lock); }

/* ---- tags ---- */

/* Whether the tag of `object` may be read: it lies in the region that the thread knows. */
static inline bool is_known(const vmr_shared_pool *pool, const vmr_pool_cache *own, const void *object) {
  size_t offset = (size_t)((uintptr_t)object - own->low);
  return (offset >> pool->shift | offset << (sizeof(size_t) * 8 - pool->shift)) < own->units;
}

static inline bool is_users(const vmr_shared_pool *pool, const void *object) {
  return *vmr_tag_of(object) == ((uintptr_t)object ^ pool->key);
}

/* ---- what a thread has ---- */

static void leave_pool(vmr_pool_cache *left) {
  vmr_shared_pool *pool = left->pool;
  pthread_mutex_lock(&pool->lock);
  vmr_depot_give(pool, left->loaded);
  vmr_depot_give(pool, left->spare);
  pool->gets += left->gets;
  pool->puts += left->puts;
  vmr_pool_cache **link = &pool->caches;
  while (*link != left) link = &(*link)->next_of_pool;
  *link = left->next_of_pool;
  pthread_mutex_unlock(&pool->lock);
}

static void end_thread(void *caches) {
  recent_number = 0;
  caches_of_thread = NULL;
  pthread_mutex_lock(&caches_lock);
  for (vmr_pool_cache *each = caches, *next; each != NULL; each = next) {
    next = each->next_of_thread;
    if (each->pool != NULL) leave_pool(each);
    vmr_ctx_release(NULL, VMR_KIND_POOL, each, sizeof *each);
  }
  pthread_mutex_unlock(&caches_lock);
}

static void begin_process(void) { has_ending = pthread_key_create(&ending, end_thread) == 0; }

/* Drops what this thread has of pools that are gone. */
static void drop_dead_caches(void) {
  for (vmr_pool_cache **link = &caches_of_thread; *link != NULL;) {
    vmr_pool_cache *each = *link;
    if (each->pool != NULL) {
      link = &each->next_of_thread;
      continue;
    }
    *link = each->next_of_thread;
    vmr_ctx_release(NULL, VMR_KIND_POOL, each, sizeof *each);
  }
}

static vmr_pool_cache *join_pool(vmr_shared_pool *pool) {
  vmr_pool_cache *joined = vmr_ctx_obtain_zeroed(NULL, VMR_KIND_POOL, sizeof *joined); /* it may outlive the context */
  if (joined == NULL) return NULL;
  joined->pool = pool;
  joined->number = pool->number;
  joined->next_of_thread = caches_of_thread;
  if (pthread_setspecific(ending, joined) != 0) {
    vmr_ctx_release(NULL, VMR_KIND_POOL, joined, sizeof *joined);
    return NULL;
  }
  caches_of_thread = joined;
  pthread_mutex_lock(&pool->lock);
  joined->next_of_pool = pool->caches;
  pool->caches = joined;
  pthread_mutex_unlock(&pool->lock);
  return joined;
}

static vmr_pool_cache *find_cache(vmr_shared_pool *pool) {
  vmr_pool_cache *found = NULL;
  pthread_mutex_lock(&caches_lock);
  for (vmr_pool_cache *each = caches_of_thread; each != NULL && found == NULL; each = each->next_of_thread) {
    if (each->number == pool->number) found = each;
  }
  if (found == NULL) {
    recent_number = 0;
    drop_dead_caches();
    if (has_ending) found = join_pool(pool);
    if (found == NULL && has_ending) (void)pthread_setspecific(ending, caches_of_thread);
  }
  pthread_mutex_unlock(&caches_lock);
  if (found != NULL) {
    recent = found;
    recent_number = found->number;
  }
  return found;
}

static inline vmr_pool_cache *cache_of(vmr_shared_pool *pool) {
  if (pool->is_direct) return NULL;
  return recent_number == pool->number ? recent : find_cache(pool);
}

/* The region of an object becomes the one that the thread knows; false when it lies in none. */
static bool learn_region(vmr_shared_pool *pool, vmr_pool_cache *own, const void *object) {
  pthread_mutex_lock(&pool->lock);
  const vmr_region *region = vmr_pool_find_region(vmr_pool_body_of(pool->objects), object);
  if (region != NULL) {
    own->low = (uintptr_t)region->low;
    own->units = region->units;
  }
  pthread_mutex_unlock(&pool->lock);
  return region != NULL;
}

/* ---- creation ---- */

/* `created` has its place, all zero; the pool beneath is made in `buffer`, or in memory of the context's. */
static vmr_status start(vmr_shared_pool *created, vmr_ctx *ctx, const vmr_pool_options *options, void *buffer,
                        size_t bytes) {
  vmr_pool_options beneath;
  vmr_status status = vmr_pool_copy_options(&beneath, options);
  if (status != VMR_OK) return status;
  created->is_direct = vmr_ctx_is_checked(ctx) || vmr_is_watched(ctx) || beneath.max_live != 0 || buffer != NULL;
  created->reset = beneath.reset; /* it is called here, outside of the lock */
  created->user = beneath.user;
  beneath.reset = NULL;
  status = buffer != NULL ? vmr_pool_create_in(&created->objects, ctx, &beneath, buffer, bytes)
                          : vmr_pool_create(&created->objects, ctx, &beneath);
  if (status != VMR_OK) return status;
  vmr_pool_body *body = vmr_pool_body_of(created->objects);
  body->keeps_regions = true;
  created->shift = created->objects->shift;
  created->max_idle = body->max_idle;
  created->key = created->objects->key;
  if (pthread_mutex_init(&created->lock, NULL) == 0) return VMR_OK;
  vmr_pool_destroy(created->objects);
  return VMR_OUT_OF_MEMORY;
}

static void enter(vmr_shared_pool *created, vmr_ctx *ctx) {
  pthread_once(&once, begin_process);
  pthread_mutex_lock(&caches_lock);
  created->number = ++last_number;
  pthread_mutex_unlock(&caches_lock);
  vmr_ctx_add_handle(ctx, &created->handle, VMR_HANDLE_SHARED_POOL);
}

vmr_status vmr_shared_pool_create(vmr_shared_pool **pool, vmr_ctx *ctx, const vmr_pool_options *options) {
  if (pool == NULL) return VMR_INVALID_ARGUMENT;
  *pool = NULL;
  vmr_shared_pool *created = vmr_ctx_obtain_zeroed(ctx, VMR_KIND_POOL, sizeof *created);
  if (created == NULL) return VMR_OUT_OF_MEMORY;
  vmr_status status = start(created, ctx, options, NULL, 0);
  if (status != VMR_OK) {
    vmr_ctx_release(ctx, VMR_KIND_POOL, created, sizeof *created);
    return status;
  }
  enter(created, ctx);
  *pool = created;
  return VMR_OK;
}

vmr_status vmr_shared_pool_create_in(vmr_shared_pool **pool, vmr_ctx *ctx, const vmr_pool_options *options,
                                     void *buffer, size_t bytes) {
  if (pool == NULL) return VMR_INVALID_ARGUMENT;
  *pool = NULL;
  size_t skip = (size_t)(-(uintptr_t)buffer & (VMR_LINE_BYTES - 1)),
         head = skip + vmr_round_up(sizeof **pool, VMR_LINE_BYTES);
  if (buffer == NULL || bytes < head) return VMR_INVALID_ARGUMENT;
  vmr_shared_pool *created = (void *)((char *)buffer + skip);
  memset(created, 0, sizeof *created);
  vmr_status status = start(created, ctx, options, (char *)buffer + head, bytes - head);
  if (status != VMR_OK) return status;
  created->is_in_buffer = true;
  enter(created, ctx);
  *pool = created;
  return VMR_OK;
}

/* The threads' magazines become the depot's, and the threads forget the pool. */
static void collect_magazines(vmr_shared_pool *pool) {
  pthread_mutex_lock(&caches_lock);
  for (vmr_pool_cache *each = pool->caches; each != NULL; each = each->next_of_pool) {
    vmr_magazine *both[] = {each->loaded, each->spare};
    for (int i = 0; i < 2; i++) {
      if (both[i] == NULL) continue;
      both[i]->next = pool->full;
      pool->full = both[i];
    }
    each->pool = NULL;
    each->number = 0;
  }
  pthread_mutex_unlock(&caches_lock);
}

vmr_status vmr_shared_pool_destroy(vmr_shared_pool *pool) {
  if (pool == NULL) return VMR_OK;
  vmr_ctx *ctx = pool->handle.ctx;
  vmr_ctx_remove_handle(&pool->handle); /* metrics read the threads' counts a last time */
  collect_magazines(pool);
  vmr_depot_free(pool, &pool->full);
  vmr_depot_free(pool, &pool->empty);
  vmr_status status = vmr_pool_destroy(pool->objects);
  pthread_mutex_destroy(&pool->lock);
  if (!pool->is_in_buffer) vmr_ctx_release(ctx, VMR_KIND_POOL, pool, sizeof *pool);
  return status;
}

/* ---- get ---- */

static void *get_direct(vmr_shared_pool *pool) {
  pthread_mutex_lock(&pool->lock);
  void *object = vmr_pool_get(pool->objects);
  if (object != NULL) pool->gets++;
  pthread_mutex_unlock(&pool->lock);
  return object;
}

static void swap_magazines(vmr_pool_cache *own) {
  vmr_magazine *loaded = own->loaded;
  own->loaded = own->spare;
  own->spare = loaded;
}

/* The loaded magazine is empty: the spare one, else a full one of the depot, else one that is filled. */
static bool reload(vmr_shared_pool *pool, vmr_pool_cache *own) {
  if (own->spare != NULL && own->spare->count > 0) {
    swap_magazines(own);
    return true;
  }
  pthread_mutex_lock(&pool->lock);
  vmr_magazine *full = vmr_depot_take(pool, &pool->full);
  if (full != NULL) {
    vmr_depot_give_empty(pool, own->loaded);
    own->loaded = full;
  } else {
    if (own->loaded == NULL) own->loaded = vmr_depot_take(pool, &pool->empty);
    if (own->loaded != NULL) vmr_magazine_fill(pool, own->loaded);
  }
  pthread_mutex_unlock(&pool->lock);
  return own->loaded != NULL && own->loaded->count > 0;
}

static inline void *pop(vmr_shared_pool *pool, vmr_pool_cache *own) {
  vmr_magazine *loaded = own->loaded;
  size_t count = --loaded->count;
  void *object = loaded->objects[count];
  __builtin_prefetch(vmr_tag_of(loaded->objects[count >= AHEAD ? count - AHEAD : 0]), 1);
  *vmr_tag_of(object) = (uintptr_t)object ^ pool->key;
  VMR_PUBLISH(own->gets, own->gets + 1);
  return object;
}

static void *try_get(vmr_shared_pool *pool) {
  vmr_pool_cache *own = cache_of(pool);
  if (own == NULL || ((own->loaded == NULL || own->loaded->count == 0) && !reload(pool, own))) return get_direct(pool);
  return pop(pool, own);
}

/* A pressure callback runs between two tries, without the lock. */
__attribute__((noinline)) static void *get_slow(vmr_shared_pool *pool) {
  vmr_deferral deferral;
  void *object;
  if (pool == NULL) return NULL;
  vmr_ctx_defer(&deferral, pool->handle.ctx);
  do object = try_get(pool);
  while (vmr_ctx_relieve(&deferral, object == NULL));
  return object;
}

void *vmr_shared_pool_get(vmr_shared_pool *pool) {
  if (VMR_LIKELY(pool != NULL && recent_number == pool->number)) {
    vmr_pool_cache *own = recent;
    if (VMR_LIKELY(own->loaded != NULL && own->loaded->count != 0)) return pop(pool, own);
  }
  return get_slow(pool);
}

/* ---- put ---- */

static vmr_status refuse(vmr_shared_pool *pool, void *object) {
  vmr_pool_body *body = vmr_pool_body_of(pool->objects);
  pthread_mutex_lock(&pool->lock);
  bool was_object = vmr_pool_was_object(body, object);
  if (body->status == VMR_OK) body->status = was_object ? VMR_DOUBLE_FREE : VMR_FOREIGN_POINTER;
  pthread_mutex_unlock(&pool->lock);
  vmr_ctx_report(pool->handle.ctx, was_object ? VMR_DOUBLE_FREE : VMR_FOREIGN_POINTER, object,
                 was_object ? "an object was given back to its shared pool twice"
                            : "a shared pool was given an object that is none of it");
  return was_object ? VMR_DOUBLE_FREE : VMR_FOREIGN_POINTER;
}

static vmr_status put_direct(vmr_shared_pool *pool, void *object) {
  pthread_mutex_lock(&pool->lock);
  vmr_status status = vmr_pool_put(pool->objects, object);
  if (status == VMR_OK || status == VMR_CORRUPTED) pool->puts++;
  pthread_mutex_unlock(&pool->lock);
  return status;
}

/* The loaded magazine is full: the spare one if it is not, else the depot takes one and gives an empty one. */
static bool unload(vmr_shared_pool *pool, vmr_pool_cache *own) {
  if (own->spare != NULL && own->spare->count < VMR_MAGAZINE_ROUNDS) {
    swap_magazines(own);
    return true;
  }
  pthread_mutex_lock(&pool->lock);
  vmr_magazine *empty = vmr_depot_take(pool, &pool->empty);
  if (empty != NULL) {
    vmr_depot_give(pool, own->spare);
    own->spare = own->loaded;
    own->loaded = empty;
  }
  pthread_mutex_unlock(&pool->lock);
  return empty != NULL;
}

static inline vmr_status push(vmr_pool_cache *own, void *object) {
  vmr_magazine *loaded = own->loaded;
  size_t count = loaded->count;
  *vmr_tag_of(object) = VMR_IN_MAGAZINE;
  loaded->objects[count] = object;
  loaded->count = count + 1;
  VMR_PUBLISH(own->puts, own->puts + 1);
  return VMR_OK;
}

static bool is_live_beneath(vmr_shared_pool *pool, const void *object) {
  pthread_mutex_lock(&pool->lock);
  bool is_live = vmr_pool_has_live(vmr_pool_body_of(pool->objects), object);
  pthread_mutex_unlock(&pool->lock);
  return is_live;
}

/* Whether the user has this object: looks at its tag where there is one to look at. */
static bool may_put(vmr_shared_pool *pool, vmr_pool_cache *own, const void *object) {
  vmr_pool_cache stranger = {0};
  if (pool->is_direct) return is_live_beneath(pool, object);
  if (own == NULL) own = &stranger;
  return (is_known(pool, own, object) || learn_region(pool, own, object)) && is_users(pool, object);
}

static vmr_status put_live(vmr_shared_pool *pool, void *object) {
  vmr_pool_cache *own = cache_of(pool); /* a reset function may have used other pools */
  if (own == NULL || ((own->loaded == NULL || own->loaded->count == VMR_MAGAZINE_ROUNDS) && !unload(pool, own)))
    return put_direct(pool, object);
  return push(own, object);
}

/* Callbacks run without the lock. */
__attribute__((noinline)) static vmr_status put_slow(vmr_shared_pool *pool, void *object) {
  vmr_deferral deferral;
  if (object == NULL) return VMR_OK;
  if (pool == NULL) return VMR_INVALID_ARGUMENT;
  if (!may_put(pool, cache_of(pool), object)) return refuse(pool, object);
  if (pool->reset != NULL) pool->reset(pool->user, object);
  vmr_ctx_defer(&deferral, pool->handle.ctx);
  vmr_status status = put_live(pool, object);
  (void)vmr_ctx_relieve(&deferral, false);
  return status;
}

vmr_status vmr_shared_pool_put(vmr_shared_pool *pool, void *object) {
  if (VMR_LIKELY(pool != NULL && recent_number == pool->number && pool->reset == NULL)) {
    vmr_pool_cache *own = recent;
    bool has_room = own->loaded != NULL && own->loaded->count < VMR_MAGAZINE_ROUNDS;
    if (VMR_LIKELY(has_room && is_known(pool, own, object) && is_users(pool, object))) return push(own, object);
  }
  return put_slow(pool, object);
}
