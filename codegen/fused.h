/* fused.h: the loops of a declared op with a body; private to its files.
 *
 *   fused_reads.c  which elements of which values the loops need, as functions of the loops' indices
 *   fused_body.c   the code in the innermost loop, which computes those elements
 *   fused_fold.c   reductions of them
 *   fused.c        the loops around, and the cut of the innermost one into borders and interior */
#ifndef VMO_CODEGEN_FUSED_H
#define VMO_CODEGEN_FUSED_H

#include "codegen/compile.h"
#include "codegen/kernels.h"

enum { VMO_MOST_READS = 4096 };

/* One axis of an element's index: step * (a loop's index, or a number found within the loop) + shift. */
typedef struct vmo_fused_axis {
  int32_t loop; /* >= 0: of that loop; VMO_AXIS_NONE: the shift alone; else VMO_AXIS_LATE(k) */
  int64_t step;
  vmo_size_id shift; /* may be negative */
} vmo_fused_axis;

#define VMO_AXIS_NONE (-1)
#define VMO_AXIS_LATE(k) (-2 - (int32_t)(k)) /* number k that is found within the loop */
#define VMO_AXIS_LATE_NUMBER(loop) ((uint32_t)(-2 - (loop)))

/* 0 <= axis < size, unless it is known to hold; and the condition that goes with it. */
typedef struct vmo_fused_guard {
  vmo_fused_axis axis;
  vmo_size_id size;
  uint32_t parent; /* VMO_NONE: none */
} vmo_fused_guard;

/* One element of a value of the body. */
typedef struct vmo_fused_read {
  vmo_value_id value;
  const vmo_fused_axis *axes; /* as many as the value's rank */
  uint32_t guard;             /* VMO_NONE: it is there always */
  uint32_t next;              /* the next read of the same value; VMO_NONE: none */
  uint32_t *operands;         /* per operand of the value's op: the read it needs; VMO_NONE: a literal or dim */
  uint32_t *guards;           /* concat, pad: per operand the guard that says whether that one is meant */
  uint32_t late_first;        /* a general reshape: the first late number of its operand's index */
  bool in_interior;           /* needed where all guards of the interior hold */
} vmo_fused_read;

typedef struct vmo_fused {
  vmo_emitter *e;
  const vmo_function *body;
  const vmo_emit_op *op;   /* operands are the body's parameters */
  const vmo_op *reduction; /* at the end; NULL: none */
  vmo_emit_fold fold;      /* what it does, unless it is a search */
  vmo_value_id root;       /* what the loops run over: the result, or what is reduced */
  const vmo_type *space;   /* its type: a loop for each axis */
  bool flat;               /* one loop over all elements: everything is read at its index */
  VMO_VEC(vmo_fused_read) reads;
  VMO_VEC(vmo_fused_guard) guards;
  uint32_t *first_read; /* per value; VMO_NONE: none */
  uint32_t late_count;
  bool is_cut; /* the innermost loop has an interior */
  vmo_size_id zero, one;

  /* while a loop's body is emitted */
  LLVMValueRef indices[VMO_MAX_RANK];
  LLVMValueRef *numbers;        /* per read */
  LLVMValueRef *guard_values;   /* per guard */
  LLVMValueRef *late;           /* per late number */
  LLVMValueRef *outside;        /* per operand: an element that is the same in all trips; NULL */
  const LLVMValueRef **strides; /* per operand */
  bool interior;
} vmo_fused;

/* ---- fused_reads.c ---- */

/* Lists the reads; false when memory is out or they are too many (status says). */
bool vmo_list_reads(vmo_fused *f);
/* The operand of a concat of which the interior consists. */
uint32_t vmo_main_part(const vmo_fused *f, const vmo_op *op);

/* ---- fused_body.c ---- */

/* Makes ready what does not change in the loops. */
bool vmo_prepare_body(vmo_fused *f);
/* The element of the root at the indices, in register form. */
LLVMValueRef vmo_emit_body(vmo_fused *f, bool interior);
/* Whether a guard holds at the indices; NULL: always. */
LLVMValueRef vmo_emit_guard(vmo_fused *f, uint32_t guard);
LLVMValueRef vmo_emit_fused_axis(vmo_fused *f, const vmo_fused_axis *axis);

/* ---- fused_fold.c ---- */

/* A fold on its way, in variables; of argmin and argmax all three, else the first. */
typedef struct vmo_fused_fold {
  LLVMValueRef value, place, seen;
} vmo_fused_fold;

bool vmo_is_search(const vmo_op *op);
void vmo_begin_fused_fold(vmo_fused *f, vmo_fused_fold *state);
/* The place is what argmin and argmax are to tell. */
void vmo_step_fused_fold(vmo_fused *f, const vmo_fused_fold *state, LLVMValueRef number, LLVMValueRef place);
LLVMValueRef vmo_end_fused_fold(vmo_fused *f, const vmo_fused_fold *state, LLVMValueRef count);

/* ---- fused.c ---- */

void vmo_emit_fused(vmo_emitter *e, const vmo_emit_op *op, const vmo_function *body);

#endif
