/* model.c: the words, labels and places that JSON and text have in common. */
#include "reports/model.h"

#include <string.h>

/* ---- words ---- */

const char *vmo_storage_kind_name(const vmo_storage_fact *storage) {
  switch (storage->kind) {
  case VMO_KIND_RESULT: return "result";
  case VMO_KIND_PARAMETER: return "parameter";
  case VMO_KIND_DONATED: return "donated";
  case VMO_KIND_STATE: return "state";
  case VMO_KIND_CONSTANT: return "constant";
  case VMO_KIND_COPY: return "copy";
  case VMO_KIND_WORKSPACE: return "workspace";
  case VMO_KIND_CALLEE: return "callee";
  }
  return "";
}

/* One row a reason: its name in JSON, and its sentence. */
static const struct {
  const char *name, *sentence;
} copy_reasons[] = {[VMO_COPY_INTERFERENCE] = {"interference", "both are live at once"},
                    [VMO_COPY_CONSTANT] = {"constant", "a constant is never written"},
                    [VMO_COPY_PARAMETER] = {"parameter", "the parameter is not donated"},
                    [VMO_COPY_VIEW] = {"view", "it is a view of other bytes"},
                    [VMO_COPY_TWICE] = {"twice", "the value is handed on twice"},
                    [VMO_COPY_SCALAR] = {"scalar", "it has no bytes of its own"},
                    [VMO_COPY_STREAM] = {"stream", "it comes from another stream"},
                    [VMO_COPY_CYCLE] = {"cycle", "values are exchanged"},
                    [VMO_COPY_SHIFT] = {"shift", "it moves on before its place takes the next value"},
                    [VMO_COPY_DESTINATION] = {"destination", "the op overwrites its destination, which lives on"},
                    [VMO_COPY_DONATED] = {"donated", "the callee overwrites its argument, which lives on"}};

const char *vmo_copy_reason_name(const vmo_copy_fact *copy) { return copy_reasons[copy->reason].name; }
const char *vmo_copy_reason_sentence(const vmo_copy_fact *copy) { return copy_reasons[copy->reason].sentence; }

const char *vmo_dim_kind_name(vmo_dim_kind kind) {
  static const char *const names[] = {
      [VMO_DIM_FREE] = "free", [VMO_DIM_BOUNDED] = "bounded", [VMO_DIM_FIXED] = "fixed", [VMO_DIM_LOCAL] = "local"};
  return names[kind];
}

const char *vmo_severity_name(vmo_severity severity) {
  static const char *const names[] = {[VMO_NOTE] = "note", [VMO_WARNING] = "warning", [VMO_ERROR] = "error"};
  return names[severity];
}

const char *vmo_solution_status_name(vmo_solution_status status) {
  static const char *const names[] = {[VMO_SOLUTION_OPTIMAL] = "optimal",
                                      [VMO_SOLUTION_FEASIBLE] = "feasible",
                                      [VMO_SOLUTION_TIMEOUT] = "timeout",
                                      [VMO_SOLUTION_INFEASIBLE] = "infeasible"};
  return names[status];
}

void vmo_add_inplace_reason(const vmo_plan_facts *facts, const vmo_inplace_fact *fact, vmo_text *out) {
  const vmo_op *op = &facts->planned->ops.data[fact->op];
  if (vmo_op_is_destination(op)) {
    vmo_text_add(out, "the result starts as ");
    vmo_add_value_label(facts, facts->planned, fact->operand, out);
    vmo_text_add(out, ", which is not read afterwards");
  } else {
    vmo_add_value_label(facts, facts->planned, fact->operand, out);
    vmo_text_add(out, " is read here for the last time");
  }
}

/* ---- labels ---- */

void vmo_add_value_label(const vmo_plan_facts *facts, const vmo_function *function, vmo_value_id value, vmo_text *out) {
  if (value == VMO_NONE) return;
  const char *name = vmo_value_name(facts->module, function, value);
  vmo_text_add_char(out, '%');
  vmo_text_add(out, name != NULL ? name : "?");
}

