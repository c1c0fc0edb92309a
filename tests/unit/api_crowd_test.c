/* api_crowd_test.c - of many who read a device, those who ask get its answers before all who look on. */
#include "api/api.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { ONLOOKERS = 40, ROOM = 4096 };

struct bench;

struct reader {
    struct pm_api_client client; /* first */
    struct bench *bench;
    unsigned events;
    bool ended;
    size_t n;
    uint8_t bytes[ROOM];
};

struct bench {
    struct pm_loop loop;
    struct pm_api *api;
    struct reader onlookers[ONLOOKERS], asker;
    unsigned answers, asked, wanted;
    bool asks_again;             /* as soon as an answer is there */
    struct pm_turn first_answer; /* what is done right behind it */
    bool closed;
};

static const struct pm_who us = {.kind = PM_WHO_PERSON};

static void on_answer(struct pm_api_request *r, const json_t *answer, const char *legacy_event, const json_t *legacy,
                      enum pm_error error)
{
    (void)legacy_event, (void)legacy, (void)error;
    if (!json_is_true(json_object_get(answer, "ok")))
        fail_msg("%s", json_string_value(json_object_get(json_object_get(answer, "error"), "message")));
    free(r);
}

static void ask_as(struct bench *b, struct reader *who, const char *event, json_t *data)
{
    struct pm_api_request *r = calloc(1, sizeof(*r));
    assert_non_null(r);
    assert_non_null(data);
    r->client = &who->client;
    r->who = &us;
    r->on_answer = on_answer;
    pm_api_run(b->api, r, event, data, NULL, 0);
    json_decref(data);
}

static void ask_device(struct bench *b)
{
    char text[16];
    snprintf(text, sizeof(text), "%04u", b->asked++);
    ask_as(b, &b->asker, "send-raw", json_pack("{s:s, s:s}", "name", "echo", "payload", text));
}

static int on_rx(struct pm_api_client *c, const struct pm_connection *from, uint64_t offset, const uint8_t *p, size_t n)
{
    struct reader *r = (struct reader *)c;
    struct bench *b = r->bench;
    (void)from;
    assert_int_equal(offset, r->n); /* nothing is missing, doubled or out of its place */
    assert_true(r->n + n <= ROOM);
    assert_false(b->closed); /* the end of a connection is told behind its last byte */
    memcpy(r->bytes + r->n, p, n);
    r->n += n;
    r->events++;
    if (r == &b->asker && r->events == 1)
        pm_turn_ask(&b->first_answer, &b->loop);
    if (r == &b->asker && b->asks_again && b->asked < b->wanted)
        ask_device(b);
    for (unsigned i = 0; i < ONLOOKERS; i++) {
        if (b->onlookers[i].n < (size_t)4 * b->wanted)
            return 0;
    }
    if (b->asker.n == (size_t)4 * b->wanted)
        pm_loop_stop(&b->loop);
    return 0;
}

static void on_event(struct pm_api_client *c, const char *event, const json_t *data, uint64_t number)
{
    struct bench *b = ((struct reader *)c)->bench;
    (void)data, (void)number;
    if (strcmp(event, "connection-closed") == 0)
        b->closed = true;
}

static void on_end(struct pm_api_client *c, const struct pm_connection *from, uint64_t cursor)
{
    struct reader *r = (struct reader *)c;
    (void)from;
    assert_int_equal(cursor, r->n);
    r->ended = true;
}

static bool has_room(struct pm_api_client *c)
{
    (void)c;
    return true;
}

static void set_paused(struct pm_api_client *c, bool paused)
{
    (void)c, (void)paused;
}

static const struct pm_api_client_ops ops = {
    .on_event = on_event, .on_rx = on_rx, .on_end = on_end, .has_room = has_room, .set_paused = set_paused};

static void join(struct bench *b, struct reader *r)
{
    *r = (struct reader){.client = {.ops = &ops, .who = &us}, .bench = b};
    assert_int_equal(pm_api_join(b->api, &r->client), 0);
}

