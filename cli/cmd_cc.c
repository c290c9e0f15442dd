/* cmd_cc.c: `vmemopt cc -- clang-19 -O2 -c a.c -o a.o`: the compiler, with vmemopt's pass added to its command line.
 *
 * The process becomes the compiler's, so that its messages, its outputs and its exit code are those of the build. What
 * the pass is to do goes through the environment, since a plugin's own options are not known yet when clang reads its
 * command line. Lines that compile nothing go through as they are. */
#define _XOPEN_SOURCE 700 /* NOLINT(bugprone-reserved-identifier): the name is the standard's */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"

#define PASS_PATH_VARIABLE "VMEMOPT_PASS"
#define PASS_FILE "vmemopt-pass-" VMO_LLVM_MAJOR ".so"
#define RUNTIME_PATH_VARIABLE "VMEMOPT_RUNTIME"
#define RUNTIME_FILE "libvmemrt.a"
#define ADDED_WORDS 9
#define REPORT_SUFFIX ".vmemopt.json"

static vmo_exit refuse(vmo_cli *cli, const char *hint, const char *words, const char *name) {
  vmo_diagnostic *added = vmo_diag_add(cli->context, VMO_DIAG_NO_COMPILER, (vmo_location){0}, "%s %s", name, words);
  if (hint != NULL) vmo_diag_hint(cli->context, added, "%s", hint);
  return VMO_EXIT_USAGE;
}

/* ---- where things are ---- */

static const char *find_pass(vmo_cli *cli) {
  return vmo_find_beside_libraries(cli->context, PASS_PATH_VARIABLE, PASS_FILE);
}

static const char *find_runtime(vmo_cli *cli) {
  return vmo_find_beside_libraries(cli->context, RUNTIME_PATH_VARIABLE, RUNTIME_FILE);
}

/* ---- what it is told ---- */

static void add_word(vmo_text *out, const char *name, const char *value) {
  vmo_text_addf(out, "%s%s", out->count > 0 ? "," : "", name);
  if (value != NULL) vmo_text_add_char(out, '=');
  for (; value != NULL && *value != '\0'; value++) {
    if (*value == ',' || *value == '\\') vmo_text_add_char(out, '\\');
    vmo_text_add_char(out, *value);
  }
}

static void add_size(vmo_text *out, const char *name, vmo_bytes bytes) {
  if (bytes > 0) vmo_text_addf(out, "%s%s=%lld", out->count > 0 ? "," : "", name, (long long)bytes);
}

/* Whether what is made is a file beside which a report can stand: configure scripts compile to /dev/null. */
static bool makes_file(const vmo_driver *driver) {
  struct stat file;
  if (driver->output == NULL) return true;
  if (strcmp(driver->output, "-") == 0) return false;
  return stat(driver->output, &file) != 0 || S_ISREG(file.st_mode);
}

/* What the compiler calls an object that has no -o. */
static void add_object_name(vmo_text *out, const char *source) {
  const char *slash = strrchr(source, '/'), *name = slash != NULL ? slash + 1 : source;
  const char *dot = strrchr(name, '.');
  vmo_text_add_bytes(out, name, dot != NULL ? (size_t)(dot - name) : strlen(name));
  vmo_text_add(out, ".o");
}

/* The report beside what is made. */
static void add_report_path(vmo_text *out, const vmo_driver *driver) {
  vmo_text path;
  vmo_text_init(&path);
  if (driver->output != NULL) {
    vmo_text_add(&path, driver->output);
  } else if (driver->stops_at_object) {
    add_object_name(&path, driver->source);
  } else {
    vmo_text_add(&path, "a.out");
  }
  vmo_text_add(&path, REPORT_SUFFIX);
  if (vmo_text_failed(&path)) {
    out->failed = true;
  } else {
    add_word(out, "json", path.data);
  }
  vmo_text_free(&path);
}

static bool tell_pass(vmo_cli *cli, const vmo_driver *driver) {
  const vmo_options *options = &cli->options;
  const char *former = getenv(VMO_PASS_VARIABLE);
  vmo_text words;
  vmo_text_init(&words);
  if (former != NULL) vmo_text_add(&words, former);
  add_size(&words, "max-stack", options->max_object);
  add_size(&words, "max-frame", options->max_frame);
  if (options->whole_program) add_word(&words, "whole-program", NULL);
  if (options->heaps) add_word(&words, "heaps", NULL);
  if (options->instrument) add_word(&words, "instrument", options->instrument_file);
  for (uint32_t i = 0; i < options->profiles.count; i++) add_word(&words, "profile", options->profiles.data[i]);
  if (options->remarks != NULL) add_word(&words, "remarks", options->remarks);
  if (options->json_path != NULL) add_word(&words, "json", options->json_path);
  if (options->json && options->json_path == NULL && makes_file(driver)) add_report_path(&words, driver);
  bool fine = !vmo_text_failed(&words) && setenv(VMO_PASS_VARIABLE, words.data != NULL ? words.data : "", 1) == 0;
  vmo_text_free(&words);
  return fine;
}

/* A report is of one module: lines that make several at once have none. */
static const char *fault_of_reports(const vmo_options *options, const vmo_driver *driver) {
  bool files = options->json || options->remarks != NULL;
  if (!files || driver->source_count == 0) return NULL;
  return driver->source_count > 1 ? "reports are of one source at a time: compile each by itself, with -c" : NULL;
}

/* ccache knows neither what VMEMOPT_OPTIONS says nor when the pass was built anew: both go into what it tells objects apart by.
 * Where a report is wanted, the compiler has to run. */
