/* port.h - one opened device, of whatever kind: bytes both ways, and news of its end. */
#ifndef PM_DEVICE_PORT_H
#define PM_DEVICE_PORT_H

#include "device/settings.h"
#include "loop/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Told to whoever opened the port, always from the loop and never from inside a call to the port. */
struct pm_port_events {
    void (*on_rx)(void *owner, const uint8_t *p, size_t n); /* borrowed for the call */
    void (*on_writable)(void *owner);                       /* after a write that took less than it was given */
    void (*on_lost)(void *owner, int error); /* unplugged or broken; closing it is still the owner's duty */
};

struct pm_port;

/* What a kind of device can do. Errors are negative errnos. */
struct pm_port_ops {
    /* Hand over bytes. Returns how many the driver took; fewer than n means that on_writable follows. -ENODEV: gone. */
    ssize_t (*write)(struct pm_port *p, const void *bytes, size_t n);

    /* Stop or go on reading, so that a device that can wait does. */
    void (*pause)(struct pm_port *p, bool paused);

    /* Change the line without losing a byte. */
    int (*configure)(struct pm_port *p, const struct pm_port_settings *settings);

    /* No callback comes after this; the memory goes when the loop has let go. */
    void (*close)(struct pm_port *p);
};

/* The head of every kind's own struct. */
struct pm_port {
    const struct pm_port_ops *ops;
    const struct pm_port_events *events;
    void *owner;
};

#endif
