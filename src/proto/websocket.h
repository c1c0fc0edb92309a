/* websocket.h - WebSocket frames and messages (RFC 6455 section 5): bytes in, events out; no I/O, no memory. */
#ifndef PM_PROTO_WEBSOCKET_H
#define PM_PROTO_WEBSOCKET_H

#include "base/utf8.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Opcodes, RFC 6455 5.2. */
enum pm_ws_opcode {
    PM_WS_CONTINUATION = 0x0,
    PM_WS_TEXT = 0x1,
    PM_WS_BINARY = 0x2,
    PM_WS_CLOSE = 0x8,
    PM_WS_PING = 0x9,
    PM_WS_PONG = 0xa,
};

/* Status codes we send, RFC 6455 7.4.1. */
enum pm_ws_status {
    PM_WS_NORMAL = 1000,
    PM_WS_GOING_AWAY = 1001,
    PM_WS_PROTOCOL_ERROR = 1002,
    PM_WS_UNSUPPORTED_DATA = 1003,
    PM_WS_NO_STATUS = 1005, /* never on the wire: a close frame with an empty body */
    PM_WS_BAD_DATA = 1007,
    PM_WS_POLICY = 1008,
    PM_WS_TOO_BIG = 1009,
};

enum {
    PM_WS_HEAD_MAX = 14,    /* bytes: 2 + 8 of length + 4 of mask */
    PM_WS_CONTROL_MAX = 125 /* bytes of payload in a control frame, 5.5 */
};

/* Which side of the connection we read: a server takes masked frames only, a client unmasked ones only (5.1). */
enum pm_ws_role { PM_WS_SERVER, PM_WS_CLIENT };

struct pm_ws_limits {
    uint64_t message;   /* bytes in one message, announced or summed over its fragments */
    uint32_t fragments; /* frames in one message */
};

/* State between two pieces of the stream. pm_ws_reader_init() fills it; it owns nothing. */
struct pm_ws_reader {
    struct pm_ws_limits limits;
    enum pm_ws_role role;
    uint64_t left;          /* payload bytes of the current frame still to come */
    uint64_t message_bytes; /* announced for the message under way, all fragments */
    uint32_t message_frames;
    uint8_t head[PM_WS_HEAD_MAX];
    uint8_t head_have;
    uint8_t mask[4];
    uint8_t mask_at;
    uint8_t opcode;         /* of the current frame */
    uint8_t message_opcode; /* TEXT or BINARY while a message is under way, else 0 */
    uint8_t control_have;
    uint8_t control[PM_WS_CONTROL_MAX];
    bool fin, in_payload;
    bool
        may_deflate; /* set by the caller when permessage-deflate was agreed: RSV1 is then legal on a message's start */
    bool deflated;   /* the message under way is compressed */
    uint16_t fail_status; /* after an error: the status to close with */
    struct pm_utf8 utf8;
};

enum pm_ws_event_type {
    PM_WS_NOTHING, /* all input consumed, more is needed */
    PM_WS_DATA,    /* a piece of a text or binary message; `last` marks its end (n may then be 0) */
    PM_WS_CONTROL, /* a whole ping, pong or close frame */
};

struct pm_ws_event {
    enum pm_ws_event_type type;
    enum pm_ws_opcode opcode; /* DATA: TEXT or BINARY of the whole message; CONTROL: which */
    const uint8_t *data;      /* DATA: in the caller's buffer, unmasked in place; CONTROL: in the reader */
    size_t n;
    uint64_t expect; /* DATA: bytes the message has at least, for sizing a buffer; within limits.message */
    bool last;
    bool deflated;   /* DATA: compressed; text is then not checked to be UTF-8 */
    uint16_t status; /* CLOSE: the peer's code, PM_WS_NO_STATUS if it gave none */
};

void pm_ws_reader_init(struct pm_ws_reader *r, enum pm_ws_role role, struct pm_ws_limits limits);

/* Consume bytes of [p, p+n), unmasking in place, and make at most one event. Returns the bytes consumed, or
 * -EPROTO with r->fail_status the code to close with (1002, 1007, 1008 or 1009). Sizes are refused on the header
 * alone. Call again with the rest until the event is PM_WS_NOTHING. After an error the reader must not be used. */
ssize_t pm_ws_read(struct pm_ws_reader *r, uint8_t *p, size_t n, struct pm_ws_event *ev);

/* Write the head of an unmasked, unfragmented frame (what a server sends). `deflated` sets RSV1 (RFC 7692 7.2.1).
 * Returns its length: 2, 4 or 10. */
size_t pm_ws_frame_head(uint8_t out[PM_WS_HEAD_MAX], enum pm_ws_opcode opcode, bool deflated, uint64_t payload);

enum { PM_WS_ACCEPT_LENGTH = 28 };

/* Compute Sec-WebSocket-Accept for a Sec-WebSocket-Key (4.2.2). False if the key is not 16 bytes in base64. */
bool pm_ws_accept(const char *key, size_t n, char ret[PM_WS_ACCEPT_LENGTH]);

#endif
