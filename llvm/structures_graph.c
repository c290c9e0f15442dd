/* structures_graph.c: nodes, contents and edges that are made one.
 *
 * Unification of points-to graphs (B. Steensgaard, "Points-to Analysis in Almost Linear Time", POPL 1996) with fields by
 * offset (C. Lattner and V. Adve, "Automatic Pool Allocation", PLDI 2005; C. Lattner, A. Lenharth and V. Adve, "Making
 * Context-Sensitive Points-to Analysis with Heap Cloning Practical for the Real World", PLDI 2007). Classes carry their
 * distance to the class that they became a part of; one that meets itself at another offset is folded: offsets count
 * modulo the greatest common divisor of all such differences. What becomes one is put on lists, so nothing recurses.
 * Each step takes one class away or makes a stride a proper divisor: almost linear; an object has MAX_EDGES at most. */
#include "llvm/structures_graph.h"

#define MAX_EDGES 192
#define MAX_WORDS 16
#define MAX_DISTANCE (INT64_C(1) << 40)
#define POINTER_BYTES 8

static uint64_t distance_of(int64_t a, int64_t b) {
  return a > b ? (uint64_t)a - (uint64_t)b : (uint64_t)b - (uint64_t)a;
}

/* ---- classes ---- */

vmo_ll_place vmo_ll_new_place(vmo_ll_graph *graph) {
  uint32_t node = graph->nodes.count, content = graph->contents.count;
  vmo_ll_graph_node new_node = {.parent = node,
                                .content = content,
                                .function_first = VMO_NONE,
                                .function_last = VMO_NONE,
                                .up_first = VMO_NONE,
                                .up_last = VMO_NONE,
                                .owner = graph->owner,
                                .escape_at = VMO_NONE};
  vmo_ll_content new_content = {.parent = content, .edge_first = VMO_NONE, .escape_at = VMO_NONE};
  if (!vmo_vec_push(graph->arena, &graph->nodes, new_node)) {
    graph->out_of_memory = true;
    return VMO_LL_NOWHERE;
  }
  if (!vmo_vec_push(graph->arena, &graph->contents, new_content)) {
    graph->nodes.count--;
    graph->out_of_memory = true;
    return VMO_LL_NOWHERE;
  }
  return (vmo_ll_place){0, node};
}

/* Halves the path as it goes: each step ends two steps further up. */
static uint32_t find_node(vmo_ll_graph *graph, uint32_t node, int64_t *offset) {
  vmo_ll_graph_node *nodes = graph->nodes.data;
  while (nodes[node].parent != node) {
    vmo_ll_graph_node *child = &nodes[node], *parent = &nodes[child->parent];
    if (parent->parent != child->parent) {
      child->distance += parent->distance;
      child->parent = parent->parent;
    }
    *offset += child->distance;
    node = child->parent;
  }
  return node;
}

static uint32_t find_content(vmo_ll_graph *graph, uint32_t content, int64_t *offset) {
  vmo_ll_content *contents = graph->contents.data;
  while (contents[content].parent != content) {
    vmo_ll_content *child = &contents[content], *parent = &contents[child->parent];
    if (parent->parent != child->parent) {
      child->distance += parent->distance;
      child->parent = parent->parent;
    }
    *offset += child->distance;
    content = child->parent;
  }
  return content;
}

uint32_t vmo_ll_find_node(vmo_ll_graph *graph, uint32_t node) {
  int64_t offset = 0;
  return find_node(graph, node, &offset);
}

vmo_ll_place vmo_ll_settle(vmo_ll_graph *graph, vmo_ll_place place) {
  if (place.node == VMO_NONE) return place;
  place.node = find_node(graph, place.node, &place.offset);
  return place;
}

uint32_t vmo_ll_find_content(vmo_ll_graph *graph, uint32_t node, int64_t *distance) {
  *distance = 0;
  node = find_node(graph, node, distance);
  *distance += graph->nodes.data[node].content_distance;
  return find_content(graph, graph->nodes.data[node].content, distance);
}

