/* frames.h: slots of a frame that share bytes. Private to llvm/. */
#ifndef VMO_LLVM_FRAMES_H
#define VMO_LLVM_FRAMES_H

#include "llvm/plan.h"

/* Gives the slots of a plan, whose releases are planned, places in shared frames where that saves bytes. (frames.c) */
vmo_status vmo_share_frame(vmo_ll_planning *planning, vmo_ll_points_to *points_to, const vmo_cfg *control,
                           const vmo_ll_touches *touches, vmo_ll_plan *plan);

#endif
