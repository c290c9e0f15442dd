/* shared_objects.c: shared_objects MODULE MODULE: two shared objects of one process free each other's objects and malloc's,
 * for there is one instance of the runtime. */
#include <dlfcn.h>
#include <stdint.h>
#include <string.h>

#include "tests/runtime/check.h"
#include "vmemrt.h"

typedef struct module {
  void *(*make)(size_t);
  void (*release)(void *);
  vmr_heap *(*heap)(void);
} module;

static module load(const char *path) {
  module loaded;
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) fprintf(stderr, "%s\n", dlerror());
  CHECK(library != NULL);
  *(void **)&loaded.make = dlsym(library, "module_make");
  *(void **)&loaded.release = dlsym(library, "module_free");
  *(void **)&loaded.heap = dlsym(library, "module_heap");
  CHECK(loaded.make != NULL && loaded.release != NULL && loaded.heap != NULL);
  return loaded;
}

int main(int count, char **arguments) {
  CHECK(count == 3);
  module modules[2] = {load(arguments[1]), load(arguments[2])};
  CHECK(modules[0].heap() != NULL && modules[1].heap() != NULL && modules[0].heap() != modules[1].heap());
  for (size_t bytes = 0; bytes < 3000000; bytes = bytes * 3 / 2 + 1) {
    for (int i = 0; i < 2; i++) {
      char *object = modules[i].make(bytes);
      CHECK(object != NULL && vmr_heap_of(object) == modules[i].heap());
      memset(object, 1, bytes);
      modules[1 - i].release(object);
      modules[i].release(malloc(bytes));
      free(vmr_heap_alloc(NULL, bytes));
    }
  }
  for (int i = 0; i < 2; i++) {
    CHECK(vmr_heap_used_bytes(modules[i].heap()) == 0);
    vmr_heap_destroy(modules[i].heap());
  }
  printf("range of %zu bytes\n", vmr_heap_range_bytes());
  return 0;
}
