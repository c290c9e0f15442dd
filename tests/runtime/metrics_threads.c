/* metrics_threads.c: one thread reads the metrics of a context while two more allocate, create and destroy in it. For the
 * thread sanitizer. */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <stdatomic.h>

#include "tests/runtime/check.h"
#include "vmemrt.h"

#define ROUNDS 300

static vmr_ctx *ctx;
static atomic_int running = 2;

static void *work(void *unused) {
  (void)unused;
  vmr_pool_options options = vmr_pool_options_for(64, 16);
  for (int round = 0; round < ROUNDS; round++) {
    vmr_arena *arena;
    vmr_pool *pool;
    vmr_interner *interner;
    vmr_task task;
    CHECK(vmr_arena_open(&arena, ctx, 1024) == VMR_OK && vmr_pool_create(&pool, ctx, &options) == VMR_OK);
    CHECK(vmr_interner_open(&interner, ctx, NULL) == VMR_OK && vmr_task_begin(ctx, &task) == VMR_OK);
    for (int i = 0; i < 200; i++) {
      char name[16];
      CHECK(vmr_arena_alloc(arena, 40) != NULL);
      CHECK(vmr_interner_add(interner, name, (size_t)sprintf(name, "%d", i % 50)) != 0);
      CHECK(vmr_pool_put(pool, vmr_pool_get(pool)) == VMR_OK);
    }
    vmr_arena_reset(arena);
    CHECK(vmr_task_end(&task, NULL) == VMR_OK);
    vmr_interner_destroy(interner);
    CHECK(vmr_pool_destroy(pool) == VMR_OK);
    vmr_arena_destroy(arena);
  }
  running--;
  return NULL;
}

int main(void) {
  pthread_t threads[2];
  vmr_metrics metrics;
  CHECK(vmr_ctx_create(&ctx, NULL) == VMR_OK);
  for (int i = 0; i < 2; i++) CHECK(pthread_create(&threads[i], NULL, work, NULL) == 0);
  while (running != 0) {
    CHECK(vmr_metrics_read(ctx, &metrics, sizeof metrics) == VMR_OK);
    CHECK(metrics.arenas <= 2 && metrics.pools <= 2 && metrics.interned_strings <= 100);
    CHECK(metrics.arena_used_bytes <= metrics.arena_reserved_bytes);
  }
  for (int i = 0; i < 2; i++) pthread_join(threads[i], NULL);
  CHECK(vmr_metrics_read(ctx, &metrics, sizeof metrics) == VMR_OK);
  CHECK(metrics.interner_hits == 2 * ROUNDS * 150 && metrics.interner_misses == 2 * ROUNDS * 50);
  CHECK(metrics.pool_hits + metrics.pool_misses == 2 * ROUNDS * 200 && metrics.tasks == 2 * ROUNDS);
  CHECK(metrics.arena_object_bytes >= 2 * ROUNDS * 200 * 48 && metrics.current_bytes == 0);
  CHECK(vmr_ctx_destroy(ctx) == VMR_OK);
  return 0;
}
