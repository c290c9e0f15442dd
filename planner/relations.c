/* relations.c: which distances of two bundles are forbidden (drawing in relations.h).
 *
 * A sweep over the pieces in the order of their begins keeps those that are live, and meets each pair of pieces that
 * are live together once. For pieces [xl, xh) of x and [yl, yh) of y the distance d = y - x keeps them disjoint exactly
 * when d + yl >= xh or xl >= d + yh: forbidden is the open interval (xl - yh, xh - yl). Intervals of one pair that
 * overlap are joined; those that only touch are not, since the point between them is allowed.
 * Cost: O(p log p + r log r), p pieces, r pairs of them. */
#include <stdlib.h>

#include "planner/relations.h"
#include "support/vec.h"

typedef struct pair_entry {
  uint32_t self;
  vmo_relation relation;
} pair_entry;

typedef struct live_piece {
  vmo_piece piece;
  uint32_t node;
} live_piece;

typedef struct relation_run {
  const vmo_space_problem *space;
  vmr_arena *arena, *scratch;
  vmo_relations *relations;
  VMO_VEC(pair_entry) entries;
  uint32_t limit;
} relation_run;

static bool add_pair(relation_run *run, uint32_t x, uint32_t y, vmo_bytes low, vmo_bytes high) {
  return vmo_vec_push(run->scratch, &run->entries, ((pair_entry){x, {y, low, high}})) &&
         vmo_vec_push(run->scratch, &run->entries, ((pair_entry){y, {x, -high, -low}}));
}

static int compare_begins(const void *left, const void *right) {
  const live_piece *a = left, *b = right;
  if (a->piece.begin != b->piece.begin) return a->piece.begin < b->piece.begin ? -1 : 1;
  return (a->node > b->node) - (a->node < b->node);
}

static vmo_outcome meet_pieces(relation_run *run, live_piece *pieces, uint32_t count) {
  live_piece *live = vmr_arena_alloc(run->scratch, ((size_t)count + 1) * sizeof *live);
  uint32_t live_count = 0;
  if (live == NULL) return VMO_OUTCOME_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < count; i++) {
    const live_piece *added = &pieces[i];
    uint32_t kept = 0;
    for (uint32_t j = 0; j < live_count; j++)
      if (live[j].piece.end > added->piece.begin) live[kept++] = live[j];
    live_count = kept;
    for (uint32_t j = 0; j < live_count; j++)
      if (!add_pair(run, live[j].node, added->node, live[j].piece.low - added->piece.high,
                    live[j].piece.high - added->piece.low))
        return VMO_OUTCOME_OUT_OF_MEMORY;
    if (run->entries.count > run->limit) return VMO_OUTCOME_NONE;
    live[live_count++] = *added;
  }
  return VMO_OUTCOME_FOUND;
}

static vmo_outcome sweep(relation_run *run) {
  const vmo_bundles *bundles = run->space->bundles;
  size_t count = 0;
  for (uint32_t i = 0; i < run->space->chosen_count; i++) count += bundles->data[run->space->chosen[i]].piece_count;
  live_piece *pieces = vmr_arena_alloc(run->scratch, (count + 1) * sizeof *pieces);
  if (pieces == NULL) return VMO_OUTCOME_OUT_OF_MEMORY;
  uint32_t filled = 0;
  for (uint32_t i = 0; i < run->space->chosen_count; i++) {
    const vmo_bundle *bundle = &bundles->data[run->space->chosen[i]];
    for (uint32_t j = 0; j < bundle->piece_count; j++)
      pieces[filled++] = (live_piece){bundles->pieces[bundle->piece_first + j], i};
  }
  qsort(pieces, filled, sizeof *pieces, compare_begins);
  return meet_pieces(run, pieces, filled);
}

