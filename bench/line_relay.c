/* line_relay.c - the limit for devices: an epoll loop that carries bytes between terminals and WebSockets, as binary
 * messages, with a faked handshake and nothing else. No sessions, no journal, no checks. What a client or a device does
 * not take is waited for, by reading no more of the other side.
 *   bench_line_relay [--spin] TERMINAL...      path /0 is the first terminal, /1 the second */
#include "proto/websocket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

enum { READ = 64 * 1024, EVENTS = 256, LINES = 64, PEERS = 4096, KEEP = 256 * 1024 };

/* An end of the relay. What the other side of it does not take yet is kept in `out`. */
struct end {
    int fd, line; /* line: its number; -1 for a peer before its handshake */
    int is_line, watched;
    size_t out_n, out_at, in_n;
    uint8_t *out, *in; /* KEEP bytes each; `in` holds a frame that is not complete */
};

static struct end lines[LINES], *peers[PEERS];
static unsigned n_lines, n_peers;
static int epoll;
static uint8_t buffer[READ + PM_WS_HEAD_MAX];

static void watch(struct end *e, int events)
{
    if (events == e->watched)
        return;
    epoll_ctl(epoll, EPOLL_CTL_MOD, e->fd, &(struct epoll_event){.events = (uint32_t)events, .data.ptr = e});
    e->watched = events;
}

static struct end *add(struct end *e, int fd)
{
    e->fd = fd;
    e->out = malloc(KEEP);
    e->in = malloc(KEEP);
    e->watched = EPOLLIN;
    if (!e->out || !e->in)
        exit(1);
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &(struct epoll_event){.events = EPOLLIN, .data.ptr = e});
    return e;
}

/* Is there a reader of this line that has not taken what it was given? */
static int is_held(int line)
{
    for (unsigned i = 0; i < n_peers; i++) {
        if (peers[i]->line == line && peers[i]->out_n > 0)
            return 1;
    }
    return 0;
}

static void flush(struct end *e)
{
    while (e->out_n > 0) {
        ssize_t n = write(e->fd, e->out + e->out_at, e->out_n);
        if (n <= 0)
            break;
        e->out_at += (size_t)n;
        e->out_n -= (size_t)n;
    }
    if (e->out_n == 0)
        e->out_at = 0;
}

static void give(struct end *e, const uint8_t *p, size_t n)
{
    if (e->out_n == 0) {
        ssize_t taken = write(e->fd, p, n);
        size_t done = taken > 0 ? (size_t)taken : 0;
        p += done;
        n -= done;
    }
    if (n == 0)
        return;
    if (e->out_at + e->out_n + n > KEEP)
        exit(2); /* cannot be: the source is held while anything waits */
    memcpy(e->out + e->out_at + e->out_n, p, n);
    e->out_n += n;
    watch(e, e->is_line ? e->watched | EPOLLOUT : EPOLLOUT);
}

static void hold_line(int line)
{
    watch(&lines[line], (is_held(line) ? 0 : EPOLLIN) | (lines[line].out_n > 0 ? EPOLLOUT : 0));
}

static void from_line(struct end *e)
{
    ssize_t n = read(e->fd, buffer + PM_WS_HEAD_MAX, READ);
    if (n <= 0)
        return;
    uint8_t head[PM_WS_HEAD_MAX];
    size_t head_n = pm_ws_frame_head(head, PM_WS_BINARY, false, (uint64_t)n);
    uint8_t *frame = buffer + PM_WS_HEAD_MAX - head_n;
    memcpy(frame, head, head_n);
    for (unsigned i = 0; i < n_peers; i++) {
        if (peers[i]->line == e->line)
            give(peers[i], frame, head_n + (size_t)n);
    }
    hold_line(e->line);
}

static void drop(struct end *e)
{
    for (unsigned i = 0; i < n_peers; i++) {
        if (peers[i] == e)
            peers[i] = peers[--n_peers];
    }
    close(e->fd);
    free(e->in);
    free(e->out);
    int line = e->line;
    free(e);
    if (line >= 0)
        hold_line(line);
}

