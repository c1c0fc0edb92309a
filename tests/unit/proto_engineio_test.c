/* proto_engineio_test.c - Engine.IO packets and polling payloads of versions 3 and 4, as seen on the wire. */
#include "proto/engineio.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BYTES(s) s, sizeof(s) - 1

enum { MAX = 4 }; /* packets in a payload */

struct row {
    const char *what;
    int version;
    bool binary;
    const char *bytes;
    size_t n;
    int status;         /* 0, -EPROTO or -E2BIG */
    const char *expect; /* "<type>:<text>;" or "<type>#<hex>;" for each packet before that */
};

/* D07, D08 and D09 are rows of the hostile input matrix. */
static const struct row rows[] = {
    {"v4 text and binary", 4, false,
     BYTES("4hello\x1e"
           "bAQIDBA=="),
     0, "4:hello;4#01020304;"},
    {"v4 heartbeat", 4, false,
     BYTES("2\x1e"
           "3hello"),
     0, "2:;3:hello;"},
    {"v4 empty binary", 4, false, BYTES("b"), 0, "4#;"},
    {"v4 base64 without padding", 4, false, BYTES("bAQ"), 0, "4#01;"},
    {"D07 v4 empty", 4, false, BYTES(""), -EPROTO, ""},
    {"D07 v4 unknown type", 4, false, BYTES("9"), -EPROTO, ""},
    {"D07 v4 bad base64", 4, false,
     BYTES("4a\x1e"
           "b!!!"),
     -EPROTO, "4:a;"},
    {"D07 v4 five packets", 4, false,
     BYTES("6\x1e"
           "6\x1e"
           "6\x1e"
           "6\x1e"
           "6"),
     -E2BIG, "6:;6:;6:;6:;"},
    {"D09 v4 separator only", 4, false, BYTES("\x1e"), -EPROTO, ""},
    {"D09 v4 separator at the end", 4, false, BYTES("4a\x1e"), -EPROTO, "4:a;"},
    {"v4 not UTF-8", 4, false, BYTES("4\xff"), -EPROTO, ""},
    {"v3 text", 3, false, BYTES("6:4hello"), 0, "4:hello;"},
    {"v3 two bytes longer than its length", 3, false, BYTES("2:4\xe2\x82\xac"), 0, "4:\xe2\x82\xac;"},
    {"v3 emoji counts two", 3, false, BYTES("24:42[\"message-back\",\"\xe2\x82\xac\xf0\x9f\x98\x80\"]"), 0,
     "4:2[\"message-back\",\"\xe2\x82\xac\xf0\x9f\x98\x80\"];"},
    {"v3 base64", 3, false, BYTES("10:b4AQIDBA==1:3"), 0, "4#01020304;3:;"},
    {"v3 empty packet is skipped", 3, false, BYTES("0:1:2"), 0, "2:;"},
    {"D07 v3 short", 3, false, BYTES("5:4a"), -EPROTO, ""},
    {"D07 v3 long", 3, false, BYTES("1:4a"), -EPROTO, "4:;"},
    {"D07 v3 huge", 3, false, BYTES("999999999:4"), -EPROTO, ""},
    {"D07 v3 negative", 3, false, BYTES("-1:4"), -EPROTO, ""},
    {"D07 v3 eleven digits", 3, false, BYTES("00000000001:2"), -EPROTO, ""},
    {"D07 v3 no colon", 3, false, BYTES("1"), -EPROTO, ""},
    {"v3 length inside an emoji", 3, false, BYTES("2:4\xf0\x9f\x98\x80"), -EPROTO, ""},
    {"v3 base64 without its type", 3, false, BYTES("5:bAQID"), -EPROTO, ""},
    {"v3 binary payload", 3, true,
     BYTES("\0\5\xff"
           "4abcd\1\5\xff\4\1\2\3\4"),
     0, "4:abcd;4#01020304;"},
    {"D08 v3 binary length past the end", 3, true, BYTES("\1\6\xff\4\1\2\3\4"), -EPROTO, ""},
    {"D08 v3 binary digit 10", 3, true, BYTES("\1\x0a\xff\4"), -EPROTO, ""},
    {"D08 v3 binary no digits", 3, true, BYTES("\1\xff\4"), -EPROTO, ""},
    {"D08 v3 binary kind 2", 3, true, BYTES("\2\1\xff\4"), -EPROTO, ""},
    {"D08 v3 binary type 9", 3, true, BYTES("\1\1\xff\x09"), -EPROTO, ""},
    {"D08 v3 binary length 0", 3, true, BYTES("\1\0\xff"), -EPROTO, ""},
    {"D08 v3 binary no end of length", 3, true, BYTES("\0\1"), -EPROTO, ""},
    {"D08 v3 binary bad UTF-8", 3, true,
     BYTES("\0\2\xff"
           "4\xff"),
     -EPROTO, ""},
    {"D08 v3 eleven digits", 3, true,
     BYTES("\0\0\0\0\0\0\0\0\0\0\0\1\xff"
           "2"),
     -EPROTO, ""},
};

