/* blocks.c: joins items of a perfect packing to blocks.
 *
 *        t                At a boundary t, some blocks that all begin at a and end at t, and some that all begin at t and
 *   ┌────┬─────┐          end at c, have equal sums: a cut from a to c is undone, and one block takes their place. That
 *   │    ├─────┤ sum      undoes any cuts that go through whole rectangles, the last ones first.
 *   └────┴─────┘
 *   a          c
 *
 *   ┌──┬───────┐          Pinwheels are what no such cut makes: four blocks around a fifth, c. With l.bytes = x.bytes +
 *   │  │   x   │          c.bytes at c's begin and r.bytes = y.bytes + c.bytes at c's end, where x ends with r and y
 *   │l ├───┬───┤          begins with l. Upside down it is the same with x below and y above.
 *   │  │ c │ r │
 *   ├──┴───┤   │          With sizes of many different values equal sums are hardly ever an accident. Small sums are
 *   │  y   │   │          looked for first, since accidents grow with the number of subsets.
 *   └──────┴───┘
 *
 * What is left when nothing matches any more often hides a join that was wrong. So a few blocks are dissolved again,
 * and joined otherwise, as long as that leaves no more blocks than there were.
 *
 * Cost: subsets are limited for each boundary; a boundary is looked at again only when its blocks changed. */
#include <string.h>

#include "planner/fill.h"
#include "support/random.h"

#define MOST_SUBSETS 16384 /* on each side of a boundary */
#define MOST_AT_BOUNDARY 2048
#define MOST_JOINED 12 /* blocks on each side */
#define UNITS_PER_SUBSET 6
#define MOST_DISSOLVED 8 /* blocks at a time */
#define MOST_REFUSED 4   /* pairs at a boundary, because they were just undone */
#define FEW_BLOCKS 20    /* are left to the search */

/* How many equal sums may be accidents, at each level; for sums that are spread evenly. */
static const double accidents[VMO_JOIN_LEVELS] = {0.001, 0.01, 0.1, 1};

/* ---- which parts are filled ---- */

bool vmo_is_filled(const vmo_instance *instance, const vmo_part *part) {
  if (part->shaped || part->item_count < 2 || part->section_count < 2) return false;
  for (uint32_t s = 0; s < part->section_count; s++)
    if (instance->loads[part->section_first + s] != part->floor) return false;
  for (uint32_t i = part->item_first; i < part->item_first + part->item_count; i++) {
    const vmo_item *item = &instance->items[i];
    if (item->span_count > 1 || vmo_is_pin(item) || item->bytes % instance->largest_alignment != 0) return false;
  }
  return true;
}

bool vmo_blocks_init(vmo_blocks *blocks, const vmo_instance *instance, const vmo_part *part, vmr_arena *arena) {
  size_t room = 2 * (size_t)part->item_count;
  *blocks = (vmo_blocks){.item_count = part->item_count,
                         .count = part->item_count,
                         .live_count = part->item_count,
                         .free = VMO_NONE,
                         .section_count = part->section_count};
  blocks->data = vmr_arena_alloc(arena, room * sizeof *blocks->data);
  blocks->joined = vmr_arena_alloc_array(arena, room, sizeof *blocks->joined);
  if (blocks->data == NULL || blocks->joined == NULL) return false;
  for (uint32_t i = 0; i < part->item_count; i++) {
    const vmo_item *item = &instance->items[part->item_first + i];
    vmo_span span = instance->spans[item->span_first];
    blocks->data[i] = (vmo_block){.bytes = item->bytes,
                                  .begin = span.begin - part->section_first,
                                  .end = span.end - part->section_first,
                                  .child = VMO_NONE,
                                  .sibling = VMO_NONE};
  }
  return true;
}

/* ---- subsets ---- */

/* The next subset of as many members of the lowest `count` bits (Gosper's hack); 0: there is none. */
static uint64_t next_subset(uint64_t bits, uint32_t count) {
  uint64_t least = bits & -bits, ripple = bits + least;
  if (ripple == 0) return 0;
  uint64_t next = ripple | ((bits ^ ripple) / least) >> 2;
  return count < 64 && next >> count != 0 ? 0 : next;
}

