/* pipeline.c: from a module that was read to facts about its sites, and to the rewritten module.
 *
 *   rounds   summarise, plan; the bodies of small functions that make or free local objects take the place of their
 *            calls; read again. At most MAX_ROUNDS, fewer when nothing is left to inline
 *   sparing  what frees objects of callers that are to have slots gets a copy that spares these; a round more
 *   places   larger functions get parameters that tell where to put what they make; read again
 *   last     summarise, unless the last round did, plan, move to the stack
 *   heaps    when asked for: read again, group what is left, allocate it from heaps
 *
 * `analyze` is one round without edits. The module is verified after every edit; one that is broken is never written. */
#include <string.h>

#include <llvm-c/BitWriter.h>
#include <llvm-c/Transforms/PassBuilder.h>

#include "llvm/copies.h"
#include "llvm/destinations.h"
#include "llvm/early_free.h"
#include "llvm/grouping.h"
#include "llvm/heap_clones.h"
#include "llvm/recursion.h"
#include "llvm/sparing.h"
#include "llvm/zeroes.h"

#define MAX_ROUNDS 5
#define SMALL_FRAME 64 /* bytes of slots that may be in many frames at a time */

/* ---- LLVM's inliner ---- */

vmo_status vmo_run_inliner(vmo_ll_program *program) {
  LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
  LLVMErrorRef error = LLVMRunPasses(program->module, "always-inline", NULL, options);
  LLVMDisposePassBuilderOptions(options);
  if (error == NULL) return vmo_verify_llvm(program);
  char *message = LLVMGetErrorMessage(error);
  vmo_diag_add(program->context, VMO_DIAG_INTERNAL, (vmo_location){0}, "LLVM's inliner failed: %s", message);
  LLVMDisposeErrorMessage(message);
  return VMO_INTERNAL_ERROR;
}

static void mark_inline(vmo_ll_program *program, LLVMValueRef call) {
  unsigned kind = LLVMGetEnumAttributeKindForName("alwaysinline", strlen("alwaysinline"));
  LLVMAddCallSiteAttribute(call, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                           LLVMCreateEnumAttribute(program->llvm, kind, 0));
}

/* ---- one round ---- */

typedef enum round_step { STEP_LOOK, STEP_INLINE, STEP_MOVE } round_step;

typedef struct round {
  vmo_ll_planning planning;
  vmo_ll_groups groups;
  vmo_ll_summary *summaries;
  vmo_ll_heap_use heap_use;
  vmo_site_facts *facts;
  vmo_ll_sparing *sparing;
  bool spared; /* the copies are made */
  round_step step;
  uint32_t inlined;
  vmo_ll_destinations destinations; /* that functions have got */
  VMO_VEC(vmo_ll_split) splits;
} round_state;

/* A frame that grew does not become part of those of a recursion, of which there are many at a time. */
static void keep_out_of_recursion(vmo_ll_program *program, const vmo_ll_function *function, const vmo_ll_plan *plan) {
  unsigned kind = LLVMGetEnumAttributeKindForName("noinline", strlen("noinline"));
  if (!function->in_recursion || function->recursive || plan->frame_bytes <= SMALL_FRAME) return;
  if (vmo_ll_has_attribute(function->ref, "alwaysinline")) return;
  LLVMAddAttributeAtIndex(function->ref, (LLVMAttributeIndex)LLVMAttributeFunctionIndex,
                          LLVMCreateEnumAttribute(program->llvm, kind, 0));
}

/* Of a function that has slots now, and may have many frames, what it was stays beside it. */
static vmo_status note_split(round_state *round, uint32_t function, const vmo_ll_plan *plan) {
  vmo_ll_program *program = round->planning.program;
  if (!program->functions.data[function].recursive || plan->slots.count == 0) return VMO_OK;
  vmo_ll_split split = {.function = program->functions.data[function].ref, .frame_bytes = plan->frame_bytes};
  split.heap = vmo_ll_copy_function(program, function, round->planning.arena);
  return split.heap != NULL && vmo_vec_push(program->arena, &round->splits, split) ? VMO_OK : VMO_OUT_OF_MEMORY;
}

