/* huge_pages.c: when huge pages are asked for: always where they are cheap, ever more seldom where they are dear. */
#include "runtime/huge_pages.h"

#include "tests/runtime/check.h"

enum { CHEAP = 100 * 1000, DEAR = 7 * 1000 * 1000, THERE = 1000, PAGES = 1 << 20 };

/* How many of `count` pages are asked to be huge, where each that is costs `cost`. */
static int huge_of(vmr_huge_pages *pages, int count, uint64_t cost) {
  int huge = 0;
  for (int i = 0; i < count; i++) {
    if (!vmr_huge_pages_are_due(pages, 1)) continue;
    huge++;
    vmr_huge_pages_judge(pages, cost);
  }
  return huge;
}

static void cheap_pages_are_all_huge(void) {
  vmr_huge_pages pages = {0};
  CHECK(huge_of(&pages, 1000, CHEAP) == 1000);
  CHECK(huge_of(&pages, 1000, THERE) == 1000);
}

/* 1 huge, 8 small, 1 huge, 16 small, 1 huge, 32 small, ... */
static void dear_pages_are_few(void) {
  vmr_huge_pages pages = {0};
  CHECK(huge_of(&pages, 1, DEAR) == 1);
  CHECK(huge_of(&pages, 8, DEAR) == 0);
  CHECK(huge_of(&pages, 1, DEAR) == 1);
  CHECK(huge_of(&pages, 16, DEAR) == 0);
  CHECK(huge_of(&pages, 1, DEAR) == 1);
  CHECK(huge_of(&pages, 1000, DEAR) == 5);
  /* and never none: 4096 small ones at most lie between two */
  int huge = huge_of(&pages, PAGES, DEAR);
  CHECK(huge >= PAGES / 4100 && huge <= PAGES / 4000);
}

/* One that was there before it was touched tells nothing; one that is cheap ends the pause, also the one that would follow. */
static void cheap_pages_end_a_pause(void) {
  vmr_huge_pages pages = {0};
  CHECK(huge_of(&pages, 1000, DEAR) == 7);
  while (!vmr_huge_pages_are_due(&pages, 1)) continue;
  vmr_huge_pages_judge(&pages, THERE);
  CHECK(vmr_huge_pages_are_due(&pages, 1));
  CHECK(pages.pause != 0);
  vmr_huge_pages_judge(&pages, CHEAP);
  CHECK(huge_of(&pages, 1000, CHEAP) == 1000);
  CHECK(huge_of(&pages, 1, DEAR) == 1);
  CHECK(huge_of(&pages, 9, DEAR) == 1);
}

/* A block counts with all its pages. */
static void blocks_count_with_their_pages(void) {
  vmr_huge_pages pages = {0};
  vmr_huge_pages_judge(&pages, DEAR);
  CHECK(!vmr_huge_pages_are_due(&pages, 5));
  CHECK(!vmr_huge_pages_are_due(&pages, 2));
  CHECK(!vmr_huge_pages_are_due(&pages, 100)); /* one was left */
  CHECK(vmr_huge_pages_are_due(&pages, 100));
}

int main(void) {
  cheap_pages_are_all_huge();
  dear_pages_are_few();
  cheap_pages_end_a_pause();
  blocks_count_with_their_pages();
  return 0;
}
