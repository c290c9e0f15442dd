/* edges.c: reads an edge list line by line, and sorts it into rows by counting.
 *
 * Rows are made in two rounds over the edges: the first counts what each row will hold, the second puts each edge at its
 * row's next place, so that neighbours keep the order of the lines. Linear. */
#include "support/edges.h"

#include <string.h>

#include "support/diag.h"
#include "support/real.h"

/* ---- words of a line ---- */

typedef struct line_cursor {
  const char *at, *end, *start;
  uint32_t line;
} line_cursor;

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

static void skip_blanks(line_cursor *c) {
  while (c->at < c->end && is_blank(*c->at)) c->at++;
}

/* What parts two words: blanks, or one comma among them. */
static void skip_separator(line_cursor *c) {
  skip_blanks(c);
  if (c->at < c->end && *c->at == ',') {
    c->at++;
    skip_blanks(c);
  }
}

static bool is_separator(const line_cursor *c) { return c->at == c->end || is_blank(*c->at) || *c->at == ','; }

static bool fault_at(vmo_context *context, const line_cursor *c, const char *message) {
  vmo_location place = {c->line, (uint32_t)(c->at - c->start) + 1};
  vmo_diagnostic *added = vmo_diag_add(context, VMO_DIAG_EDGE_LINE, place, "%s", message);
  vmo_diag_hint(context, added, "a line is: from to [weight]; nodes are whole numbers from 0 on, # begins a comment");
  return false;
}

static bool take_node(vmo_context *context, line_cursor *c, int64_t *node) {
  const char *first = c->at;
  line_cursor start = *c;
  for (*node = 0; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++) {
    *node = *node * 10 + (*c->at - '0');
    if (*node >= INT64_C(1) << 40) return fault_at(context, &start, "a node's number is 2^40 or more");
  }
  if (c->at == first && c->at < c->end && *c->at == '-')
    return fault_at(context, &start, "a node's number is negative");
  if (c->at == first) return fault_at(context, &start, "a node's number is expected");
  return is_separator(c) || fault_at(context, &start, "a node's number is a whole number");
}

static bool take_weight(vmo_context *context, line_cursor *c, double *weight) {
  line_cursor start = *c;
  while (!is_separator(c)) c->at++;
  return vmo_parse_real(start.at, (size_t)(c->at - start.at), weight) ||
         fault_at(context, &start, "a weight is a number");
}

/* ---- lines ---- */

static bool is_passed_over(const line_cursor *c) {
  if (c->at == c->end || *c->at == '#' || *c->at == '%') return true;
  return c->end - c->at >= 2 && c->at[0] == '/' && c->at[1] == '/';
}

static bool read_line(vmo_context *context, line_cursor *c, vmo_edge *edge, bool *has_weight) {
  edge->line = c->line;
  if (!take_node(context, c, &edge->from)) return false;
  skip_separator(c);
  if (!take_node(context, c, &edge->to)) return false;
  skip_separator(c);
  edge->weight = 1;
  *has_weight = c->at < c->end;
  if (*has_weight && !take_weight(context, c, &edge->weight)) return false;
  skip_blanks(c);
  return c->at == c->end || fault_at(context, c, "more than two nodes and a weight");
}

static bool add_line(vmo_context *context, line_cursor *c, vmo_edges *edges, vmo_status *status) {
  vmo_edge edge;
  bool has_weight;
  if (!read_line(context, c, &edge, &has_weight)) return false;
  if (edges->items.count > 0 && has_weight != edges->weighted) {
    c->at = c->start;
    return fault_at(context, c, "some lines have a weight, and some have none");
  }
  edges->weighted = has_weight;
  if (edge.from > edges->largest) edges->largest = edge.from;
  if (edge.to > edges->largest) edges->largest = edge.to;
  if (!vmo_vec_push(context->arena, &edges->items, edge)) *status = VMO_OUT_OF_MEMORY;
  return true;
}

vmo_status vmo_read_edges(vmo_context *context, vmo_edges *edges) {
  const char *at = context->source_text, *end = at + context->source_length;
  vmo_status status = VMO_OK;
  *edges = (vmo_edges){.largest = -1};
  for (uint32_t line = 1; at < end && status != VMO_OUT_OF_MEMORY; line++) {
    const char *stop = memchr(at, '\n', (size_t)(end - at));
    line_cursor c = {at, stop != NULL ? stop : end, at, line};
    skip_blanks(&c);
    if (!is_passed_over(&c) && !add_line(context, &c, edges, &status)) status = VMO_INPUT_ERROR;
    at = stop != NULL ? stop + 1 : end;
  }
  return status;
}

/* ---- rows ---- */

/* The rows that an edge goes to: one or two, each with the neighbour that it gets. */
static int list_ends(const vmo_edge *edge, vmo_edge_use use, int64_t nodes[2], int64_t neighbours[2]) {
  bool reversed = use == VMO_EDGES_REVERSED;
  nodes[0] = neighbours[1] = reversed ? edge->to : edge->from;
  nodes[1] = neighbours[0] = reversed ? edge->from : edge->to;
  return use == VMO_EDGES_UNDIRECTED && edge->from != edge->to ? 2 : 1;
}

static void count_edges(const vmo_edges *edges, vmo_edge_use use, vmo_rows *rows) {
  int64_t nodes[2], neighbours[2];
  for (uint32_t i = 0; i < edges->items.count; i++) {
    int ends = list_ends(&edges->items.data[i], use, nodes, neighbours);
    for (int e = 0; e < ends; e++) rows->row[nodes[e] + 1]++;
    rows->edge_count += ends;
  }
  for (int64_t v = 0; v < rows->node_count; v++) rows->row[v + 1] += rows->row[v];
}

vmo_status vmo_make_rows(vmo_context *context, const vmo_edges *edges, vmo_edge_use use, int64_t node_count,
                         vmo_rows *rows) {
  *rows = (vmo_rows){.node_count = node_count};
  rows->row = vmo_alloc_array(context, (size_t)node_count + 1, sizeof *rows->row);
  int64_t *next = vmo_alloc_array(context, (size_t)node_count + 1, sizeof *next);
  if (rows->row == NULL || next == NULL) return VMO_OUT_OF_MEMORY;
  count_edges(edges, use, rows);
  rows->col = vmo_alloc_array(context, (size_t)rows->edge_count + 1, sizeof *rows->col);
  rows->weight = vmo_alloc_array(context, (size_t)rows->edge_count + 1, sizeof *rows->weight);
  if (rows->col == NULL || rows->weight == NULL) return VMO_OUT_OF_MEMORY;
  memcpy(next, rows->row, (size_t)node_count * sizeof *next);
  for (uint32_t i = 0; i < edges->items.count; i++) {
    int64_t nodes[2], neighbours[2];
    int ends = list_ends(&edges->items.data[i], use, nodes, neighbours);
    for (int e = 0; e < ends; e++) {
      int64_t place = next[nodes[e]]++;
      rows->col[place] = neighbours[e];
      rows->weight[place] = edges->items.data[i].weight;
    }
  }
  return VMO_OK;
}
