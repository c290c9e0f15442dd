/* budget.h: the time limit of a call that solves several problems, cut into parts; private to the folder. */
#ifndef VMO_PLANNER_BUDGET_H
#define VMO_PLANNER_BUDGET_H

#include "planner/planner.h"
#include "planner/watch.h"

typedef struct vmo_budget_of_time {
  vmo_solve_options options; /* of the whole */
  int64_t began;
} vmo_budget_of_time;

static inline vmo_budget_of_time vmo_begin_budget(const vmo_solve_options *options) {
  vmo_budget_of_time budget = {.began = vmo_watch_now()};
  if (options != NULL) budget.options = *options;
  return budget;
}

/* Seconds of the limit that are left; a large number without one. */
static inline double vmo_budget_left(const vmo_budget_of_time *budget) {
  if (budget->options.time_limit <= 0) return 1e9;
  return budget->options.time_limit - (double)(vmo_watch_now() - budget->began) / 1e9;
}

static inline bool vmo_budget_is_over(const vmo_budget_of_time *budget) {
  const vmo_watch watch = {budget->options.cancelled, 0};
  return vmo_budget_left(budget) <= 0 || vmo_watch_is_over(&watch);
}

/* Options for a part that may take this share of what is left; a first plan is always finished. */
static inline vmo_solve_options vmo_budget_part(const vmo_budget_of_time *budget, double share) {
  vmo_solve_options part = budget->options;
  double left = vmo_budget_left(budget) * share;
  if (part.time_limit > 0) part.time_limit = left > 1e-6 ? left : 1e-6;
  return part;
}

/* So many units of work, or what fits into the time that is left. */
static inline uint64_t vmo_budget_units(const vmo_budget_of_time *budget, uint64_t units) {
  double left = vmo_budget_left(budget) * 1e7;
  if (left < 1000) return 1000;
  return left < (double)units ? (uint64_t)left : units;
}

#endif
