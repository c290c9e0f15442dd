/* context.c: where memory comes from, how much of it there may be, and the books over it.
 *
 * A request is charged before it is made: the sum over all kinds is raised by compare and swap unless that would
 * pass the hard limit, so that two threads cannot pass it together; the line of the kind follows. What the
 * backing then refuses is discharged again. All of it costs a few atomic operations for each chunk. */
#define _POSIX_C_SOURCE 200809L
#include "runtime/context.h"

#include <string.h>

#include "runtime/metrics.h"
#include "runtime/os.h"
#include "runtime/profile.h"

#define NO_LIMIT SIZE_MAX

uint32_t vmr_version(void) { return VMR_VERSION; }

const char *vmr_status_text(vmr_status status) {
  static const char *const texts[] = {
      [VMR_OK] = "no failure",
      [VMR_OUT_OF_MEMORY] = "out of memory",
      [VMR_SIZE_OVERFLOW] = "size overflow",
      [VMR_INVALID_ARGUMENT] = "invalid argument",
      [VMR_WRONG_VERSION] = "wrong version",
      [VMR_UNKNOWN_OPTION] = "unknown option",
      [VMR_WRONG_ORDER] = "wrong order",
      [VMR_DOUBLE_FREE] = "given back twice",
      [VMR_FOREIGN_POINTER] = "foreign pointer",
      [VMR_CORRUPTED] = "corrupted memory",
      [VMR_STILL_IN_USE] = "still in use",
      [VMR_NOT_A_NUMBER] = "not a number",
      [VMR_OUT_OF_RANGE] = "out of range",
      [VMR_STALE_HANDLE] = "stale handle",
  };
  return (unsigned)status < sizeof texts / sizeof *texts ? texts[status] : "unknown status";
}

const char *vmr_kind_name(vmr_kind kind) {
  static const char *const names[] = {
#define NAME_OF_KIND(NAME, name) name,
      VMR_KINDS(NAME_OF_KIND)
#undef NAME_OF_KIND
          "all"};
  return (unsigned)kind < sizeof names / sizeof *names ? names[kind] : NULL;
}

/* ---- creation ---- */

/* Takes what the caller knows of the options; a larger structure must not ask for what this library does not know. */
static vmr_status copy_options(vmr_options *copy, const vmr_options *given) {
  const char *bytes = (const char *)given;
  *copy = vmr_options_default();
  if (given == NULL) return VMR_OK;
  if (given->version / 65536 != VMR_VERSION_MAJOR) return VMR_WRONG_VERSION;
  if (given->struct_size < offsetof(vmr_options, backing)) return VMR_INVALID_ARGUMENT;
  for (size_t i = sizeof *copy; i < given->struct_size; i++) {
    if (bytes[i] != 0) return VMR_WRONG_VERSION;
  }
  memcpy(copy, given, given->struct_size < sizeof *copy ? given->struct_size : sizeof *copy);
  const vmr_backing *backing = &copy->backing;
  bool all = backing->obtain != NULL && backing->resize != NULL && backing->release != NULL;
  bool none = backing->obtain == NULL && backing->resize == NULL && backing->release == NULL;
  bool is_valid = (all || none) && copy->fail_per_million <= 1000000;
  return is_valid ? VMR_OK : VMR_INVALID_ARGUMENT;
}

static void *obtain_raw(const vmr_backing *backing, size_t bytes) {
  return backing->obtain != NULL ? backing->obtain(backing->user, bytes) : vmr_os_alloc(bytes);
}

static void release_raw(const vmr_backing *backing, void *memory, size_t bytes) {
  if (backing->release != NULL) {
    backing->release(backing->user, memory, bytes);
  } else {
    vmr_os_free(memory);
  }
}

