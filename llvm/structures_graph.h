/* structures_graph.h: memory as nodes and the edges between them, for structures.c. Private to llvm/.
 *
 *   place     (node, offset)              where a pointer points; any two that may be equal are made one
 *   node      objects that are one for us: flags, where they may go further up
 *   content   what stands in the objects of one node or several: edges by offset
 *   edge      the bytes [offset, offset + width) of a content may hold a pointer to a place
 *
 *   values        nodes                          contents
 *   %p ---------> list element (freed) --------> stride 0   0: -> list element, 0   8: -> text, 0
 *   %q ---------> array of those --------------> stride 16  (offsets are modulo 16)
 *   %t ---------> text ------------------------> stride 1   collapsed: one offset
 *
 * A copy of memory makes two contents one, and leaves the objects apart. Nodes and contents are classes of a union-find
 * with distances: an id may be an older name of another, so offsets are always looked at after vmo_ll_settle. */
#ifndef VMO_LLVM_STRUCTURES_GRAPH_H
#define VMO_LLVM_STRUCTURES_GRAPH_H

#include "analysis/analysis.h"
#include "llvm/program.h"

typedef struct vmo_ll_place {
  int64_t offset;
  uint32_t node; /* VMO_NONE: nowhere */
} vmo_ll_place;

#define VMO_LL_NOWHERE ((vmo_ll_place){0, VMO_NONE})

enum {
  VMO_LL_EXTERNAL = 1,    /* code that is not seen knows it; so does what can be reached from it */
  VMO_LL_SHARED = 2,      /* global variables lead to it: the same for all callers; so is what can be reached from it */
  VMO_LL_HAS_FREE = 4,    /* some free may get it */
  VMO_LL_HAS_MOVE = 8,    /* some realloc may get it */
  VMO_LL_BY_POINTER = 16, /* one of them is called through a pointer */
  VMO_LL_HAS_SITE = 32,   /* an allocation makes such objects */
  VMO_LL_ARRAY = 64,      /* indexed */
  VMO_LL_ESCAPES = 128,   /* callers of the function that owns it know it */
  VMO_LL_HIDDEN = 256,    /* a number may become its address anywhere; so with what can be reached from it */
  VMO_LL_SPREADS = VMO_LL_EXTERNAL | VMO_LL_SHARED | VMO_LL_HIDDEN
};

typedef struct vmo_ll_graph_node {
  uint32_t parent; /* itself: it is no older name */
  uint32_t content;
  int64_t distance; /* what is at offset x here is at x + distance in the parent */
  int64_t content_distance;
  uint32_t function_first, function_last; /* into links: functions of which this is the address */
  uint32_t function_count;
  uint32_t up_first, up_last; /* into links: nodes of callers that stand for it */
  uint32_t owner;             /* function; VMO_NONE: none */
  uint32_t escape_at;
  uint16_t alignment, flags;
  uint8_t escape;
} vmo_ll_graph_node;

typedef struct vmo_ll_content {
  uint32_t parent, edge_first, edge_count;
  uint32_t stride; /* 0: offsets are exact; 1: all are the same */
  int64_t distance;
  uint32_t escape_at;
  uint16_t flags;
  uint8_t escape;
} vmo_ll_content;

typedef struct vmo_ll_edge {
  int64_t offset;
  vmo_ll_place target;
  uint32_t next, width;
} vmo_ll_edge;

typedef struct vmo_ll_link {
  uint32_t to, next;
  uint32_t function; /* of an up link: the one whose call it is */
} vmo_ll_link;

typedef struct vmo_ll_pair {
  vmo_ll_place left, right;
} vmo_ll_pair;

typedef struct vmo_ll_mark {
  uint32_t node, escape_at;
  uint16_t flags;
  uint8_t escape;
} vmo_ll_mark;

typedef struct vmo_ll_graph {
  vmr_arena *arena;
  VMO_VEC(vmo_ll_graph_node) nodes;
  VMO_VEC(vmo_ll_content) contents;
  VMO_VEC(vmo_ll_edge) edges;
  VMO_VEC(vmo_ll_link) links;
  VMO_VEC(vmo_ll_pair) pairs; /* still to be made one */
  VMO_VEC(vmo_ll_mark) marks; /* still to be spread */
  uint32_t owner;             /* function whose graph grows */
  bool hides; /* objects whose addresses become numbers are hidden, and not external: what frees is all seen */
  bool changed, out_of_memory;
} vmo_ll_graph;

/* A new node, with an empty content of its own. */
vmo_ll_place vmo_ll_new_place(vmo_ll_graph *graph);
/* The same place under its present name. */
vmo_ll_place vmo_ll_settle(vmo_ll_graph *graph, vmo_ll_place place);
uint32_t vmo_ll_find_node(vmo_ll_graph *graph, uint32_t node);
/* The content of a node, and where in it the node's offset 0 is. */
uint32_t vmo_ll_find_content(vmo_ll_graph *graph, uint32_t node, int64_t *distance);
/* Makes two places one; nowhere is no place. */
void vmo_ll_unify(vmo_ll_graph *graph, vmo_ll_place left, vmo_ll_place right);
/* Makes the contents one that start at two places. */
void vmo_ll_unify_contents(vmo_ll_graph *graph, vmo_ll_place left, vmo_ll_place right);
/* Offsets of what is at the place are modulo `stride` from now on. */
void vmo_ll_fold(vmo_ll_graph *graph, vmo_ll_place place, uint64_t stride);
/* What the bytes at a place may point to; -1 bytes: any that follow. */
vmo_ll_place vmo_ll_follow(vmo_ll_graph *graph, vmo_ll_place place, int64_t bytes);
/* The same for fewer bytes than a pointer has. */
vmo_ll_place vmo_ll_follow_part(vmo_ll_graph *graph, vmo_ll_place place, uint32_t bytes);
void vmo_ll_mark_place(vmo_ll_graph *graph, vmo_ll_place place, uint16_t flags);
void vmo_ll_expose(vmo_ll_graph *graph, vmo_ll_place place, vmo_site_escape escape, uint32_t at);
/* All that the place's content points to is exposed. */
void vmo_ll_expose_content(vmo_ll_graph *graph, vmo_ll_place place, vmo_site_escape escape, uint32_t at);
void vmo_ll_need_alignment(vmo_ll_graph *graph, vmo_ll_place place, uint32_t alignment);
/* Says that the place is the address of a function. */
void vmo_ll_add_function_at(vmo_ll_graph *graph, vmo_ll_place place, uint32_t function);
void vmo_ll_add_up_link(vmo_ll_graph *graph, uint32_t from, uint32_t to, uint32_t function);

#endif
