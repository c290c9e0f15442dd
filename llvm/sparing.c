/* sparing.c: functions that free what their callers made, copied so that they can be given objects in slots.
 *
 *   define void @drop(ptr %list) {                 define void @drop.sparing(ptr %list, ptr %begin, ptr %end) {
 *     %item = load ptr, ptr %list                    %item = load ptr, ptr %list
 *     call void @free(ptr %item)            ->       %rest = (%begin <= %item && %item < %end) ? null : %item
 *     ...                                            call void @free(ptr %rest)
 *     call void @drop(ptr %next)                     call void @drop.sparing(ptr %next, ptr %begin, ptr %end)
 *
 * A caller has the slots of what such a callee frees side by side in its frame, and tells the copy where they begin and end;
 * told null and null, it does what the original does. That is right, since while the frame is there, no block of
 * the heap lies in it, and an address in it that is freed is one of the slots, whose object lives no longer; the caller alone
 * knew the object, so that the callee had it by way of its arguments, and each call there that may free what came that way is
 * either such a free or leads to such a copy. What it frees otherwise is not looked at. Whoever moves such an object
 * (realloc) cannot be copied. A copy that calls itself hands on what it was told, and so cannot tell of slots of its own: a
 * function's own objects that deeper frames of it free stay on the heap.
 *
 * The calls are changed when all inlining is done, and the module read again; then sites are decided upon, and those calls
 * told that free objects in slots. Each function is solved once more that is asked for, and copied once; copies are limited. */
#include "llvm/sparing.h"

#include <stdio.h>
#include <string.h>

#include <llvm-c/DebugInfo.h>

#include "llvm/heap_clones.h"

#define MOST_INSTRUCTIONS 2000 /* of a function that is copied */
#define MOST_TOGETHER 24       /* functions that are copied for one call */
#define MOST_COPIES 200
#define LEAST_ROOM 4000 /* instructions that may be added, whatever the program has, */
#define SHARE_OF_ROOM 5 /* and the part of the program that may be */

typedef enum answer { ANSWER_UNKNOWN, ANSWER_YES, ANSWER_NO } answer;

/* A call that may free what the function's caller made; `callee` does, or it is a free itself. */
typedef struct foreign_free {
  uint32_t instruction;
  bool by_callee;
} foreign_free;

typedef struct candidate {
  answer plain; /* its own frees can be guarded */
  answer all;   /* and those of all that it calls for it */
  uint32_t free_first, free_count;
  uint32_t search;      /* that met it last */
  LLVMValueRef made;    /* the copy */
  LLVMValueRef *values; /* of the copy, by local value id */
} candidate;

struct vmo_ll_sparing {
  vmo_ll_program *program;
  const vmo_ll_groups *groups;
  const vmo_ll_summary *summaries;
  candidate *candidates; /* by function */
  VMO_VEC(foreign_free) frees;
  VMO_VEC(uint32_t) together; /* functions that a search met */
  VMO_VEC(uint32_t) copied;   /* functions */
  VMO_VEC(uint32_t) calls;    /* instructions */
  uint32_t searches;
  uint64_t room;
  vmr_arena *solutions;
  LLVMBuilderRef builder;
  bool out_of_memory;
};

vmo_ll_sparing *vmo_ll_begin_sparing(vmo_ll_program *program, const vmo_ll_groups *groups,
                                     const vmo_ll_summary *summaries) {
  vmo_ll_sparing *s = vmr_arena_alloc_array(program->arena, 1, sizeof *s);
  if (s == NULL) return NULL;
  *s = (vmo_ll_sparing){.program = program, .groups = groups, .summaries = summaries};
  s->candidates = vmr_arena_alloc_array(program->arena, (size_t)program->functions.count + 1, sizeof *s->candidates);
  s->room = LEAST_ROOM + program->instructions.count / SHARE_OF_ROOM;
  return s->candidates != NULL ? s : NULL;
}

/* ---- what can be copied ---- */

static const vmo_ll_function *function_at(const vmo_ll_sparing *s, uint32_t f) {
  return &s->program->functions.data[f];
}

static const vmo_ll_instruction *instruction_at(const vmo_ll_sparing *s, uint32_t i) {
  return &s->program->instructions.data[i];
}

static const vmo_ll_copy_that_spares *find_copy(const vmo_ll_program *program, LLVMValueRef function) {
  for (uint32_t i = 0; i < program->sparing.count; i++)
    if (program->sparing.data[i].function == function) return &program->sparing.data[i];
  return NULL;
}

