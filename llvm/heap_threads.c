/* heap_threads.c: which threads may execute what a program does with its heap objects.
 *
 *   main ──> parse ──> malloc, free          main's thread alone: a heap for these objects needs no lock
 *     └─ pthread_create(.., work, ..)
 *   work ──> reply ──> malloc                the threads that the program starts: apart from what is main's
 *   both ──> copy ──> malloc                 any
 *
 * Main's thread executes main, constructors, and whatever these call as far as calls are seen (llvm/structures.h); what begins in
 * pthread_create does not belong to it. All others execute, and main's may, too:
 *   - what pthread_create is handed, resolved by the same graph as pointers that are called;
 *   - what code that is not seen may call: of thrd_create, std::thread, OpenMP, pthread_key_create, pthread_atfork, sigaction;
 *   - handlers of atexit and signal, and destructors: exit runs them in the thread that calls it, a signal comes to any;
 *   - what the attribute `used` keeps for what is not seen, and what stands in a section of its own;
 *   - what has an address and no call that is seen leads to from main: somebody may call it, and nothing tells in which thread.
 * How many threads have one start routine is not asked: they are never taken for one. A child of fork goes on in the function, and so
 * with the set, of who forked. Linear in the calls. */
#include "llvm/heap_threads.h"

#include <string.h>

#include "llvm/structures_find.h"

typedef struct search {
  const vmo_ll_program *program;
  const vmo_ll_structures *structures;
  uint8_t *functions; /* by function: who may execute it */
  vmo_ll_ids list;    /* functions that the set being spread has reached */
} search;

/* ---- whether there are several ---- */

static bool makes_threads(const vmo_ll_function *function) {
  static const char *const makers[] = {"pthread_create", "thrd_create", "clone", "__clone", "clone3"};
  for (size_t i = 0; i < sizeof makers / sizeof *makers; i++)
    if (strcmp(function->name, makers[i]) == 0) return true;
  return false;
}

/* Threads begin in functions whose addresses somebody else has: without a function of the program that unknown code may call,
 * there is one thread in the program's own code. */
static const char *find_maker(const vmo_ll_program *program, bool whole) {
  const char *stranger = NULL;
  bool called_back = false;
  for (uint32_t f = 0; f < program->functions.count; f++) {
    const vmo_ll_function *function = &program->functions.data[f];
    if (!vmo_ll_is_defined(function) && makes_threads(function)) return function->name;
    bool known =
        vmo_ll_is_defined(function) || function->intrinsic || function->libc != NULL || vmo_libc_jumps(function->name);
    if (!known && stranger == NULL) stranger = function->name;
    called_back |= vmo_ll_is_defined(function) && function->address_taken;
    if (whole || !vmo_ll_is_defined(function) || !function->external || strcmp(function->name, "main") == 0) continue;
    called_back = true; /* by its name */
    stranger = function->name;
  }
  return called_back ? stranger : NULL;
}

/* ---- who begins where ---- */

/* Out of memory is false, here and below. */
static bool reach(search *s, uint32_t function, uint8_t who) {
  if ((s->functions[function] & who) != 0) return true;
  s->functions[function] |= who;
  return vmo_vec_push(s->program->arena, &s->list, function);
}

/* All functions of the program that a constant holds the addresses of, other variables apart. */
static bool reach_constant(search *s, LLVMValueRef constant, uint8_t who) {
  VMO_VEC(LLVMValueRef) left = {0};
  if (!vmo_vec_push(s->program->arena, &left, constant)) return false;
  while (left.count > 0) {
    LLVMValueRef each = left.data[--left.count];
    if (LLVMIsAConstant(each) == NULL) continue; /* a block, whose address is taken */
    uint32_t function = LLVMIsAFunction(each) ? vmo_ll_find_function(s->program, each) : VMO_NONE;
    if (function != VMO_NONE && !reach(s, function, who)) return false;
    if (LLVMIsAGlobalValue(each) != NULL && LLVMIsAGlobalAlias(each) == NULL) continue;
    for (int i = 0; i < LLVMGetNumOperands(each); i++)
      if (!vmo_vec_push(s->program->arena, &left, LLVMGetOperand(each, (unsigned)i))) return false;
  }
  return true;
}

/* Constructors run before main, in its thread; destructors in the one that calls exit. What has a section of its own, or must be kept
 * for what is not seen in the module (the attribute `used`: for assembly), somebody may call anywhere. */
