/* run_engines.c: calls the function, as often as asked for, by one engine or by both, and measures.
 *
 * The arguments are the same in each call, states apart, which go from call to call. Where both engines run, each begins
 * with the states as they were given; what the compiled one returns is kept, and compared with what the other did. */
#include <math.h>
#include <string.h>

#include "cli/run_watch.h"

#define MOST_TIMED_CALLS 20
#define TIMED_SECONDS 1.0

static vmo_bytes bytes_of(const vmo_array *array) { return array->count * vmo_element_bytes(array->element); }

static void assign(const vmo_array *to, const vmo_array *from) {
  if (to->count > 0) memcpy(to->data, from->data, (size_t)bytes_of(to));
}

static void show_trips(void *user, uint64_t done, uint64_t total) {
  (void)user;
  vmo_show_progress(NULL, "running", done, total);
}

static void show_calls(const vmo_execution *run, int64_t call) {
  if (run->calls > 1) vmo_show_progress(NULL, "calling", (uint64_t)call, (uint64_t)run->calls);
}

/* ---- the reference engine ---- */

/* A declared op, by the function that compiled code would call. */
static bool run_declared(void *user, vmo_context *context, const char *name, const vmo_array *operands,
                         uint32_t operand_count, vmo_array *results, uint32_t result_count, void *workspace) {
  vmr_declared_op function = vmo_find_declared_op(user, name);
  size_t count = (size_t)operand_count + result_count;
  vmr_array *arrays = function != NULL ? vmo_alloc_array(context, count + 1, sizeof *arrays) : NULL;
  for (size_t i = 0; arrays != NULL && i < count; i++) {
    const vmo_array *array = i < operand_count ? &operands[i] : &results[i - operand_count];
    arrays[i] = (vmr_array){.data = array->data,
                            .sizes = array->sizes,
                            .count = array->count,
                            .element = (uint32_t)array->element,
                            .rank = array->rank};
  }
  return arrays != NULL && function(arrays, arrays + operand_count, workspace) == 0;
}

/* One call, whose results are left in `memory`. */
static vmo_status call_reference(vmo_execution *run, vmr_arena *memory, vmo_evaluate_result *result, double *seconds) {
  vmo_evaluate_options options = {.results = memory, .progress = run->calls == 1 ? show_trips : NULL};
  if (run->cli->options.libraries.count > 0) {
    options.declared = run_declared;
    options.user = run;
  }
  double begin = vmo_seconds_now();
  vmo_status status = vmo_evaluate_function(run->module, run->id, &run->cli->binding, run->arguments, &options, result);
  *seconds = vmo_seconds_now() - begin;
  return status;
}

static vmo_status run_reference(vmo_execution *run) {
  vmr_arena *memory = vmr_arena_create(0);
  vmo_status status = memory != NULL ? VMO_OK : VMO_OUT_OF_MEMORY;
  for (int64_t call = 0; call < run->calls && status == VMO_OK; call++) {
    vmo_evaluate_result result;
    double seconds;
    show_calls(run, call);
    status = call_reference(run, memory, &result, &seconds);
    for (uint32_t i = 0; i < result.result_count && status == VMO_OK; i++)
      assign(&run->places[i].array, &result.results[i]);
    if (call == 0 || seconds < run->measure.naive_seconds) run->measure.naive_seconds = seconds;
    run->measure.naive = result.largest_bytes;
    run->measure.naive_allocations = (int64_t)result.buffer_count;
    vmr_arena_reset(memory);
  }
  vmr_arena_destroy(memory);
  return status;
}

/* ---- the compiled one ---- */

static vmo_status call_often(vmo_execution *run, vmo_compiled *compiled) {
  vmo_status status = VMO_OK;
  for (int64_t call = 0; call < run->calls && status == VMO_OK; call++) {
    double seconds;
    show_calls(run, call);
    status = vmo_call_compiled(run, compiled, &seconds);
    if (call == 0 || seconds < run->measure.best_seconds) run->measure.best_seconds = seconds;
  }
  run->measure.timed_calls = run->calls;
  return status;
}

static vmo_status run_compiled(vmo_execution *run) {
  vmo_compiled compiled = {.instrument = false};
  vmo_status status = vmo_prepare_compiled(run, &compiled);
  compiled.watch.trip = show_trips;
  if (status == VMO_OK) status = call_often(run, &compiled);
  if (status == VMO_OK) vmo_take_compiled_results(run, &compiled);
  run->measure.compile_seconds = compiled.compile_seconds;
  double spent = 0, seconds;
  while (run->report.measure != NULL && status == VMO_OK && spent < TIMED_SECONDS &&
         run->measure.timed_calls < MOST_TIMED_CALLS) {
    status = vmo_call_compiled(run, &compiled, &seconds);
    if (seconds < run->measure.best_seconds) run->measure.best_seconds = seconds;
    spent += seconds;
    run->measure.timed_calls++;
  }
  vmo_drop_compiled(&compiled);
  return status;
}

/* ---- measuring ---- */

/* Copies of arrays, in the context's arena; NULL when memory is out. */
static vmo_array *keep(vmo_execution *run, const vmo_array *arrays, uint32_t count) {
  vmo_array *copies = vmo_alloc_array(run->cli->context, (size_t)count + 1, sizeof *copies);
  for (uint32_t i = 0; copies != NULL && i < count; i++) {
    copies[i] = arrays[i];
    copies[i].data = vmr_arena_alloc_aligned(run->cli->context->arena, (size_t)bytes_of(&arrays[i]), 64);
    if (copies[i].data == NULL) return NULL;
    assign(&copies[i], &arrays[i]);
  }
  return copies;
}

