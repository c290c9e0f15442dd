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

static void write_site(const vmo_heap_site *site, vmo_text *out) {
  vmo_text_add(out, "    ");
  vmo_text_add_utf8(out, site->function, strlen(site->function));
  vmo_text_add(out, ", ");
  vmo_add_place(&site->place, out);
  vmo_text_add(out, "  ");
  vmo_describe_heap_site(site, out);
  vmo_text_add_char(out, '\n');
}

/* ---- a heap ---- */

static void add_end(const vmo_heap_fact *heap, vmo_text *out) {
  switch (heap->kind) {
  case VMO_HEAP_BUMP: vmo_text_add(out, "never freed"); break;
  case VMO_HEAP_LISTS: vmo_text_add(out, "a freed one's place is given out again"); break;
  case VMO_HEAP_SCOPED: vmo_text_addf(out, "dropped as a whole when %s returns", heap->scope); break;
  case VMO_HEAP_KIND_COUNT: break;
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
  if (heap->shared) vmo_text_add(out, heap->kind == VMO_HEAP_BUMP ? "; one for each thread" : "; for all threads");
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
  for (uint32_t s = 0; s < facts->sites.count; s++)
    if (facts->sites.data[s].heap == id) write_site(&facts->sites.data[s], out);
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
  if (facts->rewritten && heaps > 0) vmo_text_add(out, "  the program is to be linked with libvmemrt\n");
  if (facts->shared) vmo_text_addf(out, "  the program may have threads (%s)\n", facts->shared_because);
  if (summary) return;
  for (uint32_t h = 0; h < heaps; h++) write_heap(facts, h, style, out);
  write_others(facts, style, out);
}
