/* structures_copy.c: what is known of a function, once more for each call of it.
 *
 * Functions are read callees first. A call copies all that its callee's parameters and result lead to into the graph of
 * the caller, so that what two callers hand over stays apart; a link leads from each node up to its copies. What global
 * variables lead to is not copied: it is the same for all. Calls within a group of functions that call each other share
 * one graph.
 *
 *   xmalloc      parse           main
 *   [object] --> [list] -------> [list]        the object of xmalloc's call of malloc is, in the whole program,
 *            \-> [token]                       main's list or parse's token: the ends of the links
 *
 * A callee with too much to be copied, or one more when too much was copied already, becomes common to all callers. So
 * the graph is linear in the program, times MAX_GROWTH. */
#include <string.h>

#include "llvm/structures_find.h"

#define MAX_COPY 3000
#define MAX_GROWTH 8
#define MIN_ROOM 100000

struct vmo_ll_copies {
  vmo_ll_ids node_serial, node_copy, content_serial, content_copy; /* by node, by content: of the present call */
  vmo_ll_ids list;                                                 /* nodes still to be looked at */
  uint32_t serial;
  uint64_t copied, room;
};

vmo_status vmo_ll_begin_copies(vmo_ll_finder *finder) {
  finder->copies = vmr_arena_alloc_array(finder->arena, 1, sizeof *finder->copies);
  if (finder->copies == NULL) return VMO_OUT_OF_MEMORY;
  finder->copies->room = MIN_ROOM + (uint64_t)MAX_GROWTH * finder->program->instructions.count;
  return VMO_OK;
}

/* Room for `count` numbers, zero when they are new. */
static bool make_room(vmo_ll_finder *finder, vmo_ll_ids *list, uint32_t count) {
  if (list->count >= count) return true;
  uint32_t before = list->count;
  if (!vmo_vec_reserve(finder->arena, list, count - before)) {
    finder->graph.out_of_memory = true;
    return false;
  }
  memset(list->data + before, 0, (count - before) * sizeof *list->data);
  list->count = count;
  return true;
}

static bool make_rooms(vmo_ll_finder *finder) {
  vmo_ll_copies *copies = finder->copies;
  return make_room(finder, &copies->node_serial, finder->graph.nodes.count) &&
         make_room(finder, &copies->node_copy, finder->graph.nodes.count) &&
         make_room(finder, &copies->content_serial, finder->graph.contents.count) &&
         make_room(finder, &copies->content_copy, finder->graph.contents.count);
}

/* ---- what is to be copied ---- */

static bool is_shared(const vmo_ll_finder *finder, uint32_t node) {
  return (finder->graph.nodes.data[node].flags & VMO_LL_SHARED) != 0;
}

/* Puts a node on the list, once for each serial number. */
static void visit(vmo_ll_finder *finder, vmo_ll_place place) {
  vmo_ll_copies *copies = finder->copies;
  if (place.node == VMO_NONE) return;
  uint32_t node = vmo_ll_find_node(&finder->graph, place.node);
  if (is_shared(finder, node) || copies->node_serial.data[node] == copies->serial) return;
  copies->node_serial.data[node] = copies->serial;
  if (!vmo_vec_push(finder->arena, &copies->list, node)) finder->graph.out_of_memory = true;
}

/* Fills the list with all nodes that those on it lead to. */
static void close_list(vmo_ll_finder *finder) {
  vmo_ll_graph *graph = &finder->graph;
  for (uint32_t i = 0; i < finder->copies->list.count; i++) {
    int64_t distance;
    uint32_t content = vmo_ll_find_content(graph, finder->copies->list.data[i], &distance);
    for (uint32_t e = graph->contents.data[content].edge_first; e != VMO_NONE; e = graph->edges.data[e].next)
      visit(finder, graph->edges.data[e].target);
  }
}

static bool begin_list(vmo_ll_finder *finder) {
  finder->copies->list.count = 0;
  finder->copies->serial++;
  return make_rooms(finder);
}

static vmo_ll_place parameter_place(const vmo_ll_finder *finder, uint32_t function, uint32_t index) {
  const vmo_ll_function *callee = &finder->program->functions.data[function];
  if (index >= callee->parameter_count) return callee->variadic ? finder->variadic[function] : VMO_LL_NOWHERE;
  return finder->values[vmo_ll_value_index(finder, function, VMO_LL_FIRST_PARAMETER + index)];
}

/* ---- copies ---- */

