/* call_graph.c: who calls whom, in groups that call each other.
 *
 * Groups are strongly connected components (R. Tarjan, "Depth-First Search and Linear Graph Algorithms", 1972), callees
 * first, found with a stack of our own in time linear in functions and calls. Twice:
 *
 *   direct calls     the order in which functions are summarised; a call through a pointer has no summary anyway. What a
 *                    function is given, to call it maybe, counts as called by who gives it
 *   possible calls   whether a function may be active more than once. One more node, "outside", stands for all code that
 *                    is not seen: calls of unknown functions lead to it, and from it to each function whose address is
 *                    taken or, unless this is the whole program, that others can name; so do calls through pointers.
 *                    Of the whole program, those lead to the functions whose address is known to more than a
 *                    library function that calls them, and that take as many arguments: one node for each number. */
#include <string.h>

#include "llvm/libc.h"
#include "llvm/program.h"

#define MOST_ARGUMENTS 16 /* calls through pointers with more are as with so many */

typedef struct graph {
  uint32_t *first; /* node_count + 1 */
  uint32_t *targets;
  uint32_t node_count;
} graph;

typedef struct search {
  const graph *graph;
  uint32_t *number, *low, *next; /* of each node; number VMO_NONE: not reached */
  uint32_t *path, *stack;
  uint32_t path_count, stack_count, counter;
  bool *on_stack;
  vmo_ll_groups *groups;
  uint32_t order_count;
} search;

static uint32_t *new_array(vmo_ll_program *program, size_t count) {
  return vmr_arena_alloc_array(program->arena, count + 1, sizeof(uint32_t));
}

/* ---- edges ---- */

/* Whether every function that a library function is told to call is one of the program. */
static bool knows_callbacks(const vmo_ll_program *program, const vmo_ll_instruction *call, const vmo_libc_row *row) {
  for (uint32_t i = 0; i < call->operand_count; i++)
    if (vmo_libc_effect_of(row, i) == VMO_EFFECT_CALLED &&
        vmo_ll_find_function(program, LLVMGetOperand(call->ref, i)) == VMO_NONE)
      return false;
  return true;
}

/* Where a call through a pointer, with so many arguments, leads to. */
static uint32_t pointer_node(const vmo_ll_program *program, uint32_t count, bool whole_program) {
  count = count < MOST_ARGUMENTS ? count : MOST_ARGUMENTS;
  return program->functions.count + (whole_program ? 1 + count : 0);
}

/* Where a library function leads to that is told to call one that is not known here. */
static uint32_t callback_node(const vmo_ll_program *program, const vmo_libc_row *row, bool whole_program) {
  bool compares = strcmp(row->name, "qsort") == 0 || strcmp(row->name, "bsearch") == 0;
  return compares ? pointer_node(program, 2, whole_program) : program->functions.count;
}

/* The function or the node of others that a call leads to; VMO_NONE: nowhere. */
static uint32_t target_of(const vmo_ll_program *program, const vmo_ll_instruction *call, bool possible,
                          bool whole_program) {
  uint32_t outside = program->functions.count;
  if (!vmo_ll_is_call(call->opcode)) return VMO_NONE;
  if (call->callee == VMO_NONE) {
    bool assembly = LLVMIsAInlineAsm(LLVMGetCalledValue(call->ref)) != NULL;
    return possible && !assembly ? pointer_node(program, call->operand_count, whole_program) : VMO_NONE;
  }
  const vmo_ll_function *callee = &program->functions.data[call->callee];
  if (vmo_ll_is_defined(callee) && (callee->exact || !possible)) return call->callee;
  if (!possible || callee->intrinsic || callee->no_return) return VMO_NONE;
  if (callee->libc == NULL) return outside;
  return knows_callbacks(program, call, callee->libc) ? VMO_NONE : callback_node(program, callee->libc, whole_program);
}

static bool is_called_from_outside(const vmo_ll_function *function, bool whole_program) {
  if (!vmo_ll_is_defined(function) || strcmp(function->name, "main") == 0) return false;
  return function->address_taken || (function->external && !whole_program);
}

/* Whether the address of a function is known to more than library functions that are told to call it. */
static bool is_pointed_to(const vmo_ll_program *program, const vmo_ll_function *function) {
  if (!vmo_ll_is_defined(function) || !function->address_taken) return false;
  for (LLVMUseRef use = LLVMGetFirstUse(function->ref); use != NULL; use = LLVMGetNextUse(use)) {
    LLVMValueRef user = LLVMGetUser(use);
    uint32_t callee = LLVMIsACallInst(user) ? vmo_ll_find_function(program, LLVMGetCalledValue(user)) : VMO_NONE;
    if (callee == VMO_NONE) return true;
    const vmo_libc_row *row = program->functions.data[callee].libc;
    for (unsigned i = 0; i < LLVMGetNumArgOperands(user); i++)
      if (LLVMGetOperand(user, i) == function->ref && (row == NULL || vmo_libc_effect_of(row, i) != VMO_EFFECT_CALLED))
        return true;
  }
  return false;
}

