/* compiled.c: what compiled functions need from the runtime: a block for each recursive activation. The block's own address
 * stands in front of it, since an aligned one seldom begins where the memory does. */
#include "vmemrt/compiled.h"

#include <string.h>

#include "runtime/os.h"

#define LARGEST_REQUEST ((int64_t)(SIZE_MAX / 8 < INT64_MAX ? SIZE_MAX / 8 : INT64_MAX))

static void note_activation(vmr_call_watch *watch, uint32_t depth) {
  if (watch == NULL) return;
  watch->activations++;
  if (depth > watch->deepest) watch->deepest = depth;
}

int32_t vmr_call_begin_activation(vmr_call *call, int64_t bytes, int64_t alignment, void **block) {
  if (call->depth >= VMR_CALL_DEPTH_LIMIT) return VMR_CALL_TOO_DEEP;
  if (bytes > LARGEST_REQUEST || alignment > LARGEST_REQUEST) return VMR_CALL_OUT_OF_MEMORY;
  char *memory = vmr_os_alloc((size_t)bytes + (size_t)alignment + sizeof memory);
  if (memory == NULL) return VMR_CALL_OUT_OF_MEMORY;
  char *start = memory + sizeof memory;
  start += (size_t)(-(uintptr_t)start & ((uintptr_t)alignment - 1));
  memcpy(start - sizeof memory, &memory, sizeof memory);
  *block = start;
  note_activation(call->watch, ++call->depth);
  return VMR_CALL_OK;
}

void vmr_call_end_activation(vmr_call *call, void *block) {
  char *memory;
  memcpy(&memory, (char *)block - sizeof memory, sizeof memory);
  vmr_os_free(memory);
  call->depth--;
}

/* ---- for who watches ---- */

void vmr_call_watch_before(vmr_call *call, uint32_t function, uint32_t op) {
  const vmr_call_watch *watch = call->watch;
  if (watch != NULL && watch->before != NULL) watch->before(watch->user, function, op);
}

void vmr_call_watch_after(vmr_call *call, uint32_t function, uint32_t op) {
  const vmr_call_watch *watch = call->watch;
  if (watch != NULL && watch->after != NULL) watch->after(watch->user, function, op);
}

void vmr_call_watch_copy(vmr_call *call) {
  if (call->watch != NULL) call->watch->copies++;
}

void vmr_call_watch_trip(vmr_call *call, uint64_t done, uint64_t total) {
  const vmr_call_watch *watch = call->watch;
  if (watch != NULL && watch->trip != NULL) watch->trip(watch->user, done, total);
}

/* Bytes outside of every arena are the caller's, or an activation's. */
void vmr_call_watch_write(vmr_call *call, const void *start, int64_t bytes) {
  const vmr_call_watch *watch = call->watch;
  if (watch == NULL || watch->high_water == NULL || bytes <= 0) return;
  for (uint32_t i = 0; i < watch->arena_count; i++) {
    uintptr_t arena = (uintptr_t)call->arenas[i], at = (uintptr_t)start;
    if (at < arena || at - arena >= (uintptr_t)call->arena_bytes[i]) continue;
    int64_t end = (int64_t)(at - arena) + bytes;
    if (end > watch->high_water[i]) watch->high_water[i] = end;
  }
}
