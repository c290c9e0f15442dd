/* heaps.h: the heaps that a whole program's allocation sites are grouped into, as plain facts for reports.
 *
 * llvm/ fills them; docs/heaps.md defines each. Texts live in the context's arena. Heaps are in the order of their first
 * sites, sites in the order of the module. A site that was inlined into several places is one for each. */
#ifndef VMO_ANALYSIS_HEAPS_H
#define VMO_ANALYSIS_HEAPS_H

#include "analysis/sites.h"

typedef enum vmo_heap_kind {
  VMO_HEAP_BUMP,   /* no object is ever freed: each lies behind the one before, without a header */
  VMO_HEAP_LISTS,  /* objects are freed one by one, and given out again */
  VMO_HEAP_SCOPED, /* bumped, and dropped whole when a function ends: what was freed just before that is not freed */
  VMO_HEAP_SCOPED_LISTS, /* lists that are made when a function needs them first, and dropped whole when it ends */
  VMO_HEAP_KIND_COUNT
} vmo_heap_kind;

/* Why these sites lie together. */
typedef enum vmo_heap_bond {
  VMO_HEAP_ALONE,     /* one site: its objects point to nothing else that is allocated */
  VMO_HEAP_CONNECTED, /* objects that point to each other */
  VMO_HEAP_WRAPPED,   /* what a function hands to callers whose objects have nothing else to do with each other */
  VMO_HEAP_ARRAYS,    /* arrays that nothing else points to: one heap serves them all */
  VMO_HEAP_CROWD,     /* many structures have heaps already: the rest share one */
  VMO_HEAP_FEW,       /* their profile tells of so few objects that a heap of their own would cost more than it gives */
  VMO_HEAP_LONE,      /* it tells of large objects, and few of them: apart from what is small */
  VMO_HEAP_TOGETHER,  /* it tells that their objects are made in turn, and live at the same time */
  VMO_HEAP_BOND_COUNT
} vmo_heap_bond;

/* Who makes, frees and moves the objects of a site, or of a heap. */
typedef enum vmo_heap_threads {
  VMO_HEAP_ONE_THREAD,    /* the program has no other */
  VMO_HEAP_MAIN_THREAD,   /* that of main alone, of several */
  VMO_HEAP_OTHER_THREADS, /* that of main makes none; it may free them */
  VMO_HEAP_ANY_THREAD,
  VMO_HEAP_THREADS_COUNT
} vmo_heap_threads;

/* Why no function drops a heap: the reason of the one that comes closest, by which they are in order. */
typedef enum vmo_heap_scope_refusal {
  VMO_HEAP_SCOPE_OUTLIVES,  /* no function encloses the lives of its objects */
  VMO_HEAP_SCOPE_SEVERAL,   /* the objects that the function encloses are in several heaps, or in malloc's */
  VMO_HEAP_SCOPE_PARTLY,    /* some objects that are made meanwhile outlive the function */
  VMO_HEAP_SCOPE_OTHERS,    /* other sites have the heap, too */
  VMO_HEAP_SCOPE_ONCE,      /* the function runs once */
  VMO_HEAP_SCOPE_FORM,      /* setjmp, exceptions, a sanitizer and the like in the function */
  VMO_HEAP_SCOPE_STACKS,    /* the program switches stacks, so that functions don't end in the order of calls */
  VMO_HEAP_SCOPE_JUMPS,     /* a jump may leave the function, each time with a heap that nobody drops */
  VMO_HEAP_SCOPE_RECURSIVE, /* many activations would have a heap each */
  VMO_HEAP_SCOPE_SINGLE,    /* each site makes one object: to give it back costs less than to drop a heap */
  VMO_HEAP_SCOPE_THREADS,   /* threads may share what is made outside of the function */
  VMO_HEAP_SCOPE_NOT_REFUSED,
  VMO_HEAP_SCOPE_REFUSAL_COUNT
} vmo_heap_scope_refusal;

/* Why an object of a heap that is dropped is still given back by itself, if it is. */
typedef enum vmo_heap_recycling {
  VMO_HEAP_NOT_RECYCLED, /* no free is left */
  VMO_HEAP_ALLOCATES,    /* something may be allocated between a free and the end of the function */
  VMO_HEAP_OTHERS_FREED, /* a free may get objects that are not dropped there */
  VMO_HEAP_MOVED,        /* a realloc may get its objects */
  VMO_HEAP_BY_POINTER,   /* a call through a pointer may free them */
  VMO_HEAP_UNDECIDED,    /* too much would have to be looked at */
  VMO_HEAP_RECYCLING_COUNT
} vmo_heap_recycling;

/* Why a site stays with malloc. */
typedef enum vmo_heap_refusal {
  VMO_HEAP_NOT_REFUSED,
  VMO_HEAP_PART,      /* other code may call the program's functions and free its objects */
  VMO_HEAP_REPLACED,  /* the program defines malloc or free itself */
  VMO_HEAP_ALLOCATOR, /* operator new, posix_memalign and the like */
  VMO_HEAP_FORM,      /* an allocation that may throw here, must be a tail call, or has an odd alignment */
  VMO_HEAP_SANITIZED, /* a sanitizer watches the objects of this function */
  VMO_HEAP_EXTERNAL,  /* code that is not seen may free or keep it; `because` says which */
  VMO_HEAP_UNKNOWN,   /* nothing is seen to call its function */
  VMO_HEAP_REFUSAL_COUNT
} vmo_heap_refusal;

