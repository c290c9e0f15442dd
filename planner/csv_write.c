/* csv_write.c: a table of buffers back out: the rows as they were read, with what was found in place of the columns
 * offset
 * and space, or behind the others. And what is asked of a table: ids, lines, rows of another one. */
#include <string.h>

#include "planner/csv_reader.h"

csv_field vmo_csv_find_id(const struct vmo_csv_row *row, uint32_t id_column) {
  const char *at = row->text, *end = at + row->length;
  for (uint32_t passed = 0; passed < id_column; at++) passed += *at == ',';
  const char *comma = memchr(at, ',', (size_t)(end - at));
  return vmo_csv_trim(at, comma != NULL ? comma : end);
}

const char *vmo_csv_id(const vmo_csv *csv, uint32_t row, size_t *length) {
  csv_field id = vmo_csv_find_id(&csv->rows[row], csv->id_column);
  *length = id.length;
  return id.text;
}

uint32_t vmo_csv_line(const vmo_csv *csv, uint32_t row) { return csv->rows[row].line; }

/* ---- writing ---- */

/* What replaces a field of a row, or stands behind it. */
typedef struct csv_change {
  uint32_t column;  /* VMO_NONE: behind the row */
  const char *name; /* NULL: the offset */
  vmo_bytes offset;
} csv_change;

static void add_change(const csv_change *change, vmo_text *out) {
  if (change->name != NULL)
    vmo_text_add(out, change->name);
  else
    vmo_text_add_integer(out, change->offset);
}

/* The row with the changes made, those of columns in the order of these. */
static void write_row(const struct vmo_csv_row *row, const csv_change *changes, uint32_t count, const char *line_end,
                      vmo_text *out) {
  const char *at = row->text, *end = row->text + row->length, *kept = at;
  uint32_t column = 0;
  for (uint32_t i = 0; i < count; i++) {
    if (changes[i].column == VMO_NONE) continue;
    for (; column < changes[i].column; at++) column += *at == ',';
    vmo_text_add_bytes(out, kept, (size_t)(at - kept));
    add_change(&changes[i], out);
    const char *comma = memchr(at, ',', (size_t)(end - at));
    kept = at = comma != NULL ? comma : end;
  }
  vmo_text_add_bytes(out, kept, (size_t)(end - kept));
  for (uint32_t i = 0; i < count; i++) {
    if (changes[i].column != VMO_NONE) continue;
    vmo_text_add_char(out, ',');
    add_change(&changes[i], out);
  }
  vmo_text_add(out, line_end);
}

void vmo_write_packed_csv(const vmo_csv *csv, const vmo_bytes *offsets, const vmo_space *spaces,
                          const uint32_t *space_of, vmo_text *out) {
  const char *line_end = csv->carriage_returns ? "\r\n" : "\n";
  bool space_first = spaces != NULL && csv->space_column < csv->offset_column;
  vmo_text_add_bytes(out, csv->header, csv->header_length);
  if (csv->offset_column == VMO_NONE) vmo_text_add(out, ",offset");
  if (spaces != NULL && csv->space_column == VMO_NONE) vmo_text_add(out, ",space");
  vmo_text_add(out, line_end);
  for (uint32_t i = 0; i < csv->problem.buffer_count; i++) {
    csv_change changes[2] = {{csv->offset_column, NULL, offsets[i]}};
    if (spaces != NULL) changes[1] = (csv_change){csv->space_column, spaces[space_of[i]].name, 0};
    if (space_first && csv->offset_column != VMO_NONE) {
      csv_change first = changes[1];
      changes[1] = changes[0];
      changes[0] = first;
    }
    write_row(&csv->rows[i], changes, spaces != NULL ? 2 : 1, line_end, out);
  }
}

void vmo_write_csv(const vmo_csv *csv, const vmo_bytes *offsets, vmo_text *out) {
  vmo_write_packed_csv(csv, offsets, NULL, NULL, out);
}

/* ---- rows of another table ---- */

/* Symbols count up from 1 in the order of the rows, since ids are used once. */
static uint32_t *match(vmr_interner *ids, vmo_context *context, const vmo_csv *csv, const vmo_csv *other) {
  uint32_t count = csv->problem.buffer_count, *rows = vmo_alloc_array(context, (size_t)count + 1, sizeof *rows);
  size_t length;
  for (uint32_t i = 0; i < other->problem.buffer_count; i++) {
    const char *id = vmo_csv_id(other, i, &length);
    if (vmr_interner_add(ids, id, length) == 0) return NULL;
  }
  for (uint32_t i = 0; i < count && rows != NULL; i++) {
    const char *id = vmo_csv_id(csv, i, &length);
    vmr_symbol symbol = vmr_interner_find(ids, id, length);
    rows[i] = symbol == 0 ? VMO_NONE : symbol - 1;
  }
  return rows;
}

uint32_t *vmo_match_csv(vmo_context *context, const vmo_csv *csv, const vmo_csv *other) {
  vmr_interner *ids = vmr_interner_create();
  uint32_t *rows = ids != NULL ? match(ids, context, csv, other) : NULL;
  vmr_interner_destroy(ids);
  return rows;
}
