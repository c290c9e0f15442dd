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

typedef struct chooser {
  vmo_planning *planning;
  const vmo_flow *flow;
  vmo_byte_liveness *bytes;        /* made when a part is first asked for */
  VMO_VEC(vmo_inplace_fact) facts; /* of the result in hand, one per operand with bytes */
} chooser;

static vmo_storage_id storage_of(const chooser *c, vmo_value_id value) { return c->flow->references[value].storage; }

static bool add_fact(chooser *c, vmo_point op, vmo_value_id result, uint32_t operand) {
  const vmo_op *o = &c->flow->function->ops.data[op];
  const vmo_storage *made = &c->flow->storages.data[storage_of(c, result)];
  vmo_inplace_fact fact = {.op = op,
                           .result = result,
                           .operand = vmo_op_value(c->flow->function, o, operand),
                           .refusal = vmo_check_operand(c->planning->buffers, op, result - o->result_first, operand),
                           .other = VMO_NONE,
                           .amount = {made->bytes, made->size}};
  return vmo_vec_push(c->planning->scratch->arena, &c->facts, fact);
}

static bool list_operand(chooser *c, vmo_point op, vmo_value_id result, uint32_t operand) {
  vmo_value_id value = vmo_op_value(c->flow->function, &c->flow->function->ops.data[op], operand);
  if (value == VMO_NONE || storage_of(c, value) == VMO_NONE) return true;
  for (uint32_t i = 0; i < c->facts.count && i < 16; i++)
    if (c->facts.data[i].operand == value) return true;
  return add_fact(c, op, result, operand);
}

/* Of a call with very many arguments and results, each result is offered the first ones and the one that the callee
 * hands back in it: all with all would be quadratic, and the others are refused anyway. */
static bool list_operands(chooser *c, vmo_point op, vmo_value_id result) {
  const vmo_op *o = &c->flow->function->ops.data[op];
  uint32_t listed = o->result_count > 1 && o->operand_count > MOST_LISTED ? MOST_LISTED : o->operand_count;
  c->facts.count = 0;
  for (uint32_t k = 0; k < listed; k++)
    if (!list_operand(c, op, result, k)) return false;
  if (o->code != VMO_OP_call || !c->planning->summaries[o->callee].planned) return true;
  uint32_t returned = c->planning->summaries[o->callee].result_parameter[result - o->result_first];
  return returned == VMO_NONE || returned < listed || list_operand(c, op, result, returned);
}

static bool is_same_buffer(const chooser *c, const vmo_inplace_fact *fact) {
  const vmo_buffers *buffers = c->planning->buffers;
  return vmo_find_buffer(buffers, storage_of(c, fact->operand)) ==
         vmo_find_buffer(buffers, storage_of(c, fact->result));
}

/* Lets the result have the bytes of `fact`'s operand; explains when that cannot be done. */
static vmo_status try_operand(chooser *c, vmo_inplace_fact *fact, bool *taken) {
  vmo_planning *p = c->planning;
  vmo_conflict conflict;
  vmo_status status;
  if (vmo_is_whole_buffer(p->buffers, fact->operand)) {
    *taken = false; /* most are refused because they are read later, which is seen without merging anything */
    if (!is_same_buffer(c, fact) && vmo_explain_read(p->buffers, p->cfg, p->accesses, fact)) return VMO_OK;
    status = vmo_merge_buffers(p->buffers, storage_of(c, fact->operand), storage_of(c, fact->result), &conflict);
  } else {
    if (!c->bytes) c->bytes = vmo_create_byte_liveness(c->flow, p->cfg, p->accesses);
    if (!c->bytes) return VMO_OUT_OF_MEMORY;
    status = vmo_take_part(p->buffers, c->bytes, fact->operand, storage_of(c, fact->result), &conflict);
  }
  *taken = status == VMO_OK && conflict.refusal == VMO_REFUSED_NOT;
  if (status == VMO_OK && !*taken) vmo_explain_conflict(p->buffers, p->cfg, p->accesses, &conflict, fact);
  return status;
}

static bool shares_already(const chooser *c, const vmo_inplace_fact *fact) {
  const vmo_buffers *buffers = c->planning->buffers;
  return is_same_buffer(c, fact) && vmo_is_same_place(buffers, fact->operand, fact->result);
}

static bool is_parameter_bytes(const chooser *c, const vmo_inplace_fact *fact) {
  const vmo_buffers *buffers = c->planning->buffers;
  vmo_storage_id anchor = buffers->classes[vmo_find_buffer(buffers, storage_of(c, fact->operand))].anchor;
  return anchor != VMO_NONE && c->flow->storages.data[anchor].owner == VMO_OWNER_PARAMETER;
}

/* The operands in three rounds of preference; *chosen is the one taken, or VMO_NONE. */
static vmo_status choose_operand(chooser *c, uint32_t *chosen) {
  *chosen = VMO_NONE;
  for (int round = 0; round < 3; round++) {
    for (uint32_t i = 0; i < c->facts.count; i++) {
      vmo_inplace_fact *fact = &c->facts.data[i];
      if (fact->refusal != VMO_REFUSED_NOT) continue;
      if (round == 0 && !shares_already(c, fact)) continue;
      if (round > 0 && is_same_buffer(c, fact)) { /* other bytes of the buffer that it already has */
        fact->refusal = VMO_REFUSED_SHARED_LIVE;
        fact->other = fact->operand;
        continue;
      }
      if (round == 1 && !is_parameter_bytes(c, fact)) continue;
      bool taken = false;
      vmo_status status = try_operand(c, fact, &taken);
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
  vmo_status status = choose_operand(c, &chosen);
  if (status != VMO_OK) return status;
  for (uint32_t i = 0; i < c->facts.count; i++) {
    vmo_inplace_fact *fact = &c->facts.data[i];
    if (i != chosen && fact->refusal == VMO_REFUSED_NOT) {
      fact->refusal = VMO_REFUSED_OTHER_CHOSEN;
      fact->other = c->facts.data[chosen].operand;
    }
    bool ok = i == chosen ? vmo_vec_push(p->context->arena, &p->inplace, *fact)
                          : vmo_vec_push(p->context->arena, &p->refused, *fact);
    if (!ok) return VMO_OUT_OF_MEMORY;
  }
  return VMO_OK;
}

vmo_status vmo_choose_inplace(vmo_planning *planning) {
  chooser c = {.planning = planning, .flow = planning->flow};
  const vmo_function *function = planning->function;
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
