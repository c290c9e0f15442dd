/* interner.c: strings to small numbers: the public functions. runtime/interner.h draws what they stand on.
 *
 * Adding and finding take expected constant time plus the text's length. Besides its text a name costs 10 bytes and its share
 * of the table, 6 to 9 bytes; in a shared interner, whose outgrown tables stay, 12 to 24.
 *
 * Hits are counted without contention: each of the first threads of the process has a stripe of its own, which it alone
 * writes; later ones share 16 more, by atomic addition. */
#include <string.h>

#include "runtime/interner_find.h"

#include "runtime/thread.h"

#define MOST_SYMBOLS ((uint32_t)INT32_MAX)
#define LONGEST_TEXT ((size_t)UINT32_MAX - 16)
#define FIRST_CHUNK_BYTES ((size_t)2 << 10)
#define OWN_STRIPES 16u
#define SHARED_STRIPES 16u /* a power of two */
#define STRIPE_BYTES ((OWN_STRIPES + SHARED_STRIPES) * sizeof(vmr_hit_stripe))

/* ---- memory ---- */

void vmr_interner_fail(vmr_interner *interner, vmr_status status) {
  if (interner->status == VMR_OK) VMR_PUBLISH(interner->status, status);
}

void vmr_interner_refuse(vmr_interner *interner, vmr_status status, bool is_limit) {
  vmr_interner_fail(interner, status);
  if (is_limit) VMR_PUBLISH(interner->limits_hit, interner->limits_hit + 1);
  vmr_ctx_count_refusal(interner->handle.ctx, VMR_KIND_INTERNER, false);
}

void *vmr_interner_obtain(vmr_interner *interner, size_t bytes) {
  bool is_allowed = interner->reserved <= interner->most_bytes && bytes <= interner->most_bytes - interner->reserved;
  if (!is_allowed) return vmr_interner_refuse(interner, VMR_OUT_OF_MEMORY, true), NULL;
  void *memory = vmr_ctx_obtain(interner->handle.ctx, VMR_KIND_INTERNER, bytes);
  if (memory != NULL) {
    VMR_PUBLISH(interner->reserved, interner->reserved + bytes);
  } else {
    vmr_interner_fail(interner, VMR_OUT_OF_MEMORY);
  }
  return memory;
}

void vmr_interner_release(vmr_interner *interner, void *memory, size_t bytes) {
  if (memory == NULL) return;
  vmr_ctx_release(interner->handle.ctx, VMR_KIND_INTERNER, memory, bytes);
  VMR_PUBLISH(interner->reserved, interner->reserved - bytes);
}

void vmr_interner_retire(vmr_interner *interner, vmr_outgrown *array) {
  if (array == NULL) return;
  if (interner->stripes == NULL) {
    vmr_interner_release(interner, array, array->bytes);
    return;
  }
  array->next = interner->retired;
  interner->retired = array;
  VMR_PUBLISH(interner->retired_bytes, interner->retired_bytes + array->bytes);
}

/* ---- beginning and end ---- */

static vmr_status copy_options(vmr_interner_options *copy, const vmr_interner_options *given) {
  *copy = vmr_interner_options_default();
  if (given == NULL) return VMR_OK;
  if (given->struct_size < offsetof(vmr_interner_options, expected)) return VMR_INVALID_ARGUMENT;
  if (given->struct_size > sizeof *copy) return VMR_WRONG_VERSION;
  memcpy(copy, given, given->struct_size);
  if (copy->most_symbols == 0 || copy->most_symbols > MOST_SYMBOLS) copy->most_symbols = MOST_SYMBOLS;
  if (copy->most_bytes == 0) copy->most_bytes = SIZE_MAX;
  bool is_valid = copy->word_count <= copy->most_symbols && (copy->word_count == 0 || copy->words != NULL);
  return is_valid ? VMR_OK : VMR_INVALID_ARGUMENT;
}

/* The words take their places; one that is there already is a fault. */
static vmr_status enter_words(vmr_interner *interner) {
  vmr_bucket_table *table = atomic_load_explicit(&interner->table, memory_order_relaxed);
  for (uint32_t i = 0; i < interner->word_count; i++) {
    vmr_view word = interner->words[i];
    if (word.length > LONGEST_TEXT || (word.data == NULL && word.length != 0)) return VMR_INVALID_ARGUMENT;
    uint64_t hash = vmr_hash_text(word.data, word.length);
    if (vmr_table_find(interner, hash, word.data, word.length) != 0) return VMR_INVALID_ARGUMENT;
    vmr_table_insert(table, hash, VMR_PRELOADED | i);
  }
  atomic_store_explicit(&interner->count, interner->word_count, memory_order_release);
  return VMR_OK;
}

