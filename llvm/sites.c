/* sites.c: what is to be done with each allocation site, and why not.
 *
 * A site's object may take a slot in its function's frame when nobody knows it any more once the function returns, and
 * no frame but one is there at a time. Everything else is settled while the program runs, at little cost:
 *
 *   size not known          the slot is taken when the size fits, else the heap
 *   in a loop               where pointers to several of its objects may be there at once, a flag says whether the slot is
 *                           taken; a second object goes to the heap
 *   free of who knows what  whether an address is the slot's is one comparison
 *   many frames at a time   slots are taken while a budget lasts (recursion.c)
 *
 * Where an object is made or freed by a small function, that function's body is to stand here first. Why not stands in
 * refusals.c. Linear in the function. */
#include <string.h>

#include "llvm/copies.h"
#include "llvm/destinations.h"
#include "llvm/frames.h"
#include "llvm/lives.h"
#include "llvm/site.h"
#include "llvm/zeroes.h"

/* ---- decisions ---- */

static vmo_bytes round_up(vmo_bytes bytes) { return (bytes + 15) & ~(vmo_bytes)15; }

/* Bytes for an object whose size is not known: as many as are allowed, less when the frame gets full. frames.c gives more
 * where that has room. */
static vmo_bytes bound_for(const vmo_ll_site *s, vmo_bytes max_frame, const vmo_ll_plan *plan) {
  vmo_bytes rest = (max_frame - plan->frame_bytes) / 4, most = vmo_ll_unknown_bytes(s->planning->options, s->split);
  vmo_bytes bound = most < rest ? most : rest;
  return bound & ~(vmo_bytes)15;
}

static vmo_status take_slot(vmo_ll_site *s, vmo_ll_plan *plan) {
  vmo_bytes max_frame = s->planning->max_frame;
  bool grows = s->row->kind == VMO_LIBC_REALLOC, constant = s->fact->bytes >= 0 && !grows;
  vmo_bytes bytes = constant ? round_up(s->fact->bytes == 0 ? 1 : s->fact->bytes) : bound_for(s, max_frame, plan);
  if (bytes < 16 || plan->frame_bytes + bytes > max_frame) {
    s->fact->refusal = VMO_SITE_FRAME_FULL;
    return VMO_OK;
  }
  bool repeated = vmo_ll_depth_of_loops(s) > 0, flagged = vmo_ll_is_flagged(s);
  vmo_ll_slot slot = {.allocation = s->instruction->ref,
                      .row = s->row,
                      .object = s->id,
                      .bytes = bytes,
                      .constant = constant,
                      .flagged = flagged,
                      .repeated = repeated,
                      .spared = vmo_ll_is_freed_by_sparing(s),
                      .alignment = vmo_ll_alignment_of(s->instruction->ref, s->row),
                      .fact = s->planning->facts->sites.count,
                      .frame = VMO_NONE,
                      .parameter = VMO_NONE,
                      .argument = VMO_NONE};
  plan->frame_bytes += bytes;
  s->fact->slot_bytes = bytes;
  s->fact->several = flagged && repeated;
  s->fact->budgeted = s->split;
  s->fact->verdict = constant && !flagged && !s->split ? VMO_VERDICT_STACK : VMO_VERDICT_STACK_BOUNDED;
  return vmo_vec_push(s->planning->arena, &plan->slots, slot) ? VMO_OK : VMO_OUT_OF_MEMORY;
}

/* ---- places that callers give (destinations.c) ---- */

static bool is_plain(const vmo_libc_row *row) {
  return row->kind == VMO_LIBC_MALLOC || row->kind == VMO_LIBC_CALLOC || row->kind == VMO_LIBC_NEW;
}

