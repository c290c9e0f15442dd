/* calls.c: the call graph's cycles, callees first; see calls.h. */
#include "analysis/calls.h"

typedef struct call_search {
  const vmo_module *module;
  vmo_call_order *result;
  uint32_t *first, *callees; /* of function f: callees[first[f]..first[f + 1]) */
  uint32_t *next;            /* the callee to look at next */
  uint32_t *number, *low;    /* VMO_NONE: not met */
  bool *open;                /* on the component stack */
  vmo_function_id *path, *component;
  uint32_t path_count, component_count, met, ordered, cycles;
} call_search;

static bool list_callees(call_search *s) {
  const vmo_module *module = s->module;
  VMO_VEC(uint32_t) callees = {0};
  for (vmo_function_id f = 0; f < module->functions.count; f++) {
    const vmo_function *function = module->functions.data[f];
    s->first[f] = callees.count;
    for (uint32_t op = 0; op < function->ops.count; op++) {
      if (function->ops.data[op].code != VMO_OP_call) continue;
      if (!vmo_vec_push(module->context->arena, &callees, function->ops.data[op].callee)) return false;
    }
  }
  s->first[module->functions.count] = callees.count;
  s->callees = callees.data;
  return true;
}

static void meet(call_search *s, vmo_function_id f) {
  s->number[f] = s->low[f] = s->met++;
  s->next[f] = s->first[f];
  s->open[f] = true;
  s->path[s->path_count++] = s->component[s->component_count++] = f;
}

static void close_component(call_search *s, vmo_function_id root) {
  uint32_t start = s->component_count;
  while (s->component[start - 1] != root) start--;
  start--;
  for (uint32_t i = start; i < s->component_count; i++) {
    vmo_function_id f = s->component[i];
    s->open[f] = false;
    s->result->order[s->ordered++] = f;
    s->result->cycle[f] = s->cycles;
    s->result->recursive[f] = s->result->recursive[f] || s->component_count - start > 1;
  }
  s->component_count = start;
  s->cycles++;
}

static void search_from(call_search *s, vmo_function_id start) {
  meet(s, start);
  while (s->path_count > 0) {
    vmo_function_id f = s->path[s->path_count - 1];
    if (s->next[f] < s->first[f + 1]) {
      vmo_function_id callee = s->callees[s->next[f]++];
      if (callee == f) s->result->recursive[f] = true;
      if (s->number[callee] == VMO_NONE)
        meet(s, callee);
      else if (s->open[callee] && s->number[callee] < s->low[f])
        s->low[f] = s->number[callee];
      continue;
    }
    s->path_count--;
    if (s->low[f] == s->number[f]) close_component(s, f);
    if (s->path_count == 0) continue;
    vmo_function_id caller = s->path[s->path_count - 1];
    if (s->low[f] < s->low[caller]) s->low[caller] = s->low[f];
  }
}

vmo_status vmo_order_calls(const vmo_module *module, vmo_call_order **order) {
  vmo_context *context = module->context;
  size_t count = (size_t)module->functions.count + 1;
  vmo_call_order *result = vmo_alloc_array(context, 1, sizeof *result);
  call_search s = {.module = module, .result = result};
  s.first = vmo_alloc_array(context, count, sizeof *s.first);
  s.next = vmo_alloc_array(context, count, sizeof *s.next);
  s.number = vmo_alloc_array(context, count, sizeof *s.number);
  s.low = vmo_alloc_array(context, count, sizeof *s.low);
  s.open = vmo_alloc_array(context, count, sizeof *s.open);
  s.path = vmo_alloc_array(context, count, sizeof *s.path);
  s.component = vmo_alloc_array(context, count, sizeof *s.component);
  if (!result || !s.first || !s.next || !s.number || !s.low || !s.open || !s.path || !s.component)
    return VMO_OUT_OF_MEMORY;
  result->order = vmo_alloc_array(context, count, sizeof *result->order);
  result->cycle = vmo_alloc_array(context, count, sizeof *result->cycle);
  result->recursive = vmo_alloc_array(context, count, sizeof *result->recursive);
  if (!result->order || !result->cycle || !result->recursive || !list_callees(&s)) return VMO_OUT_OF_MEMORY;
  for (vmo_function_id f = 0; f < module->functions.count; f++) s.number[f] = VMO_NONE;
  for (vmo_function_id f = 0; f < module->functions.count; f++)
    if (s.number[f] == VMO_NONE) search_from(&s, f);
  *order = result;
  return VMO_OK;
}
