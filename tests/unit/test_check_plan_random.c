/* test_check_plan_random.c: the checker of planned programs against programs that are run.
 *
 * Random programs with random plans are executed on bytes that carry tags: which op execution wrote them, and which byte
 * of its result they are. An op that finds other tags than its operands should have shows that the plan is wrong, and
 * then the checker must refuse it. Plans without any sharing are right, and it must accept them. The executions know
 * nothing of how the checker works: values are tracked by what made them, loops and branches are really taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "passes/check_plan.h"

static uint64_t state;

static uint32_t draw(uint32_t below) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (uint32_t)((state >> 11) % below);
}

static bool chance(uint32_t percent) { return draw(100) < percent; }

/* ---- programs as text ---- */

enum { MOST_VALUES = 400, MATRIX = 32, ROW = 16, NO_OFFSET = -1 };

typedef struct known {
  char name[16];
  int bytes;  /* MATRIX: f64[2,2]; ROW: f64[1,2] */
  int offset; /* in the arena, or NO_OFFSET */
  bool view;
} known;

typedef struct writer {
  vmo_text text;
  known values[MOST_VALUES]; /* visible here */
  int count, names, slots, used, budget;
  uint32_t reuse, over; /* percent: an old offset is taken again; a result is put over an operand */
} writer;

static void copy_name(char *to, const char *from) { snprintf(to, sizeof((known *)NULL)->name, "%s", from); }

static const char *type_of_bytes(int bytes) { return bytes == MATRIX ? "f64[2,2]" : "f64[1,2]"; }

static int new_offset(writer *w, int bytes) {
  if (w->used > 0 && chance(w->reuse)) return (int)draw((uint32_t)w->used / 16) * 16;
  int offset = w->used;
  w->used += (bytes + 15) / 16 * 16;
  return offset;
}

static known *add_value(writer *w, int bytes, int offset, bool view) {
  assert_true(w->count < MOST_VALUES);
  known *added = &w->values[w->count++];
  snprintf(added->name, sizeof added->name, "%%v%d", w->names++);
  added->bytes = bytes;
  added->offset = offset;
  added->view = view;
  return added;
}

static const known *pick(writer *w, int bytes) {
  int first = w->count > 8 && chance(70) ? w->count - 8 : 0; /* mostly a recent one */
  for (int tries = 0; tries < 40; tries++) {
    const known *found = &w->values[first + (int)draw((uint32_t)(w->count - first))];
    if (found->bytes == bytes) return found;
  }
  return &w->values[0]; /* a matrix */
}

static void write_place(writer *w, int offset) {
  vmo_text_addf(&w->text, " {slot = %d, offset = %d} : ", w->slots++, offset);
}

static known *write_copy(writer *w, const char *from, int bytes, int offset) {
  known *copy = add_value(w, bytes, offset, false);
  vmo_text_addf(&w->text, "%s = copy %s", copy->name, from);
  write_place(w, offset);
  vmo_text_addf(&w->text, "%s\n", type_of_bytes(bytes));
  return copy;
}

/* `name` of one or two operands; now and then over one of them. */
static void write_op(writer *w, const char *name, int operands, int bytes) {
  const known *a = pick(w, bytes), *b = pick(w, a->bytes);
  if (b->bytes != a->bytes) b = a;
  const known *over = !chance(w->over) ? NULL : operands == 2 && chance(50) ? b : a;
  if (over && over->view) over = NULL;
  char x[16], y[16], z[16] = "";
  copy_name(x, a->name);
  copy_name(y, b->name);
  if (over) copy_name(z, over->name);
  int place = over ? over->offset : new_offset(w, a->bytes), size = a->bytes;
  known *result = add_value(w, size, place, false);
  vmo_text_addf(&w->text, "%s = %s %s", result->name, name, x);
  if (operands == 2) vmo_text_addf(&w->text, ", %s", y);
  vmo_text_add(&w->text, " {");
  if (place != NO_OFFSET) vmo_text_addf(&w->text, "slot = %d, offset = %d%s", w->slots++, place, over ? ", " : "");
  if (over) vmo_text_addf(&w->text, "over = %s", z);
  vmo_text_addf(&w->text, "} : %s\n", type_of_bytes(size));
}

