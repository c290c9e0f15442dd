/* symbolic_slots.c: places items whose sizes are expressions over free dims.
 *
 * Items with disjoint lives share a slot whose size is the maximum of theirs; slots stand one after the other. In order
 * of their first use, each item takes a free slot: best one of its very size, then a provably larger one, then one that
 * it provably enlarges, then any; else a new one. States with a fixed offset come first, each in a slot of its own; so
 * do sub-arenas of streams, which have slots inside, and buffers of which results took parts: ends of parts in numbers
 * and of views in dims have no order that the checker of the plan could prove. A slot whose maximum would be of very many
 * sizes gets a size that covers them instead. Each item costs a search by size, and a comparison with MOST_SEARCHED
 * slots. */
#include "passes/slots.h"
#include "support/hash_index.h"

#include <stdlib.h>

typedef struct slot {
  vmo_size_id size;
  uint32_t alignment;
  int64_t fixed_offset;           /* -1: none */
  bool closed;                    /* not to be shared */
  VMO_VEC(vmo_live_range) ranges; /* of items in it, but those that are over before the item in hand begins */
} slot;

typedef struct busy_slot { /* an item in it ends here */
  vmo_point end;
  uint32_t index;
} busy_slot;

typedef struct slot_list { /* slots that had this size when they were over */
  vmo_size_id size;
  uint32_t head; /* entry; VMO_NONE: none */
} slot_list;

typedef struct slot_entry {
  uint32_t index, next;
} slot_entry;

#define MOST_SEARCHED 64 /* slots that are compared with an item, whatever their size */

typedef struct sharing {
  vmo_planning *planning;
  const vmo_item_list *list;
  int worst_rate; /* fits worse than this are not taken; below 0: nothing is shared */
  bool evenly;    /* all slots are aligned as the strictest one */
  bool padded;    /* the size of each slot is rounded up by itself, provably to no less than it is */
  VMO_VEC(slot) slots;
  VMO_VEC(busy_slot) busy;
  VMO_VEC(slot_list) lists;
  VMO_VEC(slot_entry) entries;
  vmo_hash_index by_size; /* of lists */
} sharing;

static const vmo_live_range *ranges_of(const sharing *s, const vmo_item *item) {
  return s->list->ranges.data + item->range_first;
}

/* Items come in the order in which they begin: what is over by now is in nobody's way any more. */
static void drop_ended_ranges(slot *taken, vmo_point now) {
  uint32_t kept = 0;
  for (uint32_t i = 0; i < taken->ranges.count; i++)
    if (taken->ranges.data[i].end > now) taken->ranges.data[kept++] = taken->ranges.data[i];
  taken->ranges.count = kept;
}

static bool is_free(const sharing *s, slot *taken, const vmo_item *item) {
  const vmo_live_range *ranges = ranges_of(s, item);
  if (item->range_count > 0) drop_ended_ranges(taken, ranges[0].begin);
  for (uint32_t i = taken->ranges.count; i-- > 0;)
    for (uint32_t k = 0; k < item->range_count; k++)
      if (taken->ranges.data[i].begin < ranges[k].end && ranges[k].begin < taken->ranges.data[i].end) return false;
  return true;
}

/* The bytes that an item needs. A size such as 8*H*W - 8*H is negative for dims that no valid run has; as a maximum with
 * 0 it provably never moves the next slot to the front of this one. */
static vmo_size_id room_of(const sharing *s, const vmo_item *item) {
  vmo_sizes *sizes = s->planning->module->sizes;
  vmo_size_id zero = vmo_size_constant(sizes, 0);
  return vmo_size_at_least(sizes, item->size, zero) ? item->size : vmo_size_max(sizes, item->size, zero);
}

/* How well an item that needs `room` fits a free slot; less is better. */
static int rate(const sharing *s, const slot *taken, vmo_size_id room) {
  vmo_sizes *sizes = s->planning->module->sizes;
  if (taken->size == room) return 0;
  if (vmo_size_at_least(sizes, taken->size, room)) return 1;
  return vmo_size_at_least(sizes, room, taken->size) ? 2 : 3;
}

