/* base_log_rate_test.c - the log: no line more in a second than it may have, and what is dropped is counted. */
#include "base/log.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static int64_t second(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return now.tv_sec;
}

static void test_too_many_lines_are_counted(void **state)
{
    enum { RATE = 10, LINES = 1000 };
    int fds[2], before = dup(STDERR_FILENO);
    char text[65536];
    unsigned written = 0, dropped = 0, n = 0;
    (void)state;
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    dup2(fds[1], STDERR_FILENO);
    pm_log_set_rate(RATE);
    int64_t start = second();
    for (int i = 0; i < LINES; i++)
        pm_log(PM_LOG_INFO, "line %d", i);
    int64_t end = second();
    while (second() == end)
        usleep(10000);
    pm_log(PM_LOG_INFO, "line %d", LINES);
    dup2(before, STDERR_FILENO);
    close(before);
    close(fds[1]);
    ssize_t got = read(fds[0], text, sizeof(text) - 1);
    close(fds[0]);
    assert_in_range(got, 1, sizeof(text) - 1);
    text[got] = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        if (sscanf(line, "%u lines were dropped", &n) == 1)
            dropped += n;
        else if (sscanf(line, "line %u", &n) == 1)
            written++;
    }
    assert_int_equal(written + dropped, LINES + 1);
    assert_in_range(written, RATE + 1, RATE * (unsigned)(end - start + 1) + 1);
    assert_int_equal(n, LINES); /* the last one came */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_too_many_lines_are_counted)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
