/* os.c: memory from libc.
 *
 * The C library already maps large requests on their own and moves them by remapping pages, which is
 * what the arena's big objects want of realloc; and its zeroed memory costs nothing until it is touched. */
#include "runtime/os.h"

#include <stdlib.h>

void *vmr_os_alloc(size_t bytes) { return malloc(bytes); }

void *vmr_os_alloc_zeroed(size_t bytes) { return calloc(1, bytes); }

void *vmr_os_resize(void *old, size_t bytes) { return realloc(old, bytes); }

void vmr_os_free(void *memory) { free(memory); }