static bool tell_ccache(const vmo_options *options, const vmo_driver *driver, const char *pass) {
  struct stat file;
  if (!driver->is_cached || stat(pass, &file) != 0) return true;
  if (options->json || options->remarks != NULL) return setenv("CCACHE_DISABLE", "1", 1) == 0;
  const char *former = getenv("CCACHE_NAMESPACE"), *told = getenv(VMO_PASS_VARIABLE);
  vmo_text name;
  vmo_text_init(&name);
  vmo_text_addf(&name, "%s vmemopt %lld %lld %s", former != NULL ? former : "", (long long)file.st_size,
                (long long)file.st_mtime, told != NULL ? told : "");
  bool fine = !vmo_text_failed(&name) && setenv("CCACHE_NAMESPACE", name.data, 1) == 0;
  vmo_text_free(&name);
  return fine;
}

/* ---- the compiler ---- */

static vmo_exit become(vmo_cli *cli, char **words) {
  execvp(words[0], words);
  const char *reason = strerror(errno);
  vmo_diag_add(cli->context, VMO_DIAG_NO_COMPILER, (vmo_location){0}, "cannot run %s: %s", words[0], reason);
  return VMO_EXIT_USAGE;
}

static char *join(vmo_cli *cli, const char *a, const char *b) {
  size_t first = strlen(a), second = strlen(b);
  char *text = vmo_alloc_array(cli->context, first + second + 1, 1);
  if (text == NULL) return NULL;
  memcpy(text, a, first);
  memcpy(text + first, b, second + 1);
  return text;
}

/* Where heaps are wanted: objects hold bitcode, and the program is made of all of it, with the runtime behind it. What the
 * pass is going to call is named, since no object names it when the archive is read. */
static bool add_heap_words(vmo_cli *cli, const vmo_driver *driver, char **words, int *count) {
  const char *runtime;
  words[(*count)++] = "-flto";
  if (!driver->links) return true;
  if ((runtime = find_runtime(cli)) == NULL) {
    refuse(cli, RUNTIME_PATH_VARIABLE "=FILE in the environment says where it is", "is not where it was installed",
           RUNTIME_FILE);
    return false;
  }
  words[(*count)++] = "-fuse-ld=lld";
  words[(*count)++] =
      cli->options.instrument ? "-Wl,-u,vmr_site_profile_begin" : "-Wl,-u,vmr_heap_create,-u,vmr_bump_refill";
  words[(*count)++] = join(cli, "-Wl,", runtime);
  words[(*count)++] = "-lm";
  return words[*count - 2] != NULL;
}

/* The linker's pass sees the objects that hold LLVM IR: where none does, there is nothing to make heaps for. */
static void warn_of_machine_code(vmo_cli *cli, const vmo_driver *driver) {
  if (!driver->links || driver->source_count > 0 || driver->bitcode_count > 0 || driver->other_count > 0) return;
  if (driver->machine_object == NULL) return;
  vmo_diagnostic *added =
      vmo_diag_add(cli->context, VMO_DIAG_NO_HEAPS, (vmo_location){0},
                   "no heap is made: %s holds machine code, and so do all objects", driver->machine_object);
  vmo_diag_hint(cli->context, added, "compile by vmemopt cc --heaps, too: objects hold LLVM IR then");
  vmo_print_diagnostics(cli);
}

static vmo_exit run_with_pass(vmo_cli *cli, const vmo_driver *driver, bool compiles) {
  const vmo_options *options = &cli->options;
  const char *fault = fault_of_reports(options, driver);
  if (fault != NULL) return vmo_usage_error(cli, NULL, "%s", fault);
  if (driver->other_compiler != NULL)
    return refuse(cli,
                  "the compiler is to be clang of LLVM " VMO_LLVM_MAJOR ", as in vmemopt cc -- clang-" VMO_LLVM_MAJOR,
                  "has no passes of LLVM", driver->other_compiler);
  const char *pass = find_pass(cli);
  if (pass == NULL)
    return refuse(cli, PASS_PATH_VARIABLE "=FILE in the environment says where it is", "is not where it was installed",
                  PASS_FILE);
  char **words = vmo_alloc_array(cli->context, (size_t)options->compiler_count + ADDED_WORDS, sizeof *words);
  if (words == NULL || !tell_pass(cli, driver) || !tell_ccache(options, driver, pass)) return VMO_EXIT_INTERNAL;
  int count = options->compiler_count;
  memcpy(words, options->compiler, (size_t)count * sizeof *words);
  if (compiles && (words[count++] = join(cli, "-fpass-plugin=", pass)) == NULL) return VMO_EXIT_INTERNAL;
  if (options->heaps && !add_heap_words(cli, driver, words, &count)) return VMO_EXIT_USAGE;
  if ((driver->links_bitcode || (options->heaps && driver->links)) &&
      (words[count++] = join(cli, "-Wl,--load-pass-plugin=", pass)) == NULL)
    return VMO_EXIT_INTERNAL;
  words[count] = NULL;
  if (options->heaps) warn_of_machine_code(cli, driver);
  return become(cli, words);
}

vmo_exit vmo_run_cc_command(vmo_cli *cli) {
  vmo_driver driver;
  if (!vmo_read_driver(cli->context, cli->options.compiler, cli->options.compiler_count, &driver))
    return VMO_EXIT_INPUT;
  if (driver.compiler == NULL) return vmo_usage_error(cli, NULL, "cc needs a compiler");
  bool compiles = driver.source_count > 0 && !driver.stops_early;
  if (compiles || driver.links_bitcode || (cli->options.heaps && driver.links))
    return run_with_pass(cli, &driver, compiles);
  return become(cli, cli->options.compiler);
}
