/* range.c: the reserved range of addresses that all heaps of the process lie in, and its chunks.
 *
 * The range is address space alone until chunks of it are taken: it is asked for without access and without swap, 2^40
 * bytes at first and halved down to 2^30, for Valgrind and `ulimit -v` refuse large ones. Its beginning holds the chunks'
 * records. Chunks that come back are kept in a list by address, neighbours joined, and their memory is returned to the
 * system; the first run that is long enough is taken, else fresh chunks from the end of what was ever used. A lock
 * guards all that: it is taken for each 2 MiB. */
#include <string.h>

#include "runtime/heap.h"
#include "runtime/os.h"

#define LARGEST_SHIFT 40
#define LEAST_SHIFT 30
#define PAGE ((size_t)4096)

vmr_range vmr_the_range;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint32_t chunks;             /* in the range, those of the records included */
static _Atomic uint32_t next_chunk; /* the first one that was never taken */
static size_t open_records;         /* bytes of records that can be accessed */
static uint32_t first_free;         /* index of the first free run; 0: none */

static vmr_record *record_at(uint32_t index) { return (vmr_record *)vmr_the_range.base + index; }

static void reserve(void) {
  if (vmr_os_is_watched() || sizeof(void *) < 8) return; /* malloc serves: the tools then see every object */
  for (int shift = LARGEST_SHIFT; shift >= LEAST_SHIFT; shift--) {
    size_t bytes = (size_t)1 << shift;
    char *base = vmr_os_reserve(bytes);
    if (base == NULL) continue;
    chunks = (uint32_t)(bytes >> VMR_CHUNK_SHIFT);
    next_chunk = (uint32_t)((chunks * sizeof(vmr_record) + VMR_CHUNK_BYTES - 1) >> VMR_CHUNK_SHIFT);
    vmr_the_range.bytes = bytes;
    vmr_the_range.base = (uintptr_t)base;
    return;
  }
}

bool vmr_range_begin(void) {
  pthread_once(&once, reserve);
  return vmr_the_range.base != 0;
}

vmr_record *vmr_range_record(const void *object) {
  return record_at((uint32_t)(((uintptr_t)object - vmr_the_range.base) >> VMR_CHUNK_SHIFT));
}

vmr_record *vmr_range_record_at(uint32_t index) { return record_at(index); }

bool vmr_range_was_taken(const void *object) {
  return ((uintptr_t)object - vmr_the_range.base) >> VMR_CHUNK_SHIFT <
         atomic_load_explicit(&next_chunk, memory_order_relaxed);
}

uint32_t vmr_range_index(const vmr_record *record) { return (uint32_t)(record - record_at(0)); }

vmr_record *vmr_range_record_of_span(const vmr_span *span) {
  return record_at((uint32_t)(((uintptr_t)span - vmr_the_range.base) / sizeof(vmr_record)));
}

char *vmr_range_chunk(const vmr_record *record) {
  return (char *)vmr_the_range.base + ((size_t)vmr_range_index(record) << VMR_CHUNK_SHIFT);
}

/* Takes chunks that were never used; their records become accessible. */
static uint32_t take_fresh(size_t count) {
  if (count > chunks - next_chunk) return 0;
  size_t needed = ((next_chunk + count) * sizeof(vmr_record) + PAGE - 1) & ~(PAGE - 1);
  char *base = (char *)vmr_the_range.base;
  if (needed > open_records) {
    if (!vmr_os_open(base + open_records, needed - open_records, false)) return 0;
    open_records = needed;
  }
  uint32_t index = next_chunk;
  if (!vmr_os_open(base + ((size_t)index << VMR_CHUNK_SHIFT), count << VMR_CHUNK_SHIFT, false)) return 0;
  next_chunk += (uint32_t)count;
  return index;
}

/* No chunk but the first says anything about an object of several. */
static void clear_records(uint32_t index, size_t count) {
  memset(record_at(index), 0, sizeof(vmr_record));
  for (size_t i = 1; i < count; i++) VMR_PUBLISH(record_at(index + (uint32_t)i)->heap, NULL);
}

/* A run of free chunks stands in the record of its first one: `count` chunks, `first` is the next run by address (0: none);
 * its heap is NULL, so that an object of it is seen to be dead. */
static void set_run(uint32_t index, size_t count, uint32_t next) {
  vmr_record *record = record_at(index);
  VMR_PUBLISH(record->heap, NULL);
  record->count = (uint32_t)count;
  record->first = next;
}

/* Takes the first free run that is long enough. */
static uint32_t take_free(size_t count) {
  for (uint32_t *link = &first_free; *link != 0; link = &record_at(*link)->first) {
    uint32_t index = *link, rest = index + (uint32_t)count;
    const vmr_record *run = record_at(index);
    if (run->count < count) continue;
    if (run->count > count) set_run(rest, run->count - count, run->first);
    *link = run->count > count ? rest : run->first;
    return index;
  }
  return 0;
}

vmr_record *vmr_range_take(size_t count) {
  pthread_mutex_lock(&lock);
  uint32_t index = count < chunks ? take_free(count) : 0;
  if (index == 0 && count < chunks) index = take_fresh(count);
  pthread_mutex_unlock(&lock);
  if (index == 0) return NULL;
  clear_records(index, count);
  return record_at(index);
}

/* Takes the beginning of the free run at `index`, if there is one that is long enough. */
static bool take_run_at(uint32_t index, size_t count) {
  for (uint32_t *link = &first_free; *link != 0 && *link <= index; link = &record_at(*link)->first) {
    const vmr_record *run = record_at(*link);
    if (*link != index) continue;
    if (run->count < count) return false;
    uint32_t rest = index + (uint32_t)count, next = run->first;
    if (run->count > count) set_run(rest, run->count - count, next);
    *link = run->count > count ? rest : next;
    return true;
  }
  return false;
}

bool vmr_range_extend(uint32_t index, size_t count) {
  pthread_mutex_lock(&lock);
  bool is_taken = index == next_chunk ? take_fresh(count) != 0 : take_run_at(index, count);
  if (is_taken) clear_records(index, count);
  pthread_mutex_unlock(&lock);
  return is_taken;
}

void vmr_range_give(uint32_t first, size_t count) {
  vmr_os_clear((char *)vmr_the_range.base + ((size_t)first << VMR_CHUNK_SHIFT), count << VMR_CHUNK_SHIFT);
  pthread_mutex_lock(&lock);
  uint32_t *link = &first_free, before = 0;
  while (*link != 0 && *link < first) {
    before = *link;
    link = &record_at(before)->first;
  }
  uint32_t next = *link;
  if (next == first + count) { /* joined with the run behind it */
    count += record_at(next)->count;
    next = record_at(next)->first;
  }
  if (before != 0 && before + record_at(before)->count == first) { /* and with the one before */
    set_run(before, record_at(before)->count + count, next);
  } else {
    *link = first;
    set_run(first, count, next);
  }
  pthread_mutex_unlock(&lock);
}

void vmr_range_lock(void) { pthread_mutex_lock(&lock); }

void vmr_range_unlock(void) { pthread_mutex_unlock(&lock); }