/* Whether an object that is handed out could be in a slot of the caller's: all that frees it here compares addresses. */
static bool can_be_given_place(const vmo_ll_site *s) {
  const vmo_ll_program *program = s->planning->program;
  if (s->object->captured || s->instruction->opcode != LLVMCall || !is_plain(s->row)) return false;
  if (program->replaces_malloc) return false;
  if (s->carried[s->id] && vmo_ll_depth_of_loops(s) > 0 && !vmo_ll_is_freed_in_loop(s))
    return false; /* of many, one would be there */
  for (uint32_t i = s->release_first[s->id]; i < s->release_first[s->id + 1]; i++) {
    const vmo_ll_release *release = vmo_ll_release_of(s, i);
    if (release->kind != VMO_LL_FREED || program->instructions.data[release->instruction].opcode != LLVMCall)
      return false;
  }
  return true;
}

/* One that takes a slot, none of whose bytes are here. */
static vmo_ll_slot given_slot(const vmo_ll_site *s) {
  return (vmo_ll_slot){.allocation = s->instruction->ref,
                       .row = s->row,
                       .object = s->id,
                       .constant = true,
                       .flagged = true,
                       .repeated = true,
                       .alignment = VMO_LL_SLOT_ALIGNMENT,
                       .frame = VMO_NONE,
                       .parameter = VMO_NONE,
                       .argument = VMO_NONE};
}

/* The slot that the function is given, if it is. */
static vmo_status take_given_slot(const vmo_ll_site *s, vmo_ll_plan *plan) {
  const uint32_t *destination_of = s->planning->destination_of;
  uint32_t at = s->object->instruction;
  if (s->fact->refusal != VMO_SITE_ESCAPES || !can_be_given_place(s)) return VMO_OK;
  s->planning->served[at] = destination_of == NULL || destination_of[at] != VMO_NONE;
  if (destination_of == NULL || destination_of[at] == VMO_NONE) return VMO_OK;
  vmo_ll_slot slot = given_slot(s);
  slot.parameter = destination_of[at];
  slot.fact = s->planning->facts->sites.count;
  return vmo_vec_push(s->planning->arena, &plan->slots, slot) ? VMO_OK : VMO_OUT_OF_MEMORY;
}

/* A slot for what a called function makes. */
static vmo_status give_slot(const vmo_ll_site *s, uint32_t maker, vmo_site_fact *origin, vmo_ll_plan *plan) {
  vmo_bytes max_frame = s->planning->max_frame, bytes = origin->bytes;
  bytes = bytes >= 0 ? round_up(bytes == 0 ? 1 : bytes) : bound_for(s, max_frame, plan);
  if (bytes < 16 || plan->frame_bytes + bytes > max_frame) return VMO_OK;
  vmo_ll_slot slot = given_slot(s);
  slot.bytes = bytes;
  slot.constant = origin->bytes >= 0;
  slot.repeated = vmo_ll_depth_of_loops(s) > 0;
  slot.fact = s->planning->fact_of[s->object->origin];
  slot.argument = s->planning->destination_of == NULL ? 0 : s->planning->destination_of[maker];
  plan->frame_bytes += bytes;
  origin->verdict = VMO_VERDICT_STACK_BOUNDED;
  origin->slot_bytes = bytes > origin->slot_bytes ? bytes : origin->slot_bytes;
  origin->several |= slot.repeated;
  origin->budgeted |= s->split;
  origin->becomes = NULL;
  return vmo_vec_push(s->planning->arena, &plan->slots, slot) ? VMO_OK : VMO_OUT_OF_MEMORY;
}

/* The instruction of the callee that makes an object for this function. */
static uint32_t maker_of(const vmo_ll_site *s) {
  const vmo_ll_summary *summary = &s->planning->summaries[s->instruction->callee];
  uint32_t first = s->points_to->made[s->object->instruction - s->function->first];
  return summary->objects[summary->fresh_first + (s->id - first)].instruction;
}

