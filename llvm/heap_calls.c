/* heap_calls.c: who calls whom, also through pointers, in both directions: for heap_scopes.c and heap_elide.c.
 *
 * Calls of code that is not seen lead to all functions that such code may enter. Linear in the calls. */
#include "llvm/heap_calls.h"

static const uint32_t *callees_of(const vmo_ll_heap_calls *calls, uint32_t function, uint32_t *count) {
  const vmo_ll_function *of = &calls->program->functions.data[function];
  const vmo_ll_structures *structures = calls->structures;
  uint32_t first = structures->callee_first[of->first];
  *count = structures->callee_first[of->first + of->count] - first;
  return structures->callees.data + first;
}

/* Counts the callers of each function (two places behind its own, for now); those that call unseen code. */
static bool count_callers(vmo_ll_heap_calls *calls) {
  for (uint32_t f = 0, count; f < calls->program->functions.count; f++) {
    const uint32_t *callees = callees_of(calls, f, &count);
    bool strange = false;
    for (uint32_t c = 0; c < count; c++) {
      strange |= callees[c] == VMO_NONE;
      if (callees[c] != VMO_NONE) calls->caller_first[callees[c] + 2]++;
    }
    if (strange && !vmo_vec_push(calls->program->arena, &calls->strangers, f)) return false;
  }
  return true;
}

static bool find_callers(vmo_ll_heap_calls *calls) {
  uint32_t functions = calls->program->functions.count, *first = calls->caller_first;
  if (!count_callers(calls)) return false;
  for (uint32_t f = 1; f < functions + 2; f++) first[f] += first[f - 1];
  calls->callers = vmr_arena_alloc_array(calls->program->arena, (size_t)first[functions + 1] + 1, sizeof(uint32_t));
  if (calls->callers == NULL) return false;
  for (uint32_t f = 0, count; f < functions; f++) {
    const uint32_t *callees = callees_of(calls, f, &count);
    for (uint32_t c = 0; c < count; c++)
      if (callees[c] != VMO_NONE) calls->callers[first[callees[c] + 1]++] = f;
  }
  return true;
}

vmo_status vmo_ll_find_heap_calls(const vmo_ll_program *program, const vmo_ll_structures *structures,
                                  vmo_ll_heap_calls *calls) {
  size_t functions = (size_t)program->functions.count + 2;
  *calls = (vmo_ll_heap_calls){.program = program, .structures = structures};
  calls->caller_first = vmr_arena_alloc_array(program->arena, functions, sizeof(uint32_t));
  calls->is_entered = vmr_arena_alloc_array(program->arena, functions, sizeof(bool));
  if (calls->caller_first == NULL || calls->is_entered == NULL) return VMO_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < structures->entered.count; i++) calls->is_entered[structures->entered.data[i]] = true;
  return find_callers(calls) ? VMO_OK : VMO_OUT_OF_MEMORY;
}

static bool add(const vmo_ll_heap_calls *calls, vmo_ll_marks *marks, uint32_t function) {
  if (marks->marked[function] == marks->stamp) return true;
  marks->marked[function] = marks->stamp;
  return vmo_vec_push(calls->program->arena, &marks->list, function);
}

bool vmo_ll_begin_marks(const vmo_ll_heap_calls *calls, vmo_ll_marks *marks) {
  *marks = (vmo_ll_marks){.stamp = 0};
  marks->marked =
      vmr_arena_alloc_array(calls->program->arena, (size_t)calls->program->functions.count + 1, sizeof(uint32_t));
  return marks->marked != NULL;
}

bool vmo_ll_mark_function(const vmo_ll_heap_calls *calls, vmo_ll_marks *marks, uint32_t function) {
  return add(calls, marks, function);
}

bool vmo_ll_mark_callees(const vmo_ll_heap_calls *calls, vmo_ll_marks *marks) {
  const vmo_ll_ids *entered = &calls->structures->entered;
  bool strange = false;
  for (uint32_t i = 0; i < marks->list.count; i++) {
    uint32_t count;
    const uint32_t *callees = callees_of(calls, marks->list.data[i], &count);
    for (uint32_t c = 0; c < count; c++) {
      if (callees[c] != VMO_NONE && !add(calls, marks, callees[c])) return false;
      if (callees[c] != VMO_NONE || strange) continue;
      strange = true;
      for (uint32_t e = 0; e < entered->count; e++)
        if (!add(calls, marks, entered->data[e])) return false;
    }
  }
  return true;
}

bool vmo_ll_mark_callers(const vmo_ll_heap_calls *calls, vmo_ll_marks *marks, const vmo_ll_marks *within) {
  marks->entered = false;
  for (uint32_t i = 0; i < marks->list.count; i++) {
    uint32_t function = marks->list.data[i];
    for (uint32_t c = calls->caller_first[function]; c < calls->caller_first[function + 1]; c++)
      if ((within == NULL || vmo_ll_is_marked(within, calls->callers[c])) && !add(calls, marks, calls->callers[c]))
        return false;
    if (!calls->is_entered[function] || marks->entered) continue;
    marks->entered = true;
    for (uint32_t s = 0; s < calls->strangers.count; s++)
      if ((within == NULL || vmo_ll_is_marked(within, calls->strangers.data[s])) &&
          !add(calls, marks, calls->strangers.data[s]))
        return false;
  }
  return true;
}

bool vmo_ll_may_call_marked(const vmo_ll_heap_calls *calls, uint32_t instruction, const vmo_ll_marks *marks) {
  const vmo_ll_structures *structures = calls->structures;
  for (uint32_t c = structures->callee_first[instruction]; c < structures->callee_first[instruction + 1]; c++) {
    uint32_t callee = structures->callees.data[c];
    if (callee == VMO_NONE ? marks->entered : vmo_ll_is_marked(marks, callee)) return true;
  }
  return false;
}
