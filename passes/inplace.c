/* inplace.c: writes results over operands that die.
 *
 *   before:  %y = mul %x, 2 : f64[N]        %x is read here last
 *   after:   %y = mul %x, 2 : f64[N]        %y has %x's bytes
 *
 * In program order, each result is offered the operands of its op: one whose buffer it already shares (because both go
 * to one carried value), else a donated parameter's bytes, which cost the arena nothing, else the first that fits. What
 * is refused is kept with its reason. Needs: flow, control flow, liveness, accesses, buffers. Keeps all but buffers. */

#include "passes/planning.h"

#define MOST_LISTED 64 /* operands of an op with several results; declared ops overwrite none behind these */

/* An operand that may give its bytes to the result in hand. */
typedef struct candidate {
  vmo_inplace_fact fact;
  vmo_storage_id storage;
  bool whole;      /* it is no view, and all bytes of its storage */
  uint32_t access; /* the op's read of it; VMO_NONE: none by that name */
} candidate;

typedef struct chooser {
  vmo_planning *planning;
  const vmo_flow *flow;
  vmo_next_read *next_reads;
  bool has_donated;           /* some parameter is */
  vmo_byte_liveness *bytes;   /* made when a part is first asked for */
  VMO_VEC(candidate) offered; /* for the result in hand: operands with bytes */
} chooser;

static vmo_storage_id storage_of(const chooser *c, vmo_value_id value) { return c->flow->references[value].storage; }

/* ---- the operands of an op ---- */

static bool add_candidate(chooser *c, vmo_point op, vmo_value_id result, uint32_t operand, vmo_storage_id storage,
                          uint32_t access) {
  const vmo_op *o = &c->flow->function->ops.data[op];
  const vmo_storage *made = &c->flow->storages.data[storage_of(c, result)];
  vmo_value_id value = vmo_op_value(c->flow->function, o, operand);
  bool whole = access == VMO_NONE ? c->flow->references[value].end < 0 : c->flow->accesses.data[access].end < 0;
  bool own = c->flow->storages.data[storage].value == value;
  candidate added = {.storage = storage, .whole = own && whole, .access = access};
  added.fact = (vmo_inplace_fact){
      .op = op,
      .result = result,
      .operand = value,
      .refusal = vmo_check_operand_bytes(c->planning->buffers, op, result - o->result_first, operand, storage, whole),
      .read = -1,
      .other = VMO_NONE,
      .amount = {made->bytes, made->size}};
  return vmo_vec_push(c->planning->scratch->arena, &c->offered, added);
}

/* Offers an operand once. *access is the first of the op's accesses that is no earlier operand's: operands with bytes are
 * read in their order. */
static bool list_operand(chooser *c, vmo_point op, vmo_value_id result, uint32_t operand, uint32_t *access) {
  const vmo_flow *flow = c->flow;
  vmo_value_id value = vmo_op_value(flow->function, &flow->function->ops.data[op], operand);
  if (value == VMO_NONE) return true;
  bool read = *access < flow->op_accesses[op + 1] && flow->accesses.data[*access].value == value &&
              flow->accesses.data[*access].kind == VMO_ACCESS_READ;
  vmo_storage_id storage = read ? flow->members.data[flow->accesses.data[*access].member_first] : storage_of(c, value);
  uint32_t own = read ? (*access)++ : VMO_NONE;
  if (storage == VMO_NONE) return true;
  for (uint32_t i = 0; i < c->offered.count && i < 16; i++)
    if (c->offered.data[i].fact.operand == value) return true;
  return add_candidate(c, op, result, operand, storage, own);
}

/* Of a call with very many arguments and results, each result is offered the first ones and the one that the callee
 * hands back in it: all with all would be quadratic, and the others are refused anyway. */
static bool list_operands(chooser *c, vmo_point op, vmo_value_id result) {
  const vmo_op *o = &c->flow->function->ops.data[op];
  uint32_t listed = o->result_count > 1 && o->operand_count > MOST_LISTED ? MOST_LISTED : o->operand_count;
  uint32_t access = c->flow->op_accesses[op];
  c->offered.count = 0;
  for (uint32_t k = 0; k < listed; k++)
    if (!list_operand(c, op, result, k, &access)) return false;
  if (o->code != VMO_OP_call || !c->planning->summaries[o->callee].planned) return true;
  uint32_t returned = c->planning->summaries[o->callee].result_parameter[result - o->result_first];
  access = c->flow->op_accesses[op + 1];
  return returned == VMO_NONE || returned < listed || list_operand(c, op, result, returned, &access);
}

/* ---- the choice ---- */

static bool is_same_buffer(const chooser *c, const candidate *offer) {
  const vmo_buffers *buffers = c->planning->buffers;
  return vmo_find_buffer(buffers, offer->storage) == vmo_find_buffer(buffers, storage_of(c, offer->fact.result));
}

/* Whether the result's storage shares its buffer with no other. */
static bool is_alone(const chooser *c, vmo_value_id result) {
  vmo_storage_id storage = storage_of(c, result);
  return c->planning->buffers->next[storage] == storage;
}

static bool is_whole_buffer(const chooser *c, const candidate *offer) {
  const vmo_buffers *buffers = c->planning->buffers;
  return (offer->whole && !buffers->has_parts) || vmo_is_whole_buffer(buffers, offer->fact.operand);
}

