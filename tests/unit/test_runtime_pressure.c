/* test_runtime_pressure.c: what may be called while memory is short, from the part that asked for it as well; and what a
 * child finds when the process forks while another thread is at work in its context. */
#define _POSIX_C_SOURCE 200809L

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/runtime_ctx.h"

typedef struct parts {
  vmr_arena *arena;
  vmr_pool *pool;
  vmr_shared_pool *shared_pool;
  vmr_heap *heap;
  vmr_interner *interner;
  vmr_plan *plan;
  int calls;
} parts;

static void *take_page(void *user, size_t bytes) {
  (void)user;
  return malloc(bytes);
}

static void *resize_page(void *user, void *old, size_t old_bytes, size_t bytes) {
  (void)user, (void)old_bytes;
  return realloc(old, bytes);
}

static void give_page(void *user, void *memory, size_t bytes) {
  (void)user, (void)bytes;
  free(memory);
}

/* Uses every part, the one that asked among them; none of it obtains so much that it would be refused. */
static void use_all(void *user, vmr_ctx *ctx, size_t wanted) {
  parts *all = user;
  char name[20];
  vmr_metrics metrics;
  assert_true(wanted > 0);
  snprintf(name, sizeof name, "name %d", all->calls++);
  vmr_heap_free(vmr_heap_alloc(all->heap, 100));
  (void)vmr_pool_put(all->pool, vmr_pool_get(all->pool));
  (void)vmr_shared_pool_put(all->shared_pool, vmr_shared_pool_get(all->shared_pool));
  (void)vmr_interner_add(all->interner, name, strlen(name));
  (void)vmr_plan_leave(all->plan, vmr_plan_enter(all->plan, 100));
  (void)vmr_arena_alloc(all->arena, 20);
  vmr_trim(ctx);
  vmr_trim_shared(ctx);
  assert_int_equal(vmr_metrics_read(ctx, &metrics, sizeof metrics), VMR_OK);
  assert_true(vmr_ctx_is_valid(ctx));
}

static void exhaust(vmr_ctx *ctx, parts *all, int what) {
  char name[300];
  int before = all->calls;
  for (int i = 0; i < 60000 && all->calls == before; i++) {
    memset(name, 'a' + i % 26, sizeof name);
    int length = snprintf(name, 20, "%d ", i);
    name[length] = '.';
    if (what == 0) (void)vmr_arena_alloc(all->arena, 5000);
    if (what == 1) (void)vmr_pool_get(all->pool);
    if (what == 2) (void)vmr_shared_pool_get(all->shared_pool);
    if (what == 3) (void)vmr_heap_alloc(all->heap, 3000);
    if (what == 4) (void)vmr_interner_add(all->interner, name, sizeof name);
    if (what == 5) (void)vmr_plan_enter(all->plan, 100000);
    if (what == 6) (void)vmr_arena_grow(all->arena, vmr_arena_alloc(all->arena, 200000), 200000, 500000);
  }
  assert_true(all->calls > before);
  assert_true(vmr_ctx_is_valid(ctx));
}

static void every_part_may_be_used_when_memory_is_short(void **state) {
  (void)state;
  for (int what = 0; what < 7 * 4; what++) {
    parts all = {0};
    vmr_options options = vmr_options_default();
    vmr_pool_options pool_options = vmr_pool_options_for(3000, 0);
    vmr_interner_options interner_options = vmr_interner_options_default();
    vmr_ctx *ctx = NULL;
    options.flags = VMR_IGNORE_ENVIRONMENT;
    options.on_pressure = use_all;
    options.pressure_user = &all;
    *(what % 2 == 0 ? &options.hard_limit : &options.soft_limit) = 12 * MIB;
    if (what / 2 % 2 == 1) options.backing = (vmr_backing){take_page, resize_page, give_page, NULL};
    interner_options.is_shared = true;
    assert_int_equal(vmr_ctx_create(&ctx, &options), VMR_OK);
    assert_int_equal(vmr_arena_open(&all.arena, ctx, 0), VMR_OK);
    assert_int_equal(vmr_pool_create(&all.pool, ctx, &pool_options), VMR_OK);
    assert_int_equal(vmr_shared_pool_create(&all.shared_pool, ctx, &pool_options), VMR_OK);
    assert_int_equal(vmr_heap_create(&all.heap, ctx, VMR_HEAP_SHARED), VMR_OK);
    assert_int_equal(vmr_interner_open(&all.interner, ctx, &interner_options), VMR_OK);
    assert_int_equal(vmr_plan_create(&all.plan, ctx, 0), VMR_OK);
    exhaust(ctx, &all, what / 4);
    assert_true(what % 2 == 1 || current_bytes(ctx) <= 12 * MIB);
    vmr_plan_destroy(all.plan);
    vmr_interner_destroy(all.interner);
    vmr_heap_destroy(all.heap);
    vmr_shared_pool_destroy(all.shared_pool);
    vmr_pool_destroy(all.pool);
    vmr_arena_destroy(all.arena);
    vmr_ctx_clear_status(ctx);
    assert_int_equal(current_bytes(ctx), 0);
    assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
  }
}

