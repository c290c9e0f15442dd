/* collect.h: the collected heap from inside.
 *
 *   chunk   [marks][blocks' records ...][cards][block 2][block 3] ... [block 127]              2 MiB, at a multiple of it
 *   block   [cell][cell][cell] ...                               16 KiB, cells of one size and one type
 *           [ one object                    ]                    or, with blocks behind it, one object of up to 1 MiB
 *   large   [marks][record][cards ...][ one object ............... ]      larger ones have chunks of their own
 *
 * A mark is a bit for each 16 bytes of the chunk; only the first of an object is used. Objects have no heads: the record of
 * their block tells type and size. An object is old when its mark is set and no cycle is under way.
 *
 * A bucket hands out the cells of one size and type, those of one word of marks (1 KiB) at a time: what is free there is read off
 * the word as one number, of which each allocation takes the lowest bit. So it goes on through its block, then through the
 * next block of its list, which the last cycle made: there is no other sweep. While a cycle is under way marks do not tell what is
 * free, so that blocks without any object are used, and their cells marked as they are offered. */
#ifndef VMR_RUNTIME_COLLECT_H
#define VMR_RUNTIME_COLLECT_H

#include "runtime/context.h"
#include "vmemrt/collect.h"

#define VMR_GC_GRANULE ((size_t)1 << VMR_GC_GRANULE_SHIFT)
#define VMR_GC_BLOCK_SHIFT 14
#define VMR_GC_BLOCK_BYTES ((size_t)1 << VMR_GC_BLOCK_SHIFT)
#define VMR_GC_BLOCKS 128u
#define VMR_GC_FIRST_BLOCK 2u /* those before hold the chunk's head */
#define VMR_GC_BLOCK_GRANULES ((uint32_t)(VMR_GC_BLOCK_BYTES / VMR_GC_GRANULE))
#define VMR_GC_BLOCK_WORDS (VMR_GC_BLOCK_GRANULES / 64)
#define VMR_GC_LARGEST_CELL ((size_t)8 << 10) /* more: blocks of its own */
#define VMR_GC_LARGEST_RUN ((size_t)1 << 20)  /* more: chunks of its own */
#define VMR_GC_TAIL_CLASSES 36u
#define VMR_GC_STEP_RATIO 4 /* bytes marked for each byte that is allocated, while a cycle is under way */

typedef struct vmr_gc_type_body vmr_gc_type_body;
typedef struct vmr_gc_bucket vmr_gc_bucket;

/* Of a cycle; a young one begins with marking. In all but the last two cells are taken from blocks without any object. */
enum vmr_gc_phase {
  VMR_GC_IDLE,
  VMR_GC_CLEARING,  /* marks and cards are cleared chunk by chunk; what is allocated is not marked */
  VMR_GC_MARKING,   /* what is allocated is marked */
  VMR_GC_SETTLING,  /* chunks are counted and their blocks listed; those that were not yet serve no allocation */
  VMR_GC_RELEASING, /* chunks without objects are given back; all else is done */
};

enum vmr_gc_block_state { VMR_GC_BLOCK_FREE, VMR_GC_BLOCK_CELLS, VMR_GC_BLOCK_OBJECT, VMR_GC_BLOCK_REST };

typedef struct vmr_gc_block {
  vmr_gc_bucket *bucket; /* of cells */
  vmr_gc_type_body *type;
  struct vmr_gc_block *next; /* in the bucket's list */
  size_t cell_bytes;         /* of one object too */
  uint32_t granules;         /* of a cell */
  uint32_t end;              /* granules of all cells */
  uint32_t swept;            /* up to which cells were offered to the bucket */
  uint8_t state;
  bool is_zero;    /* never used: all bytes are zero */
  bool is_special; /* an object of it has, or had, a handle or a finaliser */
  uint8_t count;   /* blocks of one object; of those behind its first one, how far away that is */
} vmr_gc_block;

typedef struct vmr_gc_chunk {
  uint64_t marks[VMR_GC_CHUNK_BYTES / VMR_GC_GRANULE / 64];
  uint8_t is_leaf[VMR_GC_BLOCKS]; /* whether its objects hold no pointers */
  uint64_t free[VMR_GC_BLOCKS / 64];
  struct vmr_gc_chunk *next, *previous;
  size_t bytes; /* more than a chunk's: one object */
  void *memory; /* as obtained, when it is no pages */
  size_t memory_bytes;
  bool is_large;
  uint64_t settled;                   /* the last cycle that settled it, or whose settling it was made in */
  uint32_t first;                     /* the block that begins the object of a large one */
  vmr_gc_block blocks[VMR_GC_BLOCKS]; /* of a large one: `first` alone */
} vmr_gc_chunk;

