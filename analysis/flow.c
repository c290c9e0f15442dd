/* flow.c: prints a flow graph. */
#include "analysis/flow.h"

void vmo_dump_storage_name(const vmo_flow *flow, vmo_storage_id storage, vmo_text *out) {
  const vmo_storage *s = &flow->storages.data[storage];
  if (s->value != VMO_NONE)
    vmo_text_addf(out, "%%%s", vmo_value_name(flow->module, flow->function, s->value));
  else if (s->owner == VMO_OWNER_RETURNED)
    vmo_text_addf(out, "result %u", s->position);
  else
    vmo_text_add(out, "(unnamed)");
}

static const char *owner_name(vmo_storage_owner owner) {
  static const char *const names[] = {"result", "parameter", "state", "constant", "carried", "returned"};
  return names[owner];
}

static const char *access_name(vmo_access_kind kind) {
  static const char *const names[] = {"read", "write", "whole-write", "free", "escape"};
  return names[kind];
}

static void dump_storages(const vmo_flow *flow, vmo_text *out) {
  for (vmo_storage_id s = 0; s < flow->storages.count; s++) {
    const vmo_storage *storage = &flow->storages.data[s];
    vmo_text_addf(out, "storage %u ", s);
    vmo_dump_storage_name(flow, s, out);
    vmo_text_addf(out, " %s%s", owner_name(storage->owner), storage->donated ? " donated" : "");
    if (storage->bytes < 0)
      vmo_text_add(out, " bytes unknown");
    else
      vmo_text_addf(out, " %lld bytes", (long long)storage->bytes);
    if (storage->stream != 0) vmo_text_addf(out, " stream %u", storage->stream);
    if (storage->home != storage->stream) vmo_text_addf(out, " home %u", storage->home);
    vmo_text_add_char(out, '\n');
  }
}

static void dump_access(const vmo_flow *flow, const vmo_access *access, vmo_text *out) {
  vmo_text_addf(out, "  %d %s%s%s", access->op, access->must ? "" : "may ", access_name(access->kind),
                access->after ? " after" : "");
  for (uint32_t m = 0; m < access->member_count; m++)
    vmo_text_addf(out, " %u", flow->members.data[access->member_first + m]);
  if (access->end >= 0) vmo_text_addf(out, " bytes [%lld, %lld)", (long long)access->begin, (long long)access->end);
  vmo_text_add_char(out, '\n');
}

void vmo_dump_flow(const vmo_flow *flow, vmo_text *out) {
  dump_storages(flow, out);
  for (vmo_block_id b = 0; b < flow->blocks.count; b++) {
    const vmo_block *block = &flow->blocks.data[b];
    vmo_text_addf(out, "block %u [%d, %d) ->", b, block->begin, block->end);
    for (uint32_t i = 0; i < block->successor_count; i++)
      vmo_text_addf(out, " %u", flow->successors.data[block->successor_first + i]);
    vmo_text_add_char(out, '\n');
    for (vmo_point op = block->begin; op < block->end; op++)
      for (uint32_t a = flow->op_accesses[op]; a < flow->op_accesses[op + 1]; a++)
        dump_access(flow, &flow->accesses.data[a], out);
  }
}
