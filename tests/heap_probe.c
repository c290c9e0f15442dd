/* heap_probe.c: a library to be preloaded, which measures the heap of a program by the bytes that it asks for.
 *
 *   HEAP_PROBE=FILE         at the end, "peak BYTES allocations COUNT pages COUNT" is written there
 *   HEAP_PROBE_CALLERS=1    and a line for each allocation: the address that it returns to, from the program's start
 *   HEAP_PROBE_FAIL=N       the N-th allocation fails (the first is 1)
 *   HEAP_PROBE_NO_PAGES=N   the N-th request for pages fails, of those that are not the C library's own; N+: all from there on
 *
 * Each block has sixteen bytes before it: where it begins, and how many bytes were asked for. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <malloc.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

extern void *__libc_malloc(size_t bytes);
extern void __libc_free(void *block);

typedef struct header {
  void *block;
  size_t bytes;
} header;

enum { MOST_CALLERS = 1 << 20 };

static size_t live, peak;
static long allocations, failing, pages, pages_failing, pages_failing_last;
static uintptr_t callers[MOST_CALLERS], base;

__attribute__((constructor)) static void begin(void) {
  const char *number = getenv("HEAP_PROBE_FAIL");
  failing = number != NULL ? atol(number) : 0;
  number = getenv("HEAP_PROBE_NO_PAGES");
  pages_failing = number != NULL ? atol(number) : 0;
  pages_failing_last = number != NULL && strchr(number, '+') != NULL ? LONG_MAX : pages_failing;
}

/* ---- pages ---- */

static int refuse_pages(void) {
  long number = __atomic_add_fetch(&pages, 1, __ATOMIC_RELAXED);
  if (pages_failing == 0 || number < pages_failing || number > pages_failing_last) return 0;
  errno = ENOMEM;
  return 1;
}

void *mmap(void *begin, size_t bytes, int access, int flags, int file, off_t offset) {
  if ((flags & MAP_FIXED) == 0 && refuse_pages()) return MAP_FAILED;           /* what is put back is there */
  return (void *)syscall(SYS_mmap, begin, bytes, access, flags, file, offset); /* NOLINT(performance-no-int-to-ptr) */
}

int mprotect(void *begin, size_t bytes, int access) {
  if (access != PROT_NONE && refuse_pages()) return -1;
  return (int)syscall(SYS_mprotect, begin, bytes, access);
}

/* ---- objects ---- */

static void *allocate(size_t alignment, size_t bytes, const void *caller) {
  long number = __atomic_add_fetch(&allocations, 1, __ATOMIC_RELAXED);
  if (number <= MOST_CALLERS) callers[number - 1] = (uintptr_t)caller;
  char *block = number == failing || bytes > PTRDIFF_MAX / 2 ? NULL : __libc_malloc(bytes + alignment + sizeof(header));
  if (block == NULL) {
    errno = ENOMEM;
    return NULL;
  }
  uintptr_t at = ((uintptr_t)block + sizeof(header) + alignment - 1) / alignment * alignment;
  ((header *)at)[-1] = (header){block, bytes};
  size_t now = __atomic_add_fetch(&live, bytes, __ATOMIC_RELAXED);
  for (size_t most = __atomic_load_n(&peak, __ATOMIC_RELAXED); now > most;)
    if (__atomic_compare_exchange_n(&peak, &most, now, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) break;
  return (void *)at;
}

void free(void *p) {
  if (p == NULL) return;
  header *h = (header *)p - 1;
  __atomic_sub_fetch(&live, h->bytes, __ATOMIC_RELAXED);
  __libc_free(h->block);
}

void *malloc(size_t bytes) { return allocate(16, bytes, __builtin_return_address(0)); }

void *calloc(size_t count, size_t bytes) {
  size_t all;
  if (__builtin_mul_overflow(count, bytes, &all)) all = SIZE_MAX;
  void *p = allocate(16, all, __builtin_return_address(0));
  return p == NULL ? NULL : memset(p, 0, all);
}

void *realloc(void *old, size_t bytes) {
  if (old != NULL && bytes == 0) {
    free(old);
    return NULL;
  }
  void *p = allocate(16, bytes, __builtin_return_address(0));
  if (p == NULL || old == NULL) return p;
  size_t before = ((header *)old - 1)->bytes;
  memcpy(p, old, before < bytes ? before : bytes);
  free(old);
  return p;
}

void *aligned_alloc(size_t alignment, size_t bytes) {
  return allocate(alignment < 16 ? 16 : alignment, bytes, __builtin_return_address(0));
}

int posix_memalign(void **memory, size_t alignment, size_t bytes) {
  int before = errno;
  *memory = allocate(alignment < 16 ? 16 : alignment, bytes, __builtin_return_address(0));
  errno = before;
  return *memory == NULL ? ENOMEM : 0;
}

size_t malloc_usable_size(void *p) { return p == NULL ? 0 : ((header *)p - 1)->bytes; }

static int find_base(struct dl_phdr_info *info, size_t size, void *user) {
  (void)size, (void)user;
  base = info->dlpi_addr;
  return 1; /* the program is the first */
}

__attribute__((destructor)) static void tell(void) {
  const char *path = getenv("HEAP_PROBE");
  long count = allocations;
  if (path == NULL) return;
  dl_iterate_phdr(find_base, NULL);
  int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (file < 0) _exit(99);
  dprintf(file, "peak %zu allocations %ld pages %ld\n", peak, count, pages);
  for (long i = 0; getenv("HEAP_PROBE_CALLERS") != NULL && i < count && i < MOST_CALLERS; i++)
    dprintf(file, "%lx\n", (unsigned long)(callers[i] - base));
  close(file);
}
