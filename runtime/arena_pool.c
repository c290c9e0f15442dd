/* arena_pool.c: idle arenas in a stack under a lock; acquiring and releasing take constant time besides the reset. */
#include <pthread.h>

#include "runtime/arena.h"

struct vmr_arena_pool {
  vmr_handle handle;
  pthread_mutex_t lock;
  size_t chunk_bytes;
  size_t idle, keep, out; /* arenas in the stack, room in it, arenas handed out */
  vmr_arena *stack[];
};

vmr_status vmr_arena_pool_create(vmr_arena_pool **pool, vmr_ctx *ctx, size_t chunk_bytes, size_t keep) {
  if (pool == NULL) return VMR_INVALID_ARGUMENT;
  *pool = NULL;
  if (keep > SIZE_MAX / 2 / sizeof(vmr_arena *) || chunk_bytes > SIZE_MAX / 4) return VMR_INVALID_ARGUMENT;
  size_t bytes = sizeof **pool + keep * sizeof(vmr_arena *);
  vmr_arena_pool *created = vmr_ctx_obtain_zeroed(ctx, VMR_KIND_ARENA, bytes);
  if (created == NULL) return VMR_OUT_OF_MEMORY;
  if (pthread_mutex_init(&created->lock, NULL) != 0) {
    vmr_ctx_release(ctx, VMR_KIND_ARENA, created, bytes);
    return VMR_OUT_OF_MEMORY;
  }
  created->chunk_bytes = chunk_bytes;
  created->keep = keep;
  vmr_ctx_add_handle(ctx, &created->handle, VMR_KIND_CONTEXT);
  *pool = created;
  return VMR_OK;
}

vmr_arena *vmr_arena_pool_acquire(vmr_arena_pool *pool) {
  vmr_arena *arena = NULL;
  pthread_mutex_lock(&pool->lock);
  if (pool->idle > 0) arena = pool->stack[--pool->idle];
  pool->out++;
  pthread_mutex_unlock(&pool->lock);
  if (arena != NULL || vmr_arena_open(&arena, pool->handle.ctx, pool->chunk_bytes) == VMR_OK) return arena;
  pthread_mutex_lock(&pool->lock);
  pool->out--;
  pthread_mutex_unlock(&pool->lock);
  return NULL;
}

void vmr_arena_pool_release(vmr_arena_pool *pool, vmr_arena *arena) {
  if (arena == NULL) return;
  vmr_arena_reset(arena);
  pthread_mutex_lock(&pool->lock);
  bool is_kept = pool->idle < pool->keep;
  if (is_kept) pool->stack[pool->idle++] = arena;
  pool->out--;
  pthread_mutex_unlock(&pool->lock);
  if (!is_kept) vmr_arena_destroy(arena);
}

vmr_status vmr_arena_pool_destroy(vmr_arena_pool *pool) {
  if (pool == NULL) return VMR_OK;
  pthread_mutex_lock(&pool->lock);
  bool is_in_use = pool->out != 0;
  pthread_mutex_unlock(&pool->lock);
  if (is_in_use) {
    vmr_ctx_report(pool->handle.ctx, VMR_STILL_IN_USE, pool,
                   "a pool of arenas is destroyed while an arena of it is out");
    return VMR_STILL_IN_USE;
  }
  while (pool->idle > 0) vmr_arena_destroy(pool->stack[--pool->idle]);
  vmr_ctx_remove_handle(&pool->handle);
  pthread_mutex_destroy(&pool->lock);
  vmr_ctx_release(pool->handle.ctx, VMR_KIND_ARENA, pool, sizeof *pool + pool->keep * sizeof(vmr_arena *));
  return VMR_OK;
}
