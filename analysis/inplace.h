/* inplace.h: says why a result may not take an operand's bytes. */
#ifndef VMO_ANALYSIS_INPLACE_H
#define VMO_ANALYSIS_INPLACE_H

#include "analysis/buffers.h"

/* Whether the operand's bytes are read after the op, later or in the next iteration, so that nothing may take them: then
 * `fact` says where. It has op, result and operand set. */
bool vmo_explain_read(const vmo_buffers *buffers, const vmo_cfg *cfg, const vmo_storage_accesses *accesses,
                      vmo_inplace_fact *fact);

/* The same, where the op that reads and the value that it names are known. */
void vmo_blame_read(const vmo_flow *flow, vmo_point op, vmo_value_id value, vmo_refusal refusal,
                    vmo_inplace_fact *fact);

/* Fills in fact->read and fact->other, and sharpens fact->refusal, for an operand whose buffer could not be merged
 * with the result's because of `conflict`. `fact` has op, result and operand set. */
void vmo_explain_conflict(const vmo_buffers *buffers, const vmo_cfg *cfg, const vmo_storage_accesses *accesses,
                          const vmo_conflict *conflict, vmo_inplace_fact *fact);

#endif
