/* heap.c: objects of any size, without headers, for a group of allocation sites.
 *
 * Sizes up to 32 KiB are rounded up to one of 40 classes, at most a quarter more; a span of 64 KiB holds objects of one
 * class, with a list of those that came back and a count of those ever made. Larger ones take a run of spans, or of
 * chunks, of their own. An empty span goes back to its chunk, an empty chunk to the range. A heap that is never freed
 * bumps objects of all sizes through its chunks, each below its size. Alloc and free take constant time, apart from
 * the search for a run of spans, which looks at a few chunks before it takes a new one. */
#define _GNU_SOURCE
#include "runtime/heap.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/os.h"
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

#define LEAST_ALIGNMENT ((size_t)16)
#define SMALL_BYTES ((size_t)32 << 10) /* up to this an object is one of a class */
#define BUMP_BYTES ((size_t)1 << 20)   /* up to this an object that is never freed lies among others */
#define LARGEST_REQUEST (SIZE_MAX / 4)
#define TRIES 8 /* chunks that are looked at for a run of spans */

/* ---- heaps of the process, and fork ---- */

static pthread_mutex_t heaps_lock = PTHREAD_MUTEX_INITIALIZER;
static vmr_heap *all_heaps;

/* The order of the locks: the list, each heap, the range, malloc's objects. */
void vmr_heaps_lock(void) {
  pthread_mutex_lock(&heaps_lock);
  for (vmr_heap *each = all_heaps; each != NULL; each = each->next_heap) pthread_mutex_lock(&each->lock);
  vmr_range_lock();
  vmr_borrow_lock();
}

void vmr_heaps_unlock(void) {
  vmr_borrow_unlock();
  vmr_range_unlock();
  for (vmr_heap *each = all_heaps; each != NULL; each = each->next_heap) pthread_mutex_unlock(&each->lock);
  pthread_mutex_unlock(&heaps_lock);
}

/* Whether the lock was taken: not while the process has one thread. */
static bool lock_heap(vmr_heap *heap) {
  if ((heap->flags & VMR_HEAP_SHARED) == 0 || IS_SINGLE_THREADED) return false;
  pthread_mutex_lock(&heap->lock);
  return true;
}

static void unlock_heap(vmr_heap *heap, bool is_locked) {
  if (is_locked) pthread_mutex_unlock(&heap->lock);
}

static void set_status(vmr_heap *heap, vmr_status status) {
  int none = VMR_OK;
  if (heap != NULL) atomic_compare_exchange_strong(&heap->status, &none, (int)status);
}

static void *fail(vmr_heap *heap, vmr_status status, int error) {
  set_status(heap, status);
  errno = error;
  return NULL;
}

static void *refuse(vmr_heap *heap, vmr_status status) {
  vmr_ctx_count_refusal(heap->handle.ctx, VMR_KIND_HEAP, false);
  return fail(heap, status, ENOMEM);
}

vmr_status vmr_heap_create(vmr_heap **heap, vmr_ctx *ctx, uint32_t flags) {
  if (heap == NULL) return VMR_INVALID_ARGUMENT;
  *heap = NULL;
  if ((flags & ~(uint32_t)(VMR_HEAP_SHARED | VMR_HEAP_NEVER_FREED | VMR_HEAP_ALIGN8)) != 0) return VMR_INVALID_ARGUMENT;
  vmr_heap *created = vmr_ctx_obtain_zeroed(ctx, VMR_KIND_HEAP, sizeof *created);
  if (created == NULL) return VMR_OUT_OF_MEMORY;
  if (pthread_mutex_init(&created->lock, NULL) != 0) {
    vmr_ctx_release(ctx, VMR_KIND_HEAP, created, sizeof *created);
    return VMR_OUT_OF_MEMORY;
  }
  created->flags = flags;
  created->is_checked = vmr_ctx_is_checked(ctx);
  created->is_guarded = vmr_ctx_is_guarded(ctx);
  created->uses_malloc = !vmr_range_begin();
  created->is_profiled = vmr_is_watched(ctx);
  created->is_slow =
      created->is_checked || created->is_profiled || created->uses_malloc || (flags & VMR_HEAP_NEVER_FREED) != 0;
  vmr_ctx_add_handle(ctx, &created->handle, VMR_KIND_HEAP);
  vmr_fork_prepare();
  pthread_mutex_lock(&heaps_lock);
  created->next_heap = all_heaps;
  if (all_heaps != NULL) all_heaps->previous_heap = created;
  all_heaps = created;
  pthread_mutex_unlock(&heaps_lock);
  *heap = created;
  return VMR_OK;
}

