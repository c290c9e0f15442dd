/* frames.c: slots of a frame whose objects do not live at the same time share bytes.
 *
 *   %p = malloc(64) ... free(%p)                    %vmemopt.frame = alloca [64 x i8]
 *   %q = malloc(48) ... free(%q)           ->       %p and %q are both its beginning
 *
 * Live ranges (lives.c) over the function's instructions and the sizes are a problem for the planner, which is
 * checked; slots that then overlap become one, with offsets. With what is won, sizes that are not known beforehand get
 * as much as is allowed. Slots that LLVM may turn into registers (only loads and stores) stay apart.
 * Time: blocks times slots, and limited; and the planner's. */
#include <stdlib.h>
#include <string.h>

#include "planner/planner.h"
#include "llvm/frames.h"
#include "llvm/lives.h"
#include "llvm/recursion.h"

#define FRAME_ALIGNMENT 16
#define MAX_WORK (1u << 22) /* blocks times slots of one function */

typedef struct frame {
  vmo_ll_planning *planning;
  vmo_ll_points_to *p;
  const vmo_ll_touches *touches;
  vmo_ll_plan *plan;
  const vmo_ll_function *function;
  bool *joined; /* by object: its pointer is stored, or joined with others */
  vmo_ll_lives lives;
  vmo_buffer *buffers; /* by slot */
} frame;

/* ---- which objects may share ---- */

static void note_joined(frame *f, const vmo_ll_set *set) {
  for (uint32_t i = 0; i < set->count; i++) f->joined[set->data[i].object] = true;
}

static void find_joined(frame *f) {
  for (uint32_t c = 0; c < f->p->cells.count; c++) note_joined(f, &f->p->cells.data[c].set);
  for (uint32_t i = f->function->first; i < f->function->first + f->function->count; i++) {
    uint8_t opcode = f->planning->program->instructions.data[i].opcode;
    if (opcode == LLVMPHI || opcode == LLVMSelect) note_joined(f, &f->p->values[vmo_ll_result_id(f->function, i)]);
  }
}

/* Whether LLVM may well turn the object into registers. */
static bool is_scalar(const frame *f, const vmo_ll_slot *slot) {
  if (!slot->constant || slot->flagged) return false;
  for (uint32_t t = f->touches->first[slot->object]; t < f->touches->first[slot->object + 1]; t++) {
    const vmo_ll_instruction *touch = &f->planning->program->instructions.data[f->touches->instructions[t]];
    if (touch->opcode != LLVMCall) continue;
    const vmo_ll_function *callee =
        touch->callee == VMO_NONE ? NULL : &f->planning->program->functions.data[touch->callee];
    bool freed = callee != NULL && callee->libc != NULL &&
                 (callee->libc->kind == VMO_LIBC_FREE || callee->libc->kind == VMO_LIBC_DELETE);
    if (!freed && (callee == NULL || !callee->intrinsic)) return false;
  }
  return true;
}

/* ---- the plan ---- */

/* realloc is told the bound of the slot that it finds by its address: those have an address of their own. */
static bool is_grown(const frame *f, uint32_t s) {
  if (f->plan->slots.data[s].row->kind == VMO_LIBC_REALLOC) return true;
  for (uint32_t r = 0; r < f->plan->releases.count; r++) {
    const vmo_ll_slot_release *release = &f->plan->releases.data[r];
    for (uint32_t i = 0; release->row != NULL && release->row->kind == VMO_LIBC_REALLOC && i < release->slot_count; i++)
      if (f->plan->slots_of_releases.data[release->slot_first + i] == s) return true;
  }
  return false;
}

static bool find_lifetimes(frame *f, uint32_t s) {
  uint32_t object = f->plan->slots.data[s].object, first = f->touches->first[object];
  f->buffers[s].lifetime_first = f->lives.lifetimes.count;
  if (!vmo_find_life(&f->lives, f->p->objects.data[object].instruction, f->touches->instructions + first,
                     f->touches->first[object + 1] - first, !f->joined[object]))
    return false;
  f->buffers[s].lifetime_count = f->lives.lifetimes.count - f->buffers[s].lifetime_first;
  return true;
}