static vmo_status split_all(round_state *round) {
  vmo_status status = VMO_OK;
  for (uint32_t i = 0; i < round->splits.count && status == VMO_OK; i++)
    status = vmo_ll_split_function(round->planning.program, round->planning.options, &round->splits.data[i]);
  return status;
}

static vmo_status plan_function(round_state *round, uint32_t function) {
  vmo_ll_program *program = round->planning.program;
  vmo_ll_plan plan = {0};
  LLVMValueRef ref = program->functions.data[function].ref;
  vmr_arena_reset(round->planning.arena);
  vmo_status status = vmo_plan_sites(&round->planning, function, &plan);
  if (status != VMO_OK) return status;
  if (round->step == STEP_MOVE) {
    program->edited |= plan.early.count + plan.slots.count + plan.zeroes.count + plan.copies.count > 0;
    status = note_split(round, function, &plan);
    if (status != VMO_OK) return status;
    vmo_move_frees(program, function, &plan);
    vmo_drop_copies(program, &plan);
    keep_out_of_recursion(program, &program->functions.data[function], &plan);
    status = vmo_move_to_stack(program, ref, &plan);
    if (status == VMO_OK) vmo_change_zeroes(program, &plan);
  }
  for (uint32_t i = 0; i < plan.inlines.count && round->step == STEP_INLINE; i++)
    mark_inline(program, plan.inlines.data[i]);
  for (uint32_t i = 0; i < plan.sparing.count && round->step == STEP_INLINE && status == VMO_OK; i++)
    status = vmo_ll_want_sparing(round->sparing, plan.sparing.data[i]);
  round->inlined += plan.inlines.count;
  return status;
}

/* Facts were found callees first; they are told in the order of the module. */
static vmo_status order_facts(round_state *round, const uint32_t *fact_of_function) {
  vmo_site_facts *facts = round->facts;
  vmo_ll_program *program = round->planning.program;
  vmo_site_facts ordered = {0};
  for (uint32_t f = 0; f < program->functions.count; f++)
    if (fact_of_function[f] != VMO_NONE &&
        !vmo_vec_push(program->context->arena, &ordered.functions, facts->functions.data[fact_of_function[f]]))
      return VMO_OUT_OF_MEMORY;
  memcpy(&facts->functions, &ordered.functions, sizeof facts->functions);
  for (uint32_t s = 0; s < facts->sites.count; s++) {
    vmo_site_fact *site = &facts->sites.data[s];
    if (site->verdict == VMO_VERDICT_INLINE && round->step == STEP_MOVE) { /* LLVM's inliner left the call alone */
      site->verdict = VMO_VERDICT_KEPT;
      if (site->callers == 0) site->refusal = VMO_SITE_FREED_BY_CALLEE;
    }
    facts->moved += site->verdict == VMO_VERDICT_STACK;
    facts->bounded += site->verdict == VMO_VERDICT_STACK_BOUNDED;
    facts->unmade += site->verdict == VMO_VERDICT_SOURCE;
    facts->freed_early += site->verdict == VMO_VERDICT_FREED_EARLY;
    facts->kept += site->verdict == VMO_VERDICT_KEPT;
  }
  return VMO_OK;
}

static vmo_status plan_all(round_state *round) {
  vmo_ll_program *program = round->planning.program;
  uint32_t functions = program->functions.count;
  uint32_t *fact_of_function = vmr_arena_alloc_array(program->arena, (size_t)functions + 1, sizeof(uint32_t));
  if (fact_of_function == NULL) return VMO_OUT_OF_MEMORY;
  vmo_status status = VMO_OK;
  for (uint32_t f = 0; f < functions; f++) fact_of_function[f] = VMO_NONE;
  for (uint32_t i = 0; i <= functions && status == VMO_OK; i++) {
    uint32_t function = round->groups.order[i];
    if (function >= functions || !vmo_ll_is_defined(&program->functions.data[function])) continue;
    fact_of_function[function] = round->facts->functions.count;
    status = plan_function(round, function);
  }
  if (status == VMO_OK) status = split_all(round);
  return status == VMO_OK ? order_facts(round, fact_of_function) : status;
}

