/* access_sessions_test.c - console sessions: when they end, and who is told. */
#include "access/sessions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct pm_mono start = {1000000};

struct ended {
    unsigned n;
    uint32_t last;
};

static void on_end(void *owner, uint32_t number)
{
    struct ended *e = owner;
    e->n++;
    e->last = number;
}

/* Begin one; its number. */
static uint32_t begin(struct pm_sessions *s, struct pm_mono now)
{
    char code[PM_CODE_LENGTH + 1];
    const struct pm_console_session *made;
    assert_int_equal(pm_sessions_code(s, now, code), 0);
    assert_int_equal(pm_sessions_start(s, code, PM_CODE_LENGTH, now, &made), 0);
    return made->number;
}

static void one_ends_with_its_time(void **state)
{
    struct ended ended = {0};
    struct pm_sessions s = {.on_end = on_end, .owner = &ended};
    struct pm_mono end = pm_mono_add_ms(start, (int64_t)PM_SESSION_SECONDS * 1000);
    (void)state;
    assert_int_equal(pm_sessions_expire(&s, start).us, 0);
    uint32_t first = begin(&s, start), second = begin(&s, pm_mono_add_ms(start, 1000));
    assert_int_equal(pm_sessions_expire(&s, pm_mono_add_ms(end, -1)).us, end.us);
    assert_int_equal(ended.n, 0);
    assert_int_equal(pm_sessions_expire(&s, end).us, pm_mono_add_ms(end, 1000).us);
    assert_int_equal(ended.n, 1);
    assert_int_equal(ended.last, first);
    assert_int_equal(pm_sessions_end(&s, 0), 1);
    assert_int_equal(ended.last, second);
}

static void the_one_that_was_not_used_for_longest_makes_room(void **state)
{
    struct ended ended = {0};
    struct pm_sessions s = {.on_end = on_end, .owner = &ended};
    (void)state;
    uint32_t first = begin(&s, start);
    for (int i = 1; i < PM_SESSIONS_MAX; i++)
        begin(&s, pm_mono_add_ms(start, i));
    assert_int_equal(ended.n, 0);
    begin(&s, pm_mono_add_ms(start, PM_SESSIONS_MAX));
    assert_int_equal(ended.n, 1);
    assert_int_equal(ended.last, first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_ends_with_its_time),
        cmocka_unit_test(the_one_that_was_not_used_for_longest_makes_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
