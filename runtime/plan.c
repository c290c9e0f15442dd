/* plan.c: the blocks of planned functions, one for each depth of calls, kept from call to call.
 *
 *   outermost                innermost
 *   [frame|block] <-> [frame|block] <-> [frame|block, idle] ...
 *
 * Entering takes the next frame of the list when its block is large enough, which is a few instructions; otherwise the
 * block is made anew, half as large again as the one before at least, so that growing sizes cost a logarithm of
 * allocations. The content of a block survives its growth: state that lives from call to call may be part of it. */
#include "runtime/plan.h"

#include <string.h>

#include "runtime/os.h"

#define DEFAULT_ALIGNMENT ((size_t)64)
#define LARGEST_REQUEST (SIZE_MAX / 8)
#define ZONE_BYTES ((size_t)16)
#define PATTERN 0xb5

static vmr_status fail(vmr_plan *plan, vmr_status status) {
  if (plan->status == VMR_OK) plan->status = status;
  return status;
}

static char *block_of(const vmr_frame *frame) { return (char *)(uintptr_t)(frame + 1); }

/* ---- creation ---- */

static vmr_status check_alignment(size_t *alignment) {
  if (*alignment == 0) *alignment = DEFAULT_ALIGNMENT;
  if ((*alignment & (*alignment - 1)) != 0 || *alignment > LARGEST_REQUEST) return VMR_INVALID_ARGUMENT;
  if (*alignment < _Alignof(max_align_t)) *alignment = _Alignof(max_align_t);
  return VMR_OK;
}

static void start(vmr_plan *plan, vmr_ctx *ctx, size_t alignment) {
  memset(plan, 0, sizeof *plan);
  plan->alignment = alignment;
  plan->is_checked = vmr_ctx_is_checked(ctx);
  plan->is_watched = vmr_os_is_watched();
  plan->is_guarded = vmr_ctx_is_guarded(ctx);
  plan->zone = plan->is_watched || plan->is_guarded ? ZONE_BYTES : 0;
  vmr_ctx_add_handle(ctx, &plan->handle, VMR_KIND_PLAN);
}

vmr_status vmr_plan_create(vmr_plan **plan, vmr_ctx *ctx, size_t alignment) {
  if (plan == NULL) return VMR_INVALID_ARGUMENT;
  *plan = NULL;
  vmr_status status = check_alignment(&alignment);
  if (status != VMR_OK) return status;
  vmr_plan *created = vmr_ctx_obtain(ctx, VMR_KIND_PLAN, sizeof *created);
  if (created == NULL) return VMR_OUT_OF_MEMORY;
  start(created, ctx, alignment);
  *plan = created;
  return VMR_OK;
}

vmr_status vmr_plan_create_in(vmr_plan **plan, vmr_ctx *ctx, size_t alignment, void *buffer, size_t bytes) {
  if (plan == NULL) return VMR_INVALID_ARGUMENT;
  *plan = NULL;
  vmr_status status = check_alignment(&alignment);
  if (status != VMR_OK) return status;
  size_t skip = (size_t)(-(uintptr_t)buffer & (_Alignof(max_align_t) - 1));
  if (buffer == NULL || bytes > LARGEST_REQUEST || bytes < skip + sizeof **plan) return VMR_INVALID_ARGUMENT;
  vmr_plan *created = (void *)((char *)buffer + skip);
  start(created, ctx, alignment);
  created->is_in_buffer = true;
  created->room = (char *)(created + 1);
  created->end = (char *)buffer + bytes;
  *plan = created;
  return VMR_OK;
}

static void release_frame(vmr_plan *plan, vmr_frame *frame) {
  if (plan->is_watched) vmr_os_unpoison(block_of(frame), frame->capacity + plan->zone);
  if (plan->is_in_buffer) return;
  plan->reserved -= frame->obtained;
  vmr_ctx_release(plan->handle.ctx, VMR_KIND_PLAN, frame->base, frame->obtained);
}

vmr_status vmr_plan_destroy(vmr_plan *plan) {
  if (plan == NULL) return VMR_OK;
  vmr_status status = VMR_OK;
  if (plan->innermost != NULL) {
    status = VMR_STILL_IN_USE;
    vmr_ctx_report(plan->handle.ctx, status, block_of(plan->innermost),
                   "a plan is destroyed while a call holds a block");
  }
  for (vmr_frame *each = plan->outermost, *inner; each != NULL; each = inner) {
    inner = each->inner;
    release_frame(plan, each);
  }
  vmr_ctx_remove_handle(&plan->handle);
  if (!plan->is_in_buffer) vmr_ctx_release(plan->handle.ctx, VMR_KIND_PLAN, plan, sizeof *plan);
  return status;
}

/* ---- blocks ---- */

