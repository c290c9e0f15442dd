/* collect_handles.c: handles, weak references, finalisers, and the profile that is told of deaths.
 *
 *   handle   generation (32 bits) | index + 1 (32 bits)
 *
 * An entry of the table counts its generation up when its handle is closed, so that a stale one is recognised; an entry whose
 * count is at its end is never used again. Finalisers that are due wait in a ring that has room for all of them. All of it is
 * looked through once at the end of each cycle. */
#include <string.h>

#include "runtime/collect.h"
#include "runtime/profile.h"

/* ---- handles ---- */

static vmr_gc_entry *entry_of(vmr_gc_body *heap, vmr_gc_handle handle) {
  uint32_t index = (uint32_t)handle - 1;
  if (index >= heap->entry_count) return NULL;
  vmr_gc_entry *entry = &heap->entries[index];
  return entry->is_open && entry->generation == handle >> 32 ? entry : NULL;
}

static bool has_entry(const vmr_gc_body *heap) { return heap->closed != 0 || heap->entry_count < heap->entry_capacity; }

static bool grow_entries(vmr_gc_body *heap) {
  uint32_t more = heap->entry_capacity + heap->entry_capacity / 2 + 16;
  size_t size = sizeof *heap->entries, old = heap->entry_capacity * size;
  vmr_ctx *ctx = heap->handle.ctx;
  if (heap->entry_capacity > UINT32_MAX / 4) return false;
  vmr_gc_entry *grown = heap->entries == NULL ? vmr_ctx_obtain(ctx, VMR_KIND_GC, more * size)
                                              : vmr_ctx_resize(ctx, VMR_KIND_GC, heap->entries, old, more * size);
  if (grown == NULL) return false;
  heap->entries = grown;
  heap->entry_capacity = more;
  return true;
}

/* Until `has` is true, for `object`, which lives through what callbacks do. */
static bool reserve(vmr_gc_body *heap, void *object, bool (*has)(const vmr_gc_body *), bool (*grow)(vmr_gc_body *)) {
  bool is_grown = true;
  VMR_GC_FRAME(&heap->open, local, void *object;);
  local.object = object;
  while (is_grown && !has(heap)) {
    vmr_deferral deferral;
    vmr_ctx_defer(&deferral, heap->handle.ctx);
    do is_grown = grow(heap);
    while (vmr_ctx_relieve(&deferral, !is_grown));
  }
  vmr_gc_leave(&heap->open, &local.frame);
  return is_grown;
}

static bool reserve_entry(vmr_gc_body *heap, void *object) {
  return has_entry(heap) || reserve(heap, object, has_entry, grow_entries);
}

vmr_status vmr_gc_handle_open(vmr_gc *gc, void *object, bool is_weak, vmr_gc_handle *handle) {
  vmr_gc_body *heap = vmr_gc_body_of(gc);
  if (handle == NULL) return VMR_INVALID_ARGUMENT;
  *handle = 0;
  if (gc == NULL || object == NULL) return VMR_INVALID_ARGUMENT;
  if (!reserve_entry(heap, object)) return vmr_gc_fail(heap, VMR_OUT_OF_MEMORY), VMR_OUT_OF_MEMORY;
  uint32_t index = heap->closed != 0 ? heap->closed - 1 : heap->entry_count;
  if (heap->closed != 0) {
    heap->closed = heap->entries[index].next;
  } else {
    heap->entries[index] = (vmr_gc_entry){.generation = 1};
    heap->entry_count++;
  }
  vmr_gc_entry *entry = &heap->entries[index];
  *entry = (vmr_gc_entry){.object = object, .generation = entry->generation, .is_open = true, .is_weak = is_weak};
  vmr_gc_block_of_object(object)->is_special = true;
  *handle = (vmr_gc_handle)entry->generation << 32 | (index + 1);
  return VMR_OK;
}

vmr_status vmr_gc_handle_get(vmr_gc *gc, vmr_gc_handle handle, void **object) {
  if (object == NULL) return VMR_INVALID_ARGUMENT;
  const vmr_gc_entry *entry = gc != NULL ? entry_of(vmr_gc_body_of(gc), handle) : NULL;
  *object = entry != NULL ? entry->object : NULL;
  return entry != NULL ? VMR_OK : VMR_STALE_HANDLE;
}

vmr_status vmr_gc_handle_close(vmr_gc *gc, vmr_gc_handle handle) {
  vmr_gc_body *heap = vmr_gc_body_of(gc);
  vmr_gc_entry *entry = gc != NULL ? entry_of(heap, handle) : NULL;
  if (entry == NULL) return VMR_STALE_HANDLE;
  entry->object = NULL;
  entry->is_open = false;
  if (++entry->generation == 0) return VMR_OK; /* every generation was used */
  entry->next = heap->closed;
  heap->closed = (uint32_t)(entry - heap->entries) + 1;
  return VMR_OK;
}

/* ---- finalisers ---- */

/* Whether there is room in both arrays for one more that is registered: so that becoming due cannot fail. */
static bool has_final(const vmr_gc_body *heap) { return heap->final_count + heap->due_count < heap->final_capacity; }

