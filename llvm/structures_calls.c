/* structures_calls.c: what calls say about where pointers point.
 *
 * A function of the table does what its row says (structures_library.c). Parameters and results of functions of the program are made one with
 * arguments and results of the call. Any other code gets all that it is handed over, may keep it and free it. */
#include <string.h>

#include "llvm/structures_find.h"

#define POINTER_BYTES 8

/* ---- what is promised of alignment ---- */

/* What the program promises to be aligned is taken to be so (__builtin_assume_aligned). */
static void read_assumption(vmo_ll_finder *finder, const vmo_ll_instruction *call) {
  for (unsigned i = 0; i < LLVMGetNumOperandBundles(call->ref); i++) {
    LLVMOperandBundleRef bundle = LLVMGetOperandBundleAtIndex(call->ref, i);
    size_t length;
    const char *tag = LLVMGetOperandBundleTag(bundle, &length);
    bool aligned = length == strlen("align") && memcmp(tag, "align", length) == 0;
    if (aligned && LLVMGetNumOperandBundleArgs(bundle) > 1) {
      LLVMValueRef pointer = LLVMGetOperandBundleArgAtIndex(bundle, 0);
      LLVMValueRef number = LLVMGetOperandBundleArgAtIndex(bundle, 1);
      bool local = LLVMIsAInstruction(pointer) || LLVMIsAArgument(pointer);
      uint32_t value = local ? vmo_ll_find_value(finder->program, pointer) : VMO_NONE;
      unsigned long long bytes = LLVMIsAConstantInt(number) ? LLVMConstIntGetZExtValue(number) : 16;
      vmo_ll_place place = value == VMO_NONE ? VMO_LL_NOWHERE : vmo_ll_place_of(finder, finder->function, value);
      if (bytes > POINTER_BYTES) vmo_ll_need_alignment(&finder->graph, place, bytes < 4096 ? (uint32_t)bytes : 4096);
    }
    LLVMDisposeOperandBundle(bundle);
  }
}

/* A function may promise to align what it returns (assume_aligned). */
static void read_promise(vmo_ll_finder *finder, const vmo_ll_instruction *call) {
  unsigned kind = LLVMGetEnumAttributeKindForName("align", strlen("align"));
  LLVMAttributeIndex result = LLVMAttributeReturnIndex;
  LLVMAttributeRef promise = LLVMGetCallSiteEnumAttribute(call->ref, result, kind);
  if (promise == NULL && call->callee != VMO_NONE)
    promise = LLVMGetEnumAttributeAtIndex(finder->program->functions.data[call->callee].ref, result, kind);
  uint64_t bytes = promise == NULL ? 0 : LLVMGetEnumAttributeValue(promise);
  if (bytes <= POINTER_BYTES || !vmo_ll_has_result(finder, call)) return;
  vmo_ll_need_alignment(&finder->graph, vmo_ll_place_of(finder, finder->function, vmo_ll_result_of(finder, call)),
                        bytes < 4096 ? (uint32_t)bytes : 4096);
}

/* ---- variable arguments ---- */

static vmo_ll_place place_of_variadic(vmo_ll_finder *finder, uint32_t function) {
  vmo_ll_place *place = &finder->variadic[function];
  if (place->node == VMO_NONE) *place = vmo_ll_new_place(&finder->graph);
  return *place;
}

/* Whether a va_list is two offsets of 4 bytes and the addresses of two areas (System V ABI, AMD64, section 3.5.7). */
static bool has_list_of_areas(const vmo_ll_finder *finder) {
  const char *machine = LLVMGetTarget(finder->program->module);
  return LLVMGetFunctionCallConv(finder->program->functions.data[finder->function].ref) == LLVMCCallConv &&
         strncmp(machine, "x86_64-", 7) == 0 && strstr(machine, "linux") != NULL && strstr(machine, "x32") == NULL;
}

/* A va_list points to areas all of whose words may be any further argument; elsewhere, so may its own words be. */
static void start_variadic(vmo_ll_finder *finder) {
  vmo_ll_place list = vmo_ll_argument(finder, 0), area = vmo_ll_new_place(&finder->graph);
  bool areas = has_list_of_areas(finder);
  vmo_ll_fold(&finder->graph, area, POINTER_BYTES);
  if (!areas) vmo_ll_fold(&finder->graph, list, POINTER_BYTES);
  for (int64_t at = areas ? 8 : 0; at <= (areas ? 16 : 0); at += POINTER_BYTES) {
    vmo_ll_place word = {list.offset + at, list.node};
    vmo_ll_unify(&finder->graph, vmo_ll_follow(&finder->graph, word, POINTER_BYTES), area);
  }
  vmo_ll_unify(&finder->graph, vmo_ll_follow(&finder->graph, area, POINTER_BYTES),
               place_of_variadic(finder, finder->function));
}

