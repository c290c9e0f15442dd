/* compile.c: a module of LLVM IR for a planned module of VMIR.
 *
 *   units      which functions are lowered under which plan: all as entries, those that are called as callees
 *   places     where each value's bytes are                                    places.c
 *   declare    an LLVM function each, so that calls find them                  lower.c
 *   lower      their bodies; then NAME_arenas, NAME_entry, NAME of each entry  lower.c, checks.c, entry.c, typed.c
 *   optimise   LLVM's verifier and passes                                      object.c
 *
 * When a plan for callees comes apart, its module is another one: sizes and types of the two are never mixed. Linear in the
 * program, LLVM's passes apart. */
#include "codegen/compile.h"

#include <stdlib.h>
#include <string.h>

#include <llvm-c/Analysis.h>
#include <llvm-c/IRReader.h>

#include "analysis/analysis.h"
#include "codegen/interface.h"

/* ---- what all of codegen/ uses ---- */

void vmo_emit_fail(vmo_emitter *e, vmo_status status) {
  if (e->status == VMO_OK) e->status = status;
}

void *vmo_emit_alloc(vmo_emitter *e, size_t count, size_t size) {
  void *memory = vmr_arena_alloc_array(e->arena, count, size);
  if (memory == NULL)
    vmo_emit_fail(e, VMO_OUT_OF_MEMORY);
  else
    memset(memory, 0, count * size);
  return memory;
}

const char *vmo_symbol_name(vmo_emitter *e, const vmo_function *function, const char *prefix, const char *suffix) {
  const char *name = vmo_name(e->module, function->name), *parts[3] = {prefix == NULL ? "" : prefix, name, suffix};
  size_t bytes = 1;
  for (int i = 0; i < 3; i++) bytes += strlen(parts[i]);
  char *text = vmo_emit_alloc(e, bytes, 1);
  for (int i = 0; text != NULL && i < 3; i++) strcat(text, parts[i]);
  return text;
}

LLVMAttributeRef vmo_make_attribute(const vmo_emitter *e, const char *name, uint64_t value) {
  return LLVMCreateEnumAttribute(e->llvm, LLVMGetEnumAttributeKindForName(name, strlen(name)), value);
}

/* ---- the call ---- */

LLVMTypeRef vmo_call_member_type(const vmo_emitter *e, vmo_call_member member) {
  return member < VMO_CALL_THREADS ? e->pointer : e->i32;
}

static LLVMValueRef call_member(vmo_emitter *e, LLVMBuilderRef builder, vmo_call_member member) {
  return LLVMBuildStructGEP2(builder, e->compilation->call_type, e->frame->call, member, "");
}

LLVMValueRef vmo_load_call_member(vmo_emitter *e, LLVMBuilderRef builder, vmo_call_member member) {
  return LLVMBuildLoad2(builder, vmo_call_member_type(e, member), call_member(e, builder, member), "");
}

void vmo_store_call_member(vmo_emitter *e, vmo_call_member member, LLVMValueRef value) {
  LLVMBuildStore(e->builder, value, call_member(e, e->builder, member));
}

/* ---- units ---- */

vmo_unit *vmo_callee_unit(vmo_compilation *compilation, vmo_function_id id) { return &compilation->callee_units[id]; }

static vmo_unit *make_units(vmo_compilation *c, vmo_module *module, bool is_entry) {
  vmo_unit *units = vmo_alloc_array(c->context, (size_t)module->functions.count + 1, sizeof *units);
  vmo_call_order *order;
  if (units == NULL || vmo_order_calls(module, &order) != VMO_OK) return NULL;
  for (uint32_t i = 0; i < module->functions.count; i++) {
    units[i] = (vmo_unit){.module = module, .id = i, .function = module->functions.data[i], .is_entry = is_entry};
    units[i].is_recursive = order->recursive[i];
  }
  return units;
}

