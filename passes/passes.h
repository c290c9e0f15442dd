/* passes.h: edits of VMIR, and the one entry that plans a whole module.
 *
 * The pipeline is a table (pipeline.c), read top to bottom: name, function, needs, keeps. */
#ifndef VMO_PASSES_PASSES_H
#define VMO_PASSES_PASSES_H

#include "analysis/analysis.h"
#include "ir/ir.h"
#include "planner/problem.h"

typedef struct vmo_plan_options {
  uint32_t alignment;     /* of slots whose type names none; 0: VMO_DEFAULT_ALIGNMENT; a power of two */
  bool results_in_caller; /* --results=caller: results are the caller's bytes, not the arena's */
  bool apart;             /* -O0 of compile: nothing in place, and no two buffers share bytes */
  uint32_t optimise;      /* 2: passes that change the program (dead values, fusion) run; else 0 */
  const char *passes;     /* comma-separated names of passes to run, in pipeline order; NULL: all; "none": none */
  const char *dump;       /* name of a fact ("flow", "liveness", ...), or of a pass after which the program is printed;
                             NULL: none */
  vmo_text *dump_out;
  bool summary_only; /* lists of the facts (storages, refused, ...) may stay empty */
  /* Called now and then with work done and to do; may be NULL. */
  void (*progress)(void *user, const char *stage, uint64_t done, uint64_t total);
  void *progress_user;
} vmo_plan_options;

typedef struct vmo_module_facts {
  vmo_module *module;
  const vmo_binding *binding;
  VMO_VEC(vmo_plan_facts *) functions; /* in the module's order */
} vmo_module_facts;

/* Plans every function, callees before callers; both checkers run on every plan. On VMO_OK each function of the
 * module carries its copies and its plan, and *facts tells about them. A wrong name in `passes` or `dump` is
 * VMO_INPUT_ERROR with a diagnostic. VMO_INTERNAL_ERROR: a checker refused the plan. */
vmo_status vmo_plan_module(vmo_module *module, const vmo_binding *binding, const vmo_plan_options *options,
                           vmo_module_facts **facts);

/* Checks the plans that functions of the module came with, as the input has them: VMO_INPUT_ERROR with a diagnostic at
 * the first that is wrong for some size within the binding. Functions without a plan are passed over. */
vmo_status vmo_check_given_plans(vmo_module *module, const vmo_binding *binding);

/* Names for --passes and --dump, NULL-terminated. */
const char *const *vmo_pass_names(void);
const char *const *vmo_dump_names(void);

#endif
