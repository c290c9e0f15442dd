/* interpret.c: what one instruction does to the sets of points_to.c. solve.c says when it is its turn.
 *
 * Pointers in numbers are followed as far as all their bytes stay together. An instruction that was interpreted once, and
 * whose operands and memory are as they were, would change nothing. */
#include "llvm/points_to.h"

/* ---- bytes of pointers in narrower values ---- */

bool vmo_ll_moves_bits(uint8_t opcode) {
  switch (opcode) {
  case LLVMPHI:
  case LLVMSelect:
  case LLVMFreeze:
  case LLVMBitCast:
  case LLVMZExt:
  case LLVMSExt:
  case LLVMTrunc:
  case LLVMAdd:
  case LLVMSub:
  case LLVMMul:
  case LLVMOr:
  case LLVMXor:
  case LLVMAnd:
  case LLVMShl:
  case LLVMLShr:
  case LLVMInsertElement:
  case LLVMExtractElement:
  case LLVMShuffleVector:
  case LLVMInsertValue:
  case LLVMExtractValue:
  case LLVMIntToPtr: return true;
  default: return false;
  }
}

/* ---- instructions ---- */

static void interpret_load(vmo_ll_points_to *p, const vmo_ll_instruction *load, uint32_t id) {
  vmo_ll_set places = *vmo_ll_operand_set(p, load, 0);
  bool narrow = load->bytes >= 0 && load->bytes < VMO_LL_POINTER_BYTES;
  if (LLVMGetOrdering(load->ref) > LLVMAtomicOrderingMonotonic) vmo_ll_write_outside(p); /* what others wrote is seen */
  if (load->number) return;
  for (uint32_t i = 0; i < places.count; i++) {
    if (!narrow) {
      vmo_ll_load(p, places.data[i], load->bytes, &p->values[id]);
    } else if (p->kept[id] || (p->told[id] && vmo_ll_is_of_variable(load))) {
      vmo_ll_copy_bytes(p, places.data[i], load->bytes);
    }
  }
}

/* Atomic exchanges: operand 0 is the place, the others may be stored there, the result is what was there. */
static void interpret_exchange(vmo_ll_points_to *p, const vmo_ll_instruction *instruction, uint32_t id) {
  vmo_ll_set places = *vmo_ll_operand_set(p, instruction, 0);
  vmo_ll_write_all(p, &places);
  vmo_ll_write_outside(p); /* it may be how others hand on what they wrote */
  for (uint32_t k = 1; k < instruction->operand_count; k++)
    vmo_ll_store_all(p, &places, -1, vmo_ll_operand_set(p, instruction, k));
  for (uint32_t i = 0; i < places.count; i++) vmo_ll_load(p, places.data[i], -1, &p->values[id]);
}

/* Whether what an instruction makes of a difference has 32 bits of it or fewer: no address comes of that. */
static bool cuts(LLVMValueRef user) {
  if (LLVMGetInstructionOpcode(user) == LLVMTrunc && LLVMGetTypeKind(LLVMTypeOf(user)) == LLVMIntegerTypeKind)
    return LLVMGetIntTypeWidth(LLVMTypeOf(user)) <= 32;
  LLVMValueRef mask = LLVMGetInstructionOpcode(user) == LLVMAnd ? LLVMGetOperand(user, 1) : NULL;
  return mask != NULL && LLVMIsAConstantInt(mask) && LLVMGetIntTypeWidth(LLVMTypeOf(mask)) <= 64 &&
         LLVMConstIntGetZExtValue(mask) <= UINT32_MAX;
}

/* Whether a difference counts elements, as C's of two pointers does: these are in one object; or, if that will do, is cut to
 * an int. */
static bool counts_elements(LLVMValueRef difference, bool or_is_cut) {
  for (LLVMUseRef use = LLVMGetFirstUse(difference); use != NULL; use = LLVMGetNextUse(use)) {
    LLVMValueRef user = LLVMGetUser(use);
    LLVMOpcode opcode = LLVMIsAInstruction(user) ? LLVMGetInstructionOpcode(user) : LLVMCall;
    bool divides = opcode == LLVMAShr || opcode == LLVMSDiv || opcode == LLVMLShr || opcode == LLVMUDiv;
    if (opcode != LLVMICmp && !(divides && LLVMGetExact(user)) && !(or_is_cut && cuts(user))) return false;
  }
  return true;
}

