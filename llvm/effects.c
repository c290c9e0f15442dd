/* effects.c: what a call does to the sets of points_to.c.
 *
 * A function of the table does what its row says. A function of the program does what its summary says, translated:
 *
 *   the callee's                    is here
 *   outside                         outside
 *   argument i, at offset           each place the i-th argument may point to, moved by it
 *   reached from argument i         every object that can be reached from those
 *   the k-th fresh object           an object of this call
 *
 * so a summary that was made with all arguments apart holds for arguments that overlap, too. Functions that call what they
 * are given have two (callbacks.c). Any other code keeps all that it gets. */
#include <string.h>

#include "llvm/points_to.h"

#define SOMEWHERE 1u /* a stride: any offset */

static void release(vmo_ll_points_to *p, const vmo_ll_set *set, int kind) {
  for (uint32_t i = 0; i < set->count; i++) {
    vmo_ll_object *object = &p->objects.data[set->data[i].object];
    p->changed |= !object->freed;
    object->freed = true;
    if (!p->collecting || set->data[i].object == 0) continue;
    vmo_ll_release one = {.instruction = p->at, .object = set->data[i].object, .kind = kind};
    bool known = false;
    for (uint32_t k = p->releases.count; k-- > 0 && p->releases.data[k].instruction == p->at && !known;)
      known = p->releases.data[k].object == one.object;
    if (!known && !vmo_vec_push(p->arena, &p->releases, one)) p->out_of_memory = true;
  }
}

static void capture_arguments(vmo_ll_points_to *p, const vmo_ll_instruction *call, uint32_t first,
                              vmo_site_escape escape) {
  for (uint32_t i = first; i < call->operand_count; i++) vmo_ll_capture_all(p, vmo_ll_operand_set(p, call, i), escape);
}

static void add_made(vmo_ll_points_to *p, vmo_ll_set *set) {
  vmo_ll_add(p, set, (vmo_ll_element){p->made[p->at - p->function->first], 0, 0});
}

/* ---- functions of the table ---- */

static void copy_memory(vmo_ll_points_to *p, const vmo_ll_instruction *call, uint32_t to, uint32_t from) {
  LLVMValueRef count = LLVMGetOperand(call->ref, 2);
  int64_t bytes = -1;
  if (LLVMIsAConstantInt(count)) {
    unsigned long long number = LLVMConstIntGetZExtValue(count);
    if (number < (unsigned long long)VMO_BYTES_LIMIT) bytes = (int64_t)number;
  }
  vmo_ll_set targets = *vmo_ll_operand_set(p, call, to), sources = *vmo_ll_operand_set(p, call, from);
  p->met_nothing |= targets.count == 0;
  for (uint32_t t = 0; t < targets.count; t++)
    for (uint32_t s = 0; s < sources.count; s++) vmo_ll_copy(p, targets.data[t], sources.data[s], bytes);
  for (uint32_t s = 0; targets.count == 0 && p->strict && s < sources.count; s++)
    vmo_ll_copy(p, (vmo_ll_element){0, 1, 0}, sources.data[s], bytes);
}

/* realloc gives a new object with the content of the old one, or the old one where it was. */
static void move_objects(vmo_ll_points_to *p, const vmo_ll_set *of) {
  vmo_ll_set old = *of;
  vmo_ll_element made = {p->made[p->at - p->function->first], 0, 0};
  release(p, &old, VMO_LL_MOVED);
  for (uint32_t i = 0; i < old.count; i++)
    if (old.data[i].object != made.object) vmo_ll_copy(p, made, old.data[i], -1);
}

static void store_result(vmo_ll_points_to *p, const vmo_ll_instruction *call, uint32_t argument,
                         const vmo_ll_set *value) {
  vmo_ll_store_all(p, vmo_ll_operand_set(p, call, argument), 8, value);
}

