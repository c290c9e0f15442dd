/* byte_map.h: an ordered map from ranges of bytes to what they hold, with undo. Part of the checker of planned
 * programs.
 *
 *   cells    0       10      20      30
 *   runs     | %x    | none          |     assign(5, 15, %y)
 *            | %x | %y    | none     |
 *
 * Bytes are numbered in cells (check_cells.c): a cell is a range of bytes whose ends alone matter. The map is a
 * partition of [0, size) into runs of equal content; neighbours differ. A run is a bit at its first cell in a set of
 * bits with a summary bit per word, per word of summaries, and so on (a 64-way tree in arrays), so that finding the
 * run of a cell takes log64(size) steps. An assignment costs that per run that it replaces, which is constant over
 * time, for it makes at most two.
 *
 * Between vmo_byte_map_mark and vmo_byte_map_close every change is journalled; branches are undone rather than the
 * map copied. */
#ifndef VMO_PASSES_BYTE_MAP_H
#define VMO_PASSES_BYTE_MAP_H

#include "support/context.h"
#include "support/vec.h"

#define VMO_BYTE_MAP_LEVELS 6 /* 64^6 cells */

typedef struct vmo_byte_run {
  uint32_t begin, end; /* cells; half-open */
  uint32_t content;    /* a value; VMO_NONE: nothing that is known */
} vmo_byte_run;

typedef VMO_VEC(vmo_byte_run) vmo_byte_runs;

typedef struct vmo_byte_map {
  vmr_arena *arena;
  uint32_t size;
  uint64_t *levels[VMO_BYTE_MAP_LEVELS]; /* levels[0]: a bit per cell that begins a run */
  uint32_t level_count;
  uint32_t *contents;    /* valid where a run begins */
  vmo_byte_runs journal; /* what was there before, oldest first */
  vmo_byte_runs sorted;  /* scratch */
  uint32_t marks;        /* open ones */
  bool failed;           /* memory ran out: the map is no longer right */
} vmo_byte_map;

/* All of [0, size) holds VMO_NONE; false when memory is out. */
bool vmo_byte_map_init(vmr_arena *arena, vmo_byte_map *map, uint32_t size);

/* The run that `cell` (below the size) lies in. */
vmo_byte_run vmo_byte_map_find(const vmo_byte_map *map, uint32_t cell);

/* [begin, end) holds `content` from now on. */
void vmo_byte_map_assign(vmo_byte_map *map, uint32_t begin, uint32_t end, uint32_t content);

/* Begins to journal; marks nest. */
uint32_t vmo_byte_map_mark(vmo_byte_map *map);
/* Brings back what was there at the mark, which stays open. */
void vmo_byte_map_undo(vmo_byte_map *map, uint32_t mark);
/* Closes the innermost mark; changes since then count for the one around it. */
void vmo_byte_map_close(vmo_byte_map *map);
/* Appends to `runs` all that changed since `mark`, in order, with what it holds now. */
void vmo_byte_map_list_changes(vmo_byte_map *map, uint32_t mark, vmo_byte_runs *runs);

/* Whether the runs partition [0, size) and neighbours differ; for tests and debug builds. */
bool vmo_byte_map_is_valid(const vmo_byte_map *map);

#endif