/* ---- chunks of a heap ---- */

void vmr_heap_link_record(vmr_heap *heap, vmr_record *record, uint8_t list) {
  record->list = list;
  record->previous = NULL;
  record->next = heap->records[list];
  if (record->next != NULL) record->next->previous = record;
  heap->records[list] = record;
}

void vmr_heap_unlink_record(vmr_heap *heap, vmr_record *record) {
  if (record->next != NULL) record->next->previous = record->previous;
  *(record->previous != NULL ? &record->previous->next : &heap->records[record->list]) = record->next;
}

vmr_record *vmr_heap_take_chunk(vmr_heap *heap) {
  vmr_record *record = vmr_heap_take_chunks(heap, 1);
  if (record == NULL) return NULL;
  record->heap = heap;
  record->free_spans = UINT32_MAX;
  vmr_heap_link_record(heap, record, 0);
  return record;
}

/* A tail goes with the chunk that it lies in. */
static void drop_record(vmr_heap *heap, vmr_record *record) {
  record->tail = 0;
  vmr_heap_give_chunks(heap, record);
}

void vmr_heap_destroy(vmr_heap *heap) {
  if (heap == NULL) return;
  pthread_mutex_lock(&heaps_lock);
  if (heap->next_heap != NULL) heap->next_heap->previous_heap = heap->previous_heap;
  *(heap->previous_heap != NULL ? &heap->previous_heap->next_heap : &all_heaps) = heap->next_heap;
  pthread_mutex_unlock(&heaps_lock);
  if (heap->is_profiled) vmr_watch_forget_owner(heap->handle.ctx, heap);
  vmr_borrow_release_all(heap);
  heap->kept_chunks = SIZE_MAX / 2; /* nothing is kept any more */
  for (int list = 0; list < 2; list++) {
    while (heap->records[list] != NULL) drop_record(heap, heap->records[list]);
  }
  vmr_heap_release_kept(heap);
  vmr_ctx_remove_handle(&heap->handle);
  pthread_mutex_destroy(&heap->lock);
  vmr_ctx_release(heap->handle.ctx, VMR_KIND_HEAP, heap, sizeof *heap);
}

/* ---- runs of spans ---- */

/* Where `count` free spans in a row begin, or -1. */
static int find_spans(uint32_t free_spans, unsigned count) {
  uint32_t begins = free_spans;
  for (unsigned i = 1; i < count && begins != 0; i++) begins &= free_spans >> i;
  return begins != 0 ? __builtin_ctz(begins) : -1;
}

vmr_span *vmr_heap_take_spans(vmr_heap *heap, unsigned count) {
  vmr_record *record = heap->records[0];
  int first = -1;
  for (int tries = 0; record != NULL && tries < TRIES; tries++, record = record->next) {
    first = find_spans(record->free_spans, count);
    if (first >= 0) break;
  }
  if (first < 0) {
    record = vmr_heap_take_chunk(heap);
    first = 0;
  }
  if (record == NULL) return NULL;
  record->free_spans &= ~vmr_spans_mask(first, count);
  if (record->free_spans == 0) {
    vmr_heap_unlink_record(heap, record);
    vmr_heap_link_record(heap, record, 1);
  }
  vmr_span *span = &record->spans[first];
  for (unsigned i = 1; i < count; i++) span[i].count = 0;
  *span = (vmr_span){.count = (uint8_t)count};
  return span;
}

