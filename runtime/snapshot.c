/* snapshot.c: the graph of a collected heap, its dominator tree, and its exports.
 *
 *   firsts   where the references of an object begin        [0  2  2  5 ...]
 *   targets  what they are to, one object behind the other  [3 7 | | 1 1 4 ...]
 *
 * Dominators are those of Lengauer and Tarjan (A Fast Algorithm for Finding Dominators in a Flowgraph, TOPLAS 1979), the simple
 * form, without recursion: a path is compressed from its upper end, its nodes kept in an array. */
#include "vmemrt/snapshot.h"

#include <string.h>

#include "runtime/collect.h"
#include "runtime/writer.h"

typedef struct vmr_snapshot_item {
  const void *object;
  size_t bytes;
  uint64_t retained;
  uint32_t dominator;
  uint32_t type; /* its number */
} vmr_snapshot_item;

struct vmr_snapshot {
  vmr_gc_tracer tracer; /* first */
  vmr_ctx *ctx;
  vmr_growth *types;        /* by number: what there is of each */
  vmr_snapshot_item *items; /* by number; 0: the roots */
  uint32_t *firsts;         /* by number, and one more */
  uint32_t *targets;
  uint32_t *slots; /* numbers by address, open addressing; 0: none */
  size_t type_count, count, item_capacity, target_count, target_capacity, slot_count;
  bool is_short; /* of memory */
};

/* ---- arrays ---- */

static bool reserve(vmr_snapshot *s, void **array, size_t *capacity, size_t count, size_t size) {
  if (count < *capacity) return true;
  size_t more = *capacity * 2 + 256;
  if (more > UINT32_MAX / 2) return false;
  void *grown = *array == NULL ? vmr_ctx_obtain(s->ctx, VMR_KIND_GC, more * size)
                               : vmr_ctx_resize(s->ctx, VMR_KIND_GC, *array, *capacity * size, more * size);
  if (grown == NULL) return false;
  *array = grown;
  *capacity = more;
  return true;
}

static size_t slot_of(const vmr_snapshot *s, const void *object) {
  return (size_t)(vmr_value_mix((uintptr_t)object, 1) & (s->slot_count - 1));
}

static bool grow_slots(vmr_snapshot *s) {
  size_t old = s->slot_count, more = old != 0 ? old * 2 : 1024;
  uint32_t *slots = vmr_ctx_obtain_zeroed(s->ctx, VMR_KIND_GC, more * sizeof *slots);
  if (slots == NULL) return false;
  vmr_ctx_release(s->ctx, VMR_KIND_GC, s->slots, old * sizeof *slots);
  s->slots = slots;
  s->slot_count = more;
  for (uint32_t i = 1; i < s->count; i++) {
    size_t slot = slot_of(s, s->items[i].object);
    while (slots[slot] != 0) slot = (slot + 1) & (more - 1);
    slots[slot] = i;
  }
  return true;
}

uint32_t vmr_snapshot_find(const vmr_snapshot *snapshot, const void *object) {
  if (snapshot == NULL) return 0;
  for (size_t slot = slot_of(snapshot, object); snapshot->slots[slot] != 0;
       slot = (slot + 1) & (snapshot->slot_count - 1)) {
    if (snapshot->items[snapshot->slots[slot]].object == object) return snapshot->slots[slot];
  }
  return 0;
}

/* ---- taking ---- */

static bool add_item(vmr_snapshot *s, const void *object) {
  void *items = s->items;
  if (!reserve(s, &items, &s->item_capacity, s->count, sizeof *s->items)) return false;
  s->items = items;
  if (2 * s->count >= s->slot_count && !grow_slots(s)) return false;
  vmr_snapshot_item *item = &s->items[s->count];
  *item = (vmr_snapshot_item){.object = object};
  if (object == NULL) return s->count++, true;
  item->type = vmr_gc_block_of_object(object)->type->number;
  item->bytes = vmr_gc_object_bytes(object);
  s->types[item->type].objects++;
  s->types[item->type].bytes += (int64_t)item->bytes;
  size_t slot = slot_of(s, object);
  while (s->slots[slot] != 0) slot = (slot + 1) & (s->slot_count - 1);
  s->slots[slot] = (uint32_t)s->count++;
  return true;
}

static void see(vmr_gc_tracer *tracer, void *object) {
  vmr_snapshot *s = (vmr_snapshot *)(void *)tracer;
  void *targets = s->targets;
  if (object == NULL || s->is_short) return;
  uint32_t number = vmr_snapshot_find(s, object);
  if (number == 0) {
    number = (uint32_t)s->count;
    if (!add_item(s, object)) s->is_short = true;
  }
  if (!reserve(s, &targets, &s->target_capacity, s->target_count, sizeof *s->targets)) s->is_short = true;
  s->targets = targets;
  if (!s->is_short) s->targets[s->target_count++] = number;
}

