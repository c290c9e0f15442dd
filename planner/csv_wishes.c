/* csv_wishes.c: the columns of a table of buffers that name something: colocated and apart name other rows, spaces and
 * space name memory spaces.
 *
 * A row may name rows that come later, so that names of rows are kept and resolved at the end, each by one look-up
 * among
 * the ids. Names of spaces are numbered as they come; what they are is not in the table. */
#include <string.h>

#include "planner/csv_reader.h"

/* Cuts the next name off a list: apart by semicolons where it has one, else by blanks. */
static bool next_name(csv_field *list, bool listed, csv_field *name) {
  while (list->length > 0) {
    const char *begin = list->text, *end = begin + list->length, *at = begin;
    while (at < end && *at != ';' && (listed || (*at != ' ' && *at != '\t'))) at++;
    *name = vmo_csv_trim(begin, at);
    if (at < end) at++;
    *list = (csv_field){at, (size_t)(end - at)};
    if (name->length > 0) return true;
  }
  return false;
}

static bool has_semicolon(csv_field list) { return list.length > 0 && memchr(list.text, ';', list.length) != NULL; }

static csv_field field_of(const csv_reader *reader, csv_column column) {
  return reader->positions[column] != VMO_NONE ? reader->fields[reader->positions[column]] : (csv_field){NULL, 0};
}

/* ---- spaces ---- */

/* The number of a space's name, added when it is new; VMO_NONE: refused or out of memory. */
static uint32_t number_space(csv_reader *reader, csv_field name) {
  for (uint32_t i = 0; i < reader->space_names.count; i++) {
    const vmo_csv_name *known = &reader->space_names.data[i];
    if (known->length == name.length && memcmp(known->text, name.text, name.length) == 0) return i;
  }
  vmo_location place = vmo_csv_place(reader, name.text);
  if (reader->space_names.count == VMO_MAX_SPACES) {
    vmo_csv_refuse(
        reader, vmo_diag_add(reader->context, VMO_DIAG_CSV_SPACE, place, "the table names more than 64 spaces"), NULL);
    return VMO_NONE;
  }
  vmo_csv_name added = {name.text, (uint32_t)name.length, place.line, place.column};
  return vmo_vec_push(reader->context->arena, &reader->space_names, added) ? reader->space_names.count - 1 : VMO_NONE;
}

/* The spaces that a field names, as bits; all of them when it names none. */
static bool read_space_list(csv_reader *reader, csv_column column, uint64_t *spaces) {
  csv_field list = field_of(reader, column), name;
  uint64_t named = 0;
  bool listed = has_semicolon(list);
  while (next_name(&list, listed, &name)) {
    uint32_t number = number_space(reader, name);
    if (number == VMO_NONE) return false;
    named |= UINT64_C(1) << number;
  }
  if (named != 0) *spaces &= named;
  return true;
}

static bool read_spaces(csv_reader *reader) {
  uint64_t spaces = UINT64_MAX;
  csv_field one = field_of(reader, COLUMN_SPACE);
  if (!read_space_list(reader, COLUMN_SPACES, &spaces) || !read_space_list(reader, COLUMN_SPACE, &spaces)) return false;
  if (spaces == 0)
    return vmo_csv_refuse(reader,
                          vmo_diag_add(reader->context, VMO_DIAG_CSV_SPACE, vmo_csv_place(reader, one.text),
                                       "the space '%.*s' is none of those in the column spaces", vmo_csv_shown(one),
                                       one.text),
                          "leave one of the two fields empty");
  if (spaces == UINT64_MAX && reader->allowed.count == 0) return true;
  while (reader->allowed.count < reader->rows.count)
    if (!vmo_vec_push(reader->context->arena, &reader->allowed, UINT64_MAX)) return false;
  return vmo_vec_push(reader->context->arena, &reader->allowed, spaces);
}

static bool keep_reference(csv_reader *reader, csv_column column) {
  csv_field names = field_of(reader, column);
  csv_reference reference = {reader->rows.count, column == COLUMN_APART, names};
  return names.length == 0 || vmo_vec_push(reader->context->arena, &reader->references, reference);
}

bool vmo_csv_read_wishes(csv_reader *reader) {
  if (!keep_reference(reader, COLUMN_COLOCATED) || !keep_reference(reader, COLUMN_APART)) return false;
  bool spaced = reader->positions[COLUMN_SPACES] != VMO_NONE || reader->positions[COLUMN_SPACE] != VMO_NONE;
  return !spaced || read_spaces(reader);
}

/* ---- references ---- */

static void refuse_reference(csv_reader *reader, csv_field name, const char *what) {
  vmo_csv_refuse(reader,
                 vmo_diag_add(reader->context, VMO_DIAG_CSV_REFERENCE, vmo_csv_place(reader, name.text), "'%.*s' %s",
                              vmo_csv_shown(name), name.text, what),
                 "the columns colocated and apart hold ids of other rows, apart by blanks or by semicolons");
}

