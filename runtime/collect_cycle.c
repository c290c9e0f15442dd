/* collect_cycle.c: cycles: when they begin, their steps, their end.
 *
 *   full     marks are cleared, then everything that can be reached is marked
 *   young    marks stay, so that old objects are not looked at, but for those that were written to since (their cards)
 *
 * In an incremental cycle the program goes on between steps: what it stores into an object is marked at once
 * (vmr_gc_write), what it allocates is marked from the beginning, and roots are read again when nothing is left to scan, until
 * they add nothing (Dijkstra, Lamport, Martin, Scholten and Steffens, On-the-Fly Garbage Collection, CACM 1978).
 * Then marks are counted and the lists made that cells are allocated from, chunk by chunk, those first that an allocation
 * has need of. Before a full cycle marks are cleared chunk by chunk too. What is not split into steps is proportional to roots,
 * handles, finalisers and the profile. */
#include <string.h>

#include "runtime/collect.h"
#include "runtime/os.h"

#define LEAST_FULL ((size_t)8 << 20)

static void verify(vmr_gc_body *heap) {
  if ((heap->options.flags & VMR_GC_VERIFY) == 0 || vmr_gc_is_valid(&heap->open)) return;
  vmr_gc_fail(heap, VMR_CORRUPTED);
  heap->is_corrupted = true;
}

/* Between steps, where the callback may use the heap. */
static void report_corruption(vmr_gc_body *heap) {
  if (!heap->is_corrupted) return;
  heap->is_corrupted = false;
  vmr_ctx_report(heap->handle.ctx, VMR_CORRUPTED, heap, "the collected heap is not as it should be");
}

/* What is obtained in a pause calls back behind it. */
static void begin_pause(vmr_gc_body *heap, vmr_deferral *deferral) {
  vmr_ctx_defer(deferral, heap->handle.ctx);
  heap->is_collecting = true;
}

static void end_pause(vmr_gc_body *heap, vmr_deferral *deferral) {
  heap->is_collecting = false;
  report_corruption(heap);
  vmr_ctx_relieve(deferral, false);
}

static void note_pause(vmr_gc_body *heap, uint64_t begin) {
  uint64_t pause = vmr_os_nanoseconds() - begin;
  uint32_t slot = pause > 1 ? 63 - (uint32_t)__builtin_clzll(pause) : 0;
  heap->figures.pauses[slot < VMR_GC_PAUSES ? slot : VMR_GC_PAUSES - 1]++;
  heap->figures.steps++;
  heap->figures.total_pause += pause;
  heap->over_100us += pause > 100000;
  heap->over_1ms += pause > 1000000;
  heap->over_10ms += pause > 10000000;
  if (pause > heap->figures.longest_pause) heap->figures.longest_pause = pause;
  heap->cycle.steps++;
  heap->cycle.total_pause += pause;
  if (pause > heap->cycle.longest_pause) heap->cycle.longest_pause = pause;
}

/* ---- begin ---- */

static void begin_marking(vmr_gc_body *heap) {
  vmr_gc_end_offers(heap);
  heap->walk = heap->is_young_cycle ? heap->chunks : NULL;
  heap->card_at = 0;
  heap->phase = VMR_GC_MARKING;
  heap->open.is_marking = true;
  vmr_gc_mark_roots(heap);
}

static void begin_cycle(vmr_gc_body *heap, bool is_young) {
  verify(heap);
  heap->is_young_cycle = is_young;
  heap->cycle = (vmr_gc_cycle){.number = heap->figures.cycles + 1, .is_young = is_young};
  if (is_young) {
    begin_marking(heap);
  } else {
    vmr_gc_end_offers(heap); /* of blocks whose marks will not tell what is free */
    heap->walk = heap->chunks;
    heap->phase = VMR_GC_CLEARING;
  }
}

/* What is done to chunks counts as scanning so many bytes, so that a step stays as short. */
#define CLEAR_BYTES ((size_t)4 << 10)
#define SETTLE_BYTES ((size_t)16 << 10)
#define RELEASE_BYTES ((size_t)64 << 10)

