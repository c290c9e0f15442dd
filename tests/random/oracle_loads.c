/* oracle_loads.c: loads and peaks, computed anew from docs/report.md and compared with the report.
 *
 * The program is unfolded backwards from its end: the names that are still to be read are carried from op to op, through
 * both branches of an `if`, and round and round each loop until nothing new comes. At an op that runs, what is live
 * behind it, its operands and its results are noted. A name that a loop or a branch hands over is a name of its own,
 * unless it only ever is one other name.
 *
 *   as written   each name that the function made counts with its bytes
 *   as planned   each byte of the arena counts that a live name has there, once
 *
 * While streams run, what is live outside, what they read from outside, their results and each stream's own peak add
 * up. Costs points times names times rounds. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tests/random/oracle_loads.h"

/* ---- names ---- */

static bool is_view(vmo_tracker *t, uint32_t index, uint32_t result) {
  vmo_size_id offset;
  const vmo_op *op = &t->function->ops.data[index];
  return op->operand_count > 0 && vmo_op_get_info((vmo_opcode)op->code)->view &&
         vmo_op_value(t->function, op, 0) != VMO_NONE &&
         vmo_op_is_view(t->planned->module, t->function, op, result, &offset);
}

static void make_name(vmo_tracker *t, vmo_value_id value, vmo_name_kind kind, uint32_t op) {
  t->names[value] = (vmo_name_fact){.kind = kind, .root = value, .op = op, .home = t->stream, .same = value};
}

static uint32_t root_of(const vmo_tracker *t, vmo_value_id value) {
  return value == VMO_NONE ? VMO_NONE : t->names[value].root;
}

static bool add_move(vmo_tracker *t, uint32_t target, vmo_value_id source) {
  vmo_hand move = {target, root_of(t, source)};
  return vmo_vec_push(t->arena, &t->moves, move);
}

static void name_parameters(vmo_tracker *t) {
  for (vmo_value_id v = 0; v < t->function->parameters.count; v++) {
    bool state = t->function->parameters.data[v].state;
    bool scalar = !state && vmo_planned_type(t->planned, t->function, v)->rank == 0;
    make_name(t, v, state ? VMO_NAME_STATE : VMO_NAME_FOREIGN, VMO_NONE);
    if (scalar) t->names[v].root = VMO_NONE;
  }
}

static void name_results(vmo_tracker *t, uint32_t index) {
  const vmo_op *op = &t->function->ops.data[index];
  for (uint32_t i = 0; i < op->result_count; i++) {
    vmo_value_id value = op->result_first + i;
    make_name(t, value, op->code == VMO_OP_const ? VMO_NAME_FOREIGN : VMO_NAME_MADE, index);
    if (!is_view(t, index, i)) continue;
    vmo_value_id base = vmo_op_value(t->function, op, 0);
    int64_t from = t->names[base].start, start;
    bool known = vmo_find_view_start(t->planned, t->function, index, i, &start) && from >= 0;
    t->names[value].root = root_of(t, base);
    t->names[value].view = true;
    t->names[value].start = known ? from + start : -1;
  }
}

static bool name_loop(vmo_tracker *t, uint32_t index) {
  const vmo_op *op = &t->function->ops.data[index];
  const vmo_region *body = &t->function->regions.data[op->region_first];
  uint32_t skip = op->code == VMO_OP_for ? 1 : 0;
  if (skip) t->names[body->argument_first].root = VMO_NONE;
  for (uint32_t i = 0; i < op->result_count; i++) {
    vmo_value_id argument = body->argument_first + skip + i;
    make_name(t, argument, VMO_NAME_CARRIED, index);
    t->names[op->result_first + i] = t->names[argument];
    if (!add_move(t, argument, vmo_op_value(t->function, op, 2 * skip + i))) return false;
  }
  return true;
}

/* A stream's result is what it yields, if it made that and yields it for the first time; or else a name of its own. */
static bool name_stream_results(vmo_tracker *t, uint32_t index, uint32_t first) {
  const vmo_op *op = &t->function->ops.data[index];
  uint32_t parent = t->streams.data[t->stream].parent, fork = t->streams.data[t->stream].fork;
  for (uint32_t i = 0; i < op->operand_count; i++) {
    vmo_value_id value = vmo_op_value(t->function, op, i), result = first + i;
    uint32_t root = root_of(t, value);
    bool own = root != VMO_NONE && !t->names[value].view && t->names[root].home == t->stream &&
               (t->names[root].kind == VMO_NAME_MADE || t->names[root].kind == VMO_NAME_CARRIED);
    make_name(t, result, VMO_NAME_CARRIED, fork);
    if (own) {
      t->names[result].root = root;
      t->names[root].home = parent;
    } else {
      t->names[result].home = parent;
      if (!add_move(t, result, value)) return false;
    }
  }
  return true;
}

