/* test_ops.c: the table of ops: each row can be read, and what is said of bytes, views and workspaces is right. With
 * --bless it writes docs/ops.md anew instead. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ir/signature.h"

/* ---- rows ---- */

static bool is_control(const vmo_op_info *info) { return info->category == VMO_CATEGORY_CONTROL; }

static void every_row_can_be_read(void **state) {
  (void)state;
  for (int code = 0; code < VMO_OPCODE_COUNT; code++) {
    vmo_signature signature;
    const vmo_op_row *row = vmo_op_get_row((vmo_opcode)code);
    if (!vmo_read_signature(row, &signature)) fail_msg("the row of %s is not in the notation", row->row_name);
  }
}

static uint32_t count_required(const vmo_pattern *patterns, uint32_t count) {
  uint32_t required = 0;
  for (uint32_t i = 0; i < count; i++) required += !patterns[i].optional && !patterns[i].many;
  return required;
}

/* "x?" and "x..." must say what the macro of the row says. */
static void assert_counts(const char *name, const vmo_pattern *patterns, uint32_t count, uint32_t least,
                          uint32_t most) {
  bool many = count > 0 && patterns[count - 1].many;
  uint32_t required = count_required(patterns, count);
  if (!(least == required || (many && least == required + 1)) || most != (many ? VMO_NONE : count))
    fail_msg("%s: the text and the macro of its row differ", name);
  for (uint32_t i = 0; i + 1 < count; i++) assert_false(patterns[i].many);
}

static void counts_agree_with_texts(void **state) {
  (void)state;
  for (int code = 0; code < VMO_OPCODE_COUNT; code++) {
    vmo_signature s;
    const vmo_op_info *info = vmo_op_get_info((vmo_opcode)code);
    assert_true(vmo_read_signature(vmo_op_get_row((vmo_opcode)code), &s));
    assert_counts(info->name, s.operands, s.operand_count, info->operand_min, info->operand_max);
    assert_counts(info->name, s.results, s.result_count, info->result_min, info->result_max);
  }
}

static void rows_are_complete(void **state) {
  (void)state;
  for (int code = 0; code < VMO_OPCODE_COUNT; code++) {
    const vmo_op_row *row = vmo_op_get_row((vmo_opcode)code);
    const vmo_op_info *info = &row->info;
    size_t length = strlen(info->summary);
    if (length < 6 || info->summary[length - 1] != '.') fail_msg("%s: the summary is no sentence", row->row_name);
    if ((*info->kernel == '\0') != is_control(info)) fail_msg("%s: a kernel is missing or too much", row->row_name);
    if ((row->rule == VMO_RULE_STRUCTURE || row->rule == VMO_RULE_CALLEE) != is_control(info))
      fail_msg("%s: the rule is not of its family", row->row_name);
    assert_true(*info->result != '\0' && *info->bytes != '\0');
    if (info->terminator) assert_true(info->effect && info->result_max == 0);
  }
}

/* A name of a shape that occurs twice must not be written both with dots and without. */
static void sizes_are_named_alike(void **state) {
  (void)state;
  for (int code = 0; code < VMO_OPCODE_COUNT; code++) {
    vmo_signature s;
    assert_true(vmo_read_signature(vmo_op_get_row((vmo_opcode)code), &s));
    int many[VMO_VARIABLES];
    for (int i = 0; i < VMO_VARIABLES; i++) many[i] = -1;
    for (uint32_t i = 0; i < s.operand_count + s.result_count; i++) {
      const vmo_pattern *p = i < s.operand_count ? &s.operands[i] : &s.results[i - s.operand_count];
      int dotted = 0;
      for (uint32_t k = 0; k < p->size_count; k++) {
        int *known = &many[p->sizes[k].letter - 'A'];
        assert_true(*known == -1 || *known == p->sizes[k].many);
        *known = p->sizes[k].many;
        dotted += p->sizes[k].many;
      }
      assert_true(dotted <= 1);
    }
  }
}

