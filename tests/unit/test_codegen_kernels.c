/* test_codegen_kernels.c: every kernel against the reference engine, bit for bit: each op of the table that has one, in
 * every element type that its row allows, at LLVM's level 0 and, in some of the types, 3, on arrays of random sizes (0 and
 * 1 among them) whose elements are often those at the edges of their type. Where the reference engine refuses an index, so
 * must the code. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "codegen/codegen.h"
#include "evaluate/evaluate.h"
#include "passes/passes.h"
#include "support/random.h"
#include "tests/unit/kernel_samples.h"

typedef struct program {
  const kernel_sample *sample;
  char text[2048];
  vmo_context *contexts[2]; /* of the planned module, and of the one that is evaluated */
  vmo_module *planned, *plain;
  vmo_loaded_code *loaded;
} program;

/* ---- the program's text ---- */

/* What stands for $T, $0 and $1 in that type; NULL: the character stands for itself. */
static const char *replacement(const char *c, const char *type) {
  bool truth = strcmp(type, "bool") == 0;
  if (strncmp(c, "$T", 2) == 0) return type;
  if (strncmp(c, "$0", 2) == 0) return truth ? "false" : "0";
  if (strncmp(c, "$1", 2) == 0) return truth ? "true" : "1";
  return NULL;
}

static void add_text(program *p, const char *body, const char *type) {
  size_t at = strlen(p->text);
  for (const char *c = body; *c != '\0'; c++) {
    const char *other = replacement(c, type);
    at += (size_t)snprintf(p->text + at, sizeof p->text - at, "%.*s", other == NULL ? 1 : 8, other == NULL ? c : other);
    assert_true(at < sizeof p->text);
    c += other != NULL;
  }
}

static vmo_module *parse(program *p, int which) {
  vmo_context *context = p->contexts[which] = vmo_context_create();
  vmo_module *module = NULL;
  assert_non_null(context);
  assert_int_equal(vmo_context_set_source(context, "test.vmir", p->text, strlen(p->text)), VMO_OK);
  vmo_status status = vmo_parse_module(context, &module);
  if (status != VMO_OK) {
    vmo_text text;
    vmo_text_init(&text);
    vmo_diag_print_all(context, false, &text);
    fail_msg("%s", text.data);
  }
  return module;
}

static void load(program *p, const kernel_sample *sample, const char *type, uint32_t level) {
  vmo_module_facts *facts;
  vmo_code *code = NULL;
  *p = (program){.sample = sample};
  add_text(p, "dim A\ndim B\ndim C\ndim L = 1300\n", type);
  add_text(p, "func @f(", type);
  add_text(p, sample->parameters, type);
  add_text(p, ") -> (", type);
  add_text(p, sample->results, type);
  add_text(p, ") {\n", type);
  add_text(p, sample->body, type);
  add_text(p, "\n}\n", type);
  p->planned = parse(p, 0);
  p->plain = parse(p, 1);
  vmo_binding binding = vmo_declared_binding(p->planned);
  assert_int_equal(vmo_plan_module(p->planned, &binding, &(vmo_plan_options){0}, &facts), VMO_OK);
  vmo_code_options options = {.cpu = "native", .llvm_level = level, .prefix = "vmo."};
  if (vmo_compile_module(p->planned, &options, &code) != VMO_OK) {
    vmo_text text;
    vmo_text_init(&text);
    vmo_diag_print_all(p->contexts[0], false, &text);
    fail_msg("%s\n%s", p->text, text.data);
  }
  assert_int_equal(vmo_load_code(p->planned, code, NULL, NULL, &p->loaded), VMO_OK);
  vmo_destroy_code(code);
}

static void unload(program *p) {
  vmo_unload_code(p->loaded);
  vmo_context_destroy(p->contexts[0]);
  vmo_context_destroy(p->contexts[1]);
}

/* ---- arguments ---- */

typedef struct trial {
  uint64_t random;
  int64_t dims[4];
  vmo_array arguments[8];
  vmo_binding binding;
  bool with_edges; /* elements at the edges of their type too */
} trial;

static uint64_t draw(trial *t, uint64_t below) { return vmo_next_random(&t->random) % below; }