static uint32_t yields_before(const vmo_tracker *t, const vmo_op *owner, vmo_region_id region) {
  uint32_t count = 0;
  for (vmo_region_id r = owner->region_first; r < region; r++)
    count += t->function->ops.data[t->function->regions.data[r].op_end - 1].operand_count;
  return count;
}

static bool name_yields(vmo_tracker *t, uint32_t index) {
  const vmo_op *op = &t->function->ops.data[index];
  const vmo_region *region = &t->function->regions.data[op->region];
  const vmo_op *owner = &t->function->ops.data[region->owner];
  uint32_t skip = owner->code == VMO_OP_for ? 1 : 0;
  vmo_value_id first = owner->result_first;
  if (region->kind == VMO_REGION_STREAM)
    return name_stream_results(t, index, first + yields_before(t, owner, op->region));
  if (region->kind == VMO_REGION_FOR || region->kind == VMO_REGION_DO)
    first = t->function->regions.data[owner->region_first].argument_first + skip;
  for (uint32_t i = 0; i < op->operand_count; i++)
    if (!add_move(t, first + i, vmo_op_value(t->function, op, i))) return false;
  return true;
}

static bool open_stream(vmo_tracker *t, vmo_region_id id) {
  const vmo_region *region = &t->function->regions.data[id];
  const vmo_op *owner = &t->function->ops.data[region->owner];
  uint32_t join = t->function->regions.data[owner->region_first + owner->region_count - 1].op_end;
  vmo_stream_fact stream = {t->stream, region->owner, region->op_first, region->op_end, join};
  t->stream = t->streams.count;
  return vmo_vec_push(t->arena, &t->streams, stream);
}

static bool name_op(vmo_tracker *t, uint32_t index) {
  const vmo_op *op = &t->function->ops.data[index];
  const vmo_region *region = &t->function->regions.data[op->region];
  if (region->kind == VMO_REGION_STREAM && region->op_first == index && !open_stream(t, op->region)) return false;
  t->op_streams[index] = t->stream;
  if (op->code == VMO_OP_for || op->code == VMO_OP_while) return name_loop(t, index);
  if (op->code == VMO_OP_if)
    for (uint32_t i = 0; i < op->result_count; i++) make_name(t, op->result_first + i, VMO_NAME_CARRIED, index);
  if (op->code == VMO_OP_yield && !name_yields(t, index)) return false;
  if (op->region_count == 0 && op->code != VMO_OP_yield) name_results(t, index);
  if (region->kind == VMO_REGION_STREAM && region->op_end == index + 1) t->stream = t->streams.data[t->stream].parent;
  return true;
}

/* ---- atoms ---- */

static int compare_numbers(const void *left, const void *right) {
  int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
  return (a > b) - (a < b);
}

static int64_t bytes_of(const vmo_tracker *t, uint32_t name) { return vmo_bytes_of(t->planned, t->function, name); }

/* The root's bytes, cut where its views begin and end. An array without bytes is one atom too. */
static bool cut_root(vmo_tracker *t, uint32_t root, int64_t *ends) {
  uint32_t count = 0;
  ends[count++] = 0;
  ends[count++] = bytes_of(t, root);
  for (uint32_t v = 0; v < t->count && t->parts; v++) {
    const vmo_name_fact *fact = &t->names[v];
    if (fact->root != root || !fact->view || fact->start < 0) continue;
    ends[count++] = fact->start;
    ends[count++] = fact->start + bytes_of(t, v);
  }
  qsort(ends, count, sizeof *ends, compare_numbers);
  t->names[root].first = t->atoms.count;
  for (uint32_t i = 1; i < count; i++) {
    bool last = i + 1 == count && t->atoms.count == t->names[root].first;
    if (ends[i] == ends[i - 1] && !last) continue;
    if (!vmo_vec_push(t->arena, &t->atoms, ((vmo_atom){root, ends[i - 1], ends[i]}))) return false;
  }
  t->names[root].last = t->atoms.count;
  return true;
}

