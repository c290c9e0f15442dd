/* beside.c: where the files of an installation are: the libraries' folder, as seen from where the tool stands, so that an
 * installed tree can be moved as a whole. */
#define _XOPEN_SOURCE 700 /* NOLINT(bugprone-reserved-identifier): the name is the standard's */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

/* The tool's own path, with a NUL; NULL: unknown. What is behind its last slash may be overwritten. */
static char *find_tool(char path[PATH_MAX]) {
  ssize_t length = readlink("/proc/self/exe", path, PATH_MAX);
  if (length <= 0 || length >= PATH_MAX) return NULL;
  path[length] = '\0';
  return strrchr(path, '/');
}

const char *vmo_find_beside_libraries(vmo_context *context, const char *variable, const char *file) {
  static const char *const folders[2] = {VMO_BIN_TO_LIB, "../lib"}; /* of an installed tree, and of a build's */
  const char *given = variable != NULL ? getenv(variable) : NULL;
  if (given != NULL && *given != '\0') return access(given, R_OK) == 0 ? given : NULL;
  char tool[PATH_MAX], resolved[PATH_MAX], *name = find_tool(tool);
  if (name == NULL) return NULL;
  for (size_t i = 0; i < 2; i++) {
    vmo_text path;
    vmo_text_init(&path);
    vmo_text_addf(&path, "%.*s/%s/%s", (int)(name - tool), tool, folders[i], file);
    bool found = !vmo_text_failed(&path) && realpath(path.data, resolved) != NULL;
    vmo_text_free(&path);
    if (found) return vmr_arena_copy_text(context->arena, resolved, strlen(resolved));
  }
  return NULL;
}
