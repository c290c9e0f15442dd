/* plan.h: runs a memory plan: one block that holds all buffers of a function at planned offsets, reused from call to call.
 *
 *   table   offset, bytes of each slot; bytes of the whole
 *   block   [slot 0 |  slot 2  ]
 *           [    slot 1    |slot 3]      slots that are not live together share bytes
 *
 * The block is obtained by the first call and by those that need a larger one; all others allocate nothing. A call within
 * a call (recursion) gets a block of its own, which is kept for the next time too. One thread at a time uses a plan. */
#ifndef VMEMRT_PLAN_H
#define VMEMRT_PLAN_H

#include "vmemrt/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct vmr_plan vmr_plan;

typedef struct vmr_plan_slot {
  size_t offset, bytes;
} vmr_plan_slot;

typedef struct vmr_plan_table {
  const vmr_plan_slot *slots;
  size_t count;
  size_t bytes; /* of the whole block; no slot ends behind it */
} vmr_plan_table;

/* Blocks begin at multiples of `alignment`, a power of two (0: 64). `ctx` may be NULL. */
VMR_API vmr_status vmr_plan_create(vmr_plan **plan, vmr_ctx *ctx, size_t alignment);

/* Creates a plan in the caller's `buffer`, which holds it (less than 256 bytes), and the blocks with up to 64 bytes and
 * the alignment more for each, and must outlive it. What does not fit fails. */
VMR_API vmr_status vmr_plan_create_in(vmr_plan **plan, vmr_ctx *ctx, size_t alignment, void *buffer, size_t bytes);

/* Frees the plan with its blocks, entered ones too: the status is then VMR_STILL_IN_USE. NULL is accepted. */
VMR_API vmr_status vmr_plan_destroy(vmr_plan *plan);

/* Begins a call: its block of `bytes`, with the content that the last call at this depth left (undefined at first and
 * where the block grew). NULL on failure. */
VMR_API void *vmr_plan_enter(vmr_plan *plan, size_t bytes);

/* The same by a table: `addresses` gets the place of each slot. Leave by the block, addresses[i] - slots[i].offset, or
 * by NULL for whichever is innermost. VMR_INVALID_ARGUMENT when a slot does not lie in the block. */
VMR_API vmr_status vmr_plan_bind(vmr_plan *plan, const vmr_plan_table *table, void **addresses);

/* Ends the innermost call. VMR_WRONG_ORDER, and nothing happens, when `block` is neither its block nor NULL, or no call is
 * entered. With VMR_GUARD, VMR_CORRUPTED when bytes behind the block were overwritten. */
VMR_API vmr_status vmr_plan_leave(vmr_plan *plan, const void *block);

/* The same for a call whose results stay in its block: it may be read and written until the next call at this depth begins or
 * blocks are given back (vmr_plan_trim, vmr_trim). */
VMR_API vmr_status vmr_plan_leave_open(vmr_plan *plan, const void *block);

/* Bytes of the blocks of entered calls, as asked for; the most that they ever were; bytes obtained. */
VMR_API size_t vmr_plan_used_bytes(const vmr_plan *plan);
VMR_API size_t vmr_plan_peak_bytes(const vmr_plan *plan);
VMR_API size_t vmr_plan_reserved_bytes(const vmr_plan *plan);

/* Gives back the blocks that no call holds. Returns their bytes. */
VMR_API size_t vmr_plan_trim(vmr_plan *plan);

/* Whether the books agree with the blocks, and with VMR_GUARD whether the bytes behind each are as they were left. A fault is
 * reported to the context. */
VMR_API bool vmr_plan_is_valid(const vmr_plan *plan);

/* The first failure since creation, or VMR_OK. */
VMR_API vmr_status vmr_plan_status(const vmr_plan *plan);

#ifdef __cplusplus
}
#endif

#endif
