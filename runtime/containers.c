/* containers.c: lists, objects and foreign objects of a store.
 *
 * Items and entries stand in arrays of their own that grow by half. An object of up to 8 entries is searched through; a
 * larger one has a table of slots, open addressing, half full at most, that is built anew when entries move. */
#include <string.h>

#include "runtime/store.h"

#define SEARCHED_ENTRIES 8u /* an object of more has slots */

static vmr_status fail(vmr_store *store, vmr_status status, vmr_value consumed) {
  vmr_store_fail(store, status);
  vmr_value_release(store, consumed);
  return status;
}

/* Room for one more in an array of `size` each. */
static bool reserve(vmr_store *store, void **array, uint32_t *capacity, uint32_t count, size_t size) {
  if (count < *capacity) return true;
  if (*capacity > UINT32_MAX / 4) return false;
  uint32_t more = *capacity + *capacity / 2 + 4;
  void *grown = *array == NULL
                    ? vmr_ctx_obtain(store->handle.ctx, VMR_KIND_STORE, more * size)
                    : vmr_ctx_resize(store->handle.ctx, VMR_KIND_STORE, *array, *capacity * size, more * size);
  if (grown == NULL) return false;
  store->reserved += (more - *capacity) * size;
  *array = grown;
  *capacity = more;
  return true;
}

/* ---- lists ---- */

static vmr_list_node *list_of(vmr_value value) { return (vmr_list_node *)(void *)value.as.node; }

vmr_value vmr_list_make(vmr_store *store, const vmr_value *items, size_t count) {
  vmr_list_node *list = NULL;
  bool is_whole = count < UINT32_MAX / sizeof *items;
  for (size_t i = 0; i < count; i++) is_whole = is_whole && items[i].kind != VMR_VALUE_NONE;
  if (is_whole) list = vmr_container_make(store, VMR_VALUE_LIST, sizeof *list);
  if (list != NULL) {
    store->figures.lists++;
    if (count != 0) list->items = vmr_ctx_obtain(store->handle.ctx, VMR_KIND_STORE, count * sizeof *items);
    if (list->items != NULL) {
      list->capacity = (uint32_t)count;
      store->reserved += count * sizeof *items;
      memcpy(list->items, items, count * sizeof *items);
      list->head.node.length = (uint32_t)count;
    }
    vmr_value value = vmr_value_of_node(&list->head.node);
    if (list->items != NULL || count == 0) return value;
    vmr_value_release(store, value);
  }
  for (size_t i = 0; i < count; i++) vmr_value_release(store, items[i]);
  return vmr_store_fail(store, is_whole ? VMR_OUT_OF_MEMORY : VMR_INVALID_ARGUMENT);
}

size_t vmr_list_count(vmr_value list) { return list.kind == VMR_VALUE_LIST ? list.as.node->length : 0; }

vmr_value vmr_list_get(vmr_value list, size_t index) {
  return index < vmr_list_count(list) ? list_of(list)->items[index] : vmr_value_none();
}

vmr_status vmr_list_set(vmr_store *store, vmr_value list, size_t index, vmr_value item) {
  if (store == NULL) return VMR_INVALID_ARGUMENT;
  if (item.kind == VMR_VALUE_NONE) return vmr_store_fail(store, VMR_INVALID_ARGUMENT), VMR_INVALID_ARGUMENT;
  if (index >= vmr_list_count(list)) return fail(store, VMR_OUT_OF_RANGE, item);
  vmr_value old = list_of(list)->items[index];
  list_of(list)->items[index] = item;
  vmr_value_release(store, old);
  return VMR_OK;
}

vmr_status vmr_list_append(vmr_store *store, vmr_value list, vmr_value item) {
  if (store == NULL) return VMR_INVALID_ARGUMENT;
  if (list.kind != VMR_VALUE_LIST || item.kind == VMR_VALUE_NONE) return fail(store, VMR_INVALID_ARGUMENT, item);
  vmr_list_node *node = list_of(list);
  void *items = node->items;
  if (!reserve(store, &items, &node->capacity, node->head.node.length, sizeof item))
    return fail(store, VMR_OUT_OF_MEMORY, item);
  node->items = items;
  node->items[node->head.node.length++] = item;
  return VMR_OK;
}

