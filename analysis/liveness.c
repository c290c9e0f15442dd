/* liveness.c: where each storage holds bytes that are still to be read; any control flow.
 *
 * One storage at a time, backwards from its reads: a block that reads it before overwriting it has it live on entry;
 * then it is live at the end of each predecessor, and so on up to the writes. Ranges are lists of half-open intervals
 * of ops in block order, so the cost is that of the accesses and of the blocks walked. Two shortcuts keep long lives
 * cheap:
 *
 *   chains   In a chain of blocks, each path from one to the next stays between them. From a block where the storage
 *            is live the walk goes straight to the nearest access before it:   [write] [...] [...] [...] [read]
 *                                                                                    <───────────────
 *   loops    Live on entry to the header of a loop that never overwrites it: live in all of the loop.
 *
 * Where a storage is live in a block without ops and nowhere around it (a carried value that only the end of its loop
 * reads, at the loop's header), its range is the empty one at that place.
 *
 * The walk along uses is that of F. Brandner, B. Boissinot, A. Darte, B. Dupont de Dinechin, F. Rastello, "Computing
 * Liveness Sets for SSA-Form Programs" (2011), per variable; chains and loops are ours. */
#include "analysis/facts.h"

#include <stdlib.h>
#include <string.h>

/* The accesses of the storage in one block. */
typedef struct group {
  vmo_block_id block;
  uint32_t first, end; /* into the storage's list of accesses */
  bool exposed;        /* it is read before it is overwritten */
  bool kills;          /* it is overwritten whole */
} group;

typedef struct walk {
  const vmo_flow *flow;
  const vmo_cfg *cfg;
  vmr_arena *arena;
  vmo_block_id *op_block; /* of each op */
  uint32_t *chain_first;  /* blocks of chain c: [chain_first[c], chain_first[c + 1]) of chain_blocks */
  vmo_block_id *chain_blocks;
  uint32_t *chain_position;                 /* of each block in its chain */
  uint32_t *live_in, *live_out, *loop_live; /* marks: the number of the storage's walk */
  uint32_t mark;
  VMO_VEC(vmo_block_id) work;
  VMO_VEC(group) groups;
  VMO_VEC(vmo_live_range) ranges; /* of the storage in hand, not yet sorted */
  const uint32_t *accesses;       /* of the storage in hand, by op */
  uint32_t access_count;
  vmo_bytes begin, end;      /* only these bytes count; end -1: all */
  vmo_bitset *live_accesses; /* NULL: not wanted */
  bool failed;
} walk;

static const vmo_block *block_at(const walk *w, vmo_block_id block) { return &w->flow->blocks.data[block]; }

static void emit(walk *w, vmo_point begin, vmo_point end) {
  if (begin >= end) return;
  vmo_live_range range = {begin, end};
  if (!vmo_vec_push(w->arena, &w->ranges, range)) w->failed = true;
}

/* ---- what an access means for the bytes in question ---- */

static bool reads(const walk *w, const vmo_access *access) {
  if (access->kind == VMO_ACCESS_ESCAPE) return true;
  if (access->kind != VMO_ACCESS_READ) return false;
  return w->end < 0 || access->end < 0 || (access->begin < w->end && w->begin < access->end);
}

static bool overwrites(const vmo_access *access) {
  return (access->kind == VMO_ACCESS_WHOLE_WRITE || access->kind == VMO_ACCESS_FREE) && access->must &&
         access->member_count == 1;
}

static const vmo_access *access_at(const walk *w, uint32_t index) {
  return &w->flow->accesses.data[w->accesses[index]];
}

/* ---- groups ---- */

static void close_group(walk *w, group g) {
  g.exposed = g.kills = false;
  for (uint32_t i = g.first; i < g.end && !g.kills; i++) {
    if (overwrites(access_at(w, i)))
      g.kills = true;
    else if (reads(w, access_at(w, i)))
      g.exposed = true;
  }
  if (!vmo_vec_push(w->arena, &w->groups, g)) w->failed = true;
}

