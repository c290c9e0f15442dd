/* shared_pool.c: a pool for several threads: magazines of a thread's own, a depot for full and empty ones.
 *
 *   thread A   loaded [ooo...]  spare [      ]  <-\   full   [oooooo] -> [oooooo]
 *   thread B   loaded [o.....]  spare [oooooo]  <--+-  depot, under a lock
 *                                                 \   empty  [      ] -> [      ]
 *
 * After Bonwick and Adams, Magazines and Vmem (USENIX 2001): two magazines make sure that a thread goes to the depot at
 * most once for each magazine's worth of operations, whichever way it swings. Objects come from a vmr_pool that the
 * lock guards too; their tags are that pool's, and IN_MAGAZINE while an object lies in one, so that a second put is seen
 * without a lock. What a thread has of a pool is found by the pool's number, which is never used again. */
#include <pthread.h>
#include <string.h>

#include "runtime/shared_pool.h"

#define ROUNDS 126 /* objects of a magazine: with its head 1 KiB */
#define IN_MAGAZINE \
  ((uintptr_t)2) /* even, as no live tag is; not 0, as those are that the pool beneath may give back */
#define LINE_BYTES 64
#define AHEAD 8 /* a get asks for the cache line of so many objects later, which another thread may have written */

typedef struct magazine {
  struct magazine *next;
  size_t count;
  void *objects[ROUNDS];
} magazine;

/* What one thread has of one pool; it outlives the pool until the thread ends or looks for another pool. */
typedef struct cache {
  char before[LINE_BYTES];
  vmr_shared_pool *pool; /* NULL: the pool is gone */
  uint64_t number;
  magazine *loaded, *spare; /* NULL: none */
  size_t gets, puts;
  struct cache *next_of_thread, *next_of_pool;
  char behind[LINE_BYTES]; /* and `before`: no other thread writes to these cache lines */
} cache;

struct vmr_shared_pool {
  vmr_pool *objects;
  uint64_t number;
  uintptr_t key; /* of the tags */
  vmr_pool_reset_function reset;
  void *user;
  bool is_direct;             /* no magazines: each operation takes the lock */
  char apart[2 * LINE_BYTES]; /* what every operation reads does not change with the depot */
  pthread_mutex_t lock;
  magazine *full, *empty;
  cache *caches;
  size_t gets, puts; /* of threads that ended, and direct ones */
  vmr_handle handle;
};

/* Over the lists of caches, for a thread may end while a pool is destroyed; and the threads' own. */
static pthread_mutex_t caches_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t ending;
static bool has_ending;
static uint64_t last_number;
#define OF_THREAD static __attribute__((tls_model("initial-exec"))) _Thread_local
OF_THREAD cache *caches_of_thread;
OF_THREAD cache *recent;
OF_THREAD uint64_t recent_number; /* 0: none */

vmr_shared_pool *vmr_shared_pool_of(vmr_handle *handle) {
  return (vmr_shared_pool *)(void *)((char *)handle - offsetof(vmr_shared_pool, handle));
}

pthread_mutex_t *vmr_shared_pool_lock_of(vmr_handle *handle) { return &vmr_shared_pool_of(handle)->lock; }

void vmr_shared_pools_lock(void) { pthread_mutex_lock(&caches_lock); }

void vmr_shared_pools_unlock(void) { pthread_mutex_unlock(&caches_lock); }

/* ---- magazines, under the pool's lock ---- */

static void free_magazine(vmr_shared_pool *pool, magazine *freed) {
  vmr_ctx_release(pool->handle.ctx, VMR_KIND_POOL, freed, sizeof *freed);
}

static magazine *take_magazine(vmr_shared_pool *pool, magazine **from) {
  magazine *taken = *from;
  if (taken != NULL) {
    *from = taken->next;
  } else if (from == &pool->empty) {
    taken = vmr_ctx_obtain(pool->handle.ctx, VMR_KIND_POOL, sizeof *taken);
    if (taken != NULL) taken->count = 0;
  }
  return taken;
}

static void give_magazine(magazine **to, magazine *given) {
  if (given == NULL) return;
  given->next = *to;
  *to = given;
}

/* Returns the objects of a magazine to the pool beneath. */
static void empty_magazine(vmr_shared_pool *pool, magazine *emptied) {
  while (emptied != NULL && emptied->count > 0) {
    void *object = emptied->objects[--emptied->count];
    *vmr_tag_of(object) = (uintptr_t)object ^ pool->key;
    vmr_pool_put(pool->objects, object);
  }
}

static void fill_magazine(vmr_shared_pool *pool, magazine *filled) {
  while (filled->count < ROUNDS) {
    void *object = vmr_pool_get(pool->objects);
    if (object == NULL) return;
    *vmr_tag_of(object) = IN_MAGAZINE;
    filled->objects[filled->count++] = object;
  }
}

/* ---- what a thread has ---- */

