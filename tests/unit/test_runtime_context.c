/* test_runtime_context.c: the context: versions and sizes of options, limits with their callbacks, books, faults,
 * and what VMEMRT_OPTIONS says. */
#define _POSIX_C_SOURCE 200809L

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "vmemrt.h"

/* The inside of the runtime is not exported: what is obtained here goes through a backing that counts, by way of
 * arenas where objects are needed. */
typedef struct ledger {
  size_t live, calls;
  size_t most; /* bytes of one request; more is refused. 0: no limit */
} ledger;

static void *obtain(void *user, size_t bytes) {
  ledger *books = user;
  books->calls++;
  if (books->most != 0 && bytes > books->most) return NULL;
  books->live += bytes;
  return malloc(bytes);
}

static void *resize(void *user, void *old, size_t old_bytes, size_t bytes) {
  ledger *books = user;
  void *memory = realloc(old, bytes);
  if (memory != NULL) books->live += bytes - old_bytes;
  books->calls++;
  return memory;
}

static void release(void *user, void *memory, size_t bytes) {
  ledger *books = user;
  books->live -= bytes;
  free(memory);
}

static vmr_options make_options(ledger *books) {
  vmr_options options = vmr_options_default();
  options.backing = (vmr_backing){obtain, resize, release, books};
  options.flags = VMR_IGNORE_ENVIRONMENT;
  return options;
}

static void what_the_backing_refuses_is_not_booked(void **state) {
  (void)state;
  ledger books = {.most = 100000};
  vmr_options options = make_options(&books);
  vmr_ctx *ctx = NULL;
  vmr_arena *arena = NULL;
  vmr_account before, after;
  assert_int_equal(vmr_ctx_create(&ctx, &options), VMR_OK);
  assert_int_equal(vmr_arena_open(&arena, ctx, 0), VMR_OK);
  assert_int_equal(vmr_ctx_read_account(ctx, VMR_KIND_ARENA, &before), VMR_OK);
  assert_null(vmr_arena_alloc(arena, 1000000));
  assert_int_equal(vmr_ctx_read_account(ctx, VMR_KIND_ARENA, &after), VMR_OK);
  assert_int_equal(after.current_bytes, before.current_bytes);
  assert_int_equal(after.total_bytes, before.total_bytes);
  assert_int_equal(after.failed, 1);
  vmr_arena_destroy(arena);
  vmr_ctx_clear_status(ctx);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
  assert_int_equal(books.live, 0);
}

static void the_backing_gets_everything_back(void **state) {
  (void)state;
  ledger books = {0};
  vmr_options options = make_options(&books);
  vmr_ctx *ctx = NULL;
  assert_int_equal(vmr_ctx_create(&ctx, &options), VMR_OK);
  assert_true(books.live > 0);
  assert_int_equal(vmr_ctx_status(ctx), VMR_OK);
  assert_string_equal(vmr_ctx_message(ctx), "");
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
  assert_int_equal(books.live, 0);
  assert_int_equal(vmr_ctx_destroy(NULL), VMR_OK);
}

static void versions_and_sizes_are_checked(void **state) {
  (void)state;
  struct {
    vmr_options options;
    char more[16];
  } later = {vmr_options_default(), {0}};
  vmr_ctx *ctx = NULL;
  assert_int_equal(vmr_version(), VMR_VERSION);
  assert_int_equal(vmr_ctx_create(NULL, NULL), VMR_INVALID_ARGUMENT);

  later.options.flags = VMR_IGNORE_ENVIRONMENT;
  later.options.struct_size = sizeof later; /* of a later version, asking for nothing new */
  assert_int_equal(vmr_ctx_create(&ctx, &later.options), VMR_OK);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
  later.more[3] = 1;
  assert_int_equal(vmr_ctx_create(&ctx, &later.options), VMR_WRONG_VERSION);
  assert_null(ctx);

  vmr_options options = vmr_options_default();
  options.flags = VMR_IGNORE_ENVIRONMENT;
  options.version += 65536;
  assert_int_equal(vmr_ctx_create(&ctx, &options), VMR_WRONG_VERSION);
  options.version = VMR_VERSION + 1; /* a minor version is no reason */
  options.hard_limit = 1;
  options.struct_size = offsetof(vmr_options, hard_limit); /* an earlier version without this field */
  assert_int_equal(vmr_ctx_create(&ctx, &options), VMR_OK);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
  options.struct_size = 3;
  assert_int_equal(vmr_ctx_create(&ctx, &options), VMR_INVALID_ARGUMENT);
}

static void a_backing_is_whole_or_absent(void **state) {
  (void)state;
  ledger books = {0};
  vmr_options options = make_options(&books);
  vmr_ctx *ctx = NULL;
  options.backing.resize = NULL;
  assert_int_equal(vmr_ctx_create(&ctx, &options), VMR_INVALID_ARGUMENT);
  options = make_options(&books);
  options.fail_per_million = 1000001;
  assert_int_equal(vmr_ctx_create(&ctx, &options), VMR_INVALID_ARGUMENT);
  assert_int_equal(books.calls, 0);
}

