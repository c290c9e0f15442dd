/* svg.c: a placement as a drawing that needs nothing else to be shown.
 *
 *   offset ^ ┌──────┐   ┌────────┐     a panel for each space; a bar for each stretch of a buffer's life, coloured by
 *          | │      └───┼────┐   │     the power of two of its size; a dashed line at a time of the largest load, and
 *          └─┴──────────┴────┴───┴─>   lines at the height and the capacity
 *
 * Up to 20000 buffers are rectangles with their ids, which a browser shows under the pointer; more are one path for
 * each
 * colour, without ids and without the bars that are too small to be seen, of which every one that begins a new
 * pixel stays. Ids are escaped. Cost: in proportion to the lifetimes. */
#include <inttypes.h>
#include <string.h>

#include "reports/json_placement.h"
#include "reports/model.h"

#define WIDTH 1200
#define PANEL_HEIGHT 600
#define LEFT 110
#define RIGHT 30
#define TOP 60
#define BETWEEN 60
#define MOST_RECTANGLES 20000
#define CLASS_COUNT 8
#define CLASS_BITS 4 /* powers of two in a class */

static const char *const colours[CLASS_COUNT] = {"#4e79a7", "#76b7b2", "#59a14f", "#edc948",
                                                 "#f28e2b", "#e15759", "#b07aa1", "#9c755f"};

typedef struct drawing {
  const vmo_placement *placement;
  vmo_text *out;
  int64_t first, last; /* time */
  uint32_t space;      /* of the panel */
  vmo_bytes top;       /* of the panel, in bytes */
  double panel;        /* its upper edge */
} drawing;

/* ---- text in XML ---- */

static void add_escaped(vmo_text *out, const char *bytes, size_t count) {
  vmo_text plain;
  vmo_text_init(&plain);
  vmo_text_add_utf8(&plain, bytes, count);
  for (size_t i = 0; i < plain.count; i++) {
    char character = plain.data[i];
    switch (character) {
    case '&': vmo_text_add(out, "&amp;"); break;
    case '<': vmo_text_add(out, "&lt;"); break;
    case '>': vmo_text_add(out, "&gt;"); break;
    case '"': vmo_text_add(out, "&quot;"); break;
    case '\'': vmo_text_add(out, "&#39;"); break;
    case '\t': vmo_text_add_char(out, ' '); break;
    default:
      if ((unsigned char)character < 0x20) /* no character of XML */
        vmo_text_add(out, "\xEF\xBF\xBD");
      else
        vmo_text_add_char(out, character);
      break;
    }
  }
  if (vmo_text_failed(&plain)) out->failed = true;
  vmo_text_free(&plain);
}

/* ---- places ---- */

static double x_of(const drawing *d, int64_t time) {
  double whole = (double)((uint64_t)d->last - (uint64_t)d->first);
  double part = (double)((uint64_t)time - (uint64_t)d->first);
  return LEFT + part / (whole > 0 ? whole : 1) * (WIDTH - LEFT - RIGHT);
}

static double y_of(const drawing *d, vmo_bytes offset) {
  return d->panel + PANEL_HEIGHT - (double)offset / (double)(d->top > 0 ? d->top : 1) * PANEL_HEIGHT;
}

static unsigned class_of(vmo_bytes bytes) {
  unsigned power = 0;
  while (bytes >> 1 >= (vmo_bytes)1 << power && power < 52) power++;
  unsigned number = power / CLASS_BITS;
  return number < CLASS_COUNT ? number : CLASS_COUNT - 1;
}

/* ---- bars ---- */

/* What is taken of the panel's space, one stretch after the other. */
typedef void (*bar_writer)(drawing *d, uint32_t buffer, int64_t begin, int64_t end, vmo_bytes low, vmo_bytes high,
                           void *user);

static void visit_buffer(drawing *d, uint32_t buffer, uint32_t *window, bar_writer write, void *user) {
  const vmo_packing_problem *problem = d->placement->problem;
  const vmo_packing *packing = d->placement->packing;
  const vmo_buffer *asked = &problem->base.buffers[buffer];
  bool here = packing->spaces[buffer] == d->space;
  for (uint32_t i = 0; i < asked->lifetime_count && asked->bytes > 0 && here; i++) {
    vmo_lifetime lifetime = problem->base.lifetimes[asked->lifetime_first + i];
    write(d, buffer, lifetime.begin, lifetime.end, packing->offsets[buffer], packing->offsets[buffer] + asked->bytes,
          user);
  }
  for (; *window < problem->window_count && problem->windows[*window].buffer == buffer; ++*window) {
    const vmo_window *one = &problem->windows[*window];
    if (here)
      write(d, buffer, one->begin, one->end, packing->offsets[buffer] + one->low, packing->offsets[buffer] + one->high,
            user);
  }
}

