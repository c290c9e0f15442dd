/* structures_flow.c: what instructions say about where pointers point.
 *
 * Each instruction is read once, in any order: what it makes equal stays equal. A value that is made from another at an
 * offset that is not known folds what it points to, unless nobody reads pointers there. Arithmetic on the bits of
 * pointers makes its result point somewhere into the same object; bits that are cut to less than a pointer are lost, and
 * the object is given up. */
#include "llvm/points_to.h"
#include "llvm/structures_find.h"

#define LONGEST_CHAIN 8

static uint32_t operand_of(const vmo_ll_finder *finder, const vmo_ll_instruction *instruction, uint32_t operand) {
  return finder->program->operands.data[instruction->operand_first + operand];
}

static bool is_kept(const vmo_ll_finder *finder, uint32_t value) {
  return finder->kept[vmo_ll_value_index(finder, finder->function, value)] == VMO_LL_KEPT;
}

/* Whether bits of it are copied, or told where the program reads addresses. */
static bool is_kept_or_told(const vmo_ll_finder *finder, uint32_t value) {
  return finder->kept[vmo_ll_value_index(finder, finder->function, value)] >= VMO_LL_TOLD;
}

/* Whether nobody asks where a value that is a pointer points. */
static bool is_loose(const vmo_ll_finder *finder, uint32_t value) {
  const vmo_ll_function *function = &finder->program->functions.data[finder->function];
  uint32_t id = vmo_ll_instruction_of(function, value);
  if (value < VMO_LL_FIRST_PARAMETER || id == VMO_NONE || !finder->program->instructions.data[id].pointer) return false;
  return !finder->wide[vmo_ll_value_index(finder, finder->function, value)];
}

void vmo_ll_flow(vmo_ll_finder *finder, uint32_t value, vmo_ll_place place) {
  if (place.node == VMO_NONE || !vmo_ll_carries(finder, finder->function, value)) return;
  vmo_ll_place *there = &finder->values[vmo_ll_value_index(finder, finder->function, value)];
  if (there->node == VMO_NONE) {
    *there = place;
  } else if (!is_loose(finder, value) ||
             vmo_ll_find_node(&finder->graph, there->node) != vmo_ll_find_node(&finder->graph, place.node)) {
    vmo_ll_unify(&finder->graph, *there, place);
  }
}

static void expose_operand(vmo_ll_finder *finder, const vmo_ll_instruction *instruction, uint32_t operand) {
  vmo_ll_expose(&finder->graph, vmo_ll_place_of_operand(finder, instruction, operand), VMO_ESCAPE_INTEGER, finder->at);
}

/* ---- memory ---- */

/* Whether a loose address is at the offset that its place says: constant steps from one that is not loose. */
static bool is_exact(const vmo_ll_finder *finder, uint32_t value) {
  const vmo_ll_function *function = &finder->program->functions.data[finder->function];
  for (int i = 0; i < LONGEST_CHAIN; i++) {
    if (!is_loose(finder, value)) return true;
    const vmo_ll_instruction *step = &finder->program->instructions.data[vmo_ll_instruction_of(function, value)];
    if (step->opcode == LLVMLoad || step->opcode == LLVMAlloca) return true;
    if (step->opcode != LLVMGetElementPtr || step->stride != 0) return false;
    value = operand_of(finder, step, 0);
  }
  return false;
}

/* What the type asks for, at most: more is what LLVM knows of malloc, and is taken back (heap_promises.c). */
static void need_alignment(vmo_ll_finder *finder, const vmo_ll_instruction *access, vmo_ll_place place) {
  LLVMTypeRef type = LLVMTypeOf(
      access->opcode == LLVMLoad ? access->ref : LLVMGetOperand(access->ref, access->opcode == LLVMStore ? 0 : 1));
  unsigned alignment = LLVMGetAlignment(access->ref), needed = LLVMABIAlignmentOfType(finder->program->layout, type);
  if (needed < alignment) alignment = needed;
  if (alignment > VMO_LL_POINTER_BYTES) vmo_ll_need_alignment(&finder->graph, place, alignment);
}

/* The parts of pointers that bytes at a place are, or may be. */
static void expose_part(vmo_ll_finder *finder, const vmo_ll_instruction *access, uint32_t pointer, vmo_ll_place place) {
  bool exact = is_exact(finder, operand_of(finder, access, pointer));
  for (int64_t left = access->bytes; exact && left > 0; left -= VMO_LL_POINTER_BYTES) {
    uint32_t width = left < VMO_LL_POINTER_BYTES ? (uint32_t)left : VMO_LL_POINTER_BYTES;
    vmo_ll_place part = vmo_ll_follow_part(&finder->graph, place, width);
    vmo_ll_expose(&finder->graph, part, VMO_ESCAPE_INTEGER, finder->at);
    place.offset += width;
  }
  if (!exact) vmo_ll_expose_content(&finder->graph, place, VMO_ESCAPE_INTEGER, finder->at);
}

