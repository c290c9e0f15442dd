/* main.c: the engine as a program: reads lines, prints their results.
 *
 *   vm-engine-plain < lines             one result a line
 *   vm-engine-plain --time < lines      no results: how long it took, as JSON
 *   vm-engine-plain --figures < lines   no results: allocations and peak bytes, as JSON; counting takes time
 *   vm-engine-plain --random COUNT SEED prints lines to be read */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "corpus/vm/engine.h"

enum { LINE = 1 << 16, RESULT = 1 << 20 };

/* ---- random lines ---- */

static uint64_t state;

static uint32_t below(uint32_t limit) {
  state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)(state >> 33) % limit;
}

static void print_random(int depth) {
  static const char *const names[] = {"x", "y", "z", "alpha", "velocity"};
  static const char *const functions[] = {"Sin", "Cos", "Exp", "Log", "f", "potential"};
  uint32_t what = depth == 0 ? below(3) : 3 + below(7);
  if (what == 0) {
    printf("%u", below(9) + 1);
  } else if (what < 3) {
    printf("%s", names[below(5)]);
  } else if (what < 6) {
    uint32_t count = 2 + below(3);
    printf("(");
    for (uint32_t i = 0; i < count; i++) {
      if (i != 0) printf(what == 3 ? " " : " + ");
      print_random(depth - 1);
    }
    printf(")");
  } else if (what == 6) {
    printf("(");
    print_random(depth - 1);
    printf(")^%u", 2 + below(2));
  } else if (what == 7) {
    print_random(depth - 1);
  } else {
    printf("%s[", functions[below(6)]);
    print_random(depth - 1);
    printf("]");
  }
}

static void print_line(void) {
  static const char *const tails[] = {", x]", "]", "]", ", {x -> 2, y -> 3, z -> 1}]", ", f[a_] -> a^2 + 1]"};
  static const char *const heads[] = {"D[", "Expand[", "Simplify[", "N[", "ReplaceAll["};
  uint32_t what = below(8);
  if (what >= 5) { /* of these three one within another */
    printf(what == 5 ? "Simplify[D[" : what == 6 ? "D[D[" : "Expand[D[");
    print_random(3);
    printf(what == 6 ? ", x], y]\n" : ", x]]\n");
    return;
  }
  printf("%s", heads[what]);
  print_random(3 + (int)below(2));
  printf("%s\n", tails[what]);
}

/* ---- */

/* Processor time. */
static double clock_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

int main(int count, char **arguments) {
  static engine e;
  static char line[LINE], result[RESULT];
  bool is_counted = count > 1 && strcmp(arguments[1], "--figures") == 0;
  bool is_timed = count > 1 && strcmp(arguments[1], "--time") == 0;
  long lines = 0;
  double seconds = 0;
  if (count > 3 && strcmp(arguments[1], "--random") == 0) {
    state = (uint64_t)atoll(arguments[3]);
    for (long i = atol(arguments[2]); i > 0; i--) print_line();
    return 0;
  }
  if (!engine_open(&e, is_counted)) return fprintf(stderr, "vm-engine: out of memory\n"), 1;
  for (; fgets(line, sizeof line, stdin) != NULL; lines++) {
    line[strcspn(line, "\n")] = '\0';
    double begin = is_timed ? clock_now() : 0;
    size_t length = engine_run(&e, line, result, sizeof result);
    if (is_timed) seconds += clock_now() - begin;
    if (!is_timed && !is_counted) printf(length < sizeof result ? "%s\n" : "%s ...\n", result);
  }
  store_figures figures = store_read_figures(e.store);
  engine_close(&e);
  if (is_timed) printf("{\"lines\": %ld, \"s\": %.9f}\n", lines, seconds);
  if (is_counted)
    printf("{\"lines\": %ld, \"allocations\": %llu, \"peak\": %llu}\n", lines, (unsigned long long)figures.allocations,
           (unsigned long long)figures.peak_bytes);
  return 0;
}