static void make_groups(walk *w) {
  w->groups.count = 0;
  for (uint32_t i = 0; i < w->access_count;) {
    group g = {.block = w->op_block[access_at(w, i)->op], .first = i};
    while (i < w->access_count && w->op_block[access_at(w, i)->op] == g.block) i++;
    g.end = i;
    close_group(w, g);
  }
}

static const group *group_of(const walk *w, vmo_block_id block) {
  uint32_t low = 0, high = w->groups.count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (w->groups.data[middle].block < block)
      low = middle + 1;
    else
      high = middle;
  }
  return low < w->groups.count && w->groups.data[low].block == block ? &w->groups.data[low] : NULL;
}

/* The first access at or after `op`, as an index into the storage's list. */
static uint32_t first_access_from(const walk *w, vmo_point op) {
  uint32_t low = 0, high = w->access_count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (access_at(w, middle)->op < op)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* ---- the walk ---- */

static void enter(walk *w, vmo_block_id block) { /* live on entry to `block` */
  if (w->live_in[block] == w->mark) return;
  w->live_in[block] = w->mark;
  if (!vmo_vec_push(w->arena, &w->work, block)) w->failed = true;
}

static void leave(walk *w, vmo_block_id block) { /* live at the end of `block` */
  if (w->live_out[block] == w->mark) return;
  w->live_out[block] = w->mark;
  const group *g = group_of(w, block);
  if (g && (g->kills || g->exposed)) return; /* its own ranges follow from its accesses */
  vmo_live_range range = {block_at(w, block)->begin, block_at(w, block)->end}; /* empty for an empty block */
  if (!vmo_vec_push(w->arena, &w->ranges, range)) w->failed = true;
  enter(w, block);
}

/* True when `block` lies in a loop in which the storage is known to be live throughout. */
static bool is_covered(const walk *w, vmo_block_id block) {
  for (uint32_t l = w->cfg->block_loops[block]; l != VMO_NONE; l = w->cfg->loops.data[l].parent)
    if (w->loop_live[l] == w->mark) return true;
  return false;
}

static bool is_overwritten_in(const walk *w, vmo_point begin, vmo_point end) {
  for (uint32_t i = first_access_from(w, begin); i < w->access_count && access_at(w, i)->op < end; i++)
    if (overwrites(access_at(w, i))) return true;
  return false;
}

/* Goes back along the chain of `block` over blocks without accesses; returns where it gets to, or VMO_NONE when the end
 * of an earlier block of the chain was reached, which then is left live. */
static vmo_block_id follow_chain(walk *w, vmo_block_id block) {
  uint32_t position = w->chain_position[block], chain = block_at(w, block)->chain;
  if (chain == VMO_NONE || position == 0) return block;
  const vmo_block_id *blocks = w->chain_blocks + w->chain_first[chain];
  vmo_point start = block_at(w, block)->begin;
  uint32_t before = first_access_from(w, start);
  vmo_point access = before == 0 ? -1 : access_at(w, before - 1)->op;
  uint32_t low = 0, high = position; /* the first block of the chain that begins after the access */
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (block_at(w, blocks[middle])->begin <= access)
      low = middle + 1;
    else
      high = middle;
  }
  vmo_block_id target = blocks[low];
  emit(w, block_at(w, target)->begin, start);
  if (low > 0 && access < block_at(w, blocks[low - 1])->end) {
    emit(w, block_at(w, blocks[low - 1])->end, block_at(w, target)->begin);
    leave(w, blocks[low - 1]);
    return VMO_NONE;
  }
  if (target != block && w->live_in[target] == w->mark) return VMO_NONE;
  w->live_in[target] = w->mark;
  return target;
}

