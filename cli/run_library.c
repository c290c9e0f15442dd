/* run_library.c: functions that the user supplies for the ops that a program declares.
 *
 * They are looked for in the shared libraries of --library, in the order in which those are named. The same functions
 * serve both engines: an array of the reference engine is handed on as compiled code hands on its own. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "cli/run.h"

vmo_status vmo_open_libraries(vmo_execution *run) {
  const vmo_options *options = &run->cli->options;
  run->libraries = vmo_alloc_array(run->cli->context, (size_t)options->libraries.count + 1, sizeof *run->libraries);
  if (run->libraries == NULL) return VMO_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < options->libraries.count; i++) {
    const char *path = options->libraries.data[i];
    run->libraries[i] = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (run->libraries[i] != NULL) continue;
    const char *reason = dlerror();
    vmo_diagnostic *added = vmo_diag_add(run->cli->context, VMO_DIAG_CANNOT_READ, (vmo_location){0},
                                         "the library %s cannot be opened: %s", path, reason != NULL ? reason : "");
    if (added != NULL) added->source = "vmemopt";
    if (strchr(path, '/') == NULL) vmo_diag_hint(run->cli->context, added, "./%s is one of this folder", path);
    return VMO_INPUT_ERROR;
  }
  return VMO_OK;
}

vmr_declared_op vmo_find_declared_op(void *user, const char *name) {
  const vmo_execution *run = user;
  vmr_declared_op function = NULL;
  for (uint32_t i = 0; i < run->cli->options.libraries.count && function == NULL; i++) {
    void *symbol = dlsym(run->libraries[i], name);
    memcpy(&function, &symbol, sizeof function); /* POSIX lets an object pointer be a function's */
  }
  return function;
}

void vmo_close_libraries(vmo_execution *run) {
  for (uint32_t i = 0; run->libraries != NULL && i < run->cli->options.libraries.count; i++)
    if (run->libraries[i] != NULL) dlclose(run->libraries[i]);
}
