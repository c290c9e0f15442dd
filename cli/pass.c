/* pass.c: `opt` of LLVM IR inside of a compiler: what the pass plugin (llvm/plugin.cpp) does with a module.
 *
 *   VMEMOPT_OPTIONS='max-stack=512,json=a.o.vmemopt.json,whole-program'
 *
 * Its words are those options of the command line that `cc` takes, without dashes; a comma or a backslash in a value has
 * a backslash before it. `config=FILE` reads more of them from a JSON object. Reports are written as every command writes
 * them: whole or not at all. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "reports/reports.h"
#include "llvm/plugin.h"

#define POINTER_BYTES 8 /* of the machines that are supported */

static const vmo_command pass_command = {.name = "cc", .argument = "", .bit = VMO_CC, .operands = VMO_COMMAND_LINE};

/* ---- options ---- */

/* One word, which ends where the next comma was. */
static bool apply_word(vmo_cli *cli, char *word) {
  char *equals = strchr(word, '=');
  size_t length = equals != NULL ? (size_t)(equals - word) : strlen(word);
  vmo_option_id option = vmo_find_option(word, length);
  bool known = option != VMO_OPTION_COUNT && (vmo_option_infos[option].commands & VMO_CC) != 0 &&
               option != VMO_OPTION_HELP && option != VMO_OPTION_VERSION;
  if (equals != NULL) *equals = '\0';
  if (!known) {
    const char *nearest = vmo_nearest_option(word, VMO_CC);
    vmo_diagnostic *added = vmo_diag_add(cli->context, VMO_DIAG_USAGE, (vmo_location){0},
                                         VMO_PASS_VARIABLE ": there is no option %s", word);
    if (nearest != NULL && strcmp(nearest, word) != 0) vmo_diag_hint(cli->context, added, "did you mean %s?", nearest);
    return false;
  }
  const vmo_option_info *info = &vmo_option_infos[option];
  bool needs = info->form == VMO_FORM_VALUE || option == VMO_OPTION_JSON, takes = info->form != VMO_FORM_FLAG;
  if (equals != NULL ? !takes || equals[1] == '\0' : needs) {
    vmo_diag_add(cli->context, VMO_DIAG_USAGE, (vmo_location){0}, VMO_PASS_VARIABLE ": %s %s", info->name,
                 takes ? "needs an argument" : "takes no argument");
    return false;
  }
  const char *value = equals != NULL ? equals + 1 : NULL;
  if (option == VMO_OPTION_CONFIG) return true; /* read before the others */
  return vmo_apply_option(cli, option, value, VMO_LEVEL_COMMAND_LINE);
}

/* Cuts the text at its commas; a backslash keeps what follows it. `text` is overwritten. */
static char *next_word(char **text) {
  char *word = *text, *to = word, *from = word;
  while (*from != '\0' && *from != ',') {
    if (*from == '\\' && from[1] != '\0') from++;
    *to++ = *from++;
  }
  *text = *from == ',' ? from + 1 : NULL;
  *to = '\0';
  return word;
}

static bool apply_variable(vmo_cli *cli) {
  const char *variable = getenv(VMO_PASS_VARIABLE);
  if (variable == NULL || *variable == '\0') return true;
  VMO_VEC(char *) words = {0};
  char *text = vmr_arena_copy_text(cli->context->arena, variable, strlen(variable));
  if (text == NULL) return false;
  while (text != NULL) {
    char *word = next_word(&text);
    if (strncmp(word, "config=", 7) == 0 && word[7] != '\0') cli->options.config = word + 7;
    if (*word == '\0') {
      vmo_diagnostic *added = vmo_diag_add(cli->context, VMO_DIAG_USAGE, (vmo_location){0},
                                           VMO_PASS_VARIABLE ": there is nothing between two commas, or at an end");
      vmo_diag_hint(cli->context, added, "one comma parts two options, as in max-stack=512,heaps");
      return false;
    }
    if (!vmo_vec_push(cli->context->arena, &words, word)) return false;
  }
  if (cli->options.config != NULL && !vmo_read_config(cli)) return false;
  for (uint32_t i = 0; i < words.count; i++)
    if (!apply_word(cli, words.data[i])) return false;
  if (!vmo_check_heap_options(cli)) return false;
  cli->json_path = cli->options.json_path;
  if (cli->options.json && cli->json_path == NULL) {
    vmo_diagnostic *added = vmo_diag_add(cli->context, VMO_DIAG_USAGE, (vmo_location){0},
                                         VMO_PASS_VARIABLE ": \"json\": true in %s names no file", cli->options.config);
    vmo_diag_hint(cli->context, added, "give it a file: \"json\": \"report.json\"");
    return false;
  }
  if (vmo_is_same_file(cli->json_path, cli->options.remarks)) {
    vmo_diag_add(cli->context, VMO_DIAG_USAGE, (vmo_location){0}, VMO_PASS_VARIABLE ": two outputs would go to %s",
                 cli->json_path);
    return false;
  }
  return true;
}

