/* graph.c: shortest paths and components on adjacency lists; queues and marks live for one search. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct edge {
  struct edge *next;
  int to;
} edge;

typedef struct graph {
  int nodes;
  edge **edges;
} graph;

static graph *create(int nodes) {
  graph *g = malloc(sizeof *g); // local
  g->nodes = nodes;
  g->edges = calloc((size_t)nodes, sizeof *g->edges); // local
  return g;
}

static void connect(graph *g, int from, int to) {
  edge *e = malloc(sizeof *e);
  e->to = to;
  e->next = g->edges[from];
  g->edges[from] = e;
}

static void destroy(graph *g) {
  for (int i = 0; i < g->nodes; i++)
    for (edge *e = g->edges[i], *next; e != NULL; e = next) next = e->next, free(e);
  free(g->edges);
  free(g);
}

static int distance(const graph *g, int from, int to) {
  int *queue = malloc((size_t)g->nodes * sizeof *queue);         // local
  int *distances = malloc((size_t)g->nodes * sizeof *distances); // local
  int first = 0, count = 0, result = -1;
  memset(distances, 0xff, (size_t)g->nodes * sizeof *distances);
  queue[count++] = from;
  distances[from] = 0;
  while (first < count) {
    int node = queue[first++];
    if (node == to) {
      result = distances[node];
      break;
    }
    for (const edge *e = g->edges[node]; e != NULL; e = e->next) {
      if (distances[e->to] >= 0) continue;
      distances[e->to] = distances[node] + 1;
      queue[count++] = e->to;
    }
  }
  free(queue);
  free(distances);
  return result;
}

static int components(const graph *g) {
  char *seen = calloc((size_t)g->nodes, 1);              // local
  int *stack = malloc((size_t)g->nodes * sizeof *stack); // local
  int total = 0;
  for (int i = 0; i < g->nodes; i++) {
    int count = 0;
    if (seen[i]) continue;
    total++;
    stack[count++] = i;
    seen[i] = 1;
    while (count > 0) {
      for (const edge *e = g->edges[stack[--count]]; e != NULL; e = e->next)
        if (!seen[e->to]) seen[e->to] = 1, stack[count++] = e->to;
    }
  }
  free(stack);
  free(seen);
  return total;
}

int main(void) {
  unsigned seed = 3;
  for (int nodes = 10; nodes < 1000; nodes *= 3) {
    graph *g = create(nodes);
    for (int i = 0; i < nodes; i++) {
      seed = seed * 1103515245u + 12345u;
      int other = (int)(seed >> 8) % nodes;
      other = other < 0 ? -other : other;
      connect(g, i, other);
      connect(g, other, i);
    }
    printf("%d %d %d\n", nodes, components(g), distance(g, 0, nodes - 1));
    destroy(g);
  }
  return 0;
}
