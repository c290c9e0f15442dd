/* check_packing_slow.c: the definition of a right packing, word for word, for tests: every buffer, every pair, and
 * at every
 * begin what every bundle takes. O(n^3). And faults in words. */
#include <inttypes.h>

#include "planner/planner.h"
#include "support/diag.h"

typedef struct slow_check {
  const vmo_packing_problem *problem;
  const vmo_packing *packing;
  uint32_t *labels; /* per buffer: the least buffer of its bundle */
} slow_check;

static uint32_t space_of(const slow_check *check, uint32_t buffer) {
  return check->packing->spaces != NULL ? check->packing->spaces[buffer] : 0;
}

static uint32_t space_count(const slow_check *check) {
  return check->problem->space_count > 0 ? check->problem->space_count : 1;
}

/* Spreads the least label over the colocated until nothing changes. */
static void label_bundles(slow_check *check) {
  const vmo_packing_problem *problem = check->problem;
  for (uint32_t i = 0; i < problem->base.buffer_count; i++) check->labels[i] = i;
  for (bool changed = true; changed;) {
    changed = false;
    for (uint32_t i = 0; i < problem->colocated_count; i++) {
      uint32_t *a = &check->labels[problem->colocated[i].first], *b = &check->labels[problem->colocated[i].second];
      if (*a == *b) continue;
      *a = *b = *a < *b ? *a : *b;
      changed = true;
    }
  }
}

static vmo_fault_kind fault_of_buffer(const slow_check *check, uint32_t i) {
  const vmo_packing_problem *problem = check->problem;
  const vmo_buffer *buffer = &problem->base.buffers[i];
  vmo_bytes offset = check->packing->offsets[i];
  uint32_t space = space_of(check, i);
  if (space >= space_count(check)) return VMO_FAULT_SPACE;
  if (problem->allowed != NULL && (problem->allowed[i] & UINT64_C(1) << space) == 0) return VMO_FAULT_SPACE;
  if (offset < 0) return VMO_FAULT_NEGATIVE_OFFSET;
  if (buffer->fixed_offset >= 0 && buffer->fixed_offset != offset) return VMO_FAULT_FIXED_OFFSET;
  vmo_bytes alignment = buffer->alignment, capacity = problem->base.capacity;
  if (problem->space_count > 0) {
    if (problem->spaces[space].alignment > alignment) alignment = problem->spaces[space].alignment;
    capacity = problem->spaces[space].capacity;
  }
  if (offset % alignment != 0) return VMO_FAULT_MISALIGNED;
  if (offset > check->packing->results[space].height - buffer->bytes) return VMO_FAULT_HEIGHT;
  bool claimed = check->packing->status == VMO_SOLUTION_OPTIMAL || check->packing->status == VMO_SOLUTION_FEASIBLE;
  if (claimed && capacity >= 0 && offset > capacity - buffer->bytes) return VMO_FAULT_CAPACITY;
  return VMO_FAULT_NONE;
}

static bool find_pair_fault(const slow_check *check, vmo_fault *fault) {
  const vmo_packing_problem *problem = check->problem;
  for (uint32_t i = 0; i < problem->colocated_count; i++) {
    uint32_t a = problem->colocated[i].first, b = problem->colocated[i].second;
    if (check->packing->offsets[a] == check->packing->offsets[b] && space_of(check, a) == space_of(check, b)) continue;
    *fault = (vmo_fault){VMO_FAULT_COLOCATED, a < b ? a : b, a < b ? b : a, 0};
    return true;
  }
  for (uint32_t i = 0; i < problem->apart_count; i++) {
    uint32_t a = problem->apart[i].first, b = problem->apart[i].second;
    vmo_bytes at = check->packing->offsets[a], other = check->packing->offsets[b];
    vmo_bytes bytes = problem->base.buffers[a].bytes, other_bytes = problem->base.buffers[b].bytes;
    if (bytes == 0 || other_bytes == 0 || space_of(check, a) != space_of(check, b)) continue;
    if (at + bytes <= other || other + other_bytes <= at) continue;
    *fault = (vmo_fault){VMO_FAULT_APART, a < b ? a : b, a < b ? b : a, 0};
    return true;
  }
  return false;
}

