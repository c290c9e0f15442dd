/* watch.h: when to stop: units of work, a time limit, a flag that another thread sets; private to the folder.
 *
 * Only units are asked for everywhere and always, so that without a time limit and a flag nothing depends on when things
 * happen. */
#ifndef VMO_PLANNER_WATCH_H
#define VMO_PLANNER_WATCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct vmo_watch {
  const atomic_bool *cancelled; /* or NULL */
  int64_t deadline;             /* of vmo_watch_now; 0: none */
} vmo_watch;

/* Nanoseconds of a clock that only goes forward. */
int64_t vmo_watch_now(void);
/* Whether time is up or the flag is set; to be asked every 100 microseconds or so. NULL: never. */
bool vmo_watch_is_over(const vmo_watch *watch);

/* Whether what takes so many nanoseconds would end in time. */
bool vmo_watch_has_time(const vmo_watch *watch, int64_t duration);

#endif
