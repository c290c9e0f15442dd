/* cli.h: what the files of the tool share.
 *
 *   main.c       finds the command          commands.c  the table of commands
 *   options.c    the table of options       apply.c     one option, checked
 *   cmd_*.c      one command each           config.c    the same options from a JSON file
 *   load.c       input to a planned module  help.c      --help, printed from the tables
 *   input.c      bytes and their kind       finish.c    reports, product, exit code
 *   llvm_ir.c    analyze and opt of LLVM IR pass.c      the same inside of clang, opt or lld
 *   cmd_cc.c     a compiler with that pass  driver.c    what its arguments say
 *   output.c     atomic writing             terminal.c  width, colour, progress
 *   beside.c     files of an installation   llvm_module.c  what needs LLVM, opened when it is asked for
 *   run_*.c      arguments, engines and results of `run` (run.h)
 *
 * This is the only folder that prints, reads files and knows exit codes. */
#ifndef VMO_CLI_CLI_H
#define VMO_CLI_CLI_H

#include "passes/passes.h"
#include "planner/planner.h"
#include "support/context.h"
#include "support/diag.h"
#include "support/text.h"
#include "support/vec.h"
#include "llvm/llvm.h"

typedef enum vmo_exit {
  VMO_EXIT_FINE = 0,
  VMO_EXIT_INPUT = 1,    /* an error in the input, or an output that cannot be written */
  VMO_EXIT_USAGE = 2,    /* the command line or the configuration file is wrong */
  VMO_EXIT_BUDGET = 3,   /* over --max-peak, or beyond --capacity */
  VMO_EXIT_INTERNAL = 4, /* a bug, or out of memory */
  VMO_EXIT_NONE = -1     /* go on */
} vmo_exit;

/* ---- commands ---- */

typedef enum vmo_command_set {
  VMO_CHECK = 1,
  VMO_ANALYZE = 2,
  VMO_OPT = 4,
  VMO_PLAN = 8,
  VMO_OPS = 16,
  VMO_EXPLAIN = 32,
  VMO_RUN = 64,
  VMO_COMPILE = 128,
  VMO_CC = 256,
  VMO_REPORT = 512
} vmo_command_set;

/* What a command takes besides options. */
typedef enum vmo_operands {
  VMO_ONE_INPUT,
  VMO_MAYBE_A_WORD,
  VMO_INPUT_AND_FUNCTION, /* the function's name may be left out */
  VMO_SEVERAL_INPUTS,     /* at least one */
  VMO_COMMAND_LINE        /* what follows the first is not looked at */
} vmo_operands;

struct vmo_cli;

typedef struct vmo_command {
  const char *name;
  vmo_exit (*run)(struct vmo_cli *cli);
  const char *argument;    /* "FILE", "[NAME]" */
  const char *summary;     /* half a line */
  const char *description; /* for --help, lines of at most 100 columns */
  vmo_command_set bit;
  vmo_operands operands;
} vmo_command;

extern const vmo_command vmo_commands[];
extern const size_t vmo_command_count;

/* The command of that name, or NULL; and the name most like it, or NULL. */
const vmo_command *vmo_find_command(const char *name);
const char *vmo_nearest_command(const char *name);

/* ---- options ---- */

typedef enum vmo_option_id {
#define OPTION(id, ...) VMO_OPTION_##id,
#include "cli/options.def"
#undef OPTION
  VMO_OPTION_COUNT
} vmo_option_id;

typedef enum vmo_option_form { VMO_FORM_FLAG, VMO_FORM_VALUE, VMO_FORM_MAYBE } vmo_option_form;

typedef struct vmo_option_info {
  const char *name;
  char letter; /* 0: none */
  vmo_option_form form;
  const char *argument;
  unsigned commands; /* a sum of vmo_command_set */
  const char *help;
} vmo_option_info;

extern const vmo_option_info vmo_option_infos[VMO_OPTION_COUNT];

/* Where a setting comes from; the later goes before the earlier. */
typedef enum vmo_setting_level { VMO_LEVEL_CONFIG, VMO_LEVEL_COMMAND_LINE } vmo_setting_level;

