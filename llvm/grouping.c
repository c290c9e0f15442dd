/* grouping.c: the one heuristic that says which sites share a heap, and every reason why a site has none.
 *
 * Objects that point to each other are built and walked together, so they lie together: C. Lattner and V. Adve, "Automatic
 * Pool Allocation: Improving Performance by Controlling Data Structure Layout in the Heap", PLDI 2005, have a pool for each
 * node of a structure; here all nodes of a structure that live alike have one heap, since a list apart from its elements was
 * measured 1.6 times slower than together. What is never freed bumps; what is freed has lists. Structures that
 * nothing connects stay apart, so that walking one does not drag the others through the cache, but for objects that are
 * allocated once each, which would take a page for themselves. A profile tells which structures are too little for a heap.
 *
 * Linear in the program, but for sorting the structures' nodes. */
#include "llvm/grouping.h"

#include <string.h>

#include "llvm/heap_threads.h"
#include "llvm/plan.h"

#define MOST_HEAPS 128 /* before structures that are found share one */

/* The heaps of one structure; VMO_NONE: none yet. */
typedef struct structure_heaps {
  uint32_t bump, lists;
} structure_heaps;

/* Those that are of no structure stand behind them, one of each for each vmo_heap_threads. */
typedef enum common_heaps {
  COMMON_WRAPPED, /* objects that belong to several structures */
  COMMON_ARRAYS,
  COMMON_CROWD,
  COMMON_FEW,  /* of structures that are too little for a heap, as a profile tells */
  COMMON_LONE, /* objects that are large and few, as it tells */
  COMMON_COUNT
} common_heaps;

#define COMMON_HEAPS ((size_t)COMMON_COUNT * VMO_HEAP_THREADS_COUNT)

typedef struct grouping {
  vmo_ll_program *program;
  const vmo_ll_structures *structures;
  vmo_ll_heap_plan *plan;
  vmo_heap_facts *facts;
  vmo_ll_heap_threads threads;
  bool whole;                     /* other code names none of the program's functions and variables */
  vmo_heap_refusal refusal;       /* of the whole program */
  bool hides;                     /* some object that has a heap is hidden: all calls that free know heaps */
  uint32_t *blocked;              /* by node: a call that frees or moves its objects and stays; VMO_NONE: none */
  bool *served;                   /* by node: some site of it has a heap */
  structure_heaps *heaps;         /* by structure; then common_heaps */
  vmo_ll_heap_weight *weights[2]; /* the same, of what is never freed, and of the rest; NULL: there is no profile */
  uint32_t *same;                 /* by structure: that whose heap for what is never freed it has; NULL: its own */
  uint32_t *members;              /* by structure: nodes */
} grouping;

static const vmo_libc_row *row_of(const vmo_ll_program *program, const vmo_ll_instruction *call) {
  return call->callee == VMO_NONE ? NULL : program->functions.data[call->callee].libc;
}

/* ---- refusals ---- */

static bool is_supported(const vmo_libc_row *row) {
  switch (row->kind) {
  case VMO_LIBC_MALLOC:
  case VMO_LIBC_CALLOC:
  case VMO_LIBC_REALLOC: return true;
  case VMO_LIBC_ALIGNED: return true;
  case VMO_LIBC_COPIED: return strstr(row->name, "strdup") != NULL || strstr(row->name, "strndup") != NULL;
  default: return false;
  }
}

/* Whether it is a call that frees or moves, and one that knows of heaps can take its place. */
static bool is_release(const vmo_libc_row *row) {
  return row != NULL && (row->kind == VMO_LIBC_FREE || row->kind == VMO_LIBC_REALLOC);
}

static bool has_plain_form(const vmo_ll_instruction *call) {
  return call->opcode == LLVMCall && LLVMGetTailCallKind(call->ref) != LLVMTailCallKindMustTail;
}

