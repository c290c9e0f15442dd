/* cycles.c: trial deletion, and the search for cycles.
 *
 *   visited  [node, count, internal] ...     a node's place stands in its count as long as it is visited
 *
 * What candidates refer to is visited breadth first; the array is its own queue. A node that has more references than were
 * met on the way is alive, and so is all that it refers to; the rest is garbage. Only members of the rings are visited:
 * nothing else can be in a cycle. Time and memory proportional to what is visited. Nothing is changed before all of it
 * is known, so that running out of memory or budget only puts counts back.
 *
 * Sets of nodes that refer to each other are Tarjan's strongly connected components (Depth-First Search and Linear Graph
 * Algorithms, 1972) without recursion; the shortest cycle through a node is a breadth-first search. */
#include <string.h>

#include "runtime/store.h"

#define NOWHERE UINT32_MAX

typedef struct visit {
  vmr_node *node;
  uint32_t count, internal; /* references: all, and those met */
  uint32_t next;            /* of a list of visits */
  bool is_live;
  /* of the search for components */
  bool is_open;
  uint32_t order, low, cursor, caller; /* order 0: not reached */
  uint32_t component;
  uint32_t edge; /* the child of `caller` that led here */
} visit;

typedef struct trial {
  vmr_store *store;
  visit *visits;
  size_t count, capacity;
} trial;

static bool reserve_visit(trial *t) {
  if (t->count < t->capacity) return true;
  size_t more = t->capacity != 0 ? t->capacity * 2 : 64;
  vmr_ctx *ctx = t->store->handle.ctx;
  if (more >= NOWHERE) return false;
  visit *grown = t->visits == NULL ? vmr_ctx_obtain(ctx, VMR_KIND_STORE, more * sizeof *grown)
                                   : vmr_ctx_resize(ctx, VMR_KIND_STORE, t->visits, t->capacity * sizeof *grown,
                                                    more * sizeof *grown);
  if (grown == NULL) return false;
  t->visits = grown;
  t->capacity = more;
  return true;
}

static bool is_visited(const vmr_node *node) { return (node->flags & VMR_NODE_VISITED) != 0; }

static bool add_visit(trial *t, vmr_node *node) {
  if (!reserve_visit(t)) return false;
  t->visits[t->count] = (visit){.node = node, .count = node->count, .next = NOWHERE};
  node->count = (uint32_t)t->count++;
  node->flags |= VMR_NODE_VISITED;
  return true;
}

/* The visit of a child, which is one of a member; NULL for other children. */
static visit *child_visit(const trial *t, const vmr_node *node, size_t index) {
  vmr_value child = vmr_node_child(node, index);
  return vmr_value_may_cycle(child) && is_visited(child.as.node) ? &t->visits[child.as.node->count] : NULL;
}

/* Visits the children of visits from `from` on, until there are no more; false when memory or `budget` is out. */
static bool expand(trial *t, size_t from, size_t budget, size_t *expanded) {
  for (size_t i = from; i < t->count; i++) {
    vmr_node *node = t->visits[i].node;
    size_t children = vmr_node_child_count(node);
    if (budget != 0 && t->count > budget) return *expanded = i, false;
    for (size_t k = 0; k < children; k++) {
      vmr_value child = vmr_node_child(node, k);
      if (!vmr_value_may_cycle(child) || is_visited(child.as.node)) continue;
      if (!add_visit(t, child.as.node)) return *expanded = i, false;
    }
    *expanded = i + 1;
  }
  return true;
}

/* Forgets the visits from `from` on. */
static void take_back(trial *t, size_t from) {
  for (size_t i = from; i < t->count; i++) {
    t->visits[i].node->count = t->visits[i].count;
    t->visits[i].node->flags &= (uint8_t)~VMR_NODE_VISITED;
  }
  t->count = from;
}

