/* text.c: the report for people: begins with the figures of each function, then the chart, then the tables of
 * text_tables.c. A newcomer is to see in a minute what the memory is for and what the plan saves. */
#include <string.h>

#include "reports/chart.h"
#include "reports/model.h"
#include "reports/table.h"
#include "reports/text_tables.h"

#define LABEL_COLUMNS 18
#define NUMBER_COLUMNS 10
#define AMOUNT_COLUMNS 28 /* "3.81 MiB         4000000 B" */

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

/* ---- figures ---- */

static void write_label(const char *label, vmo_text *out) { vmo_text_addf(out, "    %-*s", LABEL_COLUMNS, label); }

/* "781 KiB          800000 B", or an expression. */
static void write_amount(const vmo_plan_facts *facts, const vmo_amount *amount, vmo_text *out) {
  vmo_text cell;
  vmo_text_init(&cell);
  if (amount->bytes < 0) {
    vmo_add_size(facts, amount->size, &cell);
  } else {
    vmo_text number;
    vmo_text_init(&number);
    vmo_text_add_bytes_for_people(&number, amount->bytes);
    vmo_text_addf(&cell, "%*s", NUMBER_COLUMNS, number.data != NULL ? number.data : "");
    if (amount->bytes >= 1024) vmo_text_addf(&cell, "%16lld B", (long long)amount->bytes);
    vmo_text_free(&number);
  }
  vmo_text_add_bytes(out, cell.data, cell.count);
  vmo_text_add_repeat(out, ' ', cell.count < AMOUNT_COLUMNS ? AMOUNT_COLUMNS - cell.count : 0);
  vmo_text_free(&cell);
}

static void write_figure(const vmo_plan_facts *facts, const char *label, const vmo_amount *amount, const char *note,
                         vmo_text *out) {
  write_label(label, out);
  write_amount(facts, amount, out);
  vmo_text_addf(out, "  %s\n", note);
}

/* "at line 10", or nothing. */
static void write_peak_figure(const vmo_plan_facts *facts, const char *label, const vmo_peak_fact *peak,
                              const vmo_amount *amount, const char *how, vmo_text *out) {
  write_label(label, out);
  write_amount(facts, amount, out);
  uint32_t line = vmo_point_location(facts, peak->point).line;
  vmo_text_addf(out, "  %s", how);
  if (line > 0) vmo_text_addf(out, ", at line %u", line);
  vmo_text_add_char(out, '\n');
}

static void write_arena(const vmo_plan_facts *facts, const vmo_text_style *style, vmo_text *out) {
  vmo_bytes saved;
  write_label("arena", out);
  vmo_begin_paint(style, VMO_PAINT_TITLE, out);
  write_amount(facts, &facts->figures.arena, out);
  vmo_end_paint(style, out);
  vmo_text_add(out, "  one block that holds them all, as planned");
  if (vmo_saved_bytes(&facts->figures, &saved) && saved != 0) {
    vmo_text_add(out, ": ");
    vmo_begin_paint(style, saved > 0 ? VMO_PAINT_GOOD : VMO_PAINT_BAD, out);
    int64_t share = vmo_saved_share(&facts->figures, saved);
    vmo_add_share(share < 0 ? -share : share, out);
    vmo_text_addf(out, "%% %s", saved > 0 ? "saved" : "more");
    vmo_end_paint(style, out);
  }
  vmo_text_add_char(out, '\n');
}

static bool is_nothing(const vmo_plan_facts *facts, const vmo_amount *amount) {
  int64_t number;
  return amount->bytes == 0 || (amount->bytes < 0 && vmo_size_as_number(facts, amount->size, &number) && number == 0);
}

static void write_count(uint32_t count, const char *one, const char *many, vmo_text *out) {
  vmo_text_addf(out, "%u %s", count, count == 1 ? one : many);
}

static void write_counts(const vmo_plan_facts *facts, vmo_text *out) {
  const vmo_space_figures *figures = &facts->figures;
  vmo_text_add(out, "    ");
  vmo_text_addf(out, "%u in place, %u in reused bytes, ", figures->inplace_count, figures->reuse_count);
  write_count(figures->copies, "copy", "copies", out);
  if (figures->copies > 0 && figures->copy.bytes >= 0) {
    vmo_text_add(out, " (");
    vmo_text_add_bytes_for_people(out, figures->copy.bytes);
    vmo_text_add_char(out, ')');
  }
  vmo_text_add(out, ", ");
  write_count(facts->dead.count, "dead value", "dead values", out);
  vmo_text_addf(out, "; longest chain %u ops, at most %u at once\n", facts->critical_path, facts->parallel_width);
}

