/* structures.c: which heap objects of a whole program belong together.
 *
 * Data structure analysis (C. Lattner, "Macroscopic Data Structure Analysis and Optimization", 2005; C. Lattner, A.
 * Lenharth and V. Adve, PLDI 2007): pointers that may be equal are made one, so the program becomes a graph of nodes
 * (structures_graph.c). Twice:
 *
 *   without contexts   all functions in one graph. Calls through pointers are connected with the functions that the graph
 *                      says they may mean, until there are no more; so it is known who calls whom
 *   with contexts      callees first; each call gets a copy of what is known of its callee (structures_copy.c)
 *
 * Functions that code which is not seen may call get what is external. Almost linear in the program. */
#include "llvm/structures_find.h"

#include <string.h>

/* ---- the program into the graph ---- */

static void find_narrow(vmo_ll_finder *finder, uint32_t id) {
  const vmo_ll_function *function = &finder->program->functions.data[id];
  for (uint32_t i = 0; i < function->parameter_count; i++) {
    LLVMTypeRef type = LLVMTypeOf(LLVMGetParam(function->ref, i));
    LLVMTypeKind kind = LLVMGetTypeKind(type);
    bool small = kind == LLVMIntegerTypeKind && LLVMGetIntTypeWidth(type) < 64;
    finder->narrow[finder->value_first[id] + VMO_LL_FIRST_PARAMETER + i] =
        small || kind == LLVMFloatTypeKind || kind == LLVMHalfTypeKind || kind == LLVMMetadataTypeKind;
  }
}

static bool make_arrays(vmo_ll_finder *finder) {
  const vmo_ll_program *program = finder->program;
  uint32_t functions = program->functions.count, values = 0;
  finder->value_first = vmr_arena_alloc_array(finder->arena, (size_t)functions + 1, sizeof(uint32_t));
  finder->returned = vmr_arena_alloc_array(finder->arena, (size_t)functions + 1, sizeof(vmo_ll_place));
  finder->variadic = vmr_arena_alloc_array(finder->arena, (size_t)functions + 1, sizeof(vmo_ll_place));
  finder->functions = vmr_arena_alloc_array(finder->arena, (size_t)functions + 1, sizeof(vmo_ll_place));
  finder->made = vmr_arena_alloc_array(finder->arena, (size_t)program->instructions.count + 1, sizeof(uint32_t));
  finder->text = finder->thread_result = VMO_LL_NOWHERE;
  if (!finder->value_first || !finder->returned || !finder->variadic || !finder->functions || !finder->made)
    return false;
  for (uint32_t f = 0; f < functions; f++) {
    finder->value_first[f] = values;
    values += vmo_ll_value_count(&program->functions.data[f]);
    finder->variadic[f] = finder->functions[f] = VMO_LL_NOWHERE;
    finder->graph.owner = f;
    finder->returned[f] = vmo_ll_new_place(&finder->graph);
  }
  finder->values = vmr_arena_alloc_array(finder->arena, (size_t)values + 1, sizeof(vmo_ll_place));
  finder->kept = vmr_arena_alloc_array(finder->arena, (size_t)values + 1, sizeof *finder->kept);
  finder->wide = vmr_arena_alloc_array(finder->arena, (size_t)values + 1, sizeof(bool));
  finder->narrow = vmr_arena_alloc_array(finder->arena, (size_t)values + 1, sizeof(bool));
  if (!finder->values || !finder->kept || !finder->wide || !finder->narrow) return false;
  for (uint32_t f = 0; f < functions; f++) find_narrow(finder, f);
  for (uint32_t v = 0; v < values; v++) finder->values[v] = VMO_LL_NOWHERE;
  for (uint32_t i = 0; i < program->instructions.count; i++) finder->made[i] = VMO_NONE;
  return true;
}

bool vmo_ll_is_entered(const vmo_ll_finder *finder, uint32_t id) {
  const vmo_ll_function *function = &finder->program->functions.data[id];
  bool named = function->external && !finder->whole_program;
  return vmo_ll_is_defined(function) && (vmo_ll_is_main(function) || function->computed || named);
}

/* What is known of a place that may be called: it only grows. */
static uint32_t measure(vmo_ll_finder *finder, vmo_ll_place place) {
  if (place.node == VMO_NONE) return 0;
  const vmo_ll_graph_node *node = &finder->graph.nodes.data[vmo_ll_find_node(&finder->graph, place.node)];
  return 4 * node->function_count + 2 * ((node->flags & VMO_LL_EXTERNAL) != 0) + ((node->flags & VMO_LL_HIDDEN) != 0);
}

/* Connects what calls through pointers may mean by now, unless it was; true: there was more. */
static bool connect_some(vmo_ll_finder *finder, uint32_t *done) {
  bool more = false;
  for (uint32_t c = 0; c < finder->pointer_calls.count && !finder->graph.out_of_memory; c++) {
    uint32_t known = measure(finder, vmo_ll_place_called(finder, finder->pointer_calls.data[c]));
    if (known == done[c]) continue;
    done[c] = known;
    more = true;
    vmo_ll_read_pointer_call(finder, finder->pointer_calls.data[c]);
  }
  return more;
}

