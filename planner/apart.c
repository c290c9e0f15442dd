/* apart.c: times of their own for the pairs that are to be apart, as few as a greedy cover finds.
 *
 * Buffers of which any two are to be apart may all be live at one time, instead of two at each of many:
 *
 *   pairs  a-b, a-c, b-c        a  ██        instead of   ██ ██
 *                               b  ██                     ██    ██
 *                               c  ██                        ██ ██
 *
 * The plans are the same, and the load at that time is a floor: the sum of all. So each pair that no time has yet begins a
 * clique, which grows by the neighbours of all its members in the order of their numbers; those are found by going
 * through the neighbours of each new member. Pairs that keep only a part of their bytes apart stay alone. Cost: O(c d)
 * for each clique of c bundles with d neighbours each, in units of work that are limited: past those, each pair
 * stays alone. Memory is linear in the pairs. */
#include <string.h>

#include "planner/bundle.h"
#include "planner/instance.h"
#include "support/vec.h"

#define UNITS_PER_PAIR 40
#define LEAST_UNITS UINT64_C(20000000)

typedef struct neighbour {
  uint32_t place; /* among the chosen bundles */
  uint32_t pair;
} neighbour;

typedef struct member {
  uint32_t place, time;
  vmo_bytes bytes;
} member;

typedef struct cover_run {
  const vmo_space_problem *space;
  vmr_arena *scratch;
  const uint32_t *places;
  uint32_t *firsts; /* per chosen bundle, and two more: into neighbours */
  neighbour *neighbours;
  bool *done;       /* per pair: it needs no time, or has one */
  uint32_t *stamps; /* per chosen bundle: when it was a neighbour of a member last */
  uint32_t *candidates, *clique;
  uint32_t stamp, clique_count;
  uint64_t units;
  VMO_VEC(member) members;
  vmo_apart_times *times;
} cover_run;

/* Whether two plain bundles are live together, and so apart anyway. */
static bool meet(const vmo_bundles *bundles, const vmo_apart *pair) {
  const vmo_bundle *a = &bundles->data[pair->first], *b = &bundles->data[pair->second];
  if (a->shaped || b->shaped) return false;
  for (uint32_t i = 0, j = 0; i < a->piece_count && j < b->piece_count;) {
    const vmo_piece *x = &bundles->pieces[a->piece_first + i], *y = &bundles->pieces[b->piece_first + j];
    if (x->begin < y->end && y->begin < x->end) return true;
    if (x->end <= y->end)
      i++;
    else
      j++;
  }
  return false;
}

static bool is_whole(const vmo_bundles *bundles, const vmo_apart *pair) {
  return pair->first_bytes == bundles->data[pair->first].bytes &&
         pair->second_bytes == bundles->data[pair->second].bytes;
}

/* Lists the neighbours by whole pairs in this space, and which pairs need a time. */
static void list_neighbours(cover_run *run) {
  const vmo_bundles *bundles = run->space->bundles;
  uint32_t count = run->space->chosen_count;
  for (int fill = 0; fill < 2; fill++) {
    for (uint32_t i = 0; i < bundles->apart_count; i++) {
      const vmo_apart *pair = &bundles->apart[i];
      uint32_t a = run->places[pair->first], b = run->places[pair->second];
      if (fill == 0) run->done[i] = a == VMO_NONE || b == VMO_NONE || meet(bundles, pair);
      if (a == VMO_NONE || b == VMO_NONE || !is_whole(bundles, pair)) continue;
      if (fill == 0) {
        run->firsts[a + 2]++;
        run->firsts[b + 2]++;
      } else {
        run->neighbours[run->firsts[a + 1]++] = (neighbour){b, i};
        run->neighbours[run->firsts[b + 1]++] = (neighbour){a, i};
      }
    }
    if (fill == 0)
      for (uint32_t i = 0; i <= count; i++) run->firsts[i + 1] += run->firsts[i];
  }
}

/* Stamps the neighbours of a member. */
static void stamp_neighbours(cover_run *run, uint32_t place) {
  uint64_t cost = run->firsts[place + 1] - run->firsts[place];
  run->units -= cost < run->units ? cost : run->units;
  run->stamp++;
  for (uint32_t i = run->firsts[place]; i < run->firsts[place + 1]; i++)
    run->stamps[run->neighbours[i].place] = run->stamp;
}

static void keep_stamped(cover_run *run, uint32_t *count) {
  uint32_t kept = 0;
  run->units -= *count < run->units ? *count : run->units;
  for (uint32_t i = 0; i < *count; i++)
    if (run->stamps[run->candidates[i]] == run->stamp) run->candidates[kept++] = run->candidates[i];
  *count = kept;
}

static vmo_bytes bytes_of(const cover_run *run, uint32_t place) {
  return run->space->bundles->data[run->space->chosen[place]].bytes;
}

