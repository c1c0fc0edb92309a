/* proto_websocket_test.c - the WebSocket reader and writer: every row whole, and cut at every byte. */
#include "proto/websocket.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct row {
    const char *what;
    const char *bytes;
    size_t n;
    unsigned status;    /* 0, or the status the reader must fail with */
    const char *expect; /* "t:" text, "b:" binary, "P:"/"O:" ping and pong, "C<code>:" close; each ends in ";" */
};

#define BYTES(s) s, sizeof(s) - 1
#define Z        "\0\0\0\0" /* a mask of zeros */

/* Numbers such as C05 are rows of the hostile input matrix. */
static const struct row rows[] = {
    {"text", BYTES("\x81\x82" Z "hi"), 0, "t:hi;"},
    {"masked", BYTES("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"), 0, "t:Hello;"}, /* RFC 6455 5.7 */
    {"empty text", BYTES("\x81\x80" Z), 0, "t:;"},
    {"fragments with a ping between", BYTES("\x01\x82" Z "ab\x89\x81" Z "x\x80\x81" Z "c"), 0, "P:x;t:abc;"},
    {"two messages", BYTES("\x82\x81" Z "a\x82\x81" Z "b"), 0, "b:a;b:b;"},
    {"close with code", BYTES("\x88\x84" Z "\x03\xe8ok"), 0, "C1000:ok;"},
    {"close without code", BYTES("\x88\x80" Z), 0, "C1005:;"},
    {"pong", BYTES("\x8a\x80" Z), 0, "O:;"},
    {"C05 unmasked", BYTES("\x81\x02hi"), 1002, ""},
    {"C06 RSV1", BYTES("\xc1\x80" Z), 1002, ""},
    {"C06 opcode 3", BYTES("\x83\x80" Z), 1002, ""},
    {"C06 opcode 11", BYTES("\x8b\x80" Z), 1002, ""},
    {"C07 fragmented ping", BYTES("\x09\x80" Z), 1002, ""},
    {"C07 ping of 126", BYTES("\x89\xfe\x00\x7e" Z), 1002, ""},
    {"C08 stray continuation", BYTES("\x80\x80" Z), 1002, ""},
    {"C08 start inside a message", BYTES("\x01\x80" Z "\x81\x80" Z), 1002, ""},
    {"C09 2^63", BYTES("\x82\xff\x80\0\0\0\0\0\0\0" Z), 1009, ""},
    {"C09 1 TiB", BYTES("\x82\xff\0\0\x01\0\0\0\0\0" Z), 1009, ""},
    {"C09 non-minimal 16 bit", BYTES("\x82\xfe\x00\x7d" Z), 1002, ""},
    {"C09 non-minimal 64 bit", BYTES("\x82\xff\0\0\0\0\0\0\xff\xff" Z), 1002, ""},
    {"C11 one fragment too many", BYTES("\x01\x80" Z "\x00\x80" Z "\x00\x80" Z "\x00\x80" Z "\x80\x80" Z), 1008, ""},
    {"C12 bad UTF-8", BYTES("\x81\x81" Z "\xff"), 1007, ""},
    {"C12 surrogate", BYTES("\x81\x83" Z "\xed\xa0\x80"), 1007, ""},
    {"C12 cut inside a character", BYTES("\x81\x82" Z "\xe2\x82"), 1007, ""},
    {"C12 character over two fragments", BYTES("\x01\x82" Z "\xe2\x82\x80\x81" Z "\xac"), 0, "t:\xe2\x82\xac;"},
    {"C15 close of one byte", BYTES("\x88\x81" Z "\x03"), 1002, ""},
    {"C15 close 1005", BYTES("\x88\x82" Z "\x03\xed"), 1002, ""},
    {"C15 close 999", BYTES("\x88\x82" Z "\x03\xe7"), 1002, ""},
    {"C15 close reason not UTF-8", BYTES("\x88\x83" Z "\x03\xe8\xff"), 1007, ""},
};

static const struct pm_ws_limits limits = {.message = 200, .fragments = 4};

