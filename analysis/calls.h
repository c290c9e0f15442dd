/* calls.h: which function calls which, callees first. */
#ifndef VMO_ANALYSIS_CALLS_H
#define VMO_ANALYSIS_CALLS_H

#include "analysis/facts.h"

typedef struct vmo_call_order {
  vmo_function_id *order; /* all functions, each after those it calls; within a cycle in the order met */
  uint32_t *cycle;        /* of each function: functions of one cycle of calls have one number */
  bool *recursive;        /* of each function: it calls itself, directly or not */
} vmo_call_order;

/* Strongly connected components (R. Tarjan, "Depth-first search and linear graph algorithms", 1972), with its own
 * stack. Linear in functions and calls. */
vmo_status vmo_order_calls(const vmo_module *module, vmo_call_order **order);

#endif
