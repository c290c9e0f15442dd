/* outline.c: in large functions, ops that are alike share one LLVM function.
 *
 * LLVM's passes take more than linear time in the size of a function, and much for each loop. A function of thousands of ops
 * has few kinds of them, so each kind becomes a function of its own, with the addresses of arrays and the scalars as
 * parameters, and an op becomes a call:
 *
 *   %c = mul %a, %b : f64[N]        call i32 @op.<key>(call, line, column, a, b, c)
 *
 * Alike are ops of one opcode, with equal attributes, whose operands and results have equal types; the key is a digest of
 * that (128 bits of FNV-1a, twice seeded). Smaller functions have their loops in place, where LLVM knows their constants. */
#include <stdio.h>
#include <string.h>

#include "codegen/compile.h"

enum { LARGE_FUNCTION = 256 };

static const char MAY_FAIL[] = "vmo-may-fail"; /* the attribute of functions whose status is looked at */

/* ---- the key ---- */

typedef struct digest {
  uint64_t low, high;
} digest;

static void add_bytes(digest *d, const void *data, size_t count) {
  const unsigned char *bytes = data;
  for (size_t i = 0; i < count; i++) {
    d->low = (d->low ^ bytes[i]) * UINT64_C(0x100000001b3);
    d->high = (d->high ^ bytes[i] ^ 0x5a) * UINT64_C(0x100000001b3) + (d->low >> 47);
  }
}

static void add_number(digest *d, uint64_t number) { add_bytes(d, &number, sizeof number); }

static void add_attributes(digest *d, const vmo_emitter *e, const vmo_op *op) {
  for (uint32_t i = 0; i < op->attribute_count; i++) {
    const vmo_attribute *attribute = &e->function->attributes.data[op->attribute_first + i];
    add_number(d, attribute->name);
    add_number(d, attribute->is_list);
    add_number(d, attribute->item_count);
    for (uint32_t k = 0; k < attribute->item_count; k++) {
      const vmo_attribute_item *item = &e->function->items.data[attribute->item_first + k];
      bool is_id = item->kind >= VMO_ATTRIBUTE_SIZE;
      add_number(d, item->kind);
      if (is_id)
        add_number(d, item->value.id);
      else
        add_bytes(d, &item->value, sizeof item->value);
    }
  }
}

static void add_arrays(digest *d, const vmo_emit_array *arrays, uint32_t count) {
  add_number(d, count);
  for (uint32_t i = 0; i < count; i++) {
    add_number(d, arrays[i].element);
    add_number(d, arrays[i].rank);
    add_number(d, (arrays[i].scalar != NULL ? 1u : 0u) + (arrays[i].is_view ? 2u : 0u));
    for (uint32_t k = 0; k < arrays[i].rank; k++) add_number(d, arrays[i].shape[k]);
  }
}

static void name_kind(const vmo_emitter *e, const vmo_emit_op *op, char *name, size_t bytes) {
  digest d = {UINT64_C(0xcbf29ce484222325), UINT64_C(0x9ae16a3b2f90404f)};
  add_number(&d, op->op->code);
  add_number(&d, e->module == e->compilation->module); /* sizes have numbers of their own in each module */
  add_number(&d, op->workspace != NULL);
  add_attributes(&d, e, op->op);
  add_arrays(&d, op->operands, op->operand_count);
  add_arrays(&d, op->results, op->result_count);
  snprintf(name, bytes, "op.%s.%016llx%016llx", vmo_op_get_info((vmo_opcode)op->op->code)->name,
           (unsigned long long)d.high, (unsigned long long)d.low);
}

/* ---- the parameters: call, line, column, operands, results, workspace ---- */

static LLVMValueRef value_of(const vmo_emit_array *array) {
  return array->scalar != NULL ? array->scalar : array->pointer;
}

static LLVMValueRef *list_values(vmo_emitter *e, const vmo_emit_op *op, uint32_t *count) {
  LLVMValueRef *values = vmo_emit_alloc(e, 4 + op->operand_count + op->result_count, sizeof *values);
  vmo_location location = op->op->location;
  *count = 0;
  if (values == NULL) return NULL;
  values[(*count)++] = e->frame->call;
  values[(*count)++] = LLVMConstInt(e->i32, location.line, false);
  values[(*count)++] = LLVMConstInt(e->i32, location.column, false);
  for (uint32_t i = 0; i < op->operand_count; i++) values[(*count)++] = value_of(&op->operands[i]);
  for (uint32_t i = 0; i < op->result_count; i++) values[(*count)++] = value_of(&op->results[i]);
  if (op->workspace != NULL) values[(*count)++] = op->workspace;
  return values;
}

