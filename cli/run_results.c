/* run_results.c: what a run's results are called, where they are written, and what is told of them.
 *
 * A result has the name of the value that the function returns; a literal, and a value that is returned a second time,
 * is result0, result1, ... by its place. The next content of a state has the state's name. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/run.h"

#define WRITTEN_AT_ONCE ((size_t)64 << 10)

/* ---- names ---- */

static const vmo_op *return_of(const vmo_function *function) {
  return &function->ops.data[function->regions.data[0].op_end - 1];
}

static const char *number_name(vmo_execution *run, uint32_t index) {
  char name[32];
  snprintf(name, sizeof name, "result%u", index);
  return vmr_arena_strdup(run->cli->context->arena, name);
}

static vmo_status add_place(vmo_execution *run, const char *name, vmo_type_id type, uint32_t state) {
  vmo_result_place *place = &run->places[run->place_count++];
  bool is_state = state != VMO_NONE;
  *place = (vmo_result_place){.name = name, .state = is_state};
  if (name == NULL) return VMO_OUT_OF_MEMORY;
  if (is_state) place->array = run->arguments[state]; /* the next call finds it there */
  if (is_state) return VMO_OK;
  vmr_arena *arena = run->cli->context->arena;
  return vmo_make_array(run->module, type, &run->cli->binding, arena, &place->array) ? VMO_OK : VMO_OUT_OF_MEMORY;
}

static vmo_status name_results(vmo_execution *run) {
  const vmo_function *function = run->function;
  const vmo_op *end = return_of(function);
  bool *taken = vmo_alloc_array(run->cli->context, (size_t)function->values.count + 1, sizeof *taken);
  if (taken == NULL) return VMO_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < function->parameters.count; i++) taken[i] = function->parameters.data[i].state;
  vmo_status status = VMO_OK;
  for (uint32_t i = 0; i < function->result_types.count && status == VMO_OK; i++) {
    vmo_value_id value = vmo_op_value(function, end, i);
    bool own = value != VMO_NONE && !taken[value];
    if (own) taken[value] = true;
    const char *name = own ? vmo_value_name(run->module, function, value) : number_name(run, i);
    status = add_place(run, name, function->result_types.data[i], VMO_NONE);
  }
  for (uint32_t i = 0; i < function->parameters.count && status == VMO_OK; i++)
    if (function->parameters.data[i].state)
      status = add_place(run, vmo_value_name(run->module, function, i), function->values.data[i].type, i);
  return status;
}

/* ---- files ---- */

static vmo_status out_fault(vmo_execution *run, const char *hint, const char *message, const char *word) {
  vmo_diagnostic *added =
      vmo_diag_add(run->cli->context, VMO_DIAG_USAGE, (vmo_location){0}, "--out %s: %s", word, message);
  if (added != NULL) added->source = "vmemopt";
  if (hint != NULL) vmo_diag_hint(run->cli->context, added, "%s", hint);
  return VMO_INPUT_ERROR;
}

static vmo_status give_path(vmo_execution *run, vmo_result_place *place, const char *path) {
  vmo_cli *cli = run->cli;
  if (place->path != NULL) return out_fault(run, NULL, "this result is written twice", path);
  if (vmo_is_run_input(run, path))
    return out_fault(run, "give the result a file of its own", "an input of this run stands there", path);
  const char *kept[] = {cli->text_path, cli->json_path, cli->options.input, cli->options.config};
  for (int i = 0; i < 4; i++)
    if (vmo_is_same_file(path, kept[i])) return out_fault(run, NULL, "another file of this run stands there", path);
  place->path = path;
  return VMO_OK;
}

static vmo_status find_place(vmo_execution *run, const char *name, const char *whole, vmo_result_place **place) {
  if (*name == '%') name++;
  const char **names = vmo_alloc_array(run->cli->context, (size_t)run->place_count + 1, sizeof *names);
  if (names == NULL) return VMO_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < run->place_count; i++) {
    names[i] = run->places[i].name;
    *place = &run->places[i];
    if (strcmp(names[i], name) == 0) return VMO_OK;
  }
  vmo_text hint;
  vmo_text_init(&hint);
  const char *nearest = vmo_nearest_word(name, names, run->place_count);
  if (nearest != NULL) vmo_text_addf(&hint, "did you mean %s? ", nearest);
  vmo_text_add(&hint, "the results are:");
  for (uint32_t i = 0; i < run->place_count; i++) vmo_text_addf(&hint, "%s %s", i > 0 ? "," : "", names[i]);
  vmo_status status = out_fault(run, hint.data, "no result has this name", whole);
  vmo_text_free(&hint);
  return status;
}

