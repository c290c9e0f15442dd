/* valleys.h: the skyline of plain items, step by step; private to the folder. What it is: valleys.c. */
#ifndef VMO_PLANNER_VALLEYS_H
#define VMO_PLANNER_VALLEYS_H

#include "planner/boxes.h"

typedef struct vmo_valleys {
  vmo_work *work;
  const vmo_item *items; /* of the instance */
  uint32_t *ranked;      /* per rank: the item */
  uint32_t *points;      /* per rank: in the boxes */
  uint32_t count, left;  /* items; those without a place */
  uint32_t sections, first_section;
  vmo_bytes alignment, stop;
  vmo_boxes boxes;
  vmo_bytes *heights;      /* at the first section of a run */
  uint32_t *ends, *begins; /* of the run that begins there; of the one whose last section it is */
} vmo_valleys;

/* What a step changed: [begin, end) was a valley of `height`, and [left, right) is a run of `top` now. */
typedef struct vmo_valley_step {
  uint32_t begin, end, left, right;
  uint32_t rank; /* that was placed; VMO_NONE: the valley was raised */
  vmo_bytes height, top;
} vmo_valley_step;

/* What can be done with a valley. */
typedef struct vmo_valley_choice {
  uint32_t rank; /* of the first item within it, or VMO_NONE */
  vmo_bytes rim; /* the height of the lower neighbour; INT64_MAX: it has none */
} vmo_valley_choice;

/* Takes the part's items by rank, all or, in a stage, some. False: out of memory. */
bool vmo_valleys_init(vmo_valleys *valleys, vmo_work *work, const uint32_t *ranked, uint32_t count);
/* The next run after one that is at the stop, or higher than a neighbour; itself: it is a valley. The number of sections:
 * there is none. */
uint32_t vmo_valleys_walk_on(const vmo_valleys *valleys, uint32_t run);
/* Looks at a valley. */
vmo_valley_choice vmo_valleys_look(vmo_valleys *valleys, uint32_t run);
/* Places the chosen item in the valley, which falls apart, or raises it to its rim. */
vmo_valley_step vmo_valleys_do(vmo_valleys *valleys, uint32_t run, vmo_valley_choice choice);
/* Takes back the last step. */
void vmo_valleys_undo(vmo_valleys *valleys, const vmo_valley_step *step);
/* The span of a ranked item, in sections of the part. */
vmo_span vmo_valleys_span(const vmo_valleys *valleys, uint32_t rank);

/* The run that is in hand after a step. */
static inline uint32_t vmo_valleys_next(const vmo_valley_step *step) {
  return step->left > step->begin ? step->begin : step->left;
}

#endif
