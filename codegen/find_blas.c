/* find_blas.c: a library of this machine that has CBLAS. It is looked for by name, in the places that the loader knows. */
#include <dlfcn.h>
#include <stddef.h>

#include "codegen/codegen.h"

const char *vmo_find_blas(void) {
  static const char *const names[] = {"libopenblas.so.0", "libblis.so.4", "libcblas.so.3", "libblas.so.3"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    void *library = dlopen(names[i], RTLD_LAZY | RTLD_LOCAL);
    if (library == NULL) continue;
    bool has_all = dlsym(library, "cblas_dgemm") != NULL && dlsym(library, "cblas_sgemm") != NULL;
    dlclose(library);
    if (has_all) return names[i];
  }
  return NULL;
}
