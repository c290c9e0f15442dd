/* check.c: looks at a plan and says what is wrong with it. Shares no code with the solver.
 *
 * The sweep goes through the begins and ends of all lifetimes in the order of time, ends before begins,
 * and keeps the live buffers in an ordered set by offset. While nothing in the set overlaps, a buffer
 * that comes in can only hit its neighbours there:
 *
 *            predecessor          new             successor
 *          ├─────────────┤    ├─────────┤    ├────────────┤     two comparisons per begin
 *
 * The set holds ranks, positions in the order by offset (rank_set.c). Two sorts of 2n times and one of n
 * offsets are most of the cost: O(n log n), a second or less for a million buffers.
 *
 * The slow check is the definition, word for word: every pair of buffers, and the load at every begin. */
#include <inttypes.h>
#include <stdlib.h>

#include "planner/planner.h"
#include "planner/rank_set.h"
#include "support/diag.h"

static bool is_ever_live(const vmo_buffer *buffer) { return buffer->bytes > 0 && buffer->lifetime_count > 0; }

static vmo_bytes top_of(const vmo_problem *problem, const vmo_solution *solution, uint32_t buffer) {
  return solution->offsets[buffer] + problem->buffers[buffer].bytes;
}

/* ---- faults of single buffers, height, capacity ---- */

static vmo_fault_kind check_buffer(const vmo_buffer *buffer, vmo_bytes offset) {
  if (offset < 0) return VMO_FAULT_NEGATIVE_OFFSET;
  if (buffer->fixed_offset >= 0 && offset != buffer->fixed_offset) return VMO_FAULT_FIXED_OFFSET;
  if (offset % buffer->alignment != 0) return VMO_FAULT_MISALIGNED;
  return VMO_FAULT_NONE;
}

/* An offset may be anything: the sum is compared without being made. */
static bool ends_beyond(const vmo_buffer *buffer, vmo_bytes offset, vmo_bytes height) {
  return buffer->bytes > height || offset > height - buffer->bytes;
}

/* True when a fault was found. */
static bool check_buffers(const vmo_problem *problem, const vmo_solution *solution, vmo_fault *fault) {
  bool feasible = solution->status == VMO_SOLUTION_OPTIMAL || solution->status == VMO_SOLUTION_FEASIBLE;
  bool reached = problem->buffer_count == 0 && solution->height == 0;
  for (uint32_t i = 0; i < problem->buffer_count; i++) {
    const vmo_buffer *buffer = &problem->buffers[i];
    vmo_fault_kind kind = check_buffer(buffer, solution->offsets[i]);
    if (kind == VMO_FAULT_NONE && ends_beyond(buffer, solution->offsets[i], solution->height)) kind = VMO_FAULT_HEIGHT;
    if (kind == VMO_FAULT_NONE && feasible && problem->capacity >= 0 &&
        ends_beyond(buffer, solution->offsets[i], problem->capacity))
      kind = VMO_FAULT_CAPACITY;
    if (kind != VMO_FAULT_NONE) {
      *fault = (vmo_fault){.kind = kind, .buffer = i, .other = VMO_NONE};
      return true;
    }
    reached = reached || top_of(problem, solution, i) == solution->height;
  }
  if (!reached) *fault = (vmo_fault){.kind = VMO_FAULT_HEIGHT, .buffer = VMO_NONE, .other = VMO_NONE};
  return !reached;
}

/* ---- the sweep ---- */

typedef struct time_event {
  int64_t time;
  uint32_t buffer;
  bool begins;
} time_event;

static int compare_events(const void *left, const void *right) {
  const time_event *a = left, *b = right;
  if (a->time != b->time) return a->time < b->time ? -1 : 1;
  if (a->begins != b->begins) return a->begins ? 1 : -1;
  return (a->buffer > b->buffer) - (a->buffer < b->buffer);
}

typedef struct placed {
  vmo_bytes offset;
  uint32_t buffer;
} placed;

static int compare_placed(const void *left, const void *right) {
  const placed *a = left, *b = right;
  if (a->offset != b->offset) return a->offset < b->offset ? -1 : 1;
  return (a->buffer > b->buffer) - (a->buffer < b->buffer);
}