static void the_notation_is_strict(void **state) {
  (void)state;
  static const char *const wrong[] = {
      "x",          "x:",          "x: ",          "x: numb",    "x: num TT",     "x: T",     "x: num t",
      "x: num T[N", "x: num T[n]", "x: num T[N,]", "x: num T y", "x: num,y: num", "x: num, ", "x: num T[A,B,C,D,E]"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    vmo_signature s;
    vmo_op_row row = *vmo_op_get_row(VMO_OP_add);
    row.info.operands = wrong[i];
    if (vmo_read_signature(&row, &s)) fail_msg("operands `%s` were accepted", wrong[i]);
  }
  static const char *const attributes[] = {
      "axis", "axis: axes", "axis: axis =", "p: real(0..1", "p: real(0)", "a: int b: int"};
  for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++) {
    vmo_signature s;
    vmo_op_row row = *vmo_op_get_row(VMO_OP_add);
    row.info.attributes = attributes[i];
    if (vmo_read_signature(&row, &s)) fail_msg("attributes `%s` were accepted", attributes[i]);
  }
}

static void a_signature_says_what_the_row_says(void **state) {
  (void)state;
  vmo_signature s;
  assert_true(vmo_read_signature(vmo_op_get_row(VMO_OP_neighbor_sum), &s));
  assert_int_equal(s.operand_count, 3);
  assert_true(s.operands[0].sizes[0].one_more && s.operands[0].sizes[0].letter == 'N');
  assert_int_equal(s.operands[0].elements, 1u << VMO_I32 | 1u << VMO_I64);
  assert_true(s.operands[2].sizes[1].many && s.operands[2].sizes[1].letter == 'F');
  assert_int_equal(s.results[0].elements, s.operands[2].elements);
  assert_true(vmo_read_signature(vmo_op_get_row(VMO_OP_dropout), &s));
  assert_true(vmo_word_is(s.attributes[0].name, "p") && !s.attributes[0].required);
  assert_true(s.attributes[0].has_low && s.attributes[0].has_high && s.attributes[0].high == 1);
  assert_true(vmo_word_is(s.attributes[0].otherwise, "0.5"));
  assert_true(vmo_word_is(s.attributes[1].name, "seed") && s.attributes[1].required);
}

/* ---- names ---- */

static void ops_are_found_by_name(void **state) {
  (void)state;
  for (int code = 0; code < VMO_OPCODE_COUNT; code++) {
    const vmo_op_info *info = vmo_op_get_info((vmo_opcode)code);
    uint32_t count = info->operand_min;
    assert_int_equal(vmo_op_find_with(info->name, count), code);
  }
  assert_int_equal(vmo_op_find("matmul"), VMO_OP_matmul);
  assert_int_equal(vmo_op_find("matmu"), VMO_OPCODE_COUNT);
  assert_int_equal(vmo_op_find(""), VMO_OPCODE_COUNT);
  assert_int_equal(vmo_op_find("declared"), VMO_OPCODE_COUNT);
}

static void min_and_max_are_told_apart_by_operands(void **state) {
  (void)state;
  assert_int_equal(vmo_op_find("min"), VMO_OP_min);
  assert_int_equal(vmo_op_find_with("min", 1), VMO_OP_reduce_min);
  assert_int_equal(vmo_op_find_with("min", 2), VMO_OP_min);
  assert_int_equal(vmo_op_find_with("max", 1), VMO_OP_reduce_max);
  assert_int_equal(vmo_op_find_with("max", 3), VMO_OP_max);
  assert_string_equal(vmo_op_get_info(VMO_OP_reduce_max)->name, "max");
}

/* ---- bytes, as design says: elementwise ops and scans allow it; reductions, gathers, matmul, neighbours never ---- */

static void families_keep_the_rules_of_overwriting(void **state) {
  (void)state;
  for (int code = 0; code < VMO_OPCODE_COUNT; code++) {
    const vmo_op_info *info = vmo_op_get_info((vmo_opcode)code);
    if (info->category == VMO_CATEGORY_ELEMENTWISE) {
      assert_int_equal(info->overwrite, VMO_OVERWRITE_SAME_INDEX);
      for (uint32_t i = 0; i < info->operand_max; i++) assert_true(info->inplace >> i & 1);
    } else if (info->category == VMO_CATEGORY_SCAN) {
      assert_true(info->overwrite == VMO_OVERWRITE_SAME_INDEX && info->inplace == 1);
    } else if (info->category != VMO_CATEGORY_NEURAL && code != VMO_OP_normalize_sum) {
      assert_true(info->overwrite != VMO_OVERWRITE_SAME_INDEX);
    }
    if (strncmp(info->name, "neighbor_", 9) == 0 || strncmp(info->name, "segment_", 8) == 0 ||
        strstr(info->name, "gather") != NULL || strstr(info->name, "matmul") != NULL)
      assert_int_equal(info->overwrite, VMO_OVERWRITE_NEVER);
    assert_int_equal(info->view, code == VMO_OP_reshape || code == VMO_OP_slice || code == VMO_OP_split);
    bool destination = code == VMO_OP_scatter || code == VMO_OP_scatter_add || code == VMO_OP_label_propagate;
    assert_int_equal(info->overwrite == VMO_OVERWRITE_DESTINATION, destination);
  }
}

