/* run_engines.c: calls the function, as often as asked for, and keeps what it returns.
 *
 * The arguments are the same in each call, states apart, which go from call to call. */
#define _POSIX_C_SOURCE 200809L /* NOLINT(bugprone-reserved-identifier): the name is the standard's */
#include <string.h>
#include <time.h>

#include "cli/run.h"

static void assign(const vmo_array *to, const vmo_array *from) {
  if (to->count > 0) memcpy(to->data, from->data, (size_t)(to->count * vmo_element_bytes(to->element)));
}

static void show_trips(void *user, uint64_t done, uint64_t total) { vmo_show_progress(user, "running", done, total); }

/* One call by the reference engine. */
static vmo_status call_reference(vmo_execution *run, vmr_arena *memory) {
  vmo_evaluate_options options = {.results = memory, .progress = run->calls == 1 ? show_trips : NULL};
  vmo_evaluate_result result;
  vmo_status status =
      vmo_evaluate_function(run->module, run->id, &run->cli->binding, run->arguments, &options, &result);
  for (uint32_t i = 0; i < result.result_count && status == VMO_OK; i++)
    assign(&run->places[i].array, &result.results[i]);
  return status;
}

vmo_status vmo_run_function(vmo_execution *run) {
  vmr_arena *memory = vmr_arena_create(0);
  vmo_status status = memory != NULL ? VMO_OK : VMO_OUT_OF_MEMORY;
  for (int64_t call = 0; call < run->calls && status == VMO_OK; call++) {
    if (run->calls > 1) vmo_show_progress(NULL, "calling", (uint64_t)call, (uint64_t)run->calls);
    status = call_reference(run, memory);
    vmr_arena_reset(memory);
  }
  vmr_arena_destroy(memory);
  return status;
}
