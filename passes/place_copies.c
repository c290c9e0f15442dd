/* place_copies.c: puts the copies before an op in an order that destroys nothing.
 *
 * A yield assigns in parallel: what one copy overwrites another may still have to read. A copy is placed once nobody
 * still reads its place; when all wait for each other, one source is kept in a temporary (B. Boissinot et al.,
 * "Revisiting Out-of-SSA Translation for Correctness, Code Quality, and Efficiency", CGO 2009, algorithm 1). Linear. */
#include "passes/coalesce.h"

static vmo_operand value_operand(vmo_value_id value) {
  return (vmo_operand){.kind = VMO_OPERAND_VALUE, .index = value};
}

/* Requests a copy of `source` before `op`; returns its value. A literal has no name: `named_after` gives one. */
static vmo_value_id request_copy(vmo_coalescer *c, uint32_t op, uint32_t operand, vmo_operand source, vmo_type_id type,
                                 vmo_value_id named_after, int reason) {
  vmo_planning *p = c->planning;
  vmo_value_id value = p->function->values.count + c->requests.count;
  if (source.kind == VMO_OPERAND_VALUE) named_after = source.index;
  while (named_after != VMO_NONE && named_after >= p->function->values.count) /* a temporary: after what it holds */
    named_after = c->requests.data[named_after - p->function->values.count].named_after;
  vmo_copy_request request = {op, op, operand, source, type, named_after};
  vmo_copy_fact fact = {
      .copy = value, .source = source.kind == VMO_OPERAND_VALUE ? source.index : VMO_NONE, .reason = reason};
  bool ok = vmo_vec_push(p->scratch->arena, &c->requests, request) && vmo_vec_push(p->kept->arena, &p->copies, fact);
  return ok ? value : VMO_NONE;
}

static bool place_copy(vmo_coalescer *c, uint32_t op, vmo_pending_copy *item) {
  vmo_type_id type = c->flow->storages.data[item->target].type;
  vmo_value_id name = c->flow->storages.data[item->target].value;
  vmo_value_id value = request_copy(c, op, item->operand, item->source, type, name, item->reason);
  vmo_merge_record record = {{value, 0}, vmo_place_of(c->flow, item->target)};
  item->done = true;
  return value != VMO_NONE && vmo_vec_push(c->planning->kept->arena, &c->planning->merges, record);
}

/* Breaks a cycle: what `item` reads is kept in a temporary, so that its place may be overwritten. */
static bool place_temporary(vmo_coalescer *c, uint32_t op, vmo_pending_copy *item) {
  vmo_type_id type = c->flow->storages.data[item->target].type;
  vmo_value_id name = c->flow->storages.data[item->target].value;
  vmo_value_id value = request_copy(c, op, VMO_NONE, item->source, type, name, VMO_COPY_CYCLE);
  item->source = value_operand(value);
  item->from = VMO_NONE;
  return value != VMO_NONE;
}

typedef struct waiting_room { /* of the copies before one op, by root */
  uint32_t *readers;          /* copies that still read the place */
  uint32_t *by_place;         /* the copy into it, plus 1; 0: none */
} waiting_room;

/* Copies ready to go are those whose place nobody still reads. */
static bool place_pending(vmo_coalescer *c, uint32_t op, waiting_room *room) {
  uint32_t *readers = room->readers;
  uint32_t count = c->pending.count, left = count, stuck = 0;
  vmo_pending_copy *items = c->pending.data;
  VMO_VEC(uint32_t) ready = {0};
  vmr_arena *arena = c->planning->scratch->arena;
  if (!vmo_vec_reserve(arena, &ready, count)) return false;
  for (uint32_t i = 0; i < count; i++)
    if (items[i].from != VMO_NONE) readers[items[i].from]++;
  for (uint32_t i = 0; i < count; i++)
    if (readers[items[i].into] == 0) ready.data[ready.count++] = i;
  bool ok = true;
  while (left > 0 && ok) {
    vmo_storage_id freed;
    if (ready.count > 0) {
      vmo_pending_copy *item = &items[ready.data[--ready.count]];
      freed = item->from;
      ok = place_copy(c, op, item);
      left--;
    } else {
      while (items[stuck].done || items[stuck].from == VMO_NONE) stuck++;
      freed = items[stuck].from;
      ok = place_temporary(c, op, &items[stuck]);
    }
    if (freed == VMO_NONE || --readers[freed] > 0) continue;
    uint32_t waiting = room->by_place[freed];
    if (waiting > 0 && !items[waiting - 1].done) ready.data[ready.count++] = waiting - 1;
  }
  return ok;
}

