/* points_to.c: sets of places, and the memory that holds them.
 *
 * An inclusion-based analysis (L. Andersen, "Program Analysis and Specialization for the C Programming Language",
 * 1994) of one function at a time, insensitive to the order of instructions, sensitive to byte offsets: at -O2 the
 * offsets are all that is left of a struct's fields. interpret.c says what each instruction does to these sets. They are
 * widened, so that they are few and small: more than MAX_OFFSETS offsets in one object become one with a stride (the
 * greatest common divisor of their distances), more than MAX_CELLS cells of one object are one, more than MAX_ELEMENTS
 * objects in one set are captured. What is read from captured memory is "outside" alone: nothing need be known of it, and
 * sets of all that a large program made would be many. */
#include "llvm/points_to.h"

#include <string.h>

#define MAX_OFFSETS 4
#define MAX_CELLS 32
#define MAX_ELEMENTS 48
#define MAX_OFFSET (INT64_C(1) << 40)

uint32_t vmo_ll_gcd(uint64_t a, uint64_t b) {
  while (b != 0) {
    uint64_t rest = a % b;
    a = b;
    b = rest;
  }
  return a > UINT32_MAX ? 1 : (uint32_t)a;
}

static uint64_t distance(int64_t a, int64_t b) { return a > b ? (uint64_t)a - (uint64_t)b : (uint64_t)b - (uint64_t)a; }

static int64_t remainder_of(int64_t number, uint32_t stride) {
  int64_t rest = number % (int64_t)stride;
  return rest < 0 ? rest + (int64_t)stride : rest;
}

static vmo_ll_element normalised(vmo_ll_element element) {
  if (element.object == 0 || distance(element.offset, 0) > (uint64_t)MAX_OFFSET) element.stride = 1;
  if (element.stride > 0) element.offset = remainder_of(element.offset, element.stride);
  return element;
}

/* ---- sets ---- */

static bool covers(vmo_ll_element wide, vmo_ll_element narrow) {
  if (wide.object != narrow.object) return false;
  if (wide.stride == 0) return narrow.stride == 0 && wide.offset == narrow.offset;
  return narrow.stride % wide.stride == 0 && distance(wide.offset, narrow.offset) % wide.stride == 0;
}

static vmo_ll_element join(vmo_ll_element left, vmo_ll_element right) {
  left.stride = vmo_ll_gcd(vmo_ll_gcd(left.stride, right.stride), distance(left.offset, right.offset));
  return normalised(left);
}

/* All elements of that object become one that covers them and `element`. */
static void widen(vmo_ll_set *set, vmo_ll_element element) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < set->count; i++)
    if (set->data[i].object == element.object) element = join(element, set->data[i]);
  bool placed = false;
  for (uint32_t i = 0; i < set->count; i++) {
    if (set->data[i].object != element.object) {
      set->data[count++] = set->data[i];
    } else if (!placed) {
      set->data[count++] = element;
      placed = true;
    }
  }
  set->count = count;
}

static void note_growth(vmo_ll_points_to *p, const vmo_ll_set *set) {
  p->changed |= !p->temporary;
  p->result_grew |= set == p->result;
}

static void push(vmo_ll_points_to *p, vmo_ll_set *set, vmo_ll_element element) {
  if (!vmo_vec_push(p->arena, set, element)) p->out_of_memory = true;
  note_growth(p, set);
}

/* Adds an element, which is looked for at `guess` first. Where it was found; beyond the set: nowhere. */
static uint32_t add_near(vmo_ll_points_to *p, vmo_ll_set *set, vmo_ll_element element, uint32_t guess) {
  uint32_t same = 0;
  element = normalised(element);
  if (guess < set->count && covers(set->data[guess], element)) return guess;
  for (uint32_t i = 0; i < set->count; i++) {
    if (covers(set->data[i], element)) return i;
    same += set->data[i].object == element.object;
  }
  if (same >= MAX_OFFSETS) {
    widen(set, element);
    note_growth(p, set);
  } else if (set->count < MAX_ELEMENTS || element.object == 0) {
    push(p, set, element);
  } else {
    vmo_ll_capture_all(p, set, VMO_ESCAPE_COMPLEX);
    vmo_ll_capture(p, element.object, VMO_ESCAPE_COMPLEX);
    add_near(p, set, (vmo_ll_element){0, 1, 0}, 0);
  }
  return set->count;
}

