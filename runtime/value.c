/* value.c: the store, strings, and the death of nodes.
 *
 * Whatever dies is linked through its own `next` and freed one after the other, so that the longest chain takes no stack and
 * no memory. A container that loses a reference and lives becomes a candidate of trial deletion. */
#include <string.h>

#include "runtime/store.h"

/* The mixing function of MurmurHash3, 64 bits, over both words. */
uint64_t vmr_value_mix(uint64_t first, uint64_t second) {
  uint64_t mixed = first * UINT64_C(0x9e3779b97f4a7c15) ^ second;
  mixed = (mixed ^ (mixed >> 33)) * UINT64_C(0xff51afd7ed558ccd);
  mixed = (mixed ^ (mixed >> 33)) * UINT64_C(0xc4ceb9fe1a85ec53);
  return mixed ^ (mixed >> 33);
}

vmr_value vmr_store_fail(vmr_store *store, vmr_status status) {
  if (store != NULL && store->status == VMR_OK) store->status = status;
  return vmr_value_none();
}

/* ---- the store ---- */

vmr_status vmr_store_create(vmr_store **store, vmr_ctx *ctx, vmr_interner *symbols) {
  if (store == NULL) return VMR_INVALID_ARGUMENT;
  *store = NULL;
  vmr_store *created = vmr_ctx_obtain_zeroed(ctx, VMR_KIND_STORE, sizeof *created);
  if (created == NULL) return VMR_OUT_OF_MEMORY;
  vmr_status status = VMR_OK;
  created->symbols = symbols;
  created->owns_symbols = symbols == NULL;
  if (symbols == NULL) status = vmr_interner_open(&created->symbols, ctx, NULL);
  if (status != VMR_OK) {
    vmr_ctx_release(ctx, VMR_KIND_STORE, created, sizeof *created);
    return status;
  }
  vmr_link *rings[] = {&created->members, &created->candidates, &created->large};
  for (int i = 0; i < 3; i++) rings[i]->next = rings[i]->previous = rings[i];
  created->is_checked = vmr_ctx_is_checked(ctx);
  vmr_ctx_add_handle(ctx, &created->handle, VMR_KIND_STORE);
  *store = created;
  return VMR_OK;
}

static void close_ring(vmr_store *store, vmr_link *ring) {
  while (ring->next != ring) {
    vmr_node *node = ring->next->node;
    vmr_link_remove(ring->next);
    vmr_node_free(store, node);
  }
}

vmr_status vmr_store_destroy(vmr_store *store) {
  if (store == NULL) return VMR_OK;
  vmr_ctx *ctx = store->handle.ctx;
  vmr_status status = VMR_OK;
  if (store->figures.made != store->figures.freed) {
    status = VMR_STILL_IN_USE;
    vmr_ctx_report(ctx, status, store, "a store is destroyed while values refer to what is in it");
  }
  store->is_closing = true; /* references among the nodes do not matter any more */
  close_ring(store, &store->candidates);
  close_ring(store, &store->members);
  vmr_node_release_all(store);
  vmr_ctx_remove_handle(&store->handle);
  vmr_ctx_release(ctx, VMR_KIND_STORE, store->slots, store->slot_count * sizeof *store->slots);
  if (store->owns_symbols) vmr_interner_destroy(store->symbols);
  vmr_ctx_release(ctx, VMR_KIND_STORE, store, sizeof *store);
  return status;
}

vmr_interner *vmr_store_symbols(const vmr_store *store) { return store != NULL ? store->symbols : NULL; }

vmr_status vmr_store_status(const vmr_store *store) { return store != NULL ? store->status : VMR_OK; }

void vmr_store_clear_status(vmr_store *store) {
  if (store != NULL) store->status = VMR_OK;
}

vmr_store_figures vmr_store_read_figures(const vmr_store *store) {
  if (store == NULL) return (vmr_store_figures){0};
  vmr_store_figures figures = store->figures;
  figures.used_bytes = store->used;
  figures.reserved_bytes = store->reserved + store->slot_count * sizeof *store->slots;
  return figures;
}

/* ---- strings ---- */

static const char *bytes_of(const vmr_node *string) { return (const char *)(string + 1); }

