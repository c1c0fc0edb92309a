/* player.c - see player.h. */
#include "player.h"

#include "base/cleanup.h"
#include "echo.h"
#include "proto/websocket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { CONNECTIONS = 8, NAMES = 8, LINE = 4096, HEARD = 64 * 1024, TURNS = 4 };

struct client {
    int fd; /* -1: not connected */
    uint8_t heard[HEARD];
    size_t n;
    bool ended;
};

struct name {
    char name[16], value[21];
};

struct player {
    const char *path;
    struct pm_loop loop;
    struct pm_server *server;
    struct pm_echo echo;
    struct client clients[CONNECTIONS];
    struct name names[NAMES];
    size_t n_names;
    struct play *how;
    unsigned line;
    bool failed;
};

static void complain(struct player *p, const char *what, const void *text, size_t n)
{
    if (!p->failed && !p->how->quiet)
        printf("%s:%u: %s: %.*s (cut %u at %zu)\n", p->path, p->line, what, (int)n, (const char *)text,
               p->how->cut_what, p->how->cut_at);
    p->failed = true;
}

/* ---- the text of transcripts ---- */

static int hex(char c)
{
    const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c) : NULL;
    return at ? (int)(at - digits) : -1;
}

static struct name *find_name(struct player *p, const char *text)
{
    for (size_t i = 0; i < p->n_names; i++) {
        size_t n = strlen(p->names[i].name);
        if (strncmp(text, p->names[i].name, n) == 0)
            return &p->names[i];
    }
    return NULL;
}

/* Resolve escapes and known names. Returns the length. */
static size_t expand(struct player *p, const char *text, char *out)
{
    size_t n = 0;
    while (*text && n < LINE - 32) {
        struct name *name = *text == '$' ? find_name(p, text + 1) : NULL;
        if (name) {
            memcpy(out + n, name->value, 20);
            n += 20;
            text += 1 + strlen(name->name);
        } else if (text[0] == '\\' && text[1] == 'x') {
            out[n++] = (char)(hex(text[2]) << 4 | hex(text[3]));
            text += 4;
        } else if (text[0] == '\\' && (text[1] == 'r' || text[1] == 'n')) {
            out[n++] = text[1] == 'r' ? '\r' : '\n';
            text += 2;
        } else {
            out[n++] = *text++;
        }
    }
    out[n] = 0;
    return n;
}

static size_t read_hex(const char *text, uint8_t *out)
{
    size_t n = 0;
    for (; text[0] && text[1]; text += 2) {
        while (*text == ' ')
            text++;
        if (hex(text[0]) < 0)
            break;
        out[n++] = (uint8_t)(hex(text[0]) << 4 | hex(text[1]));
    }
    return n;
}

/* Compare what was heard with what is expected; an unknown $name takes the next 20 characters. */
static bool matches(struct player *p, const char *expected, const uint8_t *heard, size_t n)
{
    size_t at = 0;
    char one[LINE];
    while (*expected) {
        const char *dollar = strchr(expected, '$');
        size_t plain = dollar ? (size_t)(dollar - expected) : strlen(expected);
        char part[LINE];
        memcpy(part, expected, plain);
        part[plain] = 0;
        size_t length = expand(p, part, one);
        if (n - at < length || memcmp(heard + at, one, length) != 0)
            return false;
        at += length;
        expected += plain;
        if (!dollar)
            break;
        struct name *known = find_name(p, ++expected);
        if (n - at < 20 || (known && memcmp(known->value, heard + at, 20) != 0))
            return false;
        size_t name_n = strspn(expected, "abcdefghijklmnopqrstuvwxyz");
        if (!known && p->n_names < NAMES && name_n < sizeof(p->names[0].name)) {
            struct name *fresh = &p->names[p->n_names++];
            memcpy(fresh->name, expected, name_n);
            fresh->name[name_n] = 0;
            memcpy(fresh->value, heard + at, 20);
            fresh->value[20] = 0;
        }
        at += 20;
        expected += name_n;
    }
    return at == n;
}

/* ---- the server and its clients ---- */

static void turn(struct player *p)
{
    for (int i = 0; i < TURNS; i++)
        uv_run(&p->loop.uv, UV_RUN_NOWAIT);
    for (size_t i = 0; i < CONNECTIONS; i++) {
        struct client *c = &p->clients[i];
        ssize_t n = 1;
        while (c->fd >= 0 && n > 0) {
            n = recv(c->fd, c->heard + c->n, HEARD - c->n, MSG_DONTWAIT);
            c->n += n > 0 ? (size_t)n : 0;
        }
        c->ended = n == 0;
    }
}

