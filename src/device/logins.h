/* logins.h - at which lines people log in, as the system's list of logins (utmp(5)) has it. */
#ifndef PM_DEVICE_LOGINS_H
#define PM_DEVICE_LOGINS_H

#include <stdbool.h>

/* Open the list; -1: there is none. Each login program writes itself into it, whoever started it: systemd, an inittab,
 * a person. */
int pm_logins_open(const char *path);

/* Does somebody log in at this line ("ttyS0"), or is logged in? Entries whose process is gone do not count. */
bool pm_logins_has(int fd, const char *line);

#endif
