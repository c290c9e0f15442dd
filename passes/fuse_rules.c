/* fuse_rules.c: what may be fused, and when it pays.
 *
 * Ways. A value that the result reads at its own index is read in way 0; behind a slice, a pad, a transposition it is read
 * in another way, behind a repetition (a broadcast) by several elements of the result. A value is computed once for each
 * way, so:
 *
 *   an expensive op (exp, div, ...)  joins when it is read in one way that repeats nothing: computed no more often than before
 *   a cheap op (add, mul, ...)       joins when it is read in at most 8 ways, none of which repeats
 *   an op that moves elements        joins when it is read in at most 8 ways
 *
 * Loads. The fused op reads all operands where the last of its ops stood. An operand x that died earlier now lives up to
 * there; what was between, t, is gone. The load must not grow anywhere:
 *
 *   - where other ops that need memory stand between two of the group: the bytes of the x that live longer there are at
 *     most those of the t that lived there
 *   - while the fused op runs: all of its x, and its result unless that is written over one of them, are at most what was
 *     live of x and t at one of the group's last ops that stand directly behind each other. There, what is over an operand
 *     is taken not to have needed bytes: if it did, the load was larger still.
 *
 * Sizes are numbers under the binding, or else the comparison is proven for all dims; scalars are left out. All must lie
 * in one memory space. What the planner makes of it is another thing (pipeline.c compares). The cost of a group is (ops + operands) squared, both
 * bounded. */
#include "passes/fuse.h"

#include <string.h>

static const vmo_op *op_at(const vmo_fuser *fuser, uint32_t op) { return &fuser->function->ops.data[op]; }

static vmo_op_category category_of(const vmo_op *op) { return vmo_op_get_info((vmo_opcode)op->code)->category; }

static const vmo_type *type_of(const vmo_fuser *fuser, vmo_value_id value) {
  return vmo_value_type(fuser->module, fuser->function, value);
}

/* ---- kinds of ops ---- */

typedef enum op_cost { MOVES, CHEAP, EXPENSIVE, NEVER } op_cost;

static op_cost cost_of(const vmo_op *op) {
  switch (op->code) {
  case VMO_OP_fill:
  case VMO_OP_copy: return MOVES;
  case VMO_OP_split: return NEVER;
  case VMO_OP_div:
  case VMO_OP_mod:
  case VMO_OP_pow:
  case VMO_OP_sqrt:
  case VMO_OP_rsqrt:
  case VMO_OP_recip:
  case VMO_OP_exp:
  case VMO_OP_log:
  case VMO_OP_sin:
  case VMO_OP_cos:
  case VMO_OP_tanh:
  case VMO_OP_sigmoid:
  case VMO_OP_gelu: return EXPENSIVE;
  default: break;
  }
  if (category_of(op) == VMO_CATEGORY_SHAPE) return MOVES;
  return category_of(op) == VMO_CATEGORY_ELEMENTWISE ? CHEAP : NEVER;
}

/* Whether a reshape only puts in or takes out axes of one element, so that coordinates stay. */
static bool keeps_axes(const vmo_fuser *fuser, const vmo_op *op) {
  const vmo_type *from = type_of(fuser, vmo_op_value(fuser->function, op, 0)), *to = type_of(fuser, op->result_first);
  const vmo_size_id *shapes = fuser->module->shapes.data;
  vmo_size_id one = vmo_size_constant(fuser->module->sizes, 1);
  uint32_t i = 0, k = 0;
  for (;;) {
    while (i < from->rank && shapes[from->shape_first + i] == one) i++;
    while (k < to->rank && shapes[to->shape_first + k] == one) k++;
    if (i == from->rank || k == to->rank) return i == from->rank && k == to->rank;
    if (shapes[from->shape_first + i++] != shapes[to->shape_first + k++]) return false;
  }
}

static bool is_view(const vmo_fuser *fuser, const vmo_op *op) {
  vmo_size_id offset;
  return vmo_op_is_view(fuser->module, fuser->function, op, 0, &offset);
}

/* No operand comes from another memory space. */
static bool stays_in_space(const vmo_fuser *fuser, const vmo_op *op) {
  vmo_value_id value = vmo_op_value(fuser->function, op, 0);
  return op->code != VMO_OP_copy || value == VMO_NONE ||
         type_of(fuser, value)->space == type_of(fuser, op->result_first)->space;
}

bool vmo_may_end_fusion(const vmo_fuser *fuser, uint32_t index) {
  const vmo_op *op = op_at(fuser, index);
  if (op->result_count != 1 || op->region_count > 0 || op->code == VMO_OP_fill) return false;
  if (category_of(op) == VMO_CATEGORY_REDUCTION) return true;
  return cost_of(op) != NEVER && type_of(fuser, op->result_first)->rank > 0 && !is_view(fuser, op) &&
         stays_in_space(fuser, op);
}

