/* rounds.c: the search for a lower plan of one part, after the fixed methods: exact searches and searched ranks in
 * turns.
 *
 *   round   order      aim                 each round has a number of nodes; when all orders had a turn it grows, and the
 *   0       duration   as low as possible  next turns shake the orders. Two threads do two orders each round. The one
 *   1       size       as low as possible  that ends first, by nodes and not by the clock, has its say, and the other
 *   2       ...        half way, ...       gives up as soon as it has more nodes.
 *
 * An exact search that ends without a plan raises the floor of the part, and one that finds a plan lowers its height,
 * until they meet. */
#include <pthread.h>
#include <string.h>

#include "planner/fill.h"
#include "planner/solver.h"
#include "support/random.h"

#define MEMORY_BITS 16 /* of the table of failed states, at first */
#define MOST_EXACT_BYTES UINT64_C(100000000)
#define BONUS 4 /* by which the units of a turn that lowered the plan count less */
#define FILLS_FIRST 4
#define NODES_PER_FILL 1000 /* and one for each item, at first */
#define LEAST_WINDOWED 100  /* items of a part; with less, the exact search sees it whole */
#define NODES_PER_ROUND 300 /* and one for each item, at first */
#define MAX_RANKED 10000    /* items of a part; with more, searching ranks gains nothing in its time */
#define MAX_STAGED 400000   /* items of a part; with more, the skyline in stages takes too much memory */

typedef struct runner {
  vmo_exact exact;
  vmr_arena *arena;
  uint32_t *ranked, *places;
  vmo_keyed *keys;
  pthread_t thread;
  bool started;
  const vmo_watch *watch;
  vmo_bytes target;
  uint64_t node_limit;
  uint64_t took, units; /* nodes and units of the last run */
  vmo_exact_answer answer;
  atomic_uint_least64_t *race;
} runner;

typedef struct team {
  vmo_visit *visit;
  runner *runners;
  uint32_t count;
  atomic_uint_least64_t race;
  uint64_t nodes;  /* of a round, for each runner */
  uint64_t random; /* state */
} team;

/* ---- one run of one runner ---- */

static void *run_exact(void *argument) {
  runner *r = argument;
  uint64_t nodes = r->exact.nodes, units = r->exact.state.units;
  r->answer = vmo_exact_search(&r->exact, r->target, r->node_limit, r->watch);
  r->took = r->exact.nodes - nodes;
  r->units = r->exact.state.units - units;
  if (r->answer != VMO_EXACT_FOUND && r->answer != VMO_EXACT_NONE) return NULL;
  uint_least64_t least = atomic_load(r->race);
  while (r->took < least && !atomic_compare_exchange_weak(r->race, &least, r->took)) {
  }
  return NULL;
}

static const vmo_order orders[] = {VMO_ORDER_DURATION_ROOT, VMO_ORDER_BYTES, VMO_ORDER_DURATION, VMO_ORDER_AREA,
                                   VMO_ORDER_LOAD};
#define ORDER_COUNT (sizeof orders / sizeof *orders)

/* The first turns take the orders as they are, later ones shift each position by up to a quarter of the count. */
static void rank_runner(team *t, runner *r, uint64_t turn) {
  const vmo_visit *visit = t->visit;
  uint32_t count = visit->part->item_count;
  vmo_rank_items(visit->work.instance, visit->part, orders[turn % ORDER_COUNT], r->keys, r->ranked);
  if (turn >= ORDER_COUNT) {
    uint64_t noise = ((uint64_t)count << 8) >> vmo_next_random(&t->random) % 6;
    for (uint32_t i = 0; i < count; i++)
      r->keys[i] =
          (vmo_keyed){((uint64_t)i << 10) + (vmo_next_random(&t->random) >> 32) * noise / UINT32_MAX, r->ranked[i]};
    vmo_sort_keyed(r->keys, r->keys + count, count);
    for (uint32_t i = 0; i < count; i++) r->ranked[i] = r->keys[i].value;
  }
  vmo_exact_rank(&r->exact, r->ranked, r->places);
  r->exact.state.rules = VMO_RULE_ALL | (turn % 2 == 1 ? VMO_RULE_NEAR : 0);
}

/* ---- a round ---- */

