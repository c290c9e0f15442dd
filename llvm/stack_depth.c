/* stack_depth.c: how many bytes of its stack a function and what it calls take at most, as far as LLVM IR tells.
 *
 *   depth of f = its allocas and new slots + the most that a callee takes
 *
 * Callees come first. A function that may call itself, directly or not, has no bound, nor has one with an alloca of a size
 * that is not known, nor what calls one of them; the report names where the cycle is. Calls through pointers, functions
 * that are only declared, spilled registers and return addresses are not counted. Linear. */
#include <stdlib.h>
#include <string.h>

#include "llvm/plan.h"

#define UNSEEN_FRAME 256 /* bytes that spilled registers and what is saved may take: a guess */
#define WARNING_LIMIT "warn-stack-size"

static bool add_allocas(const vmo_ll_program *program, const vmo_ll_function *function, vmo_bytes *bytes) {
  for (uint32_t i = function->first; i < function->first + function->count; i++) {
    const vmo_ll_instruction *instruction = &program->instructions.data[i];
    if (instruction->opcode != LLVMAlloca) continue;
    if (instruction->bytes < 0) return false;
    *bytes += instruction->bytes;
  }
  return true;
}

vmo_bytes vmo_find_frame_limit(const vmo_ll_program *program, const vmo_ll_function *function, vmo_bytes most) {
  LLVMAttributeRef attribute = LLVMGetStringAttributeAtIndex(
      function->ref, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, WARNING_LIMIT, strlen(WARNING_LIMIT));
  unsigned length;
  vmo_bytes taken = UNSEEN_FRAME;
  if (attribute == NULL) return most;
  vmo_bytes limit = strtoll(LLVMGetStringAttributeValue(attribute, &length), NULL, 10);
  if (!add_allocas(program, function, &taken) || taken >= limit) return 0;
  return limit - taken < most ? limit - taken : most;
}

void vmo_find_stack_depth(vmo_ll_planning *planning, uint32_t id, const vmo_ll_plan *plan) {
  const vmo_ll_program *program = planning->program;
  const vmo_ll_function *function = &program->functions.data[id];
  vmo_ll_stack_depth *depth = &planning->depths[id];
  vmo_bytes most = 0;
  *depth = (vmo_ll_stack_depth){.frame = plan->frame_bytes};
  bool alone = add_allocas(program, function, &depth->frame);
  uint32_t group = planning->groups->group[id];
  uint32_t members = planning->groups->group_first[group + 1] - planning->groups->group_first[group];
  depth->unbounded = !alone || members > 1;
  if (depth->unbounded) depth->because = function->name;
  for (uint32_t i = function->first; i < function->first + function->count; i++) {
    uint32_t callee = program->instructions.data[i].callee;
    if (callee == VMO_NONE || depth->unbounded) continue;
    const vmo_ll_stack_depth *below = &planning->depths[callee];
    bool itself = callee == id;
    if (itself || below->unbounded) {
      depth->unbounded = true;
      depth->because = itself ? function->name : below->because;
    }
    if (below->depth > most) most = below->depth;
  }
  depth->depth = depth->frame + most;
}
