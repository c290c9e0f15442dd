/* vmemopt.h: the public face of libvmemopt, for compilers that embed it.
 *
 *   vmo_program *program = vmo_create_program();
 *   vmo_read_program(program, "rank.vmir", text, length);     or build it, function by function, op by op
 *   vmo_set_dim(program, "N", 1000000);
 *   if (vmo_plan_program(program) == VMO_OK) ...              each value has its slot and offset now
 *   vmo_destroy_program(program);
 *
 * A program is one VMIR module, its plan, and all memory that belongs to them. Programs share nothing, and one is used
 * by one thread at a time. The library never prints, exits or aborts.
 *
 * Ownership: strings and arrays that go in are copied, except where it is said. Strings that come out belong to the
 * program and live as long as it does, except what the vmo_format_ functions return, which goes to vmo_free_text.
 *
 * Errors: a function that can fail returns a vmo_status, or VMO_NONE in place of an id. Of a program that is built,
 * the first failure is kept: later calls of the builder do no harm, and vmo_plan_program returns it; so it is enough to
 * look there. Diagnostics say what was wrong.
 *
 * Units: sizes and offsets are bytes, below 2^53; -1 stands for a number that depends on dims without a value. Points
 * are positions in program order: the indices of ops. */
#ifndef VMEMOPT_H
#define VMEMOPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define VMO_API __attribute__((visibility("default")))
#else
#define VMO_API
#endif

#ifndef VMO_SUPPORT_CONTEXT_H /* the library's own sources have these from there */
typedef enum vmo_status {
  VMO_OK = 0,
  VMO_INPUT_ERROR,  /* the program is wrong; diagnostics say where and what to do */
  VMO_DOES_NOT_FIT, /* a capacity cannot be met */
  VMO_OUT_OF_MEMORY,
  VMO_INTERNAL_ERROR /* a checker refused the library's own answer: a bug in vmemopt */
} vmo_status;

#define VMO_NONE UINT32_MAX /* no id */
#endif

typedef struct vmo_program vmo_program;

/* Ids are numbers within a program (functions, types, sizes) or within a function (values, ops). */
typedef uint32_t vmo_function_id;
typedef uint32_t vmo_type_id;
typedef uint32_t vmo_size_id;
typedef uint32_t vmo_value_id;
typedef uint32_t vmo_op_id;

/* "0.1.0" */
VMO_API const char *vmo_get_version(void);

/* An empty program, or NULL when memory is out. */
VMO_API vmo_program *vmo_create_program(void);
/* Frees the program and all that belongs to it. NULL is accepted. */
VMO_API void vmo_destroy_program(vmo_program *program);

/* ---- from text ---- */

/* Reads VMIR text of `length` bytes into an empty program and verifies it. `name` is what diagnostics call it. */
VMO_API vmo_status vmo_read_program(vmo_program *program, const char *name, const char *text, size_t length);

/* ---- building: dims, sizes, types ---- */

/* Declares a dim and returns it as a size. Free: any value of at least 0; bounded: at most `limit`; fixed: `value`. */
VMO_API vmo_size_id vmo_add_free_dim(vmo_program *program, const char *name);
VMO_API vmo_size_id vmo_add_bounded_dim(vmo_program *program, const char *name, int64_t limit);
VMO_API vmo_size_id vmo_add_fixed_dim(vmo_program *program, const char *name, int64_t value);

/* Sizes are expressions over dims: a number, sums, differences, products, and floor(size / divisor), divisor > 0. */
VMO_API vmo_size_id vmo_make_size(vmo_program *program, int64_t number);
VMO_API vmo_size_id vmo_make_sum(vmo_program *program, vmo_size_id left, vmo_size_id right);
VMO_API vmo_size_id vmo_make_difference(vmo_program *program, vmo_size_id left, vmo_size_id right);
VMO_API vmo_size_id vmo_make_product(vmo_program *program, vmo_size_id left, vmo_size_id right);
VMO_API vmo_size_id vmo_make_quotient(vmo_program *program, vmo_size_id size, int64_t divisor);

/* A type: `element` is "bool", "i8", "u8", ..., "f16", "bf16", "f32" or "f64"; `shape` has `rank` sizes, outermost
 * first; rank 0 is a scalar. Equal types have equal ids. */
VMO_API vmo_type_id vmo_make_type(vmo_program *program, const char *element, const vmo_size_id *shape, uint32_t rank);
/* The same in a memory space (NULL: the default one), its bytes aligned to `alignment`, a power of two (0: as the plan
 * aligns). */
