/* commands.c: the one table of commands. */
#include <string.h>

#include "cli/cli.h"

const vmo_command vmo_commands[] = {
    {"check", vmo_run_check_command, "FILE", "read a program and say what is wrong with it",
     "Reads VMIR text, checks every rule of the language, and says what is wrong with it.\n"
     "With --dim, the sizes that follow are checked too. A CSV of buffers is checked as well.",
     VMO_CHECK, VMO_ONE_INPUT},
    {"analyze", vmo_run_analyze_command, "FILE...", "report where the memory of a program goes",
     "Plans a program's memory and reports it: totals, peaks, what is overwritten in place and why not,\n"
     "what shares a slot, which copies are needed. The program is taken as it is written; -O2 improves it\n"
     "first. docs/report.md defines each figure. Of modules of LLVM IR, one or several that make one\n"
     "program, it tells for every allocation site where its memory goes (docs/llvm.md).",
     VMO_ANALYZE, VMO_SEVERAL_INPUTS},
    {"opt", vmo_run_opt_command, "FILE...", "write a program back with its memory plan in it",
     "Plans a program's memory and writes the program with its plan, as VMIR text that parses back.\n"
     "With --passes=none it is written as it was parsed. With --dim, the dims get these values in the\n"
     "program, since the plan holds for them alone. Over --max-peak, no program is written. Modules of\n"
     "LLVM IR become one, whose heap objects are on the stack where they can be (docs/llvm.md).",
     VMO_OPT, VMO_SEVERAL_INPUTS},
    {"plan", vmo_run_plan_command, "FILE", "place buffers of a CSV in one arena or in several spaces",
     "Reads a CSV with a row for each buffer, id,lower,upper,size, live in [lower, upper), and optional\n"
     "columns alignment, offset (fixed), gaps, colocated, apart, spaces and space (docs/cli.md); writes it\n"
     "back with the offset of each, and with --space the space. A summary goes to standard output when the\n"
     "CSV goes to a file, and to standard error otherwise. When the buffers do not fit the --capacity or\n"
     "the spaces, no CSV is written. With --validate nothing is placed: the output is a report on the\n"
     "placement of somebody else.",
     VMO_PLAN, VMO_ONE_INPUT},
    {"run", vmo_run_run_command, "FILE [FUNCTION]", "run a function and show or write its results",
     "Runs a function of a program on arguments that --arg and --graph give, and shows what its results\n"
     "are; --out writes them as NumPy's .npy files. Dims get their values from --dim or from the sizes of\n"
     "arguments. A state that gets no argument begins as zeros. FUNCTION may be left out when there is one\n"
     "that no other calls. docs/run.md tells more.",
     VMO_RUN, VMO_INPUT_AND_FUNCTION},
    {"compile", vmo_run_compile_command, "FILE", "make an object file of a program, and a C header for it",
     "Plans a program's memory and compiles it to code that computes in one arena: an object file to link with\n"
     "libvmemrt, or what --emit names. --header writes the C functions that it holds. Dims that have no value\n"
     "become arguments of these. docs/abi.md tells what the functions expect and give.",
     VMO_COMPILE, VMO_ONE_INPUT},
    {"cc", vmo_run_cc_command, "[--] COMPILER ARGUMENT...", "run clang with the pass that takes objects off the heap",
     "Runs a command line of clang, as a build has it, with vmemopt's pass added where something is compiled\n"
     "from -O1 on, or linked by lld with -flto. Its outputs, messages and exit code are the compiler's. With\n"
     "--json, the report on OBJECT goes to OBJECT.vmemopt.json. Options follow cc; the first word that is none\n"
     "is the compiler. docs/llvm.md shows it in CMake and in Make.",
     VMO_CC, VMO_COMMAND_LINE},
    {"report", vmo_run_report_command, "FILE...", "join what cc reported of objects to one report",
     "Reads JSON reports, of which an OBJECT stands for its OBJECT.vmemopt.json, and writes one that has the\n"
     "functions of all: a table of what was done with each allocation site, or with --json the whole.",
     VMO_REPORT, VMO_SEVERAL_INPUTS},
    {"ops", vmo_run_ops_command, "[NAME]", "list the ops of VMIR, or tell about one",
     "Lists the table of ops, or tells about one: operands, result, what it may overwrite.", VMO_OPS, VMO_MAYBE_A_WORD},
    {"explain", vmo_run_explain_command, "[CODE]", "tell about a diagnostic such as E0601",
     "Tells what a diagnostic means and what to do, or lists all of them.", VMO_EXPLAIN, VMO_MAYBE_A_WORD},
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