/* ---- facts of ops in a program ---- */

typedef struct program {
  vmo_context *context;
  vmo_module *module;
  const vmo_function *function;
} program;

static program parse(const char *text) {
  program p = {.context = vmo_context_create()};
  assert_int_equal(vmo_context_set_source(p.context, "test", text, strlen(text)), VMO_OK);
  if (vmo_parse_module(p.context, &p.module) != VMO_OK) {
    vmo_text out;
    vmo_text_init(&out);
    vmo_diag_print_all(p.context, false, &out);
    print_error("%s\n", out.data);
    fail_msg("the program itself is wrong");
  }
  p.function = p.module->functions.data[p.module->functions.count - 1];
  return p;
}

/* The op that defines the value of that name. */
static const vmo_op *op_of(const program *p, const char *name) {
  for (uint32_t i = 0; i < p->function->values.count; i++)
    if (strcmp(vmo_value_name(p->module, p->function, i), name) == 0)
      return &p->function->ops.data[p->function->values.data[i].owner];
  fail_msg("no %%%s", name);
  return NULL;
}

static bool may_overwrite(const program *p, const char *name, uint32_t operand) {
  return vmo_op_may_overwrite(p->module, p->function, op_of(p, name), operand);
}

static bool reads_same_index(const program *p, const char *name, uint32_t operand) {
  return vmo_op_reads_same_index(p->module, p->function, op_of(p, name), operand);
}

static void operands_of_equal_count_are_read_at_the_same_index(void **state) {
  (void)state;
  program p = parse("dim N\n"
                    "op @mix(%x: f64[n], %y: f64[n]) -> f64[n] { inplace = [1] }\n"
                    "func @f(%x: f64[N], %k: f64, %row: f64[1,N], %at: i64[3], %one: f64[N,1]) -> f64[N] {\n"
                    "  %add = add %x, %k : f64[N]\n"
                    "  %two = add %x, 2 : f64[N]\n"
                    "  %wide = add %row, %x : f64[1,N]\n"
                    "  %table = add %x, %one : f64[N,N]\n"
                    "  %axpy = axpy %k, %x, %add : f64[N]\n"
                    "  %sum = sum %x : f64\n"
                    "  %scan = cumsum %x : f64[N]\n"
                    "  %norm = layer_norm %x, %add : f64[N]\n"
                    "  %put = scatter %x, %at, 1.0 : f64[N]\n"
                    "  %mix = @mix %x, %add : f64[N]\n"
                    "  %copy = copy %x : f64[N]\n"
                    "  return %x\n"
                    "}\n");
  assert_true(may_overwrite(&p, "add", 0) && reads_same_index(&p, "add", 0));
  assert_true(may_overwrite(&p, "add", 1) && !reads_same_index(&p, "add", 1)); /* a scalar has another count */
  assert_false(may_overwrite(&p, "two", 1));                                   /* a literal has no bytes */
  assert_false(may_overwrite(&p, "two", 2));
  assert_true(reads_same_index(&p, "wide", 0) && reads_same_index(&p, "wide", 1));
  assert_false(reads_same_index(&p, "table", 0) || reads_same_index(&p, "table", 1));
  assert_true(reads_same_index(&p, "axpy", 1) && reads_same_index(&p, "axpy", 2) && !reads_same_index(&p, "axpy", 0));
  assert_false(may_overwrite(&p, "sum", 0) || reads_same_index(&p, "sum", 0));
  assert_true(may_overwrite(&p, "scan", 0) && reads_same_index(&p, "scan", 0));
  assert_true(may_overwrite(&p, "norm", 0) && !may_overwrite(&p, "norm", 1) && !reads_same_index(&p, "norm", 1));
  assert_true(may_overwrite(&p, "put", 0) && !reads_same_index(&p, "put", 0) && !may_overwrite(&p, "put", 1));
  assert_true(vmo_op_is_destination(op_of(&p, "put")) && !vmo_op_is_destination(op_of(&p, "scan")));
  assert_true(!may_overwrite(&p, "mix", 0) && may_overwrite(&p, "mix", 1) && reads_same_index(&p, "mix", 1));
  assert_false(may_overwrite(&p, "copy", 0));
  vmo_context_destroy(p.context);
}

