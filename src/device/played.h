/* played.h - virtual devices that somebody here plays: a recording that is replayed, a program that imitates a device.
 */
#ifndef PM_DEVICE_PLAYED_H
#define PM_DEVICE_PLAYED_H

#include "device/devices.h"

enum {
    PM_PLAYED_NAME = 32,       /* bytes of a name, its end included */
    PM_PLAYED_MAX = 64 * 1024, /* bytes that it says at once */
};

struct pm_played;

/* Plug one in, as "virtual:NAME". on_ready is called from the loop whenever it is open and everything it said was read.
 * What is written to it is taken and forgotten. The caller owns *ret. 0, -EEXIST (the name is taken), -EINVAL (no name:
 * lower-case letters, digits and hyphens), -EMFILE (PM_VIRTUALS_ADDED are there) or -ENOMEM. */
int pm_played_new(struct pm_devices *all, const char *name, const char *description, void (*on_ready)(void *owner),
                  void *owner, struct pm_played **ret);

/* Pull it out for good. NULL is fine. Returns NULL. */
struct pm_played *pm_played_free(struct pm_played *p);

const char *pm_played_address(const struct pm_played *p);

/* Is it open, and everything it said was read? */
bool pm_played_is_ready(const struct pm_played *p);

/* Say n bytes, at most PM_PLAYED_MAX, when it is ready. */
void pm_played_say(struct pm_played *p, const void *bytes, size_t n);

#endif
