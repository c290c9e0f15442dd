/* text_placement.c: the answer of `plan` for people: figures, spaces, what moved, who is in the way, faults. */
#include "reports/json_placement.h"
#include "reports/model.h"
#include <string.h>

#include "reports/table.h"

#define LABEL_COLUMNS 18
#define SHOWN_BLOCKERS 8

static void write_label(const char *label, vmo_text *out) { vmo_text_addf(out, "    %-*s", LABEL_COLUMNS, label); }

static void write_bytes_line(const char *label, vmo_bytes bytes, const char *note, vmo_text *out) {
  write_label(label, out);
  vmo_text_addf(out, "%16lld B%s%s\n", (long long)bytes, *note != '\0' ? "  " : "", note);
}

static void write_count_line(const char *label, int64_t count, vmo_text *out) {
  write_label(label, out);
  vmo_text_addf(out, "%16lld\n", (long long)count);
}

/* ---- spaces ---- */

static void fill_space(const void *user, uint32_t row, vmo_text *cells) {
  const vmo_placement *placement = user;
  const vmo_space *space = &placement->problem->spaces[row];
  const vmo_solution *result = &placement->packing->results[row];
  uint32_t count = 0;
  for (uint32_t i = 0; i < placement->problem->base.buffer_count; i++) count += placement->packing->spaces[i] == row;
  vmo_text_add_utf8(&cells[0], space->name, strlen(space->name));
  vmo_text_add_integer(&cells[1], count);
  vmo_text_add_integer(&cells[2], result->height);
  if (space->capacity >= 0)
    vmo_text_add_integer(&cells[3], space->capacity);
  else
    vmo_text_add(&cells[3], "-");
  vmo_text_add_integer(&cells[4], result->lower_bound);
  vmo_text_add_integer(&cells[5], space->cost);
}

static void write_spaces(const vmo_placement *placement, const vmo_text_style *style, vmo_text *out) {
  if (placement->problem->space_count == 0 || placement->packing->offsets == NULL) return;
  vmo_table table = {.columns = {{"space", false},
                                 {"buffers", true},
                                 {"height", true},
                                 {"capacity", true},
                                 {"bound", true},
                                 {"per byte", true}},
                     .column_count = 6,
                     .row_count = placement->problem->space_count,
                     .fill = fill_space,
                     .user = placement};
  vmo_text_add_char(out, '\n');
  vmo_write_table(&table, style, out);
}

/* ---- lists of buffers ---- */

static void add_id(const vmo_placement *placement, uint32_t buffer, vmo_text *out) {
  size_t length;
  const char *id = vmo_csv_id(placement->csv, buffer, &length);
  vmo_text_add_utf8(out, id, length);
}

static void write_blockers(const vmo_placement *placement, vmo_text *out) {
  const vmo_packing *packing = placement->packing;
  if (packing->blocker_count == 0) return;
  write_label("cannot fit", out);
  for (uint32_t i = 0; i < packing->blocker_count && i < SHOWN_BLOCKERS; i++) {
    if (i > 0) vmo_text_add(out, ", ");
    add_id(placement, packing->blockers[i], out);
  }
  if (packing->blocker_count > SHOWN_BLOCKERS)
    vmo_text_addf(out, ", and %u more", packing->blocker_count - SHOWN_BLOCKERS);
  vmo_text_add(out, packing->blocker_count > 1 ? " together\n" : "\n");
}

static void write_faults(const vmo_placement *placement, vmo_text *out) {
  const vmo_fault_list *faults = placement->faults;
  if (faults == NULL) return;
  vmo_text_addf(out, "\n%u%s fault%s\n", faults->count, faults->more ? " and more" : "",
                faults->count == 1 && !faults->more ? "" : "s");
  for (uint32_t i = 0; i < faults->count; i++) {
    vmo_text_add(out, "    ");
    vmo_add_fault_text(placement, &faults->data[i], out);
    vmo_text_add_char(out, '\n');
  }
}

/* ---- figures ---- */

static void write_gap(const vmo_placement_figures *sum, vmo_text *out) {
  vmo_text note;
  int64_t hundredths = vmo_gap_in_hundredths(sum->height, sum->lower_bound);
  vmo_text_init(&note);
  vmo_text_addf(&note, "%lld.%02d %%, height over lower bound", (long long)(hundredths / 100), (int)(hundredths % 100));
  write_bytes_line("gap", sum->height - sum->lower_bound, note.data != NULL ? note.data : "", out);
  vmo_text_free(&note);
}

static void write_status(const vmo_placement *placement, vmo_text *out) {
  const vmo_packing *packing = placement->packing;
  write_label("status", out);
  if (placement->faults != NULL) {
    vmo_text_addf(out, "%16s\n", placement->faults->count == 0 ? "valid" : "invalid");
    return;
  }
  vmo_text_addf(out, "%16s    %s\n", vmo_solution_status_name(packing->status), packing->why);
  bool fits = packing->status == VMO_SOLUTION_OPTIMAL || packing->status == VMO_SOLUTION_FEASIBLE;
  if (!fits || placement->problem->space_count > 1) return;
  write_label("method", out);
  vmo_text_addf(out, "%s\n", packing->results[0].method);
  if (packing->results[0].nodes > 0) write_count_line("nodes", (int64_t)packing->results[0].nodes, out);
}

void vmo_write_placement_text(const vmo_placement *placement, const vmo_text_style *style, vmo_text *out) {
  const vmo_packing *packing = placement->packing;
  vmo_placement_figures sum = vmo_sum_placement(placement);
  bool several = placement->problem->space_count > 1;
  vmo_text_add_char(out, '\n');
  write_count_line("buffers", placement->problem->base.buffer_count, out);
  if (placement->problem->base.capacity >= 0) write_bytes_line("capacity", placement->problem->base.capacity, "", out);
  if (packing->offsets != NULL) {
    bool optimal = packing->status == VMO_SOLUTION_OPTIMAL && !several;
    write_bytes_line("height", sum.height,
                     optimal   ? "no placement is lower"
                     : several ? "all spaces together"
                               : "",
                     out);
  }
  write_bytes_line("lower bound", sum.lower_bound, several ? "of what each space holds" : "the most bytes live at once",
                   out);
  if (sum.floor > sum.lower_bound) write_bytes_line("floor", sum.floor, "no placement is lower", out);
  if (packing->offsets != NULL) write_gap(&sum, out);
  if (placement->problem->space_count > 0 && packing->offsets != NULL) {
    write_count_line("cost", packing->cost, out);
    write_count_line("cost floor", packing->cost_floor, out);
  }
  write_status(placement, out);
  if (placement->moves != NULL) {
    write_label("since then", out);
    vmo_text_addf(out, "%u kept, %u moved, %u new\n", placement->moves->kept, placement->moves->moved,
                  placement->moves->added);
  }
  write_blockers(placement, out);
  write_spaces(placement, style, out);
  write_faults(placement, out);
}