/* What of the buffer is live at the time: false: nothing. */
static bool live_bytes(const vmo_packing_problem *problem, uint32_t i, int64_t time, vmo_bytes *low, vmo_bytes *high) {
  const vmo_buffer *buffer = &problem->base.buffers[i];
  for (uint32_t j = 0; j < buffer->lifetime_count; j++) {
    vmo_lifetime lifetime = problem->base.lifetimes[buffer->lifetime_first + j];
    if (time < lifetime.begin || time >= lifetime.end) continue;
    *low = 0;
    *high = buffer->bytes;
    return buffer->bytes > 0;
  }
  for (uint32_t j = 0; j < problem->window_count; j++) {
    const vmo_window *window = &problem->windows[j];
    if (window->buffer != i || time < window->begin || time >= window->end) continue;
    *low = window->low;
    *high = window->high;
    return true;
  }
  return false;
}

/* The hull of what is live of a bundle. */
static bool live_hull(const slow_check *check, uint32_t label, int64_t time, vmo_bytes *low, vmo_bytes *high) {
  bool live = false;
  for (uint32_t i = 0; i < check->problem->base.buffer_count; i++) {
    vmo_bytes one_low, one_high;
    if (check->labels[i] != label || !live_bytes(check->problem, i, time, &one_low, &one_high)) continue;
    if (!live || one_low < *low) *low = one_low;
    if (!live || one_high > *high) *high = one_high;
    live = true;
  }
  return live;
}

/* The first overlap at this time of bundles in the space; and the load. */
static bool look_at_time(const slow_check *check, uint32_t space, int64_t time, vmo_bytes *load, vmo_fault *fault) {
  *load = 0;
  for (uint32_t a = 0; a < check->problem->base.buffer_count; a++) {
    vmo_bytes low, high, other_low, other_high;
    if (check->labels[a] != a || space_of(check, a) != space || !live_hull(check, a, time, &low, &high)) continue;
    *load += high - low;
    for (uint32_t b = a + 1; b < check->problem->base.buffer_count; b++) {
      if (check->labels[b] != b || space_of(check, b) != space) continue;
      if (!live_hull(check, b, time, &other_low, &other_high)) continue;
      vmo_bytes at = check->packing->offsets[a], other = check->packing->offsets[b];
      if (at + high <= other + other_low || other + other_high <= at + low) continue;
      *fault = (vmo_fault){VMO_FAULT_OVERLAP, a, b, time};
      return true;
    }
  }
  return false;
}

static uint32_t count_times(const vmo_packing_problem *problem) {
  return problem->base.lifetime_count + problem->window_count;
}

static int64_t time_of(const vmo_packing_problem *problem, uint32_t index) {
  if (index < problem->base.lifetime_count) return problem->base.lifetimes[index].begin;
  return problem->windows[index - problem->base.lifetime_count].begin;
}

static bool find_space_fault(const slow_check *check, uint32_t space, vmo_fault *fault) {
  const vmo_solution *result = &check->packing->results[space];
  vmo_bytes largest = 0, load;
  int64_t first = INT64_MAX, time_of_largest = 0;
  bool found = false;
  for (uint32_t i = 0; i < count_times(check->problem); i++) {
    vmo_fault one;
    int64_t time = time_of(check->problem, i);
    if (look_at_time(check, space, time, &load, &one) && time < first) {
      *fault = one;
      first = time;
      found = true;
    }
    if (load < largest || (load == largest && time >= time_of_largest)) continue;
    largest = load;
    time_of_largest = time;
  }
  if (found) return true;
  look_at_time(check, space, result->witness, &load, fault);
  *fault = (vmo_fault){VMO_FAULT_LOWER_BOUND, VMO_NONE, space, time_of_largest};
  if (result->lower_bound != largest || load != largest) return true;
  *fault = (vmo_fault){VMO_FAULT_NONE, VMO_NONE, VMO_NONE, 0};
  return false;
}