static bool expose_some(vmo_ll_finder *finder, uint8_t *exposed) {
  bool more = false;
  for (uint32_t f = 0; f < finder->program->functions.count; f++) {
    vmo_site_escape escape = vmo_ll_unknown_at(finder, finder->functions[f]);
    if (exposed[f] == escape || exposed[f] == VMO_ESCAPE_CALL) continue;
    exposed[f] = (uint8_t)escape;
    more = true;
    vmo_ll_expose_function(finder, f, escape);
  }
  return more;
}

static bool connect_pointer_calls(vmo_ll_finder *finder) {
  uint32_t *done = vmr_arena_alloc_array(finder->arena, (size_t)finder->pointer_calls.count + 1, sizeof *done);
  uint8_t *exposed = vmr_arena_alloc_array(finder->arena, (size_t)finder->program->functions.count + 1, 1);
  if (done == NULL || exposed == NULL) return false;
  for (bool more = true; more && !finder->graph.out_of_memory;) {
    more = connect_some(finder, done);
    vmo_ll_read_globals(finder);
    more |= expose_some(finder, exposed);
  }
  return true;
}

/* All functions in one graph: what is the same for all calls, and what pointers to functions may mean. */
static bool read_program(vmo_ll_finder *finder) {
  for (uint32_t f = 0; f < finder->program->functions.count && !finder->graph.out_of_memory; f++) {
    vmo_ll_find_uses(finder, f);
    vmo_ll_read_function(finder, f);
    vmo_ll_read_globals(finder);
    if (vmo_ll_is_entered(finder, f)) vmo_ll_expose_function(finder, f, VMO_ESCAPE_CALL);
  }
  return connect_pointer_calls(finder);
}

/* Callees first, so that each call has a copy of what is known of its callee. */
static void read_contexts(vmo_ll_finder *finder) {
  const vmo_ll_groups *groups = &finder->calls->groups;
  for (uint32_t g = 0; g < groups->group_count && !finder->graph.out_of_memory; g++) {
    for (uint32_t m = groups->group_first[g]; m < groups->group_first[g + 1]; m++) {
      if (!finder->calls->reached[groups->order[m]]) continue;
      vmo_ll_read_function(finder, groups->order[m]);
      vmo_ll_read_globals(finder);
      vmo_site_escape escape = (vmo_site_escape)finder->calls->entered[groups->order[m]];
      if (escape != VMO_ESCAPE_NONE) vmo_ll_expose_function(finder, groups->order[m], escape);
    }
    vmo_ll_mark_escaping(finder, g);
  }
}

/* ---- who frees ---- */

/* Globals of libc that lead to nothing that is called. */
static bool is_of_libc(LLVMValueRef global) {
  static const char *const names[] = {"environ", "optarg", "opterr", "optind", "optopt", "stderr", "stdin", "stdout"};
  size_t length;
  const char *name = LLVMGetValueName2(global, &length);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcmp(name, names[i]) == 0) return true;
  return false;
}

static bool declares_release(const vmo_ll_function *function) {
  const vmo_libc_row *row = function->libc;
  if (vmo_ll_is_defined(function) || vmo_ll_only_jumps(function)) return false;
  if (row == NULL) return !function->intrinsic;
  bool known = row == vmo_find_libc(function->name) && strchr(row->arguments, VMO_EFFECT_GROW) == NULL &&
               strchr(row->arguments, VMO_EFFECT_MEASURE) == NULL;
  bool seen = row->kind == VMO_LIBC_FREE || row->kind == VMO_LIBC_REALLOC;
  return !known || (strchr(row->arguments, VMO_EFFECT_FREE) != NULL && !seen);
}

static bool is_hidden_release(const vmo_ll_program *program, const vmo_ll_instruction *call) {
  if (!vmo_ll_is_call(call->opcode)) return false;
  if (call->callee == VMO_NONE) return LLVMIsAInlineAsm(LLVMGetCalledValue(call->ref)) && !vmo_ll_is_fence(call);
  const vmo_libc_row *row = program->functions.data[call->callee].libc;
  if (row == NULL || strchr(row->arguments, VMO_EFFECT_FREE) == NULL) return false;
  return call->opcode != LLVMCall || LLVMGetTailCallKind(call->ref) == LLVMTailCallKindMustTail;
}

bool vmo_ll_releases_elsewhere(const vmo_ll_program *program) {
  for (uint32_t f = 0; f < program->functions.count; f++)
    if (declares_release(&program->functions.data[f])) return true;
  for (uint32_t i = 0; i < program->instructions.count; i++)
    if (is_hidden_release(program, &program->instructions.data[i])) return true;
  for (LLVMValueRef g = LLVMGetFirstGlobal(program->module); g != NULL; g = LLVMGetNextGlobal(g))
    if (LLVMIsDeclaration(g) && !is_of_libc(g)) return true;
  return false;
}

