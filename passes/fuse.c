/* fuse.c: chains and trees of elementwise and shape ops become one op with a body; only under -O2.
 *
 *   before:  %t = mul %x, %w : f64[N]            after:  op @f_fused1(%x: f64[N], %w: f64[N]) -> f64[N] {...} do {
 *            %u = add %t, 1.0 : f64[N]                     %t = mul %x, %w : f64[N]
 *            %y = sqrt %u : f64[N]                         ...
 *                                                        %y = @f_fused1 %x, %w : f64[N]
 *
 * From the last op of a group upwards: the op that makes an operand joins when the group alone reads its result, it stands
 * in the same region, and no expensive op is computed more often than before (fuse_rules.c). The fused op stands where the
 * last one stood, so operands may live longer; a group whose load could be larger than before loses its first ops until it
 * is not. Ops are tried from the last to the first, candidates by their place, so that all readers of a value are known
 * when it is asked for.
 *
 * Needs the flow graph and liveness; breaks everything. Groups are bounded, so the cost is linear in the program. */
#include "passes/fuse.h"

enum { MOST_CANDIDATES = 64 };

/* Ops that make operands of the group, not decided on yet. */
typedef struct candidate {
  uint32_t op, reads; /* by the group */
  vmo_ways ways;
} candidate;

typedef struct growth {
  vmo_fuser *fuser;
  vmo_fusion *fusion;
  candidate candidates[MOST_CANDIDATES];
  uint32_t count;
  bool full;
} growth;

/* The op that makes operand `operand` of `op`, if it stands in the same region before it; else VMO_NONE. */
static uint32_t maker_of(const vmo_fuser *fuser, const vmo_op *op, uint32_t operand) {
  vmo_value_id value = vmo_op_value(fuser->function, op, operand);
  if (value == VMO_NONE || fuser->function->values.data[value].kind != VMO_VALUE_RESULT) return VMO_NONE;
  uint32_t maker = fuser->function->values.data[value].owner;
  return fuser->function->ops.data[maker].region == op->region ? maker : VMO_NONE;
}

static candidate *find_candidate(growth *g, uint32_t op) {
  for (uint32_t i = 0; i < g->count; i++)
    if (g->candidates[i].op == op) return &g->candidates[i];
  if (g->count == MOST_CANDIDATES) return NULL;
  g->candidates[g->count] = (candidate){.op = op};
  return &g->candidates[g->count++];
}

static void add_op(growth *g, uint32_t index, vmo_ways ways) {
  const vmo_op *op = &g->fuser->function->ops.data[index];
  vmo_fused_op *added = &g->fusion->ops[g->fusion->count++];
  *added = (vmo_fused_op){index, ways};
  g->fusion->reads += (uint32_t)__builtin_popcountll(ways);
  for (uint32_t k = 0; k < op->operand_count && !g->full; k++) {
    uint32_t maker = maker_of(g->fuser, op, k);
    candidate *c = maker == VMO_NONE ? NULL : find_candidate(g, maker);
    if (!c) {
      g->full = g->full || maker != VMO_NONE;
      continue;
    }
    c->reads++;
    c->ways |= vmo_follow_ways(g->fuser, g->fusion, added, k, &g->full);
  }
}

/* The candidate that stands last in the program; false: none is left. */
static bool take_last(growth *g, candidate *taken) {
  uint32_t last = 0;
  if (g->count == 0) return false;
  for (uint32_t i = 1; i < g->count; i++)
    if (g->candidates[i].op > g->candidates[last].op) last = i;
  *taken = g->candidates[last];
  g->candidates[last] = g->candidates[--g->count];
  return true;
}

static void grow(vmo_fuser *fuser, vmo_fusion *fusion, uint32_t root) {
  growth g = {.fuser = fuser, .fusion = fusion};
  candidate next;
  *fusion = (vmo_fusion){.ways = 1};
  add_op(&g, root, 1);
  while (!g.full && fusion->count < VMO_FUSED_OPS && take_last(&g, &next)) {
    const vmo_op *op = &fuser->function->ops.data[next.op];
    if (op->result_count != 1 || fuser->reads[op->result_first] != next.reads || fuser->groups[next.op] != 0) continue;
    if (vmo_may_join_fusion(fuser, fusion, next.op, next.ways)) add_op(&g, next.op, next.ways);
  }
}

/* ---- taking off what does not help ---- */

