/* help.c: --help, printed from the tables of commands and options. */
#include <string.h>

#include "cli/cli.h"

#define COLUMN_OF_HELP 30
#define WIDTH_OF_HELP 100

static void add_padded(vmo_text *out, const char *word, size_t width) {
  size_t length = strlen(word);
  vmo_text_add(out, word);
  vmo_text_add_repeat(out, ' ', length < width ? width - length : 1);
}

void vmo_print_help(vmo_text *out) {
  vmo_text_add(out,
               "vmemopt " VMO_VERSION ": finds where a program's memory goes and plans the smallest layout for it.\n\n"
               "usage: vmemopt COMMAND [OPTION...] [FILE]\n\n");
  for (size_t i = 0; i < vmo_command_count; i++) {
    vmo_text_add(out, "  ");
    add_padded(out, vmo_commands[i].name, 10);
    vmo_text_addf(out, "%s\n", vmo_commands[i].summary);
  }
  vmo_text_add(out,
               "\n"
               "  --help, -h    show this help; vmemopt COMMAND --help, or help COMMAND: the options of a command\n"
               "  --version     show the version\n\n"
               "A FILE of - is standard input; what an input is, is told by its content.\n\n"
               "exit code: 0 fine, 1 error in the input or output, 2 wrong usage, 3 over budget or does not fit,\n"
               "           4 internal error or out of memory\n");
}

/* What it does; `of_one` is put before: of a command that reads VMIR and LLVM IR, an option for VMIR alone. */
static void add_help(const vmo_option_info *info, bool of_one, vmo_text *out) {
  vmo_text words;
  vmo_text_init(&words);
  vmo_text_addf(&words, "%s%s", of_one ? "VMIR: " : "", info->help);
  if (!vmo_text_failed(&words)) vmo_text_add_wrapped(out, words.data, COLUMN_OF_HELP, WIDTH_OF_HELP);
  vmo_text_free(&words);
}

static void print_option(const vmo_option_info *info, bool of_one, vmo_text *out) {
  vmo_text left;
  vmo_text_init(&left);
  vmo_text_add(&left, "  ");
  if (info->letter != 0) vmo_text_addf(&left, "-%c, ", info->letter);
  vmo_text_addf(&left, "--%s", info->name);
  if (info->form == VMO_FORM_VALUE) vmo_text_addf(&left, " %s", info->argument);
  if (info->form == VMO_FORM_MAYBE) vmo_text_addf(&left, "[=%s]", info->argument);
  if (!vmo_text_failed(&left)) add_padded(out, left.data, COLUMN_OF_HELP);
  if (left.count >= COLUMN_OF_HELP) {
    vmo_text_add_char(out, '\n');
    vmo_text_add_repeat(out, ' ', COLUMN_OF_HELP);
  }
  add_help(info, of_one, out);
  vmo_text_free(&left);
}

void vmo_add_names(vmo_text *out, const char *const *names) {
  for (size_t i = 0; names[i] != NULL; i++) vmo_text_addf(out, "%s%s", i > 0 ? ", " : "", names[i]);
}

static void print_names(const char *title, const char *const *names, vmo_text *out) {
  vmo_text list;
  vmo_text_init(&list);
  vmo_add_names(&list, names);
  vmo_text_addf(out, "  %-*s", COLUMN_OF_HELP - 2, title);
  if (!vmo_text_failed(&list)) vmo_text_add_wrapped(out, list.data, COLUMN_OF_HELP, WIDTH_OF_HELP);
  vmo_text_free(&list);
}

void vmo_print_command_help(const vmo_command *command, vmo_text *out) {
  bool reads_both = (command->bit & (VMO_ANALYZE | VMO_OPT)) != 0;
  vmo_text_addf(out, "usage: vmemopt %s [OPTION...] %s\n\n%s\n\noptions:\n", command->name, command->argument,
                command->description);
  for (int id = 0; id < VMO_OPTION_COUNT; id++) {
    bool of_one = reads_both && vmo_kinds_of_option((vmo_option_id)id) == VMO_INPUT_VMIR;
    if ((vmo_option_infos[id].commands & command->bit) != 0) print_option(&vmo_option_infos[id], of_one, out);
  }
  if ((vmo_option_infos[VMO_OPTION_PASSES].commands & command->bit) == 0) return;
  vmo_text_add(out, "\nnames:\n");
  print_names("passes, in their order", vmo_pass_names(), out);
  print_names("dumps", vmo_dump_names(), out);
}
