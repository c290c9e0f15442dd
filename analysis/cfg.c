/* cfg.c: predecessors, dominators and loops of a flow graph; any control flow.
 *
 * Dominators: K. Cooper, T. Harvey, K. Kennedy, "A Simple, Fast Dominance Algorithm" (2001): intersect along reverse
 * postorder until nothing changes; one round for reducible graphs.
 * Loops: P. Havlak, "Nesting of Reducible and Irreducible Loops" (TOPLAS 1997): headers are taken in reverse preorder;
 * each gathers, through a union-find of what inner loops already gathered, all blocks that reach it backwards. A block
 * that can be entered from outside without passing the header makes the loop irreducible.
 * Almost linear. Depth-first search keeps its own stack. */
#include "analysis/facts.h"

#include <string.h>

typedef struct search {
  vmo_block_id *order; /* blocks in preorder */
  uint32_t *number;    /* preorder number of each block; VMO_NONE: unreachable */
  uint32_t *last;      /* the greatest preorder number in each block's subtree */
  vmo_block_id *post;  /* blocks in postorder */
  uint32_t *post_number;
  uint32_t count;
} search;

static uint32_t block_count(const vmo_flow *flow) { return flow->blocks.count; }

static bool find_predecessors(const vmo_flow *flow, vmo_cfg *cfg) {
  vmo_context *context = flow->memory;
  uint32_t blocks = block_count(flow);
  uint32_t *first = cfg->predecessor_first = vmo_alloc_array(context, (size_t)blocks + 2, sizeof *first);
  cfg->predecessors = vmo_alloc_array(context, (size_t)flow->successors.count + 1, sizeof *cfg->predecessors);
  if (!first || !cfg->predecessors) return false;
  for (uint32_t i = 0; i < flow->successors.count; i++) first[flow->successors.data[i] + 2]++;
  for (uint32_t b = 0; b < blocks; b++) first[b + 2] += first[b + 1];
  for (uint32_t b = 0; b < blocks; b++) {
    const vmo_block *block = &flow->blocks.data[b];
    for (uint32_t i = 0; i < block->successor_count; i++)
      cfg->predecessors[first[flow->successors.data[block->successor_first + i] + 1]++] = b;
  }
  return true; /* filling moved each start one entry down, to where it belongs */
}

static bool allocate_search(const vmo_flow *flow, search *s) {
  vmo_context *context = flow->memory;
  uint32_t blocks = block_count(flow);
  s->order = vmo_alloc_array(context, blocks + 1, sizeof *s->order);
  s->number = vmo_alloc_array(context, blocks + 1, sizeof *s->number);
  s->last = vmo_alloc_array(context, blocks + 1, sizeof *s->last);
  s->post = vmo_alloc_array(context, blocks + 1, sizeof *s->post);
  s->post_number = vmo_alloc_array(context, blocks + 1, sizeof *s->post_number);
  return s->order && s->number && s->last && s->post && s->post_number;
}

static bool search_depth_first(const vmo_flow *flow, search *s) {
  uint32_t blocks = block_count(flow), depth = 0, finished = 0;
  vmo_block_id *stack = vmo_alloc_array(flow->memory, blocks + 1, sizeof *stack);
  uint32_t *next = vmo_alloc_array(flow->memory, blocks + 1, sizeof *next);
  if (!stack || !next) return false;
  for (uint32_t b = 0; b < blocks; b++) s->number[b] = VMO_NONE;
  s->order[s->count] = 0;
  s->number[0] = s->count++;
  stack[depth++] = 0;
  while (depth > 0) {
    vmo_block_id block = stack[depth - 1];
    const vmo_block *b = &flow->blocks.data[block];
    if (next[block] < b->successor_count) {
      vmo_block_id to = flow->successors.data[b->successor_first + next[block]++];
      if (s->number[to] != VMO_NONE) continue;
      s->order[s->count] = to;
      s->number[to] = s->count++;
      stack[depth++] = to;
    } else {
      s->last[block] = s->count - 1;
      s->post_number[block] = finished;
      s->post[finished++] = block;
      depth--;
    }
  }
  return true;
}