static bool is_member(const vmo_fuser *fuser, uint32_t op) { return fuser->groups[op] == fuser->group_count; }

/* A view of something from outside costs nothing as an op of its own. */
static bool is_outer_view(vmo_fuser *fuser, uint32_t index) {
  vmo_size_id offset;
  const vmo_op *op = &fuser->function->ops.data[index];
  uint32_t maker = maker_of(fuser, op, 0);
  return (maker == VMO_NONE || !is_member(fuser, maker)) &&
         vmo_op_is_view(fuser->module, fuser->function, op, 0, &offset);
}

/* From the first op of the program on, so that views of such views go too. */
static void drop_outer_views(vmo_fuser *fuser, vmo_fusion *fusion) {
  for (uint32_t i = fusion->count; i-- > 1;) {
    if (!is_outer_view(fuser, fusion->ops[i].op)) continue;
    fuser->groups[fusion->ops[i].op] = 0;
    for (uint32_t k = i + 1; k < fusion->count; k++) fusion->ops[k - 1] = fusion->ops[k];
    fusion->count--;
  }
}

static bool add_operand(vmo_fusion *fusion, vmo_value_id value, bool here) {
  for (uint32_t i = 0; i < fusion->operand_count; i++) {
    if (fusion->operands[i].value != value) continue;
    fusion->operands[i].here = fusion->operands[i].here && here;
    return true;
  }
  if (fusion->operand_count == VMO_FUSED_OPERANDS) return false;
  fusion->operands[fusion->operand_count++] = (vmo_fused_operand){value, here};
  return true;
}

/* Lists what the group reads from outside, in program order; false: too much. */
static bool list_operands(const vmo_fuser *fuser, vmo_fusion *fusion) {
  fusion->operand_count = 0;
  for (uint32_t i = fusion->count; i-- > 0;) {
    const vmo_op *op = &fuser->function->ops.data[fusion->ops[i].op];
    for (uint32_t k = 0; k < op->operand_count; k++) {
      uint32_t maker = maker_of(fuser, op, k);
      vmo_value_id value = vmo_op_value(fuser->function, op, k);
      if (value == VMO_NONE || (maker != VMO_NONE && is_member(fuser, maker))) continue;
      bool here = fusion->ops[i].ways == 1 && vmo_keeps_index(fuser->module, fuser->function, op, k);
      if (!add_operand(fusion, value, here)) return false;
    }
  }
  return true;
}

/* Takes the first ops off until the rest may be fused; false: nothing is left to fuse. */
static bool settle(vmo_fuser *fuser, vmo_fusion *fusion) {
  for (uint32_t i = 0; i < fusion->count; i++) fuser->groups[fusion->ops[i].op] = fuser->group_count;
  for (;;) {
    drop_outer_views(fuser, fusion);
    if (fusion->count < 2) break;
    if (list_operands(fuser, fusion) && vmo_loads_stay_low(fuser, fusion)) return true;
    fuser->groups[fusion->ops[--fusion->count].op] = 0;
  }
  fuser->groups[fusion->ops[0].op] = 0;
  return false;
}

/* ---- the edit ---- */

typedef struct edits {
  vmo_bitset kept;
  VMO_VEC(vmo_replacement) replacements;
} edits;

/* An operand that is read later than before cannot be overwritten until then. */
static void note_lives(vmo_fuser *fuser, const vmo_fusion *fusion) {
  uint32_t first = fusion->ops[fusion->count - 1].op, root = fusion->ops[0].op;
  for (uint32_t i = 0; i < fusion->operand_count; i++) {
    vmo_storage_id storage = fuser->flow->references[fusion->operands[i].value].storage;
    if (storage == VMO_NONE || vmo_is_live_at(fuser->liveness, storage, (vmo_point)root)) continue;
    if (fuser->stretched[storage] > first) fuser->stretched[storage] = first;
  }
}

