/* heap.h: heaps from inside: the reserved range, its chunks and spans, and the objects that malloc holds for heaps.
 *
 *   range    [records][chunk 1][chunk 2] ...       chunks of 2 MiB; the record of chunk i is the i-th one
 *   chunk    [span 0][span 1] ... [span 31]        spans of 64 KiB, each full of objects of one size class
 *            [span 0][ one object ][span 5] ...    or a run of spans that is one object
 *   run      [chunk 7][chunk 8][chunk 9]           or chunks that are one object
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
#define VMR_CLASS_RUN 0xff /* the first span of an object of several */

typedef struct vmr_span {
  struct vmr_span *next, *previous; /* of the class, while it has objects to give */
  void *idle;                       /* objects that came back, linked through their first word */
  uint32_t made, most;              /* objects ever handed out; that it has room for */
  uint32_t live;
  uint8_t class, count; /* count: spans of a run */
  bool is_listed;
} vmr_span;

typedef struct vmr_record {
  vmr_heap *heap;                     /* NULL: the chunk is free */
  struct vmr_record *next, *previous; /* of the heap */
  uint32_t free_spans;                /* a bit each */
  uint8_t list;                       /* of vmr_heap.records */
  uint32_t first, count;              /* for chunks that are one object: which ones; count 0: spans */
  size_t object_bytes;                /* of that object */
  char *cursor;                       /* of a heap that is never freed: the next free byte */
  vmr_span spans[VMR_SPANS];
} vmr_record;

struct vmr_heap {
  vmr_handle handle;
  uint32_t flags;
  bool is_checked, uses_malloc;
  vmr_status status;
  pthread_mutex_t lock;           /* of a shared heap */
  vmr_span *classes[VMR_CLASSES]; /* spans with objects to give */
  vmr_record *records[2];         /* its chunks: those with free spans; all others */
  vmr_record *bumped;             /* of a heap that is never freed: the chunk in use */
  size_t reserved;
  vmr_heap *next_heap, *previous_heap; /* of the process, for fork */
};

/* Gives back empty spans and chunks. Returns the bytes of the chunks. */
size_t vmr_heap_trim(vmr_heap *heap);

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
char *vmr_range_chunk(const vmr_record *record);

/* `count` chunks in a row, zeroed; the record of the first one is zeroed too. NULL when there are none. */
vmr_record *vmr_range_take(size_t count);
void vmr_range_give(uint32_t first, size_t count);
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
/* Puts an object under a new address into the list; cannot fail after vmr_borrow_forget. */
void vmr_borrow_remember(vmr_heap *heap, void *object);
void vmr_borrow_release_all(vmr_heap *heap);
size_t vmr_borrow_used_bytes(const vmr_heap *heap);
void vmr_borrow_lock(void);
void vmr_borrow_unlock(void);

#endif