void vmr_heap_give_spans(vmr_heap *heap, vmr_record *record, vmr_span *span) {
  record->free_spans |= vmr_spans_mask((int)(span - record->spans), span->count);
  if (record->list == 1) {
    vmr_heap_unlink_record(heap, record);
    vmr_heap_link_record(heap, record, 0);
  }
  bool is_alone = heap->records[0] == record && record->next == NULL; /* one is kept, so that nothing goes to and fro */
  if (record->free_spans == UINT32_MAX && !is_alone) vmr_heap_give_chunks(heap, record);
}

static char *span_begin(const vmr_span *span) {
  const vmr_record *record = vmr_range_record_of_span(span);
  return vmr_range_chunk(record) + ((size_t)(span - record->spans) << VMR_SPAN_SHIFT);
}

/* ---- small objects ---- */

static unsigned class_of(size_t bytes) {
  if (bytes <= 128) return bytes != 0 ? (unsigned)((bytes - 1) >> 4) : 0;
  unsigned log = 31 - (unsigned)__builtin_clz((uint32_t)(bytes - 1));
  return 8 + (log - 7) * 4 + (unsigned)(((bytes - 1) >> (log - 2)) & 3);
}

static size_t class_bytes(unsigned class) {
  if (class < 8) return (size_t)(class + 1) << 4;
  unsigned log = 7 + (class - 8) / 4;
  return ((size_t)1 << log) + ((size_t)((class - 8) % 4 + 1) << (log - 2));
}

static void list_span(vmr_heap *heap, vmr_span *span) {
  vmr_span **list = &heap->classes[span->class];
  span->previous = NULL;
  span->next = *list;
  if (span->next != NULL) span->next->previous = span;
  *list = span;
  span->is_listed = true;
}

static void unlist_span(vmr_heap *heap, vmr_span *span) {
  if (span->next != NULL) span->next->previous = span->previous;
  *(span->previous != NULL ? &span->previous->next : &heap->classes[span->class]) = span->next;
  span->is_listed = false;
}

static inline void *take_small(vmr_heap *heap, vmr_span *span) {
  void *object = span->idle;
  if (object != NULL) {
    span->idle = *(void **)object;
  } else {
    object = span_begin(span) + span->made++ * class_bytes(span->class);
  }
  span->live++;
  if (span->idle == NULL && span->made == span->most) unlist_span(heap, span);
  return object;
}

static void *alloc_small(vmr_heap *heap, unsigned class) {
  vmr_span *span = heap->classes[class];
  if (VMR_UNLIKELY(span == NULL)) {
    span = vmr_heap_take_spans(heap, 1);
    if (span == NULL) return NULL;
    span->class = (uint8_t)class;
    span->most = (uint32_t)(VMR_SPAN_BYTES / class_bytes(class));
    span->inverse = (uint32_t)(UINT64_C(0x100000000) / class_bytes(class)) + 1;
    list_span(heap, span);
  }
  return take_small(heap, span);
}

static void free_small(vmr_heap *heap, vmr_record *record, vmr_span *span, void *object) {
  *(void **)object = span->idle;
  span->idle = object;
  span->live--;
  if (!span->is_listed) list_span(heap, span);
  bool is_alone = heap->classes[span->class] == span && span->next == NULL;
  if (span->live != 0 || is_alone) return;
  unlist_span(heap, span);
  vmr_heap_give_spans(heap, record, span);
}

size_t vmr_heap_trim(vmr_heap *heap) {
  if (VMR_HEAP_IS(heap, VMR_HEAP_NEVER_FREED)) return 0;
  bool is_locked = lock_heap(heap);
  size_t before = heap->reserved;
  for (unsigned class = 0; class < VMR_CLASSES; class ++) {
    for (vmr_span *each = heap->classes[class], *next; each != NULL; each = next) {
      next = each->next;
      if (each->live != 0) continue;
      unlist_span(heap, each);
      vmr_heap_give_spans(heap, vmr_range_record_of_span(each), each);
    }
  }
  vmr_record *last = heap->records[0]; /* the one that is kept so that nothing goes to and fro */
  if (last != NULL && last->free_spans == UINT32_MAX) vmr_heap_give_chunks(heap, last);
  vmr_heap_release_kept(heap);
  size_t bytes = before - heap->reserved;
  unlock_heap(heap, is_locked);
  return bytes;
}

