/* kernel_indexed.c: ops that go where indices say: gather, scatter, histogram, where_index, rows of a table.
 *
 * An array of outer x axis x inner elements and n indices: element (o, i, k) of a gather is x[o, at[i], k]. An index is looked
 * at once for each row of inner elements that it names; one that is outside ends the function. Linear. */
#include "codegen/kernels.h"

typedef struct layout {
  LLVMValueRef outer, size, inner, indices;
  bool has_inner; /* inner is not known to be 1 */
} layout;

static layout lay_out(vmo_emitter *e, const vmo_emit_array *array, const vmo_emit_array *indices, uint32_t axis) {
  layout l = {.outer = vmo_count_axes(e, array, 0, axis), .size = array->sizes[axis], .indices = indices->count};
  l.inner = vmo_count_axes(e, array, axis + 1, array->rank);
  l.has_inner = !LLVMIsAConstantInt(l.inner) || LLVMConstIntGetSExtValue(l.inner) != 1;
  return l;
}

static LLVMValueRef add_scaled(vmo_emitter *e, LLVMValueRef start, LLVMValueRef index, LLVMValueRef by) {
  return vmo_add_i64(e, start, vmo_multiply_i64(e, index, by));
}

/* ---- gather ---- */

static void gather_row(vmo_emitter *e, const layout *l, const vmo_emit_array *from, LLVMValueRef from_at,
                       const vmo_emit_array *to, LLVMValueRef to_at) {
  if (l->has_inner)
    vmo_copy_elements(e, from, from_at, to, to_at, l->inner);
  else
    vmo_store_element(e, to, to_at, vmo_load_element(e, from, from_at));
}

static void gather(vmo_emitter *e, const layout *l, const vmo_emit_array *from, const vmo_emit_array *at,
                   const vmo_emit_array *to) {
  vmo_emit_array bits = from->scalar == NULL ? vmo_as_bits(from) : *from;
  vmo_emit_array result = from->scalar == NULL ? vmo_as_bits(to) : *to;
  vmo_emit_loop outer, rows;
  vmo_begin_loop(e, &outer, vmo_i64(e, 0), l->outer, false);
  vmo_begin_loop(e, &rows, vmo_i64(e, 0), l->indices, false);
  LLVMValueRef index = vmo_require_index(e, vmo_load_element(e, at, rows.index), l->size);
  LLVMValueRef from_at = vmo_multiply_i64(e, add_scaled(e, index, outer.index, l->size), l->inner);
  LLVMValueRef to_at = vmo_multiply_i64(e, add_scaled(e, rows.index, outer.index, l->indices), l->inner);
  gather_row(e, l, &bits, from_at, &result, to_at);
  vmo_end_loop(e, &rows);
  vmo_end_loop(e, &outer);
}

/* Where c is true: each index is written, and counted if it holds, so the next one is written over it if it does not. */
static void where_index(vmo_emitter *e, const vmo_emit_op *op) {
  LLVMValueRef count = vmo_make_variable(e, e->i64);
  vmo_emit_loop loop;
  vmo_set_variable(e, count, vmo_i64(e, 0));
  vmo_begin_loop(e, &loop, vmo_i64(e, 0), op->operands[0].count, false);
  LLVMValueRef at = vmo_get_variable(e, count), holds = vmo_load_element(e, &op->operands[0], loop.index);
  vmo_store_element(e, &op->results[0], at, loop.index);
  vmo_set_variable(e, count, vmo_add_i64(e, at, LLVMBuildZExt(e->builder, holds, e->i64, "")));
  vmo_end_loop(e, &loop);
  vmo_clear_elements(e, &op->results[0], vmo_get_variable(e, count));
  vmo_store_element(e, &op->results[1], vmo_i64(e, 0), vmo_get_variable(e, count));
}

void vmo_emit_gather(vmo_emitter *e, const vmo_emit_op *op) {
  uint32_t table = op->op->code == VMO_OP_edge_gather ? 1 : 0;
  if (op->op->code == VMO_OP_where_index) {
    where_index(e, op);
    return;
  }
  uint32_t axis = op->op->code == VMO_OP_gather ? (uint32_t)vmo_attribute_integer(e, op->op, "axis", 0, 0) : 0;
  const vmo_emit_array *from = &op->operands[table], *at = &op->operands[1 - table];
  layout l = lay_out(e, from, at, axis);
  gather(e, &l, from, at, &op->results[0]);
}

/* ---- scatter ---- */

typedef struct scattering {
  layout l;
  const vmo_emit_array *updates, *to;
  LLVMValueRef from_at, to_at;
  bool adds;
} scattering;

static void scatter_element(vmo_emitter *e, const scattering *s, LLVMValueRef inner) {
  LLVMValueRef zero = vmo_i64(e, 0), to = vmo_add_i64(e, s->to_at, inner);
  LLVMValueRef from = s->updates->rank == 0 ? zero : vmo_add_i64(e, s->from_at, inner);
  LLVMValueRef number = vmo_load_element(e, s->updates, from);
  if (s->adds) number = vmo_emit_add(e, s->to->element, vmo_load_element(e, s->to, to), number);
  vmo_store_element(e, s->to, to, number);
}

