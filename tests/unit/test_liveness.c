/* test_liveness.c: control flow and liveness on graphs made by hand, and on random ones against the textbook's data-flow
 * equations, solved by iteration over bits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "analysis/analysis.h"
#include "tests/unit/flow_builder.h"

static vmo_liveness *live(const flow_builder *b, vmo_cfg **cfg) {
  vmo_cfg *computed;
  vmo_liveness *liveness;
  assert_int_equal(vmo_compute_cfg(b->flow, &computed), VMO_OK);
  assert_int_equal(vmo_compute_liveness(b->flow, computed, &liveness), VMO_OK);
  if (cfg) *cfg = computed;
  return liveness;
}

static void expect_ranges(const vmo_liveness *l, vmo_storage_id storage, const char *expected) {
  char text[256] = "";
  for (uint32_t i = l->first[storage]; i < l->first[storage + 1]; i++)
    sprintf(text + strlen(text), "[%d,%d)", l->ranges[i].begin, l->ranges[i].end);
  assert_string_equal(text, expected);
}

static void straight_line_from_write_to_last_read(void **state) {
  (void)state;
  flow_builder b = begin_flow(3);
  add_block(&b, 5);
  add_access(&b, 0, VMO_ACCESS_WHOLE_WRITE, 0, VMO_NONE, false);
  add_access(&b, 1, VMO_ACCESS_READ, 0, VMO_NONE, false);
  add_access(&b, 1, VMO_ACCESS_WHOLE_WRITE, 1, VMO_NONE, true);  /* a hand-over: live when the op is over */
  add_access(&b, 2, VMO_ACCESS_WHOLE_WRITE, 2, VMO_NONE, false); /* never read: it still takes its bytes there */
  add_access(&b, 3, VMO_ACCESS_READ, 1, VMO_NONE, false);
  end_flow(&b);
  vmo_liveness *l = live(&b, NULL);
  expect_ranges(l, 0, "[0,2)");
  expect_ranges(l, 1, "[2,4)");
  expect_ranges(l, 2, "[2,3)");
  assert_true(vmo_is_live_at(l, 0, 1));
  assert_false(vmo_is_live_at(l, 0, 2));
  vmo_context_destroy(b.context);
}

static void a_next_read_is_in_the_block_and_of_the_same_bytes(void **state) {
  (void)state;
  flow_builder b = begin_flow(2);
  add_block(&b, 5);
  add_block(&b, 2);
  add_successor(&b, 0, 1);
  add_access(&b, 0, VMO_ACCESS_READ, 0, VMO_NONE, false);
  add_access(&b, 0, VMO_ACCESS_READ, 0, VMO_NONE, false); /* the same op is not later */
  add_access(&b, 1, VMO_ACCESS_READ, 1, VMO_NONE, false);
  add_access(&b, 2, VMO_ACCESS_READ, 0, VMO_NONE, false);
  add_access(&b, 3, VMO_ACCESS_WHOLE_WRITE, 0, VMO_NONE, false);
  add_access(&b, 4, VMO_ACCESS_READ, 0, VMO_NONE, false);
  add_access(&b, 5, VMO_ACCESS_READ, 1, VMO_NONE, false);
  add_access(&b, 6, VMO_ACCESS_READ, 0, VMO_NONE, false);
  end_flow(&b);
  static const vmo_point expected[] = {2, 2, -1, -1, -1, -1, -1, -1};
  vmo_next_read *reads;
  assert_int_equal(vmo_find_next_reads(b.flow, &reads), VMO_OK);
  for (int i = 0; i < 8; i++)
    if (i != 4) assert_int_equal(reads[i].op, expected[i]);
  vmo_context_destroy(b.context);
}

static void branch_live_only_where_it_is_read(void **state) {
  (void)state;
  flow_builder b = begin_flow(1);
  for (int i = 0; i < 4; i++) add_block(&b, 2); /* 0 -> 1 | 2 -> 3 */
  add_successor(&b, 0, 1);
  add_successor(&b, 0, 2);
  add_successor(&b, 1, 3);
  add_successor(&b, 2, 3);
  add_access(&b, 0, VMO_ACCESS_WHOLE_WRITE, 0, VMO_NONE, false);
  add_access(&b, 4, VMO_ACCESS_READ, 0, VMO_NONE, false);
  end_flow(&b);
  expect_ranges(live(&b, NULL), 0, "[0,2)[4,5)");
  vmo_context_destroy(b.context);
}

