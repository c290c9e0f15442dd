/* shared_pool.h: the shared pool from inside: its magazines and depot, and what metrics, trimming and fork need of it. */
#ifndef VMR_RUNTIME_SHARED_POOL_H
#define VMR_RUNTIME_SHARED_POOL_H

#include "runtime/pool.h"

#define VMR_MAGAZINE_ROUNDS 126 /* objects of a magazine: with its head 1 KiB */
#define VMR_IN_MAGAZINE \
  ((uintptr_t)2) /* a tag; even, as no live one is; not 0, as those are that the pool beneath may give back */
#define VMR_LINE_BYTES 64

typedef struct vmr_magazine {
  struct vmr_magazine *next;
  size_t count;
  void *objects[VMR_MAGAZINE_ROUNDS];
} vmr_magazine;

/* What one thread has of one pool; it outlives the pool until the thread ends or looks for another pool. */
typedef struct vmr_pool_cache {
  char before[VMR_LINE_BYTES];
  vmr_shared_pool *pool; /* NULL: the pool is gone */
  uint64_t number;
  vmr_magazine *loaded, *spare; /* NULL: none */
  uintptr_t low;                /* the region that it knows, as in vmr_pool */
  size_t units;
  size_t gets, puts;
  struct vmr_pool_cache *next_of_thread, *next_of_pool;
  char behind[VMR_LINE_BYTES]; /* and `before`: no other thread writes to these cache lines */
} vmr_pool_cache;

struct vmr_shared_pool {
  vmr_pool *objects;
  uint64_t number;
  uintptr_t key;  /* of the tags, and */
  uint32_t shift; /* of units: the pool's beneath */
  vmr_pool_reset_function reset;
  void *user;
  bool is_direct;                 /* no magazines: each operation takes the lock */
  char apart[2 * VMR_LINE_BYTES]; /* what every operation reads does not change with the depot */
  pthread_mutex_t lock;
  vmr_magazine *full, *empty;
  size_t full_count, max_idle; /* of magazines; of objects in them */
  vmr_pool_cache *caches;
  bool is_in_buffer;
  size_t gets, puts; /* of threads that ended, and direct ones */
  vmr_handle handle;
};

/* ---- shared_pool_depot.c; the pool's lock is held ---- */

/* A magazine of `from`, which is one of the pool's two lists; an empty one is made when there is none. NULL: none. */
vmr_magazine *vmr_depot_take(vmr_shared_pool *pool, vmr_magazine **from);

/* A magazine for the depot; NULL is accepted. `_empty`: one without objects. */
void vmr_depot_give(vmr_shared_pool *pool, vmr_magazine *given);
void vmr_depot_give_empty(vmr_shared_pool *pool, vmr_magazine *given);

/* Fills a magazine from the pool beneath, as far as that has objects. */
void vmr_magazine_fill(vmr_shared_pool *pool, vmr_magazine *filled);

/* Frees a list of magazines; their objects go to the pool beneath. */
void vmr_depot_free(vmr_shared_pool *pool, vmr_magazine **list);

/* ---- shared_pool.c ---- */

vmr_shared_pool *vmr_shared_pool_of(vmr_handle *handle);
VMR_IF_LINKED pthread_mutex_t *vmr_shared_pool_lock_of(vmr_handle *handle);

/* The caches of all threads, for fork. */
VMR_IF_LINKED void vmr_shared_pools_lock(void);
VMR_IF_LINKED void vmr_shared_pools_unlock(void);

#endif
