/* alignment.c: what the blocks for a function's arenas must be aligned to. */
#include "codegen/codegen.h"

/* A callee's arena lies within its caller's, so all functions of a module have one alignment. */
uint32_t vmo_arena_alignment(const vmo_module *module, const vmo_function *function) {
  uint32_t alignment = function->plan->alignment;
  for (uint32_t i = 0; i < module->types.count; i++)
    if (module->types.data[i].alignment > alignment) alignment = module->types.data[i].alignment;
  return alignment;
}
