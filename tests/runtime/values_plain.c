/* values_plain.c: values, expressions, lists, objects and cycles without cmocka, for builds of 32 bits: random programs
 * against a model that walks from the roots, each request for memory refused in turn, chains of 10^6. `values_plain quick` does less
 * of each, for tools that slow it down. */
#include <stdint.h>
#include <string.h>

#include "tests/runtime/check.h"
#include "vmemrt.h"

enum { ROOTS = 24 };

static int chain_length = 1000000;

static uint64_t seed = 1;

static uint32_t below(uint32_t limit) {
  seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)(seed >> 33) % limit;
}

static vmr_store *make_store(vmr_ctx *ctx) {
  vmr_store *store = NULL;
  CHECK(vmr_store_create(&store, ctx, NULL) == VMR_OK);
  return store;
}

static vmr_value name_of(vmr_store *store, const char *name) { return vmr_symbol_make(store, vmr_view_of(name)); }

/* ---- values ---- */

static void check_plain_values(void) {
  double nan = 0;
  memset(&nan, 0xff, sizeof nan);
  CHECK(sizeof(vmr_value) == 16);
  const vmr_value values[] = {vmr_value_none(),         vmr_value_missing(),       vmr_value_boolean(true),
                              vmr_value_boolean(false), vmr_value_integer(0),      vmr_value_integer(INT64_MIN),
                              vmr_value_real(0.0),      vmr_value_real(-0.0),      vmr_value_real(1.5),
                              vmr_value_real(nan),      vmr_value_symbol(1),       vmr_value_symbol(2),
                              vmr_value_integer(1),     vmr_value_collected(&nan), vmr_value_boolean(0)};
  size_t count = sizeof values / sizeof *values;
  for (size_t i = 0; i < count; i++) {
    for (size_t k = 0; k < count; k++) {
      bool same = i == k || (i == 3 && k == 14) || (i == 14 && k == 3);
      CHECK(vmr_value_equals(values[i], values[k]) == same);
      if (same) CHECK(vmr_value_hash(values[i]) == vmr_value_hash(values[k]));
    }
  }
  CHECK(values[5].as.integer == INT64_MIN && values[8].as.real == 1.5);
}

static void check_strings(void) {
  static const char text[] = "The quick brown fox jumps over the lazy dog, twice.";
  vmr_store *store = make_store(NULL);
  for (size_t length = 0; length < sizeof text; length++) {
    vmr_view view = {text, length}, other = {text + 1, length};
    vmr_value first = vmr_string_make(store, view), second = vmr_string_make(store, view);
    CHECK(first.kind == VMR_VALUE_STRING && vmr_value_equals(first, second));
    CHECK(vmr_value_hash(first) == vmr_value_hash(second));
    CHECK((first.form == VMR_VALUE_COUNTED) == (length > VMR_VALUE_SMALL_STRING));
    CHECK(vmr_string_view(store, &first).length == length &&
          memcmp(vmr_string_view(store, &first).data, text, length) == 0);
    if (length != 0 && length + 1 < sizeof text) {
      vmr_value differs = vmr_string_make(store, other);
      CHECK(!vmr_value_equals(first, differs));
      vmr_value_release(store, differs);
    }
    vmr_value_release(store, first);
    vmr_value_release(store, second);
  }
  vmr_value symbol = name_of(store, "hello");
  CHECK(vmr_string_view(store, &symbol).length == 5 && vmr_value_equals(symbol, name_of(store, "hello")));
  CHECK(vmr_store_destroy(store) == VMR_OK);
}