VMO_API vmo_type_id vmo_make_placed_type(vmo_program *program, const char *element, const vmo_size_id *shape,
                                         uint32_t rank, const char *space, uint32_t alignment);

/* ---- building: functions ---- */

/* Begins a function. Several may be open at once; each ends by vmo_end_function. */
VMO_API vmo_function_id vmo_add_function(vmo_program *program, const char *name);
/* Adds a parameter, before any op. A donated one may be overwritten. `name` may be NULL. */
VMO_API vmo_value_id vmo_add_parameter(vmo_program *program, vmo_function_id function, const char *name,
                                       vmo_type_id type, bool donated);
/* Adds a parameter that lives from call to call in the function's arena: at `offset` there, or anywhere (-1). The
 * function's `return` gives the next content after its results. */
VMO_API vmo_value_id vmo_add_state(vmo_program *program, vmo_function_id function, const char *name, vmo_type_id type,
                                   int64_t offset);
VMO_API vmo_status vmo_add_result(vmo_program *program, vmo_function_id function, vmo_type_id type);
VMO_API vmo_status vmo_end_function(vmo_program *program, vmo_function_id function);

/* ---- building: ops ---- */

typedef enum vmo_argument_kind {
  VMO_ARGUMENT_VALUE,
  VMO_ARGUMENT_SIZE,
  VMO_ARGUMENT_INTEGER,
  VMO_ARGUMENT_REAL,
  VMO_ARGUMENT_BOOLEAN
} vmo_argument_kind;

/* An operand: a value, a size (a dim or a number of elements, as i64), or a literal, whose type follows from the op. */
typedef struct vmo_argument {
  vmo_argument_kind kind;
  union {
    vmo_value_id value;
    vmo_size_id size;
    int64_t integer;
    double real;
    bool boolean;
  } as;
} vmo_argument;

static inline vmo_argument vmo_from_value(vmo_value_id value) {
  vmo_argument argument;
  argument.kind = VMO_ARGUMENT_VALUE;
  argument.as.value = value;
  return argument;
}
static inline vmo_argument vmo_from_size(vmo_size_id size) {
  vmo_argument argument;
  argument.kind = VMO_ARGUMENT_SIZE;
  argument.as.size = size;
  return argument;
}
static inline vmo_argument vmo_from_integer(int64_t integer) {
  vmo_argument argument;
  argument.kind = VMO_ARGUMENT_INTEGER;
  argument.as.integer = integer;
  return argument;
}
static inline vmo_argument vmo_from_real(double real) {
  vmo_argument argument;
  argument.kind = VMO_ARGUMENT_REAL;
  argument.as.real = real;
  return argument;
}
static inline vmo_argument vmo_from_boolean(bool boolean) {
  vmo_argument argument;
  argument.kind = VMO_ARGUMENT_BOOLEAN;
  argument.as.boolean = boolean;
  return argument;
}

/* Appends an op to the innermost open region. `name` is one that `vmemopt ops` lists ("mul", "for", "yield", ...), or
 * "@name" for an op that was declared, or for a call of a function; one that is called must have been added. Operands,
 * results and regions of the structured ops, as docs/vmir.md tells:
 *
 *   for       arguments low, high, inits...   one region: arguments index, carried...; ends in yield; attribute step
 *   while     arguments inits...              two regions: condition (arguments carried..., ends in condition), and do,
 *                                             which sees them (no arguments of its own, ends in yield)
 *   if        argument condition              one or two regions: then, else
 *   parallel  no arguments                    a region per stream; the results are all yields in their order */
VMO_API vmo_op_id vmo_add_op(vmo_program *program, vmo_function_id function, const char *name,
                             const vmo_argument *arguments, uint32_t argument_count, const vmo_type_id *result_types,
                             uint32_t result_count);
/* The same for an op with one result, which gets a name (NULL: a number). Returns the result. */
VMO_API vmo_value_id vmo_add_value(vmo_program *program, vmo_function_id function, const char *name,
                                   const vmo_argument *arguments, uint32_t argument_count, vmo_type_id result_type,
                                   const char *result_name);
/* Result number `index` of an op. */
VMO_API vmo_value_id vmo_get_result(const vmo_program *program, vmo_function_id function, vmo_op_id op, uint32_t index);

