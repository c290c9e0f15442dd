/* heap_clones.c: small functions that make objects for several structures, so that each structure has a heap of its own.
 *
 *   define ptr @new_node()                      define ptr @new_node()         %p = call ptr @malloc(i64 24)   ; of @forest
 *     %p = call ptr @malloc(i64 24)        ->   define ptr @new_node.heap.1()  %q = call ptr @malloc(i64 24)   ; of @queue
 *   call ptr @new_node()  ; forest              call ptr @new_node()
 *   call ptr @new_node()  ; queue               call ptr @new_node.heap.1()
 *
 * A call whose results are all of one structure, as points-to information with contexts says, may mean a copy for that structure;
 * others go on to mean the function itself. Which function calls which is told by the sites' callers first, so that of a wrapper
 * around a wrapper the outer one is copied in one round, and the inner one in the next. A copy does what the function does:
 * nothing depends on the choice but where objects lie. C. Lattner and V. Adve, PLDI 2005, have pools as arguments instead. Each
 * round costs an analysis of the whole program; what is copied is limited. */
#include "llvm/heap_clones.h"

#include <stdio.h>
#include <string.h>

#include "llvm/libc.h"
#include "llvm/structures.h"

#define MOST_ROUNDS 3
#define MOST_INSTRUCTIONS 64 /* of a function that is copied */
#define MOST_COPIES 7        /* of one */
#define LEAST_ROOM 500       /* instructions that may be added, whatever the program has, */
#define SHARE_OF_ROOM 10     /* and the part of the program that may be */

typedef struct cloner {
  vmo_ll_program *program;
  const vmo_ll_structures *structures;
  vmo_heap_copies *facts;
  bool *makes;                      /* by function: it makes objects of several structures, or calls one that does */
  uint32_t *first_call, *next_call; /* by function, by instruction: its direct calls; VMO_NONE: no more */
  uint64_t room;
  bool more;
} cloner;

/* The structure that all objects are of, which a site makes or a call gives; VMO_NONE: there are several, or none. */
static uint32_t structure_of(const vmo_ll_structures *structures, uint32_t instruction) {
  uint32_t count = vmo_ll_node_count_of(structures, instruction);
  if (count == 0) return VMO_NONE;
  const uint32_t *nodes = vmo_ll_nodes_of(structures, instruction);
  uint32_t structure = structures->nodes.data[nodes[0]].structure;
  for (uint32_t k = 0; k < count; k++)
    if (structures->nodes.data[nodes[k]].structure != structure || structures->nodes.data[nodes[k]].external)
      return VMO_NONE;
  return structure;
}

/* ---- functions that make objects of several structures ---- */

static bool is_wrapped(const cloner *c, uint32_t instruction) {
  uint32_t callee = c->program->instructions.data[instruction].callee;
  if (callee == VMO_NONE) return false;
  if (!vmo_ll_is_defined(&c->program->functions.data[callee]))
    return vmo_libc_allocates(c->program->functions.data[callee].libc) &&
           vmo_ll_node_count_of(c->structures, instruction) > 1 && structure_of(c->structures, instruction) == VMO_NONE;
  return c->makes[callee] && structure_of(c->structures, instruction) == VMO_NONE;
}

static void find_makers(cloner *c) {
  for (int round = 0; round < MOST_ROUNDS; round++)
    for (uint32_t f = 0; f < c->program->functions.count; f++) {
      const vmo_ll_function *function = &c->program->functions.data[f];
      for (uint32_t i = function->first; i < function->first + function->count && !c->makes[f]; i++)
        c->makes[f] = is_wrapped(c, i);
    }
}

static void find_calls(cloner *c) {
  for (uint32_t f = 0; f < c->program->functions.count; f++) c->first_call[f] = VMO_NONE;
  for (uint32_t i = c->program->instructions.count; i-- > 0;) {
    uint32_t callee = c->program->instructions.data[i].callee;
    if (callee == VMO_NONE || !c->makes[callee]) continue;
    c->next_call[i] = c->first_call[callee];
    c->first_call[callee] = i;
  }
}