static void write_row(writer *w) {
  known from = *pick(w, MATRIX);
  if (from.view || from.bytes != MATRIX) return;
  int row = (int)draw(2);
  known *view = add_value(w, ROW, NO_OFFSET, true);
  vmo_text_addf(&w->text, "%s = slice %s {start = [%d, 0], size = [1, 2]} : f64[1,2]\n", view->name, from.name, row);
}

static void write_block(writer *w, int depth);

/* Copies what is yielded to where it has to be; sometimes not, when plans may be wrong. */
static void write_yield(writer *w, const int *places, int count) {
  char names[2][16];
  bool there[2];
  for (int i = 0; i < count; i++) {
    const known *picked = pick(w, MATRIX);
    copy_name(names[i], picked->name);
    there[i] = count == 1 && picked->offset == places[i];
  }
  for (int i = 0; i < count && count > 1; i++)
    if (!chance(w->reuse)) copy_name(names[i], write_copy(w, names[i], MATRIX, new_offset(w, MATRIX))->name);
  for (int i = 0; i < count; i++)
    if (!there[i] && !chance(w->reuse / 4)) copy_name(names[i], write_copy(w, names[i], MATRIX, places[i])->name);
  vmo_text_addf(&w->text, "yield %s%s%s\n", names[0], count > 1 ? ", " : "", count > 1 ? names[1] : "");
}

static void write_loop(writer *w, int depth) {
  int carried = 1 + (int)draw(2), places[2], before;
  char inits[2][16], results[2][16], arguments[2][16];
  bool counted = chance(60);
  for (int i = 0; i < carried; i++) {
    const known *init = pick(w, MATRIX);
    bool copied = init->offset == NO_OFFSET || !chance(w->reuse / 2);
    if (copied) init = write_copy(w, init->name, MATRIX, new_offset(w, MATRIX));
    copy_name(inits[i], init->name);
    places[i] = init->offset;
    if (copied && !chance(w->reuse)) w->count--; /* the loop uses it up */
    snprintf(results[i], sizeof results[i], "%%v%d", w->names++);
  }
  before = w->count;
  for (int i = 0; i < carried; i++) copy_name(arguments[i], add_value(w, MATRIX, places[i], false)->name);
  vmo_text_addf(&w->text, "%s%s%s = ", results[0], carried > 1 ? ", " : "", carried > 1 ? results[1] : "");
  if (counted)
    vmo_text_addf(&w->text, "for %%i%d = 0 to %%n carry (", w->names++);
  else
    vmo_text_add(&w->text, "while carry (");
  vmo_text_addf(&w->text, "%s = %s", arguments[0], inits[0]);
  if (carried > 1) vmo_text_addf(&w->text, ", %s = %s", arguments[1], inits[1]);
  vmo_text_add(&w->text, carried > 1 ? ") -> (f64[2,2], f64[2,2]) {\n" : ") -> f64[2,2] {\n");
  if (!counted) {
    if (chance(50)) write_block(w, depth + 1);
    int sum = w->names++, go = w->names++, at = new_offset(w, 16), flag = new_offset(w, 16);
    vmo_text_addf(&w->text, "%%v%d = sum %s {slot = %d, offset = %d} : f64\n", sum, pick(w, MATRIX)->name, w->slots++,
                  at);
    vmo_text_addf(&w->text, "%%v%d = lt %%v%d, 1.0 {slot = %d, offset = %d} : bool\ncondition %%v%d\n} do {\n", go, sum,
                  w->slots++, flag, go);
    w->count = before + carried;
  }
  write_block(w, depth + 1);
  write_yield(w, places, carried);
  vmo_text_add(&w->text, "}\n");
  w->count = before;
  for (int i = 0; i < carried; i++) {
    known *result = add_value(w, MATRIX, places[i], false);
    copy_name(result->name, results[i]);
  }
}