/* A profile that watches asks for memory itself: when that is short, it can be asked and told by the callback. */
typedef struct watched {
  vmr_profile *profile;
  vmr_buffer cache;
  size_t living; /* when the callback was done */
  int calls;
} watched;

static void count_one(void *user, const vmr_profile_object *object) {
  (void)object;
  ++*(size_t *)user;
}

static void drop_cache(void *user, vmr_ctx *ctx, size_t wanted) {
  watched *all = user;
  char any;
  (void)ctx, (void)wanted;
  all->calls++;
  vmr_profile_set_stack(all->profile, "short");
  vmr_buffer_release(&all->cache);
  vmr_profile_note(all->profile, &any, 10, "callback");
  vmr_profile_forget(all->profile, &any);
  all->living = 0;
  vmr_profile_each_live(all->profile, count_one, &all->living);
}

static void a_watching_profile_may_be_used_when_memory_is_short(void **state) {
  (void)state;
  alarm(10); /* for a lock that is taken twice */
  for (size_t room = 0; room < 160; room += 10) {
    watched all = {0};
    vmr_options options = vmr_options_default();
    vmr_profile_options profile_options = vmr_profile_options_default();
    vmr_ctx *ctx = NULL;
    vmr_buffer buffer;
    size_t living = 0;
    options.flags = VMR_IGNORE_ENVIRONMENT;
    options.on_pressure = drop_cache;
    options.pressure_user = &all;
    profile_options.sample_bytes = 1;
    assert_int_equal(vmr_ctx_create(&ctx, &options), VMR_OK);
    assert_int_equal(vmr_profile_create(&all.profile, ctx, &profile_options), VMR_OK);
    assert_int_equal(vmr_profile_watch(all.profile), VMR_OK);
    assert_int_equal(vmr_buffer_create(&all.cache, ctx, 1, 1), VMR_OK);
    vmr_ctx_set_limits(ctx, 0, current_bytes(ctx) + 1024 + 64 + room);
    assert_int_equal(vmr_buffer_create(&buffer, ctx, 1000, 1), VMR_OK); /* there is room for it, and not for the note */
    vmr_profile_each_live(all.profile, count_one, &living);
    assert_true(room >= 60 || all.calls == 1);
    assert_int_equal(living, all.calls == 0 ? 2 : 1); /* the note was tried once more */
    vmr_buffer_release(&buffer);
    vmr_buffer_release(&all.cache);
    vmr_profile_destroy(all.profile);
    assert_int_equal(current_bytes(ctx), 0);
    assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
  }
  alarm(0);
}

/* What was refused first and then granted is no failure; what stays refused is one. */
static void drop_arena(void *user, vmr_ctx *ctx, size_t wanted) {
  (void)ctx, (void)wanted;
  vmr_arena_destroy(*(vmr_arena **)user);
  *(vmr_arena **)user = NULL;
}

