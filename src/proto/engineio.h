/* engineio.h - Engine.IO packets, protocol versions 3 and 4: frames and polling payloads in, packets out, and back. */
#ifndef PM_PROTO_ENGINEIO_H
#define PM_PROTO_ENGINEIO_H

#include "base/base64.h"
#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum pm_eio_version { PM_EIO_3 = 3, PM_EIO_4 = 4 };

/* Packet types; on the wire the digit. */
enum pm_eio_type {
    PM_EIO_OPEN,
    PM_EIO_CLOSE,
    PM_EIO_PING,
    PM_EIO_PONG,
    PM_EIO_MESSAGE,
    PM_EIO_UPGRADE,
    PM_EIO_NOOP,
};

/* One packet. Only messages can be binary. `data` is borrowed, the type is not in it. */
struct pm_eio_packet {
    enum pm_eio_type type;
    bool binary;
    const uint8_t *data;
    size_t n;
};

/* Read the packet in one text message of a WebSocket, or one packet of a text payload: type digit and data, or a binary
 * message in base64 (`b…` in version 4, `b4…` in version 3), which is decoded in place. 0, or -EPROTO. The caller has
 * checked that the text is UTF-8. */
int pm_eio_read_text(enum pm_eio_version version, uint8_t *p, size_t n, struct pm_eio_packet *ret);

/* The same for one binary message of a WebSocket: bare in version 4, behind a type byte in version 3. */
int pm_eio_read_binary(enum pm_eio_version version, const uint8_t *p, size_t n, struct pm_eio_packet *ret);

/* Walk over the body of a post. The body belongs to the caller and is decoded in place. */
struct pm_eio_payload {
    enum pm_eio_version version;
    bool binary; /* version 3 only: Content-Type was application/octet-stream */
    uint8_t *p;
    size_t n, at;
    unsigned left; /* packets that may still come */
    bool owed;     /* a packet must come: at the start, and behind a separator */
};

void pm_eio_payload_init(struct pm_eio_payload *r, enum pm_eio_version version, bool binary, uint8_t *p, size_t n,
                         unsigned max_packets);

/* Next packet: 1 and *ret, 0 at the end, -EPROTO for what cannot be decoded, -E2BIG for too many packets. An empty body
 * is an error, as in the references. Text that is not UTF-8 is an error. */
int pm_eio_payload_next(struct pm_eio_payload *r, struct pm_eio_packet *ret);

/* The forms an answer to a poll can have. */
enum pm_eio_form {
    PM_EIO_FORM_TEXT,   /* binary messages as base64 */
    PM_EIO_FORM_BINARY, /* version 3 only, application/octet-stream */
};

/* Append one packet to the payload in `out`. 0, -ENOBUFS or -ENOMEM (then out is as before). */
int pm_eio_payload_append(struct pm_bytes *out, enum pm_eio_version version, enum pm_eio_form form,
                          const struct pm_eio_packet *packet);

/* Bytes that pm_eio_payload_append() adds at most. */
size_t pm_eio_payload_bound(const struct pm_eio_packet *packet);

/* A binary message as text, for clients that take no raw binary: "b…" or "b4…". `out` holds pm_eio_base64_bound(n).
 * Returns the length. */
static inline size_t pm_eio_base64_bound(size_t n)
{
    return pm_base64_length(n) + 2;
}
size_t pm_eio_base64_write(enum pm_eio_version version, const uint8_t *p, size_t n, char *out);

/* What the handshake tells the client. */
struct pm_eio_handshake {
    const char *sid; /* without terminator */
    size_t sid_n;
    bool can_upgrade; /* offer the WebSocket */
    uint32_t ping_interval_ms, ping_timeout_ms;
    uint64_t max_payload;
};

enum { PM_EIO_HANDSHAKE_MAX = 256 };

/* Write the JSON of an open packet: exactly the five keys that version 4 names, taken by version 3 clients too. Returns
 * its length. sid_n is at most 64. */
size_t pm_eio_handshake_write(const struct pm_eio_handshake *h, char out[PM_EIO_HANDSHAKE_MAX]);

#endif