/* Grows a clique from two neighbours, as long as its bytes stay below 2^53. */
static void grow_clique(cover_run *run, uint32_t a, uint32_t b) {
  uint32_t count = 0;
  vmo_bytes left = VMO_BYTES_LIMIT - 1 - bytes_of(run, a) - bytes_of(run, b);
  run->clique_count = 0;
  run->clique[run->clique_count++] = a;
  run->clique[run->clique_count++] = b;
  for (uint32_t i = run->firsts[a]; i < run->firsts[a + 1]; i++) run->candidates[count++] = run->neighbours[i].place;
  stamp_neighbours(run, b);
  keep_stamped(run, &count);
  while (count > 0 && run->units > 0) {
    uint32_t added = run->candidates[0];
    if (bytes_of(run, added) > left) break;
    left -= bytes_of(run, added);
    run->clique[run->clique_count++] = added;
    stamp_neighbours(run, added);
    keep_stamped(run, &count);
  }
}

/* The pairs within the clique have their time. */
static void mark_clique(cover_run *run) {
  run->stamp++;
  for (uint32_t i = 0; i < run->clique_count; i++) run->stamps[run->clique[i]] = run->stamp;
  for (uint32_t i = 0; i < run->clique_count; i++)
    for (uint32_t j = run->firsts[run->clique[i]]; j < run->firsts[run->clique[i] + 1]; j++)
      if (run->stamps[run->neighbours[j].place] == run->stamp) run->done[run->neighbours[j].pair] = true;
}

static bool add_member(cover_run *run, uint32_t place, vmo_bytes bytes) {
  return vmo_vec_push(run->scratch, &run->members, ((member){place, run->times->count, bytes}));
}

/* Gives the pair a time, and with it all that can be there too. */
static bool cover_pair(cover_run *run, uint32_t index) {
  const vmo_bundles *bundles = run->space->bundles;
  const vmo_apart *pair = &bundles->apart[index];
  uint32_t a = run->places[pair->first], b = run->places[pair->second];
  if (pair->first_bytes > VMO_BYTES_LIMIT - 1 - pair->second_bytes) run->times->too_large = true;
  if (!is_whole(bundles, pair) || run->units == 0 || run->times->too_large) {
    run->times->partial = run->times->partial || !is_whole(bundles, pair);
    if (!add_member(run, a, pair->first_bytes) || !add_member(run, b, pair->second_bytes)) return false;
  } else {
    grow_clique(run, a, b);
    mark_clique(run);
    for (uint32_t i = 0; i < run->clique_count; i++)
      if (!add_member(run, run->clique[i], bytes_of(run, run->clique[i]))) return false;
  }
  run->times->count++;
  return true;
}

/* Sorts the members by bundle; those of a bundle keep the order of their times. */
static bool hand_out(cover_run *run, vmr_arena *arena) {
  vmo_apart_times *times = run->times;
  uint32_t count = run->space->chosen_count;
  times->firsts = vmr_arena_alloc_array(arena, (size_t)count + 2, sizeof *times->firsts);
  times->entries = vmr_arena_alloc(arena, ((size_t)run->members.count + 1) * sizeof *times->entries);
  if (times->firsts == NULL || times->entries == NULL) return false;
  for (uint32_t i = 0; i < run->members.count; i++) times->firsts[run->members.data[i].place + 2]++;
  for (uint32_t i = 0; i <= count; i++) times->firsts[i + 1] += times->firsts[i];
  for (uint32_t i = 0; i < run->members.count; i++) {
    const member *added = &run->members.data[i];
    times->entries[times->firsts[added->place + 1]++] = (vmo_apart_time){added->time, added->bytes};
  }
  return true;
}

static bool cover(cover_run *run, vmr_arena *arena) {
  size_t count = (size_t)run->space->chosen_count + 2, pairs = (size_t)run->space->bundles->apart_count + 1;
  run->places = vmo_list_places(run->space, run->scratch);
  run->firsts = vmr_arena_alloc_array(run->scratch, count, sizeof *run->firsts);
  run->neighbours = vmr_arena_alloc(run->scratch, 2 * pairs * sizeof *run->neighbours);
  run->done = vmr_arena_alloc_array(run->scratch, pairs, sizeof *run->done);
  run->stamps = vmr_arena_alloc_array(run->scratch, count, sizeof *run->stamps);
  run->candidates = vmr_arena_alloc(run->scratch, count * sizeof *run->candidates);
  run->clique = vmr_arena_alloc(run->scratch, count * sizeof *run->clique);
  if (run->places == NULL || run->firsts == NULL || run->neighbours == NULL || run->done == NULL ||
      run->stamps == NULL || run->candidates == NULL || run->clique == NULL)
    return false;
  list_neighbours(run);
  run->units = LEAST_UNITS + UNITS_PER_PAIR * (uint64_t)pairs;
  for (uint32_t i = 0; i < run->space->bundles->apart_count; i++)
    if (!run->done[i] && !cover_pair(run, i)) return false;
  return hand_out(run, arena);
}

bool vmo_cover_pairs(const vmo_space_problem *space, vmr_arena *arena, vmo_apart_times *times) {
  *times = (vmo_apart_times){0};
  cover_run run = {.space = space, .scratch = vmr_arena_create(0), .times = times};
  bool covered = run.scratch != NULL && cover(&run, arena);
  vmr_arena_destroy(run.scratch);
  return covered;
}