static void check_tuples(void) {
  vmr_store *store = make_store(NULL);
  vmr_value items[5];
  for (size_t count = 0; count <= 5; count++) {
    for (size_t i = 0; i < 5; i++) items[i] = vmr_value_integer((int64_t)i - 2);
    vmr_value small = vmr_tuple_make(store, items, count), again = vmr_tuple_make(store, items, count);
    CHECK(vmr_value_equals(small, again) && vmr_tuple_count(small) == count);
    CHECK((small.form == VMR_VALUE_COUNTED) == (count > VMR_VALUE_SMALL_TUPLE));
    for (size_t i = 0; i < count; i++) CHECK(vmr_tuple_get(small, i).as.integer == (int64_t)i - 2);
    CHECK(vmr_tuple_get(small, count).kind == VMR_VALUE_NONE);
    vmr_value_release(store, small);
    vmr_value_release(store, again);
  }
  items[0] = vmr_value_integer(INT64_C(1) << 40);
  items[1] = vmr_string_make(store, vmr_view_of("a string that is not small"));
  vmr_value tuple = vmr_tuple_make(store, items, 2);
  CHECK(tuple.form == VMR_VALUE_COUNTED && vmr_tuple_get(tuple, 0).as.integer == INT64_C(1) << 40);
  CHECK(vmr_string_view(store, &(vmr_value){0}).length == 0);
  vmr_value_release(store, tuple);
  CHECK(vmr_store_destroy(store) == VMR_OK);
}

static void check_sharing(void) {
  vmr_store *store = make_store(NULL);
  vmr_value plus = name_of(store, "Plus"), x = name_of(store, "x"), made[200];
  for (int round = 0; round < 2; round++) {
    for (int i = 0; i < 100; i++) {
      vmr_value inner = vmr_expression_make(store, plus, (vmr_value[]){x, vmr_value_integer(i)}, 2);
      made[round * 100 + i] = vmr_expression_make(store, plus, (vmr_value[]){inner, vmr_value_real(i)}, 2);
      CHECK(vmr_expression_count(made[round * 100 + i]) == 2);
      CHECK(vmr_value_equals(vmr_expression_head(made[i]), plus));
    }
  }
  for (int i = 0; i < 100; i++) CHECK(made[i].as.node == made[100 + i].as.node);
  CHECK(vmr_store_read_figures(store).expressions == 200 && vmr_store_read_figures(store).shared == 200);
  CHECK(vmr_store_is_valid(store));
  vmr_value nested = vmr_expression_make(store, made[0], NULL, 0);
  CHECK(vmr_expression_head(nested).as.node == made[0].as.node && vmr_expression_count(nested) == 0);
  vmr_value_release(store, nested);
  for (int i = 1; i < 200; i++) vmr_value_release(store, made[i]);
  vmr_store_figures figures = vmr_store_read_figures(store);
  CHECK(figures.expressions == 0 && figures.used_bytes == 0);
  CHECK(vmr_expression_make(store, vmr_value_integer(1), NULL, 0).kind == VMR_VALUE_NONE);
  CHECK(vmr_store_status(store) == VMR_INVALID_ARGUMENT);
  vmr_store_trim(store);
  CHECK(vmr_store_is_valid(store) && vmr_store_read_figures(store).used_bytes == 0);
  CHECK(vmr_store_destroy(store) == VMR_OK);
}

static void check_long_chains(void) {
  vmr_store *store = make_store(NULL);
  vmr_value f = name_of(store, "f"), chain = vmr_value_integer(0), list = vmr_list_make(store, NULL, 0);
  for (int i = 0; i < chain_length; i++) chain = vmr_expression_make(store, f, &chain, 1);
  for (int i = 0; i < chain_length; i++) list = vmr_list_make(store, &list, 1);
  uint64_t length = (uint64_t)chain_length;
  CHECK(vmr_store_read_figures(store).expressions == length && vmr_store_read_figures(store).lists == length + 1);
  vmr_value_release(store, chain);
  vmr_value_release(store, list);
  CHECK(vmr_store_read_figures(store).used_bytes == 0);
  /* and a chain that ends in itself */
  vmr_value last = vmr_list_make(store, NULL, 0);
  list = vmr_value_retain(last);
  for (int i = 0; i < chain_length; i++) list = vmr_list_make(store, &list, 1);
  CHECK(vmr_list_append(store, last, list) == VMR_OK);
  vmr_value_release(store, last);
  vmr_cycles_figures figures;
  CHECK(vmr_cycles_collect(store, 0, &figures) == VMR_OK && figures.freed == length + 1 && figures.postponed == 0);
  CHECK(vmr_store_destroy(store) == VMR_OK);
}

