/* collect.h: a heap whose objects are freed when nothing refers to them any more.
 *
 * The collector is precise: it knows from each object's type where its pointers are, and from roots and frames what the
 * program holds. Objects never move. It marks what can be reached and leaves the rest to be overwritten, block by block, as
 * memory is needed; what survived once is old, and is looked at again only when many old ones may have died (sticky mark
 * bits: Demers, Weiser, Hayes, Boehm, Bobrow and Shenker, Combining Generational and Conservative Garbage Collection, POPL
 * 1990). With VMR_GC_INCREMENTAL marking is done in small steps while the program allocates.
 *
 * What the program owes the collector:
 *
 *   - Every pointer to an object that is used after the next allocation stands in a frame, a root, a strong handle or a
 *     reachable object. Pointers are to the beginning of objects, or NULL.
 *   - Every pointer is stored into an object by vmr_gc_write. (Without VMR_GC_GENERATIONAL and VMR_GC_INCREMENTAL plain
 *     stores do unless vmr_gc_step is called, as do stores of what is no pointer to an object of the heap.)
 *
 * A heap belongs to one thread at a time. */
#ifndef VMEMRT_COLLECT_H
#define VMEMRT_COLLECT_H

#include <string.h>

#include "vmemrt/base.h"
#include "vmemrt/profile.h"
#include "vmemrt/value.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- layout that the functions of this header know; private ---- */

#define VMR_GC_CHUNK_SHIFT 21
#define VMR_GC_CHUNK_BYTES ((size_t)1 << VMR_GC_CHUNK_SHIFT)
#define VMR_GC_GRANULE_SHIFT 4
#define VMR_GC_CARD_SHIFT 9
#define VMR_GC_CARDS_AT ((size_t)28 << 10) /* in a chunk: a byte for each 512 of it, set where a pointer was written */

/* What heads a block of frames; see VMR_GC_FRAME. */
typedef struct vmr_gc_frame {
  struct vmr_gc_frame *outer;
  size_t count; /* pointers that follow */
} vmr_gc_frame;

/* More follows these members. */
typedef struct vmr_gc {
  vmr_gc_frame *frames; /* innermost first */
  bool is_marking;      /* between the steps of marking */
} vmr_gc;

/* Free cells of one size, those of a word of marks. More follows these members. */
typedef struct vmr_gc_type {
  uint64_t free; /* bit i: a free cell begins 16 i bytes behind `base` */
  char *base;
  size_t cell_bytes;
} vmr_gc_type;

/* ---- the heap ---- */

enum vmr_gc_flag {
  VMR_GC_GENERATIONAL = 1, /* most cycles look at young objects only */
  VMR_GC_INCREMENTAL = 2,  /* cycles that begin by themselves are done in steps */
  VMR_GC_MANUAL = 4,       /* no cycle begins by itself, unless memory is out */
  VMR_GC_VERIFY = 8,       /* vmr_gc_is_valid around every cycle; a fault is reported to the context as VMR_CORRUPTED */
  VMR_GC_PARALLEL = 16,    /* full cycles that are done at once mark with a second thread, when there are many objects:
                              trace functions then run on both at the same time, and the context's allocator on either, the
                              caller waiting meanwhile */
};

typedef struct vmr_gc_options {
  size_t struct_size;      /* sizeof(vmr_gc_options) */
  uint32_t flags;          /* of enum vmr_gc_flag */
  uint32_t growth_percent; /* a full cycle begins when live bytes grew by so much since the last one. 0: 100 */
  size_t limit_bytes;      /* of the whole heap; an allocation that would pass it collects, then fails. 0: none */
  size_t nursery_bytes;    /* the least that is allocated between two cycles. 0: 4 MiB */
  size_t step_bytes;       /* of objects that a step marks at least. 0: 16 KiB */
  size_t
      parallel_objects; /* with VMR_GC_PARALLEL: the least number of objects that a second thread is begun for. 0: 50000 */
} vmr_gc_options;

