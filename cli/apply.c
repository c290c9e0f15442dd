/* apply.c: one setting put into the options, checked.
 *
 * The same functions serve the command line and the configuration file: a setting of the command line replaces one of
 * the file; two of one level that contradict each other are an error where several are collected (dims, budgets), and
 * elsewhere the last one holds. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

#define LARGEST_FRAME ((vmo_bytes)1 << 20)
#define LARGEST_ALIGNMENT (INT64_C(1) << 30)
#define NARROWEST 60
#define WIDEST 10000

bool vmo_option_fault(vmo_cli *cli, vmo_setting_level level, vmo_option_id option, const char *format, ...) {
  vmo_text message;
  vmo_text_init(&message);
  const char *name = vmo_option_infos[option].name;
  vmo_text_addf(&message, level == VMO_LEVEL_CONFIG ? "\"%s\" " : "--%s ", name);
  va_list arguments;
  va_start(arguments, format);
  vmo_text_addv(&message, format, arguments);
  va_end(arguments);
  vmo_diag_code code = level == VMO_LEVEL_CONFIG ? VMO_DIAG_CONFIG : VMO_DIAG_USAGE;
  vmo_location place = {0};
  if (level == VMO_LEVEL_CONFIG) place = vmo_locate_key(cli->config_source, name);
  vmo_diag_add(cli->context, code, place, "%s", message.data != NULL ? message.data : name);
  vmo_text_free(&message);
  return false;
}

/* ---- values ---- */

bool vmo_parse_count(const char *text, size_t length, int64_t *number) {
  int64_t value = 0;
  if (length == 0) return false;
  for (size_t i = 0; i < length; i++) {
    if (text[i] < '0' || text[i] > '9') return false;
    value = value * 10 + (text[i] - '0');
    if (value >= VMO_BYTES_LIMIT) return false;
  }
  *number = value;
  return true;
}

static bool equals_in_any_case(const char *text, size_t length, const char *word) {
  if (strlen(word) != length) return false;
  for (size_t i = 0; i < length; i++) {
    char letter = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] - 'A' + 'a') : text[i];
    if (letter != word[i]) return false;
  }
  return true;
}

bool vmo_parse_bytes(const char *text, size_t length, vmo_bytes *bytes) {
  static const struct {
    const char *name;
    int64_t bytes;
  } units[] = {{"", 1},
               {"b", 1},
               {"kib", INT64_C(1) << 10},
               {"mib", INT64_C(1) << 20},
               {"gib", INT64_C(1) << 30},
               {"tib", INT64_C(1) << 40},
               {"kb", 1000},
               {"mb", 1000000},
               {"gb", 1000000000},
               {"tb", 1000000000000}};
  size_t digits = 0;
  while (digits < length && text[digits] >= '0' && text[digits] <= '9') digits++;
  int64_t number;
  if (!vmo_parse_count(text, digits, &number)) return false;
  size_t unit = digits;
  while (unit < length && text[unit] == ' ') unit++;
  for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
    if (!equals_in_any_case(text + unit, length - unit, units[i].name)) continue;
    if (number > (VMO_BYTES_LIMIT - 1) / units[i].bytes) return false;
    *bytes = number * units[i].bytes;
    return true;
  }
  return false;
}

/* Puts which of two words it is into *second. */
static bool choose(vmo_cli *cli, vmo_setting_level level, vmo_option_id option, const char *value, const char *no,
                   const char *yes, bool *second) {
  *second = strcmp(value, yes) == 0;
  if (*second || strcmp(value, no) == 0) return true;
  return vmo_option_fault(cli, level, option, "is %s or %s, not '%s'", no, yes, value);
}

/* ---- lists ---- */

static bool is_name(const char *text, size_t length) {
  for (size_t i = 0; i < length; i++) {
    if (text[i] == ' ' || text[i] == '=' || text[i] == ',') return false;
  }
  return length > 0;
}

/* Where the setting of the dim of that name is: its index plus 1, or 0; NULL: out of memory. */
static uint32_t *find_dim(vmo_cli *cli, const char *name) {
  vmr_symbol symbol = vmr_interner_add(cli->context->names, name, strlen(name));
  while (symbol != 0 && cli->options.dim_places.count <= symbol)
    if (!vmo_vec_push(cli->context->arena, &cli->options.dim_places, 0)) return NULL;
  return symbol != 0 ? &cli->options.dim_places.data[symbol] : NULL;
}