/* What a parameter points to, and what can be reached from there, may be the same objects. */
static bool may_be_same(const vmo_ll_points_to *p, uint32_t left, uint32_t right) {
  const vmo_ll_object *a = &p->objects.data[left], *b = &p->objects.data[right];
  bool given = a->kind == VMO_LL_OBJECT_ARGUMENT || a->kind == VMO_LL_OBJECT_REACHED;
  bool both = given && (b->kind == VMO_LL_OBJECT_ARGUMENT || b->kind == VMO_LL_OBJECT_REACHED);
  return left == right || (both && a->parameter == b->parameter);
}

/* Whether `set` has all objects of another; or, with `alike`, such that may be the same. */
static bool has_objects_of(const vmo_ll_points_to *p, const vmo_ll_set *set, const vmo_ll_set *other, bool alike) {
  for (uint32_t i = 0; i < other->count; i++) {
    bool found = false;
    for (uint32_t k = 0; k < set->count && !found; k++) {
      uint32_t left = set->data[k].object, right = other->data[i].object;
      found = left == right || (alike && may_be_same(p, left, right));
    }
    if (!found) return false;
  }
  return true;
}

/* The difference of two addresses in one object is a number. What can be reached may be several objects, and so may sets of
 * several: the address of one and the difference may be the address of another. What a field of an argument points to may
 * be the argument itself, as the end of an array in its head: there, an exact count of elements is asked for. */
static bool is_distance(const vmo_ll_points_to *p, const vmo_ll_instruction *instruction) {
  if (instruction->opcode != LLVMSub) return false;
  const vmo_ll_set *left = vmo_ll_operand_set(p, instruction, 0), *right = vmo_ll_operand_set(p, instruction, 1);
  if (left->count == 0 || !has_objects_of(p, left, right, true) || !has_objects_of(p, right, left, true)) return false;
  if (!has_objects_of(p, left, right, false) || !has_objects_of(p, right, left, false))
    return counts_elements(instruction->ref, false);
  bool several = p->objects.data[left->data[0].object].kind == VMO_LL_OBJECT_REACHED;
  for (uint32_t i = 1; i < left->count; i++) several |= left->data[i].object != left->data[0].object;
  return !several || counts_elements(instruction->ref, true);
}

static void join_operands(vmo_ll_points_to *p, const vmo_ll_instruction *instruction, uint32_t id, uint32_t first,
                          uint32_t stride) {
  for (uint32_t k = first; k < instruction->operand_count; k++) {
    vmo_ll_set from = *vmo_ll_operand_set(p, instruction, k);
    if (instruction->wide) {
      vmo_ll_add_all(p, &p->values[id], &from, 0, stride);
    } else if (p->kept[id] || p->told[id]) {
      vmo_ll_capture_all(p, &from, VMO_ESCAPE_INTEGER);
    }
  }
}

static void interpret_get_element(vmo_ll_points_to *p, const vmo_ll_instruction *gep, uint32_t id) {
  vmo_ll_set base = *vmo_ll_operand_set(p, gep, 0);
  vmo_ll_add_all(p, &p->values[id], &base, gep->bytes, gep->stride);
  if (base.count == 0) join_operands(p, gep, id, 1, 1); /* an address as the distance from null */
  for (uint32_t k = 1; k < gep->operand_count; k++)
    if (vmo_ll_may_be_digit(p->program, gep, k))
      vmo_ll_capture_all(p, vmo_ll_operand_set(p, gep, k), VMO_ESCAPE_INTEGER);
}

