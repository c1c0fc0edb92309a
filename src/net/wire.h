/* wire.h - the socket of one connection, with TLS on it or without: whoever reads and writes through it need not know.
 */
#ifndef PM_NET_WIRE_H
#define PM_NET_WIRE_H

#include "tls/tls.h"

struct pm_wire {
    int fd;                     /* non-blocking */
    struct pm_tls_session *tls; /* NULL: plain */
};

/* Read. The number of bytes; 0: the client sends no more; -EAGAIN: nothing for now; -EINPROGRESS: nothing before the
 * socket can be written (a handshake); or another negative errno. */
ssize_t pm_wire_read(struct pm_wire *w, void *p, size_t n);

/* Write as much of the parts as the socket takes. The number of bytes, less than `total` if it is full; or a negative
 * errno. What was left must come first in the next call. */
ssize_t pm_wire_write(struct pm_wire *w, const struct iovec *parts, int count, size_t total);

/* Nothing more is written. What is on its way still arrives. */
void pm_wire_shutdown(struct pm_wire *w);

/* Has the client hung up, whatever it sent before that? */
bool pm_wire_hung_up(const struct pm_wire *w);

void pm_wire_close(struct pm_wire *w);

#endif
