/* heap_use.c: which functions may take memory of the heap, and which may ask how much of it is in use.
 *
 * A function of the table takes some when its result is fresh, or when it may call functions of the program; what
 * printf, fopen and their like take for themselves is left out. Code that is not seen may take some. A function of the
 * program does what those that it calls do: callees first, and within a group that calls each other twice. Linear in the
 * program. */
#include <string.h>

#include "llvm/libc.h"
#include "llvm/touches.h"

/* They tell how large the heap is, or depend on it. */
static bool is_observer(const char *name) {
  static const char *const names[] = {"getrusage",    "mallinfo",    "mallinfo2",          "mallopt", "malloc_info",
                                      "malloc_stats", "malloc_trim", "malloc_usable_size", "sbrk",    "setrlimit"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcmp(name, names[i]) == 0) return true;
  return false;
}

bool vmo_ll_call_allocates(const vmo_ll_program *program, const vmo_ll_heap_use *use, const vmo_ll_instruction *call) {
  if (!vmo_ll_is_call(call->opcode)) return false;
  if (call->callee == VMO_NONE) return !LLVMIsAInlineAsm(LLVMGetCalledValue(call->ref));
  const vmo_ll_function *callee = &program->functions.data[call->callee];
  if (callee->intrinsic) return false;
  if (callee->libc != NULL) return vmo_libc_allocates(callee->libc) || vmo_libc_calls_back(callee->libc);
  return !vmo_ll_is_defined(callee) || !callee->exact || use->allocates[call->callee];
}

bool vmo_ll_call_observes(const vmo_ll_heap_use *use, const vmo_ll_instruction *call) {
  if (!vmo_ll_is_call(call->opcode) || call->callee == VMO_NONE) return false;
  return use->observes[call->callee];
}

static void read_function(const vmo_ll_program *program, vmo_ll_heap_use *use, uint32_t id) {
  const vmo_ll_function *function = &program->functions.data[id];
  use->observes[id] |= is_observer(function->name);
  for (uint32_t i = function->first; i < function->first + function->count; i++) {
    const vmo_ll_instruction *instruction = &program->instructions.data[i];
    use->allocates[id] |= vmo_ll_call_allocates(program, use, instruction);
    use->observes[id] |= vmo_ll_call_observes(use, instruction);
  }
}

vmo_status vmo_find_heap_use(vmo_ll_program *program, const vmo_ll_groups *groups, vmo_ll_heap_use *use) {
  size_t count = (size_t)program->functions.count + 1;
  use->allocates = vmr_arena_alloc_array(program->arena, count, sizeof *use->allocates);
  use->observes = vmr_arena_alloc_array(program->arena, count, sizeof *use->observes);
  if (use->allocates == NULL || use->observes == NULL) return VMO_OUT_OF_MEMORY;
  for (uint32_t g = 0; g < groups->group_count; g++) {
    uint32_t first = groups->group_first[g], end = groups->group_first[g + 1];
    bool allocates = false, observes = false;
    for (uint32_t i = first; i < end; i++) {
      uint32_t function = groups->order[i];
      if (function >= program->functions.count) continue;
      read_function(program, use, function);
      allocates |= use->allocates[function];
      observes |= use->observes[function];
    }
    for (uint32_t i = first; i < end; i++) { /* each reaches the others */
      if (groups->order[i] >= program->functions.count) continue;
      use->allocates[groups->order[i]] = allocates;
      use->observes[groups->order[i]] = observes;
    }
  }
  return VMO_OK;
}
