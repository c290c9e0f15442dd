/* plan.h: what is to be done with the sites of one function. Private to llvm/.
 *
 *   slots      allocations that take a slot in the frame
 *   releases   calls that may free an object in a slot
 *   inlines    calls whose callee is to stand here first: it makes or frees an object that is local here
 *   sparing    calls that may free an object in a slot, of callees that are told where slots are
 *   copies     allocations whose source is read in their place
 *   zeroes     allocations whose bytes are written twice
 *   early      frees of a value that move up: where they are, and before which instructions they go */
#ifndef VMO_LLVM_PLAN_H
#define VMO_LLVM_PLAN_H

#include "analysis/analysis.h"
#include "llvm/points_to.h"
#include "llvm/touches.h"

typedef struct vmo_ll_slot {
  LLVMValueRef allocation;
  const vmo_libc_row *row;
  uint32_t object;     /* in the solution */
  vmo_bytes bytes;     /* of the slot */
  bool constant;       /* the size is known: it always fits */
  bool flagged;        /* a flag says whether the slot is taken */
  bool repeated;       /* a loop makes one object after another */
  bool released_there; /* realloc: its call is among the releases, too */
  bool fenced;         /* accesses of its object are to stay behind those of the one that was there before */
  bool spared;         /* a callee frees the object that spares slots: it stands in the frame of those */
  uint32_t alignment;
  uint32_t fact;      /* of the site */
  uint32_t frame;     /* the shared frame that it is a part of; VMO_NONE: it stands by itself */
  uint32_t parameter; /* the first of those by which a caller gives the slot (destinations.h); VMO_NONE: it is here */
  uint32_t argument;  /* the first of those by which it is given to the function that is called; VMO_NONE: it is not */
  vmo_bytes offset;   /* in that frame */
} vmo_ll_slot;

/* Bytes for several slots, of which not all are in use at once. */
typedef struct vmo_ll_frame {
  vmo_bytes bytes;
  uint32_t alignment;
  bool spared; /* all are in use at once; callees are told where it is, and free nothing there */
} vmo_ll_frame;

typedef struct vmo_ll_slot_release {
  LLVMValueRef call;
  const vmo_libc_row *row;
  uint32_t slot_first, slot_count; /* into slots_of_releases */
  uint32_t own_slot;               /* realloc: the slot that its result may take; VMO_NONE: none */
  bool only;                       /* no other object can be meant */
} vmo_ll_slot_release;

typedef struct vmo_ll_free_edge {
  uint32_t from; /* block of the function */
  uint32_t left; /* vmo_ll_left_to_free */
} vmo_ll_free_edge;

typedef struct vmo_ll_free_place {
  uint32_t before;                 /* instruction */
  uint32_t edge_first, edge_count; /* what each edge into its block leaves to free; none: `value` */
  LLVMValueRef value;              /* what is freed, or a phi of it and null where it may not be made */
} vmo_ll_free_place;

typedef struct vmo_ll_early_free {
  uint32_t instruction;              /* that makes what is freed */
  uint32_t value;                    /* what is freed, by local value id */
  uint32_t free_first, free_count;   /* into early_frees */
  uint32_t place_first, place_count; /* into early_places */
} vmo_ll_early_free;

typedef struct vmo_ll_zeroes {
  uint32_t allocation; /* instruction: a malloc that becomes calloc, or the other way round */
  uint32_t write;      /* the memset that goes; VMO_NONE: calloc becomes malloc */
} vmo_ll_zeroes;

typedef struct vmo_ll_dropped_copy { /* an object that is the copy of another, which is read in its place (copies.h) */
  uint32_t object;                   /* in the solution */
  LLVMValueRef allocation, source;
  LLVMValueRef write;            /* that fills it; NULL: the allocation does */
  uint32_t use_first, use_count; /* into copy_uses: instructions that load, are handed or compare it, or free it */
} vmo_ll_dropped_copy;

typedef struct vmo_ll_plan {
  VMO_VEC(vmo_ll_slot) slots;
  VMO_VEC(vmo_ll_frame) frames;
  VMO_VEC(vmo_ll_slot_release) releases;
  VMO_VEC(uint32_t) slots_of_releases;
  VMO_VEC(LLVMValueRef)
  untyped; /* loads and stores of bytes that are used again: their metadata tells nothing of order */
  VMO_VEC(LLVMValueRef) inlines;
  VMO_VEC(uint32_t) sparing; /* instructions: calls that free objects in slots, whose callees are to spare these */
  VMO_VEC(vmo_ll_early_free) early;
  VMO_VEC(uint32_t) early_frees; /* instructions */
  VMO_VEC(vmo_ll_free_place) early_places;
  VMO_VEC(vmo_ll_free_edge) early_edges;
  VMO_VEC(vmo_ll_zeroes) zeroes;
  VMO_VEC(vmo_ll_dropped_copy) copies;
  VMO_VEC(LLVMValueRef) copy_uses;
  vmo_bytes frame_bytes;
} vmo_ll_plan;

/* Bytes of known size that are on the heap at once while a function runs, its callees included. (heap_peak.c) */
typedef struct vmo_ll_heap_peak {
  vmo_bytes before, after; /* as written; as rewritten. -1: too much to be told */
} vmo_ll_heap_peak;

