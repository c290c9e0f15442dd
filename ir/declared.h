/* declared.h: uses of ops that the file declares; private to ir/. */
#ifndef VMO_IR_DECLARED_H
#define VMO_IR_DECLARED_H

#include "ir/ir.h"

/* The local dim that `size` is, or VMO_NONE when it is anything else. */
vmo_dim_id vmo_size_local_dim(const vmo_module *module, vmo_size_id size);
/* A local dim that occurs in `size` and is unbound, that is, replacements[dim] is VMO_NONE; or VMO_NONE. */
vmo_dim_id vmo_size_unbound_dim(const vmo_module *module, vmo_size_id size, const vmo_size_id *replacements);

/* Puts the size that a use gives to each local dim of the declaration into replacements[dim]: the first operand of the
 * declared rank in whose shape the dim stands alone says it. The array has an entry per dim of the module. */
void vmo_bind_local_dims(const vmo_module *module, const vmo_function *function, const vmo_op *op,
                         const vmo_declaration *declaration, vmo_size_id *replacements);
/* Makes the declaration's local dims VMO_NONE again. */
void vmo_forget_local_dims(const vmo_module *module, const vmo_declaration *declaration, vmo_size_id *replacements);

#endif
