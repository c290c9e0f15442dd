/* range.c: the reserved range of addresses that all heaps of the process lie in, and its chunks.
 *
 * The range is address space alone until chunks of it are taken: it is asked for without access and without swap, 2^40
 * bytes at first and halved down to 2^30, for `ulimit -v` refuses large ones, and leaves half to the rest of the process. Its beginning holds the spans' and the
 * chunks' records, opened as chunks are. Chunks that come back are kept in a list by address, neighbours joined; the first
 * run that is long enough is taken, else fresh chunks from the end of what was ever used. Their memory stays, for
 * what comes next; it returns to the system when it was not needed while chunks came back 256 times, or when
 * more is idle than in use. A lock guards all that: it is taken for each 2 MiB. */
#include <string.h>

#include "runtime/heap.h"
#include "runtime/os.h"

#define LARGEST_SHIFT 40
#define LEAST_SHIFT 30
#define STEP ((size_t)64 << 10) /* records are opened by that */
#define WINDOW 256
#define MOST_IDLE ((size_t)8) /* chunks with memory that lie idle while few are in use */

vmr_range vmr_the_range;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint32_t chunks;                      /* in the range, those of the records included */
static _Atomic uint32_t next_chunk;          /* the first one that was never taken */
static size_t open_spans, open_records;      /* bytes of them that can be accessed */
static uint32_t first_free;                  /* index of the first free run; 0: none */
static size_t used, idle, least_idle, gives; /* chunks in use; free ones that have memory */

static size_t chunks_for(size_t bytes) { return (bytes + VMR_CHUNK_BYTES - 1) >> VMR_CHUNK_SHIFT; }

static void reserve(void) {
  if (vmr_os_is_watched() || sizeof(void *) < 8) return; /* malloc serves: the tools then see every object */
  size_t most = vmr_os_most_addresses() / 2;             /* the rest of the process needs some, too */
  vmr_fork_prepare();
  for (int shift = LARGEST_SHIFT; shift >= LEAST_SHIFT; shift--) {
    size_t bytes = (size_t)1 << shift;
    char *base = bytes <= most ? vmr_os_reserve(bytes) : NULL;
    if (base == NULL) continue;
    size_t span_bytes = (bytes >> VMR_SPAN_SHIFT) * sizeof(vmr_span);
    chunks = (uint32_t)(bytes >> VMR_CHUNK_SHIFT);
    vmr_the_range.records = (vmr_record *)(void *)(base + span_bytes);
    next_chunk = (uint32_t)chunks_for(span_bytes + chunks * sizeof(vmr_record));
    VMR_PUBLISH(vmr_the_range.base, (uintptr_t)base);
    VMR_RELEASE(vmr_the_range.bytes, bytes);
    return;
  }
}

bool vmr_range_begin(void) {
  pthread_once(&once, reserve);
  return vmr_the_range.base != 0;
}

/* Opens records from `base` on up to `needed` bytes. */
static bool open_to(char *base, size_t *open, size_t needed) {
  needed = (needed + STEP - 1) & ~(STEP - 1);
  if (needed <= *open) return true;
  if (!vmr_os_open(base + *open, needed - *open, false)) return false;
  *open = needed;
  return true;
}

/* Takes chunks that were never used; their records become accessible. */
static uint32_t take_fresh(size_t count) {
  if (count > chunks - next_chunk) return 0;
  uint32_t index = next_chunk;
  size_t end = index + count;
  char *base = (char *)vmr_the_range.base;
  if (!open_to(base, &open_spans, end * VMR_SPANS * sizeof(vmr_span))) return 0;
  if (!open_to((char *)vmr_the_range.records, &open_records, end * sizeof(vmr_record))) return 0;
  if (!vmr_os_open(base + ((size_t)index << VMR_CHUNK_SHIFT), count << VMR_CHUNK_SHIFT, false)) return 0;
  next_chunk = (uint32_t)end;
  VMR_RELEASE(vmr_the_range.taken, end << VMR_CHUNK_SHIFT);
  return index;
}

/* Chunks that are taken: their records are zero, but the first one tells whether their memory is not. */
static void begin_use(uint32_t index, size_t count) {
  bool is_dirty = false;
  for (size_t i = 0; i < count; i++) {
    vmr_record *record = vmr_range_record_at(index + (uint32_t)i);
    if (record->is_dirty) idle--;
    is_dirty |= record->is_dirty;
    VMR_PUBLISH(record->heap, NULL);
    memset((char *)record + sizeof record->heap, 0, sizeof *record - sizeof record->heap);
  }
  vmr_range_record_at(index)->is_dirty = is_dirty;
  used += count;
  if (idle < least_idle) least_idle = idle;
}

