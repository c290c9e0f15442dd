/* cmd_report.c: `vmemopt report a.o b.o`: the reports that `cc --json` left beside objects, as one.
 *
 * The result has the shape of a report on one module (docs/report.schema.json): the functions and diagnostics of all, in
 * the order of the inputs. An inline function that several objects have stands there once for each. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "support/json.h"

#define SUFFIX ".vmemopt.json"
#define WHERE_FROM "vmemopt cc --json -- clang-19 -O2 -c a.c -o a.o writes a.o" SUFFIX
#define SCHEMA "vmemopt.report/1"

typedef struct joint {
  cJSON *report; /* the first one, which gets what the others have */
  cJSON *functions, *diagnostics;
} joint;

static vmo_status refuse(vmo_cli *cli, const char *path, const char *words) {
  vmo_diagnostic *added = vmo_diag_add(cli->context, VMO_DIAG_WRONG_REPORT, (vmo_location){0}, "%s %s", path, words);
  vmo_diag_hint(cli->context, added, WHERE_FROM);
  return VMO_INPUT_ERROR;
}

/* ---- reading ---- */

static bool has_suffix(const char *path, const char *suffix) {
  size_t length = strlen(path), end = strlen(suffix);
  return length >= end && strcmp(path + length - end, suffix) == 0;
}

/* The file to read: an object stands for the report beside it. */
static const char *path_of_report(vmo_cli *cli, const char *path) {
  if (has_suffix(path, ".json") || strcmp(path, "-") == 0) return path;
  vmo_text text;
  vmo_text_init(&text);
  vmo_text_addf(&text, "%s%s", path, SUFFIX);
  const char *copy = text.data != NULL ? vmr_arena_copy_text(cli->context->arena, text.data, text.count) : NULL;
  vmo_text_free(&text);
  return copy;
}

static bool is_report(const cJSON *json) {
  const cJSON *schema = cJSON_GetObjectItemCaseSensitive(json, "schema"),
              *kind = cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(json, "input"), "kind");
  return cJSON_IsString(schema) && strcmp(schema->valuestring, SCHEMA) == 0 && cJSON_IsString(kind) &&
         strcmp(kind->valuestring, "llvm") == 0 && cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(json, "functions")) &&
         cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(json, "diagnostics"));
}

/* Hands the members of one list over to another; both stay lists. */
static void move_members(cJSON *from, cJSON *to) {
  cJSON *first = from->child;
  if (first == NULL) return;
  from->child = NULL;
  cJSON *last = first->prev; /* cJSON keeps the end there */
  if (to->child == NULL) {
    to->child = first;
    return;
  }
  cJSON *end = to->child->prev;
  end->next = first;
  first->prev = end;
  to->child->prev = last;
}

static vmo_status add_report(vmo_cli *cli, joint *all, const char *path) {
  size_t length;
  const char *file = path_of_report(cli, path);
  if (file == NULL) return VMO_OUT_OF_MEMORY;
  char *bytes = vmo_read_file(cli->context, file, &length);
  if (bytes == NULL) {
    const vmo_diagnostics *list = cli->context->diagnostics;
    if (file != path && list->count > 0) vmo_diag_hint(cli->context, &list->items[list->count - 1], WHERE_FROM);
    return VMO_INPUT_ERROR;
  }
  cJSON *json = strlen(bytes) == length ? cJSON_ParseWithLength(bytes, length) : NULL;
  free(bytes);
  if (json == NULL || !is_report(json)) {
    cJSON_Delete(json);
    return refuse(cli, file, json == NULL ? "is no JSON" : "is no report on LLVM IR");
  }
  cJSON *functions = cJSON_GetObjectItemCaseSensitive(json, "functions"),
        *diagnostics = cJSON_GetObjectItemCaseSensitive(json, "diagnostics");
  if (all->report == NULL) {
    *all = (joint){json, functions, diagnostics};
    return VMO_OK;
  }
  move_members(functions, all->functions);
  move_members(diagnostics, all->diagnostics);
  cJSON_Delete(json);
  return VMO_OK;
}

/* ---- writing ---- */

static const char *text_of(const cJSON *object, const char *key) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
  return cJSON_IsString(item) ? item->valuestring : NULL;
}