/* Memory for a frame and its block, from the buffer or the context. NULL when there is none. */
static char *obtain(vmr_plan *plan, size_t bytes) {
  if (plan->is_in_buffer) {
    if (bytes > (size_t)(plan->end - plan->room)) return NULL;
    plan->room += bytes;
    return plan->room - bytes;
  }
  char *base = vmr_ctx_obtain(plan->handle.ctx, VMR_KIND_PLAN, bytes);
  if (base != NULL) plan->reserved += bytes;
  vmr_ctx_advise_huge(plan->handle.ctx, base, bytes);
  return base;
}

static vmr_frame *make_frame(vmr_plan *plan, size_t capacity) {
  if (capacity > LARGEST_REQUEST) return vmr_ctx_count_refusal(plan->handle.ctx, VMR_KIND_PLAN, false), NULL;
  size_t bytes = sizeof(vmr_frame) + plan->alignment - 1 + capacity + plan->zone;
  char *base = obtain(plan, bytes);
  if (base == NULL) return NULL;
  char *block = base + sizeof(vmr_frame);
  block += (size_t)(-(uintptr_t)block & (plan->alignment - 1));
  vmr_frame *frame = (vmr_frame *)(void *)block - 1;
  *frame = (vmr_frame){.base = base, .obtained = bytes, .capacity = capacity};
  return frame;
}

/* A larger frame in the place of `old` (NULL: behind the innermost), with its content. */
static vmr_frame *grow_frame(vmr_plan *plan, vmr_frame *old, size_t bytes) {
  size_t half_more = old != NULL && !plan->is_in_buffer ? old->capacity + old->capacity / 2 : 0;
  bool is_last = plan->is_in_buffer && old != NULL && old->base + old->obtained == plan->room;
  if (is_last) { /* in a buffer, the last block just becomes longer */
    if (bytes - old->capacity > (size_t)(plan->end - plan->room)) return NULL;
    plan->room += bytes - old->capacity;
    old->obtained += bytes - old->capacity;
    old->capacity = bytes;
    return old;
  }
  vmr_frame *frame = make_frame(plan, half_more > bytes ? half_more : bytes);
  if (frame == NULL && half_more > bytes) frame = make_frame(plan, bytes);
  if (frame == NULL) return NULL;
  frame->outer = old != NULL ? old->outer : plan->innermost;
  frame->inner = old != NULL ? old->inner : NULL;
  *(frame->outer != NULL ? &frame->outer->inner : &plan->outermost) = frame;
  if (frame->inner != NULL) frame->inner->outer = frame;
  if (old != NULL) {
    if (plan->is_watched) vmr_os_permit(block_of(old), old->capacity);
    memcpy(block_of(frame), block_of(old), old->capacity);
    release_frame(plan, old);
  }
  return frame;
}

/* Behind the bytes that this call asked for nothing may be touched. */
static void close_behind(const vmr_plan *plan, const vmr_frame *frame) {
  char *behind = block_of(frame) + frame->bytes;
  if (plan->is_guarded) memset(behind, PATTERN, frame->capacity + plan->zone - frame->bytes);
  if (plan->is_watched) vmr_os_poison(behind, frame->capacity + plan->zone - frame->bytes);
}

static bool is_closed(const vmr_plan *plan, const vmr_frame *frame) {
  const unsigned char *block = (const unsigned char *)block_of(frame);
  if (!plan->is_guarded) return true;
  for (size_t i = frame->bytes; i < frame->capacity + plan->zone; i++) {
    if (block[i] != PATTERN) return false;
  }
  return true;
}

/* The content of the last call is what the next one finds; for Valgrind that makes it defined. */
static void open_block(const vmr_plan *plan, const vmr_frame *frame) {
  if (plan->is_watched) vmr_os_permit(block_of(frame), frame->bytes);
}

/* ---- calls ---- */

static vmr_frame *next_frame(const vmr_plan *plan) {
  return plan->innermost != NULL ? plan->innermost->inner : plan->outermost;
}

static vmr_frame *try_enter(vmr_plan *plan, size_t bytes) {
  vmr_frame *frame = next_frame(plan);
  if (frame == NULL || frame->capacity < bytes) frame = grow_frame(plan, frame, bytes);
  if (frame == NULL) return NULL;
  frame->bytes = bytes;
  plan->innermost = frame;
  VMR_PUBLISH(plan->used, plan->used + bytes); /* metrics may read beside it */
  if (plan->used > plan->peak) plan->peak = plan->used;
  if (plan->zone != 0) {
    open_block(plan, frame);
    close_behind(plan, frame);
  }
  return frame;
}

