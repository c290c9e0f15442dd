/* byte_map.c: an ordered map from ranges of bytes to what they hold (see byte_map.h). */
#include "passes/byte_map.h"

#include <stdlib.h>

/* ---- the set of cells that begin a run ---- */

static bool begins_run(const vmo_byte_map *map, uint32_t cell) { return map->levels[0][cell >> 6] >> (cell & 63) & 1; }

static void add_start(vmo_byte_map *map, uint32_t cell) {
  for (uint32_t level = 0; level < map->level_count; level++, cell >>= 6)
    map->levels[level][cell >> 6] |= UINT64_C(1) << (cell & 63);
}

static void remove_start(vmo_byte_map *map, uint32_t cell) {
  for (uint32_t level = 0; level < map->level_count; level++, cell >>= 6) {
    map->levels[level][cell >> 6] &= ~(UINT64_C(1) << (cell & 63));
    if (map->levels[level][cell >> 6] != 0) return;
  }
}

static uint32_t lowest_bit(uint64_t word) {
  uint32_t bit = 0;
  for (uint32_t step = 32; step > 0; step >>= 1)
    if ((word & ((UINT64_C(1) << step) - 1)) == 0) {
      word >>= step;
      bit += step;
    }
  return bit;
}

static uint32_t highest_bit(uint64_t word) {
  uint32_t bit = 0;
  for (uint32_t step = 32; step > 0; step >>= 1)
    if (word >> step != 0) {
      word >>= step;
      bit += step;
    }
  return bit;
}

/* The last start at or before `cell`; there is one, for cell 0 always begins a run. */
static uint32_t start_before(const vmo_byte_map *map, uint32_t cell) {
  uint32_t level = 0, at = cell;
  for (;; level++) {
    uint64_t word = map->levels[level][at >> 6] & (UINT64_MAX >> (63 - (at & 63)));
    if (word != 0) {
      at = (at & ~UINT32_C(63)) + highest_bit(word);
      break;
    }
    at = (at >> 6) - 1; /* the words before this one */
  }
  for (; level > 0; level--) at = (at << 6) + highest_bit(map->levels[level - 1][at]);
  return at;
}

/* The first start after `cell`, or the size. */
static uint32_t start_after(const vmo_byte_map *map, uint32_t cell) {
  uint32_t at = cell, level = 0;
  for (;; level++, at >>= 6) {
    if (level == map->level_count) return map->size;
    uint64_t word = (at & 63) == 63 ? 0 : map->levels[level][at >> 6] & (UINT64_MAX << ((at & 63) + 1));
    if (word != 0) {
      at = (at & ~UINT32_C(63)) + lowest_bit(word);
      break;
    }
  }
  for (; level > 0; level--) at = (at << 6) + lowest_bit(map->levels[level - 1][at]);
  return at;
}

/* ---- the map ---- */

bool vmo_byte_map_init(vmr_arena *arena, vmo_byte_map *map, uint32_t size) {
  *map = (vmo_byte_map){.arena = arena, .size = size > 0 ? size : 1};
  uint32_t bits = map->size;
  do {
    uint32_t words = (bits >> 6) + ((bits & 63) != 0);
    map->levels[map->level_count] = vmr_arena_alloc_array(arena, words, sizeof(uint64_t));
    if (!map->levels[map->level_count]) return false;
    map->level_count++;
    bits = words;
  } while (bits > 1);
  map->contents = vmr_arena_alloc_array(arena, map->size, sizeof *map->contents);
  if (!map->contents) return false;
  add_start(map, 0);
  map->contents[0] = VMO_NONE;
  return true;
}

vmo_byte_run vmo_byte_map_find(const vmo_byte_map *map, uint32_t cell) {
  uint32_t begin = start_before(map, cell);
  return (vmo_byte_run){begin, start_after(map, cell), map->contents[begin]};
}

static void split(vmo_byte_map *map, uint32_t cell) {
  if (cell >= map->size || begins_run(map, cell)) return;
  map->contents[cell] = map->contents[start_before(map, cell)];
  add_start(map, cell);
}

