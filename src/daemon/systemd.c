/* systemd.c - see systemd.h. */
#include "daemon/systemd.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

enum { FIRST_SOCKET = 3 }; /* SD_LISTEN_FDS_START */

/* A whole decimal number in a variable that is for this process, or 0. */
static long number_for_us(const char *name, const char *pid_name)
{
    const char *text = getenv(name), *pid = getenv(pid_name);
    char *end;
    if (!text || (pid && strtol(pid, &end, 10) != getpid()))
        return 0;
    long value = strtol(text, &end, 10);
    return *text && *end == 0 && value > 0 ? value : 0;
}

/* The port if this listens on a loopback address, else -EINVAL. */
static int port_of(int fd)
{
    struct sockaddr_storage address = {0};
    socklen_t n = sizeof(address);
    int listens = 0;
    socklen_t listens_n = sizeof(listens);
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &listens_n) < 0 || !listens ||
        getsockname(fd, (struct sockaddr *)&address, &n) < 0)
        return -EINVAL;
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address;
    if (address.ss_family == AF_INET && ntohl(v4->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET)
        return ntohs(v4->sin_port);
    if (address.ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr))
        return ntohs(v6->sin6_port);
    return -EINVAL;
}

int pm_systemd_sockets(int ret[PM_SYSTEMD_SOCKETS], unsigned *ret_port)
{
    long count = getenv("LISTEN_PID") ? number_for_us("LISTEN_FDS", "LISTEN_PID") : 0;
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDNAMES");
    if (count > PM_SYSTEMD_SOCKETS)
        return -EINVAL;
    for (int i = 0; i < count; i++) {
        int fd = FIRST_SOCKET + i, port = port_of(fd), flags = fcntl(fd, F_GETFL);
        if (port < 0 || flags < 0 || (i > 0 && (unsigned)port != *ret_port))
            return -EINVAL;
        fcntl(fd, F_SETFD, FD_CLOEXEC);
        fcntl(fd, F_SETFL, flags | O_NONBLOCK);
        *ret_port = (unsigned)port;
        ret[i] = fd;
    }
    return (int)count;
}

void pm_systemd_notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t n = path ? strlen(path) : 0;
    if (n < 2 || n >= sizeof(address.sun_path) || (path[0] != '/' && path[0] != '@'))
        return;
    memcpy(address.sun_path, path, n);
    if (path[0] == '@')
        address.sun_path[0] = 0; /* an abstract name */
    PM_AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0) /* a service manager that cannot be told has noticed already */
        (void)!sendto(fd, state, strlen(state), MSG_NOSIGNAL | MSG_DONTWAIT, (const struct sockaddr *)&address,
                      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
}

uint32_t pm_systemd_watchdog(void)
{
    long us = number_for_us("WATCHDOG_USEC", "WATCHDOG_PID");
    long ms = us / 2000;
    return ms < 0 || ms > INT32_MAX ? 0 : (uint32_t)ms;
}
