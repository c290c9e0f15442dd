/* run.h: what the files of `vmemopt run` share; private to cli/.
 *
 *   cmd_run.c        the command: from options to outputs
 *   run_arguments.c  which parameter gets what        run_values.c   numbers in text, random ones
 *   run_files.c      .npy files, edge lists           run_dims.c     dims from the sizes of arguments
 *   run_engines.c    calls, timed, measured           run_results.c  what results are, and where they go
 *   run_compiled.c   the compiled engine              run_library.c  functions for declared ops
 *   run_inputs.c     files that are not written over */
#ifndef VMO_CLI_RUN_H
#define VMO_CLI_RUN_H

#include "cli/cli.h"
#include "evaluate/evaluate.h"
#include "evaluate/number.h"
#include "reports/reports.h"
#include "support/edges.h"
#include "support/npy.h"
#include "vmemrt/compiled.h"

typedef enum vmo_source_kind {
  VMO_SOURCE_NONE,    /* nothing given */
  VMO_SOURCE_NUMBER,  /* one number, for all elements */
  VMO_SOURCE_LIST,    /* [1, 2, 3] */
  VMO_SOURCE_FILE,    /* @x.npy */
  VMO_SOURCE_UNIFORM, /* random:SEED[:LOW:HIGH] */
  VMO_SOURCE_NORMAL,  /* normal:SEED[:MEAN:DEVIATION] */
  VMO_SOURCE_ZEROS,
  VMO_SOURCE_ROW, /* of a graph */
  VMO_SOURCE_COL,
  VMO_SOURCE_WEIGHT
} vmo_source_kind;

/* One graph, and the parameters that it gives values to. */
typedef struct vmo_run_graph {
  const char *names[3]; /* row, col, weight; weight may be NULL */
  const char *path;
  char *text; /* malloc'ed */
  vmo_edge_use use;
  vmo_edges edges;
  vmo_rows rows;
} vmo_run_graph;

/* Where a parameter's value comes from. */
typedef struct vmo_source {
  vmo_source_kind kind;
  const char *text; /* as it was given; "zeros" for a state without an argument */
  uint64_t seed;
  bool has_range;
  double low, high; /* or mean and deviation */
  vmo_npy head;     /* of a file, and what is open of it; -1: nothing */
  int file;
  vmo_run_graph *graph;
  uint32_t rank; /* of a list or a file; its sizes */
  int64_t sizes[VMO_NPY_MAX_RANK];
  bool has_shape;
} vmo_source;

/* A number that is read from text, before it has a type. */
typedef struct vmo_plain_number {
  bool is_real, is_bool, negative;
  uint64_t magnitude; /* of a whole number */
  double real;        /* of any */
} vmo_plain_number;

/* What becomes of a result, or of a state. */
typedef struct vmo_result_place {
  const char *name;
  vmo_array array;
  const char *path; /* NULL: not written */
  bool state;
} vmo_result_place;

typedef struct vmo_input_file vmo_input_file;

/* One run of one function. */
typedef struct vmo_execution {
  vmo_cli *cli;
  vmo_input_file *inputs;
  uint32_t input_count;
  vmo_module *module;
  vmo_function_id id;
  const vmo_function *function;
  vmo_source *sources;  /* one per parameter */
  vmo_array *arguments; /* likewise; states hold their next content after a call */
  VMO_VEC(vmo_run_graph) graphs;
  vmo_result_place *places; /* the results, then the states */
  uint32_t place_count;
  const char **paths; /* of those places that are written */
  uint32_t *path_places, path_count;
  int64_t calls;
  bool compiled; /* by the compiled engine */
  void **libraries;
  bool keep_events; /* for a trace */
  vmo_run_measure measure;
  vmo_run_watch watch;
  vmo_run_report report;
} vmo_execution;

/* ---- inputs (run_inputs.c) ---- */

/* Finds the files that will be read; refuses reports that would be written over one of them. */
vmo_exit vmo_keep_inputs(vmo_execution *run);
/* Whether a path, which may be NULL, names one of them. */
bool vmo_is_run_input(const vmo_execution *run, const char *path);

/* ---- values (run_values.c) ---- */

/* Reads one number, true or false; false for anything else. */
bool vmo_read_plain_number(const char *text, size_t length, vmo_plain_number *number);
/* Puts it at an index. False when the array's type does not hold it: a fraction for an integer, out of range. */
bool vmo_store_plain_number(const vmo_array *array, int64_t index, const vmo_plain_number *number);
/* The shape of "[[1, 2], [3, 4]]"; `source->text` is it. A fault has left a diagnostic. */
vmo_status vmo_measure_list(vmo_execution *run, uint32_t parameter);
/* Fills an array from a number, a list, random numbers. */
vmo_status vmo_fill_from_text(vmo_execution *run, uint32_t parameter);
/* What a number looks like, in the context's arena; NULL when memory is out. */
const char *vmo_show_number(vmo_context *context, vmo_element element, vmo_number number);

/* ---- files (run_files.c) ---- */

/* Opens a .npy file, reads its head, and tells whether it can be what the parameter needs. */
vmo_status vmo_open_array_file(vmo_execution *run, uint32_t parameter);
vmo_status vmo_fill_from_file(vmo_execution *run, uint32_t parameter);
/* Reads the edges of a graph. */
vmo_status vmo_read_graph(vmo_execution *run, vmo_run_graph *graph);
vmo_status vmo_fill_from_graph(vmo_execution *run, uint32_t parameter);
/* Closes and frees what is still open. */
void vmo_close_sources(vmo_execution *run);
/* 'f' and 8 for f64, as .npy files say it. */
char vmo_npy_kind_of(vmo_element element);

/* ---- dims (run_dims.c) ---- */

/* Binds what sources with a shape tell of dims, and checks them against those that have values. */
vmo_status vmo_infer_dims(vmo_execution *run);
/* An error for every dim that the function needs and that has no value. */
vmo_status vmo_require_dims(vmo_execution *run);

/* ---- arguments (run_arguments.c) ---- */

/* "argument x: " ..., an error with a hint (or NULL). Returns VMO_INPUT_ERROR. */
vmo_status vmo_argument_fault(vmo_execution *run, uint32_t parameter, vmo_diag_code code, const char *hint,
                              const char *format, ...) VMO_PRINTF(5, 6);
/* From --arg, --graph and --dim to an array for each parameter. */
vmo_status vmo_make_arguments(vmo_execution *run);

/* ---- engines (run_engines.c) ---- */

/* Calls the function as often as asked for, by the engine asked for; fills the places' arrays. */
vmo_status vmo_run_function(vmo_execution *run);

/* ---- functions for declared ops (run_library.c) ---- */

vmo_status vmo_open_libraries(vmo_execution *run);
/* Of a vmo_find_declared; `run` is the user. */
vmr_declared_op vmo_find_declared_op(void *run, const char *name);
void vmo_close_libraries(vmo_execution *run);

/* ---- results (run_results.c) ---- */

/* Names the results and decides where each is written, before anything runs. */
vmo_status vmo_place_results(vmo_execution *run);
/* Least, greatest, mean, checksum of what goes in, and of what came out. */
vmo_status vmo_describe_arguments(vmo_execution *run);
vmo_status vmo_describe_results(vmo_execution *run);
/* Writes the .npy file of path `index`. */
void vmo_write_result_file(const vmo_cli *cli, void *execution, uint32_t index, vmo_text *out);

#endif
