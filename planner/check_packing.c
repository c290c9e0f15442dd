/* check_packing.c: looks at a packing and says what is wrong with it. Shares no code with the solver.
 *
 * For each space what the bundles take is a list of pieces: a stretch of time, an address, bytes. Pieces of a buffer
 * that
 * is alone are its lifetimes and windows; of colocated buffers the hull of their live bytes, found by two heaps over
 * the members' pieces, one by the highest and one by the lowest byte. Then a sweep over time keeps the live pieces in
 * a set ordered by address. A piece that comes in meets those above it until one begins beyond its end, and those
 * below it until no piece can be large enough to reach it: in a right plan two comparisons.
 * O(n log n + faults) but for plans whose overlaps are many and of very different sizes. */
#include <inttypes.h>
#include <stdlib.h>

#include "planner/planner.h"
#include "planner/rank_set.h"
#include "support/diag.h"
#include "support/vec.h"

typedef struct taken {
  int64_t begin, end;
  vmo_bytes address, bytes;
  uint32_t owner; /* the first buffer of the bundle */
} taken;

typedef struct packing_check {
  vmo_context *context;
  const vmo_packing_problem *problem;
  const vmo_packing *packing;
  vmr_arena *arena; /* scratch */
  uint32_t most;
  vmo_fault_list *faults;
  uint32_t capacity;     /* of the list */
  uint32_t *leaders;     /* per buffer: the first buffer of its bundle */
  uint32_t *window_ends; /* per buffer: past its last window */
  uint32_t *next;        /* per buffer: the next member of its bundle, or VMO_NONE */
  VMO_VEC(taken) pieces; /* of the space that is looked at */
  bool failed;           /* memory ran out */
} packing_check;

/* ---- the list ---- */

/* False: there is no room for more, or no memory. */
static bool add_fault(packing_check *check, vmo_fault fault) {
  vmo_fault_list *list = check->faults;
  if (list->count == check->most) {
    list->more = true;
    return false;
  }
  if (list->count == check->capacity &&
      !vmo_vec_grow(check->context->arena, (void **)&list->data, &check->capacity, list->count + 1, sizeof fault)) {
    check->failed = true;
    return false;
  }
  list->data[list->count++] = fault;
  return true;
}

static bool add_simple(packing_check *check, vmo_fault_kind kind, uint32_t buffer, uint32_t other) {
  return add_fault(check, (vmo_fault){kind, buffer, other, 0});
}

/* ---- single buffers ---- */

static uint32_t count_spaces(const vmo_packing_problem *problem) {
  return problem->space_count > 0 ? problem->space_count : 1;
}

static uint32_t space_of(const packing_check *check, uint32_t buffer) {
  return check->packing->spaces != NULL ? check->packing->spaces[buffer] : 0;
}

static vmo_bytes capacity_of(const packing_check *check, uint32_t space) {
  return check->problem->space_count > 0 ? check->problem->spaces[space].capacity : check->problem->base.capacity;
}

static bool is_usable(const packing_check *check, uint32_t buffer) {
  vmo_bytes offset = check->packing->offsets[buffer];
  return offset >= 0 && offset < VMO_BYTES_LIMIT && space_of(check, buffer) < count_spaces(check->problem);
}

static bool allows(const packing_check *check, uint32_t buffer) {
  uint32_t space = space_of(check, buffer);
  if (space >= count_spaces(check->problem)) return false;
  return check->problem->allowed == NULL || (check->problem->allowed[buffer] >> space & 1) != 0;
}

static bool check_buffer(packing_check *check, uint32_t buffer) {
  const vmo_buffer *asked = &check->problem->base.buffers[buffer];
  vmo_bytes offset = check->packing->offsets[buffer];
  uint32_t space = space_of(check, buffer);
  bool fine = allows(check, buffer) || add_simple(check, VMO_FAULT_SPACE, buffer, VMO_NONE);
  if (fine && offset < 0) return add_simple(check, VMO_FAULT_NEGATIVE_OFFSET, buffer, VMO_NONE);
  if (fine && asked->fixed_offset >= 0 && offset != asked->fixed_offset)
    fine = add_simple(check, VMO_FAULT_FIXED_OFFSET, buffer, VMO_NONE);
  if (space >= count_spaces(check->problem)) return fine;
  vmo_bytes grain = check->problem->space_count > 0 ? check->problem->spaces[space].alignment : 1;
  if (fine && (offset % asked->alignment != 0 || (grain > 1 && offset % grain != 0)))
    fine = add_simple(check, VMO_FAULT_MISALIGNED, buffer, VMO_NONE);
  vmo_bytes height = check->packing->results[space].height, capacity = capacity_of(check, space);
  if (fine && (asked->bytes > height || offset > height - asked->bytes))
    fine = add_simple(check, VMO_FAULT_HEIGHT, buffer, VMO_NONE);
  bool fits = check->packing->status == VMO_SOLUTION_OPTIMAL || check->packing->status == VMO_SOLUTION_FEASIBLE;
  if (fine && fits && capacity >= 0 && (asked->bytes > capacity || offset > capacity - asked->bytes))
    fine = add_simple(check, VMO_FAULT_CAPACITY, buffer, VMO_NONE);
  return fine;
}