/* A place that this function is given, for what a called function makes for it to hand on. */
static vmo_status pass_on(const vmo_ll_site *s, uint32_t maker, vmo_ll_plan *plan) {
  vmo_ll_planning *planning = s->planning;
  uint32_t at = s->object->instruction;
  if (vmo_ll_escape_of(s->object) == VMO_ESCAPE_NONE || !can_be_given_place(s) || !planning->served[maker])
    return VMO_OK;
  if (planning->destination_of == NULL && !vmo_ll_can_have_destination(planning, s->instruction->callee)) return VMO_OK;
  planning->served[at] = planning->destination_of == NULL || planning->destination_of[at] != VMO_NONE;
  planning->inner[at] = maker;
  if (planning->destination_of == NULL || planning->destination_of[at] == VMO_NONE) return VMO_OK;
  vmo_ll_slot slot = given_slot(s);
  slot.parameter = planning->destination_of[at];
  slot.argument = planning->destination_of[maker];
  slot.fact = planning->fact_of[s->object->origin];
  return vmo_vec_push(planning->arena, &plan->slots, slot) ? VMO_OK : VMO_OUT_OF_MEMORY;
}

static bool plan_inline(const vmo_ll_site *s, vmo_ll_plan *plan, uint32_t instruction) {
  LLVMValueRef call = s->planning->program->instructions.data[instruction].ref;
  if (s->planning->inlined[instruction]) return true;
  s->planning->inlined[instruction] = true;
  return vmo_vec_push(s->planning->arena, &plan->inlines, call);
}

static vmo_status plan_release_inlines(const vmo_ll_site *s, vmo_ll_plan *plan) {
  for (uint32_t i = s->release_first[s->id]; i < s->release_first[s->id + 1]; i++) {
    const vmo_ll_release *release = vmo_ll_release_of(s, i);
    if (vmo_ll_find_way(s, release) != VMO_LL_WAY_INLINED) continue;
    if (!plan_inline(s, plan, release->instruction)) return VMO_OUT_OF_MEMORY;
  }
  return VMO_OK;
}

static vmo_status describe_releases(vmo_ll_site *s) {
  vmo_site_facts *facts = s->planning->facts;
  s->fact->release_first = facts->releases.count;
  for (uint32_t i = s->release_first[s->id]; i < s->release_first[s->id + 1]; i++) {
    const vmo_ll_release *release = vmo_ll_release_of(s, i);
    const char *name = vmo_ll_callee_name(s, release->instruction);
    vmo_site_release one = {vmo_find_source_place(s->planning->program->context,
                                                  s->planning->program->instructions.data[release->instruction].ref),
                            name};
    if (!vmo_vec_push(s->planning->program->context->arena, &facts->releases, one)) return VMO_OUT_OF_MEMORY;
  }
  s->fact->release_count = facts->releases.count - s->fact->release_first;
  return VMO_OK;
}

static void describe_escape(const vmo_ll_site *s) {
  vmo_site_fact *fact = s->fact;
  fact->escape = vmo_ll_escape_of(s->object);
  if (!s->object->captured || s->object->escape_at == VMO_NONE) return;
  const vmo_ll_instruction *at = &s->planning->program->instructions.data[s->object->escape_at];
  fact->escape_place = vmo_find_source_place(s->planning->program->context, at->ref);
  fact->escape_to = vmo_ll_callee_name(s, s->object->escape_at);
}

bool vmo_ll_leaves_heap(const vmo_ll_plan *plan, uint32_t object) {
  for (uint32_t i = 0; i < plan->slots.count; i++)
    if (plan->slots.data[i].object == object) return true;
  for (uint32_t i = 0; i < plan->copies.count; i++)
    if (plan->copies.data[i].object == object) return true;
  return false;
}

/* Whether the object is a copy that need not be made. */
static vmo_status try_source(const vmo_ll_site *s, vmo_ll_plan *plan, bool *taken) {
  vmo_site_refusal refusal = vmo_ll_refuse_function(s);
  *taken = false;
  if (vmo_ll_escape_of(s->object) != VMO_ESCAPE_NONE || s->instruction->opcode != LLVMCall) return VMO_OK;
  if (refusal != VMO_SITE_NOT_REFUSED && refusal != VMO_SITE_RECURSIVE && refusal != VMO_SITE_CALLED_BACK)
    return VMO_OK;
  return vmo_plan_copy(s->planning, s->points_to, s->control, s->touches, s->id, plan, taken);
}

