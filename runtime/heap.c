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
#define RUN_BYTES ((size_t)1 << 20)    /* up to this it is a run of spans */
#define LARGEST_REQUEST (SIZE_MAX / 4)
#define TRIES 8 /* chunks that are looked at for a run of spans */

/* ---- heaps of the process, and fork ---- */

static pthread_mutex_t heaps_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t fork_once = PTHREAD_ONCE_INIT;
static vmr_heap *all_heaps;

/* The order of the locks: the list, each heap, the range, malloc's objects. */
static void lock_all(void) {
  pthread_mutex_lock(&heaps_lock);
  for (vmr_heap *each = all_heaps; each != NULL; each = each->next_heap) pthread_mutex_lock(&each->lock);
  vmr_range_lock();
  vmr_borrow_lock();
}

static void unlock_all(void) {
  vmr_borrow_unlock();
  vmr_range_unlock();
  for (vmr_heap *each = all_heaps; each != NULL; each = each->next_heap) pthread_mutex_unlock(&each->lock);
  pthread_mutex_unlock(&heaps_lock);
}

static void prepare_for_fork(void) { (void)pthread_atfork(lock_all, unlock_all, unlock_all); }

/* Whether the lock was taken: not while the process has one thread. */
static bool lock_heap(vmr_heap *heap) {
  if ((heap->flags & VMR_HEAP_SHARED) == 0 || IS_SINGLE_THREADED) return false;
  pthread_mutex_lock(&heap->lock);
  return true;
}

static void unlock_heap(vmr_heap *heap, bool is_locked) {
  if (is_locked) pthread_mutex_unlock(&heap->lock);
}

static void *fail(vmr_heap *heap) {
  if (heap->status == VMR_OK) heap->status = VMR_OUT_OF_MEMORY;
  errno = ENOMEM;
  return NULL;
}

vmr_status vmr_heap_create(vmr_heap **heap, vmr_ctx *ctx, uint32_t flags) {
  if (heap == NULL) return VMR_INVALID_ARGUMENT;
  *heap = NULL;
  if ((flags & ~(uint32_t)(VMR_HEAP_SHARED | VMR_HEAP_NEVER_FREED)) != 0) return VMR_INVALID_ARGUMENT;
  vmr_heap *created = vmr_ctx_obtain_zeroed(ctx, VMR_KIND_HEAP, sizeof *created);
  if (created == NULL) return VMR_OUT_OF_MEMORY;
  if (pthread_mutex_init(&created->lock, NULL) != 0) {
    vmr_ctx_release(ctx, VMR_KIND_HEAP, created, sizeof *created);
    return VMR_OUT_OF_MEMORY;
  }
  created->flags = flags;
  created->is_checked = vmr_ctx_is_checked(ctx);
  created->uses_malloc = !vmr_range_begin();
  vmr_ctx_add_handle(ctx, &created->handle, VMR_KIND_HEAP);
  pthread_once(&fork_once, prepare_for_fork);
  pthread_mutex_lock(&heaps_lock);
  created->next_heap = all_heaps;
  if (all_heaps != NULL) all_heaps->previous_heap = created;
  all_heaps = created;
  pthread_mutex_unlock(&heaps_lock);
  *heap = created;
  return VMR_OK;
}

/* ---- chunks of a heap ---- */

static void link_record(vmr_heap *heap, vmr_record *record, uint8_t list) {
  record->list = list;
  record->previous = NULL;
  record->next = heap->records[list];
  if (record->next != NULL) record->next->previous = record;
  heap->records[list] = record;
}

static void unlink_record(vmr_heap *heap, vmr_record *record) {
  if (record->next != NULL) record->next->previous = record->previous;
  *(record->previous != NULL ? &record->previous->next : &heap->records[record->list]) = record->next;
}

/* `count` chunks; NULL when there are none, or a limit refuses them. */
static vmr_record *take_chunks(vmr_heap *heap, size_t count) {
  size_t bytes = count * VMR_CHUNK_BYTES;
  if (heap->uses_malloc || !vmr_ctx_charge(heap->handle.ctx, VMR_KIND_HEAP, bytes)) return NULL;
  vmr_record *record = vmr_range_take(count);
  if (record == NULL) return vmr_ctx_discharge(heap->handle.ctx, VMR_KIND_HEAP, bytes), NULL;
  heap->reserved += bytes;
  return record;
}