static bool set_dim(vmo_cli *cli, vmo_setting_level level, const char *name, int64_t value) {
  uint32_t *place = find_dim(cli, name);
  if (place == NULL) return false;
  if (*place > 0) {
    vmo_dim_setting *former = &cli->options.dims.data[*place - 1];
    if (former->level == level && former->value != value) {
      return vmo_option_fault(cli, level, VMO_OPTION_DIM, "gives %s two values: %lld and %lld", name,
                              (long long)former->value, (long long)value);
    }
    former->value = value;
    former->level = level;
    return true;
  }
  *place = cli->options.dims.count + 1;
  return vmo_vec_push(cli->context->arena, &cli->options.dims, ((vmo_dim_setting){name, value, level}));
}

/* One NAME=NUMBER. */
static bool apply_dim(vmo_cli *cli, vmo_setting_level level, const char *text, size_t length) {
  const char *equals = memchr(text, '=', length);
  size_t name_length = equals != NULL ? (size_t)(equals - text) : 0;
  int64_t value;
  if (equals == NULL || !is_name(text, name_length) || !vmo_parse_count(equals + 1, length - name_length - 1, &value)) {
    return vmo_option_fault(cli, level, VMO_OPTION_DIM, "takes NAME=NUMBER, a whole number below 2^53, not '%.*s'",
                            (int)length, text);
  }
  const char *name = vmr_arena_copy_text(cli->context->arena, text, name_length);
  return name != NULL && set_dim(cli, level, name, value);
}

static bool is_same_space(const char *a, const char *b) { return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0; }

static bool set_budget(vmo_cli *cli, vmo_setting_level level, const char *space, vmo_bytes bytes) {
  for (uint32_t i = 0; i < cli->options.budgets.count; i++) {
    vmo_budget *former = &cli->options.budgets.data[i];
    if (!is_same_space(former->space, space)) continue;
    if (former->level == level && former->bytes != bytes) {
      return vmo_option_fault(cli, level, VMO_OPTION_MAX_PEAK, "gives %s two budgets",
                              space != NULL ? space : "the arena");
    }
    *former = (vmo_budget){space, bytes, level};
    return true;
  }
  return vmo_vec_push(cli->context->arena, &cli->options.budgets, ((vmo_budget){space, bytes, level}));
}

/* One [SPACE=]SIZE. */
static bool apply_budget(vmo_cli *cli, vmo_setting_level level, const char *text, size_t length) {
  const char *equals = memchr(text, '=', length), *space = NULL;
  size_t name_length = equals != NULL ? (size_t)(equals - text) : 0;
  const char *size = equals != NULL ? equals + 1 : text;
  vmo_bytes bytes;
  if ((equals != NULL && !is_name(text, name_length)) ||
      !vmo_parse_bytes(size, length - (size_t)(size - text), &bytes)) {
    return vmo_option_fault(cli, level, VMO_OPTION_MAX_PEAK,
                            "takes SIZE or SPACE=SIZE, as in 4096, 64MiB or sram=256KiB, not '%.*s'", (int)length,
                            text);
  }
  if (equals != NULL) {
    const char *from = *text == '@' ? text + 1 : text; /* @sram, as the program writes it */
    space = vmr_arena_copy_text(cli->context->arena, from, name_length - (size_t)(from - text));
    if (space == NULL) return false;
  }
  return set_budget(cli, level, space, bytes);
}

/* Applies each part of a list with commas. */
static bool apply_list(vmo_cli *cli, vmo_setting_level level, const char *text,
                       bool (*apply)(vmo_cli *, vmo_setting_level, const char *, size_t)) {
  for (;;) {
    size_t length = strcspn(text, ",");
    if (!apply(cli, level, text, length)) return false;
    if (text[length] == '\0') return true;
    text += length + 1;
  }
}

/* ---- single values ---- */

static bool apply_alignment(vmo_cli *cli, vmo_setting_level level, const char *value) {
  int64_t number;
  bool fine = vmo_parse_count(value, strlen(value), &number) && number >= 1 && number <= LARGEST_ALIGNMENT &&
              (number & (number - 1)) == 0;
  if (!fine) return vmo_option_fault(cli, level, VMO_OPTION_ALIGN, "takes a power of two up to 2^30, not '%s'", value);
  cli->options.alignment = (uint32_t)number;
  return true;
}

