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

uint32_t vmo_csv_split_line(const csv_reader *reader, csv_field *fields, uint32_t room) {
  const char *at = reader->current.text, *end = at + reader->current.length;
  for (uint32_t count = 0;; count++) {
    const char *comma = at;
    while (comma < end && *comma != ',') comma++;
    if (count < room) fields[count] = vmo_csv_trim(at, comma);
    if (comma == end) return count + 1;
    at = comma + 1;
  }
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
  if (!check_field_count(reader, vmo_csv_split_line(reader, reader->fields, MOST_COLUMNS)) || !check_id(reader))
    return false;
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
                   VMO_CSV_HEADER_HINT);
    return VMO_INPUT_ERROR;
  }
  vmo_csv_read_header(reader);
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
