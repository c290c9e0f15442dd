/* free_flow.c: where a free goes so that it stands just after the last use on every path.
 *
 * A path that ends without returning (exit, abort, an endless loop), one on which the value is null, and one before the
 * value was made need no free; each other path frees once, as before. This is very busy expressions, placed as early as
 * they go (J. Knoop, O. Rüthing, B. Steffen, "Lazy Code Motion", 1992, their earliest placement).
 *
 *   free   the first event of a block is such a free; or it has none, and all its successors are free
 *   done   the end of a block of which all successors are free: what is freed there was freed in it, or before
 *   place  after a use that is followed by such a free or a done end; at the start of a free block for which some
 *          predecessor is not done. When others are, a phi says what is left to free: null from those
 *
 * Each block falls from `free` at most once, so time is linear in blocks and edges. An address that is compared with another
 * after the object was freed, where LLVM sinks comparisons to, keeps the frees where they are. */
#include <string.h>

#include "llvm/early_free.h"

static const vmo_ll_block *block_at(const vmo_ll_free_flow *s, uint32_t b) {
  return &s->program->blocks.data[s->function->block_first + b];
}

static const vmo_ll_instruction *instruction_at(const vmo_ll_free_flow *s, uint32_t i) {
  return &s->program->instructions.data[i];
}

static uint32_t block_of(const vmo_ll_free_flow *s, uint32_t instruction) {
  return instruction_at(s, instruction)->block - s->function->block_first;
}

static uint32_t successor_of(const vmo_ll_free_flow *s, uint32_t b, uint32_t i) {
  return s->program->successors.data[block_at(s, b)->successor_first + i];
}

static LLVMValueRef terminator_of(const vmo_ll_free_flow *s, uint32_t b) {
  return LLVMGetBasicBlockTerminator(block_at(s, b)->ref);
}

static void index_events(vmo_ll_free_flow *s) {
  memset(s->blocks, 0, s->function->block_count * sizeof *s->blocks);
  s->walk = 0;
  for (uint32_t i = s->events.count; i-- > 0;) {
    vmo_ll_free_block *block = &s->blocks[block_of(s, s->events.data[i].instruction)];
    block->event_first = i;
    block->event_count++;
  }
}

/* ---- the flow of frees ---- */

LLVMValueRef vmo_ll_null_on_edge(LLVMValueRef end, uint32_t successor) {
  if (!LLVMIsABranchInst(end) || !LLVMIsConditional(end) || LLVMGetSuccessor(end, 0) == LLVMGetSuccessor(end, 1))
    return NULL;
  LLVMValueRef condition = LLVMGetCondition(end);
  if (!LLVMIsAICmpInst(condition)) return NULL;
  LLVMIntPredicate predicate = LLVMGetICmpPredicate(condition);
  if (predicate != (successor == 0 ? LLVMIntEQ : LLVMIntNE)) return NULL;
  LLVMValueRef left = LLVMGetOperand(condition, 0), right = LLVMGetOperand(condition, 1);
  if (LLVMGetTypeKind(LLVMTypeOf(left)) != LLVMPointerTypeKind) return NULL;
  return LLVMIsNull(right) ? left : LLVMIsNull(left) ? right : NULL;
}

static LLVMValueRef null_on_edge(const vmo_ll_free_flow *s, uint32_t b, uint32_t i) {
  return vmo_ll_null_on_edge(terminator_of(s, b), i);
}

LLVMValueRef vmo_ll_value_or_null(LLVMValueRef phi) {
  LLVMValueRef only = NULL;
  if (!LLVMIsAPHINode(phi)) return NULL;
  for (unsigned i = 0; i < LLVMCountIncoming(phi); i++) {
    LLVMValueRef value = LLVMGetIncomingValue(phi, i);
    if (LLVMIsNull(value)) continue;
    if (only != NULL && value != only) return NULL;
    only = value;
  }
  return only;
}

static uint32_t instruction_of(const vmo_ll_free_flow *s, LLVMValueRef value) {
  return vmo_ll_instruction_of(s->function, vmo_ll_find_value(s->program, value));
}

