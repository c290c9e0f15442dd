/* record.c: puts what is known of a planned function into the plain record that reports print.
 *
 * Nothing is computed anew but sums and the order of tenants of bytes; points are those of the planned function. */
#include "passes/record.h"
#include "passes/occupants.h"

#include <stdlib.h>
#include <string.h>

/* ---- amounts ---- */

/* Adds to a sum, whose size in numbers is set by settle_amount when all is added: the steps of a long sum are no sizes
 * that anyone asks for. */
static bool add_amount(vmo_module *module, vmo_amount *sum, vmo_amount more) {
  bool known = sum->bytes >= 0 && more.bytes >= 0;
  if (known && sum->bytes > INT64_MAX - more.bytes) return false;
  sum->bytes = known ? sum->bytes + more.bytes : -1;
  if (!known) sum->size = vmo_size_add(module->sizes, sum->size, more.size);
  return sum->size != VMO_NONE;
}

static bool settle_amount(vmo_module *module, vmo_amount *sum) {
  if (sum->bytes >= 0) sum->size = vmo_size_constant(module->sizes, sum->bytes);
  return sum->size != VMO_NONE;
}

/* In numbers when the whole plan is in numbers, otherwise as expressions. */
static vmo_amount amount_of(const recorder *r, vmo_bytes bytes, vmo_size_id size) {
  if (!r->p->known) return (vmo_amount){-1, size};
  return (vmo_amount){bytes, vmo_size_constant(r->p->module->sizes, bytes)};
}

/* total - arena, which may be negative. */
static bool set_saved(vmo_module *module, vmo_space_figures *figures) {
  bool known = figures->total.bytes >= 0 && figures->arena.bytes >= 0;
  figures->saved.bytes = known ? figures->total.bytes - figures->arena.bytes : -1;
  figures->saved.size = vmo_size_subtract(module->sizes, figures->total.size, figures->arena.size);
  return figures->saved.size != VMO_NONE;
}

/* ---- storages ---- */

static bool count_uses(recorder *r) {
  const vmo_function *function = r->p->function;
  r->uses = vmo_alloc_array(r->p->scratch, function->values.count + 1, sizeof *r->uses);
  if (!r->uses) return false;
  for (uint32_t i = 0; i < function->ops.count; i++)
    for (uint32_t k = 0; k < function->ops.data[i].operand_count; k++) {
      vmo_value_id value = vmo_op_value(function, &function->ops.data[i], k);
      if (value != VMO_NONE) r->uses[value]++;
    }
  return true;
}

static int kind_of(const recorder *r, const vmo_storage *storage) {
  switch (storage->owner) {
  case VMO_OWNER_PARAMETER: return storage->donated ? VMO_KIND_DONATED : VMO_KIND_PARAMETER;
  case VMO_OWNER_STATE: return VMO_KIND_STATE;
  case VMO_OWNER_CONSTANT: return VMO_KIND_CONSTANT;
  default: return r->p->function->ops.data[storage->definition].inserted ? VMO_KIND_COPY : VMO_KIND_RESULT;
  }
}

static bool add_ranges(recorder *r, vmo_storage_fact *fact, vmo_storage_id storage) {
  const vmo_liveness *liveness = r->p->liveness;
  fact->range_first = r->facts->ranges.count;
  for (uint32_t i = liveness->first[storage]; i < liveness->first[storage + 1]; i++)
    if (!vmo_vec_push(r->arena, &r->facts->ranges, liveness->ranges[i])) return false;
  fact->range_count = r->facts->ranges.count - fact->range_first;
  return true;
}

