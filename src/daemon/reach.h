/* reach.h - what of this machine the daemon needs, so that all else can be put out of its reach (landlock.h). */
#ifndef PM_DAEMON_REACH_H
#define PM_DAEMON_REACH_H

#include "daemon/places.h"

/* From here on this thread, and all that it starts, reaches the daemon's own places, devices, and what the system's
 * libraries read; no other file of its user, and no ports but those of the settings. 0 or a negative errno, as from
 * pm_landlock_begin(). */
int pm_reach_limit(const struct pm_settings *settings, const struct pm_places *places);

/* The first file of the settings whose folder, which stays readable as a whole, is the person's home or above it: NULL
 * if there is none, as it should be. Borrowed from the settings. */
const char *pm_reach_exposes_home(const struct pm_settings *settings);

#endif
