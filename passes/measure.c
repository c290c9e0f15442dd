/* measure.c: the loads of the program as written, before anything is inserted or shared. Keeps everything. */
#include "passes/occupants.h"

vmo_status vmo_measure_written(vmo_planning *planning) {
  const vmo_flow *flow = planning->flow;
  planning->written = planning->function;
  planning->written_flow = planning->flow;
  planning->known = flow->known;
  for (uint32_t op = 0; op < planning->function->ops.count; op++) {
    const vmo_op *o = &planning->function->ops.data[op];
    if (o->code != VMO_OP_call) continue;
    const vmo_callee *callee = &planning->callees[o->callee];
    if (callee->summary.planned && !callee->known) planning->known = false;
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
