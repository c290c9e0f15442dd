/* collect_alloc.c: cells that are offered to vmr_gc_alloc, objects of several blocks, cells given back by hand.
 *
 *   a word of marks    1 0 0 0 1 0 1 0 0 0 0 0 ...      cells of two granules
 *   where cells begin  1 0 1 0 1 0 1 0 1 0 1 0 ...
 *   offered            0 0 1 0 0 0 0 0 1 0 1 0 ...      a cell for each bit, lowest first
 *
 * 1 KiB of a block is offered at a time, and what is free there zeroed together, unless the block was never used: in time that does
 * not depend on how free and live cells alternate, for a heap full of holes lets no processor guess that. The ordinary case
 * (is_plain) stands alone. In a checked heap one cell is offered at a time, so that each object is seen by faults and by tools
 * that watch. */
#include <string.h>

#include "runtime/collect.h"
#include "runtime/os.h"

static const uint16_t TAIL_BYTES[VMR_GC_TAIL_CLASSES] = {
    16,  32,   48,   64,   80,   96,   112,  128,  160,  192,  224,  256,  320, 384, 448, 512, 640, 768,
    896, 1024, 1280, 1536, 1792, 2048, 2320, 2720, 3264, 4096, 5456, 8192, 0,   0,   0,   0,   0,   0};

#define WORD_BYTES (64 * VMR_GC_GRANULE) /* that a word of marks stands for */

/* Where cells of one and of two granules begin. */
static const uint64_t STARTS[] = {0, UINT64_MAX, UINT64_C(0x5555555555555555)};

static size_t round_up(size_t bytes, size_t unit) { return (bytes + unit - 1) & ~(unit - 1); }

uint32_t vmr_gc_next_marked(const vmr_gc_block *block, uint32_t from) {
  const uint64_t *marks = vmr_gc_block_marks(block);
  for (uint32_t word = from / 64; word < VMR_GC_BLOCK_WORDS; word++) {
    uint64_t bits = marks[word];
    if (word == from / 64) bits &= UINT64_MAX << from % 64;
    if (bits == 0) continue;
    uint32_t at = word * 64 + (uint32_t)__builtin_ctzll(bits);
    return at < block->end ? at : block->end;
  }
  return block->end;
}

/* ---- what is offered ---- */