static void find_atoms(vmo_tracker *t, vmo_name_fact *fact, int64_t bytes) {
  const vmo_name_fact *root = &t->names[fact->root];
  fact->first = root->first;
  fact->last = root->last;
  if (!fact->view || fact->start < 0 || !t->parts) return;
  while (fact->first < fact->last && t->atoms.data[fact->first].end <= fact->start) fact->first++;
  while (fact->last > fact->first && t->atoms.data[fact->last - 1].begin >= fact->start + bytes) fact->last--;
}

static bool make_atoms(vmo_tracker *t) {
  int64_t *ends = vmr_arena_alloc_array(t->arena, 2 * (size_t)t->count + 2, sizeof *ends);
  if (ends == NULL) return false;
  for (uint32_t v = 0; v < t->count; v++)
    if (t->names[v].root == v && !cut_root(t, v, ends)) return false;
  for (uint32_t v = 0; v < t->count; v++)
    if (t->names[v].root != VMO_NONE && t->names[v].root != v) find_atoms(t, &t->names[v], bytes_of(t, v));
  return true;
}

/* ---- names that are always one other name; names of bytes that the function made ---- */

uint32_t vmo_resolve_name(const vmo_tracker *t, uint32_t name) {
  while (t->names[name].same != name) name = t->names[name].same;
  return name;
}

/* The one other name that `name` only ever is, or VMO_NONE. */
static uint32_t only_source(const vmo_tracker *t, uint32_t name) {
  uint32_t only = VMO_NONE;
  for (uint32_t m = 0; m < t->moves.count; m++) {
    if (t->moves.data[m].target != name) continue;
    if (t->moves.data[m].source == VMO_NONE) return VMO_NONE;
    uint32_t source = vmo_resolve_name(t, t->moves.data[m].source);
    if (source == name || source == only) continue;
    if (only != VMO_NONE) return VMO_NONE;
    only = source;
  }
  return only;
}

static bool is_root(const vmo_tracker *t, uint32_t name) { return t->names[name].root == name; }

static void find_same(vmo_tracker *t) {
  for (bool changed = true; changed;) {
    changed = false;
    for (uint32_t name = 0; name < t->count; name++) {
      const vmo_name_fact *fact = &t->names[name];
      if (!is_root(t, name) || fact->kind != VMO_NAME_CARRIED || fact->same != name) continue;
      uint32_t only = only_source(t, name);
      if (only == VMO_NONE || t->names[only].home != fact->home) continue;
      if (vmo_bytes_of(t->planned, t->function, only) != vmo_bytes_of(t->planned, t->function, name)) continue;
      t->names[name].same = only;
      changed = true;
    }
  }
}

static void find_own(vmo_tracker *t) {
  for (uint32_t name = 0; name < t->count; name++) t->names[name].own = t->names[name].kind == VMO_NAME_MADE;
  for (bool changed = true; changed;) {
    changed = false;
    for (uint32_t m = 0; m < t->moves.count; m++) {
      uint32_t source = t->moves.data[m].source, target = t->moves.data[m].target;
      if (source == VMO_NONE || !t->names[source].own || t->names[target].own) continue;
      t->names[target].own = changed = true;
    }
  }
}

/* ---- unfolding backwards ---- */

static bool *copy_set(vmo_tracker *t, const bool *set) {
  bool *copy = vmr_arena_alloc_array(t->arena, (size_t)t->atoms.count + 1, sizeof *copy);
  if (copy != NULL && set != NULL) memcpy(copy, set, t->atoms.count);
  if (copy == NULL) t->failed = true;
  return copy;
}

/* Adds; whether anything was new. */
static bool join_sets(const vmo_tracker *t, bool *to, const bool *from) {
  bool changed = false;
  for (uint32_t i = 0; i < t->atoms.count; i++) {
    changed = changed || (from[i] && !to[i]);
    to[i] = to[i] || from[i];
  }
  return changed;
}

static void note_point(vmo_tracker *t, uint32_t point, const bool *live) {
  bool *at = t->at + (size_t)point * t->atoms.count;
  for (uint32_t i = 0; i < t->atoms.count; i++) at[i] = at[i] || live[i] || t->reserved[i] > 0;
}

static void set_atoms(bool *live, const vmo_name_fact *name, bool is_live) {
  for (uint32_t atom = name->first; atom < name->last; atom++) live[atom] = is_live;
}

static bool makes_views_alone(const vmo_tracker *t, const vmo_op *op) {
  for (uint32_t i = 0; i < op->result_count; i++)
    if (!t->names[op->result_first + i].view || op->region_count > 0) return false;
  return op->result_count > 0;
}

