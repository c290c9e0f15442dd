/* os.c: memory from libc, pages from the system, and word to AddressSanitizer and Valgrind.
 *
 * The C library already maps large requests on their own and moves them by remapping pages, which is
 * what the arena's big objects want of realloc; and its zeroed memory costs nothing until it is touched.
 * The sanitizer's functions are weak symbols: they are there when the program was built with it, whether or not
 * this library was. Valgrind is asked by an instruction sequence of its header, which does nothing outside of it.
 * What is asked of the system leaves errno as it was: programs that call free, or get what they asked for, look at it. */
#define _GNU_SOURCE
#include "runtime/os.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>

#include "runtime/huge_pages.h"

#if defined(__has_include)
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#define HAS_VALGRIND 1
#endif
#endif

__attribute__((weak)) void __asan_poison_memory_region(void const volatile *memory, size_t bytes);
__attribute__((weak)) void __asan_unpoison_memory_region(void const volatile *memory, size_t bytes);

void *vmr_os_alloc(size_t bytes) { return malloc(bytes); }

void *vmr_os_alloc_zeroed(size_t bytes) { return calloc(1, bytes); }

void *vmr_os_resize(void *old, size_t bytes) { return realloc(old, bytes); }

void vmr_os_free(void *memory) { free(memory); }