/* Gives an op an attribute, directly after it was added. */
VMO_API vmo_status vmo_set_integer_attribute(vmo_program *program, vmo_function_id function, vmo_op_id op,
                                             const char *name, int64_t value);
VMO_API vmo_status vmo_set_integers_attribute(vmo_program *program, vmo_function_id function, vmo_op_id op,
                                              const char *name, const int64_t *values, uint32_t count);
VMO_API vmo_status vmo_set_size_attribute(vmo_program *program, vmo_function_id function, vmo_op_id op,
                                          const char *name, vmo_size_id value);
VMO_API vmo_status vmo_set_real_attribute(vmo_program *program, vmo_function_id function, vmo_op_id op,
                                          const char *name, double value);
VMO_API vmo_status vmo_set_boolean_attribute(vmo_program *program, vmo_function_id function, vmo_op_id op,
                                             const char *name, bool value);

/* Opens the next region of a structured op, the last one that was added; its arguments come before its ops. */
VMO_API vmo_status vmo_open_region(vmo_program *program, vmo_function_id function, vmo_op_id op);
VMO_API vmo_value_id vmo_add_region_argument(vmo_program *program, vmo_function_id function, const char *name,
                                             vmo_type_id type);
VMO_API vmo_status vmo_close_region(vmo_program *program, vmo_function_id function);

/* Declares an op of the producer: what it takes and gives, which operands a result may overwrite (bit i: operand i,
 * each result element then depends on its own index alone), the bytes that it needs while it runs, and whether it does
 * more than compute its results. A dim of it that the operands bind at each use comes from vmo_add_local_dim. */
VMO_API vmo_size_id vmo_add_local_dim(vmo_program *program, const char *name);
VMO_API vmo_status vmo_declare_op(vmo_program *program, const char *name, const vmo_type_id *parameter_types,
                                  uint32_t parameter_count, const vmo_type_id *result_types, uint32_t result_count,
                                  uint64_t inplace, vmo_size_id workspace, bool effect);

/* Checks every rule of the language. vmo_plan_program does so too. */
VMO_API vmo_status vmo_verify_program(vmo_program *program);

/* ---- planning ---- */

/* Gives a dim its value for the plan; it must keep the declared bound. */
VMO_API vmo_status vmo_set_dim(vmo_program *program, const char *name, int64_t value);
/* Alignment of slots whose type names none: a power of two; 64 at first. */
VMO_API vmo_status vmo_set_alignment(vmo_program *program, uint32_t alignment);
/* Whether results of functions live in bytes that the caller provides, and not in the arena; false at first. */
VMO_API void vmo_set_results_in_caller(vmo_program *program, bool in_caller);
/* Whether dead values are removed before planning; false at first. */
VMO_API void vmo_set_improvement(vmo_program *program, bool improve);

/* Plans every function. The plan is checked by code that shares nothing with the planner. A program is planned
 * once; the program changes: copies that the plan needs are put in, and dims that were given values are fixed. */
VMO_API vmo_status vmo_plan_program(vmo_program *program);

/* ---- reading the plan ---- */

/* Functions are numbered in the order of the program, as vmo_add_function numbers them. */
VMO_API uint32_t vmo_count_functions(const vmo_program *program);
VMO_API const char *vmo_get_function_name(const vmo_program *program, vmo_function_id function);
/* The function of that name, or VMO_NONE. */
VMO_API vmo_function_id vmo_look_up_function(const vmo_program *program, const char *name);

/* Figures of a function, as docs/report.md defines them. Bytes are -1 when they depend on dims without a value. */
typedef struct vmo_figures {
  int64_t total_bytes;        /* every result with bytes of its own */
  int64_t peak_bytes;         /* the largest load as written */
  int64_t peak_inplace_bytes; /* the largest load as planned */
  int64_t lower_bound_bytes;
  int64_t arena_bytes; /* what the caller provides: one block for each memory space */
  int64_t param_bytes, constant_bytes, state_bytes;
  int64_t copy_bytes;
  uint32_t storages, copies, inplace_count, reuse_count;
} vmo_figures;

/* Of one memory space ("default", "sram"), or of all together (NULL). False: not planned, or no such space. */
VMO_API bool vmo_get_figures(const vmo_program *program, vmo_function_id function, const char *space,
                             vmo_figures *figures);

