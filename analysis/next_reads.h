/* next_reads.h: of each read, where its own block reads the same storage next.
 *
 *   5  %y = add %x, 1      read of %x: next read at 8
 *   8  %z = mul %x, %y     read of %x: none in this block
 *
 * Most operands that may not be overwritten are refused because of such a read, and this answers without a look at the
 * storage, which may lie anywhere in memory. One walk backwards over all accesses; linear. */
#ifndef VMO_ANALYSIS_NEXT_READS_H
#define VMO_ANALYSIS_NEXT_READS_H

#include "analysis/flow.h"

typedef struct vmo_next_read {
  vmo_point op;       /* a later op of the same block, nothing written in between; -1: none, or not known */
  vmo_value_id value; /* through which value it reads; VMO_NONE: none */
} vmo_next_read;

/* One per access of the flow; those of reads are filled in. */
vmo_status vmo_find_next_reads(const vmo_flow *flow, vmo_next_read **reads);

#endif