static bool stands_alone(const sharing *s, const vmo_item *item) {
  if (item->fixed_offset >= 0 || item->kind == VMO_ITEM_STREAM) return true;
  return item->kind == VMO_ITEM_BUFFER && s->planning->buffers->classes[item->index].part_count > 0;
}

/* ---- slots that are over, by their size ---- */

static bool comes_first(const busy_slot *a, const busy_slot *b) {
  return a->end != b->end ? a->end < b->end : a->index < b->index;
}

/* A heap, the slot that is over first on top. */
static bool push_busy(sharing *s, busy_slot added) {
  if (!vmo_vec_push(s->planning->scratch->arena, &s->busy, added)) return false;
  uint32_t at = s->busy.count - 1;
  for (; at > 0 && comes_first(&added, &s->busy.data[(at - 1) / 2]); at = (at - 1) / 2)
    s->busy.data[at] = s->busy.data[(at - 1) / 2];
  s->busy.data[at] = added;
  return true;
}

static busy_slot pop_busy(sharing *s) {
  busy_slot *heap = s->busy.data, top = heap[0], last = heap[--s->busy.count];
  uint32_t at = 0, count = s->busy.count;
  for (uint32_t child; (child = 2 * at + 1) < count; at = child) {
    if (child + 1 < count && comes_first(&heap[child + 1], &heap[child])) child++;
    if (!comes_first(&heap[child], &last)) break;
    heap[at] = heap[child];
  }
  if (count > 0) heap[at] = last;
  return top;
}

/* The list of slots of that size, made if there is none; VMO_NONE: out of memory. */
static uint32_t find_list(sharing *s, vmo_size_id size) {
  vmr_arena *arena = s->planning->scratch->arena;
  uint32_t hash = vmo_hash_mix(0, size), cursor = 0;
  for (uint32_t list; (list = vmo_hash_index_next(&s->by_size, hash, &cursor)) != VMO_NONE;)
    if (s->lists.data[list].size == size) return list;
  slot_list fresh = {size, VMO_NONE};
  bool added =
      vmo_vec_push(arena, &s->lists, fresh) && vmo_hash_index_add(arena, &s->by_size, hash, s->lists.count - 1);
  return added ? s->lists.count - 1 : VMO_NONE;
}

/* Lists the slots that are over by now. */
static bool release_slots(sharing *s, vmo_point now) {
  while (s->busy.count > 0 && s->busy.data[0].end <= now) {
    busy_slot over = pop_busy(s);
    uint32_t list = find_list(s, s->slots.data[over.index].size);
    if (list == VMO_NONE) return false;
    slot_entry entry = {over.index, s->lists.data[list].head};
    if (!vmo_vec_push(s->planning->scratch->arena, &s->entries, entry)) return false;
    s->lists.data[list].head = s->entries.count - 1;
  }
  return true;
}

/* A slot of the very size that is over; VMO_NONE: none. What is listed may have been taken again, or have grown. */
static uint32_t find_exact(sharing *s, const vmo_item *item, vmo_size_id room) {
  uint32_t list = find_list(s, room);
  while (list != VMO_NONE && s->lists.data[list].head != VMO_NONE) {
    slot_entry entry = s->entries.data[s->lists.data[list].head];
    slot *candidate = &s->slots.data[entry.index];
    s->lists.data[list].head = entry.next;
    if (!candidate->closed && candidate->size == room && is_free(s, candidate, item)) return entry.index;
  }
  return VMO_NONE;
}

/* Up to MOST_SEARCHED slots all are looked at. With more, those that are over are found by their size, and of the others
 * the first ones are looked at. */
static uint32_t find_slot(sharing *s, const vmo_item *item, vmo_size_id room) {
  uint32_t best = VMO_NONE, searched = s->slots.count < MOST_SEARCHED ? s->slots.count : MOST_SEARCHED;
  int best_rate = s->worst_rate + 1;
  if (stands_alone(s, item) || best_rate == 0) return VMO_NONE;
  if (s->slots.count > MOST_SEARCHED && (best = find_exact(s, item, room)) != VMO_NONE) return best;
  for (uint32_t i = 0; i < searched && best_rate > 0; i++) {
    slot *candidate = &s->slots.data[i];
    if (candidate->closed || !is_free(s, candidate, item)) continue;
    int rated = rate(s, candidate, room);
    if (rated < best_rate) {
      best_rate = rated;
      best = i;
    }
  }
  return best;
}

