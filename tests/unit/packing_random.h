/* packing_random.h: small random packing problems with every feature, and what is true of them, found by trying all
 * places on a grid of times and bytes. */
#ifndef VMO_TESTS_PACKING_RANDOM_H
#define VMO_TESTS_PACKING_RANDOM_H

#include <string.h>

#include "tests/unit/planner_random.h"

#define GRID_BUFFERS 9
#define GRID_TIMES 12
#define GRID_BYTES 64
#define GRID_SPACES 3

typedef struct packing_shape {
  int64_t buffers, times, largest;               /* at most */
  int gaps, windows, alignments, pins, oddities; /* percent of the buffers */
  int colocated, apart;                          /* pairs: percent for each buffer */
  int64_t spaces;                                /* at most; 0: none */
} packing_shape;

typedef struct random_packing {
  vmo_packing_problem problem;
  vmo_buffer buffers[GRID_BUFFERS];
  vmo_lifetime lifetimes[GRID_BUFFERS * GRID_TIMES];
  vmo_window windows[GRID_BUFFERS * GRID_TIMES];
  vmo_pair colocated[GRID_BUFFERS], apart[GRID_BUFFERS];
  vmo_space spaces[GRID_SPACES];
  uint64_t allowed[GRID_BUFFERS];
} random_packing;

/* Cuts the time of a buffer into stretches that are live, a window, or a gap. */
static inline void random_times(random_source *source, const packing_shape *shape, random_packing *made, uint32_t i) {
  vmo_buffer *buffer = &made->buffers[i];
  vmo_problem *base = &made->problem.base;
  int64_t time = random_in(source, 0, shape->times - 1), end = random_in(source, time + 1, shape->times);
  bool first = true;
  buffer->lifetime_first = base->lifetime_count;
  while (time < end) {
    int64_t until = random_in(source, time + 1, end);
    if (buffer->bytes > 0 && random_chance(source, shape->windows)) {
      vmo_bytes low = random_in(source, 0, buffer->bytes - 1), high = random_in(source, low + 1, buffer->bytes);
      made->windows[made->problem.window_count++] = (vmo_window){i, time, until, low, high};
    } else if (first || !random_chance(source, shape->gaps)) {
      made->lifetimes[base->lifetime_count++] = (vmo_lifetime){time, until};
      buffer->lifetime_count++;
    }
    first = false;
    time = until;
  }
}

static inline void random_wishes(random_source *source, const packing_shape *shape, random_packing *made) {
  uint32_t count = made->problem.base.buffer_count;
  for (uint32_t i = 1; i < count; i++) {
    vmo_pair pair = {(uint32_t)random_in(source, 0, i - 1), i};
    if (random_chance(source, shape->colocated)) made->colocated[made->problem.colocated_count++] = pair;
    pair.first = (uint32_t)random_in(source, 0, i - 1);
    if (random_chance(source, shape->apart)) made->apart[made->problem.apart_count++] = pair;
  }
}

static inline void random_spaces(random_source *source, const packing_shape *shape, random_packing *made) {
  static const char *const names[] = {"sram", "psram", "flash"};
  made->problem.space_count = (uint32_t)(shape->spaces > 0 ? random_in(source, 1, shape->spaces) : 0);
  for (uint32_t s = 0; s < made->problem.space_count; s++)
    made->spaces[s] =
        (vmo_space){names[s], random_in(source, 1, 3 * shape->largest),
                    random_chance(source, 20) ? INT64_C(1) << random_in(source, 0, 2) : 0, random_in(source, 0, 4)};
  for (uint32_t i = 0; i < made->problem.base.buffer_count && made->problem.space_count > 0; i++) {
    uint64_t all = (UINT64_C(1) << made->problem.space_count) - 1;
    made->allowed[i] = random_chance(source, 70) ? all : (uint64_t)random_in(source, 1, (int64_t)all);
  }
  made->problem.spaces = made->spaces;
  if (made->problem.space_count > 0) made->problem.allowed = made->allowed;
}

static inline void random_packing_make(random_source *source, const packing_shape *shape, random_packing *made) {
  memset(made, 0, sizeof *made);
  uint32_t count = (uint32_t)random_in(source, 1, shape->buffers);
  made->problem.base =
      (vmo_problem){.buffers = made->buffers, .buffer_count = count, .lifetimes = made->lifetimes, .capacity = -1};
  made->problem.windows = made->windows;
  made->problem.colocated = made->colocated;
  made->problem.apart = made->apart;
  for (uint32_t i = 0; i < count; i++) {
    vmo_buffer *buffer = &made->buffers[i];
    *buffer = (vmo_buffer){.bytes = random_in(source, 1, shape->largest), .alignment = 1, .fixed_offset = -1};
    if (random_chance(source, shape->oddities)) buffer->bytes = 0;
    if (random_chance(source, shape->alignments)) buffer->alignment = INT64_C(1) << random_in(source, 0, 2);
    if (random_chance(source, shape->pins))
      buffer->fixed_offset = random_in(source, 0, shape->largest) / buffer->alignment * buffer->alignment;
    random_times(source, shape, made, i);
  }
  random_wishes(source, shape, made);
  random_spaces(source, shape, made);
}