typedef struct vmo_dim_setting {
  const char *name;
  int64_t value;
  vmo_setting_level level;
} vmo_dim_setting;

typedef struct vmo_budget {
  const char *space; /* NULL: all spaces together */
  vmo_bytes bytes;
  vmo_setting_level level;
} vmo_budget;

/* NAME=VALUE of --arg. */
typedef struct vmo_argument_setting {
  const char *name, *value;
  vmo_setting_level level;
} vmo_argument_setting;

/* What compile writes; in the order of the words of --emit. */
typedef enum vmo_emit_choice {
  VMO_EMIT_OBJECT,
  VMO_EMIT_LLVM,
  VMO_EMIT_BITCODE,
  VMO_EMIT_ASSEMBLY,
  VMO_EMIT_C_HEADER
} vmo_emit_choice;

/* Products of matrices through CBLAS; auto: where this machine has one. */
typedef enum vmo_blas_choice { VMO_BLAS_DEFAULT, VMO_BLAS_AUTO, VMO_BLAS_ON, VMO_BLAS_OFF } vmo_blas_choice;

typedef enum vmo_engine_choice { VMO_ENGINE_DEFAULT, VMO_ENGINE_JIT, VMO_ENGINE_REFERENCE } vmo_engine_choice;

typedef enum vmo_colour_choice { VMO_COLOUR_AUTO, VMO_COLOUR_ALWAYS, VMO_COLOUR_NEVER } vmo_colour_choice;

typedef struct vmo_options {
  const char *input;                 /* NULL: none was given; "-": standard input */
  const char *function;              /* of run; NULL: none was given */
  VMO_VEC(const char *) more_inputs; /* those after the first */
  char **compiler;                   /* of cc: the words of its command line */
  int compiler_count;
  const char *output;
  bool text;
  bool json;             /* asked for, with or without a file */
  const char *json_path; /* NULL: in place of the text */
  vmo_setting_level text_level, json_level;
  bool summary, full, full_timeline;
  VMO_VEC(vmo_dim_setting) dims;
  VMO_VEC(uint32_t) dim_places; /* by the symbol of a name: the dim's place among them, plus 1; 0: none */
  uint32_t alignment;           /* 0: the default */
  VMO_VEC(vmo_budget) budgets;
  bool results_in_caller;
  uint32_t optimise;
  vmo_emit_choice emit;
  vmo_blas_choice blas;
  uint32_t llvm_level;
  bool llvm_level_given, instrument, optimise_given;
  const char *target, *cpu, *features, *prefix, *header;
  const char *passes, *dump;
  vmo_bytes capacity; /* -1: none */
  bool minimise;
  VMO_VEC(vmo_space) spaces;
  vmo_setting_level space_level;
  double time_limit; /* seconds; 0: none */
  uint32_t threads;  /* 0: the default */
  int64_t seed;
  const char *previous, *validated, *svg; /* files of plan */
  vmo_bytes max_object, max_frame;        /* of LLVM IR; 0: the default */
  bool whole_program, heaps;
  const char *instrument_file; /* that the instrumented program writes; NULL: the default */
  VMO_VEC(const char *) profiles;
  vmo_setting_level profile_level;
  const char *site_file; /* of --explain-site; NULL: none */
  size_t site_file_length;
  uint32_t site_line;
  const char *remarks;
  bool ascii;
  VMO_VEC(vmo_argument_setting) arguments;
  VMO_VEC(const char *) graphs, outs, libraries; /* as they were given */
  enum { VMO_MEASURE_NOT, VMO_MEASURE_JIT, VMO_MEASURE_BOTH } measure;
  const char *trace;
  int64_t calls; /* 0: the default */
  vmo_engine_choice engine;
  const char *depfile, *config;
  vmo_colour_choice colour;
  uint32_t width; /* 0: that of the terminal */
  bool help, version;
  bool given[VMO_OPTION_COUNT]; /* on the command line */
} vmo_options;

typedef enum vmo_input_kind {
  VMO_INPUT_UNSUPPORTED = 0,
  VMO_INPUT_VMIR = 1,
  VMO_INPUT_CSV = 2,
  VMO_INPUT_LLVM = 4
} vmo_input_kind;

