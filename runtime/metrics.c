/* metrics.c: figures, read off the books of a context and off the cursors of what lives in it.
 *
 * Reading takes time proportional to the number of living arenas, pools and so on, under the lock of their list; nobody who
 * allocates waits for it, for allocating takes no lock. What is destroyed leaves its counters in `gone`. */
#include "runtime/metrics.h"

#include <string.h>

#include "runtime/arena.h"
#include "runtime/collect.h"
#include "runtime/heap.h"
#include "runtime/interner.h"
#include "runtime/plan.h"
#include "runtime/shared_pool.h"
#include "vmemrt/metrics.h"

#define BODY_OF(type, handle) ((const type *)(const void *)((const char *)(handle) - offsetof(type, handle)))

static _Thread_local vmr_task *innermost_task;

/* ---- what lives ---- */

static void add_arena(vmr_metrics *sums, const vmr_arena_body *body) {
  size_t reserved = VMR_PEEK(body->reserved) + body->given, used = vmr_arena_count_used(body);
  if (used > reserved) used = reserved; /* its thread is changing chunks */
  sums->arenas++;
  sums->arena_used_bytes += used;
  sums->arena_reserved_bytes += reserved;
  sums->arena_waste_bytes += reserved - used;
  sums->arena_object_bytes += VMR_PEEK(body->forgotten) + used;
}

static void add_pool(vmr_metrics *sums, vmr_pool_figures figures) {
  sums->pools++;
  sums->pool_refused += figures.refused;
  sums->pool_live_objects += figures.live;
  sums->pool_idle_objects += figures.idle;
  sums->pool_hits += figures.hits;
  sums->pool_misses += figures.misses;
}

static void add_interner(vmr_metrics *sums, const vmr_interner *interner) {
  vmr_interner_figures figures = vmr_interner_read_figures(interner);
  sums->interned_strings += figures.symbols;
  sums->interned_bytes += figures.stored_bytes;
  sums->interner_hits += figures.hits;
  sums->interner_misses += figures.misses;
  sums->interner_saved_bytes += figures.saved_bytes;
  sums->limits_hit += figures.limits_hit;
}

static void add_collected(vmr_metrics *sums, const vmr_gc_body *heap) {
  const vmr_gc_published *published = &heap->published;
  uint64_t longest = VMR_PEEK(published->longest_pause);
  sums->collected_live_bytes += VMR_PEEK(published->live_bytes);
  sums->collected_live_objects += VMR_PEEK(published->live_objects);
  sums->collections += VMR_PEEK(published->cycles);
  sums->young_collections += VMR_PEEK(published->young_cycles);
  sums->collected_freed_bytes += VMR_PEEK(published->freed_bytes);
  sums->collected_promoted_bytes += VMR_PEEK(published->promoted_bytes);
  sums->collection_pause_nanoseconds += VMR_PEEK(published->total_pause);
  sums->collection_pauses += VMR_PEEK(published->pauses);
  sums->collection_pauses_over_100us += VMR_PEEK(published->over_100us);
  sums->collection_pauses_over_1ms += VMR_PEEK(published->over_1ms);
  sums->collection_pauses_over_10ms += VMR_PEEK(published->over_10ms);
  if (longest > sums->collection_longest_pause) sums->collection_longest_pause = longest;
}

static void add_handle(vmr_metrics *sums, const vmr_handle *handle) {
  switch (handle->kind) {
  case VMR_KIND_ARENA: add_arena(sums, BODY_OF(vmr_arena_body, handle)); break;
  case VMR_KIND_POOL: {
    const vmr_pool_body *body = BODY_OF(vmr_pool_body, handle);
    if (!body->keeps_regions) add_pool(sums, vmr_pool_read_figures(&body->open)); /* else a shared pool tells */
    break;
  }
  case VMR_HANDLE_SHARED_POOL:
    add_pool(sums, vmr_shared_pool_read_figures(vmr_shared_pool_of((vmr_handle *)(uintptr_t)handle)));
    break;
  case VMR_KIND_HEAP: sums->heap_objects += VMR_PEEK(BODY_OF(vmr_heap, handle)->allocated); break;
  case VMR_KIND_INTERNER: add_interner(sums, BODY_OF(vmr_interner, handle)); break;
  case VMR_KIND_PLAN: sums->plan_used_bytes += VMR_PEEK(BODY_OF(vmr_plan, handle)->used); break;
  case VMR_KIND_GC: add_collected(sums, BODY_OF(vmr_gc_body, handle)); break;
  default: break;
  }
}

void vmr_metrics_keep(vmr_ctx *ctx, const vmr_handle *handle) {
  vmr_metrics last = {0};
  add_handle(&last, handle);
  ctx->gone.arena_object_bytes += last.arena_object_bytes;
  ctx->gone.pool_hits += last.pool_hits;
  ctx->gone.pool_misses += last.pool_misses;
  ctx->gone.pool_refused += last.pool_refused;
  ctx->gone.heap_objects += last.heap_objects;
  ctx->gone.interner_hits += last.interner_hits;
  ctx->gone.interner_misses += last.interner_misses;
  ctx->gone.interner_saved_bytes += last.interner_saved_bytes;
  ctx->gone.limits_hit += last.limits_hit;
  ctx->gone.collections += last.collections;
  ctx->gone.young_collections += last.young_collections;
  ctx->gone.collected_freed_bytes += last.collected_freed_bytes;
  ctx->gone.collected_promoted_bytes += last.collected_promoted_bytes;
  ctx->gone.collection_pause_nanoseconds += last.collection_pause_nanoseconds;
  ctx->gone.collection_pauses += last.collection_pauses;
  ctx->gone.collection_pauses_over_100us += last.collection_pauses_over_100us;
  ctx->gone.collection_pauses_over_1ms += last.collection_pauses_over_1ms;
  ctx->gone.collection_pauses_over_10ms += last.collection_pauses_over_10ms;
}

