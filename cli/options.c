/* options.c: the arguments of a command, read by the table of options.
 *
 *   analyze --dim N=8 -o out.txt in.vmir   →   settings (DIM, "N=8") (OUTPUT, "out.txt"), input "in.vmir"
 *
 * The arguments are first cut into settings, then those of the configuration file are applied, then they: so the
 * command line goes before the file wherever it stands. Applying one setting is a row's function in apply.c. */
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cli.h"

enum {
  CHECK = VMO_CHECK,
  ANALYZE = VMO_ANALYZE,
  OPT = VMO_OPT,
  PLAN = VMO_PLAN,
  RUN = VMO_RUN,
  COMPILE = VMO_COMPILE,
  OPS = VMO_OPS,
  EXPLAIN = VMO_EXPLAIN,
  CC = VMO_CC,
  REPORT = VMO_REPORT,
  MODULES = CHECK | ANALYZE | OPT,
  INPUTS = MODULES | PLAN,
  ALL = INPUTS | RUN | COMPILE | OPS | EXPLAIN | REPORT
};

const vmo_option_info vmo_option_infos[VMO_OPTION_COUNT] = {
#define OPTION(id, name, letter, form, argument, commands, help) \
  {name, letter, VMO_FORM_##form, argument, commands, help},
#include "cli/options.def"
#undef OPTION
};

typedef struct setting {
  vmo_option_id option;
  const char *value; /* NULL: none */
} setting;

typedef VMO_VEC(setting) setting_list;

vmo_exit vmo_usage_error(vmo_cli *cli, const char *hint, const char *format, ...) {
  vmo_text message;
  va_list arguments;
  vmo_text_init(&message);
  va_start(arguments, format);
  vmo_text_addv(&message, format, arguments);
  va_end(arguments);
  vmo_diagnostic *added =
      vmo_diag_add(cli->context, VMO_DIAG_USAGE, (vmo_location){0}, "%s", message.data != NULL ? message.data : format);
  vmo_text_free(&message);
  if (hint != NULL) {
    vmo_diag_hint(cli->context, added, "%s", hint);
  } else if (cli->command != NULL) {
    vmo_diag_hint(cli->context, added, "vmemopt %s --help shows how it is used", cli->command->name);
  } else {
    vmo_diag_hint(cli->context, added, "vmemopt --help lists the commands");
  }
  return VMO_EXIT_USAGE;
}

vmo_option_id vmo_find_option(const char *name, size_t length) {
  int id = 0;
  while (id < VMO_OPTION_COUNT &&
         (strlen(vmo_option_infos[id].name) != length || strncmp(vmo_option_infos[id].name, name, length) != 0)) {
    id++;
  }
  if (id < VMO_OPTION_COUNT) return (vmo_option_id)id;
  if (length == 5 && strncmp(name, "color", length) == 0) return VMO_OPTION_COLOUR;
  if (length == 8 && strncmp(name, "minimise", length) == 0) return VMO_OPTION_MINIMIZE;
  return VMO_OPTION_COUNT;
}

static vmo_option_id find_letter(char letter) {
  int id = 0;
  while (id < VMO_OPTION_COUNT && vmo_option_infos[id].letter != letter) id++;
  return (vmo_option_id)id;
}

const char *vmo_nearest_option(const char *name, unsigned commands) {
  const char *candidates[VMO_OPTION_COUNT];
  size_t count = 0;
  for (int id = 0; id < VMO_OPTION_COUNT; id++) {
    if ((vmo_option_infos[id].commands & commands) != 0) candidates[count++] = vmo_option_infos[id].name;
  }
  return vmo_nearest_word(name, candidates, count);
}

/* ---- arguments to settings ---- */

typedef struct argument_walk {
  vmo_cli *cli;
  char **arguments;
  int count, at;
  bool options_over; /* after -- */
  setting_list settings;
} argument_walk;

static bool add_setting(argument_walk *walk, vmo_option_id option, const char *value) {
  return vmo_vec_push(walk->cli->context->arena, &walk->settings, ((setting){option, value}));
}

static bool unknown_option(vmo_cli *cli, const char *argument, const char *name) {
  const char *nearest = vmo_nearest_option(name, cli->command->bit);
  vmo_text hint;
  vmo_text_init(&hint);
  if (nearest != NULL) vmo_text_addf(&hint, "did you mean --%s?", nearest);
  vmo_usage_error(cli, hint.data, "there is no option %s", argument);
  vmo_text_free(&hint);
  return false;
}

static bool takes_option(vmo_cli *cli, vmo_option_id option) {
  const vmo_option_info *info = &vmo_option_infos[option];
  if ((info->commands & cli->command->bit) != 0) return true;
  vmo_text hint;
  vmo_text_init(&hint);
  vmo_text_add(&hint, "it belongs to");
  for (size_t i = 0; i < vmo_command_count; i++) {
    if ((info->commands & vmo_commands[i].bit) != 0) vmo_text_addf(&hint, " %s", vmo_commands[i].name);
  }
  vmo_usage_error(cli, hint.data, "%s does not take --%s", cli->command->name, info->name);
  vmo_text_free(&hint);
  return false;
}

/* The argument of an option: what is joined to it, or the next word. */
static bool take_value(argument_walk *walk, vmo_option_id option, const char *shown, const char *joined) {
  const vmo_option_info *info = &vmo_option_infos[option];
  if (info->form == VMO_FORM_FLAG && joined != NULL) {
    vmo_usage_error(walk->cli, NULL, "%s takes no argument", shown);
    return false;
  }
  if (info->form == VMO_FORM_VALUE && joined == NULL) {
    if (walk->at + 1 >= walk->count) {
      vmo_usage_error(walk->cli, NULL, "%s needs an argument: %s", shown, info->argument);
      return false;
    }
    joined = walk->arguments[++walk->at];
  }
  if (joined != NULL && *joined == '\0') {
    vmo_usage_error(walk->cli, NULL, "the argument of %s is empty", shown);
    return false;
  }
  return add_setting(walk, option, joined);
}

static bool take_long(argument_walk *walk, const char *argument) {
  const char *name = argument + 2, *equals = strchr(name, '=');
  size_t length = equals != NULL ? (size_t)(equals - name) : strlen(name);
  const char *word = vmr_arena_copy_text(walk->cli->context->arena, argument, length + 2);
  if (word == NULL) return false;
  vmo_option_id option = vmo_find_option(name, length);
  if (option == VMO_OPTION_COUNT) return unknown_option(walk->cli, word, word + 2);
  return takes_option(walk->cli, option) && take_value(walk, option, word, equals != NULL ? equals + 1 : NULL);
}

static bool take_short(argument_walk *walk, const char *argument) {
  const char word[3] = {'-', argument[1], '\0'};
  vmo_option_id option = find_letter(argument[1]);
  if (option == VMO_OPTION_COUNT) return unknown_option(walk->cli, argument, argument + 1);
  const char *joined = argument[2] != '\0' ? argument + 2 : NULL;
  return takes_option(walk->cli, option) && take_value(walk, option, word, joined);
}

/* The compiler of cc, and all that follows. */
static bool take_command_line(argument_walk *walk) {
  walk->cli->options.compiler = walk->arguments + walk->at;
  walk->cli->options.compiler_count = walk->count - walk->at;
  walk->at = walk->count;
  return true;
}

static bool take_input(argument_walk *walk, const char *argument) {
  vmo_options *options = &walk->cli->options;
  const vmo_command *command = walk->cli->command;
  if (command->operands == VMO_COMMAND_LINE) return take_command_line(walk);
  bool function = options->input != NULL && command->operands == VMO_INPUT_AND_FUNCTION && options->function == NULL,
       more = options->input != NULL && command->operands == VMO_SEVERAL_INPUTS;
  if (command->argument == NULL || (options->input != NULL && !function && !more)) {
    vmo_usage_error(walk->cli, NULL, "one argument too many: %s", argument);
    return false;
  }
  if (*argument == '\0') {
    vmo_usage_error(walk->cli, NULL, "an argument is empty");
    return false;
  }
  if (more) return vmo_vec_push(walk->cli->context->arena, &options->more_inputs, argument);
  if (function)
    options->function = argument[0] == '@' ? argument + 1 : argument;
  else
    options->input = argument;
  return true;
}

static bool take_argument(argument_walk *walk) {
  const char *argument = walk->arguments[walk->at];
  if (walk->options_over || argument[0] != '-' || argument[1] == '\0') return take_input(walk, argument);
  if (strcmp(argument, "--") == 0) {
    walk->options_over = true;
    return true;
  }
  return argument[1] == '-' ? take_long(walk, argument) : take_short(walk, argument);
}

/* ---- where the outputs go ---- */

bool vmo_is_standard_output(const char *path) {
  return strcmp(path, "-") == 0 || strcmp(path, "/dev/stdout") == 0 || strcmp(path, "/dev/fd/1") == 0 ||
         strcmp(path, "/proc/self/fd/1") == 0;
}

/* opt and plan: -o is the product; a report on standard output needs the product elsewhere. */
static bool place_beside_product(vmo_cli *cli) {
  const vmo_options *options = &cli->options;
  cli->product_path = options->output != NULL ? options->output : "-";
  bool product_on_stdout = vmo_is_standard_output(cli->product_path);
  bool json_alone = options->json && options->json_path == NULL;
  bool plan = cli->command->bit == VMO_PLAN;
  bool text = options->text || (options->site_file != NULL && !json_alone);
  if (json_alone) cli->json_path = "-";
  if (text || (plan && !json_alone)) cli->text_path = "-";
  if (product_on_stdout && (json_alone || (text && !plan))) {
    vmo_usage_error(cli,
                    json_alone ? "-o FILE sends the product elsewhere, --json=FILE the report"
                               : "-o FILE sends the program elsewhere",
                    "the %s and the report would both go to standard output", plan ? "plan" : "program");
    return false;
  }
  cli->text_to_error = plan && product_on_stdout;
  return true;
}

static void place_report(vmo_cli *cli) {
  const vmo_options *options = &cli->options;
  const char *main_path = options->output != NULL ? options->output : "-";
  bool json_alone = options->json && options->json_path == NULL;
  if (json_alone) {
    cli->json_path = main_path;
  } else {
    cli->text_path = main_path;
  }
}

/* The folder that a path's last part lies in, and whether it is there. */
static bool find_folder(const char *path, struct stat *folder) {
  char text[4096] = ".";
  const char *slash = strrchr(path, '/');
  size_t length = slash != NULL ? (size_t)(slash - path) + 1 : 0;
  if (length >= sizeof text) return false;
  if (slash != NULL) memcpy(text, path, length);
  if (slash != NULL) text[length] = '\0';
  return stat(text, folder) == 0;
}

/* Of files that are still to be made: one name in one folder. */
static bool is_same_name(const char *a, const char *b) {
  const char *first = strrchr(a, '/'), *second = strrchr(b, '/');
  struct stat folders[2];
  if (strcmp(first != NULL ? first + 1 : a, second != NULL ? second + 1 : b) != 0) return false;
  return find_folder(a, &folders[0]) && find_folder(b, &folders[1]) && folders[0].st_dev == folders[1].st_dev &&
         folders[0].st_ino == folders[1].st_ino;
}

/* By name, or as one file that has several names. */
bool vmo_is_same_file(const char *a, const char *b) {
  if (a == NULL || b == NULL) return false;
  if (strcmp(a, b) == 0 || (vmo_is_standard_output(a) && vmo_is_standard_output(b))) return true;
  struct stat first, second;
  if (is_same_name(a, b)) return true;
  return stat(a, &first) == 0 && stat(b, &second) == 0 && S_ISREG(first.st_mode) && first.st_dev == second.st_dev &&
         first.st_ino == second.st_ino;
}

/* No two outputs may go to one place. */
static bool are_places_apart(vmo_cli *cli) {
  const char *text = cli->text_to_error ? NULL : cli->text_path;
  const char *places[] = {cli->product_path,   text, cli->json_path, cli->options.depfile, cli->options.svg,
                          cli->options.remarks};
  for (size_t i = 0; i < 6; i++) {
    for (size_t j = i + 1; j < 6; j++) {
      if (!vmo_is_same_file(places[i], places[j])) continue;
      bool standard = vmo_is_standard_output(places[i]);
      vmo_usage_error(cli, NULL, "two outputs would go to %s", standard ? "standard output" : places[i]);
      return false;
    }
  }
  return true;
}

/* Whether an input stays what it is: no report goes there. */
static bool is_input_kept(vmo_cli *cli, const char *kind, const char *input) {
  const char *text = cli->text_to_error ? NULL : cli->text_path;
  const char *reports[] = {text, cli->json_path, cli->options.depfile, cli->options.svg, cli->options.remarks};
  for (size_t i = 0; i < 5; i++) {
    if (!vmo_is_same_file(reports[i], input) || vmo_is_standard_output(reports[i])) continue;
    vmo_usage_error(cli, "give the report a file of its own", "the report would be written over the %s %s", kind,
                    reports[i]);
    return false;
  }
  return true;
}

/* Nor does the output. */
static bool is_setting_kept(vmo_cli *cli, const char *kind, const char *input) {
  if (!is_input_kept(cli, kind, input)) return false;
  if (!vmo_is_same_file(cli->product_path, input) || vmo_is_standard_output(input)) return true;
  vmo_usage_error(cli, NULL, "the output would be written over the %s %s", kind, input);
  return false;
}

/* A program may be replaced by its planned self; nothing else may take the place of what was read. */
static bool are_inputs_kept(vmo_cli *cli) {
  const vmo_options *options = &cli->options;
  if (!is_setting_kept(cli, "configuration", options->config) || !is_input_kept(cli, "input", options->input) ||
      !is_input_kept(cli, "input", options->previous) || !is_input_kept(cli, "input", options->validated))
    return false;
  for (uint32_t i = 0; i < options->more_inputs.count; i++)
    if (!is_input_kept(cli, "input", options->more_inputs.data[i])) return false;
  for (uint32_t i = 0; i < options->profiles.count; i++)
    if (!is_setting_kept(cli, "profile", options->profiles.data[i])) return false;
  return true;
}

static bool place_outputs(vmo_cli *cli) {
  const vmo_options *options = &cli->options;
  bool json_alone = options->json && options->json_path == NULL;
  if (options->text && json_alone) {
    vmo_usage_error(cli, "--json=FILE writes it besides the text", "--text and --json ask for one place");
    return false;
  }
  if (options->dump != NULL && json_alone) {
    vmo_usage_error(cli, "--json=FILE writes it besides the dump", "--dump and --json ask for one place");
    return false;
  }
  if (options->json_path != NULL) cli->json_path = options->json_path;
  if ((cli->command->bit & (VMO_OPT | VMO_PLAN | VMO_COMPILE)) != 0 && options->validated == NULL) {
    if (!place_beside_product(cli)) return false;
  } else {
    place_report(cli);
  }
  const char *main_path = cli->product_path != NULL ? cli->product_path : cli->text_path;
  bool has_file = (main_path != NULL && !vmo_is_standard_output(main_path)) ||
                  (cli->json_path != NULL && !vmo_is_standard_output(cli->json_path)) ||
                  (options->svg != NULL && !vmo_is_standard_output(options->svg));
  if (options->depfile != NULL && !has_file) {
    vmo_usage_error(cli, "-o FILE", "--depfile needs an output that is a file");
    return false;
  }
  return are_places_apart(cli) && are_inputs_kept(cli);
}

/* ---- what excludes what ---- */

static bool exclude(vmo_cli *cli, bool both, const char *hint, const char *message) {
  if (both) vmo_usage_error(cli, hint, "%s", message);
  return !both;
}

static bool is_standard_input(const char *path) { return path != NULL && strcmp(path, "-") == 0; }

bool vmo_check_heap_options(vmo_cli *cli) {
  const vmo_options *options = &cli->options;
  bool rewrites = (cli->command->bit & (VMO_ANALYZE | VMO_OPT | VMO_CC)) != 0;
  bool instrument = rewrites && options->instrument, profile = rewrites && options->profiles.count > 0;
  return exclude(cli, instrument && !options->heaps, "add --heaps",
                 "--instrument watches what heaps would be made of, and --heaps is not there") &&
         exclude(cli, profile && !options->heaps, "add --heaps",
                 "--profile tells how to group heaps, and --heaps is not there") &&
         exclude(cli, instrument && profile, "instrument first; use the profile when the program has run",
                 "--instrument and --profile are two steps");
}

static bool check_plan_options(vmo_cli *cli) {
  const vmo_options *options = &cli->options;
  bool searches = options->minimise || options->time_limit > 0 || options->threads > 0 || options->seed > 0;
  bool spaces = options->spaces.count > 0, validates = options->validated != NULL;
  return exclude(cli, spaces && options->capacity >= 0, "--space=NAME=SIZE gives each space its own",
                 "--capacity is of one space, and --space names others") &&
         exclude(cli, spaces && options->minimise, "with spaces the cheapest placement is looked for",
                 "--minimize and --space ask for different things") &&
         exclude(cli,
                 is_standard_input(options->input) &&
                     (is_standard_input(options->previous) || is_standard_input(options->validated)),
                 "give one of them a file", "standard input is the problem, so that it cannot be the placement too") &&
         exclude(cli, validates && options->previous != NULL, NULL,
                 "--validate does not place, so that --from has no use") &&
         exclude(cli, validates && searches, NULL,
                 "--validate does not search: --minimize, --time-limit, --threads and --seed have no use") &&
         exclude(cli, options->ascii && cli->text_path == NULL && cli->command->bit == VMO_PLAN,
                 "leave out --json, or give it a file", "--ascii draws below the summary, and there is none");
}

/* ---- all of it ---- */

static bool check_input(vmo_cli *cli) {
  const vmo_options *options = &cli->options;
  vmo_operands operands = cli->command->operands;
  if (operands == VMO_COMMAND_LINE && options->compiler_count == 0) {
    vmo_usage_error(cli, "as in: vmemopt cc -- clang-19 -O2 -c a.c -o a.o", "%s needs a compiler and its arguments",
                    cli->command->name);
    return false;
  }
  if (options->input != NULL || operands == VMO_MAYBE_A_WORD || operands == VMO_COMMAND_LINE) return true;
  vmo_usage_error(cli, NULL, "%s needs an input: a file, or - for standard input", cli->command->name);
  return false;
}

static bool apply_settings(vmo_cli *cli, const setting_list *settings) {
  for (uint32_t i = 0; i < settings->count; i++) {
    const setting *one = &settings->data[i];
    cli->options.given[one->option] = true;
    if (!vmo_apply_option(cli, one->option, one->value, VMO_LEVEL_COMMAND_LINE)) return false;
  }
  return true;
}

/* --help and --version go before everything, wrong options apart; --config before the rest. */
static void apply_first(vmo_cli *cli, const setting_list *settings) {
  for (uint32_t i = 0; i < settings->count; i++) {
    vmo_option_id option = settings->data[i].option;
    if (option == VMO_OPTION_HELP) cli->options.help = true;
    if (option == VMO_OPTION_VERSION) cli->options.version = true;
    if (option == VMO_OPTION_CONFIG) cli->options.config = settings->data[i].value;
  }
}

bool vmo_parse_options(vmo_cli *cli, int count, char **arguments) {
  argument_walk walk = {.cli = cli, .arguments = arguments, .count = count};
  cli->options.capacity = -1;
  for (; walk.at < count; walk.at++) {
    if (!take_argument(&walk)) return false;
  }
  apply_first(cli, &walk.settings);
  if (cli->options.help || cli->options.version) return true;
  if (cli->options.config != NULL && !vmo_read_config(cli)) return false;
  return apply_settings(cli, &walk.settings) && check_input(cli) && place_outputs(cli) && vmo_check_heap_options(cli) &&
         check_plan_options(cli);
}