static void write_branches(writer *w, int depth) {
  int place = new_offset(w, MATRIX), before = w->count, name = w->names++;
  vmo_text_addf(&w->text, "%%v%d = if %%c -> f64[2,2] {\n", name);
  write_block(w, depth + 1);
  write_yield(w, &place, 1);
  w->count = before;
  vmo_text_add(&w->text, "} else {\n");
  write_block(w, depth + 1);
  write_yield(w, &place, 1);
  vmo_text_add(&w->text, "}\n");
  w->count = before;
  known *result = add_value(w, MATRIX, place, false);
  snprintf(result->name, sizeof result->name, "%%v%d", name);
}

static void write_streams(writer *w, int depth) {
  int places[2] = {new_offset(w, MATRIX), new_offset(w, MATRIX)}, before = w->count, first = w->names;
  w->names += 2;
  vmo_text_addf(&w->text, "%%v%d, %%v%d = parallel -> (f64[2,2], f64[2,2]) {\n", first, first + 1);
  for (int s = 0; s < 2; s++) {
    vmo_text_add(&w->text, "stream {\n");
    write_block(w, depth + 1);
    write_yield(w, &places[s], 1);
    vmo_text_add(&w->text, "}\n");
    w->count = before;
  }
  vmo_text_add(&w->text, "}\n");
  for (int s = 0; s < 2; s++) {
    known *result = add_value(w, MATRIX, places[s], false);
    snprintf(result->name, sizeof result->name, "%%v%d", first + s);
  }
}

static void write_block(writer *w, int depth) {
  for (int i = 1 + (int)draw(4); i > 0 && w->budget > 0; i--) {
    w->budget--;
    switch (draw(depth < 3 ? 14 : 9)) {
    case 0: {
      known *made = add_value(w, MATRIX, new_offset(w, MATRIX), false);
      vmo_text_addf(&w->text, "%s = fill 1.0", made->name);
      write_place(w, made->offset);
      vmo_text_add(&w->text, "f64[2,2]\n");
      break;
    }
    case 1:
    case 2: write_op(w, "neg", 1, chance(70) ? MATRIX : ROW); break;
    case 3:
    case 4:
    case 5: write_op(w, "add", 2, chance(70) ? MATRIX : ROW); break;
    case 6: {
      uint32_t over = w->over;
      w->over = over / 10;
      const known *row = pick(w, MATRIX);
      if (row->bytes == MATRIX) write_op(w, "matmul", 2, MATRIX);
      w->over = over;
      break;
    }
    case 7:
    case 8: write_row(w); break;
    case 9:
    case 10: write_loop(w, depth); break;
    case 11:
    case 12: write_branches(w, depth); break;
    default: write_streams(w, depth); break;
    }
  }
}

static void write_program(writer *w, int budget, uint32_t reuse, uint32_t over) {
  vmo_text body;
  *w = (writer){.budget = budget, .reuse = reuse, .over = over};
  vmo_text_init(&w->text);
  const char *const parameters[] = {"%d", "%p"};
  for (int i = 0; i < 2; i++) copy_name(add_value(w, MATRIX, NO_OFFSET, false)->name, parameters[i]);
  write_block(w, 0);
  write_block(w, 0);
  char names[2][16];
  for (int i = 0; i < 2; i++)
    copy_name(names[i], write_copy(w, pick(w, MATRIX)->name, MATRIX, new_offset(w, MATRIX))->name);
  vmo_text_addf(&w->text, "return %s, %s\n}\n", names[0], names[1]);
  vmo_text_init(&body);
  vmo_text_addf(&body,
                "func @f(%%d: f64[2,2] donate, %%p: f64[2,2], %%c: bool, %%n: i64) -> (f64[2,2], f64[2,2]) "
                "plan {align = 8, results = arena, arena = %d} {\n",
                w->used + 16);
  vmo_text_add_bytes(&body, w->text.data, w->text.count);
  vmo_text_free(&w->text);
  w->text = body;
}

/* ---- running them ---- */