typedef struct check_run {
  const vmo_problem *problem;
  const vmo_solution *solution;
  vmr_arena *arena;
  time_event *events;
  size_t event_count;
  placed *by_offset; /* per rank */
  uint32_t *ranks;   /* per buffer */
  vmo_rank_set live;
} check_run;

static bool prepare(check_run *checker) {
  const vmo_problem *problem = checker->problem;
  size_t lifetimes = 0;
  for (uint32_t i = 0; i < problem->buffer_count; i++)
    if (is_ever_live(&problem->buffers[i])) lifetimes += problem->buffers[i].lifetime_count;
  checker->events = vmr_arena_alloc(checker->arena, 2 * lifetimes * sizeof(time_event));
  checker->by_offset = vmr_arena_alloc(checker->arena, problem->buffer_count * sizeof(placed));
  checker->ranks = vmr_arena_alloc(checker->arena, problem->buffer_count * sizeof(uint32_t));
  if (checker->events == NULL || checker->by_offset == NULL || checker->ranks == NULL) return false;
  for (uint32_t i = 0; i < problem->buffer_count; i++) {
    const vmo_buffer *buffer = &problem->buffers[i];
    checker->by_offset[i] = (placed){checker->solution->offsets[i], i};
    for (uint32_t j = 0; j < buffer->lifetime_count && buffer->bytes > 0; j++) {
      vmo_lifetime lifetime = problem->lifetimes[buffer->lifetime_first + j];
      checker->events[checker->event_count++] = (time_event){lifetime.begin, i, true};
      checker->events[checker->event_count++] = (time_event){lifetime.end, i, false};
    }
  }
  qsort(checker->events, checker->event_count, sizeof(time_event), compare_events);
  qsort(checker->by_offset, problem->buffer_count, sizeof(placed), compare_placed);
  for (uint32_t rank = 0; rank < problem->buffer_count; rank++) checker->ranks[checker->by_offset[rank].buffer] = rank;
  return vmo_rank_set_init(&checker->live, checker->arena, problem->buffer_count);
}

/* The live buffer that `buffer` hits, or VMO_NONE. */
static uint32_t find_overlap(const check_run *checker, uint32_t buffer) {
  uint32_t below = vmo_rank_set_next(&checker->live, checker->ranks[buffer], false);
  uint32_t above = vmo_rank_set_next(&checker->live, checker->ranks[buffer], true);
  if (below != VMO_NONE) {
    uint32_t other = checker->by_offset[below].buffer;
    if (top_of(checker->problem, checker->solution, other) > checker->solution->offsets[buffer]) return other;
  }
  if (above != VMO_NONE) {
    uint32_t other = checker->by_offset[above].buffer;
    if (top_of(checker->problem, checker->solution, buffer) > checker->solution->offsets[other]) return other;
  }
  return VMO_NONE;
}

static vmo_fault overlap(uint32_t a, uint32_t b, int64_t time) {
  return (vmo_fault){.kind = VMO_FAULT_OVERLAP, .buffer = a < b ? a : b, .other = a < b ? b : a, .time = time};
}

/* The load cannot overflow: live buffers do not overlap, so that their sum is at most the height. */
static void sweep(check_run *checker, vmo_fault *fault) {
  vmo_bytes load = 0, largest = 0, at_witness = 0;
  int64_t time_of_largest = 0;
  for (size_t i = 0; i < checker->event_count; i++) {
    const time_event *event = &checker->events[i];
    if (!event->begins) {
      vmo_rank_set_remove(&checker->live, checker->ranks[event->buffer]);
      load -= checker->problem->buffers[event->buffer].bytes;
    } else {
      uint32_t other = find_overlap(checker, event->buffer);
      if (other != VMO_NONE) {
        *fault = overlap(event->buffer, other, event->time);
        return;
      }
      vmo_rank_set_add(&checker->live, checker->ranks[event->buffer]);
      load += checker->problem->buffers[event->buffer].bytes;
    }
    if (load > largest) {
      largest = load;
      time_of_largest = event->time;
    }
    if (event->time <= checker->solution->witness) at_witness = load;
  }
  if (checker->solution->lower_bound != largest || at_witness != largest)
    *fault = (vmo_fault){.kind = VMO_FAULT_LOWER_BOUND, .buffer = VMO_NONE, .other = VMO_NONE, .time = time_of_largest};
}

