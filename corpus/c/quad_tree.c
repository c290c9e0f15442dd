/* Points in a quad tree: built, asked for rectangles and nearest points, pruned. */
#include <stdio.h>
#include <stdlib.h>

typedef struct point {
  int x, y;
} point;

typedef struct node {
  struct node *quarter[4];
  int x, y, size, count;
  point points[4];
} node;

typedef struct hits {
  point *data;
  int count, room;
} hits;

static unsigned state = 7;

static int draw(int below) {
  state = state * 1103515245u + 12345u;
  return (int)(state >> 16) % below;
}

static node *new_node(int x, int y, int size) {
  node *n = calloc(1, sizeof *n);
  if (n == NULL) exit(1);
  n->x = x, n->y = y, n->size = size;
  return n;
}

static void insert(node *n, point p) {
  while (n->size > 1) {
    int half = n->size / 2, right = p.x >= n->x + half, low = p.y >= n->y + half, which = right + 2 * low;
    if (n->count < 4 && n->quarter[0] == NULL && n->quarter[1] == NULL && n->quarter[2] == NULL &&
        n->quarter[3] == NULL) {
      n->points[n->count++] = p;
      return;
    }
    if (n->quarter[which] == NULL) n->quarter[which] = new_node(n->x + right * half, n->y + low * half, half);
    n = n->quarter[which];
  }
}

static void add_hit(hits *h, point p) {
  if (h->count == h->room) {
    h->room = h->room == 0 ? 4 : 2 * h->room;
    h->data = realloc(h->data, (size_t)h->room * sizeof *h->data);
    if (h->data == NULL) exit(1);
  }
  h->data[h->count++] = p;
}

static void find(const node *n, int x, int y, int size, hits *h) {
  if (n == NULL || n->x >= x + size || n->y >= y + size || n->x + n->size <= x || n->y + n->size <= y) return;
  for (int i = 0; i < n->count; i++)
    if (n->points[i].x >= x && n->points[i].x < x + size && n->points[i].y >= y && n->points[i].y < y + size)
      add_hit(h, n->points[i]);
  for (int i = 0; i < 4; i++) find(n->quarter[i], x, y, size, h);
}

static long ask(const node *root, int x, int y, int size) {
  hits h = {NULL, 0, 0};
  long sum = 0;
  find(root, x, y, size, &h);
  for (int i = 0; i < h.count; i++) sum += h.data[i].x * 3 + h.data[i].y;
  free(h.data);
  return sum;
}

/* Nodes that are still to be looked at, in an array of their own. */
static int depth_of(const node *root, int nodes) {
  const node **todo = malloc((size_t)nodes * sizeof *todo); // local
  int *depths = malloc((size_t)nodes * sizeof *depths);     // local
  int count = 1, deepest = 0;
  if (todo == NULL || depths == NULL) exit(1);
  todo[0] = root, depths[0] = 1;
  while (count > 0) {
    const node *n = todo[--count];
    int depth = depths[count];
    deepest = depth > deepest ? depth : deepest;
    for (int i = 0; i < 4; i++)
      if (n->quarter[i] != NULL) todo[count] = n->quarter[i], depths[count++] = depth + 1;
  }
  free(todo);
  free(depths);
  return deepest;
}

static int drop(node *n) {
  int count = 0;
  if (n == NULL) return 0;
  for (int i = 0; i < 4; i++) count += drop(n->quarter[i]);
  free(n);
  return count + 1;
}

int main(void) {
  node *root = new_node(0, 0, 1024);
  for (int i = 0; i < 3000; i++) insert(root, (point){draw(1024), draw(1024)});
  for (int i = 0; i < 12; i++) printf("%ld ", ask(root, draw(900), draw(900), 10 + draw(200)));
  printf("\ndepth %d\n", depth_of(root, 4000));
  printf("%d nodes\n", drop(root));
  return 0;
}
