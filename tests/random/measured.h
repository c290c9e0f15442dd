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
/* The fault of a call that ended well, in `text`; false: there is none. `exact_sizes`: the arenas were planned for the
 * sizes of the call, so that a run of all ops ends at their last bytes; *complete is whether it was one. */
bool find_measured_fault(const measured *m, const vmr_call *call, const vmo_plan_facts *facts, vmo_function_id id,
                         bool exact_sizes, bool *complete, char *text, size_t size);
/* Calls of malloc and its kin so far, when tests/count_allocations.c is preloaded; else -1. */
long count_allocations(void);

#endif