static inline vmr_gc_options vmr_gc_options_default(void) {
#ifdef __cplusplus
  vmr_gc_options options = {};
#else
  vmr_gc_options options = {0};
#endif
  options.struct_size = sizeof(vmr_gc_options);
  options.flags = VMR_GC_GENERATIONAL;
  return options;
}

/* `ctx` and `options` may be NULL. */
VMR_API vmr_status vmr_gc_create(vmr_gc **gc, vmr_ctx *ctx, const vmr_gc_options *options);

/* Runs the finalisers of all objects that have one, then frees the heap with all its objects. NULL is accepted. */
VMR_API void vmr_gc_destroy(vmr_gc *gc);

/* The first failure or misuse, or VMR_OK; and sets it to VMR_OK. */
VMR_API vmr_status vmr_gc_status(const vmr_gc *gc);
VMR_API void vmr_gc_clear_status(vmr_gc *gc);

/* ---- types ---- */

typedef struct vmr_gc_tracer vmr_gc_tracer;

/* Calls vmr_gc_visit for each pointer in an object; `bytes` are those of its cell, at least what was asked for, and what was
 * not written is zero. It may run at any allocation and must not use the heap otherwise. */
typedef void (*vmr_gc_trace_function)(vmr_gc_tracer *tracer, void *object, size_t bytes);

/* Where the pointers of a type are: words of its fixed part by a bit each, and words of each element of the tail behind it; or
 * a function. Tails begin at the fixed part's `bytes`, which is then a multiple of the size of a pointer, as is
 * `element_bytes` when elements have pointers. */
typedef struct vmr_gc_layout {
  const char *name;            /* for reports; it outlives the heap */
  size_t bytes;                /* of the fixed part */
  uint64_t pointers;           /* bit i: the word i, from 0 to 63, is a pointer */
  size_t element_bytes;        /* of an element of the tail. 0: there is no tail */
  uint64_t element_pointers;   /* as `pointers`, in each element */
  vmr_gc_trace_function trace; /* NULL: the bits tell */
} vmr_gc_layout;

/* The bit of a member that is a pointer. */
#define VMR_GC_POINTER(structure, member) (UINT64_C(1) << (offsetof(structure, member) / sizeof(void *)))

/* Types live as long as the heap. */
VMR_API vmr_status vmr_gc_add_type(vmr_gc *gc, const vmr_gc_layout *layout, vmr_gc_type **type);

VMR_API void vmr_gc_visit(vmr_gc_tracer *tracer, void *object);
static inline void vmr_gc_visit_value(vmr_gc_tracer *tracer, vmr_value value) {
  if (value.kind == VMR_VALUE_COLLECTED) vmr_gc_visit(tracer, value.as.pointer);
}

/* ---- objects ---- */

VMR_API void *vmr_gc_alloc_slow(vmr_gc *gc, vmr_gc_type *type);

/* An object of the type's fixed part, all zero, aligned to 16. NULL when `type` is NULL, or memory or the limit is out, after a full cycle; the
 * status tells. Objects are smaller than 512 MiB. */
static inline void *vmr_gc_alloc(vmr_gc *gc, vmr_gc_type *type) {
  if (VMR_UNLIKELY(type == NULL || type->free == 0)) return vmr_gc_alloc_slow(gc, type);
  char *cell = type->base + ((size_t)(unsigned)__builtin_ctzll(type->free) << VMR_GC_GRANULE_SHIFT);
  type->free &= type->free - 1;
  return cell;
}

/* The same with a tail of `count` elements. */
VMR_API void *vmr_gc_alloc_tail(vmr_gc *gc, vmr_gc_type *type, size_t count);

/* The bytes of an object's cell, and the name of its type. */
VMR_API size_t vmr_gc_object_bytes(const void *object);
VMR_API const char *vmr_gc_type_name(const void *object);

VMR_API void vmr_gc_shade(vmr_gc *gc, void *object);

