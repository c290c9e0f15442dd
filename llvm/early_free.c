/* early_free.c: a free moves up to just after the last use, so that what is allocated in between finds its bytes.
 *
 *   %x = load i64, ptr %p                     %x = load i64, ptr %p
 *   %q = call ptr @malloc(i64 4096)    ->     call void @free(ptr %p)
 *   call void @work(ptr %q)                   %q = call ptr @malloc(i64 4096)
 *   call void @free(ptr %p)                   call void @work(ptr %q)
 *
 * All frees of one value, and of what is it or null (a phi before a `done:` that frees everything), are moved together
 * (free_flow.c says where).
 *
 * The object must be known to this function and its callees alone: then nobody can tell but by the size of the heap,
 * which is what this is for. Time: blocks times values that are freed, and limited. */
#include <stdlib.h>

#include <llvm-c/DebugInfo.h>

#include "llvm/early_free.h"

#define MAX_WORK (1u << 22) /* blocks times groups of one function */

/* The frees of one value. */
typedef struct group {
  uint32_t value;          /* local id */
  VMO_VEC(uint32_t) frees; /* instructions, in program order */
} group;

typedef struct search {
  vmo_ll_planning *planning;
  vmo_ll_points_to *p;
  const vmo_ll_touches *touches;
  vmo_ll_plan *plan;
  const vmo_ll_function *function;
  const bool *carried;         /* by object, as vmo_find_carried says */
  VMO_VEC(uint32_t) observers; /* calls that look at the heap */
  const group *group;          /* in hand */
  vmo_ll_free_flow flow;
} search;

static const vmo_ll_instruction *instruction_at(const search *s, uint32_t i) {
  return &s->planning->program->instructions.data[i];
}

/* ---- events ---- */

static int compare_events(const void *left, const void *right) {
  const vmo_ll_free_event *a = left, *b = right;
  if (a->instruction != b->instruction) return a->instruction < b->instruction ? -1 : 1;
  return (int)a->freed - (int)b->freed;
}

static bool add_event(search *s, uint32_t instruction, bool freed) {
  return vmo_vec_push(s->p->arena, &s->flow.events, ((vmo_ll_free_event){instruction, freed}));
}

