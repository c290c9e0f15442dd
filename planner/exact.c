/* exact.c: the depth first search of exact.h: frames, components, the memory of failures.
 *
 *   frame 0: all items ── decision ──┬── component ── frame 1 ── decision ── frame 2 ...   the open components are a
 *                                    └── component (open)                                  linked stack; none: a plan
 *
 * A frame is a component (a range of items, of which the unplaced ones count) and a decision about one of its sections.
 * After a decision the component is cut wherever in time no unplaced item connects both sides (VMO_RULE_SPLIT: such
 * sides share no section, so each has a plan whatever the other's is). When a component has no plan, the decision that
 * made it was wrong, and all frames since then are dropped, those of the components beside it too.
 *
 * VMO_RULE_MEMORY. What is left to do is told by the unplaced items of a component, their least offsets, and whether
 * they are supported: all else is fixed. Failures are kept under a hash of that, 63 bits of it, in a table where a new
 * one displaces an old one.
 *
 * VMO_RULE_FEWEST. A section can be decided when no unplaced item of the component fits below its floor: whoever is
 * placed there then has all its unplaced neighbours above it. That is so for the lowest section in any case. The decision
 * is complete: either one of the items whose least offset is the floor lies there, or none does. Fewest choices first,
 * where forced decisions are free; of equals the lowest, then the one with the least bytes to spare. VMO_RULE_NEAR goes
 * about it otherwise: the forced ones, then what is next to the last decision, so that mistakes show near where they were
 * made. Some problems are easy for the one, some for the other. */
#include "planner/exact.h"

#include "support/random.h"

#define UNITS_PER_NODE 50
#define FORCED 2                  /* ways of a section with one item, and none of leaving it out */
#define UNITS_BETWEEN_LOOKS 50000 /* at the watch */

/* ---- components ---- */

static uint64_t hash_component(const vmo_exact *exact, const vmo_exact_component *component) {
  const vmo_exact_state *state = &exact->state;
  uint64_t hash = exact->salt;
  for (uint32_t i = vmo_exact_next(state, component->item_begin, component->item_end); i < component->item_end;
       i = vmo_exact_next(state, i + 1, component->item_end))
    hash += vmo_mix_bits((2 * (uint64_t)state->least[i] + state->supported[i]) * VMO_RANDOM_STEP ^ vmo_mix_bits(i + 1));
  return hash | 1;
}

/* Opens the components of what is unplaced among some items. */
static bool open_components(vmo_exact *exact, uint32_t begin, uint32_t end, uint32_t parent) {
  const vmo_exact_state *state = &exact->state;
  bool split = state->rules & VMO_RULE_SPLIT;
  for (uint32_t first = vmo_exact_next(state, begin, end), next; first < end; first = next) {
    uint32_t reach = state->hulls[first].end, last = first;
    for (next = vmo_exact_next(state, first + 1, end); next < end && (state->hulls[next].begin < reach || !split);
         next = vmo_exact_next(state, next + 1, end)) {
      if (state->hulls[next].end > reach) reach = state->hulls[next].end;
      last = next;
    }
    vmo_exact_component component = {first, last + 1, parent, exact->open};
    if (!vmo_vec_push(exact->arena, &exact->components, component)) return false;
    exact->open = exact->components.count - 1;
  }
  return true;
}

/* ---- the decision of a frame ---- */

static uint32_t count_ways(const vmo_exact_section *section) {
  return 2 * section->choices + (section->limit > section->floor);
}

/* Where a decision could be made, and where the last one was. */
typedef struct candidate {
  const vmo_exact_section *section;
  uint32_t ways, distance;
} candidate;

static candidate make_candidate(const vmo_exact *exact, uint32_t section) {
  const vmo_exact_state *state = &exact->state;
  uint32_t last = exact->frames.count > 0 ? exact->frames.data[exact->frames.count - 1].section : section;
  candidate made = {.section = &state->sections[section]};
  if (state->rules & (VMO_RULE_FEWEST | VMO_RULE_NEAR)) made.ways = count_ways(made.section);
  if (state->rules & VMO_RULE_NEAR) {
    made.ways = made.ways > FORCED ? FORCED + 1 : 0;
    made.distance = section > last ? section - last : last - section;
  }
  return made;
}

