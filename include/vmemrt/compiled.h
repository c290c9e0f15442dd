/* compiled.h: what compiled functions and their callers share.
 *
 * vmemopt compiles each function @NAME of a program to three C functions (docs/abi.md):
 *
 *   int32_t NAME(...);                        typed, declared in the header that `vmemopt compile` writes
 *   int32_t NAME_entry(vmr_call *call);       the same for callers that know the signature only when they run
 *   int32_t NAME_arenas(const int64_t *dims, int64_t *bytes);   the bytes of each arena for these sizes
 *
 * All return a vmr_call_status. Compiled functions allocate nothing, recursion apart; they use no globals, so any number
 * of threads may be in one function, each with arenas of its own. */
#ifndef VMEMRT_COMPILED_H
#define VMEMRT_COMPILED_H

#include "vmemrt/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Codes keep their numbers from version to version. */
typedef enum vmr_call_status {
  VMR_CALL_OK = 0,
  VMR_CALL_NO_ARENA,         /* an arena that has bytes is NULL */
  VMR_CALL_ARENA_TOO_SMALL,  /* an arena has fewer bytes than NAME_arenas says */
  VMR_CALL_ARENA_MISALIGNED, /* an arena does not begin at a multiple of its alignment */
  VMR_CALL_WRONG_SIZE,       /* a dim is negative or above its bound, a size gets negative or reaches 2^53 bytes */
  VMR_CALL_NO_ARGUMENT,      /* an argument, or the place for a result, is NULL */
  VMR_CALL_INDEX_OUTSIDE,    /* an index outside of its array, or rows of a graph that are not ascending */
  VMR_CALL_OUT_OF_MEMORY,    /* no block for a recursive activation */
  VMR_CALL_TOO_DEEP,         /* calls are nested deeper than VMR_CALL_DEPTH_LIMIT */
  VMR_CALL_DECLARED_FAILED   /* a function that the user supplies for an op said so */
} vmr_call_status;

#define VMR_CALL_DEPTH_LIMIT 10000

/* What a function that was compiled with `instrument` or `progress` tells while it runs, one thread at a time; any member may be NULL or
 * 0. */
typedef struct vmr_call_watch {
  /* Called before and after each op that is no control flow. `function` and `op` number them in the planned program; where
   * calls have a plan of their own, its functions are counted behind all others. */
  void (*before)(void *user, uint32_t function, uint32_t op);
  void (*after)(void *user, uint32_t function, uint32_t op);
  void *user;
  /* For each arena of the entry, in its order: the end of the highest byte written so far, from the arena's start. */
  int64_t *high_water;
  uint32_t arena_count; /* entries of high_water */
  uint64_t copies;      /* copies that the plan inserted and that ran */
  uint64_t activations; /* blocks that recursion has obtained */
  uint64_t deepest;     /* the most of them at a time */
  /* Called by functions that were compiled with `progress`: that many trips of a loop are done. */
  void (*trip)(void *user, uint64_t done, uint64_t total);
} vmr_call_watch;

typedef struct vmr_call {
  const int64_t *dims; /* one for each dim of the program, in its order, fixed ones included */
  void *const
      *arguments;      /* one for each parameter: an array's bytes, a pointer to a scalar's value; for states unused */
  void **results;      /* one for each result; in: where it is to be (may be NULL with results in the arena);
                               out: where it is */
  void *const *arenas; /* one for each arena of the plan, in its order; the default space comes first */
  const int64_t *arena_bytes;        /* what each of them has */
  vmr_call_watch *watch;             /* NULL: nobody looks */
  uint32_t threads;                  /* that streams may use; 0 and 1: they run one after the other */
  uint32_t depth;                    /* of recursion; 0 at the start */
  uint32_t fault_line, fault_column; /* out, on failure of an op: where it stands in the program */
} vmr_call;

typedef int32_t (*vmr_entry)(vmr_call *call);
typedef int32_t (*vmr_arenas)(const int64_t *dims, int64_t *bytes);