vmr_status vmr_ctx_create(vmr_ctx **ctx, const vmr_options *options) {
  vmr_options chosen;
  char message[sizeof(*ctx)->message] = "";
  if (ctx == NULL) return VMR_INVALID_ARGUMENT;
  *ctx = NULL;
  vmr_status status = copy_options(&chosen, options);
  if (status != VMR_OK) return status;
  bool is_known =
      (chosen.flags & VMR_IGNORE_ENVIRONMENT) != 0 || vmr_options_read_environment(&chosen, message, sizeof message);
  vmr_ctx *created = obtain_raw(&chosen.backing, sizeof *created);
  if (created == NULL) return VMR_OUT_OF_MEMORY;
  memset(created, 0, sizeof *created);
  if (pthread_mutex_init(&created->lock, NULL) != 0) {
    release_raw(&chosen.backing, created, sizeof *created);
    return VMR_OUT_OF_MEMORY;
  }
  created->backing = chosen.backing;
  created->flags = chosen.flags;
  created->on_pressure = chosen.on_pressure;
  created->pressure_user = chosen.pressure_user;
  created->on_violation = chosen.on_violation;
  created->violation_user = chosen.violation_user;
  created->status = is_known ? VMR_OK : VMR_UNKNOWN_OPTION;
  memcpy(created->message, message, sizeof message);
  vmr_ctx_set_limits(created, chosen.soft_limit, chosen.hard_limit);
  vmr_ctx_set_faults(created, chosen.fail_nth, chosen.fail_after, chosen.fail_per_million, chosen.fail_seed);
  vmr_fork_add_ctx(created);
  *ctx = created;
  return VMR_OK;
}

vmr_status vmr_ctx_destroy(vmr_ctx *ctx) {
  if (ctx == NULL) return VMR_OK;
  pthread_mutex_lock(&ctx->lock);
  bool is_in_use = ctx->handles != NULL;
  pthread_mutex_unlock(&ctx->lock);
  if (is_in_use || ctx->books[VMR_KIND_ALL].current != 0) {
    vmr_ctx_report(ctx, VMR_STILL_IN_USE, ctx, "the context is destroyed while what was created from it is alive");
    return VMR_STILL_IN_USE;
  }
  vmr_fork_remove_ctx(ctx);
  pthread_mutex_destroy(&ctx->lock);
  vmr_backing backing = ctx->backing;
  release_raw(&backing, ctx, sizeof *ctx);
  return VMR_OK;
}

vmr_status vmr_ctx_status(const vmr_ctx *ctx) { return ctx != NULL ? (vmr_status)ctx->status : VMR_OK; }

void vmr_ctx_clear_status(vmr_ctx *ctx) {
  if (ctx != NULL) ctx->status = VMR_OK;
}

const char *vmr_ctx_message(const vmr_ctx *ctx) { return ctx != NULL ? ctx->message : ""; }

void vmr_ctx_set_limits(vmr_ctx *ctx, size_t soft_limit, size_t hard_limit) {
  if (ctx == NULL) return;
  ctx->soft_limit = soft_limit != 0 ? soft_limit : NO_LIMIT;
  ctx->hard_limit = hard_limit != 0 ? hard_limit : NO_LIMIT;
}

static void set_status(vmr_ctx *ctx, vmr_status status) {
  int none = VMR_OK;
  atomic_compare_exchange_strong(&ctx->status, &none, (int)status);
}

/* ---- faults ---- */

void vmr_ctx_set_faults(vmr_ctx *ctx, uint64_t fail_nth, uint64_t fail_after, uint32_t fail_per_million,
                        uint32_t fail_seed) {
  if (ctx == NULL) return;
  ctx->fail_nth = fail_nth;
  ctx->fail_after = fail_after;
  ctx->fail_per_million = fail_per_million;
  ctx->fail_seed = fail_seed;
  ctx->fault_count = ctx->fault_bytes = 0;
  ctx->faulty = fail_nth != 0 || fail_after != 0 || fail_per_million != 0;
}

/* A number below a million that only the seed and the count decide: the mixing function of splitmix64 (Steele, Lea and
 * Flood, Fast Splittable Pseudorandom Number Generators, OOPSLA 2014). */
static uint32_t draw(uint32_t seed, uint64_t count) {
  uint64_t mixed = (count + ((uint64_t)seed << 32)) * UINT64_C(0x9e3779b97f4a7c15);
  mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94d049bb133111eb);
  return (uint32_t)((mixed ^ (mixed >> 31)) % 1000000);
}