static bool add_types(vmr_snapshot *s) {
  s->types = vmr_ctx_obtain_zeroed(s->ctx, VMR_KIND_GC, (s->tracer.heap->type_count + 1) * sizeof *s->types);
  if (s->types == NULL) return false;
  for (const vmr_gc_type_body *each = s->tracer.heap->types; each != NULL; each = each->next)
    s->types[s->type_count++].type = each->layout.name;
  return true;
}

/* All objects breadth first, with what they refer to; false when memory is out. */
static bool walk(vmr_snapshot *s) {
  size_t first_capacity = 0;
  if (!add_item(s, NULL)) return false;
  for (size_t i = 0; i <= s->count && !s->is_short; i++) {
    void *firsts = s->firsts;
    bool is_there = reserve(s, &firsts, &first_capacity, i, sizeof *s->firsts);
    s->firsts = firsts;
    if (!is_there) s->is_short = true;
    if (s->is_short) break;
    s->firsts[i] = (uint32_t)s->target_count;
    if (i == 0)
      vmr_gc_look_at_roots(&s->tracer);
    else if (i < s->count)
      vmr_gc_look_at(&s->tracer, (void *)(uintptr_t)s->items[i].object);
  }
  s->tracer.scanned = first_capacity; /* for the release */
  return !s->is_short;
}

/* ---- dominators ---- */

enum { PARENT, ORDER, VERTEX, SEMI, LABEL, ANCESTOR, BUCKET, NEXT, BACK, SOURCES, CURSOR, PATH, ARRAYS };

typedef struct tree {
  const vmr_snapshot *s;
  uint32_t *a[ARRAYS]; /* of a number each, and one more */
  uint32_t reached;
} tree;

/* Depth first, in order of references; ORDER counts from 1. */
static void number_depth_first(tree *t) {
  const vmr_snapshot *s = t->s;
  uint32_t at = 0;
  t->a[ORDER][0] = t->reached = 1;
  t->a[VERTEX][1] = 0;
  t->a[CURSOR][0] = s->firsts[0];
  for (;;) {
    if (t->a[CURSOR][at] == s->firsts[at + 1]) {
      if (at == 0) return;
      at = t->a[PARENT][at];
      continue;
    }
    uint32_t to = s->targets[t->a[CURSOR][at]++];
    if (t->a[ORDER][to] != 0) continue;
    t->a[PARENT][to] = at;
    t->a[ORDER][to] = ++t->reached;
    t->a[VERTEX][t->reached] = to;
    t->a[CURSOR][to] = s->firsts[to];
    at = to;
  }
}

/* Who refers to each: BACK[number] to BACK[number + 1] in SOURCES. */
static void turn_references(tree *t) {
  const vmr_snapshot *s = t->s;
  uint32_t *back = t->a[BACK], *sources = t->a[SOURCES];
  for (size_t i = 0; i < s->target_count; i++) back[s->targets[i] + 1]++;
  for (size_t i = 0; i < s->count; i++) back[i + 1] += back[i];
  for (size_t i = 0; i < s->count; i++) t->a[CURSOR][i] = back[i];
  for (uint32_t i = 0; i < s->count; i++) {
    for (uint32_t k = s->firsts[i]; k < s->firsts[i + 1]; k++) sources[t->a[CURSOR][s->targets[k]]++] = i;
  }
}

/* The vertex of the least SEMI on the way up from `v` in the forest, whose paths are shortened. ANCESTOR is a vertex + 1. */
static uint32_t evaluate(tree *t, uint32_t v) {
  uint32_t *ancestor = t->a[ANCESTOR], *label = t->a[LABEL], *semi = t->a[SEMI], *path = t->a[PATH], length = 0;
  if (ancestor[v] == 0) return label[v];
  for (uint32_t at = v; ancestor[ancestor[at] - 1] != 0; at = ancestor[at] - 1) path[length++] = at;
  while (length > 0) {
    uint32_t at = path[--length], above = ancestor[at] - 1;
    if (semi[label[above]] < semi[label[at]]) label[at] = label[above];
    ancestor[at] = ancestor[above];
  }
  return label[v];
}

