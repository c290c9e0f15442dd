/* touches.c: which instructions may use which object.
 *
 * An instruction that only makes an address out of another (getelementptr, phi, select, a cast) or compares one with null
 * uses nothing; what is done with its result counts. A call uses what its arguments point to, and unless the table says
 * that it looks no further, all that can be reached from there. One walk over the function, then the pairs are sorted
 * by object, by counting. Linear but for what calls reach. */
#include <string.h>

#include "llvm/libc.h"
#include "llvm/touches.h"

typedef struct pair {
  uint32_t object, instruction;
} pair;

typedef struct walk {
  vmo_ll_points_to *p;
  uint32_t at;
  uint32_t *seen; /* by object: the last instruction that was noted, plus one */
  VMO_VEC(pair) pairs;
} walk;

static bool only_makes_address(const vmo_ll_instruction *instruction) {
  switch ((int)instruction->opcode) {
  case LLVMGetElementPtr:
  case LLVMPHI:
  case LLVMSelect:
  case LLVMBitCast:
  case LLVMFreeze:
  case LLVMAlloca: return true;
  case LLVMICmp:
    return LLVMIsNull(LLVMGetOperand(instruction->ref, 0)) || LLVMIsNull(LLVMGetOperand(instruction->ref, 1));
  default: return false;
  }
}

static void note_set(walk *w, const vmo_ll_set *set) {
  for (uint32_t i = 0; i < set->count; i++) {
    uint32_t object = set->data[i].object;
    if (object == 0 || w->seen[object] == w->at + 1) continue;
    w->seen[object] = w->at + 1;
    if (!vmo_vec_push(w->p->arena, &w->pairs, ((pair){object, w->at}))) w->p->out_of_memory = true;
  }
}

/* Whether a call looks at nothing but what its arguments point to. */
static bool looks_no_further(const vmo_ll_program *program, const vmo_ll_instruction *instruction) {
  if (instruction->opcode != LLVMCall) return false;
  const vmo_libc_row *row = instruction->callee == VMO_NONE ? NULL : program->functions.data[instruction->callee].libc;
  return row != NULL && !vmo_libc_calls_back(row) && strchr(row->arguments, VMO_EFFECT_GROW) == NULL &&
         strchr(row->arguments, VMO_EFFECT_MOVE) == NULL;
}

static void note(walk *w, const vmo_ll_instruction *instruction) {
  vmo_ll_set all = {0}, reached = {0};
  for (uint32_t k = 0; k < instruction->operand_count; k++) {
    const vmo_ll_set *set = vmo_ll_operand_set(w->p, instruction, k);
    note_set(w, set);
    if (!vmo_ll_is_call(instruction->opcode) || looks_no_further(w->p->program, instruction)) continue;
    for (uint32_t i = 0; i < set->count; i++)
      if (!vmo_vec_push(w->p->arena, &all, set->data[i])) w->p->out_of_memory = true;
  }
  if (all.count == 0) return;
  vmo_ll_add_reached(w->p, &all, &reached);
  note_set(w, &reached);
}

static bool sort_pairs(const walk *w, vmo_ll_touches *touches) {
  const vmo_ll_points_to *p = w->p;
  touches->first = vmr_arena_alloc_array(p->arena, (size_t)p->objects.count + 3, sizeof(uint32_t));
  touches->instructions = vmr_arena_alloc_array(p->arena, (size_t)w->pairs.count + 1, sizeof(uint32_t));
  if (touches->first == NULL || touches->instructions == NULL) return false;
  uint32_t *first = touches->first;
  for (uint32_t i = 0; i < w->pairs.count; i++) first[w->pairs.data[i].object + 2]++;
  for (uint32_t o = 0; o < p->objects.count; o++) first[o + 2] += first[o + 1];
  for (uint32_t i = 0; i < w->pairs.count; i++)
    touches->instructions[first[w->pairs.data[i].object + 1]++] = w->pairs.data[i].instruction;
  return true;
}

vmo_status vmo_find_touches(vmo_ll_points_to *p, vmo_ll_touches *touches) {
  walk w = {.p = p, .seen = vmr_arena_alloc_array(p->arena, (size_t)p->objects.count + 1, sizeof(uint32_t))};
  if (w.seen == NULL) return VMO_OUT_OF_MEMORY;
  for (w.at = p->function->first; w.at < p->function->first + p->function->count; w.at++) {
    const vmo_ll_instruction *instruction = &p->program->instructions.data[w.at];
    if (!only_makes_address(instruction)) note(&w, instruction);
  }
  return sort_pairs(&w, touches) && !p->out_of_memory ? VMO_OK : VMO_OUT_OF_MEMORY;
}
