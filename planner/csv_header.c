/* csv_header.c: the first line of a table of buffers: which column stands where. Columns have names of several tools; a name
 * that is none of them is refused with the nearest that is, but of a placement, whose other columns are passed over. One pass
 * over the line. */
#include <string.h>

#include "planner/csv_reader.h"

static const struct {
  const char *name;
  csv_column column;
  bool inclusive;
} column_names[] = {
    {"id", COLUMN_ID, false},
    {"lower", COLUMN_LOWER, false},
    {"upper", COLUMN_UPPER, false},
    {"size", COLUMN_SIZE, false},
    {"alignment", COLUMN_ALIGNMENT, false},
    {"offset", COLUMN_OFFSET, false},
    {"gaps", COLUMN_GAPS, false},
    {"start", COLUMN_LOWER, false},
    {"end", COLUMN_UPPER, true},
    {"begin", COLUMN_LOWER, false},
    {"buffer", COLUMN_ID, false},
    {"buffer_id", COLUMN_ID, false},
    {"colocated", COLUMN_COLOCATED, false},
    {"apart", COLUMN_APART, false},
    {"spaces", COLUMN_SPACES, false},
    {"space", COLUMN_SPACE, false},
    {"hint", COLUMN_HINT, false},
};
#define NAME_COUNT (sizeof column_names / sizeof *column_names)

/* A header without commas that has what other tables part their fields by. */
static bool refuse_separator(csv_reader *reader) {
  const char *text = reader->current.text;
  size_t length = reader->current.length;
  if (memchr(text, ',', length) != NULL) return false;
  const char *mark = memchr(text, ';', length);
  bool tabs = mark == NULL;
  if (tabs) mark = memchr(text, '\t', length);
  if (mark == NULL) return false;
  vmo_csv_refuse(reader,
                 vmo_diag_add(reader->context, VMO_DIAG_CSV_UNKNOWN_COLUMN, vmo_csv_place(reader, mark),
                              "the columns are apart by %s, not by commas", tabs ? "tabs" : "semicolons"),
                 "write id,lower,upper,size; within the fields colocated, apart and spaces, semicolons part names");
  return true;
}

static bool is_quoted(csv_field name) { return name.length > 0 && (*name.text == '"' || *name.text == '\''); }

/* A first row where the names should be. */
static bool is_number(csv_field name) {
  for (size_t i = 0; i < name.length; i++)
    if (name.text[i] < '-' || name.text[i] > '9') return false;
  return name.length > 0;
}

static bool refuse_name(csv_reader *reader, csv_field name) {
  vmo_diagnostic *diagnostic =
      vmo_diag_add(reader->context, VMO_DIAG_CSV_UNKNOWN_COLUMN, vmo_csv_place(reader, name.text),
                   "unknown column '%.*s'", vmo_csv_shown(name), name.text);
  if (is_quoted(name)) return vmo_csv_refuse(reader, diagnostic, "quotes have no meaning here: leave them out");
  if (is_number(name)) return vmo_csv_refuse(reader, diagnostic, VMO_CSV_HEADER_HINT);
  const char *names[NAME_COUNT], *copy = vmr_arena_copy_text(reader->context->arena, name.text, name.length);
  for (size_t i = 0; i < NAME_COUNT; i++) names[i] = column_names[i].name;
  const char *nearest = copy != NULL ? vmo_nearest_word(copy, names, NAME_COUNT) : NULL;
  if (nearest != NULL) vmo_diag_hint(reader->context, diagnostic, "did you mean '%s'?", nearest);
  return vmo_csv_refuse(
      reader, diagnostic,
      nearest != NULL ? NULL
                      : "the columns are id, lower, upper (or start, end), size, alignment, offset, gaps, colocated, "
                        "apart, spaces, space");
}

/* Whether the name is the column's first one. */
static bool name_is_first(size_t index) {
  for (size_t i = 0; i < index; i++)
    if (column_names[i].column == column_names[index].column) return false;
  return true;
}

/* An index into column_names; NAME_COUNT: it is none of them. */
static size_t find_name(csv_field name) {
  for (size_t i = 0; i < NAME_COUNT; i++)
    if (strlen(column_names[i].name) == name.length && memcmp(column_names[i].name, name.text, name.length) == 0)
      return i;
  return NAME_COUNT;
}

