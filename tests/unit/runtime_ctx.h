/* runtime_ctx.h: what the tests of the runtime share: contexts that the environment says nothing about, their books, and a
 * note of the last misuse that was reported. Include after cmocka.h. */
#ifndef VMO_TESTS_UNIT_RUNTIME_CTX_H
#define VMO_TESTS_UNIT_RUNTIME_CTX_H

#include <string.h>

#include "vmemrt.h"

#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)

typedef struct misuse {
  vmr_status what;
  const void *object;
  int count;
} misuse;

static inline void remember_misuse(void *user, vmr_ctx *ctx, vmr_status what, const void *object, const char *words) {
  misuse *last = user;
  assert_non_null(ctx);
  assert_true(strlen(words) > 10);
  *last = (misuse){what, object, last->count + 1};
}

/* A context with the flags; misuse is noted in `found` (may be NULL). */
static inline vmr_ctx *make_watched_ctx(uint32_t flags, misuse *found) {
  vmr_options options = vmr_options_default();
  vmr_ctx *ctx = NULL;
  options.flags = flags | VMR_IGNORE_ENVIRONMENT;
  options.on_violation = found != NULL ? remember_misuse : NULL;
  options.violation_user = found;
  assert_int_equal(vmr_ctx_create(&ctx, &options), VMR_OK);
  return ctx;
}

static inline vmr_ctx *make_flagged_ctx(uint32_t flags) { return make_watched_ctx(flags, NULL); }

static inline vmr_ctx *make_ctx(void) { return make_flagged_ctx(0); }

static inline vmr_account read_account(const vmr_ctx *ctx, vmr_kind kind) {
  vmr_account account;
  assert_int_equal(vmr_ctx_read_account(ctx, kind, &account), VMR_OK);
  return account;
}

static inline size_t current_bytes(const vmr_ctx *ctx) { return read_account(ctx, VMR_KIND_ALL).current_bytes; }

/* Bytes that are all `fill`. */
static inline bool is_filled(const void *bytes, size_t count, unsigned char fill) {
  const unsigned char *each = bytes;
  for (size_t i = 0; i < count; i++) {
    if (each[i] != fill) return false;
  }
  return true;
}

#endif