static bool read_list_intrinsic(vmo_ll_finder *finder, const vmo_ll_function *callee) {
  if (strncmp(callee->name, "llvm.va_start", 13) == 0) {
    start_variadic(finder);
  } else if (strncmp(callee->name, "llvm.va_copy", 12) == 0) {
    vmo_ll_unify_contents(&finder->graph, vmo_ll_argument(finder, 0), vmo_ll_argument(finder, 1));
  } else {
    return false;
  }
  return true;
}

/* ---- functions of the program ---- */

bool vmo_ll_is_known(const vmo_ll_finder *finder, const vmo_ll_function *function) {
  return vmo_ll_is_defined(function) && (function->exact || finder->whole_program);
}

static void connect_arguments(vmo_ll_finder *finder, uint32_t callee_id, const vmo_ll_place *arguments,
                              uint32_t count) {
  const vmo_ll_function *callee = &finder->program->functions.data[callee_id];
  for (uint32_t i = 0; i < count; i++) {
    if (arguments[i].node == VMO_NONE) continue;
    vmo_ll_place parameter = i < callee->parameter_count
                                 ? vmo_ll_place_of(finder, callee_id, VMO_LL_FIRST_PARAMETER + i)
                             : callee->variadic ? place_of_variadic(finder, callee_id)
                                                : VMO_LL_NOWHERE;
    vmo_ll_unify(&finder->graph, parameter, arguments[i]);
  }
}

/* `result`: the value that gets what is returned; VMO_NONE: none. */
static void connect(vmo_ll_finder *finder, uint32_t callee, const vmo_ll_place *arguments, uint32_t count,
                    uint32_t result) {
  if (finder->calls != NULL && finder->calls->groups.group[callee] != finder->calls->groups.group[finder->function]) {
    vmo_ll_call_copy(finder, callee, arguments, count, result);
    return;
  }
  connect_arguments(finder, callee, arguments, count);
  if (result != VMO_NONE) vmo_ll_flow(finder, result, finder->returned[callee]);
}

static void expose_places(vmo_ll_finder *finder, const vmo_ll_place *places, uint32_t count, vmo_site_escape escape) {
  for (uint32_t i = 0; i < count; i++) vmo_ll_expose(&finder->graph, places[i], escape, finder->at);
}

/* The functions that a call through a pointer may mean: those of the place, or what is known of the call. */
typedef struct callees {
  uint32_t link, at, end;
  const uint32_t *targets; /* NULL: by links */
} callees;

static callees find_callees(vmo_ll_finder *finder, uint32_t call, vmo_ll_place place) {
  if (finder->calls != NULL) {
    uint32_t number = vmo_ll_pointer_call_number(finder, call);
    return (callees){VMO_NONE, finder->calls->pointer_first[number], finder->calls->pointer_first[number + 1],
                     finder->calls->pointer_targets};
  }
  if (place.node == VMO_NONE) return (callees){VMO_NONE, 0, 0, NULL};
  return (callees){finder->graph.nodes.data[vmo_ll_find_node(&finder->graph, place.node)].function_first, 0, 0, NULL};
}

static uint32_t next_callee(const vmo_ll_finder *finder, callees *list) {
  if (list->targets != NULL) return list->at < list->end ? list->targets[list->at++] : VMO_NONE;
  if (list->link == VMO_NONE) return VMO_NONE;
  const vmo_ll_link *link = &finder->graph.links.data[list->link];
  list->link = link->next;
  return link->to;
}

/* How the arguments of a call through a pointer escape: to code that is not seen, to a function whose address was a
 * number, or not at all. */
static vmo_site_escape may_be_unknown(vmo_ll_finder *finder, uint32_t call, vmo_ll_place place) {
  if (finder->calls == NULL) return vmo_ll_unknown_at(finder, place);
  return (vmo_site_escape)finder->calls->pointer_unknown[vmo_ll_pointer_call_number(finder, call)];
}