static void join_with_run_before(vmo_byte_map *map, uint32_t cell) {
  if (cell == 0 || cell >= map->size || map->contents[start_before(map, cell - 1)] != map->contents[cell]) return;
  remove_start(map, cell);
}

static void remember(vmo_byte_map *map, vmo_byte_run before) {
  if (!vmo_vec_push(map->arena, &map->journal, before)) map->failed = true;
}

static void replace(vmo_byte_map *map, uint32_t begin, uint32_t end, uint32_t content, bool journalled) {
  if (begin >= end) return;
  vmo_byte_run there = vmo_byte_map_find(map, begin);
  if (there.content == content && there.end >= end) return;
  split(map, begin);
  split(map, end);
  for (uint32_t cell = begin; cell < end;) {
    uint32_t next = start_after(map, cell);
    if (journalled && map->contents[cell] != content) remember(map, (vmo_byte_run){cell, next, map->contents[cell]});
    if (cell != begin) remove_start(map, cell);
    cell = next;
  }
  map->contents[begin] = content;
  join_with_run_before(map, end);
  join_with_run_before(map, begin);
}

void vmo_byte_map_assign(vmo_byte_map *map, uint32_t begin, uint32_t end, uint32_t content) {
  replace(map, begin, end, content, map->marks > 0);
}

/* ---- the journal ---- */

uint32_t vmo_byte_map_mark(vmo_byte_map *map) {
  map->marks++;
  return map->journal.count;
}

void vmo_byte_map_undo(vmo_byte_map *map, uint32_t mark) {
  while (map->journal.count > mark) {
    vmo_byte_run before = map->journal.data[--map->journal.count];
    replace(map, before.begin, before.end, before.content, false);
  }
}

void vmo_byte_map_close(vmo_byte_map *map) {
  if (--map->marks == 0) map->journal.count = 0;
}

static int compare_begins(const void *left, const void *right) {
  const vmo_byte_run *a = left, *b = right;
  return (a->begin > b->begin) - (a->begin < b->begin);
}

/* Appends the runs within [begin, end) to `runs`. */
static bool list_runs(const vmo_byte_map *map, uint32_t begin, uint32_t end, vmo_byte_runs *runs) {
  for (uint32_t cell = begin; cell < end;) {
    vmo_byte_run run = vmo_byte_map_find(map, cell);
    run.begin = cell;
    if (run.end > end) run.end = end;
    if (!vmo_vec_push(map->arena, runs, run)) return false;
    cell = run.end;
  }
  return true;
}

void vmo_byte_map_list_changes(vmo_byte_map *map, uint32_t mark, vmo_byte_runs *runs) {
  uint32_t count = map->journal.count - mark;
  if (count == 0) return;
  map->sorted.count = 0;
  if (!vmo_vec_reserve(map->arena, &map->sorted, count)) {
    map->failed = true;
    return;
  }
  vmo_byte_run *changes = map->sorted.data;
  for (uint32_t i = 0; i < count; i++) changes[i] = map->journal.data[mark + i];
  qsort(changes, count, sizeof *changes, compare_begins);
  for (uint32_t i = 0, next; i < count && !map->failed; i = next) {
    uint32_t end = changes[i].end;
    for (next = i + 1; next < count && changes[next].begin <= end; next++)
      if (changes[next].end > end) end = changes[next].end;
    if (!list_runs(map, changes[i].begin, end, runs)) map->failed = true;
  }
}

bool vmo_byte_map_is_valid(const vmo_byte_map *map) {
  if (!begins_run(map, 0)) return false;
  for (uint32_t cell = 0; cell < map->size;) {
    uint32_t next = cell + 1;
    while (next < map->size && !begins_run(map, next)) next++;
    vmo_byte_run run = vmo_byte_map_find(map, cell);
    if (run.begin != cell || run.end != next) return false;
    if (next < map->size && map->contents[next] == map->contents[cell]) return false;
    cell = next;
  }
  return true;
}
