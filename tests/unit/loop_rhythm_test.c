/* loop_rhythm_test.c - a loop that stays awake while events come quickly, and never longer. */
#include "loop/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

struct bench {
    struct pm_loop loop;
    struct pm_rhythm rhythm;
};

static int setup(void **state)
{
    static struct bench b;
    pm_rhythm_init(&b.rhythm);
    *state = &b;
    return pm_loop_init(&b.loop);
}

static int teardown(void **state)
{
    pm_loop_fini(&((struct bench *)*state)->loop);
    return 0;
}

/* As if the last event had been so long ago. */
static void beat(struct bench *b, int64_t pause_us)
{
    b->rhythm.last.us = pm_loop_now().us - pause_us;
    pm_loop_beat(&b->loop, &b->rhythm);
}

static void quick_events_keep_it_awake_for_a_while(void **state)
{
    struct bench *b = *state;
    beat(b, 100);
    assert_false(pm_loop_is_awake(&b->loop)); /* one alone says nothing */
    for (int i = 0; i < 20; i++)
        beat(b, 100);
    assert_true(pm_loop_is_awake(&b->loop));
    int64_t until = b->loop.awake_until.us - b->rhythm.last.us;
    assert_in_range(until, 200, 650);
    usleep(1000);
    uv_run(&b->loop.uv, UV_RUN_NOWAIT);
    assert_false(pm_loop_is_awake(&b->loop));
}

static void slow_events_never_do(void **state)
{
    struct bench *b = *state;
    for (int i = 0; i < 100; i++) {
        beat(b, 1000);
        assert_false(pm_loop_is_awake(&b->loop));
    }
}

static void it_ends_when_they_become_slow(void **state)
{
    struct bench *b = *state;
    for (int i = 0; i < 20; i++)
        beat(b, 50);
    for (int i = 0; i < 4; i++)
        beat(b, 1000000);
    usleep(1000);
    uv_run(&b->loop.uv, UV_RUN_NOWAIT);
    beat(b, 1000000);
    assert_false(pm_loop_is_awake(&b->loop));
}

struct chain {
    struct pm_turn turn;
    struct pm_loop *loop;
    unsigned runs, wanted;
};

static void on_link(struct pm_turn *t)
{
    struct chain *c = pm_container(t, struct chain, turn);
    if (++c->runs < c->wanted)
        pm_turn_ask(&c->turn, c->loop);
}

static void tasks_of_a_turns_end_follow_each_other_in_it(void **state)
{
    struct bench *b = *state;
    struct chain short_one = {.loop = &b->loop, .wanted = 3}, endless = {.loop = &b->loop, .wanted = 1000000};
    pm_turn_init(&short_one.turn, on_link);
    pm_turn_init(&endless.turn, on_link);
    pm_turn_ask(&short_one.turn, &b->loop);
    uv_run(&b->loop.uv, UV_RUN_NOWAIT);
    assert_int_equal(short_one.runs, 3);
    assert_false(pm_loop_is_awake(&b->loop));
    pm_turn_ask(&endless.turn, &b->loop);
    uv_run(&b->loop.uv, UV_RUN_NOWAIT);
    assert_in_range(endless.runs, 1, 10); /* descriptors get their turn */
    assert_true(pm_loop_is_awake(&b->loop));
    pm_turn_cancel(&endless.turn);
    uv_run(&b->loop.uv, UV_RUN_NOWAIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(quick_events_keep_it_awake_for_a_while, setup, teardown),
        cmocka_unit_test_setup_teardown(slow_events_never_do, setup, teardown),
        cmocka_unit_test_setup_teardown(it_ends_when_they_become_slow, setup, teardown),
        cmocka_unit_test_setup_teardown(tasks_of_a_turns_end_follow_each_other_in_it, setup, teardown),
    };
    return cmocka_run_group_tests_name("loop/rhythm", tests, NULL, NULL);
}