/* The summary of the function that a library function calls; NULL: it may keep or free what it gets. */
static const vmo_ll_summary *find_callback(const vmo_ll_points_to *p, const vmo_ll_instruction *call,
                                           const vmo_libc_row *row) {
  for (uint32_t i = 0; i < call->operand_count; i++) {
    if (vmo_libc_effect_of(row, i) != VMO_EFFECT_CALLED) continue;
    uint32_t function = vmo_ll_find_function(p->program, LLVMGetOperand(call->ref, i));
    return vmo_ll_is_harmless(p, function, UINT32_MAX) ? &p->summaries[function] : NULL;
  }
  return NULL;
}

static bool copies_bytes(const vmo_ll_summary *summary, vmo_ll_object_kind kind) {
  for (uint32_t o = 1; o < summary->fresh_first; o++)
    if (summary->objects[o].kind == kind && summary->objects[o].bytes_copied) return true;
  return false;
}

static void copy_bytes_of_all(vmo_ll_points_to *p, const vmo_ll_set *set) {
  for (uint32_t i = 0; i < set->count; i++)
    vmo_ll_copy_bytes(p, (vmo_ll_element){set->data[i].object, SOMEWHERE, 0}, -1);
}

/* An array whose elements a function compares: its pointers change places; bytes of them may be kept. */
static void permute(vmo_ll_points_to *p, const vmo_ll_set *array, const vmo_ll_summary *callback) {
  vmo_ll_set places = *array, *reached = &p->place_sets[1];
  reached->count = 0;
  vmo_ll_add_reached(p, &places, reached);
  vmo_ll_write_all(p, reached); /* it may write what the elements point to */
  if (copies_bytes(callback, VMO_LL_OBJECT_ARGUMENT)) copy_bytes_of_all(p, &places);
  if (copies_bytes(callback, VMO_LL_OBJECT_REACHED)) copy_bytes_of_all(p, reached);
  for (uint32_t i = 0; i < places.count; i++) {
    vmo_ll_element whole = {places.data[i].object, SOMEWHERE, 0};
    vmo_ll_copy(p, whole, whole, -1);
  }
}

static void give_to_callback(vmo_ll_points_to *p, const vmo_ll_instruction *call, const vmo_libc_row *row, uint32_t i) {
  const vmo_ll_summary *callback = find_callback(p, call, row);
  const vmo_ll_set *set = vmo_ll_operand_set(p, call, i);
  if (callback == NULL) {
    vmo_ll_capture_all(p, set, VMO_ESCAPE_CALL);
  } else if (vmo_libc_effect_of(row, i) == VMO_EFFECT_CAPTURE) {
    permute(p, set, callback);
  }
}

/* Adds what may stand where an argument points to, as addresses of any place in the same objects if `moved`. */
static void add_held(vmo_ll_points_to *p, const vmo_ll_instruction *call, uint32_t argument, bool moved,
                     vmo_ll_set *held) {
  vmo_ll_set places = *vmo_ll_operand_set(p, call, argument);
  for (uint32_t i = 0; i < places.count; i++) vmo_ll_load(p, places.data[i], VMO_LL_POINTER_BYTES, held);
  if (moved) vmo_ll_add_all(p, held, held, 0, SOMEWHERE);
}

/* What strtok_r goes on in: the text of argument 0, or of where it was. */
static void add_moved(vmo_ll_points_to *p, const vmo_ll_instruction *call, uint32_t argument, vmo_ll_set *moved) {
  add_held(p, call, argument, true, moved);
  if (argument > 0) vmo_ll_add_all(p, moved, vmo_ll_operand_set(p, call, 0), 0, SOMEWHERE);
}

static bool is_written(vmo_libc_effect effect) {
  return effect != VMO_EFFECT_NUMBER && effect != VMO_EFFECT_READ && effect != VMO_EFFECT_SEND &&
         effect != VMO_EFFECT_PRINT;
}

/* A pointer that went through a pipe or file may be any that others know. */
static void receive_bytes(vmo_ll_points_to *p, const vmo_ll_set *set) {
  vmo_ll_element outside = {0, SOMEWHERE, 0};
  vmo_ll_set value = {&outside, 1, 1}, places = *set;
  for (uint32_t i = 0; i < places.count; i++)
    vmo_ll_store(p, (vmo_ll_element){places.data[i].object, SOMEWHERE, 0}, VMO_LL_POINTER_BYTES, &value);
}