bool vmo_may_join_fusion(const vmo_fuser *fuser, const vmo_fusion *fusion, uint32_t index, vmo_ways ways) {
  const vmo_op *op = op_at(fuser, index);
  const vmo_type *type = type_of(fuser, op->result_first);
  const vmo_type *root = type_of(fuser, op_at(fuser, fusion->ops[0].op)->result_first);
  uint32_t count = (uint32_t)__builtin_popcountll(ways);
  op_cost cost = cost_of(op);
  if (cost == NEVER || type->rank == 0 || type->space != root->space || !stays_in_space(fuser, op)) return false;
  if (op->code == VMO_OP_reshape && !keeps_axes(fuser, op)) return false;
  if (count > VMO_FUSED_WAYS || fusion->reads + count > VMO_FUSED_READS) return false;
  if (cost == EXPENSIVE && count > 1) return false;
  return cost == MOVES || (ways & fusion->repeated) == 0;
}

/* ---- ways ---- */

bool vmo_keeps_index(const vmo_module *module, const vmo_function *function, const vmo_op *op, uint32_t operand) {
  vmo_value_id value = vmo_op_value(function, op, operand);
  if (op->code == VMO_OP_copy || op->code == VMO_OP_reshape) return true;
  return vmo_op_get_info((vmo_opcode)op->code)->category == VMO_CATEGORY_ELEMENTWISE &&
         vmo_value_type(module, function, value)->count == vmo_value_type(module, function, op->result_first)->count;
}

vmo_ways vmo_follow_ways(const vmo_fuser *fuser, vmo_fusion *fusion, const vmo_fused_op *reader, uint32_t operand,
                         bool *full) {
  const vmo_op *op = op_at(fuser, reader->op);
  if (vmo_keeps_index(fuser->module, fuser->function, op, operand)) return reader->ways;
  if (category_of(op) == VMO_CATEGORY_REDUCTION) return reader->ways; /* each element is read once, for one result */
  bool repeats = category_of(op) == VMO_CATEGORY_ELEMENTWISE || op->code == VMO_OP_broadcast || op->code == VMO_OP_fill;
  vmo_ways followed = 0;
  for (uint32_t way = 0; way < fusion->ways; way++) {
    if ((reader->ways >> way & 1) == 0) continue;
    uint32_t next = fusion->ways + (uint32_t)__builtin_popcountll(followed);
    if (next >= 64) {
      *full = true;
      return followed;
    }
    followed |= UINT64_C(1) << next;
    if (repeats || (fusion->repeated >> way & 1)) fusion->repeated |= UINT64_C(1) << next;
  }
  fusion->ways += (uint32_t)__builtin_popcountll(followed);
  return followed;
}

/* ---- sums of bytes ---- */

typedef struct sum {
  vmo_bytes bytes;  /* when all sizes are known */
  vmo_size_id size; /* else; VMO_NONE: too large */
} sum;

static sum nothing(const vmo_fuser *fuser) { return (sum){0, vmo_size_constant(fuser->module->sizes, 0)}; }

static void add(const vmo_fuser *fuser, sum *s, vmo_storage_id storage, int sign) {
  const vmo_storage *added = &fuser->flow->storages.data[storage];
  s->bytes += sign * added->bytes;
  if (fuser->flow->known || s->size == VMO_NONE) return;
  s->size = sign > 0 ? vmo_size_add(fuser->module->sizes, s->size, added->size)
                     : vmo_size_subtract(fuser->module->sizes, s->size, added->size);
}

static bool is_at_most(const vmo_fuser *fuser, const sum *left, const sum *right) {
  if (fuser->flow->known) return left->bytes <= right->bytes;
  if (left->size == VMO_NONE || right->size == VMO_NONE) return false;
  return left->size == right->size || vmo_size_at_least(fuser->module->sizes, right->size, left->size);
}

/* ---- what the group reads and makes ---- */

/* A storage that the group reads from outside or makes, and from where to where it lives for the group's sake. */
typedef struct piece {
  vmo_storage_id storage;
  uint32_t begin, end; /* live as the program was: at ops (begin, end], for what is made in the group [begin, end] */
  bool here;           /* outside: read at the written index alone */
  bool outside;
} piece;

typedef struct pieces {
  vmo_fuser *fuser;
  const vmo_fusion *fusion;
  uint32_t first, root; /* ops */
  uint32_t count;
  piece list[VMO_FUSED_OPS + VMO_FUSED_OPERANDS]; /* the result comes first */
} pieces;

static vmo_storage_id storage_of(const vmo_fuser *fuser, vmo_value_id value) {
  return fuser->flow->references[value].storage;
}