static bool is_fault(vmr_ctx *ctx, size_t bytes) {
  uint64_t count = atomic_fetch_add(&ctx->fault_count, 1) + 1,
           total = atomic_fetch_add(&ctx->fault_bytes, bytes) + bytes;
  if (ctx->fail_nth != 0 && count == ctx->fail_nth) return true;
  if (ctx->fail_after != 0 && total > ctx->fail_after) return true;
  return draw(ctx->fail_seed, count) < ctx->fail_per_million;
}

static void count_failure(vmr_ctx *ctx, vmr_kind kind) {
  atomic_fetch_add_explicit(&ctx->books[kind].failed, 1, memory_order_relaxed);
  atomic_fetch_add_explicit(&ctx->books[VMR_KIND_ALL].failed, 1, memory_order_relaxed);
  set_status(ctx, VMR_OUT_OF_MEMORY);
}

void vmr_ctx_count_refusal(vmr_ctx *ctx, vmr_kind kind, bool is_limit) {
  if (ctx == NULL) return;
  count_failure(ctx, kind);
  if (is_limit) atomic_fetch_add_explicit(&ctx->limits_hit, 1, memory_order_relaxed);
}

bool vmr_ctx_admit(vmr_ctx *ctx, vmr_kind kind, size_t bytes) {
  if (ctx == NULL || !ctx->faulty || !is_fault(ctx, bytes)) return true;
  count_failure(ctx, kind);
  return false;
}

bool vmr_ctx_is_checked(const vmr_ctx *ctx) {
  return vmr_os_is_watched() || (ctx != NULL && (ctx->faulty || (ctx->flags & VMR_GUARD) != 0));
}

bool vmr_ctx_is_guarded(const vmr_ctx *ctx) {
  return ctx != NULL && (ctx->flags & VMR_GUARD) != 0 && !vmr_os_is_watched();
}

/* ---- the books ---- */

static void raise_peak(vmr_books *books, size_t current) {
  size_t peak = atomic_load_explicit(&books->peak, memory_order_relaxed);
  while (current > peak && !atomic_compare_exchange_weak(&books->peak, &peak, current)) continue;
}

/* Raises the sum unless the hard limit is in the way. */
static bool raise_sum(vmr_ctx *ctx, size_t bytes, size_t *sum) {
  size_t limit = ctx->hard_limit,
         current = atomic_load_explicit(&ctx->books[VMR_KIND_ALL].current, memory_order_relaxed);
  do {
    if (current > limit || bytes > limit - current) return false;
  } while (!atomic_compare_exchange_weak(&ctx->books[VMR_KIND_ALL].current, &current, current + bytes));
  *sum = current + bytes;
  return true;
}

size_t vmr_ctx_room(const vmr_ctx *ctx) {
  if (ctx == NULL || ctx->hard_limit == NO_LIMIT) return SIZE_MAX;
  size_t limit = ctx->hard_limit, current = ctx->books[VMR_KIND_ALL].current;
  return limit > current ? limit - current : 0;
}

static void press(vmr_ctx *ctx, size_t wanted) {
  if (ctx->on_pressure == NULL || atomic_exchange(&ctx->under_pressure, true)) return;
  ctx->on_pressure(ctx->pressure_user, ctx, wanted);
  ctx->under_pressure = false;
}

/* ---- callbacks that wait ---- */

static __attribute__((tls_model("initial-exec"))) _Thread_local vmr_deferral *innermost_deferral;

static vmr_deferral *find_deferral(const vmr_ctx *ctx) {
  vmr_deferral *found = innermost_deferral;
  while (found != NULL && found->ctx != ctx) found = found->outer;
  return found;
}

void vmr_ctx_defer(vmr_deferral *deferral, vmr_ctx *ctx) {
  bool calls_back = ctx != NULL && (ctx->on_pressure != NULL || ctx->on_violation != NULL);
  deferral->ctx = calls_back ? ctx : NULL;
  deferral->wanted = 0;
  deferral->is_refused = deferral->is_last = deferral->is_passed_on = false;
  deferral->violation_count = 0;
  if (!calls_back) return;
  const vmr_deferral *around = find_deferral(ctx);
  deferral->is_last = around != NULL && around->is_last;
  deferral->outer = innermost_deferral;
  innermost_deferral = deferral;
}

