/* api_hot_test.c - send-raw read in place: which forms are, and that none is read otherwise than by the table. */
#include "api/hot.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct pm_api_blob blobs[] = {{(const uint8_t *)"one", 3}, {(const uint8_t *)"\0\xff", 2}};

static const struct {
    const char *json, *name, *bytes;
    size_t n;
} taken[] = {
    {"{\"name\":\"pump\",\"payload\":{\"_placeholder\":true,\"num\":0}}", "pump", "one", 3},
    {"{\"payload\":{\"num\":1,\"_placeholder\":true},\"name\":\"pump\"}", "pump", "\0\xff", 2},
    {"{\"name\":\"pump\",\"payload\":\"*IDN?\\r\\n\"}", "pump", "*IDN?\r\n", 7},
    {"{\"name\":\"\xe2\x82\xac\",\"payload\":\"\"}", "\xe2\x82\xac", "", 0},
    {"{ \"name\" : \"a b\" , \"payload\" : [ 0 , 9,10 ,99,100,255 ] } ", "a b", "\0\x09\x0a\x63\x64\xff", 6},
    {"{\"name\":\"pump\",\"payload\":[]}", "pump", "", 0},
    {"{\"name\":\"pump\",\"payload\":{\"base64\":\"AAH/\"}}", "pump", "\0\x01\xff", 3},
    {"{\"name\":\"a\\/b\",\"payload\":\"x\"}, 7, {\"more\":1}", "a/b", "x", 1},
};

/* Right or wrong: not in the forms that are read in place. */
static const char *const left[] = {
    "{}",
    "[]",
    "7",
    "\"name\"",
    "{\"name\":\"pump\"}",
    "{\"payload\":\"x\"}",
    "{\"name\":\"\",\"payload\":\"x\"}",
    "{\"name\":7,\"payload\":\"x\"}",
    "{\"name\":\"pump\",\"payload\":\"x\",\"more\":1}",
    "{\"name\":\"pump\",\"name\":\"pump\",\"payload\":\"x\"}",
    "{\"name\":\"pump\",\"payload\":\"x\",\"payload\":\"x\"}",
    "{\"\\u006eame\":\"pump\",\"payload\":\"x\"}",
    "{\"name\":\"pump\\u0000\",\"payload\":\"x\"}",
    "{\"name\":\"pump\",\"payload\":\"\\ud800\"}",
    "{\"name\":\"pump\",\"payload\":null}",
    "{\"name\":\"pump\",\"payload\":true}",
    "{\"name\":\"pump\",\"payload\":7}",
    "{\"name\":\"pump\",\"payload\":[256]}",
    "{\"name\":\"pump\",\"payload\":[-0]}",
    "{\"name\":\"pump\",\"payload\":[1.0]}",
    "{\"name\":\"pump\",\"payload\":[1e1]}",
    "{\"name\":\"pump\",\"payload\":[4294967297]}",
    "{\"name\":\"pump\",\"payload\":[[1]]}",
    "{\"name\":\"pump\",\"payload\":{}}",
    "{\"name\":\"pump\",\"payload\":{\"base64\":\"!!\"}}",
    "{\"name\":\"pump\",\"payload\":{\"base64\":\"AA\\u003d=\"}}",
    "{\"name\":\"pump\",\"payload\":{\"base64\":7}}",
    "{\"name\":\"pump\",\"payload\":{\"_placeholder\":true,\"num\":2}}",
    "{\"name\":\"pump\",\"payload\":{\"_placeholder\":true,\"num\":-1}}",
    "{\"name\":\"pump\",\"payload\":{\"_placeholder\":true,\"num\":0.0}}",
    "{\"name\":\"pump\",\"payload\":{\"_placeholder\":false,\"num\":0}}",
    "{\"name\":\"pump\",\"payload\":{\"_placeholder\":true,\"num\":0,\"more\":1}}",
    "{\"name\":\"12345678901234567890123456789012345678901234567890123456789012345\",\"payload\":\"\"}",
};

/* A copy of exactly its size, so that a sanitizer sees one byte too far. */
static char *exact(const char *text)
{
    char *copy = malloc(strlen(text));
    assert_non_null(copy);
    memcpy(copy, text, strlen(text));
    return copy;
}

static void usual_forms_are_read_in_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
        struct pm_hot_write w;
        char *json = exact(taken[i].json);
        assert_true(pm_hot_write_read(json, strlen(taken[i].json), blobs, 2, &w));
        assert_string_equal(w.name, taken[i].name);
        assert_int_equal(w.payload.n, taken[i].n);
        if (taken[i].n > 0)
            assert_memory_equal(w.payload.p, taken[i].bytes, taken[i].n);
        free(w.payload.owned);
        free(json);
    }
}

static void all_else_is_left_to_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++) {
        struct pm_hot_write w;
        char *json = exact(left[i]);
        if (pm_hot_write_read(json, strlen(left[i]), blobs, 2, &w))
            fail_msg("taken: %s", left[i]);
        assert_null(w.payload.owned);
        free(json);
    }
}

static uint32_t roll(uint32_t *dice)
{
    *dice = *dice * 1664525 + 1013904223;
    return *dice >> 8;
}

/* Change, drop, double and exchange bytes: those that stay JSON are read alike by both, or left to the table. */
static void mutate(char *text, size_t *n, size_t room, uint32_t *dice)
{
    static const char bytes[] = "{}[]\",:\\u0123456789ntrue-.e+ _pAZ=";
    size_t at = *n ? roll(dice) % *n : 0, from = *n ? roll(dice) % *n : 0;
    switch (roll(dice) % 4) {
    case 0:
        text[at] = bytes[roll(dice) % (sizeof(bytes) - 1)];
        break;
    case 1:
        memmove(text + at, text + at + 1, *n - at - 1);
        --*n;
        break;
    case 2:
        if (*n < room) {
            memmove(text + at + 1, text + at, *n - at);
            ++*n;
        }
        break;
    default:
        text[at] = text[from];
    }
}

static void both_ways_read_the_same(void **state)
{
    uint32_t dice = 7;
    (void)state;
    for (unsigned round = 0; round < 200000; round++) {
        char text[256];
        const char *seed = taken[roll(&dice) % (sizeof(taken) / sizeof(taken[0]))].json;
        size_t n = strlen(seed);
        memcpy(text, seed, n);
        for (unsigned i = roll(&dice) % 4; i > 0 && n > 1; i--)
            mutate(text, &n, sizeof(text), &dice);
        LLVMFuzzerTestOneInput((const uint8_t *)text, n); /* it ends the program where they differ */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(usual_forms_are_read_in_place),
        cmocka_unit_test(all_else_is_left_to_the_table),
        cmocka_unit_test(both_ways_read_the_same),
    };
    return cmocka_run_group_tests_name("api/hot", tests, NULL, NULL);
}
