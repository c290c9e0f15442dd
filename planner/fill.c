/* fill.c: the search for a perfect packing, of the blocks that blocks.c made.
 *
 *   offset ^┌────┐    ┌─────   A valley is a run of sections between higher ones (or the ends of time). The byte at its
 *          ││    └────┤        left corner belongs to a block that begins there and ends within the valley, or else the
 *          ││ l      r│        wall would cut it: so those few are tried, or the ones for the right corner.
 *          └┴─────────┴─> sections
 *
 * Depth first: each node takes the corner with the fewest blocks, and none is a dead end. A block that closes the step to
 * the wall is tried first, then in a random order. With groups, the step that a block leaves at a boundary has to be one
 * that a known group closes: a smallest set of blocks that end there, and of blocks that begin there, with equal sums.
 * Groups are likely, not certain, so that every few tries do without. A try ends after some nodes: mistakes near the root
 * are cheaper to make anew than to search out.
 *
 * The corner rule and exhaustive search of perfect packings: N. Lesh, J. Marks, A. McMahon, M. Mitzenmacher, Exhaustive
 * approaches to 2D rectangular perfect packings, Information Processing Letters 90, 2004; here places in time are given. */
#include "planner/fill.h"

#include <string.h>

#include "support/random.h"

#define SHAKES 300         /* of the blocks, and more from try to try */
#define UNITS_PER_CORNER 4 /* that is looked at */
#define MOST_GROUPED 60    /* blocks on a side of a boundary with groups */
#define MOST_SUBSETS 8192
#define MOST_GROUPS 512          /* of a boundary */
#define SUBSETS_ENOUGH 2000      /* to look for no larger ones */
#define NODES_BETWEEN_LOOKS 1024 /* at the watch */

/* A set of blocks that end at a boundary and one of those that begin there, with equal sums. */
typedef struct group {
  uint64_t ends, begins; /* bits of the boundary's lists */
} group;

typedef struct boundary {
  uint32_t end_first, begin_first; /* into the lists; the next boundary's are their ends */
  const group *groups;             /* NULL: nothing is asked of steps */
  uint32_t group_count;
  uint64_t open_ends, open_begins;     /* placed since the step was closed */
  uint64_t closed_ends, closed_begins; /* placed before */
} boundary;

/* A run of sections at one height, told at its begin; `begins` tells its begin at its end. */
typedef struct sky_run {
  uint32_t end; /* 0: none begins here */
  vmo_bytes height;
} sky_run;

typedef struct step {
  uint32_t block, begin, end; /* of the run in which it was placed */
  vmo_bytes height;
  uint32_t joined_left, joined_right; /* runs that became one with it, or VMO_NONE */
} step;

typedef struct saved_boundary {
  uint32_t index;
  boundary before;
} saved_boundary;

typedef struct frame {
  uint32_t choice, choice_end; /* into the choices */
  uint32_t saved_count;        /* before the decision */
} frame;

typedef struct fill_run {
  vmo_work *work;
  vmr_arena *arena;
  vmo_blocks blocks;
  vmo_bytes height;
  uint64_t random; /* state */
  bool grouped;
  uint32_t live_count, *ends, *begins; /* blocks, by boundary */
  uint32_t *places;                    /* per block: its bits, end list in the low half */
  uint32_t *keys;                      /* per block: random */
  vmo_bytes *offsets;                  /* per block; -1: not placed */
  boundary *boundaries;
  sky_run *runs;
  uint32_t *run_begins;
  step *steps;
  uint32_t depth;
  saved_boundary *saved;
  uint32_t saved_count;
  frame *frames;
  uint32_t *choices;
  size_t choice_room;
} fill_run;

/* ---- setting up ---- */

static uint32_t end_place(const fill_run *run, uint32_t block) { return run->places[block] & 0xffff; }
static uint32_t begin_place(const fill_run *run, uint32_t block) { return run->places[block] >> 16; }

static uint32_t cap_place(uint32_t place) { return place < 0xffff ? place : 0xffff; }

