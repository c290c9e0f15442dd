/* reuse.h: which storage takes the bytes of which dead one, read off a placement. Private to passes/. */
#ifndef VMO_PASSES_REUSE_H
#define VMO_PASSES_REUSE_H

#include "support/context.h"

typedef struct vmo_tenant { /* one storage, in the order in which storages are made */
  vmo_bytes begin, end;     /* its bytes in the arena */
  bool asks;                /* the first of its buffer: whose bytes does it take? */
  uint32_t former;          /* the answer: the latest earlier tenant of any of these bytes; VMO_NONE: none */
} vmo_tenant;

/* Answers for all tenants of one arena. O(n log n). */
vmo_status vmo_find_former_tenants(vmo_context *context, vmo_tenant *tenants, uint32_t count);

#endif
