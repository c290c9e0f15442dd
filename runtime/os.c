/* os.c: memory from libc, pages from the system, and word to AddressSanitizer and Valgrind.
 *
 * The C library already maps large requests on their own and moves them by remapping pages, which is
 * what the arena's big objects want of realloc; and its zeroed memory costs nothing until it is touched.
 * The sanitizer's functions are weak symbols: they are there when the program was built with it, whether or not
 * this library was. Valgrind is asked by an instruction sequence of its header, which does nothing outside of it. */
#define _GNU_SOURCE
#include "runtime/os.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

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

static char *map(size_t bytes) {
  void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return pages != MAP_FAILED ? pages : NULL;
}

void *vmr_os_map(size_t bytes, bool huge) {
  if (bytes > SIZE_MAX - VMR_OS_LARGE_PAGE) return NULL;
  char *base = map(bytes + VMR_OS_LARGE_PAGE); /* with what is cut off at both ends */
  if (base == NULL) return NULL;
  size_t before = (size_t)(-(uintptr_t)base & (VMR_OS_LARGE_PAGE - 1)), after = VMR_OS_LARGE_PAGE - before;
  if (before != 0) munmap(base, before);
  if (after != 0) munmap(base + before + bytes, after);
  if (huge) madvise(base + before, bytes, MADV_HUGEPAGE); /* a wish: without it the pages are small */
  return base + before;
}

void vmr_os_unmap(void *pages, size_t bytes) { munmap(pages, bytes); }

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
