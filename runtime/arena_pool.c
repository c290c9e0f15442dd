/* arena_pool.c: idle arenas in a stack under a lock; acquiring and releasing take constant time besides the reset.
 *
 * Which arenas are out stands in an open-addressing hash table, so that one that comes back twice, or from elsewhere, is
 * recognised without a look into it: it may be gone. A table is never more than half full; an entry that is taken out has
 * those behind it moved up. */
#include <pthread.h>

#include "runtime/arena.h"

#define FIRST_SLOTS ((size_t)16) /* a power of two */

struct vmr_arena_pool {
  vmr_handle handle;
  pthread_mutex_t lock;
  size_t chunk_bytes;
  size_t idle, keep, out; /* arenas in the stack, room in it, arenas handed out */
  vmr_arena **slots;      /* of those: NULL where there is none */
  size_t slot_count;
  vmr_arena *stack[];
};

pthread_mutex_t *vmr_arena_pool_lock_of(vmr_handle *handle) {
  return &((vmr_arena_pool *)(void *)handle)->lock; /* the handle is its first member */
}

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
  vmr_ctx_add_handle(ctx, &created->handle, VMR_HANDLE_ARENA_POOL);
  *pool = created;
  return VMR_OK;
}

/* ---- what is out, under the lock ---- */

static size_t slot_of(const vmr_arena *arena, size_t slot_count) {
  return (size_t)(((uint64_t)(uintptr_t)arena * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (slot_count - 1);
}

static void put(vmr_arena **slots, size_t slot_count, vmr_arena *arena) {
  size_t at = slot_of(arena, slot_count);
  while (slots[at] != NULL) at = (at + 1) & (slot_count - 1);
  slots[at] = arena;
}

/* Room for one more. */
static bool make_room(vmr_arena_pool *pool) {
  size_t old_count = pool->slot_count, count = old_count != 0 ? old_count * 2 : FIRST_SLOTS;
  if ((pool->out + 1) * 2 <= old_count) return true;
  vmr_arena **slots = vmr_ctx_obtain_zeroed(pool->handle.ctx, VMR_KIND_ARENA, count * sizeof *slots);
  if (slots == NULL) return false;
  for (size_t i = 0; i < old_count; i++) {
    if (pool->slots[i] != NULL) put(slots, count, pool->slots[i]);
  }
  vmr_ctx_release(pool->handle.ctx, VMR_KIND_ARENA, pool->slots, old_count * sizeof *slots);
  pool->slots = slots;
  pool->slot_count = count;
  return true;
}

/* False when the arena is not out. */
static bool take_out(vmr_arena_pool *pool, const vmr_arena *arena) {
  size_t mask = pool->slot_count - 1;
  if (pool->slot_count == 0) return false;
  size_t at = slot_of(arena, pool->slot_count);
  while (pool->slots[at] != NULL && pool->slots[at] != arena) at = (at + 1) & mask;
  if (pool->slots[at] == NULL) return false;
  for (size_t next = (at + 1) & mask; pool->slots[next] != NULL; next = (next + 1) & mask) {
    size_t home = slot_of(pool->slots[next], pool->slot_count);
    if (((next - home) & mask) < ((next - at) & mask)) continue; /* it may not stand before its home */
    pool->slots[at] = pool->slots[next];
    at = next;
  }
  pool->slots[at] = NULL;
  pool->out--;
  return true;
}

/* ---- handing out ---- */

static vmr_arena *take_idle(vmr_arena_pool *pool, bool *has_room) {
  vmr_arena *arena = NULL;
  pthread_mutex_lock(&pool->lock);
  *has_room = make_room(pool);
  if (*has_room && pool->idle > 0) arena = pool->stack[--pool->idle];
  if (*has_room) pool->out++; /* its place in the table is taken now, or below */
  if (arena != NULL) put(pool->slots, pool->slot_count, arena);
  pthread_mutex_unlock(&pool->lock);
  return arena;
}

vmr_arena *vmr_arena_pool_acquire(vmr_arena_pool *pool) {
  vmr_deferral deferral;
  vmr_arena *arena;
  bool has_room;
  if (pool == NULL) return NULL;
  vmr_ctx_defer(&deferral, pool->handle.ctx);
  do arena = take_idle(pool, &has_room);
  while (vmr_ctx_relieve(&deferral, !has_room));
  if (arena != NULL || !has_room) return arena;
  (void)vmr_arena_open(&arena, pool->handle.ctx, pool->chunk_bytes);
  pthread_mutex_lock(&pool->lock);
  if (arena != NULL) {
    put(pool->slots, pool->slot_count, arena);
  } else {
    pool->out--;
  }
  pthread_mutex_unlock(&pool->lock);
  return arena;
}

static vmr_status refuse(vmr_arena_pool *pool, const vmr_arena *arena) {
  vmr_ctx_report(pool->handle.ctx, VMR_FOREIGN_POINTER, arena,
                 "a pool was given an arena that it has not handed out, or that came back already");
  return VMR_FOREIGN_POINTER;
}

vmr_status vmr_arena_pool_release(vmr_arena_pool *pool, vmr_arena *arena) {
  if (arena == NULL) return VMR_OK;
  if (pool == NULL) return VMR_INVALID_ARGUMENT;
  pthread_mutex_lock(&pool->lock);
  bool was_out = take_out(pool, arena);
  if (was_out) pool->out++; /* until it is empty */
  pthread_mutex_unlock(&pool->lock);
  if (!was_out) return refuse(pool, arena);
  vmr_arena_reset(arena);
  vmr_status status = vmr_arena_status(arena); /* what the last user did is none of the next one's */
  vmr_arena_body_of(arena)->status = VMR_OK;
  vmr_arena_set_limit(arena, SIZE_MAX);
  pthread_mutex_lock(&pool->lock);
  bool is_kept = pool->idle < pool->keep;
  if (is_kept) pool->stack[pool->idle++] = arena;
  pool->out--;
  pthread_mutex_unlock(&pool->lock);
  if (!is_kept) vmr_arena_destroy(arena);
  return status;
}

size_t vmr_arena_pool_trim(vmr_handle *handle) {
  vmr_arena_pool *pool = (vmr_arena_pool *)(void *)handle;
  size_t bytes = 0;
  pthread_mutex_lock(&pool->lock);
  for (size_t i = 0; i < pool->idle; i++) bytes += vmr_arena_trim(pool->stack[i]);
  pthread_mutex_unlock(&pool->lock);
  return bytes;
}

vmr_status vmr_arena_pool_destroy(vmr_arena_pool *pool) {
  if (pool == NULL) return VMR_OK;
  pthread_mutex_lock(&pool->lock);
  bool is_in_use = pool->out != 0;
  pthread_mutex_unlock(&pool->lock);
  vmr_ctx *ctx = pool->handle.ctx;
  if (is_in_use) {
    vmr_ctx_report(ctx, VMR_STILL_IN_USE, pool, "a pool of arenas is destroyed while an arena of it is out");
    return VMR_STILL_IN_USE;
  }
  vmr_ctx_remove_handle(&pool->handle); /* nobody trims it from here on */
  while (pool->idle > 0) vmr_arena_destroy(pool->stack[--pool->idle]);
  pthread_mutex_destroy(&pool->lock);
  vmr_ctx_release(ctx, VMR_KIND_ARENA, pool->slots, pool->slot_count * sizeof *pool->slots);
  vmr_ctx_release(ctx, VMR_KIND_ARENA, pool, sizeof *pool + pool->keep * sizeof(vmr_arena *));
  return VMR_OK;
}
