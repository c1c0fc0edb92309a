/* proto_json_test.c - the JSON scanner: what it takes and refuses, and what it reads. */
#include "proto/json.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* In memory of exactly its size, so that ASan sees one byte too far. */
static int check(const char *text, size_t n, unsigned depth)
{
    struct pm_json value;
    char *copy = malloc(n ? n : 1);
    assert_non_null(copy);
    memcpy(copy, text, n);
    int r = pm_json_check(copy, n, depth, &value);
    free(copy);
    return r;
}

static void good_texts_are_taken_and_their_prefixes_are_not(void **state)
{
    (void)state;
    static const char *const good[] = {
        "{}",
        "[]",
        "\"\"",
        "[0]",
        "{\"a\":1}",
        "[1,\"2\",{\"3\":[true]}]",
        "{\"a\":{\"b\":[]},\"c\":null}",
        "[-0.5e+3,1E9,10]",
        "\"\\u00e9\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
        "\"\\ud800\"",
        "\"\xe2\x82\xac\xf0\x9f\x98\x80\"",
        "[[[[]],[]]]",
        "{ \"a\" : [ 1 , 2 ] }",
        "[\"exactly8\",\"seventeen letters\"]",
        "false",
        "[\"\\u0000\"]",
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        size_t n = strlen(good[i]);
        if (check(good[i], n, 32) != 0)
            fail_msg("refused: %s", good[i]);
        for (size_t cut = 0; cut < n; cut++) {
            if (check(good[i], cut, 32) != -EPROTO)
                fail_msg("taken: %.*s", (int)cut, good[i]);
        }
    }
    assert_int_equal(check(" \t\r\n1 \n", 7, 1), 0);
    assert_int_equal(pm_json_scan(NULL, 0, 32, &(struct pm_json){0}), -EPROTO); /* of a request without a body */
    assert_int_equal(check("-12", 3, 0), 0);
}

static void bad_texts_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "[1,]",      "[,1]",        "{\"a\":1,}", "{,}",       "{1:2}",    "{\"a\"}", "{\"a\":}",
        "{\"a\" 1}", "[1 2]",       "[1}",        "{\"a\":1]", /* F05 */
        "01",        "+1",          ".5",         "1.",        "1e",       "1e+",     "-",
        "0x10",      "NaN",         "Infinity",   "--1",       "1.2.3", /* F02 */
        "\"\\x\"",   "\"\\u12g4\"", "\"\\u12\"",  "\"a\nb\"",  "\"\x1f\"", "'a'",     "tru",
        "nulll",     "True",        "[] []",      "1 2",       "// c\n1",  "[1]/**/", "\xef\xbb\xbf[]",
        "",          " ",           "]",          "}",         ":",        ",",       "\"",
        "[\"a]",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (check(bad[i], strlen(bad[i]), 32) != -EPROTO)
            fail_msg("taken: %s", bad[i]);
    }
    assert_int_equal(check("[\0]", 3, 32), -EPROTO);
}

/* F01: the depth is exact, and a million brackets cost neither stack nor more than one pass. */
static void depth_is_limited(void **state)
{
    (void)state;
    char text[200];
    for (unsigned depth = 31; depth <= 33; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        assert_int_equal(check(text, 2 * depth, 32), depth > 32 ? -E2BIG : 0);
    }
    assert_int_equal(check("{\"a\":[{\"b\":1}]}", 15, 3), 0);
    assert_int_equal(check("{\"a\":[{\"b\":1}]}", 15, 2), -E2BIG);
    size_t n = 1000000;
    char *brackets = malloc(n);
    assert_non_null(brackets);
    memset(brackets, '[', n);
    assert_int_equal(check(brackets, n, 64), -E2BIG);
    free(brackets);
}

static struct pm_json parsed(const char *text)
{
    struct pm_json value;
    assert_int_equal(pm_json_check(text, strlen(text), 32, &value), 0);
    return value;
}