static bool apply_width(vmo_cli *cli, vmo_setting_level level, const char *value) {
  int64_t number;
  if (!vmo_parse_count(value, strlen(value), &number) || number < NARROWEST || number > WIDEST) {
    return vmo_option_fault(cli, level, VMO_OPTION_WIDTH, "takes a number from %d to %d, not '%s'", NARROWEST, WIDEST,
                            value);
  }
  cli->options.width = (uint32_t)number;
  return true;
}

static bool apply_colour(vmo_cli *cli, vmo_setting_level level, const char *value) {
  static const char *const words[] = {"auto", "always", "never"};
  for (int i = 0; i < 3; i++) {
    if (strcmp(value, words[i]) != 0) continue;
    cli->options.colour = (vmo_colour_choice)i;
    return true;
  }
  return vmo_option_fault(cli, level, VMO_OPTION_COLOUR, "is auto, always or never, not '%s'", value);
}

static bool apply_capacity(vmo_cli *cli, vmo_setting_level level, const char *value) {
  if (vmo_parse_bytes(value, strlen(value), &cli->options.capacity)) return true;
  return vmo_option_fault(cli, level, VMO_OPTION_CAPACITY,
                          "takes a size, a whole number of bytes, KiB, MiB, ..., as in 1048576 or 1MiB, not '%s'",
                          value);
}

/* A limit of at least one byte: 0 stands for the default. */
static bool apply_limit(vmo_cli *cli, vmo_setting_level level, vmo_option_id option, const char *value,
                        vmo_bytes *limit) {
  if (vmo_parse_bytes(value, strlen(value), limit) && *limit > 0 && *limit <= LARGEST_FRAME) return true;
  return vmo_option_fault(cli, level, option, "takes a size up to 1MiB, as in 512 or 1KiB, not '%s'", value);
}

static bool apply_detail(vmo_cli *cli, vmo_setting_level level, const char *value) {
  if (!choose(cli, level, VMO_OPTION_DETAIL, value, "summary", "full", &cli->options.full)) return false;
  cli->options.summary = !cli->options.full;
  return true;
}

static bool apply_optimise(vmo_cli *cli, vmo_setting_level level, const char *value) {
  bool compiles = (cli->command->bit & (VMO_COMPILE | VMO_RUN)) != 0,
       is_digit = value[0] >= '0' && value[0] <= '2' && value[1] == '\0';
  if (!is_digit || (value[0] == '1' && !compiles))
    return vmo_option_fault(cli, level, VMO_OPTION_OPTIMISE, "is %s, not '%s'", compiles ? "0, 1 or 2" : "0 or 2",
                            value);
  cli->options.optimise = (uint32_t)(value[0] - '0');
  cli->options.optimise_given = true;
  return true;
}

static bool apply_emit(vmo_cli *cli, vmo_setting_level level, const char *value) {
  static const char *const words[] = {"obj", "llvm", "bc", "asm", "c-header"};
  for (int i = 0; i < 5; i++) {
    if (strcmp(words[i], value) != 0) continue;
    cli->options.emit = (vmo_emit_choice)i;
    return true;
  }
  return vmo_option_fault(cli, level, VMO_OPTION_EMIT, "takes obj, llvm, bc, asm or c-header, not '%s'", value);
}

static bool apply_llvm_level(vmo_cli *cli, vmo_setting_level level, const char *value) {
  if (value[0] < '0' || value[0] > '3' || value[1] != '\0')
    return vmo_option_fault(cli, level, VMO_OPTION_LLVM_OPT, "takes 0, 1, 2 or 3, not '%s'", value);
  cli->options.llvm_level = (uint32_t)(value[0] - '0');
  cli->options.llvm_level_given = true;
  return true;
}

/* Letters, digits and _: what a name of C may hold. */
static bool apply_prefix(vmo_cli *cli, vmo_setting_level level, const char *value) {
  for (const char *at = value; *at != '\0'; at++) {
    bool letter = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || *at == '_';
    if (letter || (*at >= '0' && *at <= '9' && at > value)) continue;
    return vmo_option_fault(cli, level, VMO_OPTION_PREFIX, "takes letters, digits and _, as in my_, not '%s'", value);
  }
  cli->options.prefix = value;
  return true;
}