/* Everything of one run. */
typedef struct vmo_cli {
  vmo_context *context;
  const vmo_command *command;
  vmo_options options;
  /* Where the outputs go: a path, "-", or NULL for none. (options.c) */
  const char *product_path, *text_path, *json_path;
  bool text_to_error; /* the text report goes to standard error */
  char *source;       /* the input's bytes, malloc'ed */
  char *config_source;
  char *other_source; /* of --from, --validate or --profile */
  vmo_input_kind input_kind;
  uint32_t printed; /* diagnostics that were printed already */
  vmo_module *module;
  vmo_binding binding;
  vmo_module_facts *facts;
  vmo_context *call_context;   /* of vmo_plan_for_calls; NULL: none */
  vmo_ll_program *program;     /* LLVM IR */
  const vmo_site_facts *sites; /* of that; NULL: none */
  vmo_text dump;
} vmo_cli;

/* Reads the arguments after the command's name. A fault has left a diagnostic. */
bool vmo_parse_options(vmo_cli *cli, int count, char **arguments);
/* What --heaps, --instrument and --profile need of each other. A fault has left a diagnostic. */
bool vmo_check_heap_options(vmo_cli *cli);
/* Gives an option a value; `value` is NULL where it has none. A fault has left a diagnostic. */
bool vmo_apply_option(vmo_cli *cli, vmo_option_id option, const char *value, vmo_setting_level level);
/* Reads the file of --config and applies it. (config.c) */
bool vmo_read_config(vmo_cli *cli);
/* Applies the text of a configuration, NUL-terminated at `length`, which is the context's source. */
bool vmo_apply_config(vmo_cli *cli, const char *text, size_t length);
/* Where a configuration (NULL: nowhere) has that key. */
vmo_location vmo_locate_key(const char *text, const char *key);
/* The option of that name (without dashes), or VMO_OPTION_COUNT; and the one most like it, or NULL. */
vmo_option_id vmo_find_option(const char *name, size_t length);
const char *vmo_nearest_option(const char *name, unsigned commands);
/* One NAME[=SIZE][:align=N][:cost=N] of --space; --time-limit, --threads, --seed. (apply_plan.c) */
bool vmo_apply_space(vmo_cli *cli, vmo_setting_level level, const char *text, size_t length);
bool vmo_apply_time_limit(vmo_cli *cli, vmo_setting_level level, const char *value);
bool vmo_apply_threads(vmo_cli *cli, vmo_setting_level level, const char *value);
bool vmo_apply_seed(vmo_cli *cli, vmo_setting_level level, const char *value);
/* Those of run. (apply_run.c) */
bool vmo_apply_argument(vmo_cli *cli, vmo_setting_level level, const char *value);
bool vmo_apply_calls(vmo_cli *cli, vmo_setting_level level, const char *value);
bool vmo_apply_engine(vmo_cli *cli, vmo_setting_level level, const char *value);
bool vmo_apply_blas(vmo_cli *cli, vmo_setting_level level, const char *value);
bool vmo_apply_measure(vmo_cli *cli, vmo_setting_level level, const char *value);
/* An error about an option, which is named as it was written. Returns false. */
bool vmo_option_fault(vmo_cli *cli, vmo_setting_level level, vmo_option_id option, const char *format, ...)
    VMO_PRINTF(4, 5);
/* A whole number below 2^53, decimal, without a sign. */
bool vmo_parse_count(const char *text, size_t length, int64_t *number);
/* "64MiB", "1000", "2kB" to bytes below 2^53; false for anything else. `length` of `text`. */
bool vmo_parse_bytes(const char *text, size_t length, vmo_bytes *bytes);

/* Whether two paths name one place, be it under two names; NULL is none. */
bool vmo_is_same_file(const char *a, const char *b);

/* An error about the command line, and maybe a hint. Returns VMO_EXIT_USAGE. */
vmo_exit vmo_usage_error(vmo_cli *cli, const char *hint, const char *format, ...) VMO_PRINTF(3, 4);

/* ---- help (help.c) ---- */

void vmo_print_help(vmo_text *out);
void vmo_print_command_help(const vmo_command *command, vmo_text *out);
/* "name, name, ..." of a NULL-terminated list. */
void vmo_add_names(vmo_text *out, const char *const *names);