static bool add_storage(recorder *r, vmo_storage_id s) {
  const vmo_planning *p = r->p;
  const vmo_storage *storage = &p->flow->storages.data[s];
  vmo_storage_id root = vmo_find_buffer(p->buffers, s);
  r->fact_of[s] = VMO_NONE;
  if (storage->owner == VMO_OWNER_CARRIED || storage->owner == VMO_OWNER_RETURNED) return true;
  vmo_storage_fact fact = {.value = storage->value,
                           .kind = kind_of(r, storage),
                           .op = storage->definition,
                           .space = storage->space,
                           .amount = amount_of(r, storage->bytes, storage->size),
                           .slot = p->layout.buffers[root].slot,
                           .offset = p->layout.buffers[root].offset,
                           .over = VMO_NONE,
                           .dead = r->uses[storage->value] == 0};
  vmo_storage_id anchor = p->buffers->classes[root].anchor;
  bool in_parameter = anchor != VMO_NONE && p->flow->storages.data[anchor].owner == VMO_OWNER_PARAMETER;
  if (in_parameter && anchor != s) fact.over = p->flow->storages.data[anchor].value;
  vmo_bytes part = p->buffers->offsets[s];
  if (fact.slot != VMO_NONE && part > 0) {
    vmo_size_id offset = vmo_size_constant(p->module->sizes, part);
    fact.offset = offset == VMO_NONE ? VMO_NONE : vmo_size_add(p->module->sizes, fact.offset, offset);
    if (fact.offset == VMO_NONE) return false;
  }
  r->fact_of[s] = r->facts->storages.count;
  return add_ranges(r, &fact, s) && vmo_vec_push(r->arena, &r->facts->storages, fact);
}

static bool add_temporary(recorder *r, int kind, vmo_point op, vmo_space_id space, vmo_amount amount,
                          vmo_size_id offset) {
  vmo_storage_fact fact = {.value = VMO_NONE,
                           .kind = kind,
                           .op = op,
                           .space = space,
                           .amount = amount,
                           .range_first = r->facts->ranges.count,
                           .range_count = 1,
                           .slot = VMO_NONE,
                           .offset = offset,
                           .over = VMO_NONE};
  return vmo_vec_push(r->arena, &r->facts->ranges, ((vmo_live_range){op, op + 1})) &&
         vmo_vec_push(r->arena, &r->facts->storages, fact);
}

static bool add_temporaries(recorder *r) {
  const vmo_planning *p = r->p;
  r->first_workspace = r->facts->storages.count;
  for (uint32_t i = 0; i < p->flow->workspaces.count; i++) {
    const vmo_workspace *w = &p->flow->workspaces.data[i];
    if (!add_temporary(r, VMO_KIND_WORKSPACE, w->op, 0, amount_of(r, w->bytes, w->size), p->layout.workspaces[i]))
      return false;
  }
  r->first_callee = r->facts->storages.count;
  for (uint32_t i = 0; i < p->calls.count; i++) {
    const vmo_callee *callee = &p->callees[p->calls.data[i].callee];
    vmo_amount peak = {0, vmo_size_constant(p->module->sizes, 0)};
    if (callee->summary.planned) peak = callee->planned_peak;
    vmo_size_id offset = callee->arena_count > 0 ? p->layout.callees[p->calls.data[i].offset_first] : VMO_NONE;
    if (!add_temporary(r, VMO_KIND_CALLEE, p->calls.data[i].op, 0, peak, offset)) return false;
  }
  return true;
}

static bool list_storages(recorder *r) {
  const vmo_planning *p = r->p;
  r->fact_of = vmo_alloc(p->scratch, ((size_t)p->flow->storages.count + 1) * sizeof *r->fact_of);
  uint32_t temporaries = p->flow->workspaces.count + p->calls.count;
  if (!r->fact_of || !count_uses(r) ||
      !vmo_vec_reserve(r->arena, &r->facts->storages, p->flow->storages.count + temporaries) ||
      !vmo_vec_reserve(r->arena, &r->facts->ranges, p->liveness->first[p->flow->storages.count] + temporaries))
    return false;
  for (vmo_storage_id s = 0; s < p->flow->storages.count; s++)
    if (!add_storage(r, s)) return false;
  for (uint32_t i = 0; i < p->inplace.count; i++) {
    vmo_storage_id storage = p->flow->references[p->inplace.data[i].result].storage;
    r->facts->storages.data[r->fact_of[storage]].over = p->inplace.data[i].operand;
  }
  return add_temporaries(r);
}

