/* run_trace.c: a run op by op, in the Trace Event Format that Chrome and Perfetto show: a bar for each op, and a counter of
 * live bytes, which a call holds for what runs inside it. Times are microseconds from the first op on. Linear. */
#include "reports/reports.h"
#include "reports/writer.h"

static void put_time(vmo_json_writer *writer, const char *key, double seconds) {
  vmo_json_begin_member(writer, key);
  vmo_text_addf(writer->out, "%.3f", seconds * 1e6);
}

static void put_event(vmo_json_writer *writer, const vmo_run_op *op, const vmo_run_event *event, double start) {
  vmo_text *name = vmo_json_scratch(writer);
  vmo_text_add(name, op->op);
  if (op->result != NULL) vmo_text_addf(name, " %%%s", op->result);
  vmo_json_open_row(writer, NULL, '{');
  vmo_put_text(writer, "name", name);
  vmo_put_string(writer, "cat", op->copy ? "copy" : "op");
  vmo_put_string(writer, "ph", "X");
  put_time(writer, "ts", event->begin - start);
  put_time(writer, "dur", event->seconds);
  vmo_put_integer(writer, "pid", 1);
  vmo_put_integer(writer, "tid", 1);
  vmo_json_open_row(writer, "args", '{');
  vmo_put_string(writer, "function", op->function);
  vmo_put_integer(writer, "line", op->line);
  vmo_put_integer(writer, "bytes_moved", op->moved);
  vmo_json_close(writer, '}');
  vmo_json_close(writer, '}');
}

static void put_counter(vmo_json_writer *writer, vmo_bytes live, double time) {
  vmo_json_open_row(writer, NULL, '{');
  vmo_put_string(writer, "name", "live bytes");
  vmo_put_string(writer, "ph", "C");
  put_time(writer, "ts", time);
  vmo_put_integer(writer, "pid", 1);
  vmo_json_open_row(writer, "args", '{');
  vmo_put_integer(writer, "bytes", live);
  vmo_json_close(writer, '}');
  vmo_json_close(writer, '}');
}

/* Events end in the order in which they are listed, so that one inside a call stands before the call's. */
static double find_start(const vmo_run_watch *watch) {
  double start = watch->event_count > 0 ? watch->events[0].begin : 0;
  for (uint32_t i = 1; i < watch->event_count; i++)
    if (watch->events[i].begin < start) start = watch->events[i].begin;
  return start;
}

void vmo_write_trace(const vmo_run_report *report, vmo_text *out) {
  const vmo_run_watch *watch = report->watch;
  vmo_json_writer writer = {.out = out, .empty = true};
  double start = find_start(watch);
  vmo_bytes before = -1;
  vmo_json_open(&writer, NULL, '{');
  vmo_json_open(&writer, "traceEvents", '[');
  for (uint32_t i = 0; i < watch->event_count; i++) {
    const vmo_run_event *event = &watch->events[i];
    const vmo_run_op *op = &watch->ops[event->op];
    put_event(&writer, op, event, start);
    if (op->live < 0 || op->live == before) continue;
    put_counter(&writer, op->live, event->begin - start);
    before = op->live;
  }
  vmo_json_close(&writer, ']');
  vmo_put_string(&writer, "displayTimeUnit", "ns");
  vmo_json_open_row(&writer, "otherData", '{');
  vmo_put_string(&writer, "tool", "vmemopt " VMO_VERSION);
  vmo_put_string(&writer, "input", report->input);
  vmo_put_string(&writer, "function", report->function);
  vmo_put_integer(&writer, "dropped", watch->dropped);
  vmo_json_close(&writer, '}');
  vmo_json_close(&writer, '}');
  vmo_text_free(&writer.scratch);
}