static void end_trial(trial *t) {
  take_back(t, 0);
  vmr_ctx_release(t->store->handle.ctx, VMR_KIND_STORE, t->visits, t->capacity * sizeof *t->visits);
}

/* All is visited: finds what is alive. */
static void find_live(trial *t) {
  uint32_t todo = NOWHERE;
  for (size_t i = 0; i < t->count; i++) {
    size_t children = vmr_node_child_count(t->visits[i].node);
    for (size_t k = 0; k < children; k++) {
      visit *child = child_visit(t, t->visits[i].node, k);
      if (child != NULL) child->internal++;
    }
  }
  for (size_t i = 0; i < t->count; i++) {
    visit *each = &t->visits[i];
    if (each->count != UINT32_MAX && each->count <= each->internal) continue;
    each->is_live = true;
    each->next = todo;
    todo = (uint32_t)i;
  }
  while (todo != NOWHERE) {
    const visit *each = &t->visits[todo];
    todo = each->next;
    size_t children = vmr_node_child_count(each->node);
    for (size_t k = 0; k < children; k++) {
      visit *child = child_visit(t, each->node, k);
      if (child == NULL || child->is_live) continue;
      child->is_live = true;
      child->next = todo;
      todo = (uint32_t)(child - t->visits);
    }
  }
}

/* ---- collecting ---- */

static void forget_candidate(vmr_store *store, vmr_node *node) {
  if ((node->flags & VMR_NODE_CANDIDATE) == 0) return;
  node->flags &= (uint8_t)~VMR_NODE_CANDIDATE;
  vmr_link_remove(vmr_node_link(node));
  vmr_link_add(&store->members, vmr_node_link(node));
  store->figures.candidates--;
}

/* Visits what candidates refer to, one after the other. False when memory is out. */
static bool visit_candidates(trial *t, size_t budget) {
  vmr_link *ring = &t->store->candidates;
  size_t expanded = 0;
  for (vmr_link *each = ring->next; each != ring; each = each->next) {
    size_t begin = t->count;
    if (is_visited(each->node)) continue;
    if (!add_visit(t, each->node)) return false;
    if (expand(t, begin, budget, &expanded)) continue;
    if (budget == 0 || t->count <= budget) return false;
    take_back(t, begin);
    vmr_link_remove(each); /* the next time others are first */
    vmr_link_add(ring, each);
    return true;
  }
  return true;
}

/* Frees what is not alive: first all references of it, then itself. Counts are back. */
static void free_garbage(trial *t, vmr_cycles_figures *figures) {
  vmr_store *store = t->store;
  vmr_chained_node *dead = NULL;
  uint64_t freed = store->figures.freed;
  size_t used = store->used;
  for (size_t i = 0; i < t->count; i++) {
    if (t->visits[i].is_live) continue;
    vmr_store_unlink(store, t->visits[i].node);
    t->visits[i].node->flags |= VMR_NODE_DYING;
  }
  for (size_t i = 0; i < t->count; i++) {
    if (t->visits[i].is_live) continue;
    size_t children = vmr_node_child_count(t->visits[i].node);
    for (size_t k = 0; k < children; k++) {
      vmr_value child = vmr_node_child(t->visits[i].node, k);
      bool is_garbage = child.form == VMR_VALUE_COUNTED && (child.as.node->flags & VMR_NODE_DYING) != 0;
      if (child.form != VMR_VALUE_COUNTED || is_garbage || child.as.node->count == UINT32_MAX) continue;
      if (child.as.node->count > 1) {
        vmr_value_release(store, child);
      } else { /* it may die only when nothing refers to it any more: behind all others */
        vmr_store_unlink(store, child.as.node);
        child.as.node->flags |= VMR_NODE_DYING;
        child.as.node->count = 0;
        if (child.kind == VMR_VALUE_STRING) {
          vmr_node_free(store, child.as.node);
        } else {
          ((vmr_chained_node *)(void *)child.as.node)->next = dead;
          dead = (vmr_chained_node *)(void *)child.as.node;
        }
      }
    }
  }
  for (size_t i = 0; i < t->count; i++) {
    if (!t->visits[i].is_live) vmr_node_free(store, t->visits[i].node);
  }
  t->count = 0;
  vmr_store_bury(store, dead);
  figures->freed = (size_t)(store->figures.freed - freed);
  figures->freed_bytes = used - store->used;
  store->figures.cycles += figures->freed;
}