static vmo_array *keep_states(vmo_execution *run) {
  uint32_t count = run->function->parameters.count;
  vmo_array *states = vmo_alloc_array(run->cli->context, (size_t)count + 1, sizeof *states);
  for (uint32_t i = 0; states != NULL && i < count; i++) {
    if (!run->function->parameters.data[i].state) continue;
    const vmo_array *copy = keep(run, &run->arguments[i], 1);
    if (copy == NULL) return NULL;
    states[i] = *copy;
  }
  return states;
}

static void restore_states(vmo_execution *run, const vmo_array *states) {
  for (uint32_t i = 0; i < run->function->parameters.count; i++)
    if (run->function->parameters.data[i].state) assign(&run->arguments[i], &states[i]);
}

/* How much two elements differ: 0 when they are the same bits or both NaN. */
static double difference(const vmo_array *a, const vmo_array *b, int64_t index) {
  size_t width = (size_t)vmo_element_bytes(a->element);
  if (memcmp((const char *)a->data + (size_t)index * width, (const char *)b->data + (size_t)index * width, width) == 0)
    return 0;
  double x = vmo_convert(a->element, vmo_load(a->element, a->data, index), VMO_F64).real;
  double y = vmo_convert(b->element, vmo_load(b->element, b->data, index), VMO_F64).real;
  if (isnan(x) && isnan(y)) return 0;
  if (x == y) return vmo_element_is_float(a->element) ? 5e-324 : 1; /* zeros of two signs; large whole numbers */
  double larger = fmax(fabs(x), fabs(y));
  return isinf(larger) ? (double)INFINITY : fabs(x - y) / larger;
}

static void compare(vmo_execution *run, const vmo_array *others) {
  vmo_run_measure *measure = &run->measure;
  measure->differing = 0;
  for (uint32_t i = 0; i < run->place_count; i++)
    for (int64_t k = 0; k < others[i].count; k++) {
      double found = difference(&run->places[i].array, &others[i], k);
      measure->differing += found != 0;
      if (found > measure->largest_difference || isnan(found)) measure->largest_difference = found;
    }
}

/* One call with the watch: where it writes, what it copies. */
static vmo_status watch_call(vmo_execution *run) {
  vmo_compiled compiled = {.instrument = true};
  vmo_run_measure *measure = &run->measure;
  vmo_watcher watcher;
  double seconds;
  vmo_status status = vmo_prepare_compiled(run, &compiled);
  if (status == VMO_OK && !vmo_begin_watch(run, &compiled, &watcher)) status = VMO_OUT_OF_MEMORY;
  compiled.watch = (vmr_call_watch){.before = vmo_watch_before, .after = vmo_watch_after, .user = &watcher};
  if (status == VMO_OK) status = vmo_call_compiled(run, &compiled, &seconds);
  measure->exact = true;
  for (uint32_t i = 0; i < compiled.arena_count && status == VMO_OK; i++) {
    measure->planned += compiled.arena_bytes[i];
    measure->measured += compiled.high_water[i];
    measure->exact = measure->exact && compiled.arena_bytes[i] == compiled.high_water[i];
  }
  if (status == VMO_OK) {
    measure->load = compiled.facts->figures.peak_inplace.bytes;
    measure->copies_planned = compiled.facts->figures.copies;
    measure->copies_made = (int64_t)compiled.watch.copies;
    measure->copies_expected = watcher.copies;
    measure->allocations = (int64_t)compiled.watch.activations;
    measure->in_order = run->cli->options.threads > 1;
    measure->deepest = (int64_t)compiled.watch.deepest;
    status = vmo_end_watch(&watcher, &run->watch);
  }
  vmo_drop_compiled(&compiled);
  return status;
}

/* What the reference engine returns, kept. */
static vmo_status run_other(vmo_execution *run, vmo_array **others) {
  vmo_status status = run_reference(run);
  if (status != VMO_OK) return status;
  vmo_array *places = vmo_alloc_array(run->cli->context, (size_t)run->place_count + 1, sizeof *places);
  if (places == NULL) return VMO_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < run->place_count; i++) places[i] = run->places[i].array;
  *others = keep(run, places, run->place_count);
  return *others != NULL ? VMO_OK : VMO_OUT_OF_MEMORY;
}

static vmo_status measure(vmo_execution *run) {
  vmo_array *states = keep_states(run), *others = NULL;
  if (states == NULL) return VMO_OUT_OF_MEMORY;
  vmo_status status = watch_call(run);
  restore_states(run, states);
  if (status == VMO_OK && run->cli->options.measure == VMO_MEASURE_BOTH) status = run_other(run, &others);
  restore_states(run, states);
  if (status == VMO_OK) status = run_compiled(run);
  if (status == VMO_OK && others != NULL) compare(run, others);
  return status;
}

vmo_status vmo_run_function(vmo_execution *run) {
  run->measure.differing = -1;
  vmo_status status = vmo_open_libraries(run);
  if (status != VMO_OK) return status;
  run->measure.naive = -1;
  if (run->report.measure != NULL || run->report.watch != NULL) return measure(run);
  return run->compiled ? run_compiled(run) : run_reference(run);
}
