/* read_vmir.c: reads a verified VMIR function into a flow graph.
 *
 * One walk over the array of ops. Each op appends its reads, then its writes; a structured op opens blocks:
 *
 *   if        [.. if] -> [then ..] -> [after ..]        for   [.. for] -> [header] -> [body .. yield] -> header
 *                    \-> [else ..] ->/                                       \-> [after ..]
 *   while     [.. while] -> [condition ..] -> [do .. yield] -> condition
 *                                         \-> [after ..]
 *   parallel  [.. parallel] -> [stream 1] -> [stream 2] -> [after ..]
 *
 * The header of a `for` is an empty block: zero trips and the last trip leave through it. Open regions are a stack of
 * frames, so nesting costs no C stack. Linear in ops, operands and results; what nested streams read from outside is
 * listed once per level. */
#include "analysis/flow.h"

#include <stdlib.h>
#include <string.h>

#define ALL_BYTES (-1)

typedef struct frame {
  uint32_t op;                /* the structured op */
  vmo_region_id region;       /* the one being read */
  vmo_block_id entry;         /* the block that ends with op */
  vmo_block_id header;        /* for: the header; while: the first block of the condition */
  vmo_block_id exit;          /* while: the block that ends with `condition`; if: the end of then */
  vmo_stream_id stream;       /* the stream around op */
  vmo_stream_id first_stream; /* parallel: its first stream */
  uint32_t outer_first;       /* parallel: storages from outside that its streams read: outer[outer_first..] */
  uint32_t result;            /* parallel: number of results of the streams before this one */
} frame;

typedef struct edge {
  vmo_block_id from, to;
} edge;

/* A size under the binding. */
typedef struct evaluated {
  vmo_bytes bytes; /* -1: not known */
  bool exact;
  bool asked; /* of a type's: it is there */
} evaluated;

typedef struct reader {
  vmo_module *module;
  const vmo_function *function;
  const vmo_binding *binding;
  vmr_arena *arena;
  vmo_flow *flow;
  vmo_stream_id stream; /* the one that the walk is in */
  VMO_VEC(frame) frames;
  VMO_VEC(edge) edges;
  VMO_VEC(vmo_storage_id) outer;
  evaluated *type_bytes; /* by type id */
  uint32_t *chains;      /* of each region's blocks: the region itself; of a stream: that of what is around it */
  bool failed;           /* memory is out */
  bool wrong_size;       /* a size is negative or too large: the binding was not checked */
} reader;

static bool ok(reader *r, bool success) {
  if (!success) r->failed = true;
  return success;
}

/* ---- sizes and storages ---- */

static evaluated evaluate_size(reader *r, vmo_size_id size) {
  vmo_interval interval = {0, 0};
  switch (vmo_size_evaluate(r->module->sizes, size, r->binding, &interval)) {
  case VMO_EVALUATION_EXACT: return (evaluated){.bytes = interval.high, .exact = true};
  case VMO_EVALUATION_BOUNDED: return (evaluated){.bytes = interval.high < 0 ? 0 : interval.high};
  case VMO_EVALUATION_UNBOUNDED: return (evaluated){.bytes = -1};
  default: r->wrong_size = true; return (evaluated){.exact = true};
  }
}

static evaluated evaluate_type(reader *r, vmo_type_id type) {
  if (!r->type_bytes[type].asked) r->type_bytes[type] = evaluate_size(r, r->module->types.data[type].bytes);
  r->type_bytes[type].asked = true;
  return r->type_bytes[type];
}

static vmo_storage_id add_storage(reader *r, vmo_storage_owner owner, vmo_type_id type, vmo_value_id value,
                                  vmo_point definition) {
  const vmo_type *t = &r->module->types.data[type];
  evaluated bytes = evaluate_type(r, type);
  vmo_storage storage = {.owner = owner,
                         .value = value,
                         .definition = definition,
                         .stream = r->stream,
                         .home = r->stream,
                         .space = t->space,
                         .alignment = t->alignment,
                         .type = type,
                         .size = t->bytes,
                         .bytes = bytes.bytes,
                         .exact = bytes.exact};
  if (bytes.bytes < 0) r->flow->known = false;
  ok(r, vmo_vec_push(r->arena, &r->flow->storages, storage));
  return r->flow->storages.count - 1;
}

