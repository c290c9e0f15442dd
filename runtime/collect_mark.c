/* collect_mark.c: marking: what can be reached from roots, frames, strong handles and written old objects.
 *
 *   found ──> [stack of marked objects] ──> [ring of 16, being fetched] ──> scanned
 *
 * An object is marked when a pointer to it is found, and scanned some objects after its cache line was asked for (Cher,
 * Hosking and Vijaykumar, Software Prefetching for Mark-Sweep Garbage Collection, ASPLOS 2004). Objects without pointers are
 * not touched. Objects over 16 KiB that are described by bits are scanned in parts, so that a step stays short. When
 * there is no memory for the stack, what did not fit is found again by a walk over all marked objects. */
#include <string.h>

#include "runtime/collect.h"

#define FIRST_STACK ((size_t)4096) /* pointers */
#define PART_BYTES ((size_t)16 << 10)

/* ---- the stack ---- */

bool vmr_gc_reserve_stack(vmr_gc_tracer *tracer) {
  size_t count = (size_t)(tracer->limit - tracer->base), used = (size_t)(tracer->top - tracer->base),
         more = count != 0 ? count * 2 : FIRST_STACK;
  vmr_ctx *ctx = tracer->heap->handle.ctx;
  void **grown = count == 0
                     ? vmr_ctx_obtain(ctx, VMR_KIND_GC, more * sizeof *grown)
                     : vmr_ctx_resize(ctx, VMR_KIND_GC, tracer->base, count * sizeof *grown, more * sizeof *grown);
  if (grown == NULL) return false;
  tracer->base = grown;
  tracer->top = grown + used;
  tracer->limit = grown + more;
  return true;
}

static bool grow_stack(vmr_gc_tracer *tracer) {
  return tracer->team != NULL ? vmr_gc_grow_of_team(tracer) : vmr_gc_reserve_stack(tracer);
}

static inline void push(vmr_gc_tracer *tracer, void *object) {
  if (VMR_UNLIKELY(tracer->top == tracer->limit) && !grow_stack(tracer)) {
    tracer->is_overflown = true;
    return;
  }
  *tracer->top++ = object;
}

/* Marks begin a chunk, so that their words are aligned on machines of 32 bits too. */
typedef uint64_t vmr_gc_mark_word __attribute__((aligned(8)));

static inline void visit(vmr_gc_tracer *tracer, void *object) {
  if (object == NULL) return;
  vmr_gc_chunk *chunk = vmr_gc_chunk_of(object);
  size_t offset = vmr_gc_chunk_offset(object), granule = offset >> VMR_GC_GRANULE_SHIFT;
  vmr_gc_mark_word *word = (vmr_gc_mark_word *)&chunk->marks[granule / 64];
  uint64_t bit = UINT64_C(1) << granule % 64;
  if (VMR_LIKELY(tracer->team == NULL)) {
    if ((*word & bit) != 0) return;
    *word |= bit;
  } else {
    if ((__atomic_load_n(word, __ATOMIC_RELAXED) & bit) != 0) return;
    if ((__atomic_fetch_or(word, bit, __ATOMIC_RELAXED) & bit) != 0) return; /* the other one has it */
  }
  if (chunk->is_leaf[offset >> VMR_GC_BLOCK_SHIFT]) return;
  __builtin_prefetch(object); /* many of a table's are found at once */
  push(tracer, object);
}

void vmr_gc_visit(vmr_gc_tracer *tracer, void *object) {
  if (VMR_UNLIKELY(tracer->on_visit != NULL)) {
    tracer->on_visit(tracer, object);
  } else {
    visit(tracer, object);
  }
}

void vmr_gc_shade(vmr_gc *gc, void *object) {
  if (gc == NULL) return;
  vmr_gc_tracer *tracer = &vmr_gc_body_of(gc)->tracer;
  if (VMR_LIKELY(tracer->top != tracer->limit)) {
    visit(tracer, object);
    return;
  }
  vmr_deferral deferral; /* a store calls nobody back: that might collect */
  vmr_ctx_defer(&deferral, tracer->heap->handle.ctx);
  visit(tracer, object);
  deferral.wanted = 0;
  vmr_ctx_relieve(&deferral, false);
}

