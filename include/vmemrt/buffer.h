/* buffer.h: bytes for vector code: they begin at a multiple of 64, and the tail up to the next multiple of 64 is there too,
 * so that a loop may read and write whole vectors. */
#ifndef VMEMRT_BUFFER_H
#define VMEMRT_BUFFER_H

#include "vmemrt/base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define VMR_BUFFER_ALIGNMENT ((size_t)64)

/* All zero is an empty buffer without a context. One thread at a time changes it. */
typedef struct vmr_buffer {
  void *data;   /* a multiple of VMR_BUFFER_ALIGNMENT; NULL without bytes */
  size_t bytes; /* as asked for */
  size_t room;  /* bytes that may be touched: `bytes` rounded up, or more */
  vmr_ctx *ctx; /* private, as what follows */
  void *base;
  size_t obtained;
} vmr_buffer;

/* `count` times `size` zeroed bytes, and a tail of zeros. `ctx` may be NULL. On failure the buffer is empty. */
VMR_API vmr_status vmr_buffer_create(vmr_buffer *buffer, vmr_ctx *ctx, size_t count, size_t size);

/* Another number of bytes; those that are new, and the tail, are zeros; the others keep their content and may move. On
 * failure the buffer is untouched. Less bytes move nothing and give nothing back. */
VMR_API vmr_status vmr_buffer_resize(vmr_buffer *buffer, size_t count, size_t size);

VMR_API void vmr_buffer_release(vmr_buffer *buffer);

/* Asks for the cache line at `address`, to read or to write it soon. Any address will do, an invalid one too. */
static inline void vmr_prefetch(const void *address) {
#if defined(__GNUC__)
  __builtin_prefetch(address, 0, 3);
#else
  (void)address;
#endif
}

static inline void vmr_prefetch_write(const void *address) {
#if defined(__GNUC__)
  __builtin_prefetch(address, 1, 3);
#else
  (void)address;
#endif
}

#ifdef __cplusplus
}
#endif

#endif
