/* cmd_ops.c: `vmemopt ops [NAME]`: the table of ops, for people and as JSON. */
#include <string.h>

#include "cli/cli.h"
#include "support/json.h"

#define NAME_COLUMNS 18

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

static const char *or_none(const char *text) { return *text != '\0' ? text : "none"; }

/* ---- text ---- */

static void add_one(const vmo_op_info *info, vmo_text *out) {
  vmo_text_addf(out, "%s: %s\n", info->name, info->summary);
  vmo_text_addf(out, "  kind        %s\n", category_name(info->category));
  vmo_text_addf(out, "  operands    %s\n", or_none(info->operands));
  vmo_text_addf(out, "  attributes  %s\n", or_none(info->attributes));
  vmo_text_addf(out, "  shape       %s\n", info->result);
  vmo_text_addf(out, "  bytes       %s\n", bytes_rule(info));
  if (info->effect && !info->terminator) vmo_text_add(out, "  effect      stays though nothing reads its results\n");
  if (info->terminator) vmo_text_add(out, "  effect      ends its region\n");
}

static void add_table(vmo_text *out) {
  const vmo_op_info *before = NULL;
  for (int code = 0; code < VMO_OPCODE_COUNT; code++) {
    const vmo_op_info *info = vmo_op_get_info((vmo_opcode)code);
    if (before == NULL || before->category != info->category) {
      vmo_text_addf(out, "%s%s\n", before != NULL ? "\n" : "", category_name(info->category));
    }
    vmo_text_addf(out, "  %-*s%s\n", NAME_COLUMNS, info->name, info->summary);
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
  (void)user;
  if (name == NULL) add_table(out);
  for (int code = 0; name != NULL && code < VMO_OPCODE_COUNT; code++) {
    const vmo_op_info *info = vmo_op_get_info((vmo_opcode)code);
    if (strcmp(info->name, name) == 0) add_one(info, out);
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