static bool is_table_of(LLVMValueRef global, uint8_t who) {
  static const char *const others[] = {"llvm.global_dtors", "llvm.used", "llvm.compiler.used"};
  size_t length;
  const char *section = LLVMGetSection(global), *name = LLVMGetValueName2(global, &length);
  if (who == VMO_LL_MAIN_THREAD) return strcmp(name, "llvm.global_ctors") == 0;
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    if (strcmp(name, others[i]) == 0) return true;
  return section != NULL && *section != '\0' && strncmp(name, "llvm.", strlen("llvm.")) != 0;
}

static bool reach_tables(search *s, uint8_t who) {
  for (LLVMValueRef g = LLVMGetFirstGlobal(s->program->module); g != NULL; g = LLVMGetNextGlobal(g))
    if (LLVMGetInitializer(g) != NULL && is_table_of(g, who) && !reach_constant(s, LLVMGetInitializer(g), who))
      return false;
  return true;
}

static bool reach_addresses_taken(search *s, uint8_t who) {
  for (uint32_t f = 0; f < s->program->functions.count; f++)
    if (s->program->functions.data[f].address_taken && !reach(s, f, who)) return false;
  return true;
}

/* Of the table, atexit and signal, which keep what they are handed; what sorts calls it at once, and its calls are seen. */
static bool keeps_handler(const vmo_libc_row *row) {
  return row != NULL && vmo_libc_calls_back(row) && !vmo_ll_compares(row);
}

/* SIG_DFL, SIG_IGN. */
static bool is_number(LLVMValueRef handler) {
  if (LLVMIsAConstantPointerNull(handler)) return true;
  return LLVMIsAConstantExpr(handler) && LLVMGetConstOpcode(handler) == LLVMIntToPtr;
}

/* A handler that is not a constant is any function that has an address. */
static bool reach_handler(search *s, LLVMValueRef handler, uint8_t who) {
  uint32_t function = LLVMIsAFunction(handler) ? vmo_ll_find_function(s->program, handler) : VMO_NONE;
  if (function != VMO_NONE) return reach(s, function, who);
  return is_number(handler) || reach_addresses_taken(s, who);
}

static bool reach_handlers(search *s, uint8_t who) {
  for (uint32_t f = 0; f < s->program->functions.count;
       f++) { /* called through a pointer, it is handed what is not looked for */
    const vmo_ll_function *function = &s->program->functions.data[f];
    if (function->address_taken && keeps_handler(function->libc) && !reach_addresses_taken(s, who)) return false;
  }
  for (uint32_t i = 0; i < s->program->instructions.count; i++) {
    const vmo_ll_instruction *call = &s->program->instructions.data[i];
    const vmo_libc_row *row = call->callee == VMO_NONE ? NULL : s->program->functions.data[call->callee].libc;
    for (uint32_t k = 0; keeps_handler(row) && k < call->operand_count; k++)
      if (vmo_libc_effect_of(row, k) == VMO_EFFECT_CALLED && !reach_handler(s, LLVMGetOperand(call->ref, k), who))
        return false;
  }
  return true;
}

static bool starts_thread(const search *s, uint32_t instruction) {
  uint32_t callee = s->program->instructions.data[instruction].callee;
  return callee != VMO_NONE && vmo_ll_starts_thread(&s->program->functions.data[callee]);
}

static bool reach_start_routines(search *s, uint8_t who) {
  const vmo_ll_structures *structures = s->structures;
  for (uint32_t i = 0; i < s->program->instructions.count; i++) {
    if (!starts_thread(s, i)) continue;
    for (uint32_t c = structures->callee_first[i]; c < structures->callee_first[i + 1]; c++)
      if (structures->callees.data[c] != VMO_NONE && !reach(s, structures->callees.data[c], who)) return false;
  }
  return true;
}

/* Main is among them because the system calls it, unless its address went somewhere. */
static bool reach_entered(search *s, uint8_t who) {
  for (uint32_t i = 0; i < s->structures->entered.count; i++) {
    uint32_t function = s->structures->entered.data[i];
    const vmo_ll_function *of = &s->program->functions.data[function];
    if ((!vmo_ll_is_main(of) || of->address_taken) && !reach(s, function, who)) return false;
  }
  return true;
}

/* ---- what they call ---- */

