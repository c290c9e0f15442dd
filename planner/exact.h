/* exact.h: the exact search for a plan of one part within a capacity; private to the folder.
 *
 * Its state is the set of unplaced items, each with the least offset that it can still have:
 *
 *   offset ^      ├──c──┤ ├─d─┤            a is placed. c lies on it: c's least offset is a's top, and a supports it;
 *          |   ┌─────────┐     ├──b──┤     those of b and d are 0. Every placed item lies below all unplaced ones that
 *          |   │    a    │                 it shares a section with, so that least offsets alone say what is left.
 *          +───┴─────────┴──────────────> sections
 *
 * A plan is normal when each item, pins apart, lies on another one or on the ground, rounded up to its alignment.
 * Letting the items fall, from the lowest up, makes any plan normal: none rises, none passes another, pins stay. Gaps
 * change nothing in that, for who can pass whom is a matter of sharing a section. So only normal plans are looked for.
 *
 * The search goes depth first, with one undo stack and no allocation for a node. In each node it takes a section and
 * tries each item that can lie at the section's floor (the least of the least offsets there), and then that none does.
 * The ideas of canonical order, section inference and dynamic decomposition are those of MiniMalloc (Moffitt, ASPLOS
 * 2023), there for a search that places whichever buffer can lie lowest anywhere. Here a decision concerns one section,
 * and the one with the fewest ways out is decided first. */
#ifndef VMO_PLANNER_EXACT_H
#define VMO_PLANNER_EXACT_H

#include "planner/instance.h"
#include "planner/watch.h"
#include "support/vec.h"

/* The rules that cut the search short, each with a switch for the tests: no answer depends on any of them. */
typedef enum vmo_exact_rule {
  VMO_RULE_STACK = 1,   /* a section's items must fit when piled up from their least offsets on */
  VMO_RULE_FIRST = 2,   /* who cannot be the lowest of a section lies above one who can */
  VMO_RULE_LIFT = 4,    /* who is not at its least offset lies on another unplaced item */
  VMO_RULE_SUPPORT = 8, /* who has nothing under its least offset is not placed there */
  VMO_RULE_SPLIT = 16,  /* what no unplaced item connects is searched apart */
  VMO_RULE_MEMORY = 32, /* a state that failed fails again */
  VMO_RULE_FEWEST = 64, /* decides where the choices are fewest, not at the lowest section */
  VMO_RULE_NEAR = 128,  /* decides what is forced, and else what is next to the last decision */
  VMO_RULE_ALL = 127    /* NEAR is one way to go about it, FEWEST the other */
} vmo_exact_rule;

/* ---- the state (exact_state.c) ---- */

typedef struct vmo_exact_section {
  vmo_bytes floor;  /* the least offset of its unplaced items; INT64_MAX: none is left */
  vmo_bytes limit;  /* the most that the floor may be */
  uint32_t choices; /* items that can lie at the floor */
  uint32_t count;   /* only so many first ones in `covers` may be unplaced */
} vmo_exact_section;

typedef struct vmo_exact_change {
  vmo_bytes least;
  uint32_t item; /* twice the item, plus 1 if it was supported */
} vmo_exact_change;

typedef struct vmo_exact_section_change {
  vmo_exact_section section;
  uint32_t index;
} vmo_exact_section_change;

/* How far the undo stacks had grown. */
typedef struct vmo_exact_mark {
  uint32_t changes, section_changes;
} vmo_exact_mark;

typedef struct vmo_exact_state {
  unsigned rules;
  vmo_bytes capacity;
  uint64_t units; /* of work so far */
  uint32_t item_count, item_words, section_count, section_words;

  /* per item, in the order of their first sections */
  vmo_bytes *bytes, *masks; /* size; alignment less 1 */
  vmo_bytes *latest;        /* the most that its offset may be */
  vmo_bytes *least;         /* the least that it may be; INT64_MAX once placed */
  vmo_bytes *offsets;       /* once placed */
  bool *supported;          /* something lies just under its least offset */
  bool *pinned;
  vmo_span *hulls;       /* from its first section to its last; numbered from the part's first */
  uint64_t *neighbours;  /* item_words each: who shares a section with it */
  uint32_t *sources;     /* index in the instance */
  uint32_t *span_firsts; /* and one more: into spans */
  vmo_span *spans;

  uint32_t *cover_firsts; /* per section, and one more: into covers */
  uint32_t *covers;       /* its items, about in the order of their least offsets */
  vmo_exact_section *sections;
  uint64_t *unplaced, *dirty; /* items; sections to look at */

  vmr_arena *arena; /* of the undo stacks */
  VMO_VEC(vmo_exact_change) changes;
  VMO_VEC(vmo_exact_section_change) section_changes;
  bool out_of_memory; /* noticed when a stack had to grow; what was asked for has failed */
} vmo_exact_state;

