/* run_engines.h: what the two engines of `vmemopt run` are to each other; private to cli/. */
#ifndef VMO_CLI_RUN_ENGINES_H
#define VMO_CLI_RUN_ENGINES_H

#include "cli/run.h"
#include "codegen/codegen.h"

/* A function in machine code, with all that its calls need, which is in the context's arena but for the code. */
typedef struct vmo_compiled {
  bool instrument;              /* in: with the calls of vmr_call_watch */
  bool progress;                /* its loops tell how far they are */
  vmo_module *module, *callees; /* the latter for calls; NULL: there are none, or the same serves both */
  const vmo_function *function; /* as planned */
  vmo_plan_facts *facts;
  vmo_loaded_code *loaded;
  vmr_entry entry;
  int64_t *dims;
  uint32_t arena_count;
  int64_t *arena_bytes, *high_water;
  void **arenas, **arguments, **results;
  vmr_call_watch watch;
  double compile_seconds; /* parsing, planning and compiling */
} vmo_compiled;

double vmo_seconds_now(void);

/* Plans and compiles the function of a run, whose arguments and places are there. */
vmo_status vmo_prepare_compiled(vmo_execution *run, vmo_compiled *compiled);
/* One call; states stay in the arena. `*seconds` is what it took, copies of donated arguments apart. */
vmo_status vmo_call_compiled(vmo_execution *run, vmo_compiled *compiled, double *seconds);
/* Copies what the last call returned to the run's places, and the states to its arguments. */
void vmo_take_compiled_results(vmo_execution *run, const vmo_compiled *compiled);
/* The function and the op that a watch speaks of. */
const vmo_op *vmo_watched_op(const vmo_compiled *compiled, uint32_t function, uint32_t op, const vmo_module **module,
                             const vmo_function **owner);
void vmo_drop_compiled(vmo_compiled *compiled);

#endif
