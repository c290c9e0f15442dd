/* flow_builder.h: flow graphs made by hand, for tests of analyses that take any control flow. */
#ifndef VMO_TESTS_FLOW_BUILDER_H
#define VMO_TESTS_FLOW_BUILDER_H

#include "analysis/analysis.h"

typedef struct flow_builder {
  vmo_context *context;
  vmo_flow *flow;
  vmo_point next; /* the op to come */
} flow_builder;

static inline flow_builder begin_flow(uint32_t storages) {
  flow_builder b = {.context = vmo_context_create()};
  assert_non_null(b.context);
  b.flow = vmo_alloc_array(b.context, 1, sizeof *b.flow);
  b.flow->memory = b.context;
  b.flow->module = vmo_module_create(b.context);
  assert_non_null(b.flow->module);
  for (uint32_t s = 0; s < storages; s++) {
    vmo_storage storage = {.owner = VMO_OWNER_CARRIED, .value = VMO_NONE, .definition = -1, .bytes = 8};
    assert_true(vmo_vec_push(b.context->arena, &b.flow->storages, storage));
  }
  return b;
}

/* A block of `ops` ops; every block is a chain of its own. */
static inline void add_block(flow_builder *b, vmo_point ops) {
  vmo_block block = {.begin = b->next, .end = b->next + ops, .chain = VMO_NONE};
  assert_true(vmo_vec_push(b->context->arena, &b->flow->blocks, block));
  b->next += ops;
}

/* Successors are given block by block, in block order. */
static inline void add_successor(flow_builder *b, vmo_block_id from, vmo_block_id to) {
  vmo_block *block = &b->flow->blocks.data[from];
  if (block->successor_count == 0) block->successor_first = b->flow->successors.count;
  assert_int_equal(block->successor_first + block->successor_count, b->flow->successors.count);
  assert_true(vmo_vec_push(b->context->arena, &b->flow->successors, to));
  block->successor_count++;
}

/* Accesses are given in op order. `second` VMO_NONE: one target. */
static inline void add_access(flow_builder *b, vmo_point op, vmo_access_kind kind, vmo_storage_id first,
                              vmo_storage_id second, bool after) {
  vmo_access access = {.op = op,
                       .kind = kind,
                       .must = second == VMO_NONE,
                       .after = after,
                       .member_first = b->flow->members.count,
                       .member_count = second == VMO_NONE ? 1 : 2,
                       .end = -1,
                       .value = VMO_NONE};
  assert_true(vmo_vec_push(b->context->arena, &b->flow->members, first));
  if (second != VMO_NONE) assert_true(vmo_vec_push(b->context->arena, &b->flow->members, second));
  assert_true(vmo_vec_push(b->context->arena, &b->flow->accesses, access));
}

static inline void end_flow(flow_builder *b) {
  vmo_flow *flow = b->flow;
  flow->op_count = b->next;
  flow->op_accesses = vmo_alloc_array(b->context, (size_t)flow->op_count + 1, sizeof *flow->op_accesses);
  flow->op_streams = vmo_alloc_array(b->context, (size_t)flow->op_count + 1, sizeof *flow->op_streams);
  uint32_t next = 0;
  for (vmo_point op = 0; op <= flow->op_count; op++) {
    flow->op_accesses[op] = next;
    while (next < flow->accesses.count && flow->accesses.data[next].op == op) next++;
  }
}

#endif
