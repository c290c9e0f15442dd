/* check_cells.c: ranges of bytes as ranges of cells.
 *
 *   places    [ %x          )        [ %y )       bytes
 *                   [ %v    )
 *   cells     [0   )[1      )        [2   )       what no place covers has no cell
 *
 * All ends of places are sorted, base by base; the stretches between them are numbered where a place covers them. So
 * the map of check_plan.c is an array, and slots that only padding separates are neighbours.
 *
 * With sizes that are expressions, each offset of the arena is a base of its own, and it is proven here that the slot
 * at each offset ends before the next one begins. Within a slot values begin at its start and reach to its end, wherever
 * that is; only views have ends of their own. Those are brought into an order that holds for all dims; where there is
 * none, or there are many, every value in that slot is taken to cover all of it, which can only refuse more. */
#include "passes/plan_checker.h"

#include <stdlib.h>

#define SLOT_END INT64_MAX
#define MOST_MARKS 32 /* ends of views in one slot that are brought into order */

/* ---- slots one after the other ---- */

static int compare_uses(const void *left, const void *right) {
  const vmo_plan_slot_use *a = left, *b = right;
  if (a->base != b->base) return a->base < b->base ? -1 : 1;
  return (a->bytes > b->bytes) - (a->bytes < b->bytes);
}

/* Whether `left` begins no later than `right`, provably; where neither is proven, as the plan numbers them, for what
 * lies further apart has the weaker proof. */
static bool comes_first(vmo_plan_checker *c, uint32_t left, uint32_t right) {
  vmo_size_id first = c->bases.data[left].offset, second = c->bases.data[right].offset;
  if (vmo_size_at_least(c->module->sizes, second, first)) return true;
  return left < right && !vmo_size_at_least(c->module->sizes, first, second);
}

/* A merge sort of bases by offset. The order is a guess until the neighbours that come of it are proven to be apart; a
 * library sort may not be given a comparison that some pairs have no answer to. */
static bool sort_slots(vmo_plan_checker *c, uint32_t *slots, uint32_t count) {
  uint32_t *other = vmr_arena_alloc_array(c->arena, count, sizeof *other);
  if (!other) return vmo_stop_check(c);
  for (uint32_t width = 1; width < count; width *= 2) {
    for (uint32_t first = 0; first < count; first += 2 * width) {
      uint32_t middle = count - first < width ? count : first + width;
      uint32_t end = count - middle < width ? count : middle + width;
      for (uint32_t i = first, j = middle, k = first; k < end; k++)
        other[k] = j == end || (i < middle && comes_first(c, slots[i], slots[j])) ? slots[i++] : slots[j++];
    }
    for (uint32_t k = 0; k < count; k++) slots[k] = other[k];
  }
  return true;
}

/* The slot `base` must end at or before `limit`. */
static bool slot_ends_before(vmo_plan_checker *c, uint32_t base, vmo_size_id limit) {
  vmo_sizes *sizes = c->module->sizes;
  vmo_plan_slot_use key = {.base = base, .bytes = 0};
  uint32_t low = 0, high = c->slot_uses.count;
  while (low < high) {
    uint32_t middle = low + (high - low) / 2;
    if (compare_uses(&c->slot_uses.data[middle], &key) < 0)
      low = middle + 1;
    else
      high = middle;
  }
  for (; low < c->slot_uses.count && c->slot_uses.data[low].base == base; low++) {
    const vmo_plan_slot_use *use = &c->slot_uses.data[low];
    vmo_size_id end = vmo_size_add(sizes, c->bases.data[base].offset, use->bytes);
    if (end == VMO_NONE) return vmo_stop_check(c);
    if (!vmo_size_at_least(sizes, limit, end))
      return vmo_report_plan_fault(c, VMO_PLAN_BOUNDS, use->location,
                                   "a slot's bytes do not provably end before the next slot, or the end of the arena");
  }
  return true;
}

