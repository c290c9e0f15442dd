/* facts.h: the facts computed over a flow graph, and the plain records in which a plan is handed to reports.
 *
 * Analyses compute and never edit. All memory is the context's; a fact lives as long as the flow it was computed
 * from. Points are indices of ops; ranges of points are half-open. */
#ifndef VMO_ANALYSIS_FACTS_H
#define VMO_ANALYSIS_FACTS_H

#include "analysis/flow.h"
#include "planner/problem.h"
#include "support/bitset.h"

/* ---- control flow: dominators and loops (cfg.c) ---- */

typedef struct vmo_loop {
  vmo_block_id header;
  uint32_t parent;          /* the loop around it; VMO_NONE: none */
  uint32_t depth;           /* 1: outermost */
  vmo_block_id first, last; /* the least and the greatest block in it */
  bool contiguous;          /* it is exactly the blocks first..last */
  bool reducible;           /* it is entered through its header only */
} vmo_loop;

typedef struct vmo_cfg {
  uint32_t *predecessor_first; /* block_count + 1 */
  vmo_block_id *predecessors;
  vmo_block_id *dominators; /* immediate; of the entry: itself; of an unreachable block: VMO_NONE */
  uint32_t *block_loops;    /* the innermost loop of each block; VMO_NONE: none */
  VMO_VEC(vmo_loop) loops;  /* an outer loop before its inner ones */
} vmo_cfg;

/* Predecessors, immediate dominators (Cooper, Harvey and Kennedy 2001) and the loop nesting forest (Havlak 1997). */
vmo_status vmo_compute_cfg(const vmo_flow *flow, vmo_cfg **cfg);
bool vmo_block_dominates(const vmo_cfg *cfg, vmo_block_id dominator, vmo_block_id block);
void vmo_dump_cfg(const vmo_flow *flow, const vmo_cfg *cfg, vmo_text *out);

/* ---- liveness (liveness.c) ---- */

/* Half-open. An empty one (begin == end) says: live between two ops, at neither. */
typedef struct vmo_live_range {
  vmo_point begin, end;
} vmo_live_range;

typedef struct vmo_liveness {
  uint32_t *first;          /* storage_count + 1 */
  vmo_live_range *ranges;   /* of storage s: [first[s], first[s + 1]), sorted, disjoint, not adjacent */
  vmo_bitset live_accesses; /* writes whose bytes are read later */
} vmo_liveness;

vmo_status vmo_compute_liveness(const vmo_flow *flow, const vmo_cfg *cfg, vmo_liveness **liveness);
bool vmo_is_live_at(const vmo_liveness *liveness, vmo_storage_id storage, vmo_point point);
/* Accesses of each storage in op order: of storage s, [first[s], first[s + 1]) of `accesses`. */
typedef struct vmo_storage_accesses {
  uint32_t *first, *accesses;
} vmo_storage_accesses;
vmo_status vmo_index_accesses(const vmo_flow *flow, vmo_storage_accesses *index);
/* Where among them the first one of `storage` at `point` or later stands; first[storage + 1] when there is none. */
uint32_t vmo_find_access(const vmo_flow *flow, const vmo_storage_accesses *index, vmo_storage_id storage,
                         vmo_point point);

/* Liveness of some bytes of one storage, asked for now and then. */
typedef struct vmo_byte_liveness vmo_byte_liveness;
/* NULL when memory is out. `index` must outlive it. */
vmo_byte_liveness *vmo_create_byte_liveness(const vmo_flow *flow, const vmo_cfg *cfg,
                                            const vmo_storage_accesses *index);
/* Where bytes [begin, end) of `storage` are still to be read; *ranges are valid until the next question. Costs what the
 * storage's accesses and live range cost. */
vmo_status vmo_find_byte_liveness(vmo_byte_liveness *liveness, vmo_storage_id storage, vmo_bytes begin, vmo_bytes end,
                                  const vmo_live_range **ranges, uint32_t *count);

void vmo_dump_liveness(const vmo_flow *flow, const vmo_liveness *liveness, vmo_text *out);

/* ---- amounts ---- */

/* A number of bytes: a number, or (bytes -1) an expression over free dims. */
typedef struct vmo_amount {
  vmo_bytes bytes;  /* -1: not known */
  vmo_size_id size; /* the expression; the constant when bytes is known */
} vmo_amount;

