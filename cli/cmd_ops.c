/* cmd_ops.c: `vmemopt ops [NAME]`: the table of ops, for people and as JSON. */
#include <string.h>

#include "cli/cli.h"
#include "support/json.h"

#define NAME_COLUMNS 18
#define FACT_COLUMNS 14

static const char *category_name(vmo_op_category category) {
  static const char *const names[] = {[VMO_CATEGORY_ELEMENTWISE] = "elementwise",
                                      [VMO_CATEGORY_CREATION] = "creation",
                                      [VMO_CATEGORY_SHAPE] = "shape",
                                      [VMO_CATEGORY_REDUCTION] = "reduction",
                                      [VMO_CATEGORY_SCAN] = "scan",
                                      [VMO_CATEGORY_SORT] = "sort",
                                      [VMO_CATEGORY_LINEAR_ALGEBRA] = "linear algebra",
                                      [VMO_CATEGORY_INDEXED] = "indexed",
                                      [VMO_CATEGORY_GRAPH] = "graph",
                                      [VMO_CATEGORY_NEURAL] = "neural network",
                                      [VMO_CATEGORY_CONTROL] = "control"};
  return names[category];
}

static const char *bytes_rule(const vmo_op_info *info) {
  if (info->view) return "the result names bytes of operand 0 where they are contiguous, or else gets its own";
  if (info->category == VMO_CATEGORY_CONTROL) return "those of what is inside, or of what is called";
  switch (info->overwrite) {
  case VMO_OVERWRITE_NEVER: return "the result gets bytes of its own";
  case VMO_OVERWRITE_SAME_INDEX: break;
  case VMO_OVERWRITE_DESTINATION: return "the result starts as operand 0";
  }
  return info->inplace == 1 && info->operand_max > 1 ? "the result may overwrite operand 0"
                                                     : "the result may overwrite any operand";
}

/* ---- text ---- */

static void add_fact(const char *label, const char *text, uint32_t width, vmo_text *out) {
  vmo_text_addf(out, "  %-*s", FACT_COLUMNS - 2, label);
  vmo_text_add_wrapped(out, *text != '\0' ? text : "none", FACT_COLUMNS, width);
}

static void add_one(const vmo_op_info *info, uint32_t width, vmo_text *out) {
  vmo_text_addf(out, "%s: ", info->name);
  vmo_text_add_wrapped(out, info->summary, strlen(info->name) + 2, width);
  add_fact("kind", category_name(info->category), width, out);
  add_fact("operands", info->operands, width, out);
  add_fact("attributes", info->attributes, width, out);
  add_fact("shape", info->result, width, out);
  add_fact("bytes", bytes_rule(info), width, out);
  if (strcmp(info->workspace, "none") != 0) add_fact("workspace", info->workspace, width, out);
  if (info->effect && !info->terminator) add_fact("effect", "stays though nothing reads its results", width, out);
  if (info->terminator) add_fact("effect", "ends its region", width, out);
}

static void add_table(uint32_t width, vmo_text *out) {
  const vmo_op_info *before = NULL;
  for (int code = 0; code < VMO_OPCODE_COUNT; code++) {
    const vmo_op_info *info = vmo_op_get_info((vmo_opcode)code);
    if (before == NULL || before->category != info->category) {
      vmo_text_addf(out, "%s%s\n", before != NULL ? "\n" : "", category_name(info->category));
    }
    vmo_text_addf(out, "  %-*s", NAME_COLUMNS, info->name);
    vmo_text_add_wrapped(out, info->summary, NAME_COLUMNS + 2, width);
    before = info;
  }
  vmo_text_add(out, "\nvmemopt ops NAME tells more about one; docs/vmir.md has all of the language.\n");
}

/* ---- JSON ---- */

static cJSON *count_or_null(uint32_t count) {
  return count != VMO_NONE ? cJSON_CreateNumber(count) : cJSON_CreateNull();
}

static cJSON *make_row(const vmo_op_info *info) {
  cJSON *row = cJSON_CreateObject();
  cJSON_AddStringToObject(row, "name", info->name);
  cJSON_AddStringToObject(row, "category", category_name(info->category));
  cJSON_AddStringToObject(row, "operands", info->operands);
  cJSON_AddItemToObject(row, "operands_min", count_or_null(info->operand_min));
  cJSON_AddItemToObject(row, "operands_max", count_or_null(info->operand_max));
  cJSON_AddStringToObject(row, "attributes", info->attributes);
  cJSON_AddStringToObject(row, "shape", info->result);
  cJSON_AddStringToObject(row, "bytes", bytes_rule(info));
  cJSON_AddBoolToObject(row, "view", info->view);
  cJSON_AddBoolToObject(row, "effect", info->effect);
  cJSON_AddStringToObject(row, "workspace", info->workspace);
  cJSON_AddStringToObject(row, "kernel", info->kernel);
  cJSON_AddStringToObject(row, "summary", info->summary);
  return row;
}

static void add_json(const char *name, vmo_text *out) {
  bool first = true;
  vmo_text_add(out,
               "{\n  \"schema\": \"vmemopt.ops/1\",\n  \"tool\": {\"name\": \"vmemopt\", \"version\": \"" VMO_VERSION
               "\"},\n  \"ops\": [");
  for (int code = 0; code < VMO_OPCODE_COUNT; code++) {
    const vmo_op_info *info = vmo_op_get_info((vmo_opcode)code);
    if (name != NULL && strcmp(info->name, name) != 0) continue;
    vmo_text_add(out, first ? "\n    " : ",\n    ");
    vmo_json_write(out, make_row(info));
    first = false;
  }
  vmo_text_add(out, "\n  ]\n}\n");
}

/* ---- the command ---- */

static vmo_exit unknown_op(vmo_cli *cli, const char *name) {
  const char *names[VMO_OPCODE_COUNT];
  for (int code = 0; code < VMO_OPCODE_COUNT; code++) names[code] = vmo_op_get_info((vmo_opcode)code)->name;
  const char *nearest = vmo_nearest_word(name, names, VMO_OPCODE_COUNT);
  vmo_text hint;
  vmo_text_init(&hint);
  if (nearest != NULL) vmo_text_addf(&hint, "did you mean %s? ", nearest);
  vmo_text_add(&hint, "vmemopt ops lists all ops");
  vmo_exit code = vmo_usage_error(cli, hint.data, "there is no op %s", name);
  vmo_text_free(&hint);
  return code;
}

static void write_text(const vmo_cli *cli, void *user, vmo_text *out) {
  const char *name = cli->options.input;
  uint32_t width = vmo_text_width(&cli->options, 1);
  (void)user;
  if (name == NULL) add_table(width, out);
  for (int code = 0; name != NULL && code < VMO_OPCODE_COUNT; code++) {
    const vmo_op_info *info = vmo_op_get_info((vmo_opcode)code);
    if (strcmp(info->name, name) == 0) add_one(info, width, out);
  }
}

static void write_json(const vmo_cli *cli, void *user, vmo_text *out) {
  (void)user;
  add_json(cli->options.input, out);
}

vmo_exit vmo_run_ops_command(vmo_cli *cli) {
  const char *name = cli->options.input;
  vmo_writers writers = {.text = write_text, .json = write_json};
  if (name != NULL && vmo_op_find(name) == VMO_OPCODE_COUNT) return unknown_op(cli, name);
  return vmo_finish(cli, VMO_OK, &writers);
}