/* Feed a stream in pieces cut at `cut`; write what the reader said into `said`. Returns the failing status or 0. */
static unsigned replay(const char *bytes, size_t n, size_t cut, char *said, size_t room)
{
    struct pm_ws_reader r;
    pm_ws_reader_init(&r, PM_WS_SERVER, limits);
    size_t used_text = 0;
    bool in_message = false;
    said[0] = 0;
    for (size_t at = 0; at < n;) {
        size_t piece = at < cut ? cut - at : n - at;
        uint8_t *copy = malloc(piece); /* of exactly that size, so that ASan sees one byte too far */
        assert_non_null(copy);
        memcpy(copy, bytes + at, piece);
        for (size_t used = 0;;) {
            struct pm_ws_event ev;
            ssize_t took = pm_ws_read(&r, copy + used, piece - used, &ev);
            if (took < 0) {
                assert_int_equal(took, -EPROTO);
                free(copy);
                return r.fail_status;
            }
            used += (size_t)took;
            if (ev.type == PM_WS_NOTHING) {
                assert_int_equal(used, piece);
                break;
            }
            char head[16] = "";
            if (ev.type == PM_WS_CONTROL && ev.opcode == PM_WS_CLOSE)
                snprintf(head, sizeof(head), "C%u:", ev.status);
            else if (ev.type == PM_WS_CONTROL)
                snprintf(head, sizeof(head), "%c:", ev.opcode == PM_WS_PING ? 'P' : 'O');
            else if (!in_message)
                snprintf(head, sizeof(head), "%c:", ev.opcode == PM_WS_TEXT ? 't' : 'b');
            size_t skip = ev.type == PM_WS_CONTROL && ev.opcode == PM_WS_CLOSE && ev.n >= 2 ? 2 : 0;
            if (ev.type == PM_WS_CONTROL && in_message) {
                /* a control frame inside a message is told before it: keep the table readable */
                char kept[256];
                snprintf(kept, sizeof(kept), "%s", said);
                used_text = (size_t)snprintf(said, room, "%s%.*s;%s", head, (int)(ev.n - skip),
                                             (const char *)ev.data + skip, kept);
                continue;
            }
            used_text += (size_t)snprintf(said + used_text, room - used_text, "%s%.*s%s", head, (int)(ev.n - skip),
                                          (const char *)ev.data + skip, ev.last ? ";" : "");
            if (ev.type == PM_WS_DATA)
                in_message = !ev.last;
        }
        free(copy);
        at += piece;
    }
    return 0;
}

static void reader_says_the_same_however_it_is_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        for (size_t cut = 0; cut < row->n; cut++) {
            char said[512];
            unsigned status = replay(row->bytes, row->n, cut, said, sizeof(said));
            if (status != row->status || (status == 0 && strcmp(said, row->expect) != 0))
                fail_msg("%s, cut at %zu: status %u, said \"%s\"", row->what, cut, status, said);
        }
    }
}

/* C10: the limit itself is allowed, one more is refused on the header alone. */
static void message_limit_is_exact(void **state)
{
    (void)state;
    for (unsigned n = 199; n <= 201; n++) {
        uint8_t stream[8 + 201] = {0x82, 0xfe, 0, (uint8_t)n};
        struct pm_ws_reader r;
        struct pm_ws_event ev;
        pm_ws_reader_init(&r, PM_WS_SERVER, limits);
        ssize_t took = pm_ws_read(&r, stream, n > 200 ? 8 : 8 + n, &ev);
        if (n > 200) {
            assert_int_equal(took, -EPROTO);
            assert_int_equal(r.fail_status, PM_WS_TOO_BIG);
        } else {
            assert_int_equal(took, 8 + n);
            assert_true(ev.last);
            assert_int_equal(ev.n, n);
        }
    }
}