/* ---- copies, dead values ---- */

static bool list_copies(recorder *r) {
  vmo_planning *p = r->p;
  for (uint32_t i = 0; i < p->copies.count; i++) {
    vmo_copy_fact copy = p->copies.data[i];
    const vmo_value *value = &p->function->values.data[copy.copy];
    const vmo_storage *storage = &p->flow->storages.data[p->flow->references[copy.copy].storage];
    copy.op = (vmo_point)value->owner;
    copy.amount = amount_of(r, storage->bytes, storage->size);
    vmo_space_figures *figures = &r->by_space[storage->space];
    figures->copies++;
    if (!add_amount(p->module, &figures->copy, copy.amount) || !vmo_vec_push(r->arena, &r->facts->copies, copy))
      return false;
  }
  for (vmo_space_id space = 0; space < p->module->spaces.count; space++)
    if (!settle_amount(p->module, &r->by_space[space].copy)) return false;
  return true;
}

static bool list_dead_values(recorder *r) {
  const vmo_function *written = r->p->written;
  for (uint32_t i = 0; i < written->ops.count; i++) {
    const vmo_op *op = &written->ops.data[i];
    for (uint32_t k = 0; k < op->result_count; k++)
      if (r->uses[op->result_first + k] == 0 &&
          !vmo_vec_push(r->p->scratch->arena, &r->facts->dead, op->result_first + k))
        return false;
  }
  return true;
}

/* ---- peaks ---- */

/* The fact to name for a planned buffer: the member that is live at the point, one just made before others; when none
 * is (a stream's peak lies elsewhere, a carried value is nobody's result), its first. */
static uint32_t name_buffer(const recorder *r, vmo_storage_id storage, vmo_point point) {
  const vmo_buffers *buffers = r->p->buffers;
  vmo_storage_id member = storage, first = VMO_NONE, live = VMO_NONE;
  do {
    if (r->fact_of[member] != VMO_NONE) {
      if (first == VMO_NONE || member < first) first = member;
      bool now = point >= 0 && vmo_is_live_at(r->p->liveness, member, point);
      if (now && (live == VMO_NONE || r->p->flow->storages.data[member].definition == point)) live = member;
    }
    member = buffers->next[member];
  } while (member != storage);
  if (live != VMO_NONE) return r->fact_of[live];
  return first == VMO_NONE ? VMO_NONE : r->fact_of[first];
}

/* A carried value as written is named after what first goes into it. */
static uint32_t name_written(const recorder *r, vmo_storage_id storage, vmo_point point) {
  const vmo_flow *flow = r->p->written_flow;
  for (uint32_t steps = 0; steps < 8 && flow->storages.data[storage].owner == VMO_OWNER_CARRIED; steps++) {
    vmo_storage_id source = r->init_of[storage];
    if (source == VMO_NONE) break;
    storage = source;
  }
  vmo_storage_id planned = r->p->flow->references[flow->storages.data[storage].value].storage;
  return r->fact_of[planned] != VMO_NONE ? r->fact_of[planned] : name_buffer(r, planned, point);
}

static uint32_t fact_of_tag(const recorder *r, uint32_t tag, bool written, vmo_point point) {
  if (tag >= VMO_TAG_CALLEE) return r->first_callee + (tag - VMO_TAG_CALLEE);
  if (tag >= VMO_TAG_WORKSPACE) return r->first_workspace + (tag - VMO_TAG_WORKSPACE);
  return written ? name_written(r, tag, point) : name_buffer(r, tag, point);
}

/* What first goes into each carried storage of the program as written. */
static bool list_inits(recorder *r) {
  const vmo_flow *flow = r->p->written_flow;
  r->init_of = vmo_alloc(r->p->scratch, ((size_t)flow->storages.count + 1) * sizeof *r->init_of);
  if (!r->init_of) return false;
  for (vmo_storage_id s = 0; s < flow->storages.count; s++) r->init_of[s] = VMO_NONE;
  for (uint32_t m = flow->moves.count; m-- > 0;)
    if (flow->moves.data[m].source != flow->moves.data[m].target)
      r->init_of[flow->moves.data[m].target] = flow->moves.data[m].source;
  return true;
}

