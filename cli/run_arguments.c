/* run_arguments.c: from --arg and --graph to an array for each parameter.
 *
 *   settings ──> sources, some with a shape ──> dims ──> arrays of the parameters' sizes ──> filled
 *
 * A graph comes between: its number of nodes may be told by a dim, and it tells the number of edges. */
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "cli/run.h"

/* Nodes that a list of edges may have by itself: with far more, most numbers would be unused. */
#define MOST_NODES_BESIDES INT64_C(1000000)
#define MOST_NODES_PER_EDGE 64
#define SEED_PLACE 7 /* in "random:7" and "normal:7" */
#define LARGE_BYTES ((vmo_bytes)1 << 30)

vmo_status vmo_argument_fault(vmo_execution *run, uint32_t parameter, vmo_diag_code code, const char *hint,
                              const char *format, ...) {
  vmo_text message;
  va_list arguments;
  vmo_text_init(&message);
  va_start(arguments, format);
  vmo_text_addv(&message, format, arguments);
  va_end(arguments);
  const char *name = vmo_value_name(run->module, run->function, parameter);
  vmo_diagnostic *added = vmo_diag_add(run->cli->context, code, (vmo_location){0}, "argument %s: %s", name,
                                       message.data != NULL ? message.data : "");
  if (added != NULL) added->source = "vmemopt"; /* it is no fault of the program */
  if (hint != NULL) vmo_diag_hint(run->cli->context, added, "%s", hint);
  vmo_text_free(&message);
  return VMO_INPUT_ERROR;
}

/* ---- which parameter ---- */

static uint32_t find_parameter(const vmo_execution *run, const char *name) {
  for (uint32_t i = 0; i < run->function->parameters.count; i++)
    if (strcmp(vmo_value_name(run->module, run->function, i), name) == 0) return i;
  return VMO_NONE;
}

static vmo_status unknown_parameter(vmo_execution *run, const char *option, const char *name) {
  uint32_t count = run->function->parameters.count;
  const char **names = vmo_alloc_array(run->cli->context, (size_t)count + 1, sizeof *names);
  if (names == NULL) return VMO_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < count; i++) names[i] = vmo_value_name(run->module, run->function, i);
  vmo_diagnostic *added = vmo_diag_add(run->cli->context, VMO_DIAG_ARGUMENT_VALUE, (vmo_location){0},
                                       "@%s has no parameter %s, which --%s names",
                                       vmo_name(run->module, run->function->name), name, option);
  if (added != NULL) added->source = "vmemopt";
  const char *nearest = vmo_nearest_word(name, names, count);
  vmo_text list;
  vmo_text_init(&list);
  for (uint32_t i = 0; i < count; i++) vmo_text_addf(&list, "%s%s", i > 0 ? ", " : "", names[i]);
  if (nearest != NULL)
    vmo_diag_hint(run->cli->context, added, "did you mean %s?", nearest);
  else if (list.data != NULL)
    vmo_diag_hint(run->cli->context, added, "its parameters are: %s", list.data);
  vmo_text_free(&list);
  return VMO_INPUT_ERROR;
}

/* ---- what a text asks for ---- */

static bool starts_with(const char *text, const char *start) { return strncmp(text, start, strlen(start)) == 0; }

/* SEED[:A:B]. */
static bool read_draw(vmo_source *source, const char *text) {
  size_t length = strcspn(text, ":");
  int64_t seed;
  if (!vmo_parse_count(text, length, &seed)) return false;
  source->seed = (uint64_t)seed;
  source->has_range = text[length] == ':';
  if (!source->has_range) return true;
  const char *low = text + length + 1, *colon = strchr(low, ':');
  vmo_plain_number number;
  if (colon == NULL || !vmo_read_plain_number(low, (size_t)(colon - low), &number)) return false;
  source->low = number.real;
  if (!vmo_read_plain_number(colon + 1, strlen(colon + 1), &number)) return false;
  source->high = number.real;
  return isfinite(source->low) && isfinite(source->high) &&
         (source->kind == VMO_SOURCE_NORMAL || source->low <= source->high);
}

