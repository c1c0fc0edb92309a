/* wire.c - see wire.h. */
#include "net/wire.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

ssize_t pm_wire_read(struct pm_wire *w, void *p, size_t n)
{
    if (w->tls)
        return pm_tls_read(w->tls, p, n);
    ssize_t got = recv(w->fd, p, n, MSG_DONTWAIT);
    return got >= 0 ? got : errno == EINTR ? -EAGAIN : -errno;
}

ssize_t pm_wire_write(struct pm_wire *w, const struct iovec *parts, int count, size_t total)
{
    if (w->tls)
        return pm_tls_write(w->tls, parts, count);
    struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)parts, .msg_iovlen = (size_t)count};
    for (;;) {
        ssize_t n = count == 1 ? send(w->fd, parts[0].iov_base, total, MSG_NOSIGNAL | MSG_DONTWAIT)
                               : sendmsg(w->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n >= 0 || errno == EAGAIN)
            return n >= 0 ? n : 0;
        if (errno != EINTR)
            return -errno;
    }
}

void pm_wire_shutdown(struct pm_wire *w)
{
    if (w->tls)
        pm_tls_goodbye(w->tls);
    shutdown(w->fd, SHUT_WR);
}

bool pm_wire_hung_up(const struct pm_wire *w)
{
    struct pollfd p = {.fd = w->fd, .events = POLLRDHUP};
    return poll(&p, 1, 0) > 0;
}

void pm_wire_close(struct pm_wire *w)
{
    w->tls = pm_tls_session_free(w->tls);
    close(w->fd);
}
