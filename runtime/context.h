/* context.h: the context from inside, and how the other parts of the runtime use it.
 *
 *   memory     vmr_ctx_obtain, _obtain_zeroed, _resize, _release: every byte of the runtime comes and goes through
 *              these four. They apply limits and faults and keep the books, line by line of VMR_KINDS. The bytes
 *              of a release must be those of the obtain. A NULL context goes to libc and books nothing.
 *   handles    whatever a user destroys by hand starts with a vmr_handle: vmr_ctx_add_handle at its creation,
 *              vmr_ctx_remove_handle at its end. The list is what vmr_ctx_destroy looks at, and vmr_trim, and
 *              metrics, which read an arena's figures off its cursors. Fields that another thread may read so are
 *              written with VMR_PUBLISH and read with VMR_PEEK.
 *   failures   a part keeps its own sticky status; what it obtains here and does not get is counted here.
 *   pressure   the callback may call everything, also the part that asks. A part that holds a lock or stands in the midst
 *              of a change when it obtains puts a deferral around that: the callback then runs behind it, and the
 *              part tries once more.
 *   misuse     vmr_ctx_report: sets the context's status and calls the violation callback, behind a deferral as the other
 *              one. NULL is accepted.
 *   checks     `checked` is set when single objects are to be looked at: faults, guard bytes, AddressSanitizer or
 *              Valgrind. An arena or pool then sends every operation down its slow path, so that the fast path
 *              needs no test for it; vmr_ctx_admit is the gate of the faults there, for each object. */
#ifndef VMR_RUNTIME_CONTEXT_H
#define VMR_RUNTIME_CONTEXT_H

#include <stdatomic.h>

#include "runtime/os.h"
#include "vmemrt/base.h"

#ifndef VMR_FREESTANDING
#include <pthread.h>
#endif

/* On the declaration of a function that is called only where its part is in use: by itself the call does not bring the part
 * into a program that links the library statically. */
#if defined(__GNUC__)
#define VMR_IF_LINKED __attribute__((weak))
#else
#define VMR_IF_LINKED
#endif

/* A plain store and load that another thread may run beside. */
#define VMR_PUBLISH(place, value) __atomic_store_n(&(place), (value), __ATOMIC_RELAXED)
#define VMR_PEEK(place) __atomic_load_n(&(place), __ATOMIC_RELAXED)

/* The same: who acquires what was released sees all that was stored before. */
#define VMR_RELEASE(place, value) __atomic_store_n(&(place), (value), __ATOMIC_RELEASE)
#define VMR_ACQUIRE(place) __atomic_load_n(&(place), __ATOMIC_ACQUIRE)

/* A count that is published: aligned so that it is loaded and stored whole, in structures of 32-bit machines too. */
#if defined(__GNUC__)
typedef uint64_t vmr_published_count __attribute__((aligned(8)));
#else
typedef uint64_t vmr_published_count;
#endif

/* What a handle belongs to: a vmr_kind, or one of these. */
enum { VMR_HANDLE_SHARED_POOL = VMR_KIND_ALL + 1, VMR_HANDLE_ARENA_POOL };

typedef struct vmr_handle {
  vmr_ctx *ctx; /* may be NULL; the handle then stands in no list */
  int kind;
  struct vmr_handle *next, *previous;
} vmr_handle;

/* What was found wrong while a part was locked; `words` are a literal. */
typedef struct vmr_violation {
  vmr_status what;
  const void *object;
  const char *words;
} vmr_violation;

#define VMR_DEFERRED_VIOLATIONS 8 /* that one operation tells of; what it finds beyond is counted */

typedef struct vmr_deferral {
  struct vmr_deferral *outer; /* of the thread */
  vmr_ctx *ctx;               /* NULL: it has no callback */
  size_t wanted;              /* bytes that passed a limit. 0: none */
  bool is_refused, is_last;
  bool is_passed_on; /* a deferral around this one calls back, and tries again */
  uint32_t violation_count;
  vmr_violation violations[VMR_DEFERRED_VIOLATIONS];
} vmr_deferral;

#ifndef VMR_FREESTANDING

typedef struct vmr_books {
  _Atomic size_t current, peak;
  _Atomic uint64_t total, obtained, failed;
} vmr_books;

/* Counters of what was destroyed: see metrics.c. */
typedef struct vmr_gone {
  uint64_t arena_object_bytes, heap_objects, pool_hits, pool_misses, pool_refused, interner_hits, interner_misses,
      interner_saved_bytes, limits_hit;
  uint64_t collections, young_collections, collected_freed_bytes, collected_promoted_bytes;
  uint64_t collection_pause_nanoseconds;
  uint64_t collection_pauses, collection_pauses_over_100us, collection_pauses_over_1ms, collection_pauses_over_10ms;
} vmr_gone;