static uint64_t lowest_bits(uint32_t count) { return count >= 64 ? UINT64_MAX : (UINT64_C(1) << count) - 1; }

uint32_t vmo_list_subsets(const vmo_blocks *blocks, const uint32_t *members, uint32_t count, uint32_t most,
                          bool all_but, vmo_subset *subsets, vmo_keyed *sums, uint32_t room) {
  uint32_t filled = 0;
  vmo_bytes total = 0;
  for (uint32_t i = 0; i < count; i++) total += blocks->data[members[i]].bytes;
  if (all_but && count > most && room > 0) {
    subsets[filled] = (vmo_subset){lowest_bits(count), count};
    sums[filled++] = (vmo_keyed){(uint64_t)total, 0};
  }
  for (uint32_t size = 1; size <= most && size <= count; size++)
    for (uint64_t bits = lowest_bits(size); bits != 0; bits = next_subset(bits, count)) {
      vmo_bytes sum = 0;
      for (uint64_t left = bits; left != 0; left &= left - 1) {
        sum += blocks->data[members[__builtin_ctzll(left)]].bytes;
      }
      bool lacking = all_but && count - size > most;
      if (filled + 1 + lacking > room) return filled;
      subsets[filled] = (vmo_subset){bits, size};
      sums[filled] = (vmo_keyed){(uint64_t)sum, filled};
      filled++;
      if (!lacking) continue;
      subsets[filled] = (vmo_subset){lowest_bits(count) & ~bits, count - size};
      sums[filled] = (vmo_keyed){(uint64_t)(total - sum), filled};
      filled++;
    }
  return filled;
}

/* ---- the boundaries ---- */

/* The subsets on one side of a boundary; of those that begin, or end, at the same place. */
typedef struct boundary_side {
  uint32_t *members; /* blocks, */
  uint32_t *ends;    /* and their ends that are not at the boundary */
  uint32_t count;
  vmo_subset *subsets;
  uint32_t *firsts; /* per subset: where its blocks stand in `members` */
  vmo_keyed *sums;  /* twice the room */
  uint32_t subset_count;
} boundary_side;

typedef struct join_run {
  vmo_blocks *blocks;
  uint64_t random; /* state */
  vmo_work *work;
  uint32_t *begin_firsts, *begins; /* per boundary, and one more: the blocks that begin there when the pass began */
  uint32_t *end_firsts, *ends;
  uint8_t *looked;      /* per boundary: the level that found nothing since something changed */
  uint64_t *changed;    /* per boundary: when that was, in joins */
  uint64_t joins, spun; /* so far; and when pinwheels were last looked for */
  uint64_t *forbidden;  /* joins that were just undone, by what they join */
  uint32_t forbidden_count;
  boundary_side left, right;
  vmo_keyed *keys; /* room for twice the blocks of a boundary */
} join_run;

static bool make_side(boundary_side *side, vmr_arena *arena) {
  side->members = vmr_arena_alloc(arena, MOST_AT_BOUNDARY * sizeof *side->members);
  side->ends = vmr_arena_alloc(arena, MOST_AT_BOUNDARY * sizeof *side->ends);
  side->subsets = vmr_arena_alloc(arena, MOST_SUBSETS * sizeof *side->subsets);
  side->firsts = vmr_arena_alloc(arena, MOST_SUBSETS * sizeof *side->firsts);
  side->sums = vmr_arena_alloc(arena, 2 * MOST_SUBSETS * sizeof *side->sums);
  return side->members != NULL && side->ends != NULL && side->subsets != NULL && side->firsts != NULL &&
         side->sums != NULL;
}

static bool make_run(join_run *run, vmr_arena *arena) {
  size_t boundaries = (size_t)run->blocks->section_count + 2, blocks = run->blocks->item_count;
  run->begin_firsts = vmr_arena_alloc(arena, boundaries * sizeof *run->begin_firsts);
  run->end_firsts = vmr_arena_alloc(arena, boundaries * sizeof *run->end_firsts);
  run->begins = vmr_arena_alloc(arena, blocks * sizeof *run->begins);
  run->ends = vmr_arena_alloc(arena, blocks * sizeof *run->ends);
  run->looked = vmr_arena_alloc_array(arena, boundaries, sizeof *run->looked);
  run->changed = vmr_arena_alloc_array(arena, boundaries, sizeof *run->changed);
  run->forbidden = vmr_arena_alloc(arena, MOST_DISSOLVED * sizeof *run->forbidden);
  run->keys = vmr_arena_alloc(arena, 2 * MOST_AT_BOUNDARY * sizeof *run->keys);
  return make_side(&run->left, arena) && make_side(&run->right, arena) && run->begin_firsts != NULL &&
         run->end_firsts != NULL && run->begins != NULL && run->ends != NULL && run->looked != NULL &&
         run->changed != NULL && run->forbidden != NULL && run->keys != NULL;
}

