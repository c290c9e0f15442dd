/* measured.h: what instrumented code tells while it runs, held against its plan. */
#ifndef VMO_TESTS_RANDOM_MEASURED_H
#define VMO_TESTS_RANDOM_MEASURED_H

#include "passes/passes.h"
#include "vmemrt/compiled.h"

typedef struct measured {
  const vmo_module *modules[2]; /* as planned; as planned for calls */
  uint32_t *first;              /* by function, those of calls behind: its first op in `runs` */
  uint64_t *runs;               /* of each op */
  vmr_call_watch watch;         /* for the call */
} measured;

/* In memory of the first module's context; false when that is out. */
bool begin_measured(measured *m, vmo_module *planned, const vmo_module *for_calls, uint32_t arena_count);
/* A call that ended well: the function, its sizes, and whether the arenas were planned for these, so that a run of all
 * ops ends at their last bytes. */
typedef struct measured_call {
  const vmr_call *call;
  vmo_module *module; /* as planned */
  const vmo_plan_facts *facts;
  vmo_function_id id;
  const vmo_binding *binding;
  bool exact_sizes;
} measured_call;

/* The call's fault, in `text`; false: there is none. *exact: the bytes written were known to the byte, from all ops or
 * from those that ran; otherwise, where a function was called that did not run as a whole, they are at most the plan's. */
bool find_measured_fault(const measured *m, const measured_call *of, bool *exact, char *text, size_t size);
/* Calls of malloc and its kin so far, when tests/count_allocations.c is preloaded; else -1. */
long count_allocations(void);

#endif
