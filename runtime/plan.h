/* plan.h: the plan from inside. */
#ifndef VMR_RUNTIME_PLAN_H
#define VMR_RUNTIME_PLAN_H

#include "runtime/context.h"
#include "vmemrt/plan.h"

/* Stands right below the block of a call; the calls of all depths are a list, outermost first. */
typedef struct vmr_frame {
  struct vmr_frame *outer, *inner; /* inner: entered, or idle from an earlier call */
  char *base;                      /* what was obtained */
  size_t obtained;                 /* bytes from there */
  size_t capacity, bytes;          /* of the block; and what this call asked for */
} vmr_frame;

struct vmr_plan {
  vmr_frame *outermost, *innermost; /* of all; of those that are entered, NULL when none is */
  size_t alignment, zone;           /* zone: bytes behind a block that are poisoned or hold the guard pattern */
  size_t used, peak, reserved;
  char *room, *end; /* of the caller's buffer, what is not taken; NULL otherwise */
  bool is_in_buffer, is_watched, is_guarded, is_checked;
  vmr_status status;
  vmr_handle handle;
};

#endif
