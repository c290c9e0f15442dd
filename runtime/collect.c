/* collect.c: the collected heap: its creation and end, types, roots, figures. */
#include "runtime/collect.h"

#include <string.h>

#include "runtime/os.h"

#define DEFAULT_NURSERY ((size_t)4 << 20)
#define DEFAULT_STEP ((size_t)16 << 10)
#define DEFAULT_PARALLEL 50000 /* fewer are marked before a thread has begun */

void *vmr_gc_fail(vmr_gc_body *heap, vmr_status status) {
  if (heap->status == VMR_OK) heap->status = status;
  return NULL;
}

static vmr_status copy_options(vmr_gc_options *copy, const vmr_gc_options *given) {
  *copy = vmr_gc_options_default();
  if (given != NULL) {
    if (given->struct_size < offsetof(vmr_gc_options, limit_bytes)) return VMR_INVALID_ARGUMENT;
    for (size_t i = sizeof *copy; i < given->struct_size; i++) {
      if (((const char *)given)[i] != 0) return VMR_WRONG_VERSION;
    }
    memcpy(copy, given, given->struct_size < sizeof *copy ? given->struct_size : sizeof *copy);
  }
  if (copy->growth_percent == 0) copy->growth_percent = 100;
  if (copy->nursery_bytes == 0) copy->nursery_bytes = DEFAULT_NURSERY;
  if (copy->step_bytes == 0) copy->step_bytes = DEFAULT_STEP;
  if (copy->parallel_objects == 0) copy->parallel_objects = DEFAULT_PARALLEL;
  return VMR_OK;
}

vmr_status vmr_gc_create(vmr_gc **gc, vmr_ctx *ctx, const vmr_gc_options *options) {
  vmr_gc_options chosen;
  if (gc == NULL) return VMR_INVALID_ARGUMENT;
  *gc = NULL;
  vmr_status status = copy_options(&chosen, options);
  if (status != VMR_OK) return status;
  vmr_gc_body *heap = vmr_ctx_obtain_zeroed(ctx, VMR_KIND_GC, sizeof *heap);
  if (heap == NULL) return VMR_OUT_OF_MEMORY;
  heap->options = chosen;
  heap->is_checked = vmr_ctx_is_checked(ctx);
  heap->is_watched = vmr_os_is_watched();
  heap->last_type = &heap->types;
  heap->trigger = chosen.nursery_bytes;
  heap->full_trigger = 2 * (uint64_t)chosen.nursery_bytes;
  heap->tracer.heap = heap;
  heap->handle.ctx = ctx;
  if (!vmr_gc_reserve_stack(&heap->tracer)) {
    vmr_ctx_release(ctx, VMR_KIND_GC, heap, sizeof *heap);
    return VMR_OUT_OF_MEMORY;
  }
  vmr_ctx_add_handle(ctx, &heap->handle, VMR_KIND_GC);
  *gc = &heap->open;
  return VMR_OK;
}

static void release_types(vmr_gc_body *heap) {
  vmr_ctx *ctx = heap->handle.ctx;
  for (vmr_gc_type_body *type = heap->types, *next; type != NULL; type = next) {
    next = type->next;
    for (uint32_t i = 0; i < VMR_GC_TAIL_CLASSES; i++)
      vmr_ctx_release(ctx, VMR_KIND_GC, type->tails[i], sizeof *type->tails[i]);
    vmr_ctx_release(ctx, VMR_KIND_GC, type, sizeof *type);
  }
}

void vmr_gc_destroy(vmr_gc *gc) {
  if (gc == NULL) return;
  vmr_gc_body *heap = vmr_gc_body_of(gc);
  vmr_ctx *ctx = heap->handle.ctx;
  vmr_gc_run_all_finalisers(heap);
  vmr_gc_set_profile(gc, NULL);
  vmr_ctx_remove_handle(&heap->handle);
  while (heap->chunks != NULL) vmr_gc_remove_chunk(heap, heap->chunks);
  release_types(heap);
  vmr_ctx_release(ctx, VMR_KIND_GC, heap->tracer.base,
                  (size_t)(heap->tracer.limit - heap->tracer.base) * sizeof *heap->tracer.base);
  vmr_ctx_release(ctx, VMR_KIND_GC, heap->entries, heap->entry_capacity * sizeof *heap->entries);
  vmr_ctx_release(ctx, VMR_KIND_GC, heap->finals, heap->final_capacity * 2 * sizeof *heap->finals);
  vmr_ctx_release(ctx, VMR_KIND_GC, heap, sizeof *heap);
}

vmr_status vmr_gc_status(const vmr_gc *gc) { return gc != NULL ? vmr_gc_body_of(gc)->status : VMR_OK; }

void vmr_gc_clear_status(vmr_gc *gc) {
  if (gc != NULL) vmr_gc_body_of(gc)->status = VMR_OK;
}

/* ---- types ---- */