/* Marks what is called, from one function on. Nothing recurses: each function is put on the list once. */
static bool want_callees(vmo_compilation *c, const vmo_function *caller, vmr_arena *arena) {
  VMO_VEC(const vmo_function *) todo = {0};
  if (!vmo_vec_push(arena, &todo, caller)) return false;
  while (todo.count > 0) {
    const vmo_function *function = todo.data[--todo.count];
    for (uint32_t i = 0; i < function->ops.count; i++) {
      if (function->ops.data[i].code != VMO_OP_call) continue;
      vmo_unit *callee = vmo_callee_unit(c, function->ops.data[i].callee);
      if (callee->is_wanted) continue;
      callee->is_wanted = true;
      if (!vmo_vec_push(arena, &todo, callee->function)) return false;
    }
  }
  return true;
}

static bool is_asked_for(const vmo_compilation *c, vmo_function_id id) {
  return c->options->only == NULL || c->options->only == c->module->functions.data[id];
}

static vmo_status make_all_units(vmo_compilation *c) {
  c->entry_units = make_units(c, c->module, true);
  c->callee_units = c->callees == c->module ? c->entry_units : make_units(c, c->callees, false);
  if (c->entry_units == NULL || c->callee_units == NULL) return VMO_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < c->module->functions.count; i++) c->entry_units[i].is_wanted = is_asked_for(c, i);
  for (uint32_t i = 0; i < c->module->functions.count; i++)
    if (is_asked_for(c, i) && !want_callees(c, c->module->functions.data[i], c->context->arena))
      return VMO_OUT_OF_MEMORY;
  return VMO_OK;
}

/* ---- the LLVM side ---- */

static void make_types(vmo_emitter *e) {
  e->i1 = LLVMInt1TypeInContext(e->llvm);
  e->i8 = LLVMInt8TypeInContext(e->llvm);
  e->i16 = LLVMInt16TypeInContext(e->llvm);
  e->i32 = LLVMInt32TypeInContext(e->llvm);
  e->i64 = LLVMInt64TypeInContext(e->llvm);
  e->f32 = LLVMFloatTypeInContext(e->llvm);
  e->f64 = LLVMDoubleTypeInContext(e->llvm);
  e->pointer = LLVMPointerTypeInContext(e->llvm, 0);
  e->nothing = LLVMVoidTypeInContext(e->llvm);
}

static void make_call_type(vmo_emitter *e) {
  LLVMTypeRef members[VMO_CALL_MEMBER_COUNT];
  for (int i = 0; i < VMO_CALL_MEMBER_COUNT; i++) members[i] = vmo_call_member_type(e, (vmo_call_member)i);
  e->compilation->call_type = LLVMStructTypeInContext(e->llvm, members, VMO_CALL_MEMBER_COUNT, false);
}

/* A distinct node without operands, which llvm-c has no function for. */
static bool make_access_group(vmo_compilation *c) {
  static const char text[] = "!group = !{!0}\n!0 = distinct !{}\n";
  LLVMMemoryBufferRef buffer = LLVMCreateMemoryBufferWithMemoryRangeCopy(text, sizeof text - 1, "group");
  LLVMModuleRef module = NULL;
  char *message = NULL;
  if (LLVMParseIRInContext(c->llvm, buffer, &module, &message)) { /* takes the buffer */
    LLVMDisposeMessage(message);
    return false;
  }
  LLVMGetNamedMetadataOperands(module, "group", &c->access_group);
  LLVMDisposeModule(module);
  return true;
}

static void set_target(vmo_compilation *c) {
  char *triple = LLVMGetTargetMachineTriple(c->machine);
  LLVMSetTarget(c->code, triple);
  LLVMDisposeMessage(triple);
  c->layout = LLVMCreateTargetDataLayout(c->machine);
  LLVMSetModuleDataLayout(c->code, c->layout);
}

static vmo_status open_llvm(vmo_compilation *c) {
  c->machine = vmo_make_machine(c->context, c->options);
  if (c->machine == NULL) return VMO_INPUT_ERROR;
  c->llvm = LLVMContextCreate();
  c->code = LLVMModuleCreateWithNameInContext("vmir", c->llvm);
  c->access_group_kind = LLVMGetMDKindIDInContext(c->llvm, "llvm.access.group", 17);
  c->loop_kind = LLVMGetMDKindIDInContext(c->llvm, "llvm.loop", 9);
  set_target(c);
  return make_access_group(c) ? VMO_OK : VMO_INTERNAL_ERROR;
}