static vmo_status place_in_folder(vmo_execution *run, const char *folder) {
  size_t length = strlen(folder);
  vmo_status status = VMO_OK;
  while (length > 1 && folder[length - 1] == '/') length--;
  for (uint32_t i = 0; i < run->place_count && status == VMO_OK; i++) {
    vmo_text path;
    vmo_text_init(&path);
    vmo_text_add_bytes(&path, folder, length);
    vmo_text_addf(&path, "/%s.npy", run->places[i].name);
    const char *copy =
        vmo_text_failed(&path) ? NULL : vmr_arena_copy_text(run->cli->context->arena, path.data, path.count);
    vmo_text_free(&path);
    status = copy != NULL ? give_path(run, &run->places[i], copy) : VMO_OUT_OF_MEMORY;
  }
  return status;
}

static bool ends_with(const char *text, const char *end) {
  size_t length = strlen(text), end_length = strlen(end);
  return length > end_length && strcmp(text + length - end_length, end) == 0;
}

static vmo_status apply_out(vmo_execution *run, const char *text) {
  const char *equals = strchr(text, '=');
  vmo_result_place *place = run->places;
  if (equals != NULL) {
    const char *name = vmr_arena_copy_text(run->cli->context->arena, text, (size_t)(equals - text));
    if (name == NULL) return VMO_OUT_OF_MEMORY;
    if (equals[1] == '\0') return out_fault(run, NULL, "names no file", text);
    vmo_status status = find_place(run, name, text, &place);
    return status == VMO_OK ? give_path(run, place, equals + 1) : status;
  }
  if (ends_with(text, ".npy")) {
    if (run->function->result_types.count == 1) return give_path(run, place, text);
    return out_fault(run, "--out NAME=FILE names one, --out FOLDER writes all", "there is not exactly one result",
                     text);
  }
  struct stat information;
  if (stat(text, &information) == 0 && S_ISDIR(information.st_mode)) return place_in_folder(run, text);
  return out_fault(run, "make the folder first, or give a FILE.npy", "there is no such folder", text);
}

/* Files that --out names one by one must be apart; those in a folder are by their names. */
/* The trace is one more file. */
static vmo_status place_trace(vmo_execution *run) {
  const char *trace = run->cli->options.trace;
  vmo_result_place place = {.path = NULL};
  if (trace == NULL) return VMO_OK;
  vmo_status status = give_path(run, &place, trace);
  run->path_places[run->path_count] = VMO_NONE;
  run->paths[run->path_count++] = trace;
  return status;
}

static vmo_status keep_apart(vmo_execution *run) {
  uint32_t count = run->path_count <= 2 * run->cli->options.outs.count + 1 ? run->path_count : 0;
  for (uint32_t i = 0; i < count; i++)
    for (uint32_t j = 0; j < i; j++)
      if (vmo_is_same_file(run->paths[i], run->paths[j]))
        return out_fault(run, NULL, "two results would go there", run->paths[i]);
  return VMO_OK;
}

vmo_status vmo_place_results(vmo_execution *run) {
  vmo_context *context = run->cli->context;
  size_t most = (size_t)run->function->result_types.count + run->function->parameters.count + 2;
  run->places = vmo_alloc_array(context, most, sizeof *run->places);
  run->paths = vmo_alloc_array(context, most, sizeof *run->paths);
  run->path_places = vmo_alloc_array(context, most, sizeof *run->path_places);
  if (run->places == NULL || run->paths == NULL || run->path_places == NULL) return VMO_OUT_OF_MEMORY;
  vmo_status status = name_results(run);
  for (uint32_t i = 0; i < run->cli->options.outs.count && status == VMO_OK; i++)
    status = apply_out(run, run->cli->options.outs.data[i]);
  for (uint32_t i = 0; i < run->place_count && status == VMO_OK; i++) {
    if (run->places[i].path == NULL) continue;
    run->path_places[run->path_count] = i;
    run->paths[run->path_count++] = run->places[i].path;
  }
  if (status == VMO_OK) status = place_trace(run);
  return status == VMO_OK ? keep_apart(run) : status;
}

void vmo_write_result_file(const vmo_cli *cli, void *execution, uint32_t index, vmo_text *out) {
  const vmo_execution *run = execution;
  if (run->path_places[index] == VMO_NONE) {
    vmo_write_trace(&run->report, out);
    return;
  }
  const vmo_array *array = &run->places[run->path_places[index]].array;
  size_t width = (size_t)vmo_element_bytes(array->element), bytes = (size_t)array->count * width;
  (void)cli;
  vmo_write_npy_head(vmo_npy_kind_of(array->element), (uint32_t)width, array->rank, array->sizes, out);
  for (size_t at = 0; at < bytes; at += WRITTEN_AT_ONCE)
    vmo_text_add_bytes(out, (const char *)array->data + at,
                       bytes - at < WRITTEN_AT_ONCE ? bytes - at : WRITTEN_AT_ONCE);
}

