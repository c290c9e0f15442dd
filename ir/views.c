/* views.c: which results are views, and of which bytes.
 *
 * A part of a row-major array is contiguous when, from the outermost axis on, it takes one element of each axis, then
 * a run of one axis, and all of every axis after that:
 *
 *   f64[8,4,5]   [2, 1:3, :]  is 10 elements from 2*20 + 1*5 on
 *
 * A result that asks for an alignment of its own, or for another memory space, gets bytes of its own (a reshape may
 * not ask). Linear in the rank; the parts of a split are added up as one asks for them. */
#include "ir/module_index.h"
#include "ir/ops.h"

typedef struct part {
  uint32_t rank;
  vmo_size_id whole[VMO_MAX_RANK];
  vmo_cut cuts[VMO_MAX_RANK];
} part;

static bool is_number(const vmo_module *module, vmo_size_id size, int64_t wanted) {
  int64_t number;
  return vmo_size_is_constant(module->sizes, size, &number) && number == wanted;
}

static bool is_whole(const vmo_module *module, const part *p, uint32_t axis) {
  const vmo_cut *cut = &p->cuts[axis];
  return is_number(module, cut->start, 0) && cut->size == p->whole[axis] &&
         (cut->step == 1 || is_number(module, cut->size, 1));
}

static bool is_contiguous(const vmo_module *module, const part *p) {
  uint32_t axis = p->rank;
  while (axis > 0 && is_whole(module, p, axis - 1)) axis--;
  if (axis == 0) return true;
  const vmo_cut *run = &p->cuts[axis - 1];
  if (run->step != 1 && !is_number(module, run->size, 1)) return false;
  for (uint32_t i = 0; i + 1 < axis; i++)
    if (!is_number(module, p->cuts[i].size, 1)) return false;
  return true;
}

/* The sum of start times stride, in bytes. */
static vmo_size_id byte_offset_of(vmo_module *module, const part *p, vmo_element element) {
  vmo_sizes *sizes = module->sizes;
  vmo_size_id offset = vmo_size_constant(sizes, 0);
  vmo_size_id stride = vmo_size_constant(sizes, vmo_element_bytes(element));
  for (uint32_t axis = p->rank; axis-- > 0;) {
    offset = vmo_size_add(sizes, offset, vmo_size_multiply(sizes, p->cuts[axis].start, stride));
    stride = vmo_size_multiply(sizes, stride, p->whole[axis]);
  }
  return offset;
}

static void read_slice(vmo_module *module, const vmo_function *function, const vmo_op *op, part *p) {
  for (uint32_t axis = 0; axis < p->rank; axis++)
    p->cuts[axis] = vmo_op_cut(module, function, op, axis, p->whole[axis]);
}

/* The sum of the sizes of the results before `result` along the axis. */
static vmo_size_id split_start(vmo_module *module, const vmo_function *function, const vmo_op *op, uint32_t axis,
                               uint32_t result) {
  vmo_split_memo *memo = &module->index->split;
  if (memo->function != function || memo->first != op->result_first || memo->result > result)
    *memo = (vmo_split_memo){function, op->result_first, 0, vmo_size_constant(module->sizes, 0)};
  for (; memo->result < result; memo->result++) {
    const vmo_type *before = vmo_value_type(module, function, op->result_first + memo->result);
    memo->start = vmo_size_add(module->sizes, memo->start, module->shapes.data[before->shape_first + axis]);
  }
  return memo->start;
}

static void read_split(vmo_module *module, const vmo_function *function, const vmo_op *op, uint32_t result, part *p) {
  uint32_t split = (uint32_t)vmo_op_integer(module, function, op, "axis", 0);
  vmo_size_id zero = vmo_size_constant(module->sizes, 0), start = split_start(module, function, op, split, result);
  const vmo_type *type = vmo_value_type(module, function, op->result_first + result);
  for (uint32_t axis = 0; axis < p->rank; axis++)
    p->cuts[axis] = (vmo_cut){axis == split ? start : zero, module->shapes.data[type->shape_first + axis], 1};
}

bool vmo_op_is_view(vmo_module *module, const vmo_function *function, const vmo_op *op, uint32_t result,
                    vmo_size_id *byte_offset) {
  if (!vmo_op_get_row((vmo_opcode)op->code)->info.view) return false;
  vmo_value_id operand = vmo_op_value(function, op, 0);
  if (operand == VMO_NONE || result >= op->result_count) return false;
  const vmo_type *viewed = vmo_value_type(module, function, operand);
  const vmo_type *view = vmo_value_type(module, function, op->result_first + result);
  *byte_offset = vmo_size_constant(module->sizes, 0);
  if (op->code == VMO_OP_reshape) return true;
  if (view->space != viewed->space || view->alignment != 0) return false;
  part p = {.rank = viewed->rank};
  for (uint32_t axis = 0; axis < p.rank; axis++) p.whole[axis] = module->shapes.data[viewed->shape_first + axis];
  if (op->code == VMO_OP_slice)
    read_slice(module, function, op, &p);
  else
    read_split(module, function, op, result, &p);
  if (!is_contiguous(module, &p)) return false;
  *byte_offset = byte_offset_of(module, &p, viewed->element);
  return true;
}