/* The first and the last op of the group that read the value. */
static void find_readers(const pieces *p, vmo_value_id value, piece *made) {
  for (uint32_t i = 0; i < p->fusion->count; i++) {
    const vmo_op *op = op_at(p->fuser, p->fusion->ops[i].op);
    for (uint32_t k = 0; k < op->operand_count; k++) {
      if (vmo_op_value(p->fuser->function, op, k) != value) continue;
      if (made->end < p->fusion->ops[i].op) made->end = p->fusion->ops[i].op;
      if (made->begin > p->fusion->ops[i].op) made->begin = p->fusion->ops[i].op;
    }
  }
}

/* What the group makes; its life ends where it is read last. */
static void list_made(pieces *p) {
  for (uint32_t i = 0; i < p->fusion->count; i++) {
    vmo_value_id value = op_at(p->fuser, p->fusion->ops[i].op)->result_first;
    const vmo_reference *reference = &p->fuser->flow->references[value];
    if (reference->storage == VMO_NONE) continue;
    piece made = {.storage = reference->storage, .begin = p->fusion->ops[i].op, .end = p->fusion->ops[i].op};
    piece read = {.begin = p->root, .end = made.end};
    find_readers(p, value, &read);
    made.end = read.end;
    if (!reference->view) p->list[p->count++] = made;
  }
}

/* Who reads a view reads the storage that it is a view of. */
static void stretch_views(pieces *p) {
  for (uint32_t i = 0; i < p->fusion->count; i++) {
    vmo_value_id value = op_at(p->fuser, p->fusion->ops[i].op)->result_first;
    const vmo_reference *reference = &p->fuser->flow->references[value];
    piece read = {.begin = p->root, .end = 0};
    if (reference->storage == VMO_NONE || !reference->view) continue;
    find_readers(p, value, &read);
    for (uint32_t k = 0; k < p->count; k++)
      if (p->list[k].storage == reference->storage && p->list[k].end < read.end) p->list[k].end = read.end;
  }
}

/* Bytes that the function may neither use for others nor needs to provide: they count at no time. Neither do scalars: the
 * few bytes of those would keep sizes from being compared for all dims. */
static bool is_apart(const vmo_fuser *fuser, const vmo_storage *storage) {
  return storage->owner == VMO_OWNER_CONSTANT || (storage->owner == VMO_OWNER_PARAMETER && !storage->donated) ||
         fuser->module->types.data[storage->type].rank == 0;
}

/* What the group reads from outside, unless it lives on anyway. */
static bool list_outside(pieces *p) {
  const vmo_fuser *fuser = p->fuser;
  uint32_t made = p->count;
  for (uint32_t i = 0; i < p->fusion->operand_count; i++) {
    vmo_value_id value = p->fusion->operands[i].value;
    vmo_storage_id storage = storage_of(fuser, value);
    piece outside = {.storage = storage, .begin = p->root, .outside = true, .here = p->fusion->operands[i].here};
    if (storage == VMO_NONE || is_apart(fuser, &fuser->flow->storages.data[storage])) continue;
    if (vmo_is_live_at(fuser->liveness, storage, (vmo_point)p->root + 1)) continue;
    find_readers(p, value, &outside);
    uint32_t known = made;
    while (known < p->count && p->list[known].storage != storage) known++;
    if (known < p->count) {
      if (p->list[known].begin > outside.begin) p->list[known].begin = outside.begin;
      p->list[known].here = false;
      continue;
    }
    outside.here = outside.here && !fuser->flow->references[value].view;
    p->list[p->count++] = outside;
  }
  for (uint32_t i = 0; i < p->count; i++) /* sums over spaces say nothing */
    if (fuser->flow->storages.data[p->list[i].storage].space != fuser->flow->storages.data[p->list[0].storage].space)
      return false;
  return true;
}

/* ---- between the ops ---- */

/* Between group ops `before` and `next` others stand: x that are kept for longer against t that are no more. */
static bool gap_stays_low(const pieces *p, uint32_t before, uint32_t next) {
  sum longer = nothing(p->fuser), gone = nothing(p->fuser);
  for (uint32_t i = 0; i < p->count; i++) {
    const piece *x = &p->list[i];
    if (!x->outside && x->begin <= before && x->end >= next) add(p->fuser, &gone, x->storage, 1);
    if (x->outside && x->begin <= before && !vmo_is_live_at(p->fuser->liveness, x->storage, (vmo_point)next))
      add(p->fuser, &longer, x->storage, 1);
  }
  return is_at_most(p->fuser, &longer, &gone);
}

/* ---- while the ops run ---- */

static bool same_bytes(const vmo_fuser *fuser, vmo_storage_id left, vmo_storage_id right) {
  return fuser->flow->storages.data[left].size == fuser->flow->storages.data[right].size;
}