/* What a byte holds: byte `index` of what execution number `maker` made; 0: nothing. */
typedef struct tag {
  uint64_t maker;
  uint32_t index;
} tag;

typedef struct spot {
  int memory; /* 0: the arena; 1 + parameter; -1: none */
  int64_t offset;
} spot;

typedef struct machine {
  const vmo_module *module;
  const vmo_function *function;
  tag *memories[3];
  spot *spots;   /* per value */
  tag *contents; /* per value: what its first byte should be now */
  uint64_t executions, steps;
  bool violated;
} machine;

static const vmo_type *type_of(const machine *m, vmo_value_id value) {
  return vmo_value_type(m->module, m->function, value);
}

static int64_t constant(const machine *m, vmo_size_id size) {
  int64_t number = 0;
  assert_true(vmo_size_is_constant(m->module->sizes, size, &number));
  return number;
}

static spot spot_of_result(machine *m, const vmo_op *op, uint32_t result) {
  vmo_value_id value = op->result_first + result;
  const vmo_value_plan *entry = &m->function->plan->values[value];
  vmo_size_id offset;
  if (vmo_op_is_view((vmo_module *)(uintptr_t)m->module, m->function, op, result, &offset)) {
    spot base = m->spots[vmo_op_value(m->function, op, 0)];
    return (spot){base.memory, base.offset + constant(m, offset)};
  }
  if (entry->over != VMO_NONE) return m->spots[entry->over];
  return (spot){0, constant(m, entry->offset)};
}

/* Where values are does not change from one execution to the next: one walk over the ops finds it. */
static void find_spots(machine *m) {
  const vmo_function *f = m->function;
  uint32_t streams[64] = {0}, depth = 0; /* results of the open parallels so far */
  m->spots[0] = (spot){1, 0};
  m->spots[1] = (spot){2, 0};
  for (uint32_t i = 0; i < f->ops.count; i++) {
    const vmo_op *op = &f->ops.data[i];
    const vmo_region *region = &f->regions.data[op->region_count > 0 ? op->region_first : op->region];
    if (op->code == VMO_OP_for || op->code == VMO_OP_while) {
      uint32_t skip = op->code == VMO_OP_for ? 1 : 0;
      for (uint32_t k = 0; k < op->result_count; k++)
        m->spots[region->argument_first + skip + k] = m->spots[op->result_first + k] =
            m->spots[vmo_op_value(f, op, 2 * skip + k)];
    } else if (op->code == VMO_OP_parallel) {
      streams[depth++] = 0;
    } else if (op->code == VMO_OP_yield) {
      const vmo_op *owner = &f->ops.data[region->owner];
      bool stream = region->kind == VMO_REGION_STREAM;
      for (uint32_t k = 0; k < op->operand_count && (stream || region->kind == VMO_REGION_THEN); k++)
        m->spots[owner->result_first + (stream ? streams[depth - 1]++ : k)] = m->spots[vmo_op_value(f, op, k)];
      if (stream && op->region + 1 == owner->region_first + owner->region_count) depth--;
    } else if (op->region_count == 0) {
      for (uint32_t k = 0; k < op->result_count; k++) m->spots[op->result_first + k] = spot_of_result(m, op, k);
    }
  }
}

static void read_bytes(machine *m, vmo_value_id value, int64_t first, int64_t count) {
  spot at = m->spots[value];
  for (int64_t i = first; i < first + count; i++) {
    const tag *there = &m->memories[at.memory][at.offset + i];
    if (there->maker != m->contents[value].maker || there->index != m->contents[value].index + i) m->violated = true;
  }
}

static bool has_bytes(const machine *m, vmo_value_id value) {
  return value != VMO_NONE && value != 2 && value != 3 && m->spots[value].memory >= 0;
}

static int64_t bytes_of(const machine *m, vmo_value_id value) { return constant(m, type_of(m, value)->bytes); }

