/* explain_site.c: all that is known of the allocation sites in one line of the source, for people.
 *
 *   main, list.c:44:13
 *     stack   malloc, 24 bytes: kept: it is returned
 *     heap    heap 0, bump: objects of 24 bytes, aligned to 8; never freed
 *             together with build, list.c:50:9 */
#include <stdlib.h>
#include <string.h>

#include "reports/text_heaps.h"
#include "reports/text_sites.h"

/* Whether a file is the one that is meant: the same name, or its end after a slash. */
static bool is_file(const char *file, const char *meant, size_t length) {
  size_t all = file != NULL ? strlen(file) : 0;
  if (all < length || memcmp(file + all - length, meant, length) != 0) return false;
  return all == length || file[all - length - 1] == '/';
}

static bool is_at(const vmo_site_place *place, const char *file, size_t length, uint32_t line) {
  return place->line == line && is_file(place->file, file, length);
}

static void write_head(const char *function, const vmo_site_place *place, vmo_text *out) {
  vmo_text_add_utf8(out, function, strlen(function));
  vmo_text_add(out, ", ");
  vmo_add_place(place, out);
  vmo_text_add_char(out, '\n');
}

static void write_heap_site(const vmo_heap_facts *facts, const vmo_heap_site *site, vmo_text *out) {
  write_head(site->function, &site->place, out);
  vmo_text_add(out, "  heap    ");
  vmo_describe_heap_site(site, out);
  vmo_text_add_char(out, '\n');
  if (site->profile != NULL && site->profile->noted) {
    vmo_text_add(out, "  run     ");
    vmo_describe_run(site->profile, out);
    vmo_text_add_char(out, '\n');
  }
  if (site->heap == VMO_NONE) return;
  const vmo_heap_fact *heap = &facts->heaps.data[site->heap];
  vmo_text_addf(out, "          heap %u, ", site->heap);
  vmo_describe_heap(heap, out);
  vmo_text_addf(out, "\n          %s\n", vmo_heap_bond_sentence(heap->bond));
  for (uint32_t s = 0; s < facts->sites.count; s++) {
    const vmo_heap_site *other = &facts->sites.data[s];
    if (other->heap != site->heap || other == site) continue;
    vmo_text_add(out, "          together with ");
    write_head(other->function, &other->place, out);
  }
}

bool vmo_explain_site(const vmo_site_facts *facts, const char *file, size_t length, uint32_t line, vmo_text *out) {
  bool found = false;
  for (uint32_t f = 0; f < facts->functions.count; f++) {
    const vmo_site_function *function = &facts->functions.data[f];
    for (uint32_t s = 0; s < function->site_count; s++) {
      const vmo_site_fact *site = &facts->sites.data[function->site_first + s];
      if (!is_at(&site->place, file, length, line)) continue;
      write_head(function->name, &site->place, out);
      vmo_text_add(out, "  stack   ");
      vmo_describe_site(site, out);
      vmo_text_add_char(out, '\n');
      found = true;
    }
  }
  for (uint32_t s = 0; facts->heaps != NULL && s < facts->heaps->sites.count; s++) {
    const vmo_heap_site *site = &facts->heaps->sites.data[s];
    if (!is_at(&site->place, file, length, line)) continue;
    write_heap_site(facts->heaps, site, out);
    found = true;
  }
  return found;
}