/* Whether a store writes bytes that are no pointers, nor numbers with room for one, but may be parts of one: small numbers,
 * and several of them at once. */
static bool stores_parts(const vmo_ll_instruction *store) {
  LLVMValueRef value = LLVMGetOperand(store->ref, 0);
  LLVMTypeRef type = LLVMTypeOf(value);
  bool several = LLVMGetTypeKind(type) == LLVMVectorTypeKind;
  if (several) type = LLVMGetElementType(type);
  bool small = store->bytes < VMO_LL_POINTER_BYTES || (several && LLVMGetTypeKind(type) == LLVMIntegerTypeKind &&
                                                       LLVMGetIntTypeWidth(type) < 8 * VMO_LL_POINTER_BYTES);
  return store->bytes > 0 && small && !store->number && !LLVMIsConstant(value);
}

static void read_load(vmo_ll_finder *finder, const vmo_ll_instruction *load, uint32_t id) {
  vmo_ll_place place = vmo_ll_place_of_operand(finder, load, 0);
  bool narrow = load->bytes >= 0 && load->bytes < VMO_LL_POINTER_BYTES;
  need_alignment(finder, load, place);
  if (place.node == VMO_NONE) { /* from null, or an address that was never a pointer */
    if (vmo_ll_carries(finder, finder->function, id))
      vmo_ll_flow(finder, id, vmo_ll_new_external(finder, VMO_ESCAPE_INTEGER));
    return;
  }
  if (!narrow) {
    if (vmo_ll_carries(finder, finder->function, id))
      vmo_ll_flow(finder, id, vmo_ll_follow(&finder->graph, place, load->bytes));
  } else if (!load->number && (finder->reads_addresses && vmo_ll_is_of_variable(load) ? is_kept_or_told(finder, id)
                                                                                      : is_kept(finder, id))) {
    expose_part(finder, load, 0, place);
  }
}

static void store_at(vmo_ll_finder *finder, vmo_ll_place place, int64_t bytes, vmo_ll_place value) {
  if (value.node == VMO_NONE) return;
  if (place.node == VMO_NONE) {
    vmo_ll_expose(&finder->graph, value, VMO_ESCAPE_INTEGER, finder->at);
  } else {
    vmo_ll_unify(&finder->graph, vmo_ll_follow(&finder->graph, place, bytes), value);
  }
}

static void read_store(vmo_ll_finder *finder, const vmo_ll_instruction *store) {
  vmo_ll_place place = vmo_ll_place_of_operand(finder, store, 1);
  need_alignment(finder, store, place);
  store_at(finder, place, store->bytes, vmo_ll_place_of_operand(finder, store, 0));
  if (finder->gives_all && place.node != VMO_NONE && stores_parts(store))
    expose_part(finder, store, 1, place); /* a pointer may be put together there */
}

/* Atomic exchanges: operand 0 is the place, the others may be stored there, the result is what was there. */
static void read_exchange(vmo_ll_finder *finder, const vmo_ll_instruction *exchange, uint32_t id) {
  vmo_ll_place place = vmo_ll_place_of_operand(finder, exchange, 0);
  bool narrow = true;
  need_alignment(finder, exchange, place);
  for (uint32_t k = 1; k < exchange->operand_count; k++) {
    vmo_ll_place value = vmo_ll_place_of_operand(finder, exchange, k);
    narrow &= value.node == VMO_NONE;
    store_at(finder, place, VMO_LL_POINTER_BYTES, value);
  }
  if (narrow && !vmo_ll_carries(finder, finder->function, id)) return;
  vmo_ll_flow(finder, id,
              place.node == VMO_NONE ? vmo_ll_new_external(finder, VMO_ESCAPE_INTEGER)
                                     : vmo_ll_follow(&finder->graph, place, VMO_LL_POINTER_BYTES));
}

/* ---- values ---- */

/* The result is one of the operands, or made from their bits; `exact`: it is at the same offset. */
static void join_operands(vmo_ll_finder *finder, const vmo_ll_instruction *instruction, uint32_t id, uint32_t first,
                          bool exact) {
  bool carries = vmo_ll_carries(finder, finder->function, id), cut = vmo_ll_cuts_elements(instruction);
  for (uint32_t k = first; k < instruction->operand_count; k++) {
    if (!carries || cut) {
      if (is_kept_or_told(finder, id) && (cut || !instruction->wide)) expose_operand(finder, instruction, k);
      continue;
    }
    vmo_ll_place place = vmo_ll_place_of_operand(finder, instruction, k);
    vmo_ll_flow(finder, id, place);
    if (!exact) vmo_ll_fold(&finder->graph, place, 1);
  }
}