/* What libc makes of an alignment that is no power of two differs from version to version. */
static bool has_plain_alignment(const vmo_ll_instruction *call, const vmo_libc_row *row) {
  if (row->kind != VMO_LIBC_ALIGNED) return true;
  LLVMValueRef alignment = LLVMIsAConstantInt(LLVMGetOperand(call->ref, 0));
  unsigned long long value = alignment != NULL ? LLVMConstIntGetZExtValue(alignment) : 0;
  return value != 0 && (value & (value - 1)) == 0;
}

/* Calls that free or move objects, and that no call of the runtime's takes the place of: their objects stay with malloc. */
static void block_nodes(grouping *g) {
  for (uint32_t i = 0; i < g->program->instructions.count; i++) {
    const vmo_ll_instruction *call = &g->program->instructions.data[i];
    const vmo_libc_row *row = row_of(g->program, call);
    if (row == NULL || strchr(row->arguments, VMO_EFFECT_FREE) == NULL) continue;
    if (is_release(row) && has_plain_form(call)) continue;
    for (uint32_t k = 0; k < vmo_ll_node_count_of(g->structures, i); k++)
      g->blocked[vmo_ll_nodes_of(g->structures, i)[k]] = i;
  }
}

static const vmo_ll_structure_node *node_of_site(const grouping *g, uint32_t site, uint32_t k) {
  return &g->structures->nodes.data[vmo_ll_nodes_of(g->structures, site)[k]];
}

/* Whether it is other modules, of which nothing says that there are none, that may know the objects: by a variable, or by what they
 * hand to functions of this one and get from them, which is no call here. */
static vmo_heap_refusal refuse_external(const grouping *g, const vmo_ll_structure_node *node) {
  bool handed = node->escape == VMO_ESCAPE_CALL && node->escape_at == VMO_NONE;
  bool named = node->external && (node->escape == VMO_ESCAPE_GLOBAL || node->escape == VMO_ESCAPE_ARGUMENT ||
                                  node->escape == VMO_ESCAPE_RETURNED || handed);
  return named && !g->whole ? VMO_HEAP_PART : VMO_HEAP_EXTERNAL;
}

static vmo_heap_refusal refuse_nodes(const grouping *g, uint32_t site, vmo_heap_site *fact) {
  uint32_t count = vmo_ll_node_count_of(g->structures, site);
  if (count == 0) return VMO_HEAP_UNKNOWN;
  for (uint32_t k = 0; k < count; k++) {
    uint32_t at = g->blocked[vmo_ll_nodes_of(g->structures, site)[k]];
    const vmo_ll_structure_node *node = node_of_site(g, site, k);
    if (node->external) {
      at = node->escape_at;
      fact->because = vmo_escape_sentence(node->escape);
    }
    if (!node->external && at == VMO_NONE) continue;
    if (at == VMO_NONE) return refuse_external(g, node);
    const vmo_ll_instruction *by = &g->program->instructions.data[at];
    fact->because_place = vmo_find_source_place(g->program->context, by->ref);
    if (by->callee != VMO_NONE) fact->because_to = g->program->functions.data[by->callee].name;
    return refuse_external(g, node);
  }
  return VMO_HEAP_NOT_REFUSED;
}

static vmo_heap_refusal refuse(const grouping *g, const vmo_ll_function *function, uint32_t site,
                               const vmo_libc_row *row, vmo_heap_site *fact) {
  if (g->refusal != VMO_HEAP_NOT_REFUSED) return g->refusal;
  if (!is_supported(row)) return VMO_HEAP_ALLOCATOR;
  const vmo_ll_instruction *call = &g->program->instructions.data[site];
  if (!has_plain_form(call) || !has_plain_alignment(call, row)) return VMO_HEAP_FORM;
  if (function->obstacles.sanitized) return VMO_HEAP_SANITIZED;
  return refuse_nodes(g, site, fact);
}

/* ---- heaps ---- */

static uint32_t add_heap(grouping *g, vmo_heap_kind kind, vmo_heap_bond bond) {
  vmo_heap_fact heap = {.kind = kind, .bond = bond, .alignment = 8, .object_bytes = -1};
  if (!vmo_vec_push(g->program->context->arena, &g->facts->heaps, heap)) return VMO_NONE;
  return g->facts->heaps.count - 1;
}

