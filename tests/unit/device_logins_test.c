/* device_logins_test.c - at which lines people log in, by the system's list. */
#include "device/logins.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utmp.h>

#include <cmocka.h>

/* A process that is gone. */
static pid_t gone(void)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    waitpid(pid, NULL, 0);
    return pid;
}

static void add(FILE *f, short type, pid_t pid, const char *line)
{
    struct utmp u = {.ut_type = type, .ut_pid = pid};
    memcpy(u.ut_line, line, strnlen(line, sizeof(u.ut_line)));
    assert_int_equal(fwrite(&u, sizeof(u), 1, f), 1);
}

static void logins_are_found(void **state)
{
    static const struct {
        const char *line;
        bool has;
    } rows[] = {
        {"ttyS0", true},
        {"ttyS1", true},
        {"ttyS2", false},
        {"ttyS3", false},
        {"ttyS4", false},
        {"ttyS", false},
        {"ttyS01", false},
        {"", false},
        {"ttyUSB0123456789012345678901234", true}, /* as long as there is room for: it has no end there */
    };
    struct pm_logins logins;
    char path[] = "/tmp/pm-utmp-XXXXXX";
    FILE *f = fdopen(mkstemp(path), "w");
    (void)state;
    assert_non_null(f);
    for (int i = 0; i < 40; i++) /* more than is read at once */
        add(f, USER_PROCESS, getpid(), "pts/1");
    add(f, LOGIN_PROCESS, getpid(), "ttyS0");
    add(f, USER_PROCESS, 1, "ttyS1"); /* whose process may be another user's */
    add(f, DEAD_PROCESS, getpid(), "ttyS2");
    add(f, LOGIN_PROCESS, gone(), "ttyS3");
    add(f, LOGIN_PROCESS, 0, "ttyS4");
    add(f, LOGIN_PROCESS, getpid(), "ttyUSB0123456789012345678901234");
    assert_int_equal(pm_logins_open(&logins, path), 0); /* what is written later is seen */
    fwrite("torn", 4, 1, f);
    fclose(f);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(pm_logins_has(&logins, rows[i].line), rows[i].has);
    pm_logins_close(&logins);
    unlink(path);
}

static void without_a_list_nobody_logs_in(void **state)
{
    struct pm_logins logins;
    (void)state;
    assert_int_equal(pm_logins_open(&logins, "/nothing/here"), -ENOENT);
    assert_false(pm_logins_has(&logins, "ttyS0"));
    assert_false(pm_logins_has(NULL, "ttyS0"));
    pm_logins_close(&logins);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(logins_are_found),
                                       cmocka_unit_test(without_a_list_nobody_logs_in)};
    return cmocka_run_group_tests_name("device/logins", tests, NULL, NULL);
}
