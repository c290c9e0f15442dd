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

#endif
