/* check_plan.c: the entries of the checker of planned programs, and how it reports (see plan_checker.h for its steps). */
#include "passes/check_plan.h"

#include <inttypes.h>

#include "passes/plan_checker.h"

/* ---- reports ---- */

static vmo_diag_code code_of(const vmo_plan_checker *c, vmo_plan_fault fault) {
  if (!c->session->from_input) return VMO_DIAG_WRONG_PLAN;
  switch (fault) {
  case VMO_PLAN_LOST: return VMO_DIAG_PLAN_LOST;
  case VMO_PLAN_PLACE: return VMO_DIAG_PLAN_PLACE;
  case VMO_PLAN_OVERLAP: return VMO_DIAG_PLAN_OVERLAP;
  case VMO_PLAN_READ_ONLY: return VMO_DIAG_PLAN_READ_ONLY;
  case VMO_PLAN_BOUNDS: return VMO_DIAG_PLAN_BOUNDS;
  case VMO_PLAN_ALIGNMENT: return VMO_DIAG_PLAN_ALIGNMENT;
  case VMO_PLAN_CALL: return VMO_DIAG_PLAN_CALL;
  case VMO_PLAN_STREAM: return VMO_DIAG_PLAN_STREAM;
  case VMO_PLAN_RETURN: break;
  }
  return VMO_DIAG_PLAN_RETURN;
}

bool vmo_report_plan_fault(vmo_plan_checker *c, vmo_plan_fault fault, vmo_location location, const char *format, ...) {
  vmo_context *context = c->module->context;
  vmo_text text;
  va_list arguments;
  if (c->status != VMO_OK) return false;
  if (vmo_sizes_status(c->module->sizes) == VMO_OUT_OF_MEMORY) { /* hence nothing was proven */
    c->status = VMO_OUT_OF_MEMORY;
    return false;
  }
  va_start(arguments, format);
  vmo_text_init(&text);
  vmo_text_addv(&text, format, arguments);
  va_end(arguments);
  const char *message = text.data ? text.data : "the plan is wrong";
  if (c->session->from_input) {
    vmo_diagnostic *added = vmo_diag_add(context, code_of(c, fault), location, "%s", message);
    vmo_diag_hint(context, added, "correct the plan of @%s, or plan it anew", vmo_name(c->module, c->function->name));
    c->status = VMO_INPUT_ERROR;
  } else {
    vmo_diagnostic *added = vmo_diag_add(context, code_of(c, fault), location, "the plan of @%s is wrong: %s",
                                         vmo_name(c->module, c->function->name), message);
    vmo_diag_hint(context, added, "this is a bug in vmemopt; nothing was written");
    c->status = VMO_INTERNAL_ERROR;
  }
  vmo_text_free(&text);
  return false;
}

bool vmo_stop_check(vmo_plan_checker *c) {
  if (c->status != VMO_OK) return false;
  vmo_sizes *sizes = c->module->sizes;
  if (vmo_sizes_status(sizes) == VMO_INPUT_ERROR) {
    vmo_sizes_clear_status(sizes);
    return vmo_report_plan_fault(c, VMO_PLAN_BOUNDS, c->function->location, "an offset or a size is too large");
  }
  c->status = VMO_OUT_OF_MEMORY;
  return false;
}

/* ---- names ---- */

/* The text in the checker's arena. */
static const char *keep_text(vmo_plan_checker *c, vmo_text *text) {
  const char *kept = text->data ? vmr_arena_copy_text(c->arena, text->data, text->count) : NULL;
  vmo_text_free(text);
  return kept ? kept : "?";
}

const char *vmo_describe_value(vmo_plan_checker *c, vmo_value_id value) {
  vmo_text text;
  vmo_text_init(&text);
  vmo_text_addf(&text, "%%%s", vmo_value_name(c->module, c->function, value));
  return keep_text(c, &text);
}

static void add_arena_name(const vmo_plan_checker *c, vmo_space_id space, vmo_text *text) {
  if (space == 0)
    vmo_text_add(text, "the arena");
  else
    vmo_text_addf(text, "the arena @%s", vmo_name(c->module, c->module->spaces.data[space]));
}

static void add_base_name(const vmo_plan_checker *c, const vmo_plan_base *base, vmo_text *text) {
  switch (base->kind) {
  case VMO_BASE_ARENA:
  case VMO_BASE_SLOT: add_arena_name(c, base->index, text); break;
  case VMO_BASE_RESULT: vmo_text_addf(text, "the caller's bytes for result %" PRIu32, base->index); break;
  case VMO_BASE_PARAMETER:
  case VMO_BASE_CONSTANT:
    vmo_text_addf(text, "%s %%%s", base->kind == VMO_BASE_CONSTANT ? "constant" : "parameter",
                  vmo_value_name(c->module, c->function, base->index));
    break;
  }
}