/* What was live for the group's sake while its op `at` ran, less a result that may have been over an operand. */
static sum load_before(const pieces *p, uint32_t at) {
  sum load = nothing(p->fuser);
  const piece *result = NULL;
  bool over = false;
  for (uint32_t i = 0; i < p->count; i++) {
    const piece *x = &p->list[i];
    bool live =
        x->outside ? vmo_is_live_at(p->fuser->liveness, x->storage, (vmo_point)at) : x->begin <= at && x->end >= at;
    if (!x->outside && x->begin == at) result = x;
    if (live) add(p->fuser, &load, x->storage, 1);
  }
  for (uint32_t i = 0; result && i < p->count; i++) {
    const piece *x = &p->list[i];
    bool dies = x->outside ? vmo_is_live_at(p->fuser->liveness, x->storage, (vmo_point)at) &&
                                 !vmo_is_live_at(p->fuser->liveness, x->storage, (vmo_point)at + 1)
                           : x->end == at && x != result;
    over = over || (dies && same_bytes(p->fuser, x->storage, result->storage));
  }
  if (over && category_of(op_at(p->fuser, at)) == VMO_CATEGORY_ELEMENTWISE) add(p->fuser, &load, result->storage, -1);
  return load;
}

/* Whether the result is surely written over an operand. */
static bool is_over(const pieces *p) {
  const piece *result = &p->list[0];
  for (uint32_t i = 1; i < p->count; i++) {
    const piece *x = &p->list[i];
    const vmo_storage *storage = &p->fuser->flow->storages.data[x->storage];
    if (!x->outside || !x->here || p->fuser->stretched[x->storage] <= p->root) continue;
    bool own = storage->owner == VMO_OWNER_RESULT || storage->owner == VMO_OWNER_CARRIED || storage->donated;
    vmo_element left = type_of(p->fuser, storage->value)->element;
    vmo_element right = type_of(p->fuser, p->fuser->flow->storages.data[result->storage].value)->element;
    if (own && vmo_element_bytes(left) == vmo_element_bytes(right) && same_bytes(p->fuser, x->storage, result->storage))
      return true;
  }
  return false;
}

static bool runs_low(const pieces *p) {
  sum after = nothing(p->fuser);
  for (uint32_t i = 0; i < p->count; i++)
    if (p->list[i].outside) add(p->fuser, &after, p->list[i].storage, 1);
  if (!is_over(p)) add(p->fuser, &after, p->list[0].storage, 1);
  for (uint32_t i = 0; i < p->fusion->count; i++) {
    uint32_t at = p->fusion->ops[i].op;
    if (i > 0 && p->fuser->busy[p->fusion->ops[i - 1].op] > p->fuser->busy[at + 1]) break; /* others stand between */
    sum before = load_before(p, at);
    if (is_at_most(p->fuser, &after, &before)) return true;
  }
  return false;
}

bool vmo_loads_stay_low(vmo_fuser *fuser, const vmo_fusion *fusion) {
  pieces p = {.fuser = fuser, .fusion = fusion, .first = fusion->ops[fusion->count - 1].op, .root = fusion->ops[0].op};
  list_made(&p);
  stretch_views(&p);
  if (p.count < 2 || !list_outside(&p)) return false; /* nothing that has bytes would go */
  for (uint32_t i = 1; i < fusion->count; i++) {
    uint32_t before = fusion->ops[i].op, next = fusion->ops[i - 1].op;
    if (fuser->busy[next] > fuser->busy[before + 1] && !gap_stays_low(&p, before, next)) return false;
  }
  return runs_low(&p);
}

bool vmo_sum_vanished(const vmo_fuser *fuser, const vmo_fusion *fusion, vmo_fused_fact *fact) {
  vmo_sizes *sizes = fuser->module->sizes;
  fact->amount = (vmo_amount){0, vmo_size_constant(sizes, 0)};
  for (uint32_t i = 1; i < fusion->count; i++) {
    vmo_value_id value = op_at(fuser, fusion->ops[i].op)->result_first;
    const vmo_reference *reference = &fuser->flow->references[value];
    if (reference->storage == VMO_NONE || reference->view) continue;
    const vmo_storage *storage = &fuser->flow->storages.data[reference->storage];
    fact->storage_count++;
    fact->amount.bytes = fact->amount.bytes < 0 || storage->bytes < 0 ? -1 : fact->amount.bytes + storage->bytes;
    fact->amount.size = vmo_size_add(sizes, fact->amount.size, storage->size);
    if (fact->amount.size == VMO_NONE) return false;
  }
  if (fact->amount.bytes >= 0) fact->amount.size = vmo_size_constant(sizes, fact->amount.bytes);
  return fact->amount.size != VMO_NONE;
}
