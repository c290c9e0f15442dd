/* base.h: what all parts of libvmemrt share: status codes, and the context with its limits and its books.
 *
 * A context (vmr_ctx) says where memory comes from, how much of it there may be, and who is told when memory
 * is short or misused; it keeps the books over every byte that arenas, pools, heaps and the rest obtain
 * through it. Each part is created with a context or with NULL: then memory comes from libc, nothing
 * limits it and nothing is booked. Books are kept where memory is obtained by the chunk, never for each
 * object, so that a context costs nothing per operation.
 *
 * A context may serve several threads at once. What is created from it is as thread-safe as its own header
 * says. A function that creates something returns a vmr_status; a function that allocates returns NULL on
 * failure and leaves the first failure as a sticky status on its handle. */
#ifndef VMEMRT_BASE_H
#define VMEMRT_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define VMR_API __attribute__((visibility("default")))
#define VMR_UNUSED __attribute__((unused)) /* no warning where a macro's function is not called */
#define VMR_LIKELY(condition) __builtin_expect(!!(condition), 1)
#define VMR_UNLIKELY(condition) __builtin_expect(!!(condition), 0)
#else
#define VMR_API
#define VMR_UNUSED
#define VMR_LIKELY(condition) (condition)
#define VMR_UNLIKELY(condition) (condition)
#endif

/* Programs that were compiled with another major number are refused by vmr_ctx_create. */
#define VMR_VERSION_MAJOR 1
#define VMR_VERSION_MINOR 0
#define VMR_VERSION (VMR_VERSION_MAJOR * 65536u + VMR_VERSION_MINOR)

/* The version of the library that runs, to compare with VMR_VERSION. */
VMR_API uint32_t vmr_version(void);

/* Codes keep their numbers from version to version. */
typedef enum vmr_status {
  VMR_OK = 0,
  VMR_OUT_OF_MEMORY,    /* the operating system or a limit refused the bytes */
  VMR_SIZE_OVERFLOW,    /* count times size does not fit in size_t */
  VMR_INVALID_ARGUMENT, /* an alignment that is no power of two, and the like */
  VMR_WRONG_VERSION,    /* options of another major version, or larger than this library knows */
  VMR_UNKNOWN_OPTION,   /* VMEMRT_OPTIONS holds a key or a value that nobody knows */
  VMR_WRONG_ORDER,      /* scopes, tasks or activations that do not end in the reverse order of their begin */
  VMR_DOUBLE_FREE,      /* an object was given back twice */
  VMR_FOREIGN_POINTER,  /* an object was given back to something that it does not belong to */
  VMR_CORRUPTED,        /* bytes around an object, or the books, were overwritten */
  VMR_STILL_IN_USE,     /* something is destroyed while objects or handles of it are alive */
  VMR_NOT_A_NUMBER,     /* a text that is to be a number is none */
  VMR_OUT_OF_RANGE,     /* a number that the type cannot hold; a place behind the end */
  VMR_STALE_HANDLE      /* a handle that was closed, or never was one */
} vmr_status;

/* A few words for a status, as "out of memory"; for a number that is none, "unknown status". */
VMR_API const char *vmr_status_text(vmr_status status);

/* ---- the context ---- */

typedef struct vmr_ctx vmr_ctx;

/* Where a context gets its memory. `resize` may move the memory; `old_bytes` and `bytes` are what it was last
 * obtained or resized with. Memory is aligned for any standard type. All three are called by any thread that
 * uses the context. A table whose members are all NULL means libc and the operating system's pages. */
typedef struct vmr_backing {
  void *(*obtain)(void *user, size_t bytes);
  void *(*resize)(void *user, void *old, size_t old_bytes, size_t bytes);
  void (*release)(void *user, void *memory, size_t bytes);
  void *user;
} vmr_backing;

/* Memory is short: `wanted` bytes would pass a limit. It runs on the thread that asked, between two tries of what that was to
 * do: no part is locked, and each may be used, the one that asked too, short of destroying that and what it is just
 * resizing. vmr_trim_shared is always allowed, vmr_trim and whatever belongs to one thread under the rule that it has
 * anyway: no other thread is at work in it. The callback is not called again while it runs. */
typedef void (*vmr_pressure_function)(void *user, vmr_ctx *ctx, size_t wanted);

/* Memory was misused: `what` tells how, `object` which (may be NULL), `words` are a sentence for people that
 * lives only as long as the call. It runs on the thread that found it, when what that was to do is done: no part is locked,
 * and each may be used, the one that found it too, short of destroying that. It is told of the first eight finds of one
 * operation. */
typedef void (*vmr_violation_function)(void *user, vmr_ctx *ctx, vmr_status what, const void *object,
                                       const char *words);

enum vmr_flag {
  VMR_GUARD = 1,              /* a byte pattern around each object, checked when it is given back and by *_is_valid */
  VMR_NO_HUGE_PAGES = 2,      /* large chunks do not ask for huge pages */
  VMR_IGNORE_ENVIRONMENT = 4, /* VMEMRT_OPTIONS is not read */
  VMR_POISON = 8,             /* heaps fill objects that begin, and that are given back, with a pattern */
  VMR_HEAPS_USE_MALLOC = 16,  /* each object of a heap is one of malloc's */
};

