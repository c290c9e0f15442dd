/* metrics.h: figures of what no longer lives, so that counters do not go down when something is destroyed. */
#ifndef VMR_RUNTIME_METRICS_H
#define VMR_RUNTIME_METRICS_H

#include "runtime/context.h"

/* Adds the counters of a handle that is about to go to ctx->gone; the caller holds the lock. */
VMR_IF_LINKED void vmr_metrics_keep(vmr_ctx *ctx, const vmr_handle *handle);

#endif
