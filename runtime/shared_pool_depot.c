/* shared_pool_depot.c: what the threads of a shared pool exchange under its lock: full and empty magazines, and the pool beneath;
 * and what there is to see of it all. Each function that takes a magazine costs its rounds at most, the looks at a whole pool
 * as much as there is in it. */
#include "runtime/shared_pool.h"

/* ---- magazines, under the pool's lock ---- */

static void free_magazine(vmr_shared_pool *pool, vmr_magazine *freed) {
  vmr_ctx_release(pool->handle.ctx, VMR_KIND_POOL, freed, sizeof *freed);
}

vmr_magazine *vmr_depot_take(vmr_shared_pool *pool, vmr_magazine **from) {
  vmr_magazine *taken = *from;
  if (taken != NULL) {
    *from = taken->next;
    if (from == &pool->full) pool->full_count--;
  } else if (from == &pool->empty) {
    taken = vmr_ctx_obtain(pool->handle.ctx, VMR_KIND_POOL, sizeof *taken);
    if (taken != NULL) taken->count = 0;
  }
  return taken;
}

void vmr_depot_give_empty(vmr_shared_pool *pool, vmr_magazine *given) {
  if (given == NULL) return;
  given->next = pool->empty;
  pool->empty = given;
}

/* Returns the objects of a magazine to the pool beneath. */
static void empty_magazine(vmr_shared_pool *pool, vmr_magazine *emptied) {
  while (emptied->count > 0) {
    void *object = emptied->objects[--emptied->count];
    *vmr_tag_of(object) = (uintptr_t)object ^ pool->key;
    vmr_pool_put(pool->objects, object);
  }
}

static void empty_to_depot(vmr_shared_pool *pool, vmr_magazine *emptied) {
  empty_magazine(pool, emptied);
  vmr_depot_give_empty(pool, emptied);
}

/* A magazine for the depot. One too many has all emptied: the pool beneath then sees which slabs may go. */
void vmr_depot_give(vmr_shared_pool *pool, vmr_magazine *given) {
  if (given == NULL) return;
  bool is_too_many = pool->full_count >= pool->max_idle / VMR_MAGAZINE_ROUNDS;
  if (given->count != VMR_MAGAZINE_ROUNDS || is_too_many) empty_to_depot(pool, given);
  while (is_too_many && pool->full != NULL) empty_to_depot(pool, vmr_depot_take(pool, &pool->full));
  if (given->count != VMR_MAGAZINE_ROUNDS) return;
  given->next = pool->full;
  pool->full = given;
  pool->full_count++;
}

void vmr_magazine_fill(vmr_shared_pool *pool, vmr_magazine *filled) {
  while (filled->count < VMR_MAGAZINE_ROUNDS) {
    void *object = vmr_pool_get(pool->objects);
    if (object == NULL) return;
    *vmr_tag_of(object) = VMR_IN_MAGAZINE;
    filled->objects[filled->count++] = object;
  }
}

void vmr_depot_free(vmr_shared_pool *pool, vmr_magazine **list) {
  for (vmr_magazine *each = *list, *next; each != NULL; each = next) {
    next = each->next;
    empty_magazine(pool, each);
    free_magazine(pool, each);
  }
  *list = NULL;
}

/* ---- giving back, and looking ---- */

size_t vmr_shared_pool_trim(vmr_shared_pool *pool) {
  if (pool == NULL) return 0;
  pthread_mutex_lock(&pool->lock);
  vmr_depot_free(pool, &pool->full);
  vmr_depot_free(pool, &pool->empty);
  pool->full_count = 0;
  size_t bytes = vmr_pool_trim(pool->objects);
  pthread_mutex_unlock(&pool->lock);
  return bytes;
}

void *vmr_shared_pool_next_live(vmr_shared_pool *pool, const void *after) {
  if (pool == NULL) return NULL;
  pthread_mutex_lock(&pool->lock);
  void *object = vmr_pool_next_live(pool->objects, after);
  pthread_mutex_unlock(&pool->lock);
  return object;
}

/* The full magazines are as many as the depot counts. */
static bool depot_is_valid(const vmr_shared_pool *pool) {
  size_t count = 0;
  for (const vmr_magazine *each = pool->full; each != NULL; each = each->next) {
    if (each->count != VMR_MAGAZINE_ROUNDS) return false;
    count++;
  }
  for (const vmr_magazine *each = pool->empty; each != NULL; each = each->next) {
    if (each->count != 0) return false;
  }
  return count == pool->full_count;
}

static size_t count_list(const vmr_magazine *each) {
  size_t count = 0;
  for (; each != NULL; each = each->next) count += each->count;
  return count;
}

/* Objects in magazines. */
static size_t count_resting(const vmr_shared_pool *pool) {
  size_t count = count_list(pool->full);
  for (const vmr_pool_cache *each = pool->caches; each != NULL; each = each->next_of_pool)
    count += (each->loaded != NULL ? each->loaded->count : 0) + (each->spare != NULL ? each->spare->count : 0);
  return count;
}

/* For the pool beneath, what lies in magazines is neither live nor idle: for its books it is live. */
bool vmr_shared_pool_is_valid(vmr_shared_pool *pool) {
  vmr_deferral deferral;
  if (pool == NULL) return true;
  vmr_ctx_defer(&deferral, pool->handle.ctx);
  pthread_mutex_lock(&pool->lock);
  bool is_valid = vmr_pool_check_books(pool->objects, count_resting(pool)), has_books = depot_is_valid(pool);
  pthread_mutex_unlock(&pool->lock);
  if (!has_books)
    vmr_ctx_report(pool->handle.ctx, VMR_CORRUPTED, pool, "the magazines of a shared pool are not as counted");
  (void)vmr_ctx_relieve(&deferral, false);
  return is_valid && has_books;
}

/* Of the pool beneath, objects in magazines are live; for the user they are idle. */
vmr_pool_figures vmr_shared_pool_read_figures(vmr_shared_pool *pool) {
  if (pool == NULL) return (vmr_pool_figures){0};
  pthread_mutex_lock(&pool->lock);
  size_t gets = pool->gets, puts = pool->puts;
  for (const vmr_pool_cache *each = pool->caches; each != NULL; each = each->next_of_pool) {
    gets += VMR_PEEK(each->gets);
    puts += VMR_PEEK(each->puts);
  }
  vmr_pool_figures figures = vmr_pool_read_figures(pool->objects);
  pthread_mutex_unlock(&pool->lock);
  size_t made = figures.live + figures.idle, created = figures.misses - figures.refused;
  figures.live = gets > puts ? gets - puts : 0;
  figures.idle = made > figures.live ? made - figures.live : 0;
  figures.misses = (created < gets ? created : gets) + figures.refused; /* some were made ahead */
  figures.hits = gets + figures.refused - figures.misses;
  return figures;
}

vmr_status vmr_shared_pool_status(const vmr_shared_pool *pool) {
  if (pool == NULL) return VMR_OK;
  vmr_shared_pool *own = (vmr_shared_pool *)(uintptr_t)pool;
  pthread_mutex_lock(&own->lock);
  vmr_status status = vmr_pool_status(pool->objects);
  pthread_mutex_unlock(&own->lock);
  return status;
}