/* Lists the blocks by the boundaries at which they end and begin. */
static void list_blocks(fill_run *run) {
  const vmo_blocks *blocks = &run->blocks;
  for (uint32_t b = 0; b < blocks->count; b++) {
    if (blocks->joined[b]) continue;
    run->boundaries[blocks->data[b].end + 1].end_first++;
    run->boundaries[blocks->data[b].begin + 1].begin_first++;
    run->live_count++;
  }
  for (uint32_t t = 0; t <= blocks->section_count; t++) {
    run->boundaries[t + 1].end_first += run->boundaries[t].end_first;
    run->boundaries[t + 1].begin_first += run->boundaries[t].begin_first;
  }
  for (uint32_t b = blocks->count; b-- > 0;) {
    if (blocks->joined[b]) continue;
    run->ends[--run->boundaries[blocks->data[b].end + 1].end_first] = b;
    run->begins[--run->boundaries[blocks->data[b].begin + 1].begin_first] = b;
  }
  for (uint32_t t = 0; t <= blocks->section_count; t++) { /* each ran down to its own boundary's first */
    run->boundaries[t].end_first = run->boundaries[t + 1].end_first;
    run->boundaries[t].begin_first = run->boundaries[t + 1].begin_first;
  }
  run->boundaries[blocks->section_count + 1].end_first = run->live_count;
  run->boundaries[blocks->section_count + 1].begin_first = run->live_count;
  for (uint32_t t = 0; t <= blocks->section_count; t++) {
    const boundary *at = &run->boundaries[t];
    for (uint32_t i = at->end_first; i < at[1].end_first; i++)
      run->places[run->ends[i]] |= cap_place(i - at->end_first);
    for (uint32_t i = at->begin_first; i < at[1].begin_first; i++)
      run->places[run->begins[i]] |= cap_place(i - at->begin_first) << 16;
  }
}

static bool make_run(fill_run *run) {
  size_t blocks = run->blocks.count, boundaries = (size_t)run->blocks.section_count + 2;
  run->ends = vmr_arena_alloc(run->arena, blocks * sizeof *run->ends);
  run->begins = vmr_arena_alloc(run->arena, blocks * sizeof *run->begins);
  run->places = vmr_arena_alloc_array(run->arena, blocks, sizeof *run->places);
  run->keys = vmr_arena_alloc(run->arena, blocks * sizeof *run->keys);
  run->offsets = vmr_arena_alloc(run->arena, blocks * sizeof *run->offsets);
  run->boundaries = vmr_arena_alloc_array(run->arena, boundaries, sizeof *run->boundaries);
  run->runs = vmr_arena_alloc_array(run->arena, boundaries, sizeof *run->runs);
  run->run_begins = vmr_arena_alloc_array(run->arena, boundaries, sizeof *run->run_begins);
  run->steps = vmr_arena_alloc(run->arena, blocks * sizeof *run->steps);
  run->saved = vmr_arena_alloc(run->arena, 2 * blocks * sizeof *run->saved);
  run->frames = vmr_arena_alloc(run->arena, (blocks + 1) * sizeof *run->frames);
  if (vmr_arena_status(run->arena) != VMR_OK) return false;
  list_blocks(run);
  for (uint32_t b = 0; b < blocks; b++) {
    run->offsets[b] = -1;
    run->keys[b] = (uint32_t)(vmo_next_random(&run->random) >> 32);
  }
  run->runs[0] = (sky_run){run->blocks.section_count, 0};
  run->run_begins[run->blocks.section_count] = 0;
  return true;
}

/* ---- groups ---- */

typedef struct group_maker {
  vmo_subset *left, *right; /* subsets of those that end, that begin */
  vmo_keyed *left_sums, *right_sums;
  group *found;
  uint32_t found_count;
} group_maker;