static void list_boundary_blocks(const vmo_blocks *blocks, bool ends, uint32_t *firsts, uint32_t *listed) {
  memset(firsts, 0, ((size_t)blocks->section_count + 2) * sizeof *firsts);
  for (uint32_t i = 0; i < blocks->count; i++)
    if (!blocks->joined[i]) firsts[ends ? blocks->data[i].end : blocks->data[i].begin]++;
  for (uint32_t t = 0, sum = 0; t <= blocks->section_count + 1; t++) firsts[t] = sum += firsts[t];
  for (uint32_t i = blocks->count; i-- > 0;)
    if (!blocks->joined[i]) listed[--firsts[ends ? blocks->data[i].end : blocks->data[i].begin]] = i;
}

static void list_boundaries(const join_run *run) {
  list_boundary_blocks(run->blocks, false, run->begin_firsts, run->begins);
  list_boundary_blocks(run->blocks, true, run->end_firsts, run->ends);
}

static void note_change(join_run *run, const vmo_block *block) {
  run->looked[block->begin] = run->looked[block->end] = 0;
  run->changed[block->begin] = run->changed[block->end] = run->joins;
}

/* Makes one block of several. */
static void join(join_run *run, const uint32_t *members, const vmo_bytes *at, uint32_t count, vmo_bytes bytes) {
  vmo_blocks *blocks = run->blocks;
  uint32_t made = blocks->free != VMO_NONE ? blocks->free : blocks->count++;
  vmo_block *block = &blocks->data[made];
  if (made == blocks->free) blocks->free = block->sibling;
  run->joins++;
  *block = (vmo_block){.bytes = bytes, .begin = UINT32_MAX, .child = VMO_NONE, .sibling = VMO_NONE};
  blocks->joined[made] = false;
  for (uint32_t i = 0; i < count; i++) {
    vmo_block *child = &blocks->data[members[i]];
    if (child->begin < block->begin) block->begin = child->begin;
    if (child->end > block->end) block->end = child->end;
    note_change(run, child);
    child->at = at[i];
    child->sibling = block->child;
    block->child = members[i];
    blocks->joined[members[i]] = true;
  }
  blocks->live_count -= count - 1;
}

/* What a join is known by: what it joins, in any order. */
static uint64_t identify(const uint32_t *members, uint32_t count) {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < count; i++) sum += vmo_mix_bits(members[i] + VMO_RANDOM_STEP);
  return sum;
}

static bool is_forbidden(const join_run *run, const uint32_t *members, uint32_t count) {
  if (run->forbidden_count == 0) return false;
  uint64_t identity = identify(members, count);
  for (uint32_t i = 0; i < run->forbidden_count; i++)
    if (run->forbidden[i] == identity) return true;
  return false;
}

/* ---- equal sums ---- */

/* Takes the blocks of one side that are left, by their other ends. */
static void take_side(join_run *run, boundary_side *side, const uint32_t *listed, uint32_t count, bool ends) {
  const vmo_blocks *blocks = run->blocks;
  side->count = 0;
  for (uint32_t i = 0; i < count && side->count < MOST_AT_BOUNDARY; i++) {
    const vmo_block *block = &blocks->data[listed[i]];
    if (!blocks->joined[listed[i]]) run->keys[side->count++] = (vmo_keyed){ends ? block->begin : block->end, listed[i]};
  }
  vmo_sort_keyed(run->keys, run->keys + side->count, side->count);
  for (uint32_t i = 0; i < side->count; i++) {
    side->members[i] = run->keys[i].value;
    side->ends[i] = (uint32_t)run->keys[i].key;
  }
}

