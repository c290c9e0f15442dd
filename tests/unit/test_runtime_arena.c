/* test_runtime_arena.c: what an arena does beyond handing out bytes (test_arena.c): scopes, release callbacks, buffers of
 * the caller's, trimming, limits and faults of its context, guard bytes, arenas that come back. */
#define _POSIX_C_SOURCE 200809L

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "tests/unit/runtime_ctx.h"
#include "tests/unit/short_of_memory.h"

/* ---- scopes ---- */

static void the_end_of_a_scope_goes_back(void **state) {
  (void)state;
  vmr_arena *arena = vmr_arena_create(4 * KIB);
  for (int round = 0; round < 3; round++) {
    char *before = vmr_arena_alloc(arena, 100);
    memset(before, 1, 100);
    size_t used = vmr_arena_used_bytes(arena);
    vmr_scope outer = vmr_arena_begin(arena);
    void *first = vmr_arena_alloc(arena, 40);
    for (int i = 0; i < 200; i++) memset(vmr_arena_alloc(arena, 333), 2, 333);
    assert_non_null(vmr_arena_alloc(arena, MIB));
    vmr_scope inner = vmr_arena_begin(arena);
    assert_non_null(vmr_arena_copy_text(arena, "abc", 3));
    assert_non_null(vmr_arena_alloc(arena, MIB));
    assert_int_equal(vmr_arena_end(&inner), VMR_OK);
    assert_int_equal(vmr_arena_end(&outer), VMR_OK);
    assert_int_equal(vmr_arena_used_bytes(arena), used);
    assert_ptr_equal(vmr_arena_alloc(arena, 40), first);
    for (int i = 0; i < 100; i++) assert_int_equal(before[i], 1);
    assert_true(vmr_arena_is_valid(arena));
  }
  assert_true(vmr_arena_peak_bytes(arena) > 2 * MIB);
  vmr_arena_destroy(arena);
}

/* A large object that moves when it grows must not take the mark of the scope with it. */
static void what_is_older_than_a_scope_outlives_it(void **state) {
  (void)state;
  vmr_arena *arena = vmr_arena_create(0);
  unsigned char *first = vmr_arena_alloc(arena, 200 * KIB), *second = vmr_arena_alloc(arena, 200 * KIB);
  memset(first, 7, 200 * KIB);
  size_t used = vmr_arena_used_bytes(arena);
  vmr_scope scope = vmr_arena_begin(arena);
  second = vmr_arena_grow(arena, second, 200 * KIB, 40 * MIB);
  assert_non_null(second);
  assert_non_null(vmr_arena_alloc(arena, 300 * KIB));
  assert_int_equal(vmr_arena_end(&scope), VMR_OK);
  for (size_t i = 0; i < 200 * KIB; i++) assert_int_equal(first[i], 7);
  assert_true(vmr_arena_used_bytes(arena) >= used);
  assert_true(vmr_arena_used_bytes(arena) < 41 * MIB);
  assert_true(vmr_arena_is_valid(arena));
  vmr_arena_destroy(arena);
}

static void a_scope_of_an_empty_arena_empties_it(void **state) {
  (void)state;
  vmr_arena *arena = vmr_arena_create(0);
  vmr_scope scope = vmr_arena_begin(arena);
  assert_non_null(vmr_arena_alloc(arena, 10));
  assert_int_equal(vmr_arena_end(&scope), VMR_OK);
  assert_int_equal(vmr_arena_used_bytes(arena), 0);
  assert_true(vmr_arena_is_valid(arena));
  assert_non_null(vmr_arena_alloc(arena, 10));
  vmr_arena_destroy(arena);
}

