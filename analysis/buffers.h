/* buffers.h: which storages share one buffer: congruence classes of storages that are never live together.
 *
 * Each storage starts as a buffer of its own; merging two buffers is refused when two members would be live at once.
 * The one exception is the hand-over at an op that may write its result over an operand:
 *
 *   %x  ├────────┤p           x is read last by op p, which makes y: both are live at p,
 *   %y           p├──────┤    and may share their bytes if the op's row allows it (design: in place)
 *
 * A buffer keeps the segments in which a member is live, in order; one that hands over to the next is joined with it,
 * so that a chain of in-place ops is one segment however long. Merging costs the smaller number of segments times the
 * logarithm of the larger one. */
#ifndef VMO_ANALYSIS_BUFFERS_H
#define VMO_ANALYSIS_BUFFERS_H

#include "analysis/facts.h"

/* What callers know of a function that has been planned. */
typedef struct vmo_call_summary {
  bool planned;                     /* false: in the same cycle of calls, and not planned yet: results are fresh */
  const uint32_t *result_parameter; /* for each result the donated parameter in whose bytes it is; VMO_NONE: fresh */
  const uint32_t *parameter_result; /* the other way round: for each parameter the first result that is in its bytes */
} vmo_call_summary;

typedef struct vmo_segment {
  vmo_point begin, end;
  vmo_storage_id first, last;       /* the member that is live at begin, and at end - 1 */
  struct vmo_segment *left, *right; /* private to segments.c */
} vmo_segment;

/* Some bytes of a buffer, with the segments in which they are live. */
typedef struct vmo_lane {
  vmo_bytes begin, end; /* end -1: all bytes of the buffer */
  vmo_segment *root;    /* NULL: none */
  uint32_t segment_count;
  VMO_VEC(vmo_storage_id) restricted; /* of a part: members that are live here only where these bytes are; ascending */
} vmo_lane;

/* The segments of a lane in order:
 *   for (const vmo_segment *s = vmo_find_segment(lane, -1); s; s = vmo_next_segment(lane, s)) */
const vmo_segment *vmo_find_segment(const vmo_lane *lane, vmo_point point); /* the first to end there or later */
const vmo_segment *vmo_next_segment(const vmo_lane *lane, const vmo_segment *segment);

typedef struct vmo_buffer_class {
  vmo_lane whole;  /* when there are no parts */
  vmo_lane *parts; /* when a result took the bytes of a part: lanes in order, together all bytes */
  uint32_t part_count, part_capacity;
  vmo_storage_id anchor; /* the donated parameter, state or result place among its members; VMO_NONE: none */
  vmo_stream_id home;    /* whose arena it lives in */
} vmo_buffer_class;

typedef struct vmo_buffers {
  const vmo_flow *flow;
  const vmo_liveness *liveness;
  const vmo_call_summary *summaries; /* by function id; NULL: no calls */
  bool keep_results_fresh;           /* a result must not stay in a donated parameter's bytes */
  bool results_apart;                /* results are the caller's bytes, so each must be a buffer of its own */
  uint32_t alignment;                /* of places whose type names none; 0: any */
  vmo_storage_id *parents;           /* union-find */
  vmo_storage_id *next;              /* members of a class as a ring */
  vmo_bytes *offsets;                /* of a member that is a part: where it begins; -1: it is the whole buffer */
  vmo_buffer_class *classes;         /* valid at roots; the root is a whole member */
  bool has_parts;                    /* some buffer has */
  vmo_bitset replaced;               /* operands that a copy is going to replace: they are not read; unset: none */
  uint32_t *access_counts;           /* of each storage */
  vmo_segment *free_segments;        /* a list by `right`: private to segments.c */
} vmo_buffers;

/* Why two buffers cannot be one. */
typedef struct vmo_conflict {
  vmo_refusal refusal;        /* VMO_REFUSED_NOT: they can */
  vmo_point point;            /* of a shared life; -1: none */
  vmo_storage_id left, right; /* members live there */
} vmo_conflict;

vmo_status vmo_create_buffers(const vmo_flow *flow, const vmo_liveness *liveness, const vmo_call_summary *summaries,
                              vmo_buffers **buffers);

/* The representative of a storage's buffer. */
vmo_storage_id vmo_find_buffer(const vmo_buffers *buffers, vmo_storage_id storage);

/* Merges the buffers of two storages of the same bytes and space; VMO_OK also when it is refused (*conflict says why).
 * Buffers that have parts are not merged. */
vmo_status vmo_merge_buffers(vmo_buffers *buffers, vmo_storage_id left, vmo_storage_id right, vmo_conflict *conflict);

/* Lets the storage of result `made`, with what shares its bytes, take the bytes of operand `value`, a part of its
 * buffer (or the whole of one that has parts). Other bytes of the buffer may live on:
 *
 *   %x   ├──────┤                     %lo, %hi = split %x
 *   %lo  │      ├──┤%y ├─────┤        %y = relu %lo         takes %lo's bytes while %hi is still to be read
 *   %hi  │      ├───────┤
 */
vmo_status vmo_take_part(vmo_buffers *buffers, vmo_byte_liveness *bytes, vmo_value_id value, vmo_storage_id made,
                         vmo_conflict *conflict);

/* Whether `value` is all bytes of its buffer, and that buffer has no parts. */
bool vmo_is_whole_buffer(const vmo_buffers *buffers, vmo_value_id value);

/* Whether operand `operand` of `op` may give its bytes to result `result` as far as op, types and places go. */
vmo_refusal vmo_check_operand(const vmo_buffers *buffers, vmo_point op, uint32_t result, uint32_t operand);
/* The same where it is known that the operand is in `storage`, and whether it is all of it as far as is known exactly. */
vmo_refusal vmo_check_operand_bytes(const vmo_buffers *buffers, vmo_point op, uint32_t result, uint32_t operand,
                                    vmo_storage_id storage, bool whole);

/* Whether element width and count of two types are provably equal under the flow's binding. */
bool vmo_equal_storage(const vmo_flow *flow, vmo_storage_id left, vmo_storage_id right);

/* Whether two values of one buffer are the same bytes of it. */
bool vmo_is_same_place(const vmo_buffers *buffers, vmo_value_id left, vmo_value_id right);

void vmo_dump_buffers(const vmo_buffers *buffers, vmo_text *out);

#endif