static bool list_buffers(frame *f) {
  f->buffers = vmr_arena_alloc_array(f->p->arena, f->plan->slots.count, sizeof *f->buffers);
  if (f->buffers == NULL) return false;
  for (uint32_t s = 0; s < f->plan->slots.count; s++) {
    const vmo_ll_slot *slot = &f->plan->slots.data[s];
    f->buffers[s] = (vmo_buffer){.bytes = slot->bytes, .alignment = slot->alignment, .fixed_offset = -1};
    bool here = slot->parameter == VMO_NONE && !slot->spared;
    if (here && !is_scalar(f, slot) && !is_grown(f, s) && !find_lifetimes(f, s)) return false;
  }
  return true;
}

static vmo_bytes wanted_bytes(const vmo_ll_slot *slot, vmo_bytes bound) {
  return !slot->constant && slot->bytes < bound ? bound : slot->bytes;
}

/* Places all, with at least `bound` bytes for each whose size is not known; `height` is what the frame then takes. */
static vmo_status solve(frame *f, vmo_bytes bound, vmo_bytes *offsets, vmo_bytes *height) {
  vmo_context memory = *f->planning->program->context;
  vmo_solution solution;
  memory.arena = f->p->arena;
  *height = 0;
  for (uint32_t s = 0; s < f->plan->slots.count; s++) {
    const vmo_ll_slot *slot = &f->plan->slots.data[s];
    bool shares = f->buffers[s].lifetime_count > 0;
    f->buffers[s].bytes = shares ? wanted_bytes(slot, bound) : 0;
    if (!shares) *height += wanted_bytes(slot, bound);
  }
  vmo_problem problem = {.buffers = f->buffers,
                         .buffer_count = f->plan->slots.count,
                         .lifetimes = f->lives.lifetimes.data,
                         .lifetime_count = f->lives.lifetimes.count,
                         .capacity = -1};
  vmo_status status = vmo_solve_problem(&memory, &problem, NULL, &solution);
  if (status == VMO_OK) status = vmo_check_solution(&memory, &problem, &solution);
  if (status != VMO_OK) return status;
  memcpy(offsets, solution.offsets, f->plan->slots.count * sizeof *offsets);
  *height += solution.height;
  return VMO_OK;
}

typedef struct stretch {
  vmo_bytes begin, end;
  uint32_t slot;
} stretch;

static int compare_stretches(const void *left, const void *right) {
  const stretch *a = left, *b = right;
  if (a->begin != b->begin) return a->begin < b->begin ? -1 : 1;
  return (a->slot > b->slot) - (a->slot < b->slot);
}

/* Slots [first, end) of the sorted list overlap: they become one, if there are several. */
static bool join(frame *f, const stretch *list, uint32_t first, uint32_t end, vmo_bytes bytes) {
  vmo_ll_frame all = {.bytes = bytes, .alignment = FRAME_ALIGNMENT};
  if (end - first < 2) return true;
  for (uint32_t i = first; i < end; i++) {
    vmo_ll_slot *slot = &f->plan->slots.data[list[i].slot];
    slot->frame = f->plan->frames.count;
    slot->offset = list[i].begin - list[first].begin;
    f->plan->frame_bytes -= slot->bytes;
  }
  f->plan->frame_bytes += bytes;
  return vmo_vec_push(f->planning->arena, &f->plan->frames, all);
}

static bool apply(frame *f, vmo_bytes bound, const vmo_bytes *offsets) {
  uint32_t count = 0;
  stretch *list = vmr_arena_alloc_array(f->p->arena, (size_t)f->plan->slots.count + 1, sizeof *list);
  if (list == NULL) return false;
  for (uint32_t s = 0; s < f->plan->slots.count; s++) {
    vmo_ll_slot *slot = &f->plan->slots.data[s];
    vmo_bytes bytes = wanted_bytes(slot, bound);
    f->plan->frame_bytes += bytes - slot->bytes;
    slot->bytes = bytes;
    f->planning->facts->sites.data[slot->fact].slot_bytes = bytes;
    if (f->buffers[s].lifetime_count > 0) list[count++] = (stretch){offsets[s], offsets[s] + bytes, s};
  }
  qsort(list, count, sizeof *list, compare_stretches);
  for (uint32_t i = 0, next; i < count; i = next) {
    vmo_bytes end = list[i].end;
    for (next = i + 1; next < count && list[next].begin < end; next++)
      if (list[next].end > end) end = list[next].end;
    if (!join(f, list, i, next, end - list[i].begin)) return false;
  }
  return true;
}

/* Stricter alignments than a frame's stay apart. */
static void keep_aligned_apart(frame *f) {
  for (uint32_t s = 0; s < f->plan->slots.count; s++)
    if (f->plan->slots.data[s].alignment > FRAME_ALIGNMENT) f->buffers[s].lifetime_count = 0;
}

