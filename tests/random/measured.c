/* measured.c: what instrumented code tells while it runs, held against its plan: the highest byte of each arena that was
 * written is the plan's last one when every op has run, otherwise the last one of those ops that did; copies that ran are
 * those that the plan inserted, as often as control flow came by; blocks were obtained for activations alone. Linear in
 * the ops. */
#define _GNU_SOURCE
#include "tests/random/measured.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#define MOST_MEASURED_ARENAS 16

static uint32_t row_of(const measured *m, uint32_t function, uint32_t op) { return m->first[function] + op; }

static void note_op(void *user, uint32_t function, uint32_t op) {
  measured *m = user;
  m->runs[row_of(m, function, op)]++;
}

static const vmo_function *function_of(const measured *m, uint32_t function) {
  uint32_t count = m->modules[0]->functions.count;
  return m->modules[function >= count]->functions.data[function % count];
}

bool begin_measured(measured *m, vmo_module *planned, const vmo_module *for_calls, uint32_t arena_count) {
  uint32_t count = planned->functions.count;
  *m = (measured){.modules = {planned, for_calls}};
  m->first = vmo_alloc_array(planned->context, 2 * (size_t)count + 1, sizeof *m->first);
  m->watch.high_water = vmo_alloc_array(planned->context, (size_t)arena_count + 1, sizeof *m->watch.high_water);
  if (m->first == NULL || m->watch.high_water == NULL) return false;
  for (uint32_t f = 0; f < 2 * count; f++) m->first[f + 1] = m->first[f] + function_of(m, f)->ops.count;
  m->runs = vmo_alloc_array(planned->context, (size_t)m->first[2 * count] + 1, sizeof *m->runs);
  m->watch.before = note_op;
  m->watch.user = m;
  m->watch.arena_count = arena_count;
  return m->runs != NULL;
}

/* Control flow does not tell; calls and declared ops, which the table has beside it, do. */
static bool is_control(const vmo_op *op) {
  return vmo_op_get_info((vmo_opcode)op->code)->category == VMO_CATEGORY_CONTROL && op->code != VMO_OP_call &&
         op->code != VMO_OP_declared;
}

/* How many ops of a function have run; control flow does not tell. */
static void count_ops(const measured *m, uint32_t function, uint32_t *ran, uint32_t *all) {
  const vmo_function *f = function_of(m, function);
  *ran = *all = 0;
  for (uint32_t i = 0; i < f->ops.count; i++) {
    if (is_control(&f->ops.data[i])) continue;
    ++*all;
    *ran += m->runs[row_of(m, function, i)] > 0;
  }
}

/* Whether every op has run, of the entry and of whatever was called. */
static bool is_complete(const measured *m, vmo_function_id id) {
  for (uint32_t f = 0; f < 2 * m->modules[0]->functions.count; f++) {
    uint32_t ran, all;
    count_ops(m, f, &ran, &all);
    if (ran < all && (ran > 0 || f == id)) return false;
  }
  return true;
}

static uint64_t count_copies(const measured *m) {
  uint64_t copies = 0;
  for (uint32_t f = 0; f < 2 * m->modules[0]->functions.count; f++)
    for (uint32_t i = 0; i < function_of(m, f)->ops.count; i++)
      if (function_of(m, f)->ops.data[i].inserted) copies += m->runs[row_of(m, f, i)];
  return copies;
}

static uint32_t count_inserted(const vmo_function *function) {
  uint32_t inserted = 0;
  for (uint32_t i = 0; i < function->ops.count; i++) inserted += function->ops.data[i].inserted != 0;
  return inserted;
}

/* ---- the last byte of the ops that ran ---- */

typedef struct last_bytes {
  const measured_call *of;
  const vmo_function *function;
  int64_t ends[MOST_MEASURED_ARENAS];
} last_bytes;

