/* structures_values.c: the places of values, constants and globals.
 *
 * Not every number is followed: only those whose bits may become a pointer, or be stored or handed on. And a pointer that
 * is only used to look at a few bytes (text, small numbers) need not tell where exactly it points: `p + i` in a text does
 * not fold the object. Both are found backwards from the uses, in passes until nothing changes. */
#include "llvm/points_to.h"
#include "llvm/structures_find.h"

#include <string.h>

#define MAX_NESTING 16
#define MANY_ELEMENTS 8
#define MALLOC_ALIGNMENT 16

/* ---- uses ---- */

static uint8_t opcode_of(const vmo_ll_finder *finder, const vmo_ll_instruction *user, uint32_t operand) {
  const vmo_ll_function *function = &finder->program->functions.data[finder->function];
  uint32_t value = finder->program->operands.data[user->operand_first + operand];
  uint32_t instruction = vmo_ll_instruction_of(function, value);
  return value < VMO_LL_FIRST_PARAMETER || instruction == VMO_NONE
             ? 0
             : finder->program->instructions.data[instruction].opcode;
}

/* The difference of two addresses is a number. */
static bool is_distance(const vmo_ll_finder *finder, const vmo_ll_instruction *instruction) {
  return instruction->opcode == LLVMSub && opcode_of(finder, instruction, 0) == LLVMPtrToInt &&
         opcode_of(finder, instruction, 1) == LLVMPtrToInt;
}

static const vmo_ll_function *callee_of(const vmo_ll_finder *finder, const vmo_ll_instruction *call) {
  return call->callee == VMO_NONE ? NULL : &finder->program->functions.data[call->callee];
}

/* Numbers with fractions are made anew, and their bits are no address any more. */
bool vmo_ll_is_arithmetic(const vmo_ll_function *function) {
  static const char *const names[] = {"ceil.",   "copysign.",  "cos.",        "exp",         "fabs.",       "floor.",
                                      "fma.",    "fmuladd.",   "fptosi.sat.", "fptoui.sat.", "is.fpclass.", "ldexp.",
                                      "llrint.", "llround.",   "log",         "lrint.",      "lround.",     "maximum.",
                                      "maxnum.", "minimum.",   "minnum.",     "nearbyint.",  "pow",         "rint.",
                                      "round.",  "roundeven.", "sin.",        "sqrt.",       "trunc."};
  if (!function->intrinsic || strncmp(function->name, "llvm.", 5) != 0) return false;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strncmp(function->name + 5, names[i], strlen(names[i])) == 0) return true;
  return false;
}

static bool call_keeps(const vmo_ll_finder *finder, const vmo_ll_instruction *call, bool result_kept) {
  const vmo_ll_function *callee = callee_of(finder, call);
  if (callee == NULL) return true;
  if (callee->libc != NULL) return false;
  return !callee->intrinsic || (!vmo_ll_is_arithmetic(callee) && (!call->wide || result_kept));
}

static bool keeps_operand(const vmo_ll_finder *finder, const vmo_ll_instruction *user, uint32_t operand,
                          bool result_kept) {
  switch ((int)user->opcode) {
  case LLVMStore: return operand == 0;
  case LLVMGetElementPtr: /* of several addresses, or of a distance from null */
    if (!user->pointer) return result_kept;
    return operand > 0 && finder->program->operands.data[user->operand_first] == VMO_LL_NOTHING;
  case LLVMCall:
  case LLVMInvoke:
  case LLVMCallBr: return call_keeps(finder, user, result_kept);
  case LLVMPtrToInt:
  case LLVMAShr: return result_kept;
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
  case LLVMFPToUI:
  case LLVMFPToSI:
  case LLVMUIToFP:
  case LLVMSIToFP:
  case LLVMUDiv:
  case LLVMSDiv:
  case LLVMURem:
  case LLVMSRem:
  case LLVMBr:
  case LLVMSwitch:
  case LLVMLoad:
  case LLVMAlloca:
  case LLVMFence:
  case LLVMUnreachable: return false;
  default: break;
  }
  if (!vmo_ll_moves_bits(user->opcode)) return true;
  return !is_distance(finder, user) && (user->pointer || result_kept);
}