/* An op that only names bytes reads what it names, every other one all of its operands. */
static void read_operands(const vmo_tracker *t, uint32_t index, bool *live) {
  const vmo_op *op = &t->function->ops.data[index];
  if (makes_views_alone(t, op)) {
    for (uint32_t i = 0; i < op->result_count; i++) {
      vmo_value_id value = op->result_first + i;
      if (root_of(t, value) != VMO_NONE) set_atoms(live, &t->names[value], true);
    }
    return;
  }
  for (uint32_t i = 0; i < op->operand_count; i++) {
    vmo_value_id value = vmo_op_value(t->function, op, i);
    if (root_of(t, value) != VMO_NONE) set_atoms(live, &t->names[value], true);
  }
}

/* Values [first, first + count) come to be. */
static void forget(const vmo_tracker *t, bool *live, vmo_value_id first, uint32_t count) {
  for (uint32_t i = 0; i < count; i++)
    if (root_of(t, first + i) != VMO_NONE) set_atoms(live, &t->names[t->names[first + i].root], false);
}

static void unfold_region(vmo_tracker *t, vmo_region_id region, bool *live, uint32_t depth);

/* The terminator that hands over to `count` names from `first` on. */
static void unfold_terminator(vmo_tracker *t, vmo_region_id region, uint32_t first, uint32_t count, bool *live) {
  uint32_t index = t->function->regions.data[region].op_end - 1;
  forget(t, live, first, count);
  read_operands(t, index, live);
  note_point(t, index, live);
}

static void unfold_loop(vmo_tracker *t, uint32_t index, bool *live, uint32_t depth) {
  const vmo_op *op = &t->function->ops.data[index];
  uint32_t skip = op->code == VMO_OP_for ? 1 : 0, last = op->region_first + op->region_count - 1;
  uint32_t first = t->function->regions.data[op->region_first].argument_first + skip;
  bool *header = copy_set(t, live), *round = copy_set(t, NULL);
  if (t->failed) return;
  for (bool changed = true; changed && !t->failed;) { /* header: what is live when the body, or the condition, begins */
    memcpy(round, header, t->atoms.count);
    if (op->code == VMO_OP_while) {
      bool *exit = copy_set(t, live); /* behind the condition: the loop ends, or the body begins */
      if (t->failed) return;
      unfold_terminator(t, last, first, op->result_count, round);
      unfold_region(t, last, round, depth + 1);
      join_sets(t, exit, round);
      unfold_terminator(t, op->region_first, first, 0, exit);
      unfold_region(t, op->region_first, exit, depth + 1);
      if (t->failed) return;
      memcpy(round, exit, t->atoms.count);
    } else {
      unfold_terminator(t, last, first, op->result_count, round);
      unfold_region(t, last, round, depth + 1);
    }
    changed = join_sets(t, header, round);
  }
  memcpy(live, header, t->atoms.count);
  forget(t, live, first, op->result_count);
  read_operands(t, index, live);
  note_point(t, index, live);
}

static void unfold_if(vmo_tracker *t, uint32_t index, bool *live, uint32_t depth) {
  const vmo_op *op = &t->function->ops.data[index];
  bool *after = copy_set(t, live), *branch = copy_set(t, NULL);
  if (t->failed) return;
  if (op->region_count == 2) memset(live, 0, t->atoms.count);
  for (uint32_t r = 0; r < op->region_count; r++) {
    memcpy(branch, after, t->atoms.count);
    unfold_terminator(t, op->region_first + r, op->result_first, op->result_count, branch);
    unfold_region(t, op->region_first + r, branch, depth + 1);
    join_sets(t, live, branch);
  }
  read_operands(t, index, live);
  note_point(t, index, live);
}

static bool is_outside(const vmo_tracker *t, uint32_t name, uint32_t fork, uint32_t join) {
  uint32_t made = t->names[name].op;
  return made == VMO_NONE || made < fork || made >= join;
}

static void reserve(vmo_tracker *t, uint32_t root, int change) {
  for (uint32_t atom = t->names[root].first; atom < t->names[root].last; atom++) t->reserved[atom] += (uint32_t)change;
}

