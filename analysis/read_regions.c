/* read_regions.c: structured ops of VMIR as blocks and edges of the flow graph (read_vmir.c draws them); what loops carry and what
 * branches and streams yield.
 *
 * Linear in ops, operands and results; what nested streams read from outside is listed once per level. */
#include "analysis/read_vmir.h"

#include <stdlib.h>

static const vmo_region *region_at(const reader *r, vmo_region_id region) { return &r->function->regions.data[region]; }

/* Opens the block of the first op of `region`, reached from `from`. */
static void enter_region(reader *r, vmo_region_id region, vmo_block_id from) {
  vmo_block_id block = vmo_reader_begin_block(r, (vmo_point)region_at(r, region)->op_first, r->chains[region]);
  vmo_reader_add_edge(r, from, block);
}

/* ---- structured ops ---- */

static void carry_arguments(reader *r, vmo_point op, vmo_region_id region, uint32_t skip, uint32_t first_init) {
  const vmo_op *o = &r->function->ops.data[op];
  const vmo_region *body = region_at(r, region);
  for (uint32_t i = skip; i < body->argument_count && !r->failed; i++) {
    vmo_storage_id storage = vmo_reader_own_storage(r, VMO_OWNER_CARRIED, body->argument_first + i, -1);
    if (r->failed) return;
    vmo_reader_refer(r, o->result_first + i - skip, storage); /* zero trips give the init: the result is the argument */
    vmo_reader_add_move(r, VMO_MOVE_INIT, op, first_init + i - skip, storage);
  }
}

static void open_for(reader *r, vmo_point op, frame *f) {
  carry_arguments(r, op, f->region, 1, 2);
  f->header = vmo_reader_begin_block(r, op + 1, VMO_NONE);
  vmo_reader_add_edge(r, f->entry, f->header);
  enter_region(r, f->region, f->header);
}

static void open_while(reader *r, vmo_point op, frame *f) {
  carry_arguments(r, op, f->region, 0, 0);
  f->header = vmo_reader_begin_block(r, op + 1, f->region);
  vmo_reader_add_edge(r, f->entry, f->header);
}

static void open_if(reader *r, vmo_point op, frame *f) {
  const vmo_op *o = &r->function->ops.data[op];
  for (uint32_t i = 0; i < o->result_count && !r->failed; i++)
    vmo_reader_own_storage(r, VMO_OWNER_CARRIED, o->result_first + i, -1);
  enter_region(r, f->region, f->entry);
}

static void open_stream(reader *r, frame *f, vmo_block_id from) {
  const vmo_region *region = region_at(r, f->region);
  vmo_stream stream = {.parent = f->stream,
                       .fork = (vmo_point)f->op,
                       .begin = (vmo_point)region->op_first,
                       .end = (vmo_point)region->op_end,
                       .frame = (uint32_t)(f - r->frames.data)};
  vmo_reader_ok(r, vmo_vec_push(r->arena, &r->flow->streams, stream));
  r->stream = r->flow->streams.count - 1;
  r->chains[f->region] = r->chains[r->function->ops.data[f->op].region]; /* what is outside passes through it */
  enter_region(r, f->region, from);
}

static void open_parallel_op(reader *r, frame *f) {
  f->first_stream = r->flow->streams.count;
  f->outer_first = r->outer.count;
  open_stream(r, f, f->entry);
}

void vmo_reader_open_regions(reader *r, vmo_point op) {
  const vmo_op *o = &r->function->ops.data[op];
  frame f = {.op = (uint32_t)op, .region = o->region_first, .entry = vmo_reader_current_block(r), .stream = r->stream};
  if (!vmo_reader_ok(r, vmo_vec_push(r->arena, &r->frames, f))) return;
  frame *top = &r->frames.data[r->frames.count - 1];
  if (o->code == VMO_OP_for) open_for(r, op, top);
  if (o->code == VMO_OP_while) open_while(r, op, top);
  if (o->code == VMO_OP_if) open_if(r, op, top);
  if (o->code == VMO_OP_parallel) open_parallel_op(r, top);
}

/* ---- terminators ---- */

static void yield_carried(reader *r, vmo_point op, vmo_region_id region, uint32_t skip) {
  const vmo_region *body = region_at(r, region);
  for (uint32_t i = skip; i < body->argument_count; i++)
    vmo_reader_add_move(r, VMO_MOVE_YIELD, op, i - skip, vmo_reader_storage_of(r, body->argument_first + i));
}

static void yield_merged(reader *r, vmo_point op, const frame *f) {
  const vmo_op *owner = &r->function->ops.data[f->op];
  for (uint32_t i = 0; i < owner->result_count; i++)
    vmo_reader_add_move(r, VMO_MOVE_YIELD, op, i, vmo_reader_storage_of(r, owner->result_first + i));
}

static void reserve(reader *r, vmo_storage_id storage, const frame *f) {
  const vmo_op *owner = &r->function->ops.data[f->op];
  const vmo_region *last = region_at(r, owner->region_first + owner->region_count - 1);
  vmo_reservation reservation = {storage, (vmo_point)f->op, (vmo_point)last->op_end};
  vmo_reader_ok(r, vmo_vec_push(r->arena, &r->flow->reservations, reservation));
}

/* A yielded value that lives in this stream and is yielded once becomes the result as it is; any other is moved to a
 * place for the result. Either way the place is the parent's. */