static bool row_needs_place(const vmo_ll_finder *finder, const vmo_ll_instruction *call, const vmo_libc_row *row,
                            uint32_t operand, bool result_wide) {
  (void)finder;
  vmo_libc_effect effect = vmo_libc_effect_of(row, operand);
  if (row->kind == VMO_LIBC_COPY || row->kind == VMO_LIBC_MOVE_BACK) return true;
  bool only_bytes = effect == VMO_EFFECT_NUMBER || effect == VMO_EFFECT_READ || effect == VMO_EFFECT_WRITE ||
                    effect == VMO_EFFECT_RECEIVE || effect == VMO_EFFECT_PRINT;
  if (!only_bytes) return true;
  return call->pointer && row->result != 'n' && row->result != 'u' && result_wide;
}

/* Whether an operand that is a pointer must tell where it points. */
static bool needs_place(const vmo_ll_finder *finder, const vmo_ll_instruction *user, uint32_t operand, bool result_kept,
                        bool result_wide) {
  const vmo_ll_function *callee;
  switch ((int)user->opcode) {
  case LLVMLoad: return user->bytes < 0 || (user->bytes >= VMO_LL_POINTER_BYTES && (user->pointer || result_kept));
  case LLVMStore: {
    uint32_t value = finder->program->operands.data[user->operand_first];
    return operand == 0 || value == VMO_LL_OUTSIDE || vmo_ll_carries(finder, finder->function, value);
  }
  case LLVMICmp:
  case LLVMBr: return false;
  case LLVMPtrToInt: return result_kept;
  case LLVMGetElementPtr: return operand > 0 || result_wide;
  case LLVMPHI:
  case LLVMSelect:
  case LLVMFreeze:
  case LLVMBitCast: return result_wide || !user->pointer;
  case LLVMCall:
  case LLVMInvoke:
    callee = callee_of(finder, user);
    return callee == NULL || callee->libc == NULL || row_needs_place(finder, user, callee->libc, operand, result_wide);
  default: return true;
  }
}

static bool has_room(LLVMTypeRef type) {
  if (LLVMGetTypeKind(type) == LLVMVectorTypeKind) type = LLVMGetElementType(type);
  return LLVMGetTypeKind(type) == LLVMIntegerTypeKind && LLVMGetIntTypeWidth(type) >= 8 * VMO_LL_POINTER_BYTES;
}

/* Whether an operand is a number that a printf prints, and may be an address that is read again. */
static bool is_printed(const vmo_ll_finder *finder, const vmo_ll_instruction *user, uint32_t operand) {
  const vmo_ll_function *callee = vmo_ll_is_call(user->opcode) ? callee_of(finder, user) : NULL;
  if (callee == NULL || callee->libc == NULL || !finder->reads_addresses) return false;
  if (!has_room(LLVMTypeOf(LLVMGetOperand(user->ref, operand)))) return false;
  for (uint32_t i = 0; i < operand; i++)
    if (vmo_libc_effect_of(callee->libc, i) == VMO_EFFECT_PRINT) return true;
  return false;
}

bool vmo_ll_hides_bits(const vmo_ll_instruction *user, uint32_t operand) {
  switch ((int)user->opcode) {
  case LLVMUDiv:
  case LLVMSDiv:
  case LLVMURem:
  case LLVMSRem:
  case LLVMUIToFP:
  case LLVMSIToFP: return operand == 0 && has_room(LLVMTypeOf(LLVMGetOperand(user->ref, 0)));
  default: return false;
  }
}

bool vmo_ll_relies_on_alignment(const vmo_ll_instruction *user, uint32_t operand) {
  bool masks = user->opcode == LLVMAnd, shifts = user->opcode == LLVMLShr || user->opcode == LLVMAShr;
  bool divides =
      user->opcode == LLVMUDiv || user->opcode == LLVMURem || user->opcode == LLVMSDiv || user->opcode == LLVMSRem;
  if (!masks && (operand > 0 || (!shifts && !divides))) return false;
  LLVMValueRef number = LLVMGetOperand(user->ref, 1 - operand);
  if (!LLVMIsAConstantInt(number) || LLVMGetIntTypeWidth(LLVMTypeOf(number)) > 64) return masks;
  unsigned long long value = LLVMConstIntGetZExtValue(number);
  if (masks) return (value & 31) == MALLOC_ALIGNMENT || (value >= MALLOC_ALIGNMENT / 2 && value < MALLOC_ALIGNMENT);
  return value == (shifts ? 4 : MALLOC_ALIGNMENT);
}