static uint32_t copy_content(vmo_ll_finder *finder, uint32_t id) {
  vmo_ll_copies *copies = finder->copies;
  vmo_ll_graph *graph = &finder->graph;
  vmo_ll_content content = graph->contents.data[id];
  if ((content.flags & VMO_LL_SHARED) != 0) return id;
  if (copies->content_serial.data[id] == copies->serial) return copies->content_copy.data[id];
  content.parent = graph->contents.count;
  content.distance = 0;
  copies->content_serial.data[id] = copies->serial;
  copies->content_copy.data[id] = content.parent;
  if (!vmo_vec_push(graph->arena, &graph->contents, content)) graph->out_of_memory = true;
  return content.parent;
}

static void copy_node(vmo_ll_finder *finder, uint32_t id) {
  vmo_ll_graph *graph = &finder->graph;
  int64_t distance;
  uint32_t content = vmo_ll_find_content(graph, id, &distance);
  vmo_ll_graph_node node = graph->nodes.data[id];
  node.parent = graph->nodes.count;
  node.content = copy_content(finder, content);
  node.content_distance = distance;
  node.flags &= (uint16_t)~VMO_LL_ESCAPES;
  node.up_first = node.up_last = VMO_NONE;
  node.owner = finder->function;
  finder->copies->node_copy.data[id] = node.parent;
  if (graph->out_of_memory || !vmo_vec_push(graph->arena, &graph->nodes, node)) {
    graph->out_of_memory = true;
    return;
  }
  vmo_ll_add_up_link(graph, id, node.parent, finder->function);
}

static vmo_ll_place copied(vmo_ll_finder *finder, vmo_ll_place place) {
  place = vmo_ll_settle(&finder->graph, place);
  if (place.node == VMO_NONE || is_shared(finder, place.node)) return place;
  if (finder->copies->node_serial.data[place.node] != finder->copies->serial) return VMO_LL_NOWHERE;
  place.node = finder->copies->node_copy.data[place.node];
  return place;
}

/* The copies of a content's edges lead to the copies of their targets. */
static void copy_edges(vmo_ll_finder *finder, uint32_t node) {
  vmo_ll_graph *graph = &finder->graph;
  int64_t distance;
  uint32_t from = vmo_ll_find_content(graph, node, &distance), to = finder->copies->content_copy.data[from];
  if (finder->copies->content_serial.data[from] != finder->copies->serial) return;          /* it is shared */
  if (graph->contents.data[to].edge_first != graph->contents.data[from].edge_first) return; /* done */
  uint32_t last = VMO_NONE, first = VMO_NONE;
  for (uint32_t e = graph->contents.data[from].edge_first; e != VMO_NONE; e = graph->edges.data[e].next) {
    vmo_ll_edge edge = graph->edges.data[e];
    edge.target = copied(finder, edge.target);
    edge.next = VMO_NONE;
    if (!vmo_vec_push(graph->arena, &graph->edges, edge)) {
      graph->out_of_memory = true;
      return;
    }
    if (last == VMO_NONE) {
      first = graph->edges.count - 1;
    } else {
      graph->edges.data[last].next = graph->edges.count - 1;
    }
    last = graph->edges.count - 1;
  }
  graph->contents.data[to].edge_first = first;
}

/* The callee is one for all callers from now on. */
static void share(vmo_ll_finder *finder, uint32_t callee) {
  const vmo_ll_function *function = &finder->program->functions.data[callee];
  for (uint32_t i = 0; i <= function->parameter_count; i++)
    vmo_ll_mark_place(&finder->graph, parameter_place(finder, callee, i), VMO_LL_SHARED);
  vmo_ll_mark_place(&finder->graph, finder->returned[callee], VMO_LL_SHARED);
}

static void copy_list(vmo_ll_finder *finder, uint32_t callee) {
  vmo_ll_copies *copies = finder->copies;
  if (copies->list.count > MAX_COPY || copies->copied + copies->list.count > copies->room) {
    share(finder, callee);
    return;
  }
  copies->copied += copies->list.count;
  for (uint32_t i = 0; i < copies->list.count && !finder->graph.out_of_memory; i++)
    copy_node(finder, copies->list.data[i]);
  for (uint32_t i = 0; i < copies->list.count && !finder->graph.out_of_memory; i++)
    copy_edges(finder, copies->list.data[i]);
}

