/* improve.c: looks for ranks with which the skyline comes out lower.
 *
 * Which of several buffers lies where is decided by ranks alone, so a plan can be searched for among
 * permutations, with the skyline as the judge; it gives up at the height that is known already. Two kinds
 * of candidates take turns: one of the plain orders with noise on its positions, and the best ranks so far
 * with a few buffers moved elsewhere. As good is good enough to move on from, so that the search drifts
 * along plateaus. Where alignments differ, every other noisy order is tried with one alignment for all. Random numbers come from a seed, and the end from units of work: the same problem gives
 * the same plan. A candidate costs one run of the skyline. */
#include <string.h>

#include "planner/instance.h"
#include "support/random.h"

#define MOST_MOVES 8

typedef struct rank_search {
  vmo_work *work;
  uint64_t random;  /* state */
  uint32_t *ranked; /* of the best plan */
  uint32_t *candidate;
  vmo_keyed *keys; /* room for twice the items */
  bool coarse;     /* the best plan has one alignment for all */
} rank_search;

static uint32_t random_below(rank_search *search, uint32_t bound) {
  return (uint32_t)((vmo_next_random(&search->random) >> 32) * bound >> 32);
}

/* One of the orders, each position shifted by up to a random part of the count. */
static void shake_order(rank_search *search) {
  uint32_t count = search->work->part->item_count;
  vmo_order order = VMO_ORDER_LOAD;
  while (order == VMO_ORDER_LOAD) order = (vmo_order)random_below(search, VMO_ORDER_COUNT);
  vmo_rank_items(search->work->instance, search->work->part, order, search->keys, search->candidate);
  uint64_t noise = ((uint64_t)count << 10 >> random_below(search, 9)) + 1024;
  for (uint32_t i = 0; i < count; i++)
    search->keys[i] = (vmo_keyed){((uint64_t)i << 10) + (vmo_next_random(&search->random) >> 32) * noise / UINT32_MAX,
                                  search->candidate[i]};
  vmo_sort_keyed(search->keys, search->keys + count, count);
  for (uint32_t i = 0; i < count; i++) search->candidate[i] = search->keys[i].value;
}

static void move_some(rank_search *search) {
  uint32_t count = search->work->part->item_count, *ranked = search->candidate;
  memcpy(ranked, search->ranked, count * sizeof *ranked);
  for (uint32_t moves = 1 + random_below(search, MOST_MOVES); moves > 0; moves--) {
    uint32_t from = random_below(search, count), to = random_below(search, count), item = ranked[from];
    if (from < to)
      memmove(ranked + from, ranked + from + 1, (to - from) * sizeof *ranked);
    else
      memmove(ranked + to + 1, ranked + to, (from - to) * sizeof *ranked);
    ranked[to] = item;
  }
}

vmo_outcome vmo_improve_plan(vmo_work *work, uint32_t *ranked, bool coarse, vmo_bytes enough, uint64_t seed,
                             vmr_arena *arena) {
  bool mixed = work->instance->grain < work->instance->largest_alignment;
  uint32_t count = work->part->item_count;
  rank_search search = {.work = work, .random = seed, .ranked = ranked, .coarse = coarse};
  search.candidate = vmr_arena_alloc(arena, count * sizeof *search.candidate);
  search.keys = vmr_arena_alloc(arena, 2 * (size_t)count * sizeof *search.keys);
  vmo_bytes *best = vmr_arena_alloc(arena, count * sizeof *best), *offsets = work->offsets + work->part->item_first;
  if (search.candidate == NULL || search.keys == NULL || best == NULL) return VMO_OUTCOME_OUT_OF_MEMORY;
  bool improved = false;
  vmo_bytes height = work->height;
  uint64_t cost = 0; /* of the costliest candidate so far: one that would not end is not begun */
  for (uint32_t turn = 0; height > enough && work->used + cost <= work->limit && !vmo_watch_is_over(work->watch);
       turn++) {
    turn % 2 == 0 ? shake_order(&search) : move_some(&search);
    coarse = turn % 2 == 0 ? mixed && turn % 4 == 0 : search.coarse;
    uint64_t before = work->used;
    work->ceiling = height + 1;
    vmr_arena_reset(work->arena);
    vmo_outcome outcome = vmo_plan_by_skyline(work, search.candidate, coarse);
    if (outcome == VMO_OUTCOME_OUT_OF_MEMORY) return outcome;
    if (work->used - before > cost) cost = work->used - before;
    if (outcome == VMO_OUTCOME_NONE) continue;
    memcpy(search.ranked, search.candidate, count * sizeof *search.ranked);
    search.coarse = coarse;
    if (work->height == height) continue;
    height = work->height;
    improved = true;
    memcpy(best, offsets, count * sizeof *best);
  }
  if (!improved) return VMO_OUTCOME_NONE;
  memcpy(offsets, best, count * sizeof *best);
  work->height = height;
  return VMO_OUTCOME_FOUND;
}