static void yield_from_stream(reader *r, vmo_point op, const frame *f) {
  const vmo_op *o = &r->function->ops.data[op], *owner = &r->function->ops.data[f->op];
  for (uint32_t i = 0; i < o->operand_count && !r->failed; i++) {
    vmo_value_id value = vmo_op_value(r->function, o, i), result = owner->result_first + f->result + i;
    vmo_storage_id storage = vmo_reader_storage_of(r, value);
    vmo_storage *s = storage == VMO_NONE ? NULL : &r->flow->storages.data[storage];
    bool own = s && (s->owner == VMO_OWNER_RESULT || s->owner == VMO_OWNER_CARRIED) && s->home == r->stream &&
               !r->flow->references[value].view;
    if (own) {
      vmo_reader_refer(r, result, storage);
    } else {
      storage = vmo_reader_own_storage(r, VMO_OWNER_CARRIED, result, -1);
      if (r->failed) return;
      vmo_reader_add_move(r, VMO_MOVE_YIELD, op, i, storage);
      if (r->failed) return;
      r->flow->accesses.data[r->flow->accesses.count - 1].after = false; /* a copy makes it while other streams run */
    }
    r->flow->storages.data[storage].home = f->stream;
    reserve(r, storage, f);
  }
}

static int compare_ids(const void *left, const void *right) {
  uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
  return (a > b) - (a < b);
}

/* At the end of a parallel: what its streams read from outside, and what they yield, is read once more. */
static void read_for_all_streams(reader *r, vmo_point op, const frame *f) {
  uint32_t count = r->outer.count - f->outer_first, kept = 0;
  vmo_storage_id *outer = count > 0 ? r->outer.data + f->outer_first : NULL;
  if (count > 0) qsort(outer, count, sizeof *outer, compare_ids);
  r->stream = f->stream;
  const frame *around = vmo_reader_open_parallel(r);
  for (uint32_t i = 0; i < count; i++) {
    if (i > 0 && outer[i] == outer[i - 1]) continue;
    vmo_reader_add_access(r, op, VMO_ACCESS_READ, outer[i], false, VMO_NONE);
    if (around && vmo_reader_is_outside(r, outer[i], around)) r->outer.data[f->outer_first + kept++] = outer[i];
  }
  r->outer.count = f->outer_first + kept;
  const vmo_op *owner = &r->function->ops.data[f->op];
  for (uint32_t i = 0; i < owner->result_count; i++)
    vmo_reader_add_access(r, op, VMO_ACCESS_READ, vmo_reader_storage_of(r, owner->result_first + i), false, VMO_NONE);
}

static void close_frame(reader *r, const frame *f, vmo_point next, vmo_block_id from) {
  uint32_t chain = r->chains[r->function->ops.data[f->op].region];
  r->stream = f->stream;
  r->frames.count--;
  vmo_block_id after = vmo_reader_begin_block(r, next, chain);
  vmo_reader_add_edge(r, from, after);
}

static void end_loop_body(reader *r, vmo_point op, frame *f) {
  bool is_for = r->function->ops.data[f->op].code == VMO_OP_for;
  yield_carried(r, op, is_for ? f->region : f->region - 1, is_for ? 1 : 0);
  vmo_reader_add_edge(r, vmo_reader_current_block(r), f->header);
  close_frame(r, f, op + 1, is_for ? f->header : f->exit);
}

static void end_condition(reader *r, frame *f) {
  f->exit = vmo_reader_current_block(r);
  f->region++;
  enter_region(r, f->region, f->exit);
}

static void end_branch(reader *r, vmo_point op, frame *f) {
  const vmo_op *owner = &r->function->ops.data[f->op];
  vmo_block_id end = vmo_reader_current_block(r);
  yield_merged(r, op, f);
  if (f->region + 1 < owner->region_first + owner->region_count) {
    f->exit = end;
    f->region++;
    enter_region(r, f->region, f->entry);
    return;
  }
  vmo_block_id other = owner->region_count == 2 ? f->exit : f->entry;
  close_frame(r, f, op + 1, end);
  vmo_reader_add_edge(r, other, vmo_reader_current_block(r));
}

static void end_stream(reader *r, vmo_point op, frame *f) {
  const vmo_op *owner = &r->function->ops.data[f->op];
  vmo_block_id end = vmo_reader_current_block(r);
  yield_from_stream(r, op, f);
  f->result += r->function->ops.data[op].operand_count;
  if (f->region + 1 < owner->region_first + owner->region_count) {
    f->region++;
    open_stream(r, f, end);
    return;
  }
  read_for_all_streams(r, op, f);
  for (vmo_stream_id s = f->first_stream; s < r->flow->streams.count; s++)
    if (r->flow->streams.data[s].fork == (vmo_point)f->op) r->flow->streams.data[s].join = op + 1;
  close_frame(r, f, op + 1, end);
}

void vmo_reader_end_region(reader *r, vmo_point op) {
  frame *f = &r->frames.data[r->frames.count - 1];
  switch (region_at(r, f->region)->kind) {
  case VMO_REGION_FOR:
  case VMO_REGION_DO: end_loop_body(r, op, f); break;
  case VMO_REGION_CONDITION: end_condition(r, f); break;
  case VMO_REGION_THEN:
  case VMO_REGION_ELSE: end_branch(r, op, f); break;
  case VMO_REGION_STREAM: end_stream(r, op, f); break;
  case VMO_REGION_BODY: break;
  }
}