/* Reads of element `element` of the result: the same of operands as large, all of others. */
static void read_operands(machine *m, const vmo_op *op, int64_t element, int64_t width, bool by_index) {
  for (uint32_t k = 0; k < op->operand_count; k++) {
    vmo_value_id value = vmo_op_value(m->function, op, k);
    if (!has_bytes(m, value)) continue;
    if (by_index)
      read_bytes(m, value, element * width, width);
    else
      read_bytes(m, value, 0, bytes_of(m, value));
  }
}

/* Element by element, as a kernel would. */
static void run_kernel(machine *m, const vmo_op *op) {
  vmo_value_id result = op->result_first;
  vmo_size_id offset;
  if (vmo_op_is_view((vmo_module *)(uintptr_t)m->module, m->function, op, 0, &offset)) {
    m->contents[result] = m->contents[vmo_op_value(m->function, op, 0)];
    m->contents[result].index += (uint32_t)constant(m, offset);
    return;
  }
  bool by_index = op->code == VMO_OP_neg || op->code == VMO_OP_add || op->code == VMO_OP_copy || op->code == VMO_OP_lt;
  int64_t width = vmo_element_bytes(type_of(m, result)->element), count = constant(m, type_of(m, result)->count);
  if (op->code == VMO_OP_lt) by_index = false; /* its operand is wider */
  m->contents[result] = (tag){++m->executions, 0};
  if (m->spots[result].memory == 2) m->violated = true; /* %p is the caller's */
  for (int64_t e = 0; e < count; e++) {
    read_operands(m, op, e, width, by_index);
    for (int64_t b = e * width; b < (e + 1) * width; b++)
      m->memories[m->spots[result].memory][m->spots[result].offset + b] = (tag){m->executions, (uint32_t)b};
  }
}

static void hand(machine *m, const tag *from, vmo_value_id first, uint32_t count) {
  for (uint32_t k = 0; k < count; k++) m->contents[first + k] = from[k];
}

static void run_region(machine *m, vmo_region_id region, tag *yielded);

static void run_structure(machine *m, const vmo_op *op) {
  const vmo_region *region = &m->function->regions.data[op->region_first];
  tag values[4] = {{0, 0}};
  uint32_t skip = op->code == VMO_OP_for ? 1 : 0, count = op->result_count;
  if (op->code == VMO_OP_if) {
    run_region(m, op->region_first + draw(2), values);
    hand(m, values, op->result_first, count);
    return;
  }
  if (op->code == VMO_OP_parallel) {
    uint32_t first = draw(2); /* either stream may come first */
    run_region(m, op->region_first + first, values + first);
    run_region(m, op->region_first + 1 - first, values + 1 - first);
    hand(m, values, op->result_first, count);
    return;
  }
  for (uint32_t k = 0; k < count; k++) values[k] = m->contents[vmo_op_value(m->function, op, 2 * skip + k)];
  hand(m, values, region->argument_first + skip, count);
  for (uint32_t trips = draw(4);; trips--) {
    if (!skip) run_region(m, op->region_first, values);
    if (trips == 0 || m->steps > 4000) break;
    run_region(m, op->region_first + 1 - skip, values);
    hand(m, values, region->argument_first + skip, count);
  }
  for (uint32_t k = 0; k < count; k++)
    m->contents[op->result_first + k] = m->contents[region->argument_first + skip + k];
}

static void run_region(machine *m, vmo_region_id region, tag *yielded) {
  const vmo_region *r = &m->function->regions.data[region];
  for (uint32_t i = r->op_first; i < r->op_end; i++) {
    const vmo_op *op = &m->function->ops.data[i];
    m->steps++;
    if (op->region_count > 0) {
      run_structure(m, op);
      i = m->function->regions.data[op->region_first + op->region_count - 1].op_end - 1;
    } else if (op->code == VMO_OP_yield) {
      for (uint32_t k = 0; k < op->operand_count; k++) yielded[k] = m->contents[vmo_op_value(m->function, op, k)];
    } else if (op->code == VMO_OP_return || op->code == VMO_OP_condition) {
      read_operands(m, op, 0, 0, false);
    } else {
      run_kernel(m, op);
    }
  }
}