static int compare_by_storage(const void *left, const void *right) {
  const vmo_contribution *a = left, *b = right;
  return (a->storage > b->storage) - (a->storage < b->storage);
}

static int compare_by_bytes(const void *left, const void *right) {
  const vmo_contribution *a = left, *b = right;
  if (a->amount.bytes != b->amount.bytes) return a->amount.bytes > b->amount.bytes ? -1 : 1;
  return compare_by_storage(left, right);
}

/* One contribution per storage (a buffer with parts has one per part), the largest first. */
static bool sort_contributions(const recorder *r, vmo_contribution *contributions, uint32_t *count) {
  uint32_t kept = 0;
  if (*count > 1) qsort(contributions, *count, sizeof *contributions, compare_by_storage);
  for (uint32_t i = 0; i < *count; i++) {
    bool again = kept > 0 && contributions[kept - 1].storage == contributions[i].storage;
    if (!again)
      contributions[kept++] = contributions[i];
    else if (!add_amount(r->p->module, &contributions[kept - 1].amount, contributions[i].amount) ||
             !settle_amount(r->p->module, &contributions[kept - 1].amount))
      return false;
  }
  *count = kept;
  if (kept > 1) qsort(contributions, kept, sizeof *contributions, compare_by_bytes);
  return true;
}

static bool set_peak(recorder *r, const vmo_loads *loads, const vmo_occupancy *occupancy, bool written, vmo_point point,
                     vmo_peak_fact *peak) {
  vmo_plan_facts *facts = r->facts;
  *peak = (vmo_peak_fact){.point = point, .amount = loads->peak, .contribution_first = facts->contributions.count};
  for (uint32_t i = 0; i < loads->contributors.count; i++) {
    const vmo_occupant *occupant = &occupancy->occupants.data[loads->contributors.data[i]];
    uint32_t fact = fact_of_tag(r, occupant->tag, written, point);
    if (fact == VMO_NONE) continue;
    vmo_contribution contribution = {fact, {occupant->together, occupant->size_together}};
    if (!vmo_vec_push(r->arena, &facts->contributions, contribution)) return false;
  }
  peak->contribution_count = facts->contributions.count - peak->contribution_first;
  if (peak->contribution_count == 0) return true;
  if (!sort_contributions(r, facts->contributions.data + peak->contribution_first, &peak->contribution_count))
    return false;
  facts->contributions.count = peak->contribution_first + peak->contribution_count;
  return true;
}

/* The planned point of each op as written, and the loads as written at planned points. */
static bool map_points(recorder *r, vmo_point *written_peak) {
  const vmo_function *planned = r->p->function;
  vmo_plan_facts *facts = r->facts;
  const vmo_loads *loads = &r->p->written_loads;
  facts->point_count = (vmo_point)planned->ops.count;
  *written_peak = -1;
  if (loads->timeline) {
    facts->written_loads = vmo_alloc(r->p->context, ((size_t)facts->point_count + 1) * sizeof *facts->written_loads);
    if (!facts->written_loads) return false;
  }
  vmo_point written = 0;
  for (vmo_point i = 0; i < facts->point_count; i++) {
    if (facts->written_loads) facts->written_loads[i] = loads->timeline[written];
    if (planned->ops.data[i].inserted) continue;
    if (written == loads->point) *written_peak = i;
    written++;
  }
  return true;
}

static bool keep_planned_loads(recorder *r, const vmo_bytes *timeline) {
  size_t bytes = ((size_t)r->facts->point_count + 1) * sizeof *timeline;
  if (!timeline) return true;
  r->facts->planned_loads = vmo_alloc(r->p->context, bytes);
  if (r->facts->planned_loads) memcpy(r->facts->planned_loads, timeline, bytes);
  return r->facts->planned_loads != NULL;
}

/* ---- figures ---- */