static int64_t draw_size(trial *t) {
  static const int64_t sizes[] = {0, 1, 2, 3, 4, 5, 7, 8, 9, 13, 16, 17, 33, 40};
  return sizes[draw(t, sizeof sizes / sizeof *sizes)];
}

/* Half of them bits that are special in one type or another, the rest small whole numbers and halves. */
static void fill_element(trial *t, vmo_array *array, int64_t at) {
  static const uint16_t halves[] = {0x0000, 0x8000, 0x3c00, 0xbc00, 0x7bff, 0x0001, 0x83ff, 0x7c00, 0xfc00, 0x7e00};
  static const uint16_t brains[] = {0x0000, 0x8000, 0x3f80, 0xbf80, 0x7f7f, 0x0001, 0x807f, 0x7f80, 0xff80, 0x7fc0};
  static const double reals[] = {0.0, -0.0, 1, -1, 1e38, 1e-40, -1e-310, INFINITY, -INFINITY, NAN};
  uint64_t kind = draw(t, 40), which = draw(t, 10), bits = vmo_next_random(&t->random);
  int64_t small = (int64_t)draw(t, 13) - 6;
  bool special = t->with_edges && kind < 3;
  char *place = (char *)array->data + at * (int64_t)vmo_element_bytes(array->element);
  double real = special ? reals[which] : kind < 20 ? (double)small : vmo_random_unit(bits) * 8 - 4;
  float single = (float)real;
  uint16_t half = special ? halves[which] : (uint16_t)(0x3000 + bits % 0x1800 + (bits >> 32 & 0x8000));
  uint16_t brain = special ? brains[which] : (uint16_t)(0x3e80 + bits % 0x180 + (bits >> 32 & 0x8000));
  switch (array->element) {
  case VMO_BOOL: *place = (char)(bits & 1); return;
  case VMO_F64: memcpy(place, &real, 8); return;
  case VMO_F32: memcpy(place, &single, 4); return;
  case VMO_F16: memcpy(place, &half, 2); return;
  case VMO_BF16: memcpy(place, &brain, 2); return;
  default: break;
  }
  int64_t number = kind < 3   ? (int64_t)((UINT64_C(1) << (8 * vmo_element_bytes(array->element) - 1)) - (which & 1))
                   : kind < 6 ? (int64_t)bits
                              : small;
  memcpy(place, &number, (size_t)vmo_element_bytes(array->element));
}

static void put_index(vmo_array *array, int64_t at, int64_t number) {
  if (array->element == VMO_I32)
    ((int32_t *)array->data)[at] = (int32_t)number;
  else
    ((int64_t *)array->data)[at] = number;
}

/* `at_A`: indices below A; `row_B`: rows of a graph with B edges. One in forty trials has a wrong one. */
static void fill_indices(trial *t, vmo_array *array, const char *name) {
  bool is_row = strncmp(name, "row", 3) == 0;
  int64_t limit = t->dims[name[strlen(name) - 1] - 'A'], last = 0;
  for (int64_t i = 0; i < array->count; i++) {
    int64_t number = limit == 0 ? 0 : (int64_t)draw(t, (uint64_t)limit);
    if (is_row) {
      int64_t step = (int64_t)draw(t, 5);
      number = i == 0 ? 0 : last + step < limit ? last + step : limit;
    }
    last = number;
    put_index(array, i, number);
  }
  static const int64_t wrong[] = {-1, INT32_MIN, INT32_MAX};
  if (array->count > 0 && draw(t, 40) == 0) {
    uint64_t which = draw(t, 4);
    put_index(array, (int64_t)draw(t, (uint64_t)array->count), which == 3 ? limit : wrong[which]);
  }
}

static void make_arguments(const program *p, trial *t) {
  const vmo_function *function = p->plain->functions.data[0];
  for (uint32_t i = 0; i < function->parameters.count; i++) {
    const vmo_value *value = &function->values.data[i];
    const char *name = vmo_name(p->plain, value->name);
    vmo_array *array = &t->arguments[i];
    assert_true(vmo_make_array(p->plain, value->type, &t->binding, p->plain->context->arena, array));
    if (strncmp(name, "at_", 3) == 0 || strncmp(name, "row_", 4) == 0)
      fill_indices(t, array, name);
    else
      for (int64_t k = 0; k < array->count; k++) fill_element(t, array, k);
  }
}