/* ---- the sites of a function ---- */

static void describe_names(const vmo_ll_program *program, LLVMValueRef allocation, vmo_site_fact *fact) {
  const char *type;
  vmo_find_variable(program, allocation, &fact->variable, &fact->type);
  vmo_find_field(program, allocation, &fact->field, &type);
  if (fact->type == NULL) fact->type = type;
}

static vmo_status decide_site(vmo_ll_site *s, vmo_ll_plan *plan) {
  vmo_context *context = s->planning->program->context;
  vmo_site_fact fact = {.place = vmo_find_source_place(context, s->instruction->ref),
                        .allocator = s->planning->program->functions.data[s->instruction->callee].name,
                        .bytes = vmo_ll_constant_size(s->instruction->ref, s->row),
                        .size = vmo_describe_size(context, s->instruction->ref, s->row),
                        .verdict = VMO_VERDICT_KEPT};
  s->fact = &fact;
  describe_names(s->planning->program, s->instruction->ref, &fact);
  fact.loop_depth = vmo_ll_depth_of_loops(s);
  fact.null_checks = s->null_checks[s->id];
  describe_escape(s);
  fact.refusal = vmo_ll_refuse_object(s);
  bool unmade = false;
  vmo_status status = describe_releases(s);
  if (status == VMO_OK) status = try_source(s, plan, &unmade);
  if (status != VMO_OK) return status;
  if (unmade) {
    fact.verdict = VMO_VERDICT_SOURCE;
  } else if (fact.refusal == VMO_SITE_NOT_REFUSED && vmo_ll_awaits_inlining(s)) {
    fact.verdict = VMO_VERDICT_INLINE;
    status = plan_release_inlines(s, plan);
  } else if (fact.refusal == VMO_SITE_NOT_REFUSED) {
    status = take_slot(s, plan);
  } else {
    status = take_given_slot(s, plan);
  }
  if (status != VMO_OK) return status;
  return vmo_vec_push(context->arena, &s->planning->facts->sites, fact) ? VMO_OK : VMO_OUT_OF_MEMORY;
}

/* The fact of the site that an object comes from, in a function that was planned before; NULL: none. */
static vmo_site_fact *find_origin(const vmo_ll_planning *planning, uint32_t origin) {
  uint32_t at = origin == VMO_NONE ? VMO_NONE : planning->fact_of[origin];
  return at == VMO_NONE ? NULL : &planning->facts->sites.data[at];
}

/* An object that is made by a function too large to stand here, and is local here: that function is given a place for it. */
static vmo_status decide_given(vmo_ll_site *s, vmo_site_fact *origin, vmo_ll_plan *plan) {
  vmo_ll_planning *planning = s->planning;
  const vmo_ll_program *program = planning->program;
  uint32_t maker = maker_of(s), callee = s->instruction->callee;
  const vmo_ll_instruction *call = &program->instructions.data[maker];
  bool freed_elsewhere = vmo_ll_awaits_inlining(s), last = planning->destination_of != NULL;
  if (vmo_ll_is_freed_by_sparing(s)) return VMO_OK; /* it knows addresses, not flags */
  if (last) return planning->served[maker] && !freed_elsewhere ? give_slot(s, maker, origin, plan) : VMO_OK;
  if (!is_plain(s->row) || !vmo_ll_can_have_destination(planning, callee)) return VMO_OK;
  bool wrapped = vmo_can_inline(planning, &program->functions.data[callee], call);
  if (!wrapped && !planning->served[maker]) return VMO_OK;
  if (wrapped && !plan_inline(s, plan, maker)) return VMO_OUT_OF_MEMORY;
  if ((wrapped || freed_elsewhere) && origin->verdict == VMO_VERDICT_KEPT) origin->verdict = VMO_VERDICT_INLINE;
  if (freed_elsewhere) return plan_release_inlines(s, plan);
  if (wrapped) return VMO_OK;
  for (uint32_t at = maker; at != VMO_NONE && !planning->wanted[at]; at = planning->inner[at]) {
    planning->wanted[at] = true;
    if (!vmo_vec_push(program->arena, &planning->makers, at)) return VMO_OUT_OF_MEMORY;
  }
  return give_slot(s, maker, origin, plan);
}

