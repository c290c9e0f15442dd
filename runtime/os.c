/* os.c: memory from libc, pages from the system, and word to AddressSanitizer and Valgrind.
 *
 * The C library already maps large requests on their own and moves them by remapping pages, which is
 * what the arena's big objects want of realloc; and its zeroed memory costs nothing until it is touched.
 * The sanitizer's functions are weak symbols: they are there when the program was built with it, whether or not
 * this library was. Valgrind is asked by an instruction sequence of its header, which does nothing outside of it. */
#include "runtime/os.h"

#include <stdlib.h>

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
