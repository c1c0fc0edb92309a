/* client.c - see client.h. */
#include "client.h"

#include "base/base64.h"
#include "figures.h"
#include "proto/websocket.h"
#include "socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

const uint8_t *bench_pattern(uint64_t offset)
{
    static uint8_t bytes[2 * BENCH_PATTERN];
    if (bytes[1] == 0) {
        for (size_t i = 0; i < sizeof(bytes); i++)
            bytes[i] = (uint8_t)(i % BENCH_PATTERN * 31 + i % BENCH_PATTERN / 251 * 17);
    }
    return bytes + offset % BENCH_PATTERN;
}

/* ---- joining ---- */

static int read_poll(struct bench_client *c, char *body, size_t room)
{
    char head[2048];
    size_t n = 0;
    while (n < sizeof(head) - 1 && recv(c->fd, head + n, 1, 0) == 1) {
        head[++n] = 0;
        if (n > 4 && strcmp(head + n - 4, "\r\n\r\n") == 0)
            break;
    }
    char *length = strstr(head, "Content-Length: ");
    size_t size = length ? strtoul(length + 16, NULL, 10) : 0;
    if (strncmp(head, "HTTP/1.1 200", 12) != 0 || size >= room || recv(c->fd, body, size, MSG_WAITALL) != (ssize_t)size)
        bench_die("a poll was refused");
    body[size] = 0;
    return (int)size;
}

static void ask(struct bench_client *c, const char *request)
{
    if (send(c->fd, request, strlen(request), MSG_NOSIGNAL) != (ssize_t)strlen(request))
        bench_die("cannot send");
}

static void join_polling(struct bench_client *c, uint16_t port, unsigned number)
{
    char request[512], body[4096], sid[64] = "";
    c->fd = bench_connect_plain(port, number);
    if (c->fd < 0)
        bench_die("cannot connect");
    static const char fields[] = " HTTP/1.1\r\nHost: 127.0.0.1:";
    snprintf(request, sizeof(request), "GET /socket.io/?EIO=4&transport=polling%s%u\r\n\r\n", fields, port);
    ask(c, request);
    read_poll(c, body, sizeof(body));
    char *start = strstr(body, "\"sid\":\"");
    for (size_t i = 0; start && i < sizeof(sid) - 1 && start[7 + i] != '"'; i++)
        sid[i] = start[7 + i];
    snprintf(c->poll, sizeof(c->poll), "GET /socket.io/?EIO=4&transport=polling&sid=%s%s%u\r\n\r\n", sid, fields, port);
    snprintf(request, sizeof(request),
             "POST /socket.io/?EIO=4&transport=polling&sid=%s%s%u\r\nContent-Type: text/plain\r\nContent-Length: "
             "2\r\n\r\n40",
             sid, fields, port);
    ask(c, request);
    read_poll(c, body, sizeof(body));
    ask(c, c->poll);
    read_poll(c, body, sizeof(body)); /* the welcome */
    ask(c, c->poll);
}

/* Ask for the bytes of its own line, and wait for the answer; other events may come before it. */
static void subscribe(struct bench_client *c)
{
    char text[64];
    uint8_t frame[BENCH_FRAME_MAX];
    int length = snprintf(text, sizeof(text), "421[\"subscribe\",{\"names\":[\"bench%u\"]}]", c->line);
    size_t n = bench_frame(frame, text, (size_t)length);
    if (send(c->fd, frame, n, 0) != (ssize_t)n)
        bench_die("cannot subscribe");
    do {
        if (bench_read(c->fd, frame) < 3)
            bench_die("cannot subscribe");
    } while (memcmp(frame, "431", 3) != 0);
}

static void join_websocket(struct bench_client *c, uint16_t port, int is_page, int alone, unsigned number)
{
    char path[64];
    uint8_t frame[BENCH_FRAME_MAX];
    snprintf(path, sizeof(path), c->is_raw ? "/%u" : "/socket.io/?EIO=4&transport=websocket", c->line);
    c->fd = bench_connect(port, path, is_page ? "Origin: https://bench.example\r\n" : "", number, !c->is_raw);
    if (c->fd < 0)
        bench_die("cannot connect");
    if (c->is_raw)
        return;
    size_t n = bench_frame(frame, "40", 2);
    if (send(c->fd, frame, n, 0) != (ssize_t)n || bench_read(c->fd, frame) < 2 || memcmp(frame, "40", 2) != 0)
        bench_die("cannot join");
    if (alone)
        subscribe(c);
}

void bench_client_join(struct bench_client *c, uint16_t port, const char *kind, unsigned line, int alone,
                       unsigned number)
{
    c->line = line;
    c->is_raw = strcmp(kind, "raw") == 0;
    c->is_polling = strcmp(kind, "polling") == 0;
    c->in = malloc(BENCH_CLIENT_IN);
    c->out = malloc(BENCH_CLIENT_IN);
    if (!c->in || !c->out)
        bench_die("no memory");
    if (c->is_polling)
        join_polling(c, port, number);
    else
        join_websocket(c, port, strcmp(kind, "page") == 0, alone, number);
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
}

/* ---- sending ---- */

static size_t put_frame(uint8_t *out, enum pm_ws_opcode opcode, const void *p, size_t n)
{
    size_t at = pm_ws_frame_head(out, opcode, false, n);
    out[1] |= 0x80;
    memset(out + at, 0, 4); /* a mask of zeros: masking is not what is measured */
    memcpy(out + at + 4, p, n);
    return at + 4 + n;
}

static void flush(struct bench_client *c)
{
    while (c->out_at < c->out_n) {
        ssize_t n = send(c->fd, c->out + c->out_at, c->out_n - c->out_at, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN)
            bench_die("the server hung up");
        if (n <= 0)
            return;
        c->out_at += (size_t)n;
    }
    c->out_at = c->out_n = 0;
}

