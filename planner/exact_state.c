/* exact_state.c: decisions of the exact search, what can be concluded from them, and how both are undone.
 *
 * What is concluded holds for every normal plan (exact.h) that agrees with the decisions; for a pin too, whose least
 * offset is its offset from the start. Alignment is in all of it, since least offsets are multiples of it. */
#include <string.h>

#include "planner/exact.h"

/* ---- the undo stacks ---- */

static bool note_change(vmo_exact_state *state, uint32_t item) {
  vmo_exact_change change = {state->least[item], 2 * item + (uint32_t)state->supported[item]};
  bool done = vmo_vec_push(state->arena, &state->changes, change);
  state->out_of_memory = !done;
  return done;
}

static bool note_section(vmo_exact_state *state, uint32_t index, vmo_exact_section section) {
  vmo_exact_section_change change = {state->sections[index], index};
  bool done = vmo_vec_push(state->arena, &state->section_changes, change);
  state->out_of_memory = !done;
  state->sections[index] = section;
  return done;
}

void vmo_exact_undo(vmo_exact_state *state, vmo_exact_mark mark) {
  while (state->changes.count > mark.changes) {
    const vmo_exact_change *change = &state->changes.data[--state->changes.count];
    uint32_t item = change->item >> 1;
    state->unplaced[item / 64] |= UINT64_C(1) << item % 64;
    state->least[item] = change->least;
    state->supported[item] = change->item & 1;
  }
  while (state->section_changes.count > mark.section_changes) {
    const vmo_exact_section_change *change = &state->section_changes.data[--state->section_changes.count];
    state->sections[change->index] = change->section;
  }
  memset(state->dirty, 0, state->section_words * sizeof *state->dirty);
}

/* ---- sets ---- */

static void add_range(uint64_t *words, uint32_t begin, uint32_t end) {
  uint32_t first = begin / 64, last = (end - 1) / 64;
  uint64_t low = ~UINT64_C(0) << begin % 64, high = ~UINT64_C(0) >> (63 - (end - 1) % 64);
  if (first == last) {
    words[first] |= low & high;
    return;
  }
  words[first] |= low;
  for (uint32_t w = first + 1; w < last; w++) words[w] = ~UINT64_C(0);
  words[last] |= high;
}

static void touch_sections(vmo_exact_state *state, uint32_t item) {
  for (uint32_t j = state->span_firsts[item]; j < state->span_firsts[item + 1]; j++)
    add_range(state->dirty, state->spans[j].begin, state->spans[j].end);
}

uint32_t vmo_exact_next(const vmo_exact_state *state, uint32_t item, uint32_t end) {
  if (item >= end) return end;
  uint32_t w = item / 64;
  uint64_t word = state->unplaced[w] & ~UINT64_C(0) << item % 64;
  while (word == 0) {
    if (++w * 64 >= end) return end;
    word = state->unplaced[w];
  }
  item = w * 64 + (uint32_t)__builtin_ctzll(word);
  return item < end ? item : end;
}

/* ---- decisions ---- */

/* The offset of an unplaced item is `least` or more; `supported` when something placed ends there. */
static bool raise_item(vmo_exact_state *state, uint32_t item, vmo_bytes least, bool supported) {
  least = (least + state->masks[item]) & ~state->masks[item];
  if (least < state->least[item] || (least == state->least[item] && supported <= state->supported[item])) return true;
  if (least > state->latest[item] || !note_change(state, item)) return false;
  state->least[item] = least;
  state->supported[item] = supported;
  touch_sections(state, item);
  return true;
}

/* Why that is right in a node: the item's neighbours do not fit below it (exact.c sees to that), so that wherever it
 * lies at its least offset, they lie above it. */
bool vmo_exact_place(vmo_exact_state *state, uint32_t item) {
  const uint64_t *neighbours = state->neighbours + (size_t)item * state->item_words;
  vmo_bytes offset = state->least[item], top = offset + state->bytes[item];
  if (!note_change(state, item)) return false;
  state->offsets[item] = offset;
  state->least[item] = INT64_MAX;
  state->unplaced[item / 64] &= ~(UINT64_C(1) << item % 64);
  touch_sections(state, item);
  for (uint32_t w = 0; w < state->item_words; w++)
    for (uint64_t word = neighbours[w] & state->unplaced[w]; word != 0; word &= word - 1)
      if (!raise_item(state, w * 64 + (uint32_t)__builtin_ctzll(word), top, true)) return false;
  return true;
}

/* The lowest that an unplaced neighbour can end; INT64_MAX: there is none. */
static vmo_bytes find_lowest_top(const vmo_exact_state *state, uint32_t item) {
  const uint64_t *neighbours = state->neighbours + (size_t)item * state->item_words;
  vmo_bytes lowest = INT64_MAX;
  for (uint32_t w = 0; w < state->item_words; w++)
    for (uint64_t word = neighbours[w] & state->unplaced[w]; word != 0; word &= word - 1) {
      uint32_t other = w * 64 + (uint32_t)__builtin_ctzll(word);
      vmo_bytes top = state->least[other] + state->bytes[other];
      if (top < lowest) lowest = top;
    }
  return lowest;
}

/* VMO_RULE_LIFT. An item that is not at its least offset lies higher, and in a normal plan on something that ends above
 * that least offset, so on an unplaced item. With alignment: what it lies on ends no higher than it begins, so the
 * bound holds before rounding up, and raise_item rounds. A pin has no choice. */