/* Clears the marks of chunks and begins to mark; false when `budget` was used up before. */
static bool clear_some(vmr_gc_body *heap, size_t budget) {
  size_t begin = heap->tracer.scanned;
  while (heap->walk != NULL) {
    vmr_gc_chunk *chunk = heap->walk;
    if (heap->tracer.scanned - begin > budget) return false;
    memset(chunk->marks, 0, sizeof chunk->marks);
    memset(vmr_gc_cards(chunk), 0, vmr_gc_card_count(chunk));
    heap->tracer.scanned += CLEAR_BYTES + vmr_gc_card_count(chunk) / 4;
    heap->walk = chunk->next;
  }
  begin_marking(heap);
  return true;
}

/* Marks about `budget` bytes of objects; true when nothing is left to mark. */
static bool mark_some(vmr_gc_body *heap, size_t budget) {
  vmr_gc_tracer *tracer = &heap->tracer;
  size_t begin = tracer->scanned;
  for (;;) {
    size_t done = tracer->scanned - begin;
    if (!vmr_gc_drain(heap, done < budget ? budget - done : 0)) return false;
    if (heap->walk == NULL) return true;
    done = tracer->scanned - begin;
    if (done > budget) return false;
    vmr_gc_scan_cards(heap, budget - done);
  }
}

/* ---- end ---- */

/* Adds three words bit by bit: the sum stays in `first`, the carries are the result. */
static inline uint64_t add_bits(uint64_t *first, uint64_t second, uint64_t third) {
  uint64_t either = *first ^ second, carry = (*first & second) | (either & third);
  *first = either ^ third;
  return carry;
}

/* Four words are added into ones, twos and fours before bits are counted: without an instruction for it that is dear (Warren,
 * Hacker's Delight, 5-1, after Harley and Seal). */
static uint32_t count_marks(const vmr_gc_block *block) {
  const uint64_t *marks = vmr_gc_block_marks(block);
  uint64_t ones = 0, twos = 0;
  uint32_t fours = 0;
  for (uint32_t i = 0; i < VMR_GC_BLOCK_WORDS; i += 4) {
    uint64_t first = add_bits(&ones, marks[i], marks[i + 1]), second = add_bits(&ones, marks[i + 2], marks[i + 3]);
    uint64_t four = add_bits(&twos, first, second);
    if (four != 0) fours += (uint32_t)__builtin_popcountll(four);
  }
  return 4 * fours + 2 * (uint32_t)__builtin_popcountll(twos) + (uint32_t)__builtin_popcountll(ones);
}

static void poison_dead(const vmr_gc_block *block) {
  if (block->state == VMR_GC_BLOCK_OBJECT) return;
  for (uint32_t at = 0; at < block->end; at += block->granules) {
    char *cell = vmr_gc_block_base(block) + at * VMR_GC_GRANULE;
    if (!vmr_gc_is_marked(cell)) vmr_os_poison(cell, block->cell_bytes);
  }
}

/* Counts what is alive in a block; frees it, or enters it into its bucket's list. */
static void settle_block(vmr_gc_body *heap, vmr_gc_block *block) {
  uint32_t count =
      block->state == VMR_GC_BLOCK_OBJECT ? vmr_gc_is_marked(vmr_gc_block_base(block)) : count_marks(block);
  size_t bytes = count * block->cell_bytes;
  if (heap->is_watched) poison_dead(block);
  block->type->counted_objects += count;
  block->type->counted_bytes += bytes;
  if (count == 0) {
    if (heap->is_watched) {
      size_t blocks = block->state == VMR_GC_BLOCK_OBJECT ? block->count : 1;
      vmr_os_poison(vmr_gc_block_base(block), blocks * VMR_GC_BLOCK_BYTES);
    }
    vmr_gc_free_blocks(block);
  } else if (block->state == VMR_GC_BLOCK_CELLS) {
    block->is_zero = false;
    block->swept = count * block->granules == block->end ? block->end : 0;
    if (block->swept != 0) return;
    block->next = block->bucket->todo;
    block->bucket->todo = block;
  }
}