/* ---- scanning ---- */

static inline void scan_words(vmr_gc_tracer *tracer, void *const *words, uint64_t bits) {
  for (; bits != 0; bits &= bits - 1) visit(tracer, words[__builtin_ctzll(bits)]);
}

/* Pointers, some of them NULL. These are sorted out first, without a branch: which are is not to be guessed. */
static void scan_pointers(vmr_gc_tracer *tracer, void *const *pointers, size_t count) {
  void *found[64];
  for (size_t at = 0; at < count; at += 64) {
    size_t most = count - at < 64 ? count - at : 64, kept = 0;
    for (size_t i = 0; i < most; i++) {
      found[kept] = pointers[at + i];
      kept += pointers[at + i] != NULL;
    }
    for (size_t i = 0; i < kept; i++) visit(tracer, found[i]);
  }
}

/* The elements from the byte `from` on, up to the byte `end`. */
static void scan_tail(vmr_gc_tracer *tracer, const vmr_gc_layout *layout, char *object, size_t from, size_t end) {
  size_t size = layout->element_bytes;
  if (size == sizeof(void *)) {
    if (from < end) scan_pointers(tracer, (void *const *)(void *)(object + from), (end - from) / size);
  } else {
    for (; from + size <= end; from += size)
      scan_words(tracer, (void *const *)(void *)(object + from), layout->element_pointers);
  }
}

/* Scans a part of an object of many, and leaves word of the rest on the stack: where it begins, and the object with its lowest
 * bit set. Without room for both all of it is scanned now. */
static void scan_part(vmr_gc_tracer *tracer, char *object, size_t from) {
  const vmr_gc_block *block = vmr_gc_block_of_object(object);
  const vmr_gc_layout *layout = &block->type->layout;
  size_t size = layout->element_bytes, part = size < PART_BYTES ? PART_BYTES / size * size : size;
  size_t end = block->cell_bytes;
  if (end - from > part && (tracer->limit - tracer->top >= 2 || grow_stack(tracer))) {
    end = from + part;
    *tracer->top++ = (void *)(uintptr_t)end;
    *tracer->top++ = object + 1;
  }
  scan_tail(tracer, layout, object, from, end);
  tracer->scanned += 2 * (end - from); /* as in a card: many pointers to many places */
}

static inline void scan(vmr_gc_tracer *tracer, char *object) {
  const vmr_gc_block *block = vmr_gc_block_of_object(object);
  const vmr_gc_type_body *type = block->type;
  size_t bytes = block->cell_bytes;
  tracer->scanned += bytes;
  if (type->layout.trace != NULL) {
    type->layout.trace(tracer, object, bytes);
    return;
  }
  scan_words(tracer, (void *const *)(void *)object, type->layout.pointers);
  if (type->layout.element_pointers == 0) return;
  if (bytes > PART_BYTES) {
    tracer->scanned -= bytes;
    scan_part(tracer, object, type->layout.bytes);
  } else {
    scan_tail(tracer, &type->layout, object, type->layout.bytes, bytes);
  }
}

/* The stack was too small: scans every marked object again. */
static void recover(vmr_gc_body *heap) {
  for (vmr_gc_chunk *chunk = heap->chunks; chunk != NULL; chunk = chunk->next) {
    for (uint32_t i = VMR_GC_FIRST_BLOCK; i < VMR_GC_BLOCKS; i++) {
      const vmr_gc_block *block = &chunk->blocks[i];
      bool has_pointers = block->state == VMR_GC_BLOCK_CELLS || block->state == VMR_GC_BLOCK_OBJECT;
      if (!has_pointers || chunk->is_leaf[i]) continue;
      for (uint32_t at = vmr_gc_next_marked(block, 0); at < block->end;
           at = at + 1 < block->end ? vmr_gc_next_marked(block, at + 1) : block->end)
        scan(&heap->tracer, vmr_gc_block_base(block) + at * VMR_GC_GRANULE);
    }
  }
}