static void effects_are_those_of_control_and_declarations(void **state) {
  (void)state;
  program p = parse("dim N\n"
                    "op @log(%x: f64[n]) -> f64 { effect = true }\n"
                    "op @pure(%x: f64[n]) -> f64\n"
                    "func @f(%x: f64[N]) -> f64 {\n"
                    "  %log = @log %x : f64\n"
                    "  %pure = @pure %x : f64\n"
                    "  %random = random {seed = 1} : f64[N]\n"
                    "  %loop = for %i = 0 to 3 carry (%a = %log) -> f64 {\n"
                    "    yield %a\n"
                    "  }\n"
                    "  return %pure\n"
                    "}\n");
  assert_true(vmo_op_has_effect(p.module, op_of(&p, "log")));
  assert_false(vmo_op_has_effect(p.module, op_of(&p, "pure")));
  assert_false(vmo_op_has_effect(p.module, op_of(&p, "random")));
  assert_true(vmo_op_has_effect(p.module, op_of(&p, "loop")));
  assert_true(vmo_op_has_effect(p.module, &p.function->ops.data[p.function->ops.count - 1]));
  vmo_context_destroy(p.context);
}

/* The byte offset of the result called `name` as text; "" when it is no view. */
static const char *view_offset(const program *p, const char *name) {
  const vmo_op *op = op_of(p, name);
  uint32_t result = 0;
  while (strcmp(vmo_value_name(p->module, p->function, op->result_first + result), name) != 0) result++;
  vmo_size_id offset;
  if (!vmo_op_is_view(p->module, p->function, op, result, &offset)) return "";
  vmo_text text;
  vmo_text_init(&text);
  vmo_size_print(p->module->sizes, offset, p->module->dims.data, p->context->names, &text);
  const char *kept = vmr_arena_copy_text(p->context->arena, text.data, text.count);
  vmo_text_free(&text);
  return kept;
}

static void contiguous_parts_are_views(void **state) {
  (void)state;
  program p = parse("dim N\n"
                    "dim M\n"
                    "func @f(%x: f64[N,M], %v: f32[1,8,M], %c: i16[4,6,5]) -> f64 {\n"
                    "  %flat = reshape %x : f64[N*M]\n"
                    "  %all = slice %x {} : f64[N,M]\n"
                    "  %rows = slice %x {start = [2], size = [3]} : f64[3,M]\n"
                    "  %last = slice %x {start = [N-1], size = [1]} : f64[1,M]\n"
                    "  %columns = slice %x {start = [0, 1], size = [N, 2]} : f64[N,2]\n"
                    "  %run = slice %x {start = [1, 4], size = [1, 3]} : f64[1,3]\n"
                    "  %middle = slice %v {start = [0, 2], size = [1, 4]} : f32[1,4,M]\n"
                    "  %steps = slice %v {start = [0, 0], size = [1, 4], step = [1, 2]} : f32[1,4,M]\n"
                    "  %one = slice %v {start = [0, 5], size = [1, 1], step = [1, 2]} : f32[1,1,M]\n"
                    "  %box = slice %c {start = [1, 2, 0], stop = [2, 4, 5]} : i16[1,2,5]\n"
                    "  %tall = slice %c {start = [1, 2, 0], stop = [3, 4, 5]} : i16[2,2,5]\n"
                    "  %element = slice %c {start = [3, 5, 4], size = [1, 1, 1]} : i16[1,1,1]\n"
                    "  %aligned = slice %c {start = [1], size = [1]} : i16[1,6,5] align 128\n"
                    "  %elsewhere = slice %c {start = [1], size = [1]} : i16[1,6,5] @sram\n"
                    "  %top, %rest = split %x : f64[2,M], f64[N-2,M]\n"
                    "  %left, %right = split %x {axis = 1} : f64[N,1], f64[N,M-1]\n"
                    "  %a, %b = split %v {axis = 1} : f32[1,3,M], f32[1,5,M]\n"
                    "  %joined = concat %top, %rest : f64[N,M]\n"
                    "  %s = sum %x : f64\n"
                    "  return %s\n"
                    "}\n");
  static const char *const wanted[][2] = {{"flat", "0"},     {"all", "0"},
                                          {"rows", "16*M"},  {"last", "8*N*M - 8*M"},
                                          {"columns", ""},   {"run", "8*M + 32"},
                                          {"middle", "8*M"}, {"steps", ""},
                                          {"one", "20*M"},   {"box", "80"},
                                          {"tall", ""},      {"element", "238"},
                                          {"aligned", ""},   {"elsewhere", ""},
                                          {"top", "0"},      {"rest", "16*M"},
                                          {"left", ""},      {"right", ""},
                                          {"a", "0"},        {"b", "12*M"},
                                          {"joined", ""},    {"s", ""}};
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
    const char *offset = view_offset(&p, wanted[i][0]);
    if (strcmp(offset, wanted[i][1]) != 0)
      fail_msg("%%%s is a view at `%s`, not `%s`", wanted[i][0], offset, wanted[i][1]);
  }
  vmo_context_destroy(p.context);
}