void vmo_ll_add(vmo_ll_points_to *p, vmo_ll_set *set, vmo_ll_element element) { add_near(p, set, element, 0); }

void vmo_ll_add_all(vmo_ll_points_to *p, vmo_ll_set *set, const vmo_ll_set *from, int64_t offset, uint32_t stride) {
  uint32_t count = from->count, guess = 0; /* `set` may be `from`; where one grew from the other, both have one order */
  for (uint32_t i = 0; i < count && i < from->count; i++) {
    vmo_ll_element element = from->data[i];
    element.offset += offset;
    element.stride = vmo_ll_gcd(element.stride, stride);
    guess = add_near(p, set, element, guess) + 1;
  }
}

const vmo_ll_set *vmo_ll_operand_set(const vmo_ll_points_to *p, const vmo_ll_instruction *instruction,
                                     uint32_t operand) {
  return &p->values[p->program->operands.data[instruction->operand_first + operand]];
}

/* ---- capture ---- */

void vmo_ll_capture(vmo_ll_points_to *p, uint32_t object, vmo_site_escape escape) {
  vmo_ll_object *o = &p->objects.data[object];
  if (o->captured || object == 0) return;
  o->captured = true;
  o->escape = escape;
  o->escape_at = p->at;
  p->changed = true;
  o->grew = p->memory_grew = p->clock;
}

void vmo_ll_capture_all(vmo_ll_points_to *p, const vmo_ll_set *set, vmo_site_escape escape) {
  for (uint32_t i = 0; i < set->count; i++) vmo_ll_capture(p, set->data[i].object, escape);
}

static void write_object(vmo_ll_points_to *p, uint32_t object) {
  p->changed |= !p->objects.data[object].written;
  p->objects.data[object].written = true;
  if (!p->collecting) return;
  const vmo_ll_write one = {.instruction = p->at, .object = object};
  const vmo_ll_write *last = p->writes.count > 0 ? &p->writes.data[p->writes.count - 1] : NULL;
  if (last != NULL && last->instruction == one.instruction && last->object == one.object) return;
  if (!vmo_vec_push(p->arena, &p->writes, one)) p->out_of_memory = true;
}

void vmo_ll_write_outside(vmo_ll_points_to *p) { write_object(p, 0); }

void vmo_ll_write_all(vmo_ll_points_to *p, const vmo_ll_set *set) {
  for (uint32_t i = 0; i < set->count; i++) write_object(p, set->data[i].object);
  if (set->count == 0 && p->strict) write_object(p, 0);
  p->met_nothing |= set->count == 0;
}

/* What stands in captured memory is captured. */
void vmo_ll_capture_contents(vmo_ll_points_to *p) {
  for (uint32_t o = 1; o < p->objects.count; o++) {
    const vmo_ll_object *object = &p->objects.data[o];
    if (!object->captured) continue;
    p->at = object->escape_at;
    if (object->kind == VMO_LL_OBJECT_ARGUMENT) vmo_ll_capture(p, o + 1, object->escape);
    for (uint32_t c = object->cells; c != VMO_NONE; c = p->cells.data[c].next)
      vmo_ll_capture_all(p, &p->cells.data[c].set, object->escape);
  }
}

/* ---- cells ---- */

static bool overlaps(const vmo_ll_cell *cell, vmo_ll_element place, int64_t bytes) {
  uint32_t stride = vmo_ll_gcd(cell->stride, place.stride);
  if (bytes < 0) bytes = MAX_OFFSET;
  int64_t after = place.offset - cell->offset; /* the place begins so many bytes after the cell */
  if (stride == 0) return after < VMO_LL_POINTER_BYTES && after > -bytes;
  int64_t rest = remainder_of(after, stride);
  return rest < VMO_LL_POINTER_BYTES || (int64_t)stride - rest < bytes;
}