/* The structure that all objects of a site are part of; VMO_NONE: there are several. */
static uint32_t structure_of(const grouping *g, uint32_t site) {
  uint32_t structure = node_of_site(g, site, 0)->structure;
  for (uint32_t k = 1; k < vmo_ll_node_count_of(g->structures, site); k++)
    if (node_of_site(g, site, k)->structure != structure) return VMO_NONE;
  return structure;
}

static bool is_ever_freed(const grouping *g, uint32_t site, const vmo_libc_row *row) {
  bool freed = row->kind == VMO_LIBC_REALLOC;
  for (uint32_t k = 0; k < vmo_ll_node_count_of(g->structures, site); k++) {
    const vmo_ll_structure_node *node = node_of_site(g, site, k);
    freed |= node->freed || node->moved || node->freed_by_pointer || node->hidden;
  }
  return freed;
}

/* A heap is for one thread only if all that is done with its objects is: then it needs no lock, and its variable is not one for each
 * thread. All of it: calls that allocate, and the frees and reallocs that may get an object of it, are in the lists of its sites' nodes;
 * nothing else touches its lists. What hands it out beyond these, to code that is not seen or as a number, stays with malloc or is
 * for any thread. The function that drops it calls, by ways that were followed, who allocates from it: so it is main's, too. */
static void join_threads(const grouping *g, vmo_heap_fact *heap, vmo_heap_threads threads) {
  heap->threads = heap->site_count == 0 || heap->threads == threads ? threads : VMO_HEAP_ANY_THREAD;
  heap->shared = g->facts->shared && heap->threads != VMO_HEAP_MAIN_THREAD;
}

static void join_heap(grouping *g, vmo_heap_fact *heap, const vmo_heap_site *fact, uint32_t site) {
  heap->object_bytes = heap->site_count == 0 || heap->object_bytes == fact->bytes ? fact->bytes : -1;
  join_threads(g, heap, fact->threads);
  if (heap->site_count++ > 0 && heap->bond == VMO_HEAP_ALONE) heap->bond = VMO_HEAP_CONNECTED;
  for (uint32_t k = 0; k < vmo_ll_node_count_of(g->structures, site); k++) {
    if (node_of_site(g, site, k)->alignment > 8) heap->alignment = 16;
    g->served[vmo_ll_nodes_of(g->structures, site)[k]] = true;
    g->hides |= node_of_site(g, site, k)->hidden;
  }
}

/* Threads that share nothing do not meet in a heap, nor in a line of the cache, for the sake of what is small or without company. */
static uint32_t common(const grouping *g, common_heaps which, const vmo_heap_site *fact) {
  return g->structures->structure_count + which * VMO_HEAP_THREADS_COUNT + fact->threads;
}

/* Which heaps a site may have one of: those of its structure; or those that all share whose objects have no company that
 * would be walked with them, be it that callers of every kind get them, or that they are arrays that nothing else points to, or few
 * and large. */
static uint32_t find_heaps(const grouping *g, const vmo_heap_site *fact, uint32_t site, vmo_heap_bond *bond) {
  uint32_t structure = structure_of(g, site);
  *bond = VMO_HEAP_ALONE;
  if (structure == VMO_NONE) {
    *bond = VMO_HEAP_WRAPPED;
    return common(g, COMMON_WRAPPED, fact);
  }
  if (g->members[structure] == 1 && node_of_site(g, site, 0)->array) {
    *bond = VMO_HEAP_ARRAYS;
    return common(g, COMMON_ARRAYS, fact);
  }
  if (!vmo_ll_is_lone(fact)) return structure;
  *bond = VMO_HEAP_LONE;
  return common(g, COMMON_LONE, fact);
}

/* The same, once it is known what all that may have them need: what is too little for a heap shares one, and so do those that
 * find so many structures with heaps that pages of their own would cost more than they give. */