static vmr_status prepare(vmr_interner *interner, const vmr_interner_options *options) {
  uint64_t texts = (uint64_t)options->word_count + options->expected;
  vmr_bucket_table *table = vmr_table_create(interner, texts);
  atomic_store_explicit(&interner->table, table, memory_order_relaxed);
  if (table == NULL) return VMR_OUT_OF_MEMORY;
  if (options->is_shared) {
    interner->stripes = vmr_interner_obtain(interner, STRIPE_BYTES);
    if (interner->stripes == NULL) return VMR_OUT_OF_MEMORY;
    memset(interner->stripes, 0, STRIPE_BYTES);
  }
  return enter_words(interner);
}

static void free_interner(vmr_interner *interner) {
  vmr_bucket_table *table = atomic_load_explicit(&interner->table, memory_order_relaxed);
  vmr_interner_trim(interner);
  vmr_interner_free_texts(interner);
  vmr_interner_release(interner, interner->stripes, STRIPE_BYTES);
  if (table != NULL) vmr_interner_release(interner, table, table->head.bytes);
  pthread_mutex_destroy(&interner->lock);
  vmr_ctx_release(interner->handle.ctx, VMR_KIND_INTERNER, interner, sizeof *interner);
}

vmr_status vmr_interner_open(vmr_interner **interner, vmr_ctx *ctx, const vmr_interner_options *options) {
  vmr_interner_options chosen;
  if (interner == NULL) return VMR_INVALID_ARGUMENT;
  *interner = NULL;
  vmr_status status = copy_options(&chosen, options);
  if (status != VMR_OK) return status;
  vmr_interner *opened = vmr_ctx_obtain_zeroed(ctx, VMR_KIND_INTERNER, sizeof *opened);
  if (opened == NULL) return VMR_OUT_OF_MEMORY;
  opened->words = chosen.words;
  opened->word_count = chosen.word_count;
  opened->reserved = sizeof *opened;
  opened->most_bytes = chosen.most_bytes != 0 ? chosen.most_bytes : SIZE_MAX;
  opened->most_symbols = chosen.most_symbols != 0 ? chosen.most_symbols : MOST_SYMBOLS;
  opened->next_chunk_bytes = FIRST_CHUNK_BYTES;
  if (pthread_mutex_init(&opened->lock, NULL) != 0) {
    vmr_ctx_release(ctx, VMR_KIND_INTERNER, opened, sizeof *opened);
    return VMR_OUT_OF_MEMORY;
  }
  opened->handle.ctx = ctx;
  status = prepare(opened, &chosen);
  if (status != VMR_OK) {
    free_interner(opened);
    return status;
  }
  vmr_ctx_add_handle(ctx, &opened->handle, VMR_KIND_INTERNER);
  *interner = opened;
  return VMR_OK;
}

vmr_interner *vmr_interner_create(void) {
  vmr_interner *interner;
  return vmr_interner_open(&interner, NULL, NULL) == VMR_OK ? interner : NULL;
}

void vmr_interner_destroy(vmr_interner *interner) {
  if (interner == NULL) return;
  vmr_ctx_remove_handle(&interner->handle); /* nobody reads figures from here on */
  free_interner(interner);
}

size_t vmr_interner_trim(vmr_interner *interner) {
  if (interner == NULL) return 0;
  size_t bytes = interner->retired_bytes;
  for (vmr_outgrown *each = interner->retired, *next; each != NULL; each = next) {
    next = each->next;
    vmr_interner_release(interner, each, each->bytes);
  }
  interner->retired = NULL;
  VMR_PUBLISH(interner->retired_bytes, 0);
  return bytes;
}

/* ---- adding and finding ---- */

static void count_in_shared_stripe(vmr_interner *interner, unsigned number, size_t length) {
  vmr_hit_stripe *shared = &interner->stripes[OWN_STRIPES + number % SHARED_STRIPES];
  atomic_fetch_add_explicit(&shared->hits, 1, memory_order_relaxed);
  atomic_fetch_add_explicit(&shared->bytes, length, memory_order_relaxed);
}

