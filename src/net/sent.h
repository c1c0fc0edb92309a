/* sent.h - what one client was sent lately, so that one that lost its connection can be told exactly what it missed: no
 * copy of any byte, but from which offset on each connection's were on their way. */
#ifndef PM_NET_SENT_H
#define PM_NET_SENT_H

#include "api/api.h"
#include "net/sockets.h"

enum {
    PM_SENT_ENTRIES_MAX = 512,
    PM_SENT_BYTES_MAX = 64 * 1024, /* of events that are kept */
};

struct pm_sent_entry;

/* Every event that goes out has a number; numbers grow. A run of events with bytes of the same connection is one entry.
 * The oldest entries make room; who saw only what was before them cannot be brought back. */
struct pm_sent {
    struct pm_sent_entry *ring;
    unsigned room, first, n;
    size_t bytes;
    uint64_t floor; /* the newest number before which nothing is known */
};

/* Begin after event `number`; owns nothing yet. */
static inline struct pm_sent pm_sent_begin(uint64_t number)
{
    return (struct pm_sent){.floor = number};
}

void pm_sent_fini(struct pm_sent *s);

/* An event with bytes of a connection, the first of them at `offset`. */
void pm_sent_bytes(struct pm_sent *s, uint64_t number, uint32_t connection, uint64_t offset);

/* An event that told of bytes of a connection which are missing. */
void pm_sent_gap(struct pm_sent *s, uint64_t number, uint32_t connection, const struct pm_api_gap *gap);

/* Another event of n bytes. A reference is taken. */
void pm_sent_event(struct pm_sent *s, uint64_t number, struct pm_packet *packet, size_t n);

/* A connection that is no more. Bytes up to `cursor` were sent, those up to `end` had come. */
struct pm_sent_end {
    uint32_t connection;
    uint64_t epoch, cursor, end;
    char name[PM_OFFSET_MAX + 1];
};
void pm_sent_ended(struct pm_sent *s, uint64_t number, const struct pm_sent_end *end);

/* The client got everything up to event `number`; with `bytes`, that was one with bytes up to before `offset`. All
 * earlier entries go. 0, or -ERANGE: what it missed is not known completely, or it cannot have seen this. */
int pm_sent_seek(struct pm_sent *s, uint64_t number, bool bytes, uint64_t offset);

/* Told in order: what it missed. */
struct pm_sent_ops {
    void (*on_bytes)(void *owner, uint32_t connection, uint64_t from); /* everything from there on, once for each */
    void (*on_gap)(void *owner, uint32_t connection, const struct pm_api_gap *gap); /* this, and everything behind it */
    void (*on_event)(void *owner, struct pm_packet *packet);                        /* borrowed */
    void (*on_end)(void *owner, const struct pm_sent_end *end);                     /* from `cursor` to `end` is lost */
};

/* Afterwards only the events are still known. */
void pm_sent_replay(struct pm_sent *s, const struct pm_sent_ops *ops, void *owner);

#endif