/* Fill with vmr_options_default first: fields that a later version adds then have their defaults. */
typedef struct vmr_options {
  size_t struct_size; /* sizeof(vmr_options), of the header that the caller was compiled with */
  uint32_t version;   /* VMR_VERSION, likewise */
  uint32_t flags;     /* of enum vmr_flag */
  vmr_backing backing;
  size_t soft_limit; /* bytes; passing it upward calls `on_pressure`, and the allocation goes on. 0: none */
  size_t hard_limit; /* bytes; an allocation that would pass it calls `on_pressure`, then fails. 0: none */
  vmr_pressure_function on_pressure;
  void *pressure_user;
  vmr_violation_function on_violation;
  void *violation_user;

  /* Faults, for tests of what happens when memory is out. While one is set, each object is counted. */
  uint64_t fail_nth;         /* the n-th allocation from now fails, n from 1. 0: none */
  uint64_t fail_after;       /* allocations fail once so many bytes were allocated. 0: never */
  uint32_t fail_per_million; /* so many of a million allocations fail, chosen by `fail_seed` */
  uint32_t fail_seed;
} vmr_options;

static inline vmr_options vmr_options_default(void) {
#ifdef __cplusplus
  vmr_options options = {};
#else
  vmr_options options = {0};
#endif
  options.struct_size = sizeof(vmr_options);
  options.version = VMR_VERSION;
  return options;
}

/* Creates a context; `options` may be NULL. The variable VMEMRT_OPTIONS in the environment, `key=value,...`,
 * is put over the options (keys: guard, huge_pages, poison, heap_malloc, soft_limit, hard_limit, fail_nth, fail_after,
 * fail_per_million, fail_seed; bytes may end in K, M or G). Of heaps and bumps without a context it sets poison, heap_malloc
 * and huge_pages. What it holds that nobody knows does not stop the
 * program: the context's status is then VMR_UNKNOWN_OPTION, and vmr_ctx_message names the place. */
VMR_API vmr_status vmr_ctx_create(vmr_ctx **ctx, const vmr_options *options);

/* Frees the context. While something that was created from it is alive, it stays: VMR_STILL_IN_USE. NULL is
 * accepted. */
VMR_API vmr_status vmr_ctx_destroy(vmr_ctx *ctx);

/* The first failure or violation since creation, or since it was cleared. */
VMR_API vmr_status vmr_ctx_status(const vmr_ctx *ctx);
VMR_API void vmr_ctx_clear_status(vmr_ctx *ctx);

/* What the status of creation was about, for people; "" when there is nothing to say. */
VMR_API const char *vmr_ctx_message(const vmr_ctx *ctx);

/* New limits, in bytes; 0: none. What is already there stays. */
VMR_API void vmr_ctx_set_limits(vmr_ctx *ctx, size_t soft_limit, size_t hard_limit);

/* New faults, as in vmr_options, counted from now on. All 0: no faults. Arenas and pools that live already count
 * single objects only if a fault was set when they were created; otherwise what they obtain by the chunk. */
VMR_API void vmr_ctx_set_faults(vmr_ctx *ctx, uint64_t fail_nth, uint64_t fail_after, uint32_t fail_per_million,
                                uint32_t fail_seed);

/* Gives back what is obtained but not in use: chunks that a reset kept, empty slabs. Returns the bytes. Call it
 * where no other thread uses the context's arenas, plans, pools, interners and heaps. NULL is accepted. */
VMR_API size_t vmr_trim(vmr_ctx *ctx);

/* The same for what threads share: shared heaps and pools, idle arenas of arena pools; at any time, from any thread. */
VMR_API size_t vmr_trim_shared(vmr_ctx *ctx);

/* Whether the books agree with each other, and whether each part that was created from it is valid. Faults are reported. Call
 * it where no other thread uses the context. NULL is accepted. */
VMR_API bool vmr_ctx_is_valid(vmr_ctx *ctx);

/* ---- the books ---- */

/* What memory is obtained for: X(NAME, "name"). */
#define VMR_KINDS(X) \
  X(CONTEXT, "context") \
  X(ARENA, "arena") \
  X(POOL, "pool") \
  X(HEAP, "heap") \
  X(PLAN, "plan") \
  X(INTERNER, "interner") \
  X(BUFFER, "buffer") \
  X(SOA, "soa") \
  X(PROFILE, "profile") \
  X(STORE, "store") \
  X(GC, "collected heap")

typedef enum vmr_kind {
#define VMR_KIND_MEMBER(NAME, name) VMR_KIND_##NAME,
  VMR_KINDS(VMR_KIND_MEMBER)
#undef VMR_KIND_MEMBER
      VMR_KIND_ALL /* all of them together; also their number */
} vmr_kind;

/* "arena", "pool", ...; "all" for VMR_KIND_ALL; NULL for what is no kind. */
VMR_API const char *vmr_kind_name(vmr_kind kind);

/* Bytes are those obtained from the backing, headers and free room included. */
typedef struct vmr_account {
  size_t current_bytes;
  size_t peak_bytes;
  uint64_t total_bytes; /* obtained since creation */
  uint64_t obtained;    /* requests to the backing that succeeded */
  uint64_t failed;      /* requests that a limit, a fault or the backing refused */
} vmr_account;

/* One line of the books. The peak of VMR_KIND_ALL is the peak of the sum. */
VMR_API vmr_status vmr_ctx_read_account(const vmr_ctx *ctx, vmr_kind kind, vmr_account *account);

/* How often the hard limit refused memory, and how often the soft limit was passed. */
VMR_API uint64_t vmr_ctx_limits_hit(const vmr_ctx *ctx);
VMR_API uint64_t vmr_ctx_pressures(const vmr_ctx *ctx);

#ifdef __cplusplus
}
#endif

#endif
