/* profile.c: reads the files of --profile, which an instrumented program wrote, each in another run.
 *
 * Every figure must be there and be one: what is missing or not understood is an error, with the place of the site whose it is. cJSON
 * keeps no places, so that a site at fault is looked for again in the text. Linear. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "support/json.h"

#define WHERE_FROM "a program that is made with --heaps --instrument writes one when it ends"

/* ---- members ---- */

typedef struct reader {
  vmo_context *context;
  const char *text;
  uint32_t site;     /* in hand; VMO_NONE: none */
  uint32_t count;    /* of sites */
  vmo_status status; /* of the first fault */
} reader;

/* Where the n-th site begins. */
static vmo_location locate_site(const char *text, uint32_t n) {
  int depth = 0;
  for (const char *at = text; *at != '\0';) {
    if (*at == '{' && depth == 2 && n-- == 0) return vmo_json_locate(text, (size_t)(at - text));
    depth += (*at == '{' || *at == '[') - (*at == '}' || *at == ']');
    at = *at == '"' ? vmo_json_skip_string(at) : at + 1;
  }
  return (vmo_location){0};
}

static void fault(reader *r, const char *key, const char *what) {
  if (r->status != VMO_OK) return;
  vmo_location place = r->site != VMO_NONE ? locate_site(r->text, r->site) : (vmo_location){1, 1};
  vmo_diagnostic *added =
      r->site != VMO_NONE ? vmo_diag_add(r->context, VMO_DIAG_PROFILE, place, "\"%s\" of this site %s", key, what)
                          : vmo_diag_add(r->context, VMO_DIAG_PROFILE, place, "\"%s\" of the profile %s", key, what);
  vmo_diag_hint(r->context, added, WHERE_FROM);
  r->status = VMO_INPUT_ERROR;
}

static vmo_bytes read_count(reader *r, const cJSON *object, const char *key) {
  int64_t number = 0;
  if (!vmo_json_get_integer(cJSON_GetObjectItemCaseSensitive(object, key), &number) || number < 0)
    fault(r, key, "is not a whole number from 0 on");
  return number;
}

/* What older runs do not tell of; -1: nothing. */
static vmo_bytes read_count_if_any(reader *r, const cJSON *object, const char *key) {
  return cJSON_GetObjectItemCaseSensitive(object, key) != NULL ? read_count(r, object, key) : -1;
}

static uint32_t read_small(reader *r, const cJSON *object, const char *key) {
  vmo_bytes number = read_count(r, object, key);
  if (number < VMO_NONE) return (uint32_t)number;
  fault(r, key, "is too large");
  return 0;
}

static const char *read_text(reader *r, const cJSON *object, const char *key, bool may_be_null) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
  if (may_be_null && cJSON_IsNull(item)) return NULL;
  if (!cJSON_IsString(item)) {
    fault(r, key, "is not a text");
    return NULL;
  }
  const char *copy = vmr_arena_copy_text(r->context->arena, item->valuestring, strlen(item->valuestring));
  if (copy == NULL && r->status == VMO_OK) r->status = VMO_OUT_OF_MEMORY;
  return copy;
}

static uint64_t read_bits(reader *r, const cJSON *object, const char *key) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
  const char *digits = cJSON_IsString(item) ? item->valuestring : "";
  if (strlen(digits) == 16 && strspn(digits, "0123456789abcdef") == 16) return strtoull(digits, NULL, 16);
  fault(r, key, "is not 16 hexadecimal digits");
  return 0;
}

static uint32_t read_neighbours(reader *r, const cJSON *object, const char *key, vmo_profile_neighbour *neighbours) {
  const cJSON *array = cJSON_GetObjectItemCaseSensitive(object, key), *item;
  uint32_t count = 0;
  if (!cJSON_IsArray(array)) fault(r, key, "is not an array");
  cJSON_ArrayForEach(item, array) {
    vmo_profile_neighbour one = {read_small(r, item, "site"), read_count(r, item, "count")};
    if (one.site >= r->count) fault(r, key, "names a site that is not there");
    if (count < VMO_PROFILE_NEIGHBOURS) neighbours[count++] = one;
  }
  return count;
}

static vmo_bytes read_usual(reader *r, const cJSON *object) {
  const cJSON *array = cJSON_GetObjectItemCaseSensitive(object, "sizes");
  if (!cJSON_IsArray(array)) fault(r, "sizes", "is not an array");
  const cJSON *first = cJSON_GetArrayItem(array, 0);
  return first != NULL ? read_count(r, first, "up_to") : 0;
}