static void note_violation(vmr_deferral *deferral, vmr_violation found) {
  if (deferral->violation_count < VMR_DEFERRED_VIOLATIONS) deferral->violations[deferral->violation_count++] = found;
}

/* Calls back, or leaves it to a deferral of this thread. */
static void tell(vmr_ctx *ctx, vmr_violation found) {
  vmr_deferral *deferral = find_deferral(ctx);
  if (ctx->on_violation == NULL) return;
  if (deferral != NULL) {
    note_violation(deferral, found);
  } else {
    ctx->on_violation(ctx->violation_user, ctx, found.what, found.object, found.words);
  }
}

void vmr_ctx_report(vmr_ctx *ctx, vmr_status what, const void *object, const char *words) {
  if (ctx == NULL) return;
  set_status(ctx, what);
  atomic_fetch_add_explicit(&ctx->violations, 1, memory_order_relaxed);
  tell(ctx, (vmr_violation){what, object, words});
}

/* What is deferred within a deferral waits for the outer one, whose part is locked. */
static bool pass_on(vmr_deferral *deferral) {
  vmr_deferral *around = find_deferral(deferral->ctx);
  if (around == NULL) return false;
  if (around->wanted == 0 || deferral->is_refused) around->wanted = deferral->wanted;
  around->is_refused |= deferral->is_refused;
  deferral->is_passed_on = deferral->is_refused;
  return true;
}

bool vmr_ctx_relieve(vmr_deferral *deferral, bool has_failed) {
  if (deferral->ctx == NULL) return false;
  innermost_deferral = deferral->outer;
  for (uint32_t i = 0; i < deferral->violation_count; i++) tell(deferral->ctx, deferral->violations[i]);
  deferral->violation_count = 0;
  if (deferral->wanted == 0 || pass_on(deferral)) return false;
  bool is_again = has_failed && deferral->is_refused;
  press(deferral->ctx, deferral->wanted);
  if (!is_again) return false;
  deferral->wanted = 0;
  deferral->is_refused = false;
  deferral->is_last = true;
  innermost_deferral = deferral;
  return true;
}

/* Leaves the callback to the deferral; false when it is to be called now, or not at all. */
static bool leave_to(vmr_deferral *deferral, size_t bytes, bool is_refusal) {
  if (deferral == NULL || deferral->ctx->on_pressure == NULL || deferral->ctx->under_pressure) return false;
  if (is_refusal && deferral->is_last) return false;
  if (deferral->wanted == 0 || is_refusal) deferral->wanted = bytes;
  deferral->is_refused |= is_refusal;
  return true;
}

typedef enum answer { GRANTED, REFUSED, DEFERRED } answer;

static answer charge(vmr_ctx *ctx, vmr_kind kind, size_t bytes) {
  size_t sum = 0;
  vmr_deferral *deferral = find_deferral(ctx);
  if (!raise_sum(ctx, bytes, &sum)) {
    if (leave_to(deferral, bytes, true)) return DEFERRED;
    if (deferral == NULL) press(ctx, bytes);
    if (deferral != NULL || !raise_sum(ctx, bytes, &sum)) {
      atomic_fetch_add_explicit(&ctx->limits_hit, 1, memory_order_relaxed);
      return REFUSED;
    }
  }
  atomic_fetch_add_explicit(&ctx->books[kind].current, bytes, memory_order_relaxed);
  if (sum > ctx->soft_limit && sum - bytes <= ctx->soft_limit) {
    atomic_fetch_add_explicit(&ctx->pressures, 1, memory_order_relaxed);
    if (deferral == NULL) {
      press(ctx, bytes);
    } else {
      (void)leave_to(deferral, bytes, false);
    }
  }
  return GRANTED;
}

/* ---- requests ---- */

