/* profile.c: what noting an object costs: allocation in an arena alone, with a profile that is off, and with one that is on.
 *
 *   bench-profile ROUNDS OBJECTS
 *
 * Prints JSON: nanoseconds per object, a number for each round. The ways take turns. */
#include <stdio.h>
#include <stdlib.h>

#include "bench/measure.h"
#include "vmemrt.h"

#define BYTES 32
#define WAYS 3

static const char *const NAMES[WAYS] = {"none", "off", "on"};
static vmr_profile *volatile profiles[WAYS]; /* volatile: the compiler may not know which is off */

static double allocate_plainly(vmr_arena *arena, size_t count) {
  double begin = vmo_bench_clock();
  for (size_t i = 0; i < count; i++) {
    char *object = vmr_arena_alloc(arena, BYTES);
    if (object == NULL) exit(1);
    *object = (char)i;
  }
  return vmo_bench_clock() - begin;
}

static double allocate_noted(vmr_arena *arena, vmr_profile *profile, size_t count) {
  double begin = vmo_bench_clock();
  for (size_t i = 0; i < count; i++) {
    char *object = vmr_arena_alloc(arena, BYTES);
    if (object == NULL) exit(1);
    *object = (char)i;
    vmr_profile_note(profile, object, BYTES, "main;allocate");
  }
  return vmo_bench_clock() - begin;
}

int main(int argc, char **argv) {
  int rounds = argc == 3 ? atoi(argv[1]) : 0, count = argc == 3 ? atoi(argv[2]) : 0;
  if (rounds < 1 || count < 1) return fprintf(stderr, "usage: bench-profile ROUNDS OBJECTS\n"), 2;
  vmr_arena *arena = vmr_arena_create(0);
  double *samples = malloc(WAYS * (size_t)rounds * sizeof *samples);
  vmr_profile *on = NULL;
  if (arena == NULL || samples == NULL || vmr_profile_create(&on, NULL, NULL) != VMR_OK) return 1;
  profiles[2] = on;
  for (int round = -1; round < rounds; round++) { /* the first one only makes the arena's chunks */
    for (int way = 0; way < WAYS; way++) {
      vmr_arena_reset(arena);
      double seconds =
          way == 0 ? allocate_plainly(arena, (size_t)count) : allocate_noted(arena, profiles[way], (size_t)count);
      if (round >= 0) samples[way * rounds + round] = seconds * 1e9 / count;
    }
  }
  for (int way = 0; way < WAYS; way++) {
    printf("%s\"%s\": [", way == 0 ? "{" : ", ", NAMES[way]);
    for (int i = 0; i < rounds; i++) printf("%s%.5f", i == 0 ? "" : ", ", samples[way * rounds + i]);
    printf("]");
  }
  printf("}\n");
  vmr_profile_destroy(on);
  vmr_arena_destroy(arena);
  free(samples);
  return 0;
}