bool vmr_gc_empty_stack(vmr_gc_tracer *tracer, size_t budget) {
  size_t end = tracer->scanned + budget < budget ? SIZE_MAX : tracer->scanned + budget;
  while (tracer->scanned <= end) {
    void *next = NULL;
    if (tracer->top != tracer->base) {
      next = *--tracer->top;
      if (((uintptr_t)next & 1) != 0) {
        size_t from = (size_t)(uintptr_t)*--tracer->top;
        scan_part(tracer, (char *)next - 1, from);
        continue;
      }
      __builtin_prefetch(next);
      tracer->ring_count++;
    } else if (tracer->ring_count == 0) {
      return true;
    }
    void *object = tracer->ring[tracer->ring_head];
    tracer->ring[tracer->ring_head] = next;
    tracer->ring_head = (tracer->ring_head + 1) % VMR_GC_RING;
    if (object == NULL) continue;
    tracer->ring_count--;
    scan(tracer, object);
  }
  return false;
}

bool vmr_gc_drain(vmr_gc_body *heap, size_t budget) {
  while (vmr_gc_empty_stack(&heap->tracer, budget)) {
    if (!heap->tracer.is_overflown) return true;
    heap->tracer.is_overflown = false;
    recover(heap);
  }
  return false;
}

/* ---- where it begins ---- */

void vmr_gc_look_at_roots(vmr_gc_tracer *tracer) {
  const vmr_gc_body *heap = tracer->heap;
  for (const vmr_gc_frame *frame = heap->open.frames; frame != NULL; frame = frame->outer) {
    void *const *pointers = (void *const *)(const void *)(frame + 1);
    for (size_t i = 0; i < frame->count; i++) vmr_gc_visit(tracer, pointers[i]);
  }
  for (const vmr_gc_root *root = heap->roots; root != NULL; root = root->next) {
    for (size_t i = 0; i < root->count; i++) vmr_gc_visit(tracer, root->first[i]);
  }
  vmr_gc_visit_handles(tracer);
  if (heap->root_function != NULL) heap->root_function(tracer, heap->root_user);
}

void vmr_gc_mark_roots(vmr_gc_body *heap) { vmr_gc_look_at_roots(&heap->tracer); }

void vmr_gc_look_at(vmr_gc_tracer *tracer, void *object) {
  const vmr_gc_block *block = vmr_gc_block_of_object(object);
  const vmr_gc_layout *layout = &block->type->layout;
  if (block->type->is_leaf) return;
  if (layout->trace != NULL) {
    layout->trace(tracer, object, block->cell_bytes);
    return;
  }
  void *const *words = object;
  for (uint64_t bits = layout->pointers; bits != 0; bits &= bits - 1)
    vmr_gc_visit(tracer, words[__builtin_ctzll(bits)]);
  size_t size = layout->element_bytes;
  for (size_t at = layout->bytes; layout->element_pointers != 0 && at + size <= block->cell_bytes; at += size) {
    words = (void *const *)(void *)((char *)object + at);
    for (uint64_t bits = layout->element_pointers; bits != 0; bits &= bits - 1)
      vmr_gc_visit(tracer, words[__builtin_ctzll(bits)]);
  }
}

/* Scans what of an old object lies in a card: the bytes from `begin` to `end` of it. */
static void scan_piece(vmr_gc_tracer *tracer, char *object, const vmr_gc_block *block, size_t begin, size_t end) {
  const vmr_gc_layout *layout = &block->type->layout;
  size_t size = layout->element_bytes, fixed = layout->bytes;
  if (layout->trace != NULL || block->cell_bytes <= VMR_GC_CARD_BYTES) {
    scan(tracer, object);
    return;
  }
  if (begin < fixed || layout->element_pointers == 0)
    scan_words(tracer, (void *const *)(void *)object, layout->pointers);
  if (layout->element_pointers == 0 || end <= fixed) return;
  size_t from = begin > fixed ? fixed + (begin - fixed) / size * size : fixed;
  size_t to = fixed + (end - fixed + size - 1) / size * size;
  scan_tail(tracer, layout, object, from, to < block->cell_bytes ? to : block->cell_bytes);
  tracer->scanned += 2 * VMR_GC_CARD_BYTES; /* many pointers to many places: slower than a small object */
}

