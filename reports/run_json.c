/* run_json.c: what a run did, as JSON. docs/run.schema.json is its shape.
 *
 * Numbers are numbers where JSON has them, and text otherwise: "nan", "inf", whole ones of 2^53 or more. */
#include <stdlib.h>
#include <string.h>

#include "reports/json_lists.h"
#include "reports/json_placement.h"
#include "reports/reports.h"
#include "reports/writer.h"

#define SCHEMA "vmemopt.run/1"

/* Whether JSON readers keep it: a fraction is a double to them, a whole number is one below 2^53. */
static bool is_plain(const char *number) {
  if (strstr(number, "nan") != NULL || strstr(number, "inf") != NULL) return false;
  if (strpbrk(number, ".e") != NULL) return true;
  long long whole = strtoll(number, NULL, 10); /* of true and false 0 */
  return whole < VMO_BYTES_LIMIT && whole > -VMO_BYTES_LIMIT;
}

static void put_number(vmo_json_writer *writer, const char *key, const char *number) {
  if (number == NULL) {
    vmo_put_null(writer, key);
  } else if (is_plain(number)) {
    vmo_json_begin_member(writer, key);
    vmo_text_add(writer->out, number);
  } else {
    vmo_put_string(writer, key, number);
  }
}

static void put_array(vmo_json_writer *writer, const vmo_run_array *array, bool result) {
  char checksum[9];
  vmo_json_open_row(writer, NULL, '{');
  vmo_put_string(writer, "name", array->name);
  vmo_put_string(writer, "type", array->type);
  vmo_put_string(writer, "element", array->element);
  vmo_json_open_row(writer, "sizes", '[');
  for (uint32_t i = 0; i < array->rank; i++) vmo_put_integer(writer, NULL, array->sizes[i]);
  vmo_json_close(writer, ']');
  vmo_put_boolean(writer, "state", array->state);
  vmo_put_string(writer, result ? "file" : "origin", array->origin);
  vmo_json_open_row(writer, "first", '[');
  for (uint32_t i = 0; i < array->shown_count; i++) put_number(writer, NULL, array->shown[i]);
  vmo_json_close(writer, ']');
  put_number(writer, "min", array->least);
  put_number(writer, "max", array->greatest);
  put_number(writer, "mean", array->mean);
  vmo_put_integer(writer, "nan", array->nan_count);
  for (int i = 0; i < 8; i++) checksum[i] = "0123456789abcdef"[array->checksum >> (28 - 4 * i) & 15];
  checksum[8] = '\0';
  vmo_put_string(writer, "crc32", checksum);
  vmo_json_close(writer, '}');
}

static void put_seconds(vmo_json_writer *writer, const char *key, double seconds) {
  vmo_json_begin_member(writer, key);
  vmo_text_addf(writer->out, "%.9f", seconds);
}

static void write_measure(vmo_json_writer *writer, const vmo_run_measure *measure) {
  vmo_json_open(writer, "measure", '{');
  vmo_put_integer(writer, "planned_bytes", measure->planned);
  vmo_put_integer(writer, "measured_bytes", measure->measured);
  vmo_put_boolean(writer, "exact", measure->exact);
  vmo_put_integer(writer, "load_bytes", measure->load);
  vmo_put_limit(writer, "naive_bytes", measure->naive, measure->naive >= 0);
  vmo_put_integer(writer, "copies_planned", measure->copies_planned);
  vmo_put_integer(writer, "copies_expected", measure->copies_expected);
  vmo_put_integer(writer, "copies_made", measure->copies_made);
  vmo_put_integer(writer, "allocations_per_call", measure->allocations);
  vmo_put_limit(writer, "naive_allocations_per_call", measure->naive_allocations, measure->naive >= 0);
  vmo_put_integer(writer, "deepest", measure->deepest);
  put_seconds(writer, "call_seconds", measure->best_seconds);
  if (measure->naive >= 0)
    put_seconds(writer, "naive_call_seconds", measure->naive_seconds);
  else
    vmo_put_null(writer, "naive_call_seconds");
  put_seconds(writer, "compile_seconds", measure->compile_seconds);
  vmo_put_integer(writer, "timed_calls", measure->timed_calls);
  vmo_put_integer(writer, "differing", measure->differing);
  if (measure->largest_difference >= 0 && measure->largest_difference <= 2) {
    vmo_json_begin_member(writer, "largest_difference");
    vmo_text_addf(writer->out, "%.6g", measure->largest_difference);
  } else {
    vmo_put_null(writer, "largest_difference");
  }
  vmo_json_close(writer, '}');
}

static void write_ops(vmo_json_writer *writer, const vmo_run_watch *watch) {
  vmo_json_open(writer, "ops", '[');
  for (uint32_t i = 0; i < watch->op_count; i++) {
    const vmo_run_op *op = &watch->ops[i];
    vmo_json_open_row(writer, NULL, '{');
    vmo_put_string(writer, "function", op->function);
    vmo_put_string(writer, "op", op->op);
    vmo_put_string(writer, "result", op->result);
    vmo_put_limit(writer, "line", op->line, op->line > 0);
    vmo_put_integer(writer, "count", op->count);
    put_seconds(writer, "seconds", op->seconds);
    vmo_put_integer(writer, "bytes_moved", op->moved);
    vmo_put_limit(writer, "live_bytes", op->live, op->live >= 0);
    vmo_put_boolean(writer, "copy", op->copy);
    vmo_json_close(writer, '}');
  }
  vmo_json_close(writer, ']');
}

void vmo_write_run_json(const vmo_run_report *report, vmo_text *out) {
  vmo_json_writer writer = {.out = out, .empty = true};
  vmo_json_open(&writer, NULL, '{');
  vmo_put_schema(&writer, SCHEMA);
  vmo_put_string(&writer, "input", report->input);
  vmo_put_string(&writer, "function", report->function);
  vmo_put_string(&writer, "engine", report->engine);
  vmo_put_integer(&writer, "calls", report->calls);
  vmo_put_dims(&writer, report->module, report->binding);
  vmo_json_open(&writer, "arguments", '[');
  for (uint32_t i = 0; i < report->argument_count; i++) put_array(&writer, &report->arguments[i], false);
  vmo_json_close(&writer, ']');
  vmo_json_open(&writer, "results", '[');
  for (uint32_t i = 0; i < report->result_count; i++) put_array(&writer, &report->results[i], true);
  vmo_json_close(&writer, ']');
  if (report->watch != NULL) write_ops(&writer, report->watch);
  if (report->measure != NULL && report->engine != NULL) write_measure(&writer, report->measure);
  vmo_put_diagnostics(&writer, report->context);
  vmo_json_close(&writer, '}');
  vmo_text_free(&writer.scratch);
}
