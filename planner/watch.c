/* watch.c: the clock and the flag of watch.h. */
#define _POSIX_C_SOURCE 199309L
#include <time.h>

#include "planner/watch.h"

int64_t vmo_watch_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

bool vmo_watch_is_over(const vmo_watch *watch) {
  if (watch == NULL) return false;
  if (watch->cancelled != NULL && atomic_load_explicit(watch->cancelled, memory_order_relaxed)) return true;
  return watch->deadline != 0 && vmo_watch_now() >= watch->deadline;
}

bool vmo_watch_has_time(const vmo_watch *watch, int64_t duration) {
  if (vmo_watch_is_over(watch)) return false;
  return watch == NULL || watch->deadline == 0 || watch->deadline - vmo_watch_now() > duration;
}
