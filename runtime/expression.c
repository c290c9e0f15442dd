/* expression.c: the table of expressions: each exists once.
 *
 * A hash table with lists, as many slots as expressions or more. The hash of an expression is made of those of its head and
 * arguments, which are cached, so that making one takes time proportional to its own arguments. When there is no
 * memory for a larger table, the old one serves on. */
#include <string.h>

#include "runtime/store.h"

#define FIRST_SLOTS ((size_t)256)

static bool grow_table(vmr_store *store) {
  size_t count = store->slot_count != 0 ? store->slot_count * 2 : FIRST_SLOTS;
  vmr_expression_node **slots = vmr_ctx_obtain_zeroed(store->handle.ctx, VMR_KIND_STORE, count * sizeof *slots);
  if (slots == NULL) return store->slot_count != 0;
  for (size_t i = 0; i < store->slot_count; i++) {
    for (vmr_expression_node *each = store->slots[i], *next; each != NULL; each = next) {
      next = each->next;
      each->next = slots[each->node.hash & (count - 1)];
      slots[each->node.hash & (count - 1)] = each;
    }
  }
  vmr_ctx_release(store->handle.ctx, VMR_KIND_STORE, store->slots, store->slot_count * sizeof *store->slots);
  store->slots = slots;
  store->slot_count = count;
  return true;
}

void vmr_expression_unlink(vmr_store *store, vmr_expression_node *node) {
  vmr_expression_node **link = &store->slots[node->node.hash & (store->slot_count - 1)];
  while (*link != node) link = &(*link)->next;
  *link = node->next;
}

/* ---- making ---- */

static uint32_t hash_all(vmr_value head, const vmr_value *arguments, size_t count) {
  uint64_t hash = vmr_value_mix(count, vmr_value_hash(head));
  for (size_t i = 0; i < count; i++) hash = (hash ^ vmr_value_hash(arguments[i])) * UINT64_C(0x9fb21c651e98df25);
  return (uint32_t)(hash ^ hash >> 32);
}

static bool is_same(const vmr_expression_node *node, vmr_value head, const vmr_value *arguments, size_t count) {
  if (node->node.length != count || node->node.head_kind != head.kind || node->head.bits != head.as.bits) return false;
  for (size_t i = 0; i < count; i++) {
    if (!vmr_value_equals(node->arguments[i], arguments[i])) return false;
  }
  return true;
}

static void release_all(vmr_store *store, vmr_value head, const vmr_value *arguments, size_t count) {
  for (size_t i = 0; i < count; i++) vmr_value_release(store, arguments[i]);
  vmr_value_release(store, head);
}

static vmr_expression_node *find(const vmr_store *store, uint32_t hash, vmr_value head, const vmr_value *arguments,
                                 size_t count) {
  vmr_expression_node *node = store->slots[hash & (store->slot_count - 1)];
  while (node != NULL && (node->node.hash != hash || !is_same(node, head, arguments, count))) node = node->next;
  return node;
}

static vmr_value share(vmr_store *store, vmr_expression_node *node, vmr_value head, const vmr_value *arguments,
                       size_t count) {
  store->figures.shared++;
  vmr_value found = vmr_value_retain(vmr_value_of_node(&node->node));
  release_all(store, head, arguments, count);
  return found;
}

static vmr_value add_node(vmr_store *store, uint32_t hash, vmr_value head, const vmr_value *arguments, size_t count) {
  bool may_cycle = vmr_value_may_cycle(head);
  for (size_t i = 0; i < count && !may_cycle; i++) may_cycle = vmr_value_may_cycle(arguments[i]);
  vmr_node start = {.count = 1,
                    .hash = hash,
                    .kind = head.kind == VMR_VALUE_NONE ? VMR_VALUE_TUPLE : VMR_VALUE_EXPRESSION,
                    .flags = may_cycle ? VMR_NODE_MAY_CYCLE : 0,
                    .head_kind = head.kind,
                    .length = (uint32_t)count};
  uint64_t made = store->figures.made;
  vmr_expression_node *node = vmr_node_obtain(store, vmr_node_bytes(&start)), *other;
  if (node == NULL) return vmr_value_none();
  if (VMR_UNLIKELY(store->figures.made != made + 1) && (other = find(store, hash, head, arguments, count)) != NULL) {
    vmr_node_release(store, node, vmr_node_bytes(&start)); /* a callback has made it */
    return share(store, other, head, arguments, count);
  }
  vmr_expression_node **slot = &store->slots[hash & (store->slot_count - 1)];
  node->node = start;
  node->head = head.as;
  node->next = *slot;
  *slot = node;
  if (count != 0) memcpy(node->arguments, arguments, count * sizeof *arguments);
  if (may_cycle) vmr_node_enter(store, &node->node);
  store->figures.expressions++;
  return vmr_value_of_node(&node->node);
}

static vmr_value make(vmr_store *store, vmr_value head, const vmr_value *arguments, size_t count) {
  if (count > UINT32_MAX / sizeof *arguments) return vmr_store_fail(store, VMR_SIZE_OVERFLOW);
  for (size_t i = 0; i < count; i++) { /* an argument that could not be made */
    if (arguments[i].kind == VMR_VALUE_NONE) return vmr_store_fail(store, VMR_INVALID_ARGUMENT);
  }
  if (store->figures.expressions >= store->slot_count && !grow_table(store))
    return vmr_store_fail(store, VMR_OUT_OF_MEMORY);
  uint32_t hash = hash_all(head, arguments, count);
  vmr_expression_node *node = find(store, hash, head, arguments, count);
  return node != NULL ? share(store, node, head, arguments, count) : add_node(store, hash, head, arguments, count);
}

