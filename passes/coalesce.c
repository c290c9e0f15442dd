/* coalesce.c: gives the init, argument, yielded value and result of each loop one buffer, and likewise the values of a
 * branch, of the function's results and next states, and of donated arguments; copies where lives interfere.
 *
 *   before:  for ... carry (%a = %x, %b = %y) {          after:  for ... carry (%a = %x, %b = %y) {
 *              ...                                                 ...
 *              yield %b, %a                                        %a.copy = copy %a
 *            }                                                     %b.copy = copy %b          into %a's bytes
 *                                                                  %a.copy.copy = copy %a.copy  into %b's
 *                                                                  yield %b.copy, %a.copy.copy
 *
 * Moves are tried in order of nesting, the innermost first, for those would copy most often. What cannot be merged is
 * copied before the op that hands over; a yield assigns in parallel, so its copies are put in an order in which none
 * destroys what another still reads, with a temporary for each cycle (B. Boissinot et al., "Revisiting Out-of-SSA
 * Translation", CGO 2009, algorithm 1). Needs: flow, liveness. Breaks: everything, when it inserted something. */
#include "passes/coalesce.h"

/* ---- places ---- */

vmo_place vmo_place_of(const vmo_flow *flow, vmo_storage_id storage) {
  const vmo_storage *s = &flow->storages.data[storage];
  return (vmo_place){s->value, s->value == VMO_NONE ? s->position : 0};
}

vmo_storage_id vmo_find_place(const vmo_planning *planning, vmo_place place) {
  const vmo_flow *flow = planning->flow;
  if (place.value != VMO_NONE) return flow->references[place.value].storage;
  uint32_t low = 0, high = flow->moves.count; /* the moves of `return` are the last, results by operand, then states */
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    const vmo_move *move = &flow->moves.data[middle];
    if (move->kind == VMO_MOVE_STATE || (move->kind == VMO_MOVE_RETURN && move->operand >= place.result))
      high = middle;
    else
      low = middle + 1;
  }
  bool found = low < flow->moves.count && flow->moves.data[low].kind == VMO_MOVE_RETURN;
  return found && flow->moves.data[low].operand == place.result ? flow->moves.data[low].target : VMO_NONE;
}

static bool record_merge(vmo_coalescer *c, vmo_storage_id left, vmo_storage_id right) {
  vmo_merge_record record = {vmo_place_of(c->flow, left), vmo_place_of(c->flow, right)};
  return vmo_vec_push(c->planning->kept->arena, &c->planning->merges, record);
}

/* Merges two storages' buffers for good; *merged says whether it could be done. */
static vmo_status try_merge(vmo_coalescer *c, vmo_storage_id left, vmo_storage_id right, bool *merged) {
  vmo_conflict conflict;
  vmo_status status = vmo_merge_buffers(c->planning->buffers, left, right, &conflict);
  *merged = conflict.refusal == VMO_REFUSED_NOT;
  if (status == VMO_OK && *merged && !record_merge(c, left, right)) return VMO_OUT_OF_MEMORY;
  return status;
}

/* ---- what cannot be handed over as it is ---- */

/* Whether the bytes of `value` may become someone else's. */
static vmo_verdict judge_value(const vmo_coalescer *c, vmo_value_id value) {
  vmo_storage_id storage = value == VMO_NONE ? VMO_NONE : c->flow->references[value].storage;
  if (storage == VMO_NONE) return (vmo_verdict){.copy = true, .reason = VMO_COPY_SCALAR};
  const vmo_storage *s = &c->flow->storages.data[storage];
  if (s->owner == VMO_OWNER_CONSTANT) return (vmo_verdict){.copy = true, .reason = VMO_COPY_CONSTANT};
  if (s->owner == VMO_OWNER_PARAMETER && !s->donated) return (vmo_verdict){.copy = true, .reason = VMO_COPY_PARAMETER};
  return (vmo_verdict){.copy = c->flow->references[value].view, .reason = VMO_COPY_VIEW};
}

static vmo_storage_id operand_storage(const vmo_coalescer *c, const vmo_op *op, uint32_t operand) {
  vmo_value_id value = vmo_op_value(c->planning->function, op, operand);
  return value == VMO_NONE ? VMO_NONE : c->flow->references[value].storage;
}

