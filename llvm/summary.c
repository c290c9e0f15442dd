/* summary.c: what a function does to its caller's memory, callees first.
 *
 * From the solution of points_to.c stay: what is kept and freed of each argument and of what can be reached from it, the
 * cells of these and of fresh objects that the caller gets, and what is returned. Of functions that call each other, those
 * that call one whose summary has changed are solved again, until none changes: they only grow. After MAX_TURNS turns they
 * are given up.
 * Time is linear in the program but for that. */
#include <string.h>

#include "llvm/points_to.h"

#define MAX_TURNS 12
#define MAX_SUMMARY_CELLS 96

/* ---- one summary ---- */

/* The numbers of a function's objects in its summary; VMO_NONE: not in it. */
static uint32_t *number_objects(vmo_ll_points_to *p, vmo_ll_summary *summary) {
  uint32_t *numbers = vmr_arena_alloc_array(p->arena, (size_t)p->objects.count + 1, sizeof *numbers);
  if (numbers == NULL) return NULL;
  summary->fresh_first = 1 + 2 * p->function->parameter_count;
  summary->object_count = summary->fresh_first;
  for (uint32_t o = 0; o < p->objects.count; o++) {
    const vmo_ll_object *object = &p->objects.data[o];
    bool fresh = object->kind == VMO_LL_OBJECT_SITE || object->kind == VMO_LL_OBJECT_FRESH;
    if (o < summary->fresh_first) {
      numbers[o] = o;
    } else if (object->captured || object->kind == VMO_LL_OBJECT_STACK) {
      numbers[o] = 0; /* known to all; or gone with the frame */
    } else if (!fresh || (!object->returned && !object->stored)) {
      numbers[o] = VMO_NONE;
    } else if (summary->object_count - summary->fresh_first < VMO_LL_MAX_FRESH) {
      numbers[o] = summary->object_count++;
    } else {
      numbers[o] = summary->object_count - 1;
    }
  }
  return numbers;
}

static bool copy_objects(vmo_ll_points_to *p, vmo_ll_summary *summary, const uint32_t *numbers) {
  summary->objects = vmr_arena_alloc_array(p->program->arena, summary->object_count, sizeof *summary->objects);
  if (summary->objects == NULL) return false;
  for (uint32_t o = 0; o < p->objects.count; o++) {
    if (numbers[o] == VMO_NONE || (numbers[o] == 0 && o > 0)) continue;
    vmo_ll_object *copy = &summary->objects[numbers[o]];
    bool shared = copy->kind != VMO_LL_OBJECT_OUTSIDE;
    *copy = p->objects.data[o];
    if (shared) copy->origin = VMO_NONE;
  }
  return true;
}

static void add_element(vmo_ll_points_to *p, vmo_ll_set *set, vmo_ll_element element, const uint32_t *numbers) {
  if (numbers[element.object] == VMO_NONE) return;
  element.object = numbers[element.object];
  if (element.object == 0) element.stride = 1, element.offset = 0;
  for (uint32_t i = 0; i < set->count; i++)
    if (memcmp(&set->data[i], &element, sizeof element) == 0) return;
  if (!vmo_vec_push(p->program->arena, set, element)) p->out_of_memory = true;
}

static void copy_cells(vmo_ll_points_to *p, vmo_ll_summary *summary, const uint32_t *numbers) {
  for (uint32_t o = 1; o < p->objects.count; o++) {
    if (numbers[o] == VMO_NONE || numbers[o] == 0) continue;
    for (uint32_t c = p->objects.data[o].cells; c != VMO_NONE; c = p->cells.data[c].next) {
      const vmo_ll_cell *cell = &p->cells.data[c];
      vmo_ll_set targets = {0};
      for (uint32_t i = 0; i < cell->set.count; i++) add_element(p, &targets, cell->set.data[i], numbers);
      for (uint32_t i = 0; i < targets.count; i++) {
        vmo_ll_summary_cell copy = {{numbers[o], cell->stride, cell->offset}, targets.data[i]};
        if (!vmo_vec_push(p->program->arena, &summary->cells, copy)) p->out_of_memory = true;
      }
    }
  }
}