vmr_value vmr_expression_make(vmr_store *store, vmr_value head, const vmr_value *arguments, size_t count) {
  bool is_head = store != NULL && (head.kind == VMR_VALUE_SYMBOL || head.kind == VMR_VALUE_EXPRESSION);
  vmr_value made = is_head ? make(store, head, arguments, count) : vmr_store_fail(store, VMR_INVALID_ARGUMENT);
  if (made.kind == VMR_VALUE_NONE) release_all(store, head, arguments, count);
  return made;
}

void vmr_expression_open(vmr_store *store, vmr_value expression, vmr_value *arguments) {
  vmr_node *node = expression.as.node;
  if (store == NULL) return;
  size_t count = node->length;
  bool is_last = node->count == 1 && node->flags == 0;
  if (count != 0) memcpy(arguments, vmr_expression_arguments(expression), count * sizeof *arguments);
  if (is_last) {
    vmr_value_release(store, vmr_expression_head(expression));
    vmr_store_unlink(store, node);
    vmr_node_free(store, node);
    return;
  }
  for (size_t i = 0; i < count; i++) vmr_value_retain(arguments[i]);
  vmr_value_release(store, expression);
}

/* ---- tuples ---- */

#define SMALL_BEGIN (sizeof(vmr_value) - VMR_VALUE_SMALL_TUPLE * sizeof(int32_t))

static bool is_small(const vmr_value *items, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (items[i].kind != VMR_VALUE_INTEGER || items[i].as.integer != (int32_t)items[i].as.integer) return false;
  }
  return count <= VMR_VALUE_SMALL_TUPLE;
}

vmr_value vmr_tuple_make(vmr_store *store, const vmr_value *items, size_t count) {
  if (count <= VMR_VALUE_SMALL_TUPLE && is_small(items, count)) {
    vmr_value small = vmr_value_of_bits(VMR_VALUE_TUPLE, 0);
    small.form = (uint8_t)count;
    for (size_t i = 0; i < count; i++) {
      int32_t number = (int32_t)items[i].as.integer;
      memcpy((char *)&small + SMALL_BEGIN + i * sizeof number, &number, sizeof number);
    }
    return small;
  }
  vmr_value made = store != NULL ? make(store, vmr_value_none(), items, count) : vmr_value_none();
  if (made.kind == VMR_VALUE_NONE) release_all(store, vmr_value_none(), items, count);
  return made;
}

size_t vmr_tuple_count(vmr_value tuple) {
  return tuple.form == VMR_VALUE_COUNTED ? vmr_expression_count(tuple) : tuple.form;
}

vmr_value vmr_tuple_get(vmr_value tuple, size_t index) {
  if (index >= vmr_tuple_count(tuple)) return vmr_value_none();
  if (tuple.form == VMR_VALUE_COUNTED) return vmr_expression_arguments(tuple)[index];
  int32_t number;
  memcpy(&number, (const char *)&tuple + SMALL_BEGIN + index * sizeof number, sizeof number);
  return vmr_value_integer(number);
}

/* ---- the store's books ---- */

static bool is_slot_valid(const vmr_store *store, size_t slot, uint64_t *count) {
  for (const vmr_expression_node *each = store->slots[slot]; each != NULL; each = each->next) {
    vmr_value head = vmr_expression_head(vmr_value_of_node((vmr_node *)(uintptr_t)&each->node));
    ++*count;
    if ((each->node.hash & (store->slot_count - 1)) != slot || each->node.count == 0) return false;
    if (each->node.kind != VMR_VALUE_TUPLE && each->node.kind != VMR_VALUE_EXPRESSION) return false;
    if (hash_all(head, each->arguments, each->node.length) != each->node.hash) return false;
    for (size_t i = 0; i < vmr_node_child_count(&each->node); i++) {
      vmr_value child = vmr_node_child(&each->node, i);
      if (child.form == VMR_VALUE_COUNTED && (child.as.node->count == 0 || child.as.node->kind != child.kind))
        return false;
    }
  }
  return true;
}

static bool is_ring_valid(const vmr_link *ring, uint64_t *members, bool is_candidates) {
  for (const vmr_link *each = ring->next; each != ring; each = each->next) {
    vmr_node *node = each->node;
    bool is_candidate = (node->flags & VMR_NODE_CANDIDATE) != 0;
    if (each->next->previous != each || vmr_node_link(node) != each || is_candidate != is_candidates) return false;
    members[node->kind]++;
    for (size_t i = 0; i < vmr_node_child_count(node); i++) {
      vmr_value child = vmr_node_child(node, i);
      if (child.form == VMR_VALUE_COUNTED && (child.as.node->count == 0 || child.as.node->kind != child.kind))
        return false;
    }
  }
  return true;
}

bool vmr_store_is_valid(const vmr_store *store) {
  if (store == NULL) return true;
  const vmr_store_figures *figures = &store->figures;
  uint64_t expressions = 0, members[VMR_VALUE_FOREIGN + 1] = {0};
  for (size_t slot = 0; slot < store->slot_count; slot++) {
    if (!is_slot_valid(store, slot, &expressions)) return false;
  }
  if (!is_ring_valid(&store->members, members, false) || !is_ring_valid(&store->candidates, members, true))
    return false;
  uint64_t living = figures->strings + figures->expressions + figures->lists + figures->objects + figures->foreign;
  return expressions == figures->expressions && members[VMR_VALUE_LIST] == figures->lists &&
         members[VMR_VALUE_OBJECT] == figures->objects && members[VMR_VALUE_FOREIGN] == figures->foreign &&
         living == figures->made - figures->freed;
}
