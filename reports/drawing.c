/* drawing.c: a placement in characters, time across and offset up, as wide as the text.
 *
 *     400 B |ddddddd
 *           |bbbbbccccccc
 *       0 B |aaaaa
 *           +------------
 *            0      ^   9       ^ a time of the largest load
 *
 * A cell shows who has its middle. Up to 52 buffers are letters, in the order of the table; of more each cell says how
 * much of it is taken: ' ' . : # for nothing, up to a third, up to two thirds, more. Cost: the cells that bars
 * cover. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/json_placement.h"
#include "reports/model.h"

#define ROWS 20
#define LABEL 12
#define LETTERS 52
#define MOST_COLUMNS 400

typedef struct canvas {
  const vmo_placement *placement;
  uint32_t space, columns;
  int64_t first, last;
  vmo_bytes height;
  char letters[ROWS][MOST_COLUMNS];
  double taken[ROWS][MOST_COLUMNS]; /* of the cell's time and bytes, 1: all */
} canvas;

static double column_of(const canvas *c, int64_t time) {
  double whole = (double)((uint64_t)c->last - (uint64_t)c->first);
  return (double)((uint64_t)time - (uint64_t)c->first) / (whole > 0 ? whole : 1) * c->columns;
}

static double row_of(const canvas *c, vmo_bytes offset) {
  return (double)offset / (double)(c->height > 0 ? c->height : 1) * ROWS;
}

static double least(double a, double b) { return a < b ? a : b; }
static double most(double a, double b) { return a > b ? a : b; }

static void draw_bar(canvas *c, uint32_t buffer, int64_t begin, int64_t end, vmo_bytes low, vmo_bytes high) {
  double left = column_of(c, begin), right = column_of(c, end), lower = row_of(c, low), upper = row_of(c, high);
  bool seen = false;
  char letter = (char)(buffer % LETTERS < 26 ? 'a' + buffer % LETTERS : 'A' + buffer % LETTERS - 26);
  for (uint32_t y = (uint32_t)lower; y < ROWS && y < upper; y++)
    for (uint32_t x = (uint32_t)left; x < c->columns && x < right; x++) {
      double part = (least(right, x + 1.0) - most(left, x)) * (least(upper, y + 1.0) - most(lower, y));
      bool middle = left <= x + 0.5 && x + 0.5 < right && lower <= y + 0.5 && y + 0.5 < upper;
      c->taken[y][x] += part;
      if (!middle && (c->letters[y][x] != 0 || part <= 0.5)) continue;
      c->letters[y][x] = letter;
      seen = true;
    }
  /* What is smaller than a cell still shows where nothing else is. */
  uint32_t x = (uint32_t)least(left, c->columns - 1), y = (uint32_t)least(lower, ROWS - 1);
  if (!seen && c->letters[y][x] == 0) c->letters[y][x] = letter;
}

static void draw_bars(canvas *c) {
  const vmo_packing_problem *problem = c->placement->problem;
  const vmo_packing *packing = c->placement->packing;
  for (uint32_t i = 0; i < problem->base.buffer_count; i++) {
    const vmo_buffer *buffer = &problem->base.buffers[i];
    if (packing->spaces[i] != c->space || buffer->bytes == 0) continue;
    for (uint32_t j = 0; j < buffer->lifetime_count; j++) {
      vmo_lifetime lifetime = problem->base.lifetimes[buffer->lifetime_first + j];
      draw_bar(c, i, lifetime.begin, lifetime.end, packing->offsets[i], packing->offsets[i] + buffer->bytes);
    }
  }
  for (uint32_t w = 0; w < problem->window_count; w++) {
    const vmo_window *window = &problem->windows[w];
    vmo_bytes offset = packing->offsets[window->buffer];
    if (packing->spaces[window->buffer] == c->space)
      draw_bar(c, window->buffer, window->begin, window->end, offset + window->low, offset + window->high);
  }
}

static char shade(double taken) {
  if (taken <= 0.001) return ' ';
  return taken < 1.0 / 3 ? '.' : taken < 2.0 / 3 ? ':' : '#';
}

static void write_rows(const canvas *c, vmo_text *out) {
  bool lettered = c->placement->problem->base.buffer_count <= LETTERS;
  for (uint32_t row = ROWS; row-- > 0;) {
    vmo_text label;
    vmo_text_init(&label);
    if (row == ROWS - 1 || row == 0) vmo_text_add_bytes_for_people(&label, row == 0 ? 0 : c->height);
    vmo_text_addf(out, "%*s |", LABEL, label.data != NULL ? label.data : "");
    vmo_text_free(&label);
    uint32_t end = c->columns;
    char cells[MOST_COLUMNS];
    for (uint32_t x = 0; x < c->columns; x++) {
      char letter = c->letters[row][x];
      cells[x] = lettered ? (letter != 0 ? letter : ' ') : shade(c->taken[row][x]);
    }
    while (end > 0 && cells[end - 1] == ' ') end--;
    vmo_text_add_bytes(out, cells, end);
    vmo_text_add_char(out, '\n');
  }
}

