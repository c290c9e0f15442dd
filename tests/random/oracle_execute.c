/* oracle_execute.c: runs a function along one path: loops, branches, streams and calls.
 *
 * A thread is a place in the text of an activation. Streams are threads of one activation, which a scheduler lets take
 * turns: one after the other in both orders, in turns op by op, or at random, each op in two halves; their parent waits.
 * A call makes an activation for the same thread. Limits, conditions and trip counts are not computed but chosen. What
 * is handed over at loops and yields takes on a name and moves no bytes. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/random/oracle_internal.h"

enum { MOST_TRIPS = 3, SCHEDULERS = 5, MOST_DEPTH = 8 };

static bool out_of_memory(vmo_execution *e) {
  return vmo_blame(e->verdict, VMO_FAULT_MEMORY, "a run needs more memory");
}

uint32_t vmo_choose(vmo_path *path, uint32_t count) {
  if (path->position == path->count) {
    if (path->count == path->capacity) return 0;
    path->choices[path->count] = (uint8_t)(path->random ? vmo_next_random(&path->state) % count : 0);
    path->limits[path->count++] = (uint8_t)count;
  }
  return path->choices[path->position++];
}

/* The first path that is tried has two trips: most of what goes wrong in loops shows there. */
static uint32_t choose_trips(vmo_execution *e) {
  static const uint32_t trips[MOST_TRIPS + 1] = {2, 0, 1, 3};
  return e->steps > e->most_steps ? 0 : trips[vmo_choose(e->path, MOST_TRIPS + 1)];
}

/* ---- activations ---- */

static vmo_activation *new_activation(vmo_execution *e, const vmo_planned *planned, uint32_t id) {
  vmr_arena *arena = e->memory.arena;
  const vmo_function *function = planned->module->functions.data[id];
  vmo_activation *a = vmr_arena_alloc_array(arena, 1, sizeof *a);
  if (a == NULL) return NULL;
  a->planned = planned;
  a->function = function;
  a->arenas = vmr_arena_alloc_array(arena, planned->module->spaces.count, sizeof *a->arenas);
  a->results = vmr_arena_alloc_array(arena, (size_t)function->result_types.count + 1, sizeof *a->results);
  a->places = vmr_arena_alloc_array(arena, (size_t)function->values.count + 1, sizeof *a->places);
  a->contents = vmr_arena_alloc_array(arena, (size_t)function->values.count + 1, sizeof *a->contents);
  a->trips = vmr_arena_alloc_array(arena, (size_t)function->ops.count + 1, sizeof *a->trips);
  if (!a->arenas || !a->results || !a->places || !a->contents || !a->trips) return NULL;
  for (uint32_t s = 0; s < planned->module->spaces.count; s++) a->arenas[s] = (vmo_view){VMO_AT_NOWHERE, 0, 0};
  for (uint32_t r = 0; r < function->result_types.count; r++) a->results[r] = (vmo_place){VMO_AT_NOWHERE, 0, 0};
  for (uint32_t v = 0; v < function->values.count; v++) a->places[v] = (vmo_place){VMO_AT_NOWHERE, 0, 0};
  return a;
}

static bool is_scalar_parameter(const vmo_activation *a, vmo_value_id v) {
  return !a->function->parameters.data[v].state && vmo_planned_type(a->planned, a->function, v)->rank == 0;
}

/* ---- entry: the arenas, and what the caller gives, are blocks of their own ---- */

static bool make_arenas(vmo_execution *e, vmo_activation *a) {
  const vmo_plan *plan = a->function->plan;
  if (plan == NULL) return vmo_blame(e->verdict, VMO_FAULT_PLACE, "a function has no plan");
  for (uint32_t i = 0; i < plan->arena_count; i++) {
    int64_t bytes = vmo_size_at(a->planned, plan->arenas[i].bytes);
    if (bytes < 0) return vmo_blame(e->verdict, VMO_FAULT_PLACE, "an arena has no size");
    uint32_t block = vmo_add_block(&e->memory, bytes, false, i == 0 ? "the arena" : "another space's arena");
    if (block == VMO_NONE) return out_of_memory(e);
    a->arenas[plan->arenas[i].space] = (vmo_view){block, 0, bytes};
  }
  return true;
}

