/* oracle_internal.h: what the oracle's files share; see oracle.h for what they do. */
#ifndef VMO_TESTS_RANDOM_ORACLE_INTERNAL_H
#define VMO_TESTS_RANDOM_ORACLE_INTERNAL_H

#include "tests/random/oracle.h"

/* ---- numbers ---- */

/* splitmix64 (G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014). */
uint64_t vmo_next_random(uint64_t *state);

/* ---- what is judged (oracle_plan.c) ---- */

/* Figures of a function, copied from the report's record. -1: not known. */
typedef struct vmo_reported {
  vmo_size_id total, peak, peak_inplace, lower_bound, arena, param, constant, state;
  const vmo_bytes *written_loads, *planned_loads; /* one per point; NULL: not known */
  uint32_t points;
} vmo_reported;

/* A module that was planned, and its sizes in numbers. */
typedef struct vmo_planned {
  vmo_context *context;
  vmo_module *module;
  vmo_binding binding;               /* under which it was planned */
  const vmo_function **written;      /* per function: as it was given, after dead values were removed */
  vmo_reported *reported;            /* per function */
  vmo_reported **spaces;             /* per function and space; NULL entries have no such space */
  bool refused;                      /* by a checker of the pipeline; then there are no figures */
  vmo_binding sizes;                 /* at which it runs */
  int64_t *type_bytes, *type_counts; /* per type, at `sizes` */
  uint64_t *bodies_seen,
      *bodies_here; /* per declaration, at `sizes`: bit i: operand i was asked for, and is read in place */
} vmo_planned;

/* Plans a fresh copy of the program. */
bool vmo_plan_for_judging(const vmo_program_source *source, const vmo_judge_options *options, bool results_in_caller,
                          vmo_planned *planned, vmo_verdict *verdict);
/* Gives all dims numbers: the bounds themselves for number 0, and others drawn from `random`. */
bool vmo_set_sizes(vmo_planned *planned, uint32_t number, uint64_t random, vmo_verdict *verdict);
int64_t vmo_size_at(const vmo_planned *planned, vmo_size_id size); /* under `sizes`; -1: it has none */
static inline const vmo_type *vmo_planned_type(const vmo_planned *planned, const vmo_function *function,
                                               vmo_value_id value) {
  return vmo_value_type(planned->module, function, value);
}
static inline int64_t vmo_bytes_of(const vmo_planned *planned, const vmo_function *function, vmo_value_id value) {
  return planned->type_bytes[function->values.data[value].type];
}

/* ---- structure (oracle_structure.c, oracle_doubled.c) ---- */

/* The written function with every loop that does two trips in one seen as the loop that it was; NULL: it is not that one, or
 * memory is out. */
const vmo_function *vmo_fold_loops(const vmo_planned *planned, const vmo_module *original, uint32_t function,
                                   vmo_verdict *verdict);

/* The planned function is the written one but for inserted copies, and the written one is `original` but for ops whose
 * results nothing reads, and loops that do two trips in one. */
bool vmo_compare_structure(const vmo_planned *planned, uint32_t function, const vmo_module *original,
                           vmo_verdict *verdict);

/* ---- memory (oracle_memory.c) ---- */

/* Byte i of instance k is content k << 32 | i; 0: nothing that anyone wrote. */
typedef uint64_t vmo_content;

typedef struct vmo_memory_block {
  vmo_content *bytes;
  int64_t count;
  bool read_only;
  char name[48];
} vmo_memory_block;

#define VMO_AT_NOWHERE VMO_NONE    /* no bytes hold it: it may not be read */
#define VMO_AT_FREE (VMO_NONE - 1) /* it needs none: scalar parameters, loop indices, empty arrays */

/* Where bytes are: `bytes` of them in a block, from `at` on. */
typedef struct vmo_place {
  uint32_t block;
  int64_t at, bytes;
} vmo_place;

typedef struct vmo_memory {
  vmr_arena *arena;
  VMO_VEC(vmo_memory_block) blocks;
  uint32_t instances;
} vmo_memory;

/* A new block; its number, or VMO_NONE when memory is out. */
uint32_t vmo_add_block(vmo_memory *memory, int64_t bytes, bool read_only, const char *name);
/* Content 0 of a new instance. */
vmo_content vmo_make_instance(vmo_memory *memory);
static inline bool vmo_is_real(const vmo_place *place) { return place->block < VMO_AT_FREE && place->bytes > 0; }
bool vmo_places_meet(const vmo_place *left, const vmo_place *right);
void vmo_fill_place(vmo_memory *memory, const vmo_place *place, vmo_content content);
/* The first byte that does not hold its part of `content`, or -1. */
int64_t vmo_find_wrong_byte(const vmo_memory *memory, const vmo_place *place, vmo_content content);

