/* module_index.h: finds types, names and values; private to ir/.
 *
 * Types, dims, spaces and callables are few and found by hash. Values are many, and found by an array over symbols
 * that serves one function at a time: an entry counts when it bears the function's stamp. It is brought up to date
 * when it is asked, so that values that were added by hand are found too; going from function to function costs
 * reading the values of each. */
#ifndef VMO_IR_MODULE_INDEX_H
#define VMO_IR_MODULE_INDEX_H

#include "ir/ir.h"
#include "support/hash_index.h"

typedef enum vmo_name_kind { VMO_NAME_DIM, VMO_NAME_SPACE, VMO_NAME_CALLABLE, VMO_NAME_KINDS } vmo_name_kind;

/* A callable's id: twice the index, plus 1 for a declared op. */
#define VMO_CALLABLE_FUNCTION(index) ((index) * 2)
#define VMO_CALLABLE_DECLARATION(index) ((index) * 2 + 1)

typedef struct vmo_value_entry {
  uint32_t stamp;
  vmo_value_id value;
} vmo_value_entry;

/* Where result `result` of the split whose first result is `first` begins: results are asked for one after the other,
 * and each one's begin is a sum over those before it. */
typedef struct vmo_split_memo {
  const vmo_function *function;
  vmo_value_id first;
  uint32_t result;
  vmo_size_id start;
} vmo_split_memo;

struct vmo_module_index {
  vmo_hash_index types;
  vmo_hash_index names[VMO_NAME_KINDS];
  VMO_VEC(vmr_symbol) callable_names[2]; /* of functions and of declared ops, by index */
  VMO_VEC(vmo_value_entry) values;       /* by symbol */
  const vmo_function *function;          /* whose values they are */
  uint32_t stamp;
  uint32_t known; /* how many of the function's values have been entered */
  vmo_split_memo split;
};

/* The id behind a name, or VMO_NONE. */
uint32_t vmo_index_find(const vmo_module *module, vmo_name_kind kind, vmr_symbol symbol);
bool vmo_index_add(vmo_module *module, vmo_name_kind kind, vmr_symbol symbol, uint32_t id);

/* The value of that name in the function, or VMO_NONE. */
vmo_value_id vmo_index_find_value(vmo_module *module, const vmo_function *function, vmr_symbol symbol);
/* Makes `symbol` stand for `value` (any number), over what it stood for. False when memory is out. */
bool vmo_index_set_value(vmo_module *module, const vmo_function *function, vmr_symbol symbol, uint32_t value);

/* The body of a declared op, open, still without its parameters. NULL when memory is out. */
vmo_function *vmo_open_declaration_body(vmo_module *module, uint32_t declaration);

/* Appends an op whose results' names are known to be good; `locations` NULL: the op's own. */
uint32_t vmo_append_op(vmo_module *module, vmo_function *function, const vmo_op_spec *spec, const vmr_symbol *names,
                       const vmo_location *locations);
vmo_value_id vmo_append_parameter(vmo_module *module, vmo_function *function, vmr_symbol name, vmo_type_id type,
                                  vmo_parameter flags, vmo_location location);
vmo_value_id vmo_append_argument(vmo_module *module, vmo_function *function, vmo_region_id region, vmr_symbol name,
                                 vmo_type_id type, vmo_location location);
bool vmo_append_attribute(vmo_module *module, vmo_function *function, uint32_t op, const vmo_attribute *attribute,
                          const vmo_attribute_item *items);

#endif