static void find_dominators(tree *t, vmr_snapshot_item *items) {
  uint32_t **a = t->a;
  for (uint32_t i = 0; i < t->s->count; i++) {
    a[SEMI][i] = a[ORDER][i];
    a[LABEL][i] = i;
  }
  for (uint32_t order = t->reached; order > 1; order--) {
    uint32_t w = a[VERTEX][order], parent = a[PARENT][w];
    for (uint32_t k = a[BACK][w]; k < a[BACK][w + 1]; k++) {
      uint32_t least = evaluate(t, a[SOURCES][k]);
      if (a[SEMI][least] < a[SEMI][w]) a[SEMI][w] = a[SEMI][least];
    }
    uint32_t semi = a[VERTEX][a[SEMI][w]];
    a[NEXT][w] = a[BUCKET][semi]; /* buckets are lists of vertices + 1 */
    a[BUCKET][semi] = w + 1;
    a[ANCESTOR][w] = parent + 1;
    for (uint32_t each = a[BUCKET][parent]; each != 0; each = a[NEXT][each - 1]) {
      uint32_t least = evaluate(t, each - 1);
      items[each - 1].dominator = a[SEMI][least] < a[SEMI][each - 1] ? least : parent;
    }
    a[BUCKET][parent] = 0;
  }
  for (uint32_t order = 2; order <= t->reached; order++) {
    uint32_t w = a[VERTEX][order];
    if (items[w].dominator != a[VERTEX][a[SEMI][w]]) items[w].dominator = items[items[w].dominator].dominator;
  }
  for (uint32_t order = t->reached; order > 1; order--) { /* dominators come before what they dominate */
    uint32_t w = a[VERTEX][order];
    items[w].retained += items[w].bytes;
    items[items[w].dominator].retained += items[w].retained;
  }
}

static bool compute_dominators(vmr_snapshot *s) {
  tree t = {.s = s};
  size_t each = s->count + 2, bytes = (each * ARRAYS + s->target_count) * sizeof(uint32_t);
  uint32_t *memory = vmr_ctx_obtain_zeroed(s->ctx, VMR_KIND_GC, bytes);
  if (memory == NULL) return false;
  for (int i = 0; i < ARRAYS; i++) t.a[i] = memory + (size_t)i * each;
  t.a[SOURCES] = memory + each * ARRAYS;
  number_depth_first(&t);
  turn_references(&t);
  find_dominators(&t, s->items);
  vmr_ctx_release(s->ctx, VMR_KIND_GC, memory, bytes);
  return true;
}

/* ---- from outside ---- */

vmr_status vmr_snapshot_take(vmr_snapshot **snapshot, vmr_gc *gc) {
  if (snapshot == NULL || gc == NULL) return VMR_INVALID_ARGUMENT;
  *snapshot = NULL;
  vmr_gc_body *heap = vmr_gc_body_of(gc);
  if (heap->is_collecting) return VMR_WRONG_ORDER;
  vmr_snapshot *s = vmr_ctx_obtain_zeroed(heap->handle.ctx, VMR_KIND_GC, sizeof *s);
  if (s == NULL) return VMR_OUT_OF_MEMORY;
  s->ctx = heap->handle.ctx;
  s->tracer.heap = heap;
  s->tracer.on_visit = see;
  vmr_deferral deferral;
  vmr_ctx_defer(&deferral, s->ctx);
  bool is_whole = add_types(s) && walk(s) && compute_dominators(s);
  vmr_ctx_relieve(&deferral, false);
  if (!is_whole) {
    vmr_snapshot_destroy(s);
    return VMR_OUT_OF_MEMORY;
  }
  *snapshot = s;
  return VMR_OK;
}

void vmr_snapshot_destroy(vmr_snapshot *snapshot) {
  if (snapshot == NULL) return;
  vmr_ctx *ctx = snapshot->ctx;
  vmr_ctx_release(ctx, VMR_KIND_GC, snapshot->types, (snapshot->type_count + 1) * sizeof *snapshot->types);
  vmr_ctx_release(ctx, VMR_KIND_GC, snapshot->items, snapshot->item_capacity * sizeof *snapshot->items);
  vmr_ctx_release(ctx, VMR_KIND_GC, snapshot->firsts, snapshot->tracer.scanned * sizeof *snapshot->firsts);
  vmr_ctx_release(ctx, VMR_KIND_GC, snapshot->targets, snapshot->target_capacity * sizeof *snapshot->targets);
  vmr_ctx_release(ctx, VMR_KIND_GC, snapshot->slots, snapshot->slot_count * sizeof *snapshot->slots);
  vmr_ctx_release(ctx, VMR_KIND_GC, snapshot, sizeof *snapshot);
}

uint32_t vmr_snapshot_count(const vmr_snapshot *snapshot) {
  return snapshot != NULL ? (uint32_t)snapshot->count - 1 : 0;
}

const uint32_t *vmr_snapshot_references(const vmr_snapshot *snapshot, uint32_t number, uint32_t *count) {
  if (count == NULL) return NULL;
  *count = snapshot != NULL && number < snapshot->count ? snapshot->firsts[number + 1] - snapshot->firsts[number] : 0;
  return *count != 0 ? snapshot->targets + snapshot->firsts[number] : NULL;
}

