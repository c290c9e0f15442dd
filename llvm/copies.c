/* copies.c: an object that is a copy, and only read while what it is a copy of stays as it was, is not made.
 *
 *   %p = call ptr @strdup(ptr %s)                  %p = call ptr @malloc(i64 %n)
 *   %x = call i64 @strlen(ptr %p)                  call void @llvm.memcpy(ptr %p, ptr %s, i64 %n)
 *   call void @free(ptr %p)                        %x = load i64, ptr %p
 *      ->  %x = call i64 @strlen(ptr %s)              ->  %x = load i64, ptr %s, align 1
 *
 * Every use of the copy's address is looked at, in functions that get it, too: loads, distances, comparisons within it or
 * with null, calls of library functions that only read it, frees. Between the making and the last read, nothing may write
 * or free what the source may point to; what others know counts as one. The source need not be aligned as the copy was,
 * and may be written as another type: loads forget both. Where the copy could not be made, the program goes on. Limited
 * to MOST_USES uses a copy. */
#include "llvm/copies.h"

#include <string.h>

#include "llvm/libc.h"
#include "llvm/lives.h"

#define MOST_USES 64

typedef struct pointer { /* an address in the copy */
  LLVMValueRef value;
  bool here; /* in the function that makes the copy: it can be edited */
} pointer;

typedef struct search {
  vmo_ll_planning *planning;
  vmo_ll_points_to *p;
  const vmo_ll_touches *touches;
  uint32_t object, made; /* made: instruction */
  LLVMValueRef copy, source, write;
  VMO_VEC(pointer) pointers;
  VMO_VEC(LLVMValueRef) later; /* phis and comparisons: to be looked at when all pointers are known */
  VMO_VEC(LLVMValueRef) uses;
  VMO_VEC(uint32_t) reads; /* touches of the copy that are no frees */
  vmo_ll_lives lives;
  bool out_of_memory;
} search;

/* ---- uses of the address ---- */

static bool is_pointer(const search *s, LLVMValueRef value) {
  for (uint32_t i = 0; i < s->pointers.count; i++)
    if (s->pointers.data[i].value == value) return true;
  return false;
}

static bool add_pointer(search *s, LLVMValueRef value, bool here) {
  if (is_pointer(s, value)) return true;
  s->out_of_memory |= !vmo_vec_push(s->p->arena, &s->pointers, ((pointer){value, here}));
  return s->pointers.count <= MOST_USES;
}

static bool note_use(search *s, LLVMValueRef user, bool here) {
  if (here) s->out_of_memory |= !vmo_vec_push(s->p->arena, &s->uses, user);
  return s->uses.count <= MOST_USES;
}

static bool note_later(search *s, LLVMValueRef user) {
  s->out_of_memory |= !vmo_vec_push(s->p->arena, &s->later, user);
  return s->later.count <= MOST_USES;
}

static bool allows_load(search *s, LLVMValueRef load, bool here) {
  if (LLVMGetVolatile(load) || LLVMGetOrdering(load) != LLVMAtomicOrderingNotAtomic) return false;
  return here ? note_use(s, load, true) : LLVMGetAlignment(load) == 1;
}

/* A function of the table that reads the argument, and may give a place in it. */
static bool allows_row(search *s, LLVMValueRef call, const vmo_libc_row *row, uint32_t argument, bool here) {
  bool freed = row->kind == VMO_LIBC_FREE && argument == 0;
  if (freed) return here && LLVMGetOperand(call, 0) == s->copy && note_use(s, call, true);
  vmo_libc_effect effect = vmo_libc_effect_of(row, argument);
  if (effect != VMO_EFFECT_READ && effect != VMO_EFFECT_SEND && effect != VMO_EFFECT_PRINT) return false;
  char result = row->result;
  bool given = argument == 0 ? result == '0' || result == 'a' : result == '1' || result == 'b';
  if (given && !add_pointer(s, call, here)) return false;
  return note_use(s, call, here);
}

static bool allows_call(search *s, LLVMValueRef call, LLVMValueRef value, bool here) {
  vmo_ll_program *program = s->planning->program;
  uint32_t callee = vmo_ll_find_function(program, LLVMGetCalledValue(call));
  if (callee == VMO_NONE || LLVMGetNumOperandBundles(call) > 0) return false;
  const vmo_ll_function *function = &program->functions.data[callee];
  if (LLVMGlobalGetValueType(function->ref) != LLVMGetCalledFunctionType(call)) return false;
  for (unsigned i = 0; i < LLVMGetNumArgOperands(call); i++) {
    if (LLVMGetOperand(call, i) != value) continue;
    if (function->libc != NULL) {
      if (!allows_row(s, call, function->libc, i, here)) return false;
    } else if (!vmo_ll_is_defined(function) || !function->exact || i >= function->parameter_count ||
               !add_pointer(s, LLVMGetParam(function->ref, i), false) || !note_use(s, call, here)) {
      return false;
    }
  }
  return true;
}

