/* os.h: the one door through which the runtime gets memory, and what it tells AddressSanitizer.
 *
 * Every byte of libvmemrt is asked for here, so that another source of memory is one file. Memory that
 * a bump allocator has not handed out yet is poisoned under AddressSanitizer: a read past an object is
 * then found although the bytes belong to the same chunk. Without the sanitizer all of that is nothing. */
#ifndef VMR_RUNTIME_OS_H
#define VMR_RUNTIME_OS_H

#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
#define VMR_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define VMR_ADDRESS_SANITIZER 1
#endif
#endif

#ifdef VMR_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#define VMR_REDZONE_BYTES 16 /* poisoned bytes between two objects */
#else
#define VMR_REDZONE_BYTES 0
#endif

/* Uninitialised and zeroed memory, aligned for any standard type; NULL when there is none. */
void *vmr_os_alloc(size_t bytes);
void *vmr_os_alloc_zeroed(size_t bytes);

/* Resizes `old`, keeping its content; it may move. NULL when memory is out: `old` is then untouched. */
void *vmr_os_resize(void *old, size_t bytes);

/* NULL is accepted. */
void vmr_os_free(void *memory);

/* Marks memory that nothing may touch, and memory that an object owns again. */
static inline void vmr_os_poison(void *memory, size_t bytes) {
#ifdef VMR_ADDRESS_SANITIZER
  __asan_poison_memory_region(memory, bytes);
#else
  (void)memory;
  (void)bytes;
#endif
}

static inline void vmr_os_unpoison(void *memory, size_t bytes) {
#ifdef VMR_ADDRESS_SANITIZER
  __asan_unpoison_memory_region(memory, bytes);
#else
  (void)memory;
  (void)bytes;
#endif
}

#endif
