/* profile_load_test.c - what a profile must not be, and where the message says that it is wrong. */
#include "profile/profile.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What stands for @ in a whole profile that is right. */
#define COMMAND   "{\"profile\": 1, \"id\": \"x\", \"name\": \"X\",\n \"commands\": [{\"name\": \"c\", @}]}"
#define FILE_WITH "{\"profile\": 1, \"id\": \"x\", \"name\": \"X\",\n @}"

static const struct {
    const char *frame, *part, *error;
} rows[] = {
    {"@", "", "line 1, column 0: "},
    {"@", "[]", "line 1, column 1: an object is expected here"},
    {"@", "{\"profile\": 1,\n \"id\": }", "line 2, column 8: "},
    {"@", "{\"profile\": 1, \"profile\": 1}", "line 1, column "},
    {"@", "{\"profile\": 2}", "line 1, column 13: \"profile\" must be a whole number from 1 to 1"},
    {"@", "{\"profile\": 1, \"id\": \"A b\", \"name\": \"x\"}", "line 1, column 22: an id is made of"},
    {"@", "{\"profile\": 1, \"id\": \"x\"}", "line 1, column 1: \"name\" is missing"},
    {"@", "\"\xff\"", "line 1, column "},
    {FILE_WITH, "\"include\": \"other.json\"", "line 2, column 13: \"include\" means nothing here"},
    {FILE_WITH, "\"commands\": {}", "line 2, column 14: \"commands\" must be an array"},
    {FILE_WITH, "\"frame\": {\"kind\": \"fixed\"}", "line 2, column 11: frames of this kind need more"},
    {FILE_WITH, "\"frame\": {\"kind\": \"magic\"}", "line 2, column 20: \"kind\" must be one of lines, delimiter"},
    {FILE_WITH, "\"frame\": {\"kind\": \"length\", \"length-bytes\": 4, \"length-add\": 99999999999}",
     "line 2, column 63: \"length-add\" must be a whole number"},
    {FILE_WITH, "\"frame\": {\"kind\": \"delimiter\", \"end\": \"ab\\\\q\"}",
     "line 2, column 43: there is no such escape"},
    {FILE_WITH, "\"frame\": {\"kind\": \"delimiter\", \"end\": \"123456789\"}",
     "line 2, column 49: this is longer than 8"},
    {FILE_WITH, "\"checksum\": {\"type\": \"md5\"}", "line 2, column 14: there is no such checksum"},
    {FILE_WITH, "\"checksum\": {\"bits\": 12, \"polynomial\": 2063}", "line 2, column 14: there is no such checksum"},
    {FILE_WITH, "\"errors\": [\"a\", \"{b:regex}\"]", "line 2, column 22: a type is one of"},
    {FILE_WITH, "\"errors\": \"(a+)+$\", \"start\": [{\"command\": \"c\"}]", "line 2, column 32: there is no command"},
    {FILE_WITH, "\"identify\": {\"command\": \"c\"}", "line 2, column 14: it takes a \"command\" of this profile"},
    {FILE_WITH, "\"recognise\": [{\"vendor\": 1, \"text\": \"{\"}]", "line 2, column "},
    {"@", "{\"profile\": 1, \"id\": \"auto\", \"name\": \"x\"}", "line 1, column 22: an id is made of"},
    {COMMAND, "\"answer\": \"x\"", "line 2, column 15: \"send\" is missing"},
    {COMMAND, "\"send\": \"{rate}\"", "line 2, column 39: the command has no argument of this name"},
    {COMMAND, "\"send\": \"a\\n{x\"", "line 2, column 42: the command has no argument"},
    {COMMAND, "\"send\": \"x\", \"arguments\": [{\"name\": \"a\"}]", "line 2, column 56: \"type\" is missing"},
    {COMMAND, "\"send\": \"x\", \"arguments\": [{\"name\": \"a\", \"type\": \"integer\", \"min\": 2, \"max\": 1}]",
     "line 2, column 56: \"min\" is greater"},
    {COMMAND, "\"send\": \"x\", \"arguments\": [{\"name\": \"a\", \"type\": \"integer\", \"min\": 2, \"default\": 1}]",
     "line 2, column 110: \"default\" must be a whole number"},
    {COMMAND,
     "\"send\": \"x\", \"arguments\": [{\"name\": \"a\", \"type\": \"text\"}, {\"name\": \"a\", \"type\": \"text\"}]",
     "line 2, column 87: two arguments have this name"},
    {COMMAND, "\"send\": \"x\", \"until\": \"ok\", \"program\": \"p\"", "line 2, column 15: a \"program\" names"},
    {FILE_WITH, "\"protocol\": \"standard-frame\", \"commands\": [{\"name\": \"c\", \"id\": 1, \"realtime\": true}]",
     "line 2, column 45: a program, or a standard frame, cannot"},
    {COMMAND, "\"send\": \"x\"}, {\"name\": \"c\", \"send\": \"y\"", "line 2, column 43: two commands have this name"},
    {COMMAND, "\"send\": \"x\", \"answer\": \"{v:int}\", \"agrees\": {\"w\": \"a\"}",
     "line 2, column 79: no answer of this command"},
    {COMMAND, "\"send\": \"x\", \"answer\": \"{v:int}\", \"agrees\": {\"v\": \"a\"}",
     "line 2, column 79: an argument of this command"},
    {COMMAND,
     "\"send\": \"x\", \"answer\": \"{v:int}\", \"values\": {\"v\": {\"factor\": 2}}, \"agrees\": {\"v\": \"a\"}",
     "line 2, column 111: a value with words or a factor"},
    {COMMAND, "\"send\": \"x\", \"timeout\": 1e9", "line 2, column 53: \"timeout\" must be a whole number"},
};

