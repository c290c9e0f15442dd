/* A Delaunay triangulation by dividing and merging (Guibas and Stolfi, 1985). An edge is four records that lie together,
 * aligned to their size, so that a record's turns are found from its address. Deleted edges are kept for the next ones. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#ifndef KEEP
#define KEEP 0
#endif

typedef struct point {
  double x, y;
} point;

typedef struct edge {
  struct edge *next; /* counter-clockwise around the origin */
  point *from;
  struct edge *made; /* of the first record: the edge that was made before */
  long used;
} edge;

enum { BYTES = 4 * sizeof(edge) };

static edge *made, *spare;

static edge *turned(edge *e, unsigned by) {
  uintptr_t at = (uintptr_t)e;
  return (edge *)((at & ~(uintptr_t)(BYTES - 1)) | ((at + by * sizeof(edge)) & (BYTES - 1)));
}

static edge *rotated(edge *e) { return turned(e, 1); }
static edge *opposite(edge *e) { return turned(e, 2); }
static edge *rotated_back(edge *e) { return turned(e, 3); }
static point *to(edge *e) { return opposite(e)->from; }
static edge *left_next(edge *e) { return rotated(rotated_back(e)->next); }
static edge *previous(edge *e) { return rotated(rotated(e)->next); }

static edge *take(void) {
  edge *e = spare;
  if (e != NULL) {
    spare = e->next;
    return e;
  }
  e = aligned_alloc(BYTES, BYTES);
  if (e == NULL) exit(1);
  e->made = made;
  made = e;
  return e;
}

static edge *new_edge(point *from, point *to) {
  edge *e = take();
  e[0].next = e, e[1].next = e + 3, e[2].next = e + 2, e[3].next = e + 1;
  e[0].from = from, e[2].from = to;
  e[0].used = 1;
  return e;
}

static void splice(edge *a, edge *b) {
  edge *c = rotated(a->next), *d = rotated(b->next), *next = a->next;
  a->next = b->next;
  b->next = next;
  next = c->next;
  c->next = d->next;
  d->next = next;
}

static edge *connect(edge *a, edge *b) {
  edge *e = new_edge(to(a), b->from);
  splice(e, left_next(a));
  splice(opposite(e), b);
  return e;
}

static void cut_out(edge *e) {
  splice(e, previous(e));
  splice(opposite(e), previous(opposite(e)));
  edge *first = (edge *)((uintptr_t)e & ~(uintptr_t)(BYTES - 1));
  first->used = 0;
  first->next = spare;
  spare = first;
}

static double turn(const point *a, const point *b, const point *c) {
  return (b->x - a->x) * (c->y - a->y) - (b->y - a->y) * (c->x - a->x);
}

static int in_circle(const point *a, const point *b, const point *c, const point *d) {
  double ax = a->x - d->x, ay = a->y - d->y, bx = b->x - d->x, by = b->y - d->y, cx = c->x - d->x, cy = c->y - d->y;
  return (ax * ax + ay * ay) * (bx * cy - by * cx) - (bx * bx + by * by) * (ax * cy - ay * cx) +
             (cx * cx + cy * cy) * (ax * by - ay * bx) >
         0;
}

static int is_above(edge *e, edge *base) { return turn(to(e), to(base), base->from) > 0; }

/* Deletes what the edges between both halves cross, and puts in those, from the lower common tangent upwards. */
static void merge(edge *base) {
  for (;;) {
    edge *left = opposite(base)->next, *right = previous(base);
    if (is_above(left, base))
      while (in_circle(to(base), base->from, to(left), to(left->next))) {
        edge *next = left->next;
        cut_out(left);
        left = next;
      }
    if (is_above(right, base))
      while (in_circle(to(base), base->from, to(right), to(previous(right)))) {
        edge *next = previous(right);
        cut_out(right);
        right = next;
      }
    int left_is = is_above(left, base), right_is = is_above(right, base);
    if (!left_is && !right_is) return;
    if (!left_is || (right_is && in_circle(to(left), left->from, right->from, to(right)))) {
      base = connect(right, opposite(base));
    } else {
      base = connect(opposite(base), opposite(left));
    }
  }
}

typedef struct hull {
  edge *left, *right; /* counter-clockwise out of the leftmost point, clockwise out of the rightmost */
} hull;

static hull of_three(point **p) {
  edge *a = new_edge(p[0], p[1]), *b = new_edge(p[1], p[2]);
  splice(opposite(a), b);
  double area = turn(p[0], p[1], p[2]);
  if (area < 0) {
    edge *c = connect(b, a);
    return (hull){opposite(c), c};
  }
  if (area > 0) connect(b, a);
  return (hull){a, opposite(b)};
}

static hull triangulate(point **p, long count) {
  if (count == 2) {
    edge *e = new_edge(p[0], p[1]);
    return (hull){e, opposite(e)};
  }
  if (count == 3) return of_three(p);
  hull low = triangulate(p, count / 2), high = triangulate(p + count / 2, count - count / 2);
  edge *left = low.right, *right = high.left;
  for (;;) {
    if (turn(right->from, left->from, to(left)) > 0) {
      left = left_next(left);
    } else if (turn(left->from, to(right), right->from) > 0) {
      right = opposite(right)->next;
    } else {
      break;
    }
  }
  edge *base = connect(opposite(right), left);
  if (left->from == low.left->from) low.left = opposite(base);
  if (right->from == high.right->from) high.right = base;
  merge(base);
  return (hull){low.left, high.right};
}

static int from_left(const void *left, const void *right) {
  const point *a = *(point *const *)left, *b = *(point *const *)right;
  if (a->x != b->x) return a->x < b->x ? -1 : 1;
  return (a->y > b->y) - (a->y < b->y);
}

static double draw(unsigned *state) {
  *state = *state * 1103515245u + 12345u;
  return (double)(*state >> 8) / 16777216.0;
}

static void report(long count, edge *e) {
  long edges = 0, corners = 0;
  double length = 0, around = 0;
  for (edge *m = made; m != NULL; m = m->made) {
    if (!m->used) continue;
    edges++;
    length += hypot(m->from->x - to(m)->x, m->from->y - to(m)->y);
  }
  edge *at = e;
  do {
    corners++;
    around += hypot(at->from->x - to(at)->x, at->from->y - to(at)->y);
    at = left_next(at);
  } while (at != e);
  printf("%ld points: %ld edges, %.6f long, %ld corners, %.6f around\n", count, edges, length, corners, around);
}

static void drop_edges(void) {
  while (made != NULL) {
    edge *before = made->made;
    free(made);
    made = before;
  }
  spare = NULL;
}

static void run(long count) {
  unsigned state = (unsigned)count;
  point **points = malloc((size_t)count * sizeof *points);
  if (points == NULL) exit(1);
  for (long i = 0; i < count; i++) {
    points[i] = malloc(sizeof *points[i]);
    if (points[i] == NULL) exit(1);
    points[i]->x = draw(&state);
    points[i]->y = draw(&state);
  }
  qsort(points, (size_t)count, sizeof *points, from_left);
  report(count, triangulate(points, count).right);
  if (KEEP) return;
  drop_edges();
  for (long i = 0; i < count; i++) free(points[i]);
  free(points);
}

/* The argument is the number of points. */
int main(int count, char **arguments) {
  if (count > 1) {
    run(atol(arguments[1]));
    return 0;
  }
  for (long points = 2; points < 3000; points = points * 2 + 1) run(points);
  return 0;
}
