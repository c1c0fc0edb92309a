/* serial.h - serial ports of Linux, by termios2: any baud rate the driver takes. */
#ifndef PM_DEVICE_SERIAL_H
#define PM_DEVICE_SERIAL_H

#include "device/port.h"

/* Open a terminal device by its path: raw, low latency, without hanging up the line at the end (no reset of the board).
 * 0 and *ret, which the caller ends by its ops->close; or -EACCES, -EBUSY (in use), -ENOENT, -ENODEV, -ENOTTY (not a
 * terminal), -EINVAL (the driver does not take the settings), -ENOMEM. */
int pm_serial_open(const char *path, const struct pm_port_settings *settings, struct pm_loop *loop,
                   const struct pm_port_events *events, void *owner, struct pm_port **ret);

#endif