static inline void count_shared_hit(vmr_interner *interner, size_t length) {
  unsigned number = vmr_thread_number();
  if (VMR_LIKELY(number <= OWN_STRIPES)) {
    vmr_hit_stripe *own = &interner->stripes[number - 1];
    uint64_t hits = atomic_load_explicit(&own->hits, memory_order_relaxed),
             bytes = atomic_load_explicit(&own->bytes, memory_order_relaxed);
    atomic_store_explicit(&own->hits, hits + 1, memory_order_relaxed);
    atomic_store_explicit(&own->bytes, bytes + length, memory_order_relaxed);
  } else {
    count_in_shared_stripe(interner, number, length);
  }
}

static inline void count_hit(vmr_interner *interner, size_t length) {
  if (interner->stripes != NULL) {
    count_shared_hit(interner, length);
  } else {
    VMR_PUBLISH(interner->hits, interner->hits + 1);
    VMR_PUBLISH(interner->hit_bytes, interner->hit_bytes + length);
  }
}

static bool admits(vmr_interner *interner, size_t length) {
  bool is_limit = atomic_load_explicit(&interner->count, memory_order_relaxed) >= interner->most_symbols;
  bool is_too_long = length > LONGEST_TEXT;
  if (is_limit || is_too_long) {
    vmr_interner_refuse(interner, is_too_long ? VMR_SIZE_OVERFLOW : VMR_OUT_OF_MEMORY, is_limit);
    return false;
  }
  bool is_admitted = vmr_ctx_admit(interner->handle.ctx, VMR_KIND_INTERNER, length);
  if (!is_admitted) vmr_interner_fail(interner, VMR_OUT_OF_MEMORY);
  return is_admitted;
}

static void lock(vmr_interner *interner) {
  if (interner->stripes != NULL) pthread_mutex_lock(&interner->lock);
}

static void unlock(vmr_interner *interner) {
  if (interner->stripes != NULL) pthread_mutex_unlock(&interner->lock);
}

static void count_refusal(vmr_interner *interner) {
  lock(interner);
  VMR_PUBLISH(interner->refused, interner->refused + 1);
  unlock(interner);
}

static vmr_symbol add_new(vmr_interner *interner, uint64_t hash, const char *text, size_t length) {
  uint32_t place = 0;
  if (!admits(interner, length) || !vmr_table_reserve(interner) || !vmr_interner_store(interner, text, length, &place))
    return 0;
  vmr_symbol symbol = atomic_load_explicit(&interner->count, memory_order_relaxed) + 1;
  atomic_store_explicit(&interner->count, symbol, memory_order_release);
  vmr_table_insert(atomic_load_explicit(&interner->table, memory_order_relaxed), hash, place);
  return symbol;
}

static vmr_symbol find_or_add(vmr_interner *interner, uint64_t hash, const char *text, size_t length,
                              vmr_symbol *added) {
  vmr_symbol found = 0;
  vmr_deferral deferral;
  bool is_again = false;
  vmr_ctx_defer(&deferral, interner->handle.ctx);
  do {
    lock(interner);
    vmr_status before = VMR_PEEK(interner->status);
    if ((is_again || interner->stripes != NULL) && length <= LONGEST_TEXT)
      found = vmr_table_find(interner, hash, text, length);
    if (found == 0) *added = add_new(interner, hash, text, length);
    bool has_failed = found == 0 && *added == 0;
    if (has_failed && deferral.is_refused) VMR_PUBLISH(interner->status, before); /* the next try decides */
    unlock(interner);
    is_again = vmr_ctx_relieve(&deferral, has_failed);
  } while (is_again);
  return found;
}

/* Long texts and new ones. In a shared interner the text is looked for again under the lock, for another thread may have
 * been faster: then it is a hit after all. A pressure callback runs between two tries, without the lock. */
static __attribute__((noinline)) vmr_symbol add_slow(vmr_interner *interner, const char *text, size_t length) {
  bool is_text = length <= LONGEST_TEXT;
  uint64_t hash = is_text ? vmr_hash_text(text, length) : 0;
  vmr_symbol found = is_text ? vmr_table_find(interner, hash, text, length) : 0, added = 0;
  if (found == 0) found = find_or_add(interner, hash, text, length, &added);
  if (found != 0) {
    count_hit(interner, length);
  } else if (added == 0) {
    count_refusal(interner);
  }
  return found != 0 ? found : added;
}

