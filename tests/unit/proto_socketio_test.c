/* proto_socketio_test.c - Socket.IO packets in and out. E03 to E09 are rows of the hostile input matrix. */
#include "proto/socketio.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct pm_sio_limits limits = {
    .attachments = 10, .json = {.depth = 32, .members = 100}, .name_space = 64, .event_name = 32};

struct row {
    const char *text;
    int status;
    const char *expect; /* "<type><b count>|<namespace>|<query>|<id>|<event>|<args or data>" */
};

#define PLACE(n) "{\"_placeholder\":true,\"num\":" #n "}"

static const struct row rows[] = {
    {"0", 0, "0|/||-1||"},
    {"0{\"token\":\"123\"}", 0, "0|/||-1||{\"token\":\"123\"}"},
    {"0/custom,{\"a\":1}", 0, "0|/custom||-1||{\"a\":1}"},
    {"0/custom", 0, "0|/custom||-1||"}, /* E09: the comma may be missing */
    {"0/custom?token=abc,", 0, "0|/custom|token=abc|-1||"},
    {"0[1]", -EINVAL, ""}, /* E02 */
    {"0\"x\"", -EINVAL, ""},
    {"0{", -EINVAL, ""},
    {"012", -EINVAL, ""},
    {"1", 0, "1|/||-1||"},
    {"1/custom,", 0, "1|/custom||-1||"},
    {"1{}", -EPROTO, ""},
    {"2[\"m\",1,\"2\",{\"3\":[true]}]", 0, "2|/||-1|m|1,\"2\",{\"3\":[true]}"},
    {"2[\"m\"]", 0, "2|/||-1|m|"},
    {"2[ \"m\" , 1 ]", 0, "2|/||-1|m|1 "},
    {"212[\"m\",\"x\"]", 0, "2|/||12|m|\"x\""},
    {"2/custom,5[\"m\"]", 0, "2|/custom||5|m|"},
    {"20[\"\\u006d\"]", 0, "2|/||0|m|"},
    {"312[\"x\"]", 0, "3|/||12||\"x\""},
    {"312", 0, "3|/||12||"},
    {"3[]", 0, "3|/||-1||"},
    {"4{}", -EPROTO, ""}, /* E03: only servers send it */
    {"4", -EPROTO, ""},
    {"7", -EPROTO, ""},
    {"abc", -EPROTO, ""},
    {"", -EPROTO, ""},
    {"2", -EPROTO, ""},
    {"2[]", -EPROTO, ""}, /* E04 */
    {"2{}", -EPROTO, ""},
    {"2\"x\"", -EPROTO, ""},
    {"2[1]", -EPROTO, ""},
    {"2[null]", -EPROTO, ""},
    {"2[{\"toString\":\"x\"}]", -EPROTO, ""},
    {"2[\"connect\"]", -EPROTO, ""},
    {"2[\"disconnecting\"]", -EPROTO, ""},
    {"2[\"removeListener\"]", -EPROTO, ""},
    {"2[\"a\",]", -EPROTO, ""},
    {"2[\"a\"]x", -EPROTO, ""},
    {"2[\"012345678901234567890123456789012\"]", -E2BIG, ""},
    {"2abc[\"m\"]", -EPROTO, ""}, /* E05 */
    {"2-1[\"m\"]", -EPROTO, ""},
    {"21.5[\"m\"]", -EPROTO, ""},
    {"2007[\"m\"]", -EPROTO, ""},
    {"2999999999999999[\"m\"]", 0, "2|/||999999999999999|m|"},
    {"21000000000000000[\"m\"]", -EPROTO, ""},
    {"3{}", -EPROTO, ""},
    {"52-[\"m\"," PLACE(0) "," PLACE(1) "]", 0, "2b2|/||-1|m|" PLACE(0) "," PLACE(1)},
    {"51-[\"m\",{\"a\":[{\"num\":0,\"_placeholder\":true}]}]", 0,
     "2b1|/||-1|m|{\"a\":[{\"num\":0,\"_placeholder\":true}]}"},
    {"51-[\"m\",{\"_placeholder\":true,\"a\":[" PLACE(0) "," PLACE(7) "],\"num\":0}]", 0, /* nothing in one counts */
     "2b1|/||-1|m|{\"_placeholder\":true,\"a\":[" PLACE(0) "," PLACE(7) "],\"num\":0}"},
    {"51-[\"m\",{\"num\":" PLACE(0) ",\"_placeholder\":1}]", 0,
     "2b1|/||-1|m|{\"num\":" PLACE(0) ",\"_placeholder\":1}"},
    {"51-[\"m\",{\"num\":5,\"_placeholder\":false,\"num\":0,\"_placeholder\":true}]", 0, /* the last of two */
     "2b1|/||-1|m|{\"num\":5,\"_placeholder\":false,\"num\":0,\"_placeholder\":true}"},
    {"51-[\"a\\\"b\\\\\"," PLACE(0) "]", 0, "2b1|/||-1|a\"b\\|" PLACE(0)},
    {"51-/custom,7[\"m\"," PLACE(0) "]", 0, "2b1|/custom||7|m|" PLACE(0)},
    {"61-7[" PLACE(0) "]", 0, "3b1|/||7||" PLACE(0)},
    {"50-[\"m\"]", 0, "2b0|/||-1|m|"},
    {"2[\"m\"," PLACE(5) "]", 0, "2|/||-1|m|" PLACE(5)}, /* ordinary data in an event without attachments */
    {"511-[\"m\"]", -E2BIG, ""},                         /* E06 */
    {"5999999999-[\"m\"]", -EPROTO, ""},
    {"5-1-[\"m\"]", -EPROTO, ""},
    {"5-[\"m\"]", -EPROTO, ""},
    {"5a-[\"m\"]", -EPROTO, ""},
    {"51.5-[\"m\"]", -EPROTO, ""},
    {"51-", -EPROTO, ""},
    {"61-7", -EPROTO, ""},
    {"51-[\"m\"," PLACE(1) "]", -EPROTO, ""}, /* E07 */
    {"51-[\"m\"," PLACE(-1) "]", -EPROTO, ""},
    {"51-[\"m\",{\"_placeholder\":true,\"num\":\"0\"}]", -EPROTO, ""},
    {"51-[\"m\",{\"_placeholder\":true}]", -EPROTO, ""},
    {"51-[\"m\",{\"_placeholder\":true,\"num\":" PLACE(0) "}]", -EPROTO, ""},
    {"51-[\"m\",[" PLACE(1) "," PLACE(0) "]]", -EPROTO, ""},
    {"51-[\"m\"," PLACE(0.5) "]", -EPROTO, ""},
    {"51-[\"m\"," PLACE(1e18) "]", -EPROTO, ""},
    {"51-[\"m\"," PLACE(0) "," PLACE(0) "]", -EPROTO, ""},
    {"51-[\"m\"]", -EPROTO, ""}, /* E08 */
};

