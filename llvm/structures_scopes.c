/* structures_scopes.c: structures that nobody knows any more when a function returns.
 *
 * A node that no caller has a copy of, no global variable leads to and no unseen code knows is local to the function in
 * whose graph it stands; nodes of one structure that are local to one function are a scope. The sites behind it are
 * looked at from the other side: every object that they make while the function is active must be local, to it or to a
 * function beneath, or the scope is not whole. Linear in the scopes' sites times the contexts of these. */
#include "llvm/structures_find.h"

typedef struct scoper {
  vmo_ll_finder *finder;
  vmr_arena *arena;
  vmo_ll_structures *result;
  uint32_t *visited; /* by node of the graph */
  uint32_t visits;
  uint32_t *reached; /* by function: `walks` when the function in hand may lead to it */
  uint32_t walks, function;
  vmo_ll_ids list, nodes;
} scoper;

/* ---- what a function leads to ---- */

static bool reach(scoper *s, uint32_t function) {
  if (s->reached[function] == s->walks) return true;
  s->reached[function] = s->walks;
  return vmo_vec_push(s->finder->arena, &s->list, function);
}

/* Code that is not seen may call all that others can enter. */
static bool reach_entered(scoper *s, bool *done) {
  if (*done) return true;
  *done = true;
  for (uint32_t f = 0; f < s->finder->program->functions.count; f++)
    if (s->finder->calls->entered[f] && !reach(s, f)) return false;
  return true;
}

static bool walk_calls(scoper *s, uint32_t function) {
  const vmo_ll_calls *calls = s->finder->calls;
  bool entered = false;
  s->walks++;
  s->function = function;
  s->list.count = 0;
  if (!reach(s, function)) return false;
  for (uint32_t i = 0; i < s->list.count; i++) {
    uint32_t from = s->list.data[i];
    if (calls->calls_unknown[from] && !reach_entered(s, &entered)) return false;
    for (uint32_t e = calls->first[from]; e < calls->first[from + 1]; e++)
      if (!reach(s, calls->targets[e])) return false;
  }
  return true;
}

static bool is_reached(const scoper *s, uint32_t function) {
  return function == VMO_NONE || s->reached[function] == s->walks;
}

/* ---- what sites make ---- */

static bool is_shared(const vmo_ll_graph_node *node) { return (node->flags & VMO_LL_SHARED) != 0; }

/* Whether objects of a node that is not shared may outlive the function in hand. */
static bool outlives(const scoper *s, const vmo_ll_graph_node *node) {
  const uint32_t *group = s->finder->calls->groups.group;
  if ((node->flags & (VMO_LL_EXTERNAL | VMO_LL_HIDDEN)) != 0 || node->owner == VMO_NONE) return true;
  return group[node->owner] == group[s->function] && (node->flags & VMO_LL_ESCAPES) != 0;
}

/* Follows the objects of a site through all contexts. */
static bool check_site(scoper *s, uint32_t site, bool *local) {
  vmo_ll_graph *graph = &s->finder->graph;
  uint32_t start = vmo_ll_find_node(graph, s->finder->made[site]);
  s->list.count = 0;
  s->visited[start] = ++s->visits;
  *local = !is_shared(&graph->nodes.data[start]) || !is_reached(s, vmo_ll_function_of(s->finder->program, site));
  if (!vmo_vec_push(s->finder->arena, &s->list, start)) return false;
  for (uint32_t i = 0; i < s->list.count && *local; i++) {
    const vmo_ll_graph_node *node = &graph->nodes.data[s->list.data[i]];
    if (!is_shared(node) && outlives(s, node)) *local = false;
    for (uint32_t l = node->up_first; l != VMO_NONE; l = graph->links.data[l].next) {
      uint32_t to = vmo_ll_find_node(graph, graph->links.data[l].to);
      if (is_shared(&graph->nodes.data[to]) && is_reached(s, graph->links.data[l].function)) *local = false;
      if (s->visited[to] == s->visits) continue;
      s->visited[to] = s->visits;
      if (!vmo_vec_push(s->finder->arena, &s->list, to)) return false;
    }
  }
  return true;
}

/* ---- scopes ---- */

static bool add_sites(scoper *s, const vmo_ll_structure_scope *scope) {
  vmo_ll_structures *result = s->result;
  vmo_ll_ids *sites = &result->scope_sites;
  for (uint32_t n = 0; n < scope->node_count; n++) {
    const vmo_ll_structure_node *node = &result->nodes.data[result->scope_nodes.data[scope->node_first + n]];
    for (uint32_t i = 0; i < node->site_count; i++)
      if (!vmo_vec_push(s->arena, sites, result->sites.data[node->site_first + i])) return false;
  }
  uint32_t *own = sites->data + scope->site_first, count = sites->count - scope->site_first, kept = 0;
  vmo_ll_sort_numbers(own, count);
  for (uint32_t i = 0; i < count; i++)
    if (i == 0 || own[i] != own[i - 1]) own[kept++] = own[i];
  sites->count = scope->site_first + kept;
  return true;
}