static uint32_t find_cell(vmo_ll_points_to *p, vmo_ll_element place) {
  vmo_ll_object *object = &p->objects.data[place.object];
  place = normalised(place);
  if (object->cell_count >= MAX_CELLS) place.offset = 0, place.stride = 1;
  const vmo_ll_cell *last = object->last_cell < p->cells.count ? &p->cells.data[object->last_cell] : NULL;
  if (last != NULL && last->offset == place.offset && last->stride == place.stride) return object->last_cell;
  for (uint32_t c = object->cells; c != VMO_NONE; c = p->cells.data[c].next)
    if (p->cells.data[c].offset == place.offset && p->cells.data[c].stride == place.stride)
      return object->last_cell = c;
  vmo_ll_cell cell = {.offset = place.offset, .stride = place.stride, .next = object->cells};
  if (!vmo_vec_push(p->arena, &p->cells, cell)) {
    p->out_of_memory = true;
    return VMO_NONE;
  }
  object->cell_count++;
  return object->cells = object->last_cell = p->cells.count - 1;
}

/* What an object holds besides what this function stored: an element, or false. */
static bool implicit_content(const vmo_ll_points_to *p, uint32_t object, vmo_ll_element *content) {
  const vmo_ll_object *o = &p->objects.data[object];
  *content = (vmo_ll_element){0, 1, 0};
  if (o->kind == VMO_LL_OBJECT_ARGUMENT || o->kind == VMO_LL_OBJECT_REACHED)
    content->object = VMO_LL_REACHED_OBJECT(o->parameter);
  return o->kind == VMO_LL_OBJECT_OUTSIDE || o->kind == VMO_LL_OBJECT_ARGUMENT || o->kind == VMO_LL_OBJECT_REACHED ||
         o->captured;
}

void vmo_ll_load(vmo_ll_points_to *p, vmo_ll_element place, int64_t bytes, vmo_ll_set *result) {
  vmo_ll_element content;
  if (implicit_content(p, place.object, &content)) vmo_ll_add(p, result, content);
  if (p->objects.data[place.object].captured) {
    vmo_ll_add(p, result, (vmo_ll_element){0, 1, 0});
    return; /* what it holds is captured as well */
  }
  for (uint32_t c = p->objects.data[place.object].cells; c != VMO_NONE; c = p->cells.data[c].next) {
    vmo_ll_set held = p->cells.data[c].set;
    if (overlaps(&p->cells.data[c], place, bytes)) vmo_ll_add_all(p, result, &held, 0, 0);
  }
}

static void store_at(vmo_ll_points_to *p, vmo_ll_element place, const vmo_ll_set *value) {
  uint32_t cell = find_cell(p, place);
  if (cell == VMO_NONE) return;
  vmo_ll_set copy = *value; /* it may be the cell's own, or move when the cell's grows */
  bool changed = p->changed;
  p->changed = false;
  vmo_ll_add_all(p, &p->cells.data[cell].set, &copy, 0, 0);
  if (p->changed) p->objects.data[place.object].grew = p->memory_grew = p->clock;
  p->changed |= changed;
}

void vmo_ll_store(vmo_ll_points_to *p, vmo_ll_element place, int64_t bytes, const vmo_ll_set *value) {
  if (value->count == 0) return;
  const vmo_ll_object *object = &p->objects.data[place.object];
  if (place.object == 0 || object->captured)
    vmo_ll_capture_all(p, value, place.object == 0 ? VMO_ESCAPE_GLOBAL : object->escape);
  if (place.object == 0) return;
  if (bytes < 0 || bytes > 64)
    place.stride = vmo_ll_gcd(place.stride, VMO_LL_POINTER_BYTES), bytes = VMO_LL_POINTER_BYTES;
  for (int64_t at = 0; at < bytes; at += VMO_LL_POINTER_BYTES) {
    store_at(p, place, value);
    place.offset += VMO_LL_POINTER_BYTES;
  }
}

