/* alternate.c: a loop that would have to copy what it carries back at the end of each trip does two trips in one, so that
 * the carried value goes to and fro between two places; only under -O2.
 *
 *   before:  for ... carry (%x = %p) {                   after:  for ... step 2 carry (%x = %p) {
 *              %y = @stencil %x      another place                 %y = @stencil %x          another place
 *              %y.copy = copy %y     back to %x's                  if there is a next trip
 *              yield %y.copy                                         %y.again = @stencil %y   %x's place, free by now
 *            }                                                     else
 *                                                                    %y.copy = copy %y        in the last trip alone
 *                                                                }
 *
 * Which loops may gain is told from the accesses: a carried array that is read at or after the op which makes its next
 * value, and not at the index that is written alone. Whether they do is told by the plan: the pipeline plans the function
 * as it is and, if there are such loops and copies in them, with this edit, and takes what copies less
 * (vmo_weigh_loop_copies) in an arena that is hardly larger. double_loop.c makes the edit. Linear. Needs: flow, liveness. Breaks: everything, when it edits. */
#include "passes/edit.h"
#include "passes/planning.h"

#include <stdlib.h>

enum { MOST_OPS = 64 }; /* of a body that is doubled */

/* ---- which loops ---- */

static const vmo_region *body_of(const vmo_planning *p, uint32_t loop) {
  return &p->function->regions.data[p->function->ops.data[loop].region_first];
}

/* Whether the bound, if it is a literal, can have a step taken away. */
static bool has_room_below(const vmo_function *function, const vmo_operand *bound, int64_t step) {
  if (bound->kind != VMO_OPERAND_LITERAL) return true;
  const vmo_literal *literal = &function->literals.data[bound->index];
  return !literal->negative || literal->value.bits <= (uint64_t)INT64_MAX - (uint64_t)step;
}

static bool can_be_doubled(const vmo_planning *p, uint32_t loop) {
  const vmo_function *f = p->function;
  const vmo_op *op = &f->ops.data[loop];
  const vmo_region *body = body_of(p, loop);
  int64_t step = vmo_op_integer(p->module, f, op, "step", 1);
  if (body->op_end - body->op_first > MOST_OPS || step > INT64_MAX / 2) return false;
  if (!has_room_below(f, vmo_op_operands(f, op) + 1, step)) return false;
  for (uint32_t i = body->op_first; i < body->op_end; i++) {
    const vmo_op *inner = &f->ops.data[i];
    if (inner->code == VMO_OP_for || inner->code == VMO_OP_while || inner->code == VMO_OP_parallel) return false;
    if (f->regions.data[inner->region].depth + 1 >= VMO_MAX_NESTING) return false;
  }
  const vmo_op *yield = &f->ops.data[body->op_end - 1];
  for (uint32_t k = 0; k < yield->operand_count; k++)
    if (vmo_op_value(f, yield, k) == VMO_NONE) return false;
  return true;
}

/* Whether the next value of something carried cannot be made where the old one is. */
static bool needs_other_place(const vmo_planning *p, const vmo_move *move) {
  const vmo_function *f = p->function;
  vmo_value_id value = vmo_op_value(f, &f->ops.data[move->op], move->operand);
  if (value == VMO_NONE || move->source == VMO_NONE || move->source == move->target) return false;
  if (!vmo_bitset_get(&p->liveness->live_accesses, move->access) || p->flow->references[value].view) return false;
  if (f->values.data[value].kind != VMO_VALUE_RESULT || vmo_value_type(p->module, f, value)->rank == 0) return false;
  vmo_point maker = (vmo_point)f->values.data[value].owner;
  if (f->ops.data[maker].region != f->ops.data[move->op].region) return false;
  vmo_point read = vmo_find_read(p, move->target, maker), later = vmo_find_read(p, move->target, maker + 1);
  if (later >= 0 && later <= move->op) return true;
  return read == maker && !vmo_makes_over(p, maker, value, move->target);
}

