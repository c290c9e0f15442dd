/* differential.c: vmo-differential: random programs through the reference engine and through compiled code.
 *
 *   vmo-differential --seed=1 --programs=300 --size=40 --level=0      seeds 1 .. 300, of 1 to 40 ops, LLVM level 0
 *   vmo-differential --seed=17 --programs=1 --exact-size=23           one again, as a failure prints it
 *   vmo-differential --file=program.vmir                              a program of yours
 *   vmo-differential --programs=1000 --all-levels                     each at -O0, -O1, -O2 and LLVM's levels 0 and 3, measured
 *   LD_PRELOAD=libcount_allocations.so vmo-differential --count-allocations   what calls allocate, too
 *
 * Each program is planned as its seed says (-O0, -O1 or -O2, results in the arena or the caller's bytes, alignment, dims
 * fixed, bounded or free), compiled, loaded, and each function run in an arena of exactly the bytes that it asks for, full
 * of rubbish and with guards around it, twice. The code of every other seed tells what it does (measured.h). Results and states are those of the reference engine bit for bit, NaN apart, of which any is as
 * good as any other; streams run in order or on two threads; arguments that were not donated are as they were; where the engine stops at an index, so does the
 * code. Exit code 0: no difference; 1: one, which is printed; 2: usage. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codegen/codegen.h"
#include "evaluate/evaluate.h"
#include "evaluate/number.h"
#include "passes/passes.h"
#include "tests/random/declared.h"
#include "tests/random/generate.h"
#include "tests/random/measured.h"

enum { OP_LIMIT = 20000, CALL_LIMIT = 200, GUARD_BYTES = 128, RUBBISH = 0xa7, MOST_ARENAS = 16 };

typedef struct settings {
  uint64_t programs, seed, size, level;
  bool exact, counts, all;
  const char *file;
} settings;

typedef struct counts {
  uint64_t programs, compiled, functions, stopped, without_kernel, measured, exact, counted;
} counts;

/* How a program is planned and which sizes it runs with. */
typedef struct variant {
  bool in_caller, apart, instrument;
  uint32_t alignment, optimise;
  enum { DIMS_FIXED, DIMS_BOUNDED } dims;
  uint64_t sizes; /* from which sizes are drawn */
} variant;

typedef struct subject {
  const settings *settings;
  uint64_t seed;
  uint32_t size;
  variant variant;
  char *text;               /* of --file */
  vmo_context *contexts[3]; /* the program as written, planned, and planned for calls */
  vmo_module *modules[3];
  vmo_module_facts *facts[3];
  vmo_binding binding; /* of the run: one value for each dim */
  vmo_loaded_code *loaded;
  bool has_failed;
} subject;

static uint64_t next_random(uint64_t *state) {
  *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return *state >> 33;
}

static void blame(subject *s, const char *format, ...) VMO_PRINTF(2, 3);
static void blame(subject *s, const char *format, ...) {
  va_list arguments;
  s->has_failed = true;
  va_start(arguments, format);
  printf("vmo-differential --seed=%" PRIu64 " --programs=1 --exact-size=%u --level=%" PRIu64 ": ", s->seed,
         (unsigned)s->size, s->settings->level);
  vprintf(format, arguments);
  printf("\n");
  va_end(arguments);
}

static void show_diagnostics(vmo_context *context) {
  vmo_text text;
  vmo_text_init(&text);
  vmo_diag_print_all(context, false, &text);
  if (text.count > 0) printf("%s\n", text.data);
  vmo_text_free(&text);
}

/* ---- making and planning ---- */

enum { ALL_LEVELS = 6 }; /* -O0, -O1 and -O2, each at LLVM's levels 0 and 3 */

static variant draw_variant(uint64_t seed) {
  static const uint32_t alignments[] = {1, 8, 64, 64};
  uint64_t state = seed ^ UINT64_C(0x9d2c5680);
  variant v = {.in_caller = next_random(&state) % 3 == 0};
  v.alignment = alignments[next_random(&state) % 4];
  v.optimise = next_random(&state) % 3 == 0 ? 2 : 0;
  v.apart = v.optimise == 0 && next_random(&state) % 2 == 0;
  v.dims = next_random(&state) % 2 == 0 ? DIMS_FIXED : DIMS_BOUNDED;
  v.sizes = next_random(&state);
  v.instrument = seed % 2 == 0;
  return v;
}