static vmo_status read_source(vmo_execution *run, uint32_t parameter, const char *text) {
  vmo_source *source = &run->sources[parameter];
  source->text = text;
  if (*text == '@') {
    source->kind = VMO_SOURCE_FILE;
    return vmo_open_array_file(run, parameter);
  }
  bool uniform = starts_with(text, "random:");
  if (uniform || starts_with(text, "normal:")) {
    source->kind = uniform ? VMO_SOURCE_UNIFORM : VMO_SOURCE_NORMAL;
    if (read_draw(source, text + SEED_PLACE)) return VMO_OK;
    return vmo_argument_fault(run, parameter, VMO_DIAG_ARGUMENT_VALUE,
                              uniform ? "random:SEED or random:SEED:LOW:HIGH"
                                      : "normal:SEED or normal:SEED:MEAN:DEVIATION",
                              "'%.60s' cannot be drawn", text);
  }
  source->kind = strcmp(text, "zeros") == 0 ? VMO_SOURCE_ZEROS : *text == '[' ? VMO_SOURCE_LIST : VMO_SOURCE_NUMBER;
  if (source->kind == VMO_SOURCE_LIST) return vmo_measure_list(run, parameter);
  return VMO_OK;
}

/* ---- graphs ---- */

static bool split_names(vmo_execution *run, vmo_run_graph *graph, const char *text, size_t length) {
  size_t count = 0;
  for (const char *at = text, *end = text + length; at <= end; count++) {
    const char *comma = memchr(at, ',', (size_t)(end - at)), *stop = comma != NULL ? comma : end;
    if (*at == '%') at++;
    if (count == 3 || at >= stop) return false;
    graph->names[count] = vmr_arena_copy_text(run->cli->context->arena, at, (size_t)(stop - at));
    if (graph->names[count] == NULL) return false;
    at = stop + 1;
  }
  return count >= 2;
}

/* [ROW,COL[,WEIGHT][:USE]=]FILE. */
static bool split_graph(vmo_execution *run, vmo_run_graph *graph, const char *text) {
  const char *equals = strchr(text, '=');
  *graph = (vmo_run_graph){.names = {"row", "col", NULL}, .path = equals != NULL ? equals + 1 : text};
  if (equals == NULL) return true;
  const char *colon = memchr(text, ':', (size_t)(equals - text)), *end = colon != NULL ? colon : equals;
  if (colon != NULL) {
    size_t length = (size_t)(equals - colon - 1);
    bool reversed = length == 8 && memcmp(colon + 1, "reversed", length) == 0;
    if (!reversed && !(length == 10 && memcmp(colon + 1, "undirected", length) == 0)) return false;
    graph->use = reversed ? VMO_EDGES_REVERSED : VMO_EDGES_UNDIRECTED;
  }
  if (end != text && !split_names(run, graph, text, (size_t)(end - text))) return false;
  return *graph->path != '\0';
}

static vmo_status split_graphs(vmo_execution *run) {
  vmo_context *context = run->cli->context;
  for (uint32_t i = 0; i < run->cli->options.graphs.count; i++) {
    const char *text = run->cli->options.graphs.data[i];
    vmo_run_graph graph;
    if (!split_graph(run, &graph, text)) {
      vmo_diagnostic *added = vmo_diag_add(context, VMO_DIAG_USAGE, (vmo_location){0},
                                           "--graph takes FILE, or names and FILE, not '%.80s'", text);
      if (added != NULL) added->source = "vmemopt";
      vmo_diag_hint(context, added, "ROW,COL=FILE, ROW,COL,WEIGHT=FILE, ROW,COL:reversed=FILE, :undirected=FILE");
      return VMO_INPUT_ERROR;
    }
    if (!vmo_vec_push(context->arena, &run->graphs, graph)) return VMO_OUT_OF_MEMORY;
  }
  return VMO_OK;
}

/* Gives the parameters of a graph their sources. */
static vmo_status name_graph(vmo_execution *run, vmo_run_graph *graph) {
  static const vmo_source_kind kinds[] = {VMO_SOURCE_ROW, VMO_SOURCE_COL, VMO_SOURCE_WEIGHT};
  for (int i = 0; i < 3 && graph->names[i] != NULL; i++) {
    uint32_t parameter = find_parameter(run, graph->names[i]);
    if (parameter == VMO_NONE) return unknown_parameter(run, "graph", graph->names[i]);
    vmo_source *source = &run->sources[parameter];
    bool whole = kinds[i] == VMO_SOURCE_WEIGHT || vmo_element_is_integer(run->arguments[parameter].element);
    if (vmo_value_type(run->module, run->function, parameter)->rank != 1 || !whole)
      return vmo_argument_fault(run, parameter, VMO_DIAG_ARGUMENT_VALUE, NULL,
                                "a graph's rows and columns are arrays of integers with one axis");
    if (source->kind != VMO_SOURCE_NONE)
      return vmo_argument_fault(run, parameter, VMO_DIAG_ARGUMENT_VALUE, NULL, "it is given twice");
    source->kind = kinds[i];
    source->text = graph->path;
    source->graph = graph;
  }
  return vmo_read_graph(run, graph);
}

