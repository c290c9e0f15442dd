/* flow.h: the flow graph, the hinge between front ends and analyses.
 *
 * VMIR and LLVM IR are both read into this small neutral structure, one per function, and every analysis takes a
 * `const vmo_flow *`. It keeps the values that a program names apart from the storages that hold bytes:
 *
 *   values     what the program names            %x, %v = reshape %x, ...
 *   storages   bytes with a beginning and an end  one for %x; none for the view %v, which refers to %x's
 *   accesses   op 7 reads storages {3}, all of it; op 7 writes storage {5}, whole
 *
 * Ops are numbered in program order; blocks are ranges of ops in that order, with successors. Any control flow is
 * allowed, irreducible loops too. Under VMIR a set has one member and every write is whole:
 *
 *   - Each op result that is no view, each parameter that has bytes, each carried region argument, each result of an
 *     `if` is a storage. A loop's result is its argument's storage. Carried and merged storages own nothing in the
 *     program as written; they are the places that values are moved to at loop entries, yields and returns.
 *   - A move reads its source at its op and writes its target when the op is over: the hand-over is free, source and
 *     target are not live at once because of it.
 *   - The op after the last one is a virtual end, at which the function's results and next states are read.
 *   - Streams of a `parallel` are laid out one after the other. What a stream reads from outside, and what it yields,
 *     is read again at the last op of the whole `parallel`, for the others may run later; what it yields is reserved
 *     from the fork on. */
#ifndef VMO_ANALYSIS_FLOW_H
#define VMO_ANALYSIS_FLOW_H

#include "ir/ir.h"

typedef uint32_t vmo_storage_id;
typedef uint32_t vmo_block_id;
typedef uint32_t vmo_stream_id; /* 0: outside of any stream */

typedef enum vmo_access_kind {
  VMO_ACCESS_READ,
  VMO_ACCESS_WRITE,       /* some of the bytes: what was there may still be read */
  VMO_ACCESS_WHOLE_WRITE, /* all bytes: what was there is dead before it (when must, and one member) */
  VMO_ACCESS_FREE,
  VMO_ACCESS_ESCAPE /* the storage may be read by anyone from here on */
} vmo_access_kind;

typedef struct vmo_access {
  vmo_point op;
  vmo_access_kind kind;
  bool must;                           /* it surely happens when the op runs */
  bool after;                          /* a hand-over: takes effect when the op is over */
  uint32_t member_first, member_count; /* into vmo_flow.members: the storages of which one is meant */
  vmo_value_id value;                  /* through which value; VMO_NONE: none */
  vmo_bytes begin, end;                /* byte range in the storage; end -1: all of it */
} vmo_access;

typedef struct vmo_block {
  vmo_point begin, end;                      /* ops; may be empty */
  uint32_t successor_first, successor_count; /* into vmo_flow.successors */
  vmo_stream_id stream;
  uint32_t
      chain; /* Blocks of one chain, in order, are passed one after the other: every path from one to the next stays
                     in the blocks between them. Under VMIR a chain is a region with the streams in it; else a block is its own
                     chain. */
} vmo_block;

typedef enum vmo_storage_owner {
  VMO_OWNER_RESULT,    /* an op made it */
  VMO_OWNER_PARAMETER, /* the caller's */
  VMO_OWNER_STATE,     /* lives from call to call in the function's arena */
  VMO_OWNER_CONSTANT,
  VMO_OWNER_CARRIED, /* a place that loops, branches or streams move values to */
  VMO_OWNER_RETURNED /* a place that `return` moves a result to */
} vmo_storage_owner;