/* ---- allocating ---- */

static void count_object(vmr_heap *heap) { VMR_PUBLISH(heap->allocated, heap->allocated + 1); }

static void *alloc_in_range(vmr_heap *heap, size_t bytes, size_t alignment, bool *is_zero) {
  bool is_bumped = VMR_HEAP_IS(heap, VMR_HEAP_NEVER_FREED);
  if (bytes > (is_bumped ? BUMP_BYTES : VMR_CHUNK_BYTES) || alignment > VMR_SPAN_BYTES)
    return vmr_heap_alloc_chunks(heap, bytes, alignment, is_zero);
  *is_zero = is_bumped; /* its chunks are fresh */
  if (is_bumped) return vmr_heap_alloc_bumped(heap, bytes != 0 ? bytes : 1, alignment);
  if (bytes > SMALL_BYTES || alignment > SMALL_BYTES)
    return vmr_heap_alloc_run(heap, bytes > alignment ? bytes : alignment);
  unsigned class = class_of(bytes > alignment ? bytes : alignment);
  while (class_bytes(class) % alignment != 0) class ++; /* a power of two comes before long */
  return alloc_small(heap, class);
}

/* One try. Malloc helps where there is no range, or no room in it; not where a limit refuses. */
static void *try_alloc(vmr_heap *heap, size_t bytes, size_t alignment, bool is_zeroed) {
  bool is_zero = false, is_full = heap->uses_malloc;
  void *object = NULL;
  if (!is_full) {
    bool is_locked = lock_heap(heap);
    heap->is_full = false;
    object = alloc_in_range(heap, bytes, alignment, &is_zero);
    if (object != NULL) count_object(heap);
    is_full = heap->is_full;
    unlock_heap(heap, is_locked);
  }
  if (object == NULL) return is_full ? vmr_borrow_alloc(heap, bytes, alignment, is_zeroed) : NULL;
  return is_zeroed && !is_zero ? memset(object, 0, bytes) : object;
}

static void *alloc_object(vmr_heap *heap, size_t bytes, size_t alignment, bool is_zeroed) {
  vmr_deferral deferral;
  void *object;
  if (bytes > LARGEST_REQUEST || alignment > LARGEST_REQUEST) return refuse(heap, VMR_OUT_OF_MEMORY);
  if (heap->is_checked && !vmr_ctx_admit(heap->handle.ctx, VMR_KIND_HEAP, bytes))
    return fail(heap, VMR_OUT_OF_MEMORY, ENOMEM);
  vmr_ctx_defer(&deferral, heap->handle.ctx);
  do object = try_alloc(heap, bytes, alignment, is_zeroed);
  while (vmr_ctx_relieve(&deferral, object == NULL));
  if (object == NULL) return fail(heap, VMR_OUT_OF_MEMORY, ENOMEM);
  if (heap->is_profiled) vmr_watch_note(heap->handle.ctx, VMR_KIND_HEAP, object, bytes, heap);
  return object;
}

void *vmr_heap_alloc(vmr_heap *heap, size_t bytes) {
  if (VMR_UNLIKELY(heap == NULL)) return malloc(bytes);
  if (VMR_UNLIKELY(heap->is_slow || bytes > SMALL_BYTES)) return alloc_object(heap, bytes, LEAST_ALIGNMENT, false);
  bool is_locked = lock_heap(heap);
  unsigned class = class_of(bytes);
  void *object = NULL;
  if (heap->classes[class] != NULL) {
    object = take_small(heap, heap->classes[class]);
    count_object(heap);
  }
  unlock_heap(heap, is_locked);
  return object != NULL ? object : alloc_object(heap, bytes, LEAST_ALIGNMENT, false);
}

