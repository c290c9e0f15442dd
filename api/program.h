/* program.h: what a vmo_program is inside. Private to api/. */
#ifndef VMO_API_PROGRAM_H
#define VMO_API_PROGRAM_H

#include "passes/passes.h"
#include "support/context.h"
/* After support/context.h, which has the status already. */
#include "vmemopt.h"

struct vmo_program {
  vmo_context *context;
  vmo_module *module;
  vmo_binding binding;
  bool bound;                     /* the binding has been made; no dim may be added any more */
  VMO_VEC(vmo_region_id) regions; /* of each function: the region that was opened last */
  vmo_plan_options options;
  vmo_module_facts *facts; /* NULL: not planned */
  bool verified;
  vmo_status status; /* the first failure */
};

/* Keeps the first failure. Returns the status. */
vmo_status vmo_fail_program(vmo_program *program, vmo_status status);
/* A failure of the caller: VMO_INPUT_ERROR with a diagnostic. */
vmo_status vmo_refuse_call(vmo_program *program, const char *format, ...) VMO_PRINTF(2, 3);
/* A builder of ir/ has failed: finds out why. */
vmo_status vmo_fail_build(vmo_program *program);
/* Ends the functions that are open and verifies the module, once. */
vmo_status vmo_finish_building(vmo_program *program);
/* The facts of a planned function, or NULL. */
const vmo_plan_facts *vmo_facts_of(const vmo_program *program, vmo_function_id function);

#endif