static void sort_uses(vmo_plan_checker *c) {
  vmo_plan_slot_use *uses = c->slot_uses.data;
  uint32_t kept = 0;
  if (c->slot_uses.count > 0) qsort(uses, c->slot_uses.count, sizeof *uses, compare_uses);
  for (uint32_t i = 0; i < c->slot_uses.count; i++)
    if (i == 0 || compare_uses(&uses[i], &uses[kept - 1]) != 0) uses[kept++] = uses[i];
  c->slot_uses.count = kept;
}

/* The slots [first, end) of one space lie one after the other within its arena. */
static bool space_is_sound(vmo_plan_checker *c, uint32_t first, uint32_t end) {
  uint32_t count = end - first, index = c->space_arenas[c->bases.data[first].index];
  uint32_t *slots = vmr_arena_alloc_array(c->arena, count, sizeof *slots);
  if (!slots) return vmo_stop_check(c);
  for (uint32_t i = 0; i < count; i++) slots[i] = first + i;
  if (index == VMO_NONE) return true; /* refused when something was placed there */
  if (!sort_slots(c, slots, count)) return false;
  if (!vmo_size_at_least(c->module->sizes, c->bases.data[slots[0]].offset, c->zero))
    return vmo_report_plan_fault(c, VMO_PLAN_BOUNDS, c->function->location, "a slot may begin before its arena");
  for (uint32_t i = 0; i < count; i++) {
    vmo_size_id limit = i + 1 < count ? c->bases.data[slots[i + 1]].offset : c->plan->arenas[index].bytes;
    if (!slot_ends_before(c, slots[i], limit)) return false;
  }
  return true;
}

static bool slots_are_sound(vmo_plan_checker *c) {
  sort_uses(c);
  uint32_t end = c->slot_first + c->slot_count;
  for (uint32_t first = c->slot_first, next; first < end; first = next) {
    for (next = first + 1; next < end && c->bases.data[next].index == c->bases.data[first].index;) next++;
    if (!space_is_sound(c, first, next)) return false;
  }
  return true;
}

/* ---- ends of views in slots ---- */

/* An end within a base, and which number it gets there. */
typedef struct mark {
  uint32_t base;
  vmo_size_id size;
  int64_t number;
} mark;

typedef VMO_VEC(mark) marks;

static int compare_marks(const void *left, const void *right) {
  const mark *a = left, *b = right;
  if (a->base != b->base) return a->base < b->base ? -1 : 1;
  return (a->size > b->size) - (a->size < b->size);
}

static bool add_mark(vmo_plan_checker *c, marks *list, uint32_t base, int64_t size) {
  if (size == VMO_NONE || size == c->zero) return true;
  mark added = {base, (vmo_size_id)size, 0};
  return vmo_vec_push(c->arena, list, added) || vmo_stop_check(c);
}

/* Numbers the marks of one base from 1 on in an order that holds for all dims; 0 when there is none. */
static void order_marks(vmo_plan_checker *c, mark *list, uint32_t count) {
  vmo_sizes *sizes = c->module->sizes;
  uint32_t order[MOST_MARKS], sorted = 0;
  if (count > MOST_MARKS) return;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t at = sorted;
    for (; at > 0 && !vmo_size_at_least(sizes, list[i].size, list[order[at - 1]].size); at--) {
      if (!vmo_size_at_least(sizes, list[order[at - 1]].size, list[i].size)) return;
      order[at] = order[at - 1];
    }
    order[at] = i;
    sorted++;
  }
  for (uint32_t i = 0; i < count; i++) list[order[i]].number = i + 1;
}

/* The number of an end of `base`; `unordered` when the base's ends have no order. */
static int64_t number_of(const vmo_plan_checker *c, const marks *list, uint32_t base, int64_t size, int64_t unordered) {
  if (size == c->zero) return 0;
  if (size == VMO_NONE) return SLOT_END;
  mark key = {base, (vmo_size_id)size, 0};
  const mark *found = list->count > 0 ? bsearch(&key, list->data, list->count, sizeof key, compare_marks) : NULL;
  return found && found->number > 0 ? found->number : unordered;
}

