/* edit.h: edits of a function, batched: requests are collected and a new array of ops is built once. Value ids survive,
 * op indices do not. */
#ifndef VMO_PASSES_EDIT_H
#define VMO_PASSES_EDIT_H

#include "ir/ir.h"
#include "support/bitset.h"
#include "support/hash_index.h"

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

/* What the loops of a function need to do two trips at a time (double_loop.c). */
typedef struct vmo_doubled_loop {
  uint32_t loop;           /* the `for` op, in whose body is no loop */
  vmo_region_id otherwise; /* made: the branch that the last trip takes when there is no second one */
} vmo_doubled_loop;

/* A new function in which each of those loops does the next trip too in one trip; they are sorted. NULL when memory is
 * out. */
vmo_function *vmo_double_loops(vmo_module *module, const vmo_function *function, vmr_arena *scratch,
                               vmo_doubled_loop *loops, uint32_t count);

/* ---- what edits are made of ---- */

typedef struct vmo_edit {
  vmo_module *module;
  const vmo_function *from;
  vmo_function *to;
  uint32_t *moved;    /* new index of each old op; VMO_NONE: gone */
  uint32_t *starts;   /* new index of the first op inserted before it, or of itself */
  vmr_arena *scratch; /* for what is of use during the edit */
} vmo_edit;

/* The new function begins as a copy of the old one that shares the arrays which stay as they are; ops, which are appended
 * one by one, operands and values have room for so many. */
bool vmo_begin_edit(vmo_edit *edit, uint32_t ops, uint32_t operands, uint32_t values);
/* When `moved` and `starts` are known of all old ops: tells the old regions and values where their ops are. */
void vmo_end_edit(vmo_edit *edit);

typedef struct vmo_taken_name { /* a symbol that names a value of the function */
  vmr_symbol symbol;
  uint32_t next; /* number to try for the next value that would be called so */
} vmo_taken_name;

typedef struct vmo_naming {
  vmr_arena *arena;
  vmo_hash_index index;
  VMO_VEC(vmo_taken_name) names;
} vmo_naming;

/* Notes the names that are taken; false when memory is out. */
bool vmo_collect_names(const vmo_function *function, vmo_naming *naming);
/* "x.copy" of "x" and ".copy", or "x.copy2", ... when that names another value; 0 when memory is out. */
vmr_symbol vmo_name_after(vmo_module *module, vmo_naming *naming, const char *base, const char *suffix);

#endif
