/* run_watch.c: what instrumented code tells about its ops, gathered: how often, how long, what it moved.
 *
 * Every op of the program and of the functions that it calls has a row of counts; the first million runs of ops are kept
 * one by one besides, for a trace. An op's time includes what a call runs inside, and the telling of that. */
#include "cli/run_watch.h"

#include <string.h>

#define MOST_EVENTS (1u << 20)

/* The row of an op. */
static uint32_t row_of(const vmo_watcher *watcher, uint32_t function, uint32_t op) {
  return watcher->first[function] + op;
}

bool vmo_begin_watch(vmo_execution *run, const vmo_compiled *compiled, vmo_watcher *watcher) {
  uint32_t functions = compiled->module->functions.count, all = compiled->callees != NULL ? 2 * functions : functions;
  *watcher = (vmo_watcher){.run = run, .compiled = compiled, .keep_events = run->keep_events};
  watcher->first = vmo_alloc_array(run->cli->context, (size_t)all + 1, sizeof *watcher->first);
  if (watcher->first == NULL) return false;
  for (uint32_t i = 0; i < all; i++) {
    const vmo_module *module = i < functions ? compiled->module : compiled->callees;
    watcher->first[i + 1] = watcher->first[i] + module->functions.data[i % functions]->ops.count;
  }
  watcher->function_count = all;
  watcher->rows = vmo_alloc_array(run->cli->context, (size_t)watcher->first[all] + 1, sizeof *watcher->rows);
  return watcher->rows != NULL;
}

void vmo_watch_before(void *user, uint32_t function, uint32_t op) {
  vmo_watcher *watcher = user;
  const vmo_module *module;
  const vmo_function *owner;
  watcher->copies += vmo_watched_op(watcher->compiled, function, op, &module, &owner)->inserted != 0;
  if (!vmo_vec_push(watcher->run->cli->context->arena, &watcher->open, vmo_seconds_now())) watcher->failed = true;
}

void vmo_watch_after(void *user, uint32_t function, uint32_t op) {
  vmo_watcher *watcher = user;
  double end = vmo_seconds_now();
  if (watcher->open.count == 0) return; /* memory ran out */
  double begin = watcher->open.data[--watcher->open.count];
  vmo_watched_row *row = &watcher->rows[row_of(watcher, function, op)];
  row->count++;
  row->seconds += end - begin;
  if (!watcher->keep_events) return;
  const vmo_run_event event = {row_of(watcher, function, op), begin, end - begin};
  if (watcher->events.count >= MOST_EVENTS)
    watcher->dropped++;
  else if (!vmo_vec_push(watcher->run->cli->context->arena, &watcher->events, event))
    watcher->failed = true;
}

/* ---- from rows to what is reported ---- */

static vmo_bytes bytes_of(const vmo_watcher *watcher, const vmo_module *module, vmo_type_id type) {
  vmo_interval bytes;
  vmo_evaluation how =
      vmo_size_evaluate(module->sizes, module->types.data[type].bytes, &watcher->run->cli->binding, &bytes);
  return how == VMO_EVALUATION_EXACT ? bytes.low : 0;
}

/* What an op reads and writes once; a view moves nothing. */
static vmo_bytes moved_bytes(const vmo_watcher *watcher, vmo_module *module, const vmo_function *function,
                             const vmo_op *op) {
  vmo_bytes moved = 0;
  vmo_size_id offset;
  for (uint32_t i = 0; i < op->result_count; i++) {
    if (op->code != VMO_OP_call && vmo_op_is_view(module, function, op, i, &offset)) return 0;
    moved += bytes_of(watcher, module, function->values.data[op->result_first + i].type);
  }
  for (uint32_t i = 0; i < op->operand_count; i++) {
    vmo_value_id value = vmo_op_value(function, op, i);
    if (value != VMO_NONE) moved += bytes_of(watcher, module, function->values.data[value].type);
  }
  return moved;
}

static vmo_run_op describe(const vmo_watcher *watcher, uint32_t function, uint32_t index) {
  const vmo_compiled *compiled = watcher->compiled;
  const vmo_module *module;
  const vmo_function *owner;
  const vmo_op *op = vmo_watched_op(compiled, function, index, &module, &owner);
  const vmo_watched_row *row = &watcher->rows[row_of(watcher, function, index)];
  bool own = owner == compiled->function && compiled->facts->planned_loads != NULL;
  vmo_module *planned = function < compiled->module->functions.count ? compiled->module : compiled->callees;
  return (vmo_run_op){.function = vmo_name(module, owner->name),
                      .op = vmo_op_get_info((vmo_opcode)op->code)->name,
                      .result = op->result_count > 0 ? vmo_value_name(module, owner, op->result_first) : NULL,
                      .line = op->location.line,
                      .count = row->count,
                      .seconds = row->seconds,
                      .moved = moved_bytes(watcher, planned, owner, op),
                      .live = own ? compiled->facts->planned_loads[index] : -1,
                      .copy = op->inserted != 0};
}

vmo_status vmo_end_watch(vmo_watcher *watcher, vmo_run_watch *watch) {
  vmo_context *context = watcher->run->cli->context;
  uint32_t rows = watcher->first[watcher->function_count];
  uint32_t *places = vmo_alloc_array(context, (size_t)rows + 1, sizeof *places);
  vmo_run_op *ops = vmo_alloc_array(context, (size_t)rows + 1, sizeof *ops);
  if (watcher->failed || places == NULL || ops == NULL) return VMO_OUT_OF_MEMORY;
  *watch = (vmo_run_watch){.ops = ops, .dropped = watcher->dropped};
  for (uint32_t f = 0; f < watcher->function_count; f++)
    for (uint32_t i = watcher->first[f]; i < watcher->first[f + 1]; i++) {
      places[i] = watch->op_count;
      if (watcher->rows[i].count > 0) ops[watch->op_count++] = describe(watcher, f, i - watcher->first[f]);
    }
  for (uint32_t i = 0; i < watcher->events.count; i++) watcher->events.data[i].op = places[watcher->events.data[i].op];
  watch->events = watcher->events.data;
  watch->event_count = watcher->events.count;
  return VMO_OK;
}