void vmo_ll_interpret(vmo_ll_points_to *p, const vmo_ll_instruction *instruction, uint32_t id) {
  switch ((int)instruction->opcode) {
  case LLVMAlloca: vmo_ll_add(p, &p->values[id], (vmo_ll_element){p->made[p->at - p->function->first], 0, 0}); break;
  case LLVMLoad: interpret_load(p, instruction, id); break;
  case LLVMStore:
    vmo_ll_write_all(p, vmo_ll_operand_set(p, instruction, 1));
    vmo_ll_store_all(p, vmo_ll_operand_set(p, instruction, 1), instruction->bytes,
                     vmo_ll_operand_set(p, instruction, 0));
    break;
  case LLVMGetElementPtr: interpret_get_element(p, instruction, id); break;
  case LLVMAtomicRMW:
  case LLVMAtomicCmpXchg: interpret_exchange(p, instruction, id); break;
  case LLVMPHI:
  case LLVMFreeze:
  case LLVMBitCast:
  case LLVMAddrSpaceCast: join_operands(p, instruction, id, 0, 0); break;
  case LLVMSelect: join_operands(p, instruction, id, 1, 0); break;
  case LLVMIntToPtr:
    join_operands(p, instruction, id, 0, 1);
    vmo_ll_add(p, &p->values[id], (vmo_ll_element){0, 1, 0});
    break;
  case LLVMFPToUI:
  case LLVMFPToSI:
  case LLVMUIToFP:
  case LLVMSIToFP:
  case LLVMPtrToInt:
  case LLVMTrunc:
  case LLVMZExt:
  case LLVMSExt:
  case LLVMAdd:
  case LLVMSub:
  case LLVMMul:
  case LLVMUDiv:
  case LLVMSDiv:
  case LLVMURem:
  case LLVMSRem:
  case LLVMShl:
  case LLVMLShr:
  case LLVMAShr:
  case LLVMAnd:
  case LLVMOr:
  case LLVMXor:
  case LLVMInsertElement:
  case LLVMExtractElement:
  case LLVMShuffleVector:
  case LLVMInsertValue:
  case LLVMExtractValue:
    if (!is_distance(p, instruction)) join_operands(p, instruction, id, 0, 1);
    break;
  case LLVMCall:
  case LLVMInvoke:
  case LLVMCallBr: vmo_ll_apply_call(p, instruction, &p->values[id]); break;
  case LLVMRet:
    if (instruction->operand_count > 0) {
      vmo_ll_set from = *vmo_ll_operand_set(p, instruction, 0);
      vmo_ll_add_all(p, &p->returned, &from, 0, 0);
    }
    break;
  case LLVMICmp:
  case LLVMFCmp:
  case LLVMFNeg:
  case LLVMFAdd:
  case LLVMFSub:
  case LLVMFMul:
  case LLVMFDiv:
  case LLVMFRem:
  case LLVMFPTrunc:
  case LLVMFPExt:
  case LLVMBr:
  case LLVMSwitch:
  case LLVMUnreachable: break;
  case LLVMFence: vmo_ll_write_outside(p); break;
  default: /* whatever else makes a value out of pointers hides them */
    for (uint32_t k = 0; k < instruction->operand_count; k++)
      vmo_ll_capture_all(p, vmo_ll_operand_set(p, instruction, k), VMO_ESCAPE_INTEGER);
    if (instruction->wide) vmo_ll_add(p, &p->values[id], (vmo_ll_element){0, 1, 0});
  }
}

void vmo_ll_widen_unknown(vmo_ll_points_to *p, const vmo_ll_instruction *instruction, uint32_t id) {
  if (!instruction->pointer || p->values[id].count > 0) return;
  switch ((int)instruction->opcode) {
  case LLVMCall:
  case LLVMInvoke:
    if (instruction->callee != VMO_NONE && vmo_ll_is_defined(&p->program->functions.data[instruction->callee]) &&
        !p->summaries[instruction->callee].computed)
      return; /* of the same group: its turn comes */
    break;
  case LLVMLoad:
  case LLVMExtractValue:
  case LLVMExtractElement: break;
  default: return;
  }
  vmo_ll_add(p, &p->values[id], (vmo_ll_element){0, 1, 0});
}
