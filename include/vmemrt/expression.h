/* expression.h: shared expressions: a head and arguments, each of which exists once.
 *
 *   Plus[x, Sin[x]]    [count, hash | head: Plus | x | o-]--> [count, hash | head: Sin | x]
 *
 * Equal expressions of a store are one node, so that they are compared by comparing pointers, and what is built again costs
 * a look-up (hash-consing: Filliatre and Conchon, Type-Safe Modular Hash-Consing, ML 2006). A node lives as long as
 * somebody holds a reference; freeing a long chain recurses nowhere. A tuple is an expression without a head.
 *
 * References alone cannot free lists and objects that refer to themselves by some road. Trial deletion does: of the nodes
 * whose count went down without reaching 0 it follows what they refer to, subtracts the references found on the way, and
 * frees what nobody else refers to (Bacon and Rajan, Concurrent Cycle Collection in Reference Counted Systems, ECOOP 2001,
 * the synchronous form). */
#ifndef VMEMRT_EXPRESSION_H
#define VMEMRT_EXPRESSION_H

#include "vmemrt/value.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Private, here for what is inline. */
typedef struct vmr_expression_node {
  vmr_node node;
  struct vmr_expression_node *next; /* of the same slot of the table */
  vmr_payload head;
  vmr_value arguments[1]; /* as many as node.length says */
} vmr_expression_node;

/* The expression `head[arguments...]`. `head`, a symbol or an expression, and all arguments are consumed. */
VMR_API vmr_value vmr_expression_make(vmr_store *store, vmr_value head, const vmr_value *arguments, size_t count);

/* Borrowed, as are the next two. `expression` is one, or a tuple that is not small. */
static inline vmr_value vmr_expression_head(vmr_value expression) {
  const vmr_expression_node *node = (const vmr_expression_node *)(const void *)expression.as.node;
  vmr_value head = vmr_value_of_bits((vmr_value_kind)node->node.head_kind, 0);
  head.as = node->head;
  if (head.kind == VMR_VALUE_EXPRESSION) head.form = VMR_VALUE_COUNTED;
  return head;
}
static inline size_t vmr_expression_count(vmr_value expression) { return expression.as.node->length; }
static inline const vmr_value *vmr_expression_arguments(vmr_value expression) {
  return ((const vmr_expression_node *)(const void *)expression.as.node)->arguments;
}

/* Consumes an expression or a tuple with a node, and gives its arguments, which are then the caller's, in a place that holds
 * as many. When nobody else refers to it they are moved. */
VMR_API void vmr_expression_open(vmr_store *store, vmr_value expression, vmr_value *arguments);

/* A tuple of `count` items, which are consumed. Up to 3 integers of 32 bits need no node. */
VMR_API vmr_value vmr_tuple_make(vmr_store *store, const vmr_value *items, size_t count);
VMR_API size_t vmr_tuple_count(vmr_value tuple);
/* Borrowed; VMR_VALUE_NONE behind the end. */
VMR_API vmr_value vmr_tuple_get(vmr_value tuple, size_t index);

/* ---- cycles ---- */

typedef struct vmr_cycles_figures {
  size_t visited; /* nodes */
  size_t freed;   /* nodes that only cycles referred to, and what they alone referred to */
  size_t freed_bytes;
  size_t postponed; /* candidates that the budget left for the next time */
} vmr_cycles_figures;

/* Frees cycles that nobody refers to from outside. Visits about `budget` nodes at most (0: no limit): a candidate whose
 * surroundings are larger waits until the budget is. `figures` may be NULL. VMR_OUT_OF_MEMORY: there was no memory to
 * look; nothing has changed then. Finalisers of foreign objects run at the end. */
VMR_API vmr_status vmr_cycles_collect(vmr_store *store, size_t budget, vmr_cycles_figures *figures);

/* One step of a cycle: `node`, borrowed, refers to the next one (the last to the first) by its item or argument `index`, or by
 * its entry `name` (0: by index). */
typedef struct vmr_cycle_step {
  vmr_value node;
  size_t index;
  vmr_symbol name;
} vmr_cycle_step;

/* `is_garbage`: nothing outside refers to it, by any road. */
typedef void (*vmr_cycle_function)(void *user, const vmr_cycle_step *steps, size_t count, bool is_garbage);

/* Calls `function` with a shortest cycle through the oldest node of each set of nodes that refer to each other, oldest
 * first. The store must not be used meanwhile. */
VMR_API vmr_status vmr_cycles_find(vmr_store *store, vmr_cycle_function function, void *user);

#ifdef __cplusplus
}
#endif

#endif