/* Notes which storages a call is passed, and where first. */
static bool note_arguments(vmo_coalescer *c, uint32_t index) {
  const vmo_op *call = &c->planning->function->ops.data[index];
  const vmo_function *callee = c->planning->module->functions.data[call->callee];
  if (!c->passed) c->passed = vmo_alloc_array(c->planning->scratch, c->flow->storages.count + 1, sizeof *c->passed);
  if (!c->passed) return false;
  for (uint32_t k = 0; k < call->operand_count; k++) {
    vmo_storage_id storage = operand_storage(c, call, k);
    if (storage == VMO_NONE) continue;
    vmo_passed *passed = &c->passed[storage];
    if (passed->call != index + 1) *passed = (vmo_passed){.call = index + 1, .first = k};
    if (!callee->parameters.data[k].donate) passed->read = true;
  }
  return true;
}

/* Whether a donated argument is passed again: of several donated ones the first may give its bytes, none when the callee
 * reads them through another parameter too. */
static bool is_passed_twice(const vmo_coalescer *c, const vmo_op *call, uint32_t operand) {
  const vmo_passed *passed = &c->passed[operand_storage(c, call, operand)];
  return passed->first < operand || passed->read;
}

/* ---- donated arguments and destinations ---- */

uint32_t vmo_result_in_parameter(const vmo_planning *p, const vmo_op *call, uint32_t parameter) {
  const vmo_call_summary *summary = &p->summaries[call->callee];
  return summary->planned ? summary->parameter_result[parameter] : VMO_NONE;
}

/* Whether the operand's bytes can be overwritten by the op, result `result` (VMO_NONE: none) taking them. */
static vmo_status try_overwrite(vmo_coalescer *c, uint32_t index, uint32_t operand, uint32_t result, bool *fine) {
  const vmo_planning *p = c->planning;
  const vmo_op *op = &p->function->ops.data[index];
  vmo_storage_id from = c->flow->references[vmo_op_value(p->function, op, operand)].storage;
  *fine = !vmo_is_live_at(p->liveness, from, (vmo_point)index + 1);
  if (!*fine || result == VMO_NONE) return VMO_OK;
  *fine = vmo_check_operand(p->buffers, (vmo_point)index, result, operand) == VMO_REFUSED_NOT &&
          vmo_is_whole_buffer(p->buffers, vmo_op_value(p->function, op, operand));
  if (!*fine) return VMO_OK;
  return try_merge(c, from, c->flow->references[op->result_first + result].storage, fine);
}

static bool force_copy(vmo_coalescer *c, uint32_t index, uint32_t operand, int reason) {
  vmo_planning *p = c->planning;
  vmo_forced_copy forced = {index, operand, reason};
  vmo_bitset_set(&p->buffers->replaced, p->function->ops.data[index].operand_first + operand);
  return vmo_vec_push(p->scratch->arena, &c->forced, forced);
}

/* Whether the operand needs a copy whatever else happens. */
static vmo_verdict judge_operand(const vmo_coalescer *c, const vmo_op *op, uint32_t operand) {
  bool call = op->code == VMO_OP_call;
  vmo_verdict verdict = judge_value(c, vmo_op_value(c->planning->function, op, operand));
  if (verdict.copy && verdict.reason == VMO_COPY_VIEW && !call) verdict.copy = false; /* its base may die here */
  if (!verdict.copy && call && is_passed_twice(c, op, operand))
    verdict = (vmo_verdict){.copy = true, .reason = VMO_COPY_TWICE};
  return verdict;
}

static vmo_status force_operand(vmo_coalescer *c, uint32_t index, uint32_t operand, uint32_t result, int reason) {
  bool fine = true;
  vmo_status status = try_overwrite(c, index, operand, result, &fine);
  if (status != VMO_OK || fine) return status;
  return force_copy(c, index, operand, reason) ? VMO_OK : VMO_OUT_OF_MEMORY;
}