static void close_llvm(vmo_compilation *c, bool keep) {
  if (c->layout != NULL) LLVMDisposeTargetData(c->layout);
  if (keep) return;
  if (c->code != NULL) LLVMDisposeModule(c->code);
  if (c->llvm != NULL) LLVMContextDispose(c->llvm);
  if (c->machine != NULL) LLVMDisposeTargetMachine(c->machine);
}

/* ---- what cannot be compiled ---- */

static void refuse_op(vmo_context *context, const vmo_op *op) {
  const char *name = vmo_op_get_info((vmo_opcode)op->code)->name;
  vmo_diagnostic *added =
      vmo_diag_add(context, VMO_DIAG_NO_CODE, op->location, "'%s' cannot be compiled: it has no kernel", name);
  vmo_diag_hint(context, added, "the reference engine runs it; or declare an op of your own in its place");
}

static bool has_kernel(const vmo_op *op) {
  if (op->code == VMO_OP_declared) return true;
  return vmo_op_get_info((vmo_opcode)op->code)->category == VMO_CATEGORY_CONTROL ||
         vmo_find_emit_kernel((vmo_opcode)op->code) != NULL;
}

static vmo_status check_kernels(const vmo_compilation *c) {
  bool fine = true;
  for (uint32_t f = 0; f < c->module->functions.count; f++) {
    const vmo_function *function = c->module->functions.data[f];
    if (!c->entry_units[f].is_wanted && !c->callee_units[f].is_wanted) continue;
    for (uint32_t i = 0; i < function->ops.count; i++) {
      const vmo_op *op = &function->ops.data[i];
      if (has_kernel(op)) continue;
      refuse_op(c->context, op);
      fine = false;
    }
  }
  return fine ? VMO_OK : VMO_INPUT_ERROR;
}

/* ---- emission ---- */

/* The least alignment that any value's bytes have, wherever they are: at most 8, which is all that an element needs. */
static uint32_t find_unit_alignment(const vmo_module *module) {
  uint64_t all = 8;
  for (uint32_t i = 0; i < module->types.count; i++)
    if (module->types.data[i].alignment != 0) all |= module->types.data[i].alignment;
  for (uint32_t f = 0; f < module->functions.count; f++) {
    const vmo_function *function = module->functions.data[f];
    all |= function->plan->alignment;
    for (uint32_t p = 0; p < function->parameters.count; p++)
      if (function->parameters.data[p].offset > 0) all |= (uint64_t)function->parameters.data[p].offset;
  }
  return (uint32_t)(all & (~all + 1));
}

typedef void (*unit_function)(vmo_emitter *e, vmo_unit *unit);

static void emit_exports(vmo_emitter *e, vmo_unit *unit) {
  if (!unit->is_entry) return;
  e->function = unit->function;
  e->plan = unit->function->plan;
  LLVMValueRef checks = vmo_emit_checks(e, unit);
  LLVMValueRef entry = e->status == VMO_OK ? vmo_emit_entry(e, unit, checks) : NULL;
  if (e->status == VMO_OK && e->options->typed) vmo_emit_typed(e, unit, checks, entry);
}

static void place_unit(vmo_emitter *e, vmo_unit *unit) {
  if (!vmo_find_places(unit, e->context->arena)) vmo_emit_fail(e, VMO_OUT_OF_MEMORY);
}

static void for_each_unit(vmo_emitter *e, unit_function work) {
  vmo_compilation *c = e->compilation;
  for (int kind = 0; kind < (c->callees == c->module ? 1 : 2); kind++) {
    vmo_unit *units = kind == 0 ? c->entry_units : c->callee_units;
    for (uint32_t i = 0; i < c->module->functions.count && e->status == VMO_OK; i++) {
      if (!units[i].is_wanted) continue;
      e->module = units[i].module;
      e->unit_alignment = find_unit_alignment(e->module);
      work(e, &units[i]);
      vmr_arena_reset(e->arena);
    }
  }
}

