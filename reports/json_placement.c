/* json_placement.c: the answer of `plan` as JSON: figures, spaces, blockers, faults, and each buffer's place in a
 * row of its
 * own, written as it comes. */
#include "reports/json_placement.h"

#include <inttypes.h>
#include <stdio.h>

#include "reports/model.h"

const char *vmo_fault_kind_name(vmo_fault_kind kind) {
  static const char *const names[] = {[VMO_FAULT_NONE] = "none",
                                      [VMO_FAULT_NEGATIVE_OFFSET] = "negative-offset",
                                      [VMO_FAULT_MISALIGNED] = "misaligned",
                                      [VMO_FAULT_FIXED_OFFSET] = "fixed-offset",
                                      [VMO_FAULT_HEIGHT] = "height",
                                      [VMO_FAULT_CAPACITY] = "capacity",
                                      [VMO_FAULT_OVERLAP] = "overlap",
                                      [VMO_FAULT_LOWER_BOUND] = "lower-bound",
                                      [VMO_FAULT_SPACE] = "space",
                                      [VMO_FAULT_COLOCATED] = "colocated",
                                      [VMO_FAULT_APART] = "apart",
                                      [VMO_FAULT_COST] = "cost"};
  return names[kind];
}

vmo_placement_figures vmo_sum_placement(const vmo_placement *placement) {
  vmo_placement_figures sum = {0};
  for (uint32_t i = 0; i < placement->packing->result_count; i++) {
    const vmo_solution *result = &placement->packing->results[i];
    sum.height += result->height;
    sum.lower_bound += result->lower_bound;
    sum.floor += result->floor > result->lower_bound ? result->floor : result->lower_bound;
    sum.nodes += result->nodes;
  }
  return sum;
}

int64_t vmo_gap_in_hundredths(vmo_bytes height, vmo_bytes lower_bound) {
  if (height <= lower_bound || lower_bound == 0) return height > lower_bound ? 10000 : 0;
  double gap = (double)(height - lower_bound) / (double)lower_bound * 10000;
  int64_t whole = gap < 9e15 ? (int64_t)gap : INT64_C(9000000000000000);
  return whole < gap ? whole + 1 : whole;
}

/* ---- names ---- */

static void put_id(vmo_json_writer *writer, const char *key, const vmo_placement *placement, uint32_t buffer) {
  size_t length;
  const char *id = vmo_csv_id(placement->csv, buffer, &length);
  vmo_text *text = vmo_json_scratch(writer);
  vmo_text_add_utf8(text, id, length);
  vmo_put_text(writer, key, text);
}

typedef struct fault_namer {
  const vmo_placement *placement;
  char names[2][64]; /* a fault names at most two */
  uint32_t turn;
} fault_namer;

static const char *name_buffer(void *user, uint32_t buffer) {
  fault_namer *namer = user;
  size_t length;
  const char *id = vmo_csv_id(namer->placement->csv, buffer, &length);
  char *name = namer->names[namer->turn++ % 2];
  snprintf(name, sizeof namer->names[0], "%.*s", (int)(length < 60 ? length : 60), id);
  return name;
}

void vmo_add_fault_text(const vmo_placement *placement, const vmo_fault *fault, vmo_text *out) {
  fault_namer namer = {.placement = placement};
  vmo_text plain;
  vmo_text_init(&plain);
  vmo_describe_packing_fault(placement->problem, placement->packing, fault, name_buffer, &namer, &plain);
  if (plain.data != NULL) vmo_text_add_utf8(out, plain.data, plain.count);
  if (vmo_text_failed(&plain)) out->failed = true;
  vmo_text_free(&plain);
}

/* ---- lists ---- */

/* 12.34 from 1234. */
static void put_percent(vmo_json_writer *writer, const char *key, int64_t hundredths, bool known) {
  if (!known) {
    vmo_put_null(writer, key);
    return;
  }
  vmo_json_begin_member(writer, key);
  vmo_text_addf(writer->out, "%" PRId64 ".%02d", hundredths / 100, (int)(hundredths % 100));
}

static void write_space(vmo_json_writer *writer, const vmo_placement *placement, uint32_t index) {
  const vmo_space *space = &placement->problem->spaces[index];
  const vmo_solution *result = &placement->packing->results[index];
  bool placed = placement->packing->offsets != NULL;
  uint32_t count = 0;
  for (uint32_t i = 0; i < placement->problem->base.buffer_count && placed; i++)
    count += placement->packing->spaces[i] == index;
  vmo_json_open_row(writer, NULL, '{');
  vmo_put_string(writer, "name", space->name);
  vmo_put_limit(writer, "capacity", space->capacity, space->capacity >= 0);
  vmo_put_integer(writer, "alignment", space->alignment > 1 ? space->alignment : 1);
  vmo_put_integer(writer, "cost_per_byte", space->cost);
  vmo_put_limit(writer, "buffers", count, placed);
  vmo_put_limit(writer, "height", result->height, placed);
  vmo_put_limit(writer, "lower_bound", result->lower_bound, placed);
  vmo_put_limit(writer, "gap", result->height - result->lower_bound, placed);
  vmo_json_begin_member(writer, "witness");
  vmo_text_addf(writer->out, "%" PRId64, result->witness);
  vmo_json_close(writer, '}');
}

