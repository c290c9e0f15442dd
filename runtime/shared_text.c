/* shared_text.c: copy-on-write text. A block counts the texts that share it; who writes and finds more than itself there
 * leaves the block to the others and takes a copy. */
#include <stdatomic.h>
#include <string.h>

#include "runtime/context.h"
#include "vmemrt/text.h"

typedef struct vmr_text_block {
  atomic_size_t owners;
  size_t capacity;
  char bytes[];
} vmr_text_block;

vmr_text vmr_text_share(const vmr_text *text) {
  if (text == NULL) return (vmr_text){.block = NULL};
  if (text->block != NULL) atomic_fetch_add_explicit(&text->block->owners, 1, memory_order_relaxed);
  return *text;
}

static void leave(vmr_ctx *ctx, vmr_text_block *block) {
  if (block == NULL || atomic_fetch_sub_explicit(&block->owners, 1, memory_order_acq_rel) != 1) return;
  vmr_ctx_release(ctx, VMR_KIND_BUFFER, block, sizeof *block + block->capacity);
}

/* With acquire: what an earlier owner read was read before we write. */
static bool is_own(const vmr_text *text) {
  return text->block != NULL && atomic_load_explicit(&text->block->owners, memory_order_acquire) == 1;
}

/* What no memory can meet is counted too. */
static vmr_status overflow(const vmr_text *text) {
  vmr_ctx_count_refusal(text->ctx, VMR_KIND_BUFFER, false);
  return VMR_SIZE_OVERFLOW;
}

char *vmr_text_write(vmr_text *text, size_t capacity) {
  if (text == NULL) return NULL;
  if (capacity < text->view.length) capacity = text->view.length;
  if (is_own(text) && capacity <= text->block->capacity && text->view.data == text->block->bytes)
    return text->block->bytes;
  if (capacity > SIZE_MAX / 2) return (void)overflow(text), NULL;
  vmr_text_block *block = vmr_ctx_obtain(text->ctx, VMR_KIND_BUFFER, sizeof *block + capacity);
  if (block == NULL) return NULL;
  atomic_init(&block->owners, 1);
  block->capacity = capacity;
  if (text->view.length != 0) memcpy(block->bytes, text->view.data, text->view.length);
  leave(text->ctx, text->block);
  text->block = block;
  text->view.data = block->bytes;
  return block->bytes;
}

/* As vmr_text_write, with room to spare when it has to be obtained. */
static char *write_growing(vmr_text *text, size_t length) {
  size_t roomy = text->view.length < SIZE_MAX / 4 ? text->view.length * 2 : length;
  bool has_room = is_own(text) && length <= text->block->capacity;
  return vmr_text_write(text, has_room || roomy < length ? length : roomy);
}

vmr_status vmr_text_append(vmr_text *text, vmr_view more) {
  if (text == NULL || (more.data == NULL && more.length != 0)) return VMR_INVALID_ARGUMENT;
  if (more.length == 0) return VMR_OK;
  if (more.length > SIZE_MAX / 2 - text->view.length) return overflow(text);
  size_t length = text->view.length;
  vmr_text before = vmr_text_share(text); /* for `more` may lie in it */
  bool is_inside = text->block != NULL && (uintptr_t)more.data - (uintptr_t)text->block->bytes < text->block->capacity;
  if (!is_inside) vmr_text_release(&before);
  char *bytes = write_growing(text, length + more.length);
  if (bytes != NULL) {
    memcpy(bytes + length, more.data, more.length);
    text->view.length = length + more.length;
  }
  if (is_inside) vmr_text_release(&before);
  return bytes != NULL ? VMR_OK : VMR_OUT_OF_MEMORY;
}

vmr_status vmr_text_resize(vmr_text *text, size_t length) {
  if (text == NULL) return VMR_INVALID_ARGUMENT;
  size_t old = text->view.length;
  if (length > SIZE_MAX / 2) return overflow(text);
  if (length > old) {
    char *bytes = write_growing(text, length);
    if (bytes == NULL) return VMR_OUT_OF_MEMORY;
    memset(bytes + old, 0, length - old);
  }
  text->view.length = length; /* a cut writes no byte */
  return VMR_OK;
}

void vmr_text_release(vmr_text *text) {
  if (text == NULL) return;
  leave(text->ctx, text->block);
  text->block = NULL;
  text->view = vmr_view_make(NULL, 0);
}