/* The bits that are set; without an instruction for it (Warren, Hacker's Delight, 5-1). */
static inline uint32_t count_bits(uint64_t bits) {
  bits -= bits >> 1 & UINT64_C(0x5555555555555555);
  bits = (bits & UINT64_C(0x3333333333333333)) + (bits >> 2 & UINT64_C(0x3333333333333333));
  bits = (bits + (bits >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
  return (uint32_t)(bits * UINT64_C(0x0101010101010101) >> 56);
}

/* A granule, as most processors have it in one register. */
typedef uint64_t cell_granule __attribute__((vector_size(16), may_alias));

/* Zeroes the cells that are free, of `step` granules each: all are written, those that live with what they hold, for
 * what is free is not to be guessed. */
static inline void zero_by_masks(cell_granule *granules, uint64_t free, uint32_t step) {
  uint64_t kept = ~free;
  for (uint32_t i = 0; i < 64; i += step, kept >>= step) {
    uint64_t mask = -(kept & 1);
    for (uint32_t k = 0; k < step; k++) granules[i + k] &= (cell_granule){mask, mask};
  }
}

/* Few of many cells, or large ones: one by one. */
static void zero_one_by_one(char *base, uint64_t free, size_t bytes) {
  for (; free != 0; free &= free - 1) {
    char *cell = base + ((size_t)__builtin_ctzll(free) << VMR_GC_GRANULE_SHIFT);
    if (bytes > 256) {
      memset(cell, 0, bytes);
    } else {
      for (char *at = cell; at < cell + bytes; at += VMR_GC_GRANULE) memset(at, 0, VMR_GC_GRANULE);
    }
  }
}

static inline void zero_cells(char *base, uint64_t free, uint32_t count, uint32_t step) {
  if (step <= 2 && free == STARTS[step]) {
    memset(base, 0, WORD_BYTES);
  } else if (step == 1 && count >= 16) {
    zero_by_masks((cell_granule *)(void *)base, free, 1);
  } else if (step == 2 && count >= 8) {
    zero_by_masks((cell_granule *)(void *)base, free, 2);
  } else {
    zero_one_by_one(base, free, step * VMR_GC_GRANULE);
  }
}

static void unpoison_cells(const char *base, uint64_t free, size_t bytes) {
  for (; free != 0; free &= free - 1)
    vmr_os_unpoison(base + ((size_t)__builtin_ctzll(free) << VMR_GC_GRANULE_SHIFT), bytes);
}

/* Offers the cells of `free`, at least one. */
static inline void offer(vmr_gc_body *heap, vmr_gc_bucket *bucket, char *base, uint64_t free, bool is_zero) {
  size_t size = bucket->open.cell_bytes;
  uint32_t count = count_bits(free);
  if (VMR_UNLIKELY(heap->is_watched)) {
    unpoison_cells(base, free, size);
    zero_one_by_one(base, free, size);
  } else if (!is_zero) {
    zero_cells(base, free, count, (uint32_t)(size >> VMR_GC_GRANULE_SHIFT));
  }
  bucket->open.base = base;
  bucket->open.free = free;
  heap->allocated += count * size;
  heap->unpaid += count * size;
  heap->made_bytes += count * size;
  heap->made_objects += count;
}

/* Where cells of a block begin, of the granules of one word of its marks. */
static inline uint64_t starts_of(const vmr_gc_block *block, uint32_t word) {
  uint32_t step = block->granules;
  uint64_t starts = block->bucket->starts;
  if ((step & (step - 1)) == 0 && step <= 64) return starts;
  uint32_t behind = word * 64 % step, first = behind != 0 ? step - behind : 0;
  starts = first < 64 ? starts << first : 0;
  return word == block->end / 64 ? starts & ((UINT64_C(1) << block->end % 64) - 1) : starts;
}

/* Offers the next free cells of a block; false when there are none. */
static inline bool find_cells(vmr_gc_body *heap, vmr_gc_bucket *bucket, vmr_gc_block *block) {
  uint64_t *marks = vmr_gc_block_marks(block), free = 0;
  uint32_t word = block->swept / 64, end = (block->end + 63) / 64;
  if (block->swept >= block->end) return false;
  for (; word < end; word++) {
    free = starts_of(block, word) & ~marks[word];
    if (word == block->swept / 64) free &= UINT64_MAX << block->swept % 64;
    if (free != 0) break;
  }
  block->swept = word + 1 < end ? (word + 1) * 64 : block->end;
  if (free == 0) return false;
  if (VMR_UNLIKELY(heap->is_checked)) {
    free &= ~(free - 1);
    block->swept = word * 64 + (uint32_t)__builtin_ctzll(free) + 1;
  }
  if (VMR_UNLIKELY(heap->open.is_marking)) marks[word] |= free;
  char *base = vmr_gc_block_base(block) + word * WORD_BYTES;
  for (size_t at = 0; at < WORD_BYTES && word + 1 < end; at += 64) __builtin_prefetch(base + WORD_BYTES + at, 1);
  offer(heap, bucket, base, free, block->is_zero);
  return true;
}

uint32_t vmr_gc_count_offered(const vmr_gc_bucket *bucket) { return count_bits(bucket->open.free); }

static void open_block(vmr_gc_bucket *bucket, vmr_gc_block *block) {
  bool is_zero = block->is_zero;
  uint32_t granules = (uint32_t)(bucket->open.cell_bytes >> VMR_GC_GRANULE_SHIFT);
  *block = (vmr_gc_block){.bucket = bucket,
                          .type = bucket->type,
                          .cell_bytes = bucket->open.cell_bytes,
                          .granules = granules,
                          .end = VMR_GC_BLOCK_GRANULES / granules * granules,
                          .state = VMR_GC_BLOCK_CELLS,
                          .is_zero = is_zero};
  vmr_gc_chunk *chunk = vmr_gc_chunk_of(block);
  chunk->is_leaf[block - chunk->blocks] = bucket->type->is_leaf;
}

/* A free block. While a cycle is under way its cells are marked when they are offered: they are not looked at in this cycle. */
static bool take_block(vmr_gc_body *heap, vmr_gc_bucket *bucket) {
  vmr_gc_block *block = vmr_gc_take_block(heap);
  if (block == NULL) return false;
  open_block(bucket, block);
  bucket->block = block;
  return find_cells(heap, bucket, block);
}

static bool reuse_released(vmr_gc_body *heap, vmr_gc_bucket *bucket) {
  char *cell = bucket->released;
  if (cell == NULL) return false;
  memcpy(&bucket->released, cell, sizeof bucket->released);
  size_t granule = vmr_gc_chunk_offset(cell) >> VMR_GC_GRANULE_SHIFT;
  offer(heap, bucket, cell - granule % 64 * VMR_GC_GRANULE, UINT64_C(1) << granule % 64, false);
  return true;
}

static bool find_any_cells(vmr_gc_body *heap, vmr_gc_bucket *bucket) {
  if (bucket->open.free != 0) return true; /* left by a callback that ran just now */
  if (reuse_released(heap, bucket)) return true;
  for (;;) {
    if (bucket->block != NULL && find_cells(heap, bucket, bucket->block)) return true;
    bucket->block = bucket->todo;
    if (bucket->todo == NULL) return take_block(heap, bucket);
    bucket->todo = bucket->todo->next;
  }
}

static bool supply_cells(vmr_gc_body *heap, vmr_gc_bucket *bucket) {
  if (find_any_cells(heap, bucket)) return true;
  for (int i = 0; i < 4 && vmr_gc_settle_more(heap); i++) /* more would be a long pause */
    if (find_any_cells(heap, bucket)) return true;
  if (vmr_gc_add_chunk(heap)) return find_any_cells(heap, bucket);
  while (vmr_gc_settle_more(heap))
    if (find_any_cells(heap, bucket)) return true;
  if (heap->is_collecting) return false;
  vmr_gc_run_cycle(heap, false); /* memory is out */
  return find_any_cells(heap, bucket) || (vmr_gc_add_chunk(heap) && find_any_cells(heap, bucket));
}

static inline void *take_cell(vmr_gc_bucket *bucket) {
  uint64_t free = bucket->open.free;
  bucket->open.free = free & (free - 1);
  return bucket->open.base + ((size_t)__builtin_ctzll(free) << VMR_GC_GRANULE_SHIFT);
}

static void *fail_alloc(vmr_gc_body *heap) { return vmr_gc_fail(heap, VMR_OUT_OF_MEMORY); }

/* Whether the next cells of the bucket's block are all that is needed: nothing is checked or due. While a cycle is under way a
 * step of it is due when as much was allocated as a step is worth. */
static inline bool is_plain(const vmr_gc_body *heap, const vmr_gc_bucket *bucket) {
  return !heap->is_checked && heap->due_count == 0 && bucket->released == NULL && bucket->block != NULL &&
         (heap->phase != VMR_GC_IDLE ? heap->unpaid < heap->options.step_bytes / VMR_GC_STEP_RATIO
                                     : heap->allocated + bucket->open.cell_bytes <= heap->trigger);
}

static void *alloc_in(vmr_gc_body *heap, vmr_gc_bucket *bucket) {
  if (VMR_LIKELY(is_plain(heap, bucket)) && find_cells(heap, bucket, bucket->block)) return take_cell(bucket);
  if (heap->is_checked && !vmr_ctx_admit(heap->handle.ctx, VMR_KIND_GC, bucket->open.cell_bytes))
    return fail_alloc(heap);
  vmr_gc_advance(heap, bucket->open.cell_bytes);
  /* a finaliser that ran just now may have left some */
  if (bucket->open.free == 0 && !supply_cells(heap, bucket)) return fail_alloc(heap);
  return take_cell(bucket);
}

static void *alloc_blocks(vmr_gc_body *heap, vmr_gc_type_body *type, size_t bytes);

void *vmr_gc_alloc_slow(vmr_gc *gc, vmr_gc_type *type) {
  vmr_gc_bucket *bucket = (vmr_gc_bucket *)(void *)type;
  if (gc == NULL || type == NULL) return NULL;
  if (bucket->open.cell_bytes > VMR_GC_LARGEST_CELL)
    return alloc_blocks(vmr_gc_body_of(gc), bucket->type, bucket->open.cell_bytes);
  return alloc_in(vmr_gc_body_of(gc), bucket);
}

static void end_offer(vmr_gc_body *heap, vmr_gc_bucket *bucket) {
  uint64_t free = bucket->open.free;
  uint32_t count = count_bits(free);
  if (free == 0) return;
  vmr_gc_chunk_of(bucket->open.base)->marks[vmr_gc_chunk_offset(bucket->open.base) / WORD_BYTES] &= ~free;
  heap->made_bytes -= count * bucket->open.cell_bytes;
  heap->made_objects -= count;
  for (; free != 0 && heap->is_watched; free &= free - 1)
    vmr_os_poison(bucket->open.base + ((size_t)__builtin_ctzll(free) << VMR_GC_GRANULE_SHIFT), bucket->open.cell_bytes);
}

void vmr_gc_end_offers(vmr_gc_body *heap) {
  for (vmr_gc_bucket *each = heap->buckets; each != NULL; each = each->next) {
    end_offer(heap, each);
    each->open.free = 0;
    each->block = each->todo = NULL;
    each->released = NULL;
  }
}

/* ---- objects of several blocks ---- */

static vmr_gc_block *open_object(vmr_gc_block *block, vmr_gc_type_body *type, size_t bytes, uint32_t count) {
  vmr_gc_chunk *chunk = vmr_gc_chunk_of(block);
  *block = (vmr_gc_block){.type = type,
                          .cell_bytes = bytes,
                          .granules = 1,
                          .end = 1,
                          .swept = 1,
                          .state = VMR_GC_BLOCK_OBJECT,
                          .count = (uint8_t)count};
  chunk->is_leaf[block - chunk->blocks] = type->is_leaf;
  for (uint32_t i = 1; i < count; i++) block[i] = (vmr_gc_block){.state = VMR_GC_BLOCK_REST, .count = (uint8_t)i};
  return block;
}

static vmr_gc_block *find_blocks(vmr_gc_body *heap, vmr_gc_type_body *type, size_t bytes) {
  uint32_t count = (uint32_t)((bytes + VMR_GC_BLOCK_BYTES - 1) >> VMR_GC_BLOCK_SHIFT);
  if (bytes > VMR_GC_LARGEST_RUN) {
    vmr_gc_chunk *chunk = vmr_gc_add_large(heap, bytes);
    return chunk != NULL ? open_object(&chunk->blocks[chunk->first], type, bytes, 1) : NULL;
  }
  vmr_gc_block *block = vmr_gc_take_blocks(heap, count);
  if (block == NULL && vmr_gc_add_chunk(heap)) block = vmr_gc_take_blocks(heap, count);
  if (block == NULL) return NULL;
  bool is_zero = true;
  for (uint32_t i = 0; i < count; i++) is_zero = is_zero && block[i].is_zero;
  if (heap->is_watched) vmr_os_unpoison(vmr_gc_block_base(block), count * VMR_GC_BLOCK_BYTES);
  if (!is_zero || heap->is_watched) memset(vmr_gc_block_base(block), 0, count * VMR_GC_BLOCK_BYTES);
  return open_object(block, type, bytes, count);
}

static void *alloc_blocks(vmr_gc_body *heap, vmr_gc_type_body *type, size_t bytes) {
  bytes = round_up(bytes, VMR_GC_GRANULE);
  if (heap->is_checked && !vmr_ctx_admit(heap->handle.ctx, VMR_KIND_GC, bytes)) return fail_alloc(heap);
  vmr_gc_advance(heap, bytes);
  vmr_gc_block *block = find_blocks(heap, type, bytes);
  if (block == NULL && !heap->is_collecting) {
    vmr_gc_run_cycle(heap, false);
    vmr_gc_release_chunks(heap); /* a large object may need their room */
    block = find_blocks(heap, type, bytes);
  }
  if (block == NULL) return fail_alloc(heap);
  char *object = vmr_gc_block_base(block);
  if (bytes > VMR_GC_LARGEST_RUN && heap->is_watched) {
    vmr_os_unpoison(object, bytes);
    memset(object, 0, bytes);
  }
  if (heap->open.is_marking) vmr_gc_set_mark(object);
  heap->allocated += bytes;
  heap->made_bytes += bytes;
  heap->made_objects++;
  return object;
}

/* ---- tails ---- */

static uint32_t class_of(size_t bytes) {
  if (bytes <= 128) return (uint32_t)((bytes + 15) / 16 - (bytes != 0));
  uint32_t class = 8;
  while (TAIL_BYTES[class] < bytes) class ++;
  return class;
}

void vmr_gc_open_bucket(vmr_gc_body *heap, vmr_gc_bucket *bucket, vmr_gc_type_body *type, size_t cell_bytes) {
  bucket->type = type;
  bucket->open.cell_bytes = cell_bytes;
  for (size_t at = 0; at < 64; at += cell_bytes >> VMR_GC_GRANULE_SHIFT) bucket->starts |= UINT64_C(1) << at;
  bucket->next = heap->buckets;
  heap->buckets = bucket;
}

static vmr_gc_bucket *tail_bucket(vmr_gc_body *heap, vmr_gc_type_body *type, uint32_t class) {
  if (type->tails[class] != NULL) return type->tails[class];
  vmr_gc_bucket *bucket = vmr_ctx_obtain_zeroed(heap->handle.ctx, VMR_KIND_GC, sizeof *bucket);
  if (type->tails[class] != NULL) { /* a callback has made it */
    vmr_ctx_release(heap->handle.ctx, VMR_KIND_GC, bucket, sizeof *bucket);
    return type->tails[class];
  }
  if (bucket == NULL) return NULL;
  vmr_gc_open_bucket(heap, bucket, type, TAIL_BYTES[class]);
  return type->tails[class] = bucket;
}

void *vmr_gc_alloc_tail(vmr_gc *gc, vmr_gc_type *type, size_t count) {
  vmr_gc_body *heap = vmr_gc_body_of(gc);
  if (gc == NULL || type == NULL) return NULL;
  vmr_gc_type_body *whole = ((vmr_gc_bucket *)(void *)type)->type;
  size_t element = whole->layout.element_bytes;
  if (element == 0 ? count != 0 : count > (SIZE_MAX / 2 - whole->layout.bytes) / element)
    return vmr_gc_fail(heap, VMR_SIZE_OVERFLOW);
  size_t bytes = whole->layout.bytes + count * element;
  if (bytes > VMR_GC_LARGEST_CELL) return alloc_blocks(heap, whole, bytes);
  vmr_gc_bucket *bucket = tail_bucket(heap, whole, class_of(bytes));
  if (bucket == NULL) return fail_alloc(heap);
  return bucket->open.free == 0 ? alloc_in(heap, bucket) : take_cell(bucket);
}

size_t vmr_gc_object_bytes(const void *object) { return vmr_gc_block_of_object(object)->cell_bytes; }

const char *vmr_gc_type_name(const void *object) { return vmr_gc_block_of_object(object)->type->layout.name; }

/* ---- objects that are known to be dead ---- */

vmr_status vmr_gc_release(vmr_gc *gc, void *object) {
  vmr_gc_body *heap = vmr_gc_body_of(gc);
  if (object == NULL) return VMR_OK;
  if (gc == NULL) return VMR_INVALID_ARGUMENT;
  vmr_gc_block *block = vmr_gc_block_of_object(object);
  if (block->is_special && vmr_gc_is_held(heap, object)) {
    vmr_gc_fail(heap, VMR_STILL_IN_USE);
    return VMR_STILL_IN_USE;
  }
  if (object == heap->finalised) heap->finalised = NULL;
  vmr_profile_forget(heap->profile, object);
  if (gc->is_marking) { /* this cycle, or the next one, finds it; it may still be scanned, and leads to nothing then */
    if (!block->type->is_leaf) memset(object, 0, block->cell_bytes);
    return VMR_OK;
  }
  bool is_counted = !vmr_gc_is_unsettled(heap, vmr_gc_chunk_of(object)); /* else the cycle finds it dead */
  vmr_gc_clear_mark(object);
  heap->figures.freed_bytes += is_counted ? block->cell_bytes : 0;
  heap->figures.freed_objects += is_counted;
  heap->made_bytes -=
      is_counted ? block->cell_bytes : 0; /* wraps for what the last cycle counted: the sums are right */
  heap->made_objects -= is_counted;
  heap->allocated -= block->cell_bytes < heap->allocated ? block->cell_bytes : heap->allocated;
  if (block->state == VMR_GC_BLOCK_OBJECT) {
    size_t bytes = vmr_gc_chunk_of(block)->is_large ? block->cell_bytes : block->count * VMR_GC_BLOCK_BYTES;
    if (heap->is_watched) vmr_os_poison(object, bytes);
    if (vmr_gc_chunk_of(block)->is_large) {
      vmr_gc_remove_chunk(heap, vmr_gc_chunk_of(block));
    } else {
      vmr_gc_free_blocks(block);
    }
  } else if (heap->is_watched) {
    vmr_os_poison(object, block->cell_bytes);
  } else if (is_counted &&
             (vmr_gc_chunk_offset(object) & (VMR_GC_BLOCK_BYTES - 1)) >> VMR_GC_GRANULE_SHIFT < block->swept) {
    memcpy(object, &block->bucket->released, sizeof(void *));
    block->bucket->released = object;
  } /* else the sweep of its block comes to it */
  return VMR_OK;
}