static bool is_height_reached(const slow_check *check, uint32_t space) {
  const vmo_problem *base = &check->problem->base;
  vmo_bytes height = check->packing->results[space].height, top = 0;
  for (uint32_t i = 0; i < base->buffer_count; i++)
    if (space_of(check, i) == space && check->packing->offsets[i] + base->buffers[i].bytes > top)
      top = check->packing->offsets[i] + base->buffers[i].bytes;
  return top == height;
}

static bool is_cost_right(const slow_check *check) {
  const vmo_packing_problem *problem = check->problem;
  int64_t cost = 0;
  for (uint32_t a = 0; a < problem->base.buffer_count && problem->space_count > 0; a++) {
    vmo_bytes largest = 0;
    for (uint32_t b = 0; b < problem->base.buffer_count; b++)
      if (check->labels[b] == a && problem->base.buffers[b].bytes > largest) largest = problem->base.buffers[b].bytes;
    if (check->labels[a] == a) cost += largest * problem->spaces[space_of(check, a)].cost;
  }
  if (check->packing->status == VMO_SOLUTION_OPTIMAL && problem->space_count > 0 && cost != check->packing->cost_floor)
    return false;
  return cost == check->packing->cost && cost >= check->packing->cost_floor;
}

static void find_fault(slow_check *check, vmo_fault *fault) {
  for (uint32_t i = 0; i < check->problem->base.buffer_count; i++) {
    fault->kind = fault_of_buffer(check, i);
    fault->buffer = i;
    if (fault->kind != VMO_FAULT_NONE) return;
  }
  if (find_pair_fault(check, fault)) return;
  for (uint32_t space = 0; space < space_count(check); space++) {
    if (is_height_reached(check, space)) continue;
    *fault = (vmo_fault){VMO_FAULT_HEIGHT, VMO_NONE, VMO_NONE, space};
    return;
  }
  for (uint32_t space = 0; space < space_count(check); space++)
    if (find_space_fault(check, space, fault)) return;
  *fault = (vmo_fault){is_cost_right(check) ? VMO_FAULT_NONE : VMO_FAULT_COST, VMO_NONE, VMO_NONE, 0};
}

vmo_status vmo_find_packing_fault_slowly(vmo_context *context, const vmo_packing_problem *problem,
                                         const vmo_packing *packing, vmo_fault *fault) {
  slow_check check = {.problem = problem, .packing = packing};
  *fault = (vmo_fault){VMO_FAULT_NONE, VMO_NONE, VMO_NONE, 0};
  if (packing->offsets == NULL) return VMO_OK;
  check.labels = vmo_alloc_array(context, (size_t)problem->base.buffer_count + 1, sizeof *check.labels);
  if (check.labels == NULL) return VMO_OUT_OF_MEMORY;
  label_bundles(&check);
  find_fault(&check, fault);
  return VMO_OK;
}

/* ---- faults in words ---- */

typedef struct namer {
  const char *(*name)(void *user, uint32_t buffer);
  void *user;
  vmo_text *out;
} namer;

static void add_name(const namer *names, uint32_t buffer) {
  if (names->name != NULL)
    vmo_text_addf(names->out, "'%s'", names->name(names->user, buffer));
  else
    vmo_text_addf(names->out, "%" PRIu32, buffer);
}

static void add_subject(const namer *names, const vmo_fault *fault) {
  if (fault->buffer == VMO_NONE || fault->kind == VMO_FAULT_LOWER_BOUND) return;
  bool pair = fault->other != VMO_NONE;
  vmo_text_add(names->out, pair ? "buffers " : "buffer ");
  add_name(names, fault->buffer);
  if (!pair) return;
  vmo_text_add(names->out, " and ");
  add_name(names, fault->other);
}

static vmo_bytes capacity_at(const vmo_packing_problem *problem, const vmo_packing *packing, uint32_t buffer) {
  if (problem->space_count == 0) return problem->base.capacity;
  return problem->spaces[packing->spaces[buffer]].capacity;
}