/* An object that a callee makes: local here when the callee's body stands here. */
static vmo_status decide_fresh(vmo_ll_site *s, vmo_ll_plan *plan) {
  vmo_site_fact *origin = find_origin(s->planning, s->object->origin), unused = {.bytes = -1};
  if (origin == NULL) return VMO_OK;
  origin->callers++;
  s->row = vmo_ll_row_of(s->planning->program, &s->planning->program->instructions.data[s->object->origin]);
  s->fact = &unused;
  unused.bytes = origin->bytes;
  if (vmo_ll_refuse_object(s) != VMO_SITE_NOT_REFUSED) return pass_on(s, maker_of(s), plan);
  origin->local_callers++;
  if (!vmo_can_inline(s->planning, s->function, s->instruction)) return decide_given(s, origin, plan);
  if (origin->verdict == VMO_VERDICT_KEPT) origin->verdict = VMO_VERDICT_INLINE;
  if (!plan_inline(s, plan, s->object->instruction)) return VMO_OUT_OF_MEMORY;
  return plan_release_inlines(s, plan);
}

/* ---- releases of slots ---- */

static bool points_only_to(const vmo_ll_set *set, uint32_t object) {
  for (uint32_t i = 0; i < set->count; i++)
    if (set->data[i].object != object) return false;
  return set->count > 0;
}

static vmo_status plan_release(const vmo_ll_planning *planning, const vmo_ll_points_to *points_to, uint32_t first,
                               uint32_t end, vmo_ll_plan *plan) {
  const vmo_ll_instruction *call = &planning->program->instructions.data[points_to->releases.data[first].instruction];
  vmo_ll_slot_release release = {
      .call = call->ref, .row = vmo_ll_row_of(planning->program, call), .slot_first = plan->slots_of_releases.count};
  for (uint32_t i = first; i < end; i++)
    for (uint32_t k = 0; k < plan->slots.count; k++)
      if (plan->slots.data[k].object == points_to->releases.data[i].object &&
          !vmo_vec_push(planning->arena, &plan->slots_of_releases, k))
        return VMO_OUT_OF_MEMORY;
  release.slot_count = plan->slots_of_releases.count - release.slot_first;
  if (release.slot_count == 0) return VMO_OK;
  if (points_to->releases.data[first].kind == VMO_LL_FREED_BY_CALLEE) {
    plan->slots_of_releases.count = release.slot_first;
    bool pushed = vmo_vec_push(planning->arena, &plan->sparing, points_to->releases.data[first].instruction);
    return pushed ? VMO_OK : VMO_OUT_OF_MEMORY;
  }
  release.own_slot = VMO_NONE;
  for (uint32_t k = 0; k < plan->slots.count; k++) {
    if (plan->slots.data[k].allocation != call->ref) continue;
    release.own_slot = k;
    plan->slots.data[k].released_there = true;
  }
  uint32_t object = plan->slots.data[plan->slots_of_releases.data[release.slot_first]].object;
  release.only = points_only_to(vmo_ll_operand_set(points_to, call, 0), object);
  return vmo_vec_push(planning->arena, &plan->releases, release) ? VMO_OK : VMO_OUT_OF_MEMORY;
}

static vmo_status plan_releases(const vmo_ll_planning *planning, const vmo_ll_points_to *points_to, vmo_ll_plan *plan) {
  vmo_status status = VMO_OK;
  for (uint32_t i = 0, next; i < points_to->releases.count && status == VMO_OK; i = next) {
    for (next = i + 1; next < points_to->releases.count; next++)
      if (points_to->releases.data[next].instruction != points_to->releases.data[i].instruction) break;
    status = plan_release(planning, points_to, i, next, plan);
  }
  return status;
}

