/* text_heaps.c: the heaps that allocation sites are grouped into, for people.
 *
 *   2 heaps for 3 of 4 sites; 2 calls tell their objects from malloc's
 *
 *   heap 0, bump: objects of 24 bytes, aligned to 8; never freed
 *     why     one site, whose objects no other site's point to
 *     build, tree.c:12:20   malloc, 24 bytes
 *   ...
 *   with malloc
 *     main, tree.c:40:9     malloc, size not known: code that is not seen may free or keep it (keep), at tree.c:41:3 */
#include "reports/text_heaps.h"

#include <string.h>

#include "reports/table.h"

void vmo_add_place(const vmo_site_place *place, vmo_text *out) {
  if (place->file == NULL) {
    vmo_text_add(out, "(no line)");
    return;
  }
  vmo_text_add_utf8(out, place->file, strlen(place->file));
  vmo_text_addf(out, ":%u", place->line);
  if (place->column > 0) vmo_text_addf(out, ":%u", place->column);
}

/* ---- a site ---- */

static void add_refusal(const vmo_heap_site *site, vmo_text *out) {
  vmo_text_addf(out, ": %s", vmo_heap_refusal_sentence(site->refusal));
  if (site->because != NULL) vmo_text_addf(out, ": %s", site->because);
  if (site->because_to != NULL) vmo_text_addf(out, " (%s)", site->because_to);
  if (site->because_place.file == NULL) return;
  vmo_text_add(out, ", at ");
  vmo_add_place(&site->because_place, out);
}

void vmo_describe_heap_site(const vmo_heap_site *site, vmo_text *out) {
  vmo_text_addf(out, "%s, ", site->allocator);
  if (site->type != NULL) {
    vmo_text_add_utf8(out, site->type, strlen(site->type));
    vmo_text_add(out, ", ");
  }
  if (site->bytes >= 0) {
    vmo_text_addf(out, "%lld bytes", (long long)site->bytes);
  } else {
    vmo_text_add(out, "size not known");
  }
  if (site->heap == VMO_NONE) add_refusal(site, out);
}

void vmo_describe_run(const vmo_profile_site *run, vmo_text *out) {
  vmo_text_addf(out, "%lld object%s of ", (long long)run->count, run->count == 1 ? "" : "s");
  if (run->smallest != run->largest) vmo_text_addf(out, "%lld to ", (long long)run->smallest);
  vmo_text_addf(out, "%lld bytes, ", (long long)run->largest);
  if (run->smallest != run->largest) vmo_text_addf(out, "most often up to %lld, ", (long long)run->usual);
  vmo_text_addf(out, "%lld freed, %lld moved; at most %lld at a time, %lld bytes", (long long)run->frees,
                (long long)run->moves, (long long)run->peak_objects, (long long)run->peak_bytes);
  if (run->frees == 0) return;
  vmo_text_addf(out, "; a life is %lld bytes allocated meanwhile, at most %lld", (long long)run->mean_life,
                (long long)run->longest_life);
}

static void add_run(const vmo_heap_site *site, vmo_text *out) {
  const vmo_profile_site *run = site->profile;
  if (run != NULL && run->noted)
    vmo_text_addf(out, "; %lld object%s in the run", (long long)run->count, run->count == 1 ? "" : "s");
}

static void write_site(const vmo_heap_site *site, vmo_text *out) {
  vmo_text_add(out, "    ");
  vmo_text_add_utf8(out, site->function, strlen(site->function));
  vmo_text_add(out, ", ");
  vmo_add_place(&site->place, out);
  vmo_text_add(out, "  ");
  vmo_describe_heap_site(site, out);
  add_run(site, out);
  vmo_text_add_char(out, '\n');
}

/* ---- a heap ---- */

static void add_expected(const vmo_heap_fact *heap, vmo_text *out) {
  if (heap->expected_objects < 0) {
    vmo_text_add(out, "    expected: not known\n");
    return;
  }
  vmo_text_addf(out, "    expected: %lld object%s in %lld bytes, at most %lld at a time\n",
                (long long)heap->expected_objects, heap->expected_objects == 1 ? "" : "s",
                (long long)heap->expected_bytes, (long long)heap->expected_peak);
}

static void add_end(const vmo_heap_fact *heap, vmo_text *out) {
  switch (heap->kind) {
  case VMO_HEAP_BUMP: vmo_text_add(out, "never freed"); break;
  case VMO_HEAP_LISTS: vmo_text_add(out, "a freed one's place is given out again"); break;
  case VMO_HEAP_SCOPED: vmo_text_addf(out, "dropped as a whole when %s returns", heap->scope); break;
  case VMO_HEAP_SCOPED_LISTS:
    vmo_text_addf(out, "a freed one's place is given out again, and all are dropped when %s returns", heap->scope);
    break;
  case VMO_HEAP_KIND_COUNT: break;
  }
}

static void add_threads(const vmo_heap_fact *heap, vmo_text *out) {
  if (heap->threads == VMO_HEAP_MAIN_THREAD) vmo_text_add(out, "; for main's thread alone");
  if (!heap->shared) return;
  if (heap->kind != VMO_HEAP_LISTS) {
    vmo_text_add(out, "; one for each thread");
  } else {
    vmo_text_add(out, heap->threads == VMO_HEAP_OTHER_THREADS ? "; for all threads but main's" : "; for all threads");
  }
}

