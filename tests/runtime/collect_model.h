/* collect_model.h: what the files of the test of the collected heap share: its types, a heap of them, and random programs. */
#ifndef VMO_TESTS_RUNTIME_COLLECT_MODEL_H
#define VMO_TESTS_RUNTIME_COLLECT_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include "vmemrt.h"

typedef struct pair {
  void *left;
  uint64_t id;
  void *right;
} pair;

typedef struct array {
  uint64_t id;
  size_t stride; /* of the slots that are used */
  void *owner;
  void *slots[1];
} array;

typedef struct leaf {
  uint64_t id;
  char bytes[1];
} leaf;

typedef struct traced {
  uint64_t id;
  vmr_value values[3];
} traced;

enum { PAIR, ARRAY, LEAF, TRACED, KINDS };

extern const vmr_gc_layout TEST_LAYOUTS[KINDS];
extern vmr_gc_type *test_types[KINDS]; /* of the heap that was made last */
extern uint64_t test_seed;             /* of test_below */

/* A random number. */
uint32_t test_below(uint32_t limit);
/* NULL: it could not be made. */
vmr_gc *test_make_heap(vmr_ctx *ctx, uint32_t flags);
vmr_gc *test_make_heap_of(vmr_ctx *ctx, uint32_t flags, size_t nursery_bytes);
pair *test_make_pair(vmr_gc *gc, uint64_t id);
/* Random steps, against the model. */
void test_run_random(vmr_ctx *ctx, uint32_t flags, int steps);

/* ---- collect_steps.c: cycles that go on while the program runs; and the metrics ---- */

void test_steps(void);
void test_born_while_marking(void);
void test_steps_among_chunks(uint32_t flags);
void test_trim_among_cards(void);
void test_metrics(void);

#endif