static struct client *client_of(struct player *p, char name)
{
    struct client *c = &p->clients[(unsigned)(name - 'A') % CONNECTIONS];
    if (c->fd >= 0)
        return c;
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0 ||
        pm_server_adopt(p->server, pair[1]) < 0) {
        complain(p, "no connection", "", 0);
        return NULL;
    }
    *c = (struct client){.fd = pair[0]};
    return c;
}

static void say(struct player *p, struct client *c, const void *bytes, size_t n)
{
    bool cut = p->how->said++ == p->how->cut_what;
    size_t first = cut && p->how->cut_at < n ? p->how->cut_at : n;
    if (cut)
        p->how->cut_length = n;
    for (size_t at = 0; at < n; first = n) {
        ssize_t sent = send(c->fd, (const char *)bytes + at, first - at, MSG_NOSIGNAL);
        if (sent <= 0)
            return; /* the server hung up: what it said is looked at next */
        at += (size_t)sent;
        turn(p);
    }
}

static void say_request(struct player *p, struct client *c, const char *method, const char *rest, const char *upgrade)
{
    char line[LINE], request[2 * LINE];
    size_t n = expand(p, rest, line);
    char *space = memchr(line, ' ', n);
    size_t path_n = space ? (size_t)(space - line) : n, body_n = space ? n - path_n - 1 : 0;
    int at = snprintf(request, sizeof(request), "%s %.*s HTTP/1.1\r\nHost: a\r\n", method, (int)path_n, line);
    if (upgrade)
        at += sprintf(request + at,
                      "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s",
                      upgrade);
    if (strcmp(method, "POST") == 0)
        at += sprintf(request + at, "Content-Length: %zu\r\n", body_n);
    at += sprintf(request + at, "\r\n");
    if (body_n > 0)
        memcpy(request + at, space + 1, body_n);
    say(p, c, request, (size_t)at + body_n);
}

/* Client frames are masked; a mask of zeros leaves them readable in a trace. */
static void say_frame(struct player *p, struct client *c, enum pm_ws_opcode opcode, const void *bytes, size_t n)
{
    uint8_t frame[LINE + PM_WS_HEAD_MAX];
    size_t head_n = pm_ws_frame_head(frame, opcode, false, n);
    frame[1] |= 0x80;
    memset(frame + head_n, 0, 4);
    memcpy(frame + head_n + 4, bytes, n);
    say(p, c, frame, head_n + 4 + n);
}

/* ---- expectations ---- */

static void forget(struct client *c, size_t n)
{
    memmove(c->heard, c->heard + n, c->n - n);
    c->n -= n;
}

static void expect_answer(struct player *p, struct client *c, const char *expected)
{
    uint8_t *end = memmem(c->heard, c->n, "\r\n\r\n", 4);
    char *body = strchr(expected, ' ');
    size_t status_n = body ? (size_t)(body - expected) : strlen(expected);
    if (!end || c->n < 12 || memcmp(c->heard + 9, expected, status_n) != 0) {
        complain(p, "another answer", c->heard, c->n);
        return;
    }
    size_t head_n = (size_t)(end - c->heard) + 4, length = 0;
    uint8_t *field = memmem(c->heard, head_n, "Content-Length: ", 16);
    if (field)
        length = strtoul((char *)field + 16, NULL, 10);
    if (length > c->n - head_n || !matches(p, body ? body + 1 : "", c->heard + head_n, length))
        complain(p, "another body", c->heard + head_n, c->n - head_n);
    else
        forget(c, head_n + length);
}

static void expect_frame(struct player *p, struct client *c, enum pm_ws_opcode opcode, const char *expected)
{
    struct pm_ws_reader r;
    struct pm_ws_event ev = {0};
    pm_ws_reader_init(&r, PM_WS_CLIENT, (struct pm_ws_limits){.message = HEARD, .fragments = 1});
    ssize_t used = pm_ws_read(&r, c->heard, c->n, &ev);
    bool right = used > 0 && ev.type != PM_WS_NOTHING && ev.opcode == opcode;
    if (right && opcode == PM_WS_CLOSE) {
        right = ev.status == (*expected ? strtoul(expected, NULL, 10) : PM_WS_NO_STATUS);
    } else if (right && opcode == PM_WS_BINARY) {
        uint8_t bytes[LINE];
        size_t n = read_hex(expected, bytes);
        right = ev.n == n && memcmp(ev.data, bytes, n) == 0;
    } else if (right) {
        right = matches(p, expected, ev.data, ev.n);
    }
    if (right)
        forget(c, (size_t)used);
    else
        complain(p, "another frame", c->heard, c->n);
}