/* ---- ops that the program declares ---- */

/* Elements in the numbers of VMIR's types: bool i8 u8 i16 u16 i32 u32 i64 u64 f16 bf16 f32 f64. */
typedef enum vmr_element {
  VMR_ELEMENT_BOOL,
  VMR_ELEMENT_I8,
  VMR_ELEMENT_U8,
  VMR_ELEMENT_I16,
  VMR_ELEMENT_U16,
  VMR_ELEMENT_I32,
  VMR_ELEMENT_U32,
  VMR_ELEMENT_I64,
  VMR_ELEMENT_U64,
  VMR_ELEMENT_F16,
  VMR_ELEMENT_BF16,
  VMR_ELEMENT_F32,
  VMR_ELEMENT_F64
} vmr_element;

/* A dense row-major array; a scalar has rank 0 and one element. */
typedef struct vmr_array {
  void *data;
  const int64_t *sizes; /* rank of them */
  int64_t count;        /* elements */
  uint32_t element;     /* a vmr_element; a bool is a byte, 0 or 1 */
  uint32_t rank;
} vmr_array;

/* `op @NAME(...)` is a C function NAME of this type that the user supplies. Operands are only read, unless `inplace` of the
 * declaration lets a result have an operand's bytes: then both have the same `data`. `workspace` has the bytes that the
 * declaration asks for. Anything but 0 ends the function with VMR_CALL_DECLARED_FAILED. */
typedef int32_t (*vmr_declared_op)(const vmr_array *operands, const vmr_array *results, void *workspace);

/* ---- for compiled functions alone ---- */

/* Begins a recursive activation: *block has `bytes` from a multiple of `alignment` on. Returns a vmr_call_status. */
VMR_API int32_t vmr_call_begin_activation(vmr_call *call, int64_t bytes, int64_t alignment, void **block);
VMR_API void vmr_call_end_activation(vmr_call *call, void *block);

typedef int32_t (*vmr_stream)(vmr_call *call, void *frame);

/* Runs streams, each with a call like this one: on up to call->threads threads, or one after the other. Returns the status
 * of the first one, in their order, that failed. */
VMR_API int32_t vmr_call_run_streams(vmr_call *call, const vmr_stream *streams, uint32_t count, void *frame);

/* Sorts an array of outer x size x inner elements along its middle axis: `to` gets the elements in order, NaN last, or with
 * VMR_SORT_INDICES (int64_t) where they come from. Equal ones keep their order. */
enum { VMR_SORT_INDICES = 1, VMR_SORT_DESCENDING = 2 };
VMR_API void vmr_sort_rows(const void *from, void *to, uint32_t element, int64_t outer, int64_t size, int64_t inner,
                           uint32_t flags);
/* `to` begins with the different elements of `from` in order; how many they are. All `count` of `to` are written. */
VMR_API int64_t vmr_sort_unique(const void *from, void *to, uint32_t element, int64_t count);

/* Node after node of a graph in compressed sparse row form: `to` gets what most of the neighbours have in `x`, the smallest
 * of several, or the node's own when there are none. `to` may be `x`. Indices are of 4 or 8 bytes. A vmr_call_status. */
VMR_API int32_t vmr_take_modes(const void *row, uint32_t row_bytes, const void *col, uint32_t col_bytes, int64_t edges,
                               const void *x, void *to, uint32_t element, int64_t nodes);

/* For call->watch, which may be NULL. */
VMR_API void vmr_call_watch_before(vmr_call *call, uint32_t function, uint32_t op);
VMR_API void vmr_call_watch_after(vmr_call *call, uint32_t function, uint32_t op);
VMR_API void vmr_call_watch_write(vmr_call *call, const void *start, int64_t bytes);
VMR_API void vmr_call_watch_copy(vmr_call *call);
VMR_API void vmr_call_watch_trip(vmr_call *call, uint64_t done, uint64_t total);

#ifdef __cplusplus
}
#endif

#endif
