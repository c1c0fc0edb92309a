/* devices.h - what is plugged in: serial ports from udev as they come and go, and the virtual ones. */
#ifndef PM_DEVICE_DEVICES_H
#define PM_DEVICE_DEVICES_H

#include "device/port.h"

#include <sys/types.h>

enum { PM_DEVICE_TEXT = 128 };

/* A description. `id` stays the same over replug and reboot; the path may not. */
struct pm_device {
    struct pm_link link;
    char id[PM_DEVICE_TEXT];
    char path[PM_DEVICE_TEXT]; /* "/dev/ttyUSB0", or "virtual:echo" */
    char description[PM_DEVICE_TEXT], manufacturer[PM_DEVICE_TEXT], product[PM_DEVICE_TEXT];
    char serial_number[PM_DEVICE_TEXT], location[PM_DEVICE_TEXT], interface[PM_DEVICE_TEXT];
    int vid, pid; /* -1: none */
    dev_t node;   /* the number of the character device at `path` */
    bool is_virtual;
};

/* Told from the loop. The description is borrowed; after `detached` it is gone. */
struct pm_devices_ops {
    void (*on_attached)(void *owner, const struct pm_device *d);
    void (*on_detached)(void *owner, const struct pm_device *d);
};

struct pm_devices_options {
    bool demo;      /* show the virtual devices */
    bool allow_pty; /* open pseudo terminals by their path; they are never listed */
};

struct pm_devices;

/* Enumerate and watch. The caller owns *ret. 0 or a negative errno; a machine without udev has no serial ports and
 * that is no error. */
int pm_devices_new(struct pm_loop *loop, const struct pm_devices_options *options, const struct pm_devices_ops *ops,
                   void *owner, struct pm_devices **ret);
struct pm_devices *pm_devices_free(struct pm_devices *all);

/* All that are there now: a list of struct pm_device. */
const struct pm_link *pm_devices_list(const struct pm_devices *all);

/* The one with this path, id, or link below /dev that leads to its path; NULL if there is none. */
const struct pm_device *pm_devices_find(const struct pm_devices *all, const char *address);

/* Open what an address names: a listed device, or a pseudo terminal if those are allowed. Nothing else in the file
 * system is touched. 0 and *ret, or -ENODEV (no such device) and what opening gives. */
int pm_devices_open(struct pm_devices *all, const char *address, const struct pm_port_settings *settings,
                    const struct pm_port_events *events, void *owner, struct pm_port **ret);

#endif
