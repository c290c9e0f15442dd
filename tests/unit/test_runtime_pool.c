/* test_runtime_pool.c: pools: content and alignment, misuse that is recognised, limits, iteration, trimming, buffers of the
 * caller's, faults, guard bytes; and random operations against a model. */
#define _GNU_SOURCE

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/unit/runtime_ctx.h"
#include "tests/unit/short_of_memory.h"

static vmr_pool *make_pool(vmr_ctx *ctx, size_t bytes, size_t alignment) {
  vmr_pool_options options = vmr_pool_options_for(bytes, alignment);
  vmr_pool *pool = NULL;
  assert_int_equal(vmr_pool_create(&pool, ctx, &options), VMR_OK);
  return pool;
}

/* ---- objects ---- */

static void objects_are_aligned_and_apart(void **state) {
  (void)state;
  enum { COUNT = 3000 };
  static unsigned char *objects[COUNT];
  const struct {
    size_t bytes, alignment;
  } shapes[] = {{1, 0}, {8, 1}, {16, 16}, {24, 8}, {64, 64}, {100, 32}, {5000, 0}, {48, 4096}, {200000, 0}};
  for (size_t shape = 0; shape < sizeof shapes / sizeof *shapes; shape++) {
    size_t bytes = shapes[shape].bytes, alignment = shapes[shape].alignment < 16 ? 16 : shapes[shape].alignment;
    size_t count = bytes < 1000 ? COUNT : 50;
    vmr_pool *pool = make_pool(NULL, bytes, shapes[shape].alignment);
    for (int round = 0; round < 2; round++) {
      for (size_t i = 0; i < count; i++) {
        objects[i] = vmr_pool_get(pool);
        assert_non_null(objects[i]);
        assert_true((uintptr_t)objects[i] % alignment == 0);
        memset(objects[i], (int)i, bytes);
      }
      for (size_t i = 0; i < count; i++) {
        assert_int_equal(objects[i][0], (unsigned char)i);
        assert_int_equal(objects[i][bytes - 1], (unsigned char)i);
      }
      assert_true(vmr_pool_is_valid(pool));
      for (size_t i = 0; i < count; i++) assert_int_equal(vmr_pool_put(pool, objects[i]), VMR_OK);
      assert_true(vmr_pool_is_valid(pool));
    }
    vmr_pool_figures figures = vmr_pool_read_figures(pool);
    assert_int_equal(figures.live, 0);
    assert_int_equal(figures.idle, count);
    assert_int_equal(figures.misses, count);
    assert_int_equal(figures.hits, count);
    assert_int_equal(figures.object_bytes, bytes);
    assert_int_equal(vmr_pool_destroy(pool), VMR_OK);
  }
}

static void options_are_checked(void **state) {
  (void)state;
  vmr_pool_options options = vmr_pool_options_for(0, 0);
  vmr_pool *pool = NULL;
  char buffer[100];
  assert_int_equal(vmr_pool_create(&pool, NULL, &options), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_pool_create(&pool, NULL, NULL), VMR_INVALID_ARGUMENT);
  options = vmr_pool_options_for(8, 24);
  assert_int_equal(vmr_pool_create(&pool, NULL, &options), VMR_INVALID_ARGUMENT);
  options = vmr_pool_options_for(SIZE_MAX, 0);
  assert_int_equal(vmr_pool_create(&pool, NULL, &options), VMR_INVALID_ARGUMENT);
  options = vmr_pool_options_for(8, SIZE_MAX / 2 + 1);
  assert_int_equal(vmr_pool_create(&pool, NULL, &options), VMR_INVALID_ARGUMENT);
  options = vmr_pool_options_for(8, 0);
  assert_int_equal(vmr_pool_create(NULL, NULL, &options), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_pool_create_in(&pool, NULL, &options, buffer, sizeof buffer), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_pool_create_in(&pool, NULL, &options, NULL, 10000), VMR_INVALID_ARGUMENT);
  assert_null(pool);
  options.struct_size = 8;
  assert_int_equal(vmr_pool_create(&pool, NULL, &options), VMR_INVALID_ARGUMENT);
  struct {
    vmr_pool_options options;
    size_t more;
  } later = {vmr_pool_options_for(8, 0), 1};
  later.options.struct_size = sizeof later;
  assert_int_equal(vmr_pool_create(&pool, NULL, &later.options), VMR_WRONG_VERSION);
  vmr_shared_pool *shared = NULL;
  assert_int_equal(vmr_shared_pool_create(&shared, NULL, &later.options), VMR_WRONG_VERSION);
  later.more = 0; /* what the later version adds is not asked for */
  assert_int_equal(vmr_shared_pool_create(&shared, NULL, &later.options), VMR_OK);
  void *object = vmr_shared_pool_get(shared);
  assert_non_null(object);
  assert_int_equal(vmr_shared_pool_put(shared, object), VMR_OK);
  assert_int_equal(vmr_shared_pool_destroy(shared), VMR_OK);
  assert_int_equal(vmr_pool_destroy(NULL), VMR_OK);
}

