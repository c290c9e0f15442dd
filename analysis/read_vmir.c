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
#include "analysis/read_vmir.h"

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
  vmo_reader_ok(r, vmo_vec_push(r->arena, &r->flow->storages, storage));
  return r->flow->storages.count - 1;
}

static vmo_type_id type_of(const reader *r, vmo_value_id value) { return r->function->values.data[value].type; }

vmo_storage_id vmo_reader_own_storage(reader *r, vmo_storage_owner owner, vmo_value_id value, vmo_point definition) {
  vmo_storage_id storage = add_storage(r, owner, type_of(r, value), value, definition);
  if (!r->failed) vmo_reader_refer(r, value, storage);
  return storage;
}

/* ---- accesses ---- */

uint32_t vmo_reader_add_access(reader *r, vmo_point op, vmo_access_kind kind, vmo_storage_id storage, bool after,
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
  vmo_reader_ok(r, vmo_vec_push(r->arena, &r->flow->members, storage) &&
                       vmo_vec_push(r->arena, &r->flow->accesses, access));
  return r->flow->accesses.count - 1;
}

static void read_value(reader *r, vmo_point op, vmo_value_id value) {
  vmo_storage_id storage = vmo_reader_storage_of(r, value);
  if (storage == VMO_NONE) return;
  vmo_reader_add_access(r, op, VMO_ACCESS_READ, storage, false, value);
  const frame *parallel = vmo_reader_open_parallel(r);
  if (parallel && vmo_reader_is_outside(r, storage, parallel))
    vmo_reader_ok(r, vmo_vec_push(r->arena, &r->outer, storage));
}

static void read_operands(reader *r, vmo_point op) {
  const vmo_op *o = &r->function->ops.data[op];
  for (uint32_t i = 0; i < o->operand_count; i++) {
    vmo_value_id value = vmo_op_value(r->function, o, i);
    if (value != VMO_NONE) read_value(r, op, value);
  }
}

void vmo_reader_add_move(reader *r, vmo_move_kind kind, vmo_point op, uint32_t operand, vmo_storage_id target) {
  if (target == VMO_NONE) return;
  const vmo_op *o = &r->function->ops.data[op];
  vmo_move move = {.kind = kind,
                   .op = op,
                   .operand = operand,
                   .source = vmo_reader_storage_of(r, vmo_op_value(r->function, o, operand)),
                   .target = target};
  move.access = vmo_reader_add_access(r, op, VMO_ACCESS_WHOLE_WRITE, target, true, VMO_NONE);
  vmo_reader_ok(r, vmo_vec_push(r->arena, &r->flow->moves, move));
}

/* ---- blocks ---- */

vmo_block_id vmo_reader_begin_block(reader *r, vmo_point begin, uint32_t chain) {
  vmo_flow *flow = r->flow;
  if (flow->blocks.count > 0) flow->blocks.data[flow->blocks.count - 1].end = begin;
  vmo_block block = {.begin = begin, .end = begin, .stream = r->stream, .chain = chain};
  vmo_reader_ok(r, vmo_vec_push(r->arena, &flow->blocks, block));
  return flow->blocks.count - 1;
}

void vmo_reader_add_edge(reader *r, vmo_block_id from, vmo_block_id to) {
  vmo_reader_ok(r, vmo_vec_push(r->arena, &r->edges, ((edge){from, to})));
}

/* ---- plain ops ---- */

static void return_values(reader *r, vmo_point op) {
  const vmo_function *function = r->function;
  uint32_t operand = 0;
  for (; operand < function->result_types.count && !r->failed; operand++) {
    vmo_storage_id storage = add_storage(r, VMO_OWNER_RETURNED, function->result_types.data[operand], VMO_NONE, -1);
    if (r->failed) return;
    r->flow->storages.data[storage].position = operand;
    vmo_reader_add_move(r, VMO_MOVE_RETURN, op, operand, storage);
  }
  for (uint32_t i = 0; i < function->parameters.count; i++)
    if (function->parameters.data[i].state)
      vmo_reader_add_move(r, VMO_MOVE_STATE, op, operand++, vmo_reader_storage_of(r, i));
}

static void view_result(reader *r, vmo_value_id result, vmo_value_id base, vmo_size_id offset) {
  vmo_flow *flow = r->flow;
  vmo_reference from = flow->references[base];
  evaluated bytes = evaluate_type(r, type_of(r, result));
  vmo_reference *to = &flow->references[result];
  *to = (vmo_reference){.storage = from.storage, .view = true, .offset = offset, .end = ALL_BYTES};
  if (from.offset != VMO_NONE) to->offset = vmo_size_add(r->module->sizes, from.offset, offset);
  if (!vmo_reader_ok(r, to->offset != VMO_NONE) || from.storage == VMO_NONE) return;
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
      vmo_reader_own_storage(r, VMO_OWNER_CONSTANT, result, op);
    } else if (vmo_op_get_info(o->code)->view && vmo_op_is_view(r->module, r->function, o, i, &offset)) {
      view_result(r, result, vmo_op_value(r->function, o, 0), offset);
    } else {
      vmo_storage_id storage = vmo_reader_own_storage(r, VMO_OWNER_RESULT, result, op);
      if (!r->failed) vmo_reader_add_access(r, op, VMO_ACCESS_WHOLE_WRITE, storage, false, result);
    }
  }
}

static void read_workspace(reader *r, vmo_point op) {
  vmo_size_id size = vmo_op_workspace(r->module, r->function, &r->function->ops.data[op]);
  int64_t number = 1;
  if (!vmo_reader_ok(r, size != VMO_NONE) || (vmo_size_is_constant(r->module->sizes, size, &number) && number == 0))
    return;
  evaluated bytes = evaluate_size(r, size);
  if (bytes.bytes < 0) r->flow->known = false;
  vmo_reader_ok(r, vmo_vec_push(r->arena, &r->flow->workspaces, ((vmo_workspace){op, size, bytes.bytes})));
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
    vmo_reader_open_regions(r, op);
  } else if (o->code == VMO_OP_return) {
    return_values(r, op);
  } else if (vmo_op_get_info(o->code)->terminator) {
    vmo_reader_end_region(r, op);
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
    vmo_storage_id storage = vmo_reader_own_storage(r, parameter->state ? VMO_OWNER_STATE : VMO_OWNER_PARAMETER, i, -1);
    if (!r->failed) r->flow->storages.data[storage].donated = parameter->donate;
  }
}

/* The virtual end reads the results and the next states. */
static void read_end(reader *r, vmo_point end) {
  for (vmo_storage_id s = 0; s < r->flow->storages.count; s++) {
    vmo_storage_owner owner = r->flow->storages.data[s].owner;
    if (owner == VMO_OWNER_RETURNED || owner == VMO_OWNER_STATE)
      vmo_reader_add_access(r, end, VMO_ACCESS_READ, s, false, VMO_NONE);
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
  for (vmo_value_id v = 0; v < flow->value_count; v++) vmo_reader_refer(r, v, VMO_NONE);
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
  vmo_reader_begin_block(r, 0, 0);
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