static bool is_better(const candidate *a, const candidate *b) {
  if (a->ways != b->ways) return a->ways < b->ways;
  if (a->distance != b->distance) return a->distance < b->distance;
  if (a->section->floor != b->section->floor) return a->section->floor < b->section->floor;
  return a->section->limit < b->section->limit;
}

static uint32_t choose_section(const vmo_exact *exact, const vmo_exact_component *component) {
  const vmo_exact_state *state = &exact->state;
  vmo_bytes lowest_top = INT64_MAX;
  uint32_t begin = UINT32_MAX, end = 0, best = VMO_NONE;
  for (uint32_t i = vmo_exact_next(state, component->item_begin, component->item_end); i < component->item_end;
       i = vmo_exact_next(state, i + 1, component->item_end)) {
    vmo_bytes top = state->least[i] + state->bytes[i];
    if (top < lowest_top) lowest_top = top;
    if (state->hulls[i].begin < begin) begin = state->hulls[i].begin;
    if (state->hulls[i].end > end) end = state->hulls[i].end;
  }
  candidate best_candidate = {0};
  for (uint32_t s = begin; s < end; s++) {
    if (state->sections[s].floor >= lowest_top) continue;
    candidate found = make_candidate(exact, s);
    if (best != VMO_NONE && !is_better(&found, &best_candidate)) continue;
    best = s;
    best_candidate = found;
  }
  return best;
}

/* A pin at its offset leaves no choice. */
static bool list_choices(vmo_exact *exact, vmo_exact_frame *frame) {
  const vmo_exact_state *state = &exact->state;
  const vmo_exact_section *section = &state->sections[frame->section];
  const uint32_t *cover = state->covers + state->cover_firsts[frame->section];
  uint32_t first = exact->choices.count;
  frame->choice = first;
  frame->may_skip = section->limit > section->floor;
  for (uint32_t k = 0; k < section->count; k++) {
    uint32_t item = cover[k], at;
    if (state->least[item] != section->floor) continue;
    if (state->pinned[item]) {
      exact->choices.count = first;
      frame->may_skip = false;
    } else if (!state->supported[item] && (state->rules & VMO_RULE_SUPPORT)) {
      continue;
    }
    if (!vmo_vec_push(exact->arena, &exact->choices, item)) return false;
    uint32_t *choices = exact->choices.data;
    for (at = exact->choices.count - 1; at > first && exact->ranks[choices[at - 1]] > exact->ranks[item]; at--)
      choices[at] = choices[at - 1];
    choices[at] = item;
    if (state->pinned[item]) break;
  }
  frame->choice_end = exact->choices.count;
  return true;
}

/* ---- the search ---- */

typedef enum step { WENT_ON, NO_WAY_LEFT, STOPPED, RAN_OUT_OF_MEMORY } step;

typedef struct search_limit {
  uint64_t first_node, last_node, next_look;
  const vmo_watch *watch;
} search_limit;

static bool is_over(const vmo_exact *exact, search_limit *limit) {
  if (exact->nodes >= limit->last_node) return true;
  if (exact->race != NULL && exact->nodes - limit->first_node > atomic_load_explicit(exact->race, memory_order_relaxed))
    return true;
  if (exact->state.units < limit->next_look) return false;
  limit->next_look = exact->state.units + UNITS_BETWEEN_LOOKS;
  return vmo_watch_is_over(limit->watch);
}

static uint64_t *find_memory(const vmo_exact *exact, uint64_t hash) {
  return &exact->memory[hash >> (64 - exact->memory_bits)];
}

/* Makes a frame of the component that is to be searched next. False: out of memory. */
static bool open_frame(vmo_exact *exact) {
  vmo_exact_state *state = &exact->state;
  const vmo_exact_component *component = &exact->components.data[exact->open];
  vmo_exact_frame frame = {.component = *component,
                           .mark = {state->changes.count, state->section_changes.count},
                           .component_count = exact->components.count,
                           .section = choose_section(exact, component)};
  state->units += (component->item_end - component->item_begin) / 2;
  if (!list_choices(exact, &frame)) return false;
  if (frame.choice_end - frame.choice + frame.may_skip > 1 && (state->rules & VMO_RULE_MEMORY)) {
    frame.hash = hash_component(exact, component);
    if (*find_memory(exact, frame.hash) == frame.hash) {
      frame.choice = frame.choice_end;
      frame.may_skip = false;
    }
  }
  exact->open = component->next;
  return vmo_vec_push(exact->arena, &exact->frames, frame);
}