static structure_heaps *heaps_of(grouping *g, const vmo_heap_site *fact, uint32_t site, bool freed,
                                 vmo_heap_bond *bond) {
  uint32_t id = find_heaps(g, fact, site, bond);
  structure_heaps *own = &g->heaps[id];
  if (g->weights[freed] != NULL && vmo_ll_is_light(&g->weights[freed][id])) {
    *bond = VMO_HEAP_FEW;
    return &g->heaps[common(g, COMMON_FEW, fact)];
  }
  if (!freed && g->same != NULL && id < g->structures->structure_count && g->same[id] != id) {
    *bond = VMO_HEAP_TOGETHER;
    own = &g->heaps[g->same[id]];
  }
  bool has_any = own->bump != VMO_NONE || own->lists != VMO_NONE;
  if (has_any || id >= g->structures->structure_count || g->facts->heaps.count < MOST_HEAPS) return own;
  *bond = VMO_HEAP_CROWD;
  return &g->heaps[common(g, COMMON_CROWD, fact)];
}

/* The heap for a site's objects; VMO_NONE: memory is out. */
static uint32_t choose_heap(grouping *g, const vmo_heap_site *fact, uint32_t site, const vmo_libc_row *row) {
  vmo_heap_bond bond;
  bool freed = is_ever_freed(g, site, row);
  structure_heaps *heaps = heaps_of(g, fact, site, freed, &bond);
  uint32_t *heap = freed ? &heaps->lists : &heaps->bump;
  if (*heap == VMO_NONE) *heap = add_heap(g, freed ? VMO_HEAP_LISTS : VMO_HEAP_BUMP, bond);
  if (*heap == VMO_NONE) return VMO_NONE;
  if (bond == VMO_HEAP_TOGETHER) g->facts->heaps.data[*heap].bond = bond;
  join_heap(g, &g->facts->heaps.data[*heap], fact, site);
  return *heap;
}

/* ---- sites ---- */

static vmo_status describe_site(grouping *g, uint32_t f, uint32_t site, const vmo_libc_row *row) {
  const vmo_ll_function *function = &g->program->functions.data[f];
  vmo_context *context = g->program->context;
  LLVMValueRef call = g->program->instructions.data[site].ref;
  vmo_heap_site fact = {.place = vmo_find_source_place(context, call),
                        .function = function->name,
                        .allocator = row->name,
                        .bytes = vmo_ll_constant_size(call, row),
                        .heap = VMO_NONE,
                        .threads = vmo_ll_threads_of_site(g->structures, &g->threads, f, site)};
  const char *variable;
  vmo_find_variable(g->program, call, &variable, &fact.type);
  fact.refusal = refuse(g, function, site, row, &fact);
  bool fine =
      vmo_vec_push(context->arena, &g->facts->sites, fact) && vmo_vec_push(g->program->arena, &g->plan->calls, site);
  return fine ? VMO_OK : VMO_OUT_OF_MEMORY;
}

static vmo_status describe_sites(grouping *g) {
  vmo_status status = VMO_OK;
  for (uint32_t f = 0; f < g->program->functions.count; f++) {
    const vmo_ll_function *function = &g->program->functions.data[f];
    for (uint32_t i = function->first; i < function->first + function->count && status == VMO_OK; i++) {
      const vmo_libc_row *row = row_of(g->program, &g->program->instructions.data[i]);
      if (vmo_libc_allocates(row)) status = describe_site(g, f, i, row);
    }
  }
  if (status == VMO_OK) status = vmo_ll_find_single_sites(g->program, g->plan);
  return status == VMO_OK ? vmo_number_heap_sites(g->program->context, g->facts) : status;
}

/* The structure of a site that may be joined with others: it is that site's alone, never freed, and worth a heap. */
static uint32_t find_lonely(const grouping *g, const vmo_heap_site *fact, uint32_t site) {
  vmo_heap_bond bond;
  if (fact->refusal != VMO_HEAP_NOT_REFUSED) return VMO_NONE;
  uint32_t id = find_heaps(g, fact, site, &bond);
  if (bond != VMO_HEAP_ALONE || g->weights[false][id].site_count != 1 || g->weights[true][id].site_count != 0)
    return VMO_NONE;
  return vmo_ll_is_light(&g->weights[false][id]) ? VMO_NONE : id;
}

