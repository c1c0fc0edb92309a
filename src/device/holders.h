/* holders.h - which programs have a device open; one file per platform. */
#ifndef PM_DEVICE_HOLDERS_H
#define PM_DEVICE_HOLDERS_H

#include "device/devices.h"

struct pm_holder {
    char path[PM_DEVICE_TEXT];
    char program[PM_HOLDER_TEXT]; /* cleaned; empty: nobody that we can see */
};

/* Find the programs of this user's processes but for `except`; those of other users cannot be seen. Reads at most some
 * ten thousand entries of the file system, and may take milliseconds: for worker threads. */
void pm_holders_find(struct pm_holder *holders, size_t n, pid_t except);

#endif