vmr_status vmr_snapshot_read(const vmr_snapshot *snapshot, uint32_t number, vmr_snapshot_object *object) {
  if (snapshot == NULL || object == NULL) return VMR_INVALID_ARGUMENT;
  if (number == 0 || number >= snapshot->count) return VMR_OUT_OF_RANGE;
  const vmr_snapshot_item *item = &snapshot->items[number];
  *object = (vmr_snapshot_object){.object = item->object,
                                  .type = snapshot->types[item->type].type,
                                  .bytes = item->bytes,
                                  .retained = item->retained,
                                  .dominator = item->dominator,
                                  .references = snapshot->firsts[number + 1] - snapshot->firsts[number]};
  return VMR_OK;
}

/* ---- exports ---- */

/* A name between quotes; what would end them is left out by a backslash, control characters by a blank. */
static void write_quoted(vmr_writer *writer, const char *text) {
  vmr_write(writer, "\"");
  for (; *text != '\0'; text++) {
    if (*text == '"' || *text == '\\') vmr_write(writer, "\\");
    vmr_write_bytes(writer, (unsigned char)*text < ' ' ? " " : text, 1);
  }
  vmr_write(writer, "\"");
}

static void write_member(vmr_writer *writer, const char *name, uint64_t number) {
  vmr_write(writer, name);
  vmr_write_count(writer, number);
}

size_t vmr_snapshot_json(const vmr_snapshot *snapshot, char *buffer, size_t capacity) {
  vmr_writer writer = {.buffer = buffer, .capacity = capacity};
  vmr_write(&writer, "{\"objects\": [");
  for (size_t i = 1; snapshot != NULL && i < snapshot->count; i++) {
    const vmr_snapshot_item *item = &snapshot->items[i];
    write_member(&writer, i == 1 ? "\n  {\"id\": " : ",\n  {\"id\": ", i);
    vmr_write(&writer, ", \"type\": ");
    write_quoted(&writer, snapshot->types[item->type].type);
    write_member(&writer, ", \"bytes\": ", item->bytes);
    write_member(&writer, ", \"retained\": ", item->retained);
    write_member(&writer, ", \"dominator\": ", item->dominator);
    vmr_write(&writer, ", \"to\": [");
    for (uint32_t k = snapshot->firsts[i]; k < snapshot->firsts[i + 1]; k++)
      write_member(&writer, k == snapshot->firsts[i] ? "" : ", ", snapshot->targets[k]);
    vmr_write(&writer, "]}");
  }
  vmr_write(&writer, "\n]}\n");
  return vmr_end_text(&writer);
}

size_t vmr_snapshot_dot(const vmr_snapshot *snapshot, char *buffer, size_t capacity) {
  vmr_writer writer = {.buffer = buffer, .capacity = capacity};
  vmr_write(&writer, "digraph objects {\n  0 [label=\"roots\"];\n");
  for (size_t i = 1; snapshot != NULL && i < snapshot->count; i++) {
    write_member(&writer, "  ", i);
    vmr_write(&writer, " [label=");
    write_quoted(&writer, snapshot->types[snapshot->items[i].type].type);
    write_member(&writer, ", bytes=", snapshot->items[i].bytes);
    write_member(&writer, ", retained=", snapshot->items[i].retained);
    vmr_write(&writer, "];\n");
  }
  for (size_t i = 0; snapshot != NULL && i < snapshot->count; i++) {
    for (uint32_t k = snapshot->firsts[i]; k < snapshot->firsts[i + 1]; k++) {
      write_member(&writer, "  ", i);
      write_member(&writer, " -> ", snapshot->targets[k]);
      vmr_write(&writer, ";\n");
    }
  }
  vmr_write(&writer, "}\n");
  return vmr_end_text(&writer);
}

/* ---- growth ---- */

size_t vmr_snapshot_compare(const vmr_snapshot *older, const vmr_snapshot *newer, vmr_growth *rows, size_t capacity) {
  size_t kept = 0;
  if (older == NULL || newer == NULL) return 0;
  size_t count = newer->type_count; /* types that the older one does not know are new */
  for (size_t i = 0; i < count; i++) {
    vmr_growth before = i < older->type_count ? older->types[i] : (vmr_growth){0}, row = newer->types[i];
    row.objects -= before.objects;
    row.bytes -= before.bytes;
    size_t at = kept < capacity ? kept++ : kept;
    for (; at > 0 && rows[at - 1].bytes < row.bytes; at--) {
      if (at < kept) rows[at] = rows[at - 1];
    }
    if (at < kept) rows[at] = row;
  }
  return count;
}