/* How a use keeps the bits of an operand; what it tells of them apart. */
static vmo_ll_keeping copying_of(const vmo_ll_finder *finder, const vmo_ll_instruction *user, uint32_t operand,
                                 vmo_ll_keeping result) {
  bool asked = result != VMO_LL_NOT_KEPT || vmo_ll_relies_on_alignment(user, operand);
  if (vmo_ll_hides_bits(user, operand)) return asked ? VMO_LL_KEPT_WHOLE : VMO_LL_NOT_KEPT;
  if (is_printed(finder, user, operand)) return VMO_LL_KEPT_WHOLE;
  bool keeps = keeps_operand(finder, user, operand, result != VMO_LL_NOT_KEPT);
  if (!keeps && vmo_ll_relies_on_alignment(user, operand)) return VMO_LL_KEPT_WHOLE;
  if (!keeps) return VMO_LL_NOT_KEPT;
  return keeps_operand(finder, user, operand, false) ? VMO_LL_KEPT : result;
}

static vmo_ll_keeping keeping_of(const vmo_ll_finder *finder, const vmo_ll_instruction *user, uint32_t operand,
                                 vmo_ll_keeping result) {
  vmo_ll_keeping keeping = copying_of(finder, user, operand, result);
  if (keeping >= VMO_LL_TOLD) return keeping;
  return vmo_ll_tells_bits(finder, user, operand, result >= VMO_LL_TOLD) ? VMO_LL_TOLD : keeping;
}

/* What a use says of the value that is used, `operand` of the instruction, of which `result` is the value; whether that is new. */
typedef bool use_rule(vmo_ll_finder *finder, const vmo_ll_instruction *user, uint32_t operand, uint32_t used,
                      uint32_t result);

static bool note_kept(vmo_ll_finder *finder, const vmo_ll_instruction *user, uint32_t operand, uint32_t used,
                      uint32_t result) {
  uint8_t *kept = &finder->kept[finder->value_first[finder->function]];
  if (kept[used] == VMO_LL_KEPT) return false;
  vmo_ll_keeping keeping = keeping_of(finder, user, operand, (vmo_ll_keeping)kept[result]);
  if (keeping <= kept[used]) return false;
  kept[used] = (uint8_t)keeping;
  return true;
}

static bool note_wide(vmo_ll_finder *finder, const vmo_ll_instruction *user, uint32_t operand, uint32_t used,
                      uint32_t result) {
  const uint8_t *kept = &finder->kept[finder->value_first[finder->function]];
  bool *wide = &finder->wide[finder->value_first[finder->function]];
  if (wide[used]) return false;
  wide[used] = needs_place(finder, user, operand, kept[result] != VMO_LL_NOT_KEPT, wide[result]);
  return wide[used];
}

/* Uses before what is used, until none says anything new. */
static void apply_to_uses(vmo_ll_finder *finder, use_rule *rule) {
  const vmo_ll_function *function = &finder->program->functions.data[finder->function];
  for (bool changed = true; changed;) {
    changed = false;
    for (uint32_t i = function->first + function->count; i-- > function->first;) {
      const vmo_ll_instruction *user = &finder->program->instructions.data[i];
      uint32_t result = vmo_ll_result_id(function, i);
      for (uint32_t k = 0; k < user->operand_count; k++)
        changed |= rule(finder, user, k, finder->program->operands.data[user->operand_first + k], result);
    }
  }
}

/* What is kept comes first: what needs a place depends on all of it. */
void vmo_ll_find_uses(vmo_ll_finder *finder, uint32_t id) {
  finder->function = id;
  apply_to_uses(finder, note_kept);
  apply_to_uses(finder, note_wide);
}

/* ---- values ---- */

