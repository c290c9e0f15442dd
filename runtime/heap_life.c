/* heap_life.c: how heaps begin and end; heaps of the process, and fork.
 *
 * A heap costs a block of malloc's and nothing else before its first object: no address space, no system call. One that
 * ends, if it belongs to no context, is kept for the next one that begins, with its chunk of memory if little of
 * that was used: a function that builds a structure in a heap of its own then pays neither for the heap nor for its memory. */
#define _GNU_SOURCE
#include "runtime/heap.h"

#include "runtime/profile.h"

#if defined(__has_include)
#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#define IS_SINGLE_THREADED __libc_single_threaded
#endif
#endif
#ifndef IS_SINGLE_THREADED
#define IS_SINGLE_THREADED false
#endif

#define MOST_IDLE 16      /* heaps that are kept */
#define MOST_IDLE_SPANS 4 /* that were used in the chunk that goes with one */

#define KNOWN_FLAGS ((uint32_t)(VMR_HEAP_SHARED | VMR_HEAP_NEVER_FREED | VMR_HEAP_ALIGN8 | VMR_HEAP_BEGINS_WITH_MALLOC))
#define FEW_OBJECTS 2048
#define FEW_BYTES ((uint32_t)64 << 10)

static pthread_mutex_t heaps_lock = PTHREAD_MUTEX_INITIALIZER;
static vmr_heap *all_heaps, *idle_heaps;
static unsigned idle_count;

/* The order of the locks: the list, each heap; then malloc's objects, or the range. */
void vmr_heaps_lock(void) {
  pthread_mutex_lock(&heaps_lock);
  for (vmr_heap *each = all_heaps; each != NULL; each = each->next_heap) pthread_mutex_lock(&each->lock);
  vmr_borrow_lock();
}

void vmr_heaps_unlock(void) {
  vmr_borrow_unlock();
  for (vmr_heap *each = all_heaps; each != NULL; each = each->next_heap) pthread_mutex_unlock(&each->lock);
  pthread_mutex_unlock(&heaps_lock);
}

bool vmr_heap_lock(vmr_heap *heap) {
  if ((heap->flags & VMR_HEAP_SHARED) == 0 || IS_SINGLE_THREADED) return false;
  pthread_mutex_lock(&heap->lock);
  return true;
}

void vmr_heap_unlock(vmr_heap *heap, bool is_locked) {
  if (is_locked) pthread_mutex_unlock(&heap->lock);
}

/* ---- the list ---- */

static bool lock_list(void) {
  if (IS_SINGLE_THREADED) return false;
  pthread_mutex_lock(&heaps_lock);
  return true;
}

static void unlock_list(bool is_locked) {
  if (is_locked) pthread_mutex_unlock(&heaps_lock);
}

static void link_heap(vmr_heap *heap) {
  heap->previous_heap = NULL;
  heap->next_heap = all_heaps;
  if (all_heaps != NULL) all_heaps->previous_heap = heap;
  all_heaps = heap;
}

static void unlink_heap(vmr_heap *heap) {
  if (heap->next_heap != NULL) heap->next_heap->previous_heap = heap->previous_heap;
  *(heap->previous_heap != NULL ? &heap->previous_heap->next_heap : &all_heaps) = heap->next_heap;
}

/* ---- beginning ---- */

static vmr_heap *make(vmr_ctx *ctx) {
  vmr_heap *made = vmr_ctx_obtain_zeroed(ctx, VMR_KIND_HEAP, sizeof *made);
  if (made == NULL) return NULL;
  if (pthread_mutex_init(&made->lock, NULL) != 0)
    return vmr_ctx_release(ctx, VMR_KIND_HEAP, made, sizeof *made), (vmr_heap *)NULL;
  for (unsigned class = 0; class < VMR_CLASSES; class ++) made->quick[class] = made->slow[class] = &vmr_no_span;
  made->handle.ctx = ctx;
  vmr_fork_prepare();
  return made;
}

/* An idle one, if it is for no context; it is then in the list. */
static vmr_heap *take_idle(const vmr_ctx *ctx) {
  bool is_locked = lock_list();
  vmr_heap *taken = ctx == NULL ? idle_heaps : NULL;
  if (taken != NULL) {
    idle_heaps = taken->next_heap;
    idle_count--;
    taken->status = VMR_OK;
    taken->allocated = 0;
    link_heap(taken);
  }
  unlock_list(is_locked);
  return taken;
}

/* A tail goes with the chunk that it lies in. */
static void drop_record(vmr_heap *heap, vmr_record *record) {
  vmr_heap_empty_chunk(heap, record);
  record->tail = 0;
  vmr_heap_give_chunks(heap, record);
}

static void drop_all(vmr_heap *heap) {
  for (int list = 0; list < 2; list++) {
    while (heap->records[list] != NULL) drop_record(heap, heap->records[list]);
  }
  heap->has_spare = false;
}

