/* planning.h: what the passes over one function share: the function in hand, the facts computed for it, and the plan
 * as it grows. Private to passes/. */
#ifndef VMO_PASSES_PLANNING_H
#define VMO_PASSES_PLANNING_H

#include "analysis/analysis.h"
#include "passes/edit.h"
#include "passes/passes.h"

/* What callers need to know of a planned function. */
typedef struct vmo_callee {
  vmo_call_summary summary;
  vmo_amount *written_peaks; /* by space, results apart: as written; then all together */
  vmo_amount written_peak;
  vmo_amount *planned_peaks; /* the same for the plan */
  vmo_amount planned_peak;
  const vmo_arena_plan *arenas;  /* in its plan */
  const vmo_amount *call_arenas; /* one per arena: what a call needs, results apart */
  uint32_t arena_count;          /* 0: not planned yet, it takes its own block at run time */
  uint32_t alignment;            /* of those arenas */
  bool known;                    /* all of these are numbers */
  bool exact;                    /* the peaks are, and no upper bounds */
} vmo_callee;

/* A merge that was found possible before copies were inserted; named by what survives the edit. */
typedef struct vmo_place {
  vmo_value_id value; /* whose storage it is; VMO_NONE: a result of the function */
  uint32_t result;
} vmo_place;

typedef struct vmo_merge_record {
  vmo_place left, right;
} vmo_merge_record;

/* Where a planned buffer stands. */
typedef struct vmo_spot {
  uint32_t slot;      /* VMO_NONE: not in an arena (a parameter's or a caller's bytes, never live) */
  vmo_size_id offset; /* in the function's arena of its space */
} vmo_spot;

typedef struct vmo_layout { /* one placement of everything in the function's arenas */
  vmo_spot *buffers;        /* by storage id, valid at roots */
  vmo_size_id *workspaces;  /* offset of each of the flow's workspaces */
  vmo_size_id *callees;     /* offsets of callees' arenas; callee_first[call] .. of call number `call` */
  vmo_amount *arenas;       /* by space */
  uint32_t alignment;       /* the strictest of anything in it */
  const char *method;
} vmo_layout;

typedef struct vmo_call_site { /* calls of the function in hand that need memory */
  vmo_point op;
  vmo_function_id callee;
  uint32_t offset_first; /* into vmo_layout.callees: one per arena of the callee */
} vmo_call_site;

typedef struct vmo_planning {
  vmo_module *module;
  vmo_context *context; /* the module's: for what stays */
  vmo_context *kept;    /* for what is of use until this function is planned */
  vmo_context *scratch; /* for facts, and what is of use to a pass: emptied when an edit drops all facts */
  const vmo_binding *binding;
  const vmo_plan_options *options;
  vmo_function_id id;
  bool unfused;              /* ops are not fused, to see whether that is better */
  bool alternate;            /* loops that may gain do two trips in one, to see whether they do */
  bool may_alternate;        /* there are such loops */
  vmo_function *unplanned;   /* the function as it was before that */
  bool recursive;            /* in a cycle of calls */
  bool called;               /* some function of the module calls it */
  const vmo_callee *callees; /* by function id; those in the same cycle are not planned yet */
  const vmo_call_summary *summaries;

  vmo_function *function;      /* the one in hand */
  const vmo_function *written; /* as it was before copies were inserted */

  /* facts of `function`; NULL: not computed */
  vmo_flow *flow;
  vmo_cfg *cfg;
  vmo_liveness *liveness;
  vmo_storage_accesses *accesses;
  vmo_buffers *buffers;

  /* facts of `written`, kept for the report; of its flow the storages and the moves */
  vmo_flow *written_flow;
  vmo_loads written_loads;      /* results in the arena, but with --results=caller */
  vmo_loads written_call_loads; /* results apart */
  vmo_occupancy written_occupancy;

  VMO_VEC(vmo_merge_record) merges;
  VMO_VEC(vmo_copy_fact) copies; /* in the order inserted; op is filled in at the end */
  VMO_VEC(vmo_inplace_fact) inplace;
  VMO_VEC(vmo_inplace_fact) refused;
  VMO_VEC(vmo_fused_fact) fused;           /* in program order */
  VMO_VEC(vmo_alternated_fact) alternated; /* in program order */
  VMO_VEC(vmo_call_site) calls;
  uint32_t callee_offset_count;
  bool known;             /* all sizes are numbers, callees' too */
  bool callees_exact;     /* their peaks are */
  vmo_layout layout;      /* the one that the text carries */
  vmo_layout call_layout; /* results apart; same as layout with --results=caller */
  vmo_plan_facts *facts;
} vmo_planning;

/* The passes, each in a file of its own. */
vmo_status vmo_remove_dead_values(vmo_planning *planning); /* dce.c */
vmo_status vmo_fuse_ops(vmo_planning *planning);           /* fuse.c */
vmo_status vmo_alternate_loops(vmo_planning *planning);    /* alternate.c */
vmo_status vmo_measure_written(vmo_planning *planning);    /* measure.c */
vmo_status vmo_shift_values(vmo_planning *planning);       /* shift.c */
vmo_status vmo_coalesce_moves(vmo_planning *planning);     /* coalesce.c */
vmo_status vmo_form_buffers(vmo_planning *planning);       /* coalesce.c */
vmo_status vmo_choose_inplace(vmo_planning *planning);     /* inplace.c */
vmo_status vmo_assign_slots(vmo_planning *planning);       /* slots.c */
vmo_status vmo_annotate_plan(vmo_planning *planning);      /* annotate.c */
vmo_status vmo_record_facts(vmo_planning *planning);       /* record.c */

/* Shared by passes. */
vmo_storage_id vmo_find_place(const vmo_planning *planning, vmo_place place);
vmo_place vmo_place_of(const vmo_flow *flow, vmo_storage_id storage);
/* The op of the first read of a storage at `point` or later; -1: none. */
vmo_point vmo_find_read(const vmo_planning *planning, vmo_storage_id storage, vmo_point point); /* shift.c */
/* Whether the op can make its result `made` over the carried `storage`, whichever of its operands that is. */
bool vmo_makes_over(const vmo_planning *planning, vmo_point op, vmo_value_id made,
                    vmo_storage_id storage); /* shift.c */
/* Bytes that the plan copies in loops in two trips of the innermost loop around each copy; copies where sizes are not
 * known. */
uint64_t vmo_weigh_loop_copies(const vmo_plan_facts *facts); /* alternate.c */

/* Before the facts of `written` go: takes what the report needs of them into `kept`. */
bool vmo_keep_measures(vmo_planning *planning); /* measure.c */

#endif