static void apply_argument(vmo_ll_points_to *p, const vmo_ll_instruction *call, const vmo_libc_row *row, uint32_t i) {
  vmo_ll_set *value = &p->place_sets[0];
  value->count = 0;
  if (is_written(vmo_libc_effect_of(row, i)) && !LLVMIsNull(LLVMGetOperand(call->ref, i)))
    vmo_ll_write_all(p, vmo_ll_operand_set(p, call, i));
  switch (vmo_libc_effect_of(row, i)) {
  case VMO_EFFECT_CAPTURE:
  case VMO_EFFECT_CALLED: give_to_callback(p, call, row, i); break;
  case VMO_EFFECT_MEASURE: vmo_ll_capture_all(p, vmo_ll_operand_set(p, call, i), VMO_ESCAPE_CALL); break;
  case VMO_EFFECT_SEND: copy_bytes_of_all(p, vmo_ll_operand_set(p, call, i)); break;
  case VMO_EFFECT_RECEIVE: receive_bytes(p, vmo_ll_operand_set(p, call, i)); break;
  case VMO_EFFECT_PRINT:
    if (!vmo_libc_has_no_address(LLVMGetOperand(call->ref, i))) capture_arguments(p, call, i + 1, VMO_ESCAPE_CALL);
    for (uint32_t k = i + 1; k < call->operand_count; k++)
      if (LLVMGetTypeKind(LLVMTypeOf(LLVMGetOperand(call->ref, k))) != LLVMPointerTypeKind)
        vmo_ll_capture_all(p, vmo_ll_operand_set(p, call, k), VMO_ESCAPE_INTEGER);
    break;
  case VMO_EFFECT_FRESH:
    p->temporary = true;
    add_made(p, value);
    break;
  case VMO_EFFECT_END:
    p->temporary = true;
    vmo_ll_add_all(p, value, vmo_ll_operand_set(p, call, 0), 0, SOMEWHERE);
    break;
  case VMO_EFFECT_GROW:
    p->place_sets[1].count = 0;
    p->temporary = true;
    add_held(p, call, i, false, &p->place_sets[1]);
    p->temporary = false;
    vmo_ll_write_all(p, &p->place_sets[1]);
    move_objects(p, &p->place_sets[1]);
    p->temporary = true;
    vmo_ll_add_all(p, value, &p->place_sets[1], 0, 0);
    add_made(p, value);
    break;
  case VMO_EFFECT_MOVE:
    p->temporary = true;
    add_moved(p, call, i, value);
    vmo_ll_write_all(p, value); /* strtok_r and strsep end words there */
    break;
  case VMO_EFFECT_FREE: /* by kind */
  case VMO_EFFECT_NUMBER:
  case VMO_EFFECT_READ:
  case VMO_EFFECT_LIST:
  case VMO_EFFECT_WRITE: break;
  }
  p->temporary = false;
  if (value->count > 0 && !LLVMIsNull(LLVMGetOperand(call->ref, i))) store_result(p, call, i, value);
}

static void apply_result(vmo_ll_points_to *p, const vmo_ll_instruction *call, char kind, vmo_ll_set *result) {
  uint32_t argument = kind == '1' || kind == 'b';
  switch (kind) {
  case 'n': add_made(p, result); break;
  case 'u': vmo_ll_add(p, result, (vmo_ll_element){0, 1, 0}); break;
  case '0':
  case '1': vmo_ll_add_all(p, result, vmo_ll_operand_set(p, call, argument), 0, 0); break;
  case 'a':
  case 'b': vmo_ll_add_all(p, result, vmo_ll_operand_set(p, call, argument), 0, SOMEWHERE); break;
  case 'p': add_moved(p, call, call->operand_count > 2 ? 2 : 0, result); break;
  default: break;
  }
}

/* Whether others may see what was written, and write, while it runs: locks, what may wait for another thread, and what may
 * run a handler of a signal, or of fork's, before it returns. */
