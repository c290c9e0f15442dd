/* solve.c: the sets of points_to.c of one function, until nothing changes.
 *
 * Instructions are interpreted in rounds, in program order. The first round interprets all of them, later ones only those
 * that read something that has grown since they were last interpreted: `clock` counts interpretations, and each value and
 * object knows when it grew.
 *
 *   an instruction      when it was interpreted last
 *   its operands        when their sets grew
 *   a load              when cells of what its address may mean grew, or it was captured
 *   a call              the same, of all that can be reached from its arguments and of what it makes
 *
 * A store need not be interpreted again when its object is captured: what stands there is captured with it.
 * The answer is that of interpreting everything in each round. A round costs a look at each operand, and rounds are few,
 * since sets are narrow; beyond MAX_ROUNDS the function is given up as a whole. When nothing grows any more, a pointer from
 * memory or a call that was found to point nowhere is taken to point outside, and rounds go on. A last round writes down
 * the releases and writes. */
#include "llvm/points_to.h"

#define MAX_ROUNDS 60

/* ---- bytes of pointers in narrower values ---- */

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

/* Whether bits of an operand are told, if those of the result are. */
static bool tells_operand(const vmo_ll_points_to *p, const vmo_ll_instruction *instruction, uint32_t i) {
  uint32_t result = vmo_ll_result_id(p->function, (uint32_t)(instruction - p->program->instructions.data));
  if (vmo_ll_may_be_digit(p->program, instruction, i)) return true;
  switch ((int)instruction->opcode) {
  case LLVMAShr:
  case LLVMUDiv:
  case LLVMSDiv:
  case LLVMURem:
  case LLVMSRem: return p->told[result] || p->kept[result];
  default: return vmo_ll_moves_bits(instruction->opcode) && p->told[result];
  }
}

static bool note(bool *known, bool more) {
  bool is_new = more && !*known;
  *known |= more;
  return is_new;
}

static void find_kept(vmo_ll_points_to *p) {
  const vmo_ll_function *function = p->function;
  for (bool changed = true; changed;) {
    changed = false;
    for (uint32_t i = function->first + function->count; i-- > function->first;) {
      const vmo_ll_instruction *instruction = &p->program->instructions.data[i];
      for (uint32_t k = 0; k < instruction->operand_count; k++) {
        uint32_t value = p->program->operands.data[instruction->operand_first + k];
        changed |= note(&p->kept[value], !p->kept[value] && keeps_operand(p, instruction, k));
        changed |= note(&p->told[value], !p->told[value] && tells_operand(p, instruction, k));
      }
    }
  }
}

/* ---- objects ---- */