/* ---- copies ---- */

static bool has_plain_form(const cloner *c, const vmo_ll_function *function) {
  const vmo_ll_obstacles *o = &function->obstacles;
  if (o->setjmp || o->sanitized || o->coroutine || o->naked || o->exception || o->musttail) return false;
  if (function->variadic || !function->exact) return false;
  for (uint32_t i = function->first; i < function->first + function->count; i++) {
    uint8_t opcode = c->program->instructions.data[i].opcode;
    if (opcode == LLVMIndirectBr || opcode == LLVMCallBr) return false;
  }
  return true;
}

static bool calls_itself(const cloner *c, uint32_t id) {
  const vmo_ll_function *function = &c->program->functions.data[id];
  for (uint32_t i = function->first; i < function->first + function->count; i++)
    if (c->program->instructions.data[i].callee == id) return true;
  return false;
}

static vmo_heap_copy_refusal refuse(const cloner *c, uint32_t id) {
  const vmo_ll_function *function = &c->program->functions.data[id];
  if (function->count > MOST_INSTRUCTIONS) return VMO_HEAP_COPY_LARGE;
  if (calls_itself(c, id)) return VMO_HEAP_COPY_RECURSIVE;
  return has_plain_form(c, function) ? VMO_HEAP_COPY_NOT_REFUSED : VMO_HEAP_COPY_FORM;
}

/* A copy for the structure; NULL: memory is out. */
static LLVMValueRef make_copy(cloner *c, uint32_t function, vmo_heap_copy *fact) {
  char name[256];
  snprintf(name, sizeof name, "%.200s.heap.%u", c->program->functions.data[function].name, ++fact->copies);
  c->room -= c->program->functions.data[function].count;
  c->more = true;
  return vmo_ll_clone_function(c->program, function, name);
}

/* The first structure keeps the function, if nothing else calls it; each other one gets a copy while there is room. */
static vmo_status copy_for_calls(cloner *c, uint32_t id, vmo_heap_copy *fact) {
  struct {
    uint32_t structure;
    LLVMValueRef copy;
  } made[MOST_COPIES + 1];
  const vmo_ll_function *function = &c->program->functions.data[id];
  bool kept = function->address_taken;
  uint32_t count = 0;
  for (uint32_t i = c->first_call[id]; i != VMO_NONE; i = c->next_call[i])
    kept |= structure_of(c->structures, i) == VMO_NONE;
  for (uint32_t i = c->first_call[id]; i != VMO_NONE; i = c->next_call[i]) {
    LLVMValueRef call = c->program->instructions.data[i].ref;
    uint32_t structure = structure_of(c->structures, i), k = 0;
    if (structure == VMO_NONE) continue;
    while (k < count && made[k].structure != structure) k++;
    if (k == count) {
      bool itself = count == 0 && !kept;
      if (!itself && (count >= (kept ? MOST_COPIES : MOST_COPIES + 1u) || c->room < function->count)) {
        fact->refusal = VMO_HEAP_COPY_MANY;
        continue;
      }
      made[count].structure = structure;
      made[count].copy = itself ? function->ref : make_copy(c, id, fact);
      if (made[count++].copy == NULL) return VMO_OUT_OF_MEMORY;
    }
    LLVMSetOperand(call, (unsigned)LLVMGetNumOperands(call) - 1, made[k].copy);
  }
  return VMO_OK;
}

/* What is told of a function in several rounds is added up. */
static vmo_heap_copy *fact_of(cloner *c, const char *name) {
  for (uint32_t i = 0; i < c->facts->count; i++)
    if (strcmp(c->facts->data[i].function, name) == 0) return &c->facts->data[i];
  const vmo_heap_copy fact = {.function = name};
  return vmo_vec_push(c->program->context->arena, c->facts, fact) ? &c->facts->data[c->facts->count - 1] : NULL;
}

