/* assign_overload.c: bundles that cannot fit into their spaces, whatever the assignment: what is live at one time
 * and allows
 * nothing outside of some spaces exceeds the capacities of these together. Asked for all spaces, and for each set of
 * spaces that some bundle allows, 64 of them at most. O(sets times n log n). */
#include "planner/assign.h"
#include "planner/instance.h"

typedef struct overload_run {
  vmo_assignment *assignment;
  vmr_arena *scratch;
  uint32_t *chosen;
} overload_run;

/* Of the bundles that allow nothing outside of `spaces`: when their load exceeds all capacities there, the largest
 * that are
 * live then, until they are too many. */
static vmo_status find_overload(overload_run *run, uint64_t spaces) {
  vmo_assignment *assignment = run->assignment;
  const vmo_bundles *bundles = assignment->bundles;
  vmo_bytes capacity = 0, load;
  int64_t time;
  uint32_t count = 0, live = 0;
  for (uint32_t s = 0; s < assignment->problem->space_count; s++) {
    if (!(spaces >> s & 1)) continue;
    if (assignment->problem->spaces[s].capacity < 0) return VMO_OK;
    capacity += assignment->problem->spaces[s].capacity;
  }
  for (uint32_t b = 0; b < bundles->count; b++)
    if ((assignment->allowed[b] & ~spaces) == 0) run->chosen[count++] = b;
  if (!vmo_find_load(bundles, run->chosen, count, run->scratch, &load, &time)) return VMO_OUT_OF_MEMORY;
  if (load <= capacity) return VMO_OK;
  vmo_keyed *keys = vmr_arena_alloc(run->scratch, 2 * ((size_t)count + 1) * sizeof *keys);
  uint32_t *blockers = vmr_arena_alloc(assignment->arena, ((size_t)count + 1) * sizeof *blockers);
  if (keys == NULL || blockers == NULL) return VMO_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < count; i++)
    for (uint32_t j = 0; j < bundles->data[run->chosen[i]].piece_count; j++) {
      const vmo_piece *piece = &bundles->pieces[bundles->data[run->chosen[i]].piece_first + j];
      if (time < piece->begin || time >= piece->end) continue;
      keys[live++] = (vmo_keyed){(uint64_t)(VMO_BYTES_LIMIT - (piece->high - piece->low)), run->chosen[i]};
    }
  vmo_sort_keyed(keys, keys + live, live);
  load = 0;
  for (uint32_t i = 0; i < live && load <= capacity; i++) {
    load += VMO_BYTES_LIMIT - (vmo_bytes)keys[i].key;
    blockers[assignment->blocker_count++] = keys[i].value;
  }
  assignment->blockers = blockers;
  return VMO_OK;
}

/* Asks for all spaces, and for each set of spaces that some bundle allows. */
static vmo_status find_overloads(overload_run *run) {
  const vmo_assignment *assignment = run->assignment;
  uint64_t asked[64], all = 0;
  uint32_t count = 1;
  for (uint32_t s = 0; s < assignment->problem->space_count; s++) all |= UINT64_C(1) << s;
  asked[0] = all;
  for (uint32_t b = 0; b < assignment->bundles->count && count < 64; b++) {
    uint32_t i = 0;
    while (i < count && asked[i] != assignment->allowed[b]) i++;
    if (i == count) asked[count++] = assignment->allowed[b];
  }
  for (uint32_t i = 0; i < count && assignment->blockers == NULL; i++) {
    vmo_status status = find_overload(run, asked[i]);
    if (status != VMO_OK) return status;
  }
  return VMO_OK;
}

vmo_status vmo_find_overloads(vmo_assignment *assignment) {
  overload_run run = {.assignment = assignment, .scratch = vmr_arena_create(0)};
  if (run.scratch == NULL) return VMO_OUT_OF_MEMORY;
  run.chosen = vmr_arena_alloc(run.scratch, ((size_t)assignment->bundles->count + 1) * sizeof *run.chosen);
  vmo_status status = run.chosen != NULL ? find_overloads(&run) : VMO_OUT_OF_MEMORY;
  vmr_arena_destroy(run.scratch);
  return status;
}