vmo_status vmo_summarise(vmo_ll_points_to *p, vmo_ll_summary *summary) {
  *summary = (vmo_ll_summary){.computed = true};
  const uint32_t *numbers = number_objects(p, summary);
  if (numbers == NULL || !copy_objects(p, summary, numbers)) return VMO_OUT_OF_MEMORY;
  copy_cells(p, summary, numbers);
  for (uint32_t i = 0; i < p->returned.count; i++) add_element(p, &summary->returned, p->returned.data[i], numbers);
  summary->worst = summary->cells.count > MAX_SUMMARY_CELLS;
  return p->out_of_memory ? VMO_OUT_OF_MEMORY : VMO_OK;
}

static bool same_objects(const vmo_ll_summary *left, const vmo_ll_summary *right) {
  for (uint32_t o = 0; o < left->object_count; o++) {
    const vmo_ll_object *a = &left->objects[o], *b = &right->objects[o];
    if (a->kind != b->kind || a->captured != b->captured || a->freed != b->freed || a->written != b->written ||
        a->bytes_copied != b->bytes_copied || a->instruction != b->instruction)
      return false;
  }
  return true;
}

static bool same_plainly(const vmo_ll_summary *left, const vmo_ll_summary *right) {
  return left->computed == right->computed && left->worst == right->worst &&
         left->object_count == right->object_count && left->cells.count == right->cells.count &&
         left->returned.count == right->returned.count && same_objects(left, right) &&
         (left->cells.count == 0 ||
          memcmp(left->cells.data, right->cells.data, left->cells.count * sizeof *left->cells.data) == 0) &&
         (left->returned.count == 0 ||
          memcmp(left->returned.data, right->returned.data, left->returned.count * sizeof *left->returned.data) == 0);
}

static bool same_assumptions(const vmo_ll_summary *left, const vmo_ll_summary *right) {
  for (uint32_t i = 0; i < left->assumption_count; i++) {
    const vmo_ll_assumption *a = &left->assumptions[i], *b = &right->assumptions[i];
    if (a->called != b->called || a->arguments != b->arguments || a->pointers != b->pointers) return false;
  }
  return true;
}

bool vmo_same_summary(const vmo_ll_summary *left, const vmo_ll_summary *right) {
  const vmo_ll_summary *a = left->assuming, *b = right->assuming;
  if ((a == NULL) != (b == NULL) || !same_plainly(left, right)) return false;
  return a == NULL || (same_plainly(a, b) && same_assumptions(a, b));
}

/* ---- all of them ---- */

typedef struct summariser {
  vmo_ll_program *program;
  const vmo_ll_groups *groups;
  vmr_arena *arena; /* of one function's solution */
  vmo_ll_summary *summaries;
  uint32_t clock;             /* how many functions were summarised */
  uint32_t *solved, *changed; /* of each function: when it was, last; and when that gave something new. 0: never */
  bool *plain;                /* of each function: what it does with harmless callbacks was found to be of no use */
} summariser;

/* Whether what a function calls is not what it was when it was summarised. */
static bool is_due(const summariser *s, uint32_t function) {
  const vmo_ll_groups *groups = s->groups;
  if (s->solved[function] == 0) return true;
  for (uint32_t i = groups->first[function]; i < groups->first[function + 1]; i++)
    if (groups->targets[i] < s->program->functions.count && s->changed[groups->targets[i]] >= s->solved[function])
      return true;
  return false;
}

/* Whether why objects are kept, which reports tell, is the same in two summaries that do the same. */
static bool same_escapes(const vmo_ll_summary *left, const vmo_ll_summary *right) {
  for (uint32_t o = 0; o < left->object_count; o++)
    if (left->objects[o].escape != right->objects[o].escape) return false;
  return true;
}