static vmo_status share(vmo_ll_planning *planning, vmo_ll_points_to *p, const vmo_cfg *control,
                        const vmo_ll_touches *touches, vmo_ll_plan *plan) {
  frame f = {.planning = planning, .p = p, .touches = touches, .plan = plan, .function = p->function};
  uint32_t slots = plan->slots.count;
  vmo_bytes height;
  if (slots < 2 || (uint64_t)slots * f.function->block_count > MAX_WORK) return VMO_OK;
  f.joined = vmr_arena_alloc_array(p->arena, (size_t)p->objects.count + 1, sizeof *f.joined);
  vmo_bytes *offsets = vmr_arena_alloc_array(p->arena, slots, sizeof *offsets);
  if (f.joined == NULL || offsets == NULL || !vmo_begin_lives(&f.lives, p, control)) return VMO_OUT_OF_MEMORY;
  find_joined(&f);
  if (!list_buffers(&f)) return VMO_OUT_OF_MEMORY;
  keep_aligned_apart(&f);
  vmo_bytes bound = vmo_ll_unknown_bytes(planning->options, p->function->recursive) & ~(vmo_bytes)15;
  vmo_status status = solve(&f, bound, offsets, &height);
  while (status == VMO_OK && height > planning->max_frame && bound > 0) {
    bound = bound / 2 & ~(vmo_bytes)15; /* 0: as it was decided, which fits */
    status = solve(&f, bound, offsets, &height);
  }
  if (status != VMO_OK) return status;
  return apply(&f, bound, offsets) ? VMO_OK : VMO_OUT_OF_MEMORY;
}

/* Loads, stores and copies of slots that hold one object after another. By their types and scopes LLVM would take those of
 * two objects to be of different bytes, and change their order. What a callee does may stand here, too, once LLVM has
 * inlined it, with types of its own: where one is given the object, a fence parts it from what was there before. */
static bool is_access(const vmo_ll_program *program, const vmo_ll_instruction *touch) {
  if (touch->opcode == LLVMLoad || touch->opcode == LLVMStore) return true;
  return touch->opcode == LLVMCall && touch->callee != VMO_NONE && program->functions.data[touch->callee].intrinsic;
}

static bool may_be_inlined(const vmo_ll_program *program, const vmo_ll_instruction *touch) {
  return vmo_ll_is_call(touch->opcode) &&
         (touch->callee == VMO_NONE || vmo_ll_is_defined(&program->functions.data[touch->callee]));
}

static bool list_untyped(const vmo_ll_planning *planning, const vmo_ll_touches *touches, vmo_ll_plan *plan) {
  for (uint32_t s = 0; s < plan->slots.count; s++) {
    vmo_ll_slot *slot = &plan->slots.data[s];
    if (slot->frame == VMO_NONE && !slot->flagged && !slot->repeated) continue;
    for (uint32_t t = touches->first[slot->object]; t < touches->first[slot->object + 1]; t++) {
      const vmo_ll_instruction *touch = &planning->program->instructions.data[touches->instructions[t]];
      bool access = is_access(planning->program, touch);
      slot->fenced |= may_be_inlined(planning->program, touch);
      if (access && !vmo_vec_push(planning->arena, &plan->untyped, touch->ref)) return false;
    }
  }
  return true;
}

/* Slots that callees are told of stand side by side, so that two addresses tell of all. */
static bool place_spared(const vmo_ll_planning *planning, vmo_ll_plan *plan) {
  vmo_ll_frame all = {.alignment = FRAME_ALIGNMENT, .spared = true};
  for (uint32_t s = 0; s < plan->slots.count; s++) {
    vmo_ll_slot *slot = &plan->slots.data[s];
    if (!slot->spared) continue;
    slot->frame = plan->frames.count;
    slot->offset = all.bytes;
    all.bytes += slot->bytes;
  }
  return all.bytes == 0 || vmo_vec_push(planning->arena, &plan->frames, all);
}

vmo_status vmo_share_frame(vmo_ll_planning *planning, vmo_ll_points_to *p, const vmo_cfg *control,
                           const vmo_ll_touches *touches, vmo_ll_plan *plan) {
  vmo_status status = share(planning, p, control, touches, plan);
  if (status != VMO_OK) return status;
  return list_untyped(planning, touches, plan) && place_spared(planning, plan) ? VMO_OK : VMO_OUT_OF_MEMORY;
}
