/* places.c: places in the source, from the debug information. */
#include <string.h>

#include "llvm/plan.h"

vmo_site_place vmo_find_source_place(vmo_context *context, LLVMValueRef value) {
  vmo_site_place place = {0};
  unsigned length = 0;
  const char *file = LLVMGetDebugLocFilename(value, &length);
  place.line = LLVMGetDebugLocLine(value);
  if (LLVMIsAInstruction(value)) place.column = LLVMGetDebugLocColumn(value);
  if (file == NULL || length == 0 || place.line == 0) return (vmo_site_place){0};
  place.file = vmr_arena_copy_text(context->arena, file, length); /* NULL when memory is out: not known */
  return place;
}