static void settle_chunk(vmr_gc_body *heap, vmr_gc_chunk *chunk) {
  if (chunk->is_large) {
    vmr_gc_block *block = &chunk->blocks[chunk->first];
    if (!vmr_gc_is_marked(vmr_gc_block_base(block))) {
      vmr_gc_remove_chunk(heap, chunk);
    } else {
      settle_block(heap, block);
    }
    return;
  }
  for (uint32_t i = VMR_GC_BLOCKS; i-- > VMR_GC_FIRST_BLOCK;) { /* backwards: lists are then in order of address */
    vmr_gc_block *block = &chunk->blocks[i];
    if (block->state == VMR_GC_BLOCK_CELLS || block->state == VMR_GC_BLOCK_OBJECT) settle_block(heap, block);
  }
}

/* Settles chunks until `budget` is used up; true when all are. */
static bool settle_some(vmr_gc_body *heap, size_t budget) {
  size_t begin = heap->tracer.scanned;
  while (heap->walk != NULL && heap->tracer.scanned - begin <= budget) {
    vmr_gc_chunk *chunk = heap->walk;
    heap->walk = chunk->next;
    chunk->settled = heap->cycle.number;
    heap->tracer.scanned += SETTLE_BYTES;
    settle_chunk(heap, chunk);
  }
  return heap->walk == NULL;
}

/* When the next cycle begins, and when it is a full one. */
static void set_triggers(vmr_gc_body *heap) {
  uint64_t live = heap->live_bytes, growth = live / 100 * heap->options.growth_percent;
  if (growth < LEAST_FULL) growth = LEAST_FULL;
  if (!heap->is_young_cycle) heap->full_trigger = live + growth;
  bool is_generational = (heap->options.flags & VMR_GC_GENERATIONAL) != 0;
  uint64_t trigger = is_generational ? live / 4 : growth, unused = heap->reserved - live;
  if (is_generational && trigger < unused - unused / 16)
    trigger = unused - unused / 16;                                  /* what is there costs nothing */
  if ((heap->options.flags & VMR_GC_INCREMENTAL) != 0) trigger /= 2; /* the rest is for its steps */
  if (trigger < heap->options.nursery_bytes) trigger = heap->options.nursery_bytes;
  heap->trigger = trigger < SIZE_MAX ? (size_t)trigger : SIZE_MAX;
  heap->allocated = 0;
}

static void note_cycle(vmr_gc_body *heap, uint64_t old_bytes, uint64_t old_objects) {
  vmr_gc_figures *figures = &heap->figures;
  heap->cycle.freed_bytes = old_bytes + heap->marked_made_bytes - heap->live_bytes;
  heap->cycle.freed_objects = old_objects + heap->marked_made_objects - heap->live_objects;
  heap->cycle.live_bytes = heap->live_bytes;
  heap->cycle.live_objects = heap->live_objects;
  figures->allocated_bytes += heap->marked_made_bytes;
  figures->allocated_objects += heap->marked_made_objects;
  figures->freed_bytes += heap->cycle.freed_bytes;
  figures->freed_objects += heap->cycle.freed_objects;
  if (heap->is_young_cycle) figures->promoted_bytes += heap->live_bytes - old_bytes;
  heap->marked_made_bytes = heap->marked_made_objects = 0;
  figures->cycles++;
  figures->young_cycles += heap->is_young_cycle;
}

/* From now on marks are as they will be: chunks that are settled may be allocated in. */
static void end_marking(vmr_gc_body *heap) {
  vmr_gc_settle_profile(heap);
  vmr_gc_end_offers(heap);
  heap->open.is_marking = false;
  heap->phase = VMR_GC_SETTLING;
  heap->walk = heap->chunks;
  heap->free_hint = NULL;
  heap->marked_made_bytes = heap->made_bytes;
  heap->marked_made_objects = heap->made_objects;
  heap->made_bytes = heap->made_objects = 0;
  for (vmr_gc_type_body *each = heap->types; each != NULL; each = each->next)
    each->counted_bytes = each->counted_objects = 0;
}

static void publish(vmr_gc_body *heap) {
  vmr_gc_published *published = &heap->published;
  VMR_PUBLISH(published->live_bytes, heap->live_bytes);
  VMR_PUBLISH(published->live_objects, heap->live_objects);
  VMR_PUBLISH(published->cycles, heap->figures.cycles);
  VMR_PUBLISH(published->young_cycles, heap->figures.young_cycles);
  VMR_PUBLISH(published->freed_bytes, heap->figures.freed_bytes);
  VMR_PUBLISH(published->promoted_bytes, heap->figures.promoted_bytes);
  VMR_PUBLISH(published->total_pause, heap->figures.total_pause);
  VMR_PUBLISH(published->longest_pause, heap->figures.longest_pause);
  VMR_PUBLISH(published->pauses, heap->figures.steps);
  VMR_PUBLISH(published->over_100us, heap->over_100us);
  VMR_PUBLISH(published->over_1ms, heap->over_1ms);
  VMR_PUBLISH(published->over_10ms, heap->over_10ms);
}

