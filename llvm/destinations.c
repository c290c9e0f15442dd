/* destinations.c: functions that make an object for their callers, and are too large to stand in place of their calls, are
 * told where to put it.
 *
 *   define ptr @product(ptr %a, ptr %b)            define ptr @product(ptr %a, ptr %b, ptr %slot, i64 %room, ptr %taken)
 *     %p = call ptr @malloc(i64 %n)                  ; %p is %slot, if %n <= %room, there is one and it is free
 *                                           ->
 *   %p = call ptr @product(%a, %b)                 %p = call ptr @product(%a, %b, %vmemopt.slot, 1024, %vmemopt.taken)
 *   %q = call ptr @product(%a, %c)                 %q = call ptr @product(%a, %c, null, 0, null)
 *
 * Of a caller in which the object is local, the slot is in its frame; the others have none. sites.c decides for either side
 * from the same summaries as for slots in one function, stack.c edits them in the same way: the allocation takes the slot
 * when, as the program runs, the object fits and the flag says that it is free; each free that may mean the object, in the
 * function and in its caller, compares the address, and clears the flag. So no count of references need be understood:
 * whichever free comes to be the last one does it. This file only adds the parameters: the body moves to a function that has
 * them. What was the function stays where its address is known, or other modules may call it, and calls the new one.
 * Linear in the calls of the functions that change. */
#include "llvm/destinations.h"

#include <stdlib.h>
#include <string.h>

#include <llvm-c/DebugInfo.h>

#include "llvm/recursion.h"
#include "llvm/sparing.h"

#define PARAMETERS 3               /* of a destination */
#define MAKER_MARK "vmemopt.maker" /* metadata, while functions change: the number of a destination */

bool vmo_ll_can_have_destination(const vmo_ll_planning *planning, uint32_t id) {
  const vmo_ll_function *function = &planning->program->functions.data[id];
  const vmo_ll_obstacles *o = &function->obstacles;
  return vmo_ll_can_split(planning->program, planning->options, function) && !function->recursive &&
         !vmo_ll_spares(planning->program, function->ref) && !o->setjmp && !o->sanitized && !o->musttail &&
         !o->coroutine && !o->naked && !o->exception;
}

static LLVMValueRef function_of(LLVMValueRef instruction) {
  return LLVMGetBasicBlockParent(LLVMGetInstructionParent(instruction));
}

uint32_t *vmo_ll_index_destinations(vmo_ll_program *program, const vmo_ll_destinations *destinations) {
  size_t count = (size_t)program->instructions.count + 1;
  uint32_t *index = vmr_arena_alloc_array(program->arena, count, sizeof *index);
  if (index == NULL) return NULL;
  for (size_t i = 0; i < count; i++) index[i] = VMO_NONE;
  for (uint32_t d = 0; d < destinations->count; d++) {
    LLVMValueRef maker = destinations->data[d].maker;
    const vmo_ll_function *in = &program->functions.data[vmo_ll_find_function(program, function_of(maker))];
    index[vmo_ll_instruction_of(in, vmo_ll_find_value(program, maker))] = destinations->data[d].parameter;
  }
  return index;
}

/* ---- attributes ---- */

typedef struct change {
  vmo_ll_program *program;
  LLVMBuilderRef builder;
  LLVMValueRef old, made;
  LLVMTypeRef type;
  unsigned parameters, added;
  LLVMValueRef *values; /* room for the arguments of a call */
  vmo_ll_destinations *destinations;
} change;

/* ---- makers, which may be calls that change themselves ---- */

static unsigned maker_kind(const vmo_ll_program *program) {
  return LLVMGetMDKindIDInContext(program->llvm, MAKER_MARK, strlen(MAKER_MARK));
}

static void mark_maker(const vmo_ll_program *program, LLVMValueRef maker, uint32_t index) {
  LLVMMetadataRef number = LLVMValueAsMetadata(LLVMConstInt(LLVMInt32TypeInContext(program->llvm), index, false));
  LLVMMetadataRef node = LLVMMDNodeInContext2(program->llvm, &number, 1);
  LLVMSetMetadata(maker, maker_kind(program), LLVMMetadataAsValue(program->llvm, node));
}

