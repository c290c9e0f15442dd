/* next_reads.c: the next read of each read, block by block from the back; see next_reads.h. */
#include "analysis/next_reads.h"

static const vmo_next_read no_read = {-1, VMO_NONE};

/* The reads and writes of one op, last access first: what it writes is not what is read after it. */
static void answer_op(const vmo_flow *flow, vmo_point op, vmo_point end, vmo_next_read *last, vmo_next_read *reads) {
  for (uint32_t a = flow->op_accesses[op + 1]; a-- > flow->op_accesses[op];) {
    const vmo_access *access = &flow->accesses.data[a];
    bool read = access->kind == VMO_ACCESS_READ;
    for (uint32_t m = 0; m < access->member_count; m++) {
      vmo_storage_id storage = flow->members.data[access->member_first + m];
      if (!read)
        last[storage] = no_read;
      else if (access->member_count == 1 && last[storage].op < end)
        reads[a] = last[storage];
    }
  }
}

static void remember_op(const vmo_flow *flow, vmo_point op, vmo_next_read *last) {
  for (uint32_t a = flow->op_accesses[op + 1]; a-- > flow->op_accesses[op];) {
    const vmo_access *access = &flow->accesses.data[a];
    if (access->kind == VMO_ACCESS_READ && access->member_count == 1)
      last[flow->members.data[access->member_first]] = (vmo_next_read){op, access->value};
  }
}

vmo_status vmo_find_next_reads(const vmo_flow *flow, vmo_next_read **result) {
  vmo_next_read *reads = vmo_alloc(flow->memory, ((size_t)flow->accesses.count + 1) * sizeof *reads);
  vmo_next_read *last = vmo_alloc(flow->memory, ((size_t)flow->storages.count + 1) * sizeof *last);
  if (!reads || !last) return VMO_OUT_OF_MEMORY;
  for (uint32_t a = 0; a < flow->accesses.count; a++) reads[a] = no_read;
  for (uint32_t s = 0; s < flow->storages.count; s++) last[s] = no_read;
  for (vmo_block_id b = flow->blocks.count; b-- > 0;) {
    const vmo_block *block = &flow->blocks.data[b];
    for (vmo_point op = block->end; op-- > block->begin;) {
      answer_op(flow, op, block->end, last, reads);
      remember_op(flow, op, last);
    }
  }
  *result = reads;
  return VMO_OK;
}
