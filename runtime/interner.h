/* interner.h: the interner from inside: what interner.c, its table and its texts share.
 *
 *   table   [12 tags, 4 control bytes | 12 places] [ ... ] ...    buckets of 64 bytes, one cache line each
 *   texts   ... | symbol (4) | length (1 or 5) | the bytes | NUL | ...    in chunks that never move; begin at even bytes
 *   places  symbol - 1 -> where its text stands, in segments of 1024
 *
 * Whatever a reader follows is written before it is published, by a release store of a tag, of the count or of the pointer
 * to a larger array, and never changes afterwards. Arrays that were outgrown are retired: a shared interner keeps them,
 * for a reader may still be in them; together they are no larger than what replaced them. */
#ifndef VMR_RUNTIME_INTERNER_H
#define VMR_RUNTIME_INTERNER_H

#include <stdatomic.h>

#include "runtime/context.h"
#include "vmemrt/intern.h"

#define VMR_BUCKET_SLOTS 12u
#define VMR_BUCKET_WORDS (16 / sizeof(size_t))
#define VMR_PRELOADED ((uint32_t)1 << 31) /* in a place: the rest is an index of the list of words */
#define VMR_SEGMENT_PLACES 1024u
#define VMR_SYMBOL_BYTES sizeof(vmr_symbol)
#define VMR_LONG_LENGTH 255u /* in the byte of the length: it is in the four bytes behind */

typedef struct vmr_bucket {
  _Atomic size_t tags[VMR_BUCKET_WORDS]; /* 12 bytes: 0 for a free slot, else bits of the hash; byte 12: see below */
  _Atomic uint32_t places[VMR_BUCKET_SLOTS]; /* of the texts */
} vmr_bucket;

/* What heads an array that may be retired. */
typedef struct vmr_outgrown {
  struct vmr_outgrown *next;
  size_t bytes; /* as obtained */
} vmr_outgrown;

typedef struct vmr_bucket_table {
  vmr_outgrown head;
  uint32_t bucket_count;
  uint32_t room; /* texts that it may hold */
  vmr_bucket *buckets;
} vmr_bucket_table;

typedef struct vmr_text_chunk {
  char *base; /* NULL: the one before reaches as far as here */
  size_t bytes;
} vmr_text_chunk;

typedef struct vmr_chunk_list {
  vmr_outgrown head;
  size_t capacity;
  vmr_text_chunk chunks[];
} vmr_chunk_list;

typedef struct vmr_segment_list {
  vmr_outgrown head;
  size_t capacity;
  uint32_t *segments[];
} vmr_segment_list;

/* Counts of one thread, or of several: see interner.c. */
typedef struct vmr_hit_stripe {
  _Atomic uint64_t hits, bytes;
  char padding[48];
} vmr_hit_stripe;

struct vmr_interner {
  _Atomic(vmr_bucket_table *) table;
  _Atomic(vmr_chunk_list *) chunks;
  _Atomic(vmr_segment_list *) places;
  _Atomic uint32_t count; /* symbols */
  uint32_t word_count;
  const vmr_view *words;
  vmr_published_count hits, hit_bytes; /* of an interner for one thread */
  vmr_hit_stripe *stripes;             /* of a shared one; NULL: not shared */

  size_t chunk_count; /* used entries of `chunks` */
  size_t current;     /* the chunk that is being filled */
  size_t cursor, end; /* bytes into it */
  size_t next_chunk_bytes;
  vmr_published_count stored_bytes;
  size_t reserved, retired_bytes, most_bytes;
  uint32_t most_symbols;
  vmr_published_count refused, limits_hit;
  vmr_outgrown *retired;
  vmr_status status;
  pthread_mutex_t lock; /* of a shared one: over everything but `stripes` */
  vmr_handle handle;
};

/* Memory of the interner, with its own limit; NULL and a status when there is none. */
void *vmr_interner_obtain(vmr_interner *interner, size_t bytes);
void vmr_interner_release(vmr_interner *interner, void *memory, size_t bytes);
/* What was replaced: kept for readers, or given back. NULL is accepted. */
void vmr_interner_retire(vmr_interner *interner, vmr_outgrown *array);
void vmr_interner_fail(vmr_interner *interner, vmr_status status);
/* The same for what the interner itself refuses: it is counted. */
void vmr_interner_refuse(vmr_interner *interner, vmr_status status, bool is_limit);

/* ---- texts ---- */

/* Stores a text that is to be the next symbol. False, and nothing has changed, when memory is out. */
bool vmr_interner_store(vmr_interner *interner, const char *text, size_t length, uint32_t *place);

/* Where the text of a symbol that exists stands. */
uint32_t vmr_interner_place(const vmr_interner *interner, vmr_symbol symbol);

/* The text at `place`. */
vmr_view vmr_interner_read(const vmr_interner *interner, uint32_t place, vmr_symbol *symbol);

void vmr_interner_free_texts(vmr_interner *interner);

/* The bytes at a place that is not that of a preloaded word: a record, which begins with its symbol. */
static inline const char *vmr_interner_record(const vmr_interner *interner, uint32_t place) {
  const vmr_chunk_list *list = atomic_load_explicit(&interner->chunks, memory_order_acquire);
  return list->chunks[place >> 15].base + (size_t)(place & 0x7fff) * 2;
}

/* ---- the table ---- */

/* The symbol of `text`, of any length, or 0; interner_find.h has the same for short ones in line. */
vmr_symbol vmr_table_find(const vmr_interner *interner, uint64_t hash, const char *text, size_t length);

/* Room for one more text, by a larger table if need be. */
bool vmr_table_reserve(vmr_interner *interner);

/* Enters a text that is not there; there is room. */
void vmr_table_insert(vmr_bucket_table *table, uint64_t hash, uint32_t place);

/* A table with room for `texts`; NULL when memory is out. */
vmr_bucket_table *vmr_table_create(vmr_interner *interner, uint64_t texts);

/* The number of entries. */
uint64_t vmr_table_count_entries(const vmr_bucket_table *table);

#endif