static void payloads_read_as_the_references_write_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        uint8_t *copy = malloc(row->n ? row->n : 1);
        assert_non_null(copy);
        memcpy(copy, row->bytes, row->n);
        struct pm_eio_payload r;
        struct pm_eio_packet p;
        char said[256] = "";
        size_t at = 0;
        int status;
        pm_eio_payload_init(&r, (enum pm_eio_version)row->version, row->binary, copy, row->n, MAX);
        while ((status = pm_eio_payload_next(&r, &p)) > 0) {
            at += (size_t)sprintf(said + at, "%d%c", p.type, p.binary ? '#' : ':');
            for (size_t b = 0; b < p.n; b++)
                at += (size_t)sprintf(said + at, p.binary ? "%02x" : "%c", p.data[b]);
            at += (size_t)sprintf(said + at, ";");
        }
        if (status != row->status || strcmp(said, row->expect) != 0)
            fail_msg("%s: %d, \"%s\"", row->what, status, said);
        free(copy);
    }
}

/* D07: a post may hold as many of them as fit, and none may take a piece of the stack. */
static void empty_packets_of_version_3_are_passed_over(void **state)
{
    (void)state;
    enum { SIZE = 1000000 };
    uint8_t *payload = malloc(SIZE + 3);
    assert_non_null(payload);
    for (size_t i = 0; i < SIZE; i += 2)
        memcpy(payload + i, "0:", 2);
    memcpy(payload + SIZE, "1:2", 3);
    struct pm_eio_payload r;
    struct pm_eio_packet p;
    pm_eio_payload_init(&r, PM_EIO_3, false, payload, SIZE + 3, UINT32_MAX);
    assert_int_equal(pm_eio_payload_next(&r, &p), 1);
    assert_int_equal(p.type, PM_EIO_PING);
    assert_int_equal(pm_eio_payload_next(&r, &p), 0);
    pm_eio_payload_init(&r, PM_EIO_3, false, payload, SIZE + 3, 1000);
    assert_int_equal(pm_eio_payload_next(&r, &p), -E2BIG);
    free(payload);
}

static const struct pm_eio_packet text = {PM_EIO_MESSAGE, false, (const uint8_t *)"\xe2\x82\xac\xf0\x9f\x98\x80", 7},
                                  bin = {PM_EIO_MESSAGE, true, (const uint8_t *)"\1\2\3\4", 4},
                                  pong = {PM_EIO_PONG, false, NULL, 0};

static void assert_written(enum pm_eio_version version, enum pm_eio_form form, const char *expected, size_t n)
{
    struct pm_bytes out = pm_bytes_empty(1000);
    assert_int_equal(pm_eio_payload_append(&out, version, form, &text), 0);
    assert_int_equal(pm_eio_payload_append(&out, version, form, &bin), 0);
    assert_int_equal(pm_eio_payload_append(&out, version, form, &pong), 0);
    assert_int_equal(out.n, n);
    assert_memory_equal(out.p, expected, n);
    pm_bytes_fini(&out);
}

