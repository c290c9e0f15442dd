/* metrics_format.c: the metrics as lines, as JSON and in Prometheus' text format
 * (https://prometheus.io/docs/instrumenting/exposition_formats/). The list VMR_METRICS says all there is to say. */
#include "runtime/writer.h"
#include "vmemrt/metrics.h"

typedef enum metric_kind { COUNTER, GAUGE } metric_kind;

typedef struct line {
  metric_kind kind;
  const char *name, *help;
  double ratio;
  uint64_t count;
  enum { count, ratio } type;
} line;

#define LINE_COUNT_ONE(KIND, type, name, help) +1
enum { LINE_COUNT = 0 VMR_METRICS(LINE_COUNT_ONE) };

/* Fills the table; without a context all figures are 0. */
static void read_lines(vmr_ctx *ctx, line *lines) {
  vmr_metrics metrics = {0};
  size_t at = 0;
  (void)vmr_metrics_read(ctx, &metrics, sizeof metrics);
#define LINE_OF(KIND, TYPE, NAME, HELP) \
  lines[at++] = (line){KIND, #NAME, HELP, (double)metrics.NAME, (uint64_t)metrics.NAME, TYPE};
  VMR_METRICS(LINE_OF)
#undef LINE_OF
}

static void write_value(vmr_writer *writer, const line *written) {
  if (written->type == ratio) {
    vmr_write_ratio(writer, written->ratio);
  } else {
    vmr_write_count(writer, written->count);
  }
}

size_t vmr_metrics_text(vmr_ctx *ctx, char *buffer, size_t capacity) {
  vmr_writer writer = {buffer, capacity, 0};
  line lines[LINE_COUNT];
  read_lines(ctx, lines);
  for (size_t i = 0; i < LINE_COUNT; i++) {
    vmr_write(&writer, lines[i].name);
    vmr_write(&writer, " ");
    write_value(&writer, &lines[i]);
    vmr_write(&writer, "\n");
  }
  return vmr_end_text(&writer);
}

size_t vmr_metrics_json(vmr_ctx *ctx, char *buffer, size_t capacity) {
  vmr_writer writer = {buffer, capacity, 0};
  line lines[LINE_COUNT];
  read_lines(ctx, lines);
  for (size_t i = 0; i < LINE_COUNT; i++) {
    vmr_write(&writer, i == 0 ? "{\"" : ", \"");
    vmr_write(&writer, lines[i].name);
    vmr_write(&writer, "\": ");
    write_value(&writer, &lines[i]);
  }
  vmr_write(&writer, "}\n");
  return vmr_end_text(&writer);
}

static void write_prometheus_name(vmr_writer *writer, const line *written) {
  vmr_write(writer, "vmemrt_");
  vmr_write(writer, written->name);
  if (written->kind == COUNTER) vmr_write(writer, "_total");
}

size_t vmr_metrics_prometheus(vmr_ctx *ctx, char *buffer, size_t capacity) {
  vmr_writer writer = {buffer, capacity, 0};
  line lines[LINE_COUNT];
  read_lines(ctx, lines);
  for (size_t i = 0; i < LINE_COUNT; i++) {
    vmr_write(&writer, "# HELP ");
    write_prometheus_name(&writer, &lines[i]);
    vmr_write(&writer, " ");
    vmr_write(&writer, lines[i].help);
    vmr_write(&writer, "\n# TYPE ");
    write_prometheus_name(&writer, &lines[i]);
    vmr_write(&writer, lines[i].kind == COUNTER ? " counter\n" : " gauge\n");
    write_prometheus_name(&writer, &lines[i]);
    vmr_write(&writer, " ");
    write_value(&writer, &lines[i]);
    vmr_write(&writer, "\n");
  }
  return vmr_end_text(&writer);
}