static void keep_history(vmr_gc_body *heap) {
  publish(heap);
  heap->history[(heap->cycle.number - 1) % VMR_GC_HISTORY] = heap->cycle;
}

static void end_settling(vmr_gc_body *heap) {
  uint64_t old_bytes = heap->live_bytes, old_objects = heap->live_objects;
  heap->live_bytes = heap->live_objects = 0;
  for (vmr_gc_type_body *each = heap->types; each != NULL; each = each->next) {
    heap->live_bytes += each->live_bytes = each->counted_bytes;
    heap->live_objects += each->live_objects = each->counted_objects;
  }
  note_cycle(heap, old_bytes, old_objects);
  set_triggers(heap);
  keep_history(heap);
  verify(heap);
  heap->phase = VMR_GC_RELEASING;
  heap->walk = heap->is_young_cycle ? NULL : heap->chunks;
}

/* Gives back chunks without objects, newest first, that are more than will be needed; true when that is done. */
static bool release_some(vmr_gc_body *heap, size_t budget) {
  size_t begin = heap->tracer.scanned, keep = (size_t)heap->live_bytes * 2 + heap->trigger + 2 * VMR_GC_CHUNK_BYTES;
  while (heap->walk != NULL && heap->reserved > keep) {
    vmr_gc_chunk *chunk = heap->walk;
    if (heap->tracer.scanned - begin > budget) return false;
    heap->walk = chunk->next;
    heap->tracer.scanned += sizeof(vmr_gc_block);
    if (!vmr_gc_is_chunk_empty(chunk)) continue;
    vmr_gc_remove_chunk(heap, chunk);
    heap->tracer.scanned += RELEASE_BYTES;
  }
  heap->walk = NULL;
  heap->phase = VMR_GC_IDLE;
  return true;
}

/* Marks about `budget` bytes; true when nothing is left to mark. */
static bool mark_and_look_again(vmr_gc_body *heap, size_t budget) {
  size_t begin = heap->tracer.scanned;
  while (mark_some(heap, budget)) {
    vmr_gc_mark_roots(heap);
    if (heap->tracer.top == heap->tracer.base && !heap->tracer.is_overflown) return true;
    if (heap->tracer.scanned - begin >= budget) return false;
  }
  return false;
}

/* As much of the cycle as `budget` is worth, of one phase of it, or of clearing and marking; true when the cycle is at its end. */
static bool do_step(vmr_gc_body *heap, size_t budget) {
  size_t begin = heap->tracer.scanned;
  if (heap->phase == VMR_GC_SETTLING) {
    if (settle_some(heap, budget)) end_settling(heap);
    return false;
  }
  if (heap->phase == VMR_GC_RELEASING) return release_some(heap, budget);
  if (heap->phase == VMR_GC_CLEARING && !clear_some(heap, budget)) return false;
  size_t done = heap->tracer.scanned - begin;
  if (done < budget && mark_and_look_again(heap, budget - done) && vmr_gc_settle_handles(heap)) end_marking(heap);
  return false;
}

/* ---- from outside ---- */

static void complete(vmr_gc_body *heap, uint64_t begin) {
  while (!do_step(heap, SIZE_MAX / 2)) continue;
  note_pause(heap, begin);
  keep_history(heap);
}

void vmr_gc_finish_cycle(vmr_gc_body *heap) {
  vmr_deferral deferral;
  if (heap->phase == VMR_GC_IDLE || heap->is_collecting) return;
  begin_pause(heap, &deferral);
  complete(heap, vmr_os_nanoseconds());
  end_pause(heap, &deferral);
}