static void scopes_end_in_order(void **state) {
  (void)state;
  vmr_arena *arena = vmr_arena_create(0);
  vmr_scope outer = vmr_arena_begin(arena), inner = vmr_arena_begin(arena);
  char *object = vmr_arena_alloc(arena, 10);
  size_t used = vmr_arena_used_bytes(arena);
  assert_int_equal(vmr_arena_end(&outer), VMR_WRONG_ORDER);
  assert_int_equal(vmr_arena_status(arena), VMR_WRONG_ORDER);
  assert_int_equal(vmr_arena_used_bytes(arena), used);
  object[0] = 1;
  assert_int_equal(vmr_arena_end(&inner), VMR_OK);
  assert_int_equal(vmr_arena_end(&inner), VMR_WRONG_ORDER);
  vmr_scope other = vmr_arena_begin(arena);
  assert_int_equal(vmr_arena_end(&inner), VMR_WRONG_ORDER);
  assert_int_equal(vmr_arena_end(&other), VMR_OK);
  assert_int_equal(vmr_arena_end(&outer), VMR_OK);
  vmr_scope forgotten = vmr_arena_begin(arena);
  vmr_arena_reset(arena);
  assert_int_equal(vmr_arena_status(arena), VMR_OK);
  assert_int_equal(vmr_arena_end(&forgotten), VMR_WRONG_ORDER);
  vmr_arena_destroy(arena);
}

typedef struct note {
  char *log;
  char letter;
} note;

static void write_letter(void *user) {
  note *written = user;
  size_t length = strlen(written->log);
  written->log[length] = written->letter;
  written->log[length + 1] = '\0';
}

static void what_dies_is_told_before_and_the_last_one_first(void **state) {
  (void)state;
  char log[16] = "";
  note notes[5] = {{log, 'a'}, {log, 'b'}, {log, 'c'}, {log, 'd'}, {log, 'e'}};
  vmr_arena *arena = vmr_arena_create(0);
  assert_int_equal(vmr_arena_on_release(arena, NULL, NULL), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_arena_on_release(arena, write_letter, &notes[0]), VMR_OK);
  vmr_scope scope = vmr_arena_begin(arena);
  assert_int_equal(vmr_arena_on_release(arena, write_letter, &notes[1]), VMR_OK);
  assert_int_equal(vmr_arena_on_release(arena, write_letter, &notes[2]), VMR_OK);
  assert_int_equal(vmr_arena_end(&scope), VMR_OK);
  assert_string_equal(log, "cb");
  assert_int_equal(vmr_arena_on_release(arena, write_letter, &notes[3]), VMR_OK);
  vmr_arena_reset(arena);
  assert_string_equal(log, "cbda");
  assert_int_equal(vmr_arena_on_release(arena, write_letter, &notes[4]), VMR_OK);
  vmr_arena_destroy(arena);
  assert_string_equal(log, "cbdae");
}

/* ---- where the bytes come from ---- */

static void an_arena_lives_in_a_buffer(void **state) {
  (void)state;
  static _Alignas(16) char buffer[4096];
  vmr_arena *arena = NULL;
  assert_int_equal(vmr_arena_open_in(&arena, NULL, NULL, 4096, true), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_arena_open_in(&arena, NULL, buffer, 64, true), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_arena_open_in(NULL, NULL, buffer, 64, true), VMR_INVALID_ARGUMENT);
  for (size_t skew = 0; skew < 5; skew++) {
    assert_int_equal(vmr_arena_open_in(&arena, NULL, buffer + skew, sizeof buffer - 2 * skew, true), VMR_OK);
    for (int round = 0; round < 3; round++) {
      size_t sum = 0;
      for (char *object; (object = vmr_arena_alloc(arena, 24)) != NULL; sum += 24) {
        assert_true(object >= buffer + skew && object + 24 <= buffer + sizeof buffer - skew);
        memset(object, 1, 24);
      }
      assert_true(sum > (vmr_arena_used_bytes(arena) > sum + 500 ? 1500 : 2500)); /* zones of a sanitizer */
      assert_int_equal(vmr_arena_status(arena), VMR_OUT_OF_MEMORY);
      assert_null(vmr_arena_alloc(arena, MIB));
      assert_int_equal(vmr_arena_reserved_bytes(arena), 0);
      assert_int_equal(vmr_arena_trim(arena), 0);
      vmr_arena_reset(arena);
    }
    vmr_arena_destroy(arena);
  }
}

static void a_buffer_that_is_full_is_followed_by_chunks(void **state) {
  (void)state;
  char buffer[1024];
  vmr_ctx *ctx = make_flagged_ctx(0);
  vmr_arena *arena = NULL;
  assert_int_equal(vmr_arena_open_in(&arena, ctx, buffer, sizeof buffer, false), VMR_OK);
  assert_int_equal(current_bytes(ctx), 0);
  for (int i = 0; i < 1000; i++) memset(vmr_arena_alloc(arena, 50), 1, 50);
  assert_true(current_bytes(ctx) >= 50000);
  vmr_arena_reset(arena);
  assert_true(vmr_arena_trim(arena) >= 50000);
  assert_int_equal(current_bytes(ctx), 0);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_STILL_IN_USE);
  vmr_arena_destroy(arena);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