static void the_request_is_tried_once_more(void **state) {
  (void)state;
  vmr_options options = vmr_options_default();
  vmr_ctx *ctx = NULL;
  vmr_arena *cache = NULL, *arena = NULL;
  options.flags = VMR_IGNORE_ENVIRONMENT;
  options.hard_limit = 8 * MIB;
  options.on_pressure = drop_arena;
  options.pressure_user = &cache;
  assert_int_equal(vmr_ctx_create(&ctx, &options), VMR_OK);
  assert_int_equal(vmr_arena_open(&cache, ctx, 0), VMR_OK);
  assert_int_equal(vmr_arena_open(&arena, ctx, 0), VMR_OK);
  assert_non_null(vmr_arena_alloc(cache, 5 * MIB));
  assert_non_null(vmr_arena_alloc(arena, 5 * MIB));
  assert_null(cache);
  assert_int_equal(vmr_arena_status(arena), VMR_OK);
  assert_int_equal(vmr_ctx_limits_hit(ctx), 0);
  assert_int_equal(read_account(ctx, VMR_KIND_ALL).failed, 0);
  assert_null(vmr_arena_alloc(arena, 5 * MIB));
  assert_int_equal(vmr_arena_status(arena), VMR_OUT_OF_MEMORY);
  assert_int_equal(vmr_ctx_limits_hit(ctx), 1);
  assert_int_equal(read_account(ctx, VMR_KIND_ALL).failed, 1);
  vmr_arena_destroy(arena);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

/* ---- fork ---- */

static atomic_bool is_over;

typedef struct busy {
  vmr_ctx *ctx;
  vmr_shared_pool *pool;
  vmr_interner *interner;
  vmr_profile *profile;
} busy;

static void *keep_busy(void *argument) {
  busy *with = argument;
  vmr_metrics metrics;
  for (int i = 0; !is_over; i++) {
    char name[20];
    vmr_arena *arena = NULL;
    (void)vmr_metrics_read(with->ctx, &metrics, sizeof metrics);
    (void)vmr_arena_open(&arena, with->ctx, 0);
    vmr_arena_destroy(arena);
    vmr_interner_add(with->interner, name, (size_t)snprintf(name, sizeof name, "%d", i % 100000));
    (void)vmr_shared_pool_trim(with->pool);
    for (int stack = 0; stack < 100; stack++) vmr_profile_set_stack(with->profile, "busy");
  }
  return NULL;
}

static int use_context(busy *with) {
  vmr_arena *arena = NULL;
  vmr_metrics metrics;
  void *object = vmr_shared_pool_get(with->pool);
  bool is_fine = object != NULL && vmr_shared_pool_put(with->pool, object) == VMR_OK;
  is_fine = is_fine && vmr_arena_open(&arena, with->ctx, 0) == VMR_OK && vmr_arena_alloc(arena, 10) != NULL;
  vmr_arena_destroy(arena);
  is_fine = is_fine && vmr_interner_add(with->interner, "child", 5) != 0;
  return is_fine && vmr_metrics_read(with->ctx, &metrics, sizeof metrics) == VMR_OK ? 0 : 1;
}

static void a_child_finds_nothing_locked(void **state) {
  (void)state;
  vmr_pool_options pool_options = vmr_pool_options_for(40, 0);
  vmr_interner_options interner_options = vmr_interner_options_default();
  vmr_profile_options profile_options = vmr_profile_options_default();
  busy with = {.ctx = make_ctx()};
  pthread_t thread;
  profile_options.sample_bytes = 1;
  interner_options.is_shared = true;
  assert_int_equal(vmr_shared_pool_create(&with.pool, with.ctx, &pool_options), VMR_OK);
  assert_int_equal(vmr_interner_open(&with.interner, with.ctx, &interner_options), VMR_OK);
  assert_int_equal(vmr_profile_create(&with.profile, with.ctx, &profile_options), VMR_OK);
  assert_int_equal(vmr_profile_watch(with.profile), VMR_OK);
  assert_int_equal(pthread_create(&thread, NULL, keep_busy, &with), 0);
  for (int i = 0; i < 100; i++) {
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
      alarm(10);
      _exit(use_context(&with));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  is_over = true;
  assert_int_equal(pthread_join(thread, NULL), 0);
  assert_int_equal(vmr_shared_pool_destroy(with.pool), VMR_OK);
  vmr_interner_destroy(with.interner);
  vmr_profile_destroy(with.profile);
  assert_int_equal(vmr_ctx_destroy(with.ctx), VMR_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_part_may_be_used_when_memory_is_short),
      cmocka_unit_test(the_request_is_tried_once_more),
      cmocka_unit_test(a_watching_profile_may_be_used_when_memory_is_short),
      cmocka_unit_test(a_child_finds_nothing_locked),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