void vmo_ll_call_back(vmo_ll_finder *finder, vmo_ll_place place, const vmo_ll_place *arguments, uint32_t count) {
  uint32_t call = finder->at;
  callees list = find_callees(finder, call, place);
  for (uint32_t function; (function = next_callee(finder, &list)) != VMO_NONE;) {
    if (vmo_ll_is_known(finder, &finder->program->functions.data[function])) {
      connect(finder, function, arguments, count, VMO_NONE);
    } else {
      expose_places(finder, arguments, count, VMO_ESCAPE_CALL);
    }
  }
  vmo_site_escape escape = may_be_unknown(finder, call, place);
  if (escape != VMO_ESCAPE_NONE) expose_places(finder, arguments, count, escape);
}

/* ---- threads ---- */

/* One place for what a library keeps for the program: the same for all. */
vmo_ll_place vmo_ll_place_kept(vmo_ll_finder *finder, vmo_ll_place *kept) {
  if (kept->node == VMO_NONE) *kept = vmo_ll_new_place(&finder->graph);
  vmo_ll_mark_place(&finder->graph, *kept, VMO_LL_SHARED);
  return *kept;
}

static bool is_declared_as(const vmo_ll_function *function, const char *name, uint32_t parameters) {
  return !vmo_ll_is_defined(function) && function->parameter_count == parameters && strcmp(function->name, name) == 0;
}

bool vmo_ll_starts_thread(const vmo_ll_function *function) { return is_declared_as(function, "pthread_create", 4); }

/* What a thread gets, and what it returns, outlives any function that is active now. */
static void read_thread(vmo_ll_finder *finder) {
  vmo_ll_place result = vmo_ll_place_kept(finder, &finder->thread_result), start = vmo_ll_argument(finder, 2),
               handed = vmo_ll_argument(finder, 3);
  vmo_ll_mark_place(&finder->graph, handed, VMO_LL_SHARED);
  callees list = find_callees(finder, finder->at, start);
  for (uint32_t function; (function = next_callee(finder, &list)) != VMO_NONE;) {
    if (!vmo_ll_is_known(finder, &finder->program->functions.data[function])) continue;
    vmo_ll_mark_place(&finder->graph, finder->returned[function], VMO_LL_SHARED);
    vmo_ll_unify(&finder->graph, result, finder->returned[function]);
  }
  vmo_ll_call_back(finder, start, &handed, 1); /* a copy has what is shared by now: a thread may return what it got */
  if (may_be_unknown(finder, finder->at, start) != VMO_ESCAPE_NONE)
    vmo_ll_expose(&finder->graph, result, VMO_ESCAPE_CALL, finder->at);
}

static bool read_thread_call(vmo_ll_finder *finder, const vmo_ll_function *callee) {
  if (vmo_ll_starts_thread(callee)) {
    read_thread(finder);
  } else if (is_declared_as(callee, "pthread_join", 2)) {
    vmo_ll_place place = vmo_ll_follow(&finder->graph, vmo_ll_argument(finder, 1), POINTER_BYTES);
    vmo_ll_unify(&finder->graph, place, vmo_ll_place_kept(finder, &finder->thread_result));
  } else if (is_declared_as(callee, "pthread_exit", 1)) {
    vmo_ll_unify(&finder->graph, vmo_ll_argument(finder, 0), vmo_ll_place_kept(finder, &finder->thread_result));
  } else {
    return false;
  }
  return true;
}

/* Which argument of a library function is a function that it calls; VMO_NONE: none that is followed. */
static uint32_t called_argument(const vmo_ll_function *callee) {
  if (vmo_ll_starts_thread(callee)) return 2;
  if (callee->libc == NULL || !vmo_ll_compares(callee->libc)) return VMO_NONE;
  return strcmp(callee->libc->name, "bsearch") == 0 ? 4 : 3;
}

/* ---- code that is not seen ---- */

static void expose_all(vmo_ll_finder *finder, const vmo_ll_instruction *call, vmo_site_escape escape) {
  expose_places(finder, finder->arguments.data, finder->arguments.count, escape);
  if (vmo_ll_has_result(finder, call)) vmo_ll_flow_result(finder, call, vmo_ll_new_external(finder, escape));
}

static bool holds_pointers(LLVMTypeRef type) {
  LLVMTypeKind kind = LLVMGetTypeKind(type);
  if (kind == LLVMStructTypeKind) { /* a number and whether it is too large */
    for (unsigned i = 0; i < LLVMCountStructElementTypes(type); i++)
      if (LLVMGetTypeKind(LLVMStructGetTypeAtIndex(type, i)) != LLVMIntegerTypeKind) return true;
    return false;
  }
  if (kind == LLVMVectorTypeKind || kind == LLVMScalableVectorTypeKind)
    kind = LLVMGetTypeKind(LLVMGetElementType(type));
  return kind == LLVMPointerTypeKind || kind == LLVMArrayTypeKind;
}

