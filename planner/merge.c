/* merge.c: from a packing problem to its bundles: verifies, joins what is colocated, finds contradictions.
 *
 * Colocated buffers are joined by union-find. The pieces of a bundle with several members come from painting: its
 * time is cut where a member's piece begins or ends, and the cuts are painted with the pieces in the order of falling
 * `high`, each cut once, which gives the highest live byte of each; and the same for the lowest.
 *
 * Why one bundle is right: all members have the bundle's offset, so that what they take at a time is the union of
 * their live bytes; the hull of that union is, by the definition in packing.h, what nobody else may use. So the
 * plans of
 * the bundles and the plans of the buffers are the same plans. Cost: O(n log n). */
#include <inttypes.h>
#include <stdlib.h>

#include "planner/bundle.h"
#include "planner/csv_reader.h"
#include "planner/instance.h"
#include "planner/planner.h"
#include "support/diag.h"

/* ---- the rules of packing.h ---- */

static vmo_location place_of(const vmo_packing_problem *problem, uint32_t buffer) {
  return (vmo_location){problem->rows != NULL ? problem->rows[buffer].line : 0, problem->rows != NULL};
}

static vmo_status refuse(vmo_context *context, const vmo_packing_problem *problem, uint32_t buffer, const char *what) {
  vmo_diag_add(context, VMO_DIAG_PROBLEM_INVALID, place_of(problem, buffer), "buffer %" PRIu32 ": %s", buffer, what);
  return VMO_INPUT_ERROR;
}

static const char *broken_window_rule(const vmo_packing_problem *problem, uint32_t index) {
  const vmo_window *window = &problem->windows[index], *former = index > 0 ? window - 1 : NULL;
  const vmo_buffer *buffer = &problem->base.buffers[window->buffer];
  if (window->begin >= window->end) return "one of its windows is empty";
  if (window->low < 0 || window->low >= window->high || window->high > buffer->bytes)
    return "a window is not inside of its bytes";
  if (former == NULL || former->buffer < window->buffer) return NULL;
  if (former->buffer > window->buffer || former->end > window->begin) return "its windows are not sorted and disjoint";
  return NULL;
}

static vmo_status verify_windows(vmo_context *context, const vmo_packing_problem *problem) {
  for (uint32_t i = 0; i < problem->window_count; i++) {
    if (problem->windows[i].buffer >= problem->base.buffer_count) {
      vmo_diag_add(context, VMO_DIAG_PROBLEM_INVALID, (vmo_location){0}, "window %" PRIu32 " is of no buffer", i);
      return VMO_INPUT_ERROR;
    }
    const char *broken = broken_window_rule(problem, i);
    if (broken != NULL) return refuse(context, problem, problem->windows[i].buffer, broken);
  }
  return VMO_OK;
}

static vmo_status verify_pairs(vmo_context *context, const vmo_packing_problem *problem, const vmo_pair *pairs,
                               uint32_t count, const char *word) {
  for (uint32_t i = 0; i < count; i++) {
    if (pairs[i].first < problem->base.buffer_count && pairs[i].second < problem->base.buffer_count) continue;
    vmo_diag_add(context, VMO_DIAG_PROBLEM_INVALID, (vmo_location){0}, "%s pair %" PRIu32 " is of no buffer", word, i);
    return VMO_INPUT_ERROR;
  }
  return VMO_OK;
}

static const char *broken_space_rule(const vmo_space *space) {
  if (space->capacity < -1 || space->capacity >= VMO_BYTES_LIMIT) return "its capacity is out of range";
  if (space->alignment < 0 || (space->alignment & (space->alignment - 1)) != 0)
    return "its alignment is no power of two";
  if (space->alignment >= VMO_BYTES_LIMIT) return "its alignment is 2^53 or more";
  if (space->cost < 0 || space->cost >= VMO_BYTES_LIMIT) return "its cost is out of range";
  return NULL;
}