static vmr_status collect(vmr_store *store, size_t budget, vmr_cycles_figures *figures) {
  vmr_cycles_figures found = {0};
  trial t = {.store = store};
  if (!visit_candidates(&t, budget)) {
    end_trial(&t);
    vmr_store_fail(store, VMR_OUT_OF_MEMORY);
    return VMR_OUT_OF_MEMORY;
  }
  find_live(&t);
  found.visited = t.count;
  for (size_t i = 0; i < t.count; i++) {
    t.visits[i].node->count = t.visits[i].count;
    t.visits[i].node->flags &= (uint8_t)~VMR_NODE_VISITED;
    if (t.visits[i].is_live) forget_candidate(store, t.visits[i].node);
  }
  free_garbage(&t, &found);
  found.postponed = (size_t)store->figures.candidates;
  end_trial(&t);
  *figures = found;
  return VMR_OK;
}

vmr_status vmr_cycles_collect(vmr_store *store, size_t budget, vmr_cycles_figures *figures) {
  vmr_cycles_figures found = {0};
  vmr_status status = VMR_INVALID_ARGUMENT;
  if (store != NULL) {
    vmr_deferral deferral; /* counts are places meanwhile */
    vmr_ctx_defer(&deferral, store->handle.ctx);
    status = collect(store, budget, &found);
    vmr_ctx_relieve(&deferral, false);
  }
  if (figures != NULL) *figures = found;
  return status;
}

/* ---- finding ---- */

static bool visit_ring(trial *t, vmr_link *ring) {
  size_t expanded;
  for (vmr_link *each = ring->next; each != ring; each = each->next) {
    if (each->node->kind == VMR_VALUE_FOREIGN || is_visited(each->node)) continue;
    size_t begin = t->count;
    if (!add_visit(t, each->node) || !expand(t, begin, 0, &expanded)) return false;
  }
  return true;
}

/* The component that ends with `root`: all visits on the list of open ones down to it. */
static void close_component(trial *t, uint32_t root, uint32_t *open) {
  uint32_t member;
  do {
    member = *open;
    *open = t->visits[member].next;
    t->visits[member].is_open = false;
    t->visits[member].component = root;
  } while (member != root);
}

static void enter(trial *t, uint32_t place, uint32_t caller, uint32_t *order, uint32_t *open) {
  visit *each = &t->visits[place];
  each->order = each->low = ++*order;
  each->caller = caller;
  each->is_open = true;
  each->next = *open;
  *open = place;
}

static void lower(visit *each, uint32_t low) {
  if (low < each->low) each->low = low;
}

static void find_components(trial *t) {
  uint32_t order = 0, open = NOWHERE;
  for (uint32_t start = 0; start < t->count; start++) {
    if (t->visits[start].order != 0) continue;
    enter(t, start, NOWHERE, &order, &open);
    for (uint32_t at = start; at != NOWHERE;) {
      visit *each = &t->visits[at];
      if (each->cursor < vmr_node_child_count(each->node)) {
        visit *child = child_visit(t, each->node, each->cursor++);
        if (child == NULL) continue;
        if (child->order == 0) {
          enter(t, (uint32_t)(child - t->visits), at, &order, &open);
          at = (uint32_t)(child - t->visits);
        } else if (child->is_open) {
          lower(each, child->order);
        }
        continue;
      }
      if (each->low == each->order) close_component(t, at, &open);
      at = each->caller;
      if (at != NOWHERE) lower(&t->visits[at], each->low);
    }
  }
}

