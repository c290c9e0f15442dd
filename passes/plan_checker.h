/* plan_checker.h: private to the checker of planned programs. One function is checked in steps, a file each:
 *
 *   check_places   where each value lives: a base (an arena, a parameter, ...) and a range of its bytes; check_arenas
 *                  has the arenas
 *   check_identity which carried and merged values are always one other value
 *   check_cells    those ranges as ranges of small numbers, cells, also where sizes are expressions
 *   check_needs    which values matter
 *   check_run      the interpretation: which value each cell holds, op by op; check_writes has the plain ops (check_body
 *                  those that have a body), check_touches what iterations and streams do to each other
 *
 * check_calls knows of callees what a call has to know. Every step returns false when the check is over: a fault has
 * been reported, or memory is out; `status` tells. */
#ifndef VMO_PASSES_PLAN_CHECKER_H
#define VMO_PASSES_PLAN_CHECKER_H

#include "ir/ir.h"
#include "passes/byte_map.h"

/* ---- places ---- */

typedef enum vmo_plan_base_kind {
  VMO_BASE_ARENA,     /* of a space; when all sizes are numbers */
  VMO_BASE_SLOT,      /* bytes of an arena from an offset on; when some sizes are expressions */
  VMO_BASE_PARAMETER, /* the caller's bytes */
  VMO_BASE_CONSTANT,
  VMO_BASE_RESULT /* bytes that the caller provides for a result */
} vmo_plan_base_kind;

typedef struct vmo_plan_base {
  vmo_plan_base_kind kind;
  uint32_t index;     /* arena, slot: its space; parameter, constant: the value; result: which */
  vmo_size_id offset; /* slot: in the arena; else 0 */
  bool writable;
} vmo_plan_base;

#define VMO_PLACE_NOWHERE VMO_NONE    /* no bytes: reading it is a fault */
#define VMO_PLACE_FREE (VMO_NONE - 1) /* needs no bytes: a scalar parameter, a loop index, an empty array */
#define VMO_PLACE_REAL(place) ((place)->base < VMO_PLACE_FREE)

/* Where bytes are. Under a plan with numbers begin and end are bytes of the base, for the largest sizes; if the start
 * is not one number (a slice at a dim that is only bounded) they enclose all that it may be, and `exact` is false.
 * Under a plan with expressions begin and end are first sizes (end VMO_NONE: the end of the slot), then small numbers
 * in the same order. */
typedef struct vmo_plan_place {
  uint32_t base;
  bool exact;
  vmo_size_id start; /* in its base */
  int64_t begin, end;
  uint32_t first, last; /* the cells [first, last) */
} vmo_plan_place;

/* Bytes that an op needs only while it runs: a workspace, or its callee's arena in one space. */
typedef struct vmo_plan_extra {
  uint32_t op;
  vmo_plan_place place;
} vmo_plan_extra;

/* `source` is handed on to `target`: init to argument, argument to result, yield to argument or result. */
typedef struct vmo_hand_over {
  vmo_value_id target, source; /* source VMO_NONE: a literal or a dim */
} vmo_hand_over;

/* Something that is to be placed at an offset of an arena. */
typedef struct vmo_plan_request {
  vmo_value_id value; /* VMO_NONE: `name` says what it is */
  const char *name;
  vmo_location location;
  vmo_space_id space;
  vmo_size_id offset, bytes;
  uint32_t alignment;
} vmo_plan_request;

/* A slot must hold that many bytes; checked when all slots are known. */
typedef struct vmo_plan_slot_use {
  uint32_t base;
  vmo_size_id bytes;
  vmo_location location;
} vmo_plan_slot_use;

/* ---- callees ---- */

#define VMO_CALLEE_FRESH VMO_NONE      /* the result lives where the caller says */
#define VMO_CALLEE_PART (VMO_NONE - 1) /* in part of a donated parameter */

typedef struct vmo_plan_callee {
  bool aligned, described; /* which of the two below are known */
  uint32_t *alignments;    /* per arena of its plan */
  uint32_t *results;       /* per result: FRESH, PART, or the donated parameter that it comes in */
} vmo_plan_callee;

/* What is kept from function to function. */
typedef struct vmo_check_session {
  vmo_module *module;
  const vmo_binding *binding;
  bool from_input;
  vmr_arena *arena;
  vmo_plan_callee *callees; /* per function */
  uint32_t *components;     /* per function: its strongly connected component of the call graph; NULL: not computed */
} vmo_check_session;

/* ---- the checker of one function ---- */

typedef struct vmo_plan_extent {
  bool asked, known;
  vmo_interval bytes;
} vmo_plan_extent;

