/* test_json.c: exact integers in both directions, and text that is always valid JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "support/json.h"

#define LARGEST (VMO_BYTES_LIMIT - 1)

static void check_written(cJSON *item, const char *expected) {
  vmo_text text;
  vmo_text_init(&text);
  vmo_json_write(&text, item);
  assert_false(vmo_text_failed(&text));
  assert_string_equal(text.data, expected);
  vmo_text_free(&text);
}

static void integers_go_out_exactly(void **state) {
  (void)state;
  cJSON *object = cJSON_CreateObject(), *array = cJSON_AddArrayToObject(object, "array");
  assert_true(vmo_json_push_integer(array, 0));
  assert_true(vmo_json_push_integer(array, -7));
  assert_true(vmo_json_push_integer(array, LARGEST));
  assert_true(vmo_json_add_integer(object, "most", LARGEST));
  assert_true(vmo_json_add_integer(object, "least", -LARGEST));
  check_written(object, "{\"array\":[0,-7,9007199254740991],\"most\":9007199254740991,\"least\":-9007199254740991}");
}

static void integers_that_readers_would_round_are_refused(void **state) {
  (void)state;
  cJSON *object = cJSON_CreateObject(), *array = cJSON_CreateArray();
  assert_false(vmo_json_add_integer(object, "a", VMO_BYTES_LIMIT));
  assert_false(vmo_json_add_integer(object, "a", -VMO_BYTES_LIMIT));
  assert_false(vmo_json_add_integer(object, "a", INT64_MIN));
  assert_false(vmo_json_push_integer(array, INT64_MAX));
  check_written(object, "{}");
  check_written(array, "[]");
}

static void check_read(const char *json, bool is_integer, int64_t expected) {
  cJSON *item = cJSON_Parse(json);
  int64_t number = 4711;
  assert_non_null(item);
  assert_int_equal(vmo_json_get_integer(item, &number), is_integer);
  assert_true(number == (is_integer ? expected : 4711));
  cJSON_Delete(item);
}

static void integers_come_in_exactly(void **state) {
  (void)state;
  check_read("0", true, 0);
  check_read("-0", true, 0);
  check_read("-12", true, -12);
  check_read("1e3", true, 1000);
  check_read("9007199254740991", true, LARGEST);
  check_read("-9007199254740991", true, -LARGEST);
}

static void what_is_no_integer_is_refused(void **state) {
  (void)state;
  int64_t number = 0;
  check_read("9007199254740992", false, 0);
  check_read("9007199254740993", false, 0);
  check_read("-9007199254740992", false, 0);
  check_read("1e300", false, 0);
  check_read("1e999", false, 0);
  check_read("1.5", false, 0);
  check_read("1e-9", false, 0);
  check_read("\"1\"", false, 0);
  check_read("true", false, 0);
  check_read("null", false, 0);
  check_read("[1]", false, 0);
  assert_false(vmo_json_get_integer(NULL, &number));
}

static void what_is_written_reads_back(void **state) {
  (void)state;
  for (int64_t number = 1; number < VMO_BYTES_LIMIT; number = number * 3 + 1) {
    vmo_text text;
    int64_t back = 0;
    cJSON *object = cJSON_CreateObject();
    assert_true(vmo_json_add_integer(object, "n", number));
    vmo_text_init(&text);
    vmo_json_write(&text, object);
    cJSON *parsed = cJSON_Parse(text.data);
    assert_true(vmo_json_get_integer(cJSON_GetObjectItemCaseSensitive(parsed, "n"), &back));
    assert_true(back == number);
    cJSON_Delete(parsed);
    vmo_text_free(&text);
  }
}

static void nothing_to_write_is_a_failure(void **state) {
  (void)state;
  vmo_text text;
  vmo_text_init(&text);
  vmo_json_write(&text, NULL);
  assert_true(vmo_text_failed(&text));
  vmo_text_free(&text);
}

static void wrong_bytes_in_a_tree_are_replaced(void **state) {
  (void)state;
  cJSON *object = cJSON_CreateObject();
  cJSON_AddStringToObject(object, "k\xff", "a\xc3\xa9\x80\"\n");
  check_written(object, "{\"k\xef\xbf\xbd\":\"a\xc3\xa9\xef\xbf\xbd\\\"\\n\"}");
}

static void check_string(const char *string, const char *expected) {
  vmo_text text;
  vmo_text_init(&text);
  vmo_json_write_string(&text, string);
  assert_string_equal(text.data, expected);
  vmo_text_free(&text);
}

static void strings_are_escaped(void **state) {
  (void)state;
  check_string("", "\"\"");
  check_string("plain %x <b>/", "\"plain %x <b>/\"");
  check_string("\"\\\b\f\n\r\t", "\"\\\"\\\\\\b\\f\\n\\r\\t\"");
  check_string("a\x01z\x1f\x1b[", "\"a\\u0001z\\u001f\\u001b[\"");
  check_string("\xc3\xa9\xf0\x9f\x98\x80", "\"\xc3\xa9\xf0\x9f\x98\x80\"");
  check_string("\xff\xe2\x82\"\xed\xa0\x80",
               "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\\\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

/* Every single byte, alone and between letters, makes a string that cJSON reads. */
static void any_bytes_make_valid_json(void **state) {
  (void)state;
  for (int byte = 1; byte < 256; byte++) {
    const char string[] = {'a', (char)byte, 'z', (char)byte, '\0'};
    vmo_text text;
    vmo_text_init(&text);
    vmo_json_write_string(&text, string);
    cJSON *parsed = cJSON_Parse(text.data);
    assert_true(cJSON_IsString(parsed));
    if (byte < 128) assert_string_equal(parsed->valuestring, string);
    if (byte >= 128) assert_string_equal(parsed->valuestring, "a\xef\xbf\xbdz\xef\xbf\xbd");
    cJSON_Delete(parsed);
    vmo_text_free(&text);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(integers_go_out_exactly),
      cmocka_unit_test(integers_that_readers_would_round_are_refused),
      cmocka_unit_test(integers_come_in_exactly),
      cmocka_unit_test(what_is_no_integer_is_refused),
      cmocka_unit_test(what_is_written_reads_back),
      cmocka_unit_test(nothing_to_write_is_a_failure),
      cmocka_unit_test(wrong_bytes_in_a_tree_are_replaced),
      cmocka_unit_test(strings_are_escaped),
      cmocka_unit_test(any_bytes_make_valid_json),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
