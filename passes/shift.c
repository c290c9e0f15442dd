/* shift.c: what a loop hands on from one carried place to the next goes there early, so that its own place is free for the
 * new value.
 *
 *   before:  for ... carry (%x = %a, %y = %b) {        after:  for ... carry (%x = %a, %y = %b) {
 *              %s = neg %x                                       %x.copy = copy %x       into %y's bytes
 *              yield %s, %x                                      %s = neg %x             over %x
 *            }                                                   yield %s, %x.copy
 *                                                              }
 *
 * At the yield both would have to be copied, %s from bytes of its own. The copy may stand before the op that makes the new
 * value when nothing but that op reads %x from there to the yield, and what was in %y is dead by then; longer shifts
 * (%y goes on to %z) go one after the other, the last first. As many bytes are live as before, or fewer: where %s was live,
 * the copy is. Linear. Needs: flow, liveness. Breaks: everything, when it inserted something. */
#include "passes/edit.h"
#include "passes/planning.h"

#include <stdlib.h>

typedef struct shifter {
  vmo_planning *p;
  const vmo_flow *flow;
  uint32_t *move_from;     /* by storage: the move of the yield in hand that reads it, plus 1; 0: none */
  bool *moved_twice;       /* by storage: several do */
  VMO_VEC(uint32_t) chain; /* moves, first to last */
  VMO_VEC(vmo_copy_request) requests;
} shifter;

static const vmo_move *move_at(const shifter *s, uint32_t move) { return &s->flow->moves.data[move]; }

vmo_point vmo_find_read(const vmo_planning *planning, vmo_storage_id storage, vmo_point point) {
  const vmo_storage_accesses *index = planning->accesses;
  uint32_t low = vmo_find_access(planning->flow, index, storage, point), end = index->first[storage + 1];
  for (; low < end; low++) {
    const vmo_access *access = &planning->flow->accesses.data[index->accesses[low]];
    if (access->kind == VMO_ACCESS_READ) return access->op;
  }
  return -1;
}

/* ---- which moves ---- */

bool vmo_makes_over(const vmo_planning *planning, vmo_point index, vmo_value_id made, vmo_storage_id storage) {
  const vmo_function *function = planning->function;
  const vmo_op *op = &function->ops.data[index];
  vmo_buffers rules = {.flow = planning->flow, .summaries = planning->summaries};
  bool reads = false;
  for (uint32_t k = 0; k < op->operand_count; k++) {
    vmo_value_id value = vmo_op_value(function, op, k);
    if (value == VMO_NONE || planning->flow->references[value].storage != storage) continue;
    if (planning->flow->references[value].view) return false;
    if (vmo_check_operand(&rules, index, made - op->result_first, k) != VMO_REFUSED_NOT) return false;
    reads = true;
  }
  return reads;
}

/* The op that makes what the move hands over, in the region of the yield; -1: there is none that could make it in place. */
static vmo_point find_maker(const shifter *s, const vmo_move *move) {
  const vmo_function *function = s->p->function;
  vmo_value_id value = vmo_op_value(function, &function->ops.data[move->op], move->operand);
  if (move->source == VMO_NONE || value == VMO_NONE || s->flow->references[value].view) return -1;
  if (s->moved_twice[move->source] || function->values.data[value].kind != VMO_VALUE_RESULT) return -1;
  vmo_point maker = s->flow->storages.data[move->source].definition;
  if (maker < 0 || s->flow->storages.data[move->source].owner != VMO_OWNER_RESULT) return -1;
  const vmo_op *op = &function->ops.data[maker];
  if (op->region_count > 0 || op->region != function->ops.data[move->op].region) return -1;
  return vmo_makes_over(s->p, maker, value, move->target) ? maker : -1;
}

/* Whether the move of the carried `storage` is one that may go before `maker`: alone, whole, and read afterwards. */
static bool may_go_early(const shifter *s, vmo_storage_id storage) {
  const vmo_function *function = s->p->function;
  if (s->move_from[storage] == 0 || s->moved_twice[storage]) return false;
  const vmo_move *move = move_at(s, s->move_from[storage] - 1);
  vmo_value_id value = vmo_op_value(function, &function->ops.data[move->op], move->operand);
  return !s->flow->references[value].view && vmo_bitset_get(&s->p->liveness->live_accesses, move->access);
}

/* Fills the chain of moves that have to go before `maker` so that the place `storage` is free behind it. */
static bool find_chain(shifter *s, vmo_storage_id storage, vmo_point maker, vmo_point yield) {
  vmo_storage_id first = storage;
  s->chain.count = 0;
  if (vmo_find_read(s->p, storage, maker + 1) != yield) return false;
  for (;;) {
    if (!may_go_early(s, storage)) return false;
    uint32_t move = s->move_from[storage] - 1;
    if (!vmo_vec_push(s->p->scratch->arena, &s->chain, move)) return false;
    storage = move_at(s, move)->target;
    if (storage == first) return false; /* an exchange: each waits for the other */
    vmo_point read = vmo_find_read(s->p, storage, maker);
    if (read >= maker && read < yield) return false;
    if (read != yield) return true;
  }
}