/* Bytes of the function: an op's result, a copy, a workspace, ...; without a plan there are none. */
typedef struct vmo_storage_info {
  vmo_value_id value; /* VMO_NONE: none, as of a workspace */
  const char *name;   /* of the value; NULL: none */
  const char *kind;   /* "result", "parameter", "donated", "state", "constant", "copy", "workspace", "callee" */
  const char *space;
  int64_t bytes;
  uint32_t slot;       /* VMO_NONE: none; it has no bytes in the arena */
  int64_t offset;      /* in the arena of its space; -1: none, or an expression */
  vmo_value_id over;   /* the operand whose bytes it takes; VMO_NONE: none */
  int64_t point;       /* the op that makes it; -1: a parameter */
  uint32_t line;       /* in the source; 0: not known */
  uint32_t live_count; /* number of ranges in which it is live */
  bool dead;           /* nothing reads it */
} vmo_storage_info;

VMO_API uint32_t vmo_count_storages(const vmo_program *program, vmo_function_id function);
/* False when there is no such storage. */
VMO_API bool vmo_get_storage(const vmo_program *program, vmo_function_id function, uint32_t storage,
                             vmo_storage_info *info);
/* Range `index` of the points at which a storage is live: [*begin, *end). */
VMO_API bool vmo_get_live_range(const vmo_program *program, vmo_function_id function, uint32_t storage, uint32_t index,
                                int64_t *begin, int64_t *end);

/* A result that takes the bytes of an operand. */
typedef struct vmo_inplace_info {
  vmo_value_id result, operand;
  const char *result_name, *operand_name;
  int64_t bytes;
  int64_t point;
  uint32_t line;
} vmo_inplace_info;

VMO_API uint32_t vmo_count_inplace(const vmo_program *program, vmo_function_id function);
VMO_API bool vmo_get_inplace(const vmo_program *program, vmo_function_id function, uint32_t index,
                             vmo_inplace_info *info);

/* ---- the slot allocator alone ---- */

/* Places buffers with known lifetimes in one block of memory, or in several spaces, as low or as cheap as it can. A
 * problem
 * goes in as a value, and nothing of it is kept; a plan comes out. There are no globals: calls on several threads do
 * not
 * meet. Without a time limit and a stop flag, the same problem and options give the same plan. */

/* Half-open: live at begin, ..., end - 1. */
typedef struct vmo_slot_life {
  int64_t begin, end;
} vmo_slot_life;

/* In [begin, end) only the bytes [low, high) of a buffer are live. */
typedef struct vmo_slot_window {
  int64_t begin, end;
  int64_t low, high;
} vmo_slot_window;

/* All zero but bytes and lives is a plain buffer. */
typedef struct vmo_slot_buffer {
  int64_t bytes;
  int64_t alignment;          /* a power of two; 0: 1 */
  const vmo_slot_life *lives; /* sorted and disjoint; none: never live */
  uint32_t life_count;
  const vmo_slot_window *windows; /* sorted, disjoint from each other and from the lives */
  uint32_t window_count;
  uint64_t spaces; /* bit i: may be in space i; 0: in any */
  bool fixed;      /* must be at `offset` */
  int64_t offset;
  bool placed; /* was at previous_offset in previous_space, and is to stay there if it can */
  int64_t previous_offset;
  uint32_t previous_space;
} vmo_slot_buffer;

typedef struct vmo_slot_pair {
  uint32_t first, second; /* buffers */
} vmo_slot_pair;

typedef struct vmo_slot_space {
  bool limited;
  int64_t capacity;  /* if limited */
  int64_t alignment; /* of every buffer there; 0: 1 */
  int64_t cost;      /* per byte; the cheapest plan that keeps the capacities is wanted */
} vmo_slot_space;

typedef struct vmo_slot_problem {
  const vmo_slot_buffer *buffers;
  uint32_t buffer_count;
  const vmo_slot_pair *colocated; /* have one offset and space, and may be live together */
  uint32_t colocated_count;
  const vmo_slot_pair *apart; /* share no byte, whenever they are live */
  uint32_t apart_count;
  bool limited; /* any plan within `capacity` will do; only without spaces */
  int64_t capacity;
  const vmo_slot_space *spaces; /* at most 64, in the order in which they are fallen back to; 0 of them: one space */
  uint32_t space_count;
  bool
      stays_close; /* to the previous places; others move only while the plan exceeds a capacity, or a plan from scratch */
  double tolerance; /* by more than this part of it (0.02: 2 %) */
} vmo_slot_problem;

