/* table.h: tables of text whose columns are as wide as what is shown in them. Private to reports/.
 *
 *     storage     bytes  line  live         where
 *     %deg       781 KiB     8  8-13         slot 0
 *     and 12 more (--detail=full shows all)
 *
 * Rows are made by a function, once to measure and once to print, so that no table is ever held in memory. */
#ifndef VMO_REPORTS_TABLE_H
#define VMO_REPORTS_TABLE_H

#include "reports/reports.h"

#define VMO_TABLE_COLUMNS 8

typedef struct vmo_column {
  const char *title;
  bool right; /* aligned to the right: numbers */
} vmo_column;

typedef struct vmo_table {
  vmo_column columns[VMO_TABLE_COLUMNS];
  uint32_t column_count;
  uint32_t row_count;
  uint32_t shown_rows; /* at most this many are shown; 0: all */
  /* Appends the cells of a row to `cells`, which are empty. */
  void (*fill)(const void *user, uint32_t row, vmo_text *cells);
  const void *user;
} vmo_table;

/* Writes the table, indented by four; a row that is wider than the style says is cut in its last column. */
void vmo_write_table(const vmo_table *table, const vmo_text_style *style, vmo_text *out);

/* Frees a text that was part of `out`; when it failed, so has `out`. */
void vmo_drop_part(vmo_text *part, vmo_text *out);
/* Columns that a text takes on a terminal: its characters. */
uint32_t vmo_text_columns(const char *text);
/* Adds at most `columns` columns of the text; when it is cut, dots are the last of them. */
void vmo_add_cut(vmo_text *out, const char *text, uint32_t columns, bool unicode);
/* Begins and ends a stretch in a style, where colours are used. */
typedef enum vmo_paint { VMO_PAINT_HEADING, VMO_PAINT_TITLE, VMO_PAINT_GOOD, VMO_PAINT_BAD, VMO_PAINT_WEAK } vmo_paint;
void vmo_begin_paint(const vmo_text_style *style, vmo_paint paint, vmo_text *out);
void vmo_end_paint(const vmo_text_style *style, vmo_text *out);

#endif