/* ---- foreign objects ---- */

static size_t usage(void *object) { return *(size_t *)object; }
static size_t halve(void *object) { return *(size_t *)object -= *(size_t *)object / 2; }
static void finish(void *object) { *(size_t *)object = 0; }
static const vmr_foreign_type TYPE = {"block", usage, halve, NULL, finish}, OTHER = {0};

static void check_foreign(void) {
  vmr_store *store = make_store(NULL);
  size_t first = 100, second = 10;
  vmr_value one = vmr_foreign_make(store, &TYPE, &first), two = vmr_foreign_make(store, &TYPE, &second);
  vmr_value list = vmr_list_make(store, &one, 1);
  CHECK(vmr_foreign_get(one, &TYPE) == &first && vmr_foreign_get(one, &OTHER) == NULL);
  CHECK(vmr_store_foreign_bytes(store) == 110 && vmr_store_collect_unused(store) == 55);
  CHECK(vmr_store_compress(store) == 0 && vmr_store_foreign_bytes(store) == 55);
  CHECK(vmr_list_append(store, list, vmr_value_retain(list)) == VMR_OK);
  vmr_value_release(store, list);
  CHECK(first == 50 && vmr_cycles_collect(store, 0, NULL) == VMR_OK && first == 0);
  CHECK(vmr_store_destroy(store) == VMR_STILL_IN_USE); /* finalises `two` */
  CHECK(second == 0);
  (void)two;
}

/* ---- random programs ---- */

/* The distinct nodes that the roots lead to: a list of them, searched through. */
typedef struct reach {
  const vmr_node *nodes[4000];
  size_t count;
} reach;

static void reach_value(reach *found, vmr_value value) {
  if (value.form != VMR_VALUE_COUNTED) return;
  for (size_t i = 0; i < found->count; i++) {
    if (found->nodes[i] == value.as.node) return;
  }
  CHECK(found->count < sizeof found->nodes / sizeof *found->nodes);
  found->nodes[found->count++] = value.as.node;
}

static vmr_value value_of(const vmr_node *node) {
  vmr_value value = vmr_value_of_bits((vmr_value_kind)node->kind, 0);
  value.form = VMR_VALUE_COUNTED;
  value.as.node = (vmr_node *)(uintptr_t)node;
  return value;
}

static size_t count_reachable(const vmr_value *roots) {
  static reach found;
  found.count = 0;
  for (int i = 0; i < ROOTS; i++) reach_value(&found, roots[i]);
  for (size_t at = 0; at < found.count; at++) {
    vmr_value value = value_of(found.nodes[at]);
    for (size_t i = 0; i < vmr_list_count(value); i++) reach_value(&found, vmr_list_get(value, i));
    for (size_t i = 0; i < vmr_object_count(value); i++) reach_value(&found, vmr_object_entry(value, i, NULL));
    if (value.kind != VMR_VALUE_EXPRESSION && value.kind != VMR_VALUE_TUPLE) continue;
    reach_value(&found, vmr_expression_head(value));
    for (size_t i = 0; i < vmr_expression_count(value); i++) reach_value(&found, vmr_expression_arguments(value)[i]);
  }
  return found.count;
}

static vmr_value any_root(const vmr_value *roots) { return vmr_value_retain(roots[below(ROOTS)]); }

