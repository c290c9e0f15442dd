/* json.c: a report as JSON: its head, the figures, the placement of `plan`, the diagnostics.
 *
 * json_lists.c writes the lists of a function. docs/report.schema.json is the shape of all this. Time is proportional
 * to what is written; of each list one element at a time is in memory. */
#include <string.h>

#include "reports/json_lists.h"
#include "reports/model.h"
#include "reports/writer.h"

#define SCHEMA "vmemopt.report/1"

/* ---- head ---- */

static void write_head(vmo_json_writer *writer, const vmo_report *report) {
  vmo_record record = vmo_begin_record();
  vmo_set_string(&record, "schema", SCHEMA);
  vmo_record tool = vmo_begin_record();
  vmo_set_string(&tool, "name", "vmemopt");
  vmo_set_string(&tool, "version", VMO_VERSION);
  record.failed = record.failed || tool.failed;
  vmo_set_item(&record, "tool", tool.object);
  vmo_set_string(&record, "command", report->command);
  vmo_record input = vmo_begin_record();
  vmo_set_string(&input, "name", report->input);
  vmo_set_string(&input, "kind", report->input_kind);
  record.failed = record.failed || input.failed;
  vmo_set_item(&record, "input", input.object);
  vmo_spread_record(writer, &record);
}

static void set_limit(vmo_record *record, const char *key, int64_t number, bool known) {
  if (known) {
    vmo_set_integer(record, key, number);
  } else {
    vmo_set_null(record, key);
  }
}

static void write_dims(vmo_json_writer *writer, const vmo_report *report) {
  const vmo_module *module = report->module;
  vmo_json_open(writer, "dims", '[');
  for (uint32_t i = 0; module != NULL && i < module->dims.count && i < report->binding->count; i++) {
    const vmo_dim *dim = &module->dims.data[i];
    if (dim->kind == VMO_DIM_LOCAL) continue;
    vmo_interval values = report->binding->dims[i];
    bool limited = values.high < VMO_BYTES_LIMIT;
    vmo_record record = vmo_begin_record();
    vmo_set_string(&record, "name", vmo_name(module, dim->name));
    vmo_set_string(&record, "kind", vmo_dim_kind_name(dim->kind));
    set_limit(&record, "value", values.low, limited && values.low == values.high);
    set_limit(&record, "limit", values.high, limited);
    vmo_end_record(writer, NULL, &record);
  }
  vmo_json_close(writer, ']');
}

/* ---- figures ---- */

static void set_saved(vmo_record *record, const vmo_plan_facts *facts, const vmo_space_figures *figures) {
  vmo_bytes saved;
  if (!vmo_saved_bytes(figures, &saved)) {
    vmo_set_null(record, "saved_bytes");
    vmo_set_size(record, facts, "saved_expr", figures->saved.size);
    vmo_set_null(record, "saved_percent");
    return;
  }
  vmo_text share;
  vmo_text_init(&share);
  vmo_add_share(vmo_saved_share(figures, saved), &share);
  vmo_set_integer(record, "saved_bytes", saved);
  vmo_set_item(record, "saved_percent", share.data != NULL ? cJSON_CreateRaw(share.data) : NULL);
  vmo_text_free(&share);
}

/* The figures that one space and all of them together have in common. */
static void set_figures(vmo_record *record, const vmo_plan_facts *facts, const vmo_space_figures *figures) {
  vmo_set_integer(record, "storages", figures->storages);
  vmo_set_amount(record, facts, "total", &figures->total);
  vmo_set_amount(record, facts, "peak", &figures->peak);
  vmo_set_amount(record, facts, "peak_inplace", &figures->peak_inplace);
  vmo_set_amount(record, facts, "lower_bound", &figures->lower_bound);
  vmo_set_amount(record, facts, "arena", &figures->arena);
  set_saved(record, facts, figures);
  vmo_set_amount(record, facts, "param", &figures->param);
  vmo_set_amount(record, facts, "constant", &figures->constant);
  vmo_set_amount(record, facts, "state", &figures->state);
  vmo_set_integer(record, "copies", figures->copies);
  vmo_set_amount(record, facts, "copy", &figures->copy);
  vmo_set_integer(record, "inplace_count", figures->inplace_count);
  vmo_set_integer(record, "reuse_count", figures->reuse_count);
}

static void write_summary(vmo_json_writer *writer, const vmo_plan_facts *facts) {
  vmo_json_open(writer, "summary", '{');
  vmo_record record = vmo_begin_record();
  vmo_set_integer(&record, "ops", facts->op_count);
  vmo_set_integer(&record, "values", facts->value_count);
  set_figures(&record, facts, &facts->figures);
  vmo_spread_record(writer, &record);
  vmo_json_close(writer, '}');
}