/* Whether some path from the making comes to block `to` but not to block `past` before; out of memory: it may. */
static bool leads_past(vmo_ll_free_flow *s, uint32_t past, uint32_t to) {
  s->walk++;
  s->work.count = 0;
  if (!vmo_vec_push(s->arena, &s->work, block_of(s, s->instruction))) return true;
  while (s->work.count > 0) {
    uint32_t b = s->work.data[--s->work.count];
    for (uint32_t i = 0; i < block_at(s, b)->successor_count; i++) {
      uint32_t next = successor_of(s, b, i);
      if (next == past || s->blocks[next].walk == s->walk) continue;
      s->blocks[next].walk = s->walk;
      if (next == to || !vmo_vec_push(s->arena, &s->work, next)) return true;
    }
  }
  return false;
}

/* Whether a phi that is the value or null means, before instruction `at`, the value that was made last, and not one of an
 * earlier round of a loop, which it still means when the next has been made since. */
static bool is_current(const vmo_ll_free_flow *s, LLVMValueRef phi, uint32_t at) {
  uint32_t made_in = block_of(s, s->instruction), phi_in = block_of(s, instruction_of(s, phi));
  if (made_in != phi_in && vmo_block_dominates(s->control, made_in, phi_in)) return true;
  return phi_in == block_of(s, at) && (made_in != phi_in || at <= s->instruction);
}

/* The same, at the cost of a walk over the function where the two are not in one block. */
static bool is_current_anywhere(vmo_ll_free_flow *s, LLVMValueRef phi, uint32_t at) {
  if (is_current(s, phi, at)) return true;
  uint32_t made_in = block_of(s, s->instruction), phi_in = block_of(s, instruction_of(s, phi)), in = block_of(s, at);
  if (phi_in == in || (made_in == in && s->instruction < at)) return false;
  return !leads_past(s, phi_in, in);
}

/* Whether each edge on which the phi is null is one before the value was made, or on which that is null. */
static bool is_value_or_null(const vmo_ll_free_flow *s, LLVMValueRef phi) {
  if (vmo_ll_value_or_null(phi) != s->pointer) return false;
  uint32_t to = block_of(s, instruction_of(s, phi));
  for (unsigned k = 0; k < LLVMCountIncoming(phi); k++) {
    uint32_t from = vmo_ll_find_block(s->program, LLVMGetIncomingBlock(phi, k));
    if (!LLVMIsNull(LLVMGetIncomingValue(phi, k)) || !s->blocks[from].made) continue;
    for (uint32_t i = 0; i < block_at(s, from)->successor_count; i++)
      if (successor_of(s, from, i) == to && null_on_edge(s, from, i) != s->pointer) return false;
  }
  return true;
}

/* On this edge the value is null: freeing it does nothing, so nothing is asked of it. */
static bool is_null_edge(const vmo_ll_free_flow *s, uint32_t b, uint32_t i) {
  LLVMValueRef value = null_on_edge(s, b, i);
  if (value == NULL || value == s->pointer) return value != NULL;
  uint32_t end = block_at(s, b)->first + block_at(s, b)->count - 1;
  return is_value_or_null(s, value) && is_current(s, value, end);
}

/* Blocks whose ends may be reached when the value was made. What comes from others asks for nothing. */
static bool find_made(vmo_ll_free_flow *s) {
  uint32_t first = block_of(s, s->instruction);
  s->work.count = 0;
  s->blocks[first].made = true;
  if (!vmo_vec_push(s->arena, &s->work, first)) return false;
  while (s->work.count > 0) {
    uint32_t b = s->work.data[--s->work.count];
    for (uint32_t i = 0; i < block_at(s, b)->successor_count; i++) {
      vmo_ll_free_block *to = &s->blocks[successor_of(s, b, i)];
      if (to->made) continue;
      to->made = true;
      if (!vmo_vec_push(s->arena, &s->work, successor_of(s, b, i))) return false;
    }
  }
  return true;
}

