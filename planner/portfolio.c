/* portfolio.c: the fixed methods, one after another, until a part's plan is low enough.
 *
 * The skyline by area finds the first plan. The fits need to know who is live together with whom; where that is too
 * much they are left out. */
#include "planner/solver.h"
#include "support/diag.h"
#include "support/random.h"

#define HIGHEST (INT64_C(1) << 60)
#define UNDONE_PER_ITEM UINT32_C(4) /* steps that second thoughts take back at first, */
#define LEAST_UNDONE 10000          /* and for small parts */
#define MOST_DOUBLINGS 4
#define LEAST_THOUGHT_OVER 2000           /* items of a part; exact searches and fillings are better with less */
#define MAX_NEIGHBOURS UINT64_C(16000000) /* of a part's graph, for the fits: 64 MB */

typedef enum method_kind {
  SKYLINE,
  SKYLINE_AGAIN,  /* with second thoughts */
  SKYLINE_COARSE, /* with all alignments lifted to the largest: small buffers then leave fewer odd steps */
  FIRST_FIT,
  BEST_FIT
} method_kind;

typedef struct plan_method {
  method_kind kind;
  vmo_order order;
  const char *name;
} plan_method;

/* In the order in which they are tried. */
static const plan_method methods[] = {
    {SKYLINE, VMO_ORDER_AREA, "skyline by area"},
    {SKYLINE, VMO_ORDER_START, "skyline by start"},
    {SKYLINE_AGAIN, VMO_ORDER_AREA, "skyline by area with second thoughts"},
    {SKYLINE, VMO_ORDER_DURATION_ROOT, "skyline by duration times root of size"},
    {SKYLINE_COARSE, VMO_ORDER_AREA, "skyline by area with one alignment"},
    {SKYLINE_COARSE, VMO_ORDER_DURATION_ROOT, "skyline by duration times root of size with one alignment"},
    {SKYLINE, VMO_ORDER_DURATION, "skyline by duration"},
    {SKYLINE, VMO_ORDER_BYTES, "skyline by size"},
    {SKYLINE, VMO_ORDER_SECTIONS, "skyline by sections"},
    {SKYLINE, VMO_ORDER_END, "skyline by end"},
    {BEST_FIT, VMO_ORDER_BYTES, "best fit by size"},
    {BEST_FIT, VMO_ORDER_AREA, "best fit by area"},
    {BEST_FIT, VMO_ORDER_DURATION, "best fit by duration"},
    {BEST_FIT, VMO_ORDER_DURATION_ROOT, "best fit by duration times root of size"},
    {BEST_FIT, VMO_ORDER_LOAD, "best fit by load"},
    {BEST_FIT, VMO_ORDER_START, "best fit by start"},
    {FIRST_FIT, VMO_ORDER_BYTES, "first fit by size"},
    {FIRST_FIT, VMO_ORDER_AREA, "first fit by area"},
    {FIRST_FIT, VMO_ORDER_DURATION, "first fit by duration"},
    {FIRST_FIT, VMO_ORDER_DURATION_ROOT, "first fit by duration times root of size"},
    {FIRST_FIT, VMO_ORDER_LOAD, "first fit by load"},
    {FIRST_FIT, VMO_ORDER_START, "first fit by start"},
};
#define METHOD_COUNT (sizeof methods / sizeof *methods)

/* False: out of memory. */
static bool want_graph(vmo_visit *visit) {
  if (visit->graph_known) return true;
  vmo_outcome outcome =
      vmo_build_graph(visit->work.instance, visit->part, MAX_NEIGHBOURS, visit->solver->part_arena, &visit->graph);
  visit->graph_known = true;
  visit->graph_fits = outcome == VMO_OUTCOME_FOUND;
  visit->work.used += outcome == VMO_OUTCOME_FOUND ? visit->graph.count : MAX_NEIGHBOURS;
  return outcome != VMO_OUTCOME_OUT_OF_MEMORY;
}

/* Whether the part lets the method run at all. False in *ready: memory is out. */
static bool suits(vmo_visit *visit, const plan_method *method, bool *ready) {
  *ready = true;
  if (method->kind == SKYLINE) return true;
  if (method->kind == SKYLINE_AGAIN) return vmo_may_think_again(visit->part);
  if (method->kind == SKYLINE_COARSE) return visit->work.instance->grain < visit->work.instance->largest_alignment;
  *ready = want_graph(visit);
  return *ready && visit->graph_fits;
}

bool vmo_may_think_again(const vmo_part *part) {
  return !part->gapped && !part->mixed && part->item_count >= LEAST_THOUGHT_OVER;
}

