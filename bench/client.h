/* client.h - a client of a device for the load generator: raw WebSocket, Socket.IO over it, or over polling. */
#ifndef PM_BENCH_CLIENT_H
#define PM_BENCH_CLIENT_H

#include <stddef.h>
#include <stdint.h>

enum { BENCH_PATTERN = 65536, BENCH_CLIENT_IN = 1 << 20 };

/* BENCH_PATTERN bytes of an endless stream from this offset on. */
const uint8_t *bench_pattern(uint64_t offset);

struct bench_client {
    int fd;
    unsigned line;
    int is_raw, is_polling, leads, deaf;
    uint64_t sent, got; /* bytes to and from the device */
    uint64_t lost;      /* bytes that a gap was told of */
    unsigned step;
    uint8_t *in; /* BENCH_CLIENT_IN bytes */
    size_t in_n;
    uint8_t *out; /* a message that was not taken whole */
    size_t out_n, out_at;
    int expects_bytes; /* a binary message belongs to the event that came */
    char poll[256];    /* the request that polls */
};

/* Connect, as client `number`, for a line. A page is a Socket.IO client that says that it is one. With `alone` a
 * Socket.IO client says that it wants no other line's bytes, as a raw one does by its path. Ends the program on
 * failure. */
void bench_client_join(struct bench_client *c, uint16_t port, const char *kind, unsigned line, int alone,
                       unsigned number);

/* Send the next n bytes of the pattern to the device. */
void bench_client_send(struct bench_client *c, size_t n);

/* Send messages of n bytes until the socket takes no more. Returns 0 when it is full. */
int bench_client_pour(struct bench_client *c, size_t n);

/* Read what is there; every byte of the device must follow the pattern. Returns how many came. */
size_t bench_client_take(struct bench_client *c);

#endif