/* Malloc's objects are not poisoned, and can be freed; where each is to be malloc's, each is to end with its heap. */
static void expect_few(vmr_heap *heap, const vmr_ctx *ctx) {
  bool is_wanted = VMR_HEAP_IS(heap, VMR_HEAP_BEGINS_WITH_MALLOC) && !VMR_HEAP_IS(heap, VMR_HEAP_NEVER_FREED);
  if (ctx != NULL) is_wanted = false;
  if (is_wanted) is_wanted = (vmr_ctx_flags(NULL) & (VMR_POISON | VMR_HEAPS_USE_MALLOC)) == 0;
  heap->few_objects = is_wanted ? FEW_OBJECTS : 0;
  heap->few_bytes = FEW_BYTES;
}

vmr_status vmr_heap_create(vmr_heap **heap, vmr_ctx *ctx, uint32_t flags) {
  if (heap == NULL) return VMR_INVALID_ARGUMENT;
  *heap = NULL;
  if ((flags & ~KNOWN_FLAGS) != 0) return VMR_INVALID_ARGUMENT;
  vmr_heap *created = take_idle(ctx);
  if (created == NULL) {
    created = make(ctx);
    if (created == NULL) return VMR_OUT_OF_MEMORY;
    bool is_locked = lock_list();
    link_heap(created);
    unlock_list(is_locked);
  }
  if ((flags & VMR_HEAP_NEVER_FREED) != 0) drop_all(created); /* a chunk of spans, that an idle one has */
  created->flags = flags;
  created->expected = 0;
  expect_few(created, ctx);
  created->class_of_words = vmr_heap_class_tables[(flags & VMR_HEAP_ALIGN8) != 0];
  created->is_quick = created->is_plain && (flags & (VMR_HEAP_NEVER_FREED | VMR_HEAP_SHARED)) == 0;
  if (ctx != NULL) vmr_heap_begin(created);                 /* as the context is now */
  vmr_ctx_add_handle(ctx, &created->handle, VMR_KIND_HEAP); /* another thread may trim it from here on */
  *heap = created;
  return VMR_OK;
}

void vmr_heap_expect(vmr_heap *heap, size_t bytes) {
  if (heap != NULL) heap->expected = bytes;
}

size_t vmr_heap_room(size_t bytes) {
  uint32_t flags = vmr_ctx_flags(NULL);
  bool is_seen = vmr_ctx_is_checked(NULL) || vmr_ctx_is_guarded(NULL) || vmr_is_watched(NULL) || vmr_os_is_watched();
  return is_seen || (flags & (VMR_POISON | VMR_HEAPS_USE_MALLOC)) != 0 ? 0 : bytes;
}

void vmr_heap_begin(vmr_heap *heap) {
  vmr_ctx *ctx = heap->handle.ctx;
  bool is_locked = vmr_heap_lock(heap);
  if (!heap->is_begun) {
    uint32_t flags = vmr_ctx_flags(ctx);
    heap->is_checked = vmr_ctx_is_checked(ctx);
    heap->is_guarded = vmr_ctx_is_guarded(ctx);
    heap->is_poisoned = (flags & VMR_POISON) != 0;
    heap->is_profiled = vmr_is_watched(ctx);
    heap->uses_malloc = (flags & VMR_HEAPS_USE_MALLOC) != 0 || !vmr_range_begin();
    heap->is_plain = !heap->is_checked && !heap->is_poisoned && !heap->is_profiled && !heap->uses_malloc;
    heap->is_quick = heap->is_plain && !VMR_HEAP_IS(heap, VMR_HEAP_NEVER_FREED | VMR_HEAP_SHARED);
    VMR_RELEASE(heap->is_begun, true);
  }
  vmr_heap_unlock(heap, is_locked);
}

/* ---- end ---- */

/* What its chunk has, the next heap finds ready. */
static bool keeps_chunk(const vmr_heap *heap) {
  const vmr_record *only = heap->records[0];
  if (only == NULL || only->next != NULL || heap->records[1] != NULL || VMR_HEAP_IS(heap, VMR_HEAP_NEVER_FREED))
    return false;
  return only->count == 0 && __builtin_popcount(~only->free_spans) <= MOST_IDLE_SPANS;
}

/* As it was at first, apart from a chunk that may be its spare one. */
static void empty_heap(vmr_heap *heap) {
  bool keeps = keeps_chunk(heap);
  if (keeps) vmr_heap_empty_chunk(heap, heap->records[0]);
  if (!keeps) drop_all(heap);
  heap->has_spare = keeps;
  heap->bumped = NULL;
}

static bool give_idle(vmr_heap *heap) {
  bool is_locked = lock_list(), is_kept = heap->handle.ctx == NULL && idle_count < MOST_IDLE;
  unlink_heap(heap);
  if (is_kept) {
    heap->next_heap = idle_heaps;
    idle_heaps = heap;
    idle_count++;
  }
  unlock_list(is_locked);
  return is_kept;
}

void vmr_heap_destroy(vmr_heap *heap) {
  if (heap == NULL) return;
  vmr_ctx_remove_handle(&heap->handle); /* nobody trims it from here on */
  if (heap->is_profiled) vmr_watch_forget_owner(heap->handle.ctx, heap);
  vmr_borrow_release_all(heap);
  empty_heap(heap);
  if (give_idle(heap)) return;
  drop_all(heap);
  pthread_mutex_destroy(&heap->lock);
  vmr_ctx_release(heap->handle.ctx, VMR_KIND_HEAP, heap, sizeof *heap);
}