static void expect(struct player *p, struct client *c, const char *what)
{
    if (strcmp(what, "nothing") == 0) {
        if (c->n > 0 || c->ended)
            complain(p, "not nothing", c->heard, c->n);
    } else if (strcmp(what, "closed") == 0) {
        if (c->n > 0 || !c->ended)
            complain(p, "not closed", c->heard, c->n);
    } else {
        expect_answer(p, c, what);
    }
}

/* ---- playing ---- */

static const char *after(const char *line, const char *word)
{
    size_t n = strlen(word);
    if (strncmp(line, word, n) != 0 || (line[n] && line[n] != ' '))
        return NULL;
    return line[n] ? line + n + 1 : line + n;
}

static void play_line(struct player *p, const char *line)
{
    struct client *c = client_of(p, line[0]);
    const char *rest;
    char text[LINE];
    uint8_t bytes[LINE];
    line += 2;
    if (!c)
        return;
    if ((rest = after(line, "GET")))
        say_request(p, c, "GET", rest, NULL);
    else if ((rest = after(line, "POST")))
        say_request(p, c, "POST", rest, NULL);
    else if ((rest = after(line, "ws")))
        say_request(p, c, "GET", rest, "");
    else if ((rest = after(line, "wz")))
        say_request(p, c, "GET", rest, "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n");
    else if ((rest = after(line, "raw")))
        say(p, c, text, expand(p, rest, text));
    else if ((rest = after(line, "text")))
        say_frame(p, c, PM_WS_TEXT, text, expand(p, rest, text));
    else if ((rest = after(line, "binary")))
        say_frame(p, c, PM_WS_BINARY, bytes, read_hex(rest, bytes));
    else if ((rest = after(line, "frame")))
        say(p, c, bytes, read_hex(rest, bytes));
    else if ((rest = after(line, "> close")))
        expect_frame(p, c, PM_WS_CLOSE, rest);
    else if ((rest = after(line, ">b")))
        expect_frame(p, c, PM_WS_BINARY, rest);
    else if ((rest = after(line, ">")))
        expect_frame(p, c, PM_WS_TEXT, rest);
    else if ((rest = after(line, "=")))
        expect(p, c, rest);
    else if (strcmp(line, "hangup") == 0)
        shutdown(c->fd, SHUT_RDWR), turn(p);
    else
        complain(p, "not a line of a transcript", line, strlen(line));
}

/* The parts in the order of their making; stop() takes whatever came to be. */
static bool start(struct player *p, const char *options)
{
    struct pm_engine_options engine = pm_engine_defaults();
    struct pm_server_options server = pm_server_defaults(2000);
    struct pm_sockets_options sockets = pm_sockets_defaults();
    engine.max_payload = 2000;
    if (strstr(options, "recovery"))
        sockets.recovery_ms = 10000;
    server.deflate = strstr(options, "deflate") != NULL;
    for (size_t i = 0; i < CONNECTIONS; i++)
        p->clients[i].fd = -1;
    return pm_server_new(&p->loop, &server, &p->server) == 0 &&
           pm_echo_start(&p->echo, &p->loop, p->server, &engine, &sockets) == 0;
}

static void stop(struct player *p)
{
    pm_echo_stop(&p->echo);
    p->server = pm_server_free(p->server);
    for (size_t i = 0; i < CONNECTIONS; i++)
        pm_close_at(&p->clients[i].fd);
    pm_loop_fini(&p->loop);
}

bool transcript_play(const struct transcript *t, struct play *how)
{
    static struct player player; /* large; one transcript is played at a time */
    struct player *p = &player;
    *p = (struct player){.path = t->path, .how = how};
    how->said = 0;
    how->cut_length = 0;
    if (pm_loop_init(&p->loop) < 0)
        return false;
    p->failed = !start(p, t->lines[0]);
    for (size_t i = 0; i < t->n && !p->failed; i++) {
        p->line = (unsigned)i + 1;
        if (t->lines[i][0] != '#' && t->lines[i][0])
            play_line(p, t->lines[i]);
    }
    stop(p);
    return !p->failed;
}

bool transcript_read(const char *path, struct transcript *ret)
{
    FILE *f = fopen(path, "r");
    char line[LINE];
    *ret = (struct transcript){.path = path};
    while (f && ret->n < sizeof(ret->lines) / sizeof(ret->lines[0]) && fgets(line, sizeof(line), f)) {
        line[strcspn(line, "\n")] = 0;
        ret->lines[ret->n++] = strdup(line);
    }
    if (f)
        fclose(f);
    return ret->n > 0;
}

void transcript_fini(struct transcript *t)
{
    for (size_t i = 0; i < t->n; i++)
        free(t->lines[i]);
}
