/* grouping_profile.c: what a profile tells about heaps: which are worth their pages, and what they will hold.
 *
 *   light    a group of sites whose objects are not many and never take more than some KiB at a time, or are a handful: pages, a constructor's
 *            call and cold lines of the cache for a heap of its own would not come back. All such share one
 *   lone     a site that makes few and large objects stays out of a heap of small ones, which then lie densely
 *   in turn  two sites each of which makes an object when the other has: what is made together is used together more often than
 *            not, and lies in one stream
 *
 * A group of which a single site is not known is neither: without figures the layout is that without a profile. */
#include "llvm/grouping.h"

#include <string.h>

#include "llvm/plan.h"

#define LIGHT_BYTES ((vmo_bytes)16 << 10)
#define LIGHT_OBJECTS 4096 /* more come and go: they may have a scope, which a shared heap has not */
#define HANDFUL 8          /* objects */
#define HANDFUL_BYTES ((vmo_bytes)1 << 20)
#define COMPANION_BYTES 256              /* of an object, on average */
#define LONE_BYTES ((vmo_bytes)16 << 10) /* of an object, on average */

static bool is_told_of(const vmo_heap_site *site) { return site->profile != NULL && site->profile->noted; }

/* What is never freed adds up. */
void vmo_ll_weigh_site(vmo_ll_heap_weight *weight, const vmo_heap_site *site, bool freed) {
  weight->site_count++;
  weight->unknown += !is_told_of(site);
  if (!is_told_of(site)) return;
  weight->objects += site->profile->run_count;
  weight->bytes += site->profile->run_bytes;
  weight->peak += freed ? site->profile->peak_bytes : site->profile->run_bytes;
}

bool vmo_ll_is_light(const vmo_ll_heap_weight *weight) {
  if (weight->unknown > 0) return false;
  return (weight->peak <= LIGHT_BYTES && weight->objects <= LIGHT_OBJECTS) ||
         (weight->objects <= HANDFUL && weight->peak <= HANDFUL_BYTES);
}

bool vmo_ll_is_lone(const vmo_heap_site *site) {
  if (!is_told_of(site) || site->profile->count == 0) return false;
  return site->profile->run_count <= HANDFUL && site->profile->bytes / site->profile->count >= LONE_BYTES;
}

/* ---- what is made in turn ---- */

static uint32_t find_root(uint32_t *same, uint32_t slot) {
  while (same[slot] != slot) slot = same[slot] = same[same[slot]];
  return slot;
}

static unsigned count_bits(uint64_t bits) {
  unsigned count = 0;
  for (; bits != 0; bits &= bits - 1) count++;
  return count;
}

static bool is_small(const vmo_profile_site *site) {
  return site->count > 0 && site->bytes / site->count <= COMPANION_BYTES;
}

/* Of four objects three at least, of each. Counts of neighbours may be too large, but there are no more turns than objects. */
static bool are_companions(const vmo_profile_site *first, const vmo_profile_site *second, vmo_bytes in_turn) {
  if (in_turn > first->count) in_turn = first->count;
  if (in_turn > second->count) in_turn = second->count;
  if (!is_small(first) || !is_small(second)) return false;
  if (in_turn < first->count - first->count / 4 || in_turn < second->count - second->count / 4) return false;
  return count_bits(first->alive & second->alive) * 2 >= count_bits(first->alive | second->alive);
}

static void join_site(const vmo_heap_facts *facts, const vmo_heap_profile *profile, const uint32_t *site_of, uint32_t s,
                      const uint32_t *slots, uint32_t *same) {
  const vmo_profile_site *told = facts->sites.data[s].profile;
  if (slots[s] == VMO_NONE || told == NULL) return;
  for (uint32_t n = 0; n < told->followed_count; n++) {
    uint32_t next = told->followed[n].site, other = site_of[next];
    if (other == VMO_NONE || other == s || slots[other] == VMO_NONE) continue;
    if (facts->sites.data[other].threads != facts->sites.data[s].threads) continue;
    if (are_companions(told, &profile->sites.data[next], told->followed[n].count))
      same[find_root(same, slots[other])] = find_root(same, slots[s]);
  }
}