/* ---- what is hidden ---- */

static bool is_hidden(vmo_ll_finder *finder, vmo_ll_place place) {
  if (place.node == VMO_NONE) return false;
  return (finder->graph.nodes.data[vmo_ll_find_node(&finder->graph, place.node)].flags & VMO_LL_HIDDEN) != 0;
}

static bool hides_local(vmo_ll_finder *finder, uint32_t id) {
  const vmo_ll_function *function = &finder->program->functions.data[id];
  for (uint32_t i = function->first; i < function->first + function->count; i++) {
    uint32_t value = vmo_ll_value_index(finder, id, vmo_ll_result_id(function, i));
    if (finder->program->instructions.data[i].opcode == LLVMAlloca && is_hidden(finder, finder->values[value]))
      return true;
  }
  return false;
}

/* Whether the address of something that may hold pointers is known as a number: where that becomes a pointer again, nothing
 * tells to what the pointer leads, nor what is stored there. */
static bool hides_any(vmo_ll_finder *finder) {
  const uint16_t both = VMO_LL_HIDDEN | VMO_LL_HAS_SITE;
  for (uint32_t n = 0; n < finder->graph.nodes.count; n++)
    if (finder->graph.nodes.data[n].parent == n && (finder->graph.nodes.data[n].flags & both) == both) return true;
  for (uint32_t g = 0; g < finder->globals.count; g++)
    if (!LLVMIsGlobalConstant(finder->globals.data[g].ref) && is_hidden(finder, finder->globals.data[g].place))
      return true;
  for (uint32_t f = 0; f < finder->program->functions.count; f++)
    if (hides_local(finder, f)) return true;
  return false;
}

/* ---- all of it ---- */

static vmo_status find_calls(vmo_ll_finder *finder, vmo_ll_calls *calls) {
  if (!make_arrays(finder) || !vmo_ll_find_texts(finder)) return VMO_OUT_OF_MEMORY;
  return !read_program(finder) || finder->graph.out_of_memory ? VMO_OUT_OF_MEMORY : vmo_ll_settle_calls(finder, calls);
}

static vmo_status find_contexts(vmo_ll_finder *finder, const vmo_ll_finder *without) {
  if (!make_arrays(finder)) return VMO_OUT_OF_MEMORY;
  finder->kept = without->kept;
  finder->wide = without->wide;
  finder->pointer_calls.data = without->pointer_calls.data;
  finder->pointer_calls.count = without->pointer_calls.count;
  if (vmo_ll_begin_copies(finder) != VMO_OK) return VMO_OUT_OF_MEMORY;
  read_contexts(finder);
  return finder->graph.out_of_memory ? VMO_OUT_OF_MEMORY : vmo_ll_settle_copies(finder);
}

/* The graph with contexts, and what is told of it; `again`: it is to be made once more, with all that is hidden known. */
static vmo_status read_structures(vmo_ll_finder finder, const vmo_ll_finder *without, vmr_arena *arena, bool *again,
                                  vmo_ll_structures **structures) {
  vmo_status status = VMO_OUT_OF_MEMORY;
  finder.arena = finder.graph.arena = vmr_arena_create(0);
  finder.hides_all = *again && finder.graph.hides;
  finder.gives_all = *again && !finder.graph.hides;
  if (finder.arena != NULL) status = find_contexts(&finder, without);
  *again = status == VMO_OK && !*again && hides_any(&finder);
  if (status == VMO_OK && !*again) status = vmo_ll_collect_structures(&finder, arena, structures);
  vmr_arena_destroy(finder.arena);
  return status;
}

vmo_status vmo_find_structures(vmo_ll_program *program, const vmo_ll_structure_options *options, vmr_arena *arena,
                               vmo_ll_structures **structures) {
  vmo_ll_calls calls = {0};
  bool again = false;
  vmo_ll_finder without = {.program = program,
                           .whole_program = options->whole_program,
                           .accesses = options->accesses,
                           .results = options->results,
                           .reads_addresses = vmo_ll_reads_addresses(program),
                           .arena = vmr_arena_create(0)};
  without.graph.hides = options->whole_program && !vmo_ll_releases_elsewhere(program);
  without.graph.arena = vmr_arena_create(0); /* dropped as soon as the calls are known */
  vmo_ll_finder finder = without;
  finder.calls = &calls;
  vmo_status status = VMO_OUT_OF_MEMORY;
  if (finder.arena != NULL && without.graph.arena != NULL) status = find_calls(&without, &calls);
  finder.texts = without.texts;
  vmr_arena_destroy(without.graph.arena);
  if (status == VMO_OK) status = read_structures(finder, &without, arena, &again, structures);
  if (status == VMO_OK && again) status = read_structures(finder, &without, arena, &again, structures);
  vmr_arena_destroy(without.arena);
  return status;
}
