/* store.h: the store from inside: its nodes, where their memory comes from, and the lists that they are in.
 *
 *   string      [head][bytes ...]
 *   expression  [head][next in the slot of the table][head's payload][arguments ...][link, if it may cycle]
 *   list        [head][link][items, capacity]            items apart; so are an object's entries
 *   foreign     [head][link][type, object]
 *
 * Members of one of two rings, of the candidates of trial deletion and of all others, are lists, objects and foreign
 * objects, and those expressions that refer to a list or object by some road. */
#ifndef VMR_RUNTIME_STORE_H
#define VMR_RUNTIME_STORE_H

#include "runtime/context.h"
#include "vmemrt/expression.h"

#define VMR_NODE_CLASSES 16 /* of 16, 32, ... 256 bytes */
#define VMR_NODE_CLASS_BYTES ((size_t)16)

enum vmr_node_flag {
  VMR_NODE_MAY_CYCLE = 1, /* a list or object, or an expression that refers to one by some road */
  VMR_NODE_CANDIDATE = 2, /* stands in the ring of candidates */
  VMR_NODE_VISITED = 4,   /* while cycles are looked for: `count` is its place among those visited */
  VMR_NODE_DYING = 8
};

typedef struct vmr_link {
  struct vmr_link *next, *previous;
  vmr_node *node; /* that it belongs to */
} vmr_link;

/* What heads every node but strings: `next` links the dying, too. */
typedef struct vmr_chained_node {
  vmr_node node;
  struct vmr_chained_node *next;
} vmr_chained_node;

typedef struct vmr_container_node {
  vmr_node node;
  struct vmr_chained_node *next;
  vmr_link link;
} vmr_container_node;

typedef struct vmr_list_node {
  vmr_container_node head;
  vmr_value *items;
  uint32_t capacity;
} vmr_list_node;

typedef struct vmr_entry {
  vmr_value value;
  vmr_symbol name;
} vmr_entry;

typedef struct vmr_object_node {
  vmr_container_node head;
  vmr_entry *entries;
  uint32_t *slots; /* of an object of many entries: index + 1 by hash, 0 for none; twice the capacity */
  uint32_t capacity;
} vmr_object_node;

typedef struct vmr_foreign_node {
  vmr_container_node head;
  const vmr_foreign_type *type;
  void *object;
} vmr_foreign_node;

typedef struct vmr_node_slab {
  struct vmr_node_slab *next;
  size_t bytes, class;
} vmr_node_slab;

/* What heads memory of its own: large nodes, and all nodes of a checked store. */
typedef struct vmr_large {
  vmr_link link;
  size_t bytes;
#if SIZE_MAX <= UINT32_MAX
  size_t padding[4]; /* to 32 bytes */
#endif
} vmr_large;

struct vmr_store {
  vmr_handle handle;
  vmr_interner *symbols;
  bool owns_symbols, is_checked, is_watched, is_closing;
  vmr_status status;
  vmr_expression_node **slots;
  size_t slot_count; /* a power of two */
  vmr_link members, candidates;
  void *idle[VMR_NODE_CLASSES]; /* linked through their second word */
  char *cursor[VMR_NODE_CLASSES], *limit[VMR_NODE_CLASSES];
  vmr_node_slab *slabs;
  vmr_link large;
  size_t used, reserved;
  uint64_t serial; /* of the next container */
  vmr_store_figures figures;
};

vmr_value vmr_store_fail(vmr_store *store, vmr_status status);

/* ---- nodes.c ---- */

/* Memory for a node; NULL, and the status, when there is none. The bytes are undefined. */
void *vmr_node_obtain(vmr_store *store, size_t bytes);
void vmr_node_release(vmr_store *store, void *node, size_t bytes);
/* Frees all memory of nodes. */
void vmr_node_release_all(vmr_store *store);
/* The bytes of a node, without what it has apart. */
size_t vmr_node_bytes(const vmr_node *node);

/* ---- value.c ---- */

static inline void vmr_link_add(vmr_link *ring, vmr_link *link) {
  link->next = ring;
  link->previous = ring->previous;
  ring->previous->next = link;
  ring->previous = link;
}
static inline void vmr_link_remove(vmr_link *link) {
  link->next->previous = link->previous;
  link->previous->next = link->next;
}

static inline bool vmr_node_is_container(const vmr_node *node) { return node->kind >= VMR_VALUE_LIST; }
static inline bool vmr_node_is_member(const vmr_node *node) {
  return vmr_node_is_container(node) || (node->flags & VMR_NODE_MAY_CYCLE) != 0;
}
/* The link of a member. */
static inline vmr_link *vmr_node_link(vmr_node *node) {
  if (vmr_node_is_container(node)) return &((vmr_container_node *)(void *)node)->link;
  return (vmr_link *)(void *)(((vmr_expression_node *)(void *)node)->arguments + node->length);
}

static inline bool vmr_value_may_cycle(vmr_value value) {
  return value.form == VMR_VALUE_COUNTED && (value.as.node->flags & VMR_NODE_MAY_CYCLE) != 0;
}

/* The value that refers to `node`. */
static inline vmr_value vmr_value_of_node(vmr_node *node) {
  vmr_value value = vmr_value_of_bits((vmr_value_kind)node->kind, 0);
  value.form = VMR_VALUE_COUNTED;
  value.as.node = node;
  return value;
}

/* What a node refers to, one after the other; an expression's head is the first. */
size_t vmr_node_child_count(const vmr_node *node);
vmr_value vmr_node_child(const vmr_node *node, size_t index);

/* Enters a new member into its ring. */
void vmr_node_enter(vmr_store *store, vmr_node *node);

/* A container of `bytes`, entered. */
void *vmr_container_make(vmr_store *store, vmr_value_kind kind, size_t bytes);

/* Frees nodes, linked by `next`, that nobody refers to any more, with all that dies with them. */
void vmr_store_bury(vmr_store *store, vmr_chained_node *dead);
/* A node whose last reference is gone: out of table or ring, before it is buried. */
void vmr_store_unlink(vmr_store *store, vmr_node *node);
void vmr_node_free(vmr_store *store, vmr_node *node);

/* ---- expression.c ---- */

void vmr_expression_unlink(vmr_store *store, vmr_expression_node *node);

#endif