static void payloads_are_written_byte_exact(void **state)
{
    (void)state;
    assert_written(PM_EIO_4, PM_EIO_FORM_TEXT,
                   BYTES("4\xe2\x82\xac\xf0\x9f\x98\x80\x1e"
                         "bAQIDBA==\x1e"
                         "3"));
    assert_written(PM_EIO_3, PM_EIO_FORM_TEXT,
                   BYTES("4:4\xe2\x82\xac\xf0\x9f\x98\x80"
                         "10:b4AQIDBA==1:3"));
    assert_written(PM_EIO_3, PM_EIO_FORM_BINARY,
                   BYTES("\0\x08\xff"
                         "4\xe2\x82\xac\xf0\x9f\x98\x80\1\5\xff\4\1\2\3\4\0\1\xff"
                         "3"));
}

static void full_payload_is_left_as_it_was(void **state)
{
    (void)state;
    struct pm_bytes out = pm_bytes_empty(40);
    assert_int_equal(pm_eio_payload_append(&out, PM_EIO_4, PM_EIO_FORM_TEXT, &text), 0);
    size_t n = out.n;
    assert_int_equal(pm_eio_payload_append(&out, PM_EIO_4, PM_EIO_FORM_TEXT,
                                           &(struct pm_eio_packet){PM_EIO_MESSAGE, true, out.p, 30}),
                     -ENOBUFS);
    assert_int_equal(out.n, n);
    pm_bytes_fini(&out);
}

static void frames_read_by_version(void **state)
{
    (void)state;
    struct pm_eio_packet p;
    uint8_t base4[] = "bAQID", base3[] = "b4AQID", bare[] = "\1\2", typed[] = "\4\1\2", probe[] = "2probe";
    assert_int_equal(pm_eio_read_text(PM_EIO_4, base4, 5, &p), 0);
    assert_true(p.binary && p.n == 3 && memcmp(p.data, "\1\2\3", 3) == 0);
    assert_int_equal(pm_eio_read_text(PM_EIO_3, base3, 6, &p), 0);
    assert_true(p.binary && p.n == 3 && memcmp(p.data, "\1\2\3", 3) == 0);
    assert_int_equal(pm_eio_read_binary(PM_EIO_4, bare, 2, &p), 0);
    assert_int_equal(p.n, 2);
    assert_int_equal(pm_eio_read_binary(PM_EIO_3, typed, 3, &p), 0);
    assert_int_equal(p.n, 2);
    assert_int_equal(pm_eio_read_binary(PM_EIO_3, bare, 2, &p), -EPROTO);
    assert_int_equal(pm_eio_read_binary(PM_EIO_3, bare, 0, &p), -EPROTO);
    assert_int_equal(pm_eio_read_binary(PM_EIO_4, bare, 0, &p), 0);
    assert_int_equal(pm_eio_read_text(PM_EIO_4, probe, 6, &p), 0);
    assert_int_equal(p.type, PM_EIO_PING);
    assert_int_equal(p.n, 5);
    assert_int_equal(pm_eio_read_text(PM_EIO_4, probe, 0, &p), -EPROTO);
}

static void handshake_has_exactly_five_keys(void **state)
{
    (void)state;
    char out[PM_EIO_HANDSHAKE_MAX];
    struct pm_eio_handshake h = {"7POGOIQWjmqbMcfAAAAA", 20, true, 25000, 20000, 1000000};
    static const char polling[] =
        "{\"sid\":\"7POGOIQWjmqbMcfAAAAA\",\"upgrades\":[\"websocket\"],\"pingInterval\":25000,"
        "\"pingTimeout\":20000,\"maxPayload\":1000000}";
    size_t n = pm_eio_handshake_write(&h, out);
    assert_int_equal(n, sizeof(polling) - 1);
    assert_memory_equal(out, polling, n);
    h.can_upgrade = false;
    n = pm_eio_handshake_write(&h, out);
    assert_non_null(memmem(out, n, "\"upgrades\":[],", 14));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(payloads_read_as_the_references_write_them),
        cmocka_unit_test(empty_packets_of_version_3_are_passed_over),
        cmocka_unit_test(payloads_are_written_byte_exact),
        cmocka_unit_test(full_payload_is_left_as_it_was),
        cmocka_unit_test(frames_read_by_version),
        cmocka_unit_test(handshake_has_exactly_five_keys),
    };
    return cmocka_run_group_tests_name("proto/engineio", tests, NULL, NULL);
}