static vmo_block_id intersect(const vmo_cfg *cfg, const search *s, vmo_block_id left, vmo_block_id right) {
  while (left != right) {
    while (s->post_number[left] < s->post_number[right]) left = cfg->dominators[left];
    while (s->post_number[right] < s->post_number[left]) right = cfg->dominators[right];
  }
  return left;
}

static bool find_dominators(const vmo_flow *flow, vmo_cfg *cfg, const search *s) {
  uint32_t blocks = block_count(flow);
  cfg->dominators = vmo_alloc_array(flow->memory, blocks + 1, sizeof *cfg->dominators);
  if (!cfg->dominators) return false;
  for (uint32_t b = 0; b < blocks; b++) cfg->dominators[b] = VMO_NONE;
  cfg->dominators[0] = 0;
  for (bool changed = true; changed;) {
    changed = false;
    for (uint32_t i = s->count - 1; i-- > 0;) { /* reverse postorder, without the entry */
      vmo_block_id block = s->post[i], best = VMO_NONE;
      for (uint32_t p = cfg->predecessor_first[block]; p < cfg->predecessor_first[block + 1]; p++) {
        vmo_block_id from = cfg->predecessors[p];
        if (cfg->dominators[from] == VMO_NONE) continue;
        best = best == VMO_NONE ? from : intersect(cfg, s, best, from);
      }
      if (best != cfg->dominators[block]) {
        cfg->dominators[block] = best;
        changed = true;
      }
    }
  }
  return true;
}

/* ---- loops ---- */

/* An edge into an irreducible loop past its header: for the loops around it, one more way to the header. */
typedef struct side_entry {
  vmo_block_id from;
  uint32_t next;
} side_entry;

typedef struct nesting {
  const vmo_flow *flow;
  vmo_cfg *cfg;
  const search *search;
  vmo_block_id *set;    /* union-find over blocks: the header of the outermost loop gathered so far */
  vmo_block_id *header; /* the header around each block; VMO_NONE: none */
  vmo_block_id *body, *work;
  uint32_t *in_body;    /* the header for which a block was gathered last */
  uint32_t *entry_list; /* of each header, entries into its loop elsewhere: into entries; VMO_NONE: none */
  VMO_VEC(side_entry) entries;
  bool failed;
  uint32_t work_count, body_count;
} nesting;

static vmo_block_id find_set(nesting *n, vmo_block_id block) {
  while (n->set[block] != block) {
    n->set[block] = n->set[n->set[block]];
    block = n->set[block];
  }
  return block;
}

static bool is_ancestor(const search *s, vmo_block_id above, vmo_block_id below) {
  return s->number[above] <= s->number[below] && s->number[below] <= s->last[above];
}

static void gather(nesting *n, vmo_block_id header, vmo_block_id block) {
  block = find_set(n, block);
  if (block == header || n->in_body[block] == header) return;
  n->in_body[block] = header;
  n->work[n->work_count++] = n->body[n->body_count++] = block;
}

/* `from` leads into the loop of `header` that is being gathered: part of it, or an entry past the header. */
static void gather_backwards(nesting *n, vmo_block_id header, vmo_block_id from, bool *reducible) {
  if (n->search->number[from] == VMO_NONE) return;
  if (is_ancestor(n->search, header, find_set(n, from))) {
    gather(n, header, from);
    return;
  }
  side_entry entry = {from, n->entry_list[header]};
  n->entry_list[header] = n->entries.count;
  if (!vmo_vec_push(n->flow->memory->arena, &n->entries, entry)) n->failed = true;
  *reducible = false;
}

