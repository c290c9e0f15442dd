/* json.c: a report as JSON: its head, the figures, the placement of `plan`, the diagnostics.
 *
 * json_lists.c writes the lists of a function. docs/report.schema.json is the shape of all this. Time is proportional
 * to what is written; of each list one element at a time is in memory. */
#include <string.h>

#include "reports/json_heaps.h"
#include "reports/json_lists.h"
#include "reports/json_placement.h"
#include "reports/json_sites.h"
#include "reports/model.h"
#include "reports/writer.h"

#define SCHEMA "vmemopt.report/1"

/* ---- head ---- */

void vmo_put_schema(vmo_json_writer *writer, const char *schema) {
  vmo_put_string(writer, "schema", schema);
  vmo_json_open_row(writer, "tool", '{');
  vmo_put_string(writer, "name", "vmemopt");
  vmo_put_string(writer, "version", VMO_VERSION);
  vmo_json_close(writer, '}');
}

static void write_head(vmo_json_writer *writer, const vmo_report *report) {
  vmo_put_schema(writer, SCHEMA);
  vmo_put_string(writer, "command", report->command);
  vmo_json_open_row(writer, "input", '{');
  vmo_put_string(writer, "name", report->input);
  vmo_put_string(writer, "kind", report->input_kind);
  vmo_json_close(writer, '}');
}

void vmo_put_limit(vmo_json_writer *writer, const char *key, int64_t number, bool known) {
  if (known) {
    vmo_put_integer(writer, key, number);
  } else {
    vmo_put_null(writer, key);
  }
}

void vmo_put_dims(vmo_json_writer *writer, const vmo_module *module, const vmo_binding *binding) {
  vmo_json_open(writer, "dims", '[');
  for (uint32_t i = 0; module != NULL && i < module->dims.count && i < binding->count; i++) {
    const vmo_dim *dim = &module->dims.data[i];
    if (dim->kind == VMO_DIM_LOCAL) continue;
    vmo_interval values = binding->dims[i];
    bool limited = values.high < VMO_BYTES_LIMIT;
    vmo_json_open_row(writer, NULL, '{');
    vmo_put_string(writer, "name", vmo_name(module, dim->name));
    vmo_put_string(writer, "kind", vmo_dim_kind_name(dim->kind));
    vmo_put_limit(writer, "value", values.low, limited && values.low == values.high);
    vmo_put_limit(writer, "limit", values.high, limited);
    vmo_json_close(writer, '}');
  }
  vmo_json_close(writer, ']');
}

/* ---- figures ---- */

static void put_saved(vmo_json_writer *writer, const vmo_plan_facts *facts, const vmo_space_figures *figures) {
  vmo_bytes saved;
  if (!vmo_saved_bytes(figures, &saved)) {
    vmo_put_null(writer, "saved_bytes");
    vmo_put_size(writer, facts, "saved_expr", figures->saved.size);
    vmo_put_null(writer, "saved_percent");
    return;
  }
  vmo_put_integer(writer, "saved_bytes", saved);
  vmo_json_begin_member(writer, "saved_percent");
  vmo_add_share(vmo_saved_share(figures, saved), writer->out);
}

/* The figures that one space and all of them together have in common. */
static void put_figures(vmo_json_writer *writer, const vmo_plan_facts *facts, const vmo_space_figures *figures) {
  vmo_put_integer(writer, "storages", figures->storages);
  vmo_put_amount(writer, facts, "total", &figures->total);
  vmo_put_amount(writer, facts, "peak", &figures->peak);
  vmo_put_amount(writer, facts, "peak_inplace", &figures->peak_inplace);
  vmo_put_amount(writer, facts, "lower_bound", &figures->lower_bound);
  vmo_put_amount(writer, facts, "arena", &figures->arena);
  put_saved(writer, facts, figures);
  vmo_put_amount(writer, facts, "param", &figures->param);
  vmo_put_amount(writer, facts, "constant", &figures->constant);
  vmo_put_amount(writer, facts, "state", &figures->state);
  vmo_put_integer(writer, "copies", figures->copies);
  vmo_put_amount(writer, facts, "copy", &figures->copy);
  vmo_put_integer(writer, "inplace_count", figures->inplace_count);
  vmo_put_integer(writer, "reuse_count", figures->reuse_count);
}

static void write_summary(vmo_json_writer *writer, const vmo_plan_facts *facts) {
  vmo_json_open(writer, "summary", '{');
  vmo_put_integer(writer, "ops", facts->op_count);
  vmo_put_integer(writer, "values", facts->value_count);
  put_figures(writer, facts, &facts->figures);
  vmo_json_close(writer, '}');
}