/* The same arrays within the function, where their values are parameters. */
static const vmo_emit_array *bind_arrays(vmo_emitter *e, const vmo_emit_array *outside, uint32_t count,
                                         uint32_t first) {
  vmo_emit_array *arrays = vmo_emit_alloc(e, (size_t)count + 1, sizeof *arrays);
  for (uint32_t i = 0; arrays != NULL && i < count; i++) {
    LLVMValueRef parameter = LLVMGetParam(e->frame->function, first + i);
    arrays[i] = outside[i];
    arrays[i].count = vmo_i64(e, 1);
    LLVMValueRef *sizes = vmo_emit_alloc(e, (size_t)outside[i].rank + 1, sizeof *sizes);
    vmo_size_id elements = vmo_size_constant(e->module->sizes, 1);
    for (uint32_t k = 0; sizes != NULL && k < outside[i].rank; k++) {
      sizes[k] = vmo_emit_size(e, outside[i].shape[k]);
      elements = vmo_size_multiply(e->module->sizes, elements, outside[i].shape[k]);
    }
    arrays[i].sizes = sizes;
    arrays[i].count = vmo_emit_size(e, elements);
    if (outside[i].scalar != NULL)
      arrays[i].scalar = parameter;
    else
      arrays[i].pointer = parameter;
  }
  return arrays;
}

static void fill_kind(vmo_emitter *e, const vmo_emit_op *op, vmo_emit_kernel kernel, LLVMValueRef function) {
  vmo_emit_frame *outer = e->frame, frame;
  LLVMBasicBlockRef block = LLVMGetInsertBlock(e->builder);
  vmo_open_frame(e, &frame, function);
  frame.line = LLVMGetParam(function, 1);
  frame.column = LLVMGetParam(function, 2);
  vmo_emit_op inner = *op;
  inner.operands = bind_arrays(e, op->operands, op->operand_count, 3);
  inner.results = bind_arrays(e, op->results, op->result_count, 3 + op->operand_count);
  if (op->workspace != NULL) inner.workspace = LLVMGetParam(function, 3 + op->operand_count + op->result_count);
  if (e->status == VMO_OK) kernel(e, &inner);
  LLVMBuildRet(e->builder, LLVMConstInt(e->i32, VMR_CALL_OK, false));
  if (LLVMCountIncoming(frame.status) > 0)
    LLVMAddAttributeAtIndex(function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                            LLVMCreateStringAttribute(e->llvm, MAY_FAIL, sizeof MAY_FAIL - 1, "", 0));
  vmo_close_frame(e, &frame);
  e->frame = outer;
  LLVMPositionBuilderAtEnd(e->builder, block);
}

bool vmo_is_outlined(const vmo_emitter *e) { return e->function->ops.count > LARGE_FUNCTION; }

void vmo_emit_outlined(vmo_emitter *e, const vmo_emit_op *op, vmo_emit_kernel kernel) {
  char name[128];
  uint32_t count;
  LLVMValueRef *values = list_values(e, op, &count);
  LLVMTypeRef *types = vmo_emit_alloc(e, (size_t)count + 1, sizeof *types);
  if (values == NULL || types == NULL) return;
  for (uint32_t i = 0; i < count; i++) types[i] = LLVMTypeOf(values[i]);
  LLVMTypeRef type = LLVMFunctionType(e->i32, types, count, false);
  name_kind(e, op, name, sizeof name);
  LLVMValueRef function = LLVMGetNamedFunction(e->code, name);
  if (function == NULL) {
    function = LLVMAddFunction(e->code, name, type);
    LLVMSetLinkage(function, LLVMInternalLinkage);
    LLVMAddAttributeAtIndex(function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                            vmo_make_attribute(e, "noinline", 0));
    LLVMAddAttributeAtIndex(function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                            vmo_make_attribute(e, "nounwind", 0));
    fill_kind(e, op, kernel, function);
  }
  LLVMValueRef status = LLVMBuildCall2(e->builder, type, function, values, count, "");
  LLVMAttributeIndex on_function = (LLVMAttributeIndex)LLVMAttributeFunctionIndex;
  if (LLVMGetStringAttributeAtIndex(function, on_function, MAY_FAIL, sizeof MAY_FAIL - 1) != NULL)
    vmo_require_status(e, status, false);
}
