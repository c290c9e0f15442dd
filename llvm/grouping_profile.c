/* grouping_profile.c: what a profile tells about heaps: which are worth their pages, and what they will hold.
 *
 *   light    a group of sites whose objects never take more than some KiB at a time, or are a handful: pages, a constructor's
 *            call and cold lines of the cache for a heap of its own would not come back. All such share one
 *   lone     a site that makes few and large objects stays out of a heap of small ones, which then lie densely
 *
 * A group of which a single site is not known is neither: without figures the layout is that without a profile. */
#include "llvm/grouping.h"

#define LIGHT_BYTES ((vmo_bytes)16 << 10)
#define HANDFUL 8 /* objects */
#define HANDFUL_BYTES ((vmo_bytes)1 << 20)
#define LONE_BYTES ((vmo_bytes)16 << 10) /* of an object, on average */

static bool is_told_of(const vmo_heap_site *site) { return site->profile != NULL && site->profile->noted; }

/* What is never freed adds up. */
void vmo_ll_weigh_site(vmo_ll_heap_weight *weight, const vmo_heap_site *site, bool freed) {
  weight->site_count++;
  weight->unknown += !is_told_of(site);
  if (!is_told_of(site)) return;
  weight->objects += site->profile->count;
  weight->bytes += site->profile->bytes;
  weight->peak += freed ? site->profile->peak_bytes : site->profile->bytes;
}

bool vmo_ll_is_light(const vmo_ll_heap_weight *weight) {
  if (weight->unknown > 0) return false;
  return weight->peak <= LIGHT_BYTES || (weight->objects <= HANDFUL && weight->peak <= HANDFUL_BYTES);
}

bool vmo_ll_is_lone(const vmo_heap_site *site) {
  if (!is_told_of(site) || site->profile->count == 0) return false;
  return site->profile->count <= HANDFUL && site->profile->bytes / site->profile->count >= LONE_BYTES;
}

/* ---- what a heap will hold ---- */

/* Rounded up as the heap rounds, as far as that is known of sizes that differ. */
static vmo_bytes round_objects(const vmo_profile_site *profile, vmo_bytes bytes, vmo_bytes objects,
                               uint32_t alignment) {
  if (profile->smallest == profile->largest)
    return objects * ((profile->largest + alignment - 1) / alignment * alignment);
  return bytes + objects * (alignment / 2);
}

static void expect_site(vmo_heap_fact *heap, const vmo_heap_site *site) {
  const vmo_profile_site *profile = site->profile;
  bool is_known = is_told_of(site) && heap->expected_objects >= 0;
  if (!is_known) {
    heap->expected_objects = heap->expected_bytes = heap->expected_peak = -1;
    return;
  }
  vmo_bytes bytes = round_objects(profile, profile->bytes, profile->count, heap->alignment);
  heap->expected_objects += profile->count;
  heap->expected_bytes += bytes;
  heap->expected_peak += heap->kind == VMO_HEAP_LISTS
                             ? round_objects(profile, profile->peak_bytes, profile->peak_objects, heap->alignment)
                             : bytes;
}

void vmo_ll_expect_heaps(vmo_heap_facts *facts) {
  for (uint32_t s = 0; s < facts->sites.count; s++) {
    const vmo_heap_site *site = &facts->sites.data[s];
    if (site->heap != VMO_NONE) expect_site(&facts->heaps.data[site->heap], site);
  }
}
