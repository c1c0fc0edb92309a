/* fake_devices.h - devices that a test plugs, opens with errors of its choice, and plays: instead of device/devices.c.
 */
#ifndef PM_TESTS_FAKE_DEVICES_H
#define PM_TESTS_FAKE_DEVICES_H

#include "device/devices.h"

enum { FAKE_PORTS = 16, FAKE_SENT = 1024 * 1024 };

struct fake_port {
    struct pm_port port; /* first */
    char path[PM_DEVICE_TEXT];
    size_t takes; /* bytes that the driver has room for */
    uint8_t *sent;
    size_t n_sent;
    bool paused, open, dies; /* dies: the next reading finds it gone */
    const char *holds;       /* what a reading gives once, or NULL */
};

struct pm_devices {
    struct pm_link list;
    struct pm_loop *loop;
    int error;         /* what the next openings give */
    unsigned attempts; /* to open something */
    struct fake_port ports[FAKE_PORTS];
    unsigned n_ports;
};

void fake_devices_init(struct pm_devices *all, struct pm_loop *loop);
void fake_devices_fini(struct pm_devices *all);

/* Put a device into the list, or take it out; nobody is told. */
struct pm_device *fake_plug(struct pm_devices *all, const char *id, const char *path);
void fake_unplug(struct pm_device *d);

/* The newest port. */
struct fake_port *fake_port(struct pm_devices *all);

/* The device says something; the driver has room for n more bytes. */
void fake_say(struct fake_port *p, const char *text);
void fake_room(struct fake_port *p, size_t n);

#endif