static bool matters(const vmo_ll_free_flow *s, uint32_t b) {
  return s->control->dominators[b] != VMO_NONE && s->blocks[b].made;
}

static bool begins_with(const vmo_ll_free_flow *s, uint32_t b, bool freed) {
  const vmo_ll_free_block *block = &s->blocks[b];
  return block->event_count > 0 && s->events.data[block->event_first].freed == freed;
}

/* Whether whatever follows the end of a block frees, without a use before. */
static bool end_is_done(const vmo_ll_free_flow *s, uint32_t b) {
  uint32_t count = block_at(s, b)->successor_count;
  if (count == 0) return LLVMIsAUnreachableInst(terminator_of(s, b)) != NULL;
  for (uint32_t i = 0; i < count; i++)
    if (!s->blocks[successor_of(s, b, i)].free && !is_null_edge(s, b, i)) return false;
  return true;
}

static bool drop_free(vmo_ll_free_flow *s, uint32_t b) {
  if (!s->blocks[b].free) return true;
  s->blocks[b].free = false;
  return vmo_vec_push(s->arena, &s->work, b);
}

static bool find_free(vmo_ll_free_flow *s) {
  s->work.count = 0;
  for (uint32_t b = 0; b < s->function->block_count; b++) s->blocks[b].free = true;
  for (uint32_t b = 0; b < s->function->block_count; b++) {
    bool ends = block_at(s, b)->successor_count == 0 && s->blocks[b].event_count == 0 && !end_is_done(s, b);
    if ((ends || begins_with(s, b, false)) && !drop_free(s, b)) return false;
  }
  while (s->work.count > 0) {
    uint32_t b = s->work.data[--s->work.count];
    for (uint32_t i = s->control->predecessor_first[b]; i < s->control->predecessor_first[b + 1]; i++) {
      uint32_t from = s->control->predecessors[i];
      if (s->blocks[from].event_count == 0 && !end_is_done(s, from) && !drop_free(s, from)) return false;
    }
  }
  return true;
}

static bool find_ahead(vmo_ll_free_flow *s) {
  s->work.count = 0;
  for (uint32_t i = 0; i < s->free_count; i++) {
    uint32_t b = block_of(s, s->frees[i]);
    if (!begins_with(s, b, true) || s->blocks[b].ahead) continue;
    s->blocks[b].ahead = true;
    if (!vmo_vec_push(s->arena, &s->work, b)) return false;
  }
  while (s->work.count > 0) {
    uint32_t b = s->work.data[--s->work.count];
    for (uint32_t i = s->control->predecessor_first[b]; i < s->control->predecessor_first[b + 1]; i++) {
      uint32_t from = s->control->predecessors[i];
      if (s->blocks[from].event_count > 0 || s->blocks[from].ahead) continue;
      s->blocks[from].ahead = true;
      if (!vmo_vec_push(s->arena, &s->work, from)) return false;
    }
  }
  return true;
}

/* ---- places ---- */

/* Whether what may take memory stands in [first, end). */
static bool may_allocate(const vmo_ll_free_flow *s, uint32_t first, uint32_t end) {
  for (uint32_t i = first; i < end; i++)
    if (vmo_ll_call_allocates(s->program, s->heap_use, instruction_at(s, i))) return true;
  return false;
}

static uint32_t first_place(const vmo_ll_free_flow *s, uint32_t b) {
  uint32_t i = block_at(s, b)->first;
  while (instruction_at(s, i)->opcode == LLVMPHI || instruction_at(s, i)->opcode == LLVMLandingPad) i++;
  return i;
}

/* Whether the value is made before an instruction, whatever the path. */
static bool is_made_before(const vmo_ll_free_flow *s, uint32_t instruction) {
  uint32_t made_in = block_of(s, s->instruction), b = block_of(s, instruction);
  return made_in == b ? s->instruction < instruction : vmo_block_dominates(s->control, made_in, b);
}

/* What a free before an instruction frees: the value, or what one of its frees has in its place, null where it is not
 * made; NULL: there is no such thing. */