static void discharge(vmr_ctx *ctx, vmr_kind kind, size_t bytes) {
  atomic_fetch_sub_explicit(&ctx->books[kind].current, bytes, memory_order_relaxed);
  atomic_fetch_sub_explicit(&ctx->books[VMR_KIND_ALL].current, bytes, memory_order_relaxed);
}

/* The memory is there: peaks and totals follow. */
static void settle(vmr_ctx *ctx, vmr_kind kind, size_t bytes) {
  vmr_books *lines[] = {&ctx->books[kind], &ctx->books[VMR_KIND_ALL]};
  for (int i = 0; i < 2; i++) {
    raise_peak(lines[i], atomic_load_explicit(&lines[i]->current, memory_order_relaxed));
    atomic_fetch_add_explicit(&lines[i]->total, bytes, memory_order_relaxed);
    atomic_fetch_add_explicit(&lines[i]->obtained, 1, memory_order_relaxed);
  }
}

static bool begin_admitted(vmr_ctx *ctx, vmr_kind kind, size_t bytes) {
  answer charged = charge(ctx, kind, bytes);
  if (charged == REFUSED) count_failure(ctx, kind);
  return charged == GRANTED;
}

static bool begin_request(vmr_ctx *ctx, vmr_kind kind, size_t bytes) {
  const vmr_deferral *deferral = find_deferral(ctx);
  bool is_admitted = deferral != NULL && deferral->is_last; /* it is the second try */
  return (is_admitted || vmr_ctx_admit(ctx, kind, bytes)) && begin_admitted(ctx, kind, bytes);
}

static void *end_request(vmr_ctx *ctx, vmr_kind kind, size_t bytes, void *memory) {
  if (memory != NULL) {
    settle(ctx, kind, bytes);
    if (VMR_UNLIKELY(vmr_is_watched_block(ctx, kind))) vmr_watch_note(ctx, kind, memory, bytes, NULL);
  } else {
    discharge(ctx, kind, bytes);
    count_failure(ctx, kind);
  }
  return memory;
}

bool vmr_ctx_charge(vmr_ctx *ctx, vmr_kind kind, size_t bytes) {
  if (ctx == NULL) return true;
  if (!begin_request(ctx, kind, bytes)) return false;
  settle(ctx, kind, bytes);
  return true;
}

bool vmr_ctx_begin_charge(vmr_ctx *ctx, vmr_kind kind, size_t bytes) {
  return ctx == NULL || begin_request(ctx, kind, bytes);
}

void vmr_ctx_end_charge(vmr_ctx *ctx, vmr_kind kind, size_t bytes, bool is_there) {
  if (ctx != NULL) (is_there ? settle : discharge)(ctx, kind, bytes);
}

bool vmr_ctx_charge_admitted(vmr_ctx *ctx, vmr_kind kind, size_t bytes) {
  if (ctx == NULL) return true;
  if (!begin_admitted(ctx, kind, bytes)) return false;
  settle(ctx, kind, bytes);
  return true;
}

void vmr_ctx_discharge(vmr_ctx *ctx, vmr_kind kind, size_t bytes) {
  if (ctx != NULL) discharge(ctx, kind, bytes);
}

void *vmr_ctx_obtain(vmr_ctx *ctx, vmr_kind kind, size_t bytes) {
  if (ctx == NULL) return vmr_os_alloc(bytes);
  if (!begin_request(ctx, kind, bytes)) return NULL;
  return end_request(ctx, kind, bytes, obtain_raw(&ctx->backing, bytes));
}

void *vmr_ctx_obtain_zeroed(vmr_ctx *ctx, vmr_kind kind, size_t bytes) {
  if (ctx == NULL) return vmr_os_alloc_zeroed(bytes);
  if (!begin_request(ctx, kind, bytes)) return NULL;
  if (ctx->backing.obtain == NULL) return end_request(ctx, kind, bytes, vmr_os_alloc_zeroed(bytes));
  void *memory = obtain_raw(&ctx->backing, bytes);
  if (memory != NULL) memset(memory, 0, bytes);
  return end_request(ctx, kind, bytes, memory);
}

