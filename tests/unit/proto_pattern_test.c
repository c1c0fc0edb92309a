/* proto_pattern_test.c - patterns: what fits, where the values are, what is refused, and that none takes long. */
#include "proto/pattern.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct pm_pattern *pattern(const char *text)
{
    struct pm_pattern *p;
    size_t bad;
    const char *why = "";
    int r = pm_pattern_new(text, strlen(text), &p, &bad, &why);
    if (r != 0)
        fail_msg("%s: %d at %zu: %s", text, r, bad, why);
    return p;
}

/* "name=value " for each, or "-" if it does not fit. */
static const char *match(const char *text, const char *subject, char *out)
{
    struct pm_capture c[PM_PATTERN_VALUES_MAX];
    struct pm_pattern *p = pattern(text);
    out[0] = 0;
    if (!pm_pattern_match(p, (const uint8_t *)subject, strlen(subject), c))
        strcpy(out, "-");
    else
        for (size_t i = 0; i < pm_pattern_values(p); i++)
            sprintf(out + strlen(out), "%s=%.*s ", pm_pattern_value_name(p, i), (int)c[i].n, subject + c[i].at);
    pm_pattern_free(p);
    return out;
}

static void values_are_found(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *subject, *values;
    } rows[] = {
        {"ok", "ok", ""},
        {"ok", "ok ", "-"},
        {"ok", "o", "-"},
        {"", "", ""},
        {"{}", "", ""},
        {"{}", "anything", ""},
        {"error:{code:int}", "error:20", "code=20 "},
        {"error:{code:int}", "error:", "-"},
        {"error:{code:int}", "error:20x", "-"},
        {"{address:int:2}{state:char}{rate:float}{unit:word}", "00I12.50MM", "address=00 state=I rate=12.50 unit=MM "},
        {"{address:int:2}{state:char}?{error:word}", "00S?OOR", "address=00 state=S error=OOR "},
        {"{address:int:2}{state:char}", "0", "-"},
        {"<{state}|MPos:{x:float},{y:float},{z:float}{}>", "<Idle|MPos:0.000,-1.5,2e3|FS:0,0>",
         "state=Idle x=0.000 y=-1.5 z=2e3 "},
        {"{a}:{b}", "1:2:3", "a=1 b=2:3 "},
        {"{a}end", "endendend", "a=endend "},
        {"{a}x{b}y", "axbxcyy", "a=a b=bxcy "},
        {"a{b}", "a", "b= "},
        {"{v:float}", ".5", "v=.5 "},
        {"{v:float}", ".", "-"},
        {"{v:float}", "5.", "v=5. "},
        {"{v:float}e", "5e", "v=5 "},
        {"{v:float}", "+1.25000E-01", "v=+1.25000E-01 "},
        {"{h:hex:2}{i:hex:2}", "0aFF", "h=0a i=FF "},
        {"{h:hex:2}", "0g", "-"},
        {"{t:text:3}{u}", "abcdef", "t=abc u=def "},
        {"\\x41\\{\\}\\\\{x:word}", "A{}\\b", "x=b "},
        {"{:int} {n:int}", "1 2", "n=2 "},
    };
    char out[256];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(match(rows[i].pattern, rows[i].subject, out), rows[i].values) != 0)
            fail_msg("%s over %s: %s", rows[i].pattern, rows[i].subject, out);
    }
}

static void binary_numbers_are_found(void **state)
{
    (void)state;
    static const struct {
        const char *pattern;
        bool fits;
        size_t at, n;
        double first;
    } rows[] = {
        {"\\x01\\x03{n:u8}{r:u16be:*}", true, 3, 4, 0xfffe},
        {"{a:u16le}{:u8:*}", true, 0, 2, 0x0301},
        {"{a:i16be}{}", true, 0, 2, 0x0103},
        {"{:u8:3}{a:i16be}{b:u16le}", true, 3, 2, -2},
        {"{:u8:3}{a:i32le}", true, 3, 4, 16842495},
        {"{:u8:3}{a:f32be}", true, 3, 4, 0},
        {"{a:u32be:2}", false, 0, 0, 0},
        {"{a:u16be:*}", false, 0, 0, 0},
    };
    const uint8_t subject[] = {1, 3, 4, 0xff, 0xfe, 0x00, 0x01};
    struct pm_capture c[PM_PATTERN_VALUES_MAX];
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct pm_pattern *p = pattern(rows[i].pattern);
        size_t value = i == 0 ? 1 : 0;
        bool fits = pm_pattern_match(p, subject, sizeof(subject), c);
        if (fits != rows[i].fits || (fits && (c[value].at != rows[i].at || c[value].n != rows[i].n)))
            fail_msg("%s", rows[i].pattern);
        if (fits && i != 5)
            assert_true(pm_value_read(pm_pattern_value_type(p, value), subject + c[value].at) == rows[i].first);
        pm_pattern_free(p);
    }
}

