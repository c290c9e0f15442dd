/* module.c: a shared object that makes objects and gives back whatever it is handed: shared_objects.c loads two of them. */
#include "vmemrt.h"

VMR_API vmr_heap *module_heap(void);
VMR_API void *module_make(size_t bytes);
VMR_API void module_free(void *object);

vmr_heap *module_heap(void) {
  static vmr_heap *heap;
  if (heap == NULL) vmr_heap_create(&heap, NULL, VMR_HEAP_SHARED);
  return heap;
}

void *module_make(size_t bytes) { return vmr_heap_alloc(module_heap(), bytes); }

void module_free(void *object) { vmr_heap_free(object); }