static bool resolve_reference(csv_reader *reader, const csv_reference *reference) {
  csv_field list = reference->names, name;
  const struct vmo_csv_row *row = &reader->rows.data[reference->row];
  reader->current = (csv_field){row->text, row->length};
  reader->line = row->line;
  bool listed = has_semicolon(list);
  while (next_name(&list, listed, &name)) {
    vmr_symbol symbol = vmr_interner_find(reader->ids, name.text, name.length);
    if (symbol == 0 || symbol - 1 == reference->row) {
      refuse_reference(reader, name, symbol == 0 ? "is the id of no row" : "is this row itself");
      continue;
    }
    vmo_pair pair = {reference->row, symbol - 1};
    bool kept = reference->apart ? vmo_vec_push(reader->context->arena, &reader->apart, pair)
                                 : vmo_vec_push(reader->context->arena, &reader->colocated, pair);
    if (!kept) return false;
  }
  return true;
}

vmo_status vmo_csv_resolve(csv_reader *reader) {
  vmo_csv *csv = reader->csv;
  for (uint32_t i = 0; i < reader->references.count; i++)
    if (!resolve_reference(reader, &reader->references.data[i])) return VMO_OUT_OF_MEMORY;
  if (reader->failed) return VMO_INPUT_ERROR;
  while (reader->allowed.count > 0 && reader->allowed.count < reader->rows.count)
    if (!vmo_vec_push(reader->context->arena, &reader->allowed, UINT64_MAX)) return VMO_OUT_OF_MEMORY;
  csv->space_names = reader->space_names.data;
  csv->space_name_count = reader->space_names.count;
  csv->named_spaces = reader->allowed.count > 0 ? reader->allowed.data : NULL;
  csv->packing = (vmo_packing_problem){.base = csv->problem,
                                       .windows = reader->windows.data,
                                       .window_count = reader->windows.count,
                                       .colocated = reader->colocated.data,
                                       .colocated_count = reader->colocated.count,
                                       .apart = reader->apart.data,
                                       .apart_count = reader->apart.count,
                                       .rows = csv->rows,
                                       .id_column = csv->id_column};
  return VMO_OK;
}

/* ---- spaces that are known ---- */

static uint32_t find_space(const vmo_csv_name *name, const vmo_space *spaces, uint32_t count) {
  uint32_t space = 0;
  while (space < count &&
         (strlen(spaces[space].name) != name->length || memcmp(spaces[space].name, name->text, name->length) != 0))
    space++;
  return space;
}

static void refuse_space(vmo_context *context, const vmo_csv_name *name, const vmo_space *spaces, uint32_t count) {
  int shown = name->length < 40 ? (int)name->length : 40;
  vmo_diagnostic *added = vmo_diag_add(context, VMO_DIAG_CSV_SPACE, (vmo_location){name->line, name->column},
                                       "there is no space '%.*s'", shown, name->text);
  const char *names[VMO_MAX_SPACES], *copy = vmr_arena_copy_text(context->arena, name->text, name->length);
  for (uint32_t i = 0; i < count; i++) names[i] = spaces[i].name;
  const char *nearest = copy != NULL && count > 0 ? vmo_nearest_word(copy, names, count) : NULL;
  if (nearest != NULL)
    vmo_diag_hint(context, added, "did you mean '%s'?", nearest);
  else
    vmo_diag_hint(context, added, "spaces are given with --space, as in --space=sram=256KiB,psram=8MiB");
}

vmo_status vmo_resolve_csv_spaces(vmo_context *context, vmo_csv *csv, const vmo_space *spaces, uint32_t space_count) {
  uint32_t numbers[VMO_MAX_SPACES];
  bool known = true;
  csv->packing.spaces = spaces;
  csv->packing.space_count = space_count;
  for (uint32_t i = 0; i < csv->space_name_count; i++) {
    numbers[i] = find_space(&csv->space_names[i], spaces, space_count);
    if (numbers[i] < space_count) continue;
    known = false;
    refuse_space(context, &csv->space_names[i], spaces, space_count);
  }
  if (!known) return VMO_INPUT_ERROR;
  if (csv->named_spaces == NULL) return VMO_OK;
  uint64_t *allowed = vmo_alloc_array(context, csv->problem.buffer_count, sizeof *allowed);
  if (allowed == NULL) return VMO_OUT_OF_MEMORY;
  for (uint32_t row = 0; row < csv->problem.buffer_count; row++) {
    if (csv->named_spaces[row] == UINT64_MAX) allowed[row] = UINT64_MAX;
    for (uint32_t i = 0; i < csv->space_name_count && allowed[row] != UINT64_MAX; i++)
      if (csv->named_spaces[row] >> i & 1) allowed[row] |= UINT64_C(1) << numbers[i];
  }
  csv->packing.allowed = allowed;
  return VMO_OK;
}
