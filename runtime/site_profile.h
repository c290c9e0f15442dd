/* site_profile.h: the figures of each site, between what counts them and what writes them. */
#ifndef VMR_RUNTIME_SITE_PROFILE_H
#define VMR_RUNTIME_SITE_PROFILE_H

#include <pthread.h>

#include "vmemrt/site_profile.h"

#define VMR_SIZE_CLASSES 64
#define VMR_NEIGHBOURS 6 /* other sites that a row remembers */
#define VMR_EPOCHS 64
#define VMR_NO_SITE UINT32_MAX

/* How often another site came next. Of more than there is room for, the most frequent stay (A. Metwally, D. Agrawal, A. El Abbadi,
 * "Efficient Computation of Frequent and Top-k Elements in Data Streams", ICDT 2005). */
typedef struct vmr_neighbour {
  uint64_t count;
  uint32_t site;
} vmr_neighbour;

typedef struct vmr_site_row {
  uint64_t count, bytes;                   /* objects made, bytes asked for */
  uint64_t smallest, largest;              /* of an object */
  uint64_t frees, moves;                   /* of its objects */
  uint64_t objects, live_bytes;            /* now */
  uint64_t peak_objects, peak_bytes;       /* most at a time */
  uint64_t scope_bytes, scope_most;        /* since the function that drops its objects began; most of any call */
  uint64_t life_sum, life_most;            /* of those that were freed, in bytes allocated meanwhile */
  bool has_scope;                          /* such a function has begun */
  uint64_t alive;                          /* a bit for each epoch in which objects of it were alive */
  uint64_t sizes[VMR_SIZE_CLASSES];        /* objects */
  vmr_neighbour followed[VMR_NEIGHBOURS];  /* by what is made next */
  vmr_neighbour outlasted[VMR_NEIGHBOURS]; /* by what is freed next */
} vmr_site_row;

typedef struct vmr_site_books {
  pthread_mutex_t lock;
  const vmr_profiled_program *program; /* NULL: nothing is counted */
  vmr_site_row *rows;
  uint64_t clock;       /* bytes allocated */
  uint64_t epoch_bytes; /* of the clock in one epoch: doubled where the clock gets beyond the last one */
  uint32_t epoch;
  uint64_t lost; /* objects that there was no memory to remember */
  char *file;
  int process;
} vmr_site_books;

extern vmr_site_books vmr_the_site_books;

/* The largest size of a class; the last one has all that are larger, too. */
uint64_t vmr_size_of_class(unsigned class);

#endif