/* ---- in-place (inplace.c) ---- */

typedef enum vmo_refusal {
  VMO_REFUSED_NOT,          /* allowed */
  VMO_REFUSED_OTHER_CHOSEN, /* the result is already over another operand */
  VMO_REFUSED_OP_RULE,      /* the op reads neighbours, gathers or reduces */
  VMO_REFUSED_OPERAND_RULE, /* the op allows other operands, not this one */
  VMO_REFUSED_CONSTANT,
  VMO_REFUSED_NOT_DONATED,
  VMO_REFUSED_WIDTH, /* element widths differ */
  VMO_REFUSED_COUNT, /* element counts differ, or are not provably equal */
  VMO_REFUSED_SPACE,
  VMO_REFUSED_STREAM,
  VMO_REFUSED_READ_LATER, /* `location` says where */
  VMO_REFUSED_READ_NEXT_ITERATION,
  VMO_REFUSED_VIEW_LIVE,           /* `other` is a view of the operand's bytes that is read at `location` */
  VMO_REFUSED_OVERLAPPING_OPERAND, /* `other` overlaps the bytes and is read at another index */
  VMO_REFUSED_SHARED_LIVE,         /* the bytes, or the result's, are shared with `other`, which is live here */
  VMO_REFUSED_ALIGNMENT,           /* the operand is a part whose place is not aligned as the result's type asks */
  VMO_REFUSED_STATE,               /* the state's bytes must hold the next state, which this would not */
  VMO_REFUSAL_COUNT
} vmo_refusal;

/* The sentence for a refusal ("operand is read later at 12:5"), and its stable name for JSON ("read-later"). */
const char *vmo_refusal_name(vmo_refusal refusal);

typedef struct vmo_inplace_fact { /* a result over an operand, or why not */
  vmo_point op;
  vmo_value_id result, operand;
  vmo_refusal refusal; /* VMO_REFUSED_NOT: it is done */
  vmo_point read;      /* the op that reads the operand's bytes later; -1: none */
  vmo_value_id other;  /* VMO_NONE: none */
  vmo_amount amount;   /* bytes that the result does not need of its own */
} vmo_inplace_fact;

/* Writes the sentence with its places and names filled in. */
void vmo_describe_refusal(const vmo_module *module, const vmo_function *function, const vmo_inplace_fact *fact,
                          vmo_text *out);

/* ---- the record of one planned function, for reports ---- */

typedef struct vmo_storage_fact {
  vmo_value_id value; /* in the planned function; VMO_NONE: none (a workspace, a callee's arena) */
  enum {
    VMO_KIND_RESULT,
    VMO_KIND_PARAMETER,
    VMO_KIND_DONATED,
    VMO_KIND_STATE,
    VMO_KIND_CONSTANT,
    VMO_KIND_COPY,
    VMO_KIND_WORKSPACE,
    VMO_KIND_CALLEE
  } kind;
  vmo_point op; /* that makes it; -1: a parameter */
  vmo_space_id space;
  vmo_amount amount;
  uint32_t range_first, range_count; /* into vmo_plan_facts.ranges: live, in points of the planned function */
  uint32_t slot;                     /* VMO_NONE: none */
  vmo_size_id offset;                /* VMO_NONE: none */
  vmo_value_id over;                 /* in place over this operand; VMO_NONE: no */
  bool dead;                         /* nothing reads it */
} vmo_storage_fact;

typedef struct vmo_reuse_fact { /* `storage` takes bytes that `former`, dead by then, had */
  uint32_t storage, former;     /* indices of storage facts */
  vmo_amount amount;            /* bytes that overlap */
} vmo_reuse_fact;

typedef struct vmo_slot_fact {
  uint32_t slot;
  vmo_space_id space;
  vmo_size_id offset;
  vmo_amount amount;
  uint32_t storage_first, storage_count; /* into slot_storages: indices of storage facts */
} vmo_slot_fact;