/* Gathers the loop of `header`; *reducible says whether the header is the only entry. False: there is no back edge. */
static bool gather_loop(nesting *n, vmo_block_id header, bool *reducible) {
  const vmo_cfg *cfg = n->cfg;
  bool found = false;
  n->work_count = n->body_count = 0;
  *reducible = true;
  for (uint32_t p = cfg->predecessor_first[header]; p < cfg->predecessor_first[header + 1]; p++) {
    vmo_block_id from = cfg->predecessors[p];
    if (n->search->number[from] == VMO_NONE || !is_ancestor(n->search, header, from)) continue;
    found = true;
    if (from != header) gather(n, header, from);
  }
  while (n->work_count > 0 && !n->failed) {
    vmo_block_id block = n->work[--n->work_count];
    for (uint32_t p = cfg->predecessor_first[block]; p < cfg->predecessor_first[block + 1]; p++)
      gather_backwards(n, header, cfg->predecessors[p], reducible);
    for (uint32_t e = n->entry_list[block]; e != VMO_NONE && !n->failed; e = n->entries.data[e].next)
      gather_backwards(n, header, n->entries.data[e].from, reducible);
  }
  return found;
}

static bool allocate_nesting(nesting *n) {
  vmo_context *context = n->flow->memory;
  size_t blocks = (size_t)block_count(n->flow) + 1;
  n->set = vmo_alloc_array(context, blocks, sizeof *n->set);
  n->header = vmo_alloc_array(context, blocks, sizeof *n->header);
  n->body = vmo_alloc_array(context, blocks, sizeof *n->body);
  n->work = vmo_alloc_array(context, blocks, sizeof *n->work);
  n->in_body = vmo_alloc_array(context, blocks, sizeof *n->in_body);
  n->entry_list = vmo_alloc_array(context, blocks, sizeof *n->entry_list);
  n->cfg->block_loops = vmo_alloc_array(context, blocks, sizeof *n->cfg->block_loops);
  return n->set && n->header && n->body && n->work && n->in_body && n->entry_list && n->cfg->block_loops;
}

/* Loops were found inner before outer; lists them outer before inner and tells each block its innermost one. */
static bool list_loops(nesting *n, const vmo_block_id *headers, const bool *reducible, uint32_t count) {
  vmo_cfg *cfg = n->cfg;
  uint32_t blocks = block_count(n->flow);
  uint32_t *loop_of = n->work; /* of each header */
  for (uint32_t b = 0; b < blocks; b++) loop_of[b] = VMO_NONE;
  for (uint32_t i = count; i-- > 0;) {
    vmo_block_id around = n->header[headers[i]];
    uint32_t parent = around == VMO_NONE ? VMO_NONE : loop_of[around];
    vmo_loop loop = {.header = headers[i],
                     .parent = parent,
                     .depth = parent == VMO_NONE ? 1 : cfg->loops.data[parent].depth + 1,
                     .first = headers[i],
                     .last = headers[i],
                     .reducible = reducible[i]};
    loop_of[headers[i]] = cfg->loops.count;
    if (!vmo_vec_push(n->flow->memory->arena, &cfg->loops, loop)) return false;
  }
  for (uint32_t b = 0; b < blocks; b++) {
    uint32_t loop = loop_of[b] != VMO_NONE ? loop_of[b] : n->header[b] == VMO_NONE ? VMO_NONE : loop_of[n->header[b]];
    cfg->block_loops[b] = loop;
  }
  return true;
}

