/* huge_pages.h: whether huge pages are worth asking for, on this machine and now.
 *
 * A huge page is zeroed when it is first touched, in a fraction of what 512 small pages take. Not so in a
 * virtual machine whose host takes back what its guests do not use (balloons, free page reporting): whole free blocks
 * of 2 MiB are what was taken back, and the host finds memory for them again at the first touch, page by page,
 * while small pages are cut from blocks that were in use a moment ago. Which of the two it is only the first touch tells. So it is timed:
 * after a dear page the next eight are small, then one more is tried; if that one is dear, too, twice as many are
 * small, and so on. What is lost is the logarithm of a program's pages. */
#ifndef VMR_RUNTIME_HUGE_PAGES_H
#define VMR_RUNTIME_HUGE_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zeros at first. Several threads may use one: what they then know of each other's pages is not exact. */
typedef struct {
  uint32_t left;  /* this many pages to come are small */
  uint32_t pause; /* as many were, when this began; 0: the last huge page was cheap */
} vmr_huge_pages;

/* Whether `count` pages, one after the other, shall be huge ones; counts them when not. */
bool vmr_huge_pages_are_due(vmr_huge_pages *pages, size_t count);

/* One was touched for the first time, which took so many nanoseconds of the thread's processor time. What took next to none was
 * there before, and tells nothing. */
void vmr_huge_pages_judge(vmr_huge_pages *pages, uint64_t nanoseconds);

#endif