bool vmo_exact_skip(vmo_exact_state *state, uint32_t section) {
  vmo_bytes floor = state->sections[section].floor;
  uint32_t first = state->cover_firsts[section];
  for (uint32_t i = first; i < first + state->sections[section].count; i++) {
    uint32_t item = state->covers[i];
    if (state->least[item] != floor) continue;
    if (state->pinned[item]) return false;
    vmo_bytes least = floor + 1;
    if (state->rules & VMO_RULE_LIFT) {
      vmo_bytes top = find_lowest_top(state, item);
      if (top == INT64_MAX) return false;
      least = vmo_max_bytes(least, top);
    }
    if (!raise_item(state, item, least, false)) return false;
  }
  return true;
}

/* ---- conclusions ---- */

/* By least offset; what is nearly sorted takes little time. The placed ones come last. */
static void sort_cover(const vmo_exact_state *state, uint32_t *cover, uint32_t count) {
  const vmo_bytes *leasts = state->least;
  for (uint32_t i = 1; i < count; i++) {
    uint32_t item = cover[i], to = i;
    vmo_bytes least = leasts[item];
    for (; to > 0 && leasts[cover[to - 1]] > least; to--) cover[to] = cover[to - 1];
    cover[to] = item;
  }
}

/* VMO_RULE_FIRST. With all items of a section above some offset, they need their sum from there on: only one whose
 * least offset is within the limit (the capacity less the sum) can be the lowest there. Each other one lies above the
 * lowest, so at least at the least top that one of those can have. Nothing in that asks for a normal plan. */
static bool lift_those_above(vmo_exact_state *state, const uint32_t *cover, uint32_t count, vmo_bytes limit) {
  uint32_t first = 0;
  vmo_bytes top = INT64_MAX;
  for (; first < count && state->least[cover[first]] <= limit; first++) {
    vmo_bytes own = state->least[cover[first]] + state->bytes[cover[first]];
    if (own < top) top = own;
  }
  for (uint32_t i = first; i < count && state->least[cover[i]] < top; i++)
    if (!raise_item(state, cover[i], top, false)) return false;
  return true;
}

/* VMO_RULE_SUPPORT. An item at its least offset lies in a normal plan on something placed that ends there; where that
 * offset came from a conclusion or from skipping, there may be nothing. A pin needs no support. */
static uint32_t count_choices(const vmo_exact_state *state, const uint32_t *cover, uint32_t count, vmo_bytes floor) {
  uint32_t choices = 0;
  bool any = !(state->rules & VMO_RULE_SUPPORT);
  for (uint32_t i = 0; i < count && state->least[cover[i]] == floor; i++)
    choices += any || state->supported[cover[i]] || state->pinned[cover[i]];
  return choices;
}

/* VMO_RULE_STACK. In a section no two items overlap, so they end no lower than when piled up by least offset: the
 * bound of one machine with release dates (Jackson's rule). */
static bool look_at_section(vmo_exact_state *state, uint32_t index) {
  uint32_t *cover = state->covers + state->cover_firsts[index], all = state->sections[index].count, count = 0;
  vmo_bytes stack = 0, sum = 0;
  sort_cover(state, cover, all);
  for (; count < all && state->least[cover[count]] != INT64_MAX; count++) {
    vmo_bytes bytes = state->bytes[cover[count]];
    stack = vmo_max_bytes(stack, state->least[cover[count]]) + bytes;
    sum += bytes;
  }
  state->units += 4 + all;
  if (count == 0) return note_section(state, index, (vmo_exact_section){.floor = INT64_MAX});
  vmo_bytes floor = state->least[cover[0]], limit = state->capacity - sum;
  if (floor > limit || ((state->rules & VMO_RULE_STACK) && stack > state->capacity)) return false;
  if ((state->rules & VMO_RULE_FIRST) && !lift_those_above(state, cover, count, limit)) return false;
  uint32_t choices = count_choices(state, cover, count, floor);
  return note_section(state, index, (vmo_exact_section){floor, limit, choices, count});
}

bool vmo_exact_conclude(vmo_exact_state *state) {
  for (bool any = true; any;) {
    any = false;
    for (uint32_t w = 0; w < state->section_words; w++)
      for (; state->dirty[w] != 0; any = true) {
        uint32_t index = w * 64 + (uint32_t)__builtin_ctzll(state->dirty[w]);
        state->dirty[w] &= state->dirty[w] - 1;
        if (!look_at_section(state, index)) return false;
      }
  }
  return true;
}

bool vmo_exact_restart(vmo_exact_state *state, vmo_bytes capacity) {
  state->capacity = capacity;
  state->changes.count = state->section_changes.count = 0;
  for (uint32_t i = 0; i < state->item_count; i++) {
    state->unplaced[i / 64] |= UINT64_C(1) << i % 64;
    state->least[i] = state->pinned[i] ? state->latest[i] : 0;
    state->supported[i] = true;
    if (state->least[i] + state->bytes[i] > capacity) return false;
    if (!state->pinned[i]) state->latest[i] = (capacity - state->bytes[i]) & ~state->masks[i];
  }
  for (uint32_t s = 0; s < state->section_count; s++)
    state->sections[s] = (vmo_exact_section){.count = state->cover_firsts[s + 1] - state->cover_firsts[s]};
  add_range(state->dirty, 0, state->section_count);
  return vmo_exact_conclude(state);
}
