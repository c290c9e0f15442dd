/* fork.c: what another thread holds while the process forks must not stay locked in the child for ever.
 *
 * Before a fork every lock of the library is taken, in the order in which the library nests them, and given back
 * on both sides: contexts, what is shared in each, caches of shared pools, heaps, their range, profiles. So the child finds
 * all parts between two operations. Contexts are a list for that; parts without a context that are shared are their
 * owner's to keep quiet, heaps apart. */
#include <pthread.h>
#include <stdlib.h>

#include "runtime/arena.h"
#include "runtime/heap.h"
#include "runtime/interner.h"
#include "runtime/profile.h"
#include "runtime/shared_pool.h"

#define BODY_OF(type, handle) ((type *)(void *)((char *)(handle) - offsetof(type, handle)))

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static vmr_ctx *all;

/* The lock of a part that several threads use, or NULL. */
static pthread_mutex_t *lock_of(vmr_handle *handle) {
  switch (handle->kind) {
  case VMR_HANDLE_SHARED_POOL: return vmr_shared_pool_lock_of(handle);
  case VMR_HANDLE_ARENA_POOL: return vmr_arena_pool_lock_of(handle);
  case VMR_KIND_INTERNER: return &BODY_OF(vmr_interner, handle)->lock;
  default: return NULL;
  }
}

static void lock_ctx(vmr_ctx *ctx) {
  pthread_mutex_lock(&ctx->lock);
  for (vmr_handle *each = ctx->handles; each != NULL; each = each->next) {
    pthread_mutex_t *own = lock_of(each);
    if (own != NULL) pthread_mutex_lock(own);
  }
}

static void unlock_ctx(vmr_ctx *ctx) {
  for (vmr_handle *each = ctx->handles; each != NULL; each = each->next) {
    pthread_mutex_t *own = lock_of(each);
    if (own != NULL) pthread_mutex_unlock(own);
  }
  pthread_mutex_unlock(&ctx->lock);
}

/* Profiles come last: any part may be locked that notes something. */
static void for_profiles(int (*change)(pthread_mutex_t *)) {
  for (vmr_ctx *ctx = all; ctx != NULL; ctx = ctx->next_ctx) {
    for (vmr_handle *each = ctx->handles; each != NULL; each = each->next) {
      if (each->kind == VMR_KIND_PROFILE) (void)change(vmr_profile_lock_of(each));
    }
  }
}

static void before(void) {
  pthread_mutex_lock(&lock);
  if (vmr_shared_pools_lock != NULL) vmr_shared_pools_lock();
  for (vmr_ctx *each = all; each != NULL; each = each->next_ctx) lock_ctx(each);
  if (vmr_heaps_lock != NULL) vmr_heaps_lock();
  if (vmr_range_lock != NULL) vmr_range_lock(); /* there may be bumps alone */
  for_profiles(pthread_mutex_lock);
}

static void behind(void) {
  for_profiles(pthread_mutex_unlock);
  if (vmr_range_unlock != NULL) vmr_range_unlock();
  if (vmr_heaps_unlock != NULL) vmr_heaps_unlock();
  for (vmr_ctx *each = all; each != NULL; each = each->next_ctx) unlock_ctx(each);
  if (vmr_shared_pools_unlock != NULL) vmr_shared_pools_unlock();
  pthread_mutex_unlock(&lock);
}

static void prepare(void) { (void)pthread_atfork(before, behind, behind); }

void vmr_fork_prepare(void) { pthread_once(&once, prepare); }

/* Handlers run before a fork from the last registered to the first. Those of the program, which may allocate, are to find
 * nothing locked here: so these are registered early. A malloc that stands in libc's place and has a lock of its own is to be
 * locked after all that call it: it registers its handlers when it is first used, so it is used first. */
#if defined(__GNUC__)
__attribute__((constructor(101))) static void prepare_early(void) {
  void *volatile first = malloc(1);
  free(first);
  vmr_fork_prepare();
}
#endif

void vmr_fork_add_ctx(vmr_ctx *ctx) {
  vmr_fork_prepare();
  pthread_mutex_lock(&lock);
  ctx->next_ctx = all;
  if (all != NULL) all->previous_ctx = ctx;
  all = ctx;
  pthread_mutex_unlock(&lock);
}

void vmr_fork_remove_ctx(vmr_ctx *ctx) {
  pthread_mutex_lock(&lock);
  if (ctx->next_ctx != NULL) ctx->next_ctx->previous_ctx = ctx->previous_ctx;
  *(ctx->previous_ctx != NULL ? &ctx->previous_ctx->next_ctx : &all) = ctx->next_ctx;
  pthread_mutex_unlock(&lock);
}