/* Whether the allocation's own answer is compared with null: it is none. */
static bool is_null_check(const search *s, LLVMValueRef compare) {
  LLVMIntPredicate predicate = LLVMGetICmpPredicate(compare);
  return LLVMGetOperand(compare, 0) == s->copy && LLVMIsNull(LLVMGetOperand(compare, 1)) &&
         (predicate == LLVMIntEQ || predicate == LLVMIntNE);
}

static bool allows_use(search *s, LLVMValueRef user, LLVMValueRef value, bool here) {
  if (!LLVMIsAInstruction(user)) return false;
  switch ((int)LLVMGetInstructionOpcode(user)) {
  case LLVMLoad: return allows_load(s, user, here);
  case LLVMGetElementPtr:
    return LLVMGetOperand(user, 0) == value && LLVMGetTypeKind(LLVMTypeOf(user)) == LLVMPointerTypeKind &&
           add_pointer(s, user, here);
  case LLVMPHI: return note_later(s, user) && add_pointer(s, user, here);
  case LLVMICmp: return note_later(s, user) && (!is_null_check(s, user) || note_use(s, user, here));
  case LLVMCall: return user == s->write || allows_call(s, user, value, here);
  default: return false;
  }
}

/* Whether all that comes into a phi, or is compared, are addresses in the copy, or null. */
static bool allows_later(const search *s, LLVMValueRef user) {
  if (LLVMIsAPHINode(user)) {
    for (unsigned i = 0; i < LLVMCountIncoming(user); i++)
      if (!is_pointer(s, LLVMGetIncomingValue(user, i))) return false;
    return true;
  }
  LLVMValueRef right = LLVMGetOperand(user, 1);
  return is_pointer(s, LLVMGetOperand(user, 0)) && (LLVMIsNull(right) || is_pointer(s, right));
}

static bool allows_all_uses(search *s) {
  if (!add_pointer(s, s->copy, true)) return false;
  for (uint32_t i = 0; i < s->pointers.count; i++) {
    pointer one = s->pointers.data[i];
    for (LLVMUseRef use = LLVMGetFirstUse(one.value); use != NULL; use = LLVMGetNextUse(use))
      if (!allows_use(s, LLVMGetUser(use), one.value, one.here) || s->out_of_memory) return false;
  }
  for (uint32_t i = 0; i < s->later.count; i++)
    if (!allows_later(s, s->later.data[i])) return false;
  return true;
}

/* ---- writes of the source ---- */

static bool is_known_to_others(const vmo_ll_points_to *p, uint32_t object) {
  const vmo_ll_object *o = &p->objects.data[object];
  return o->captured || o->kind == VMO_LL_OBJECT_OUTSIDE || o->kind == VMO_LL_OBJECT_ARGUMENT ||
         o->kind == VMO_LL_OBJECT_REACHED;
}

static bool is_constant(LLVMValueRef value) { return LLVMIsAGlobalVariable(value) && LLVMIsGlobalConstant(value); }

/* Whether a write of `object` may be one of the source. */
static bool may_write_source(const search *s, const vmo_ll_set *source, uint32_t object) {
  for (uint32_t i = 0; i < source->count; i++) {
    if (source->data[i].object == object) return true;
    if (is_known_to_others(s->p, object) && is_known_to_others(s->p, source->data[i].object)) return true;
  }
  return false;
}

static bool collect_reads(search *s) {
  for (uint32_t t = s->touches->first[s->object]; t < s->touches->first[s->object + 1]; t++) {
    const vmo_ll_instruction *touch = &s->planning->program->instructions.data[s->touches->instructions[t]];
    const vmo_libc_row *row =
        touch->callee == VMO_NONE ? NULL : s->planning->program->functions.data[touch->callee].libc;
    bool freed = row != NULL && row->kind == VMO_LIBC_FREE;
    if (!freed && !vmo_vec_push(s->p->arena, &s->reads, s->touches->instructions[t])) return false;
  }
  return true;
}