/* The span of each loop, and whether it is exactly the blocks in that span. */
static bool measure_loops(const vmo_flow *flow, vmo_cfg *cfg) {
  uint32_t *members = vmo_alloc_array(flow->memory, cfg->loops.count + 1, sizeof *members);
  if (!members) return false;
  for (uint32_t b = 0; b < block_count(flow); b++) {
    uint32_t l = cfg->block_loops[b];
    if (l == VMO_NONE) continue;
    vmo_loop *loop = &cfg->loops.data[l];
    members[l]++;
    if (b < loop->first) loop->first = b;
    if (b > loop->last) loop->last = b;
  }
  for (uint32_t l = cfg->loops.count; l-- > 0;) {
    vmo_loop *loop = &cfg->loops.data[l];
    loop->contiguous = members[l] == loop->last - loop->first + 1;
    if (loop->parent == VMO_NONE) continue;
    vmo_loop *around = &cfg->loops.data[loop->parent];
    members[loop->parent] += members[l];
    if (loop->first < around->first) around->first = loop->first;
    if (loop->last > around->last) around->last = loop->last;
  }
  return true;
}

static bool find_loops(const vmo_flow *flow, vmo_cfg *cfg, const search *s) {
  nesting n = {.flow = flow, .cfg = cfg, .search = s};
  uint32_t blocks = block_count(flow), count = 0;
  vmo_block_id *headers = vmo_alloc_array(flow->memory, blocks + 1, sizeof *headers);
  bool *reducible = vmo_alloc_array(flow->memory, blocks + 1, sizeof *reducible);
  if (!headers || !reducible || !allocate_nesting(&n)) return false;
  for (uint32_t b = 0; b < blocks; b++) {
    n.set[b] = b;
    n.header[b] = n.in_body[b] = n.entry_list[b] = VMO_NONE;
  }
  for (uint32_t i = s->count; i-- > 0;) {
    vmo_block_id header = s->order[i];
    if (!gather_loop(&n, header, &reducible[count])) continue;
    headers[count++] = header;
    for (uint32_t k = 0; k < n.body_count; k++) {
      n.set[n.body[k]] = header;
      n.header[n.body[k]] = header;
    }
  }
  return !n.failed && list_loops(&n, headers, reducible, count) && measure_loops(flow, cfg);
}

vmo_status vmo_compute_cfg(const vmo_flow *flow, vmo_cfg **result) {
  search s = {0};
  vmo_cfg *cfg = vmo_alloc_array(flow->memory, 1, sizeof *cfg);
  if (!cfg || !find_predecessors(flow, cfg) || !allocate_search(flow, &s) || !search_depth_first(flow, &s) ||
      !find_dominators(flow, cfg, &s) || !find_loops(flow, cfg, &s))
    return VMO_OUT_OF_MEMORY;
  *result = cfg;
  return VMO_OK;
}

bool vmo_block_dominates(const vmo_cfg *cfg, vmo_block_id dominator, vmo_block_id block) {
  if (cfg->dominators[block] == VMO_NONE) return false;
  while (block != dominator && cfg->dominators[block] != block) block = cfg->dominators[block];
  return block == dominator;
}

void vmo_dump_cfg(const vmo_flow *flow, const vmo_cfg *cfg, vmo_text *out) {
  for (uint32_t b = 0; b < block_count(flow); b++) {
    const vmo_block *block = &flow->blocks.data[b];
    vmo_text_addf(out, "block %u [%d, %d)", b, block->begin, block->end);
    if (cfg->dominators[b] == VMO_NONE)
      vmo_text_add(out, " unreachable");
    else
      vmo_text_addf(out, " dominator %u", cfg->dominators[b]);
    if (cfg->block_loops[b] != VMO_NONE) vmo_text_addf(out, " loop %u", cfg->block_loops[b]);
    vmo_text_add(out, " ->");
    for (uint32_t i = 0; i < block->successor_count; i++)
      vmo_text_addf(out, " %u", flow->successors.data[block->successor_first + i]);
    vmo_text_add_char(out, '\n');
  }
  for (uint32_t l = 0; l < cfg->loops.count; l++) {
    const vmo_loop *loop = &cfg->loops.data[l];
    vmo_text_addf(out, "loop %u header %u depth %u blocks %u..%u%s%s\n", l, loop->header, loop->depth, loop->first,
                  loop->last, loop->contiguous ? "" : " scattered", loop->reducible ? "" : " irreducible");
  }
}