static void add_op_name(const vmo_plan_facts *facts, const vmo_op *op, vmo_text *out) {
  const vmo_module *module = facts->module;
  if (op->code == VMO_OP_call) {
    vmo_text_addf(out, "@%s", vmo_name(module, module->functions.data[op->callee]->name));
  } else if (op->code == VMO_OP_declared) {
    vmo_text_addf(out, "@%s", vmo_name(module, module->declarations.data[op->callee].name));
  } else {
    vmo_text_add(out, vmo_op_get_info((vmo_opcode)op->code)->name);
  }
}

void vmo_add_storage_label(const vmo_plan_facts *facts, uint32_t storage, vmo_text *out) {
  const vmo_storage_fact *fact = &facts->storages.data[storage];
  if (fact->value != VMO_NONE) {
    vmo_add_value_label(facts, facts->planned, fact->value, out);
    return;
  }
  vmo_text_add(out, fact->kind == VMO_KIND_CALLEE ? "arena" : vmo_storage_kind_name(fact));
  if (fact->op < 0 || (uint32_t)fact->op >= facts->planned->ops.count) return;
  vmo_text_add(out, " of ");
  add_op_name(facts, &facts->planned->ops.data[fact->op], out);
}

const char *vmo_space_name(const vmo_plan_facts *facts, vmo_space_id space) {
  return vmo_name(facts->module, facts->module->spaces.data[space]);
}

void vmo_add_size(const vmo_plan_facts *facts, vmo_size_id size, vmo_text *out) {
  const vmo_module *module = facts->module;
  vmo_size_print(module->sizes, size, module->dims.data, module->context->names, out);
}

bool vmo_size_as_number(const vmo_plan_facts *facts, vmo_size_id size, int64_t *number) {
  return size != VMO_NONE && vmo_size_is_constant(facts->module->sizes, size, number);
}

/* ---- places ---- */

vmo_location vmo_point_location(const vmo_plan_facts *facts, vmo_point point) {
  const vmo_function *function = facts->planned;
  uint32_t op = point < 0 ? VMO_NONE : (uint32_t)point;
  if (op == VMO_NONE || function->ops.count == 0) return (vmo_location){0};
  if (op >= function->ops.count) op = function->ops.count - 1; /* the virtual end */
  return function->ops.data[op].location;
}

/* ---- shares ---- */

bool vmo_saved_bytes(const vmo_space_figures *figures, vmo_bytes *saved) {
  if (figures->total.bytes < 0 || figures->arena.bytes < 0) return false;
  *saved = figures->total.bytes - figures->arena.bytes;
  return true;
}

int64_t vmo_saved_share(const vmo_space_figures *figures, vmo_bytes saved) {
  if (figures->total.bytes <= 0) return 0;
  double share = 10000.0 * (double)saved / (double)figures->total.bytes;
  if (share < -(double)VMO_BYTES_LIMIT / 2) return -(VMO_BYTES_LIMIT / 2);
  return (int64_t)(share < 0 ? share - 0.5 : share + 0.5);
}

void vmo_add_share(int64_t share, vmo_text *out) {
  int64_t magnitude = share < 0 ? -share : share;
  vmo_text_addf(out, "%s%lld", share < 0 ? "-" : "", (long long)(magnitude / 100));
  if (magnitude % 100 != 0) vmo_text_addf(out, ".%02d", (int)(magnitude % 100));
}

/* ---- the timeline ---- */

vmo_bucket vmo_timeline_bucket(const vmo_plan_facts *facts, uint32_t index, uint32_t count) {
  uint64_t points = (uint64_t)facts->point_count;
  vmo_bucket bucket = {.begin = (vmo_point)(points * index / count), .end = (vmo_point)(points * (index + 1) / count)};
  bucket.most_written = bucket.most_planned = bucket.begin;
  for (vmo_point point = bucket.begin; point < bucket.end; point++) {
    if (facts->written_loads[point] > facts->written_loads[bucket.most_written]) bucket.most_written = point;
    if (facts->planned_loads[point] > facts->planned_loads[bucket.most_planned]) bucket.most_planned = point;
  }
  return bucket;
}
