/* exact_bundles.c: is there a plan of at most this height? Exact, for a few bundles with any relations.
 *
 * A disjunctive search, as for machine scheduling (Balas 1969; Carlier and Pinson 1989): each forbidden interval
 * (low, high) of a distance y - x leaves two choices, y - x >= high ("up") or x - y >= -low ("down"). Chosen ones are
 * arcs o_to >= o_from + distance. Each offset has a least and a most value that follow from the arcs, from the height,
 * the alignments and the fixed offsets; where only one choice is left, it is taken. The least values keep all arcs, so
 * when they break no interval they are a plan; else the interval that costs most either way is branched on.
 *
 * Arcs are propagated one by one, each from a state that keeps all others. Let A be the largest alignment. If a new arc
 * u -> v can be kept at all, the least solution L has L_u < l_u + A, with l the least values before: otherwise
 * max(l, L - A) would be a smaller solution, since all arcs hold in l and in L - A, both are multiples of the
 * alignments,
 * and the maximum of two solutions is one. So a propagation that comes back and lifts u by A is a contradiction, and
 * none runs in circles for long. The same holds for the most values. Nothing recurses; a node costs O(relations). */
#include "planner/relations.h"
#include "support/vec.h"

/* The two choices of one forbidden interval of y - x. */
typedef struct choice {
  uint32_t x, y;
  vmo_bytes low, high; /* y - x <= low, or y - x >= high */
} choice;

typedef struct arc {
  uint32_t from, to; /* offset of `to` >= offset of `from` + distance */
  vmo_bytes distance;
  uint32_t next_out, next_in; /* further arcs of `from`, and of `to` */
} arc;

typedef struct saved_bound {
  uint32_t index; /* into bounds */
  vmo_bytes value;
} saved_bound;

typedef struct frame {
  uint32_t choice; /* that is branched on */
  bool up, second; /* which side is in force; whether it is the last one */
  uint32_t trail_count, arc_count, decided_count;
} frame;

typedef struct bundle_search {
  const vmo_relations *relations;
  vmr_arena *arena;
  uint64_t *units;
  uint32_t count;
  vmo_bytes largest_alignment;
  vmo_bytes *bounds; /* per node the least offset; then per node the most */
  choice *choices;
  uint32_t choice_count;
  bool *decided;           /* per choice */
  uint32_t *decided_order; /* the decided ones */
  uint32_t decided_count;
  uint32_t *heads; /* per node the first arc out; then per node the first arc in */
  arc *arcs;
  uint32_t arc_count;
  VMO_VEC(saved_bound) trail;
  VMO_VEC(frame) frames;
  uint32_t *queue; /* a ring of nodes whose bound moved */
  bool *queued;
  bool failed; /* memory ran out */
} bundle_search;

/* ---- set up ---- */

static vmo_bytes floor_to(vmo_bytes number, vmo_bytes grain) { return number & ~(grain - 1); }

static bool list_choices(bundle_search *search) {
  const vmo_relations *relations = search->relations;
  search->choices = vmr_arena_alloc(search->arena, ((size_t)relations->data_count / 2 + 1) * sizeof(choice));
  if (search->choices == NULL) return false;
  for (uint32_t x = 0; x < relations->count; x++)
    for (uint32_t i = relations->firsts[x]; i < relations->firsts[x + 1]; i++) {
      const vmo_relation *relation = &relations->data[i];
      if (relation->other < x) continue;
      vmo_bytes grain = relations->nodes[x].alignment, other = relations->nodes[relation->other].alignment;
      if (other < grain) grain = other;
      search->choices[search->choice_count++] =
          (choice){x, relation->other, floor_to(relation->low, grain), vmo_round_up(relation->high, grain)};
    }
  return true;
}

static bool alloc_search(bundle_search *search) {
  size_t nodes = (size_t)search->count + 1, choices = (size_t)search->choice_count + 1;
  search->bounds = vmr_arena_alloc(search->arena, 2 * nodes * sizeof *search->bounds);
  search->decided = vmr_arena_alloc_array(search->arena, choices, sizeof *search->decided);
  search->decided_order = vmr_arena_alloc(search->arena, choices * sizeof *search->decided_order);
  search->heads = vmr_arena_alloc(search->arena, 2 * nodes * sizeof *search->heads);
  search->arcs = vmr_arena_alloc(search->arena, choices * sizeof *search->arcs);
  search->queue = vmr_arena_alloc(search->arena, nodes * sizeof *search->queue);
  search->queued = vmr_arena_alloc_array(search->arena, nodes, sizeof *search->queued);
  return search->bounds != NULL && search->decided != NULL && search->decided_order != NULL && search->heads != NULL &&
         search->arcs != NULL && search->queue != NULL && search->queued != NULL;
}

