/* test_runtime_profile.c: with every byte sampled figures are exact, with few they are near; what leaks is named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/runtime_ctx.h"

typedef struct report {
  vmr_profile_object objects[8];
  char stacks[8][500]; /* paths may be long */
  size_t count;
} report;

static void note_object(void *user, const vmr_profile_object *object) {
  report *seen = user;
  assert_true(seen->count < 8);
  snprintf(seen->stacks[seen->count], sizeof seen->stacks[0], "%s", object->stack);
  seen->objects[seen->count++] = *object;
}

static vmr_profile *make_profile(vmr_ctx *ctx, size_t sample_bytes, size_t events, report *leaks) {
  vmr_profile_options options = vmr_profile_options_default();
  vmr_profile *profile = NULL;
  options.sample_bytes = sample_bytes;
  options.events = events;
  options.on_leak = leaks != NULL ? note_object : NULL;
  options.leak_user = leaks;
  assert_int_equal(vmr_profile_create(&profile, ctx, &options), VMR_OK);
  return profile;
}

static void leaks_are_named_oldest_first(void **state) {
  (void)state;
  vmr_ctx *ctx = make_ctx();
  report leaks = {0}, living = {0};
  char a, b, c, d;
  vmr_profile *profile = make_profile(ctx, 1, 0, &leaks);
  vmr_profile_note(profile, &a, 100, "main;read");
  vmr_profile_note(profile, &b, 20, "main;parse");
  vmr_profile_note(profile, &c, 3, "main;read");
  vmr_profile_forget(profile, &b);
  vmr_profile_forget(profile, &d); /* never noted */
  vmr_profile_note(profile, &d, 7, VMR_SITE);
  vmr_profile_each_live(profile, note_object, &living);
  assert_int_equal(living.count, 3);
  assert_int_equal(profile->live, 3);
  vmr_profile_destroy(profile);
  assert_int_equal(leaks.count, 3);
  assert_ptr_equal(leaks.objects[0].object, &a);
  assert_string_equal(leaks.stacks[0], "main;read");
  assert_int_equal(leaks.objects[0].age, 30);
  assert_ptr_equal(leaks.objects[1].object, &c);
  assert_int_equal(leaks.objects[1].bytes, 3);
  assert_non_null(strstr(leaks.stacks[2], "test_runtime_profile.c:"));
  assert_int_equal(leaks.objects[2].age, 0);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

static void stacks_are_folded_with_their_bytes(void **state) {
  (void)state;
  vmr_profile *profile = make_profile(NULL, 1, 0, NULL);
  char objects[10], text[200];
  for (int i = 0; i < 10; i++) vmr_profile_note(profile, &objects[i], 10, i < 6 ? "main;a" : "main;b");
  for (int i = 0; i < 6; i++) vmr_profile_forget(profile, &objects[i]);
  assert_int_equal(vmr_profile_folded(profile, false, text, sizeof text), 20);
  assert_string_equal(text, "main;a 60\nmain;b 40\n");
  assert_int_equal(vmr_profile_folded(profile, true, text, sizeof text), 10);
  assert_string_equal(text, "main;b 40\n");
  assert_int_equal(vmr_profile_folded(profile, false, text, 5), 20);
  assert_string_equal(text, "main");
  assert_int_equal(vmr_profile_folded(profile, false, NULL, 0), 20);
  vmr_profile_destroy(profile);
}

static void the_newest_events_are_kept(void **state) {
  (void)state;
  vmr_profile *profile = make_profile(NULL, 1, 4, NULL);
  char objects[5];
  vmr_profile_event events[9];
  assert_int_equal(vmr_profile_read_events(profile, events, 9), 0);
  for (int i = 0; i < 5; i++) vmr_profile_note(profile, &objects[i], 1 + (size_t)i, "s");
  vmr_profile_forget(profile, &objects[1]);
  assert_int_equal(vmr_profile_read_events(profile, events, 9), 4);
  for (int i = 0; i < 3; i++) {
    assert_ptr_equal(events[i].object, &objects[i + 2]);
    assert_false(events[i].is_free);
  }
  assert_int_equal(events[0].clock, 6);
  assert_true(events[3].is_free);
  assert_int_equal(events[3].bytes, 2);
  assert_string_equal(events[3].stack, "s");
  assert_int_equal(vmr_profile_read_events(profile, events, 1), 1);
  assert_true(events[0].is_free);
  vmr_profile_destroy(profile);
}

/* Objects of 8 to 4096 bytes, sampled every 2000 bytes: sums within 5 percent; half of one site's objects die. */
static void a_sample_gives_sums_that_are_near(void **state) {
  (void)state;
  enum { OBJECTS = 60000 };
  double allocated[2] = {0}, live[2] = {0}, told[2];
  vmr_profile *profile = make_profile(NULL, 2000, 0, NULL);
  char *objects = malloc(OBJECTS), text[200];
  uint64_t seed = 9;
  for (size_t i = 0; i < OBJECTS; i++) {
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    size_t site = seed >> 40 & 1, bytes = site == 0 ? 8 + (seed >> 50) % 100 : (size_t)512 << (seed >> 50) % 4;
    vmr_profile_note(profile, &objects[i], bytes, site == 0 ? "small" : "large");
    allocated[site] += (double)bytes;
    if (i % 2 == 0) {
      vmr_profile_forget(profile, &objects[i]);
    } else {
      live[site] += (double)bytes;
    }
  }
  assert_true(profile->live > 5000 && profile->live < OBJECTS / 2);
  for (int only_live = 0; only_live < 2; only_live++) {
    const double *expected = only_live != 0 ? live : allocated;
    vmr_profile_folded(profile, only_live != 0, text, sizeof text);
    const char *small = strstr(text, "small "), *large = strstr(text, "large ");
    assert_true(small != NULL && large != NULL);
    told[0] = strtod(small + 6, NULL);
    told[1] = strtod(large + 6, NULL);
    for (int i = 0; i < 2; i++) assert_true(told[i] > 0.95 * expected[i] && told[i] < 1.05 * expected[i]);
  }
  for (size_t i = 1; i < OBJECTS; i += 2) vmr_profile_forget(profile, &objects[i]);
  assert_int_equal(profile->live, 0);
  assert_int_equal(vmr_profile_folded(profile, true, text, sizeof text), 0);
  vmr_profile_destroy(profile);
  free(objects);
}

static void without_a_profile_nothing_happens(void **state) {
  (void)state;
  vmr_profile *profile = NULL;
  vmr_profile_options options = vmr_profile_options_default();
  vmr_profile_note(NULL, &options, 5, "s");
  vmr_profile_forget(NULL, &options);
  vmr_profile_destroy(NULL);
  assert_int_equal(vmr_profile_create(NULL, NULL, NULL), VMR_INVALID_ARGUMENT);
  options.struct_size = 3;
  assert_int_equal(vmr_profile_create(&profile, NULL, &options), VMR_INVALID_ARGUMENT);
  options = vmr_profile_options_default();
  options.events = SIZE_MAX / 8;
  assert_int_equal(vmr_profile_create(&profile, NULL, &options), VMR_SIZE_OVERFLOW);
  assert_null(profile);
  assert_int_equal(vmr_profile_create(&profile, NULL, NULL), VMR_OK);
  vmr_profile_note(profile, &options, 0, NULL);
  vmr_profile_note(profile, &options, (size_t)1 << 40, NULL);
  assert_int_equal(profile->live, 1);
  vmr_profile_destroy(profile);
}

static size_t sum_folded(const char *text) {
  size_t sum = 0;
  for (const char *blank = strchr(text, ' '); blank != NULL; blank = strchr(blank + 1, ' '))
    sum += strtoul(blank, NULL, 10);
  return sum;
}

/* The n-th allocation fails: no crash, no leak, and what is kept is whole. */
static void any_allocation_may_fail(void **state) {
  (void)state;
  char objects[200], stack[16], text[8000];
  for (uint64_t n = 1; n < 300; n++) {
    vmr_ctx *ctx = make_ctx();
    vmr_ctx_set_faults(ctx, n, 0, 0, 0);
    vmr_profile_options options = vmr_profile_options_default();
    vmr_profile *profile = NULL;
    options.sample_bytes = 1;
    options.events = 10;
    if (vmr_profile_create(&profile, ctx, &options) == VMR_OK) {
      for (int i = 0; i < 200; i++) {
        snprintf(stack, sizeof stack, "s%d", i % 40);
        vmr_profile_note(profile, &objects[i], 4, stack);
      }
      assert_true(profile->live >= 199);
      vmr_profile_folded(profile, true, text, sizeof text);
      assert_int_equal(sum_folded(text), 4 * profile->live);
      for (int i = 0; i < 200; i++) vmr_profile_forget(profile, &objects[i]);
      assert_int_equal(profile->live, 0);
      vmr_profile_destroy(profile);
    }
    assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
  }
}

/* What is created from a context that is watched tells of itself, and what is left is a leak. */
static void a_watched_context_needs_no_notes(void **state) {
  (void)state;
  vmr_ctx *ctx = make_ctx();
  vmr_profile_options options = vmr_profile_options_default();
  vmr_pool_options pool_options = vmr_pool_options_for(40, 0);
  vmr_profile *profile = NULL, *other = NULL;
  vmr_arena *arena = NULL;
  vmr_pool *pool = NULL;
  vmr_shared_pool *shared = NULL;
  vmr_heap *heap = NULL;
  vmr_buffer buffer;
  char folded[1000];
  options.sample_bytes = 1;
  assert_int_equal(vmr_profile_create(&profile, NULL, &options), VMR_OK);
  assert_int_equal(vmr_profile_watch(profile), VMR_INVALID_ARGUMENT); /* nothing to watch */
  vmr_profile_destroy(profile);
  assert_int_equal(vmr_profile_create(&profile, ctx, &options), VMR_OK);
  assert_int_equal(vmr_profile_create(&other, ctx, &options), VMR_OK);
  assert_int_equal(vmr_profile_watch(profile), VMR_OK);
  assert_int_equal(vmr_profile_watch(profile), VMR_OK);
  assert_int_equal(vmr_profile_watch(other), VMR_STILL_IN_USE);
  vmr_profile_destroy(other);
  assert_int_equal(vmr_pool_create(&pool, ctx, &pool_options), VMR_OK);
  assert_int_equal(vmr_shared_pool_create(&shared, ctx, &pool_options), VMR_OK);
  assert_int_equal(vmr_heap_create(&heap, ctx, 0), VMR_OK);
  void *objects[] = {vmr_pool_get(pool), vmr_pool_get(pool), vmr_shared_pool_get(shared)};
  char *first = vmr_heap_alloc(heap, 100), *second = vmr_heap_alloc(heap, 200);
  assert_int_equal(profile->live, 5);
  vmr_profile_set_stack(profile, "main;load");
  second = vmr_heap_realloc(heap, second, 5000);
  assert_true(first != NULL && second != NULL);
  assert_int_equal(vmr_pool_put(pool, objects[0]), VMR_OK);
  assert_int_equal(vmr_shared_pool_put(shared, objects[2]), VMR_OK);
  assert_int_equal(profile->live, 3);
  assert_int_equal(vmr_buffer_create(&buffer, ctx, 1000, 1), VMR_OK);
  assert_int_equal(vmr_arena_open(&arena, ctx, 4096), VMR_OK);
  assert_non_null(vmr_arena_alloc(arena, 10));
  assert_non_null(vmr_arena_grow(arena, vmr_arena_alloc(arena, 200000), 200000, 3000000));
  (void)vmr_profile_folded(profile, true, folded, sizeof folded);
  assert_non_null(strstr(folded, "heap 100\n"));
  assert_non_null(strstr(folded, "pool 40\n"));
  assert_non_null(strstr(folded, "main;load;heap 5000\n"));
  assert_non_null(strstr(folded, "main;load;buffer 1088\n"));
  assert_non_null(strstr(folded, "main;load;arena "));
  vmr_arena_destroy(arena);
  vmr_buffer_release(&buffer);
  vmr_heap_destroy(heap); /* with what is in it */
  assert_int_equal(profile->live, 1);
  (void)vmr_profile_folded(profile, true, folded, sizeof folded);
  assert_string_equal(folded, "pool 40\n");
  assert_int_equal(vmr_pool_destroy(pool), VMR_STILL_IN_USE);
  assert_int_equal(profile->live, 0);
  assert_int_equal(vmr_shared_pool_destroy(shared), VMR_OK);
  vmr_profile_destroy(profile);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

typedef struct record {
  long payload[4];
} record;

static void a_collected_heap_forgets_its_dead(void **state) {
  (void)state;
  enum { COUNT = 30, KEPT = 3 };
  vmr_ctx *ctx = make_ctx();
  report leaks = {0}, living = {0};
  vmr_profile *profile = make_profile(ctx, 1, 0, &leaks);
  vmr_gc_layout layout = {.name = "record", .bytes = sizeof(record)};
  vmr_gc *gc = NULL;
  vmr_gc_type *type = NULL;
  void *kept[KEPT] = {NULL};
  vmr_gc_root root = {.first = kept, .count = KEPT};
  char folded[200], other;
  assert_int_equal(vmr_gc_create(&gc, ctx, NULL), VMR_OK);
  assert_int_equal(vmr_gc_add_type(gc, &layout, &type), VMR_OK);
  vmr_gc_add_root(gc, &root);
  vmr_gc_note(gc, vmr_gc_alloc(gc, type), "main;unseen"); /* no profile yet */
  vmr_gc_set_profile(gc, profile);
  vmr_profile_note(profile, &other, 5, "main;other"); /* is none of the heap's */
  for (int i = 0; i < COUNT; i++) {
    void *made = vmr_gc_alloc(gc, type);
    assert_non_null(made);
    if (i % 10 == 0) kept[i / 10] = made;
    vmr_gc_note(gc, made, i % 10 == 0 ? "main;keep" : "main;drop");
  }
  size_t bytes = vmr_gc_object_bytes(kept[0]);
  assert_int_equal(profile->live, COUNT + 1);
  assert_int_equal(vmr_gc_collect(gc, NULL), VMR_OK);
  vmr_profile_each_live(profile, note_object, &living);
  assert_int_equal(living.count, KEPT + 1);
  for (int i = 0; i < KEPT; i++) {
    assert_ptr_equal(living.objects[1 + i].object, kept[i]);
    assert_string_equal(living.stacks[1 + i], "main;keep");
    assert_int_equal(living.objects[1 + i].age, (size_t)(COUNT - 1 - 10 * i) * bytes);
  }
  (void)vmr_profile_folded(profile, true, folded, sizeof folded);
  assert_non_null(strstr(folded, "main;keep "));
  assert_null(strstr(folded, "main;drop"));
  assert_int_equal(vmr_gc_release(gc, kept[1]), VMR_OK);
  kept[1] = NULL;
  assert_int_equal(profile->live, KEPT);
  vmr_gc_destroy(gc);
  vmr_profile_destroy(profile);
  assert_int_equal(leaks.count, 1);
  assert_ptr_equal(leaks.objects[0].object, &other);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(leaks_are_named_oldest_first),     cmocka_unit_test(stacks_are_folded_with_their_bytes),
      cmocka_unit_test(the_newest_events_are_kept),       cmocka_unit_test(a_sample_gives_sums_that_are_near),
      cmocka_unit_test(a_watched_context_needs_no_notes), cmocka_unit_test(without_a_profile_nothing_happens),
      cmocka_unit_test(any_allocation_may_fail),          cmocka_unit_test(a_collected_heap_forgets_its_dead),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