static void scatter_rows(vmo_emitter *e, scattering *s, const vmo_emit_array *at) {
  const layout *l = &s->l;
  vmo_emit_loop outer, rows, inner;
  vmo_begin_loop(e, &outer, vmo_i64(e, 0), l->outer, false);
  vmo_begin_loop(e, &rows, vmo_i64(e, 0), l->indices, false);
  LLVMValueRef index = vmo_require_index(e, vmo_load_element(e, at, rows.index), l->size);
  s->to_at = vmo_multiply_i64(e, add_scaled(e, index, outer.index, l->size), l->inner);
  s->from_at = vmo_multiply_i64(e, add_scaled(e, rows.index, outer.index, l->indices), l->inner);
  if (l->has_inner) {
    vmo_begin_loop(e, &inner, vmo_i64(e, 0), l->inner, true);
    scatter_element(e, s, inner.index);
    vmo_end_loop(e, &inner);
  } else {
    scatter_element(e, s, vmo_i64(e, 0));
  }
  vmo_end_loop(e, &rows);
  vmo_end_loop(e, &outer);
}

static void emit_scatter(vmo_emitter *e, const vmo_emit_op *op) {
  uint32_t axis = (uint32_t)vmo_attribute_integer(e, op->op, "axis", 0, 0);
  scattering s = {.updates = &op->operands[2], .to = &op->results[0]};
  s.adds = op->op->code == VMO_OP_scatter_add;
  s.l = lay_out(e, &op->operands[0], &op->operands[1], axis);
  vmo_begin_destination(e, op);
  scatter_rows(e, &s, &op->operands[1]);
}

/* ---- histogram ---- */

static LLVMValueRef bound(vmo_emitter *e, const vmo_emit_op *op, const char *name) {
  vmo_element element = op->operands[0].element;
  return vmo_convert_number(e, element, vmo_attribute_number(e, op->op, name, 0, element, 0), VMO_F64);
}

/* floor((x - low) parts / (high - low)), a double; *inside: whether there is such a part. */
static LLVMValueRef part_of(vmo_emitter *e, LLVMValueRef x, LLVMValueRef low, LLVMValueRef high, LLVMValueRef parts,
                            LLVMValueRef *inside) {
  LLVMBuilderRef b = e->builder;
  LLVMValueRef above = LLVMBuildFMul(b, LLVMBuildFSub(b, x, low, ""), parts, "");
  LLVMValueRef part = LLVMBuildFDiv(b, above, LLVMBuildFSub(b, high, low, ""), "");
  part = vmo_call_intrinsic(e, "llvm.floor", &part, 1);
  *inside = LLVMBuildAnd(b, LLVMBuildFCmp(b, LLVMRealOGE, x, low, ""), LLVMBuildFCmp(b, LLVMRealOLT, x, high, ""), "");
  LLVMValueRef first = LLVMBuildFCmp(b, LLVMRealOGE, part, LLVMConstReal(e->f64, 0), "");
  *inside = LLVMBuildAnd(b, *inside, LLVMBuildAnd(b, first, LLVMBuildFCmp(b, LLVMRealOLT, part, parts, ""), ""), "");
  return part;
}

static void emit_histogram(vmo_emitter *e, const vmo_emit_op *op) {
  const vmo_emit_array *from = &op->operands[0], *to = &op->results[0];
  vmo_emit_loop loop;
  vmo_emit_branch branch;
  LLVMValueRef parts = LLVMBuildSIToFP(e->builder, to->count, e->f64, ""), low = bound(e, op, "low"), inside;
  bool has_high = vmo_op_attribute(e->module, e->function, op->op, "high") != NULL;
  LLVMValueRef high = has_high ? bound(e, op, "high") : LLVMBuildFAdd(e->builder, low, parts, "");
  vmo_begin_loop(e, &loop, vmo_i64(e, 0), to->count, true);
  vmo_store_element(e, to, loop.index, vmo_whole_number(e, to->element, 0));
  vmo_end_loop(e, &loop);
  vmo_begin_loop(e, &loop, vmo_i64(e, 0), from->count, false);
  LLVMValueRef x = vmo_convert_number(e, from->element, vmo_load_element(e, from, loop.index), VMO_F64);
  LLVMValueRef part = part_of(e, x, low, high, parts, &inside);
  vmo_begin_if(e, &branch, inside);
  LLVMValueRef at = LLVMBuildFPToSI(e->builder, part, e->i64, "");
  LLVMValueRef count = vmo_emit_add(e, to->element, vmo_load_element(e, to, at), vmo_whole_number(e, to->element, 1));
  vmo_store_element(e, to, at, count);
  vmo_end_if(e, &branch);
  vmo_end_loop(e, &loop);
}

void vmo_emit_scatter(vmo_emitter *e, const vmo_emit_op *op) {
  if (op->op->code == VMO_OP_histogram)
    emit_histogram(e, op);
  else
    emit_scatter(e, op);
}
