/* context.h: what one compilation carries through every call: its arena, its names, its diagnostics.
 *
 * A context is used by one thread at a time. Everything allocated through it is dropped whole by
 * vmo_context_destroy. */
#ifndef VMO_SUPPORT_CONTEXT_H
#define VMO_SUPPORT_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmemrt.h"

#if defined(__GNUC__)
#define VMO_API __attribute__((visibility("default")))
#define VMO_PRINTF(format_at, arguments_at) __attribute__((format(printf, format_at, arguments_at)))
#else
#define VMO_API
#define VMO_PRINTF(format_at, arguments_at)
#endif

/* What a fallible function returns. Anything but VMO_OK has left a diagnostic in the context, except
 * VMO_OUT_OF_MEMORY, which needs none. */
typedef enum vmo_status {
  VMO_OK = 0,
  VMO_INPUT_ERROR,  /* the input is wrong; diagnostics say where and what to do */
  VMO_DOES_NOT_FIT, /* a capacity or a budget cannot be met */
  VMO_OUT_OF_MEMORY,
  VMO_INTERNAL_ERROR /* a checker refused our own answer: a bug in vmemopt, never output */
} vmo_status;

/* Quantities. Byte counts are checked to stay below 2^53 (VMO_BYTES_LIMIT), so that JSON readers keep them. */
typedef int64_t vmo_bytes;
typedef int32_t vmo_point; /* a position in program order: the index of an op */
#define VMO_BYTES_LIMIT (INT64_C(1) << 53)
#define VMO_NONE UINT32_MAX /* no id */

typedef struct vmo_location {
  uint32_t line;   /* from 1; 0: unknown (made by a pass, or through the API) */
  uint32_t column; /* in bytes, from 1 */
} vmo_location;

struct vmo_diagnostics;

typedef struct vmo_context {
  vmr_arena *arena; /* all memory of this compilation */
  vmr_interner *names;
  struct vmo_diagnostics *diagnostics;
  const char *source_name; /* as shown in diagnostics; "<stdin>", a path, or "<api>" */
  const char *source_text; /* for the line under a diagnostic; may be NULL */
  size_t source_length;
} vmo_context;

/* A fresh context, or NULL when memory is out. The caller destroys it. */
vmo_context *vmo_context_create(void);
void vmo_context_destroy(vmo_context *context);

/* Names the source that locations refer to. The text is not copied and must outlive the context's use;
 * the name is copied. */
vmo_status vmo_context_set_source(vmo_context *context, const char *name, const char *text, size_t length);

/* Shorthands: uninitialised and zeroed memory of the context's arena; NULL when memory is out. */
void *vmo_alloc(vmo_context *context, size_t bytes);
void *vmo_alloc_array(vmo_context *context, size_t count, size_t size);

#endif