typedef struct vmo_ll_stack_depth {
  vmo_bytes frame; /* of the function itself */
  vmo_bytes depth; /* with its callees, unless it is unbounded */
  bool unbounded;
  const char *because; /* unbounded: the function that may call itself, or has an alloca of any size */
} vmo_ll_stack_depth;

typedef struct vmo_ll_planning {
  vmo_ll_program *program;
  const vmo_ll_options *options;
  const vmo_ll_groups *groups;
  const vmo_ll_summary *summaries;
  vmr_arena *arena; /* of one function: reset for the next */
  vmo_site_facts *facts;
  uint32_t *fact_of;              /* by instruction of the program: the fact of the site; VMO_NONE: none, or not yet */
  bool *inlined;                  /* by instruction of the program: its callee's body is to take its place */
  const uint32_t *destination_of; /* by instruction of the program: the parameters that tell where its object goes, or
                                     VMO_NONE; NULL: functions have none yet */
  bool *served;                   /* by instruction of the program: it takes what these give, or would */
  uint32_t *inner;                /* by instruction of the program: of a call that takes it, the maker in its callee */
  bool *wanted;                   /* by instruction of the program: it is among `makers` */
  VMO_VEC(uint32_t) makers;       /* instructions that are to have such parameters; in the program's arena */
  const vmo_ll_heap_use *heap_use;
  struct vmo_ll_sparing *sparing; /* functions that may be copied so that they spare slots; NULL: all that may, were */
  vmo_bytes max_frame;            /* what slots may take of the frame of the function in hand */
  vmo_ll_heap_peak *peaks;        /* by function of the program */
  vmo_ll_stack_depth *depths;
} vmo_ll_planning;

/* Whether an object is no longer on the heap: it takes a slot, or is not made. (sites.c) */
bool vmo_ll_leaves_heap(const vmo_ll_plan *plan, uint32_t object);

/* Control flow of one function: loops and dominators, in `arena`. (control.c) */
vmo_status vmo_find_control(const vmo_ll_program *program, const vmo_ll_function *function, vmr_arena *arena,
                            vmo_cfg **control);
/* Decides for every site of one function, and adds to the facts. (sites.c) */
vmo_status vmo_plan_sites(vmo_ll_planning *planning, uint32_t function, vmo_ll_plan *plan);
/* What a branch compares with null, such that its successor of that number follows when it is null; NULL: nothing.
 * (free_flow.c) */
LLVMValueRef vmo_ll_null_on_edge(LLVMValueRef terminator, uint32_t successor);
/* Sets the function's heap peak, after it was planned. `release_first`, `release_list`: indices of releases, by object.
 * (heap_peak.c) */
vmo_status vmo_find_heap_peak(vmo_ll_planning *planning, vmo_ll_points_to *points_to, const uint32_t *release_first,
                              const uint32_t *release_list, const vmo_ll_plan *plan);
/* The same for a function that makes and frees nothing itself: what its callees reach. (heap_peak.c) */
void vmo_hand_up_heap_peak(vmo_ll_planning *planning, uint32_t function);
/* Drops metadata of an instruction. (stack.c) */
void vmo_ll_forget(const vmo_ll_program *program, LLVMValueRef instruction, const char *kind);
/* Edits the function as planned. (stack.c) */
vmo_status vmo_move_to_stack(vmo_ll_program *program, LLVMValueRef function, const vmo_ll_plan *plan);
/* Puts the bodies of callees that were marked so (`alwaysinline`) in the place of their calls. (pipeline.c) */
vmo_status vmo_run_inliner(vmo_ll_program *program);

/* Sets the function's stack depth, after it was planned. (stack_depth.c) */
void vmo_find_stack_depth(vmo_ll_planning *planning, uint32_t function, const vmo_ll_plan *plan);
/* What slots may take of its frame: `most`, less where -Wframe-larger-than= is to be kept. (stack_depth.c) */
vmo_bytes vmo_find_frame_limit(const vmo_ll_program *program, const vmo_ll_function *function, vmo_bytes most);
/* What an allocation asks for, when it is a constant; else -1. (size_words.c) */
vmo_bytes vmo_ll_constant_size(LLVMValueRef call, const vmo_libc_row *row);
/* "8 * argument 1 + 16"; NULL when that is not known. (size_words.c) */
const char *vmo_describe_size(vmo_context *context, LLVMValueRef call, const vmo_libc_row *row);

/* Where an instruction stands in the source; file NULL without debug information. (places.c) */
vmo_site_place vmo_find_source_place(vmo_context *context, LLVMValueRef instruction_or_function);

/* The variable that is declared on the line of an instruction, and the type that it points to; NULL: not known. (names.c) */
void vmo_find_variable(const vmo_ll_program *program, LLVMValueRef instruction, const char **variable,
                       const char **type);
/* The field or variable that an allocation's pointer is stored into, as `list.head`, and what that points to; NULL: not
 * known. (fields.c) */
void vmo_find_field(const vmo_ll_program *program, LLVMValueRef allocation, const char **field, const char **type);
/* Of the parameter with that index, from 0; NULL: not known. (names.c) */
const char *vmo_find_parameter_name(vmo_context *context, LLVMValueRef parameter, uint32_t index);

/* Whether the body of the callee can and may stand in place of a call. (refusals.c) */
bool vmo_can_inline(const vmo_ll_planning *planning, const vmo_ll_function *caller, const vmo_ll_instruction *call);

#endif
