/* collect_check.c: whether the collected heap is as it should be.
 *
 * Everything that can be reached is walked once, by roads of its own: bits of its own, no stack but a list of what was found.
 * Each pointer on the way must be to the beginning of a cell that was handed out, in a chunk of the heap; an old
 * object that leads to a young one must have been noticed by vmr_gc_write. */
#include <string.h>

#include "runtime/collect.h"

#define MARK_WORDS (VMR_GC_CHUNK_BYTES / VMR_GC_GRANULE / 64)

typedef struct check {
  vmr_gc_tracer tracer; /* first */
  const vmr_gc_chunk **chunks;
  uint64_t *bits; /* MARK_WORDS for each chunk: what was found */
  void **found;   /* in order */
  size_t chunk_count, found_count, found_capacity;
  const char *scanned;     /* the object whose pointers are looked at; NULL: roots */
  bool is_valid, is_short; /* of memory */
  uint64_t bytes;
} check;

static size_t find_chunk(const check *c, const vmr_gc_chunk *chunk) {
  size_t low = 0, high = c->chunk_count;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (c->chunks[middle] < chunk)
      low = middle + 1;
    else
      high = middle;
  }
  return low < c->chunk_count && c->chunks[low] == chunk ? low : SIZE_MAX;
}

/* Chunks by address: a heap sort, for libc's may allocate. */
static void sink(const vmr_gc_chunk **chunks, size_t at, size_t count) {
  for (size_t child; (child = 2 * at + 1) < count; at = child) {
    if (child + 1 < count && chunks[child + 1] > chunks[child]) child++;
    if (chunks[at] >= chunks[child]) return;
    const vmr_gc_chunk *kept = chunks[at];
    chunks[at] = chunks[child];
    chunks[child] = kept;
  }
}

static void sort_chunks(const vmr_gc_chunk **chunks, size_t count) {
  for (size_t i = count / 2; i-- > 0;) sink(chunks, i, count);
  for (size_t i = count; i-- > 1;) {
    const vmr_gc_chunk *kept = chunks[0];
    chunks[0] = chunks[i];
    chunks[i] = kept;
    sink(chunks, 0, i);
  }
}

/* Whether marks are being made anew, so that they don't tell what is old. */
static bool is_remarked(const vmr_gc_body *heap) {
  return heap->phase == VMR_GC_CLEARING || heap->phase == VMR_GC_MARKING;
}

/* Whether `object` begins a cell that was handed out. */
static bool is_object(const vmr_gc_body *heap, const char *object) {
  const vmr_gc_block *block = vmr_gc_block_of_object(object);
  size_t offset = (size_t)(object - vmr_gc_block_base(block));
  if (vmr_gc_block_index(object) < VMR_GC_FIRST_BLOCK) return false;
  if (block->state == VMR_GC_BLOCK_OBJECT) return offset == 0;
  if (block->state != VMR_GC_BLOCK_CELLS || offset % block->cell_bytes != 0) return false;
  const vmr_gc_type *offer = &block->bucket->open;
  if (offset / VMR_GC_GRANULE >= block->end) return false;
  size_t behind = (uintptr_t)object - (uintptr_t)offer->base; /* wraps for what lies before */
  if (behind < 64 * VMR_GC_GRANULE && (offer->free >> behind / VMR_GC_GRANULE & 1) != 0) return false;
  bool is_old = vmr_gc_is_marked(object);
  return is_old || is_remarked(heap) || offset / VMR_GC_GRANULE < block->swept;
}

static bool reserve_found(check *c) {
  vmr_ctx *ctx = c->tracer.heap->handle.ctx;
  if (c->found_count < c->found_capacity) return true;
  size_t more = c->found_capacity * 2 + 1024, size = sizeof *c->found;
  void **grown = c->found == NULL ? vmr_ctx_obtain(ctx, VMR_KIND_GC, more * size)
                                  : vmr_ctx_resize(ctx, VMR_KIND_GC, c->found, c->found_capacity * size, more * size);
  if (grown == NULL) return false;
  c->found = grown;
  c->found_capacity = more;
  return true;
}

static bool is_noticed(const vmr_gc_body *heap, const char *from, const char *to) {
  if (from == NULL || is_remarked(heap) || (heap->options.flags & VMR_GC_GENERATIONAL) == 0) return true;
  if (!vmr_gc_is_marked(from) || vmr_gc_is_marked(to)) return true;
  const uint8_t *cards = vmr_gc_cards(vmr_gc_chunk_of(from));
  size_t first = vmr_gc_chunk_offset(from) >> VMR_GC_CARD_SHIFT;
  size_t last = (vmr_gc_chunk_offset(from) + vmr_gc_object_bytes(from) - 1) >> VMR_GC_CARD_SHIFT;
  for (size_t i = first; i <= last; i++) {
    if (cards[i] != 0) return true;
  }
  return false;
}