static void refer(reader *r, vmo_value_id value, vmo_storage_id storage) {
  r->flow->references[value] = (vmo_reference){.storage = storage, .offset = VMO_NONE, .end = ALL_BYTES};
}

static vmo_storage_id storage_of(const reader *r, vmo_value_id value) {
  return value == VMO_NONE ? VMO_NONE : r->flow->references[value].storage;
}

static vmo_type_id type_of(const reader *r, vmo_value_id value) { return r->function->values.data[value].type; }

/* A value made for a storage of its own. */
static vmo_storage_id own_storage(reader *r, vmo_storage_owner owner, vmo_value_id value, vmo_point definition) {
  vmo_storage_id storage = add_storage(r, owner, type_of(r, value), value, definition);
  if (!r->failed) refer(r, value, storage);
  return storage;
}

/* ---- accesses ---- */

static uint32_t add_access(reader *r, vmo_point op, vmo_access_kind kind, vmo_storage_id storage, bool after,
                           vmo_value_id value) {
  vmo_access access = {.op = op,
                       .kind = kind,
                       .must = true,
                       .after = after,
                       .member_first = r->flow->members.count,
                       .member_count = 1,
                       .end = ALL_BYTES,
                       .value = value};
  if (kind == VMO_ACCESS_READ && value != VMO_NONE) {
    access.begin = r->flow->references[value].begin;
    access.end = r->flow->references[value].end;
  }
  ok(r, vmo_vec_push(r->arena, &r->flow->members, storage) && vmo_vec_push(r->arena, &r->flow->accesses, access));
  return r->flow->accesses.count - 1;
}

static bool is_outside(const reader *r, vmo_storage_id storage, const frame *f) {
  return r->flow->storages.data[storage].stream < f->first_stream;
}

/* The innermost open parallel, or NULL. */
static const frame *open_parallel(const reader *r) {
  return r->stream == 0 ? NULL : r->frames.data + r->flow->streams.data[r->stream].frame;
}

static void read_value(reader *r, vmo_point op, vmo_value_id value) {
  vmo_storage_id storage = storage_of(r, value);
  if (storage == VMO_NONE) return;
  add_access(r, op, VMO_ACCESS_READ, storage, false, value);
  const frame *parallel = open_parallel(r);
  if (parallel && is_outside(r, storage, parallel)) ok(r, vmo_vec_push(r->arena, &r->outer, storage));
}

static void read_operands(reader *r, vmo_point op) {
  const vmo_op *o = &r->function->ops.data[op];
  for (uint32_t i = 0; i < o->operand_count; i++) {
    vmo_value_id value = vmo_op_value(r->function, o, i);
    if (value != VMO_NONE) read_value(r, op, value);
  }
}

/* Operand `operand` of `op` is handed to `target` when the op is over. */
static void add_move(reader *r, vmo_move_kind kind, vmo_point op, uint32_t operand, vmo_storage_id target) {
  if (target == VMO_NONE) return;
  const vmo_op *o = &r->function->ops.data[op];
  vmo_move move = {.kind = kind,
                   .op = op,
                   .operand = operand,
                   .source = storage_of(r, vmo_op_value(r->function, o, operand)),
                   .target = target};
  move.access = add_access(r, op, VMO_ACCESS_WHOLE_WRITE, target, true, VMO_NONE);
  ok(r, vmo_vec_push(r->arena, &r->flow->moves, move));
}

/* ---- blocks ---- */

static vmo_block_id begin_block(reader *r, vmo_point begin, uint32_t chain) {
  vmo_flow *flow = r->flow;
  if (flow->blocks.count > 0) flow->blocks.data[flow->blocks.count - 1].end = begin;
  vmo_block block = {.begin = begin, .end = begin, .stream = r->stream, .chain = chain};
  ok(r, vmo_vec_push(r->arena, &flow->blocks, block));
  return flow->blocks.count - 1;
}

static vmo_block_id current_block(const reader *r) { return r->flow->blocks.count - 1; }

static void add_edge(reader *r, vmo_block_id from, vmo_block_id to) {
  ok(r, vmo_vec_push(r->arena, &r->edges, ((edge){from, to})));
}

static const vmo_region *region_at(const reader *r, vmo_region_id region) { return &r->function->regions.data[region]; }