static char *map(size_t bytes, int access, int flags) {
  if (bytes > SIZE_MAX - VMR_OS_LARGE_PAGE) return NULL;
  int kept = errno;
  /* with what is cut off at both ends */
  void *base = mmap(NULL, bytes + VMR_OS_LARGE_PAGE, access, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
  errno = kept;
  if (base == MAP_FAILED) return NULL;
  size_t before = (size_t)(-(uintptr_t)base & (VMR_OS_LARGE_PAGE - 1)), after = VMR_OS_LARGE_PAGE - before;
  if (before != 0) munmap(base, before);
  if (after != 0) munmap((char *)base + before + bytes, after);
  return (char *)base + before;
}

static vmr_huge_pages huge_pages; /* the machine's are the same for all */

static uint64_t read_clock(clockid_t clock) {
  struct timespec now;
  return clock_gettime(clock, &now) == 0 ? (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec : 0;
}

/* Of the calling thread's processor time: others at work do not count. */
static uint64_t thread_nanoseconds(void) { return read_clock(CLOCK_THREAD_CPUTIME_ID); }

void vmr_os_populate(void *begin, size_t bytes) {
#ifdef MADV_POPULATE_WRITE /* Linux 5.14 */
  int kept = errno;
  madvise(begin, bytes, MADV_POPULATE_WRITE);
  errno = kept;
#else
  (void)begin, (void)bytes;
#endif
}

/* Whole large pages, of which the first is about to be used. Without the wish they are small; a single one is then filled soon, as
 * a huge one would be at once, and 512 faults cost more than one request. */
static void wish_huge(void *begin, size_t bytes) {
  int kept = errno;
  if (vmr_huge_pages_are_due(&huge_pages, bytes / VMR_OS_LARGE_PAGE)) {
    madvise(begin, bytes, MADV_HUGEPAGE);
    uint64_t before = thread_nanoseconds();
    vmr_os_populate(begin, 1);
    vmr_huge_pages_judge(&huge_pages, thread_nanoseconds() - before);
  } else if (bytes == VMR_OS_LARGE_PAGE) {
    vmr_os_populate(begin, bytes);
  }
  errno = kept;
}

void *vmr_os_map(size_t bytes, bool huge) {
  char *pages = map(bytes, PROT_READ | PROT_WRITE, 0);
  if (pages != NULL && huge) wish_huge(pages, bytes);
  return pages;
}

void vmr_os_advise_huge(void *begin, size_t bytes) {
  size_t skip = (size_t)(-(uintptr_t)begin & (VMR_OS_LARGE_PAGE - 1));
  if (bytes < skip + VMR_OS_LARGE_PAGE) return;
  wish_huge((char *)begin + skip, (bytes - skip) & ~(VMR_OS_LARGE_PAGE - 1));
}

/* The new page is fresh memory, as dear as any. */
bool vmr_os_collapse(void *large_page) {
#ifdef __linux__
  enum { COLLAPSE = 25 }; /* MADV_COLLAPSE, Linux 6.1 */
  int kept = errno;
  bool is_done = false;
  if (vmr_huge_pages_are_due(&huge_pages, 1)) {
    uint64_t before = thread_nanoseconds();
    is_done = madvise(large_page, VMR_OS_LARGE_PAGE, COLLAPSE) == 0;
    if (!is_done && errno == EINVAL) { /* vmr_os_clear_huge */
      madvise(large_page, VMR_OS_LARGE_PAGE, MADV_HUGEPAGE);
      is_done = madvise(large_page, VMR_OS_LARGE_PAGE, COLLAPSE) == 0;
    }
    vmr_huge_pages_judge(&huge_pages, thread_nanoseconds() - before);
  }
  errno = kept;
  return is_done;
#else
  return (void)large_page, false;
#endif
}

void vmr_os_unmap(void *pages, size_t bytes) { munmap(pages, bytes); }

void *vmr_os_reserve(size_t bytes) { return map(bytes, PROT_NONE, MAP_NORESERVE); }

size_t vmr_os_most_addresses(void) {
  struct rlimit limit;
  bool is_limited = getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < SIZE_MAX;
  return is_limited ? (size_t)limit.rlim_cur : SIZE_MAX;
}

bool vmr_os_open(void *begin, size_t bytes, bool huge) {
  int kept = errno;
  bool is_open = mprotect(begin, bytes, PROT_READ | PROT_WRITE) == 0;
  errno = kept;
  if (is_open && huge) wish_huge(begin, bytes);
  return is_open;
}

void vmr_os_clear(void *begin, size_t bytes) {
  int kept = errno;
  /* locked pages stay where they are; what nobody touched of them is touched by that */
  if (madvise(begin, bytes, MADV_DONTNEED) != 0) memset(begin, 0, bytes);
  errno = kept;
}

void vmr_os_clear_huge(void *begin, size_t bytes) {
  vmr_os_clear(begin, bytes);
#ifdef MADV_NOHUGEPAGE
  int kept = errno;
  madvise(begin, bytes, MADV_NOHUGEPAGE);
  errno = kept;
#endif
}

#ifdef MREMAP_DONTUNMAP /* the old pages stay reserved; Linux 5.7 */

#define WHOLE_PAGES ((size_t)64 << 10) /* whatever the size of a page is */

/* Whether pages are one mapping of the system's. To grow where it is, that has no room, or grows; several are no such address. */
static bool is_one_mapping(char *begin, size_t bytes) {
  if (mremap(begin, bytes, bytes + WHOLE_PAGES, 0) == MAP_FAILED) return errno != EFAULT;
  munmap(begin + bytes, WHOLE_PAGES);
  return true;
}

/* A system that refuses may have taken away the pages at `to` by then, as Linux before 6.17 does: they are put back. */
static bool move_mapping(char *to, char *from, size_t bytes) {
  if (mremap(from, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, to) != MAP_FAILED) return true;
  mmap(to, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
  return false;
}

/* Mappings are asked about first: of several none moves in the end, and then the pages at `to` are gone. */
size_t vmr_os_move(void *to, void *from, size_t bytes) {
  int kept = errno;
  while (bytes != 0 && !is_one_mapping(from, bytes)) bytes = bytes / 2 & ~(VMR_OS_LARGE_PAGE - 1);
  bool is_moved = bytes != 0 && move_mapping(to, from, bytes);
  errno = kept;
  return is_moved ? bytes : 0;
}

#else

size_t vmr_os_move(void *to, void *from, size_t bytes) { return (void)to, (void)from, (void)bytes, (size_t)0; }

#endif

uint64_t vmr_os_nanoseconds(void) { return read_clock(CLOCK_MONOTONIC); }

bool vmr_os_is_watched(void) {
#ifdef HAS_VALGRIND
  if (RUNNING_ON_VALGRIND != 0) return true;
#endif
  return __asan_poison_memory_region != NULL;
}

void vmr_os_poison(const void *memory, size_t bytes) {
  if (__asan_poison_memory_region != NULL) __asan_poison_memory_region(memory, bytes);
#ifdef HAS_VALGRIND
  (void)VALGRIND_MAKE_MEM_NOACCESS(memory, bytes);
#endif
}

void vmr_os_unpoison(const void *memory, size_t bytes) {
  if (__asan_unpoison_memory_region != NULL) __asan_unpoison_memory_region(memory, bytes);
#ifdef HAS_VALGRIND
  (void)VALGRIND_MAKE_MEM_UNDEFINED(memory, bytes);
#endif
}

void vmr_os_permit(const void *memory, size_t bytes) {
  if (__asan_unpoison_memory_region != NULL) __asan_unpoison_memory_region(memory, bytes);
#ifdef HAS_VALGRIND
  (void)VALGRIND_MAKE_MEM_DEFINED(memory, bytes);
#endif
}