vmr_status vmr_list_remove(vmr_store *store, vmr_value list, size_t index) {
  if (store == NULL) return VMR_INVALID_ARGUMENT;
  size_t count = vmr_list_count(list);
  if (index >= count) return vmr_store_fail(store, VMR_OUT_OF_RANGE), VMR_OUT_OF_RANGE;
  vmr_value *items = list_of(list)->items, old = items[index];
  memmove(items + index, items + index + 1, (count - index - 1) * sizeof *items);
  list.as.node->length--;
  vmr_value_release(store, old);
  return VMR_OK;
}

/* ---- objects ---- */

static vmr_object_node *object_of(vmr_value value) { return (vmr_object_node *)(void *)value.as.node; }

static uint32_t slot_of(const vmr_object_node *object, vmr_symbol name) {
  return (uint32_t)(((uint64_t)(name * UINT32_C(0x9e3779b1)) * object->capacity * 2) >> 32);
}

static void enter_slot(vmr_object_node *object, uint32_t index) {
  uint32_t slot = slot_of(object, object->entries[index].name), count = object->capacity * 2;
  while (object->slots[slot] != 0) slot = slot + 1 < count ? slot + 1 : 0;
  object->slots[slot] = index + 1;
}

/* The index of an entry; the number of entries when there is none. */
static uint32_t find_entry(const vmr_object_node *object, vmr_symbol name) {
  uint32_t count = object->head.node.length, index = 0;
  if (object->slots == NULL) {
    while (index < count && object->entries[index].name != name) index++;
    return index;
  }
  for (uint32_t slot = slot_of(object, name); object->slots[slot] != 0;) {
    index = object->slots[slot] - 1;
    if (object->entries[index].name == name) return index;
    slot = slot + 1 < object->capacity * 2 ? slot + 1 : 0;
  }
  return count;
}

static void fill_slots(vmr_object_node *object) {
  memset(object->slots, 0, (size_t)object->capacity * 2 * sizeof *object->slots);
  for (uint32_t i = 0; i < object->head.node.length; i++) enter_slot(object, i);
}

/* Room for one more entry, with slots when there are many; false, and nothing has changed, when memory is out. */
static bool reserve_entry(vmr_store *store, vmr_object_node *object) {
  vmr_ctx *ctx = store->handle.ctx;
  uint32_t old_capacity = object->capacity, count = object->head.node.length;
  uint32_t more = old_capacity + old_capacity / 2 + 4;
  if (count < old_capacity) return true;
  if (count > UINT32_MAX / 64) return false;
  uint32_t *slots = NULL;
  if (more > SEARCHED_ENTRIES) {
    slots = vmr_ctx_obtain(ctx, VMR_KIND_STORE, (size_t)more * 2 * sizeof *slots);
    if (slots == NULL) return false;
  }
  void *entries = object->entries;
  if (!reserve(store, &entries, &object->capacity, count, sizeof *object->entries)) {
    vmr_ctx_release(ctx, VMR_KIND_STORE, slots, (size_t)more * 2 * sizeof *slots);
    return false;
  }
  object->entries = entries;
  size_t old_slots = object->slots != NULL ? (size_t)old_capacity * 2 * sizeof *slots : 0;
  vmr_ctx_release(ctx, VMR_KIND_STORE, object->slots, old_slots);
  object->slots = slots;
  if (slots != NULL) fill_slots(object);
  store->reserved += (slots != NULL ? (size_t)more * 2 * sizeof *slots : 0) - old_slots;
  return true;
}

vmr_value vmr_object_make(vmr_store *store) {
  vmr_object_node *object = vmr_container_make(store, VMR_VALUE_OBJECT, sizeof *object);
  if (object == NULL) return vmr_value_none();
  store->figures.objects++;
  return vmr_value_of_node(&object->head.node);
}

size_t vmr_object_count(vmr_value object) { return object.kind == VMR_VALUE_OBJECT ? object.as.node->length : 0; }

