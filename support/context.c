/* context.c: makes and drops what one compilation carries.
 *
 * The context and its list of diagnostics live in the arena that they point to, so that destroying a
 * context is dropping the interner and that arena. */
#include "support/context.h"

#include <string.h>

#include "support/diag.h"

vmo_context *vmo_context_create(void) {
  vmr_arena *arena = vmr_arena_create(0);
  vmr_interner *names = vmr_interner_create();
  vmo_context *context = arena != NULL ? vmr_arena_alloc_array(arena, 1, sizeof *context) : NULL;
  vmo_diagnostics *diagnostics = context != NULL ? vmr_arena_alloc_array(arena, 1, sizeof *diagnostics) : NULL;
  if (names == NULL || diagnostics == NULL) {
    vmr_interner_destroy(names);
    vmr_arena_destroy(arena);
    return NULL;
  }
  *context = (vmo_context){.arena = arena, .names = names, .diagnostics = diagnostics, .source_name = "<api>"};
  return context;
}

void vmo_context_destroy(vmo_context *context) {
  if (context == NULL) return;
  vmr_interner_destroy(context->names);
  vmr_arena_destroy(context->arena); /* the context itself with it */
}

vmo_status vmo_context_set_source(vmo_context *context, const char *name, const char *text, size_t length) {
  const char *copy = vmr_arena_copy_text(context->arena, name, strlen(name));
  if (copy == NULL) return VMO_OUT_OF_MEMORY;
  context->source_name = copy;
  context->source_text = text;
  context->source_length = text != NULL ? length : 0;
  return VMO_OK;
}

void *vmo_alloc(vmo_context *context, size_t bytes) { return vmr_arena_alloc(context->arena, bytes); }

void *vmo_alloc_array(vmo_context *context, size_t count, size_t size) {
  return vmr_arena_alloc_array(context->arena, count, size);
}