static bool add_pending(vmo_coalescer *c, const vmo_move *move, int reason) {
  vmo_planning *p = c->planning;
  const vmo_op *op = &p->function->ops.data[move->op];
  bool immovable = reason == VMO_COPY_SCALAR || reason == VMO_COPY_CONSTANT || reason == VMO_COPY_PARAMETER;
  vmo_pending_copy item = {.operand = move->operand,
                           .source = p->function->operands.data[op->operand_first + move->operand],
                           .from = immovable ? VMO_NONE : vmo_find_buffer(p->buffers, move->source),
                           .target = move->target,
                           .into = vmo_find_buffer(p->buffers, move->target),
                           .reason = reason};
  return vmo_vec_push(p->scratch->arena, &c->pending, item);
}

/* Whether operand `operand` of the op is handed over by one of its moves, those from `*move` on that are before `end`,
 * to a target that is read. Asked for rising operands, which is how moves stand, `*move` is moved on. */
static bool is_handed_over(const vmo_coalescer *c, uint32_t *move, uint32_t end, uint32_t operand) {
  while (*move < end && c->flow->moves.data[*move].operand < operand) ++*move;
  return *move < end && c->flow->moves.data[*move].operand == operand && c->moves[*move].live;
}

/* What the op reads besides (the bounds of a loop, a value for a target that nothing reads) it reads when the copies
 * have been made: if it stands where a copy goes, it is saved first. */
static bool save_other_operands(vmo_coalescer *c, uint32_t index, uint32_t first, uint32_t end,
                                const waiting_room *room) {
  const vmo_planning *p = c->planning;
  const vmo_op *op = &p->function->ops.data[index];
  for (uint32_t k = 0; k < op->operand_count; k++) {
    vmo_value_id value = vmo_op_value(p->function, op, k);
    if (value == VMO_NONE || c->flow->references[value].storage == VMO_NONE) continue;
    if (room->by_place[vmo_find_buffer(p->buffers, c->flow->references[value].storage)] == 0) continue;
    if (is_handed_over(c, &first, end, k)) continue;
    vmo_operand source = p->function->operands.data[op->operand_first + k];
    vmo_type_id type = p->function->values.data[value].type;
    if (request_copy(c, index, k, source, type, value, VMO_COPY_INTERFERENCE) == VMO_NONE) return false;
  }
  return true;
}

static bool copy_forced(vmo_coalescer *c, const vmo_forced_copy *forced) {
  vmo_planning *p = c->planning;
  const vmo_op *op = &p->function->ops.data[forced->op];
  bool call = op->code == VMO_OP_call;
  vmo_type_id type = call ? p->module->functions.data[op->callee]->values.data[forced->operand].type
                          : p->function->values.data[op->result_first].type;
  vmo_operand source = p->function->operands.data[op->operand_first + forced->operand];
  vmo_value_id value = request_copy(c, forced->op, forced->operand, source, type, VMO_NONE, forced->reason);
  uint32_t result = call ? vmo_result_in_parameter(p, op, forced->operand) : 0;
  if (value == VMO_NONE) return false;
  if (result == VMO_NONE) return true;
  vmo_merge_record record = {{value, 0}, {op->result_first + result, 0}};
  return vmo_vec_push(p->kept->arena, &p->merges, record);
}

/* All copies before op `index`, whose moves are [first, end). */
static bool place_op(vmo_coalescer *c, uint32_t index, uint32_t first, uint32_t end, waiting_room *room) {
  for (uint32_t i = 0; i < c->pending.count; i++) room->by_place[c->pending.data[i].into] = i + 1;
  if (!save_other_operands(c, index, first, end, room) || !place_pending(c, index, room)) return false;
  for (uint32_t i = 0; i < c->pending.count; i++) room->by_place[c->pending.data[i].into] = 0;
  return true;
}

bool vmo_place_copies(vmo_coalescer *c) {
  const vmo_planning *p = c->planning;
  uint32_t next_move = 0, next_forced = 0;
  waiting_room room = {.readers = vmo_alloc_array(p->scratch, c->flow->storages.count + 1, sizeof *room.readers),
                       .by_place = vmo_alloc_array(p->scratch, c->flow->storages.count + 1, sizeof *room.by_place)};
  if (!room.readers || !room.by_place) return false;
  for (uint32_t op = 0; op < p->function->ops.count; op++) {
    for (; next_forced < c->forced.count && c->forced.data[next_forced].op == op; next_forced++)
      if (!copy_forced(c, &c->forced.data[next_forced])) return false;
    c->pending.count = 0;
    uint32_t first_move = next_move;
    for (; next_move < c->flow->moves.count && c->flow->moves.data[next_move].op == (vmo_point)op; next_move++)
      if (c->moves[next_move].copy && !add_pending(c, &c->flow->moves.data[next_move], c->moves[next_move].reason))
        return false;
    if (c->pending.count > 0 && !place_op(c, op, first_move, next_move, &room)) return false;
  }
  return true;
}
