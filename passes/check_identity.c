/* check_identity.c: which carried and merged values are always one and the same other value.
 *
 *   %r = for .. carry (%c = %x) { .. yield %c }      %c and %r are %x
 *   %r = if %p { yield %x } else { yield %x }        %r is %x
 *
 * Such a value is handed on without any byte changing, so it may share %x's bytes though %x lives on. Found by sparse
 * copy propagation, the optimistic way: each value that is handed something is first taken to be nothing at all, then
 * the one value that all its sources are, and itself when they differ. A value is looked at again when a source changes,
 * and after MOST_CHANGES it stays itself, which is always right; so the cost is linear in the hand-overs. */
#include "passes/plan_checker.h"

#define MOST_CHANGES 32 /* nested loops that hand on the outermost value change with each level */

static const vmo_op *op_at(const vmo_plan_checker *c, uint32_t index) { return &c->function->ops.data[index]; }

/* ---- hand-overs ---- */

vmo_value_id vmo_first_yield_target(const vmo_plan_checker *c, const vmo_op *yield) {
  const vmo_region *region = &c->function->regions.data[yield->region];
  const vmo_op *owner = op_at(c, region->owner);
  switch (region->kind) {
  case VMO_REGION_FOR: return region->argument_first + 1;
  case VMO_REGION_DO: return c->function->regions.data[owner->region_first].argument_first;
  case VMO_REGION_STREAM: return owner->result_first + c->stream_results[yield->region];
  default: return owner->result_first;
  }
}

static bool add_hand_over(vmo_plan_checker *c, vmo_value_id target, vmo_value_id source) {
  vmo_hand_over added = {target, source};
  return vmo_vec_push(c->arena, &c->hand_overs, added) || vmo_stop_check(c);
}

static bool list_loop(vmo_plan_checker *c, const vmo_op *op) {
  uint32_t skip = op->code == VMO_OP_for ? 1 : 0;
  vmo_value_id first = c->function->regions.data[op->region_first].argument_first + skip;
  for (uint32_t i = 0; i < op->result_count; i++) {
    if (!add_hand_over(c, first + i, vmo_op_value(c->function, op, 2 * skip + i))) return false;
    if (!add_hand_over(c, op->result_first + i, first + i)) return false;
  }
  return true;
}

/* The results of a stream follow those of the one before it. */
static bool list_yield(vmo_plan_checker *c, const vmo_op *op) {
  const vmo_region *region = &c->function->regions.data[op->region];
  const vmo_op *owner = op_at(c, region->owner);
  vmo_value_id first = vmo_first_yield_target(c, op);
  for (uint32_t i = 0; i < op->operand_count; i++)
    if (!add_hand_over(c, first + i, vmo_op_value(c->function, op, i))) return false;
  if (region->kind == VMO_REGION_STREAM && op->region + 1 < owner->region_first + owner->region_count)
    c->stream_results[op->region + 1] = c->stream_results[op->region] + op->operand_count;
  return true;
}

static bool list_hand_overs(vmo_plan_checker *c) {
  for (uint32_t i = 0; i < c->function->ops.count; i++) {
    const vmo_op *op = op_at(c, i);
    bool go_on = true;
    if (op->code == VMO_OP_for || op->code == VMO_OP_while) go_on = list_loop(c, op);
    if (op->code == VMO_OP_parallel) c->stream_results[op->region_first] = 0;
    if (op->code == VMO_OP_yield) go_on = list_yield(c, op);
    if (!go_on) return false;
  }
  return true;
}

/* ---- what they come to ---- */

/* Hand-overs sorted by one of their ends: those of value v are [first[v], first[v + 1]) of `others`. */
typedef struct hand_over_index {
  uint32_t *first;
  vmo_value_id *others;
} hand_over_index;

typedef struct propagation {
  vmo_plan_checker *c;
  vmo_value_id *same; /* per value: VMO_NONE: nothing yet; itself; or the value that it is */
  uint8_t *changes;   /* per value */
  hand_over_index sources, targets;
  VMO_VEC(vmo_value_id) work; /* a source of these has changed */
} propagation;