/* Opens the block of the first op of `region`, reached from `from`. */
static void enter_region(reader *r, vmo_region_id region, vmo_block_id from) {
  vmo_block_id block = begin_block(r, (vmo_point)region_at(r, region)->op_first, r->chains[region]);
  add_edge(r, from, block);
}

/* ---- structured ops ---- */

static void carry_arguments(reader *r, vmo_point op, vmo_region_id region, uint32_t skip, uint32_t first_init) {
  const vmo_op *o = &r->function->ops.data[op];
  const vmo_region *body = region_at(r, region);
  for (uint32_t i = skip; i < body->argument_count && !r->failed; i++) {
    vmo_storage_id storage = own_storage(r, VMO_OWNER_CARRIED, body->argument_first + i, -1);
    if (r->failed) return;
    refer(r, o->result_first + i - skip, storage); /* zero trips give the init: the result is the argument */
    add_move(r, VMO_MOVE_INIT, op, first_init + i - skip, storage);
  }
}

static void open_for(reader *r, vmo_point op, frame *f) {
  carry_arguments(r, op, f->region, 1, 2);
  f->header = begin_block(r, op + 1, VMO_NONE);
  add_edge(r, f->entry, f->header);
  enter_region(r, f->region, f->header);
}

static void open_while(reader *r, vmo_point op, frame *f) {
  carry_arguments(r, op, f->region, 0, 0);
  f->header = begin_block(r, op + 1, f->region);
  add_edge(r, f->entry, f->header);
}

static void open_if(reader *r, vmo_point op, frame *f) {
  const vmo_op *o = &r->function->ops.data[op];
  for (uint32_t i = 0; i < o->result_count && !r->failed; i++)
    own_storage(r, VMO_OWNER_CARRIED, o->result_first + i, -1);
  enter_region(r, f->region, f->entry);
}

static void open_stream(reader *r, frame *f, vmo_block_id from) {
  const vmo_region *region = region_at(r, f->region);
  vmo_stream stream = {.parent = f->stream,
                       .fork = (vmo_point)f->op,
                       .begin = (vmo_point)region->op_first,
                       .end = (vmo_point)region->op_end,
                       .frame = (uint32_t)(f - r->frames.data)};
  ok(r, vmo_vec_push(r->arena, &r->flow->streams, stream));
  r->stream = r->flow->streams.count - 1;
  r->chains[f->region] = r->chains[r->function->ops.data[f->op].region]; /* what is outside passes through it */
  enter_region(r, f->region, from);
}

static void open_parallel_op(reader *r, frame *f) {
  f->first_stream = r->flow->streams.count;
  f->outer_first = r->outer.count;
  open_stream(r, f, f->entry);
}

static void open_regions(reader *r, vmo_point op) {
  const vmo_op *o = &r->function->ops.data[op];
  frame f = {.op = (uint32_t)op, .region = o->region_first, .entry = current_block(r), .stream = r->stream};
  if (!ok(r, vmo_vec_push(r->arena, &r->frames, f))) return;
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
    add_move(r, VMO_MOVE_YIELD, op, i - skip, storage_of(r, body->argument_first + i));
}

static void yield_merged(reader *r, vmo_point op, const frame *f) {
  const vmo_op *owner = &r->function->ops.data[f->op];
  for (uint32_t i = 0; i < owner->result_count; i++)
    add_move(r, VMO_MOVE_YIELD, op, i, storage_of(r, owner->result_first + i));
}

static void reserve(reader *r, vmo_storage_id storage, const frame *f) {
  const vmo_op *owner = &r->function->ops.data[f->op];
  const vmo_region *last = region_at(r, owner->region_first + owner->region_count - 1);
  vmo_reservation reservation = {storage, (vmo_point)f->op, (vmo_point)last->op_end};
  ok(r, vmo_vec_push(r->arena, &r->flow->reservations, reservation));
}

/* A yielded value that lives in this stream and is yielded once becomes the result as it is; any other is moved to a
 * place for the result. Either way the place is the parent's. */
