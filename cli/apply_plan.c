/* apply_plan.c: the options of plan whose values have a form of their own: spaces, limits.
 *
 *   --space sram=256KiB:align=16,psram=8MiB:cost=3,flash     no size: no limit; no cost: 0, 1, 2, ... in this order */
#include <string.h>

#include "cli/cli.h"

#define MOST_SECONDS 1000000
#define MOST_THREADS 256 /* that streams run on */

static bool starts_with(const char *text, size_t length, const char *start) {
  return length > strlen(start) && strncmp(text, start, strlen(start)) == 0;
}

/* ":align=16", ":cost=3": one of them. */
static bool read_property(vmo_space *space, const char *text, size_t length) {
  if (starts_with(text, length, "cost=")) return vmo_parse_count(text + 5, length - 5, &space->cost);
  if (!starts_with(text, length, "align=") || !vmo_parse_count(text + 6, length - 6, &space->alignment)) return false;
  return space->alignment > 0 && (space->alignment & (space->alignment - 1)) == 0;
}

static bool read_space(vmo_cli *cli, vmo_space *space, const char *text, size_t length) {
  const char *end = text + length, *colon = memchr(text, ':', length);
  const char *head_end = colon != NULL ? colon : end, *equals = memchr(text, '=', (size_t)(head_end - text));
  const char *name_end = equals != NULL ? equals : head_end;
  for (const char *at = text; at < name_end; at++)
    if (strchr(" \t;\"", *at) != NULL) return false;
  if (name_end == text) return false;
  if (equals != NULL && !vmo_parse_bytes(equals + 1, (size_t)(head_end - equals - 1), &space->capacity)) return false;
  while (colon != NULL) {
    const char *next = memchr(colon + 1, ':', (size_t)(end - colon - 1));
    if (!read_property(space, colon + 1, (size_t)((next != NULL ? next : end) - colon - 1))) return false;
    colon = next;
  }
  space->name = vmr_arena_copy_text(cli->context->arena, text, (size_t)(name_end - text));
  return space->name != NULL;
}

bool vmo_apply_space(vmo_cli *cli, vmo_setting_level level, const char *text, size_t length) {
  vmo_options *options = &cli->options;
  if (options->spaces.count > 0 && options->space_level < level) options->spaces.count = 0;
  options->space_level = level;
  vmo_space space = {.capacity = -1, .alignment = 1, .cost = options->spaces.count};
  if (!read_space(cli, &space, text, length))
    return vmo_option_fault(cli, level, VMO_OPTION_SPACE,
                            "takes NAME[=SIZE][:align=POWER][:cost=NUMBER], as in sram=256KiB:align=16, not '%.*s'",
                            (int)length, text);
  for (uint32_t i = 0; i < options->spaces.count; i++)
    if (strcmp(options->spaces.data[i].name, space.name) == 0)
      return vmo_option_fault(cli, level, VMO_OPTION_SPACE, "names %s twice", space.name);
  if (options->spaces.count == VMO_MAX_SPACES)
    return vmo_option_fault(cli, level, VMO_OPTION_SPACE, "takes at most %d spaces", VMO_MAX_SPACES);
  return vmo_vec_push(cli->context->arena, &options->spaces, space);
}

/* Digits, and maybe a point and digits: by hand, since strtod reads much more than that. */
static bool parse_seconds(const char *text, double *seconds) {
  double value = 0, unit = 1;
  size_t digits = 0;
  for (; *text >= '0' && *text <= '9'; text++, digits++) value = value * 10 + (*text - '0');
  if (*text == '.')
    for (text++; *text >= '0' && *text <= '9'; text++, digits++) value += (*text - '0') * (unit /= 10);
  *seconds = value;
  return *text == '\0' && digits > 0 && value > 0 && value <= MOST_SECONDS;
}

bool vmo_apply_time_limit(vmo_cli *cli, vmo_setting_level level, const char *value) {
  if (parse_seconds(value, &cli->options.time_limit)) return true;
  return vmo_option_fault(cli, level, VMO_OPTION_TIME_LIMIT,
                          "takes seconds above 0 and up to 1000000, without an exponent, as in 0.5 or 30, not '%s'",
                          value);
}

bool vmo_apply_threads(vmo_cli *cli, vmo_setting_level level, const char *value) {
  int64_t number;
  int most = cli->command->bit == VMO_PLAN ? VMO_MOST_SEARCH_THREADS : MOST_THREADS;
  if (!vmo_parse_count(value, strlen(value), &number) || number < 1 || number > most)
    return vmo_option_fault(cli, level, VMO_OPTION_THREADS, "takes a number from 1 to %d, not '%s'", most, value);
  cli->options.threads = (uint32_t)number;
  return true;
}

bool vmo_apply_seed(vmo_cli *cli, vmo_setting_level level, const char *value) {
  if (vmo_parse_count(value, strlen(value), &cli->options.seed)) return true;
  return vmo_option_fault(cli, level, VMO_OPTION_SEED, "takes a whole number from 0 to 2^53 - 1, not '%s'", value);
}
