/* reports.h: what was found, said in JSON or in text.
 *
 * A report computes nothing: its figures are those of vmo_plan_facts and vmo_solution. Both forms read the one model
 * in model.c, which knows the words for kinds and reasons, and where in the source a point is. docs/report.md defines
 * each figure, docs/report.schema.json the JSON. The same input gives the same bytes: no addresses, times or paths
 * that were not given. */
#ifndef VMO_REPORTS_REPORTS_H
#define VMO_REPORTS_REPORTS_H

#include "analysis/analysis.h"
#include "planner/planner.h"
#include "support/text.h"

/* The answer of `plan`: buffers that were placed. */
typedef struct vmo_placement {
  const vmo_csv *csv; /* names and lines of the buffers */
  const vmo_packing_problem *problem;
  const vmo_packing *packing;
  const vmo_moves *moves;       /* NULL: there was no previous placement */
  const vmo_fault_list *faults; /* NULL: it was not given by somebody */
} vmo_placement;

typedef struct vmo_report {
  vmo_context *context;     /* its diagnostics are part of the report */
  const char *command;      /* "analyze" */
  const char *input;        /* as it is shown: a path, "<stdin>" */
  const char *input_kind;   /* "vmir", "csv", "llvm"; NULL: not known */
  const vmo_module *module; /* NULL: the input could not be read, or is none */
  const vmo_binding *binding;
  vmo_plan_facts *const *functions; /* in the module's order; NULL for one that was not planned */
  uint32_t function_count;
  const vmo_placement *placement; /* NULL: none */
  const vmo_site_facts *sites;    /* of LLVM IR; NULL: none */
  bool summary;                   /* the figures only, no lists */
  bool full;                      /* text: no table is cut */
  bool full_timeline;             /* JSON: every point */
} vmo_report;

/* Writes `vmemopt.report/1`. Lists are written element by element, so the memory needed does not grow with them. */
void vmo_write_json(const vmo_report *report, vmo_text *out);

typedef struct vmo_text_style {
  uint32_t width; /* columns, at least 60 */
  bool colour;    /* ANSI escapes */
  bool unicode;   /* block characters; else ASCII */
} vmo_text_style;

/* Writes the report for people. Costs time in proportion to what is shown and to the points of the timeline. */
void vmo_write_text(const vmo_report *report, const vmo_text_style *style, vmo_text *out);

/* What was done with an allocation site, or the memory of a function that has some, as a remark of LLVM: of a kind Passed, Missed or
 * Analysis. Texts live during the visit. */
typedef struct vmo_remark {
  const char *kind, *name, *function, *words;
  vmo_site_place place;
} vmo_remark;

/* Shows each remark, in the order of the module. False: out of memory. */
bool vmo_visit_remarks(const vmo_site_facts *facts, void (*visit)(void *user, const vmo_remark *remark), void *user);

/* Writes all that is known of the allocation sites in a line of the source; false when there is none. A `file` of `length` is
 * meant by every path that ends so. (explain_site.c) */
bool vmo_explain_site(const vmo_site_facts *facts, const char *file, size_t length, uint32_t line, vmo_text *out);

/* Writes what was done with each allocation site as LLVM's optimization remarks, in YAML. */
void vmo_write_remarks(const vmo_site_facts *facts, vmo_text *out);

/* Draws a placement as SVG: time across, offset up, a panel for each space. What is too much to be seen, or of the
 * buffers' names to be told, is left out above 20000 buffers. */
void vmo_write_svg(const vmo_placement *placement, vmo_text *out);
/* Draws it in characters that fit the width: letters of up to 52 buffers, else how full each part is. */
void vmo_write_drawing(const vmo_placement *placement, const vmo_text_style *style, vmo_text *out);

/* ---- a run ---- */

#define VMO_RUN_SHOWN 6 /* elements of an array that are shown */