/* As low as can be of use, half way there, and a little lower than now, in turns; with a capacity mostly that. */
static vmo_bytes choose_target(const vmo_visit *visit) {
  const vmo_part_plan *plan = visit->plan;
  vmo_bytes lowest = vmo_max_bytes(visit->solver->goal, plan->floor), room = plan->height - 1 - lowest;
  uint32_t turn = plan->round;
  if (visit->solver->problem->capacity >= 0) turn = turn % 4 == 3 ? turn / 4 : 0;
  return turn % 3 == 0 ? lowest : lowest + (turn % 3 == 1 ? room / 2 : room - room / 8);
}

static void start_runners(team *t) {
  vmo_bytes target = choose_target(t->visit);
  atomic_store(&t->race, UINT64_MAX);
  for (uint32_t i = 0; i < t->count; i++) {
    runner *r = &t->runners[i];
    r->target = target;
    r->node_limit = t->nodes;
    rank_runner(t, r, (uint64_t)t->visit->plan->round * t->count + i);
  }
  for (uint32_t i = 1; i < t->count; i++)
    t->runners[i].started = pthread_create(&t->runners[i].thread, NULL, run_exact, &t->runners[i]) == 0;
}

/* A thread that could not be started is done without. */
static void await_runners(team *t) {
  run_exact(&t->runners[0]);
  for (uint32_t i = 1; i < t->count; i++) {
    runner *r = &t->runners[i];
    if (r->started)
      pthread_join(r->thread, NULL);
    else
      run_exact(r);
  }
}

static runner *find_winner(team *t) {
  runner *winner = NULL;
  for (uint32_t i = 0; i < t->count; i++) {
    runner *r = &t->runners[i];
    bool ended = r->answer == VMO_EXACT_FOUND || r->answer == VMO_EXACT_NONE;
    if (ended && (winner == NULL || r->took < winner->took)) winner = r;
  }
  return winner;
}

static void take_plan(vmo_visit *visit, const vmo_exact_state *state) {
  visit->work.height = 0;
  for (uint32_t i = 0; i < state->item_count; i++) {
    visit->work.offsets[state->sources[i]] = state->offsets[i];
    visit->work.height = vmo_max_bytes(visit->work.height, state->offsets[i] + state->bytes[i]);
  }
  vmo_keep_plan(visit, "exact search");
}

/* What the others had done when they gave up depends on the clock, so it counts as what the winner did, and is
 * forgotten. */
static void count_work(team *t, const runner *winner) {
  for (uint32_t i = 0; i < t->count; i++) {
    const runner *r = winner != NULL ? winner : &t->runners[i];
    t->visit->work.used += r->units;
    t->visit->solver->solution->nodes += r->took;
    if (winner != NULL && t->count > 1) vmo_exact_forget(&t->runners[i].exact);
  }
}

static vmo_status run_round(team *t) {
  vmo_visit *visit = t->visit;
  start_runners(t);
  await_runners(t);
  for (uint32_t i = 0; i < t->count; i++)
    if (t->runners[i].answer == VMO_EXACT_OUT_OF_MEMORY) return VMO_OUT_OF_MEMORY;
  const runner *winner = find_winner(t);
  count_work(t, winner);
  if (winner != NULL && winner->answer == VMO_EXACT_FOUND) take_plan(visit, &winner->exact.state);
  if (winner != NULL && winner->answer == VMO_EXACT_NONE) vmo_raise_floor(visit, winner->target);
  visit->plan->round++;
  if (visit->plan->round % ORDER_COUNT == 0) t->nodes += t->nodes / 3;
  return VMO_OK;
}

/* ---- setting up ---- */

static uint64_t count_covers(const vmo_visit *visit) {
  const vmo_instance *instance = visit->work.instance;
  uint64_t count = 0;
  for (uint32_t i = 0; i < visit->part->item_count; i++) {
    const vmo_item *item = &instance->items[visit->part->item_first + i];
    for (uint32_t j = 0; j < item->span_count; j++) {
      vmo_span span = instance->spans[item->span_first + j];
      count += span.end - span.begin;
    }
  }
  return count;
}

static bool make_runner(team *t, runner *r) {
  const vmo_visit *visit = t->visit;
  size_t count = visit->part->item_count;
  r->arena = vmr_arena_create(0);
  if (r->arena == NULL) return false;
  r->watch = &visit->solver->watch;
  r->race = &t->race;
  r->ranked = vmr_arena_alloc(r->arena, count * sizeof *r->ranked);
  r->places = vmr_arena_alloc(r->arena, (size_t)visit->work.instance->item_count * sizeof *r->places);
  r->keys = vmr_arena_alloc(r->arena, 2 * count * sizeof *r->keys);
  if (r->ranked == NULL || r->places == NULL || r->keys == NULL) return false;
  if (!vmo_exact_create(&r->exact, visit->work.instance, visit->part, MEMORY_BITS, r->arena)) return false;
  if (t->count > 1) r->exact.race = &t->race;
  return true;
}