static void add_equals(group_maker *maker, uint32_t left_count, uint32_t right_count) {
  const vmo_keyed *a = maker->left_sums, *b = maker->right_sums;
  for (uint32_t i = 0, j = 0; i < left_count && j < right_count;) {
    if (a[i].key != b[j].key) {
      a[i].key < b[j].key ? i++ : j++;
      continue;
    }
    uint32_t from = j;
    for (; j < right_count && b[j].key == a[i].key; j++)
      if (maker->found_count < MOST_GROUPS)
        maker->found[maker->found_count++] = (group){maker->left[a[i].value].members, maker->right[b[j].value].members};
    i++;
    if (i < left_count && a[i].key == a[i - 1].key) j = from;
  }
}

/* Drops groups that hold another one; those that are left must hold every block. */
static bool keep_smallest(group_maker *maker, uint64_t all_ends, uint64_t all_begins) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < maker->found_count; i++) {
    bool smallest = true;
    for (uint32_t j = 0; j < maker->found_count && smallest; j++)
      smallest =
          i == j || (maker->found[j].ends & ~maker->found[i].ends) != 0 ||
          (maker->found[j].begins & ~maker->found[i].begins) != 0 ||
          (maker->found[j].ends == maker->found[i].ends && maker->found[j].begins == maker->found[i].begins && j > i);
    if (smallest) maker->found[kept++] = maker->found[i];
  }
  maker->found_count = kept;
  for (uint32_t i = 0; i < kept; i++) {
    all_ends &= ~maker->found[i].ends;
    all_begins &= ~maker->found[i].begins;
  }
  return all_ends == 0 && all_begins == 0;
}

static uint32_t choose_size(uint32_t count) {
  uint32_t size = 1;
  for (uint64_t subsets = count; size < 6 && size < count; size++) {
    subsets = subsets * (count - size) / (size + 1) + subsets;
    if (subsets > SUBSETS_ENOUGH) break;
  }
  return size;
}

static bool group_boundary(fill_run *run, group_maker *maker, boundary *at) {
  uint32_t ends = at[1].end_first - at->end_first, begins = at[1].begin_first - at->begin_first;
  if (ends > MOST_GROUPED || begins > MOST_GROUPED || ends == 0 || begins == 0) return true;
  maker->found_count = 0;
  uint32_t left = vmo_list_subsets(&run->blocks, run->ends + at->end_first, ends, choose_size(ends), false, maker->left,
                                   maker->left_sums, MOST_SUBSETS);
  uint32_t right = vmo_list_subsets(&run->blocks, run->begins + at->begin_first, begins, choose_size(begins), false,
                                    maker->right, maker->right_sums, MOST_SUBSETS);
  vmo_sort_keyed(maker->left_sums, maker->left_sums + MOST_SUBSETS, left);
  vmo_sort_keyed(maker->right_sums, maker->right_sums + MOST_SUBSETS, right);
  run->work->used += 8 * (uint64_t)(left + right);
  add_equals(maker, left, right);
  run->work->used += (uint64_t)maker->found_count * maker->found_count;
  if (!keep_smallest(maker, (UINT64_C(1) << ends) - 1, (UINT64_C(1) << begins) - 1)) return true;
  group *groups = vmr_arena_alloc(run->arena, maker->found_count * sizeof *groups);
  if (groups == NULL) return false;
  memcpy(groups, maker->found, maker->found_count * sizeof *groups);
  at->groups = groups;
  at->group_count = maker->found_count;
  return true;
}

static bool make_groups(fill_run *run) {
  group_maker maker = {.found = vmr_arena_alloc(run->arena, MOST_GROUPS * sizeof(group))};
  maker.left = vmr_arena_alloc(run->arena, MOST_SUBSETS * sizeof *maker.left);
  maker.right = vmr_arena_alloc(run->arena, MOST_SUBSETS * sizeof *maker.right);
  maker.left_sums = vmr_arena_alloc(run->arena, 2 * MOST_SUBSETS * sizeof *maker.left_sums);
  maker.right_sums = vmr_arena_alloc(run->arena, 2 * MOST_SUBSETS * sizeof *maker.right_sums);
  if (vmr_arena_status(run->arena) != VMR_OK) return false;
  for (uint32_t t = 1; t < run->blocks.section_count; t++)
    if (!group_boundary(run, &maker, &run->boundaries[t])) return false;
  return true;
}