static int load(const char *text, size_t n, char error[PM_PROFILE_ERROR])
{
    struct pm_profile *p = NULL;
    error[0] = 0;
    int r = pm_profile_load(text, n, &p, error);
    assert_true((r == 0) == (p != NULL));
    pm_profile_unref(p);
    return r;
}

static void mistakes_are_told_with_their_place(void **state)
{
    (void)state;
    char text[1024], error[PM_PROFILE_ERROR];
    unsigned bad = 0;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *at = strchr(rows[i].frame, '@');
        snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - rows[i].frame), rows[i].frame, rows[i].part, at + 1);
        assert_int_equal(load(text, strlen(text), error), -EINVAL);
        if (strncmp(error, rows[i].error, strlen(rows[i].error)) != 0)
            print_message("%s\n%s\n", text, error), bad++;
    }
    assert_int_equal(bad, 0);
}

static void devices_are_recognised(void **state)
{
    (void)state;
    static const char text[] = "{\"profile\": 1, \"id\": \"x\", \"name\": \"X\", \"recognise\": "
                               "[{\"vendor\": 1027, \"product\": 24577, \"text\": \"Balance{}\"}, {\"vendor\": 9025}]}";
    char error[PM_PROFILE_ERROR];
    struct pm_profile *p;
    assert_int_equal(pm_profile_load(text, sizeof(text) - 1, &p, error), 0);
    assert_true(pm_profile_recognises(p, 1027, 24577, "Balance 2000"));
    assert_false(pm_profile_recognises(p, 1027, 24577, "UART"));
    assert_false(pm_profile_recognises(p, 1027, 24578, "Balance"));
    assert_true(pm_profile_recognises(p, 9025, 67, ""));
    assert_false(pm_profile_recognises(p, -1, -1, ""));
    pm_profile_unref(p);
}

/* G14 */
static void files_that_are_hostile_are_refused(void **state)
{
    (void)state;
    static const char deep[] = "{\"profile\":1,\"id\":\"x\",\"name\":\"x\",\"values\":";
    char error[PM_PROFILE_ERROR];
    size_t n = 100 * 1000 * 1000;
    char *big = malloc(n);
    assert_non_null(big);
    memset(big, ' ', n);
    assert_int_equal(load(big, n, error), -EFBIG);
    memcpy(big, deep, sizeof(deep) - 1);
    memset(big + sizeof(deep) - 1, '[', 200000);
    assert_int_equal(load(big, 200000, error), -EINVAL);
    assert_non_null(strstr(error, "nested more than 16 deep"));
    free(big);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mistakes_are_told_with_their_place),
        cmocka_unit_test(devices_are_recognised),
        cmocka_unit_test(files_that_are_hostile_are_refused),
    };
    return cmocka_run_group_tests_name("profile/load", tests, NULL, NULL);
}