_Static_assert(sizeof(vmr_gc_chunk) <= VMR_GC_CARDS_AT, "the cards have a place of their own");

#define VMR_GC_CARD_BYTES ((size_t)1 << VMR_GC_CARD_SHIFT)
#define VMR_GC_HEAD_BYTES (VMR_GC_FIRST_BLOCK * VMR_GC_BLOCK_BYTES)

_Static_assert(VMR_GC_CARDS_AT + VMR_GC_CHUNK_BYTES / VMR_GC_CARD_BYTES <= VMR_GC_HEAD_BYTES, "and fit");

struct vmr_gc_bucket {
  vmr_gc_type open; /* what vmr_gc_alloc sees; first */
  vmr_gc_type_body *type;
  uint64_t starts;     /* of the cells of a word of marks, when one begins at its first granule */
  vmr_gc_block *block; /* whose cells are offered */
  vmr_gc_block *todo;  /* the next ones */
  void *released;      /* cells given back by vmr_gc_release, linked through their first word */
  vmr_gc_bucket *next; /* of all buckets */
};

struct vmr_gc_type_body {
  vmr_gc_bucket fixed; /* first: it is what the user has */
  vmr_gc_layout layout;
  uint32_t number; /* in the order of creation, from 0 */
  bool is_leaf;
  uint64_t live_objects, live_bytes;
  uint64_t counted_objects, counted_bytes; /* while settling */
  vmr_gc_bucket *tails[VMR_GC_TAIL_CLASSES];
  vmr_gc_type_body *next;
};

typedef struct vmr_gc_entry { /* of the table of handles */
  void *object;               /* NULL: closed, or a weak one that lost its object */
  uint32_t generation;
  uint32_t next; /* of the closed ones, index + 1 */
  bool is_open, is_weak;
} vmr_gc_entry;

typedef struct vmr_gc_final {
  void *object;
  vmr_gc_finaliser function;
  void *user;
} vmr_gc_final;

typedef struct vmr_gc_published {
  vmr_published_count live_bytes, live_objects, cycles, young_cycles, freed_bytes, promoted_bytes, total_pause,
      longest_pause, pauses, over_100us, over_1ms, over_10ms;
} vmr_gc_published;

#define VMR_GC_RING 16 /* objects that are being fetched while others are scanned */

struct vmr_gc_tracer {
  void **base, **top, **limit; /* objects that are marked and not scanned */
  void *ring[VMR_GC_RING];
  uint32_t ring_head, ring_count;
  size_t scanned; /* bytes, of the step */
  bool is_overflown;
  void (*on_visit)(vmr_gc_tracer *tracer, void *object); /* set by those who look and do not mark */
  void *user;                                            /* for it */
  struct vmr_gc_body *heap;
  struct vmr_gc_team *team; /* of two tracers that mark at the same time; NULL: alone */
};