static void leave_pool(cache *left) {
  vmr_shared_pool *pool = left->pool;
  pthread_mutex_lock(&pool->lock);
  magazine *both[] = {left->loaded, left->spare};
  for (int i = 0; i < 2; i++) {
    if (both[i] == NULL) continue;
    if (both[i]->count != ROUNDS) empty_magazine(pool, both[i]);
    give_magazine(both[i]->count != 0 ? &pool->full : &pool->empty, both[i]);
  }
  pool->gets += left->gets;
  pool->puts += left->puts;
  cache **link = &pool->caches;
  while (*link != left) link = &(*link)->next_of_pool;
  *link = left->next_of_pool;
  pthread_mutex_unlock(&pool->lock);
}

static void end_thread(void *caches) {
  recent_number = 0;
  caches_of_thread = NULL;
  pthread_mutex_lock(&caches_lock);
  for (cache *each = caches, *next; each != NULL; each = next) {
    next = each->next_of_thread;
    if (each->pool != NULL) leave_pool(each);
    vmr_ctx_release(NULL, VMR_KIND_POOL, each, sizeof *each);
  }
  pthread_mutex_unlock(&caches_lock);
}

static void begin_process(void) { has_ending = pthread_key_create(&ending, end_thread) == 0; }

/* Drops what this thread has of pools that are gone. */
static void drop_dead_caches(void) {
  for (cache **link = &caches_of_thread; *link != NULL;) {
    cache *each = *link;
    if (each->pool != NULL) {
      link = &each->next_of_thread;
      continue;
    }
    *link = each->next_of_thread;
    vmr_ctx_release(NULL, VMR_KIND_POOL, each, sizeof *each);
  }
}