/* What the functions in the list call, but for what begins in another thread. */
static bool spread(search *s, uint8_t who) {
  const vmo_ll_structures *structures = s->structures;
  for (uint32_t n = 0; n < s->list.count; n++) {
    const vmo_ll_function *function = &s->program->functions.data[s->list.data[n]];
    for (uint32_t i = function->first; i < function->first + function->count; i++) {
      if (starts_thread(s, i)) continue;
      for (uint32_t c = structures->callee_first[i]; c < structures->callee_first[i + 1]; c++)
        if (structures->callees.data[c] != VMO_NONE && !reach(s, structures->callees.data[c], who)) return false;
    }
  }
  s->list.count = 0;
  return true;
}

/* Code that is not seen may call what it can enter in any thread: it is in both sets, whoever calls that code. */
static bool find_mains(search *s) {
  for (uint32_t f = 0; f < s->program->functions.count; f++)
    if (vmo_ll_is_main(&s->program->functions.data[f]) && !reach(s, f, VMO_LL_MAIN_THREAD)) return false;
  return reach_tables(s, VMO_LL_MAIN_THREAD) && spread(s, VMO_LL_MAIN_THREAD);
}

static bool find_others(search *s) {
  const uint8_t who = VMO_LL_OTHER_THREADS;
  for (uint32_t f = 0; f < s->program->functions.count; f++)
    if (s->program->functions.data[f].address_taken && s->functions[f] == 0 && !reach(s, f, who)) return false;
  return reach_start_routines(s, who) && reach_entered(s, who) && reach_handlers(s, who) && reach_tables(s, who) &&
         spread(s, who);
}

static bool find_entered(search *s) {
  return reach_entered(s, VMO_LL_MAIN_THREAD) && reach_handlers(s, VMO_LL_MAIN_THREAD) && spread(s, VMO_LL_MAIN_THREAD);
}

/* ---- what is told ---- */

/* Who executes the calls that make, free and move objects. */
static void find_nodes(const vmo_ll_program *program, const vmo_ll_structures *structures,
                       vmo_ll_heap_threads *threads) {
  for (uint32_t f = 0; f < program->functions.count; f++) {
    const vmo_ll_function *function = &program->functions.data[f];
    for (uint32_t i = function->first; i < function->first + function->count; i++)
      for (uint32_t k = 0; k < vmo_ll_node_count_of(structures, i); k++)
        threads->nodes[vmo_ll_nodes_of(structures, i)[k]] |= threads->functions[f];
  }
  for (uint32_t n = 0; n < structures->nodes.count; n++) /* any call of free or realloc may get it */
    if (structures->nodes.data[n].hidden) threads->nodes[n] = VMO_LL_MAIN_THREAD | VMO_LL_OTHER_THREADS;
}

vmo_status vmo_ll_find_heap_threads(const vmo_ll_program *program, const vmo_ll_structures *structures, bool whole,
                                    vmo_ll_heap_threads *threads) {
  search s = {.program = program, .structures = structures};
  threads->because = find_maker(program, whole);
  threads->functions = vmr_arena_alloc_array(program->arena, (size_t)program->functions.count + 1, sizeof(uint8_t));
  threads->nodes = vmr_arena_alloc_array(program->arena, (size_t)structures->nodes.count + 1, sizeof(uint8_t));
  if (threads->functions == NULL || threads->nodes == NULL) return VMO_OUT_OF_MEMORY;
  if (threads->because == NULL) return VMO_OK;
  s.functions = threads->functions;
  if (!find_mains(&s) || !find_others(&s) || !find_entered(&s)) return VMO_OUT_OF_MEMORY;
  find_nodes(program, structures, threads);
  return VMO_OK;
}

vmo_heap_threads vmo_ll_threads_of_site(const vmo_ll_structures *structures, const vmo_ll_heap_threads *threads,
                                        uint32_t function, uint32_t site) {
  if (threads->because == NULL) return VMO_HEAP_ONE_THREAD;
  if (threads->functions[function] == VMO_LL_OTHER_THREADS) return VMO_HEAP_OTHER_THREADS;
  for (uint32_t k = 0; k < vmo_ll_node_count_of(structures, site); k++)
    if (threads->nodes[vmo_ll_nodes_of(structures, site)[k]] != VMO_LL_MAIN_THREAD) return VMO_HEAP_ANY_THREAD;
  return threads->functions[function] == VMO_LL_MAIN_THREAD ? VMO_HEAP_MAIN_THREAD : VMO_HEAP_ANY_THREAD;
}