static void write_axis(const canvas *c, vmo_text *out) {
  const vmo_solution *result = &c->placement->packing->results[c->space];
  char last[32], marks[MOST_COLUMNS + 1];
  vmo_text_add_repeat(out, ' ', LABEL + 1);
  vmo_text_add_char(out, '+');
  vmo_text_add_repeat(out, '-', c->columns);
  vmo_text_add_char(out, '\n');
  memset(marks, ' ', sizeof marks);
  int count = snprintf(last, sizeof last, "%" PRId64, c->last);
  char first[32];
  int first_count = snprintf(first, sizeof first, "%" PRId64, c->first);
  if ((uint32_t)(count + first_count) + 2 < c->columns) {
    memcpy(marks, first, (size_t)first_count);
    memcpy(marks + c->columns - count, last, (size_t)count);
  }
  uint32_t at = (uint32_t)column_of(c, result->witness);
  if (result->lower_bound > 0 && at < c->columns) marks[at] = '^';
  uint32_t end = c->columns;
  while (end > 0 && marks[end - 1] == ' ') end--;
  vmo_text_add_repeat(out, ' ', LABEL + 2);
  vmo_text_add_bytes(out, marks, end);
  vmo_text_addf(out, "\n%*s^ the largest load, %" PRId64 " B, at time %" PRId64 "\n", LABEL + 2, "",
                result->lower_bound, result->witness);
}

static void find_times(canvas *c) {
  const vmo_packing_problem *problem = c->placement->problem;
  c->first = INT64_MAX;
  c->last = INT64_MIN;
  for (uint32_t i = 0; i < problem->base.lifetime_count + problem->window_count; i++) {
    uint32_t w = i - problem->base.lifetime_count;
    bool plain = i < problem->base.lifetime_count;
    int64_t begin = plain ? problem->base.lifetimes[i].begin : problem->windows[w].begin;
    int64_t end = plain ? problem->base.lifetimes[i].end : problem->windows[w].end;
    if (begin < c->first) c->first = begin;
    if (end > c->last) c->last = end;
  }
  if (c->first > c->last) c->first = c->last = 0;
}

static void write_letters(const vmo_placement *placement, uint32_t width, vmo_text *out) {
  if (placement->problem->base.buffer_count > LETTERS) return;
  vmo_text words;
  vmo_text_init(&words);
  for (uint32_t i = 0; i < placement->problem->base.buffer_count; i++) {
    size_t length;
    const char *id = vmo_csv_id(placement->csv, i, &length);
    vmo_text_addf(&words, "%s%c=", i > 0 ? " " : "", (char)(i < 26 ? 'a' + i : 'A' + i - 26));
    vmo_text_add_utf8(&words, id, length);
  }
  vmo_text_add_repeat(out, ' ', LABEL + 2);
  if (words.data != NULL) vmo_text_add_wrapped(out, words.data, LABEL + 2, width);
  if (vmo_text_failed(&words)) out->failed = true;
  vmo_text_free(&words);
}

void vmo_write_drawing(const vmo_placement *placement, const vmo_text_style *style, vmo_text *out) {
  const vmo_packing *packing = placement->packing;
  if (packing->offsets == NULL) return;
  canvas *c = malloc(sizeof *c);
  if (c == NULL) {
    out->failed = true;
    return;
  }
  for (uint32_t space = 0; space < packing->result_count; space++) {
    memset(c, 0, sizeof *c);
    *c = (canvas){.placement = placement, .space = space, .height = packing->results[space].height};
    c->columns = style->width - LABEL - 2 < MOST_COLUMNS ? style->width - LABEL - 2 : MOST_COLUMNS;
    find_times(c);
    draw_bars(c);
    vmo_text_add_char(out, '\n');
    if (placement->problem->space_count > 0) {
      vmo_text_addf(out, "%*s  ", LABEL, "");
      vmo_text_add_utf8(out, placement->problem->spaces[space].name, strlen(placement->problem->spaces[space].name));
      vmo_text_add_char(out, '\n');
    }
    write_rows(c, out);
    write_axis(c, out);
  }
  free(c);
  write_letters(placement, style->width, out);
}