vmr_symbol vmr_interner_add(vmr_interner *interner, const char *text, size_t length) {
  if (VMR_UNLIKELY(interner == NULL || (text == NULL && length != 0))) return 0;
  if (VMR_LIKELY(length <= VMR_SHORT_LENGTH)) {
    vmr_symbol symbol = vmr_table_find_short(interner, text, length);
    if (VMR_LIKELY(symbol != 0)) {
      count_hit(interner, length);
      return symbol;
    }
  }
  return add_slow(interner, text, length);
}

vmr_symbol vmr_interner_find(const vmr_interner *interner, const char *text, size_t length) {
  if (VMR_UNLIKELY(interner == NULL || (text == NULL && length != 0))) return 0;
  if (length <= VMR_SHORT_LENGTH) return vmr_table_find_short(interner, text, length);
  return length <= LONGEST_TEXT ? vmr_table_find(interner, vmr_hash_text(text, length), text, length) : 0;
}

/* ---- reading ---- */

vmr_view vmr_interner_view(const vmr_interner *interner, vmr_symbol symbol) {
  if (interner == NULL) return (vmr_view){NULL, 0};
  if (symbol == 0 || symbol > vmr_interner_count(interner)) return (vmr_view){NULL, 0};
  return vmr_interner_read(interner, vmr_interner_place(interner, symbol), &symbol);
}

const char *vmr_interner_text(const vmr_interner *interner, vmr_symbol symbol, size_t *length) {
  vmr_view view = vmr_interner_view(interner, symbol);
  if (length != NULL && view.data != NULL) *length = view.length;
  return view.data;
}

uint32_t vmr_interner_count(const vmr_interner *interner) {
  if (interner == NULL) return 0;
  return atomic_load_explicit(&interner->count, memory_order_acquire);
}

vmr_status vmr_interner_status(const vmr_interner *interner) {
  if (interner == NULL) return VMR_OK;
  return VMR_PEEK(interner->status);
}

vmr_interner_figures vmr_interner_read_figures(const vmr_interner *interner) {
  if (interner == NULL) return (vmr_interner_figures){0};
  uint64_t hits = VMR_PEEK(interner->hits), bytes = VMR_PEEK(interner->hit_bytes);
  for (unsigned i = 0; interner->stripes != NULL && i < OWN_STRIPES + SHARED_STRIPES; i++) {
    hits += atomic_load_explicit(&interner->stripes[i].hits, memory_order_relaxed);
    bytes += atomic_load_explicit(&interner->stripes[i].bytes, memory_order_relaxed);
  }
  uint32_t symbols = vmr_interner_count(interner);
  uint64_t refused = VMR_PEEK(interner->refused);
  return (vmr_interner_figures){.symbols = symbols,
                                .preloaded = interner->word_count,
                                .hits = hits,
                                .misses = symbols - interner->word_count + refused,
                                .refused = refused,
                                .limits_hit = VMR_PEEK(interner->limits_hit),
                                .stored_bytes = VMR_PEEK(interner->stored_bytes),
                                .saved_bytes = bytes + hits,
                                .reserved_bytes = VMR_PEEK(interner->reserved),
                                .retired_bytes = VMR_PEEK(interner->retired_bytes)};
}

bool vmr_interner_is_valid(const vmr_interner *interner) {
  if (interner == NULL) return true;
  uint32_t count = vmr_interner_count(interner);
  uint64_t stored = 0;
  const vmr_bucket_table *table = atomic_load_explicit(&interner->table, memory_order_acquire);
  if (vmr_table_count_entries(table) != count || count > table->room || count < interner->word_count) return false;
  for (vmr_symbol symbol = 1; symbol <= count; symbol++) {
    vmr_view text = vmr_interner_view(interner, symbol);
    if (vmr_interner_find(interner, text.data, text.length) != symbol) return false;
    if (symbol > interner->word_count && text.data[text.length] != '\0') return false;
    if (symbol > interner->word_count) stored += text.length;
  }
  return stored == interner->stored_bytes;
}
