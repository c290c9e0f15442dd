/* heap_peak.c: how many bytes of known size are on the heap at once while a function runs, as written and as rewritten.
 *
 *   load ^        ┌──────────┐             each object of constant size is a bar from its allocation to its frees
 *        |  ┌─────┤ callee   ├──┐          (whichever comes first on a path); a call adds the peak of its callee
 *        |  │ p   └──────────┘  │
 *        +──┴───────────────────┴──> instructions
 *
 * One object of each site is counted; what a loop piles up, sizes that are not known, and what was handed out by calls of
 * the same recursive group are left out on both sides. A call that may free an object is taken to; no allocation is taken
 * to fail. As rewritten, slots
 * are not on the heap, and frees are where they were moved. The bars are walked block by block, as differences of loads.
 * Time: blocks times objects of known size, and limited. */
#include "llvm/plan.h"

#define MAX_WORK (1u << 22) /* blocks times objects of one function */

typedef struct sum {
  vmo_ll_planning *planning;
  vmo_ll_points_to *p;
  const vmo_ll_function *function;
  const vmo_ll_plan *plan;
  int64_t *loads[2]; /* by instruction of the function and one more: changes of the load; [1]: as rewritten */
  uint32_t *ends;    /* by instruction of the function: the object whose life ends before it, plus one */
  bool *moved;       /* by instruction of the function: a free that goes elsewhere */
  uint32_t *seen;    /* by block: the last walk that came in at its start */
  VMO_VEC(uint32_t) work;
  uint32_t walks;
} sum;

/* Whether an edge is taken only when an allocation failed. */
static bool is_failure(const sum *s, const vmo_ll_block *b, uint32_t successor) {
  const vmo_ll_program *program = s->planning->program;
  LLVMValueRef null = vmo_ll_null_on_edge(LLVMGetBasicBlockTerminator(b->ref), successor);
  if (null == NULL || !LLVMIsAInstruction(null)) return false;
  uint32_t made = vmo_ll_instruction_of(s->function, vmo_ll_find_value(program, null));
  uint32_t object = s->p->made[made - s->function->first];
  return object != VMO_NONE && s->p->objects.data[object].kind != VMO_LL_OBJECT_STACK;
}

/* Walks from after instruction `from` and adds `bytes` to every instruction until the object's life ends. */
static bool add_bar(sum *s, int64_t *load, uint32_t from, uint32_t object, vmo_bytes bytes) {
  const vmo_ll_program *program = s->planning->program;
  const vmo_ll_function *f = s->function;
  uint32_t at = from - f->first + 1, block = program->instructions.data[from].block;
  s->walks++;
  s->work.count = 0;
  for (;;) {
    const vmo_ll_block *b = &program->blocks.data[block];
    uint32_t end = b->first - f->first + b->count, stop = at;
    while (stop < end && s->ends[stop] != object + 1 && stop + f->first != from) stop++;
    load[at] += bytes;
    load[stop] -= bytes;
    for (uint32_t i = 0; stop == end && i < b->successor_count; i++) {
      uint32_t to = program->successors.data[b->successor_first + i];
      if (s->seen[to] == s->walks || is_failure(s, b, i)) continue;
      s->seen[to] = s->walks;
      if (!vmo_vec_push(s->p->arena, &s->work, to)) return false;
    }
    if (s->work.count == 0) return true;
    block = f->block_first + s->work.data[--s->work.count];
    at = program->blocks.data[block].first - f->first;
  }
}

/* Marks, or takes away, the ends of one object's life. */
static void mark_ends(sum *s, uint32_t object, const uint32_t *list, uint32_t count, bool rewritten, uint32_t mark) {
  for (uint32_t i = 0; i < count; i++) {
    const vmo_ll_release *release = &s->p->releases.data[list[i]];
    uint32_t at = release->instruction - s->function->first;
    if (!rewritten || !s->moved[at]) s->ends[at] = mark;
  }
  for (uint32_t e = 0; rewritten && e < s->plan->early.count; e++) {
    const vmo_ll_early_free *early = &s->plan->early.data[e];
    const vmo_ll_set *set = &s->p->values[early->value];
    bool meant = false;
    for (uint32_t i = 0; i < set->count; i++) meant |= set->data[i].object == object;
    for (uint32_t i = 0; meant && i < early->place_count; i++)
      s->ends[s->plan->early_places.data[early->place_first + i].before - s->function->first] = mark;
  }
}