static bool has_block_address(LLVMValueRef function) {
  for (LLVMUseRef use = LLVMGetFirstUse(function); use != NULL; use = LLVMGetNextUse(use))
    if (LLVMIsABlockAddress(LLVMGetUser(use))) return true;
  return false;
}

static bool has_plain_form(const vmo_ll_sparing *s, const vmo_ll_function *function) {
  const vmo_ll_obstacles *o = &function->obstacles;
  if (!vmo_ll_is_defined(function) || !function->exact || function->variadic || function->count > MOST_INSTRUCTIONS)
    return false;
  if (o->setjmp || o->sanitized || o->coroutine || o->naked || o->exception || o->musttail) return false;
  if (vmo_ll_has_attribute(function->ref, "allockind") || vmo_ll_has_attribute(function->ref, "alwaysinline"))
    return false;
  for (uint32_t i = function->first; i < function->first + function->count; i++) {
    uint8_t opcode = instruction_at(s, i)->opcode;
    if (opcode == LLVMIndirectBr || opcode == LLVMCallBr || opcode == LLVMInvoke) return false;
  }
  return LLVMGetGC(function->ref) == NULL && !LLVMHasPersonalityFn(function->ref) &&
         find_copy(s->program, function->ref) == NULL && !has_block_address(function->ref);
}

/* Whether a call is of the callee's own type, and has nothing but arguments: two more can be added. */
static bool is_plain_call(const vmo_ll_instruction *call) {
  if (call->opcode != LLVMCall || call->callee == VMO_NONE) return false;
  LLVMValueRef callee = LLVMGetCalledValue(call->ref);
  return LLVMIsAFunction(callee) && LLVMGetCalledFunctionType(call->ref) == LLVMGlobalGetValueType(callee) &&
         LLVMGetTailCallKind(call->ref) != LLVMTailCallKindMustTail &&
         LLVMGetNumOperands(call->ref) == (int)LLVMGetNumArgOperands(call->ref) + 1;
}

/* Notes the function's frees of what its caller may have made; false: one cannot be guarded. */
static bool note_frees(vmo_ll_sparing *s, const vmo_ll_points_to *p) {
  for (uint32_t i = 0; i < p->releases.count; i++) {
    const vmo_ll_release *release = &p->releases.data[i];
    vmo_ll_object_kind kind = p->objects.data[release->object].kind;
    if (kind != VMO_LL_OBJECT_ARGUMENT && kind != VMO_LL_OBJECT_REACHED) continue;
    const foreign_free *last = s->frees.count > 0 ? &s->frees.data[s->frees.count - 1] : NULL;
    foreign_free one = {release->instruction, release->kind == VMO_LL_FREED_BY_CALLEE};
    if (release->kind == VMO_LL_MOVED || !is_plain_call(instruction_at(s, one.instruction))) return false;
    if (last != NULL && last->instruction == one.instruction) continue;
    if (!vmo_vec_push(s->program->arena, &s->frees, one)) s->out_of_memory = true;
  }
  return !s->out_of_memory;
}

static void find_frees(vmo_ll_sparing *s, uint32_t f) {
  candidate *c = &s->candidates[f];
  vmo_ll_points_to *points_to;
  if (c->plain != ANSWER_UNKNOWN) return;
  c->plain = ANSWER_NO;
  if (!has_plain_form(s, function_at(s, f))) return;
  vmr_arena *arena = vmr_arena_create(0);
  vmo_status status = VMO_OUT_OF_MEMORY;
  if (arena != NULL) status = vmo_solve_points_to(s->program, f, s->summaries, s->groups->group, arena, &points_to);
  c->free_first = s->frees.count;
  if (status == VMO_OK && note_frees(s, points_to)) c->plain = ANSWER_YES;
  c->free_count = s->frees.count - c->free_first;
  s->out_of_memory |= status == VMO_OUT_OF_MEMORY;
  vmr_arena_destroy(arena);
}

static bool meet(vmo_ll_sparing *s, uint32_t f) {
  if (s->candidates[f].search == s->searches) return true;
  s->candidates[f].search = s->searches;
  if (!vmo_vec_push(s->program->arena, &s->together, f)) s->out_of_memory = true;
  return !s->out_of_memory;
}

/* Lists the functions that are copied together with one; false: they cannot be. */
static bool find_together(vmo_ll_sparing *s, uint32_t first) {
  s->searches++;
  s->together.count = 0;
  if (!meet(s, first)) return false;
  for (uint32_t i = 0; i < s->together.count; i++) {
    uint32_t f = s->together.data[i];
    find_frees(s, f);
    const candidate *c = &s->candidates[f];
    if (c->plain == ANSWER_NO || c->all == ANSWER_NO || s->together.count > MOST_TOGETHER) return false;
    for (uint32_t k = c->free_first; k < c->free_first + c->free_count; k++)
      if (s->frees.data[k].by_callee && !meet(s, instruction_at(s, s->frees.data[k].instruction)->callee)) return false;
  }
  return true;
}

