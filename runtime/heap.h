/* heap.h: heaps from inside: the reserved range, its chunks and spans, and the objects that malloc holds for heaps.
 *
 *   range    [records][chunk 1][chunk 2] ...       chunks of 2 MiB; the record of chunk i is the i-th one
 *   chunk    [span 0][span 1] ... [span 31]        spans of 64 KiB, each full of objects of one size class
 *            [span 0][ one object ][span 5] ...    or a run of spans that is one object
 *   run      [chunk 7][chunk 8][chunk 9]           or chunks that are one object, maybe with a run of spans behind them
 *
 * Objects have no headers: the record tells what they are. */
#ifndef VMR_RUNTIME_HEAP_H
#define VMR_RUNTIME_HEAP_H

#include <pthread.h>

#include "runtime/context.h"
#include "vmemrt/heap.h"

#define VMR_CHUNK_SHIFT 21
#define VMR_CHUNK_BYTES ((size_t)1 << VMR_CHUNK_SHIFT)
#define VMR_SPAN_SHIFT 16
#define VMR_SPAN_BYTES ((size_t)1 << VMR_SPAN_SHIFT)
#define VMR_SPANS 32
#define VMR_CLASSES 40
#define VMR_CLASS_TAIL 0xfe /* the spans behind the whole chunks of an object */
#define VMR_CLASS_RUN 0xff  /* the first span of an object of several */

typedef struct vmr_span {
  struct vmr_span *next, *previous; /* of the class, while it has objects to give */
  void *idle;                       /* objects that came back, linked through their first word */
  uint32_t made, most;              /* objects ever handed out; that it has room for */
  uint32_t live, inverse;           /* inverse: 2^32 over the bytes of an object, rounded up */
  uint8_t class, count;             /* count: spans of a run; 0 inside of one */
  bool is_listed;
} vmr_span;

typedef struct vmr_record {
  vmr_heap *heap;                     /* NULL: the chunk is free */
  struct vmr_record *next, *previous; /* of the heap */
  uint32_t free_spans;                /* a bit each */
  uint8_t list;                       /* of vmr_heap.records */
  bool is_kept, is_dirty;             /* kept by its heap for later; not known to be zero */
  uint8_t tail;                       /* spans of the object in the chunk behind its last whole one */
  uint32_t first, count;              /* for chunks that are one object: which ones; count 0: spans */
  size_t object_bytes;                /* of that object, the tail included */
  char *cursor;                       /* where that object begins; in a heap that is never freed: the next free byte */
  vmr_span spans[VMR_SPANS];
} vmr_record;

struct vmr_heap {
  vmr_handle handle;
  uint32_t flags;
  bool is_checked, is_guarded, is_profiled, uses_malloc;
  bool is_slow;                   /* no object takes the short way */
  bool is_full;                   /* the range had no room for the last request */
  _Atomic int status;             /* of vmr_status */
  vmr_published_count allocated;  /* objects so far */
  pthread_mutex_t lock;           /* of a shared heap */
  vmr_span *classes[VMR_CLASSES]; /* spans with objects to give */
  vmr_record *records[2];         /* its chunks: those with free spans; all others */
  vmr_record *bumped;             /* of a heap that is never freed: the chunk in use */
  vmr_record *kept;               /* runs of chunks that came back, for the next large object */
  size_t kept_chunks;
  size_t reserved;
  vmr_heap *next_heap, *previous_heap; /* of the process, for fork */
};

/* Gives back empty spans and chunks. Returns the bytes of the chunks. */
size_t vmr_heap_trim(vmr_heap *heap);

/* For fork: all heaps, the range and malloc's objects. */
void vmr_heaps_lock(void);
void vmr_heaps_unlock(void);

/* ---- heap.c, for heap_large.c and back ---- */

#define VMR_HEAP_OF_BUMPS \
  0x80000000u /* the one that owns what bumps took of the range: where objects end is not known */
#define VMR_HEAP_IS(heap, flag) (((heap)->flags & (flag)) != 0)

void vmr_heap_link_record(vmr_heap *heap, vmr_record *record, uint8_t list);
void vmr_heap_unlink_record(vmr_heap *heap, vmr_record *record);