static void write_figures(const vmo_plan_facts *facts, const vmo_text_style *style, vmo_text *out) {
  const vmo_space_figures *figures = &facts->figures;
  write_figure(facts, "total", &figures->total, "every result in bytes of its own", out);
  write_arena(facts, style, out);
  write_peak_figure(facts, "peak as written", &facts->peak, &figures->peak, "most bytes live at once", out);
  write_peak_figure(facts, "peak as planned", &facts->peak_inplace, &figures->peak_inplace, "the same, in place", out);
  write_figure(facts, "lower bound", &figures->lower_bound, "no placement of the plan's buffers is smaller", out);
  if (!is_nothing(facts, &figures->param)) {
    write_figure(facts, "parameters", &figures->param, "the caller's, not in the arena", out);
  }
  if (!is_nothing(facts, &figures->constant))
    write_figure(facts, "constants", &figures->constant, "not in the arena", out);
  if (!is_nothing(facts, &figures->state))
    write_figure(facts, "state", &figures->state, "lives from call to call", out);
  write_counts(facts, out);
}

/* ---- notes ---- */

static void write_notes(const vmo_plan_facts *facts, vmo_text *out) {
  if (!facts->known) {
    vmo_text_add(out, "    Some dims are free, so sizes are expressions; --dim NAME=NUMBER gives numbers.\n");
  } else if (facts->bounded) {
    vmo_text_add(out, "    Some dims have bounds only: the figures are upper bounds, and the plan holds for every "
                      "smaller size.\n");
  }
  if (facts->recursive) {
    vmo_text_add(out, "    It calls itself: the arena is that of one activation.\n");
  }
  if (facts->results_in_caller) vmo_text_add(out, "    Results live in the caller's bytes.\n");
}

/* ---- a function ---- */

static void write_function_head(const vmo_plan_facts *facts, const vmo_text_style *style, vmo_text *out) {
  vmo_text_add_char(out, '\n');
  vmo_begin_paint(style, VMO_PAINT_HEADING, out);
  vmo_text_addf(out, "func @%s", vmo_name(facts->module, facts->planned->name));
  vmo_end_paint(style, out);
  if (facts->planned->location.line > 0) vmo_text_addf(out, ", line %u", facts->planned->location.line);
  vmo_text_add(out, ": ");
  write_count(facts->op_count, "op", "ops", out);
  vmo_text_add(out, ", ");
  write_count(facts->value_count, "value", "values", out);
  vmo_text_add(out, ", ");
  write_count(facts->figures.storages, "storage", "storages", out);
  vmo_text_add(out, "\n\n");
}

static void write_function(const vmo_report *report, const vmo_plan_facts *facts, const vmo_text_style *style,
                           vmo_text *out) {
  write_function_head(facts, style, out);
  write_figures(facts, style, out);
  write_notes(facts, out);
  if (facts->spaces.count > 1) vmo_write_spaces_table(facts, style, out);
  if (report->summary) return;
  if (facts->planned_loads != NULL && facts->written_loads != NULL && facts->figures.peak.bytes > 0) {
    vmo_write_section(style, "Live bytes over the program, by source line", out);
    vmo_write_chart(facts, style, out);
  }
  vmo_write_tables(facts, style, report->full, out);
}

/* ---- the placement of `plan` ---- */

static void write_bytes_line(const char *label, vmo_bytes bytes, const char *note, vmo_text *out) {
  write_label(label, out);
  vmo_text_addf(out, "%16lld B%s%s\n", (long long)bytes, *note != '\0' ? "  " : "", note);
}

static void write_placement(const vmo_placement *placement, vmo_text *out) {
  const vmo_solution *solution = placement->solution;
  vmo_text_add_char(out, '\n');
  write_label("buffers", out);
  vmo_text_addf(out, "%16u\n", placement->problem->buffer_count);
  if (placement->problem->capacity >= 0) write_bytes_line("capacity", placement->problem->capacity, "", out);
  if (solution->offsets != NULL) {
    bool optimal = solution->status == VMO_SOLUTION_OPTIMAL;
    write_bytes_line("height", solution->height, optimal ? "no placement is lower" : "", out);
  }
  write_bytes_line("lower bound", solution->lower_bound, "the most bytes live at once", out);
  if (solution->floor > solution->lower_bound) {
    write_bytes_line("floor", solution->floor, "with alignments and fixed offsets", out);
  }
  if (solution->offsets != NULL) {
    write_bytes_line("gap", solution->height - solution->lower_bound, "height over lower bound", out);
  }
  write_label("status", out);
  vmo_text_addf(out, "%16s", vmo_solution_status_name(solution->status));
  bool fits = solution->status == VMO_SOLUTION_OPTIMAL || solution->status == VMO_SOLUTION_FEASIBLE;
  if (fits) vmo_text_addf(out, "    %s", solution->method);
  vmo_text_add_char(out, '\n');
}

void vmo_write_text(const vmo_report *report, const vmo_text_style *style, vmo_text *out) {
  write_head(report, style, out);
  if (report->placement != NULL) write_placement(report->placement, out);
  for (uint32_t i = 0; i < report->function_count; i++) {
    if (report->functions[i] != NULL) write_function(report, report->functions[i], style, out);
  }
}
