/* solver.h: what the stages of a solve share; private to the folder.
 *
 *   a first plan of each part -> the highest part: more methods -> search -> what is the highest part now
 *   (portfolio.c)                                  (portfolio.c)   (rounds.c)
 *
 * Only the highest part counts, and only until it fits under what another needs anyway, or under the capacity. */
#ifndef VMO_PLANNER_SOLVER_H
#define VMO_PLANNER_SOLVER_H

#include "planner/exact.h"
#include "planner/overlaps.h"
#include "planner/planner.h"

/* What is known of a part; kept while other parts are worked on. */
typedef struct vmo_part_plan {
  vmo_bytes height;   /* of its best plan, which is in vmo_solver.best */
  vmo_bytes floor;    /* no plan of it is lower */
  const char *method; /* that found the plan */
  uint32_t methods;   /* of the portfolio: how many were tried */
  vmo_order order;    /* of the best plan by a skyline, */
  bool coarse;        /* and whether it had one alignment for all */
  uint64_t cost;      /* of the first method, in units, */
  int64_t duration;   /* and in nanoseconds */
  uint32_t round;     /* of the search that follows the portfolio */
} vmo_part_plan;

typedef struct vmo_solver {
  vmo_context *context;
  const vmo_problem *problem;
  const vmo_extent *extents; /* per lifetime; or NULL */
  const vmo_solve_options *options;
  vmo_solution *solution;
  vmo_instance instance;
  vmo_watch watch;
  uint64_t units_left, items_left; /* for the parts that are to be worked on */
  vmo_bytes goal;                  /* no part needs to be lower */
  vmo_bytes others;                /* height of the highest of the other parts, or the goal */
  vmr_arena *arena;                /* for the whole solve */
  vmr_arena *part_arena;           /* for one visit to a part */
  vmr_arena *method_arena;         /* for one method */
  vmo_bytes *offsets;              /* per item: of the method that runs */
  vmo_bytes *best;                 /* per item: of the best plan of its part */
  vmo_part_plan *plans;            /* per part */
} vmo_solver;

/* One visit to a part. */
typedef struct vmo_visit {
  vmo_solver *solver;
  const vmo_part *part;
  vmo_part_plan *plan;
  vmo_work work; /* `used` and `limit` count from the begin of the visit */
  vmo_graph graph;
  bool graph_known, graph_fits;
  vmo_overlaps *overlaps; /* NULL: not asked for yet */
} vmo_visit;

/* As vmo_solve_problem, and with extents: in each of the problem's lifetimes only those bytes of the buffer are live
 * (NULL: all). The height counts all bytes of a buffer. Exact searches leave parts with shaped items alone. */
vmo_status vmo_solve_extents(vmo_context *context, const vmo_problem *problem, const vmo_extent *extents,
                             const vmo_solve_options *options, vmo_solution *solution);

/* The units of a solve that is given neither a time limit nor any. */
uint64_t vmo_default_work(uint32_t buffers, bool capacity);

/* Takes the plan in work as the part's best one. */
void vmo_keep_plan(vmo_visit *visit, const char *method);
/* No plan of the part within `height` exists. */
void vmo_raise_floor(vmo_visit *visit, vmo_bytes height);
/* The part is no longer the highest, or needs not be or cannot get lower, or the limits are reached. */
bool vmo_visit_is_over(const vmo_visit *visit);

/* Tells the caller of the solve how far it is. */
void vmo_report_progress(vmo_solver *solver);

/* Says that no plan below 2^53 was found: VMO_INPUT_ERROR. */
vmo_status vmo_refuse_height(vmo_context *context);
/* Finds the first plan of the part, whatever the limits; it may end at 2^53 or above. VMO_INPUT_ERROR: far above. */
vmo_status vmo_find_first_plan(vmo_visit *visit);
/* Whether a part is one for second thoughts. */
bool vmo_may_think_again(const vmo_part *part);
/* The skyline with second thoughts, which differ from pass to pass; a plan below work.ceiling is in work. */
vmo_outcome vmo_think_again(vmo_visit *visit, const uint32_t *ranked, uint32_t pass);
/* Runs the other fixed methods. */
vmo_status vmo_run_portfolio(vmo_visit *visit);
/* Fills solution->blockers with a few buffers that cannot fit together within the capacity (infeasible.c). */
vmo_status vmo_find_blockers(vmo_solver *solver);
/* One pass of the skyline in stages (stages.c); the noise differs from pass to pass. `arena` is used up. The part has no
 * pins. */
vmo_status vmo_run_stages(vmo_visit *visit, uint32_t pass, vmr_arena *arena);
/* Some windows of the large neighbourhood search (neighbourhood.c); they differ from turn to turn. `arena` is used
 * up. */
vmo_status vmo_search_neighbourhoods(vmo_visit *visit, uint32_t turn, vmr_arena *arena);
/* Searches until the visit is over or there is nothing to search by. */
vmo_status vmo_search_part(vmo_visit *visit);

#endif