/* Whether the loop carries such, by the moves of its yield from number `move` on. */
static bool gains(const vmo_planning *p, uint32_t move) {
  vmo_point yield = p->flow->moves.data[move].op;
  for (; move < p->flow->moves.count && p->flow->moves.data[move].op == yield; move++)
    if (needs_other_place(p, &p->flow->moves.data[move])) return true;
  return false;
}

static int compare_loops(const void *left, const void *right) {
  const vmo_doubled_loop *a = left, *b = right;
  return (a->loop > b->loop) - (a->loop < b->loop);
}

typedef VMO_VEC(vmo_doubled_loop) loop_list;

static bool list_loops(const vmo_planning *p, loop_list *loops) {
  const vmo_function *f = p->function;
  const vmo_move *moves = p->flow->moves.data;
  for (uint32_t m = 0; m < p->flow->moves.count; m++) {
    if ((m > 0 && moves[m].op == moves[m - 1].op) || moves[m].kind != VMO_MOVE_YIELD) continue;
    const vmo_region *region = &f->regions.data[f->ops.data[moves[m].op].region];
    if (region->kind != VMO_REGION_FOR || !gains(p, m) || !can_be_doubled(p, region->owner)) continue;
    if (!vmo_vec_push(p->scratch->arena, loops, ((vmo_doubled_loop){.loop = region->owner}))) return false;
  }
  return true;
}

/* ---- what they copy ---- */

static const vmo_alternated_fact *find_alternated(const vmo_plan_facts *facts, vmo_region_id region) {
  for (uint32_t i = 0; i < facts->alternated.count; i++) {
    const vmo_alternated_fact *fact = &facts->alternated.data[i];
    if (fact->body == region || fact->otherwise == region) return fact;
  }
  return NULL;
}

/* How often a copy in that region is made in two trips of the innermost loop around it. */
static uint32_t count_runs(const vmo_plan_facts *facts, vmo_region_id region) {
  for (; region != VMO_NONE; region = facts->planned->regions.data[region].parent) {
    const vmo_alternated_fact *fact = find_alternated(facts, region);
    if (fact) return fact->body == region ? 1 : 0;
    vmo_region_kind kind = facts->planned->regions.data[region].kind;
    if (kind == VMO_REGION_FOR || kind == VMO_REGION_CONDITION || kind == VMO_REGION_DO) return 2;
  }
  return 0;
}

uint64_t vmo_weigh_loop_copies(const vmo_plan_facts *facts) {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < facts->copies.count; i++) {
    const vmo_copy_fact *copy = &facts->copies.data[i];
    bool array = vmo_value_type(facts->module, facts->planned, copy->copy)->rank > 0;
    uint64_t bytes = facts->known ? (uint64_t)copy->amount.bytes : 1;
    if (array) sum += bytes * count_runs(facts, facts->planned->ops.data[copy->op].region);
  }
  return sum;
}

/* ---- the pass ---- */

static bool record_loops(vmo_planning *p, const vmo_function *before, const loop_list *loops) {
  for (uint32_t i = 0; i < loops->count; i++) {
    const vmo_op *op = &before->ops.data[loops->data[i].loop];
    vmo_alternated_fact fact = {.result = op->result_first,
                                .body = op->region_first,
                                .otherwise = loops->data[i].otherwise,
                                .location = op->location};
    if (!vmo_vec_push(p->context->arena, &p->alternated, fact)) return false;
  }
  return true;
}

vmo_status vmo_alternate_loops(vmo_planning *planning) {
  loop_list loops = {0};
  vmo_function *before = planning->function;
  if (!list_loops(planning, &loops)) return VMO_OUT_OF_MEMORY;
  planning->may_alternate = loops.count > 0;
  planning->unplanned = before;
  if (loops.count == 0 || !planning->alternate) return VMO_OK;
  qsort(loops.data, loops.count, sizeof *loops.data, compare_loops);
  planning->function = vmo_double_loops(planning->module, before, planning->scratch->arena, loops.data, loops.count);
  if (!planning->function || !record_loops(planning, before, &loops)) return VMO_OUT_OF_MEMORY;
  return VMO_OK;
}
