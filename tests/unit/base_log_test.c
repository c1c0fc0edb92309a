/* base_log_test.c - a line is a line, whatever is in it. H11 is a row of the hostile input matrix. */
#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* What is on stderr after this text was logged. */
static void assert_logged(const char *text, const char *expected)
{
    char said[2048];
    int ends[2], before = dup(STDERR_FILENO);
    assert_int_equal(pipe(ends), 0);
    dup2(ends[1], STDERR_FILENO);
    close(ends[1]);
    pm_log(PM_LOG_INFO, "port %s", text);
    dup2(before, STDERR_FILENO);
    close(before);
    ssize_t n = read(ends[0], said, sizeof(said) - 1);
    close(ends[0]);
    assert_true(n > 0);
    said[n] = 0;
    assert_string_equal(said, expected);
}

static void nothing_drives_a_terminal_or_forges_a_line(void **state)
{
    (void)state;
    unsetenv("JOURNAL_STREAM");
    assert_logged("\xc3\xa4\xc2\xa0\xe2\x82\xac", "port \xc3\xa4\xc2\xa0\xe2\x82\xac\n");
    assert_logged("a\x1b[31m\r\nb\x7f\t", "port a?[31m??b??\n");
    assert_logged("a\xc2\x9b"
                  "31m\xc2\x80",
                  "port a??31m??\n"); /* C1 */
    assert_logged("\xff\xc3", "port ??\n");
}

static void long_lines_are_cut(void **state)
{
    char text[1500], expected[1001] = "port ";
    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = 0;
    memset(expected + 5, 'x', 994);
    expected[999] = '\n';
    assert_logged(text, expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_drives_a_terminal_or_forges_a_line),
        cmocka_unit_test(long_lines_are_cut),
    };
    return cmocka_run_group_tests_name("base/log", tests, NULL, NULL);
}