static void members_are_limited_and_plain_elements_are_not(void **state)
{
    static const struct pm_json_limits limits = {.depth = 4, .members = 3};
    struct pm_json value;
    (void)state;
    static const struct {
        const char *text;
        int result;
    } rows[] = {
        {"[1,2,3,4,5,6,7,8,9]", 0},    {"[[],[]]", 0},     {"[[],[],[]]", -E2BIG}, {"{\"a\":1,\"b\":[1,2]}", -E2BIG},
        {"{\"a\":1,\"b\":\"{}\"}", 0}, {"[{\"a\":1}]", 0}, {"[[[[[]]]]]", -E2BIG}, {"[[],[],[]", -EPROTO},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(pm_json_admit(rows[i].text, strlen(rows[i].text), &limits, &value), rows[i].result);
}

static void assert_value(const struct pm_json *v, enum pm_json_type type, const char *text)
{
    assert_int_equal(v->type, type);
    assert_int_equal(v->n, strlen(text));
    assert_memory_equal(v->p, text, v->n);
}

static void arrays_and_objects_are_walked_in_order(void **state)
{
    (void)state;
    struct pm_json array = parsed(" [ 1 , \"a,]\" ,{\"x\":[2]},[] ] "), value, key;
    size_t at = 0;
    assert_true(pm_json_element(&array, &at, &value));
    assert_value(&value, PM_JSON_NUMBER, "1");
    assert_true(pm_json_element(&array, &at, &value));
    assert_value(&value, PM_JSON_STRING, "\"a,]\"");
    assert_true(pm_json_element(&array, &at, &value));
    assert_value(&value, PM_JSON_OBJECT, "{\"x\":[2]}");
    struct pm_json inner = value;
    assert_true(pm_json_element(&array, &at, &value));
    assert_value(&value, PM_JSON_ARRAY, "[]");
    assert_false(pm_json_element(&array, &at, &value));

    at = 0;
    assert_true(pm_json_member(&inner, &at, &key, &value));
    assert_value(&key, PM_JSON_STRING, "\"x\"");
    assert_value(&value, PM_JSON_ARRAY, "[2]");
    assert_false(pm_json_member(&inner, &at, &key, &value));

    struct pm_json empty = parsed("[ ]"), none = parsed("{ }");
    at = 0;
    assert_false(pm_json_element(&empty, &at, &value));
    at = 0;
    assert_false(pm_json_member(&none, &at, &key, &value));
}

static void last_of_equal_members_counts(void **state)
{
    (void)state;
    struct pm_json object = parsed("{\"a\":1,\"\\u0061\":2,\"__proto__\":3,\"\":4}"), value;
    assert_true(pm_json_get(&object, "a", &value));
    assert_value(&value, PM_JSON_NUMBER, "2");
    assert_true(pm_json_get(&object, "__proto__", &value)); /* F03: a name like any other */
    assert_value(&value, PM_JSON_NUMBER, "3");
    assert_true(pm_json_get(&object, "", &value));
    assert_value(&value, PM_JSON_NUMBER, "4");
    assert_false(pm_json_get(&object, "b", &value));
}

static void strings_are_unescaped(void **state)
{
    (void)state;
    static const struct {
        const char *json, *text;
        size_t n;
    } rows[] = {
        {"\"plain\"", "plain", 5},
        {"\"\\u20ac\\ud83d\\ude00\"", "\xe2\x82\xac\xf0\x9f\x98\x80", 7},
        {"\"\\ud83d\\u0041\"",
         "\xef\xbf\xbd"
         "A",
         4}, /* F04: a lone surrogate */
        {"\"\\ude00\"", "\xef\xbf\xbd", 3},
        {"\"a\\u0000b\"", "a\0b", 3}, /* F04: NUL ends nothing */
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", 8},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct pm_json s = parsed(rows[i].json);
        char out[16];
        assert_int_equal(pm_json_string(&s, out, sizeof(out)), rows[i].n);
        assert_memory_equal(out, rows[i].text, rows[i].n);
        assert_int_equal(pm_json_string(&s, out, rows[i].n), rows[i].n);
        assert_int_equal(pm_json_string(&s, out, rows[i].n - 1), -ENOBUFS);
    }
    struct pm_json s = parsed("\"me\\u0073sage\"");
    assert_true(pm_json_equals(&s, "message"));
    assert_false(pm_json_equals(&s, "messag"));
    assert_false(pm_json_equals(&s, "messages"));
}

static void integers_are_exact(void **state)
{
    (void)state;
    int64_t v;
    struct pm_json n = parsed("9007199254740993"); /* F02: 2^53 + 1 */
    assert_int_equal(pm_json_integer(&n, &v), 0);
    assert_int_equal(v, 9007199254740993);
    n = parsed("-9223372036854775808");
    assert_int_equal(pm_json_integer(&n, &v), 0);
    assert_true(v == INT64_MIN);
    n = parsed("9223372036854775807");
    assert_int_equal(pm_json_integer(&n, &v), 0);
    assert_true(v == INT64_MAX);
    n = parsed("9223372036854775808");
    assert_int_equal(pm_json_integer(&n, &v), -ERANGE);
    n = parsed("1.0");
    assert_int_equal(pm_json_integer(&n, &v), -EINVAL);
    n = parsed("1e3");
    assert_int_equal(pm_json_integer(&n, &v), -EINVAL);
}

static void quoting_round_trips(void **state)
{
    (void)state;
    char all[256], quoted[6 * 256 + 2], back[256];
    size_t n = 0;
    for (int c = 0; c < 0x80; c++)
        all[n++] = (char)c;
    size_t length = pm_json_quote(all, n, quoted);
    assert_true(length <= pm_json_quoted_max(n));
    struct pm_json value;
    assert_int_equal(pm_json_check(quoted, length, 1, &value), 0);
    assert_int_equal(pm_json_string(&value, back, sizeof(back)), n);
    assert_memory_equal(back, all, n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_are_limited_and_plain_elements_are_not),
        cmocka_unit_test(good_texts_are_taken_and_their_prefixes_are_not),
        cmocka_unit_test(bad_texts_are_refused),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(arrays_and_objects_are_walked_in_order),
        cmocka_unit_test(last_of_equal_members_counts),
        cmocka_unit_test(strings_are_unescaped),
        cmocka_unit_test(integers_are_exact),
        cmocka_unit_test(quoting_round_trips),
    };
    return cmocka_run_group_tests_name("proto/json", tests, NULL, NULL);
}
