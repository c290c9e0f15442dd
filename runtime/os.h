/* os.h: the one door to libc and the operating system, and to the tools that watch memory.
 *
 * Every byte of libvmemrt is asked for here, so that another system is one file. Under AddressSanitizer and Valgrind,
 * memory that the runtime holds but no object owns is poisoned: a read past an object is then found although the
 * bytes belong to the same chunk. Whether one of them watches is found out at run time, so one library serves all. */
#ifndef VMR_RUNTIME_OS_H
#define VMR_RUNTIME_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VMR_OS_LARGE_PAGE ((size_t)2 << 20)

/* Uninitialised and zeroed memory, aligned for any standard type; NULL when there is none. */
void *vmr_os_alloc(size_t bytes);
void *vmr_os_alloc_zeroed(size_t bytes);

/* Resizes `old`, keeping its content; it may move. NULL when memory is out: `old` is then untouched. */
void *vmr_os_resize(void *old, size_t bytes);

/* NULL is accepted. */
void vmr_os_free(void *memory);

/* Zeroed pages, from a multiple of VMR_OS_LARGE_PAGE on; huge ones are asked for when `huge`. NULL when there are none. */
void *vmr_os_map(size_t bytes, bool huge);
#ifndef VMR_FREESTANDING
void vmr_os_unmap(void *pages, size_t bytes);
#else
static inline void vmr_os_unmap(void *pages, size_t bytes) { (void)pages, (void)bytes; }
#endif

/* Wishes: huge pages for what of a block of memory is whole large pages; memory for open pages, at one time, before they are
 * touched; one huge page in the place of the small ones of a large page, with what they hold. */
#ifndef VMR_FREESTANDING
void vmr_os_advise_huge(void *begin, size_t bytes);
void vmr_os_populate(void *begin, size_t bytes);
bool vmr_os_collapse(void *large_page); /* false when it stays as it is */
#else
static inline void vmr_os_advise_huge(void *begin, size_t bytes) { (void)begin, (void)bytes; }
static inline void vmr_os_populate(void *begin, size_t bytes) { (void)begin, (void)bytes; }
static inline bool vmr_os_collapse(void *large_page) { return (void)large_page, false; }
#endif

/* Addresses that nothing may touch and that cost no memory, from a multiple of VMR_OS_LARGE_PAGE on; parts of them, in whole
 * pages, are opened for reading and writing, zeroed at first. */
#ifndef VMR_FREESTANDING
void *vmr_os_reserve(size_t bytes);
bool vmr_os_open(void *begin, size_t bytes, bool huge);
/* How many addresses the process may have (`ulimit -v`); SIZE_MAX: as many as there are. */
size_t vmr_os_most_addresses(void);
#else
static inline size_t vmr_os_most_addresses(void) { return 0; }
static inline void *vmr_os_reserve(size_t bytes) { return (void)bytes, NULL; }
static inline bool vmr_os_open(void *begin, size_t bytes, bool huge) {
  return (void)begin, (void)bytes, (void)huge, false;
}
#endif

/* Returns the memory of open pages: they read as zeros from here on, and stay open. */
#ifndef VMR_FREESTANDING
void vmr_os_clear(void *begin, size_t bytes);
#else
static inline void vmr_os_clear(void *begin, size_t bytes) { (void)begin, (void)bytes; }
#endif

/* The same of pages that were asked to be huge ones, maybe: now they are small until that is asked for again, so that the first byte
 * that is used of them does not bring 2 MiB. */
#ifndef VMR_FREESTANDING
void vmr_os_clear_huge(void *begin, size_t bytes);
#else
static inline void vmr_os_clear_huge(void *begin, size_t bytes) { (void)begin, (void)bytes; }
#endif

/* Moves the memory of open pages, whole large ones, to other open ones whose content is of no use; the old ones are then as
 * after vmr_os_clear. Returns how many bytes it moved, from the beginning: as many as the system moves at once, or 0. */
size_t vmr_os_move(void *to, void *from, size_t bytes);

#ifndef VMR_FREESTANDING

/* Nanoseconds since some fixed moment; does not go back. */
uint64_t vmr_os_nanoseconds(void);

/* Whether AddressSanitizer or Valgrind watches this process. */
bool vmr_os_is_watched(void);

/* Marks memory that nothing may touch, and memory that an object owns again (its bytes undefined). Nothing happens
 * when nobody watches. */
void vmr_os_poison(const void *memory, size_t bytes);
void vmr_os_unpoison(const void *memory, size_t bytes);

/* The same for memory that keeps its content while nobody may touch it. */
void vmr_os_permit(const void *memory, size_t bytes);

#else

static inline bool vmr_os_is_watched(void) { return false; }
static inline void vmr_os_poison(const void *memory, size_t bytes) { (void)memory, (void)bytes; }
static inline void vmr_os_unpoison(const void *memory, size_t bytes) { (void)memory, (void)bytes; }
static inline void vmr_os_permit(const void *memory, size_t bytes) { (void)memory, (void)bytes; }

#endif

#endif
