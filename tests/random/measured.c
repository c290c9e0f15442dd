/* measured.c: what instrumented code tells while it runs, held against its plan: the highest byte of each arena that was
 * written is the plan's last one when every op has run, and lies before it otherwise; copies that ran are those that the
 * plan inserted, as often as control flow came by; blocks were obtained for activations alone. Linear in the ops. */
#define _GNU_SOURCE
#include "tests/random/measured.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

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

static bool is_control(const vmo_op *op) {
  return vmo_op_get_info((vmo_opcode)op->code)->category == VMO_CATEGORY_CONTROL && op->code != VMO_OP_call;
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

bool find_measured_fault(const measured *m, const vmr_call *call, const vmo_plan_facts *facts, vmo_function_id id,
                         bool exact_sizes, bool *complete, char *text, size_t size) {
  *complete = is_complete(m, id) && exact_sizes;
  for (uint32_t i = 0; i < m->watch.arena_count; i++) {
    int64_t planned = call->arena_bytes[i], found = m->watch.high_water[i];
    if (found == planned || (!*complete && found < planned)) continue;
    snprintf(text, size, "arena %u is planned for %lld bytes, and %lld were used", (unsigned)i, (long long)planned,
             (long long)found);
    return true;
  }
  if (m->watch.copies != count_copies(m)) {
    snprintf(text, size, "%llu copies were made, and copies of the plan ran %llu times",
             (unsigned long long)m->watch.copies, (unsigned long long)count_copies(m));
    return true;
  }
  if (facts->figures.copies != count_inserted(m->modules[0]->functions.data[id])) {
    snprintf(text, size, "%lld copies are planned, and the program has %u", (long long)facts->figures.copies,
             (unsigned)count_inserted(m->modules[0]->functions.data[id]));
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
