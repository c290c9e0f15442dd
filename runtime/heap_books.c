/* heap_books.c: what a heap holds, read off its records; and whether they agree with each other. */
#include <string.h>

#include "runtime/heap.h"

static size_t object_bytes(const vmr_span *span) {
  return span->class >= VMR_CLASS_TAIL ? span->count * VMR_SPAN_BYTES : (size_t)span->live * span->bytes;
}

/* Calls nothing for spans that are free; `step` goes over the spans of a run at once. */
static size_t used_in_chunk(const vmr_heap *heap, const vmr_record *record) {
  size_t bytes = 0;
  const vmr_span *spans = vmr_range_spans_of(record);
  if (record->count != 0) return record->tail != 0 ? record->count * VMR_CHUNK_BYTES : record->object_bytes;
  if (VMR_HEAP_IS(heap, VMR_HEAP_NEVER_FREED))
    return (size_t)(record->cursor - vmr_range_chunk(record)) - VMR_BUMP_HEAD;
  for (unsigned i = 0; i < VMR_SPANS;) {
    bool is_free = (record->free_spans >> i & 1) != 0;
    if (!is_free) bytes += object_bytes(&spans[i]);
    i += is_free ? 1 : spans[i].count;
  }
  return bytes;
}

static bool lock(vmr_heap *heap) {
  return (heap->flags & VMR_HEAP_SHARED) != 0 && pthread_mutex_lock(&heap->lock) == 0;
}

static void unlock(vmr_heap *heap, bool is_locked) {
  if (is_locked) pthread_mutex_unlock(&heap->lock);
}

size_t vmr_heap_used_bytes(vmr_heap *heap) {
  if (heap == NULL) return 0;
  size_t bytes = 0;
  bool is_locked = lock(heap);
  for (int list = 0; list < 2; list++) {
    for (const vmr_record *each = heap->records[list]; each != NULL; each = each->next)
      bytes += used_in_chunk(heap, each);
  }
  unlock(heap, is_locked);
  return bytes + vmr_borrow_used_bytes(heap);
}

size_t vmr_heap_reserved_bytes(vmr_heap *heap) {
  if (heap == NULL) return 0;
  bool is_locked = lock(heap);
  size_t bytes = heap->reserved;
  unlock(heap, is_locked);
  return bytes + vmr_borrow_used_bytes(heap);
}

size_t vmr_heap_range_bytes(void) { return vmr_range_begin() ? vmr_the_range.bytes : 0; }

static bool span_is_valid(const vmr_heap *heap, const vmr_span *span) {
  size_t idle = 0, size = span->bytes;
  const char *begin = vmr_range_span_begin(span);
  if (span->class >= VMR_CLASS_TAIL) return span->count != 0 && !span->is_quick;
  for (const char *each = span->idle; each != NULL; idle++) {
    if (each < begin || each >= begin + span->made * size || (size_t)(each - begin) % size != 0 || idle > span->made)
      return false;
    memcpy(&each, each, sizeof(const char *));
  }
  bool has_objects = span->idle != NULL || span->made < span->most;
  if (span->is_listed && (span->next->previous != span || span->previous->next != span)) return false;
  if (span->is_quick && !(heap->is_quick && span->is_listed)) return false;
  return span->made == span->live + idle && span->made <= span->most && (span->is_listed || !has_objects);
}

static bool record_is_valid(const vmr_heap *heap, const vmr_record *record) {
  if (record->heap != heap || (record->next != NULL && record->next->previous != record)) return false;
  if (record->count != 0 || (heap->flags & VMR_HEAP_NEVER_FREED) != 0) return true;
  if ((record->free_spans == 0) != (record->list == 1)) return false;
  const vmr_span *spans = vmr_range_spans_of(record);
  for (unsigned i = 0; i < VMR_SPANS;) {
    bool is_free = (record->free_spans >> i & 1) != 0;
    if (is_free ? spans[i].is_quick : !span_is_valid(heap, &spans[i])) return false;
    i += is_free ? 1 : spans[i].count;
  }
  return true;
}

bool vmr_heap_is_valid(vmr_heap *heap) {
  if (heap == NULL) return true;
  size_t reserved = 0;
  bool is_valid = true, is_locked = lock(heap);
  for (int list = 0; list < 2; list++) {
    for (const vmr_record *each = heap->records[list]; each != NULL && is_valid; each = each->next) {
      reserved += (each->count != 0 ? each->count : 1) * VMR_CHUNK_BYTES;
      is_valid = record_is_valid(heap, each);
    }
  }
  is_valid = is_valid && reserved == heap->reserved;
  unlock(heap, is_locked);
  if (!is_valid)
    vmr_ctx_report(heap->handle.ctx, VMR_CORRUPTED, heap, "the books of a heap do not agree with its spans");
  return is_valid;
}
