/* huge_pages.c: what huge_pages.h describes; a binary exponential backoff, as of a sender whose line is busy. */
#include "runtime/huge_pages.h"

#include "runtime/context.h"

#define DEAR_NANOSECONDS 1000000u /* 512 small pages take as long */
#define LEAST_NANOSECONDS 20000u  /* nobody zeroes 2 MiB in less */
#define FIRST_PAUSE 8u
#define LONGEST_PAUSE 4096u /* 8 GiB */

bool vmr_huge_pages_are_due(vmr_huge_pages *pages, size_t count) {
  uint32_t left = VMR_PEEK(pages->left);
  if (left == 0) return true;
  VMR_PUBLISH(pages->left, count < left ? left - (uint32_t)count : 0);
  return false;
}

void vmr_huge_pages_judge(vmr_huge_pages *pages, uint64_t nanoseconds) {
  if (nanoseconds < LEAST_NANOSECONDS) return;
  uint32_t pause = VMR_PEEK(pages->pause);
  if (nanoseconds < DEAR_NANOSECONDS) {
    pause = 0;
  } else if (pause == 0) {
    pause = FIRST_PAUSE;
  } else if (pause < LONGEST_PAUSE) {
    pause *= 2;
  }
  VMR_PUBLISH(pages->pause, pause);
  VMR_PUBLISH(pages->left, pause);
}
