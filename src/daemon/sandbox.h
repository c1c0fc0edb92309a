/* sandbox.h - the daemon gives up what it never does, so that a mistake in reading what strangers send cannot be used
 * to do it: seccomp(2) with a list of refused system calls, and no_new_privs. */
#ifndef PM_DAEMON_SANDBOX_H
#define PM_DAEMON_SANDBOX_H

/* From here on this process, and every thread of it, starts no program and no process, looks into no other one, mounts,
 * loads and changes nothing of the system, opens sockets of loopback kinds (AF_UNIX, AF_INET, AF_INET6, AF_NETLINK)
 * only, and types into no terminal. What it tries nevertheless fails with EPERM. It cannot be undone. 0, or a negative
 * errno where the kernel has no such filters. Programs under a sanitizer may still make and trace processes: the search
 * for leaks does. */
int pm_sandbox_enter(void);

#endif