static void misuse_is_recognised(void **state) {
  (void)state;
  misuse found = {0};
  vmr_ctx *ctx = make_watched_ctx(0, &found);
  vmr_pool *pool = make_pool(ctx, 40, 0), *other = make_pool(ctx, 40, 0);
  char *object = vmr_pool_get(pool), *foreign = vmr_pool_get(other), local[64] = "";
  assert_int_equal(vmr_pool_put(pool, NULL), VMR_OK);
  assert_int_equal(vmr_pool_put(pool, foreign), VMR_FOREIGN_POINTER);
  assert_ptr_equal(found.object, foreign);
  assert_int_equal(vmr_pool_put(pool, local + 32), VMR_FOREIGN_POINTER);
  assert_int_equal(vmr_pool_put(pool, object + 8), VMR_FOREIGN_POINTER);
  for (size_t before = 16; before < 128; before += 16) /* the first one of all: nothing lies before its tag */
    assert_int_equal(vmr_pool_put(pool, (void *)((uintptr_t)object - before)), VMR_FOREIGN_POINTER);
  assert_int_equal(vmr_pool_status(pool), VMR_FOREIGN_POINTER);
  assert_int_equal(vmr_pool_put(pool, object), VMR_OK);
  assert_int_equal(vmr_pool_put(pool, object), VMR_DOUBLE_FREE);
  assert_int_equal(found.what, VMR_DOUBLE_FREE);
  assert_int_equal(found.count, 11);
  assert_true(vmr_pool_is_valid(pool) && vmr_pool_is_valid(other));
  assert_int_equal(vmr_pool_destroy(other), VMR_STILL_IN_USE);
  assert_ptr_equal(found.object, foreign);
  assert_int_equal(vmr_pool_destroy(pool), VMR_OK);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

typedef struct point {
  double x, y;
} point;

VMR_POOL_DEFINE(point_pool, point);

static void typed_pools_have_functions_of_their_own(void **state) {
  (void)state;
  point_pool *pool = NULL;
  assert_int_equal(point_pool_create(&pool, NULL), VMR_OK);
  point *first = point_pool_get(pool);
  *first = (point){1, 2};
  assert_int_equal(point_pool_put(pool, first), VMR_OK);
  assert_ptr_equal(point_pool_get(pool), first);
  assert_int_equal(point_pool_put(pool, first), VMR_OK);
  assert_int_equal(point_pool_put(pool, first), VMR_DOUBLE_FREE);
  assert_int_equal(point_pool_destroy(pool), VMR_OK);
}

static void count_reset(void *user, void *object) {
  ++*(int *)user;
  memset(object, 9, 32);
}

static void objects_are_reset_when_they_come_back(void **state) {
  (void)state;
  int resets = 0;
  vmr_pool_options options = vmr_pool_options_for(32, 0);
  vmr_pool *pool = NULL;
  options.reset = count_reset;
  options.user = &resets;
  assert_int_equal(vmr_pool_create(&pool, NULL, &options), VMR_OK);
  unsigned char *object = vmr_pool_get(pool);
  object[0] = 1;
  assert_int_equal(vmr_pool_put(pool, object), VMR_OK);
  assert_int_equal(resets, 1);
  assert_int_equal(vmr_pool_put(pool, object), VMR_DOUBLE_FREE);
  assert_int_equal(resets, 1);
  assert_ptr_equal(vmr_pool_get(pool), object);
  if (vmr_pool_read_figures(pool).hits == 1) assert_int_equal(object[0], 9);
  assert_int_equal(vmr_pool_put(pool, object), VMR_OK);
  assert_int_equal(vmr_pool_destroy(pool), VMR_OK);
}

static void live_objects_can_be_listed(void **state) {
  (void)state;
  enum { COUNT = 2000 };
  static char *objects[COUNT];
  vmr_pool *pool = make_pool(NULL, 56, 0);
  size_t listed = 0;
  assert_null(vmr_pool_next_live(pool, NULL));
  for (int i = 0; i < COUNT; i++) {
    objects[i] = vmr_pool_get(pool);
    objects[i][0] = (char)(i % 3);
  }
  for (int i = 0; i < COUNT; i++) {
    if (i % 3 == 0) assert_int_equal(vmr_pool_put(pool, objects[i]), VMR_OK);
  }
  for (char *each = NULL; (each = vmr_pool_next_live(pool, each)) != NULL; listed++) {
    assert_true(each[0] == 1 || each[0] == 2);
    if (each[0] == 1) assert_int_equal(vmr_pool_put(pool, each), VMR_OK); /* on the way */
  }
  assert_int_equal(listed, COUNT - (COUNT + 2) / 3);
  assert_int_equal(vmr_pool_read_figures(pool).live, COUNT / 3);
  assert_int_equal(vmr_pool_destroy(pool), VMR_STILL_IN_USE);
}

/* ---- limits ---- */

static void no_more_live_objects_than_allowed(void **state) {
  (void)state;
  vmr_pool_options options = vmr_pool_options_for(64, 0);
  vmr_pool *pool = NULL;
  void *objects[10];
  options.max_live = 10;
  assert_int_equal(vmr_pool_create(&pool, NULL, &options), VMR_OK);
  for (int round = 0; round < 3; round++) {
    for (int i = 0; i < 10; i++) assert_non_null(objects[i] = vmr_pool_get(pool));
    assert_null(vmr_pool_get(pool));
    assert_int_equal(vmr_pool_status(pool), VMR_OUT_OF_MEMORY);
    for (int i = 0; i < 10; i++) assert_int_equal(vmr_pool_put(pool, objects[i]), VMR_OK);
  }
  assert_int_equal(vmr_pool_read_figures(pool).hits, 20);
  assert_int_equal(vmr_pool_read_figures(pool).misses, 13);
  assert_int_equal(vmr_pool_destroy(pool), VMR_OK);
}

static void idle_slabs_are_given_back(void **state) {
  (void)state;
  enum { COUNT = 20000 };
  static void *objects[COUNT];
  vmr_ctx *ctx = make_watched_ctx(0, NULL);
  vmr_pool_options options = vmr_pool_options_for(100, 0);
  vmr_pool *pool = NULL;
  options.max_idle = 100;
  assert_int_equal(vmr_pool_create(&pool, ctx, &options), VMR_OK);
  size_t most = 0;
  for (int round = 0; round < 3; round++) {
    for (int i = 0; i < COUNT; i++) assert_non_null(objects[i] = vmr_pool_get(pool));
    most = vmr_pool_read_figures(pool).reserved_bytes;
    for (int i = 0; i < COUNT; i++) {
      assert_int_equal(vmr_pool_put(pool, objects[i]), VMR_OK);
      if (i % 5000 == 0) assert_true(vmr_pool_is_valid(pool));
    }
    assert_true(vmr_pool_is_valid(pool));
    assert_true(vmr_pool_read_figures(pool).idle >= 100);
    assert_true(vmr_pool_read_figures(pool).reserved_bytes <= most / 4 * 3); /* whole slabs */
  }
  assert_true(vmr_trim(ctx) > 0);
  assert_int_equal(vmr_pool_read_figures(pool).reserved_bytes, 0);
  assert_true(vmr_pool_is_valid(pool));
  assert_non_null(objects[0] = vmr_pool_get(pool));
  assert_int_equal(vmr_pool_trim(pool), 0);
  assert_int_equal(vmr_pool_put(pool, objects[0]), VMR_OK);
  assert_int_equal(vmr_pool_destroy(pool), VMR_OK);
  assert_int_equal(current_bytes(ctx), 0);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

static void a_pool_lives_in_a_buffer(void **state) {
  (void)state;
  static _Alignas(16) char buffer[8192];
  vmr_pool_options options = vmr_pool_options_for(48, 0);
  vmr_pool *pool = NULL;
  for (size_t skew = 0; skew < 4; skew++) {
    assert_int_equal(vmr_pool_create_in(&pool, NULL, &options, buffer + skew, sizeof buffer - 2 * skew), VMR_OK);
    size_t count = 0;
    void *last = NULL;
    for (char *object; (object = vmr_pool_get(pool)) != NULL; count++) {
      assert_true(object > buffer && object + 48 <= buffer + sizeof buffer - skew);
      memset(object, 1, 48);
      last = object;
    }
    assert_true(count >= (vmr_pool_is_valid(pool) ? 70 : 1000));
    assert_int_equal(vmr_pool_put(pool, last), VMR_OK);
    assert_ptr_equal(vmr_pool_get(pool), last);
    assert_int_equal(vmr_pool_trim(pool), 0);
    assert_int_equal(vmr_pool_destroy(pool), VMR_STILL_IN_USE);
  }
}

/* ---- faults and guards ---- */

static int use_pool(vmr_ctx *ctx) {
  void *objects[400];
  int failed = 0, got = 0;
  vmr_pool_options options = vmr_pool_options_for(120, 0);
  vmr_pool *pool = NULL;
  options.max_idle = 50;
  if (vmr_pool_create(&pool, ctx, &options) != VMR_OK) return 1;
  for (int round = 0; round < 2; round++) {
    for (; got < 400; got++) {
      objects[got] = vmr_pool_get(pool);
      if (objects[got] == NULL) break;
      memset(objects[got], 1, 120);
    }
    failed += got < 400;
    assert_true(vmr_pool_is_valid(pool));
    while (got > 0) assert_int_equal(vmr_pool_put(pool, objects[--got]), VMR_OK);
  }
  assert_true((vmr_pool_status(pool) == VMR_OUT_OF_MEMORY) == (failed != 0));
  assert_int_equal(vmr_pool_destroy(pool), VMR_OK);
  return failed;
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  for (uint32_t flags = 0; flags <= VMR_GUARD; flags += VMR_GUARD) {
    misuse found = {0};
    vmr_ctx *ctx = make_watched_ctx(flags, &found);
    uint64_t nth = 1;
    for (int failed = 1; failed != 0; nth++) {
      vmr_ctx_set_faults(ctx, nth, 0, 0, 0);
      failed = use_pool(ctx);
      assert_int_equal(current_bytes(ctx), 0);
    }
    assert_true(nth > 800);
    assert_int_equal(found.count, 0);
    assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
  }
}

static void writes_around_and_after_are_found(void **state) {
  (void)state;
#ifdef VMO_ADDRESS_SANITIZER
  skip(); /* the sanitizer finds them itself */
#endif
  for (size_t bytes = 1; bytes < 70; bytes += 3) {
    misuse found = {0};
    vmr_ctx *ctx = make_watched_ctx(VMR_GUARD, &found);
    vmr_pool *pool = make_pool(ctx, bytes, 0);
    volatile char *object = vmr_pool_get(pool), *other = vmr_pool_get(pool);
    assert_true(vmr_pool_is_valid(pool));
    object[bytes] ^= 1;
    assert_false(vmr_pool_is_valid(pool));
    assert_int_equal(found.what, VMR_CORRUPTED);
    assert_ptr_equal(found.object, object);
    object[bytes] ^= 1;
    assert_int_equal(vmr_pool_put(pool, (void *)(uintptr_t)object), VMR_OK);
    assert_int_equal(found.count, 1);
    object[bytes / 2] = 7; /* it is idle */
    assert_false(vmr_pool_is_valid(pool));
    assert_ptr_equal(vmr_pool_get(pool), object);
    assert_int_equal(found.count, 3);
    object[bytes + 15] ^= 1;
    assert_int_equal(vmr_pool_put(pool, (void *)(uintptr_t)object), VMR_CORRUPTED);
    assert_ptr_equal(found.object, object);
    assert_int_equal(vmr_pool_put(pool, (void *)(uintptr_t)object), VMR_DOUBLE_FREE); /* it was taken back */
    assert_int_equal(vmr_pool_status(pool), VMR_CORRUPTED);
    other[-1] ^= 1; /* the tag */
    assert_int_equal(vmr_pool_put(pool, (void *)(uintptr_t)other), VMR_DOUBLE_FREE);
    assert_int_equal(vmr_pool_destroy(pool), VMR_STILL_IN_USE);
    assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
  }
}

/* Nothing is read of what is given back unless it is the pool's: memory before it may not be there, and its slab may be
 * gone. */
static void misuse_is_found_without_a_look_at_foreign_memory(void **state) {
  (void)state;
  enum { COUNT = 5000 };
  static void *objects[COUNT];
  misuse found = {0};
  vmr_ctx *ctx = make_watched_ctx(0, &found);
  vmr_pool_options options = vmr_pool_options_for(100, 0);
  vmr_pool *pool = NULL;
  char *pages = mmap(NULL, 3 * 64 * KIB, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  assert_true(pages != MAP_FAILED);
  for (size_t max_idle = 0; max_idle <= 10; max_idle += 10) {
    options.max_idle = max_idle;
    assert_int_equal(vmr_pool_create(&pool, ctx, &options), VMR_OK);
    for (int i = 0; i < COUNT; i++) objects[i] = vmr_pool_get(pool);
    for (size_t at = 0; at < 3 * 64 * KIB; at += 4 * KIB)
      assert_int_equal(vmr_pool_put(pool, pages + at), VMR_FOREIGN_POINTER);
    size_t most = vmr_pool_read_figures(pool).reserved_bytes;
    for (int i = 0; i < COUNT; i++) assert_int_equal(vmr_pool_put(pool, objects[i]), VMR_OK);
    if (max_idle == 0) assert_true(vmr_pool_trim(pool) > COUNT * 100);
    assert_true(vmr_pool_read_figures(pool).reserved_bytes < most);
    for (int i = 0; i < COUNT; i++) assert_true(vmr_pool_put(pool, objects[i]) != VMR_OK);
#ifndef VMO_ADDRESS_SANITIZER
    assert_int_equal(found.what, VMR_DOUBLE_FREE);
#endif
    assert_true(vmr_pool_is_valid(pool));
    for (int i = 0; i < COUNT; i++) { /* and what was given back is used again */
      objects[i] = vmr_pool_get(pool);
      memset(objects[i], 1, 100);
    }
    assert_int_equal(vmr_pool_read_figures(pool).live, COUNT);
    assert_true(vmr_pool_is_valid(pool));
    assert_int_equal(vmr_pool_destroy(pool), VMR_STILL_IN_USE);
  }
  munmap(pages, 3 * 64 * KIB);
  assert_int_equal(current_bytes(ctx), 0);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

/* Magazines go to the depot and come back, are emptied where they are too many, and freed: their books say so. */
static void the_depot_keeps_its_books(void **state) {
  (void)state;
  enum { COUNT = 2000 };
  static void *objects[COUNT];
  for (size_t max_idle = 0; max_idle <= 600; max_idle += 300) {
    vmr_ctx *ctx = make_ctx();
    vmr_pool_options options = vmr_pool_options_for(40, 0);
    vmr_shared_pool *pool = NULL;
    options.max_idle = max_idle;
    assert_int_equal(vmr_shared_pool_create(&pool, ctx, &options), VMR_OK);
    for (int round = 0; round < 12; round++) {
      int count = 100 + round % 4 * 600;
      for (int i = 0; i < count; i++) assert_non_null(objects[i] = vmr_shared_pool_get(pool));
      assert_true(vmr_shared_pool_is_valid(pool));
      for (int i = 0; i < count; i++) assert_int_equal(vmr_shared_pool_put(pool, objects[i]), VMR_OK);
      assert_true(vmr_shared_pool_is_valid(pool));
      if (round % 5 == 4) (void)vmr_shared_pool_trim(pool);
      assert_true(vmr_shared_pool_is_valid(pool));
    }
    assert_int_equal(vmr_shared_pool_destroy(pool), VMR_OK);
    assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
  }
}

VMR_POOL_DEFINE(pair_pool, misuse);

static void a_defined_pool_takes_options(void **state) {
  (void)state;
  pair_pool *pool = NULL;
  vmr_pool_options options = vmr_pool_options_for(1, 0);
  options.max_live = 2;
  assert_int_equal(pair_pool_create_with(NULL, NULL, &options), VMR_INVALID_ARGUMENT);
  assert_int_equal(pair_pool_create_with(&pool, NULL, &options), VMR_OK);
  misuse *first = pair_pool_get(pool), *second = pair_pool_get(pool);
  assert_true(first != NULL && second != NULL && second + 1 != first && first != second);
  assert_null(pair_pool_get(pool));
  assert_int_equal(pair_pool_put(pool, first), VMR_OK);
  assert_ptr_equal(pair_pool_get(pool), first);
  assert_int_equal(pair_pool_destroy(pool), VMR_STILL_IN_USE);
}

/* ---- random operations against a model ---- */

enum { MODEL = 600 };

static uint64_t random_state;

static uint32_t random_below(uint32_t limit) {
  random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)(random_state >> 33) % limit;
}

static void run_random_program(uint64_t seed, uint32_t flags) {
  static unsigned char *objects[MODEL];
  static unsigned char fills[MODEL];
  size_t live = 0, bytes = 1 + (size_t)seed * 37 % 300;
  misuse found = {0};
  vmr_ctx *ctx = make_watched_ctx(flags, &found);
  vmr_pool_options options = vmr_pool_options_for(bytes, (size_t)1 << seed % 8);
  vmr_pool *pool = NULL;
  options.max_idle = seed % 3 == 0 ? 20 : 0;
  assert_int_equal(vmr_pool_create(&pool, ctx, &options), VMR_OK);
  random_state = seed;
  memset(objects, 0, sizeof objects);
  for (int step = 0; step < 6000; step++) {
    size_t at = random_below(MODEL);
    if (objects[at] == NULL) {
      objects[at] = vmr_pool_get(pool);
      fills[at] = (unsigned char)step;
      memset(objects[at], fills[at], bytes);
      live++;
    } else {
      for (size_t i = 0; i < bytes; i++) assert_int_equal(objects[at][i], fills[at]);
      assert_int_equal(vmr_pool_put(pool, objects[at]), VMR_OK);
      objects[at] = NULL;
      live--;
    }
    assert_int_equal(vmr_pool_read_figures(pool).live, live);
    if (step % 500 == 0) assert_true(vmr_pool_is_valid(pool));
    if (step % 1700 == 0) vmr_pool_trim(pool);
  }
  size_t listed = 0;
  for (void *each = NULL; (each = vmr_pool_next_live(pool, each)) != NULL;) listed++;
  assert_int_equal(listed, live);
  for (size_t i = 0; i < MODEL; i++) assert_int_equal(vmr_pool_put(pool, objects[i]), VMR_OK);
  assert_int_equal(vmr_pool_destroy(pool), VMR_OK);
  assert_int_equal(found.count, 0);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

static void random_programs_keep_every_byte(void **state) {
  (void)state;
  for (uint64_t seed = 1; seed <= 12; seed++) run_random_program(seed, seed % 2 == 0 ? VMR_GUARD : 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(objects_are_aligned_and_apart),
      cmocka_unit_test(options_are_checked),
      cmocka_unit_test(misuse_is_recognised),
      cmocka_unit_test(typed_pools_have_functions_of_their_own),
      cmocka_unit_test(objects_are_reset_when_they_come_back),
      cmocka_unit_test(live_objects_can_be_listed),
      cmocka_unit_test(no_more_live_objects_than_allowed),
      cmocka_unit_test(idle_slabs_are_given_back),
      cmocka_unit_test(a_pool_lives_in_a_buffer),
      cmocka_unit_test(every_allocation_may_fail),
      cmocka_unit_test(writes_around_and_after_are_found),
      cmocka_unit_test(misuse_is_found_without_a_look_at_foreign_memory),
      cmocka_unit_test(the_depot_keeps_its_books),
      cmocka_unit_test(a_defined_pool_takes_options),
      cmocka_unit_test(random_programs_keep_every_byte),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