void *vmr_heap_calloc(vmr_heap *heap, size_t count, size_t size) {
  if (heap == NULL) return calloc(count, size);
  if (size != 0 && count > SIZE_MAX / size) return refuse(heap, VMR_SIZE_OVERFLOW);
  return alloc_object(heap, count * size, LEAST_ALIGNMENT, true);
}

void *vmr_heap_aligned(vmr_heap *heap, size_t alignment, size_t bytes) {
  if (alignment == 0 || (alignment & (alignment - 1)) != 0) return fail(heap, VMR_INVALID_ARGUMENT, EINVAL);
  if (alignment < LEAST_ALIGNMENT) alignment = LEAST_ALIGNMENT;
  if (heap != NULL) return alloc_object(heap, bytes, alignment, false);
  void *object = NULL;
  int status = posix_memalign(&object, alignment, bytes);
  if (status != 0) errno = status;
  return status == 0 ? object : NULL;
}

/* ---- giving back ---- */

static bool is_idle(const vmr_span *span, const void *object) {
  const void *each = span->idle;
  while (each != NULL && each != object) memcpy(&each, each, sizeof each);
  return each != NULL;
}

/* Whether an object may be given back, as far as can be seen at once; a guarded heap looks through what is idle, too. */
static vmr_status judge_free(const vmr_heap *heap, vmr_record *record, const void *object) {
  if (record->is_kept) return VMR_DOUBLE_FREE;
  if (record->count != 0) return object == record->cursor ? VMR_OK : VMR_FOREIGN_POINTER;
  if (VMR_HEAP_IS(heap, VMR_HEAP_NEVER_FREED)) return VMR_OK;
  const vmr_span *span = vmr_span_of(record, object);
  if (VMR_UNLIKELY((record->free_spans >> (span - record->spans) & 1) != 0)) return VMR_DOUBLE_FREE;
  uint32_t offset = (uint32_t)((uintptr_t)object & (VMR_SPAN_BYTES - 1));
  if (span->class >= VMR_CLASS_TAIL || span->count == 0)
    return span->class == VMR_CLASS_RUN && span->count != 0 && offset == 0 ? VMR_OK : VMR_FOREIGN_POINTER;
  uint64_t product = (uint64_t)offset * span->inverse;
  if ((uint32_t)product >= span->inverse || product >> 32 >= span->made) return VMR_FOREIGN_POINTER;
  bool is_double = span->idle == object || span->live == 0 || (heap->is_guarded && is_idle(span, object));
  return is_double ? VMR_DOUBLE_FREE : VMR_OK;
}

static void give_back(vmr_heap *heap, vmr_record *record, void *object) {
  if (VMR_HEAP_IS(heap, VMR_HEAP_NEVER_FREED)) return;
  vmr_span *span = vmr_span_of(record, object);
  if (record->count != 0) {
    vmr_heap_give_chunks(heap, record);
  } else if (span->class == VMR_CLASS_RUN) {
    vmr_heap_give_spans(heap, record, span);
  } else {
    free_small(heap, record, span, object);
  }
}

static void report(vmr_heap *heap, vmr_status what, const void *object) {
  set_status(heap, what);
  vmr_ctx_report(heap->handle.ctx, what, object,
                 what == VMR_DOUBLE_FREE ? "an object of a heap was given back twice"
                                         : "a heap was given a pointer into it at which no object begins");
}

static void free_in_range(void *object) {
  if (!vmr_range_was_taken(object)) return;
  vmr_record *record = vmr_range_record(object);
  vmr_heap *heap = VMR_PEEK(record->heap);
  if (heap == NULL) return; /* its heap is gone, or it was given back already: there is nobody to tell */
  bool is_locked = lock_heap(heap);
  vmr_status status = judge_free(heap, record, object);
  if (heap->is_profiled && status == VMR_OK && !VMR_HEAP_IS(heap, VMR_HEAP_NEVER_FREED))
    vmr_watch_forget(heap->handle.ctx, object);
  if (VMR_LIKELY(status == VMR_OK)) give_back(heap, record, object);
  unlock_heap(heap, is_locked);
  if (VMR_UNLIKELY(status != VMR_OK)) report(heap, status, object);
}