static void see(vmr_gc_tracer *tracer, void *object) {
  check *c = (check *)(void *)tracer;
  const vmr_gc_body *heap = tracer->heap;
  if (object == NULL || !c->is_valid || c->is_short) return;
  size_t chunk = find_chunk(c, vmr_gc_chunk_of(object));
  if (chunk == SIZE_MAX || !is_object(heap, object) || !is_noticed(heap, c->scanned, object)) {
    c->is_valid = false;
    return;
  }
  size_t granule = vmr_gc_chunk_offset(object) >> VMR_GC_GRANULE_SHIFT;
  uint64_t *word = &c->bits[chunk * MARK_WORDS + granule / 64], bit = UINT64_C(1) << granule % 64;
  if ((*word & bit) != 0) return;
  *word |= bit;
  c->bytes += vmr_gc_object_bytes(object);
  c->is_short = !reserve_found(c);
  if (!c->is_short) c->found[c->found_count++] = object;
}

static bool is_block_valid(const vmr_gc_chunk *chunk, uint32_t index) {
  const vmr_gc_block *block = &chunk->blocks[index];
  bool is_free = (chunk->free[index / 64] >> index % 64 & 1) != 0;
  if (is_free != (block->state == VMR_GC_BLOCK_FREE) && !chunk->is_large) return false;
  if (block->state == VMR_GC_BLOCK_FREE || block->state == VMR_GC_BLOCK_REST) return true;
  if (chunk->is_leaf[index] != block->type->is_leaf) return false;
  if (block->state == VMR_GC_BLOCK_OBJECT) return block->bucket == NULL && block->cell_bytes > VMR_GC_LARGEST_CELL;
  for (uint32_t at = vmr_gc_next_marked(block, 0); at < block->end; at = vmr_gc_next_marked(block, at + 1)) {
    if (at % block->granules != 0) return false;
    if (at + 1 >= block->end) break;
  }
  return block->bucket->type == block->type && block->cell_bytes == block->bucket->open.cell_bytes;
}

static bool begin_check(check *c, vmr_gc_body *heap) {
  vmr_ctx *ctx = heap->handle.ctx;
  size_t count = 0;
  for (const vmr_gc_chunk *each = heap->chunks; each != NULL; each = each->next) count++;
  c->chunk_count = count;
  c->chunks = vmr_ctx_obtain(ctx, VMR_KIND_GC, (count + 1) * sizeof *c->chunks);
  c->bits = vmr_ctx_obtain_zeroed(ctx, VMR_KIND_GC, (count + 1) * MARK_WORDS * sizeof *c->bits);
  if (c->chunks == NULL || c->bits == NULL) return false;
  count = 0;
  for (const vmr_gc_chunk *each = heap->chunks; each != NULL; each = each->next) c->chunks[count++] = each;
  sort_chunks(c->chunks, count);
  return true;
}

static void end_check(check *c, vmr_gc_body *heap) {
  vmr_ctx *ctx = heap->handle.ctx;
  vmr_ctx_release(ctx, VMR_KIND_GC, (void *)c->chunks, (c->chunk_count + 1) * sizeof *c->chunks);
  vmr_ctx_release(ctx, VMR_KIND_GC, c->bits, (c->chunk_count + 1) * MARK_WORDS * sizeof *c->bits);
  vmr_ctx_release(ctx, VMR_KIND_GC, c->found, c->found_capacity * sizeof *c->found);
}

static bool is_heap_valid(vmr_gc_body *heap) {
  check c = {.tracer = {.heap = heap, .on_visit = see}, .is_valid = true};
  size_t reserved = 0;
  bool is_begun = begin_check(&c, heap);
  for (vmr_gc_chunk *chunk = heap->chunks; chunk != NULL; chunk = chunk->next) {
    reserved += chunk->bytes;
    uint32_t first = chunk->is_large ? chunk->first : VMR_GC_FIRST_BLOCK;
    uint32_t end = chunk->is_large ? first + 1 : VMR_GC_BLOCKS;
    for (uint32_t i = first; i < end && c.is_valid; i++) c.is_valid = is_block_valid(chunk, i);
  }
  if (reserved != heap->reserved) c.is_valid = false;
  if (is_begun && c.is_valid) vmr_gc_look_at_roots(&c.tracer);
  for (size_t i = 0; i < c.found_count && c.is_valid && !c.is_short; i++) {
    c.scanned = c.found[i];
    vmr_gc_look_at(&c.tracer, c.found[i]);
  }
  bool is_known = !c.is_short && is_begun && !heap->open.is_marking;
  if (is_known && c.bytes > vmr_gc_read_figures(&heap->open).live_bytes) c.is_valid = false;
  end_check(&c, heap);
  return c.is_valid;
}

bool vmr_gc_is_valid(vmr_gc *gc) {
  vmr_gc_body *heap = vmr_gc_body_of(gc);
  vmr_deferral deferral;
  if (gc == NULL) return true;
  vmr_ctx_defer(&deferral, heap->handle.ctx);
  bool is_valid = is_heap_valid(heap);
  vmr_ctx_relieve(&deferral, false);
  return is_valid;
}