static bool give_parameters(vmo_execution *e, vmo_activation *a) {
  for (vmo_value_id v = 0; v < a->function->parameters.count; v++) {
    const vmo_parameter *parameter = &a->function->parameters.data[v];
    a->contents[v] = vmo_make_instance(&e->memory);
    if (parameter->state) continue;
    if (is_scalar_parameter(a, v)) {
      a->places[v].block = VMO_AT_FREE;
      continue;
    }
    int64_t bytes = vmo_bytes_of(a->planned, a->function, v);
    uint32_t block =
        vmo_add_block(&e->memory, bytes, !parameter->donate, parameter->donate ? "a donated parameter" : "a parameter");
    if (block == VMO_NONE) return out_of_memory(e);
    a->places[v] = (vmo_place){block, 0, bytes};
    vmo_fill_place(&e->memory, &a->places[v], a->contents[v]);
  }
  return true;
}

static bool provide_results(vmo_execution *e, vmo_activation *a) {
  if (!a->function->plan->results_in_caller) return true;
  for (uint32_t r = 0; r < a->function->result_types.count; r++) {
    int64_t bytes = a->planned->type_bytes[a->function->result_types.data[r]];
    uint32_t block = vmo_add_block(&e->memory, bytes, false, "the bytes of a result");
    if (block == VMO_NONE) return out_of_memory(e);
    a->results[r] = (vmo_place){block, 0, bytes};
  }
  return true;
}

vmo_activation *vmo_enter_function(vmo_execution *e, uint32_t id) {
  vmo_activation *a = new_activation(e, e->entry, id);
  if (a == NULL) {
    out_of_memory(e);
    return NULL;
  }
  if (!make_arenas(e, a) || !give_parameters(e, a) || !provide_results(e, a) || !vmo_place_values(e, a)) return NULL;
  for (vmo_value_id v = 0; v < a->function->parameters.count; v++)
    if (a->function->parameters.data[v].state) vmo_fill_place(&e->memory, &a->places[v], a->contents[v]);
  return a;
}

/* ---- calls ---- */

static bool blame_call(vmo_execution *e, const vmo_activation *a, uint32_t index, const char *what) {
  char where[160];
  return vmo_blame(e->verdict, VMO_FAULT_CONTRACT, "%s: %s", vmo_locate_op(a, index, where, sizeof where), what);
}

/* Whether a function that is running is called again; its arenas are then blocks of the runtime's. */
static bool is_running(const vmo_activation *a, const vmo_activation *callee) {
  for (; a != NULL; a = a->caller)
    if (a->function->name == callee->function->name) return true;
  return false;
}

static bool make_recursive_arenas(vmo_execution *e, vmo_activation *callee) {
  const vmo_plan *called = callee->function->plan;
  for (uint32_t i = 0; i < called->arena_count; i++) {
    int64_t bytes = vmo_size_at(callee->planned, called->arenas[i].bytes);
    uint32_t block = vmo_add_block(&e->memory, bytes < 0 ? 0 : bytes, false, "the arena of an activation");
    if (block == VMO_NONE) return out_of_memory(e);
    callee->arenas[called->arenas[i].space] = (vmo_view){block, 0, bytes < 0 ? 0 : bytes};
  }
  return true;
}

/* The callee's arenas are parts of the caller's, and hold nothing that is known. */
static bool lend_arenas(vmo_execution *e, const vmo_activation *a, uint32_t index, vmo_activation *callee) {
  const vmo_plan *plan = a->function->plan, *called = callee->function->plan;
  const vmo_op_plan *entry = NULL;
  for (uint32_t i = 0; i < plan->op_count; i++)
    if (plan->ops[i].op == index) entry = &plan->ops[i];
  if ((entry == NULL || entry->callee_count == 0) && called != NULL && is_running(a, callee))
    return make_recursive_arenas(e, callee);
  for (uint32_t i = 0; called != NULL && i < called->arena_count; i++) {
    int64_t bytes = vmo_size_at(callee->planned, called->arenas[i].bytes), at = 0;
    const vmo_view *arena = &a->arenas[called->arenas[i].space];
    callee->arenas[called->arenas[i].space] = (vmo_view){VMO_AT_FREE, 0, 0};
    if (bytes == 0) continue;
    if (entry == NULL || i >= entry->callee_count) return blame_call(e, a, index, "the callee's arena has no place");
    at = vmo_size_at(a->planned, plan->callee_offsets[entry->callee_first + i]);
    if (bytes < 0 || at < 0 || arena->block >= VMO_AT_FREE || at + bytes > arena->bytes)
      return blame_call(e, a, index, "the callee's arena lies beyond the caller's");
    callee->arenas[called->arenas[i].space] = (vmo_view){arena->block, arena->at + at, bytes};
    vmo_fill_place(&e->memory, &callee->arenas[called->arenas[i].space], vmo_make_instance(&e->memory));
  }
  return true;
}