static void a_loop_keeps_what_it_reads_from_outside(void **state) {
  (void)state;
  flow_builder b = begin_flow(2);
  add_block(&b, 2); /* 0 -> 1 (header) -> 2 (body) -> 1, 1 -> 3 */
  add_block(&b, 0);
  add_block(&b, 4);
  add_block(&b, 1);
  add_successor(&b, 0, 1);
  add_successor(&b, 1, 2);
  add_successor(&b, 1, 3);
  add_successor(&b, 2, 1);
  add_access(&b, 0, VMO_ACCESS_WHOLE_WRITE, 0, VMO_NONE, false);
  add_access(&b, 1, VMO_ACCESS_WHOLE_WRITE, 1, VMO_NONE, true);
  add_access(&b, 2, VMO_ACCESS_READ, 0, VMO_NONE, false);
  add_access(&b, 3, VMO_ACCESS_READ, 1, VMO_NONE, false);
  add_access(&b, 5, VMO_ACCESS_WHOLE_WRITE, 1, VMO_NONE, true);
  end_flow(&b);
  vmo_cfg *cfg;
  vmo_liveness *l = live(&b, &cfg);
  expect_ranges(l, 0, "[0,6)");
  expect_ranges(l, 1, "[2,4)"); /* carried: dead from its last read to the end of the iteration */
  assert_int_equal(cfg->loops.count, 1);
  assert_int_equal(cfg->loops.data[0].header, 1);
  assert_true(cfg->loops.data[0].reducible && cfg->loops.data[0].contiguous);
  assert_int_equal(cfg->dominators[3], 1);
  vmo_context_destroy(b.context);
}

/* 0 -> 1 | 2, 1 <-> 2, 2 -> 3: a loop with two entries. */
static void irreducible_loop_with_two_targets(void **state) {
  (void)state;
  flow_builder b = begin_flow(3);
  add_block(&b, 3);
  for (int i = 0; i < 3; i++) add_block(&b, 2);
  add_successor(&b, 0, 1);
  add_successor(&b, 0, 2);
  add_successor(&b, 1, 2);
  add_successor(&b, 2, 1);
  add_successor(&b, 2, 3);
  for (vmo_storage_id s = 0; s < 3; s++) add_access(&b, (vmo_point)s, VMO_ACCESS_WHOLE_WRITE, s, VMO_NONE, false);
  add_access(&b, 3, VMO_ACCESS_READ, 0, 1, false);        /* reads one of two */
  add_access(&b, 4, VMO_ACCESS_WHOLE_WRITE, 1, 2, false); /* overwrites one of two: neither dies */
  add_access(&b, 7, VMO_ACCESS_READ, 2, VMO_NONE, false);
  end_flow(&b);
  vmo_cfg *cfg;
  vmo_liveness *l = live(&b, &cfg);
  expect_ranges(l, 0, "[0,7)");
  expect_ranges(l, 1, "[1,7)");
  expect_ranges(l, 2, "[2,8)");
  assert_int_equal(cfg->loops.count, 1);
  assert_false(cfg->loops.data[0].reducible);
  assert_int_equal(cfg->dominators[1], 0);
  assert_int_equal(cfg->dominators[2], 0);
  vmo_context_destroy(b.context);
}

static void escape_is_live_everywhere_and_free_ends_life(void **state) {
  (void)state;
  flow_builder b = begin_flow(2);
  add_block(&b, 4);
  add_access(&b, 0, VMO_ACCESS_WHOLE_WRITE, 1, VMO_NONE, false);
  add_access(&b, 1, VMO_ACCESS_ESCAPE, 0, VMO_NONE, false);
  add_access(&b, 2, VMO_ACCESS_FREE, 1, VMO_NONE, false);
  add_access(&b, 3, VMO_ACCESS_READ, 1, VMO_NONE, false);
  end_flow(&b);
  vmo_liveness *l = live(&b, NULL);
  expect_ranges(l, 0, "[0,4)");
  expect_ranges(l, 1, "[0,1)[2,4)"); /* what is read after the free is not what was written */
  vmo_context_destroy(b.context);
}

/* ---- random graphs ---- */

static uint64_t seed;
static uint32_t draw(uint32_t below) {
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return (uint32_t)((seed >> 16) % below);
}

#define STORAGES 6

static flow_builder random_flow(void) {
  flow_builder b = begin_flow(STORAGES);
  uint32_t blocks = 1 + draw(12);
  for (uint32_t i = 0; i < blocks; i++) add_block(&b, (vmo_point)draw(4));
  add_block(&b, 1);
  for (uint32_t i = 0; i < blocks; i++) {
    add_successor(&b, i, i + 1); /* all reach the end */
    for (uint32_t extra = draw(3); extra > 0; extra--) add_successor(&b, i, draw(blocks + 1));
  }
  for (vmo_point op = 0; op < b.next; op++) {
    for (uint32_t reads = draw(3); reads > 0; reads--)
      add_access(&b, op, VMO_ACCESS_READ, draw(STORAGES), draw(4) == 0 ? draw(STORAGES) : VMO_NONE, false);
    if (draw(2))
      add_access(&b, op, VMO_ACCESS_WHOLE_WRITE, draw(STORAGES), draw(4) == 0 ? draw(STORAGES) : VMO_NONE, false);
    if (draw(3) == 0) add_access(&b, op, VMO_ACCESS_WHOLE_WRITE, draw(STORAGES), VMO_NONE, true);
  }
  end_flow(&b);
  return b;
}

