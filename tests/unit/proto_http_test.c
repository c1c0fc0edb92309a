/* proto_http_test.c - request heads and bodies: every row whole, and cut at every byte. A08 and the like are rows of
 * the hostile input matrix. */
#include "proto/http.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define GET  "GET / HTTP/1.1\r\n"
#define POST "POST / HTTP/1.1\r\n"
#define HOST "Host: localhost:3000\r\n"

static const struct pm_http_limits limits = {.head = 400, .fields = 8, .target = 64, .body = 100};

struct row {
    const char *what;
    const char *bytes;
    size_t n;
    unsigned status;    /* 0, or that of the refusal */
    const char *expect; /* body, then "." if complete; or the refusal's code */
};

#define BYTES(s) s, sizeof(s) - 1

static const struct row rows[] = {
    {"get", BYTES(GET HOST "\r\n"), 0, "."},
    {"length", BYTES(POST HOST "Content-Length: 5\r\n\r\nhello"), 0, "hello."},
    {"length 0", BYTES(POST HOST "Content-Length: 0\r\n\r\n"), 0, "."},
    {"incomplete body", BYTES(POST HOST "Content-Length: 5\r\n\r\nhel"), 0, "hel"},
    {"chunks", BYTES(POST HOST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n02;x=y\r\nde\r\n0\r\nT: x\r\n\r\n"), 0,
     "abcde."},
    {"one empty line before", BYTES("\r\n" GET HOST "\r\n"), 0, "."},
    {"A12 two equal lengths", BYTES(POST HOST "Content-Length: 10\r\nContent-Length: 10\r\n\r\n"), 400, "bad-framing"},
    {"A12 two lengths", BYTES(POST HOST "Content-Length: 10\r\nContent-Length: 11\r\n\r\n"), 400, "bad-framing"},
    {"A13 both", BYTES(POST HOST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), 400,
     "bad-framing"},
    {"A14 negative", BYTES(POST HOST "Content-Length: -1\r\n\r\n"), 400, "bad-framing"},
    {"A14 signed", BYTES(POST HOST "Content-Length: +5\r\n\r\n"), 400, "bad-framing"},
    {"A14 hexadecimal", BYTES(POST HOST "Content-Length: 0x10\r\n\r\n"), 400, "bad-framing"},
    {"A14 list", BYTES(POST HOST "Content-Length: 5,5\r\n\r\n"), 400, "bad-framing"},
    {"A14 2^64", BYTES(POST HOST "Content-Length: 18446744073709551616\r\n\r\n"), 400, "bad-framing"},
    {"A14 empty", BYTES(POST HOST "Content-Length:\r\n\r\n"), 400, "bad-framing"},
    {"too large", BYTES(POST HOST "Content-Length: 101\r\n\r\n"), 413, "too-large"},
    {"other coding", BYTES(POST HOST "Transfer-Encoding: gzip, chunked\r\n\r\n"), 400, "bad-framing"},
    {"chunked in 1.0", BYTES("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400, "bad-framing"},
    {"A15 huge chunk", BYTES(POST HOST "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n"), 400, "bad-framing"},
    {"A15 large chunk", BYTES(POST HOST "Transfer-Encoding: chunked\r\n\r\n65\r\n"), 413, "too-large"},
    {"A15 signed size", BYTES(POST HOST "Transfer-Encoding: chunked\r\n\r\n+1\r\na\r\n"), 400, "bad-framing"},
    {"A15 no size", BYTES(POST HOST "Transfer-Encoding: chunked\r\n\r\n\r\n"), 400, "bad-framing"},
    {"A15 missing CRLF", BYTES(POST HOST "Transfer-Encoding: chunked\r\n\r\n1\r\nab"), 400, "bad-framing"},
    {"A15 bare LF", BYTES(POST HOST "Transfer-Encoding: chunked\r\n\r\n1\na\n"), 400, "bad-framing"},
    {"A16 bare LF", BYTES("GET / HTTP/1.1\nHost: a\n\n"), 400, "bad-head"},
    {"A16 bare CR", BYTES(GET "Host: a\rb\r\n\r\n"), 400, "bad-head"},
    {"A16 NUL", BYTES(GET "Host: a\0b\r\n\r\n"), 400, "bad-head"},
    {"A16 folded line", BYTES(GET HOST "A: b\r\n c\r\n\r\n"), 400, "bad-head"},
    {"A16 space before colon", BYTES(GET HOST "A : b\r\n\r\n"), 400, "bad-head"},
    {"A16 empty name", BYTES(GET HOST ": b\r\n\r\n"), 400, "bad-head"},
    {"no colon", BYTES(GET HOST "Abc\r\n\r\n"), 400, "bad-head"},
    {"A17 HTTP/2.0", BYTES("GET /a HTTP/2.0\r\n" HOST "\r\n"), 505, "version"},
    {"A17 HTTP/2 preface", BYTES("PRI * HTTP/2.0\r\n\r\n"), 505, "version"},
    {"A17 HTTP/0.9", BYTES("GET /a\r\n\r\n"), 400, "bad-head"},
    {"A17 TLS", BYTES("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), 400, "not-http"},
    {"A18 odd method", BYTES("G@T / HTTP/1.1\r\n" HOST "\r\n"), 400, "bad-head"},
    {"A20 percent", BYTES("GET /?%zz HTTP/1.1\r\n" HOST "\r\n"), 400, "bad-target"},
    {"A20 percent at the end", BYTES("GET /?a=% HTTP/1.1\r\n" HOST "\r\n"), 400, "bad-target"},
    {"A20 overlong", BYTES("GET /?%c0%ae HTTP/1.1\r\n" HOST "\r\n"), 400, "bad-target"},
    {"A19 NUL in the path", BYTES("GET /%00 HTTP/1.1\r\n" HOST "\r\n"), 400, "bad-target"},
    {"A19 backslash", BYTES("GET /..\\a HTTP/1.1\r\n" HOST "\r\n"), 400, "bad-target"},
    {"fragment", BYTES("GET /a#b HTTP/1.1\r\n" HOST "\r\n"), 400, "bad-target"},
    {"no slash", BYTES("GET a HTTP/1.1\r\n" HOST "\r\n"), 400, "bad-target"},
    {"no Host", BYTES(GET "\r\n"), 400, "bad-head"},
    {"two Hosts", BYTES(GET HOST HOST "\r\n"), 400, "bad-head"},
    {"A24 gzip", BYTES(POST HOST "Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx"), 415, "encoding"},
    {"two spaces", BYTES("GET  / HTTP/1.1\r\n" HOST "\r\n"), 400, "bad-head"},
    {"two empty lines before", BYTES("\r\n\r\n" GET HOST "\r\n"), 400, "bad-head"},
};

/* One request that arrives in two pieces. Writes what was said; returns the status of a refusal, or 0. */
static unsigned replay(const char *bytes, size_t n, size_t cut, char *said, size_t room)
{
    struct pm_http_scan scan = {0};
    struct pm_http_refusal why = {0};
    struct pm_http_head head;
    ssize_t length = 0;
    size_t have = 0;
    char *copy = NULL;
    said[0] = 0;
    while (length == 0 && have < n) {
        have = have < cut ? cut : n;
        free(copy);
        copy = malloc(have); /* of exactly that size, so that ASan sees one byte too far */
        assert_non_null(copy);
        memcpy(copy, bytes, have);
        length = pm_http_scan(&scan, copy, have, &limits, &why);
    }
    if (length > 0 && pm_http_parse(copy, (size_t)length, &limits, &head, &why) < 0)
        length = -EPROTO;
    struct pm_http_body body;
    if (length > 0)
        pm_http_body_init(&body, &head, &limits);
    free(copy);
    size_t at = length > 0 ? (size_t)length : n, said_n = 0;
    for (bool done = false; length > 0 && !done;) {
        struct pm_http_text data;
        size_t piece = at < cut ? cut - at : n - at;
        copy = malloc(piece ? piece : 1);
        assert_non_null(copy);
        memcpy(copy, bytes + at, piece);
        ssize_t used = pm_http_body_read(&body, copy, piece, &data, &done, &why);
        if (used >= 0)
            said_n += (size_t)snprintf(said + said_n, room - said_n, "%.*s", (int)data.n, data.n ? data.p : "");
        free(copy);
        if (used < 0) {
            length = -EPROTO;
            break;
        }
        at += (size_t)used;
        if (done)
            snprintf(said + said_n, room - said_n, ".");
        else if (at == n)
            break;
    }
    if (length >= 0)
        return 0;
    snprintf(said, room, "%s", why.code);
    assert_non_null(why.message);
    return why.status;
}

static void requests_mean_the_same_however_they_are_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        for (size_t cut = 1; cut <= row->n; cut++) {
            char said[512];
            unsigned status = replay(row->bytes, row->n, cut, said, sizeof(said));
            if (status != row->status || strcmp(said, row->expect) != 0)
                fail_msg("%s, cut at %zu: status %u, said \"%s\"", row->what, cut, status, said);
        }
    }
}

static void parse(const char *text, struct pm_http_head *head)
{
    struct pm_http_scan scan = {0};
    struct pm_http_refusal why;
    ssize_t n = pm_http_scan(&scan, text, strlen(text), &limits, &why);
    assert_int_equal(n, strlen(text));
    assert_int_equal(pm_http_parse(text, (size_t)n, &limits, head, &why), 0);
}

static void assert_text(struct pm_http_text t, const char *expected)
{
    assert_int_equal(t.n, strlen(expected));
    assert_memory_equal(t.p, expected, t.n);
}

static void head_says_what_it_means(void **state)
{
    (void)state;
    struct pm_http_head h;
    parse("GET /a/b?x=1&y HTTP/1.1\r\nhost:  here:1 \r\nORIGIN: http://a\r\nConnection: keep-alive , Upgrade\r\n"
          "Upgrade: h2c, WebSocket\r\n\r\n",
          &h);
    assert_int_equal(h.method, PM_HTTP_GET);
    assert_text(h.path, "/a/b");
    assert_text(h.query, "x=1&y");
    assert_text(h.host, "here:1");
    assert_text(h.origin, "http://a");
    assert_true(h.upgrade_websocket); /* A23 */
    assert_true(h.keep_alive);
    assert_false(h.has_body);

    parse("GET http://other/x?y HTTP/1.1\r\nHost: a\r\nConnection: close\r\nUpgrade: websocket\r\n\r\n", &h);
    assert_text(h.absolute_host, "other");
    assert_text(h.path, "/x");
    assert_false(h.keep_alive);
    assert_false(h.upgrade_websocket);

    parse("POST / HTTP/1.0\r\nConnection: Keep-Alive\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n", &h);
    assert_int_equal(h.minor, 0);
    assert_true(h.keep_alive);
    assert_false(h.expects_continue); /* HTTP/1.0 does not have it */
    assert_int_equal(h.content_length, 3);

    parse("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", &h);
    assert_int_equal(h.method, PM_HTTP_OPTIONS);
    parse("get / HTTP/1.1\r\nHost: a\r\n\r\n", &h);
    assert_int_equal(h.method, PM_HTTP_OTHER); /* A18 */
}

static void query_takes_the_last_of_equal_names(void **state)
{
    (void)state;
    struct pm_http_text q = {"E%49O=4&t=a+b%2bc&EIO=3&empty=&flag&sid=12345678", 48};
    char value[8];
    size_t n = 99;
    assert_int_equal(pm_http_query(q, "EIO", value, sizeof(value), &n), 2);
    assert_int_equal(n, 1);
    assert_int_equal(value[0], '3');
    assert_int_equal(pm_http_query(q, "t", value, sizeof(value), &n), 1);
    assert_int_equal(n, 5);
    assert_memory_equal(value, "a b+c", 5);
    assert_int_equal(pm_http_query(q, "empty", value, sizeof(value), &n), 1);
    assert_int_equal(n, 0);
    assert_int_equal(pm_http_query(q, "flag", value, sizeof(value), &n), 1);
    assert_int_equal(n, 0);
    assert_int_equal(pm_http_query(q, "absent", value, sizeof(value), &n), 0);
    assert_int_equal(pm_http_query(q, "sid", value, 8, &n), 1);
    assert_int_equal(pm_http_query(q, "sid", value, 7, &n), -ENOBUFS);
    assert_int_equal(pm_http_query((struct pm_http_text){0}, "a", value, 8, &n), 0);
}

/* Builds a request whose head is n bytes long. */
static void head_of(size_t n, char *out)
{
    int start = sprintf(out, GET HOST "A: ");
    memset(out + start, 'x', n - (size_t)start - 4);
    memcpy(out + n - 4, "\r\n\r\n", 4);
}

static void limits_are_exact(void **state)
{
    (void)state;
    struct pm_http_refusal why;
    struct pm_http_head h;
    char text[1024];
    for (size_t n = limits.head - 1; n <= limits.head + 1; n++) { /* A08 */
        struct pm_http_scan scan = {0};
        head_of(n, text);
        ssize_t r = pm_http_scan(&scan, text, n, &limits, &why);
        assert_int_equal(r, n > limits.head ? -EPROTO : (ssize_t)n);
        if (r < 0)
            assert_int_equal(why.status, 431);
    }
    for (size_t fields = 7; fields <= 9; fields++) { /* A10 */
        size_t at = (size_t)sprintf(text, GET HOST);
        for (size_t i = 1; i < fields; i++)
            at += (size_t)sprintf(text + at, "A: b\r\n");
        at += (size_t)sprintf(text + at, "\r\n");
        int r = pm_http_parse(text, at, &limits, &h, &why);
        assert_int_equal(r, fields > limits.fields ? -EPROTO : 0);
        if (r < 0)
            assert_string_equal(why.code, "too-many-fields");
    }
    for (size_t n = 63; n <= 65; n++) { /* A11 */
        char target[80] = "/";
        memset(target + 1, 'a', n - 1);
        target[n] = 0;
        size_t at = (size_t)sprintf(text, "GET %s HTTP/1.1\r\n" HOST "\r\n", target);
        int r = pm_http_parse(text, at, &limits, &h, &why);
        assert_int_equal(r, n > limits.target ? -EPROTO : 0);
        if (r < 0)
            assert_int_equal(why.status, 414);
    }
}

/* A15: many tiny chunks are bounded by the data they carry, so that framing cannot be the attack. */
static void tiny_chunks_are_bounded(void **state)
{
    (void)state;
    struct pm_http_head h = {.chunked = true, .has_body = true};
    struct pm_http_limits wide = {.body = 1 << 20};
    struct pm_http_body body;
    struct pm_http_text data;
    struct pm_http_refusal why;
    bool done = false;
    ssize_t used = 1;
    unsigned chunks = 0;
    pm_http_body_init(&body, &h, &wide);
    for (; chunks < 10000 && used > 0; chunks++) {
        const char *chunk = "1\r\na\r\n";
        for (size_t at = 0; at < 6 && used > 0; at += (size_t)used)
            used = pm_http_body_read(&body, chunk + at, 6 - at, &data, &done, &why);
    }
    assert_in_range(chunks, 4000, 9999);
    assert_int_equal(why.status, 400);
    pm_http_body_init(&body, &h, &wide);
    used = 1;
    static const char wordy[] = "1;extension=of-some-length\r\na\r\n";
    for (int i = 0; i < 1000000 && used > 0; i++)
        used = pm_http_body_read(&body, &wordy[(size_t)i % (sizeof(wordy) - 1)], 1, &data, &done, &why);
    assert_true(used < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_mean_the_same_however_they_are_cut),
        cmocka_unit_test(head_says_what_it_means),
        cmocka_unit_test(query_takes_the_last_of_equal_names),
        cmocka_unit_test(limits_are_exact),
        cmocka_unit_test(tiny_chunks_are_bounded),
    };
    return cmocka_run_group_tests_name("proto/http", tests, NULL, NULL);
}