typedef struct vmo_plan_checker {
  vmo_check_session *session;
  vmo_module *module;
  vmo_function_id id;
  const vmo_function *function;
  const vmo_plan *plan;
  const vmo_binding *binding;
  vmr_arena *arena; /* dropped after this function */
  vmo_status status;

  bool numeric; /* all sizes are numbers or have an upper bound */
  vmo_size_id zero;
  VMO_VEC(vmo_plan_base) bases;
  uint32_t *space_arenas; /* per space: index into plan->arenas, or VMO_NONE */
  uint64_t *slot_keys;    /* expressions: space << 32 | offset, sorted; slot k is base slot_first + k */
  uint32_t slot_count, slot_first;
  uint64_t *pins; /* of states with a fixed offset: space << 32 | offset, sorted */
  uint32_t pin_count;
  vmo_plan_extent *extents;          /* per type */
  vmo_plan_place *places;            /* per value */
  VMO_VEC(vmo_hand_over) hand_overs; /* in op order */
  vmo_value_id *same;                /* per value: itself, or the value that it always is */
  vmo_value_id *roots;  /* per value: whose name its bytes bear: its own, or that of what it is or is a view of */
  bool *views;          /* per value: it is a view */
  vmo_value_id *viewed; /* per value: what it is a view of; VMO_NONE: of nothing */
  uint32_t *stamps;     /* per value: 1 + the last op that has it as an operand, as far as the walk has come */
  bool *owned;          /* per value: the result of an op, in bytes of its own */
  VMO_VEC(vmo_plan_extra) extras; /* by op */
  VMO_VEC(vmo_plan_slot_use) slot_uses;
  uint32_t *stream_results; /* per region: of a stream, which result its first yield is */

  uint32_t cell_count;

  bool *needed; /* per value: its bytes are read by an op, under its name, a view's or that of what it is handed to */
} vmo_plan_checker;

/* ---- the steps ---- */

/* The first part of locating: what the plan says as a whole. */
bool vmo_read_arenas(vmo_plan_checker *checker);
bool vmo_find_identities(vmo_plan_checker *checker);
bool vmo_locate_values(vmo_plan_checker *checker);
bool vmo_number_cells(vmo_plan_checker *checker);
bool vmo_find_needs(vmo_plan_checker *checker);
bool vmo_interpret_plan(vmo_plan_checker *checker);

/* ---- sizes and arenas ---- */

/* The bounds of a size; false: a free dim occurs. A size that is too large gets bounds that fit nowhere. */
bool vmo_evaluate_size(const vmo_plan_checker *checker, vmo_size_id size, vmo_interval *interval);
/* The bytes of a type. */
const vmo_plan_extent *vmo_find_extent(vmo_plan_checker *checker, vmo_type_id type);
/* True when it is proven, under the binding or for all dims. */
bool vmo_is_at_least(const vmo_plan_checker *checker, vmo_size_id left, vmo_size_id right);
bool vmo_is_multiple(const vmo_plan_checker *checker, vmo_size_id size, uint32_t divisor);
bool vmo_place_in_arena(vmo_plan_checker *checker, const vmo_plan_request *request, vmo_plan_place *place);
/* Its index; VMO_PLACE_NOWHERE: the check is over. */
uint32_t vmo_add_base(vmo_plan_checker *checker, vmo_plan_base base);
/* Orders uint64_t, for qsort and bsearch. */
int vmo_compare_keys(const void *left, const void *right);

/* ---- the interpretation ---- */

/* An `if` or `parallel` whose regions are open. */
typedef struct vmo_plan_frame {
  uint32_t mark;   /* at the fork */
  uint32_t change; /* where in `changes` those of its regions begin */
} vmo_plan_frame;

/* A read of the cells that the value `root` gives its name to. */
typedef struct vmo_plan_read {
  uint32_t op;
  vmo_value_id root;
} vmo_plan_read;

typedef struct vmo_plan_stream {
  uint32_t fork, begin; /* the parallel, and the running stream's first op */
} vmo_plan_stream;

typedef struct vmo_plan_touches {
  vmo_byte_map reads;  /* the last read: index of an event */
  vmo_byte_map writes; /* the last write: its op */
  vmo_byte_map shared; /* read by several streams of that parallel */
  VMO_VEC(vmo_plan_read) events;
  VMO_VEC(uint32_t) loops;          /* open loops, outermost first */
  VMO_VEC(vmo_plan_stream) streams; /* open ones, outermost first */
  uint32_t *depths;                 /* per value: how many loops its op is in */
} vmo_plan_touches;

/* A result that owns bytes, and what has been seen of the operands that lie there. */
typedef struct vmo_plan_write {
  vmo_value_id value;
  uint32_t cell;      /* its first */
  uint32_t operand;   /* one that it overlaps; VMO_NONE: none */
  uint32_t unordered; /* operands there that are not read at the same index; twice if they may not be overwritten */
  bool allowed;       /* the row allows one of them to be overwritten */
} vmo_plan_write;

typedef struct vmo_plan_run {
  vmo_plan_checker *c;
  vmo_byte_map map; /* what each cell holds */
  vmo_plan_touches touches;
  VMO_VEC(vmo_plan_frame) frames;
  vmo_byte_runs changes;
  VMO_VEC(vmo_plan_write) written; /* of the running op, by cell */
  uint32_t extra;                  /* the next of the checker's extras */
} vmo_plan_run;