static bool is_written_while_alive(search *s) {
  uint32_t id = vmo_ll_find_value(s->planning->program, s->source);
  vmo_ll_element outside = {0, 1, 0};
  vmo_ll_set others = {&outside, 1, 1};
  const vmo_ll_set *source = id == VMO_NONE ? &others : &s->p->values[id];
  uint32_t first = s->p->function->first;
  if (is_constant(s->source)) return false;
  for (uint32_t i = 0; i < source->count; i++)
    if (source->data[i].object == s->object) return true;
  if (source->count == 0 || !collect_reads(s) ||
      !vmo_find_life(&s->lives, s->made, s->reads.data, s->reads.count, true)) {
    return true;
  }
  for (uint32_t w = 0, life = 0; w < s->p->writes.count; w++) {
    uint32_t at = s->p->writes.data[w].instruction - first;
    while (life < s->lives.lifetimes.count && s->lives.lifetimes.data[life].end <= at) life++;
    if (life == s->lives.lifetimes.count) return false;
    if (at < s->lives.lifetimes.data[life].begin || at + first == s->made) continue;
    if (may_write_source(s, source, s->p->writes.data[w].object)) return true;
  }
  return false;
}

/* ---- the source ---- */

/* Whether the source stays where it is: allocas until the function returns. What is known to this function alone may be
 * freed early, or share a frame, by its own uses. */
static bool stays(const search *s) {
  uint32_t id = vmo_ll_find_value(s->planning->program, s->source);
  const vmo_ll_set *set = id == VMO_NONE ? NULL : &s->p->values[id];
  for (uint32_t i = 0; set != NULL && i < set->count; i++) {
    const vmo_ll_object *object = &s->p->objects.data[set->data[i].object];
    bool made = object->kind == VMO_LL_OBJECT_SITE || object->kind == VMO_LL_OBJECT_FRESH;
    if (made && !object->captured) return false;
    if (object->kind != VMO_LL_OBJECT_STACK) continue;
    const vmo_ll_instruction *alloca = &s->planning->program->instructions.data[object->instruction];
    if (alloca->bytes < 0 || alloca->block != s->p->function->block_first) return false;
  }
  return true;
}

static bool is_made_before(const search *s, const vmo_cfg *control, LLVMValueRef value) {
  if (!LLVMIsAInstruction(value)) return LLVMIsAArgument(value) || LLVMIsAGlobalVariable(value);
  const vmo_ll_program *program = s->planning->program;
  const vmo_ll_function *function = s->p->function;
  uint32_t at = vmo_ll_instruction_of(function, vmo_ll_find_value(program, value));
  uint32_t block = program->instructions.data[at].block, made_in = program->instructions.data[s->made].block;
  if (block == made_in) return at < s->made;
  return vmo_block_dominates(control, block - function->block_first, made_in - function->block_first);
}

static bool same_size(LLVMValueRef asked, LLVMValueRef copied) {
  if (asked == copied) return true;
  if (!LLVMIsAConstantInt(asked) || !LLVMIsAConstantInt(copied)) return false;
  return LLVMConstIntGetZExtValue(asked) == LLVMConstIntGetZExtValue(copied);
}

/* The memcpy that fills all of what malloc made, before it is used: the first touch, in the same block or, when that ends
 * with a comparison with null, in the one of success. NULL: there is none. */
static LLVMValueRef find_write(const search *s) {
  const vmo_ll_program *program = s->planning->program;
  const vmo_ll_instruction *made = &program->instructions.data[s->made];
  uint32_t first = s->touches->first[s->object];
  if (first == s->touches->first[s->object + 1]) return NULL;
  const vmo_ll_instruction *write = &program->instructions.data[s->touches->instructions[first]];
  if (write->block != made->block || write < made || !LLVMIsAMemCpyInst(write->ref)) return NULL;
  bool plain = LLVMIsNull(LLVMGetOperand(write->ref, 3)); /* not volatile */
  bool whole = LLVMGetOperand(write->ref, 0) == made->ref &&
               same_size(LLVMGetOperand(made->ref, 0), LLVMGetOperand(write->ref, 2));
  return plain && whole ? write->ref : NULL;
}

/* Sets the source, and what fills the copy. */
static bool find_source(search *s, const vmo_libc_row *row) {
  if (strcmp(row->name, "strdup") == 0 || strcmp(row->name, "__strdup") == 0) {
    s->source = LLVMGetOperand(s->copy, 0);
  } else if (row->kind == VMO_LIBC_MALLOC) {
    s->write = find_write(s);
    s->source = s->write == NULL ? NULL : LLVMGetOperand(s->write, 1);
  }
  return s->source != NULL;
}

