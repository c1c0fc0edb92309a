/* serial.h - serial ports, by the terminal interface: any baud rate the driver takes. */
#ifndef PM_DEVICE_SERIAL_H
#define PM_DEVICE_SERIAL_H

#include "device/port.h"

/* What all serial ports of a loop share: the closings that are still under way. It must outlive the ports; the loop
 * must run until pm_serial_host_fini() has been called and all workers have ended. */
struct pm_serial_host {
    struct pm_loop *loop;
    struct pm_link closings;
};

void pm_serial_host_init(struct pm_serial_host *h, struct pm_loop *loop);

/* Let no closing wait any longer for a device that is slow to take its last bytes. */
void pm_serial_host_fini(struct pm_serial_host *h);

/* Open a terminal device: raw, without becoming its terminal, without waiting for a carrier, without hanging up the
 * line at the end (no reset of the board). The path must lead to the character device `expected`, without a symbolic
 * link at its end, else -ENODEV: what the enumeration saw is what is opened. 0 and *ret, which the caller ends by
 * pm_port_close(); or -EACCES, -EBUSY (in use), -ENOENT, -ENODEV, -ENOTTY (not a terminal), -EINVAL (the settings are
 * out of range), -ENOMEM. */
int pm_serial_open(struct pm_serial_host *h, const char *path, dev_t expected, const struct pm_port_settings *settings,
                   const struct pm_port_events *events, void *owner, struct pm_port **ret);

#endif
