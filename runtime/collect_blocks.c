/* collect_blocks.c: chunks and blocks of the collected heap.
 *
 * Free blocks are bits in the chunk; one is found in the chunk where the last one was, else in the first that has one.
 * Chunks are pages of the system where the context has such, else pieces of larger requests to its backing. */
#include <string.h>

#include "runtime/collect.h"
#include "runtime/os.h"

static bool is_within_limit(vmr_gc_body *heap, size_t bytes) {
  size_t limit = heap->options.limit_bytes;
  if (limit == 0 || (heap->reserved <= limit && bytes <= limit - heap->reserved)) return true;
  heap->figures.limits_hit++;
  return false;
}

#define LARGEST_OBJECT ((size_t)512 << 20) /* its cards end before the chunk's 2 MiB do */

static void release_memory(vmr_gc_body *heap, vmr_gc_chunk *chunk) {
  if (chunk->memory != NULL) {
    vmr_ctx_release(heap->handle.ctx, VMR_KIND_GC, chunk->memory, chunk->memory_bytes);
  } else {
    vmr_ctx_release_pages(heap->handle.ctx, VMR_KIND_GC, chunk, chunk->bytes);
  }
}

/* `bytes`, a multiple of a chunk's, at a multiple of it; their content is zero. */
static vmr_gc_chunk *obtain_memory(vmr_gc_body *heap, size_t bytes) {
  vmr_ctx *ctx = heap->handle.ctx;
  vmr_gc_chunk *chunk;
  void *memory = NULL;
  size_t memory_bytes = bytes;
  if (vmr_ctx_has_pages(ctx)) {
    chunk = vmr_ctx_obtain_pages(ctx, VMR_KIND_GC, bytes);
  } else {
    if (bytes > SIZE_MAX - VMR_GC_CHUNK_BYTES) return NULL;
    memory_bytes = bytes + VMR_GC_CHUNK_BYTES;
    memory = vmr_ctx_obtain_zeroed(ctx, VMR_KIND_GC, memory_bytes);
    chunk = vmr_gc_chunk_of((char *)memory + VMR_GC_CHUNK_BYTES - 1);
    if (memory == NULL) chunk = NULL;
  }
  if (chunk == NULL) return NULL;
  chunk->bytes = bytes;
  chunk->memory = memory;
  chunk->memory_bytes = memory_bytes;
  return chunk;
}

/* A chunk, entered; `head` are its bytes before the objects. */
static vmr_gc_chunk *obtain_chunk(vmr_gc_body *heap, size_t bytes, size_t head) {
  vmr_gc_chunk *chunk = is_within_limit(heap, bytes) ? obtain_memory(heap, bytes) : NULL;
  if (chunk == NULL) return NULL;
  if (!is_within_limit(heap, bytes)) { /* a callback has obtained some too */
    release_memory(heap, chunk);
    return NULL;
  }
  heap->reserved += bytes;
  if (heap->phase == VMR_GC_SETTLING) chunk->settled = heap->cycle.number;
  chunk->next = heap->chunks;
  if (chunk->next != NULL) chunk->next->previous = chunk;
  heap->chunks = chunk;
  if (heap->is_watched) vmr_os_poison((char *)chunk + head, bytes - head);
  return chunk;
}

bool vmr_gc_add_chunk(vmr_gc_body *heap) {
  vmr_gc_chunk *chunk = obtain_chunk(heap, VMR_GC_CHUNK_BYTES, VMR_GC_HEAD_BYTES);
  if (chunk == NULL) return false;
  chunk->free[0] = UINT64_MAX << VMR_GC_FIRST_BLOCK;
  chunk->free[1] = UINT64_MAX;
  for (uint32_t i = 0; i < VMR_GC_BLOCKS; i++) chunk->blocks[i].is_zero = true;
  heap->free_hint = chunk;
  return true;
}

vmr_gc_chunk *vmr_gc_add_large(vmr_gc_body *heap, size_t bytes) {
  size_t cards = (bytes >> VMR_GC_CARD_SHIFT) + (bytes >> (2 * VMR_GC_CARD_SHIFT - 1)) + VMR_GC_HEAD_BYTES;
  size_t head = (cards + VMR_GC_HEAD_BYTES) & ~(VMR_GC_BLOCK_BYTES - 1);
  if (bytes >= LARGEST_OBJECT) return NULL;
  size_t whole = (bytes + head + VMR_GC_CHUNK_BYTES - 1) & ~(VMR_GC_CHUNK_BYTES - 1);
  vmr_gc_chunk *chunk = obtain_chunk(heap, whole, head);
  if (chunk == NULL) return NULL;
  chunk->is_large = true;
  chunk->first = (uint32_t)(head >> VMR_GC_BLOCK_SHIFT);
  return chunk;
}

