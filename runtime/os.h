/* os.h: the one door to libc and the operating system, and to the tools that watch memory.
 *
 * Every byte of libvmemrt is asked for here, so that another system is one file. Under AddressSanitizer and Valgrind,
 * memory that the runtime holds but no object owns is poisoned: a read past an object is then found although the
 * bytes belong to the same chunk. Whether one of them watches is found out at run time, so one library serves all. */
#ifndef VMR_RUNTIME_OS_H
#define VMR_RUNTIME_OS_H

#include <stdbool.h>
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

/* Whether AddressSanitizer or Valgrind watches this process. */
bool vmr_os_is_watched(void);

/* Marks memory that nothing may touch, and memory that an object owns again (its bytes undefined). Nothing happens
 * when nobody watches. */
void vmr_os_poison(const void *memory, size_t bytes);
void vmr_os_unpoison(const void *memory, size_t bytes);

#endif