static void trimming_gives_back_what_is_not_in_use(void **state) {
  (void)state;
  vmr_ctx *ctx = make_flagged_ctx(0);
  vmr_arena *arena = NULL;
  assert_int_equal(vmr_arena_open(&arena, ctx, 0), VMR_OK);
  size_t empty = current_bytes(ctx);
  char *kept = vmr_arena_alloc(arena, 8);
  memcpy(kept, "content", 8);
  vmr_scope scope = vmr_arena_begin(arena);
  for (int i = 0; i < 20000; i++) memset(vmr_arena_alloc(arena, 1000), 3, 1000);
  assert_true(current_bytes(ctx) > 20 * MIB * 9 / 10);
  assert_int_equal(vmr_arena_end(&scope), VMR_OK);
  assert_true(vmr_trim(ctx) > 19 * MIB * 9 / 10);
  assert_string_equal(kept, "content");
  assert_true(vmr_arena_is_valid(arena));
  assert_int_equal(current_bytes(ctx) - empty, vmr_arena_reserved_bytes(arena));
  vmr_arena_reset(arena);
  assert_true(vmr_trim(ctx) > 0);
  assert_int_equal(current_bytes(ctx), empty);
  assert_non_null(vmr_arena_alloc(arena, 8));
  assert_true(vmr_arena_is_valid(arena));
  vmr_arena_destroy(arena);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

/* ---- limits and pressure ---- */

typedef struct pressure {
  vmr_arena *spare; /* to be emptied when memory is short */
  size_t calls, wanted;
} pressure;

static void give_back(void *user, vmr_ctx *ctx, size_t wanted) {
  pressure *told = user;
  told->calls++;
  told->wanted = wanted;
  if (told->spare != NULL) vmr_arena_reset(told->spare);
  vmr_trim(ctx);
}

static void a_hard_limit_asks_for_memory_back_and_then_refuses(void **state) {
  (void)state;
  pressure told = {0};
  vmr_options options = vmr_options_default();
  vmr_ctx *ctx = NULL;
  vmr_arena *arena = NULL;
  options.flags = VMR_IGNORE_ENVIRONMENT;
  options.hard_limit = 8 * MIB;
  options.on_pressure = give_back;
  options.pressure_user = &told;
  assert_int_equal(vmr_ctx_create(&ctx, &options), VMR_OK);
  assert_int_equal(vmr_arena_open(&told.spare, ctx, 0), VMR_OK);
  assert_int_equal(vmr_arena_open(&arena, ctx, 0), VMR_OK);
  assert_non_null(vmr_arena_alloc(told.spare, 5 * MIB));
  assert_non_null(vmr_arena_alloc(arena, 5 * MIB)); /* the spare one had to go */
  assert_int_equal(told.calls, 1);
  assert_true(told.wanted >= 5 * MIB);
  assert_int_equal(vmr_ctx_limits_hit(ctx), 0);
  assert_null(vmr_arena_alloc(arena, 5 * MIB));
  assert_int_equal(told.calls, 2);
  assert_int_equal(vmr_ctx_limits_hit(ctx), 1);
  assert_int_equal(vmr_arena_status(arena), VMR_OUT_OF_MEMORY);
  assert_int_equal(vmr_ctx_status(ctx), VMR_OUT_OF_MEMORY);
  while (vmr_arena_alloc(arena, 10000) != NULL) continue;
  vmr_account account;
  assert_int_equal(vmr_ctx_read_account(ctx, VMR_KIND_ARENA, &account), VMR_OK);
  assert_true(account.current_bytes <= 8 * MIB && account.peak_bytes <= 8 * MIB && account.current_bytes > 5 * MIB);
  assert_true(account.failed >= 2 && account.total_bytes >= 10 * MIB);
  vmr_ctx_set_limits(ctx, 0, 0);
  assert_non_null(vmr_arena_alloc(arena, 50 * MIB));
  vmr_arena_destroy(arena);
  vmr_arena_destroy(told.spare);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

static void a_soft_limit_warns_once_for_each_time_it_is_passed(void **state) {
  (void)state;
  pressure told = {0};
  vmr_options options = vmr_options_default();
  vmr_ctx *ctx = NULL;
  vmr_arena *arena = NULL;
  options.flags = VMR_IGNORE_ENVIRONMENT;
  options.soft_limit = 4 * MIB;
  options.on_pressure = give_back;
  options.pressure_user = &told;
  assert_int_equal(vmr_ctx_create(&ctx, &options), VMR_OK);
  assert_int_equal(vmr_arena_open(&arena, ctx, 0), VMR_OK);
  for (int round = 1; round <= 3; round++) {
    for (int i = 0; i < 5; i++) assert_non_null(vmr_arena_alloc(arena, 2 * MIB));
    assert_int_equal(told.calls, round);
    assert_int_equal(vmr_ctx_pressures(ctx), round);
    vmr_arena_reset(arena);
  }
  vmr_arena_destroy(arena);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

/* ---- faults ---- */

/* Some of everything; returns how many of its calls failed. Whatever fails, the arena stays valid. */
static int use_arena(vmr_ctx *ctx) {
  int failed = 0;
  vmr_arena *arena = NULL;
  if (vmr_arena_open(&arena, ctx, 1024) != VMR_OK) return 1;
  char *vector = NULL;
  for (size_t i = 1; i <= 20; i++) {
    char *object = vmr_arena_alloc(arena, i * 20), *text = vmr_arena_copy_text(arena, "text", 4);
    void *aligned = vmr_arena_alloc_aligned(arena, 100, 256), *array = vmr_arena_alloc_array(arena, i, 24);
    char *grown = vmr_arena_grow(arena, vector, (i - 1) * 20000, i * 20000);
    failed += (object == NULL) + (text == NULL) + (aligned == NULL) + (array == NULL);
    if (object != NULL) memset(object, 1, i * 20);
    if (text != NULL) assert_string_equal(text, "text");
    if (grown == NULL) {
      failed++;
      break;
    }
    vector = grown;
    memset(vector, (int)i, i * 20000);
    assert_true(vmr_arena_is_valid(arena));
  }
  assert_true((vmr_arena_status(arena) == VMR_OUT_OF_MEMORY) == (failed != 0));
  vmr_arena_destroy(arena);
  return failed;
}

static void every_allocation_may_fail(void **state) {
  (void)state;
  for (uint32_t flags = 0; flags <= VMR_GUARD; flags += VMR_GUARD) {
    vmr_ctx *ctx = make_flagged_ctx(flags);
    int failed = 1;
    uint64_t nth = 1;
    for (; failed != 0; nth++) {
      vmr_ctx_set_faults(ctx, nth, 0, 0, 0);
      vmr_ctx_clear_status(ctx);
      failed = use_arena(ctx);
      assert_true((vmr_ctx_status(ctx) == VMR_OUT_OF_MEMORY) == (failed != 0));
      assert_int_equal(current_bytes(ctx), 0);
    }
    assert_true(nth > 100);
    assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
  }
}

static void faults_come_after_bytes_and_by_chance(void **state) {
  (void)state;
  vmr_ctx *ctx = make_flagged_ctx(0);
  int first = 0, second = 0;
  vmr_ctx_set_faults(ctx, 0, 100000, 0, 0);
  assert_true(use_arena(ctx) > 0);
  vmr_ctx_set_faults(ctx, 0, UINT64_MAX, 0, 0);
  assert_int_equal(use_arena(ctx), 0);
  vmr_ctx_set_faults(ctx, 0, 0, 1000000, 0);
  assert_int_equal(use_arena(ctx), 1);
  for (uint32_t seed = 0; seed < 50; seed++) {
    vmr_ctx_set_faults(ctx, 0, 0, 50000, seed);
    first += use_arena(ctx);
    vmr_ctx_set_faults(ctx, 0, 0, 50000, seed);
    second += use_arena(ctx);
  }
  assert_int_equal(first, second); /* the same seed, the same faults */
  assert_true(first > 50 && first < 500);
  assert_int_equal(current_bytes(ctx), 0);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

/* Which arenas are out is known, however many there are and in whatever order they come back. */
static void an_arena_comes_back_once(void **state) {
  (void)state;
  enum { COUNT = 200 };
  vmr_ctx *ctx = make_ctx();
  vmr_arena_pool *pool = NULL;
  vmr_arena *arenas[COUNT], *foreign = vmr_arena_create(0);
  assert_int_equal(vmr_arena_pool_create(&pool, ctx, KIB, 7), VMR_OK);
  for (int round = 0; round < 3; round++) {
    for (int i = 0; i < COUNT; i++) {
      arenas[i] = vmr_arena_pool_acquire(pool);
      assert_non_null(vmr_arena_alloc(arenas[i], 100));
    }
    for (int i = 0; i < COUNT; i++) {
      vmr_arena *arena = arenas[i * 77 % COUNT];
      assert_int_equal(vmr_arena_pool_release(pool, arena), VMR_OK);
      assert_int_equal(vmr_arena_pool_release(pool, arena), VMR_FOREIGN_POINTER);
    }
  }
  assert_int_equal(vmr_arena_pool_release(pool, foreign), VMR_FOREIGN_POINTER);
  assert_int_equal(vmr_ctx_status(ctx), VMR_FOREIGN_POINTER);
  vmr_arena_destroy(foreign);
  assert_int_equal(vmr_arena_pool_destroy(pool), VMR_OK);
  assert_int_equal(current_bytes(ctx), 0);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

/* ---- guard bytes ---- */

static void writes_around_an_object_are_found(void **state) {
  (void)state;
#ifdef VMO_ADDRESS_SANITIZER
  skip(); /* the sanitizer finds them itself: test_runtime_faults */
#endif
  misuse found = {0};
  vmr_options options = vmr_options_default();
  vmr_ctx *ctx = NULL;
  vmr_arena *arena = NULL;
  options.flags = VMR_IGNORE_ENVIRONMENT | VMR_GUARD;
  options.on_violation = remember_misuse;
  options.violation_user = &found;
  assert_int_equal(vmr_ctx_create(&ctx, &options), VMR_OK);
  assert_int_equal(vmr_arena_open(&arena, ctx, 0), VMR_OK);
  for (size_t bytes = 0; bytes < 300; bytes += 7) {
    volatile char *object = vmr_arena_alloc(arena, bytes), *other = vmr_arena_alloc_aligned(arena, bytes, 128);
    volatile char *big = vmr_arena_alloc(arena, 200000 + bytes);
    assert_true(object != NULL && other != NULL && big != NULL);
    const ptrdiff_t places[] = {-1, -9, (ptrdiff_t)bytes, (ptrdiff_t)bytes + 15};
    for (int i = 0; i < 4; i++) {
      volatile char *victim = i % 2 == 0 ? object : other;
      assert_true(vmr_arena_is_valid(arena));
      int count = found.count;
      char kept = victim[places[i]];
      victim[places[i]] = (char)(kept + 1);
      assert_false(vmr_arena_is_valid(arena));
      assert_int_equal(found.count, count + 1);
      assert_int_equal(found.what, VMR_CORRUPTED);
      assert_ptr_equal(found.object, victim);
      victim[places[i]] = kept;
    }
    big[200000 + bytes] = 1;
    assert_false(vmr_arena_is_valid(arena));
    int count = found.count;
    vmr_arena_reset(arena); /* which checks once more */
    assert_int_equal(found.count, count + 1);
    assert_true(vmr_arena_is_valid(arena));
  }
  assert_int_equal(vmr_ctx_status(ctx), VMR_CORRUPTED);
  vmr_arena_destroy(arena);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

/* ---- arenas that come back ---- */

static void arenas_come_back_empty(void **state) {
  (void)state;
  vmr_ctx *ctx = make_flagged_ctx(0);
  vmr_arena_pool *pool = NULL;
  assert_int_equal(vmr_arena_pool_create(NULL, ctx, 0, 2), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_arena_pool_create(&pool, ctx, 0, SIZE_MAX), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_arena_pool_create(&pool, ctx, 0, 2), VMR_OK);
  vmr_arena *arenas[3];
  for (int i = 0; i < 3; i++) {
    arenas[i] = vmr_arena_pool_acquire(pool);
    assert_non_null(arenas[i]);
    memset(vmr_arena_alloc(arenas[i], 100), i, 100);
  }
  assert_int_equal(vmr_arena_pool_destroy(pool), VMR_STILL_IN_USE);
  vmr_ctx_clear_status(ctx);
  for (int i = 0; i < 3; i++) assert_int_equal(vmr_arena_pool_release(pool, arenas[i]), VMR_OK); /* one is too many */
  for (int i = 0; i < 3; i++) assert_int_equal(vmr_arena_pool_release(pool, arenas[i]), VMR_FOREIGN_POINTER);
  vmr_ctx_clear_status(ctx);
  assert_int_equal(vmr_arena_pool_release(pool, NULL), VMR_OK);
  vmr_arena *again = vmr_arena_pool_acquire(pool);
  assert_ptr_equal(again, arenas[1]);
  assert_int_equal(vmr_arena_used_bytes(again), 0);
  assert_true(vmr_arena_reserved_bytes(again) > 0);
  vmr_arena_pool_release(pool, again);
  assert_int_equal(vmr_arena_pool_destroy(pool), VMR_OK);
  assert_int_equal(vmr_arena_pool_destroy(NULL), VMR_OK);
  assert_int_equal(current_bytes(ctx), 0);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

/* Neither a limit nor a fault of the last user is the next one's. */
static void arenas_come_back_as_new(void **state) {
  (void)state;
  misuse found = {0};
  vmr_ctx *ctx = make_watched_ctx(VMR_GUARD, &found);
  vmr_arena_pool *pool = NULL;
  assert_int_equal(vmr_arena_pool_create(&pool, ctx, 0, 2), VMR_OK);
  vmr_arena *arena = vmr_arena_pool_acquire(pool);
  assert_non_null(arena);
  vmr_arena_set_limit(arena, 1000);
  assert_null(vmr_arena_alloc(arena, 2000));
  assert_int_equal(vmr_arena_pool_release(pool, arena), VMR_OK);
  assert_ptr_equal(vmr_arena_pool_acquire(pool), arena);
  volatile char *object = vmr_arena_alloc(arena, 2000);
  assert_non_null(object);
#ifndef VMO_ADDRESS_SANITIZER
  object[2000] = 1;
  assert_int_equal(vmr_arena_pool_release(pool, arena), VMR_CORRUPTED);
  assert_int_equal(found.what, VMR_CORRUPTED);
  assert_ptr_equal(vmr_arena_pool_acquire(pool), arena);
#endif
  assert_int_equal(vmr_arena_status(arena), VMR_OK);
  assert_int_equal(vmr_arena_pool_release(pool, arena), VMR_OK);
  assert_int_equal(vmr_arena_pool_destroy(pool), VMR_OK);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

static void an_arena_that_cannot_be_made_is_not_out(void **state) {
  (void)state;
  vmr_ctx *ctx = make_flagged_ctx(0);
  vmr_arena_pool *pool = NULL;
  assert_int_equal(vmr_arena_pool_create(&pool, ctx, 0, 2), VMR_OK);
  vmr_ctx_set_faults(ctx, 1, 0, 0, 0);
  assert_null(vmr_arena_pool_acquire(pool));
  assert_int_equal(vmr_arena_pool_destroy(pool), VMR_OK);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_end_of_a_scope_goes_back),
      cmocka_unit_test(what_is_older_than_a_scope_outlives_it),
      cmocka_unit_test(a_scope_of_an_empty_arena_empties_it),
      cmocka_unit_test(scopes_end_in_order),
      cmocka_unit_test(what_dies_is_told_before_and_the_last_one_first),
      cmocka_unit_test(an_arena_lives_in_a_buffer),
      cmocka_unit_test(a_buffer_that_is_full_is_followed_by_chunks),
      cmocka_unit_test(trimming_gives_back_what_is_not_in_use),
      cmocka_unit_test(a_hard_limit_asks_for_memory_back_and_then_refuses),
      cmocka_unit_test(a_soft_limit_warns_once_for_each_time_it_is_passed),
      cmocka_unit_test(every_allocation_may_fail),
      cmocka_unit_test(faults_come_after_bytes_and_by_chance),
      cmocka_unit_test(writes_around_an_object_are_found),
      cmocka_unit_test(arenas_come_back_empty),
      cmocka_unit_test(arenas_come_back_as_new),
      cmocka_unit_test(an_arena_comes_back_once),
      cmocka_unit_test(an_arena_that_cannot_be_made_is_not_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
