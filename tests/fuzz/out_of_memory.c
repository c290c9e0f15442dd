/* out_of_memory.c: the n-th request for memory fails, and all after it, for every n: the pipeline says that memory is out,
 * or does without; it never says anything else, and gives back what it has.
 *
 *   out_of_memory PROGRAM.vmir...
 *
 * The linker hands the calls of the runtime and of libc that the compiler makes to the functions below (--wrap); objects
 * that the planner bumps out of an arena's chunk are no requests. A second round fails the n-th request alone. */
#include <stdio.h>
#include <stdlib.h>

#include "reports/reports.h"
#include "tests/fuzz/fuzz.h"

static unsigned long requests, failing;
static bool once;

static bool refuse(void) {
  requests++;
  return failing > 0 && (once ? requests == failing : requests >= failing);
}

/* What an arena does when the system has no more: its status tells, too. */
static bool refuse_arena(vmr_arena *arena);

#define WRAP(refused, name, parameters, arguments) \
  void *__real_##name parameters; /* NOLINT(bugprone-reserved-identifier): the linker's names */ \
  void *__wrap_##name parameters; /* NOLINT(bugprone-reserved-identifier) */ \
  void *__wrap_##name parameters { return refused ? NULL : __real_##name arguments; }

WRAP(refuse(), malloc, (size_t bytes), (bytes))
WRAP(refuse(), realloc, (void *old, size_t bytes), (old, bytes))
WRAP(refuse(), vmr_arena_create, (size_t bytes), (bytes))
WRAP(refuse_arena(arena), vmr_arena_alloc_slow, (vmr_arena * arena, size_t bytes), (arena, bytes))
WRAP(refuse_arena(arena), vmr_arena_alloc_array, (vmr_arena * arena, size_t count, size_t size), (arena, count, size))
WRAP(refuse_arena(arena), vmr_arena_grow, (vmr_arena * arena, void *old, size_t old_bytes, size_t bytes),
     (arena, old, old_bytes, bytes))
WRAP(refuse_arena(arena), vmr_arena_copy_text, (vmr_arena * arena, const char *text, size_t length),
     (arena, text, length))

WRAP(refuse_arena(context->arena), vmo_alloc, (vmo_context * context, size_t bytes), (context, bytes))

static bool refuse_arena(vmr_arena *arena) {
  if (!refuse()) return false;
  vmr_arena_set_limit(arena, 1);
  vmo_fuzz_expect(__real_vmr_arena_alloc_slow(arena, (size_t)1 << 30) == NULL, NULL, "an arena keeps its limit");
  vmr_arena_set_limit(arena, SIZE_MAX);
  return true;
}

static void report(vmo_module *module, const vmo_binding *binding, const vmo_module_facts *facts) {
  const vmo_text_style style = {.width = 100};
  vmo_report whole = {.context = module->context,
                      .command = "analyze",
                      .input = "program",
                      .module = module,
                      .binding = binding,
                      .functions = facts->functions.data,
                      .function_count = facts->functions.count};
  for (int form = 0; form < 2; form++) {
    vmo_text out;
    vmo_text_init(&out);
    form == 0 ? vmo_write_json(&whole, &out) : vmo_write_text(&whole, &style, &out);
    vmo_text_free(&out);
  }
}

static vmo_status run(const char *text, size_t length) {
  vmo_module *module = NULL;
  vmo_module_facts *facts = NULL;
  vmo_plan_options options = {0};
  vmo_context *context = vmo_context_create();
  if (context == NULL) return VMO_OUT_OF_MEMORY;
  vmo_status status = vmo_context_set_source(context, "program", text, length);
  if (status == VMO_OK) status = vmo_parse_module(context, &module);
  if (status == VMO_OK) {
    vmo_binding binding = vmo_declared_binding(module);
    status = binding.count < module->dims.count ? VMO_OUT_OF_MEMORY : vmo_check_binding(module, &binding);
    if (status == VMO_OK) status = vmo_plan_module(module, &binding, &options, &facts);
    if (status == VMO_OK) report(module, &binding, facts);
  }
  vmo_context_destroy(context);
  return status;
}

/* Every n until all requests of a run were granted. */
static bool sweep(const char *path, const char *text, size_t length) {
  for (failing = 1;; failing++) {
    requests = 0;
    vmo_status status = run(text, length);
    if (requests < failing) break;
    if (status == VMO_OK || status == VMO_OUT_OF_MEMORY) continue;
    printf("%s: request %lu for memory fails%s, and the status is %d\n", path, failing, once ? " alone" : "",
           (int)status);
    return false;
  }
  printf("%s: %lu requests\n", path, requests);
  failing = 0;
  return true;
}

int main(int count, char **arguments) {
  enum { LARGEST = 1 << 16 };
  static char text[LARGEST];
  for (int i = 1; i < count; i++) {
    FILE *file = fopen(arguments[i], "rb");
    size_t length = file != NULL ? fread(text, 1, LARGEST, file) : 0;
    if (file != NULL) fclose(file);
    bool fine = length > 0 && length < LARGEST && run(text, length) == VMO_OK;
    for (int round = 0; round < 2 && fine; round++) {
      once = round == 1;
      fine = sweep(arguments[i], text, length);
    }
    if (!fine) return printf("%s: FAILED\n", arguments[i]), 1;
  }
  return count > 1 ? 0 : 1;
}