/* Whether some group holds what is open and nothing that is closed. */
static bool can_close(const boundary *at, uint64_t ends, uint64_t begins) {
  for (uint32_t i = 0; i < at->group_count; i++) {
    const group *g = &at->groups[i];
    if ((ends & ~g->ends) == 0 && (begins & ~g->begins) == 0 && (g->ends & at->closed_ends) == 0 &&
        (g->begins & at->closed_begins) == 0)
      return true;
  }
  return false;
}

/* ---- the skyline ---- */

/* Puts a block into the corner of the run that begins with it, or ends with it. */
static void place(fill_run *run, uint32_t block) {
  const vmo_block *placed = &run->blocks.data[block];
  uint32_t begin = run->runs[placed->begin].end != 0 ? placed->begin : run->run_begins[placed->end];
  sky_run low = run->runs[begin];
  vmo_bytes top = low.height + placed->bytes;
  step *made = &run->steps[run->depth++];
  *made = (step){block, begin, low.end, low.height, VMO_NONE, VMO_NONE};
  run->offsets[block] = low.height;
  uint32_t from = placed->begin, to = placed->end;
  run->runs[begin].end = 0;
  if (begin < from) {
    run->runs[begin] = (sky_run){from, low.height};
    run->run_begins[from] = begin;
  } else if (begin > 0 && run->runs[run->run_begins[begin]].height == top) {
    from = made->joined_left = run->run_begins[begin];
  }
  if (to < low.end) {
    run->runs[to] = (sky_run){low.end, low.height};
    run->run_begins[low.end] = to;
  } else if (to < run->blocks.section_count && run->runs[to].height == top) {
    made->joined_right = to;
    to = run->runs[to].end;
    run->runs[made->joined_right].end = 0;
  }
  run->runs[from] = (sky_run){to, top};
  run->run_begins[to] = from;
}

static void take_back(fill_run *run) {
  const step *made = &run->steps[--run->depth];
  const vmo_block *placed = &run->blocks.data[made->block];
  uint32_t from = made->joined_left != VMO_NONE ? made->joined_left : placed->begin, to = run->runs[from].end;
  vmo_bytes top = run->runs[from].height;
  run->offsets[made->block] = -1;
  if (made->joined_left != VMO_NONE) {
    run->runs[from].end = placed->begin;
    run->run_begins[placed->begin] = from;
  } else {
    run->runs[from].end = 0;
  }
  if (made->joined_right != VMO_NONE) {
    run->runs[made->joined_right] = (sky_run){to, top};
    run->run_begins[to] = made->joined_right;
  }
  if (placed->end < made->end) run->runs[placed->end].end = 0;
  run->runs[made->begin] = (sky_run){made->end, made->height};
  run->run_begins[made->end] = made->begin;
}

/* ---- decisions ---- */

/* Notes at a boundary that a block ends or begins there. False: no group can close the step any more. */
static bool note(fill_run *run, uint32_t boundary_index, uint64_t ends, uint64_t begins) {
  boundary *at = &run->boundaries[boundary_index];
  if (!run->grouped || at->group_count == 0) return true;
  run->saved[run->saved_count++] = (saved_boundary){boundary_index, *at};
  at->open_ends |= ends;
  at->open_begins |= begins;
  if (!can_close(at, at->open_ends, at->open_begins)) return false;
  if (run->runs[boundary_index].end != 0) return true;
  at->closed_ends |= at->open_ends; /* no step is left */
  at->closed_begins |= at->open_begins;
  at->open_ends = at->open_begins = 0;
  return true;
}

static bool decide(fill_run *run, uint32_t block) {
  const vmo_block *placed = &run->blocks.data[block];
  place(run, block);
  return note(run, placed->begin, 0, UINT64_C(1) << (begin_place(run, block) & 63)) &&
         note(run, placed->end, UINT64_C(1) << (end_place(run, block) & 63), 0);
}