static void describe(const struct pm_sio_packet *p, char *out, size_t room)
{
    char count[16] = "";
    if (p->binary)
        snprintf(count, sizeof(count), "b%u", p->attachments);
    const char *data = p->args ? p->args : p->has_data ? p->data.p : "";
    size_t data_n = p->args ? p->args_n : p->has_data ? p->data.n : 0;
    snprintf(out, room, "%d%s|%.*s|%.*s|%lld|%.*s|%.*s", p->type, count, (int)p->name_space_n, p->name_space,
             (int)p->query_n, p->query ? p->query : "", (long long)p->id, (int)p->event_n, p->event, (int)data_n, data);
}

static void packets_mean_what_the_protocol_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        size_t n = strlen(row->text);
        char *copy = malloc(n ? n : 1), said[256] = "";
        assert_non_null(copy);
        memcpy(copy, row->text, n);
        struct pm_sio_packet p;
        int r = pm_sio_read(copy, n, &limits, &p);
        if (r == 0)
            describe(&p, said, sizeof(said));
        if (r != row->status || strcmp(said, row->expect) != 0)
            fail_msg("%s: %d, \"%s\"", row->text, r, said);
        free(copy);
    }
}

/* A packet that is cut short is refused or means less, and never reads behind its end. */
static void every_prefix_is_safe(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (size_t n = 0; n < strlen(rows[i].text); n++) {
            char *copy = malloc(n ? n : 1);
            assert_non_null(copy);
            memcpy(copy, rows[i].text, n);
            struct pm_sio_packet p;
            int r = pm_sio_read(copy, n, &limits, &p);
            assert_true(r <= 0);
            if (r == 0)
                assert_true(p.args_n <= n && p.name_space_n >= 1);
            free(copy);
        }
    }
}

