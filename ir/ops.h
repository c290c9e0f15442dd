/* ops.h: the rows of ops.def as they are in memory; private to ir/. */
#ifndef VMO_IR_OPS_H
#define VMO_IR_OPS_H

#include "ir/ir.h"

/* The rules that give the shapes of results: X(RULE, "in words"). Each is a function in ir/rules_*.c. */
#define VMO_RULES(X) \
  X(SHAPES, "the shapes in the row") \
  X(BROADCAST, "the operands' shapes, broadcast against each other") \
  X(CONSTANT, "as written; as many elements as values, or any number of one value") \
  X(RESHAPE, "as written; as many elements as the operand") \
  X(SLICE, "size, or (stop - start) / step rounded up; the operand's on axes that are not listed") \
  X(SPLIT, "as written; along the axis they add up to the operand, elsewhere they are the operand's") \
  X(CONCAT, "the operands' sum along the axis, and their common size elsewhere") \
  X(PAD, "low + operand + high, axis by axis") \
  X(EXPAND, "as written; the operand's shape must broadcast to it") \
  X(TRANSPOSE, "the operand's axes, reordered") \
  X(REDUCE, "the operand's shape without the reduced axes, or with 1 in their place under keep") \
  X(MATMUL, "the shapes in the row, after the transposition of operands that the attributes ask for") \
  X(GATHER, "the operand's shape with the indices' shape in place of the axis") \
  X(SCATTER, "operand 0's shape") \
  X(CONVOLUTION, "P = (H + 2 pad - dilation (R - 1) - 1) / stride + 1 rounded down, likewise Q") \
  X(POOL, "P = (H + 2 pad - size) / stride + 1 rounded down, likewise Q") \
  X(CALLEE, "the results of the function or declared op") \
  X(STRUCTURE, "what the regions yield")

typedef enum vmo_rule {
#define X(rule, words) VMO_RULE_##rule,
  VMO_RULES(X)
#undef X
      VMO_RULE_COUNT
} vmo_rule;

typedef enum vmo_workspace_rule { VMO_WORKSPACE_NONE, VMO_WORKSPACE_SCORES, VMO_WORKSPACE_DECLARED } vmo_workspace_rule;

typedef struct vmo_op_row {
  vmo_op_info info;
  const char *row_name; /* as in VMO_OP_name */
  vmo_rule rule;
  vmo_workspace_rule workspace;
} vmo_op_row;

const vmo_op_row *vmo_op_get_row(vmo_opcode code);

/* ---- attributes of a verified op, with the row's defaults put in by the caller (ops_read.c) ---- */

/* Item `index` of an attribute, where a single item stands for any index; NULL when it is not given. */
const vmo_attribute_item *vmo_op_item(const vmo_module *module, const vmo_function *function, const vmo_op *op,
                                      const char *name, uint32_t index);
/* How many items an attribute has; 0 when it is not given. */
uint32_t vmo_op_item_count(const vmo_module *module, const vmo_function *function, const vmo_op *op, const char *name);
/* Item `index` of a list of sizes; `otherwise` when the list is shorter. VMO_NONE when memory is out. */
vmo_size_id vmo_op_size(const vmo_module *module, const vmo_function *function, const vmo_op *op, const char *name,
                        uint32_t index, vmo_size_id otherwise);

/* The axes of operand 0 that a reduction works on, bit i for axis i; all of them when it names none. */
uint64_t vmo_op_reduced_axes(const vmo_module *module, const vmo_function *function, const vmo_op *op, uint32_t rank);

/* What a slice takes of axis `axis` of operand 0, which has `whole` elements there. VMO_NONE sizes: see dims.h. */
typedef struct vmo_cut {
  vmo_size_id start, size;
  int64_t step;
} vmo_cut;
vmo_cut vmo_op_cut(const vmo_module *module, const vmo_function *function, const vmo_op *op, uint32_t axis,
                   vmo_size_id whole);

#endif