/* A pair that is apart gets a time of its own after all others (space.c). */
static vmo_status verify_times(vmo_context *context, const vmo_packing_problem *problem) {
  int64_t most = INT64_MAX - 2 - 2 * (int64_t)problem->apart_count;
  for (uint32_t i = 0; i < problem->base.buffer_count && problem->apart_count > 0; i++) {
    const vmo_buffer *buffer = &problem->base.buffers[i];
    if (buffer->lifetime_count == 0) continue;
    if (problem->base.lifetimes[buffer->lifetime_first + buffer->lifetime_count - 1].end <= most) continue;
    return refuse(context, problem, i, "with buffers apart, it lives too near to the end of time");
  }
  return VMO_OK;
}

static uint64_t all_spaces(const vmo_packing_problem *problem) {
  return problem->space_count >= 64 ? UINT64_MAX
                                    : (UINT64_C(1) << (problem->space_count > 0 ? problem->space_count : 1)) - 1;
}

static vmo_status verify_spaces(vmo_context *context, const vmo_packing_problem *problem) {
  if (problem->space_count > VMO_MAX_SPACES || (problem->space_count > 0 && problem->base.capacity >= 0)) {
    vmo_diag_add(context, VMO_DIAG_PROBLEM_INVALID, (vmo_location){0},
                 problem->space_count > VMO_MAX_SPACES ? "there are more than 64 spaces"
                                                       : "there are spaces, and a capacity besides");
    return VMO_INPUT_ERROR;
  }
  for (uint32_t i = 0; i < problem->space_count; i++) {
    const char *broken = broken_space_rule(&problem->spaces[i]);
    if (broken == NULL) continue;
    vmo_diag_add(context, VMO_DIAG_PROBLEM_INVALID, (vmo_location){0}, "space %" PRIu32 ": %s", i, broken);
    return VMO_INPUT_ERROR;
  }
  for (uint32_t i = 0; problem->allowed != NULL && i < problem->base.buffer_count; i++)
    if ((problem->allowed[i] & all_spaces(problem)) == 0) return refuse(context, problem, i, "it allows no space");
  return VMO_OK;
}

vmo_status vmo_verify_packing_problem(vmo_context *context, const vmo_packing_problem *problem) {
  vmo_status status = vmo_verify_problem(context, &problem->base);
  if (status == VMO_OK) status = verify_windows(context, problem);
  if (status == VMO_OK)
    status = verify_pairs(context, problem, problem->colocated, problem->colocated_count, "colocated");
  if (status == VMO_OK) status = verify_pairs(context, problem, problem->apart, problem->apart_count, "apart");
  if (status == VMO_OK) status = verify_times(context, problem);
  return status == VMO_OK ? verify_spaces(context, problem) : status;
}

/* ---- who is one bundle ---- */

static uint32_t find_root(uint32_t *parents, uint32_t buffer) {
  while (parents[buffer] != buffer) {
    parents[buffer] = parents[parents[buffer]];
    buffer = parents[buffer];
  }
  return buffer;
}

typedef struct merge_run {
  vmo_context *context;
  const vmo_packing_problem *problem;
  vmr_arena *arena, *scratch;
  vmo_bundles *bundles;
  uint32_t *firsts, *members; /* per bundle, and one more, into its buffers */
} merge_run;

/* Roots are the least buffers of their bundles, so that bundles are numbered in the order of their first members. */
static bool number_bundles(merge_run *run) {
  const vmo_packing_problem *problem = run->problem;
  uint32_t count = problem->base.buffer_count, *parents = vmr_arena_alloc(run->scratch, count * sizeof *parents);
  run->bundles->owners = vmr_arena_alloc(run->arena, count * sizeof(uint32_t));
  if (parents == NULL || run->bundles->owners == NULL) return false;
  for (uint32_t i = 0; i < count; i++) parents[i] = i;
  for (uint32_t i = 0; i < problem->colocated_count; i++) {
    uint32_t a = find_root(parents, problem->colocated[i].first), b = find_root(parents, problem->colocated[i].second);
    parents[a > b ? a : b] = a > b ? b : a;
  }
  for (uint32_t i = 0; i < count; i++) {
    uint32_t root = find_root(parents, i);
    run->bundles->owners[i] = root == i ? run->bundles->count++ : run->bundles->owners[root];
  }
  return true;
}

