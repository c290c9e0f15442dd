/* fuzz.h: what the fuzz targets share.
 *
 * A target is a file fuzz_*.c with the one function LLVMFuzzerTestOneInput, as libFuzzer wants it
 * (llvm.org/docs/LibFuzzer.html). Its input is any bytes; a fault ends the process with a message, so that libFuzzer
 * keeps the input. With replay.c in libFuzzer's place a target runs the files that are named to it, which is how the
 * ordinary suite repeats what was found once.
 *
 * The first line of a program may tell the analysing targets how to run, in a comment of letters: "//! c2b" (see
 * vmo_fuzz_read_options). */
#ifndef VMO_TESTS_FUZZ_FUZZ_H
#define VMO_TESTS_FUZZ_FUZZ_H

#include "passes/passes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct vmo_fuzz_options {
  vmo_plan_options plan;
  bool bind; /* give every dim that may vary a value */
  bool fix;  /* those that have one are fixed first */
} vmo_fuzz_options;

/* c: results in the caller; 2: passes that change the program; b: dims bound; f: and fixed before planning, as `opt`
 * does it; a: alignment 1; p: alignment 4096. */
vmo_fuzz_options vmo_fuzz_read_options(const uint8_t *data, size_t size);

/* A context whose source is `text`, which must outlive it. */
vmo_context *vmo_fuzz_begin(const char *name, const char *text, size_t length);

/* Ends the process unless `holds`: shows `what` and the diagnostics of the context (NULL: none). */
void vmo_fuzz_expect(bool holds, const vmo_context *context, const char *what);

/* Ends the process at an internal error, at a lack of memory, and at a failure that no diagnostic explains. */
void vmo_fuzz_expect_sane(vmo_status status, const vmo_context *context, const char *what);

/* Prints all diagnostics to nowhere: they must be printable. */
void vmo_fuzz_show_diagnostics(const vmo_context *context);

/* The binding of a module that was parsed: as declared, or with every dim that may vary bound. *status tells whether
 * the sizes are fine with it. */
vmo_binding vmo_fuzz_bind(vmo_module *module, bool bind, vmo_status *status);

#endif
