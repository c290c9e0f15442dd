/* measure.h: what the measured programs share: a clock, the memory high-water mark, a file in memory. */
#ifndef VMO_BENCH_MEASURE_H
#define VMO_BENCH_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Seconds since some fixed moment; does not go back. */
double vmo_bench_clock(void);

/* From now on vmo_bench_clock tells the processor time of this process, which other processes do not add to. */
void vmo_bench_count_processor_time(void);

/* The most memory that the process has held so far, in bytes. */
int64_t vmo_bench_peak_memory(void);

/* The content of a file in malloc'ed memory, or NULL with a message on stderr. */
char *vmo_bench_read_file(const char *path, size_t *length);

#endif