void *vmr_ctx_resize(vmr_ctx *ctx, vmr_kind kind, void *old, size_t old_bytes, size_t bytes) {
  if (ctx == NULL) return vmr_os_resize(old, bytes);
  size_t more = bytes > old_bytes ? bytes - old_bytes : 0;
  if (!begin_request(ctx, kind, more)) return NULL;
  const vmr_backing *backing = &ctx->backing;
  void *memory =
      backing->resize != NULL ? backing->resize(backing->user, old, old_bytes, bytes) : vmr_os_resize(old, bytes);
  if (memory == NULL) return end_request(ctx, kind, more, NULL);
  if (bytes < old_bytes) discharge(ctx, kind, old_bytes - bytes);
  settle(ctx, kind, more);
  if (VMR_UNLIKELY(vmr_is_watched_block(ctx, kind))) {
    vmr_watch_forget(ctx, old);
    vmr_watch_note(ctx, kind, memory, bytes, NULL);
  }
  return memory;
}

void vmr_ctx_release(vmr_ctx *ctx, vmr_kind kind, void *memory, size_t bytes) {
  if (memory == NULL) return;
  if (ctx == NULL) {
    vmr_os_free(memory);
  } else {
    if (VMR_UNLIKELY(vmr_is_watched_block(ctx, kind))) vmr_watch_forget(ctx, memory);
    release_raw(&ctx->backing, memory, bytes);
    discharge(ctx, kind, bytes);
  }
}

bool vmr_ctx_has_pages(const vmr_ctx *ctx) { return ctx == NULL || ctx->backing.obtain == NULL; }

void *vmr_ctx_obtain_pages(vmr_ctx *ctx, vmr_kind kind, size_t bytes) {
  if (ctx == NULL) return vmr_os_map(bytes, true);
  if (!begin_request(ctx, kind, bytes)) return NULL;
  return end_request(ctx, kind, bytes, vmr_os_map(bytes, (ctx->flags & VMR_NO_HUGE_PAGES) == 0));
}

void vmr_ctx_release_pages(vmr_ctx *ctx, vmr_kind kind, void *pages, size_t bytes) {
  if (VMR_UNLIKELY(vmr_is_watched_block(ctx, kind))) vmr_watch_forget(ctx, pages);
  vmr_os_unmap(pages, bytes);
  vmr_ctx_discharge(ctx, kind, bytes);
}

vmr_status vmr_ctx_read_account(const vmr_ctx *ctx, vmr_kind kind, vmr_account *account) {
  if (account == NULL || ctx == NULL || (unsigned)kind > VMR_KIND_ALL) return VMR_INVALID_ARGUMENT;
  const vmr_books *books = &ctx->books[kind];
  *account = (vmr_account){.current_bytes = books->current,
                           .peak_bytes = books->peak,
                           .total_bytes = books->total,
                           .obtained = books->obtained,
                           .failed = books->failed};
  return VMR_OK;
}

uint64_t vmr_ctx_limits_hit(const vmr_ctx *ctx) { return ctx != NULL ? ctx->limits_hit : 0; }

uint64_t vmr_ctx_pressures(const vmr_ctx *ctx) { return ctx != NULL ? ctx->pressures : 0; }

/* ---- handles ---- */

void vmr_ctx_add_handle(vmr_ctx *ctx, vmr_handle *handle, int kind) {
  *handle = (vmr_handle){.ctx = ctx, .kind = kind};
  if (ctx == NULL) return;
  pthread_mutex_lock(&ctx->lock);
  handle->next = ctx->handles;
  if (handle->next != NULL) handle->next->previous = handle;
  ctx->handles = handle;
  pthread_mutex_unlock(&ctx->lock);
}

void vmr_ctx_remove_handle(vmr_handle *handle) {
  vmr_ctx *ctx = handle->ctx;
  if (ctx == NULL) return;
  pthread_mutex_lock(&ctx->lock);
  if (vmr_metrics_keep != NULL) vmr_metrics_keep(ctx, handle);
  if (handle->next != NULL) handle->next->previous = handle->previous;
  if (handle->previous != NULL) {
    handle->previous->next = handle->next;
  } else {
    ctx->handles = handle->next;
  }
  pthread_mutex_unlock(&ctx->lock);
}
