/* warnings.c: what is told to somebody who asked for what cannot be done: a whole program without main, and heaps where no
 * allocation site may have one.
 *
 * Both are right to go on with: the module is rewritten as far as it can be. But the usual reason is a module that was not named, or
 * a promise that was not given, and the report alone would have to be read to see it. */
#include <string.h>

#include "llvm/grouping.h"

#include "support/diag.h"

static bool has_main(const vmo_ll_program *program) {
  for (uint32_t f = 0; f < program->functions.count; f++)
    if (vmo_ll_is_defined(&program->functions.data[f]) && strcmp(program->functions.data[f].name, "main") == 0)
      return true;
  return false;
}

void vmo_warn_of_no_main(const vmo_ll_program *program, const vmo_ll_options *options) {
  if (!options->whole_program || has_main(program)) return;
  vmo_diagnostic *added = vmo_diag_add(program->context, VMO_DIAG_NO_MAIN, (vmo_location){0},
                                       "this is said to be a whole program, and has no main: nothing is seen to call "
                                       "its functions");
  vmo_diag_hint(program->context, added, "name all modules of the program, or leave out --whole-program");
}

/* The reason that most sites have; that of the first one, if several do. */
static vmo_heap_refusal find_main_reason(const vmo_heap_facts *facts, uint32_t *count) {
  uint32_t sites[VMO_HEAP_REFUSAL_COUNT] = {0};
  vmo_heap_refusal most = VMO_HEAP_NOT_REFUSED;
  for (uint32_t s = 0; s < facts->sites.count; s++) sites[facts->sites.data[s].refusal]++;
  for (uint32_t s = 0; s < facts->sites.count; s++)
    if (sites[facts->sites.data[s].refusal] > sites[most]) most = facts->sites.data[s].refusal;
  *count = sites[most];
  return most;
}

static void hint_at_heaps(vmo_context *context, vmo_diagnostic *added, const vmo_heap_site *site) {
  switch (site->refusal) {
  case VMO_HEAP_PART:
    vmo_diag_hint(context, added, "--whole-program says that the modules given are all of the program");
    break;
  case VMO_HEAP_UNKNOWN:
    vmo_diag_hint(context, added,
                  "name all modules of the program; main, or what it calls, leads to the function in none of these");
    break;
  case VMO_HEAP_REPLACED:
    vmo_diag_hint(context, added, "heaps take the place of the C library's malloc: leave out the program's own");
    break;
  default:
    if (site->place.file == NULL) {
      vmo_diag_hint(context, added, "with -g, --explain-site=FILE:LINE tells all that is known of a site");
    } else {
      vmo_diag_hint(context, added, "--explain-site=%s:%u tells all that is known of it", site->place.file,
                    site->place.line);
    }
  }
}

/* "malloc in main, list.c:3:5, and 2 others" */
static void add_sites(vmo_text *out, const vmo_heap_site *site, uint32_t count) {
  vmo_text_addf(out, "%s in %s", site->allocator, site->function);
  if (site->place.file != NULL)
    vmo_text_addf(out, ", %s:%u:%u", site->place.file, site->place.line, site->place.column);
  if (count > 1) vmo_text_addf(out, ", and %u other%s", count - 1, count > 2 ? "s" : "");
}

void vmo_warn_of_no_heaps(const vmo_ll_program *program, const vmo_ll_options *options, const vmo_heap_facts *facts) {
  uint32_t count, s = 0;
  if (facts->sites.count == 0 || facts->served > 0) return;
  if (options->whole_program && !has_main(program)) return; /* that was told */
  vmo_heap_refusal reason = find_main_reason(facts, &count);
  while (facts->sites.data[s].refusal != reason) s++;
  const vmo_heap_site *site = &facts->sites.data[s];
  vmo_text sites;
  vmo_text_init(&sites);
  add_sites(&sites, site, count);
  vmo_diagnostic *added =
      vmo_diag_add(program->context, VMO_DIAG_NO_HEAPS, (vmo_location){0}, "no allocation site has a heap; %s: %s",
                   sites.data != NULL ? sites.data : site->allocator, vmo_heap_refusal_sentence(reason));
  hint_at_heaps(program->context, added, site);
  vmo_text_free(&sites);
}
