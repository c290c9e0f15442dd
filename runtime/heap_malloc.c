/* heap_malloc.c: objects of heaps that lie in malloc's memory, for want of a reserved range or of room in it.
 *
 * One table of the process, an open-addressing hash from address to heap under a lock, tells which they are: so
 * vmr_heap_free can take any pointer, and destroying a heap finds what is left of it. Expected constant time each;
 * destroying takes time proportional to the table. A program that has a range pays one look at a counter. */
#define _GNU_SOURCE
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/heap.h"

#define FIRST_SLOTS ((size_t)1024) /* a power of two */

typedef struct borrowed {
  uintptr_t object; /* 0: free; 1: struck off */
  vmr_heap *heap;
} borrowed;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static borrowed *slots;
static size_t slot_count, filled; /* filled: objects, and slots that were struck off */
static _Atomic size_t live;

static size_t slot_of(uintptr_t object) {
  return (size_t)((uint64_t)(object >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (slot_count - 1);
}

static borrowed *find(uintptr_t object) {
  if (slot_count == 0) return NULL;
  for (size_t at = slot_of(object); slots[at].object != 0; at = (at + 1) & (slot_count - 1)) {
    if (slots[at].object == object) return &slots[at];
  }
  return NULL;
}

static void put(uintptr_t object, vmr_heap *heap) {
  size_t at = slot_of(object);
  while (slots[at].object > 1) at = (at + 1) & (slot_count - 1);
  if (slots[at].object == 0) filled++;
  slots[at] = (borrowed){object, heap};
  live++;
}

/* Room for one more: a table of twice the live objects at least when three quarters are filled. */
static bool make_room(void) {
  if ((filled + 1) * 4 <= slot_count * 3) return true;
  size_t old_count = slot_count, count = FIRST_SLOTS;
  while (count < live * 4) count *= 2;
  borrowed *old = slots, *fresh = calloc(count, sizeof *fresh);
  if (fresh == NULL) return false;
  VMR_PUBLISH(slots, fresh);
  slot_count = count;
  filled = live = 0;
  for (size_t i = 0; i < old_count; i++) {
    if (old[i].object > 1) put(old[i].object, old[i].heap);
  }
  free(old);
  return true;
}

static void *obtain(size_t bytes, size_t alignment, bool zeroed) {
  void *object = NULL;
  if (alignment <= _Alignof(max_align_t))
    return zeroed ? calloc(1, bytes != 0 ? bytes : 1) : malloc(bytes != 0 ? bytes : 1);
  if (posix_memalign(&object, alignment, bytes) != 0) return NULL;
  return zeroed ? memset(object, 0, bytes) : object;
}

static bool enter(vmr_heap *heap, const void *object) {
  pthread_mutex_lock(&lock);
  bool has_room = make_room();
  if (has_room) put((uintptr_t)object, heap);
  pthread_mutex_unlock(&lock);
  return has_room;
}

void *vmr_borrow_alloc(vmr_heap *heap, size_t bytes, size_t alignment, bool zeroed) {
  vmr_ctx *ctx = heap->handle.ctx;
  void *object = obtain(bytes, alignment, zeroed);
  size_t usable = object != NULL ? malloc_usable_size(object) : 0;
  bool is_charged = object != NULL && vmr_ctx_charge_admitted(ctx, VMR_KIND_HEAP, usable);
  if (is_charged && enter(heap, object)) {
    __atomic_fetch_add(&heap->allocated, 1, __ATOMIC_RELAXED);
    return object;
  }
  if (is_charged) vmr_ctx_discharge(ctx, VMR_KIND_HEAP, usable);
  if (is_charged || object == NULL)
    vmr_ctx_count_refusal(ctx, VMR_KIND_HEAP, false); /* else the limit has counted it */
  free(object);
  return NULL;
}

vmr_heap *vmr_borrow_heap_of(const void *object) {
  if (live == 0) return NULL;
  pthread_mutex_lock(&lock);
  borrowed *found = find((uintptr_t)object);
  vmr_heap *heap = found != NULL ? found->heap : NULL;
  pthread_mutex_unlock(&lock);
  return heap;
}

vmr_heap *vmr_borrow_forget(const void *object) {
  vmr_heap *heap = NULL;
  if (live == 0) return NULL;
  pthread_mutex_lock(&lock);
  borrowed *found = find((uintptr_t)object);
  if (found != NULL) {
    heap = found->heap;
    *found = (borrowed){.object = 1};
    live--;
  }
  pthread_mutex_unlock(&lock);
  return heap;
}

void vmr_borrow_release_all(vmr_heap *heap) {
  if (live == 0 && VMR_PEEK(slots) == NULL) return; /* what other threads borrow is for other heaps */
  pthread_mutex_lock(&lock);
  for (size_t i = 0; i < slot_count; i++) {
    if (slots[i].object <= 1 || slots[i].heap != heap) continue;
    void *object = (void *)slots[i].object;
    slots[i] = (borrowed){.object = 1};
    live--;
    vmr_ctx_discharge(heap->handle.ctx, VMR_KIND_HEAP, malloc_usable_size(object));
    free(object);
  }
  if (live == 0) {
    free(slots);
    VMR_PUBLISH(slots, NULL);
    slot_count = filled = 0;
  }
  pthread_mutex_unlock(&lock);
}

size_t vmr_borrow_used_bytes(const vmr_heap *heap) {
  size_t bytes = 0;
  if (live == 0) return 0;
  pthread_mutex_lock(&lock);
  for (size_t i = 0; i < slot_count; i++) {
    if (slots[i].object > 1 && slots[i].heap == heap) bytes += malloc_usable_size((void *)slots[i].object);
  }
  pthread_mutex_unlock(&lock);
  return bytes;
}

void vmr_borrow_lock(void) { pthread_mutex_lock(&lock); }

void vmr_borrow_unlock(void) { pthread_mutex_unlock(&lock); }
