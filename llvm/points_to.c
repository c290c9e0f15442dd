/* points_to.c: sets of places, and the memory that holds them.
 *
 * An inclusion-based analysis (L. Andersen, "Program Analysis and Specialization for the C Programming Language",
 * 1994) of one function at a time, insensitive to the order of instructions, sensitive to byte offsets: at -O2 the
 * offsets are all that is left of a struct's fields. Instructions are interpreted in rounds until no set grows. Sets are
 * widened, so that they are few and small: more than MAX_OFFSETS offsets in one object become one with a stride (the
 * greatest common divisor of their distances), more than MAX_CELLS cells of one object are one, more than MAX_ELEMENTS
 * objects in one set are captured. When nothing grows any more, a pointer from memory or a call that was found to point
 * nowhere is taken to point outside, and rounds go on. A round costs time linear in the function, and rounds are few; beyond MAX_ROUNDS
 * the function is given up as a whole. */
#include "llvm/points_to.h"

#include <string.h>

#define MAX_OFFSETS 4
#define MAX_CELLS 32
#define MAX_ELEMENTS 48
#define MAX_ROUNDS 60
#define MAX_OFFSET (INT64_C(1) << 40)
#define POINTER_BYTES 8

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

static void push(vmo_ll_points_to *p, vmo_ll_set *set, vmo_ll_element element) {
  if (!vmo_vec_push(p->arena, set, element)) p->out_of_memory = true;
  p->changed |= !p->temporary;
}

void vmo_ll_add(vmo_ll_points_to *p, vmo_ll_set *set, vmo_ll_element element) {
  uint32_t same = 0;
  element = normalised(element);
  for (uint32_t i = 0; i < set->count; i++) {
    if (covers(set->data[i], element)) return;
    same += set->data[i].object == element.object;
  }
  if (same >= MAX_OFFSETS) {
    widen(set, element);
    p->changed |= !p->temporary;
  } else if (set->count < MAX_ELEMENTS || element.object == 0) {
    push(p, set, element);
  } else {
    vmo_ll_capture_all(p, set, VMO_ESCAPE_COMPLEX);
    vmo_ll_capture(p, element.object, VMO_ESCAPE_COMPLEX);
    vmo_ll_add(p, set, (vmo_ll_element){0, 1, 0});
  }
}

