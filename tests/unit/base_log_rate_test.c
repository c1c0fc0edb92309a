/* base_log_rate_test.c - the log: no line more in a second than it may have, none that matters is hidden by others, and
 * what is dropped is counted, whatever thread it came from. */
#include "base/log.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { RATE = 12, HALF = RATE / 2, LINES = 1000, THREADS = 4 };

/* What was written meanwhile, and what was told of the rest. */
struct caught {
    int before, fds[2];
    unsigned written[PM_LOG_DEBUG + 1], all, dropped, last;
};

static int64_t second(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return now.tv_sec;
}

static int64_t wait_for_another_second(void)
{
    int64_t start = second();
    while (second() == start)
        usleep(10000);
    return second();
}

static void begin(struct caught *c)
{
    *c = (struct caught){.before = dup(STDERR_FILENO)};
    assert_int_equal(pipe2(c->fds, O_CLOEXEC), 0);
    dup2(c->fds[1], STDERR_FILENO);
    pm_log_set_rate(RATE);
}

static void end(struct caught *c)
{
    char text[65536];
    unsigned n, level;
    dup2(c->before, STDERR_FILENO);
    close(c->before);
    close(c->fds[1]);
    ssize_t got = read(c->fds[0], text, sizeof(text) - 1);
    close(c->fds[0]);
    assert_in_range(got, 1, sizeof(text) - 1);
    text[got] = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        if (sscanf(line, "%u lines were dropped", &n) == 1) {
            c->dropped += n;
        } else if (sscanf(line, "level %u, line %u", &level, &n) == 2 && level <= PM_LOG_DEBUG) {
            c->written[level]++;
            c->all++;
            c->last = n;
        }
    }
}

static void flood(enum pm_log_level level)
{
    for (int i = 0; i < LINES; i++)
        pm_log(level, "level %d, line %d", level, i);
}

static void test_too_many_lines_are_counted(void **state)
{
    struct caught c;
    (void)state;
    begin(&c);
    int64_t start = wait_for_another_second();
    flood(PM_LOG_INFO);
    int64_t last = second();
    wait_for_another_second();
    pm_log(PM_LOG_INFO, "level %d, line %d", PM_LOG_INFO, LINES);
    end(&c);
    assert_int_equal(c.all + c.dropped, LINES + 1);
    assert_in_range(c.all, HALF + 1, HALF * (unsigned)(last - start + 1) + 1);
    assert_int_equal(c.last, LINES); /* the last one came */
}

/* In a second that is full of what matters less, each has lines left that nothing else takes. */
static void test_a_flood_hides_nothing_that_matters(void **state)
{
    struct caught c;
    int64_t start;
    (void)state;
    do { /* once more if the second changed meanwhile */
        begin(&c);
        start = wait_for_another_second();
        flood(PM_LOG_INFO);
        flood(PM_LOG_WARNING);
        pm_log(PM_LOG_NOTICE, "level %d, line 0", PM_LOG_NOTICE);
        flood(PM_LOG_ERROR);
        int64_t last = second();
        pm_log_end();
        end(&c);
        start -= last;
    } while (start != 0);
    assert_int_equal(c.written[PM_LOG_INFO], HALF);
    assert_int_equal(c.written[PM_LOG_WARNING], RATE / 4);
    assert_int_equal(c.written[PM_LOG_NOTICE], 1);
    assert_int_equal(c.all, RATE);
    assert_int_equal(c.all + c.dropped, 3 * LINES + 1); /* told though no line came after them */
}

static void *run_flood(void *owner)
{
    (void)owner;
    flood(PM_LOG_INFO);
    return NULL;
}

static void test_threads_share_one_count(void **state)
{
    struct caught c;
    pthread_t threads[THREADS];
    (void)state;
    begin(&c);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_flood, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    pm_log_end();
    end(&c);
    assert_int_equal(c.all + c.dropped, THREADS * LINES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_too_many_lines_are_counted),
        cmocka_unit_test(test_a_flood_hides_nothing_that_matters),
        cmocka_unit_test(test_threads_share_one_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