/* Where the stack that begins at `first` ends: blocks with the same other end. */
static uint32_t stack_end(const boundary_side *side, uint32_t first) {
  uint32_t next = first + 1;
  while (next < side->count && side->ends[next] == side->ends[first]) next++;
  return next;
}

/* How many subsets vmo_list_subsets has of all stacks. */
static double count_subsets(const boundary_side *side, uint32_t most) {
  double sum = 0;
  for (uint32_t first = 0, next; first < side->count; first = next) {
    next = stack_end(side, first);
    double count = next - first, subsets = 1;
    for (uint32_t size = 1; size <= most && size <= count; size++) {
      subsets *= (count - size + 1) / size;
      sum += count - size > most ? 2 * subsets : subsets;
    }
  }
  return sum;
}

static void list_side(join_run *run, boundary_side *side, uint32_t most) {
  const vmo_blocks *blocks = run->blocks;
  side->subset_count = 0;
  for (uint32_t first = 0, next; first < side->count; first = next) {
    next = stack_end(side, first);
    uint32_t from = side->subset_count, size = next - first < 64 ? next - first : 64;
    uint32_t added = vmo_list_subsets(blocks, side->members + first, size, most, true, side->subsets + from,
                                      side->sums + from, MOST_SUBSETS - from);
    for (uint32_t i = from; i < from + added; i++) {
      side->firsts[i] = first;
      side->sums[i].value = i;
    }
    side->subset_count += added;
  }
  vmo_sort_keyed(side->sums, side->sums + side->subset_count, side->subset_count);
  run->work->used += (uint64_t)side->subset_count * UNITS_PER_SUBSET + side->count;
}

/* The pair of subsets with equal sums that has the fewest members; of several one at random. */
static bool find_pair(join_run *run, uint32_t *left, uint32_t *right) {
  const boundary_side *a = &run->left, *b = &run->right;
  uint32_t fewest = UINT32_MAX, equals = 0;
  for (uint32_t i = 0, j = 0; i < a->subset_count && j < b->subset_count;) {
    if (a->sums[i].key != b->sums[j].key) {
      a->sums[i].key < b->sums[j].key ? i++ : j++;
      continue;
    }
    uint64_t sum = a->sums[i].key;
    uint32_t best[2] = {a->sums[i].value, b->sums[j].value};
    for (; i < a->subset_count && a->sums[i].key == sum; i++)
      if (a->subsets[a->sums[i].value].size < a->subsets[best[0]].size) best[0] = a->sums[i].value;
    for (; j < b->subset_count && b->sums[j].key == sum; j++)
      if (b->subsets[b->sums[j].value].size < b->subsets[best[1]].size) best[1] = b->sums[j].value;
    uint32_t size = a->subsets[best[0]].size + b->subsets[best[1]].size;
    equals = size < fewest ? 1 : equals + (size == fewest);
    if (size > fewest || (size == fewest && vmo_next_random(&run->random) % equals != 0)) continue;
    fewest = size;
    *left = best[0];
    *right = best[1];
  }
  return fewest != UINT32_MAX;
}

/* Stacks the blocks of a subset. */
static uint32_t stack_up(const join_run *run, const boundary_side *side, uint32_t subset, uint32_t *members,
                         vmo_bytes *at) {
  uint32_t count = 0;
  vmo_bytes height = 0;
  for (uint32_t i = 0; i < 64; i++) {
    if (!(side->subsets[subset].members >> i & 1)) continue;
    members[count] = side->members[side->firsts[subset] + i];
    at[count] = height;
    height += run->blocks->data[members[count++]].bytes;
  }
  return count;
}

/* The largest subsets with which pairs of equal sums are hardly ever accidents: `pairs` of them at most; 0: none. */
static uint32_t choose_most(const join_run *run, double pairs) {
  uint32_t most = 0;
  while (most < MOST_JOINED && count_subsets(&run->left, most + 1) * count_subsets(&run->right, most + 1) <= pairs)
    most++;
  return most;
}