static vmo_module *make_module(const subject *s, vmo_context *context) {
  vmo_module *module = NULL;
  if (s->text != NULL) {
    vmo_context_set_source(context, s->settings->file, s->text, strlen(s->text));
    return vmo_parse_module(context, &module) == VMO_OK ? module : NULL;
  }
  module = vmo_generate_module(context, s->seed, s->size);
  return module != NULL && vmo_verify_module(module) == VMO_OK ? module : NULL;
}

static vmo_binding draw_sizes(const vmo_module *module, uint64_t state) {
  static const int64_t sizes[] = {3, 2, 1, 5, 0, 17, 4, 9};
  vmo_binding binding = vmo_declared_binding(module);
  for (uint32_t i = 0; i < binding.count; i++) {
    vmo_interval *dim = &binding.dims[i];
    int64_t wanted = sizes[next_random(&state) % 8];
    if (dim->low == dim->high) continue;
    dim->low = dim->high = dim->high < wanted ? dim->high : wanted;
  }
  return binding;
}

/* The program as written; sizes that make sense of it are looked for a few times. */
static bool make_written(subject *s) {
  s->contexts[0] = vmo_context_create();
  s->modules[0] = s->contexts[0] == NULL ? NULL : make_module(s, s->contexts[0]);
  if (s->modules[0] == NULL) {
    show_diagnostics(s->contexts[0]);
    blame(s, "no program");
    return false;
  }
  for (uint64_t attempt = 0; attempt < 8; attempt++) {
    s->binding = draw_sizes(s->modules[0], s->variant.sizes + attempt);
    if (vmo_check_binding(s->modules[0], &s->binding) == VMO_OK) return true;
  }
  return false;
}

/* False without a word when states that are pinned over each other make it an error. */
static bool make_planned(subject *s, int which, bool in_caller) {
  s->contexts[which] = vmo_context_create();
  s->modules[which] = s->contexts[which] == NULL ? NULL : make_module(s, s->contexts[which]);
  vmo_module *module = s->modules[which];
  if (module == NULL) return false;
  vmo_binding binding = vmo_declared_binding(module);
  if (s->variant.dims == DIMS_FIXED) {
    binding = s->binding;
    vmo_fix_dims(module, &binding);
  }
  vmo_plan_options options = {.results_in_caller = in_caller,
                              .alignment = s->variant.alignment,
                              .apart = s->variant.apart,
                              .optimise = s->variant.optimise};
  vmo_status status = vmo_plan_module(module, &binding, &options, &s->facts[which]);
  if (status != VMO_OK && status != VMO_INPUT_ERROR) blame(s, "no plan");
  return status == VMO_OK;
}

/* ---- compiling ---- */

static bool has_code(const vmo_context *context, vmo_diag_code code) {
  for (uint32_t i = 0; i < context->diagnostics->count; i++)
    if (context->diagnostics->items[i].code == code) return true;
  return false;
}

/* False without a word when an op has no kernel. */
static bool compile(subject *s, counts *c) {
  vmo_code_options options = {.cpu = "native",
                              .llvm_level = (uint32_t)s->settings->level,
                              .prefix = "vmo.",
                              .instrument = s->variant.instrument,
                              .callees = s->modules[2]};
  vmo_code *code;
  vmo_module *module = s->modules[1];
  vmo_status status = vmo_compile_module(module, &options, &code);
  if (status != VMO_OK && has_code(s->contexts[1], VMO_DIAG_NO_CODE)) {
    c->without_kernel++;
    return false;
  }
  if (status == VMO_OK) {
    status = vmo_load_code(module, code, find_summing_op, module, &s->loaded);
    vmo_destroy_code(code);
  }
  if (status != VMO_OK) {
    show_diagnostics(s->contexts[1]);
    blame(s, "it does not compile");
  }
  return status == VMO_OK;
}

/* ---- running ---- */

typedef struct execution {
  subject *s;
  vmo_function_id id;
  const vmo_function *function; /* of the planned module */
  vmo_array *arguments;         /* as they were */
  void **given;                 /* copies of them, which are handed over */
  void **results, **caller_results;
  char *arenas[MOST_ARENAS]; /* with guards */
  void *arena_starts[MOST_ARENAS];
  int64_t arena_bytes[MOST_ARENAS];
  int64_t *dims;
} execution;

