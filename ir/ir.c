/* ir.c: reading a module: elements, names, attributes. */
#include "ir/ir.h"

#include <string.h>

#include "ir/module_index.h"

typedef struct element_facts {
  const char *name;
  uint8_t bytes;
  bool is_float, is_integer;
} element_facts;

static const element_facts elements[VMO_ELEMENT_COUNT] = {
    [VMO_BOOL] = {"bool", 1, false, false}, [VMO_I8] = {"i8", 1, false, true},     [VMO_U8] = {"u8", 1, false, true},
    [VMO_I16] = {"i16", 2, false, true},    [VMO_U16] = {"u16", 2, false, true},   [VMO_I32] = {"i32", 4, false, true},
    [VMO_U32] = {"u32", 4, false, true},    [VMO_I64] = {"i64", 8, false, true},   [VMO_U64] = {"u64", 8, false, true},
    [VMO_F16] = {"f16", 2, true, false},    [VMO_BF16] = {"bf16", 2, true, false}, [VMO_F32] = {"f32", 4, true, false},
    [VMO_F64] = {"f64", 8, true, false},
};

const char *vmo_element_name(vmo_element element) { return elements[element].name; }

vmo_bytes vmo_element_bytes(vmo_element element) { return elements[element].bytes; }

bool vmo_element_is_float(vmo_element element) { return elements[element].is_float; }

bool vmo_element_is_integer(vmo_element element) { return elements[element].is_integer; }

const char *vmo_name(const vmo_module *module, vmr_symbol symbol) {
  return vmr_interner_text(module->context->names, symbol, NULL);
}

const char *vmo_value_name(const vmo_module *module, const vmo_function *function, vmo_value_id value) {
  return vmo_name(module, function->values.data[value].name);
}

const vmo_attribute *vmo_op_attribute(const vmo_module *module, const vmo_function *function, const vmo_op *op,
                                      const char *name) {
  if (op->attribute_count == 0) return NULL;
  vmr_symbol symbol = vmr_interner_find(module->context->names, name, strlen(name));
  for (uint32_t i = 0; i < op->attribute_count; i++) {
    const vmo_attribute *attribute = &function->attributes.data[op->attribute_first + i];
    if (attribute->name == symbol) return attribute;
  }
  return NULL;
}

int64_t vmo_op_integer(const vmo_module *module, const vmo_function *function, const vmo_op *op, const char *name,
                       int64_t otherwise) {
  const vmo_attribute *attribute = vmo_op_attribute(module, function, op, name);
  if (attribute == NULL || attribute->item_count == 0) return otherwise;
  const vmo_attribute_item *item = &function->items.data[attribute->item_first];
  bool is_number = item->kind == VMO_ATTRIBUTE_INTEGER || item->kind == VMO_ATTRIBUTE_BOOL;
  return is_number ? item->value.integer : otherwise;
}

vmo_function_id vmo_find_function(const vmo_module *module, const char *name) {
  vmr_symbol symbol = vmr_interner_find(module->context->names, name, strlen(name));
  uint32_t callable = symbol == 0 ? VMO_NONE : vmo_index_find(module, VMO_NAME_CALLABLE, symbol);
  return callable == VMO_NONE || callable % 2 != 0 ? VMO_NONE : callable / 2;
}
