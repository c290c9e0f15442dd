/* oracle_main.c: vmo-oracle: judges the plans of random programs, or of one in a file.
 *
 *   vmo-oracle --programs=2000 --seed=1 --size=40       seeds 1 .. 2000, of 1 to 40 ops; --size=40.. has exactly 40
 *   vmo-oracle --seed=7 --programs=1 --exact-size=23    one of them again, as a failure prints it
 *   vmo-oracle --file=program.vmir --dims=bound         a program in a file
 *
 * Exit code 0: no fault was found; 1: a fault, which is printed with the smallest program that still has it; 2: usage. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/random/generate.h"
#include "tests/random/oracle.h"

static const char usage[] =
    "usage: vmo-oracle [OPTION...]\n"
    "  --programs=N          how many programs (default 2000)\n"
    "  --seed=N              the first one's seed (default 1); each next one has the next seed\n"
    "  --size=N              programs of 1 to N ops, each seed its own (default 40)\n"
    "  --exact-size=N        programs of N ops\n"
    "  --paths=N             at most N executions of each function (default 24)\n"
    "  --jobs=N              processes (default 1)\n"
    "  --seconds=N           stop after N seconds (default: never)\n"
    "  --failures=N          stop after N failing programs (default 1)\n"
    "  --shrink=N            spend at most N seconds on making a failing program smaller (default 20; 0: leave it)\n"
    "  --unchecked           judge also plans that the pipeline's own checkers refuse\n"
    "  --file=FILE           judge the VMIR program in FILE instead\n"
    "  --results=arena|caller, --optimise=0|2, --align=N, --dims=bound|bounded|free\n"
    "                        plan so, and not as the seed says\n"
    "  --quiet               no summary\n";

typedef struct settings {
  uint64_t programs, seed, size, paths, jobs, seconds, failures, shrink;
  uint64_t align, optimise;
  bool exact, unchecked, quiet;
  const char *file;
  int results, dims; /* -1: as the seed says */
} settings;

/* ---- options ---- */

static bool read_number(const char *text, uint64_t *number) {
  char *end;
  errno = 0;
  *number = strtoull(text, &end, 0);
  return *text >= '0' && *text <= '9' && *end == '\0' && errno == 0;
}

static int find_word(const char *word, const char *const *words) {
  for (int i = 0; words[i]; i++)
    if (strcmp(words[i], word) == 0) return i;
  return -1;
}

static bool read_word(settings *s, const char *name, const char *value) {
  static const char *const results[] = {"arena", "caller", NULL}, *const dims[] = {"bound", "bounded", "free", NULL};
  if (strcmp(name, "file") == 0) s->file = value;
  if (strcmp(name, "results") == 0 && (s->results = find_word(value, results)) < 0) return false;
  if (strcmp(name, "dims") == 0 && (s->dims = find_word(value, dims)) < 0) return false;
  return strcmp(name, "file") == 0 || strcmp(name, "results") == 0 || strcmp(name, "dims") == 0;
}

static bool read_value(settings *s, const char *name, const char *value) {
  const struct {
    const char *name;
    uint64_t *number;
  } numbers[] = {{"programs", &s->programs}, {"seed", &s->seed},         {"size", &s->size},
                 {"exact-size", &s->size},   {"paths", &s->paths},       {"jobs", &s->jobs},
                 {"seconds", &s->seconds},   {"failures", &s->failures}, {"shrink", &s->shrink},
                 {"align", &s->align},       {"optimise", &s->optimise}};
  if (strcmp(name, "exact-size") == 0) s->exact = true;
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    if (strcmp(numbers[i].name, name) == 0) return read_number(value, numbers[i].number);
  return read_word(s, name, value);
}

/* --name=value or --name value. */
static bool read_options(int count, char **arguments, settings *s) {
  for (int i = 1; i < count; i++) {
    char name[32];
    const char *argument = arguments[i], *value = strchr(argument, '=');
    if (strncmp(argument, "--", 2) != 0) return false;
    if (strcmp(argument, "--unchecked") == 0 || strcmp(argument, "--quiet") == 0) {
      *(argument[2] == 'u' ? &s->unchecked : &s->quiet) = true;
      continue;
    }
    size_t length = value ? (size_t)(value - argument - 2) : strlen(argument + 2);
    if (length >= sizeof name || (value == NULL && i + 1 == count)) return false;
    memcpy(name, argument + 2, length);
    name[length] = '\0';
    if (!read_value(s, name, value ? value + 1 : arguments[++i])) return false;
  }
  bool align_ok = s->align == UINT64_MAX || (s->align > 0 && s->align <= 1 << 20 && (s->align & (s->align - 1)) == 0);
  return align_ok && s->size > 0 && s->size <= 1 << 24 && s->jobs > 0 && s->jobs <= 64 && s->failures > 0 &&
         s->paths > 0 && s->paths <= 1 << 20;
}

/* ---- one program ---- */

typedef struct generated {
  uint64_t seed;
  uint32_t size;
} generated;

static vmo_module *generate(void *user, vmo_context *context) {
  const generated *g = user;
  vmo_module *module = vmo_generate_module(context, g->seed, g->size);
  return module != NULL && vmo_verify_module(module) == VMO_OK ? module : NULL;
}

static vmo_judge_options options_for(const settings *s, uint64_t seed) {
  vmo_judge_options options = {.seed = seed, .paths = (uint32_t)s->paths, .unchecked = s->unchecked};
  options.variant = vmo_draw_variant(seed);
  if (s->results >= 0) options.variant.results_in_caller = s->results == 1;
  if (s->dims >= 0) options.variant.dims = s->dims;
  if (s->align != UINT64_MAX) options.variant.alignment = (uint32_t)s->align;
  if (s->optimise != UINT64_MAX) options.variant.optimise = (uint32_t)s->optimise;
  return options;
}