/* An array that went into a run or came out of it. Numbers are as VMIR writes them. */
typedef struct vmo_run_array {
  const char *name, *type; /* "x", "f64[N]" */
  const char *origin;      /* of an argument: how it was given; of a result: the file it goes to, or NULL */
  const char *element;     /* "f64" */
  uint32_t rank;
  const int64_t *sizes;
  int64_t count;
  bool state;
  const char *shown[VMO_RUN_SHOWN]; /* the first elements */
  uint32_t shown_count;
  const char *least, *greatest, *mean; /* NULL when there is no number but NaN */
  int64_t nan_count;
  uint32_t checksum; /* CRC-32 of its bytes */
} vmo_run_array;

/* What was measured of a run. Bytes are of all spaces together. */
typedef struct vmo_run_measure {
  vmo_bytes planned;                      /* of the arenas */
  vmo_bytes measured;                     /* the highest byte of them that was written, and all below */
  bool exact;                             /* both are equal in each arena */
  vmo_bytes load;                         /* the largest load as planned */
  vmo_bytes naive;                        /* what the reference engine held at most; -1: it did not run */
  int64_t copies_planned, copies_made;    /* ops that the plan inserted; those that ran, loops counted each time */
  int64_t copies_expected;                /* inserted ops that were passed, loops counted each time */
  int64_t allocations, naive_allocations; /* for each call after the first */
  bool in_order;                          /* streams ran so where that was counted, though threads were asked for */
  int64_t deepest;                        /* activations of recursion at a time; 0: none */
  double compile_seconds;
  double best_seconds, naive_seconds; /* a call; the least of all */
  int64_t timed_calls;
  int64_t differing;         /* elements of results that are not the same bits; -1: not compared */
  double largest_difference; /* of two real numbers, over the larger of them; NaN where one alone is NaN */
} vmo_run_measure;

/* An op of the planned program that ran. */
typedef struct vmo_run_op {
  const char *function, *op, *result; /* names; `result` NULL: it has none */
  uint32_t line;                      /* 0: a pass made it */
  int64_t count;                      /* runs, loops counted each time */
  double seconds;                     /* of all of them */
  vmo_bytes moved;                    /* bytes of operands and results, for one run; 0 of a view */
  vmo_bytes live;                     /* live while it runs, as planned; -1: in a function that was called */
  bool copy;                          /* the plan inserted it */
} vmo_run_op;

/* One run of an op, in the order in which they ended; times are those of one clock. */
typedef struct vmo_run_event {
  uint32_t op;
  double begin, seconds;
} vmo_run_event;

typedef struct vmo_run_watch {
  const vmo_run_op *ops; /* in the order of functions and their ops */
  uint32_t op_count;
  const vmo_run_event *events;
  uint32_t event_count;
  int64_t dropped; /* events that were too many */
} vmo_run_watch;

typedef struct vmo_run_report {
  vmo_context *context; /* its diagnostics are part of the report */
  const char *input, *function;
  const char *engine;             /* "jit", "reference"; NULL: nothing ran */
  const char *remark;             /* why it is this one, or what it uses; NULL: nothing to say */
  const vmo_run_measure *measure; /* NULL: nothing was measured */
  const vmo_run_watch *watch;     /* NULL: nobody watched */
  const vmo_module *module;
  const vmo_binding *binding;
  int64_t calls;
  const vmo_run_array *arguments, *results; /* the next states behind the results */
  uint32_t argument_count, result_count;
} vmo_run_report;

/* Writes `vmemopt.run/1`, whose shape docs/run.schema.json is; and the same for people. */
void vmo_write_run_json(const vmo_run_report *report, vmo_text *out);
/* What was watched, in the Trace Event Format of Chrome. */
void vmo_write_trace(const vmo_run_report *report, vmo_text *out);
void vmo_write_run_text(const vmo_run_report *report, const vmo_text_style *style, vmo_text *out);

/* The stable names that reports use: "result", "workspace", ...; "error", ... */
const char *vmo_storage_kind_name(const vmo_storage_fact *storage);
const char *vmo_severity_name(vmo_severity severity);

#endif
