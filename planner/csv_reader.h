/* csv_reader.h: what the files that read a table of buffers share; private to the folder.
 *
 *   csv.c         lines, numbers, lifetimes, rows
 *   csv_header.c  the names of the columns
 *   csv_wishes.c  the columns that name others: colocated, apart, spaces
 *   csv_write.c   rows out */
#ifndef VMO_PLANNER_CSV_READER_H
#define VMO_PLANNER_CSV_READER_H

#include "planner/planner.h"
#include "support/diag.h"
#include "support/vec.h"

typedef struct csv_field {
  const char *text;
  size_t length;
} csv_field;

struct vmo_csv_row {
  const char *text; /* without its line end */
  uint32_t length;
  uint32_t line;
};

typedef enum csv_column {
  COLUMN_ID,
  COLUMN_LOWER,
  COLUMN_UPPER,
  COLUMN_SIZE,
  COLUMN_ALIGNMENT,
  COLUMN_OFFSET,
  COLUMN_GAPS,
  COLUMN_COLOCATED,
  COLUMN_APART,
  COLUMN_SPACES, /* that are allowed */
  COLUMN_SPACE,  /* the one */
  COLUMN_HINT,   /* where MiniMalloc may try the buffer first: passed over */
  COLUMN_COUNT
} csv_column;

#define MOST_COLUMNS 256 /* of a placement that come before those that are read */

/* A gap, and the bytes that stay live in it; none: low = high. */
typedef struct csv_gap {
  vmo_lifetime time;
  vmo_bytes low, high;
} csv_gap;

/* A field of a row that names other rows, to be resolved when all ids are known. */
typedef struct csv_reference {
  uint32_t row;
  bool apart;
  csv_field names;
} csv_reference;

typedef struct csv_reader {
  vmo_context *context;
  vmo_csv *csv;
  const char *at, *end; /* what is left of the source */
  csv_field current;    /* the current line, without its end */
  uint32_t line;
  uint32_t column_count;
  uint32_t positions[COLUMN_COUNT]; /* where the column is in a row, or VMO_NONE */
  bool inclusive;                   /* the column `end`: ends of lifetimes and gaps are inclusive */
  csv_field fields[MOST_COLUMNS];   /* of the current line, by position */
  vmr_interner *ids;
  VMO_VEC(uint32_t) id_lines; /* per symbol of `ids`, less 1: the line of its first use */
  VMO_VEC(vmo_buffer) buffers;
  VMO_VEC(vmo_lifetime) lifetimes;
  VMO_VEC(struct vmo_csv_row) rows;
  VMO_VEC(csv_gap) gaps; /* of the current row */
  VMO_VEC(vmo_window) windows;
  VMO_VEC(csv_reference) references;
  VMO_VEC(vmo_pair) colocated;
  VMO_VEC(vmo_pair) apart;
  VMO_VEC(vmo_csv_name) space_names;
  VMO_VEC(uint64_t) allowed; /* per row, bits of space_names; empty while no row names one */
  bool placement;            /* ids, offsets and spaces alone are wanted */
  bool failed;               /* a diagnostic says why */
} csv_reader;

/* ---- csv.c ---- */

vmo_location vmo_csv_place(const csv_reader *reader, const char *text);
/* How much of a field a message shows. */
int vmo_csv_shown(csv_field field);
/* Notes that reading failed, and puts a hint on the diagnostic that says why. Returns false. */
bool vmo_csv_refuse(csv_reader *reader, vmo_diagnostic *diagnostic, const char *hint);
csv_field vmo_csv_trim(const char *begin, const char *end);
/* Cuts the current line at its commas; up to `room` fields are kept, all are counted. */
uint32_t vmo_csv_split_line(const csv_reader *reader, csv_field *fields, uint32_t room);

/* ---- csv_header.c ---- */

#define VMO_CSV_HEADER_HINT "the first line names the columns, for example id,lower,upper,size"

/* Takes the current line for the names of the columns. */
void vmo_csv_read_header(csv_reader *reader);

/* ---- csv_write.c ---- */

/* The id in a row, not NUL-terminated. */
csv_field vmo_csv_find_id(const struct vmo_csv_row *row, uint32_t id_column);

/* ---- csv_wishes.c ---- */

/* Reads the columns that name others, of a row that is fine so far. False: refused, or out of memory. */
bool vmo_csv_read_wishes(csv_reader *reader);
/* Resolves the references, and fills csv->packing. */
vmo_status vmo_csv_resolve(csv_reader *reader);

#endif
