/* refusals.c: why an allocation site's object takes no slot in its function's frame.
 *
 * The test in `vmo_ll_refuse_object` is a list that is read from top to bottom: what the object is known to, what kind of
 * function this is, who allocates and who frees it, how large it is, how many there may be. Linear in its releases. */
#include <string.h>

#include "llvm/site.h"
#include "llvm/sparing.h"

#define MAX_INLINED 120 /* instructions of a callee */

/* ---- what is known of a site ---- */

static uint32_t local_block(const vmo_ll_site *s, uint32_t instruction) {
  return s->planning->program->instructions.data[instruction].block - s->function->block_first;
}

uint32_t vmo_ll_depth_of_loops(const vmo_ll_site *s) {
  uint32_t loop = s->control->block_loops[local_block(s, s->object->instruction)];
  return loop == VMO_NONE ? 0 : s->control->loops.data[loop].depth;
}

bool vmo_ll_is_freed_in_loop(const vmo_ll_site *s) {
  uint32_t around = s->control->block_loops[local_block(s, s->object->instruction)];
  for (uint32_t i = s->release_first[s->id]; i < s->release_first[s->id + 1]; i++) {
    const vmo_ll_release *release = vmo_ll_release_of(s, i);
    uint32_t loop = s->control->block_loops[local_block(s, release->instruction)];
    while (loop != VMO_NONE && loop != around) loop = s->control->loops.data[loop].parent;
    if (loop == around) return true;
  }
  return false;
}

/* ---- inlining ---- */

static LLVMAttributeRef string_attribute(LLVMValueRef function, const char *name) {
  return LLVMGetStringAttributeAtIndex(function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, name,
                                       (unsigned)strlen(name));
}

/* Whether code that was made for the callee's machine runs in the caller: LLVM's inliner does as it is told. */
static bool is_for_same_machine(LLVMValueRef caller, LLVMValueRef callee) {
  static const char *const names[] = {"target-cpu", "target-features", "denormal-fp-math", "use-soft-float"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    LLVMAttributeRef wanted = string_attribute(callee, names[i]);
    if (wanted != NULL && wanted != string_attribute(caller, names[i])) return false;
  }
  return vmo_ll_has_attribute(caller, "strictfp") == vmo_ll_has_attribute(callee, "strictfp");
}

bool vmo_can_inline(const vmo_ll_planning *planning, const vmo_ll_function *caller, const vmo_ll_instruction *call) {
  const vmo_ll_program *program = planning->program;
  if (call->opcode != LLVMCall || call->callee == VMO_NONE) return false;
  const vmo_ll_function *callee = &program->functions.data[call->callee];
  const vmo_ll_obstacles *o = &callee->obstacles;
  if (!vmo_ll_is_defined(callee) || !callee->exact || callee == caller || callee->no_inline || callee->variadic)
    return false;
  if (!is_for_same_machine(caller->ref, callee->ref)) return false;
  uint32_t group = planning->groups->group[call->callee];
  bool alone = planning->groups->group_first[group + 1] - planning->groups->group_first[group] == 1;
  return alone && !callee->calls_itself && callee->count <= MAX_INLINED && !o->setjmp && !o->sanitized &&
         !o->musttail && !o->coroutine && !o->naked && !o->exception;
}

/* ---- releases ---- */

vmo_ll_way vmo_ll_find_way(const vmo_ll_site *s, const vmo_ll_release *release) {
  const vmo_ll_instruction *call = &s->planning->program->instructions.data[release->instruction];
  if (release->kind == VMO_LL_FREED_BY_CALLEE) {
    if (vmo_ll_is_spared(s->planning, call)) return VMO_LL_WAY_SPARED;
    if (vmo_can_inline(s->planning, s->function, call)) return VMO_LL_WAY_INLINED;
    return vmo_ll_can_spare(s->planning, s->points_to->function_id, call) ? VMO_LL_WAY_SPARED : VMO_LL_WAY_NONE;
  }
  bool other = release->kind == VMO_LL_MOVED && vmo_ll_row_of(s->planning->program, call)->kind != VMO_LIBC_REALLOC;
  return other || call->opcode != LLVMCall ? VMO_LL_WAY_NONE : VMO_LL_WAY_HERE;
}

/* A call that frees the object in a way; VMO_NONE: none does. */
static uint32_t find_release(const vmo_ll_site *s, vmo_ll_way way) {
  for (uint32_t i = s->release_first[s->id]; i < s->release_first[s->id + 1]; i++) {
    const vmo_ll_release *release = vmo_ll_release_of(s, i);
    if (vmo_ll_find_way(s, release) == way) return release->instruction;
  }
  return VMO_NONE;
}