static vmo_status join_companions(grouping *g, const vmo_heap_profile *profile) {
  vmr_arena *arena = g->program->arena;
  uint32_t sites = g->facts->sites.count, structures = g->structures->structure_count;
  uint32_t *slots = vmr_arena_alloc_array(arena, (size_t)sites + 1, sizeof *slots);
  g->same = vmr_arena_alloc_array(arena, (size_t)structures + 1, sizeof *g->same);
  if (slots == NULL || g->same == NULL) return VMO_OUT_OF_MEMORY;
  for (uint32_t s = 0; s < sites; s++) slots[s] = find_lonely(g, &g->facts->sites.data[s], g->plan->calls.data[s]);
  return vmo_ll_join_companions(arena, g->facts, profile, slots, g->same, structures);
}

/* What the profile tells of all sites that would have the same heap. */
static vmo_status weigh_sites(grouping *g, const vmo_heap_profile *profile) {
  vmo_heap_bond bond;
  vmo_status status = vmo_match_heap_profile(g->program->context, profile, g->facts);
  size_t count = (size_t)g->structures->structure_count + COMMON_HEAPS;
  g->facts->profiled = true;
  for (int freed = 0; freed < 2 && status == VMO_OK; freed++) {
    g->weights[freed] = vmr_arena_alloc_array(g->program->arena, count, sizeof *g->weights[freed]);
    if (g->weights[freed] == NULL) return VMO_OUT_OF_MEMORY;
  }
  for (uint32_t s = 0; s < g->facts->sites.count && status == VMO_OK; s++) {
    const vmo_heap_site *fact = &g->facts->sites.data[s];
    uint32_t site = g->plan->calls.data[s];
    if (fact->refusal != VMO_HEAP_NOT_REFUSED) continue;
    bool freed = is_ever_freed(g, site, row_of(g->program, &g->program->instructions.data[site]));
    vmo_ll_weigh_site(&g->weights[freed][find_heaps(g, fact, site, &bond)], fact, freed);
  }
  return status == VMO_OK ? join_companions(g, profile) : status;
}

static vmo_status decide_sites(grouping *g, const vmo_heap_profile *profile) {
  vmo_status status = describe_sites(g);
  if (status == VMO_OK && profile != NULL) status = weigh_sites(g, profile);
  for (uint32_t s = 0; s < g->facts->sites.count && status == VMO_OK; s++) {
    vmo_heap_site *fact = &g->facts->sites.data[s];
    uint32_t site = g->plan->calls.data[s];
    if (fact->refusal != VMO_HEAP_NOT_REFUSED) continue;
    fact->heap = choose_heap(g, fact, site, row_of(g->program, &g->program->instructions.data[site]));
    if (fact->heap == VMO_NONE) return VMO_OUT_OF_MEMORY;
    g->plan->heap_of[site] = fact->heap;
    g->facts->served++;
  }
  vmo_ll_expect_heaps(g->facts);
  return status;
}

/* ---- releases ---- */

/* Whether an object that the call gets may be in a heap that one thread has. Who calls is that thread then, since the call itself is
 * among what is done with the object. */
static bool may_be_quick(const grouping *g, uint32_t call) {
  bool quick = !g->facts->shared;
  for (uint32_t k = 0; k < vmo_ll_node_count_of(g->structures, call); k++) {
    uint32_t node = vmo_ll_nodes_of(g->structures, call)[k];
    quick |= g->served[node] && g->threads.nodes[node] == VMO_LL_MAIN_THREAD;
  }
  return quick;
}