/* Copies that must be are settled first: an operand that a copy replaces does not hinder another. */
static vmo_status force_op(vmo_coalescer *c, uint32_t index) {
  const vmo_planning *p = c->planning;
  const vmo_op *op = &p->function->ops.data[index];
  bool call = op->code == VMO_OP_call;
  if (!call && !vmo_op_is_destination(op)) return VMO_OK;
  const vmo_function *callee = call ? p->module->functions.data[op->callee] : NULL;
  uint32_t count = call ? op->operand_count : 1;
  if (call && !note_arguments(c, index)) return VMO_OUT_OF_MEMORY;
  for (uint32_t k = 0; k < count; k++) {
    if (call && !callee->parameters.data[k].donate) continue;
    vmo_verdict verdict = judge_operand(c, op, k);
    if (verdict.copy && !force_copy(c, index, k, verdict.reason)) return VMO_OUT_OF_MEMORY;
  }
  vmo_status status = VMO_OK;
  for (uint32_t k = 0; k < count && status == VMO_OK; k++) {
    bool replaced = vmo_bitset_get(&p->buffers->replaced, op->operand_first + k);
    if (replaced || (call && !callee->parameters.data[k].donate)) continue;
    status = force_operand(c, index, k, call ? vmo_result_in_parameter(p, op, k) : 0,
                           call ? VMO_COPY_DONATED : VMO_COPY_DESTINATION);
  }
  return status;
}

static vmo_status force_operands(vmo_coalescer *c) {
  vmo_status status = VMO_OK;
  for (uint32_t op = 0; op < c->planning->function->ops.count && status == VMO_OK; op++) status = force_op(c, op);
  return status;
}

/* ---- moves ---- */

static uint32_t depth_of(const vmo_coalescer *c, const vmo_move *move) {
  const vmo_function *function = c->planning->function;
  return function->regions.data[function->ops.data[move->op].region].depth;
}

/* Moves by falling depth, otherwise as they stand (counting sort). NULL: out of memory. */
static uint32_t *order_moves(const vmo_coalescer *c) {
  vmo_context *context = c->planning->scratch;
  uint32_t count = c->flow->moves.count;
  uint32_t *starts = vmo_alloc_array(context, VMO_MAX_NESTING + 3, sizeof *starts);
  uint32_t *order = vmo_alloc_array(context, count + 1, sizeof *order);
  if (!starts || !order) return NULL;
  for (uint32_t m = 0; m < count; m++) starts[VMO_MAX_NESTING + 1 - depth_of(c, &c->flow->moves.data[m])]++;
  for (uint32_t d = 0, sum = 0; d < VMO_MAX_NESTING + 3; d++) {
    uint32_t here = starts[d];
    starts[d] = sum;
    sum += here;
  }
  for (uint32_t m = 0; m < count; m++) order[starts[VMO_MAX_NESTING + 1 - depth_of(c, &c->flow->moves.data[m])]++] = m;
  return order;
}

static bool is_live_move(const vmo_coalescer *c, const vmo_move *move) {
  return move->source != move->target && vmo_bitset_get(&c->planning->liveness->live_accesses, move->access);
}

/* A stream's result that is no value of its own: it lies in the parent's arena, so it is made by a copy. */
static bool leaves_stream(const vmo_coalescer *c, const vmo_move *move) {
  const vmo_function *function = c->planning->function;
  return move->kind == VMO_MOVE_YIELD &&
         function->regions.data[function->ops.data[move->op].region].kind == VMO_REGION_STREAM;
}

/* `last` holds, by storage, the last op (plus 1) that handed it over. */
static vmo_status judge_move(vmo_coalescer *c, const vmo_move *move, vmo_verdict *verdict, uint32_t *last) {
  const vmo_planning *p = c->planning;
  bool merged = false;
  *verdict = judge_value(c, vmo_op_value(p->function, &p->function->ops.data[move->op], move->operand));
  if (verdict->copy) return VMO_OK;
  bool again = last[move->source] == (uint32_t)move->op + 1;
  last[move->source] = (uint32_t)move->op + 1;
  *verdict = (vmo_verdict){.copy = true,
                           .reason = leaves_stream(c, move) ? VMO_COPY_STREAM
                                     : again                ? VMO_COPY_TWICE
                                                            : VMO_COPY_INTERFERENCE};
  if (verdict->reason == VMO_COPY_STREAM) return VMO_OK;
  vmo_status status = try_merge(c, move->source, move->target, &merged);
  verdict->copy = !merged;
  return status;
}