/* Bits of an operand choose an element, or what is done. */
static void read_choice(vmo_ll_finder *finder, const vmo_ll_instruction *user, uint32_t id) {
  bool kept = is_kept_or_told(finder, id);
  for (uint32_t k = 0; k < user->operand_count; k++)
    if (vmo_ll_tells_bits(finder, user, k, kept)) expose_operand(finder, user, k);
}

static void read_get_element(vmo_ll_finder *finder, const vmo_ll_instruction *gep, uint32_t id) {
  vmo_ll_place base = vmo_ll_place_of_operand(finder, gep, 0);
  read_choice(finder, gep, id);
  if (vmo_ll_is_slot(finder->program, gep->ref)) { /* objects of two slots don't live at the same time */
    vmo_ll_flow(finder, id, vmo_ll_new_place(&finder->graph));
    return;
  }
  if (base.node == VMO_NONE) {
    join_operands(finder, gep, id, 1, false); /* an address as the distance from null */
    return;
  }
  if (gep->stride > 0) {
    if (!is_loose(finder, id)) vmo_ll_fold(&finder->graph, base, gep->stride);
    vmo_ll_mark_place(&finder->graph, base, VMO_LL_ARRAY);
  }
  base.offset += gep->bytes;
  vmo_ll_flow(finder, id, base);
}

/* An object whose address has a tag in its lowest four bits is aligned as malloc's are. */
static void read_tag(vmo_ll_finder *finder, const vmo_ll_instruction *instruction) {
  for (uint32_t k = 0; k < instruction->operand_count; k++) {
    if (!vmo_ll_relies_on_alignment(instruction, k)) continue;
    const vmo_ll_instruction *user = instruction;
    uint32_t value = operand_of(finder, user, k), operand = k;
    const vmo_ll_function *function = &finder->program->functions.data[finder->function];
    uint32_t id = value < VMO_LL_FIRST_PARAMETER ? VMO_NONE : vmo_ll_instruction_of(function, value);
    if (id != VMO_NONE && finder->program->instructions.data[id].opcode == LLVMTrunc) {
      user = &finder->program->instructions.data[id];
      operand = 0;
    }
    vmo_ll_need_alignment(&finder->graph, vmo_ll_place_of_operand(finder, user, operand), 2 * VMO_LL_POINTER_BYTES);
  }
}

/* A quotient, a remainder, or a number with a fraction, of which an address may be made again. */
static void read_quotient(vmo_ll_finder *finder, const vmo_ll_instruction *instruction, uint32_t id) {
  uint8_t keeping = finder->kept[vmo_ll_value_index(finder, finder->function, id)];
  if (keeping != VMO_LL_NOT_KEPT && vmo_ll_hides_bits(instruction, 0)) expose_operand(finder, instruction, 0);
}

/* Whether an operand is a number that was moved to make room for another below it. */
static bool is_scaled(const vmo_ll_finder *finder, const vmo_ll_instruction *user, uint32_t operand) {
  uint32_t value = operand_of(finder, user, operand);
  const vmo_ll_function *function = &finder->program->functions.data[finder->function];
  uint32_t id = value < VMO_LL_FIRST_PARAMETER ? VMO_NONE : vmo_ll_instruction_of(function, value);
  if (id == VMO_NONE) return false;
  const vmo_ll_instruction *scaled = &finder->program->instructions.data[id];
  if (scaled->opcode != LLVMShl && scaled->opcode != LLVMMul) return false;
  LLVMValueRef factor = LLVMGetOperand(scaled->ref, 1);
  if (!LLVMIsAConstantInt(factor) || LLVMGetIntTypeWidth(LLVMTypeOf(factor)) > 64) return scaled->opcode == LLVMShl;
  return LLVMConstIntGetZExtValue(factor) >= (scaled->opcode == LLVMShl ? 8u : 1u << 8);
}

/* A number that is put together of others may be an address that was taken apart, and is stored where a pointer is read. */
static void read_assembly(vmo_ll_finder *finder, const vmo_ll_instruction *instruction, uint32_t id) {
  bool joins = instruction->opcode == LLVMAdd || instruction->opcode == LLVMOr || instruction->opcode == LLVMXor;
  if (!finder->gives_all || !joins || !is_kept(finder, id)) return;
  if (is_scaled(finder, instruction, 0) || is_scaled(finder, instruction, 1))
    vmo_ll_flow(finder, id, vmo_ll_new_external(finder, VMO_ESCAPE_INTEGER));
}

