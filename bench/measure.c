/* measure.c: a clock, the memory high-water mark and a file in memory, for the measured programs. */
#define _POSIX_C_SOURCE 200809L
#include "bench/measure.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

static clockid_t clock_in_use = CLOCK_MONOTONIC;

void vmo_bench_count_processor_time(void) { clock_in_use = CLOCK_PROCESS_CPUTIME_ID; }

double vmo_bench_clock(void) {
  struct timespec now;
  clock_gettime(clock_in_use, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* VmHWM is of this program alone; getrusage may tell what the process was before exec. */
static int64_t read_high_water_mark(void) {
  char line[256];
  long long kib = -1;
  FILE *file = fopen("/proc/self/status", "r");
  if (file == NULL) return -1;
  while (kib < 0 && fgets(line, sizeof line, file) != NULL)
    if (sscanf(line, "VmHWM: %lld", &kib) != 1) kib = -1;
  fclose(file);
  return kib < 0 ? -1 : (int64_t)kib * 1024;
}

int64_t vmo_bench_peak_memory(void) {
  struct rusage usage;
  int64_t bytes = read_high_water_mark();
  if (bytes >= 0) return bytes;
  if (getrusage(RUSAGE_SELF, &usage) != 0) return -1;
  return (int64_t)usage.ru_maxrss * 1024; /* Linux counts in KiB */
}

static char *read_stream(FILE *file, size_t *length) {
  if (fseek(file, 0, SEEK_END) != 0) return NULL;
  long end = ftell(file);
  if (end < 0 || fseek(file, 0, SEEK_SET) != 0) return NULL;
  char *text = malloc((size_t)end + 1);
  if (text == NULL) return NULL;
  *length = fread(text, 1, (size_t)end, file);
  text[*length] = '\0';
  if (*length == (size_t)end) return text;
  free(text);
  return NULL;
}

char *vmo_bench_read_file(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  char *text = file != NULL ? read_stream(file, length) : NULL;
  if (text == NULL) fprintf(stderr, "%s: %s\n", path, strerror(errno));
  if (file != NULL) fclose(file);
  return text;
}
