/* relay.c - the limit: an epoll loop that sends each WebSocket frame back, with a handshake and nothing else. No
 * sessions, no heartbeats, no limits: what any server must pay for the same bytes. Frames must be smaller than the
 * buffer. */
#include "proto/websocket.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BUFFER = 64 * 1024, EVENTS = 256, KEEP = 2048 };

struct peer {
    int fd, upgraded;
    size_t n; /* bytes of a frame or head that is not complete */
    uint8_t kept[KEEP];
};

static uint8_t in[BUFFER + KEEP], out[BUFFER * 2];

static int upgrade(struct peer *p, char *head, size_t n)
{
    static const char field[] = "Sec-WebSocket-Key: ";
    char accept[PM_WS_ACCEPT_LENGTH], answer[256];
    char *key = memmem(head, n, field, sizeof(field) - 1);
    if (!key || !pm_ws_accept(key + sizeof(field) - 1, 24, accept))
        return -1;
    int length = snprintf(answer, sizeof(answer),
                          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Accept: %.*s\r\n\r\n",
                          PM_WS_ACCEPT_LENGTH, accept);
    p->upgraded = 1;
    return send(p->fd, answer, (size_t)length, MSG_NOSIGNAL) == length ? 0 : -1;
}

/* Reframe what is complete. Returns the bytes used; *made grows. */
static size_t turn_frames(uint8_t *p, size_t n, size_t *made)
{
    size_t used = 0;
    while (n - used >= 6) {
        uint8_t *f = p + used;
        size_t head = (f[1] & 0x7f) == 126 ? 8 : 6;
        if (n - used < head)
            break;
        size_t length = head == 8 ? (size_t)f[2] << 8 | f[3] : (size_t)(f[1] & 0x7f);
        if (n - used < head + length)
            break;
        *made += pm_ws_frame_head(out + *made, (enum pm_ws_opcode)(f[0] & 0x0f), false, length);
        for (size_t i = 0; i < length; i++)
            out[*made + i] = f[head + i] ^ f[head - 4 + (i & 3)];
        *made += length;
        used += head + length;
    }
    return used;
}

static int serve(struct peer *p)
{
    memcpy(in, p->kept, p->n);
    ssize_t n = recv(p->fd, in + p->n, BUFFER, 0);
    if (n <= 0)
        return -1;
    size_t have = p->n + (size_t)n, made = 0, used;
    if (p->upgraded)
        used = turn_frames(in, have, &made);
    else
        used = memmem(in, have, "\r\n\r\n", 4) && upgrade(p, (char *)in, have) == 0 ? have : 0;
    p->n = have - used;
    if (p->n > KEEP)
        return -1;
    memcpy(p->kept, in + used, p->n);
    return made == 0 || send(p->fd, out, made, MSG_NOSIGNAL) == (ssize_t)made ? 0 : -1;
}

static int listen_on(uint16_t *port)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(a);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, n) < 0 || listen(fd, 1024) < 0 ||
        getsockname(fd, (struct sockaddr *)&a, &n) < 0)
        return -1;
    *port = ntohs(a.sin_port);
    return fd;
}

static void take(int epoll, int listener)
{
    int one = 1, fd = accept(listener, NULL, NULL);
    struct peer *p = fd >= 0 ? calloc(1, sizeof(*p)) : NULL;
    if (!p)
        return;
    p->fd = fd;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &(struct epoll_event){.events = EPOLLIN, .data.ptr = p});
}

int main(void)
{
    uint16_t port;
    int epoll = epoll_create1(0), listener = listen_on(&port);
    if (epoll < 0 || listener < 0)
        return 1;
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &(struct epoll_event){.events = EPOLLIN});
    printf("listening on 127.0.0.1:%u\n", port);
    fflush(stdout);
    for (;;) {
        struct epoll_event events[EVENTS];
        int n = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < n; i++) {
            struct peer *p = events[i].data.ptr;
            if (!p) {
                take(epoll, listener);
            } else if (serve(p) < 0) {
                close(p->fd);
                free(p);
            }
        }
    }
}