typedef struct vmr_gc_body {
  vmr_gc open; /* what the header sees; first */
  vmr_handle handle;
  vmr_gc_options options;
  bool is_checked, is_watched, is_finalising, is_collecting;
  bool is_corrupted; /* to be reported when the step is over */
  bool is_young_cycle;
  uint8_t phase; /* enum vmr_gc_phase; open.is_marking tells of VMR_GC_MARKING */
  vmr_status status;
  vmr_gc_type_body *types, **last_type;
  uint32_t type_count;
  vmr_gc_bucket *buckets;
  vmr_gc_chunk *chunks;    /* newest first */
  vmr_gc_chunk *free_hint; /* where the last free block was found */
  vmr_gc_chunk *walk;      /* the next one that is cleared, whose cards are looked at, that is settled or given back */
  size_t card_at;          /* of its cards, the next one */
  vmr_gc_tracer tracer;
  vmr_profile *profile; /* of vmr_gc_note */
  vmr_gc_root *roots;
  vmr_gc_root_function root_function;
  void *root_user;
  vmr_gc_entry *entries;
  uint32_t entry_count, entry_capacity, closed;
  vmr_gc_final *finals, *due; /* those registered; and the ring of those due, behind them in the same memory */
  size_t final_count, due_first, due_count, final_capacity; /* of each */
  void *finalised;                                          /* the object whose finaliser runs */
  size_t allocated;                                         /* bytes offered since the last cycle */
  size_t unpaid;                                            /* bytes offered since the last step */
  size_t trigger;                                           /* allocated bytes at which the next one begins */
  uint64_t full_trigger;                                    /* live bytes at which it is a full one */
  uint64_t made_objects;                                    /* since the last marking */
  uint64_t made_bytes;                                      /* exactly, likewise */
  uint64_t marked_made_objects, marked_made_bytes;          /* while settling: what was made before it */
  uint64_t live_bytes, live_objects;                        /* at the last one */
  size_t reserved;
  vmr_gc_figures figures;
  uint64_t over_100us, over_1ms, over_10ms; /* pauses, for metrics */
  vmr_gc_published published;               /* of the figures, for metrics; at the last cycle's end */
  vmr_gc_cycle cycle;                       /* the one under way */
  vmr_gc_cycle history[VMR_GC_HISTORY];
} vmr_gc_body;

static inline vmr_gc_body *vmr_gc_body_of(const vmr_gc *gc) { return (vmr_gc_body *)(uintptr_t)gc; }

static inline vmr_gc_chunk *vmr_gc_chunk_of(const void *object) {
  return (vmr_gc_chunk *)((uintptr_t)object & ~(uintptr_t)(VMR_GC_CHUNK_BYTES - 1));
}
static inline size_t vmr_gc_chunk_offset(const void *object) { return (uintptr_t)object & (VMR_GC_CHUNK_BYTES - 1); }
static inline uint8_t *vmr_gc_cards(const vmr_gc_chunk *chunk) { return (uint8_t *)(uintptr_t)chunk + VMR_GC_CARDS_AT; }
static inline size_t vmr_gc_card_count(const vmr_gc_chunk *chunk) { return chunk->bytes >> VMR_GC_CARD_SHIFT; }

static inline uint32_t vmr_gc_block_index(const void *object) {
  return (uint32_t)(vmr_gc_chunk_offset(object) >> VMR_GC_BLOCK_SHIFT);
}
static inline vmr_gc_block *vmr_gc_block_of_object(const void *object) {
  return &vmr_gc_chunk_of(object)->blocks[vmr_gc_block_index(object)];
}
static inline char *vmr_gc_block_base(const vmr_gc_block *block) {
  vmr_gc_chunk *chunk = vmr_gc_chunk_of(block);
  return (char *)chunk + ((size_t)(block - chunk->blocks) << VMR_GC_BLOCK_SHIFT);
}
static inline uint64_t *vmr_gc_block_marks(const vmr_gc_block *block) {
  vmr_gc_chunk *chunk = vmr_gc_chunk_of(block);
  return chunk->marks + (size_t)(block - chunk->blocks) * VMR_GC_BLOCK_WORDS;
}

static inline bool vmr_gc_is_marked(const void *object) {
  size_t granule = vmr_gc_chunk_offset(object) >> VMR_GC_GRANULE_SHIFT;
  return (vmr_gc_chunk_of(object)->marks[granule / 64] >> granule % 64 & 1) != 0;
}
static inline void vmr_gc_set_mark(const void *object) {
  size_t granule = vmr_gc_chunk_offset(object) >> VMR_GC_GRANULE_SHIFT;
  vmr_gc_chunk_of(object)->marks[granule / 64] |= UINT64_C(1) << granule % 64;
}
static inline void vmr_gc_clear_mark(const void *object) {
  size_t granule = vmr_gc_chunk_offset(object) >> VMR_GC_GRANULE_SHIFT;
  vmr_gc_chunk_of(object)->marks[granule / 64] &= ~(UINT64_C(1) << granule % 64);
}

static inline bool vmr_gc_is_unsettled(const vmr_gc_body *heap, const vmr_gc_chunk *chunk) {
  return VMR_UNLIKELY(heap->phase == VMR_GC_SETTLING) && chunk->settled != heap->cycle.number;
}

void *vmr_gc_fail(vmr_gc_body *heap, vmr_status status);

