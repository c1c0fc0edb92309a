/* control.h - the control socket: where programs of the same user reach the daemon, and the lock that keeps it the only
 * one of its runtime directory. */
#ifndef PM_NET_CONTROL_H
#define PM_NET_CONTROL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/un.h>

/* The client of a socket, as the kernel knows it. */
struct pm_peer {
    bool control;  /* it came to the control socket */
    bool unknown;  /* the kernel cannot tell whose it is */
    bool stranger; /* another user's, who is nobody without a token */
    bool network;  /* it came from beyond this machine */
    uid_t uid;
    pid_t pid;
    uint32_t machine; /* with `network`: a number made of its address, to tell machines apart */
};

struct pm_control {
    int lock, fd; /* fd: the listening socket, until somebody takes it */
    struct sockaddr_un address;
};

/* Make `folder` (mode 0700), lock it, and listen on folder/control (mode 0600); a socket that a killed daemon left is
 * replaced. 0 and *ret, which pm_control_close() ends. -EADDRINUSE: another process holds the folder, *ret_owner is its
 * id or 0; -ENAMETOOLONG: a socket's path has at most 107 bytes; or what pm_path_make() gives. */
int pm_control_open(const char *folder, struct pm_control *ret, pid_t *ret_owner);

/* Remove the socket and give the lock back. */
void pm_control_close(struct pm_control *c);

/* Who is at the other end of an accepted connection? False if the kernel cannot tell, or if it is neither this user nor
 * root: then nothing must be read from it. */
bool pm_control_admits(int fd, struct pm_peer *ret);

#endif
