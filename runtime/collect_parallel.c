/* collect_parallel.c: marking by two threads, in full cycles that are done at once.
 *
 *   owner    [stack of marked objects] ──┐ hands on the older half of its stack when the other has nothing to do
 *                                        v
 *                                    [offer]
 *                                        │
 *   helper   [stack]  <──────────────────┘ and the other way round; both end when both have nothing
 *
 * Marks are set by atomic or, so that each object is on one stack only. Older entries lead to more: half of them keeps the
 * other thread busy for long, and work is handed on rarely. A chain has one object at a time and gains nothing. The helper lives
 * as long as the marking; a thread that cannot be had leaves all work to the owner. */
#define _POSIX_C_SOURCE 200809L /* NOLINT(bugprone-reserved-identifier): the name is the standard's */
#include <pthread.h>
#include <signal.h>
#include <string.h>

#include "runtime/collect.h"

#define SLICE_BYTES ((size_t)16 << 10) /* scanned between two looks at whether the other one waits */
#define LEAST_SHARED 64                /* entries of a stack that is worth halving */
#define OFFER_CAPACITY ((size_t)64 << 10)

typedef struct vmr_gc_team {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  bool someone_waits; /* read without the lock, as a hint */
  int waiting;
  size_t count; /* of the offer */
  void **offer;
  size_t wanted; /* by the helper, of which the context's callback is to be told. 0: nothing */
} vmr_gc_team;

/* ---- the offer ---- */

/* How many of the oldest entries to hand on: a half, and never one word of two that belong together (scan_part). */
static size_t shared_entries(const vmr_gc_tracer *tracer) {
  size_t half = (size_t)(tracer->top - tracer->base) / 2, count = half < OFFER_CAPACITY ? half : OFFER_CAPACITY - 1;
  return count + ((uintptr_t)tracer->base[count] & 1);
}

static void hand_on(vmr_gc_tracer *tracer) {
  vmr_gc_team *team = tracer->team;
  pthread_mutex_lock(&team->lock);
  if (team->waiting > 0 && team->count == 0) {
    size_t count = shared_entries(tracer), rest = (size_t)(tracer->top - tracer->base) - count;
    memcpy(team->offer, tracer->base, count * sizeof *team->offer);
    memmove(tracer->base, tracer->base + count, rest * sizeof *tracer->base);
    tracer->top = tracer->base + rest;
    team->count = count;
    __atomic_store_n(&team->someone_waits, false, __ATOMIC_RELAXED);
    pthread_cond_broadcast(&team->changed);
  }
  pthread_mutex_unlock(&team->lock);
}

/* Waits for an offer and takes it; false when nobody has anything left. The stack is empty, and has room: it is grown for
 * the offer's sake when the team is made. */
static bool take_over(vmr_gc_tracer *tracer) {
  vmr_gc_team *team = tracer->team;
  pthread_mutex_lock(&team->lock);
  team->waiting++;
  if (team->waiting == 2 && team->count == 0) pthread_cond_broadcast(&team->changed);
  __atomic_store_n(&team->someone_waits, true, __ATOMIC_RELAXED);
  while (team->count == 0 && team->waiting < 2) pthread_cond_wait(&team->changed, &team->lock);
  size_t count = team->count;
  if (count > 0) {
    memcpy(tracer->base, team->offer, count * sizeof *team->offer);
    tracer->top = tracer->base + count;
    team->count = 0;
    team->waiting--;
  }
  pthread_mutex_unlock(&team->lock);
  return count > 0;
}

static void work(vmr_gc_tracer *tracer) {
  do {
    while (!vmr_gc_empty_stack(tracer, SLICE_BYTES)) {
      bool is_wanted = __atomic_load_n(&tracer->team->someone_waits, __ATOMIC_RELAXED);
      if (is_wanted && tracer->top - tracer->base >= LEAST_SHARED) hand_on(tracer);
    }
  } while (take_over(tracer));
}

/* ---- the helper ---- */

/* What it obtains calls back on the owner's thread, when all is done. */
static void *help(void *user) {
  vmr_gc_tracer *tracer = user;
  vmr_deferral deferral;
  vmr_ctx_defer(&deferral, tracer->heap->handle.ctx);
  work(tracer);
  tracer->team->wanted = deferral.wanted;
  deferral.wanted = 0;
  vmr_ctx_relieve(&deferral, false);
  return NULL;
}

static void call_back(vmr_ctx *ctx, size_t wanted) {
  vmr_deferral deferral;
  vmr_ctx_defer(&deferral, ctx);
  deferral.wanted = wanted;
  vmr_ctx_relieve(&deferral, false);
}

/* Signals are the program's threads' to receive. */
static bool start_helper(pthread_t *helper, vmr_gc_tracer *tracer) {
  sigset_t all, former;
  sigfillset(&all);
  if (pthread_sigmask(SIG_SETMASK, &all, &former) != 0) return false;
  bool is_started = pthread_create(helper, NULL, help, tracer) == 0;
  pthread_sigmask(SIG_SETMASK, &former, NULL);
  return is_started;
}

static bool has_room(vmr_gc_tracer *tracer) {
  while ((size_t)(tracer->limit - tracer->base) < OFFER_CAPACITY)
    if (!vmr_gc_reserve_stack(tracer)) return false;
  return true;
}

static void run_team(vmr_gc_body *heap, vmr_gc_team *team, vmr_gc_tracer *other) {
  pthread_t helper;
  heap->tracer.team = other->team = team;
  if (start_helper(&helper, other)) {
    work(&heap->tracer);
    pthread_join(helper, NULL);
    if (team->wanted != 0) call_back(heap->handle.ctx, team->wanted);
    heap->figures.parallel_cycles++;
  }
  heap->tracer.team = NULL;
  heap->tracer.scanned += other->scanned;
  heap->tracer.is_overflown |= other->is_overflown;
}

/* Both at once, or as far as memory allows: what is left is on the owner's stack. */
static void mark_by_two(vmr_gc_body *heap, vmr_gc_team *team) {
  vmr_ctx *ctx = heap->handle.ctx;
  vmr_gc_tracer other = {.heap = heap};
  team->offer = vmr_ctx_obtain(ctx, VMR_KIND_GC, OFFER_CAPACITY * sizeof *team->offer);
  if (team->offer != NULL && has_room(&heap->tracer) && has_room(&other)) run_team(heap, team, &other);
  vmr_ctx_release(ctx, VMR_KIND_GC, other.base, (size_t)(other.limit - other.base) * sizeof *other.base);
  vmr_ctx_release(ctx, VMR_KIND_GC, team->offer, OFFER_CAPACITY * sizeof *team->offer);
}

void vmr_gc_drain_by_two(vmr_gc_body *heap) {
  vmr_gc_team team = {.waiting = 0};
  if (pthread_mutex_init(&team.lock, NULL) != 0) return;
  if (pthread_cond_init(&team.changed, NULL) == 0) {
    mark_by_two(heap, &team);
    pthread_cond_destroy(&team.changed);
  }
  pthread_mutex_destroy(&team.lock);
}

bool vmr_gc_grow_of_team(vmr_gc_tracer *tracer) {
  vmr_gc_team *team = tracer->team;
  pthread_mutex_lock(&team->lock);
  bool is_grown = vmr_gc_reserve_stack(tracer);
  pthread_mutex_unlock(&team->lock);
  return is_grown;
}