/* `*place`, which lies in `object`, becomes `pointer`. */
static inline void vmr_gc_write(vmr_gc *gc, void *object, void *place, void *pointer) {
  uintptr_t chunk = (uintptr_t)object & ~(uintptr_t)(VMR_GC_CHUNK_BYTES - 1);
  memcpy(place, &pointer, sizeof pointer);
  *(uint8_t *)(chunk + VMR_GC_CARDS_AT + (((uintptr_t)place - chunk) >> VMR_GC_CARD_SHIFT)) = 1;
  if (VMR_UNLIKELY(gc->is_marking)) vmr_gc_shade(gc, pointer);
}

/* The program knows that nothing refers to `object` any more (it counts references, say): its cell may be used again at once.
 * VMR_STILL_IN_USE when it has a handle or a finaliser; nothing happens then. NULL is accepted. */
VMR_API vmr_status vmr_gc_release(vmr_gc *gc, void *object);

/* ---- roots and frames ---- */

/* `count` pointers from `first` on, which the collector reads at each cycle: change either at any time. */
typedef struct vmr_gc_root {
  void **first;
  size_t count;
  struct vmr_gc_root *next, *previous; /* private */
} vmr_gc_root;

VMR_API void vmr_gc_add_root(vmr_gc *gc, vmr_gc_root *root);
VMR_API void vmr_gc_remove_root(vmr_gc *gc, vmr_gc_root *root);

/* `function` calls vmr_gc_visit for each pointer that the program holds elsewhere, its stack of values say. NULL: none. */
typedef void (*vmr_gc_root_function)(vmr_gc_tracer *tracer, void *user);
VMR_API void vmr_gc_set_root_function(vmr_gc *gc, vmr_gc_root_function function, void *user);

/* Declares a structure `name` of local pointers, all NULL, that the collector sees until vmr_gc_leave(gc, &name.frame):
 *
 *   VMR_GC_FRAME(gc, local, node *left; node *right;);
 *   local.left = make(gc, depth - 1);
 *   ...
 *   vmr_gc_leave(gc, &local.frame);
 *
 * Frames are left in the reverse order. */
#ifdef __cplusplus
#define VMR_GC_ZEROED \
  { \
  }
#else
#define VMR_GC_ZEROED {0}
#endif
#define VMR_GC_FRAME(gc, name, members) \
  struct { \
    vmr_gc_frame frame; \
    members \
  } name = VMR_GC_ZEROED; \
  vmr_gc_enter(gc, &name.frame, sizeof name)

static inline void vmr_gc_enter(vmr_gc *gc, vmr_gc_frame *frame, size_t bytes) {
  if (VMR_UNLIKELY(gc == NULL)) return;
  frame->outer = gc->frames;
  frame->count = (bytes - sizeof *frame) / sizeof(void *);
  gc->frames = frame;
}
static inline void vmr_gc_leave(vmr_gc *gc, const vmr_gc_frame *frame) {
  if (VMR_LIKELY(gc != NULL)) gc->frames = frame->outer;
}

/* ---- handles, weak references, finalisers ---- */

/* A number that stands for an object. A handle that was closed is stale, and never stands for another object. 0 is none. */
typedef uint64_t vmr_gc_handle;

/* A strong handle keeps its object; a weak one does not: it stands for NULL as soon as nothing else does. */
VMR_API vmr_status vmr_gc_handle_open(vmr_gc *gc, void *object, bool is_weak, vmr_gc_handle *handle);

/* VMR_STALE_HANDLE when `handle` is closed or never was one. */
VMR_API vmr_status vmr_gc_handle_get(vmr_gc *gc, vmr_gc_handle handle, void **object);
VMR_API vmr_status vmr_gc_handle_close(vmr_gc *gc, vmr_gc_handle handle);

typedef void (*vmr_gc_finaliser)(vmr_gc *gc, void *object, void *user);

/* `function` is called once, some time after nothing but finalisers leads to `object` any more: at the end of
 * vmr_gc_collect, or in an allocation. The object, and all that it leads to, is whole then and lives on if it is stored
 * somewhere; weak handles to it stand for NULL already. It may allocate and do anything but collect. */
VMR_API vmr_status vmr_gc_add_finaliser(vmr_gc *gc, void *object, vmr_gc_finaliser function, void *user);