static void undo(fill_run *run, uint32_t saved_count) {
  take_back(run);
  while (run->saved_count > saved_count) {
    const saved_boundary *saved = &run->saved[--run->saved_count];
    run->boundaries[saved->index] = saved->before;
  }
}

/* A corner of a valley. */
typedef struct corner {
  uint32_t begin, end; /* of the valley */
  bool left;
} corner;

static bool fits(const fill_run *run, const corner *at, uint32_t block) {
  const vmo_block *tried = &run->blocks.data[block];
  if (run->offsets[block] >= 0 || run->runs[at->begin].height + tried->bytes > run->height) return false;
  if (at->left ? tried->end > at->end : tried->begin < at->begin) return false;
  const boundary *wall = &run->boundaries[at->left ? at->begin : at->end];
  if (!run->grouped || wall->group_count == 0) return true;
  if (at->left) return can_close(wall, wall->open_ends, wall->open_begins | UINT64_C(1) << begin_place(run, block));
  return can_close(wall, wall->open_ends | UINT64_C(1) << end_place(run, block), wall->open_begins);
}

/* How many blocks can lie in the corner, up to `most`; into `choices` unless that is NULL. */
static uint32_t list_choices(fill_run *run, const corner *at, uint32_t most, uint32_t *choices) {
  const boundary *wall = &run->boundaries[at->left ? at->begin : at->end];
  const uint32_t *listed = at->left ? run->begins + wall->begin_first : run->ends + wall->end_first;
  uint32_t listed_count = at->left ? wall[1].begin_first - wall->begin_first : wall[1].end_first - wall->end_first;
  uint32_t count = 0;
  for (uint32_t i = 0; i < listed_count && count < most; i++) {
    if (!fits(run, at, listed[i])) continue;
    if (choices != NULL) choices[count] = listed[i];
    count++;
  }
  run->work->used += UNITS_PER_CORNER + listed_count;
  return count;
}

/* The corner with the fewest choices, and how many: 0 is a dead end. */
static uint32_t choose_corner(fill_run *run, corner *best) {
  uint32_t fewest = UINT32_MAX, sections = run->blocks.section_count;
  for (uint32_t begin = 0, end; begin < sections && fewest > 0; begin = end) {
    vmo_bytes height = run->runs[begin].height;
    end = run->runs[begin].end;
    if (height >= run->height || (begin > 0 && run->runs[run->run_begins[begin]].height < height) ||
        (end < sections && run->runs[end].height < height))
      continue;
    for (int left = 1; left >= 0 && fewest > 0; left--) {
      corner looked = {begin, end, left};
      uint32_t count = list_choices(run, &looked, fewest, NULL);
      if (count >= fewest) continue;
      fewest = count;
      *best = looked;
    }
  }
  return fewest == UINT32_MAX ? 0 : fewest;
}

/* Whether the block is as high as the wall of its corner. */
static bool is_level(const fill_run *run, const corner *at, uint32_t block) {
  uint32_t beside = at->left ? run->run_begins[at->begin] : at->end;
  if (at->left ? at->begin == 0 : at->end == run->blocks.section_count) return false;
  return run->runs[at->begin].height + run->blocks.data[block].bytes == run->runs[beside].height;
}

static bool comes_before(const fill_run *run, const corner *at, uint32_t a, uint32_t b) {
  bool level = is_level(run, at, a);
  if (level != is_level(run, at, b)) return level;
  return run->keys[a] < run->keys[b];
}

static void sort_choices(const fill_run *run, const corner *at, uint32_t *choices, uint32_t count) {
  for (uint32_t i = 1; i < count; i++) {
    uint32_t moved = choices[i], to = i;
    for (; to > 0 && comes_before(run, at, moved, choices[to - 1]); to--) choices[to] = choices[to - 1];
    choices[to] = moved;
  }
}

