/* text.h: copy-on-write text.
 *
 * A text borrows the bytes of a view until it is written; copies of it share the bytes that it then owns, until one of them
 * is written. So passing texts around copies no byte, and nobody sees another one's writing. One thread at a time uses
 * a vmr_text; copies that share bytes may be in different threads. */
#ifndef VMEMRT_TEXT_H
#define VMEMRT_TEXT_H

#include "vmemrt/base.h"
#include "vmemrt/view.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Read `view` as you like; the rest is private. All zero is an empty text without a context. */
typedef struct vmr_text {
  vmr_view view;
  vmr_ctx *ctx;
  struct vmr_text_block *block; /* the shared bytes; NULL: they are borrowed */
} vmr_text;

/* A text over bytes that somebody else keeps, and keeps unchanged, until it is written or released. `ctx` may be NULL. */
static inline vmr_text vmr_text_borrow(vmr_ctx *ctx, vmr_view view) {
  vmr_text text;
  text.view = view;
  text.ctx = ctx;
  text.block = NULL;
  return text;
}

/* Another text of the same bytes, which are not copied. */
VMR_API vmr_text vmr_text_share(const vmr_text *text);

/* The bytes for writing, with room for `capacity` of them (at least its length): its own from here on. A copy is made when
 * they are borrowed, shared or too few. NULL when memory is out: the text is then untouched. Good until the next call
 * for this text. */
VMR_API char *vmr_text_write(vmr_text *text, size_t capacity);

/* Appends; room grows geometrically. `more` may be a part of the text itself. */
VMR_API vmr_status vmr_text_append(vmr_text *text, vmr_view more);

/* Cuts the text, or lengthens it by zeros. */
VMR_API vmr_status vmr_text_resize(vmr_text *text, size_t length);

/* Gives the bytes back when no other text shares them; the text is empty then. */
VMR_API void vmr_text_release(vmr_text *text);

#ifdef __cplusplus
}
#endif

#endif
