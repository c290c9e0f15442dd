/* heap.c: objects of any size, without headers, for a group of allocation sites: what a program calls.
 *
 * Up to 1 KiB, in a heap of one thread that nobody watches, an object is the first of a list that is found by its size, and goes
 * back to a list that is found by its address: a few instructions, no lock and no call. All else takes the long way: locks,
 * limits, faults, checks, larger objects (heap_small.c, heap_large.c), objects of malloc (heap_malloc.c). */
#define _GNU_SOURCE
#include "runtime/heap.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/os.h"
#include "runtime/profile.h"

#define BUMP_BYTES ((size_t)1 << 20) /* up to this an object that is never freed lies among others */
#define LARGEST_REQUEST (SIZE_MAX / 4)

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

/* ---- allocating ---- */

static void count_object(vmr_heap *heap) { VMR_PUBLISH(heap->allocated, heap->allocated + 1); }

static void *alloc_in_range(vmr_heap *heap, size_t bytes, size_t alignment, bool *is_zero) {
  bool is_bumped = VMR_HEAP_IS(heap, VMR_HEAP_NEVER_FREED);
  if (bytes > (is_bumped ? BUMP_BYTES : VMR_CHUNK_BYTES) || alignment > VMR_SPAN_BYTES)
    return vmr_heap_alloc_chunks(heap, bytes, alignment, is_zero);
  *is_zero = is_bumped; /* its chunks are fresh */
  if (is_bumped) return vmr_heap_alloc_bumped(heap, bytes != 0 ? bytes : 1, alignment < 16 ? 16 : alignment);
  if (bytes > VMR_SMALL_BYTES || alignment > VMR_SMALL_BYTES)
    return vmr_heap_alloc_run(heap, bytes > alignment ? bytes : alignment);
  return vmr_heap_alloc_small(heap, bytes, alignment);
}

/* One try. Malloc helps where there is no range, or no room in it; not where a limit refuses. */
static void *try_alloc(vmr_heap *heap, size_t bytes, size_t alignment, bool is_zeroed) {
  bool is_zero = false, is_full = heap->uses_malloc;
  void *object = NULL;
  if (!is_full) {
    bool is_locked = vmr_heap_lock(heap);
    heap->is_full = false;
    object = alloc_in_range(heap, bytes, alignment, &is_zero);
    if (object != NULL) count_object(heap);
    is_full = heap->is_full;
    vmr_heap_unlock(heap, is_locked);
  }
  if (object == NULL) return is_full ? vmr_borrow_alloc(heap, bytes, alignment, is_zeroed) : NULL;
  return is_zeroed && !is_zero ? memset(object, 0, bytes) : object;
}

static size_t least_alignment(const vmr_heap *heap) { return VMR_HEAP_IS(heap, VMR_HEAP_ALIGN8) ? 8 : 16; }

static void poison(void *object, int pattern) { memset(object, pattern, vmr_heap_usable_size(object)); }

static void *alloc_watched(vmr_heap *heap, size_t bytes, size_t alignment, bool is_zeroed) {
  vmr_deferral deferral;
  void *object;
  if (heap->is_checked && !vmr_ctx_admit(heap->handle.ctx, VMR_KIND_HEAP, bytes)) return NULL;
  vmr_ctx_defer(&deferral, heap->handle.ctx);
  do object = try_alloc(heap, bytes, alignment, is_zeroed);
  while (vmr_ctx_relieve(&deferral, object == NULL));
  if (object != NULL && heap->is_poisoned && !is_zeroed) poison(object, VMR_FRESH_BYTE);
  if (object != NULL && heap->is_profiled) vmr_watch_note(heap->handle.ctx, VMR_KIND_HEAP, object, bytes, heap);
  return object;
}

/* Whether an object is one of the few that malloc gives. The first one that is not ends that. */
static bool is_of_few(vmr_heap *heap, size_t bytes, size_t alignment) {
  bool is_locked = vmr_heap_lock(heap), fits = heap->few_objects != 0 && bytes < heap->few_bytes && alignment <= 16;
  if (fits) {
    heap->few_bytes -= (uint32_t)bytes;
    count_object(heap);
  }
  VMR_PUBLISH(heap->few_objects, fits ? heap->few_objects - 1 : 0);
  vmr_heap_unlock(heap, is_locked);
  return fits;
}

