/* heap_threads.c: shared heaps, an arena pool and their context between threads: objects of all sizes that one makes and
 * another resizes and gives back, failures, misuse, trimming, figures; arenas that come and go. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/runtime/check.h"
#include "vmemrt.h"

enum { BOXES = 32, STEPS = 3000, THREADS = 3 };

typedef struct side {
  vmr_ctx *ctx;
  vmr_heap *heap, *forever;
  vmr_arena_pool *arenas;
  uint64_t seed;
} side;

static unsigned char *_Atomic boxes[BOXES];

static uint32_t draw(uint64_t *seed) {
  *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)(*seed >> 33);
}

static size_t draw_size(uint64_t *seed) { return 64 + draw(seed) % ((uint32_t)1 << draw(seed) % 22); }

static void use_heap(side *mine) {
  size_t bytes = draw_size(&mine->seed);
  unsigned char *object = vmr_heap_alloc(mine->heap, bytes);
  CHECK(object != NULL);
  memset(object, 1 + (int)(bytes % 200), 64);
  object = vmr_heap_realloc(mine->heap, object, draw_size(&mine->seed));
  CHECK(object != NULL && object[0] == object[63]);
  unsigned char *other = atomic_exchange(&boxes[draw(&mine->seed) % BOXES], object);
  if (other == NULL) return;
  CHECK(other[0] == other[63] && vmr_heap_usable_size(other) >= 64 && vmr_heap_of(other) == mine->heap);
  vmr_heap_free(other);
}

static void use_arenas(side *mine) {
  vmr_arena *arena = vmr_arena_pool_acquire(mine->arenas), *second = vmr_arena_pool_acquire(mine->arenas);
  CHECK(arena != NULL && second != NULL && arena != second);
  memset(vmr_arena_alloc(arena, 1000), 1, 1000);
  CHECK(vmr_arena_pool_release(mine->arenas, arena) == VMR_OK);
  CHECK(vmr_arena_pool_release(mine->arenas, second) == VMR_OK);
}

static _Thread_local vmr_bump bump; /* released before the thread ends: nobody else can */

/* A heap that lives as long as a function, and what nobody gives back: each thread has its own. */
static void use_scope(side *mine) {
  vmr_heap *heap = NULL;
  CHECK(vmr_heap_create(&heap, NULL, VMR_HEAP_ALIGN8) == VMR_OK);
  unsigned char *cut = vmr_bump_alloc(&bump, draw_size(&mine->seed));
  CHECK(cut != NULL);
  *cut = 1;
  for (int i = 0; i < 10; i++) {
    size_t bytes = draw_size(&mine->seed);
    unsigned char *object = vmr_heap_alloc(heap, bytes);
    CHECK(object != NULL && vmr_heap_of(object) == heap);
    memset(object, i, bytes);
    if (i % 2 == 0) vmr_heap_free(object);
  }
  vmr_heap_destroy(heap);
  if (draw_size(&mine->seed) % 16 == 0) vmr_bump_release(&bump);
}

/* What threads share begins and ends while others trim the context. */
static void use_shared_scope(side *mine) {
  vmr_heap *heap = NULL;
  vmr_arena_pool *arenas = NULL;
  CHECK(vmr_heap_create(&heap, mine->ctx, VMR_HEAP_SHARED) == VMR_OK);
  CHECK(vmr_arena_pool_create(&arenas, mine->ctx, 2000, 2) == VMR_OK);
  vmr_arena *arena = vmr_arena_pool_acquire(arenas);
  CHECK(vmr_heap_alloc(heap, draw_size(&mine->seed)) != NULL && vmr_heap_alloc(heap, 100) != NULL && arena != NULL);
  CHECK(vmr_arena_pool_release(arenas, arena) == VMR_OK);
  CHECK(vmr_arena_pool_destroy(arenas) == VMR_OK);
  vmr_heap_destroy(heap);
}

static void *work(void *argument) {
  side *mine = argument;
  vmr_metrics metrics;
  for (int i = 0; i < STEPS; i++) {
    use_heap(mine);
    char *kept = vmr_heap_alloc(mine->forever, 40);
    CHECK(kept != NULL && vmr_heap_usable_size(kept) >= 40);
    if (i % 4 == 0) use_arenas(mine);
    if (i % 4 == 1) use_scope(mine);
    if (i % 50 == 0) CHECK(vmr_heap_calloc(mine->heap, SIZE_MAX / 2, 4) == NULL);
    if (i % 50 == 1) CHECK(vmr_heap_status(mine->heap) == VMR_SIZE_OVERFLOW);
    if (i % 100 == 2) CHECK(vmr_metrics_read(mine->ctx, &metrics, sizeof metrics) == VMR_OK);
    if (i % 10 == 3) vmr_trim_shared(mine->ctx);
    if (i % 10 == 8) use_shared_scope(mine);
    if (i % 100 == 4) vmr_ctx_set_limits(mine->ctx, (size_t)1 << 33, 0);
    if (i % 300 == 5) CHECK(vmr_heap_is_valid(mine->heap));
  }
  vmr_bump_release(&bump);
  return NULL;
}

/* A heap of no context begins with its first object, and the range with that of the first heap: here that is several threads'
 * at once, while others free what is malloc's. */
static void *begin(void *argument) {
  vmr_heap_free(malloc(100));
  char *object = vmr_heap_realloc(NULL, malloc(100), 1000), *other = vmr_heap_alloc(argument, 100);
  CHECK(object != NULL && other != NULL && vmr_heap_of(other) == argument);
  vmr_heap_free(object);
  vmr_heap_free(other);
  return NULL;
}

static void begin_together(void) {
  vmr_heap *heap = NULL;
  pthread_t threads[THREADS];
  CHECK(vmr_heap_create(&heap, NULL, VMR_HEAP_SHARED) == VMR_OK);
  for (int i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, begin, heap) == 0);
  for (int i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
  vmr_heap_destroy(heap);
}

int main(void) {
  vmr_ctx *ctx = NULL;
  side sides[THREADS] = {{0}};
  pthread_t threads[THREADS];
  begin_together();
  CHECK(vmr_ctx_create(&ctx, NULL) == VMR_OK);
  CHECK(vmr_heap_create(&sides[0].heap, ctx, VMR_HEAP_SHARED) == VMR_OK);
  CHECK(vmr_heap_create(&sides[0].forever, ctx, VMR_HEAP_SHARED | VMR_HEAP_NEVER_FREED) == VMR_OK);
  CHECK(vmr_arena_pool_create(&sides[0].arenas, ctx, 2000, 2) == VMR_OK);
  sides[0].ctx = ctx;
  for (int i = 0; i < THREADS; i++) {
    sides[i] = sides[0];
    sides[i].seed = (uint64_t)i + 1;
  }
  for (int i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, work, &sides[i]) == 0);
  for (int i = 0; i < THREADS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
  for (int i = 0; i < BOXES; i++) vmr_heap_free(boxes[i]);
  CHECK(vmr_heap_used_bytes(sides[0].heap) == 0);
  CHECK(vmr_ctx_is_valid(ctx));
  vmr_heap_destroy(sides[0].heap);
  vmr_heap_destroy(sides[0].forever);
  CHECK(vmr_arena_pool_destroy(sides[0].arenas) == VMR_OK);
  CHECK(vmr_ctx_destroy(ctx) == VMR_OK);
  return 0;
}