static bool list_members(merge_run *run) {
  uint32_t count = run->problem->base.buffer_count, bundles = run->bundles->count;
  run->firsts = vmr_arena_alloc_array(run->scratch, (size_t)bundles + 2, sizeof *run->firsts);
  run->members = vmr_arena_alloc(run->scratch, count * sizeof *run->members);
  if (run->firsts == NULL || run->members == NULL) return false;
  for (uint32_t i = 0; i < count; i++) run->firsts[run->bundles->owners[i] + 2]++;
  for (uint32_t b = 0; b <= bundles; b++) run->firsts[b + 1] += run->firsts[b];
  for (uint32_t i = 0; i < count; i++) run->members[run->firsts[run->bundles->owners[i] + 1]++] = i;
  return true;
}

/* ---- contradictions ---- */

static vmo_status contradict(merge_run *run, uint32_t a, uint32_t b, const char *what) {
  const struct vmo_csv_row *rows = run->problem->rows;
  vmo_location place = place_of(run->problem, b);
  vmo_diagnostic *added;
  if (rows == NULL) {
    added = vmo_diag_add(run->context, VMO_DIAG_LAYOUT_CONTRADICTION, place,
                         "buffers %" PRIu32 " and %" PRIu32 " are colocated, and %s", a, b, what);
  } else {
    csv_field first = vmo_csv_find_id(&rows[a], run->problem->id_column);
    csv_field second = vmo_csv_find_id(&rows[b], run->problem->id_column);
    added = vmo_diag_add(run->context, VMO_DIAG_LAYOUT_CONTRADICTION, place,
                         "'%.*s' (line %" PRIu32 ") and '%.*s' (line %" PRIu32 ") are colocated, and %s",
                         vmo_csv_shown(first), first.text, rows[a].line, vmo_csv_shown(second), second.text,
                         rows[b].line, what);
  }
  vmo_diag_hint(run->context, added, "colocated buffers share their offset and their space; drop one of the wishes");
  return VMO_INPUT_ERROR;
}

static vmo_status add_member(merge_run *run, vmo_bundle *bundle, uint32_t *pinned, uint32_t buffer) {
  const vmo_buffer *added = &run->problem->base.buffers[buffer];
  if (added->bytes > bundle->bytes) bundle->bytes = added->bytes;
  if (added->alignment > bundle->alignment) bundle->alignment = added->alignment;
  if (run->problem->allowed != NULL) bundle->allowed &= run->problem->allowed[buffer];
  if (bundle->allowed == 0) return contradict(run, bundle->member, buffer, "allow no space in common");
  if (added->fixed_offset < 0) return VMO_OK;
  if (bundle->fixed_offset >= 0 && bundle->fixed_offset != added->fixed_offset)
    return contradict(run, *pinned, buffer, "their fixed offsets differ");
  bundle->fixed_offset = added->fixed_offset;
  *pinned = buffer;
  return VMO_OK;
}

static vmo_status join_members(merge_run *run, uint32_t index) {
  vmo_bundle *bundle = &run->bundles->data[index];
  uint32_t first = run->firsts[index], end = run->firsts[index + 1], pinned = VMO_NONE;
  *bundle = (vmo_bundle){.alignment = 1, .fixed_offset = -1, .allowed = all_spaces(run->problem)};
  bundle->member = run->members[first];
  for (uint32_t i = first; i < end; i++) {
    vmo_status status = add_member(run, bundle, &pinned, run->members[i]);
    if (status != VMO_OK) return status;
  }
  if (pinned == VMO_NONE) return VMO_OK;
  if (bundle->fixed_offset >= VMO_BYTES_LIMIT - bundle->bytes)
    return contradict(run, bundle->member, pinned, "at the fixed offset the larger one ends at 2^53 or beyond");
  if (bundle->fixed_offset % bundle->alignment != 0)
    return contradict(run, bundle->member, pinned, "the fixed offset is no multiple of their largest alignment");
  return VMO_OK;
}