static bool begin_round(round_state *round, vmo_ll_program *program, const vmo_ll_options *options) {
  size_t instructions = (size_t)program->instructions.count + 1;
  uint32_t *destination_of = NULL;
  bool *served = vmr_arena_alloc_array(program->arena, instructions, sizeof *served);
  bool *wanted = vmr_arena_alloc_array(program->arena, instructions, sizeof *wanted);
  uint32_t *inner = vmr_arena_alloc_array(program->arena, instructions, sizeof *inner);
  if (served == NULL || wanted == NULL || inner == NULL) return false;
  if (round->step == STEP_MOVE && (destination_of = vmo_ll_index_destinations(program, &round->destinations)) == NULL)
    return false;
  uint32_t *fact_of = vmr_arena_alloc_array(program->arena, instructions, sizeof *fact_of);
  bool *inlined = vmr_arena_alloc_array(program->arena, instructions, sizeof *inlined);
  size_t functions = (size_t)program->functions.count + 1;
  vmo_ll_heap_peak *peaks = vmr_arena_alloc_array(program->arena, functions, sizeof *peaks);
  vmo_ll_stack_depth *depths = vmr_arena_alloc_array(program->arena, functions, sizeof *depths);
  round->facts = vmo_alloc_array(program->context, 1, sizeof *round->facts);
  round->sparing = vmo_ll_begin_sparing(program, &round->groups, round->summaries);
  round->planning = (vmo_ll_planning){.program = program,
                                      .options = options,
                                      .groups = &round->groups,
                                      .summaries = round->summaries,
                                      .arena = vmr_arena_create(0),
                                      .facts = round->facts,
                                      .fact_of = fact_of,
                                      .inlined = inlined,
                                      .destination_of = destination_of,
                                      .served = served,
                                      .inner = inner,
                                      .wanted = wanted,
                                      .heap_use = &round->heap_use,
                                      .sparing = round->step == STEP_MOVE || round->spared ? NULL : round->sparing,
                                      .peaks = peaks,
                                      .depths = depths};
  if (peaks == NULL || depths == NULL || round->sparing == NULL || fact_of == NULL || inlined == NULL ||
      round->facts == NULL || round->planning.arena == NULL)
    return false;
  for (size_t i = 0; i < instructions; i++) fact_of[i] = inner[i] = VMO_NONE;
  return true;
}

/* Plans with the facts at hand. */
static vmo_status run_step(vmo_ll_program *program, const vmo_ll_options *options, round_step step,
                           round_state *round) {
  round->step = step;
  vmo_status status = begin_round(round, program, options) ? plan_all(round) : VMO_OUT_OF_MEMORY;
  vmr_arena_destroy(round->planning.arena);
  return status;
}

static vmo_status run_round(vmo_ll_program *program, const vmo_ll_options *options, round_step step,
                            round_state *round) {
  *round = (round_state){.destinations = round->destinations, .spared = round->spared};
  vmo_status status = vmo_find_groups(program, options->whole_program, &round->groups);
  if (status == VMO_OK) status = vmo_find_heap_use(program, &round->groups, &round->heap_use);
  if (status == VMO_OK) status = vmo_summarise_all(program, &round->groups, &round->summaries);
  return status == VMO_OK ? run_step(program, options, step, round) : status;
}

/* ---- all of it ---- */

/* Groups the sites that the module has now; with `edit`, the module allocates from heaps, too. */
static vmo_status make_heaps(vmo_ll_program *program, const vmo_ll_options *options, bool edit, vmo_site_facts *facts) {
  vmo_ll_heap_plan plan;
  vmo_heap_copies copies = {0};
  vmo_status status = edit ? vmo_clone_wrappers(program, options, &copies) : VMO_OK;
  if (status == VMO_OK) status = vmo_group_sites(program, options, &plan);
  if (edit) vmo_ll_forget_slots(program);
  if (status != VMO_OK) return status;
  vmo_warn_of_no_heaps(program, options, plan.facts);
  plan.facts->copies = copies;
  facts->heaps = plan.facts;
  plan.facts->rewritten = edit;
  if (edit && options->instrument != NULL) {
    program->edited = plan.facts->instrumented = true;
    return vmo_instrument_sites(program, &plan, options->instrument);
  }
  if (!edit || plan.facts->served == 0) return VMO_OK;
  program->edited = true;
  status = vmo_rewrite_heaps(program, &plan);
  return status == VMO_OK ? vmo_run_inliner(program) : status;
}

