/* structures_collect.c: from the finished graph to the nodes of heap objects that others are told of.
 *
 * Only nodes that some allocation makes are told, numbered in the order of their first sites; two that an edge connects
 * are of one structure. */
#include "llvm/structures_find.h"

#include <stdlib.h>

typedef struct collector {
  vmo_ll_finder *finder;
  vmr_arena *arena;
  vmo_ll_structures *result;
  uint32_t *number;  /* by node of the graph: in the result; VMO_NONE */
  uint32_t *visited; /* by node of the graph */
  uint32_t visits;
  uint32_t counted; /* nodes of the graph that the two have room for; those that are asked for later lead to no site */
  vmo_ll_ids found; /* the nodes of the whole program that one stands for */
} collector;

static const vmo_libc_row *row_of(const vmo_ll_program *program, const vmo_ll_instruction *call) {
  return call->callee == VMO_NONE ? NULL : program->functions.data[call->callee].libc;
}

static bool frees(const vmo_libc_row *row) { return row != NULL && row->arguments[0] == VMO_EFFECT_FREE; }

/* ---- sizes ---- */

static vmo_bytes size_of_site(const vmo_ll_instruction *call, const vmo_libc_row *row) {
  vmo_bytes count, bytes;
  switch (row->kind) {
  case VMO_LIBC_MALLOC:
  case VMO_LIBC_NEW: return vmo_ll_constant_argument(call, 0);
  case VMO_LIBC_CALLOC:
    count = vmo_ll_constant_argument(call, 0);
    if (count < 0 || vmo_ll_constant_argument(call, 1) < 0) return -1;
    return __builtin_mul_overflow(count, vmo_ll_constant_argument(call, 1), &bytes) ? -1 : bytes;
  case VMO_LIBC_REALLOC: /* reallocarray has one more */
    return call->operand_count == 2 ? vmo_ll_constant_argument(call, 1) : -1;
  case VMO_LIBC_ALIGNED: return vmo_ll_constant_argument(call, 1);
  default: return -1;
  }
}

/* ---- nodes ---- */

static int compare_numbers(const void *left, const void *right) {
  uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
  return a < b ? -1 : a > b;
}

void vmo_ll_sort_numbers(uint32_t *numbers, uint32_t count) {
  if (count > 1) qsort(numbers, count, sizeof *numbers, compare_numbers);
}

/* Fills `found`, in order. */
static bool find_finals(collector *c, uint32_t node) {
  c->found.count = 0;
  if (vmo_ll_find_node(&c->finder->graph, node) >= c->counted) return true;
  if (!vmo_ll_find_final(c->finder, node, c->visited, ++c->visits, &c->found)) return false;
  vmo_ll_sort_numbers(c->found.data, c->found.count);
  return true;
}

static vmo_ll_structure_node describe(const vmo_ll_graph_node *node, const vmo_ll_content *content) {
  bool external = (node->flags & VMO_LL_EXTERNAL) != 0, hidden = (node->flags & VMO_LL_HIDDEN) != 0;
  uint32_t needed = node->alignment > 8 ? node->alignment : 8;
  return (vmo_ll_structure_node){
      .function = (node->flags & (VMO_LL_SPREADS | VMO_LL_ESCAPES)) == 0 ? node->owner : VMO_NONE,
      .object_bytes = -1,
      .alignment = external || hidden ? 16 : needed,
      .external = external,
      .hidden = hidden && !external,
      .escape = external ? (vmo_site_escape)node->escape : VMO_ESCAPE_NONE,
      .escape_at = external ? node->escape_at : VMO_NONE,
      .global = (node->flags & VMO_LL_SHARED) != 0,
      .freed = (node->flags & VMO_LL_HAS_FREE) != 0,
      .moved = (node->flags & VMO_LL_HAS_MOVE) != 0,
      .freed_by_pointer = (node->flags & VMO_LL_BY_POINTER) != 0,
      .collapsed = content->stride == 1,
      .array = content->stride != 0 || (node->flags & VMO_LL_ARRAY) != 0,
  };
}

static bool add_node(collector *c, uint32_t id) {
  vmo_ll_graph *graph = &c->finder->graph;
  if (c->number[id] != VMO_NONE) return true;
  int64_t distance;
  uint32_t content = vmo_ll_find_content(graph, id, &distance);
  c->number[id] = c->result->nodes.count;
  return vmo_vec_push(c->arena, &c->result->nodes, describe(&graph->nodes.data[id], &graph->contents.data[content]));
}

static uint32_t node_of_site(const collector *c, uint32_t instruction) {
  uint32_t node = c->finder->made[instruction];
  const vmo_libc_row *row = row_of(c->finder->program, &c->finder->program->instructions.data[instruction]);
  return node == VMO_NONE || row == NULL ? VMO_NONE : vmo_ll_find_node(&c->finder->graph, node);
}