bool vmo_ll_carries(const vmo_ll_finder *finder, uint32_t function_id, uint32_t value) {
  if (value < VMO_LL_FIRST_PARAMETER) return false;
  const vmo_ll_function *function = &finder->program->functions.data[function_id];
  uint32_t id = vmo_ll_instruction_of(function, value);
  if (id == VMO_NONE) return !finder->narrow[vmo_ll_value_index(finder, function_id, value)];
  const vmo_ll_instruction *instruction = &finder->program->instructions.data[id];
  if (!instruction->wide || instruction->number) return false;
  if (instruction->pointer) return true;
  if (!finder->kept[vmo_ll_value_index(finder, function_id, value)]) return false;
  uint8_t opcode = instruction->opcode;
  return vmo_ll_moves_bits(opcode) ? !is_distance(finder, instruction)
                                   : opcode == LLVMLoad || opcode == LLVMGetElementPtr || opcode == LLVMPtrToInt ||
                                         opcode == LLVMAShr || opcode == LLVMAtomicRMW || opcode == LLVMAtomicCmpXchg ||
                                         opcode == LLVMVAArg || opcode == LLVMLandingPad || vmo_ll_is_call(opcode);
}

vmo_ll_place vmo_ll_place_of(vmo_ll_finder *finder, uint32_t function, uint32_t value) {
  if (!vmo_ll_carries(finder, function, value)) return VMO_LL_NOWHERE;
  vmo_ll_place *place = &finder->values[vmo_ll_value_index(finder, function, value)];
  if (place->node == VMO_NONE) *place = vmo_ll_new_place(&finder->graph);
  return *place;
}

vmo_ll_place vmo_ll_place_of_operand(vmo_ll_finder *finder, const vmo_ll_instruction *instruction, uint32_t operand) {
  uint32_t value = finder->program->operands.data[instruction->operand_first + operand];
  if (value == VMO_LL_NOTHING) return VMO_LL_NOWHERE;
  if (value != VMO_LL_OUTSIDE) return vmo_ll_place_of(finder, finder->function, value);
  LLVMValueRef ref = instruction->opcode == LLVMPHI ? LLVMGetIncomingValue(instruction->ref, operand)
                                                    : LLVMGetOperand(instruction->ref, operand);
  return vmo_ll_place_of_constant(finder, ref);
}

vmo_ll_place vmo_ll_new_external(vmo_ll_finder *finder, vmo_site_escape escape) {
  vmo_ll_place place = vmo_ll_new_place(&finder->graph);
  vmo_ll_expose(&finder->graph, place, escape, finder->at);
  return place;
}

/* ---- functions and globals ---- */

/* What they lead to is the library's own. */
static bool is_stream(LLVMValueRef global) {
  size_t length;
  const char *name = LLVMGetValueName2(global, &length);
  return strcmp(name, "stdin") == 0 || strcmp(name, "stdout") == 0 || strcmp(name, "stderr") == 0;
}

static bool is_known_outside(const vmo_ll_finder *finder, LLVMValueRef global) {
  LLVMLinkage linkage = LLVMGetLinkage(global);
  return (LLVMIsDeclaration(global) && !is_stream(global)) ||
         (!finder->whole_program && linkage != LLVMInternalLinkage && linkage != LLVMPrivateLinkage);
}

/* Globals are everybody's: their nodes have no owner. */
static vmo_ll_place new_shared(vmo_ll_finder *finder) {
  uint32_t owner = finder->graph.owner;
  finder->graph.owner = VMO_NONE;
  vmo_ll_place place = vmo_ll_new_place(&finder->graph);
  finder->graph.owner = owner;
  vmo_ll_mark_place(&finder->graph, place, VMO_LL_SHARED);
  return place;
}

vmo_ll_place vmo_ll_place_of_function(vmo_ll_finder *finder, uint32_t function) {
  vmo_ll_place *place = &finder->functions[function];
  if (place->node != VMO_NONE) return *place;
  *place = new_shared(finder);
  vmo_ll_add_function_at(&finder->graph, *place, function);
  const vmo_ll_function *callee = &finder->program->functions.data[function];
  if (!finder->whole_program && callee->external && vmo_ll_is_defined(callee))
    vmo_ll_expose(&finder->graph, *place, VMO_ESCAPE_GLOBAL, VMO_NONE);
  return *place;
}