/* Which calls tell heaps' objects from malloc's: those that may get one. */
static void find_releases(grouping *g) {
  for (uint32_t i = 0; i < g->program->instructions.count; i++) {
    const vmo_libc_row *row = row_of(g->program, &g->program->instructions.data[i]);
    if (!is_release(row)) continue;
    g->plan->frees[i] = g->hides && has_plain_form(&g->program->instructions.data[i]);
    for (uint32_t k = 0; k < vmo_ll_node_count_of(g->structures, i); k++)
      g->plan->frees[i] |= g->served[vmo_ll_nodes_of(g->structures, i)[k]];
    g->facts->releases += g->plan->frees[i];
    g->plan->quick[i] = g->plan->frees[i] && may_be_quick(g, i);
  }
  g->plan->frees_by_pointer = g->hides;
  for (uint32_t n = 0; n < g->structures->nodes.count; n++)
    g->plan->frees_by_pointer |= g->served[n] && g->structures->nodes.data[n].freed_by_pointer;
}

static vmo_status find_threads(grouping *g) {
  vmo_status status = vmo_ll_find_heap_threads(g->program, g->structures, g->whole, &g->threads);
  g->facts->shared_because = g->threads.because;
  g->facts->shared = g->threads.because != NULL;
  return status;
}

static bool begin(grouping *g) {
  vmr_arena *arena = g->program->arena;
  size_t instructions = (size_t)g->program->instructions.count + 1, nodes = (size_t)g->structures->nodes.count + 1;
  size_t structures = (size_t)g->structures->structure_count + COMMON_HEAPS;
  g->plan->heap_of = vmr_arena_alloc_array(arena, instructions, sizeof *g->plan->heap_of);
  g->plan->frees = vmr_arena_alloc_array(arena, instructions, sizeof *g->plan->frees);
  g->plan->quick = vmr_arena_alloc_array(arena, instructions, sizeof *g->plan->quick);
  g->blocked = vmr_arena_alloc_array(arena, nodes, sizeof *g->blocked);
  g->served = vmr_arena_alloc_array(arena, nodes, sizeof *g->served);
  g->heaps = vmr_arena_alloc_array(arena, structures, sizeof *g->heaps);
  g->members = vmr_arena_alloc_array(arena, structures, sizeof *g->members);
  if (g->members == NULL || !g->plan->heap_of || !g->plan->frees || !g->plan->quick || !g->blocked || !g->served ||
      !g->heaps)
    return false;
  for (size_t i = 0; i < instructions; i++) g->plan->heap_of[i] = VMO_NONE;
  for (size_t i = 0; i < nodes; i++) g->blocked[i] = VMO_NONE;
  for (uint32_t n = 0; n < g->structures->nodes.count; n++) g->members[g->structures->nodes.data[n].structure]++;
  for (size_t i = 0; i < structures; i++) g->heaps[i] = (structure_heaps){VMO_NONE, VMO_NONE};
  return true;
}

vmo_status vmo_group_sites(vmo_ll_program *program, const vmo_ll_options *options, vmo_ll_heap_plan *plan) {
  vmo_ll_structures *structures;
  *plan = (vmo_ll_heap_plan){.facts = vmo_alloc_array(program->context, 1, sizeof *plan->facts)};
  if (plan->facts == NULL) return VMO_OUT_OF_MEMORY;
  vmo_ll_structure_options how = {.whole_program = options->whole_program};
  vmo_status status = vmo_find_structures(program, &how, program->arena, &structures);
  if (status != VMO_OK) return status;
  grouping g = {.program = program, .structures = structures, .plan = plan, .facts = plan->facts};
  g.whole = options->whole_program;
  g.refusal = program->replaces_malloc ? VMO_HEAP_REPLACED : VMO_HEAP_NOT_REFUSED;
  if (!begin(&g)) return VMO_OUT_OF_MEMORY;
  status = find_threads(&g);
  if (status != VMO_OK) return status;
  block_nodes(&g);
  status = decide_sites(&g, options->profile);
  if (status != VMO_OK) return status;
  find_releases(&g);
  return vmo_find_heap_scopes(program, structures, plan);
}