/* Whether one of its uses makes another copy that is not made. */
static bool is_copied_on(const search *s, const vmo_ll_plan *plan) {
  for (uint32_t u = 0; u < s->uses.count; u++)
    for (uint32_t c = 0; c < plan->copies.count; c++)
      if (plan->copies.data[c].allocation == s->uses.data[u] || plan->copies.data[c].write == s->uses.data[u])
        return true;
  return false;
}

vmo_status vmo_plan_copy(vmo_ll_planning *planning, vmo_ll_points_to *p, const vmo_cfg *control,
                         const vmo_ll_touches *touches, uint32_t object, vmo_ll_plan *plan, bool *taken) {
  search s = {.planning = planning, .p = p, .touches = touches, .object = object};
  s.made = p->objects.data[object].instruction;
  const vmo_ll_instruction *made = &planning->program->instructions.data[s.made];
  s.copy = made->ref;
  *taken = false;
  if (!find_source(&s, planning->program->functions.data[made->callee].libc)) return VMO_OK;
  if (!is_made_before(&s, control, s.source) || !stays(&s)) return VMO_OK;
  if (!vmo_begin_lives(&s.lives, p, control)) return VMO_OUT_OF_MEMORY;
  bool good = allows_all_uses(&s) && !is_written_while_alive(&s) && !is_copied_on(&s, plan);
  if (s.out_of_memory) return VMO_OUT_OF_MEMORY;
  if (!good) return VMO_OK;
  vmo_ll_dropped_copy copy = {object, s.copy, s.source, s.write, plan->copy_uses.count, s.uses.count};
  for (uint32_t i = 0; i < s.uses.count; i++)
    if (!vmo_vec_push(planning->arena, &plan->copy_uses, s.uses.data[i])) return VMO_OUT_OF_MEMORY;
  *taken = true;
  return vmo_vec_push(planning->arena, &plan->copies, copy) ? VMO_OK : VMO_OUT_OF_MEMORY;
}

/* ---- the edit ---- */

/* What is known of the copy need not hold for its source. */
static void loosen(const vmo_ll_program *program, LLVMValueRef use) {
  static const char *const attributes[] = {"align", "noalias", "dereferenceable"};
  vmo_ll_forget(program, use, "tbaa");
  vmo_ll_forget(program, use, "noalias");
  vmo_ll_forget(program, use, "alias.scope");
  if (LLVMIsALoadInst(use)) LLVMSetAlignment(use, 1);
  for (unsigned i = 0; LLVMIsACallInst(use) && i < LLVMGetNumArgOperands(use); i++)
    for (size_t k = 0; k < sizeof attributes / sizeof *attributes; k++)
      LLVMRemoveCallSiteEnumAttribute(use, i + 1,
                                      LLVMGetEnumAttributeKindForName(attributes[k], strlen(attributes[k])));
}

static bool is_release(const vmo_ll_program *program, LLVMValueRef use) {
  if (!LLVMIsACallInst(use)) return false;
  uint32_t callee = vmo_ll_find_function(program, LLVMGetCalledValue(use));
  const vmo_libc_row *row = program->functions.data[callee].libc;
  return row != NULL && row->kind == VMO_LIBC_FREE;
}

static void edit_use(const vmo_ll_program *program, LLVMValueRef use) {
  if (LLVMIsAICmpInst(use)) {
    bool differs = LLVMGetICmpPredicate(use) == LLVMIntNE;
    LLVMReplaceAllUsesWith(use, LLVMConstInt(LLVMTypeOf(use), differs, false));
    LLVMInstructionEraseFromParent(use);
  } else if (is_release(program, use)) {
    LLVMInstructionEraseFromParent(use);
  } else {
    loosen(program, use);
  }
}

void vmo_drop_copies(vmo_ll_program *program, const vmo_ll_plan *plan) {
  for (uint32_t i = 0; i < plan->copies.count; i++) {
    const vmo_ll_dropped_copy *copy = &plan->copies.data[i];
    if (copy->write != NULL) LLVMInstructionEraseFromParent(copy->write);
    for (uint32_t k = 0; k < copy->use_count; k++) {
      LLVMValueRef use = plan->copy_uses.data[copy->use_first + k];
      bool seen = false; /* an instruction that uses it twice */
      for (uint32_t j = 0; j < k && !seen; j++) seen = plan->copy_uses.data[copy->use_first + j] == use;
      if (!seen) edit_use(program, use);
    }
    LLVMReplaceAllUsesWith(copy->allocation, copy->source);
    LLVMInstructionEraseFromParent(copy->allocation);
  }
}