/* The number of nodes: what is known of the size of `row`, else one more than the largest. */
static vmo_status count_nodes(vmo_execution *run, const vmo_run_graph *graph, int64_t *count) {
  uint32_t parameter = find_parameter(run, graph->names[0]);
  const vmo_type *type = vmo_value_type(run->module, run->function, parameter);
  int64_t largest = graph->edges.largest, edges = graph->edges.items.count;
  vmo_interval rows;
  if (vmo_size_evaluate(run->module->sizes, type->count, &run->cli->binding, &rows) == VMO_EVALUATION_EXACT) {
    *count = rows.low - 1;
    if (largest < *count) return VMO_OK;
    for (uint32_t i = 0; i < graph->edges.items.count; i++) {
      const vmo_edge *edge = &graph->edges.items.data[i];
      if (edge->from < *count && edge->to < *count) continue;
      return vmo_argument_fault(run, parameter, VMO_DIAG_EDGE_LINE, "nodes are counted from 0",
                                "%s: line %u has node %lld, and there are %lld nodes", graph->path, edge->line,
                                (long long)(edge->from >= *count ? edge->from : edge->to), (long long)*count);
    }
  }
  *count = largest + 1;
  if (largest < MOST_NODES_BESIDES || largest / MOST_NODES_PER_EDGE < edges) return VMO_OK;
  return vmo_argument_fault(
      run, parameter, VMO_DIAG_EDGE_LINE, "number the nodes anew, or give their dim a value with --dim",
      "%s: the largest node is %lld, and there are %lld edges only", graph->path, (long long)largest, (long long)edges);
}

static vmo_status build_graph(vmo_execution *run, vmo_run_graph *graph) {
  int64_t nodes;
  vmo_status status = count_nodes(run, graph, &nodes);
  if (status == VMO_OK) status = vmo_make_rows(run->cli->context, &graph->edges, graph->use, nodes, &graph->rows);
  for (uint32_t i = 0; i < run->function->parameters.count && status == VMO_OK; i++) {
    vmo_source *source = &run->sources[i];
    if (source->graph != graph) continue;
    source->has_shape = true;
    source->rank = 1;
    source->sizes[0] = source->kind == VMO_SOURCE_ROW ? nodes + 1 : graph->rows.edge_count;
  }
  return status == VMO_OK ? vmo_infer_dims(run) : status;
}

/* ---- all of them ---- */

static vmo_status apply_settings(vmo_execution *run) {
  vmo_status status = VMO_OK;
  for (uint32_t i = 0; i < run->cli->options.arguments.count; i++) {
    const vmo_argument_setting *setting = &run->cli->options.arguments.data[i];
    if (strcmp(setting->name, "*") == 0) continue;
    uint32_t parameter = find_parameter(run, setting->name);
    vmo_status one = VMO_OK;
    if (parameter == VMO_NONE)
      one = unknown_parameter(run, "arg", setting->name);
    else if (run->sources[parameter].kind != VMO_SOURCE_NONE)
      one = vmo_argument_fault(run, parameter, VMO_DIAG_ARGUMENT_VALUE, NULL, "it is given twice");
    else
      one = read_source(run, parameter, setting->value);
    if (one != VMO_OK) status = one;
    if (status == VMO_OUT_OF_MEMORY) return status;
  }
  return status;
}

/* Of `*=random:7` parameter i gets random:7+i, so that no two have the same numbers; other texts are as they are. */
static const char *own_draw(vmo_execution *run, const char *text, uint32_t parameter) {
  int64_t seed;
  if (text == NULL || parameter == 0 || (!starts_with(text, "random:") && !starts_with(text, "normal:"))) return text;
  size_t digits = strcspn(text + SEED_PLACE, ":");
  if (!vmo_parse_count(text + SEED_PLACE, digits, &seed)) return text;
  vmo_text own;
  vmo_text_init(&own);
  vmo_text_add_bytes(&own, text, SEED_PLACE);
  vmo_text_addf(&own, "%llu%s", (unsigned long long)seed + parameter, text + SEED_PLACE + digits);
  const char *copy = vmo_text_failed(&own) ? NULL : vmr_arena_copy_text(run->cli->context->arena, own.data, own.count);
  vmo_text_free(&own);
  return copy != NULL ? copy : text;
}

