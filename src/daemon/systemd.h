/* systemd.h - what a service manager and its service tell each other: sockets that are open already (LISTEN_FDS,
 * sd_listen_fds(3)) and what the service is doing (NOTIFY_SOCKET, sd_notify(3)). Small enough to be our own. */
#ifndef PM_DAEMON_SYSTEMD_H
#define PM_DAEMON_SYSTEMD_H

#include <stdbool.h>
#include <stdint.h>

enum { PM_SYSTEMD_SOCKETS = 2 }; /* as many as we take: one for each family of addresses */

/* The listening stream sockets that were handed over, for loopback addresses of one port; the variables are removed, so
 * that nobody inherits them. Returns how many, 0 if none; -EINVAL if they are anything else: other kinds, other
 * addresses, different ports, or too many. The caller owns them. *ret_port is theirs. */
int pm_systemd_sockets(int ret[PM_SYSTEMD_SOCKETS], unsigned *ret_port);

/* Tell the service manager, if there is one: "READY=1", "STOPPING=1", "STATUS=…". */
void pm_systemd_notify(const char *state);

/* How often it wants to hear "WATCHDOG=1", in milliseconds: half of its patience; 0: never. */
uint32_t pm_systemd_watchdog(void);

#endif