static bool add_object(vmo_ll_points_to *p, vmo_ll_object object) {
  object.cells = object.last_cell = object.escape_at = VMO_NONE;
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

/* ---- whose turn it is ---- */

static const vmo_ll_instruction *instruction_at(const vmo_ll_points_to *p, uint32_t i) {
  return &p->program->instructions.data[i];
}

static bool operands_grew(const vmo_ll_points_to *p, const vmo_ll_instruction *instruction, uint32_t since) {
  const uint32_t *operands = &p->program->operands.data[instruction->operand_first];
  for (uint32_t k = 0; k < instruction->operand_count; k++)
    if (p->grew[operands[k]] >= since) return true;
  return false;
}

/* Whether what stands in the objects of a set is not what stood there. */
static bool contents_grew(const vmo_ll_points_to *p, const vmo_ll_set *set, uint32_t since) {
  for (uint32_t i = 0; i < set->count; i++)
    if (p->objects.data[set->data[i].object].grew >= since) return true;
  return false;
}

/* The same of all that a call's arguments lead to, and of what it makes. */
static bool reached_grew(vmo_ll_points_to *p, const vmo_ll_instruction *call, uint32_t i, uint32_t since) {
  for (uint32_t o = p->made[i - p->function->first]; o < p->objects.count && p->objects.data[o].instruction == i; o++)
    if (p->objects.data[o].grew >= since) return true;
  for (uint32_t k = 0; k < call->operand_count; k++)
    if (contents_grew(p, vmo_ll_operand_set(p, call, k), since)) return true;
  vmo_ll_set *reached = &p->place_sets[0];
  reached->count = 0;
  vmo_ll_begin_reached(p);
  for (uint32_t k = 0; k < call->operand_count; k++) {
    uint32_t known = reached->count;
    vmo_ll_add_further_reached(p, vmo_ll_operand_set(p, call, k), reached);
    for (; known < reached->count; known++)
      if (p->objects.data[reached->data[known].object].grew >= since) return true;
  }
  return false;
}

static bool is_due(vmo_ll_points_to *p, const vmo_ll_instruction *instruction, uint32_t i) {
  uint32_t since = p->interpreted[i - p->function->first];
  if (since == 0 || operands_grew(p, instruction, since)) return true;
  if (p->memory_grew < since) return false;
  switch ((int)instruction->opcode) {
  case LLVMLoad: return contents_grew(p, vmo_ll_operand_set(p, instruction, 0), since);
  case LLVMAtomicRMW:
  case LLVMAtomicCmpXchg: return contents_grew(p, vmo_ll_operand_set(p, instruction, 0), since);
  case LLVMCall:
  case LLVMInvoke:
  case LLVMCallBr: return reached_grew(p, instruction, i, since);
  default: return false;
  }
}

/* ---- rounds ---- */

static void interpret_one(vmo_ll_points_to *p, const vmo_ll_instruction *instruction, uint32_t i) {
  p->interpreted[i - p->function->first] = ++p->clock;
  p->met_nothing = false;
  vmo_ll_interpret(p, instruction, vmo_ll_result_id(p->function, i));
  p->idle[i - p->function->first] = p->met_nothing;
}

static void capture_contents(vmo_ll_points_to *p) {
  if (p->memory_grew < p->contents_captured) return;
  p->contents_captured = ++p->clock;
  vmo_ll_capture_contents(p);
}

static void run_round(vmo_ll_points_to *p) {
  const vmo_ll_function *function = p->function;
  for (uint32_t i = function->first; i < function->first + function->count; i++) {
    const vmo_ll_instruction *instruction = instruction_at(p, i);
    uint32_t id = vmo_ll_result_id(function, i);
    p->at = i;
    p->result = &p->values[id];
    if (is_due(p, instruction, i)) interpret_one(p, instruction, i);
    if (p->strict) vmo_ll_widen_unknown(p, instruction, id);
    if (p->result_grew) p->grew[id] = p->clock;
    p->result_grew = false;
  }
  p->result = NULL;
  capture_contents(p);
}

static void give_up(vmo_ll_points_to *p) {
  p->at = VMO_NONE;
  for (uint32_t o = 1; o < p->objects.count; o++) vmo_ll_capture(p, o, VMO_ESCAPE_COMPLEX);
}

static void run_rounds(vmo_ll_points_to *p) {
  uint32_t rounds = 0;
  do {
    p->changed = false;
    run_round(p);
  } while (p->changed && !p->out_of_memory && ++rounds < MAX_ROUNDS);
  if (p->changed) give_up(p);
}

/* Whether an instruction is more than a matter of values. */
static bool touches_memory(const vmo_ll_instruction *instruction) {
  switch ((int)instruction->opcode) {
  case LLVMLoad:
  case LLVMStore:
  case LLVMAtomicRMW:
  case LLVMAtomicCmpXchg:
  case LLVMFence: return true;
  default: return vmo_ll_is_call(instruction->opcode);
  }
}

/* What points nowhere points outside from now on: to those that write there, that is new. */
static void be_strict(vmo_ll_points_to *p) {
  p->strict = true;
  for (uint32_t i = 0; i < p->function->count; i++)
    if (p->idle[i]) p->interpreted[i] = 0;
}

/* Nothing grows any more: releases and writes are written down. */
static void collect(vmo_ll_points_to *p) {
  p->collecting = true;
  for (uint32_t i = p->function->first; i < p->function->first + p->function->count; i++) {
    p->at = i;
    if (touches_memory(instruction_at(p, i))) interpret_one(p, instruction_at(p, i), i);
  }
}

/* ---- the solution ---- */

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
  p->told = vmr_arena_alloc_array(p->arena, values, sizeof *p->told);
  p->made = vmr_arena_alloc_array(p->arena, (size_t)p->function->count + 1, sizeof *p->made);
  p->interpreted = vmr_arena_alloc_array(p->arena, (size_t)p->function->count + 1, sizeof *p->interpreted);
  p->idle = vmr_arena_alloc_array(p->arena, (size_t)p->function->count + 1, sizeof *p->idle);
  p->grew = vmr_arena_alloc_array(p->arena, values, sizeof *p->grew);
  p->assumptions = vmr_arena_alloc_array(p->arena, (size_t)p->function->parameter_count + 1, sizeof *p->assumptions);
  if (!p->values || !p->kept || !p->told || !p->made || !p->interpreted || !p->idle || !p->grew || !p->assumptions)
    return VMO_OUT_OF_MEMORY;
  if (!make_room_for_calls(p) || !add_parameters(p) || !add_made(p)) return VMO_OUT_OF_MEMORY;
  find_kept(p);
  return VMO_OK;
}

static vmo_status solve(vmo_ll_program *program, uint32_t function, const vmo_ll_summary *summaries,
                        const uint32_t *group, bool assuming, vmr_arena *arena, vmo_ll_points_to **result) {
  vmo_ll_points_to *p = vmr_arena_alloc_array(arena, 1, sizeof *p);
  if (p == NULL) return VMO_OUT_OF_MEMORY;
  *p = (vmo_ll_points_to){.program = program,
                          .function = &program->functions.data[function],
                          .function_id = function,
                          .summaries = summaries,
                          .group = group,
                          .assuming = assuming,
                          .arena = arena};
  if (begin(p) != VMO_OK) return VMO_OUT_OF_MEMORY;
  run_rounds(p);
  be_strict(p);
  run_rounds(p);
  collect(p);
  classify(p);
  *result = p;
  return p->out_of_memory ? VMO_OUT_OF_MEMORY : VMO_OK;
}

vmo_status vmo_solve_points_to(vmo_ll_program *program, uint32_t function, const vmo_ll_summary *summaries,
                               const uint32_t *group, vmr_arena *arena, vmo_ll_points_to **result) {
  return solve(program, function, summaries, group, false, arena, result);
}

vmo_status vmo_solve_assuming(vmo_ll_program *program, uint32_t function, const vmo_ll_summary *summaries,
                              const uint32_t *group, vmr_arena *arena, vmo_ll_points_to **result) {
  return solve(program, function, summaries, group, true, arena, result);
}