/* ---- a function ---- */

/* The releases by object: how many each has, where they begin, then the releases in their places. */
static bool index_releases(const vmo_ll_planning *planning, const vmo_ll_points_to *p, vmo_ll_site *s) {
  uint32_t *first = vmr_arena_alloc_array(planning->arena, (size_t)p->objects.count + 3, sizeof *first);
  uint32_t *list = vmr_arena_alloc_array(planning->arena, (size_t)p->releases.count + 1, sizeof *list);
  if (first == NULL || list == NULL) return false;
  for (uint32_t i = 0; i < p->releases.count; i++) first[p->releases.data[i].object + 2]++;
  for (uint32_t o = 0; o < p->objects.count; o++) first[o + 2] += first[o + 1];
  for (uint32_t i = 0; i < p->releases.count; i++) list[first[p->releases.data[i].object + 1]++] = i;
  s->release_first = first;
  s->release_list = list;
  return true;
}

static bool count_null_checks(const vmo_ll_planning *planning, const vmo_ll_points_to *p, vmo_ll_site *s) {
  uint32_t *counts = vmr_arena_alloc_array(planning->arena, (size_t)p->objects.count + 1, sizeof *counts);
  if (counts == NULL) return false;
  for (uint32_t i = p->function->first; i < p->function->first + p->function->count; i++) {
    const vmo_ll_instruction *compare = &planning->program->instructions.data[i];
    for (uint32_t k = 0; compare->opcode == LLVMICmp && k < 2; k++) {
      if (!LLVMIsNull(LLVMGetOperand(compare->ref, 1 - k))) continue;
      const vmo_ll_set *set = vmo_ll_operand_set(p, compare, k);
      for (uint32_t e = 0; e < set->count; e++) counts[set->data[e].object] += set->data[e].offset == 0;
    }
  }
  s->null_checks = counts;
  return true;
}

static vmo_status decide_sites(vmo_ll_planning *planning, const vmo_ll_points_to *points_to, vmo_ll_site *of,
                               vmo_ll_plan *plan) {
  vmo_ll_site s = *of;
  vmo_status status = VMO_OK;
  for (uint32_t o = 1; o < points_to->objects.count && status == VMO_OK; o++) {
    s.id = o;
    s.object = &points_to->objects.data[o];
    if (s.object->kind != VMO_LL_OBJECT_SITE && s.object->kind != VMO_LL_OBJECT_FRESH) continue;
    s.instruction = &planning->program->instructions.data[s.object->instruction];
    s.row = vmo_ll_row_of(planning->program, s.instruction);
    if (s.object->kind == VMO_LL_OBJECT_FRESH) {
      status = decide_fresh(&s, plan);
    } else {
      planning->fact_of[s.object->instruction] = planning->facts->sites.count;
      status = decide_site(&s, plan);
    }
  }
  return status;
}

static bool has_sites(const vmo_ll_points_to *points_to) {
  for (uint32_t o = 1; o < points_to->objects.count; o++)
    if (points_to->objects.data[o].kind == VMO_LL_OBJECT_SITE) return true;
  return false;
}

static bool frees(const vmo_ll_summary *summary) {
  for (uint32_t o = 1; o < summary->fresh_first; o++)
    if (summary->objects[o].freed) return true;
  return false;
}

/* Whether a call may make an object or free one, as its callee's row or summary says. */
static bool is_about_heap(const vmo_ll_planning *planning, uint32_t function, const vmo_ll_instruction *call) {
  if (!vmo_ll_is_call(call->opcode) || call->callee == VMO_NONE) return false;
  const vmo_ll_function *callee = &planning->program->functions.data[call->callee];
  const vmo_ll_summary *summary = &planning->summaries[call->callee];
  if (callee->libc != NULL) return vmo_libc_allocates(callee->libc) || strchr(callee->libc->arguments, VMO_EFFECT_FREE);
  if (!vmo_ll_is_defined(callee) || !callee->exact) return false;
  bool alike = planning->groups->group[call->callee] == planning->groups->group[function];
  return alike || summary->object_count > summary->fresh_first || frees(summary);
}

