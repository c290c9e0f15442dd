/* arrays.c: operands and values as arrays, element by element. Pointers are made where they are used, from an arena's start
 * and an offset that the entry block has; LLVM folds them into the loads. */
#include "codegen/compile.h"

/* ---- indices ---- */

LLVMValueRef vmo_add_i64(vmo_emitter *e, LLVMValueRef x, LLVMValueRef y) {
  return LLVMBuildNSWAdd(e->builder, x, y, "");
}
LLVMValueRef vmo_subtract_i64(vmo_emitter *e, LLVMValueRef x, LLVMValueRef y) {
  return LLVMBuildNSWSub(e->builder, x, y, "");
}
LLVMValueRef vmo_multiply_i64(vmo_emitter *e, LLVMValueRef x, LLVMValueRef y) {
  return LLVMBuildNSWMul(e->builder, x, y, "");
}

/* ---- what an operand is ---- */

static vmo_emit_array describe(vmo_emitter *e, const vmo_type *type) {
  vmo_emit_array array = {.element = type->element, .rank = type->rank};
  array.shape = e->module->shapes.data + type->shape_first;
  LLVMValueRef *sizes = vmo_emit_alloc(e, (size_t)type->rank + 1, sizeof *sizes);
  for (uint32_t i = 0; sizes != NULL && i < type->rank; i++) sizes[i] = vmo_emit_size(e, array.shape[i]);
  array.sizes = sizes;
  array.count = vmo_emit_size(e, type->count);
  return array;
}

LLVMValueRef vmo_place_pointer(vmo_emitter *e, const vmo_place *place) {
  LLVMValueRef base = NULL;
  switch (place->base) {
  case VMO_PLACE_ARENA: base = e->frame->arenas[place->index]; break;
  case VMO_PLACE_PARAMETER: base = e->frame->parameters[place->index]; break;
  case VMO_PLACE_RESULT: base = e->frame->results[place->index]; break;
  case VMO_PLACE_CONSTANT: base = vmo_constant_data(e, place->index); break;
  case VMO_PLACE_NOWHERE: break;
  }
  if (base == NULL) return LLVMConstNull(e->pointer); /* nothing is there to be read or written */
  LLVMValueRef offset = vmo_emit_size(e, place->offset);
  if (LLVMIsAConstantInt(offset) && LLVMConstIntGetZExtValue(offset) == 0) return base;
  return LLVMBuildInBoundsGEP2(e->builder, e->i8, base, &offset, 1, "");
}

vmo_emit_array vmo_value_array(vmo_emitter *e, vmo_value_id value) {
  vmo_emit_array array = describe(e, vmo_value_type(e->module, e->function, value));
  array.scalar = e->scalars[value];
  if (array.scalar == NULL) array.pointer = vmo_place_pointer(e, &e->places[value]);
  array.place = &e->places[value];
  return array;
}

vmo_emit_array vmo_operand_array(vmo_emitter *e, const vmo_operand *operand) {
  if (operand->kind == VMO_OPERAND_VALUE) return vmo_value_array(e, operand->index);
  vmo_emit_array array = {.element = VMO_I64, .count = vmo_i64(e, 1)};
  if (operand->kind == VMO_OPERAND_LITERAL) {
    const vmo_literal *literal = &e->function->literals.data[operand->index];
    array.element = literal->element;
    array.scalar = vmo_literal_number(e, literal);
  } else {
    array.scalar = vmo_emit_size(e, operand->index);
  }
  return array;
}

bool vmo_has_one_element(const vmo_emitter *e, const vmo_emit_array *array) {
  int64_t size;
  for (uint32_t i = 0; i < array->rank; i++)
    if (!vmo_size_is_constant(e->module->sizes, array->shape[i], &size) || size != 1) return false;
  return true;
}

/* ---- elements ---- */

static unsigned alignment_of(const vmo_emitter *e, vmo_element element) {
  unsigned bytes = (unsigned)vmo_element_bytes(element);
  return bytes < e->unit_alignment ? bytes : e->unit_alignment;
}

static LLVMValueRef element_pointer(vmo_emitter *e, vmo_element element, LLVMValueRef pointer, LLVMValueRef index) {
  return LLVMBuildInBoundsGEP2(e->builder, vmo_memory_type(e, element), pointer, &index, 1, "");
}

static void mark(vmo_emitter *e, LLVMValueRef access) {
  vmo_compilation *c = e->compilation;
  if (e->is_parallel) LLVMSetMetadata(access, c->access_group_kind, c->access_group);
}

LLVMValueRef vmo_load_number(vmo_emitter *e, vmo_element element, LLVMValueRef pointer, LLVMValueRef index) {
  LLVMValueRef at = element_pointer(e, element, pointer, index);
  LLVMValueRef load = LLVMBuildLoad2(e->builder, vmo_memory_type(e, element), at, "");
  LLVMSetAlignment(load, alignment_of(e, element));
  mark(e, load);
  return vmo_decode_number(e, element, load);
}

void vmo_store_number(vmo_emitter *e, vmo_element element, LLVMValueRef pointer, LLVMValueRef index,
                      LLVMValueRef number) {
  LLVMValueRef stored = vmo_encode_number(e, element, number);
  LLVMValueRef store = LLVMBuildStore(e->builder, stored, element_pointer(e, element, pointer, index));
  LLVMSetAlignment(store, alignment_of(e, element));
  mark(e, store);
}

LLVMValueRef vmo_load_element(vmo_emitter *e, const vmo_emit_array *array, LLVMValueRef index) {
  if (array->scalar != NULL) return array->scalar;
  return vmo_load_number(e, array->element, array->pointer, index);
}

void vmo_store_element(vmo_emitter *e, const vmo_emit_array *array, LLVMValueRef index, LLVMValueRef number) {
  vmo_store_number(e, array->element, array->pointer, index, number);
}

void vmo_copy_bytes(vmo_emitter *e, LLVMValueRef to, LLVMValueRef from, LLVMValueRef count, vmo_element element) {
  LLVMValueRef bytes = vmo_multiply_i64(e, count, vmo_i64(e, vmo_element_bytes(element)));
  unsigned alignment = alignment_of(e, element);
  LLVMBuildMemCpy(e->builder, to, alignment, from, alignment, bytes);
}

void vmo_clear_elements(vmo_emitter *e, const vmo_emit_array *array, LLVMValueRef first) {
  vmo_emit_loop loop;
  vmo_begin_loop(e, &loop, first, array->count, true);
  vmo_store_element(e, array, loop.index, vmo_whole_number(e, array->element, 0));
  vmo_end_loop(e, &loop);
}

/* ---- axes ---- */

LLVMValueRef vmo_count_axes(vmo_emitter *e, const vmo_emit_array *array, uint32_t first, uint32_t end) {
  LLVMValueRef count = vmo_i64(e, 1);
  for (uint32_t i = first; i < end; i++)
    count = i == first ? array->sizes[i] : vmo_multiply_i64(e, count, array->sizes[i]);
  return count;
}

const LLVMValueRef *vmo_array_strides(vmo_emitter *e, const vmo_emit_array *array) {
  LLVMValueRef *strides = vmo_emit_alloc(e, (size_t)array->rank + 1, sizeof *strides);
  LLVMValueRef stride = vmo_i64(e, 1);
  for (uint32_t i = array->rank; strides != NULL && i-- > 0;) {
    strides[i] = stride;
    if (i > 0) stride = i + 1 == array->rank ? array->sizes[i] : vmo_multiply_i64(e, stride, array->sizes[i]);
  }
  return strides;
}
