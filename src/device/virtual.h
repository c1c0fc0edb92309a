/* virtual.h - devices that are not there: they behave like plugged-in ones, for newcomers and for tests. */
#ifndef PM_DEVICE_VIRTUAL_H
#define PM_DEVICE_VIRTUAL_H

#include "device/port.h"

/* One kind of virtual device; what it does is in virtual_kinds.c. */
struct pm_virtual {
    const char *name;        /* "echo": its address is "virtual:echo" */
    const char *product;     /* for a person */
    const char *description; /* what it does with bytes */
    const struct pm_virtual_does *does;
};

/* All of them; the last one has no name. */
extern const struct pm_virtual pm_virtuals[];

/* A further one, made while the program runs. */
struct pm_virtual_added {
    struct pm_link link;
    struct pm_virtual kind;
};

/* The virtual ports that are open, and the kinds that were added. It must outlive the ports. */
struct pm_virtual_host {
    struct pm_loop *loop;
    struct pm_link open;
    struct pm_link added; /* struct pm_virtual_added */
    unsigned n_added;
};

void pm_virtual_host_init(struct pm_virtual_host *h, struct pm_loop *loop);

/* The kind of this name, or NULL. */
const struct pm_virtual *pm_virtual_find(const struct pm_virtual_host *h, const char *name);

/* Open one by its name. 0 and *ret as for other ports, -ENODEV or -ENOMEM. */
int pm_virtual_open(struct pm_virtual_host *h, const char *name, const struct pm_port_settings *settings,
                    const struct pm_port_events *events, void *owner, struct pm_port **ret);

/* Pull it out: its open ports are lost. */
void pm_virtual_unplug(struct pm_virtual_host *h, const struct pm_virtual *kind);

#endif