static int64_t normalised(const vmo_ll_content *content, int64_t offset) {
  if (content->stride == 0) return offset;
  int64_t rest = offset % (int64_t)content->stride;
  return rest < 0 ? rest + (int64_t)content->stride : rest;
}

/* ---- lists of what is still to do ---- */

static void push_pair(vmo_ll_graph *graph, vmo_ll_place left, vmo_ll_place right) {
  if (left.node == VMO_NONE || right.node == VMO_NONE) return;
  if (!vmo_vec_push(graph->arena, &graph->pairs, ((vmo_ll_pair){left, right}))) graph->out_of_memory = true;
}

static void push_mark(vmo_ll_graph *graph, vmo_ll_mark mark) {
  if (mark.node == VMO_NONE || mark.flags == 0) return;
  if (!vmo_vec_push(graph->arena, &graph->marks, mark)) graph->out_of_memory = true;
}

static void mark_targets(vmo_ll_graph *graph, const vmo_ll_content *content) {
  vmo_ll_mark mark = {0, content->escape_at, content->flags & VMO_LL_SPREADS, content->escape};
  for (uint32_t e = content->edge_first; e != VMO_NONE; e = graph->edges.data[e].next) {
    mark.node = graph->edges.data[e].target.node;
    push_mark(graph, mark);
  }
}

static void mark_content(vmo_ll_graph *graph, uint32_t id, uint16_t flags, uint8_t escape, uint32_t escape_at) {
  int64_t offset = 0;
  vmo_ll_content *content = &graph->contents.data[find_content(graph, id, &offset)];
  uint16_t missing = flags & (uint16_t)~content->flags & VMO_LL_SPREADS;
  if (missing == 0) return;
  if ((missing & VMO_LL_EXTERNAL) != 0) {
    content->escape = escape;
    content->escape_at = escape_at;
  }
  content->flags |= missing;
  mark_targets(graph, content);
}

static void apply_mark(vmo_ll_graph *graph, vmo_ll_mark mark) {
  vmo_ll_graph_node *node = &graph->nodes.data[vmo_ll_find_node(graph, mark.node)];
  uint16_t missing = mark.flags & (uint16_t)~node->flags;
  if (missing == 0) return;
  graph->changed = true;
  node->flags |= missing;
  if ((missing & VMO_LL_EXTERNAL) != 0) {
    node->escape = mark.escape;
    node->escape_at = mark.escape_at;
  }
  mark_content(graph, node->content, node->flags & VMO_LL_SPREADS, node->escape, node->escape_at);
}

/* ---- edges ---- */

static bool overlaps(const vmo_ll_content *content, const vmo_ll_edge *edge, int64_t offset, uint32_t width) {
  if (content->stride == 1) return true;
  if (content->stride == 0) return offset < edge->offset + edge->width && edge->offset < offset + width;
  uint64_t stride = content->stride, after = (uint64_t)normalised(content, offset - edge->offset);
  return after < edge->width || stride - after < width;
}

/* Adds an edge, or makes its target one with those of the edges that share bytes with it. */
static void add_edge(vmo_ll_graph *graph, uint32_t id, int64_t offset, uint32_t width, vmo_ll_place target) {
  vmo_ll_content *content = &graph->contents.data[id];
  bool there = false;
  offset = normalised(content, offset);
  for (uint32_t e = content->edge_first; e != VMO_NONE; e = graph->edges.data[e].next) {
    vmo_ll_edge *edge = &graph->edges.data[e];
    if (!overlaps(content, edge, offset, width)) continue;
    push_pair(graph, edge->target, target);
    if (edge->offset != offset) continue;
    edge->width = edge->width > width ? edge->width : width;
    there = true;
  }
  push_mark(graph, (vmo_ll_mark){target.node, content->escape_at, content->flags & VMO_LL_SPREADS, content->escape});
  if (there) return;
  vmo_ll_edge edge = {offset, target, content->edge_first, width};
  if (!vmo_vec_push(graph->arena, &graph->edges, edge)) {
    graph->out_of_memory = true;
    return;
  }
  content->edge_first = graph->edges.count - 1;
  content->edge_count++;
}

