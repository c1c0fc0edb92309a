/* lookout.h - a process beside the daemon that looks at other programs, which the daemon itself cannot do any more once
 * it is confined (landlock.h): it answers who holds a device, or a port. */
#ifndef PM_DAEMON_LOOKOUT_H
#define PM_DAEMON_LOOKOUT_H

#include "device/holders.h"

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

struct pm_lookout {
    int fd;              /* to the process; -1: there is none, and whoever asks looks for themselves */
    pid_t pid;           /* of it */
    pthread_mutex_t one; /* question at a time */
};

/* Start it: before there are threads, and before anything is open or known that it should not have. It starts no
 * program, opens nothing but what it is asked about, and ends with its owner, however that ends. 0 or a negative errno;
 * either way the rest may be called, and pm_lookout_end() must be, which waits for it two seconds at most. Without
 * `wanted` none is started. */
int pm_lookout_start(struct pm_lookout *l, bool wanted);
void pm_lookout_end(struct pm_lookout *l);

/* As pm_holders_find(), with this process left out; for worker threads, and for pm_devices_options. */
void pm_lookout_holders(void *lookout, struct pm_holder *holders, size_t n);

/* As pm_port_holder(). */
bool pm_lookout_port(struct pm_lookout *l, unsigned port, char *name, size_t room, pid_t *ret_pid);

#endif
