/* hub_rest_test.c - when a port is not read for some milliseconds, and that it always goes on. */
#include "fake_hub.h"
#include "hub/hub_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { DEADLINE_MS = 20000, LOOK_MS = 1 };

struct stage {
    struct fake_hub fake;
    struct pm_connection *connection;
    struct pm_timer look;
    struct pm_mono deadline;
};

static void on_news(void *owner, enum pm_hub_news news, struct pm_connection *c, const char *text)
{
    (void)owner, (void)news, (void)c, (void)text;
}

static const struct pm_hub_ops ops = {on_news};

/* The loop runs until the port is read again. */
static void on_look(struct pm_timer *t)
{
    struct stage *s = t->owner;
    assert_false(pm_mono_reached(pm_loop_now(), s->deadline));
    if (fake_port(&s->fake.devices)->paused)
        pm_timer_set(t, pm_mono_add_ms(pm_loop_now(), LOOK_MS));
    else
        pm_loop_stop(&s->fake.loop);
}

static int set_up(void **state)
{
    struct stage *s = calloc(1, sizeof(*s));
    assert_non_null(s);
    fake_hub_init(&s->fake, &ops, s);
    pm_timer_init(&s->look, &s->fake.loop, on_look, s);
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct stage *s = *state;
    pm_timer_close(&s->look, NULL);
    fake_hub_fini(&s->fake);
    free(s);
    return 0;
}

static void on_opened(void *owner, struct pm_connection *c, int error)
{
    struct stage *s = owner;
    assert_int_equal(error, 0);
    s->connection = c;
}

static void on_written(void *owner, size_t bytes, int error)
{
    (void)owner;
    assert_int_equal(bytes, 1);
    assert_int_equal(error, 0);
}

static struct fake_port *open_as(struct stage *s, enum pm_latency latency, uint32_t baud_rate)
{
    struct pm_connection_options o = pm_connection_defaults();
    o.line.latency = latency;
    o.line.baud_rate = baud_rate;
    fake_plug(&s->fake.devices, "usb-pump", "/dev/ttyUSB0");
    pm_hub_activate(s->fake.hub, "pump", "/dev/ttyUSB0", &o, on_opened, s);
    return fake_port(&s->fake.devices);
}

static void wait_until_read(struct stage *s)
{
    s->deadline = pm_mono_add_ms(pm_loop_now(), DEADLINE_MS);
    pm_timer_set(&s->look, pm_loop_now());
    pm_loop_run(&s->fake.loop);
    assert_false(fake_port(&s->fake.devices)->paused);
}

/* As after the loop had been busy: what comes next may rest. */
static void be_busy(struct stage *s)
{
    pm_load_look(&s->fake.hub->load, pm_loop_turn(&s->fake.loop));
    s->fake.hub->rest_ms = 8;
}

static void throughput_rests_and_goes_on(void **state)
{
    struct stage *s = *state;
    struct fake_port *p = open_as(s, PM_LATENCY_THROUGHPUT, 115200);
    for (int i = 0; i < 3; i++) {
        fake_say(p, "abc");
        assert_true(p->paused);
        wait_until_read(s);
    }
    assert_int_equal(s->connection->journal.end, 9);
}

static void low_latency_never_rests_while_there_is_time(void **state)
{
    struct stage *s = *state;
    struct fake_port *p = open_as(s, PM_LATENCY_LOW, 115200);
    s->fake.hub->rest_ms = 0;
    fake_say(p, "abc");
    assert_false(p->paused);
}

static void a_busy_loop_lets_streams_rest_but_no_answer_and_not_the_lowest(void **state)
{
    struct stage *s = *state;
    struct fake_port *p = open_as(s, PM_LATENCY_LOW, 115200);
    be_busy(s);
    fake_say(p, "abc");
    assert_true(p->paused);
    wait_until_read(s);
    be_busy(s);
    p->takes = 100;
    assert_int_equal(pm_hub_write(s->connection, "?", 1, on_written, NULL), 0);
    fake_say(p, "the answer");
    assert_false(p->paused);
    s->connection->written.us = 0;
    s->connection->options.line.latency = PM_LATENCY_LOWEST;
    be_busy(s);
    fake_say(p, "abc");
    assert_false(p->paused);
}

/* The device says so much that it is a stream. */
static void flow(struct stage *s)
{
    for (int i = 0; i < 40; i++)
        fake_say(fake_port(&s->fake.devices), "abc");
}

