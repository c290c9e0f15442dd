/* slots.h: what has to be placed in a function's arenas. Private to passes/.
 *
 * Items belong to a home (the function, or a stream, whose sub-arena is an item of its parent) and a space; all of one
 * home and space are placed together, inner homes first. */
#ifndef VMO_PASSES_SLOTS_H
#define VMO_PASSES_SLOTS_H

#include "passes/occupants.h"

typedef enum vmo_item_kind { VMO_ITEM_BUFFER, VMO_ITEM_WORKSPACE, VMO_ITEM_CALLEE, VMO_ITEM_STREAM } vmo_item_kind;

typedef struct vmo_item {
  vmo_item_kind kind;
  uint32_t index; /* root, workspace, entry of layout->callees, or stream */
  vmo_stream_id home;
  vmo_space_id space;
  vmo_bytes bytes; /* -1: not known */
  vmo_size_id size;
  uint32_t alignment;
  int64_t fixed_offset;              /* -1: none */
  uint32_t range_first, range_count; /* into vmo_item_list.ranges */
  vmo_size_id offset;                /* the answer: in its home's arena of its space */
  uint32_t slot;                     /* symbolic: the slot it shares within that */
} vmo_item;

typedef struct vmo_item_list {
  VMO_VEC(vmo_item) items;
  VMO_VEC(vmo_live_range) ranges;
} vmo_item_list;

/* What one home needs in one space. */
typedef struct vmo_sub_arena {
  vmo_amount amount;
  uint32_t alignment;
} vmo_sub_arena;

/* Places items[first..end), all of one home and space: sets their offsets (and slots), and *arena. */
typedef vmo_status (*vmo_item_placer)(vmo_planning *planning, vmo_item_list *list, uint32_t first, uint32_t end,
                                      vmo_layout *layout, vmo_sub_arena *arena);

vmo_status vmo_place_items(vmo_planning *planning, vmo_item_list *list, uint32_t first, uint32_t end,
                           vmo_layout *layout, vmo_sub_arena *arena); /* slots.c: by the planner, in numbers */
vmo_status vmo_place_symbolic_items(vmo_planning *planning, vmo_item_list *list, uint32_t first, uint32_t end,
                                    vmo_layout *layout, vmo_sub_arena *arena); /* symbolic_slots.c */

#endif
