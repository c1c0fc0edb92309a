/* outq.h - what waits to be written to one socket: small things copied together, large messages shared, one gathered
 * write. */
#ifndef PM_NET_OUTQ_H
#define PM_NET_OUTQ_H

#include "net/message.h"
#include "net/wire.h"

#include <stddef.h>
#include <stdint.h>

struct pm_out_piece;

/* Pieces that were written wait here for the next use, so that the steady state allocates nothing. One for all queues
 * of a server. Zero-initialise. */
struct pm_out_pool {
    struct pm_out_piece *copies, *shares;
    unsigned n_copies, n_shares;
};

void pm_out_pool_fini(struct pm_out_pool *pool);

/* Zero-initialise; an empty queue owns nothing. The maximum is the caller's to hold: ask `queued` before adding. */
struct pm_outq {
    struct pm_out_piece *first, *last;
    size_t queued; /* bytes */
};

/* Drop everything. */
void pm_outq_clear(struct pm_outq *q, struct pm_out_pool *pool);

/* Append a copy of n bytes. 0 or -ENOMEM (then part of it may be queued: the connection is to be dropped). */
int pm_outq_copy(struct pm_outq *q, struct pm_out_pool *pool, const void *p, size_t n);

/* Append bytes [p, p+n) that lie in m: a reference if they are many or the first, else a copy. 0 or -ENOMEM. */
int pm_outq_share(struct pm_outq *q, struct pm_out_pool *pool, struct pm_message *m, const uint8_t *p, size_t n);

/* Write what the wire takes, in as few calls as possible. 0: all written, 1: it is full, or a negative errno. */
int pm_outq_write(struct pm_outq *q, struct pm_out_pool *pool, struct pm_wire *wire);

#endif
