/* base_options_test.c - values from text within their bounds, the command line in all its forms, and the help. */
#include "base/options.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct values {
    bool flag;
    int64_t number, time, size;
    int word;
    char *text, *path;
    struct pm_option_list list;
};

static const char *const words[] = {"none", "even", "odd", NULL};

#define AT(field) offsetof(struct values, field)

static const struct pm_option table[] = {
    {.name = "flag", .letter = 'f', .section = "a", .type = PM_OPTION_FLAG, .offset = AT(flag), .purpose = "a flag"},
    {.name = "number",
     .letter = 'n',
     .section = "a",
     .type = PM_OPTION_NUMBER,
     .offset = AT(number),
     .min = -5,
     .max = 10,
     .initial = "7",
     .argument = "N",
     .purpose = "a number"},
    {.name = "time",
     .type = PM_OPTION_DURATION,
     .offset = AT(time),
     .min = 10,
     .max = 86400000,
     .initial = "30s",
     .argument = "TIME",
     .purpose = "a time"},
    {.name = "size",
     .type = PM_OPTION_SIZE,
     .offset = AT(size),
     .max = 1 << 30,
     .initial = "64K",
     .argument = "BYTES",
     .purpose = "a size"},
    {.name = "word",
     .type = PM_OPTION_WORD,
     .offset = AT(word),
     .words = words,
     .initial = "none",
     .argument = "WORD",
     .purpose = "a word"},
    {.name = "text", .type = PM_OPTION_TEXT, .offset = AT(text), .argument = "TEXT", .purpose = "a text"},
    {.name = "path", .type = PM_OPTION_PATH, .offset = AT(path), .argument = "FILE", .purpose = "a path"},
    {.name = "list", .section = "b", .type = PM_OPTION_LIST, .offset = AT(list), .argument = "X", .purpose = "a list"},
    {0},
};

static int64_t amount_of(const struct pm_option *o, const struct values *v)
{
    return *(const int64_t *)((const char *)v + o->offset);
}

