/* lives.c: where in a function an object lives.
 *
 * An object lives at an instruction that its allocation may have reached, if one that may use it can follow. Where its
 * pointer is never joined with others nor stored, each use means the object that was made last, and none lives before it
 * is made again. Two walks over the blocks for each object.
 *
 *   for (...) { p = malloc(24); ... }        no pointer to the last object is left when the next is made, unless it stands
 *                                            in memory or in a value that the making does not dominate
 *
 * For what the making dominates cannot be reached from it again but through its own definition. */
#include "llvm/lives.h"

#include <string.h>

static const vmo_ll_block *block_at(const vmo_ll_lives *l, uint32_t b) {
  return &l->p->program->blocks.data[l->p->function->block_first + b];
}

static uint32_t block_of(const vmo_ll_lives *l, uint32_t instruction) {
  return l->p->program->instructions.data[instruction].block - l->p->function->block_first;
}

static bool add_work(vmo_ll_lives *l, uint32_t b) { return vmo_vec_push(l->p->arena, &l->work, b); }

static bool find_made(vmo_ll_lives *l, uint32_t from) {
  l->work.count = 0;
  if (!add_work(l, from)) return false;
  while (l->work.count > 0) {
    uint32_t b = l->work.data[--l->work.count];
    for (uint32_t i = 0; i < block_at(l, b)->successor_count; i++) {
      uint32_t to = l->p->program->successors.data[block_at(l, b)->successor_first + i];
      if (l->blocks[to].begins_made) continue;
      l->blocks[to].begins_made = true;
      if (!add_work(l, to)) return false;
    }
  }
  return true;
}

/* The blocks from whose start a use may follow hand that to the ends of their predecessors. `made_in`: a use in it may
 * mean what it makes; VMO_NONE: no block makes the object anew. */
static bool find_used(vmo_ll_lives *l, uint32_t made_in) {
  l->work.count = 0;
  for (uint32_t b = 0; b < l->p->function->block_count; b++)
    if (l->blocks[b].touch_count > 0 && !add_work(l, b)) return false;
  while (l->work.count > 0) {
    uint32_t b = l->work.data[--l->work.count];
    if (b == made_in) continue; /* what is used was made here */
    for (uint32_t i = l->control->predecessor_first[b]; i < l->control->predecessor_first[b + 1]; i++) {
      uint32_t from = l->control->predecessors[i];
      if (l->blocks[from].used_after) continue;
      l->blocks[from].used_after = true;
      if (l->blocks[from].touch_count == 0 && !add_work(l, from)) return false;
    }
  }
  return true;
}

/* `own`: where the object's own begin. */
static bool add_lifetime(vmo_ll_lives *l, uint32_t own, uint32_t first, uint32_t end) {
  vmo_lifetime life = {first - l->p->function->first, end - l->p->function->first};
  if (life.begin >= life.end) return true;
  vmo_lifetime *last = l->lifetimes.count > own ? &l->lifetimes.data[l->lifetimes.count - 1] : NULL;
  if (last == NULL || last->end != life.begin) return vmo_vec_push(l->p->arena, &l->lifetimes, life);
  last->end = life.end;
  return true;
}

/* The part of a block at which the object lives: one stretch, from its start or its making to its last use or its end. */
static bool add_block(vmo_ll_lives *l, uint32_t made, const uint32_t *touches, uint32_t own, uint32_t b, bool direct) {
  const vmo_ll_life_block *state = &l->blocks[b];
  uint32_t begin = block_at(l, b)->first, end = begin + block_at(l, b)->count;
  bool makes = block_of(l, made) == b;
  if (!state->begins_made && !makes) return true;
  uint32_t last = begin;
  if (state->touch_count > 0) last = touches[state->first_touch + state->touch_count - 1] + 1;
  if (makes && made + 1 > last) last = made + 1;
  if (makes && (direct || !state->begins_made)) begin = made;
  return add_lifetime(l, own, begin, state->used_after ? end : last);
}

bool vmo_begin_lives(vmo_ll_lives *lives, vmo_ll_points_to *p, const vmo_cfg *control) {
  *lives = (vmo_ll_lives){.p = p, .control = control};
  lives->blocks = vmr_arena_alloc_array(p->arena, (size_t)p->function->block_count + 1, sizeof *lives->blocks);
  return lives->blocks != NULL;
}

bool vmo_find_life(vmo_ll_lives *l, uint32_t made, const uint32_t *touches, uint32_t count, bool direct) {
  uint32_t first = l->lifetimes.count;
  memset(l->blocks, 0, l->p->function->block_count * sizeof *l->blocks);
  for (uint32_t t = count; t-- > 0;) {
    vmo_ll_life_block *block = &l->blocks[block_of(l, touches[t])];
    block->first_touch = t;
    block->touch_count++;
  }
  if (!find_made(l, block_of(l, made)) || !find_used(l, direct ? block_of(l, made) : VMO_NONE)) return false;
  for (uint32_t b = 0; b < l->p->function->block_count; b++)
    if (!add_block(l, made, touches, first, b, direct)) return false;
  return true;
}

/* ---- objects that are met again ---- */

static bool is_made_before(const vmo_ll_points_to *p, const vmo_cfg *control, uint32_t made, uint32_t instruction) {
  const vmo_ll_instruction *instructions = p->program->instructions.data;
  uint32_t first = p->function->block_first;
  if (instructions[made].block == instructions[instruction].block) return made <= instruction;
  return vmo_block_dominates(control, instructions[made].block - first, instructions[instruction].block - first);
}

static bool is_in_loop(const vmo_ll_points_to *p, const vmo_cfg *control, const vmo_ll_object *object) {
  if (object->kind != VMO_LL_OBJECT_SITE && object->kind != VMO_LL_OBJECT_FRESH) return false;
  uint32_t block = p->program->instructions.data[object->instruction].block - p->function->block_first;
  return control->block_loops[block] != VMO_NONE;
}

bool *vmo_find_carried(const vmo_ll_points_to *p, const vmo_cfg *control) {
  bool *carried = vmr_arena_alloc_array(p->arena, (size_t)p->objects.count + 1, sizeof *carried);
  if (carried == NULL) return NULL;
  for (uint32_t c = 0; c < p->cells.count; c++)
    for (uint32_t i = 0; i < p->cells.data[c].set.count; i++) carried[p->cells.data[c].set.data[i].object] = true;
  for (uint32_t i = p->function->first; i < p->function->first + p->function->count; i++) {
    const vmo_ll_set *set = &p->values[vmo_ll_result_id(p->function, i)];
    for (uint32_t k = 0; k < set->count; k++) {
      uint32_t o = set->data[k].object;
      if (carried[o] || !is_in_loop(p, control, &p->objects.data[o])) continue;
      carried[o] = !is_made_before(p, control, p->objects.data[o].instruction, i);
    }
  }
  return carried;
}