/* ---- the truth ---- */

typedef struct grid {
  const vmo_packing_problem *problem;
  uint32_t leaders[GRID_BUFFERS];                                          /* the first buffer of the bundle */
  vmo_bytes low[GRID_BUFFERS][GRID_TIMES], high[GRID_BUFFERS][GRID_TIMES]; /* per leader; low = high: nothing */
  vmo_bytes bytes[GRID_BUFFERS], alignment[GRID_BUFFERS], pin[GRID_BUFFERS];
  uint64_t allowed[GRID_BUFFERS];
  bool left_out[GRID_BUFFERS]; /* per leader: not asked for */
  uint8_t taken[GRID_SPACES][GRID_TIMES][GRID_BYTES];
  vmo_bytes offsets[GRID_BUFFERS];
  uint32_t spaces[GRID_BUFFERS];
  vmo_bytes limits[GRID_SPACES];
  int64_t cost, best;
} grid;

static inline void grid_add_live(grid *g, uint32_t leader, int64_t begin, int64_t end, vmo_bytes low, vmo_bytes high) {
  for (int64_t t = begin; t < end; t++) {
    bool empty = g->low[leader][t] == g->high[leader][t];
    if (empty || low < g->low[leader][t]) g->low[leader][t] = low;
    if (empty || high > g->high[leader][t]) g->high[leader][t] = high;
  }
}

static inline void grid_start(grid *g, const vmo_packing_problem *problem) {
  memset(g, 0, sizeof *g);
  g->problem = problem;
  uint32_t count = problem->base.buffer_count;
  for (uint32_t i = 0; i < count; i++) g->leaders[i] = i;
  for (uint32_t round = 0; round < count; round++)
    for (uint32_t p = 0; p < problem->colocated_count; p++) {
      uint32_t *a = &g->leaders[problem->colocated[p].first], *b = &g->leaders[problem->colocated[p].second];
      *a = *b = *a < *b ? *a : *b;
    }
  for (uint32_t i = 0; i < count; i++) {
    uint32_t l = g->leaders[i];
    const vmo_buffer *buffer = &problem->base.buffers[i];
    if (l == i) {
      g->alignment[i] = 1;
      g->pin[i] = -1;
      g->allowed[i] = UINT64_MAX;
    }
    if (buffer->bytes > g->bytes[l]) g->bytes[l] = buffer->bytes;
    if (buffer->alignment > g->alignment[l]) g->alignment[l] = buffer->alignment;
    if (buffer->fixed_offset >= 0) g->pin[l] = buffer->fixed_offset;
    if (problem->allowed != NULL) g->allowed[l] &= problem->allowed[i];
    for (uint32_t j = 0; j < buffer->lifetime_count && buffer->bytes > 0; j++) {
      vmo_lifetime lifetime = problem->base.lifetimes[buffer->lifetime_first + j];
      grid_add_live(g, l, lifetime.begin, lifetime.end, 0, buffer->bytes);
    }
  }
  for (uint32_t w = 0; w < problem->window_count; w++) {
    const vmo_window *window = &problem->windows[w];
    grid_add_live(g, g->leaders[window->buffer], window->begin, window->end, window->low, window->high);
  }
}

/* Whether the colocated contradict each other. */
static inline bool grid_contradicts(const grid *g) {
  const vmo_packing_problem *problem = g->problem;
  for (uint32_t i = 0; i < problem->base.buffer_count; i++) {
    uint32_t l = g->leaders[i];
    vmo_bytes pin = problem->base.buffers[i].fixed_offset;
    if (pin >= 0 && (pin != g->pin[l] || pin % g->alignment[l] != 0)) return true;
    if (problem->space_count == 1 && pin >= 0 && problem->spaces[0].alignment > 1 &&
        pin % problem->spaces[0].alignment != 0)
      return true;
    if (problem->allowed != NULL && g->allowed[l] == 0) return true;
  }
  for (uint32_t p = 0; p < problem->apart_count; p++) {
    uint32_t a = problem->apart[p].first, b = problem->apart[p].second;
    bool sized = problem->base.buffers[a].bytes > 0 && problem->base.buffers[b].bytes > 0;
    if (sized && g->leaders[a] == g->leaders[b]) return true;
  }
  return false;
}