static LLVMValueRef value_before(vmo_ll_free_flow *s, uint32_t instruction) {
  if (is_made_before(s, instruction)) return s->pointer;
  for (uint32_t i = 0; i < s->free_count; i++) {
    LLVMValueRef freed = LLVMGetOperand(instruction_at(s, s->frees[i])->ref, 0);
    if (!LLVMIsAPHINode(freed)) continue;
    if (vmo_block_dominates(s->control, block_of(s, instruction_of(s, freed)), block_of(s, instruction)) &&
        is_current_anywhere(s, freed, instruction))
      return freed;
  }
  return NULL;
}

static bool add_place(vmo_ll_free_flow *s, uint32_t place) {
  vmo_ll_free_place all = {.before = place, .value = value_before(s, place)};
  s->impossible |= all.value == NULL;
  return vmo_vec_push(s->arena, &s->places, all);
}

/* What an edge into block `b` leaves to free. */
static vmo_ll_left_to_free left_on_edge(const vmo_ll_free_flow *s, uint32_t from, uint32_t b) {
  if (!matters(s, from)) return VMO_LL_LEFT_NOTHING;
  bool null = true;
  for (uint32_t i = 0; i < block_at(s, from)->successor_count; i++)
    null &= successor_of(s, from, i) != b || is_null_edge(s, from, i);
  return null ? VMO_LL_LEFT_NOTHING : end_is_done(s, from) ? VMO_LL_LEFT_DONE : VMO_LL_LEFT_VALUE;
}

/* At the start of a free block: what was not done before. */
static bool place_at_start(vmo_ll_free_flow *s, uint32_t b) {
  uint32_t made_in = block_of(s, s->instruction), counts[3] = {0};
  vmo_ll_free_place place = {.before = first_place(s, b), .edge_first = s->edges.count, .value = s->pointer};
  for (uint32_t i = s->control->predecessor_first[b]; i < s->control->predecessor_first[b + 1]; i++) {
    uint32_t from = s->control->predecessors[i];
    vmo_ll_free_edge edge = {from, left_on_edge(s, from, b)};
    counts[edge.left]++;
    s->impossible |= edge.left == VMO_LL_LEFT_VALUE && !vmo_block_dominates(s->control, made_in, from);
    if (!vmo_vec_push(s->arena, &s->edges, edge)) return false;
  }
  if (counts[VMO_LL_LEFT_VALUE] == 0) return true;
  s->at_block_start = true;
  bool mixed = counts[VMO_LL_LEFT_DONE] > 0 || !is_made_before(s, place.before);
  if (mixed) place.edge_count = s->edges.count - place.edge_first;
  return vmo_vec_push(s->arena, &s->places, place);
}

static bool leads_to_free(const vmo_ll_free_flow *s, uint32_t b) {
  for (uint32_t i = 0; i < block_at(s, b)->successor_count; i++)
    if (s->blocks[successor_of(s, b, i)].ahead && !is_null_edge(s, b, i)) return true;
  return false;
}

static bool place_in_block(vmo_ll_free_flow *s, uint32_t b) {
  const vmo_ll_free_block *block = &s->blocks[b];
  uint32_t end = block_at(s, b)->first + block_at(s, b)->count, from = first_place(s, b);
  bool open = block->free && block->ahead;
  if (open && !place_at_start(s, b)) return false;
  for (uint32_t i = 0; i <= block->event_count; i++) { /* stretches between events; `open`: freed before it */
    bool last = i == block->event_count;
    const vmo_ll_free_event *next = last ? NULL : &s->events.data[block->event_first + i];
    if (i > 0 && s->events.data[block->event_first + i - 1].freed == false) {
      open = last ? leads_to_free(s, b) && end_is_done(s, b) : next->freed;
      s->impossible |= open && from == end;
      if (open && !add_place(s, from)) return false;
    }
    uint32_t to = last ? end : next->instruction;
    s->crosses |= open && (!last || end_is_done(s, b)) && may_allocate(s, from, to);
    if (next == NULL) break;
    if (next->freed) open = false;
    from = next->instruction + 1;
    if (from < end && instruction_at(s, from)->opcode == LLVMPHI) from = first_place(s, b);
  }
  return true;
}