/* Most operands are refused because they are read later, mostly in the same block: that is seen at once. */
static bool is_read_in_block(const chooser *c, candidate *offer) {
  if (offer->access == VMO_NONE || c->flow->accesses.data[offer->access].end >= 0) return false;
  const vmo_next_read *next = &c->next_reads[offer->access];
  if (next->op < 0 || !is_whole_buffer(c, offer)) return false;
  vmo_blame_read(c->flow, next->op, next->value, VMO_REFUSED_READ_LATER, &offer->fact);
  return true;
}

/* Lets the result have the bytes of the operand; explains when that cannot be done. */
static vmo_status try_operand(chooser *c, candidate *offer, bool *taken) {
  vmo_planning *p = c->planning;
  vmo_inplace_fact *fact = &offer->fact;
  vmo_storage_id result = storage_of(c, fact->result);
  vmo_conflict conflict;
  vmo_status status;
  *taken = false;
  if (is_whole_buffer(c, offer)) {
    if (!is_same_buffer(c, offer) && vmo_explain_read(p->buffers, p->cfg, p->accesses, fact)) return VMO_OK;
    status = vmo_merge_buffers(p->buffers, offer->storage, result, &conflict);
  } else {
    if (!c->bytes) c->bytes = vmo_create_byte_liveness(c->flow, p->cfg, p->accesses);
    if (!c->bytes) return VMO_OUT_OF_MEMORY;
    status = vmo_take_part(p->buffers, c->bytes, fact->operand, result, &conflict);
  }
  *taken = status == VMO_OK && conflict.refusal == VMO_REFUSED_NOT;
  if (status == VMO_OK && !*taken) vmo_explain_conflict(p->buffers, p->cfg, p->accesses, &conflict, fact);
  return status;
}

static bool shares_already(const chooser *c, const candidate *offer) {
  const vmo_buffers *buffers = c->planning->buffers;
  return is_same_buffer(c, offer) && vmo_is_same_place(buffers, offer->fact.operand, offer->fact.result);
}

static bool is_parameter_bytes(const chooser *c, const candidate *offer) {
  const vmo_buffers *buffers = c->planning->buffers;
  vmo_storage_id anchor = buffers->classes[vmo_find_buffer(buffers, offer->storage)].anchor;
  return anchor != VMO_NONE && c->flow->storages.data[anchor].owner == VMO_OWNER_PARAMETER;
}

/* The operands in three rounds of preference; *chosen is the one taken, or VMO_NONE. */
static vmo_status choose_operand(chooser *c, vmo_value_id result, uint32_t *chosen) {
  bool alone = is_alone(c, result); /* it shares with no operand, and will not until one is taken */
  *chosen = VMO_NONE;
  for (int round = alone ? 1 : 0; round < 3; round++) {
    if (round == 1 && alone && !c->has_donated) continue;
    for (uint32_t i = 0; i < c->offered.count; i++) {
      candidate *offer = &c->offered.data[i];
      if (offer->fact.refusal != VMO_REFUSED_NOT) continue;
      if (round == 0 && !shares_already(c, offer)) continue;
      if (round > 0 && !alone && is_same_buffer(c, offer)) { /* other bytes of the buffer that it already has */
        offer->fact.refusal = VMO_REFUSED_SHARED_LIVE;
        offer->fact.other = offer->fact.operand;
        continue;
      }
      if (round == 1 && !is_parameter_bytes(c, offer)) continue;
      bool taken = false;
      if (alone && is_read_in_block(c, offer)) continue;
      vmo_status status = try_operand(c, offer, &taken);
      if (status != VMO_OK) return status;
      if (!taken) continue;
      *chosen = i;
      return VMO_OK;
    }
  }
  return VMO_OK;
}

static vmo_status choose_for_result(chooser *c, vmo_point op, vmo_value_id result) {
  vmo_planning *p = c->planning;
  uint32_t chosen;
  if (!list_operands(c, op, result)) return VMO_OUT_OF_MEMORY;
  vmo_status status = choose_operand(c, result, &chosen);
  if (status != VMO_OK) return status;
  for (uint32_t i = 0; i < c->offered.count; i++) {
    vmo_inplace_fact *fact = &c->offered.data[i].fact;
    if (i != chosen && fact->refusal == VMO_REFUSED_NOT) {
      fact->refusal = VMO_REFUSED_OTHER_CHOSEN;
      fact->other = c->offered.data[chosen].fact.operand;
    }
    bool ok = i == chosen ? vmo_vec_push(p->scratch->arena, &p->inplace, *fact)
                          : vmo_vec_push(p->scratch->arena, &p->refused, *fact);
    if (!ok) return VMO_OUT_OF_MEMORY;
  }
  return VMO_OK;
}

vmo_status vmo_choose_inplace(vmo_planning *planning) {
  chooser c = {.planning = planning, .flow = planning->flow};
  const vmo_function *function = planning->function;
  for (uint32_t i = 0; i < function->parameters.count; i++) c.has_donated |= function->parameters.data[i].donate;
  if (vmo_find_next_reads(c.flow, &c.next_reads) != VMO_OK) return VMO_OUT_OF_MEMORY;
  for (uint32_t op = 0; op < function->ops.count; op++) {
    const vmo_op *o = &function->ops.data[op];
    if (o->inserted || o->region_count > 0) continue;
    for (uint32_t r = 0; r < o->result_count; r++) {
      vmo_storage_id storage = storage_of(&c, o->result_first + r);
      if (c.flow->references[o->result_first + r].view || c.flow->storages.data[storage].owner != VMO_OWNER_RESULT)
        continue;
      vmo_status status = choose_for_result(&c, (vmo_point)op, o->result_first + r);
      if (status != VMO_OK) return status;
    }
  }
  return VMO_OK;
}