/* ---- pairs ---- */

static bool share_bytes(const packing_check *check, uint32_t a, uint32_t b) {
  const vmo_buffer *buffers = check->problem->base.buffers;
  vmo_bytes at_a = check->packing->offsets[a], at_b = check->packing->offsets[b];
  if (buffers[a].bytes == 0 || buffers[b].bytes == 0 || space_of(check, a) != space_of(check, b)) return false;
  return is_usable(check, a) && is_usable(check, b) && at_a < at_b + buffers[b].bytes && at_b < at_a + buffers[a].bytes;
}

static bool check_pairs(packing_check *check) {
  const vmo_packing_problem *problem = check->problem;
  for (uint32_t i = 0; i < problem->colocated_count; i++) {
    uint32_t a = problem->colocated[i].first, b = problem->colocated[i].second;
    bool together =
        check->packing->offsets[a] == check->packing->offsets[b] && space_of(check, a) == space_of(check, b);
    if (!together && !add_simple(check, VMO_FAULT_COLOCATED, a < b ? a : b, a < b ? b : a)) return false;
  }
  for (uint32_t i = 0; i < problem->apart_count; i++) {
    uint32_t a = problem->apart[i].first, b = problem->apart[i].second;
    if (share_bytes(check, a, b) && !add_simple(check, VMO_FAULT_APART, a < b ? a : b, a < b ? b : a)) return false;
  }
  return true;
}

/* ---- heights and cost ---- */

static bool check_heights(packing_check *check) {
  const vmo_packing_problem *problem = check->problem;
  for (uint32_t space = 0; space < count_spaces(problem); space++) {
    vmo_bytes height = check->packing->results[space].height;
    bool reached = height == 0, empty = true;
    for (uint32_t i = 0; i < problem->base.buffer_count && !(reached && !empty); i++) {
      if (space_of(check, i) != space) continue;
      empty = false;
      reached = reached || check->packing->offsets[i] + problem->base.buffers[i].bytes == height;
    }
    if (!reached && !add_fault(check, (vmo_fault){VMO_FAULT_HEIGHT, VMO_NONE, VMO_NONE, space})) return false;
  }
  return true;
}

/* Each bundle counts once, with its largest member. */
static bool check_cost(packing_check *check) {
  const vmo_packing_problem *problem = check->problem;
  int64_t cost = 0;
  for (uint32_t i = 0; i < problem->base.buffer_count && problem->space_count > 0; i++) {
    if (check->leaders[i] != i || !is_usable(check, i)) continue;
    vmo_bytes largest = 0;
    for (uint32_t member = i; member != VMO_NONE; member = check->next[member])
      if (problem->base.buffers[member].bytes > largest) largest = problem->base.buffers[member].bytes;
    int64_t price = problem->spaces[space_of(check, i)].cost;
    if (price > 0 && largest > (VMO_BYTES_LIMIT - 1 - cost) / price)
      return add_simple(check, VMO_FAULT_COST, i, VMO_NONE);
    cost += largest * price;
  }
  bool optimal = check->packing->status == VMO_SOLUTION_OPTIMAL && problem->space_count > 0;
  if (cost == check->packing->cost && cost >= check->packing->cost_floor &&
      (!optimal || cost == check->packing->cost_floor))
    return true;
  return add_simple(check, VMO_FAULT_COST, VMO_NONE, VMO_NONE);
}

/* ---- bundles ---- */

static uint32_t find_leader(uint32_t *leaders, uint32_t buffer) {
  uint32_t leader = buffer;
  while (leaders[leader] != leader) leader = leaders[leader];
  while (leaders[buffer] != leader) {
    uint32_t above = leaders[buffer];
    leaders[buffer] = leader;
    buffer = above;
  }
  return leader;
}