static bool begin_figures(recorder *r) {
  uint32_t spaces = r->p->module->spaces.count;
  vmo_amount none = amount_of(r, 0, vmo_size_constant(r->p->module->sizes, 0));
  r->by_space = vmo_alloc_array(r->p->scratch, spaces, sizeof *r->by_space);
  if (!r->by_space) return false;
  for (vmo_space_id s = 0; s < spaces; s++) {
    vmo_space_figures *f = &r->by_space[s];
    f->space = s;
    f->total = f->param = f->constant = f->state = f->copy = none;
    f->peak = r->p->written_loads.peaks[s];
  }
  return none.size != VMO_NONE;
}

/* Storages of the program as written: op results, parameters, states, constants. */
static bool sum_storages(recorder *r) {
  const vmo_flow *flow = r->p->written_flow;
  for (vmo_storage_id s = 0; s < flow->storages.count; s++) {
    const vmo_storage *storage = &flow->storages.data[s];
    vmo_space_figures *f = &r->by_space[storage->space];
    vmo_amount *sum = storage->owner == VMO_OWNER_RESULT      ? &f->total
                      : storage->owner == VMO_OWNER_PARAMETER ? &f->param
                      : storage->owner == VMO_OWNER_STATE     ? &f->state
                      : storage->owner == VMO_OWNER_CONSTANT  ? &f->constant
                                                              : NULL;
    if (!sum) continue;
    f->storages++;
    if (!add_amount(r->p->module, sum, amount_of(r, storage->bytes, storage->size))) return false;
  }
  for (vmo_space_id space = 0; space < r->p->module->spaces.count; space++) {
    vmo_space_figures *f = &r->by_space[space];
    vmo_amount *sums[] = {&f->total, &f->param, &f->state, &f->constant};
    for (int i = 0; i < 4; i++)
      if (!settle_amount(r->p->module, sums[i])) return false;
  }
  return true;
}

static bool add_space(recorder *r, const vmo_space_figures *f) {
  vmo_module *module = r->p->module;
  vmo_space_figures *all = &r->facts->figures;
  all->storages += f->storages;
  all->copies += f->copies;
  all->inplace_count += f->inplace_count;
  all->reuse_count += f->reuse_count;
  const vmo_amount *parts[] = {&f->total, &f->peak,     &f->peak_inplace, &f->lower_bound, &f->arena,
                               &f->param, &f->constant, &f->state,        &f->copy};
  vmo_amount *sums[] = {&all->total, &all->peak,     &all->peak_inplace, &all->lower_bound, &all->arena,
                        &all->param, &all->constant, &all->state,        &all->copy};
  for (size_t i = 0; i < sizeof sums / sizeof *sums; i++)
    if (!add_amount(module, sums[i], *parts[i]) || !settle_amount(module, sums[i])) return false;
  return true;
}

static bool finish_figures(recorder *r, const vmo_loads *planned) {
  vmo_planning *p = r->p;
  vmo_space_figures *all = &r->facts->figures;
  vmo_amount none = amount_of(r, 0, vmo_size_constant(p->module->sizes, 0));
  *all = (vmo_space_figures){.space = VMO_NONE,
                             .total = none,
                             .peak = none,
                             .peak_inplace = none,
                             .lower_bound = none,
                             .arena = none,
                             .param = none,
                             .constant = none,
                             .state = none,
                             .copy = none};
  for (uint32_t i = 0; i < p->inplace.count; i++)
    r->by_space[p->flow->storages.data[p->flow->references[p->inplace.data[i].result].storage].space].inplace_count++;
  for (vmo_space_id s = 0; s < p->module->spaces.count; s++) {
    vmo_space_figures *f = &r->by_space[s];
    f->peak_inplace = planned->peaks[s];
    f->lower_bound =
        p->callees_exact ? planned->floors[s] : none; /* what bounds a callee's peak from above bounds nothing
                                                                      from below */
    f->arena = p->layout.arenas[s];
    if (!p->known) f->arena.bytes = -1;
    if (!set_saved(p->module, f)) return false;
    bool used = s == 0 || f->storages > 0 || f->arena.bytes > 0 || (!p->known && f->arena.size != none.size);
    if (!used) continue;
    if (!add_space(r, f) || !vmo_vec_push(r->arena, &r->facts->spaces, *f)) return false;
  }
  return set_saved(p->module, all);
}