static void write_spaces(vmo_json_writer *writer, const vmo_plan_facts *facts) {
  vmo_json_open(writer, "spaces", '[');
  for (uint32_t i = 0; i < facts->spaces.count; i++) {
    vmo_record record = vmo_begin_record();
    vmo_set_string(&record, "name", vmo_space_name(facts, facts->spaces.data[i].space));
    set_figures(&record, facts, &facts->spaces.data[i]);
    vmo_end_record(writer, NULL, &record);
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
static void set_free_dims(vmo_record *record, const vmo_report *report, const vmo_plan_facts *facts) {
  cJSON *names = cJSON_CreateArray();
  for (uint32_t i = 0; names != NULL && !facts->known && i < facts->module->dims.count; i++) {
    const vmo_dim *dim = &facts->module->dims.data[i];
    bool free_dim = dim->kind != VMO_DIM_LOCAL && report->binding->dims[i].high == INT64_MAX;
    if (!free_dim || !is_mentioned(facts, i)) continue;
    cJSON *name = cJSON_CreateString(vmo_name(facts->module, dim->name));
    if (name == NULL || !cJSON_AddItemToArray(names, name)) {
      cJSON_Delete(name);
      record->failed = true;
    }
  }
  vmo_set_item(record, "free_dims", names);
}

static void write_function(vmo_json_writer *writer, const vmo_report *report, const vmo_plan_facts *facts) {
  vmo_json_open(writer, NULL, '{');
  vmo_record record = vmo_begin_record();
  vmo_set_string(&record, "name", vmo_name(facts->module, facts->planned->name));
  vmo_set_integer(&record, "line", facts->planned->location.line);
  vmo_set_boolean(&record, "known", facts->known);
  vmo_set_boolean(&record, "bounded", facts->bounded);
  set_free_dims(&record, report, facts);
  vmo_set_boolean(&record, "recursive", facts->recursive);
  vmo_set_string(&record, "results", facts->results_in_caller ? "caller" : "arena");
  vmo_set_integer(&record, "alignment", facts->planned->plan != NULL ? facts->planned->plan->alignment : 0);
  vmo_set_string(&record, "method", facts->planner_method);
  vmo_set_integer(&record, "critical_path", facts->critical_path);
  vmo_set_integer(&record, "parallel_width", facts->parallel_width);
  vmo_spread_record(writer, &record);
  write_summary(writer, facts);
  write_spaces(writer, facts);
  vmo_write_lists(writer, facts, report->summary, report->full_timeline);
  vmo_json_close(writer, '}');
}

/* ---- the placement of `plan` ---- */

static void write_placement(vmo_json_writer *writer, const vmo_placement *placement) {
  const vmo_problem *problem = placement->problem;
  const vmo_solution *solution = placement->solution;
  bool placed = solution->offsets != NULL;
  vmo_record record = vmo_begin_record();
  vmo_set_integer(&record, "buffers", problem->buffer_count);
  set_limit(&record, "capacity", problem->capacity, problem->capacity >= 0);
  vmo_set_string(&record, "status", vmo_solution_status_name(solution->status));
  set_limit(&record, "height", solution->height, placed);
  vmo_set_integer(&record, "lower_bound", solution->lower_bound);
  vmo_set_integer(&record, "floor", solution->floor);
  set_limit(&record, "gap", solution->height - solution->lower_bound, placed);
  vmo_set_integer(&record, "witness", solution->witness);
  vmo_set_string(&record, "method", placed ? solution->method : NULL);
  cJSON *blockers = cJSON_CreateArray();
  for (uint32_t i = 0; blockers != NULL && i < solution->blocker_count; i++) {
    if (!vmo_json_push_integer(blockers, solution->blockers[i])) record.failed = true;
  }
  vmo_set_item(&record, "blockers", blockers);
  vmo_json_open(writer, "plan", '{');
  vmo_spread_record(writer, &record);
  vmo_json_close(writer, '}');
}

/* ---- diagnostics ---- */

static void write_diagnostic(vmo_json_writer *writer, const vmo_diagnostic *diagnostic) {
  bool placed = diagnostic->location.line > 0;
  vmo_record record = vmo_begin_record();
  vmo_set_string(&record, "code", vmo_diag_get_info(diagnostic->code)->code);
  vmo_set_string(&record, "severity", vmo_severity_name(diagnostic->severity));
  vmo_set_string(&record, "source", diagnostic->source);
  set_limit(&record, "line", diagnostic->location.line, placed);
  set_limit(&record, "column", diagnostic->location.column, placed && diagnostic->location.column > 0);
  vmo_set_string(&record, "message", diagnostic->message);
  vmo_set_string(&record, "hint", diagnostic->hint);
  vmo_end_record(writer, NULL, &record);
}

void vmo_write_json(const vmo_report *report, vmo_text *out) {
  vmo_json_writer writer = {.out = out, .empty = true};
  vmo_json_open(&writer, NULL, '{');
  write_head(&writer, report);
  write_dims(&writer, report);
  if (report->placement != NULL) write_placement(&writer, report->placement);
  vmo_json_open(&writer, "functions", '[');
  for (uint32_t i = 0; i < report->function_count; i++) {
    if (report->functions[i] != NULL) write_function(&writer, report, report->functions[i]);
  }
  vmo_json_close(&writer, ']');
  vmo_json_open(&writer, "diagnostics", '[');
  for (uint32_t i = 0; i < report->context->diagnostics->count; i++) {
    write_diagnostic(&writer, &report->context->diagnostics->items[i]);
  }
  vmo_json_close(&writer, ']');
  vmo_json_close(&writer, '}');
}
