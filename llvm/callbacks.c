/* callbacks.c: a function that another one is given, and calls.
 *
 *   void each(node *list, void (*visit)(node *)) { ... visit(list); ... }      each(list, print);
 *
 * Nothing is known of what a pointer means: `each` as it is keeps its list. Where it is told which function to call, and
 * that one is harmless, it keeps nothing. So a function that calls one of its parameters has two summaries: as it is, and
 * taking it that what these parameters mean is harmless. Callers that hand it harmless functions, or parameters of which
 * they take the same, may use the latter. Its own sites are judged by the former.
 *
 * Harmless is a function of this module whose parameters are those that it gets, that keeps, frees and stores in memory of
 * its caller nothing, and calls nothing else that it is given. It may read, write numbers, and give back any address that
 * it can reach. A summary that frees something of its caller's or hands out an object is not taken, since whoever edits the
 * function looks at it as it is. */
#include "llvm/points_to.h"

#define MOST_ARGUMENTS 32

/* ---- harmless functions ---- */

bool vmo_ll_is_harmless(const vmo_ll_points_to *p, uint32_t function, uint32_t pointers) {
  if (function == VMO_NONE || !p->program->functions.data[function].exact) return false;
  const vmo_ll_summary *summary = &p->summaries[function];
  if (!summary->computed || summary->worst || summary->cells.count > 0) return false;
  for (uint32_t o = 1; o < summary->fresh_first; o++) {
    uint32_t parameter = summary->objects[o].parameter;
    bool number = parameter < MOST_ARGUMENTS && (pointers >> parameter & 1) == 0; /* nothing is given there */
    if (!number && (summary->objects[o].captured || summary->objects[o].freed)) return false;
  }
  return true;
}

static bool copies_nothing(const vmo_ll_summary *summary) {
  for (uint32_t o = 1; o < summary->fresh_first; o++)
    if (summary->objects[o].bytes_copied) return false;
  return true;
}

/* ---- what is taken of a parameter ---- */

static bool is_pointer(LLVMValueRef value) { return LLVMGetTypeKind(LLVMTypeOf(value)) == LLVMPointerTypeKind; }

static uint32_t pointers_among(const vmo_ll_instruction *call) {
  uint32_t pointers = 0;
  for (uint32_t i = 0; i < call->operand_count; i++)
    if (is_pointer(LLVMGetOperand(call->ref, i))) pointers |= 1u << i;
  return pointers;
}

/* The number of the parameter that a value is; VMO_NONE: it is none. */
static uint32_t parameter_of(const vmo_ll_points_to *p, LLVMValueRef value) {
  if (LLVMIsAArgument(value) == NULL) return VMO_NONE;
  return vmo_ll_find_value(p->program, value) - VMO_LL_FIRST_PARAMETER;
}

/* Takes it that a parameter is a harmless function that gets such arguments; not of one that gets others elsewhere. */
static bool assume(vmo_ll_points_to *p, uint32_t parameter, vmo_ll_assumption assumption) {
  vmo_ll_assumption *known = &p->assumptions[parameter];
  p->could_assume = true;
  if (!p->assuming) return false;
  if (known->called && (known->arguments != assumption.arguments || known->pointers != assumption.pointers))
    return false;
  *known = assumption;
  return true;
}

static bool fits(const vmo_ll_points_to *p, uint32_t function, const vmo_ll_assumption *assumption) {
  const vmo_ll_function *f = &p->program->functions.data[function];
  if (f->variadic || f->parameter_count != assumption->arguments) return false;
  for (uint32_t i = 0; i < f->parameter_count; i++)
    if (is_pointer(LLVMGetParam(f->ref, i)) != ((assumption->pointers >> i & 1) != 0)) return false;
  return vmo_ll_is_harmless(p, function, assumption->pointers) && copies_nothing(&p->summaries[function]);
}

/* Whether what a callee takes of one of its parameters holds for the argument of a call. */
static bool holds(vmo_ll_points_to *p, LLVMValueRef argument, const vmo_ll_assumption *assumption, bool *later) {
  uint32_t parameter = parameter_of(p, argument), function = vmo_ll_find_function(p->program, argument);
  if (parameter != VMO_NONE) return assume(p, parameter, *assumption);
  if (function == VMO_NONE || !vmo_ll_is_defined(&p->program->functions.data[function])) return false;
  *later |= !p->summaries[function].computed;
  return *later || fits(p, function, assumption);
}

const vmo_ll_summary *vmo_ll_choose_summary(vmo_ll_points_to *p, const vmo_ll_instruction *call) {
  const vmo_ll_summary *summary = &p->summaries[call->callee], *assuming = summary->assuming;
  bool later = !summary->computed;
  for (uint32_t i = 0; assuming != NULL && i < assuming->assumption_count; i++) {
    const vmo_ll_assumption *assumption = &assuming->assumptions[i];
    if (!assumption->called) continue;
    if (i >= call->operand_count || !holds(p, LLVMGetOperand(call->ref, i), assumption, &later)) assuming = NULL;
  }
  if (later) return NULL;
  return assuming != NULL ? assuming : summary;
}

/* ---- a call of a parameter ---- */

/* A harmless function may write all that it can reach, and give back any address in it. */
static void give(vmo_ll_points_to *p, const vmo_ll_instruction *call, uint32_t i, vmo_ll_set *result) {
  vmo_ll_set given = *vmo_ll_operand_set(p, call, i), *reached = &p->place_sets[1];
  if (!is_pointer(LLVMGetOperand(call->ref, i))) {
    vmo_ll_capture_all(p, &given, VMO_ESCAPE_CALL);
    return;
  }
  reached->count = 0;
  vmo_ll_add_reached(p, &given, reached);
  vmo_ll_write_all(p, &given);
  vmo_ll_write_all(p, reached);
  if (!call->wide) return;
  vmo_ll_add_all(p, result, &given, 0, 1);
  vmo_ll_add_all(p, result, reached, 0, 1);
}

bool vmo_ll_call_parameter(vmo_ll_points_to *p, const vmo_ll_instruction *call, vmo_ll_set *result) {
  uint32_t parameter = call->callee == VMO_NONE ? parameter_of(p, LLVMGetCalledValue(call->ref)) : VMO_NONE;
  if (parameter == VMO_NONE || call->operand_count > MOST_ARGUMENTS || call->opcode != LLVMCall) return false;
  vmo_ll_assumption assumption = {true, call->operand_count, pointers_among(call)};
  if (!assume(p, parameter, assumption)) return false;
  vmo_ll_write_outside(p);
  if (call->wide) vmo_ll_add(p, result, (vmo_ll_element){0, 1, 0});
  for (uint32_t i = 0; i < call->operand_count; i++) give(p, call, i, result);
  return true;
}

bool vmo_ll_may_take(const vmo_ll_summary *summary) {
  if (!summary->computed || summary->worst || summary->object_count > summary->fresh_first) return false;
  for (uint32_t o = 1; o < summary->fresh_first; o++)
    if (summary->objects[o].freed) return false;
  return true;
}