static void test_amounts_keep_to_their_bounds_and_units(void **state)
{
    static const struct {
        const char *name, *text;
        int64_t expected; /* -1: refused */
    } rows[] = {
        {"number", "10", 10},
        {"number", "11", -1},
        {"number", "-5", -5},
        {"number", "-6", -1},
        {"number", "", -1},
        {"number", "1x", -1},
        {"number", " 1", -1},
        {"number", "+1", -1},
        {"number", "0x1", -1},
        {"time", "10ms", 10},
        {"time", "9ms", -1},
        {"time", "2m", 120000},
        {"time", "1d", 86400000},
        {"time", "2d", -1},
        {"time", "5", -1},
        {"time", "5 s", -1},
        {"size", "1M", 1 << 20},
        {"size", "1G", 1 << 30},
        {"size", "1073741825", -1},
        {"size", "-1", -1},
        {"size", "17", 17},
        {"size", "1k", -1},
        {"time", "9223372036854775807d", -1},
        {"number", "99999999999999999999", -1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct values v;
        char error[PM_OPTION_ERROR] = "";
        const struct pm_option *o = pm_option_find(table, NULL, rows[i].name);
        pm_options_defaults(table, &v);
        int64_t before = amount_of(o, &v);
        int r = pm_option_set(o, &v, rows[i].text, error);
        if (r != (rows[i].expected == -1 ? -EINVAL : 0))
            fail_msg("%s = \"%s\" gives %d %s", rows[i].name, rows[i].text, r, error);
        assert_int_equal(amount_of(o, &v), rows[i].expected == -1 ? before : rows[i].expected);
        assert_true(r == 0 || (strstr(error, rows[i].name) && strstr(error, " to ")));
        pm_options_fini(table, &v);
    }
}

static void test_defaults_are_what_the_rows_say(void **state)
{
    struct values v;
    (void)state;
    pm_options_defaults(table, &v);
    assert_false(v.flag);
    assert_int_equal(v.number, 7);
    assert_int_equal(v.time, 30000);
    assert_int_equal(v.size, 65536);
    assert_int_equal(v.word, 0);
    assert_null(v.text);
    assert_int_equal(v.list.n, 0);
    pm_options_fini(table, &v);
}

static void test_command_line_takes_every_form(void **state)
{
    const char *argv[] = {"program",    "--number=3", "first", "-f",     "--list", "one",        "-n", "4",
                          "--list=two", "--word",     "odd",   "--path", "here",   "--text=ä=b", "--", "--flag"};
    int argc = sizeof(argv) / sizeof(argv[0]);
    struct values v;
    char error[PM_OPTION_ERROR] = "";
    (void)state;
    pm_options_defaults(table, &v);
    int at = pm_options_parse(table, &v, argc, (char **)argv, error);
    assert_string_equal(error, "");
    assert_int_equal(at, argc - 2);
    assert_string_equal(argv[at], "first");
    assert_string_equal(argv[at + 1], "--flag");
    assert_true(v.flag);
    assert_int_equal(v.number, 4);
    assert_int_equal(v.word, 2);
    assert_string_equal(v.text, "ä=b");
    assert_int_equal(v.list.n, 2);
    assert_string_equal(v.list.items[1], "two");
    assert_true(v.path[0] == '/' && strcmp(v.path + strlen(v.path) - 5, "/here") == 0);
    const char *again[] = {"program", "--no-flag"};
    assert_int_equal(pm_options_parse(table, &v, 2, (char **)again, error), 2);
    assert_false(v.flag);
    pm_options_fini(table, &v);
}

static void test_wrong_command_lines_are_refused_by_name(void **state)
{
    static const struct {
        const char *argv[3];
        const char *part; /* of the message */
    } rows[] = {
        {{"program", "--unknown", NULL}, "--unknown"},
        {{"program", "--number", NULL}, "needs a value"},
        {{"program", "--number=x", NULL}, "\"number\" must be a whole number from -5 to 10"},
        {{"program", "--flag=maybe", NULL}, "--flag=maybe"},
        {{"program", "-x", NULL}, "-x"},
        {{"program", "-xf", NULL}, "\"-x\" is not"},
        {{"program", "-fn", NULL}, "\"-n\" needs a value"},
        {{"program", "--word", "big"}, "one of none, even, odd"},
        {{"program", "--path", ""}, "path"},
        {{"program", "--text", "a\nb"}, "control characters"},
        {{"program", "--text", ""}, "1 to 1000"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct values v;
        char error[PM_OPTION_ERROR] = "";
        const char *argv[3] = {rows[i].argv[0], rows[i].argv[1], rows[i].argv[2]};
        pm_options_defaults(table, &v);
        assert_int_equal(pm_options_parse(table, &v, argv[2] ? 3 : 2, (char **)argv, error), -EINVAL);
        if (!strstr(error, rows[i].part))
            fail_msg("\"%s\" does not say \"%s\"", error, rows[i].part);
        pm_options_fini(table, &v);
    }
}

static void test_lists_and_texts_have_a_maximum(void **state)
{
    struct values v;
    char error[PM_OPTION_ERROR], text[PM_OPTION_TEXT_MAX + 2];
    const struct pm_option *list = pm_option_find(table, "b", "list");
    (void)state;
    pm_options_defaults(table, &v);
    memset(text, 'x', sizeof(text));
    text[PM_OPTION_TEXT_MAX + 1] = 0;
    assert_int_equal(pm_option_set(list, &v, text, error), -EINVAL);
    text[PM_OPTION_TEXT_MAX] = 0;
    for (int i = 0; i < PM_OPTION_LIST_MAX; i++)
        assert_int_equal(pm_option_set(list, &v, text, error), 0);
    assert_int_equal(pm_option_set(list, &v, "x", error), -EINVAL);
    assert_int_equal(v.list.n, PM_OPTION_LIST_MAX);
    pm_options_fini(table, &v);
}

static void test_values_are_compared_and_swapped(void **state)
{
    struct values a, b;
    char error[PM_OPTION_ERROR];
    (void)state;
    pm_options_defaults(table, &a);
    pm_options_defaults(table, &b);
    for (const struct pm_option *o = table; o->name; o++)
        assert_true(pm_option_equal(o, &a, &b));
    const struct pm_option *text = pm_option_find(table, NULL, "text"), *list = pm_option_find(table, NULL, "list");
    pm_option_set(text, &a, "one", error);
    pm_option_set(list, &b, "two", error);
    assert_false(pm_option_equal(text, &a, &b));
    assert_false(pm_option_equal(list, &a, &b));
    pm_option_swap(text, &a, &b);
    pm_option_swap(list, &a, &b);
    assert_null(a.text);
    assert_string_equal(b.text, "one");
    assert_string_equal(a.list.items[0], "two");
    assert_int_equal(b.list.n, 0);
    pm_options_fini(table, &a);
    pm_options_fini(table, &b);
}

static void test_help_names_every_option_within_eighty_columns(void **state)
{
    char *text = NULL;
    size_t n = 0;
    (void)state;
    FILE *out = open_memstream(&text, &n);
    pm_options_help(table, false, out);
    fclose(out);
    for (const struct pm_option *o = table; o->name; o++) {
        char option[64];
        snprintf(option, sizeof(option), "--%s%s%s", o->name, o->argument ? " " : "", o->argument ? o->argument : "");
        assert_non_null(strstr(text, option));
    }
    assert_non_null(strstr(text, "a time (default 30s)"));
    for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
        assert_in_range(strcspn(line, "\n"), 1, 80);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_amounts_keep_to_their_bounds_and_units),
        cmocka_unit_test(test_defaults_are_what_the_rows_say),
        cmocka_unit_test(test_command_line_takes_every_form),
        cmocka_unit_test(test_wrong_command_lines_are_refused_by_name),
        cmocka_unit_test(test_lists_and_texts_have_a_maximum),
        cmocka_unit_test(test_values_are_compared_and_swapped),
        cmocka_unit_test(test_help_names_every_option_within_eighty_columns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