/* Whether one random execution finds a value broken. */
static bool is_violated(machine *m, size_t arena_bytes) {
  for (size_t i = 0; i < arena_bytes; i++) m->memories[0][i] = (tag){0, 0};
  for (uint32_t p = 0; p < 2; p++) {
    m->contents[p] = (tag){++m->executions, 0};
    for (uint32_t i = 0; i < MATRIX; i++) m->memories[1 + p][i] = (tag){m->executions, i};
  }
  m->violated = false;
  m->steps = 0;
  run_region(m, 0, NULL);
  return m->violated;
}

/* Whether some of a number of executions does. */
static bool is_broken(const vmo_module *module, int arena_bytes) {
  vmo_context *context = module->context;
  machine m = {.module = module, .function = module->functions.data[0]};
  size_t values = m.function->values.count;
  m.memories[0] = vmo_alloc_array(context, (size_t)arena_bytes, sizeof(tag));
  m.memories[1] = vmo_alloc_array(context, MATRIX, sizeof(tag));
  m.memories[2] = vmo_alloc_array(context, MATRIX, sizeof(tag));
  m.spots = vmo_alloc_array(context, values, sizeof *m.spots);
  m.contents = vmo_alloc_array(context, values, sizeof *m.contents);
  assert_true(m.memories[0] && m.memories[1] && m.memories[2] && m.spots && m.contents);
  find_spots(&m);
  for (int i = 0; i < 24; i++)
    if (is_violated(&m, (size_t)arena_bytes)) return true;
  return false;
}

/* ---- the comparison ---- */

typedef struct tally {
  int accepted, refused, broken;
} tally;

static void try_program(int budget, uint32_t reuse, uint32_t over, tally *counts) {
  writer w;
  vmo_module *module = NULL;
  vmo_context *context = vmo_context_create();
  write_program(&w, budget, reuse, over);
  assert_int_equal(vmo_context_set_source(context, "random", w.text.data, w.text.count), VMO_OK);
  vmo_status status = vmo_parse_module(context, &module);
  vmo_binding binding = {0};
  if (status == VMO_OK) {
    binding = vmo_declared_binding(module);
    status = vmo_check_plans(module, &binding, true);
  }
  bool broken = module && is_broken(module, w.used + 16);
  bool wrong = !module || (status == VMO_OK && broken) || (status != VMO_OK && reuse == 0 && over == 0);
  if (wrong) {
    vmo_text out;
    vmo_text_init(&out);
    vmo_diag_print_all(context, false, &out);
    fprintf(stderr, "%s\n%s\n%s\n", w.text.data, out.data ? out.data : "", /* longer than print_error allows */
            !module            ? "is no program"
            : status == VMO_OK ? "is broken, and accepted"
                               : "is right, and refused");
    vmo_text_free(&out);
  }
  assert_false(wrong);
  assert_true(status == VMO_OK || status == VMO_INPUT_ERROR);
  counts->accepted += status == VMO_OK;
  counts->refused += status != VMO_OK;
  counts->broken += broken;
  vmo_text_free(&w.text);
  vmo_context_destroy(context);
}

static void plans_without_sharing_are_accepted(void **unused) {
  (void)unused;
  tally counts = {0};
  state = 0x9e3779b97f4a7c15u;
  for (int i = 0; i < 1500; i++) try_program(3 + i % 40, 0, 0, &counts);
  assert_int_equal(counts.accepted, 1500);
}

static void what_an_execution_breaks_is_refused(void **unused) {
  (void)unused;
  tally counts = {0};
  state = 0x2545f4914f6cdd1du;
  for (int i = 0; i < 4000; i++) try_program(2 + i % 24, 2 + (uint32_t)(i % 9) * 3, (uint32_t)(i % 5) * 8, &counts);
  print_message("%d accepted, %d refused, %d broken\n", counts.accepted, counts.refused, counts.broken);
  assert_true(counts.accepted > 500); /* so that accepting is tested too */
  assert_true(counts.broken > 1500);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(plans_without_sharing_are_accepted),
      cmocka_unit_test(what_an_execution_breaks_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