vmr_value vmr_object_get(vmr_value object, vmr_symbol name) {
  if (object.kind != VMR_VALUE_OBJECT) return vmr_value_none();
  uint32_t index = find_entry(object_of(object), name);
  return index < object.as.node->length ? object_of(object)->entries[index].value : vmr_value_none();
}

vmr_status vmr_object_set(vmr_store *store, vmr_value object, vmr_symbol name, vmr_value value) {
  if (store == NULL) return VMR_INVALID_ARGUMENT;
  if (object.kind != VMR_VALUE_OBJECT || value.kind == VMR_VALUE_NONE) return fail(store, VMR_INVALID_ARGUMENT, value);
  vmr_object_node *node = object_of(object);
  uint32_t index = find_entry(node, name);
  if (index < node->head.node.length) {
    vmr_value old = node->entries[index].value;
    node->entries[index].value = value;
    vmr_value_release(store, old);
    return VMR_OK;
  }
  if (!reserve_entry(store, node)) return fail(store, VMR_OUT_OF_MEMORY, value);
  index = node->head.node.length++;
  node->entries[index] = (vmr_entry){.value = value, .name = name};
  if (node->slots != NULL) enter_slot(node, index);
  return VMR_OK;
}

vmr_status vmr_object_remove(vmr_store *store, vmr_value object, vmr_symbol name) {
  if (store == NULL) return VMR_INVALID_ARGUMENT;
  size_t count = vmr_object_count(object);
  uint32_t index = count != 0 ? find_entry(object_of(object), name) : 0;
  if (index >= count) return vmr_store_fail(store, VMR_OUT_OF_RANGE), VMR_OUT_OF_RANGE;
  vmr_object_node *node = object_of(object);
  vmr_value old = node->entries[index].value;
  memmove(node->entries + index, node->entries + index + 1, (count - index - 1) * sizeof *node->entries);
  node->head.node.length--;
  if (node->slots != NULL) fill_slots(node);
  vmr_value_release(store, old);
  return VMR_OK;
}

vmr_value vmr_object_entry(vmr_value object, size_t index, vmr_symbol *name) {
  if (index >= vmr_object_count(object)) return vmr_value_none();
  const vmr_entry *entry = &object_of(object)->entries[index];
  if (name != NULL) *name = entry->name;
  return entry->value;
}

/* ---- foreign objects ---- */

vmr_value vmr_foreign_make(vmr_store *store, const vmr_foreign_type *type, void *object) {
  if (type == NULL) return vmr_store_fail(store, VMR_INVALID_ARGUMENT);
  vmr_foreign_node *foreign = vmr_container_make(store, VMR_VALUE_FOREIGN, sizeof *foreign);
  if (foreign == NULL) return vmr_value_none();
  foreign->type = type;
  foreign->object = object;
  store->figures.foreign++;
  return vmr_value_of_node(&foreign->head.node);
}

void *vmr_foreign_get(vmr_value value, const vmr_foreign_type *type) {
  const vmr_foreign_node *foreign = (const void *)value.as.node;
  return value.kind == VMR_VALUE_FOREIGN && foreign->type == type ? foreign->object : NULL;
}

typedef enum foreign_question { ASK_USAGE, ASK_UNUSED, ASK_COMPRESS } foreign_question;

static size_t ask_all(const vmr_store *store, foreign_question question) {
  size_t sum = 0;
  if (store == NULL) return 0;
  for (const vmr_link *each = store->members.next; each != &store->members; each = each->next) {
    if (each->node->kind != VMR_VALUE_FOREIGN) continue;
    const vmr_foreign_node *foreign = (const void *)each->node;
    size_t (*const functions[])(void *) = {foreign->type->memory_usage, foreign->type->collect_unused,
                                           foreign->type->compress};
    if (functions[question] != NULL) sum += functions[question](foreign->object);
  }
  return sum;
}

size_t vmr_store_foreign_bytes(const vmr_store *store) { return ask_all(store, ASK_USAGE); }

size_t vmr_store_collect_unused(vmr_store *store) { return ask_all(store, ASK_UNUSED); }

size_t vmr_store_compress(vmr_store *store) { return ask_all(store, ASK_COMPRESS); }