static vmr_value make_value(vmr_store *store, const vmr_value *roots) {
  vmr_value items[6], head = name_of(store, below(2) != 0 ? "f" : "g");
  uint32_t count = below(6);
  for (uint32_t i = 0; i < count; i++) items[i] = any_root(roots);
  switch (below(6)) {
  case 0: return vmr_list_make(store, items, count);
  case 1: return vmr_tuple_make(store, items, count);
  case 2:
  case 3: return vmr_expression_make(store, head, items, count);
  default:
    for (uint32_t i = 0; i < count; i++) vmr_value_release(store, items[i]);
    return count < 3 ? vmr_object_make(store)
                     : vmr_string_make(store, (vmr_view){"a string of some length, shared", 10 + below(22)});
  }
}

/* One step; what fails leaves everything as it was. */
static void step(vmr_store *store, vmr_value *roots) {
  uint32_t place = below(ROOTS);
  vmr_value root = roots[place];
  size_t count = vmr_list_count(root);
  uint32_t what = below(10);
  if (what < 4) {
    vmr_value made = make_value(store, roots);
    if (made.kind == VMR_VALUE_NONE) made = vmr_value_missing();
    vmr_value_release(store, root);
    roots[place] = made;
  } else if (root.kind == VMR_VALUE_LIST && what < 7) {
    vmr_list_append(store, root, any_root(roots));
  } else if (root.kind == VMR_VALUE_LIST && count != 0) {
    if (what < 9)
      vmr_list_set(store, root, below((uint32_t)count), any_root(roots));
    else
      vmr_list_remove(store, root, below((uint32_t)count));
  } else if (root.kind == VMR_VALUE_OBJECT && what < 9) {
    vmr_object_set(store, root, 1 + below(30), any_root(roots));
  } else if (root.kind == VMR_VALUE_OBJECT && vmr_object_count(root) != 0) {
    vmr_symbol name = 0;
    vmr_object_entry(root, below((uint32_t)vmr_object_count(root)), &name);
    CHECK(vmr_object_remove(store, root, name) == VMR_OK);
    CHECK(vmr_object_get(root, name).kind == VMR_VALUE_NONE);
  } else {
    vmr_value_release(store, root);
    roots[place] = vmr_value_integer((int64_t)below(4));
  }
}

static uint64_t count_living(const vmr_store *store) {
  vmr_store_figures f = vmr_store_read_figures(store);
  return f.strings + f.expressions + f.lists + f.objects + f.foreign;
}

static void run_in(vmr_store *store, vmr_ctx *ctx, int steps, size_t budget) {
  vmr_value roots[ROOTS];
  for (int i = 0; i < ROOTS; i++) roots[i] = vmr_value_missing();
  for (int i = 0; i < steps; i++) {
    step(store, roots);
    if (below(100) != 0) continue;
    CHECK(vmr_store_is_valid(store));
    vmr_cycles_figures figures;
    vmr_status status;
    size_t rounds = 0;
    do status = vmr_cycles_collect(store, budget + rounds, &figures);
    while (status == VMR_OK && figures.postponed != 0 && ++rounds < 10000);
    CHECK(vmr_store_is_valid(store));
    if (status == VMR_OK) CHECK(count_living(store) == count_reachable(roots));
    if (below(3) != 0) continue;
    for (int k = 0; k < ROOTS; k++) { /* or else everything grows together */
      vmr_value_release(store, roots[k]);
      roots[k] = vmr_value_missing();
    }
  }
  for (int i = 0; i < ROOTS; i++) vmr_value_release(store, roots[i]);
  if (ctx != NULL) vmr_ctx_set_faults(ctx, 0, 0, 0, 0);
  CHECK(vmr_cycles_collect(store, 0, NULL) == VMR_OK);
  CHECK(count_living(store) == 0 && vmr_store_read_figures(store).used_bytes == 0);
  CHECK(vmr_store_destroy(store) == VMR_OK);
}

