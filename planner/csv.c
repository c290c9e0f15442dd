/* csv.c: reads and writes the tables of buffers that static memory planners exchange (planner.h lists the
 * columns; the format is that of MiniMalloc, github.com/google/minimalloc).
 *
 *   id,lower,upper,size,gaps        a is live in [0, 2) and [5, 9), and its first 64 bytes in [2, 5) too
 *   a,0,9,4096,2-5@0:64
 *
 * One pass over the text: a row's fields are spans of it, and nothing is copied but the numbers. Writing
 * puts the rows out as they were read. Fields are trimmed of blanks; empty lines, CRLF and a byte order
 * mark are accepted; there are no quotes. After an error reading goes on, to tell about the next ones. */
#include <inttypes.h>
#include <stdlib.h>
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

/* ---- errors ---- */

vmo_location vmo_csv_place(const csv_reader *reader, const char *text) {
  return (vmo_location){reader->line, (uint32_t)(text - reader->current.text) + 1};
}

#define MAX_SHOWN 40 /* bytes of a field in a message */

int vmo_csv_shown(csv_field field) { return field.length < MAX_SHOWN ? (int)field.length : MAX_SHOWN; }

bool vmo_csv_refuse(csv_reader *reader, vmo_diagnostic *diagnostic, const char *hint) {
  reader->failed = true;
  if (hint != NULL) vmo_diag_hint(reader->context, diagnostic, "%s", hint);
  return false;
}

/* ---- lines and fields ---- */

static bool is_blank(char character) { return character == ' ' || character == '\t'; }

csv_field vmo_csv_trim(const char *begin, const char *end) {
  while (begin < end && is_blank(*begin)) begin++;
  while (begin < end && is_blank(end[-1])) end--;
  return (csv_field){begin, (size_t)(end - begin)};
}

/* Steps to the next line that is not blank; false at the end of the text. */
static bool next_line(csv_reader *reader) {
  while (reader->at < reader->end) {
    const char *begin = reader->at, *end = memchr(begin, '\n', (size_t)(reader->end - begin));
    reader->at = end != NULL ? end + 1 : reader->end;
    if (end == NULL) end = reader->end;
    if (end > begin && end[-1] == '\r') end--;
    reader->line++;
    reader->current = (csv_field){begin, (size_t)(end - begin)};
    if (vmo_csv_trim(begin, end).length > 0) return true;
  }
  return false;
}

/* Cuts the current line at its commas; up to `room` fields are kept, all are counted. */
static uint32_t split_line(const csv_reader *reader, csv_field *fields, uint32_t room) {
  const char *at = reader->current.text, *end = at + reader->current.length;
  for (uint32_t count = 0;; count++) {
    const char *comma = at;
    while (comma < end && *comma != ',') comma++;
    if (count < room) fields[count] = vmo_csv_trim(at, comma);
    if (comma == end) return count + 1;
    at = comma + 1;
  }
}

/* ---- the header ---- */

#define HEADER_HINT "the first line names the columns, for example id,lower,upper,size"

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
  if (is_number(name)) return vmo_csv_refuse(reader, diagnostic, HEADER_HINT);
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
                                   : HEADER_HINT);
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