static bool take_slot(sharing *s, vmo_item *item) {
  vmr_arena *arena = s->planning->scratch->arena;
  const vmo_live_range *ranges = ranges_of(s, item);
  if (item->range_count > 0 && !release_slots(s, ranges[0].begin)) return false;
  vmo_size_id room = room_of(s, item);
  uint32_t index = find_slot(s, item, room);
  if (index == VMO_NONE) {
    slot fresh = {.size = room,
                  .alignment = item->alignment,
                  .fixed_offset = item->fixed_offset,
                  .closed = stands_alone(s, item)};
    if (!vmo_vec_push(arena, &s->slots, fresh)) return false;
    index = s->slots.count - 1;
  }
  slot *taken = &s->slots.data[index];
  taken->size = vmo_size_cover(s->planning->module->sizes, taken->size, room);
  if (item->alignment > taken->alignment) taken->alignment = item->alignment;
  item->slot = index;
  for (uint32_t k = 0; k < item->range_count; k++)
    if (!vmo_vec_push(arena, &taken->ranges, ranges[k])) return false;
  busy_slot busy = {item->range_count > 0 ? ranges[item->range_count - 1].end : 0, index};
  return taken->size != VMO_NONE && push_busy(s, busy);
}

typedef struct turn { /* the order in which items take slots */
  bool pinned;
  int64_t key; /* a pinned one's offset, another's first use */
  uint32_t item;
} turn;

static int compare_turns(const void *left, const void *right) {
  const turn *a = left, *b = right;
  if (a->pinned != b->pinned) return a->pinned ? -1 : 1;
  if (a->key != b->key) return a->key < b->key ? -1 : 1;
  return (a->item > b->item) - (a->item < b->item);
}

static bool take_slots(sharing *s, vmo_item *items, uint32_t count) {
  turn *turns = vmo_alloc(s->planning->scratch, ((size_t)count + 1) * sizeof *turns);
  if (!turns) return false;
  for (uint32_t i = 0; i < count; i++) {
    bool pinned = items[i].fixed_offset >= 0;
    turns[i] = (turn){pinned, pinned ? items[i].fixed_offset : ranges_of(s, &items[i])[0].begin, i};
  }
  qsort(turns, count, sizeof *turns, compare_turns);
  for (uint32_t i = 0; i < count; i++)
    if (!take_slot(s, &items[turns[i].item])) return false;
  return true;
}

static uint32_t find_strictest(const sharing *s) {
  uint32_t alignment = 1;
  for (uint32_t i = 0; i < s->slots.count; i++)
    if (s->slots.data[i].alignment > alignment) alignment = s->slots.data[i].alignment;
  return alignment;
}

/* `end` rounded up. That can have a form that is no longer provably at least `end`: quotients of quotients become one,
 * and that they were multiples is lost; an alignment more makes up for it. */
static vmo_size_id round_up(const sharing *s, vmo_size_id end, uint32_t alignment) {
  vmo_sizes *sizes = s->planning->module->sizes;
  vmo_size_id rounded = vmo_size_align(sizes, end, alignment);
  if (!s->padded || rounded == VMO_NONE || vmo_size_at_least(sizes, rounded, end)) return rounded;
  return vmo_size_add(sizes, rounded, vmo_size_constant(sizes, alignment));
}