void vmr_gc_remove_chunk(vmr_gc_body *heap, vmr_gc_chunk *chunk) {
  if (heap->is_watched) vmr_os_unpoison((char *)chunk + VMR_GC_HEAD_BYTES, chunk->bytes - VMR_GC_HEAD_BYTES);
  heap->reserved -= chunk->bytes;
  if (heap->free_hint == chunk) heap->free_hint = NULL;
  if (heap->walk == chunk) {
    heap->walk = chunk->next;
    heap->card_at = 0;
  }
  if (chunk->next != NULL) chunk->next->previous = chunk->previous;
  if (chunk->previous != NULL) {
    chunk->previous->next = chunk->next;
  } else {
    heap->chunks = chunk->next;
  }
  release_memory(heap, chunk);
}

bool vmr_gc_is_chunk_empty(const vmr_gc_chunk *chunk) {
  return !chunk->is_large && chunk->free[0] == UINT64_MAX << VMR_GC_FIRST_BLOCK && chunk->free[1] == UINT64_MAX;
}

size_t vmr_gc_release_chunks(vmr_gc_body *heap) {
  size_t before = heap->reserved;
  for (vmr_gc_chunk *each = heap->chunks, *next; each != NULL; each = next) {
    next = each->next;
    if (vmr_gc_is_chunk_empty(each)) vmr_gc_remove_chunk(heap, each);
  }
  return before - heap->reserved;
}

/* ---- blocks ---- */

static vmr_gc_block *take_from(vmr_gc_chunk *chunk) {
  for (uint32_t word = 0; word < VMR_GC_BLOCKS / 64; word++) {
    if (chunk->free[word] == 0) continue;
    uint32_t bit = (uint32_t)__builtin_ctzll(chunk->free[word]);
    chunk->free[word] &= chunk->free[word] - 1;
    return &chunk->blocks[word * 64 + bit];
  }
  return NULL;
}

vmr_gc_block *vmr_gc_take_block(vmr_gc_body *heap) {
  vmr_gc_block *block = heap->free_hint != NULL ? take_from(heap->free_hint) : NULL;
  if (block != NULL) return block;
  for (vmr_gc_chunk *each = heap->free_hint != NULL ? heap->free_hint->next : heap->chunks; each != NULL;
       each = each->next) {
    if (vmr_gc_is_unsettled(heap, each)) continue;
    block = take_from(each);
    if (block == NULL) continue;
    heap->free_hint = each;
    return block;
  }
  return NULL;
}

static bool is_free(const vmr_gc_chunk *chunk, uint32_t index) {
  return (chunk->free[index / 64] >> index % 64 & 1) != 0;
}

vmr_gc_block *vmr_gc_take_blocks(vmr_gc_body *heap, uint32_t count) {
  for (vmr_gc_chunk *each = heap->chunks; each != NULL; each = each->next) {
    uint32_t run = 0;
    if ((each->free[0] | each->free[1]) == 0 || vmr_gc_is_unsettled(heap, each)) continue; /* large ones too */
    for (uint32_t i = VMR_GC_FIRST_BLOCK; i < VMR_GC_BLOCKS; i++) {
      run = is_free(each, i) ? run + 1 : 0;
      if (run < count) continue;
      uint32_t first = i + 1 - count;
      for (uint32_t k = first; k <= i; k++) each->free[k / 64] &= ~(UINT64_C(1) << k % 64);
      return &each->blocks[first];
    }
  }
  return NULL;
}

void vmr_gc_free_blocks(vmr_gc_block *block) {
  vmr_gc_chunk *chunk = vmr_gc_chunk_of(block);
  uint32_t first = (uint32_t)(block - chunk->blocks), count = block->state == VMR_GC_BLOCK_OBJECT ? block->count : 1;
  for (uint32_t i = first; i < first + count; i++) {
    chunk->free[i / 64] |= UINT64_C(1) << i % 64;
    chunk->blocks[i] = (vmr_gc_block){.state = VMR_GC_BLOCK_FREE};
  }
}
