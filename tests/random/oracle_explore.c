/* oracle_explore.c: which paths are tried, and the whole judgement of a program.
 *
 * Paths are taken depth first: the choice made last is changed first, until no choice is left (then every execution with
 * at most three trips for each loop was tried) or half of the executions are spent; the others choose at random. Each
 * function is run as an entry, at the largest sizes that its plan allows and at smaller ones. */
#include <stdio.h>
#include <string.h>

#include "tests/random/oracle_internal.h"

enum { MOST_CHOICES = 4096, MOST_STEPS = 3000, MOST_SIZES = 3 };

/* The next path depth first: the last choice that can still be raised is; false: there is none. */
static bool advance(vmo_path *path) {
  while (path->count > 0) {
    uint32_t last = path->count - 1;
    if (path->choices[last] + 1 < path->limits[last]) {
      path->choices[last]++;
      return true;
    }
    path->count--;
  }
  return false;
}

/* Numbers of a path, for people: what was chosen at loops, branches and streams in their order. */
static void describe_path(const vmo_path *path, vmo_verdict *verdict) {
  size_t used = strlen(verdict->text);
  used += (size_t)snprintf(verdict->text + used, sizeof verdict->text - used, "; choices");
  for (uint32_t i = 0; i < path->count && i < 40 && used + 8 < sizeof verdict->text; i++)
    used += (size_t)snprintf(verdict->text + used, sizeof verdict->text - used, " %u", path->choices[i]);
}

bool vmo_explore(const vmo_planned *entry, const vmo_planned *apart, uint32_t id, const vmo_judge_options *options,
                 vmo_judge_counts *counts, vmo_verdict *verdict) {
  uint8_t choices[MOST_CHOICES], limits[MOST_CHOICES];
  vmo_path path = {.choices = choices, .limits = limits, .capacity = MOST_CHOICES};
  vmr_arena *arena = vmr_arena_create(0);
  uint64_t state = options->seed + id;
  bool ok = arena != NULL || vmo_blame(verdict, VMO_FAULT_MEMORY, "no memory to run in"), more = true;
  for (uint32_t i = 0; i < options->paths && ok && more; i++) {
    path.random = i >= options->paths / 2;
    path.state = vmo_next_random(&state);
    path.position = 0;
    if (path.random) path.count = 0;
    vmr_arena_reset(arena);
    vmo_execution e = {.entry = entry, .apart = apart, .memory = {.arena = arena}, .path = &path, .verdict = verdict};
    e.most_steps = MOST_STEPS;
    ok = vmo_execute(&e, id);
    if (!ok) describe_path(&path, verdict);
    if (ok && !path.random) more = advance(&path);
    counts->executions++;
    counts->steps += e.steps;
  }
  counts->functions++;
  if (!more) counts->exhausted++;
  vmr_arena_destroy(arena);
  return ok;
}

/* ---- a program ---- */

typedef struct judgement {
  const vmo_judge_options *options;
  vmo_judge_counts *counts;
  vmo_verdict *verdict;
  vmo_planned asked, apart; /* planned as asked; with results in the caller's bytes, as calls have it */
  bool same;                /* the two are one: results are the caller's anyway, or there are no calls */
} judgement;

/* Whether the peaks of all that the function calls are known. */
static bool calls_only(const vmo_function *function, const vmo_peaks *known) {
  for (uint32_t i = 0; i < function->ops.count; i++) {
    const vmo_op *op = &function->ops.data[i];
    if (op->code == VMO_OP_call && known[op->callee].written == NULL) return false;
  }
  return true;
}

/* Functions that callees come before: those that call themselves, directly or not, are left out, and all that call them
 * with them. */