void vmr_gc_run_cycle(vmr_gc_body *heap, bool is_young) {
  vmr_deferral deferral;
  if (heap->is_collecting) return;
  begin_pause(heap, &deferral);
  if (heap->phase != VMR_GC_IDLE) complete(heap, vmr_os_nanoseconds());
  uint64_t begin = vmr_os_nanoseconds();
  begin_cycle(heap, is_young);
  if (!is_young) clear_some(heap, SIZE_MAX / 2);
  bool is_parallel = (heap->options.flags & VMR_GC_PARALLEL) != 0 && !is_young &&
                     heap->live_objects + heap->made_objects >= heap->options.parallel_objects;
  if (is_parallel) vmr_gc_drain_by_two(heap);
  complete(heap, begin);
  end_pause(heap, &deferral);
}

bool vmr_gc_settle_more(vmr_gc_body *heap) {
  if (heap->phase != VMR_GC_SETTLING || heap->walk == NULL || heap->is_collecting) return false;
  uint64_t begin = vmr_os_nanoseconds();
  settle_some(heap, 0);
  note_pause(heap, begin);
  return true;
}

static bool step(vmr_gc_body *heap, size_t budget, bool is_young) {
  vmr_deferral deferral;
  uint64_t begin = vmr_os_nanoseconds();
  bool is_done = false;
  begin_pause(heap, &deferral);
  heap->unpaid = 0;
  if (heap->phase != VMR_GC_IDLE) {
    is_done = do_step(heap, budget);
  } else {
    begin_cycle(heap, is_young);
  }
  note_pause(heap, begin);
  if (is_done) keep_history(heap);
  end_pause(heap, &deferral);
  return is_done;
}

void vmr_gc_advance(vmr_gc_body *heap, size_t bytes) {
  uint32_t flags = heap->options.flags;
  if (heap->is_collecting) return;
  bool is_due = heap->allocated + bytes > heap->trigger && (flags & VMR_GC_MANUAL) == 0;
  bool is_young = (flags & VMR_GC_GENERATIONAL) != 0 && heap->live_bytes < heap->full_trigger;
  if (heap->phase != VMR_GC_IDLE) {
    size_t most = SIZE_MAX / 4 / VMR_GC_STEP_RATIO;
    size_t budget = bytes > most ? SIZE_MAX / 2 : (heap->unpaid + bytes) * VMR_GC_STEP_RATIO;
    if ((flags & VMR_GC_MANUAL) == 0)
      step(heap, budget > heap->options.step_bytes ? budget : heap->options.step_bytes, false);
  } else if (is_due && (flags & VMR_GC_INCREMENTAL) != 0) {
    step(heap, 0, is_young);
  } else if (is_due) {
    vmr_gc_run_cycle(heap, is_young);
  }
  if (heap->due_count != 0 && !heap->open.is_marking) vmr_gc_run_finalisers(&heap->open);
}

static vmr_status collect(vmr_gc *gc, bool is_young, vmr_gc_freed *freed) {
  vmr_gc_body *heap = vmr_gc_body_of(gc);
  if (freed != NULL) *freed = (vmr_gc_freed){0};
  if (gc == NULL) return VMR_INVALID_ARGUMENT;
  if (heap->is_collecting || heap->is_finalising) return VMR_WRONG_ORDER;
  vmr_gc_run_cycle(heap, is_young);
  if (freed != NULL) *freed = (vmr_gc_freed){heap->cycle.freed_bytes, heap->cycle.freed_objects};
  vmr_gc_run_finalisers(&heap->open);
  return VMR_OK;
}

vmr_status vmr_gc_collect(vmr_gc *gc, vmr_gc_freed *freed) { return collect(gc, false, freed); }

vmr_status vmr_gc_collect_young(vmr_gc *gc, vmr_gc_freed *freed) {
  return collect(gc, gc != NULL && (vmr_gc_body_of(gc)->options.flags & VMR_GC_GENERATIONAL) != 0, freed);
}

bool vmr_gc_step(vmr_gc *gc, size_t bytes) {
  vmr_gc_body *heap = vmr_gc_body_of(gc);
  if (gc == NULL || heap->is_collecting || heap->is_finalising) return false;
  if (heap->phase == VMR_GC_IDLE) step(heap, 0, false);
  bool is_done = step(heap, bytes, false);
  if (is_done) vmr_gc_run_finalisers(gc);
  return is_done;
}
