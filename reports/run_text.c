/* run_text.c: what a run did, for people: a line for each result, and what its elements are. */
#include <string.h>

#include "reports/reports.h"
#include "reports/table.h"

/* ---- head ---- */

static void write_dims(const vmo_run_report *report, vmo_text *out) {
  bool first = true;
  for (uint32_t i = 0; i < report->module->dims.count; i++) {
    const vmo_dim *dim = &report->module->dims.data[i];
    vmo_interval values = report->binding->dims[i];
    if (dim->kind == VMO_DIM_LOCAL || values.low != values.high) continue;
    vmo_text_addf(out, "%s%s = %lld", first ? "  dims  " : ", ", vmo_name(report->module, dim->name),
                  (long long)values.low);
    first = false;
  }
  if (!first) vmo_text_add_char(out, '\n');
}

static void write_head(const vmo_run_report *report, const vmo_text_style *style, vmo_text *out) {
  vmo_begin_paint(style, VMO_PAINT_TITLE, out);
  vmo_text_add_utf8(out, report->input, strlen(report->input));
  vmo_end_paint(style, out);
  vmo_text_add_char(out, '\n');
  write_dims(report, out);
  vmo_text_addf(out, "  @%s, %s engine%s%s%s, %lld call%s\n\n", report->function, report->engine,
                report->remark != NULL ? " (" : "", report->remark != NULL ? report->remark : "",
                report->remark != NULL ? ")" : "", (long long)report->calls, report->calls == 1 ? "" : "s");
}

/* ---- results ---- */

static void write_elements(const vmo_run_array *array, vmo_text *out) {
  for (uint32_t i = 0; i < array->shown_count; i++) vmo_text_addf(out, "%s%s", i > 0 ? ", " : "", array->shown[i]);
  if (array->count > array->shown_count) vmo_text_add(out, ", ...");
}

/* "[2, 3]" of sizes that are not the type's own text. */
static void write_sizes(const vmo_run_array *array, vmo_text *out) {
  vmo_text_addf(out, "%s", array->element);
  for (uint32_t i = 0; i < array->rank; i++)
    vmo_text_addf(out, "%s%lld", i == 0 ? "[" : ",", (long long)array->sizes[i]);
  if (array->rank > 0) vmo_text_add_char(out, ']');
}

static void write_result(const vmo_run_array *array, const vmo_text_style *style, vmo_text *out) {
  vmo_begin_paint(style, VMO_PAINT_HEADING, out);
  vmo_text_addf(out, "%%%s", array->name);
  vmo_end_paint(style, out);
  vmo_text_add(out, array->state ? ": state, " : ": ");
  write_sizes(array, out);
  vmo_text_add(out, array->rank == 0 ? " = " : "\n    ");
  write_elements(array, out);
  vmo_text_add_char(out, '\n');
  if (array->count > 1) {
    if (array->least != NULL)
      vmo_text_addf(out, "    min %s, max %s, mean %s", array->least, array->greatest, array->mean);
    if (array->nan_count > 0)
      vmo_text_addf(out, "%s%lld NaN", array->least != NULL ? ", " : "    ", (long long)array->nan_count);
    vmo_text_addf(out, "; crc32 %08x\n", array->checksum);
  }
  if (array->origin != NULL) vmo_text_addf(out, "    written to %s\n", array->origin);
}

/* ---- what was measured ---- */

static void write_bytes(const char *label, vmo_bytes bytes, const char *says, vmo_text *out) {
  vmo_text people;
  vmo_text_init(&people);
  vmo_text_add_bytes_for_people(&people, bytes);
  vmo_text_addf(out, "    %-18s %10s %15lld B  %s\n", label, people.data != NULL ? people.data : "", (long long)bytes,
                says);
  vmo_drop_part(&people, out);
}