/* Intrinsics of numbers give what is made of their arguments' bits; those of pointers are not understood. */
static void read_intrinsic(vmo_ll_finder *finder, const vmo_ll_instruction *call) {
  bool pointers = holds_pointers(LLVMTypeOf(call->ref)), result = vmo_ll_has_result(finder, call);
  if (vmo_ll_is_arithmetic(&finder->program->functions.data[call->callee])) return;
  for (uint32_t i = 0; i < call->operand_count; i++)
    pointers |= holds_pointers(LLVMTypeOf(LLVMGetOperand(call->ref, i)));
  if (pointers) {
    expose_all(finder, call, VMO_ESCAPE_CALL);
    return;
  }
  for (uint32_t i = 0; i < call->operand_count && (result || !call->wide); i++) {
    vmo_ll_flow_result(finder, call, vmo_ll_argument(finder, i));
    vmo_ll_fold(&finder->graph, vmo_ll_argument(finder, i), 1);
    if (!result) vmo_ll_expose(&finder->graph, vmo_ll_argument(finder, i), VMO_ESCAPE_INTEGER, finder->at);
  }
}

/* One of the addresses in a table of distances. */
static void read_relative(vmo_ll_finder *finder, const vmo_ll_instruction *call) {
  vmo_ll_fold(&finder->graph, vmo_ll_argument(finder, 0), 1);
  vmo_ll_place any = vmo_ll_follow_part(&finder->graph, vmo_ll_argument(finder, 0), 4);
  vmo_ll_fold(&finder->graph, any, 1);
  vmo_ll_flow_result(finder, call, any);
}

bool vmo_ll_only_jumps(const vmo_ll_function *function) {
  return !vmo_ll_is_defined(function) && vmo_libc_jumps(function->name);
}

static void call_function(vmo_ll_finder *finder, const vmo_ll_instruction *call, uint32_t id, bool through_pointer) {
  const vmo_ll_function *callee = &finder->program->functions.data[id];
  const vmo_libc_row *row = callee->libc;
  bool strange = row != NULL && ((through_pointer && vmo_ll_compares(row)) || vmo_find_libc(callee->name) != row);
  if (read_list_intrinsic(finder, callee)) return;
  if (strcmp(callee->name, "llvm.assume") == 0) read_assumption(finder, call);
  if (strncmp(callee->name, "llvm.threadlocal.address", 24) == 0) {
    vmo_ll_flow_result(finder, call, vmo_ll_argument(finder, 0));
  } else if (strncmp(callee->name, "llvm.load.relative", 18) == 0) {
    read_relative(finder, call);
  } else if (!through_pointer && read_thread_call(finder, callee)) {
    return;
  } else if (strange) { /* an allocator of another library; what calls back, when it is not known what */
    expose_all(finder, call, VMO_ESCAPE_CALL);
  } else if (row != NULL) {
    vmo_ll_read_row(finder, call, row, through_pointer);
  } else if (vmo_ll_is_known(finder, callee)) {
    if (finder->texts[id] != VMO_NONE) vmo_ll_read_print(finder, call, finder->texts[id]);
    connect(finder, id, finder->arguments.data, finder->arguments.count, vmo_ll_result_of(finder, call));
  } else if (callee->intrinsic) {
    read_intrinsic(finder, call);
  } else if (!vmo_ll_only_jumps(callee)) {
    expose_all(finder, call, VMO_ESCAPE_CALL);
  }
}

/* ---- calls ---- */

/* An object that is handed over by its bytes, behind the parameters, is as many arguments as it has words. */
static vmo_ll_place place_of_argument(vmo_ll_finder *finder, const vmo_ll_instruction *call, uint32_t index) {
  vmo_ll_place place = vmo_ll_place_of_operand(finder, call, index);
  if (index < LLVMCountParamTypes(LLVMGetCalledFunctionType(call->ref))) return place;
  unsigned kind = LLVMGetEnumAttributeKindForName("byval", strlen("byval"));
  LLVMAttributeRef bytes = LLVMGetCallSiteEnumAttribute(call->ref, index + 1, kind);
  if (bytes == NULL) return place;
  unsigned long long size = LLVMABISizeOfType(finder->program->layout, LLVMGetTypeAttributeValue(bytes));
  return vmo_ll_follow(&finder->graph, place, size < (unsigned long long)VMO_BYTES_LIMIT ? (int64_t)size : -1);
}

