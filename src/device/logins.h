/* logins.h - at which lines people log in, as the system's list of logins (utmp(5)) has it. */
#ifndef PM_DEVICE_LOGINS_H
#define PM_DEVICE_LOGINS_H

#include <stdbool.h>

#define PM_LOGINS_PATH "/run/utmp"

/* The list. Each login program writes itself into it, whoever started it: systemd, an inittab, a person. */
struct pm_logins {
    int fd; /* -1: there is none */
};

/* Open it; what is written there later is seen. Before the process is confined, which could not open it any more. 0;
 * -ENOENT (there is none, as on systems that have given it up) or another negative errno: then it has nobody. Either
 * way pm_logins_close() may be called. */
int pm_logins_open(struct pm_logins *l, const char *path);
void pm_logins_close(struct pm_logins *l);

/* Does somebody log in at this line ("ttyS0"), or is logged in? Entries whose process is gone do not count. False if
 * `l` is NULL. */
bool pm_logins_has(const struct pm_logins *l, const char *line);

#endif