static uint32_t hash_text(const char *text, size_t length) {
  uint64_t hash = length;
  for (; length >= 8; text += 8, length -= 8) {
    uint64_t word;
    memcpy(&word, text, sizeof word);
    hash = vmr_value_mix(hash, word);
  }
  uint64_t last = 0;
  memcpy(&last, text, length);
  return (uint32_t)vmr_value_mix(hash, last);
}

vmr_value vmr_string_make(vmr_store *store, vmr_view text) {
  vmr_value value = vmr_value_of_bits(VMR_VALUE_STRING, 0);
  if (text.length <= VMR_VALUE_SMALL_STRING) {
    value.form = (uint8_t)text.length;
    if (text.length != 0) memcpy((char *)&value + offsetof(vmr_value, front), text.data, text.length);
    return value;
  }
  if (store == NULL) return vmr_value_none();
  if (text.length >= UINT32_MAX) return vmr_store_fail(store, VMR_SIZE_OVERFLOW);
  vmr_node *node = vmr_node_obtain(store, sizeof *node + text.length);
  if (node == NULL) return vmr_value_none();
  *node = (vmr_node){
      .count = 1, .hash = hash_text(text.data, text.length), .kind = VMR_VALUE_STRING, .length = (uint32_t)text.length};
  memcpy(node + 1, text.data, text.length);
  store->figures.strings++;
  return vmr_value_of_node(node);
}

vmr_view vmr_string_view(const vmr_store *store, const vmr_value *value) {
  if (value == NULL) return (vmr_view){NULL, 0};
  if (value->kind == VMR_VALUE_SYMBOL) return vmr_interner_view(vmr_store_symbols(store), value->as.symbol);
  if (value->kind != VMR_VALUE_STRING) return (vmr_view){NULL, 0};
  if (value->form != VMR_VALUE_COUNTED)
    return (vmr_view){(const char *)value + offsetof(vmr_value, front), value->form};
  return (vmr_view){bytes_of(value->as.node), value->as.node->length};
}

vmr_value vmr_symbol_make(vmr_store *store, vmr_view text) {
  vmr_symbol symbol = vmr_interner_add(vmr_store_symbols(store), text.data, text.length);
  return symbol != 0 ? vmr_value_symbol(symbol) : vmr_store_fail(store, VMR_OUT_OF_MEMORY);
}

bool vmr_value_equals_slow(const vmr_node *first, const vmr_node *second) {
  return first->hash == second->hash && first->length == second->length &&
         memcmp(bytes_of(first), bytes_of(second), first->length) == 0;
}

/* ---- nodes ---- */

size_t vmr_node_child_count(const vmr_node *node) {
  switch (node->kind) {
  case VMR_VALUE_TUPLE:
  case VMR_VALUE_EXPRESSION: return (size_t)node->length + 1;
  case VMR_VALUE_LIST:
  case VMR_VALUE_OBJECT: return node->length;
  default: return 0;
  }
}

vmr_value vmr_node_child(const vmr_node *node, size_t index) {
  vmr_value value = vmr_value_of_node((vmr_node *)(uintptr_t)node);
  if (node->kind == VMR_VALUE_LIST) return ((const vmr_list_node *)(const void *)node)->items[index];
  if (node->kind == VMR_VALUE_OBJECT) return ((const vmr_object_node *)(const void *)node)->entries[index].value;
  return index == 0 ? vmr_expression_head(value) : vmr_expression_arguments(value)[index - 1];
}

void vmr_node_enter(vmr_store *store, vmr_node *node) {
  vmr_link *link = vmr_node_link(node);
  link->node = node;
  vmr_link_add(&store->members, link);
}

void *vmr_container_make(vmr_store *store, vmr_value_kind kind, size_t bytes) {
  vmr_container_node *container = store != NULL ? vmr_node_obtain(store, bytes) : NULL;
  if (container == NULL) return NULL;
  memset(container, 0, bytes);
  container->node.count = 1;
  container->node.kind = (uint8_t)kind;
  container->node.flags = kind == VMR_VALUE_FOREIGN ? 0 : VMR_NODE_MAY_CYCLE;
  container->node.hash = (uint32_t)vmr_value_mix(kind, ++store->serial);
  vmr_node_enter(store, &container->node);
  return container;
}

static void count_dead(vmr_store *store, const vmr_node *node) {
  switch (node->kind) {
  case VMR_VALUE_STRING: store->figures.strings--; break;
  case VMR_VALUE_LIST: store->figures.lists--; break;
  case VMR_VALUE_OBJECT: store->figures.objects--; break;
  case VMR_VALUE_FOREIGN: store->figures.foreign--; break;
  default: store->figures.expressions--; break;
  }
}

