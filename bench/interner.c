/* interner.c: what an intern hit costs, one and two threads, and what a text costs in bytes; ours and GLib's.
 *
 *   bench-interner ROUNDS COUNT
 *
 * COUNT texts of 12 bytes are interned; then each round looks all of them up, in an order of its own and from other
 * addresses, each way after the other, twice: what the caches hold is then its own, and the second time counts. Prints JSON: nanoseconds per hit, a number for each round, and bytes per text. */
#define _POSIX_C_SOURCE 200809L
#include <dlfcn.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/measure.h"
#include "vmemrt.h"

#define TEXT_BYTES 12
#define STRIDE 16

typedef struct job {
  char *texts; /* STRIDE bytes each, NUL-terminated */
  size_t count;
  vmr_interner *single, *shared;
} job;

typedef void (*look_up)(const job *work);

static volatile uintptr_t sink;

static void look_up_single(const job *work) {
  uintptr_t sum = 0;
  for (size_t i = 0; i < work->count; i++) sum += vmr_interner_add(work->single, work->texts + i * STRIDE, TEXT_BYTES);
  sink = sum;
}

static void look_up_shared(const job *work) {
  uintptr_t sum = 0;
  for (size_t i = 0; i < work->count; i++) sum += vmr_interner_add(work->shared, work->texts + i * STRIDE, TEXT_BYTES);
  sink = sum;
}

static const char *(*intern_string)(const char *); /* GLib's, when it is installed */

static void look_up_glib(const job *work) {
  uintptr_t sum = 0;
  for (size_t i = 0; i < work->count; i++) sum += (uintptr_t)intern_string(work->texts + i * STRIDE);
  sink = sum;
}

static bool open_glib(void) {
  void *library = dlopen("libglib-2.0.so.0", RTLD_NOW);
  void *symbol = library != NULL ? dlsym(library, "g_intern_string") : NULL;
  memcpy(&intern_string, &symbol, sizeof symbol);
  return symbol != NULL;
}

/* The texts in an order that the seed decides. */
static void shuffle(job *work, uint64_t seed) {
  char held[STRIDE];
  for (size_t i = work->count; i > 1; i--) {
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    size_t j = (size_t)((seed >> 33) % i);
    memcpy(held, work->texts + (i - 1) * STRIDE, STRIDE);
    memcpy(work->texts + (i - 1) * STRIDE, work->texts + j * STRIDE, STRIDE);
    memcpy(work->texts + j * STRIDE, held, STRIDE);
  }
}

static bool make_job(job *work, size_t count) {
  vmr_interner_options options = vmr_interner_options_default();
  options.is_shared = true;
  *work = (job){.texts = malloc(count * STRIDE), .count = count, .single = vmr_interner_create()};
  if (work->texts == NULL || work->single == NULL) return false;
  if (vmr_interner_open(&work->shared, NULL, &options) != VMR_OK) return false;
  for (size_t i = 0; i < count; i++) snprintf(work->texts + i * STRIDE, STRIDE, "name%08u", (unsigned)(i % 100000000));
  return true;
}

/* ---- threads ---- */

typedef struct runner {
  pthread_t thread;
  job work;
  look_up function;
  pthread_barrier_t *start;
  double begin, end;
} runner;

static void *run_one(void *argument) {
  runner *self = argument;
  pthread_barrier_wait(self->start);
  self->function(&self->work);
  pthread_barrier_wait(self->start);
  self->begin = vmo_bench_clock();
  self->function(&self->work);
  self->end = vmo_bench_clock();
  return NULL;
}

/* Seconds until `threads` of them are through, each with all texts. */
static double time_threads(const job *work, look_up function, runner *runners, unsigned threads) {
  pthread_barrier_t start;
  pthread_barrier_init(&start, NULL, threads);
  for (unsigned i = 0; i < threads; i++) {
    runners[i].function = function;
    runners[i].start = &start;
    runners[i].work.single = work->single;
    runners[i].work.shared = work->shared;
    if (pthread_create(&runners[i].thread, NULL, run_one, &runners[i]) != 0) exit(1);
  }
  double begin = HUGE_VAL, end = 0;
  for (unsigned i = 0; i < threads; i++) {
    pthread_join(runners[i].thread, NULL);
    begin = fmin(begin, runners[i].begin);
    end = fmax(end, runners[i].end);
  }
  pthread_barrier_destroy(&start);
  return end - begin;
}

static double time_alone(const job *work, look_up function) {
  function(work);
  double begin = vmo_bench_clock();
  function(work);
  return vmo_bench_clock() - begin;
}

/* ---- the whole ---- */

typedef struct way {
  const char *name;
  look_up function;
  unsigned threads;
} way;

static const way WAYS[] = {
    {"single", look_up_single, 1}, {"shared", look_up_shared, 1}, {"shared_two", look_up_shared, 2},
    {"glib", look_up_glib, 1},     {"glib_two", look_up_glib, 2}, /* last, for they may be left out */
};
#define WAY_COUNT (sizeof WAYS / sizeof *WAYS)
#define WAYS_WITHOUT_GLIB (WAY_COUNT - 2)

static void measure(job *work, size_t ways, int rounds, double *samples) {
  runner runners[2] = {{.work = *work}, {.work = *work}};
  runners[1].work.texts = malloc(work->count * STRIDE);
  if (runners[1].work.texts == NULL) exit(1);
  for (size_t i = 0; i < ways; i++) WAYS[i].function(work); /* the first time, each text is new */
  for (int round = 0; round < rounds; round++) {
    shuffle(work, (uint64_t)round * 2 + 1);
    memcpy(runners[1].work.texts, work->texts, work->count * STRIDE);
    shuffle(&runners[1].work, (uint64_t)round * 2 + 2);
    for (size_t i = 0; i < ways; i++) {
      double seconds = WAYS[i].threads == 1 ? time_alone(work, WAYS[i].function)
                                            : time_threads(work, WAYS[i].function, runners, WAYS[i].threads);
      samples[i * (size_t)rounds + (size_t)round] = seconds * 1e9 / (double)work->count;
    }
  }
  free(runners[1].work.texts);
}

static double bytes_per_text(const vmr_interner *interner) {
  vmr_interner_figures figures = vmr_interner_read_figures(interner);
  return (double)figures.reserved_bytes / (double)figures.symbols;
}

int main(int argc, char **argv) {
  int rounds = argc == 3 ? atoi(argv[1]) : 0, count = argc == 3 ? atoi(argv[2]) : 0;
  if (rounds < 1 || count < 1) return fprintf(stderr, "usage: bench-interner ROUNDS COUNT\n"), 2;
  job work;
  double *samples = calloc(WAY_COUNT * (size_t)rounds, sizeof *samples);
  if (samples == NULL || !make_job(&work, (size_t)count)) return fprintf(stderr, "out of memory\n"), 1;
  size_t ways = open_glib() ? WAY_COUNT : WAYS_WITHOUT_GLIB;
  measure(&work, ways, rounds, samples);
  printf("{\"bytes_single\": %.4f, \"bytes_shared\": %.4f", bytes_per_text(work.single), bytes_per_text(work.shared));
  for (size_t i = 0; i < ways; i++) {
    printf(", \"%s\": [", WAYS[i].name);
    for (int round = 0; round < rounds; round++)
      printf("%s%.4f", round == 0 ? "" : ", ", samples[i * (size_t)rounds + (size_t)round]);
    printf("]");
  }
  printf("}\n");
  vmr_interner_destroy(work.single);
  vmr_interner_destroy(work.shared);
  free(work.texts);
  free(samples);
  return 0;
}
