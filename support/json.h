/* json.h: the little that cJSON does not do for us: exact counts out, checked counts in.
 *
 * cJSON keeps numbers as doubles and prints them rounded above 10^15; counts below 2^53 therefore go
 * out as raw integers and come in by valuedouble. Big arrays are written element by element: build one
 * element with cJSON, hand it to vmo_json_write, drop it. */
#ifndef VMO_SUPPORT_JSON_H
#define VMO_SUPPORT_JSON_H

#include <stdbool.h>

#include <cjson/cJSON.h>

#include "support/context.h"
#include "support/text.h"

/* Adds `"key": number` to an object. False when memory is out, or `number` is 2^53 or more, either way. */
bool vmo_json_add_integer(cJSON *object, const char *key, int64_t number);
/* Adds an integer to an array. */
bool vmo_json_push_integer(cJSON *array, int64_t number);
/* Reads a whole number of less than 2^53, either way; false for anything else, NULL included. */
bool vmo_json_get_integer(const cJSON *item, int64_t *number);
/* Prints `item` on one line to `out` and frees it. A NULL item marks the text as failed. */
void vmo_json_write(vmo_text *out, cJSON *item);
/* The line and column of a place in a text, and what stands behind a string that begins at `at`: cJSON tells of no places. */
vmo_location vmo_json_locate(const char *text, size_t offset);
const char *vmo_json_skip_string(const char *at);
/* A JSON string literal, escaped; bytes that are no UTF-8 come out as U+FFFD. */
void vmo_json_write_string(vmo_text *out, const char *string);

#endif
