/* config.c: the options from a JSON file.
 *
 *   {"dim": {"N": 1000}, "align": 8, "max-peak": {"sram": "256KiB"}, "passes": ["slots"], "json": true}
 *
 * Each member becomes what the command line would say, and goes the same way: {"N": 1000} is --dim N=1000, and of --arg,
 * {"x": [1, 2.5]} is --arg x=[1,2.5]. An option that is known and that the command does not take is passed over, so that
 * one file serves every command. cJSON keeps no places: a key that is at fault is looked for again in the text. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "support/json.h"

/* Where the outermost object has that key, as the text spells it; no place when it is not found. */
vmo_location vmo_locate_key(const char *text, const char *key) {
  size_t length = strlen(key);
  int depth = 0;
  for (const char *at = text; at != NULL && *at != '\0';) {
    const char *end = *at == '"' ? vmo_json_skip_string(at) : at + 1;
    depth += (*at == '{' || *at == '[') - (*at == '}' || *at == ']');
    bool same = *at == '"' && depth == 1 && (size_t)(end - at) == length + 2 && memcmp(at + 1, key, length) == 0;
    if (same && end[strspn(end, " \t\r\n")] == ':') return vmo_json_locate(text, (size_t)(at - text));
    at = end;
  }
  return (vmo_location){0};
}

static bool fault(vmo_cli *cli, const char *hint, const char *what, const char *word) {
  vmo_text message;
  vmo_text_init(&message);
  vmo_text_add(&message, "\"");
  vmo_text_add(&message, word);
  vmo_text_addf(&message, "\" %s", what);
  vmo_diagnostic *added = vmo_diag_add(cli->context, VMO_DIAG_CONFIG, vmo_locate_key(cli->config_source, word), "%s",
                                       message.data != NULL ? message.data : word);
  if (hint != NULL) vmo_diag_hint(cli->context, added, "%s", hint);
  vmo_text_free(&message);
  return false;
}

/* ---- members ---- */

/* As cJSON writes it: reals so that they read back, lists without blanks. */
static void add_json(vmo_text *word, const cJSON *item) {
  char *printed = cJSON_PrintUnformatted(item);
  vmo_text_add(word, printed != NULL ? printed : "");
  cJSON_free(printed);
}

/* What the command line would say for a string, a whole number or a member of an object; `any`: a real, a bool or a list
 * too. In the context's arena. */
static const char *value_as_word(vmo_cli *cli, const char *name, const cJSON *item, bool any) {
  vmo_text word;
  int64_t number;
  vmo_text_init(&word);
  if (name != NULL) vmo_text_addf(&word, "%s=", name);
  if (cJSON_IsString(item)) {
    vmo_text_add(&word, item->valuestring);
  } else if (vmo_json_get_integer(item, &number)) {
    vmo_text_add_integer(&word, number);
  } else if (any && (cJSON_IsNumber(item) || cJSON_IsBool(item) || cJSON_IsArray(item))) {
    add_json(&word, item);
  } else {
    vmo_text_free(&word);
    return NULL;
  }
  const char *copy = word.data != NULL ? vmr_arena_copy_text(cli->context->arena, word.data, word.count) : "";
  vmo_text_free(&word);
  return copy;
}

static bool apply_word(vmo_cli *cli, vmo_option_id option, const char *name, const cJSON *item) {
  bool any = option == VMO_OPTION_ARG && name != NULL;
  const char *word = value_as_word(cli, name, item, any);
  if (word == NULL) {
    const char *what = any ? "takes a text, a number or a list" : "takes a text or a whole number";
    return fault(cli, NULL, what, vmo_option_infos[option].name);
  }
  return vmo_apply_option(cli, option, word, VMO_LEVEL_CONFIG);
}

/* ["a", "b"] of an option that takes a list with commas. */
static bool apply_array(vmo_cli *cli, vmo_option_id option, const cJSON *array) {
  vmo_text words;
  const cJSON *item;
  vmo_text_init(&words);
  cJSON_ArrayForEach(item, array) {
    const char *word = value_as_word(cli, NULL, item, false);
    if (word == NULL) {
      vmo_text_free(&words);
      return fault(cli, NULL, "takes texts or whole numbers", vmo_option_infos[option].name);
    }
    if (words.count > 0) vmo_text_add_char(&words, ',');
    vmo_text_add(&words, word);
  }
  const char *list = vmr_arena_copy_text(cli->context->arena, words.data != NULL ? words.data : "", words.count);
  vmo_text_free(&words);
  return list != NULL && vmo_apply_option(cli, option, list, VMO_LEVEL_CONFIG);
}

/* ["x=1", "y=2"] of an option that is given once for each. */
static bool apply_list(vmo_cli *cli, vmo_option_id option, const cJSON *array) {
  const cJSON *item;
  cJSON_ArrayForEach(item, array) {
    if (!apply_word(cli, option, NULL, item)) return false;
  }
  return true;
}