static size_t bytes_of(const vmo_array *array) { return (size_t)(array->count * vmo_element_bytes(array->element)); }

/* Small whole numbers, so that much is equal, less is, and loops stay short; now and then something else in reals. */
static void fill(vmo_array *array, uint64_t seed) {
  static const double odd[] = {-0.0, NAN, INFINITY, -INFINITY, 1e-310, 0.1, -1.5, 65519.5};
  for (int64_t i = 0; i < array->count; i++) {
    uint64_t drawn = next_random(&seed);
    vmo_number number = vmo_number_of(array->element, (int64_t)(drawn % 8));
    if (vmo_element_is_float(array->element) && drawn % 5 == 0)
      number = vmo_number_of_real(array->element, odd[next_random(&seed) % 8]);
    vmo_store(array->element, array->data, i, number);
  }
}

static vmo_status evaluate(execution *x, vmo_evaluate_result *result) {
  const vmo_evaluate_options options = {.op_limit = OP_LIMIT, .call_limit = CALL_LIMIT, .declared = sum_declared};
  return vmo_evaluate_function(x->s->modules[0], x->id, &x->s->binding, x->arguments, &options, result);
}

static bool make_arguments(execution *x) {
  vmo_module *module = x->s->modules[0];
  const vmo_function *function = module->functions.data[x->id];
  vmr_arena *arena = module->context->arena;
  x->arguments = vmo_alloc_array(module->context, function->parameters.count + (size_t)1, sizeof *x->arguments);
  x->given = vmo_alloc_array(module->context, function->parameters.count + (size_t)1, sizeof *x->given);
  if (x->arguments == NULL || x->given == NULL) return false;
  for (uint32_t i = 0; i < function->parameters.count; i++) {
    vmo_array *argument = &x->arguments[i];
    if (!vmo_make_array(module, function->values.data[i].type, &x->s->binding, arena, argument)) return false;
    fill(argument, i + 1 + x->s->seed);
    x->given[i] = malloc(bytes_of(argument) + 1); /* the sanitizer sees what leaves it */
    if (x->given[i] == NULL) return false;
    if (bytes_of(argument) > 0) memcpy(x->given[i], argument->data, bytes_of(argument));
  }
  return true;
}

static bool make_arenas(execution *x) {
  const vmo_plan *plan = x->function->plan;
  int32_t status = vmo_find_arenas(x->s->loaded, x->id)(x->dims, x->arena_bytes);
  if (status != VMR_CALL_OK) blame(x->s, "NAME_arenas says %d", (int)status);
  for (uint32_t i = 0; i < plan->arena_count && status == VMR_CALL_OK; i++) {
    size_t bytes = (size_t)x->arena_bytes[i], alignment = vmo_arena_alignment(x->s->modules[1], x->function);
    if (alignment < GUARD_BYTES) alignment = GUARD_BYTES;
    x->arenas[i] = aligned_alloc(alignment, (bytes + 3 * alignment) / alignment * alignment);
    if (x->arenas[i] == NULL) return false;
    memset(x->arenas[i], RUBBISH, (bytes + 3 * alignment) / alignment * alignment);
    x->arena_starts[i] = x->arenas[i] + alignment;
  }
  return status == VMR_CALL_OK;
}

/* States stand in the arena before the call. */
static void put_states(execution *x) {
  const vmo_plan *plan = x->function->plan;
  for (uint32_t i = 0; i < x->function->parameters.count; i++) {
    if (!x->function->parameters.data[i].state || x->arguments[i].count == 0) continue;
    vmo_interval offset;
    vmo_size_evaluate(x->s->modules[1]->sizes, plan->values[i].offset, &x->s->binding, &offset);
    uint32_t arena = 0, space = vmo_value_type(x->s->modules[1], x->function, i)->space;
    while (plan->arenas[arena].space != space) arena++;
    memcpy((char *)x->arena_starts[arena] + offset.low, x->arguments[i].data, bytes_of(&x->arguments[i]));
  }
}