/* What is known of a call is known of the one that takes its place. */
static void hand_mark_on(const change *c, LLVMValueRef call, LLVMValueRef better) {
  LLVMValueRef mark = LLVMGetMetadata(call, maker_kind(c->program)), index;
  if (mark == NULL) return;
  LLVMGetMDNodeOperands(mark, &index);
  c->destinations->data[LLVMConstIntGetZExtValue(index)].maker = better;
  LLVMSetMetadata(better, maker_kind(c->program), mark);
}

static bool is_kind(LLVMAttributeRef attribute, const char *name) {
  return LLVMIsEnumAttribute(attribute) &&
         LLVMGetEnumAttributeKind(attribute) == LLVMGetEnumAttributeKindForName(name, strlen(name));
}

/* Whether an attribute holds of what may write a slot of its caller's, and return its address. */
static bool holds(LLVMAttributeRef attribute, LLVMAttributeIndex index) {
  if (index == LLVMAttributeReturnIndex) return !is_kind(attribute, "noalias");
  if (index != (LLVMAttributeIndex)LLVMAttributeFunctionIndex) return true;
  unsigned length = 0;
  if (LLVMIsStringAttribute(attribute)) {
    const char *name = LLVMGetStringAttributeKind(attribute, &length);
    return length != strlen("alloc-family") || memcmp(name, "alloc-family", length) != 0;
  }
  return !is_kind(attribute, "memory") && !is_kind(attribute, "allockind") && !is_kind(attribute, "allocsize");
}

/* Copies those that hold, of a function or a call, to a function or a call. */
static vmo_status copy_attributes(const change *c, LLVMValueRef from, LLVMAttributeIndex index, LLVMValueRef to) {
  bool call = LLVMIsACallInst(from) != NULL;
  unsigned count = call ? LLVMGetCallSiteAttributeCount(from, index) : LLVMGetAttributeCountAtIndex(from, index);
  LLVMAttributeRef *list = vmr_arena_alloc_array(c->program->arena, (size_t)count + 1, sizeof(LLVMAttributeRef));
  if (list == NULL) return VMO_OUT_OF_MEMORY;
  if (call) {
    LLVMGetCallSiteAttributes(from, index, list);
  } else {
    LLVMGetAttributesAtIndex(from, index, list);
  }
  for (unsigned i = 0; i < count; i++) {
    if (!holds(list[i], index)) continue;
    if (LLVMIsACallInst(to)) {
      LLVMAddCallSiteAttribute(to, index, list[i]);
    } else {
      LLVMAddAttributeAtIndex(to, index, list[i]);
    }
  }
  return VMO_OK;
}

/* Of the result and the parameters that both have. */
static vmo_status copy_value_attributes(const change *c, LLVMValueRef from, LLVMValueRef to) {
  vmo_status status = VMO_OK;
  for (unsigned i = 0; i <= c->parameters && status == VMO_OK; i++)
    status = copy_attributes(c, from, LLVMAttributeReturnIndex + i, to);
  return status;
}

/* ---- the function with more parameters ---- */

static LLVMTypeRef word_type(const change *c) { return LLVMInt64TypeInContext(c->program->llvm); }

static LLVMTypeRef pointer_type(const change *c) { return LLVMPointerTypeInContext(c->program->llvm, 0); }

static bool find_type(change *c, unsigned destinations) {
  LLVMTypeRef old = LLVMGlobalGetValueType(c->old);
  c->parameters = LLVMCountParamTypes(old);
  c->added = destinations * PARAMETERS;
  size_t count = (size_t)c->parameters + c->added;
  LLVMTypeRef *types = vmr_arena_alloc_array(c->program->arena, count, sizeof(LLVMTypeRef));
  c->values = vmr_arena_alloc_array(c->program->arena, count, sizeof(LLVMValueRef));
  if (types == NULL || c->values == NULL) return false;
  LLVMGetParamTypes(old, types);
  for (unsigned i = 0; i < c->added; i++)
    types[c->parameters + i] = i % PARAMETERS == 1 ? word_type(c) : pointer_type(c);
  c->type = LLVMFunctionType(LLVMGetReturnType(old), types, (unsigned)count, false);
  return true;
}

static void move_body(const change *c) {
  LLVMBasicBlockRef first = LLVMAppendBasicBlockInContext(c->program->llvm, c->made, ""), last = first;
  for (LLVMBasicBlockRef b = LLVMGetFirstBasicBlock(c->old), next; b != NULL; b = next) {
    next = LLVMGetNextBasicBlock(b);
    LLVMMoveBasicBlockAfter(b, last);
    last = b;
  }
  LLVMDeleteBasicBlock(first);
}

