/* assign_improve.c: bundles that are not in their cheapest space are tried in the holes of cheaper ones; then the cheaper
 * space is placed anew with such a bundle, while tries and units are left. */
#include "planner/assign_run.h"

#define HOLE_UNITS UINT64_C(200000000) /* bundles, pieces and pairs looked at when holes are searched */
#define ANEW_WORK UINT64_C(10000000)   /* of one of them */
#define ANEW_TRIES 40                  /* placements of a space with one bundle more */
#define ANEW_BUNDLES 2000              /* of a space that is placed anew for one bundle */

/* The lowest place of the bundle among the bundles of the space that are placed there, or -1. */
static vmo_bytes find_hole(vmo_assign_run *run, uint32_t bundle, uint32_t space, uint64_t *units, vmr_arena *arena) {
  uint32_t chosen = vmo_choose_bundles(run, space);
  uint64_t cost = 1 + run->assignment->bundles->count + run->assignment->bundles->apart_count;
  vmo_bytes place;
  for (uint32_t i = 0; i < chosen; i++) cost += 1 + run->assignment->bundles->data[run->chosen[i]].piece_count;
  *units -= *units < cost ? *units : cost;
  vmr_arena_reset(arena);
  return vmo_find_hole(run->assignment, bundle, space, run->chosen, chosen, arena, &place) ? place : -1;
}

/* Puts a bundle into a hole that the plan of a cheaper space has. */
static bool fill_hole(vmo_assign_run *run, uint32_t bundle, uint32_t space, uint64_t *units, vmr_arena *arena) {
  vmo_bytes hole = find_hole(run, bundle, space, units, arena);
  if (hole < 0) return false;
  uint32_t from = run->assignment->spaces[bundle];
  vmo_solution *results = run->assignment->results;
  bool solved[2] = {run->solved[from], run->solved[space]};
  vmo_move_bundle(run, bundle, space);
  run->solved[from] = solved[0];
  run->solved[space] = solved[1];
  run->assignment->offsets[bundle] = hole;
  vmo_bytes top = hole + run->assignment->bundles->data[bundle].bytes;
  results[space].height = vmo_max_bytes(results[space].height, top);
  if (results[space].offsets == NULL) results[space].offsets = run->assignment->offsets;
  return true;
}

/* Places a cheaper space with the bundle in it; as before when that fails. */
static vmo_status place_anew(vmo_assign_run *run, uint32_t bundle, uint32_t space, bool *done) {
  vmo_assignment *assignment = run->assignment;
  uint32_t from = assignment->spaces[bundle], count = vmo_choose_bundles(run, space);
  vmo_solution before = assignment->results[space];
  vmo_bytes *offsets = vmr_arena_alloc(run->scratch, ((size_t)count + 1) * sizeof *offsets);
  uint32_t *members = vmr_arena_alloc(run->scratch, ((size_t)count + 1) * sizeof *members);
  if (offsets == NULL || members == NULL) return VMO_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < count; i++) {
    members[i] = run->chosen[i];
    offsets[i] = assignment->offsets[members[i]];
  }
  vmo_bytes own = assignment->offsets[bundle];
  bool solved = run->solved[from];
  vmo_move_bundle(run, bundle, space);
  vmo_status status = vmo_place_space(run, space, 0.1, run->work_left < ANEW_WORK ? run->work_left : ANEW_WORK);
  if (status != VMO_OK) return status;
  run->solved[from] = solved;
  *done = vmo_space_is_within(run, space);
  if (*done) return VMO_OK;
  vmo_move_bundle(run, bundle, from);
  run->solved[from] = solved;
  run->solved[space] = true;
  assignment->results[space] = before;
  assignment->offsets[bundle] = own;
  for (uint32_t i = 0; i < count; i++) assignment->offsets[members[i]] = offsets[i];
  return VMO_OK;
}

vmo_status vmo_improve_assignment(vmo_assign_run *run) {
  vmo_assignment *assignment = run->assignment;
  vmr_arena *arena = vmr_arena_create(0);
  vmo_status status = arena != NULL ? VMO_OK : VMO_OUT_OF_MEMORY;
  uint64_t units = HOLE_UNITS;
  uint32_t tries = ANEW_TRIES;
  for (uint32_t i = 0; i < assignment->bundles->count && status == VMO_OK && !vmo_budget_is_over(assignment->budget);
       i++) {
    uint32_t bundle = run->ranked[i].bundle, now = vmo_rank_of(run, assignment->spaces[bundle]);
    bool done = false;
    for (uint32_t rank = 0; rank < now && !done && status == VMO_OK; rank++) {
      uint32_t space = assignment->ranked[rank];
      bool cheaper =
          vmo_bundle_cost(assignment, bundle, space) < vmo_bundle_cost(assignment, bundle, assignment->spaces[bundle]);
      if (!cheaper || !vmo_is_allowed(run, bundle, space) || vmo_find_excess(run, bundle, space) > 0) continue;
      if (units > 0) done = fill_hole(run, bundle, space, &units, arena);
      if (done || tries == 0 || run->work_left == 0 || vmo_choose_bundles(run, space) > ANEW_BUNDLES) continue;
      tries--;
      status = place_anew(run, bundle, space, &done);
    }
  }
  vmr_arena_destroy(arena);
  return status;
}