/* No runners where the part is too large, or has shaped items, whose extents may interlock. */
static bool make_team(team *t, vmo_visit *visit) {
  const vmo_solver *solver = visit->solver;
  uint32_t wanted = solver->options->threads, items = visit->part->item_count;
  if (wanted < 1) wanted = 1;
  if (wanted > VMO_MOST_SEARCH_THREADS) wanted = VMO_MOST_SEARCH_THREADS;
  *t = (team){.visit = visit, .nodes = NODES_PER_ROUND + items};
  t->random = solver->options->seed + visit->plan->round;
  if (visit->part->shaped || vmo_exact_bytes(items, count_covers(visit)) > MOST_EXACT_BYTES) return true;
  t->runners = vmr_arena_alloc_array(solver->part_arena, wanted, sizeof *t->runners);
  if (t->runners == NULL) return false;
  t->count = wanted;
  for (uint32_t i = 0; i < wanted; i++)
    if (!make_runner(t, &t->runners[i])) return false;
  return true;
}

static void drop_team(team *t) {
  for (uint32_t i = 0; i < t->count; i++) vmr_arena_destroy(t->runners[i].arena);
}

/* ---- searched ranks ---- */

typedef struct rank_slice {
  uint32_t *ranked;
  vmr_arena *arena;
  uint64_t units; /* of the next slice */
} rank_slice;

static bool make_slice(rank_slice *slice, vmo_visit *visit) {
  uint32_t count = visit->part->item_count;
  vmr_arena *arena = visit->solver->part_arena;
  *slice = (rank_slice){.arena = vmr_arena_create(0), .units = 4 * visit->plan->cost};
  if (count > MAX_RANKED) return slice->arena != NULL;
  slice->ranked = vmr_arena_alloc(arena, count * sizeof *slice->ranked);
  vmo_keyed *keys = vmr_arena_alloc(arena, 2 * (size_t)count * sizeof *keys);
  if (slice->arena == NULL || slice->ranked == NULL || keys == NULL) return false;
  vmo_rank_items(visit->work.instance, visit->part, visit->plan->order, keys, slice->ranked);
  return true;
}

static vmo_status run_slice(rank_slice *slice, vmo_visit *visit) {
  uint64_t limit = visit->work.limit, end = visit->work.used + slice->units;
  visit->work.limit = end < limit ? end : limit;
  visit->work.height = visit->plan->height;
  vmr_arena_reset(slice->arena);
  uint64_t seed = visit->solver->options->seed + visit->plan->round * VMO_RANDOM_STEP;
  vmo_bytes enough = vmo_max_bytes(visit->plan->floor, visit->solver->others);
  vmo_outcome outcome = vmo_improve_plan(&visit->work, slice->ranked, visit->plan->coarse, enough, seed, slice->arena);
  visit->work.limit = limit;
  if (outcome == VMO_OUTCOME_OUT_OF_MEMORY) return VMO_OUT_OF_MEMORY;
  if (outcome == VMO_OUTCOME_FOUND) vmo_keep_plan(visit, "skyline by searched ranks");
  slice->units += slice->units / 2;
  return VMO_OK;
}

/* ---- the whole ---- */

/* What takes turns, and the units that it used so far: the one that used the fewest is next. */
typedef enum method { FILL, EXACT, RANKS, STAGES, AGAIN, WINDOWS, METHOD_COUNT } method;

typedef struct turns {
  bool may[METHOD_COUNT];
  uint64_t used[METHOD_COUNT];
  uint32_t pass;     /* of the stages */
  uint32_t thoughts; /* passes with second thoughts */
  uint32_t windows;  /* turns of the large neighbourhood search */
  uint32_t tries;    /* to fill the part */
} turns;

static turns plan_turns(const team *t) {
  const vmo_part *part = t->visit->part;
  turns planned = {.may = {[FILL] = vmo_is_filled(t->visit->work.instance, part),
                           [EXACT] = t->count > 0,
                           [RANKS] = part->item_count <= MAX_RANKED,
                           [STAGES] = part->item_count <= MAX_STAGED && t->visit->work.instance->pin_count == 0,
                           [AGAIN] = vmo_may_think_again(part),
                           [WINDOWS] = part->item_count >= LEAST_WINDOWED}};
  return planned;
}

