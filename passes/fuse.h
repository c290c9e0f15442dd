/* fuse.h: a group of ops on its way to become one op with a body; private to the pass that fuses.
 *
 *   fuse.c        grows groups from their last op upwards, and makes the edit
 *   fuse_rules.c  what may join a group, at what cost, and whether the group's loads are no larger than before
 *   fuse_body.c   the declaration with its body */
#ifndef VMO_PASSES_FUSE_H
#define VMO_PASSES_FUSE_H

#include "passes/planning.h"

enum {
  VMO_FUSED_OPS = 48,      /* in a body */
  VMO_FUSED_OPERANDS = 16, /* of a fused op */
  VMO_FUSED_READS = 96,    /* elements that are computed for one element of the result, those of all ops together */
  VMO_FUSED_WAYS = 8       /* ways in which one value is read */
};

/* A way is how the index of a value follows from the index of the result: way 0 is the same index; each slice, pad,
 * repetition and so on between makes another one. Bit w of a mask stands for way w. */
typedef uint64_t vmo_ways;

typedef struct vmo_fused_op {
  uint32_t op;   /* index in the function */
  vmo_ways ways; /* in which its result is read */
} vmo_fused_op;

typedef struct vmo_fused_operand {
  vmo_value_id value;
  bool here; /* read at the index of the result, and there alone */
} vmo_fused_operand;

typedef struct vmo_fusion {
  vmo_fused_op ops[VMO_FUSED_OPS]; /* the last in program order comes first */
  uint32_t count;
  vmo_ways repeated; /* ways that read an element for more than one element of the result */
  uint32_t ways;     /* how many there are */
  uint32_t reads;    /* the ways of all ops together */
  vmo_fused_operand operands[VMO_FUSED_OPERANDS];
  uint32_t operand_count;
} vmo_fusion;

typedef struct vmo_fuser {
  vmo_planning *planning;
  vmo_module *module;
  const vmo_function *function;
  const vmo_flow *flow;
  const vmo_liveness *liveness;
  uint32_t *reads;      /* per value: how often ops have it as an operand */
  uint32_t *groups;     /* per op: 1 + the number of the fused op that it is part of; 0: none */
  uint32_t *busy;       /* per op: how many ops before it may need memory */
  uint32_t *stretched;  /* per storage: the first op from which on a fused op keeps it longer than it lived before */
  uint32_t group_count; /* fused ops made, the one in hand included */
} vmo_fuser;

/* ---- fuse_rules.c ---- */

/* Whether an op may be the last one of a group. */
bool vmo_may_end_fusion(const vmo_fuser *fuser, uint32_t op);
/* Whether an op whose result is read in `ways`, by the group alone, may join it. */
bool vmo_may_join_fusion(const vmo_fuser *fuser, const vmo_fusion *fusion, uint32_t op, vmo_ways ways);
/* The ways in which operand `operand` of an op of the group is read; *full: there are too many. */
vmo_ways vmo_follow_ways(const vmo_fuser *fuser, vmo_fusion *fusion, const vmo_fused_op *reader, uint32_t operand,
                         bool *full);
/* Whether result i of the op needs the operand's element i alone. */
bool vmo_keeps_index(const vmo_module *module, const vmo_function *function, const vmo_op *op, uint32_t operand);
/* Whether the load while the fused op runs, and between its ops, is no larger than what it was there before. */
bool vmo_loads_stay_low(vmo_fuser *fuser, const vmo_fusion *fusion);
/* The bytes of the storages that are no more. */
bool vmo_sum_vanished(const vmo_fuser *fuser, const vmo_fusion *fusion, vmo_fused_fact *fact);

/* ---- fuse_body.c ---- */

/* Declares the op; its number, or VMO_NONE when memory is out. */
uint32_t vmo_declare_fusion(vmo_fuser *fuser, const vmo_fusion *fusion);

#endif