/* When `block` heads a loop that never overwrites the storage: live in all of it; goes on before the loop. */
static bool cover_loop(walk *w, vmo_block_id block) {
  uint32_t l = w->cfg->block_loops[block];
  if (l == VMO_NONE || w->cfg->loops.data[l].header != block) return false;
  const vmo_loop *loop = &w->cfg->loops.data[l];
  vmo_point begin = block_at(w, loop->first)->begin, end = block_at(w, loop->last)->end;
  if (!loop->contiguous || !loop->reducible || is_overwritten_in(w, begin, end)) return false;
  w->loop_live[l] = w->mark;
  emit(w, begin, end);
  for (uint32_t p = w->cfg->predecessor_first[block]; p < w->cfg->predecessor_first[block + 1]; p++) {
    vmo_block_id from = w->cfg->predecessors[p];
    if (from < loop->first || from > loop->last) leave(w, from);
  }
  return true;
}

static void walk_back(walk *w) {
  for (uint32_t i = 0; i < w->groups.count; i++)
    if (w->groups.data[i].exposed) enter(w, w->groups.data[i].block);
  while (w->work.count > 0 && !w->failed) {
    vmo_block_id block = w->work.data[--w->work.count];
    if (is_covered(w, block)) continue;
    block = follow_chain(w, block);
    if (block == VMO_NONE || is_covered(w, block) || cover_loop(w, block)) continue;
    for (uint32_t p = w->cfg->predecessor_first[block]; p < w->cfg->predecessor_first[block + 1]; p++)
      leave(w, w->cfg->predecessors[p]);
  }
}

/* The ranges inside a block with accesses, from its end backwards. */
static void walk_group(walk *w, const group *g) {
  const vmo_block *block = block_at(w, g->block);
  bool live = w->live_out[g->block] == w->mark;
  vmo_point end = block->end;
  for (uint32_t i = g->end; i-- > g->first;) {
    const vmo_access *access = access_at(w, i);
    if (overwrites(access)) {
      vmo_point begin = access->op + (access->after ? 1 : 0);
      if (live)
        emit(w, begin, end);
      else if (!access->after)
        emit(w, access->op, access->op + 1); /* written, never read: it still takes its bytes */
      if (live && w->live_accesses) vmo_bitset_set(w->live_accesses, w->accesses[i]);
      live = false;
    } else if (reads(w, access)) {
      if (!live) end = access->op + 1;
      live = true;
    } else if (access->kind == VMO_ACCESS_READ) {
      continue; /* of other bytes */
    } else if (!live) {
      emit(w, access->op, access->op + 1);
    } else if (w->live_accesses) {
      vmo_bitset_set(w->live_accesses, w->accesses[i]);
    }
  }
  if (live) emit(w, block->begin, end);
}

static int compare_ranges(const void *left, const void *right) {
  const vmo_live_range *a = left, *b = right;
  if (a->begin != b->begin) return a->begin < b->begin ? -1 : 1;
  return (a->end > b->end) - (a->end < b->end);
}

static void merge_ranges(walk *w) {
  uint32_t kept = 0;
  vmo_live_range *ranges = w->ranges.data;
  if (w->ranges.count > 1) qsort(ranges, w->ranges.count, sizeof *ranges, compare_ranges);
  for (uint32_t i = 0; i < w->ranges.count; i++) {
    if (kept > 0 && ranges[i].begin <= ranges[kept - 1].end) {
      if (ranges[i].end > ranges[kept - 1].end) ranges[kept - 1].end = ranges[i].end;
    } else {
      ranges[kept++] = ranges[i];
    }
  }
  w->ranges.count = kept;
}

/* An escaped storage may be read by anyone: it is live in the whole function. */
static bool escapes(const walk *w) {
  for (uint32_t i = 0; i < w->access_count; i++)
    if (access_at(w, i)->kind == VMO_ACCESS_ESCAPE) return true;
  return false;
}

