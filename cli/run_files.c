/* run_files.c: arguments from files: .npy arrays and lists of edges.
 *
 * Of a .npy file the head is read first, from which dims are inferred; then, when every size is known, its elements,
 * straight into the argument, so that a large array is in memory once. */
#define _POSIX_C_SOURCE 200809L /* NOLINT(bugprone-reserved-identifier): the name is the standard's */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/run.h"

/* ---- reading ---- */

/* Up to `count` bytes; -1 with errno. Less means the end. */
static int64_t read_up_to(int file, char *bytes, size_t count) {
  size_t done = 0;
  while (done < count) {
    ssize_t got = read(file, bytes + done, count - done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -1;
    if (got == 0) break;
    done += (size_t)got;
  }
  return (int64_t)done;
}

static vmo_status cannot_read(vmo_execution *run, uint32_t parameter, int error) {
  return vmo_argument_fault(run, parameter, VMO_DIAG_CANNOT_READ, NULL, "cannot read %s: %s",
                            run->sources[parameter].text + 1, strerror(error));
}

static vmo_status file_fault(vmo_execution *run, uint32_t parameter, const char *hint, const char *message) {
  return vmo_argument_fault(run, parameter, VMO_DIAG_ARRAY_FILE, hint, "%s: %s", run->sources[parameter].text + 1,
                            message);
}

/* ---- heads of .npy files ---- */

char vmo_npy_kind_of(vmo_element element) {
  switch (vmo_class_of(element)) {
  case VMO_REAL: return element == VMO_BF16 ? 'V' : 'f';
  case VMO_INTEGER: return 'i';
  case VMO_NATURAL: break;
  }
  return element == VMO_BOOL ? 'b' : 'u';
}

static vmo_status read_head(vmo_execution *run, uint32_t parameter) {
  vmo_source *source = &run->sources[parameter];
  char preamble[VMO_NPY_PREAMBLE_BYTES];
  size_t length = 0;
  int64_t got = read_up_to(source->file, preamble, sizeof preamble);
  if (got < 0) return cannot_read(run, parameter, errno);
  const char *fault = vmo_measure_npy(preamble, (size_t)got, &length);
  if (fault != NULL)
    return file_fault(run, parameter, got == 0 ? "the file is empty" : "numpy.save writes .npy files", fault);
  if (length < sizeof preamble) return file_fault(run, parameter, NULL, "its head is too short");
  char *head = vmo_alloc(run->cli->context, length);
  if (head == NULL) return VMO_OUT_OF_MEMORY;
  memcpy(head, preamble, sizeof preamble);
  got = read_up_to(source->file, head + sizeof preamble, length - sizeof preamble);
  if (got < 0) return cannot_read(run, parameter, errno);
  fault = vmo_parse_npy(head, (size_t)got + sizeof preamble, &source->head);
  return fault == NULL ? VMO_OK : file_fault(run, parameter, NULL, fault);
}

/* Whether the elements are what the parameter's are, as they lie in memory. */
static vmo_status check_head(vmo_execution *run, uint32_t parameter) {
  const vmo_npy *head = &run->sources[parameter].head;
  vmo_element element = run->arguments[parameter].element;
  const char *name = vmo_element_name(element), *path = run->sources[parameter].text + 1;
  char kind = vmo_npy_kind_of(element), hint[64] = "vmemopt explain E0707 tells which files are read";
  if (head->kind != kind || head->width != vmo_element_bytes(element)) {
    if (kind != 'V') snprintf(hint, sizeof hint, "in Python: x.astype('%c%d')", kind, (int)vmo_element_bytes(element));
    return vmo_argument_fault(run, parameter, VMO_DIAG_ARRAY_FILE, hint,
                              "%s: its elements are '%c%u', and the parameter's %s", path,
                              head->kind != '\0' ? head->kind : '?', head->width, name);
  }
  if (!vmo_npy_is_native(head))
    return file_fault(run, parameter, "in Python: x.astype(x.dtype.newbyteorder('='))",
                      "its elements are in the other byte order");
  if (head->is_fortran && head->rank > 1)
    return file_fault(run, parameter, "in Python: numpy.ascontiguousarray(x)",
                      "it is in Fortran order, the first index running fastest");
  return VMO_OK;
}

/* A regular file has exactly the bytes that its head speaks of. */
static vmo_status check_length(vmo_execution *run, uint32_t parameter, int64_t found) {
  const vmo_npy *head = &run->sources[parameter].head;
  int64_t wanted = (int64_t)head->head_bytes + head->count * head->width;
  if (found == wanted) return VMO_OK;
  const char *path = run->sources[parameter].text + 1;
  if (found < wanted)
    return vmo_argument_fault(run, parameter, VMO_DIAG_ARRAY_FILE, "write the file again",
                              "%s: it is cut off: %lld of %lld bytes", path, (long long)found, (long long)wanted);
  return vmo_argument_fault(run, parameter, VMO_DIAG_ARRAY_FILE, "one file holds one array",
                            "%s: it goes on after its array", path);
}

vmo_status vmo_open_array_file(vmo_execution *run, uint32_t parameter) {
  vmo_source *source = &run->sources[parameter];
  const char *path = source->text + 1;
  struct stat information;
  source->file = open(path, O_RDONLY | O_CLOEXEC);
  if (source->file < 0) return cannot_read(run, parameter, errno);
  if (fstat(source->file, &information) != 0) return cannot_read(run, parameter, errno);
  if (S_ISDIR(information.st_mode)) return cannot_read(run, parameter, EISDIR);
  vmo_status status = read_head(run, parameter);
  if (status == VMO_OK) status = check_head(run, parameter);
  if (status == VMO_OK && S_ISREG(information.st_mode)) status = check_length(run, parameter, information.st_size);
  if (status != VMO_OK) return status;
  source->rank = source->head.rank;
  memcpy(source->sizes, source->head.sizes, source->rank * sizeof *source->sizes);
  source->has_shape = true;
  return VMO_OK;
}

/* A bool is 0 or 1, whatever wrote the file. */
static void normalise_bools(const vmo_array *array) {
  uint8_t *bytes = array->data;
  for (int64_t i = 0; array->element == VMO_BOOL && i < array->count; i++) bytes[i] = bytes[i] != 0;
}

vmo_status vmo_fill_from_file(vmo_execution *run, uint32_t parameter) {
  vmo_source *source = &run->sources[parameter];
  const vmo_array *array = &run->arguments[parameter];
  int64_t bytes = array->count * vmo_element_bytes(array->element);
  int64_t got = read_up_to(source->file, array->data, (size_t)bytes);
  char one_more;
  if (got == bytes) {
    int64_t more = read_up_to(source->file, &one_more, 1);
    got = more > 0 ? got + more : more < 0 ? -1 : got;
  }
  if (got < 0) return cannot_read(run, parameter, errno);
  close(source->file);
  source->file = -1;
  normalise_bools(array);
  return check_length(run, parameter, (int64_t)source->head.head_bytes + got);
}

/* ---- graphs ---- */

vmo_status vmo_read_graph(vmo_execution *run, vmo_run_graph *graph) {
  vmo_context *context = run->cli->context;
  const char *text = context->source_text, *name = context->source_name;
  size_t own_length = context->source_length, length;
  graph->text = vmo_read_file(context, graph->path, &length);
  if (graph->text == NULL) return VMO_INPUT_ERROR;
  vmo_status status = vmo_context_set_source(context, graph->path, graph->text, length);
  if (status == VMO_OK) status = vmo_read_edges(context, &graph->edges);
  if (status != VMO_OK) return status; /* what is told next is about that file */
  if (graph->names[2] != NULL && !graph->edges.weighted && graph->edges.items.count > 0) {
    vmo_diag_add(context, VMO_DIAG_EDGE_LINE, (vmo_location){0}, "%s has no weights for %%%s", graph->path,
                 graph->names[2]);
    status = VMO_INPUT_ERROR;
  }
  return status == VMO_OK ? vmo_context_set_source(context, name, text, own_length) : status;
}

/* Element `i` of what the parameter gets, as a number. */
static vmo_plain_number number_of_graph(const vmo_source *source, int64_t i) {
  const vmo_rows *rows = &source->graph->rows;
  if (source->kind == VMO_SOURCE_WEIGHT) return (vmo_plain_number){.is_real = true, .real = rows->weight[i]};
  int64_t whole = source->kind == VMO_SOURCE_ROW ? rows->row[i] : rows->col[i];
  return (vmo_plain_number){.magnitude = (uint64_t)whole, .real = (double)whole};
}

vmo_status vmo_fill_from_graph(vmo_execution *run, uint32_t parameter) {
  const vmo_source *source = &run->sources[parameter];
  const vmo_array *array = &run->arguments[parameter];
  for (int64_t i = 0; i < array->count; i++) {
    vmo_plain_number number = number_of_graph(source, i);
    if (vmo_store_plain_number(array, i, &number)) continue;
    return vmo_argument_fault(run, parameter, VMO_DIAG_ARGUMENT_VALUE, "a wider type holds it", "%s: %.17g is no %s",
                              source->graph->path, number.real, vmo_element_name(array->element));
  }
  return VMO_OK;
}

void vmo_close_sources(vmo_execution *run) {
  for (uint32_t i = 0; run->sources != NULL && i < run->function->parameters.count; i++)
    if (run->sources[i].file >= 0) close(run->sources[i].file);
  for (uint32_t i = 0; i < run->graphs.count; i++) free(run->graphs.data[i].text);
}