struct vmr_ctx {
  vmr_backing backing;
  uint32_t flags;
  _Atomic size_t soft_limit, hard_limit; /* SIZE_MAX: none */
  vmr_pressure_function on_pressure;
  void *pressure_user;
  vmr_violation_function on_violation;
  void *violation_user;

  vmr_books books[VMR_KIND_ALL + 1]; /* the last one is the sum */
  _Atomic uint64_t limits_hit, pressures, violations;
  atomic_bool under_pressure; /* the callback runs */
  _Atomic int status;         /* of vmr_status */
  char message[96];

  atomic_bool faulty; /* a fault is set */
  _Atomic uint64_t fail_nth, fail_after, fault_count, fault_bytes;
  _Atomic uint32_t fail_per_million, fail_seed;

  _Atomic uint64_t tasks, task_allocations, task_allocations_peak;

  pthread_mutex_t lock; /* over the list, and `gone` */
  vmr_gone gone;
  _Atomic(struct vmr_profile *) profile; /* that watches: NULL when none does */
  vmr_handle *handles;                   /* newest first */
  vmr_ctx *next_ctx, *previous_ctx;      /* of the process, for fork */
};

/* Reads VMEMRT_OPTIONS over `options`; false when something in it is unknown: then `message` says what. */
bool vmr_options_read_environment(vmr_options *options, char *message, size_t capacity);

/* The flags that VMEMRT_OPTIONS sets, as it was when they were first asked for. */
uint32_t vmr_environment_flags(void);

/* Of enum vmr_flag; without a context, those of the environment. */
static inline uint32_t vmr_ctx_flags(const vmr_ctx *ctx) { return ctx != NULL ? ctx->flags : vmr_environment_flags(); }

/* True when objects are to be looked at one by one: see the head. */
bool vmr_ctx_is_checked(const vmr_ctx *ctx);

/* True when objects are to have guard bytes; AddressSanitizer and Valgrind do better without. */
bool vmr_ctx_is_guarded(const vmr_ctx *ctx);

/* The gate of the faults: false when this allocation of `bytes` is to fail. */
bool vmr_ctx_admit(vmr_ctx *ctx, vmr_kind kind, size_t bytes);

void *vmr_ctx_obtain(vmr_ctx *ctx, vmr_kind kind, size_t bytes);
void *vmr_ctx_obtain_zeroed(vmr_ctx *ctx, vmr_kind kind, size_t bytes);
/* NULL when memory is out: `old` is then untouched. */
void *vmr_ctx_resize(vmr_ctx *ctx, vmr_kind kind, void *old, size_t old_bytes, size_t bytes);
/* NULL is accepted. */
void vmr_ctx_release(vmr_ctx *ctx, vmr_kind kind, void *memory, size_t bytes);

/* Pages that begin at a multiple of 2 MiB, as `bytes` is one, huge ones if that can be; for contexts whose memory is not a
 * backing of the user's, which vmr_ctx_has_pages tells. */
bool vmr_ctx_has_pages(const vmr_ctx *ctx);
void *vmr_ctx_obtain_pages(vmr_ctx *ctx, vmr_kind kind, size_t bytes);
void vmr_ctx_release_pages(vmr_ctx *ctx, vmr_kind kind, void *pages, size_t bytes);

/* How many bytes the hard limit leaves now; SIZE_MAX without one. Another thread may take them: a hint how much to ask for. */
size_t vmr_ctx_room(const vmr_ctx *ctx);

/* The books alone, for memory that comes from elsewhere (the operating system's pages, say): takes `bytes` into them,
 * with limits and faults; false when they refuse. */
bool vmr_ctx_charge(vmr_ctx *ctx, vmr_kind kind, size_t bytes);
/* The same for an allocation that the gate of the faults has let through. */
bool vmr_ctx_charge_admitted(vmr_ctx *ctx, vmr_kind kind, size_t bytes);
void vmr_ctx_discharge(vmr_ctx *ctx, vmr_kind kind, size_t bytes);
/* In two steps, for what may prove not to be there: then the books forget it, and no peak was seen. */
bool vmr_ctx_begin_charge(vmr_ctx *ctx, vmr_kind kind, size_t bytes);
void vmr_ctx_end_charge(vmr_ctx *ctx, vmr_kind kind, size_t bytes, bool is_there);

/* From here on what this thread obtains from the context, or reports to it, calls back only in vmr_ctx_relieve; between the
 * two, nothing of the user's runs. Relieving ends it, calls back if need be, and tells whether the operation, which has failed, is
 * to be tried once more: the deferral is open again then.
 *
 *   vmr_ctx_defer(&deferral, ctx);
 *   do result = try(); while (vmr_ctx_relieve(&deferral, result == NULL)); */
void vmr_ctx_defer(vmr_deferral *deferral, vmr_ctx *ctx);
bool vmr_ctx_relieve(vmr_deferral *deferral, bool has_failed);

void vmr_ctx_add_handle(vmr_ctx *ctx, vmr_handle *handle, int kind);
void vmr_ctx_remove_handle(vmr_handle *handle);