static void *obtain_few(size_t bytes, bool is_zeroed) {
  if (bytes == 0) bytes = 1;
  return is_zeroed ? calloc(1, bytes) : malloc(bytes);
}

/* Says nothing of a failure; leaves errno as it was, whatever was tried before it succeeded. */
static void *obtain(vmr_heap *heap, size_t bytes, size_t alignment, bool is_zeroed) {
  int kept = errno;
  if (VMR_PEEK(heap->few_objects) != 0 && is_of_few(heap, bytes, alignment)) return obtain_few(bytes, is_zeroed);
  if (!VMR_ACQUIRE(heap->is_begun)) vmr_heap_begin(heap);
  void *object = heap->is_plain && heap->handle.ctx == NULL ? try_alloc(heap, bytes, alignment, is_zeroed)
                                                            : alloc_watched(heap, bytes, alignment, is_zeroed);
  errno = kept;
  return object;
}

VMR_OUT_OF_LINE static void *alloc_object(vmr_heap *heap, size_t bytes, size_t alignment, bool is_zeroed) {
  if (bytes > LARGEST_REQUEST || alignment > LARGEST_REQUEST) return refuse(heap, VMR_OUT_OF_MEMORY);
  void *object = obtain(heap, bytes, alignment, is_zeroed);
  return object != NULL ? object : fail(heap, VMR_OUT_OF_MEMORY, ENOMEM);
}

/* The first one of the class that is at hand, or NULL. */
static inline void *take_quick(vmr_heap *heap, unsigned class) {
  vmr_span *span = heap->quick[class];
  if (VMR_UNLIKELY(span->idle == NULL)) return NULL;
  void *object = vmr_span_take(span);
  count_object(heap);
  return object;
}

static inline void *alloc_quick(vmr_heap *heap, size_t bytes) {
  return take_quick(heap, heap->class_of_words[(bytes + 7) / 8]);
}

/* Larger ones, too, whose class is computed. */
static inline void *alloc_at_hand(vmr_heap *heap, size_t bytes) {
  if (bytes <= VMR_QUICK_BYTES) return alloc_quick(heap, bytes);
  return bytes <= VMR_SMALL_BYTES ? take_quick(heap, vmr_heap_class(bytes, 16)) : NULL;
}

/* Large objects, and what is not at hand; of a heap that threads share, what is. */
VMR_OUT_OF_LINE static void *alloc_next(vmr_heap *heap, size_t bytes) {
  void *object = alloc_at_hand(heap, bytes);
  if (object != NULL) return object;
  bool is_shared = VMR_HEAP_IS(heap, VMR_HEAP_SHARED) && VMR_ACQUIRE(heap->is_begun);
  if (bytes <= VMR_QUICK_BYTES && is_shared && heap->is_plain) {
    bool is_locked = vmr_heap_lock(heap);
    vmr_span *span = heap->slow[heap->class_of_words[(bytes + 7) / 8]];
    if (span->idle != NULL) {
      count_object(heap);
      object = vmr_span_take(span);
    }
    vmr_heap_unlock(heap, is_locked);
  }
  return object != NULL ? object : alloc_object(heap, bytes, least_alignment(heap), false);
}

void *vmr_heap_alloc(vmr_heap *heap, size_t bytes) {
  if (VMR_UNLIKELY(heap == NULL)) return malloc(bytes);
  void *object = bytes <= VMR_QUICK_BYTES ? alloc_quick(heap, bytes) : NULL;
  return VMR_LIKELY(object != NULL) ? object : alloc_next(heap, bytes);
}

void *vmr_heap_refill(vmr_heap *heap, size_t bytes) { return heap != NULL ? alloc_next(heap, bytes) : malloc(bytes); }

void *vmr_heap_calloc(vmr_heap *heap, size_t count, size_t size) {
  if (heap == NULL) return calloc(count, size);
  if (size != 0 && count > SIZE_MAX / size) return refuse(heap, VMR_SIZE_OVERFLOW);
  size_t bytes = count * size;
  void *object = alloc_at_hand(heap, bytes);
  return object != NULL ? memset(object, 0, bytes) : alloc_object(heap, bytes, least_alignment(heap), true);
}

