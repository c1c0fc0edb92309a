/* peer.h - whose program is at the other end of a loopback connection: the kernel knows (sock_diag(7)). */
#ifndef PM_ACCESS_PEER_H
#define PM_ACCESS_PEER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

enum { PM_PEER_QUERY_MAX = 72, PM_PEER_REPLY_MAX = 1024 };

/* A netlink socket to ask with. */
struct pm_peers {
    int fd;
    uint32_t sequence;
};

/* 0, or a negative errno and a struct that answers every question with it. End it with pm_peer_close(). */
int pm_peer_open(struct pm_peers *ret);
void pm_peer_close(struct pm_peers *p);

/* The user whose socket the accepted connection `fd` leads to. The kernel answers within the call, nothing waits. 0 and
 * *ret; -ENOENT: there is no such socket (any more); or another negative errno: it cannot be told here. */
int pm_peer_uid(struct pm_peers *p, int fd, uid_t *ret);

/* The same for a UNIX socket (SO_PEERCRED). */
int pm_peer_uid_unix(int fd, uid_t *ret);

/* For pm_peer_uid() and its tests: write the question about the socket that is bound to `peer` and connected to `own`;
 * returns its length, 0 if these are no Internet addresses. And read an answer to it. */
size_t pm_peer_query(const struct sockaddr_storage *peer, const struct sockaddr_storage *own, uint32_t sequence,
                     uint8_t out[PM_PEER_QUERY_MAX]);
int pm_peer_reply(const uint8_t *p, size_t n, uint32_t sequence, uid_t *ret);

#endif
