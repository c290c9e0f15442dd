/* pool_threads.c: a shared pool and a shared heap between threads: what one takes the other gives back, content arrives, no
 * object is handed out twice; threads that end; misuse; and a context that several threads use at once. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include "tests/runtime/check.h"
#include "vmemrt.h"

enum { BOXES = 128, STEPS = 30000, BYTES = 40 };

typedef struct side {
  vmr_shared_pool *pool;
  vmr_heap *heap;
  vmr_ctx *ctx;
  uint64_t seed;
} side;

static void *_Atomic boxes[BOXES];
static void *_Atomic heap_boxes[BOXES];

static uint32_t draw(uint64_t *seed) {
  *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)(*seed >> 33);
}

static void check_content(const unsigned char *object) {
  for (int i = 1; i < BYTES; i++) CHECK(object[i] == object[0]);
}

/* Puts a fresh object into a box and gives back what was in it. */
static void step(side *mine, void *_Atomic *box) {
  unsigned char *object = vmr_shared_pool_get(mine->pool);
  CHECK(object != NULL);
  memset(object, (int)draw(&mine->seed), BYTES);
  unsigned char *other = atomic_exchange(box, object);
  if (other == NULL) return;
  check_content(other);
  CHECK(vmr_shared_pool_put(mine->pool, other) == VMR_OK);
}

static void heap_step(side *mine, void *_Atomic *box) {
  unsigned char *object = vmr_heap_alloc(mine->heap, BYTES + draw(&mine->seed) % 2000);
  CHECK(object != NULL);
  memset(object, (int)draw(&mine->seed), BYTES);
  unsigned char *other = atomic_exchange(box, object);
  if (other != NULL) check_content(other);
  vmr_heap_free(other);
}

static void *work(void *argument) {
  side *mine = argument;
  vmr_arena *arena = NULL;
  CHECK(vmr_arena_open(&arena, mine->ctx, 1024) == VMR_OK);
  for (int i = 0; i < STEPS; i++) {
    step(mine, &boxes[draw(&mine->seed) % BOXES]);
    if (i % 8 == 0) heap_step(mine, &heap_boxes[draw(&mine->seed) % BOXES]);
    CHECK(vmr_arena_alloc(arena, 100) != NULL);
    if (i % 100 == 0) vmr_arena_reset(arena);
  }
  vmr_arena_destroy(arena);
  return NULL;
}

static void count_reset(void *user, void *object) {
  atomic_fetch_add((_Atomic int *)user, 1);
  (void)object;
}

/* What lies in magazines is not given back with the slabs: no object comes twice. */
static void trim_between(vmr_ctx *ctx, vmr_shared_pool *pool) {
  enum { COUNT = 2000 };
  static uint32_t *objects[COUNT];
  for (int round = 0; round < 5; round++) {
    for (uint32_t i = 0; i < COUNT; i++) {
      objects[i] = vmr_shared_pool_get(pool);
      CHECK(objects[i] != NULL);
      *objects[i] = i;
    }
    for (uint32_t i = 0; i < COUNT; i++) CHECK(*objects[i] == i);
    for (uint32_t i = 0; i < COUNT; i++) CHECK(vmr_shared_pool_put(pool, objects[i]) == VMR_OK);
    vmr_trim(ctx);
  }
}

static void share(vmr_ctx *ctx, bool with_reset, size_t max_live) {
  _Atomic int resets = 0;
  vmr_pool_options options = vmr_pool_options_for(BYTES, 0);
  vmr_shared_pool *pool = NULL;
  vmr_heap *heap = NULL;
  options.max_live = max_live;
  options.max_idle = 300;
  options.reset = with_reset ? count_reset : NULL;
  options.user = &resets;
  CHECK(vmr_shared_pool_create(&pool, ctx, &options) == VMR_OK);
  CHECK(vmr_heap_create(&heap, ctx, VMR_HEAP_SHARED) == VMR_OK);
  for (int round = 0; round < 2; round++) { /* the second pair of threads finds what the first one left */
    side sides[2] = {{pool, heap, ctx, 1}, {pool, heap, ctx, 2}};
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) CHECK(pthread_create(&threads[i], NULL, work, &sides[i]) == 0);
    for (int i = 0; i < 20; i++) { /* figures may be read at any time */
      CHECK(vmr_shared_pool_read_figures(pool).reserved_bytes < (size_t)1 << 26);
      CHECK(vmr_heap_used_bytes(heap) < (size_t)1 << 26);
    }
    for (int i = 0; i < 2; i++) CHECK(pthread_join(threads[i], NULL) == 0);
  }
  size_t live = 0;
  for (int i = 0; i < BOXES; i++) live += boxes[i] != NULL;
  CHECK(vmr_shared_pool_read_figures(pool).live == live);
  CHECK(vmr_shared_pool_read_figures(pool).hits + vmr_shared_pool_read_figures(pool).misses == (size_t)4 * STEPS);
  for (int i = 0; i < BOXES; i++) {
    CHECK(vmr_shared_pool_put(pool, atomic_exchange(&boxes[i], NULL)) == VMR_OK);
    vmr_heap_free(atomic_exchange(&heap_boxes[i], NULL));
  }
  CHECK(!with_reset || resets == 4 * STEPS);
  trim_between(ctx, pool);
  CHECK(vmr_heap_is_valid(heap));
  void *object = vmr_shared_pool_get(pool);
  CHECK(vmr_shared_pool_put(pool, object) == VMR_OK);
  CHECK(vmr_shared_pool_put(pool, object) == VMR_DOUBLE_FREE);
  CHECK(vmr_shared_pool_status(pool) == VMR_DOUBLE_FREE);
  CHECK(vmr_shared_pool_put(pool, NULL) == VMR_OK);
  vmr_heap_destroy(heap);
  CHECK(vmr_shared_pool_destroy(pool) == VMR_OK);
}