/* What the last round found that should be given places. */
static vmo_status make_destinations(vmo_ll_program *program, round_state *round) {
  program->edited = true;
  vmo_status status =
      vmo_make_destinations(program, round->planning.makers.data, round->planning.makers.count, &round->destinations);
  return status == VMO_OK ? vmo_read_arrays(program) : status;
}

vmo_status vmo_analyze_llvm(vmo_ll_program *program, const vmo_ll_options *options, vmo_site_facts **facts) {
  round_state round = {0};
  vmo_warn_of_no_main(program, options);
  vmo_status status = run_round(program, options, STEP_LOOK, &round);
  if (status == VMO_OK && options->heaps) status = make_heaps(program, options, false, round.facts);
  *facts = status == VMO_OK ? round.facts : NULL;
  return status;
}

/* Copies of functions that free what their callers made; `same`: there are none. */
static vmo_status make_sparing(vmo_ll_program *program, round_state *round, bool *same) {
  bool made;
  vmo_status status = vmo_ll_make_sparing(round->sparing, &made);
  *same = !made;
  if (status != VMO_OK || !made) return status;
  program->edited = true;
  status = vmo_verify_llvm(program);
  return status == VMO_OK ? vmo_read_arrays(program) : status;
}

vmo_status vmo_rewrite_llvm(vmo_ll_program *program, const vmo_ll_options *options, vmo_site_facts **facts) {
  round_state round = {0};
  uint32_t inlined = 0;
  bool same = false; /* the module is still the one that the last round was about */
  vmo_status status = VMO_OK;
  vmo_warn_of_no_main(program, options);
  program->marks_slots = options->heaps;
  if (program->marks_slots) vmo_ll_forget_slots(program); /* marks of others mean nothing */
  for (uint32_t i = 0; i < MAX_ROUNDS && status == VMO_OK; i++) {
    status = run_round(program, options, STEP_INLINE, &round);
    same = round.inlined == 0;
    if (status == VMO_OK && same && !round.spared) {
      status = make_sparing(program, &round, &same);
      round.spared = true;
      if (status == VMO_OK && !same) continue;
    }
    if (status != VMO_OK || same) break;
    inlined += round.inlined;
    program->edited = true;
    status = vmo_run_inliner(program);
    if (status == VMO_OK) status = vmo_read_arrays(program);
  }
  if (status == VMO_OK && same && round.planning.makers.count > 0) {
    status = make_destinations(program, &round);
    same = false;
  }
  if (status == VMO_OK) status = (same ? run_step : run_round)(program, options, STEP_MOVE, &round);
  if (status == VMO_OK && program->edited) status = vmo_run_inliner(program);
  if (status == VMO_OK && options->heaps) status = vmo_read_arrays(program);
  if (status == VMO_OK && options->heaps) status = make_heaps(program, options, true, round.facts);
  if (status != VMO_OK) return status;
  round.facts->rewritten = true;
  round.facts->edited = program->edited;
  round.facts->inlined = inlined;
  *facts = round.facts;
  return VMO_OK;
}

vmo_status vmo_write_llvm(vmo_ll_program *program, bool text, vmo_text *out) {
  if (text) {
    char *words = LLVMPrintModuleToString(program->module);
    vmo_text_add(out, words);
    LLVMDisposeMessage(words);
    return VMO_OK;
  }
  LLVMMemoryBufferRef buffer = LLVMWriteBitcodeToMemoryBuffer(program->module);
  vmo_text_add_bytes(out, LLVMGetBufferStart(buffer), LLVMGetBufferSize(buffer));
  LLVMDisposeMemoryBuffer(buffer);
  return VMO_OK;
}
