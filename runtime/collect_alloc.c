/* collect_alloc.c: runs of free cells, objects of several blocks, cells given back by hand.
 *
 *   marks of a block   1 0 0 1 1 0 0 0 1     a run is what lies between two marked cells
 *                        ^^^     ^^^^^
 *
 * Finding a run takes time proportional to the marked cells before it; its cells are zeroed together, unless the block was
 * never used. In a heap full of holes this is what an allocation costs, so that the ordinary case (is_plain) stands alone. In a checked heap runs have one cell, so that each object is seen by faults and by tools that watch. */
#include <string.h>

#include "runtime/collect.h"
#include "runtime/os.h"

static const uint16_t TAIL_BYTES[VMR_GC_TAIL_CLASSES] = {
    16,  32,   48,   64,   80,   96,   112,  128,  160,  192,  224,  256,  320, 384, 448, 512, 640, 768,
    896, 1024, 1280, 1536, 1792, 2048, 2320, 2720, 3264, 4096, 5456, 8192, 0,   0,   0,   0,   0,   0};

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

/* ---- runs ---- */

/* Zeroes a run, a multiple of a granule: most are of some hundred bytes, for which a call of memset takes as long as the stores. */
static inline void zero_run(char *first, char *end) {
  size_t part = 64;
  if (end - first > 1024) {
    memset(first, 0, (size_t)(end - first));
  } else if ((size_t)(end - first) >= part) {
    for (char *at = first; at < end - part; at += part) memset(at, 0, part);
    memset(end - part, 0, part);
  } else {
    for (char *at = first; at < end; at += VMR_GC_GRANULE) memset(at, 0, VMR_GC_GRANULE);
  }
}

static inline void set_run(vmr_gc_body *heap, vmr_gc_bucket *bucket, char *first, size_t bytes, size_t cells,
                           bool is_zero) {
  if (VMR_UNLIKELY(heap->is_watched)) vmr_os_unpoison(first, bytes);
  if (!is_zero || VMR_UNLIKELY(heap->is_watched)) zero_run(first, first + bytes);
  bucket->open.cursor = first;
  bucket->open.limit = first + bytes;
  heap->allocated += bytes;
  heap->made_bytes += bytes;
  heap->made_objects += cells;
}

/* Where the free granules from `at` on end. Most runs end within the 64 bits from there on: no loop is guessed wrong then. */
static inline uint32_t run_end(const vmr_gc_block *block, const uint64_t *marks, uint32_t at) {
  uint32_t word = at / 64, shift = at % 64;
  uint64_t bits = marks[word] >> shift;
  if (word + 1 < VMR_GC_BLOCK_WORDS) bits |= marks[word + 1] << (63 - shift) << 1;
  if (VMR_UNLIKELY(bits == 0)) return vmr_gc_next_marked(block, at);
  uint32_t end = at + (uint32_t)__builtin_ctzll(bits);
  return end < block->end ? end : block->end;
}

/* A quotient that is seldom divided for: most cells are of a power of two. */
static inline uint32_t cells_of(uint32_t granules, uint32_t step) {
  return (step & (step - 1)) == 0 ? granules >> __builtin_ctz(step) : granules / step;
}

/* The next run of a block; false when there is none. */
static inline bool find_run(vmr_gc_body *heap, vmr_gc_bucket *bucket, vmr_gc_block *block) {
  const uint64_t *marks = vmr_gc_block_marks(block);
  uint32_t at = block->swept, step = block->granules;
  while (at < block->end && (marks[at / 64] >> at % 64 & 1) != 0) at += step;
  if (at >= block->end) {
    block->swept = block->end;
    return false;
  }
  uint32_t next = VMR_UNLIKELY(heap->is_checked) ? at + step : run_end(block, marks, at);
  block->swept = next;
  set_run(heap, bucket, vmr_gc_block_base(block) + at * VMR_GC_GRANULE, (next - at) * VMR_GC_GRANULE,
          cells_of(next - at, step), block->is_zero);
  return true;
}

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

/* A whole free block as one run. While a cycle is under way its cells are marked: they are not looked at in this cycle. */
static bool take_block(vmr_gc_body *heap, vmr_gc_bucket *bucket) {
  vmr_gc_block *block = vmr_gc_take_block(heap);
  if (block == NULL) return false;
  open_block(bucket, block);
  bucket->block = block;
  find_run(heap, bucket, block);
  block->is_zero = false;
  if (heap->open.is_marking) {
    uint64_t *marks = vmr_gc_block_marks(block);
    for (uint32_t at = 0; at < block->swept; at += block->granules) marks[at / 64] |= UINT64_C(1) << at % 64;
  }
  return true;
}

static bool reuse_released(vmr_gc_body *heap, vmr_gc_bucket *bucket) {
  char *cell = bucket->released;
  if (cell == NULL) return false;
  memcpy(&bucket->released, cell, sizeof bucket->released);
  set_run(heap, bucket, cell, bucket->open.cell_bytes, 1, false);
  return true;
}

