/* edit.h: edits of a function, batched: requests are collected and a new array of ops is built once. Value ids survive,
 * op indices do not. */
#ifndef VMO_PASSES_EDIT_H
#define VMO_PASSES_EDIT_H

#include "ir/ir.h"
#include "support/bitset.h"

/* Inserts `%new = copy source` before op `before`, in its region. */
typedef struct vmo_copy_request {
  uint32_t before;
  uint32_t user;    /* the op that reads the copy: that one, or a later one of its region */
  uint32_t operand; /* the operand of it that is to be the copy; VMO_NONE: none (a temporary) */
  vmo_operand source;
  vmo_type_id type;
  vmo_value_id named_after; /* the new name is this value's with ".copy"; VMO_NONE: "result.copy" */
} vmo_copy_request;

/* A new function with the copies in it; `requests` are sorted by `before`, those of one op in the order wanted. The
 * value of request i is function->values.count + i. NULL when memory is out. `scratch` is for what is of use meanwhile. */
vmo_function *vmo_insert_copies(vmo_module *module, const vmo_function *function, vmr_arena *scratch,
                                const vmo_copy_request *requests, uint32_t count);

/* An op that becomes a declared op; its results stay, its attributes go. */
typedef struct vmo_replacement {
  uint32_t op;
  uint32_t callee; /* the declaration */
  vmo_operand *operands;
  uint32_t operand_count;
} vmo_replacement;

/* A new function with the replaced ops, and of the others only those in `kept`. `replacements` are sorted by op. */
vmo_function *vmo_replace_ops(vmo_module *module, const vmo_function *function, vmr_arena *scratch,
                              const vmo_bitset *kept, const vmo_replacement *replacements, uint32_t count);

/* A new function with only the ops in `kept`; of a structured op all regions are kept or none. */
vmo_function *vmo_keep_ops(vmo_module *module, const vmo_function *function, vmr_arena *scratch,
                           const vmo_bitset *kept);

#endif
