/* assign_subset.c: why many bundles have no assignment to spaces: a few of them that already have none.
 *
 * The loads say nothing where the spaces are large enough together and no bundle fits into what is left of any:
 *
 *   spaces of 8 and 8      three bundles of 5 that are live at once: 15 bytes of load, but two of them fit nowhere
 *                          together
 *
 * Asked about are times of the largest loads: of all bundles, and of those that were put into a space and end beyond
 * its capacity. Of what is live at such a time the largest bundles, as many as the exact assignment takes, are searched
 * to the end. What it rules out is ruled out for all. O(s n log n) and s exact searches, s spaces. */
#include "planner/assign.h"
#include "planner/instance.h"

typedef struct subset_run {
  vmo_assignment *assignment;
  vmr_arena *scratch;
  uint32_t *chosen;
} subset_run;

static bool is_live(const vmo_bundles *bundles, uint32_t bundle, int64_t time) {
  for (uint32_t i = 0; i < bundles->data[bundle].piece_count; i++) {
    const vmo_piece *piece = &bundles->pieces[bundles->data[bundle].piece_first + i];
    if (piece->begin <= time && time < piece->end) return true;
  }
  return false;
}

/* The largest bundles that are live at the time. */
static bool choose_live(subset_run *run, int64_t time, uint32_t *few, uint32_t *count) {
  const vmo_bundles *bundles = run->assignment->bundles;
  uint32_t live = 0;
  vmo_keyed *keys = vmr_arena_alloc(run->scratch, 2 * ((size_t)bundles->count + 1) * sizeof *keys);
  if (keys == NULL) return false;
  for (uint32_t b = 0; b < bundles->count; b++)
    if (is_live(bundles, b, time)) keys[live++] = (vmo_keyed){(uint64_t)(VMO_BYTES_LIMIT - bundles->data[b].bytes), b};
  vmo_sort_keyed(keys, keys + live, live);
  *count = live < VMO_EXACT_ASSIGNMENT_BUNDLES ? live : VMO_EXACT_ASSIGNMENT_BUNDLES;
  for (uint32_t i = 0; i < *count; i++) few[i] = keys[i].value;
  return true;
}

/* Fills the blockers when the largest that are live at the time cannot be assigned. */
static vmo_status ask_at(subset_run *run, int64_t time) {
  uint32_t few[VMO_EXACT_ASSIGNMENT_BUNDLES], count, spaces[VMO_EXACT_ASSIGNMENT_BUNDLES];
  uint64_t allowed[VMO_EXACT_ASSIGNMENT_BUNDLES];
  vmo_bundle data[VMO_EXACT_ASSIGNMENT_BUNDLES];
  vmo_bundles fewer = *run->assignment->bundles;
  vmr_arena_reset(run->scratch);
  if (!choose_live(run, time, few, &count)) return VMO_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < count; i++) {
    data[i] = fewer.data[few[i]];
    allowed[i] = run->assignment->allowed[few[i]];
  }
  fewer.data = data;
  fewer.count = count;
  fewer.apart_count = 0; /* those are live at once anyway, but for windows; what is ruled out without is ruled out */
  vmo_assignment part = *run->assignment;
  part.bundles = &fewer;
  part.allowed = allowed;
  part.spaces = spaces;
  bool proven, found;
  vmo_status status = vmo_assign_exactly(&part, &proven, &found);
  if (status != VMO_OK || !proven || found) return status;
  uint32_t *blockers = vmr_arena_alloc(run->assignment->arena, ((size_t)part.blocker_count + 1) * sizeof *blockers);
  if (blockers == NULL) return VMO_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < part.blocker_count; i++) blockers[i] = few[part.blockers[i]];
  run->assignment->blockers = blockers;
  run->assignment->blocker_count = part.blocker_count;
  return VMO_OK;
}

static bool is_beyond(const vmo_assignment *assignment, uint32_t space) {
  const vmo_solution *result = &assignment->results[space];
  vmo_bytes capacity = assignment->problem->spaces[space].capacity;
  return capacity >= 0 && (result->offsets == NULL || result->height > capacity);
}

static vmo_status ask_everywhere(subset_run *run) {
  const vmo_assignment *assignment = run->assignment;
  vmo_bytes load;
  int64_t time;
  for (uint32_t b = 0; b < assignment->bundles->count; b++) run->chosen[b] = b;
  if (!vmo_find_load(assignment->bundles, run->chosen, assignment->bundles->count, run->scratch, &load, &time))
    return VMO_OUT_OF_MEMORY;
  vmo_status status = ask_at(run, time);
  for (uint32_t s = 0; s < assignment->problem->space_count && status == VMO_OK; s++) {
    if (assignment->blockers != NULL || vmo_budget_is_over(assignment->budget)) return VMO_OK;
    if (is_beyond(assignment, s)) status = ask_at(run, assignment->results[s].witness);
  }
  return status;
}

vmo_status vmo_find_unassignable(vmo_assignment *assignment) {
  subset_run run = {.assignment = assignment, .scratch = vmr_arena_create(0)};
  vmr_arena *arena = vmr_arena_create(0);
  vmo_status status = VMO_OUT_OF_MEMORY;
  if (run.scratch != NULL && arena != NULL) {
    run.chosen = vmr_arena_alloc(arena, ((size_t)assignment->bundles->count + 1) * sizeof *run.chosen);
    if (run.chosen != NULL) status = ask_everywhere(&run);
  }
  vmr_arena_destroy(arena);
  vmr_arena_destroy(run.scratch);
  return status;
}
