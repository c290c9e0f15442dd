/* compiled_modes.c: the most frequent neighbour of each node of a graph, for compiled functions (neighbor_mode,
 * label_propagate).
 *
 * A compiled function has no memory beyond its plan, and the neighbours of a node can be any number of its edges; so what they
 * have is sorted in pieces. FEW numbers, the smallest that are not done yet, are kept on the stack; when twice as many have
 * come, they are sorted and the larger half is dropped. A node of up to FEW neighbours takes one round, O(d log d); others
 * take a round for each FEW different numbers, O(d^2 / FEW) at most, and stop as soon as the numbers that are left could not
 * be as many as the best one. */
#include "runtime/sort_keys.h"

enum { FEW = 1024 };

typedef struct neighbourhood {
  const void *row, *col, *x;
  uint32_t row_bytes, col_bytes;
  int64_t edges, nodes;
  key_format format;
  int64_t first, end; /* of the node's edges */
  uint64_t keys[2 * FEW];
} neighbourhood;

typedef struct mode {
  uint64_t key;
  int64_t count; /* of neighbours that have it */
} mode;

static int64_t load_index(const void *data, uint32_t bytes, int64_t at) {
  uint64_t bits = load_bits(data, bytes, at);
  return bytes == 4 ? (int32_t)(uint32_t)bits : (int64_t)bits;
}

static uint64_t neighbour_bits(const neighbourhood *n, int64_t edge) {
  return load_bits(n->x, n->format.bytes, load_index(n->col, n->col_bytes, edge));
}

/* Whether the node's edges and neighbours are where they may be. */
static bool open_node(neighbourhood *n, int64_t node) {
  n->first = load_index(n->row, n->row_bytes, node);
  n->end = load_index(n->row, n->row_bytes, node + 1);
  if (n->first < 0 || n->first > n->end || n->end > n->edges) return false;
  for (int64_t edge = n->first; edge < n->end; edge++) {
    int64_t other = load_index(n->col, n->col_bytes, edge);
    if (other < 0 || other >= n->nodes) return false;
  }
  return true;
}

/* The smallest keys beyond `done` (of all, when it is NULL), sorted: their count, FEW at most when *cut. */
static int64_t collect(neighbourhood *n, const uint64_t *done, bool *cut) {
  int64_t count = 0;
  *cut = false;
  for (int64_t edge = n->first; edge < n->end; edge++) {
    uint64_t key = key_of(&n->format, neighbour_bits(n, edge));
    if ((done != NULL && key <= *done) || (*cut && key >= n->keys[FEW - 1])) continue;
    n->keys[count++] = key;
    if (count < 2 * FEW) continue;
    vmr_sort_keys(n->keys, count);
    count = FEW;
    *cut = true;
  }
  vmr_sort_keys(n->keys, count);
  if (*cut) count = FEW;
  return count;
}

static int64_t count_key(const neighbourhood *n, uint64_t key) {
  int64_t count = 0;
  for (int64_t edge = n->first; edge < n->end; edge++) count += key_of(&n->format, neighbour_bits(n, edge)) == key;
  return count;
}

/* Takes the runs of equal keys into account; how many neighbours that were. Of the last run, when others were cut off
 * behind it, the count is found anew. */
static int64_t count_runs(const neighbourhood *n, int64_t count, bool cut, mode *best) {
  int64_t total = 0;
  for (int64_t i = 0, end; i < count; i = end) {
    for (end = i + 1; end < count && n->keys[end] == n->keys[i];) end++;
    int64_t length = cut && end == count ? count_key(n, n->keys[i]) : end - i;
    total += length;
    if (length > best->count) *best = (mode){n->keys[i], length};
  }
  return total;
}

static mode find_mode(neighbourhood *n) {
  mode best = {0, 0};
  bool cut = false;
  uint64_t done = 0;
  for (int64_t left = n->end - n->first, round = 0; left > best.count; round++) {
    int64_t count = collect(n, round == 0 ? NULL : &done, &cut);
    left -= count_runs(n, count, cut, &best);
    if (!cut) break;
    done = n->keys[count - 1];
  }
  return best;
}

/* The bits of the first neighbour that has the key: -0 and 0 have one. */
static uint64_t find_bits(const neighbourhood *n, uint64_t key) {
  if (n->format.infinity == 0) return bits_of_key(&n->format, key);
  int64_t edge = n->first;
  while (key_of(&n->format, neighbour_bits(n, edge)) != key) edge++;
  return neighbour_bits(n, edge);
}

int32_t vmr_take_modes(const void *row, uint32_t row_bytes, const void *col, uint32_t col_bytes, int64_t edges,
                       const void *x, void *to, uint32_t element, int64_t nodes) {
  neighbourhood n;
  n.row = row;
  n.row_bytes = row_bytes;
  n.col = col;
  n.col_bytes = col_bytes;
  n.x = x;
  n.edges = edges;
  n.nodes = nodes;
  n.format = make_key_format(element);
  for (int64_t node = 0; node < nodes; node++) {
    if (!open_node(&n, node)) return VMR_CALL_INDEX_OUTSIDE;
    uint64_t bits = n.end > n.first ? find_bits(&n, find_mode(&n).key) : load_bits(x, n.format.bytes, node);
    store_bits(to, n.format.bytes, node, bits);
  }
  return VMR_CALL_OK;
}