static vmo_outcome add_wishes(relation_run *run) {
  const vmo_bundles *bundles = run->space->bundles;
  const uint32_t *places = vmo_list_places(run->space, run->scratch);
  if (places == NULL) return VMO_OUTCOME_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < bundles->apart_count; i++) {
    const vmo_apart *apart = &bundles->apart[i];
    uint32_t x = places[apart->first], y = places[apart->second];
    if (x == VMO_NONE || y == VMO_NONE) continue;
    if (!add_pair(run, x, y, -apart->second_bytes, apart->first_bytes)) return VMO_OUTCOME_OUT_OF_MEMORY;
    if (run->entries.count > run->limit) return VMO_OUTCOME_NONE;
  }
  return VMO_OUTCOME_FOUND;
}

static int compare_entries(const void *left, const void *right) {
  const pair_entry *a = left, *b = right;
  if (a->self != b->self) return a->self < b->self ? -1 : 1;
  if (a->relation.other != b->relation.other) return a->relation.other < b->relation.other ? -1 : 1;
  if (a->relation.low != b->relation.low) return a->relation.low < b->relation.low ? -1 : 1;
  return (a->relation.high > b->relation.high) - (a->relation.high < b->relation.high);
}

/* Sorts, joins what overlaps, and cuts into the lists of the nodes. */
static bool finish(relation_run *run) {
  vmo_relations *relations = run->relations;
  uint32_t self = VMO_NONE;
  relations->firsts = vmr_arena_alloc_array(run->arena, (size_t)relations->count + 1, sizeof *relations->firsts);
  relations->data = vmr_arena_alloc(run->arena, ((size_t)run->entries.count + 1) * sizeof *relations->data);
  if (relations->firsts == NULL || relations->data == NULL) return false;
  if (run->entries.count > 1) qsort(run->entries.data, run->entries.count, sizeof *run->entries.data, compare_entries);
  for (uint32_t i = 0; i < run->entries.count; i++) {
    const pair_entry *entry = &run->entries.data[i];
    vmo_relation *last = relations->data_count > 0 ? &relations->data[relations->data_count - 1] : NULL;
    if (self == entry->self && last->other == entry->relation.other && entry->relation.low < last->high) {
      if (entry->relation.high > last->high) last->high = entry->relation.high;
      continue;
    }
    self = entry->self;
    relations->data[relations->data_count++] = entry->relation;
    relations->firsts[self + 1]++;
  }
  for (uint32_t i = 0; i < relations->count; i++) relations->firsts[i + 1] += relations->firsts[i];
  return true;
}

static bool fill_nodes(relation_run *run) {
  const vmo_space_problem *space = run->space;
  run->relations->count = space->chosen_count;
  run->relations->nodes = vmr_arena_alloc(run->arena, ((size_t)space->chosen_count + 1) * sizeof(vmo_node));
  if (run->relations->nodes == NULL) return false;
  for (uint32_t i = 0; i < space->chosen_count; i++) {
    const vmo_bundle *bundle = &space->bundles->data[space->chosen[i]];
    run->relations->nodes[i] =
        (vmo_node){bundle->bytes, vmo_max_bytes(bundle->alignment, space->alignment), bundle->fixed_offset};
  }
  return true;
}

vmo_outcome vmo_build_relations(const vmo_space_problem *space, uint32_t limit, vmr_arena *arena,
                                vmo_relations *relations) {
  *relations = (vmo_relations){0};
  relation_run run = {.space = space, .arena = arena, .relations = relations, .limit = limit};
  run.scratch = vmr_arena_create(0);
  if (run.scratch == NULL) return VMO_OUTCOME_OUT_OF_MEMORY;
  vmo_outcome outcome = fill_nodes(&run) ? sweep(&run) : VMO_OUTCOME_OUT_OF_MEMORY;
  if (outcome == VMO_OUTCOME_FOUND) outcome = add_wishes(&run);
  if (outcome == VMO_OUTCOME_FOUND && !finish(&run)) outcome = VMO_OUTCOME_OUT_OF_MEMORY;
  vmr_arena_destroy(run.scratch);
  return outcome;
}
