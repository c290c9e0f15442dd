/* planner_random.h: random planning problems, and the slow truths that answers are held against: the
 * optimum by trying all permutations, and the skyline from its definition. */
#ifndef VMO_TESTS_UNIT_PLANNER_RANDOM_H
#define VMO_TESTS_UNIT_PLANNER_RANDOM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "planner/planner.h"

typedef struct random_source {
  uint64_t state;
} random_source;

static inline uint64_t random_next(random_source *source) {
  uint64_t z = source->state += UINT64_C(0x9E3779B97F4A7C15);
  z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
  return z ^ z >> 31;
}

/* Evenly in [low, high]. */
static inline int64_t random_in(random_source *source, int64_t low, int64_t high) {
  return low + (int64_t)(random_next(source) % (uint64_t)(high - low + 1));
}

/* How many rounds a random test makes of `count`: a quarter under AddressSanitizer, where each takes several times as long. */
static inline int random_rounds(int count) {
#ifdef __SANITIZE_ADDRESS__
  return (count + 3) / 4;
#else
  return count;
#endif
}

static inline bool random_chance(random_source *source, int percent) { return random_in(source, 1, 100) <= percent; }

typedef struct random_shape {
  uint32_t buffers;
  int64_t times; /* lifetimes lie in [0, times) */
  int64_t longest;
  vmo_bytes largest;
  int gaps, pins, alignments, oddities; /* percent of the buffers */
} random_shape;

/* A problem in malloc'ed memory. */
typedef struct random_problem {
  vmo_problem problem;
  vmo_buffer *buffers;
  vmo_lifetime *lifetimes;
} random_problem;

#define RANDOM_LIFETIMES 4 /* at most, per buffer */

static inline uint32_t random_lifetimes(random_source *source, const random_shape *shape, vmo_lifetime *lifetimes) {
  int64_t begin = random_in(source, 0, shape->times - 1), end = begin + random_in(source, 1, shape->longest);
  uint32_t count = 1;
  lifetimes[0] = (vmo_lifetime){begin, end};
  while (random_chance(source, shape->gaps) && count < RANDOM_LIFETIMES) {
    begin = end + random_in(source, 0, shape->longest);
    end = begin + random_in(source, 1, shape->longest);
    lifetimes[count++] = (vmo_lifetime){begin, end};
  }
  return count;
}

static inline random_problem random_problem_make(random_source *source, const random_shape *shape) {
  random_problem made = {.buffers = calloc(shape->buffers + 1, sizeof *made.buffers),
                         .lifetimes = calloc((shape->buffers + 1) * RANDOM_LIFETIMES, sizeof *made.lifetimes)};
  uint32_t lifetimes = 0;
  for (uint32_t i = 0; i < shape->buffers; i++) {
    vmo_buffer *buffer = &made.buffers[i];
    *buffer = (vmo_buffer){.bytes = random_in(source, 1, shape->largest), .alignment = 1, .fixed_offset = -1};
    buffer->lifetime_first = lifetimes;
    buffer->lifetime_count = random_lifetimes(source, shape, made.lifetimes + lifetimes);
    if (random_chance(source, shape->oddities)) {
      if (random_chance(source, 50))
        buffer->bytes = 0;
      else
        buffer->lifetime_count = 0;
    }
    lifetimes += buffer->lifetime_count;
    if (random_chance(source, shape->alignments)) buffer->alignment = INT64_C(1) << random_in(source, 0, 5);
    if (random_chance(source, shape->pins))
      buffer->fixed_offset = random_in(source, 0, 2 * shape->largest) / buffer->alignment * buffer->alignment;
  }
  made.problem = (vmo_problem){.buffers = made.buffers,
                               .buffer_count = shape->buffers,
                               .lifetimes = made.lifetimes,
                               .lifetime_count = lifetimes,
                               .capacity = -1};
  return made;
}

static inline void random_problem_free(random_problem *made) {
  free(made->buffers);
  free(made->lifetimes);
}

/* ---- slow truths ---- */

static inline bool are_live_together(const vmo_problem *problem, uint32_t a, uint32_t b) {
  const vmo_buffer *one = &problem->buffers[a], *other = &problem->buffers[b];
  if (one->bytes == 0 || other->bytes == 0) return false;
  for (uint32_t i = 0; i < one->lifetime_count; i++)
    for (uint32_t j = 0; j < other->lifetime_count; j++) {
      vmo_lifetime x = problem->lifetimes[one->lifetime_first + i], y = problem->lifetimes[other->lifetime_first + j];
      if (x.begin < y.end && y.begin < x.end) return true;
    }
  return false;
}