void *vmr_heap_aligned(vmr_heap *heap, size_t alignment, size_t bytes) {
  if (alignment == 0 || (alignment & (alignment - 1)) != 0) return fail(heap, VMR_INVALID_ARGUMENT, EINVAL);
  if (heap != NULL) {
    size_t least = least_alignment(heap);
    return alloc_object(heap, bytes, alignment > least ? alignment : least, false);
  }
  if (alignment < sizeof(void *)) alignment = sizeof(void *);
  void *object = NULL;
  int status = posix_memalign(&object, alignment, bytes);
  if (status != 0) errno = status;
  return status == 0 ? object : NULL;
}

/* ---- giving back ---- */

/* Takes time proportional to what is idle in the span. */
static bool is_idle(const vmr_span *span, const void *object) {
  const void *each = span->idle;
  while (each != NULL && each != object) memcpy(&each, each, sizeof each);
  return each != NULL;
}

/* Whether the bytes of an object behind those of a list are as poison leaves them. */
static bool looks_dead(const vmr_span *span, const void *object) {
  const unsigned char *bytes = object;
  size_t end = span->bytes < 4 * sizeof(void *) ? span->bytes : 4 * sizeof(void *);
  for (size_t i = 2 * sizeof(void *); i < end; i++)
    if (bytes[i] != VMR_DEAD_BYTE) return false;
  return true;
}

/* Whether an object may be given back, as far as can be seen at once; a guarded heap looks through what is idle, too, and one
 * that is poisoned does if the object looks as if it were. */
static vmr_status judge_free(const vmr_heap *heap, vmr_record *record, const void *object) {
  if (record->count != 0) return object == record->cursor ? VMR_OK : VMR_FOREIGN_POINTER;
  if (VMR_HEAP_IS(heap, VMR_HEAP_NEVER_FREED)) return VMR_OK;
  const vmr_span *span = vmr_range_span(object);
  if (VMR_UNLIKELY((record->free_spans >> (span - vmr_range_spans_of(record)) & 1) != 0)) return VMR_DOUBLE_FREE;
  uint32_t offset = (uint32_t)((uintptr_t)object & (VMR_SPAN_BYTES - 1));
  if (span->class >= VMR_CLASS_TAIL || span->count == 0)
    return span->class == VMR_CLASS_RUN && span->count != 0 && offset == 0 ? VMR_OK : VMR_FOREIGN_POINTER;
  uint64_t product = (uint64_t)offset * span->inverse;
  if ((uint32_t)product >= span->inverse || product >> 32 >= span->made) return VMR_FOREIGN_POINTER;
  bool is_searched = heap->is_guarded || (heap->is_poisoned && looks_dead(span, object));
  bool is_double = span->idle == object || span->live == 0 || (is_searched && is_idle(span, object));
  return is_double ? VMR_DOUBLE_FREE : VMR_OK;
}

static void give_back(vmr_heap *heap, vmr_record *record, void *object) {
  if (VMR_HEAP_IS(heap, VMR_HEAP_NEVER_FREED)) return;
  vmr_span *span = vmr_range_span(object);
  if (record->count != 0) {
    vmr_heap_give_chunks(heap, record);
  } else if (span->class == VMR_CLASS_RUN) {
    vmr_heap_give_spans(heap, record, span);
  } else {
    vmr_heap_free_small(heap, record, span, object);
  }
}

/* As malloc ends a program that misuses it. */
_Noreturn static void end_program(const char *words) {
  (void)!write(STDERR_FILENO, words, strlen(words));
  (void)!write(STDERR_FILENO, "\n", 1);
  abort();
}

/* Of a heap without a context nobody would be told; who asked for poison wants to know. */
static void report(vmr_heap *heap, vmr_status what, const void *object) {
  const char *words = what == VMR_DOUBLE_FREE ? "an object of a heap was given back twice"
                                              : "a heap was given a pointer into it at which no object begins";
  set_status(heap, what);
  if (heap->handle.ctx == NULL && heap->is_poisoned) end_program(words);
  vmr_ctx_report(heap->handle.ctx, what, object, words);
}

