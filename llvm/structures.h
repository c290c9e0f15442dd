/* structures.h: which heap objects of a whole program belong together. Private to llvm/.
 *
 *   node        objects that the program can't be shown to keep apart; sites and frees name the nodes that they may mean
 *   structure   nodes whose objects point to each other: a list and its elements
 *   scope       nodes whose objects nobody knows any more when a function returns
 *
 * Two objects of different nodes are different objects for every access of the program. A node that is not external is
 * known to the program's own code alone: no library frees, moves or keeps its objects. */
#ifndef VMO_LLVM_STRUCTURES_H
#define VMO_LLVM_STRUCTURES_H

#include "analysis/analysis.h"
#include "support/text.h"
#include "llvm/program.h"

typedef struct vmo_ll_structure_node {
  uint32_t structure;              /* nodes with the same number point to each other, directly or not */
  uint32_t function;               /* in which it is local: no object outlives it; VMO_NONE: the whole run */
  uint32_t site_first, site_count; /* into `sites`: allocation calls */
  vmo_bytes object_bytes;          /* when all its sites ask for the same constant; -1: they don't */
  uint32_t alignment;              /* that accesses need; 16 when nothing is known */
  bool external;                   /* code that is not seen may free, move or keep it: stays on malloc */
  bool hidden;                     /* a number may become its address: any call of the program may free or move it */
  vmo_site_escape escape;          /* why it is external */
  uint32_t escape_at;              /* the instruction; VMO_NONE: none */
  bool global;                     /* global variables lead to it */
  bool freed;                      /* some free may get it */
  bool moved;                      /* some realloc may get it */
  bool freed_by_pointer;           /* some call through a pointer may be the library's free or realloc, and get it */
  bool collapsed;                  /* its fields are not told apart */
  bool array;                      /* its objects hold a repeated pattern, or are of any size */
} vmo_ll_structure_node;

/* Objects of `nodes` are all made during an activation of the function, by it or by what it calls, and nobody knows them
 * when it returns. */
typedef struct vmo_ll_structure_scope {
  uint32_t function;
  uint32_t structure;              /* of its nodes */
  uint32_t node_first, node_count; /* into `scope_nodes` */
  uint32_t site_first, site_count; /* into `scope_sites`: allocation calls, of the function or beneath */
  bool freed, moved;
  bool whole; /* every object made at those sites during an activation belongs to these nodes, or
                                      to ones that are local to a function beneath */
} vmo_ll_structure_scope;

typedef VMO_VEC(uint32_t) vmo_ll_ids;

typedef struct vmo_ll_structures {
  VMO_VEC(vmo_ll_structure_node) nodes;
  uint32_t structure_count;
  vmo_ll_ids sites;
  uint32_t *first; /* by instruction of the program, one more than there are: into `lists` */
  vmo_ll_ids lists;
  VMO_VEC(vmo_ll_structure_scope) scopes; /* by function, then structure */
  vmo_ll_ids scope_nodes, scope_sites;
  bool *others;           /* by instruction: a call that may free what no site makes, too */
  uint32_t *callee_first; /* by instruction, one more than there are: into `callees` */
  vmo_ll_ids callees; /* functions with a body, and allocators, that a call may mean; VMO_NONE: code that is not seen */
  vmo_ll_ids entered; /* functions that such code may call */
} vmo_ll_structures;

/* Nodes of heap objects that an instruction makes (an allocation call: several when its callers' objects are kept apart)
 * or may free or move (a call of free, realloc; or one through a pointer). */
static inline uint32_t vmo_ll_node_count_of(const vmo_ll_structures *structures, uint32_t instruction) {
  return structures->first[instruction + 1] - structures->first[instruction];
}
static inline const uint32_t *vmo_ll_nodes_of(const vmo_ll_structures *structures, uint32_t instruction) {
  return &structures->lists.data[structures->first[instruction]];
}

typedef struct vmo_ll_structure_options {
  bool whole_program; /* else all that others can name is external */
  bool accesses;      /* the lists are filled for loads and stores, too: for tests */
  bool results;       /* and for calls of functions with a body: what they return */
} vmo_ll_structure_options;

/* Finds them, in `arena`. */
vmo_status vmo_find_structures(vmo_ll_program *program, const vmo_ll_structure_options *options, vmr_arena *arena,
                               vmo_ll_structures **structures);
/* As text, for tests. (structures_print.c) */
void vmo_print_structures(const vmo_ll_structures *structures, const vmo_ll_program *program, vmo_text *out);

#endif