static bool grow_finals(vmr_gc_body *heap) {
  size_t old = heap->final_capacity, more = old + old / 2 + 16, size = sizeof *heap->finals;
  vmr_ctx *ctx = heap->handle.ctx;
  vmr_gc_final *both = vmr_ctx_obtain(ctx, VMR_KIND_GC, more * 2 * size);
  if (both == NULL) return false;
  if (old != 0) memcpy(both, heap->finals, heap->final_count * size);
  for (size_t i = 0; i < heap->due_count; i++) both[more + i] = heap->due[(heap->due_first + i) % old];
  vmr_ctx_release(ctx, VMR_KIND_GC, heap->finals, old * 2 * size);
  heap->finals = both;
  heap->due = both + more;
  heap->due_first = 0;
  heap->final_capacity = more;
  return true;
}

vmr_status vmr_gc_add_finaliser(vmr_gc *gc, void *object, vmr_gc_finaliser function, void *user) {
  vmr_gc_body *heap = vmr_gc_body_of(gc);
  if (gc == NULL || object == NULL || function == NULL) return VMR_INVALID_ARGUMENT;
  if (!has_final(heap) && !reserve(heap, object, has_final, grow_finals))
    return vmr_gc_fail(heap, VMR_OUT_OF_MEMORY), VMR_OUT_OF_MEMORY;
  heap->finals[heap->final_count++] = (vmr_gc_final){object, function, user};
  vmr_gc_block_of_object(object)->is_special = true;
  return VMR_OK;
}

static void become_due(vmr_gc_body *heap, const vmr_gc_final *final) {
  heap->due[(heap->due_first + heap->due_count++) % heap->final_capacity] = *final;
}

static const vmr_gc_final *due_at(const vmr_gc_body *heap, size_t index) {
  return &heap->due[(heap->due_first + index) % heap->final_capacity];
}

size_t vmr_gc_run_finalisers(vmr_gc *gc) {
  vmr_gc_body *heap = vmr_gc_body_of(gc);
  size_t count = 0;
  if (gc == NULL || heap->is_finalising || heap->is_collecting) return 0;
  heap->is_finalising = true;
  vmr_gc_frame *frames = gc->frames;
  for (; heap->due_count != 0; count++) {
    vmr_gc_final final = *due_at(heap, 0);
    heap->due_first = (heap->due_first + 1) % heap->final_capacity;
    heap->due_count--;
    heap->finalised = final.object;
    final.function(gc, final.object, final.user);
    gc->frames = frames;
  }
  heap->finalised = NULL;
  heap->is_finalising = false;
  return count;
}

void vmr_gc_run_all_finalisers(vmr_gc_body *heap) {
  vmr_gc_finish_cycle(heap);
  for (size_t i = 0; i < heap->final_count; i++) become_due(heap, &heap->finals[i]);
  heap->final_count = 0;
  vmr_gc_run_finalisers(&heap->open);
}

bool vmr_gc_is_held(const vmr_gc_body *heap, const void *object) {
  for (uint32_t i = 0; i < heap->entry_count; i++) {
    if (heap->entries[i].object == object) return true;
  }
  for (size_t i = 0; i < heap->final_count; i++) {
    if (heap->finals[i].object == object) return true;
  }
  for (size_t i = 0; i < heap->due_count; i++) {
    if (due_at(heap, i)->object == object) return true;
  }
  return false;
}

/* ---- cycles ---- */

void vmr_gc_visit_handles(vmr_gc_tracer *tracer) {
  const vmr_gc_body *heap = tracer->heap;
  for (uint32_t i = 0; i < heap->entry_count; i++) {
    if (!heap->entries[i].is_weak) vmr_gc_visit(tracer, heap->entries[i].object);
  }
  for (size_t i = 0; i < heap->due_count; i++) vmr_gc_visit(tracer, due_at(heap, i)->object);
  vmr_gc_visit(tracer, heap->finalised);
}

/* What is not marked becomes due, in the order of registration. */
static void part_finals(vmr_gc_body *heap) {
  size_t kept = 0;
  for (size_t i = 0; i < heap->final_count; i++) {
    if (vmr_gc_is_marked(heap->finals[i].object)) {
      heap->finals[kept++] = heap->finals[i];
    } else {
      become_due(heap, &heap->finals[i]);
    }
  }
  heap->final_count = kept;
}

bool vmr_gc_settle_handles(vmr_gc_body *heap) {
  const vmr_gc_tracer *tracer = &heap->tracer;
  for (uint32_t i = 0; i < heap->entry_count; i++) {
    vmr_gc_entry *entry = &heap->entries[i];
    if (entry->is_weak && entry->object != NULL && !vmr_gc_is_marked(entry->object)) entry->object = NULL;
  }
  part_finals(heap);
  for (size_t i = 0; i < heap->due_count; i++) vmr_gc_visit(&heap->tracer, due_at(heap, i)->object);
  return tracer->top == tracer->base && !tracer->is_overflown;
}

/* ---- the profile ---- */

void vmr_gc_set_profile(vmr_gc *gc, vmr_profile *profile) {
  vmr_gc_body *heap = vmr_gc_body_of(gc);
  if (gc == NULL) return;
  if (heap->profile != profile) vmr_profile_forget_owned(heap->profile, heap, NULL);
  heap->profile = profile;
}

void vmr_gc_note(vmr_gc *gc, const void *object, const char *stack) {
  if (gc == NULL || object == NULL || vmr_gc_body_of(gc)->profile == NULL) return;
  vmr_profile_note_owned(vmr_gc_body_of(gc)->profile, object, vmr_gc_object_bytes(object), stack, gc);
}

static bool is_dead(const void *object) { return !vmr_gc_is_marked(object); }

void vmr_gc_settle_profile(vmr_gc_body *heap) { vmr_profile_forget_owned(heap->profile, heap, is_dead); }