/* ---- running both ---- */

static bool is_nan(const vmo_array *array, int64_t at) {
  const char *place = (const char *)array->data + at * (int64_t)vmo_element_bytes(array->element);
  double real;
  float single;
  uint16_t bits;
  switch (array->element) {
  case VMO_F64: memcpy(&real, place, 8); return isnan(real);
  case VMO_F32: memcpy(&single, place, 4); return isnan(single);
  case VMO_F16: memcpy(&bits, place, 2); return (bits & 0x7fff) > 0x7c00;
  case VMO_BF16: memcpy(&bits, place, 2); return (bits & 0x7fff) > 0x7f80;
  default: return false;
  }
}

static void describe(const program *p, const trial *t, uint32_t level, char *text, size_t size) {
  snprintf(text, size, "%sA = %lld, B = %lld, C = %lld, level %u", p->text, (long long)t->dims[0],
           (long long)t->dims[1], (long long)t->dims[2], level);
}

static void compare(const program *p, const trial *t, uint32_t level, uint32_t result, const vmo_array *expected,
                    const void *found, int64_t count) {
  int64_t bytes = (int64_t)vmo_element_bytes(expected->element);
  vmo_array other = *expected;
  other.data = (void *)found;
  for (int64_t i = 0; i < count; i++) {
    if (memcmp((const char *)expected->data + i * bytes, (const char *)found + i * bytes, (size_t)bytes) == 0) continue;
    if (is_nan(expected, i) && is_nan(&other, i)) continue;
    char where[3000];
    uint64_t numbers[2] = {0, 0};
    memcpy(&numbers[0], (const char *)expected->data + i * bytes, (size_t)bytes);
    memcpy(&numbers[1], (const char *)found + i * bytes, (size_t)bytes);
    describe(p, t, level, where, sizeof where);
    fail_msg("%s\nresult %u, element %lld: expected %llx, found %llx", where, result, (long long)i,
             (unsigned long long)numbers[0], (unsigned long long)numbers[1]);
  }
}

static void check_trial(program *p, trial *t, uint32_t level) {
  vmo_evaluate_result expected;
  void *arguments[8], *results[8] = {NULL};
  int64_t bytes[2] = {0, 0};
  make_arguments(p, t);
  vmo_status wanted = vmo_evaluate_function(p->plain, 0, &t->binding, t->arguments, NULL, &expected);
  assert_int_equal(vmo_find_arenas(p->loaded, 0)(t->dims, bytes), VMR_CALL_OK);
  unsigned char *arena = aligned_alloc(64, ((size_t)bytes[0] + 127) / 64 * 64);
  void *places[1] = {arena};
  assert_non_null(arena);
  memset(arena, 0xa5, (size_t)bytes[0] + 64);
  for (int i = 0; i < 8; i++) arguments[i] = t->arguments[i].data;
  vmr_call call = {.dims = t->dims, .arguments = arguments, .results = results, .arenas = places, .arena_bytes = bytes};
  int32_t status = vmo_find_entry(p->loaded, 0)(&call);
  if (status != (wanted == VMO_OK ? VMR_CALL_OK : VMR_CALL_INDEX_OUTSIDE)) {
    char where[3000];
    describe(p, t, level, where, sizeof where);
    fail_msg("%s\nthe reference engine returns %d, the code %d", where, wanted, status);
  }
  for (uint32_t i = 0; wanted == VMO_OK && i < expected.result_count; i++) {
    const vmo_array *array = &expected.results[i];
    bool counted = p->sample->counted && i + 1 < expected.result_count;
    int64_t count = counted ? *(const int64_t *)expected.results[i + 1].data : array->count;
    compare(p, t, level, i, array, results[i], count);
  }
  if (wanted != VMO_OK) {
    const struct vmo_diagnostics *list = p->plain->context->diagnostics;
    assert_int_equal(call.fault_line, list->items[list->count - 1].location.line);
  }
  for (int i = 0; i < 64; i++) assert_int_equal(arena[bytes[0] + i], 0xa5); /* nothing is written behind it */
  free(arena);
}