/* What a function does where those that it is given, and calls, are harmless. */
static vmo_status summarise_assuming(summariser *s, uint32_t function, vmo_ll_summary *summary) {
  vmo_ll_points_to *points_to;
  uint32_t count = s->program->functions.data[function].parameter_count;
  vmo_ll_summary *assuming = vmr_arena_alloc_array(s->program->arena, 1, sizeof *assuming);
  if (assuming == NULL) return VMO_OUT_OF_MEMORY;
  vmo_status status = vmo_solve_assuming(s->program, function, s->summaries, s->groups->group, s->arena, &points_to);
  if (status == VMO_OK) status = vmo_summarise(points_to, assuming);
  if (status != VMO_OK) return status;
  s->plain[function] = !vmo_ll_may_take(assuming);
  if (s->plain[function]) return VMO_OK;
  assuming->assumption_count = count;
  assuming->assumptions = vmr_arena_alloc_array(s->program->arena, (size_t)count + 1, sizeof *assuming->assumptions);
  if (assuming->assumptions == NULL) return VMO_OUT_OF_MEMORY;
  memcpy(assuming->assumptions, points_to->assumptions, count * sizeof *assuming->assumptions);
  summary->assuming = assuming;
  return VMO_OK;
}

static vmo_status summarise_one(summariser *s, uint32_t function, bool *changed) {
  vmo_ll_points_to *points_to;
  vmo_ll_summary summary = {0}, *known = &s->summaries[function];
  s->solved[function] = ++s->clock;
  vmo_status status = vmo_solve_points_to(s->program, function, s->summaries, s->groups->group, s->arena, &points_to);
  if (status == VMO_OK) status = vmo_summarise(points_to, &summary);
  if (status == VMO_OK && points_to->could_assume && !s->plain[function])
    status = summarise_assuming(s, function, &summary);
  vmr_arena_reset(s->arena);
  if (status != VMO_OK) return status;
  bool same = vmo_same_summary(known, &summary);
  if (!same || !same_escapes(known, &summary)) s->changed[function] = s->clock;
  *changed |= !same;
  *known = summary;
  return VMO_OK;
}

static vmo_status summarise_group(summariser *s, uint32_t group) {
  const vmo_ll_program *program = s->program;
  const vmo_ll_groups *groups = s->groups;
  uint32_t first = groups->group_first[group], end = groups->group_first[group + 1], turns = 0;
  bool changed = true;
  while (changed && turns++ < MAX_TURNS) {
    changed = false;
    for (uint32_t i = first; i < end; i++) {
      uint32_t function = groups->order[i];
      if (function >= program->functions.count || !vmo_ll_is_defined(&program->functions.data[function])) continue;
      vmo_status status = is_due(s, function) ? summarise_one(s, function, &changed) : VMO_OK;
      if (status != VMO_OK) return status;
    }
  }
  for (uint32_t i = first; changed && i < end; i++) {
    s->summaries[groups->order[i]].worst = true;
    s->summaries[groups->order[i]].assuming = NULL;
  }
  return VMO_OK;
}

vmo_status vmo_summarise_all(vmo_ll_program *program, const vmo_ll_groups *groups, vmo_ll_summary **result) {
  size_t functions = (size_t)program->functions.count + 1;
  summariser s = {.program = program, .groups = groups, .arena = vmr_arena_create(0)};
  s.summaries = vmr_arena_alloc_array(program->arena, functions, sizeof *s.summaries);
  s.solved = vmr_arena_alloc_array(program->arena, functions, sizeof *s.solved);
  s.changed = vmr_arena_alloc_array(program->arena, functions, sizeof *s.changed);
  s.plain = vmr_arena_alloc_array(program->arena, functions, sizeof *s.plain);
  bool made = s.arena != NULL && s.summaries != NULL && s.solved != NULL && s.changed != NULL && s.plain != NULL;
  vmo_status status = made ? VMO_OK : VMO_OUT_OF_MEMORY;
  for (uint32_t g = 0; g < groups->group_count && status == VMO_OK; g++) status = summarise_group(&s, g);
  vmr_arena_destroy(s.arena);
  *result = s.summaries;
  return status;
}