static void yield_from_stream(reader *r, vmo_point op, const frame *f) {
  const vmo_op *o = &r->function->ops.data[op], *owner = &r->function->ops.data[f->op];
  for (uint32_t i = 0; i < o->operand_count && !r->failed; i++) {
    vmo_value_id value = vmo_op_value(r->function, o, i), result = owner->result_first + f->result + i;
    vmo_storage_id storage = storage_of(r, value);
    vmo_storage *s = storage == VMO_NONE ? NULL : &r->flow->storages.data[storage];
    bool own = s && (s->owner == VMO_OWNER_RESULT || s->owner == VMO_OWNER_CARRIED) && s->home == r->stream &&
               !r->flow->references[value].view;
    if (own) {
      refer(r, result, storage);
    } else {
      storage = own_storage(r, VMO_OWNER_CARRIED, result, -1);
      if (r->failed) return;
      add_move(r, VMO_MOVE_YIELD, op, i, storage);
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
  const frame *around = open_parallel(r);
  for (uint32_t i = 0; i < count; i++) {
    if (i > 0 && outer[i] == outer[i - 1]) continue;
    add_access(r, op, VMO_ACCESS_READ, outer[i], false, VMO_NONE);
    if (around && is_outside(r, outer[i], around)) r->outer.data[f->outer_first + kept++] = outer[i];
  }
  r->outer.count = f->outer_first + kept;
  const vmo_op *owner = &r->function->ops.data[f->op];
  for (uint32_t i = 0; i < owner->result_count; i++)
    add_access(r, op, VMO_ACCESS_READ, storage_of(r, owner->result_first + i), false, VMO_NONE);
}

static void close_frame(reader *r, const frame *f, vmo_point next, vmo_block_id from) {
  uint32_t chain = r->chains[r->function->ops.data[f->op].region];
  r->stream = f->stream;
  r->frames.count--;
  vmo_block_id after = begin_block(r, next, chain);
  add_edge(r, from, after);
}

static void end_loop_body(reader *r, vmo_point op, frame *f) {
  bool is_for = r->function->ops.data[f->op].code == VMO_OP_for;
  yield_carried(r, op, is_for ? f->region : f->region - 1, is_for ? 1 : 0);
  add_edge(r, current_block(r), f->header);
  close_frame(r, f, op + 1, is_for ? f->header : f->exit);
}

static void end_condition(reader *r, frame *f) {
  f->exit = current_block(r);
  f->region++;
  enter_region(r, f->region, f->exit);
}

static void end_branch(reader *r, vmo_point op, frame *f) {
  const vmo_op *owner = &r->function->ops.data[f->op];
  vmo_block_id end = current_block(r);
  yield_merged(r, op, f);
  if (f->region + 1 < owner->region_first + owner->region_count) {
    f->exit = end;
    f->region++;
    enter_region(r, f->region, f->entry);
    return;
  }
  vmo_block_id other = owner->region_count == 2 ? f->exit : f->entry;
  close_frame(r, f, op + 1, end);
  add_edge(r, other, current_block(r));
}

static void end_stream(reader *r, vmo_point op, frame *f) {
  const vmo_op *owner = &r->function->ops.data[f->op];
  vmo_block_id end = current_block(r);
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

static void return_values(reader *r, vmo_point op) {
  const vmo_function *function = r->function;
  uint32_t operand = 0;
  for (; operand < function->result_types.count && !r->failed; operand++) {
    vmo_storage_id storage = add_storage(r, VMO_OWNER_RETURNED, function->result_types.data[operand], VMO_NONE, -1);
    if (r->failed) return;
    r->flow->storages.data[storage].position = operand;
    add_move(r, VMO_MOVE_RETURN, op, operand, storage);
  }
  for (uint32_t i = 0; i < function->parameters.count; i++)
    if (function->parameters.data[i].state) add_move(r, VMO_MOVE_STATE, op, operand++, storage_of(r, i));
}

static void end_region(reader *r, vmo_point op) {
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

/* ---- plain ops ---- */

static void view_result(reader *r, vmo_value_id result, vmo_value_id base, vmo_size_id offset) {
  vmo_flow *flow = r->flow;
  vmo_reference from = flow->references[base];
  evaluated bytes = evaluate_type(r, type_of(r, result));
  vmo_reference *to = &flow->references[result];
  *to = (vmo_reference){.storage = from.storage, .view = true, .offset = offset, .end = ALL_BYTES};
  if (from.offset != VMO_NONE) to->offset = vmo_size_add(r->module->sizes, from.offset, offset);
  if (!ok(r, to->offset != VMO_NONE) || from.storage == VMO_NONE) return;
  const vmo_storage *storage = &flow->storages.data[from.storage];
  evaluated start = evaluate_size(r, to->offset);
  if (start.exact && bytes.exact && storage->exact && start.bytes >= 0) {
    to->begin = start.bytes;
    to->end = start.bytes + bytes.bytes;
    if (to->begin == 0 && to->end == storage->bytes) to->end = ALL_BYTES;
  }
}

/* Whether the op does nothing but name bytes of its operand: what it does not name, it does not read. */
static bool makes_views_alone(reader *r, vmo_point op) {
  const vmo_op *o = &r->function->ops.data[op];
  vmo_size_id offset;
  if (!vmo_op_get_info(o->code)->view) return false;
  for (uint32_t i = 0; i < o->result_count; i++)
    if (!vmo_op_is_view(r->module, r->function, o, i, &offset)) return false;
  return true;
}

static void make_results(reader *r, vmo_point op) {
  const vmo_op *o = &r->function->ops.data[op];
  for (uint32_t i = 0; i < o->result_count && !r->failed; i++) {
    vmo_value_id result = o->result_first + i;
    vmo_size_id offset = VMO_NONE;
    if (o->code == VMO_OP_const) {
      own_storage(r, VMO_OWNER_CONSTANT, result, op);
    } else if (vmo_op_get_info(o->code)->view && vmo_op_is_view(r->module, r->function, o, i, &offset)) {
      view_result(r, result, vmo_op_value(r->function, o, 0), offset);
    } else {
      vmo_storage_id storage = own_storage(r, VMO_OWNER_RESULT, result, op);
      if (!r->failed) add_access(r, op, VMO_ACCESS_WHOLE_WRITE, storage, false, result);
    }
  }
}

static void read_workspace(reader *r, vmo_point op) {
  vmo_size_id size = vmo_op_workspace(r->module, r->function, &r->function->ops.data[op]);
  int64_t number = 1;
  if (!ok(r, size != VMO_NONE) || (vmo_size_is_constant(r->module->sizes, size, &number) && number == 0)) return;
  evaluated bytes = evaluate_size(r, size);
  if (bytes.bytes < 0) r->flow->known = false;
  ok(r, vmo_vec_push(r->arena, &r->flow->workspaces, ((vmo_workspace){op, size, bytes.bytes})));
}

static void read_op(reader *r, vmo_point op) {
  const vmo_op *o = &r->function->ops.data[op];
  r->flow->op_streams[op] = r->stream;
  if (makes_views_alone(r, op)) {
    make_results(r, op);
    for (uint32_t i = 0; i < o->result_count && !r->failed; i++) read_value(r, op, o->result_first + i);
    return;
  }
  read_operands(r, op);
  if (o->region_count > 0) {
    open_regions(r, op);
  } else if (o->code == VMO_OP_return) {
    return_values(r, op);
  } else if (vmo_op_get_info(o->code)->terminator) {
    end_region(r, op);
  } else {
    read_workspace(r, op);
    make_results(r, op);
  }
}

static void read_parameters(reader *r) {
  const vmo_function *function = r->function;
  for (uint32_t i = 0; i < function->parameters.count && !r->failed; i++) {
    const vmo_parameter *parameter = &function->parameters.data[i];
    if (!parameter->state && r->module->types.data[type_of(r, i)].rank == 0) continue;
    vmo_storage_id storage = own_storage(r, parameter->state ? VMO_OWNER_STATE : VMO_OWNER_PARAMETER, i, -1);
    if (!r->failed) r->flow->storages.data[storage].donated = parameter->donate;
  }
}

/* The virtual end reads the results and the next states. */
static void read_end(reader *r, vmo_point end) {
  for (vmo_storage_id s = 0; s < r->flow->storages.count; s++) {
    vmo_storage_owner owner = r->flow->storages.data[s].owner;
    if (owner == VMO_OWNER_RETURNED || owner == VMO_OWNER_STATE)
      add_access(r, end, VMO_ACCESS_READ, s, false, VMO_NONE);
  }
}

/* ---- the whole ---- */

static bool allocate(reader *r) {
  const vmo_function *function = r->function;
  vmo_flow *flow = r->flow = vmr_arena_alloc_array(r->arena, 1, sizeof *flow);
  vmo_context *context = vmr_arena_alloc(r->arena, sizeof *context);
  if (!flow || !context) return false;
  *context = *r->module->context;
  context->arena = r->arena;
  flow->memory = context;
  flow->module = r->module;
  flow->function = function;
  flow->known = true;
  flow->op_count = (vmo_point)function->ops.count + 1;
  flow->value_count = function->values.count;
  flow->op_accesses = vmo_alloc_array(context, (size_t)flow->op_count + 1, sizeof *flow->op_accesses);
  flow->op_streams = vmo_alloc_array(context, (size_t)flow->op_count, sizeof *flow->op_streams);
  flow->references = vmo_alloc_array(context, (size_t)flow->value_count + 1, sizeof *flow->references);
  r->type_bytes = vmo_alloc_array(context, r->module->types.count, sizeof *r->type_bytes);
  r->chains = vmo_alloc(context, ((size_t)function->regions.count + 1) * sizeof *r->chains);
  if (!flow->op_accesses || !flow->op_streams || !flow->references || !r->type_bytes || !r->chains) return false;
  for (vmo_value_id v = 0; v < flow->value_count; v++) refer(r, v, VMO_NONE);
  for (vmo_region_id i = 0; i < function->regions.count; i++) r->chains[i] = i;
  vmo_stream whole = {.parent = VMO_NONE, .fork = -1, .end = flow->op_count, .join = flow->op_count};
  return vmo_vec_push(r->arena, &flow->streams, whole) &&
         vmo_vec_reserve(r->arena, &flow->accesses, (uint64_t)function->operands.count + function->values.count) &&
         vmo_vec_reserve(r->arena, &flow->members, (uint64_t)function->operands.count + function->values.count) &&
         vmo_vec_reserve(r->arena, &flow->storages, (uint64_t)function->values.count + function->result_types.count);
}

/* Sorts the edges into the successor lists, by counting. */
static bool place_successors(reader *r) {
  vmo_flow *flow = r->flow;
  vmo_block_id *to = vmo_alloc_array(flow->memory, r->edges.count + 1, sizeof *to);
  if (!to) return false;
  flow->successors.data = to;
  flow->successors.count = flow->successors.capacity = r->edges.count;
  for (uint32_t e = 0; e < r->edges.count; e++) flow->blocks.data[r->edges.data[e].from].successor_count++;
  uint32_t first = 0;
  for (vmo_block_id b = 0; b < flow->blocks.count; b++) {
    flow->blocks.data[b].successor_first = first;
    first += flow->blocks.data[b].successor_count;
    flow->blocks.data[b].successor_count = 0;
  }
  for (uint32_t e = 0; e < r->edges.count; e++) {
    vmo_block *block = &flow->blocks.data[r->edges.data[e].from];
    to[block->successor_first + block->successor_count++] = r->edges.data[e].to;
  }
  return true;
}

static void walk(reader *r) {
  vmo_flow *flow = r->flow;
  vmo_point end = flow->op_count - 1;
  begin_block(r, 0, 0);
  read_parameters(r);
  for (vmo_point op = 0; op < end && !r->failed; op++) {
    flow->op_accesses[op] = flow->accesses.count;
    read_op(r, op);
  }
  if (r->failed) return;
  flow->op_accesses[end] = flow->accesses.count;
  read_end(r, end);
  flow->op_accesses[end + 1] = flow->accesses.count;
  flow->blocks.data[flow->blocks.count - 1].end = flow->op_count;
}

vmo_status vmo_build_flow(vmo_module *module, const vmo_function *function, const vmo_binding *binding,
                          vmr_arena *arena, vmo_flow **flow) {
  reader r = {.module = module, .function = function, .binding = binding, .arena = arena};
  if (!allocate(&r)) return VMO_OUT_OF_MEMORY;
  walk(&r);
  if (r.failed || !place_successors(&r)) return VMO_OUT_OF_MEMORY;
  if (r.wrong_size) {
    vmo_diag_add(module->context, VMO_DIAG_INTERNAL, function->location,
                 "a size of @%s is negative or too large, though the binding was checked",
                 vmo_name(module, function->name));
    return VMO_INTERNAL_ERROR;
  }
  *flow = r.flow;
  return VMO_OK;
}