/* False: a node alone does not fit under the height. */
static bool set_bounds(bundle_search *search, vmo_bytes height) {
  for (uint32_t i = 0; i < search->count; i++) {
    const vmo_node *node = &search->relations->nodes[i];
    search->largest_alignment = vmo_max_bytes(search->largest_alignment, node->alignment);
    search->heads[i] = search->heads[search->count + i] = VMO_NONE;
    bool pinned = node->fixed_offset >= 0;
    search->bounds[i] = pinned ? node->fixed_offset : 0;
    if (search->bounds[i] + node->bytes > height) return false;
    search->bounds[search->count + i] = pinned ? node->fixed_offset : floor_to(height - node->bytes, node->alignment);
  }
  return true;
}

/* ---- propagation ---- */

static bool move_bound(bundle_search *search, uint32_t index, vmo_bytes value) {
  if (!vmo_vec_push(search->arena, &search->trail, ((saved_bound){index, search->bounds[index]}))) {
    search->failed = true;
    return false;
  }
  search->bounds[index] = value;
  uint32_t node = index < search->count ? index : index - search->count;
  return search->bounds[node] <= search->bounds[search->count + node];
}

/* Moves one end of an arc so that the arc holds: lifts the least value of its end, or lowers the most of its start. */
static bool keep_arc(bundle_search *search, const arc *kept, bool lifts, bool *moved) {
  const vmo_node *nodes = search->relations->nodes;
  if (lifts) {
    vmo_bytes least = vmo_round_up(search->bounds[kept->from] + kept->distance, nodes[kept->to].alignment);
    *moved = least > search->bounds[kept->to];
    return !*moved || move_bound(search, kept->to, least);
  }
  vmo_bytes *mosts = search->bounds + search->count;
  vmo_bytes most = floor_to(mosts[kept->to] - kept->distance, nodes[kept->from].alignment);
  *moved = most < mosts[kept->from];
  return !*moved || move_bound(search, search->count + kept->from, most);
}

static void clear_queue(bundle_search *search, uint32_t head, uint32_t waiting) {
  for (; waiting > 0; waiting--, head = head + 1 == search->count ? 0 : head + 1)
    search->queued[search->queue[head]] = false;
}

/* Propagates the arc that was added last; `lifts`: the least values, else the most. */
static bool propagate(bundle_search *search, bool lifts) {
  const arc *added = &search->arcs[search->arc_count - 1];
  uint32_t start = lifts ? added->from : added->to, head = 0, waiting = 0;
  vmo_bytes before = search->bounds[lifts ? start : search->count + start];
  bool moved, fine = keep_arc(search, added, lifts, &moved);
  if (fine && moved) search->queue[waiting++] = lifts ? added->to : added->from;
  if (waiting > 0) search->queued[search->queue[0]] = true;
  while (fine && waiting > 0) {
    uint32_t node = search->queue[head];
    head = head + 1 == search->count ? 0 : head + 1;
    waiting--;
    search->queued[node] = false;
    uint32_t at = search->heads[lifts ? node : search->count + node];
    while (at != VMO_NONE && fine) {
      const arc *next = &search->arcs[at];
      uint32_t end = lifts ? next->to : next->from;
      fine = keep_arc(search, next, lifts, &moved);
      if (*search->units > 0) --*search->units;
      if (fine && moved && end == start) {
        vmo_bytes now = search->bounds[lifts ? start : search->count + start];
        fine = (lifts ? now - before : before - now) < search->largest_alignment;
      }
      if (fine && moved && !search->queued[end]) {
        search->queue[(head + waiting++) % search->count] = end;
        search->queued[end] = true;
      }
      at = lifts ? next->next_out : next->next_in;
    }
  }
  clear_queue(search, head, waiting);
  return fine;
}

/* Takes one side of a choice. False: it contradicts the others. */
static bool decide(bundle_search *search, uint32_t index, bool up) {
  const choice *made = &search->choices[index];
  arc added = up ? (arc){made->x, made->y, made->high, 0, 0} : (arc){made->y, made->x, -made->low, 0, 0};
  added.next_out = search->heads[added.from];
  added.next_in = search->heads[search->count + added.to];
  search->heads[added.from] = search->heads[search->count + added.to] = search->arc_count;
  search->arcs[search->arc_count++] = added;
  search->decided[index] = true;
  search->decided_order[search->decided_count++] = index;
  return propagate(search, true) && propagate(search, false);
}