static bool is_donated(const vmo_activation *callee, vmo_value_id v) {
  return callee->function->parameters.data[v].donate && !is_scalar_parameter(callee, v);
}

static bool hand_arguments(vmo_execution *e, const vmo_activation *a, uint32_t index, vmo_activation *callee) {
  const vmo_op *op = &a->function->ops.data[index];
  for (uint32_t i = 0; i < op->operand_count; i++) {
    vmo_value_id value = vmo_op_value(a->function, op, i);
    if (value != VMO_NONE && !vmo_expect_bytes(e, a, index, value)) return false;
    callee->contents[i] = value == VMO_NONE ? vmo_make_instance(&e->memory) : a->contents[value];
    callee->places[i] =
        value == VMO_NONE || is_scalar_parameter(callee, i) ? (vmo_place){VMO_AT_FREE, 0, 0} : a->places[value];
    if (!is_donated(callee, i)) continue;
    if (vmo_is_real(&callee->places[i]) && e->memory.blocks.data[callee->places[i].block].read_only)
      return blame_call(e, a, index, "an argument that may not be written is donated");
  }
  for (uint32_t i = 0; i < op->operand_count; i++)
    for (uint32_t j = 0; j < op->operand_count && is_donated(callee, i); j++)
      if (j != i && vmo_places_meet(&callee->places[i], &callee->places[j]))
        return blame_call(e, a, index, "a donated argument has bytes of another argument");
  return true;
}

static bool is_over_a_donated(const vmo_activation *callee, const vmo_place *place) {
  for (vmo_value_id v = 0; v < callee->function->parameters.count; v++)
    if (is_donated(callee, v) && vmo_places_meet(&callee->places[v], place)) return true;
  return false;
}

/* Where the caller wants the results. The callee may write there at any time, also first of all. */
static bool want_results(vmo_execution *e, const vmo_activation *a, uint32_t index, vmo_activation *callee) {
  const vmo_op *op = &a->function->ops.data[index];
  for (uint32_t i = 0; i < op->result_count; i++) {
    callee->results[i] = a->places[op->result_first + i];
    if (vmo_is_real(&callee->results[i]) && e->memory.blocks.data[callee->results[i].block].read_only)
      return blame_call(e, a, index, "a result is to be where nothing may be written");
    for (uint32_t j = 0; j < i; j++)
      if (vmo_places_meet(&callee->results[i], &callee->results[j]))
        return blame_call(e, a, index, "two results are to be in the same bytes");
    if (!is_over_a_donated(callee, &callee->results[i]))
      vmo_fill_place(&e->memory, &callee->results[i], vmo_make_instance(&e->memory));
  }
  for (uint32_t i = 0; i < op->operand_count; i++)
    if (vmo_op_value(a->function, op, i) != VMO_NONE &&
        !vmo_expect_bytes(e, a, index, vmo_op_value(a->function, op, i)))
      return false;
  return true;
}

static bool begin_call(vmo_execution *e, vmo_thread *thread) {
  const vmo_activation *a = thread->activation;
  e->abandoned = a->depth == MOST_DEPTH;
  if (e->abandoned) return true;
  vmo_activation *callee = new_activation(e, e->apart, a->function->ops.data[thread->op].callee);
  if (callee == NULL) return out_of_memory(e);
  callee->caller = thread->activation;
  callee->depth = a->depth + 1;
  callee->call = thread->op;
  if (!hand_arguments(e, a, thread->op, callee) || !lend_arenas(e, a, thread->op, callee)) return false;
  if (!want_results(e, a, thread->op, callee) || !vmo_place_values(e, callee)) return false;
  thread->activation = callee;
  thread->op = 0;
  return true;
}

/* ---- return ---- */

static bool blame_return(vmo_execution *e, const vmo_activation *a, uint32_t number, const char *what) {
  return vmo_blame(e->verdict, VMO_FAULT_CONTRACT, "@%s: result %" PRIu32 " %s",
                   vmo_name(a->planned->module, a->function->name), number, what);
}

static bool is_at(const vmo_place *left, const vmo_place *right) {
  return left->block == right->block && left->at == right->at;
}

