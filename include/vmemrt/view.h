/* view.h: a piece of text that somebody else owns. */
#ifndef VMEMRT_VIEW_H
#define VMEMRT_VIEW_H

#include "vmemrt/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* `length` bytes at `data`, any bytes, not NUL-terminated. `data` may be NULL when `length` is 0. */
typedef struct vmr_view {
  const char *data;
  size_t length;
} vmr_view;

/* Initialises a vmr_view from a "literal", in a static table too. */
#define VMR_VIEW_INIT(literal) {"" literal, sizeof(literal) - 1}

#ifdef __cplusplus
}
#endif

#endif
