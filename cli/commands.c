/* commands.c: the one table of commands. */
#include <string.h>

#include "cli/cli.h"

const vmo_command vmo_commands[] = {
    {"check", vmo_run_check_command, "FILE", "read a program and say what is wrong with it",
     "Reads VMIR text, checks every rule of the language, and says what is wrong with it.\n"
     "With --dim, the sizes that follow are checked too. A CSV of buffers is checked as well.",
     VMO_CHECK, false, false},
    {"analyze", vmo_run_analyze_command, "FILE", "report where the memory of a program goes",
     "Plans a program's memory and reports it: totals, peaks, what is overwritten in place and why not,\n"
     "what shares a slot, which copies are needed. The program is taken as it is written; -O2 improves it\n"
     "first. docs/report.md defines each figure.",
     VMO_ANALYZE, false, false},
    {"opt", vmo_run_opt_command, "FILE", "write a program back with its memory plan in it",
     "Plans a program's memory and writes the program with its plan, as VMIR text that parses back.\n"
     "With --passes=none it is written as it was parsed. With --dim, the dims get these values in the\n"
     "program, since the plan holds for them alone. Over --max-peak, no program is written.",
     VMO_OPT, false, false},
    {"plan", vmo_run_plan_command, "FILE", "place buffers of a CSV in one arena or in several spaces",
     "Reads a CSV with a row for each buffer, id,lower,upper,size, live in [lower, upper), and optional\n"
     "columns alignment, offset (fixed), gaps, colocated, apart, spaces and space (docs/cli.md); writes it\n"
     "back with the offset of each, and with --space the space. A summary goes to standard output when the\n"
     "CSV goes to a file, and to standard error otherwise. When the buffers do not fit the --capacity or\n"
     "the spaces, no CSV is written. With --validate nothing is placed: the output is a report on the\n"
     "placement of somebody else.",
     VMO_PLAN, false, false},
    {"run", vmo_run_run_command, "FILE [FUNCTION]", "run a function and show or write its results",
     "Runs a function of a program on arguments that --arg and --graph give, and shows what its results\n"
     "are; --out writes them as NumPy's .npy files. Dims get their values from --dim or from the sizes of\n"
     "arguments. A state that gets no argument begins as zeros. FUNCTION may be left out when there is one\n"
     "that no other calls. docs/run.md tells more.",
     VMO_RUN, false, true},
    {"compile", vmo_run_compile_command, "FILE", "make an object file of a program, and a C header for it",
     "Plans a program's memory and compiles it to code that computes in one arena: an object file to link with\n"
     "libvmemrt, or what --emit names. --header writes the C functions that it holds. Dims that have no value\n"
     "become arguments of these. docs/abi.md tells what the functions expect and give.",
     VMO_COMPILE, false, false},
    {"ops", vmo_run_ops_command, "[NAME]", "list the ops of VMIR, or tell about one",
     "Lists the table of ops, or tells about one: operands, result, what it may overwrite.", VMO_OPS, true, false},
    {"explain", vmo_run_explain_command, "[CODE]", "tell about a diagnostic such as E0601",
     "Tells what a diagnostic means and what to do, or lists all of them.", VMO_EXPLAIN, true, false},
};
const size_t vmo_command_count = sizeof vmo_commands / sizeof *vmo_commands;

const vmo_command *vmo_find_command(const char *name) {
  for (size_t i = 0; i < vmo_command_count; i++) {
    if (strcmp(vmo_commands[i].name, name) == 0) return &vmo_commands[i];
  }
  return NULL;
}

const char *vmo_nearest_command(const char *name) {
  const char *names[sizeof vmo_commands / sizeof *vmo_commands];
  for (size_t i = 0; i < vmo_command_count; i++) names[i] = vmo_commands[i].name;
  return vmo_nearest_word(name, names, vmo_command_count);
}