static void add_edges_again(vmo_ll_graph *graph, uint32_t content, uint32_t first, int64_t distance) {
  for (uint32_t e = first, next; e != VMO_NONE; e = next) {
    vmo_ll_edge edge = graph->edges.data[e];
    next = edge.next;
    add_edge(graph, content, edge.offset + distance, edge.width, edge.target);
  }
}

/* ---- folding ---- */

static void set_stride(vmo_ll_graph *graph, uint32_t id, uint64_t stride) {
  vmo_ll_content *content = &graph->contents.data[id];
  if (stride > 0 && stride < POINTER_BYTES) stride = 1;
  if (stride > UINT32_MAX) stride = 1;
  if (stride == content->stride) return;
  uint32_t first = content->edge_first;
  content->stride = (uint32_t)stride;
  content->edge_first = VMO_NONE;
  content->edge_count = 0;
  add_edges_again(graph, id, first, 0);
}

static void fold_content(vmo_ll_graph *graph, uint32_t id, uint64_t difference) {
  if (difference == 0) return;
  if (difference > (uint64_t)MAX_DISTANCE) difference = 1;
  set_stride(graph, id, vmo_ll_gcd(difference, graph->contents.data[id].stride));
}

/* Too many edges: offsets are the same that differ by what all edges' offsets differ by. */
static void fold_if_large(vmo_ll_graph *graph, uint32_t id) {
  const vmo_ll_content *content = &graph->contents.data[id];
  if (content->edge_count <= MAX_EDGES) return;
  uint64_t stride = content->stride;
  for (uint32_t e = content->edge_first, next; e != VMO_NONE; e = next) {
    next = graph->edges.data[e].next;
    if (next != VMO_NONE)
      stride = vmo_ll_gcd(distance_of(graph->edges.data[e].offset, graph->edges.data[next].offset), (uint32_t)stride);
  }
  set_stride(graph, id, stride == content->stride ? 1 : stride);
}

/* ---- becoming one ---- */

static void unify_contents(vmo_ll_graph *graph, uint32_t left, int64_t left_at, uint32_t right, int64_t right_at) {
  left = find_content(graph, left, &left_at);
  right = find_content(graph, right, &right_at);
  if (left == right) {
    fold_content(graph, left, distance_of(left_at, right_at));
    return;
  }
  if (graph->contents.data[left].edge_count < graph->contents.data[right].edge_count) {
    uint32_t content = left;
    int64_t at = left_at;
    left = right, left_at = right_at;
    right = content, right_at = at;
  }
  vmo_ll_content *winner = &graph->contents.data[left], *loser = &graph->contents.data[right];
  uint32_t first = loser->edge_first, stride = vmo_ll_gcd(winner->stride, loser->stride);
  int64_t distance = left_at - right_at;
  if (distance_of(distance, 0) > (uint64_t)MAX_DISTANCE) stride = 1;
  loser->parent = left;
  loser->distance = distance;
  loser->edge_first = VMO_NONE;
  mark_content(graph, left, loser->flags, loser->escape, loser->escape_at);
  set_stride(graph, left, stride);
  add_edges_again(graph, left, first, distance);
  fold_if_large(graph, left);
}

/* Puts one list of links behind another. */
static void join_links(vmo_ll_graph *graph, uint32_t *first, uint32_t *last, uint32_t other_first,
                       uint32_t other_last) {
  if (other_first == VMO_NONE) return;
  if (*first == VMO_NONE) {
    *first = other_first;
  } else {
    graph->links.data[*last].next = other_first;
  }
  *last = other_last;
}

