/* apply_run.c: the options of run whose values have a form of their own: arguments, calls, the engine. */
#include <string.h>

#include "cli/cli.h"

#define MOST_CALLS INT64_C(1000000000)

/* NAME=VALUE; the command line replaces what the configuration gives. */
bool vmo_apply_argument(vmo_cli *cli, vmo_setting_level level, const char *value) {
  if (*value == '%') value++;
  const char *equals = strchr(value, '=');
  if (equals == NULL || equals == value || equals[1] == '\0')
    return vmo_option_fault(cli, level, VMO_OPTION_ARG, "takes NAME=VALUE, as in x=3.5 or x=@x.npy, not '%s'", value);
  const char *name = vmr_arena_copy_text(cli->context->arena, value, (size_t)(equals - value));
  if (name == NULL) return false;
  for (uint32_t i = 0; i < cli->options.arguments.count; i++) {
    vmo_argument_setting *former = &cli->options.arguments.data[i];
    if (strcmp(former->name, name) != 0) continue;
    if (former->level == level) return vmo_option_fault(cli, level, VMO_OPTION_ARG, "gives %s two values", name);
    *former = (vmo_argument_setting){name, equals + 1, level};
    return true;
  }
  return vmo_vec_push(cli->context->arena, &cli->options.arguments, ((vmo_argument_setting){name, equals + 1, level}));
}

bool vmo_apply_calls(vmo_cli *cli, vmo_setting_level level, const char *value) {
  int64_t *calls = &cli->options.calls;
  if (vmo_parse_count(value, strlen(value), calls) && *calls >= 1 && *calls <= MOST_CALLS) return true;
  return vmo_option_fault(cli, level, VMO_OPTION_CALLS, "takes a number from 1 to 1000000000, not '%s'", value);
}

bool vmo_apply_engine(vmo_cli *cli, vmo_setting_level level, const char *value) {
  bool reference = strcmp(value, "reference") == 0;
  if (!reference && strcmp(value, "jit") != 0)
    return vmo_option_fault(cli, level, VMO_OPTION_ENGINE, "is jit or reference, not '%s'", value);
  cli->options.engine = reference ? VMO_ENGINE_REFERENCE : VMO_ENGINE_JIT;
  return true;
}

/* An object file is linked elsewhere: what this machine has says nothing of it. */
bool vmo_apply_blas(vmo_cli *cli, vmo_setting_level level, const char *value) {
  static const char *const words[] = {"auto", "on", "off"};
  bool compiles = cli->command->bit == VMO_COMPILE;
  for (int i = compiles ? 1 : 0; i < 3; i++) {
    if (strcmp(words[i], value) != 0) continue;
    cli->options.blas = (vmo_blas_choice)(VMO_BLAS_AUTO + i);
    return true;
  }
  return vmo_option_fault(cli, level, VMO_OPTION_BLAS, "is %s, not '%s'", compiles ? "on or off" : "auto, on or off",
                          value);
}

bool vmo_apply_measure(vmo_cli *cli, vmo_setting_level level, const char *value) {
  cli->options.measure = value == NULL ? VMO_MEASURE_BOTH : VMO_MEASURE_JIT;
  return value == NULL || strcmp(value, "jit") == 0 ||
         vmo_option_fault(cli, level, VMO_OPTION_MEASURE, "is without an argument or jit, not '%s'", value);
}