void vmo_describe_heap(const vmo_heap_fact *heap, vmo_text *out) {
  vmo_text_addf(out, "%s: objects of ", vmo_heap_kind_name(heap->kind));
  if (heap->object_bytes >= 0) {
    vmo_text_addf(out, "%lld bytes", (long long)heap->object_bytes);
  } else {
    vmo_text_add(out, "several sizes");
  }
  vmo_text_addf(out, ", aligned to %u; ", heap->alignment);
  add_end(heap, out);
  add_threads(heap, out);
}

/* What becomes of frees, and why the heap lives as long as the program. */
static void write_scope(const vmo_heap_fact *heap, vmo_text *out) {
  if (heap->elided_count > 0)
    vmo_text_addf(out, "    %u call%s of free left out, as the heap is dropped soon\n", heap->elided_count,
                  heap->elided_count == 1 ? "" : "s");
  if (heap->scope != NULL && heap->recycling != VMO_HEAP_NOT_RECYCLED)
    vmo_text_addf(out, "    recycled: %s\n", vmo_heap_recycling_sentence(heap->recycling));
  if (heap->block_bytes > 0)
    vmo_text_addf(out,
                  "    the first %lld bytes of each call are not recycled: the profile tells of at most %lld in one\n",
                  (long long)heap->block_bytes, (long long)heap->scope_bytes);
  if (heap->scope != NULL) return;
  vmo_text_add(out, "    not dropped: ");
  if (heap->scope_refused != NULL) vmo_text_addf(out, "by %s: ", heap->scope_refused);
  vmo_text_addf(out, "%s\n", vmo_heap_scope_refusal_sentence(heap->scope_refusal));
}

static void write_heap(const vmo_heap_facts *facts, uint32_t id, const vmo_text_style *style, vmo_text *out) {
  const vmo_heap_fact *heap = &facts->heaps.data[id];
  vmo_text_add(out, "\n  ");
  vmo_begin_paint(style, VMO_PAINT_HEADING, out);
  vmo_text_addf(out, "heap %u", id);
  vmo_end_paint(style, out);
  vmo_text_add(out, ", ");
  vmo_describe_heap(heap, out);
  vmo_text_addf(out, "\n    why: %s\n", vmo_heap_bond_sentence(heap->bond));
  add_expected(heap, out);
  for (uint32_t s = 0; s < facts->sites.count; s++)
    if (facts->sites.data[s].heap == id) write_site(&facts->sites.data[s], out);
  write_scope(heap, out);
}

/* Functions that are there for several structures, each with a heap. */
static void write_copies(const vmo_heap_facts *facts, vmo_text *out) {
  for (uint32_t i = 0; i < facts->copies.count; i++) {
    const vmo_heap_copy *copy = &facts->copies.data[i];
    vmo_text_add(out, i == 0 ? "\n  " : "  ");
    vmo_text_add_utf8(out, copy->function, strlen(copy->function));
    if (copy->copies > 0)
      vmo_text_addf(out, " has %u cop%s, for structures of their own", copy->copies, copy->copies == 1 ? "y" : "ies");
    if (copy->refusal != VMO_HEAP_COPY_NOT_REFUSED)
      vmo_text_addf(
          out, copy->copies > 0 ? "; more are not made: %s" : " is not copied for the structures that it serves: %s",
          vmo_heap_copy_refusal_sentence(copy->refusal));
    vmo_text_add_char(out, '\n');
  }
}

static void write_others(const vmo_heap_facts *facts, const vmo_text_style *style, vmo_text *out) {
  if (facts->served == facts->sites.count) return;
  vmo_text_add(out, "\n  ");
  vmo_begin_paint(style, VMO_PAINT_HEADING, out);
  vmo_text_add(out, "with malloc");
  vmo_end_paint(style, out);
  vmo_text_add_char(out, '\n');
  for (uint32_t s = 0; s < facts->sites.count; s++)
    if (facts->sites.data[s].heap == VMO_NONE) write_site(&facts->sites.data[s], out);
}

void vmo_write_heaps(const vmo_heap_facts *facts, const vmo_text_style *style, bool summary, vmo_text *out) {
  uint32_t heaps = facts->heaps.count;
  vmo_text_addf(out, "  %u heap%s for %u of %u site%s; %u call%s may free or move what is in them\n", heaps,
                heaps == 1 ? "" : "s", facts->served, facts->sites.count, facts->sites.count == 1 ? "" : "s",
                facts->releases, facts->releases == 1 ? "" : "s");
  if (facts->instrumented) {
    vmo_text_add(out,
                 "  the program tells a profile of its sites, and has no heaps; it is to be linked with libvmemrt\n");
  } else if (facts->rewritten && heaps > 0) {
    vmo_text_add(out, "  the program is to be linked with libvmemrt\n");
  } else if (!facts->rewritten && heaps > 0) {
    vmo_text_add(out, "  sites that opt moves to the stack first are counted, too\n");
  }
  if (facts->shared) vmo_text_addf(out, "  the program may have threads (%s)\n", facts->shared_because);
  if (summary) return;
  for (uint32_t h = 0; h < heaps; h++) write_heap(facts, h, style, out);
  write_copies(facts, out);
  write_others(facts, style, out);
}