/* A breadth-first search from `root` within its component; the visit that closes the cycle, with `*edge` that leads back, or
 * NOWHERE. `order` is 0 for those that were not reached. */
static uint32_t search_back(trial *t, uint32_t root, uint32_t *edge) {
  uint32_t first = root, last = root;
  t->visits[root].next = NOWHERE;
  for (; first != NOWHERE; first = t->visits[first].next) {
    const vmr_node *node = t->visits[first].node;
    size_t children = vmr_node_child_count(node);
    for (uint32_t k = 0; k < children; k++) {
      visit *child = child_visit(t, node, k);
      if (child == NULL || child->component != t->visits[root].component) continue;
      uint32_t place = (uint32_t)(child - t->visits);
      if (place == root) return *edge = k, first;
      if (child->order == 0) continue; /* reached already: order is cleared below */
      child->order = 0;
      child->caller = first;
      child->edge = k;
      child->next = NOWHERE;
      t->visits[last].next = place;
      last = place;
    }
  }
  return NOWHERE;
}

static vmr_cycle_step step_of(const trial *t, uint32_t place, uint32_t edge) {
  vmr_node *node = t->visits[place].node;
  vmr_cycle_step step = {.node = vmr_value_of_node(node), .index = edge};
  if (node->kind == VMR_VALUE_OBJECT) step.name = ((const vmr_object_node *)(const void *)node)->entries[edge].name;
  bool has_head = node->kind == VMR_VALUE_EXPRESSION || node->kind == VMR_VALUE_TUPLE;
  if (has_head) step.index = edge != 0 ? edge - 1 : SIZE_MAX;
  return step;
}

/* Writes the steps of a cycle that ends at `last`, from behind; returns the first. `steps` has room for t->count. */
static vmr_cycle_step *write_steps(const trial *t, vmr_cycle_step *steps, uint32_t root, uint32_t last, uint32_t edge) {
  vmr_cycle_step *first = steps + t->count;
  for (uint32_t at = last;; at = t->visits[at].caller) {
    *--first = step_of(t, at, edge);
    if (at == root) return first;
    edge = t->visits[at].edge;
  }
}

static vmr_status find(vmr_store *store, vmr_cycle_function function, void *user) {
  trial t = {.store = store};
  vmr_cycle_step *steps = NULL;
  bool is_done = visit_ring(&t, &store->members) && visit_ring(&t, &store->candidates);
  size_t step_bytes = (t.count + 1) * sizeof *steps;
  if (is_done) steps = vmr_ctx_obtain(store->handle.ctx, VMR_KIND_STORE, step_bytes);
  if (steps == NULL) {
    end_trial(&t);
    vmr_store_fail(store, VMR_OUT_OF_MEMORY);
    return VMR_OUT_OF_MEMORY;
  }
  find_live(&t);
  find_components(&t);
  for (uint32_t root = 0; root < t.count; root++) {
    uint32_t edge = 0;
    if (t.visits[root].component != root) continue;
    uint32_t last = search_back(&t, root, &edge);
    if (last == NOWHERE) continue;
    const vmr_cycle_step *first = write_steps(&t, steps, root, last, edge);
    function(user, first, (size_t)(steps + t.count - first), !t.visits[root].is_live);
  }
  vmr_ctx_release(store->handle.ctx, VMR_KIND_STORE, steps, step_bytes);
  end_trial(&t);
  return VMR_OK;
}

vmr_status vmr_cycles_find(vmr_store *store, vmr_cycle_function function, void *user) {
  vmr_deferral deferral;
  if (store == NULL || function == NULL) return VMR_INVALID_ARGUMENT;
  vmr_ctx_defer(&deferral, store->handle.ctx);
  vmr_status status = find(store, function, user);
  vmr_ctx_relieve(&deferral, false);
  return status;
}