/* Takes the next choice of the last frame that has one; false: none is left. */
static bool try_next(fill_run *run, uint32_t *frame_count) {
  while (*frame_count > 0) {
    frame *last = &run->frames[*frame_count - 1];
    while (last->choice < last->choice_end) {
      if (decide(run, run->choices[last->choice++])) return true;
      undo(run, last->saved_count);
    }
    if (--*frame_count > 0) undo(run, run->frames[*frame_count - 1].saved_count);
  }
  return false;
}

/* Room for the choices of one more frame. */
static bool grow_choices(fill_run *run, uint32_t used, uint32_t more) {
  if ((size_t)used + more <= run->choice_room) return true;
  size_t room = 2 * ((size_t)used + more) + 1024;
  uint32_t *grown = vmr_arena_alloc(run->arena, room * sizeof *grown);
  if (grown == NULL) return false;
  if (used > 0) memcpy(grown, run->choices, used * sizeof *grown);
  run->choices = grown;
  run->choice_room = room;
  return true;
}

static vmo_outcome search(fill_run *run, uint64_t nodes) {
  uint32_t frames = 0;
  for (uint64_t node = 0; run->depth < run->live_count; node++) {
    corner at = {0, 0, true};
    bool looks = node % NODES_BETWEEN_LOOKS == NODES_BETWEEN_LOOKS - 1;
    if (node >= nodes || run->work->used > run->work->limit || (looks && vmo_watch_is_over(run->work->watch)))
      return VMO_OUTCOME_NONE;
    uint32_t count = choose_corner(run, &at);
    if (count > 0) {
      uint32_t first = frames > 0 ? run->frames[frames - 1].choice_end : 0;
      if (!grow_choices(run, first, count)) return VMO_OUTCOME_OUT_OF_MEMORY;
      list_choices(run, &at, count, run->choices + first);
      sort_choices(run, &at, run->choices + first, count);
      run->frames[frames++] = (frame){first, first + count, run->saved_count};
    } else if (frames > 0) {
      undo(run, run->frames[frames - 1].saved_count);
    }
    if (!try_next(run, &frames)) return VMO_OUTCOME_NONE;
  }
  return VMO_OUTCOME_FOUND;
}

/* ---- the whole ---- */

/* From the blocks down to their parts, with a stack of those whose parts are still to come. */
static void hand_out(fill_run *run) {
  vmo_work *work = run->work;
  uint32_t *stack = run->begins, depth = run->live_count; /* the lists are not needed any more */
  const vmo_block *data = run->blocks.data;
  while (depth > 0) {
    uint32_t block = stack[--depth];
    for (uint32_t child = data[block].child; child != VMO_NONE; child = data[child].sibling) {
      run->offsets[child] = run->offsets[block] + data[child].at;
      stack[depth++] = child;
    }
  }
  for (uint32_t i = 0; i < run->blocks.item_count; i++) work->offsets[work->part->item_first + i] = run->offsets[i];
  work->height = run->height;
}

vmo_outcome vmo_fill_part(vmo_work *work, uint32_t number, uint64_t nodes, uint64_t seed, vmr_arena *arena) {
  static const uint32_t levels[] = {4, 3, 2, 3, 1, 3, 4, 0};
  fill_run run = {.work = work, .arena = arena, .height = work->part->floor, .grouped = number % 8 != 7};
  run.random = seed + number;
  uint32_t joined = levels[number % (sizeof levels / sizeof *levels)];
  vmr_arena_reset(work->arena);
  if (!vmo_blocks_init(&run.blocks, work->instance, work->part, arena) ||
      !vmo_join_blocks(&run.blocks, work, joined, joined > 0 ? SHAKES + 20 * number : 0, run.random, work->arena) ||
      !make_run(&run) || (run.grouped && !make_groups(&run)))
    return VMO_OUTCOME_OUT_OF_MEMORY;
  vmo_outcome outcome = search(&run, nodes);
  if (outcome == VMO_OUTCOME_FOUND) hand_out(&run);
  return outcome;
}
