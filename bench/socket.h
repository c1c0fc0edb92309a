/* socket.h - a WebSocket client for the load generator: as little as possible between it and the server. */
#ifndef PM_BENCH_SOCKET_H
#define PM_BENCH_SOCKET_H

#include <stddef.h>
#include <stdint.h>

enum { BENCH_FRAME_MAX = 4096 };

/* Connect to 127.0.0.1 from a source address that leaves enough ports (127.0.0.1 upwards). The blocking descriptor, or
 * -1. */
int bench_connect_plain(uint16_t port, unsigned number);

/* The same, and upgrade with these header fields more, each with CR LF. The server's first frame, if it sends one, is
 * read when `greeted` is set. */
int bench_connect(uint16_t port, const char *path, const char *fields, unsigned number, int greeted);

/* Write a masked text frame to out. Returns its length. */
size_t bench_frame(uint8_t *out, const void *p, size_t n);

/* Read one text frame whole into p (at least BENCH_FRAME_MAX). Returns its payload's length, or -1. Blocking. */
long bench_read(int fd, uint8_t *p);

#endif