static void run_random(vmr_ctx *ctx, int steps, size_t budget) { run_in(make_store(ctx), ctx, steps, budget); }

static vmr_ctx *make_faulty(void) {
  vmr_options options = vmr_options_default();
  vmr_ctx *ctx = NULL;
  options.fail_nth = UINT64_MAX; /* so that each object is counted */
  options.flags = VMR_IGNORE_ENVIRONMENT;
  CHECK(vmr_ctx_create(&ctx, &options) == VMR_OK);
  return ctx;
}

static void check_failing_creation(void) {
  bool is_made = false;
  for (uint64_t nth = 1; !is_made; nth++) {
    vmr_ctx *ctx = make_faulty();
    vmr_store *store = NULL;
    vmr_ctx_set_faults(ctx, nth, 0, 0, 0);
    is_made = vmr_store_create(&store, ctx, NULL) == VMR_OK;
    CHECK(is_made == (store != NULL) && (is_made || nth > 0));
    CHECK(vmr_store_destroy(store) == VMR_OK && vmr_ctx_destroy(ctx) == VMR_OK);
    CHECK(nth < 100 && (nth > 1 || !is_made));
  }
}

/* Random programs in which the n-th request fails, or some of all. */
static void check_random_faults(void) {
  for (uint64_t nth = 20; nth < 220; nth++) {
    vmr_ctx *ctx = make_faulty();
    seed = nth;
    vmr_ctx_set_faults(ctx, nth, 0, nth % 2 != 0 ? 20000 : 0, 0);
    if (nth % 2 == 0) {
      run_random(ctx, 300, 0);
    } else {
      vmr_store *store = NULL;
      if (vmr_store_create(&store, ctx, NULL) == VMR_OK) run_in(store, ctx, 600, 0);
    }
    CHECK(vmr_ctx_destroy(ctx) == VMR_OK);
  }
}

/* ---- cycles ---- */

typedef struct seen_cycle {
  size_t count, steps, garbage;
  vmr_cycle_step first;
} seen_cycle;

static void see_cycle(void *user, const vmr_cycle_step *steps, size_t count, bool is_garbage) {
  seen_cycle *seen = user;
  seen->count++;
  seen->steps += count;
  seen->garbage += is_garbage;
  seen->first = steps[0];
  for (size_t i = 0; i < count; i++) {
    vmr_value to = steps[(i + 1) % count].node, from = steps[i].node, child = vmr_value_none();
    if (from.kind == VMR_VALUE_LIST) child = vmr_list_get(from, steps[i].index);
    if (from.kind == VMR_VALUE_OBJECT) child = vmr_object_get(from, steps[i].name);
    if (from.kind == VMR_VALUE_EXPRESSION) child = vmr_expression_arguments(from)[steps[i].index];
    CHECK(vmr_value_equals(child, to));
  }
}

static void check_cycles(void) {
  vmr_store *store = make_store(NULL);
  seen_cycle seen = {0};
  vmr_value a = vmr_list_make(store, NULL, 0), b = vmr_object_make(store), f = name_of(store, "f");
  vmr_value c = vmr_expression_make(store, f, (vmr_value[]){vmr_value_integer(1), vmr_value_retain(a)}, 2);
  CHECK(vmr_object_set(store, b, 7, c) == VMR_OK); /* b -7-> c -1-> a -0-> b */
  CHECK(vmr_list_append(store, a, vmr_value_retain(b)) == VMR_OK);
  CHECK(vmr_cycles_find(store, see_cycle, &seen) == VMR_OK && seen.count == 1 && seen.steps == 3 && seen.garbage == 0);
  vmr_value_release(store, b);
  vmr_value self = vmr_list_make(store, NULL, 0);
  CHECK(vmr_list_append(store, self, vmr_value_retain(self)) == VMR_OK);
  vmr_value_release(store, self);
  seen = (seen_cycle){0};
  CHECK(vmr_cycles_find(store, see_cycle, &seen) == VMR_OK && seen.count == 2 && seen.steps == 4 && seen.garbage == 1);
  CHECK(vmr_cycles_collect(store, 0, NULL) == VMR_OK && count_living(store) == 3);
  /* only the expression is held, and loses its other reference last: moved references never counted down the list */
  vmr_value held = vmr_value_retain(c);
  vmr_value_release(store, a);
  CHECK(vmr_cycles_collect(store, 0, NULL) == VMR_OK && count_living(store) == 3);
  vmr_value_release(store, held);
  CHECK(vmr_cycles_collect(store, 0, NULL) == VMR_OK && count_living(store) == 0);
  CHECK(vmr_store_destroy(store) == VMR_OK);
}

