/* port_holder.h - which program listens on a port of this machine, for messages that name it. */
#ifndef PM_DAEMON_PORT_HOLDER_H
#define PM_DAEMON_PORT_HOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The name and process id of a program of this user (or of anybody, for root) that listens on a TCP port; the name is
 * cleaned. False if none is found: it is another user's, or nobody listens. Reads /proc, which takes milliseconds. */
bool pm_port_holder(unsigned port, char *name, size_t room, pid_t *ret_pid);

#endif
