/* run_watch.h: gathers what instrumented code tells; private to cli/. */
#ifndef VMO_CLI_RUN_WATCH_H
#define VMO_CLI_RUN_WATCH_H

#include "cli/run_engines.h"

typedef struct vmo_watched_row {
  int64_t count;
  double seconds;
} vmo_watched_row;

typedef struct vmo_watcher {
  vmo_execution *run;
  const vmo_compiled *compiled;
  bool keep_events;
  uint32_t *first; /* by function: its first row; those of callees behind */
  uint32_t function_count;
  vmo_watched_row *rows;
  VMO_VEC(double) open; /* when the ops began that have not ended */
  VMO_VEC(vmo_run_event) events;
  int64_t copies, dropped;
  bool failed; /* memory ran out */
} vmo_watcher;

/* Rows for every op of what was compiled; false when memory is out. */
bool vmo_begin_watch(vmo_execution *run, const vmo_compiled *compiled, vmo_watcher *watcher);
/* Of a vmr_call_watch whose user is the watcher. */
void vmo_watch_before(void *watcher, uint32_t function, uint32_t op);
void vmo_watch_after(void *watcher, uint32_t function, uint32_t op);
/* What is to be reported, in the context's arena. */
vmo_status vmo_end_watch(vmo_watcher *watcher, vmo_run_watch *watch);

#endif
