/* check_calls.c: what a check has to know of callees.
 *
 * How its arenas are aligned, and where its results come in, is read off the callee's own plan, once per module. Which
 * functions call each other back is found by the strongly connected components of the call graph (Tarjan, Depth-first
 * search and linear graph algorithms, 1972) with a stack of its own; that is only asked where a call names no arena.
 * All of it is linear in the module. */
#include "passes/plan_checker.h"

bool vmo_is_donated(const vmo_plan_checker *c, const vmo_op *call, uint32_t operand) {
  const vmo_function *callee = c->module->functions.data[call->callee];
  vmo_value_id value = vmo_op_value(c->function, call, operand);
  return value != VMO_NONE && VMO_PLACE_REAL(&c->places[value]) && operand < callee->parameters.count &&
         callee->parameters.data[operand].donate && vmo_value_type(c->module, callee, operand)->rank > 0;
}

/* ---- alignments ---- */

static bool find_alignments(vmo_check_session *session, const vmo_function *function, vmo_plan_callee *callee) {
  const vmo_plan *plan = function->plan;
  callee->alignments = vmr_arena_alloc_array(session->arena, (size_t)plan->arena_count + 1, sizeof(uint32_t));
  uint32_t *by_space = vmr_arena_alloc_array(session->arena, session->module->spaces.count, sizeof *by_space);
  if (!callee->alignments || !by_space) return false;
  for (vmo_value_id v = 0; v < plan->value_count && v < function->values.count; v++) {
    const vmo_type *type = vmo_value_type(session->module, function, v);
    if (plan->values[v].slot != VMO_NONE && type->alignment > by_space[type->space])
      by_space[type->space] = type->alignment;
  }
  for (uint32_t i = 0; i < plan->arena_count; i++) {
    callee->alignments[i] = plan->alignment > 0 ? plan->alignment : 1;
    if (plan->arenas[i].space >= session->module->spaces.count) continue; /* refused when that plan is checked */
    if (by_space[plan->arenas[i].space] > callee->alignments[i])
      callee->alignments[i] = by_space[plan->arenas[i].space];
  }
  callee->aligned = true;
  return true;
}

uint32_t vmo_find_callee_alignment(vmo_plan_checker *c, vmo_function_id function, uint32_t arena) {
  vmo_plan_callee *callee = &c->session->callees[function];
  if (!callee->aligned && !find_alignments(c->session, c->module->functions.data[function], callee)) {
    vmo_stop_check(c);
    return 0;
  }
  return callee->alignments[arena];
}

/* ---- results ---- */

static uint32_t find_result(const vmo_plan_checker *located, const vmo_op *ret, uint32_t result) {
  vmo_value_id value = vmo_op_value(located->function, ret, result);
  const vmo_plan_place *place = value == VMO_NONE ? NULL : &located->places[value];
  if (!place || !VMO_PLACE_REAL(place)) return VMO_CALLEE_FRESH;
  const vmo_plan_base *base = &located->bases.data[place->base];
  if (base->kind != VMO_BASE_PARAMETER) return VMO_CALLEE_FRESH;
  vmo_size_id whole = vmo_value_type(located->module, located->function, base->index)->bytes;
  bool all = place->start == located->zero && vmo_value_type(located->module, located->function, value)->bytes == whole;
  return all ? base->index : VMO_CALLEE_PART;
}

static bool find_results(vmo_plan_checker *c, vmo_function_id id, vmo_plan_callee *callee, vmr_arena *scratch) {
  const vmo_function *function = c->module->functions.data[id];
  vmo_plan_checker located = vmo_begin_plan_check(c->session, id, scratch);
  if (!vmo_locate_values(&located)) {
    c->status = located.status;
    return false;
  }
  const vmo_op *ret = &function->ops.data[function->ops.count - 1];
  uint32_t *results =
      vmr_arena_alloc_array(c->session->arena, (size_t)function->result_types.count + 1, sizeof *results);
  if (!results) return vmo_stop_check(c);
  for (uint32_t i = 0; i < function->result_types.count; i++) results[i] = find_result(&located, ret, i);
  callee->results = results;
  callee->described = true;
  return true;
}

const uint32_t *vmo_find_callee_results(vmo_plan_checker *c, vmo_function_id id) {
  vmo_plan_callee *callee = &c->session->callees[id];
  if (callee->described) return callee->results;
  vmr_arena *scratch = vmr_arena_create(0);
  if (!scratch) vmo_stop_check(c);
  bool found = scratch && find_results(c, id, callee, scratch);
  vmr_arena_destroy(scratch);
  return found ? callee->results : NULL;
}

