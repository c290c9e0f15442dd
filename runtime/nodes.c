/* nodes.c: memory for the nodes of a store.
 *
 * Nodes up to 256 bytes come from slabs of 16 KiB, each of one class of size, and wait in a list of their class when they
 * are freed; no byte is spent on a head. Larger ones are obtained one by one, as are all nodes of a checked store, so that
 * faults, guards and tools that watch memory see each of them. */
#include <string.h>

#include "runtime/os.h"
#include "runtime/store.h"

#define SLAB_BYTES ((size_t)16 << 10)

typedef struct idle_node {
  vmr_node node; /* all zero: its kind tells that it is dead */
  struct idle_node *next;
} idle_node;

/* In a class of 16 bytes there is no room behind the head, so that it has none: the least is 32. */
static size_t class_of(size_t bytes) { return bytes <= sizeof(idle_node) ? 1 : (bytes - 1) / VMR_NODE_CLASS_BYTES; }

static size_t bytes_of(size_t class) { return (class + 1) * VMR_NODE_CLASS_BYTES; }

static bool is_large(const vmr_store *store, size_t bytes) {
  return store->is_checked || bytes > VMR_NODE_CLASSES * VMR_NODE_CLASS_BYTES;
}

static size_t slab_head(void) { return (sizeof(vmr_node_slab) + 15) & ~(size_t)15; }

size_t vmr_node_bytes(const vmr_node *node) {
  switch (node->kind) {
  case VMR_VALUE_STRING: return sizeof(vmr_node) + node->length;
  case VMR_VALUE_TUPLE:
  case VMR_VALUE_EXPRESSION:
    return offsetof(vmr_expression_node, arguments) + node->length * sizeof(vmr_value) +
           ((node->flags & VMR_NODE_MAY_CYCLE) != 0 ? sizeof(vmr_link) : 0);
  case VMR_VALUE_LIST: return sizeof(vmr_list_node);
  case VMR_VALUE_OBJECT: return sizeof(vmr_object_node);
  default: return sizeof(vmr_foreign_node);
  }
}

static void *obtain_large(vmr_store *store, size_t bytes) {
  if (bytes > SIZE_MAX - sizeof(vmr_large)) return vmr_store_fail(store, VMR_SIZE_OVERFLOW), NULL;
  vmr_large *large = vmr_ctx_obtain(store->handle.ctx, VMR_KIND_STORE, sizeof *large + bytes);
  if (large == NULL) return vmr_store_fail(store, VMR_OUT_OF_MEMORY), NULL;
  large->bytes = bytes;
  vmr_link_add(&store->large, &large->link);
  store->reserved += sizeof *large + bytes;
  return large + 1;
}

static bool obtain_slab(vmr_store *store, size_t class) {
  vmr_node_slab *slab = vmr_ctx_obtain(store->handle.ctx, VMR_KIND_STORE, SLAB_BYTES);
  if (slab == NULL) return false;
  *slab = (vmr_node_slab){.next = store->slabs, .bytes = SLAB_BYTES, .class = class};
  store->slabs = slab;
  store->reserved += SLAB_BYTES;
  size_t size = bytes_of(class);
  store->cursor[class] = (char *)slab + slab_head();
  store->limit[class] = store->cursor[class] + (SLAB_BYTES - slab_head()) / size * size;
  return true;
}

/* A callback may use up what was obtained, or fill the list. */
static bool add_slab(vmr_store *store, size_t class) {
  vmr_deferral deferral;
  bool is_added;
  vmr_ctx_defer(&deferral, store->handle.ctx);
  do is_added = obtain_slab(store, class);
  while (vmr_ctx_relieve(&deferral, !is_added));
  if (!is_added) vmr_store_fail(store, VMR_OUT_OF_MEMORY);
  return is_added;
}

