/* tree_sum.c: binary trees built and summed, recursively and with a stack of its own that grows. With KEEP=1 the trees are
 * left to the end of the process. */
#include <stdio.h>
#include <stdlib.h>

#ifndef KEEP
#define KEEP 0
#endif

typedef struct tree {
  struct tree *left, *right;
  long value;
} tree;

static tree *build(int depth, long value) {
  if (depth == 0) return NULL;
  tree *t = malloc(sizeof *t);
  if (t == NULL) exit(1);
  t->value = value;
  t->left = build(depth - 1, 2 * value);
  t->right = build(depth - 1, 2 * value + 1);
  return t;
}

static long sum(const tree *t) { return t == NULL ? 0 : t->value + sum(t->left) + sum(t->right); }

static long sum_with_stack(const tree *t) {
  size_t capacity = 4, count = 0;
  const tree **stack = malloc(capacity * sizeof *stack); // local
  long total = 0;
  stack[count++] = t;
  while (count > 0) {
    const tree *top = stack[--count];
    if (top == NULL) continue;
    total += top->value;
    if (count + 2 > capacity) {
      capacity *= 2;
      stack = realloc(stack, capacity * sizeof *stack); // local
    }
    stack[count++] = top->left;
    stack[count++] = top->right;
  }
  free(stack);
  return total;
}

static void drop(tree *t) {
  if (t == NULL) return;
  drop(t->left);
  drop(t->right);
  free(t);
}

static int depth_of(const tree *t) {
  int *depths = calloc(2, sizeof *depths);
  int deepest = 0;
  if (depths == NULL) return -1;
  if (t != NULL) {
    depths[0] = depth_of(t->left);
    depths[1] = depth_of(t->right);
    deepest = 1 + (depths[0] > depths[1] ? depths[0] : depths[1]);
  }
  free(depths);
  return deepest;
}

/* The argument is the depth of one tree, which is summed alone. */
int main(int count, char **arguments) {
  if (count > 1) {
    tree *t = build(atoi(arguments[1]), 1);
    printf("%ld\n", sum(t));
    if (!KEEP) drop(t);
    return 0;
  }
  for (int depth = 0; depth < 12; depth++) {
    tree *t = build(depth, 1);
    printf("%d %d %ld %ld\n", depth, depth_of(t), sum(t), sum_with_stack(t));
    if (!KEEP) drop(t);
  }
  return 0;
}
