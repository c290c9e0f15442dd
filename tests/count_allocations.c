/* count_allocations.c: a library to be preloaded, which counts the calls of malloc and its kin and tells at the end:
 * `allocations N` on the standard error; vmo_allocations_so_far tells in between. For tests that a call allocates nothing. */
#define _GNU_SOURCE
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

extern void *__libc_malloc(size_t bytes);
extern void *__libc_calloc(size_t count, size_t bytes);
extern void *__libc_realloc(void *old, size_t bytes);
extern void *__libc_memalign(size_t alignment, size_t bytes);

static long allocations;

static void count(void) { __atomic_fetch_add(&allocations, 1, __ATOMIC_RELAXED); }

long vmo_allocations_so_far(void);
long vmo_allocations_so_far(void) { return __atomic_load_n(&allocations, __ATOMIC_RELAXED); }

void *malloc(size_t bytes) {
  count();
  return __libc_malloc(bytes);
}

void *calloc(size_t number, size_t bytes) {
  count();
  return __libc_calloc(number, bytes);
}

void *realloc(void *old, size_t bytes) {
  count();
  return __libc_realloc(old, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes) {
  count();
  return __libc_memalign(alignment, bytes);
}

int posix_memalign(void **memory, size_t alignment, size_t bytes) {
  count();
  *memory = __libc_memalign(alignment, bytes);
  return *memory == NULL;
}

__attribute__((destructor)) static void tell(void) {
  char text[64];
  int length = snprintf(text, sizeof text, "allocations %ld\n", allocations);
  if (write(STDERR_FILENO, text, (size_t)length) < 0) _exit(3);
}