/* Done first: between functions that both have notes, those about variables would be lost. */
static void move_note(const change *c) {
  LLVMMetadataRef note = LLVMGetSubprogram(c->old);
  if (note == NULL) return;
  LLVMGlobalEraseMetadata(c->old, LLVMGetMDKindIDInContext(c->program->llvm, "dbg", 3));
  LLVMSetSubprogram(c->made, note);
}

static void name_parameter(const change *c, unsigned index, const char *name, size_t length) {
  LLVMSetValueName2(LLVMGetParam(c->made, index), name, length);
}

static void move_parameters(const change *c) {
  static const char *const names[PARAMETERS] = {"slot", "room", "taken"};
  for (unsigned i = 0; i < c->parameters; i++) {
    size_t length;
    const char *name = LLVMGetValueName2(LLVMGetParam(c->old, i), &length);
    LLVMReplaceAllUsesWith(LLVMGetParam(c->old, i), LLVMGetParam(c->made, i));
    name_parameter(c, i, name, length);
  }
  for (unsigned i = 0; i < c->added; i++)
    name_parameter(c, c->parameters + i, names[i % PARAMETERS], strlen(names[i % PARAMETERS]));
}

static vmo_status make_function(change *c, unsigned destinations) {
  if (!find_type(c, destinations)) return VMO_OUT_OF_MEMORY;
  c->made = LLVMAddFunction(c->program->module, "", c->type);
  LLVMSetLinkage(c->made, LLVMInternalLinkage);
  LLVMSetFunctionCallConv(c->made, LLVMGetFunctionCallConv(c->old));
  if (LLVMGetSection(c->old) != NULL) LLVMSetSection(c->made, LLVMGetSection(c->old));
  vmo_status status = copy_attributes(c, c->old, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, c->made);
  if (status == VMO_OK) status = copy_value_attributes(c, c->old, c->made);
  if (status != VMO_OK) return status;
  move_note(c);
  move_body(c);
  move_parameters(c);
  return VMO_OK;
}

/* ---- its calls ---- */

static LLVMValueRef call_without_destination(const change *c) {
  for (unsigned i = 0; i < c->added; i++) {
    LLVMTypeRef type = i % PARAMETERS == 1 ? word_type(c) : pointer_type(c);
    c->values[c->parameters + i] = LLVMConstNull(type);
  }
  LLVMValueRef call = LLVMBuildCall2(c->builder, c->type, c->made, c->values, c->parameters + c->added, "");
  LLVMSetInstructionCallConv(call, LLVMGetFunctionCallConv(c->made));
  return call;
}

static bool can_change(const change *c, LLVMValueRef user) {
  for (unsigned i = 0; LLVMIsACallInst(user) && i < LLVMGetNumArgOperands(user); i++)
    if (LLVMGetOperand(user, i) == c->old) return false;
  return LLVMIsACallInst(user) && LLVMGetCalledValue(user) == c->old &&
         LLVMGetCalledFunctionType(user) == LLVMGlobalGetValueType(c->old) && LLVMGetNumOperandBundles(user) == 0 &&
         LLVMGetTailCallKind(user) != LLVMTailCallKindMustTail;
}

static vmo_status change_call(const change *c, LLVMValueRef call) {
  for (unsigned i = 0; i < c->parameters; i++) c->values[i] = LLVMGetOperand(call, i);
  LLVMPositionBuilderBefore(c->builder, call); /* at the call's place in the source */
  LLVMValueRef better = call_without_destination(c);
  LLVMSetTailCallKind(better, LLVMGetTailCallKind(call));
  vmo_status status = copy_attributes(c, call, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, better);
  if (status == VMO_OK) status = copy_value_attributes(c, call, better);
  hand_mark_on(c, call, better);
  LLVMReplaceAllUsesWith(call, better);
  size_t length;
  const char *name = LLVMGetValueName2(call, &length);
  char *words = vmr_arena_copy_text(c->program->arena, name, length);
  LLVMInstructionEraseFromParent(call);
  if (words == NULL) return VMO_OUT_OF_MEMORY;
  if (length > 0) LLVMSetValueName2(better, words, length);
  return status;
}