/* Back to what was before the decision of the frame. */
static void go_back(vmo_exact *exact, const vmo_exact_frame *frame) {
  vmo_exact_undo(&exact->state, frame->mark);
  exact->open = frame->component.next;
  exact->components.count = frame->component_count;
  exact->choices.count = frame->choice_end;
}

/* Tries the ways out of the last frame, or when none is left, of the one that made its component, until one seems
 * possible. */
static step decide(vmo_exact *exact, search_limit *limit) {
  vmo_exact_state *state = &exact->state;
  while (!is_over(exact, limit)) {
    vmo_exact_frame *frame = &exact->frames.data[exact->frames.count - 1];
    uint32_t parent = frame->component.parent;
    bool possible;
    go_back(exact, frame);
    if (frame->choice < frame->choice_end) {
      possible = vmo_exact_place(state, exact->choices.data[frame->choice++]);
    } else if (frame->may_skip) {
      frame->may_skip = false;
      possible = vmo_exact_skip(state, frame->section);
    } else {
      if (frame->hash != 0) *find_memory(exact, frame->hash) = frame->hash;
      if (parent == VMO_NONE) return NO_WAY_LEFT;
      exact->frames.count = parent + 1;
      continue;
    }
    exact->nodes++;
    state->units += UNITS_PER_NODE;
    possible = possible && vmo_exact_conclude(state);
    if (state->out_of_memory) return RAN_OUT_OF_MEMORY;
    if (!possible) continue;
    uint32_t begin = frame->component.item_begin, end = frame->component.item_end;
    return open_components(exact, begin, end, exact->frames.count - 1) ? WENT_ON : RAN_OUT_OF_MEMORY;
  }
  return STOPPED;
}

vmo_exact_answer vmo_exact_search(vmo_exact *exact, vmo_bytes capacity, uint64_t node_limit, const vmo_watch *watch) {
  vmo_exact_state *state = &exact->state;
  search_limit limit = {exact->nodes, exact->nodes + node_limit, state->units, watch};
  exact->frames.count = exact->components.count = exact->choices.count = 0;
  exact->open = VMO_NONE;
  exact->salt = vmo_mix_bits((uint64_t)capacity ^ vmo_mix_bits(exact->generation + 1));
  bool possible = vmo_exact_restart(state, capacity);
  if (state->out_of_memory) return VMO_EXACT_OUT_OF_MEMORY;
  if (!possible) return VMO_EXACT_NONE;
  if (!open_components(exact, 0, state->item_count, VMO_NONE)) return VMO_EXACT_OUT_OF_MEMORY;
  while (exact->open != VMO_NONE) {
    step done = open_frame(exact) ? decide(exact, &limit) : RAN_OUT_OF_MEMORY;
    if (done == RAN_OUT_OF_MEMORY) return VMO_EXACT_OUT_OF_MEMORY;
    if (done == NO_WAY_LEFT) return VMO_EXACT_NONE;
    if (done == STOPPED) return VMO_EXACT_LIMIT;
  }
  return VMO_EXACT_FOUND;
}

void vmo_exact_forget(vmo_exact *exact) { exact->generation++; }

void vmo_exact_rank(vmo_exact *exact, const uint32_t *ranked, uint32_t *places) {
  for (uint32_t rank = 0; rank < exact->state.item_count; rank++) places[ranked[rank]] = rank;
  for (uint32_t i = 0; i < exact->state.item_count; i++) exact->ranks[i] = places[exact->state.sources[i]];
}

bool vmo_exact_create(vmo_exact *exact, const vmo_instance *instance, const vmo_part *part, unsigned memory_bits,
                      vmr_arena *arena) {
  *exact = (vmo_exact){.arena = arena, .memory_bits = memory_bits, .open = VMO_NONE};
  exact->memory = vmr_arena_alloc_array(arena, (size_t)1 << memory_bits, sizeof *exact->memory);
  exact->ranks = vmr_arena_alloc_array(arena, part->item_count, sizeof *exact->ranks);
  return exact->memory != NULL && exact->ranks != NULL && vmo_exact_init(&exact->state, instance, part, arena);
}