static bool touches(const vmo_flow *flow, const vmo_access *access, vmo_storage_id storage) {
  for (uint32_t m = 0; m < access->member_count; m++)
    if (flow->members.data[access->member_first + m] == storage) return true;
  return false;
}

/* Live before and after the accesses of each op, by the equations; `after` are the writes that take effect at the end. */
typedef struct equations {
  bool at[64]; /* takes bytes at op p */
  bool entry[16], exit[16];
} equations;

static bool walk_block(const vmo_flow *flow, vmo_block_id b, vmo_storage_id s, bool live_out, equations *e) {
  bool live_now = live_out;
  const vmo_block *block = &flow->blocks.data[b];
  for (vmo_point op = block->end; op-- > block->begin;) {
    bool taken = false;
    for (uint32_t a = flow->op_accesses[op + 1]; a-- > flow->op_accesses[op];) {
      const vmo_access *access = &flow->accesses.data[a];
      if (!access->after) taken = taken || live_now;
      if (!touches(flow, access, s)) continue;
      if (access->kind == VMO_ACCESS_READ)
        live_now = taken = true;
      else if (access->member_count == 1) {
        taken = taken || !access->after;
        live_now = false;
      } else
        taken = true;
    }
    if (e) e->at[op] = taken || live_now;
  }
  return live_now;
}

static void solve(const vmo_flow *flow, vmo_storage_id s, equations *e) {
  memset(e, 0, sizeof *e);
  for (bool changed = true; changed;) {
    changed = false;
    for (uint32_t b = flow->blocks.count; b-- > 0;) {
      const vmo_block *block = &flow->blocks.data[b];
      bool out = false;
      for (uint32_t i = 0; i < block->successor_count; i++)
        out = out || e->entry[flow->successors.data[block->successor_first + i]];
      bool in = walk_block(flow, b, s, out, NULL);
      changed = changed || in != e->entry[b] || out != e->exit[b];
      e->entry[b] = in;
      e->exit[b] = out;
    }
  }
  for (uint32_t b = 0; b < flow->blocks.count; b++) walk_block(flow, b, s, e->exit[b], e);
}

/* A reduced copy in which an `after` write is seen by its own op's successors only. */
static void random_graphs_agree_with_the_equations(void **state) {
  (void)state;
  for (uint64_t round = 1; round <= 3000; round++) {
    seed = round * UINT64_C(0x9E3779B97F4A7C15);
    flow_builder b = random_flow();
    vmo_liveness *l = live(&b, NULL);
    for (vmo_storage_id s = 0; s < STORAGES; s++) {
      equations e;
      solve(b.flow, s, &e);
      for (vmo_point op = 0; op < b.flow->op_count; op++)
        if (e.at[op] != vmo_is_live_at(l, s, op))
          fail_msg("round %d, storage %u, op %d: the equations say %d", (int)round, s, op, e.at[op]);
    }
    vmo_context_destroy(b.context);
  }
}

/* Dominators against the definition: remove the dominator, and the block is out of reach. */
static bool reaches(const vmo_flow *flow, vmo_block_id without, vmo_block_id to) {
  bool seen[16] = {false};
  vmo_block_id stack[64];
  uint32_t depth = 0;
  if (without == 0) return false;
  stack[depth++] = 0;
  seen[0] = true;
  while (depth > 0) {
    vmo_block_id block = stack[--depth];
    if (block == to) return true;
    const vmo_block *from = &flow->blocks.data[block];
    for (uint32_t i = 0; i < from->successor_count; i++) {
      vmo_block_id next = flow->successors.data[from->successor_first + i];
      if (next == without || seen[next]) continue;
      seen[next] = true;
      stack[depth++] = next;
    }
  }
  return false;
}

static void dominators_agree_with_their_definition(void **state) {
  (void)state;
  for (uint64_t round = 1; round <= 500; round++) {
    seed = round * UINT64_C(0xD1B54A32D192ED03);
    flow_builder b = random_flow();
    vmo_cfg *cfg;
    live(&b, &cfg);
    for (vmo_block_id from = 0; from < b.flow->blocks.count; from++)
      for (vmo_block_id to = 0; to < b.flow->blocks.count; to++)
        assert_int_equal(vmo_block_dominates(cfg, from, to), from == to || !reaches(b.flow, from, to));
    vmo_context_destroy(b.context);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(straight_line_from_write_to_last_read),
      cmocka_unit_test(a_next_read_is_in_the_block_and_of_the_same_bytes),
      cmocka_unit_test(branch_live_only_where_it_is_read),
      cmocka_unit_test(a_loop_keeps_what_it_reads_from_outside),
      cmocka_unit_test(irreducible_loop_with_two_targets),
      cmocka_unit_test(escape_is_live_everywhere_and_free_ends_life),
      cmocka_unit_test(random_graphs_agree_with_the_equations),
      cmocka_unit_test(dominators_agree_with_their_definition),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