/* A pressure callback runs between two tries, or behind the last one, where the plan is whole: it may use it. */
void *vmr_plan_enter(vmr_plan *plan, size_t bytes) {
  vmr_deferral deferral;
  vmr_frame *frame;
  if (plan == NULL) return NULL;
  bool is_admitted = !plan->is_checked || vmr_ctx_admit(plan->handle.ctx, VMR_KIND_PLAN, bytes);
  if (!is_admitted) return fail(plan, VMR_OUT_OF_MEMORY), NULL;
  vmr_ctx_defer(&deferral, plan->handle.ctx);
  do frame = try_enter(plan, bytes);
  while (vmr_ctx_relieve(&deferral, frame == NULL));
  return frame != NULL ? block_of(frame) : (fail(plan, VMR_OUT_OF_MEMORY), NULL);
}

vmr_status vmr_plan_bind(vmr_plan *plan, const vmr_plan_table *table, void **addresses) {
  if (plan == NULL) return VMR_INVALID_ARGUMENT;
  if (table == NULL || (table->count != 0 && (table->slots == NULL || addresses == NULL)))
    return fail(plan, VMR_INVALID_ARGUMENT);
  for (size_t i = 0; i < table->count; i++) {
    const vmr_plan_slot *slot = &table->slots[i];
    if (slot->offset > table->bytes || slot->bytes > table->bytes - slot->offset)
      return fail(plan, VMR_INVALID_ARGUMENT);
  }
  char *block = vmr_plan_enter(plan, table->bytes);
  if (block == NULL) return VMR_OUT_OF_MEMORY;
  for (size_t i = 0; i < table->count; i++) addresses[i] = block + table->slots[i].offset;
  return VMR_OK;
}

static vmr_status leave(vmr_plan *plan, const void *block, bool stays_open) {
  if (plan == NULL) return VMR_INVALID_ARGUMENT;
  vmr_frame *frame = plan->innermost;
  vmr_status status = VMR_OK;
  if (frame == NULL || (block != NULL && block != block_of(frame))) {
    vmr_ctx_report(plan->handle.ctx, VMR_WRONG_ORDER, block, "a call is left that is not the innermost one");
    return fail(plan, VMR_WRONG_ORDER);
  }
  if (!is_closed(plan, frame)) status = fail(plan, VMR_CORRUPTED);
  const void *left = block_of(frame);
  if (plan->is_watched && !stays_open) vmr_os_poison(block_of(frame), frame->capacity);
  VMR_PUBLISH(plan->used, plan->used - frame->bytes);
  plan->innermost = frame->outer;
  if (status != VMR_OK) vmr_ctx_report(plan->handle.ctx, status, left, "bytes behind a block were overwritten");
  return status;
}

vmr_status vmr_plan_leave(vmr_plan *plan, const void *block) { return leave(plan, block, false); }

/* What lies behind the block stays poisoned; the next call at this depth closes what it does not ask for. */
vmr_status vmr_plan_leave_open(vmr_plan *plan, const void *block) { return leave(plan, block, true); }

size_t vmr_plan_trim(vmr_plan *plan) {
  if (plan == NULL) return 0;
  size_t before = plan->reserved;
  vmr_frame **link = plan->innermost != NULL ? &plan->innermost->inner : &plan->outermost;
  if (plan->is_in_buffer) return 0;
  for (vmr_frame *each = *link, *inner; each != NULL; each = inner) {
    inner = each->inner;
    release_frame(plan, each);
  }
  *link = NULL;
  return before - plan->reserved;
}

size_t vmr_plan_used_bytes(const vmr_plan *plan) {
  if (plan == NULL) return 0;
  return plan->used;
}

size_t vmr_plan_peak_bytes(const vmr_plan *plan) {
  if (plan == NULL) return 0;
  return plan->peak;
}

size_t vmr_plan_reserved_bytes(const vmr_plan *plan) {
  if (plan == NULL) return 0;
  return plan->reserved;
}

vmr_status vmr_plan_status(const vmr_plan *plan) {
  if (plan == NULL) return VMR_OK;
  return plan->status;
}

/* Frames of entered calls first, then idle ones. */
static bool frames_are_valid(const vmr_plan *plan) {
  size_t used = 0, reserved = 0;
  bool is_entered = plan->innermost != NULL;
  const vmr_frame *outer = NULL;
  for (const vmr_frame *each = plan->outermost; each != NULL; outer = each, each = each->inner) {
    if (each->outer != outer || each->bytes > each->capacity) return false;
    if (is_entered && !is_closed(plan, each)) return false;
    used += is_entered ? each->bytes : 0;
    reserved += each->obtained;
    if (each == plan->innermost) is_entered = false;
  }
  return !is_entered && used == plan->used && used <= plan->peak && (plan->is_in_buffer || reserved == plan->reserved);
}

bool vmr_plan_is_valid(const vmr_plan *plan) {
  if (plan == NULL || frames_are_valid(plan)) return true;
  vmr_ctx_report(plan->handle.ctx, VMR_CORRUPTED, plan, "blocks of a plan, or the bytes behind one, were overwritten");
  return false;
}