/* A flag that another thread may raise while a plan is searched: the best one so far is then the answer. */
typedef struct vmo_stop_flag vmo_stop_flag;
VMO_API vmo_stop_flag *vmo_create_stop_flag(void); /* NULL: memory is out */
VMO_API void vmo_raise_stop_flag(vmo_stop_flag *flag);
VMO_API void vmo_destroy_stop_flag(vmo_stop_flag *flag);

typedef struct vmo_slot_options {
  uint64_t work_limit; /* units of about 10 ns; 0: the default, which grows with the problem */
  double time_limit;   /* seconds; 0: none */
  uint64_t seed;
  uint32_t threads;          /* that search at the same time, at most 64; 0: 1 */
  const vmo_stop_flag *stop; /* or NULL */
  /* Called now and then by the calling thread: the best height and what no plan is lower than. Or NULL. */
  void (*report)(void *user, int64_t height, int64_t floor, uint64_t nodes);
  void *report_user;
} vmo_slot_options;

typedef enum vmo_slot_status {
  VMO_SLOTS_OPTIMAL,   /* no plan is lower; with several spaces, none is cheaper */
  VMO_SLOTS_FEASIBLE,  /* within the capacities, not proven best */
  VMO_SLOTS_TIMEOUT,   /* a limit was reached before a plan within the capacities was found or ruled out */
  VMO_SLOTS_INFEASIBLE /* there is no plan within the capacities: `blockers` already cannot be placed together */
} vmo_slot_status;

/* What one space holds. */
typedef struct vmo_slot_level {
  int64_t height;      /* the largest offset + bytes */
  int64_t lower_bound; /* the largest load, and a time of it */
  int64_t witness;
  int64_t floor; /* no placement of these buffers is lower */
} vmo_slot_level;

typedef struct vmo_slot_plan {
  vmo_slot_status status;
  const char *why;
  const int64_t
      *offsets; /* per buffer; NULL: there is no plan. Beyond a capacity when status is timeout or infeasible */
  const uint32_t *spaces;       /* per buffer */
  const vmo_slot_level *levels; /* per space; one without spaces */
  uint32_t level_count;
  int64_t cost, cost_floor;
  const uint32_t *blockers;
  uint32_t blocker_count;
  uint32_t kept, moved, added; /* buffers, when it stays close */
  uint64_t nodes;              /* decisions that exact searches took */
  const char *error;           /* VMO_INPUT_ERROR: what is wrong with the problem; else NULL */
} vmo_slot_plan;

/* Plans and checks the plan by code that shares nothing with the planner. VMO_OK: read (*plan)->status.
 * VMO_INPUT_ERROR: read (*plan)->error. VMO_OUT_OF_MEMORY and VMO_INTERNAL_ERROR: *plan is NULL. `options` may be
 * NULL. */
VMO_API vmo_status vmo_plan_slots(const vmo_slot_problem *problem, const vmo_slot_options *options,
                                  vmo_slot_plan **plan);
/* Frees a plan and all that belongs to it. NULL is accepted. */
VMO_API void vmo_free_slots(vmo_slot_plan *plan);

/* ---- diagnostics ---- */

typedef struct vmo_diagnostic_info {
  const char *code;      /* "E0301"; `vmemopt explain` tells about it */
  const char *severity;  /* "error", "warning", "note" */
  const char *source;    /* the name that was given to vmo_read_program, or "<api>" */
  uint32_t line, column; /* from 1; 0: no place */
  const char *message;
  const char *hint; /* may be NULL */
} vmo_diagnostic_info;

VMO_API uint32_t vmo_count_diagnostics(const vmo_program *program);
VMO_API bool vmo_get_diagnostic(const vmo_program *program, uint32_t index, vmo_diagnostic_info *info);

/* ---- texts ---- */

/* Each returns NUL-terminated text and its length in *length (may be NULL), or NULL when memory is out. */

/* The program as VMIR text, with its plan when it has one. It reads back. */
VMO_API char *vmo_format_program(const vmo_program *program, size_t *length);
/* The report `vmemopt.report/1` as JSON. */
VMO_API char *vmo_format_json(const vmo_program *program, size_t *length);
/* The report for people, `width` columns wide (60 at least). */
VMO_API char *vmo_format_text(const vmo_program *program, uint32_t width, size_t *length);
/* All diagnostics with their source lines. */
VMO_API char *vmo_format_diagnostics(const vmo_program *program, size_t *length);
/* Frees what one of the above returned. NULL is accepted. */
VMO_API void vmo_free_text(char *text);

#ifdef __cplusplus
}
#endif

#endif