static void greet(struct end *e)
{
    char accept[PM_WS_ACCEPT_LENGTH], answer[256];
    static const char key[] = "dGhlIHNhbXBsZSBub25jZQ==";
    pm_ws_accept(key, sizeof(key) - 1, accept);
    int n = snprintf(answer, sizeof(answer),
                     "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Accept: %.*s\r\n\r\n",
                     PM_WS_ACCEPT_LENGTH, accept);
    e->in[e->in_n] = 0;
    e->line = (int)strtol((char *)e->in + 5, NULL, 10); /* "GET /7 ..." */
    e->in_n = 0;
    give(e, (uint8_t *)answer, (size_t)n);
}

/* Complete frames go to the line, one write each. */
static void take_frames(struct end *e)
{
    size_t at = 0;
    while (e->in_n - at >= 6) {
        uint8_t *f = e->in + at;
        size_t length = f[1] & 0x7f, head = 6;
        if (length == 126) {
            head = 8;
            length = (size_t)f[2] << 8 | f[3];
        }
        if (e->in_n - at < head + length)
            break;
        for (size_t i = 0; i < length; i++)
            f[head + i] ^= f[head - 4 + (i & 3)];
        give(&lines[e->line], f + head, length);
        at += head + length;
    }
    memmove(e->in, e->in + at, e->in_n - at);
    e->in_n -= at;
}

static void from_peer(struct end *e)
{
    if (e->line >= 0 && lines[e->line].out_n > 0) { /* the line takes no more for now */
        watch(e, 0);
        return;
    }
    ssize_t n = read(e->fd, e->in + e->in_n, READ);
    if (n <= 0) {
        drop(e);
        return;
    }
    e->in_n += (size_t)n;
    if (e->line >= 0)
        take_frames(e);
    else if (memmem(e->in, e->in_n, "\r\n\r\n", 4))
        greet(e);
}

static void on_ready(struct end *e, unsigned events)
{
    if (events & EPOLLOUT) {
        flush(e);
        if (e->is_line && e->out_n == 0) {
            hold_line(e->line);
            for (unsigned i = 0; i < n_peers; i++) {
                if (peers[i]->line == e->line)
                    watch(peers[i], EPOLLIN | (peers[i]->out_n > 0 ? EPOLLOUT : 0));
            }
        } else if (!e->is_line && e->out_n == 0) {
            watch(e, EPOLLIN);
            hold_line(e->line);
        }
    }
    if (events & EPOLLIN) {
        if (e->is_line)
            from_line(e);
        else
            from_peer(e);
    } else if (events & (EPOLLHUP | EPOLLERR) && !e->is_line) {
        drop(e);
    }
}

static void take(int listener)
{
    int one = 1, fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    struct end *e = fd >= 0 && n_peers < PEERS ? calloc(1, sizeof(*e)) : NULL;
    if (!e)
        return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    e->line = -1;
    peers[n_peers++] = add(e, fd);
}

static void open_line(const char *path)
{
    struct termios t;
    int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK);
    if (fd < 0 || n_lines == LINES || tcgetattr(fd, &t) < 0)
        exit(1);
    cfmakeraw(&t);
    tcsetattr(fd, TCSANOW, &t);
    lines[n_lines] = (struct end){.line = (int)n_lines, .is_line = 1};
    add(&lines[n_lines], fd);
    n_lines++;
}

int main(int argc, char **argv)
{
    int spin = argc > 1 && strcmp(argv[1], "--spin") == 0, listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(a);
    epoll = epoll_create1(0);
    if (bind(listener, (struct sockaddr *)&a, n) < 0 || listen(listener, 1024) < 0 ||
        getsockname(listener, (struct sockaddr *)&a, &n) < 0)
        return 1;
    for (int i = 1 + spin; i < argc; i++)
        open_line(argv[i]);
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &(struct epoll_event){.events = EPOLLIN});
    printf("listening on 127.0.0.1:%u\n", ntohs(a.sin_port));
    fflush(stdout);
    for (;;) {
        struct epoll_event events[EVENTS];
        int count = epoll_wait(epoll, events, EVENTS, spin ? 0 : -1);
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr)
                on_ready(events[i].data.ptr, events[i].events);
            else
                take(listener);
        }
    }
}
