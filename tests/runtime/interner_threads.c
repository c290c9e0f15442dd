/* interner_threads.c: two threads add the same texts to a shared interner at the same time, one more finds them, one reads
 * them, and one reads the figures. For the thread sanitizer, and for truth without it. */
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include "tests/runtime/check.h"
#include "vmemrt.h"

#define TEXTS 30000u
#define WRITERS 2
#define IN_STEP 64u /* texts, after which the writers wait for each other */

static vmr_ctx *ctx;
static vmr_interner *interner;
static atomic_bool is_over;
static pthread_barrier_t step;

static size_t write_name(char *name, uint32_t number) {
  return (size_t)sprintf(name, number % 3 == 0 ? "a.name.that.is.longer.%u" : "n%u", number);
}

static void check_symbol(vmr_symbol symbol, const char *name, size_t length) {
  size_t stored_length;
  const char *stored = vmr_interner_text(interner, symbol, &stored_length);
  CHECK(stored != NULL && stored_length == length && strcmp(stored, name) == 0);
}

static void *add_all(void *unused) {
  (void)unused;
  char name[40];
  for (uint32_t i = 0; i < TEXTS; i++) {
    if (i % IN_STEP == 0) pthread_barrier_wait(&step);
    size_t length = write_name(name, i);
    vmr_symbol symbol = vmr_interner_add(interner, name, length);
    CHECK(symbol != 0 && vmr_interner_find(interner, name, length) == symbol);
    check_symbol(symbol, name, length);
  }
  return NULL;
}

/* What is found is whole, although nothing but the find itself says so. */
static void *find_all(void *unused) {
  (void)unused;
  char name[40];
  for (uint32_t i = 0; !is_over; i = i * 5 + 7) {
    size_t length = write_name(name, i % TEXTS);
    vmr_symbol symbol = vmr_interner_find(interner, name, length);
    if (symbol != 0) check_symbol(symbol, name, length);
  }
  return NULL;
}

/* Every symbol below the count has a text, and that text has this symbol. */
static void *read_all(void *unused) {
  (void)unused;
  for (uint32_t seen = 0; !is_over; seen++) {
    uint32_t count = vmr_interner_count(interner);
    CHECK(count <= TEXTS && vmr_interner_text(interner, TEXTS + 1, NULL) == NULL);
    if (count == 0) continue;
    vmr_symbol symbol = seen % count + 1;
    vmr_view text = vmr_interner_view(interner, symbol);
    CHECK(text.data != NULL && (text.data[0] == 'a' || text.data[0] == 'n'));
    vmr_symbol found = vmr_interner_find(interner, text.data, text.length);
    CHECK(found == symbol || found == 0); /* 0: its writer is about to enter it */
    CHECK(vmr_interner_add(interner, text.data, text.length) == symbol);
  }
  return NULL;
}

static void *read_figures(void *unused) {
  (void)unused;
  uint64_t hits = 0;
  while (!is_over) {
    vmr_interner_figures figures = vmr_interner_read_figures(interner);
    CHECK(figures.hits >= hits && figures.symbols <= TEXTS && vmr_interner_status(interner) == VMR_OK);
    hits = figures.hits;
  }
  return NULL;
}

int main(void) {
  void *(*const bodies[])(void *) = {add_all, add_all, find_all, read_all, read_figures};
  enum { THREADS = sizeof bodies / sizeof *bodies };
  pthread_t threads[THREADS];
  vmr_interner_options options = vmr_interner_options_default();
  options.is_shared = true;
  CHECK(vmr_ctx_create(&ctx, NULL) == VMR_OK && vmr_interner_open(&interner, ctx, &options) == VMR_OK);
  CHECK(pthread_barrier_init(&step, NULL, WRITERS) == 0);
  for (int i = 0; i < THREADS; i++) CHECK(pthread_create(&threads[i], NULL, bodies[i], NULL) == 0);
  for (int i = 0; i < WRITERS; i++) pthread_join(threads[i], NULL);
  is_over = true;
  for (int i = WRITERS; i < THREADS; i++) pthread_join(threads[i], NULL);
  CHECK(vmr_interner_count(interner) == TEXTS && vmr_interner_is_valid(interner));
  vmr_interner_figures figures = vmr_interner_read_figures(interner);
  CHECK(figures.misses == TEXTS && figures.hits >= TEXTS);
  vmr_interner_destroy(interner);
  CHECK(vmr_ctx_destroy(ctx) == VMR_OK);
  pthread_barrier_destroy(&step);
  return 0;
}