typedef struct vmo_copy_fact { /* a copy that the plan had to insert */
  vmo_point op;                /* of the copy, in the planned function */
  vmo_value_id copy, source;   /* source VMO_NONE: a literal, dim, index or scalar parameter */
  enum {
    VMO_COPY_INTERFERENCE, /* source and target are live together (the source is read later, ...) */
    VMO_COPY_CONSTANT,
    VMO_COPY_PARAMETER,
    VMO_COPY_VIEW,
    VMO_COPY_TWICE,
    VMO_COPY_SCALAR,
    VMO_COPY_STREAM,
    VMO_COPY_CYCLE,       /* a temporary of values that are exchanged */
    VMO_COPY_SHIFT,       /* a loop hands it on to another carried place, and its own takes the next value */
    VMO_COPY_DESTINATION, /* the op overwrites its destination, which lives on */
    VMO_COPY_DONATED      /* the callee overwrites its argument, which lives on */
  } reason;
  vmo_amount amount;
} vmo_copy_fact;

typedef struct vmo_fused_fact { /* ops that became one */
  vmo_value_id result;
  uint32_t declaration;   /* of the op that they became */
  uint32_t op_count;      /* how many */
  uint32_t storage_count; /* storages between them, which are no more */
  vmo_amount amount;      /* and their bytes */
  vmo_location location;  /* of the last of them */
} vmo_fused_fact;

typedef struct vmo_alternated_fact { /* a loop that does two trips in one */
  vmo_value_id result;               /* its first */
  uint32_t body, otherwise; /* regions: its body; the branch in it that is taken when there is no second trip */
  vmo_location location;
} vmo_alternated_fact;

typedef struct vmo_contribution {
  uint32_t storage; /* index of a storage fact */
  vmo_amount amount;
} vmo_contribution;

typedef struct vmo_peak_fact {
  vmo_point point; /* in the planned function; -1: nothing is ever live, or dims are free */
  vmo_amount amount;
  uint32_t contribution_first, contribution_count; /* into vmo_plan_facts.contributions, largest first */
} vmo_peak_fact;

/* The figures of one space, or of all together. See docs/report.md for the definitions. */
typedef struct vmo_space_figures {
  vmo_space_id space; /* VMO_NONE: all together */
  vmo_amount total, peak, peak_inplace, lower_bound, arena, saved, param, constant, state, copy;
  uint32_t storages, copies, inplace_count, reuse_count;
} vmo_space_figures;

typedef struct vmo_plan_facts {
  vmo_module *module;
  const vmo_function *written; /* the program as it was given (after dead value removal under -O2) */
  const vmo_function *planned; /* the same with the plan's copies in it, and vmo_function.plan set */
  bool known;                  /* numbers; false: some sizes are expressions over free dims */
  bool bounded;                /* numbers that are upper bounds for some sizes */
  bool recursive;              /* it calls itself, directly or not */
  bool results_in_caller;
  uint32_t op_count, value_count; /* of the program as written */
  vmo_space_figures figures;
  VMO_VEC(vmo_space_figures) spaces; /* those that the function uses, the default one always; by space id */
  VMO_VEC(vmo_storage_fact) storages;
  VMO_VEC(vmo_live_range) ranges;
  VMO_VEC(vmo_inplace_fact) inplace; /* done ones */
  VMO_VEC(vmo_inplace_fact) refused;
  VMO_VEC(vmo_reuse_fact) reuse;
  VMO_VEC(vmo_slot_fact) slots;
  VMO_VEC(uint32_t) slot_storages;
  VMO_VEC(vmo_copy_fact) copies;
  VMO_VEC(vmo_fused_fact) fused;           /* under -O2: what was made one before anything else was counted */
  VMO_VEC(vmo_alternated_fact) alternated; /* under -O2, likewise */
  VMO_VEC(vmo_contribution) contributions;
  VMO_VEC(vmo_value_id) dead;       /* values of the written program that nothing reads */
  vmo_peak_fact peak, peak_inplace; /* as written; as planned */
  vmo_bytes *written_loads;         /* one per point of the planned function (at a copy: that of the next op), all */
  vmo_bytes *planned_loads;         /* spaces together; NULL when not known */
  vmo_point point_count;
  uint32_t critical_path;     /* ops on the longest chain of dependences */
  uint32_t parallel_width;    /* the most ops on one level */
  const char *planner_method; /* which order of the portfolio won; "" without a planner run */
} vmo_plan_facts;

#endif