static bool find_any_run(vmr_gc_body *heap, vmr_gc_bucket *bucket) {
  if (heap->open.is_marking) {
    vmr_gc_block *block = heap->is_checked ? bucket->block : NULL; /* its runs are shorter than it */
    if (block != NULL && block->swept < block->end) {
      vmr_gc_set_mark(vmr_gc_block_base(block) + block->swept * VMR_GC_GRANULE);
      uint32_t at = block->swept;
      block->swept += block->granules;
      set_run(heap, bucket, vmr_gc_block_base(block) + at * VMR_GC_GRANULE, bucket->open.cell_bytes, 1, false);
      return true;
    }
    return take_block(heap, bucket);
  }
  if (reuse_released(heap, bucket)) return true;
  while (bucket->block != NULL) {
    if (find_run(heap, bucket, bucket->block)) return true;
    bucket->block = bucket->todo;
    if (bucket->todo != NULL) bucket->todo = bucket->todo->next;
  }
  return take_block(heap, bucket);
}

static bool supply_run(vmr_gc_body *heap, vmr_gc_bucket *bucket) {
  if (find_any_run(heap, bucket)) return true;
  if (vmr_gc_add_chunk(heap)) return take_block(heap, bucket);
  if (heap->is_collecting || heap->is_finalising) return false;
  vmr_gc_run_cycle(heap, false); /* memory is out */
  return find_any_run(heap, bucket) || (vmr_gc_add_chunk(heap) && take_block(heap, bucket));
}

static inline void *take_cell(vmr_gc_bucket *bucket) {
  char *cell = bucket->open.cursor;
  bucket->open.cursor += bucket->open.cell_bytes;
  return cell;
}

static void *fail_alloc(vmr_gc_body *heap) { return vmr_gc_fail(heap, VMR_OUT_OF_MEMORY); }

/* Whether the next run of the bucket's block is all that is needed: nothing is checked, due or under way. */
static inline bool is_plain(const vmr_gc_body *heap, const vmr_gc_bucket *bucket) {
  return !heap->is_checked && !heap->open.is_marking && heap->due_count == 0 && bucket->released == NULL &&
         bucket->block != NULL && heap->allocated + bucket->open.cell_bytes <= heap->trigger;
}

static void *alloc_in(vmr_gc_body *heap, vmr_gc_bucket *bucket) {
  if (VMR_LIKELY(is_plain(heap, bucket)) && find_run(heap, bucket, bucket->block)) return take_cell(bucket);
  if (heap->is_checked && !vmr_ctx_admit(heap->handle.ctx, VMR_KIND_GC, bucket->open.cell_bytes))
    return fail_alloc(heap);
  vmr_gc_advance(heap, bucket->open.cell_bytes);
  /* a finaliser that ran just now may have left a run */
  if (bucket->open.cursor == bucket->open.limit && !supply_run(heap, bucket)) return fail_alloc(heap);
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

void vmr_gc_end_runs(vmr_gc_body *heap) {
  for (vmr_gc_bucket *each = heap->buckets; each != NULL; each = each->next) {
    size_t bytes = (size_t)(each->open.limit - each->open.cursor), size = each->open.cell_bytes;
    if (bytes != 0) {
      for (char *cell = each->open.cursor; cell < each->open.limit; cell += size) vmr_gc_clear_mark(cell);
      if (heap->is_watched) vmr_os_poison(each->open.cursor, bytes);
      heap->made_bytes -= bytes;
      heap->made_objects -= bytes / size;
    }
    each->open.cursor = each->open.limit = NULL;
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
  if (block == NULL && !heap->is_collecting && !heap->is_finalising) {
    vmr_gc_run_cycle(heap, false);
    vmr_gc_release_chunks(heap, 0); /* a large object may need their room */
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

static vmr_gc_bucket *tail_bucket(vmr_gc_body *heap, vmr_gc_type_body *type, uint32_t class) {
  if (type->tails[class] != NULL) return type->tails[class];
  vmr_gc_bucket *bucket = vmr_ctx_obtain_zeroed(heap->handle.ctx, VMR_KIND_GC, sizeof *bucket);
  if (bucket == NULL) return NULL;
  bucket->type = type;
  bucket->open.cell_bytes = TAIL_BYTES[class];
  bucket->next = heap->buckets;
  heap->buckets = bucket;
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
  return bucket->open.cursor == bucket->open.limit ? alloc_in(heap, bucket) : take_cell(bucket);
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
  if (gc->is_marking) return VMR_OK; /* this cycle, or the next one, finds it */
  vmr_gc_clear_mark(object);
  vmr_profile_forget(heap->profile, object);
  heap->figures.freed_bytes += block->cell_bytes;
  heap->figures.freed_objects++;
  heap->made_bytes -= block->cell_bytes; /* wraps for what the last cycle counted: the sums are right */
  heap->made_objects--;
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
  } else if ((vmr_gc_chunk_offset(object) & (VMR_GC_BLOCK_BYTES - 1)) >> VMR_GC_GRANULE_SHIFT < block->swept) {
    memcpy(object, &block->bucket->released, sizeof(void *));
    block->bucket->released = object;
  } /* else the sweep of its block comes to it */
  return VMR_OK;
}