/* ---- pieces ---- */

static int compare_pieces(const void *left, const void *right) {
  const vmo_piece *a = left, *b = right;
  if (a->begin != b->begin) return a->begin < b->begin ? -1 : 1;
  return (a->end > b->end) - (a->end < b->end);
}

/* Adds a piece, or lets the last one go on. */
static void push_piece(vmo_bundles *bundles, vmo_bundle *bundle, vmo_piece piece) {
  vmo_piece *last = bundle->piece_count > 0 ? &bundles->pieces[bundles->piece_count - 1] : NULL;
  if (last != NULL && last->end == piece.begin && last->low == piece.low && last->high == piece.high) {
    last->end = piece.end;
    return;
  }
  bundles->pieces[bundles->piece_count++] = piece;
  bundle->piece_count++;
  bundle->shaped = bundle->shaped || piece.low > 0 || piece.high < bundle->bytes;
}

/* The pieces of all buffers, by buffer. */
typedef struct piece_list {
  vmo_piece *data;
  uint32_t *firsts; /* per buffer, and one more */
} piece_list;

static bool list_pieces(const merge_run *run, piece_list *list) {
  const vmo_problem *base = &run->problem->base;
  size_t count = 0;
  for (uint32_t i = 0; i < base->buffer_count; i++) count += base->buffers[i].lifetime_count;
  list->data = vmr_arena_alloc(run->scratch, (count + run->problem->window_count + 1) * sizeof *list->data);
  list->firsts = vmr_arena_alloc(run->scratch, ((size_t)base->buffer_count + 1) * sizeof *list->firsts);
  if (list->data == NULL || list->firsts == NULL) return false;
  uint32_t filled = 0, window = 0;
  for (uint32_t i = 0; i < base->buffer_count; i++) {
    const vmo_buffer *buffer = &base->buffers[i];
    list->firsts[i] = filled;
    for (uint32_t j = 0; j < buffer->lifetime_count && buffer->bytes > 0; j++) {
      vmo_lifetime lifetime = base->lifetimes[buffer->lifetime_first + j];
      list->data[filled++] = (vmo_piece){lifetime.begin, lifetime.end, 0, buffer->bytes};
    }
    uint32_t plain = filled;
    for (; window < run->problem->window_count && run->problem->windows[window].buffer == i; window++) {
      const vmo_window *one = &run->problem->windows[window];
      list->data[filled++] = (vmo_piece){one->begin, one->end, one->low, one->high};
    }
    if (filled > plain)
      qsort(list->data + list->firsts[i], filled - list->firsts[i], sizeof(vmo_piece), compare_pieces);
  }
  list->firsts[base->buffer_count] = filled;
  return true;
}

static bool are_disjoint(const piece_list *list, uint32_t buffer) {
  for (uint32_t i = list->firsts[buffer] + 1; i < list->firsts[buffer + 1]; i++)
    if (list->data[i - 1].end > list->data[i].begin) return false;
  return true;
}

static uint32_t find_unpainted(uint32_t *next, uint32_t cut) {
  while (next[cut] != cut) {
    next[cut] = next[next[cut]];
    cut = next[cut];
  }
  return cut;
}

/* The time of a bundle, cut at every begin and end of its members' pieces. */
typedef struct cut_list {
  vmo_piece *pieces; /* of the members */
  uint32_t piece_count;
  vmo_piece *cuts; /* times, and what is painted: low = high: nothing */
  uint32_t *next;
  uint32_t count;
} cut_list;

static int compare_times(const void *left, const void *right) {
  int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
  return (a > b) - (a < b);
}

static int compare_highs(const void *left, const void *right) {
  const vmo_piece *a = left, *b = right;
  return (a->high < b->high) - (a->high > b->high);
}

static int compare_lows(const void *left, const void *right) {
  const vmo_piece *a = left, *b = right;
  return (a->low > b->low) - (a->low < b->low);
}

