/* serial_line.h - what only the platform knows about a serial line. */
#ifndef PM_DEVICE_SERIAL_LINE_H
#define PM_DEVICE_SERIAL_LINE_H

#include "device/settings.h"

/* Make an open terminal raw and set its line, without losing a byte. 0, -EINVAL for what cannot be, or what the driver
 * says. */
int pm_serial_line_set(int fd, const struct pm_port_settings *settings);

/* Let the driver hand bytes over at once, if it can. */
void pm_serial_line_hurry(int fd);

#endif
