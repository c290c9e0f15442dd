/* control.c: dominators and loops of a function of LLVM IR, by the analysis of the flow graph.
 *
 * analysis/cfg.c asks of a flow graph only its blocks and their successors; so a flow that has nothing else serves. */
#include "llvm/plan.h"

vmo_status vmo_find_control(const vmo_ll_program *program, const vmo_ll_function *function, vmr_arena *arena,
                            vmo_cfg **control) {
  vmo_context *memory = vmr_arena_alloc_array(arena, 1, sizeof *memory);
  vmo_flow *flow = vmr_arena_alloc_array(arena, 1, sizeof *flow);
  if (memory == NULL || flow == NULL) return VMO_OUT_OF_MEMORY;
  *memory = *program->context;
  memory->arena = arena;
  flow->memory = memory;
  flow->op_count = (vmo_point)function->count;
  for (uint32_t b = 0; b < function->block_count; b++) {
    const vmo_ll_block *from = &program->blocks.data[function->block_first + b];
    vmo_block block = {.begin = (vmo_point)(from->first - function->first),
                       .end = (vmo_point)(from->first - function->first + from->count),
                       .successor_first = flow->successors.count,
                       .successor_count = from->successor_count,
                       .chain = b};
    for (uint32_t i = 0; i < from->successor_count; i++)
      if (!vmo_vec_push(arena, &flow->successors, program->successors.data[from->successor_first + i]))
        return VMO_OUT_OF_MEMORY;
    if (!vmo_vec_push(arena, &flow->blocks, block)) return VMO_OUT_OF_MEMORY;
  }
  return vmo_compute_cfg(flow, control);
}
