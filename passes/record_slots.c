/* record_slots.c: who shares bytes in a finished plan: the slots with the storages that lie in each, and whose dead bytes each
 * buffer takes over. With numbers that is read off the placement; with expressions, who shares a slot shares its bytes.
 *
 * O(n log n) in the storages. */
#include "passes/record.h"
#include "passes/reuse.h"

/* ---- slots ---- */

bool vmo_record_slots(recorder *r) {
  const vmo_planning *p = r->p;
  vmo_plan_facts *facts = r->facts;
  uint32_t slots = 0;
  for (uint32_t i = 0; i < r->first_workspace; i++)
    if (facts->storages.data[i].slot != VMO_NONE && facts->storages.data[i].slot + 1 > slots)
      slots = facts->storages.data[i].slot + 1;
  uint32_t *first = vmo_alloc_array(p->scratch, (size_t)slots + 2, sizeof *first);
  if (!first || !vmo_vec_reserve(r->arena, &facts->slots, slots) ||
      !vmo_vec_reserve(r->arena, &facts->slot_storages, r->first_workspace))
    return false;
  for (uint32_t i = 0; i < r->first_workspace; i++)
    if (facts->storages.data[i].slot != VMO_NONE) first[facts->storages.data[i].slot + 2]++;
  for (uint32_t s = 0; s < slots; s++) first[s + 2] += first[s + 1];
  for (uint32_t i = 0; i < r->first_workspace; i++)
    if (facts->storages.data[i].slot != VMO_NONE)
      facts->slot_storages.data[first[facts->storages.data[i].slot + 1]++] = i;
  facts->slot_storages.count = first[slots];
  for (uint32_t s = 0; s < slots; s++) {
    vmo_slot_fact slot = {.slot = s, .storage_first = first[s], .storage_count = first[s + 1] - first[s]};
    if (slot.storage_count == 0) continue; /* a place that only streams or loops pass through */
    for (uint32_t i = first[s]; i < first[s + 1]; i++) {
      const vmo_storage_fact *fact = &facts->storages.data[facts->slot_storages.data[i]];
      slot.space = fact->space;
      slot.offset = fact->offset;
      if (i == first[s])
        slot.amount = fact->amount;
      else if (fact->amount.bytes > slot.amount.bytes)
        slot.amount = fact->amount;
      else if (fact->amount.bytes < 0)
        slot.amount.size = vmo_size_cover(p->module->sizes, slot.amount.size, fact->amount.size);
    }
    if (slot.amount.size == VMO_NONE || !vmo_vec_push(r->arena, &facts->slots, slot)) return false;
  }
  return true;
}

/* ---- reuse ---- */

static bool starts_buffer(recorder *r, bool *begun, uint32_t fact) {
  const vmo_storage_fact *f = &r->facts->storages.data[fact];
  vmo_storage_id root = vmo_find_buffer(r->p->buffers, r->p->flow->references[f->value].storage);
  bool first = !begun[root];
  begun[root] = true;
  return first && f->kind == VMO_KIND_RESULT;
}

static bool add_reuse(recorder *r, uint32_t fact, uint32_t former, vmo_amount amount) {
  vmo_reuse_fact reuse = {fact, former, amount};
  r->by_space[r->facts->storages.data[fact].space].reuse_count++;
  return vmo_vec_push(r->p->scratch->arena, &r->facts->reuse, reuse);
}

static vmo_status list_reuse_of_space(recorder *r, vmo_space_id space, bool *begun) {
  vmo_plan_facts *facts = r->facts;
  vmo_tenant *tenants = vmo_alloc(r->p->scratch, ((size_t)r->first_workspace + 1) * sizeof *tenants);
  uint32_t *owners = vmo_alloc(r->p->scratch, ((size_t)r->first_workspace + 1) * sizeof *owners), count = 0;
  if (!tenants || !owners) return VMO_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < r->first_workspace; i++) {
    const vmo_storage_fact *fact = &facts->storages.data[i];
    int64_t offset;
    if (fact->slot == VMO_NONE || fact->space != space) continue;
    if (!vmo_size_is_constant(r->p->module->sizes, fact->offset, &offset)) continue;
    owners[count] = i;
    tenants[count++] = (vmo_tenant){offset, offset + fact->amount.bytes, starts_buffer(r, begun, i), VMO_NONE};
  }
  vmo_status status = vmo_find_former_tenants(r->p->scratch, tenants, count);
  for (uint32_t i = 0; i < count && status == VMO_OK; i++) {
    if (tenants[i].former == VMO_NONE) continue;
    const vmo_tenant *former = &tenants[tenants[i].former];
    vmo_bytes begin = tenants[i].begin > former->begin ? tenants[i].begin : former->begin;
    vmo_bytes end = tenants[i].end < former->end ? tenants[i].end : former->end;
    vmo_amount amount = {end - begin, vmo_size_constant(r->p->module->sizes, end - begin)};
    if (!add_reuse(r, owners[i], owners[tenants[i].former], amount)) status = VMO_OUT_OF_MEMORY;
  }
  return status;
}

/* With expressions for sizes, buffers that share a slot reuse each other's bytes. */
static vmo_status list_symbolic_reuse(recorder *r, bool *begun) {
  uint32_t count = r->first_workspace;
  uint32_t *last =
      vmo_alloc(r->p->scratch, ((size_t)count + 1) * sizeof *last); /* tenant of each slot; VMO_NONE: none */
  uint32_t slots = 0;
  if (!last) return VMO_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < count; i++)
    if (r->facts->storages.data[i].slot != VMO_NONE && r->facts->storages.data[i].slot >= slots)
      slots = r->facts->storages.data[i].slot + 1;
  last = vmo_alloc(r->p->scratch, ((size_t)slots + 1) * sizeof *last);
  if (!last) return VMO_OUT_OF_MEMORY;
  for (uint32_t s = 0; s < slots; s++) last[s] = VMO_NONE;
  for (uint32_t i = 0; i < count; i++) {
    const vmo_storage_fact *fact = &r->facts->storages.data[i];
    if (fact->slot == VMO_NONE) continue;
    if (starts_buffer(r, begun, i) && last[fact->slot] != VMO_NONE && !add_reuse(r, i, last[fact->slot], fact->amount))
      return VMO_OUT_OF_MEMORY;
    last[fact->slot] = i;
  }
  return VMO_OK;
}

vmo_status vmo_record_reuse(recorder *r) {
  bool *begun = vmo_alloc_array(r->p->scratch, (size_t)r->p->flow->storages.count + 1, sizeof *begun);
  if (!begun) return VMO_OUT_OF_MEMORY;
  if (!r->p->known) return list_symbolic_reuse(r, begun);
  for (vmo_space_id space = 0; space < r->p->module->spaces.count; space++) {
    vmo_status status = list_reuse_of_space(r, space, begun);
    if (status != VMO_OK) return status;
  }
  return VMO_OK;
}