void vmr_node_free(vmr_store *store, vmr_node *node) {
  vmr_ctx *ctx = store->handle.ctx;
  count_dead(store, node);
  if (node->kind == VMR_VALUE_LIST) {
    vmr_list_node *list = (vmr_list_node *)(void *)node;
    vmr_ctx_release(ctx, VMR_KIND_STORE, list->items, list->capacity * sizeof *list->items);
    store->reserved -= list->capacity * sizeof *list->items;
  } else if (node->kind == VMR_VALUE_OBJECT) {
    vmr_object_node *object = (vmr_object_node *)(void *)node;
    store->reserved -= object->capacity * sizeof *object->entries;
    if (object->slots != NULL) store->reserved -= (size_t)object->capacity * 2 * sizeof *object->slots;
    vmr_ctx_release(ctx, VMR_KIND_STORE, object->entries, object->capacity * sizeof *object->entries);
    vmr_ctx_release(ctx, VMR_KIND_STORE, object->slots, (size_t)object->capacity * 2 * sizeof *object->slots);
  } else if (node->kind == VMR_VALUE_FOREIGN) {
    vmr_foreign_node *foreign = (vmr_foreign_node *)(void *)node;
    if (foreign->type->finalise != NULL) foreign->type->finalise(foreign->object);
  }
  vmr_node_release(store, node, vmr_node_bytes(node));
}

void vmr_store_unlink(vmr_store *store, vmr_node *node) {
  if (node->kind == VMR_VALUE_TUPLE || node->kind == VMR_VALUE_EXPRESSION)
    vmr_expression_unlink(store, (vmr_expression_node *)(void *)node);
  if (!vmr_node_is_member(node)) return;
  vmr_link_remove(vmr_node_link(node));
  if ((node->flags & VMR_NODE_CANDIDATE) != 0) store->figures.candidates--;
}

/* One reference to a node of those that die is gone. */
static void drop_child(vmr_store *store, vmr_value child, vmr_chained_node **dead) {
  if (child.form != VMR_VALUE_COUNTED) return;
  vmr_node *node = child.as.node;
  if (node->count == UINT32_MAX || (node->flags & VMR_NODE_DYING) != 0) return;
  if (node->count > 1) {
    vmr_value_release(store, child);
  } else if (node->kind == VMR_VALUE_STRING) {
    vmr_node_free(store, node);
  } else {
    vmr_store_unlink(store, node);
    node->flags |= VMR_NODE_DYING;
    ((vmr_chained_node *)(void *)node)->next = *dead;
    *dead = (vmr_chained_node *)(void *)node;
  }
}

void vmr_store_bury(vmr_store *store, vmr_chained_node *dead) {
  while (dead != NULL) {
    vmr_chained_node *node = dead;
    dead = node->next;
    size_t count = vmr_node_child_count(&node->node);
    for (size_t i = 0; i < count; i++) drop_child(store, vmr_node_child(&node->node, i), &dead);
    vmr_node_free(store, &node->node);
  }
}

/* A member that lost a reference and lives may be kept by a cycle alone. */
static void become_candidate(vmr_store *store, vmr_node *node) {
  if ((node->flags & VMR_NODE_CANDIDATE) != 0) return;
  node->flags |= VMR_NODE_CANDIDATE;
  vmr_link_remove(vmr_node_link(node));
  vmr_link_add(&store->candidates, vmr_node_link(node));
  store->figures.candidates++;
}

void vmr_value_release_slow(vmr_store *store, vmr_node *node) {
  if (store == NULL || node->count == UINT32_MAX || store->is_closing || (node->flags & VMR_NODE_DYING) != 0) return;
  if (node->count == 0 || node->kind == VMR_VALUE_NONE) {
    vmr_store_fail(store, VMR_DOUBLE_FREE);
    vmr_ctx_report(store->handle.ctx, VMR_DOUBLE_FREE, node, "a reference was given up that was not there");
  } else if (node->count > 1) {
    node->count--;
    if ((node->flags & VMR_NODE_MAY_CYCLE) != 0) become_candidate(store, node);
  } else {
    vmr_chained_node *dead = NULL;
    drop_child(store, vmr_value_of_node(node), &dead);
    vmr_store_bury(store, dead);
  }
}