static vmo_status change_calls(const change *c) {
  VMO_VEC(LLVMValueRef) calls = {0};
  vmo_status status = VMO_OK;
  for (LLVMUseRef use = LLVMGetFirstUse(c->old); use != NULL; use = LLVMGetNextUse(use)) {
    LLVMValueRef user = LLVMGetUser(use);
    if (can_change(c, user) && !vmo_vec_push(c->program->arena, &calls, user)) return VMO_OUT_OF_MEMORY;
  }
  for (uint32_t i = 0; i < calls.count && status == VMO_OK; i++) status = change_call(c, calls.data[i]);
  return status;
}

/* For those that know its address, or its name elsewhere. */
static vmo_status build_forwarder(const change *c) {
  LLVMPositionBuilderAtEnd(c->builder, LLVMAppendBasicBlockInContext(c->program->llvm, c->old, "entry"));
  LLVMSetCurrentDebugLocation2(c->builder, NULL);
  LLVMGetParams(c->old, c->values);
  LLVMValueRef call = call_without_destination(c);
  if (LLVMGetTypeKind(LLVMGetReturnType(c->type)) == LLVMVoidTypeKind) {
    LLVMBuildRetVoid(c->builder);
  } else {
    LLVMBuildRet(c->builder, call);
  }
  return copy_value_attributes(c, c->old, call);
}

static bool is_known_elsewhere(LLVMValueRef function) {
  LLVMLinkage linkage = LLVMGetLinkage(function);
  return (linkage != LLVMInternalLinkage && linkage != LLVMPrivateLinkage) || LLVMGetFirstUse(function) != NULL;
}

static vmo_status name_function(const change *c, bool stays) {
  static const char end[] = ".slot";
  size_t length;
  const char *name = LLVMGetValueName2(c->old, &length);
  char *words = vmr_arena_alloc_array(c->program->arena, length + sizeof end, 1);
  if (words == NULL) return VMO_OUT_OF_MEMORY;
  memcpy(words, name, length);
  memcpy(words + length, end, sizeof end);
  if (!stays) LLVMDeleteFunction(c->old);
  LLVMSetValueName2(c->made, words, stays ? length + strlen(end) : length);
  return VMO_OK;
}

static vmo_status change_function(change *c, unsigned destinations) {
  vmo_status status = make_function(c, destinations);
  if (status == VMO_OK) status = change_calls(c);
  if (status != VMO_OK) return status;
  bool stays = is_known_elsewhere(c->old);
  if (stays) status = build_forwarder(c);
  return status == VMO_OK ? name_function(c, stays) : status;
}

static int compare_makers(const void *left, const void *right) {
  uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;
  return (a > b) - (a < b);
}

/* Lists what the makers get, of each function the first few, and marks their calls. */
static vmo_status list_destinations(vmo_ll_program *program, const uint32_t *makers, uint32_t count,
                                    vmo_ll_destinations *destinations) {
  LLVMValueRef last = NULL;
  for (uint32_t i = 0, of_function = 0; i < count; i++) {
    LLVMValueRef maker = program->instructions.data[makers[i]].ref, function = function_of(maker);
    of_function = function == last ? of_function + 1 : 0;
    last = function;
    if (of_function >= VMO_LL_MOST_DESTINATIONS) continue;
    vmo_ll_destination one = {maker, LLVMCountParams(function) + of_function * PARAMETERS};
    mark_maker(program, maker, destinations->count);
    if (!vmo_vec_push(program->context->arena, destinations, one)) return VMO_OUT_OF_MEMORY;
  }
  return VMO_OK;
}

vmo_status vmo_make_destinations(vmo_ll_program *program, uint32_t *makers, uint32_t count,
                                 vmo_ll_destinations *destinations) {
  change c = {.program = program, .destinations = destinations};
  if (count > 1) qsort(makers, count, sizeof *makers, compare_makers); /* those of a function follow each other */
  vmo_status status = list_destinations(program, makers, count, destinations);
  c.builder = LLVMCreateBuilderInContext(program->llvm);
  for (uint32_t i = 0, next; i < destinations->count && status == VMO_OK; i = next) {
    c.old = function_of(destinations->data[i].maker);
    for (next = i + 1; next < destinations->count && function_of(destinations->data[next].maker) == c.old;) next++;
    status = change_function(&c, next - i);
  }
  LLVMDisposeBuilder(c.builder);
  for (uint32_t i = 0; i < destinations->count; i++) vmo_ll_forget(program, destinations->data[i].maker, MAKER_MARK);
  return status == VMO_OK ? vmo_verify_llvm(program) : status;
}