/* Whether code of which nothing is known takes part: a pointer may mean a function of its own. */
static bool has_strangers(const vmo_ll_program *program) {
  for (uint32_t f = 0; f < program->functions.count; f++) {
    const vmo_ll_function *function = &program->functions.data[f];
    if (!vmo_ll_is_defined(function) && !function->intrinsic && !function->no_return && function->libc == NULL &&
        LLVMGetFirstUse(function->ref) != NULL)
      return true;
  }
  return false;
}

static bool takes_arguments(const vmo_ll_function *function, uint32_t count) {
  if (count == MOST_ARGUMENTS) return function->parameter_count >= count || function->variadic;
  return function->parameter_count == count || (function->variadic && function->parameter_count < count);
}

/* The nodes of calls through pointers: one for each number of arguments. */
static bool add_pointer_nodes(vmo_ll_program *program, graph *g, uint32_t count) {
  uint32_t functions = program->functions.count, pointed = 0;
  uint32_t *list = new_array(program, functions);
  bool strangers = has_strangers(program);
  if (list == NULL) return false;
  for (uint32_t f = 0; f < functions; f++)
    if (is_pointed_to(program, &program->functions.data[f])) list[pointed++] = f;
  for (uint32_t n = 0; n <= MOST_ARGUMENTS; n++) {
    g->first[functions + 1 + n] = count;
    if (strangers) g->targets[count++] = functions;
    for (uint32_t i = 0; i < pointed; i++)
      if (takes_arguments(&program->functions.data[list[i]], n)) g->targets[count++] = list[i];
  }
  g->first[g->node_count] = count;
  return true;
}

/* Functions that a function of the program is given: what the call does depends on them (callbacks.c). */
static uint32_t add_given(const vmo_ll_program *program, const vmo_ll_instruction *call, uint32_t *targets,
                          uint32_t count) {
  if (call->callee == VMO_NONE || !vmo_ll_is_defined(&program->functions.data[call->callee])) return count;
  for (uint32_t i = 0; i < call->operand_count; i++) {
    if (program->operands.data[call->operand_first + i] != VMO_LL_OUTSIDE) continue;
    uint32_t function = vmo_ll_find_function(program, LLVMGetOperand(call->ref, i));
    if (function != VMO_NONE) targets[count++] = function;
  }
  return count;
}

/* Functions that a library function is told to call: callees as others are. */
static uint32_t add_callbacks(const vmo_ll_program *program, const vmo_ll_instruction *call, uint32_t *targets,
                              uint32_t count) {
  const vmo_libc_row *row = call->callee == VMO_NONE ? NULL : program->functions.data[call->callee].libc;
  if (row == NULL || !vmo_libc_calls_back(row)) return count;
  for (uint32_t i = 0; i < call->operand_count; i++) {
    uint32_t function = vmo_ll_find_function(program, LLVMGetOperand(call->ref, i));
    if (function != VMO_NONE) targets[count++] = function;
  }
  return count;
}

static vmo_status build_graph(vmo_ll_program *program, bool possible, bool whole_program, graph *g) {
  uint32_t functions = program->functions.count, count = 0;
  bool pointers = possible && whole_program;
  g->node_count = functions + 1 + (pointers ? MOST_ARGUMENTS + 1 : 0);
  g->first = new_array(program, g->node_count + 1);
  g->targets = new_array(program, (size_t)program->instructions.count + program->operands.count +
                                      (size_t)(functions + 1) * (pointers ? MOST_ARGUMENTS + 2 : 1));
  if (g->first == NULL || g->targets == NULL) return VMO_OUT_OF_MEMORY;
  for (uint32_t f = 0; f < functions; f++) {
    const vmo_ll_function *function = &program->functions.data[f];
    g->first[f] = count;
    for (uint32_t i = function->first; i < function->first + function->count; i++) {
      uint32_t target = target_of(program, &program->instructions.data[i], possible, whole_program);
      if (target != VMO_NONE) g->targets[count++] = target;
      count = add_callbacks(program, &program->instructions.data[i], g->targets, count);
      if (!possible) count = add_given(program, &program->instructions.data[i], g->targets, count);
    }
  }
  g->first[functions] = count;
  for (uint32_t f = 0; possible && f < functions; f++)
    if (is_called_from_outside(&program->functions.data[f], whole_program)) g->targets[count++] = f;
  g->first[functions + 1] = count;
  return !pointers || add_pointer_nodes(program, g, count) ? VMO_OK : VMO_OUT_OF_MEMORY;
}

/* ---- components ---- */

static void enter(search *s, uint32_t node) {
  s->number[node] = s->low[node] = s->counter++;
  s->next[node] = s->graph->first[node];
  s->path[s->path_count++] = s->stack[s->stack_count++] = node;
  s->on_stack[node] = true;
}