static const void *state_at(const execution *x, uint32_t parameter) {
  const vmo_plan *plan = x->function->plan;
  vmo_interval offset = {0, 0};
  if (plan->values[parameter].offset == VMO_NONE) return NULL;
  vmo_size_evaluate(x->s->modules[1]->sizes, plan->values[parameter].offset, &x->s->binding, &offset);
  uint32_t arena = 0, space = vmo_value_type(x->s->modules[1], x->function, parameter)->space;
  while (plan->arenas[arena].space != space) arena++;
  return (const char *)x->arena_starts[arena] + offset.low;
}

static bool make_results(execution *x, const vmo_evaluate_result *expected) {
  vmo_context *context = x->s->contexts[1];
  uint32_t count = x->function->result_types.count;
  x->results = vmo_alloc_array(context, (size_t)count + 1, sizeof *x->results);
  x->caller_results = vmo_alloc_array(context, (size_t)count + 1, sizeof *x->caller_results);
  if (x->results == NULL || x->caller_results == NULL) return false;
  for (uint32_t i = 0; i < count && x->function->plan->results_in_caller; i++) {
    x->caller_results[i] = malloc(bytes_of(&expected->results[i]) + 1);
    if (x->caller_results[i] == NULL) return false;
    memset(x->caller_results[i], RUBBISH, bytes_of(&expected->results[i]) + 1);
    x->results[i] = x->caller_results[i];
  }
  return true;
}

/* ---- comparing ---- */

static bool are_equal(vmo_element element, const void *left, const void *right, int64_t count, int64_t *where) {
  vmo_bytes width = vmo_element_bytes(element);
  for (*where = 0; *where < count; ++*where) {
    if (memcmp((const char *)left + *where * width, (const char *)right + *where * width, (size_t)width) == 0) continue;
    if (!vmo_element_is_float(element)) return false;
    if (!isnan(vmo_load(element, left, *where).real) || !isnan(vmo_load(element, right, *where).real)) return false;
  }
  return true;
}

static void compare(execution *x, const char *what, uint32_t index, const vmo_array *expected, const void *found) {
  int64_t where;
  if (expected->count == 0 || are_equal(expected->element, expected->data, found, expected->count, &where)) return;
  double wanted = vmo_convert(expected->element, vmo_load(expected->element, expected->data, where), VMO_F64).real;
  double got = vmo_convert(expected->element, vmo_load(expected->element, found, where), VMO_F64).real;
  blame(x->s, "@%s: %s %u: element %lld is %.17g, not %.17g", vmo_name(x->s->modules[1], x->function->name), what,
        (unsigned)index, (long long)where, got, wanted);
}

static void compare_all(execution *x, const vmo_evaluate_result *expected) {
  uint32_t state = x->function->result_types.count;
  for (uint32_t i = 0; i < x->function->result_types.count; i++)
    compare(x, "result", i, &expected->results[i], x->results[i]);
  for (uint32_t i = 0; i < x->function->parameters.count; i++) {
    const vmo_parameter *parameter = &x->function->parameters.data[i];
    if (parameter->state)
      compare(x, "state", i, &expected->results[state++], state_at(x, i));
    else if (!parameter->donate)
      compare(x, "parameter", i, &x->arguments[i], x->given[i]);
  }
}

static void check_guards(execution *x) {
  size_t alignment = vmo_arena_alignment(x->s->modules[1], x->function);
  if (alignment < GUARD_BYTES) alignment = GUARD_BYTES;
  for (uint32_t i = 0; i < x->function->plan->arena_count; i++) {
    const char *end = (char *)x->arena_starts[i] + x->arena_bytes[i];
    bool kept = true;
    for (size_t b = 0; b < alignment; b++) kept = kept && (unsigned char)x->arenas[i][b] == RUBBISH;
    for (size_t b = 0; b < alignment; b++) kept = kept && (unsigned char)end[b] == RUBBISH;
    if (!kept)
      blame(x->s, "@%s: bytes around arena %u were written", vmo_name(x->s->modules[1], x->function->name),
            (unsigned)i);
  }
}

/* ---- one function, one program ---- */

static void measure(execution *x, const measured *m, const vmr_call *call, counts *c) {
  char fault[200];
  bool exact;
  const measured_call of = {.call = call,
                            .module = x->s->modules[1],
                            .facts = x->s->facts[1]->functions.data[x->id],
                            .id = x->id,
                            .binding = &x->s->binding,
                            .exact_sizes = x->s->variant.dims == DIMS_FIXED};
  if (find_measured_fault(m, &of, &exact, fault, sizeof fault))
    blame(x->s, "@%s: %s", vmo_name(x->s->modules[1], x->function->name), fault);
  c->measured++;
  c->exact += exact;
}

