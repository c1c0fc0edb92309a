/* origin.h - who may speak to the daemon: the names it is called by, and the pages that are let in. */
#ifndef PM_ACCESS_ORIGIN_H
#define PM_ACCESS_ORIGIN_H

#include <stdbool.h>
#include <stddef.h>

enum { PM_ORIGINS_MAX = 32 };

struct pm_access {
    const char *allowed[PM_ORIGINS_MAX]; /* origins beside those of this machine; borrowed */
    unsigned n_allowed;
};

/* Is a Host field one of this machine's own names (localhost, 127.0.0.1, [::1]), with this port or none? Anything else
 * means that some other name was made to lead here. */
bool pm_access_host(const char *host, size_t n, unsigned port);

/* May this origin speak? Pages served from this machine may, and those that were allowed by name; none (a program, n is
 * 0) may too. "null" never may. */
bool pm_access_origin(const struct pm_access *a, const char *origin, size_t n);

#endif
