/* read_vmir.h: what the files that read VMIR into a flow graph share; private to the folder.
 *
 *   read_vmir.c     the walk: values, storages, accesses, plain ops
 *   read_regions.c  structured ops: blocks, edges, carried values, streams */
#ifndef VMO_ANALYSIS_READ_VMIR_H
#define VMO_ANALYSIS_READ_VMIR_H

#include "analysis/flow.h"

#define ALL_BYTES (-1)

typedef struct frame {
  uint32_t op;                /* the structured op */
  vmo_region_id region;       /* the one being read */
  vmo_block_id entry;         /* the block that ends with op */
  vmo_block_id header;        /* for: the header; while: the first block of the condition */
  vmo_block_id exit;          /* while: the block that ends with `condition`; if: the end of then */
  vmo_stream_id stream;       /* the stream around op */
  vmo_stream_id first_stream; /* parallel: its first stream */
  uint32_t outer_first;       /* parallel: storages from outside that its streams read: outer[outer_first..] */
  uint32_t result;            /* parallel: number of results of the streams before this one */
} frame;

typedef struct edge {
  vmo_block_id from, to;
} edge;

/* A size under the binding. */
typedef struct evaluated {
  vmo_bytes bytes; /* -1: not known */
  bool exact;
  bool asked; /* of a type's: it is there */
} evaluated;

typedef struct reader {
  vmo_module *module;
  const vmo_function *function;
  const vmo_binding *binding;
  vmr_arena *arena;
  vmo_flow *flow;
  vmo_stream_id stream; /* the one that the walk is in */
  VMO_VEC(frame) frames;
  VMO_VEC(edge) edges;
  VMO_VEC(vmo_storage_id) outer;
  evaluated *type_bytes; /* by type id */
  uint32_t *chains;      /* of each region's blocks: the region itself; of a stream: that of what is around it */
  bool failed;           /* memory is out */
  bool wrong_size;       /* a size is negative or too large: the binding was not checked */
} reader;

static inline bool vmo_reader_ok(reader *r, bool success) {
  if (!success) r->failed = true;
  return success;
}

static inline void vmo_reader_refer(reader *r, vmo_value_id value, vmo_storage_id storage) {
  r->flow->references[value] = (vmo_reference){.storage = storage, .offset = VMO_NONE, .end = ALL_BYTES};
}

static inline vmo_storage_id vmo_reader_storage_of(const reader *r, vmo_value_id value) {
  return value == VMO_NONE ? VMO_NONE : r->flow->references[value].storage;
}

static inline bool vmo_reader_is_outside(const reader *r, vmo_storage_id storage, const frame *f) {
  return r->flow->storages.data[storage].stream < f->first_stream;
}

/* The innermost open parallel, or NULL. */
static inline const frame *vmo_reader_open_parallel(const reader *r) {
  return r->stream == 0 ? NULL : r->frames.data + r->flow->streams.data[r->stream].frame;
}

static inline vmo_block_id vmo_reader_current_block(const reader *r) { return r->flow->blocks.count - 1; }

/* ---- read_vmir.c ---- */

/* A value made for a storage of its own. */
vmo_storage_id vmo_reader_own_storage(reader *r, vmo_storage_owner owner, vmo_value_id value, vmo_point definition);
uint32_t vmo_reader_add_access(reader *r, vmo_point op, vmo_access_kind kind, vmo_storage_id storage, bool after,
                               vmo_value_id value);
/* Operand `operand` of `op` is handed to `target` when the op is over. */
void vmo_reader_add_move(reader *r, vmo_move_kind kind, vmo_point op, uint32_t operand, vmo_storage_id target);
vmo_block_id vmo_reader_begin_block(reader *r, vmo_point begin, uint32_t chain);
void vmo_reader_add_edge(reader *r, vmo_block_id from, vmo_block_id to);

/* ---- read_regions.c ---- */

/* The op has regions: opens the first of them. */
void vmo_reader_open_regions(reader *r, vmo_point op);
/* The op ends the region that is read: opens the next one, or goes on behind the structured op. */
void vmo_reader_end_region(reader *r, vmo_point op);

#endif