/* ---- the search ---- */

typedef enum look { LOOK_PLAN, LOOK_BRANCH, LOOK_DEAD_END } look;

/* Takes what is left without a choice, until nothing changes; then says what to do next. */
static look look_around(bundle_search *search, uint32_t *branch, bool *up) {
  vmo_bytes *least = search->bounds, *most = search->bounds + search->count;
  for (bool changed = true; changed;) {
    changed = false;
    vmo_bytes worst = -1;
    *branch = VMO_NONE;
    *search->units -= *search->units < search->choice_count ? *search->units : search->choice_count;
    for (uint32_t i = 0; i < search->choice_count; i++) {
      const choice *open = &search->choices[i];
      if (search->decided[i]) continue;
      bool may_up = least[open->x] + open->high <= most[open->y];
      bool may_down = least[open->y] - open->low <= most[open->x];
      if (!may_up && !may_down) return LOOK_DEAD_END;
      if (may_up != may_down) {
        if (!decide(search, i, may_up)) return LOOK_DEAD_END;
        changed = true;
        continue;
      }
      vmo_bytes distance = least[open->y] - least[open->x];
      if (distance <= open->low || distance >= open->high) continue;
      vmo_bytes lift_y = open->high - distance, lift_x = distance - open->low;
      vmo_bytes cost = lift_y < lift_x ? lift_y : lift_x;
      if (cost <= worst) continue;
      worst = cost;
      *branch = i;
      *up = lift_y <= lift_x;
    }
  }
  return *branch == VMO_NONE ? LOOK_PLAN : LOOK_BRANCH;
}

static void go_back(bundle_search *search, const frame *to) {
  while (search->trail.count > to->trail_count) {
    const saved_bound *saved = &search->trail.data[--search->trail.count];
    search->bounds[saved->index] = saved->value;
  }
  while (search->arc_count > to->arc_count) {
    const arc *dropped = &search->arcs[--search->arc_count];
    search->heads[dropped->from] = dropped->next_out;
    search->heads[search->count + dropped->to] = dropped->next_in;
  }
  while (search->decided_count > to->decided_count)
    search->decided[search->decided_order[--search->decided_count]] = false;
}

/* Goes back to the last branch with a side left, and takes that. False: there is none. */
static bool try_other_side(bundle_search *search) {
  while (search->frames.count > 0) {
    frame *last = &search->frames.data[search->frames.count - 1];
    go_back(search, last);
    if (last->second) {
      search->frames.count--;
      continue;
    }
    last->second = true;
    last->up = !last->up;
    if (decide(search, last->choice, last->up)) return true;
    if (search->failed) return false;
  }
  return false;
}

static bool branch_on(bundle_search *search, uint32_t index, bool up) {
  frame next = {index, up, false, search->trail.count, search->arc_count, search->decided_count};
  if (!vmo_vec_push(search->arena, &search->frames, next)) {
    search->failed = true;
    return false;
  }
  return decide(search, index, up) || try_other_side(search);
}

static vmo_search_verdict run_search(bundle_search *search, vmo_bytes *offsets) {
  for (;;) {
    uint32_t branch;
    bool up = false;
    if (*search->units == 0) return VMO_SEARCH_GAVE_UP;
    look seen = look_around(search, &branch, &up);
    if (seen == LOOK_PLAN) {
      for (uint32_t i = 0; i < search->count; i++) offsets[i] = search->bounds[i];
      return VMO_SEARCH_FOUND;
    }
    bool on = seen == LOOK_BRANCH ? branch_on(search, branch, up) : try_other_side(search);
    if (search->failed) return VMO_SEARCH_OUT_OF_MEMORY;
    if (!on) return VMO_SEARCH_NONE;
  }
}

vmo_search_verdict vmo_search_bundles(const vmo_relations *relations, vmo_bytes height, uint64_t *units,
                                      vmr_arena *scratch, vmo_bytes *offsets) {
  bundle_search search = {.relations = relations, .arena = scratch, .units = units, .count = relations->count};
  if (!list_choices(&search) || !alloc_search(&search)) return VMO_SEARCH_OUT_OF_MEMORY;
  if (!set_bounds(&search, height)) return VMO_SEARCH_NONE;
  return run_search(&search, offsets);
}