/* What a parallel reads from outside is live all the while, and so are its results. */
static void unfold_parallel(vmo_tracker *t, uint32_t index, bool *live, uint32_t depth) {
  const vmo_op *op = &t->function->ops.data[index];
  if (op->region_count == 0) {
    note_point(t, index, live);
    return;
  }
  uint32_t join = t->function->regions.data[op->region_first + op->region_count - 1].op_end;
  bool *operands = copy_set(t, NULL), *stream = copy_set(t, NULL);
  if (t->failed) return;
  forget(t, live, op->result_first, op->result_count);
  for (uint32_t i = index + 1; i < join; i++) read_operands(t, i, operands);
  for (uint32_t atom = 0; atom < t->atoms.count; atom++)
    if (operands[atom] && is_outside(t, t->atoms.data[atom].root, index, join)) live[atom] = true;
  for (uint32_t i = 0; i < op->result_count; i++) reserve(t, root_of(t, op->result_first + i), 1);
  for (uint32_t r = 0; r < op->region_count; r++) {
    memcpy(stream, live, t->atoms.count);
    unfold_terminator(t, op->region_first + r, 0, 0, stream);
    unfold_region(t, op->region_first + r, stream, depth + 1);
  }
  note_point(t, index, live);
  for (uint32_t i = 0; i < op->result_count; i++) reserve(t, root_of(t, op->result_first + i), -1);
}

static void unfold_plain(vmo_tracker *t, uint32_t index, bool *live) {
  const vmo_op *op = &t->function->ops.data[index];
  for (uint32_t i = 0; i < op->result_count; i++)
    if (is_root(t, op->result_first + i)) set_atoms(live, &t->names[op->result_first + i], true);
  bool *during = copy_set(t, live);
  if (t->failed) return;
  read_operands(t, index, during);
  note_point(t, index, during);
  for (uint32_t i = 0; i < op->result_count; i++)
    if (is_root(t, op->result_first + i)) set_atoms(live, &t->names[op->result_first + i], false);
  read_operands(t, index, live);
}

/* The op of `region` in which op `index` lies. */
static uint32_t direct_op(const vmo_tracker *t, vmo_region_id region, uint32_t index) {
  vmo_region_id inner = t->function->ops.data[index].region;
  while (inner != region) {
    index = t->function->regions.data[inner].owner;
    inner = t->function->ops.data[index].region;
  }
  return index;
}

/* From before the terminator to the region's beginning. */
static void unfold_region(vmo_tracker *t, vmo_region_id region, bool *live, uint32_t depth) {
  const vmo_region *r = &t->function->regions.data[region];
  if (depth > VMO_MAX_NESTING) t->failed = true;
  for (uint32_t end = r->op_end - 1; end > r->op_first && !t->failed;) {
    uint32_t index = direct_op(t, region, end - 1);
    switch (t->function->ops.data[index].code) {
    case VMO_OP_for:
    case VMO_OP_while: unfold_loop(t, index, live, depth); break;
    case VMO_OP_if: unfold_if(t, index, live, depth); break;
    case VMO_OP_parallel: unfold_parallel(t, index, live, depth); break;
    default: unfold_plain(t, index, live);
    }
    end = index;
  }
}

/* ---- the whole ---- */

bool vmo_track_names(vmo_tracker *t) {
  const vmo_function *function = t->function;
  vmo_stream_fact whole = {VMO_NONE, VMO_NONE, 0, function->ops.count, function->ops.count};
  t->count = function->values.count;
  t->names = vmr_arena_alloc_array(t->arena, (size_t)t->count + 1, sizeof *t->names);
  t->op_streams = vmr_arena_alloc_array(t->arena, (size_t)function->ops.count + 1, sizeof *t->op_streams);
  if (!t->names || !t->op_streams || !vmo_vec_push(t->arena, &t->streams, whole)) return false;
  for (uint32_t v = 0; v < t->count; v++) t->names[v] = (vmo_name_fact){.root = VMO_NONE, .same = v};
  name_parameters(t);
  for (uint32_t i = 0; i < function->ops.count; i++)
    if (!name_op(t, i)) return false;
  if (!make_atoms(t)) return false;
  t->reserved = vmr_arena_alloc_array(t->arena, (size_t)t->atoms.count + 1, sizeof *t->reserved);
  t->at = vmr_arena_alloc_array(t->arena, ((size_t)function->ops.count + 1) * (t->atoms.count + 1), sizeof *t->at);
  if (!t->reserved || !t->at) return false;
  find_same(t);
  find_own(t);
  bool *live = copy_set(t, NULL);
  if (live == NULL) return false;
  unfold_terminator(t, 0, 0, 0, live);
  unfold_region(t, 0, live, 0);
  return !t->failed;
}