/* A run of free chunks stands in the record of its first one: `count` chunks, `first` is the next run by address (0: none);
 * its heap is NULL, so that an object of it is seen to be dead. */
static void set_run(uint32_t index, size_t count, uint32_t next) {
  vmr_record *record = vmr_range_record_at(index);
  VMR_PUBLISH(record->heap, NULL);
  record->count = (uint32_t)count;
  record->first = next;
}

/* Takes the first free run that is long enough. */
static uint32_t take_free(size_t count) {
  for (uint32_t *link = &first_free; *link != 0; link = &vmr_range_record_at(*link)->first) {
    uint32_t index = *link, rest = index + (uint32_t)count;
    const vmr_record *run = vmr_range_record_at(index);
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
  if (index != 0) begin_use(index, count);
  pthread_mutex_unlock(&lock);
  return index != 0 ? vmr_range_record_at(index) : NULL;
}

/* Takes the beginning of the free run at `index`, if there is one that is long enough. */
static bool take_run_at(uint32_t index, size_t count) {
  for (uint32_t *link = &first_free; *link != 0 && *link <= index; link = &vmr_range_record_at(*link)->first) {
    const vmr_record *run = vmr_range_record_at(*link);
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
  if (is_taken) begin_use(index, count);
  pthread_mutex_unlock(&lock);
  return is_taken;
}

static void link_run(uint32_t first, size_t count) {
  uint32_t *link = &first_free, before = 0;
  while (*link != 0 && *link < first) {
    before = *link;
    link = &vmr_range_record_at(before)->first;
  }
  uint32_t next = *link;
  if (next == first + count) { /* joined with the run behind it */
    count += vmr_range_record_at(next)->count;
    next = vmr_range_record_at(next)->first;
  }
  if (before != 0 && before + vmr_range_record_at(before)->count == first) { /* and with the one before */
    set_run(before, vmr_range_record_at(before)->count + count, next);
  } else {
    *link = first;
    set_run(first, count, next);
  }
}

static void clear_chunks(uint32_t first, size_t count) {
  vmr_os_clear_huge((char *)vmr_the_range.base + ((size_t)first << VMR_CHUNK_SHIFT), count << VMR_CHUNK_SHIFT);
}

/* Returns the memory of free chunks to the system, neighbours with one call; not of the first `kept` ones: they are taken
 * first. */
static void clear_free(size_t kept) {
  size_t met = 0;
  for (uint32_t run = first_free; run != 0; run = vmr_range_record_at(run)->first) {
    uint32_t end = run + vmr_range_record_at(run)->count, dirty = 0;
    for (uint32_t at = run; at <= end; at++) {
      bool is_cleared = at < end && vmr_range_record_at(at)->is_dirty && ++met > kept;
      if (!is_cleared && dirty != 0) clear_chunks(at - dirty, dirty);
      dirty = is_cleared ? dirty + 1 : 0;
      if (!is_cleared) continue;
      vmr_range_record_at(at)->is_dirty = false;
      idle--;
    }
  }
  if (idle < least_idle) least_idle = idle;
}

/* Half of what was idle all the time since the last look, and what is more than all that is in use. */
static void clear_unneeded(void) {
  if (idle > MOST_IDLE + used) {
    clear_free((MOST_IDLE + used) / 2);
  } else if (++gives % WINDOW == 0) {
    if (least_idle != 0) clear_free(idle - (least_idle + 1) / 2);
    least_idle = idle;
  }
}

void vmr_range_give(uint32_t first, size_t count) {
  pthread_mutex_lock(&lock);
  for (size_t i = 0; i < count; i++) {
    vmr_record *record = vmr_range_record_at(first + (uint32_t)i);
    VMR_PUBLISH(record->heap, NULL);
    record->is_dirty = true;
  }
  used -= count;
  idle += count;
  link_run(first, count);
  clear_unneeded();
  pthread_mutex_unlock(&lock);
}

void vmr_range_trim(void) {
  pthread_mutex_lock(&lock);
  clear_free(0);
  pthread_mutex_unlock(&lock);
}

void vmr_range_lock(void) { pthread_mutex_lock(&lock); }

void vmr_range_unlock(void) { pthread_mutex_unlock(&lock); }
