/* range.c: the reserved range of addresses that all heaps of the process lie in, and its chunks.
 *
 * The range is address space alone until chunks of it are taken: it is asked for without access and without swap, 2^40
 * bytes at first and halved down to 2^30, for Valgrind and `ulimit -v` refuse large ones. Its beginning holds the chunks'
 * records. Chunks that come back are kept in a list by address, neighbours joined, and their memory is returned to the
 * system; the first run that is long enough is taken, else fresh chunks from the end of what was ever used. A lock
 * guards all that: it is taken for each 2 MiB. */
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>

#include "runtime/heap.h"
#include "runtime/os.h"

#define LARGEST_SHIFT 40
#define LEAST_SHIFT 30
#define PAGE ((size_t)4096)

vmr_range vmr_the_range;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint32_t chunks;     /* in the range, those of the records included */
static uint32_t next_chunk; /* the first one that was never taken */
static size_t open_records; /* bytes of records that can be accessed */
static uint32_t first_free; /* index of the first free run; 0: none */

static vmr_record *record_at(uint32_t index) { return (vmr_record *)vmr_the_range.base + index; }

static void reserve(void) {
  if (vmr_os_is_watched() || sizeof(void *) < 8) return; /* malloc serves: the tools then see every object */
  for (int shift = LARGEST_SHIFT; shift >= LEAST_SHIFT; shift--) {
    size_t bytes = (size_t)1 << shift;
    char *base = mmap(NULL, bytes + VMR_CHUNK_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (base == MAP_FAILED) continue;
    size_t skip = (size_t)(-(uintptr_t)base & (VMR_CHUNK_BYTES - 1));
    chunks = (uint32_t)(bytes >> VMR_CHUNK_SHIFT);
    next_chunk = (uint32_t)((chunks * sizeof(vmr_record) + VMR_CHUNK_BYTES - 1) >> VMR_CHUNK_SHIFT);
    vmr_the_range.bytes = bytes;
    vmr_the_range.base = (uintptr_t)base + skip;
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

uint32_t vmr_range_index(const vmr_record *record) { return (uint32_t)(record - record_at(0)); }

vmr_record *vmr_range_record_of_span(const vmr_span *span) {
  return record_at((uint32_t)(((uintptr_t)span - vmr_the_range.base) / sizeof(vmr_record)));
}

char *vmr_range_chunk(const vmr_record *record) {
  return (char *)vmr_the_range.base + ((size_t)vmr_range_index(record) << VMR_CHUNK_SHIFT);
}

static bool open_pages(char *begin, size_t bytes) { return mprotect(begin, bytes, PROT_READ | PROT_WRITE) == 0; }

/* Takes chunks that were never used; their records become accessible. */
static uint32_t take_fresh(size_t count) {
  if (count > chunks - next_chunk) return 0;
  size_t needed = ((next_chunk + count) * sizeof(vmr_record) + PAGE - 1) & ~(PAGE - 1);
  char *base = (char *)vmr_the_range.base;
  if (needed > open_records) {
    if (!open_pages(base + open_records, needed - open_records)) return 0;
    open_records = needed;
  }
  uint32_t index = next_chunk;
  if (!open_pages(base + ((size_t)index << VMR_CHUNK_SHIFT), count << VMR_CHUNK_SHIFT)) return 0;
  next_chunk += (uint32_t)count;
  return index;
}

/* A run of free chunks stands in the record of its first one: `count` chunks, `first` is the next run by address (0: none);
 * its heap is NULL, so that an object of it is seen to be dead. */
static void set_run(uint32_t index, size_t count, uint32_t next) {
  vmr_record *record = record_at(index);
  record->heap = NULL;
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
  vmr_record *record = record_at(index);
  memset(record, 0, sizeof *record);
  return record;
}

void vmr_range_give(uint32_t first, size_t count) {
  madvise((char *)vmr_the_range.base + ((size_t)first << VMR_CHUNK_SHIFT), count << VMR_CHUNK_SHIFT, MADV_DONTNEED);
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