/* The nodes [first, end) of `nodes` are of one structure, and local to one function. */
static bool add_scope(scoper *s, uint32_t first, uint32_t end) {
  vmo_ll_structures *result = s->result;
  const vmo_ll_structure_node *any = &result->nodes.data[s->nodes.data[first]];
  vmo_ll_structure_scope scope = {.function = any->function,
                                  .structure = any->structure,
                                  .node_first = result->scope_nodes.count,
                                  .node_count = end - first,
                                  .site_first = result->scope_sites.count,
                                  .whole = true};
  for (uint32_t n = first; n < end; n++) {
    scope.freed |= result->nodes.data[s->nodes.data[n]].freed;
    scope.moved |= result->nodes.data[s->nodes.data[n]].moved;
    if (!vmo_vec_push(s->arena, &result->scope_nodes, s->nodes.data[n])) return false;
  }
  if (!add_sites(s, &scope)) return false;
  scope.site_count = result->scope_sites.count - scope.site_first;
  for (uint32_t i = 0; i < scope.site_count && scope.whole; i++)
    if (!check_site(s, result->scope_sites.data[scope.site_first + i], &scope.whole)) return false;
  return vmo_vec_push(s->arena, &result->scopes, scope);
}

/* Local nodes of each function in turn, by structure. */
static bool order_nodes(scoper *s) {
  const vmo_ll_structures *result = s->result;
  uint32_t functions = s->finder->program->functions.count, *first;
  size_t keys = (result->structure_count > functions ? result->structure_count : functions) + 2u;
  first = vmr_arena_alloc_array(s->finder->arena, keys, sizeof *first);
  vmo_ll_ids other = {0};
  if (first == NULL || !vmo_vec_reserve(s->finder->arena, &s->nodes, result->nodes.count + 1u) ||
      !vmo_vec_reserve(s->finder->arena, &other, result->nodes.count + 1u))
    return false;
  for (uint32_t n = 0; n < result->nodes.count; n++)
    if (result->nodes.data[n].function != VMO_NONE) s->nodes.data[s->nodes.count++] = n;
  other.count = s->nodes.count;
  for (int pass = 0; pass < 2; pass++) { /* by structure, then, keeping that order, by function */
    uint32_t sum = 0;
    for (size_t k = 0; k < keys; k++) first[k] = 0;
    for (uint32_t n = 0; n < s->nodes.count; n++) {
      const vmo_ll_structure_node *node = &result->nodes.data[s->nodes.data[n]];
      first[pass == 0 ? node->structure : node->function]++;
    }
    for (size_t k = 0; k < keys; k++) {
      uint32_t count = first[k];
      first[k] = sum;
      sum += count;
    }
    for (uint32_t n = 0; n < s->nodes.count; n++) {
      const vmo_ll_structure_node *node = &result->nodes.data[s->nodes.data[n]];
      other.data[first[pass == 0 ? node->structure : node->function]++] = s->nodes.data[n];
    }
    uint32_t *data = s->nodes.data;
    s->nodes.data = other.data;
    other.data = data;
  }
  return true;
}

vmo_status vmo_ll_find_scopes(vmo_ll_finder *finder, vmr_arena *arena, vmo_ll_structures *structures) {
  scoper s = {.finder = finder, .arena = arena, .result = structures, .function = VMO_NONE};
  s.visited = vmr_arena_alloc_array(finder->arena, (size_t)finder->graph.nodes.count + 1, sizeof *s.visited);
  s.reached = vmr_arena_alloc_array(finder->arena, (size_t)finder->program->functions.count + 1, sizeof *s.reached);
  if (s.visited == NULL || s.reached == NULL || !order_nodes(&s)) return VMO_OUT_OF_MEMORY;
  for (uint32_t first = 0, end; first < s.nodes.count; first = end) {
    const vmo_ll_structure_node *node = &structures->nodes.data[s.nodes.data[first]], *other;
    for (end = first + 1; end < s.nodes.count; end++) {
      other = &structures->nodes.data[s.nodes.data[end]];
      if (other->function != node->function || other->structure != node->structure) break;
    }
    if (s.function != node->function && !walk_calls(&s, node->function)) return VMO_OUT_OF_MEMORY;
    if (!add_scope(&s, first, end)) return VMO_OUT_OF_MEMORY;
  }
  return VMO_OK;
}