static void put_arguments(execution *x) {
  for (uint32_t i = 0; i < x->function->parameters.count; i++)
    if (bytes_of(&x->arguments[i]) > 0) memcpy(x->given[i], x->arguments[i].data, bytes_of(&x->arguments[i]));
  put_states(x);
}

static void check_call(execution *x, vmo_status status, const vmo_evaluate_result *expected, int32_t code,
                       const vmr_call *call) {
  const char *name = vmo_name(x->s->modules[1], x->function->name);
  if (status != VMO_OK) {
    if (code != VMR_CALL_INDEX_OUTSIDE) blame(x->s, "@%s: status %d where an index is outside", name, (int)code);
  } else if (code != VMR_CALL_OK) {
    blame(x->s, "@%s: status %d, at %u:%u", name, (int)code, (unsigned)call->fault_line, (unsigned)call->fault_column);
  } else {
    compare_all(x, expected);
  }
  check_guards(x);
}

/* The first call may make threads; the second one obtains blocks for recursion and constants alone, which it tells of. */
static void run_compiled(execution *x, vmo_status status, const vmo_evaluate_result *expected, counts *c) {
  bool watched = x->s->variant.instrument;
  for (int turn = 0; turn < 2 && !x->s->has_failed; turn++) {
    measured m = {0};
    vmr_call call = {.dims = x->dims,
                     .arguments = x->given,
                     .results = x->results,
                     .arenas = (void *const *)x->arena_starts,
                     .arena_bytes = x->arena_bytes,
                     .threads = turn == 0 ? (uint32_t)(x->s->seed % 3) : 1};
    if (watched && !begin_measured(&m, x->s->modules[1], x->s->modules[2], x->function->plan->arena_count)) return;
    if (watched) call.watch = &m.watch;
    put_arguments(x);
    long before = count_allocations();
    int32_t code = vmo_find_entry(x->s->loaded, x->id)(&call);
    long allocated = count_allocations() - before;
    check_call(x, status, expected, code, &call);
    if (watched && code == VMR_CALL_OK) measure(x, &m, &call, c);
    if (turn == 0 || before < 0 || !watched) continue;
    c->counted++;
    if (allocated != (long)m.watch.activations)
      blame(x->s, "@%s: %ld allocations, and %llu blocks of activations", vmo_name(x->s->modules[1], x->function->name),
            allocated, (unsigned long long)m.watch.activations);
  }
}

static void release(execution *x) {
  for (uint32_t i = 0; i < x->function->parameters.count && x->given != NULL; i++) free(x->given[i]);
  for (uint32_t i = 0; i < x->function->result_types.count && x->caller_results != NULL; i++)
    free(x->caller_results[i]);
  for (int i = 0; i < MOST_ARENAS; i++) free(x->arenas[i]);
}

static void run_function(subject *s, vmo_function_id id, counts *c) {
  execution x = {.s = s, .id = id, .function = s->modules[1]->functions.data[id]};
  vmo_evaluate_result expected = {0};
  x.dims = vmo_alloc_array(s->contexts[1], (size_t)s->binding.count + 1, sizeof *x.dims);
  for (uint32_t i = 0; x.dims != NULL && i < s->binding.count; i++) x.dims[i] = s->binding.dims[i].low;
  bool ready = x.dims != NULL && make_arguments(&x);
  vmo_status status = ready ? evaluate(&x, &expected) : VMO_OUT_OF_MEMORY;
  const vmo_diagnostics *list = s->contexts[0]->diagnostics;
  bool outside =
      status == VMO_INPUT_ERROR && list->count > 0 && list->items[list->count - 1].code == VMO_DIAG_INDEX_OUTSIDE;
  list = NULL;
  s->contexts[0]->diagnostics->count = 0;
  s->contexts[0]->diagnostics->errors = 0;
  if (ready && (status == VMO_OK || outside) && make_arenas(&x) && make_results(&x, &expected)) {
    run_compiled(&x, status, &expected, c);
    c->functions++;
  } else {
    c->stopped++;
  }
  release(&x);
}