vmo_status vmo_find_fault(vmo_context *context, const vmo_problem *problem, const vmo_solution *solution,
                          vmo_fault *fault) {
  (void)context;
  *fault = (vmo_fault){.kind = VMO_FAULT_NONE, .buffer = VMO_NONE, .other = VMO_NONE};
  if (solution->offsets == NULL || check_buffers(problem, solution, fault)) return VMO_OK;
  check_run checker = {.problem = problem, .solution = solution, .arena = vmr_arena_create(0)};
  if (checker.arena == NULL) return VMO_OUT_OF_MEMORY;
  bool prepared = prepare(&checker);
  if (prepared) sweep(&checker, fault);
  vmr_arena_destroy(checker.arena);
  return prepared ? VMO_OK : VMO_OUT_OF_MEMORY;
}

/* ---- the slow check ---- */

/* Whether the buffers are live together, and since when. */
static bool meet(const vmo_problem *problem, const vmo_buffer *a, const vmo_buffer *b, int64_t *time) {
  for (uint32_t i = 0; i < a->lifetime_count; i++)
    for (uint32_t j = 0; j < b->lifetime_count; j++) {
      vmo_lifetime x = problem->lifetimes[a->lifetime_first + i], y = problem->lifetimes[b->lifetime_first + j];
      *time = x.begin > y.begin ? x.begin : y.begin;
      if (*time < x.end && *time < y.end) return true;
    }
  return false;
}

static bool find_overlap_slowly(const vmo_problem *problem, const vmo_solution *solution, vmo_fault *fault) {
  for (uint32_t a = 0; a < problem->buffer_count; a++)
    for (uint32_t b = a + 1; b < problem->buffer_count; b++) {
      int64_t time;
      const vmo_buffer *one = &problem->buffers[a], *other = &problem->buffers[b];
      if (one->bytes == 0 || other->bytes == 0 || !meet(problem, one, other, &time)) continue;
      if (top_of(problem, solution, a) <= solution->offsets[b]) continue;
      if (top_of(problem, solution, b) <= solution->offsets[a]) continue;
      *fault = overlap(a, b, time);
      return true;
    }
  return false;
}

static vmo_bytes load_at(const vmo_problem *problem, int64_t time) {
  vmo_bytes load = 0;
  for (uint32_t i = 0; i < problem->buffer_count; i++)
    for (uint32_t j = 0; j < problem->buffers[i].lifetime_count; j++) {
      vmo_lifetime lifetime = problem->lifetimes[problem->buffers[i].lifetime_first + j];
      if (lifetime.begin <= time && time < lifetime.end) load += problem->buffers[i].bytes;
    }
  return load;
}

static void check_bound_slowly(const vmo_problem *problem, const vmo_solution *solution, vmo_fault *fault) {
  vmo_bytes largest = 0;
  int64_t time = 0;
  for (uint32_t i = 0; i < problem->buffer_count; i++)
    for (uint32_t j = 0; j < problem->buffers[i].lifetime_count; j++) {
      int64_t begin = problem->lifetimes[problem->buffers[i].lifetime_first + j].begin;
      vmo_bytes load = load_at(problem, begin);
      if (load < largest || (load == largest && begin >= time)) continue;
      largest = load;
      time = begin;
    }
  if (solution->lower_bound != largest || load_at(problem, solution->witness) != largest)
    *fault = (vmo_fault){.kind = VMO_FAULT_LOWER_BOUND, .buffer = VMO_NONE, .other = VMO_NONE, .time = time};
}

vmo_status vmo_find_fault_slowly(vmo_context *context, const vmo_problem *problem, const vmo_solution *solution,
                                 vmo_fault *fault) {
  (void)context;
  *fault = (vmo_fault){.kind = VMO_FAULT_NONE, .buffer = VMO_NONE, .other = VMO_NONE};
  if (solution->offsets == NULL || check_buffers(problem, solution, fault)) return VMO_OK;
  if (!find_overlap_slowly(problem, solution, fault)) check_bound_slowly(problem, solution, fault);
  return VMO_OK;
}