void vmo_ll_add_all(vmo_ll_points_to *p, vmo_ll_set *set, const vmo_ll_set *from, int64_t offset, uint32_t stride) {
  uint32_t count = from->count; /* `set` may be `from` */
  for (uint32_t i = 0; i < count && i < from->count; i++) {
    vmo_ll_element element = from->data[i];
    element.offset += offset;
    element.stride = vmo_ll_gcd(element.stride, stride);
    vmo_ll_add(p, set, element);
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
}

void vmo_ll_capture_all(vmo_ll_points_to *p, const vmo_ll_set *set, vmo_site_escape escape) {
  for (uint32_t i = 0; i < set->count; i++) vmo_ll_capture(p, set->data[i].object, escape);
}

/* What stands in captured memory is captured. */
static void capture_contents(vmo_ll_points_to *p) {
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
  if (stride == 0) return after < POINTER_BYTES && after > -bytes;
  int64_t rest = remainder_of(after, stride);
  return rest < POINTER_BYTES || (int64_t)stride - rest < bytes;
}

static uint32_t find_cell(vmo_ll_points_to *p, vmo_ll_element place) {
  vmo_ll_object *object = &p->objects.data[place.object];
  place = normalised(place);
  if (object->cell_count >= MAX_CELLS) place.offset = 0, place.stride = 1;
  for (uint32_t c = object->cells; c != VMO_NONE; c = p->cells.data[c].next)
    if (p->cells.data[c].offset == place.offset && p->cells.data[c].stride == place.stride) return c;
  vmo_ll_cell cell = {.offset = place.offset, .stride = place.stride, .next = object->cells};
  if (!vmo_vec_push(p->arena, &p->cells, cell)) {
    p->out_of_memory = true;
    return VMO_NONE;
  }
  object->cell_count++;
  return object->cells = p->cells.count - 1;
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
  if (p->objects.data[place.object].captured) vmo_ll_add(p, result, (vmo_ll_element){0, 1, 0});
  for (uint32_t c = p->objects.data[place.object].cells; c != VMO_NONE; c = p->cells.data[c].next) {
    vmo_ll_set held = p->cells.data[c].set;
    if (overlaps(&p->cells.data[c], place, bytes)) vmo_ll_add_all(p, result, &held, 0, 0);
  }
}

static void store_at(vmo_ll_points_to *p, vmo_ll_element place, const vmo_ll_set *value) {
  uint32_t cell = find_cell(p, place);
  if (cell == VMO_NONE) return;
  vmo_ll_set copy = *value; /* it may be the cell's own, or move when the cell's grows */
  vmo_ll_add_all(p, &p->cells.data[cell].set, &copy, 0, 0);
}

void vmo_ll_store(vmo_ll_points_to *p, vmo_ll_element place, int64_t bytes, const vmo_ll_set *value) {
  if (value->count == 0) return;
  const vmo_ll_object *object = &p->objects.data[place.object];
  if (place.object == 0 || object->captured)
    vmo_ll_capture_all(p, value, place.object == 0 ? VMO_ESCAPE_GLOBAL : object->escape);
  if (place.object == 0) return;
  if (bytes < 0 || bytes > 64) place.stride = vmo_ll_gcd(place.stride, POINTER_BYTES), bytes = POINTER_BYTES;
  for (int64_t at = 0; at < bytes; at += POINTER_BYTES) {
    store_at(p, place, value);
    place.offset += POINTER_BYTES;
  }
}

void vmo_ll_store_all(vmo_ll_points_to *p, const vmo_ll_set *places, int64_t bytes, const vmo_ll_set *value) {
  vmo_ll_set all = *places;
  for (uint32_t i = 0; i < all.count; i++) vmo_ll_store(p, all.data[i], bytes, value);
  if (all.count == 0 && p->strict) vmo_ll_capture_all(p, value, VMO_ESCAPE_GLOBAL);
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
    vmo_ll_store(p, (vmo_ll_element){to.object, 1, 0}, POINTER_BYTES, &one);
  }
  for (uint32_t c = p->objects.data[from.object].cells; c != VMO_NONE; c = p->cells.data[c].next) {
    vmo_ll_cell cell = p->cells.data[c];
    if (!overlaps(&cell, from, bytes)) continue;
    vmo_ll_element place = to;
    place.offset += cell.offset - from.offset;
    place.stride = vmo_ll_gcd(to.stride, vmo_ll_gcd(from.stride, cell.stride));
    vmo_ll_store(p, place, POINTER_BYTES, &cell.set);
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

void vmo_ll_add_reached(vmo_ll_points_to *p, const vmo_ll_set *set, vmo_ll_set *result) {
  p->temporary = true;
  p->visits++;
  for (uint32_t i = 0; i < set->count; i++) reach_from(p, set->data[i].object, result);
  for (uint32_t i = 0; i < result->count; i++) reach_from(p, result->data[i].object, result);
  p->temporary = false;
}

/* ---- bytes of pointers in narrower values ---- */

/* Whether bytes can be put together again from the result of an instruction. */
static bool moves_bits(uint8_t opcode) {
  switch (opcode) {
  case LLVMPHI:
  case LLVMSelect:
  case LLVMFreeze:
  case LLVMBitCast:
  case LLVMZExt:
  case LLVMSExt:
  case LLVMTrunc:
  case LLVMAdd:
  case LLVMSub:
  case LLVMMul:
  case LLVMOr:
  case LLVMXor:
  case LLVMAnd:
  case LLVMShl:
  case LLVMLShr:
  case LLVMInsertElement:
  case LLVMExtractElement:
  case LLVMShuffleVector:
  case LLVMInsertValue:
  case LLVMExtractValue:
  case LLVMIntToPtr: return true;
  default: return false;
  }
}

/* Whether the bytes of operand `i` stay after the instruction. Arguments of known library functions do not. */
static bool keeps_operand(const vmo_ll_points_to *p, const vmo_ll_instruction *instruction, uint32_t i) {
  uint32_t result = vmo_ll_result_id(p->function, (uint32_t)(instruction - p->program->instructions.data));
  if (moves_bits(instruction->opcode)) return p->kept[result];
  if (instruction->opcode == LLVMStore) return i == 0;
  if (instruction->opcode == LLVMCall || instruction->opcode == LLVMInvoke)
    return instruction->callee == VMO_NONE || p->program->functions.data[instruction->callee].libc == NULL;
  return instruction->opcode == LLVMRet || instruction->opcode == LLVMAtomicRMW ||
         instruction->opcode == LLVMAtomicCmpXchg;
}

static void find_kept(vmo_ll_points_to *p) {
  const vmo_ll_function *function = p->function;
  for (bool changed = true; changed;) {
    changed = false;
    for (uint32_t i = function->first + function->count; i-- > function->first;) {
      const vmo_ll_instruction *instruction = &p->program->instructions.data[i];
      for (uint32_t k = 0; k < instruction->operand_count; k++) {
        uint32_t value = p->program->operands.data[instruction->operand_first + k];
        if (p->kept[value] || !keeps_operand(p, instruction, k)) continue;
        p->kept[value] = changed = true;
      }
    }
  }
}

/* ---- instructions ---- */

static void interpret_load(vmo_ll_points_to *p, const vmo_ll_instruction *load, uint32_t id) {
  vmo_ll_set places = *vmo_ll_operand_set(p, load, 0);
  bool narrow = load->bytes >= 0 && load->bytes < POINTER_BYTES;
  if (load->number) return;
  for (uint32_t i = 0; i < places.count; i++) {
    if (!narrow) {
      vmo_ll_load(p, places.data[i], load->bytes, &p->values[id]);
    } else if (p->kept[id]) {
      vmo_ll_copy_bytes(p, places.data[i], load->bytes);
    }
  }
}

/* Atomic exchanges: operand 0 is the place, the others may be stored there, the result is what was there. */
static void interpret_exchange(vmo_ll_points_to *p, const vmo_ll_instruction *instruction, uint32_t id) {
  vmo_ll_set places = *vmo_ll_operand_set(p, instruction, 0);
  for (uint32_t k = 1; k < instruction->operand_count; k++)
    vmo_ll_store_all(p, &places, -1, vmo_ll_operand_set(p, instruction, k));
  for (uint32_t i = 0; i < places.count; i++) vmo_ll_load(p, places.data[i], -1, &p->values[id]);
}

/* The difference of two addresses in one object is a number. */
static bool is_distance(const vmo_ll_points_to *p, const vmo_ll_instruction *instruction) {
  const vmo_ll_set *left = vmo_ll_operand_set(p, instruction, 0), *right = vmo_ll_operand_set(p, instruction, 1);
  if (instruction->opcode != LLVMSub || left->count == 0 || right->count == 0) return false;
  for (uint32_t i = 0; i < left->count; i++)
    if (left->data[i].object != left->data[0].object) return false;
  for (uint32_t i = 0; i < right->count; i++)
    if (right->data[i].object != left->data[0].object) return false;
  return true;
}

static void join_operands(vmo_ll_points_to *p, const vmo_ll_instruction *instruction, uint32_t id, uint32_t first,
                          uint32_t stride) {
  for (uint32_t k = first; k < instruction->operand_count; k++) {
    vmo_ll_set from = *vmo_ll_operand_set(p, instruction, k);
    if (instruction->wide) {
      vmo_ll_add_all(p, &p->values[id], &from, 0, stride);
    } else if (p->kept[id]) {
      vmo_ll_capture_all(p, &from, VMO_ESCAPE_INTEGER);
    }
  }
}

static void interpret_get_element(vmo_ll_points_to *p, const vmo_ll_instruction *gep, uint32_t id) {
  vmo_ll_set base = *vmo_ll_operand_set(p, gep, 0);
  vmo_ll_add_all(p, &p->values[id], &base, gep->bytes, gep->stride);
  if (base.count == 0) join_operands(p, gep, id, 1, 1); /* an address as the distance from null */
}

static void interpret(vmo_ll_points_to *p, const vmo_ll_instruction *instruction, uint32_t id) {
  switch ((int)instruction->opcode) {
  case LLVMAlloca: vmo_ll_add(p, &p->values[id], (vmo_ll_element){p->made[p->at - p->function->first], 0, 0}); break;
  case LLVMLoad: interpret_load(p, instruction, id); break;
  case LLVMStore:
    vmo_ll_store_all(p, vmo_ll_operand_set(p, instruction, 1), instruction->bytes,
                     vmo_ll_operand_set(p, instruction, 0));
    break;
  case LLVMGetElementPtr: interpret_get_element(p, instruction, id); break;
  case LLVMAtomicRMW:
  case LLVMAtomicCmpXchg: interpret_exchange(p, instruction, id); break;
  case LLVMPHI:
  case LLVMFreeze:
  case LLVMBitCast:
  case LLVMAddrSpaceCast: join_operands(p, instruction, id, 0, 0); break;
  case LLVMSelect: join_operands(p, instruction, id, 1, 0); break;
  case LLVMIntToPtr:
    join_operands(p, instruction, id, 0, 1);
    vmo_ll_add(p, &p->values[id], (vmo_ll_element){0, 1, 0});
    break;
  case LLVMFPToUI:
  case LLVMFPToSI:
  case LLVMUIToFP:
  case LLVMSIToFP:
  case LLVMPtrToInt:
  case LLVMTrunc:
  case LLVMZExt:
  case LLVMSExt:
  case LLVMAdd:
  case LLVMSub:
  case LLVMMul:
  case LLVMUDiv:
  case LLVMSDiv:
  case LLVMURem:
  case LLVMSRem:
  case LLVMShl:
  case LLVMLShr:
  case LLVMAShr:
  case LLVMAnd:
  case LLVMOr:
  case LLVMXor:
  case LLVMInsertElement:
  case LLVMExtractElement:
  case LLVMShuffleVector:
  case LLVMInsertValue:
  case LLVMExtractValue:
    if (!is_distance(p, instruction)) join_operands(p, instruction, id, 0, 1);
    break;
  case LLVMCall:
  case LLVMInvoke:
  case LLVMCallBr: vmo_ll_apply_call(p, instruction, &p->values[id]); break;
  case LLVMRet:
    if (instruction->operand_count > 0) {
      vmo_ll_set from = *vmo_ll_operand_set(p, instruction, 0);
      vmo_ll_add_all(p, &p->returned, &from, 0, 0);
    }
    break;
  case LLVMICmp:
  case LLVMFCmp:
  case LLVMFNeg:
  case LLVMFAdd:
  case LLVMFSub:
  case LLVMFMul:
  case LLVMFDiv:
  case LLVMFRem:
  case LLVMFPTrunc:
  case LLVMFPExt:
  case LLVMBr:
  case LLVMSwitch:
  case LLVMFence:
  case LLVMUnreachable: break;
  default: /* whatever else makes a value out of pointers hides them */
    for (uint32_t k = 0; k < instruction->operand_count; k++)
      vmo_ll_capture_all(p, vmo_ll_operand_set(p, instruction, k), VMO_ESCAPE_INTEGER);
    if (instruction->wide) vmo_ll_add(p, &p->values[id], (vmo_ll_element){0, 1, 0});
  }
}

/* A pointer that comes from memory or a call and points nowhere: null, or something that was written in a way that is
 * not seen here (by va_start, by the kernel, ...). */
static void widen_unknown(vmo_ll_points_to *p, const vmo_ll_instruction *instruction, uint32_t id) {
  if (!instruction->pointer || p->values[id].count > 0) return;
  switch ((int)instruction->opcode) {
  case LLVMCall:
  case LLVMInvoke:
    if (instruction->callee != VMO_NONE && vmo_ll_is_defined(&p->program->functions.data[instruction->callee]) &&
        !p->summaries[instruction->callee].computed)
      return; /* of the same group: its turn comes */
    break;
  case LLVMLoad:
  case LLVMExtractValue:
  case LLVMExtractElement: break;
  default: return;
  }
  vmo_ll_add(p, &p->values[id], (vmo_ll_element){0, 1, 0});
}

static void interpret_all(vmo_ll_points_to *p) {
  const vmo_ll_function *function = p->function;
  for (uint32_t i = function->first; i < function->first + function->count; i++) {
    const vmo_ll_instruction *instruction = &p->program->instructions.data[i];
    p->at = i;
    interpret(p, instruction, vmo_ll_result_id(function, i));
    if (p->strict) widen_unknown(p, instruction, vmo_ll_result_id(function, i));
  }
  capture_contents(p);
}

/* ---- objects ---- */

static bool add_object(vmo_ll_points_to *p, vmo_ll_object object) {
  object.cells = object.escape_at = VMO_NONE;
  return vmo_vec_push(p->arena, &p->objects, object);
}

static bool add_parameters(vmo_ll_points_to *p) {
  if (!add_object(p, (vmo_ll_object){.kind = VMO_LL_OBJECT_OUTSIDE, .instruction = VMO_NONE})) return false;
  for (uint32_t i = 0; i < p->function->parameter_count; i++) {
    vmo_ll_object object = {.kind = VMO_LL_OBJECT_ARGUMENT, .instruction = VMO_NONE, .parameter = i};
    vmo_ll_object reached = {.kind = VMO_LL_OBJECT_REACHED, .instruction = VMO_NONE, .parameter = i};
    bool pointer = LLVMGetTypeKind(LLVMTypeOf(LLVMGetParam(p->function->ref, i))) == LLVMPointerTypeKind;
    object.captured = reached.captured = !pointer; /* a pointer in a number */
    object.escape = reached.escape = pointer ? VMO_ESCAPE_NONE : VMO_ESCAPE_INTEGER;
    if (!add_object(p, object) || !add_object(p, reached)) return false;
    if (pointer)
      vmo_ll_add(p, &p->values[VMO_LL_FIRST_PARAMETER + i], (vmo_ll_element){VMO_LL_ARGUMENT_OBJECT(i), 0, 0});
  }
  vmo_ll_add(p, &p->values[VMO_LL_OUTSIDE], (vmo_ll_element){0, 1, 0});
  return true;
}

/* How many objects a call may hand out, of which nothing else is known than its callee. */
static uint32_t fresh_count(const vmo_ll_points_to *p, const vmo_ll_instruction *call, const vmo_ll_summary **summary) {
  *summary = NULL;
  if (call->callee == VMO_NONE) return 0;
  const vmo_ll_function *callee = &p->program->functions.data[call->callee];
  if (!vmo_ll_is_defined(callee) || !callee->exact) return 0;
  if (p->group[call->callee] == p->group[p->function_id]) return 1;
  *summary = &p->summaries[call->callee];
  return (*summary)->object_count - (*summary)->fresh_first;
}

static bool add_fresh(vmo_ll_points_to *p, uint32_t i, const vmo_ll_instruction *call) {
  const vmo_ll_summary *summary;
  uint32_t count = fresh_count(p, call, &summary);
  for (uint32_t k = 0; k < count; k++) {
    vmo_ll_object object = {.kind = VMO_LL_OBJECT_FRESH, .instruction = i, .origin = VMO_NONE};
    if (summary != NULL) {
      object.origin = summary->objects[summary->fresh_first + k].origin;
      object.calls = summary->objects[summary->fresh_first + k].calls + 1;
    }
    if (!add_object(p, object)) return false;
  }
  return true;
}

static bool add_made(vmo_ll_points_to *p) {
  const vmo_ll_function *function = p->function;
  for (uint32_t i = function->first; i < function->first + function->count; i++) {
    const vmo_ll_instruction *instruction = &p->program->instructions.data[i];
    uint32_t before = p->objects.count;
    const vmo_libc_row *row =
        instruction->callee == VMO_NONE ? NULL : p->program->functions.data[instruction->callee].libc;
    vmo_ll_object object = {.instruction = i, .origin = i};
    bool made = true, fine = true;
    if (instruction->opcode == LLVMAlloca) {
      object.kind = VMO_LL_OBJECT_STACK;
    } else if (vmo_libc_allocates(row) || (row != NULL && strchr(row->arguments, VMO_EFFECT_FRESH) != NULL)) {
      object.kind = VMO_LL_OBJECT_SITE;
    } else {
      made = false;
      fine = add_fresh(p, i, instruction);
    }
    if (!fine || (made && !add_object(p, object))) return false;
    p->made[i - function->first] = p->objects.count > before ? before : VMO_NONE;
  }
  return true;
}

/* ---- the solution ---- */

static void give_up(vmo_ll_points_to *p) {
  p->at = VMO_NONE;
  for (uint32_t o = 1; o < p->objects.count; o++) vmo_ll_capture(p, o, VMO_ESCAPE_COMPLEX);
}

static void run_rounds(vmo_ll_points_to *p) {
  uint32_t rounds = 0;
  do {
    p->changed = false;
    interpret_all(p);
  } while (p->changed && !p->out_of_memory && ++rounds < MAX_ROUNDS);
  if (p->changed) give_up(p);
}

static void mark_reached(vmo_ll_points_to *p, const vmo_ll_set *from, bool returned) {
  vmo_ll_set reached = {0};
  for (uint32_t i = 0; i < from->count; i++) {
    vmo_ll_object *object = &p->objects.data[from->data[i].object];
    if (returned) object->returned = true;
  }
  vmo_ll_add_reached(p, from, &reached);
  for (uint32_t i = 0; i < reached.count; i++) {
    vmo_ll_object *object = &p->objects.data[reached.data[i].object];
    if (returned) {
      object->returned = true;
    } else {
      object->stored = true;
    }
  }
}

static void classify(vmo_ll_points_to *p) {
  mark_reached(p, &p->returned, true);
  vmo_ll_set arguments = {0};
  for (uint32_t o = 1; o <= 2 * p->function->parameter_count; o++) push(p, &arguments, (vmo_ll_element){o, 1, 0});
  mark_reached(p, &arguments, false);
}

/* Room to translate the arguments of any call. */
static bool make_room_for_calls(vmo_ll_points_to *p) {
  uint32_t most = 0;
  for (uint32_t i = p->function->first; i < p->function->first + p->function->count; i++) {
    uint32_t callee = p->program->instructions.data[i].callee;
    uint32_t count = callee == VMO_NONE ? 0 : p->program->functions.data[callee].parameter_count;
    most = count > most ? count : most;
  }
  p->reached = vmr_arena_alloc_array(p->arena, (size_t)most + 1, sizeof *p->reached);
  p->reached_known = vmr_arena_alloc_array(p->arena, (size_t)most + 1, sizeof *p->reached_known);
  return p->reached != NULL && p->reached_known != NULL;
}

static vmo_status begin(vmo_ll_points_to *p) {
  uint32_t values = vmo_ll_value_count(p->function);
  p->values = vmr_arena_alloc_array(p->arena, values, sizeof *p->values);
  p->kept = vmr_arena_alloc_array(p->arena, values, sizeof *p->kept);
  p->made = vmr_arena_alloc_array(p->arena, (size_t)p->function->count + 1, sizeof *p->made);
  if (!p->values || !p->kept || !p->made || !make_room_for_calls(p) || !add_parameters(p) || !add_made(p))
    return VMO_OUT_OF_MEMORY;
  find_kept(p);
  return VMO_OK;
}

vmo_status vmo_solve_points_to(vmo_ll_program *program, uint32_t function, const vmo_ll_summary *summaries,
                               const uint32_t *group, vmr_arena *arena, vmo_ll_points_to **result) {
  vmo_ll_points_to *p = vmr_arena_alloc_array(arena, 1, sizeof *p);
  if (p == NULL) return VMO_OUT_OF_MEMORY;
  *p = (vmo_ll_points_to){.program = program,
                          .function = &program->functions.data[function],
                          .function_id = function,
                          .summaries = summaries,
                          .group = group,
                          .arena = arena};
  if (begin(p) != VMO_OK) return VMO_OUT_OF_MEMORY;
  run_rounds(p);
  p->strict = true;
  run_rounds(p);
  p->collecting = true;
  interpret_all(p);
  classify(p);
  *result = p;
  return p->out_of_memory ? VMO_OUT_OF_MEMORY : VMO_OK;
}
