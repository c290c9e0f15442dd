/* names.c: names for the values that passes put in, each after the value that it stands for. Constant time each: where the
 * search for a free name ended is kept with the first one, so that a value that is copied all over costs no search each time. */
#include "passes/edit.h"

#include <stdio.h>

static vmo_taken_name *find_name(vmo_naming *n, vmr_symbol symbol) {
  uint32_t cursor = 0;
  for (uint32_t id; (id = vmo_hash_index_next(&n->index, vmo_hash_mix(0, symbol), &cursor)) != VMO_NONE;)
    if (n->names.data[id].symbol == symbol) return &n->names.data[id];
  return NULL;
}

static bool take_name(vmo_naming *n, vmr_symbol symbol) {
  vmo_taken_name taken = {.symbol = symbol, .next = 2};
  return vmo_vec_push(n->arena, &n->names, taken) &&
         vmo_hash_index_add(n->arena, &n->index, vmo_hash_mix(0, symbol), n->names.count - 1);
}

bool vmo_collect_names(const vmo_function *function, vmo_naming *naming) {
  for (uint32_t v = 0; v < function->values.count; v++)
    if (function->values.data[v].name && !take_name(naming, function->values.data[v].name)) return false;
  return true;
}

vmr_symbol vmo_name_after(vmo_module *module, vmo_naming *naming, const char *base, const char *suffix) {
  char text[256];
  vmr_interner *interner = module->context->names;
  int length = snprintf(text, sizeof text, "%.200s%.20s", base, suffix);
  vmr_symbol symbol = vmr_interner_add(interner, text, (size_t)length);
  vmo_taken_name *first = find_name(naming, symbol);
  if (symbol != 0 && first) {
    do {
      int digits = snprintf(text + length, sizeof text - (size_t)length, "%u", first->next++);
      symbol = vmr_interner_add(interner, text, (size_t)(length + digits));
    } while (symbol != 0 && find_name(naming, symbol));
  }
  return symbol != 0 && take_name(naming, symbol) ? symbol : 0;
}
