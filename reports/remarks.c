/* remarks.c: what was done with each allocation site as LLVM's optimization remarks, a YAML document a site, which
 * opt-viewer, llvm-remarkutil and editors read as those of LLVM's own passes.
 *
 *   --- !Passed
 *   Pass:            vmemopt
 *   Name:            HeapToStack
 *   DebugLoc:        { File: 'list.c', Line: 44, Column: 13 }
 *   Function:        main
 *   Args:
 *     - String:          'malloc, 24 bytes: to the stack'
 *   ... */
#include "reports/reports.h"
#include "reports/text_sites.h"

static const char *remark_kind(vmo_site_verdict verdict) {
  switch (verdict) {
  case VMO_VERDICT_STACK:
  case VMO_VERDICT_STACK_BOUNDED:
  case VMO_VERDICT_SOURCE:
  case VMO_VERDICT_FREED_EARLY: return "Passed";
  case VMO_VERDICT_INLINE: return "Analysis";
  default: return "Missed";
  }
}

static const char *remark_name(vmo_site_verdict verdict) {
  switch (verdict) {
  case VMO_VERDICT_KEPT: return "HeapKept";
  case VMO_VERDICT_INLINE: return "HeapLocal";
  case VMO_VERDICT_SOURCE: return "CopyDropped";
  case VMO_VERDICT_FREED_EARLY: return "EarlyFree";
  default: return "HeapToStack";
  }
}

/* A YAML text in single quotes, in which a quote is written twice. */
static void add_quoted(const char *words, vmo_text *out) {
  vmo_text_add_char(out, '\'');
  for (; *words != '\0'; words++) {
    if (*words == '\'') vmo_text_add_char(out, '\'');
    vmo_text_add_char(out, (unsigned char)*words < ' ' ? ' ' : *words);
  }
  vmo_text_add_char(out, '\'');
}

bool vmo_visit_remarks(const vmo_site_facts *facts, void (*visit)(void *user, const vmo_remark *remark), void *user) {
  vmo_text words;
  vmo_text_init(&words);
  for (uint32_t f = 0; f < facts->functions.count && !vmo_text_failed(&words); f++) {
    const vmo_site_function *function = &facts->functions.data[f];
    for (uint32_t s = 0; s < function->site_count; s++) {
      const vmo_site_fact *site = &facts->sites.data[function->site_first + s];
      words.count = 0;
      vmo_describe_site(site, &words);
      if (vmo_text_failed(&words)) break;
      visit(user, &(vmo_remark){.kind = remark_kind(site->verdict),
                                .name = remark_name(site->verdict),
                                .function = function->name,
                                .words = words.data != NULL ? words.data : "",
                                .place = site->place});
    }
  }
  bool fine = !vmo_text_failed(&words);
  vmo_text_free(&words);
  return fine;
}

static void write_remark(void *user, const vmo_remark *remark) {
  vmo_text *out = user;
  vmo_text_addf(out, "--- !%s\nPass:            vmemopt\nName:            %s\n", remark->kind, remark->name);
  if (remark->place.file != NULL) {
    vmo_text_add(out, "DebugLoc:        { File: ");
    add_quoted(remark->place.file, out);
    vmo_text_addf(out, ", Line: %u, Column: %u }\n", remark->place.line, remark->place.column);
  }
  vmo_text_add(out, "Function:        ");
  add_quoted(remark->function, out);
  vmo_text_add(out, "\nArgs:\n  - String:          ");
  add_quoted(remark->words, out);
  vmo_text_add(out, "\n...\n");
}

void vmo_write_remarks(const vmo_site_facts *facts, vmo_text *out) {
  if (!vmo_visit_remarks(facts, write_remark, out)) out->failed = true;
}
