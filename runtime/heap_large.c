/* heap_large.c: chunks of heaps, what is larger than a size class, and objects that are never freed.
 *
 *   to 2 MiB   a run of spans of 64 KiB in a chunk
 *   to 8 MiB   whole chunks, and a run of spans in the chunk behind them: [chunk][chunk][tail|other spans]
 *   beyond     whole chunks
 *
 * Memory of large objects that come back stays for a while (range.c), so that what comes and goes costs neither system
 * calls nor page faults. Such memory is not zero. A run grows where it is into free spans, an object of chunks
 * into free chunks; else its pages are moved, not copied, where the system can do that.
 *
 * A heap that is never freed bumps objects of all sizes through its chunks; a bit for each 16 bytes, at the chunk's
 * beginning, tells where they begin, so that they need no size. */
#include <string.h>

#include "runtime/heap.h"
#include "runtime/os.h"

#define TAIL_BYTES ((size_t)8 << 20)    /* up to this an object may end in a run of spans */
#define HUGE_FROM ((size_t)32 << 20)    /* a heap of that size has huge pages in the chunks that it takes, */
#define HUGE_IF_KNOWN ((size_t)8 << 20) /* and of that size, where they will be full; where it is known that */
#define KNOWN_PART 4                    /* it will have HUGE_FROM, from that part of what is known on; */
#define MOST_UNTOUCHED \
  ((size_t)VMR_CHUNK_BYTES / 16) /* those that got full have one with so much that was not in memory */
#define GRANULE ((size_t)16)

/* ---- chunks ---- */

static void give_run(vmr_heap *heap, uint32_t first, size_t count) {
  heap->reserved -= count * VMR_CHUNK_BYTES;
  vmr_range_give(first, count);
  vmr_ctx_discharge(heap->handle.ctx, VMR_KIND_HEAP, count * VMR_CHUNK_BYTES);
}

vmr_record *vmr_heap_take_chunks(vmr_heap *heap, size_t count) {
  size_t bytes = count * VMR_CHUNK_BYTES;
  if (!vmr_ctx_begin_charge(heap->handle.ctx, VMR_KIND_HEAP, bytes)) return NULL;
  vmr_record *record = vmr_range_take(count);
  heap->is_full = record == NULL;
  vmr_ctx_end_charge(heap->handle.ctx, VMR_KIND_HEAP, bytes, record != NULL);
  if (record != NULL) heap->reserved += bytes;
  return record;
}

static bool may_be_huge(const vmr_heap *heap) { return (vmr_ctx_flags(heap->handle.ctx) & VMR_NO_HUGE_PAGES) == 0; }

/* `count` chunks that an object fills: in a heap that is known to get large the first ones too. */
static void advise_object(const vmr_heap *heap, char *chunk, size_t count) {
  bool is_first = heap->expected >= HUGE_IF_KNOWN && heap->reserved <= heap->expected;
  bool is_wanted = (is_first || heap->reserved >= HUGE_IF_KNOWN) && count != 0 && may_be_huge(heap);
  if (is_wanted) vmr_os_advise_huge(chunk, count * VMR_CHUNK_BYTES);
}

/* Spans of a chunk are not full, and those of many classes seldom will be: with a huge page they are in memory all the same, so that it
 * comes when the heap is large, or is that part of what will be large; another run of the program may need less than was told. The one in
 * which a heap of known size ends has none. */
bool vmr_heap_advise_huge(const vmr_heap *heap, char *chunk) {
  size_t reserved = heap->reserved, expected = heap->expected;
  bool is_last = expected != 0 && reserved > expected && reserved - expected < VMR_CHUNK_BYTES;
  bool is_part = expected >= HUGE_FROM && reserved <= expected && reserved >= expected / KNOWN_PART;
  bool is_wanted = !is_last && (is_part || reserved >= HUGE_FROM) && may_be_huge(heap);
  if (is_wanted) vmr_os_advise_huge(chunk, VMR_CHUNK_BYTES);
  return is_wanted;
}

/* Bytes of a full chunk of spans that may not be in memory: those that no object was made of so far, and runs. */
static size_t untouched_bytes(const vmr_record *record) {
  const vmr_span *spans = vmr_range_spans_of(record);
  size_t touched = 0;
  for (unsigned i = 0; i < VMR_SPANS; i += spans[i].count) {
    if (spans[i].class < VMR_CLASSES) touched += (size_t)spans[i].made * spans[i].bytes;
  }
  return VMR_CHUNK_BYTES - touched;
}

void vmr_heap_collapse_full(vmr_heap *heap) {
  vmr_record *record = heap->records[1];
  if (record == NULL || record->is_huge || record->count != 0 || record->free_spans != 0) return;
  if (VMR_HEAP_IS(heap, VMR_HEAP_NEVER_FREED) || !may_be_huge(heap)) return;
  if (untouched_bytes(record) > MOST_UNTOUCHED) return;
  record->is_huge = true;
  (void)vmr_os_collapse(vmr_range_chunk(record));
}