static vmo_status merge_moves(vmo_coalescer *c) {
  vmo_context *context = c->planning->scratch;
  const uint32_t *order = order_moves(c);
  uint32_t *last = vmo_alloc_array(context, c->flow->storages.count + 1, sizeof *last);
  c->moves = vmo_alloc_array(context, c->flow->moves.count + 1, sizeof *c->moves);
  if (!order || !last || !c->moves) return VMO_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < c->flow->moves.count; i++) {
    const vmo_move *move = &c->flow->moves.data[order[i]];
    if (!is_live_move(c, move)) continue;
    vmo_status status = judge_move(c, move, &c->moves[order[i]], last);
    if (status != VMO_OK) return status;
    c->moves[order[i]].live = true;
  }
  return VMO_OK;
}

/* ---- the passes ---- */

static vmo_status create_buffers(vmo_planning *planning) {
  vmo_status status = vmo_create_buffers(planning->flow, planning->liveness, planning->summaries, &planning->buffers);
  if (status != VMO_OK) return status;
  planning->buffers->keep_results_fresh = planning->recursive;
  planning->buffers->alignment = planning->options->alignment ? planning->options->alignment : VMO_DEFAULT_ALIGNMENT;
  planning->buffers->results_apart = planning->called || planning->options->results_in_caller;
  return VMO_OK;
}

vmo_status vmo_coalesce_moves(vmo_planning *planning) {
  vmo_coalescer c = {.planning = planning, .flow = planning->flow};
  vmo_status status = create_buffers(planning);
  if (status == VMO_OK &&
      !vmo_bitset_init(planning->scratch->arena, &planning->buffers->replaced, planning->function->operands.count + 1))
    status = VMO_OUT_OF_MEMORY;
  if (status == VMO_OK) status = force_operands(&c);
  if (status == VMO_OK) status = merge_moves(&c);
  if (status != VMO_OK) return status;
  if (!vmo_place_copies(&c)) return VMO_OUT_OF_MEMORY;
  if (c.requests.count == 0) return VMO_OK;
  planning->function = vmo_insert_copies(planning->module, planning->function, planning->scratch->arena,
                                         c.requests.data, c.requests.count);
  return planning->function ? VMO_OK : VMO_OUT_OF_MEMORY;
}

static vmo_status report_lost_merge(const vmo_planning *planning, const vmo_conflict *conflict) {
  vmo_text text;
  vmo_text_init(&text);
  if (conflict->left != VMO_NONE) vmo_dump_storage_name(planning->flow, conflict->left, &text);
  vmo_text_add(&text, " and ");
  if (conflict->right != VMO_NONE) vmo_dump_storage_name(planning->flow, conflict->right, &text);
  vmo_diag_add(planning->context, VMO_DIAG_INTERNAL, planning->function->location,
               "the copies put into @%s do not free its carried values: %s are live together at op %d",
               vmo_name(planning->module, planning->function->name), text.data ? text.data : "two values",
               conflict->point);
  vmo_text_free(&text);
  return VMO_INTERNAL_ERROR;
}

/* Repeats on the edited function the merges that were found possible before, and those of the copies. */
vmo_status vmo_form_buffers(vmo_planning *planning) {
  if (planning->buffers) return VMO_OK; /* nothing was inserted */
  vmo_status status = create_buffers(planning);
  for (uint32_t i = 0; i < planning->merges.count && status == VMO_OK; i++) {
    const vmo_merge_record *record = &planning->merges.data[i];
    vmo_conflict conflict;
    status = vmo_merge_buffers(planning->buffers, vmo_find_place(planning, record->left),
                               vmo_find_place(planning, record->right), &conflict);
    if (status == VMO_OK && conflict.refusal != VMO_REFUSED_NOT) return report_lost_merge(planning, &conflict);
  }
  return status;
}
