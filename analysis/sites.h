/* sites.h: what is found about the allocation sites of a program in LLVM IR, as plain facts for reports.
 *
 * llvm/ fills them; docs/llvm.md defines each. Texts live in the context's arena. Everything is in the order of the
 * module: functions, then instructions. */
#ifndef VMO_ANALYSIS_SITES_H
#define VMO_ANALYSIS_SITES_H

#include "support/context.h"
#include "support/vec.h"

/* Where the pointer goes. */
typedef enum vmo_site_escape {
  VMO_ESCAPE_NONE,     /* only this function and those it calls know it, until it returns */
  VMO_ESCAPE_RETURNED, /* returned, or in what is returned */
  VMO_ESCAPE_ARGUMENT, /* in memory that the caller handed over */
  VMO_ESCAPE_GLOBAL,   /* in memory that everybody may read */
  VMO_ESCAPE_CALL,     /* handed to code that is not known, or keeps it */
  VMO_ESCAPE_INTEGER,  /* made a number, or read byte by byte */
  VMO_ESCAPE_ASSEMBLY, /* seen by inline assembly */
  VMO_ESCAPE_COMPLEX,  /* too much to follow */
  VMO_ESCAPE_COUNT
} vmo_site_escape;

typedef enum vmo_site_verdict {
  VMO_VERDICT_STACK,         /* on the stack, always */
  VMO_VERDICT_STACK_BOUNDED, /* on the stack when it is small enough, and free, when it runs */
  VMO_VERDICT_INLINE,        /* local to its callers: moved there with the function */
  VMO_VERDICT_SOURCE,        /* not made: it is a copy, and what it is a copy of is read in its place */
  VMO_VERDICT_FREED_EARLY,   /* on the heap, freed after its last use */
  VMO_VERDICT_KEPT,
  VMO_VERDICT_COUNT
} vmo_site_verdict;

/* Why a site is left as it is. */
typedef enum vmo_site_refusal {
  VMO_SITE_NOT_REFUSED,
  VMO_SITE_ESCAPES,         /* `escape` says where */
  VMO_SITE_REPLACED,        /* the program defines malloc itself */
  VMO_SITE_SETJMP,          /* the function may return twice */
  VMO_SITE_SANITIZED,       /* it is built for a sanitizer, which is to see its objects */
  VMO_SITE_MUST_TAIL,       /* its frame must be gone before a call ends */
  VMO_SITE_SPECIAL_FRAME,   /* naked, or a coroutine: no frame of the usual kind */
  VMO_SITE_RECURSIVE,       /* many frames at once */
  VMO_SITE_CALLED_BACK,     /* as above, if unknown code calls it */
  VMO_SITE_ALLOCATOR,       /* realloc, strdup, aligned_alloc and the like */
  VMO_SITE_EXCEPTION,       /* the allocation may throw here */
  VMO_SITE_FREED_BY_CALLEE, /* a called function frees it */
  VMO_SITE_TOO_LARGE,
  VMO_SITE_FRAME_FULL,
  VMO_SITE_SEVERAL_ALIVE, /* in a loop that does not free it */
  VMO_SITE_REFUSAL_COUNT
} vmo_site_refusal;

/* Of what stays on the heap: whether its frees move up to just after the last use, and why not. */
typedef enum vmo_early_free {
  VMO_EARLY_NO_FREE,   /* this function does not free it itself */
  VMO_EARLY_MOVED,     /* they do */
  VMO_EARLY_NOT_LATE,  /* nothing in between takes memory */
  VMO_EARLY_PATHS,     /* what follows the last use does not free on every path */
  VMO_EARLY_KNOWN,     /* others know the object, or memory that may be it */
  VMO_EARLY_SHARED,    /* the pointer that is freed may mean other objects, or is no object's beginning */
  VMO_EARLY_FORBIDDEN, /* the function is of a kind that is not edited */
  VMO_EARLY_COMPLEX,   /* too much to be looked at */
  VMO_EARLY_COUNT
} vmo_early_free;

typedef struct vmo_site_place {
  const char *file; /* NULL: not known */
  uint32_t line, column;
} vmo_site_place;

typedef struct vmo_site_fact {
  vmo_site_place place;
  const char *allocator; /* "malloc" */
  vmo_bytes bytes;       /* -1: not known before it runs */
  const char *variable;  /* that is declared on its line; NULL: not known */
  const char *field;     /* that its pointer is stored into, as `list.head`; NULL: not known, or none */
  const char *type;      /* what these point to; NULL: not known */
  const char *size;      /* what is asked for, over the function's arguments: "8 * argument 1"; NULL: not known */
  uint32_t loop_depth;   /* 0: not in a loop */
  vmo_site_escape escape;
  vmo_site_place escape_place;
  const char *escape_to;                 /* the function it is handed to; NULL: none */
  uint32_t release_first, release_count; /* into releases */
  uint32_t null_checks;                  /* comparisons of it with NULL */
  vmo_site_verdict verdict;
  vmo_site_refusal refusal;
  vmo_early_free early_free;
  const char *becomes;    /* the allocator that takes its place: "calloc" or "malloc"; NULL: none */
  const char *refused_by; /* a function's name; NULL: none */
  vmo_bytes slot_bytes;   /* on the stack; 0: none */
  bool several;           /* on the stack: a loop may have several of its objects at once, of which one is there */
  bool budgeted;          /* on the stack: its function may have many frames, and shares a budget with others */
  uint32_t callers, local_callers; /* of a function that hands it out: calls, and those after which it is local */
} vmo_site_fact;

typedef struct vmo_site_release {
  vmo_site_place place;
  const char *function; /* "free", or the function that does it */
} vmo_site_release;

typedef struct vmo_site_function {
  const char *name;
  vmo_site_place place;
  bool recursive;
  uint32_t site_first, site_count;
  vmo_bytes frame_bytes;              /* what the rewriting adds to its frame */
  vmo_bytes stack_frame, stack_depth; /* of its own, new slots included; with all callees that are seen, -1: no bound */
  const char *stack_because;          /* no bound: the function that may call itself, or has an alloca of any size */
  vmo_bytes heap_before, heap_after;  /* known bytes on the heap at once while it runs; -1: too much to be told */
} vmo_site_function;

typedef struct vmo_site_facts {
  VMO_VEC(vmo_site_function) functions; /* those that are defined */
  VMO_VEC(vmo_site_fact) sites;
  VMO_VEC(vmo_site_release) releases;
  uint32_t moved, bounded, unmade, freed_early, kept; /* by verdict */
  uint32_t inlined;                                   /* calls that were replaced by the function's body */
  bool rewritten;                                     /* by `opt` and its like, even if there was nothing to do */
  bool edited;                                        /* the module is not as it was read */
  const struct vmo_heap_facts *heaps;                 /* analysis/heaps.h; NULL: none were asked for */
} vmo_site_facts;

/* Stable names for JSON, and sentences. (sites.c) */
const char *vmo_escape_name(vmo_site_escape escape);
const char *vmo_verdict_name(vmo_site_verdict verdict);
const char *vmo_site_refusal_name(vmo_site_refusal refusal);
const char *vmo_early_free_name(vmo_early_free early);
const char *vmo_early_free_sentence(vmo_early_free early);
const char *vmo_escape_sentence(vmo_site_escape escape);
const char *vmo_site_refusal_sentence(vmo_site_refusal refusal);

#endif