static void visit_bars(drawing *d, bar_writer write, void *user) {
  uint32_t window = 0;
  for (uint32_t i = 0; i < d->placement->problem->base.buffer_count; i++) visit_buffer(d, i, &window, write, user);
}

static void write_rectangle(drawing *d, uint32_t buffer, int64_t begin, int64_t end, vmo_bytes low, vmo_bytes high,
                            void *user) {
  double left = x_of(d, begin), upper = y_of(d, high);
  size_t length;
  const char *id = vmo_csv_id(d->placement->csv, buffer, &length);
  (void)user;
  vmo_text_addf(d->out, "<rect class=\"c%u\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\"><title>",
                class_of(d->placement->problem->base.buffers[buffer].bytes), left, upper, x_of(d, end) - left,
                y_of(d, low) - upper);
  add_escaped(d->out, id, length);
  vmo_text_addf(d->out, ": [%" PRId64 ", %" PRId64 ") x [%" PRId64 ", %" PRId64 ")</title></rect>\n", begin, end, low,
                high);
}

/* Of the bars of one class; the last one that was drawn, in tenths of a pixel. */
typedef struct path_state {
  unsigned class;
  int64_t x, y, right, lower;
  bool any;
} path_state;

static void write_path_part(drawing *d, uint32_t buffer, int64_t begin, int64_t end, vmo_bytes low, vmo_bytes high,
                            void *user) {
  path_state *state = user;
  if (class_of(d->placement->problem->base.buffers[buffer].bytes) != state->class) return;
  int64_t x = (int64_t)(x_of(d, begin) * 10), right = (int64_t)(x_of(d, end) * 10);
  int64_t y = (int64_t)(y_of(d, high) * 10), lower = (int64_t)(y_of(d, low) * 10);
  if (right <= x) right = x + 1;
  if (lower <= y) lower = y + 1;
  if (state->any && x >= state->x && y >= state->y && right <= state->right && lower <= state->lower) return;
  if (!state->any) vmo_text_addf(d->out, "<path class=\"c%u\" d=\"", state->class);
  *state = (path_state){state->class, x, y, right, lower, true};
  vmo_text_addf(d->out, "M%.1f %.1fh%.1fv%.1fh%.1fz", (double)x / 10, (double)y / 10, (double)(right - x) / 10,
                (double)(lower - y) / 10, (double)(x - right) / 10);
}

static void write_bars(drawing *d) {
  if (d->placement->problem->base.buffer_count <= MOST_RECTANGLES) {
    visit_bars(d, write_rectangle, NULL);
    return;
  }
  for (unsigned class = 0; class < CLASS_COUNT; class ++) {
    path_state state = {.class = class};
    visit_bars(d, write_path_part, &state);
    if (state.any) vmo_text_add(d->out, "\"/>\n");
  }
}

/* ---- panels ---- */

static void write_level(const drawing *d, vmo_bytes bytes, const char *class, const char *label) {
  vmo_text_addf(d->out, "<line class=\"%s\" x1=\"%d\" y1=\"%.2f\" x2=\"%d\" y2=\"%.2f\"/>\n", class, LEFT,
                y_of(d, bytes), WIDTH - RIGHT, y_of(d, bytes));
  vmo_text_addf(d->out, "<text class=\"label\" x=\"%d\" y=\"%.2f\">%s%" PRId64 "</text>\n", LEFT - 6,
                y_of(d, bytes) + 4, label, bytes);
}

static void write_peak(const drawing *d, const vmo_solution *result) {
  if (result->lower_bound == 0) return;
  double x = x_of(d, result->witness);
  vmo_text_addf(d->out, "<line class=\"peak\" x1=\"%.2f\" y1=\"%.2f\" x2=\"%.2f\" y2=\"%.2f\"/>\n", x, d->panel, x,
                d->panel + PANEL_HEIGHT);
  vmo_text_addf(d->out, "<text class=\"mark\" x=\"%.2f\" y=\"%.2f\">peak %" PRId64 " B at %" PRId64 "</text>\n", x,
                d->panel - 6, result->lower_bound, result->witness);
}