static bool number_nodes(collector *c) {
  uint32_t count = c->counted = c->finder->graph.nodes.count;
  c->number = vmr_arena_alloc_array(c->finder->arena, (size_t)count + 1, sizeof *c->number);
  c->visited = vmr_arena_alloc_array(c->finder->arena, (size_t)count + 1, sizeof *c->visited);
  if (c->number == NULL || c->visited == NULL) return false;
  for (uint32_t n = 0; n < count; n++) c->number[n] = VMO_NONE;
  for (uint32_t i = 0; i < c->finder->program->instructions.count; i++) {
    uint32_t node = node_of_site(c, i);
    if (node == VMO_NONE) continue;
    if (!find_finals(c, node)) return false;
    for (uint32_t k = 0; k < c->found.count; k++)
      if (!add_node(c, c->found.data[k])) return false;
  }
  return true;
}

/* ---- what sites and frees mean ---- */

/* The node of what a call may free; VMO_NONE: it frees nothing that is told. */
static uint32_t node_of_free(collector *c, uint32_t instruction, bool *through_pointer) {
  const vmo_ll_instruction *call = &c->finder->program->instructions.data[instruction];
  *through_pointer = call->callee == VMO_NONE;
  if (call->operand_count == 0 || (!*through_pointer && !frees(row_of(c->finder->program, call)))) return VMO_NONE;
  vmo_ll_place place = vmo_ll_place_of_operand(c->finder, call, 0);
  return place.node == VMO_NONE ? VMO_NONE : vmo_ll_find_node(&c->finder->graph, place.node);
}

/* Inline assembly is no call that is known. */
static bool may_free_through_pointer(const collector *c, uint32_t instruction) {
  const vmo_ll_calls *calls = c->finder->calls;
  uint32_t call = vmo_ll_pointer_call_number(c->finder, instruction);
  if (call >= c->finder->pointer_calls.count || c->finder->pointer_calls.data[call] != instruction) return false;
  for (uint32_t t = calls->pointer_first[call]; t < calls->pointer_first[call + 1]; t++)
    if (frees(c->finder->program->functions.data[calls->pointer_targets[t]].libc)) return true;
  return false;
}

static uint32_t node_of_access(collector *c, const vmo_ll_instruction *access) {
  if (access->opcode != LLVMLoad && access->opcode != LLVMStore) return VMO_NONE;
  vmo_ll_place place = vmo_ll_place_of_operand(c->finder, access, access->opcode == LLVMStore);
  uint32_t node = place.node == VMO_NONE ? VMO_NONE : vmo_ll_find_node(&c->finder->graph, place.node);
  return node;
}

static bool is_own_call(const collector *c, uint32_t instruction) {
  uint32_t callee = c->finder->program->instructions.data[instruction].callee;
  return callee != VMO_NONE && vmo_ll_is_defined(&c->finder->program->functions.data[callee]);
}

/* What a call of a function with a body returns. */
static uint32_t node_of_result(collector *c, uint32_t instruction) {
  const vmo_ll_function *function = &c->finder->program->functions.data[c->finder->function];
  uint32_t result = vmo_ll_result_id(function, instruction);
  if (!vmo_ll_carries(c->finder, c->finder->function, result)) return VMO_NONE;
  vmo_ll_place place = vmo_ll_place_of(c->finder, c->finder->function, result);
  return place.node == VMO_NONE ? VMO_NONE : vmo_ll_find_node(&c->finder->graph, place.node);
}

static uint32_t node_of(collector *c, uint32_t instruction) {
  bool through_pointer;
  if (c->finder->accesses && !vmo_ll_is_call(c->finder->program->instructions.data[instruction].opcode))
    return node_of_access(c, &c->finder->program->instructions.data[instruction]);
  if (!vmo_ll_is_call(c->finder->program->instructions.data[instruction].opcode)) return VMO_NONE;
  uint32_t node = node_of_site(c, instruction);
  if (node != VMO_NONE) return node;
  if (c->finder->results && is_own_call(c, instruction)) return node_of_result(c, instruction);
  node = node_of_free(c, instruction, &through_pointer);
  if (node == VMO_NONE) return VMO_NONE;
  return through_pointer && !may_free_through_pointer(c, instruction) ? VMO_NONE : node;
}

/* Appends the numbers of the heap objects that a node stands for; `others`: it stands for unseen code's, too. */
static bool add_list(collector *c, uint32_t node, bool *others) {
  if (node == VMO_NONE) return true;
  if (!find_finals(c, node)) return false;
  for (uint32_t k = 0; k < c->found.count; k++) {
    uint32_t number = c->number[c->found.data[k]];
    *others |= (c->finder->graph.nodes.data[c->found.data[k]].flags & (VMO_LL_EXTERNAL | VMO_LL_HIDDEN)) != 0;
    if (number != VMO_NONE && !vmo_vec_push(c->arena, &c->result->lists, number)) return false;
  }
  return true;
}

