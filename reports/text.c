/* text.c: the report for people: the figures of each function, then the chart, then the tables. A newcomer is to see in a minute what the memory is for and what the plan saves. */
#include <string.h>

#include "reports/chart.h"
#include "reports/json_placement.h"
#include "reports/model.h"
#include "reports/table.h"
#include "reports/text_figures.h"
#include "reports/text_sites.h"
#include "reports/text_tables.h"

#define LABEL_COLUMNS 18

/* ---- the head of the report ---- */

static void write_dim(const vmo_report *report, uint32_t dim, vmo_text *out) {
  const char *name = vmo_name(report->module, report->module->dims.data[dim].name);
  vmo_interval values = report->binding->dims[dim];
  if (values.low == values.high) {
    vmo_text_addf(out, "%s = %lld", name, (long long)values.high);
  } else if (values.high != INT64_MAX) {
    vmo_text_addf(out, "%s <= %lld", name, (long long)values.high);
  } else {
    vmo_text_addf(out, "%s is free", name);
  }
}

static void write_head(const vmo_report *report, const vmo_text_style *style, vmo_text *out) {
  vmo_begin_paint(style, VMO_PAINT_TITLE, out);
  vmo_text_add_utf8(out, report->input, strlen(report->input));
  vmo_end_paint(style, out);
  vmo_text_add_char(out, '\n');
  bool first = true;
  for (uint32_t i = 0; report->module != NULL && i < report->module->dims.count; i++) {
    if (report->module->dims.data[i].kind == VMO_DIM_LOCAL) continue;
    vmo_text_add(out, first ? "  dims  " : ", ");
    write_dim(report, i, out);
    first = false;
  }
  if (!first) vmo_text_add_char(out, '\n');
}

/* ---- a function ---- */

static void write_count(uint32_t count, const char *noun, vmo_text *out) {
  vmo_text_addf(out, "%u %s%s", count, noun, count == 1 ? "" : "s");
}

static void write_function_head(const vmo_plan_facts *facts, const vmo_text_style *style, vmo_text *out) {
  vmo_text_add_char(out, '\n');
  vmo_begin_paint(style, VMO_PAINT_HEADING, out);
  vmo_text_addf(out, "func @%s", vmo_name(facts->module, facts->planned->name));
  vmo_end_paint(style, out);
  if (facts->planned->location.line > 0) vmo_text_addf(out, ", line %u", facts->planned->location.line);
  vmo_text_add(out, ": ");
  write_count(facts->op_count, "op", out);
  vmo_text_add(out, ", ");
  write_count(facts->value_count, "value", out);
  vmo_text_add(out, ", ");
  write_count(facts->figures.storages, "storage", out);
  vmo_text_add(out, "\n\n");
}

static void write_function(const vmo_report *report, const vmo_plan_facts *facts, const vmo_text_style *style,
                           vmo_text *out) {
  write_function_head(facts, style, out);
  vmo_write_figures(facts, style, out);
  if (facts->spaces.count > 1) vmo_write_spaces_table(facts, style, out);
  if (report->summary) return;
  if (facts->planned_loads != NULL && facts->written_loads != NULL && facts->figures.peak.bytes > 0) {
    vmo_write_section(style, "Live bytes over the program, by source line", out);
    vmo_write_chart(facts, style, out);
  }
  vmo_write_tables(facts, style, report->full, out);
}

void vmo_write_text(const vmo_report *report, const vmo_text_style *style, vmo_text *out) {
  write_head(report, style, out);
  if (report->placement != NULL) vmo_write_placement_text(report->placement, style, out);
  if (report->sites != NULL) vmo_write_sites(report->sites, style, report->summary, out);
  for (uint32_t i = 0; i < report->function_count; i++) {
    if (report->functions[i] != NULL) write_function(report, report->functions[i], style, out);
  }
}
