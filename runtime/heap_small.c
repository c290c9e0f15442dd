/* heap_small.c: objects of size classes, in spans of 64 KiB; and runs of spans, of which larger objects consist.
 *
 * Sizes up to 32 KiB are rounded up to a class, by a quarter at most: to 8, or to 16, bytes up to 64, to 16 up to 128, and to
 * a quarter of a power of two beyond. A span holds objects of one class, and a list of those that it can give: fresh ones
 * join it by the page, so that no page is touched before it is needed and each allocation takes just the first of a list. The
 * spans of a class that may have something to give are a ring; the first one gives until it has nothing left, and the one that
 * an object comes back to is the first from then on: a place that is in the cache is used next, and what takes it lies near
 * what the last object there was allocated with. An empty span goes back to its chunk unless it is the last of the ring, an
 * empty chunk to the range unless it is the only one.
 * Everything takes constant time, apart from the search for a run of spans, which looks at a few chunks before it takes a new one. */
#include <string.h>

#include "runtime/heap.h"
#include "runtime/os.h"

#define BATCH_BYTES ((size_t)4096) /* fresh objects are listed by that */
#define FIRST_BATCH ((uint32_t)8)
#define TRIES 8 /* chunks that are looked at for a run of spans */

vmr_span vmr_no_span;

/* ---- classes ---- */

static size_t class_bytes(unsigned class) {
  if (class < 8) return (size_t)(class + 1) << 3;
  if (class < 12) return (size_t)(class - 3) << 4;
  unsigned log = 7 + (class - 12) / 4;
  return ((size_t)1 << log) + ((size_t)((class - 12) % 4 + 1) << (log - 2));
}

/* As vmr_heap_class, as a constant. */
#define CLASS(words, odd) \
  ((words) <= 8    ? ((words) > 0 ? (words) - 1 : 0) | (odd) \
   : (words) <= 16 ? ((words) * 8 - 1) / 16 + 4 \
   : (words) <= 32 ? 12 + ((words) * 8 - 1) / 32 % 4 \
   : (words) <= 64 ? 16 + ((words) * 8 - 1) / 64 % 4 \
                   : 20 + ((words) * 8 - 1) / 128 % 4)
#define FOUR(words, odd) CLASS(words, odd), CLASS((words) + 1, odd), CLASS((words) + 2, odd), CLASS((words) + 3, odd)
#define SIXTEEN(words, odd) FOUR(words, odd), FOUR((words) + 4, odd), FOUR((words) + 8, odd), FOUR((words) + 12, odd)
#define ALL(odd) \
  {SIXTEEN(0, odd),  SIXTEEN(16, odd), SIXTEEN(32, odd),  SIXTEEN(48, odd), SIXTEEN(64, odd), \
   SIXTEEN(80, odd), SIXTEEN(96, odd), SIXTEEN(112, odd), CLASS(128, odd)}

const uint8_t vmr_heap_class_tables[2][VMR_QUICK_BYTES / 8 + 1] = {ALL(1), ALL(0)};

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
  vmr_heap_collapse_full(heap);
  vmr_record *record = vmr_heap_take_chunks(heap, 1);
  if (record == NULL) return NULL;
  if (!record->is_dirty) record->is_huge = vmr_heap_advise_huge(heap, vmr_range_chunk(record));
  VMR_PUBLISH(record->heap, heap);
  record->free_spans = UINT32_MAX;
  vmr_heap_link_record(heap, record, 0);
  return record;
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
  } else if (record->free_spans == UINT32_MAX) {
    heap->has_spare = false;
  }
  if (record == NULL) return NULL;
  record->free_spans &= ~vmr_spans_mask(first, count);
  if (record->free_spans == 0) {
    vmr_heap_unlink_record(heap, record);
    vmr_heap_link_record(heap, record, 1);
  }
  vmr_span *span = vmr_range_spans_of(record) + first;
  for (unsigned i = 1; i < count; i++) span[i].count = 0;
  *span = (vmr_span){.count = (uint8_t)count};
  return span;
}

/* Any thread may look at a shared heap's spans, which are never quick, while another has the lock: what stays is not written. */
static void set_quick(vmr_span *span, bool is_quick) {
  if (span->is_quick != is_quick) span->is_quick = is_quick;
}

void vmr_heap_give_spans(vmr_heap *heap, vmr_record *record, vmr_span *span) {
  record->free_spans |= vmr_spans_mask((int)(span - vmr_range_spans_of(record)), span->count);
  if (record->list == 1) {
    vmr_heap_unlink_record(heap, record);
    vmr_heap_link_record(heap, record, 0);
  }
  if (record->free_spans != UINT32_MAX) return;
  if (heap->has_spare) vmr_heap_give_chunks(heap, record);
  heap->has_spare = true;
}

static vmr_span **first_of(vmr_heap *heap, unsigned class) {
  return heap->is_quick ? &heap->quick[class] : &heap->slow[class];
}

void vmr_heap_empty_chunk(vmr_heap *heap, vmr_record *record) {
  vmr_span *spans = vmr_range_spans_of(record);
  if (VMR_HEAP_IS(heap, VMR_HEAP_NEVER_FREED) || record->count != 0) return;
  for (uint32_t left = ~record->free_spans; left != 0; left &= left - 1) {
    vmr_span *span = &spans[__builtin_ctz(left)];
    set_quick(span, false);
    if (span->class >= VMR_CLASSES) continue;
    *first_of(heap, span->class) = &vmr_no_span; /* a span inside of a run may have had another heap's */
  }
  record->free_spans = UINT32_MAX;
}