static bool waits(const char *name) {
  static const char *const names[] = {"__read_chk",  "accept",    "alarm",  "connect",   "fcntl",       "fcntl64",
                                      "flock",       "flockfile", "fork",   "kill",      "killpg",      "lockf",
                                      "nanosleep",   "pause",     "poll",   "raise",     "read",        "recv",
                                      "sched_yield", "select",    "send",   "setitimer", "sigprocmask", "sigsuspend",
                                      "sleep",       "system",    "usleep", "wait",      "waitpid",     "write"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcmp(name, names[i]) == 0) return true;
  return strncmp(name, "pthread_", strlen("pthread_")) == 0;
}

/* Whether it gives, and writes, memory of its own (localtime); tables and errno apart. */
static bool has_own_memory(const vmo_libc_row *row) {
  bool table = strncmp(row->name, "__ctype", strlen("__ctype")) == 0 || strcmp(row->name, "__errno_location") == 0;
  return row->result == 'u' && !table;
}

static void apply_row(vmo_ll_points_to *p, const vmo_ll_instruction *call, const vmo_libc_row *row,
                      vmo_ll_set *result) {
  for (uint32_t i = 0; i < call->operand_count; i++) apply_argument(p, call, row, i);
  if (vmo_libc_calls_back(row) || has_own_memory(row) || waits(row->name)) vmo_ll_write_outside(p);
  if (strncmp(row->name, "llvm.lifetime.", strlen("llvm.lifetime.")) == 0)
    vmo_ll_write_all(p, vmo_ll_operand_set(p, call, call->operand_count - 1));
  apply_result(p, call, row->result, result);
  switch (row->kind) {
  case VMO_LIBC_FREE:
  case VMO_LIBC_DELETE: release(p, vmo_ll_operand_set(p, call, 0), VMO_LL_FREED); break;
  case VMO_LIBC_REALLOC:
    move_objects(p, vmo_ll_operand_set(p, call, 0));
    apply_result(p, call, '0', result);
    break;
  case VMO_LIBC_DECLARED: /* grown, by its attributes */
    if (row->arguments[0] != VMO_EFFECT_FREE) break;
    move_objects(p, vmo_ll_operand_set(p, call, 0));
    apply_result(p, call, '0', result);
    break;
  case VMO_LIBC_COPY: copy_memory(p, call, 0, 1); break;
  case VMO_LIBC_MOVE_BACK: copy_memory(p, call, 1, 0); break;
  default: break;
  }
}

/* ---- functions of the program ---- */

static const vmo_ll_set *reached_from(vmo_ll_points_to *p, const vmo_ll_instruction *call, uint32_t parameter) {
  vmo_ll_set *set = &p->reached[parameter];
  if (p->reached_known[parameter]) return set;
  set->count = 0;
  p->reached_known[parameter] = true;
  if (parameter < call->operand_count) vmo_ll_add_reached(p, vmo_ll_operand_set(p, call, parameter), set);
  return set;
}

/* Adds what an element of the callee is here. */
static void translate(vmo_ll_points_to *p, const vmo_ll_instruction *call, const vmo_ll_summary *summary,
                      vmo_ll_element element, vmo_ll_set *out) {
  const vmo_ll_object *object = &summary->objects[element.object];
  uint32_t made = p->made[p->at - p->function->first];
  switch (object->kind) {
  case VMO_LL_OBJECT_OUTSIDE: vmo_ll_add(p, out, (vmo_ll_element){0, 1, 0}); break;
  case VMO_LL_OBJECT_ARGUMENT:
    if (object->parameter < call->operand_count)
      vmo_ll_add_all(p, out, vmo_ll_operand_set(p, call, object->parameter), element.offset, element.stride);
    break;
  case VMO_LL_OBJECT_REACHED: vmo_ll_add_all(p, out, reached_from(p, call, object->parameter), 0, SOMEWHERE); break;
  case VMO_LL_OBJECT_STACK:
  case VMO_LL_OBJECT_SITE:
  case VMO_LL_OBJECT_FRESH:
    if (p->group[call->callee] == p->group[p->function_id]) {
      element.object = made; /* one object for all that the group hands out */
    } else {
      element.object = made + (element.object - summary->fresh_first);
    }
    vmo_ll_add(p, out, element);
  }
}