static int64_t number_of(const cJSON *object, const char *key) {
  int64_t number;
  return vmo_json_get_integer(cJSON_GetObjectItemCaseSensitive(object, key), &number) ? number : -1;
}

static void write_json(const vmo_cli *cli, void *user, vmo_text *out) {
  (void)cli;
  const joint *all = user;
  char *text = cJSON_Print(all->report);
  if (text != NULL) vmo_text_addf(out, "%s\n", text);
  if (text == NULL) out->failed = true;
  cJSON_free(text);
}

static void write_site(const cJSON *site, const char *function, vmo_text *out) {
  const char *file = text_of(site, "file"), *refusal = text_of(site, "refusal"), *verdict = text_of(site, "verdict"),
             *allocator = text_of(site, "allocator");
  int64_t bytes = number_of(site, "bytes");
  if (file != NULL) {
    vmo_text_addf(out, "%s:%lld:%lld", file, (long long)number_of(site, "line"), (long long)number_of(site, "column"));
  } else {
    vmo_text_add(out, "(no place)");
  }
  vmo_text_addf(out, ": in %s: %s", function, allocator != NULL ? allocator : "?");
  if (bytes >= 0) vmo_text_addf(out, " of %lld bytes", (long long)bytes);
  vmo_text_addf(out, ": %s", verdict != NULL ? verdict : "?");
  if (refusal != NULL) vmo_text_addf(out, " (%s)", refusal);
  vmo_text_add_char(out, '\n');
}

static void write_text(const vmo_cli *cli, void *user, vmo_text *out) {
  (void)cli;
  const joint *all = user;
  int64_t sites = 0, moved = 0, bounded = 0, kept = 0;
  const cJSON *function, *site;
  cJSON_ArrayForEach(function, all->functions) {
    cJSON_ArrayForEach(site, cJSON_GetObjectItemCaseSensitive(function, "sites")) {
      const char *verdict = text_of(site, "verdict"), *name = text_of(function, "name");
      write_site(site, name != NULL ? name : "?", out);
      sites++;
      moved += verdict != NULL && strcmp(verdict, "stack") == 0;
      bounded += verdict != NULL && strcmp(verdict, "stack-bounded") == 0;
      kept += verdict != NULL && strcmp(verdict, "kept") == 0;
    }
  }
  vmo_text_addf(out, "%lld allocation site%s: %lld to the stack, %lld to the stack where they fit, %lld kept\n",
                (long long)sites, sites == 1 ? "" : "s", (long long)moved, (long long)bounded, (long long)kept);
}

/* The names of all inputs take the place of the first one's. */
static bool name_inputs(const vmo_cli *cli, joint *all) {
  vmo_text names;
  vmo_text_init(&names);
  vmo_text_add(&names, cli->options.input);
  for (uint32_t i = 0; i < cli->options.more_inputs.count; i++)
    vmo_text_addf(&names, " %s", cli->options.more_inputs.data[i]);
  cJSON *input = cJSON_GetObjectItemCaseSensitive(all->report, "input");
  bool fine = !vmo_text_failed(&names) &&
              cJSON_ReplaceItemInObjectCaseSensitive(all->report, "command", cJSON_CreateString("report")) &&
              cJSON_ReplaceItemInObjectCaseSensitive(input, "name", cJSON_CreateString(names.data));
  vmo_text_free(&names);
  return fine;
}

vmo_exit vmo_run_report_command(vmo_cli *cli) {
  joint all = {0};
  vmo_status status = add_report(cli, &all, cli->options.input);
  for (uint32_t i = 0; i < cli->options.more_inputs.count && status == VMO_OK; i++)
    status = add_report(cli, &all, cli->options.more_inputs.data[i]);
  if (status == VMO_OK && !name_inputs(cli, &all)) status = VMO_OUT_OF_MEMORY;
  if (status == VMO_INPUT_ERROR) cli->json_path = NULL; /* there is nothing to report on */
  vmo_writers writers = {.text = write_text, .json = write_json, .user = &all};
  vmo_exit code = vmo_finish(cli, status, &writers);
  cJSON_Delete(all.report);
  return code;
}
