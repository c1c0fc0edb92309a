/* peer.c - see peer.h. One exact question for each connection, never a dump of all sockets. */
#include "access/peer.h"

#include <assert.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

struct question {
    struct nlmsghdr head;
    struct inet_diag_req_v2 body;
};
static_assert(sizeof(struct question) == PM_PEER_QUERY_MAX, "the header says how long it is");

int pm_peer_open(struct pm_peers *ret)
{
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);
    *ret = (struct pm_peers){.fd = fd < 0 ? -errno : fd};
    return fd < 0 ? ret->fd : 0;
}

void pm_peer_close(struct pm_peers *p)
{
    if (p->fd >= 0)
        close(p->fd);
    p->fd = -EBADF;
}

static bool copy_address(const struct sockaddr_storage *from, __be32 address[4], __be16 *port)
{
    if (from->ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)from;
        memcpy(address, &v4->sin_addr, sizeof(v4->sin_addr));
        *port = v4->sin_port;
    } else if (from->ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)from;
        memcpy(address, &v6->sin6_addr, sizeof(v6->sin6_addr));
        *port = v6->sin6_port;
    } else {
        return false;
    }
    return true;
}

size_t pm_peer_query(const struct sockaddr_storage *peer, const struct sockaddr_storage *own, uint32_t sequence,
                     uint8_t out[PM_PEER_QUERY_MAX])
{
    struct question q = {
        .head = {.nlmsg_len = sizeof(q),
                 .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                 .nlmsg_flags = NLM_F_REQUEST,
                 .nlmsg_seq = sequence},
        .body = {.sdiag_family = (uint8_t)peer->ss_family,
                 .sdiag_protocol = IPPROTO_TCP,
                 .idiag_states = UINT32_MAX,
                 .id = {.idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE}}},
    };
    if (peer->ss_family != own->ss_family || !copy_address(peer, q.body.id.idiag_src, &q.body.id.idiag_sport) ||
        !copy_address(own, q.body.id.idiag_dst, &q.body.id.idiag_dport))
        return 0;
    memcpy(out, &q, sizeof(q));
    return sizeof(q);
}

int pm_peer_reply(const uint8_t *p, size_t n, uint32_t sequence, uid_t *ret)
{
    struct nlmsghdr head;
    struct inet_diag_msg body;
    if (n < sizeof(head))
        return -EPROTO;
    memcpy(&head, p, sizeof(head));
    if (head.nlmsg_len > n || head.nlmsg_len < sizeof(head) || head.nlmsg_seq != sequence)
        return -EPROTO;
    size_t rest = head.nlmsg_len - sizeof(head);
    if (head.nlmsg_type == NLMSG_ERROR) {
        int error = 0;
        if (rest < sizeof(error))
            return -EPROTO;
        memcpy(&error, p + sizeof(head), sizeof(error));
        return error < 0 && error > -4096 ? error : -EPROTO;
    }
    if (head.nlmsg_type != SOCK_DIAG_BY_FAMILY || rest < sizeof(body))
        return -EPROTO;
    memcpy(&body, p + sizeof(head), sizeof(body));
    if (body.idiag_inode == 0) /* closed already: the kernel then says root, whoever it was */
        return -ENOENT;
    *ret = body.idiag_uid;
    return 0;
}

/* The kernel has answered before the question's call returns. Answers to earlier questions, which nobody read, come
 * first. */
static int receive(const struct pm_peers *p, uid_t *ret)
{
    uint8_t reply[PM_PEER_REPLY_MAX];
    for (;;) {
        struct sockaddr_nl from = {0};
        socklen_t from_n = sizeof(from);
        ssize_t n = recvfrom(p->fd, reply, sizeof(reply), MSG_DONTWAIT, (struct sockaddr *)&from, &from_n);
        if (n < 0)
            return -errno;
        int r = from.nl_pid == 0 ? pm_peer_reply(reply, (size_t)n, p->sequence, ret) : -EPROTO;
        if (r != -EPROTO)
            return r;
    }
}

int pm_peer_uid(struct pm_peers *p, int fd, uid_t *ret)
{
    static const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    struct sockaddr_storage peer = {0}, own = {0};
    socklen_t peer_n = sizeof(peer), own_n = sizeof(own);
    uint8_t query[PM_PEER_QUERY_MAX];
    if (p->fd < 0)
        return p->fd;
    if (getpeername(fd, (struct sockaddr *)&peer, &peer_n) < 0 || getsockname(fd, (struct sockaddr *)&own, &own_n) < 0)
        return errno == ENOTCONN ? -ENOENT : -errno;
    size_t length = pm_peer_query(&peer, &own, ++p->sequence, query);
    if (length == 0)
        return -EAFNOSUPPORT;
    if (sendto(p->fd, query, length, MSG_DONTWAIT, (const struct sockaddr *)&kernel, sizeof(kernel)) < 0)
        return -errno;
    return receive(p, ret);
}

int pm_peer_uid_unix(int fd, uid_t *ret)
{
    struct ucred peer;
    socklen_t n = sizeof(peer);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) < 0)
        return -errno;
    *ret = peer.uid;
    return 0;
}
