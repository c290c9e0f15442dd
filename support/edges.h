/* edges.h: edge lists as text, and the compressed rows that graph ops take.
 *
 *   # from to [weight]        row  0 2 3 3        the neighbours of node v are col[row[v]] ... col[row[v + 1] - 1],
 *   0 1                       col  1 2 2          in the order of the lines
 *   0 2
 *   1 2
 *
 * Nodes are numbers from 0 on. Blanks, tabs or one comma stand between the words; empty lines are passed over, and so is
 * what follows #, % or // at the beginning of a line. */
#ifndef VMO_SUPPORT_EDGES_H
#define VMO_SUPPORT_EDGES_H

#include "support/context.h"
#include "support/vec.h"

typedef struct vmo_edge {
  int64_t from, to;
  double weight;
  uint32_t line;
} vmo_edge;

typedef struct vmo_edges {
  VMO_VEC(vmo_edge) items; /* in the order of the lines */
  int64_t largest;         /* the largest node; -1 when there is no edge */
  bool weighted;           /* every line has a weight; else none has */
} vmo_edges;

/* Reads the context's source. VMO_INPUT_ERROR: a diagnostic names each malformed line. Linear. */
vmo_status vmo_read_edges(vmo_context *context, vmo_edges *edges);

typedef enum vmo_edge_use {
  VMO_EDGES_DIRECTED,  /* a line `a b` puts b into a's row */
  VMO_EDGES_REVERSED,  /* a into b's */
  VMO_EDGES_UNDIRECTED /* both, and once when a is b */
} vmo_edge_use;

typedef struct vmo_rows {
  int64_t node_count, edge_count;
  int64_t *row; /* node_count + 1 */
  int64_t *col; /* edge_count, each below node_count */
  double *weight;
} vmo_rows;

/* Sorts edges into rows; every node is below `node_count`. In the context's arena. Time and memory in proportion to
 * nodes and edges. VMO_OUT_OF_MEMORY, or VMO_OK. */
vmo_status vmo_make_rows(vmo_context *context, const vmo_edges *edges, vmo_edge_use use, int64_t node_count,
                         vmo_rows *rows);

#endif