static void *obtain_small(vmr_store *store, size_t class) {
  do {
    idle_node *idle = store->idle[class];
    char *place = store->cursor[class];
    if (idle != NULL) return store->idle[class] = idle->next, idle;
    if (place != store->limit[class]) return store->cursor[class] += bytes_of(class), place;
  } while (add_slab(store, class));
  return NULL;
}

void *vmr_node_obtain(vmr_store *store, size_t bytes) {
  void *memory =
      VMR_UNLIKELY(is_large(store, bytes)) ? obtain_large(store, bytes) : obtain_small(store, class_of(bytes));
  if (memory == NULL) return NULL;
  store->used += bytes;
  store->figures.made++;
  return memory;
}

void vmr_node_release(vmr_store *store, void *node, size_t bytes) {
  store->used -= bytes;
  store->figures.freed++;
  memset(node, 0, sizeof(vmr_node));
  if (is_large(store, bytes)) {
    vmr_large *large = (vmr_large *)node - 1;
    vmr_link_remove(&large->link);
    store->reserved -= sizeof *large + large->bytes;
    vmr_ctx_release(store->handle.ctx, VMR_KIND_STORE, large, sizeof *large + large->bytes);
  } else {
    idle_node *idle = node;
    idle->next = store->idle[class_of(bytes)];
    store->idle[class_of(bytes)] = idle;
  }
}

void vmr_node_release_all(vmr_store *store) {
  vmr_ctx *ctx = store->handle.ctx;
  for (vmr_link *each = store->large.next, *next; each != &store->large; each = next) {
    vmr_large *large = (vmr_large *)(void *)each;
    next = each->next;
    vmr_ctx_release(ctx, VMR_KIND_STORE, large, sizeof *large + large->bytes);
  }
  for (vmr_node_slab *each = store->slabs, *next; each != NULL; each = next) {
    next = each->next;
    vmr_ctx_release(ctx, VMR_KIND_STORE, each, each->bytes);
  }
}

/* ---- giving slabs back ---- */

/* Whether every node of a slab that was ever made is dead. */
static bool is_idle_slab(const vmr_store *store, const vmr_node_slab *slab) {
  size_t size = bytes_of(slab->class);
  const char *place = (const char *)slab + slab_head();
  const char *end = place + (SLAB_BYTES - slab_head()) / size * size;
  if (store->limit[slab->class] == end) end = store->cursor[slab->class];
  for (; place < end; place += size) {
    if (((const vmr_node *)(const void *)place)->kind != 0) return false;
  }
  return true;
}

static void relist_idle(vmr_store *store, const vmr_node_slab *slab) {
  size_t size = bytes_of(slab->class);
  char *place = (char *)(uintptr_t)slab + slab_head(), *end = place + (SLAB_BYTES - slab_head()) / size * size;
  if (store->limit[slab->class] == end) end = store->cursor[slab->class];
  for (; place < end; place += size) {
    idle_node *idle = (idle_node *)(void *)place;
    if (idle->node.kind != 0) continue;
    idle->next = store->idle[slab->class];
    store->idle[slab->class] = idle;
  }
}

size_t vmr_store_trim(vmr_store *store) {
  if (store == NULL) return 0;
  size_t before = store->reserved;
  for (vmr_node_slab **link = &store->slabs; *link != NULL;) {
    vmr_node_slab *slab = *link;
    if (!is_idle_slab(store, slab)) {
      link = &slab->next;
      continue;
    }
    *link = slab->next;
    if ((uintptr_t)store->limit[slab->class] - (uintptr_t)slab <= SLAB_BYTES)
      store->cursor[slab->class] = store->limit[slab->class] = NULL;
    store->reserved -= slab->bytes;
    vmr_ctx_release(store->handle.ctx, VMR_KIND_STORE, slab, slab->bytes);
  }
  if (store->reserved != before) {
    memset(store->idle, 0, sizeof store->idle);
    for (const vmr_node_slab *slab = store->slabs; slab != NULL; slab = slab->next) relist_idle(store, slab);
  }
  return before - store->reserved;
}