/* A file that only a configuration or a person could name "": none. */
static bool apply_path(vmo_cli *cli, vmo_setting_level level, vmo_option_id option, const char *value,
                       const char **path) {
  if (*value == '\0') return vmo_option_fault(cli, level, option, "names no file");
  *path = value;
  return true;
}

/* Text and JSON without a file want one place: that of the command line gets it. Both on one level are an error,
 * which is found when the outputs are placed. */
static bool apply_text(vmo_cli *cli, vmo_setting_level level) {
  vmo_options *options = &cli->options;
  if (options->json && options->json_path == NULL && options->json_level < level) options->json = false;
  options->text = true;
  options->text_level = level;
  return true;
}

static bool apply_json(vmo_cli *cli, vmo_setting_level level, const char *value) {
  vmo_options *options = &cli->options;
  if (value == NULL && options->text && options->text_level < level) options->text = false;
  options->json = true;
  options->json_path = NULL;
  options->json_level = level;
  return value == NULL || apply_path(cli, level, VMO_OPTION_JSON, value, &options->json_path);
}

/* Whether the word is on a NULL-terminated list; an error that shows the list otherwise. */
static bool is_listed(vmo_cli *cli, vmo_setting_level level, vmo_option_id option, const char *word, size_t length,
                      const char *const *names) {
  for (size_t i = 0; names[i] != NULL; i++) {
    if (strlen(names[i]) == length && strncmp(names[i], word, length) == 0) return true;
  }
  vmo_text list;
  vmo_text_init(&list);
  vmo_add_names(&list, names);
  vmo_option_fault(cli, level, option, "names '%.*s', which is none of: %s", (int)length, word,
                   list.data != NULL ? list.data : "");
  vmo_text_free(&list);
  return false;
}

static bool apply_pass(vmo_cli *cli, vmo_setting_level level, const char *text, size_t length) {
  return is_listed(cli, level, VMO_OPTION_PASSES, text, length, vmo_pass_names());
}

static bool apply_passes(vmo_cli *cli, vmo_setting_level level, const char *value) {
  if (strcmp(value, "none") != 0 && !apply_list(cli, level, value, apply_pass)) return false;
  cli->options.passes = value;
  return true;
}

static bool apply_dump(vmo_cli *cli, vmo_setting_level level, const char *value) {
  if (!is_listed(cli, level, VMO_OPTION_DUMP, value, strlen(value), vmo_dump_names())) return false;
  cli->options.dump = value;
  return true;
}

/* A file is the profile that a program with heaps writes. */
static bool apply_instrument(vmo_cli *cli, vmo_setting_level level, const char *value) {
  vmo_options *options = &cli->options;
  bool writes = (cli->command->bit & (VMO_OPT | VMO_CC)) != 0;
  options->instrument = true;
  if (value != NULL && !writes) return vmo_option_fault(cli, level, VMO_OPTION_INSTRUMENT, "takes no argument here");
  return value == NULL || apply_path(cli, level, VMO_OPTION_INSTRUMENT, value, &options->instrument_file);
}

/* Those of the command line take the place of those of the configuration. */
static bool apply_profile(vmo_cli *cli, vmo_setting_level level, const char *value) {
  vmo_options *options = &cli->options;
  if (options->profile_level < level) options->profiles.count = 0;
  options->profile_level = level;
  const char *path = value;
  if (!apply_path(cli, level, VMO_OPTION_PROFILE, value, &path)) return false;
  for (uint32_t i = 0; i < options->profiles.count; i++)
    if (strcmp(options->profiles.data[i], path) == 0)
      return vmo_option_fault(cli, level, VMO_OPTION_PROFILE, "names %s twice", path);
  return vmo_vec_push(cli->context->arena, &options->profiles, path);
}