vmo_outcome vmo_think_again(vmo_visit *visit, const uint32_t *ranked, uint32_t pass) {
  const vmo_part_plan *plan = visit->plan;
  uint32_t times = pass < 4 * MOST_DOUBLINGS ? UNDONE_PER_ITEM << pass / 4 : UNDONE_PER_ITEM << MOST_DOUBLINGS;
  vmo_second_thoughts wish = {.target = vmo_max_bytes(plan->floor, visit->solver->others),
                              .undo_limit = (uint64_t)visit->part->item_count * times + LEAST_UNDONE,
                              .seed = visit->solver->options->seed + pass * VMO_RANDOM_STEP,
                              .duration = plan->duration};
  return vmo_plan_with_second_thoughts(&visit->work, ranked, &wish);
}

static vmo_outcome run_method(vmo_visit *visit, const plan_method *method) {
  bool ready, suitable = suits(visit, method, &ready);
  if (!suitable) return ready ? VMO_OUTCOME_NONE : VMO_OUTCOME_OUT_OF_MEMORY;
  vmr_arena *arena = visit->solver->method_arena;
  size_t count = visit->part->item_count;
  vmr_arena_reset(arena);
  uint32_t *ranked = vmr_arena_alloc(arena, count * sizeof *ranked);
  vmo_keyed *keys = vmr_arena_alloc(arena, 2 * count * sizeof *keys);
  if (ranked == NULL || keys == NULL) return VMO_OUTCOME_OUT_OF_MEMORY;
  vmo_rank_items(visit->work.instance, visit->part, method->order, keys, ranked);
  switch (method->kind) {
  case SKYLINE: return vmo_plan_by_skyline(&visit->work, ranked, false);
  case SKYLINE_AGAIN: return vmo_think_again(visit, ranked, 0);
  case SKYLINE_COARSE: return vmo_plan_by_skyline(&visit->work, ranked, true);
  case FIRST_FIT: return vmo_plan_by_first_fit(&visit->work, &visit->graph, ranked);
  case BEST_FIT: return vmo_plan_by_best_fit(&visit->work, &visit->graph, ranked);
  }
  return VMO_OUTCOME_NONE;
}

/* Whether the next method is likely to end before the limits do. */
static bool has_room(const vmo_visit *visit) {
  return visit->work.used + visit->plan->cost <= visit->work.limit &&
         vmo_watch_has_time(&visit->solver->watch, visit->plan->duration);
}

static vmo_outcome run_next(vmo_visit *visit) {
  const plan_method *method = &methods[visit->plan->methods];
  vmo_outcome outcome = run_method(visit, method);
  if (outcome == VMO_OUTCOME_OUT_OF_MEMORY) return outcome;
  if (outcome == VMO_OUTCOME_FOUND) {
    vmo_keep_plan(visit, method->name);
    if (method->kind <= SKYLINE_COARSE) {
      visit->plan->order = method->order;
      visit->plan->coarse = method->kind == SKYLINE_COARSE;
    }
  }
  visit->plan->methods++;
  return outcome;
}

vmo_status vmo_find_first_plan(vmo_visit *visit) {
  int64_t begin = vmo_watch_now();
  visit->work.ceiling = VMO_BYTES_LIMIT;
  visit->work.limit = UINT64_MAX;
  visit->plan->height = VMO_BYTES_LIMIT;
  vmo_outcome outcome = run_next(visit);
  if (outcome == VMO_OUTCOME_OUT_OF_MEMORY) return VMO_OUT_OF_MEMORY;
  visit->plan->cost = visit->work.used;
  visit->plan->duration = vmo_watch_now() - begin;
  while (outcome == VMO_OUTCOME_NONE && visit->plan->methods < METHOD_COUNT) {
    outcome = run_next(visit);
    if (outcome == VMO_OUTCOME_OUT_OF_MEMORY) return VMO_OUT_OF_MEMORY;
  }
  if (outcome == VMO_OUTCOME_FOUND) return VMO_OK;
  visit->work.ceiling = HIGHEST; /* a search may still find one below the limit */
  visit->plan->methods = 0;
  outcome = run_next(visit);
  if (outcome == VMO_OUTCOME_OUT_OF_MEMORY) return VMO_OUT_OF_MEMORY;
  return outcome == VMO_OUTCOME_FOUND ? VMO_OK : vmo_refuse_height(visit->solver->context);
}

vmo_status vmo_refuse_height(vmo_context *context) {
  vmo_diagnostic *added =
      vmo_diag_add(context, VMO_DIAG_PROBLEM_TOO_LARGE, (vmo_location){0}, "no plan of less than 2^53 bytes was found");
  vmo_diag_hint(context, added, "one may exist; " VMO_LARGER_UNITS_HINT);
  return VMO_INPUT_ERROR;
}

vmo_status vmo_run_portfolio(vmo_visit *visit) {
  while (visit->plan->methods < METHOD_COUNT && !vmo_visit_is_over(visit) && has_room(visit)) {
    visit->work.ceiling = visit->plan->height;
    if (run_next(visit) == VMO_OUTCOME_OUT_OF_MEMORY) return VMO_OUT_OF_MEMORY;
  }
  return VMO_OK;
}