/* C10: fragments add up. */
static void fragments_add_up_to_the_limit(void **state)
{
    (void)state;
    struct pm_ws_reader r;
    struct pm_ws_event ev;
    pm_ws_reader_init(&r, PM_WS_SERVER, limits);
    uint8_t first[8 + 150] = {0x02, 0xfe, 0, 150};
    assert_int_equal(pm_ws_read(&r, first, sizeof(first), &ev), sizeof(first));
    uint8_t second[6] = {0x80, 0x80 | 51};
    assert_int_equal(pm_ws_read(&r, second, sizeof(second), &ev), -EPROTO);
    assert_int_equal(r.fail_status, PM_WS_TOO_BIG);
}

static void client_role_takes_unmasked_frames_only(void **state)
{
    (void)state;
    struct pm_ws_reader r;
    struct pm_ws_event ev;
    pm_ws_reader_init(&r, PM_WS_CLIENT, limits);
    uint8_t plain[] = {0x81, 2, 'h', 'i'};
    assert_int_equal(pm_ws_read(&r, plain, sizeof(plain), &ev), sizeof(plain));
    assert_memory_equal(ev.data, "hi", 2);
    uint8_t masked[] = {0x81, 0x80, 0, 0, 0, 0};
    assert_int_equal(pm_ws_read(&r, masked, sizeof(masked), &ev), -EPROTO);
    assert_int_equal(r.fail_status, PM_WS_PROTOCOL_ERROR);
}

static void frame_heads_use_the_shortest_form(void **state)
{
    (void)state;
    uint8_t out[PM_WS_HEAD_MAX];
    assert_int_equal(pm_ws_frame_head(out, PM_WS_TEXT, false, 125), 2);
    assert_memory_equal(out, "\x81\x7d", 2);
    assert_int_equal(pm_ws_frame_head(out, PM_WS_BINARY, false, 126), 4);
    assert_memory_equal(out, "\x82\x7e\x00\x7e", 4);
    assert_int_equal(pm_ws_frame_head(out, PM_WS_BINARY, true, 65535), 4);
    assert_memory_equal(out, "\xc2\x7e\xff\xff", 4);
    assert_int_equal(pm_ws_frame_head(out, PM_WS_TEXT, false, 65536), 10);
    assert_memory_equal(out, "\x81\x7f\0\0\0\0\0\x01\0\0", 10);
}

static void accept_key_as_in_the_rfc(void **state)
{
    (void)state;
    char accept[PM_WS_ACCEPT_LENGTH];
    assert_true(pm_ws_accept("dGhlIHNhbXBsZSBub25jZQ==", 24, accept));
    assert_memory_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", PM_WS_ACCEPT_LENGTH);
    /* 4.1 writes a key whose last character has bits that belong to no byte. */
    assert_true(pm_ws_accept("AQIDBAUGBwgJCgsMDQ4PEC==", 24, accept));
    assert_memory_equal(accept, "OfS0wDaT5NoxF2gqm7Zj2YtetzM=", PM_WS_ACCEPT_LENGTH);
    assert_false(pm_ws_accept("AQIDBAUGBwgJCgsMDQ4P-C==", 24, accept));
    assert_false(pm_ws_accept("AQIDBAUGBwgJCgsMDQ4P=C==", 24, accept));
    assert_false(pm_ws_accept("AQIDBAUGBwgJCgsMDQ4PECC=", 24, accept)); /* 17 bytes */
    assert_false(pm_ws_accept("dGhlIHNhbXBsZSBub25jZQ=", 23, accept));  /* C01 */
    assert_false(pm_ws_accept("dGhlIHNhbXBsZSBub25jZQQQ", 24, accept)); /* 18 bytes */
    assert_false(pm_ws_accept("", 0, accept));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reader_says_the_same_however_it_is_cut),
        cmocka_unit_test(message_limit_is_exact),
        cmocka_unit_test(fragments_add_up_to_the_limit),
        cmocka_unit_test(client_role_takes_unmasked_frames_only),
        cmocka_unit_test(frame_heads_use_the_shortest_form),
        cmocka_unit_test(accept_key_as_in_the_rfc),
    };
    return cmocka_run_group_tests_name("proto/websocket", tests, NULL, NULL);
}