typedef struct vmo_heap_site {
  vmo_site_place place;
  const char *function;  /* that it stands in */
  const char *allocator; /* "malloc" */
  const char *type;      /* what the pointer's variable points to; NULL: not known */
  vmo_bytes bytes;       /* -1: not known before it runs */
  uint32_t heap;         /* VMO_NONE: it stays with malloc */
  vmo_heap_refusal refusal;
  const char *because, *because_to; /* words, and the function that gets it; NULL: none */
  vmo_site_place because_place;
  uint32_t ordinal; /* among the sites of that function at that place, of that allocator */
  bool once;        /* it runs once, at most */
  vmo_heap_threads threads;
  const struct vmo_profile_site *profile; /* what it did in a run (heap_profile.h); NULL: not known */
} vmo_heap_site;

typedef struct vmo_heap_fact {
  vmo_heap_kind kind;
  vmo_heap_bond bond;
  uint32_t alignment; /* of its objects: 8 or 16 */
  vmo_heap_threads threads;
  bool shared;            /* several threads may use it */
  uint32_t site_count;    /* of sites */
  vmo_bytes object_bytes; /* when all sites have one size; -1: they have not */
  uint32_t release_count; /* calls that may free or move its objects */
  const char *scope;      /* scoped: the function that makes and drops it; NULL: none */
  /* What its sites make in a run, by their profile or as they run once; -1: not known. */
  vmo_bytes expected_objects, expected_bytes; /* in all */
  vmo_bytes expected_peak;                    /* bytes that live at a time, at most */
  vmo_heap_scope_refusal scope_refusal;
  const char *scope_refused;    /* the function that it is about; NULL: none */
  vmo_heap_recycling recycling; /* of a scoped heap */
  uint32_t elided_count;        /* calls of free that are left out */
  vmo_bytes block_bytes; /* scoped-lists: its first objects are cut from so many bytes, and not freed; 0: none are */
  vmo_bytes scope_bytes; /* where there is a block: what its sites make in a call of the function, at most */
} vmo_heap_fact;

/* Whether objects are cut off one behind the other. */
static inline bool vmo_heap_is_bump(vmo_heap_kind kind) { return kind == VMO_HEAP_BUMP || kind == VMO_HEAP_SCOPED; }

/* Why a function that makes objects of several structures is one for some of them, if it is. */
typedef enum vmo_heap_copy_refusal {
  VMO_HEAP_COPY_NOT_REFUSED,
  VMO_HEAP_COPY_LARGE,     /* it has many instructions */
  VMO_HEAP_COPY_RECURSIVE, /* it calls itself */
  VMO_HEAP_COPY_FORM,      /* variable arguments, exceptions, setjmp and the like */
  VMO_HEAP_COPY_MANY,      /* too many structures, or too much was copied already */
  VMO_HEAP_COPY_REFUSAL_COUNT
} vmo_heap_copy_refusal;

/* A function that makes objects of several structures, and is there once for each now. */
typedef struct vmo_heap_copy {
  const char *function;
  uint32_t copies; /* besides itself */
  vmo_heap_copy_refusal refusal;
} vmo_heap_copy;

typedef VMO_VEC(vmo_heap_copy) vmo_heap_copies;

typedef struct vmo_heap_facts {
  VMO_VEC(vmo_heap_fact) heaps;
  VMO_VEC(vmo_heap_site) sites;
  vmo_heap_copies copies;
  uint32_t served;   /* sites that have a heap */
  uint32_t releases; /* calls of free and realloc that tell heaps' objects from others */
  uint64_t hash;     /* of the sites' keys */
  uint32_t elided;   /* calls of free that are left out, as their objects' heap is dropped soon */
  bool rewritten;
  bool instrumented;          /* the module tells a profile of what its sites make, and allocates as before */
  bool profiled;              /* a profile of a run was given */
  bool shared;                /* the program may have threads */
  const char *shared_because; /* the function that makes them, or might */
} vmo_heap_facts;

/* Stable names for JSON, and sentences. (heaps.c) */
const char *vmo_heap_kind_name(vmo_heap_kind kind);
const char *vmo_heap_bond_name(vmo_heap_bond bond);
const char *vmo_heap_bond_sentence(vmo_heap_bond bond);
const char *vmo_heap_threads_name(vmo_heap_threads threads);
const char *vmo_heap_scope_refusal_name(vmo_heap_scope_refusal refusal);
const char *vmo_heap_scope_refusal_sentence(vmo_heap_scope_refusal refusal);
const char *vmo_heap_recycling_name(vmo_heap_recycling recycling);
const char *vmo_heap_recycling_sentence(vmo_heap_recycling recycling);
const char *vmo_heap_copy_refusal_name(vmo_heap_copy_refusal refusal);
const char *vmo_heap_copy_refusal_sentence(vmo_heap_copy_refusal refusal);
const char *vmo_heap_refusal_name(vmo_heap_refusal refusal);
const char *vmo_heap_refusal_sentence(vmo_heap_refusal refusal);

#endif