static bool is_layout_valid(const vmr_gc_layout *layout) {
  size_t word = sizeof(void *);
  if (layout->name == NULL || layout->bytes > SIZE_MAX / 4 || layout->element_bytes > SIZE_MAX / 4) return false;
  if (layout->bytes == 0 && layout->element_bytes == 0) return false;
  if (layout->bytes / word < 64 && layout->pointers >> (layout->bytes / word) != 0) return false;
  if (layout->element_bytes / word < 64 && layout->element_pointers >> (layout->element_bytes / word) != 0)
    return false;
  bool is_aligned = layout->bytes % word == 0 && layout->element_bytes % word == 0;
  return layout->element_pointers == 0 || is_aligned;
}

vmr_status vmr_gc_add_type(vmr_gc *gc, const vmr_gc_layout *layout, vmr_gc_type **type) {
  vmr_gc_body *heap = vmr_gc_body_of(gc);
  if (type == NULL) return VMR_INVALID_ARGUMENT;
  *type = NULL;
  if (gc == NULL || layout == NULL || !is_layout_valid(layout)) return VMR_INVALID_ARGUMENT;
  vmr_gc_type_body *created = vmr_ctx_obtain_zeroed(heap->handle.ctx, VMR_KIND_GC, sizeof *created);
  if (created == NULL) return vmr_gc_fail(heap, VMR_OUT_OF_MEMORY), VMR_OUT_OF_MEMORY;
  size_t bytes = layout->bytes != 0 ? layout->bytes : 1;
  created->layout = *layout;
  created->number = heap->type_count++;
  created->is_leaf = layout->pointers == 0 && layout->element_pointers == 0 && layout->trace == NULL;
  vmr_gc_open_bucket(heap, &created->fixed, created, (bytes + VMR_GC_GRANULE - 1) & ~(VMR_GC_GRANULE - 1));
  *heap->last_type = created;
  heap->last_type = &created->next;
  *type = &created->fixed.open;
  return VMR_OK;
}

/* ---- roots ---- */

void vmr_gc_add_root(vmr_gc *gc, vmr_gc_root *root) {
  vmr_gc_body *heap = vmr_gc_body_of(gc);
  if (gc == NULL || root == NULL) return;
  root->previous = NULL;
  root->next = heap->roots;
  if (root->next != NULL) root->next->previous = root;
  heap->roots = root;
}

void vmr_gc_remove_root(vmr_gc *gc, vmr_gc_root *root) {
  vmr_gc_body *heap = vmr_gc_body_of(gc);
  if (gc == NULL || root == NULL) return;
  if (root->next != NULL) root->next->previous = root->previous;
  if (root->previous != NULL) {
    root->previous->next = root->next;
  } else {
    heap->roots = root->next;
  }
}

void vmr_gc_set_root_function(vmr_gc *gc, vmr_gc_root_function function, void *user) {
  vmr_gc_body *heap = vmr_gc_body_of(gc);
  if (gc == NULL) return;
  heap->root_function = function;
  heap->root_user = user;
}

/* ---- figures ---- */

vmr_gc_figures vmr_gc_read_figures(const vmr_gc *gc) {
  const vmr_gc_body *heap = vmr_gc_body_of(gc);
  if (gc == NULL) return (vmr_gc_figures){0};
  vmr_gc_figures figures = heap->figures;
  uint64_t unused_bytes = 0, unused_objects = 0;
  for (const vmr_gc_bucket *each = heap->buckets; each != NULL; each = each->next) {
    uint32_t offered = vmr_gc_count_offered(each);
    unused_bytes += offered * each->open.cell_bytes;
    unused_objects += offered;
  }
  figures.live_bytes = heap->live_bytes + heap->marked_made_bytes + heap->made_bytes - unused_bytes;
  figures.live_objects = heap->live_objects + heap->marked_made_objects + heap->made_objects - unused_objects;
  figures.allocated_bytes = figures.live_bytes + figures.freed_bytes;
  figures.allocated_objects = figures.live_objects + figures.freed_objects;
  figures.reserved_bytes = heap->reserved;
  return figures;
}

size_t vmr_gc_read_history(const vmr_gc *gc, vmr_gc_cycle *cycles, size_t capacity) {
  const vmr_gc_body *heap = vmr_gc_body_of(gc);
  if (gc == NULL) return 0;
  uint64_t last = heap->figures.cycles, count = last < VMR_GC_HISTORY ? last : VMR_GC_HISTORY;
  if (count > capacity) count = capacity;
  for (uint64_t i = 0; i < count; i++) cycles[i] = heap->history[(last - count + i) % VMR_GC_HISTORY];
  return (size_t)count;
}

size_t vmr_gc_read_types(const vmr_gc *gc, vmr_gc_type_figures *types, size_t capacity) {
  size_t count = 0;
  if (gc == NULL) return 0;
  for (const vmr_gc_type_body *each = vmr_gc_body_of(gc)->types; each != NULL; each = each->next, count++) {
    if (count < capacity) types[count] = (vmr_gc_type_figures){each->layout.name, each->live_objects, each->live_bytes};
  }
  return count;
}

size_t vmr_gc_trim(vmr_gc *gc) {
  vmr_gc_body *heap = vmr_gc_body_of(gc);
  return gc == NULL || heap->is_collecting ? 0 : vmr_gc_release_chunks(heap);
}