vmo_status vmo_ll_join_companions(vmr_arena *arena, const vmo_heap_facts *facts, const vmo_heap_profile *profile,
                                  const uint32_t *slots, uint32_t *same, uint32_t slot_count) {
  uint32_t *site_of = vmr_arena_alloc_array(arena, (size_t)profile->sites.count + 1, sizeof *site_of);
  if (site_of == NULL) return VMO_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < slot_count; i++) same[i] = i;
  for (uint32_t p = 0; p < profile->sites.count; p++) site_of[p] = VMO_NONE;
  for (uint32_t s = 0; s < facts->sites.count; s++)
    if (facts->sites.data[s].profile != NULL) site_of[facts->sites.data[s].profile - profile->sites.data] = s;
  for (uint32_t s = 0; s < facts->sites.count; s++) join_site(facts, profile, site_of, s, slots, same);
  for (uint32_t i = 0; i < slot_count; i++) same[i] = find_root(same, i);
  return VMO_OK;
}

/* ---- what a heap will hold ---- */

static uint32_t find_main(const vmo_ll_program *program) {
  uint32_t found = VMO_NONE;
  for (uint32_t f = 0; f < program->functions.count; f++)
    if (strcmp(program->functions.data[f].name, "main") == 0 && vmo_ll_is_defined(&program->functions.data[f]))
      found = f;
  for (uint32_t i = 0; i < program->instructions.count && found != VMO_NONE; i++)
    if (program->instructions.data[i].callee == found) return VMO_NONE;
  return found != VMO_NONE && !program->functions.data[found].address_taken ? found : VMO_NONE;
}

vmo_status vmo_ll_find_single_sites(const vmo_ll_program *program, const vmo_ll_heap_plan *plan) {
  uint32_t id = find_main(program);
  if (id == VMO_NONE) return VMO_OK;
  const vmo_ll_function *function = &program->functions.data[id];
  vmo_cfg *control;
  vmr_arena *arena = vmr_arena_create(0);
  if (arena == NULL) return VMO_OUT_OF_MEMORY;
  vmo_status status = vmo_find_control(program, function, arena, &control);
  for (uint32_t s = 0; s < plan->calls.count && status == VMO_OK; s++) {
    uint32_t call = plan->calls.data[s];
    if (call < function->first || call >= function->first + function->count) continue;
    uint32_t block = program->instructions.data[call].block - function->block_first;
    plan->facts->sites.data[s].once = control->block_loops[block] == VMO_NONE;
  }
  vmr_arena_destroy(arena);
  return status;
}

/* Rounded up as the heap rounds, as far as that is known of sizes that differ. */
static vmo_bytes round_objects(const vmo_profile_site *profile, vmo_bytes bytes, vmo_bytes objects,
                               uint32_t alignment) {
  if (profile->smallest == profile->largest)
    return objects * ((profile->largest + alignment - 1) / alignment * alignment);
  return bytes + objects * (alignment / 2);
}

static void expect_site(vmo_heap_fact *heap, const vmo_heap_site *site) {
  const vmo_profile_site single = {.run_count = 1,
                                   .run_bytes = site->bytes,
                                   .smallest = site->bytes,
                                   .largest = site->bytes,
                                   .peak_objects = 1,
                                   .peak_bytes = site->bytes};
  const vmo_profile_site *told = is_told_of(site) ? site->profile : site->once && site->bytes >= 0 ? &single : NULL;
  if (told == NULL || heap->expected_objects < 0) {
    heap->expected_objects = heap->expected_bytes = heap->expected_peak = -1;
    return;
  }
  vmo_bytes bytes = round_objects(told, told->run_bytes, told->run_count, heap->alignment);
  vmo_bytes peak = round_objects(told, told->peak_bytes, told->peak_objects, heap->alignment);
  heap->expected_objects += told->run_count;
  heap->expected_bytes += bytes;
  heap->expected_peak += heap->kind == VMO_HEAP_LISTS ? peak : bytes;
}

void vmo_ll_expect_heaps(vmo_heap_facts *facts) {
  for (uint32_t s = 0; s < facts->sites.count; s++) {
    const vmo_heap_site *site = &facts->sites.data[s];
    if (site->heap != VMO_NONE) expect_site(&facts->heaps.data[site->heap], site);
  }
}
