/* message.h - one outgoing Engine.IO message, encoded once as a WebSocket frame and shared by all its receivers. */
#ifndef PM_NET_MESSAGE_H
#define PM_NET_MESSAGE_H

#include "base/spare.h"
#include "proto/deflate.h"
#include "proto/engineio.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PM_MESSAGE_HEADROOM = 16 }; /* frame head (at most 10 bytes) and packet type before the payload */

/* Immutable once sent. Counted references; not for several threads. */
struct pm_message {
    uint32_t refs;
    bool binary;
    uint8_t frame_at; /* in bytes[]: where the frame of a WebSocket starts; for binary ones that of version 4 */
    struct pm_block *deflated[2]; /* compressed frames, made when first needed: for all, for version 3's binary ones */
    struct pm_spare *spare;       /* where its memory comes from */
    size_t n;                     /* payload bytes */
    uint8_t bytes[];              /* headroom, payload */
};

/* A message of n payload bytes, from `spare`, which must outlive it, with one reference, which the caller owns and
 * fills through pm_message_payload() before it is sent. NULL without memory. */
struct pm_message *pm_message_new(struct pm_spare *spare, bool binary, size_t n);

static inline uint8_t *pm_message_payload(struct pm_message *m)
{
    return m->bytes + PM_MESSAGE_HEADROOM;
}

struct pm_message *pm_message_ref(struct pm_message *m);

/* Drop a reference; NULL is fine. Returns NULL. */
struct pm_message *pm_message_unref(struct pm_message *m);

enum { PM_JOIN_MAX = 4096 }; /* bytes: joining copies once what each client would otherwise get piece by piece */

/* The frames of n messages for a WebSocket, one behind the other, as one message that goes out as they would: for
 * version 4, not compressed. NULL if they are more than PM_JOIN_MAX bytes, or without memory. */
struct pm_message *pm_message_join(struct pm_message *const *messages, unsigned n);

/* The message as one compressed frame, made once for all who get it. NULL if it is too small for that to pay, or
 * without memory. Borrowed from the message. */
const struct pm_block *pm_message_deflated(struct pm_message *m, enum pm_eio_version version, struct pm_deflate *d);

#endif
