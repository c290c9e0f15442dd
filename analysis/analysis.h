/* analysis.h: all that other folders may use of analysis/.
 *
 *   flow.h     the flow graph, read from a function        facts.h    control flow, liveness, the record for reports
 *   buffers.h  which storages may share bytes              inplace.h  why an operand may not be overwritten
 *   loads.h    bytes live at each point, peaks             levels.h   critical path, parallel width
 *   calls.h    callees first                               next_reads.h  where a block reads the same bytes next */
#ifndef VMO_ANALYSIS_ANALYSIS_H
#define VMO_ANALYSIS_ANALYSIS_H

#include "analysis/buffers.h"
#include "analysis/calls.h"
#include "analysis/facts.h"
#include "analysis/flow.h"
#include "analysis/heap_profile.h"
#include "analysis/heaps.h"
#include "analysis/inplace.h"
#include "analysis/levels.h"
#include "analysis/loads.h"
#include "analysis/next_reads.h"
#include "analysis/sites.h"

#endif