/* ---- when memory is short ---- */

typedef struct presser {
  vmr_store *store;
  vmr_value roots[ROOTS];
  uint64_t next; /* of the expressions that both sides make */
  bool is_idle;  /* the callback makes none */
  int calls;
} presser;

static vmr_value make_next(presser *p, uint64_t number) {
  vmr_value f = name_of(p->store, "f");
  return vmr_expression_make(p->store, f, (vmr_value[]){vmr_value_integer((int64_t)number), vmr_value_missing()}, 2);
}

/* Uses the store, which was about to do something: it gives up references, collects, and makes what is being made. */
static void use_store(void *user, vmr_ctx *ctx, size_t wanted) {
  presser *p = user;
  CHECK(wanted > 0);
  if (p->store == NULL) return;
  p->calls++;
  for (int i = 0; i < 10; i++) step(p->store, p->roots);
  for (uint64_t i = 0; i < 3 && !p->is_idle; i++) {
    vmr_value made = make_next(p, p->next + i);
    if (made.kind == VMR_VALUE_NONE) continue;
    vmr_value_release(p->store, p->roots[i]);
    p->roots[i] = made;
  }
  (void)vmr_cycles_collect(p->store, 0, NULL);
  if (p->calls % 16 == 1) CHECK(vmr_store_is_valid(p->store)); /* in time proportional to all that lives */
  (void)vmr_trim(ctx);
}

static void see_nothing(void *user, const vmr_cycle_step *steps, size_t count, bool is_garbage) {
  (void)user, (void)is_garbage;
  CHECK(count > 0 && steps[0].node.kind != VMR_VALUE_NONE);
}

static void run_pressed(presser *p, vmr_ctx *ctx, bool is_hard, int steps) {
  for (int i = 0; i < steps; i++) {
    vmr_account account;
    CHECK(vmr_ctx_read_account(ctx, VMR_KIND_ALL, &account) == VMR_OK);
    size_t limit = i % 4 == 0 ? account.current_bytes : i % 4 == 3 ? 0 : SIZE_MAX;
    if (limit != SIZE_MAX) vmr_ctx_set_limits(ctx, is_hard ? 0 : limit, is_hard ? limit : 0);
    vmr_value made = make_next(p, p->next), again = make_next(p, p->next);
    p->next++;
    if (made.kind != VMR_VALUE_NONE && again.kind != VMR_VALUE_NONE) CHECK(made.as.node == again.as.node);
    vmr_value_release(p->store, again);
    uint32_t place = below(ROOTS);
    vmr_value_release(p->store, p->roots[place]);
    p->roots[place] = made.kind != VMR_VALUE_NONE ? made : vmr_value_missing();
    vmr_value inner = vmr_list_make(p->store, NULL, 0); /* a cycle, for the next collection */
    if (inner.kind == VMR_VALUE_LIST) (void)vmr_list_append(p->store, inner, vmr_value_retain(inner));
    vmr_value_release(p->store, inner);
    if (i % 8 == 0) CHECK(vmr_cycles_find(p->store, see_nothing, NULL) != VMR_INVALID_ARGUMENT);
    if (i % 16 == 4) (void)vmr_cycles_collect(p->store, 0, NULL);
    if (i % 16 == 0) CHECK(vmr_store_is_valid(p->store));
  }
}

