/* interpret.c: what the instructions of a function do to the sets of points_to.c, until nothing changes.
 *
 * Instructions are interpreted in rounds, in program order, until no set grows; a round costs time linear in the function,
 * and rounds are few, since sets are narrow; beyond MAX_ROUNDS the function is given up as a whole. When nothing grows any
 * more, a pointer from memory or a call that was found to point nowhere is taken to point outside, and rounds go on. A last
 * round writes down the releases. */
#include "llvm/points_to.h"

#include <string.h>

#define MAX_ROUNDS 60

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

/* Whether the bytes of operand `i` stay after the instruction. Arguments of known library functions do not. */
static bool keeps_operand(const vmo_ll_points_to *p, const vmo_ll_instruction *instruction, uint32_t i) {
  uint32_t result = vmo_ll_result_id(p->function, (uint32_t)(instruction - p->program->instructions.data));
  if (vmo_ll_moves_bits(instruction->opcode)) return p->kept[result];
  if (instruction->opcode == LLVMStore) return i == 0;
  if (instruction->opcode == LLVMCall || instruction->opcode == LLVMInvoke)
    return instruction->callee == VMO_NONE || p->program->functions.data[instruction->callee].libc == NULL;
  return instruction->opcode == LLVMRet || instruction->opcode == LLVMAtomicRMW ||
         instruction->opcode == LLVMAtomicCmpXchg;
}

static void find_kept(vmo_ll_points_to *p) {
  const vmo_ll_function *function = p->function;
  for (bool changed = true; changed;) {
    changed = false;
    for (uint32_t i = function->first + function->count; i-- > function->first;) {
      const vmo_ll_instruction *instruction = &p->program->instructions.data[i];
      for (uint32_t k = 0; k < instruction->operand_count; k++) {
        uint32_t value = p->program->operands.data[instruction->operand_first + k];
        if (p->kept[value] || !keeps_operand(p, instruction, k)) continue;
        p->kept[value] = changed = true;
      }
    }
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
    } else if (p->kept[id]) {
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
    } else if (p->kept[id]) {
      vmo_ll_capture_all(p, &from, VMO_ESCAPE_INTEGER);
    }
  }
}

static void interpret_get_element(vmo_ll_points_to *p, const vmo_ll_instruction *gep, uint32_t id) {
  vmo_ll_set base = *vmo_ll_operand_set(p, gep, 0);
  vmo_ll_add_all(p, &p->values[id], &base, gep->bytes, gep->stride);
  if (base.count == 0) join_operands(p, gep, id, 1, 1); /* an address as the distance from null */
}