/* ---- the whole ---- */

static void add_gone(vmr_metrics *sums, const vmr_gone *gone) {
  sums->arena_object_bytes += gone->arena_object_bytes;
  sums->pool_hits += gone->pool_hits;
  sums->pool_misses += gone->pool_misses;
  sums->pool_refused += gone->pool_refused;
  sums->heap_objects += gone->heap_objects;
  sums->interner_hits += gone->interner_hits;
  sums->interner_misses += gone->interner_misses;
  sums->interner_saved_bytes += gone->interner_saved_bytes;
  sums->limits_hit += gone->limits_hit;
  sums->collections += gone->collections;
  sums->young_collections += gone->young_collections;
  sums->collected_freed_bytes += gone->collected_freed_bytes;
  sums->collected_promoted_bytes += gone->collected_promoted_bytes;
  sums->collection_pause_nanoseconds += gone->collection_pause_nanoseconds;
  sums->collection_pauses += gone->collection_pauses;
  sums->collection_pauses_over_100us += gone->collection_pauses_over_100us;
  sums->collection_pauses_over_1ms += gone->collection_pauses_over_1ms;
  sums->collection_pauses_over_10ms += gone->collection_pauses_over_10ms;
}

static void add_books(vmr_metrics *sums, vmr_ctx *ctx) {
  const vmr_books *all = &ctx->books[VMR_KIND_ALL];
  sums->current_bytes = all->current;
  sums->peak_bytes = all->peak;
  sums->obtained_bytes = all->total;
  sums->heap_reserved_bytes = ctx->books[VMR_KIND_HEAP].current;
  sums->allocations = all->obtained + sums->heap_objects + sums->pool_hits + sums->pool_misses - sums->pool_refused;
  sums->failed_allocations = all->failed;
  sums->limits_hit += ctx->limits_hit;
  sums->soft_limits_passed = ctx->pressures;
  sums->violations = ctx->violations;
  sums->tasks = ctx->tasks;
  sums->task_allocations = ctx->task_allocations;
  sums->task_allocations_peak = ctx->task_allocations_peak;
}

static double divide(uint64_t part, uint64_t whole) { return whole != 0 ? (double)part / (double)whole : 0; }

static vmr_metrics read_all(vmr_ctx *ctx) {
  vmr_metrics sums = {0};
  pthread_mutex_lock(&ctx->lock);
  for (const vmr_handle *each = ctx->handles; each != NULL; each = each->next) add_handle(&sums, each);
  add_gone(&sums, &ctx->gone);
  pthread_mutex_unlock(&ctx->lock);
  add_books(&sums, ctx);
  sums.allocations_per_task = divide(sums.task_allocations, sums.tasks);
  sums.pool_hit_rate = divide(sums.pool_hits, sums.pool_hits + sums.pool_misses);
  return sums;
}

vmr_status vmr_metrics_read(vmr_ctx *ctx, vmr_metrics *metrics, size_t bytes) {
  if (ctx == NULL || metrics == NULL || bytes > sizeof *metrics) return VMR_INVALID_ARGUMENT;
  vmr_metrics all = read_all(ctx);
  memcpy(metrics, &all, bytes);
  return VMR_OK;
}

/* ---- tasks ---- */

vmr_status vmr_task_begin(vmr_ctx *ctx, vmr_task *task) {
  if (ctx == NULL || task == NULL) return VMR_INVALID_ARGUMENT;
  vmr_metrics now = read_all(ctx);
  *task = (vmr_task){.ctx = ctx,
                     .outer = innermost_task,
                     .allocations = now.allocations,
                     .obtained_bytes = now.obtained_bytes,
                     .arena_object_bytes = now.arena_object_bytes};
  innermost_task = task;
  return VMR_OK;
}

static void count_task(vmr_ctx *ctx, uint64_t allocations) {
  uint64_t peak = atomic_load_explicit(&ctx->task_allocations_peak, memory_order_relaxed);
  while (allocations > peak && !atomic_compare_exchange_weak(&ctx->task_allocations_peak, &peak, allocations)) continue;
  atomic_fetch_add_explicit(&ctx->task_allocations, allocations, memory_order_relaxed);
  atomic_fetch_add_explicit(&ctx->tasks, 1, memory_order_relaxed);
}

vmr_status vmr_task_end(vmr_task *task, vmr_task_figures *figures) {
  if (task == NULL) return VMR_INVALID_ARGUMENT;
  if (task != innermost_task) return VMR_WRONG_ORDER;
  innermost_task = task->outer;
  vmr_metrics now = read_all(task->ctx);
  vmr_task_figures spent = {.allocations = now.allocations - task->allocations,
                            .obtained_bytes = now.obtained_bytes - task->obtained_bytes,
                            .arena_object_bytes = now.arena_object_bytes - task->arena_object_bytes};
  count_task(task->ctx, spent.allocations);
  if (figures != NULL) *figures = spent;
  return VMR_OK;
}
