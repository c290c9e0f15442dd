/* A round tour over the towns of a tree: by nearest towns within each half, then joined, then bettered by reversals.
 * With KEEP=1 the towns are left to the end of the process. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef KEEP
#define KEEP 0
#endif

typedef struct town {
  double x, y;
  struct town *left, *right, *next;
} town;

static unsigned state = 5;

static double draw(double from, double to) {
  state = state * 1103515245u + 12345u;
  return from + (to - from) * (double)(state >> 8) / 16777216.0;
}

static town *build(int count, int across, double x0, double x1, double y0, double y1) {
  if (count == 0) return NULL;
  town *t = malloc(sizeof *t);
  if (t == NULL) exit(1);
  double middle = across ? (x0 + x1) / 2 : (y0 + y1) / 2;
  t->x = across ? middle : draw(x0, x1);
  t->y = across ? draw(y0, y1) : middle;
  t->next = NULL;
  t->left = build((count - 1) / 2, !across, x0, across ? middle : x1, y0, across ? y1 : middle);
  t->right = build(count - 1 - (count - 1) / 2, !across, across ? middle : x0, x1, across ? y0 : middle, y1);
  return t;
}

static double distance(const town *a, const town *b) {
  return sqrt((a->x - b->x) * (a->x - b->x) + (a->y - b->y) * (a->y - b->y));
}

/* Puts a town where the tour gets the least longer. */
static void insert(town *tour, town *t) {
  town *best = tour;
  double least = INFINITY;
  town *at = tour;
  do {
    double more = distance(at, t) + distance(t, at->next) - distance(at, at->next);
    if (more < least) least = more, best = at;
    at = at->next;
  } while (at != tour);
  t->next = best->next;
  best->next = t;
}

static town *join(town *a, town *b) {
  if (a == NULL) return b;
  if (b == NULL) return a;
  town *t = b;
  do {
    town *next = t->next;
    insert(a, t);
    t = next;
  } while (t != b);
  return a;
}

static town *tour_of(town *t) {
  if (t == NULL) return NULL;
  town *left = tour_of(t->left), *right = tour_of(t->right);
  t->next = t;
  return join(join(t, left), right);
}

static double length_of(const town *tour) {
  double length = 0;
  const town *at = tour;
  do length += distance(at, at->next), at = at->next;
  while (at != tour);
  return length;
}

/* Reverses stretches as long as that makes the tour shorter. */
static int better(town *tour, int count) {
  town **order = malloc((size_t)count * sizeof *order); // local
  double *legs = calloc((size_t)count, sizeof *legs);   // local
  int changes = 0;
  if (order == NULL || legs == NULL) exit(1);
  town *at = tour;
  for (int i = 0; i < count; i++, at = at->next) order[i] = at, legs[i] = distance(at, at->next);
  for (int i = 1; i < count - 2; i++)
    for (int k = i + 1; k < count - 1 && k < i + 12; k++) {
      double now = legs[i - 1] + legs[k], then = distance(order[i - 1], order[k]) + distance(order[i], order[k + 1]);
      if (then >= now - 1e-9) continue;
      for (int a = i, b = k; a < b; a++, b--) {
        town *t = order[a];
        order[a] = order[b];
        order[b] = t;
      }
      for (int a = i - 1; a <= k; a++) legs[a] = distance(order[a], order[a + 1]);
      changes++;
    }
  for (int i = 0; i < count; i++) order[i]->next = order[(i + 1) % count];
  free(legs);
  free(order);
  return changes;
}

static void drop(town *t) {
  if (t == NULL) return;
  drop(t->left);
  drop(t->right);
  free(t);
}

/* The tours of the parts of a tree that have at most 255 towns, and the towns above each alone. */
static double lengths_of_parts(town *t, int count) {
  if (t == NULL) return 0;
  if (count < 256) return length_of(tour_of(t));
  int left = (count - 1) / 2;
  return lengths_of_parts(t->left, left) + lengths_of_parts(t->right, count - 1 - left);
}

static int tour_large(int count) {
  town *root = build(count, 1, 0, 1, 0, 1);
  printf("%d towns: %.4f\n", count, lengths_of_parts(root, count));
  if (!KEEP) drop(root);
  return 0;
}

/* The argument is the number of towns of one tree, of whose parts the tours are made. */
int main(int argument_count, char **arguments) {
  if (argument_count > 1) return tour_large(atoi(arguments[1]));
  int count = 400;
  town *root = build(count, 1, 0, 1, 0, 1), *tour = tour_of(root);
  printf("%d towns: %.4f\n", count, length_of(tour));
  for (int i = 0; i < 3; i++) {
    int changes = better(tour, count);
    printf("%d changes: %.4f\n", changes, length_of(tour));
  }
  if (!KEEP) drop(root);
  return 0;
}
