/* measure.c: the loads of the program as written, before anything is inserted or shared. Keeps everything.
 *
 * An edit drops the flow that was measured, some hundred bytes an op; the part that the report needs is kept. */
#include "passes/occupants.h"

#include <string.h>

/* Reports count bytes below 2^53, sums included. Calls and streams may multiply loads, which the planner and the writer
 * of reports look at; what is summed here is the function's own. */
static vmo_status check_sum(const vmo_planning *planning) {
  const vmo_flow *flow = planning->flow;
  vmo_bytes sum = 0;
  for (vmo_storage_id s = 0; s < flow->storages.count && sum < VMO_BYTES_LIMIT; s++)
    if (flow->storages.data[s].bytes > 0) sum += flow->storages.data[s].bytes;
  for (uint32_t i = 0; i < flow->workspaces.count && sum < VMO_BYTES_LIMIT; i++)
    if (flow->workspaces.data[i].bytes > 0) sum += flow->workspaces.data[i].bytes;
  if (sum < VMO_BYTES_LIMIT) return VMO_OK;
  vmo_diagnostic *diagnostic = vmo_diag_add(planning->context, VMO_DIAG_ARRAY_TOO_LARGE, planning->function->location,
                                            "the arrays of @%s have 2^53 bytes or more in all",
                                            vmo_name(planning->module, planning->function->name));
  vmo_diag_hint(planning->context, diagnostic, "are the dims what they should be? --dim NAME=NUMBER gives them values");
  return VMO_INPUT_ERROR;
}

vmo_status vmo_measure_written(vmo_planning *planning) {
  const vmo_flow *flow = planning->flow;
  vmo_status sum = check_sum(planning);
  if (sum != VMO_OK) return sum;
  planning->written = planning->function;
  planning->written_flow = planning->flow;
  planning->known = flow->known;
  planning->callees_exact = true;
  for (uint32_t op = 0; op < planning->function->ops.count; op++) {
    const vmo_op *o = &planning->function->ops.data[op];
    if (o->code != VMO_OP_call) continue;
    const vmo_callee *callee = &planning->callees[o->callee];
    if (callee->summary.planned && !callee->known) planning->known = false;
    if (callee->summary.planned && !callee->exact) planning->callees_exact = false;
  }
  vmo_status status =
      vmo_list_written_occupants(planning, !planning->options->results_in_caller, &planning->written_occupancy);
  if (status == VMO_OK)
    status = vmo_compute_loads(flow, &planning->written_occupancy, planning->known, &planning->written_loads);
  if (status != VMO_OK || !planning->called) return status;
  vmo_occupancy apart;
  status = vmo_list_written_occupants(planning, false, &apart);
  return status == VMO_OK ? vmo_compute_loads(flow, &apart, planning->known, &planning->written_call_loads) : status;
}

/* ---- keeping it beyond an edit ---- */

/* The array in `arena`; NULL when memory is out. */
static void *keep(vmr_arena *arena, const void *array, size_t count, size_t size) {
  void *kept = vmr_arena_alloc(arena, (count + 1) * size);
  if (kept && count > 0) memcpy(kept, array, count * size);
  return kept;
}

static bool keep_loads(vmr_arena *arena, vmo_loads *loads, vmo_point op_count) {
  bool timeline = loads->timeline != NULL;
  loads->floors = NULL;           /* of no use for the program as written */
  if (!loads->peaks) return true; /* never measured: nobody calls the function */
  loads->peaks = keep(arena, loads->peaks, loads->space_count, sizeof *loads->peaks);
  if (timeline) loads->timeline = keep(arena, loads->timeline, (size_t)op_count, sizeof *loads->timeline);
  loads->contributors.data =
      keep(arena, loads->contributors.data, loads->contributors.count, sizeof *loads->contributors.data);
  return loads->peaks && loads->contributors.data && (loads->timeline || !timeline);
}

/* Of the occupants those at the peak, which contributors then number anew. */
static bool keep_contributors(vmr_arena *arena, vmo_loads *loads, vmo_occupancy *occupancy) {
  uint32_t count = loads->contributors.count;
  vmo_occupant *kept = vmr_arena_alloc(arena, ((size_t)count + 1) * sizeof *kept);
  if (!kept) return false;
  for (uint32_t i = 0; i < count; i++) {
    kept[i] = occupancy->occupants.data[loads->contributors.data[i]];
    kept[i].range_count = 0;
    loads->contributors.data[i] = i;
  }
  memset(occupancy, 0, sizeof *occupancy);
  occupancy->occupants.data = kept;
  occupancy->occupants.count = occupancy->occupants.capacity = count;
  return true;
}

bool vmo_keep_measures(vmo_planning *planning) {
  vmr_arena *arena = planning->kept->arena;
  const vmo_flow *flow = planning->written_flow;
  if (!flow) return true;
  vmo_flow *kept = vmr_arena_alloc_array(arena, 1, sizeof *kept);
  if (!kept || !keep_loads(arena, &planning->written_loads, flow->op_count) ||
      !keep_loads(arena, &planning->written_call_loads, flow->op_count) ||
      !keep_contributors(arena, &planning->written_loads, &planning->written_occupancy))
    return false;
  kept->module = flow->module;
  kept->memory = planning->kept;
  kept->function = flow->function;
  kept->op_count = flow->op_count;
  kept->known = flow->known;
  kept->storages.data = keep(arena, flow->storages.data, flow->storages.count, sizeof *flow->storages.data);
  kept->storages.count = flow->storages.count;
  kept->moves.data = keep(arena, flow->moves.data, flow->moves.count, sizeof *flow->moves.data);
  kept->moves.count = flow->moves.count;
  planning->written_flow = kept;
  return kept->storages.data && kept->moves.data;
}