/* Whether calls are told apart, so that a copy would be of use. */
static bool has_choice(const cloner *c, uint32_t id) {
  uint32_t first = VMO_NONE, calls = 0, known = 0;
  bool differ = false;
  for (uint32_t i = c->first_call[id]; i != VMO_NONE; i = c->next_call[i]) {
    uint32_t structure = structure_of(c->structures, i);
    calls++;
    if (structure == VMO_NONE) continue;
    differ |= known++ > 0 && structure != first;
    first = structure;
  }
  return differ || (known > 0 && known < calls);
}

static vmo_status copy_all(cloner *c) {
  vmo_status status = VMO_OK;
  for (uint32_t f = 0; f < c->program->functions.count && status == VMO_OK; f++) {
    if (!c->makes[f] || !has_choice(c, f)) continue;
    vmo_heap_copy *fact = fact_of(c, c->program->functions.data[f].name);
    if (fact == NULL) return VMO_OUT_OF_MEMORY;
    fact->refusal = refuse(c, f);
    if (fact->refusal == VMO_HEAP_COPY_NOT_REFUSED) status = copy_for_calls(c, f, fact);
  }
  return status;
}

/* ---- all of it ---- */

/* Whether some function with an allocation is called from several places: else there is nothing to copy. */
static bool has_wrappers(const vmo_ll_program *program, uint32_t *calls) {
  for (uint32_t i = 0; i < program->instructions.count; i++)
    if (program->instructions.data[i].callee != VMO_NONE) calls[program->instructions.data[i].callee]++;
  for (uint32_t f = 0; f < program->functions.count; f++) {
    const vmo_ll_function *function = &program->functions.data[f];
    if (calls[f] < 2) continue;
    for (uint32_t i = function->first; i < function->first + function->count; i++) {
      uint32_t callee = program->instructions.data[i].callee;
      if (callee != VMO_NONE && vmo_libc_allocates(program->functions.data[callee].libc)) return true;
    }
  }
  return false;
}

static vmo_status run_round(vmo_ll_program *program, uint64_t *room, vmo_heap_copies *facts, bool *more) {
  vmo_ll_structures *structures;
  const vmo_ll_structure_options how = {.whole_program = true, .results = true};
  size_t functions = (size_t)program->functions.count + 1;
  cloner c = {.program = program, .facts = facts, .room = *room};
  uint32_t *calls = vmr_arena_alloc_array(program->arena, functions, sizeof *calls);
  c.makes = vmr_arena_alloc_array(program->arena, functions, sizeof *c.makes);
  c.first_call = vmr_arena_alloc_array(program->arena, functions, sizeof *c.first_call);
  c.next_call = vmr_arena_alloc_array(program->arena, (size_t)program->instructions.count + 1, sizeof *c.next_call);
  *more = false;
  if (calls == NULL || c.makes == NULL || c.first_call == NULL || c.next_call == NULL) return VMO_OUT_OF_MEMORY;
  if (!has_wrappers(program, calls)) return VMO_OK;
  vmo_status status = vmo_find_structures(program, &how, program->arena, &structures);
  if (status != VMO_OK) return status;
  c.structures = structures;
  find_makers(&c);
  find_calls(&c);
  status = copy_all(&c);
  *room = c.room;
  *more = c.more;
  return status;
}

vmo_status vmo_clone_wrappers(vmo_ll_program *program, const vmo_ll_options *options, vmo_heap_copies *facts) {
  uint64_t room = LEAST_ROOM + program->instructions.count / SHARE_OF_ROOM;
  bool more = options->whole_program && !program->replaces_malloc;
  vmo_status status = VMO_OK;
  for (int round = 0; round < MOST_ROUNDS && more && status == VMO_OK; round++) {
    status = run_round(program, &room, facts, &more);
    if (status != VMO_OK || !more) break;
    program->edited = true;
    status = vmo_verify_llvm(program);
    if (status == VMO_OK) status = vmo_read_arrays(program);
  }
  return status;
}
