/* virtual.h - devices that are not there: they behave like plugged-in ones, for newcomers and for tests. */
#ifndef PM_DEVICE_VIRTUAL_H
#define PM_DEVICE_VIRTUAL_H

#include "device/port.h"

/* One kind of virtual device. */
struct pm_virtual {
    const char *name;        /* "echo": its address is "virtual:echo" */
    const char *product;     /* for a person */
    const char *description; /* what it does with bytes */
};

/* All of them; the last one has no name. */
extern const struct pm_virtual pm_virtuals[];

/* Open one by its name. 0 and *ret as for other ports, -ENOENT or -ENOMEM. */
int pm_virtual_open(const char *name, const struct pm_port_settings *settings, struct pm_loop *loop,
                    const struct pm_port_events *events, void *owner, struct pm_port **ret);

#endif