void vmr_heap_free(void *object) {
  if (vmr_range_has(object)) {
    free_in_range(object);
    return;
  }
  vmr_heap *heap = object != NULL ? vmr_borrow_heap_of(object) : NULL;
  if (heap != NULL) {
    if (VMR_HEAP_IS(heap, VMR_HEAP_NEVER_FREED)) return;
    vmr_borrow_forget(object);
    if (heap->is_profiled) vmr_watch_forget(heap->handle.ctx, object);
    vmr_ctx_discharge(heap->handle.ctx, VMR_KIND_HEAP, malloc_usable_size(object));
  }
  free(object);
}

/* ---- what is known of an object ---- */

static vmr_heap *owner_of(const void *object) {
  if (object == NULL) return NULL;
  if (!vmr_range_has(object)) return vmr_borrow_heap_of(object);
  return vmr_range_was_taken(object) ? VMR_PEEK(vmr_range_record(object)->heap) : NULL;
}

size_t vmr_heap_usable_size(const void *object) {
  if (!vmr_range_has(object)) return malloc_usable_size((void *)(uintptr_t)object);
  vmr_record *record = vmr_range_record(object);
  const vmr_heap *heap = owner_of(object);
  if (heap == NULL || record->is_kept) return 0;
  if (record->count != 0) return record->object_bytes;
  if (VMR_HEAP_IS(heap, VMR_HEAP_OF_BUMPS)) return 0;
  if (VMR_HEAP_IS(heap, VMR_HEAP_NEVER_FREED)) return vmr_heap_bumped_size(record, object);
  const vmr_span *span = vmr_span_of(record, object);
  return span->class == VMR_CLASS_RUN ? span->count * VMR_SPAN_BYTES : class_bytes(span->class);
}

vmr_heap *vmr_heap_of(const void *object) {
  vmr_heap *heap = owner_of(object);
  return heap == NULL || VMR_HEAP_IS(heap, VMR_HEAP_OF_BUMPS) ? NULL : heap;
}

/* ---- another size ---- */

static bool resize_here(vmr_heap *heap, void *object, size_t bytes) {
  if (!vmr_range_has(object) || bytes > LARGEST_REQUEST) return false;
  bool is_locked = lock_heap(heap);
  bool is_done = vmr_heap_resize_here(heap, object, bytes);
  unlock_heap(heap, is_locked);
  return is_done;
}

static void *move(vmr_heap *heap, void *object, size_t usable, size_t bytes) {
  void *moved = vmr_heap_alloc(heap, bytes);
  if (moved == NULL) return NULL;
  size_t count = usable < bytes ? usable : bytes, whole = 0;
  if (vmr_range_has(object) && vmr_range_has(moved)) {
    whole = count & ~(VMR_CHUNK_BYTES - 1);
    if (!vmr_heap_move_chunks(object, moved, whole)) whole = 0;
  }
  memcpy((char *)moved + whole, (char *)object + whole, count - whole);
  vmr_heap_free(object);
  return moved;
}

void *vmr_heap_realloc(vmr_heap *heap, void *object, size_t bytes) {
  if (object == NULL) return vmr_heap_alloc(heap, bytes);
  vmr_heap *owner = owner_of(object);
  if (owner == NULL) return vmr_range_has(object) ? fail(heap, VMR_FOREIGN_POINTER, EINVAL) : realloc(object, bytes);
  if (VMR_HEAP_IS(owner, VMR_HEAP_OF_BUMPS)) /* it ends with the chunk, or before */
    return move(heap, object, VMR_CHUNK_BYTES - ((uintptr_t)object & (VMR_CHUNK_BYTES - 1)), bytes);
  size_t usable = vmr_heap_usable_size(object);
  if (bytes <= usable && bytes >= usable / 2) return object;
  return !owner->is_checked && !owner->is_profiled && resize_here(owner, object, bytes)
             ? object
             : move(owner, object, usable, bytes);
}

vmr_status vmr_heap_status(const vmr_heap *heap) { return heap != NULL ? (vmr_status)heap->status : VMR_OK; }