static void read_arguments(vmo_ll_finder *finder, const vmo_ll_instruction *call) {
  finder->arguments.count = 0;
  for (uint32_t i = 0; i < call->operand_count; i++)
    if (!vmo_vec_push(finder->arena, &finder->arguments, place_of_argument(finder, call, i)))
      finder->graph.out_of_memory = true;
}

/* A call through a pointer, whose arguments were read. */
static void call_through_pointer(vmo_ll_finder *finder, uint32_t id, vmo_ll_place place) {
  const vmo_ll_instruction *call = &finder->program->instructions.data[id];
  callees list = find_callees(finder, id, place);
  for (uint32_t function; (function = next_callee(finder, &list)) != VMO_NONE;)
    call_function(finder, call, function, true);
  vmo_site_escape escape = may_be_unknown(finder, id, place);
  if (escape != VMO_ESCAPE_NONE) expose_all(finder, call, escape);
}

void vmo_ll_read_call(vmo_ll_finder *finder, const vmo_ll_instruction *call) {
  read_arguments(finder, call);
  read_promise(finder, call);
  if (call->callee != VMO_NONE) {
    call_function(finder, call, call->callee, false);
    if (called_argument(&finder->program->functions.data[call->callee]) == VMO_NONE) return;
  } else if (LLVMIsAInlineAsm(LLVMGetCalledValue(call->ref))) {
    if (vmo_ll_is_fence(call)) return;
    expose_all(finder, call, VMO_ESCAPE_ASSEMBLY);
    return;
  } else if (finder->calls != NULL) {
    call_through_pointer(finder, finder->at, VMO_LL_NOWHERE);
    return;
  }
  if (finder->calls == NULL && !vmo_vec_push(finder->arena, &finder->pointer_calls, finder->at))
    finder->graph.out_of_memory = true;
}

vmo_ll_place vmo_ll_place_called(vmo_ll_finder *finder, uint32_t id) {
  const vmo_ll_instruction *call = &finder->program->instructions.data[id];
  finder->function = vmo_ll_function_of(finder->program, id);
  if (call->callee != VMO_NONE) /* it calls what it was handed */
    return vmo_ll_place_of_operand(finder, call, called_argument(&finder->program->functions.data[call->callee]));
  LLVMValueRef callee = LLVMGetCalledValue(call->ref);
  bool local = LLVMIsAInstruction(callee) || LLVMIsAArgument(callee);
  uint32_t value = local ? vmo_ll_find_value(finder->program, callee) : VMO_NONE;
  return value == VMO_NONE ? vmo_ll_place_of_constant(finder, callee)
                           : vmo_ll_place_of(finder, finder->function, value);
}

void vmo_ll_read_pointer_call(vmo_ll_finder *finder, uint32_t id) {
  const vmo_ll_instruction *call = &finder->program->instructions.data[id];
  vmo_ll_place place = vmo_ll_place_called(finder, id);
  finder->at = id;
  read_arguments(finder, call);
  if (call->callee != VMO_NONE) {
    call_function(finder, call, call->callee, false);
  } else {
    call_through_pointer(finder, id, place);
  }
}

void vmo_ll_expose_function(vmo_ll_finder *finder, uint32_t id, vmo_site_escape escape) {
  const vmo_ll_function *function = &finder->program->functions.data[id];
  finder->at = VMO_NONE;
  if (vmo_ll_is_main(function) && !function->address_taken) { /* nobody else wants what it is handed */
    for (uint32_t i = 0; i < function->parameter_count; i++)
      vmo_ll_mark_place(&finder->graph, vmo_ll_place_of(finder, id, VMO_LL_FIRST_PARAMETER + i), VMO_LL_SHARED);
    return;
  }
  for (uint32_t i = 0; i < function->parameter_count; i++)
    vmo_ll_expose(&finder->graph, vmo_ll_place_of(finder, id, VMO_LL_FIRST_PARAMETER + i), escape, VMO_NONE);
  vmo_ll_expose(&finder->graph, finder->returned[id], escape == VMO_ESCAPE_CALL ? VMO_ESCAPE_RETURNED : escape,
                VMO_NONE);
  if (function->variadic) vmo_ll_expose(&finder->graph, place_of_variadic(finder, id), escape, VMO_NONE);
}