static void walk_storage(walk *w, const uint32_t *accesses, uint32_t count) {
  w->accesses = accesses;
  w->access_count = count;
  w->ranges.count = 0;
  w->mark++;
  make_groups(w);
  if (escapes(w)) {
    emit(w, 0, w->flow->op_count);
    return;
  }
  walk_back(w);
  for (uint32_t i = 0; i < w->groups.count && !w->failed; i++) walk_group(w, &w->groups.data[i]);
  merge_ranges(w);
}

/* ---- set-up ---- */

vmo_status vmo_index_accesses(const vmo_flow *flow, vmo_storage_accesses *index) {
  vmo_context *context = flow->memory;
  uint32_t storages = flow->storages.count;
  index->first = vmo_alloc_array(context, (size_t)storages + 2, sizeof *index->first);
  index->accesses = vmo_alloc_array(context, (size_t)flow->members.count + 1, sizeof *index->accesses);
  if (!index->first || !index->accesses) return VMO_OUT_OF_MEMORY;
  uint32_t *first = index->first;
  for (uint32_t a = 0; a < flow->accesses.count; a++) {
    const vmo_access *access = &flow->accesses.data[a];
    for (uint32_t m = 0; m < access->member_count; m++) first[flow->members.data[access->member_first + m] + 2]++;
  }
  for (uint32_t s = 0; s < storages; s++) first[s + 2] += first[s + 1];
  for (uint32_t a = 0; a < flow->accesses.count; a++) {
    const vmo_access *access = &flow->accesses.data[a];
    for (uint32_t m = 0; m < access->member_count; m++)
      index->accesses[first[flow->members.data[access->member_first + m] + 1]++] = a;
  }
  return VMO_OK;
}