static bool run_variant(const settings *options, uint64_t seed, variant v, char *text, counts *c) {
  subject s = {.settings = options, .seed = seed, .text = text, .variant = v};
  s.size = (uint32_t)(options->exact ? options->size : 1 + seed * 7 % options->size);
  c->programs++;
  if (make_written(&s) && make_planned(&s, 1, s.variant.in_caller) && make_planned(&s, 2, true) && compile(&s, c)) {
    c->compiled++;
    for (vmo_function_id id = 0; id < s.modules[1]->functions.count && !s.has_failed; id++) run_function(&s, id, c);
  }
  vmo_unload_code(s.loaded);
  for (int i = 0; i < 3; i++) vmo_context_destroy(s.contexts[i]);
  return !s.has_failed;
}

/* One program: as its seed says, or at all levels, all measured. */
static bool run_program(const settings *options, uint64_t seed, char *text, counts *c) {
  variant v = draw_variant(seed);
  if (!options->all) return run_variant(options, seed, v, text, c);
  settings leveled = *options;
  bool fine = true;
  for (uint32_t i = 0; i < ALL_LEVELS && fine; i++) {
    v.optimise = i / 2 == 2 ? 2 : 0;
    v.apart = i / 2 == 0;
    v.instrument = true;
    leveled.level = i % 2 == 0 ? 0 : 3;
    fine = run_variant(&leveled, seed, v, text, c);
    if (!fine) printf("  with --all-levels, at -O%u\n", (unsigned)i / 2);
  }
  return fine;
}

/* ---- options ---- */

static bool read_number(const char *text, uint64_t *number) {
  char *end;
  errno = 0;
  *number = strtoull(text, &end, 0);
  return *text >= '0' && *text <= '9' && *end == '\0' && errno == 0;
}

static bool read_option(settings *s, const char *argument) {
  const struct {
    const char *name;
    uint64_t *number;
  } numbers[] = {{"--programs=", &s->programs},
                 {"--seed=", &s->seed},
                 {"--size=", &s->size},
                 {"--exact-size=", &s->size},
                 {"--level=", &s->level}};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    size_t length = strlen(numbers[i].name);
    if (strncmp(argument, numbers[i].name, length) != 0) continue;
    if (i == 3) s->exact = true;
    return read_number(argument + length, numbers[i].number);
  }
  if (strcmp(argument, "--count-allocations") == 0) return s->counts = true;
  if (strcmp(argument, "--all-levels") == 0) return s->all = true;
  if (strncmp(argument, "--file=", 7) != 0) return false;
  s->file = argument + 7;
  return true;
}

static char *read_text(const char *path) {
  FILE *file = fopen(path, "rb");
  char *text = calloc(1, 1 << 20);
  if (file == NULL || text == NULL || fread(text, 1, (1 << 20) - 1, file) == 0) {
    fprintf(stderr, "vmo-differential: %s cannot be read\n", path);
    exit(2);
  }
  fclose(file);
  return text;
}

int main(int count, char **arguments) {
  settings s = {.programs = 200, .seed = 1, .size = 40, .level = 3};
  counts c = {0};
  for (int i = 1; i < count; i++) {
    if (read_option(&s, arguments[i]) && s.size > 0) continue;
    fprintf(stderr, "usage: vmo-differential [--programs=N] [--seed=N] [--size=N | --exact-size=N] [--level=0..3] "
                    "[--file=FILE] [--count-allocations] [--all-levels]\n");
    return 2;
  }
  char *text = s.file == NULL ? NULL : read_text(s.file);
  bool fine = true;
  for (uint64_t i = 0; i < s.programs && fine; i++) fine = run_program(&s, s.seed + i, text, &c);
  free(text);
  printf("%" PRIu64 " programs, %" PRIu64 " compiled (%" PRIu64 " have an op without a kernel), %" PRIu64
         " functions compared, %" PRIu64 " ended early; %" PRIu64 " calls measured, %" PRIu64
         " of them to the byte, %" PRIu64 " counted allocations\n",
         c.programs, c.compiled, c.without_kernel, c.functions, c.stopped, c.measured, c.exact, c.counted);
  if (s.counts && c.counted == 0) printf("no allocations were counted: preload tests/count_allocations.c\n");
  return fine && (!s.counts || c.counted > 0) && (c.compiled > 0 || s.file != NULL) ? 0 : 1;
}