/* ---- the work ---- */

static void show_remark(void *user, const vmo_remark *remark) {
  const vmo_pass_host *host = user;
  host->remark(host->user, &(vmo_pass_remark){.kind = remark->kind[0],
                                              .name = remark->name,
                                              .function = remark->function,
                                              .words = remark->words,
                                              .file = remark->place.file,
                                              .line = remark->place.line,
                                              .column = remark->place.column});
}

/* A build goes on where some of it is for another machine, as a configure script that tries -m32. */
static vmo_pass_outcome leave(vmo_cli *cli, const vmo_pass_host *host) {
  vmo_diag_add(cli->context, VMO_DIAG_OTHER_MACHINE, (vmo_location){0},
               "this is for a machine with pointers of %u bytes, and stays as it is", host->pointer_bytes);
  return VMO_PASS_UNCHANGED;
}

static vmo_pass_outcome rewrite(vmo_cli *cli, void *module, const vmo_pass_host *host) {
  vmo_ll_options options = vmo_make_llvm_options(&cli->options);
  vmo_writers writers = {
      .file = vmo_write_remarks_file, .files = &cli->options.remarks, .file_count = cli->options.remarks != NULL};
  vmo_site_facts *facts = NULL;
  options.heaps &= host->all;
  vmo_status status = vmo_context_set_source(cli->context, host->source, NULL, 0);
  if (status == VMO_OK && host->pointer_bytes != POINTER_BYTES) return leave(cli, host);
  if (status == VMO_OK && options.heaps) status = vmo_read_profile(cli, &options.profile);
  if (status == VMO_OK) status = vmo_adopt_llvm(cli->context, module, &cli->program);
  if (status == VMO_OK) status = vmo_rewrite_llvm(cli->program, &options, &facts);
  cli->sites = facts;
  if (status == VMO_OK && !vmo_visit_remarks(facts, show_remark, (void *)host)) status = VMO_OUT_OF_MEMORY;
  vmo_exit code = vmo_finish(cli, status, &writers);
  vmo_release_llvm(cli->program);
  if (code != VMO_EXIT_FINE) return VMO_PASS_FAILED;
  return facts->edited ? VMO_PASS_CHANGED : VMO_PASS_UNCHANGED;
}

vmo_pass_outcome vmo_run_pass(void *module, const vmo_pass_host *host) {
  vmo_cli cli = {.context = vmo_context_create(),
                 .command = &pass_command,
                 .options = {.capacity = -1, .input = host->source},
                 .input_kind = VMO_INPUT_LLVM};
  if (cli.context == NULL) return VMO_PASS_FAILED;
  vmo_pass_outcome outcome = VMO_PASS_FAILED;
  if (vmo_context_set_source(cli.context, "vmemopt", NULL, 0) == VMO_OK && apply_variable(&cli))
    outcome = rewrite(&cli, module, host);
  vmo_print_diagnostics(&cli);
  vmo_context_destroy(cli.context);
  free(cli.config_source);
  free(cli.other_source);
  return outcome;
}

void vmo_refuse_host(unsigned major, unsigned host_major) {
  char host[32] = "one before 16", other[32] = "the other LLVM";
  if (host_major != 0) snprintf(host, sizeof host, "LLVM %u", host_major);
  if (host_major != 0) snprintf(other, sizeof other, "LLVM %u", host_major);
  fprintf(stderr,
          "vmemopt: error: this pass is for LLVM %u, and the program that loads it is built on %s\n"
          "hint: use clang-%u, or a vmemopt that was built with %s\n",
          major, host, major, other);
}
