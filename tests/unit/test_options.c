/* test_options.c: arguments and configuration files to options, sizes with units, kinds of input. */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

/* ---- a run of the parser ---- */

static vmo_cli start(const char *command) {
  vmo_cli cli = {.context = vmo_context_create()};
  assert_non_null(cli.context);
  assert_int_equal(vmo_context_set_source(cli.context, "vmemopt", NULL, 0), VMO_OK);
  cli.command = vmo_find_command(command);
  assert_non_null(cli.command);
  return cli;
}

static void finish(vmo_cli *cli) {
  vmo_context_destroy(cli->context);
  free(cli->config_source);
}

/* Parses the words, which a NULL ends. */
static bool parse(vmo_cli *cli, const char *const *words) {
  char *arguments[16];
  int count = 0;
  for (; words[count] != NULL; count++) arguments[count] = (char *)(uintptr_t)words[count];
  return vmo_parse_options(cli, count, arguments);
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Asserts that the words are wrong usage, and that the message contains `message`. */
static void assert_refused(const char *command, const char *const *words, const char *message) {
  vmo_cli cli = start(command);
  assert_false(parse(&cli, words));
  assert_int_equal(cli.context->diagnostics->count, 1);
  const char *found = cli.context->diagnostics->items[0].message;
  if (strstr(found, message) == NULL) fail_msg("'%s' does not contain '%s'", found, message);
  finish(&cli);
}

/* ---- options ---- */

static void options_are_read_in_every_spelling(void **state) {
  (void)state;
  vmo_cli cli = start("analyze");
  assert_true(
      parse(&cli, WORDS("--dim=N=8,M=9", "in.vmir", "--dim", "K=1", "-oout", "-O2", "--align", "8", "--colour=never")));
  assert_string_equal(cli.options.input, "in.vmir");
  assert_string_equal(cli.options.output, "out");
  assert_int_equal(cli.options.optimise, 2);
  assert_int_equal(cli.options.alignment, 8);
  assert_int_equal(cli.options.colour, VMO_COLOUR_NEVER);
  assert_int_equal(cli.options.dims.count, 3);
  assert_string_equal(cli.options.dims.data[1].name, "M");
  assert_int_equal(cli.options.dims.data[1].value, 9);
  finish(&cli);
}

static void two_dashes_end_the_options(void **state) {
  (void)state;
  vmo_cli cli = start("check");
  assert_true(parse(&cli, WORDS("--", "--json")));
  assert_string_equal(cli.options.input, "--json");
  assert_false(cli.options.json);
  finish(&cli);
}

static void wrong_usage_is_named(void **state) {
  (void)state;
  assert_refused("check", WORDS("--jsn", "x"), "there is no option --jsn");
  assert_refused("check", WORDS("-q", "x"), "there is no option -q");
  assert_refused("check", WORDS("--align", "8", "x"), "check does not take --align");
  assert_refused("analyze", WORDS("x", "--align"), "--align needs an argument");
  assert_refused("analyze", WORDS("x", "--text=yes"), "--text takes no argument");
  assert_refused("analyze", WORDS("x", "--dim="), "the argument of --dim is empty");
  assert_refused("check", WORDS("x", "y"), "one argument too many: y");
  assert_refused("analyze", WORDS("--json"), "analyze needs an input");
  assert_refused("analyze", WORDS("x", "--align=3"), "--align takes a power of two");
  assert_refused("analyze", WORDS("x", "--align=0"), "--align takes a power of two");
  assert_refused("analyze", WORDS("x", "--align=2147483648"), "--align takes a power of two");
  assert_refused("analyze", WORDS("x", "--detail=much"), "--detail is summary or full, not 'much'");
  assert_refused("analyze", WORDS("x", "-O1"), "--optimise is 0 or 2");
  assert_refused("analyze", WORDS("x", "--passes=slots,slot"), "--passes names 'slot'");
  assert_refused("analyze", WORDS("x", "--dump=all"), "--dump names 'all'");
  assert_refused("analyze", WORDS("x", "--width=59"), "--width takes a number from 60");
}

static void dims_are_whole_numbers_that_do_not_contradict(void **state) {
  (void)state;
  assert_refused("check", WORDS("x", "--dim=N"), "NAME=NUMBER");
  assert_refused("check", WORDS("x", "--dim=N=-1"), "NAME=NUMBER");
  assert_refused("check", WORDS("x", "--dim=N=9007199254740992"), "NAME=NUMBER");
  assert_refused("check", WORDS("x", "--dim=N=1,"), "NAME=NUMBER");
  assert_refused("check", WORDS("x", "--dim==1"), "NAME=NUMBER");
  assert_refused("check", WORDS("x", "--dim=N=1", "--dim=N=2"), "--dim gives N two values: 1 and 2");
  vmo_cli cli = start("check");
  assert_true(parse(&cli, WORDS("x", "--dim=N=9007199254740991", "--dim=N=9007199254740991")));
  assert_int_equal(cli.options.dims.count, 1);
  assert_int_equal(cli.options.dims.data[0].value, VMO_BYTES_LIMIT - 1);
  finish(&cli);
}

static void budgets_are_for_all_or_for_one_space(void **state) {
  (void)state;
  vmo_cli cli = start("opt");
  assert_true(parse(&cli, WORDS("x", "--max-peak=64MiB,sram=256KiB", "--max-peak", "@dma=7")));
  assert_int_equal(cli.options.budgets.count, 3);
  assert_null(cli.options.budgets.data[0].space);
  assert_int_equal(cli.options.budgets.data[0].bytes, 64 << 20);
  assert_string_equal(cli.options.budgets.data[1].space, "sram");
  assert_int_equal(cli.options.budgets.data[1].bytes, 256 << 10);
  assert_string_equal(cli.options.budgets.data[2].space, "dma");
  finish(&cli);
  assert_refused("opt", WORDS("x", "--max-peak=1.5MiB"), "--max-peak takes SIZE or SPACE=SIZE");
  assert_refused("opt", WORDS("x", "--max-peak==5"), "--max-peak takes SIZE or SPACE=SIZE");
  assert_refused("opt", WORDS("x", "--max-peak=5,6"), "two budgets");
}

static void sizes_have_units(void **state) {
  (void)state;
  static const struct {
    const char *text;
    vmo_bytes bytes; /* -1: refused */
  } cases[] = {{"0", 0},
               {"1048576", 1048576},
               {"12B", 12},
               {"1KiB", 1024},
               {"1kib", 1024},
               {"3 MiB", 3 << 20},
               {"2kB", 2000},
               {"2MB", 2000000},
               {"1GiB", 1 << 30},
               {"1TB", 1000000000000},
               {"9007199254740991", VMO_BYTES_LIMIT - 1},
               {"8191TiB", INT64_C(8191) << 40},
               {"8192TiB", -1},
               {"9007199254740992", -1},
               {"99999999999999999999", -1},
               {"", -1},
               {"KiB", -1},
               {"-1", -1},
               {"1K", -1},
               {"1Mi", -1},
               {"1 2", -1}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    vmo_bytes bytes = -1;
    bool fine = vmo_parse_bytes(cases[i].text, strlen(cases[i].text), &bytes);
    if (fine != (cases[i].bytes >= 0) || (fine && bytes != cases[i].bytes)) fail_msg("'%s'", cases[i].text);
  }
}

/* ---- where outputs go ---- */

static void check_places(const char *command, const char *const *words, const char *product, const char *text,
                         const char *json) {
  vmo_cli cli = start(command);
  assert_true(parse(&cli, words));
  const char *const found[] = {cli.product_path, cli.text_path, cli.json_path}, *const wanted[] = {product, text, json};
  for (int i = 0; i < 3; i++) {
    assert_int_equal(found[i] == NULL, wanted[i] == NULL);
    if (wanted[i] != NULL) assert_string_equal(found[i], wanted[i]);
  }
  finish(&cli);
}

static void reports_go_where_the_table_says(void **state) {
  (void)state;
  check_places("analyze", WORDS("x"), NULL, "-", NULL);
  check_places("analyze", WORDS("x", "-o", "a"), NULL, "a", NULL);
  check_places("analyze", WORDS("x", "--json"), NULL, NULL, "-");
  check_places("analyze", WORDS("x", "--json", "-o", "a"), NULL, NULL, "a");
  check_places("analyze", WORDS("x", "--json=j", "-o", "a"), NULL, "a", "j");
  check_places("opt", WORDS("x"), "-", NULL, NULL);
  check_places("opt", WORDS("x", "-o", "a", "--json"), "a", NULL, "-");
  check_places("opt", WORDS("x", "-o", "a", "--text"), "a", "-", NULL);
  check_places("opt", WORDS("x", "--json=j"), "-", NULL, "j");
  check_places("plan", WORDS("x"), "-", "-", NULL);
  check_places("plan", WORDS("x", "-o", "a"), "a", "-", NULL);
  check_places("plan", WORDS("x", "-o", "a", "--json"), "a", NULL, "-");
}

static void two_outputs_to_one_place_are_wrong(void **state) {
  (void)state;
  assert_refused("opt", WORDS("x", "--json"), "both go to standard output");
  assert_refused("opt", WORDS("x", "--text"), "both go to standard output");
  assert_refused("opt", WORDS("x", "--json", "-o", "/dev/stdout"), "both go to standard output");
  assert_refused("plan", WORDS("x", "--json"), "both go to standard output");
  assert_refused("opt", WORDS("x", "--json=-"), "two outputs would go to standard output");
  assert_refused("analyze", WORDS("x", "--json=a", "-o", "a"), "two outputs would go to a");
  assert_refused("analyze", WORDS("x", "--text", "--json"), "--text and --json ask for one place");
  assert_refused("analyze", WORDS("x", "--dump=flow", "--json"), "--dump and --json ask for one place");
  assert_refused("analyze", WORDS("x", "-o", "a", "--depfile=a"), "two outputs would go to a");
  assert_refused("analyze", WORDS("x", "--depfile=d"), "--depfile needs an output that is a file");
}

/* ---- the configuration file ---- */

static char config_path[] = "/tmp/vmemopt-test-XXXXXX";

static void write_config(const char *text) {
  strcpy(config_path, "/tmp/vmemopt-test-XXXXXX");
  int file = mkstemp(config_path);
  assert_true(file >= 0);
  assert_int_equal(write(file, text, strlen(text)), (ssize_t)strlen(text));
  close(file);
}

static void assert_config_refused(const char *text, const char *message) {
  write_config(text);
  assert_refused("analyze", WORDS("x", "--config", config_path), message);
  unlink(config_path);
}

static void a_configuration_says_what_the_command_line_says(void **state) {
  (void)state;
  write_config("{\"dim\": {\"N\": 8, \"M\": \"9\"}, \"align\": 16, \"max-peak\": {\"sram\": \"1KiB\", \"default\": 5},"
               " \"passes\": [\"inplace\", \"slots\"], \"json\": \"j\", \"text\": false, \"capacity\": 7,"
               " \"detail\": \"full\"}");
  vmo_cli cli = start("analyze");
  assert_true(parse(&cli, WORDS("x", "--align=32", "--dim=N=4", "--config", config_path)));
  assert_int_equal(cli.options.alignment, 32); /* the command line goes before the file */
  assert_int_equal(cli.options.dims.count, 2);
  assert_int_equal(cli.options.dims.data[0].value, 4);
  assert_int_equal(cli.options.dims.data[1].value, 9);
  assert_string_equal(cli.options.budgets.data[0].space, "sram");
  assert_int_equal(cli.options.budgets.data[1].bytes, 5);
  assert_string_equal(cli.options.passes, "inplace,slots");
  assert_string_equal(cli.json_path, "j");
  assert_true(cli.options.full);
  assert_int_equal(cli.options.capacity, -1); /* analyze does not take it */
  finish(&cli);
  unlink(config_path);
}

static void the_command_line_chooses_between_text_and_json(void **state) {
  (void)state;
  write_config("{\"json\": true}");
  vmo_cli cli = start("analyze");
  assert_true(parse(&cli, WORDS("x", "--text", "--config", config_path)));
  assert_string_equal(cli.text_path, "-");
  assert_null(cli.json_path);
  finish(&cli);
  unlink(config_path);
}

static void wrong_configurations_are_named(void **state) {
  (void)state;
  assert_config_refused("{\"algin\": 8}", "\"algin\" is no option");
  assert_config_refused("{\"help\": true}", "\"help\" may not stand in a configuration file");
  assert_config_refused("{\"config\": \"x\"}", "\"config\" may not stand in a configuration file");
  assert_config_refused("{\"align\": 3}", "\"align\" takes a power of two");
  assert_config_refused("{\"align\": [8]}", "\"align\" takes a text or a whole number");
  assert_config_refused("{\"align\": 8.5}", "\"align\" takes a text or a whole number");
  assert_config_refused("{\"text\": 1}", "\"text\" is true or false");
  assert_config_refused("{\"align\": 8, \"align\": 16}", "\"align\" stands there twice");
  assert_config_refused("{\"colour\": \"auto\", \"color\": \"never\"}", "\"color\" stands there twice");
  assert_config_refused("{\"dim\": {\"N\": true}}", "\"dim\" takes a text or a whole number");
  assert_config_refused("[]", "a JSON object is expected");
  assert_config_refused("", "this is no JSON");
  assert_config_refused("{\"align\": 8,}", "this is no JSON");
  assert_config_refused("{} trailing", "this is no JSON");
  assert_refused("analyze", WORDS("x", "--config=/nonexistent/file"), "cannot read /nonexistent/file");
}

static void the_place_of_a_fault_in_json_is_told(void **state) {
  (void)state;
  write_config("{\n  \"align\": ?\n}");
  vmo_cli cli = start("analyze");
  assert_false(parse(&cli, WORDS("x", "--config", config_path)));
  assert_int_equal(cli.context->diagnostics->items[0].location.line, 2);
  finish(&cli);
  unlink(config_path);
}

/* ---- kinds of input ---- */

static void kinds_are_told_by_content(void **state) {
  (void)state;
  static const struct {
    const char *text;
    size_t length;
    vmo_input_kind kind;
    const char *looks_like;
  } cases[] = {{"func @f() {", 11, VMO_INPUT_VMIR, NULL},
               {"// size, lower", 14, VMO_INPUT_VMIR, NULL},
               {"nonsense", 8, VMO_INPUT_VMIR, NULL},
               {"id,lower,upper,size\n", 20, VMO_INPUT_CSV, NULL},
               {"\xef\xbb\xbfid,start,end,size\r\n", 22, VMO_INPUT_CSV, NULL},
               {"\n size , id \n1,2", 15, VMO_INPUT_CSV, NULL},
               {"BC\xc0\xde\x35\x14", 6, VMO_INPUT_LLVM, NULL},
               {"; ModuleID = 'a'\n", 17, VMO_INPUT_LLVM, NULL},
               {"\n\ndefine void @f() {", 20, VMO_INPUT_LLVM, NULL},
               {"\x08\x08\x12\x07pytorch", 11, VMO_INPUT_UNSUPPORTED, "an ONNX model"},
               {"\177ELF\x02", 5, VMO_INPUT_UNSUPPORTED, "an ELF object file or program"},
               {"{\"a\": 1}", 8, VMO_INPUT_UNSUPPORTED, "JSON"},
               {"ab\0c", 4, VMO_INPUT_UNSUPPORTED, "binary data of an unknown kind"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const char *looks_like;
    assert_int_equal(vmo_detect_kind(cases[i].text, cases[i].length, &looks_like), cases[i].kind);
    assert_int_equal(looks_like == NULL, cases[i].looks_like == NULL);
    if (looks_like != NULL) assert_string_equal(looks_like, cases[i].looks_like);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(options_are_read_in_every_spelling),
      cmocka_unit_test(two_dashes_end_the_options),
      cmocka_unit_test(wrong_usage_is_named),
      cmocka_unit_test(dims_are_whole_numbers_that_do_not_contradict),
      cmocka_unit_test(budgets_are_for_all_or_for_one_space),
      cmocka_unit_test(sizes_have_units),
      cmocka_unit_test(reports_go_where_the_table_says),
      cmocka_unit_test(two_outputs_to_one_place_are_wrong),
      cmocka_unit_test(a_configuration_says_what_the_command_line_says),
      cmocka_unit_test(the_command_line_chooses_between_text_and_json),
      cmocka_unit_test(wrong_configurations_are_named),
      cmocka_unit_test(the_place_of_a_fault_in_json_is_told),
      cmocka_unit_test(kinds_are_told_by_content),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