/* Expressions that the callback makes while memory for them is obtained. */
static void run_pressed_making(presser *p, vmr_ctx *ctx, int steps) {
  vmr_value held = vmr_value_missing();
  for (int i = 0; i < steps; i++) {
    vmr_account account;
    CHECK(vmr_ctx_read_account(ctx, VMR_KIND_ALL, &account) == VMR_OK);
    vmr_ctx_set_limits(ctx, account.current_bytes, 0);
    p->is_idle = false;
    vmr_value made = make_next(p, p->next), again = make_next(p, p->next);
    p->is_idle = true;
    CHECK(made.kind != VMR_VALUE_NONE && made.as.node == again.as.node);
    for (int k = 0; k < 3; k++) {
      bool is_one = p->roots[k].kind == VMR_VALUE_EXPRESSION && vmr_expression_count(p->roots[k]) == 2;
      const vmr_value *arguments = is_one ? vmr_expression_arguments(p->roots[k]) : NULL;
      bool is_same = is_one && vmr_value_equals(arguments[0], vmr_value_integer((int64_t)p->next)) &&
                     vmr_value_equals(arguments[1], vmr_value_missing());
      CHECK(!is_same || p->roots[k].as.node == made.as.node);
    }
    p->next++;
    vmr_value list = vmr_list_make(p->store, (vmr_value[]){made, again}, 2);
    held = vmr_list_make(p->store, (vmr_value[]){held, list}, 2); /* all of it stays */
    if (i % 7 == 0) held = vmr_list_make(p->store, &held, 1);     /* slabs end anywhere */
    if (i % 100 == 0) CHECK(vmr_store_is_valid(p->store));
  }
  vmr_value_release(p->store, held);
}

static void check_pressure(bool is_hard, int steps) {
  vmr_options options = vmr_options_default();
  vmr_ctx *ctx = NULL;
  presser p = {.next = 1};
  options.flags = VMR_IGNORE_ENVIRONMENT;
  options.on_pressure = use_store;
  options.pressure_user = &p;
  CHECK(vmr_ctx_create(&ctx, &options) == VMR_OK);
  p.store = make_store(ctx);
  for (int i = 0; i < ROOTS; i++) p.roots[i] = vmr_value_missing();
  run_pressed(&p, ctx, is_hard, steps);
  if (!is_hard) run_pressed_making(&p, ctx, steps * 10);
  vmr_ctx_set_limits(ctx, 0, 0);
  for (int i = 0; i < ROOTS; i++) vmr_value_release(p.store, p.roots[i]);
  CHECK(vmr_cycles_collect(p.store, 0, NULL) == VMR_OK && p.calls > 3);
  CHECK(count_living(p.store) == 0 && vmr_store_is_valid(p.store));
  vmr_store *store = p.store;
  p.store = NULL;
  CHECK(vmr_store_destroy(store) == VMR_OK && vmr_ctx_destroy(ctx) == VMR_OK);
}

int main(int count, char **arguments) {
  bool is_quick = count > 1 && strcmp(arguments[1], "quick") == 0;
  if (is_quick) chain_length = 10000;
  check_plain_values();
  check_strings();
  check_tuples();
  check_sharing();
  check_long_chains();
  check_foreign();
  check_cycles();
  for (uint64_t run = 1; run <= (is_quick ? 6 : 30); run++) {
    seed = run;
    run_random(NULL, is_quick ? 500 : 2000, run % 3 == 0 ? 20 : 0);
  }
  for (uint64_t run = 0; run < (is_quick ? 4 : 12); run++) {
    seed = run;
    check_pressure(run % 2 != 0, is_quick ? 300 : 500);
  }
  check_failing_creation();
  if (!is_quick) check_random_faults();
  return 0;
}
