/* heap_profile_sum.c: what several runs told of allocation sites, as one profile.
 *
 *   count, bytes, frees, moves, neighbours    added up: how often two sites' objects are made in turn, over all runs
 *   peaks, what was left, longest life        of the run in which they were greatest: a heap is made for one run
 *   smallest, largest, parts of the run       of any
 *   usual size                                of the run that made most objects
 *   mean life                                 of all objects that were freed
 *
 * A site that some runs do not tell of, since the program changed in between, has the figures of the others. A file that a program wrote
 * with two sites of one key would have them as one. Linear, but for the few neighbours that a site has. */
#include "analysis/heap_profile.h"
#include "support/hash_index.h"

typedef struct adding {
  vmo_context *context;
  vmo_heap_profile *sum;
  vmo_hash_index index; /* of the sum's sites */
  uint32_t *place;      /* by site of the run in hand: its site in the sum */
} adding;

static vmo_bytes add_counts(vmo_bytes a, vmo_bytes b) { return a < VMO_BYTES_LIMIT - b ? a + b : VMO_BYTES_LIMIT - 1; }

static vmo_bytes greater(vmo_bytes a, vmo_bytes b) { return a > b ? a : b; }

/* ---- a site ---- */

static void add_lives(vmo_profile_site *to, const vmo_profile_site *from) {
  double share = from->frees > 0 ? (double)from->frees / ((double)to->frees + (double)from->frees) : 0;
  to->mean_life += (vmo_bytes)((double)(from->mean_life - to->mean_life) * share);
  to->longest_life = greater(to->longest_life, from->longest_life);
}

static void add_sizes(vmo_profile_site *to, const vmo_profile_site *from) {
  if (from->count == 0) return;
  to->smallest = to->count == 0 || from->smallest < to->smallest ? from->smallest : to->smallest;
  to->largest = greater(to->largest, from->largest);
  if (from->count > to->run_count) to->usual = from->usual;
}

static void add_site(vmo_profile_site *to, const vmo_profile_site *from) {
  if (!from->noted) return;
  to->noted = true;
  add_lives(to, from);
  add_sizes(to, from);
  to->run_count = greater(to->run_count, from->count);
  to->run_bytes = greater(to->run_bytes, from->bytes);
  to->count = add_counts(to->count, from->count);
  to->bytes = add_counts(to->bytes, from->bytes);
  to->frees = add_counts(to->frees, from->frees);
  to->moves = add_counts(to->moves, from->moves);
  to->peak_objects = greater(to->peak_objects, from->peak_objects);
  to->peak_bytes = greater(to->peak_bytes, from->peak_bytes);
  to->left_objects = greater(to->left_objects, from->left_objects);
  to->left_bytes = greater(to->left_bytes, from->left_bytes);
  to->scope_bytes = greater(to->scope_bytes, from->scope_bytes);
  to->alive |= from->alive;
}

/* The most frequent ones stay: each list is in that order, and keeps to it. */
static void add_neighbour(vmo_profile_neighbour *list, uint32_t *count, vmo_profile_neighbour one) {
  uint32_t at = 0;
  while (at < *count && list[at].site != one.site) at++;
  if (at < *count) {
    one.count = add_counts(one.count, list[at].count);
  } else if (at < VMO_PROFILE_NEIGHBOURS) {
    ++*count;
  } else if (list[--at].count >= one.count) {
    return;
  }
  for (; at > 0 && list[at - 1].count < one.count; at--) list[at] = list[at - 1];
  list[at] = one;
}

static void add_neighbours(const adding *a, vmo_profile_site *to, const vmo_profile_site *from) {
  for (uint32_t n = 0; n < from->followed_count; n++)
    add_neighbour(to->followed, &to->followed_count,
                  (vmo_profile_neighbour){a->place[from->followed[n].site], from->followed[n].count});
  for (uint32_t n = 0; n < from->outlasted_count; n++)
    add_neighbour(to->outlasted, &to->outlasted_count,
                  (vmo_profile_neighbour){a->place[from->outlasted[n].site], from->outlasted[n].count});
}

/* ---- all of them ---- */

/* The site in the sum; a new one if there is none yet. VMO_NONE: memory is out. */
static uint32_t place_site(adding *a, const vmo_profile_site *site) {
  uint32_t hash = vmo_hash_profiled_site(site), cursor = 0;
  for (uint32_t s; (s = vmo_hash_index_next(&a->index, hash, &cursor)) != VMO_NONE;)
    if (vmo_is_same_profiled_site(&a->sum->sites.data[s], site)) return s;
  const vmo_profile_site fresh = {.function = site->function,
                                  .file = site->file,
                                  .allocator = site->allocator,
                                  .line = site->line,
                                  .column = site->column,
                                  .ordinal = site->ordinal,
                                  .scope_bytes = -1};
  uint32_t s = a->sum->sites.count;
  bool fine = vmo_vec_push(a->context->arena, &a->sum->sites, fresh) &&
              vmo_hash_index_add(a->context->arena, &a->index, hash, s);
  return fine ? s : VMO_NONE;
}

static bool add_run(adding *a, const vmo_heap_profile *run) {
  a->place = vmo_alloc_array(a->context, (size_t)run->sites.count + 1, sizeof *a->place);
  if (a->place == NULL) return false;
  for (uint32_t s = 0; s < run->sites.count; s++)
    if ((a->place[s] = place_site(a, &run->sites.data[s])) == VMO_NONE) return false;
  for (uint32_t s = 0; s < run->sites.count; s++) {
    vmo_profile_site *to = &a->sum->sites.data[a->place[s]];
    add_site(to, &run->sites.data[s]);
    add_neighbours(a, to, &run->sites.data[s]);
  }
  a->sum->clock = add_counts(a->sum->clock, run->clock);
  return true;
}

vmo_status vmo_add_heap_profiles(vmo_context *context, const vmo_heap_profile *runs, uint32_t count,
                                 const vmo_heap_profile **sum) {
  vmo_heap_profile *made = vmo_alloc_array(context, 1, sizeof *made);
  if (made == NULL) return VMO_OUT_OF_MEMORY;
  *made = (vmo_heap_profile){.path = runs[0].path, .hash = runs[0].hash, .runs = runs, .run_count = count};
  adding a = {.context = context, .sum = made};
  for (uint32_t r = 0; r < count; r++)
    if (!add_run(&a, &runs[r])) return VMO_OUT_OF_MEMORY;
  *sum = made;
  return VMO_OK;
}