/* A result must be where the caller looks for it, or in a donated parameter, or else in the function's own arena. */
static bool result_may_be_there(vmo_execution *e, const vmo_activation *a, uint32_t number, const vmo_place *place) {
  if (!vmo_is_real(place)) return true;
  if (a->caller != NULL) {
    const vmo_op *call = &a->caller->function->ops.data[a->call];
    return is_at(place, &a->caller->places[call->result_first + number]) ||
           blame_return(e, a, number, "is not where the caller looks for it");
  }
  if (e->memory.blocks.data[place->block].read_only)
    return blame_return(e, a, number, "is in bytes that are not the function's");
  if (!a->function->plan->results_in_caller || is_over_a_donated(a, place)) return true;
  return is_at(place, &a->results[number]) || blame_return(e, a, number, "is not in the bytes provided for it");
}

static bool check_results(vmo_execution *e, const vmo_activation *a, uint32_t index) {
  const vmo_op *op = &a->function->ops.data[index];
  for (uint32_t i = 0; i < op->operand_count; i++) {
    vmo_value_id value = vmo_op_value(a->function, op, i);
    if (value == VMO_NONE) return blame_return(e, a, i, "has no bytes");
    if (!vmo_expect_bytes(e, a, index, value)) return false;
    if (vmo_bytes_of(a->planned, a->function, value) > 0 && !vmo_is_real(&a->places[value]))
      return blame_return(e, a, i, "has no bytes");
    if (i < a->function->result_types.count && !result_may_be_there(e, a, i, &a->places[value])) return false;
    for (uint32_t j = 0; j < i; j++)
      if (vmo_places_meet(&a->places[value], &a->places[vmo_op_value(a->function, op, j)]))
        return blame_return(e, a, i, "shares bytes with another one");
  }
  return true;
}

/* The next state stands in the state's bytes; what was lent is as it was. */
static bool check_parameters(vmo_execution *e, const vmo_activation *a, uint32_t index) {
  const vmo_op *op = &a->function->ops.data[index];
  uint32_t next = a->function->result_types.count;
  for (vmo_value_id v = 0; v < a->function->parameters.count; v++) {
    const vmo_parameter *parameter = &a->function->parameters.data[v];
    if (parameter->state) {
      vmo_value_id content = vmo_op_value(a->function, op, next++);
      if (vmo_find_wrong_byte(&e->memory, &a->places[v], a->contents[content]) >= 0)
        return vmo_blame(e->verdict, VMO_FAULT_CONTRACT, "@%s: state %%%s does not hold its next content",
                         vmo_name(a->planned->module, a->function->name),
                         vmo_value_name(a->planned->module, a->function, v));
    } else if (!parameter->donate && vmo_find_wrong_byte(&e->memory, &a->places[v], a->contents[v]) >= 0) {
      return vmo_blame(e->verdict, VMO_FAULT_CONTRACT, "@%s: parameter %%%s was overwritten",
                       vmo_name(a->planned->module, a->function->name),
                       vmo_value_name(a->planned->module, a->function, v));
    }
  }
  return true;
}

/* Results get their names in the caller; what was donated and is no result is lost. */
static void end_call(vmo_execution *e, vmo_thread *thread) {
  vmo_activation *a = thread->activation, *caller = a->caller;
  const vmo_op *call = &caller->function->ops.data[a->call], *op = &a->function->ops.data[thread->op];
  for (vmo_value_id v = 0; v < a->function->parameters.count; v++)
    if (is_donated(a, v)) vmo_fill_place(&e->memory, &a->places[v], vmo_make_instance(&e->memory));
  for (uint32_t i = 0; i < call->result_count; i++) {
    vmo_content content = a->contents[vmo_op_value(a->function, op, i)];
    caller->contents[call->result_first + i] = content;
    vmo_fill_place(&e->memory, &caller->places[call->result_first + i], content);
  }
  thread->activation = caller;
  thread->op = a->call + 1;
}

/* ---- regions ---- */

static const vmo_region *region_at(const vmo_activation *a, uint32_t region) {
  return &a->function->regions.data[region];
}

/* Operand `first + i` is named `to + i`, all at once. */
static bool hand_over(vmo_execution *e, vmo_activation *a, const vmo_op *op, uint32_t first, vmo_value_id to,
                      uint32_t count) {
  vmo_content *contents = vmr_arena_alloc_array(e->memory.arena, (size_t)count + 1, sizeof *contents);
  if (contents == NULL) return out_of_memory(e);
  for (uint32_t i = 0; i < count; i++) {
    vmo_value_id value = vmo_op_value(a->function, op, first + i);
    contents[i] = value == VMO_NONE ? vmo_make_instance(&e->memory) : a->contents[value];
  }
  for (uint32_t i = 0; i < count; i++) a->contents[to + i] = contents[i];
  return true;
}