static vmo_ll_place place_of_global(vmo_ll_finder *finder, LLVMValueRef ref) {
  uint32_t hash = vmo_hash_mix(0x51ed270bu, (uint64_t)(uintptr_t)ref), cursor = 0;
  for (uint32_t at; (at = vmo_hash_index_next(&finder->global_index, hash, &cursor)) != VMO_NONE;)
    if (finder->globals.data[at].ref == ref) return finder->globals.data[at].place;
  vmo_ll_global global = {ref, new_shared(finder)};
  if (is_known_outside(finder, ref)) vmo_ll_expose(&finder->graph, global.place, VMO_ESCAPE_GLOBAL, VMO_NONE);
  if (!vmo_vec_push(finder->arena, &finder->globals, global) ||
      !vmo_hash_index_add(finder->arena, &finder->global_index, hash, finder->globals.count - 1))
    finder->graph.out_of_memory = true;
  return global.place;
}

/* ---- constants ---- */

static vmo_ll_place place_of_constant(vmo_ll_finder *finder, LLVMValueRef constant, uint32_t nesting);

/* Operands that end up in one value: each of them may be what it holds. */
static vmo_ll_place join_operands(vmo_ll_finder *finder, LLVMValueRef constant, uint32_t nesting, bool exact) {
  vmo_ll_place joined = VMO_LL_NOWHERE;
  int count = LLVMGetNumOperands(constant);
  for (int i = 0; i < count; i++) {
    vmo_ll_place place = place_of_constant(finder, LLVMGetOperand(constant, (unsigned)i), nesting + 1);
    if (joined.node == VMO_NONE) joined = place;
    vmo_ll_unify(&finder->graph, joined, place);
  }
  if (!exact) vmo_ll_fold(&finder->graph, joined, 1);
  return joined;
}

static vmo_ll_place place_of_expression(vmo_ll_finder *finder, LLVMValueRef constant, uint32_t nesting) {
  int64_t bytes;
  uint32_t stride;
  vmo_ll_place place;
  switch ((int)LLVMGetConstOpcode(constant)) {
  case LLVMGetElementPtr:
    place = place_of_constant(finder, LLVMGetOperand(constant, 0), nesting + 1);
    vmo_ll_sum_indices(finder->program, constant, &bytes, &stride);
    if (place.node == VMO_NONE) return join_operands(finder, constant, nesting, false);
    if (stride > 0) vmo_ll_fold(&finder->graph, place, stride);
    place.offset += bytes;
    return place;
  case LLVMBitCast:
  case LLVMAddrSpaceCast:
  case LLVMPtrToInt:
  case LLVMIntToPtr: return place_of_constant(finder, LLVMGetOperand(constant, 0), nesting + 1);
  default: return join_operands(finder, constant, nesting, false);
  }
}

static vmo_ll_place place_of_constant(vmo_ll_finder *finder, LLVMValueRef constant, uint32_t nesting) {
  if (nesting > MAX_NESTING) return vmo_ll_new_external(finder, VMO_ESCAPE_COMPLEX);
  switch (LLVMGetValueKind(constant)) {
  case LLVMFunctionValueKind: return vmo_ll_place_of_function(finder, vmo_ll_find_function(finder->program, constant));
  case LLVMGlobalVariableValueKind: return place_of_global(finder, constant);
  case LLVMGlobalAliasValueKind: return place_of_constant(finder, LLVMAliasGetAliasee(constant), nesting + 1);
  case LLVMConstantExprValueKind: return place_of_expression(finder, constant, nesting);
  case LLVMConstantStructValueKind:
  case LLVMConstantArrayValueKind:
  case LLVMConstantVectorValueKind: return join_operands(finder, constant, nesting, true);
  case LLVMConstantIntValueKind:
  case LLVMConstantFPValueKind:
  case LLVMConstantPointerNullValueKind:
  case LLVMUndefValueValueKind:
  case LLVMPoisonValueValueKind:
  case LLVMConstantAggregateZeroValueKind:
  case LLVMConstantDataArrayValueKind:
  case LLVMConstantDataVectorValueKind:
  case LLVMConstantTokenNoneValueKind:
  case LLVMMetadataAsValueValueKind:
  case LLVMBasicBlockValueKind:
  case LLVMBlockAddressValueKind: return VMO_LL_NOWHERE;
  default: return vmo_ll_new_external(finder, VMO_ESCAPE_COMPLEX);
  }
}