/* ---- input (input.c) ---- */

/* Reads a file whole, or standard input for "-", NUL-terminated, malloc'ed. NULL after a diagnostic. */
char *vmo_read_file(vmo_context *context, const char *path, size_t *length);

/* What the bytes look like; of an unsupported kind, `*looks_like` says what ("LLVM bitcode"). */
vmo_input_kind vmo_detect_kind(const char *text, size_t length, const char **looks_like);
/* Reads the input of the command and makes it the context's source; it must be of a kind wanted, a sum of kinds. */
vmo_status vmo_load_input(vmo_cli *cli, unsigned wanted);
/* An error when what was read of `path`, a further input, is no module of LLVM IR. */
vmo_status vmo_refuse_foreign_module(vmo_cli *cli, const char *path, const char *text, size_t length);
/* The kinds of input that an option of analyze and opt is for, a sum. */
unsigned vmo_kinds_of_option(vmo_option_id option);
/* An error when the command line has an option that is for another kind than the input's: it would do nothing. */
bool vmo_check_option_kinds(vmo_cli *cli);
/* An error when there are several: only modules of LLVM IR are linked. */
vmo_status vmo_refuse_more_inputs(vmo_cli *cli);

/* ---- the module (load.c) ---- */

/* Reads the input, parses and verifies it, binds its dims. */
vmo_status vmo_load_module(vmo_cli *cli);
/* As above, of an input that was read already. */
vmo_status vmo_parse_loaded(vmo_cli *cli);
/* How the command plans, by its options. */
vmo_plan_options vmo_make_plan_options(vmo_cli *cli);
/* Whether any function calls another one, or itself. */
bool vmo_has_calls(const vmo_module *module);
/* Plans it. */
vmo_status vmo_plan_loaded(vmo_cli *cli);
/* The same program, planned with results in the caller's bytes, when its functions call each other; *callees is NULL where
 * there is no need. It lives as long as the run. */
vmo_status vmo_plan_for_calls(vmo_cli *cli, vmo_module **callees);
/* VMO_DOES_NOT_FIT when an arena is over a budget. */
vmo_status vmo_test_budgets(vmo_cli *cli);

/* ---- LLVM IR (llvm_ir.c) ---- */

/* The whole of `analyze`, or with `rewrite` of `opt`, for an input of that kind that was loaded. */
vmo_exit vmo_run_llvm(vmo_cli *cli, bool rewrite);
/* FILE:LINE of --explain-site. */
bool vmo_apply_site(vmo_cli *cli, vmo_setting_level level, const char *value);
/* What the options ask for. */
vmo_ll_options vmo_make_llvm_options(const vmo_options *options);
/* Reads the files of --profile, and adds them up; NULL when none was given. (profile.c) */
vmo_status vmo_read_profile(vmo_cli *cli, const vmo_heap_profile **profile);
/* Writes the sites as remarks: vmo_writers.file. */
void vmo_write_remarks_file(const vmo_cli *cli, void *user, uint32_t file, vmo_text *out);

/* ---- an installation (beside.c) ---- */

/* The path of a file that stands beside the libraries; NULL: it is not there. Where the environment has `variable`, which
 * may be NULL, that names the file. */
const char *vmo_find_beside_libraries(vmo_context *context, const char *variable, const char *file);

/* ---- a compiler's command line (driver.c) ---- */

#define VMO_PASS_VARIABLE "VMEMOPT_OPTIONS"

/* What is known of one. */
typedef struct vmo_driver {
  const char *compiler;       /* its word, behind ccache; NULL: there is none */
  const char *other_compiler; /* "gcc", when it is one without passes; NULL: it is clang or not known */
  uint32_t source_count;      /* inputs that are compiled */
  const char *source;         /* the first of them */
  uint32_t bitcode_count;     /* inputs that hold LLVM IR, for the linker */
  uint32_t other_count;       /* inputs that may */
  const char *machine_object; /* the first that holds machine code; NULL: none */
  const char *output;         /* of -o; NULL: none */
  bool stops_at_object;       /* -c or -S */
  bool stops_early;           /* nothing is compiled: -E, -fsyntax-only, -M */
  bool links;                 /* a program or library is made */
  bool links_bitcode;         /* -flto, of whole modules, by lld */
  bool is_cached;             /* ccache stands before it */
} vmo_driver;

