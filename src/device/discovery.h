/* discovery.h - asks the system which serial ports there are, and hears of changes; one file per platform. */
#ifndef PM_DEVICE_DISCOVERY_H
#define PM_DEVICE_DISCOVERY_H

#include "device/devices.h"

/* Told from the loop, and from inside pm_discovery_scan(). The description is borrowed. */
struct pm_discovery_ops {
    void (*on_present)(void *owner, const struct pm_device *d); /* it is there: new, or seen before */
    void (*on_gone)(void *owner, const char *path);
    void (*on_missed)(void *owner); /* the system told more than we could hear: time for a scan */
};

struct pm_discovery;

/* Listen. `logins` must outlive it. 0 and *ret, or a negative errno. Without udev nothing is ever there, which is no
 * error. */
int pm_discovery_new(struct pm_loop *loop, const struct pm_logins *logins, const struct pm_discovery_ops *ops,
                     void *owner, struct pm_discovery **ret);
struct pm_discovery *pm_discovery_free(struct pm_discovery *d);

/* Is this what the system has at its path right now? News of a device that was pulled out may be late, when another one
 * has got its path already; and somebody may log in there by now. *ret is how it is, if it is. */
bool pm_discovery_confirms(const struct pm_discovery *d, const struct pm_device *device, struct pm_device *ret);

/* Tell all that are there now. */
void pm_discovery_scan(struct pm_discovery *d);

#endif