bool vmo_ll_can_spare(const vmo_ll_planning *planning, uint32_t caller, const vmo_ll_instruction *call) {
  vmo_ll_sparing *s = planning->sparing;
  if (s == NULL || !is_plain_call(call)) return false;
  if (s->groups->group[caller] == s->groups->group[call->callee]) return false; /* deeper frames would have no slots */
  candidate *c = &s->candidates[call->callee];
  if (c->all == ANSWER_UNKNOWN) c->all = find_together(s, call->callee) ? ANSWER_YES : ANSWER_NO;
  return c->all == ANSWER_YES;
}

bool vmo_ll_is_spared(const vmo_ll_planning *planning, const vmo_ll_instruction *call) {
  if (call->opcode != LLVMCall || call->callee == VMO_NONE) return false;
  if (find_copy(planning->program, LLVMGetCalledValue(call->ref)) == NULL) return false;
  unsigned count = LLVMGetNumArgOperands(call->ref);
  return LLVMIsNull(LLVMGetOperand(call->ref, count - 2)) && LLVMIsNull(LLVMGetOperand(call->ref, count - 1));
}

bool vmo_ll_spares(const vmo_ll_program *program, LLVMValueRef function) {
  return find_copy(program, function) != NULL;
}

const char *vmo_ll_original_name(const vmo_ll_program *program, uint32_t function) {
  const vmo_ll_copy_that_spares *copy = find_copy(program, program->functions.data[function].ref);
  return copy != NULL ? copy->original : program->functions.data[function].name;
}

vmo_status vmo_ll_want_sparing(vmo_ll_sparing *s, uint32_t call) {
  return vmo_vec_push(s->program->arena, &s->calls, call) ? VMO_OK : VMO_OUT_OF_MEMORY;
}

/* ---- copies ---- */

static bool copy_function(vmo_ll_sparing *s, uint32_t f) {
  const vmo_ll_function *function = function_at(s, f);
  candidate *c = &s->candidates[f];
  LLVMTypeRef pointer = LLVMPointerTypeInContext(s->program->llvm, 0), more[] = {pointer, pointer};
  char name[256];
  snprintf(name, sizeof name, "%.200s.sparing", function->name);
  c->made = vmo_ll_clone_with_parameters(s->program, f, name, more, 2, &c->values);
  vmo_ll_copy_that_spares copy = {c->made, function->name};
  return c->made != NULL && vmo_vec_push(s->program->context->arena, &s->program->sparing, copy) &&
         vmo_vec_push(s->program->arena, &s->copied, f);
}

/* Copies what is needed for a call; without room for all of it, nothing. */
static bool copy_together(vmo_ll_sparing *s, uint32_t f) {
  uint64_t instructions = 0;
  uint32_t copies = 0;
  if (!find_together(s, f)) return !s->out_of_memory;
  for (uint32_t i = 0; i < s->together.count; i++) {
    if (s->candidates[s->together.data[i]].made != NULL) continue;
    instructions += function_at(s, s->together.data[i])->count;
    copies++;
  }
  if (instructions > s->room || s->copied.count + copies > MOST_COPIES) return true;
  s->room -= instructions;
  for (uint32_t i = 0; i < s->together.count; i++)
    if (s->candidates[s->together.data[i]].made == NULL && !copy_function(s, s->together.data[i])) return false;
  return true;
}

static bool copy_call_attributes(vmo_ll_sparing *s, LLVMValueRef from, LLVMValueRef to, LLVMAttributeIndex index) {
  unsigned count = LLVMGetCallSiteAttributeCount(from, index);
  LLVMAttributeRef *room = vmr_arena_alloc_array(s->program->arena, (size_t)count + 1, sizeof(LLVMAttributeRef));
  if (room == NULL) return false;
  LLVMGetCallSiteAttributes(from, index, room);
  for (unsigned i = 0; i < count; i++) LLVMAddCallSiteAttribute(to, index, room[i]);
  return true;
}