static bool request_chain(shifter *s, vmo_point maker) {
  const vmo_function *function = s->p->function;
  for (uint32_t i = s->chain.count; i-- > 0;) {
    const vmo_move *move = move_at(s, s->chain.data[i]);
    const vmo_op *yield = &function->ops.data[move->op];
    vmo_operand source = function->operands.data[yield->operand_first + move->operand];
    vmo_copy_request request = {.before = (uint32_t)maker,
                                .user = (uint32_t)move->op,
                                .operand = move->operand,
                                .source = source,
                                .type = s->flow->storages.data[move->target].type,
                                .named_after = source.index};
    if (!vmo_vec_push(s->p->scratch->arena, &s->requests, request)) return false;
    s->move_from[move->source] = 0; /* taken */
  }
  return true;
}

/* ---- the yields ---- */

static bool ends_loop(const shifter *s, const vmo_move *move) {
  const vmo_function *function = s->p->function;
  vmo_region_kind kind = function->regions.data[function->ops.data[move->op].region].kind;
  return move->kind == VMO_MOVE_YIELD && (kind == VMO_REGION_FOR || kind == VMO_REGION_DO);
}

/* The moves of one yield, [first, end). */
static bool shift_yield(shifter *s, uint32_t first, uint32_t end) {
  for (uint32_t m = first; m < end; m++) {
    vmo_storage_id source = move_at(s, m)->source;
    if (source == VMO_NONE) continue;
    s->moved_twice[source] = s->move_from[source] != 0;
    s->move_from[source] = m + 1;
  }
  for (uint32_t m = first; m < end; m++) {
    const vmo_move *move = move_at(s, m);
    if (move->source == move->target || !vmo_bitset_get(&s->p->liveness->live_accesses, move->access)) continue;
    vmo_point maker = find_maker(s, move);
    if (maker < 0 || !find_chain(s, move->target, maker, move->op)) continue;
    if (!request_chain(s, maker)) return false;
  }
  for (uint32_t m = first; m < end; m++) {
    if (move_at(s, m)->source == VMO_NONE) continue;
    s->move_from[move_at(s, m)->source] = 0;
    s->moved_twice[move_at(s, m)->source] = false;
  }
  return true;
}

static bool shift_yields(shifter *s) {
  uint32_t count = s->flow->moves.count;
  for (uint32_t first = 0, end; first < count; first = end) {
    for (end = first + 1; end < count && move_at(s, end)->op == move_at(s, first)->op; end++) continue;
    if (ends_loop(s, move_at(s, first)) && !shift_yield(s, first, end)) return false;
  }
  return true;
}

/* ---- the edit ---- */

typedef struct turn { /* a request's place in the order */
  uint32_t before, number;
} turn;

static int compare_turns(const void *left, const void *right) {
  const turn *a = left, *b = right;
  if (a->before != b->before) return a->before < b->before ? -1 : 1;
  return (a->number > b->number) - (a->number < b->number);
}

/* By op, and as they were asked for. */
static bool sort_requests(shifter *s) {
  vmr_arena *arena = s->p->scratch->arena;
  uint32_t count = s->requests.count;
  turn *turns = vmr_arena_alloc_array(arena, count, sizeof *turns);
  vmo_copy_request *sorted = vmr_arena_alloc_array(arena, count, sizeof *sorted);
  if (!turns || !sorted) return false;
  for (uint32_t i = 0; i < count; i++) turns[i] = (turn){s->requests.data[i].before, i};
  qsort(turns, count, sizeof *turns, compare_turns);
  for (uint32_t i = 0; i < count; i++) sorted[i] = s->requests.data[turns[i].number];
  s->requests.data = sorted;
  return true;
}

vmo_status vmo_shift_values(vmo_planning *planning) {
  vmo_context *scratch = planning->scratch;
  shifter s = {.p = planning, .flow = planning->flow};
  s.move_from = vmo_alloc_array(scratch, (size_t)s.flow->storages.count + 1, sizeof *s.move_from);
  s.moved_twice = vmo_alloc_array(scratch, (size_t)s.flow->storages.count + 1, sizeof *s.moved_twice);
  if (!s.move_from || !s.moved_twice || !shift_yields(&s)) return VMO_OUT_OF_MEMORY;
  if (s.requests.count == 0) return VMO_OK;
  if (!sort_requests(&s)) return VMO_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < s.requests.count; i++) {
    vmo_copy_fact fact = {.copy = planning->function->values.count + i,
                          .source = s.requests.data[i].source.index,
                          .reason = VMO_COPY_SHIFT};
    if (!vmo_vec_push(planning->kept->arena, &planning->copies, fact)) return VMO_OUT_OF_MEMORY;
  }
  planning->function =
      vmo_insert_copies(planning->module, planning->function, scratch->arena, s.requests.data, s.requests.count);
  return planning->function ? VMO_OK : VMO_OUT_OF_MEMORY;
}