static void describe_buffer(const vmo_packing_problem *problem, const vmo_packing *packing, const vmo_fault *fault,
                            vmo_text *out) {
  const vmo_buffer *buffer = &problem->base.buffers[fault->buffer];
  vmo_bytes offset = packing->offsets[fault->buffer], alignment = buffer->alignment;
  uint32_t space = packing->spaces != NULL ? packing->spaces[fault->buffer] : 0;
  bool known = space < problem->space_count;
  if (known && problem->spaces[space].alignment > alignment) alignment = problem->spaces[space].alignment;
  switch (fault->kind) {
  case VMO_FAULT_SPACE:
    if (known)
      vmo_text_addf(out, " is in the space %s, which it does not allow", problem->spaces[space].name);
    else
      vmo_text_add(out, " is in no space");
    return;
  case VMO_FAULT_NEGATIVE_OFFSET: vmo_text_addf(out, " has the negative offset %" PRId64, offset); return;
  case VMO_FAULT_MISALIGNED:
    vmo_text_addf(out, " has offset %" PRId64 ", no multiple of its alignment %" PRId64, offset, alignment);
    return;
  case VMO_FAULT_FIXED_OFFSET:
    vmo_text_addf(out, " has offset %" PRId64 ", and is fixed at %" PRId64, offset, buffer->fixed_offset);
    return;
  default: break;
  }
  vmo_text_addf(out, " (%" PRId64 " bytes at offset %" PRId64 ") ends ", buffer->bytes, offset);
  if (fault->kind == VMO_FAULT_HEIGHT)
    vmo_text_addf(out, "above the height %" PRId64, packing->results[space].height);
  else
    vmo_text_addf(out, "beyond the capacity %" PRId64, capacity_at(problem, packing, fault->buffer));
}

void vmo_describe_packing_fault(const vmo_packing_problem *problem, const vmo_packing *packing, const vmo_fault *fault,
                                const char *(*name)(void *user, uint32_t buffer), void *user, vmo_text *out) {
  add_subject(&(namer){name, user, out}, fault);
  switch (fault->kind) {
  case VMO_FAULT_NONE: vmo_text_add(out, "no fault"); return;
  case VMO_FAULT_OVERLAP: vmo_text_addf(out, " overlap at time %" PRId64, fault->time); return;
  case VMO_FAULT_COLOCATED:
    vmo_text_addf(out, " are colocated, and lie at %" PRId64 " and %" PRId64, packing->offsets[fault->buffer],
                  packing->offsets[fault->other]);
    return;
  case VMO_FAULT_APART: vmo_text_add(out, " are to be apart, and share bytes"); return;
  case VMO_FAULT_LOWER_BOUND:
    vmo_text_addf(out, "the lower bound %" PRId64 " is not the largest load, which is at time %" PRId64,
                  packing->results[fault->other].lower_bound, fault->time);
    return;
  case VMO_FAULT_COST: vmo_text_addf(out, "the cost %" PRId64 " is wrong", packing->cost); return;
  default: break;
  }
  if (fault->buffer != VMO_NONE)
    describe_buffer(problem, packing, fault, out);
  else
    vmo_text_addf(out, "no buffer ends at the height %" PRId64, packing->results[fault->time].height);
}

vmo_status vmo_check_packing(vmo_context *context, const vmo_packing_problem *problem, const vmo_packing *packing) {
  vmo_fault_list faults;
  vmo_status status = vmo_list_packing_faults(context, problem, packing, 1, &faults);
  if (status != VMO_OK || faults.count == 0) return status;
  vmo_text text;
  vmo_text_init(&text);
  vmo_describe_packing_fault(problem, packing, &faults.data[0], NULL, NULL, &text);
  vmo_diag_add(context, VMO_DIAG_INTERNAL, (vmo_location){0}, "wrong plan: %s",
               vmo_text_failed(&text) ? "no memory to say why" : text.data);
  vmo_text_free(&text);
  return VMO_INTERNAL_ERROR;
}