static inline bool grid_mark(grid *g, uint32_t leader, bool mark) {
  for (int64_t t = 0; t < GRID_TIMES; t++)
    for (vmo_bytes b = g->low[leader][t]; b < g->high[leader][t]; b++) {
      uint8_t *byte = &g->taken[g->spaces[leader]][t][g->offsets[leader] + b];
      if (mark && *byte != 0) return false;
      if (mark) continue;
      *byte = (uint8_t)(*byte == leader + 1 ? 0 : *byte);
    }
  for (int64_t t = 0; t < GRID_TIMES && mark; t++)
    for (vmo_bytes b = g->low[leader][t]; b < g->high[leader][t]; b++)
      g->taken[g->spaces[leader]][t][g->offsets[leader] + b] = (uint8_t)(leader + 1);
  return true;
}

/* Apart from those that are placed, the leaders below `leader`. */
static inline bool grid_is_apart(const grid *g, uint32_t leader) {
  for (uint32_t p = 0; p < g->problem->apart_count; p++) {
    uint32_t a = g->problem->apart[p].first, b = g->problem->apart[p].second, x = g->leaders[a], y = g->leaders[b];
    vmo_bytes a_bytes = g->problem->base.buffers[a].bytes, b_bytes = g->problem->base.buffers[b].bytes;
    if ((x != leader && y != leader) || x > leader || y > leader || g->left_out[x] || g->left_out[y]) continue;
    if (a_bytes == 0 || b_bytes == 0 || g->spaces[x] != g->spaces[y]) continue;
    if (g->offsets[x] < g->offsets[y] + b_bytes && g->offsets[y] < g->offsets[x] + a_bytes) return false;
  }
  return true;
}

/* Tries all places of the bundles from `leader` on; keeps the least cost. True: stop, one is enough. */
static inline bool grid_try(grid *g, uint32_t leader, bool any) {
  while (leader < g->problem->base.buffer_count && (g->leaders[leader] != leader || g->left_out[leader])) leader++;
  if (leader == g->problem->base.buffer_count) {
    if (g->cost < g->best) g->best = g->cost;
    return any;
  }
  uint32_t spaces = g->problem->space_count > 0 ? g->problem->space_count : 1;
  for (uint32_t s = 0; s < spaces; s++) {
    const vmo_space *space = g->problem->space_count > 0 ? &g->problem->spaces[s] : NULL;
    int64_t cost = space != NULL ? space->cost * g->bytes[leader] : 0;
    vmo_bytes step = space != NULL && space->alignment > g->alignment[leader] ? space->alignment : g->alignment[leader];
    if (!(g->allowed[leader] >> s & 1) || (!any && g->cost + cost >= g->best)) continue;
    g->cost += cost;
    g->spaces[leader] = s;
    for (vmo_bytes at = 0; at + g->bytes[leader] <= g->limits[s]; at += step) {
      if (g->pin[leader] >= 0 && at != g->pin[leader]) continue;
      g->offsets[leader] = at;
      if (!grid_is_apart(g, leader) || !grid_mark(g, leader, true)) continue;
      bool stop = grid_try(g, leader + 1, any);
      grid_mark(g, leader, false);
      if (stop) return true;
      if (!any && g->cost >= g->best) break; /* other offsets cost the same */
    }
    g->cost -= cost;
  }
  return false;
}

/* Whether the bundles that are not left out fit under the limits. */
static inline bool grid_fits(grid *g) {
  memset(g->taken, 0, sizeof g->taken);
  g->cost = 0;
  g->best = INT64_MAX;
  return grid_try(g, 0, true);
}

/* The least height of a problem with one space, or -1: the pins contradict each other. */
static inline vmo_bytes grid_height(grid *g) {
  for (uint32_t i = 0; i < GRID_BUFFERS; i++) g->left_out[i] = g->pin[i] < 0;
  g->limits[0] = GRID_BYTES;
  if (!grid_fits(g)) return -1;
  memset(g->left_out, 0, sizeof g->left_out);
  for (g->limits[0] = 0; g->limits[0] <= GRID_BYTES; g->limits[0]++)
    if (grid_fits(g)) return g->limits[0];
  return -1;
}

/* The least cost within the capacities, or -1: they cannot be kept. */
static inline int64_t grid_cost(grid *g) {
  for (uint32_t s = 0; s < g->problem->space_count; s++)
    g->limits[s] = g->problem->spaces[s].capacity < 0 ? GRID_BYTES : g->problem->spaces[s].capacity;
  memset(g->taken, 0, sizeof g->taken);
  g->cost = 0;
  g->best = INT64_MAX;
  grid_try(g, 0, false);
  return g->best == INT64_MAX ? -1 : g->best;
}

#endif