static bool find_bundles(packing_check *check) {
  const vmo_packing_problem *problem = check->problem;
  size_t count = (size_t)problem->base.buffer_count + 1;
  check->leaders = vmr_arena_alloc(check->arena, count * sizeof(uint32_t));
  check->next = vmr_arena_alloc(check->arena, count * sizeof(uint32_t));
  check->window_ends = vmr_arena_alloc_array(check->arena, count, sizeof(uint32_t));
  uint32_t *last = vmr_arena_alloc(check->arena, count * sizeof *last);
  if (check->leaders == NULL || check->next == NULL || check->window_ends == NULL || last == NULL) return false;
  for (uint32_t i = 0; i < problem->base.buffer_count; i++) check->leaders[i] = last[i] = i;
  for (uint32_t i = 0; i < problem->colocated_count; i++) {
    uint32_t a = find_leader(check->leaders, problem->colocated[i].first);
    uint32_t b = find_leader(check->leaders, problem->colocated[i].second);
    check->leaders[a < b ? b : a] = a < b ? a : b;
  }
  for (uint32_t i = 0; i < problem->base.buffer_count; i++) {
    uint32_t leader = find_leader(check->leaders, i);
    check->next[i] = VMO_NONE;
    if (leader == i) continue;
    check->next[last[leader]] = i;
    last[leader] = i;
  }
  for (uint32_t i = 0; i < problem->window_count; i++) check->window_ends[problem->windows[i].buffer] = i + 1;
  return true;
}

/* ---- pieces ---- */

static bool push_taken(packing_check *check, taken piece) { return vmo_vec_push(check->arena, &check->pieces, piece); }

/* The lifetimes and windows of one buffer, addresses from `base` on. */
static bool push_buffer(packing_check *check, uint32_t buffer, uint32_t owner, vmo_bytes base) {
  const vmo_packing_problem *problem = check->problem;
  const vmo_buffer *asked = &problem->base.buffers[buffer];
  for (uint32_t i = 0; i < asked->lifetime_count && asked->bytes > 0; i++) {
    vmo_lifetime lifetime = problem->base.lifetimes[asked->lifetime_first + i];
    if (!push_taken(check, (taken){lifetime.begin, lifetime.end, base, asked->bytes, owner})) return false;
  }
  for (uint32_t i = check->window_ends[buffer]; i > 0 && problem->windows[i - 1].buffer == buffer; i--) {
    const vmo_window *window = &problem->windows[i - 1];
    taken piece = {window->begin, window->end, base + window->low, window->high - window->low, owner};
    if (!push_taken(check, piece)) return false;
  }
  return true;
}

typedef struct heap_entry {
  vmo_bytes key;
  int64_t end;
} heap_entry;

static void push_heap(heap_entry *heap, uint32_t *count, heap_entry added) {
  uint32_t at = (*count)++;
  for (; at > 0 && heap[(at - 1) / 2].key > added.key; at = (at - 1) / 2) heap[at] = heap[(at - 1) / 2];
  heap[at] = added;
}

static void pop_heap(heap_entry *heap, uint32_t *count) {
  heap_entry moved = heap[--*count];
  uint32_t at = 0;
  for (uint32_t child; (child = 2 * at + 1) < *count; at = child) {
    if (child + 1 < *count && heap[child + 1].key < heap[child].key) child++;
    if (heap[child].key >= moved.key) break;
    heap[at] = heap[child];
  }
  heap[at] = moved;
}

static int compare_taken(const void *left, const void *right) {
  const taken *a = left, *b = right;
  if (a->begin != b->begin) return a->begin < b->begin ? -1 : 1;
  return (a->end > b->end) - (a->end < b->end);
}

static int compare_times(const void *left, const void *right) {
  int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
  return (a > b) - (a < b);
}

/* Puts the hull in place of the pieces from `first` on, which are those of one bundle. */
static bool take_hull(packing_check *check, uint32_t first, uint32_t owner) {
  uint32_t count = check->pieces.count - first, lows = 0, highs = 0, next = 0, times_count = 0;
  taken *parts = vmr_arena_alloc(check->arena, ((size_t)count + 1) * sizeof *parts);
  int64_t *times = vmr_arena_alloc(check->arena, 2 * ((size_t)count + 1) * sizeof *times);
  heap_entry *low = vmr_arena_alloc(check->arena, ((size_t)count + 1) * sizeof *low);
  heap_entry *high = vmr_arena_alloc(check->arena, ((size_t)count + 1) * sizeof *high);
  if (parts == NULL || times == NULL || low == NULL || high == NULL) return false;
  for (uint32_t i = 0; i < count; i++) {
    parts[i] = check->pieces.data[first + i];
    times[times_count++] = parts[i].begin;
    times[times_count++] = parts[i].end;
  }
  check->pieces.count = first;
  if (count > 0) qsort(parts, count, sizeof *parts, compare_taken);
  if (count > 0) qsort(times, times_count, sizeof *times, compare_times);
  for (uint32_t i = 0; i + 1 < times_count; i++) {
    for (; next < count && parts[next].begin == times[i]; next++) {
      push_heap(low, &lows, (heap_entry){parts[next].address, parts[next].end});
      push_heap(high, &highs, (heap_entry){-parts[next].address - parts[next].bytes, parts[next].end});
    }
    while (lows > 0 && low[0].end <= times[i]) pop_heap(low, &lows);
    while (highs > 0 && high[0].end <= times[i]) pop_heap(high, &highs);
    if (lows == 0 || times[i] == times[i + 1]) continue;
    taken hull = {times[i], times[i + 1], low[0].key, -high[0].key - low[0].key, owner};
    if (!push_taken(check, hull)) return false;
  }
  return true;
}