static void write_place(vmo_json_writer *writer, const vmo_placement *placement, uint32_t buffer) {
  const vmo_packing *packing = placement->packing;
  vmo_json_open_row(writer, NULL, '{');
  put_id(writer, "id", placement, buffer);
  vmo_put_integer(writer, "offset", packing->offsets[buffer]);
  vmo_put_integer(writer, "size", placement->problem->base.buffers[buffer].bytes);
  bool named = placement->problem->space_count > 0 && packing->spaces[buffer] < placement->problem->space_count;
  vmo_put_string(writer, "space", named ? placement->problem->spaces[packing->spaces[buffer]].name : NULL);
  vmo_json_close(writer, '}');
}

static void write_fault(vmo_json_writer *writer, const vmo_placement *placement, const vmo_fault *fault) {
  bool buffer = fault->buffer != VMO_NONE, other = buffer && fault->other != VMO_NONE;
  vmo_json_open_row(writer, NULL, '{');
  vmo_put_string(writer, "kind", vmo_fault_kind_name(fault->kind));
  if (buffer)
    put_id(writer, "id", placement, fault->buffer);
  else
    vmo_put_null(writer, "id");
  if (other)
    put_id(writer, "other", placement, fault->other);
  else
    vmo_put_null(writer, "other");
  vmo_put_limit(writer, "time", fault->time, fault->kind == VMO_FAULT_OVERLAP);
  vmo_text *text = vmo_json_scratch(writer);
  vmo_add_fault_text(placement, fault, text);
  vmo_put_text(writer, "message", text);
  vmo_json_close(writer, '}');
}

static void write_lists(vmo_json_writer *writer, const vmo_placement *placement) {
  const vmo_packing *packing = placement->packing;
  vmo_json_open_row(writer, "blockers", '[');
  for (uint32_t i = 0; i < packing->blocker_count; i++) vmo_put_integer(writer, NULL, packing->blockers[i]);
  vmo_json_close(writer, ']');
  vmo_json_open_row(writer, "blocker_ids", '[');
  for (uint32_t i = 0; i < packing->blocker_count; i++) put_id(writer, NULL, placement, packing->blockers[i]);
  vmo_json_close(writer, ']');
  vmo_json_open(writer, "spaces", '[');
  for (uint32_t i = 0; i < placement->problem->space_count; i++) write_space(writer, placement, i);
  vmo_json_close(writer, ']');
  vmo_json_open(writer, "placements", '[');
  for (uint32_t i = 0; i < placement->problem->base.buffer_count && packing->offsets != NULL; i++)
    write_place(writer, placement, i);
  vmo_json_close(writer, ']');
  if (placement->faults == NULL) return;
  vmo_put_boolean(writer, "more_faults", placement->faults->more);
  vmo_json_open(writer, "faults", '[');
  for (uint32_t i = 0; i < placement->faults->count; i++) write_fault(writer, placement, &placement->faults->data[i]);
  vmo_json_close(writer, ']');
}

void vmo_write_placement(vmo_json_writer *writer, const vmo_placement *placement) {
  const vmo_packing *packing = placement->packing;
  const vmo_solution *first = &packing->results[0];
  vmo_bytes capacity = placement->problem->base.capacity;
  vmo_placement_figures sum = vmo_sum_placement(placement);
  bool placed = packing->offsets != NULL;
  vmo_json_open(writer, "plan", '{');
  vmo_put_integer(writer, "buffers", placement->problem->base.buffer_count);
  vmo_put_limit(writer, "capacity", capacity, capacity >= 0);
  if (placement->faults == NULL)
    vmo_put_string(writer, "status", vmo_solution_status_name(packing->status));
  else
    vmo_put_string(writer, "status", placement->faults->count == 0 ? "valid" : "invalid");
  vmo_put_string(writer, "why", packing->why);
  vmo_put_limit(writer, "height", sum.height, placed);
  vmo_put_integer(writer, "lower_bound", sum.lower_bound);
  vmo_put_integer(writer, "floor", sum.floor);
  vmo_put_limit(writer, "gap", sum.height - sum.lower_bound, placed);
  put_percent(writer, "gap_percent", vmo_gap_in_hundredths(sum.height, sum.lower_bound), placed);
  vmo_json_begin_member(writer, "witness");
  vmo_text_addf(writer->out, "%" PRId64, first->witness);
  vmo_put_string(writer, "method", placed ? first->method : NULL);
  static const char *const proofs[] = {
      [VMO_PROOF_NONE] = "none", [VMO_PROOF_BOUND] = "bound", [VMO_PROOF_SEARCH] = "search"};
  bool one = packing->result_count == 1 && placement->faults == NULL;
  vmo_put_string(writer, "proof", one ? proofs[first->proof] : NULL);
  vmo_put_limit(writer, "nodes", (int64_t)sum.nodes, sum.nodes < (uint64_t)VMO_BYTES_LIMIT);
  vmo_put_limit(writer, "cost", packing->cost, placed && placement->problem->space_count > 0);
  vmo_put_limit(writer, "cost_floor", packing->cost_floor, placed && placement->problem->space_count > 0);
  if (placement->moves != NULL) {
    vmo_json_open_row(writer, "moves", '{');
    vmo_put_integer(writer, "kept", placement->moves->kept);
    vmo_put_integer(writer, "moved", placement->moves->moved);
    vmo_put_integer(writer, "added", placement->moves->added);
    vmo_json_close(writer, '}');
  }
  write_lists(writer, placement);
  vmo_json_close(writer, '}');
}
