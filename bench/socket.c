/* socket.c - see socket.h. */
#include "socket.h"

#include "proto/websocket.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PORTS_AN_ADDRESS = 20000 };

static int read_all(int fd, void *p, size_t n)
{
    for (size_t at = 0; at < n;) {
        ssize_t got = recv(fd, (char *)p + at, n - at, 0);
        if (got <= 0)
            return -1;
        at += (size_t)got;
    }
    return 0;
}

/* The head ends where the server's first frame may begin: so byte by byte. */
static int read_head(int fd)
{
    char tail[4] = "";
    while (memcmp(tail, "\r\n\r\n", 4) != 0) {
        memmove(tail, tail + 1, 3);
        if (read_all(fd, tail + 3, 1) < 0)
            return -1;
    }
    return 0;
}

/* The port is found while connecting: bind() looks for one that nobody has, which takes a millisecond with thousands.
 */
int bench_connect_plain(uint16_t port, unsigned number)
{
    int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in from = {.sin_family = AF_INET,
                               .sin_addr.s_addr = htonl(INADDR_LOOPBACK + number / PORTS_AN_ADDRESS)},
                       to = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
    if (fd >= 0 && bind(fd, (struct sockaddr *)&from, sizeof(from)) == 0 &&
        connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

int bench_connect(uint16_t port, const char *path, const char *fields, unsigned number, int greeted)
{
    char request[512];
    uint8_t frame[BENCH_FRAME_MAX];
    int fd = bench_connect_plain(port, number);
    int n = snprintf(request, sizeof(request),
                     "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                     "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n",
                     path, port, fields);
    if (fd >= 0 && send(fd, request, (size_t)n, 0) == n && read_head(fd) == 0 &&
        (!greeted || bench_read(fd, frame) > 0))
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

size_t bench_frame(uint8_t *out, const void *p, size_t n)
{
    static const uint8_t mask[4] = {0x12, 0x34, 0x56, 0x78};
    size_t at = pm_ws_frame_head(out, PM_WS_TEXT, false, n);
    out[1] |= 0x80;
    memcpy(out + at, mask, 4);
    at += 4;
    for (size_t i = 0; i < n; i++)
        out[at + i] = ((const uint8_t *)p)[i] ^ mask[i & 3];
    return at + n;
}

long bench_read(int fd, uint8_t *p)
{
    uint8_t head[4];
    if (read_all(fd, head, 2) < 0)
        return -1;
    size_t n = head[1] & 0x7f;
    if (n == 126) {
        if (read_all(fd, head + 2, 2) < 0)
            return -1;
        n = (size_t)head[2] << 8 | head[3];
    }
    return n <= BENCH_FRAME_MAX && read_all(fd, p, n) == 0 ? (long)n : -1;
}
