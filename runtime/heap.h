/* heap.h: heaps from inside: the reserved range, its chunks and spans, and the objects that malloc holds for heaps.
 *
 *   range    [spans][records][chunk 1][chunk 2]..  chunks of 2 MiB, spans of 64 KiB; each has a record of 64 bytes, which is
 *                                                  found by a shift of the address
 *   chunk    [span 0][span 1] ... [span 31]        each full of objects of one size class
 *            [span 0][ one object ][span 5] ...    or a run of spans that is one object
 *   run      [chunk 7][chunk 8][chunk 9]           or chunks that are one object, maybe with a run of spans behind them
 *
 * Objects have no headers: the records tell what they are. */
#ifndef VMR_RUNTIME_HEAP_H
#define VMR_RUNTIME_HEAP_H

#include <pthread.h>

#include "runtime/context.h"
#include "vmemrt/heap.h"

#if defined(__GNUC__)
#define VMR_INTERNAL __attribute__((visibility("hidden"))) /* data that is found without a table */
#define VMR_OUT_OF_LINE __attribute__((noinline))          /* so that the short ways save no registers */
#define VMR_PREFETCH(place) __builtin_prefetch(place, 1)
#else
#define VMR_INTERNAL
#define VMR_OUT_OF_LINE
#define VMR_PREFETCH(place) ((void)(place))
#endif

#define VMR_CHUNK_SHIFT 21
#define VMR_CHUNK_BYTES ((size_t)1 << VMR_CHUNK_SHIFT)
#define VMR_SPAN_SHIFT VMR_HEAP_LIST_SHIFT
#define VMR_SPAN_BYTES ((size_t)1 << VMR_SPAN_SHIFT)
#define VMR_SPANS 32
#define VMR_CLASSES VMR_HEAP_CLASSES
#define VMR_CLASS_TAIL 0xfe                            /* the spans behind the whole chunks of an object */
#define VMR_CLASS_RUN 0xff                             /* the first span of an object of several */
#define VMR_QUICK_BYTES ((size_t)VMR_HEAP_QUICK_BYTES) /* up to this a table knows the class of a size */

typedef struct vmr_span {
  _Alignas(sizeof(void *) < 8 ? 8 : 64) union {
    vmr_heap_list list; /* what compiled code knows of it */
    struct {
      void *idle;                       /* objects to give, linked through their first word */
      uint32_t live;                    /* objects in use */
      bool is_quick;                    /* the short way of vmr_heap_free takes its objects */
      struct vmr_span *next, *previous; /* of the class, a ring, while it may have objects to give */
      struct vmr_span **first;          /* where its heap has the first one of the ring */
    };
  };
  uint32_t made, most;     /* objects that were ever idle or live; that it has room for */
  uint32_t bytes, inverse; /* of an object; 2^32 over that, rounded up */
  uint8_t class, count;    /* count: spans of a run; 0 inside of one */
  bool is_listed;
} vmr_span;

_Static_assert(sizeof(void *) < 8 || sizeof(vmr_span) == VMR_HEAP_LIST_BYTES, "a span's record is a line of the cache");
_Static_assert(offsetof(vmr_span, is_quick) == offsetof(vmr_heap_list, is_quick) &&
                   offsetof(vmr_span, first) == offsetof(vmr_heap_list, place),
               "as compiled code knows it");

typedef struct vmr_record {
  vmr_heap *heap;                     /* NULL: the chunk is free. The first member, for range.c */
  struct vmr_record *next, *previous; /* of the heap */
  uint32_t free_spans;                /* a bit each */
  uint8_t list;                       /* of vmr_heap.records */
  bool is_dirty;                      /* not known to be zero: of the first chunk taken, and of each free one */
  bool is_huge;                       /* huge pages were asked for */
  uint8_t tail;                       /* spans of the object in the chunk behind its last whole one */
  uint32_t first, count;              /* for chunks that are one object: which ones; count 0: spans */
  size_t object_bytes;                /* of that object, the tail included */
  char *cursor;                       /* where that object begins; in a heap that is never freed: the next free byte */
} vmr_record;