static void write_panel(drawing *d) {
  const vmo_packing_problem *problem = d->placement->problem;
  const vmo_solution *result = &d->placement->packing->results[d->space];
  const vmo_space *space = problem->space_count > 0 ? &problem->spaces[d->space] : NULL;
  vmo_bytes capacity = space != NULL ? space->capacity : problem->base.capacity;
  d->top = result->height;
  bool shows = capacity >= 0 && capacity < 2 * result->height; /* else it would make the rest small */
  if (shows && capacity > d->top) d->top = capacity;
  vmo_text_addf(d->out, "<g>\n<rect class=\"panel\" x=\"%d\" y=\"%.2f\" width=\"%d\" height=\"%d\"/>\n", LEFT, d->panel,
                WIDTH - LEFT - RIGHT, PANEL_HEIGHT);
  if (space != NULL) {
    vmo_text_addf(d->out, "<text class=\"title\" x=\"%d\" y=\"%.2f\">", LEFT, d->panel - 22);
    add_escaped(d->out, space->name, strlen(space->name));
    vmo_text_add(d->out, "</text>\n");
  }
  write_bars(d);
  write_level(d, 0, "level", "");
  write_level(d, result->height, "level", "");
  if (shows && capacity != result->height) write_level(d, capacity, "capacity", "capacity ");
  write_peak(d, result);
  vmo_text_addf(d->out, "<text class=\"time\" x=\"%d\" y=\"%.2f\">%" PRId64 "</text>\n", LEFT,
                d->panel + PANEL_HEIGHT + 16, d->first);
  vmo_text_addf(d->out, "<text class=\"time\" x=\"%d\" y=\"%.2f\">%" PRId64 "</text>\n</g>\n", WIDTH - RIGHT,
                d->panel + PANEL_HEIGHT + 16, d->last);
}

/* ---- the whole ---- */

static void note_times(drawing *d, int64_t begin, int64_t end, bool *any) {
  if (!*any || begin < d->first) d->first = begin;
  if (!*any || end > d->last) d->last = end;
  *any = true;
}

static void find_times(drawing *d) {
  const vmo_packing_problem *problem = d->placement->problem;
  bool any = false;
  for (uint32_t i = 0; i < problem->base.lifetime_count; i++)
    note_times(d, problem->base.lifetimes[i].begin, problem->base.lifetimes[i].end, &any);
  for (uint32_t i = 0; i < problem->window_count; i++)
    note_times(d, problem->windows[i].begin, problem->windows[i].end, &any);
}

static void write_style(vmo_text *out) {
  vmo_text_add(out, "<style>\n"
                    "text{font:12px sans-serif;fill:#222}.title{font-weight:bold;font-size:15px}\n"
                    ".label{text-anchor:end}.time{text-anchor:middle}.mark{text-anchor:middle;fill:#c00}\n"
                    ".panel{fill:#f7f7f7}.level{stroke:#222}.capacity{stroke:#c00}\n"
                    ".peak{stroke:#c00;stroke-dasharray:6 4}\n");
  for (unsigned class = 0; class < CLASS_COUNT; class ++)
    vmo_text_addf(out, ".c%u{fill:%s;stroke:#fff;stroke-width:.3}\n", class, colours[class]);
  vmo_text_add(out, "</style>\n");
}

static void write_legend(vmo_text *out) {
  for (unsigned class = 0; class < CLASS_COUNT; class ++) {
    int x = LEFT + (int)class * 130;
    vmo_text_addf(out, "<rect class=\"c%u\" x=\"%d\" y=\"8\" width=\"12\" height=\"12\"/><text x=\"%d\" y=\"18\">",
                  class, x, x + 16);
    vmo_text_add(out, "from ");
    vmo_text_add_bytes_for_people(out, class == 0 ? 1 : (vmo_bytes)1 << class * CLASS_BITS);
    vmo_text_add(out, "</text>\n");
  }
}

void vmo_write_svg(const vmo_placement *placement, vmo_text *out) {
  drawing d = {.placement = placement, .out = out};
  uint32_t panels = placement->packing->offsets != NULL ? placement->packing->result_count : 0;
  int height = TOP + (int)panels * (PANEL_HEIGHT + BETWEEN);
  find_times(&d);
  vmo_text_addf(out,
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\">\n",
                WIDTH, height, WIDTH, height);
  write_style(out);
  write_legend(out);
  for (d.space = 0; d.space < panels; d.space++) {
    d.panel = TOP + (double)d.space * (PANEL_HEIGHT + BETWEEN);
    write_panel(&d);
  }
  vmo_text_add(out, "</svg>\n");
}
