/* text_sites.c: the allocation sites of LLVM IR, for people.
 *
 *   main, list.c:40
 *     list.c:44:13   malloc, 24 bytes: to the stack
 *     list.c:51:10   malloc, size not known, in a loop: kept, it is stored where everybody may read it at list.c:52:9
 *
 * Functions without a site are left out. */
#include "reports/text_sites.h"

#include <string.h>

#include "reports/table.h"
#include "reports/text_heaps.h"

static void add_reason(const vmo_site_fact *site, vmo_text *out) {
  bool escapes = site->refusal == VMO_SITE_ESCAPES;
  vmo_text_add(out, escapes ? vmo_escape_sentence(site->escape) : vmo_site_refusal_sentence(site->refusal));
  const char *by = escapes ? site->escape_to : site->refused_by;
  if (by != NULL) vmo_text_addf(out, " (%s)", by);
  if (!escapes || site->escape_place.file == NULL) return;
  vmo_text_add(out, ", at ");
  vmo_add_place(&site->escape_place, out);
}

static void add_verdict(const vmo_site_fact *site, vmo_text *out) {
  switch (site->verdict) {
  case VMO_VERDICT_STACK: vmo_text_add(out, "to the stack"); break;
  case VMO_VERDICT_STACK_BOUNDED:
    vmo_text_addf(out, "to the stack, where it fits %lld bytes", (long long)site->slot_bytes);
    if (site->several) vmo_text_add(out, " and the one before is free");
    if (site->budgeted) vmo_text_add(out, ", while the recursion's budget lasts");
    break;
  case VMO_VERDICT_INLINE:
    if (site->local_callers > 0) {
      vmo_text_addf(out, "local to %u of %u callers, where its function is inlined", site->local_callers,
                    site->callers);
    } else {
      vmo_text_add(out, "to the stack, when what frees it is inlined");
    }
    break;
  case VMO_VERDICT_SOURCE: vmo_text_add(out, "not made: what it is a copy of is read in its place"); break;
  case VMO_VERDICT_FREED_EARLY:
  case VMO_VERDICT_KEPT:
    vmo_text_add(out, site->verdict == VMO_VERDICT_KEPT ? "kept: " : "freed after its last use; kept: ");
    add_reason(site, out);
    if (site->early_free == VMO_EARLY_PATHS || site->early_free == VMO_EARLY_SHARED ||
        site->early_free == VMO_EARLY_COMPLEX)
      vmo_text_addf(out, "; %s", vmo_early_free_sentence(site->early_free));
    break;
  case VMO_VERDICT_COUNT: break;
  }
}

static void add_checks(const vmo_site_fact *site, vmo_text *out) {
  if (site->verdict != VMO_VERDICT_STACK || site->null_checks == 0) return;
  vmo_text_addf(out, "; %u comparison%s with NULL decided: it cannot fail", site->null_checks,
                site->null_checks == 1 ? "" : "s");
}

void vmo_describe_site(const vmo_site_fact *site, vmo_text *out) {
  vmo_text_addf(out, "%s, ", site->allocator);
  if (site->bytes >= 0) {
    vmo_text_addf(out, "%lld bytes", (long long)site->bytes);
  } else if (site->size != NULL) {
    vmo_text_addf(out, "size %s", site->size);
  } else {
    vmo_text_add(out, "size not known");
  }
  const char *holder = site->variable != NULL ? site->variable : site->field;
  if (holder != NULL) {
    vmo_text_add(out, ", for ");
    vmo_text_add_utf8(out, holder, strlen(holder));
  }
  if (holder != NULL && site->type != NULL) {
    vmo_text_add(out, " of type ");
    vmo_text_add_utf8(out, site->type, strlen(site->type));
  }
  if (site->loop_depth > 0) vmo_text_add(out, ", in a loop");
  vmo_text_add(out, ": ");
  add_verdict(site, out);
  add_checks(site, out);
  if (site->becomes != NULL) vmo_text_addf(out, "; %s takes its place", site->becomes);
}

static void write_site(const vmo_site_fact *site, vmo_text *out) {
  vmo_text_add(out, "  ");
  vmo_add_place(&site->place, out);
  vmo_text_add(out, "  ");
  vmo_describe_site(site, out);
  vmo_text_add_char(out, '\n');
}

static void write_function(const vmo_site_facts *facts, const vmo_site_function *function, const vmo_text_style *style,
                           vmo_text *out) {
  if (function->site_count == 0) return;
  vmo_text_add_char(out, '\n');
  vmo_begin_paint(style, VMO_PAINT_HEADING, out);
  vmo_text_add_utf8(out, function->name, strlen(function->name));
  vmo_end_paint(style, out);
  if (function->place.file != NULL) {
    vmo_text_add(out, ", ");
    vmo_add_place(&function->place, out);
  }
  if (function->recursive) vmo_text_add(out, ", recursive");
  if (function->frame_bytes > 0) vmo_text_addf(out, ", frame +%lld bytes", (long long)function->frame_bytes);
  if (function->heap_before != function->heap_after)
    vmo_text_addf(out, ", heap %lld -> %lld bytes", (long long)function->heap_before, (long long)function->heap_after);
  vmo_text_add_char(out, '\n');
  for (uint32_t s = 0; s < function->site_count; s++) write_site(&facts->sites.data[function->site_first + s], out);
}

void vmo_write_sites(const vmo_site_facts *facts, const vmo_text_style *style, bool summary, vmo_text *out) {
  uint32_t sites = facts->sites.count;
  vmo_text_addf(out, "  %u allocation site%s: %u to the stack, %u to the stack where they fit, %u kept", sites,
                sites == 1 ? "" : "s", facts->moved, facts->bounded, facts->kept);
  uint32_t rest = sites - facts->moved - facts->bounded - facts->unmade - facts->kept - facts->freed_early;
  if (facts->unmade > 0) vmo_text_addf(out, ", %u not made", facts->unmade);
  if (facts->freed_early > 0) vmo_text_addf(out, ", %u freed early", facts->freed_early);
  if (rest > 0) vmo_text_addf(out, ", %u by inlining", rest);
  if (facts->inlined > 0) vmo_text_addf(out, "; %u call%s inlined", facts->inlined, facts->inlined == 1 ? "" : "s");
  vmo_text_add_char(out, '\n');
  for (uint32_t f = 0; f < facts->functions.count && !summary; f++)
    write_function(facts, &facts->functions.data[f], style, out);
  if (facts->heaps == NULL) return;
  vmo_text_add(out, summary ? "" : "\n");
  vmo_write_heaps(facts->heaps, style, summary, out);
}