/* Exact searches get three times as much as others, and filling, where that is possible, as much again. */
static method choose_method(const turns *planned) {
  static const uint64_t weights[] = {[FILL] = 1, [EXACT] = 3, [RANKS] = 9, [STAGES] = 9, [AGAIN] = 3, [WINDOWS] = 3};
  method best = METHOD_COUNT;
  if (planned->may[FILL] && planned->tries < FILLS_FIRST) return FILL;
  for (method m = FILL; m < METHOD_COUNT; m++)
    if (planned->may[m] &&
        (best == METHOD_COUNT || planned->used[m] * weights[m] < planned->used[best] * weights[best]))
      best = m;
  return best;
}

/* One try to fill the part without waste. Later ones have more nodes. */
static vmo_status fill(vmo_visit *visit, uint32_t number, vmr_arena *arena) {
  uint64_t nodes = (NODES_PER_FILL + visit->part->item_count) * (1 + number / 8);
  vmr_arena_reset(arena);
  vmo_outcome outcome = vmo_fill_part(&visit->work, number, nodes, visit->solver->options->seed, arena);
  if (outcome == VMO_OUTCOME_FOUND) vmo_keep_plan(visit, "filling without waste");
  return outcome == VMO_OUTCOME_OUT_OF_MEMORY ? VMO_OUT_OF_MEMORY : VMO_OK;
}

/* One skyline with second thoughts, by one of the orders. */
static vmo_status think_again(vmo_visit *visit, uint32_t pass, vmr_arena *arena) {
  static const vmo_order turns_of[] = {VMO_ORDER_AREA, VMO_ORDER_DURATION_ROOT, VMO_ORDER_AREA, VMO_ORDER_DURATION};
  size_t count = visit->part->item_count;
  vmr_arena_reset(arena);
  vmr_arena_reset(visit->work.arena);
  uint32_t *ranked = vmr_arena_alloc(arena, count * sizeof *ranked);
  vmo_keyed *keys = vmr_arena_alloc(visit->work.arena, 2 * count * sizeof *keys);
  if (ranked == NULL || keys == NULL) return VMO_OUT_OF_MEMORY;
  vmo_rank_items(visit->work.instance, visit->part, turns_of[pass % 4], keys, ranked);
  vmr_arena_reset(visit->work.arena);
  visit->work.ceiling = visit->plan->height;
  vmo_outcome outcome = vmo_think_again(visit, ranked, pass);
  if (outcome == VMO_OUTCOME_FOUND) vmo_keep_plan(visit, "skyline with second thoughts");
  return outcome == VMO_OUTCOME_OUT_OF_MEMORY ? VMO_OUT_OF_MEMORY : VMO_OK;
}

static vmo_status run_turn(team *t, rank_slice *slice, turns *planned, method chosen) {
  if (chosen == FILL) return fill(t->visit, planned->tries++, slice->arena);
  if (chosen == EXACT) return run_round(t);
  if (chosen == WINDOWS) return vmo_search_neighbourhoods(t->visit, planned->windows++, slice->arena);
  if (chosen == AGAIN) return think_again(t->visit, ++planned->thoughts, slice->arena);
  if (chosen == RANKS) return run_slice(slice, t->visit);
  return vmo_run_stages(t->visit, planned->pass++, slice->arena);
}

static vmo_status search(team *t, rank_slice *slice) {
  vmo_visit *visit = t->visit;
  turns planned = plan_turns(t);
  vmo_status status = VMO_OK;
  for (uint32_t step = 1; status == VMO_OK && !vmo_visit_is_over(visit); step++) {
    vmo_bytes height = visit->plan->height;
    uint64_t used = visit->work.used;
    if (!vmo_watch_has_time(&visit->solver->watch, visit->plan->duration / 2))
      planned.may[STAGES] = planned.may[AGAIN] = false;
    method chosen = choose_method(&planned);
    if (chosen == METHOD_COUNT) break;
    status = run_turn(t, slice, &planned, chosen);
    planned.used[chosen] += (visit->work.used - used) / (visit->plan->height < height ? BONUS : 1);
    if (visit->plan->height < height || step % 16 == 0) vmo_report_progress(visit->solver);
  }
  return status;
}

vmo_status vmo_search_part(vmo_visit *visit) {
  team t;
  rank_slice slice;
  bool made = make_team(&t, visit);
  made = make_slice(&slice, visit) && made;
  vmo_status status = made ? search(&t, &slice) : VMO_OUT_OF_MEMORY;
  vmr_arena_destroy(slice.arena);
  drop_team(&t);
  return status;
}