static cache *join_pool(vmr_shared_pool *pool) {
  cache *joined = vmr_ctx_obtain_zeroed(NULL, VMR_KIND_POOL, sizeof *joined); /* it may outlive the context */
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

static cache *find_cache(vmr_shared_pool *pool) {
  cache *found = NULL;
  pthread_mutex_lock(&caches_lock);
  for (cache *each = caches_of_thread; each != NULL && found == NULL; each = each->next_of_thread) {
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

static inline cache *cache_of(vmr_shared_pool *pool) {
  if (pool->is_direct) return NULL;
  return recent_number == pool->number ? recent : find_cache(pool);
}

/* ---- creation ---- */

vmr_status vmr_shared_pool_create(vmr_shared_pool **pool, vmr_ctx *ctx, const vmr_pool_options *options) {
  if (pool == NULL) return VMR_INVALID_ARGUMENT;
  *pool = NULL;
  vmr_pool *objects = NULL;
  vmr_status status = vmr_pool_create(&objects, ctx, options);
  if (status != VMR_OK) return status;
  vmr_pool_body *body = vmr_pool_body_of(objects);
  vmr_shared_pool *created = vmr_ctx_obtain_zeroed(ctx, VMR_KIND_POOL, sizeof *created);
  if (created == NULL || pthread_mutex_init(&created->lock, NULL) != 0) {
    vmr_ctx_release(ctx, VMR_KIND_POOL, created, sizeof *created);
    vmr_pool_destroy(objects);
    return VMR_OUT_OF_MEMORY;
  }
  pthread_once(&once, begin_process);
  created->objects = objects;
  created->key = objects->key;
  created->is_direct = body->is_checked || body->max_live != SIZE_MAX;
  if (!created->is_direct) { /* it is called here then, outside of the lock */
    created->reset = body->reset;
    created->user = body->user;
    body->is_slow = false;
  }
  body->reset = created->is_direct ? body->reset : NULL;
  pthread_mutex_lock(&caches_lock);
  created->number = ++last_number;
  pthread_mutex_unlock(&caches_lock);
  vmr_ctx_add_handle(ctx, &created->handle, VMR_HANDLE_SHARED_POOL);
  *pool = created;
  return VMR_OK;
}

static void free_magazines(vmr_shared_pool *pool, magazine *first) {
  for (magazine *next; first != NULL; first = next) {
    next = first->next;
    empty_magazine(pool, first);
    free_magazine(pool, first);
  }
}

vmr_status vmr_shared_pool_destroy(vmr_shared_pool *pool) {
  if (pool == NULL) return VMR_OK;
  pthread_mutex_lock(&caches_lock);
  for (cache *each = pool->caches; each != NULL; each = each->next_of_pool) {
    give_magazine(&pool->full, each->loaded);
    give_magazine(&pool->full, each->spare);
    each->pool = NULL;
    each->number = 0;
  }
  pthread_mutex_unlock(&caches_lock);
  free_magazines(pool, pool->full);
  free_magazines(pool, pool->empty);
  vmr_status status = vmr_pool_destroy(pool->objects);
  vmr_ctx_remove_handle(&pool->handle);
  pthread_mutex_destroy(&pool->lock);
  vmr_ctx_release(pool->handle.ctx, VMR_KIND_POOL, pool, sizeof *pool);
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

static void swap_magazines(cache *own) {
  magazine *loaded = own->loaded;
  own->loaded = own->spare;
  own->spare = loaded;
}

/* The loaded magazine is empty: the spare one, else a full one of the depot, else one that is filled. */
static bool reload(vmr_shared_pool *pool, cache *own) {
  if (own->spare != NULL && own->spare->count > 0) {
    swap_magazines(own);
    return true;
  }
  pthread_mutex_lock(&pool->lock);
  magazine *full = take_magazine(pool, &pool->full);
  if (full != NULL) {
    give_magazine(&pool->empty, own->loaded);
    own->loaded = full;
  } else {
    if (own->loaded == NULL) own->loaded = take_magazine(pool, &pool->empty);
    if (own->loaded != NULL) fill_magazine(pool, own->loaded);
  }
  pthread_mutex_unlock(&pool->lock);
  return own->loaded != NULL && own->loaded->count > 0;
}

static inline void *pop(vmr_shared_pool *pool, cache *own) {
  magazine *loaded = own->loaded;
  size_t count = --loaded->count;
  void *object = loaded->objects[count];
  __builtin_prefetch(vmr_tag_of(loaded->objects[count >= AHEAD ? count - AHEAD : 0]), 1);
  *vmr_tag_of(object) = (uintptr_t)object ^ pool->key;
  VMR_PUBLISH(own->gets, own->gets + 1);
  return object;
}

__attribute__((noinline)) static void *get_slow(vmr_shared_pool *pool) {
  cache *own = cache_of(pool);
  if (own == NULL || ((own->loaded == NULL || own->loaded->count == 0) && !reload(pool, own))) return get_direct(pool);
  return pop(pool, own);
}

void *vmr_shared_pool_get(vmr_shared_pool *pool) {
  if (VMR_LIKELY(recent_number == pool->number)) {
    cache *own = recent;
    if (VMR_LIKELY(own->loaded != NULL && own->loaded->count != 0)) return pop(pool, own);
  }
  return get_slow(pool);
}

/* ---- put ---- */

static vmr_status put_direct(vmr_shared_pool *pool, void *object) {
  pthread_mutex_lock(&pool->lock);
  vmr_status status = vmr_pool_put(pool->objects, object);
  if (status == VMR_OK && object != NULL) pool->puts++;
  pthread_mutex_unlock(&pool->lock);
  return status;
}

/* The loaded magazine is full: the spare one if it is not, else the depot takes one and gives an empty one. */
static bool unload(vmr_shared_pool *pool, cache *own) {
  if (own->spare != NULL && own->spare->count < ROUNDS) {
    swap_magazines(own);
    return true;
  }
  pthread_mutex_lock(&pool->lock);
  magazine *empty = take_magazine(pool, &pool->empty);
  if (empty != NULL) {
    give_magazine(&pool->full, own->spare);
    own->spare = own->loaded;
    own->loaded = empty;
  }
  pthread_mutex_unlock(&pool->lock);
  return empty != NULL;
}

static inline vmr_status push(cache *own, void *object) {
  magazine *loaded = own->loaded;
  size_t count = loaded->count;
  *vmr_tag_of(object) = IN_MAGAZINE;
  loaded->objects[count] = object;
  loaded->count = count + 1;
  VMR_PUBLISH(own->puts, own->puts + 1);
  return VMR_OK;
}

__attribute__((noinline)) static vmr_status put_slow(vmr_shared_pool *pool, void *object) {
  if (object == NULL) return VMR_OK;
  if (pool->is_direct || *vmr_tag_of(object) != ((uintptr_t)object ^ pool->key)) return put_direct(pool, object);
  if (pool->reset != NULL) pool->reset(pool->user, object);
  cache *own = cache_of(pool);
  if (own == NULL || ((own->loaded == NULL || own->loaded->count == ROUNDS) && !unload(pool, own)))
    return put_direct(pool, object);
  return push(own, object);
}

vmr_status vmr_shared_pool_put(vmr_shared_pool *pool, void *object) {
  if (VMR_LIKELY(recent_number == pool->number && pool->reset == NULL && object != NULL)) {
    cache *own = recent;
    bool has_room = own->loaded != NULL && own->loaded->count < ROUNDS;
    if (VMR_LIKELY(has_room && *vmr_tag_of(object) == ((uintptr_t)object ^ pool->key))) return push(own, object);
  }
  return put_slow(pool, object);
}

/* ---- figures ---- */

vmr_pool_figures vmr_shared_pool_read_figures(vmr_shared_pool *pool) {
  pthread_mutex_lock(&pool->lock);
  size_t gets = pool->gets, puts = pool->puts;
  for (const cache *each = pool->caches; each != NULL; each = each->next_of_pool) {
    gets += VMR_PEEK(each->gets);
    puts += VMR_PEEK(each->puts);
  }
  vmr_pool_figures figures = vmr_pool_read_figures(pool->objects);
  size_t made = figures.live + figures.idle;
  pthread_mutex_unlock(&pool->lock);
  figures.live = gets > puts ? gets - puts : 0;
  figures.idle = made > figures.live ? made - figures.live : 0;
  if (!pool->is_direct) figures.hits = gets > figures.misses ? gets - figures.misses : 0;
  return figures;
}

vmr_status vmr_shared_pool_status(const vmr_shared_pool *pool) { return vmr_pool_status(pool->objects); }