/* Who asks came last, so that it is not their order that serves it first. */
static int set_up(void **state)
{
    static struct bench b;
    static const struct pm_devices_options options = {.demo = true};
    memset(&b, 0, sizeof(b));
    assert_int_equal(pm_loop_init(&b.loop), 0);
    assert_int_equal(pm_api_new(&b.loop, &options, NULL, &b.api), 0);
    for (unsigned i = 0; i < ONLOOKERS; i++)
        join(&b, &b.onlookers[i]);
    join(&b, &b.asker);
    ask_as(&b, &b.asker, "activate-connection", json_pack("{s:s, s:s}", "name", "echo", "address", "virtual:echo"));
    *state = &b;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *b = *state;
    for (unsigned i = 0; i < ONLOOKERS; i++)
        pm_api_leave(&b->onlookers[i].client);
    pm_api_leave(&b->asker.client);
    pm_api_free(b->api);
    pm_loop_fini(&b->loop);
    return 0;
}

static void check_all(const struct bench *b)
{
    assert_int_equal(b->asker.n, 4 * b->wanted);
    for (unsigned i = 0; i < b->wanted; i++) {
        char text[16];
        snprintf(text, sizeof(text), "%04u", i);
        assert_memory_equal(b->asker.bytes + (size_t)4 * i, text, 4);
    }
    for (unsigned i = 0; i < ONLOOKERS; i++) {
        assert_int_equal(b->onlookers[i].n, b->asker.n);
        assert_memory_equal(b->onlookers[i].bytes, b->asker.bytes, b->asker.n);
    }
}

static void nobody_else_has_it(struct pm_turn *t)
{
    const struct bench *b = pm_container(t, struct bench, first_answer);
    for (unsigned i = 0; i < ONLOOKERS; i++)
        assert_int_equal(b->onlookers[i].n, 0);
}

static void onlookers_get_the_same_in_fewer_pieces(void **state)
{
    struct bench *b = *state;
    b->wanted = 500;
    b->asks_again = true;
    pm_turn_init(&b->first_answer, nobody_else_has_it);
    ask_device(b);
    pm_loop_run(&b->loop);
    check_all(b);
    assert_int_equal(b->asker.events, b->wanted);
    for (unsigned i = 0; i < ONLOOKERS; i++)
        assert_true(b->onlookers[i].events < b->wanted);
}

static void end_it(struct pm_turn *t)
{
    struct bench *b = pm_container(t, struct bench, first_answer);
    nobody_else_has_it(t);
    ask_as(b, &b->asker, "deactivate-connection", json_pack("{s:s}", "name", "echo"));
}

static void no_byte_comes_behind_the_end(void **state)
{
    struct bench *b = *state;
    b->wanted = 1;
    pm_turn_init(&b->first_answer, end_it);
    ask_device(b);
    while (!b->closed)
        uv_run(&b->loop.uv, UV_RUN_ONCE);
    check_all(b);
    for (unsigned i = 0; i < ONLOOKERS; i++)
        assert_true(b->onlookers[i].ended);
}

/* Its place is the newest byte then, for what waited came before the answer. */
static void one_asks(struct pm_turn *t)
{
    struct bench *b = pm_container(t, struct bench, first_answer);
    struct reader *one = &b->onlookers[3];
    nobody_else_has_it(t);
    ask_as(b, one, "discard", json_pack("{s:s, s:s}", "name", "echo", "which", "input"));
    assert_int_equal(one->n, 4);
    assert_int_equal(b->onlookers[2].n, 0);
}

static void who_asks_has_its_bytes_before_the_answer(void **state)
{
    struct bench *b = *state;
    b->wanted = 1;
    pm_turn_init(&b->first_answer, one_asks);
    ask_device(b);
    pm_loop_run(&b->loop);
    check_all(b);
}

static void one_leaves(struct pm_turn *t)
{
    struct bench *b = pm_container(t, struct bench, first_answer);
    struct reader *one = &b->onlookers[3];
    nobody_else_has_it(t);
    pm_api_leave(&one->client);
    join(b, one); /* reads from the newest byte on */
    one->n = 4;
    memcpy(one->bytes, "0000", 4);
    ask_device(b);
}

static void who_leaves_while_it_waits_is_forgotten(void **state)
{
    struct bench *b = *state;
    b->wanted = 2;
    pm_turn_init(&b->first_answer, one_leaves);
    ask_device(b);
    pm_loop_run(&b->loop);
    check_all(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(onlookers_get_the_same_in_fewer_pieces, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_byte_comes_behind_the_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_asks_has_its_bytes_before_the_answer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_leaves_while_it_waits_is_forgotten, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
