/* identity.h - what a device is called: from the raw facts of the system to names that can be shown, compared and kept.
 * Pure: no file is read. */
#ifndef PM_DEVICE_IDENTITY_H
#define PM_DEVICE_IDENTITY_H

#include "device/devices.h"

/* What the system says of a USB device, as it is: hostile until cleaned. NULL for what is not there. */
struct pm_usb_facts {
    const char *vendor, *product_id; /* hexadecimal */
    const char *serial, *manufacturer, *product;
    const char *name;             /* of the device on its bus: "1-1.2" */
    const char *interface_name;   /* "1-1.2:1.0" */
    const char *interface_number; /* "00" */
    const char *interface_text;
    const char *n_interfaces; /* decimal */
};

/* Fill in everything but the path: the texts cleaned, hwid, location and description as pyserial formats them, and the
 * id. The id is made of vendor, product, serial number and interface; without a serial number of the socket that the
 * device is in: it stays the same over replug and reboot. `name` is what the system calls the port ("ttyUSB0"). */
void pm_identity_usb(struct pm_device *d, const struct pm_usb_facts *facts, const char *name);

/* A port that is built in: `hardware` is what the bus calls it ("PNP0501"), or NULL. */
void pm_identity_builtin(struct pm_device *d, const char *hardware, const char *name);

#endif