static bool fill_lists(collector *c) {
  const vmo_ll_program *program = c->finder->program;
  uint32_t count = program->instructions.count;
  vmo_ll_structures *result = c->result;
  result->first = vmr_arena_alloc_array(c->arena, (size_t)count + 1, sizeof *result->first);
  result->others = vmr_arena_alloc_array(c->arena, (size_t)count + 1, sizeof *result->others);
  if (result->first == NULL || result->others == NULL) return false;
  for (uint32_t f = 0; f < program->functions.count; f++) {
    const vmo_ll_function *function = &program->functions.data[f];
    c->finder->function = f;
    for (uint32_t i = function->first; i < function->first + function->count; i++) {
      result->first[i] = result->lists.count;
      if (!add_list(c, node_of(c, i), &result->others[i])) return false;
    }
  }
  result->first[count] = result->lists.count;
  return true;
}

/* Sites by node. */
static bool fill_sites(collector *c) {
  vmo_ll_structures *result = c->result;
  const vmo_ll_program *program = c->finder->program;
  uint32_t nodes = result->nodes.count;
  for (int pass = 0; pass < 2; pass++) {
    for (uint32_t i = 0; i < program->instructions.count; i++) {
      if (node_of_site(c, i) == VMO_NONE) continue;
      vmo_bytes bytes = size_of_site(&program->instructions.data[i], row_of(program, &program->instructions.data[i]));
      for (uint32_t k = 0; k < vmo_ll_node_count_of(result, i); k++) {
        vmo_ll_structure_node *node = &result->nodes.data[vmo_ll_nodes_of(result, i)[k]];
        if (pass == 1) result->sites.data[node->site_first + node->site_count] = i;
        if (pass == 1) node->object_bytes = node->site_count == 0 || node->object_bytes == bytes ? bytes : -1;
        node->site_count++;
      }
    }
    uint32_t sum = 0;
    for (uint32_t n = 0; n < nodes && pass == 0; n++) {
      result->nodes.data[n].site_first = sum;
      sum += result->nodes.data[n].site_count;
      result->nodes.data[n].site_count = 0;
    }
    if (pass == 0 && !vmo_vec_reserve(c->arena, &result->sites, sum)) return false;
    if (pass == 0) result->sites.count = sum;
  }
  return true;
}

/* ---- structures ---- */

static uint32_t find(uint32_t *parent, uint32_t node) {
  while (parent[node] != node) node = parent[node] = parent[parent[node]];
  return node;
}

static void join(uint32_t *parent, uint32_t left, uint32_t right) {
  if (right == VMO_NONE) return;
  left = find(parent, left);
  right = find(parent, right);
  parent[left > right ? left : right] = left > right ? right : left;
}

static bool find_structures(collector *c) {
  vmo_ll_graph *graph = &c->finder->graph;
  vmo_ll_structures *result = c->result;
  uint32_t nodes = result->nodes.count;
  uint32_t *parent = vmr_arena_alloc_array(c->finder->arena, (size_t)nodes + 1, sizeof *parent);
  if (parent == NULL) return false;
  for (uint32_t n = 0; n < nodes; n++) parent[n] = n;
  for (uint32_t id = 0; id < c->counted; id++) {
    if (c->number[id] == VMO_NONE) continue;
    int64_t distance;
    uint32_t content = vmo_ll_find_content(graph, id, &distance);
    for (uint32_t e = graph->contents.data[content].edge_first; e != VMO_NONE; e = graph->edges.data[e].next) {
      if (!find_finals(c, graph->edges.data[e].target.node)) return false;
      for (uint32_t k = 0; k < c->found.count; k++) join(parent, c->number[id], c->number[c->found.data[k]]);
    }
  }
  for (uint32_t n = 0; n < nodes; n++) /* the smallest node is the root, so it has its number already */
    result->nodes.data[n].structure =
        find(parent, n) == n ? result->structure_count++ : result->nodes.data[find(parent, n)].structure;
  return true;
}

vmo_status vmo_ll_collect_structures(vmo_ll_finder *finder, vmr_arena *arena, vmo_ll_structures **structures) {
  vmo_ll_structures *result = *structures = vmr_arena_alloc_array(arena, 1, sizeof *result);
  collector c = {.finder = finder, .arena = arena, .result = result};
  if (result == NULL) return VMO_OUT_OF_MEMORY;
  if (!number_nodes(&c) || !fill_lists(&c) || !fill_sites(&c) || !find_structures(&c)) return VMO_OUT_OF_MEMORY;
  if (!vmo_ll_tell_calls(finder, arena, result)) return VMO_OUT_OF_MEMORY;
  return vmo_ll_find_scopes(finder, arena, result);
}