static bool judge_loads(judgement *j) {
  uint32_t count = j->asked.module->functions.count, left = count;
  vmo_peaks *peaks = vmo_alloc_array(j->apart.context, (size_t)count + 1, sizeof *peaks);
  if (peaks == NULL) return vmo_blame(j->verdict, VMO_FAULT_MEMORY, "no memory for peaks");
  if (j->asked.refused || j->apart.refused) return true;
  for (bool more = true; more && left > 0;) {
    more = false;
    for (uint32_t f = 0; f < count; f++) {
      if (peaks[f].written != NULL || !calls_only(j->apart.module->functions.data[f], peaks)) continue;
      if (!vmo_judge_loads(&j->apart, f, peaks, &peaks[f], j->verdict)) return false;
      if (!j->same && !vmo_judge_loads(&j->asked, f, peaks, NULL, j->verdict)) return false;
      more = true;
      left--;
    }
  }
  return true;
}

static bool judge_at_sizes(judgement *j, uint32_t number) {
  uint64_t random = j->options->seed * 31 + number;
  if (!vmo_set_sizes(&j->asked, number, random, j->verdict)) return false;
  if (j->same) j->apart = j->asked;
  if (!j->same && !vmo_set_sizes(&j->apart, number, random, j->verdict)) return false;
  if (!judge_loads(j)) return false;
  for (uint32_t f = 0; f < j->asked.module->functions.count; f++)
    if (!vmo_explore(&j->asked, &j->apart, f, j->options, j->counts, j->verdict)) return false;
  return true;
}

static bool compare_structures(judgement *j, const vmo_module *original) {
  for (uint32_t f = 0; f < original->functions.count; f++)
    if (!vmo_compare_structure(&j->asked, f, original, j->verdict) ||
        (!j->same && !vmo_compare_structure(&j->apart, f, original, j->verdict)))
      return false;
  return true;
}

static bool has_calls(const vmo_module *module) {
  for (uint32_t f = 0; f < module->functions.count; f++)
    for (uint32_t i = 0; i < module->functions.data[f]->ops.count; i++)
      if (module->functions.data[f]->ops.data[i].code == VMO_OP_call) return true;
  return false;
}

static bool judge(judgement *j, const vmo_program_source *source, const vmo_module *original) {
  bool caller = j->options->variant.results_in_caller;
  if (!vmo_plan_for_judging(source, j->options, caller, &j->asked, j->verdict)) return false;
  j->same = caller || !has_calls(original);
  if (!j->same && !vmo_plan_for_judging(source, j->options, true, &j->apart, j->verdict)) return false;
  if (!compare_structures(j, original)) return false;
  uint32_t sizes = j->options->variant.dims == VMO_DIMS_BOUND ? 1 : MOST_SIZES;
  for (uint32_t number = 0; number < sizes; number++)
    if (!judge_at_sizes(j, number)) return false;
  return true;
}

vmo_verdict vmo_judge_program(const vmo_program_source *source, const vmo_judge_options *options,
                              vmo_judge_counts *counts) {
  vmo_verdict verdict = {VMO_FAULT_NONE, ""};
  judgement j = {.options = options, .counts = counts, .verdict = &verdict};
  vmo_context *context = vmo_context_create();
  vmo_module *original = context == NULL ? NULL : source->make(source->user, context);
  if (context == NULL)
    vmo_blame(&verdict, VMO_FAULT_MEMORY, "no context");
  else if (original == NULL)
    vmo_blame(&verdict, VMO_FAULT_INPUT, "the program is wrong");
  else
    judge(&j, source, original);
  counts->programs++;
  vmo_context_destroy(j.asked.context);
  if (!j.same) vmo_context_destroy(j.apart.context);
  vmo_context_destroy(context);
  return verdict;
}

/* ---- text ---- */

typedef struct text_source {
  const char *text;
  size_t length;
} text_source;

static vmo_module *make_from_text(void *user, vmo_context *context) {
  const text_source *source = user;
  vmo_module *module = NULL;
  if (vmo_context_set_source(context, "program", source->text, source->length) != VMO_OK) return NULL;
  return vmo_parse_module(context, &module) == VMO_OK ? module : NULL;
}

vmo_verdict vmo_judge_text(const char *text, size_t length, const vmo_judge_options *options,
                           vmo_judge_counts *counts) {
  text_source source = {text, length};
  return vmo_judge_program(&(vmo_program_source){make_from_text, &source}, options, counts);
}