vmo_ll_place vmo_ll_place_of_constant(vmo_ll_finder *finder, LLVMValueRef constant) {
  return place_of_constant(finder, constant, 0);
}

vmo_bytes vmo_ll_constant_argument(const vmo_ll_instruction *call, uint32_t index) {
  if (index >= call->operand_count) return -1;
  LLVMValueRef value = LLVMGetOperand(call->ref, index);
  if (!LLVMIsAConstantInt(value) || LLVMGetIntTypeWidth(LLVMTypeOf(value)) > 64) return -1;
  unsigned long long number = LLVMConstIntGetZExtValue(value);
  return number < (unsigned long long)VMO_BYTES_LIMIT ? (vmo_bytes)number : -1;
}

/* ---- initial values ---- */

typedef struct part {
  LLVMValueRef value;
  int64_t offset;
} part;

typedef VMO_VEC(part) part_list;

static void push_part(vmo_ll_finder *finder, part_list *parts, LLVMValueRef value, int64_t offset) {
  if (!vmo_vec_push(finder->arena, parts, ((part){value, offset}))) finder->graph.out_of_memory = true;
}

static void push_members(vmo_ll_finder *finder, part_list *parts, part whole) {
  LLVMTypeRef type = LLVMTypeOf(whole.value);
  bool is_struct = LLVMGetTypeKind(type) == LLVMStructTypeKind;
  unsigned long long size = is_struct ? 0 : LLVMABISizeOfType(finder->program->layout, LLVMGetElementType(type));
  int count = LLVMGetNumOperands(whole.value);
  for (int i = 0; i < count; i++) {
    unsigned long long at =
        is_struct ? LLVMOffsetOfElement(finder->program->layout, type, (unsigned)i) : size * (unsigned)i;
    push_part(finder, parts, LLVMGetOperand(whole.value, (unsigned)i), whole.offset + (int64_t)at);
  }
}

static void read_parts(vmo_ll_finder *finder, vmo_ll_place global, LLVMValueRef value, part_list *parts) {
  parts->count = 0;
  push_part(finder, parts, value, 0);
  while (parts->count > 0 && !finder->graph.out_of_memory) {
    part one = parts->data[--parts->count];
    switch (LLVMGetValueKind(one.value)) {
    case LLVMConstantStructValueKind:
    case LLVMConstantArrayValueKind:
    case LLVMConstantVectorValueKind: push_members(finder, parts, one); break;
    default: {
      vmo_ll_place target = place_of_constant(finder, one.value, 0);
      if (target.node == VMO_NONE) break;
      vmo_ll_place at = {global.offset + one.offset, global.node};
      vmo_ll_unify(&finder->graph, vmo_ll_follow(&finder->graph, at, VMO_LL_POINTER_BYTES), target);
    }
    }
  }
}

void vmo_ll_read_globals(vmo_ll_finder *finder) {
  part_list parts = {0};
  while (finder->globals_read < finder->globals.count && !finder->graph.out_of_memory) {
    vmo_ll_global global = finder->globals.data[finder->globals_read++];
    LLVMValueRef value = LLVMGetInitializer(global.ref);
    if (value == NULL) continue;
    LLVMTypeRef type = LLVMTypeOf(value);
    if (LLVMGetTypeKind(type) == LLVMArrayTypeKind && LLVMGetValueKind(value) == LLVMConstantArrayValueKind &&
        LLVMGetArrayLength2(type) > MANY_ELEMENTS)
      vmo_ll_fold(&finder->graph, global.place, LLVMABISizeOfType(finder->program->layout, LLVMGetElementType(type)));
    read_parts(finder, global.place, value, &parts);
  }
}
