/* buffer.c: buffers for vector code, and the block of a structure of arrays: aligned to a cache line, whole lines long. */
#include "vmemrt/buffer.h"

#include <string.h>

#include "runtime/context.h"
#include "runtime/os.h"
#include "vmemrt/soa.h"

#define LINE VMR_BUFFER_ALIGNMENT
#define LARGEST (SIZE_MAX / 4)
#define LEAST_ROWS ((size_t)16)

static size_t round_up(size_t bytes, size_t alignment) { return (bytes + alignment - 1) & ~(alignment - 1); }

static void *align(void *base) { return (void *)round_up((uintptr_t)base, LINE); }

/* `count` times `size`; false when that is more than memory can hold. */
static bool multiply(size_t count, size_t size, size_t *bytes) {
  if (size != 0 && count > LARGEST / size) return false;
  *bytes = count * size;
  return true;
}

/* What no memory can meet is counted too. */
static vmr_status overflow(vmr_ctx *ctx, vmr_kind kind) {
  vmr_ctx_count_refusal(ctx, kind, false);
  return VMR_SIZE_OVERFLOW;
}

/* ---- buffers ---- */

vmr_status vmr_buffer_create(vmr_buffer *buffer, vmr_ctx *ctx, size_t count, size_t size) {
  if (buffer == NULL) return VMR_INVALID_ARGUMENT;
  *buffer = (vmr_buffer){.ctx = ctx};
  return vmr_buffer_resize(buffer, count, size);
}

/* Moves the content to a block with room for `bytes`. */
static vmr_status move(vmr_buffer *buffer, size_t bytes) {
  size_t room = round_up(bytes, LINE), obtained = room + LINE;
  void *base = vmr_ctx_obtain_zeroed(buffer->ctx, VMR_KIND_BUFFER, obtained);
  if (base == NULL) return VMR_OUT_OF_MEMORY;
  void *data = align(base);
  if (buffer->bytes != 0) memcpy(data, buffer->data, buffer->bytes);
  vmr_ctx_release(buffer->ctx, VMR_KIND_BUFFER, buffer->base, buffer->obtained);
  *buffer = (vmr_buffer){.data = data, .room = room, .ctx = buffer->ctx, .base = base, .obtained = obtained};
  return VMR_OK;
}

vmr_status vmr_buffer_resize(vmr_buffer *buffer, size_t count, size_t size) {
  if (buffer == NULL) return VMR_INVALID_ARGUMENT;
  size_t bytes;
  if (!multiply(count, size, &bytes)) return overflow(buffer->ctx, VMR_KIND_BUFFER);
  size_t old = buffer->bytes, kept = old < bytes ? old : bytes;
  if (bytes > buffer->room) {
    vmr_status status = move(buffer, bytes);
    if (status != VMR_OK) return status;
  } else if (buffer->data != NULL) { /* what lies behind the content may have been written by whole vectors */
    memset((char *)buffer->data + kept, 0, round_up(bytes > old ? bytes : old, LINE) - kept);
  }
  buffer->bytes = bytes;
  return VMR_OK;
}

void vmr_buffer_release(vmr_buffer *buffer) {
  if (buffer == NULL) return;
  vmr_ctx_release(buffer->ctx, VMR_KIND_BUFFER, buffer->base, buffer->obtained);
  *buffer = (vmr_buffer){.ctx = buffer->ctx};
}

/* ---- structures of arrays ---- */

/* Bytes of a block with all columns of `rows`, each in whole lines. */
static bool size_block(const size_t *sizes, size_t fields, size_t rows, size_t *bytes) {
  *bytes = LINE;
  for (size_t i = 0; i < fields; i++) {
    size_t column;
    if (!multiply(rows, sizes[i], &column) || column > LARGEST - *bytes) return false;
    *bytes += round_up(column, LINE);
  }
  return true;
}

/* Large blocks are huge pages: a column is read from end to end, and costs less in translation than in transfer. */
static void *obtain_block(vmr_soa *fresh) {
  if (fresh->obtained >= VMR_OS_LARGE_PAGE && vmr_ctx_has_pages(fresh->ctx)) {
    fresh->obtained = round_up(fresh->obtained, VMR_OS_LARGE_PAGE);
    fresh->is_pages = true;
    fresh->base = vmr_ctx_obtain_pages(fresh->ctx, VMR_KIND_SOA, fresh->obtained);
  } else {
    fresh->base = vmr_ctx_obtain(fresh->ctx, VMR_KIND_SOA, fresh->obtained);
  }
  return fresh->base;
}

static void release_block(const vmr_soa *soa) {
  if (soa->base == NULL) return;
  if (soa->is_pages) {
    vmr_ctx_release_pages(soa->ctx, VMR_KIND_SOA, soa->base, soa->obtained);
  } else {
    vmr_ctx_release(soa->ctx, VMR_KIND_SOA, soa->base, soa->obtained);
  }
}

vmr_status vmr_soa_reserve(vmr_soa *soa, void **columns, const size_t *sizes, size_t fields, size_t rows) {
  if (soa == NULL) return VMR_INVALID_ARGUMENT;
  if (rows <= soa->capacity) return VMR_OK;
  vmr_soa fresh = {.ctx = soa->ctx, .count = soa->count, .capacity = rows};
  if (!size_block(sizes, fields, rows, &fresh.obtained)) return overflow(soa->ctx, VMR_KIND_SOA);
  if (obtain_block(&fresh) == NULL) return VMR_OUT_OF_MEMORY;
  char *at = align(fresh.base);
  for (size_t i = 0; i < fields; i++) {
    if (soa->count != 0) memcpy(at, columns[i], soa->count * sizes[i]);
    columns[i] = at;
    at += round_up(rows * sizes[i], LINE);
  }
  release_block(soa);
  *soa = fresh;
  return VMR_OK;
}

vmr_status vmr_soa_grow(vmr_soa *soa, void **columns, const size_t *sizes, size_t fields) {
  if (soa == NULL) return VMR_INVALID_ARGUMENT;
  if (soa->capacity > LARGEST) return overflow(soa->ctx, VMR_KIND_SOA);
  size_t rows = soa->capacity * 2;
  return vmr_soa_reserve(soa, columns, sizes, fields, rows > LEAST_ROWS ? rows : LEAST_ROWS);
}

void vmr_soa_release(vmr_soa *soa, void **columns, size_t fields) {
  if (soa == NULL) return;
  release_block(soa);
  memset(columns, 0, fields * sizeof *columns);
  *soa = (vmr_soa){.ctx = soa->ctx};
}