/* Small programs are likelier: they are quick, and what goes wrong in them is easy to see. */
static uint32_t size_for(const settings *s, uint64_t seed) {
  uint64_t mixed = seed * UINT64_C(0xd6e8feb86659fd93);
  mixed ^= mixed >> 32;
  uint64_t size = 1 + mixed % s->size, other = 1 + (mixed >> 32) % s->size;
  return (uint32_t)(s->exact ? s->size : size < other ? size : other);
}

static void print_text(const generated *program, vmo_text *text) {
  vmo_context *context = vmo_context_create();
  vmo_module *module = context == NULL ? NULL : generate((void *)program, context);
  if (module != NULL) vmo_print_module(module, text);
  vmo_context_destroy(context);
}

static void print_failure(const settings *s, const vmo_judge_options *options, const vmo_verdict *verdict,
                          const char *command, const vmo_text *program) {
  vmo_text variant, smaller;
  vmo_verdict last = *verdict;
  vmo_text_init(&variant);
  vmo_text_init(&smaller);
  vmo_describe_variant(&options->variant, &variant);
  printf("FAULT (%s): %s\n  again: vmo-oracle %s\n  planned with %s\n", vmo_fault_name(verdict->fault), verdict->text,
         command, variant.data ? variant.data : "");
  if (program->data != NULL && s->shrink > 0) {
    vmo_shrink_program(program->data, options, verdict, (double)s->shrink, &smaller, &last);
    printf("  the smallest program found that has it (%s): %s\n", vmo_fault_name(last.fault), last.text);
  }
  fputs(smaller.data ? smaller.data : program->data ? program->data : "", stdout);
  fflush(stdout);
  vmo_text_free(&variant);
  vmo_text_free(&smaller);
}

/* ---- many ---- */

static bool judge_seed(const settings *s, uint64_t seed, vmo_judge_counts *counts) {
  generated program = {seed, size_for(s, seed)};
  vmo_judge_options options = options_for(s, seed);
  vmo_verdict verdict = vmo_judge_program(&(vmo_program_source){generate, &program}, &options, counts);
  if (verdict.fault == VMO_FAULT_NONE) return true;
  char command[160];
  vmo_text text;
  vmo_text_init(&text);
  print_text(&program, &text);
  snprintf(command, sizeof command, "--seed=%" PRIu64 " --programs=1 --exact-size=%u --paths=%u%s", seed,
           (unsigned)program.size, (unsigned)s->paths, s->unchecked ? " --unchecked" : "");
  print_failure(s, &options, &verdict, command, &text);
  vmo_text_free(&text);
  return false;
}

/* Every jobs-th seed from the first + job on. */
static int run_job(const settings *s, uint64_t job) {
  vmo_judge_counts counts = {0};
  uint64_t failures = 0;
  time_t start = time(NULL);
  for (uint64_t i = job; i < s->programs && failures < s->failures; i += s->jobs) {
    if (s->seconds > 0 && time(NULL) - start >= (time_t)s->seconds) break;
    if (!judge_seed(s, s->seed + i, &counts)) failures++;
  }
  if (!s->quiet)
    printf("%" PRIu64 " programs, %" PRIu64 " functions (of %" PRIu64 " every path), %" PRIu64 " executions, %" PRIu64
           " ops run, %" PRIu64 " failures\n",
           counts.programs, counts.functions, counts.exhausted, counts.executions, counts.steps, failures);
  fflush(stdout);
  return failures > 0;
}

static int run_jobs(const settings *s) {
  int status = 0, code = 0;
  if (s->jobs == 1) return run_job(s, 0);
  for (uint64_t job = 0; job < s->jobs; job++) {
    pid_t child = fork();
    if (child == 0) exit(run_job(s, job));
    if (child < 0) code = 1;
  }
  while (wait(&status) > 0)
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) code = 1;
  return code;
}

/* ---- a file ---- */

static bool read_file(const char *name, vmo_text *text) {
  char buffer[4096];
  size_t count;
  FILE *file = fopen(name, "rb");
  if (file == NULL) return false;
  while ((count = fread(buffer, 1, sizeof buffer, file)) > 0) vmo_text_add_bytes(text, buffer, count);
  bool ok = !ferror(file) && !vmo_text_failed(text);
  fclose(file);
  return ok;
}

static int judge_file(const settings *s) {
  vmo_text text;
  vmo_judge_counts counts = {0};
  int code = 0;
  vmo_text_init(&text);
  if (!read_file(s->file, &text)) {
    fprintf(stderr, "vmo-oracle: cannot read %s\n", s->file);
    vmo_text_free(&text);
    return 2;
  }
  for (uint64_t i = 0; i < s->programs && code == 0; i++) {
    vmo_judge_options options = options_for(s, s->seed + i);
    vmo_verdict verdict = vmo_judge_text(text.data ? text.data : "", text.count, &options, &counts);
    if (verdict.fault == VMO_FAULT_NONE) continue;
    char command[400];
    snprintf(command, sizeof command, "--file=%s --seed=%" PRIu64 " --programs=1", s->file, s->seed + i);
    print_failure(s, &options, &verdict, command, &text);
    code = 1;
  }
  vmo_text_free(&text);
  return code;
}

int main(int count, char **arguments) {
  settings s = {.programs = 2000, .seed = 1, .size = 40, .paths = 24, .jobs = 1, .failures = 1, .shrink = 20};
  s.results = s.dims = -1;
  s.align = s.optimise = UINT64_MAX;
  if (!read_options(count, arguments, &s)) {
    fputs(usage, stderr);
    return 2;
  }
  return s.file ? judge_file(&s) : run_jobs(&s);
}