/* Puts a call of the copy, with two more arguments, in the place of a call. */
static bool call_copy(vmo_ll_sparing *s, LLVMValueRef call, LLVMValueRef copy, LLVMValueRef begin, LLVMValueRef end) {
  unsigned count = LLVMGetNumArgOperands(call);
  LLVMValueRef *values = vmr_arena_alloc_array(s->program->arena, (size_t)count + 2, sizeof(LLVMValueRef));
  if (values == NULL) return false;
  for (unsigned i = 0; i < count; i++) values[i] = LLVMGetOperand(call, i);
  values[count] = begin;
  values[count + 1] = end;
  LLVMPositionBuilderBefore(s->builder, call);
  LLVMValueRef made = LLVMBuildCall2(s->builder, LLVMGlobalGetValueType(copy), copy, values, count + 2, "");
  LLVMSetInstructionCallConv(made, LLVMGetInstructionCallConv(call));
  LLVMInstructionSetDebugLoc(made, LLVMInstructionGetDebugLoc(call));
  if (!copy_call_attributes(s, call, made, (LLVMAttributeIndex)LLVMAttributeFunctionIndex)) return false;
  for (unsigned i = 0; i <= count; i++)
    if (!copy_call_attributes(s, call, made, i)) return false;
  LLVMReplaceAllUsesWith(call, made);
  LLVMInstructionEraseFromParent(call);
  return true;
}

/* What is freed is null in place of an address in the caller's slots. */
static void guard_free(const vmo_ll_sparing *s, LLVMValueRef call, LLVMValueRef begin, LLVMValueRef end) {
  static const char *const promises[] = {"nonnull", "dereferenceable"};
  LLVMValueRef freed = LLVMGetOperand(call, 0), null = LLVMConstNull(LLVMTypeOf(freed));
  LLVMPositionBuilderBefore(s->builder, call);
  LLVMValueRef from = LLVMBuildICmp(s->builder, LLVMIntUGE, freed, begin, "");
  LLVMValueRef to = LLVMBuildICmp(s->builder, LLVMIntULT, freed, end, "");
  LLVMValueRef inside = LLVMBuildAnd(s->builder, from, to, "");
  LLVMSetOperand(call, 0, LLVMBuildSelect(s->builder, inside, null, freed, ""));
  for (size_t i = 0; i < sizeof promises / sizeof *promises; i++)
    LLVMRemoveCallSiteEnumAttribute(call, 1, LLVMGetEnumAttributeKindForName(promises[i], strlen(promises[i])));
}

static bool edit_copy(vmo_ll_sparing *s, uint32_t f) {
  const candidate *c = &s->candidates[f];
  uint32_t own = function_at(s, f)->parameter_count;
  LLVMValueRef begin = LLVMGetParam(c->made, own), end = LLVMGetParam(c->made, own + 1);
  for (uint32_t k = c->free_first; k < c->free_first + c->free_count; k++) {
    uint32_t instruction = s->frees.data[k].instruction;
    LLVMValueRef call = c->values[vmo_ll_result_id(function_at(s, f), instruction)];
    if (!s->frees.data[k].by_callee) {
      guard_free(s, call, begin, end);
    } else if (!call_copy(s, call, s->candidates[instruction_at(s, instruction)->callee].made, begin, end)) {
      return false;
    }
  }
  return true;
}

static bool make_all(vmo_ll_sparing *s) {
  LLVMValueRef null = LLVMConstNull(LLVMPointerTypeInContext(s->program->llvm, 0));
  for (uint32_t i = 0; i < s->calls.count; i++)
    if (!copy_together(s, instruction_at(s, s->calls.data[i])->callee)) return false;
  for (uint32_t i = 0; i < s->copied.count; i++)
    if (!edit_copy(s, s->copied.data[i])) return false;
  for (uint32_t i = 0; i < s->calls.count; i++) {
    const vmo_ll_instruction *call = instruction_at(s, s->calls.data[i]);
    LLVMValueRef copy = s->candidates[call->callee].made;
    if (copy != NULL && !call_copy(s, call->ref, copy, null, null)) return false;
  }
  return true;
}

vmo_status vmo_ll_make_sparing(vmo_ll_sparing *s, bool *made) {
  *made = false;
  if (s->out_of_memory) return VMO_OUT_OF_MEMORY;
  s->builder = LLVMCreateBuilderInContext(s->program->llvm);
  bool fine = make_all(s);
  LLVMDisposeBuilder(s->builder);
  *made = s->copied.count > 0;
  return fine ? VMO_OK : VMO_OUT_OF_MEMORY;
}

void vmo_ll_tell_slots(LLVMValueRef call, LLVMValueRef begin, LLVMValueRef end) {
  unsigned count = LLVMGetNumArgOperands(call);
  LLVMSetOperand(call, count - 2, begin);
  LLVMSetOperand(call, count - 1, end);
}