/* What is taken of one space. Blocks whose members are apart by mistake are taken as if they were at the first one's
 * place: that fault is told already. */
static bool collect_space(packing_check *check, uint32_t space) {
  check->pieces.count = 0;
  for (uint32_t i = 0; i < check->problem->base.buffer_count; i++) {
    if (check->leaders[i] != i || !is_usable(check, i) || space_of(check, i) != space) continue;
    uint32_t first = check->pieces.count;
    for (uint32_t member = i; member != VMO_NONE; member = check->next[member])
      if (!push_buffer(check, member, i, check->packing->offsets[i])) return false;
    if (check->next[i] != VMO_NONE && !take_hull(check, first, i)) return false;
  }
  return true;
}

/* ---- the sweep ---- */

typedef struct piece_event {
  int64_t time;
  uint32_t piece; /* by rank */
  bool begins;
} piece_event;

static int compare_events(const void *left, const void *right) {
  const piece_event *a = left, *b = right;
  if (a->time != b->time) return a->time < b->time ? -1 : 1;
  if (a->begins != b->begins) return a->begins ? 1 : -1;
  return (a->piece > b->piece) - (a->piece < b->piece);
}

static int compare_addresses(const void *left, const void *right) {
  const taken *a = left, *b = right;
  if (a->address != b->address) return a->address < b->address ? -1 : 1;
  if (a->owner != b->owner) return a->owner < b->owner ? -1 : 1;
  return (a->begin > b->begin) - (a->begin < b->begin);
}

typedef VMO_VEC(vmo_fault) fault_vector;

static bool note_overlap(packing_check *check, fault_vector *found, const taken *a, const taken *b, int64_t time) {
  uint32_t one = a->owner < b->owner ? a->owner : b->owner, other = a->owner < b->owner ? b->owner : a->owner;
  if (found->count > 8 * (uint64_t)check->most) return true; /* more than can be told */
  return vmo_vec_push(check->arena, found, ((vmo_fault){VMO_FAULT_OVERLAP, one, other, time}));
}

/* Notes whom of the live ones the piece of this rank overlaps. */
static bool meet_others(packing_check *check, const vmo_rank_set *live, uint32_t rank, vmo_bytes largest, int64_t time,
                        fault_vector *found) {
  const taken *pieces = check->pieces.data, *added = &pieces[rank];
  for (uint32_t at = vmo_rank_set_next(live, rank, true); at != VMO_NONE; at = vmo_rank_set_next(live, at, true)) {
    if (pieces[at].address >= added->address + added->bytes) break;
    if (!note_overlap(check, found, added, &pieces[at], time)) return false;
  }
  for (uint32_t at = vmo_rank_set_next(live, rank, false); at != VMO_NONE; at = vmo_rank_set_next(live, at, false)) {
    if (pieces[at].address + largest <= added->address) break;
    bool reaches = pieces[at].address + pieces[at].bytes > added->address;
    if (reaches && !note_overlap(check, found, added, &pieces[at], time)) return false;
    if (!reaches && found->count == 0) break; /* so far nothing overlaps: those below end below this one */
  }
  return true;
}

static int compare_pairs(const void *left, const void *right) {
  const vmo_fault *a = left, *b = right;
  if (a->buffer != b->buffer) return a->buffer < b->buffer ? -1 : 1;
  if (a->other != b->other) return a->other < b->other ? -1 : 1;
  return (a->time > b->time) - (a->time < b->time);
}

static int compare_faults(const void *left, const void *right) {
  const vmo_fault *a = left, *b = right;
  if (a->time != b->time) return a->time < b->time ? -1 : 1;
  return compare_pairs(left, right);
}