/* False: out of memory. */
bool vmo_exact_init(vmo_exact_state *state, const vmo_instance *instance, const vmo_part *part, vmr_arena *arena);
/* What vmo_exact_init takes, in bytes, for so many items, and for sections with so many items in all of them. */
uint64_t vmo_exact_bytes(uint64_t items, uint64_t covers);
/* Forgets all decisions. False: there is no plan within the capacity. */
bool vmo_exact_restart(vmo_exact_state *state, vmo_bytes capacity);
/* Puts an item at its least offset. False: there is no plan with that. */
bool vmo_exact_place(vmo_exact_state *state, uint32_t item);
/* Lets none of the unplaced items of a section lie at its floor. False: there is no plan with that. */
bool vmo_exact_skip(vmo_exact_state *state, uint32_t section);
/* Draws the conclusions of what was decided. False: there is no plan with that. */
bool vmo_exact_conclude(vmo_exact_state *state);
void vmo_exact_undo(vmo_exact_state *state, vmo_exact_mark mark);
/* The first unplaced item from `item` on, or `end`. */
uint32_t vmo_exact_next(const vmo_exact_state *state, uint32_t item, uint32_t end);

/* ---- the search (exact.c) ---- */

typedef enum vmo_exact_answer {
  VMO_EXACT_FOUND, /* the plan is in state.offsets */
  VMO_EXACT_NONE,  /* there is no plan within the capacity */
  VMO_EXACT_LIMIT, /* stopped */
  VMO_EXACT_OUT_OF_MEMORY
} vmo_exact_answer;

/* What connected items are still to be placed. */
typedef struct vmo_exact_component {
  uint32_t item_begin, item_end; /* those of them that are unplaced */
  uint32_t parent;               /* the frame whose decision made it; VMO_NONE: none did */
  uint32_t next;                 /* another open component, or VMO_NONE */
} vmo_exact_component;

/* A component and a decision about it. */
typedef struct vmo_exact_frame {
  vmo_exact_component component;
  vmo_exact_mark mark;         /* before the decision */
  uint32_t component_count;    /* before the decision */
  uint32_t section;            /* which is decided */
  uint32_t choice, choice_end; /* the next item to try, in the search's choices */
  bool may_skip;
  uint64_t hash; /* of the component, to remember its failure by; 0: not needed */
} vmo_exact_frame;

typedef struct vmo_exact {
  vmo_exact_state state;
  uint64_t nodes; /* of all runs */
  vmr_arena *arena;
  uint32_t *ranks; /* per item of the state: whom to try first */
  VMO_VEC(vmo_exact_frame) frames;
  VMO_VEC(vmo_exact_component) components;
  VMO_VEC(uint32_t) choices;
  uint32_t open;       /* the component to be searched next; VMO_NONE: all have their plans */
  uint64_t *memory;    /* hashes of failed states, */
  uint64_t salt;       /* in which the capacity is mixed, */
  uint64_t generation; /* and how often all was forgotten */
  unsigned memory_bits;
  const atomic_uint_least64_t *race; /* or NULL: give up with more nodes in this run than another one needed */
} vmo_exact;

/* The memory of failed states has 2^memory_bits entries. False: out of memory. */
bool vmo_exact_create(vmo_exact *exact, const vmo_instance *instance, const vmo_part *part, unsigned memory_bits,
                      vmr_arena *arena);
/* Who comes first in `ranked` (items of the instance, as from vmo_rank_items) is tried first. `places` has room for
 * the instance's items. */
void vmo_exact_rank(vmo_exact *exact, const uint32_t *ranked, uint32_t *places);
/* Looks for a plan within the capacity, with at most so many nodes, until the watch says stop. */
vmo_exact_answer vmo_exact_search(vmo_exact *exact, vmo_bytes capacity, uint64_t node_limit, const vmo_watch *watch);
/* Forgets the failed states. */
void vmo_exact_forget(vmo_exact *exact);

#endif