static void resolve(const vmo_plan_checker *c, const marks *list, vmo_plan_place *place) {
  if (!VMO_PLACE_REAL(place)) return;
  bool empty = place->begin == place->end;
  int64_t begin = number_of(c, list, place->base, place->begin, 0);
  place->end = empty ? begin : number_of(c, list, place->base, place->end, SLOT_END);
  place->begin = begin;
}

static bool resolve_marks(vmo_plan_checker *c) {
  marks list = {0};
  for (vmo_value_id v = 0; v < c->function->values.count; v++) {
    const vmo_plan_place *place = &c->places[v];
    if (!VMO_PLACE_REAL(place)) continue;
    if (!add_mark(c, &list, place->base, place->begin) || !add_mark(c, &list, place->base, place->end)) return false;
  }
  if (list.count > 0) qsort(list.data, list.count, sizeof *list.data, compare_marks);
  uint32_t kept = 0;
  for (uint32_t i = 0; i < list.count; i++)
    if (i == 0 || compare_marks(&list.data[i], &list.data[kept - 1]) != 0) list.data[kept++] = list.data[i];
  list.count = kept;
  for (uint32_t first = 0, next; first < list.count; first = next) {
    for (next = first + 1; next < list.count && list.data[next].base == list.data[first].base;) next++;
    order_marks(c, list.data + first, next - first);
  }
  for (vmo_value_id v = 0; v < c->function->values.count; v++) resolve(c, &list, &c->places[v]);
  for (uint32_t i = 0; i < c->extras.count; i++) resolve(c, &list, &c->extras.data[i].place);
  return true;
}

/* ---- cells ---- */

typedef struct end {
  int64_t at;
  uint32_t base;
  bool opens;
  uint32_t *cell; /* where to write its number */
} end;

static int compare_ends(const void *left, const void *right) {
  const end *a = left, *b = right;
  if (a->base != b->base) return a->base < b->base ? -1 : 1;
  return (a->at > b->at) - (a->at < b->at);
}

static void add_ends(vmo_plan_place *place, end *ends, size_t *count) {
  place->first = place->last = 0;
  if (!VMO_PLACE_REAL(place) || place->begin >= place->end) return;
  ends[(*count)++] = (end){place->begin, place->base, true, &place->first};
  ends[(*count)++] = (end){place->end, place->base, false, &place->last};
}

static uint32_t number_ends(const end *ends, size_t count) {
  uint32_t cell = 0, open = 0;
  for (size_t i = 0, next; i < count; i = next) {
    uint32_t closed = 0;
    if (open > 0) cell++; /* for the bytes since the last end */
    for (next = i; next < count && compare_ends(&ends[i], &ends[next]) == 0; next++) {
      *ends[next].cell = cell;
      if (ends[next].opens)
        open++;
      else
        closed++;
    }
    open -= closed;
  }
  return cell;
}

bool vmo_number_cells(vmo_plan_checker *c) {
  if (!c->numeric && (!slots_are_sound(c) || !resolve_marks(c))) return false;
  size_t count = 0, most = 2 * ((size_t)c->function->values.count + c->extras.count);
  end *ends = vmr_arena_alloc_array(c->arena, most + 1, sizeof *ends);
  if (!ends) return vmo_stop_check(c);
  for (vmo_value_id v = 0; v < c->function->values.count; v++) add_ends(&c->places[v], ends, &count);
  for (uint32_t i = 0; i < c->extras.count; i++) add_ends(&c->extras.data[i].place, ends, &count);
  if (count > 0) qsort(ends, count, sizeof *ends, compare_ends);
  c->cell_count = number_ends(ends, count);
  return true;
}