/* ---- executions ---- */

/* The arena of an activation in one space. */
typedef vmo_place vmo_view;

/* A running call of a function. */
typedef struct vmo_activation {
  struct vmo_activation *caller;
  uint32_t call;  /* the op of the caller */
  uint32_t depth; /* calls around it */
  const vmo_planned *planned;
  const vmo_function *function;
  vmo_view *arenas;      /* per space */
  vmo_place *results;    /* per result: where the caller wants it; block VMO_AT_NOWHERE: in the arena */
  vmo_place *places;     /* per value */
  vmo_content *contents; /* per value: what it is; 0: not computed yet */
  uint32_t *trips;       /* per op: of a loop, the trips that are left; of a parallel, the streams that run */
} vmo_activation;

/* One path of execution: a list of choices. Past the end of those that are given, `random` draws or 0 is taken. */
typedef struct vmo_path {
  uint8_t *choices, *limits;
  uint32_t count, capacity, position;
  bool random;
  uint64_t state;
} vmo_path;

typedef struct vmo_thread {
  vmo_activation *activation;
  uint32_t op;
  uint32_t parent;       /* the thread that waits for it; VMO_NONE: none */
  uint32_t waits;        /* streams that it waits for */
  bool done, begun;      /* begun: the op at hand has read its operands, and not yet written its results */
  vmo_content workspace; /* what fills the workspace of the op at hand */
} vmo_thread;

typedef struct vmo_execution {
  const vmo_planned *entry, *apart; /* the plan of the function that runs, and that of functions that are called */
  vmo_memory memory;
  vmo_path *path;
  vmo_verdict *verdict;
  VMO_VEC(vmo_thread) threads;
  uint32_t running;   /* threads that are not done */
  uint32_t scheduler; /* how threads take turns; VMO_NONE: not chosen yet */
  uint64_t steps, most_steps;
  bool abandoned; /* calls are nested too deeply: functions that call themselves are not followed for ever */
  VMO_VEC(uint32_t) constant_blocks; /* triples: function's name, value, block */
} vmo_execution;

/* `count` ways to go on. */
uint32_t vmo_choose(vmo_path *path, uint32_t count);

/* Places of all values of the activation, from its arenas, results and parameters' places (oracle_places.c). */
bool vmo_place_values(vmo_execution *e, vmo_activation *a);
/* Bytes from the start of operand 0 to the start of view `result` (oracle_places.c). */
bool vmo_find_view_start(const vmo_planned *planned, const vmo_function *function, uint32_t op, uint32_t result,
                         int64_t *start);

/* One op without regions, calls and terminators apart, in two halves (oracle_ops.c): reads, and what it clobbers while
 * it runs; writes. `alone`: no other stream runs between the halves. */
bool vmo_begin_op(vmo_execution *e, vmo_thread *thread, bool alone);
bool vmo_end_op(vmo_execution *e, vmo_thread *thread, bool alone);
/* The value's bytes must hold what it is. */
bool vmo_expect_bytes(vmo_execution *e, const vmo_activation *a, uint32_t op, vmo_value_id value);
/* "@f, op 7 (add) at line 12" */
const char *vmo_locate_op(const vmo_activation *a, uint32_t op, char *text, size_t size);

/* Whether the body of a declared op needs, for each element of its result, at most the element of operand `operand` that
 * has the same index, at the sizes of the run (oracle_body.c). */
bool vmo_body_is_in_place(const vmo_planned *planned, uint32_t declaration, uint32_t operand);

/* An activation of function `id` of e->entry as its caller makes it; NULL: blamed (oracle_execute.c). */
vmo_activation *vmo_enter_function(vmo_execution *e, uint32_t id);
/* Runs function `id` once along the path (oracle_execute.c). */
bool vmo_execute(vmo_execution *e, uint32_t id);
/* Tries paths of function `id` (oracle_explore.c). */
bool vmo_explore(const vmo_planned *entry, const vmo_planned *apart, uint32_t id, const vmo_judge_options *options,
                 vmo_judge_counts *counts, vmo_verdict *verdict);

/* ---- loads (oracle_loads.c, oracle_peaks.c) ---- */

/* Peaks of a function whose results are the caller's: what a call of it counts. Per space, and one for all. */
typedef struct vmo_peaks {
  int64_t *written, *parts, *whole; /* spaces + 1; as planned: between parts and whole */
} vmo_peaks;

/* Compares loads and peaks of function `id` with the report, and returns them in *peaks (may be NULL). */
bool vmo_judge_loads(const vmo_planned *planned, uint32_t id, const vmo_peaks *callees, vmo_peaks *peaks,
                     vmo_verdict *verdict);

#endif