/* The lowest place for `buffer` from `offset` on, among those with a place (offsets >= 0). */
static inline vmo_bytes lowest_place(const vmo_problem *problem, const vmo_bytes *offsets, uint32_t buffer,
                                     vmo_bytes offset) {
  const vmo_buffer *placed = &problem->buffers[buffer];
  for (bool moved = true; moved;) {
    moved = false;
    offset = (offset + placed->alignment - 1) / placed->alignment * placed->alignment;
    for (uint32_t i = 0; i < problem->buffer_count; i++) {
      if (i == buffer || offsets[i] < 0 || !are_live_together(problem, i, buffer)) continue;
      if (offset + placed->bytes <= offsets[i] || offsets[i] + problem->buffers[i].bytes <= offset) continue;
      offset = offsets[i] + problem->buffers[i].bytes;
      moved = true;
    }
  }
  return offset;
}

static inline vmo_bytes height_of(const vmo_problem *problem, const vmo_bytes *offsets) {
  vmo_bytes height = 0;
  for (uint32_t i = 0; i < problem->buffer_count; i++)
    if (offsets[i] + problem->buffers[i].bytes > height) height = offsets[i] + problem->buffers[i].bytes;
  return height;
}

static inline void try_permutations(const vmo_problem *problem, vmo_bytes *offsets, uint32_t left, vmo_bytes *best) {
  if (height_of(problem, offsets) >= *best) return;
  if (left == 0) *best = height_of(problem, offsets);
  for (uint32_t i = 0; i < problem->buffer_count; i++) {
    if (offsets[i] >= 0) continue;
    offsets[i] = lowest_place(problem, offsets, i, 0);
    try_permutations(problem, offsets, left - 1, best);
    offsets[i] = -1;
  }
}

/* The optimal height: some order in which each buffer takes the lowest free place gives an optimal plan (take the
 * buffers of any optimal plan from the lowest offset up: none has to lie higher than it did). -1: the fixed offsets
 * overlap. At most some 8 buffers. */
static inline vmo_bytes optimal_height(const vmo_problem *problem) {
  vmo_bytes offsets[16], best = INT64_MAX;
  uint32_t left = 0;
  for (uint32_t i = 0; i < problem->buffer_count; i++) {
    offsets[i] = problem->buffers[i].fixed_offset;
    left += offsets[i] < 0;
  }
  for (uint32_t i = 0; i < problem->buffer_count; i++)
    if (offsets[i] >= 0 && lowest_place(problem, offsets, i, offsets[i]) != offsets[i]) return -1;
  try_permutations(problem, offsets, left, &best);
  return best;
}

/* A rectangle of `width` by `height` cut at random into `count` pieces: the optimum is its height, and hard to find. */
static inline random_problem random_cuts(random_source *source, uint32_t count, int64_t width, vmo_bytes height) {
  random_problem made = {.buffers = calloc(count, sizeof *made.buffers),
                         .lifetimes = calloc(count, sizeof *made.lifetimes)};
  made.lifetimes[0] = (vmo_lifetime){0, width};
  made.buffers[0] = (vmo_buffer){height, 1, -1, 0, 1};
  for (uint32_t i = 1; i < count;) {
    uint32_t cut = (uint32_t)random_in(source, 0, i - 1);
    vmo_lifetime *life = &made.lifetimes[cut];
    vmo_buffer *buffer = &made.buffers[cut];
    made.lifetimes[i] = *life;
    made.buffers[i] = (vmo_buffer){buffer->bytes, 1, -1, i, 1};
    if (random_chance(source, 50) && life->end - life->begin > 1) {
      life->end = made.lifetimes[i].begin = random_in(source, life->begin + 1, life->end - 1);
      i++;
    } else if (buffer->bytes > 1) {
      buffer->bytes = random_in(source, 1, buffer->bytes - 1);
      made.buffers[i].bytes -= buffer->bytes;
      i++;
    }
  }
  made.problem = (vmo_problem){made.buffers, count, made.lifetimes, count, -1};
  return made;
}

#endif