static vmo_value_id first_carried(const vmo_activation *a, const vmo_op *loop) {
  return region_at(a, loop->region_first)->argument_first + (loop->code == VMO_OP_for ? 1 : 0);
}

static void leave_loop(vmo_thread *thread, uint32_t index) {
  vmo_activation *a = thread->activation;
  const vmo_op *loop = &a->function->ops.data[index];
  for (uint32_t i = 0; i < loop->result_count; i++)
    a->contents[loop->result_first + i] = a->contents[first_carried(a, loop) + i];
  thread->op = region_at(a, loop->region_first + loop->region_count - 1)->op_end;
}

/* The next trip of a `for`, or its end. */
static void go_round(vmo_execution *e, vmo_thread *thread, uint32_t index) {
  vmo_activation *a = thread->activation;
  const vmo_region *body = region_at(a, a->function->ops.data[index].region_first);
  if (a->trips[index] == 0) {
    leave_loop(thread, index);
    return;
  }
  a->trips[index]--;
  a->contents[body->argument_first] = vmo_make_instance(&e->memory);
  thread->op = body->op_first;
}

static bool expect_operand(vmo_execution *e, const vmo_activation *a, uint32_t index, uint32_t operand) {
  vmo_value_id value = vmo_op_value(a->function, &a->function->ops.data[index], operand);
  return value == VMO_NONE || vmo_expect_bytes(e, a, index, value);
}

static bool begin_for(vmo_execution *e, vmo_thread *thread) {
  vmo_activation *a = thread->activation;
  uint32_t index = thread->op;
  const vmo_op *op = &a->function->ops.data[index];
  if (!expect_operand(e, a, index, 0) || !expect_operand(e, a, index, 1)) return false;
  if (!hand_over(e, a, op, 2, first_carried(a, op), op->result_count)) return false;
  a->trips[index] = choose_trips(e);
  go_round(e, thread, index);
  return true;
}

static bool begin_while(vmo_execution *e, vmo_thread *thread) {
  vmo_activation *a = thread->activation;
  const vmo_op *op = &a->function->ops.data[thread->op];
  if (!hand_over(e, a, op, 0, first_carried(a, op), op->result_count)) return false;
  a->trips[thread->op] = choose_trips(e);
  thread->op = region_at(a, op->region_first)->op_first;
  return true;
}

static bool begin_if(vmo_execution *e, vmo_thread *thread) {
  vmo_activation *a = thread->activation;
  const vmo_op *op = &a->function->ops.data[thread->op];
  if (!expect_operand(e, a, thread->op, 0)) return false;
  uint32_t branch = vmo_choose(e->path, 2);
  thread->op = branch < op->region_count ? region_at(a, op->region_first + branch)->op_first
                                         : region_at(a, op->region_first)->op_end;
  return true;
}

static bool begin_parallel(vmo_execution *e, uint32_t number) {
  vmo_thread *thread = &e->threads.data[number];
  vmo_activation *a = thread->activation;
  const vmo_op *op = &a->function->ops.data[thread->op];
  uint32_t first = op->region_first, count = op->region_count;
  if (count == 0) {
    thread->op++;
    return true;
  }
  thread->waits = count;
  thread->op = region_at(a, first + count - 1)->op_end;
  e->running += count - 1;
  if (e->scheduler == VMO_NONE && count > 1) e->scheduler = vmo_choose(e->path, SCHEDULERS);
  for (uint32_t r = 0; r < count; r++) {
    vmo_thread stream = {.activation = a, .op = region_at(a, first + r)->op_first, .parent = number};
    if (!vmo_vec_push(e->memory.arena, &e->threads, stream)) return out_of_memory(e);
  }
  return true;
}

static bool end_stream(vmo_execution *e, uint32_t number) {
  vmo_thread *thread = &e->threads.data[number];
  vmo_activation *a = thread->activation;
  const vmo_op *op = &a->function->ops.data[thread->op];
  const vmo_op *owner = &a->function->ops.data[region_at(a, op->region)->owner];
  uint32_t before = 0;
  for (uint32_t r = owner->region_first; r < op->region; r++)
    before += a->function->ops.data[region_at(a, r)->op_end - 1].operand_count;
  if (!hand_over(e, a, op, 0, owner->result_first + before, op->operand_count)) return false;
  thread->done = true;
  if (--e->threads.data[thread->parent].waits > 0) e->running--;
  return true;
}

