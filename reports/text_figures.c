/* text_figures.c: the figures of one function: label, bytes for people, bytes, and in what room is left what it is.
 *
 *     total               3.81 MiB         4000000 B  every result in bytes of its own
 *     arena               1.53 MiB         1600000 B  60% saved: the block that holds it all */
#include "reports/text_figures.h"

#include "reports/model.h"

#define INDENT 4
#define LABEL_COLUMNS 18
#define NUMBER_COLUMNS 10
#define AMOUNT_COLUMNS 28 /* "3.81 MiB         4000000 B", with a gap */
#define LEAST_NOTE 12     /* columns; a shorter note says nothing */

/* ---- one figure ---- */

/* Label and amount; the columns that they take. */
static uint32_t write_amount(const vmo_plan_facts *facts, const char *label, const vmo_amount *amount, vmo_text *out) {
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
    vmo_drop_part(&number, out);
  }
  vmo_text_addf(out, "%*s%-*s%s", INDENT, "", LABEL_COLUMNS, label, cell.data != NULL ? cell.data : "");
  uint32_t columns = vmo_text_columns(cell.data);
  vmo_drop_part(&cell, out);
  return INDENT + LABEL_COLUMNS + columns;
}

/* Two blanks and the note, cut to the width, from `column` on; the column after it. */
static uint32_t write_note(uint32_t column, const char *note, const vmo_text_style *style, vmo_text *out) {
  uint32_t start = INDENT + LABEL_COLUMNS + AMOUNT_COLUMNS, length = vmo_text_columns(note);
  if (column > start) start = column;
  start += 2;
  if (start + LEAST_NOTE > style->width) return column;
  vmo_text_add_repeat(out, ' ', start - column);
  vmo_add_cut(out, note, style->width - start, style->unicode);
  return start + length < style->width ? start + length : style->width;
}

static void write_figure(const vmo_plan_facts *facts, const char *label, const vmo_amount *amount, const char *note,
                         const vmo_text_style *style, vmo_text *out) {
  uint32_t column = write_amount(facts, label, amount, out);
  write_note(column, note, style, out);
  vmo_text_add_char(out, '\n');
}

static bool is_nothing(const vmo_plan_facts *facts, const vmo_amount *amount) {
  int64_t number;
  return amount->bytes == 0 || (amount->bytes < 0 && vmo_size_as_number(facts, amount->size, &number) && number == 0);
}

/* As write_figure, when there are such bytes. */
static void write_some(const vmo_plan_facts *facts, const char *label, const vmo_amount *amount, const char *note,
                       const vmo_text_style *style, vmo_text *out) {
  if (!is_nothing(facts, amount)) write_figure(facts, label, amount, note, style, out);
}

/* Where the peak is, when that is one place: the peaks of several spaces add up, and are in several. */
static void write_peak(const vmo_plan_facts *facts, const char *label, const vmo_peak_fact *peak,
                       const vmo_amount *amount, const char *how, const vmo_text_style *style, vmo_text *out) {
  vmo_text note;
  uint32_t line = vmo_point_location(facts, peak->point).line;
  vmo_text_init(&note);
  vmo_text_add(&note, how);
  if (facts->spaces.count > 1) {
    vmo_text_add(&note, ", each space by itself");
  } else if (line > 0) {
    vmo_text_addf(&note, ", at line %u", line);
  }
  write_figure(facts, label, amount, note.data != NULL ? note.data : "", style, out);
  vmo_drop_part(&note, out);
}

static void write_arena(const vmo_plan_facts *facts, const vmo_text_style *style, vmo_text *out) {
  vmo_bytes saved;
  vmo_text share;
  vmo_text_init(&share);
  vmo_begin_paint(style, VMO_PAINT_TITLE, out);
  uint32_t column = write_amount(facts, "arena", &facts->figures.arena, out);
  vmo_end_paint(style, out);
  bool known = vmo_saved_bytes(&facts->figures, &saved) && saved != 0 && facts->figures.total.bytes > 0;
  if (known) {
    int64_t hundredths = vmo_saved_share(&facts->figures, saved);
    vmo_add_share(hundredths < 0 ? -hundredths : hundredths, &share);
    vmo_text_add(&share, saved > 0 ? "% saved: " : "% more: ");
    vmo_begin_paint(style, saved > 0 ? VMO_PAINT_GOOD : VMO_PAINT_BAD, out);
  }
  vmo_text_add(&share, "the block that holds it all");
  write_note(column, share.data != NULL ? share.data : "", style, out);
  if (known) vmo_end_paint(style, out);
  vmo_text_add_char(out, '\n');
  vmo_drop_part(&share, out);
}

/* ---- counts, and what must be known of the figures ---- */

static void add_counts(const vmo_plan_facts *facts, vmo_text *line) {
  const vmo_space_figures *figures = &facts->figures;
  vmo_text_addf(line, "%u in place, %u in reused bytes, %u %s", figures->inplace_count, figures->reuse_count,
                figures->copies, figures->copies == 1 ? "copy" : "copies");
  if (figures->copies > 0 && figures->copy.bytes >= 0) {
    vmo_text_add(line, " (");
    vmo_text_add_bytes_for_people(line, figures->copy.bytes);
    vmo_text_add_char(line, ')');
  }
  vmo_text_addf(line, ", %u dead value%s; critical path %u op%s, width %u", facts->dead.count,
                facts->dead.count == 1 ? "" : "s", facts->critical_path, facts->critical_path == 1 ? "" : "s",
                facts->parallel_width);
}

static void add_remarks(const vmo_plan_facts *facts, vmo_text *line) {
  if (!facts->known) {
    vmo_text_add(line, " Some dims are free, so sizes are expressions; --dim NAME=NUMBER gives numbers.");
  } else if (facts->bounded) {
    vmo_text_add(line,
                 " Some dims have bounds only: the figures are upper bounds, and the plan holds for every smaller "
                 "size.");
  }
  if (facts->recursive) vmo_text_add(line, " It calls itself: the arena is that of one activation.");
  if (facts->results_in_caller) vmo_text_add(line, " Results live in the caller's bytes.");
}

static void write_wrapped(const vmo_plan_facts *facts, void (*add)(const vmo_plan_facts *, vmo_text *),
                          const vmo_text_style *style, vmo_text *out) {
  vmo_text line;
  vmo_text_init(&line);
  add(facts, &line);
  if (line.count > 0) {
    vmo_text_add_repeat(out, ' ', INDENT);
    vmo_text_add_wrapped(out, line.data, INDENT, style->width);
  }
  vmo_drop_part(&line, out);
}

void vmo_write_figures(const vmo_plan_facts *facts, const vmo_text_style *style, vmo_text *out) {
  const vmo_space_figures *figures = &facts->figures;
  write_figure(facts, "total", &figures->total, "every result in bytes of its own", style, out);
  write_arena(facts, style, out);
  write_peak(facts, "peak as written", &facts->peak, &figures->peak, "most bytes live at once", style, out);
  write_peak(facts, "peak as planned", &facts->peak_inplace, &figures->peak_inplace, "the same, in place", style, out);
  write_figure(facts, "lower bound", &figures->lower_bound, "no placement of the plan's buffers is smaller", style,
               out);
  write_some(facts, "parameters", &figures->param, "the caller's, not in the arena", style, out);
  write_some(facts, "constants", &figures->constant, "not in the arena", style, out);
  write_some(facts, "state", &figures->state, "lives from call to call", style, out);
  write_wrapped(facts, add_counts, style, out);
  write_wrapped(facts, add_remarks, style, out);
}