VMR_OUT_OF_LINE static void free_watched(void *object) {
  vmr_record *record = vmr_range_record(object);
  vmr_heap *heap = VMR_PEEK(record->heap);
  if (heap == NULL) return; /* its heap is gone, or it was given back already: there is nobody to tell */
  bool is_locked = vmr_heap_lock(heap);
  vmr_status status = judge_free(heap, record, object);
  if (status == VMR_OK && !VMR_HEAP_IS(heap, VMR_HEAP_NEVER_FREED)) {
    if (heap->is_profiled) vmr_watch_forget(heap->handle.ctx, object);
    if (heap->is_poisoned) poison(object, VMR_DEAD_BYTE);
    give_back(heap, record, object);
  }
  vmr_heap_unlock(heap, is_locked);
  if (VMR_UNLIKELY(status != VMR_OK)) report(heap, status, object);
}

VMR_OUT_OF_LINE static void free_elsewhere(void *object) {
  vmr_heap *heap = object != NULL ? vmr_borrow_heap_of(object) : NULL;
  if (heap != NULL) {
    if (VMR_HEAP_IS(heap, VMR_HEAP_NEVER_FREED)) return;
    vmr_borrow_forget(object);
    if (heap->is_profiled) vmr_watch_forget(heap->handle.ctx, object);
    vmr_ctx_discharge(heap->handle.ctx, VMR_KIND_HEAP, malloc_usable_size(object));
    if (heap->is_poisoned) poison(object, VMR_DEAD_BYTE);
  }
  if (!vmr_range_has(object)) free(object);
}

VMR_OUT_OF_LINE static void retire(void *object, vmr_span *span) {
  vmr_record *record = vmr_range_record(object);
  vmr_heap_retire_span(record->heap, record, span);
}

/* False where a look shows that no object begins there, or that it was the last one given back. */
static inline bool is_object(const vmr_span *span, const void *object) {
  uint64_t product = (uint64_t)((uintptr_t)object & (VMR_SPAN_BYTES - 1)) * span->inverse;
  return (uint32_t)product < span->inverse && product >> 32 < span->made && span->live != 0 && span->idle != object;
}

void vmr_heap_free(void *object) {
  size_t taken = VMR_ACQUIRE(vmr_the_range.taken);
  uintptr_t base = VMR_PEEK(vmr_the_range.base), offset = (uintptr_t)object - base;
  if (offset >= taken) return free_elsewhere(object);
  vmr_span *span = (vmr_span *)base + (offset >> VMR_SPAN_SHIFT);
  if (VMR_UNLIKELY(!span->is_quick || !is_object(span, object))) return free_watched(object);
  *(void **)object = span->idle;
  span->idle = object;
  *span->first = span;
  if (VMR_UNLIKELY(--span->live == 0) && span->next != span) retire(object, span);
}

/* ---- what is known of an object ---- */

const vmr_heap_range *vmr_heap_find_range(void) {
  _Static_assert(offsetof(vmr_range, base) == offsetof(vmr_heap_range, base), "as compiled code knows it");
  _Static_assert(offsetof(vmr_range, taken) == offsetof(vmr_heap_range, taken), "as compiled code knows it");
  return (const vmr_heap_range *)(const void *)&vmr_the_range;
}

static vmr_heap *owner_of(const void *object) {
  if (object == NULL) return NULL;
  if (!vmr_range_has(object)) return vmr_borrow_heap_of(object);
  return vmr_range_was_taken(object) ? VMR_PEEK(vmr_range_record(object)->heap) : NULL;
}

size_t vmr_heap_usable_size(const void *object) {
  if (!vmr_range_has(object)) return malloc_usable_size((void *)(uintptr_t)object);
  const vmr_heap *heap = owner_of(object);
  if (heap == NULL) return 0;
  vmr_record *record = vmr_range_record(object);
  if (record->count != 0) return record->object_bytes;
  if (VMR_HEAP_IS(heap, VMR_HEAP_OF_BUMPS)) return 0;
  if (VMR_HEAP_IS(heap, VMR_HEAP_NEVER_FREED)) return vmr_heap_bumped_size(record, object);
  const vmr_span *span = vmr_range_span(object);
  return span->class == VMR_CLASS_RUN ? span->count * VMR_SPAN_BYTES : span->bytes;
}

vmr_heap *vmr_heap_of(const void *object) {
  vmr_heap *heap = owner_of(object);
  return heap == NULL || VMR_HEAP_IS(heap, VMR_HEAP_OF_BUMPS) ? NULL : heap;
}

/* ---- another size ---- */