static void count_program(recorder *r) {
  const vmo_function *written = r->p->written;
  vmo_plan_facts *facts = r->facts;
  facts->op_count = written->ops.count;
  facts->value_count = written->parameters.count;
  for (uint32_t i = 0; i < written->ops.count; i++) facts->value_count += written->ops.data[i].result_count;
  for (uint32_t i = 1; i < written->regions.count; i++)
    if (written->regions.data[i].op_end > written->regions.data[i].op_first)
      facts->value_count += written->regions.data[i].argument_count;
  for (vmo_storage_id s = 0; s < r->p->written_flow->storages.count; s++)
    if (!r->p->written_flow->storages.data[s].exact && r->p->known) facts->bounded = true;
  if (!r->p->callees_exact || !r->p->written_loads.exact) facts->bounded = true;
}

static vmo_status record_loads(recorder *r) {
  vmo_planning *p = r->p;
  vmo_occupancy occupancy;
  vmo_loads planned;
  vmo_point written_peak;
  vmo_status status = vmo_list_occupants(p, !p->options->results_in_caller, &occupancy);
  if (status == VMO_OK) status = vmo_compute_loads(p->flow, &occupancy, p->known, &planned);
  if (status != VMO_OK) return status;
  if (!planned.exact) r->facts->bounded = true;
  bool ok = list_inits(r) && map_points(r, &written_peak) && keep_planned_loads(r, planned.timeline) &&
            set_peak(r, &p->written_loads, &p->written_occupancy, true, written_peak, &r->facts->peak) &&
            set_peak(r, &planned, &occupancy, false, planned.point, &r->facts->peak_inplace) &&
            finish_figures(r, &planned);
  return ok ? VMO_OK : VMO_OUT_OF_MEMORY;
}

vmo_status vmo_record_facts(vmo_planning *planning) {
  vmo_plan_facts *facts = vmo_alloc_array(planning->context, 1, sizeof *facts);
  recorder r = {.p = planning, .facts = facts, .arena = planning->context->arena};
  vmo_levels levels;
  if (!facts) return VMO_OUT_OF_MEMORY;
  planning->facts = facts;
  facts->module = planning->module;
  facts->written = planning->written;
  facts->planned = planning->function;
  facts->known = planning->known;
  facts->recursive = planning->recursive;
  facts->results_in_caller = planning->options->results_in_caller;
  facts->planner_method = planning->layout.method;
  count_program(&r);
  if (!begin_figures(&r) || !sum_storages(&r) || !list_storages(&r) || !vmo_record_slots(&r) || !list_copies(&r) ||
      !list_dead_values(&r))
    return VMO_OUT_OF_MEMORY;
  vmo_status status = vmo_record_reuse(&r);
  if (status == VMO_OK) status = record_loads(&r);
  if (status == VMO_OK) status = vmo_compute_levels(planning->module, planning->written, &levels);
  if (status != VMO_OK) return status;
  facts->critical_path = levels.critical_path;
  facts->parallel_width = levels.width;
  memcpy(&facts->fused, &planning->fused, sizeof facts->fused);
  memcpy(&facts->alternated, &planning->alternated, sizeof facts->alternated);
  memcpy(&facts->inplace, &planning->inplace, sizeof facts->inplace);
  memcpy(&facts->refused, &planning->refused, sizeof facts->refused);
  bool moved = vmo_vec_move(r.arena, &facts->inplace) && vmo_vec_move(r.arena, &facts->refused) &&
               vmo_vec_move(r.arena, &facts->reuse) && vmo_vec_move(r.arena, &facts->dead);
  return moved ? VMO_OK : VMO_OUT_OF_MEMORY;
}
