/* generate.h: random programs that are always valid, for tests.
 *
 * The same seed and size give the same program, on every machine. A program has a handful of functions; between them
 * they use elementwise ops, shape ops and views of views, reductions, scans, sorting, matrices, indexed and graph ops,
 * several results, loops with carried values, branches, streams, calls, donated parameters, state, memory spaces, ops
 * that the program declares, and free, bounded and fixed dims. Loops end, and indices lie within their arrays. */
#ifndef VMO_TESTS_RANDOM_GENERATE_H
#define VMO_TESTS_RANDOM_GENERATE_H

#include "ir/ir.h"

/* About `size` ops; not verified yet. NULL when memory is out. */
vmo_module *vmo_generate_module(vmo_context *context, uint64_t seed, uint32_t size);

#endif