/* Under AddressSanitizer no address range is reserved, and a shared pool keeps slabs of which others may still read. */
#ifdef __SANITIZE_ADDRESS__
#define GIVES_BACK false
#else
#define GIVES_BACK true
#endif

/* What is idle beyond max_idle goes back, but for what the thread's magazines hold; trimming gives back the rest. */
static void give_back(vmr_ctx *ctx) {
  enum { COUNT = 20000 };
  static void *objects[COUNT];
  vmr_pool_options options = vmr_pool_options_for(BYTES, 0);
  vmr_shared_pool *pool = NULL;
  for (size_t max_idle = 0; max_idle <= 1000; max_idle += 1000) {
    options.max_idle = max_idle;
    CHECK(vmr_shared_pool_create(&pool, ctx, &options) == VMR_OK);
    for (int i = 0; i < COUNT; i++) objects[i] = vmr_shared_pool_get(pool);
    size_t live = 0, most = vmr_shared_pool_read_figures(pool).reserved_bytes;
    for (void *each = NULL; (each = vmr_shared_pool_next_live(pool, each)) != NULL;) live++;
    CHECK(live == COUNT && most > (size_t)COUNT * BYTES && vmr_shared_pool_is_valid(pool));
    for (int i = COUNT - 1; i >= 0; i--) CHECK(vmr_shared_pool_put(pool, objects[i]) == VMR_OK);
    CHECK(vmr_shared_pool_next_live(pool, NULL) == NULL && vmr_shared_pool_is_valid(pool));
    CHECK((vmr_shared_pool_read_figures(pool).reserved_bytes < most / 2) == (max_idle != 0 && GIVES_BACK));
    vmr_shared_pool_trim(pool);
    CHECK((vmr_shared_pool_read_figures(pool).reserved_bytes < most / 2) == GIVES_BACK &&
          vmr_shared_pool_is_valid(pool));
    for (int i = 0; i < COUNT; i++) CHECK(vmr_shared_pool_put(pool, objects[i]) != VMR_OK);
    CHECK(vmr_shared_pool_put(pool, (char *)objects[5] + 8) == VMR_FOREIGN_POINTER);
    CHECK(vmr_shared_pool_put(pool, &live) == VMR_FOREIGN_POINTER);
    CHECK(vmr_shared_pool_destroy(pool) == VMR_OK);
  }
}

static void live_in_a_buffer(void) {
  static char buffer[10000];
  vmr_pool_options options = vmr_pool_options_for(BYTES, 0);
  vmr_shared_pool *pool = NULL;
  void *objects[200];
  int count = 0;
  CHECK(vmr_shared_pool_create_in(&pool, NULL, &options, buffer, 500) == VMR_INVALID_ARGUMENT);
  CHECK(vmr_shared_pool_create_in(&pool, NULL, &options, buffer + 1, sizeof buffer - 1) == VMR_OK);
  while (count < 200 && (objects[count] = vmr_shared_pool_get(pool)) != NULL) memset(objects[count++], 1, BYTES);
  CHECK(count > 100 && count < 200 && vmr_shared_pool_is_valid(pool));
  while (count > 0) CHECK(vmr_shared_pool_put(pool, objects[--count]) == VMR_OK);
  CHECK(vmr_shared_pool_put(pool, objects[0]) == VMR_DOUBLE_FREE);
  CHECK(vmr_shared_pool_destroy(pool) == VMR_OK);
}

int main(void) {
  vmr_ctx *ctx = NULL;
  vmr_shared_pool *pool = NULL;
  CHECK(vmr_ctx_create(&ctx, NULL) == VMR_OK);
  CHECK(vmr_shared_pool_create(&pool, ctx, NULL) == VMR_INVALID_ARGUMENT);
  CHECK(vmr_shared_pool_destroy(NULL) == VMR_OK);
  give_back(ctx);
  live_in_a_buffer();
  share(ctx, false, 0);
  share(ctx, true, 0);
  share(ctx, false, 100000); /* under the lock each time */
  vmr_pool_options options = vmr_pool_options_for(BYTES, 0);
  for (uint64_t nth = 1; nth < 30; nth++) { /* any of its allocations may fail */
    vmr_ctx_set_faults(ctx, 0, 0, 0, 0);
    if (vmr_shared_pool_create(&pool, ctx, &options) != VMR_OK) continue;
    vmr_ctx_set_faults(ctx, nth, 0, 0, 0);
    void *objects[1000];
    int count = 0;
    while (count < 1000 && (objects[count] = vmr_shared_pool_get(pool)) != NULL) count++;
    CHECK(count == 1000 || vmr_shared_pool_status(pool) == VMR_OUT_OF_MEMORY);
    while (count > 0) CHECK(vmr_shared_pool_put(pool, objects[--count]) == VMR_OK);
    CHECK(vmr_shared_pool_destroy(pool) == VMR_OK);
  }
  CHECK(vmr_shared_pool_create(&pool, ctx, &options) == VMR_OK);
  CHECK(vmr_shared_pool_get(pool) != NULL);
  CHECK(vmr_shared_pool_destroy(pool) == VMR_STILL_IN_USE);
  CHECK(vmr_ctx_destroy(ctx) == VMR_OK);
  return 0;
}
