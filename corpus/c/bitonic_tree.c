/* Bitonic sort of the numbers in a perfect tree, in order, by exchanging subtrees; then the tree as an array.
 * With KEEP=1 the tree is left to the end of the process. */
#include <stdio.h>
#include <stdlib.h>

#ifndef KEEP
#define KEEP 0
#endif

typedef struct tree {
  int value;
  struct tree *left, *right;
} tree;

static unsigned state = 11;

static tree *build(int depth) {
  if (depth == 0) return NULL;
  tree *t = malloc(sizeof *t);
  if (t == NULL) exit(1);
  t->left = build(depth - 1);
  state = state * 1664525u + 1013904223u;
  t->value = (int)(state >> 20);
  t->right = build(depth - 1);
  return t;
}

static void swap_values(tree *a, tree *b) {
  int value = a->value;
  a->value = b->value;
  b->value = value;
}

static void swap_left(tree *a, tree *b) {
  tree *t = a->left;
  a->left = b->left;
  b->left = t;
}

static void swap_right(tree *a, tree *b) {
  tree *t = a->right;
  a->right = b->right;
  b->right = t;
}

/* One more value than a perfect tree has: `spare`. */
static int merge(tree *t, int spare, int down) {
  int right = t->value > spare;
  if (right != down) {
    int value = t->value;
    t->value = spare;
    spare = value;
  }
  tree *l = t->left, *r = t->right;
  while (l != NULL) {
    int exchange = (l->value > r->value) != down;
    if (exchange) {
      swap_values(l, r);
      if (right != down) {
        swap_right(l, r);
        l = l->left, r = r->left;
      } else {
        swap_left(l, r);
        l = l->right, r = r->right;
      }
    } else if (right != down) {
      l = l->right, r = r->right;
    } else {
      l = l->left, r = r->left;
    }
  }
  if (t->left != NULL) {
    t->value = merge(t->left, t->value, down);
    spare = merge(t->right, spare, down);
  }
  return spare;
}

static int sort(tree *t, int spare, int down) {
  if (t->left == NULL) {
    if ((t->value > spare) != down) {
      int value = spare;
      spare = t->value;
      t->value = value;
    }
    return spare;
  }
  t->value = sort(t->left, t->value, down);
  spare = sort(t->right, spare, !down);
  return merge(t, spare, down);
}

/* The values from left to right, without recursion. */
static int flatten(const tree *t, int *out, int depth) {
  const tree **path = malloc((size_t)depth * sizeof *path); // local
  int count = 0, length = 0;
  if (path == NULL) exit(1);
  while (t != NULL || length > 0) {
    while (t != NULL) path[length++] = t, t = t->left;
    t = path[--length];
    out[count++] = t->value;
    t = t->right;
  }
  free(path);
  return count;
}

static void drop(tree *t) {
  if (t == NULL) return;
  drop(t->left);
  drop(t->right);
  free(t);
}

static int compare(const void *a, const void *b) {
  int x = *(const int *)a, y = *(const int *)b;
  return (x > y) - (x < y);
}

static int show(const tree *t, int spare, const char *what) {
  int *values = malloc(256 * sizeof *values); // local
  int *sorted = malloc(256 * sizeof *sorted); // local
  if (values == NULL || sorted == NULL) exit(1);
  int count = flatten(t, values, 16);
  values[count++] = spare;
  long sum = 0;
  for (int i = 0; i < count; i++) sorted[i] = values[i], sum = sum * 3 % 1000003 + values[i];
  qsort(sorted, (size_t)count, sizeof *sorted, compare);
  int out_of_place = 0;
  for (int i = 0; i < count; i++) out_of_place += sorted[i] != values[i];
  printf("%s: %d values, sum %ld, %d out of place\n", what, count, sum, out_of_place);
  free(sorted);
  free(values);
  return out_of_place;
}

static unsigned mixed(const tree *t) {
  return t == NULL ? 1 : mixed(t->left) * 31 + mixed(t->right) * 7 + (unsigned)t->value;
}

/* The argument is the depth of a tree that is sorted both ways. */
static int sort_large(int depth) {
  tree *t = build(depth);
  int spare = sort(t, 1000, 0);
  unsigned up = mixed(t);
  spare = sort(t, spare, 1);
  printf("%u up, %u down, %d\n", up, mixed(t), spare);
  if (!KEEP) drop(t);
  return 0;
}

int main(int count, char **arguments) {
  if (count > 1) return sort_large(atoi(arguments[1]));
  tree *t = build(7);
  int spare = 1000;
  show(t, spare, "before");
  spare = sort(t, spare, 0);
  show(t, spare, "one way");
  spare = sort(t, spare, 1);
  show(t, spare, "the other");
  if (!KEEP) drop(t);
  return 0;
}
