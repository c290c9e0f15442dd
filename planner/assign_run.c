/* assign_run.c: what is where while bundles are assigned to spaces: loads over time per space (load_tree.c), moves, and
 * the placement of one space. A move is O(p log n), p pieces. */
#include "planner/assign_run.h"

#define EXACT_UNITS UINT64_C(2000000)

/* ---- loads ---- */

uint32_t vmo_find_time(const vmo_assign_run *run, int64_t time) {
  uint32_t low = 0, high = run->time_count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (run->times[middle] < time)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static void add_load(vmo_assign_run *run, uint32_t bundle, uint32_t space, int sign) {
  const vmo_bundle *added = &run->assignment->bundles->data[bundle];
  for (uint32_t i = 0; i < added->piece_count; i++) {
    const vmo_piece *piece = &run->assignment->bundles->pieces[added->piece_first + i];
    vmo_load_tree_add(&run->loads[space], vmo_find_time(run, piece->begin), vmo_find_time(run, piece->end),
                      sign * (piece->high - piece->low));
  }
}

vmo_bytes vmo_find_excess(const vmo_assign_run *run, uint32_t bundle, uint32_t space) {
  const vmo_bundle *added = &run->assignment->bundles->data[bundle];
  vmo_bytes capacity = run->assignment->problem->spaces[space].capacity, excess = 0;
  for (uint32_t i = 0; i < added->piece_count && capacity >= 0; i++) {
    const vmo_piece *piece = &run->assignment->bundles->pieces[added->piece_first + i];
    uint32_t begin = vmo_find_time(run, piece->begin), end = vmo_find_time(run, piece->end);
    vmo_bytes load = vmo_load_tree_most(&run->loads[space], begin, end);
    excess = vmo_max_bytes(excess, load + piece->high - piece->low - capacity);
  }
  return excess;
}

void vmo_enter_bundle(vmo_assign_run *run, uint32_t bundle, uint32_t space) {
  run->assignment->spaces[bundle] = space;
  run->solved[space] = false;
  add_load(run, bundle, space, 1);
}

void vmo_move_bundle(vmo_assign_run *run, uint32_t bundle, uint32_t space) {
  uint32_t from = run->assignment->spaces[bundle];
  run->solved[from] = false;
  add_load(run, bundle, from, -1);
  vmo_enter_bundle(run, bundle, space);
}

uint32_t vmo_rank_of(const vmo_assign_run *run, uint32_t space) {
  uint32_t rank = 0;
  while (run->assignment->ranked[rank] != space) rank++;
  return rank;
}

/* ---- placing ---- */

uint32_t vmo_choose_bundles(vmo_assign_run *run, uint32_t space) {
  uint32_t count = 0;
  for (uint32_t b = 0; b < run->assignment->bundles->count; b++)
    if (run->assignment->spaces[b] == space) run->chosen[count++] = b;
  return count;
}

vmo_status vmo_place_space(vmo_assign_run *run, uint32_t space, double share, uint64_t most_work) {
  vmo_assignment *assignment = run->assignment;
  vmo_solve_options options = vmo_budget_part(assignment->budget, share);
  if (most_work > 0 && (options.work_limit == 0 || options.work_limit > most_work)) options.work_limit = most_work;
  const vmo_space *asked = &assignment->problem->spaces[space];
  vmo_space_problem problem = {.bundles = assignment->bundles,
                               .chosen = run->chosen,
                               .chosen_count = vmo_choose_bundles(run, space),
                               .capacity = asked->capacity,
                               .alignment = vmo_space_alignment(asked)};
  run->solved[space] = true;
  vmo_solution *result = &assignment->results[space];
  vmo_status status =
      vmo_solve_space(assignment->context, &problem, &options, vmo_budget_units(assignment->budget, EXACT_UNITS),
                      assignment->arena, assignment->offsets, result);
  assignment->work += result->work;
  if (asked->capacity >= 0) run->work_left -= result->work < run->work_left ? result->work : run->work_left;
  return status;
}

bool vmo_space_is_within(const vmo_assign_run *run, uint32_t space) {
  const vmo_solution *result = &run->assignment->results[space];
  return result->status == VMO_SOLUTION_OPTIMAL || result->status == VMO_SOLUTION_FEASIBLE;
}
