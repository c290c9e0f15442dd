/* structures_known.c: who calls whom, once the graph without contexts has said what pointers to functions may mean.
 *
 * Linear in the calls and what they may mean. */
#include "llvm/structures_find.h"

static bool *new_flags(const vmo_ll_finder *finder, size_t count) {
  return vmr_arena_alloc_array(finder->arena, count + 1, sizeof(bool));
}

static uint32_t *new_numbers(const vmo_ll_finder *finder, size_t count) {
  return vmr_arena_alloc_array(finder->arena, count + 1, sizeof(uint32_t));
}

uint32_t vmo_ll_pointer_call_number(const vmo_ll_finder *finder, uint32_t instruction) {
  uint32_t low = 0, high = finder->pointer_calls.count;
  while (high - low > 1) {
    uint32_t middle = low + (high - low) / 2;
    if (finder->pointer_calls.data[middle] <= instruction) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return low;
}

uint32_t vmo_ll_function_of(const vmo_ll_program *program, uint32_t instruction) {
  uint32_t low = 0, high = program->functions.count;
  while (high - low > 1) {
    uint32_t middle = low + (high - low) / 2;
    if (program->functions.data[middle].first <= instruction) {
      low = middle;
    } else {
      high = middle;
    }
  }
  while (low > 0 && program->functions.data[low].count == 0) low--; /* only declared */
  return low;
}

/* ---- calls through pointers ---- */

vmo_site_escape vmo_ll_unknown_at(vmo_ll_finder *finder, vmo_ll_place place) {
  if (place.node == VMO_NONE) return VMO_ESCAPE_NONE;
  uint16_t flags = finder->graph.nodes.data[vmo_ll_find_node(&finder->graph, place.node)].flags;
  return (flags & VMO_LL_EXTERNAL) != 0 ? VMO_ESCAPE_CALL
         : (flags & VMO_LL_HIDDEN) != 0 ? VMO_ESCAPE_INTEGER
                                        : VMO_ESCAPE_NONE;
}

static bool settle_pointer_calls(vmo_ll_finder *finder, vmo_ll_calls *calls) {
  uint32_t count = finder->pointer_calls.count;
  vmo_ll_ids targets = {0};
  calls->pointer_first = new_numbers(finder, (size_t)count + 1);
  calls->pointer_unknown = vmr_arena_alloc_array(finder->arena, (size_t)count + 1, sizeof(uint8_t));
  if (calls->pointer_first == NULL || calls->pointer_unknown == NULL) return false;
  for (uint32_t c = 0; c < count; c++) {
    calls->pointer_first[c] = targets.count;
    vmo_ll_place place = vmo_ll_place_called(finder, finder->pointer_calls.data[c]);
    calls->pointer_unknown[c] = (uint8_t)vmo_ll_unknown_at(finder, place);
    uint32_t link = VMO_NONE;
    if (place.node != VMO_NONE)
      link = finder->graph.nodes.data[vmo_ll_find_node(&finder->graph, place.node)].function_first;
    if (link == VMO_NONE && finder->graph.hides && calls->pointer_unknown[c] == VMO_ESCAPE_NONE)
      calls->pointer_unknown[c] = VMO_ESCAPE_INTEGER; /* nothing is seen to be called: it came by its bytes */
    for (; link != VMO_NONE; link = finder->graph.links.data[link].next)
      if (!vmo_vec_push(finder->arena, &targets, finder->graph.links.data[link].to)) return false;
  }
  calls->pointer_first[count] = targets.count;
  if (!vmo_vec_push(finder->arena, &targets, VMO_NONE)) return false; /* so that there is an array */
  calls->pointer_targets = targets.data;
  return true;
}

/* ---- all calls ---- */

static bool add_callee(vmo_ll_finder *finder, vmo_ll_calls *calls, uint32_t caller, uint32_t callee,
                       vmo_ll_ids *edges) {
  const vmo_ll_function *function = &finder->program->functions.data[callee];
  if (function->libc != NULL || function->intrinsic || vmo_ll_only_jumps(function)) return true;
  if (vmo_ll_is_known(finder, function)) return vmo_vec_push(finder->arena, edges, callee);
  calls->calls_unknown[caller] = true;
  return true;
}

static bool add_pointer_call(vmo_ll_finder *finder, vmo_ll_calls *calls, uint32_t caller, uint32_t call,
                             vmo_ll_ids *edges) {
  calls->calls_unknown[caller] |= calls->pointer_unknown[call] != VMO_ESCAPE_NONE;
  for (uint32_t t = calls->pointer_first[call]; t < calls->pointer_first[call + 1]; t++)
    if (!add_callee(finder, calls, caller, calls->pointer_targets[t], edges)) return false;
  return true;
}

static bool connect_functions(vmo_ll_finder *finder, vmo_ll_calls *calls) {
  const vmo_ll_program *program = finder->program;
  vmo_ll_ids edges = {0};
  uint32_t pointer_call = 0;
  for (uint32_t f = 0; f < program->functions.count; f++) {
    const vmo_ll_function *function = &program->functions.data[f];
    calls->first[f] = edges.count;
    for (uint32_t i = function->first; i < function->first + function->count; i++) {
      const vmo_ll_instruction *call = &program->instructions.data[i];
      if (call->callee != VMO_NONE && !add_callee(finder, calls, f, call->callee, &edges)) return false;
      bool through_pointer =
          pointer_call < finder->pointer_calls.count && finder->pointer_calls.data[pointer_call] == i;
      if (through_pointer && !add_pointer_call(finder, calls, f, pointer_call++, &edges)) return false;
    }
  }
  calls->first[program->functions.count] = edges.count;
  if (!vmo_vec_push(finder->arena, &edges, 0)) return false;
  calls->targets = edges.data;
  return true;
}

/* Functions that others enter, or whose address is known somewhere, and all that these call. */
static bool find_reached(vmo_ll_finder *finder, vmo_ll_calls *calls) {
  uint32_t functions = finder->program->functions.count;
  vmo_ll_ids list = {0};
  calls->reached = new_flags(finder, functions);
  if (calls->reached == NULL || !vmo_vec_reserve(finder->arena, &list, functions + 1u)) return false;
  for (uint32_t f = 0; f < functions; f++) {
    calls->reached[f] = calls->entered[f] != VMO_ESCAPE_NONE || finder->program->functions.data[f].address_taken;
    if (calls->reached[f]) list.data[list.count++] = f;
  }
  for (uint32_t i = 0; i < list.count; i++) {
    for (uint32_t e = calls->first[list.data[i]]; e < calls->first[list.data[i] + 1]; e++) {
      uint32_t callee = calls->targets[e];
      if (!calls->reached[callee]) list.data[list.count++] = callee;
      calls->reached[callee] = true;
    }
  }
  return true;
}

vmo_status vmo_ll_settle_calls(vmo_ll_finder *finder, vmo_ll_calls *calls) {
  uint32_t functions = finder->program->functions.count;
  calls->first = new_numbers(finder, (size_t)functions + 1);
  calls->entered = vmr_arena_alloc_array(finder->arena, (size_t)functions + 1, sizeof(uint8_t));
  calls->calls_unknown = new_flags(finder, functions);
  if (calls->first == NULL || calls->entered == NULL || calls->calls_unknown == NULL) return VMO_OUT_OF_MEMORY;
  for (uint32_t f = 0; f < functions; f++) {
    calls->entered[f] = (uint8_t)vmo_ll_unknown_at(finder, finder->functions[f]);
    if (vmo_ll_is_entered(finder, f)) calls->entered[f] = VMO_ESCAPE_CALL;
  }
  if (!settle_pointer_calls(finder, calls) || !connect_functions(finder, calls) || !find_reached(finder, calls))
    return VMO_OUT_OF_MEMORY;
  return vmo_group_nodes(finder->program, calls->first, calls->targets, functions, &calls->groups);
}

/* ---- told to others ---- */

static bool tell_callee(const vmo_ll_finder *finder, vmr_arena *arena, vmo_ll_structures *structures, uint32_t callee) {
  const vmo_ll_function *function = &finder->program->functions.data[callee];
  const vmo_libc_row *row = function->libc;
  if (function->intrinsic || (row != NULL && !vmo_libc_allocates(row) && !vmo_libc_calls_back(row))) return true;
  bool told = row != NULL ? !vmo_libc_calls_back(row) : vmo_ll_is_known(finder, function);
  return vmo_vec_push(arena, &structures->callees, told ? callee : VMO_NONE);
}

static bool tell_pointer_call(const vmo_ll_finder *finder, vmr_arena *arena, vmo_ll_structures *structures,
                              uint32_t call) {
  const vmo_ll_calls *calls = finder->calls;
  for (uint32_t t = calls->pointer_first[call]; t < calls->pointer_first[call + 1]; t++)
    if (!tell_callee(finder, arena, structures, calls->pointer_targets[t])) return false;
  return !calls->pointer_unknown[call] || vmo_vec_push(arena, &structures->callees, VMO_NONE);
}

bool vmo_ll_tell_calls(const vmo_ll_finder *finder, vmr_arena *arena, vmo_ll_structures *structures) {
  const vmo_ll_program *program = finder->program;
  uint32_t count = program->instructions.count, pointer_call = 0;
  structures->callee_first = vmr_arena_alloc_array(arena, (size_t)count + 1, sizeof *structures->callee_first);
  if (structures->callee_first == NULL) return false;
  for (uint32_t i = 0; i < count; i++) {
    uint32_t callee = program->instructions.data[i].callee;
    structures->callee_first[i] = structures->callees.count;
    if (callee != VMO_NONE && !tell_callee(finder, arena, structures, callee)) return false;
    bool through_pointer = pointer_call < finder->pointer_calls.count && finder->pointer_calls.data[pointer_call] == i;
    if (through_pointer && !tell_pointer_call(finder, arena, structures, pointer_call++)) return false;
  }
  structures->callee_first[count] = structures->callees.count;
  for (uint32_t f = 0; f < program->functions.count; f++)
    if (finder->calls->entered[f] && !vmo_vec_push(arena, &structures->entered, f)) return false;
  return true;
}