/* Of a placement the problem says the rest: whatever else is there is passed over, names of others' too. */
static bool is_passed_over(const csv_reader *reader, csv_field name) {
  if (!reader->placement || is_quoted(name) || is_number(name)) return false;
  size_t index = find_name(name);
  if (index == NAME_COUNT) return true;
  csv_column column = column_names[index].column;
  return column != COLUMN_ID && column != COLUMN_OFFSET && column != COLUMN_SPACE;
}

static bool read_name(csv_reader *reader, csv_field name, uint32_t position) {
  size_t index = find_name(name);
  if (index == NAME_COUNT) return refuse_name(reader, name);
  csv_column column = column_names[index].column;
  if (reader->positions[column] != VMO_NONE)
    return vmo_csv_refuse(reader,
                          vmo_diag_add(reader->context, VMO_DIAG_CSV_DUPLICATE_COLUMN, vmo_csv_place(reader, name.text),
                                       "the column '%s' is there a second time%s", column_names[index].name,
                                       name_is_first(index) ? "" : ", under another name"),
                          "keep one of them");
  reader->positions[column] = position;
  reader->inclusive = reader->inclusive || column_names[index].inclusive;
  return true;
}

static void require_column(csv_reader *reader, csv_column column, const char *name) {
  if (reader->positions[column] != VMO_NONE) return;
  vmo_location end = {reader->line, (uint32_t)reader->current.length + 1};
  vmo_csv_refuse(reader,
                 vmo_diag_add(reader->context, VMO_DIAG_CSV_MISSING_COLUMN, end, "%sthe column '%s' is missing",
                              reader->placement ? "of a placement, " : "", name),
                 reader->placement ? "a placement has the columns id and offset, as the output of vmemopt plan"
                                   : VMO_CSV_HEADER_HINT);
}

/* What a table must have, unless another name is wrong: that may be the one. */
static void require_columns(csv_reader *reader) {
  if (reader->failed) return;
  require_column(reader, COLUMN_ID, "id");
  if (reader->placement) {
    require_column(reader, COLUMN_OFFSET, "offset");
    return;
  }
  require_column(reader, COLUMN_LOWER, "lower");
  require_column(reader, COLUMN_UPPER, "upper");
  require_column(reader, COLUMN_SIZE, "size");
}

/* One end of a lifetime is called as half-open times are, the other one as inclusive ones. */
static void refuse_mixture(csv_reader *reader) {
  csv_field begin = reader->fields[reader->positions[COLUMN_LOWER]];
  csv_field end = reader->fields[reader->positions[COLUMN_UPPER]];
  if ((*begin.text == 'l') == (*end.text == 'u')) return;
  vmo_csv_refuse(reader,
                 vmo_diag_add(reader->context, VMO_DIAG_CSV_MIXED_TIMES, vmo_csv_place(reader, end.text),
                              "the columns '%.*s' and '%.*s' are of two kinds", (int)begin.length, begin.text,
                              (int)end.length, end.text),
                 "lower and upper are half-open; with start (or begin) and end the end is inclusive");
}

void vmo_csv_read_header(csv_reader *reader) {
  csv_field *names = reader->fields;
  if (refuse_separator(reader)) return;
  uint32_t count = vmo_csv_split_line(reader, names, MOST_COLUMNS);
  for (uint32_t i = 0; i < COLUMN_COUNT; i++) reader->positions[i] = VMO_NONE;
  uint32_t read = reader->placement ? MOST_COLUMNS : COLUMN_COUNT + 1; /* of a problem one too many is wrong */
  for (uint32_t i = 0; i < count && i < read; i++) {
    bool known = is_passed_over(reader, names[i]) || read_name(reader, names[i], i);
    if (!known && (is_quoted(names[i]) || is_number(names[i]))) return; /* the others will be too */
  }
  require_columns(reader);
  if (!reader->failed && !reader->placement) refuse_mixture(reader);
  reader->column_count = count;
  reader->csv->header = reader->current.text;
  reader->csv->header_length = (uint32_t)reader->current.length;
  const char *header_end = reader->current.text + reader->current.length;
  reader->csv->carriage_returns = header_end < reader->end && *header_end == '\r';
  reader->csv->id_column = reader->positions[COLUMN_ID];
  reader->csv->offset_column = reader->positions[COLUMN_OFFSET];
  reader->csv->space_column = reader->positions[COLUMN_SPACE];
}