static void assert_workspace(const program *p, const char *name, const char *wanted) {
  vmo_text text;
  vmo_text_init(&text);
  vmo_size_id size = vmo_op_workspace(p->module, p->function, op_of(p, name));
  vmo_size_print(p->module->sizes, size, p->module->dims.data, p->context->names, &text);
  assert_string_equal(text.data, wanted);
  vmo_text_free(&text);
}

static void workspaces_follow_the_operands(void **state) {
  (void)state;
  program p = parse("dim N\n"
                    "dim M\n"
                    "op @fft(%x: f64[n]) -> f64[n] { workspace = 16*n }\n"
                    "op @join(%x: f64[n, 2*k], %y: f64[k]) -> f64[n+k] { workspace = max(n*k, 64) }\n"
                    "func @f(%x: f64[2*M+1], %q: f16[4,N,8], %k: f16[4,M,8], %t: f64[3,2*N], %u: f64[N]) -> f64 {\n"
                    "  %fft = @fft %x : f64[2*M+1]\n"
                    "  %attention = attention %q, %k, %k : f16[4,N,8]\n"
                    "  %join = @join %t, %u : f64[N+3]\n"
                    "  %s = sum %x : f64\n"
                    "  return %s\n"
                    "}\n");
  assert_workspace(&p, "fft", "32*M + 16");
  assert_workspace(&p, "attention", "8*M");
  assert_workspace(&p, "join", "max(3*N, 64)");
  assert_workspace(&p, "s", "0");
  vmo_context_destroy(p.context);
}

/* ---- the document ---- */

static const char *const document = VMO_SOURCE_DIRECTORY "/docs/ops.md";

static void the_document_is_up_to_date(void **state) {
  (void)state;
  vmo_text wanted;
  vmo_text_init(&wanted);
  vmo_list_ops(&wanted);
  FILE *file = fopen(document, "rb");
  assert_non_null(file);
  char *text = malloc(wanted.count + 2);
  size_t length = fread(text, 1, wanted.count + 1, file);
  fclose(file);
  if (length != wanted.count || memcmp(text, wanted.data, length) != 0)
    fail_msg("docs/ops.md is not what ir/ops.def says: run test_ops --bless");
  free(text);
  vmo_text_free(&wanted);
}

static int bless(void) {
  vmo_text text;
  vmo_text_init(&text);
  vmo_list_ops(&text);
  FILE *file = fopen(document, "wb");
  bool written = file != NULL && fwrite(text.data, 1, text.count, file) == text.count;
  if (file != NULL && fclose(file) != 0) written = false;
  vmo_text_free(&text);
  return written ? 0 : 1;
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "--bless") == 0) return bless();
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_row_can_be_read),
      cmocka_unit_test(counts_agree_with_texts),
      cmocka_unit_test(rows_are_complete),
      cmocka_unit_test(sizes_are_named_alike),
      cmocka_unit_test(the_notation_is_strict),
      cmocka_unit_test(a_signature_says_what_the_row_says),
      cmocka_unit_test(ops_are_found_by_name),
      cmocka_unit_test(min_and_max_are_told_apart_by_operands),
      cmocka_unit_test(families_keep_the_rules_of_overwriting),
      cmocka_unit_test(operands_of_equal_count_are_read_at_the_same_index),
      cmocka_unit_test(effects_are_those_of_control_and_declarations),
      cmocka_unit_test(contiguous_parts_are_views),
      cmocka_unit_test(workspaces_follow_the_operands),
      cmocka_unit_test(the_document_is_up_to_date),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
