/* print_internal.h: the parts of the printer; private to ir/print*.c. */
#ifndef VMO_IR_PRINT_INTERNAL_H
#define VMO_IR_PRINT_INTERNAL_H

#include "ir/ir.h"

void vmo_print_symbol(const vmo_module *module, vmr_symbol symbol, vmo_text *out);
void vmo_print_value(const vmo_module *module, const vmo_function *function, vmo_value_id value, vmo_text *out);
void vmo_print_expression(const vmo_module *module, vmo_size_id size, vmo_text *out);
void vmo_print_operand(const vmo_module *module, const vmo_function *function, const vmo_operand *operand,
                       vmo_text *out);
/* One type as it is, several in parentheses. */
void vmo_print_type_list(const vmo_module *module, const vmo_type_id *types, uint32_t count, vmo_text *out);

/* `{axis = 1, slot = 0, offset = 0}` with a blank before it, or nothing. */
void vmo_print_braces(const vmo_module *module, const vmo_function *function, uint32_t op, vmo_text *out);
/* `plan {...}` with a blank before it, or nothing. */
void vmo_print_plan(const vmo_module *module, const vmo_function *function, vmo_text *out);
/* `{slot = 3, offset = 0}` of a parameter with a blank before it, or nothing. */
void vmo_print_parameter_plan(const vmo_module *module, const vmo_function *function, vmo_value_id value,
                              vmo_text *out);

#endif
