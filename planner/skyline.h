/* skyline.h: what the files of the skyline share; private to the folder.
 *
 *   skyline.c        the run: who is next, and where it lies
 *   skyline_setup.c  what a run begins with */
#ifndef VMO_PLANNER_SKYLINE_H
#define VMO_PLANNER_SKYLINE_H

#include "planner/boxes.h"
#include "planner/tree.h"

#define MAX_TIERS 8

/* All that a run needs to know of an item, in one cache line; in the order of ranks. Spans and sections are in the
 * part's own numbers. */
typedef struct sky_seat {
  vmo_bytes bytes, alignment;
  vmo_bytes offset;        /* once placed */
  vmo_span span;           /* the first one */
  uint32_t item;           /* index in the instance */
  uint32_t span_count;     /* the others are looked up there; 1 when the gaps were given up */
  uint32_t tier;           /* of its alignment */
  uint32_t point;          /* in the boxes: of the whole from its first span to its last */
  uint32_t section;        /* at which it waits */
  uint32_t child, sibling; /* of the heap there: ranks */
  uint32_t moves : 30;     /* how often it moved on */
  uint32_t shaped : 1;     /* its extents count */
  uint32_t waits : 1;      /* at a section, not in the boxes */
} sky_seat;

typedef enum wait_origin { FROM_VALLEY, FROM_SECTION, FROM_HELD_UP } wait_origin;

/* Who is next, and where it can lie, as far as is known. */
typedef struct candidate {
  vmo_bytes offset; /* INT64_MAX: nobody */
  uint32_t rank;
  vmo_span run; /* where that is: the valley, the section at which it waits, or all of a held up item */
  wait_origin origin;
} candidate;

/* The items of one alignment. */
typedef struct sky_tier {
  vmo_bytes alignment;
  vmo_tree filled;  /* valleys in which nobody fits are filled */
  vmo_boxes boxes;  /* of the items that lie in valleys */
  vmo_tree heights; /* the true ones, for those who wait: who waits first at a section is the root of the heap there */
  candidate found;  /* the last answer about the valleys */
  bool is_fresh;    /* and nothing has changed since */
} sky_tier;

typedef struct skyline {
  vmo_work *work;
  const vmo_instance *instance;
  uint32_t first_section; /* of the part */
  uint32_t ranked_count;
  sky_seat *seats; /* per rank; without the pins */
  uint32_t count;
  sky_tier tiers[MAX_TIERS]; /* by alignment, ascending */
  uint32_t tier_count;
  bool any_waits; /* the trees of true heights are kept */
  uint32_t *pins; /* items, by offset */
  uint32_t pin_count;
  vmo_keyed *held_up; /* a binary heap of (offset, rank): above a pin, or of a shaped one */
  uint32_t held_up_count;
  vmo_bytes stop; /* nobody is placed from here on */
} skyline;

/* ---- spans, in the part's own numbers ---- */

static inline vmo_span vmo_sky_item_span(const skyline *sky, const vmo_item *item, uint32_t index) {
  vmo_span span = sky->instance->spans[item->span_first + index];
  return (vmo_span){span.begin - sky->first_section, span.end - sky->first_section};
}

static inline vmo_span vmo_sky_seat_span(const skyline *sky, const sky_seat *seat, uint32_t index) {
  return index == 0 ? seat->span : vmo_sky_item_span(sky, &sky->instance->items[seat->item], index);
}

static inline vmo_span vmo_sky_whole_span(const skyline *sky, const sky_seat *seat) {
  return (vmo_span){seat->span.begin, vmo_sky_seat_span(sky, seat, seat->span_count - 1).end};
}

/* ---- skyline.c ---- */

/* Raises a span of the skyline in all trees. */
void vmo_sky_raise_span(skyline *sky, vmo_span span, vmo_bytes top);
/* Lets an item wait for its turn at an offset. */
void vmo_sky_hold_up(skyline *sky, vmo_bytes offset, uint32_t rank);
/* Puts an item into the heap of a section; true when it is the first there. */
bool vmo_sky_join_section(skyline *sky, uint32_t rank, uint32_t section);
/* The true height of the skyline under an item, and the section that holds it up; of a shaped one, its offset. */
vmo_bytes vmo_sky_find_height(skyline *sky, const sky_seat *seat, uint32_t *section);

/* ---- skyline_setup.c ---- */

/* Takes the items in the order of their ranks. False: out of memory. */
bool vmo_sky_set_up(skyline *sky, const uint32_t *ranked, bool coarse);

#endif