void vmo_ll_call_copy(vmo_ll_finder *finder, uint32_t callee, const vmo_ll_place *arguments, uint32_t count,
                      uint32_t result) {
  bool wanted = result != VMO_NONE && vmo_ll_carries(finder, finder->function, result);
  if (!begin_list(finder)) return;
  for (uint32_t i = 0; i < count; i++)
    if (arguments[i].node != VMO_NONE) visit(finder, parameter_place(finder, callee, i));
  if (wanted) visit(finder, finder->returned[callee]);
  close_list(finder);
  copy_list(finder, callee);
  for (uint32_t i = 0; i < count && !finder->graph.out_of_memory; i++)
    if (arguments[i].node != VMO_NONE)
      vmo_ll_unify(&finder->graph, copied(finder, parameter_place(finder, callee, i)), arguments[i]);
  if (wanted && !finder->graph.out_of_memory) vmo_ll_flow(finder, result, copied(finder, finder->returned[callee]));
}

/* ---- what callers know ---- */

void vmo_ll_mark_escaping(vmo_ll_finder *finder, uint32_t group) {
  const vmo_ll_groups *groups = &finder->calls->groups;
  if (!begin_list(finder)) return;
  for (uint32_t m = groups->group_first[group]; m < groups->group_first[group + 1]; m++) {
    uint32_t function = groups->order[m];
    for (uint32_t i = 0; i <= finder->program->functions.data[function].parameter_count; i++)
      visit(finder, parameter_place(finder, function, i));
    visit(finder, finder->returned[function]);
  }
  close_list(finder);
  for (uint32_t i = 0; i < finder->copies->list.count; i++)
    finder->graph.nodes.data[finder->copies->list.data[i]].flags |= VMO_LL_ESCAPES;
}

/* ---- the whole program ---- */

/* Whether a node stands for itself in the whole program: no caller has a copy, or callers are not seen. */
static bool is_final(const vmo_ll_graph_node *node) {
  return node->up_first == VMO_NONE || (node->flags & VMO_LL_SPREADS) != 0;
}

/* Drops the links of a node that say what others do: of many calls, most copies have become one. */
static void settle_links(vmo_ll_finder *finder, vmo_ll_graph_node *node, uint32_t serial, uint32_t *seen,
                         uint32_t *seen_function) {
  uint32_t *before = &node->up_first;
  for (uint32_t l = node->up_first; l != VMO_NONE; l = finder->graph.links.data[l].next) {
    vmo_ll_link *link = &finder->graph.links.data[l];
    link->to = vmo_ll_find_node(&finder->graph, link->to);
    bool more = is_shared(finder, link->to) && seen_function[link->function] != serial;
    if (more) seen_function[link->function] = serial;
    more |= seen[link->to] != serial;
    seen[link->to] = serial;
    if (more) {
      before = &link->next;
    } else {
      *before = link->next;
    }
  }
}

vmo_status vmo_ll_settle_copies(vmo_ll_finder *finder) {
  vmo_ll_graph *graph = &finder->graph;
  uint32_t functions = finder->program->functions.count;
  uint32_t *seen = vmr_arena_alloc_array(finder->arena, (size_t)graph->nodes.count + 1, sizeof *seen);
  uint32_t *seen_function = vmr_arena_alloc_array(finder->arena, (size_t)functions + 1, sizeof *seen_function);
  if (seen == NULL || seen_function == NULL) return VMO_OUT_OF_MEMORY;
  for (uint32_t n = 0; n < graph->nodes.count; n++)
    if (graph->nodes.data[n].parent == n) settle_links(finder, &graph->nodes.data[n], n + 1, seen, seen_function);
  return VMO_OK;
}

bool vmo_ll_find_final(vmo_ll_finder *finder, uint32_t node, uint32_t *visited, uint32_t visit_number,
                       vmo_ll_ids *found) {
  vmo_ll_graph *graph = &finder->graph;
  vmo_ll_ids *list = &finder->copies->list;
  list->count = 0;
  node = vmo_ll_find_node(graph, node);
  if (visited[node] == visit_number) return true;
  visited[node] = visit_number;
  if (!vmo_vec_push(finder->arena, list, node)) return false;
  for (uint32_t i = 0; i < list->count; i++) {
    const vmo_ll_graph_node *one = &graph->nodes.data[list->data[i]];
    if (is_final(one) && !vmo_vec_push(finder->arena, found, list->data[i])) return false;
    for (uint32_t l = one->up_first; l != VMO_NONE; l = graph->links.data[l].next) {
      uint32_t to = vmo_ll_find_node(graph, graph->links.data[l].to);
      if (visited[to] == visit_number) continue;
      visited[to] = visit_number;
      if (!vmo_vec_push(finder->arena, list, to)) return false;
    }
  }
  return true;
}
