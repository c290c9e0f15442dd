/* dead_moves.c: moves whose targets nothing reads.
 *
 *   for ... carry (%a = %x, %b = %y) { ...; yield %b, %b }     neither %a nor the loop's first result is read
 *
 * A storage is of use when something but a move reads it, or when it is moved to a storage that is of use. Backwards
 * along moves from those that are; linear. */
#include "analysis/flow.h"

typedef struct finder {
  vmo_flow *flow;
  bool *useful;          /* by storage */
  uint32_t *head, *next; /* moves into each storage */
  VMO_VEC(vmo_storage_id) work;
} finder;

static bool allocate(finder *f) {
  vmo_context *context = f->flow->module->context;
  size_t storages = (size_t)f->flow->storages.count + 1;
  f->useful = vmo_alloc_array(context, storages, sizeof *f->useful);
  f->head = vmo_alloc(context, storages * sizeof *f->head);
  f->next = vmo_alloc(context, ((size_t)f->flow->moves.count + 1) * sizeof *f->next);
  return f->useful && f->head && f->next && vmo_vec_reserve(context->arena, &f->work, f->flow->storages.count);
}

static void add_useful(finder *f, vmo_storage_id storage) {
  if (storage == VMO_NONE || f->useful[storage]) return;
  f->useful[storage] = true;
  f->work.data[f->work.count++] = storage;
}

/* Storages that are read by something but a move. */
static void start(finder *f, const bool *by_move) {
  const vmo_flow *flow = f->flow;
  for (uint32_t a = 0; a < flow->accesses.count; a++) {
    const vmo_access *access = &flow->accesses.data[a];
    if (access->kind != VMO_ACCESS_READ || by_move[a]) continue;
    for (uint32_t m = 0; m < access->member_count; m++) add_useful(f, flow->members.data[access->member_first + m]);
  }
}

static void follow_moves(finder *f) {
  while (f->work.count > 0) {
    vmo_storage_id storage = f->work.data[--f->work.count];
    for (uint32_t m = f->head[storage]; m != VMO_NONE; m = f->next[m]) add_useful(f, f->flow->moves.data[m].source);
  }
}

bool vmo_drop_dead_moves(vmo_flow *flow) {
  finder f = {.flow = flow};
  bool *by_move = vmo_alloc_array(flow->module->context, (size_t)flow->accesses.count + 1, sizeof *by_move);
  if (!by_move || !allocate(&f)) return false;
  for (vmo_storage_id s = 0; s < flow->storages.count; s++) f.head[s] = VMO_NONE;
  for (uint32_t m = 0; m < flow->moves.count; m++) {
    const vmo_move *move = &flow->moves.data[m];
    if (move->read != VMO_NONE) by_move[move->read] = true;
    f.next[m] = f.head[move->target];
    f.head[move->target] = m;
  }
  start(&f, by_move);
  follow_moves(&f);
  for (uint32_t m = 0; m < flow->moves.count; m++) {
    const vmo_move *move = &flow->moves.data[m];
    if (f.useful[move->target]) continue;
    flow->accesses.data[move->access].member_count = 0;
    if (move->read != VMO_NONE) flow->accesses.data[move->read].member_count = 0;
  }
  return true;
}