bool vmo_run_plain_op(vmo_plan_run *run, uint32_t op);
bool vmo_run_call(vmo_plan_run *run, uint32_t op);
/* The op reads the value (all its operands): the bytes must hold it. */
bool vmo_expect_value(vmo_plan_run *run, uint32_t op, vmo_value_id value);
bool vmo_expect_operands(vmo_plan_run *run, uint32_t op);
/* The op writes `content` (VMO_NONE: nothing that is known) to the place. */
bool vmo_write_place(vmo_plan_run *run, uint32_t op, const vmo_plan_place *place, uint32_t content);
/* The place's cells hold `content` from now on. */
void vmo_hold(vmo_plan_run *run, const vmo_plan_place *place, uint32_t content);

bool vmo_begin_touches(vmo_plan_run *run);
/* The values are made here, in the loops that are open. */
void vmo_place_in_loops(vmo_plan_run *run, vmo_value_id first, uint32_t count);
/* The value is read; what the place holds is lost because it is ("overwritten", "handed on"); the place is written. Each
 * is a fault if another iteration or stream would be wrong. */
bool vmo_note_read(vmo_plan_run *run, uint32_t op, vmo_value_id value);
bool vmo_note_loss(const vmo_plan_run *run, uint32_t op, const char *how, const vmo_plan_place *place);
bool vmo_note_write(vmo_plan_run *run, uint32_t op, const vmo_plan_place *place);

/* ---- callees ---- */

/* The alignment that arena `arena` of the plan of `function` needs; 0: the check is over. */
uint32_t vmo_find_callee_alignment(vmo_plan_checker *checker, vmo_function_id function, uint32_t arena);
/* Where the results of `function`, which has a plan, come in; NULL: the check is over. */
const uint32_t *vmo_find_callee_results(vmo_plan_checker *checker, vmo_function_id function);
/* Whether `callee` calls the checked function back, directly or not; sets *recursive. */
bool vmo_find_recursion(vmo_plan_checker *checker, vmo_function_id callee, bool *recursive);

/* ---- shared ---- */

typedef enum vmo_plan_fault {
  VMO_PLAN_LOST,      /* bytes do not hold the value that is read */
  VMO_PLAN_PLACE,     /* a place is missing, or entries contradict each other */
  VMO_PLAN_OVERLAP,   /* a result over bytes that its op reads, where that is not allowed */
  VMO_PLAN_READ_ONLY, /* the caller's bytes or a constant are written */
  VMO_PLAN_BOUNDS,    /* beyond the arena */
  VMO_PLAN_ALIGNMENT,
  VMO_PLAN_CALL,
  VMO_PLAN_STREAM,
  VMO_PLAN_RETURN
} vmo_plan_fault;

/* Says what is wrong and ends the check; false. */
bool vmo_report_plan_fault(vmo_plan_checker *checker, vmo_plan_fault fault, vmo_location location, const char *format,
                           ...) VMO_PRINTF(4, 5);
/* Memory is out, or a size overflowed; false. */
bool vmo_stop_check(vmo_plan_checker *checker);

/* A checker of that function, ready for vmo_locate_values. */
vmo_plan_checker vmo_begin_plan_check(vmo_check_session *session, vmo_function_id function, vmr_arena *arena);

/* "bytes [64, 864) of the arena", in the checker's arena; never NULL. */
const char *vmo_describe_place(vmo_plan_checker *checker, const vmo_plan_place *place);
const char *vmo_describe_value(vmo_plan_checker *checker, vmo_value_id value); /* "%x" */

/* Of a yield: the value that its operand 0 is handed to; the others follow. */
vmo_value_id vmo_first_yield_target(const vmo_plan_checker *checker, const vmo_op *yield);
/* Of a declared op with a body: whether it reads the operand at the index that it writes, and there alone. False: the check
 * is over. */
bool vmo_body_reads_in_place(vmo_plan_checker *checker, const vmo_op *op, uint32_t operand, bool *in_place);
/* False for an op that only makes views. */
bool vmo_reads_operands(const vmo_plan_checker *checker, const vmo_op *op);
/* Of a call: whether the callee may overwrite the bytes of that argument. */
bool vmo_is_donated(const vmo_plan_checker *checker, const vmo_op *call, uint32_t operand);
/* True when both sizes are surely equal. */
bool vmo_same_size(const vmo_plan_checker *checker, vmo_size_id left, vmo_size_id right);
/* True when both surely start at the same byte. */
bool vmo_same_start(const vmo_plan_place *left, const vmo_plan_place *right);

static inline bool vmo_places_overlap(const vmo_plan_place *left, const vmo_plan_place *right) {
  return VMO_PLACE_REAL(left) && VMO_PLACE_REAL(right) && left->first < right->last && right->first < left->last;
}

#endif