static bool resize_here(vmr_heap *heap, void *object, size_t bytes) {
  if (!vmr_range_has(object) || bytes > LARGEST_REQUEST) return false;
  bool is_locked = vmr_heap_lock(heap);
  bool is_done = vmr_heap_resize_here(heap, object, bytes);
  vmr_heap_unlock(heap, is_locked);
  return is_done;
}

/* `moved` takes the place of the object, of which `usable` bytes can be read. */
static void *replace(void *object, size_t usable, void *moved, size_t bytes) {
  size_t count = usable < bytes ? usable : bytes, whole = 0;
  if (vmr_range_has(object) && vmr_range_has(moved)) whole = vmr_heap_move_chunks(object, moved, count);
  memcpy((char *)moved + whole, (char *)object + whole, count - whole);
  vmr_heap_free(object);
  return moved;
}

/* How much an object that moves to grow asks for: a quarter more when it grows by little, as one that grows all the time does. */
static size_t with_slack(const vmr_heap *heap, size_t usable, size_t bytes) {
  bool is_creeping = bytes > usable && bytes - usable <= usable / 4;
  return is_creeping && heap->is_plain && heap->handle.ctx == NULL ? bytes + usable / 4 : bytes;
}

/* What is to become smaller, and cannot move, stays. */
static void *move(vmr_heap *heap, void *object, size_t usable, size_t bytes) {
  if (bytes > LARGEST_REQUEST) return refuse(heap, VMR_OUT_OF_MEMORY);
  size_t wanted = with_slack(heap, usable, bytes), alignment = least_alignment(heap);
  void *moved = obtain(heap, wanted, alignment, false);
  if (moved == NULL && wanted != bytes) moved = obtain(heap, bytes, alignment, false);
  if (moved != NULL) return replace(object, usable, moved, bytes);
  return bytes <= usable ? object : fail(heap, VMR_OUT_OF_MEMORY, ENOMEM);
}

/* An object of a bump: it ends with the chunk, or before. */
static void *move_cut(vmr_heap *heap, void *object, size_t bytes) {
  void *moved = vmr_heap_alloc(heap, bytes);
  size_t usable = VMR_CHUNK_BYTES - ((uintptr_t)object & (VMR_CHUNK_BYTES - 1));
  return moved != NULL ? replace(object, usable, moved, bytes) : NULL;
}

VMR_OUT_OF_LINE static void *resize(vmr_heap *heap, void *object, size_t bytes) {
  vmr_heap *owner = owner_of(object);
  if (owner == NULL) return vmr_range_has(object) ? fail(heap, VMR_FOREIGN_POINTER, EINVAL) : realloc(object, bytes);
  if (VMR_HEAP_IS(owner, VMR_HEAP_OF_BUMPS)) return move_cut(heap, object, bytes);
  size_t usable = vmr_heap_usable_size(object);
  if (bytes <= usable && bytes >= usable / 2) return object;
  if (!owner->is_checked && !owner->is_profiled && resize_here(owner, object, bytes)) return object;
  return move(owner, object, usable, bytes);
}

/* As the C library does with what is malloc's. */
VMR_OUT_OF_LINE static void *resize_to_nothing(void *object) {
  if (owner_of(object) == NULL && !vmr_range_has(object)) return realloc(object, 0);
  vmr_heap_free(object);
  return NULL;
}

/* The short way: an object of a class, whose heap is to be told nothing. */
void *vmr_heap_realloc(vmr_heap *heap, void *object, size_t bytes) {
  if (object == NULL) return vmr_heap_alloc(heap, bytes);
  if (VMR_UNLIKELY(bytes == 0)) return resize_to_nothing(object);
  if (!vmr_range_was_taken(object)) return resize(heap, object, bytes);
  const vmr_span *span = vmr_range_span(object);
  size_t usable = span->bytes;
  if (VMR_UNLIKELY(!span->is_quick)) return resize(heap, object, bytes);
  if (bytes <= usable && bytes >= usable / 2) return object;
  vmr_heap *owner = vmr_range_record(object)->heap;
  size_t wanted = with_slack(owner, usable, bytes);
  void *moved = alloc_at_hand(owner, wanted);
  if (moved == NULL) return resize(heap, object, bytes);
  memcpy(moved, object, usable < bytes ? usable : bytes);
  vmr_heap_free(object);
  return moved;
}

vmr_status vmr_heap_status(const vmr_heap *heap) { return heap != NULL ? (vmr_status)heap->status : VMR_OK; }