static void give_chunks(vmr_heap *heap, vmr_record *record) {
  size_t count = record->count != 0 ? record->count : 1;
  uint32_t first = record->count != 0 ? record->first : vmr_range_index(record);
  unlink_record(heap, record);
  heap->reserved -= count * VMR_CHUNK_BYTES;
  record->heap = NULL;
  vmr_range_give(first, count);
  vmr_ctx_discharge(heap->handle.ctx, VMR_KIND_HEAP, count * VMR_CHUNK_BYTES);
}

static vmr_record *take_chunk(vmr_heap *heap) {
  vmr_record *record = take_chunks(heap, 1);
  if (record == NULL) return NULL;
  record->heap = heap;
  record->free_spans = UINT32_MAX;
  record->cursor = vmr_range_chunk(record);
  link_record(heap, record, 0);
  return record;
}

void vmr_heap_destroy(vmr_heap *heap) {
  if (heap == NULL) return;
  pthread_mutex_lock(&heaps_lock);
  if (heap->next_heap != NULL) heap->next_heap->previous_heap = heap->previous_heap;
  *(heap->previous_heap != NULL ? &heap->previous_heap->next_heap : &all_heaps) = heap->next_heap;
  pthread_mutex_unlock(&heaps_lock);
  vmr_borrow_release_all(heap);
  for (int list = 0; list < 2; list++) {
    while (heap->records[list] != NULL) give_chunks(heap, heap->records[list]);
  }
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

static uint32_t mask_of(int first, unsigned count) { return (count < 32 ? (1u << count) - 1 : UINT32_MAX) << first; }

static vmr_span *take_spans(vmr_heap *heap, unsigned count) {
  vmr_record *record = heap->records[0];
  int first = -1;
  for (int tries = 0; record != NULL && tries < TRIES; tries++, record = record->next) {
    first = find_spans(record->free_spans, count);
    if (first >= 0) break;
  }
  if (first < 0) {
    record = take_chunk(heap);
    first = 0;
  }
  if (record == NULL) return NULL;
  record->free_spans &= ~mask_of(first, count);
  if (record->free_spans == 0) {
    unlink_record(heap, record);
    link_record(heap, record, 1);
  }
  vmr_span *span = &record->spans[first];
  *span = (vmr_span){.count = (uint8_t)count};
  return span;
}

static void give_spans(vmr_heap *heap, vmr_record *record, vmr_span *span) {
  record->free_spans |= mask_of((int)(span - record->spans), span->count);
  if (record->list == 1) {
    unlink_record(heap, record);
    link_record(heap, record, 0);
  }
  bool is_alone = heap->records[0] == record && record->next == NULL; /* one is kept, so that nothing goes to and fro */
  if (record->free_spans == UINT32_MAX && !is_alone) give_chunks(heap, record);
}

static char *span_begin(const vmr_span *span) {
  const vmr_record *record = vmr_range_record_of_span(span);
  return vmr_range_chunk(record) + ((size_t)(span - record->spans) << VMR_SPAN_SHIFT);
}

static vmr_span *span_of(vmr_record *record, const void *object) {
  return &record->spans[((uintptr_t)object & (VMR_CHUNK_BYTES - 1)) >> VMR_SPAN_SHIFT];
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

static void *alloc_small(vmr_heap *heap, unsigned class) {
  vmr_span *span = heap->classes[class];
  if (VMR_UNLIKELY(span == NULL)) {
    span = take_spans(heap, 1);
    if (span == NULL) return NULL;
    span->class = (uint8_t)class;
    span->most = (uint32_t)(VMR_SPAN_BYTES / class_bytes(class));
    list_span(heap, span);
  }
  void *object = span->idle;
  if (object != NULL) {
    span->idle = *(void **)object;
  } else {
    object = span_begin(span) + span->made++ * class_bytes(class);
  }
  span->live++;
  if (span->idle == NULL && span->made == span->most) unlist_span(heap, span);
  return object;
}

static void free_small(vmr_heap *heap, vmr_record *record, vmr_span *span, void *object) {
  *(void **)object = span->idle;
  span->idle = object;
  span->live--;
  if (!span->is_listed) list_span(heap, span);
  bool is_alone = heap->classes[span->class] == span && span->next == NULL;
  if (span->live != 0 || is_alone) return;
  unlist_span(heap, span);
  give_spans(heap, record, span);
}

size_t vmr_heap_trim(vmr_heap *heap) {
  if ((heap->flags & VMR_HEAP_NEVER_FREED) != 0) return 0;
  bool is_locked = (heap->flags & VMR_HEAP_SHARED) != 0; /* the lock is ours already when this heap asked for memory */
  if (is_locked && pthread_mutex_trylock(&heap->lock) != 0) return 0;
  size_t before = heap->reserved;
  for (unsigned class = 0; class < VMR_CLASSES; class ++) {
    for (vmr_span *each = heap->classes[class], *next; each != NULL; each = next) {
      next = each->next;
      if (each->live != 0) continue;
      unlist_span(heap, each);
      give_spans(heap, vmr_range_record_of_span(each), each);
    }
  }
  vmr_record *last = heap->records[0]; /* the one that is kept so that nothing goes to and fro */
  if (last != NULL && last->free_spans == UINT32_MAX) give_chunks(heap, last);
  size_t bytes = before - heap->reserved;
  unlock_heap(heap, is_locked);
  return bytes;
}

/* ---- large objects ---- */

static void *alloc_run(vmr_heap *heap, size_t bytes) {
  vmr_span *span = take_spans(heap, (unsigned)((bytes + VMR_SPAN_BYTES - 1) >> VMR_SPAN_SHIFT));
  if (span == NULL) return NULL;
  span->class = VMR_CLASS_RUN;
  return span_begin(span);
}

/* The record that tells of the object is that of the chunk in which the object begins. */
static void *alloc_chunks(vmr_heap *heap, size_t bytes, size_t alignment) {
  size_t slack = alignment > VMR_CHUNK_BYTES ? alignment - VMR_CHUNK_BYTES : 0;
  size_t count = ((bytes != 0 ? bytes : 1) + slack + VMR_CHUNK_BYTES - 1) >> VMR_CHUNK_SHIFT;
  vmr_record *first = take_chunks(heap, count);
  if (first == NULL) return NULL;
  char *begin = vmr_range_chunk(first), *object = begin + ((size_t)(-(uintptr_t)begin) & (alignment - 1));
  vmr_record *record = vmr_range_record(object);
  *record = (vmr_record){.heap = heap,
                         .first = vmr_range_index(first),
                         .count = (uint32_t)count,
                         .object_bytes = (size_t)(begin + count * VMR_CHUNK_BYTES - object)};
  link_record(heap, record, 1);
  return object;
}

/* An object of a heap that is never freed: its size stands below it. */
static void *alloc_bumped(vmr_heap *heap, size_t bytes, size_t alignment) {
  for (int tries = 0; tries < 2; tries++) {
    vmr_record *record = heap->bumped;
    if (record != NULL) {
      char *end = vmr_range_chunk(record) + VMR_CHUNK_BYTES, *object = record->cursor + sizeof(size_t);
      object += (size_t)(-(uintptr_t)object) & (alignment - 1);
      if (object <= end && bytes <= (size_t)(end - object)) {
        memcpy(object - sizeof(size_t), &bytes, sizeof bytes);
        record->cursor = object + bytes;
        return object;
      }
    }
    heap->bumped = tries == 0 ? take_chunk(heap) : NULL;
    if (heap->bumped == NULL) return NULL;
  }
  return NULL;
}

/* ---- the public functions ---- */

static void *alloc_in_range(vmr_heap *heap, size_t bytes, size_t alignment) {
  if (bytes > RUN_BYTES || alignment > VMR_SPAN_BYTES) return alloc_chunks(heap, bytes, alignment);
  if ((heap->flags & VMR_HEAP_NEVER_FREED) != 0) return alloc_bumped(heap, bytes != 0 ? bytes : 1, alignment);
  if (bytes > SMALL_BYTES || alignment > SMALL_BYTES) return alloc_run(heap, bytes > alignment ? bytes : alignment);
  unsigned class = class_of(bytes > alignment ? bytes : alignment);
  while (class_bytes(class) % alignment != 0) class ++; /* a power of two comes before long */
  return alloc_small(heap, class);
}

static void *alloc_object(vmr_heap *heap, size_t bytes, size_t alignment, bool zeroed) {
  if (bytes > LARGEST_REQUEST || alignment > LARGEST_REQUEST) return fail(heap);
  if (heap->is_checked && !vmr_ctx_admit(heap->handle.ctx, VMR_KIND_HEAP, bytes)) return fail(heap);
  bool is_locked = lock_heap(heap);
  void *object = heap->uses_malloc ? NULL : alloc_in_range(heap, bytes, alignment);
  unlock_heap(heap, is_locked);
  if (object != NULL) return zeroed && bytes <= RUN_BYTES ? memset(object, 0, bytes) : object; /* chunks are zero */
  object = vmr_borrow_alloc(heap, bytes, alignment, zeroed); /* no range, or it is full */
  return object != NULL ? object : fail(heap);
}

void *vmr_heap_alloc(vmr_heap *heap, size_t bytes) {
  return heap != NULL ? alloc_object(heap, bytes, LEAST_ALIGNMENT, false) : malloc(bytes);
}

void *vmr_heap_calloc(vmr_heap *heap, size_t count, size_t size) {
  if (heap == NULL) return calloc(count, size);
  if (size != 0 && count > SIZE_MAX / size) {
    if (heap->status == VMR_OK) heap->status = VMR_SIZE_OVERFLOW;
    errno = ENOMEM;
    return NULL;
  }
  return alloc_object(heap, count * size, LEAST_ALIGNMENT, true);
}

void *vmr_heap_aligned(vmr_heap *heap, size_t alignment, size_t bytes) {
  if (alignment == 0 || (alignment & (alignment - 1)) != 0) {
    if (heap != NULL && heap->status == VMR_OK) heap->status = VMR_INVALID_ARGUMENT;
    errno = EINVAL;
    return NULL;
  }
  if (alignment < LEAST_ALIGNMENT) alignment = LEAST_ALIGNMENT;
  if (heap != NULL) return alloc_object(heap, bytes, alignment, false);
  void *object = NULL;
  int status = posix_memalign(&object, alignment, bytes);
  if (status != 0) errno = status;
  return status == 0 ? object : NULL;
}

static void free_in_range(void *object) {
  vmr_record *record = vmr_range_record(object);
  vmr_heap *heap = record->heap;
  if (heap == NULL) return; /* its heap is gone, or it was given back already */
  bool is_locked = lock_heap(heap);
  if (record->count != 0) {
    if ((heap->flags & VMR_HEAP_NEVER_FREED) == 0) give_chunks(heap, record);
  } else if ((heap->flags & VMR_HEAP_NEVER_FREED) == 0) {
    vmr_span *span = span_of(record, object);
    if (span->class == VMR_CLASS_RUN) {
      give_spans(heap, record, span);
    } else {
      free_small(heap, record, span, object);
    }
  }
  unlock_heap(heap, is_locked);
}

void vmr_heap_free(void *object) {
  if (vmr_range_has(object)) {
    free_in_range(object);
    return;
  }
  vmr_heap *heap = object != NULL ? vmr_borrow_heap_of(object) : NULL;
  if (heap != NULL) {
    if ((heap->flags & VMR_HEAP_NEVER_FREED) != 0) return;
    vmr_borrow_forget(object);
    vmr_ctx_discharge(heap->handle.ctx, VMR_KIND_HEAP, malloc_usable_size(object));
  }
  free(object);
}

size_t vmr_heap_usable_size(const void *object) {
  if (!vmr_range_has(object)) return malloc_usable_size((void *)(uintptr_t)object);
  vmr_record *record = vmr_range_record(object);
  if (record->count != 0) return record->object_bytes;
  if ((record->heap->flags & VMR_HEAP_NEVER_FREED) != 0) {
    size_t bytes;
    memcpy(&bytes, (const char *)object - sizeof bytes, sizeof bytes);
    return bytes;
  }
  const vmr_span *span = span_of(record, object);
  return span->class == VMR_CLASS_RUN ? span->count * VMR_SPAN_BYTES : class_bytes(span->class);
}

vmr_heap *vmr_heap_of(const void *object) {
  if (object == NULL) return NULL;
  return vmr_range_has(object) ? vmr_range_record(object)->heap : vmr_borrow_heap_of(object);
}

void *vmr_heap_realloc(vmr_heap *heap, void *object, size_t bytes) {
  if (object == NULL) return vmr_heap_alloc(heap, bytes);
  vmr_heap *owner = vmr_heap_of(object);
  if (owner == NULL) return realloc(object, bytes);
  size_t usable = vmr_heap_usable_size(object);
  if (bytes <= usable && bytes >= usable / 2) return object;
  void *moved = vmr_heap_alloc(owner, bytes);
  if (moved == NULL) return NULL;
  memcpy(moved, object, usable < bytes ? usable : bytes);
  vmr_heap_free(object);
  return moved;
}

vmr_status vmr_heap_status(const vmr_heap *heap) { return heap->status; }