static bool apply_object(vmo_cli *cli, vmo_option_id option, const cJSON *object) {
  const cJSON *item;
  cJSON_ArrayForEach(item, object) {
    if (!apply_word(cli, option, item->string, item)) return false;
  }
  return true;
}

static bool unknown_key(vmo_cli *cli, const char *key, bool never) {
  const char *nearest = never ? NULL : vmo_nearest_option(key, ~0u);
  vmo_text hint;
  vmo_text_init(&hint);
  if (nearest != NULL) vmo_text_addf(&hint, "did you mean \"%s\"?", nearest);
  fault(cli, hint.data, never ? "may not stand in a configuration file" : "is no option", key);
  vmo_text_free(&hint);
  return false;
}

static bool apply_member(vmo_cli *cli, const cJSON *item) {
  vmo_option_id option = vmo_find_option(item->string, strlen(item->string));
  bool never = option == VMO_OPTION_CONFIG || option == VMO_OPTION_HELP || option == VMO_OPTION_VERSION;
  if (option == VMO_OPTION_COUNT || never) {
    return unknown_key(cli, item->string, never);
  }
  const vmo_option_info *info = &vmo_option_infos[option];
  if ((info->commands & cli->command->bit) == 0) return true;
  bool named = option == VMO_OPTION_DIM || option == VMO_OPTION_MAX_PEAK || option == VMO_OPTION_ARG;
  if (cJSON_IsBool(item) && info->form != VMO_FORM_VALUE) {
    return cJSON_IsFalse(item) || vmo_apply_option(cli, option, NULL, VMO_LEVEL_CONFIG);
  }
  if (info->form == VMO_FORM_FLAG) return fault(cli, NULL, "is true or false", info->name);
  if (cJSON_IsObject(item) && named) return apply_object(cli, option, item);
  if (cJSON_IsArray(item) && (option == VMO_OPTION_ARG || option == VMO_OPTION_PROFILE))
    return apply_list(cli, option, item);
  if (cJSON_IsArray(item) && (named || option == VMO_OPTION_PASSES)) return apply_array(cli, option, item);
  return apply_word(cli, option, NULL, item);
}

/* A key that stands there twice; of those that name no option, each is an error of its own. */
static const cJSON *find_repetition(const cJSON *object) {
  bool seen[VMO_OPTION_COUNT + 1] = {false};
  for (const cJSON *item = object->child; item != NULL; item = item->next) {
    vmo_option_id option = vmo_find_option(item->string, strlen(item->string));
    if (seen[option] && option != VMO_OPTION_COUNT) return item;
    seen[option] = true;
  }
  return NULL;
}

static bool apply_members(vmo_cli *cli, const cJSON *object) {
  const cJSON *item;
  if (!cJSON_IsObject(object)) {
    vmo_diag_add(cli->context, VMO_DIAG_CONFIG, (vmo_location){1, 1}, "a JSON object is expected: {\"align\": 8}");
    return false;
  }
  const cJSON *repeated = find_repetition(object);
  if (repeated != NULL) return fault(cli, NULL, "stands there twice", repeated->string);
  cJSON_ArrayForEach(item, object) {
    if (!apply_member(cli, item)) return false;
  }
  return true;
}

/* ---- the file ---- */

bool vmo_apply_config(vmo_cli *cli, const char *text, size_t length) {
  const char *end = NULL;
  size_t zero = strlen(text);
  cJSON *json = zero == length ? cJSON_ParseWithLengthOpts(text, length + 1, &end, 1) : NULL;
  if (json == NULL) {
    size_t at = zero != length ? zero : end != NULL ? (size_t)(end - text) : 0;
    if (at > length) at = length;
    if (at == length) /* what is missing at the end is missed behind the last word */
      while (at > 0 && strchr(" \t\r\n", text[at - 1]) != NULL) at--;
    vmo_diag_add(cli->context, VMO_DIAG_CONFIG, vmo_json_locate(text, at), "this is no JSON");
    return false;
  }
  bool fine = apply_members(cli, json);
  cJSON_Delete(json);
  return fine;
}

bool vmo_read_config(vmo_cli *cli) {
  size_t length;
  const char *path = cli->options.config;
  cli->config_source = vmo_read_file(cli->context, path, &length);
  if (cli->config_source == NULL) return false;
  const char *shown = strcmp(path, "-") == 0 ? "<stdin>" : path;
  if (vmo_context_set_source(cli->context, shown, cli->config_source, length) != VMO_OK) return false;
  if (!vmo_apply_config(cli, cli->config_source, length)) return false;
  return vmo_context_set_source(cli->context, "vmemopt", NULL, 0) == VMO_OK;
}