/* ---- faults in words ---- */

void vmo_describe_fault(const vmo_problem *problem, const vmo_solution *solution, const vmo_fault *fault,
                        vmo_text *out) {
  bool names_one = fault->buffer != VMO_NONE;
  vmo_bytes offset = names_one ? solution->offsets[fault->buffer] : 0;
  vmo_bytes alignment = names_one ? problem->buffers[fault->buffer].alignment : 0;
  vmo_bytes fixed = names_one ? problem->buffers[fault->buffer].fixed_offset : 0;
  vmo_bytes bytes = names_one ? problem->buffers[fault->buffer].bytes : 0;
  switch (fault->kind) {
  case VMO_FAULT_NONE: vmo_text_add(out, "no fault"); break;
  case VMO_FAULT_NEGATIVE_OFFSET:
    vmo_text_addf(out, "buffer %" PRIu32 " has the negative offset %" PRId64, fault->buffer, offset);
    break;
  case VMO_FAULT_MISALIGNED:
    vmo_text_addf(out, "buffer %" PRIu32 " has offset %" PRId64 ", no multiple of its alignment %" PRId64,
                  fault->buffer, offset, alignment);
    break;
  case VMO_FAULT_FIXED_OFFSET:
    vmo_text_addf(out, "buffer %" PRIu32 " has offset %" PRId64 ", and is fixed at %" PRId64, fault->buffer, offset,
                  fixed);
    break;
  case VMO_FAULT_HEIGHT:
    if (names_one)
      vmo_text_addf(out, "buffer %" PRIu32 " (%" PRId64 " bytes at offset %" PRId64 ") ends above the height %" PRId64,
                    fault->buffer, bytes, offset, solution->height);
    else
      vmo_text_addf(out, "no buffer ends at the height %" PRId64, solution->height);
    break;
  case VMO_FAULT_CAPACITY:
    vmo_text_addf(out, "buffer %" PRIu32 " (%" PRId64 " bytes at offset %" PRId64 ") ends beyond the capacity %" PRId64,
                  fault->buffer, bytes, offset, problem->capacity);
    break;
  case VMO_FAULT_OVERLAP:
    vmo_text_addf(out, "buffers %" PRIu32 " and %" PRIu32 " overlap at time %" PRId64, fault->buffer, fault->other,
                  fault->time);
    break;
  case VMO_FAULT_LOWER_BOUND:
    vmo_text_addf(out,
                  "the lower bound %" PRId64 " at time %" PRId64 " is not the largest load, which is at time %" PRId64,
                  solution->lower_bound, solution->witness, fault->time);
    break;
  case VMO_FAULT_SPACE:
  case VMO_FAULT_COLOCATED:
  case VMO_FAULT_APART:
  case VMO_FAULT_COST: break; /* of layouts only */
  }
}

typedef vmo_status (*fault_finder)(vmo_context *, const vmo_problem *, const vmo_solution *, vmo_fault *);

static vmo_status check_with(fault_finder find, vmo_context *context, const vmo_problem *problem,
                             const vmo_solution *solution) {
  vmo_fault fault;
  vmo_status status = find(context, problem, solution, &fault);
  if (status != VMO_OK || fault.kind == VMO_FAULT_NONE) return status;
  vmo_text text;
  vmo_text_init(&text);
  vmo_describe_fault(problem, solution, &fault, &text);
  vmo_diag_add(context, VMO_DIAG_INTERNAL, (vmo_location){0}, "wrong plan: %s",
               vmo_text_failed(&text) ? "no memory to say why" : text.data);
  vmo_text_free(&text);
  return VMO_INTERNAL_ERROR;
}

vmo_status vmo_check_solution(vmo_context *context, const vmo_problem *problem, const vmo_solution *solution) {
  return check_with(vmo_find_fault, context, problem, solution);
}

vmo_status vmo_check_solution_slowly(vmo_context *context, const vmo_problem *problem, const vmo_solution *solution) {
  return check_with(vmo_find_fault_slowly, context, problem, solution);
}