uint32_t vmo_find_access(const vmo_flow *flow, const vmo_storage_accesses *index, vmo_storage_id storage,
                         vmo_point point) {
  uint32_t low = index->first[storage], high = index->first[storage + 1];
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (flow->accesses.data[index->accesses[middle]].op < point)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static bool index_blocks(walk *w) {
  vmo_context *context = w->flow->memory;
  uint32_t blocks = w->flow->blocks.count, chains = 0;
  w->op_block = vmo_alloc(context, (size_t)w->flow->op_count * sizeof *w->op_block);
  w->chain_position = vmo_alloc_array(context, blocks, sizeof *w->chain_position);
  w->chain_blocks = vmo_alloc_array(context, blocks, sizeof *w->chain_blocks);
  if (!w->op_block || !w->chain_position || !w->chain_blocks) return false;
  for (vmo_block_id b = 0; b < blocks; b++) {
    const vmo_block *block = block_at(w, b);
    for (vmo_point op = block->begin; op < block->end; op++) w->op_block[op] = b;
    if (block->chain != VMO_NONE && block->chain >= chains) chains = block->chain + 1;
  }
  w->chain_first = vmo_alloc_array(context, (size_t)chains + 2, sizeof *w->chain_first);
  if (!w->chain_first) return false;
  for (vmo_block_id b = 0; b < blocks; b++)
    if (block_at(w, b)->chain != VMO_NONE) w->chain_first[block_at(w, b)->chain + 2]++;
  for (uint32_t c = 0; c < chains; c++) w->chain_first[c + 2] += w->chain_first[c + 1];
  for (vmo_block_id b = 0; b < blocks; b++) {
    uint32_t chain = block_at(w, b)->chain;
    if (chain != VMO_NONE) w->chain_blocks[w->chain_first[chain + 1]++] = b;
  }
  for (uint32_t c = 0; c < chains; c++)
    for (uint32_t i = w->chain_first[c]; i < w->chain_first[c + 1]; i++)
      w->chain_position[w->chain_blocks[i]] = i - w->chain_first[c];
  return true;
}

static bool begin_walk(walk *w, const vmo_flow *flow, const vmo_cfg *cfg) {
  vmo_context *context = flow->memory;
  *w = (walk){.flow = flow, .cfg = cfg, .arena = context->arena, .end = -1};
  w->live_in = vmo_alloc_array(context, flow->blocks.count, sizeof *w->live_in);
  w->live_out = vmo_alloc_array(context, flow->blocks.count, sizeof *w->live_out);
  w->loop_live = vmo_alloc_array(context, cfg->loops.count + 1, sizeof *w->loop_live);
  return w->live_in && w->live_out && w->loop_live && index_blocks(w);
}

vmo_status vmo_compute_liveness(const vmo_flow *flow, const vmo_cfg *cfg, vmo_liveness **result) {
  vmo_context *context = flow->memory;
  vmo_liveness *liveness = vmo_alloc_array(context, 1, sizeof *liveness);
  vmo_storage_accesses index;
  walk w;
  if (!liveness || !begin_walk(&w, flow, cfg) || vmo_index_accesses(flow, &index) != VMO_OK) return VMO_OUT_OF_MEMORY;
  uint32_t storages = flow->storages.count;
  VMO_VEC(vmo_live_range) all = {0};
  liveness->first = vmo_alloc_array(context, (size_t)storages + 1, sizeof *liveness->first);
  if (!liveness->first || !vmo_bitset_init(context->arena, &liveness->live_accesses, flow->accesses.count))
    return VMO_OUT_OF_MEMORY;
  w.live_accesses = &liveness->live_accesses;
  for (vmo_storage_id s = 0; s < storages; s++) {
    walk_storage(&w, index.accesses + index.first[s], index.first[s + 1] - index.first[s]);
    if (w.failed || !vmo_vec_reserve(context->arena, &all, w.ranges.count)) return VMO_OUT_OF_MEMORY;
    if (w.ranges.count > 0) memcpy(all.data + all.count, w.ranges.data, w.ranges.count * sizeof *all.data);
    all.count += w.ranges.count;
    liveness->first[s + 1] = all.count;
  }
  liveness->ranges = all.data;
  *result = liveness;
  return VMO_OK;
}

struct vmo_byte_liveness {
  walk walk;
  const vmo_storage_accesses *index;
};

vmo_byte_liveness *vmo_create_byte_liveness(const vmo_flow *flow, const vmo_cfg *cfg,
                                            const vmo_storage_accesses *index) {
  vmo_byte_liveness *liveness = vmo_alloc(flow->memory, sizeof *liveness);
  if (!liveness || !begin_walk(&liveness->walk, flow, cfg)) return NULL;
  liveness->index = index;
  return liveness;
}

vmo_status vmo_find_byte_liveness(vmo_byte_liveness *liveness, vmo_storage_id storage, vmo_bytes begin, vmo_bytes end,
                                  const vmo_live_range **ranges, uint32_t *count) {
  walk *w = &liveness->walk;
  uint32_t first = liveness->index->first[storage];
  w->begin = begin;
  w->end = end;
  walk_storage(w, liveness->index->accesses + first, liveness->index->first[storage + 1] - first);
  *ranges = w->ranges.data;
  *count = w->ranges.count;
  return w->failed ? VMO_OUT_OF_MEMORY : VMO_OK;
}

bool vmo_is_live_at(const vmo_liveness *liveness, vmo_storage_id storage, vmo_point point) {
  uint32_t low = liveness->first[storage], high = liveness->first[storage + 1];
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (liveness->ranges[middle].end <= point)
      low = middle + 1;
    else
      high = middle;
  }
  return low < liveness->first[storage + 1] && liveness->ranges[low].begin <= point;
}

void vmo_dump_liveness(const vmo_flow *flow, const vmo_liveness *liveness, vmo_text *out) {
  for (vmo_storage_id s = 0; s < flow->storages.count; s++) {
    vmo_text_addf(out, "storage %u ", s);
    vmo_dump_storage_name(flow, s, out);
    for (uint32_t i = liveness->first[s]; i < liveness->first[s + 1]; i++)
      vmo_text_addf(out, " [%d, %d)", liveness->ranges[i].begin, liveness->ranges[i].end);
    vmo_text_add_char(out, '\n');
  }
}