static void join_nodes(vmo_ll_graph *graph, vmo_ll_graph_node *winner, const vmo_ll_graph_node *loser) {
  join_links(graph, &winner->function_first, &winner->function_last, loser->function_first, loser->function_last);
  join_links(graph, &winner->up_first, &winner->up_last, loser->up_first, loser->up_last);
  winner->function_count += loser->function_count;
  if (winner->alignment < loser->alignment) winner->alignment = loser->alignment;
  if ((loser->flags & ~winner->flags & VMO_LL_EXTERNAL) != 0) {
    winner->escape = loser->escape;
    winner->escape_at = loser->escape_at;
  }
  winner->flags |= loser->flags;
}

static void unify_pair(vmo_ll_graph *graph, vmo_ll_place left, vmo_ll_place right) {
  left = vmo_ll_settle(graph, left);
  right = vmo_ll_settle(graph, right);
  vmo_ll_graph_node *nodes = graph->nodes.data;
  if (left.node == right.node) {
    int64_t at = nodes[left.node].content_distance;
    if (left.offset != right.offset)
      unify_contents(graph, nodes[left.node].content, at + left.offset, nodes[left.node].content, at + right.offset);
    return;
  }
  graph->changed = true;
  if (right.node < left.node) { /* the older name stays */
    vmo_ll_place place = left;
    left = right;
    right = place;
  }
  vmo_ll_graph_node *winner = &nodes[left.node], *loser = &nodes[right.node];
  uint32_t content = winner->content, other = loser->content;
  int64_t at = winner->content_distance + left.offset, other_at = loser->content_distance + right.offset;
  loser->parent = left.node;
  loser->distance = left.offset - right.offset;
  join_nodes(graph, winner, loser);
  uint16_t flags = winner->flags & VMO_LL_SPREADS;
  uint8_t escape = winner->escape;
  uint32_t escape_at = winner->escape_at;
  unify_contents(graph, content, at, other, other_at);
  mark_content(graph, content, flags, escape, escape_at);
}

static void finish(vmo_ll_graph *graph) {
  while ((graph->pairs.count > 0 || graph->marks.count > 0) && !graph->out_of_memory) {
    if (graph->marks.count > 0) {
      apply_mark(graph, graph->marks.data[--graph->marks.count]);
    } else {
      vmo_ll_pair pair = graph->pairs.data[--graph->pairs.count];
      unify_pair(graph, pair.left, pair.right);
    }
  }
}

void vmo_ll_unify(vmo_ll_graph *graph, vmo_ll_place left, vmo_ll_place right) {
  push_pair(graph, left, right);
  finish(graph);
}

void vmo_ll_unify_contents(vmo_ll_graph *graph, vmo_ll_place left, vmo_ll_place right) {
  if (left.node == VMO_NONE || right.node == VMO_NONE) return;
  int64_t left_at, right_at;
  uint32_t one = vmo_ll_find_content(graph, left.node, &left_at);
  uint32_t other = vmo_ll_find_content(graph, right.node, &right_at);
  unify_contents(graph, one, left_at + left.offset, other, right_at + right.offset);
  finish(graph);
}

void vmo_ll_fold(vmo_ll_graph *graph, vmo_ll_place place, uint64_t stride) {
  if (place.node == VMO_NONE) return;
  int64_t distance;
  fold_content(graph, vmo_ll_find_content(graph, place.node, &distance), stride);
  finish(graph);
}

/* ---- memory ---- */

static vmo_ll_place follow(vmo_ll_graph *graph, vmo_ll_place place, uint32_t width) {
  int64_t distance;
  uint32_t id = vmo_ll_find_content(graph, place.node, &distance);
  int64_t offset = normalised(&graph->contents.data[id], distance + place.offset);
  for (uint32_t e = graph->contents.data[id].edge_first; e != VMO_NONE; e = graph->edges.data[e].next)
    if (graph->edges.data[e].offset == offset && graph->edges.data[e].width >= width)
      return graph->edges.data[e].target;
  vmo_ll_place target = vmo_ll_new_place(graph);
  if (target.node == VMO_NONE) return target;
  add_edge(graph, id, offset, width, target);
  fold_if_large(graph, id);
  finish(graph);
  return target;
}

