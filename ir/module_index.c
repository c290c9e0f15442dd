/* module_index.c: see module_index.h. */
#include "ir/module_index.h"

static vmr_symbol name_of(const vmo_module *module, vmo_name_kind kind, uint32_t id) {
  if (kind == VMO_NAME_DIM) return module->dims.data[id].name;
  if (kind == VMO_NAME_SPACE) return module->spaces.data[id];
  return id % 2 == 0 ? module->functions.data[id / 2]->name : module->declarations.data[id / 2].name;
}

uint32_t vmo_index_find(const vmo_module *module, vmo_name_kind kind, vmr_symbol symbol) {
  uint32_t cursor = 0;
  const vmo_hash_index *names = &module->index->names[kind];
  for (uint32_t id; (id = vmo_hash_index_next(names, vmo_hash_mix(1, symbol), &cursor)) != VMO_NONE;)
    if (name_of(module, kind, id) == symbol) return id;
  return VMO_NONE;
}

bool vmo_index_add(vmo_module *module, vmo_name_kind kind, vmr_symbol symbol, uint32_t id) {
  return vmo_hash_index_add(module->context->arena, &module->index->names[kind], vmo_hash_mix(1, symbol), id);
}

static bool enter(vmo_module *module, vmr_symbol symbol, uint32_t value) {
  struct vmo_module_index *index = module->index;
  if (symbol >= index->values.count) {
    uint32_t extra = symbol + 1 - index->values.count;
    if (!vmo_vec_reserve(module->context->arena, &index->values, extra)) return false;
    for (uint32_t i = 0; i < extra; i++) index->values.data[index->values.count++] = (vmo_value_entry){0, VMO_NONE};
  }
  index->values.data[symbol] = (vmo_value_entry){index->stamp, value};
  return true;
}

/* Enters the values that came since the last time. */
static bool bring_up_to_date(vmo_module *module, const vmo_function *function) {
  struct vmo_module_index *index = module->index;
  if (index->function != function || index->known > function->values.count) {
    index->function = function;
    index->known = 0;
    index->stamp++;
  }
  for (; index->known < function->values.count; index->known++) {
    vmr_symbol symbol = function->values.data[index->known].name;
    if (symbol != 0 && !enter(module, symbol, index->known)) return false;
  }
  return true;
}

vmo_value_id vmo_index_find_value(vmo_module *module, const vmo_function *function, vmr_symbol symbol) {
  if (!bring_up_to_date(module, function) || symbol >= module->index->values.count) return VMO_NONE;
  const vmo_value_entry *entry = &module->index->values.data[symbol];
  return entry->stamp == module->index->stamp ? entry->value : VMO_NONE;
}

bool vmo_index_set_value(vmo_module *module, const vmo_function *function, vmr_symbol symbol, uint32_t value) {
  return bring_up_to_date(module, function) && enter(module, symbol, value);
}