/* Each pair once, at its first time. */
static bool add_overlaps(packing_check *check, fault_vector *found) {
  uint32_t kept = 0;
  if (found->count > 1) qsort(found->data, found->count, sizeof *found->data, compare_pairs);
  for (uint32_t i = 0; i < found->count; i++) {
    const vmo_fault *last = kept > 0 ? &found->data[kept - 1] : NULL;
    if (last == NULL || last->buffer != found->data[i].buffer || last->other != found->data[i].other)
      found->data[kept++] = found->data[i];
  }
  if (kept > 1) qsort(found->data, kept, sizeof *found->data, compare_faults);
  for (uint32_t i = 0; i < kept; i++)
    if (!add_fault(check, found->data[i])) return false;
  return true;
}

/* Unsigned: where buffers overlap, the sum may be anything, and is not used. */
typedef struct load_seen {
  uint64_t now, largest, at_witness;
  int64_t time;
} load_seen;

static piece_event *list_events(packing_check *check, vmo_bytes *largest) {
  uint32_t count = check->pieces.count;
  piece_event *events = vmr_arena_alloc(check->arena, 2 * ((size_t)count + 1) * sizeof *events);
  if (events == NULL) return NULL;
  if (count > 0) qsort(check->pieces.data, count, sizeof *check->pieces.data, compare_addresses);
  for (uint32_t i = 0; i < count; i++) {
    const taken *piece = &check->pieces.data[i];
    events[2 * i] = (piece_event){piece->begin, i, true};
    events[2 * i + 1] = (piece_event){piece->end, i, false};
    if (piece->bytes > *largest) *largest = piece->bytes;
  }
  if (count > 0) qsort(events, 2 * (size_t)count, sizeof *events, compare_events);
  return events;
}

static bool sweep(packing_check *check, uint32_t space, load_seen *load, fault_vector *found) {
  vmo_bytes largest = 0;
  int64_t witness = check->packing->results[space].witness;
  vmo_rank_set live;
  piece_event *events = list_events(check, &largest);
  if (events == NULL || !vmo_rank_set_init(&live, check->arena, check->pieces.count)) return false;
  for (size_t i = 0; i < 2 * (size_t)check->pieces.count; i++) {
    const piece_event *event = &events[i];
    uint64_t bytes = (uint64_t)check->pieces.data[event->piece].bytes;
    if (event->begins) {
      if (!meet_others(check, &live, event->piece, largest, event->time, found)) return false;
      vmo_rank_set_add(&live, event->piece);
      load->now += bytes;
    } else {
      vmo_rank_set_remove(&live, event->piece);
      load->now -= bytes;
    }
    if (load->now > load->largest) {
      load->largest = load->now;
      load->time = event->time;
    }
    if (event->time <= witness) load->at_witness = load->now;
  }
  return true;
}

/* Overlaps and bound of one space. */
static bool check_space(packing_check *check, uint32_t space) {
  load_seen load = {0};
  fault_vector found = {0};
  if (!collect_space(check, space) || !sweep(check, space, &load, &found)) {
    check->failed = true;
    return false;
  }
  if (found.count > 0) return add_overlaps(check, &found);
  if ((uint64_t)check->packing->results[space].lower_bound == load.largest && load.at_witness == load.largest)
    return true;
  return add_fault(check, (vmo_fault){VMO_FAULT_LOWER_BOUND, VMO_NONE, space, load.time});
}

static void check_all(packing_check *check) {
  for (uint32_t i = 0; i < check->problem->base.buffer_count; i++)
    if (!check_buffer(check, i)) return;
  if (!check_pairs(check)) return;
  if (check->faults->count == 0 && !check_heights(check)) return;
  for (uint32_t space = 0; space < count_spaces(check->problem); space++)
    if (!check_space(check, space)) return;
  check_cost(check);
}

vmo_status vmo_list_packing_faults(vmo_context *context, const vmo_packing_problem *problem, const vmo_packing *packing,
                                   uint32_t most, vmo_fault_list *faults) {
  *faults = (vmo_fault_list){0};
  if (packing->offsets == NULL) return VMO_OK;
  packing_check check = {.context = context, .problem = problem, .packing = packing, .most = most, .faults = faults};
  check.arena = vmr_arena_create(0);
  if (check.arena == NULL) return VMO_OUT_OF_MEMORY;
  if (find_bundles(&check))
    check_all(&check);
  else
    check.failed = true;
  vmr_arena_destroy(check.arena);
  return check.failed ? VMO_OUT_OF_MEMORY : VMO_OK;
}