/* What the environment says makes a context with this status; the message starts with `words`. */
static void assert_environment(const char *text, vmr_status status, const char *words) {
  vmr_ctx *ctx = NULL;
  assert_int_equal(setenv("VMEMRT_OPTIONS", text, 1), 0);
  assert_int_equal(vmr_ctx_create(&ctx, NULL), VMR_OK);
  assert_int_equal(vmr_ctx_status(ctx), status);
  assert_string_equal(vmr_ctx_message(ctx), words);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
  assert_int_equal(unsetenv("VMEMRT_OPTIONS"), 0);
}

static void unknown_words_in_the_environment_are_named(void **state) {
  (void)state;
  assert_environment("", VMR_OK, "");
  assert_environment("guard=1,huge_pages=0,soft_limit=1M,hard_limit=2G,fail_nth=0", VMR_OK, "");
  assert_environment(",,guard=0,", VMR_OK, "");
  assert_environment("guard=2", VMR_UNKNOWN_OPTION, "VMEMRT_OPTIONS: not understood: guard=2");
  assert_environment("guard", VMR_UNKNOWN_OPTION, "VMEMRT_OPTIONS: not understood: guard");
  assert_environment("soft_limit=1M,guards=1,other=2", VMR_UNKNOWN_OPTION, "VMEMRT_OPTIONS: not understood: guards=1");
  assert_environment("soft_limit=", VMR_UNKNOWN_OPTION, "VMEMRT_OPTIONS: not understood: soft_limit=");
  assert_environment("soft_limit=-1", VMR_UNKNOWN_OPTION, "VMEMRT_OPTIONS: not understood: soft_limit=-1");
  assert_environment("hard_limit=99999999999999999999", VMR_UNKNOWN_OPTION,
                     "VMEMRT_OPTIONS: not understood: hard_limit=99999999999999999999");
  assert_environment("hard_limit=18446744073709551615G", VMR_UNKNOWN_OPTION,
                     "VMEMRT_OPTIONS: not understood: hard_limit=18446744073709551615G");
  assert_environment("fail_per_million=1000001", VMR_UNKNOWN_OPTION,
                     "VMEMRT_OPTIONS: not understood: fail_per_million=1000001");
}

static void the_environment_is_put_over_the_options(void **state) {
  (void)state;
  vmr_options options = vmr_options_default();
  vmr_ctx *ctx = NULL;
  vmr_arena *arena = NULL;
  options.hard_limit = (size_t)64 << 20;
  assert_int_equal(setenv("VMEMRT_OPTIONS", "hard_limit=1M,fail_nth=4", 1), 0);
  assert_int_equal(vmr_ctx_create(&ctx, &options), VMR_OK);
  assert_int_equal(vmr_arena_open(&arena, ctx, 0), VMR_OK);
  assert_null(vmr_arena_alloc(arena, (size_t)2 << 20)); /* the second and third one: the object, and its memory */
  assert_int_equal(vmr_ctx_limits_hit(ctx), 1);
  assert_null(vmr_arena_alloc(arena, 8)); /* the fourth one */
  assert_non_null(vmr_arena_alloc(arena, 8));
  vmr_arena_destroy(arena);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);

  options.flags = VMR_IGNORE_ENVIRONMENT;
  assert_int_equal(vmr_ctx_create(&ctx, &options), VMR_OK);
  assert_int_equal(vmr_arena_open(&arena, ctx, 0), VMR_OK);
  assert_non_null(vmr_arena_alloc(arena, (size_t)2 << 20));
  vmr_arena_destroy(arena);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
  assert_int_equal(unsetenv("VMEMRT_OPTIONS"), 0);
}

static void statuses_and_kinds_have_words(void **state) {
  (void)state;
  assert_string_equal(vmr_status_text(VMR_OK), "no failure");
  assert_string_equal(vmr_status_text(VMR_STILL_IN_USE), "still in use");
  assert_string_equal(vmr_status_text((vmr_status)99), "unknown status");
  assert_string_equal(vmr_kind_name(VMR_KIND_CONTEXT), "context");
  assert_string_equal(vmr_kind_name(VMR_KIND_ALL), "all");
  assert_null(vmr_kind_name((vmr_kind)99));
  vmr_ctx *ctx = NULL;
  vmr_account account = {.current_bytes = 1};
  assert_int_equal(vmr_ctx_create(&ctx, NULL), VMR_OK);
  assert_int_equal(vmr_ctx_read_account(ctx, VMR_KIND_ALL, &account), VMR_OK);
  assert_int_equal(account.current_bytes, 0);
  assert_int_equal(vmr_ctx_read_account(ctx, (vmr_kind)99, &account), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_ctx_read_account(ctx, VMR_KIND_ALL, NULL), VMR_INVALID_ARGUMENT);
  assert_int_equal(vmr_ctx_destroy(ctx), VMR_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_backing_gets_everything_back),
      cmocka_unit_test(what_the_backing_refuses_is_not_booked),
      cmocka_unit_test(versions_and_sizes_are_checked),
      cmocka_unit_test(a_backing_is_whole_or_absent),
      cmocka_unit_test(unknown_words_in_the_environment_are_named),
      cmocka_unit_test(the_environment_is_put_over_the_options),
      cmocka_unit_test(statuses_and_kinds_have_words),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