/* Those that got nothing: what stands for `*`; of states, zeros. */
static vmo_status apply_rest(vmo_execution *run) {
  const char *rest = NULL;
  vmo_status status = VMO_OK;
  for (uint32_t i = 0; i < run->cli->options.arguments.count; i++)
    if (strcmp(run->cli->options.arguments.data[i].name, "*") == 0) rest = run->cli->options.arguments.data[i].value;
  for (uint32_t i = 0; i < run->function->parameters.count; i++) {
    if (run->sources[i].kind != VMO_SOURCE_NONE) continue;
    const char *text = run->function->parameters.data[i].state ? "zeros" : own_draw(run, rest, i);
    vmo_status one = VMO_INPUT_ERROR;
    if (text != NULL) {
      one = read_source(run, i, text);
    } else {
      vmo_text type;
      vmo_text_init(&type);
      vmo_print_type(run->module, run->function->values.data[i].type, &type);
      vmo_argument_fault(run, i, VMO_DIAG_ARGUMENT_VALUE,
                         "--arg NAME=VALUE gives it one, --arg '*=random:7' all that have none",
                         "it has no value; it is a %s", type.data != NULL ? type.data : "value");
      vmo_text_free(&type);
    }
    if (one != VMO_OK) status = one;
  }
  return status;
}

/* Of a large array the sizes are what is wrong. */
static vmo_status memory_fault(vmo_execution *run, uint32_t parameter, vmo_type_id type) {
  vmo_interval bytes;
  vmo_size_evaluate(run->module->sizes, run->module->types.data[type].bytes, &run->cli->binding, &bytes);
  if (bytes.low < LARGE_BYTES) return VMO_OUT_OF_MEMORY;
  vmo_text people;
  vmo_text_init(&people);
  vmo_text_add_bytes_for_people(&people, bytes.low);
  vmo_argument_fault(run, parameter, VMO_DIAG_ARGUMENT_VALUE, "give the dims smaller values",
                     "there is no memory for its %lld bytes (%s)", (long long)bytes.low,
                     people.data != NULL ? people.data : "");
  vmo_text_free(&people);
  return VMO_INPUT_ERROR;
}

static vmo_status fill(vmo_execution *run, uint32_t parameter) {
  vmo_type_id type = run->function->values.data[parameter].type;
  vmo_context *context = run->cli->context;
  if (!vmo_make_array(run->module, type, &run->cli->binding, context->arena, &run->arguments[parameter]))
    return memory_fault(run, parameter, type);
  switch (run->sources[parameter].kind) {
  case VMO_SOURCE_FILE: return vmo_fill_from_file(run, parameter);
  case VMO_SOURCE_ROW:
  case VMO_SOURCE_COL:
  case VMO_SOURCE_WEIGHT: return vmo_fill_from_graph(run, parameter);
  default: return vmo_fill_from_text(run, parameter);
  }
}

vmo_status vmo_make_arguments(vmo_execution *run) {
  uint32_t count = run->function->parameters.count;
  run->sources = vmo_alloc_array(run->cli->context, (size_t)count + 1, sizeof *run->sources);
  run->arguments = vmo_alloc_array(run->cli->context, (size_t)count + 1, sizeof *run->arguments);
  if (run->sources == NULL || run->arguments == NULL) return VMO_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < count; i++) {
    run->sources[i].file = -1;
    run->arguments[i].element = vmo_value_type(run->module, run->function, i)->element;
  }
  vmo_status status = split_graphs(run);
  for (uint32_t i = 0; i < run->graphs.count && status == VMO_OK; i++) status = name_graph(run, &run->graphs.data[i]);
  if (status == VMO_OK) status = apply_settings(run);
  if (status == VMO_OK) status = apply_rest(run);
  if (status == VMO_OK) status = vmo_infer_dims(run);
  for (uint32_t i = 0; i < run->graphs.count && status == VMO_OK; i++) status = build_graph(run, &run->graphs.data[i]);
  if (status == VMO_OK) status = vmo_require_dims(run);
  for (uint32_t i = 0; i < count && status == VMO_OK; i++) status = fill(run, i);
  return status;
}