void bench_client_send(struct bench_client *c, size_t n)
{
    const uint8_t *bytes = bench_pattern(c->sent);
    if (!c->is_raw) {
        char text[128];
        int length = snprintf(text, sizeof(text),
                              "451-[\"send-raw\",{\"name\":\"bench%u\",\"payload\":{\"_placeholder\":true,\"num\":0}}]",
                              c->line);
        c->out_n += put_frame(c->out + c->out_n, PM_WS_TEXT, text, (size_t)length);
    }
    c->out_n += put_frame(c->out + c->out_n, PM_WS_BINARY, bytes, n);
    c->sent += n;
    flush(c);
}

int bench_client_pour(struct bench_client *c, size_t n)
{
    flush(c);
    while (c->out_n == 0)
        bench_client_send(c, n);
    return 0;
}

/* ---- receiving ---- */

static size_t take_bytes(struct bench_client *c, const uint8_t *p, size_t n)
{
    for (size_t at = 0; at < n;) {
        size_t part = n - at < BENCH_PATTERN ? n - at : BENCH_PATTERN;
        if (memcmp(p + at, bench_pattern(c->got + at), part) != 0)
            bench_die("a client got other bytes than the device sent");
        at += part;
    }
    c->got += n;
    return n;
}

/* A gap says how far the next bytes are: {"name":…,"from":a,"to":b,…}. */
static void skip_gap(struct bench_client *c, const char *text, size_t n)
{
    char copy[512];
    snprintf(copy, sizeof(copy), "%.*s", (int)(n < sizeof(copy) ? n : sizeof(copy) - 1), text);
    char *from = strstr(copy, "\"from\":"), *to = strstr(copy, "\"to\":");
    if (!from || !to)
        bench_die("a gap without numbers");
    uint64_t missing = strtoull(to + 5, NULL, 10) - strtoull(from + 7, NULL, 10);
    c->lost += missing;
    c->got += missing;
}

static size_t take_text(struct bench_client *c, const char *p, size_t n)
{
    if (n == 1 && *p == '2') {
        c->out_n += put_frame(c->out + c->out_n, PM_WS_TEXT, "3", 1);
        flush(c);
    } else if (n > 10 && memcmp(p, "451-[\"bench", 11) == 0) {
        char name[32];
        int length = snprintf(name, sizeof(name), "451-[\"bench%u\"", c->line);
        c->expects_bytes = memcmp(p, name, (size_t)length) == 0 ? 1 : -1;
    } else if (n > 10 && memcmp(p, "42[\"rx-gap\"", 11) == 0) {
        skip_gap(c, p, n);
    }
    return 0;
}

static size_t take_message(struct bench_client *c, unsigned opcode, const uint8_t *p, size_t n)
{
    if (opcode == PM_WS_TEXT)
        return take_text(c, (const char *)p, n);
    if (opcode != PM_WS_BINARY && opcode != PM_WS_CONTINUATION) /* websocketd sends in fragments */
        bench_die("the server closed the connection");
    int wanted = c->is_raw || c->expects_bytes == 1;
    c->expects_bytes = 0;
    return wanted ? take_bytes(c, p, n) : 0;
}

/* Complete frames at the start of the buffer. Returns the bytes used. */
static size_t take_frames(struct bench_client *c, size_t *came)
{
    size_t at = 0;
    while (c->in_n - at >= 2) {
        const uint8_t *f = c->in + at;
        size_t n = f[1] & 0x7f, head = n == 126 ? 4 : n == 127 ? 10 : 2;
        if (c->in_n - at < head)
            break;
        if (n >= 126) {
            n = 0;
            for (size_t i = 2; i < head; i++)
                n = n << 8 | f[i];
        }
        if (c->in_n - at < head + n)
            break;
        *came += take_message(c, f[0] & 15, f + head, n);
        at += head + n;
    }
    return at;
}

/* A whole answer to a poll; packets are separated by 0x1e. Then poll again. */
static size_t take_answer(struct bench_client *c, size_t *came)
{
    static uint8_t bytes[BENCH_CLIENT_IN];
    uint8_t *end = memmem(c->in, c->in_n, "\r\n\r\n", 4);
    if (!end)
        return 0;
    *end = 0;
    char *length = strstr((char *)c->in, "Content-Length: ");
    size_t n = length ? strtoul(length + 16, NULL, 10) : 0, head = (size_t)(end + 4 - c->in);
    *end = '\r';
    if (c->in_n < head + n)
        return 0;
    uint8_t *p = c->in + head, *stop = p + n;
    while (p < stop) {
        uint8_t *next = memchr(p, 0x1e, (size_t)(stop - p));
        next = next ? next : stop;
        if (*p == 'b') {
            ssize_t size = pm_base64_decode((char *)p + 1, (size_t)(next - p - 1), bytes);
            *came += size < 0 ? 0 : take_message(c, PM_WS_BINARY, bytes, (size_t)size);
        } else {
            take_text(c, (char *)p, (size_t)(next - p));
        }
        p = next + 1;
    }
    ask(c, c->poll);
    return head + n;
}

size_t bench_client_take(struct bench_client *c)
{
    size_t came = 0;
    ssize_t got = recv(c->fd, c->in + c->in_n, BENCH_CLIENT_IN - c->in_n, 0);
    if (got == 0 || (got < 0 && errno != EAGAIN))
        bench_die("the server hung up");
    c->in_n += got > 0 ? (size_t)got : 0;
    size_t used = c->is_polling ? take_answer(c, &came) : take_frames(c, &came);
    memmove(c->in, c->in + used, c->in_n - used);
    c->in_n -= used;
    return came;
}