static void bind(const program *p, trial *t) {
  static const char *const names[] = {"A", "B", "C"};
  t->binding = vmo_declared_binding(p->plain);
  for (int i = 0; i < 3; i++) assert_int_equal(vmo_bind_dim(p->plain, &t->binding, names[i], t->dims[i]), VMO_OK);
}

static void check_program(const kernel_sample *sample, const char *type, uint32_t level, uint32_t seed) {
  program p;
  load(&p, sample, type, level);
  for (uint32_t i = 0; i < 16; i++) {
    trial t = {.random = seed * UINT64_C(1000) + i, .with_edges = i % 2 == 0};
    for (int d = 0; d < 3; d++) t.dims[d] = draw_size(&t);
    t.dims[3] = 1300;
    bind(&p, &t);
    check_trial(&p, &t, level);
  }
  unload(&p);
}

/* ---- the tests ---- */

static const char *const TYPES[] = {"bool", "i8",  "u8",  "i16",  "u16", "i32", "u32",
                                    "i64",  "u64", "f16", "bf16", "f32", "f64"};

/* Whether the class of ops.def has the element. */
static bool is_allowed(const char *class, vmo_element element) {
  bool real = vmo_element_is_float(element), truth = element == VMO_BOOL;
  if (strcmp(class, "num") == 0) return !truth;
  if (strcmp(class, "float") == 0) return real;
  if (strcmp(class, "int") == 0) return !truth && !real;
  if (strcmp(class, "bool") == 0) return truth;
  if (strcmp(class, "index") == 0) return element == VMO_I32 || element == VMO_I64;
  return strcmp(class, "any") == 0;
}

static const char *only = NULL; /* samples whose body has this text; NULL: all of them */

#if defined(__SANITIZE_ADDRESS__)
enum { OTHERS = 13 }; /* the sanitizer looks at the emitter, which is the same at each level */
#else
enum { OTHERS = 3 };
#endif

/* LLVM takes its time at level 3: one in OTHERS types of each sample, another one of the next, and f64 where that is a
 * third. All of them when samples are asked for. */
static bool is_wanted(size_t sample, vmo_element type, uint32_t level) {
  if (only != NULL) return strstr(KERNEL_SAMPLES[sample].body, only) != NULL;
  return level == 0 || (type == VMO_F64 && OTHERS == 3) || (sample + (size_t)type) % OTHERS == 0;
}

static void check_samples(uint32_t level) {
  for (size_t i = 0; i < sizeof KERNEL_SAMPLES / sizeof *KERNEL_SAMPLES; i++)
    for (vmo_element type = VMO_BOOL; type <= VMO_F64; type++)
      if (is_allowed(KERNEL_SAMPLES[i].class, type) && is_wanted(i, type, level))
        check_program(&KERNEL_SAMPLES[i], TYPES[type], level, (uint32_t)i);
}

static void test_unoptimised_code(void **state) {
  (void)state;
  check_samples(0);
}

static void test_optimised_code(void **state) {
  (void)state;
  check_samples(3);
}

/* A new row of the table with a kernel needs a sample here; elementwise ops have tests of their own. */
static void test_no_kernel_is_forgotten(void **state) {
  (void)state;
  for (vmo_opcode code = 0; code < VMO_OPCODE_COUNT; code++) {
    char word[64];
    const vmo_op_info *info = vmo_op_get_info(code);
    bool found = info->category == VMO_CATEGORY_CONTROL || info->category == VMO_CATEGORY_ELEMENTWISE;
    snprintf(word, sizeof word, "= %s ", info->name);
    for (size_t i = 0; i < sizeof KERNEL_SAMPLES / sizeof *KERNEL_SAMPLES && !found; i++)
      found = strstr(KERNEL_SAMPLES[i].body, word) != NULL;
    if (!found) fail_msg("no sample compiles '%s'", info->name);
  }
}

/* test_codegen_kernels [TEXT]: only samples whose body has the text, in all types; "" is in every one. */
int main(int argc, char **argv) {
  if (argc > 1) only = argv[1];
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_unoptimised_code),
      cmocka_unit_test(test_optimised_code),
      cmocka_unit_test(test_no_kernel_is_forgotten),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