static bool record_fusion(vmo_fuser *fuser, const vmo_fusion *fusion, edits *e) {
  vmo_planning *p = fuser->planning;
  vmo_replacement replacement = {.op = fusion->ops[0].op, .operand_count = fusion->operand_count};
  const vmo_op *root = &fuser->function->ops.data[fusion->ops[0].op];
  vmo_fused_fact fact = {.result = root->result_first, .location = root->location, .op_count = fusion->count};
  replacement.callee = vmo_declare_fusion(fuser, fusion);
  replacement.operands =
      vmr_arena_alloc_array(p->scratch->arena, (size_t)fusion->operand_count + 1, sizeof(vmo_operand));
  if (replacement.callee == VMO_NONE || !replacement.operands || !vmo_sum_vanished(fuser, fusion, &fact)) return false;
  fact.declaration = replacement.callee;
  for (uint32_t i = 0; i < fusion->operand_count; i++)
    replacement.operands[i] = (vmo_operand){VMO_OPERAND_VALUE, fusion->operands[i].value, root->location};
  for (uint32_t i = 1; i < fusion->count; i++) vmo_bitset_clear(&e->kept, fusion->ops[i].op);
  note_lives(fuser, fusion);
  return vmo_vec_push(p->scratch->arena, &e->replacements, replacement) &&
         vmo_vec_push(p->context->arena, &p->fused, fact);
}

static void reverse(edits *e, vmo_fused_fact *facts) {
  for (uint32_t i = 0, k = e->replacements.count; i + 1 < k; i++) {
    vmo_replacement swap = e->replacements.data[i];
    vmo_fused_fact fact = facts[i];
    k--;
    e->replacements.data[i] = e->replacements.data[k];
    e->replacements.data[k] = swap;
    facts[i] = facts[k];
    facts[k] = fact;
  }
}

/* ---- the whole ---- */

static bool needs_memory(const vmo_fuser *fuser, const vmo_op *op) {
  vmo_size_id offset;
  if (op->code == VMO_OP_const) return false;
  return op->result_count != 1 || !vmo_op_is_view(fuser->module, fuser->function, op, 0, &offset);
}

static bool begin(vmo_fuser *fuser, edits *e) {
  const vmo_function *f = fuser->function;
  vmr_arena *arena = fuser->planning->scratch->arena;
  fuser->reads = vmr_arena_alloc_array(arena, (size_t)f->values.count + 1, sizeof *fuser->reads);
  fuser->groups = vmr_arena_alloc_array(arena, (size_t)f->ops.count + 1, sizeof *fuser->groups);
  fuser->busy = vmr_arena_alloc_array(arena, (size_t)f->ops.count + 1, sizeof *fuser->busy);
  fuser->stretched = vmr_arena_alloc(arena, ((size_t)fuser->flow->storages.count + 1) * sizeof *fuser->stretched);
  if (!fuser->reads || !fuser->groups || !fuser->busy || !fuser->stretched) return false;
  for (vmo_storage_id s = 0; s < fuser->flow->storages.count; s++) fuser->stretched[s] = VMO_NONE;
  if (!vmo_bitset_init(arena, &e->kept, f->ops.count + 1)) return false;
  for (uint32_t i = 0; i < f->ops.count; i++) {
    const vmo_op *op = &f->ops.data[i];
    fuser->busy[i + 1] = fuser->busy[i] + needs_memory(fuser, op);
    vmo_bitset_set(&e->kept, i);
    for (uint32_t k = 0; k < op->operand_count; k++) {
      vmo_value_id value = vmo_op_value(f, op, k);
      if (value != VMO_NONE) fuser->reads[value]++;
    }
  }
  return true;
}

vmo_status vmo_fuse_ops(vmo_planning *planning) {
  vmo_fuser fuser = {.planning = planning,
                     .module = planning->module,
                     .function = planning->function,
                     .flow = planning->flow,
                     .liveness = planning->liveness};
  vmo_fusion fusion;
  edits e = {0};
  if (!begin(&fuser, &e)) return VMO_OUT_OF_MEMORY;
  for (uint32_t op = fuser.function->ops.count; op-- > 0;) {
    if (fuser.groups[op] != 0 || !vmo_may_end_fusion(&fuser, op)) continue;
    fuser.group_count++;
    grow(&fuser, &fusion, op);
    if (!settle(&fuser, &fusion)) continue;
    if (!record_fusion(&fuser, &fusion, &e)) return VMO_OUT_OF_MEMORY;
  }
  if (e.replacements.count == 0) return VMO_OK;
  reverse(&e, planning->fused.data);
  planning->function = vmo_replace_ops(planning->module, planning->function, planning->scratch->arena, &e.kept,
                                       e.replacements.data, e.replacements.count);
  return planning->function ? VMO_OK : VMO_OUT_OF_MEMORY;
}