static vmo_status emit_module(vmo_compilation *c) {
  vmo_emitter e = {.context = c->context, .module = c->module, .options = c->options, .compilation = c};
  e.llvm = c->llvm;
  e.code = c->code;
  e.arena = vmr_arena_create(0);
  if (e.arena == NULL) return VMO_OUT_OF_MEMORY;
  e.builder = LLVMCreateBuilderInContext(c->llvm);
  make_types(&e);
  make_call_type(&e);
  for_each_unit(&e, place_unit);
  for_each_unit(&e, vmo_declare_unit);
  for_each_unit(&e, vmo_lower_unit);
  for_each_unit(&e, emit_exports);
  LLVMDisposeBuilder(e.builder);
  vmr_arena_destroy(e.arena);
  return e.status;
}

/* LLVM's own checker: what it finds is our fault. */
static vmo_status verify(vmo_compilation *c) {
  char *message = NULL;
  bool broken = LLVMVerifyModule(c->code, LLVMReturnStatusAction, &message);
  if (broken) vmo_diag_add(c->context, VMO_DIAG_INTERNAL, (vmo_location){0}, "LLVM refuses the code: %.500s", message);
  LLVMDisposeMessage(message);
  return broken ? VMO_INTERNAL_ERROR : VMO_OK;
}

/* ---- the whole ---- */

static vmo_status compile(vmo_compilation *c) {
  vmo_status status = make_all_units(c);
  if (status == VMO_OK) status = check_kernels(c);
  if (status == VMO_OK && c->options->typed) status = vmo_check_c_names(c->module, c->options->prefix);
  if (status == VMO_OK) status = open_llvm(c);
  if (status == VMO_OK) status = emit_module(c);
  if (status == VMO_OK) status = verify(c);
  return status == VMO_OK ? vmo_optimise_code(c) : status;
}

static bool calls_blas(const vmo_compilation *c) {
  static const char *const names[] = {"cblas_sgemm", "cblas_dgemm"};
  bool found = false;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    LLVMValueRef function = LLVMGetNamedFunction(c->code, names[i]);
    found = found || (function != NULL && LLVMGetFirstUse(function) != NULL);
  }
  return found;
}

static vmo_function_id only_entry(const vmo_compilation *c) {
  for (uint32_t i = 0; c->options->only != NULL && i < c->module->functions.count; i++)
    if (is_asked_for(c, i)) return i;
  return VMO_NONE;
}

static vmo_code *make_code(const vmo_compilation *c) {
  const char *prefix = c->options->prefix == NULL ? "" : c->options->prefix;
  vmo_code *made = malloc(sizeof *made + strlen(prefix) + 1);
  if (made == NULL) return NULL;
  *made = (vmo_code){c->llvm, c->code, c->machine, calls_blas(c), c->options->typed, only_entry(c)};
  memcpy(made->prefix, prefix, strlen(prefix) + 1);
  return made;
}

vmo_status vmo_compile_module(vmo_module *module, const vmo_code_options *options, vmo_code **code) {
  vmo_compilation c = {.context = module->context, .options = options, .module = module};
  c.callees = options->callees == NULL ? module : options->callees;
  *code = NULL;
  vmo_status status = compile(&c);
  vmo_code *made = status == VMO_OK ? make_code(&c) : NULL;
  close_llvm(&c, made != NULL);
  if (made == NULL) return status == VMO_OK ? VMO_OUT_OF_MEMORY : status;
  *code = made;
  return VMO_OK;
}

bool vmo_code_needs_blas(const vmo_code *code) { return code->blas; }

void vmo_destroy_code(vmo_code *code) {
  if (code == NULL) return;
  LLVMDisposeModule(code->code);
  LLVMContextDispose(code->llvm);
  LLVMDisposeTargetMachine(code->machine);
  free(code);
}