static const vmo_ll_set *translated(vmo_ll_points_to *p, const vmo_ll_instruction *call, const vmo_ll_summary *summary,
                                    vmo_ll_element element, uint32_t which) {
  vmo_ll_set *out = &p->place_sets[which];
  out->count = 0;
  p->temporary = true;
  const vmo_ll_object *object = &summary->objects[element.object];
  if (object->kind == VMO_LL_OBJECT_REACHED) reached_from(p, call, object->parameter); /* ends with temporary off */
  p->temporary = true;
  translate(p, call, summary, element, out);
  p->temporary = false;
  return out;
}

static void apply_objects(vmo_ll_points_to *p, const vmo_ll_instruction *call, const vmo_ll_summary *summary) {
  for (uint32_t o = 1; o < summary->fresh_first; o++) {
    const vmo_ll_object *object = &summary->objects[o];
    if (!object->captured && !object->freed && !object->bytes_copied && !object->written) continue;
    const vmo_ll_set *set = translated(p, call, summary, (vmo_ll_element){o, 1, 0}, 0);
    if (object->captured || object->freed || object->written) vmo_ll_write_all(p, set);
    if (object->captured) vmo_ll_capture_all(p, set, object->escape);
    if (object->freed) release(p, set, VMO_LL_FREED_BY_CALLEE);
    for (uint32_t i = 0; object->bytes_copied && i < set->count; i++)
      vmo_ll_copy_bytes(p, (vmo_ll_element){set->data[i].object, 1, 0}, -1);
  }
}

static void apply_summary(vmo_ll_points_to *p, const vmo_ll_instruction *call, const vmo_ll_summary *summary,
                          vmo_ll_set *result) {
  uint32_t parameters = p->program->functions.data[call->callee].parameter_count;
  memset(p->reached_known, 0, parameters * sizeof *p->reached_known);
  apply_objects(p, call, summary);
  if (summary->objects[0].written) vmo_ll_write_outside(p);
  if (p->collecting) return; /* the rest was done */
  const vmo_ll_set *places = NULL;
  for (uint32_t c = 0; c < summary->cells.count; c++) {
    const vmo_ll_summary_cell *cell = &summary->cells.data[c];
    if (c == 0 || memcmp(&cell->place, &cell[-1].place, sizeof cell->place) != 0)
      places = translated(p, call, summary, cell->place, 0);
    const vmo_ll_set *value = translated(p, call, summary, cell->target, 1);
    vmo_ll_store_all(p, places, 8, value);
  }
  for (uint32_t i = 0; i < summary->returned.count; i++) {
    vmo_ll_element element = summary->returned.data[i];
    const vmo_ll_set *value = translated(p, call, summary, element, 1);
    vmo_ll_add_all(p, result, value, 0, 0);
  }
  capture_arguments(p, call, parameters, VMO_ESCAPE_CALL); /* those that `...` takes */
}

/* ---- calls ---- */

void vmo_ll_apply_call(vmo_ll_points_to *p, const vmo_ll_instruction *call, vmo_ll_set *result) {
  const vmo_ll_function *callee = call->callee == VMO_NONE ? NULL : &p->program->functions.data[call->callee];
  if (callee != NULL && callee->libc != NULL) {
    apply_row(p, call, callee->libc, result);
    return;
  }
  if (callee != NULL && vmo_ll_is_defined(callee) && callee->exact) {
    const vmo_ll_summary *summary = vmo_ll_choose_summary(p, call);
    if (summary == NULL) return; /* of the same group: its turn comes */
    if (!summary->worst) {
      apply_summary(p, call, summary, result);
      return;
    }
  }
  if (vmo_ll_call_parameter(p, call, result)) return;
  bool assembly = LLVMIsAInlineAsm(LLVMGetCalledValue(call->ref)) != NULL;
  if (assembly && vmo_ll_is_fence(call)) return;
  vmo_ll_write_outside(p);
  capture_arguments(p, call, 0, assembly ? VMO_ESCAPE_ASSEMBLY : VMO_ESCAPE_CALL);
  if (call->wide) vmo_ll_add(p, result, (vmo_ll_element){0, 1, 0});
}