void vmr_heap_give_chunks(vmr_heap *heap, vmr_record *record) {
  size_t count = record->count != 0 ? record->count : 1;
  uint32_t first = record->count != 0 ? record->first : vmr_range_index(record);
  if (record->tail != 0) {
    vmr_record *behind = vmr_range_record_at(first + (uint32_t)count);
    vmr_heap_give_spans(heap, behind, vmr_range_spans_of(behind));
  }
  vmr_heap_unlink_record(heap, record);
  give_run(heap, first, count);
}

/* ---- objects of spans and chunks ---- */

static size_t spans_for(size_t bytes) { return (bytes + VMR_SPAN_BYTES - 1) >> VMR_SPAN_SHIFT; }

static size_t chunks_for(size_t bytes) { return (bytes + VMR_CHUNK_BYTES - 1) >> VMR_CHUNK_SHIFT; }

void *vmr_heap_alloc_run(vmr_heap *heap, size_t bytes) {
  vmr_span *span = vmr_heap_take_spans(heap, (unsigned)spans_for(bytes));
  if (span == NULL) return NULL;
  span->class = VMR_CLASS_RUN;
  return vmr_range_span_begin(span);
}

/* The chunk behind the whole ones becomes one of spans, the first of which belong to the object. */
static void make_tail(vmr_heap *heap, vmr_record *behind, unsigned tail) {
  memset(behind, 0, sizeof *behind);
  behind->heap = heap;
  behind->free_spans = ~vmr_spans_mask(0, tail);
  *vmr_range_spans_of(behind) = (vmr_span){.class = VMR_CLASS_TAIL, .count = (uint8_t)tail};
  vmr_heap_link_record(heap, behind, 0);
}

/* The record that tells of the object is that of the chunk in which the object begins. */
void *vmr_heap_alloc_chunks(vmr_heap *heap, size_t bytes, size_t alignment, bool *is_zero) {
  size_t slack = alignment > VMR_CHUNK_BYTES ? alignment - VMR_CHUNK_BYTES : 0;
  size_t count = chunks_for((bytes != 0 ? bytes : 1) + slack), tail = 0;
  if (slack == 0 && bytes <= TAIL_BYTES && count > 1 && !VMR_HEAP_IS(heap, VMR_HEAP_NEVER_FREED))
    tail = spans_for(bytes - (count - 1) * VMR_CHUNK_BYTES) % VMR_SPANS;
  vmr_record *first = vmr_heap_take_chunks(heap, count);
  if (first == NULL) return NULL;
  *is_zero = !first->is_dirty;
  uint32_t index = vmr_range_index(first);
  char *begin = vmr_range_chunk(first), *object = begin + ((size_t)(-(uintptr_t)begin) & (alignment - 1));
  char *end = begin + count * VMR_CHUNK_BYTES;
  if (tail != 0) {
    count--;
    end += tail * VMR_SPAN_BYTES - VMR_CHUNK_BYTES;
    make_tail(heap, vmr_range_record_at(index + (uint32_t)count), (unsigned)tail);
  }
  size_t full = ((size_t)(object - begin) + bytes) / VMR_CHUNK_BYTES;
  if (*is_zero) advise_object(heap, begin, full < count ? full : count);
  vmr_record *record = vmr_range_record(object);
  memset(record, 0, sizeof *record);
  record->heap = heap;
  record->first = index;
  record->count = (uint32_t)count;
  record->tail = (uint8_t)tail;
  record->object_bytes = (size_t)(end - object);
  record->cursor = object;
  vmr_heap_link_record(heap, record, 1);
  return object;
}

/* ---- objects that are never freed ---- */

static size_t *start_bits(const vmr_record *record) { return (size_t *)(void *)vmr_range_chunk(record); }

#define WORD_BITS (sizeof(size_t) * 8)

static void *bump(vmr_record *record, size_t bytes, size_t alignment) {
  char *chunk = vmr_range_chunk(record), *end = chunk + VMR_CHUNK_BYTES;
  char *object = record->cursor + ((size_t)(-(uintptr_t)record->cursor) & (alignment - 1));
  if (object > end || bytes > (size_t)(end - object)) return NULL;
  size_t granule = (size_t)(object - chunk) / GRANULE, *word = &start_bits(record)[granule / WORD_BITS];
  VMR_PUBLISH(*word, *word | (size_t)1 << granule % WORD_BITS);
  VMR_RELEASE(record->cursor, object + ((bytes + GRANULE - 1) & ~(GRANULE - 1)));
  return object;
}

void *vmr_heap_alloc_bumped(vmr_heap *heap, size_t bytes, size_t alignment) {
  void *object = heap->bumped != NULL ? bump(heap->bumped, bytes, alignment) : NULL;
  if (object != NULL) return object;
  vmr_record *record = vmr_heap_take_chunk(heap);
  if (record == NULL) return NULL;
  if (record->is_dirty) vmr_os_clear_huge(vmr_range_chunk(record), VMR_CHUNK_BYTES);
  heap->bumped = record;
  VMR_PUBLISH(record->cursor, vmr_range_chunk(record) + VMR_BUMP_HEAD);
  return bump(record, bytes, alignment);
}