static uint32_t find_cut(const cut_list *list, int64_t time) {
  uint32_t low = 0, high = list->count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (list->cuts[middle].begin < time)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* Paints the highs, or the lows, with the pieces in their order. */
static void paint(cut_list *list, bool highs) {
  for (uint32_t i = 0; i <= list->count; i++) list->next[i] = i;
  for (uint32_t i = 0; i < list->piece_count; i++) {
    const vmo_piece *piece = &list->pieces[i];
    uint32_t end = find_cut(list, piece->end);
    for (uint32_t cut = find_unpainted(list->next, find_cut(list, piece->begin)); cut < end;
         cut = find_unpainted(list->next, cut)) {
      if (highs)
        list->cuts[cut].high = piece->high;
      else
        list->cuts[cut].low = piece->low;
      list->next[cut] = cut + 1;
    }
  }
}

static bool cut_time(cut_list *list, vmr_arena *arena) {
  uint32_t count = 0;
  int64_t *times = vmr_arena_alloc(arena, 2 * (size_t)list->piece_count * sizeof *times);
  list->cuts = vmr_arena_alloc_array(arena, 2 * (size_t)list->piece_count, sizeof *list->cuts);
  list->next = vmr_arena_alloc(arena, (2 * (size_t)list->piece_count + 1) * sizeof *list->next);
  if (times == NULL || list->cuts == NULL || list->next == NULL) return false;
  for (uint32_t i = 0; i < list->piece_count; i++) {
    times[2 * i] = list->pieces[i].begin;
    times[2 * i + 1] = list->pieces[i].end;
  }
  qsort(times, 2 * (size_t)list->piece_count, sizeof *times, compare_times);
  for (uint32_t i = 0; i < 2 * list->piece_count; i++)
    if (count == 0 || times[i] > times[count - 1]) times[count++] = times[i];
  for (uint32_t i = 0; i + 1 < count; i++) list->cuts[i] = (vmo_piece){times[i], times[i + 1], 0, 0};
  list->count = count > 0 ? count - 1 : 0;
  return true;
}

/* The hull of the members' pieces. */
static bool join_pieces(merge_run *run, uint32_t index, const piece_list *list) {
  vmo_bundle *bundle = &run->bundles->data[index];
  cut_list cuts = {0};
  for (uint32_t i = run->firsts[index]; i < run->firsts[index + 1]; i++)
    cuts.piece_count += list->firsts[run->members[i] + 1] - list->firsts[run->members[i]];
  cuts.pieces = vmr_arena_alloc(run->scratch, ((size_t)cuts.piece_count + 1) * sizeof *cuts.pieces);
  if (cuts.pieces == NULL) return false;
  uint32_t filled = 0;
  for (uint32_t i = run->firsts[index]; i < run->firsts[index + 1]; i++)
    for (uint32_t j = list->firsts[run->members[i]]; j < list->firsts[run->members[i] + 1]; j++)
      cuts.pieces[filled++] = list->data[j];
  if (!cut_time(&cuts, run->scratch)) return false;
  if (filled > 0) qsort(cuts.pieces, filled, sizeof *cuts.pieces, compare_highs);
  paint(&cuts, true);
  if (filled > 0) qsort(cuts.pieces, filled, sizeof *cuts.pieces, compare_lows);
  paint(&cuts, false);
  for (uint32_t i = 0; i < cuts.count; i++)
    if (cuts.cuts[i].high > 0) push_piece(run->bundles, bundle, cuts.cuts[i]);
  return true;
}

static vmo_status build_pieces(merge_run *run) {
  piece_list list;
  if (!list_pieces(run, &list)) return VMO_OUT_OF_MEMORY;
  uint32_t buffers = run->problem->base.buffer_count;
  for (uint32_t i = 0; run->problem->window_count > 0 && i < buffers; i++)
    if (!are_disjoint(&list, i)) return refuse(run->context, run->problem, i, "a window lies in one of its lifetimes");
  /* Cuts of a bundle: at most twice its pieces. */
  run->bundles->pieces = vmr_arena_alloc(run->arena, (2 * (size_t)list.firsts[buffers] + 1) * sizeof(vmo_piece));
  if (run->bundles->pieces == NULL) return VMO_OUT_OF_MEMORY;
  for (uint32_t b = 0; b < run->bundles->count; b++) {
    vmo_bundle *bundle = &run->bundles->data[b];
    bundle->piece_first = run->bundles->piece_count;
    if (run->firsts[b + 1] - run->firsts[b] > 1) {
      if (!join_pieces(run, b, &list)) return VMO_OUT_OF_MEMORY;
      continue;
    }
    for (uint32_t j = list.firsts[bundle->member]; j < list.firsts[bundle->member + 1]; j++)
      push_piece(run->bundles, bundle, list.data[j]);
  }
  return VMO_OK;
}

/* ---- apart ---- */

static int compare_apart(const void *left, const void *right) {
  const vmo_apart *a = left, *b = right;
  if (a->first != b->first) return a->first < b->first ? -1 : 1;
  if (a->second != b->second) return a->second < b->second ? -1 : 1;
  if (a->first_bytes != b->first_bytes) return a->first_bytes < b->first_bytes ? -1 : 1;
  return (a->second_bytes > b->second_bytes) - (a->second_bytes < b->second_bytes);
}

static vmo_status build_apart(merge_run *run) {
  const vmo_packing_problem *problem = run->problem;
  vmo_bundles *bundles = run->bundles;
  bundles->apart = vmr_arena_alloc(run->arena, ((size_t)problem->apart_count + 1) * sizeof *bundles->apart);
  if (bundles->apart == NULL) return VMO_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < problem->apart_count; i++) {
    uint32_t a = problem->apart[i].first, b = problem->apart[i].second;
    vmo_bytes a_bytes = problem->base.buffers[a].bytes, b_bytes = problem->base.buffers[b].bytes;
    if (a_bytes == 0 || b_bytes == 0) continue; /* they have no bytes to share */
    if (a == b) return refuse(run->context, problem, a, "it is to be apart from itself");
    uint32_t first = bundles->owners[a], second = bundles->owners[b];
    if (first == second) return contradict(run, a, b, "they are to be apart");
    bundles->apart[bundles->apart_count++] =
        first < second ? (vmo_apart){first, second, a_bytes, b_bytes} : (vmo_apart){second, first, b_bytes, a_bytes};
  }
  if (bundles->apart_count > 1) qsort(bundles->apart, bundles->apart_count, sizeof *bundles->apart, compare_apart);
  uint32_t kept = 0;
  for (uint32_t i = 0; i < bundles->apart_count; i++)
    if (kept == 0 || compare_apart(&bundles->apart[kept - 1], &bundles->apart[i]) != 0)
      bundles->apart[kept++] = bundles->apart[i];
  bundles->apart_count = kept;
  return VMO_OK;
}

static vmo_status build(merge_run *run) {
  vmo_bundles *bundles = run->bundles;
  if (!number_bundles(run) || !list_members(run)) return VMO_OUT_OF_MEMORY;
  bundles->data = vmr_arena_alloc(run->arena, ((size_t)bundles->count + 1) * sizeof *bundles->data);
  if (bundles->data == NULL) return VMO_OUT_OF_MEMORY;
  for (uint32_t b = 0; b < bundles->count; b++) {
    vmo_status status = join_members(run, b);
    if (status != VMO_OK) return status;
  }
  vmo_status status = build_pieces(run);
  return status == VMO_OK ? build_apart(run) : status;
}

vmo_status vmo_build_bundles(vmo_context *context, const vmo_packing_problem *problem, vmr_arena *arena,
                             vmo_bundles *bundles) {
  *bundles = (vmo_bundles){0};
  merge_run run = {.context = context, .problem = problem, .arena = arena, .bundles = bundles};
  run.scratch = vmr_arena_create(0);
  if (run.scratch == NULL) return VMO_OUT_OF_MEMORY;
  vmo_status status = build(&run);
  vmr_arena_destroy(run.scratch);
  return status;
}