struct vmr_heap {
  /* The first span of each class's ring, which gives, or vmr_no_span: in `quick` if is_quick, else in `slow`. Compiled code knows
   * of the first member. */
  vmr_span *quick[VMR_CLASSES], *slow[VMR_CLASSES];
  const uint8_t *class_of_words; /* up to VMR_QUICK_BYTES */
  vmr_published_count allocated; /* objects so far, without those that compiled code took */
  vmr_handle handle;
  uint32_t flags;
  bool is_begun; /* released when what follows is known, with the first object */
  bool is_checked, is_guarded, is_profiled, is_poisoned, uses_malloc;
  bool is_plain;             /* nothing is to be done about single objects */
  bool is_quick;             /* is_plain, and of one thread: objects may take the short ways */
  bool is_full;              /* the range had no room for the last request */
  bool has_spare;            /* one of its chunks is all free, and stays so that nothing goes to and fro */
  _Atomic int status;        /* of vmr_status */
  pthread_mutex_t lock;      /* of a shared heap */
  vmr_record *records[2];    /* its chunks: those with free spans; all others */
  vmr_record *bumped;        /* of a heap that is never freed: the chunk in use */
  size_t reserved, expected; /* expected: bytes at a time; 0: not known */
  uint32_t few_objects,
      few_bytes; /* that malloc is still to give: VMR_HEAP_BEGINS_WITH_MALLOC; none when one of them is 0 */
  vmr_heap *next_heap, *previous_heap; /* of the process, for fork; of the idle ones */
};

/* Gives back empty spans and chunks. Returns the bytes of the chunks. */
size_t vmr_heap_trim(vmr_heap *heap);

#define VMR_HEAP_OF_BUMPS \
  0x80000000u /* the one that owns what bumps took of the range: where objects end is not known */
#define VMR_HEAP_IS(heap, flag) (((heap)->flags & (flag)) != 0)

/* What poisoned objects are filled with that begin, and that end. */
#define VMR_FRESH_BYTE 0xcb
#define VMR_DEAD_BYTE 0xdb

/* ---- heap_life.c ---- */

/* For fork: all heaps and malloc's objects. */
VMR_IF_LINKED void vmr_heaps_lock(void);
VMR_IF_LINKED void vmr_heaps_unlock(void);

/* Finds out, with the first object of all, where objects come from and who looks at them. */
void vmr_heap_begin(vmr_heap *heap);

/* Whether the lock was taken: not while the process has one thread. */
bool vmr_heap_lock(vmr_heap *heap);
void vmr_heap_unlock(vmr_heap *heap, bool is_locked);

/* ---- heap_small.c: objects of size classes, and runs of spans ---- */

#define VMR_SMALL_BYTES ((size_t)32 << 10) /* up to this an object is one of a class */

/* Has no objects to give. */
extern VMR_INTERNAL vmr_span vmr_no_span;

/* Classes of sizes in words of 8 bytes, for objects of alignment 16 and 8. */
extern VMR_INTERNAL const uint8_t vmr_heap_class_tables[2][VMR_QUICK_BYTES / 8 + 1];

/* The first idle object of a span that has one. */
static inline void *vmr_span_take(vmr_span *span) {
  void *object = span->idle;
  void *next = *(void **)object;
  VMR_PREFETCH(next); /* what the next one is linked to is at hand by then */
  span->idle = next;
  span->live++;
  return object;
}

void *vmr_heap_alloc_small(vmr_heap *heap, size_t bytes, size_t alignment);
void vmr_heap_free_small(vmr_heap *heap, vmr_record *record, vmr_span *span, void *object);

/* A span that nothing is live in any more, and that is not the only one of its class that has objects to give, goes back. */
void vmr_heap_retire_span(vmr_heap *heap, vmr_record *record, vmr_span *span);

void vmr_heap_link_record(vmr_heap *heap, vmr_record *record, uint8_t list);
void vmr_heap_unlink_record(vmr_heap *heap, vmr_record *record);

/* A chunk of spans, all of them free; NULL when there is none. */
vmr_record *vmr_heap_take_chunk(vmr_heap *heap);

/* A run of spans of such a chunk. */
vmr_span *vmr_heap_take_spans(vmr_heap *heap, unsigned count);
void vmr_heap_give_spans(vmr_heap *heap, vmr_record *record, vmr_span *span);

/* All objects of a chunk die. */
void vmr_heap_empty_chunk(vmr_heap *heap, vmr_record *record);

static inline uint32_t vmr_spans_mask(int first, unsigned count) {
  return (count < VMR_SPANS ? ((uint32_t)1 << count) - 1 : UINT32_MAX) << first;
}

/* ---- heap_large.c: what is larger than a class; chunks; objects that are never freed ---- */

/* `count` chunks in a row for the heap; NULL when there are none, or a limit refuses them. */
vmr_record *vmr_heap_take_chunks(vmr_heap *heap, size_t count);

/* A huge page for a fresh chunk of a heap that is large; whether it was asked for. */
bool vmr_heap_advise_huge(const vmr_heap *heap, char *chunk);

/* A chunk of spans that got full lately becomes a huge page if its small ones are nearly all in memory. */
void vmr_heap_collapse_full(vmr_heap *heap);

