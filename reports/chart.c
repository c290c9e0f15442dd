/* chart.c: live bytes over the program, as bars that fit the width.
 *
 *      line                                           as planned  as written
 *         8  ██████████                                  781 KiB     781 KiB
 *     10-11  ████████████████████░░░░░░░░░░░            1.53 MiB    2.29 MiB  < peak
 *
 * A row is one point of the program, or of a long program several next to each other, with the largest load of
 * each kind among them: a bar is never lower than what happens there. */
#include "reports/chart.h"

#include <string.h>

#include "reports/table.h"

#define MOST_ROWS 24
#define INDENT 4
#define NUMBER_COLUMNS 12
#define MARK_COLUMNS 8 /* "  < peak" */

/* The last line of a stretch of points that were merged to one row. */
static void add_lines(const vmo_plan_facts *facts, const vmo_bucket *bucket, vmo_text *out) {
  uint32_t first = UINT32_MAX, last = 0;
  for (vmo_point point = bucket->begin; point < bucket->end; point++) {
    uint32_t line = vmo_point_location(facts, point).line;
    if (line < first) first = line;
    if (line > last) last = line;
  }
  if (last == 0) {
    vmo_text_add(out, "-");
  } else if (first == last || first == 0) {
    vmo_text_addf(out, "%u", last);
  } else {
    vmo_text_addf(out, "%u-%u", first, last);
  }
}

/* `bytes` of `most` in eighths of a cell. */
static uint32_t eighths(vmo_bytes bytes, vmo_bytes most, uint32_t cells) {
  if (most <= 0 || bytes <= 0) return 0;
  uint32_t length = (uint32_t)((double)bytes / (double)most * cells * 8 + 0.5);
  return length > 0 ? length : 1; /* what is there is seen */
}

static void add_bar(uint32_t planned, uint32_t written, uint32_t cells, const vmo_text_style *style, vmo_text *out) {
  static const char *const parts[] = {"", "\u258f", "\u258e", "\u258d", "\u258c", "\u258b", "\u258a", "\u2589"};
  uint32_t full = planned / 8, part = planned % 8, used;
  if (!style->unicode) {
    full = (planned + 4) / 8 > 0 || planned == 0 ? (planned + 4) / 8 : 1;
    part = 0;
  }
  for (uint32_t i = 0; i < full; i++) vmo_text_add(out, style->unicode ? "\u2588" : "#");
  vmo_text_add(out, parts[part]);
  used = full + (part > 0);
  uint32_t end = (written + 4) / 8;
  vmo_begin_paint(style, VMO_PAINT_WEAK, out);
  for (; used < end; used++) vmo_text_add(out, style->unicode ? "\u2591" : ".");
  vmo_end_paint(style, out);
  vmo_text_add_repeat(out, ' ', cells > used ? cells - used : 0);
}

static void add_number(vmo_text *out, vmo_bytes bytes) {
  vmo_text number;
  vmo_text_init(&number);
  vmo_text_add_bytes_for_people(&number, bytes);
  uint32_t width = vmo_text_columns(number.data);
  vmo_text_add_repeat(out, ' ', width < NUMBER_COLUMNS ? NUMBER_COLUMNS - width : 1);
  vmo_text_add(out, number.data != NULL ? number.data : "");
  vmo_drop_part(&number, out);
}

static uint32_t label_columns(const vmo_plan_facts *facts, uint32_t rows) {
  vmo_text label;
  uint32_t widest = 4; /* "line" */
  vmo_text_init(&label);
  for (uint32_t row = 0; row < rows; row++) {
    vmo_bucket bucket = vmo_timeline_bucket(facts, row, rows);
    label.count = 0;
    add_lines(facts, &bucket, &label);
    uint32_t width = vmo_text_columns(label.data);
    if (width > widest) widest = width;
  }
  vmo_text_free(&label);
  return widest;
}

static void write_row(const vmo_plan_facts *facts, const vmo_bucket *bucket, uint32_t label_width, uint32_t cells,
                      vmo_bytes most, const vmo_text_style *style, vmo_text *out) {
  vmo_bytes written = facts->written_loads[bucket->most_written];
  vmo_bytes planned = facts->planned_loads[bucket->most_planned];
  vmo_text label;
  vmo_text_init(&label);
  add_lines(facts, bucket, &label);
  uint32_t width = vmo_text_columns(label.data);
  vmo_text_add_repeat(out, ' ', INDENT + (width < label_width ? label_width - width : 0));
  vmo_text_add(out, label.data != NULL ? label.data : "");
  vmo_text_add(out, "  ");
  add_bar(eighths(planned, most, cells), eighths(written, most, cells), cells, style, out);
  add_number(out, planned);
  add_number(out, written);
  vmo_point peak = facts->peak_inplace.point;
  if (peak >= bucket->begin && peak < bucket->end) vmo_text_add(out, "  < peak");
  vmo_text_add_char(out, '\n');
  vmo_drop_part(&label, out);
}

static void write_head(uint32_t label_width, uint32_t cells, const vmo_text_style *style, vmo_text *out) {
  vmo_begin_paint(style, VMO_PAINT_WEAK, out);
  vmo_text_addf(out, "%*s%*s", INDENT, "", (int)label_width, "line");
  vmo_text_addf(out, "%*s%*s%*s\n", (int)cells + 2, "", NUMBER_COLUMNS, "as planned", NUMBER_COLUMNS, "as written");
  vmo_end_paint(style, out);
}

void vmo_write_chart(const vmo_plan_facts *facts, const vmo_text_style *style, vmo_text *out) {
  uint32_t points = (uint32_t)facts->point_count, rows = points < MOST_ROWS ? points : MOST_ROWS;
  vmo_bytes most = 1;
  for (vmo_point i = 0; i < facts->point_count; i++) {
    if (facts->written_loads[i] > most) most = facts->written_loads[i];
    if (facts->planned_loads[i] > most) most = facts->planned_loads[i];
  }
  uint32_t label_width = label_columns(facts, rows);
  uint32_t taken = INDENT + label_width + 2 + 2 * NUMBER_COLUMNS + MARK_COLUMNS;
  uint32_t cells = style->width > taken + 8 ? style->width - taken : 8;
  write_head(label_width, cells, style, out);
  for (uint32_t row = 0; row < rows; row++) {
    vmo_bucket bucket = vmo_timeline_bucket(facts, row, rows);
    write_row(facts, &bucket, label_width, cells, most, style, out);
  }
}