typedef struct vmo_storage {
  vmo_storage_owner owner;
  bool donated;         /* a parameter that may be overwritten */
  bool exact;           /* bytes is the size, not only a bound */
  vmo_value_id value;   /* the value it was made for; VMO_NONE for a returned one */
  uint32_t position;    /* of a returned one: which result */
  vmo_point definition; /* the op whose result it is; -1: not an op's result */
  vmo_stream_id stream; /* in which it is made */
  vmo_stream_id home;   /* whose arena it lives in: that of the outermost stream it is yielded out of */
  vmo_space_id space;
  uint32_t alignment; /* 0: the default */
  vmo_type_id type;
  vmo_size_id size;
  vmo_bytes bytes; /* the size under the binding, or its upper bound; -1: not known */
} vmo_storage;

/* Where a value's bytes are. */
typedef struct vmo_reference {
  vmo_storage_id storage; /* VMO_NONE: it has no bytes */
  bool view;              /* it names another value's storage */
  vmo_size_id offset;     /* of a view, in the storage */
  vmo_bytes begin, end;   /* the byte range, when known exactly; end -1: all, or not known */
} vmo_reference;

typedef enum vmo_move_kind {
  VMO_MOVE_INIT,   /* a loop's init into its argument, at the loop op */
  VMO_MOVE_YIELD,  /* a yielded value into the argument of the next iteration, or the result of an if or parallel */
  VMO_MOVE_RETURN, /* into a result */
  VMO_MOVE_STATE   /* the next state into the state */
} vmo_move_kind;

typedef struct vmo_move {
  vmo_move_kind kind;
  vmo_point op;
  uint32_t operand;      /* which operand of that op is the source */
  vmo_storage_id source; /* VMO_NONE: a literal, dim, index or scalar parameter */
  vmo_storage_id target;
  uint32_t access; /* the write access of the target */
} vmo_move;

typedef struct vmo_stream {
  vmo_stream_id parent;
  vmo_point fork;       /* the parallel op */
  vmo_point begin, end; /* its ops */
  vmo_point join;       /* the op after the whole parallel */
  uint32_t frame;       /* private to the reader */
} vmo_stream;

/* A storage must keep its bytes over [begin, end) though no access says so. */
typedef struct vmo_reservation {
  vmo_storage_id storage;
  vmo_point begin, end;
} vmo_reservation;

/* Bytes in the default space that an op needs only while it runs. */
typedef struct vmo_workspace {
  vmo_point op;
  vmo_size_id size;
  vmo_bytes bytes; /* -1: not known */
} vmo_workspace;

typedef struct vmo_flow {
  vmo_module *module;
  vmo_context *memory; /* where the flow and all facts that are computed from it live: an arena that may go before the
                          module's */
  const vmo_function *function;
  vmo_point op_count;           /* the virtual end included */
  VMO_VEC(vmo_access) accesses; /* by op; reads before writes */
  VMO_VEC(vmo_storage_id) members;
  uint32_t *op_accesses;     /* op_count + 1: accesses of op p are [op_accesses[p], op_accesses[p + 1]) */
  vmo_stream_id *op_streams; /* op_count */
  VMO_VEC(vmo_block) blocks; /* in op order */
  VMO_VEC(vmo_block_id) successors;
  VMO_VEC(vmo_storage) storages;
  vmo_reference *references; /* one per value */
  uint32_t value_count;
  VMO_VEC(vmo_move) moves;     /* by op */
  VMO_VEC(vmo_stream) streams; /* streams.data[0] is the whole function */
  VMO_VEC(vmo_reservation) reservations;
  VMO_VEC(vmo_workspace) workspaces; /* by op */
  bool known;                        /* every storage's bytes are known or bounded: plans have numbers */
} vmo_flow;

/* Reads a verified function. Sizes are evaluated under `binding`. The flow lives in `arena`. */
vmo_status vmo_build_flow(vmo_module *module, const vmo_function *function, const vmo_binding *binding,
                          vmr_arena *arena, vmo_flow **flow);

void vmo_dump_flow(const vmo_flow *flow, vmo_text *out);
/* "%x", "result 0", ...: what a storage was made for. */
void vmo_dump_storage_name(const vmo_flow *flow, vmo_storage_id storage, vmo_text *out);

#endif
