/* remarks.c: what was done with each allocation site as LLVM's optimization remarks, a YAML document a site, and one of
 * analysis a function that has sites, with what its frame, its stack and its heap come to, which
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

static void describe_stack(const vmo_site_function *function, vmo_text *out) {
  if (function->stack_depth >= 0) {
    vmo_text_addf(out, "at most %lld of stack with all that it calls", (long long)function->stack_depth);
  } else {
    vmo_text_add(out, "no bound for its stack");
    if (function->stack_because != NULL) vmo_text_addf(out, " (%s)", function->stack_because);
  }
}

/* "frame of 72 bytes, at most 96 of stack with all that it calls; 40 known bytes on the heap at once, 0 as planned" */
static void describe_function(const vmo_site_function *function, vmo_text *out) {
  vmo_text_addf(out, "frame of %lld bytes, ", (long long)function->stack_frame);
  describe_stack(function, out);
  if (function->heap_before >= 0 && function->heap_after >= 0) {
    vmo_text_addf(out, "; %lld known bytes on the heap at once, %lld as planned", (long long)function->heap_before,
                  (long long)function->heap_after);
  }
}

static const char *words_of(const vmo_text *words) { return words->data != NULL ? words->data : ""; }

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
                                .words = words_of(&words),
                                .place = site->place});
    }
    words.count = 0;
    if (function->site_count > 0) describe_function(function, &words);
    if (words.count == 0 || vmo_text_failed(&words)) continue;
    visit(user, &(vmo_remark){.kind = "Analysis",
                              .name = "Memory",
                              .function = function->name,
                              .words = words_of(&words),
                              .place = function->place});
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
