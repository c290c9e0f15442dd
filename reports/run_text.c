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
  vmo_text_addf(out, "  @%s, %s engine, %lld call%s\n\n", report->function, report->engine, (long long)report->calls,
                report->calls == 1 ? "" : "s");
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

void vmo_write_run_text(const vmo_run_report *report, const vmo_text_style *style, vmo_text *out) {
  write_head(report, style, out);
  for (uint32_t i = 0; i < report->result_count; i++) write_result(&report->results[i], style, out);
  if (report->result_count == 0) vmo_text_add(out, "it has no results\n");
}