/* ---- fork.c ---- */

/* A context that lives; from the first one on, forks are prepared for. */
void vmr_fork_add_ctx(vmr_ctx *ctx);
void vmr_fork_remove_ctx(vmr_ctx *ctx);
void vmr_fork_prepare(void);

void vmr_ctx_report(vmr_ctx *ctx, vmr_status what, const void *object, const char *words);

/* Counts a failure that the part itself decided: for a limit of its own, or a size that no memory can have. */
void vmr_ctx_count_refusal(vmr_ctx *ctx, vmr_kind kind, bool is_limit);

static inline bool vmr_ctx_wants_huge_pages(const vmr_ctx *ctx) {
  return ctx == NULL || (ctx->flags & VMR_NO_HUGE_PAGES) == 0;
}

/* Huge pages for a block of megabytes that was obtained: it is read all over, and translating its addresses costs as much as
 * the transfer. NULL is accepted. */
static inline void vmr_ctx_advise_huge(const vmr_ctx *ctx, void *memory, size_t bytes) {
  bool is_wanted = memory != NULL && bytes >= 2 * VMR_OS_LARGE_PAGE && vmr_ctx_has_pages(ctx);
  if (is_wanted && vmr_ctx_wants_huge_pages(ctx)) vmr_os_advise_huge(memory, bytes);
}

#else /* a freestanding build has no context: arenas, plans and pools live in buffers of the caller's */

static inline bool vmr_ctx_is_checked(const vmr_ctx *ctx) { return (void)ctx, false; }
static inline bool vmr_ctx_is_guarded(const vmr_ctx *ctx) { return (void)ctx, false; }
static inline bool vmr_ctx_has_pages(const vmr_ctx *ctx) { return (void)ctx, false; }
static inline size_t vmr_ctx_room(const vmr_ctx *ctx) { return (void)ctx, SIZE_MAX; }
static inline bool vmr_ctx_admit(vmr_ctx *ctx, vmr_kind kind, size_t bytes) {
  return (void)ctx, (void)kind, (void)bytes, true;
}
static inline void *vmr_ctx_obtain(vmr_ctx *ctx, vmr_kind kind, size_t bytes) {
  return (void)ctx, (void)kind, (void)bytes, NULL;
}
static inline void *vmr_ctx_obtain_zeroed(vmr_ctx *ctx, vmr_kind kind, size_t bytes) {
  return vmr_ctx_obtain(ctx, kind, bytes);
}
static inline void *vmr_ctx_obtain_pages(vmr_ctx *ctx, vmr_kind kind, size_t bytes) {
  return vmr_ctx_obtain(ctx, kind, bytes);
}
static inline void *vmr_ctx_resize(vmr_ctx *ctx, vmr_kind kind, void *old, size_t old_bytes, size_t bytes) {
  return (void)old, (void)old_bytes, vmr_ctx_obtain(ctx, kind, bytes);
}
static inline void vmr_ctx_release(vmr_ctx *ctx, vmr_kind kind, void *memory, size_t bytes) {
  (void)ctx, (void)kind, (void)memory, (void)bytes;
}
static inline void vmr_ctx_release_pages(vmr_ctx *ctx, vmr_kind kind, void *pages, size_t bytes) {
  (void)ctx, (void)kind, (void)pages, (void)bytes;
}
static inline bool vmr_ctx_wants_huge_pages(const vmr_ctx *ctx) { return (void)ctx, false; }
static inline void vmr_ctx_advise_huge(const vmr_ctx *ctx, void *memory, size_t bytes) {
  (void)ctx, (void)memory, (void)bytes;
}
static inline void vmr_ctx_count_refusal(vmr_ctx *ctx, vmr_kind kind, bool is_limit) {
  (void)ctx, (void)kind, (void)is_limit;
}
static inline bool vmr_ctx_charge(vmr_ctx *ctx, vmr_kind kind, size_t bytes) {
  return (void)ctx, (void)kind, (void)bytes, true;
}
static inline void vmr_ctx_discharge(vmr_ctx *ctx, vmr_kind kind, size_t bytes) { (void)ctx, (void)kind, (void)bytes; }
static inline void vmr_ctx_defer(vmr_deferral *deferral, vmr_ctx *ctx) {
  (void)ctx;
  deferral->is_passed_on = false;
}
static inline bool vmr_ctx_relieve(vmr_deferral *deferral, bool has_failed) {
  return (void)deferral, (void)has_failed, false;
}
static inline void vmr_ctx_add_handle(vmr_ctx *ctx, vmr_handle *handle, int kind) {
  handle->ctx = ctx;
  handle->kind = kind;
}
static inline void vmr_ctx_remove_handle(vmr_handle *handle) { (void)handle; }
static inline void vmr_ctx_report(vmr_ctx *ctx, vmr_status what, const void *object, const char *words) {
  (void)ctx, (void)what, (void)object, (void)words;
}

#endif

#endif