bool vmo_ll_awaits_inlining(const vmo_ll_site *s) { return find_release(s, VMO_LL_WAY_INLINED) != VMO_NONE; }

bool vmo_ll_is_flagged(const vmo_ll_site *s) {
  return s->row->kind == VMO_LIBC_REALLOC || (vmo_ll_depth_of_loops(s) > 0 && s->carried[s->id]);
}

bool vmo_ll_is_freed_by_sparing(const vmo_ll_site *s) { return find_release(s, VMO_LL_WAY_SPARED) != VMO_NONE; }

/* A call that may free the object and knows nothing of slots, nor can be told: copies that spare slots know their
 * addresses, not their flags. */
static uint32_t find_foreign_release(const vmo_ll_site *s) {
  uint32_t foreign = find_release(s, VMO_LL_WAY_NONE);
  bool plain = !vmo_ll_is_flagged(s) && (s->object->kind != VMO_LL_OBJECT_SITE ||
                                         vmo_ll_alignment_of(s->instruction->ref, s->row) == VMO_LL_SLOT_ALIGNMENT);
  return foreign != VMO_NONE || plain ? foreign : find_release(s, VMO_LL_WAY_SPARED);
}

/* ---- refusals ---- */

const char *vmo_ll_callee_name(const vmo_ll_site *s, uint32_t instruction) {
  const vmo_ll_program *program = s->planning->program;
  if (instruction == VMO_NONE) return NULL;
  uint32_t callee = program->instructions.data[instruction].callee;
  return callee == VMO_NONE ? NULL : vmo_ll_original_name(program, callee);
}

vmo_site_refusal vmo_ll_refuse_function(const vmo_ll_site *s) {
  const vmo_ll_obstacles *o = &s->function->obstacles;
  if (s->planning->program->replaces_malloc) return VMO_SITE_REPLACED;
  if (o->setjmp) return VMO_SITE_SETJMP;
  if (o->sanitized) return VMO_SITE_SANITIZED;
  if (o->musttail) return VMO_SITE_MUST_TAIL;
  if (o->coroutine || o->naked) return VMO_SITE_SPECIAL_FRAME;
  if (s->function->recursive && !s->split) return s->function->called_back ? VMO_SITE_CALLED_BACK : VMO_SITE_RECURSIVE;
  return VMO_SITE_NOT_REFUSED;
}

static bool is_supported(const vmo_libc_row *row) {
  switch (row->kind) {
  case VMO_LIBC_MALLOC:
  case VMO_LIBC_CALLOC:
  case VMO_LIBC_NEW:
  case VMO_LIBC_ALIGNED:
  case VMO_LIBC_MEMALIGN:
  case VMO_LIBC_REALLOC: return true;
  case VMO_LIBC_COPIED: return strstr(row->name, "strdup") != NULL || strstr(row->name, "strndup") != NULL;
  default: return false;
  }
}

vmo_site_escape vmo_ll_escape_of(const vmo_ll_object *object) {
  if (object->captured) return object->escape;
  if (object->returned) return VMO_ESCAPE_RETURNED;
  return object->stored ? VMO_ESCAPE_ARGUMENT : VMO_ESCAPE_NONE;
}

vmo_site_refusal vmo_ll_refuse_object(const vmo_ll_site *s) {
  if (vmo_ll_escape_of(s->object) != VMO_ESCAPE_NONE) return VMO_SITE_ESCAPES;
  vmo_site_refusal refusal = vmo_ll_refuse_function(s);
  if (refusal != VMO_SITE_NOT_REFUSED) return refusal;
  if (!is_supported(s->row)) return VMO_SITE_ALLOCATOR;
  if (s->object->kind == VMO_LL_OBJECT_SITE && vmo_ll_alignment_of(s->instruction->ref, s->row) == 0)
    return VMO_SITE_ALLOCATOR;
  if (s->instruction->opcode != LLVMCall) return VMO_SITE_EXCEPTION;
  uint32_t foreign = find_foreign_release(s);
  if (foreign != VMO_NONE) {
    s->fact->refused_by = vmo_ll_callee_name(s, foreign);
    return VMO_SITE_FREED_BY_CALLEE;
  }
  if (s->fact->bytes > s->planning->options->max_object) return VMO_SITE_TOO_LARGE;
  if (s->carried[s->id] && vmo_ll_depth_of_loops(s) > 0 && !vmo_ll_is_freed_in_loop(s)) return VMO_SITE_SEVERAL_ALIVE;
  return VMO_SITE_NOT_REFUSED;
}