/* ---- collect_blocks.c ---- */

/* A free block, NULL when there is none. */
vmr_gc_block *vmr_gc_take_block(vmr_gc_body *heap);
/* `count` neighbouring ones, as one object. */
vmr_gc_block *vmr_gc_take_blocks(vmr_gc_body *heap, uint32_t count);
/* A chunk more; false when memory or the limit is out. */
bool vmr_gc_add_chunk(vmr_gc_body *heap);
vmr_gc_chunk *vmr_gc_add_large(vmr_gc_body *heap, size_t bytes);
void vmr_gc_free_blocks(vmr_gc_block *block);
void vmr_gc_remove_chunk(vmr_gc_body *heap, vmr_gc_chunk *chunk);
bool vmr_gc_is_chunk_empty(const vmr_gc_chunk *chunk);
/* Gives all chunks without objects back. */
size_t vmr_gc_release_chunks(vmr_gc_body *heap);

/* ---- collect_alloc.c ---- */

/* A bucket for cells of so many bytes, of which all else is zero, begins its life. */
void vmr_gc_open_bucket(vmr_gc_body *heap, vmr_gc_bucket *bucket, vmr_gc_type_body *type, size_t cell_bytes);
/* How many cells a bucket offers. */
uint32_t vmr_gc_count_offered(const vmr_gc_bucket *bucket);
/* Takes back what buckets offer: those cells are free, and not counted as made. */
void vmr_gc_end_offers(vmr_gc_body *heap);
/* The first marked granule of a block from `from` on; block->end when there is none. */
uint32_t vmr_gc_next_marked(const vmr_gc_block *block, uint32_t from);

/* ---- collect_mark.c ---- */

void vmr_gc_mark_roots(vmr_gc_body *heap);
/* Scans until about `budget` bytes were scanned, or nothing is left: then true. */
bool vmr_gc_drain(vmr_gc_body *heap, size_t budget);
/* Scans the old objects of the dirty cards of heap->walk from heap->card_at on, which are clean then, until about `budget` bytes were scanned
 * or a chunk is at its end. */
void vmr_gc_scan_cards(vmr_gc_body *heap, size_t budget);
/* Calls tracer->on_visit with each pointer of an object, or with each that the program holds, strong handles and objects with
 * a due finaliser included. */
void vmr_gc_look_at(vmr_gc_tracer *tracer, void *object);
void vmr_gc_look_at_roots(vmr_gc_tracer *tracer);
bool vmr_gc_reserve_stack(vmr_gc_tracer *tracer);
/* Scans what is on the stack until about `budget` bytes were scanned; true when it is empty. */
bool vmr_gc_empty_stack(vmr_gc_tracer *tracer, size_t budget);

/* ---- collect_parallel.c ---- */

/* Marks with a second thread all that the stack leads to, or a part of it when memory or a thread is not to be had. */
void vmr_gc_drain_by_two(vmr_gc_body *heap);
/* vmr_gc_reserve_stack of a tracer that has a team: the context is used by one of them at a time. */
bool vmr_gc_grow_of_team(vmr_gc_tracer *tracer);

/* ---- collect_cycle.c ---- */

/* Before `bytes` are allocated: begins a cycle, or does a step of one. */
void vmr_gc_advance(vmr_gc_body *heap, size_t bytes);
/* A whole cycle at once. */
void vmr_gc_run_cycle(vmr_gc_body *heap, bool is_young);
void vmr_gc_finish_cycle(vmr_gc_body *heap);
/* Settles a chunk more, for an allocation that finds nothing in the others; false when there are none. */
bool vmr_gc_settle_more(vmr_gc_body *heap);

/* ---- collect_handles.c ---- */

void vmr_gc_visit_handles(vmr_gc_tracer *tracer);
/* When nothing is left to mark: weak handles lose what is not marked; finalisers of what is not marked become due, and it is
 * marked. False when that leads to more, which is then to be marked, and this to be done again: by then there may be others. */
bool vmr_gc_settle_handles(vmr_gc_body *heap);
/* After marking: the profile forgets what is not marked. */
void vmr_gc_settle_profile(vmr_gc_body *heap);
bool vmr_gc_is_held(const vmr_gc_body *heap, const void *object);
void vmr_gc_run_all_finalisers(vmr_gc_body *heap);

#endif