/* A chunk of spans, all of them free; NULL when there is none. */
vmr_record *vmr_heap_take_chunk(vmr_heap *heap);

/* A run of spans of such a chunk. */
vmr_span *vmr_heap_take_spans(vmr_heap *heap, unsigned count);
void vmr_heap_give_spans(vmr_heap *heap, vmr_record *record, vmr_span *span);
static inline uint32_t vmr_spans_mask(int first, unsigned count) {
  return (count < VMR_SPANS ? ((uint32_t)1 << count) - 1 : UINT32_MAX) << first;
}

static inline vmr_span *vmr_span_of(vmr_record *record, const void *object) {
  return &record->spans[((uintptr_t)object & (VMR_CHUNK_BYTES - 1)) >> VMR_SPAN_SHIFT];
}

/* ---- heap_large.c: what is larger than a class; chunks; objects that are never freed ---- */

/* `count` chunks in a row for the heap; NULL when there are none, or a limit refuses them. */
vmr_record *vmr_heap_take_chunks(vmr_heap *heap, size_t count);

/* Takes the chunks of a record out of the heap; some are kept for later. */
void vmr_heap_give_chunks(vmr_heap *heap, vmr_record *record);

/* Gives back what is kept. */
void vmr_heap_release_kept(vmr_heap *heap);

void *vmr_heap_alloc_run(vmr_heap *heap, size_t bytes);
/* `is_zero` is set when the object is known to be zero. */
void *vmr_heap_alloc_chunks(vmr_heap *heap, size_t bytes, size_t alignment, bool *is_zero);
void *vmr_heap_alloc_bumped(vmr_heap *heap, size_t bytes, size_t alignment);
size_t vmr_heap_bumped_size(const vmr_record *record, const void *object);
/* Bytes of a chunk of bumped objects that tell where they begin. */
#define VMR_BUMP_HEAD (VMR_CHUNK_BYTES / 16 / 8)

/* Another size for an object of more than a class, or of a heap that is never freed, where it is; false when it must move. */
bool vmr_heap_resize_here(vmr_heap *heap, void *object, size_t bytes);

/* Moves whole chunks of memory from one large object to another, without a copy; false when that cannot be. */
bool vmr_heap_move_chunks(const void *from, void *to, size_t bytes);

/* ---- range.c ---- */

typedef struct vmr_range {
  uintptr_t base; /* 0: no range */
  size_t bytes;
} vmr_range;

extern vmr_range vmr_the_range;

/* Reserves the range, once; false when there is none. */
bool vmr_range_begin(void);

static inline bool vmr_range_has(const void *object) {
  return (uintptr_t)object - vmr_the_range.base < vmr_the_range.bytes;
}

/* The record of the chunk that `object` lies in; of an object's first chunk for an object of several. */
vmr_record *vmr_range_record(const void *object);
vmr_record *vmr_range_record_at(uint32_t index);
/* Whether the chunk that `object`, which lies in the range, lies in was ever taken. */
bool vmr_range_was_taken(const void *object);
char *vmr_range_chunk(const vmr_record *record);

/* `count` chunks in a row, zeroed; the record of the first one is zeroed too. NULL when there are none. */
vmr_record *vmr_range_take(size_t count);
void vmr_range_give(uint32_t first, size_t count);
/* Just these chunks; false when they are not all free. */
bool vmr_range_extend(uint32_t index, size_t count);
uint32_t vmr_range_index(const vmr_record *record);
vmr_record *vmr_range_record_of_span(const vmr_span *span);

/* For fork: nobody changes the range between the two. */
void vmr_range_lock(void);
void vmr_range_unlock(void);

/* ---- heap_malloc.c: objects of heaps that lie in malloc's memory ---- */

void *vmr_borrow_alloc(vmr_heap *heap, size_t bytes, size_t alignment, bool zeroed);
/* NULL when `object` is not such an object; else its heap, and it is struck from the list. */
vmr_heap *vmr_borrow_forget(const void *object);
vmr_heap *vmr_borrow_heap_of(const void *object);
void vmr_borrow_release_all(vmr_heap *heap);
size_t vmr_borrow_used_bytes(const vmr_heap *heap);
void vmr_borrow_lock(void);
void vmr_borrow_unlock(void);

#endif
