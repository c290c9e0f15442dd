/* heap_program.h: for tests of heaps: random operations on one, against a model that knows what every byte must
 * be. Include after cmocka.h. */
#ifndef VMO_TESTS_UNIT_HEAP_PROGRAM_H
#define VMO_TESTS_UNIT_HEAP_PROGRAM_H

#include <stdlib.h>
#include <string.h>

#include "vmemrt.h"

static inline vmr_heap *make_heap(uint32_t flags) {
  vmr_heap *heap = NULL;
  assert_int_equal(vmr_heap_create(&heap, NULL, flags), VMR_OK);
  return heap;
}

enum { MODEL = 300 };

typedef struct model {
  unsigned char *bytes;
  size_t count;
  unsigned char fill;
} model;

static inline uint64_t random_below(uint64_t *seed, uint64_t limit) {
  *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (*seed >> 33) % limit;
}

/* Mostly small, sometimes large. */
static inline size_t random_size(uint64_t *seed) {
  return (size_t)random_below(seed, (uint64_t)1 << random_below(seed, 22));
}

static inline int check_fill(const model *object) {
  for (size_t i = 0; i < object->count; i++) {
    if (object->bytes[i] != object->fill) return 1;
  }
  return 0;
}

/* 0 when every byte that was written is read back. */
static inline int run_random_program(vmr_heap *heap, uint64_t seed, int steps) {
  model *objects = calloc(MODEL, sizeof *objects);
  int wrong = objects == NULL;
  for (int step = 0; step < steps && !wrong; step++) {
    model *object = &objects[random_below(&seed, MODEL)];
    size_t count = random_size(&seed);
    if (object->bytes != NULL && (wrong = check_fill(object)) != 0) break;
    uint64_t what = random_below(&seed, 4);
    if (object->bytes != NULL && what < 2) {
      vmr_heap_free(object->bytes);
      *object = (model){NULL, 0, 0};
      continue;
    }
    unsigned char *old = object->bytes;
    unsigned char *fresh = old != NULL ? vmr_heap_realloc(heap, old, count)
                           : what == 2 ? vmr_heap_calloc(heap, 1, count)
                                       : vmr_heap_aligned(heap, (size_t)1 << random_below(&seed, 13), count);
    if (fresh == NULL) {
      if (old == NULL || count != 0) return 2;
      *object = (model){NULL, 0, 0}; /* resized to nothing */
      continue;
    }
    object->bytes = fresh;
    if (old == NULL && what == 2 && count != 0) wrong = fresh[0] != 0 || fresh[count - 1] != 0;
    if (old != NULL && count < object->count) object->count = count;
    if (old != NULL) wrong |= check_fill(object);
    *object = (model){fresh, count, (unsigned char)step};
    memset(fresh, object->fill, count);
  }
  for (int i = 0; objects != NULL && i < MODEL; i++) {
    wrong |= objects[i].bytes != NULL ? check_fill(&objects[i]) : 0;
    if (i % 2 == 0) vmr_heap_free(objects[i].bytes);
  }
  free(objects);
  return wrong;
}

#endif