static void read_header(csv_reader *reader) {
  csv_field *names = reader->fields;
  if (refuse_separator(reader)) return;
  uint32_t count = split_line(reader, names, MOST_COLUMNS);
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

/* ---- numbers ---- */

typedef enum number_fault { NUMBER_FINE, NUMBER_MALFORMED, NUMBER_TOO_LARGE } number_fault;

/* Reads digits, maybe after a minus sign, from *at on. */
static number_fault scan_number(const char **at, const char *end, int64_t *number) {
  bool negative = *at < end && **at == '-';
  if (negative) ++*at;
  const char *digits = *at;
  int64_t value = 0;
  for (; *at < end && **at >= '0' && **at <= '9'; ++*at)
    if (value < VMO_BYTES_LIMIT) value = value * 10 + (**at - '0');
  *number = negative ? -value : value;
  if (*at == digits) return NUMBER_MALFORMED;
  return value < VMO_BYTES_LIMIT ? NUMBER_FINE : NUMBER_TOO_LARGE;
}

static bool refuse_number(csv_reader *reader, number_fault fault, csv_field text, const char *name) {
  vmo_location place = vmo_csv_place(reader, text.text);
  if (fault == NUMBER_TOO_LARGE)
    return vmo_csv_refuse(reader,
                          vmo_diag_add(reader->context, VMO_DIAG_CSV_NUMBER_TOO_LARGE, place,
                                       "the %s '%.*s' is out of range", name, vmo_csv_shown(text), text.text),
                          "numbers are below 2^53");
  if (text.length == 0)
    return vmo_csv_refuse(reader,
                          vmo_diag_add(reader->context, VMO_DIAG_CSV_NOT_A_NUMBER, place, "the %s is empty", name),
                          "write a whole number");
  return vmo_csv_refuse(reader,
                        vmo_diag_add(reader->context, VMO_DIAG_CSV_NOT_A_NUMBER, place, "the %s '%.*s' is no number",
                                     name, vmo_csv_shown(text), text.text),
                        "write a whole number, without a unit, a point or quotes");
}

static bool read_number(csv_reader *reader, csv_column column, const char *name, int64_t *number) {
  csv_field text = reader->fields[reader->positions[column]];
  const char *at = text.text, *end = text.text + text.length;
  number_fault fault = scan_number(&at, end, number);
  if (at != end) fault = NUMBER_MALFORMED;
  return fault == NUMBER_FINE || refuse_number(reader, fault, text, name);
}

/* As read_number, for a column that may be absent or a field that may be empty: `otherwise`. */
static bool read_optional(csv_reader *reader, csv_column column, const char *name, int64_t otherwise, int64_t *number) {
  *number = otherwise;
  if (reader->positions[column] == VMO_NONE || reader->fields[reader->positions[column]].length == 0) return true;
  return read_number(reader, column, name, number);
}

static bool refuse_negative(csv_reader *reader, csv_column column, const char *name) {
  csv_field text = reader->fields[reader->positions[column]];
  return vmo_csv_refuse(reader,
                        vmo_diag_add(reader->context, VMO_DIAG_CSV_NEGATIVE, vmo_csv_place(reader, text.text),
                                     "the %s '%.*s' is negative", name, vmo_csv_shown(text), text.text),
                        column == COLUMN_OFFSET ? "leave the field empty for a buffer that is free to move" : NULL);
}

/* ---- lifetimes and gaps ---- */

static bool refuse_gap(csv_reader *reader, csv_field gap, const char *what) {
  return vmo_csv_refuse(reader,
                        vmo_diag_add(reader->context, VMO_DIAG_CSV_GAP, vmo_csv_place(reader, gap.text),
                                     "the gap '%.*s' %s", vmo_csv_shown(gap), gap.text, what),
                        "gaps are written a-b, separated by blanks, inside of the buffer's lifetime");
}

/* Reads ":" or "-" and a number. */
static number_fault scan_after(const char **at, const char *end, char mark, int64_t *number) {
  if (*at == end || **at != mark) return NUMBER_MALFORMED;
  ++*at;
  return scan_number(at, end, number);
}

/* Reads what of the buffer stays live: lo:hi, at the end of a gap. */
static bool read_window(csv_reader *reader, csv_field text, const char *at, vmo_bytes bytes, csv_gap *gap) {
  const char *begin = at + 1, *end = text.text + text.length;
  at++;
  number_fault fault = scan_number(&at, end, &gap->low);
  if (fault == NUMBER_FINE) fault = scan_after(&at, end, ':', &gap->high);
  if (fault == NUMBER_TOO_LARGE) return refuse_number(reader, fault, text, "gap");
  csv_field window = {begin, (size_t)(end - begin)};
  bool formed = fault == NUMBER_FINE && at == end;
  if (formed && gap->low >= 0 && gap->low <= gap->high && gap->high <= bytes) return true;
  return vmo_csv_refuse(reader,
                        vmo_diag_add(reader->context, VMO_DIAG_CSV_GAP_WINDOW, vmo_csv_place(reader, begin),
                                     "the window '%.*s' %s", vmo_csv_shown(window), window.text,
                                     formed ? "is not inside of the buffer" : "is malformed"),
                        "a-b@lo:hi: in [a, b) the bytes [lo, hi) of the buffer stay live, 0 <= lo <= hi <= size");
}

static bool read_gap(csv_reader *reader, csv_field text, vmo_lifetime whole, vmo_bytes bytes) {
  const char *at = text.text, *end = text.text + text.length;
  csv_gap gap = {0};
  number_fault fault = scan_number(&at, end, &gap.time.begin);
  if (fault == NUMBER_FINE) fault = scan_after(&at, end, '-', &gap.time.end);
  if (fault == NUMBER_TOO_LARGE) return refuse_number(reader, fault, text, "gap");
  if (fault != NUMBER_FINE || (at != end && *at != '@')) return refuse_gap(reader, text, "is malformed");
  gap.time.end += reader->inclusive;
  if (gap.time.begin >= gap.time.end) return refuse_gap(reader, text, "ends before it begins");
  if (gap.time.begin < whole.begin || gap.time.end > whole.end)
    return refuse_gap(reader, text, "is not inside of the lifetime");
  if (at != end && !read_window(reader, text, at, bytes, &gap)) return false;
  return vmo_vec_push(reader->context->arena, &reader->gaps, gap);
}

static int compare_gaps(const void *left, const void *right) {
  const csv_gap *a = left, *b = right;
  return (a->time.begin > b->time.begin) - (a->time.begin < b->time.begin);
}

/* Reads the gaps of the current row, sorted. */
static bool read_gaps(csv_reader *reader, vmo_lifetime whole, vmo_bytes bytes) {
  csv_field text = reader->fields[reader->positions[COLUMN_GAPS]];
  const char *end = text.text + text.length;
  reader->gaps.count = 0;
  for (const char *at = text.text; at < end;) {
    const char *begin = at;
    while (at < end && !is_blank(*at)) at++;
    if (at > begin && !read_gap(reader, (csv_field){begin, (size_t)(at - begin)}, whole, bytes)) return false;
    while (at < end && is_blank(*at)) at++;
  }
  if (reader->gaps.count > 1) qsort(reader->gaps.data, reader->gaps.count, sizeof *reader->gaps.data, compare_gaps);
  for (uint32_t i = 1; i < reader->gaps.count; i++)
    if (reader->gaps.data[i].time.begin < reader->gaps.data[i - 1].time.end)
      return refuse_gap(reader, text, "has parts that overlap");
  return true;
}

static bool push_lifetime(csv_reader *reader, vmo_buffer *buffer, vmo_lifetime lifetime) {
  if (lifetime.begin >= lifetime.end) return true;
  buffer->lifetime_count++;
  return vmo_vec_push(reader->context->arena, &reader->lifetimes, lifetime);
}

static bool read_lifetimes(csv_reader *reader, vmo_buffer *buffer) {
  vmo_lifetime whole;
  if (!read_number(reader, COLUMN_LOWER, "begin", &whole.begin)) return false;
  if (!read_number(reader, COLUMN_UPPER, "end", &whole.end)) return false;
  if (whole.end < whole.begin) {
    csv_field text = reader->fields[reader->positions[COLUMN_UPPER]];
    return vmo_csv_refuse(
        reader,
        vmo_diag_add(reader->context, VMO_DIAG_CSV_LIFETIME, vmo_csv_place(reader, text.text),
                     "the lifetime ends at %" PRId64 ", before it begins at %" PRId64, whole.end, whole.begin),
        reader->inclusive ? "the end is inclusive: a buffer that is live at 3 alone has start 3, end 3; "
                            "for one that is never live, name the columns lower and upper"
                          : "a buffer is live from lower to upper - 1");
  }
  whole.end += reader->inclusive;
  buffer->lifetime_first = reader->lifetimes.count;
  reader->gaps.count = 0;
  if (reader->positions[COLUMN_GAPS] != VMO_NONE && !read_gaps(reader, whole, buffer->bytes)) return false;
  for (uint32_t i = 0; i < reader->gaps.count; i++) {
    const csv_gap *gap = &reader->gaps.data[i];
    vmo_window window = {reader->rows.count, gap->time.begin, gap->time.end, gap->low, gap->high};
    if (!push_lifetime(reader, buffer, (vmo_lifetime){whole.begin, gap->time.begin})) return false;
    if (gap->low < gap->high && !vmo_vec_push(reader->context->arena, &reader->windows, window)) return false;
    whole.begin = gap->time.end;
  }
  return push_lifetime(reader, buffer, whole);
}

/* ---- rows ---- */

static bool check_field_count(csv_reader *reader, uint32_t count) {
  if (count == reader->column_count) return true;
  const char *place = reader->current.text + reader->current.length;
  if (count > reader->column_count) {
    place = reader->current.text;
    for (uint32_t commas = 0; commas < reader->column_count; place++) commas += *place == ',';
  }
  return vmo_csv_refuse(reader,
                        vmo_diag_add(reader->context, VMO_DIAG_CSV_FIELD_COUNT, vmo_csv_place(reader, place),
                                     "%" PRIu32 " fields where the header names %" PRIu32 " columns", count,
                                     reader->column_count),
                        count > reader->column_count ? "an id cannot contain commas, nor do quotes help"
                        : count == 1 && memchr(reader->current.text, ';', reader->current.length)
                            ? "fields are apart by commas"
                            : "an optional field is left empty: a,,b");
}

static bool check_id(csv_reader *reader) {
  csv_field id = reader->fields[reader->positions[COLUMN_ID]];
  if (id.length == 0)
    return vmo_csv_refuse(
        reader, vmo_diag_add(reader->context, VMO_DIAG_CSV_NO_ID, vmo_csv_place(reader, id.text), "the id is empty"),
        "each buffer has an id, used once");
  vmr_symbol symbol = vmr_interner_add(reader->ids, id.text, id.length);
  if (symbol == 0) return false;
  if (symbol > reader->id_lines.count) return vmo_vec_push(reader->context->arena, &reader->id_lines, reader->line);
  return vmo_csv_refuse(reader,
                        vmo_diag_add(reader->context, VMO_DIAG_CSV_DUPLICATE_ID, vmo_csv_place(reader, id.text),
                                     "the id '%.*s' is used already, on line %" PRIu32, vmo_csv_shown(id), id.text,
                                     reader->id_lines.data[symbol - 1]),
                        "each row is a buffer of its own; for several lifetimes use the column gaps");
}

static bool read_alignment(csv_reader *reader, vmo_buffer *buffer) {
  if (!read_optional(reader, COLUMN_ALIGNMENT, "alignment", 1, &buffer->alignment)) return false;
  if (buffer->alignment >= 1 && (buffer->alignment & (buffer->alignment - 1)) == 0) return true;
  csv_field text = reader->fields[reader->positions[COLUMN_ALIGNMENT]];
  return vmo_csv_refuse(reader,
                        vmo_diag_add(reader->context, VMO_DIAG_CSV_ALIGNMENT, vmo_csv_place(reader, text.text),
                                     "the alignment '%.*s' is no power of two", vmo_csv_shown(text), text.text),
                        "alignments are 1, 2, 4, 8, ...");
}

static bool read_offset(csv_reader *reader, vmo_buffer *buffer) {
  if (!read_optional(reader, COLUMN_OFFSET, "offset", -1, &buffer->fixed_offset)) return false;
  if (buffer->fixed_offset < 0) {
    csv_field text = reader->positions[COLUMN_OFFSET] != VMO_NONE ? reader->fields[reader->positions[COLUMN_OFFSET]]
                                                                  : (csv_field){NULL, 0};
    return text.length == 0 || refuse_negative(reader, COLUMN_OFFSET, "offset");
  }
  csv_field text = reader->fields[reader->positions[COLUMN_OFFSET]];
  if (buffer->fixed_offset >= VMO_BYTES_LIMIT - buffer->bytes)
    return refuse_number(reader, NUMBER_TOO_LARGE, text, "end of the buffer at offset");
  if (buffer->fixed_offset % buffer->alignment == 0) return true;
  return vmo_csv_refuse(reader,
                        vmo_diag_add(reader->context, VMO_DIAG_CSV_OFFSET, vmo_csv_place(reader, text.text),
                                     "the fixed offset %" PRId64 " is no multiple of the buffer's alignment %" PRId64,
                                     buffer->fixed_offset, buffer->alignment),
                        "move the offset, or lower the alignment");
}

static bool read_bytes(csv_reader *reader, vmo_buffer *buffer) {
  if (!read_number(reader, COLUMN_SIZE, "size", &buffer->bytes)) return false;
  return buffer->bytes >= 0 || refuse_negative(reader, COLUMN_SIZE, "size");
}

/* False: the row is refused, or memory is out. */
static bool read_row(csv_reader *reader) {
  vmo_buffer buffer = {0};
  if (!check_field_count(reader, split_line(reader, reader->fields, MOST_COLUMNS)) || !check_id(reader)) return false;
  if (!reader->placement && (!read_bytes(reader, &buffer) || !read_lifetimes(reader, &buffer))) return false;
  if (!read_alignment(reader, &buffer) || !read_offset(reader, &buffer)) return false;
  if (!vmo_csv_read_wishes(reader)) return false;
  struct vmo_csv_row row = {reader->current.text, (uint32_t)reader->current.length, reader->line};
  return vmo_vec_push(reader->context->arena, &reader->buffers, buffer) &&
         vmo_vec_push(reader->context->arena, &reader->rows, row);
}

static vmo_status read_rows(csv_reader *reader) {
  while (next_line(reader)) {
    bool failed_before = reader->failed;
    reader->failed = false;
    if (!read_row(reader) && !reader->failed) return VMO_OUT_OF_MEMORY;
    reader->failed = reader->failed || failed_before;
  }
  return reader->failed ? VMO_INPUT_ERROR : VMO_OK;
}

/* ---- the whole ---- */

static vmo_status read_text(csv_reader *reader) {
  if (!next_line(reader)) {
    vmo_csv_refuse(reader, vmo_diag_add(reader->context, VMO_DIAG_CSV_EMPTY, (vmo_location){1, 1}, "the file is empty"),
                   HEADER_HINT);
    return VMO_INPUT_ERROR;
  }
  read_header(reader);
  if (reader->failed) return VMO_INPUT_ERROR;
  vmo_location header_end = {reader->line, (uint32_t)reader->current.length + 1};
  vmo_status status = read_rows(reader);
  if (status != VMO_OK) return status;
  if (reader->rows.count == 0) {
    vmo_csv_refuse(reader,
                   vmo_diag_add(reader->context, VMO_DIAG_CSV_NO_ROWS, header_end, "no buffers follow the header"),
                   "each line after the header is one buffer");
    return VMO_INPUT_ERROR;
  }
  reader->csv->rows = reader->rows.data;
  reader->csv->problem = (vmo_problem){.buffers = reader->buffers.data,
                                       .buffer_count = reader->buffers.count,
                                       .lifetimes = reader->lifetimes.data,
                                       .lifetime_count = reader->lifetimes.count,
                                       .capacity = -1};
  return vmo_csv_resolve(reader);
}

static vmo_status read_table(vmo_context *context, vmo_csv *csv, bool placement) {
  csv_reader reader = {.context = context, .csv = csv, .at = context->source_text, .placement = placement};
  *csv = (vmo_csv){0};
  if (reader.at == NULL) reader.at = "";
  reader.end = reader.at + (context->source_text != NULL ? context->source_length : 0);
  if (reader.end - reader.at >= 3 && memcmp(reader.at, "\xEF\xBB\xBF", 3) == 0) reader.at += 3;
  if (reader.end - reader.at > UINT32_MAX) {
    vmo_diag_add(context, VMO_DIAG_CSV_NUMBER_TOO_LARGE, (vmo_location){0}, "the file has 4 GiB or more");
    return VMO_INPUT_ERROR;
  }
  reader.ids = vmr_interner_create();
  vmo_status status = reader.ids != NULL ? read_text(&reader) : VMO_OUT_OF_MEMORY;
  vmr_interner_destroy(reader.ids);
  return status;
}

vmo_status vmo_read_csv(vmo_context *context, vmo_csv *csv) { return read_table(context, csv, false); }

vmo_status vmo_read_placement_csv(vmo_context *context, vmo_csv *csv) { return read_table(context, csv, true); }