/* Joins at a boundary as long as that is likely to be right. */
static uint32_t join_at(join_run *run, uint32_t boundary, uint32_t level) {
  uint32_t joins = 0, refused = 0, left, right, members[128];
  vmo_bytes at[128];
  while (refused < MOST_REFUSED) {
    const uint32_t *ends = run->ends + run->end_firsts[boundary], *begins = run->begins + run->begin_firsts[boundary];
    take_side(run, &run->left, ends, run->end_firsts[boundary + 1] - run->end_firsts[boundary], true);
    take_side(run, &run->right, begins, run->begin_firsts[boundary + 1] - run->begin_firsts[boundary], false);
    uint32_t most = choose_most(run, (double)run->work->part->floor * accidents[level - 1]);
    if (most == 0 || run->left.count == 0 || run->right.count == 0) break;
    list_side(run, &run->left, most);
    list_side(run, &run->right, most);
    if (run->work->used > run->work->limit || !find_pair(run, &left, &right)) break;
    uint32_t count = stack_up(run, &run->left, left, members, at);
    vmo_bytes bytes = at[count - 1] + run->blocks->data[members[count - 1]].bytes;
    count += stack_up(run, &run->right, right, members + count, at + count);
    if (is_forbidden(run, members, count)) {
      refused++;
      continue;
    }
    join(run, members, at, count, bytes);
    joins++;
  }
  run->looked[boundary] = (uint8_t)level;
  return joins;
}

/* ---- pinwheels ---- */

static bool is_free(const join_run *run, uint32_t block, uint32_t but) {
  return block != but && !run->blocks->joined[block];
}

/* With l and x found at the begin of the middle block, looks for y and r at its end. */
static bool close_pinwheel(join_run *run, uint32_t middle, uint32_t l, uint32_t x) {
  const vmo_block *data = run->blocks->data;
  uint32_t end = data[middle].end;
  for (uint32_t i = run->begin_firsts[end]; i < run->begin_firsts[end + 1]; i++) {
    uint32_t r = run->begins[i];
    if (!is_free(run, r, middle) || data[r].end != data[x].end) continue;
    for (uint32_t j = run->end_firsts[end]; j < run->end_firsts[end + 1]; j++) {
      uint32_t y = run->ends[j];
      ++run->work->used;
      if (!is_free(run, y, middle) || data[y].begin != data[l].begin) continue;
      if (data[r].bytes != data[y].bytes + data[middle].bytes) continue;
      uint32_t members[] = {y, l, middle, r, x};
      if (is_forbidden(run, members, 5)) continue;
      vmo_bytes low = data[y].bytes, at[] = {0, low, low, 0, data[r].bytes};
      join(run, members, at, 5, data[r].bytes + data[x].bytes);
      return true;
    }
  }
  return false;
}

static bool join_pinwheel(join_run *run, uint32_t middle) {
  const vmo_block *data = run->blocks->data;
  uint32_t begin = data[middle].begin;
  for (uint32_t i = run->end_firsts[begin]; i < run->end_firsts[begin + 1]; i++) {
    uint32_t l = run->ends[i];
    if (!is_free(run, l, middle)) continue;
    for (uint32_t j = run->begin_firsts[begin]; j < run->begin_firsts[begin + 1]; j++) {
      uint32_t x = run->begins[j];
      ++run->work->used;
      if (!is_free(run, x, middle) || data[l].bytes != data[x].bytes + data[middle].bytes) continue;
      if (close_pinwheel(run, middle, l, x)) return true;
    }
  }
  return false;
}

/* Those whose middle touches a boundary that changed. */
static uint32_t join_pinwheels(join_run *run) {
  uint32_t joins = 0, count = run->blocks->count;
  uint64_t since = run->spun;
  run->spun = run->joins + 1;
  for (uint32_t i = 0; i < count && run->work->used <= run->work->limit; i++) {
    const vmo_block *middle = &run->blocks->data[i];
    if (run->blocks->joined[i] || (run->changed[middle->begin] < since && run->changed[middle->end] < since)) continue;
    joins += join_pinwheel(run, i);
  }
  return joins;
}

/* ---- dissolving ---- */