static bool find_places(vmo_ll_free_flow *s) {
  s->places.count = s->edges.count = 0;
  s->crosses = false;
  for (uint32_t b = 0; b < s->function->block_count; b++)
    if (matters(s, b) && !place_in_block(s, b)) return false;
  return true;
}

/* ---- addresses that are looked at when the object is gone ---- */

/* Whether an event looks at an address itself, as a comparison with another does, and not at what stands there. */
static bool is_of_address(const vmo_ll_free_flow *s, uint32_t event) {
  uint32_t instruction = s->events.data[event].instruction;
  switch ((int)instruction_at(s, instruction)->opcode) {
  case LLVMLoad:
  case LLVMStore:
  case LLVMCall:
  case LLVMInvoke:
  case LLVMAtomicRMW:
  case LLVMAtomicCmpXchg: return false;
  default: return instruction != s->instruction;
  }
}

/* The first event from `first` on in a block that looks at an address, or makes the value anew where none of the one before
 * is left then; the end of its events: neither. */
static uint32_t next_look(const vmo_ll_free_flow *s, const vmo_ll_free_block *block, uint32_t first) {
  uint32_t end = block->event_first + block->event_count, i = first;
  while (i < end && !is_of_address(s, i) && (s->carried || s->events.data[i].instruction != s->instruction)) i++;
  return i;
}

/* Looks at a block from one of its events on, and notes which blocks follow. */
static bool follow(vmo_ll_free_flow *s, uint32_t b, uint32_t first) {
  const vmo_ll_free_block *block = &s->blocks[b];
  uint32_t at = next_look(s, block, first);
  if (at < block->event_first + block->event_count) {
    s->impossible |= is_of_address(s, at);
    return true;
  }
  for (uint32_t i = 0; i < block_at(s, b)->successor_count; i++) {
    uint32_t to = successor_of(s, b, i);
    if (s->blocks[to].walk == s->walk) continue;
    s->blocks[to].walk = s->walk;
    if (!vmo_vec_push(s->arena, &s->work, to)) return false;
  }
  return true;
}

/* Finds out whether the address may be looked at after a free; false: out of memory. LLVM moves comparisons there, since
 * there they still tell of two objects that were alive together; were one freed before the other is made, both might have
 * one address. */
static bool find_late_looks(vmo_ll_free_flow *s) {
  s->walk++;
  s->work.count = 0;
  for (uint32_t i = 0; i < s->events.count; i++)
    if (s->events.data[i].freed && !follow(s, block_of(s, s->events.data[i].instruction), i + 1)) return false;
  while (s->work.count > 0) {
    uint32_t b = s->work.data[--s->work.count];
    if (!follow(s, b, s->blocks[b].event_first)) return false;
  }
  return true;
}

/* Whether what is freed is the value, or null whenever there is none to free. */
static bool frees_the_value(vmo_ll_free_flow *s) {
  for (uint32_t i = 0; i < s->free_count; i++) {
    LLVMValueRef freed = LLVMGetOperand(instruction_at(s, s->frees[i])->ref, 0);
    if (freed == s->pointer) continue;
    if (!is_value_or_null(s, freed) || !is_current_anywhere(s, freed, s->frees[i])) return false;
  }
  return true;
}

vmo_status vmo_find_free_places(vmo_ll_free_flow *s) {
  s->pointer = instruction_at(s, s->instruction)->ref;
  index_events(s);
  if (!find_made(s)) return VMO_OUT_OF_MEMORY;
  s->impossible = !frees_the_value(s);
  s->at_block_start = s->impossible;
  if (s->impossible) return VMO_OK;
  if (!find_late_looks(s)) return VMO_OUT_OF_MEMORY;
  if (s->impossible) return VMO_OK;
  return find_free(s) && find_ahead(s) && find_places(s) ? VMO_OK : VMO_OUT_OF_MEMORY;
}