/* ---- figures ---- */

/* CRC-32 as zlib and PNG have it: the remainder by the polynomial 0xedb88320, a byte at a time. */
static uint32_t checksum(const unsigned char *bytes, size_t count) {
  uint32_t table[256], sum = 0xffffffff;
  for (uint32_t i = 0; i < 256; i++) {
    table[i] = i;
    for (int bit = 0; bit < 8; bit++) table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xedb88320 : 0);
  }
  for (size_t i = 0; i < count; i++) sum = table[(sum ^ bytes[i]) & 255] ^ sum >> 8;
  return ~sum;
}

static double real_of(vmo_element element, vmo_number number) { return vmo_convert(element, number, VMO_F64).real; }

static void summarise(vmo_context *context, const vmo_array *array, vmo_run_array *shown) {
  vmo_element element = array->element;
  vmo_number least = {.natural = 0}, greatest = least;
  double sum = 0;
  int64_t counted = 0;
  for (int64_t i = 0; i < array->count; i++) {
    vmo_number number = vmo_load(element, array->data, i);
    if (vmo_element_is_float(element) && isnan(number.real)) continue;
    if (counted == 0 || vmo_compare(element, number, least) < 0) least = number;
    if (counted == 0 || vmo_compare(element, number, greatest) > 0) greatest = number;
    sum += real_of(element, number);
    counted++;
  }
  shown->nan_count = array->count - counted;
  if (counted == 0) return;
  shown->least = vmo_show_number(context, element, least);
  shown->greatest = vmo_show_number(context, element, greatest);
  shown->mean = vmo_show_number(context, VMO_F64, (vmo_number){.real = sum / (double)counted});
}

static const char *show_type(vmo_execution *run, vmo_type_id type) {
  vmo_text text;
  vmo_text_init(&text);
  vmo_print_type(run->module, type, &text);
  const char *shown =
      vmo_text_failed(&text) ? NULL : vmr_arena_copy_text(run->cli->context->arena, text.data, text.count);
  vmo_text_free(&text);
  return shown;
}

static vmo_status describe(vmo_execution *run, const vmo_array *array, vmo_type_id type, vmo_run_array *shown) {
  vmo_context *context = run->cli->context;
  shown->type = show_type(run, type);
  shown->element = vmo_element_name(array->element);
  shown->rank = array->rank;
  shown->sizes = array->sizes;
  shown->count = array->count;
  shown->checksum = checksum(array->data, (size_t)(array->count * vmo_element_bytes(array->element)));
  for (int64_t i = 0; i < array->count && i < VMO_RUN_SHOWN; i++)
    shown->shown[shown->shown_count++] =
        vmo_show_number(context, array->element, vmo_load(array->element, array->data, i));
  summarise(context, array, shown);
  return vmr_arena_status(context->arena) == VMR_OK ? VMO_OK : VMO_OUT_OF_MEMORY;
}

vmo_status vmo_describe_arguments(vmo_execution *run) {
  const vmo_function *function = run->function;
  uint32_t count = function->parameters.count;
  vmo_run_array *items = vmo_alloc_array(run->cli->context, (size_t)count + 1, sizeof *items);
  if (items == NULL) return VMO_OUT_OF_MEMORY;
  vmo_status status = VMO_OK;
  for (uint32_t i = 0; i < count && status == VMO_OK; i++) {
    items[i] = (vmo_run_array){.name = vmo_value_name(run->module, function, i),
                               .origin = run->sources[i].text,
                               .state = function->parameters.data[i].state};
    status = describe(run, &run->arguments[i], function->values.data[i].type, &items[i]);
  }
  run->report.arguments = items;
  run->report.argument_count = count;
  return status;
}

vmo_status vmo_describe_results(vmo_execution *run) {
  const vmo_function *function = run->function;
  vmo_run_array *items = vmo_alloc_array(run->cli->context, (size_t)run->place_count + 1, sizeof *items);
  if (items == NULL) return VMO_OUT_OF_MEMORY;
  vmo_status status = VMO_OK;
  uint32_t parameter = 0;
  for (uint32_t i = 0; i < run->place_count && status == VMO_OK; i++) {
    const vmo_result_place *place = &run->places[i];
    while (place->state && !function->parameters.data[parameter].state) parameter++;
    vmo_type_id type = place->state ? function->values.data[parameter++].type : function->result_types.data[i];
    items[i] = (vmo_run_array){.name = place->name, .origin = place->path, .state = place->state};
    status = describe(run, &place->array, type, &items[i]);
  }
  run->report.results = items;
  run->report.result_count = run->place_count;
  return status;
}