/* ---- spans with objects to give ---- */

/* As the last one of the ring. */
static void list_span(vmr_heap *heap, vmr_span *span) {
  vmr_span *first = *span->first;
  if (first == &vmr_no_span) {
    span->next = span->previous = *span->first = span;
  } else {
    span->next = first;
    span->previous = first->previous;
    first->previous->next = span;
    first->previous = span;
  }
  span->is_listed = true;
  set_quick(span, heap->is_quick);
}

static void unlist_span(vmr_span *span) {
  if (*span->first == span) *span->first = span->next != span ? span->next : &vmr_no_span;
  span->next->previous = span->previous;
  span->previous->next = span->next;
  span->is_listed = false;
  set_quick(span, false);
}

/* Fresh objects get idle, in the order of their addresses: as many again as there are, a page of them at most. */
static void list_fresh(vmr_span *span) {
  uint32_t most = (uint32_t)(BATCH_BYTES / span->bytes), count = span->most - span->made;
  uint32_t least = span->made > FIRST_BATCH ? span->made : FIRST_BATCH;
  if (count > most) count = most != 0 ? most : 1;
  if (count > least) count = least;
  char *begin = vmr_range_span_begin(span) + (size_t)span->made * span->bytes, *each = begin;
  for (uint32_t i = 1; i < count; i++, each += span->bytes) *(void **)(void *)each = each + span->bytes;
  *(void **)(void *)each = span->idle;
  span->idle = begin;
  span->made += count;
}

static vmr_span *take_span(vmr_heap *heap, unsigned class) {
  vmr_span *span = vmr_heap_take_spans(heap, 1);
  if (span == NULL) return NULL;
  if (heap->reserved >= VMR_POPULATE_FROM && !vmr_range_record_of_span(span)->is_huge)
    vmr_os_populate(vmr_range_span_begin(span), VMR_SPAN_BYTES);
  span->class = (uint8_t)class;
  span->first = first_of(heap, class);
  span->bytes = (uint32_t)class_bytes(class);
  span->most = (uint32_t)VMR_SPAN_BYTES / span->bytes;
  span->inverse = (uint32_t)(UINT64_C(0x100000000) / span->bytes) + 1;
  list_span(heap, span);
  return span;
}

/* The span of the class whose turn it is, with an idle object. */
static vmr_span *find_span(vmr_heap *heap, unsigned class) {
  for (vmr_span **first = first_of(heap, class), *span; (span = *first) != &vmr_no_span; unlist_span(span)) {
    if (span->idle == NULL && span->made < span->most) list_fresh(span);
    if (span->idle != NULL) return span;
  }
  vmr_span *fresh = take_span(heap, class);
  if (fresh != NULL) list_fresh(fresh);
  return fresh;
}

void *vmr_heap_alloc_small(vmr_heap *heap, size_t bytes, size_t alignment) {
  unsigned class = vmr_heap_class(bytes > alignment ? bytes : alignment, VMR_HEAP_IS(heap, VMR_HEAP_ALIGN8) ? 8 : 16);
  while (class_bytes(class) % alignment != 0) class ++; /* a power of two comes before long */
  vmr_span *span = find_span(heap, class);
  return span != NULL ? vmr_span_take(span) : NULL;
}

void vmr_heap_retire_span(vmr_heap *heap, vmr_record *record, vmr_span *span) {
  if (span->next == span) return;
  unlist_span(span);
  vmr_heap_give_spans(heap, record, span);
}

void vmr_heap_free_small(vmr_heap *heap, vmr_record *record, vmr_span *span, void *object) {
  *(void **)object = span->idle;
  span->idle = object;
  span->live--;
  if (!span->is_listed) list_span(heap, span);
  *span->first = span;
  if (span->live == 0) vmr_heap_retire_span(heap, record, span);
}

/* ---- what is not used ---- */

static void trim_spans(vmr_heap *heap, unsigned class) {
  vmr_span *next = *first_of(heap, class), *last = next->previous, *each = NULL;
  while (each != last) {
    each = next;
    next = each->next;
    if (each->live != 0) continue;
    unlist_span(each);
    vmr_heap_give_spans(heap, vmr_range_record_of_span(each), each);
  }
}

size_t vmr_heap_trim(vmr_heap *heap) {
  if (VMR_HEAP_IS(heap, VMR_HEAP_NEVER_FREED)) return 0;
  bool is_locked = vmr_heap_lock(heap);
  size_t before = heap->reserved;
  for (unsigned class = 0; class < VMR_CLASSES; class ++) trim_spans(heap, class);
  for (vmr_record *each = heap->records[0], *next; each != NULL; each = next) {
    next = each->next;
    if (each->free_spans == UINT32_MAX) vmr_heap_give_chunks(heap, each);
  }
  heap->has_spare = false;
  size_t bytes = before - heap->reserved;
  vmr_heap_unlock(heap, is_locked);
  vmr_range_trim();
  return bytes;
}