static void write_seconds(const char *label, double seconds, const char *says, vmo_text *out) {
  static const struct {
    double unit;
    const char *name;
  } units[] = {{1, "s"}, {1e-3, "ms"}, {1e-6, "us"}, {1e-9, "ns"}};
  size_t i = 0;
  while (i < 3 && seconds < units[i].unit) i++;
  vmo_text_addf(out, "    %-18s %7.3g %-2s  %s\n", label, seconds / units[i].unit, units[i].name, says);
}

static void write_agreement(const vmo_run_measure *measure, vmo_text *out) {
  if (measure->differing == 0)
    vmo_text_add(out, "    results            the same bits from both engines\n");
  else
    vmo_text_addf(out,
                  "    results            %lld elements differ between the engines, by %.3g of their size at most\n",
                  (long long)measure->differing, measure->largest_difference);
}

static void write_measure(const vmo_run_measure *measure, vmo_text *out) {
  vmo_text_add(out, "\n");
  write_bytes("planned", measure->planned, "the arena", out);
  write_bytes("measured", measure->measured,
              measure->exact ? "its highest byte that was written" : "of it were written", out);
  if (measure->naive >= 0) write_bytes("naive", measure->naive, "what the reference engine held at most", out);
  vmo_text_addf(out, "    copies             %lld planned, %lld made\n", (long long)measure->copies_planned,
                (long long)measure->copies_made);
  vmo_text_addf(out, "    allocations        %lld for each call%s", (long long)measure->allocations,
                measure->in_order ? ", streams in order" : "");
  if (measure->naive >= 0) vmo_text_addf(out, ", %lld of the reference engine", (long long)measure->naive_allocations);
  vmo_text_add_char(out, '\n');
  if (measure->deepest > 0)
    vmo_text_addf(out, "    recursion          %lld activations at a time, at most\n", (long long)measure->deepest);
  write_seconds("call", measure->best_seconds, "the fastest", out);
  if (measure->naive >= 0) write_seconds("reference call", measure->naive_seconds, "the same by the other engine", out);
  write_seconds("compiling", measure->compile_seconds, "planning included", out);
  if (measure->differing >= 0) write_agreement(measure, out);
}

/* ---- what was watched ---- */

static void fill_op(const void *user, uint32_t row, vmo_text *cells) {
  const vmo_run_op *op = &((const vmo_run_watch *)user)->ops[row];
  vmo_text_addf(&cells[0], "%s%s%s%s", op->op, op->result != NULL ? " %" : "", op->result != NULL ? op->result : "",
                op->copy ? " (copy)" : "");
  vmo_text_addf(&cells[1], "@%s", op->function);
  vmo_text_add_integer(&cells[2], op->line);
  vmo_text_add_integer(&cells[3], op->count);
  vmo_text_addf(&cells[4], "%.1f", op->seconds * 1e6);
  vmo_text_add_bytes_for_people(&cells[5], op->moved);
  if (op->live >= 0) vmo_text_add_bytes_for_people(&cells[6], op->live);
}

static void write_watch(const vmo_run_watch *watch, const vmo_text_style *style, vmo_text *out) {
  const vmo_table table = {.columns = {{"op", false},
                                       {"function", false},
                                       {"line", true},
                                       {"runs", true},
                                       {"us, all runs", true},
                                       {"moves, a run", true},
                                       {"live", true}},
                           .column_count = 7,
                           .row_count = watch->op_count,
                           .fill = fill_op,
                           .user = watch};
  vmo_text_add_char(out, '\n');
  vmo_write_table(&table, style, out);
}

void vmo_write_run_text(const vmo_run_report *report, const vmo_text_style *style, vmo_text *out) {
  write_head(report, style, out);
  for (uint32_t i = 0; i < report->result_count; i++) write_result(&report->results[i], style, out);
  if (report->result_count == 0) vmo_text_add(out, "it has no results\n");
  if (report->measure != NULL) write_measure(report->measure, out);
  if (report->watch != NULL) write_watch(report->watch, style, out);
}
