/* json_fuzz.c - the scanner against jansson: same verdict, same values. */
#include "pieces.h"
#include "proto/json.h"

#include "base/utf8.h"

#include <errno.h>
#include <jansson.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DEPTH = 32 };

static void compare(const struct pm_json *mine, const json_t *theirs);

static void compare_string(const struct pm_json *mine, const json_t *theirs)
{
    size_t n = json_string_length(theirs);
    char *text = malloc(mine->n);
    PM_FUZZ_CHECK(text && pm_json_string(mine, text, mine->n) == (ssize_t)n);
    PM_FUZZ_CHECK(memcmp(text, json_string_value(theirs), n) == 0);
    char *quoted = malloc(pm_json_quoted_max(n));
    PM_FUZZ_CHECK(quoted);
    struct pm_json again;
    size_t length = pm_json_quote(text, n, quoted);
    PM_FUZZ_CHECK(length <= pm_json_quoted_max(n) && pm_json_check(quoted, length, 1, &again) == 0);
    PM_FUZZ_CHECK(pm_json_string(&again, text, mine->n) == (ssize_t)n);
    free(quoted);
    free(text);
}

static void compare_array(const struct pm_json *mine, const json_t *theirs)
{
    struct pm_json value;
    size_t at = 0, i = 0;
    while (pm_json_element(mine, &at, &value))
        compare(&value, json_array_get(theirs, i++));
    PM_FUZZ_CHECK(i == json_array_size(theirs));
}

static void compare_object(const struct pm_json *mine, const json_t *theirs)
{
    const char *name;
    json_t *value;
    struct pm_json found;
    json_object_foreach((json_t *)(uintptr_t)theirs, name, value)
    {
        PM_FUZZ_CHECK(pm_json_get(mine, name, &found));
        compare(&found, value);
    }
}

static void compare(const struct pm_json *mine, const json_t *theirs)
{
    int64_t integer;
    PM_FUZZ_CHECK(theirs);
    switch (mine->type) {
    case PM_JSON_OBJECT:
        PM_FUZZ_CHECK(json_is_object(theirs));
        compare_object(mine, theirs);
        break;
    case PM_JSON_ARRAY:
        PM_FUZZ_CHECK(json_is_array(theirs));
        compare_array(mine, theirs);
        break;
    case PM_JSON_STRING:
        PM_FUZZ_CHECK(json_is_string(theirs));
        compare_string(mine, theirs);
        break;
    case PM_JSON_NUMBER:
        PM_FUZZ_CHECK(json_is_number(theirs));
        PM_FUZZ_CHECK((pm_json_integer(mine, &integer) == 0) == json_is_integer(theirs));
        PM_FUZZ_CHECK(!json_is_integer(theirs) || integer == json_integer_value(theirs));
        break;
    case PM_JSON_TRUE:
        PM_FUZZ_CHECK(json_is_true(theirs));
        break;
    case PM_JSON_FALSE:
        PM_FUZZ_CHECK(json_is_false(theirs));
        break;
    case PM_JSON_NULL:
        PM_FUZZ_CHECK(json_is_null(theirs));
        break;
    }
}

/* What jansson refuses although RFC 8259 has it: numbers out of range, NUL in a key, lone surrogates. And what it
 * limits elsewhere: depth. */
static int may_differ(const char *text, size_t n)
{
    return memmem(text, n, "\\u", 2) != NULL || memchr(text, 'e', n) || memchr(text, 'E', n) || n > 15;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct pm_json mine;
    char *text = (char *)pm_fuzz_copy(data, size);
    int r = pm_json_check(text, size, DEPTH, &mine);
    if (pm_utf8_valid(text, size) && !memchr(text, 0, size)) { /* jansson passes over a NUL behind a number */
        json_t *theirs = json_loadb(text, size, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        PM_FUZZ_CHECK(!theirs || r == 0 || r == -E2BIG);
        PM_FUZZ_CHECK(theirs || r < 0 || may_differ(text, size));
        if (theirs && r == 0)
            compare(&mine, theirs);
        json_decref(theirs);
    }
    free(text);
    return 0;
}