/* Whether there may be something to decide in a function: else its pointers need not be followed again. */
static bool has_decisions(const vmo_ll_planning *planning, uint32_t id) {
  const vmo_ll_function *function = &planning->program->functions.data[id];
  for (uint32_t i = function->first; i < function->first + function->count; i++)
    if (is_about_heap(planning, id, &planning->program->instructions.data[i])) return true;
  return false;
}

static vmo_status decide_all(vmo_ll_planning *planning, const vmo_ll_function *function, vmo_ll_points_to *points_to,
                             vmo_ll_plan *plan) {
  vmo_ll_site s = {.planning = planning, .points_to = points_to, .function = function};
  s.split = function->recursive && vmo_ll_can_split(planning->program, planning->options, function);
  vmo_ll_touches touches;
  vmo_cfg *control;
  vmo_status status = vmo_find_control(planning->program, function, planning->arena, &control);
  if (status != VMO_OK) return status;
  s.control = control;
  s.carried = vmo_find_carried(points_to, control);
  if (s.carried == NULL || !index_releases(planning, points_to, &s) || !count_null_checks(planning, points_to, &s))
    return VMO_OUT_OF_MEMORY;
  bool matters = points_to->releases.count > 0 || has_sites(points_to);
  if (matters) status = vmo_find_touches(points_to, &touches);
  s.touches = &touches;
  if (status == VMO_OK) status = decide_sites(planning, points_to, &s, plan);
  if (status == VMO_OK) status = plan_releases(planning, points_to, plan);
  if (status == VMO_OK && matters) {
    status = vmo_share_frame(planning, points_to, control, &touches, plan);
    if (status == VMO_OK) status = vmo_plan_early_frees(planning, points_to, control, &touches, s.carried, plan);
    if (status == VMO_OK) status = vmo_plan_zeroes(planning, points_to, &touches, plan);
  }
  if (status != VMO_OK) return status;
  return vmo_find_heap_peak(planning, points_to, s.release_first, s.release_list, plan);
}

vmo_status vmo_plan_sites(vmo_ll_planning *planning, uint32_t id, vmo_ll_plan *plan) {
  const vmo_ll_function *function = &planning->program->functions.data[id];
  vmo_ll_points_to *points_to;
  vmo_site_function fact = {.name = function->name,
                            .place = vmo_find_source_place(planning->program->context, function->ref),
                            .recursive = function->recursive,
                            .site_first = planning->facts->sites.count};
  planning->max_frame = vmo_find_frame_limit(planning->program, function, planning->options->max_frame);
  vmo_status status = VMO_OK;
  if (has_decisions(planning, id)) {
    status = vmo_solve_points_to(planning->program, id, planning->summaries, planning->groups->group, planning->arena,
                                 &points_to);
    if (status == VMO_OK) status = decide_all(planning, function, points_to, plan);
  } else {
    vmo_hand_up_heap_peak(planning, id);
  }
  fact.site_count = planning->facts->sites.count - fact.site_first;
  fact.frame_bytes = plan->frame_bytes;
  vmo_find_stack_depth(planning, id, plan);
  fact.stack_frame = planning->depths[id].frame;
  fact.stack_depth = planning->depths[id].unbounded ? -1 : planning->depths[id].depth;
  fact.stack_because = planning->depths[id].because;
  fact.heap_before = planning->peaks[id].before;
  fact.heap_after = planning->peaks[id].after;
  if (status != VMO_OK) return status;
  return vmo_vec_push(planning->program->context->arena, &planning->facts->functions, fact) ? VMO_OK
                                                                                            : VMO_OUT_OF_MEMORY;
}