static void close_group(search *s, uint32_t node) {
  vmo_ll_groups *groups = s->groups;
  groups->group_first[groups->group_count] = s->order_count;
  for (uint32_t member = VMO_NONE; member != node;) {
    member = s->stack[--s->stack_count];
    s->on_stack[member] = false;
    groups->group[member] = groups->group_count;
    groups->order[s->order_count++] = member;
  }
  groups->group_first[++groups->group_count] = s->order_count;
}

static void walk_from(search *s, uint32_t root) {
  enter(s, root);
  while (s->path_count > 0) {
    uint32_t node = s->path[s->path_count - 1];
    if (s->next[node] < s->graph->first[node + 1]) {
      uint32_t to = s->graph->targets[s->next[node]++];
      if (s->number[to] == VMO_NONE) {
        enter(s, to);
      } else if (s->on_stack[to] && s->number[to] < s->low[node]) {
        s->low[node] = s->number[to];
      }
      continue;
    }
    s->path_count--;
    if (s->low[node] == s->number[node]) close_group(s, node);
    if (s->path_count == 0) continue;
    uint32_t above = s->path[s->path_count - 1];
    if (s->low[node] < s->low[above]) s->low[above] = s->low[node];
  }
}

static vmo_status find_components(vmo_ll_program *program, const graph *g, vmo_ll_groups *groups) {
  uint32_t nodes = g->node_count;
  search s = {.graph = g, .groups = groups};
  s.number = new_array(program, nodes);
  s.low = new_array(program, nodes);
  s.next = new_array(program, nodes);
  s.path = new_array(program, nodes);
  s.stack = new_array(program, nodes);
  s.on_stack = vmr_arena_alloc_array(program->arena, nodes + 1, sizeof *s.on_stack);
  groups->order = new_array(program, nodes);
  groups->group = new_array(program, nodes);
  groups->group_first = new_array(program, nodes + 1);
  groups->group_count = 0;
  groups->first = g->first;
  groups->targets = g->targets;
  if (!s.number || !s.low || !s.next || !s.path || !s.stack || !s.on_stack || !groups->order || !groups->group ||
      !groups->group_first)
    return VMO_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < nodes; i++) s.number[i] = VMO_NONE;
  for (uint32_t i = 0; i < nodes; i++)
    if (s.number[i] == VMO_NONE) walk_from(&s, i);
  return VMO_OK;
}

vmo_status vmo_group_nodes(vmo_ll_program *program, uint32_t *first, uint32_t *targets, uint32_t count,
                           vmo_ll_groups *groups) {
  graph g = {first, targets, count};
  return find_components(program, &g, groups);
}

static bool calls_itself(const graph *g, uint32_t node) {
  for (uint32_t i = g->first[node]; i < g->first[node + 1]; i++)
    if (g->targets[i] == node) return true;
  return false;
}

/* Whether the group holds the node of code that is not seen, or one of calls through pointers. */
static bool is_group_of_others(const graph *g, const vmo_ll_groups *groups, uint32_t group, uint32_t outside) {
  for (uint32_t node = outside; node < g->node_count; node++)
    if (groups->group[node] == group) return true;
  return false;
}

static void mark_recursive(vmo_ll_program *program, const graph *g, const vmo_ll_groups *groups) {
  uint32_t outside = program->functions.count;
  for (uint32_t f = 0; f < outside; f++) {
    vmo_ll_function *function = &program->functions.data[f];
    uint32_t group = groups->group[f];
    uint32_t size = groups->group_first[group + 1] - groups->group_first[group];
    function->calls_itself = calls_itself(g, f);
    function->recursive = size > 1 || function->calls_itself;
    function->called_back = function->recursive && is_group_of_others(g, groups, group, outside);
  }
}

/* Marks what functions call that surely call themselves; callers first. */
static void mark_in_recursion(vmo_ll_program *program, const graph *g, const vmo_ll_groups *groups) {
  uint32_t outside = program->functions.count;
  for (uint32_t i = g->node_count; i-- > 0;) {
    uint32_t node = groups->order[i];
    if (node >= outside) continue;
    const vmo_ll_function *function = &program->functions.data[node];
    if (!function->in_recursion && (!function->recursive || function->called_back)) continue;
    for (uint32_t t = g->first[node]; t < g->first[node + 1]; t++)
      if (g->targets[t] < outside) program->functions.data[g->targets[t]].in_recursion = true;
  }
}

vmo_status vmo_find_groups(vmo_ll_program *program, bool whole_program, vmo_ll_groups *groups) {
  graph possible, direct;
  vmo_status status = build_graph(program, true, whole_program, &possible);
  if (status == VMO_OK) status = find_components(program, &possible, groups);
  if (status != VMO_OK) return status;
  mark_recursive(program, &possible, groups);
  status = build_graph(program, false, whole_program, &direct);
  if (status == VMO_OK) status = find_components(program, &direct, groups);
  if (status == VMO_OK) mark_in_recursion(program, &direct, groups);
  return status;
}