const char *vmo_describe_place(vmo_plan_checker *c, const vmo_plan_place *place) {
  vmo_text text;
  vmo_text_init(&text);
  if (!VMO_PLACE_REAL(place)) {
    vmo_text_add(&text, "no bytes");
    return keep_text(c, &text);
  }
  const vmo_plan_base *base = &c->bases.data[place->base];
  if (c->numeric) {
    vmo_text_addf(&text, "bytes [%" PRId64 ", %" PRId64 ") of ", place->begin, place->end);
  } else {
    vmo_size_id start = vmo_size_add(c->module->sizes, base->offset, place->start);
    vmo_text_add(&text, "the bytes from ");
    if (start != VMO_NONE)
      vmo_size_print(c->module->sizes, start, c->module->dims.data, c->module->context->names, &text);
    vmo_text_add(&text, " on of ");
  }
  add_base_name(c, base, &text);
  return keep_text(c, &text);
}

/* ---- questions ---- */

bool vmo_same_size(const vmo_plan_checker *c, vmo_size_id left, vmo_size_id right) {
  vmo_interval a, b;
  if (left == right) return true;
  return vmo_size_evaluate(c->module->sizes, left, c->binding, &a) == VMO_EVALUATION_EXACT &&
         vmo_size_evaluate(c->module->sizes, right, c->binding, &b) == VMO_EVALUATION_EXACT && a.low == b.low;
}

bool vmo_same_start(const vmo_plan_place *left, const vmo_plan_place *right) {
  if (!VMO_PLACE_REAL(left) || left->base != right->base) return false;
  return left->start == right->start || (left->exact && right->exact && left->begin == right->begin);
}

/* ---- the check ---- */

vmo_plan_checker vmo_begin_plan_check(vmo_check_session *session, vmo_function_id id, vmr_arena *arena) {
  const vmo_function *function = session->module->functions.data[id];
  return (vmo_plan_checker){.session = session,
                            .module = session->module,
                            .id = id,
                            .function = function,
                            .plan = function->plan,
                            .binding = session->binding,
                            .arena = arena};
}

static vmo_status check_function(vmo_check_session *session, vmo_function_id id, vmr_arena *arena) {
  vmo_plan_checker checker = vmo_begin_plan_check(session, id, arena);
  bool right = vmo_locate_values(&checker) && vmo_number_cells(&checker) && vmo_find_needs(&checker) &&
               vmo_interpret_plan(&checker);
  if (vmo_sizes_status(session->module->sizes) == VMO_INPUT_ERROR) vmo_sizes_clear_status(session->module->sizes);
  return right ? VMO_OK : checker.status;
}

static bool begin_session(vmo_check_session *session, vmo_module *module, const vmo_binding *binding, bool from_input) {
  *session = (vmo_check_session){.module = module, .binding = binding, .from_input = from_input};
  session->arena = vmr_arena_create(0);
  if (session->arena)
    session->callees = vmr_arena_alloc_array(session->arena, module->functions.count, sizeof *session->callees);
  return session->callees != NULL;
}

static vmo_status check_one(vmo_module *module, const vmo_function *function, const vmo_binding *binding,
                            bool from_input) {
  vmo_check_session session;
  vmo_function_id id = 0;
  while (id < module->functions.count && module->functions.data[id] != function) id++;
  vmr_arena *scratch = vmr_arena_create(0);
  vmo_status status = VMO_OUT_OF_MEMORY;
  if (begin_session(&session, module, binding, from_input) && scratch) status = check_function(&session, id, scratch);
  vmr_arena_destroy(scratch);
  vmr_arena_destroy(session.arena);
  return status;
}

vmo_status vmo_check_plan(vmo_module *module, const vmo_function *function, const vmo_binding *binding) {
  return check_one(module, function, binding, false);
}

vmo_status vmo_check_given_plan(vmo_module *module, const vmo_function *function, const vmo_binding *binding) {
  return check_one(module, function, binding, true);
}

vmo_status vmo_check_plans(vmo_module *module, const vmo_binding *binding, bool from_input) {
  vmo_check_session session;
  vmr_arena *scratch = vmr_arena_create(0);
  vmo_status status = VMO_OUT_OF_MEMORY;
  if (begin_session(&session, module, binding, from_input) && scratch) {
    status = VMO_OK;
    for (vmo_function_id id = 0; id < module->functions.count && status == VMO_OK; id++) {
      if (!module->functions.data[id]->plan) continue;
      vmr_arena_reset(scratch);
      status = check_function(&session, id, scratch);
    }
  }
  vmr_arena_destroy(scratch);
  vmr_arena_destroy(session.arena);
  return status;
}