static void a_stream_to_many_rests_and_one_to_a_few_does_not(void **state)
{
    struct stage *s = *state;
    struct fake_port *p = open_as(s, PM_LATENCY_LOW, 115200);
    s->connection->n_readers = 5;
    flow(s);
    assert_false(p->paused);
    s->connection->n_readers = 10;
    fake_say(p, "abc");
    assert_true(p->paused);
    wait_until_read(s);
    s->connection->came.us -= 1000000;
    fake_say(p, "abc");
    assert_false(p->paused); /* after a pause it may be a message */
}

static void what_came_meanwhile_is_read_and_it_rests_again(void **state)
{
    struct stage *s = *state;
    struct fake_port *p = open_as(s, PM_LATENCY_LOW, 115200);
    s->connection->n_readers = 10;
    flow(s);
    uint64_t before = s->connection->journal.end;
    p->holds = "defg";
    pm_rest_over(&s->fake.hub->rest);
    assert_int_equal(s->connection->journal.end, before + 4);
    assert_true(p->paused);
    pm_rest_over(&s->fake.hub->rest); /* nothing came */
    assert_false(p->paused);
}

static void a_write_ends_the_rest(void **state)
{
    struct stage *s = *state;
    struct fake_port *p = open_as(s, PM_LATENCY_LOW, 115200);
    s->connection->n_readers = 10;
    flow(s);
    assert_true(p->paused);
    p->takes = 100;
    assert_int_equal(pm_hub_write(s->connection, "?", 1, on_written, NULL), 0);
    assert_false(p->paused);
    flow(s);
    assert_false(p->paused);
}

static void one_that_is_lost_while_it_is_read_is_let_go(void **state)
{
    struct stage *s = *state;
    struct fake_port *p = open_as(s, PM_LATENCY_THROUGHPUT, 115200);
    s->connection->options.reconnect = false;
    fake_say(p, "abc");
    p->dies = true;
    pm_rest_over(&s->fake.hub->rest);
    assert_null(pm_hub_find(s->fake.hub, "pump"));
    assert_true(pm_list_empty(&s->fake.hub->resting));
}

static void readers_that_are_full_keep_it_waiting_behind_its_rest(void **state)
{
    struct stage *s = *state;
    struct fake_port *p = open_as(s, PM_LATENCY_THROUGHPUT, 115200);
    fake_say(p, "abc");
    pm_hub_pause(s->connection, true);
    pm_hub_pause(s->connection, false);
    assert_true(p->paused); /* its rest goes on */
    pm_hub_pause(s->connection, true);
    pm_rest_over(&s->fake.hub->rest);
    assert_true(p->paused);
    pm_hub_pause(s->connection, false);
    assert_false(p->paused);
}

static void a_fast_line_rests_no_longer_than_its_driver_holds(void **state)
{
    struct stage *s = *state;
    struct fake_port *p = open_as(s, PM_LATENCY_THROUGHPUT, 60000000);
    fake_say(p, "abc");
    assert_false(p->paused); /* 6 bytes a microsecond */
}

static void one_that_is_closed_while_it_rests_is_forgotten(void **state)
{
    struct stage *s = *state;
    struct fake_port *p = open_as(s, PM_LATENCY_THROUGHPUT, 115200);
    fake_say(p, "abc");
    assert_false(pm_list_empty(&s->fake.hub->resting));
    pm_hub_deactivate(s->connection, "closed");
    assert_true(pm_list_empty(&s->fake.hub->resting));
    pm_rest_over(&s->fake.hub->rest);
}

static void rest_follows_the_load(void **state)
{
    (void)state;
    static const struct {
        unsigned before, percent;
        int64_t window_us;
        unsigned after;
    } rows[] = {
        {0, 10, 20000, 0}, {0, 30, 20000, 0}, {0, 60, 20000, 1}, {1, 60, 20000, 2}, {4, 95, 20000, 8},
        {8, 95, 20000, 8}, {8, 30, 20000, 8}, {8, 10, 20000, 4}, {1, 10, 20000, 0}, {8, 60, 2000000, 0},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct pm_load load = {.percent = rows[i].percent, .window_us = rows[i].window_us};
        assert_int_equal(pm_rest_adapt(rows[i].before, &load), rows[i].after);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(throughput_rests_and_goes_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(low_latency_never_rests_while_there_is_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_busy_loop_lets_streams_rest_but_no_answer_and_not_the_lowest, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_stream_to_many_rests_and_one_to_a_few_does_not, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_came_meanwhile_is_read_and_it_rests_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_write_ends_the_rest, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_that_is_lost_while_it_is_read_is_let_go, set_up, tear_down),
        cmocka_unit_test_setup_teardown(readers_that_are_full_keep_it_waiting_behind_its_rest, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_fast_line_rests_no_longer_than_its_driver_holds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_that_is_closed_while_it_rests_is_forgotten, set_up, tear_down),
        cmocka_unit_test(rest_follows_the_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
