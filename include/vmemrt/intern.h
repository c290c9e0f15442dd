/* intern.h: strings to small numbers.
 *
 * The first time that a text is added it gets the next number, its symbol; each further time it gets the same one, so that
 * texts are compared by comparing symbols. Symbols count up from 1 in order of first use; 0 is never one.
 *
 * An interner belongs to one thread at a time, unless it was opened with `is_shared`: then any number of threads may add,
 * find and read at once. Adding what is there, finding and reading take no lock; adding what is new takes one. */
#ifndef VMEMRT_INTERN_H
#define VMEMRT_INTERN_H

#include "vmemrt/base.h"
#include "vmemrt/view.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vmr_interner vmr_interner;
typedef uint32_t vmr_symbol;

typedef struct vmr_interner_options {
  size_t struct_size;    /* sizeof(vmr_interner_options) */
  bool is_shared;        /* used by several threads at once */
  uint32_t expected;     /* so many texts have room before a table grows. 0: not known */
  uint32_t most_symbols; /* an add beyond fails; preloaded words count. 0: no limit but 2^31 - 1 */
  size_t most_bytes;     /* bytes obtained for everything; an add that needs more fails. 0: no limit */
  const vmr_view
      *words; /* preloaded: symbols 1 to `word_count`, all different. Neither the list nor its texts are copied */
  uint32_t word_count; /* or allocated for, besides their places in the first table: they must outlive the interner */
} vmr_interner_options;

static inline vmr_interner_options vmr_interner_options_default(void) {
#ifdef __cplusplus
  vmr_interner_options options = {};
#else
  vmr_interner_options options = {0};
#endif
  options.struct_size = sizeof(vmr_interner_options);
  return options;
}

/* `ctx` and `options` may be NULL. VMR_INVALID_ARGUMENT for a list of words with one word twice. */
VMR_API vmr_status vmr_interner_open(vmr_interner **interner, vmr_ctx *ctx, const vmr_interner_options *options);

/* The same for one thread, with libc's memory and no limits; NULL when there is none. */
VMR_API vmr_interner *vmr_interner_create(void);

/* NULL is accepted. */
VMR_API void vmr_interner_destroy(vmr_interner *interner);

/* The symbol of `text` (any bytes, `length` of them), added when it is new. 0 when memory is out or a limit is in the
 * way, or for 4 GiB and more; all texts together stay below 4 GiB. The text is copied. */
VMR_API vmr_symbol vmr_interner_add(vmr_interner *interner, const char *text, size_t length);

/* The symbol of `text`, or 0 when it was never added. */
VMR_API vmr_symbol vmr_interner_find(const vmr_interner *interner, const char *text, size_t length);

/* The NUL-terminated text of `symbol` (a preloaded one is as it was given), valid as long as the interner; its length in
 * `*length` (may be NULL). NULL for a number that is no symbol. */
VMR_API const char *vmr_interner_text(const vmr_interner *interner, vmr_symbol symbol, size_t *length);

/* The same as a view; of NULL and 0 for a number that is no symbol. */
VMR_API vmr_view vmr_interner_view(const vmr_interner *interner, vmr_symbol symbol);

/* The number of symbols; those below it are there for good. */
VMR_API uint32_t vmr_interner_count(const vmr_interner *interner);

typedef struct vmr_interner_figures {
  uint32_t symbols; /* preloaded ones included */
  uint32_t preloaded;
  uint64_t hits;         /* adds that found their text there */
  uint64_t misses;       /* adds that did not: those that stored it, and those that failed */
  uint64_t refused;      /* adds that failed for want of memory or for a limit */
  uint64_t limits_hit;   /* of these, for most_symbols or most_bytes */
  uint64_t stored_bytes; /* of texts, preloaded ones apart, without terminators */
  uint64_t saved_bytes;  /* what a NUL-terminated copy for each hit would have cost */
  size_t reserved_bytes; /* obtained for everything */
  size_t retired_bytes;  /* of these: outgrown tables that a reader may still look at */
} vmr_interner_figures;

VMR_API vmr_interner_figures vmr_interner_read_figures(const vmr_interner *interner);

/* The first failure, or VMR_OK. */
VMR_API vmr_status vmr_interner_status(const vmr_interner *interner);

/* Gives back outgrown tables, which a shared interner keeps for its readers. Call it where no other thread uses the
 * interner; vmr_trim does so too. Returns the bytes. */
VMR_API size_t vmr_interner_trim(vmr_interner *interner);

/* Whether table, texts and books agree. Takes time proportional to the texts; not beside an add of another thread. */
VMR_API bool vmr_interner_is_valid(const vmr_interner *interner);

#ifdef __cplusplus
}
#endif

#endif