/* The op that makes a value or has it as a carried argument; VMO_NONE: a parameter. */
static uint32_t find_maker(const vmo_plan_checker *c, vmo_value_id value) {
  const vmo_value *v = &c->function->values.data[value];
  if (v->kind == VMO_VALUE_PARAMETER) return VMO_NONE;
  return v->kind == VMO_VALUE_RESULT ? v->owner : c->function->regions.data[v->owner].owner;
}

/* What `target` gets from a source; VMO_NONE: not known yet. A value that is made within a structured op is not visible
 * behind it, so a result of that op is not taken to be it. */
static vmo_value_id get_source(const propagation *p, vmo_value_id target, vmo_value_id source) {
  if (source == VMO_NONE) return target;
  const vmo_value *t = &p->c->function->values.data[target];
  source = p->same[source];
  if (source == VMO_NONE || t->kind != VMO_VALUE_RESULT) return source;
  uint32_t maker = find_maker(p->c, source);
  return maker != VMO_NONE && maker >= t->owner ? target : source;
}

/* The one value that all sources are which are known and not the target itself; else the target. */
static vmo_value_id meet_sources(const propagation *p, vmo_value_id target) {
  vmo_value_id met = VMO_NONE;
  for (uint32_t i = p->sources.first[target]; i < p->sources.first[target + 1]; i++) {
    vmo_value_id given = p->sources.others[i], source = get_source(p, target, given);
    if (source == VMO_NONE || given == target) continue;
    if (met != VMO_NONE && source != met) return target;
    met = source;
  }
  return met;
}

static bool update(propagation *p, vmo_value_id target) {
  if (p->changes[target] > MOST_CHANGES) return true;
  vmo_value_id met = p->changes[target] == MOST_CHANGES ? target : meet_sources(p, target);
  if (met == p->same[target]) return true;
  p->same[target] = met;
  p->changes[target]++;
  for (uint32_t i = p->targets.first[target]; i < p->targets.first[target + 1]; i++)
    if (!vmo_vec_push(p->c->arena, &p->work, p->targets.others[i])) return vmo_stop_check(p->c);
  return true;
}

static bool sort_hand_overs(vmo_plan_checker *c, bool by_target, hand_over_index *index) {
  uint32_t values = c->function->values.count, count = c->hand_overs.count;
  index->first = vmr_arena_alloc_array(c->arena, (size_t)values + 2, sizeof *index->first);
  index->others = vmr_arena_alloc_array(c->arena, (size_t)count + 1, sizeof *index->others);
  if (!index->first || !index->others) return vmo_stop_check(c);
  for (uint32_t i = 0; i < count; i++) {
    vmo_hand_over h = c->hand_overs.data[i];
    vmo_value_id key = by_target ? h.target : h.source;
    if (key != VMO_NONE) index->first[key + 2]++;
  }
  for (uint32_t v = 2; v < values + 2; v++) index->first[v] += index->first[v - 1];
  for (uint32_t i = 0; i < count; i++) {
    vmo_hand_over h = c->hand_overs.data[i];
    vmo_value_id key = by_target ? h.target : h.source;
    if (key != VMO_NONE) index->others[index->first[key + 1]++] = by_target ? h.source : h.target;
  }
  return true;
}

bool vmo_find_identities(vmo_plan_checker *c) {
  propagation p = {.c = c, .same = c->same};
  uint32_t values = c->function->values.count;
  p.changes = vmr_arena_alloc_array(c->arena, (size_t)values + 1, sizeof *p.changes);
  if (!p.changes) return vmo_stop_check(c);
  if (!list_hand_overs(c) || !sort_hand_overs(c, true, &p.sources) || !sort_hand_overs(c, false, &p.targets))
    return false;
  for (vmo_value_id v = 0; v < values; v++) p.same[v] = p.sources.first[v] == p.sources.first[v + 1] ? v : VMO_NONE;
  for (uint32_t i = 0; i < c->hand_overs.count; i++) {
    if (!update(&p, c->hand_overs.data[i].target)) return false;
    while (p.work.count > 0)
      if (!update(&p, p.work.data[--p.work.count])) return false;
  }
  for (vmo_value_id v = 0; v < values; v++)
    if (p.same[v] == VMO_NONE) p.same[v] = v; /* never reached */
  return true;
}