static bool is_freed_at(const group *g, uint32_t instruction) {
  for (uint32_t low = 0, high = g->frees.count; low < high;) {
    uint32_t middle = low + (high - low) / 2;
    if (g->frees.data[middle] == instruction) return true;
    if (g->frees.data[middle] < instruction) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return false;
}

static bool collect_events(search *s) {
  const vmo_ll_set *set = &s->p->values[s->group->value];
  s->flow.events.count = 0;
  for (uint32_t e = 0; e < set->count; e++)
    for (uint32_t t = s->touches->first[set->data[e].object]; t < s->touches->first[set->data[e].object + 1]; t++) {
      uint32_t instruction = s->touches->instructions[t];
      if (!is_freed_at(s->group, instruction) && !add_event(s, instruction, false)) return false;
    }
  for (uint32_t i = 0; i < s->observers.count; i++)
    if (!add_event(s, s->observers.data[i], false)) return false;
  for (uint32_t i = 0; i < s->group->frees.count; i++)
    if (!add_event(s, s->group->frees.data[i], true)) return false;
  if (!add_event(s, vmo_ll_instruction_of(s->function, s->group->value), false)) return false;
  qsort(s->flow.events.data, s->flow.events.count, sizeof *s->flow.events.data, compare_events);
  return true;
}

/* ---- a group ---- */

static vmo_site_fact *fact_of(const search *s, uint32_t object) {
  uint32_t origin = s->p->objects.data[object].origin;
  uint32_t fact = origin == VMO_NONE ? VMO_NONE : s->planning->fact_of[origin];
  return fact == VMO_NONE ? NULL : &s->planning->facts->sites.data[fact];
}

static void tell(const search *s, vmo_early_free verdict) {
  const vmo_ll_set *set = &s->p->values[s->group->value];
  for (uint32_t e = 0; e < set->count; e++) {
    uint32_t object = set->data[e].object;
    bool made = object != 0 && (s->p->objects.data[object].kind == VMO_LL_OBJECT_SITE ||
                                s->p->objects.data[object].kind == VMO_LL_OBJECT_FRESH);
    vmo_site_fact *fact = made ? fact_of(s, object) : NULL;
    if (fact == NULL || fact->verdict != VMO_VERDICT_KEPT) continue; /* or freed early already */
    fact->early_free = verdict;
    if (verdict == VMO_EARLY_MOVED) fact->verdict = VMO_VERDICT_FREED_EARLY;
  }
}

/* Whether all frees of the value are the same call, with constants besides the pointer (the size, of C++'s delete). */
static bool free_alike(const search *s) {
  LLVMValueRef first = instruction_at(s, s->group->frees.data[0])->ref;
  for (uint32_t i = 0; i < s->group->frees.count; i++) {
    const vmo_ll_instruction *call = instruction_at(s, s->group->frees.data[i]);
    if (LLVMGetCalledValue(call->ref) != LLVMGetCalledValue(first)) return false;
    for (uint32_t k = 1; k < call->operand_count; k++)
      if (!LLVMIsAConstantInt(LLVMGetOperand(call->ref, k)) || LLVMGetOperand(call->ref, k) != LLVMGetOperand(first, k))
        return false;
  }
  return true;
}

/* Why the frees of a value stay; VMO_EARLY_MOVED: nothing is known against it. */
static vmo_early_free refuse(const search *s) {
  const vmo_ll_set *set = &s->p->values[s->group->value];
  if (vmo_ll_instruction_of(s->function, s->group->value) == VMO_NONE || set->count == 0) return VMO_EARLY_SHARED;
  for (uint32_t e = 0; e < set->count; e++) {
    const vmo_ll_object *object = &s->p->objects.data[set->data[e].object];
    bool made = object->kind == VMO_LL_OBJECT_SITE || object->kind == VMO_LL_OBJECT_FRESH;
    if (set->data[e].object == 0 || object->captured || (made && object->stored)) return VMO_EARLY_KNOWN;
    if (!made || set->data[e].stride != 0 || set->data[e].offset != 0) return VMO_EARLY_SHARED;
    if (vmo_ll_leaves_heap(s->plan, set->data[e].object)) return VMO_EARLY_SHARED;
  }
  return free_alike(s) ? VMO_EARLY_MOVED : VMO_EARLY_SHARED;
}

static bool record(search *s) {
  vmr_arena *arena = s->planning->arena;
  vmo_ll_early_free early = {.instruction = s->flow.instruction,
                             .value = s->group->value,
                             .free_first = s->plan->early_frees.count,
                             .place_first = s->plan->early_places.count};
  for (uint32_t i = 0; i < s->group->frees.count; i++)
    if (!vmo_vec_push(arena, &s->plan->early_frees, s->group->frees.data[i])) return false;
  for (uint32_t i = 0; i < s->flow.places.count; i++) {
    vmo_ll_free_place place = s->flow.places.data[i];
    uint32_t first = place.edge_first;
    place.edge_first = s->plan->early_edges.count;
    for (uint32_t k = 0; k < place.edge_count; k++)
      if (!vmo_vec_push(arena, &s->plan->early_edges, s->flow.edges.data[first + k])) return false;
    if (!vmo_vec_push(arena, &s->plan->early_places, place)) return false;
  }
  early.free_count = s->plan->early_frees.count - early.free_first;
  early.place_count = s->plan->early_places.count - early.place_first;
  return vmo_vec_push(arena, &s->plan->early, early);
}

static bool is_carried(const search *s) {
  const vmo_ll_set *set = &s->p->values[s->group->value];
  for (uint32_t e = 0; e < set->count; e++)
    if (s->carried[set->data[e].object]) return true;
  return false;
}

static vmo_status move_group(search *s) {
  vmo_early_free refusal = refuse(s);
  if (refusal != VMO_EARLY_MOVED) {
    tell(s, refusal);
    return VMO_OK;
  }
  if (!collect_events(s)) return VMO_OUT_OF_MEMORY;
  s->flow.instruction = vmo_ll_instruction_of(s->function, s->group->value);
  s->flow.frees = s->group->frees.data;
  s->flow.free_count = s->group->frees.count;
  s->flow.carried = is_carried(s);
  vmo_status status = vmo_find_free_places(&s->flow);
  if (status != VMO_OK) return status;
  if (!s->flow.crosses || s->flow.impossible) {
    tell(s, s->flow.at_block_start ? VMO_EARLY_PATHS : VMO_EARLY_NOT_LATE);
    return VMO_OK;
  }
  tell(s, VMO_EARLY_MOVED);
  return record(s) ? VMO_OK : VMO_OUT_OF_MEMORY;
}

/* ---- all groups ---- */

static bool is_plain_free(const search *s, uint32_t instruction) {
  const vmo_ll_instruction *call = instruction_at(s, instruction);
  if (call->opcode != LLVMCall || call->callee == VMO_NONE || LLVMGetNumOperandBundles(call->ref) > 0) return false;
  const vmo_libc_row *row = s->planning->program->functions.data[call->callee].libc;
  if (row == NULL || (row->kind != VMO_LIBC_FREE && row->kind != VMO_LIBC_DELETE)) return false;
  if (row != vmo_find_libc(row->name)) return false; /* known by attributes alone: it may do more than free */
  return call->operand_count <= VMO_LL_MOST_FREE_OPERANDS;
}

/* The value that a free means: a phi of one value and null stands for that value. */
static uint32_t freed_value(const search *s, uint32_t instruction) {
  uint32_t value = s->planning->program->operands.data[instruction_at(s, instruction)->operand_first];
  if (vmo_ll_instruction_of(s->function, value) == VMO_NONE) return value;
  LLVMValueRef only = vmo_ll_value_or_null(LLVMGetOperand(instruction_at(s, instruction)->ref, 0));
  if (only == NULL || !LLVMIsAInstruction(only)) return value;
  return vmo_ll_find_value(s->planning->program, only);
}

/* Every FREED release of a plain call, by the value it frees. */
static bool find_groups(search *s, group **groups, uint32_t *count) {
  uint32_t *group_of = vmr_arena_alloc_array(s->p->arena, vmo_ll_value_count(s->function), sizeof *group_of);
  VMO_VEC(group) all = {0};
  uint32_t last = VMO_NONE;
  if (group_of == NULL) return false;
  for (uint32_t i = 0; i < s->p->releases.count; i++) {
    const vmo_ll_release *release = &s->p->releases.data[i];
    if (release->instruction == last || !is_plain_free(s, release->instruction)) continue;
    last = release->instruction;
    uint32_t value = freed_value(s, last);
    if (value < VMO_LL_FIRST_PARAMETER) continue;
    if (group_of[value] == 0) {
      if (!vmo_vec_push(s->p->arena, &all, (group){.value = value})) return false;
      group_of[value] = all.count;
    }
    if (!vmo_vec_push(s->p->arena, &all.data[group_of[value] - 1].frees, last)) return false;
  }
  *groups = all.data;
  *count = all.count;
  return true;
}

static bool find_observers(search *s) {
  for (uint32_t i = s->function->first; i < s->function->first + s->function->count; i++)
    if (vmo_ll_call_observes(s->planning->heap_use, instruction_at(s, i)) &&
        !vmo_vec_push(s->p->arena, &s->observers, i))
      return false;
  return true;
}

static bool is_forbidden(const search *s) {
  const vmo_ll_obstacles *o = &s->function->obstacles;
  return o->setjmp || o->sanitized || o->coroutine || o->naked || o->exception || o->musttail ||
         s->planning->program->replaces_malloc;
}

vmo_status vmo_plan_early_frees(vmo_ll_planning *planning, vmo_ll_points_to *p, const vmo_cfg *control,
                                const vmo_ll_touches *touches, const bool *carried, vmo_ll_plan *plan) {
  search s = {
      .planning = planning, .p = p, .touches = touches, .plan = plan, .function = p->function, .carried = carried};
  group *groups;
  uint32_t count;
  s.flow = (vmo_ll_free_flow){.program = planning->program,
                              .function = p->function,
                              .control = control,
                              .heap_use = planning->heap_use,
                              .arena = p->arena};
  s.flow.blocks = vmr_arena_alloc_array(p->arena, (size_t)s.function->block_count + 1, sizeof *s.flow.blocks);
  if (s.flow.blocks == NULL || !find_groups(&s, &groups, &count) || !find_observers(&s)) return VMO_OUT_OF_MEMORY;
  vmo_status status = VMO_OK;
  for (uint32_t i = 0; i < count && status == VMO_OK; i++) {
    s.group = &groups[i];
    if (is_forbidden(&s)) {
      tell(&s, VMO_EARLY_FORBIDDEN);
    } else if ((uint64_t)(i + 1) * s.function->block_count > MAX_WORK) {
      tell(&s, VMO_EARLY_COMPLEX);
    } else {
      status = move_group(&s);
    }
  }
  return status;
}

/* ---- the edit ---- */

typedef struct edit {
  const vmo_ll_program *program;
  const vmo_ll_function *function;
  const vmo_ll_plan *plan;
  LLVMBuilderRef builder;
} edit;

static LLVMValueRef reference_of(const edit *e, uint32_t instruction) {
  return e->program->instructions.data[instruction].ref;
}

/* What is left to free at the start of a block: a phi of the value and null. */
static LLVMValueRef build_rest(const edit *e, const vmo_ll_free_place *place, LLVMValueRef pointer) {
  LLVMTypeRef type = LLVMTypeOf(pointer);
  LLVMValueRef null = LLVMConstPointerNull(type);
  LLVMBasicBlockRef block = LLVMGetInstructionParent(reference_of(e, place->before));
  LLVMPositionBuilderBefore(e->builder, LLVMGetFirstInstruction(block));
  LLVMSetCurrentDebugLocation2(e->builder, NULL);
  LLVMValueRef rest = LLVMBuildPhi(e->builder, type, "vmemopt.rest");
  for (uint32_t i = 0; i < place->edge_count; i++) {
    const vmo_ll_free_edge *edge = &e->plan->early_edges.data[place->edge_first + i];
    LLVMBasicBlockRef from = e->program->blocks.data[e->function->block_first + edge->from].ref;
    LLVMAddIncoming(rest, edge->left == VMO_LL_LEFT_VALUE ? &pointer : &null, &from, 1);
  }
  return rest;
}

/* The same free, before another instruction; nothing is known there of its pointer (as nonnull), so no attributes. */
static void build_free(const edit *e, const vmo_ll_free_place *place, LLVMValueRef model, LLVMValueRef pointer) {
  LLVMValueRef callee = LLVMGetCalledValue(model), values[VMO_LL_MOST_FREE_OPERANDS];
  unsigned count = LLVMGetNumArgOperands(model);
  values[0] = place->edge_count > 0 ? build_rest(e, place, pointer) : place->value;
  for (unsigned i = 1; i < count; i++) values[i] = LLVMGetOperand(model, i);
  LLVMPositionBuilderBefore(e->builder, reference_of(e, place->before));
  LLVMSetCurrentDebugLocation2(e->builder, LLVMInstructionGetDebugLoc(model));
  LLVMBuildCall2(e->builder, LLVMGlobalGetValueType(callee), callee, values, count, "");
}

void vmo_move_frees(vmo_ll_program *program, uint32_t function, const vmo_ll_plan *plan) {
  edit e = {.program = program, .function = &program->functions.data[function], .plan = plan};
  e.builder = LLVMCreateBuilderInContext(program->llvm);
  for (uint32_t i = 0; i < plan->early.count; i++) {
    const vmo_ll_early_free *early = &plan->early.data[i];
    LLVMValueRef model = reference_of(&e, plan->early_frees.data[early->free_first]);
    for (uint32_t k = 0; k < early->place_count; k++)
      build_free(&e, &plan->early_places.data[early->place_first + k], model, reference_of(&e, early->instruction));
  }
  for (uint32_t i = 0; i < plan->early_frees.count; i++)
    LLVMInstructionEraseFromParent(reference_of(&e, plan->early_frees.data[i]));
  LLVMDisposeBuilder(e.builder);
}