static void put_end(last_bytes *last, vmo_space_id space, vmo_size_id offset, vmo_size_id bytes) {
  vmo_interval at, size;
  vmo_size_evaluate(last->of->module->sizes, offset, last->of->binding, &at);
  vmo_size_evaluate(last->of->module->sizes, bytes, last->of->binding, &size);
  const vmo_plan *plan = last->function->plan;
  uint32_t arena = 0;
  while (arena < plan->arena_count && plan->arenas[arena].space != space) arena++;
  if (arena < plan->arena_count && size.low > 0 && at.low + size.low > last->ends[arena])
    last->ends[arena] = at.low + size.low;
}

static void put_value(last_bytes *last, vmo_value_id value) {
  const vmo_type *type = vmo_value_type(last->of->module, last->function, value);
  vmo_size_id offset = last->function->plan->values[value].offset;
  if (offset != VMO_NONE) put_end(last, type->space, offset, type->bytes);
}

static void put_workspaces(const measured *m, last_bytes *last) {
  const vmo_plan *plan = last->function->plan;
  for (uint32_t i = 0; i < plan->op_count; i++) {
    const vmo_op_plan *entry = &plan->ops[i];
    if (entry->workspace_offset == VMO_NONE || m->runs[row_of(m, last->of->id, entry->op)] == 0) continue;
    vmo_size_id bytes = vmo_op_workspace(last->of->module, last->function, &last->function->ops.data[entry->op]);
    if (bytes != VMO_NONE) put_end(last, 0, entry->workspace_offset, bytes);
  }
}

/* False when another function ran, whose ops do not tell where their arena lay. */
static bool find_last_bytes(const measured *m, last_bytes *last) {
  for (uint32_t i = 0; i < last->function->parameters.count; i++)
    if (last->function->parameters.data[i].state) put_value(last, i);
  for (uint32_t i = 0; i < last->function->ops.count; i++) {
    const vmo_op *op = &last->function->ops.data[i];
    if (is_control(op) || m->runs[row_of(m, last->of->id, i)] == 0) continue;
    if (op->code == VMO_OP_call) return false;
    for (uint32_t r = 0; r < op->result_count; r++) put_value(last, op->result_first + r);
  }
  put_workspaces(m, last);
  return true;
}

bool find_measured_fault(const measured *m, const measured_call *of, bool *exact, char *text, size_t size) {
  last_bytes last = {.of = of, .function = of->module->functions.data[of->id]};
  bool complete = is_complete(m, of->id) && of->exact_sizes;
  bool known = m->watch.arena_count <= MOST_MEASURED_ARENAS && find_last_bytes(m, &last);
  *exact = complete || known;
  for (uint32_t i = 0; i < m->watch.arena_count; i++) {
    int64_t planned = of->call->arena_bytes[i], found = m->watch.high_water[i];
    bool fits = complete ? found == planned : found <= planned;
    if (fits && (!known || found == last.ends[i])) continue;
    snprintf(text, size, "arena %u is planned for %lld bytes, ops that ran end at %lld, and %lld were used",
             (unsigned)i, (long long)planned, known ? (long long)last.ends[i] : -1, (long long)found);
    return true;
  }
  if (m->watch.copies != count_copies(m)) {
    snprintf(text, size, "%llu copies were made, and copies of the plan ran %llu times",
             (unsigned long long)m->watch.copies, (unsigned long long)count_copies(m));
    return true;
  }
  if (of->facts->figures.copies != count_inserted(last.function)) {
    snprintf(text, size, "%lld copies are planned, and the program has %u", (long long)of->facts->figures.copies,
             (unsigned)count_inserted(last.function));
    return true;
  }
  return false;
}

long count_allocations(void) {
  long (*counter)(void) = NULL;
  void *symbol = dlsym(RTLD_DEFAULT, "vmo_allocations_so_far");
  memcpy(&counter, &symbol, sizeof counter);
  return counter == NULL ? -1 : counter();
}