/* Up to the next object's beginning, or the cursor. */
size_t vmr_heap_bumped_size(const vmr_record *record, const void *object) {
  const char *chunk = vmr_range_chunk(record), *cursor = VMR_ACQUIRE(record->cursor); /* before the bits */
  const size_t *bits = start_bits(record);
  size_t end = (size_t)(cursor - chunk) / GRANULE, from = (size_t)((const char *)object - chunk) / GRANULE;
  for (size_t at = from + 1; at < end; at = (at / WORD_BITS + 1) * WORD_BITS) {
    size_t word = VMR_PEEK(bits[at / WORD_BITS]) >> at % WORD_BITS;
    if (word == 0) continue;
    size_t next = at + (size_t)__builtin_ctzll(word);
    return ((next < end ? next : end) - from) * GRANULE;
  }
  return (end - from) * GRANULE;
}

/* ---- another size ---- */

/* The last object of all grows by the cursor. None shrinks: what lies behind the cursor is zero. */
static bool resize_bumped(vmr_record *record, char *object, size_t bytes) {
  const char *end = vmr_range_chunk(record) + VMR_CHUNK_BYTES;
  size_t usable = vmr_heap_bumped_size(record, object);
  if (bytes <= usable) return true;
  if (object + usable != record->cursor || bytes > (size_t)(end - object)) return false;
  VMR_PUBLISH(record->cursor, object + ((bytes + GRANULE - 1) & ~(GRANULE - 1)));
  return true;
}

/* A run takes the spans behind it, if they are free, or gives those back that it has too many. */
static bool resize_run(vmr_heap *heap, vmr_record *record, vmr_span *span, size_t bytes) {
  vmr_span *spans = vmr_range_spans_of(record);
  size_t count = spans_for(bytes), first = (size_t)(span - spans);
  if (count == 0 || first + count > VMR_SPANS) return false;
  if (count > span->count) {
    uint32_t more = vmr_spans_mask((int)(first + span->count), (unsigned)(count - span->count));
    if ((record->free_spans & more) != more) return false;
    record->free_spans &= ~more;
    for (size_t i = first + span->count; i < first + count; i++) spans[i].count = 0;
  } else {
    record->free_spans |= vmr_spans_mask((int)(first + count), (unsigned)(span->count - count));
  }
  span->count = (uint8_t)count;
  uint8_t list = record->free_spans == 0 ? 1 : 0;
  if (record->list != list) {
    vmr_heap_unlink_record(heap, record);
    vmr_heap_link_record(heap, record, list);
  }
  return true;
}

/* An object of whole chunks takes those behind it, if they are free, or gives those back that it has too many. */
static bool resize_chunks(vmr_heap *heap, vmr_record *record, size_t bytes) {
  size_t count = chunks_for(bytes), old = record->count;
  bool is_plain = record->tail == 0 && record->object_bytes == old * VMR_CHUNK_BYTES;
  if (!is_plain || count == 0) return false;
  uint32_t behind = record->first + (uint32_t)(count < old ? count : old);
  if (count > old) {
    size_t more = (count - old) * VMR_CHUNK_BYTES;
    if (!vmr_ctx_begin_charge(heap->handle.ctx, VMR_KIND_HEAP, more)) return false;
    bool is_there = vmr_range_extend(behind, count - old);
    vmr_ctx_end_charge(heap->handle.ctx, VMR_KIND_HEAP, more, is_there);
    if (!is_there) return false;
    heap->reserved += more;
  } else if (count < old) {
    give_run(heap, behind, old - count);
  }
  bool is_fresh = count > old && !vmr_range_record_at(behind)->is_dirty;
  if (is_fresh) advise_object(heap, vmr_range_chunk(vmr_range_record_at(behind)), bytes / VMR_CHUNK_BYTES - old);
  record->count = (uint32_t)count;
  record->object_bytes = count * VMR_CHUNK_BYTES;
  return true;
}

bool vmr_heap_resize_here(vmr_heap *heap, void *object, size_t bytes) {
  vmr_record *record = vmr_range_record(object);
  if (record->count != 0) return bytes > VMR_CHUNK_BYTES && resize_chunks(heap, record, bytes);
  if (VMR_HEAP_IS(heap, VMR_HEAP_NEVER_FREED)) return resize_bumped(record, object, bytes != 0 ? bytes : 1);
  vmr_span *span = vmr_range_span(object);
  bool is_run = span->class == VMR_CLASS_RUN && bytes > VMR_SPAN_BYTES / 2;
  return is_run && resize_run(heap, record, span, bytes);
}

size_t vmr_heap_move_chunks(char *from, char *to, size_t bytes) {
  size_t moved = 0, step = 1;
  if (((uintptr_t)from | (uintptr_t)to) % VMR_CHUNK_BYTES != 0) return 0;
  for (bytes &= ~(VMR_CHUNK_BYTES - 1); moved < bytes && step != 0; moved += step)
    step = vmr_os_move(to + moved, from + moved, bytes - moved);
  return moved;
}