static vmo_profile_site read_site(reader *r, const cJSON *object) {
  vmo_profile_site site = {.function = read_text(r, object, "function", false),
                           .file = read_text(r, object, "file", true),
                           .allocator = read_text(r, object, "allocator", false),
                           .line = read_small(r, object, "line"),
                           .column = read_small(r, object, "column"),
                           .ordinal = read_small(r, object, "ordinal"),
                           .count = read_count(r, object, "count"),
                           .bytes = read_count(r, object, "bytes"),
                           .smallest = read_count(r, object, "smallest"),
                           .largest = read_count(r, object, "largest"),
                           .usual = read_usual(r, object),
                           .frees = read_count(r, object, "frees"),
                           .moves = read_count(r, object, "moves"),
                           .peak_objects = read_count(r, object, "peak_objects"),
                           .peak_bytes = read_count(r, object, "peak_bytes"),
                           .left_objects = read_count(r, object, "left_objects"),
                           .left_bytes = read_count(r, object, "left_bytes"),
                           .mean_life = read_count(r, object, "mean_life"),
                           .longest_life = read_count(r, object, "longest_life"),
                           .scope_bytes = read_count_if_any(r, object, "scope_bytes"),
                           .alive = read_bits(r, object, "alive")};
  const cJSON *noted = cJSON_GetObjectItemCaseSensitive(object, "noted");
  if (!cJSON_IsBool(noted)) fault(r, "noted", "is neither true nor false");
  site.noted = cJSON_IsTrue(noted);
  site.followed_count = read_neighbours(r, object, "followed_by", site.followed);
  site.outlasted_count = read_neighbours(r, object, "freed_before", site.outlasted);
  return site;
}

static void read_profile(reader *r, const cJSON *json, vmo_heap_profile *profile) {
  const cJSON *schema = cJSON_GetObjectItemCaseSensitive(json, "schema"), *item;
  if (!cJSON_IsString(schema) || strcmp(schema->valuestring, VMO_PROFILE_SCHEMA) != 0)
    return fault(r, "schema", "is not \"" VMO_PROFILE_SCHEMA "\"");
  profile->hash = read_bits(r, json, "hash");
  profile->clock = read_count(r, json, "clock");
  const cJSON *sites = cJSON_GetObjectItemCaseSensitive(json, "sites");
  if (!cJSON_IsArray(sites)) return fault(r, "sites", "is not an array");
  r->count = (uint32_t)cJSON_GetArraySize(sites);
  cJSON_ArrayForEach(item, sites) {
    r->site = profile->sites.count;
    vmo_profile_site site = read_site(r, item);
    if (r->status != VMO_OK) return;
    if (!vmo_vec_push(r->context->arena, &profile->sites, site)) r->status = VMO_OUT_OF_MEMORY;
  }
}

/* ---- the file ---- */

static vmo_status read_text_of_profile(vmo_context *context, const char *text, size_t length,
                                       vmo_heap_profile *profile) {
  reader r = {.context = context, .text = text, .site = VMO_NONE, .status = VMO_OK};
  const char *end = NULL;
  size_t zero = strlen(text);
  cJSON *json = zero == length ? cJSON_ParseWithLengthOpts(text, length + 1, &end, 1) : NULL;
  if (json == NULL) {
    size_t at = zero != length ? zero : end != NULL ? (size_t)(end - text) : 0;
    vmo_location place = vmo_json_locate(text, at < length ? at : length);
    vmo_diagnostic *added = vmo_diag_add(context, VMO_DIAG_PROFILE, place, "this is no JSON, and no whole profile");
    vmo_diag_hint(context, added, WHERE_FROM);
    return VMO_INPUT_ERROR;
  }
  read_profile(&r, json, profile);
  cJSON_Delete(json);
  return r.status;
}

/* A fault is shown in its line: the file's text is the context's source then. */
static vmo_status read_file_of_profile(vmo_cli *cli, const char *path, vmo_heap_profile *profile) {
  size_t length;
  free(cli->other_source);
  if ((cli->other_source = vmo_read_file(cli->context, path, &length)) == NULL) return VMO_INPUT_ERROR;
  profile->path = path;
  vmo_status status = vmo_context_set_source(cli->context, path, cli->other_source, length);
  return status == VMO_OK ? read_text_of_profile(cli->context, cli->other_source, length, profile) : status;
}

/* Where there is no fault, the context's source is what it was. */
vmo_status vmo_read_profile(vmo_cli *cli, const vmo_heap_profile **profile) {
  vmo_context *context = cli->context;
  const char *name = context->source_name, *source = context->source_text;
  size_t source_length = context->source_length;
  uint32_t count = cli->options.profiles.count;
  *profile = NULL;
  if (count == 0) return VMO_OK;
  vmo_heap_profile *runs = vmo_alloc_array(context, count, sizeof *runs);
  vmo_status status = runs != NULL ? VMO_OK : VMO_OUT_OF_MEMORY;
  for (uint32_t i = 0; i < count && status == VMO_OK; i++)
    status = read_file_of_profile(cli, cli->options.profiles.data[i], &runs[i]);
  if (status == VMO_OK) status = vmo_add_heap_profiles(context, runs, count, profile);
  return status == VMO_OK ? vmo_context_set_source(context, name, source, source_length) : status;
}
