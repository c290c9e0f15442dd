/* check_plan.h: the independent checker of planned programs.
 *
 * It takes nothing but the program and its plan, follows the program by abstract interpretation, and knows of each
 * byte which value it holds. No fact of analysis/ and no code of the passes that make plans is used, so that a wrong
 * liveness is caught. Time and memory are near linear in the program. */
#ifndef VMO_PASSES_CHECK_PLAN_H
#define VMO_PASSES_CHECK_PLAN_H

#include "ir/ir.h"

/* Proves the plan of one verified function right for all sizes within `binding`, or says with one diagnostic (E0901)
 * where it is wrong: VMO_INTERNAL_ERROR. A function without a plan is wrong. Functions that it calls must carry their
 * plans too (those that call it back may lack theirs). */
vmo_status vmo_check_plan(vmo_module *module, const vmo_function *function, const vmo_binding *binding);

/* The same for a plan that the input gave: a fault is VMO_INPUT_ERROR with a diagnostic of its own code (E065x). */
vmo_status vmo_check_given_plan(vmo_module *module, const vmo_function *function, const vmo_binding *binding);

/* All functions of the module that carry a plan, in order, up to the first wrong one. Cheaper than one by one: what is
 * known of callees is kept. */
vmo_status vmo_check_plans(vmo_module *module, const vmo_binding *binding, bool from_input);

#endif