vmo_ll_place vmo_ll_follow(vmo_ll_graph *graph, vmo_ll_place place, int64_t bytes) {
  if (place.node == VMO_NONE) return place;
  if (bytes < 0) {
    vmo_ll_fold(graph, place, 1);
    bytes = POINTER_BYTES;
  } else if (bytes > MAX_WORDS * POINTER_BYTES) {
    vmo_ll_fold(graph, place, bytes % POINTER_BYTES == 0 && place.offset % POINTER_BYTES == 0 ? POINTER_BYTES : 1);
    bytes = POINTER_BYTES;
  }
  vmo_ll_place target = follow(graph, place, POINTER_BYTES);
  for (int64_t at = POINTER_BYTES; at < bytes; at += POINTER_BYTES) {
    int64_t width = bytes - at < POINTER_BYTES ? bytes - at : POINTER_BYTES;
    vmo_ll_place next = follow(graph, (vmo_ll_place){place.offset + at, place.node}, (uint32_t)width);
    vmo_ll_unify(graph, target, next);
  }
  return target;
}

vmo_ll_place vmo_ll_follow_part(vmo_ll_graph *graph, vmo_ll_place place, uint32_t bytes) {
  return place.node == VMO_NONE ? place : follow(graph, place, bytes);
}

/* ---- flags ---- */

void vmo_ll_mark_place(vmo_ll_graph *graph, vmo_ll_place place, uint16_t flags) {
  push_mark(graph, (vmo_ll_mark){place.node, VMO_NONE, flags, VMO_ESCAPE_NONE});
  finish(graph);
}

static uint16_t flag_of(const vmo_ll_graph *graph, vmo_site_escape escape) {
  if (escape != VMO_ESCAPE_INTEGER) return VMO_LL_EXTERNAL;
  return graph->hides ? VMO_LL_HIDDEN : VMO_LL_HIDDEN | VMO_LL_EXTERNAL;
}

void vmo_ll_expose(vmo_ll_graph *graph, vmo_ll_place place, vmo_site_escape escape, uint32_t at) {
  push_mark(graph, (vmo_ll_mark){place.node, at, flag_of(graph, escape), (uint8_t)escape});
  finish(graph);
}

void vmo_ll_expose_content(vmo_ll_graph *graph, vmo_ll_place place, vmo_site_escape escape, uint32_t at) {
  if (place.node == VMO_NONE) return;
  int64_t distance;
  uint32_t content = vmo_ll_find_content(graph, place.node, &distance);
  mark_content(graph, content, flag_of(graph, escape), (uint8_t)escape, at);
  finish(graph);
}

void vmo_ll_need_alignment(vmo_ll_graph *graph, vmo_ll_place place, uint32_t alignment) {
  if (place.node == VMO_NONE) return;
  vmo_ll_graph_node *node = &graph->nodes.data[vmo_ll_find_node(graph, place.node)];
  if (node->alignment < alignment) node->alignment = (uint16_t)(alignment < UINT16_MAX ? alignment : UINT16_MAX);
}

static uint32_t add_link(vmo_ll_graph *graph, uint32_t to, uint32_t function) {
  vmo_ll_link link = {to, VMO_NONE, function};
  if (vmo_vec_push(graph->arena, &graph->links, link)) return graph->links.count - 1;
  graph->out_of_memory = true;
  return VMO_NONE;
}

void vmo_ll_add_function_at(vmo_ll_graph *graph, vmo_ll_place place, uint32_t function) {
  if (place.node == VMO_NONE) return;
  vmo_ll_graph_node *node = &graph->nodes.data[vmo_ll_find_node(graph, place.node)];
  uint32_t link = add_link(graph, function, VMO_NONE);
  join_links(graph, &node->function_first, &node->function_last, link, link);
  node->function_count++;
}

void vmo_ll_add_up_link(vmo_ll_graph *graph, uint32_t from, uint32_t to, uint32_t function) {
  vmo_ll_graph_node *node = &graph->nodes.data[vmo_ll_find_node(graph, from)];
  uint32_t link = add_link(graph, to, function);
  join_links(graph, &node->up_first, &node->up_last, link, link);
}
