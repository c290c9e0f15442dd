/* table.c: tables of text, measured and then printed. */
#include "reports/table.h"

#include <string.h>

#include "support/utf8.h"

#define INDENT 4
#define GAP 2
#define WIDEST_CELL 48 /* of any column but the last */
#define LEAST_CELL 6   /* in a narrow table */
#define LEAST_LAST 10

void vmo_begin_paint(const vmo_text_style *style, vmo_paint paint, vmo_text *out) {
  static const char *const escapes[] = {[VMO_PAINT_HEADING] = "\033[1;36m",
                                        [VMO_PAINT_TITLE] = "\033[1m",
                                        [VMO_PAINT_GOOD] = "\033[1;32m",
                                        [VMO_PAINT_BAD] = "\033[1;31m",
                                        [VMO_PAINT_WEAK] = "\033[2m"};
  if (style->colour) vmo_text_add(out, escapes[paint]);
}

void vmo_end_paint(const vmo_text_style *style, vmo_text *out) {
  if (style->colour) vmo_text_add(out, "\033[0m");
}

void vmo_drop_part(vmo_text *part, vmo_text *out) {
  if (vmo_text_failed(part)) out->failed = true;
  vmo_text_free(part);
}

/* ---- widths ---- */

static size_t character_at(const char *text, size_t available) {
  size_t length = vmo_utf8_decode(text, available, NULL);
  return length != 0 ? length : 1;
}

uint32_t vmo_text_columns(const char *text) {
  uint32_t columns = 0;
  size_t length = text != NULL ? strlen(text) : 0;
  for (size_t at = 0; at < length; columns++) at += character_at(text + at, length - at);
  return columns;
}

void vmo_add_cut(vmo_text *out, const char *text, uint32_t columns, bool unicode) {
  if (text == NULL) return;
  size_t length = strlen(text), at = 0;
  if (vmo_text_columns(text) <= columns) {
    vmo_text_add_utf8(out, text, length);
    return;
  }
  uint32_t dots = unicode ? 1 : 3, kept = columns > dots ? columns - dots : 0;
  for (uint32_t i = 0; i < kept; i++) at += character_at(text + at, length - at);
  vmo_text_add_utf8(out, text, at);
  if (columns >= dots) vmo_text_add(out, unicode ? "\xe2\x80\xa6" : "...");
}

static void clear_cells(vmo_text *cells, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    cells[i].count = 0;
    if (cells[i].data != NULL) cells[i].data[0] = '\0';
  }
}

static uint32_t shown_rows(const vmo_table *table) {
  /* One row more costs no more than the line that says it is missing. */
  if (table->shown_rows == 0 || table->row_count <= table->shown_rows + 1) return table->row_count;
  return table->shown_rows;
}

static void measure(const vmo_table *table, vmo_text *cells, uint32_t *widths) {
  for (uint32_t i = 0; i < table->column_count; i++) widths[i] = vmo_text_columns(table->columns[i].title);
  for (uint32_t row = 0; row < shown_rows(table); row++) {
    clear_cells(cells, table->column_count);
    table->fill(table->user, row, cells);
    for (uint32_t i = 0; i < table->column_count; i++) {
      uint32_t width = vmo_text_columns(cells[i].data);
      if (width > WIDEST_CELL) width = WIDEST_CELL;
      if (width > widths[i]) widths[i] = width;
    }
  }
}

/* Takes columns from the widest cells until rows fit; the last column, which is cut where the line ends, keeps some. */
static void fit(uint32_t *widths, uint32_t count, uint32_t width) {
  uint32_t last = widths[count - 1] < LEAST_LAST ? widths[count - 1] : LEAST_LAST, total = INDENT + last;
  for (uint32_t i = 0; i + 1 < count; i++) total += widths[i] + GAP;
  for (; total > width; total--) {
    uint32_t widest = 0;
    for (uint32_t i = 1; i + 1 < count; i++) {
      if (widths[i] > widths[widest]) widest = i;
    }
    if (widths[widest] <= LEAST_CELL) return;
    widths[widest]--;
  }
}

/* ---- printing ---- */

static void print_row(const vmo_table *table, const char *const *texts, const uint32_t *widths,
                      const vmo_text_style *style, vmo_text *out) {
  uint32_t column = INDENT, last = table->column_count - 1;
  vmo_text_add_repeat(out, ' ', INDENT);
  uint32_t owed = 0; /* blanks before the next text: none are left at the end of a line */
  for (uint32_t i = 0; i <= last; i++) {
    const char *text = texts[i] != NULL ? texts[i] : "";
    uint32_t room = widths[i], width = vmo_text_columns(text);
    if (i == last) room = style->width > column ? style->width - column : 1;
    if (width > room) width = room;
    uint32_t before = table->columns[i].right && widths[i] > width ? widths[i] - width : 0;
    if (width > 0) vmo_text_add_repeat(out, ' ', owed + before);
    vmo_add_cut(out, text, room, style->unicode);
    owed = width > 0 ? widths[i] - (widths[i] < before + width ? widths[i] : before + width) + GAP
                     : owed + widths[i] + GAP;
    column += widths[i] + GAP;
  }
  vmo_text_add_char(out, '\n');
}

static void print_head(const vmo_table *table, const uint32_t *widths, const vmo_text_style *style, vmo_text *out) {
  const char *titles[VMO_TABLE_COLUMNS] = {NULL};
  for (uint32_t i = 0; i < table->column_count; i++) titles[i] = table->columns[i].title;
  vmo_begin_paint(style, VMO_PAINT_WEAK, out);
  print_row(table, titles, widths, style, out);
  vmo_end_paint(style, out);
}

void vmo_write_table(const vmo_table *table, const vmo_text_style *style, vmo_text *out) {
  vmo_text cells[VMO_TABLE_COLUMNS];
  const char *texts[VMO_TABLE_COLUMNS] = {NULL};
  uint32_t widths[VMO_TABLE_COLUMNS], shown = shown_rows(table);
  for (uint32_t i = 0; i < VMO_TABLE_COLUMNS; i++) vmo_text_init(&cells[i]);
  measure(table, cells, widths);
  fit(widths, table->column_count, style->width);
  print_head(table, widths, style, out);
  for (uint32_t row = 0; row < shown; row++) {
    clear_cells(cells, table->column_count);
    table->fill(table->user, row, cells);
    for (uint32_t i = 0; i < table->column_count; i++) texts[i] = cells[i].data;
    print_row(table, texts, widths, style, out);
  }
  if (shown < table->row_count) {
    vmo_text_addf(out, "    and %u more (--detail=full shows all)\n", table->row_count - shown);
  }
  for (uint32_t i = 0; i < VMO_TABLE_COLUMNS; i++) {
    vmo_drop_part(&cells[i], out);
  }
}