void vmo_ll_store_all(vmo_ll_points_to *p, const vmo_ll_set *places, int64_t bytes, const vmo_ll_set *value) {
  vmo_ll_set all = *places;
  if (p->collecting) return; /* it was done */
  for (uint32_t i = 0; i < all.count; i++) vmo_ll_store(p, all.data[i], bytes, value);
  if (all.count == 0 && p->strict) vmo_ll_capture_all(p, value, VMO_ESCAPE_GLOBAL);
  p->met_nothing |= all.count == 0;
}

void vmo_ll_copy_bytes(vmo_ll_points_to *p, vmo_ll_element place, int64_t bytes) {
  vmo_ll_object *object = &p->objects.data[place.object];
  if (object->kind == VMO_LL_OBJECT_ARGUMENT || object->kind == VMO_LL_OBJECT_REACHED) {
    p->changed |= !object->bytes_copied;
    object->bytes_copied = true;
  }
  for (uint32_t c = object->cells; c != VMO_NONE; c = p->cells.data[c].next)
    if (overlaps(&p->cells.data[c], place, bytes)) vmo_ll_capture_all(p, &p->cells.data[c].set, VMO_ESCAPE_INTEGER);
}

void vmo_ll_copy(vmo_ll_points_to *p, vmo_ll_element to, vmo_ll_element from, int64_t bytes) {
  vmo_ll_element content;
  if (implicit_content(p, from.object, &content)) {
    vmo_ll_set one = {&content, 1, 1};
    vmo_ll_store(p, (vmo_ll_element){to.object, 1, 0}, VMO_LL_POINTER_BYTES, &one);
  }
  if (p->objects.data[from.object].captured) {
    content = (vmo_ll_element){0, 1, 0};
    vmo_ll_set one = {&content, 1, 1};
    vmo_ll_store(p, (vmo_ll_element){to.object, 1, 0}, VMO_LL_POINTER_BYTES, &one);
    return;
  }
  for (uint32_t c = p->objects.data[from.object].cells; c != VMO_NONE; c = p->cells.data[c].next) {
    vmo_ll_cell cell = p->cells.data[c];
    if (!overlaps(&cell, from, bytes)) continue;
    vmo_ll_element place = to;
    place.offset += cell.offset - from.offset;
    place.stride = vmo_ll_gcd(to.stride, vmo_ll_gcd(from.stride, cell.stride));
    vmo_ll_store(p, place, VMO_LL_POINTER_BYTES, &cell.set);
  }
}

/* ---- what can be reached ---- */

static void reach(vmo_ll_points_to *p, uint32_t object, vmo_ll_set *result) {
  vmo_ll_object *o = &p->objects.data[object];
  if (o->visit == p->visits) return;
  o->visit = p->visits;
  push(p, result, (vmo_ll_element){object, 1, 0});
}

static void reach_from(vmo_ll_points_to *p, uint32_t object, vmo_ll_set *result) {
  vmo_ll_element content;
  if (implicit_content(p, object, &content)) reach(p, content.object, result);
  if (p->objects.data[object].captured) reach(p, 0, result);
  for (uint32_t c = p->objects.data[object].cells; c != VMO_NONE; c = p->cells.data[c].next) {
    vmo_ll_set held = p->cells.data[c].set;
    for (uint32_t i = 0; i < held.count; i++) reach(p, held.data[i].object, result);
  }
}

void vmo_ll_begin_reached(vmo_ll_points_to *p) { p->visits++; }

void vmo_ll_add_further_reached(vmo_ll_points_to *p, const vmo_ll_set *set, vmo_ll_set *result) {
  uint32_t known = result->count;
  p->temporary = true;
  for (uint32_t i = 0; i < set->count; i++) reach_from(p, set->data[i].object, result);
  for (uint32_t i = known; i < result->count; i++) reach_from(p, result->data[i].object, result);
  p->temporary = false;
}

void vmo_ll_add_reached(vmo_ll_points_to *p, const vmo_ll_set *set, vmo_ll_set *result) {
  vmo_ll_begin_reached(p);
  vmo_ll_add_further_reached(p, set, result);
}