static void interpret(vmo_ll_points_to *p, const vmo_ll_instruction *instruction, uint32_t id) {
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

/* A pointer that comes from memory or a call and points nowhere: null, or something that was written in a way that is
 * not seen here (by va_start, by the kernel, ...). */
static void widen_unknown(vmo_ll_points_to *p, const vmo_ll_instruction *instruction, uint32_t id) {
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

static void interpret_all(vmo_ll_points_to *p) {
  const vmo_ll_function *function = p->function;
  for (uint32_t i = function->first; i < function->first + function->count; i++) {
    const vmo_ll_instruction *instruction = &p->program->instructions.data[i];
    p->at = i;
    interpret(p, instruction, vmo_ll_result_id(function, i));
    if (p->strict) widen_unknown(p, instruction, vmo_ll_result_id(function, i));
  }
  vmo_ll_capture_contents(p);
}

/* ---- objects ---- */

static bool add_object(vmo_ll_points_to *p, vmo_ll_object object) {
  object.cells = object.escape_at = VMO_NONE;
  return vmo_vec_push(p->arena, &p->objects, object);
}

static bool add_parameters(vmo_ll_points_to *p) {
  if (!add_object(p, (vmo_ll_object){.kind = VMO_LL_OBJECT_OUTSIDE, .instruction = VMO_NONE})) return false;
  for (uint32_t i = 0; i < p->function->parameter_count; i++) {
    vmo_ll_object object = {.kind = VMO_LL_OBJECT_ARGUMENT, .instruction = VMO_NONE, .parameter = i};
    vmo_ll_object reached = {.kind = VMO_LL_OBJECT_REACHED, .instruction = VMO_NONE, .parameter = i};
    bool pointer = LLVMGetTypeKind(LLVMTypeOf(LLVMGetParam(p->function->ref, i))) == LLVMPointerTypeKind;
    object.captured = reached.captured = !pointer; /* a pointer in a number */
    object.escape = reached.escape = pointer ? VMO_ESCAPE_NONE : VMO_ESCAPE_INTEGER;
    if (!add_object(p, object) || !add_object(p, reached)) return false;
    if (pointer)
      vmo_ll_add(p, &p->values[VMO_LL_FIRST_PARAMETER + i], (vmo_ll_element){VMO_LL_ARGUMENT_OBJECT(i), 0, 0});
  }
  vmo_ll_add(p, &p->values[VMO_LL_OUTSIDE], (vmo_ll_element){0, 1, 0});
  return true;
}

/* How many objects a call may hand out, of which nothing else is known than its callee. */
static uint32_t fresh_count(const vmo_ll_points_to *p, const vmo_ll_instruction *call, const vmo_ll_summary **summary) {
  *summary = NULL;
  if (call->callee == VMO_NONE) return 0;
  const vmo_ll_function *callee = &p->program->functions.data[call->callee];
  if (!vmo_ll_is_defined(callee) || !callee->exact) return 0;
  if (p->group[call->callee] == p->group[p->function_id]) return 1;
  *summary = &p->summaries[call->callee];
  return (*summary)->object_count - (*summary)->fresh_first;
}

static bool add_fresh(vmo_ll_points_to *p, uint32_t i, const vmo_ll_instruction *call) {
  const vmo_ll_summary *summary;
  uint32_t count = fresh_count(p, call, &summary);
  for (uint32_t k = 0; k < count; k++) {
    vmo_ll_object object = {.kind = VMO_LL_OBJECT_FRESH, .instruction = i, .origin = VMO_NONE};
    if (summary != NULL) {
      object.origin = summary->objects[summary->fresh_first + k].origin;
      object.calls = summary->objects[summary->fresh_first + k].calls + 1;
    }
    if (!add_object(p, object)) return false;
  }
  return true;
}

static bool add_made(vmo_ll_points_to *p) {
  const vmo_ll_function *function = p->function;
  for (uint32_t i = function->first; i < function->first + function->count; i++) {
    const vmo_ll_instruction *instruction = &p->program->instructions.data[i];
    uint32_t before = p->objects.count;
    const vmo_libc_row *row =
        instruction->callee == VMO_NONE ? NULL : p->program->functions.data[instruction->callee].libc;
    vmo_ll_object object = {.instruction = i, .origin = i};
    bool made = true, fine = true;
    if (instruction->opcode == LLVMAlloca) {
      object.kind = VMO_LL_OBJECT_STACK;
    } else if (vmo_libc_allocates(row)) {
      object.kind = VMO_LL_OBJECT_SITE;
    } else {
      made = false;
      fine = add_fresh(p, i, instruction);
    }
    if (!fine || (made && !add_object(p, object))) return false;
    p->made[i - function->first] = p->objects.count > before ? before : VMO_NONE;
  }
  return true;
}

/* ---- the solution ---- */

static void give_up(vmo_ll_points_to *p) {
  p->at = VMO_NONE;
  for (uint32_t o = 1; o < p->objects.count; o++) vmo_ll_capture(p, o, VMO_ESCAPE_COMPLEX);
}

static void run_rounds(vmo_ll_points_to *p) {
  uint32_t rounds = 0;
  do {
    p->changed = false;
    interpret_all(p);
  } while (p->changed && !p->out_of_memory && ++rounds < MAX_ROUNDS);
  if (p->changed) give_up(p);
}

static void mark_reached(vmo_ll_points_to *p, const vmo_ll_set *from, bool returned) {
  vmo_ll_set reached = {0};
  for (uint32_t i = 0; i < from->count; i++) {
    vmo_ll_object *object = &p->objects.data[from->data[i].object];
    if (returned) object->returned = true;
  }
  vmo_ll_add_reached(p, from, &reached);
  for (uint32_t i = 0; i < reached.count; i++) {
    vmo_ll_object *object = &p->objects.data[reached.data[i].object];
    if (returned) {
      object->returned = true;
    } else {
      object->stored = true;
    }
  }
}

static void classify(vmo_ll_points_to *p) {
  mark_reached(p, &p->returned, true);
  vmo_ll_set arguments = {0};
  for (uint32_t o = 1; o <= 2 * p->function->parameter_count; o++)
    if (!vmo_vec_push(p->arena, &arguments, ((vmo_ll_element){o, 1, 0}))) p->out_of_memory = true;
  mark_reached(p, &arguments, false);
}

/* Room to translate the arguments of any call. */
static bool make_room_for_calls(vmo_ll_points_to *p) {
  uint32_t most = 0;
  for (uint32_t i = p->function->first; i < p->function->first + p->function->count; i++) {
    uint32_t callee = p->program->instructions.data[i].callee;
    uint32_t count = callee == VMO_NONE ? 0 : p->program->functions.data[callee].parameter_count;
    most = count > most ? count : most;
  }
  p->reached = vmr_arena_alloc_array(p->arena, (size_t)most + 1, sizeof *p->reached);
  p->reached_known = vmr_arena_alloc_array(p->arena, (size_t)most + 1, sizeof *p->reached_known);
  return p->reached != NULL && p->reached_known != NULL;
}

static vmo_status begin(vmo_ll_points_to *p) {
  uint32_t values = vmo_ll_value_count(p->function);
  p->values = vmr_arena_alloc_array(p->arena, values, sizeof *p->values);
  p->kept = vmr_arena_alloc_array(p->arena, values, sizeof *p->kept);
  p->made = vmr_arena_alloc_array(p->arena, (size_t)p->function->count + 1, sizeof *p->made);
  if (!p->values || !p->kept || !p->made || !make_room_for_calls(p) || !add_parameters(p) || !add_made(p))
    return VMO_OUT_OF_MEMORY;
  find_kept(p);
  return VMO_OK;
}

vmo_status vmo_solve_points_to(vmo_ll_program *program, uint32_t function, const vmo_ll_summary *summaries,
                               const uint32_t *group, vmr_arena *arena, vmo_ll_points_to **result) {
  vmo_ll_points_to *p = vmr_arena_alloc_array(arena, 1, sizeof *p);
  if (p == NULL) return VMO_OUT_OF_MEMORY;
  *p = (vmo_ll_points_to){.program = program,
                          .function = &program->functions.data[function],
                          .function_id = function,
                          .summaries = summaries,
                          .group = group,
                          .arena = arena};
  if (begin(p) != VMO_OK) return VMO_OUT_OF_MEMORY;
  run_rounds(p);
  p->strict = true;
  run_rounds(p);
  p->collecting = true;
  interpret_all(p);
  classify(p);
  *result = p;
  return p->out_of_memory ? VMO_OUT_OF_MEMORY : VMO_OK;
}