/* Pinned states must not overlap, provably: the checker of the plan insists on it too. */
static vmo_status place_slots(const sharing *s, vmo_size_id *offsets, vmo_size_id *end) {
  vmo_sizes *sizes = s->planning->module->sizes;
  uint32_t strictest = find_strictest(s);
  *end = vmo_size_constant(sizes, 0);
  for (uint32_t i = 0; i < s->slots.count; i++) {
    const slot *taken = &s->slots.data[i];
    if (taken->fixed_offset >= 0) {
      offsets[i] = vmo_size_constant(sizes, taken->fixed_offset);
      if (offsets[i] == VMO_NONE) return VMO_OUT_OF_MEMORY;
      if (!vmo_size_at_least(sizes, offsets[i], *end)) {
        vmo_diag_add(s->planning->context, VMO_DIAG_PIN_NOT_PROVEN, s->planning->function->location,
                     "the state at offset %lld of @%s may overlap the one before it while dims are free",
                     (long long)taken->fixed_offset, vmo_name(s->planning->module, s->planning->function->name));
        return VMO_INPUT_ERROR;
      }
    } else {
      offsets[i] = round_up(s, *end, s->evenly ? strictest : taken->alignment);
    }
    if (offsets[i] == VMO_NONE) return VMO_OUT_OF_MEMORY;
    vmo_size_id room = s->padded && taken->fixed_offset < 0 ? round_up(s, taken->size, strictest) : taken->size;
    *end = vmo_size_add(sizes, offsets[i], room);
    if (*end == VMO_NONE) return VMO_OUT_OF_MEMORY;
  }
  return VMO_OK;
}

/* Whether each item provably ends before the next slot: the checker of the plan will ask for that proof. */
static bool is_provable(const sharing *s, const vmo_item *items, uint32_t count, const vmo_size_id *offsets,
                        vmo_size_id total) {
  vmo_sizes *sizes = s->planning->module->sizes;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t next = items[i].slot + 1;
    vmo_size_id end = vmo_size_add(sizes, offsets[items[i].slot], items[i].size);
    vmo_size_id limit = next < s->slots.count ? offsets[next] : total;
    if (end == VMO_NONE || !vmo_size_at_least(sizes, limit, end)) return false;
  }
  return true;
}

static vmo_status try_sharing(sharing *s, vmo_item *items, uint32_t count, vmo_size_id *offsets, vmo_size_id *total) {
  s->slots.count = s->busy.count = s->lists.count = s->entries.count = 0;
  s->by_size = (vmo_hash_index){0};
  if (!take_slots(s, items, count)) return VMO_OUT_OF_MEMORY;
  return place_slots(s, offsets, total);
}

static vmo_status fail_proof(const vmo_planning *planning) {
  vmo_diagnostic *diagnostic =
      vmo_diag_add(planning->context, VMO_DIAG_SIZE_TOO_LARGE, planning->function->location,
                   "the sizes of @%s are too intricate for a plan with free dims: no order of its slots can be proven",
                   vmo_name(planning->module, planning->function->name));
  vmo_diag_hint(planning->context, diagnostic,
                "give dims values with --dim NAME=NUMBER, or bounds in the program: `dim N <= 1000000`");
  return VMO_INPUT_ERROR;
}

/* Shares as much as can be proven: whatever is free, then only slots of the very size, then none. Where an end that is
 * rounded up to 64 is rounded up to 128 next, the proof may fail too; then all slots are aligned alike, and at last the
 * size of each is rounded up by itself, so that it alone is to be proven. */
vmo_status vmo_place_symbolic_items(vmo_planning *planning, vmo_item_list *list, uint32_t first, uint32_t end,
                                    vmo_layout *layout, vmo_sub_arena *arena) {
  sharing s = {.planning = planning, .list = list};
  vmo_item *items = list->items.data + first;
  uint32_t count = end - first;
  vmo_size_id *offsets = vmo_alloc(planning->scratch, ((size_t)count + 1) * sizeof *offsets), total;
  if (!offsets) return VMO_OUT_OF_MEMORY;
  static const int rates[] = {3, 0, -1};
  bool proven = false;
  for (int attempt = 0; attempt < 9 && !proven; attempt++) {
    s.worst_rate = rates[attempt / 3];
    s.evenly = attempt % 3 > 0;
    s.padded = attempt % 3 == 2;
    vmo_status status = try_sharing(&s, items, count, offsets, &total);
    if (status != VMO_OK) return status;
    proven = is_provable(&s, items, count, offsets, total);
  }
  if (!proven) return fail_proof(planning);
  for (uint32_t i = 0; i < count; i++) items[i].offset = offsets[items[i].slot];
  arena->amount = (vmo_amount){-1, total};
  layout->method = "symbolic slots";
  return VMO_OK;
}