static vmo_bytes bytes_of(const sum *s, uint32_t object) {
  const vmo_ll_object *o = &s->p->objects.data[object];
  if ((o->kind != VMO_LL_OBJECT_SITE && o->kind != VMO_LL_OBJECT_FRESH) || o->origin == VMO_NONE) return -1;
  uint32_t fact = s->planning->fact_of[o->origin];
  return fact == VMO_NONE ? -1 : s->planning->facts->sites.data[fact].bytes;
}

static bool add_object(sum *s, uint32_t object, const uint32_t *list, uint32_t count) {
  vmo_bytes bytes = bytes_of(s, object);
  const vmo_ll_object *o = &s->p->objects.data[object];
  uint32_t from = o->instruction;
  bool handed_out = o->returned || o->stored; /* whether it is in a slot, its callers decide */
  if (bytes <= 0) return true;
  for (int rewritten = 0; rewritten < 2; rewritten++) {
    if (rewritten && !handed_out && vmo_ll_leaves_heap(s->plan, object)) continue;
    mark_ends(s, object, list, count, rewritten, object + 1);
    bool fine = add_bar(s, s->loads[rewritten], from, object, bytes);
    mark_ends(s, object, list, count, rewritten, 0);
    if (!fine) return false;
  }
  return true;
}

static vmo_bytes find_peak(const sum *s, bool rewritten) {
  vmo_bytes load = 0, most = 0;
  for (uint32_t i = 0; i < s->function->count; i++) {
    const vmo_ll_instruction *call = &s->planning->program->instructions.data[s->function->first + i];
    load += s->loads[rewritten][i];
    vmo_bytes all = load;
    if (call->callee != VMO_NONE) {
      const vmo_ll_heap_peak *peak = &s->planning->peaks[call->callee];
      vmo_bytes callee = rewritten ? peak->after : peak->before;
      if (callee < 0) return -1;
      all += callee;
    }
    if (all > most) most = all;
    if (most > VMO_BYTES_LIMIT) return -1;
  }
  return most;
}

void vmo_hand_up_heap_peak(vmo_ll_planning *planning, uint32_t id) {
  const vmo_ll_function *function = &planning->program->functions.data[id];
  vmo_ll_heap_peak most = {0, 0};
  for (uint32_t i = function->first; i < function->first + function->count; i++) {
    uint32_t callee = planning->program->instructions.data[i].callee;
    if (callee == VMO_NONE) continue;
    const vmo_ll_heap_peak *peak = &planning->peaks[callee];
    if (peak->before < 0 || peak->before > most.before) most.before = most.before < 0 ? -1 : peak->before;
    if (peak->after < 0 || peak->after > most.after) most.after = most.after < 0 ? -1 : peak->after;
  }
  planning->peaks[id] = most;
}

vmo_status vmo_find_heap_peak(vmo_ll_planning *planning, vmo_ll_points_to *p, const uint32_t *release_first,
                              const uint32_t *release_list, const vmo_ll_plan *plan) {
  sum s = {.planning = planning, .p = p, .function = p->function, .plan = plan};
  vmo_ll_heap_peak *peak = &planning->peaks[p->function_id];
  size_t count = (size_t)s.function->count + 2;
  uint64_t work = 0;
  for (int i = 0; i < 2; i++) s.loads[i] = vmr_arena_alloc_array(p->arena, count, sizeof **s.loads);
  s.ends = vmr_arena_alloc_array(p->arena, count, sizeof *s.ends);
  s.seen = vmr_arena_alloc_array(p->arena, (size_t)s.function->block_count + 1, sizeof *s.seen);
  s.moved = vmr_arena_alloc_array(p->arena, count, sizeof *s.moved);
  if (!s.loads[0] || !s.loads[1] || !s.ends || !s.seen || !s.moved) return VMO_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < plan->early_frees.count; i++) s.moved[plan->early_frees.data[i] - s.function->first] = true;
  for (uint32_t o = 1; o < p->objects.count; o++) {
    uint32_t releases = release_first[o + 1] - release_first[o];
    work += bytes_of(&s, o) > 0 ? (uint64_t)s.function->block_count + releases + plan->early.count : 0;
    if (work > MAX_WORK) {
      *peak = (vmo_ll_heap_peak){-1, -1};
      return VMO_OK;
    }
    if (!add_object(&s, o, &release_list[release_first[o]], releases)) return VMO_OUT_OF_MEMORY;
  }
  *peak = (vmo_ll_heap_peak){find_peak(&s, false), find_peak(&s, true)};
  return VMO_OK;
}