bool vmo_apply_option(vmo_cli *cli, vmo_option_id option, const char *value, vmo_setting_level level) {
  vmo_options *options = &cli->options;
  switch (option) {
  case VMO_OPTION_OUTPUT: return apply_path(cli, level, option, value, &options->output);
  case VMO_OPTION_TEXT: return apply_text(cli, level);
  case VMO_OPTION_JSON: return apply_json(cli, level, value);
  case VMO_OPTION_DETAIL: return apply_detail(cli, level, value);
  case VMO_OPTION_TIMELINE: return choose(cli, level, option, value, "thinned", "full", &options->full_timeline);
  case VMO_OPTION_DIM: return apply_list(cli, level, value, apply_dim);
  case VMO_OPTION_ARG: return vmo_apply_argument(cli, level, value);
  case VMO_OPTION_GRAPH: return vmo_vec_push(cli->context->arena, &options->graphs, value);
  case VMO_OPTION_OUT: return vmo_vec_push(cli->context->arena, &options->outs, value);
  case VMO_OPTION_CALLS: return vmo_apply_calls(cli, level, value);
  case VMO_OPTION_ENGINE: return vmo_apply_engine(cli, level, value);
  case VMO_OPTION_LIBRARY: return vmo_vec_push(cli->context->arena, &options->libraries, value);
  case VMO_OPTION_MEASURE: return vmo_apply_measure(cli, level, value);
  case VMO_OPTION_TRACE: return apply_path(cli, level, option, value, &options->trace);
  case VMO_OPTION_ALIGN: return apply_alignment(cli, level, value);
  case VMO_OPTION_MAX_PEAK: return apply_list(cli, level, value, apply_budget);
  case VMO_OPTION_RESULTS: return choose(cli, level, option, value, "arena", "caller", &options->results_in_caller);
  case VMO_OPTION_OPTIMISE: return apply_optimise(cli, level, value);
  case VMO_OPTION_HEADER: return apply_path(cli, level, option, value, &options->header);
  case VMO_OPTION_EMIT: return apply_emit(cli, level, value);
  case VMO_OPTION_LLVM_OPT: return apply_llvm_level(cli, level, value);
  case VMO_OPTION_TARGET: options->target = value; return true;
  case VMO_OPTION_CPU: options->cpu = value; return true;
  case VMO_OPTION_FEATURES: options->features = value; return true;
  case VMO_OPTION_BLAS: return vmo_apply_blas(cli, level, value);
  case VMO_OPTION_PREFIX: return apply_prefix(cli, level, value);
  case VMO_OPTION_INSTRUMENT: return apply_instrument(cli, level, value);
  case VMO_OPTION_PASSES: return apply_passes(cli, level, value);
  case VMO_OPTION_DUMP: return apply_dump(cli, level, value);
  case VMO_OPTION_MAX_STACK: return apply_limit(cli, level, option, value, &options->max_object);
  case VMO_OPTION_MAX_FRAME: return apply_limit(cli, level, option, value, &options->max_frame);
  case VMO_OPTION_WHOLE_PROGRAM: options->whole_program = true; return true;
  case VMO_OPTION_HEAPS: options->heaps = true; return true;
  case VMO_OPTION_PROFILE: return apply_profile(cli, level, value);
  case VMO_OPTION_EXPLAIN_SITE: return vmo_apply_site(cli, level, value);
  case VMO_OPTION_REMARKS: return apply_path(cli, level, option, value, &options->remarks);
  case VMO_OPTION_CAPACITY: return apply_capacity(cli, level, value);
  case VMO_OPTION_MINIMIZE: options->minimise = true; return true;
  case VMO_OPTION_SPACE: return apply_list(cli, level, value, vmo_apply_space);
  case VMO_OPTION_TIME_LIMIT: return vmo_apply_time_limit(cli, level, value);
  case VMO_OPTION_THREADS: return vmo_apply_threads(cli, level, value);
  case VMO_OPTION_SEED: return vmo_apply_seed(cli, level, value);
  case VMO_OPTION_FROM: return apply_path(cli, level, option, value, &options->previous);
  case VMO_OPTION_VALIDATE: return apply_path(cli, level, option, value, &options->validated);
  case VMO_OPTION_SVG: return apply_path(cli, level, option, value, &options->svg);
  case VMO_OPTION_ASCII: options->ascii = true; return true;
  case VMO_OPTION_DEPFILE: return apply_path(cli, level, option, value, &options->depfile);
  case VMO_OPTION_COLOUR: return apply_colour(cli, level, value);
  case VMO_OPTION_WIDTH: return apply_width(cli, level, value);
  case VMO_OPTION_CONFIG:
  case VMO_OPTION_HELP:
  case VMO_OPTION_VERSION: /* applied before the others */
  case VMO_OPTION_COUNT: break;
  }
  return true;
}