/* E09: 64 bytes of namespace are allowed here, 65 are not. */
static void namespace_limit_is_exact(void **state)
{
    (void)state;
    for (size_t n = 63; n <= 65; n++) {
        char text[80] = "0/";
        struct pm_sio_packet p;
        memset(text + 2, 'n', n - 1);
        text[n + 1] = ',';
        assert_int_equal(pm_sio_read(text, n + 2, &limits, &p), n > 64 ? -E2BIG : 0);
    }
}

static void heads_are_written_byte_exact(void **state)
{
    (void)state;
    static const struct {
        enum pm_sio_type type;
        unsigned attachments;
        const char *name_space;
        int64_t id;
        const char *expect;
    } heads[] = {
        {PM_SIO_CONNECT, 0, "/", -1, "0"},
        {PM_SIO_CONNECT, 0, "/custom", -1, "0/custom,"},
        {PM_SIO_EVENT, 0, "/", -1, "2"},
        {PM_SIO_EVENT, 2, "/", -1, "52-"},
        {PM_SIO_ACK, 1, "/", 7, "61-7"},
        {PM_SIO_ACK, 0, "/custom", 5, "3/custom,5"},
        {PM_SIO_CONNECT_ERROR, 0, "/x", -1, "4/x,"},
        {PM_SIO_EVENT, 10, "/n", 123456, "510-/n,123456"},
    };
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        char out[PM_SIO_HEAD_MAX + 16];
        size_t n = pm_sio_write_head(out, heads[i].type, heads[i].attachments, heads[i].name_space,
                                     strlen(heads[i].name_space), heads[i].id);
        assert_int_equal(n, strlen(heads[i].expect));
        assert_memory_equal(out, heads[i].expect, n);
    }
}

static void queries_become_json(void **state)
{
    (void)state;
    static const struct {
        const char *query, *json;
    } queries[] = {
        {"", "{}"},
        {"token=abc", "{\"token\":\"abc\"}"},
        {"a=1&b=x%20y&c&d=%22", "{\"a\":\"1\",\"b\":\"x y\",\"c\":\"\",\"d\":\"\\\"\"}"},
        {"&&a=%zz&=x", "{\"a\":\"%zz\"}"},
        {"a=%ff", "{\"a\":\"\"}"},
    };
    for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
        char out[128];
        ssize_t n = pm_sio_query_to_json(queries[i].query, strlen(queries[i].query), out, sizeof(out));
        assert_int_equal(n, strlen(queries[i].json));
        assert_memory_equal(out, queries[i].json, (size_t)n);
    }
    char small[16];
    assert_int_equal(pm_sio_query_to_json("abc=defghijkl", 13, small, sizeof(small)), -ENOBUFS);
}

static void reserved_names(void **state)
{
    (void)state;
    assert_true(pm_sio_is_reserved("connect_error", 13));
    assert_false(pm_sio_is_reserved("ping", 4));
    assert_true(pm_sio_is_reserved_for_server("ping", 4));
    assert_true(pm_sio_is_reserved_for_server("reconnect_attempt", 17));
    assert_true(pm_sio_is_reserved_for_server("connect", 7));
    assert_false(pm_sio_is_reserved_for_server("pump", 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_mean_what_the_protocol_says),
        cmocka_unit_test(every_prefix_is_safe),
        cmocka_unit_test(namespace_limit_is_exact),
        cmocka_unit_test(heads_are_written_byte_exact),
        cmocka_unit_test(queries_become_json),
        cmocka_unit_test(reserved_names),
    };
    return cmocka_run_group_tests_name("proto/socketio", tests, NULL, NULL);
}