/* Scans the old ones of cells of which none lies in two cards: those of a power of two. Often few are. */
static void scan_card_of_cells(vmr_gc_tracer *tracer, vmr_gc_chunk *chunk, size_t begin) {
  size_t granule = begin >> VMR_GC_GRANULE_SHIFT, most = VMR_GC_CARD_BYTES >> VMR_GC_GRANULE_SHIFT;
  uint64_t bits = chunk->marks[granule / 64] >> granule % 64 & ((UINT64_C(1) << most) - 1);
  for (; bits != 0; bits &= bits - 1)
    scan(tracer, (char *)chunk + begin + ((size_t)__builtin_ctzll(bits) << VMR_GC_GRANULE_SHIFT));
}

/* Scans the old objects that a card holds a piece of; `begin` is its place in the chunk. */
static void scan_card(vmr_gc_tracer *tracer, vmr_gc_chunk *chunk, size_t begin) {
  uint32_t index = chunk->is_large ? chunk->first : (uint32_t)(begin >> VMR_GC_BLOCK_SHIFT);
  const vmr_gc_block *block = &chunk->blocks[index];
  if (block->state == VMR_GC_BLOCK_REST) block -= block->count;
  if (block->state == VMR_GC_BLOCK_FREE || block->type->is_leaf) return;
  bool is_whole = block->cell_bytes <= VMR_GC_CARD_BYTES && (block->cell_bytes & (block->cell_bytes - 1)) == 0;
  if (is_whole && block->state == VMR_GC_BLOCK_CELLS) {
    scan_card_of_cells(tracer, chunk, begin);
    return;
  }
  char *base = vmr_gc_block_base(block);
  size_t place = (size_t)(base - (char *)chunk), size = block->cell_bytes;
  if (begin + VMR_GC_CARD_BYTES <= place) return;
  size_t from = begin > place ? begin - place : 0, end = begin + VMR_GC_CARD_BYTES - place;
  if (block->state == VMR_GC_BLOCK_OBJECT) {
    if (vmr_gc_is_marked(base) && from < size) scan_piece(tracer, base, block, from, end);
    return;
  }
  for (size_t cell = from / size * size; cell < end && cell / VMR_GC_GRANULE < block->end; cell += size) {
    if (vmr_gc_is_marked(base + cell))
      scan_piece(tracer, base + cell, block, from > cell ? from - cell : 0, end - cell);
  }
}

void vmr_gc_scan_cards(vmr_gc_body *heap, size_t budget) {
  vmr_gc_chunk *chunk = heap->walk;
  vmr_gc_tracer *tracer = &heap->tracer;
  uint8_t *cards = vmr_gc_cards(chunk), dirty[sizeof(uint64_t)];
  size_t count = vmr_gc_card_count(chunk), at = heap->card_at, begin = tracer->scanned;
  for (; at < count && tracer->scanned - begin <= budget; at += sizeof dirty) {
    uint64_t word;
    memcpy(&word, cards + at, sizeof word);
    tracer->scanned += sizeof dirty / 8; /* a clean card costs little */
    if (VMR_LIKELY(word == 0)) continue;
    memcpy(dirty, cards + at, sizeof dirty);
    memset(cards + at, 0, sizeof dirty);
    for (size_t card = 0; card < sizeof dirty; card++) {
      if (dirty[card] != 0) scan_card(tracer, chunk, (at + card) << VMR_GC_CARD_SHIFT);
    }
  }
  heap->card_at = at;
  if (at < count) return;
  heap->walk = chunk->next;
  heap->card_at = 0;
}