/* A pointer from a number that is not known to have been one. */
static void read_number(vmo_ll_finder *finder, const vmo_ll_instruction *cast, uint32_t id) {
  uint32_t value = operand_of(finder, cast, 0);
  if (value == VMO_LL_NOTHING) return;
  bool carries = value == VMO_LL_OUTSIDE || vmo_ll_carries(finder, finder->function, value);
  if (carries) join_operands(finder, cast, id, 0, true);
  if (!carries || finder->gives_all) {
    vmo_ll_flow(finder, id, vmo_ll_new_external(finder, VMO_ESCAPE_INTEGER));
  }
}

static void give_up(vmo_ll_finder *finder, const vmo_ll_instruction *instruction, uint32_t id) {
  for (uint32_t k = 0; k < instruction->operand_count; k++) expose_operand(finder, instruction, k);
  if (instruction->wide) vmo_ll_flow(finder, id, vmo_ll_new_external(finder, VMO_ESCAPE_INTEGER));
}

/* The difference of two addresses: they are in one object, wherever. */
static bool read_distance(vmo_ll_finder *finder, const vmo_ll_instruction *instruction, uint32_t id) {
  if (instruction->opcode != LLVMSub || vmo_ll_carries(finder, finder->function, id)) return false;
  vmo_ll_place left = vmo_ll_place_of_operand(finder, instruction, 0);
  vmo_ll_place right = vmo_ll_place_of_operand(finder, instruction, 1);
  if (left.node == VMO_NONE || right.node == VMO_NONE) return false;
  if (vmo_ll_find_node(&finder->graph, left.node) != vmo_ll_find_node(&finder->graph, right.node))
    vmo_ll_unify(&finder->graph, left, right);
  return true;
}

static void read_instruction(vmo_ll_finder *finder, const vmo_ll_instruction *instruction, uint32_t id) {
  switch ((int)instruction->opcode) {
  case LLVMAlloca: vmo_ll_flow(finder, id, vmo_ll_new_place(&finder->graph)); break;
  case LLVMLoad: read_load(finder, instruction, id); break;
  case LLVMStore: read_store(finder, instruction); break;
  case LLVMGetElementPtr: read_get_element(finder, instruction, id); break;
  case LLVMAtomicRMW:
  case LLVMAtomicCmpXchg: read_exchange(finder, instruction, id); break;
  case LLVMIntToPtr: read_number(finder, instruction, id); break;
  case LLVMSelect: join_operands(finder, instruction, id, 1, true); break;
  case LLVMPHI:
  case LLVMFreeze:
  case LLVMBitCast:
  case LLVMAddrSpaceCast:
  case LLVMPtrToInt:
  case LLVMInsertElement:
  case LLVMExtractElement:
  case LLVMShuffleVector:
  case LLVMInsertValue:
  case LLVMExtractValue: join_operands(finder, instruction, id, 0, true); break;
  case LLVMTrunc:
  case LLVMZExt:
  case LLVMSExt:
  case LLVMAdd:
  case LLVMSub:
  case LLVMMul:
  case LLVMShl:
  case LLVMLShr:
  case LLVMAShr:
  case LLVMAnd:
  case LLVMOr:
  case LLVMXor:
    if (!read_distance(finder, instruction, id)) join_operands(finder, instruction, id, 0, false);
    read_assembly(finder, instruction, id);
    break;
  case LLVMCall:
  case LLVMInvoke:
  case LLVMCallBr: vmo_ll_read_call(finder, instruction); break;
  case LLVMRet:
    if (instruction->operand_count == 0) break;
    vmo_ll_unify(&finder->graph, finder->returned[finder->function], vmo_ll_place_of_operand(finder, instruction, 0));
    break;
  case LLVMUDiv:
  case LLVMSDiv:
  case LLVMURem:
  case LLVMSRem:
  case LLVMUIToFP:
  case LLVMSIToFP: read_quotient(finder, instruction, id); break;
  case LLVMICmp:
  case LLVMSwitch: read_choice(finder, instruction, id); break;
  case LLVMFPToUI:
  case LLVMFPToSI:
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
  case LLVMFence:
  case LLVMUnreachable: break;
  default: give_up(finder, instruction, id); /* whatever else makes a value out of pointers hides them */
  }
}

void vmo_ll_read_function(vmo_ll_finder *finder, uint32_t id) {
  const vmo_ll_function *function = &finder->program->functions.data[id];
  finder->function = finder->graph.owner = id;
  for (uint32_t i = function->first; i < function->first + function->count && !finder->graph.out_of_memory; i++) {
    finder->at = i;
    read_tag(finder, &finder->program->instructions.data[i]);
    read_instruction(finder, &finder->program->instructions.data[i], vmo_ll_result_id(function, i));
  }
}