/* ---- recursion ---- */

/* Calls of all functions: those of function f are [first[f], first[f + 1]) of `callees`. */
typedef struct call_graph {
  uint32_t functions;
  uint32_t *first;
  VMO_VEC(uint32_t) callees;
} call_graph;

static bool read_call_graph(vmo_check_session *session, vmr_arena *arena, call_graph *graph) {
  graph->functions = session->module->functions.count;
  graph->first = vmr_arena_alloc_array(arena, (size_t)graph->functions + 1, sizeof *graph->first);
  if (!graph->first) return false;
  for (uint32_t f = 0; f < graph->functions; f++) {
    const vmo_function *function = session->module->functions.data[f];
    graph->first[f] = graph->callees.count;
    for (uint32_t i = 0; i < function->ops.count; i++) {
      const vmo_op *op = &function->ops.data[i];
      if (op->code == VMO_OP_call && !vmo_vec_push(arena, &graph->callees, op->callee)) return false;
    }
  }
  graph->first[graph->functions] = graph->callees.count;
  return true;
}

typedef struct search {
  const call_graph *graph;
  uint32_t *order;     /* 1 + when a function was reached; 0: not yet */
  uint32_t *lowest;    /* the earliest one on the stack that it reaches */
  uint32_t *next;      /* its next call to follow */
  uint32_t *path;      /* functions being searched */
  uint32_t *stack;     /* reached, of no component yet */
  uint32_t *component; /* result; VMO_NONE: none yet */
  uint32_t reached, path_count, stack_count;
} search;

static void reach_function(search *s, uint32_t function) {
  s->order[function] = s->lowest[function] = ++s->reached;
  s->next[function] = s->graph->first[function];
  s->path[s->path_count++] = function;
  s->stack[s->stack_count++] = function;
}

static void leave_function(search *s, uint32_t function) {
  s->path_count--;
  if (s->path_count > 0) {
    uint32_t caller = s->path[s->path_count - 1];
    if (s->lowest[function] < s->lowest[caller]) s->lowest[caller] = s->lowest[function];
  }
  if (s->lowest[function] != s->order[function]) return;
  uint32_t member;
  do {
    member = s->stack[--s->stack_count];
    s->component[member] = function;
  } while (member != function);
}

static void search_from(search *s, uint32_t root) {
  reach_function(s, root);
  while (s->path_count > 0) {
    uint32_t function = s->path[s->path_count - 1];
    if (s->next[function] == s->graph->first[function + 1]) {
      leave_function(s, function);
      continue;
    }
    uint32_t callee = s->graph->callees.data[s->next[function]++];
    if (s->order[callee] == 0)
      reach_function(s, callee);
    else if (s->component[callee] == VMO_NONE && s->order[callee] < s->lowest[function])
      s->lowest[function] = s->order[callee];
  }
}

static bool find_components(vmo_check_session *session, vmr_arena *scratch) {
  call_graph graph = {0};
  uint32_t *components = vmr_arena_alloc_array(session->arena, session->module->functions.count, sizeof *components);
  if (!components || !read_call_graph(session, scratch, &graph)) return false;
  uint32_t *room = vmr_arena_alloc_array(scratch, (size_t)graph.functions * 5, sizeof *room);
  if (!room) return false;
  search s = {.graph = &graph, .order = room, .component = components};
  s.lowest = room + graph.functions;
  s.next = s.lowest + graph.functions;
  s.path = s.next + graph.functions;
  s.stack = s.path + graph.functions;
  for (uint32_t f = 0; f < graph.functions; f++) components[f] = VMO_NONE;
  for (uint32_t f = 0; f < graph.functions; f++)
    if (s.order[f] == 0) search_from(&s, f);
  session->components = components;
  return true;
}

bool vmo_find_recursion(vmo_plan_checker *c, vmo_function_id callee, bool *recursive) {
  if (!c->session->components) {
    vmr_arena *scratch = vmr_arena_create(0);
    bool found = scratch && find_components(c->session, scratch);
    vmr_arena_destroy(scratch);
    if (!found) return vmo_stop_check(c);
  }
  *recursive = c->session->components[callee] == c->session->components[c->id];
  return true;
}
