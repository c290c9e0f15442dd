/* annotate.c: writes the plan into the function, so that its text carries it.
 *
 *   before:  %y = mul %x, 2 : f64[N]
 *   after:   %y = mul %x, 2 {slot = 0, offset = 0, over = %x} : f64[N]
 *
 * Each value that owns bytes gets its slot and offset; a value in a donated parameter's bytes has none, but the operand
 * it is over, or the parameter. Needs: flow, buffers, the layout. Keeps everything. Linear. */
#include "passes/occupants.h"

typedef struct annotator {
  vmo_planning *planning;
  vmo_plan *plan;
  VMO_VEC(vmo_op_plan) ops;
} annotator;

static const vmo_value_plan no_place = {VMO_NONE, VMO_NONE, VMO_NONE, -1};

/* Where the buffer of `storage` is. */
static bool place_value(annotator *a, vmo_value_id value, vmo_storage_id storage) {
  const vmo_planning *p = a->planning;
  vmo_storage_id root = vmo_find_buffer(p->buffers, storage), anchor = p->buffers->classes[root].anchor;
  vmo_value_plan *plan = &a->plan->values[value];
  plan->slot = p->layout.buffers[root].slot;
  plan->offset = p->layout.buffers[root].offset;
  vmo_bytes part = p->buffers->offsets[storage];
  if (plan->slot != VMO_NONE && part > 0) {
    vmo_size_id offset = vmo_size_constant(p->module->sizes, part);
    plan->offset = offset == VMO_NONE ? VMO_NONE : vmo_size_add(p->module->sizes, plan->offset, offset);
    if (plan->offset == VMO_NONE) return false;
  }
  if (plan->slot != VMO_NONE || anchor == VMO_NONE || part > 0) return true; /* a part: the operand that it is over */
  const vmo_storage *anchored = &p->flow->storages.data[anchor];
  if (anchored->owner == VMO_OWNER_RETURNED)
    plan->result = (int32_t)anchored->position;
  else if (anchored->owner == VMO_OWNER_PARAMETER)
    plan->over = anchored->value;
  return true;
}

static bool place_values(annotator *a) {
  const vmo_flow *flow = a->planning->flow;
  for (vmo_value_id v = 0; v < a->plan->value_count; v++) a->plan->values[v] = no_place;
  for (vmo_storage_id s = 0; s < flow->storages.count; s++) {
    const vmo_storage *storage = &flow->storages.data[s];
    bool owns = storage->owner == VMO_OWNER_RESULT || storage->owner == VMO_OWNER_STATE;
    if (owns && !place_value(a, storage->value, s)) return false;
  }
  for (uint32_t i = 0; i < a->planning->inplace.count; i++) {
    const vmo_inplace_fact *fact = &a->planning->inplace.data[i];
    a->plan->values[fact->result].over = fact->operand;
  }
  return true;
}

/* Workspaces and calls are both in op order. */
static bool place_temporaries(annotator *a) {
  const vmo_planning *p = a->planning;
  uint32_t w = 0, c = 0;
  while (w < p->flow->workspaces.count || c < p->calls.count) {
    bool workspace =
        c == p->calls.count || (w < p->flow->workspaces.count && p->flow->workspaces.data[w].op < p->calls.data[c].op);
    vmo_op_plan op = {.workspace_offset = VMO_NONE};
    if (workspace) {
      op.op = (uint32_t)p->flow->workspaces.data[w].op;
      op.workspace_offset = p->layout.workspaces[w++];
    } else {
      op.op = (uint32_t)p->calls.data[c].op;
      op.callee_first = p->calls.data[c].offset_first;
      op.callee_count = p->callees[p->calls.data[c++].callee].arena_count;
      if (op.callee_count == 0) continue;
    }
    if (!vmo_vec_push(p->context->arena, &a->ops, op)) return false;
  }
  return true;
}

/* Spaces in which a value has a place, which may be an empty one. */
static bool find_used_spaces(const annotator *a, vmo_bitset *used) {
  const vmo_planning *p = a->planning;
  if (!vmo_bitset_init(p->scratch->arena, used, p->module->spaces.count)) return false;
  for (vmo_value_id v = 0; v < a->plan->value_count; v++)
    if (a->plan->values[v].slot != VMO_NONE) vmo_bitset_set(used, vmo_value_type(p->module, p->function, v)->space);
  return true;
}

static bool place_arenas(annotator *a) {
  const vmo_planning *p = a->planning;
  uint32_t spaces = p->module->spaces.count;
  vmo_arena_plan *arenas = vmo_alloc_array(p->context, spaces, sizeof *arenas);
  vmo_bitset used;
  if (!arenas || !find_used_spaces(a, &used)) return false;
  uint32_t count = 0;
  for (vmo_space_id space = 0; space < spaces; space++) {
    vmo_amount bytes = p->layout.arenas[space];
    vmo_arena_plan arena = {space, bytes.size, p->called ? p->call_layout.arenas[space].size : VMO_NONE};
    bool in_calls = p->called && p->call_layout.arenas[space].bytes != 0;
    if (space == 0 || bytes.bytes != 0 || in_calls || vmo_bitset_get(&used, space)) arenas[count++] = arena;
  }
  a->plan->arenas = arenas;
  a->plan->arena_count = count;
  return true;
}

vmo_status vmo_annotate_plan(vmo_planning *planning) {
  vmo_plan *plan = vmo_alloc_array(planning->context, 1, sizeof *plan);
  annotator a = {.planning = planning, .plan = plan};
  if (!plan) return VMO_OUT_OF_MEMORY;
  plan->value_count = planning->function->values.count;
  plan->values = vmo_alloc(planning->context, ((size_t)plan->value_count + 1) * sizeof *plan->values);
  if (!plan->values) return VMO_OUT_OF_MEMORY;
  if (!place_values(&a) || !place_temporaries(&a) || !place_arenas(&a)) return VMO_OUT_OF_MEMORY;
  plan->ops = a.ops.data;
  plan->op_count = a.ops.count;
  plan->callee_offsets = planning->layout.callees;
  plan->callee_offset_count = planning->callee_offset_count;
  plan->alignment = planning->options->alignment ? planning->options->alignment : VMO_DEFAULT_ALIGNMENT;
  plan->results_in_caller = planning->options->results_in_caller;
  planning->function->plan = plan;
  return VMO_OK;
}