/* From that size on, a heap's spans come into memory whole: little beside what it has. */
#define VMR_POPULATE_FROM ((size_t)8 << 20)

/* Takes the chunks of a record out of the heap. */
void vmr_heap_give_chunks(vmr_heap *heap, vmr_record *record);

void *vmr_heap_alloc_run(vmr_heap *heap, size_t bytes);
/* `is_zero` is set when the object is known to be zero. */
void *vmr_heap_alloc_chunks(vmr_heap *heap, size_t bytes, size_t alignment, bool *is_zero);
void *vmr_heap_alloc_bumped(vmr_heap *heap, size_t bytes, size_t alignment);
size_t vmr_heap_bumped_size(const vmr_record *record, const void *object);
/* Bytes of a chunk of bumped objects that tell where they begin. */
#define VMR_BUMP_HEAD (VMR_CHUNK_BYTES / 16 / 8)

/* Another size for an object of more than a class, or of a heap that is never freed, where it is; false when it must move. */
bool vmr_heap_resize_here(vmr_heap *heap, void *object, size_t bytes);

/* Moves what of `bytes` are whole chunks of memory from one large object to another, without a copy; returns how many bytes
 * from the beginning it could. */
size_t vmr_heap_move_chunks(char *from, char *to, size_t bytes);

/* ---- range.c ---- */

/* The base is stored before the other two, and loaded behind them: a thread may free what is malloc's while another one
 * reserves the range. The first two are as compiled code knows them, vmr_heap_range. */
typedef struct vmr_range {
  uintptr_t base; /* 0: no range */
  size_t taken;   /* from the base to the end of what was ever taken */
  size_t bytes;
  vmr_record *records; /* of the chunks; behind the spans, with which the range begins */
} vmr_range;

extern VMR_INTERNAL vmr_range vmr_the_range;

/* Reserves the range, once; false when there is none. */
bool vmr_range_begin(void);

static inline bool vmr_range_has(const void *object) {
  size_t bytes = VMR_ACQUIRE(vmr_the_range.bytes);
  return (uintptr_t)object - VMR_PEEK(vmr_the_range.base) < bytes;
}

static inline vmr_record *vmr_range_record_at(uint32_t index) { return &vmr_the_range.records[index]; }

/* The record of the chunk that `object` lies in. */
static inline vmr_record *vmr_range_record(const void *object) {
  return vmr_range_record_at((uint32_t)(((uintptr_t)object - vmr_the_range.base) >> VMR_CHUNK_SHIFT));
}

static inline uint32_t vmr_range_index(const vmr_record *record) { return (uint32_t)(record - vmr_the_range.records); }

/* Whether the chunk that `object` lies in was ever taken; false for what does not lie in the range. */
static inline bool vmr_range_was_taken(const void *object) {
  size_t taken = VMR_ACQUIRE(vmr_the_range.taken);
  return (uintptr_t)object - VMR_PEEK(vmr_the_range.base) < taken;
}

static inline char *vmr_range_chunk(const vmr_record *record) {
  return (char *)vmr_the_range.base + ((size_t)vmr_range_index(record) << VMR_CHUNK_SHIFT);
}

/* `count` chunks in a row; their records are zero, but for is_dirty of the first one. NULL when there are none. */
vmr_record *vmr_range_take(size_t count);
void vmr_range_give(uint32_t first, size_t count);
/* Just these chunks; false when they are not all free. */
bool vmr_range_extend(uint32_t index, size_t count);
/* Returns the memory of free chunks to the system. */
void vmr_range_trim(void);

static inline vmr_span *vmr_range_spans(void) { return (vmr_span *)vmr_the_range.base; }

/* The span that an object of the range lies in; the first span of a chunk. */
static inline vmr_span *vmr_range_span(const void *object) {
  return vmr_range_spans() + (((uintptr_t)object - vmr_the_range.base) >> VMR_SPAN_SHIFT);
}
static inline vmr_span *vmr_range_spans_of(const vmr_record *record) {
  return vmr_range_spans() + (size_t)vmr_range_index(record) * VMR_SPANS;
}
static inline vmr_record *vmr_range_record_of_span(const vmr_span *span) {
  return vmr_range_record_at((uint32_t)((size_t)(span - vmr_range_spans()) / VMR_SPANS));
}
static inline char *vmr_range_span_begin(const vmr_span *span) {
  return (char *)vmr_the_range.base + ((size_t)(span - vmr_range_spans()) << VMR_SPAN_SHIFT);
}

/* For fork: nobody changes the range between the two. */
VMR_IF_LINKED void vmr_range_lock(void);
VMR_IF_LINKED void vmr_range_unlock(void);

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