static bool end_return(vmo_execution *e, vmo_thread *thread) {
  const vmo_activation *a = thread->activation;
  if (!check_results(e, a, thread->op) || !check_parameters(e, a, thread->op)) return false;
  if (a->caller != NULL) {
    end_call(e, thread);
  } else {
    thread->done = true;
    e->running--;
  }
  return true;
}

static bool end_region(vmo_execution *e, uint32_t number) {
  vmo_thread *thread = &e->threads.data[number];
  vmo_activation *a = thread->activation;
  const vmo_op *op = &a->function->ops.data[thread->op];
  const vmo_region *region = region_at(a, op->region);
  uint32_t loop = region->owner;
  const vmo_op *owner = loop == VMO_NONE ? NULL : &a->function->ops.data[loop];
  switch (region->kind) {
  case VMO_REGION_BODY: return end_return(e, thread);
  case VMO_REGION_STREAM: return end_stream(e, number);
  case VMO_REGION_THEN:
  case VMO_REGION_ELSE:
    thread->op = region_at(a, owner->region_first + owner->region_count - 1)->op_end;
    return hand_over(e, a, op, 0, owner->result_first, owner->result_count);
  case VMO_REGION_FOR:
    if (!hand_over(e, a, op, 0, first_carried(a, owner), owner->result_count)) return false;
    go_round(e, thread, loop);
    return true;
  case VMO_REGION_DO:
    thread->op = region_at(a, owner->region_first)->op_first;
    return hand_over(e, a, op, 0, first_carried(a, owner), owner->result_count);
  case VMO_REGION_CONDITION: break;
  }
  if (!expect_operand(e, a, thread->op, 0)) return false;
  if (a->trips[loop] == 0) {
    leave_loop(thread, loop);
  } else {
    a->trips[loop]--;
    thread->op = region_at(a, owner->region_first + 1)->op_first;
  }
  return true;
}

/* ---- taking turns ---- */

static bool step(vmo_execution *e, uint32_t number) {
  vmo_thread *thread = &e->threads.data[number];
  const vmo_op *op = &thread->activation->function->ops.data[thread->op];
  bool alone = e->running == 1;
  e->steps++;
  switch (op->code) {
  case VMO_OP_for: return begin_for(e, thread);
  case VMO_OP_while: return begin_while(e, thread);
  case VMO_OP_if: return begin_if(e, thread);
  case VMO_OP_parallel: return begin_parallel(e, number);
  case VMO_OP_call: return begin_call(e, thread);
  case VMO_OP_yield:
  case VMO_OP_condition:
  case VMO_OP_return: return end_region(e, number);
  default: break;
  }
  if (!thread->begun && !vmo_begin_op(e, thread, alone)) return false;
  if (!thread->begun && !alone) {
    thread->begun = true;
    return true;
  }
  if (!vmo_end_op(e, thread, !thread->begun)) return false;
  thread->begun = false;
  thread->op++;
  return true;
}

static bool may_run(const vmo_thread *thread) { return !thread->done && thread->waits == 0; }

/* Whose turn it is; the schedulers: 0 first stream first, 1 last stream first, 2 in turns, 3 and 4 at random. */
static uint32_t pick_thread(const vmo_execution *e, uint32_t last, uint64_t *random) {
  uint32_t count = e->threads.count, picked = VMO_NONE, seen = 0;
  if (e->running == 1 && last < count && may_run(&e->threads.data[last])) return last;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t at = e->scheduler == 2 ? (last + 1 + i) % count : e->scheduler == 1 ? count - 1 - i : i;
    if (!may_run(&e->threads.data[at])) continue;
    seen++;
    if (e->scheduler < 3 || e->scheduler == VMO_NONE) return at;
    if (vmo_next_random(random) % seen == 0) picked = at;
  }
  return picked;
}

bool vmo_execute(vmo_execution *e, uint32_t id) {
  vmo_thread first = {.parent = VMO_NONE};
  uint64_t random = e->path->state;
  uint32_t number = 0;
  first.activation = vmo_enter_function(e, id);
  if (first.activation == NULL) return false;
  if (!vmo_vec_push(e->memory.arena, &e->threads, first)) return out_of_memory(e);
  e->running = 1;
  e->scheduler = VMO_NONE;
  while (e->running > 0 && !e->abandoned) {
    number = pick_thread(e, number, &random);
    if (number == VMO_NONE) return vmo_blame(e->verdict, VMO_FAULT_STRUCTURE, "no stream can go on");
    if (!step(e, number)) return false;
  }
  return true;
}