/* Calls what is due. Returns how many were called. */
VMR_API size_t vmr_gc_run_finalisers(vmr_gc *gc);

/* ---- collecting ---- */

typedef struct vmr_gc_freed {
  uint64_t bytes, objects;
} vmr_gc_freed;

/* A whole full cycle, or one of the young objects alone, done at once, and the finalisers that are due. A cycle that is under
 * way is brought to its end first. `freed` may be NULL. */
VMR_API vmr_status vmr_gc_collect(vmr_gc *gc, vmr_gc_freed *freed);
VMR_API vmr_status vmr_gc_collect_young(vmr_gc *gc, vmr_gc_freed *freed);

/* Begins a full cycle if none is under way, and marks about `bytes` of objects. True when the cycle is at its end. */
VMR_API bool vmr_gc_step(vmr_gc *gc, size_t bytes);

/* Gives chunks without objects back to the system, as vmr_trim does. Returns the bytes. */
VMR_API size_t vmr_gc_trim(vmr_gc *gc);

/* ---- which sites, how old ---- */

/* From now on vmr_gc_note notes in `profile`, which outlives the heap or is taken from it by NULL. */
VMR_API void vmr_gc_set_profile(vmr_gc *gc, vmr_profile *profile);

/* `stack` allocated `object` (as in vmr_profile_note; NULL: nothing happens). The profile forgets the object at the end of the
 * cycle that finds it dead, when it is released, or with the heap: what it has after a full cycle lives, with site and age. */
VMR_API void vmr_gc_note(vmr_gc *gc, const void *object, const char *stack);

/* ---- what happened ---- */

#define VMR_GC_PAUSES 32 /* pauses of 2^i to 2^(i+1) - 1 nanoseconds; the last one: or more */
#define VMR_GC_HISTORY 64

typedef struct vmr_gc_figures {
  uint64_t live_bytes, live_objects; /* at the end of the last cycle, and what was allocated since */
  uint64_t reserved_bytes;
  uint64_t cycles, young_cycles; /* of all; of these, those that looked at young objects only */
  uint64_t parallel_cycles;      /* in which a second thread marked */
  uint64_t steps;
  uint64_t allocated_objects, allocated_bytes; /* ever */
  uint64_t freed_objects, freed_bytes;         /* by cycles and vmr_gc_release */
  uint64_t promoted_bytes;                     /* of young objects that survived a cycle */
  uint64_t limits_hit;
  uint64_t longest_pause, total_pause; /* nanoseconds */
  uint64_t pauses[VMR_GC_PAUSES];
} vmr_gc_figures;

VMR_API vmr_gc_figures vmr_gc_read_figures(const vmr_gc *gc);

typedef struct vmr_gc_cycle {
  uint64_t number; /* from 1 */
  bool is_young;
  uint32_t steps;         /* pauses of it */
  uint64_t longest_pause; /* nanoseconds */
  uint64_t total_pause;
  uint64_t freed_bytes, freed_objects, live_bytes, live_objects;
} vmr_gc_cycle;

/* The newest cycles, up to `capacity` of them, oldest first; returns how many. The last VMR_GC_HISTORY are kept. */
VMR_API size_t vmr_gc_read_history(const vmr_gc *gc, vmr_gc_cycle *cycles, size_t capacity);

typedef struct vmr_gc_type_figures {
  const char *name;
  uint64_t objects, bytes; /* that the last cycle left alive */
} vmr_gc_type_figures;

/* By type, in the order of their creation; at most `capacity`. Returns how many types there are. */
VMR_API size_t vmr_gc_read_types(const vmr_gc *gc, vmr_gc_type_figures *types, size_t capacity);

/* Whether blocks, marks and books agree, each reachable pointer is to the beginning of an object, and no old object leads to
 * a young one behind the collector's back. Takes time and memory proportional to the heap. */
VMR_API bool vmr_gc_is_valid(vmr_gc *gc);

#ifdef __cplusplus
}
#endif

#endif