/* Makes the parts of a block stand for themselves again, and forbids to join the same ones. */
static void dissolve(join_run *run, uint32_t block) {
  vmo_blocks *blocks = run->blocks;
  uint32_t members[128], count = 0;
  run->joins++;
  note_change(run, &blocks->data[block]);
  for (uint32_t child = blocks->data[block].child, next; child != VMO_NONE; child = next) {
    next = blocks->data[child].sibling;
    blocks->joined[child] = false;
    blocks->data[child].sibling = VMO_NONE;
    note_change(run, &blocks->data[child]);
    members[count++] = child;
  }
  if (run->forbidden_count < MOST_DISSOLVED) run->forbidden[run->forbidden_count++] = identify(members, count);
  blocks->joined[block] = true;
  blocks->data[block].child = VMO_NONE;
  blocks->data[block].sibling = blocks->free;
  blocks->free = block;
  blocks->live_count += count - 1;
}

/* A block at random that stands for itself and has parts; VMO_NONE: none was found. */
static uint32_t choose_block(join_run *run) {
  const vmo_blocks *blocks = run->blocks;
  uint32_t made = blocks->count - blocks->item_count;
  for (uint32_t tries = 0; made > 0 && tries < 4 * (blocks->count / (blocks->live_count + 1) + 1); tries++) {
    uint32_t block = blocks->item_count + (uint32_t)(vmo_next_random(&run->random) % made);
    if (!blocks->joined[block]) return block;
  }
  return VMO_NONE;
}

static bool is_over(const join_run *run) {
  return run->work->used > run->work->limit || vmo_watch_is_over(run->work->watch);
}

static void join_levels(join_run *run, uint32_t levels) {
  vmo_blocks *blocks = run->blocks;
  for (uint32_t level = 1; level <= levels && !is_over(run);) {
    uint32_t joins = 0;
    list_boundaries(run);
    run->work->used += blocks->item_count / 2 + blocks->section_count;
    for (uint32_t t = 1; t < blocks->section_count && run->work->used <= run->work->limit; t++)
      if (run->looked[t] < level) joins += join_at(run, t, level);
    if (joins > 0) list_boundaries(run);
    joins += join_pinwheels(run);
    level = joins > 0 ? 1 : level + 1;
  }
}

/* A copy of the blocks. */
typedef struct snapshot {
  vmo_blocks blocks;
  uint8_t *looked;
} snapshot;

static void copy_blocks(vmo_blocks *to, const vmo_blocks *from) {
  vmo_block *data = to->data;
  bool *joined = to->joined;
  *to = *from;
  to->data = data;
  to->joined = joined;
  memcpy(data, from->data, from->count * sizeof *data);
  memcpy(joined, from->joined, from->count * sizeof *joined);
}

/* Dissolves a few blocks and joins anew; goes back when that leaves more blocks than before. */
static void shake(join_run *run, snapshot *before, uint32_t levels) {
  size_t boundaries = (size_t)run->blocks->section_count + 2;
  copy_blocks(&before->blocks, run->blocks);
  memcpy(before->looked, run->looked, boundaries);
  run->forbidden_count = 0;
  for (uint64_t left = 1 + vmo_next_random(&run->random) % 3; left > 0; left--) {
    uint32_t block = choose_block(run);
    if (block != VMO_NONE) dissolve(run, block);
  }
  join_levels(run, levels);
  run->work->used += run->blocks->item_count;
  if (run->blocks->live_count <= before->blocks.live_count) return;
  copy_blocks(run->blocks, &before->blocks);
  memcpy(run->looked, before->looked, boundaries);
}

/* ---- the whole ---- */

bool vmo_join_blocks(vmo_blocks *blocks, vmo_work *work, uint32_t levels, uint32_t shakes, uint64_t seed,
                     vmr_arena *scratch) {
  join_run run = {.blocks = blocks, .work = work, .random = seed};
  size_t room = 2 * (size_t)blocks->item_count;
  snapshot before = {.looked = vmr_arena_alloc(scratch, (size_t)blocks->section_count + 2)};
  before.blocks.data = vmr_arena_alloc(scratch, room * sizeof *before.blocks.data);
  before.blocks.joined = vmr_arena_alloc(scratch, room * sizeof *before.blocks.joined);
  if (!make_run(&run, scratch) || before.looked == NULL || before.blocks.data == NULL || before.blocks.joined == NULL)
    return false;
  join_levels(&run, levels);
  for (uint32_t i = 0; i < shakes && blocks->live_count > FEW_BLOCKS && !is_over(&run); i++)
    shake(&run, &before, levels);
  return true;
}
