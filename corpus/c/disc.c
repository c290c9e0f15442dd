/* A disc as a quad tree of black and white squares: its area, and its outline by neighbours that are found through parents
 * (Samet, Region representation: quadtrees, 1980). With KEEP=1 the tree is left to the end of the process. */
#include <stdio.h>
#include <stdlib.h>

#ifndef KEEP
#define KEEP 0
#endif

enum { WHITE, BLACK, GREY };

typedef struct square {
  int colour, which; /* bit 0 of which: in the right half of the parent, bit 1: in the lower half */
  struct square *parent, *quarter[4];
} square;

static long radius;

static long nearest(long from, long size) { return from > 0 ? from : from + size < 0 ? from + size : 0; }

static long farthest(long from, long size) { return labs(from) > labs(from + size) ? from : from + size; }

static int colour_of(long x, long y, long size) {
  long limit = radius * radius, far_x = farthest(x, size), far_y = farthest(y, size);
  long near_x = nearest(x, size), near_y = nearest(y, size);
  if (far_x * far_x + far_y * far_y <= limit) return BLACK;
  if (near_x * near_x + near_y * near_y >= limit) return WHITE;
  return size > 1 ? GREY : BLACK;
}

static square *build(square *parent, int which, long x, long y, long size) {
  square *s = malloc(sizeof *s);
  if (s == NULL) exit(1);
  s->parent = parent;
  s->which = which;
  s->colour = colour_of(x, y, size);
  for (int i = 0; i < 4; i++) {
    long half = size / 2;
    s->quarter[i] = s->colour == GREY ? build(s, i, x + (i & 1) * half, y + (i >> 1) * half, half) : NULL;
  }
  return s;
}

static long area(const square *s, long size) {
  long sum = 0;
  if (s->colour != GREY) return s->colour == BLACK ? size * size : 0;
  for (int i = 0; i < 4; i++) sum += area(s->quarter[i], size / 2);
  return sum;
}

/* The neighbour of equal or larger size: side 0 left, 1 right, 2 above, 3 below. */
static const square *neighbour(const square *s, int side) {
  int bit = 1 << (side / 2);
  if (s->parent == NULL) return NULL;
  const square *beside = s->parent;
  if (((s->which & bit) != 0) == (side & 1)) beside = neighbour(s->parent, side);
  return beside != NULL && beside->colour == GREY ? beside->quarter[s->which ^ bit] : beside;
}

/* How much of a side of a square is white. */
static long white_part(const square *s, int side, long size) {
  long sum = 0;
  if (s->colour != GREY) return s->colour == WHITE ? size : 0;
  for (int i = 0; i < 4; i++)
    if (((i >> (side / 2)) & 1) == (side & 1)) sum += white_part(s->quarter[i], side, size / 2);
  return sum;
}

static long outline(const square *s, long size) {
  long sum = 0;
  if (s->colour == WHITE) return 0;
  for (int i = 0; i < 4; i++) {
    if (s->colour == GREY) {
      sum += outline(s->quarter[i], size / 2);
      continue;
    }
    const square *beside = neighbour(s, i);
    sum += beside == NULL ? size : white_part(beside, i ^ 1, size);
  }
  return sum;
}

static long leaves(const square *s) {
  long sum = 0;
  if (s->colour != GREY) return 1;
  for (int i = 0; i < 4; i++) sum += leaves(s->quarter[i]);
  return sum;
}

static void drop(square *s) {
  if (s == NULL) return;
  for (int i = 0; i < 4; i++) drop(s->quarter[i]);
  free(s);
}

static void measure(int depth) {
  long size = 1l << depth;
  radius = size / 2 - size / 16;
  square *s = build(NULL, 0, -size / 2, -size / 2, size);
  printf("%ld: %ld squares, area %ld, outline %ld\n", size, leaves(s), area(s, size), outline(s, size));
  if (!KEEP) drop(s);
}

/* The argument is the depth of one tree. */
int main(int count, char **arguments) {
  if (count > 1) {
    measure(atoi(arguments[1]));
    return 0;
  }
  for (int depth = 4; depth < 10; depth++) measure(depth);
  return 0;
}