/* Every type gives back what was written, at both ends of its range. */
static void binary_numbers_come_back(void **state)
{
    (void)state;
    for (enum pm_value_type type = PM_VALUE_U8; type < PM_VALUE_BITS; type++) {
        double ends[2];
        uint8_t bytes[4];
        pm_value_range(type, &ends[0], &ends[1]);
        for (int i = 0; i < 2; i++) {
            pm_value_write(type, ends[i], bytes);
            assert_true(pm_value_read(type, bytes) == ends[i]);
        }
        pm_value_write(type, 42, bytes);
        assert_true(pm_value_read(type, bytes) == 42);
    }
}

static void what_is_no_pattern_is_refused_at_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int error;
        size_t bad;
    } rows[] = {
        {"a}", -EINVAL, 1},
        {"a{", -EINVAL, 2},
        {"{a:regex}", -EINVAL, 3},
        {"{a:int:0}", -EINVAL, 7},
        {"{a:int:x}", -EINVAL, 7},
        {"\\q", -EINVAL, 0},
        {"ab\\x4", -EINVAL, 2},
        {"{a b}", -EINVAL, 1},
        {"{a}{b}", -EINVAL, 6},
        {"{a} {a}", -EINVAL, 5},
        {"{a:int:2000}", -EINVAL, 7},
        {"{a:int:2:3}", -EINVAL, 8},
        {"{a:int:0001x}", -EINVAL, 7},
        {"ab\\", -EINVAL, 2},
    };
    struct pm_pattern *p;
    const char *why;
    size_t bad;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int r = pm_pattern_new(rows[i].text, strlen(rows[i].text), &p, &bad, &why);
        if (r != rows[i].error || bad != rows[i].bad)
            fail_msg("%s: %d at %zu", rows[i].text, r, bad);
    }
    char many[PM_PATTERN_MAX + 2];
    memset(many, 'a', sizeof(many));
    assert_int_equal(pm_pattern_new(many, sizeof(many), &p, &bad, &why), -E2BIG);
    for (size_t i = 0; i + 6 <= sizeof(many); i += 6)
        memcpy(many + i, "{:int}", 6);
    assert_int_equal(pm_pattern_new(many, 6 * 65, &p, &bad, &why), -EINVAL);
}

static void an_occurrence_is_found_in_a_stream(void **state)
{
    (void)state;
    struct pm_pattern *p = pattern("{n:int} ok\r");
    const uint8_t *s = (const uint8_t *)"1 o 2 ok\r3 ok\r";
    assert_int_equal(pm_pattern_longest(p), PM_NUMBER_MAX + 4);
    assert_int_equal(pm_pattern_find(p, s, 14, 0), 9);
    assert_int_equal(pm_pattern_find(p, s, 14, 9), 14);
    assert_int_equal(pm_pattern_find(p, s, 8, 0), -1);
    pm_pattern_free(p);
    p = pattern("a{}");
    assert_int_equal(pm_pattern_longest(p), 0);
    pm_pattern_free(p);
}

/* G14: what takes a backtracking matcher for ever is done in at most subject x pattern steps: this ends at once, or
 * never.
 */
static void no_pattern_takes_exponential_time(void **state)
{
    (void)state;
    char text[PM_PATTERN_MAX] = "", subject[4096];
    struct pm_capture c[PM_PATTERN_VALUES_MAX];
    for (int i = 0; i < 30; i++)
        strcat(text, "{}a");
    strcat(text, "b");
    memset(subject, 'a', sizeof(subject));
    struct pm_pattern *p = pattern(text);
    assert_false(pm_pattern_match(p, (const uint8_t *)subject, sizeof(subject), c));
    subject[sizeof(subject) - 1] = 'b';
    assert_true(pm_pattern_match(p, (const uint8_t *)subject, sizeof(subject), c));
    pm_pattern_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_found),
        cmocka_unit_test(binary_numbers_are_found),
        cmocka_unit_test(binary_numbers_come_back),
        cmocka_unit_test(what_is_no_pattern_is_refused_at_its_place),
        cmocka_unit_test(an_occurrence_is_found_in_a_stream),
        cmocka_unit_test(no_pattern_takes_exponential_time),
    };
    return cmocka_run_group_tests_name("proto/pattern", tests, NULL, NULL);
}