static void write_spaces(vmo_json_writer *writer, const vmo_plan_facts *facts) {
  vmo_json_open(writer, "spaces", '[');
  for (uint32_t i = 0; i < facts->spaces.count; i++) {
    vmo_json_open_row(writer, NULL, '{');
    vmo_put_string(writer, "name", vmo_space_name(facts, facts->spaces.data[i].space));
    put_figures(writer, facts, &facts->spaces.data[i]);
    vmo_json_close(writer, '}');
  }
  vmo_json_close(writer, ']');
}

/* ---- functions ---- */

static bool is_mentioned(const vmo_plan_facts *facts, vmo_dim_id dim) {
  for (uint32_t i = 0; i < facts->planned->values.count; i++) {
    const vmo_type *type = vmo_value_type(facts->module, facts->planned, i);
    if (vmo_size_mentions(facts->module->sizes, type->bytes, dim)) return true;
  }
  return false;
}

/* The dims that its sizes depend on and that have neither value nor bound. */
static void put_free_dims(vmo_json_writer *writer, const vmo_report *report, const vmo_plan_facts *facts) {
  vmo_json_open_row(writer, "free_dims", '[');
  for (uint32_t i = 0; !facts->known && i < facts->module->dims.count; i++) {
    const vmo_dim *dim = &facts->module->dims.data[i];
    bool free_dim = dim->kind != VMO_DIM_LOCAL && report->binding->dims[i].high == INT64_MAX;
    if (free_dim && is_mentioned(facts, i)) vmo_put_string(writer, NULL, vmo_name(facts->module, dim->name));
  }
  vmo_json_close(writer, ']');
}

static void write_function(vmo_json_writer *writer, const vmo_report *report, const vmo_plan_facts *facts) {
  vmo_json_open(writer, NULL, '{');
  vmo_put_string(writer, "name", vmo_name(facts->module, facts->planned->name));
  vmo_put_integer(writer, "line", facts->planned->location.line);
  vmo_put_boolean(writer, "known", facts->known);
  vmo_put_boolean(writer, "bounded", facts->bounded);
  put_free_dims(writer, report, facts);
  vmo_put_boolean(writer, "recursive", facts->recursive);
  vmo_put_string(writer, "results", facts->results_in_caller ? "caller" : "arena");
  vmo_put_integer(writer, "alignment", facts->planned->plan != NULL ? facts->planned->plan->alignment : 0);
  vmo_put_string(writer, "method", facts->planner_method);
  vmo_put_integer(writer, "critical_path", facts->critical_path);
  vmo_put_integer(writer, "parallel_width", facts->parallel_width);
  write_summary(writer, facts);
  write_spaces(writer, facts);
  vmo_write_lists(writer, facts, report->summary, report->full_timeline);
  vmo_json_close(writer, '}');
}

/* ---- diagnostics ---- */

static void write_diagnostic(vmo_json_writer *writer, const vmo_diagnostic *diagnostic) {
  bool placed = diagnostic->location.line > 0;
  vmo_json_open_row(writer, NULL, '{');
  vmo_put_string(writer, "code", vmo_diag_get_info(diagnostic->code)->code);
  vmo_put_string(writer, "severity", vmo_severity_name(diagnostic->severity));
  vmo_put_string(writer, "source", diagnostic->source);
  vmo_put_limit(writer, "line", diagnostic->location.line, placed);
  vmo_put_limit(writer, "column", diagnostic->location.column, placed && diagnostic->location.column > 0);
  vmo_put_string(writer, "message", diagnostic->message);
  vmo_put_string(writer, "hint", diagnostic->hint);
  vmo_json_close(writer, '}');
}

void vmo_put_diagnostics(vmo_json_writer *writer, const vmo_context *context) {
  vmo_json_open(writer, "diagnostics", '[');
  for (uint32_t i = 0; i < context->diagnostics->count; i++) write_diagnostic(writer, &context->diagnostics->items[i]);
  vmo_json_close(writer, ']');
}

void vmo_write_json(const vmo_report *report, vmo_text *out) {
  vmo_json_writer writer = {.out = out, .empty = true};
  vmo_json_open(&writer, NULL, '{');
  write_head(&writer, report);
  vmo_put_dims(&writer, report->module, report->binding);
  if (report->placement != NULL) vmo_write_placement(&writer, report->placement);
  vmo_json_open(&writer, "functions", '[');
  for (uint32_t i = 0; i < report->function_count; i++) {
    if (report->functions[i] != NULL) write_function(&writer, report, report->functions[i]);
  }
  if (report->sites != NULL) vmo_write_site_functions(&writer, report->sites);
  vmo_json_close(&writer, ']');
  if (report->sites != NULL && report->sites->heaps != NULL) vmo_write_heaps_member(&writer, report->sites->heaps);
  vmo_put_diagnostics(&writer, report->context);
  vmo_json_close(&writer, '}');
  vmo_text_free(&writer.scratch);
}