/* Reads it; a fault (a response file that cannot be read) has left a diagnostic. */
bool vmo_read_driver(vmo_context *context, char *const *words, int count, vmo_driver *driver);

/* ---- output (output.c) ---- */

typedef struct vmo_output {
  const char *path;      /* as it was given */
  const char *target;    /* the file to replace; NULL: written directly */
  const char *temporary; /* the file beside it that is written */
  int file;              /* -1: not open */
  int error;             /* errno of the first failure; 0: none */
  vmo_text text;         /* write to this */
} vmo_output;

/* Begins an output; a fault has left a diagnostic. */
bool vmo_open_output(vmo_context *context, vmo_output *output, const char *path);
/* Writes what is buffered and closes the file; nothing stands at its place yet. A fault has left a diagnostic. */
bool vmo_close_output(vmo_context *context, vmo_output *output);
/* Puts a closed file in its place. */
bool vmo_commit_output(vmo_context *context, vmo_output *output);
/* Removes what was begun; after a commit there is nothing to do. */
void vmo_discard_output(vmo_output *output);
/* True for "-" and its other names. */
bool vmo_is_standard_output(const char *path);

/* Called first: standard files that are closed must not be taken by files that are opened later. */
void vmo_occupy_standard_files(void);

/* ---- the end of a command (finish.c) ---- */

/* Who writes the product or the text of a command that has others than those of a module. */
typedef struct vmo_writers {
  void (*product)(const vmo_cli *cli, void *user, vmo_text *out); /* NULL: no product */
  void (*text)(const vmo_cli *cli, void *user, vmo_text *out);    /* NULL: the report */
  void (*json)(const vmo_cli *cli, void *user, vmo_text *out);    /* NULL: the report */
  bool faulty;                                                    /* an input error that has a text all the same */
  const void *placement;                                          /* vmo_placement_report of `plan`, or NULL */
  const char *const *files;                                       /* more files, written when all is fine */
  uint32_t file_count;
  void (*file)(const vmo_cli *cli, void *user, uint32_t index, vmo_text *out);
  void *user;
} vmo_writers;

/* Prints the diagnostics, writes every output that `status` allows, and gives the exit code. */
vmo_exit vmo_finish(vmo_cli *cli, vmo_status status, const vmo_writers *writers);
/* As vmo_finish for a command whose only output is this text. */
vmo_exit vmo_finish_text(vmo_cli *cli, const vmo_text *text);
/* Prints the diagnostics that were not printed yet to standard error. */
void vmo_print_diagnostics(vmo_cli *cli);

/* ---- the terminal (terminal.c) ---- */

/* Whether to use colours on this file descriptor, and how many columns it has. */
bool vmo_use_colour(const vmo_options *options, int file);
uint32_t vmo_text_width(const vmo_options *options, int file);
bool vmo_use_unicode(int file);
/* The callback of vmo_plan_options: a bar on standard error, when that is a terminal and a second has gone by. */
void vmo_show_progress(void *user, const char *stage, uint64_t done, uint64_t total);
/* Whether there is a terminal for it. */
bool vmo_has_progress(void);
void vmo_clear_progress(void);
/* The same of vmo_solve_options: best height, bound and nodes in one line. */
void vmo_show_search(void *user, const vmo_progress *search);

/* ---- commands ---- */

vmo_exit vmo_run_check_command(vmo_cli *cli);
vmo_exit vmo_run_analyze_command(vmo_cli *cli);
vmo_exit vmo_run_opt_command(vmo_cli *cli);
vmo_exit vmo_run_plan_command(vmo_cli *cli);
vmo_exit vmo_run_run_command(vmo_cli *cli);
vmo_exit vmo_run_compile_command(vmo_cli *cli);
vmo_exit vmo_run_cc_command(vmo_cli *cli);
vmo_exit vmo_run_report_command(vmo_cli *cli);
vmo_exit vmo_run_ops_command(vmo_cli *cli);
vmo_exit vmo_run_explain_command(vmo_cli *cli);

#endif
